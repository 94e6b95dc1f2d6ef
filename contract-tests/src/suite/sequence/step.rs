//! The steps of a sequence.

use proptest::prelude::Rng;

use crate::generate::rng;

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Creates the resource.
    Create,
    /// Reads it.
    Read,
    /// Reads it with the `ETag` that it has.
    Unchanged,
    /// Says all of what it is to be.
    Replace,
    /// Sends the last `PUT` again.
    Again,
    /// Says some of what it is to be.
    Patch,
    /// Takes something away from it.
    Less,
    /// Asks for a change that breaks a rule.
    Refused,
    /// Asks for a change with an `ETag` that it had before.
    Stale,
    /// Asks for a change with the `ETag` that it has.
    Current,
    /// Deletes it.
    Delete,
    /// Lists it among all.
    List,
    /// Lists it, page by page.
    Pages,
    /// Lists what has a property in common with it.
    Filter,
}

/// One step: what it does to which resource, by the number that the sequence gives it. A step on a resource that was not created, or is
/// gone where it must be there, does nothing, so that any part of a sequence is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub action: Action,
    pub item: usize,
    /// Chooses among the requests that there are for it.
    pub draw: u64,
}

/// How many resources a sequence is about.
const ITEMS: usize = 3;
/// How many steps follow after these were created.
const STEPS: usize = 12;

/// A life with everything in it: the first sequence of each kind.
pub(super) fn whole_life() -> Vec<Step> {
    use Action::{Again, Create, Current, Delete, Filter, Less, List, Pages, Patch, Read, Refused, Replace, Stale, Unchanged};

    // The first three are alike, so that a filter has several pages, and others are listed behind them.
    let created = [(2, 1), (3, 1), (4, 1), (0, 1), (1, 2)].into_iter();
    let created = created.map(|(item, draw)| Step { action: Create, item, draw });
    let steps = [
        (List, 0),
        (Read, 0),
        (Unchanged, 0),
        (Replace, 0),
        (Again, 0),
        (Stale, 0),
        (Unchanged, 0),
        (Filter, 0),
        (Replace, 1),
        (Patch, 1),
        (Patch, 1),
        (Stale, 1),
        (Current, 1),
        (Refused, 1),
        (Replace, 1),
        (Filter, 3),
        (Less, 1),
        (Less, 0),
        (Pages, 0),
        (Filter, 4),
        (Delete, 2),
        (Delete, 2),
        (List, 0),
        (Read, 0),
        (Read, 1),
        (Create, 5),
        (Read, 2),
    ];
    // What replaces a resource is the richest request that there is.
    let draw = |index: usize, action: Action| if action == Replace { 0 } else { index as u64 };
    created
        .chain(steps.into_iter().enumerate().map(|(index, (action, item))| Step { action, item, draw: draw(index, action) }))
        .collect()
}

/// The sequence with this number.
pub(super) fn random(seed: u64, name: &str, number: usize) -> Vec<Step> {
    use Action::{Again, Current, Delete, Filter, Less, List, Pages, Patch, Read, Refused, Replace, Stale, Unchanged};

    const ACTIONS: [Action; 16] = [
        Read, Unchanged, Replace, Replace, Again, Patch, Patch, Less, Refused, Refused, Stale, Current, Delete, List, Pages,
        Filter,
    ];
    let mut rng = rng(seed, &["sequence", name, &number.to_string()]);
    let mut next = |below: usize| (rng.next_u64() % below as u64) as usize;
    let mut steps: Vec<Step> = (0..ITEMS).map(|item| Step { action: Action::Create, item, draw: next(64) as u64 }).collect();
    steps.extend((0..STEPS).map(|_| Step { action: ACTIONS[next(ACTIONS.len())], item: next(ITEMS), draw: next(64) as u64 }));
    steps
}

/// The sequence without each run of so many steps in turn.
pub(super) fn without(steps: &[Step], count: usize) -> impl Iterator<Item = Vec<Step>> {
    (0..steps.len().div_ceil(count)).map(move |part| {
        let (from, to) = (part * count, ((part + 1) * count).min(steps.len()));
        steps[..from].iter().chain(&steps[to..]).copied().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_depends_on_its_seed_and_number_only() {
        assert_eq!(random(1, "a", 1), random(1, "a", 1));
        assert_ne!(random(1, "a", 1), random(1, "a", 2));
        assert_ne!(random(1, "a", 1), random(2, "a", 1));
    }

    #[test]
    fn parts_are_left_out_in_turn() {
        let steps = whole_life();
        let smaller: Vec<Vec<Step>> = without(&steps, 8).collect();
        assert_eq!(smaller.iter().map(Vec::len).collect::<Vec<_>>(), [24, 24, 24, 24]);
        assert_eq!(smaller[1], [&steps[..8], &steps[16..]].concat());
    }
}
