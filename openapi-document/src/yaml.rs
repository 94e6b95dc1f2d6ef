//! YAML text to a positioned tree, by the core schema of YAML 1.2 (section 10.3), with the merge keys of 1.1.

use std::{borrow::Cow, collections::HashMap};

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag, options};
use indexmap::map::Entry;
use serde_json::Number;

use crate::{
    node::{At, Content, Node, Object},
    parse::{Bounds, Fault, Parsed, Repeated},
};

pub(crate) fn parse(text: &str, file: u32, bounds: Bounds) -> Result<Parsed, Fault> {
    let options = options! {
        emit_comments: false,
        block_nesting_limit: bounds.depth + 1,
        flow_nesting_limit: bounds.depth + 1,
    };
    let mut builder = Builder { file, bounds, open: Vec::new(), root: None, anchors: HashMap::new(), repeated: Vec::new() };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| {
            let offset = error.marker().byte_offset().unwrap_or(0);
            Fault::at(offset, &error.info())
        })?;
        builder.event(event, &span)?;
    }
    let root = builder.root.unwrap_or_default();
    Ok(Parsed { root, repeated: builder.repeated })
}

struct Builder {
    file: u32,
    bounds: Bounds,
    open: Vec<Open>,
    root: Option<Node>,
    /// What aliases may refer to.
    anchors: HashMap<usize, Node>,
    repeated: Vec<Repeated>,
}

/// A collection that has not ended.
struct Open {
    at: At,
    anchor: usize,
    content: Collection,
}

enum Collection {
    Sequence(Vec<Node>),
    Mapping { object: Object, key: Option<Key>, merged: Vec<Node> },
}

enum Key {
    Named { name: String, at: u32 },
    Merge,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Fault> {
        let offset = offset(span);
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                return Err(Fault::at(offset as usize, "a second YAML document in one file"));
            }
            Event::Scalar(text, style, anchor, tag) => {
                if let Some(Collection::Mapping { key: key @ None, .. }) = self.open.last_mut().map(|open| &mut open.content) {
                    let merge = text == "<<" && style == ScalarStyle::Plain && tag.is_none();
                    if anchor != 0 {
                        self.anchors
                            .insert(anchor, Node::string(At { file: self.file, key: offset, value: offset }, text.clone()));
                    }
                    *key = Some(if merge { Key::Merge } else { Key::Named { name: text.into_owned(), at: offset } });
                    return Ok(());
                }
                let node = Node::new(self.at(offset), scalar(text, style, tag.as_deref()));
                self.keep(anchor, &node)?;
                self.add(node)?;
            }
            Event::SequenceStart(_, anchor, _) => self.begin(offset, anchor, Collection::Sequence(Vec::new()))?,
            Event::MappingStart(_, anchor, _) => {
                self.begin(offset, anchor, Collection::Mapping { object: Object::new(), key: None, merged: Vec::new() })?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Alias(anchor) => self.alias(offset, anchor)?,
            _ => {}
        }
        Ok(())
    }

    /// The position of a value that begins at `offset`.
    fn at(&self, offset: u32) -> At {
        let key = match self.open.last().map(|open| &open.content) {
            Some(Collection::Mapping { key: Some(Key::Named { at, .. }), .. }) => *at,
            _ => offset,
        };
        At { file: self.file, key, value: offset }
    }

    fn begin(&mut self, offset: u32, anchor: usize, content: Collection) -> Result<(), Fault> {
        if matches!(self.open.last(), Some(Open { content: Collection::Mapping { key: None, .. }, .. })) {
            return Err(Fault::at(offset as usize, "a key that is a list or a mapping"));
        }
        if self.open.len() >= self.bounds.depth {
            return Err(Fault::TooDeep);
        }
        let at = self.at(offset);
        self.open.push(Open { at, anchor, content });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(Open { at, anchor, content }) = self.open.pop() else { return Ok(()) };
        let content = match content {
            Collection::Sequence(items) => Content::Array(items),
            Collection::Mapping { mut object, merged, .. } => {
                for node in merged {
                    merge(&mut object, node)?;
                }
                Content::Object(object)
            }
        };
        let node = Node { at, content };
        self.keep(anchor, &node)?;
        self.add(node)
    }

    fn alias(&mut self, offset: u32, anchor: usize) -> Result<(), Fault> {
        let target = self.anchors.get(&anchor);
        let target = target.ok_or_else(|| Fault::at(offset as usize, "an alias inside of what it refers to"))?;
        if let Some(Open { content: Collection::Mapping { key: key @ None, .. }, .. }) = self.open.last_mut() {
            let name = match &target.content {
                Content::String(text) => text.clone(),
                Content::Number(number) => number.to_string(),
                _ => return Err(Fault::at(offset as usize, "a key that is no text")),
            };
            *key = Some(Key::Named { name, at: offset });
            return Ok(());
        }
        // The copy adds levels to those around it.
        if self.open.len() + depth(target) > self.bounds.depth {
            return Err(Fault::TooDeep);
        }
        self.bounds.copied = self.bounds.copied.checked_sub(target.size()).ok_or(Fault::TooManyCopies)?;
        let mut copy = target.clone();
        copy.at.key = self.at(offset).key;
        self.add(copy)
    }

    /// Keeps what an alias may refer to.
    fn keep(&mut self, anchor: usize, node: &Node) -> Result<(), Fault> {
        if anchor != 0 {
            self.bounds.copied = self.bounds.copied.checked_sub(node.size()).ok_or(Fault::TooManyCopies)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    fn add(&mut self, node: Node) -> Result<(), Fault> {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Collection::Sequence(items)) => items.push(node),
            Some(Collection::Mapping { object, key, merged }) => match key.take() {
                Some(Key::Named { name, .. }) => match object.entry(name) {
                    Entry::Vacant(place) => drop(place.insert(node)),
                    Entry::Occupied(mut place) => {
                        self.repeated.push(Repeated { key: place.key().clone(), at: node.at, before: place.get().at });
                        place.insert(node);
                    }
                },
                Some(Key::Merge) => merged.push(node),
                None => return Err(Fault::at(node.at.value as usize, "a key that is no text")),
            },
        }
        Ok(())
    }
}

/// Adds the members that the object does not have (<https://yaml.org/type/merge.html>).
fn merge(object: &mut Object, from: Node) -> Result<(), Fault> {
    match from.content {
        Content::Object(members) => {
            for (name, node) in members {
                object.entry(name).or_insert(node);
            }
            Ok(())
        }
        Content::Array(items) => items.into_iter().try_for_each(|item| merge(object, item)),
        _ => Err(Fault::at(from.at.value as usize, "a merge key (`<<`) whose value is no mapping")),
    }
}

fn depth(node: &Node) -> usize {
    match &node.content {
        Content::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        Content::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn offset(span: &Span) -> u32 {
    // The parser of a string always knows the offset.
    u32::try_from(span.start.byte_offset().unwrap_or(0)).unwrap_or(u32::MAX)
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Content {
    let typed = match tag.map(Tag::core_suffix) {
        None => style == ScalarStyle::Plain,
        Some(suffix) => matches!(suffix, Some("int" | "float" | "bool" | "null")),
    };
    let plain = if typed { plain(&text) } else { None };
    plain.unwrap_or_else(|| Content::String(text.into_owned()))
}

/// The value of a plain scalar that is no text. Dates are text, and so are `on`, `no` and `yes`; infinity and not-a-number, which
/// JSON cannot say, too.
fn plain(text: &str) -> Option<Content> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        _ => Content::Number(number(text)?),
    })
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let radix = |prefix, radix| {
        let digits = text.strip_prefix(prefix).filter(|rest: &&str| !rest.starts_with('+'))?;
        u64::from_str_radix(digits, radix).ok()
    };
    if let Some(number) = radix("0o", 8).or_else(|| radix("0x", 16)) {
        return Some(number.into());
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
        if let Ok(whole) = whole {
            return Some(whole);
        }
    }
    // What Rust reads as a decimal number and begins with a digit or a point is what YAML reads so.
    text.parse::<f64>().ok().and_then(Number::from_f64)
}
