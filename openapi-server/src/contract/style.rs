//! How a value is written as text (OpenAPI 3.1, sections 4.8.12.3 to 4.8.12.6, and RFC 6570), and read back.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{
    read::Place,
    shape::{Prefer, Shape},
};

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Simple,
    Label,
    Matrix,
    Form,
    SpaceDelimited,
    PipeDelimited,
    DeepObject,
}

/// How a text is encoded in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Headers have the text as it is.
    None,
    /// Paths and cookies (RFC 3986, section 2.1).
    Percent,
    /// Queries and forms, where `+` is a space too (WHATWG URL, `application/x-www-form-urlencoded`).
    Form,
}

impl Encoding {
    /// The encoding of a place.
    pub fn of(place: Place) -> Self {
        match place {
            Place::Path | Place::Cookie => Self::Percent,
            Place::Query => Self::Form,
            Place::Header => Self::None,
        }
    }

    pub fn decode(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::None => Cow::Borrowed(text.trim_matches([' ', '\t'])),
            Self::Percent => percent_decode_str(text).decode_utf8_lossy(),
            Self::Form if text.contains('+') => Cow::Owned(Self::Percent.decode(&text.replace('+', " ")).into_owned()),
            Self::Form => Self::Percent.decode(text),
        }
    }
}

/// A style, whether each item or property stands for itself, and the encoding of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Serialization {
    pub style: Style,
    pub explode: bool,
    pub encoding: Encoding,
}

/// A text that does not have the form that its style asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// A name with its text, both still encoded as they are in their place.
pub(super) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

impl Serialization {
    /// What stands between the items or properties in one text.
    fn separators(self) -> &'static [&'static str] {
        match (self.style, self.explode) {
            (Style::Label, true) => &["."],
            (Style::SpaceDelimited, _) => &["%20", "+", " "],
            (Style::PipeDelimited, _) => &["|", "%7C", "%7c"],
            _ => &[","],
        }
    }

    /// The value of one text that is still percent-encoded: a segment of a path, a header, a value of the query.
    pub fn one(self, name: &str, shape: &Shape, text: &str, prefer: Prefer) -> Result<Value, Malformed> {
        let text = match self.style {
            Style::Label => text.strip_prefix('.').ok_or(Malformed)?,
            Style::Matrix => return self.matrix(name, shape, text.strip_prefix(';').ok_or(Malformed)?, prefer),
            _ => text,
        };
        self.list(shape, text, prefer)
    }

    /// A value in one text without a prefix.
    fn list(self, shape: &Shape, text: &str, prefer: Prefer) -> Result<Value, Malformed> {
        if let Some(object) = &shape.object {
            let parts = split(text, self.separators());
            let pairs: Vec<(&str, &str)> = if self.explode {
                parts.iter().map(|part| part.split_once('=').ok_or(Malformed)).collect::<Result<_, _>>()?
            } else if parts.len().is_multiple_of(2) {
                parts.chunks(2).map(|pair| (pair[0], pair[1])).collect()
            } else if text.is_empty() {
                Vec::new()
            } else if shape.string {
                return Ok(self.scalar(shape, text, prefer));
            } else {
                return Err(Malformed);
            };
            let mut value = Map::new();
            for (name, text) in pairs {
                let name = self.encoding.decode(name).into_owned();
                let read = self.scalar(&object.property(&name), text, prefer);
                if value.insert(name, read).is_some() {
                    return Err(Malformed);
                }
            }
            return Ok(Value::Object(value));
        }
        let Some(items) = &shape.array else { return Ok(self.scalar(shape, text, prefer)) };
        let parts = if text.is_empty() { Vec::new() } else { split(text, self.separators()) };
        Ok(parts.into_iter().map(|part| self.scalar(items, part, prefer)).collect())
    }

    /// `;name=value`, with the first semicolon gone.
    fn matrix(self, name: &str, shape: &Shape, text: &str, prefer: Prefer) -> Result<Value, Malformed> {
        let pairs: Vec<(&str, &str)> = text.split(';').map(|part| part.split_once('=').unwrap_or((part, ""))).collect();
        match (&shape.object, &shape.array) {
            (Some(object), _) if self.explode => {
                let read = pairs.into_iter().map(|(name, text)| {
                    let name = self.encoding.decode(name).into_owned();
                    let value = self.scalar(&object.property(&name), text, prefer);
                    (name, value)
                });
                Ok(Value::Object(read.collect()))
            }
            (_, Some(items)) if self.explode => {
                if pairs.iter().any(|(own, _)| self.encoding.decode(own) != name) {
                    return Err(Malformed);
                }
                Ok(pairs.into_iter().map(|(_, text)| self.scalar(items, text, prefer)).collect())
            }
            _ => match pairs.as_slice() {
                [(own, text)] if self.encoding.decode(own) == name => {
                    Self { style: Style::Form, explode: false, ..self }.list(shape, text, prefer)
                }
                _ => Err(Malformed),
            },
        }
    }

    /// The value of a parameter that has these pairs of a query, a form or a cookie; none where it is absent. `claimed` says which
    /// names are other parameters: what is left belongs to an object whose properties stand for themselves.
    pub fn among(
        self,
        name: &str,
        shape: &Shape,
        pairs: &[Pair<'_>],
        claimed: impl Fn(&str) -> bool,
        prefer: Prefer,
    ) -> Result<Option<Value>, Malformed> {
        if self.style == Style::DeepObject {
            return self.deep(name, shape, pairs, prefer);
        }
        let own: Vec<&str> =
            pairs.iter().filter(|(other, _)| self.encoding.decode(other) == name).map(|(_, text)| text.as_ref()).collect();
        match (&shape.object, &shape.array) {
            (Some(object), _) if self.explode => {
                let mut value = Map::new();
                for (other, text) in pairs {
                    let other = self.encoding.decode(other).into_owned();
                    let known = object.properties.contains_key(&other);
                    if known || object.others.is_some() && !claimed(&other) {
                        let text = self.encoding.decode(text);
                        add(&mut value, &object.property(&other), other, |shape| shape.read(&text, prefer));
                    }
                }
                Ok((!value.is_empty()).then_some(Value::Object(value)))
            }
            (_, Some(_)) if own.is_empty() => Ok(None),
            (_, Some(items)) if self.explode => {
                Ok(Some(own.into_iter().map(|text| items.read(&self.encoding.decode(text), prefer)).collect()))
            }
            _ => match own.as_slice() {
                [] => Ok(None),
                [text] if shape.is_scalar() => Ok(Some(shape.read(&self.encoding.decode(text), prefer))),
                [text] => self.list(shape, text, prefer).map(Some),
                _ => Err(Malformed),
            },
        }
    }

    /// `name[property]=value`, also deeper, and with `name[property]` repeated or `name[property][]` for lists.
    fn deep(self, name: &str, shape: &Shape, pairs: &[Pair<'_>], prefer: Prefer) -> Result<Option<Value>, Malformed> {
        let mut value: Option<Value> = None;
        for (key, text) in pairs {
            let key = self.encoding.decode(key);
            let Some(path) = key.strip_prefix(name) else { continue };
            if !path.starts_with('[') {
                if path.is_empty() {
                    return Err(Malformed);
                }
                continue;
            }
            let inner = path.strip_prefix('[').and_then(|path| path.strip_suffix(']')).ok_or(Malformed)?;
            let segments: Vec<&str> = inner.split("][").collect();
            if segments.len() > MAX_DEPTH {
                return Err(Malformed);
            }
            put(value.get_or_insert_with(|| Value::Object(Map::new())), shape, &segments, self.encoding.decode(text), prefer)?;
        }
        Ok(value)
    }

    fn scalar(self, shape: &Shape, text: &str, prefer: Prefer) -> Value {
        shape.read(&self.encoding.decode(text), prefer)
    }
}

/// How deep `deepObject` goes: more is an attack on the stack.
const MAX_DEPTH: usize = 16;

fn put(value: &mut Value, shape: &Shape, segments: &[&str], text: Cow<'_, str>, prefer: Prefer) -> Result<(), Malformed> {
    let Some((first, rest)) = segments.split_first() else { return Err(Malformed) };
    match value {
        Value::Array(items) => {
            // `[]` appends, and so does the next index; a gap has no meaning.
            let index = if first.is_empty() { items.len() } else { first.parse().map_err(|_| Malformed)? };
            let item = shape.array.as_deref().cloned().unwrap_or_else(Shape::text);
            if index > items.len() || index < items.len() && rest.is_empty() {
                return Err(Malformed);
            }
            if index == items.len() {
                items.push(empty(&item));
            }
            if rest.is_empty() {
                items[index] = item.read(&text, prefer);
                return Ok(());
            }
            put(&mut items[index], &item, rest, text, prefer)
        }
        Value::Object(object) => {
            let known = shape.property(first);
            if rest.is_empty() {
                if object.contains_key(*first) && known.array.is_none() && !known.is_any() {
                    return Err(Malformed);
                }
                add(object, &known, (*first).to_owned(), |shape| shape.read(&text, prefer));
                return Ok(());
            }
            put(object.entry(*first).or_insert_with(|| empty(&known)), &known, rest, text, prefer)
        }
        _ => Err(Malformed),
    }
}

fn empty(shape: &Shape) -> Value {
    if shape.array.is_some() { Value::Array(Vec::new()) } else { Value::Object(Map::new()) }
}

/// Adds a value to a property; to one that is an array, as an item. Twice the same property makes a list, which the schema refuses
/// where it allows none.
pub(super) fn add(object: &mut Map<String, Value>, shape: &Shape, name: String, read: impl FnOnce(&Shape) -> Value) {
    let value = read(shape.array.as_deref().unwrap_or(shape));
    match object.get_mut(&name) {
        Some(Value::Array(items)) => items.push(value),
        Some(other) => *other = Value::Array(vec![other.take(), value]),
        None if shape.array.is_some() && !value.is_array() => drop(object.insert(name, Value::Array(vec![value]))),
        None => drop(object.insert(name, value)),
    }
}

fn split<'a>(text: &'a str, separators: &[&str]) -> Vec<&'a str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    let next = |rest: &'a str| {
        separators.iter().filter_map(|separator| Some((rest.find(separator)?, separator.len()))).min_by_key(|(at, _)| *at)
    };
    while let Some((at, length)) = next(rest) {
        parts.push(&rest[..at]);
        rest = &rest[at + length..];
    }
    parts.push(rest);
    parts
}

/// The pairs of a query or a form, as they are encoded.
pub(super) fn pairs(text: &str) -> Vec<Pair<'_>> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(name, value)| (name.into(), value.into())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shape(schema: Value) -> Shape {
        Shape::of(&schema, "")
    }

    fn style(style: Style, explode: bool) -> Serialization {
        Serialization { style, explode, encoding: Encoding::Form }
    }

    #[test]
    fn each_style_is_read_as_the_specification_writes_it() {
        let array = shape(json!({ "type": "array", "items": { "type": "string" } }));
        let object = shape(json!({ "type": "object", "properties": { "R": { "type": "integer" }, "G": { "type": "integer" } } }));
        let text = shape(json!({ "type": "string" }));
        let colours = json!(["blue", "black", "brown"]);
        let rgb = json!({ "R": 100, "G": 200 });
        let cases = [
            (Style::Simple, false, &text, "blue", json!("blue")),
            (Style::Simple, false, &array, "blue,black,brown", colours.clone()),
            (Style::Simple, true, &array, "blue,black,brown", colours.clone()),
            (Style::Simple, false, &array, "a%2Cb,c", json!(["a,b", "c"])),
            (Style::Simple, false, &object, "R,100,G,200", rgb.clone()),
            (Style::Simple, true, &object, "R=100,G=200", rgb.clone()),
            (Style::Label, false, &text, ".blue", json!("blue")),
            (Style::Label, false, &array, ".blue,black,brown", colours.clone()),
            (Style::Label, true, &array, ".blue.black.brown", colours.clone()),
            (Style::Label, false, &object, ".R,100,G,200", rgb.clone()),
            (Style::Label, true, &object, ".R=100.G=200", rgb.clone()),
            (Style::Matrix, false, &text, ";color=blue", json!("blue")),
            (Style::Matrix, false, &text, ";color", json!("")),
            (Style::Matrix, false, &array, ";color=blue,black,brown", colours.clone()),
            (Style::Matrix, true, &array, ";color=blue;color=black;color=brown", colours.clone()),
            (Style::Matrix, false, &object, ";color=R,100,G,200", rgb.clone()),
            (Style::Matrix, true, &object, ";R=100;G=200", rgb.clone()),
        ];
        for (kind, explode, shape, text, expected) in cases {
            assert_eq!(
                style(kind, explode).one("color", shape, text, Prefer::Literal),
                Ok(expected),
                "{kind:?} {explode} {text}"
            );
        }
        for (kind, explode, shape, text) in [
            (Style::Label, false, &text, "blue"),
            (Style::Matrix, false, &text, "color=blue"),
            (Style::Matrix, false, &text, ";colour=blue"),
            (Style::Matrix, true, &array, ";color=a;colour=b"),
            (Style::Simple, true, &object, "R,100"),
            (Style::Simple, false, &object, "R,100,G"),
        ] {
            assert_eq!(
                style(kind, explode).one("color", shape, text, Prefer::Literal),
                Err(Malformed),
                "{kind:?} {explode} {text}"
            );
        }
    }

    #[test]
    fn pairs_are_put_together_by_their_style() {
        let array = shape(json!({ "type": "array", "items": { "type": "string" } }));
        let object = shape(json!({
            "type": "object", "properties": { "R": { "type": "integer" }, "G": { "type": "integer" }, "tags": { "type": "array" } }
        }));
        let nested = shape(json!({ "type": "object", "properties": { "a": { "type": "object", "properties": {
            "b": { "type": "integer" }, "c": { "type": "array", "items": { "type": "integer" } }
        } } } }));
        let read = |kind, explode, shape: &Shape, query: &str| {
            style(kind, explode).among("color", shape, &pairs(query), |name| name == "page", Prefer::Literal)
        };
        let colours = Ok(Some(json!(["blue", "black"])));
        assert_eq!(read(Style::Form, true, &array, "color=blue&page=1&color=black"), colours);
        assert_eq!(read(Style::Form, false, &array, "color=blue,black"), colours);
        // A separator that is encoded is a part of the item (RFC 6570, section 3.2.1).
        assert_eq!(read(Style::Form, false, &array, "color=a%2Cb,c"), Ok(Some(json!(["a,b", "c"]))));
        assert_eq!(read(Style::Form, false, &array, "color=a%2cb"), Ok(Some(json!(["a,b"]))));
        assert_eq!(read(Style::SpaceDelimited, false, &array, "color=blue%20black"), colours);
        assert_eq!(read(Style::SpaceDelimited, false, &array, "color=blue+black"), colours);
        assert_eq!(read(Style::PipeDelimited, false, &array, "color=blue|black"), colours);
        assert_eq!(read(Style::PipeDelimited, false, &array, "color=blue%7Cblack"), colours);
        assert_eq!(read(Style::Form, true, &array, "page=1"), Ok(None));
        assert_eq!(read(Style::Form, true, &object, "R=100&page=1&G=200"), Ok(Some(json!({ "R": 100, "G": 200 }))));
        assert_eq!(read(Style::Form, false, &object, "color=R,100,G,200"), Ok(Some(json!({ "R": 100, "G": 200 }))));
        assert_eq!(
            read(Style::DeepObject, true, &object, "color[R]=100&color%5BG%5D=200"),
            Ok(Some(json!({ "R": 100, "G": 200 })))
        );
        assert_eq!(
            read(Style::DeepObject, true, &object, "color[tags]=a&color[tags]=b"),
            Ok(Some(json!({ "tags": ["a", "b"] })))
        );
        assert_eq!(
            read(Style::DeepObject, true, &nested, "color[a][b]=1&color[a][c][]=2&color[a][c][1]=3"),
            Ok(Some(json!({ "a": { "b": 1, "c": [2, 3] } })))
        );
        let any = shape(json!({ "type": "object" }));
        assert_eq!(read(Style::DeepObject, true, &any, "color[R]=1&color[R]=2"), Ok(Some(json!({ "R": [1, 2] }))));
        assert_eq!(read(Style::DeepObject, true, &object, "color[R]=1&color[R]=2"), Err(Malformed));
        assert_eq!(read(Style::DeepObject, true, &object, "color[R=1"), Err(Malformed));
        assert_eq!(read(Style::DeepObject, true, &object, "colorful=1"), Ok(None));
    }
}
