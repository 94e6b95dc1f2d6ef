//! A proof that no value can be what is asked: a tableau.
//!
//! What is to be shown empty is a set of [`Literal`]s: schemas that a value is, or is not, an instance of. One schema includes
//! another one when being of the second and not of the first is empty. For each type the literals are taken apart into what they
//! say of a value of this type; where they leave a choice, each side of it must be empty. What is left is a plain list of
//! [`Facts`], which `object`, `array`, `number` and `text` know how to find contradictory.
//!
//! Leaving a literal out makes a set larger and never smaller, so what is not understood is left out: there may be no proof
//! then, and never a wrong one.

use std::collections::HashMap;

use serde_json::Value;

use super::{
    array,
    facts::{Exists, Facts, Literal, State},
    language::Languages,
    number, object,
    term::{Contains, TermId, Terms},
    text,
};
use crate::schema::{Rule, Types, equal};

/// How many branches one proof may have, over all states: beyond that it is given up.
const FUEL: usize = 4_000;
/// How deep states may stand in each other.
const MAX_DEPTH: usize = 64;

pub(super) struct Prover<'a> {
    pub terms: &'a Terms<'a>,
    pub languages: Languages,
    known: HashMap<State, Standing>,
    /// The states found empty, in order.
    found: Vec<State>,
    fuel: usize,
    depth: usize,
}

enum Standing {
    Empty,
    /// No proof was found.
    Open,
    /// Under proof. A value of this state has smaller values of this state in it, without end, unless something else makes it
    /// possible: so where it is met again it may be taken for empty.
    Assumed {
        used: bool,
    },
}

/// One of the things that a value may have to be.
#[derive(Clone)]
pub(super) enum Step<'a> {
    Is(Literal),
    Rule(&'a Rule, bool),
    Uninterpreted(&'a str, bool),
    Present(&'a str),
    Absent(&'a str),
    /// The property is there and this.
    Property(&'a str, Literal),
    Some(Exists<'a>),
    /// The item is there and this.
    Item(usize, Literal),
    /// Some item from this index on is this.
    SomeItem(usize, Literal),
    AtLeast(TermId, usize),
    AtMost(TermId, usize),
}

/// A choice.
#[derive(Clone)]
struct Split<'a> {
    /// Whether it comes from what the value is not: these lead to the goal.
    negative: bool,
    ways: Vec<Vec<Step<'a>>>,
}

#[derive(Clone)]
struct Branch<'a> {
    kind: Types,
    literals: State,
    queue: Vec<Literal>,
    facts: Facts<'a>,
    splits: Vec<Split<'a>>,
}

/// What the facts of a branch come to.
enum BranchOutcome {
    Contradictory,
    /// There is such a value.
    Possible,
    Undecided,
}

impl<'a> Prover<'a> {
    pub fn new(terms: &'a Terms<'a>) -> Self {
        Self { terms, languages: Languages::default(), known: HashMap::new(), found: Vec::new(), fuel: FUEL, depth: 0 }
    }

    /// Whether it is proven that no value is what the state asks.
    pub fn empty(&mut self, state: &State) -> bool {
        if contradictory(state) {
            return true;
        }
        match self.known.get_mut(state) {
            Some(Standing::Empty) => return true,
            Some(Standing::Open) => return false,
            Some(Standing::Assumed { used }) => {
                *used = true;
                return true;
            }
            None => {}
        }
        if self.depth >= MAX_DEPTH {
            return false;
        }
        self.depth += 1;
        let mark = self.found.len();
        self.known.insert(state.clone(), Standing::Assumed { used: false });
        let empty = Types::EACH.into_iter().all(|kind| self.empty_of(kind, state, Facts::default()));
        let standing = if empty { Standing::Empty } else { Standing::Open };
        let used = matches!(self.known.insert(state.clone(), standing), Some(Standing::Assumed { used: true }));
        if empty {
            self.found.push(state.clone());
        } else if used {
            // What was found by assuming this is not found.
            for other in self.found.drain(mark..) {
                self.known.remove(&other);
            }
        }
        self.depth -= 1;
        empty
    }

    /// Whether no value of this type is what the state and the facts ask.
    pub fn empty_of(&mut self, kind: Types, state: &State, facts: Facts<'a>) -> bool {
        if contradictory(state) {
            return true;
        }
        let branch = Branch { kind, literals: state.clone(), queue: state.iter().copied().collect(), facts, splits: Vec::new() };
        self.closes(branch)
    }

    fn closes(&mut self, mut branch: Branch<'a>) -> bool {
        if self.fuel == 0 {
            return false;
        }
        self.fuel -= 1;
        loop {
            if !self.saturate(&mut branch) {
                return true;
            }
            match branch.simplify() {
                Simplified::Contradictory => return true,
                Simplified::Forced(way) => {
                    if !way.into_iter().all(|step| branch.apply(step)) {
                        return true;
                    }
                }
                Simplified::Choices => break,
            }
        }
        match self.outcome(&branch) {
            BranchOutcome::Contradictory => return true,
            BranchOutcome::Possible => return false,
            BranchOutcome::Undecided => {}
        }
        let chosen = (0..branch.splits.len()).min_by_key(|at| (!branch.splits[*at].negative, branch.splits[*at].ways.len()));
        let Some(chosen) = chosen else { return false };
        let split = branch.splits.swap_remove(chosen);
        split.ways.into_iter().all(|way| {
            let mut branch = branch.clone();
            !way.into_iter().all(|step| branch.apply(step)) || self.closes(branch)
        })
    }

    /// Takes every literal apart; false where that contradicts.
    fn saturate(&self, branch: &mut Branch<'a>) -> bool {
        while let Some((term, satisfied)) = branch.queue.pop() {
            let done = if satisfied { self.assert(term, branch) } else { self.refute(term, branch) };
            if !done {
                return false;
            }
        }
        true
    }

    fn assert(&self, id: TermId, branch: &mut Branch<'a>) -> bool {
        let term = &self.terms.list[id];
        let kind = branch.kind;
        if term.never {
            return false;
        }
        let rules = term.rules.iter().map(|rule| Step::Rule(rule, true));
        let uninterpreted = term.uninterpreted.iter().map(|name| Step::Uninterpreted(name, true));
        let all = term.all.iter().map(|child| Step::Is((*child, true)));
        let not = term.not.iter().map(|child| Step::Is((*child, false)));
        if !rules.chain(uninterpreted).chain(all).chain(not).all(|step| branch.apply(step)) {
            return false;
        }
        if let Some(any) = &term.any {
            branch.split(false, any.iter().map(|child| vec![Step::Is((*child, true))]).collect());
        }
        if let Some(one) = &term.one {
            let only = |chosen: usize| one.iter().enumerate().map(move |(at, child)| Step::Is((*child, at == chosen))).collect();
            branch.split(false, (0..one.len()).map(only).collect());
        }
        if let Some((when, then, otherwise)) = term.condition {
            let side = |satisfied: bool, side: Option<TermId>| {
                std::iter::once(Step::Is((when, satisfied))).chain(side.map(|side| Step::Is((side, true)))).collect()
            };
            branch.split(false, vec![side(true, then), side(false, otherwise)]);
        }
        if kind == Types::OBJECT {
            for (name, child) in &term.dependent {
                branch.split(false, vec![vec![Step::Absent(name)], vec![Step::Present(name), Step::Is((*child, true))]]);
            }
        }
        if (kind == Types::OBJECT && term.has_object_rules()) || (kind == Types::ARRAY && term.has_array_rules()) {
            branch.facts.containers.push(id);
        }
        if kind == Types::ARRAY
            && let Some(Contains { term, min, max }) = term.contains
        {
            branch.facts.at_least.extend(min.map(|min| (term, min)));
            branch.facts.at_most.extend(max.map(|max| (term, max)));
        }
        true
    }

    /// One of the things that the term asks does not hold.
    fn refute(&self, id: TermId, branch: &mut Branch<'a>) -> bool {
        let term = &self.terms.list[id];
        if term.never || term.unsupported {
            return true;
        }
        let mut ways: Vec<Vec<Step<'a>>> = term.rules.iter().map(|rule| vec![Step::Rule(rule, false)]).collect();
        ways.extend(term.uninterpreted.iter().map(|name| vec![Step::Uninterpreted(name, false)]));
        ways.extend(term.all.iter().map(|child| vec![Step::Is((*child, false))]));
        ways.extend(term.not.iter().map(|child| vec![Step::Is((*child, true))]));
        for branches in term.any.iter().chain(&term.one) {
            ways.push(branches.iter().map(|child| Step::Is((*child, false))).collect());
        }
        for (at, first) in term.one.iter().flatten().enumerate() {
            for second in term.one.iter().flatten().skip(at + 1) {
                ways.push(vec![Step::Is((*first, true)), Step::Is((*second, true))]);
            }
        }
        if let Some((when, then, otherwise)) = term.condition {
            ways.extend(then.map(|then| vec![Step::Is((when, true)), Step::Is((then, false))]));
            ways.extend(otherwise.map(|otherwise| vec![Step::Is((when, false)), Step::Is((otherwise, false))]));
        }
        if branch.kind == Types::OBJECT {
            let exists = Exists { pattern: None, others: None, name: None, value: None };
            ways.extend(term.dependent.iter().map(|(name, child)| vec![Step::Present(name), Step::Is((*child, false))]));
            ways.extend(term.properties.iter().map(|(name, child)| vec![Step::Property(name, (*child, false))]));
            ways.extend(term.patterns.iter().map(|(pattern, child)| {
                vec![Step::Some(Exists { pattern: Some(pattern), value: Some((*child, false)), ..exists.clone() })]
            }));
            ways.extend(term.others.iter().map(|others| {
                vec![Step::Some(Exists { others: Some(others), value: Some((others.term, false)), ..exists.clone() })]
            }));
            ways.extend(term.names.map(|names| vec![Step::Some(Exists { name: Some((names, false)), ..exists.clone() })]));
        }
        if branch.kind == Types::ARRAY {
            ways.extend(term.prefix.iter().enumerate().map(|(index, child)| vec![Step::Item(index, (*child, false))]));
            ways.extend(term.rest.iter().map(|(from, child)| vec![Step::SomeItem(*from, (*child, false))]));
            if let Some(Contains { term, min, max }) = term.contains {
                ways.extend(min.and_then(|min| min.checked_sub(1)).map(|most| vec![Step::AtMost(term, most)]));
                ways.extend(max.map(|max| vec![Step::AtLeast(term, max + 1)]));
            }
        }
        branch.split(true, ways);
        true
    }

    fn outcome(&mut self, branch: &Branch<'a>) -> BranchOutcome {
        let facts = &branch.facts;
        let uninterpreted = facts.uninterpreted.iter().any(|(name, satisfied)| facts.uninterpreted.contains(&(name, !satisfied)));
        if uninterpreted {
            return BranchOutcome::Contradictory;
        }
        if let Some(members) = members(branch) {
            let left = members.iter().any(|value| self.fits(value, branch));
            let sure = facts.uninterpreted.is_empty()
                && branch.literals.iter().all(|(term, _)| !self.terms.list[*term].reaches_unsupported);
            return match (left, sure) {
                (false, _) => BranchOutcome::Contradictory,
                (true, true) => BranchOutcome::Possible,
                (true, false) => BranchOutcome::Undecided,
            };
        }
        let contradictory = match branch.kind {
            Types::INTEGER | Types::FRACTION => number::contradictory(&facts.rules, branch.kind == Types::INTEGER),
            Types::STRING => text::contradictory(facts, &mut self.languages),
            Types::ARRAY => array::contradictory(self, facts),
            Types::OBJECT => object::contradictory(self, facts),
            _ => false,
        };
        if contradictory { BranchOutcome::Contradictory } else { BranchOutcome::Undecided }
    }

    /// Whether a value can be what the branch asks, as far as that is understood.
    fn fits(&self, value: &Value, branch: &Branch<'_>) -> bool {
        let understood = |term: TermId| !self.terms.list[term].reaches_unsupported;
        branch.literals.iter().all(|(term, satisfied)| !understood(*term) || self.terms.accepts(*term, value) == *satisfied)
            && branch.facts.rules.iter().all(|(rule, satisfied)| match rule {
                Rule::Enum(members) => members.iter().any(|member| equal(member, value)) == *satisfied,
                Rule::Const(constant) => equal(constant, value) == *satisfied,
                _ => true,
            })
            && value.as_str().is_none_or(|text| {
                !branch.facts.excluded.contains(&text)
                    && branch.facts.patterns.iter().all(|(pattern, satisfied)| pattern.is_match(text) == *satisfied)
            })
    }

    /// Whether it is proven that the name of a property cannot be this.
    pub fn refuses(&self, literal: Literal, name: &str) -> bool {
        let (term, satisfied) = literal;
        !self.terms.list[term].reaches_unsupported && self.terms.accepts(term, &Value::from(name)) != satisfied
    }
}

/// The values that there are at all, where they can be listed.
fn members(branch: &Branch<'_>) -> Option<Vec<Value>> {
    let listed = branch.facts.rules.iter().filter(|(_, satisfied)| *satisfied).filter_map(|(rule, _)| match rule {
        Rule::Enum(members) => Some(members.as_slice()),
        Rule::Const(constant) => Some(std::slice::from_ref(constant)),
        _ => None,
    });
    let of_kind = |members: &[Value]| members.iter().filter(|value| Types::of(value) == branch.kind).cloned().collect();
    match branch.kind {
        Types::NULL => Some(vec![Value::Null]),
        Types::BOOLEAN => Some(vec![Value::Bool(false), Value::Bool(true)]),
        _ => listed.min_by_key(|members| members.len()).map(of_kind),
    }
}

pub(super) fn contradictory(state: &State) -> bool {
    state.iter().any(|(term, satisfied)| *satisfied && state.contains(&(*term, false)))
}

enum Simplified<'a> {
    Contradictory,
    /// One choice has one way only.
    Forced(Vec<Step<'a>>),
    Choices,
}

impl<'a> Branch<'a> {
    fn split(&mut self, negative: bool, ways: Vec<Vec<Step<'a>>>) {
        self.splits.push(Split { negative, ways });
    }

    /// Takes a step; false where it contradicts what is known.
    fn apply(&mut self, step: Step<'a>) -> bool {
        if self.refuses(&step) {
            return false;
        }
        match step {
            Step::Is(literal) => {
                if self.literals.insert(literal) {
                    self.queue.push(literal);
                }
            }
            Step::Rule(rule, satisfied) => match rule {
                Rule::Type(_) => {}
                _ if !subject(rule).has(self.kind) => {}
                Rule::Required(name) if satisfied => drop(self.facts.present.insert(name)),
                Rule::Required(name) => drop(self.facts.absent.insert(name)),
                Rule::DependentRequired { when, then } if !satisfied => {
                    self.facts.present.insert(when);
                    self.facts.absent.insert(then);
                }
                _ => self.facts.rules.push((rule, satisfied)),
            },
            Step::Uninterpreted(name, satisfied) => self.facts.uninterpreted.push((name, satisfied)),
            Step::Present(name) => drop(self.facts.present.insert(name)),
            Step::Absent(name) => drop(self.facts.absent.insert(name)),
            Step::Property(name, literal) => {
                self.facts.present.insert(name);
                self.facts.properties.push((name, literal));
            }
            Step::Some(exists) => self.facts.exists.push(exists),
            Step::Item(index, literal) => self.facts.items.push((index, literal)),
            Step::SomeItem(from, literal) => self.facts.some_items.push((from, literal)),
            Step::AtLeast(term, count) => self.facts.at_least.push((term, count)),
            Step::AtMost(term, count) => self.facts.at_most.push((term, count)),
        }
        true
    }

    /// Whether a step contradicts what is known at first sight.
    fn refuses(&self, step: &Step<'_>) -> bool {
        match step {
            Step::Is((term, satisfied)) => self.literals.contains(&(*term, !satisfied)),
            Step::Rule(Rule::Type(types), satisfied) => types.has(self.kind) != *satisfied,
            Step::Rule(rule, satisfied) => match rule {
                _ if !subject(rule).has(self.kind) => !satisfied,
                Rule::Required(name) => if *satisfied { &self.facts.absent } else { &self.facts.present }.contains(name.as_str()),
                Rule::DependentRequired { when, then } if !satisfied => {
                    self.facts.absent.contains(when.as_str()) || self.facts.present.contains(then.as_str())
                }
                _ => false,
            },
            Step::Uninterpreted(name, satisfied) => self.facts.uninterpreted.contains(&(*name, !satisfied)),
            Step::Present(name) | Step::Property(name, _) => self.facts.absent.contains(name),
            Step::Absent(name) => self.facts.present.contains(name),
            _ => false,
        }
    }

    fn satisfied(&self, step: &Step<'_>) -> bool {
        match step {
            Step::Is(literal) => self.literals.contains(literal),
            Step::Present(name) => self.facts.present.contains(name),
            Step::Absent(name) => self.facts.absent.contains(name),
            _ => false,
        }
    }

    /// Drops the ways that contradict what is known, and the choices of which one way is taken already.
    fn simplify(&mut self) -> Simplified<'a> {
        let mut splits = std::mem::take(&mut self.splits);
        splits.retain(|split| !split.ways.iter().any(|way| way.iter().all(|step| self.satisfied(step))));
        for split in &mut splits {
            split.ways.retain(|way| !way.iter().any(|step| self.refuses(step)));
        }
        let forced = splits.iter().position(|split| split.ways.len() <= 1);
        let way = forced.map(|at| splits.swap_remove(at).ways.pop());
        self.splits = splits;
        match way {
            None => Simplified::Choices,
            Some(None) => Simplified::Contradictory,
            Some(Some(way)) => Simplified::Forced(way),
        }
    }
}

/// The types that a rule says something about.
fn subject(rule: &Rule) -> Types {
    match rule {
        Rule::MinLength(_) | Rule::MaxLength(_) | Rule::Pattern(_) | Rule::Format(_) => Types::STRING,
        Rule::Minimum(_) | Rule::Maximum(_) | Rule::ExclusiveMinimum(_) | Rule::ExclusiveMaximum(_) | Rule::MultipleOf(_) => {
            Types::NUMBER
        }
        Rule::MinItems(_) | Rule::MaxItems(_) | Rule::UniqueItems => Types::ARRAY,
        Rule::MinProperties(_) | Rule::MaxProperties(_) | Rule::Required(_) | Rule::DependentRequired { .. } => Types::OBJECT,
        _ => Types::ALL,
    }
}
