//! What a proof knows of a value: the literals that are asked of it, and, for one type, a plain list of facts.

use std::collections::BTreeSet;

use super::term::{Others, TermId};
use crate::{schema::Rule, text::pattern::Pattern};

/// Whether a value is an instance of a term.
pub(super) type Literal = (TermId, bool);
/// What a value is and is not.
pub(super) type State = BTreeSet<Literal>;

/// Some property has such a name, and such a value.
#[derive(Clone)]
pub(super) struct Exists<'a> {
    pub pattern: Option<&'a Pattern>,
    pub others: Option<&'a Others>,
    pub name: Option<Literal>,
    pub value: Option<Literal>,
}

/// What is known of a value of one type.
#[derive(Clone, Default)]
pub(super) struct Facts<'a> {
    pub rules: Vec<(&'a Rule, bool)>,
    pub uninterpreted: Vec<(&'a str, bool)>,
    /// Of a property's name: what it matches or not, and what it is not.
    pub patterns: Vec<(&'a Pattern, bool)>,
    pub excluded: Vec<&'a str>,
    pub present: BTreeSet<&'a str>,
    pub absent: BTreeSet<&'a str>,
    pub properties: Vec<(&'a str, Literal)>,
    pub exists: Vec<Exists<'a>>,
    pub items: Vec<(usize, Literal)>,
    pub some_items: Vec<(usize, Literal)>,
    pub at_least: Vec<(TermId, usize)>,
    pub at_most: Vec<(TermId, usize)>,
    /// The terms whose properties and items apply.
    pub containers: Vec<TermId>,
}
