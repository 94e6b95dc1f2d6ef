//! From a path to the operations that the document has for it.

use std::{cmp::Reverse, collections::HashMap};

use matchit::Router as Tree;
use openapi_document::pointer::join;

use super::{ContractError, read::Methods};

/// The path templates of a document.
pub(super) struct Router {
    /// To an index of `places`.
    tree: Tree<usize>,
    /// The templates that the tree cannot tell apart, such as `/{base}...{head}` and `/{base}`; the one with the most fixed text first.
    places: Vec<Vec<Leaf>>,
    /// The index of `places` for each route of the tree.
    routes: HashMap<String, usize>,
}

struct Leaf {
    segments: Vec<Segment>,
    methods: Methods,
    /// Whether the template begins with a fixed text: `/docs/{id}` and not `/{id}`.
    begins_fixed: bool,
}

/// A segment of a template that has names in it.
struct Segment {
    /// What the tree calls it.
    key: String,
    /// The texts around the names; none before the first name or after the last one when the tree has matched them.
    texts: Vec<String>,
    names: Vec<String>,
}

/// The values that a path has for the names in its template, still percent-encoded.
pub(super) type PathValues = Vec<(String, String)>;

impl Router {
    pub fn new() -> Self {
        Self { tree: Tree::new(), places: Vec::new(), routes: HashMap::new() }
    }

    /// Adds a template. The tree has its own names: it takes one in a segment, and a document may have several, or call the same
    /// place by two names.
    pub fn insert(&mut self, path: &str, methods: Methods) -> Result<(), ContractError> {
        let error = |cause: String| ContractError::Route { pointer: join("/paths", path), cause };
        if path.contains(['?', '#']) {
            return Err(error("a path has no query and no fragment".to_owned()));
        }
        let (mut route, mut segments) = (String::new(), Vec::new());
        for (index, text) in path.split('/').enumerate() {
            if index > 0 {
                route.push('/');
            }
            let (texts, names) = parse(text).ok_or_else(|| error("a brace is not closed".to_owned()))?;
            let key = format!("p{index}");
            let escape = |text: &str| text.replace('{', "{{").replace('}', "}}");
            match names.as_slice() {
                [] => route.push_str(&escape(text)),
                [_] => {
                    route.push_str(&format!("{}{{{key}}}{}", escape(&texts[0]), escape(&texts[1])));
                    segments.push(Segment { key, texts: vec![String::new(); 2], names });
                }
                _ => {
                    route.push_str(&format!("{{{key}}}"));
                    segments.push(Segment { key, texts, names });
                }
            }
        }
        if !route.starts_with('/') {
            return Err(error("a path begins with /".to_owned()));
        }
        let begins_fixed = !path.split('/').nth(1).is_some_and(|first| first.contains('{'));
        let leaf = Leaf { segments, methods, begins_fixed };
        let Some(&place) = self.routes.get(&route) else {
            self.tree.insert(&route, self.places.len()).map_err(|cause| error(cause.to_string()))?;
            self.routes.insert(route, self.places.len());
            self.places.push(vec![leaf]);
            return Ok(());
        };
        let leaves = &mut self.places[place];
        if leaves.iter().any(|other| other.texts().eq(leaf.texts())) {
            return Err(error("another path matches the same requests".to_owned()));
        }
        leaves.push(leaf);
        leaves.sort_by_key(|leaf| Reverse(leaf.texts().map(String::len).sum::<usize>()));
        Ok(())
    }

    /// Whether a template that begins with a fixed text is for this path.
    pub fn claims(&self, path: &str) -> bool {
        self.find(path).is_some_and(|(leaf, _)| leaf.begins_fixed)
    }

    /// The operations for a path, with the values of its template.
    pub fn at(&self, path: &str) -> Option<(&Methods, PathValues)> {
        self.find(path).map(|(leaf, values)| (&leaf.methods, values))
    }

    fn find(&self, path: &str) -> Option<(&Leaf, PathValues)> {
        let found = self.tree.at(path).ok()?;
        self.places[*found.value].iter().find_map(|leaf| {
            let mut values = Vec::new();
            for segment in &leaf.segments {
                values.extend(segment.values(found.params.get(&segment.key)?)?);
            }
            Some((leaf, values))
        })
    }
}

impl Leaf {
    /// The fixed texts that the tree does not know.
    fn texts(&self) -> impl Iterator<Item = &String> {
        self.segments.iter().flat_map(|segment| &segment.texts)
    }
}

impl Segment {
    /// The values of the names: each as short as what follows allows.
    fn values(&self, text: &str) -> Option<PathValues> {
        let mut rest = text.strip_prefix(self.texts[0].as_str())?;
        let mut values = Vec::new();
        for (index, name) in self.names.iter().enumerate() {
            let after = self.texts[index + 1].as_str();
            let last = index + 1 == self.names.len();
            let end =
                if last { rest.len().checked_sub(after.len()).filter(|_| rest.ends_with(after))? } else { rest.find(after)? };
            if end == 0 {
                return None;
            }
            values.push((name.clone(), rest[..end].to_owned()));
            rest = &rest[end + after.len()..];
        }
        Some(values)
    }
}

/// The texts around the names of a segment, one more than there are names.
fn parse(segment: &str) -> Option<(Vec<String>, Vec<String>)> {
    let (mut texts, mut names, mut rest) = (Vec::new(), Vec::new(), segment);
    while let Some((before, inner)) = rest.split_once('{') {
        let (name, after) = inner.split_once('}')?;
        texts.push(before.to_owned());
        names.push(name.to_owned());
        rest = after;
    }
    texts.push(rest.to_owned());
    Some((texts, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(templates: &[&str], path: &str) -> Option<Vec<(String, String)>> {
        let mut router = Router::new();
        for template in templates {
            router.insert(template, Methods::none()).unwrap();
        }
        router.at(path).map(|(_, values)| values)
    }

    fn pairs(expected: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn names_may_stand_anywhere_in_a_segment() {
        assert_eq!(values(&["/a/{id}"], "/a/7"), pairs(&[("id", "7")]));
        assert_eq!(values(&["/a/{id}.json"], "/a/7.json"), pairs(&[("id", "7")]));
        assert_eq!(values(&["/a/{id}.json"], "/a/7.xml"), None);
        assert_eq!(values(&["/at/{lat},{lon}"], "/at/1.5,2"), pairs(&[("lat", "1.5"), ("lon", "2")]));
        assert_eq!(values(&["/at/{lat},{lon}"], "/at/1.5"), None);
        assert_eq!(values(&["/v{major}.{minor}/x"], "/v1.2/x"), pairs(&[("major", "1"), ("minor", "2")]));
    }

    #[test]
    fn one_place_may_have_two_names_and_fixed_texts_go_first() {
        let templates = ["/users/{id}", "/users/{name}/keys", "/users/me", "/users/{id}:archive"];
        assert_eq!(values(&templates, "/users/7"), pairs(&[("id", "7")]));
        assert_eq!(values(&templates, "/users/7/keys"), pairs(&[("name", "7")]));
        assert_eq!(values(&templates, "/users/me"), pairs(&[]));
        assert_eq!(values(&templates, "/users/7:archive"), pairs(&[("id", "7")]));
    }

    #[test]
    fn templates_that_differ_in_their_fixed_texts_are_told_apart() {
        let templates = ["/compare/{base}", "/compare/{base}...{head}", "/compare/{base}.{format}"];
        assert_eq!(values(&templates, "/compare/main"), pairs(&[("base", "main")]));
        assert_eq!(values(&templates, "/compare/a...b"), pairs(&[("base", "a"), ("head", "b")]));
        assert_eq!(values(&templates, "/compare/a.json"), pairs(&[("base", "a"), ("format", "json")]));
        assert_eq!(values(&templates[1..], "/compare/main"), None);
    }

    #[test]
    fn a_template_that_begins_with_a_name_claims_nothing() {
        let mut router = Router::new();
        for template in ["/", "/{id}", "/docs/{id}"] {
            router.insert(template, Methods::none()).unwrap();
        }
        let claims = ["/", "/docs", "/docs/token", "/docs/a/b"].map(|path| router.claims(path));
        assert_eq!(claims, [true, false, true, false]);
    }

    #[test]
    fn paths_that_claim_the_same_requests_are_refused() {
        let mut router = Router::new();
        router.insert("/users/{id}", Methods::none()).unwrap();
        router.insert("/diff/{a}-{b}", Methods::none()).unwrap();
        assert!(matches!(router.insert("/users/{name}", Methods::none()), Err(ContractError::Route { .. })));
        assert!(matches!(router.insert("/diff/{from}-{to}", Methods::none()), Err(ContractError::Route { .. })));
        assert!(matches!(router.insert("/open/{name", Methods::none()), Err(ContractError::Route { .. })));
    }
}
