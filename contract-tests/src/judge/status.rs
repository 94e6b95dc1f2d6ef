//! Whether the answer is of the kind that the document, or RFC 6750 and RFC 9110, promise for the case.

use super::{Exchange, Finding, Judge};
use crate::cases::{Expect, refusals};

pub(crate) struct Status;

impl Judge for Status {
    fn judge(&self, exchange: &Exchange<'_>) -> Vec<Finding> {
        let (case, operation, response) = (exchange.case, exchange.operation, exchange.response);
        let status = response.status;
        let fail = |what: String| vec![Finding::new(&case.promise, what)];
        if status >= 500 && status != 501 {
            return fail(format!("the server fails ({status}) on {}", case.title));
        }
        match &case.expect {
            Expect::Success => {
                // That a success is not documented, or what the request is rejected for, is another judge's matter.
                let gone = operation.path.contains('{') && matches!(status, 404 | 410) && operation.response(status).is_some();
                if (200..400).contains(&status) || gone || !exchange.violations.is_empty() {
                    Vec::new()
                } else {
                    fail(format!("{} is rejected with {status}", case.title))
                }
            }
            Expect::Refusal(broken) => {
                let in_path = broken.iter().any(|broken| broken.pointer.starts_with("/path"));
                let mut wanted = refusals(operation, in_path);
                if broken.iter().any(|broken| broken.pointer.is_empty() && broken.rule == "required") {
                    wanted.push(415); // Without a body there is no media type either.
                }
                if status < 400 {
                    fail(format!("{} is accepted with {status}", case.title))
                } else if wanted.contains(&status) {
                    Vec::new()
                } else {
                    fail(format!("{} is rejected with {status} instead of {}", case.title, list(&wanted)))
                }
            }
            Expect::Unreadable => {
                let wanted = refusals(operation, false);
                if wanted.contains(&status) {
                    Vec::new()
                } else {
                    fail(format!("{} is answered with {status} instead of {}", case.title, list(&wanted)))
                }
            }
            Expect::Status(wanted) if wanted.contains(&status) => match status {
                405 => allow(exchange),
                _ => Vec::new(),
            },
            Expect::Status(wanted) => fail(format!("{} is answered with {status} instead of {}", case.title, list(wanted))),
            Expect::Challenge { status: wanted, error } => {
                if status != *wanted {
                    return fail(format!("{} is answered with {status} instead of {wanted}", case.title));
                }
                challenge(exchange, *error)
            }
            Expect::Taken(pointer) => {
                let conflict = if operation.responses.contains_key("409") { vec![409] } else { refusals(operation, false) };
                if conflict.contains(&status) {
                    Vec::new()
                } else {
                    fail(format!("{} is answered with {status} instead of {}: {pointer}", case.title, list(&conflict)))
                }
            }
            Expect::Documented => Vec::new(),
        }
    }
}

/// RFC 9110, section 15.5.6: 405 comes with the methods that are allowed.
fn allow(exchange: &Exchange<'_>) -> Vec<Finding> {
    let case = exchange.case;
    let Some(allow) = exchange.response.header("allow") else {
        return vec![Finding::new(&case.promise, "405 comes without Allow (RFC 9110, section 15.5.6)")];
    };
    let methods: Vec<&str> = allow.split(',').map(str::trim).collect();
    if methods.contains(&exchange.operation.method.as_str()) && !methods.contains(&case.request.method.as_str()) {
        return Vec::new();
    }
    vec![Finding::new(&case.promise, "Allow does not list the methods of the path").with(allow)]
}

/// RFC 6750, section 3: the challenge, with the error where a token was sent and without where none was.
fn challenge(exchange: &Exchange<'_>, error: Option<&str>) -> Vec<Finding> {
    let case = exchange.case;
    let status = exchange.response.status;
    let Some(challenge) = exchange.response.header("www-authenticate") else {
        return vec![Finding::new(&case.promise, format!("{status} comes without WWW-Authenticate (RFC 6750, section 3)"))];
    };
    let finding = |what: &str| vec![Finding::new(&case.promise, format!("{what}: {}", case.title)).with(challenge)];
    if !challenge.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")) {
        return finding("the challenge does not have the scheme Bearer");
    }
    match error {
        Some(error) if !challenge.contains(&format!("error=\"{error}\"")) => {
            finding(&format!("the challenge does not say error=\"{error}\" (RFC 6750, section 3.1)"))
        }
        None if challenge.contains("error=") => {
            finding("the challenge names an error where no token was sent (RFC 6750, section 3.1)")
        }
        _ => Vec::new(),
    }
}

pub(super) fn list(statuses: &[u16]) -> String {
    match statuses {
        all if all.len() > 8 => "another documented rejection".to_owned(),
        all => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "),
    }
}
