//! A path template, and the paths that it is for.

use hyper::Uri;
use serde_json::{Map, Value, json};

use crate::parameter::{decode, pairs};

/// A path with names in braces for its variable parts (OpenAPI 3.1, section 4.8.8).
pub struct Template {
    text: String,
    segments: Vec<Segment>,
    /// A query that the template has of its own.
    query: Vec<(String, String)>,
}

/// Fixed texts, with a name between each of them and the next.
struct Segment {
    texts: Vec<String>,
    names: Vec<String>,
}

impl Template {
    pub fn parse(text: &str) -> Self {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        Self { text: text.to_owned(), segments: path.split('/').map(Segment::parse).collect(), query: pairs(query) }
    }

    /// Whether the query of the template gives this name a value.
    pub fn gives(&self, name: &str) -> bool {
        self.query.iter().any(|(known, value)| known == name && !value.starts_with('{'))
    }

    /// The same without what its query names in braces, where that is described as a parameter of the query.
    pub fn without_pairs(mut self, described: impl Fn(&str) -> bool) -> Self {
        self.query.retain(|(name, value)| !(value.starts_with('{') && described(name)));
        self
    }

    /// The path of a template without names.
    pub fn fixed(&self) -> Option<&str> {
        self.segments.iter().all(|segment| segment.names.is_empty()).then(|| self.text.split('?').next().unwrap_or_default())
    }

    /// Whether the last segment, but for a slash at the end, has a name.
    pub fn names_one(&self) -> bool {
        let is_blank = |segment: &&Segment| segment.names.is_empty() && segment.texts.iter().all(String::is_empty);
        self.segments.iter().rev().find(|segment| !is_blank(segment)).is_some_and(|last| !last.names.is_empty())
    }

    /// Sorts templates: a fixed segment is more particular than one with a name, and that than a name alone (section 4.8.8.2); and
    /// most particular is a query.
    pub fn rank(&self) -> (usize, Vec<u8>) {
        let rank = |segment: &Segment| match segment.names.len() {
            0 => 0,
            _ if segment.texts.iter().any(|text| !text.is_empty()) => 1,
            _ => 2,
        };
        (usize::MAX - self.query.len(), self.segments.iter().map(rank).collect())
    }

    /// The values that a path has for the names; none where it is another path.
    pub fn values(&self, uri: &Uri) -> Option<Map<String, Value>> {
        let given: Vec<&str> = uri.path().split('/').collect();
        let asked = pairs(uri.query().unwrap_or_default());
        if given.len() != self.segments.len() {
            return None;
        }
        let mut values = Map::new();
        for (name, fixed) in &self.query {
            let mut texts = asked.iter().filter(|(known, _)| known == name).map(|(_, text)| text);
            match fixed.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(variable) => drop(values.insert(variable.to_owned(), json!(texts.next()?))),
                None => drop(texts.find(|text| *text == fixed)?),
            }
        }
        for (segment, text) in self.segments.iter().zip(given) {
            segment.read(text, &mut values)?;
        }
        Some(values)
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        let (mut texts, mut names, mut rest) = (Vec::new(), Vec::new(), text);
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, it)| Some((before, it.split_once('}')?)))
        {
            texts.push(before.to_owned());
            names.push(name.to_owned());
            rest = after;
        }
        texts.push(rest.to_owned());
        Self { texts, names }
    }

    /// Each value but the last is as short as it can be.
    fn read(&self, text: &str, values: &mut Map<String, Value>) -> Option<()> {
        let [first, others @ ..] = self.texts.as_slice() else { return None };
        let mut rest = text.strip_prefix(first.as_str())?;
        for (index, (name, after)) in self.names.iter().zip(others).enumerate() {
            let is_last = index + 1 == self.names.len();
            let (value, next) = if is_last { (rest.strip_suffix(after.as_str())?, "") } else { rest.split_once(after.as_str())? };
            if value.is_empty() {
                return None;
            }
            values.insert(name.clone(), json!(decode(value)));
            rest = next;
        }
        rest.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(template: &str, path: &str) -> Option<Value> {
        Template::parse(template).values(&path.parse().unwrap()).map(Value::Object)
    }

    #[test]
    fn names_may_stand_anywhere_in_a_segment() {
        assert_eq!(values("/a/{id}", "/a/7%2F"), Some(json!({ "id": "7/" })));
        assert_eq!(values("/a/{id}.json", "/a/7.json"), Some(json!({ "id": "7" })));
        assert_eq!(values("/a/{id}.json", "/a/7.xml"), None);
        assert_eq!(values("/at/{lat},{lon}", "/at/1.5,2"), Some(json!({ "lat": "1.5", "lon": "2" })));
        assert_eq!(values("/at/{lat},{lon}", "/at/1.5"), None);
        assert_eq!(values("/v{major}.{minor}/x", "/v1.2/x"), Some(json!({ "major": "1", "minor": "2" })));
        assert_eq!(values("/a?do=b", "/a?x=1&do=b"), Some(json!({})));
        assert_eq!(values("/a?do=b", "/a?do=c"), None);
        assert_eq!(values("/a?at={lat}", "/a?at=1.5"), Some(json!({ "lat": "1.5" })));
        assert_eq!(values("/a?at={lat}", "/a"), None);
        for other in ["/a", "/a/", "/a/7/b", "/b/7"] {
            assert_eq!(values("/a/{id}", other), None, "{other}");
        }
    }

    #[test]
    fn a_name_at_the_end_is_that_of_a_resource() {
        for text in ["/a/{id}", "/a/{id}/", "/a/{id}.json", "/{a}.{b}", "/a/{id}?x=1"] {
            assert!(Template::parse(text).names_one(), "{text}");
        }
        for text in ["/", "/a", "/{id}/a", "/a/", "/a?at={lat}"] {
            assert!(!Template::parse(text).names_one(), "{text}");
        }
    }

    #[test]
    fn the_more_particular_template_goes_first() {
        let mut all = ["/a/{id}", "/a/{id}.json", "/a/me", "/{any}/me", "/a/{id}?x=1"].map(Template::parse);
        all.sort_by_key(Template::rank);
        assert_eq!(all.map(|template| template.text), ["/a/{id}?x=1", "/a/me", "/a/{id}.json", "/a/{id}", "/{any}/me"]);
    }
}
