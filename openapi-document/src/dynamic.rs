//! `$dynamicRef` (JSON Schema 2020-12, core, section 8.2.3.2) as `$ref`. A dynamic reference leads to the outermost schema on the way to
//! it that has its anchor. Where several have it, what lies on the way is copied, once for each of the anchors' targets that count there: a
//! page of users and a page of orders become two schemas.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::{
    bundle::insert,
    error::DefectKind,
    files::Finding,
    model::{Kind, Shape, reference, visit, visit_mut},
    node::{Content, Copies, Node},
    pointer::{escape, from_reference, segments, to_reference, unescape},
};

const SCHEMA: Shape = Shape::One(Kind::Schema);
/// How many copies there may be: with each anchor on the way there may be twice as many.
const MAX_COPIES: usize = 2_000;
const SECTION: &str = "/components/schemas";

/// Makes each `$dynamicRef` a `$ref`. One whose anchor no schema on the way has stays, and is a finding. `identified` are the pointers of
/// the schemas that had an `$id`.
pub(crate) fn resolve(root: &mut Node, identified: HashSet<String>, copies: &mut Copies, findings: &mut Vec<Finding>) {
    let original = root.clone();
    let mut ways = Ways::of(&original, identified, copies, findings);
    ways.walk(root, Shape::One(Kind::Document), &mut String::new(), &Scope::new());
    while let Some((target, scope, place)) = ways.queue.pop().filter(|_| !ways.copies.exhausted) {
        let mut copy = original.pointer(&target).map(|node| ways.copies.of(node)).unwrap_or_default();
        ways.walk(&mut copy, SCHEMA, &mut target.clone(), &scope);
        insert(root, &segments(&place), copy);
    }
    let kept = ways.kept;
    visit_mut(root, Shape::One(Kind::Document), &mut |node, shape| {
        if let (SCHEMA, Some(object)) = (shape, node.as_object_mut())
            && object.get("$dynamicAnchor").and_then(Node::as_str).is_some_and(|name| !kept.contains(name))
        {
            object.shift_remove("$dynamicAnchor");
        }
    });
}

/// What dynamic references lead to at one place, as pointers by the names of their anchors.
type Scope = BTreeMap<String, String>;

struct Ways<'n, 'f> {
    findings: &'f mut Vec<Finding>,
    copies: &'f mut Copies,
    /// The schemas that had an `$id`.
    identified: HashSet<String>,
    /// The schemas with an anchor, as pointers by its name, and by the pointer of the resource that they are in.
    by_name: HashMap<String, Vec<String>>,
    by_resource: HashMap<String, Scope>,
    /// The anchors that a schema which is referred to asks for, itself or through others.
    asked: HashMap<String, BTreeSet<String>>,
    /// Where the copy of a schema for a scope is.
    placed: HashMap<(String, Scope), String>,
    /// Copies to be made: of what, for which scope, and where.
    queue: Vec<(String, Scope, String)>,
    names: HashSet<String>,
    /// The names of the references that stay dynamic.
    kept: HashSet<String>,
    original: &'n Node,
}

impl<'n, 'f> Ways<'n, 'f> {
    fn of(original: &'n Node, identified: HashSet<String>, copies: &'f mut Copies, findings: &'f mut Vec<Finding>) -> Self {
        let (mut anchors, mut targets) = (Vec::new(), BTreeSet::new());
        visit(original, Shape::One(Kind::Document), &mut String::new(), &mut |node, shape, pointer| {
            if shape != SCHEMA {
                return;
            }
            if let Some(name) = node.text("$dynamicAnchor") {
                anchors.push((name.to_owned(), pointer.to_owned()));
            }
            targets.extend(references(node));
        });
        let mut ways = Self {
            findings,
            copies,
            identified,
            by_name: HashMap::new(),
            by_resource: HashMap::new(),
            asked: HashMap::new(),
            placed: HashMap::new(),
            queue: Vec::new(),
            names: original.pointer(SECTION).and_then(Node::as_object).into_iter().flat_map(|all| all.keys().cloned()).collect(),
            kept: HashSet::new(),
            original,
        };
        for (name, pointer) in anchors {
            let resource = ways.resource(&pointer).to_owned();
            ways.by_resource.entry(resource).or_default().entry(name.clone()).or_insert_with(|| pointer.clone());
            ways.by_name.entry(name).or_default().push(pointer.clone());
            targets.insert(pointer);
        }
        ways.asked = ways.asked_by(&targets);
        ways
    }

    /// The anchors that each of these schemas asks for.
    fn asked_by(&self, targets: &BTreeSet<String>) -> HashMap<String, BTreeSet<String>> {
        let mut asked: HashMap<String, BTreeSet<String>> = HashMap::new();
        let mut leads_to: HashMap<&str, BTreeSet<String>> = HashMap::new();
        for target in targets {
            let (own, next) = (asked.entry(target.clone()).or_default(), leads_to.entry(target).or_default());
            let Some(node) = self.original.pointer(target) else { continue };
            visit(node, SCHEMA, &mut String::new(), &mut |node, shape, _| {
                if shape != SCHEMA {
                    return;
                }
                next.extend(references(node));
                if let Some(name) = node.text("$dynamicRef").and_then(anchor) {
                    own.insert(name.to_owned());
                    next.extend(self.by_name.get(name).into_iter().flatten().cloned());
                }
            });
        }
        loop {
            let mut has_grown = false;
            for (target, next) in &leads_to {
                let more: BTreeSet<String> = next.iter().filter_map(|next| asked.get(next)).flatten().cloned().collect();
                let own = asked.entry((*target).to_owned()).or_default();
                let before = own.len();
                own.extend(more);
                has_grown |= own.len() > before;
            }
            if !has_grown {
                return asked;
            }
        }
    }

    /// The schemas around a place that have an `$id`, and the outermost one, such as a component, that first: what has no `$id` is one of
    /// its own, since authors who leave it out mean that.
    fn resources<'p>(&self, pointer: &'p str) -> impl Iterator<Item = &'p str> {
        let (mut shape, mut end, mut is_within) = (Some(Shape::One(Kind::Document)), 0, false);
        pointer.split('/').skip(1).filter_map(move |segment| {
            end += 1 + segment.len();
            shape = shape.and_then(|shape| shape.step(&unescape(segment)));
            let here = &pointer[..end];
            let is_resource = self.identified.contains(here) || (shape == Some(SCHEMA) && !is_within);
            is_within |= is_resource;
            is_resource.then_some(here)
        })
    }

    /// The innermost of them.
    fn resource<'p>(&self, pointer: &'p str) -> &'p str {
        self.resources(pointer).last().unwrap_or(pointer)
    }

    /// The scope inside of a resource.
    fn enter(&self, scope: &Scope, resource: &str) -> Scope {
        let mut inner = scope.clone();
        for (name, pointer) in self.by_resource.get(resource).into_iter().flatten() {
            inner.entry(name.clone()).or_insert_with(|| pointer.clone());
        }
        inner
    }

    /// Resolves what is in and below a node; `pointer` is where the original of it stands.
    fn walk(&mut self, node: &mut Node, shape: Shape, pointer: &mut String, scope: &Scope) {
        let entered = (shape == SCHEMA && self.resource(pointer) == pointer).then(|| self.enter(scope, pointer));
        let scope = entered.as_ref().unwrap_or(scope);
        if shape == SCHEMA {
            self.schema(node, scope);
        }
        for (name, child, shape) in shape.children_mut(node) {
            let before = name.push(pointer);
            self.walk(child, shape, pointer, scope);
            pointer.truncate(before);
        }
    }

    fn schema(&mut self, node: &mut Node, scope: &Scope) {
        if let Some(target) = reference(node).and_then(from_reference) {
            let place = self.place(&target, scope);
            if place != target
                && let Some(written) = node.step_mut("$ref")
            {
                written.content = Content::String(to_reference(&place));
            }
        }
        let Some(object) = node.as_object_mut() else { return };
        let Some(written) = object.get("$dynamicRef") else { return };
        let (at, text) = (written.at, written.as_str().unwrap_or_default().to_owned());
        let target = match anchor(&text) {
            None => from_reference(&text),
            Some(name) => match (self.by_name.get(name).map(Vec::as_slice), scope.get(name)) {
                (Some([only]), _) => Some(only.clone()),
                (_, target) => target.cloned(),
            },
        };
        let Some(target) = target else {
            let name = anchor(&text).unwrap_or_default();
            let message = match self.by_name.get(name) {
                Some(_) => {
                    format!("`$dynamicRef` {text:?} has several targets, and no schema on the way that leads here has one")
                }
                None => format!("no schema has the `$dynamicAnchor` {name:?}"),
            };
            self.kept.insert(name.to_owned());
            // Each copy has it, too.
            if self.findings.iter().all(|known| known.at != at) {
                self.findings.push(Finding { kind: DefectKind::DynamicReference, at, message });
            }
            return;
        };
        let place = self.place(&target, scope);
        object.shift_remove("$dynamicRef");
        let target = Node::new(at, Content::String(to_reference(&place)));
        if object.contains_key("$ref") {
            let all = object.entry("allOf".to_owned()).or_insert_with(|| Node::array(at, Vec::new()));
            if let Content::Array(all) = &mut all.content {
                all.push(Node::object(at, [("$ref", target)]));
            }
        } else {
            object.insert("$ref".to_owned(), target);
        }
    }

    /// Where a schema is as it is in a scope: itself, where the way to it changes nothing, or a copy.
    fn place(&mut self, target: &str, scope: &Scope) -> String {
        let Some(asked) = self.asked.get(target).filter(|asked| !asked.is_empty()) else { return target.to_owned() };
        let narrowed = |scope: Scope| -> Scope {
            let counts = |(name, _): &(String, String)| asked.contains(name) && self.by_name[name].len() > 1;
            scope.into_iter().filter(counts).collect()
        };
        let wanted = narrowed(self.enter(scope, self.resource(target)));
        // Where it stands the resources around it have been entered before.
        let around = self.resources(target).fold(Scope::new(), |scope, resource| self.enter(&scope, resource));
        let own = narrowed(around);
        if own == wanted {
            return target.to_owned();
        }
        let key = (target.to_owned(), wanted);
        if let Some(place) = self.placed.get(&key) {
            return place.clone();
        }
        if self.placed.len() == MAX_COPIES {
            self.copies.exhausted = true;
            return key.0;
        }
        let last = segments(target).pop().unwrap_or_default();
        let mut numbered = (2..).map(|number| format!("{last}-{number}"));
        let name = numbered.find(|name| !self.names.contains(name)).unwrap_or(last);
        let place = format!("{SECTION}/{}", escape(&name));
        self.names.insert(name);
        self.queue.push((key.0.clone(), key.1.clone(), place.clone()));
        self.placed.insert(key, place.clone());
        place
    }
}

/// What a schema refers to by pointers.
fn references(schema: &Node) -> impl Iterator<Item = String> {
    [reference(schema), schema.text("$dynamicRef")].into_iter().flatten().filter_map(from_reference)
}

/// The name of the anchor that a dynamic reference leads to; none where it is a pointer.
fn anchor(reference: &str) -> Option<&str> {
    let name = reference.rsplit_once('#').map_or(reference, |(_, name)| name);
    (!name.is_empty() && !name.starts_with('/')).then_some(name)
}
