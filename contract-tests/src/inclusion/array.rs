//! What is known of an array, and whether it leaves any.

use super::{
    facts::{Facts, Literal, State},
    proof::Prover,
    term::TermId,
};
use crate::schema::{Rule, Types};

/// As many places are compared with each other.
const MAX_DIFFERING: usize = 8;

/// Whether no array is as these facts ask.
pub(super) fn contradictory<'a>(prover: &mut Prover<'a>, facts: &Facts<'a>) -> bool {
    let (mut low, mut high) = (0, usize::MAX);
    let (mut unique, mut repeated) = (false, false);
    for (rule, satisfied) in &facts.rules {
        match (rule, satisfied) {
            (Rule::MinItems(min), true) => low = low.max(*min),
            (Rule::MinItems(0), false) => return true,
            (Rule::MinItems(min), false) => high = high.min(min - 1),
            (Rule::MaxItems(max), true) => high = high.min(*max),
            (Rule::MaxItems(max), false) => low = low.max(max.saturating_add(1)),
            (Rule::UniqueItems, true) => unique = true,
            (Rule::UniqueItems, false) => repeated = true,
            _ => {}
        }
    }
    let needed = facts.items.iter().map(|(index, _)| index + 1).chain(facts.some_items.iter().map(|(from, _)| from + 1));
    low = needed.chain(facts.at_least.iter().map(|(_, count)| *count)).fold(low, usize::max);
    if repeated {
        low = low.max(2);
        if unique {
            return true;
        }
    }
    let items = Items::new(prover, facts);
    // The first place where nothing can stand ends the array.
    high = (0..items.places()).find(|index| prover.empty(&items.at(*index, []))).map_or(high, |end| high.min(end));
    if unique && let Some(values) = values(prover, &items.rest) {
        high = high.min(items.prefix.len().saturating_add(values));
    }
    if repeated && all_differ(prover, &items, high) {
        return true;
    }
    let cannot = |prover: &mut Prover<'a>, index: usize, literal: Literal| prover.empty(&items.at(index, [literal]));
    if low > high || facts.items.iter().any(|(index, literal)| cannot(prover, *index, *literal)) {
        return true;
    }
    let nowhere = |prover: &mut Prover<'a>, from: usize, literal: Literal| {
        (from..items.places().max(from + 1)).all(|index| index >= high || cannot(prover, index, literal))
    };
    facts.some_items.iter().any(|(from, literal)| nowhere(prover, *from, *literal))
        || facts.at_least.iter().any(|(term, count)| too_few(prover, &items, *term, *count, high, unique))
        || facts.at_most.iter().any(|(term, count)| too_many(prover, &items, *term, *count, low))
        || facts.at_least.iter().any(|(some, least)| {
            let within = |most: &TermId| prover.empty(&State::from([(*some, true), (*most, false)]));
            facts.at_most.iter().filter(|(_, most)| least > most).map(|(term, _)| term).any(within)
        })
}

/// What is asked of each item.
struct Items {
    prefix: Vec<State>,
    rest: State,
    /// What is asked of single items besides.
    own: Vec<(usize, Literal)>,
}

impl Items {
    fn new(prover: &Prover<'_>, facts: &Facts<'_>) -> Self {
        let terms: Vec<_> = facts.containers.iter().map(|id| &prover.terms.list[*id]).collect();
        let ends = terms.iter().flat_map(|term| term.rest.iter().map(|(from, _)| *from).chain([term.prefix.len()]));
        let end = ends.max().unwrap_or(0);
        let at = |index: usize| {
            let own = |term: &&super::term::Term| {
                let fixed = term.prefix.get(index).copied();
                fixed
                    .into_iter()
                    .chain(term.rest.iter().filter(|(from, _)| *from <= index).map(|(_, rest)| *rest))
                    .collect::<Vec<_>>()
            };
            terms.iter().flat_map(own).map(|child| (child, true)).collect()
        };
        Self { prefix: (0..end).map(at).collect(), rest: at(end), own: facts.items.clone() }
    }

    /// As many places have to be looked at: the last one stands for all that follow.
    fn places(&self) -> usize {
        self.prefix.len().max(self.own.iter().map(|(index, _)| index + 1).max().unwrap_or(0)) + 1
    }

    fn at(&self, index: usize, more: impl IntoIterator<Item = Literal>) -> State {
        let mut state = self.prefix.get(index).unwrap_or(&self.rest).clone();
        state.extend(self.own.iter().filter(|(own, _)| *own == index).map(|(_, literal)| *literal));
        state.extend(more);
        state
    }
}

/// Whether no two of the first `high` items can be equal.
fn all_differ(prover: &mut Prover<'_>, items: &Items, high: usize) -> bool {
    // The last place stands for all that follow, so that it is met twice.
    let places = high.min(items.places() + 1);
    places <= MAX_DIFFERING
        && (0..places).all(|second| (0..second).all(|first| prover.empty(&items.at(first, items.at(second, [])))))
}

/// Whether fewer than `count` items can be of this term.
fn too_few(prover: &mut Prover<'_>, items: &Items, term: TermId, count: usize, high: usize, unique: bool) -> bool {
    let last = items.places() - 1;
    let fitting = (0..last.min(high)).filter(|index| !prover.empty(&items.at(*index, [(term, true)]))).count();
    let many = if high <= last || prover.empty(&items.at(last, [(term, true)])) { 0 } else { high - last };
    let most = fitting.saturating_add(many);
    let distinct = if unique { values(prover, &State::from([(term, true)])) } else { None };
    most.min(distinct.unwrap_or(usize::MAX)) < count
}

/// Whether more than `count` items must be of this term.
fn too_many(prover: &mut Prover<'_>, items: &Items, term: TermId, count: usize, low: usize) -> bool {
    let last = items.places() - 1;
    let certain = (0..last.min(low)).filter(|index| prover.empty(&items.at(*index, [(term, false)]))).count();
    let many = if low > last && prover.empty(&items.at(last, [(term, false)])) { low - last } else { 0 };
    certain.saturating_add(many) > count
}

/// At most how many different values there are, where that is plain to see.
fn values(prover: &Prover<'_>, state: &State) -> Option<usize> {
    let of_term = |(term, satisfied): &Literal| if *satisfied { values_of(prover, *term, 0) } else { None };
    state.iter().filter_map(of_term).min()
}

fn values_of(prover: &Prover<'_>, id: TermId, depth: usize) -> Option<usize> {
    if depth > 8 {
        return None;
    }
    let term = &prover.terms.list[id];
    let rules = term.rules.iter().filter_map(|rule| match rule {
        Rule::Enum(members) => Some(members.len()),
        Rule::Const(_) => Some(1),
        Rule::Type(types) if types.without(Types::NULL.or(Types::BOOLEAN)) == Types::NONE => {
            Some(usize::from(types.has(Types::NULL)) + 2 * usize::from(types.has(Types::BOOLEAN)))
        }
        _ => None,
    });
    let all = term.all.iter().filter_map(|child| values_of(prover, *child, depth + 1));
    let branches = term.any.iter().chain(&term.one);
    let sums = branches.filter_map(|branches| branches.iter().map(|child| values_of(prover, *child, depth + 1)).sum());
    rules.chain(all).chain(sums).min()
}
