//! Answers, held to the document as requests are.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};

use super::{
    header, json,
    media::{Syntax, named},
    read::{Answer, AnswerContent, Operation},
    refusal::{self, Form},
    violations::violations as violations_of,
};
use crate::problem::{Code, Problem};

/// A refusal in the form that the document defines for the status, where there is one: 422 takes the place of 400 where it has only that.
pub(super) fn documented(operation: &Operation, mut problem: Problem) -> Problem {
    let has = |code: Code| operation.responses.contains_key(code.status().as_str());
    if problem.details().code == Code::BadRequest && !has(Code::BadRequest) && has(Code::UnprocessableEntity) {
        problem = problem.with_code(Code::UnprocessableEntity);
    }
    let code = problem.details().code;
    match operation.refusals.iter().find(|(known, _)| *known == code) {
        None | Some((_, Form::Problem(None))) => problem,
        Some((_, Form::Problem(Some(media_type)))) => problem.with_media_type(media_type.clone()),
        Some((_, Form::Text)) => {
            let text = refusal::message(problem.details());
            problem.with_body(HeaderValue::from_static("text/plain; charset=utf-8"), text.into_bytes())
        }
        Some((_, Form::Other(media_type, template))) => {
            let body = template.write(problem.details()).to_string();
            problem.with_body(media_type.clone(), body.into_bytes())
        }
    }
}

/// What the document has for a status: itself, its range, or the rest.
pub(super) fn answer(responses: &BTreeMap<String, Answer>, status: StatusCode) -> Option<&Answer> {
    let range = || responses.get(&format!("{}XX", &status.as_str()[..1]));
    responses.get(status.as_str()).or_else(range).or_else(|| responses.get("DEFAULT"))
}

/// What breaks the document, without values.
pub(super) fn violations(operation: &Operation, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Vec<String> {
    let Some(answer) = answer(&operation.responses, status) else {
        return vec![format!("status {} is not documented", status.as_str())];
    };
    let mut broken = in_headers(answer, headers);
    broken.extend(in_content(answer, headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()), body));
    broken
}

fn in_headers(answer: &Answer, headers: &HeaderMap) -> Vec<String> {
    header::broken(&answer.headers, headers)
        .into_iter()
        .map(|broken| format!("the header {} {}", broken.name, broken.what))
        .collect()
}

fn in_content(answer: &Answer, content_type: Option<&str>, bytes: &[u8]) -> Vec<String> {
    if answer.contents.is_empty() {
        return if bytes.is_empty() { Vec::new() } else { vec!["a body where the document has none".to_owned()] };
    }
    let Some(media_type) = content_type.and_then(named) else {
        return vec!["no media type".to_owned()];
    };
    let Some(AnswerContent { validator, .. }) = answer.contents.iter().find(|content| content.range.includes(&media_type)) else {
        return vec![format!("the media type {} is not documented", media_type.essence_str())];
    };
    if Syntax::of(&media_type) != Syntax::Json {
        return Vec::new();
    }
    match json::value(bytes) {
        Err(_) => vec!["the body is not JSON".to_owned()],
        Ok(value) => {
            let broken = violations_of(validator, &value, "");
            broken.into_iter().map(|violation| format!("{} breaks {}", violation.pointer, violation.rule)).collect()
        }
    }
}
