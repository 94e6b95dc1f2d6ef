//! Text of either format to a positioned tree.

use crate::{
    json,
    node::{At, Node},
    yaml,
};

/// A text that was read.
pub(crate) struct Parsed {
    pub root: Node,
    pub repeated: Vec<Repeated>,
}

/// A key that its object has already.
pub(crate) struct Repeated {
    pub key: String,
    /// The one that counts.
    pub at: At,
    pub before: At,
}

/// Why a text cannot be read.
#[derive(Debug)]
pub(crate) enum Fault {
    /// At an offset in bytes.
    Syntax {
        offset: u32,
        cause: String,
    },
    TooDeep,
    TooManyCopies,
}

impl Fault {
    pub fn at(offset: usize, cause: &str) -> Self {
        Self::Syntax { offset: u32::try_from(offset).unwrap_or(u32::MAX), cause: cause.to_owned() }
    }
}

/// What a text may hold at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub depth: usize,
    /// Values that aliases copy.
    pub copied: usize,
}

/// Reads a text. What is named as JSON must be JSON; else what looks like JSON and is none is YAML, which has most of JSON in it.
pub(crate) fn parse(text: &str, named_json: bool, file: u32, bounds: Bounds) -> Result<Parsed, Fault> {
    if !named_json && !text.trim_start().starts_with(['{', '[']) {
        return yaml::parse(text, file, bounds);
    }
    match json::parse(text, file, bounds.depth) {
        Err(Fault::Syntax { .. }) if !named_json => yaml::parse(text, file, bounds),
        other => other,
    }
}
