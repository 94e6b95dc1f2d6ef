//! A run that looks for one failure: the cases that are likeliest to find it first.

use super::{Run, SuiteError, prepared::Part};
use crate::report::Failure;

impl Run<'_> {
    /// The first failure that the search is for.
    pub async fn sought(&self, near: &(dyn Fn(&str) -> bool + Sync)) -> Result<Option<Failure>, SuiteError> {
        let parts = &self.prepared.parts;
        self.greet(parts).await?;
        for part in parts {
            self.samples(part, |index| near(part.promise(index))).await;
        }
        for part in parts.iter().filter(|part| part.target.operation.security.as_ref().is_some_and(|it| near(&it.pointer))) {
            self.all(&part.target, &self.authentication_cases(part)?).await;
        }
        // One of each kind, so that every answer that they lead to is seen early.
        for part in parts {
            self.samples(part, |index| part.numbers[index] == 1 && !near(part.promise(index))).await;
        }
        for part in parts {
            self.all(&part.target, &self.protocol_cases(part)).await;
            self.states(part).await;
        }
        for part in parts {
            self.samples(part, |index| part.numbers[index] > 1 && !near(part.promise(index))).await;
            if !self.over() {
                self.all(&part.target, &self.authentication_cases(part)?).await;
            }
        }
        for part in parts {
            self.random(part, |_, _, _| {}).await;
        }
        Ok(self.failures().into_iter().next())
    }

    /// Tries those samples of the plan for which this holds.
    async fn samples(&self, part: &Part, wanted: impl Fn(usize) -> bool) {
        let indices = (0..part.plan.samples.len()).filter(|index| wanted(*index));
        self.in_turn(indices, |index| async move {
            if self.over() {
                return;
            }
            let case = part.case(index, self.fresh());
            if self.wanted(&case.id) {
                self.judged(&part.target, &case).await;
            }
        })
        .await;
    }
}
