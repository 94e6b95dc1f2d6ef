//! A run that looks for one failure: the cases that are likeliest to find it first.

use super::{Run, SuiteError, prepared::PlannedTarget};
use crate::report::Failure;

impl Run<'_> {
    /// The first failure that the search is for.
    pub async fn find_failure(&self, near: &(dyn Fn(&str) -> bool + Sync)) -> Result<Option<Failure>, SuiteError> {
        let parts = &self.prepared.parts;
        self.check_reachable(parts).await?;
        let planned = || parts.iter().map_while(|part| self.planned(part));
        for part in planned() {
            self.samples(&part, |index| near(part.promise(index))).await;
        }
        for part in planned().filter(|part| part.target.operation.security.as_ref().is_some_and(|it| near(&it.pointer))) {
            self.judge_all(part.target, &self.authentication_cases(&part)?).await;
        }
        // One of each kind, so that every answer that they lead to is seen early.
        for part in planned() {
            self.samples(&part, |index| part.numbers[index] == 1 && !near(part.promise(index))).await;
        }
        for part in planned() {
            self.judge_all(part.target, &self.protocol_cases(&part)).await;
            self.state_cases(&part).await;
        }
        for part in planned() {
            self.samples(&part, |index| part.numbers[index] > 1 && !near(part.promise(index))).await;
            if !self.is_over() {
                self.judge_all(part.target, &self.authentication_cases(&part)?).await;
            }
        }
        for part in planned() {
            self.random_cases(&part, true, |_, _, _| {}).await;
        }
        Ok(self.failures.reported().into_iter().next())
    }

    /// Tries those samples of the plan for which this holds.
    async fn samples(&self, part: &PlannedTarget<'_>, wanted: impl Fn(usize) -> bool) {
        let indices = (0..part.plan.samples.len()).filter(|index| wanted(*index));
        self.for_each(indices, |index| async move {
            if self.is_over() {
                return;
            }
            self.provide(part).await;
            let case = self.case(part, index);
            if self.is_selected(&case.id) {
                self.judge_case(part.target, &case).await;
            }
        })
        .await;
    }
}
