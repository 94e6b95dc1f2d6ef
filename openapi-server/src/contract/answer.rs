//! Answers, held to the document as requests are.

use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use mime::Mime;

use super::{
    json,
    media::Syntax,
    parameters::header_value,
    read::{Answer, Operation, Text},
    shape::Prefer,
    violations::violations as violations_of,
};

/// What breaks the document, without values.
pub(super) fn violations(operation: &Operation, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Vec<String> {
    let status = status.as_str();
    let range = format!("{}XX", &status[..1]);
    let documented = [status, &range, "DEFAULT"].into_iter().find_map(|key| operation.responses.get(key));
    let Some(answer) = documented else { return vec![format!("status {status} is not documented")] };
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
