//! Whether the answer is of the kind that the document, or RFC 6750 and RFC 9110, promise for the case.

use super::{Exchange, Finding, Judge, is_too_long};
use crate::{
    cases::{Expect, Group, refusals},
    openapi::{operation::Operation, style::percent},
    pointer::unescape,
    rules::{self, Level},
};

pub(crate) struct Status;

impl Judge for Status {
    fn judge(&self, exchange: &Exchange<'_>) -> Vec<Finding> {
        let (case, operation, response) = (exchange.case, exchange.operation, exchange.response);
        let status = response.status;
        let finding = |rule, what: String| vec![Finding::of(rule, &case.promise, what)];
        // What is accepted though it must not be is worse than what is refused in another way.
        let fail = |rule, what: String| finding(if status < 400 { case.rule } else { rule }, what);
        // What an id in the path names may be missing, or another caller's; a scope that is missing is no matter of ids (RFC 6750,
        // section 3.1).
        let lacks_scope = response.header("www-authenticate").is_some_and(|challenge| challenge.contains("insufficient_scope"));
        let elsewhere = operation.path.contains('{') && matches!(status, 403 | 404 | 410) && !lacks_scope;
        // What is out of order for a while, and documented as such, has not failed on the request.
        let is_told = status == 503 && operation.responses.contains_key("503");
        // Too many requests is what the caller is told of all of them, not of this one (RFC 6585, section 4).
        if status == 429 {
            return Vec::new();
        }
        if status >= 500 && status != 501 && !is_told {
            return finding(&rules::SERVER_ERROR, format!("the server fails ({status}) on {}", case.title));
        }
        // Who is sent elsewhere, such as to where one logs in, has not been served, where there is another success.
        let is_served = |status: &String| status.starts_with('2');
        let is_asked_for_success = matches!(case.expect, Expect::Success | Expect::Documented);
        if (300..400).contains(&status) && !is_asked_for_success && operation.responses.keys().any(is_served) {
            return Vec::new();
        }
        match &case.expect {
            Expect::Success => {
                let taken = status == 409 && !exchange.fresh;
                // That a success is not documented, or what the request is rejected for, is another judge's matter.
                // RFC 9110, section 13.1: what the resource must be like for the request to be carried out is said in the request.
                let conditional = status == 412 && case.is_conditional();
                // What the request refers to may be missing.
                let missing = status == 404 && operation.responses.contains_key("404");
                // A documented status that is about the state of things says nothing against the request; what others depend on may not
                // be deleted.
                let is_kept = status == 409 && operation.method == "DELETE";
                let of_state = (is_kept || OF_STATE.contains(&status)) && operation.responses.contains_key(&status.to_string());
                // An id that was made up may be of a kind that the server does not have.
                let unknown = matches!(status, 400 | 403 | 404 | 422) && !exchange.live;
                // Where nothing has to be shown for it, the credentials are in the request itself, such as those of who logs in.
                let of_login = is_of_login(operation, status);
                let repeats = exchange.may_repeat_a_key();
                let excused = elsewhere
                    || is_told
                    || unknown
                    || missing
                    || of_state
                    || taken
                    || conditional
                    || repeats
                    || of_login
                    || is_too_large(exchange)
                    || is_out_of_order(exchange);
                if (200..400).contains(&status) || excused || !exchange.violations.is_empty() {
                    Vec::new()
                } else {
                    finding(case.rule, format!("{} is rejected with {status}", case.title))
                }
            }
            Expect::Refusal(broken) => {
                let in_path = broken.iter().any(|broken| broken.pointer.starts_with("/path"));
                let mut wanted = refusals(operation, in_path);
                if broken.iter().any(|broken| broken.pointer.is_empty() && broken.rule == "required") {
                    wanted.push(415); // Without a body there is no media type either.
                }
                if status < 400 {
                    let rule = if is_empty_parameter(exchange) { &rules::EMPTY_PARAMETER } else { case.rule };
                    finding(rule, format!("{} is accepted with {status}", case.title))
                } else if wanted.contains(&status) || elsewhere || is_too_large(exchange) {
                    Vec::new()
                } else {
                    let what = format!("{} is rejected with {status} instead of {}", case.title, list(&wanted));
                    finding(&rules::REFUSAL_STATUS, what)
                }
            }
            Expect::NotAccepted if status < 400 => finding(case.rule, format!("{} is accepted with {status}", case.title)),
            Expect::NotAccepted => Vec::new(),
            Expect::Unreadable => {
                let wanted = refusals(operation, false);
                // RFC 9110, section 15.5.1: what cannot be read is a bad request.
                if status == 400 || wanted.contains(&status) || elsewhere {
                    Vec::new()
                } else {
                    fail(&rules::REFUSAL_STATUS, format!("{} is answered with {status} instead of {}", case.title, list(&wanted)))
                }
            }
            Expect::Status(wanted) if wanted.contains(&status) => match status {
                405 => allow(exchange),
                200..300 if case.request.method == "OPTIONS" => options(exchange),
                _ => Vec::new(),
            },
            // Nothing says that an id is looked up last.
            Expect::Status(_) if elsewhere => Vec::new(),
            Expect::Status(wanted) => {
                let what = format!("{} is answered with {status} instead of {}", case.title, list(wanted));
                match (case.rule.level, case.group) {
                    (Level::Warning, _) => finding(case.rule, what),
                    (Level::Error, Group::Authentication) => fail(&rules::AUTHENTICATION_STATUS, what),
                    (Level::Error, _) => fail(&rules::REFUSAL_STATUS, what),
                }
            }
            Expect::Challenge { status: wanted, error } => {
                if status != *wanted {
                    let what = format!("{} is answered with {status} instead of {wanted}", case.title);
                    return fail(&rules::AUTHENTICATION_STATUS, what);
                }
                challenge(exchange, *error)
            }
            Expect::Taken(pointer) => {
                let conflict = if operation.responses.contains_key("409") { vec![409] } else { refusals(operation, false) };
                if conflict.contains(&status) {
                    Vec::new()
                } else {
                    let what = format!("{} is answered with {status} instead of {}: {pointer}", case.title, list(&conflict));
                    fail(&rules::REFUSAL_STATUS, what)
                }
            }
            Expect::Documented => Vec::new(),
        }
    }
}

/// Statuses about something else than what is in the request: a payment, what is there to give, what is gone, locked, failed before, too
/// early, without a condition, or kept back by law (RFC 9110, RFC 4918, RFC 6585, RFC 7725, RFC 8470).
const OF_STATE: [u16; 8] = [402, 406, 410, 423, 424, 425, 428, 451];

/// Whether a refusal may be of credentials that are in what is sent: it is documented, though the operation has no security.
pub(crate) fn is_of_login(operation: &Operation, status: u16) -> bool {
    let says_something = operation.body.is_some() || !operation.parameters.is_empty();
    let is_documented = operation.responses.contains_key(&status.to_string());
    let is_asked_before = operation.security.is_some() && !operation.logs_in();
    matches!(status, 401 | 403) && !is_asked_before && says_something && is_documented
}

/// A body from this size on may be more than a server wants to read, where the document has the status 413.
const LARGE: usize = 16 * 1024;

fn is_too_large(exchange: &Exchange<'_>) -> bool {
    let is_large = exchange.case.request.body.as_ref().is_some_and(|body| body.len() > LARGE);
    is_large && exchange.response.status == 413 && exchange.operation.response(413).is_some() || is_too_long(exchange)
}

/// Whether a request that has nothing to say is refused for the state that the server is in: all such requests are the same, and this
/// operation has accepted some, or its variants were not tried.
fn is_out_of_order(exchange: &Exchange<'_>) -> bool {
    let request = &exchange.case.request;
    let says_nothing = request.body.is_none() && !request.target.contains('?') && request.headers.is_empty();
    let can_say_nothing = exchange.operation.body.is_none() && !exchange.operation.path.contains('{');
    says_nothing && can_say_nothing && exchange.operation.method == "POST" && matches!(exchange.response.status, 400 | 409 | 422)
}

/// Whether all that a case breaks is that parameters which are no texts have no value, which many servers take for absent.
fn is_empty_parameter(exchange: &Exchange<'_>) -> bool {
    let Expect::Refusal(broken) = &exchange.case.expect else { return false };
    let Some((_, query)) = exchange.case.request.target.split_once('?') else { return false };
    let is_empty = |place: &str| {
        let name = place.strip_prefix("/query/").map(unescape);
        name.is_some_and(|name| query.split('&').any(|pair| pair == format!("{}=", percent(&name))))
    };
    // Of a text an empty one is a value, and what it breaks is another rule.
    let is_no_text = broken.iter().any(|broken| broken.rule == "type");
    let about_type = |rule: &str| matches!(rule, "type" | "enum" | "format");
    is_no_text && broken.iter().all(|broken| about_type(&broken.rule) && is_empty(&broken.pointer))
}

/// RFC 9110, section 15.5.6: 405 comes with the methods that are allowed.
fn allow(exchange: &Exchange<'_>) -> Vec<Finding> {
    let case = exchange.case;
    let Some(allow) = exchange.response.header("allow") else {
        return vec![Finding::of(&rules::ALLOW, &case.promise, "405 comes without Allow (RFC 9110, section 15.5.6)")];
    };
    let methods: Vec<&str> = allow.split(',').map(str::trim).collect();
    if methods.contains(&exchange.operation.method.as_str()) && !methods.contains(&case.request.method.as_str()) {
        return Vec::new();
    }
    vec![Finding::of(&rules::ALLOW, &case.promise, "Allow does not list the methods of the path").with(allow)]
}

/// RFC 9110, section 10.2.1: where the answer to OPTIONS says which methods there are, it says all of them.
fn options(exchange: &Exchange<'_>) -> Vec<Finding> {
    let Some(allow) = exchange.response.header("allow") else { return Vec::new() };
    if allow.split(',').any(|method| method.trim() == exchange.operation.method) {
        return Vec::new();
    }
    vec![Finding::of(&rules::ALLOW, &exchange.case.promise, "Allow does not list the methods of the path").with(allow)]
}

/// RFC 6750, section 3: the challenge, with the error where a token was sent and without where none was.
fn challenge(exchange: &Exchange<'_>, error: Option<&str>) -> Vec<Finding> {
    let case = exchange.case;
    let status = exchange.response.status;
    let Some(challenge) = exchange.response.header("www-authenticate") else {
        let what = format!("{status} comes without WWW-Authenticate (RFC 6750, section 3)");
        return vec![Finding::of(&rules::CHALLENGE, &case.promise, what)];
    };
    let finding =
        |what: &str| vec![Finding::of(&rules::CHALLENGE, &case.promise, format!("{what}: {}", case.title)).with(challenge)];
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
