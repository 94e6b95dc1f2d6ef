//! One entry for one cause: failures that a single mistake of the server explains are put together.

use std::{cmp::Reverse, collections::BTreeMap};

use super::Failure;
use crate::rules::{self, RULES};

/// Puts together what has one cause, the worst first. Of each group the first failure is shown, with the count of all and the names
/// of the other operations.
pub(crate) fn group(failures: Vec<Failure>) -> Vec<Failure> {
    let mut groups: BTreeMap<Vec<String>, Failure> = BTreeMap::new();
    for failure in failures {
        match groups.entry(cause(&failure)) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(failure);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let shown = entry.get_mut();
                shown.count += failure.count;
                if failure.operation != shown.operation && !shown.also.contains(&failure.operation) {
                    shown.also.push(failure.operation);
                }
            }
        }
    }
    let mut all: Vec<Failure> = groups.into_values().collect();
    all.sort_by_key(|failure| (failure.level, place(failure.rule), Reverse(failure.count)));
    all
}

/// Where a rule stands among all.
fn place(rule: &str) -> usize {
    RULES.iter().position(|known| known.name == rule).unwrap_or(RULES.len())
}

/// What two failures with one cause have in common.
fn cause(failure: &Failure) -> Vec<String> {
    let rule = failure.rule.to_owned();
    let words = |parts: &[&str]| [vec![rule.clone()], parts.iter().map(|part| (*part).to_owned()).collect()].concat();
    // What the server said tells one of its failures from another, whatever the request was.
    if failure.rule == rules::SERVER_ERROR.name || failure.rule == rules::VALID_REFUSED.name {
        let status = failure.status.map_or_else(String::new, |status| status.to_string());
        // What is wrong with HTTP or JSON is so for every operation.
        if failure.case.contains(":protocol:") {
            return words(&[&failure.what, &status, &normalised(failure)]);
        }
        return words(&[&failure.operation, &status, &normalised(failure)]);
    }
    // Nor is who is let in: one check of tokens serves them all.
    if failure.case.contains(":authentication:") {
        return words(&[&any_success(&failure.what)]);
    }
    if failure.rule == rules::NO_ANSWER.name {
        return words(&[&failure.operation, &normal(&failure.detail)]);
    }
    // A schema that several operations share is broken once.
    if failure.promise.starts_with("/components/") {
        return words(&[&failure.promise, &normal(&failure.what)]);
    }
    let of_http = [
        &rules::UNDOCUMENTED_STATUS,
        &rules::UNDOCUMENTED_HTTP_STATUS,
        &rules::AUTHENTICATION_STATUS,
        &rules::REFUSAL_STATUS,
        &rules::CHALLENGE,
        &rules::UNDOCUMENTED_METHOD,
        &rules::ALLOW,
        &rules::UNDOCUMENTED_MEDIA_TYPE,
        &rules::CONTENT_CODING,
        &rules::LENIENT_JSON,
        &rules::MALFORMED_ACCEPTED,
        &rules::HTTP_VARIANT_REFUSED,
        &rules::UNDOCUMENTED_QUERY,
        &rules::UNDOCUMENTED_BODY,
    ];
    // How a server reads HTTP and JSON is one mistake in all of its operations.
    if of_http.iter().any(|known| known.name == failure.rule) {
        return words(&[&any_success(&failure.what)]);
    }
    words(&[&failure.operation, &failure.promise, &failure.what])
}

/// A sentence with every status of success written alike.
fn any_success(what: &str) -> String {
    ["200", "201", "202", "204"].iter().fold(what.to_owned(), |what, status| what.replace(&format!("with {status}"), "with 2xx"))
}

/// What the server said, without what differs from request to request.
fn normalised(failure: &Failure) -> String {
    let mut said = failure.answer.clone().unwrap_or_default();
    let sent: Option<serde_json::Value> = failure.request.as_deref().and_then(|request| serde_json::from_str(request).ok());
    let mut values = Vec::new();
    collect(sent.as_ref(), &mut values);
    values.sort_by_key(|value| Reverse(value.len()));
    for value in values {
        said = said.replace(&value, "…");
    }
    normal(&said)
}

/// The texts of a value that are long enough to be recognised.
fn collect(value: Option<&serde_json::Value>, all: &mut Vec<String>) {
    match value {
        Some(serde_json::Value::String(text)) if text.chars().count() > 3 => all.push(text.clone()),
        Some(serde_json::Value::Array(items)) => items.iter().for_each(|item| collect(Some(item), all)),
        Some(serde_json::Value::Object(object)) => object.values().for_each(|item| collect(Some(item), all)),
        _ => {}
    }
}

/// How much of an answer tells causes apart, in characters.
const TELLING: usize = 300;

/// A text with every run of digits, and of letters and digits that looks like an id, written alike.
fn normal(text: &str) -> String {
    let word = |word: &str| {
        let digits = word.bytes().any(|byte| byte.is_ascii_digit());
        if digits { "#".to_owned() } else { word.to_owned() }
    };
    let mut normal = String::new();
    let mut rest = text;
    while !rest.is_empty() && normal.len() < TELLING {
        let end = rest.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(rest.len());
        normal.push_str(&word(&rest[..end]));
        let next = rest[end..].chars().next().map_or(0, char::len_utf8);
        normal.push_str(&rest[end..end + next]);
        rest = &rest[end + next..];
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::tests::failure, rules::Level};

    fn crash(operation: &str, what: &str, answer: &str) -> Failure {
        Failure {
            operation: operation.to_owned(),
            rule: "server-error",
            what: what.to_owned(),
            status: Some(500),
            answer: Some(answer.to_owned()),
            ..failure(1)
        }
    }

    #[test]
    fn a_crash_that_many_requests_lead_to_is_one_entry_and_another_crash_another() {
        let crashes = vec![
            crash("a", "the server fails on one", r#"{"error":"no row 17","id":"f00d5"}"#),
            crash("a", "the server fails on two", r#"{"error":"no row 18","id":"beef1"}"#),
            crash("a", "the server fails on three", r#"{"error":"division by zero"}"#),
            crash("b", "the server fails on one", r#"{"error":"no row 17"}"#),
        ];
        let counts: Vec<usize> = group(crashes).iter().map(|failure| failure.count).collect();
        assert_eq!(counts, [2, 1, 1]);
    }

    #[test]
    fn what_every_operation_does_wrong_is_one_entry_that_names_them() {
        let of = |operation: &str| Failure {
            operation: operation.to_owned(),
            rule: "undocumented-http-status",
            level: Level::Warning,
            promise: format!("/paths/~1{operation}/get/responses"),
            what: "the status 401 is not documented".to_owned(),
            ..failure(1)
        };
        let all = group(vec![of("a"), of("b"), of("c"), crash("a", "the server fails", "")]);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].rule, all[1].also.as_slice()), ("server-error", ["b".to_owned(), "c".to_owned()].as_slice()));
    }

    #[test]
    fn a_body_that_no_operation_can_read_is_one_entry() {
        let crash = |operation: &str| Failure {
            case: format!("{operation}:protocol:half-a-surrogate-pair"),
            ..crash(operation, "the server fails (500) on half a surrogate pair", "Internal Server Error")
        };
        assert_eq!(group(vec![crash("a"), crash("b")]).len(), 1);
    }

    #[test]
    fn two_rules_of_a_document_are_two_entries() {
        assert_eq!(group(vec![failure(1), failure(2), failure(1)]).len(), 2);
    }
}
