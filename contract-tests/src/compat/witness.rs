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
}

/// What is known about two sides.
#[derive(Debug, Clone, Default)]
pub struct Inquiry {
    /// Each breaks other rules.
    pub witnesses: Vec<Witness>,
    /// Whether it is proven that there is nothing else.
    pub proven: bool,
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
    pub fn inquire(&self, seed: u64, budget: &Cell<i64>) -> Inquiry {
        let Located { document, pointer } = self.wide.located();
        let mut document = document.clone();
        let mut inquiry = Inquiry::default();
        while inquiry.witnesses.len() < MAX_WITNESSES {
            match inclusion_within(self.narrow.located(), Located { document: &document, pointer }, seed, budget) {
                Ok(Inclusion::Proven) => {
                    inquiry.proven = true;
                    break;
                }
                Ok(Inclusion::Refuted(instance)) => {
                    let Some(received) = self.narrow.received(&instance) else { break };
                    let violations = self.wide.violations(&received);
                    // It is there only because of a rule that has been left out, or it is fine as it arrives.
                    if violations.iter().filter(|violation| remove(&mut document, violation)).count() == 0 {
                        break;
                    }
                    inquiry.witnesses.push(Witness { instance: received, violations });
                }
                // A schema that the validator cannot read is told by the structure alone.
                Ok(Inclusion::Unknown) | Err(_) => break,
            }
        }
        inquiry
    }
}

/// What an instance breaks in each alternative of which it satisfies none, or too many. `may_ask` says whether there is time for
/// one more.
pub fn inside(
    document: &Document,
    direction: Direction,
    instance: &Value,
    violations: &[LocatedViolation],
    may_ask: &mut impl FnMut() -> bool,
) -> Vec<LocatedViolation> {
    let mut found = Vec::new();
    for violation in violations.iter().filter(|violation| ["anyOf", "oneOf"].contains(&last(&violation.pointer).as_str())) {
        let Some(value) = instance.pointer(&violation.place) else { continue };
        let alternatives = document.json.pointer(&violation.pointer).and_then(Value::as_array).map_or(0, Vec::len);
        for index in 0..alternatives {
            if !may_ask() {
                break;
            }
            let at = format!("{}/{index}", violation.pointer);
            let described = match direction {
                Direction::Request => document.request_bodies(&at),
                Direction::Response => document.response_bodies(&at),
            };
            let broken = described.map(|described| described.violations(value)).unwrap_or_default();
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

/// Leaves the rule out, for what broke it alone where that has a name; says whether it was there.
fn remove(document: &mut Value, violation: &LocatedViolation) -> bool {
    let Some((parent, key)) = violation.pointer.rsplit_once('/') else { return false };
    if let (Some(item), Some(Value::Array(items))) = (&violation.item, document.pointer_mut(&violation.pointer)) {
        let before = items.len();
        items.retain(|other| other != item.as_str());
        return items.len() < before;
    }
    match document.pointer_mut(parent) {
        Some(Value::Object(schema)) if CLOSING.contains(&key) && schema.get(key) == Some(&Value::Bool(false)) => {
            let properties = schema.entry("properties").or_insert_with(|| json!({}));
            let name = last(&violation.place);
            properties.as_object_mut().is_some_and(|properties| properties.insert(name, Value::Bool(true)).is_none())
        }
        Some(Value::Object(schema)) => schema.shift_remove(&last(&violation.pointer)).is_some(),
        // A member of `allOf` or `prefixItems` that is `false`.
        Some(Value::Array(members)) => key.parse::<usize>().ok().and_then(|index| members.get_mut(index)).is_some_and(|member| {
            let was = std::mem::replace(member, Value::Bool(true));
            was != Value::Bool(true)
        }),
        _ => false,
    }
}

/// The keywords that refuse properties by their names; without one of them many could come.
const CLOSING: [&str; 2] = ["additionalProperties", "unevaluatedProperties"];

/// The last name in a JSON Pointer.
pub fn last(pointer: &str) -> String {
    crate::pointer::segments(pointer).pop().unwrap_or_default()
}
