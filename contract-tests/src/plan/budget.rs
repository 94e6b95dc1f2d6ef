//! How much work a plan may take.
//!
//! Work is counted in steps of the generator and the evaluation, not in time: the same seed gives the same plan on every machine.

use crate::schema::Schema;

/// Steps that a plan may take whatever its size.
const BASE: u64 = 1_000_000;
/// Steps that it may take besides for each of its parts: a constraint, a condition, one of several references.
const EACH: u64 = 20_000;
/// Steps that are kept for each part to come.
const KEPT: u64 = 3_000;
/// Steps that one part may take.
const PART: u64 = 800_000;
/// Steps that it may take where no valid instance was found: hardly any part will find one.
const PART_IN_DOUBT: u64 = 200_000;

/// Steps that are left to a part that is in a hurry.
const HURRIED: u64 = 20_000;

/// What is left to spend on a plan, and on the part of it under way.
pub(super) struct Budget {
    spent: u64,
    left: u64,
    here: u64,
    /// What one part may take.
    part: u64,
    /// How many parts are still to come.
    to_come: u64,
    /// Whether the part under way was cut short.
    ran_out: bool,
}

impl Budget {
    /// What the plan for a schema may take.
    pub fn of(schema: &Schema) -> Self {
        let constraints = schema.constraints.iter().filter(|constraint| constraint.source.is_some()).count();
        let conditions = schema.nodes.iter().filter(|node| node.condition.is_some()).count();
        let references = (0..schema.nodes.len()).filter(|node| schema.is_one_of_several(*node)).count();
        // The first part are the instances made for no constraint.
        Self::new(1 + constraints as u64 + conditions as u64 + references as u64)
    }

    fn new(parts: u64) -> Self {
        Self { spent: 0, left: BASE + EACH * parts, here: 0, part: PART, to_come: parts, ran_out: false }
    }

    /// Begins the next part.
    pub fn begin(&mut self) {
        self.to_come = self.to_come.saturating_sub(1);
        self.here = self.left.saturating_sub(KEPT * self.to_come).min(self.part);
        self.ran_out = false;
    }

    /// Leaves little to the part under way.
    pub fn hurry(&mut self) {
        self.here = self.here.min(HURRIED);
    }

    /// Keeps half of the part for what comes second in it; see [`release`](Self::release).
    pub fn reserve(&mut self) -> u64 {
        let reserved = self.here / 2;
        self.here -= reserved;
        reserved
    }

    /// Gives back what was kept.
    pub fn release(&mut self, reserved: u64) {
        self.here = (self.here + reserved).min(self.left);
    }

    /// Lowers what each part may take, because no valid instance was found.
    pub fn doubt(&mut self) {
        self.part = PART_IN_DOUBT;
    }

    /// How many steps the next instance may take; none where the part has had its share.
    pub fn allowance(&mut self) -> Option<u64> {
        self.ran_out |= self.here == 0;
        Some(self.here).filter(|here| *here > 0)
    }

    /// Counts work that was done.
    pub fn spend(&mut self, steps: u64) {
        self.spent += steps;
        self.left = self.left.saturating_sub(steps);
        self.here = self.here.saturating_sub(steps);
    }

    /// Notes that an instance was given up which might have shown something.
    pub fn cut_short(&mut self) {
        self.ran_out = true;
    }

    /// How much work there may be in all.
    #[cfg(test)]
    pub fn limit(&self) -> u64 {
        self.left
    }

    /// How much work was done.
    pub fn spent(&self) -> u64 {
        self.spent
    }

    /// Whether the part under way was cut short.
    pub fn ran_out(&self) -> bool {
        self.ran_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_leaves_something_for_each_of_the_others() {
        let mut budget = Budget::new(400);
        for _ in 0..400 {
            budget.begin();
            assert!(budget.allowance().is_some_and(|steps| steps >= KEPT));
            budget.spend(budget.here);
            assert!(budget.allowance().is_none() && budget.ran_out());
        }
        assert_eq!(budget.left, 0);
    }

    #[test]
    fn a_part_takes_no_more_than_its_limit() {
        let mut budget = Budget::new(1_000);
        budget.begin();
        assert_eq!(budget.allowance(), Some(PART));
        budget.spend(PART - 1);
        assert!(budget.allowance() == Some(1) && !budget.ran_out());
        budget.spend(1);
        assert!(budget.allowance().is_none() && budget.ran_out());
        budget.begin();
        assert!(budget.allowance().is_some() && !budget.ran_out());
        budget.cut_short();
        assert!(budget.allowance().is_some() && budget.ran_out());
    }
}
