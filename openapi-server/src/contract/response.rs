//! Responses, held to the document as requests are.

use mime::Mime;
use poem::{Response, http::header::CONTENT_TYPE};

use super::{
    operation::{Answer, Operation, from_text, is_json},
    violations::violations,
};

/// The response as it is, or what breaks the document, without values.
pub(super) async fn check(operation: &Operation, response: Response) -> Result<Response, Vec<String>> {
    let status = response.status();
    let status = status.as_str();
    let range = format!("{}XX", &status[..1]);
    let documented = [status, &range, "default"].into_iter().find_map(|key| operation.responses.get(key));
    let Some(answer) = documented else { return Err(vec![format!("status {status} is not documented")]) };

    let mut broken = headers(answer, &response);
    let (parts, body) = response.into_parts();
    let Ok(bytes) = body.into_bytes().await else { return Err(vec!["the body cannot be read".to_owned()]) };
    broken.extend(content(answer, parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()), &bytes));
    if broken.is_empty() { Ok(Response::from_parts(parts, bytes.into())) } else { Err(broken) }
}

fn headers(answer: &Answer, response: &Response) -> Vec<String> {
    let mut broken = Vec::new();
    for header in &answer.headers {
        match response.headers().get(&header.name).map(|value| value.to_str()) {
            None if header.required => broken.push(format!("the header {} is missing", header.name)),
            None => {}
            Some(Err(_)) => broken.push(format!("the header {} is not text", header.name)),
            Some(Ok(text)) => {
                let wrong = violations(&header.validator, &from_text(text, &header.kind), "");
                broken.extend(wrong.into_iter().map(|violation| format!("the header {} breaks {}", header.name, violation.rule)));
            }
        }
    }
    broken
}

fn content(answer: &Answer, content_type: Option<&str>, bytes: &[u8]) -> Vec<String> {
    if answer.media_types.is_empty() {
        return if bytes.is_empty() { Vec::new() } else { vec!["a body where the document has none".to_owned()] };
    }
    let Some(media_type) = content_type.and_then(|text| text.parse::<Mime>().ok()) else {
        return vec!["no media type".to_owned()];
    };
    let Some((_, validator)) = answer.media_types.iter().find(|(known, _)| known.essence_str() == media_type.essence_str())
    else {
        return vec![format!("the media type {} is not documented", media_type.essence_str())];
    };
    if !is_json(&media_type) {
        return Vec::new();
    }
    match serde_json::from_slice(bytes) {
        Err(_) => vec!["the body is not JSON".to_owned()],
        Ok(value) => {
            let broken = violations(validator, &value, "");
            broken.into_iter().map(|violation| format!("{} breaks {}", violation.pointer, violation.rule)).collect()
        }
    }
}
