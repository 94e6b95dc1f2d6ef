//! Media types of the document, and those of requests and answers.

use std::{collections::BTreeMap, str::FromStr};

use mime::Mime;

/// A media type or a range of them, as a key of `content` (OpenAPI 3.1, section 4.8.14; RFC 9110, section 8.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    mime: Mime,
    /// Its parameters but for `charset`, which says nothing about what is sent.
    parameters: BTreeMap<String, String>,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Form,
    Multipart,
    /// A text.
    Text,
    /// Anything else.
    Bytes,
}

impl Syntax {
    pub fn of(media_type: &Mime) -> Self {
        match (media_type.type_().as_str(), media_type.subtype().as_str()) {
            _ if is_json(media_type) => Self::Json,
            ("application", "x-www-form-urlencoded") => Self::Form,
            ("multipart", "form-data") => Self::Multipart,
            ("text", _) => Self::Text,
            _ => Self::Bytes,
        }
    }
}

/// The media type that a message names, with the spaces and empty parameters that HTTP allows beside a semicolon (RFC 9110, section
/// 5.6.6).
pub(super) fn named(text: &str) -> Option<Mime> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|c| {
        let literal = std::mem::take(&mut escaped);
        escaped = quoted && !literal && c == '\\';
        quoted ^= c == '"' && !literal;
        c == ';' && !quoted
    });
    let parts = parts.map(|part| part.trim_matches([' ', '\t'])).enumerate();
    let parts: Vec<&str> = parts.filter(|(index, part)| *index == 0 || !part.is_empty()).map(|(_, part)| part).collect();
    parts.join(";").parse().ok()
}

/// Whether bodies of this type are JSON (RFC 6839, section 3.1).
fn is_json(media_type: &Mime) -> bool {
    media_type.subtype() == mime::JSON || media_type.suffix() == Some(mime::JSON)
}

impl FromStr for Range {
    type Err = mime::FromStrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mime: Mime = text.trim().parse()?;
        let parameters = parameters(&mime);
        Ok(Self { mime, parameters })
    }
}

fn parameters(mime: &Mime) -> BTreeMap<String, String> {
    let others = mime.params().filter(|(name, _)| *name != mime::CHARSET);
    others.map(|(name, value)| (name.as_str().to_ascii_lowercase(), value.as_str().to_owned())).collect()
}

impl Range {
    /// Whether it includes this media type. A parameter of the range must be there with the same value.
    pub fn includes(&self, media_type: &Mime) -> bool {
        let (own, other) = (&self.mime, media_type);
        let kind = own.type_() == mime::STAR || own.type_() == other.type_();
        let subtype = own.subtype() == mime::STAR || own.subtype() == other.subtype() && own.suffix() == other.suffix();
        let given = parameters(media_type);
        kind && subtype && self.parameters.iter().all(|(name, value)| given.get(name) == Some(value))
    }

    /// How much it includes: what is more particular comes first (RFC 9110, section 12.5.1).
    pub fn width(&self) -> (u8, usize) {
        let level = match (self.mime.type_() == mime::STAR, self.mime.subtype() == mime::STAR) {
            (false, false) => 0,
            (false, true) => 1,
            (true, _) => 2,
        };
        (level, usize::MAX - self.parameters.len())
    }

    pub fn is_json(&self) -> bool {
        is_json(&self.mime)
    }

    /// Whether a body of this type can be a value with parts: JSON, a form, or whatever comes where anything may.
    pub fn is_structured(&self) -> bool {
        self.mime.subtype() == mime::STAR || !matches!(Syntax::of(&self.mime), Syntax::Text | Syntax::Bytes)
    }

    /// Whether a body of this type can have parts with headers of their own.
    pub fn has_parts(&self) -> bool {
        self.mime.type_() == mime::MULTIPART || self.mime.type_() == mime::STAR
    }

    /// As it is written.
    pub fn written(&self) -> &str {
        self.mime.as_ref()
    }

    /// As it is written, without parameters.
    pub fn essence(&self) -> &str {
        self.mime.essence_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_includes_what_it_names_with_its_parameters() {
        let includes = |range: &str, media_type: &str| range.parse::<Range>().unwrap().includes(&media_type.parse().unwrap());
        assert!(includes("application/json", "application/json; charset=utf-8"));
        assert!(includes("application/json; charset=utf-8", "application/json"));
        assert!(includes("application/json; version=2", "Application/JSON; version=2"));
        assert!(!includes("application/json; version=2", "application/json"));
        assert!(!includes("application/json", "application/problem+json"));
        assert!(includes("image/*", "image/png"));
        assert!(!includes("image/*", "text/plain"));
        assert!(includes("*/*", "image/png"));
    }

    #[test]
    fn spaces_and_empty_parameters_beside_semicolons_are_read_over() {
        for text in
            ["application/json ; charset=utf-8", "application/json\t;charset=\"utf-8\" ", "application/json;; charset=utf-8;"]
        {
            let media_type = named(text).unwrap();
            assert_eq!(
                (media_type.essence_str(), media_type.get_param("charset").unwrap().as_str()),
                ("application/json", "utf-8")
            );
        }
        let quoted = named(r#"application/json; a="x ; y" ; b=c"#).unwrap();
        assert_eq!(quoted.get_param("b").unwrap(), "c");
        for text in ["; application/json", "application /json", "application/json charset=utf-8", ""] {
            assert_eq!(named(text), None, "{text}");
        }
    }

    #[test]
    fn the_particular_comes_before_the_general() {
        let mut ranges: Vec<Range> =
            ["*/*", "application/*", "application/json", "application/json;v=2"].map(|text| text.parse().unwrap()).into();
        ranges.sort_by_key(Range::width);
        assert_eq!(
            ranges.iter().map(|range| range.mime.as_ref()).collect::<Vec<_>>(),
            ["application/json;v=2", "application/json", "application/*", "*/*"]
        );
    }
}
