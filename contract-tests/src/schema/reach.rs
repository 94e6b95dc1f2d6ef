//! Which nodes of a schema can be met from which others.

use std::sync::OnceLock;

use super::{Node, NodeId};

/// Which nodes lead to each node. For each node the answer is worked out when it is asked for the first time: a schema that is only
/// evaluated never needs any, and all of them together would be as large as the square of the schema.
pub(super) struct Reach {
    parents: Vec<Vec<NodeId>>,
    to: Vec<OnceLock<Nodes>>,
}

impl Reach {
    pub fn of(nodes: &[Node]) -> Self {
        let mut parents = vec![Vec::new(); nodes.len()];
        for (id, node) in nodes.iter().enumerate() {
            node.children().for_each(|child| parents[child].push(id));
        }
        Self { parents, to: nodes.iter().map(|_| OnceLock::new()).collect() }
    }

    /// Whether the node `to` can be met from `from`, by whatever way; each can be met from itself.
    pub fn leads(&self, from: NodeId, to: NodeId) -> bool {
        self.to[to].get_or_init(|| Nodes::met(self.parents.len(), [to], |id| self.parents[id].iter().copied())).has(from)
    }
}

/// A set of nodes of one schema: a bit for each node.
pub(super) struct Nodes(Vec<u64>);

impl Nodes {
    /// Of `count` nodes those that are met from some, with themselves.
    pub fn met<I: IntoIterator<Item = NodeId>>(
        count: usize,
        from: impl IntoIterator<Item = NodeId>,
        next: impl Fn(NodeId) -> I,
    ) -> Self {
        let mut met = Self(vec![0; count.div_ceil(64)]);
        let mut open: Vec<NodeId> = from.into_iter().collect();
        while let Some(id) = open.pop() {
            if !met.has(id) {
                met.0[id / 64] |= 1 << (id % 64);
                open.extend(next(id));
            }
        }
        met
    }

    pub fn has(&self, node: NodeId) -> bool {
        self.0[node / 64] >> (node % 64) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::schema::Schema;

    #[test]
    fn a_node_leads_to_what_can_be_met_from_it_and_to_nothing_else() {
        let document = json!({
            "properties": { "tree": { "$ref": "#/$defs/tree" }, "leaf": { "not": { "const": 1 } } },
            "$defs": { "tree": { "items": { "$ref": "#/$defs/tree" }, "minItems": 1 } },
        });
        let schema = Schema::compile(&document, "");
        let at = |pointer: &str| schema.nodes.iter().position(|node| node.pointer == pointer).unwrap();
        let [root, tree, items, leaf, not] =
            ["", "/$defs/tree", "/$defs/tree/items", "/properties/leaf", "/properties/leaf/not"].map(at);
        for (from, to) in [(root, not), (root, tree), (tree, items), (items, tree), (leaf, leaf), (leaf, not)] {
            assert!(schema.leads(from, to), "{from} to {to}");
        }
        for (from, to) in [(tree, root), (leaf, tree), (not, leaf), (tree, leaf)] {
            assert!(!schema.leads(from, to), "{from} to {to}");
        }
        let keywords = |node| schema.rules(node).iter().map(|id| schema.constraints[*id].keyword).collect::<Vec<_>>();
        assert_eq!((keywords(tree), keywords(leaf)), (vec!["minItems"], vec!["not", "const"]));
    }
}
