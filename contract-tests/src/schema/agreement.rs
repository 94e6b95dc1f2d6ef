//! The second opinion: boon, a validator that shares no code with the engine's own evaluation nor with the server.

use std::collections::{BTreeSet, HashMap};

use boon::{ErrorKind, ValidationError};
use serde_json::Value;

use super::{
    ConstraintId, Rule, Schema, Trace, Violation,
    number::is_integer,
    opinion::{Opinion, Shared},
};
use crate::pointer::escape;

/// Where the engine and boon do not agree about an instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// One finds it valid and the other does not.
    #[error("the engine finds it {}, boon {}", if *.boon { "invalid" } else { "valid" }, if *.boon { "valid" } else { "invalid" })]
    Verdict {
        /// What boon finds.
        boon: bool,
    },
    /// boon finds something broken that the engine does not.
    #[error("boon finds {rule} broken at {place:?}, the engine does not")]
    Violation {
        /// The keyword or its pointer.
        rule: String,
        /// Where in the instance.
        place: String,
    },
}

/// A compiled second opinion.
pub struct ReferenceValidator {
    opinion: Opinion,
    /// Whether each constraint is (in) an `unevaluatedItems` or `unevaluatedProperties`.
    of_unevaluated: Vec<bool>,
    /// Whether each constraint is a `multipleOf` that boon misjudges: it divides binary fractions.
    of_fractions: Vec<bool>,
    /// Whether each constraint is in an alternative that has no other beside it: boon tells what breaks it, not that no alternative holds.
    of_lone_branch: Vec<bool>,
    /// Constraints by keyword pointer and item.
    known: HashMap<(String, Option<String>), ConstraintId>,
}

impl ReferenceValidator {
    /// Compiles the schema at `pointer` of `document`, which `schema` is the engine's own view of.
    ///
    /// # Errors
    ///
    /// What boon says about a schema that it cannot compile.
    pub fn compile(document: &Value, pointer: &str, schema: &Schema) -> Result<Self, String> {
        let opinion = Opinion::compile(document, pointer, &Shared::default())?;
        let known = schema
            .constraints
            .iter()
            .enumerate()
            .filter(|(_, constraint)| !constraint.is_choice())
            .map(|(id, constraint)| ((constraint.pointer.clone(), constraint.item.clone()), id))
            .collect();
        let of_unevaluated = schema.constraints.iter().map(|constraint| constraint.pointer.contains("/unevaluated")).collect();
        let of_fraction = |rule: &Rule| matches!(rule, Rule::MultipleOf(divisor) if !is_integer(divisor));
        let of_fractions = schema.constraints.iter().map(|constraint| of_fraction(&constraint.rule)).collect();
        let of_lone_branch = schema.in_lone_branches();
        Ok(Self { opinion, of_unevaluated, of_fractions, of_lone_branch, known })
    }

    /// Whether boon finds `instance` valid.
    pub fn accepts(&self, instance: &Value) -> bool {
        self.opinion.accepts(instance)
    }

    /// Compares boon's findings with the engine's.
    ///
    /// Both must agree on valid or invalid, and boon must find nothing that the engine does not. The other way round boon may
    /// find less: it looks no further at a value whose type, `enum` or `const` is wrong. And what breaks another rule counts as
    /// evaluated for the engine and as unevaluated for boon; both readings of the specification are in use.
    ///
    /// # Errors
    ///
    /// [`Disagreement`].
    pub fn agree(&self, instance: &Value, trace: &Trace) -> Result<(), Disagreement> {
        if self.opinion.is_lean() {
            return match self.opinion.third(instance) {
                Some(valid) if valid != trace.broken.is_empty() => Err(Disagreement::Verdict { boon: valid }),
                _ => Ok(()),
            };
        }
        let (mut found, valid) = (BTreeSet::new(), trace.broken.is_empty());
        let is_valid = self.opinion.validate(instance, |error| self.leaves(error, &mut found));
        match is_valid {
            Ok(()) if valid => return Ok(()),
            Err(outcome) if !valid => outcome?,
            outcome => {
                let boon = outcome.is_ok();
                let decided = self.opinion.third(instance) == Some(valid);
                return if decided { Ok(()) } else { Err(Disagreement::Verdict { boon }) };
            }
        }
        // boon counts the items after a prefix from zero again, so that its places may name another item; and of a property's name
        // that is wrong it does not say in which object it is.
        let same = |violation: &Violation, other: &Violation| {
            violation.constraint == other.constraint && any_item(&other.place).ends_with(&any_item(&violation.place))
        };
        let known =
            |violation: &Violation| trace.broken.contains(violation) || trace.broken.iter().any(|other| same(violation, other));
        let is_hidden = |violation: &Violation| {
            self.of_lone_branch[violation.constraint] && trace.hidden.iter().any(|other| same(violation, other))
        };
        let known = |violation: &Violation| known(violation) || is_hidden(violation);
        let excused = |id: ConstraintId| self.of_unevaluated[id] || self.of_fractions[id];
        match found.iter().find(|violation| !known(violation) && !excused(violation.constraint)) {
            None => Ok(()),
            Some(violation) => Err(Disagreement::Violation {
                rule: format!("constraint {}", violation.constraint),
                place: violation.place.clone(),
            }),
        }
    }

    /// The leaves of boon's error tree, as the engine counts them: an alternative is one, whatever its branches say.
    fn leaves(&self, error: &ValidationError<'_, '_>, found: &mut BTreeSet<Violation>) -> Result<(), Disagreement> {
        let place = error.instance_location.to_string();
        let at = |keyword: &str| format!("{}{keyword}", pointer_of(error.schema_url));
        let child = |name: &str| format!("{place}/{}", escape(name));
        let mut add = |pointer: String, item: Option<&str>, place: String| {
            let key = (pointer, item.map(str::to_owned));
            match self.known.get(&key) {
                Some(constraint) => {
                    found.insert(Violation { constraint: *constraint, place });
                    Ok(())
                }
                None => Err(Disagreement::Violation { rule: key.0, place }),
            }
        };
        let keyword = match &error.kind {
            ErrorKind::Group | ErrorKind::Schema { .. } | ErrorKind::Reference { .. } | ErrorKind::AllOf => {
                return error.causes.iter().try_for_each(|cause| self.leaves(cause, found));
            }
            ErrorKind::PropertyName { prop } => {
                // boon validates the name as an instance of its own, so places inside begin anew.
                let mut inner = BTreeSet::new();
                error.causes.iter().try_for_each(|cause| self.leaves(cause, &mut inner))?;
                found.extend(
                    inner
                        .into_iter()
                        .map(|violation| Violation { place: format!("{}{}", child(prop), violation.place), ..violation }),
                );
                return Ok(());
            }
            ErrorKind::Required { want } => {
                return want.iter().try_for_each(|name| add(at("/required"), Some(name), child(name)));
            }
            ErrorKind::DependentRequired { prop, missing } => {
                let pointer = format!("{}/{}", at("/dependentRequired"), escape(prop));
                return missing.iter().try_for_each(|name| add(pointer.clone(), Some(name), child(name)));
            }
            ErrorKind::AdditionalProperties { got } => {
                return got.iter().try_for_each(|name| add(at("/additionalProperties"), None, child(name)));
            }
            ErrorKind::FalseSchema => "",
            ErrorKind::Type { .. } => "/type",
            ErrorKind::Enum { .. } => "/enum",
            ErrorKind::Const { .. } => "/const",
            ErrorKind::Format { .. } => "/format",
            ErrorKind::MinProperties { .. } => "/minProperties",
            ErrorKind::MaxProperties { .. } => "/maxProperties",
            ErrorKind::MinItems { .. } => "/minItems",
            ErrorKind::MaxItems { .. } => "/maxItems",
            ErrorKind::Contains => "/contains",
            ErrorKind::MinContains { .. } => "/minContains",
            ErrorKind::MaxContains { .. } => "/maxContains",
            ErrorKind::UniqueItems { .. } => "/uniqueItems",
            ErrorKind::MinLength { .. } => "/minLength",
            ErrorKind::MaxLength { .. } => "/maxLength",
            ErrorKind::Pattern { .. } => "/pattern",
            ErrorKind::Minimum { .. } => "/minimum",
            ErrorKind::Maximum { .. } => "/maximum",
            ErrorKind::ExclusiveMinimum { .. } => "/exclusiveMinimum",
            ErrorKind::ExclusiveMaximum { .. } => "/exclusiveMaximum",
            ErrorKind::MultipleOf { .. } => "/multipleOf",
            ErrorKind::Not => "/not",
            ErrorKind::AnyOf => "/anyOf",
            ErrorKind::OneOf(_) => "/oneOf",
            other => return Err(Disagreement::Violation { rule: format!("{other}"), place }),
        };
        add(at(keyword), None, place.clone())
    }
}

/// A schema as boon has it.
/// A JSON Pointer as a reference within a document.
pub(crate) fn reference(pointer: &str) -> String {
    format!("#{}", percent_encoding::utf8_percent_encode(pointer, FRAGMENT))
}

/// Characters that a JSON Pointer may have and a URL fragment may not (RFC 6901, section 6).
const FRAGMENT: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'%')
    .add(b'#')
    .add(b'^')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'[')
    .add(b']');

/// A place with `*` for the number of any item.
pub(crate) fn any_item(place: &str) -> String {
    let segments = place.split('/').map(|segment| if segment.parse::<usize>().is_ok() { "*" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// The JSON Pointer of a schema's address.
fn pointer_of(url: &str) -> String {
    let fragment = url.split_once('#').map_or("", |(_, fragment)| fragment);
    percent_encoding::percent_decode_str(fragment).decode_utf8_lossy().into_owned()
}
