//! Two schemas as one: the schema of what both allow.

use std::sync::OnceLock;

use super::{ConstraintId, Node, NodeId, Schema};

impl Schema {
    /// The schema of the instances of both. The nodes of the second come after those of the first, and its constraints likewise;
    /// the root is a new node at the front.
    pub(crate) fn both(first: Self, second: Self) -> Self {
        let mut both = Self {
            nodes: vec![Node::default()],
            constraints: first.constraints,
            reach: OnceLock::new(),
            rules: Vec::new(),
            referred: Vec::new(),
            home: Vec::new(),
            annotates: first.annotates || second.annotates,
            uncovered: first.uncovered,
            unbreakable: first.unbreakable,
            contradictions: first.contradictions,
        };
        both.take(first.nodes, 0);
        let constraints = both.constraints.len();
        both.constraints.extend(second.constraints);
        both.uncovered.extend(second.uncovered);
        both.unbreakable.extend(second.unbreakable);
        both.take(second.nodes, constraints);
        both.note_places();
        both
    }

    fn take(&mut self, nodes: Vec<Node>, constraints: ConstraintId) {
        let offset = self.nodes.len();
        self.nodes[0].all_of.push(offset);
        self.nodes.extend(nodes.into_iter().map(|node| node.shifted(offset, constraints)));
    }
}

impl Node {
    /// The same node where nodes and constraints have numbers higher by this much.
    fn shifted(mut self, nodes: NodeId, constraints: ConstraintId) -> Self {
        let Self {
            pointer: _,
            place: _,
            conditional: _,
            never,
            own,
            reference,
            all_of,
            any_of,
            one_of,
            not,
            condition,
            dependent_schemas,
            properties,
            pattern_properties,
            additional_properties,
            property_names,
            unevaluated_properties,
            prefix_items,
            items,
            unevaluated_items,
            contains,
            unique: _,
            type_format: _,
            unchecked: _,
            read_only: _,
            examples: _,
        } = &mut self;
        own.iter_mut().chain(never).for_each(|id| *id += constraints);
        for (id, branches) in any_of.iter_mut().chain(one_of) {
            *id += constraints;
            branches.iter_mut().for_each(|branch| *branch += nodes);
        }
        if let Some((id, inner)) = not {
            *id += constraints;
            *inner += nodes;
        }
        if let Some(condition) = condition {
            condition.id += constraints;
            condition.when += nodes;
            condition.then.iter_mut().chain(&mut condition.otherwise).for_each(|side| *side += nodes);
        }
        if let Some(contains) = contains {
            contains.node += nodes;
            contains.min.iter_mut().chain(&mut contains.max).for_each(|(id, _)| *id += constraints);
        }
        let single = [reference, additional_properties, property_names, unevaluated_properties, items, unevaluated_items];
        single.into_iter().flatten().chain(all_of).chain(prefix_items).for_each(|node| *node += nodes);
        dependent_schemas.iter_mut().for_each(|(_, node)| *node += nodes);
        properties.values_mut().for_each(|node| *node += nodes);
        pattern_properties.iter_mut().for_each(|(_, node)| *node += nodes);
        self
    }
}
