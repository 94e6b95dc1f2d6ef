//! The positioned tree: JSON in which each value knows where it was written.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use serde_json::{Map, Number, Value};

use crate::{model::ChildName, pointer::unescape};

/// Where a value was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct At {
    /// The index of the file.
    pub file: u32,
    /// The offset of its key in bytes; of the value itself where it has none.
    pub key: u32,
    /// The offset of the value in bytes.
    pub value: u32,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Node {
    pub at: At,
    pub content: Content,
}

pub(crate) type Object = IndexMap<String, Node>;

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Content {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Node>),
    Object(Object),
}

impl Node {
    pub fn new(at: At, content: Content) -> Self {
        Self { at, content }
    }

    pub fn string(at: At, text: impl Into<String>) -> Self {
        Self::new(at, Content::String(text.into()))
    }

    pub fn bool(at: At, value: bool) -> Self {
        Self::new(at, Content::Bool(value))
    }

    pub fn array(at: At, items: Vec<Self>) -> Self {
        Self::new(at, Content::Array(items))
    }

    pub fn object(at: At, members: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self::new(at, Content::Object(members))
    }

    pub fn as_object(&self) -> Option<&Object> {
        if let Content::Object(object) = &self.content { Some(object) } else { None }
    }

    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        if let Content::Object(object) = &mut self.content { Some(object) } else { None }
    }

    pub fn as_array(&self) -> Option<&Vec<Self>> {
        if let Content::Array(items) = &self.content { Some(items) } else { None }
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Content::String(text) = &self.content { Some(text) } else { None }
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let Content::Bool(value) = &self.content { Some(*value) } else { None }
    }

    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// The text under `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// The member or item that one unescaped segment of a pointer names.
    pub fn step(&self, segment: &str) -> Option<&Self> {
        match &self.content {
            Content::Object(object) => object.get(segment),
            Content::Array(items) => items.get(index(segment)?),
            _ => None,
        }
    }

    pub fn step_mut(&mut self, segment: &str) -> Option<&mut Self> {
        match &mut self.content {
            Content::Object(object) => object.get_mut(segment),
            Content::Array(items) => items.get_mut(index(segment)?),
            _ => None,
        }
    }

    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        pointer.split('/').skip(1).try_fold(self, |node, segment| node.step(&unescape(segment)))
    }

    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Self> {
        pointer.split('/').skip(1).try_fold(self, |node, segment| node.step_mut(&unescape(segment)))
    }

    /// How many values it holds, itself included.
    pub fn size(&self) -> usize {
        1 + match &self.content {
            Content::Object(object) => object.values().map(Self::size).sum(),
            Content::Array(items) => items.iter().map(Self::size).sum(),
            _ => 0,
        }
    }

    pub fn type_name(&self) -> &'static str {
        match &self.content {
            Content::Null => "null",
            Content::Bool(_) => "a boolean",
            Content::Number(_) => "a number",
            Content::String(_) => "a string",
            Content::Array(_) => "an array",
            Content::Object(_) => "an object",
        }
    }

    /// The JSON, and where each of its values was written.
    pub fn into_json(self) -> (Value, Places) {
        let at = self.at;
        let (value, children) = match self.content {
            Content::Null => (Value::Null, Children::None),
            Content::Bool(value) => (Value::Bool(value), Children::None),
            Content::Number(number) => (Value::Number(number), Children::None),
            Content::String(text) => (Value::String(text), Children::None),
            Content::Array(items) => {
                let (values, places) = items.into_iter().map(Self::into_json).unzip();
                (Value::Array(values), Children::Items(places))
            }
            Content::Object(object) => {
                let mut values = Map::with_capacity(object.len());
                let mut places = IndexMap::with_capacity(object.len());
                for (name, node) in object {
                    let (value, place) = node.into_json();
                    places.insert(name.clone(), place);
                    values.insert(name, value);
                }
                (Value::Object(values), Children::Members(places))
            }
        };
        (value, Places { at, children })
    }
}

/// How many values may still be copied.
pub(crate) struct Copies {
    left: usize,
    /// Whether more were asked for, and not given.
    pub exhausted: bool,
}

impl Copies {
    pub fn new(left: usize) -> Self {
        Self { left, exhausted: false }
    }

    /// A copy; null where there may be none any more.
    pub fn of(&mut self, node: &Node) -> Node {
        if self.exhausted {
            return Node::default();
        }
        match self.left.checked_sub(node.size()) {
            Some(left) => {
                self.left = left;
                node.clone()
            }
            None => {
                self.exhausted = true;
                Node::default()
            }
        }
    }
}

/// An index of an array as a pointer may write it (RFC 6901, section 4).
fn index(segment: &str) -> Option<usize> {
    let canonical = segment == "0" || !segment.starts_with(['0', '+']);
    segment.parse().ok().filter(|_| canonical)
}

/// Beyond it a pointer is not noted down, so that long keys around many values cost nothing.
pub(crate) const LONGEST_POINTER: usize = 4096;

/// Where the values of a document were written.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    at: At,
    children: Children,
}

#[derive(Debug, Clone)]
enum Children {
    None,
    Items(Vec<Places>),
    Members(IndexMap<String, Places>),
}

impl Places {
    /// Of the value that `pointer` names, or of the nearest around it.
    pub fn nearest(&self, pointer: &str) -> At {
        let mut here = self;
        for segment in pointer.split('/').skip(1) {
            let next = match &here.children {
                Children::None => None,
                Children::Items(items) => index(segment).and_then(|index| items.get(index)),
                Children::Members(members) => members.get(unescape(segment).as_ref()),
            };
            match next {
                Some(next) => here = next,
                None => break,
            }
        }
        here.at
    }

    /// The first pointer of each of the places in `wanted` that is here.
    pub fn pointers(&self, wanted: &HashSet<At>) -> HashMap<At, String> {
        let mut found = HashMap::new();
        if !wanted.is_empty() {
            self.find(wanted, &mut String::new(), &mut found);
        }
        found
    }

    fn find(&self, wanted: &HashSet<At>, pointer: &mut String, found: &mut HashMap<At, String>) {
        if wanted.contains(&self.at) {
            found.entry(self.at).or_insert_with(|| pointer.clone());
        }
        if pointer.len() > LONGEST_POINTER {
            return;
        }
        let mut below = |name: ChildName<'_>, child: &Self| {
            let before = name.push(pointer);
            child.find(wanted, pointer, found);
            pointer.truncate(before);
        };
        match &self.children {
            Children::None => {}
            Children::Items(items) => items.iter().enumerate().for_each(|(index, child)| below(ChildName::Index(index), child)),
            Children::Members(members) => members.iter().for_each(|(key, child)| below(ChildName::Key(key), child)),
        }
    }
}
