//! From the bytes of a body to the value that its schema is about.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use mime::Mime;
use openapi_document::pointer::escape;
use serde_json::{Map, Value};

use super::{
    header, json,
    media::{Syntax, named},
    read::{Body, RequestContent},
    shape::{Prefer, Shape},
    style::{Encoding, Malformed, Pair, add, pairs},
    valid_body::BodyPart,
};
use crate::problem::{Code, Problem, Violation};

/// The content for the request's media type (RFC 9110, section 8.3), and that type. A text in a charset other than UTF-8 and a
/// content coding are refused too; JSON has no other (RFC 8259, section 8.1).
pub(super) fn accepted<'a>(body: &'a Body, headers: &HeaderMap) -> Result<(&'a RequestContent, Mime), Problem> {
    let refused = || {
        let known = body.contents.iter().map(|known| known.range.essence()).collect::<Vec<_>>().join(" or ");
        Problem::new(Code::UnsupportedMediaType)
            .message(format!("The body must be {known}, in UTF-8 and without content coding."))
    };
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let media_type = match (types.next(), types.next()) {
        (Some(one), None) => one.to_str().ok().and_then(named).ok_or_else(refused)?,
        _ => return Err(refused()),
    };
    let utf8 = Syntax::of(&media_type) == Syntax::Bytes
        || media_type.get_param(mime::CHARSET).is_none_or(|charset| charset == mime::UTF_8);
    let plain = headers.get_all(CONTENT_ENCODING).iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    let known = body.contents.iter().find(|known| known.range.includes(&media_type));
    known.filter(|_| utf8 && plain).map(|content| (content, media_type)).ok_or_else(refused)
}

/// What a body says: the value, and the parts of `multipart/form-data`.
pub(super) struct Read {
    pub value: Value,
    pub parts: Vec<BodyPart>,
}

impl From<Value> for Read {
    fn from(value: Value) -> Self {
        Self { value, parts: Vec::new() }
    }
}

/// Reads a body of this media type.
///
/// # Errors
///
/// 400 when it is not what the media type says.
pub(super) async fn read(content: &RequestContent, media_type: &Mime, bytes: &Bytes, prefer: Prefer) -> Result<Read, Problem> {
    match Syntax::of(media_type) {
        Syntax::Json => json::parse(bytes).map(Read::from),
        Syntax::Form => {
            let text = std::str::from_utf8(bytes).map_err(|_| syntax("The body is not a valid form.", "must be in UTF-8"))?;
            form(content, text, prefer).map(Read::from)
        }
        Syntax::Multipart => {
            let parts = multipart(media_type, bytes).await?;
            let value = object_of_parts(content, &parts, prefer)?;
            Ok(Read { value, parts })
        }
        Syntax::Text => {
            let text = std::str::from_utf8(bytes).map_err(|_| syntax("The body is not a valid text.", "must be in UTF-8"))?;
            Ok(content.shape.read(text, prefer).into())
        }
        Syntax::Bytes => Ok(Value::String(characters(bytes)).into()),
    }
}

fn syntax(message: &str, rule: &str) -> Problem {
    let violation = Violation { pointer: String::new(), rule: "syntax".to_owned(), message: rule.to_owned() };
    Problem::new(Code::BadRequest).message(message).errors(vec![violation])
}

/// A character for each byte, so that the lengths of a schema count bytes.
fn characters(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// A form as an object (OpenAPI 3.1, section 4.8.14.4): each property by its `encoding`, or else one pair for each value.
fn form(content: &RequestContent, text: &str, prefer: Prefer) -> Result<Value, Problem> {
    let pairs = pairs(text);
    let object = content.shape.object.as_ref();
    let mut value = Map::new();
    let mut taken: Vec<&str> = Vec::new();
    for (name, encoding) in &content.encodings {
        let Some(style) = encoding.style else { continue };
        let shape = content.shape.property(name);
        let known = |other: &str| object.is_some_and(|object| object.properties.contains_key(other));
        let read = style.among(name, &shape, &pairs, known, prefer).map_err(|Malformed| {
            let pointer = format!("/{}", escape(name));
            let message = "must be written as the document says".to_owned();
            Problem::new(Code::BadRequest).errors(vec![Violation { pointer, rule: "type".to_owned(), message }])
        })?;
        taken.push(name);
        value.extend(read.map(|read| (name.clone(), read)));
    }
    for (name, text) in &pairs {
        let (name, text) = (Encoding::Form.decode(name), Encoding::Form.decode(text));
        let is_taken =
            taken.iter().any(|taken| name == *taken || name.strip_prefix(taken).is_some_and(|rest| rest.starts_with('[')));
        if !is_taken {
            let shape = content.shape.property(&name);
            add(&mut value, &shape, name.into_owned(), |shape| from_text(shape, &text, prefer));
        }
    }
    Ok(Value::Object(value))
}

/// A text as what its shape says. An object is JSON (OpenAPI 3.1, section 4.8.15.1.1).
fn from_text(shape: &Shape, text: &str, prefer: Prefer) -> Value {
    if shape.object.is_some()
        && let Ok(value @ Value::Object(_)) = json::value(text.as_bytes())
    {
        return value;
    }
    shape.read(text, prefer)
}

/// The parts of `multipart/form-data`.
async fn multipart(media_type: &Mime, bytes: &Bytes) -> Result<Vec<BodyPart>, Problem> {
    let refused = |cause: &str| syntax("The body is not valid multipart/form-data.", cause);
    let boundary = multer::parse_boundary(media_type.as_ref()).map_err(|_| refused("must have a boundary"))?;
    let whole = stream::iter([Ok::<_, Infallible>(bytes.clone())]);
    let mut fields = multer::Multipart::new(whole, boundary);
    let mut parts = Vec::new();
    // The errors of the parser may quote the body.
    while let Some(field) =
        fields.next_field().await.map_err(|_| refused("must have parts with their headers, and a last boundary"))?
    {
        let name = field.name().ok_or_else(|| refused("must have a name for each part"))?.to_owned();
        let (file_name, media_type) = (field.file_name().map(str::to_owned), field.content_type().cloned());
        let headers = field.headers().clone();
        let bytes = field.bytes().await.map_err(|_| refused("must have a last boundary"))?;
        parts.push(BodyPart { name, file_name, media_type, headers, bytes });
    }
    Ok(parts)
}

fn object_of_parts(content: &RequestContent, parts: &[BodyPart], prefer: Prefer) -> Result<Value, Problem> {
    let (mut value, mut broken) = (Map::new(), Vec::new());
    for part in parts {
        let shape = content.shape.property(&part.name);
        let pointer = format!("/{}", escape(&part.name));
        let mut violation =
            |rule: &str, message: String| broken.push(Violation { pointer: pointer.clone(), rule: rule.to_owned(), message });
        let rules = content.encodings.get(&part.name).map_or(&[][..], |encoding| &encoding.headers);
        for broken in header::broken(rules, &part.headers) {
            violation(&broken.rule, format!("must have a valid header {}: it {}", broken.name, broken.what));
        }
        let wanted = content.encodings.get(&part.name).map_or(&[][..], |encoding| &encoding.content_types);
        let given = part.media_type.clone().unwrap_or(mime::TEXT_PLAIN);
        if !wanted.is_empty() && part.media_type.is_some() && !wanted.iter().any(|range| range.includes(&given)) {
            let known = wanted.iter().map(|range| range.essence()).collect::<Vec<_>>().join(" or ");
            violation("contentType", format!("must be of the media type {known}"));
            continue;
        }
        let style = content.encodings.get(&part.name).and_then(|encoding| encoding.style);
        let is_json =
            Syntax::of(&given) == Syntax::Json || part.media_type.is_none() && wanted.iter().any(|range| range.is_json());
        if is_json {
            match json::value(&part.bytes) {
                Ok(read) => add(&mut value, &shape, part.name.clone(), |_| read),
                Err(_) => violation("syntax", "must be JSON".to_owned()),
            }
            continue;
        }
        let text = if Syntax::of(&given) == Syntax::Bytes { None } else { std::str::from_utf8(&part.bytes).ok() };
        match (text, style) {
            (None, _) => add(&mut value, &shape, part.name.clone(), |_| Value::String(characters(&part.bytes))),
            (Some(text), Some(style)) if !style.explode && !shape.is_scalar() => {
                let encoded: Vec<Pair<'_>> = vec![(part.name.as_str().into(), text.into())];
                match style.among(&part.name, &shape, &encoded, |_| false, prefer) {
                    Ok(read) => value.extend(read.map(|read| (part.name.clone(), read))),
                    Err(Malformed) => violation("type", "must be written as the document says".to_owned()),
                }
            }
            (Some(text), _) => add(&mut value, &shape, part.name.clone(), |shape| from_text(shape, text, prefer)),
        }
    }
    if broken.is_empty() { Ok(Value::Object(value)) } else { Err(Problem::new(Code::BadRequest).errors(broken)) }
}
