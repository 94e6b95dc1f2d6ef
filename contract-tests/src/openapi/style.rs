//! How a parameter's value becomes text (OpenAPI 3.1, section 4.8.12.3, and RFC 6570).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::operation::{Parameter, ParameterLocation};

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Simple,
    Label,
    Matrix,
    Form,
    SpaceDelimited,
    PipeDelimited,
    /// Of Swagger 2.0 only: `collectionFormat: tsv`.
    TabDelimited,
    DeepObject,
    /// Not a style: `content` with JSON.
    Json,
}

/// A style, and whether each item or property stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Serialization {
    pub style: Style,
    pub explode: bool,
}

impl Style {
    /// The style of a parameter object; none where it cannot have it in its place.
    pub fn of(parameter: &Value, place: ParameterLocation) -> Option<Self> {
        use ParameterLocation::{Cookie, Header, Path, Query};

        match (parameter.get("style").and_then(Value::as_str), place) {
            (None | Some("simple"), Path | Header) => Some(Self::Simple),
            (None | Some("form"), Query | Cookie) => Some(Self::Form),
            (Some("label"), Path) => Some(Self::Label),
            (Some("matrix"), Path) => Some(Self::Matrix),
            (Some("spaceDelimited"), Query) => Some(Self::SpaceDelimited),
            (Some("pipeDelimited"), Query) => Some(Self::PipeDelimited),
            (Some("tabDelimited"), Query) => Some(Self::TabDelimited),
            (Some("deepObject"), Query) => Some(Self::DeepObject),
            _ => None,
        }
    }
}

impl Serialization {
    /// The style with its `explode`.
    pub fn of(parameter: &Value, style: Style) -> Self {
        let explode = parameter.get("explode").and_then(Value::as_bool);
        Self { style, explode: explode.unwrap_or(matches!(style, Style::Form | Style::DeepObject)) }
    }

    /// What stands between the items of an array, or the properties of an object, in one text; none where each has a name of its
    /// own.
    pub fn separator(self) -> Option<char> {
        match (self.style, self.explode) {
            (Style::Json, _) => None,
            (Style::Simple, _) | (Style::Form | Style::Label | Style::Matrix, false) => Some(','),
            (Style::Label, true) => Some('.'),
            (Style::SpaceDelimited, false) => Some(' '),
            (Style::PipeDelimited, false) => Some('|'),
            (Style::TabDelimited, _) => Some('\t'),
            (Style::Form | Style::Matrix | Style::DeepObject | Style::SpaceDelimited | Style::PipeDelimited, _) => None,
        }
    }

    /// Whether this text can be an item, or the name or value of a property, so that it is read as what it is.
    pub fn can_hold(self, text: &str, in_object: bool) -> bool {
        match self.separator() {
            // In an object `=` separates a name from its value, where it is exploded.
            Some(between) => !(text.is_empty() || text.contains(between) || in_object && self.explode && text.contains('=')),
            None if self.style == Style::Matrix => !text.contains([';', '=']),
            None => !(in_object && self.style == Style::DeepObject && text.contains(['[', ']'])),
        }
    }

    /// Whether a server can tell an object from what else is in a request: with the style `form` its properties are parameters.
    pub fn is_dissolved(self) -> bool {
        matches!(self.style, Style::Form | Style::SpaceDelimited | Style::PipeDelimited) && self.explode
    }
}

/// What RFC 3986, section 2.3, leaves unreserved is not encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// A separator of a list stays as it is where a URL may have it.
const SEPARATOR: &AsciiSet = &RESERVED.remove(b',');

/// A scalar as text.
pub(crate) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(value) => Some(Cow::Owned(value.to_string())),
        _ => None,
    }
}

pub(crate) fn percent(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The scalars in a list, or none where there is something else in it.
fn texts(items: &[Value]) -> Vec<String> {
    items.iter().filter_map(text).map(Cow::into_owned).collect()
}

fn pairs(object: &Map<String, Value>) -> Vec<(String, String)> {
    object.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?.into_owned()))).collect()
}

/// A value in a path, percent-encoded.
pub(crate) fn in_path(parameter: &Parameter, value: &Value) -> String {
    let Serialization { style, explode } = parameter.serialization;
    let name = percent(&parameter.name);
    let (before, between) = match (style, explode) {
        (Style::Label, true) => (".", "."),
        (Style::Label, false) => (".", ","),
        (Style::Matrix, true) => (";", ";"),
        (Style::Matrix, false) => (";", ","),
        _ => ("", ","),
    };
    let named = |text: &str| if text.is_empty() { format!(";{name}") } else { format!(";{name}={text}") };
    match value {
        _ if style == Style::Json => percent(&value.to_string()),
        Value::Array(items) => {
            let items: Vec<String> = texts(items).iter().map(|item| percent(item)).collect();
            match (style, explode) {
                (Style::Matrix, true) => items.iter().map(|item| named(item)).collect(),
                (Style::Matrix, false) => named(&items.join(",")),
                _ => format!("{before}{}", items.join(between)),
            }
        }
        Value::Object(object) => {
            let equals = if explode { "=" } else { "," };
            let parts: Vec<String> =
                pairs(object).iter().map(|(name, value)| format!("{}{equals}{}", percent(name), percent(value))).collect();
            match (style, explode) {
                (Style::Matrix, false) => named(&parts.join(",")),
                _ => format!("{before}{}", parts.join(between)),
            }
        }
        value => {
            let text = text(value).map(|text| percent(&text)).unwrap_or_default();
            if style == Style::Matrix { named(&text) } else { format!("{before}{text}") }
        }
    }
}

/// A value in the query: `name=value` pairs, percent-encoded.
pub(crate) fn in_query(parameter: &Parameter, value: &Value) -> Vec<String> {
    let encode = |between: char| utf8_percent_encode(&between.to_string(), SEPARATOR).to_string();
    named(parameter, value)
        .into_iter()
        .map(|(name, parts, between)| {
            let parts: Vec<String> = parts.iter().map(|part| percent(part)).collect();
            format!("{}={}", percent(&name), parts.join(&encode(between)))
        })
        .collect()
}

/// A value in cookies: `name=value` pairs.
pub(crate) fn in_cookie(parameter: &Parameter, value: &Value) -> Vec<String> {
    let joined = |(name, parts, between): (String, Vec<String>, char)| format!("{name}={}", parts.join(&between.to_string()));
    named(parameter, value).into_iter().map(joined).collect()
}

/// The value of a header.
pub(crate) fn in_header(parameter: &Parameter, value: &Value) -> String {
    let equals = if parameter.serialization.explode { "=" } else { "," };
    match value {
        _ if parameter.serialization.style == Style::Json => value.to_string(),
        Value::Array(items) => texts(items).join(","),
        Value::Object(object) => {
            pairs(object).iter().map(|(name, value)| format!("{name}{equals}{value}")).collect::<Vec<_>>().join(",")
        }
        value => text(value).unwrap_or_default().into_owned(),
    }
}

/// Names with the parts of their values and what stands between these.
fn named(parameter: &Parameter, value: &Value) -> Vec<(String, Vec<String>, char)> {
    let Serialization { style, explode } = parameter.serialization;
    let own = |parts| (parameter.name.clone(), parts, parameter.serialization.separator().unwrap_or(','));
    match value {
        _ if style == Style::Json => vec![own(vec![value.to_string()])],
        Value::Array(items) if explode => texts(items).into_iter().map(|item| own(vec![item])).collect(),
        Value::Array(items) => vec![own(texts(items))],
        Value::Object(object) if style == Style::DeepObject => {
            let nested = |(name, value): (&String, &Value)| {
                let name = format!("{}[{name}]", parameter.name);
                let values = match value {
                    Value::Array(items) => texts(items),
                    value => text(value).map(Cow::into_owned).into_iter().collect(),
                };
                values.into_iter().map(move |value| (name.clone(), vec![value], ',')).collect::<Vec<_>>()
            };
            object.iter().flat_map(nested).collect()
        }
        Value::Object(object) if explode => pairs(object).into_iter().map(|(name, value)| (name, vec![value], ',')).collect(),
        Value::Object(object) => vec![own(pairs(object).into_iter().flat_map(|(name, value)| [name, value]).collect())],
        value => vec![own(text(value).map(Cow::into_owned).into_iter().collect())],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameter(place: ParameterLocation, style: Style, explode: bool) -> Parameter {
        Parameter {
            name: "color".to_owned(),
            place,
            required: true,
            serialization: Serialization { style, explode },
            pointer: String::new(),
            schema: String::new(),
            may_be_empty: false,
        }
    }

    /// The table of OpenAPI 3.1, section 4.8.12.4.
    #[test]
    fn values_are_written_as_the_specification_shows_them() {
        use ParameterLocation::{Path, Query};

        let array = json!(["blue", "black", "brown"]);
        let object = json!({ "R": 100, "G": 200, "B": 150 });
        let cases = [
            (Path, Style::Matrix, false, ";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"),
            (Path, Style::Matrix, true, ";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"),
            (Path, Style::Label, false, ".blue", ".blue,black,brown", ".R,100,G,200,B,150"),
            (Path, Style::Label, true, ".blue", ".blue.black.brown", ".R=100.G=200.B=150"),
            (Path, Style::Simple, false, "blue", "blue,black,brown", "R,100,G,200,B,150"),
            (Path, Style::Simple, true, "blue", "blue,black,brown", "R=100,G=200,B=150"),
            (Query, Style::Form, false, "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"),
            (Query, Style::Form, true, "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"),
            (
                Query,
                Style::SpaceDelimited,
                false,
                "color=blue",
                "color=blue%20black%20brown",
                "color=R%20100%20G%20200%20B%20150",
            ),
            (Query, Style::TabDelimited, false, "color=blue", "color=blue%09black%09brown", "color=R%09100%09G%09200%09B%09150"),
            (Query, Style::PipeDelimited, false, "color=blue", "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"),
        ];
        for (place, style, explode, scalar, list, record) in cases {
            let parameter = parameter(place, style, explode);
            let write = |value: &Value| match place {
                Path => in_path(&parameter, value),
                _ => in_query(&parameter, value).join("&"),
            };
            assert_eq!([write(&json!("blue")), write(&array), write(&object)], [scalar, list, record], "{style:?} {explode}");
        }
        let deep = parameter(Query, Style::DeepObject, true);
        assert_eq!(in_query(&deep, &object).join("&"), "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150");
        let header = parameter(ParameterLocation::Header, Style::Simple, true);
        assert_eq!([in_header(&header, &array), in_header(&header, &object)], ["blue,black,brown", "R=100,G=200,B=150"]);
        let cookie = parameter(ParameterLocation::Cookie, Style::Form, false);
        assert_eq!(in_cookie(&cookie, &array), ["color=blue,black,brown"]);
    }
}
