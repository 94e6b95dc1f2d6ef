//! A run that looks for one failure: the cases that are likeliest to find it first, and the operations that it can be about.

use super::{
    Run, SuiteError,
    prepared::{PlannedTarget, PreparedTarget},
};
use crate::report::Failure;

/// What is searched for.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    /// Whether it is a failure that points here.
    pub wanted: &'a (dyn Fn(&str) -> bool + Sync),
    /// The operations that are tried first (JSON Pointers).
    pub operations: &'a [String],
    /// How far it goes.
    pub reach: Reach,
}

/// How far a search goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Only what is made for the promises that it is for.
    Near,
    /// Everything, one of each kind first.
    Far,
    /// Everything, first what is made for these promises.
    All,
}

impl Run<'_> {
    /// The first failure that the search is for.
    pub async fn find_failure(&self, search: Search<'_>) -> Result<Option<Failure>, SuiteError> {
        let Search { wanted: near, operations, reach } = search;
        let parts = &self.prepared.parts;
        self.check_reachable(parts).await?;
        for part in self.wholes(parts).take_while(|_| reach != Reach::Far) {
            self.samples(&part, |index| near(part.promise(index))).await;
            if part.target.operation.security.as_ref().is_some_and(|it| near(&it.pointer)) {
                self.judge_all(part.target, &self.authentication_cases(&part)?).await;
            }
        }
        if reach != Reach::Near {
            let is_tried = |promise: &str| reach == Reach::All && near(promise);
            let is_first = |part: &&PreparedTarget| operations.contains(&part.operation.pointer);
            let (first, others): (Vec<_>, Vec<_>) = parts.iter().partition(is_first);
            self.search(&first, &is_tried).await?;
            self.search(&others, &is_tried).await?;
        }
        Ok(self.failures.reported().into_iter().next())
    }

    /// Tries all but the samples for promises that are tried already.
    async fn search(&self, parts: &[&PreparedTarget], is_tried: &(dyn Fn(&str) -> bool + Sync)) -> Result<(), SuiteError> {
        let planned = || self.wholes(parts.iter().copied());
        // One of each kind, so that every answer that they lead to is seen early.
        for part in planned() {
            self.samples(&part, |index| part.number(index) == 1 && !is_tried(part.promise(index))).await;
        }
        for part in planned().take_while(|_| !self.is_over()) {
            self.judge_all(part.target, &self.authentication_cases(&part)?).await;
            self.judge_all(part.target, &self.protocol_cases(&part)).await;
            self.state_cases(&part).await;
        }
        for part in planned() {
            self.samples(&part, |index| part.number(index) > 1 && !is_tried(part.promise(index))).await;
        }
        for part in planned() {
            self.random_cases(&part, true, |_, _, _| {}).await;
        }
        Ok(())
    }

    /// Tries those samples of the plan for which this holds.
    async fn samples(&self, part: &PlannedTarget<'_>, wanted: impl Fn(usize) -> bool) {
        let indices = (0..part.plan().samples.len()).filter(|index| wanted(*index));
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
