//! The schemas of a document as Rust types.

mod cycles;
mod lower;
mod render;
mod union;

use std::collections::BTreeMap;

pub(crate) use self::lower::Types;

/// A type, where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    /// `serde_json::Value`, with the reason where the document says more than that.
    Any(Option<&'static str>),
    /// A type of Rust that needs no more than its name.
    Plain(&'static str),
    Option(Box<Type>),
    Vec(Box<Type>),
    Map(Box<Type>),
    Box(Box<Type>),
    /// One of the types that are written.
    Named(usize),
}

impl Type {
    /// An object of which nothing is known.
    pub const OBJECT: Self = Self::Plain("serde_json::Map<String, serde_json::Value>");
    pub const STRING: Self = Self::Plain("String");

    /// The type, or nothing.
    pub fn optional(self) -> Self {
        match self {
            // Null is a value of it.
            Self::Option(_) | Self::Any(_) => self,
            other => Self::Option(Box::new(other)),
        }
    }

    /// Without the outer `Option`.
    pub fn certain(self) -> Self {
        match self {
            Self::Option(inner) => *inner,
            other => other,
        }
    }
}

/// A type that is written.
#[derive(Debug)]
pub(crate) struct Item {
    pub name: String,
    pub docs: Vec<String>,
    pub shape: Shape,
}

#[derive(Debug)]
pub(crate) enum Shape {
    Alias(Type),
    /// A type of its own around another, where an alias would contain itself.
    Wrapper(Type),
    Struct {
        fields: Vec<Field>,
        /// The type of the properties that are not listed, and the name of the field for them.
        additional: Option<(String, Type)>,
    },
    /// Texts, each with the name of its variant.
    Texts(Vec<(String, String)>),
    /// Integers, each with the name of its variant.
    Integers(Vec<(String, i64)>),
    Union {
        variants: Vec<Variant>,
        /// The property that says which variant it is, with the variant of each of its values.
        tag: Option<(String, BTreeMap<String, usize>)>,
    },
}

#[derive(Debug)]
pub(crate) struct Field {
    pub name: String,
    pub property: String,
    pub docs: Vec<String>,
    pub kind: Type,
    pub required: bool,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub name: String,
    pub kind: Type,
}
