//! Merge patches (RFC 7396) that are valid themselves and make something invalid of a resource: what only the result can break, such as a
//! rule about two properties of which the patch names one.

use serde_json::{Map, Value};

use super::{AsItIs, Plan, Planner};
use crate::{
    openapi::request::{PatchResult, Target},
    pointer::{escape, parent},
    schema::{ConstraintId, Rule, Schema},
};

/// How many patches break one rule.
const EACH: usize = 2;
/// How often what the patch must not say is taken out of it.
const PRUNINGS: usize = 12;

/// A patch, and the rule of the result that it is to break.
pub(crate) struct Patch {
    pub constraint: ConstraintId,
    pub patch: Value,
}

/// Patches for each rule of the result that a valid patch can break; `plan` is that of the requests.
pub(crate) fn patches(target: &Target, plan: &Plan, seed: u64) -> Vec<Patch> {
    let Some(PatchResult { schema, validator: Some(validator), .. }) = &target.result else { return Vec::new() };
    let request = plan.samples.iter().find(|sample| sample.broken.is_empty() && sample.instance.get("body").is_some());
    let results = Planner::plan(schema, validator, &AsItIs, seed);
    let resource = results.samples.iter().filter(|sample| sample.broken.is_empty()).map(|sample| &sample.instance).next();
    let (Some(request), Some(resource)) = (request, resource) else { return Vec::new() };
    let mut all: Vec<Patch> = Vec::new();
    for sample in results.samples.iter().filter(|sample| !sample.broken.is_empty()) {
        let Some(constraint) = sample.broken.first().map(|violation| violation.constraint) else { continue };
        let known = all.iter().filter(|patch| patch.constraint == constraint).count();
        // Of the ways to meet a condition each counts.
        if known >= EACH && sample.constraint == Some(constraint) {
            continue;
        }
        let Some(patch) = admitted(target, &request.instance, towards(&sample.instance, schema, "")) else { continue };
        let mut result = resource.clone();
        json_patch::merge(&mut result, &patch);
        let breaks = schema.evaluate(&result).broken.iter().any(|violation| violation.constraint == constraint);
        if breaks && all.iter().all(|known| known.patch != patch) {
            all.push(Patch { constraint, patch });
        }
    }
    all
}

/// The patch that makes any resource like this one, as far as the schema names its properties: what it lacks is removed.
fn towards(resource: &Value, schema: &Schema, place: &str) -> Value {
    let Value::Object(object) = resource else { return resource.clone() };
    let mut patch: Map<String, Value> =
        object.iter().map(|(name, value)| (name.clone(), towards(value, schema, &format!("{place}/{}", escape(name))))).collect();
    let here = schema.nodes.iter().filter(|node| node.place == place);
    for (name, child) in here.flat_map(|node| &node.properties) {
        let never = schema.nodes[*child].never.is_some();
        if !never && !patch.contains_key(name) {
            patch.insert(name.clone(), Value::Null);
        }
    }
    Value::Object(patch)
}

/// The patch without what a patch must not say; none where nothing is left of it, or no valid one was found.
fn admitted(target: &Target, request: &Value, patch: Value) -> Option<Value> {
    let mut instance = request.clone();
    *instance.get_mut("body")? = patch;
    for _ in 0..PRUNINGS {
        let trace = target.schema.evaluate(&instance);
        if trace.broken.is_empty() {
            target.validator.agree(&instance, &trace).ok()?;
            return instance.get("body").filter(|body| body.as_object().is_some_and(|body| !body.is_empty())).cloned();
        }
        for violation in &trace.broken {
            let missing = matches!(target.schema.constraints[violation.constraint].rule, Rule::Required(_));
            remove(&mut instance, if missing { parent(&violation.place)?.0 } else { &violation.place });
        }
    }
    None
}

/// Removes the property that has this place in it.
fn remove(instance: &mut Value, place: &str) {
    let Some((mut object, mut name)) = parent(place) else { return };
    while !instance.pointer(object).is_some_and(Value::is_object) {
        let Some(outer) = parent(object) else { return };
        (object, name) = outer;
    }
    if let Some(Value::Object(object)) = instance.pointer_mut(object).filter(|_| !object.is_empty()) {
        object.shift_remove(name.as_ref());
    }
}
