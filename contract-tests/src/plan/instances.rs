//! The engine's instances of a single JSON Schema, for those who want to test a validator and not an API.

use serde_json::Value;

use crate::{
    plan::{AsItIs, Breakable, Planner},
    schema::{Constraint, Disagreement, ReferenceValidator, Schema, Uncovered},
};

/// Instances of a schema, each judged alike by the engine and boon.
pub struct Instances {
    /// Valid instances: the smallest, the largest, and those at the edge of each constraint.
    pub valid: Vec<Value>,
    /// Instances that break constraints, each with those that it breaks.
    pub invalid: Vec<(Value, Vec<Constraint>)>,
    /// Every constraint and how it can be broken.
    pub constraints: Vec<(Constraint, Breakable)>,
    /// What the engine does not cover.
    pub uncovered: Vec<Uncovered>,
    /// Instances that the engine and boon judge differently.
    pub disagreements: Vec<(Value, Disagreement)>,
}

/// The instances of a JSON Schema 2020-12; the same for the same seed.
///
/// ```
/// let schema = serde_json::json!({ "type": "string", "minLength": 2 });
/// let instances = contract_tests::instances(&schema, 1)?;
/// assert!(instances.valid.iter().all(|valid| valid.as_str().is_some_and(|text| text.chars().count() >= 2)));
/// assert!(instances.invalid.iter().any(|(_, broken)| broken[0].keyword == "minLength"));
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
///
/// What boon says about a schema that it cannot compile.
pub fn instances(schema: &Value, seed: u64) -> Result<Instances, String> {
    let compiled = Schema::compile(schema, "");
    let validator = ReferenceValidator::compile(schema, "", &compiled)?;
    let plan = Planner::plan(&compiled, &validator, &AsItIs, seed);
    let (mut valid, mut invalid) = (Vec::new(), Vec::new());
    for sample in plan.samples {
        if sample.broken.is_empty() {
            valid.push(sample.instance);
        } else {
            let broken = sample.broken.iter().map(|violation| compiled.constraints[violation.constraint].clone()).collect();
            invalid.push((sample.instance, broken));
        }
    }
    let constraints = compiled.constraints.iter().cloned().zip(plan.breakable).collect();
    let uncovered = compiled.uncovered.into_iter().chain(plan.unfinished).collect();
    Ok(Instances { valid, invalid, constraints, uncovered, disagreements: plan.disagreements })
}
