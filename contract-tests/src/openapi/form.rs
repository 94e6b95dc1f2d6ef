//! Bodies that are not JSON: forms, plain text, whose values are texts, and bytes.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{
    operation::{ParameterLocation, essence, is_json},
    style::{Serialization, Style, text},
};
use crate::text::word;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`.
    Multipart,
    /// `text/plain` and others that any text is right for.
    Text,
    /// `application/octet-stream` and formats of files: what stands for the bytes is a text in ASCII.
    Bytes,
}

impl Writing {
    /// Of a media type or range, where it has a schema and `is_text` says whether this is one of texts; none where the engine cannot
    /// write it.
    pub fn of(media_type: &str, is_text: bool) -> Option<Self> {
        let sent = sent(media_type, is_text);
        match essence(&sent).as_str() {
            _ if is_json(&sent) => Some(Self::Json),
            "application/x-www-form-urlencoded" => Some(Self::Form),
            "multipart/form-data" => Some(Self::Multipart),
            "text/plain" => Some(Self::Text),
            "text/csv" | "text/html" | "text/markdown" if is_text => Some(Self::Text),
            FILE if is_text => Some(Self::Bytes),
            other => sample(other).filter(|_| is_text).map(|_| Self::Bytes),
        }
    }

    /// Whether every server reads the same name again; `is_known` says whether the document has it for a property.
    pub fn can_name(self, name: &str, is_known: bool) -> bool {
        // Some servers read brackets and dots as structure, unless they are in the name.
        let plain = !name.is_empty() && !name.contains('\0') && (is_known || !name.contains(['[', ']', '.']));
        plain
            && (self != Self::Multipart || name.chars().all(|c| (' '..='~').contains(&c) && !matches!(c, '"' | '\\' | '%' | ';')))
    }

    /// Whether every server reads the same text again.
    pub fn can_hold(self, text: &str) -> bool {
        let whole = !text.contains(['\0', '\r']);
        match self {
            Self::Json => true,
            Self::Form => whole,
            Self::Multipart => whole && !text.contains(BOUNDARY),
            // Without a text there is no body, and some servers trim it.
            Self::Text => whole && !text.is_empty() && text.trim() == text,
            // The bytes count, which need not be characters.
            Self::Bytes => !text.is_empty() && text.is_ascii(),
        }
    }

    /// The bytes of a body, and its media type. `file` says which parts are sent as files.
    pub fn written(self, media_type: &str, body: &Value, file: impl Fn(&str) -> Option<File>) -> (Vec<u8>, String) {
        if let Some(sample) = sample(&essence(media_type)).filter(|_| self == Self::Bytes) {
            return (sample, media_type.to_owned());
        }
        let named =
            if self == Self::Multipart { format!("multipart/form-data; boundary={BOUNDARY}") } else { media_type.to_owned() };
        let bytes = match (self, body) {
            (Self::Json, body) => body.to_string(),
            (Self::Text | Self::Bytes, body) => text(body).map(std::borrow::Cow::into_owned).unwrap_or_default(),
            (Self::Form, Value::Object(object)) => urlencoded(object),
            (Self::Multipart, Value::Object(object)) => return (multipart(object, file), named),
            (Self::Form | Self::Multipart, _) => String::new(),
        };
        (bytes.into_bytes(), named)
    }
}

/// A part of a form that is sent as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// The media type that the document has for it.
    pub media_type: Option<String>,
    /// Whether the document asks something of its bytes.
    pub is_constrained: bool,
}

impl File {
    /// Its media type, its name, and its bytes where a value would only stand for them. A picture is called so.
    fn about(&self, property: &str) -> (String, String, Option<Vec<u8>>) {
        let is_picture = word::of_name(property).iter().any(|word| PICTURES.contains(&word.as_str()));
        let guessed = if is_picture && !self.is_constrained { "image/png" } else { FILE };
        let media_type = self.media_type.clone().unwrap_or_else(|| guessed.to_owned());
        let ending = match essence(&media_type).as_str() {
            "image/png" => "png",
            "image/gif" => "gif",
            "application/pdf" => "pdf",
            "application/zip" => "zip",
            "application/gzip" | "application/x-gzip" => "gz",
            "application/json" => "json",
            "text/csv" => "csv",
            "text/plain" => "txt",
            _ => "bin",
        };
        let bytes = sample(&essence(&media_type)).filter(|_| !self.is_constrained);
        (media_type, format!("file.{ending}"), bytes)
    }
}

/// What properties are called that hold a picture.
const PICTURES: [&str; 7] = ["avatar", "icon", "image", "logo", "photo", "picture", "thumbnail"];

/// What is said of the bytes of a file where the document says nothing.
pub(crate) const FILE: &str = "application/octet-stream";

/// The media type that stands for a range, or the one that it is.
pub(crate) fn sent(media_type: &str, is_text: bool) -> String {
    match essence(media_type).as_str() {
        "*/*" | "application/*" if is_text => FILE,
        "*/*" | "application/*" => "application/json",
        "application/*+json" => "application/vnd.example+json",
        "image/*" => "image/png",
        "text/*" => "text/plain",
        "audio/*" => "audio/mpeg",
        "video/*" => "video/mp4",
        _ => media_type,
    }
    .to_owned()
}

/// A file of a format that a server may look into: the smallest that there is.
pub(crate) fn sample(media_type: &str) -> Option<Vec<u8>> {
    let hex = match media_type {
        "image/png" => PNG,
        "image/gif" => GIF,
        "application/pdf" => return Some(PDF.as_bytes().to_vec()),
        "application/zip" => ZIP,
        "application/gzip" | "application/x-gzip" => GZIP,
        _ => return None,
    };
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}

/// One black pixel.
const PNG: &str = "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a4944415478da63600000000200\
     01e527defc0000000049454e44ae426082";
/// The same.
const GIF: &str = "47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b";
/// No file, and no byte.
const ZIP: &str = "504b0506000000000000000000000000000000000000";
const GZIP: &str = "1f8b08000000000002ff03000000000000000000";
/// One empty page.
const PDF: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endob\
     j 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// How the document wants a property of a form to be written (OpenAPI 3.1, section 4.8.15).
#[derive(Debug, Clone, Default)]
pub(crate) struct Encoding {
    /// The first media type that it may have; of a range one that is in it.
    pub media_type: Option<String>,
    /// Whether several items stand in one value, with something between them.
    is_joined: bool,
    /// What is between the items of a list, and the names and values of an object, in one value.
    separator: Option<char>,
    /// Whether each property of an object is a field of its own, `name[property]`.
    pub is_deep: bool,
    /// Whether an object is written in a style of parameters, and so not as JSON (OpenAPI 3.1.1, section 4.8.15.1.2).
    is_styled: bool,
}

impl Encoding {
    /// `joins` says whether the document means the style of this form: OpenAPI 3.0 does so for `application/x-www-form-urlencoded` only.
    pub fn of(node: &Value, joins: bool) -> Self {
        let listed = node["contentType"].as_str().and_then(|listed| {
            // Of several one that the engine can write.
            let all = || listed.split(',').map(str::trim).filter(|one| !one.is_empty());
            all().find(|one| sample(&essence(&sent(one, true))).is_some()).or_else(|| all().next())
        });
        let media_type = listed.map(|one| sent(one, true));
        let is_spread = node["explode"].as_bool().unwrap_or(node["style"].as_str().is_none_or(|style| style == "form"));
        let is_styled = ["style", "explode", "allowReserved"].iter().any(|key| node.get(key).is_some());
        let style = Style::of(node, ParameterLocation::Query).filter(|_| is_styled && joins);
        let separator = style.and_then(|style| Serialization::of(node, style).separator());
        Self { media_type, is_joined: !is_spread, separator, is_deep: node["style"] == "deepObject", is_styled }
    }

    /// Whether this engine writes a value in this way, so that every server reads the same: lists as repeated parts, objects as JSON, or
    /// both as one text, and other values as text.
    pub fn is_written(&self, value: &Value) -> bool {
        let is_plain = |media_type: &String| essence(media_type) == "text/plain";
        match value {
            Value::Array(_) | Value::Object(_) if self.separator.is_some() => self.joined(value).is_some(),
            // A text with what may be between two items is one item to some and two to others.
            Value::Array(items) if self.is_joined => {
                items.len() < 2 && items.iter().filter_map(text).all(|item| !item.contains([',', ' ', '|']))
            }
            Value::Array(items) => items.iter().all(|item| self.is_written(item)),
            Value::Object(_) => self.writes_objects(),
            _ => self.media_type.as_ref().is_none_or(is_plain),
        }
    }

    /// Whether this engine writes objects in this way.
    pub fn writes_objects(&self) -> bool {
        if self.is_styled { self.is_deep || self.joins() } else { self.media_type.as_deref().is_none_or(is_json) }
    }

    /// Whether lists and objects are one text.
    pub fn joins(&self) -> bool {
        self.separator.is_some()
    }

    /// A list or object as one text; none where that would be read as another one.
    pub fn joined(&self, value: &Value) -> Option<String> {
        let between = self.separator?;
        let parts: Vec<Cow<'_, str>> = match value {
            Value::Array(items) => items.iter().map(text).collect::<Option<_>>()?,
            Value::Object(object) => {
                object.iter().flat_map(|(name, value)| [Some(name.into()), text(value)]).collect::<Option<_>>()?
            }
            _ => return None,
        };
        // Some servers decode what is in a part, too.
        let holds = |part: &Cow<'_, str>| !part.is_empty() && !part.contains([between, '%', '+']);
        parts.iter().all(holds).then(|| parts.join(&between.to_string()))
    }
}

/// What separates the parts.
const BOUNDARY: &str = "contract-tests-7MA4YWxkTrZu0gW";

/// Each scalar with its name; of a list each item, and what is no scalar as JSON.
fn parts(object: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    object.iter().flat_map(|(name, value)| {
        let items = match value {
            Value::Array(items) => items.iter().collect(),
            value => vec![value],
        };
        items.into_iter().map(move |item| (name.as_str(), item))
    })
}

fn written(value: &Value) -> String {
    text(value).map_or_else(|| value.to_string(), std::borrow::Cow::into_owned)
}

/// Text in which only letters and digits stand for themselves.
pub(crate) fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A comma between the items of a list stays what it is.
const FIELD: &AsciiSet = &NON_ALPHANUMERIC.remove(b',');

fn urlencoded(object: &Map<String, Value>) -> String {
    let field = |text: &str| utf8_percent_encode(text, FIELD).to_string();
    let pairs: Vec<String> = parts(object).map(|(name, value)| format!("{}={}", percent(name), field(&written(value)))).collect();
    pairs.join("&")
}

fn multipart(object: &Map<String, Value>, file: impl Fn(&str) -> Option<File>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in parts(object) {
        let (about, bytes) = match (value, file(name)) {
            (Value::Object(_), _) => ("\r\nContent-Type: application/json".to_owned(), None),
            (_, Some(file)) => {
                let (media_type, called, bytes) = file.about(name);
                (format!("; filename=\"{called}\"\r\nContent-Type: {media_type}"), bytes)
            }
            _ => (String::new(), None),
        };
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{about}\r\n\r\n").into_bytes());
        body.extend(bytes.unwrap_or_else(|| written(value).into_bytes()));
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_a_style_is_one_text_where_that_is_read_as_the_same() {
        let encoding = |style: &str| Encoding::of(&json!({ "style": style, "explode": false }), true);
        assert_eq!(encoding("form").joined(&json!(["a", 1])).as_deref(), Some("a,1"));
        assert_eq!(encoding("pipeDelimited").joined(&json!({ "a": "x,y", "b": true })).as_deref(), Some("a|x,y|b|true"));
        for other in [json!(["a,b"]), json!([""]), json!([["a"]]), json!({ "a": {} }), json!("a")] {
            assert_eq!(encoding("form").joined(&other), None, "{other}");
        }
        let unknown = Encoding::of(&json!({ "style": "form", "explode": false }), false);
        assert!(!unknown.joins() && !unknown.is_written(&json!(["a", "b"])) && !unknown.writes_objects());
        let (bytes, _) = Writing::Form.written("application/x-www-form-urlencoded", &json!({ "list": "a,b c" }), |_| None);
        assert_eq!(String::from_utf8(bytes).unwrap(), "list=a,b%20c");
    }

    #[test]
    fn values_are_texts_and_lists_are_repeated() {
        let body = json!({ "a b": "x&y=ü", "n": 1.5, "list": [true, false] });
        let (bytes, media_type) = Writing::Form.written("application/x-www-form-urlencoded", &body, |_| None);
        assert_eq!(String::from_utf8(bytes).unwrap(), "a%20b=x%26y%3D%C3%BC&n=1%2E5&list=true&list=false");
        assert_eq!(media_type, "application/x-www-form-urlencoded");
        let body = json!({ "f": "bytes", "o": { "a": 1 } });
        let (bytes, media_type) = Writing::Multipart.written("multipart/form-data", &body, |name| {
            (name == "f").then_some(File { media_type: None, is_constrained: false })
        });
        assert_eq!(media_type, format!("multipart/form-data; boundary={BOUNDARY}"));
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"file.bin\"\r\nContent-Type: \
                 application/octet-stream\r\n\r\nbytes\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"o\"\r\n\
                 Content-Type: application/json\r\n\r\n{{\"a\":1}}\r\n--{BOUNDARY}--\r\n"
            )
        );
    }

    #[test]
    fn a_file_of_a_known_format_is_one() {
        let sent = |name: &str, media_type: Option<&str>, is_constrained| {
            let file = File { media_type: media_type.map(str::to_owned), is_constrained };
            let (bytes, _) = Writing::Multipart.written("multipart/form-data", &json!({ name: "x" }), |_| Some(file.clone()));
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let png = sent("f", Some("image/png"), false);
        assert!(png.contains("filename=\"file.png\"\r\nContent-Type: image/png\r\n\r\n\u{fffd}PNG"), "{png}");
        assert_eq!(sent("profile_image", None, false).replace("profile_image", "f"), png);
        assert!(sent("f", None, false).contains("filename=\"file.bin\""));
        // A bound on its length is broken with the value.
        assert!(sent("image", None, true).contains("octet-stream\r\n\r\nx\r\n"));
    }
}
