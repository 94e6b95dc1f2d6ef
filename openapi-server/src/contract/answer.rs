//! Answers, held to the document as requests are.

use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use mime::Mime;
use serde_json::json;

use super::{
    json,
    media::Syntax,
    parameters::header_value,
    read::{Answer, Operation, Text},
    shape::Prefer,
    violations::violations as violations_of,
};
use crate::problem::{Code, Problem};

/// A refusal as the document has it, as far as it has what fits: 422 in the place of 400, and another media type for what its schema
/// allows.
pub(super) fn documented(operation: &Operation, mut problem: Problem) -> Problem {
    let has = |code: Code| operation.responses.contains_key(code.status().as_str());
    if problem.details().code == Code::BadRequest && !has(Code::BadRequest) && has(Code::UnprocessableEntity) {
        problem = problem.with_code(Code::UnprocessableEntity);
    }
    let Some(answer) = answer(operation, problem.details().code.status()) else { return problem };
    if problem.media_type().parse().is_ok_and(|own| answer.contents.iter().any(|(range, _)| range.includes(&own))) {
        return problem;
    }
    let body = json!(problem.details());
    let other = answer.contents.iter().find(|(range, validator)| range.is_json() && validator.is_valid(&body));
    match other.and_then(|(range, _)| range.essence().parse().ok()) {
        Some(other) => problem.with_media_type(other),
        None => problem,
    }
}

/// What the document has for a status: itself, its range, or the rest.
fn answer(operation: &Operation, status: StatusCode) -> Option<&Answer> {
    let responses = &operation.responses;
    let range = || responses.get(&format!("{}XX", &status.as_str()[..1]));
    responses.get(status.as_str()).or_else(range).or_else(|| responses.get("DEFAULT"))
}

/// What breaks the document, without values.
pub(super) fn violations(operation: &Operation, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Vec<String> {
    let Some(answer) = answer(operation, status) else {
        return vec![format!("status {} is not documented", status.as_str())];
    };
    let mut broken = in_headers(answer, headers);
    broken.extend(in_content(answer, headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()), body));
    broken
}

fn in_headers(answer: &Answer, headers: &HeaderMap) -> Vec<String> {
    let mut broken = Vec::new();
    for header in &answer.headers {
        let name = &header.name;
        let texts: Result<Vec<&str>, _> = headers.get_all(name).iter().map(|value| value.to_str()).collect();
        match texts {
            Err(_) => broken.push(format!("the header {name} is not text")),
            Ok(texts) if texts.is_empty() && header.required => broken.push(format!("the header {name} is missing")),
            Ok(texts) if texts.is_empty() => {}
            Ok(texts) => {
                let text = texts.join(",");
                let read = |prefer| header_value(&header.text, name.as_str(), &text, prefer);
                let Some(value) = read(Prefer::Literal) else {
                    broken.push(format!("the header {name} is not written as the document says"));
                    continue;
                };
                let wrong = violations_of(&header.validator, &value, "");
                let ambiguous = matches!(&header.text, Text::Styled(_, shape) if shape.is_ambiguous());
                if ambiguous && read(Prefer::Text).is_some_and(|value| header.validator.is_valid(&value)) {
                    continue;
                }
                broken.extend(wrong.into_iter().map(|violation| format!("the header {name} breaks {}", violation.rule)));
            }
        }
    }
    broken
}

fn in_content(answer: &Answer, content_type: Option<&str>, bytes: &[u8]) -> Vec<String> {
    if answer.contents.is_empty() {
        return if bytes.is_empty() { Vec::new() } else { vec!["a body where the document has none".to_owned()] };
    }
    let Some(media_type) = content_type.and_then(|text| text.parse::<Mime>().ok()) else {
        return vec!["no media type".to_owned()];
    };
    let Some((_, validator)) = answer.contents.iter().find(|(range, _)| range.includes(&media_type)) else {
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
