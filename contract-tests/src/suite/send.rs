//! Sends a request, again where the server has no time, and has the answer judged.

use std::{
    sync::{
        PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use chrono::DateTime;
use serde_json::Value;

use super::{
    DOUBTFUL_FORMATS,
    credentials::Grant,
    resources::{Answer, has_cursor, refers},
    run::Run,
    words::{may_be_about, names_what_is_missing, repeats, says_missing, says_no_id, says_taken, says_used_up, says_when},
};
use crate::{
    cases::{Case, Credentials, Expect, Group},
    judge::{Exchange, Finding, Judge},
    openapi::{
        operation::{Operation, Parameter},
        request::{Response, Target},
        style::percent,
    },
    pointer::is_within,
    report::{GONE, Stopped},
    rules,
    schema::Rule,
};

/// What came of a case.
pub(crate) struct CaseOutcome {
    pub findings: Vec<Finding>,
    pub answer: Result<Response, String>,
}

/// How often a request is sent again that the server has no time for.
const MAX_TRIES: usize = 3;

/// After how long a server is asked again that has no time and does not say when it will have, and how often in a run.
const MOMENT: Duration = Duration::from_millis(250);
const MAX_BUSY: usize = 60;

/// What is said of a request that was given up because the time for it was up.
const GIVEN_UP: &str = "the time for the run was up";

/// What is said of one that found no server any more, and of one that probably ended it.
const NO_SERVER: &str = "the server takes no connections any more";
const ENDED: &str = "the server has closed the connection, and takes no new ones";

/// How often, and after how long, a request is sent again to a server that takes no connections: it may be starting anew.
const RECONNECTS: usize = 10;
const RECONNECT: Duration = Duration::from_millis(200);

impl Run<'_> {
    /// Sends the case's request and has the answer judged.
    pub async fn attempt(&self, target: &Target, case: &Case) -> CaseOutcome {
        let operation = &target.operation;
        let grant = self.grant(operation, &case.credentials);
        let mut sent = SystemTime::now();
        let mut answer = Err(String::new());
        for attempt in 0..MAX_TRIES {
            sent = SystemTime::now();
            self.requests.fetch_add(1, Ordering::Relaxed);
            answer = self.send(case, target, &grant).await;
            if answer.as_ref().is_ok_and(|response| response.status == 201) {
                self.created.fetch_add(1, Ordering::Relaxed);
            }
            match answer.as_ref().ok().and_then(|response| self.wait_for(response)) {
                Some(wait) if attempt + 1 < MAX_TRIES => tokio::time::sleep(wait).await,
                _ => break,
            }
        }
        let body: Option<Value> = answer.as_ref().ok().and_then(|response| serde_json::from_slice(&response.body).ok());
        if let Ok(response) = &answer
            && case.request.method == operation.method
        {
            self.known.learn(&self.prepared.resources, operation, case, (response, body.as_ref()), self.client.url());
        }
        let findings = match &answer {
            // What is given up says nothing about the server, what did not reach it neither, and what ended it is told.
            Err(cause) if [GIVEN_UP, NO_SERVER, ENDED].contains(&cause.as_str()) => Vec::new(),
            Err(cause) => {
                let what = format!("nothing answers {}", case.title);
                vec![Finding::of(&rules::NO_ANSWER, &case.promise, what).with(cause.clone())]
            }
            Ok(response) => {
                let mut findings = self.findings(target, case, (response, body.as_ref()), sent);
                // The document may not say that a value must be unique, and the request is refused only because another resource has it.
                let may_create = !matches!(case.request.method.as_str(), "GET" | "HEAD");
                if may_create && says_taken(response) && !target.schema.nodes.iter().any(|node| node.unique) {
                    findings.retain(|finding| *finding.rule != rules::VALID_REFUSED);
                }
                findings
            }
        };
        if let Ok(response) = &answer {
            self.watch_credentials(case, operation, &grant, response).await;
        }
        let mut outcome = CaseOutcome { findings, answer };
        self.excuse_result(target, case, &grant, &mut outcome).await;
        outcome
    }

    /// How long to wait before a request is sent again that the server had no time for; none where it had, or there is no time for that.
    pub(super) fn wait_for(&self, response: &Response) -> Option<Duration> {
        if !matches!(response.status, 429 | 503) {
            return None;
        }
        let said = response.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
        // A server that has no time says so now and then; one that never has any is asked no more than a few times.
        let moment = || (self.busy.fetch_add(1, Ordering::Relaxed) < MAX_BUSY).then_some(MOMENT);
        let wait = said.map(|seconds| Duration::from_secs(seconds.min(10))).or_else(moment);
        wait.filter(|wait| self.may_wait(*wait))
    }

    /// Sends a request. Where the server takes no connections for a while, the run is stopped.
    pub(super) async fn send(&self, case: &Case, target: &Target, grant: &Grant) -> Result<Response, String> {
        let operation = &target.operation;
        let (request, authorization) = (grant.apply(case.request.clone()), &grant.authorization);
        let client = if case.credentials == Credentials::Other { &self.client_of_other } else { self.client };
        // Another request may have ended the server while this one was under way, but hardly twice.
        let broken_off = AtomicUsize::new(0);
        let mut first = Box::pin({
            let (client, request, authorization) = (client.clone(), request.clone(), authorization.clone());
            async move { client.send(&request, &authorization).await }
        });
        let is_sent_again = AtomicBool::new(false);
        let answer = async {
            let mut answer = (&mut first).await;
            is_sent_again.store(true, Ordering::Relaxed);
            for _ in 0..RECONNECTS {
                let Err(error) = &answer else { break };
                let is_blamed = error.is_broken_off && broken_off.fetch_add(1, Ordering::Relaxed) > 0;
                if is_blamed || !error.is_refused || self.is_over() {
                    break;
                }
                tokio::time::sleep(RECONNECT).await;
                answer = client.send(&request, authorization).await;
            }
            answer
        };
        let answer = match self.deadline() {
            Some(deadline) => match tokio::time::timeout_at(deadline.into(), answer).await {
                Ok(answer) => answer,
                Err(_) => {
                    self.cut.store(true, Ordering::Relaxed);
                    if !is_sent_again.into_inner() {
                        self.wait_beside(target, case, first);
                    }
                    return Err(GIVEN_UP.to_owned());
                }
            },
            None => answer.await,
        };
        match answer {
            Ok(response) => {
                if case.request.method == operation.method {
                    let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
                    *answered.entry(operation.id.clone()).or_default().entry(response.status).or_default() += 1;
                }
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
                    format!("{} {} ({})", case.request.method, path(&case.request.target), case.id);
                Ok(response)
            }
            Err(error) if error.is_refused => {
                let broken_off = broken_off.into_inner();
                if broken_off < 2 {
                    let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    self.stop(Stopped::ServerGone { last });
                }
                let cause = if broken_off > 0 { ENDED } else { NO_SERVER }.to_owned();
                if broken_off > 0 {
                    let what = format!("nothing answers {}, {GONE}", case.title);
                    self.fail(target, case, &Finding::of(&rules::NO_ANSWER, &case.promise, what), Err(&cause));
                }
                Err(cause)
            }
            Err(error) => Err(error.text),
        }
    }

    /// Whether the body of a request is nothing to a server: of methods without a meaning for it, OpenAPI 3.0 says so (3.0.4, section 4.7.10).
    fn may_ignore_body(&self, operation: &Operation) -> bool {
        matches!(operation.method.as_str(), "GET" | "HEAD" | "DELETE") && self.document().is_3_0()
    }

    fn findings(&self, target: &Target, case: &Case, (response, body): Answer<'_>, sent: SystemTime) -> Vec<Finding> {
        let operation = &target.operation;
        let violations = self.prepared.violations.read(operation, response, body);
        let answered = SystemTime::now();
        let (violations, fresh) = (violations.as_slice(), self.fresh.knows(target));
        let names_live = |instance| self.known.names_live(&self.prepared.resources, operation, instance);
        // What is not there is what the path names, or what the rest refers to; a path that is not there has nothing to say of either.
        let is_missed = |instance| match response.status {
            404 => repeats(response, instance) || names_what_is_missing(response, instance),
            _ => {
                let is_of_request = repeats(response, instance) || names_what_is_missing(response, instance);
                !names_live(instance) || refers(instance) || is_of_request
            }
        };
        let made_up = |instance| match response.status {
            400 | 422 if is_vague(target) && !names_live(instance) => true,
            400 | 404 | 422 if has_cursor(instance) => true,
            // Some do not say whether it is there.
            400 | 403 | 404 | 422 => {
                // Who has no right to ask is not told of ids.
                let is_no_id = || response.status != 403 && says_no_id(response) && (!names_live(instance) || refers(instance));
                says_missing(response) && is_missed(instance) || is_no_id()
            }
            _ => false,
        };
        let live = !case.instance.as_ref().is_some_and(made_up);
        let exchange = Exchange { operation, case, response, body, violations, fresh, live, sent, answered };
        let judges = self.prepared.judges.iter().chain(&self.suite.judges).map(AsRef::as_ref);
        let mut findings: Vec<Finding> = Vec::new();
        for finding in judges.chain([&self.identity as &dyn Judge]).flat_map(|judge| judge.judge(&exchange)) {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        let is_accepted = |finding: &Finding| [&rules::INVALID_ACCEPTED, &rules::EMPTY_PARAMETER].contains(&finding.rule);
        if !self.suite.assert_formats {
            let invalid = is_of_doubtful_formats(target, case);
            let valid = case.instance.as_ref().is_some_and(has_doubtful_text);
            findings.retain(|finding| !(invalid && is_accepted(finding) || valid && *finding.rule == rules::VALID_REFUSED));
        }
        if is_empty_where_allowed(target, case)
            || is_of_other_readings(target, case)
            || response.status < 400 && ends_a_line(target, case)
        {
            findings.retain(|finding| !is_accepted(finding));
        }
        if self.may_ignore_body(operation) && is_about_the_body(target, case) {
            findings.retain(|finding| !OF_BODIES.contains(&finding.rule));
        }
        // What only one reading takes for valid, others may refuse.
        let doubtful = |instance: &Value| case.expect == Expect::Success && target.is_doubtful(instance, true);
        let is_undescribed = matches!(response.status, 400 | 415 | 422) && has_undescribed_body(target, case);
        // Its session may be over.
        if operation.ends_session() && matches!(response.status, 401 | 403) {
            findings.retain(|finding| *finding.rule != rules::VALID_REFUSED);
        }
        if is_undescribed || case.instance.as_ref().is_some_and(doubtful) || is_of_elsewhere(target, case, response) {
            findings.retain(|finding| *finding.rule != rules::VALID_REFUSED);
        }
        // A request without its length may be refused (RFC 9112, section 6.3).
        if response.status == 411 && case.request.chunked {
            findings.retain(|finding| *finding.rule != rules::HTTP_VARIANT_REFUSED);
        }
        findings
    }
}

/// What a server does wrong that accepts a body.
const OF_BODIES: [&rules::Rule; 5] = [
    &rules::INVALID_ACCEPTED,
    &rules::MALFORMED_ACCEPTED,
    &rules::LENIENT_JSON,
    &rules::UNDOCUMENTED_MEDIA_TYPE,
    &rules::CONTENT_CODING,
];

/// Whether a case is about nothing but the body.
fn is_about_the_body(target: &Target, case: &Case) -> bool {
    let Some(instance) = &case.instance else { return true };
    target.schema.evaluate(instance).broken.iter().all(|violation| is_within(&violation.place, "/body"))
}

/// Whether a refusal is about what no schema says: a part of something that has none there, a quota, the time of day, a value that another
/// request has taken before, or a text of which the engine does not know what the document asks.
fn is_of_elsewhere(target: &Target, case: &Case, response: &Response) -> bool {
    let is_documented = target.operation.responses.contains_key(&response.status.to_string());
    let Some(instance) = &case.instance else { return false };
    match response.status {
        416 => is_documented && case.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("range")),
        402 | 403 | 507 => is_documented && says_used_up(response),
        409 => is_documented && case.group == Group::Boundary && says_taken(response),
        400 | 422 => may_be_about(response, &target.unchecked(instance), instance) || says_when(response) && has_time(instance),
        _ => false,
    }
}

/// Whether a value has a date, with or without a time.
fn has_time(value: &Value) -> bool {
    match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text).is_ok() || text.parse::<chrono::NaiveDate>().is_ok(),
        Value::Array(items) => items.iter().any(has_time),
        Value::Object(object) => object.values().any(has_time),
        _ => false,
    }
}

/// Whether the document says nothing about what is in the path but its type.
fn is_vague(target: &Target) -> bool {
    let mut rules = target.schema.constraints.iter().filter(|constraint| constraint.place.starts_with("/path/"));
    rules.all(|constraint| matches!(constraint.rule, Rule::Type(_) | Rule::Required(_)))
}

/// Whether a request has a body of which the document says no more than its media type: what may be in it, nobody has said.
fn has_undescribed_body(target: &Target, case: &Case) -> bool {
    let says_something = |rule: &Rule, place: &str| place != "/body" || !matches!(rule, Rule::Required(_));
    let mut rules = target.schema.constraints.iter().filter(|constraint| is_within(&constraint.place, "/body"));
    case.request.body.is_some() && !rules.any(|constraint| says_something(&constraint.rule, &constraint.place))
}

/// Whether a case breaks nothing but formats that many servers do not check.
fn is_of_doubtful_formats(target: &Target, case: &Case) -> bool {
    let Expect::Refusal(broken) = &case.expect else { return false };
    let is_doubtful = |key: &str| {
        let mut same = target.schema.constraints.iter().filter(|constraint| constraint.key() == key);
        same.any(|constraint| matches!(&constraint.rule, Rule::Format(format) if DOUBTFUL_FORMATS.contains(&format.name())))
    };
    broken.iter().all(|broken| broken.rule == "format" && is_doubtful(&broken.constraint))
}

/// Whether a case breaks nothing for who reads the document in another way: it only names no schema where a discriminator asks for the
/// name of one, or has null where that may be meant.
fn is_of_other_readings(target: &Target, case: &Case) -> bool {
    matches!(case.expect, Expect::Refusal(_)) && case.instance.as_ref().is_some_and(|sent| target.is_doubtful(sent, false))
}

/// Whether a case breaks nothing but patterns, with a text that ends a line in some dialects of regular expressions and not in others: what
/// `.` does not match, they differ about.
fn ends_a_line(target: &Target, case: &Case) -> bool {
    const ENDS: [char; 6] = ['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    let (Expect::Refusal(_), Some(instance)) = (&case.expect, &case.instance) else { return false };
    let text = |place: &str| instance.pointer(place).and_then(Value::as_str).unwrap_or_default();
    // A patch may break nothing itself.
    let broken = target.schema.evaluate(instance).broken;
    !broken.is_empty()
        && broken.iter().all(|violation| match &target.schema.constraints[violation.constraint].rule {
            Rule::Pattern(pattern) => pattern.source().contains('.') && text(&violation.place).contains(ENDS),
            _ => false,
        })
}

/// Whether a case gives a parameter no value that may be given without one, whatever its schema says (OpenAPI 3.1, section 4.8.12.2.1).
fn is_empty_where_allowed(target: &Target, case: &Case) -> bool {
    let Some((_, query)) = case.request.target.split_once('?') else { return false };
    let may_be_empty = |parameter: &Parameter| {
        let alone = format!("{}=", percent(&parameter.name));
        parameter.may_be_empty && query.split('&').any(|pair| pair == alone)
    };
    target.operation.parameters.iter().any(may_be_empty)
}

/// Whether a value has a time that RFC 3339 knows and most languages do not: the year 0, a leap second, or `t` and `z` in small letters,
/// which others may refuse (section 5.6). Or an address that RFC 5321 knows and many libraries do not: of a domain without a dot or with
/// a number or a single letter at its end, a literal, or with quotes. Or a URI of nothing but a scheme.
fn has_doubtful_text(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            let is_doubtful = |(local, domain): (&str, &str)| {
                let last = domain.rsplit('.').next().unwrap_or_default();
                let is_no_name = last.len() < 2 || last.bytes().all(|byte| byte.is_ascii_digit());
                local.ends_with('"') || !domain.contains('.') || domain.starts_with('[') || is_no_name
            };
            let is_scheme = text.strip_suffix(':').is_some_and(|scheme| {
                let is_letter = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(is_letter)
            });
            let is_small = text.contains(['t', 'z']) && DateTime::parse_from_rfc3339(text).is_ok();
            text.starts_with("0000-")
                || text.contains(":60")
                || is_scheme
                || is_small
                || text.rsplit_once('@').is_some_and(is_doubtful)
        }
        Value::Array(items) => items.iter().any(has_doubtful_text),
        Value::Object(object) => object.values().any(has_doubtful_text),
        _ => false,
    }
}

/// A target without its query, which may hold credentials.
fn path(target: &str) -> &str {
    target.split('?').next().unwrap_or(target)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_many_servers_refuse_is_doubtful() {
        for text in [
            "2024-01-01t00:00:00Z",
            "2024-01-01T00:00:00z",
            "0000-01-01T00:00:00Z",
            "a@3.4",
            "a@e.a",
            "a@localhost",
            "\"a\"@e.om",
            "a:",
        ] {
            assert!(has_doubtful_text(&json!({ "value": [text] })), "{text}");
        }
        for text in ["2024-01-01T00:00:00Z", "a@e.om", "tz", "urn:a", ""] {
            assert!(!has_doubtful_text(&json!(text)), "{text}");
        }
    }
}
