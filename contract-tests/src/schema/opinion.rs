//! Whether others than the engine find a value valid: boon, and jsonschema where boon may be wrong.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use boon::{SchemaIndex, Schemas, ValidationError};
use regex::Regex;
use serde_json::{Value, json};

use super::{number::is_integer, part::unnamed_part, reference};
use crate::text::pattern::Pattern;

/// The address that the document has for boon; nothing is fetched.
const ADDRESS: &str = "contract:document";

/// What boon has compiled of one document: what several schemas refer to is compiled once.
#[derive(Default, Clone)]
pub(crate) struct Shared(Arc<RwLock<Schemas>>);

/// What others find of the values of one schema.
pub(crate) struct Opinion {
    schemas: Shared,
    index: SchemaIndex,
    /// Who decides where boon may be wrong: it divides binary fractions, and compares doubles.
    third: Option<ThirdOpinion>,
    /// Whether boon has been given less than the schema: it cannot compile some pattern. Then the other decides about everything.
    lean: bool,
}

/// A third opinion, jsonschema, which divides decimals and compares integers. Compiled when it is asked for the first time.
struct ThirdOpinion {
    document: Value,
    pointer: String,
    validator: OnceLock<Option<jsonschema::Validator>>,
}

impl ThirdOpinion {
    /// None where it cannot compile the schema.
    fn accepts(&self, instance: &Value) -> Option<bool> {
        let compile = || {
            let mut root = self.document.clone();
            root["$ref"] = Value::String(reference(&self.pointer));
            let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
            options.build(&root).ok()
        };
        self.validator.get_or_init(compile).as_ref().map(|validator| validator.is_valid(instance))
    }
}

impl Opinion {
    /// Compiles the schema at `pointer` of `document`, beside what `shared` has of the same document.
    ///
    /// # Errors
    ///
    /// What boon says about a schema that it cannot compile.
    pub fn compile(document: &Value, pointer: &str, shared: &Shared) -> Result<Self, String> {
        // What a name stands for depends on the whole document, which boon then has to itself.
        let (document, shared) = match unnamed_part(document, [pointer.to_owned()]) {
            Some(part) => (part, shared.clone()),
            None => (document.clone(), Shared::default()),
        };
        let third = |document| ThirdOpinion { document, pointer: pointer.to_owned(), validator: OnceLock::new() };
        let mut less = document.clone();
        let mut known: HashMap<String, bool> = HashMap::new();
        let any_huge = leave_out(&mut less, &mut |pattern| *known.entry(pattern.to_owned()).or_insert_with(|| is_huge(pattern)));
        let cause = if any_huge {
            String::new()
        } else {
            match compiled(less.take(), pointer, &shared) {
                Ok(index) => {
                    let third = needs_exact_numbers(&document).then(|| third(document));
                    return Ok(Self { schemas: shared, index, third, lean: false });
                }
                Err(cause) => {
                    less.clone_from(&document);
                    cause
                }
            }
        };
        let any_wrong =
            leave_out(&mut less, &mut |pattern| compiled(json!({ "pattern": pattern }), "", &Shared::default()).is_err());
        if !any_huge && !any_wrong {
            return Err(cause);
        }
        // Others have the whole of what this has less of.
        let schemas = Shared::default();
        let index = compiled(less, pointer, &schemas)?;
        let mut document = document;
        leave_out(&mut document, &mut |pattern| Pattern::parse(pattern).is_err());
        Ok(Self { schemas, index, third: Some(third(document)), lean: true })
    }

    /// Whether boon was given less than the schema, so that it says nothing.
    pub fn is_lean(&self) -> bool {
        self.lean
    }

    /// What the third finds, where it is asked at all and can compile the schema.
    pub fn third(&self, instance: &Value) -> Option<bool> {
        self.third.as_ref()?.accepts(instance)
    }

    /// What boon finds; `read` reads what it finds broken.
    pub fn validate<T>(&self, instance: &Value, read: impl FnOnce(&ValidationError<'_, '_>) -> T) -> Result<(), T> {
        let schemas = self.schemas.0.read().unwrap_or_else(PoisonError::into_inner);
        schemas.validate(instance, self.index).map_err(|error| read(&error))
    }

    fn is_valid(&self, instance: &Value) -> bool {
        self.validate(instance, |_| ()).is_ok()
    }

    /// Whether `instance` is valid.
    pub fn accepts(&self, instance: &Value) -> bool {
        let third = if self.lean { self.third(instance) } else { None };
        third.unwrap_or_else(|| self.is_valid(instance))
    }

    /// Whether `instance` is certainly invalid: boon and the engine, which is asked only where that decides, both say so, or the third
    /// opinion agrees with the one that does. A weakness of one validator proves nothing.
    pub fn refuses(&self, instance: &Value, engine_refuses: impl FnOnce() -> bool) -> bool {
        if self.lean {
            return self.third(instance) != Some(true) && engine_refuses();
        }
        let boon_refuses = !self.is_valid(instance);
        if !boon_refuses && self.third.is_none() {
            return false;
        }
        if engine_refuses() == boon_refuses { boon_refuses } else { self.third(instance).is_some_and(|valid| !valid) }
    }
}

fn compiled(document: Value, pointer: &str, shared: &Shared) -> Result<SchemaIndex, String> {
    let mut compiler = boon::Compiler::new();
    compiler.set_default_draft(boon::Draft::V2020_12);
    compiler.enable_format_assertions();
    compiler.add_resource(ADDRESS, document).map_err(|error| format!("{error:#}"))?;
    let mut schemas = shared.0.write().unwrap_or_else(PoisonError::into_inner);
    compiler.compile(&format!("{ADDRESS}{}", reference(pointer)), &mut schemas).map_err(|error| format!("{error:#}"))
}

/// Whether something in a schema is to be divided by a number with a fraction, or compared with one that no double holds.
fn needs_exact_numbers(node: &Value) -> bool {
    match node {
        Value::Array(items) => items.iter().any(needs_exact_numbers),
        Value::Object(object) => object.iter().any(|(keyword, value)| match value {
            Value::Number(number) => match keyword.as_str() {
                "multipleOf" => !is_integer(number),
                "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
                    number.as_f64().is_none_or(|number| number.abs() > MOST_EXACT)
                }
                _ => false,
            },
            value => needs_exact_numbers(value),
        }),
        _ => false,
    }
}

/// The largest number up to which a double holds every integer.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// Whether a pattern takes more memory than boon lets it have, such as `.{1,2097152}`. boon takes that for a fault of its own, and panics
/// where debug assertions are on.
fn is_huge(pattern: &str) -> bool {
    // What is repeated less often is small enough, and this is asked for each operation.
    let counts = pattern.split(['{', ',']).skip(1).map(|rest| rest.split('}').next().unwrap_or_default().parse().unwrap_or(1));
    let repeated = counts.fold(1_u64, |product, count: u64| product.saturating_mul(count.max(1)));
    repeated > MOST_REPEATED && matches!(Regex::new(pattern), Err(regex::Error::CompiledTooBig(_)))
}

/// How often something may be repeated in a pattern without anybody having to look at its size: `\w` takes some 6 kB, of 10 MB.
const MOST_REPEATED: u64 = 500;

/// Takes these patterns out of a document; tells whether there were any.
fn leave_out(node: &mut Value, unwanted: &mut dyn FnMut(&str) -> bool) -> bool {
    let mut any = false;
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| any |= leave_out(item, unwanted)),
        Value::Object(object) => {
            if object.get("pattern").and_then(Value::as_str).is_some_and(&mut *unwanted) {
                object.shift_remove("pattern");
                any = true;
            }
            if let Some(Value::Object(named)) = object.get_mut("patternProperties") {
                let before = named.len();
                named.retain(|pattern, schema| !(schema.is_object() || schema.is_boolean()) || !unwanted(pattern));
                any |= named.len() < before;
            }
            object.values_mut().for_each(|value| any |= leave_out(value, unwanted));
        }
        _ => {}
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_schemas_share_is_compiled_once_and_changes_no_verdict() {
        let document = json!({
            "texts": { "items": { "$ref": "#/$defs/text" } },
            "text": { "contains": { "$ref": "#/$defs/text" } },
            "named": { "items": { "$ref": "#number" } },
            "$defs": { "text": { "type": "string" }, "number": { "$anchor": "number", "type": "integer" } },
        });
        let size = |shared: &Shared| shared.0.read().unwrap().size();
        let (shared, alone) = (Shared::default(), Shared::default());
        let opinions = ["/texts", "/text", "/named"].map(|pointer| Opinion::compile(&document, pointer, &shared).unwrap());
        Opinion::compile(&document, "/text", &alone).unwrap();
        assert_eq!(size(&shared), size(&alone) + 2, "only the list and its items are new");
        for (opinion, valid, invalid) in [
            (&opinions[0], json!(["a"]), json!([1])),
            (&opinions[1], json!([1, "a"]), json!([1])),
            (&opinions[2], json!([1]), json!(["a"])),
        ] {
            assert!(opinion.accepts(&valid) && !opinion.accepts(&invalid), "{valid} and {invalid}");
            assert!(!opinion.refuses(&valid, || panic!("nobody else is asked about what boon accepts")));
            assert!(opinion.refuses(&invalid, || true) && !opinion.refuses(&invalid, || false));
        }
    }

    #[test]
    fn decimals_are_divided_by_the_third() {
        let opinion = Opinion::compile(&json!({ "multipleOf": 0.01 }), "", &Shared::default()).unwrap();
        assert!(!opinion.refuses(&json!(0.07), || false) && opinion.refuses(&json!(0.075), || true));
    }

    #[test]
    fn a_pattern_that_no_regular_expression_may_be_is_left_to_others() {
        let schema = json!({ "type": "string", "maxLength": 3, "pattern": "^.{1,2097152}" });
        let opinion = Opinion::compile(&schema, "", &Shared::default()).unwrap();
        assert!(opinion.is_lean());
        assert!(!opinion.refuses(&json!("a"), || false) && opinion.refuses(&json!(""), || true));
    }

    #[test]
    fn integers_that_no_double_holds_are_compared_by_the_third() {
        let opinion = Opinion::compile(&json!({ "type": "integer", "maximum": i64::MAX }), "", &Shared::default()).unwrap();
        assert!(!opinion.refuses(&json!(i64::MAX), || false));
        assert!(opinion.refuses(&json!(9_223_372_036_854_775_808_u64), || true));
        assert_eq!(opinion.third(&json!(9_223_372_036_854_775_808_u64)), Some(false));
    }
}
