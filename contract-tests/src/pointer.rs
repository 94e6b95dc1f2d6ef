//! JSON Pointers (RFC 6901), as the reader of documents has them.

pub use openapi_document::pointer::{escape, is_within, join, parent, replace, segments, unescape};

use serde_json::Value;

/// The values at a place, which is a JSON Pointer with `*` for any item or property.
pub(crate) fn values_at<'v>(root: &'v Value, place: &str) -> Vec<&'v Value> {
    let at = |value: &'v Value, segment: &str| -> Vec<&'v Value> {
        match value {
            Value::Object(object) if segment == "*" => object.values().collect(),
            Value::Array(items) if segment == "*" => items.iter().collect(),
            Value::Object(object) => object.get(&*unescape(segment)).into_iter().collect(),
            Value::Array(items) => segment.parse().ok().and_then(|index: usize| items.get(index)).into_iter().collect(),
            _ => Vec::new(),
        }
    };
    place.split('/').skip(1).fold(vec![root], |values, segment| values.into_iter().flat_map(|value| at(value, segment)).collect())
}
