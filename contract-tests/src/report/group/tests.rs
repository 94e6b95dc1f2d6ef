//! Failures that are one entry, and such that are not.

use super::*;
use crate::{report::tests::failure, rules::Level};

fn crash(operation: &str, what: &str, answer: &str) -> Failure {
    Failure {
        operation: operation.to_owned(),
        promise: format!("/paths/~1{operation}/post"),
        rule: "server-error",
        what: what.to_owned(),
        status: Some(500),
        answer: Some(answer.to_owned()),
        ..failure(1)
    }
}

/// How many entries these failures are.
fn entries(failures: &[&Failure]) -> usize {
    group(failures.iter().copied().cloned().collect()).len()
}

#[test]
fn who_refuses_with_500_and_says_why_is_one_entry_for_each_reason() {
    let told = |operation: &str, title: &str, message: &str| Failure {
        title: title.to_owned(),
        request: None,
        ..crash(operation, &format!("the server fails (500) on {title}"), &format!(r#"{{"message":"{message}"}}"#))
    };
    let negative = "a request that breaks type of the body";
    let parsed = told("a", negative, "JSON parse error: Cannot read a `List` from Object value");
    let parsed_elsewhere = told("b", "a trailing comma", "JSON parse error: Unexpected character");
    let missing = told("a", "an empty body", "Required request body is missing: void a.A.a(String)");
    assert_eq!(entries(&[&parsed, &parsed_elsewhere, &missing]), 2);
    let null = |operation| told(operation, negative, "Cannot invoke \\\"a()\\\" because \\\"b\\\" is null");
    assert_eq!(entries(&[&null("a"), &null("b"), &missing]), 3, "what is not there may be anything");
    let generic = |operation| {
        told(operation, negative, "The server encountered an internal error and was unable to complete your request.")
    };
    assert_eq!(entries(&[&generic("a"), &generic("b"), &missing]), 3, "that is said of anything");
    let valid = |operation| told(operation, "a valid request", "Required request body is missing: void a.A.a(String)");
    assert_eq!(entries(&[&valid("a"), &valid("b"), &parsed]), 3, "a valid request is not refused");
    let without = told("a", WITHOUT_BODY, "the type is not that of a form");
    let at_all = told("a", "no body and no media type", "there is no media type");
    assert_eq!(entries(&[&without, &at_all, &missing, &parsed]), 2, "a request without a body is one request");
    let lacking = |operation| told(operation, "a valid request", "Database not connected");
    let everywhere = ["a", "b", "c", "d"].map(lacking);
    assert_eq!(entries(&everywhere.each_ref()), 1, "what is said of every operation is about the server");
    let method = |operation, method| told(operation, &format!("the method {method}, which is not documented"), "");
    assert_eq!(entries(&[&method("a", "PUT"), &method("b", "HEAD")]), 1);
}

#[test]
fn what_is_refused_with_the_same_words_about_a_value_is_one_entry() {
    let refused = |operation: &str, value: &str, said: &str| Failure {
        operation: operation.to_owned(),
        rule: "valid-refused",
        status: Some(400),
        request: Some(format!(r#"{{"urls":["{value}"]}}"#)),
        answer: Some(said.replace('_', value)),
        promise: format!("/{operation}"),
        ..failure(1)
    };
    let [one, other] = [("a", "golf"), ("b", "alpha")].map(|(operation, value)| refused(operation, value, "\"'_' is no URL.\""));
    assert_eq!(entries(&[&one, &other]), 1);
    let [one, other] = [("a", "golf"), ("b", "alpha")].map(|(operation, value)| refused(operation, value, "\"Not so.\""));
    assert_eq!(entries(&[&one, &other]), 2);
    let listed = |said: &str| refused("a", "golf", said);
    assert_eq!(entries(&[&listed(r#"{"all":["no name","no event"]}"#), &listed(r#"{"all":["no event","no name"]}"#)]), 1);
}

#[test]
fn an_expression_that_takes_the_end_of_a_line_is_one_entry_for_all_patterns() {
    let accepted = |number: usize, value: &str| Failure {
        promise: format!("/components/schemas/Pet{number}/properties/p{number}/pattern"),
        operation: format!("create{number}"),
        request: Some(format!(r#"{{"p{number}":"{value}"}}"#)),
        ..failure(number)
    };
    assert_eq!(entries(&[&accepted(1, r"a\n"), &accepted(2, r"b\n")]), 1);
    assert_eq!(entries(&[&accepted(1, "a"), &accepted(2, "b")]), 2);
}

#[test]
fn an_operation_that_does_not_answer_in_time_is_one_entry_whatever_it_is_asked() {
    let silent = |operation: &str, path: &str| Failure {
        operation: operation.to_owned(),
        rule: "no-answer",
        status: None,
        answer: None,
        place: None,
        what: format!("nothing answers {path}"),
        detail: format!("error sending request for url (http://127.0.0.1:1/{path}): operation timed out"),
        ..failure(1)
    };
    assert_eq!(entries(&[&silent("delay", "delay/a"), &silent("delay", "delay/%C3%A9"), &silent("drip", "drip")]), 2);
}

#[test]
fn what_is_of_another_type_breaks_each_part_of_a_schema_and_is_one_entry() {
    let wrong = |operation: &str, part: usize| Failure {
        operation: operation.to_owned(),
        rule: "response-body",
        status: Some(200),
        promise: format!("/components/schemas/Watch/allOf/{part}/type"),
        what: "the body of 200 breaks type at ".to_owned(),
        detail: "at ".to_owned(),
        answer: Some("\"OK\"".to_owned()),
        ..failure(1)
    };
    // The first part is shared with another operation, and that is the one that is shown.
    assert_eq!(entries(&[&wrong("getTag", 0), &wrong("getWatch", 0), &wrong("getWatch", 1)]), 1);
    assert_eq!(entries(&[&wrong("getTag", 0), &wrong("getWatch", 1)]), 2);
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
fn a_type_that_is_not_checked_in_two_parameters_is_one_entry() {
    let accepted = |name: &str, text: &str| Failure {
        operation: "a".to_owned(),
        rule: "invalid-accepted",
        promise: format!("/paths/~1a/get/parameters/{name}/schema/type"),
        place: Some(format!("/query/{name}")),
        text: Some(text.to_owned()),
        ..failure(1)
    };
    let all =
        vec![accepted("muted", "type: boolean"), accepted("active", "\"type\": \"boolean\""), accepted("limit", "type: integer")];
    assert_eq!(group(all).len(), 2);
}

#[test]
fn a_strict_reader_that_refuses_what_no_schema_describes_is_one_entry() {
    let of = |operation: &str, request: &str, answer: &str| refused(operation, Some(request), answer);
    let all = vec![
        of("a", r#"{"size":{"名":[]}}"#, r#"{"detail":"Unrecognized field \"名\" (class Size)"}"#),
        of("b", r#"{"with space":1}"#, r#"{"detail":"Unrecognized field \"with space\" (class Color)"}"#),
        of("c", r#"{"extra":1,"unknown":2}"#, r#"{"detail":"the field 'color' is unknown"}"#),
    ];
    assert_eq!(group(all).len(), 2);
}

#[test]
fn who_lets_in_anybody_has_one_entry_and_who_takes_bad_tokens_too() {
    let let_in = |operation: &str, title: &str| Failure {
        operation: operation.to_owned(),
        rule: "unauthenticated-accepted",
        level: Level::Error,
        case: format!("{operation}:authentication:x"),
        title: title.to_owned(),
        what: format!("{title} is accepted with 200"),
        status: Some(200),
        ..failure(1)
    };
    let all = vec![
        let_in("a", "invalid credentials"),
        let_in("b", "invalid credentials"),
        let_in("a", "no credentials"),
        let_in("b", "no credentials"),
    ];
    let groups = group(all.clone());
    assert_eq!(groups.iter().map(|it| (it.title.as_str(), it.more.len())).collect::<Vec<_>>(), [("no credentials", 1)]);
    assert_eq!(group([all, vec![let_in("c", "invalid credentials")]].concat()).len(), 2, "c takes bad ones only");
}

#[test]
fn bad_credentials_that_are_refused_with_another_status_are_one_entry() {
    let refused = |title: &str, status: u16| Failure {
        operation: "a".to_owned(),
        rule: "authentication-status",
        case: "a:authentication:x".to_owned(),
        title: title.to_owned(),
        what: format!("{title} is answered with {status}"),
        status: Some(status),
        ..failure(1)
    };
    assert_eq!(group(vec![refused("garbage", 403), refused("a changed token", 403)]).len(), 1);
    assert_eq!(group(vec![refused("two headers", 200), refused("a good and a bad header", 204)]).len(), 1);
    assert_eq!(group(vec![refused("garbage", 403), refused("two headers", 200), refused("garbage", 400)]).len(), 3);
}

#[test]
fn a_server_that_expects_no_null_and_nothing_missing_has_one_entry_for_each() {
    let failed = |operation: &str, request: &str, place: Option<&str>, answer: &str| Failure {
        operation: operation.to_owned(),
        rule: "server-error",
        status: Some(500),
        request: Some(request.to_owned()),
        place: place.map(str::to_owned),
        answer: Some(answer.to_owned()),
        ..failure(1)
    };
    let of_null = [
        failed("a", "null", None, r#"{"type":"NullPointerException","message":"A.first() of nothing"}"#),
        failed("b", " ", None, r#"{"type":"NullPointerException","message":"B.second() of nothing"}"#),
        failed("c", r#"{"d":null}"#, Some("/d"), r#"{"type":"NullPointerException","message":"C.third() of nothing"}"#),
    ];
    assert_eq!(group(of_null.to_vec()).len(), 1);
    let other = failed("d", r#"{"d":1}"#, Some("/d"), r#"{"type":"NullPointerException","message":"D.fourth() of nothing"}"#);
    assert_eq!(group([of_null.to_vec(), vec![other]].concat()).len(), 2);
    let missing = |operation: &str, words: &str| failed(operation, "{}", None, words);
    let all = vec![missing("a", "task T does not exist"), missing("b", "No job found"), missing("c", "the disk is full")];
    assert_eq!(group(all).len(), 2);
}

#[test]
fn a_date_that_operations_refuse_is_one_entry_whatever_it_is_called() {
    let of = |operation: &str, name: &str, value: &str, words: &str| Failure {
        curl: format!("curl -i -X GET 'http://h/{operation}?{name}={value}' \\\n"),
        ..refused(operation, None, &words.replace('N', name).replace('V', &value.replace("%3A", ":")))
    };
    let (one, other, words) = ("2024-01-01T00%3A00%3A00Z", "2025-01-01T01%3A00%3A00Z", "cannot read V of N");
    assert_eq!(group(vec![of("a", "before", one, words), of("b", "after", other, words)]).len(), 1);
    assert_eq!(group(vec![of("a", "before", one, words), of("b", "after", "2025-01-01", words)]).len(), 2);
    assert_eq!(group(vec![of("a", "before", one, words), of("b", "after", other, "V is too early for N")]).len(), 2);
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
    let all =
        vec![refused("a", 401, "log in"), refused("b", 401, "log in first"), refused("c", 404, "no"), refused("d", 404, "no")];
    assert_eq!(group(all).len(), 2);
    let other = Failure { promise: "/components/schemas/Pet/properties/name/minLength".to_owned(), ..refused("b", 400, "no") };
    assert_eq!(group(vec![refused("a", 400, "no"), other]).len(), 2, "what is wrong may be another thing");
    let shared = [refused("a", 400, "no"), refused("b", 400, "no"), refused("c", 400, "not this")];
    assert_eq!(group(shared.to_vec()).len(), 2, "what two operations share they refuse for one reason");
}

#[test]
fn a_value_of_the_query_that_operations_quote_is_one_entry() {
    let of = |operation: &str, value: &str| Failure {
        curl: format!("curl -i 'http://h/{operation}?order_by={value}'"),
        ..refused(operation, None, &format!("cannot order by '{value}'"))
    };
    assert_eq!(group(vec![of("a", "golf"), of("b", "echo"), of("c", "")]).len(), 1);
    assert_eq!(group(vec![of("a", "golf"), refused("b", None, "cannot order by 'golf'")]).len(), 2);
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

fn refused(operation: &str, request: Option<&str>, answer: &str) -> Failure {
    Failure {
        operation: operation.to_owned(),
        promise: format!("/paths/~1pets/{operation}"),
        rule: "valid-refused",
        status: Some(400),
        request: request.map(str::to_owned),
        answer: Some(answer.to_owned()),
        ..failure(1)
    }
}

#[test]
fn a_value_that_the_server_repeats_in_its_own_notation_is_recognised() {
    let with = |sent: &str, said: &str| {
        let answer = format!(r#"{{"message":"Unrecognized keys in mapping: \"{said}\"","name":"title"}}"#);
        refused("a", Some(sent), &answer)
    };
    let python =
        [with(r#"{"title":null,"b":null}"#, "{'b': None}"), with(r#"{"title":"","name2":-1.75}"#, "{'b': 83, 'name2': [-1.75]}")];
    assert_eq!(group(python.to_vec()).len(), 1);
    let text = |sent: &str, said: &str| refused("a", Some(sent), &format!("no cookies for {sent}: $.cookies{said}"));
    let kinds = [
        text(r#"{"cookies":{"UPPER":[0]}}"#, ".UPPER: array found, text expected"),
        text(r#"{"cookies":{"x-1":{"a":null}}}"#, ".x-1: object found, text expected"),
    ];
    assert_eq!(group(kinds.to_vec()).len(), 1);
    let other = text(r#"{"cookies":[]}"#, ": at least one expected");
    assert_eq!(group([kinds.as_slice(), &[other]].concat()).len(), 2);
}

#[test]
fn a_reader_that_fails_on_what_is_no_json_is_one_entry() {
    let on = |title: &str| Failure {
        case: format!("a:protocol:{title}"),
        title: title.to_owned(),
        ..crash("a", &format!("the server fails (500) on {title}"), "Internal Server Error")
    };
    assert_eq!(group(vec![on("a trailing comma"), on("a body that is not JSON"), on("a body that is cut short")]).len(), 1);
    assert_eq!(group(vec![on("no media type"), on("the media type text/plain")]).len(), 1);
    let each = ["a trailing comma", "arrays nested 25,000 deep", "no media type", "a charset that is not UTF-8"];
    assert_eq!(group(each.map(on).to_vec()).len(), 4);
}

#[test]
fn what_fails_in_the_same_way_fails_for_one_reason() {
    let on = |what: &str, said: &str| Failure {
        case: format!("a:protocol:{what}"),
        ..crash("a", &format!("the server fails (500) on {what}"), &format!(r#"{{"error":"Internal server error: {said}"}}"#))
    };
    let (none, deep) = ("'NoneType' object has no attribute 'args'", "maximum recursion depth exceeded");
    let all = [on("no body", none), on("no media type", none), on("text/plain", none), on("a deep body", deep)];
    assert_eq!(group(all.to_vec()).len(), 2);
    assert_eq!(group(all[..2].to_vec()).len(), 2, "perhaps it says so of everything");
    assert_eq!(group(vec![on("no body", ""), on("no media type", ""), on("a deep body", deep)]).len(), 3);
}

#[test]
fn what_is_missed_by_its_name_is_one_entry_in_all_operations() {
    let missed = |operation: &str, what: &str| refused(operation, Some("{}"), &format!(r#"{{"message":"Provide {what}"}}"#));
    let all = vec![missed("a", "data"), missed("b", "data"), refused("c", Some(r#"{"data":0}"#), "no")];
    assert_eq!(group(all).len(), 2);
    assert_eq!(group(vec![missed("a", "data"), missed("b", "data")]).len(), 2, "nobody knows that this is a name");
}

#[test]
fn a_parameter_that_operations_call_the_same_is_refused_for_one_reason() {
    let refused = |operation: &str, query: &str| Failure {
        curl: format!("curl -i -X GET 'http://127.0.0.1:1/{operation}?{query}'"),
        ..refused(operation, None, "bad matcher")
    };
    assert_eq!(group(vec![refused("a", "filter="), refused("b", "filter=")]).len(), 1);
    assert_eq!(group(vec![refused("a", "filter="), refused("b", "sort=")]).len(), 2);
    assert_eq!(group(vec![refused("a", "filter=&sort="), refused("b", "filter=&sort=")]).len(), 2);
}

#[test]
fn where_anything_is_accepted_no_rule_is_checked() {
    let of = |place: &str, keyword: &str, sent: &str| Failure {
        promise: format!("/components/schemas/Pet/properties{place}/{keyword}"),
        place: Some(place.to_owned()),
        text: Some("type: string".to_owned()),
        request: Some(format!(r#"{{"{}":{sent}}}"#, &place[1..])),
        ..failure(1)
    };
    let unchecked = of("/path", "type", "[]");
    assert_eq!(group(vec![unchecked.clone(), of("/path", "pattern", "\"\"")]).len(), 1);
    assert_eq!(group(vec![unchecked, of("/method", "pattern", "\"\"")]).len(), 2);
    assert_eq!(group(vec![of("/path", "type", "7"), of("/path", "pattern", "\"\"")]).len(), 2, "a number is converted");
}

#[test]
fn one_writer_of_times_writes_them_all() {
    let of = |operation: &str, property: &str, time: &str| Failure {
        rule: "response-body",
        operation: operation.to_owned(),
        status: Some(200),
        promise: format!("/components/schemas/{operation}/properties/{property}/format"),
        what: format!("the body of 200 breaks format at /{property}"),
        detail: format!("at /{property}"),
        text: Some("format: date-time".to_owned()),
        answer: Some(format!(r#"{{"{property}":"{time}"}}"#)),
        ..failure(1)
    };
    let all = vec![of("a", "made", "2026-11-29T23:20:14+0000"), of("b", "changed", "1970-01-01T00:00:00+0000")];
    assert_eq!(group(all).len(), 1);
    assert_eq!(group(vec![of("a", "made", "2026-11-29T23:20:14+0000"), of("b", "changed", "never")]).len(), 2);
}

#[test]
fn a_schema_that_answers_share_is_broken_once() {
    let of = |operation: &str, place: &str| Failure {
        rule: "response-body",
        operation: operation.to_owned(),
        status: Some(200),
        promise: "/components/schemas/Group/required".to_owned(),
        what: format!("the body of 200 breaks required at {place}"),
        ..failure(1)
    };
    assert_eq!(group(vec![of("post", "/by"), of("list", "/groups/*/by")]).len(), 1);
    assert_eq!(group(vec![of("post", "/by"), of("list", "/groups/*/id")]).len(), 2);
}

#[test]
fn a_value_that_all_operations_answer_otherwise_is_one_entry() {
    let of = |operation: &str, name: &str| Failure {
        rule: "echo",
        operation: operation.to_owned(),
        promise: format!("/paths/~1{operation}/{name}"),
        what: format!("the response has another {name} than the request"),
        ..failure(1)
    };
    assert_eq!(group(vec![of("a", "write"), of("b", "write")]).len(), 1);
    assert_eq!(group(vec![of("a", "write"), of("b", "name")]).len(), 2);
}

#[test]
fn another_status_for_what_is_refused_is_one_entry() {
    let of = |operation: &str, status: u16| Failure {
        rule: "refusal-status",
        operation: operation.to_owned(),
        status: Some(status),
        promise: format!("/paths/~1{operation}/post"),
        what: format!("what {operation} may not have is rejected with {status} instead of 400"),
        ..failure(1)
    };
    assert_eq!(group(vec![of("a", 422), of("b", 422)]).len(), 1);
    assert_eq!(group(vec![of("a", 422), of("b", 409), of("c", 409)]).len(), 3);
}

#[test]
fn a_parameter_of_the_path_that_operations_refuse_by_its_name_is_one_entry() {
    let refused = |operation: &str, answer: &str| Failure {
        operation: operation.to_owned(),
        name: format!("{operation} /pets/{{petId}}"),
        promise: format!("/paths/~1pets~1{{petId}}/{operation}"),
        rule: "valid-refused",
        status: Some(400),
        request: None,
        answer: Some(answer.to_owned()),
        ..failure(1)
    };
    let named = r#"{"path":["petId"],"message":"Invalid UUID"}"#;
    assert_eq!(group(vec![refused("get", named), refused("delete", named)]).len(), 1);
    assert_eq!(group(vec![refused("get", "Invalid UUID"), refused("delete", "Invalid UUID")]).len(), 2);
}

#[test]
fn a_name_that_refusals_have_themselves_counts_in_their_words() {
    let refused = |operation: &str, answer: &str| Failure {
        operation: operation.to_owned(),
        promise: format!("/paths/~1todos/{operation}"),
        rule: "valid-refused",
        status: Some(422),
        request: Some(r#"{"title":""}"#.to_owned()),
        answer: Some(answer.to_owned()),
        ..failure(1)
    };
    let named = r#"{"message":"`title` can't be blank"}"#;
    assert_eq!(group(vec![refused("post", named), refused("put", named)]).len(), 1);
    let unnamed = r#"{"title":"Bad Request"}"#;
    assert_eq!(group(vec![refused("post", unnamed), refused("put", unnamed)]).len(), 2);
}

#[test]
fn an_answer_that_repeats_the_path_of_the_request_says_the_same() {
    let fails = |path: &str| Failure {
        case: format!("{path}:protocol:multipart"),
        curl: format!("curl -i -X POST http://127.0.0.1:80{path} \\\n  --data-binary '{{}}'"),
        ..crash(path, "the server fails (500) on a form", &format!(r#"{{"error":"Internal Server Error","path":"{path}"}}"#))
    };
    assert_eq!(group(vec![fails("/books"), fails("/books/7/reviews")]).len(), 1);
}

#[test]
fn a_format_that_is_checked_wrongly_is_one_entry_in_all_operations() {
    let of = |schema: &str, property: &str, format: &str| Failure {
        operation: schema.to_owned(),
        promise: format!("/components/schemas/{schema}/properties/{property}/format"),
        place: Some(format!("/{property}")),
        text: Some(format!("{{ type: string, format: {format}, maxLength: 9 }}")),
        what: format!("a request that breaks format of /{property} is accepted with 201"),
        ..failure(1)
    };
    let one = [of("New", "email", "email"), of("Patch", "email", "email")];
    assert_eq!(group(one.to_vec()).len(), 1);
    assert_eq!(group([one.as_slice(), &[of("New", "born", "date"), of("New", "at", "date-time")]].concat()).len(), 3);
}

#[test]
fn null_that_is_taken_for_what_is_left_out_is_one_entry() {
    let of = |schema: &str, property: &str, value: &str| Failure {
        operation: schema.to_owned(),
        promise: format!("/components/schemas/{schema}/properties/{property}/type"),
        place: Some(format!("/{property}")),
        text: Some("type: array".to_owned()),
        request: Some(format!(r#"{{"{property}":{value}}}"#)),
        ..failure(1)
    };
    assert_eq!(group(vec![of("New", "tags", "null"), of("Patch", "notes", "null")]).len(), 1);
    assert_eq!(group(vec![of("New", "tags", "null"), of("Patch", "notes", "{}")]).len(), 2);
    let written = |failure: Failure, answer: &str| Failure {
        rule: "response-body",
        detail: format!("at {}", failure.place.clone().unwrap()),
        place: None,
        status: Some(201),
        answer: Some(answer.to_owned()),
        ..failure
    };
    let (tags, notes) = (of("Tag", "tags", "[]"), of("Note", "notes", "[]"));
    let both = |answer: &str| vec![written(tags.clone(), answer), written(notes.clone(), answer)];
    assert_eq!(group(both(r#"{"tags":null,"notes":null}"#)).len(), 1);
    assert_eq!(group(both(r#"{"tags":1,"notes":null}"#)).len(), 2);
}

#[test]
fn a_refusal_in_another_form_is_one_entry_whatever_it_lacks() {
    let of = |what: &str, answer: &str| Failure {
        rule: "response-body",
        promise: format!("/components/schemas/Problem/{what}"),
        what: format!("the body of 405 breaks {what}"),
        status: Some(405),
        answer: Some(answer.to_owned()),
        ..failure(1)
    };
    let (one, other) = (r#"{"detail":"no"}"#, r#"{"reason":"no such thing"}"#);
    assert_eq!(group(vec![of("required at /code", one), of("additionalProperties at /*", one)]).len(), 1);
    assert_eq!(group(vec![of("required at /code", one), of("additionalProperties at /*", other)]).len(), 2);
}

#[test]
fn what_was_accepted_and_is_shown_later_is_told_once() {
    let accepted = Failure {
        name: "PATCH /pets/{id}".to_owned(),
        promise: "/components/schemas/PatchPet/properties/tags/type".to_owned(),
        place: Some("/tags".to_owned()),
        request: Some(r#"{"tags":null}"#.to_owned()),
        ..failure(1)
    };
    let shown = |name: &str, answer: &str| Failure {
        rule: "response-body",
        name: name.to_owned(),
        promise: "/components/schemas/Pet/properties/tags/type".to_owned(),
        detail: "at /tags".to_owned(),
        answer: Some(answer.to_owned()),
        ..failure(1)
    };
    let with = |shown: Failure| group(vec![accepted.clone(), shown]).len();
    assert_eq!(with(shown("GET /pets/{id}", r#"{"tags":null}"#)), 1);
    assert_eq!(with(shown("GET /pets/{id}", r#"{"tags":7}"#)), 2, "that is of another kind");
    assert_eq!(with(shown("POST /pets", r#"{"tags":null}"#)), 2, "that was just created");
    assert_eq!(with(shown("GET /owners/{id}", r#"{"tags":null}"#)), 2, "that is another collection");
    let below = |name: &str| Failure { name: name.to_owned(), ..accepted.clone() };
    let after = |name: &str, other: &str| group(vec![below(name), shown(other, r#"{"tags":null}"#)]).len();
    assert_eq!(after("PATCH /api/v1/pets/{id}", "GET /api/v1/pets"), 1);
    assert_eq!(after("PATCH /api/v1/pets/{id}", "GET /api/v1/owners/{id}"), 2, "what all paths begin with is no collection");
    assert_eq!(after("PUT /orgs/{org}/pets/{id}", "GET /orgs/{name}/pets/{pet}"), 1);
    assert_eq!(after("PUT /orgs/{org}/pets/{id}", "GET /orgs/{org}/members"), 2);
}

#[test]
fn the_same_exception_in_two_operations_is_one_entry() {
    let of = |operation: &str, said: &str| crash(operation, "the server fails on one", said);
    let pointer = "java.lang.NullPointerException: x is null";
    assert_eq!(group(vec![of("a", pointer), of("b", pointer)]).len(), 1);
    assert_eq!(group(vec![of("a", pointer), of("b", "java.lang.NumberFormatException")]).len(), 2);
    assert_eq!(group(vec![of("a", "<h1>TypeError: no answer</h1>"), of("b", "<h1>TypeError: no answer</h1>")]).len(), 1);
    assert_eq!(group(vec![of("a", "Internal Server Error"), of("b", "Internal Server Error")]).len(), 2);
    let in_query = |table: &str| format!(r#"{{"detail":"DataException: no such OFFSET; statement:\nSELECT * FROM {table}"}}"#);
    assert_eq!(group(vec![of("a", &in_query("pets")), of("b", &in_query("owners"))]).len(), 1);
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
    let broken = group(vec![on("boundary:baseline:2", "a valid request"), on("protocol:a-byte-order-mark", "a byte order mark")]);
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
    let everywhere = ["a", "b", "c", "d"].map(|operation| of(operation, 200, "text/plain"));
    assert_eq!(group(everywhere.to_vec()).len(), 1);
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

#[test]
fn each_request_that_may_have_ended_the_server_is_kept() {
    let ended = |title: &str, number: usize| Failure {
        rule: "no-answer",
        title: title.to_owned(),
        what: format!("nothing answers {title}, {GONE}"),
        curl: format!("curl {number}"),
        status: None,
        ..failure(number)
    };
    let [entry] = &group(vec![ended("a request that breaks type", 1), ended(VALID, 2)])[..] else { panic!("one entry") };
    assert_eq!((entry.title.as_str(), entry.more.len()), (VALID, 1));
}

#[test]
fn what_a_server_says_when_it_fails_is_told_once() {
    let fails = crash("a", "the server fails (500)", "panic");
    let written = Failure { rule: "response-media-type", what: "500 has no media type".to_owned(), ..fails.clone() };
    assert_eq!(entries(&[&fails, &written]), 1);
    assert_eq!(entries(&[&written]), 1);
    let [entry] = &group(vec![fails, written])[..] else { panic!("one entry") };
    assert!(entry.more.is_empty());
}

#[test]
fn what_an_operation_says_of_whatever_it_is_asked_is_one_entry() {
    let told = |title: &str, answer: &str| Failure {
        title: title.to_owned(),
        request: None,
        promise: format!("/{title}"),
        ..crash("a", &format!("the server fails (500) on {title}"), answer)
    };
    let valid = told("a valid request", r#"{"error_code":500,"message":"The group 'x1' already exists"}"#);
    let negative = told("a request that breaks type of /id", r#"{"message":"The group '0' already exists","detail":"d"}"#);
    let other = told("a byte order mark", r#"{"message":"There is no room for groups"}"#);
    assert_eq!(entries(&[&valid, &negative, &other]), 2);
    let elsewhere = Failure { operation: "b".to_owned(), ..valid.clone() };
    assert_eq!(entries(&[&valid, &elsewhere, &other]), 3);
}

#[test]
fn what_operations_share_fails_for_one_reason() {
    let failed = |operation: &str, promise: &str, said: &str| Failure {
        promise: promise.to_owned(),
        ..crash(operation, "the server fails (500) on a request that breaks type of /body/state", said)
    };
    let [one, other] = ["a", "b"].map(|operation| failed(operation, "/components/schemas/State/type", "Internal Server Error"));
    let elsewhere = failed("c", "/paths/~1c/put/type", "Internal Server Error");
    assert_eq!(entries(&[&one, &other, &elsewhere]), 2);
}

#[test]
fn one_reader_of_parameters_says_the_same_of_all_of_them() {
    let refused = |name: &str, said: &str| Failure {
        operation: name.to_owned(),
        rule: "valid-refused",
        status: Some(400),
        place: Some(format!("/query/{name}")),
        request: None,
        answer: Some(said.replace('_', name)),
        promise: format!("/{name}"),
        ..failure(1)
    };
    assert_eq!(entries(&[&refused("since", "no value for _"), &refused("before", "no value for _")]), 1);
    assert_eq!(entries(&[&refused("since", "not so"), &refused("before", "not so")]), 2);
}

#[test]
fn a_place_that_a_refusal_names_is_anywhere() {
    let refused = |said: &str| refused("a", Some(r#"{"requests":[{}]}"#), said);
    let in_words =
        [refused("requests: $.requests[0].headers.X: text expected"), refused("requests: $.requests[0].path.a: text expected")];
    assert_eq!(group(in_words.to_vec()).len(), 1);
    let pointed =
        ["/host", "/request/host"].map(|at| refused(&format!(r#"{{"pointer":"{at}","detail":"no operation, requests"}}"#)));
    assert_eq!(group(pointed.to_vec()).len(), 1);
}

#[test]
fn null_in_an_answer_is_one_entry_whatever_refuses_it() {
    let null = |keyword: &str, name: &str| Failure {
        rule: "response-body",
        promise: format!("/components/schemas/A/properties/{name}/{keyword}"),
        what: format!("200 breaks {keyword} at /{name}"),
        status: Some(200),
        detail: format!("at /{name}"),
        answer: Some(format!(r#"{{"{name}":null}}"#)),
        ..failure(1)
    };
    assert_eq!(entries(&[&null("oneOf", "a"), &null("type", "b")]), 1);
}
