//! What servers say in words: of what is not there, is taken, or is wrong with a request.

use serde_json::Value;

use crate::{
    openapi::{
        request::Response,
        resources::{IDENTIFIERS, may_refer, plain},
    },
    text::word,
};

/// What an answer says, in small letters.
fn said(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).to_lowercase()
}

/// Whether an answer says in words that something is not there.
pub(super) fn says_missing(response: &Response) -> bool {
    word::says_missing(&said(response))
}

/// Whether an answer says in words that something is no id or cursor that the server has made: `Invalid dataset version ID`.
pub(super) fn says_no_id(response: &Response) -> bool {
    const IDS: [&str; 6] = ["cursor", "id", "ids", "identifier", "pagetoken", "token"];
    let said = said(response);
    let mut invalid = said.split("invalid ").skip(1).map(|rest| rest.split(|letter: char| !letter.is_alphanumeric()).take(4));
    invalid.any(|mut words| words.any(|word| IDS.contains(&word)))
}

/// Whether an answer says in words that somebody else has what must be new.
pub(super) fn says_taken(response: &Response) -> bool {
    const WORDS: [&str; 11] = [
        "already exist",
        "already been taken",
        "already taken",
        "already in use",
        "must be unique.",
        "has to be unique",
        "is taken",
        "not unique",
        "duplicate key",
        "duplicate entry",
        "duplicate value",
    ];
    let said = said(response).replace("action is taken", "");
    matches!(response.status, 400 | 409 | 422) && WORDS.iter().any(|words| said.contains(words))
}

/// Whether an answer names a member of the query or the body: “Database does not exist” of `database`.
pub(super) fn names_member(response: &Response, instance: &Value) -> bool {
    let said = said(response);
    members(instance).any(|(name, value)| !value.is_null() && is_named(&name.to_lowercase(), &said))
}

/// Whether an answer that says that something is missing names it as a member of the request does, and not as a part of the schema: “the
/// column `nickname` does not exist”.
pub(super) fn names_what_is_missing(response: &Response, instance: &Value) -> bool {
    const OF_SCHEMA: [&str; 7] = ["attribute", "column", "field", "key", "parameter", "property", "unknown"];
    let said = said(response);
    let is_of_schema = |at: usize| {
        let mut before = said[..at].split(|letter: char| !letter.is_alphanumeric()).rev().filter(|word| !word.is_empty());
        before.next().is_some_and(|word| OF_SCHEMA.contains(&word))
    };
    members(instance).filter(|(_, value)| !value.is_null()).any(|(name, _)| {
        let name = name.to_lowercase();
        named_at(&name, &said).any(|at| !is_of_schema(at))
    })
}

/// Whether an answer repeats a value of the query or the body, as a word. What is short enough to be anywhere is none, except for an id.
pub(super) fn repeats(response: &Response, instance: &Value) -> bool {
    let said = String::from_utf8_lossy(&response.body);
    members(instance).any(|(name, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return false,
        };
        let is_id = may_refer(name) || IDENTIFIERS.contains(&plain(name).as_str());
        (is_id || text.chars().count() > 2) && word::find(&said, &text).next().is_some()
    })
}

/// The texts, numbers and switches in the query and the body, also inside of others, each with the name of the property that has it.
fn members(instance: &Value) -> impl Iterator<Item = (&str, &Value)> {
    fn collect<'v>(name: &'v str, value: &'v Value, all: &mut Vec<(&'v str, &'v Value)>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(name, value)| collect(name, value, all)),
            Value::Array(items) => items.iter().for_each(|item| collect(name, item, all)),
            value => all.push((name, value)),
        }
    }
    let mut all = Vec::new();
    ["query", "body"].into_iter().filter_map(|root| instance.get(root)).for_each(|value| collect("", value, &mut all));
    all.into_iter()
}

/// Whether an answer says in words that there is no more to give to this caller.
pub(super) fn says_used_up(response: &Response) -> bool {
    const GRANTED: [&str; 6] = ["licence", "license", "limit", "plan", "quota", "subscription"];
    const ENDS: [&str; 7] = ["enough", "exceeded", "exhausted", "expired", "reached", "required", "used up"];
    let said = said(response);
    let has = |words: &[&str]| words.iter().any(|known| word::find(&said, known).next().is_some());
    matches!(response.status, 402 | 403 | 507) && has(&GRANTED) && has(&ENDS)
}

/// Whether an answer says in words that a time is over, or is still to come.
pub(super) fn says_when(response: &Response) -> bool {
    const WORDS: [&str; 7] =
        ["already expired", "already past", "future date", "in the future", "in the past", "not in future", "past date"];
    let said = said(response);
    WORDS.iter().any(|words| said.contains(words))
}

/// Whether an answer is about one of these texts of a request, each with the name of its property, or does not say what it is about.
pub(super) fn may_be_about(response: &Response, texts: &[(String, String)], instance: &Value) -> bool {
    let said = said(response);
    let is_about = |(name, text): &(String, String)| {
        is_named(&name.to_lowercase(), &said) || word::find(&said, &text.to_lowercase()).next().is_some()
    };
    !texts.is_empty() && (texts.iter().any(is_about) || !names_member(response, instance))
}

/// Whether an answer names the property or parameter at this place, as a word.
pub(super) fn is_named(place: &str, said: &str) -> bool {
    named_at(place.rsplit('/').next().unwrap_or_default(), said).next().is_some()
}

/// Where an answer has the name of a property or parameter, as a word.
fn named_at<'s>(name: &'s str, said: &'s str) -> impl Iterator<Item = usize> + 's {
    // What refusals call their own members says nothing.
    let is_told = move |at: &usize| name.len() > 2 && !said[at + name.len()..].starts_with("\":");
    word::find(said, name).filter(is_told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_id_is_told_in_words() {
        let is_none = |body: &str| says_no_id(&Response { status: 422, headers: Vec::new(), body: body.into() });
        assert!(is_none(r#"{"detail":"Invalid dataset version ID format: Delta"}"#));
        assert!(is_none("Invalid cursor format"));
        assert!(!is_none(r#"{"detail":"Invalid email address"}"#));
        assert!(!is_none("the width is invalid"));
    }

    #[test]
    fn what_a_refusal_names_it_names_as_a_word() {
        assert!(is_named("/body/name", "index.name should be not empty"));
        assert!(!is_named("/body/name", r#"{"name":"ValidationError"}"#), "what refusals call their own members says nothing");
        assert!(!is_named("/body/name", "the username is too short"));
        assert!(!is_named("/body/id", "id"), "too short to be told from others");
    }

    #[test]
    fn who_has_what_must_be_new_is_told_in_words() {
        let taken = |status: u16, body: &str| says_taken(&Response { status, headers: Vec::new(), body: body.into() });
        assert!(taken(400, r#"{"email":["author with this email already exists."]}"#));
        assert!(taken(422, r#"{"errors":{"name":["has already been taken"]}}"#));
        assert!(taken(409, "This name is taken.") && !taken(400, "No action is taken."));
        assert!(!taken(400, r#"{"email":["Enter a valid email address."]}"#));
        assert!(!taken(500, "duplicate key value violates unique constraint"), "a server that fails has failed");
    }

    #[test]
    fn what_is_missing_may_be_named_deep_in_a_request() {
        let answer = |body: &str| Response { status: 400, headers: Vec::new(), body: body.into() };
        let request = serde_json::json!({ "body": [{ "role": "echo", "limits": { "area": null } }] });
        assert!(names_what_is_missing(&answer("Role echo does not exist"), &request) && repeats(&answer("no echo"), &request));
        assert!(!names_what_is_missing(&answer("the area does not exist"), &request) && !repeats(&answer("echoes"), &request));
        // What the server does not know of the schema is the document's.
        let column = r#"column "role" does not exist"#;
        assert!(names_member(&answer(column), &request) && !names_what_is_missing(&answer(column), &request));
    }

    #[test]
    fn what_may_be_anywhere_is_not_repeated() {
        let answer = |body: &str| Response { status: 404, headers: Vec::new(), body: body.into() };
        let request =
            serde_json::json!({ "query": { "pet_id": 1 }, "body": { "draft": false, "note": null, "count": 1, "unit": "a" } });
        assert!(!repeats(&answer(r#"{"success":false,"data":null,"error":"a route is not found"}"#), &request));
        assert!(repeats(&answer("Pet 1 not found"), &request));
    }

    #[test]
    fn what_is_about_something_else_is_told_by_what_it_names() {
        let answer = |body: &str| Response { status: 400, headers: Vec::new(), body: body.into() };
        let request = serde_json::json!({ "body": { "phone": "golf", "age": 4 } });
        let texts = [("phone".to_owned(), "golf".to_owned())];
        assert!(
            may_be_about(&answer("Golf is no number"), &texts, &request)
                && may_be_about(&answer("bad request"), &texts, &request)
        );
        assert!(!may_be_about(&answer("age must be above 18"), &texts, &request) && !may_be_about(&answer(""), &[], &request));
    }

    #[test]
    fn a_quota_and_a_time_are_told_in_words() {
        let answer = |status: u16, body: &str| Response { status, headers: Vec::new(), body: body.into() };
        assert!(says_used_up(&answer(403, "The quota of projects is used up")) && !says_used_up(&answer(400, "quota exceeded")));
        assert!(
            says_used_up(&answer(403, "A license is required")) && !says_used_up(&answer(403, "The quotation is not required"))
        );
        assert!(says_when(&answer(400, "end time can't be in the past")) && !says_when(&answer(400, "this version has expired")));
    }
}
