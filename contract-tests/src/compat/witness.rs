//! Asks the engine whether a part of the one document includes a part of the other, and for instances where it does not.

use std::cell::Cell;

use crate::{Described, Document, DocumentError, Inclusion, Located, LocatedViolation, inclusion, inclusion::inclusion_within};
use serde_json::{Value, json};

use super::{
    change::Direction,
    structural::{Pair, What},
    verdict::Undocumented,
};

/// Beyond this many instances that break different rules, more would only be longer.
const MAX_WITNESSES: usize = 16;

/// What is described by the document that promises it, and by the one that has to allow it.
pub struct Sides {
    /// Which way it goes.
    pub direction: Direction,
    /// The old requests, or the new answers.
    pub narrow: Described,
    /// The new requests, or the old answers.
    pub wide: Described,
}

/// An instance that the one document describes and the other does not.
#[derive(Debug, Clone)]
pub struct Witness {
    /// As small as could be made.
    pub instance: Value,
    /// The rules that it breaks.
    pub violations: Vec<LocatedViolation>,
    /// The rules that have changed of those that it breaks in an alternative, where these are all that keeps it from the alternative.
    pub changed: Vec<LocatedViolation>,
    /// Whether it only satisfies more than one alternative of a `oneOf`.
    pub ambiguous: bool,
}

/// What is known about two sides.
#[derive(Debug, Clone, Default)]
pub struct Inquiry {
    /// Each breaks other rules.
    pub witnesses: Vec<Witness>,
    /// Whether it is proven that there is nothing else, but for what is in `unasked`.
    pub proven: bool,
    /// Rules that were left out with all that is in them (JSON Pointers).
    pub unasked: Vec<String>,
}

/// What a value breaks in each alternative of a rule.
type InEach = Vec<Vec<LocatedViolation>>;

/// What has to be known of the changes between both sides.
pub struct Changes<'a> {
    /// Looks into a rule that a value breaks; none where there is no time for it.
    pub inside: &'a mut dyn FnMut(&Value, &LocatedViolation) -> Option<InEach>,
    /// Whether a change is why a rule is broken.
    pub explain: &'a dyn Fn(&LocatedViolation) -> bool,
}

impl Sides {
    /// The sides of a part that both documents have. Who keeps to the narrow side sends nothing undocumented, unless that is allowed;
    /// the wide side is read to the letter.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Schema`].
    pub fn of(old: &Document, new: &Document, pair: &Pair, undocumented: Undocumented) -> Result<Self, DocumentError> {
        let kept = |narrow: Described| match undocumented {
            Undocumented::Refused => narrow.documented(),
            Undocumented::Allowed => narrow,
        };
        let requests = |narrow, wide| Self { direction: Direction::Request, narrow: kept(narrow), wide };
        let answers = |narrow, wide| Self { direction: Direction::Response, narrow: kept(narrow), wide };
        Ok(match &pair.what {
            What::Requests(operations, media_types) => {
                let (one, other) = media_types.as_ref().map(|(one, other)| (one.as_str(), other.as_str())).unzip();
                requests(old.requests(&operations.0, one)?, new.requests(&operations.1, other)?)
            }
            What::RequestBodies(one, other) => requests(old.request_bodies(one)?, new.request_bodies(other)?),
            What::Bodies(one, other) => answers(new.response_bodies(other)?, old.response_bodies(one)?),
            What::Headers(one, other) => answers(new.response_headers(other)?, old.response_headers(one)?),
        })
    }

    /// Looks for instances that are described on the narrow side only. What one breaks is then left out of the wide side and the
    /// question asked again, until there is a proof that nothing else is broken, or nothing more is known.
    ///
    /// `budget`: how many steps the generator may take for that; what is taken is taken off.
    pub fn inquire(&self, seed: u64, budget: &Cell<i64>, changes: &mut Changes<'_>) -> Inquiry {
        let Located { document, pointer } = self.wide.located();
        let mut wide = Loosened { document: document.clone(), moved: Vec::new() };
        let mut inquiry = Inquiry::default();
        while inquiry.witnesses.len() < MAX_WITNESSES {
            match inclusion_within(self.narrow.located(), Located { document: &wide.document, pointer }, seed, budget) {
                Ok(Inclusion::Proven) => {
                    inquiry.proven = true;
                    break;
                }
                Ok(Inclusion::Refuted(instance)) => {
                    let Some(received) = self.narrow.received(&instance) else { break };
                    let violations = self.wide.violations(&received);
                    let (mut any, mut changed, mut ambiguous) = (false, Vec::new(), !violations.is_empty());
                    for violation in &violations {
                        let leaves = if has_alternatives(violation) { changes.leaves(&received, violation) } else { None };
                        ambiguous &= leaves.as_ref().is_some_and(|leaves| leaves.iter().all(has_alternatives));
                        match leaves {
                            Some(leaves) => {
                                leaves.iter().for_each(|leaf| any |= wide.loosen(leaf));
                                changed.extend(leaves.into_iter().filter(|leaf| !has_alternatives(leaf)));
                            }
                            None => {
                                if wide.has_schemas(violation) {
                                    inquiry.unasked.push(violation.pointer.clone());
                                }
                                any |= wide.remove(violation);
                            }
                        }
                    }
                    // It is there only because of a rule that has been left out, or it is fine as it arrives.
                    if !any {
                        break;
                    }
                    inquiry.witnesses.push(Witness { instance: received, violations, changed, ambiguous });
                }
                // A schema that the validator cannot read is told by the structure alone.
                Ok(Inclusion::Unknown) | Err(_) => break,
            }
        }
        inquiry
    }
}

impl Changes<'_> {
    /// The rules that keep a value from an alternative that only changes keep it from, behind the rules with the alternatives. A value that
    /// satisfies several alternatives of a `oneOf` breaks that alone.
    fn leaves(&mut self, instance: &Value, violation: &LocatedViolation) -> Option<Vec<LocatedViolation>> {
        if !has_alternatives(violation) {
            return (self.explain)(violation).then(|| vec![violation.clone()]);
        }
        let value = instance.pointer(&violation.place)?;
        let alternatives = (self.inside)(value, violation)?;
        let of_one = |broken: Vec<LocatedViolation>| {
            let leaves: Option<Vec<Vec<LocatedViolation>>> = broken.iter().map(|broken| self.leaves(value, broken)).collect();
            leaves.map(|leaves| [violation.clone()].into_iter().chain(leaves.concat()).collect())
        };
        let mut alternatives = alternatives;
        alternatives.sort_by_key(|broken| !broken.is_empty());
        alternatives.into_iter().find_map(of_one)
    }
}

/// The wide side without some rules.
struct Loosened {
    document: Value,
    /// Where each `oneOf` stood that is an `anyOf` now, and where that stands.
    moved: Vec<(String, String)>,
}

impl Loosened {
    /// Where something stands now.
    fn placed(&self, pointer: &str) -> String {
        self.moved.iter().fold(pointer.to_owned(), |at, (from, to)| match at.strip_prefix(from.as_str()) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{to}{rest}"),
            _ => at,
        })
    }

    /// Leaves out a rule, or of a `oneOf` that it takes no more than one; says whether that changed anything.
    fn loosen(&mut self, violation: &LocatedViolation) -> bool {
        if !has_alternatives(violation) {
            return self.remove(violation);
        }
        let at = self.placed(&violation.pointer);
        let Some(parent) = at.strip_suffix("/oneOf") else { return false };
        let Some(Value::Object(schema)) = self.document.pointer_mut(parent) else { return false };
        let Some(alternatives) = schema.shift_remove("oneOf") else { return false };
        let to = if schema.contains_key("anyOf") {
            let Value::Array(parts) = schema.entry("allOf").or_insert_with(|| json!([])) else { return false };
            parts.push(json!({ "anyOf": alternatives }));
            format!("{parent}/allOf/{}/anyOf", parts.len() - 1)
        } else {
            schema.insert("anyOf".to_owned(), alternatives);
            format!("{parent}/anyOf")
        };
        self.moved.push((at, to));
        true
    }

    /// Whether a rule has schemas in it.
    fn has_schemas(&self, violation: &LocatedViolation) -> bool {
        match self.document.pointer(&self.placed(&violation.pointer)) {
            Some(Value::Array(members)) => members.iter().any(Value::is_object),
            other => other.is_some_and(Value::is_object),
        }
    }

    /// Leaves the rule out, for what broke it alone where that has a name; says whether it was there.
    fn remove(&mut self, violation: &LocatedViolation) -> bool {
        let at = self.placed(&violation.pointer);
        let Some((parent, key)) = at.rsplit_once('/') else { return false };
        if let (Some(item), Some(Value::Array(items))) = (&violation.item, self.document.pointer_mut(&at)) {
            let before = items.len();
            items.retain(|other| other != item.as_str());
            return items.len() < before;
        }
        match self.document.pointer_mut(parent) {
            Some(Value::Object(schema)) if CLOSING.contains(&key) && schema.get(key) == Some(&Value::Bool(false)) => {
                let properties = schema.entry("properties").or_insert_with(|| json!({}));
                let name = last(&violation.place);
                properties.as_object_mut().is_some_and(|properties| properties.insert(name, Value::Bool(true)).is_none())
            }
            Some(Value::Object(schema)) => schema.shift_remove(&last(&at)).is_some(),
            // A member of `allOf` or `prefixItems` that is `false`.
            Some(Value::Array(members)) => {
                key.parse::<usize>().ok().and_then(|index| members.get_mut(index)).is_some_and(|member| {
                    let was = std::mem::replace(member, Value::Bool(true));
                    was != Value::Bool(true)
                })
            }
            _ => false,
        }
    }
}

/// Whether a rule is one with alternatives.
pub fn has_alternatives(violation: &LocatedViolation) -> bool {
    ["anyOf", "oneOf"].contains(&last(&violation.pointer).as_str())
}

/// What a value breaks in each alternative of a rule.
pub fn alternatives(document: &Document, direction: Direction, value: &Value, violation: &LocatedViolation) -> InEach {
    let count = document.json.pointer(&violation.pointer).and_then(Value::as_array).map_or(0, Vec::len);
    let broken = |index: usize| {
        let at = format!("{}/{index}", violation.pointer);
        let described = match direction {
            Direction::Request => document.request_bodies(&at),
            Direction::Response => document.response_bodies(&at),
        };
        described.map(|described| described.violations(value)).ok()
    };
    (0..count).filter_map(broken).collect()
}

/// What an instance breaks in each alternative of which it satisfies none, or too many. `may_ask` says whether there is time for
/// one more rule.
pub fn inside(
    document: &Document,
    direction: Direction,
    instance: &Value,
    violations: &[LocatedViolation],
    may_ask: &mut impl FnMut() -> bool,
) -> Vec<LocatedViolation> {
    let mut found = Vec::new();
    for violation in violations.iter().filter(|violation| has_alternatives(violation)) {
        let Some(value) = instance.pointer(&violation.place).filter(|_| may_ask()) else { continue };
        for broken in alternatives(document, direction, value, violation) {
            found.extend(inside(document, direction, value, &broken, may_ask));
            found.extend(broken);
        }
    }
    found
}

/// Any instance, as small as could be made.
pub fn any(described: &Described, seed: u64) -> Option<Value> {
    let nothing = json!({ "nothing": false });
    match inclusion(described.located(), Located { document: &nothing, pointer: "/nothing" }, seed) {
        Ok(Inclusion::Refuted(instance)) => described.received(&instance),
        _ => None,
    }
}

/// An instance without the places of a request in which nothing is.
pub fn shown(instance: &Value) -> Value {
    let mut shown = instance.clone();
    if let Some(request) = shown.as_object_mut() {
        request.retain(|place, values| place == "body" || values.as_object().is_none_or(|values| !values.is_empty()));
    }
    shown
}

/// The keywords that refuse properties by their names; without one of them many could come.
const CLOSING: [&str; 2] = ["additionalProperties", "unevaluatedProperties"];

/// The last name in a JSON Pointer.
pub fn last(pointer: &str) -> String {
    crate::pointer::segments(pointer).pop().unwrap_or_default()
}
