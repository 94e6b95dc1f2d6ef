//! What was tried of each constraint, and what the report says of it.

use std::collections::BTreeMap;

use crate::{
    cases::{Group, shown},
    openapi::{operation::Operation, request::Target},
    plan::{Breakable, Plan, Sample},
    report::{ConstraintReport, OperationReport},
    schema::{Rule, Schema},
};

/// What was tried, by constraint.
pub(crate) struct Tally {
    cases: BTreeMap<Group, usize>,
    constraints: Vec<[usize; 3]>,
    satisfied: Vec<bool>,
    violated: Vec<bool>,
}

impl Tally {
    pub fn new(schema: &Schema) -> Self {
        let count = schema.constraints.len();
        Self {
            cases: BTreeMap::new(),
            constraints: vec![[0; 3]; count],
            satisfied: vec![false; count],
            violated: vec![false; count],
        }
    }

    pub fn count(&mut self, group: Group) {
        *self.cases.entry(group).or_default() += 1;
    }

    pub fn sample(&mut self, target: &Target, sample: &Sample, group: Group) {
        self.count(group);
        let trace = target.schema.evaluate(&sample.instance);
        for id in 0..self.satisfied.len() {
            let constraint = &target.schema.constraints[id];
            // What is in a condition is met whatever becomes of the request; nothing stands where nothing is allowed.
            let valid = trace.broken.is_empty();
            self.satisfied[id] |=
                trace.satisfied[id] && (valid || constraint.conditional) || valid && matches!(constraint.rule, Rule::Never);
            self.violated[id] |= trace.failed[id];
        }
        if let Some(id) = sample.constraint {
            let column = match group {
                Group::Boundary => 0,
                Group::Negative => 1,
                _ => 2,
            };
            self.constraints[id][column] += 1;
        }
    }

    /// What the report says of an operation with this schema of its requests.
    pub fn report(self, operation: &Operation, schema: &Schema, plan: &Plan) -> OperationReport {
        // A choice that another rule has made is none.
        let constraints = schema.constraints.iter().enumerate();
        let constraints =
            constraints.filter(|(id, constraint)| constraint.source.is_some() && plan.breakable[*id] != Breakable::Settled);
        let constraints = constraints.map(|(id, constraint)| {
            let [boundary, negative, random] = self.constraints[id];
            let breakable = match &plan.breakable[id] {
                Breakable::Alone => "alone".to_owned(),
                Breakable::Inside => "inside a condition".to_owned(),
                Breakable::Choice => "choice".to_owned(),
                Breakable::Unknown => "not known".to_owned(),
                Breakable::Never | Breakable::Settled => "never".to_owned(),
                Breakable::Together(others) => {
                    let names: Vec<String> = others.iter().map(|other| schema.constraints[*other].key()).collect();
                    format!("together with {}", names.join(", "))
                }
            };
            // A place that must stay empty is kept by every valid request.
            let satisfied = self.satisfied[id] || plan.satisfied[id];
            ConstraintReport {
                key: constraint.key(),
                place: shown(&constraint.place),
                keyword: constraint.keyword.to_owned(),
                item: constraint.item.clone(),
                boundary,
                negative,
                random,
                satisfied,
                violated: self.violated[id],
                breakable,
            }
        });
        let mut uncovered = operation.uncovered.clone();
        uncovered.extend(schema.uncovered.iter().chain(&plan.unfinished).cloned());
        OperationReport {
            id: operation.id.clone(),
            name: format!("{} {}", operation.method, operation.path),
            cases: self.cases.clone(),
            constraints: constraints.collect(),
            uncovered,
            unbreakable: schema.unbreakable.clone(),
            untested: None,
            complete: true,
            documented: operation.responses.keys().cloned().collect(),
            answered: BTreeMap::new(),
            disagreements: plan.disagreements.iter().map(|(_, disagreement)| disagreement.to_string()).collect(),
        }
    }
}
