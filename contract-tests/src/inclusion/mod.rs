//! Whether everything that one schema allows is allowed by another one: proven, refuted by an instance, or not known.

mod array;
pub(crate) mod described;
mod documented;
mod facts;
mod language;
mod number;
mod object;
mod proof;
mod term;
mod text;
mod witness;

use std::cell::Cell;

use serde_json::Value;

use self::{
    facts::{Facts, State},
    language::Languages,
    proof::Prover,
    term::Terms,
    witness::WitnessSearch,
};
use crate::schema::{ReferenceValidator, Rule, Schema};

/// What has been proven about texts.
pub(crate) struct Texts(Languages);

impl Default for Texts {
    fn default() -> Self {
        Self(Languages::small())
    }
}

impl Texts {
    /// Whether it is proven that there is no text which keeps these rules (true) and breaks those (false).
    pub fn are_none(&mut self, rules: &[(Rule, bool)]) -> bool {
        let rules = rules.iter().map(|(rule, kept)| (rule, *kept)).collect();
        text::contradictory(&Facts { rules, ..Facts::default() }, &mut self.0)
    }
}

/// A schema in its document.
#[derive(Debug, Clone, Copy)]
pub struct Located<'a> {
    /// The document, for references.
    pub document: &'a Value,
    /// Where the schema stands in it (JSON Pointer).
    pub pointer: &'a str,
}

/// What is known about two schemas.
#[derive(Debug, Clone, PartialEq)]
pub enum Inclusion {
    /// Every instance of the narrow schema is one of the wide schema.
    Proven,
    /// This instance of the narrow schema is none of the wide one; it is as small as could be made.
    Refuted(Value),
    /// Neither a proof nor an instance was found.
    Unknown,
}

/// Whether every instance of `narrow` is an instance of `wide`; the same answer for the same seed.
///
/// ```
/// use contract_tests::{Inclusion, Located, inclusion};
/// use serde_json::json;
///
/// let (short, long) = (json!({ "maxLength": 10 }), json!({ "maxLength": 20 }));
/// let [short, long] = [&short, &long].map(|document| Located { document, pointer: "" });
/// assert_eq!(inclusion(short, long, 1)?, Inclusion::Proven);
/// assert!(matches!(inclusion(long, short, 1)?, Inclusion::Refuted(_)));
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
///
/// What is wrong with a schema that does not compile.
pub fn inclusion(narrow: Located<'_>, wide: Located<'_>, seed: u64) -> Result<Inclusion, String> {
    inclusion_within(narrow, wide, seed, &Cell::new(i64::MAX))
}

/// The same with a budget: how many steps the generator may take in search of an instance. What it takes is taken off.
pub(crate) fn inclusion_within(
    narrow: Located<'_>,
    wide: Located<'_>,
    seed: u64,
    budget: &Cell<i64>,
) -> Result<Inclusion, String> {
    let both = [narrow, wide];
    let compile = || both.map(|located| Schema::compile(located.document, located.pointer));
    let schemas = compile();
    let [one, other] = [0, 1].map(|side| ReferenceValidator::compile(both[side].document, both[side].pointer, &schemas[side]));
    let validators = [one?, other?];
    let terms = Terms::new([&schemas[0], &schemas[1]], [narrow.document, wide.document]);
    let [narrow, wide] = terms.roots;
    if Prover::new(&terms).empty(&State::from([(narrow, true), (wide, false)])) {
        return Ok(Inclusion::Proven);
    }
    let [first, second] = compile();
    let search = WitnessSearch {
        schemas: [&schemas[0], &schemas[1]],
        validators: &validators,
        both: Schema::both(first, second),
        seed,
        budget,
    };
    Ok(search.witness(&terms).map_or(Inclusion::Unknown, Inclusion::Refuted))
}
