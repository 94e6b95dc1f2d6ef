//! From a path to the operations that the document has for it.

use std::{borrow::Cow, cmp::Reverse, collections::HashMap, sync::Arc};

use http::{HeaderValue, Method};
use openapi_document::pointer::join;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::ContractError;

/// The path templates of a document, as a tree of their segments. `O` is what an operation is.
///
/// A fixed segment goes before one with names (OpenAPI 3.1, section 4.8.8.2), and of those the one with the most fixed text; where
/// that leads nowhere the others are tried.
pub(super) struct Router<O> {
    root: Node<O>,
}

struct Node<O> {
    /// By the decoded text.
    fixed: HashMap<String, Node<O>>,
    /// By the texts around the names, as clients send them, one more than there are names; the most text first.
    named: Vec<(Vec<String>, Node<O>)>,
    place: Option<Place<O>>,
}

/// Where paths lead: to a template, or to several whose names and methods differ.
pub(super) struct Place<O> {
    templates: Vec<Template<O>>,
    /// The value of `Allow` (RFC 9110, section 10.2.1).
    pub allow: HeaderValue,
    /// Whether the template begins with a fixed text: `/docs/{id}` and not `/{id}`.
    begins_fixed: bool,
}

pub(super) struct Template<O> {
    pub path: Arc<str>,
    names: Vec<String>,
    operations: Vec<(Method, O)>,
}

/// The ways to read a segment as the values of its names, still percent-encoded; at least one. `/{a}-{b}` has two for `1-2-3`.
type Readings<'p> = Vec<Vec<&'p str>>;

/// How often the rest of a segment is read, whoever sent it. The first way is found without a second try at any name.
const MAX_TRIES: usize = 256;

/// How deep the tree may be: it is walked recursively.
const MAX_SEGMENTS: usize = 256;

/// What clients do not send as it is, as in the path of a URL (URL Standard, section 1.3).
const ENCODED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'^').add(b'`').add(b'{').add(b'}');

/// The values that a path has for the names in its template, still percent-encoded.
pub(super) type PathValues = Vec<(String, String)>;

/// What a path leads to.
pub(super) struct Found<'r, 'p, O> {
    pub place: &'r Place<O>,
    segments: Vec<Readings<'p>>,
}

impl<O> Router<O> {
    pub fn new() -> Self {
        Self { root: Node::new() }
    }

    /// Adds a template with its operations.
    pub fn insert(&mut self, path: &str, operations: Vec<(Method, O)>) -> Result<(), ContractError> {
        let error = |cause: &str| ContractError::Route { pointer: join("/paths", path), cause: cause.to_owned() };
        if path.contains(['?', '#']) {
            return Err(error("a path has no query and no fragment"));
        }
        let Some(segments) = path.strip_prefix('/') else { return Err(error("a path begins with /")) };
        if segments.split('/').count() > MAX_SEGMENTS {
            return Err(error("a path has at most 256 segments"));
        }
        let (mut node, mut names) = (&mut self.root, Vec::new());
        for segment in segments.split('/') {
            let (texts, own) = parse(segment).ok_or_else(|| error("a brace is not closed"))?;
            node = if own.is_empty() {
                node.fixed.entry(decode(segment).into_owned()).or_insert_with(Node::new)
            } else {
                node.named(texts)
            };
            names.extend(own);
        }
        let begins_fixed = !segments.split('/').next().is_some_and(|first| first.contains('{'));
        let place =
            node.place.get_or_insert_with(|| Place { templates: Vec::new(), allow: HeaderValue::from_static(""), begins_fixed });
        if operations.iter().any(|(method, _)| place.operation(method).is_some()) {
            return Err(error("another path has the same method for the same requests"));
        }
        place.templates.push(Template { path: path.into(), names, operations });
        let methods: Vec<&str> = place.operations().map(|(method, _)| method.as_str()).collect();
        place.allow = HeaderValue::try_from(methods.join(", ")).map_err(|_| error("a method has another name"))?;
        Ok(())
    }

    /// Whether a template that begins with a fixed text is for this path.
    pub fn claims(&self, path: &str) -> bool {
        self.at(path).is_some_and(|found| found.place.begins_fixed)
    }

    /// What a path leads to.
    pub fn at<'p>(&self, path: &'p str) -> Option<Found<'_, 'p, O>> {
        let mut segments = Vec::new();
        let place = self.root.find(Some(path.strip_prefix('/')?), &mut segments)?;
        Some(Found { place, segments })
    }
}

impl<O> Node<O> {
    fn new() -> Self {
        Self { fixed: HashMap::new(), named: Vec::new(), place: None }
    }

    /// The node behind a segment with names between these texts.
    fn named(&mut self, texts: Vec<String>) -> &mut Self {
        let at = match self.named.iter().position(|(other, _)| *other == texts) {
            Some(at) => at,
            None => {
                let length = |texts: &[String]| Reverse(texts.iter().map(String::len).sum::<usize>());
                let at = self.named.partition_point(|(other, _)| length(other) <= length(&texts));
                self.named.insert(at, (texts, Self::new()));
                at
            }
        };
        &mut self.named[at].1
    }

    /// Where the rest of a path leads; `segments` gets the readings on the way there.
    fn find<'p>(&self, rest: Option<&'p str>, segments: &mut Vec<Readings<'p>>) -> Option<&Place<O>> {
        let Some(rest) = rest else { return self.place.as_ref() };
        let (segment, rest) = rest.split_once('/').map_or((rest, None), |(segment, rest)| (segment, Some(rest)));
        if let Some(place) = self.fixed.get(&*decode(segment)).and_then(|node| node.find(rest, segments)) {
            return Some(place);
        }
        self.named.iter().find_map(|(texts, node)| {
            let known = segments.len();
            let readings = readings(texts, segment);
            if readings.is_empty() {
                return None;
            }
            segments.push(readings);
            let place = node.find(rest, segments);
            if place.is_none() {
                segments.truncate(known);
            }
            place
        })
    }
}

impl<O> Place<O> {
    /// Every operation, of whichever template.
    pub fn operations(&self) -> impl Iterator<Item = &(Method, O)> {
        self.templates.iter().flat_map(|template| &template.operations)
    }

    /// The operation of this method, and its template.
    pub fn operation(&self, method: &Method) -> Option<(&Template<O>, &O)> {
        self.templates.iter().find_map(|template| {
            let (_, operation) = template.operations.iter().find(|(other, _)| other == method)?;
            Some((template, operation))
        })
    }
}

impl<O> Found<'_, '_, O> {
    /// The values of the names in a template of the place. Of several ways to read a segment it is the first of which the document
    /// allows every value: `allows` is asked with the name.
    pub fn values(&self, template: &Template<O>, allows: impl Fn(&str, &str) -> bool) -> PathValues {
        let mut names = template.names.as_slice();
        let mut values = Vec::new();
        for readings in &self.segments {
            let (own, rest) = names.split_at(readings[0].len().min(names.len()));
            names = rest;
            let is_allowed = |reading: &&Vec<&str>| own.iter().zip(reading.iter()).all(|(name, value)| allows(name, value));
            let reading = match readings.as_slice() {
                [one] => one,
                many => many.iter().find(is_allowed).unwrap_or(&many[0]),
            };
            values.extend(own.iter().zip(reading).map(|(name, value)| (name.clone(), (*value).to_owned())));
        }
        values
    }
}

/// The ways in which a segment has the texts with something between them, the ones with short first values first; none where it has not.
fn readings<'p>(texts: &[String], segment: &'p str) -> Readings<'p> {
    struct Reader<'p> {
        known: Vec<&'p str>,
        all: Readings<'p>,
        tries: usize,
    }

    impl<'p> Reader<'p> {
        /// `rest` begins with a value, and ends with the last one.
        fn read(&mut self, between: &[String], rest: &'p str) {
            self.tries += 1;
            let Some((text, others)) = between.split_first() else {
                if !rest.is_empty() {
                    self.all.push(self.known.iter().copied().chain([rest]).collect());
                }
                return;
            };
            for (end, _) in rest.char_indices().skip(1) {
                if self.tries >= MAX_TRIES {
                    return;
                }
                if let Some(after) = rest[end..].strip_prefix(text.as_str()) {
                    self.known.push(&rest[..end]);
                    self.read(others, after);
                    self.known.pop();
                }
            }
        }
    }

    let mut reader = Reader { known: Vec::new(), all: Vec::new(), tries: 0 };
    if let [first, between @ .., last] = texts
        && let Some(rest) = segment.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()))
    {
        reader.read(between, rest);
    }
    reader.all
}

/// A fixed segment without percent-encoding: one that a client has encoded without need is the same (RFC 3986, section 6.2.2.2), and so is
/// a reserved character here, which no template means otherwise.
fn decode(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

/// The texts around the names of a segment, as clients send them, one more than there are names.
fn parse(segment: &str) -> Option<(Vec<String>, Vec<String>)> {
    let sent = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let (mut texts, mut names, mut rest) = (Vec::new(), Vec::new(), segment);
    while let Some((before, inner)) = rest.split_once('{') {
        let (name, after) = inner.split_once('}')?;
        texts.push(sent(before));
        names.push(name.to_owned());
        rest = after;
    }
    texts.push(sent(rest));
    Some((texts, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(templates: &[&str]) -> Router<()> {
        let mut router = Router::new();
        for template in templates {
            router.insert(template, vec![(Method::GET, ())]).unwrap();
        }
        router
    }

    fn values(templates: &[&str], path: &str) -> Option<Vec<(String, String)>> {
        let router = router(templates);
        let found = router.at(path)?;
        let (template, ()) = found.place.operation(&Method::GET)?;
        Some(found.values(template, |name, value| name != "number" || value.bytes().all(|byte| byte.is_ascii_digit())))
    }

    fn pairs(expected: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn names_may_stand_anywhere_in_a_segment() {
        assert_eq!(values(&["/a/{id}"], "/a/7"), pairs(&[("id", "7")]));
        assert_eq!(values(&["/a/{id}"], "/a/"), None);
        assert_eq!(values(&["/a/{id}.json"], "/a/7.json"), pairs(&[("id", "7")]));
        assert_eq!(values(&["/a/{id}.json"], "/a/7.xml"), None);
        assert_eq!(values(&["/a/{id}.json"], "/a/.json"), None);
        assert_eq!(values(&["/at/{lat},{lon}"], "/at/1.5,2"), pairs(&[("lat", "1.5"), ("lon", "2")]));
        assert_eq!(values(&["/at/{lat},{lon}"], "/at/1.5"), None);
        assert_eq!(values(&["/v{major}.{minor}/x"], "/v1.2/x"), pairs(&[("major", "1"), ("minor", "2")]));
        assert_eq!(values(&["/{name}{ending}"], "/ab"), pairs(&[("name", "a"), ("ending", "b")]));
        assert_eq!(values(&["/{name}{ending}"], "/a"), None);
    }

    #[test]
    fn of_several_readings_the_first_that_is_allowed_counts() {
        assert_eq!(values(&["/{name}-{number}"], "/a-b-3"), pairs(&[("name", "a-b"), ("number", "3")]));
        assert_eq!(values(&["/{name}-{other}"], "/a-b-3"), pairs(&[("name", "a"), ("other", "b-3")]));
        assert_eq!(values(&["/{name}{number}"], "/é12"), pairs(&[("name", "é"), ("number", "12")]));
        assert_eq!(values(&["/{name}-{number}"], "/a-b-c"), pairs(&[("name", "a"), ("number", "b-c")]));
        let long = "x".repeat(64);
        assert_eq!(values(&["/{name}{number}"], &format!("/{long}7")), pairs(&[("name", &long), ("number", "7")]));
    }

    #[test]
    fn a_long_segment_costs_little() {
        let texts = ["", "-", "-", "-", "~", ""].map(str::to_owned);
        let segment = "-".repeat(8_000);
        assert_eq!(readings(&texts, &segment), Vec::<Vec<&str>>::new());
        let many = readings(&texts[..4], &segment);
        assert!(!many.is_empty() && many.len() <= MAX_TRIES, "{}", many.len());
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
        let templates = ["/compare/{base}", "/compare/{base}...{head}", "/compare/{base}.{format}", "/compare/page-{page}.json"];
        assert_eq!(values(&templates, "/compare/main"), pairs(&[("base", "main")]));
        assert_eq!(values(&templates, "/compare/a...b"), pairs(&[("base", "a"), ("head", "b")]));
        assert_eq!(values(&templates, "/compare/a.json"), pairs(&[("base", "a"), ("format", "json")]));
        assert_eq!(values(&templates, "/compare/page-2.json"), pairs(&[("page", "2")]));
        assert_eq!(values(&templates[1..], "/compare/main"), None);
    }

    #[test]
    fn what_leads_nowhere_is_left_for_the_next() {
        let templates = ["/files/{name}.json", "/{kind}/{id}", "/files/new/draft"];
        assert_eq!(values(&templates, "/files/7"), pairs(&[("kind", "files"), ("id", "7")]));
        assert_eq!(values(&templates, "/files/new"), pairs(&[("kind", "files"), ("id", "new")]));
        assert_eq!(values(&templates, "/files/7.json"), pairs(&[("name", "7")]));
        assert_eq!(values(&templates, "/files/7/8"), None);
    }

    #[test]
    fn a_fixed_text_may_be_percent_encoded() {
        assert_eq!(values(&["/my files/{id}"], "/my%20files/a%20b"), pairs(&[("id", "a%20b")]));
        assert_eq!(values(&["/my%20files"], "/my%20files"), pairs(&[]));
        assert_eq!(values(&["/größe {id}"], "/gr%C3%B6%C3%9Fe%207"), pairs(&[("id", "7")]));
    }

    #[test]
    fn a_template_that_begins_with_a_name_claims_nothing() {
        let router = router(&["/", "/{id}", "/docs/{id}"]);
        let claims = ["/", "/docs", "/docs/token", "/docs/a/b"].map(|path| router.claims(path));
        assert_eq!(claims, [true, false, true, false]);
    }

    #[test]
    fn paths_that_claim_the_same_requests_are_refused_and_other_methods_are_not() {
        let mut router = router(&["/users/{id}", "/diff/{a}-{b}"]);
        router.insert("/users/{name}", vec![(Method::PUT, ())]).unwrap();
        let found = router.at("/users/7").unwrap();
        assert_eq!(found.place.allow, "GET, PUT");
        let (template, ()) = found.place.operation(&Method::PUT).unwrap();
        assert_eq!(Some(found.values(template, |_, _| true)), pairs(&[("name", "7")]));
        let get = || vec![(Method::GET, ())];
        assert!(matches!(router.insert("/users/{user}", get()), Err(ContractError::Route { .. })));
        assert!(matches!(router.insert("/diff/{from}-{to}", get()), Err(ContractError::Route { .. })));
        assert!(matches!(router.insert("/open/{name", get()), Err(ContractError::Route { .. })));
    }
}
