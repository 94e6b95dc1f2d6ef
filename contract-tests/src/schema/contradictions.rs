//! Places for which no value is valid, because what the document asks for there contradicts itself.

use super::{ConstraintId, Node, NodeId, Rule, Schema, Types, Uncovered};
use crate::inclusion::Texts;

impl Schema {
    /// Finds the places for which it is proven that no value is valid, and tells why. No valid request gets there, so that the rules
    /// behind them do not count.
    pub(crate) fn rule_out_contradictions(&mut self) {
        let mut own: Vec<Types> = Vec::new();
        let mut texts = Texts::default();
        for id in 0..self.nodes.len() {
            let (types, reason) = self.own_types(id, &mut texts);
            own.push(types);
            if let Some((constraint, reason)) = reason.filter(|_| !self.nodes[id].read_only) {
                let pointer = self.constraints[constraint].pointer.clone();
                self.uncovered.retain(|gap| gap.pointer != pointer);
                self.contradictions.push(Uncovered { pointer, reason });
            }
        }
        if self.contradictions.is_empty() {
            return;
        }
        let possible = self.possible(own);
        let mut reached = vec![false; self.nodes.len()];
        let mut open = vec![0];
        while let Some(id) = open.pop() {
            if possible[id] != Types::NONE && !std::mem::replace(&mut reached[id], true) {
                open.extend(self.nodes[id].children_of(possible[id]));
            }
        }
        for id in (0..self.nodes.len()).filter(|id| !reached[*id]) {
            for constraint in self.nodes[id].constraints().collect::<Vec<_>>() {
                self.constraints[constraint].source = None;
            }
        }
    }

    /// The types of values that a node's own rules leave, and why there are no texts among them.
    fn own_types(&self, id: NodeId, texts: &mut Texts) -> (Types, Option<(ConstraintId, String)>) {
        let node = &self.nodes[id];
        let rules = || node.own.iter().map(|own| (*own, &self.constraints[*own].rule));
        let types = rules().fold(Types::ALL, |types, (_, rule)| match rule {
            Rule::Type(own) => types.and(*own),
            _ => types,
        });
        let pattern = rules().find_map(|(own, rule)| Some((own, if let Rule::Pattern(it) = rule { it } else { return None })));
        let Some((at, pattern)) = pattern.filter(|_| types.has(Types::STRING)) else { return (types, None) };
        let about_texts: Vec<(Rule, bool)> = rules()
            .filter(|(_, rule)| matches!(rule, Rule::Pattern(_) | Rule::Format(_) | Rule::MinLength(_) | Rule::MaxLength(_)))
            .map(|(_, rule)| (rule.clone(), true))
            .collect();
        let fits = |text: &String| about_texts.iter().all(|(rule, _)| keeps(rule, text));
        if !pattern.is_in_vain() && pattern.boundary().iter().any(fits) || !texts.are_none(&about_texts) {
            return (types, None);
        }
        let reason = match (pattern.is_in_vain(), pattern.source()) {
            (true, source) if source.starts_with('/') && source.contains("$/") => {
                "this pattern matches no text: the slashes around it are part of it"
            }
            (true, _) => "this pattern matches no text",
            _ => "no text that the other keywords allow matches this pattern",
        };
        (types.without(Types::STRING), Some((at, reason.to_owned())))
    }

    /// The types of values that may be valid for each node, when its own rules leave these.
    fn possible(&self, own: Vec<Types>) -> Vec<Types> {
        let mut possible = own;
        loop {
            let next: Vec<Types> = (0..self.nodes.len()).map(|id| self.left(&self.nodes[id], possible[id], &possible)).collect();
            if next == possible {
                return possible;
            }
            possible = next;
        }
    }

    /// What is left of the types of a node by what is known of the others.
    fn left(&self, node: &Node, types: Types, possible: &[Types]) -> Types {
        let mut types = node.reference.iter().chain(&node.all_of).fold(types, |types, part| types.and(possible[*part]));
        for (_, branches) in node.any_of.iter().chain(&node.one_of) {
            types = types.and(branches.iter().fold(Types::NONE, |any, branch| any.or(possible[*branch])));
        }
        let is_none = |id: &NodeId| possible[*id] == Types::NONE;
        for rule in node.own.iter().map(|own| &self.constraints[*own].rule) {
            match rule {
                Rule::Required(name) if node.properties.get(name).is_some_and(is_none) => {
                    types = types.without(Types::OBJECT);
                }
                Rule::MinItems(1..) if node.prefix_items.is_empty() && node.items.as_ref().is_some_and(is_none) => {
                    types = types.without(Types::ARRAY);
                }
                _ => {}
            }
        }
        if node.never.is_some() { Types::NONE } else { types }
    }
}

/// Whether a text keeps a rule about texts.
fn keeps(rule: &Rule, text: &str) -> bool {
    match rule {
        Rule::Pattern(pattern) => pattern.is_match(text),
        Rule::Format(format) => format.accepts(text),
        Rule::MinLength(min) => text.chars().count() >= *min,
        Rule::MaxLength(max) => text.chars().count() <= *max,
        _ => true,
    }
}
