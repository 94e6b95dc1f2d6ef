//! What is known of an object, and whether it leaves any.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    facts::{Exists, Facts, Literal, State},
    proof::Prover,
    term::Term,
};
use crate::{
    schema::{Rule, Types},
    text::pattern::Pattern,
};

/// With more patterns of names, names that are not mentioned may be anything.
const MAX_PATTERNS: usize = 5;

/// Whether no object is as these facts ask.
pub(super) fn contradictory<'a>(prover: &mut Prover<'a>, facts: &Facts<'a>) -> bool {
    let Some(mut object) = Object::new(prover, facts) else { return true };
    object.settle(prover, facts) || facts.exists.iter().any(|exists| object.has_none(prover, facts, exists))
}

struct Object<'a> {
    terms: Vec<&'a Term>,
    /// Every name that some rule mentions.
    names: BTreeSet<&'a str>,
    /// Every pattern of names.
    patterns: Vec<&'a Pattern>,
    /// The kinds of other names, each by the patterns that it matches; none where there are too many patterns.
    fresh: Option<Vec<Vec<bool>>>,
    present: BTreeSet<&'a str>,
    absent: BTreeSet<&'a str>,
    min: usize,
    max: usize,
}

impl<'a> Object<'a> {
    /// None where the numbers alone contradict.
    fn new(prover: &mut Prover<'a>, facts: &Facts<'a>) -> Option<Self> {
        let all = prover.terms;
        let terms: Vec<&'a Term> = facts.containers.iter().map(|id| &all.list[*id]).collect();
        let mut names: BTreeSet<&'a str> = facts.present.union(&facts.absent).copied().collect();
        let mut patterns: Vec<&'a Pattern> = Vec::new();
        for term in &terms {
            names.extend(term.properties.iter().map(|(name, _)| name.as_str()));
            names.extend(term.others.iter().flat_map(|others| others.names.iter().map(String::as_str)));
            names.extend(term.names.iter().flat_map(|names| listed(&all.list[*names])));
            patterns.extend(term.patterns.iter().map(|(pattern, _)| pattern));
            patterns.extend(term.others.iter().flat_map(|others| &others.patterns));
        }
        for exists in &facts.exists {
            patterns.extend(exists.pattern);
            if let Some(others) = exists.others {
                names.extend(others.names.iter().map(String::as_str));
                patterns.extend(&others.patterns);
            }
        }
        patterns.sort_by_key(|pattern| pattern.source());
        patterns.dedup_by_key(|pattern| pattern.source());
        let (mut min, mut max) = (0, usize::MAX);
        for (rule, satisfied) in &facts.rules {
            match (rule, satisfied) {
                (Rule::MinProperties(count), true) => min = min.max(*count),
                (Rule::MinProperties(count), false) => max = max.min(count.checked_sub(1)?),
                (Rule::MaxProperties(count), true) => max = max.min(*count),
                (Rule::MaxProperties(count), false) => min = min.max(count.saturating_add(1)),
                (Rule::DependentRequired { when, then }, true) => names.extend([when.as_str(), then.as_str()]),
                _ => {}
            }
        }
        if min > max {
            return None;
        }
        let (present, absent) = (facts.present.clone(), facts.absent.clone());
        let mut object = Self { terms, names, patterns, fresh: None, present, absent, min, max };
        if object.patterns.len() <= MAX_PATTERNS {
            let kinds = (0..1_usize << object.patterns.len())
                .map(|bits| (0..object.patterns.len()).map(|at| bits >> at & 1 == 1).collect::<Vec<bool>>());
            let possible = kinds.filter(|kind| !object.no_fresh(prover, kind, None, None));
            object.fresh = Some(possible.collect());
        }
        Some(object)
    }

    /// What is asked of the property of this name.
    fn value(&self, facts: &Facts<'_>, name: &str) -> State {
        let mut state: State =
            facts.properties.iter().filter(|(property, _)| *property == name).map(|(_, literal)| *literal).collect();
        for term in &self.terms {
            let named = term.properties.iter().filter(|(property, _)| property == name).map(|(_, child)| *child);
            let matching = term.patterns.iter().filter(|(pattern, _)| pattern.is_match(name)).map(|(_, child)| *child);
            let others = term.others.iter().filter(|others| others.concern(name)).map(|others| others.term);
            state.extend(named.chain(matching).chain(others).map(|child| (child, true)));
        }
        state
    }

    /// What is asked of a property of a name of this kind that no rule mentions.
    fn fresh_value(&self, kind: &[bool]) -> State {
        let mut state = State::new();
        for term in &self.terms {
            let matching = term.patterns.iter().filter(|(pattern, _)| self.matches(kind, pattern)).map(|(_, child)| *child);
            let others = term
                .others
                .iter()
                .filter(|others| !others.patterns.iter().any(|pattern| self.matches(kind, pattern)))
                .map(|others| others.term);
            state.extend(matching.chain(others).map(|child| (child, true)));
        }
        state
    }

    fn matches(&self, kind: &[bool], pattern: &Pattern) -> bool {
        self.patterns.iter().zip(kind).any(|(known, matches)| *matches && known.source() == pattern.source())
    }

    /// Whether no property of this kind can be there, with this name and value.
    fn no_fresh(&self, prover: &mut Prover<'a>, kind: &[bool], name: Option<Literal>, value: Option<Literal>) -> bool {
        let mut state = self.fresh_value(kind);
        state.extend(value);
        if prover.empty(&state) {
            return true;
        }
        let names: State = self.name_rules().chain(name).collect();
        if names.is_empty() && self.patterns.is_empty() {
            return false;
        }
        let facts = Facts {
            patterns: self.patterns.iter().copied().zip(kind.iter().copied()).collect(),
            excluded: self.names.iter().copied().collect(),
            ..Facts::default()
        };
        prover.empty_of(Types::STRING, &names, facts)
    }

    fn name_rules(&self) -> impl Iterator<Item = Literal> {
        self.terms.iter().filter_map(|term| term.names).map(|names| (names, true))
    }

    /// Draws the conclusions; true where they contradict.
    fn settle(&mut self, prover: &mut Prover<'a>, facts: &Facts<'a>) -> bool {
        for name in self.names.clone() {
            let refused = self.name_rules().any(|literal| prover.refuses(literal, name));
            if !self.absent.contains(name) && (refused || prover.empty(&self.value(facts, name))) {
                self.absent.insert(name);
            }
        }
        loop {
            let before = (self.present.len(), self.absent.len());
            for (rule, satisfied) in &facts.rules {
                if let (Rule::DependentRequired { when, then }, true) = (rule, satisfied) {
                    if self.present.contains(when.as_str()) {
                        self.present.insert(then);
                    }
                    if self.absent.contains(then.as_str()) {
                        self.absent.insert(when);
                    }
                }
            }
            if self.present.intersection(&self.absent).next().is_some() || self.present.len() > self.max {
                return true;
            }
            if self.present.len() == self.max {
                self.absent.extend(self.names.difference(&self.present).copied());
                self.fresh = Some(Vec::new());
            }
            let possible: BTreeSet<&'a str> = self.names.difference(&self.absent).copied().collect();
            if self.fresh.as_ref().is_some_and(Vec::is_empty) {
                if possible.len() < self.min {
                    return true;
                }
                if possible.len() == self.min {
                    self.present.extend(possible);
                }
            }
            if (self.present.len(), self.absent.len()) == before {
                return false;
            }
        }
    }

    /// Whether no property is as asked.
    fn has_none(&self, prover: &mut Prover<'a>, facts: &Facts<'a>, exists: &Exists<'a>) -> bool {
        let named = self.names.iter().filter(|name| !self.absent.contains(*name)).all(|name| {
            let concerned = exists.pattern.is_none_or(|pattern| pattern.is_match(name))
                && exists.others.is_none_or(|others| others.concern(name));
            let mut value = self.value(facts, name);
            value.extend(exists.value);
            !concerned || exists.name.is_some_and(|literal| prover.refuses(literal, name)) || prover.empty(&value)
        });
        let Some(fresh) = &self.fresh else { return false };
        named
            && fresh.iter().all(|kind| {
                let concerned = exists.pattern.is_none_or(|pattern| self.matches(kind, pattern))
                    && exists.others.is_none_or(|others| !others.patterns.iter().any(|pattern| self.matches(kind, pattern)));
                !concerned || self.no_fresh(prover, kind, exists.name, exists.value)
            })
    }
}

/// The texts that a term lists.
fn listed(term: &Term) -> impl Iterator<Item = &str> {
    term.rules.iter().flat_map(|rule| match rule {
        Rule::Enum(members) => members.iter().filter_map(Value::as_str).collect(),
        Rule::Const(value) => value.as_str().into_iter().collect::<Vec<_>>(),
        _ => Vec::new(),
    })
}
