//! JSON Pointers (RFC 6901) and the fragments of references that hold them.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use crate::files::MAX_HOPS;

/// What a fragment may not hold as it is (RFC 3986, section 3.5), and `%` itself.
const NOT_IN_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A name as a segment of a JSON Pointer (RFC 6901, section 3).
///
/// ```
/// assert_eq!(openapi_document::pointer::escape("/users/{id}"), "~1users~1{id}");
/// ```
#[must_use]
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// A segment of a JSON Pointer as the name that it stands for (RFC 6901, section 4).
#[must_use]
pub fn unescape(segment: &str) -> Cow<'_, str> {
    if segment.contains('~') { Cow::Owned(segment.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(segment) }
}

/// The segments of a JSON Pointer, as the names that they stand for.
///
/// ```
/// assert_eq!(openapi_document::pointer::segments("/paths/~1users/get"), ["paths", "/users", "get"]);
/// ```
#[must_use]
pub fn segments(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|segment| unescape(segment).into_owned()).collect()
}

/// The pointer of a member or an item of what `pointer` names.
///
/// ```
/// assert_eq!(openapi_document::pointer::join("/paths", "/users"), "/paths/~1users");
/// ```
#[must_use]
pub fn join(pointer: &str, segment: &str) -> String {
    format!("{pointer}/{}", escape(segment))
}

/// The pointer of what surrounds the value that `pointer` names, and the name of the value there; none for the whole document.
#[must_use]
pub fn parent(pointer: &str) -> Option<(&str, Cow<'_, str>)> {
    pointer.rsplit_once('/').map(|(parent, last)| (parent, unescape(last)))
}

/// Whether `pointer` names `ancestor` or a value inside of it.
///
/// ```
/// use openapi_document::pointer::is_within;
/// assert!(is_within("/paths/~1users/get", "/paths/~1users"));
/// assert!(!is_within("/paths/~1users", "/paths/~1use"));
/// ```
#[must_use]
pub fn is_within(pointer: &str, ancestor: &str) -> bool {
    pointer.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Replaces the value that a JSON Pointer names, where there is one.
pub fn replace(root: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = root.pointer_mut(pointer) {
        *place = value;
    }
}

/// The JSON Pointer in a reference to the document that it stands in, such as `#/components/schemas/A%20B`; none where it leads
/// elsewhere or is not a pointer.
///
/// ```
/// use openapi_document::pointer::from_reference;
/// assert_eq!(from_reference("#/paths/~1users~1%7Bid%7D").as_deref(), Some("/paths/~1users~1{id}"));
/// assert_eq!(from_reference("#node"), None);
/// ```
#[must_use]
pub fn from_reference(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    let pointer = percent_decode_str(fragment).decode_utf8().ok()?;
    (pointer.is_empty() || pointer.starts_with('/')).then(|| pointer.into_owned())
}

/// A JSON Pointer as a reference within its document (RFC 6901, section 6).
///
/// ```
/// assert_eq!(openapi_document::pointer::to_reference("/paths/~1users~1{id}"), "#/paths/~1users~1%7Bid%7D");
/// ```
#[must_use]
pub fn to_reference(pointer: &str) -> String {
    format!("#{}", utf8_percent_encode(pointer, NOT_IN_FRAGMENT))
}

/// The value at a pointer in a JSON document, or what its `$ref` leads to, and where that stands. None where there is nothing, or a circle.
///
/// ```
/// use serde_json::json;
///
/// let document = json!({ "a": { "$ref": "#/b" }, "b": 1 });
/// assert_eq!(openapi_document::pointer::resolve(&document, "/a"), Some(("/b".to_owned(), &json!(1))));
/// ```
#[must_use]
pub fn resolve<'d>(document: &'d Value, pointer: &str) -> Option<(String, &'d Value)> {
    let mut pointer = pointer.to_owned();
    for _ in 0..=MAX_HOPS {
        let value = document.pointer(&pointer)?;
        match value.get("$ref").and_then(Value::as_str) {
            None => return Some((pointer, value)),
            Some(reference) => pointer = from_reference(reference)?,
        }
    }
    None
}
