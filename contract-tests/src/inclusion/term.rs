//! The schemas of both documents as one set of terms: what means the same by its text is the same term, however it is written down
//! (behind a reference, under another name, with another description).

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write,
};

use serde_json::Value;

use crate::{
    schema::{ConstraintId, Node, NodeId, Rule, Schema, TYPE_FORMATS},
    text::pattern::Pattern,
};

/// A term of [`Terms`].
pub(super) type TermId = usize;

/// A node of one of the two schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct SchemaNode {
    side: usize,
    node: NodeId,
}

/// What a schema asks, keyword by keyword.
pub(super) struct Term {
    place: SchemaNode,
    /// The schema `false`.
    pub never: bool,
    /// Whether it asks something that is not understood.
    pub unsupported: bool,
    /// Whether something that is not understood can be met from here.
    pub reaches_unsupported: bool,
    pub rules: Vec<Rule>,
    /// What is only known to be equal to itself: formats that are not known, and an `unevaluated…` that depends on the instance.
    pub uninterpreted: Vec<String>,
    /// `allOf` and `$ref`.
    pub all: Vec<TermId>,
    pub any: Option<Vec<TermId>>,
    pub one: Option<Vec<TermId>>,
    pub not: Option<TermId>,
    /// `if`, `then`, `else`.
    pub condition: Option<(TermId, Option<TermId>, Option<TermId>)>,
    pub dependent: Vec<(String, TermId)>,
    pub properties: Vec<(String, TermId)>,
    pub patterns: Vec<(Pattern, TermId)>,
    /// What is asked of every property that is not named.
    pub others: Vec<Others>,
    pub names: Option<TermId>,
    pub prefix: Vec<TermId>,
    /// What is asked of every item from this index on.
    pub rest: Vec<(usize, TermId)>,
    pub contains: Option<Contains>,
}

/// `contains` with its bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contains {
    pub term: TermId,
    pub min: Option<usize>,
    pub max: Option<usize>,
}

/// `additionalProperties`: what is asked of the properties that have none of these names and match none of these patterns.
#[derive(Clone)]
pub(super) struct Others {
    pub names: Vec<String>,
    pub patterns: Vec<Pattern>,
    pub term: TermId,
}

impl Others {
    pub fn concern(&self, name: &str) -> bool {
        !self.names.iter().any(|known| known == name) && !self.patterns.iter().any(|pattern| pattern.is_match(name))
    }
}

/// The terms of two schemas.
pub(super) struct Terms<'a> {
    schemas: [&'a Schema; 2],
    documents: [&'a Value; 2],
    pub list: Vec<Term>,
    /// The terms of the two schemas themselves.
    pub roots: [TermId; 2],
    /// For each node of each side whether the other side has one of the same term for the same part of an instance.
    shared: [Vec<bool>; 2],
}

impl<'a> Terms<'a> {
    pub fn new(schemas: [&'a Schema; 2], documents: [&'a Value; 2]) -> Self {
        let mut terms = Self { schemas, documents, list: Vec::new(), roots: [0, 0], shared: [Vec::new(), Vec::new()] };
        let places: Vec<SchemaNode> =
            (0..2).flat_map(|side| (0..schemas[side].nodes.len()).map(move |node| SchemaNode { side, node })).collect();
        let notes = [terms.notes(0), terms.notes(1)];
        let classes = terms.classes(&places, &notes);
        let class = |place: SchemaNode| classes[&terms.target(place, &notes)];
        let mut list: Vec<Option<Term>> = Vec::new();
        list.resize_with(classes.values().max().map_or(0, |last| last + 1), || None);
        for place in &places {
            let place = terms.target(*place, &notes);
            let slot = &mut list[classes[&place]];
            if slot.is_none() {
                *slot = Some(terms.term(place, &notes[place.side], &class));
            }
        }
        let asked = |place: &SchemaNode| (class(*place), terms.node(*place).place.clone());
        let [narrow, wide] = [0, 1].map(|side| places.iter().filter(|place| place.side == side).map(asked).collect::<Vec<_>>());
        let shared =
            [narrow.iter().map(|one| wide.contains(one)).collect(), wide.iter().map(|one| narrow.contains(one)).collect()];
        terms.roots = [0, 1].map(|side| class(SchemaNode { side, node: 0 }));
        terms.shared = shared;
        terms.list = list.into_iter().flatten().collect();
        terms.spread_unsupported();
        terms
    }

    /// Whether a value is an instance of a term.
    pub fn accepts(&self, term: TermId, value: &Value) -> bool {
        let SchemaNode { side, node } = self.list[term].place;
        self.schemas[side].accepts(node, value)
    }

    /// Whether the other schema asks the same of the same part of an instance.
    pub fn is_shared(&self, side: usize, node: NodeId) -> bool {
        self.shared[side][node]
    }

    fn node(&self, place: SchemaNode) -> &'a Node {
        &self.schemas[place.side].nodes[place.node]
    }

    /// What is not understood of each node of one side.
    fn notes(&self, side: usize) -> Vec<Note> {
        let schema = self.schemas[side];
        let mut notes: Vec<Note> = schema.nodes.iter().map(|_| Note::default()).collect();
        let by_pointer: HashMap<&str, NodeId> =
            schema.nodes.iter().enumerate().map(|(id, node)| (node.pointer.as_str(), id)).collect();
        for uncovered in schema.uncovered.iter().chain(&schema.unbreakable) {
            let pointer = uncovered.pointer.as_str();
            if let Some(node) = by_pointer.get(pointer) {
                notes[*node].unsupported = true;
                continue;
            }
            let (parent, keyword) = pointer.rsplit_once('/').unwrap_or(("", pointer));
            if let Some(node) = by_pointer.get(parent) {
                match self.documents[side].pointer(pointer).and_then(Value::as_str) {
                    Some(name) if keyword == "format" && TYPE_FORMATS.contains(&name) => {}
                    Some(name) if keyword == "format" => notes[*node].uninterpreted.push(name.to_owned()),
                    _ => notes[*node].unsupported = true,
                }
            }
            if let Some(node) = parent.strip_suffix("/patternProperties").and_then(|node| by_pointer.get(node)) {
                notes[*node].unsupported = true;
            }
        }
        notes
    }

    /// The node that a node is only another name for.
    fn target(&self, mut place: SchemaNode, notes: &[Vec<Note>; 2]) -> SchemaNode {
        // A circle of references ends somewhere in it, which is as good as anywhere.
        for _ in 0..64 {
            let node = self.node(place);
            let note = &notes[place.side][place.node];
            let mut children = node.children();
            let only = match (node.reference, node.all_of.as_slice()) {
                (Some(only), []) => only,
                (None, [only]) => *only,
                _ => return place,
            };
            let alone = children.next().is_some() && children.next().is_none();
            if !alone || node.constraints().next().is_some() || note.unsupported || !note.uninterpreted.is_empty() {
                return place;
            }
            place.node = only;
        }
        place
    }

    /// Numbers the nodes so that those which ask the same, all the way down, have the same number: as in the minimisation of an
    /// automaton, all are taken for equal until they turn out to differ.
    fn classes(&self, places: &[SchemaNode], notes: &[Vec<Note>; 2]) -> HashMap<SchemaNode, TermId> {
        let targets: BTreeSet<(usize, NodeId)> =
            places.iter().map(|place| self.target(*place, notes)).map(|place| (place.side, place.node)).collect();
        let places: Vec<SchemaNode> = targets.into_iter().map(|(side, node)| SchemaNode { side, node }).collect();
        let own: Vec<String> = places.iter().map(|place| self.own(*place, &notes[place.side][place.node])).collect();
        let mut classes: HashMap<SchemaNode, TermId> = places.iter().map(|place| (*place, 0)).collect();
        let mut count = 1;
        loop {
            let mut known: HashMap<String, TermId> = HashMap::new();
            let next: HashMap<SchemaNode, TermId> = places
                .iter()
                .zip(&own)
                .map(|(place, own)| {
                    let class = |node: NodeId| classes[&self.target(SchemaNode { node, ..*place }, notes)];
                    // What was told apart stays apart.
                    let signature = format!("{} {own}{}", classes[place], structure(self.node(*place), class));
                    let fresh = known.len();
                    (*place, *known.entry(signature).or_insert(fresh))
                })
                .collect();
            let done = known.len() == count;
            count = known.len();
            classes = next;
            if done {
                return classes;
            }
        }
    }

    /// What a node asks by itself, as text.
    fn own(&self, place: SchemaNode, note: &Note) -> String {
        if note.unsupported {
            return format!("unsupported {place:?}");
        }
        let schema = self.schemas[place.side];
        let node = self.node(place);
        let constraints = node.constraints().map(|id| &schema.constraints[id]).filter(|constraint| !constraint.is_choice());
        let mut parts: Vec<String> = constraints
            .map(|constraint| {
                let value = match constraint.rule {
                    Rule::Required(_) | Rule::AnyOf | Rule::OneOf | Rule::Not | Rule::Contains => None,
                    _ => self.documents[place.side].pointer(&constraint.pointer),
                };
                let DependentOn(when) = DependentOn::of(&constraint.rule);
                format!(
                    "{} {when:?} {:?} {};",
                    constraint.keyword,
                    constraint.item,
                    value.map_or_else(String::new, Value::to_string)
                )
            })
            .chain(note.uninterpreted.iter().map(|name| format!("uninterpreted {name:?};")))
            .collect();
        parts.sort_unstable();
        if node.never.is_some() { "never".to_owned() } else { parts.concat() }
    }

    fn term(&self, place: SchemaNode, notes: &[Note], class: &dyn Fn(SchemaNode) -> TermId) -> Term {
        let node = self.node(place);
        let schema = self.schemas[place.side];
        let child = |node: NodeId| class(SchemaNode { node, ..place });
        let children = |nodes: &[NodeId]| nodes.iter().map(|node| child(*node)).collect::<Vec<_>>();
        let patterns = |node: &Node| node.pattern_properties.iter().map(|(pattern, _)| pattern.clone()).collect::<Vec<_>>();
        let additional = node.additional_properties.map(|others| Others {
            names: node.properties.keys().cloned().collect(),
            patterns: patterns(node),
            term: child(others),
        });
        let evaluated = self.evaluated(place);
        let unevaluated_properties = node.unevaluated_properties.and_then(|others| {
            let seen = evaluated.as_ref()?;
            (!seen.all_properties).then(|| Others {
                names: seen.names.clone(),
                patterns: seen.patterns.clone(),
                term: child(others),
            })
        });
        let unevaluated_items = node.unevaluated_items.and_then(|items| {
            let seen = evaluated.as_ref()?;
            (!seen.all_items).then(|| (seen.items, child(items)))
        });
        let asks_unevaluated = node.unevaluated_properties.is_some() || node.unevaluated_items.is_some();
        let mut uninterpreted = notes[place.node].uninterpreted.clone();
        if asks_unevaluated && evaluated.is_none() {
            let asked = [node.unevaluated_properties, node.unevaluated_items].map(|node| node.map(child));
            uninterpreted.push(format!("unevaluated {asked:?} beside {}", self.annotations(place, class, &mut BTreeSet::new())));
        }
        let rules = node.own.iter().map(|id| &schema.constraints[*id]).filter(|constraint| !constraint.is_choice());
        Term {
            place,
            never: node.never.is_some(),
            unsupported: notes[place.node].unsupported,
            reaches_unsupported: notes[place.node].unsupported || !notes[place.node].uninterpreted.is_empty(),
            rules: rules.map(|constraint| constraint.rule.clone()).collect(),
            uninterpreted,
            all: node.reference.iter().chain(&node.all_of).map(|node| child(*node)).collect(),
            any: node.any_of.as_ref().map(|(_, branches)| children(branches)),
            one: node.one_of.as_ref().map(|(_, branches)| children(branches)),
            not: node.not.map(|(_, inner)| child(inner)),
            condition: node.condition.as_ref().map(|c| (child(c.when), c.then.map(child), c.otherwise.map(child))),
            dependent: node.dependent_schemas.iter().map(|(name, node)| (name.clone(), child(*node))).collect(),
            properties: node.properties.iter().map(|(name, node)| (name.clone(), child(*node))).collect(),
            patterns: node.pattern_properties.iter().map(|(pattern, node)| (pattern.clone(), child(*node))).collect(),
            others: additional.into_iter().chain(unevaluated_properties).collect(),
            names: node.property_names.map(child),
            prefix: children(&node.prefix_items),
            rest: node.items.map(|items| (node.prefix_items.len(), child(items))).into_iter().chain(unevaluated_items).collect(),
            contains: node.contains.as_ref().map(|contains| Contains {
                term: child(contains.node),
                min: contains.min.map(|(_, min)| min),
                max: contains.max.map(|(_, max)| max),
            }),
        }
    }

    /// What the node evaluates of every object and array that it allows; none where that depends on the instance.
    fn evaluated(&self, place: SchemaNode) -> Option<Evaluated> {
        let mut all = Evaluated::default();
        let mut open = vec![place.node];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = self.node(SchemaNode { node: id, ..place });
            let depends = node.any_of.is_some()
                || node.one_of.is_some()
                || node.condition.is_some()
                || node.contains.is_some()
                || !node.dependent_schemas.is_empty();
            if depends {
                return None;
            }
            let inner = id != place.node;
            all.names.extend(node.properties.keys().cloned());
            all.patterns.extend(node.pattern_properties.iter().map(|(pattern, _)| pattern.clone()));
            all.all_properties |= node.additional_properties.is_some() || (inner && node.unevaluated_properties.is_some());
            all.items = all.items.max(node.prefix_items.len());
            all.all_items |= node.items.is_some() || (inner && node.unevaluated_items.is_some());
            open.extend(node.reference.iter().chain(&node.all_of));
        }
        Some(all)
    }

    /// All that decides what a node evaluates of an instance that is valid, as text. What is asked of every such instance matters
    /// only by what it evaluates; what may fail matters as a whole.
    fn annotations(&self, place: SchemaNode, class_of: &dyn Fn(SchemaNode) -> TermId, seen: &mut BTreeSet<NodeId>) -> String {
        if !seen.insert(place.node) {
            return String::new();
        }
        let node = self.node(place);
        let class = |node: NodeId| class_of(SchemaNode { node, ..place });
        let branches = |branches: &Option<(ConstraintId, Vec<NodeId>)>| {
            branches.as_ref().map(|(_, branches)| branches.iter().map(|node| class(*node)).collect::<Vec<_>>())
        };
        let one = |node: Option<NodeId>| node.map(&class);
        let names = node.properties.keys().collect::<BTreeSet<_>>();
        let patterns: Vec<&str> = node.pattern_properties.iter().map(|(pattern, _)| pattern.source()).collect();
        let condition = node.condition.as_ref().map(|c| (class(c.when), one(c.then), one(c.otherwise)));
        let dependent: Vec<_> = node.dependent_schemas.iter().map(|(name, node)| (name, class(*node))).collect();
        let properties = (names, patterns, node.additional_properties.is_some(), node.unevaluated_properties.is_some());
        let contains = node.contains.as_ref().map(|contains| class(contains.node));
        let items = (node.prefix_items.len(), node.items.is_some(), node.unevaluated_items.is_some(), contains);
        let choices = (branches(&node.any_of), branches(&node.one_of), condition, dependent);
        let mut text = format!("{properties:?} {items:?} {choices:?}");
        for node in node.reference.iter().chain(&node.all_of) {
            text += &format!(" [{}]", self.annotations(SchemaNode { node: *node, ..place }, class_of, seen));
        }
        text
    }

    fn spread_unsupported(&mut self) {
        loop {
            let reaches_unsupported: Vec<TermId> = (0..self.list.len())
                .filter(|id| {
                    !self.list[*id].reaches_unsupported
                        && self.list[*id].children().any(|child| self.list[child].reaches_unsupported)
                })
                .collect();
            if reaches_unsupported.is_empty() {
                return;
            }
            reaches_unsupported.into_iter().for_each(|id| self.list[id].reaches_unsupported = true);
        }
    }
}

impl Term {
    fn children(&self) -> impl Iterator<Item = TermId> {
        let condition = self.condition.iter().flat_map(|(when, then, otherwise)| [Some(*when), *then, *otherwise]).flatten();
        [self.not, self.names, self.contains.map(|contains| contains.term)]
            .into_iter()
            .flatten()
            .chain(condition)
            .chain(self.all.iter().copied())
            .chain(self.any.iter().chain(&self.one).flatten().copied())
            .chain(self.dependent.iter().chain(&self.properties).map(|(_, term)| *term))
            .chain(self.patterns.iter().map(|(_, term)| *term))
            .chain(self.others.iter().map(|others| others.term))
            .chain(self.prefix.iter().copied())
            .chain(self.rest.iter().map(|(_, term)| *term))
    }

    pub fn has_object_rules(&self) -> bool {
        !self.properties.is_empty() || !self.patterns.is_empty() || !self.others.is_empty() || self.names.is_some()
    }

    pub fn has_array_rules(&self) -> bool {
        !self.prefix.is_empty() || !self.rest.is_empty()
    }
}

/// What is not understood of a node.
#[derive(Default)]
struct Note {
    unsupported: bool,
    uninterpreted: Vec<String>,
}

/// What is evaluated in place (JSON Schema 2020-12, core, section 11).
#[derive(Default)]
struct Evaluated {
    names: Vec<String>,
    patterns: Vec<Pattern>,
    all_properties: bool,
    items: usize,
    all_items: bool,
}

/// The property on which a rule depends.
struct DependentOn<'a>(Option<&'a str>);

impl<'a> DependentOn<'a> {
    fn of(rule: &'a Rule) -> Self {
        match rule {
            Rule::DependentRequired { when, .. } => Self(Some(when)),
            _ => Self(None),
        }
    }
}

/// How a node is put together of others, as text; where the order means nothing, it is sorted.
fn structure(node: &Node, class: impl Fn(NodeId) -> TermId) -> String {
    let mut text = String::new();
    let sorted = |nodes: &[NodeId]| {
        let mut all: Vec<TermId> = nodes.iter().map(|node| class(*node)).collect();
        all.sort_unstable();
        all
    };
    let one = |node: Option<NodeId>| node.map(&class);
    let named = |pairs: &mut dyn Iterator<Item = (String, NodeId)>| {
        let mut all: Vec<(String, TermId)> = pairs.map(|(name, node)| (name, class(node))).collect();
        all.sort_unstable();
        all
    };
    let in_place: Vec<NodeId> = node.reference.iter().chain(&node.all_of).copied().collect();
    let _ = write!(
        text,
        "all {:?} any {:?} one {:?} not {:?} ",
        sorted(&in_place),
        node.any_of.as_ref().map(|(_, branches)| sorted(branches)),
        node.one_of.as_ref().map(|(_, branches)| sorted(branches)),
        one(node.not.map(|(_, inner)| inner)),
    );
    if let Some(condition) = &node.condition {
        let _ = write!(text, "if {} {:?} {:?} ", class(condition.when), one(condition.then), one(condition.otherwise));
    }
    if let Some(contains) = &node.contains {
        let _ =
            write!(text, "contains {} {:?} {:?} ", class(contains.node), contains.min.map(|m| m.1), contains.max.map(|m| m.1));
    }
    let _ = write!(
        text,
        "dependent {:?} properties {:?} patterns {:?} others {:?} names {:?} prefix {:?} items {:?} unevaluated {:?} {:?}",
        named(&mut node.dependent_schemas.iter().cloned()),
        named(&mut node.properties.iter().map(|(name, node)| (name.clone(), *node))),
        named(&mut node.pattern_properties.iter().map(|(pattern, node)| (pattern.source().to_owned(), *node))),
        one(node.additional_properties),
        one(node.property_names),
        node.prefix_items.iter().map(|node| class(*node)).collect::<Vec<_>>(),
        one(node.items),
        one(node.unevaluated_properties),
        one(node.unevaluated_items),
    );
    text
}
