//! Objects and arrays: which properties and items there are, and which of them carries an aim.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    rc::Rc,
};

use proptest::prelude::RngExt;
use serde_json::{Map, Value};

use super::{Aim, Generator, Richness, Shape, Wish};
use crate::schema::{NodeId, equal};

/// How many items or properties beyond the least are added freely.
const FREE: usize = 3;
/// How often a further item is made until it differs from the others.
const UNIQUE_TRIES: usize = 20;
/// Sizes beyond this are not generated: a bound of a million items is not worth a request.
const MAX_SIZE: usize = 5_000;

/// Names for properties that no schema names.
pub(crate) const NAMES: [&str; 12] =
    ["a", "b", "extra", "name2", "x-1", "key", "ключ", "名", "with space", "dotted.name", "UPPER", "_"];

/// A property that leads to an aim.
#[derive(Clone)]
struct Carrier {
    name: String,
    /// Whether the aim is met by the name itself and not by the value.
    in_name: bool,
    /// Whether there is no other.
    is_only: bool,
}

impl<'a> Generator<'a> {
    pub(super) fn object(&mut self, shape: &mut Shape) -> Option<Value> {
        let mut names: BTreeSet<String> = shape.required.clone();
        let mut carried: BTreeMap<String, Vec<Aim>> = BTreeMap::new();
        let mut chosen = false;
        for aim in std::mem::take(&mut shape.aims) {
            // Aims at what applies to one property go to the same one.
            let together: Vec<String> = carried.keys().filter(|name| self.leads_to(name, &aim, shape)).cloned().collect();
            let Carrier { name, in_name, is_only } = match self.pick(&together).cloned() {
                Some(name) => Carrier { name, in_name: false, is_only: together.len() == 1 },
                None => self.carrier(&aim, shape)?,
            };
            chosen |= !is_only;
            names.insert(name.clone());
            if !in_name {
                carried.entry(name).or_default().push(aim);
            }
        }
        let wished = match shape.wish {
            Some(Wish::Size(size)) => Some(size),
            _ => None,
        };
        let (mut least, mut most) = (shape.min_properties, shape.max_properties.unwrap_or(usize::MAX));
        if let Some(size) = wished {
            (least, most) = (size, size);
        }
        if least > MAX_SIZE || shape.required.iter().any(|name| shape.forbidden.contains(name)) {
            self.futile = true;
            return None;
        }
        let mut optional: Vec<&str> = self.declared(shape).iter().copied().filter(|name| !names.contains(*name)).collect();
        optional.retain(|name| !shape.forbidden.contains(*name));
        self.shuffle(&mut optional);
        let mut spare = Vec::new();
        for name in optional {
            if names.len() < most && self.present() {
                names.insert(name.to_owned());
            } else {
                spare.push(name)
            }
        }
        self.close(&mut names, shape);
        while names.len() < least
            && let Some(name) = spare.pop()
        {
            names.insert(name.to_owned());
            self.close(&mut names, shape);
        }
        let free = if wished.is_some() || self.richness == Richness::Sparse { 0 } else { self.rng.random_range(0..FREE) };
        let goal = least.max(names.len().saturating_add(free).min(most));
        let mut tries = if self.is_closed(shape) { usize::MAX } else { 0 };
        while names.len() < goal && tries < 4 * goal + 8 {
            tries += 1;
            if let Some(name) = self.fresh_name(shape, tries)
                && !shape.forbidden.contains(&name)
            {
                names.insert(name);
                self.close(&mut names, shape);
            }
        }
        if names.iter().any(|name| shape.forbidden.contains(name)) {
            self.futile = false;
            return None;
        }
        let mut object = Map::new();
        // In the order of the document, so that a request reads like its example.
        let declared = self.declared(shape);
        let known: HashSet<&str> = declared.iter().copied().collect();
        let mut ordered: Vec<String> =
            declared.iter().filter(|name| names.contains(**name)).map(|name| (*name).to_owned()).collect();
        ordered.extend(names.iter().filter(|name| !known.contains(name.as_str())).cloned());
        for name in ordered {
            let nodes = self.nodes_for(&name, shape);
            let aims = carried.remove(&name).unwrap_or_default();
            let optional = aims.is_empty() && !shape.required.contains(&name);
            match self.value(&nodes, &aims) {
                Some(value) => drop(object.insert(name, value)),
                None if optional && object.len() >= least => {}
                None => {
                    self.futile &= !optional && !chosen;
                    return None;
                }
            }
        }
        Some(Value::Object(object))
    }

    fn leads_to(&self, name: &str, aim: &Aim, shape: &Shape) -> bool {
        self.nodes_for(name, shape).iter().any(|node| self.leads(*node, aim))
    }

    /// The properties that some schema here names, in its order.
    fn declared(&self, shape: &Shape) -> Rc<[&'a str]> {
        if let Some(names) = self.declared.borrow().get(&shape.nodes) {
            self.step(names.len() as u64 / 4);
            return Rc::clone(names);
        }
        let schema = self.schema;
        let mut seen = HashSet::new();
        let named = shape.nodes.iter().flat_map(|node| &schema.nodes[*node].properties);
        let sent = named.filter(|(_, child)| schema.nodes[**child].never.is_none() && !schema.nodes[**child].read_only);
        let names: Rc<[&str]> = sent.map(|(name, _)| name.as_str()).filter(|name| seen.insert(*name)).collect();
        self.step(names.len() as u64 / 4);
        self.declared.borrow_mut().insert(shape.nodes.clone(), Rc::clone(&names));
        names
    }

    /// Adds what `dependentRequired` asks for.
    fn close(&self, names: &mut BTreeSet<String>, shape: &Shape) {
        loop {
            let missing: Vec<String> = shape
                .dependent
                .iter()
                .filter(|(when, then)| names.contains(when) && !names.contains(then))
                .map(|(_, then)| then.clone())
                .collect();
            if missing.is_empty() {
                return;
            }
            names.extend(missing);
        }
    }

    /// The schemas that apply to the property of this name.
    fn nodes_for(&self, name: &str, shape: &Shape) -> Vec<NodeId> {
        let mut all = Vec::new();
        for node in &shape.nodes {
            let node = &self.schema.nodes[*node];
            let before = all.len();
            all.extend(node.properties.get(name));
            all.extend(node.pattern_properties.iter().filter(|(pattern, _)| pattern.is_match(name)).map(|(_, child)| *child));
            if all.len() == before {
                all.extend(node.additional_properties);
            }
        }
        if all.is_empty() {
            all.extend(shape.nodes.iter().filter_map(|node| self.schema.nodes[*node].unevaluated_properties));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// A property that leads to the aim.
    fn carrier(&mut self, aim: &Aim, shape: &Shape) -> Option<Carrier> {
        let mut ways: Vec<Carrier> = Vec::new();
        let mut straight: Vec<Carrier> = Vec::new();
        let in_value = |name: &String| Carrier { name: name.clone(), in_name: false, is_only: false };
        for id in &shape.nodes {
            let node = &self.schema.nodes[*id];
            for (name, child) in &node.properties {
                let sent = !self.schema.nodes[*child].read_only && !shape.forbidden.contains(name);
                if sent && self.leads(*child, aim) {
                    ways.push(in_value(name));
                    if self.is_at(*child, aim) {
                        straight.push(in_value(name));
                    }
                }
            }
        }
        let is_only = ways.iter().all(|way| way.name == ways[0].name) && !self.has_further(aim, shape);
        // In a recursive schema the short way makes the smaller instance.
        if !straight.is_empty() && self.rng.random_ratio(3, 4) {
            return self.pick(&straight).cloned().map(|way| Carrier { is_only, ..way });
        }
        for id in shape.nodes.clone() {
            let node = &self.schema.nodes[id];
            for (pattern, child) in &node.pattern_properties {
                if self.leads(*child, aim) {
                    let pattern = pattern.clone();
                    ways.extend(pattern.random(&mut self.rng, 0, None).iter().map(in_value));
                }
            }
            let further = [node.additional_properties, node.unevaluated_properties];
            if further.into_iter().flatten().any(|child| self.leads(child, aim)) {
                let fresh = match &aim.wish {
                    Some(Wish::Name(name, _)) => Some(name.clone()),
                    Some(Wish::Null(name)) => Some((*name).to_owned()),
                    _ => self.unnamed(shape),
                };
                ways.extend(fresh.filter(|name| !self.declared(shape).contains(&name.as_str())).iter().map(in_value));
            }
            if let Some(names) = node.property_names
                && self.leads(names, aim)
                && let Some(Value::String(name)) = self.value(&[names], std::slice::from_ref(aim))
            {
                ways.push(Carrier { name, in_name: true, is_only: false });
            }
        }
        self.futile = false;
        self.pick(&ways).cloned().map(|way| Carrier { is_only, ..way })
    }

    /// Whether a property that no schema here names can lead to the aim.
    fn has_further(&self, aim: &Aim, shape: &Shape) -> bool {
        shape.nodes.iter().any(|id| {
            let node = &self.schema.nodes[*id];
            let unnamed = [node.additional_properties, node.unevaluated_properties, node.property_names];
            let matching = node.pattern_properties.iter().map(|(_, child)| *child);
            unnamed.into_iter().flatten().chain(matching).any(|child| self.leads(child, aim))
        })
    }

    /// Whether some schema here allows no property that it does not name.
    fn is_closed(&self, shape: &Shape) -> bool {
        shape.nodes.iter().any(|id| {
            let node = &self.schema.nodes[*id];
            let further = node.additional_properties.filter(|_| node.pattern_properties.is_empty());
            further.is_some_and(|further| self.schema.nodes[further].never.is_some())
        })
    }

    /// A name for a further property that the schemas allow.
    fn fresh_name(&mut self, shape: &Shape, attempt: usize) -> Option<String> {
        let nodes = shape.nodes.clone();
        let patterns: Vec<_> = nodes
            .iter()
            .flat_map(|node| &self.schema.nodes[*node].pattern_properties)
            .map(|(pattern, _)| pattern.clone())
            .collect();
        let named: Vec<NodeId> = nodes.iter().filter_map(|node| self.schema.nodes[*node].property_names).collect();
        let name = if !named.is_empty() {
            match self.value(&named, &[])? {
                Value::String(name) => name,
                _ => return None,
            }
        } else if !patterns.is_empty() && self.rng.random_ratio(2, 3) {
            self.pick(&patterns)?.clone().random(&mut self.rng, 0, None)?
        } else {
            match self.unnamed(shape)? {
                name if attempt > NAMES.len() => format!("{name}{attempt}"),
                name => name,
            }
        };
        let children = self.nodes_for(&name, shape);
        children.iter().all(|child| self.schema.nodes[*child].never.is_none()).then_some(name)
    }

    /// A name that no schema here names.
    fn unnamed(&mut self, shape: &Shape) -> Option<String> {
        let named: Vec<NodeId> = shape.nodes.iter().filter_map(|node| self.schema.nodes[*node].property_names).collect();
        if !named.is_empty() {
            return match self.value(&named, &[])? {
                Value::String(name) => Some(name),
                _ => None,
            };
        }
        let declared = self.declared(shape);
        let free: Vec<&str> = NAMES.into_iter().filter(|name| !declared.contains(name)).collect();
        self.pick(&free).map(|name| (*name).to_owned())
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for index in (1..all.len()).rev() {
            let other = self.rng.random_range(0..=index);
            all.swap(index, other);
        }
    }

    pub(super) fn array(&mut self, shape: &mut Shape) -> Option<Value> {
        let aims = std::mem::take(&mut shape.aims);
        let nodes: Vec<NodeId> = shape.nodes.clone();
        // Which positions lead to which aim; `None` is any position after the prefix.
        let mut carried: Vec<(usize, Aim, Option<NodeId>)> = Vec::new();
        let mut chosen = !shape.contains.is_empty();
        let mut needed = 0;
        let prefix = nodes.iter().map(|node| self.schema.nodes[*node].prefix_items.len()).max().unwrap_or_default();
        for aim in aims {
            let mut ways: Vec<(usize, Option<NodeId>)> = Vec::new();
            for id in &nodes {
                let node = &self.schema.nodes[*id];
                for (index, child) in node.prefix_items.iter().enumerate() {
                    if self.leads(*child, &aim) {
                        ways.push((index, None));
                    }
                }
                for (further, from) in [(node.items, node.prefix_items.len()), (node.unevaluated_items, prefix)] {
                    if further.is_some_and(|child| self.leads(child, &aim)) {
                        ways.extend([(from, None), (from + self.rng.random_range(0..2), None)]);
                    }
                }
                if let Some(contains) = &node.contains
                    && self.leads(contains.node, &aim)
                {
                    ways.push((self.rng.random_range(0..2), Some(contains.node)));
                }
            }
            chosen |= !ways.iter().all(|(index, contained)| *index >= prefix && contained.is_none());
            let (index, contained) = self.pick(&ways).copied()?;
            needed = needed.max(index + 1);
            carried.push((index, aim, contained));
        }
        let wanted: usize = shape.contains.iter().map(|(_, min, _)| *min).sum();
        let most = shape.max_items.unwrap_or(usize::MAX);
        // What carries an aim does not match besides, where there is room for others.
        let apart: BTreeSet<usize> = carried.iter().filter(|(.., contained)| contained.is_none()).map(|(at, ..)| *at).collect();
        let room = if wanted == 0 { 0 } else { (wanted + apart.len()).min(most.max(wanted)) };
        let least = shape.min_items.max(needed).max(room);
        let size = match shape.wish {
            Some(Wish::Size(size)) if shape.contains.is_empty() || size >= wanted => size,
            _ => {
                let free = match self.richness {
                    Richness::Sparse => 0,
                    Richness::Full => self.rng.random_range(1..=FREE),
                    Richness::Random => self.rng.random_range(0..=FREE),
                };
                least.saturating_add(if self.present() || self.richness == Richness::Random { free } else { 0 }).min(most)
            }
        };
        if size < needed || size > MAX_SIZE {
            return None;
        }
        let size = self.bounded_by_prefix(size, least, shape);
        let matching = self.matching_positions(size, &carried, shape);
        let mut items: Vec<Value> = Vec::new();
        for index in 0..size {
            let mut applied: Vec<NodeId> = Vec::new();
            for id in &nodes {
                let node = &self.schema.nodes[*id];
                let own = node.prefix_items.get(index).copied().or(node.items);
                applied.extend(own);
            }
            if applied.is_empty() && !matching.iter().any(|(position, ..)| *position == index) {
                applied.extend(nodes.iter().filter_map(|node| self.schema.nodes[*node].unevaluated_items));
            }
            let mut aims: Vec<Aim> = Vec::new();
            for (at, aim, contained) in &carried {
                if *at == index {
                    aims.push(aim.clone());
                    applied.extend(*contained);
                }
            }
            let must: Vec<NodeId> =
                matching.iter().filter(|(position, _, wanted)| *position == index && *wanted).map(|(_, node, _)| *node).collect();
            let must_not: Vec<NodeId> = matching
                .iter()
                .filter(|(position, _, wanted)| *position == index && !*wanted)
                .map(|(_, node, _)| *node)
                .collect();
            applied.extend(must);
            if applied.is_empty() && aims.is_empty() && self.coin() {
                // Nothing is said about the items: one that a careless server takes for the value itself.
                items.push(Value::String(format!("item {index}")));
                continue;
            }
            applied.sort_unstable();
            applied.dedup();
            let Some(item) = self.item(&applied, &aims, &must_not, if shape.unique { &items } else { &[] }) else {
                self.futile &= !chosen && (!aims.is_empty() || index < least);
                return None;
            };
            items.push(item);
        }
        if shape.duplicate && items.len() >= 2 {
            let last = items.len() - 1;
            items[last] = items[0].clone();
        }
        // Where nothing forbids equal items there are some: a careless server may forbid them.
        let like_the_last = prefix + 1 < items.len() + usize::from(shape.wish.is_none());
        if !shape.unique && carried.is_empty() && shape.contains.is_empty() && like_the_last && !items.is_empty() {
            let last = items.len() - 1;
            match shape.wish {
                Some(Wish::Size(size)) if size == most && last > 0 => items[last] = items[last - 1].clone(),
                None if self.richness == Richness::Full && items.len() < most => items.push(items[last].clone()),
                _ => {}
            }
        }
        Some(Value::Array(items))
    }

    /// `items: false` after a prefix, or `unevaluatedItems: false`, leaves no room for more.
    fn bounded_by_prefix(&self, size: usize, least: usize, shape: &Shape) -> usize {
        if matches!(shape.wish, Some(Wish::Size(_))) {
            return size;
        }
        let closed = shape.nodes.iter().filter_map(|id| {
            let node = &self.schema.nodes[*id];
            let closing = node.items.or(node.unevaluated_items)?;
            self.schema.nodes[closing].never.map(|_| node.prefix_items.len())
        });
        match closed.min() {
            Some(room) => size.min(room.max(least)),
            None => size,
        }
    }

    /// For each position the `contains` schemas that it must match, and those that it must not.
    fn matching_positions(
        &mut self,
        size: usize,
        carried: &[(usize, Aim, Option<NodeId>)],
        shape: &Shape,
    ) -> Vec<(usize, NodeId, bool)> {
        let mut all = Vec::new();
        for (node, min, max) in &shape.contains {
            let mut positions: Vec<usize> = (0..size).collect();
            self.shuffle(&mut positions);
            positions.sort_by_key(|position| carried.iter().any(|(at, ..)| at == position));
            positions.retain(|position| !carried.iter().any(|(at, _, contained)| at == position && *contained == Some(*node)));
            for (count, position) in positions.into_iter().enumerate() {
                if count < *min {
                    all.push((position, *node, true));
                } else if max.is_some() {
                    all.push((position, *node, false));
                }
            }
        }
        all
    }

    fn item(&mut self, nodes: &[NodeId], aims: &[Aim], must_not: &[NodeId], others: &[Value]) -> Option<Value> {
        for _ in 0..UNIQUE_TRIES {
            let value = self.value(nodes, aims)?;
            self.step(others.len() as u64 / 8);
            let fits = !others.iter().any(|other| equal(other, &value))
                && must_not.iter().all(|node| self.judged(*node, &value) == Some(false));
            if fits {
                return Some(value);
            }
        }
        self.futile = false;
        None
    }
}
