//! What a server said: without what differs from request to request, and what its words mean.

use std::cmp::Reverse;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{generate::NAMES, report::Failure, text::word};

/// What servers say of every failure, such as Werkzeug: “The server encountered an internal error and was unable to complete your
/// request.”
const OF_EVERY_FAILURE: &str = "admin administrator again and application complete condition contact either encountered error failed from has internal later \
    occured occurred overloaded please prevented processing request server something status that the there try unable unexpected was went wrong your";

/// Whether there is more in what a server said than what every failure is called.
pub(super) fn says_more_than_its_status(said: &str) -> bool {
    let mut texts = Vec::new();
    match serde_json::from_str(said) {
        Ok(answer) => collect(Some(&answer), &mut texts),
        Err(_) => texts.push(without_markup(said)),
    }
    let words = texts.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphabetic()));
    let is_telling = |word: &&str| word.len() > 2 && !OF_EVERY_FAILURE.split(' ').any(|known| word.eq_ignore_ascii_case(known));
    words.filter(is_telling).count() > 1
}

/// The text of a page, without its elements, styles and scripts.
fn without_markup(said: &str) -> String {
    let mut text = String::new();
    let mut rest = said;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        if !after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')) {
            text.push('<');
            rest = after;
            continue;
        }
        text.push(' ');
        let begins = |name: &str| after.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let hidden = ["style", "script"].into_iter().find(|name| begins(name));
        let end = hidden.and_then(|name| after.to_ascii_lowercase().find(&format!("</{name}")));
        rest = after[end.unwrap_or(0)..].split_once('>').map_or("", |(_, after)| after);
    }
    text + rest
}

/// Whether a server says which exception it failed with, such as `TypeError`: what has no name of its own may be anything.
pub(super) fn names_exception(said: &str) -> bool {
    let mut words = said.split(|letter: char| !letter.is_alphanumeric());
    said.contains("Exception") || words.any(|word| word.strip_suffix("Error").is_some_and(|kind| !kind.is_empty()))
}

/// The name of the exception that a server says it failed with.
pub(super) fn exception(said: &str) -> Option<String> {
    let mut words = said.split(|letter: char| !letter.is_alphanumeric());
    words
        .find(|word| ["Exception", "Error"].iter().any(|kind| word.len() > kind.len() && word.ends_with(kind)))
        .map(str::to_owned)
}

/// The first thing that a server said, without what is in quotes and behind a colon: what was wrong, whatever the operation.
pub(crate) fn gist(answer: &str) -> String {
    let said = texts(Some(answer));
    let first = said.iter().find(|text| says_more_than_its_status(text)).map(String::as_str).unwrap_or_default();
    let first = first.split([';', '\n']).next().and_then(|first| first.split(": ").next()).unwrap_or_default();
    let unquoted = first.split(['\'', '"', '`']).step_by(2);
    normal(&unquoted.collect::<Vec<_>>().join("…"))
}

/// Whether a server says that it has met something that is not there, which may be anywhere.
pub(super) fn is_crash(said: &str) -> bool {
    names_exception(said) || ["null", "undefined", "nil ", "NoneType"].iter().any(|nothing| said.contains(nothing))
}

/// What the server said, without what differs from request to request.
pub(super) fn normalised(failure: &Failure) -> String {
    let mut said = failure.answer.clone().unwrap_or_default();
    let sent = json(failure.request.as_deref());
    let mut values = Vec::new();
    collect(sent.as_ref(), &mut values);
    values.extend(in_target(&failure.curl));
    values.extend(path_of(&failure.curl).map(str::to_owned));
    values.sort_by_key(|value| Reverse(value.len()));
    for value in values {
        said = without(&said, &value);
    }
    if query_of(&failure.curl).iter().any(|(_, value)| value.is_empty()) {
        said = said.replace("''", "'…'");
    }
    normal(&without_literals(&said))
}

/// What servers call the kinds of values, and how some write the simple ones: what was sent says which of them is there.
const KINDS: [&str; 16] = [
    "None", "True", "False", "array", "bool", "boolean", "dict", "float", "int", "integer", "list", "null", "number", "object",
    "str", "string",
];

/// What a server said, in which each value that it repeats in its own notation is written alike, and so is each name of the engine's own.
fn without_literals(said: &str) -> String {
    let words = |text: &str| {
        let text = without_pointers(&without_brackets(text));
        NAMES.iter().chain(&KINDS).fold(text, |text, name| without(&text, name))
    };
    match serde_json::from_str::<Value>(said) {
        Ok(mut answer @ (Value::Array(_) | Value::Object(_))) => {
            each_text(&mut answer, &words);
            answer.to_string()
        }
        // It may have been cut short, in the middle of what it repeats.
        _ => {
            let cuts = REPEATING.iter().filter_map(|name| said.find(&format!("\"{name}\":")));
            words(cuts.min().map_or(said, |at| &said[..at]))
        }
    }
}

/// Changes every text in a value.
fn each_text(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => {
            items.iter_mut().for_each(|item| each_text(item, change));
            items.sort_by_key(Value::to_string); // Some list what is wrong in any order.
        }
        Value::Object(object) => {
            object.retain(|name, _| !REPEATING.contains(&name.as_str()));
            object.values_mut().for_each(|item| each_text(item, change));
        }
        _ => {}
    }
}

/// What servers call the value that they have refused, when they repeat it.
const REPEATING: [&str; 8] =
    ["input", "received", "rejectedValue", "rejected_value", "requestBody", "request_body", "value", "actual"];

/// A text in which each place in a body is written alike, as a JSONPath or, where it is all that there is, as a pointer.
fn without_pointers(text: &str) -> String {
    if text.starts_with('/') && !text.contains(char::is_whitespace) {
        return "…".to_owned();
    }
    let is_path = |word: &str| word.starts_with("$.") || word.starts_with("$[");
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let bare = word.trim_end_matches(|last: char| last.is_whitespace() || matches!(last, ':' | ',' | ';'));
        if is_path(bare) { word.replacen(bare, "…", 1) } else { word.to_owned() }
    });
    words.collect()
}

/// A text in which everything between brackets or braces that belong together is written alike.
fn without_brackets(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[']) {
        let mut depth = 0;
        let end = rest[at..].char_indices().find(|(_, letter)| {
            depth += match letter {
                '{' | '[' => 1,
                '}' | ']' => -1,
                _ => 0,
            };
            depth == 0
        });
        let Some((length, _)) = end else { break };
        kept.push_str(&rest[..at]);
        kept.push('…');
        rest = &rest[at + length + 1..];
    }
    kept + rest
}

/// A text with every occurrence of a value written alike that is not a part of a word.
pub(super) fn without(text: &str, value: &str) -> String {
    let mut kept = String::new();
    let mut end = 0;
    for at in word::find(text, value) {
        kept.push_str(&text[end..at]);
        kept.push('…');
        end = at + value.len();
    }
    kept + &text[end..]
}

/// A body, where it is JSON.
pub(super) fn json(body: Option<&str>) -> Option<Value> {
    body.and_then(|body| serde_json::from_str(body).ok())
}

/// The texts of a body that is JSON, where they are long enough to be recognised.
pub(super) fn texts(body: Option<&str>) -> Vec<String> {
    let mut all = Vec::new();
    collect(json(body).as_ref(), &mut all);
    all
}

/// The texts of a value that are long enough to be recognised.
fn collect(value: Option<&Value>, all: &mut Vec<String>) {
    match value {
        Some(Value::String(text)) if text.chars().count() > 3 => all.push(text.clone()),
        Some(Value::Array(items)) => items.iter().for_each(|item| collect(Some(item), all)),
        Some(Value::Object(object)) => object.values().for_each(|item| collect(Some(item), all)),
        _ => {}
    }
}

/// The names and values in the query of a command for curl, decoded.
pub(super) fn query_of(curl: &str) -> Vec<(String, String)> {
    let query = curl.lines().next().and_then(|line| line.rsplit_once('?')).map_or("", |(_, query)| query);
    let pairs = query.trim_end_matches(['\\', ' ', '\'']).split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// The values in the query of a command for curl.
fn in_target(curl: &str) -> Vec<String> {
    query_of(curl).into_iter().map(|(_, value)| value).filter(|value| !value.is_empty()).collect()
}

/// The path of a command for curl, which some answers repeat.
fn path_of(curl: &str) -> Option<&str> {
    let (_, url) = curl.lines().next()?.split_once("://")?;
    let path = &url[url.find('/')?..];
    let end = path.find(['?', '\'', ' ', '"']).unwrap_or(path.len());
    Some(&path[..end]).filter(|path| path.len() > 1)
}

/// How much of an answer tells causes apart, in characters.
const TELLING: usize = 300;

/// A text with every run of digits, and of letters and digits that looks like an id, written alike.
pub(super) fn normal(text: &str) -> String {
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

    #[test]
    fn a_page_says_what_its_text_says() {
        let page = |title: &str| {
            format!("<!doctype html>\n<html lang=en><style>body {{ color: red }}</style><title>{title}</title><h1>{title}</h1>")
        };
        assert!(!says_more_than_its_status(&page("500 Internal Server Error")));
        assert!(says_more_than_its_status(&page("NumberFormatException: For input string")));
        assert_eq!(without_markup("a < b<STYLE>c</STYLE>d"), "a < b d");
    }
}
