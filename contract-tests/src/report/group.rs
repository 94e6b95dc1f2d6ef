//! One entry for one cause: failures that a single mistake of the server explains are put together.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
};

use percent_encoding::percent_decode_str;

use super::{Failure, conversion::is_converted};
use crate::{
    cases::{EMPTY_BODY, WITHOUT_BODY},
    rules::{self, RULES},
};

/// Puts together what has one cause, the worst first. Of each group the first failure is shown, with the count of all and the names
/// of the other operations. What one mistake explains in all likelihood is kept below the failure that most cases found.
pub(crate) fn group(failures: Vec<Failure>) -> Vec<Failure> {
    let mut causes: BTreeMap<Vec<String>, Failure> = BTreeMap::new();
    let failures = without_consequences(failures);
    // Who fails on valid requests fails on each variant of them.
    let on_valid = |failure: &&Failure| [":boundary:", ":random:"].iter().any(|group| failure.case.contains(group));
    let crashes: BTreeSet<Vec<String>> = failures.iter().filter(on_valid).filter_map(crash).collect();
    for failure in failures {
        let known = crash(&failure).filter(|crash| crashes.contains(crash));
        match causes.entry(known.unwrap_or_else(|| cause(&failure))) {
            Entry::Vacant(entry) => drop(entry.insert(failure)),
            Entry::Occupied(mut entry) => {
                let shown = entry.get_mut();
                shown.count += failure.count;
                for operation in std::iter::once(failure.operation).chain(failure.also) {
                    if operation != shown.operation && !shown.also.contains(&operation) {
                        shown.also.push(operation);
                    }
                }
            }
        }
    }
    let mut causes: Vec<Failure> = causes.into_values().collect();
    causes.sort_by_key(|failure| Reverse(failure.count));
    let mut groups: BTreeMap<Vec<String>, Failure> = BTreeMap::new();
    for failure in causes {
        match groups.entry(likeness(&failure)) {
            Entry::Vacant(entry) => drop(entry.insert(failure)),
            Entry::Occupied(mut entry) => entry.get_mut().more.push(failure),
        }
    }
    let mut all: Vec<Failure> = groups.into_values().collect();
    all.sort_by_key(|failure| (failure.level, place(failure.rule), Reverse(failure.total())));
    all
}

/// Every failure by itself, the opposite of [`group`].
pub(crate) fn single(groups: Vec<Failure>) -> Vec<Failure> {
    let parted = groups.into_iter().flat_map(|mut failure| {
        let more = std::mem::take(&mut failure.more);
        std::iter::once(failure).chain(more)
    });
    parted.collect()
}

/// Without what follows from another failure, such as that who accepts what breaks a rule shows it in later answers.
fn without_consequences(mut failures: Vec<Failure>) -> Vec<Failure> {
    let accepted = failures.iter().filter(|failure| failure.rule == rules::INVALID_ACCEPTED.name);
    let accepted: BTreeSet<String> = accepted.map(|failure| failure.promise.clone()).collect();
    failures.retain(|failure| failure.rule != rules::RESPONSE_BODY.name || !accepted.contains(&failure.promise));
    // Who answers with what is there already says what that is, and not what was sent.
    let same: BTreeSet<String> =
        failures.iter().filter(|it| it.rule == rules::DUPLICATE_ID.name).map(|it| it.operation.clone()).collect();
    failures.retain(|failure| failure.rule != rules::ECHO.name || !same.contains(&failure.operation));
    failures
}

/// Where a rule stands among all.
fn place(rule: &str) -> usize {
    RULES.iter().position(|known| known.name == rule).unwrap_or(RULES.len())
}

/// What two failures of a server have in common that have one cause: the operation, and what the server said.
fn crash(failure: &Failure) -> Option<Vec<String>> {
    let words = || vec![failure.rule.to_owned(), failure.operation.clone(), status(failure), normalised(failure)];
    (failure.rule == rules::SERVER_ERROR.name && failure.title != WITHOUT_BODY).then(words)
}

/// What two failures with one cause have in common.
fn cause(failure: &Failure) -> Vec<String> {
    let rule = failure.rule.to_owned();
    let words = |parts: &[&str]| [vec![rule.clone()], parts.iter().map(|part| (*part).to_owned()).collect()].concat();
    let status = status(failure);
    // What the server said tells one of its failures from another, whatever the request was.
    if failure.rule == rules::SERVER_ERROR.name || failure.rule == rules::VALID_REFUSED.name {
        // What is wrong with HTTP or JSON is so for every operation.
        if failure.case.contains(":protocol:") {
            return words(&[&failure.what, &status, &normalised(failure)]);
        }
        // Who wants a body always and does not say so leaves it out of every operation.
        if failure.title == WITHOUT_BODY {
            return words(&[WITHOUT_BODY, &status]);
        }
        // Who wants credentials that the document does not speak of, or is elsewhere, says the same to every operation.
        let of_whole = failure.rule == rules::VALID_REFUSED.name
            && failure.status.is_some_and(|status| !matches!(status, 400 | 409 | 422) && status < 500);
        let operation = if of_whole { "" } else { failure.operation.as_str() };
        return words(&[operation, &status, &normalised(failure)]);
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

/// What two causes have in common that are one mistake in all likelihood.
fn likeness(failure: &Failure) -> Vec<String> {
    let alike = |parts: &[&str]| -> Vec<String> { [&[failure.rule], parts].concat().into_iter().map(str::to_owned).collect() };
    let status = status(failure);
    let keyword = failure.promise.rsplit('/').find(|segment| segment.parse::<usize>().is_err()).unwrap_or_default();
    let is = |rules: &[&rules::Rule]| rules.iter().any(|known| known.name == failure.rule);
    if is(&[&rules::INVALID_ACCEPTED]) {
        // A parameter that is read without a check breaks all its rules.
        return match failure.place.as_deref().and_then(parameter) {
            // What several operations call the same they read the same way.
            Some(parameter) => alike(&[parameter]),
            // One reader of bodies serves all operations.
            None if is_converted(failure) => alike(&["", "", "converted"]),
            // One reader of bodies accepts an empty body for all operations.
            None if failure.promise.ends_with("/requestBody/required") || WITHOUT_ANY.contains(&failure.title.as_str()) => {
                alike(&["", "", EMPTY_BODY])
            }
            // It ignores what it does not know, whatever the operation.
            None if keyword == "additionalProperties" => alike(&["", "", keyword]),
            // Each branch of a choice is broken where the choice is.
            None => alike(&[&failure.operation, "", broken_keyword(failure).unwrap_or(keyword)]),
        };
    }
    // One writer of errors serves all operations.
    if is(&[&rules::RESPONSE_MEDIA_TYPE]) && failure.status.is_some_and(|status| status >= 400) {
        let (media_type, _) = failure.detail.split_once(';').unwrap_or((&failure.detail, ""));
        return alike(&["an error", media_type]);
    }
    if is(&[&rules::RESPONSE_BODY]) {
        // What is refused is told in one place, whatever the operation and the status.
        if let Some((_, broken)) = failure.what.split_once(" breaks ").filter(|_| failure.status.is_some_and(|it| it >= 400)) {
            return alike(&["", "", broken]);
        }
        // What bounds a value is forgotten as a whole.
        let place = failure.what.rsplit_once(" at ").map(|(_, place)| place).filter(|_| BOUNDS.contains(&keyword));
        return alike(&[&failure.operation, &status, place.unwrap_or(keyword)]);
    }
    if is(&[&rules::REFUSAL_STATUS]) {
        return alike(&[&failure.operation, &failure.what]);
    }
    // Who cannot read a value cannot read it in any operation.
    if is(&[&rules::NO_ANSWER]) && failure.place.is_some() {
        return alike(&[&failure.what]);
    }
    if is(&[&rules::SERVER_ERROR]) && normalised(failure).contains("Exception") {
        return alike(&[&status, &normalised(failure)]);
    }
    if is(&[&rules::ECHO, &rules::FOUND_DIFFERS]) {
        return alike(&[&failure.operation]);
    }
    if is(&[&rules::VALID_REFUSED]) {
        let of = if failure.title == WITHOUT_BODY { WITHOUT_BODY } else { &failure.operation };
        // What is wrong with a value of the same name is the same in all operations.
        if failure.title != WITHOUT_BODY && names_what_is_wrong(failure) {
            return alike(&[&status, &normalised(failure)]);
        }
        // Tokens of one kind are asked for in one place, and what is left out of a server is left out at once.
        return if matches!(failure.status, Some(401 | 501)) { alike(&[&status]) } else { alike(&[of, &status]) };
    }
    // One reader of bodies serves all operations.
    if is(&[&rules::LENIENT_JSON, &rules::MALFORMED_ACCEPTED, &rules::UNDOCUMENTED_MEDIA_TYPE]) {
        return alike(&[]);
    }
    [vec!["one cause".to_owned()], cause(failure)].concat()
}

/// The titles of what has no body.
const WITHOUT_ANY: [&str; 3] = [EMPTY_BODY, "no body", "no body and no media type"];

/// Keywords that bound a value.
const BOUNDS: [&str; 9] =
    ["enum", "exclusiveMaximum", "exclusiveMinimum", "format", "maxLength", "maximum", "minLength", "minimum", "pattern"];

/// The keyword that a request breaks as a whole, where the promise is one of its branches.
fn broken_keyword(failure: &Failure) -> Option<&str> {
    let (_, broken) = failure.what.split_once("a request that breaks ")?;
    broken.split(' ').next().filter(|keyword| matches!(*keyword, "anyOf" | "oneOf"))
}

/// What refusals call their own members, whatever was sent.
const OF_ANSWERS: [&str; 10] = ["code", "detail", "details", "error", "errors", "instance", "message", "status", "title", "type"];

/// Whether the server says which of the values that were sent it refuses.
fn names_what_is_wrong(failure: &Failure) -> bool {
    let answer = failure.answer.as_deref().unwrap_or_default();
    let sent: Option<serde_json::Value> = failure.request.as_deref().and_then(|request| serde_json::from_str(request).ok());
    let names = sent.as_ref().and_then(serde_json::Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str());
    let form = failure.request.as_deref().filter(|_| sent.is_none()).unwrap_or_default();
    let target = failure.curl.lines().next().and_then(|line| line.rsplit_once('?')).map_or("", |(_, query)| query);
    let queried = target.split('&').chain(form.split('&')).filter_map(|pair| pair.split_once('=')).map(|(name, _)| name);
    names.chain(queried).any(|name| name.len() > 2 && !OF_ANSWERS.contains(&name) && without(answer, name) != answer)
}

/// The status of the answer; nothing where there was none.
fn status(failure: &Failure) -> String {
    failure.status.map_or_else(String::new, |status| status.to_string())
}

/// The parameter that a place is in.
fn parameter(place: &str) -> Option<&str> {
    let mut slashes = place.match_indices('/').map(|(at, _)| at);
    let _ = slashes.next()?;
    let name = slashes.next()?;
    let known = ["/path", "/query", "/header", "/cookie"].contains(&&place[..name]);
    known.then(|| &place[..slashes.next().unwrap_or(place.len())])
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
    values.extend(in_target(&failure.curl));
    values.sort_by_key(|value| Reverse(value.len()));
    for value in values {
        said = without(&said, &value);
    }
    normal(&said)
}

/// A text with every occurrence of a value written alike that is not a part of a word.
fn without(text: &str, value: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        let borders = |neighbour: Option<char>, edge: Option<char>| {
            let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            !is_word(neighbour) || !is_word(edge)
        };
        let last = before.chars().next_back().or_else(|| kept.chars().next_back());
        let is_whole = borders(last, value.chars().next()) && borders(after.chars().next(), value.chars().next_back());
        kept.push_str(before);
        kept.push_str(if is_whole { "…" } else { value });
        rest = after;
    }
    kept + rest
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

/// The values in the query of a command for curl.
fn in_target(curl: &str) -> Vec<String> {
    let target = curl.lines().next().and_then(|line| line.rsplit_once('?')).map_or("", |(_, query)| query);
    let target = target.trim_end_matches(['\\', ' ', '\'']);
    let values = target.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.replace('+', " "));
    let decoded = values.map(|value| percent_decode_str(&value).decode_utf8_lossy().into_owned());
    decoded.filter(|value| !value.is_empty()).collect()
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
    fn credentials_that_nobody_speaks_of_are_one_entry() {
        let refused = |operation: &str, status: u16, answer: &str| Failure {
            operation: operation.to_owned(),
            rule: "valid-refused",
            status: Some(status),
            answer: Some(answer.to_owned()),
            ..failure(1)
        };
        let all = vec![
            refused("a", 401, "log in"),
            refused("b", 401, "log in first"),
            refused("c", 404, "no"),
            refused("d", 404, "no"),
        ];
        assert_eq!(group(all).len(), 2);
        assert_eq!(group(vec![refused("a", 400, "no"), refused("b", 400, "no")]).len(), 2, "what is wrong may be another thing");
    }

    #[test]
    fn a_value_that_two_operations_refuse_by_its_name_is_one_entry() {
        let refused = |operation: &str, answer: &str| Failure {
            operation: operation.to_owned(),
            rule: "valid-refused",
            status: Some(400),
            request: Some(r#"{"email":"a@b"}"#.to_owned()),
            answer: Some(answer.to_owned()),
            ..failure(1)
        };
        let named = r#"{"email":["Enter a valid address."]}"#;
        assert_eq!(group(vec![refused("a", named), refused("b", named)]).len(), 1);
        let form = Failure { request: Some("name=x&email=a%40b".to_owned()), ..refused("b", named) };
        assert_eq!(group(vec![refused("a", named), form]).len(), 1);
        assert_eq!(group(vec![refused("a", named), refused("b", r#"{"email":["Too long."]}"#)]).len(), 2);
    }

    #[test]
    fn the_same_exception_in_two_operations_is_one_entry() {
        let of = |operation: &str, said: &str| crash(operation, "the server fails on one", said);
        let pointer = "java.lang.NullPointerException: x is null";
        assert_eq!(group(vec![of("a", pointer), of("b", pointer)]).len(), 1);
        assert_eq!(group(vec![of("a", pointer), of("b", "java.lang.NumberFormatException")]).len(), 2);
        assert_eq!(group(vec![of("a", "Internal Server Error"), of("b", "Internal Server Error")]).len(), 2);
    }

    #[test]
    fn each_branch_of_a_choice_is_broken_where_the_choice_is() {
        let of = |promise: &str, what: &str| Failure {
            promise: format!("/components/schemas/Pet/properties/born/anyOf{promise}"),
            what: what.to_owned(),
            place: Some("/born".to_owned()),
            request: Some(r#"{"born":"2024-01-01T00:00:00"}"#.to_owned()),
            ..failure(1)
        };
        let what = "a request that breaks anyOf of /born is accepted with 201";
        assert_eq!(group(vec![of("", what), of("/0/format", what)]).len(), 1);
    }

    #[test]
    fn a_value_whose_bounds_are_forgotten_is_one_entry() {
        let of = |keyword: &str, place: &str| Failure {
            rule: "response-body",
            status: Some(200),
            promise: format!("/components/schemas/Pet/properties{place}/{keyword}"),
            what: format!("the body of 200 breaks {keyword} at {place}"),
            ..failure(1)
        };
        let all = vec![of("minLength", "/title"), of("maxLength", "/title"), of("minLength", "/note"), of("type", "/title")];
        assert_eq!(group(all).len(), 3);
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
        let anyway = Failure { case: "a:random:1".to_owned(), ..crash("a") };
        assert_eq!(group(vec![crash("a"), anyway]).len(), 1, "it fails on other bodies as well");
    }

    #[test]
    fn refusals_that_all_say_the_same_wrong_are_one_entry() {
        let of = |operation: &str, status: u16| Failure {
            rule: "response-body",
            operation: operation.to_owned(),
            status: Some(status),
            promise: format!("/paths/~1{operation}/post/responses/{status}/schema/properties/reason/type"),
            what: format!("the body of {status} breaks type at /reason"),
            ..failure(1)
        };
        assert_eq!(group(vec![of("a", 400), of("b", 400), of("b", 404)]).len(), 1);
        assert_eq!(group(vec![of("a", 200), of("b", 200)]).len(), 2);
    }

    #[test]
    fn a_number_that_was_sent_is_recognised_in_an_answer_and_not_inside_of_another() {
        let beyond = |offset: u32| Failure {
            curl: format!("curl -i -X GET 'http://127.0.0.1:80/pets?offset={offset}'"),
            ..crash("a", "the server fails (500) on a valid request", &format!("Error 500: fromIndex({offset}) > toIndex(3)"))
        };
        assert_eq!(group(vec![beyond(5), beyond(81), beyond(0)]).len(), 1);
    }

    #[test]
    fn who_fails_on_the_plain_request_fails_on_each_variant_of_it() {
        let on = |case: &str, what: &str| Failure {
            case: format!("a:{case}"),
            ..crash("a", &format!("the server fails (500) on {what}"), "Internal Server Error")
        };
        let broken =
            group(vec![on("boundary:baseline:2", "a valid request"), on("protocol:a-byte-order-mark", "a byte order mark")]);
        assert_eq!(broken.len(), 1);
        let one = group(vec![on("negative:type:8", "null"), on("protocol:a-byte-order-mark", "a byte order mark")]);
        assert_eq!(one.len(), 2, "of a request that is accepted each variant is a case by itself");
    }

    #[test]
    fn one_writer_of_errors_serves_all_operations() {
        let of = |operation: &str, status: u16, detail: &str| Failure {
            operation: operation.to_owned(),
            rule: "response-media-type",
            promise: format!("/paths/~1{operation}/get/responses/{status}"),
            status: Some(status),
            what: format!("the media type of {status} is {detail}"),
            detail: detail.to_owned(),
            ..failure(1)
        };
        let errors = [of("a", 400, "text/plain"), of("b", 404, "text/plain; charset=utf-8")];
        assert_eq!(group(errors.to_vec()).len(), 1);
        let others = [of("a", 400, "text/html"), of("a", 200, "text/plain"), of("b", 200, "text/plain")];
        assert_eq!(group([errors.as_slice(), &others].concat()).len(), 4);
    }

    #[test]
    fn two_rules_of_a_document_are_two_entries() {
        let other = Failure { promise: "/components/schemas/Pet/required".to_owned(), ..failure(2) };
        assert_eq!(group(vec![failure(1), other, failure(1)]).len(), 2);
    }

    #[test]
    fn one_keyword_that_nobody_checks_is_one_entry_with_all_its_places() {
        let all = group(vec![failure(1), failure(2), failure(2), failure(3)]);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].count, all[0].total(), all[0].more.len()), (2, 4, 2));
        assert!(all[0].what.contains("/p2"), "{}", all[0].what);
        assert_eq!(single(all).len(), 3);
    }

    #[test]
    fn a_parameter_that_nobody_checks_is_one_entry() {
        let of = |place: &str, keyword: &str| Failure {
            place: Some(place.to_owned()),
            promise: format!("/paths/~1pets/get{place}/{keyword}"),
            ..failure(1)
        };
        let other = Failure { operation: "getPets".to_owned(), ..of("/query/limit", "type") };
        let all = group(vec![of("/query/limit", "minimum"), of("/query/limit", "type"), of("/query/offset", "type"), other]);
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn what_is_alike_keeps_its_own_operations() {
        let lenient = |operation: &str, what: &str| Failure {
            rule: "lenient-json",
            operation: operation.to_owned(),
            promise: String::new(),
            what: what.to_owned(),
            ..failure(1)
        };
        let all = group(vec![lenient("a", "a comment"), lenient("a", "a comment"), lenient("b", "a byte order mark")]);
        assert_eq!((all.len(), all[0].also.len(), all[0].others()), (1, 0, vec!["b"]));
    }

    #[test]
    fn what_follows_from_an_accepted_request_is_not_told_again() {
        let shown = Failure {
            rule: "response-body",
            what: "the body of 200 breaks minLength at /p1".to_owned(),
            operation: "getPet".to_owned(),
            ..failure(1)
        };
        let all = group(vec![failure(1), shown.clone(), Failure { promise: failure(2).promise, ..shown }]);
        let rules: Vec<&str> = all.iter().map(|failure| failure.rule).collect();
        assert_eq!(rules, ["invalid-accepted", "response-body"]);
    }
}
