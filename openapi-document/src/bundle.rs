//! Many files to one document. The walk goes over the objects of the model only. What stands in another file is copied once, and
//! every reference becomes the pointer of where it is in the result.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::{
    error::{DefectKind, LimitOf, LoadError},
    files::{Base, Dialect, Files, Finding, MAX_HOPS, Target, Trouble},
    model::{ChildName, Kind, Shape, reference},
    node::{Content, Copies, Node, Object},
    pointer::{escape, join, segments, to_reference},
    upgrade_30,
};

pub(crate) struct Bundler<'f, 'l> {
    pub files: &'f mut Files<'l>,
    /// Whether references that lead nowhere are defects, not errors.
    pub keep_unresolved: bool,
    pub copies: &'f mut Copies,
    pub max_depth: usize,
    dialect: Dialect,
    /// Where nodes of other files are in the result, and as what.
    placed: HashMap<Target, Vec<(Shape, String)>>,
    /// Names in the sections of the result.
    names: HashMap<&'static str, HashSet<String>>,
    queue: VecDeque<Job>,
    queued: HashSet<String>,
    identified: HashSet<String>,
    /// What is being copied in place, one within another.
    inlining: Vec<Target>,
    depth: usize,
}

/// The result.
pub(crate) struct Bundle {
    pub root: Node,
    /// The pointers of the schemas that had an `$id`.
    pub identified: HashSet<String>,
}

/// What is still to be walked.
enum Job {
    /// A node of another file, to be put at a pointer.
    Copy { target: Target, kind: Kind, pointer: String },
    /// A node of the result that is not where the model has such objects.
    Elsewhere { pointer: String, kind: Kind },
}

/// The first file.
const ROOT: u32 = 0;

impl<'f, 'l> Bundler<'f, 'l> {
    pub fn new(files: &'f mut Files<'l>, keep_unresolved: bool, copies: &'f mut Copies, max_depth: usize) -> Self {
        let dialect = files.files[ROOT as usize].dialect;
        Self {
            files,
            keep_unresolved,
            copies,
            max_depth,
            dialect,
            placed: HashMap::new(),
            names: HashMap::new(),
            queue: VecDeque::new(),
            queued: HashSet::new(),
            identified: HashSet::new(),
            inlining: Vec::new(),
            depth: 0,
        }
    }

    /// The first file with all that it refers to.
    pub fn bundle(mut self) -> Result<Bundle, LoadError> {
        let base = self.files.base(&Target { file: ROOT, pointer: String::new() });
        let mut root = Node::clone(&self.files.files[ROOT as usize].root);
        self.walk(&mut root, Shape::One(Kind::Document), &base, &mut String::new())?;
        while let Some(job) = self.queue.pop_front() {
            match job {
                Job::Copy { target, kind, mut pointer } => {
                    let mut node = self.copy(&target)?;
                    let base = self.files.base(&target);
                    self.walk(&mut node, Shape::One(kind), &base, &mut pointer)?;
                    insert(&mut root, &segments(&pointer), node);
                }
                Job::Elsewhere { mut pointer, kind } => {
                    let base = self.files.base(&Target { file: ROOT, pointer: pointer.clone() });
                    let Some(place) = root.pointer_mut(&pointer) else { continue };
                    let mut node = std::mem::take(place);
                    self.walk(&mut node, Shape::One(kind), &base, &mut pointer)?;
                    if let Some(place) = root.pointer_mut(&pointer) {
                        *place = node;
                    }
                }
            }
        }
        Ok(Bundle { root, identified: self.identified })
    }

    fn copy(&mut self, target: &Target) -> Result<Node, LoadError> {
        // A target has been found, so that there is a node.
        let node = self.files.node(target).map(|node| self.copies.of(node)).unwrap_or_default();
        if self.copies.exhausted {
            return Err(self.files.too_many(&self.files.sources[target.file as usize].path, LimitOf::Copied));
        }
        Ok(node)
    }

    fn walk(&mut self, node: &mut Node, shape: Shape, base: &Base, at: &mut String) -> Result<(), LoadError> {
        if self.depth == self.max_depth {
            return Err(self.files.too_many(&self.files.sources[base.file as usize].path, LimitOf::Depth));
        }
        self.depth += 1;
        let inlining = self.inlining.len();
        let mut base = base.clone();
        for _ in 0..MAX_HOPS {
            if let (Shape::One(kind), Dialect::V30) = (shape, self.files.files[base.file as usize].dialect) {
                upgrade_30::object(node, kind);
            }
            // An `$id` holds for the reference beside it, too (JSON Schema 2020-12, core, section 8.2.1).
            let own = match shape {
                Shape::One(Kind::Schema) => self.files.identifiers.enter(base.clone(), node),
                _ => base.clone(),
            };
            match self.reference(node, shape, &own, at)? {
                Some(next) => base = next,
                None => break,
            }
        }
        if shape == Shape::One(Kind::Schema) {
            without_other_examples(node);
            base = self.files.identifiers.enter(base, node);
            self.schema(node, &base, at)?;
        }
        self.claim_homes(node, shape, &base, at);
        // Components first, and schemas first among them, so that what is placed there is known when it is referred to.
        let first: &[&str] = match shape {
            Shape::One(Kind::Document) => &["components", "definitions"],
            Shape::One(Kind::Components) => &["schemas"],
            _ => &[],
        };
        let is_first = |name: ChildName<'_>| matches!(name, ChildName::Key(key) if first.contains(&key));
        for early in [true, false] {
            if early && first.is_empty() {
                continue;
            }
            for (name, child, shape) in shape.children_mut(node).filter(|(name, ..)| is_first(*name) == early) {
                let before = name.push(at);
                self.walk(child, shape, &base, at)?;
                at.truncate(before);
            }
        }
        self.inlining.truncate(inlining);
        self.depth -= 1;
        Ok(())
    }

    /// Rewrites the reference that stands in place of an object. Where its target is to be here itself it is copied, and the base
    /// of what is here now is the answer.
    fn reference(&mut self, node: &mut Node, shape: Shape, base: &Base, at: &str) -> Result<Option<Base>, LoadError> {
        if matches!(shape, Shape::List(_)) {
            return Ok(None);
        }
        let Some(written) = reference(node).map(str::to_owned) else { return Ok(None) };
        let target = match self.files.resolve(&written, base) {
            Ok(target) => target,
            // There may be a whole API behind a path item.
            Err(trouble @ Trouble::Remote(_)) if shape.kind() == Kind::PathItem => {
                return Err(self.error(trouble, node, &written));
            }
            Err(trouble) => return self.trouble(trouble, node, &written).map(|()| None),
        };
        let kind = shape.kind();
        let allowed = shape == Shape::One(kind) && kind.may_be_reference();
        let alone = node.as_object().is_some_and(|object| object.len() == 1);
        let inline = match kind {
            _ if !allowed => true,
            // In 3.1 a media type is no reference.
            Kind::MediaType => true,
            Kind::PathItem => target.file != ROOT || !alone,
            // A component whose target takes its place.
            _ => self.placed.get(&target).is_some_and(|places| places.iter().any(|(_, place)| place == at)),
        };
        if !inline {
            let pointer = self.pointer(&target, kind);
            set_reference(node, &pointer);
            return Ok(None);
        }
        if self.inlining.contains(&target) {
            let circle = Trouble::Nowhere("it leads to what it stands in".to_owned());
            return self.trouble(circle, node, &written).map(|()| None);
        }
        if !allowed {
            let message = format!("no reference may stand here; {written:?} was replaced by what it refers to");
            self.files.findings.push(Finding { kind: DefectKind::MisplacedReference, at: node.at, message });
        }
        let mut copy = self.copy(&target)?;
        let next = self.files.base(&target);
        if let (Some(own), Some(members)) = (node.as_object_mut(), copy.as_object_mut()) {
            // What stands beside the reference of a path item wins over what it refers to.
            own.shift_remove("$ref");
            members.extend(own.drain(..));
        }
        copy.at.key = node.at.key;
        if node.at.file != copy.at.file {
            copy.at.key = copy.at.value;
        }
        *node = copy;
        let places = self.placed.entry(target.clone()).or_default();
        if places.is_empty() {
            places.push((shape, at.to_owned()));
        }
        self.inlining.push(target);
        Ok(Some(next))
    }

    /// A reference that leads nowhere, as an error.
    fn error(&self, trouble: Trouble, node: &Node, reference: &str) -> LoadError {
        let place = self.files.place(node.get("$ref").map_or(node.at, |reference| reference.at));
        let reference = reference.to_owned();
        match trouble {
            Trouble::Fatal(error) => error,
            Trouble::Nowhere(cause) => LoadError::Reference { place, reference, cause },
            Trouble::Remote(url) => LoadError::Remote { place, reference, url },
        }
    }

    /// A reference that leads nowhere, as a defect where it may be one.
    fn trouble(&mut self, trouble: Trouble, node: &Node, reference: &str) -> Result<(), LoadError> {
        let at = node.get("$ref").map_or(node.at, |reference| reference.at);
        let error = self.error(trouble, node, reference);
        let (kind, message) = match &error {
            LoadError::Reference { reference, cause, .. } if self.keep_unresolved && reference.starts_with('#') => {
                (DefectKind::Unresolved, format!("the reference {reference:?} cannot be resolved: {cause}"))
            }
            LoadError::Remote { url, .. } if self.keep_unresolved => {
                (DefectKind::Remote, format!("the reference leads to {url}: remote references are not fetched"))
            }
            _ => return Err(error),
        };
        self.files.findings.push(Finding { kind, at, message });
        Ok(())
    }

    /// Where in the result the target is or will be.
    fn pointer(&mut self, target: &Target, kind: Kind) -> String {
        if target.file == ROOT {
            let here = Shape::One(Kind::Document).descend(&target.pointer);
            if here.is_none() && self.queued.insert(target.pointer.clone()) {
                self.queue.push_back(Job::Elsewhere { pointer: target.pointer.clone(), kind });
            }
            return target.pointer.clone();
        }
        if let Some(known) = self.known(target, kind) {
            return known;
        }
        let section = self.section(kind);
        let pointer = join(&section, &self.name(target, kind));
        self.placed.entry(target.clone()).or_default().push((Shape::One(kind), pointer.clone()));
        self.queue.push_back(Job::Copy { target: target.clone(), kind, pointer: pointer.clone() });
        pointer
    }

    /// Where the target is, itself or within something that was placed.
    fn known(&self, target: &Target, kind: Kind) -> Option<String> {
        let mut outer = target.clone();
        loop {
            let rest = &target.pointer[outer.pointer.len()..];
            for (shape, pointer) in self.placed.get(&outer).into_iter().flatten() {
                if shape.descend(rest) == Some(Shape::One(kind)) {
                    return Some(format!("{pointer}{rest}"));
                }
            }
            let end = outer.pointer.rfind('/')?;
            outer.pointer.truncate(end);
        }
    }

    /// The pointer of the section in which objects of a kind are kept.
    fn section(&self, kind: Kind) -> String {
        match (self.dialect, kind) {
            (Dialect::V20, Kind::Schema) => "/definitions".to_owned(),
            (Dialect::V20, Kind::Parameter | Kind::Response) => format!("/{}", kind.section()),
            (Dialect::V20, Kind::SecurityScheme) => "/securityDefinitions".to_owned(),
            _ => format!("/components/{}", kind.section()),
        }
    }

    /// A name for the target that its section does not have.
    fn name(&mut self, target: &Target, kind: Kind) -> String {
        let section = self.section(kind);
        let root = &self.files.files[ROOT as usize].root;
        let names = self.names.entry(kind.section()).or_insert_with(|| {
            let present = root.pointer(&section).and_then(Node::as_object);
            present.into_iter().flat_map(Object::keys).cloned().collect()
        });
        let last = segments(&target.pointer).pop().unwrap_or_else(|| {
            let stem = self.files.sources[target.file as usize].path.file_stem();
            stem.map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
        });
        // Component names (OpenAPI 3.1, section 4.8.7.1).
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let plain: String = last.chars().map(|c| if valid(c) { c } else { '_' }).collect();
        let plain = if plain.is_empty() { kind.section().to_owned() } else { plain };
        let mut name = plain.clone();
        let mut number = 2;
        while !names.insert(name.clone()) {
            name = format!("{plain}-{number}");
            number += 1;
        }
        name
    }

    /// Components that are nothing but a reference to another file are where its target will be.
    fn claim_homes(&mut self, node: &Node, shape: Shape, base: &Base, at: &str) {
        let Shape::Map(kind) = shape else { return };
        if !kind.may_be_reference() || at != self.section(kind) {
            return;
        }
        for (name, component) in node.as_object().into_iter().flatten() {
            let ignored = self.files.files[base.file as usize].dialect == Dialect::V30;
            let alone = component.as_object().is_some_and(|object| object.len() == 1 || ignored);
            let Some(written) = reference(component).filter(|_| alone) else { continue };
            let Ok(target) = self.files.resolve(written, base) else { continue };
            let pointer = format!("{at}/{}", escape(name));
            if target.file != ROOT && self.known(&target, kind).is_none() {
                self.placed.entry(target).or_default().push((Shape::One(kind), pointer.clone()));
            }
        }
    }

    /// What a schema has beside `$ref` that names other places.
    fn schema(&mut self, node: &mut Node, base: &Base, at: &str) -> Result<(), LoadError> {
        let Some(object) = node.as_object_mut() else { return Ok(()) };
        // Every reference is a pointer now, so that nothing needs these; and pointers are relative to an `$id`.
        object.shift_remove("$anchor");
        if object.shift_remove("$id").is_some() {
            self.identified.insert(at.to_owned());
        }
        if let Some(value) = object.get_mut("$dynamicRef")
            && let Some(written) = value.as_str().map(str::to_owned)
        {
            match self.files.resolve(&written, base) {
                Ok(target) => value.content = Content::String(self.dynamic_reference(&written, &target)),
                // Reported when it is known which anchors there are.
                Err(Trouble::Nowhere(_)) if written.starts_with('#') => {}
                Err(trouble) => self.trouble(trouble, value, &written)?,
            }
        }
        let mapping = object.get_mut("discriminator").and_then(|discriminator| discriminator.step_mut("mapping"));
        for value in mapping.and_then(Node::as_object_mut).into_iter().flat_map(Object::values_mut) {
            let Some(written) = value.as_str().filter(|text| text.contains(['#', '/', '.'])) else {
                continue; // The name of a schema.
            };
            let written = written.to_owned();
            match self.files.resolve(&written, base) {
                Ok(target) => {
                    let pointer = self.pointer(&target, Kind::Schema);
                    if !written.starts_with('#') || target.file != ROOT {
                        value.content = Content::String(to_reference(&pointer));
                    }
                }
                Err(trouble) => self.trouble(trouble, value, &written)?,
            }
        }
        Ok(())
    }

    /// A dynamic reference as the result has it: the name of an anchor only where it first leads to a schema that has this one, and
    /// otherwise a pointer like that of any other reference (JSON Schema 2020-12, core, section 8.2.3.2).
    fn dynamic_reference(&mut self, written: &str, target: &Target) -> String {
        let pointer = self.pointer(target, Kind::Schema);
        let name = written.rsplit_once('#').map(|(_, name)| name).filter(|name| !name.is_empty());
        let anchor = self.files.node(target).and_then(|node| node.text("$dynamicAnchor"));
        match name.filter(|name| anchor == Some(*name)) {
            Some(name) => format!("#{name}"),
            None => to_reference(&pointer),
        }
    }
}

/// Writes a local reference, and leaves one that is right as it is written. A fragment has no braces (RFC 3986, section 3.5), though many
/// write those of a path as they are.
fn set_reference(node: &mut Node, pointer: &str) {
    let Some(reference) = node.step_mut("$ref") else { return };
    let is_fragment = |written: &&str| written.chars().all(|c| c.is_ascii_graphic() && !"\"<>[\\]^`{|}".contains(c));
    let written = reference.as_str().filter(is_fragment).and_then(crate::pointer::from_reference);
    if written.is_none_or(|written| written != pointer) {
        reference.content = Content::String(to_reference(pointer));
    }
}

/// Puts a node where its sections may be missing.
pub(crate) fn insert(root: &mut Node, path: &[String], node: Node) {
    let Some((first, rest)) = path.split_first() else {
        *root = node;
        return;
    };
    if !matches!(root.content, Content::Object(_)) {
        root.content = Content::Object(Object::new());
    }
    let at = root.at;
    if let Content::Object(object) = &mut root.content {
        insert(object.entry(first.clone()).or_insert_with(|| Node::new(at, Content::Null)), rest, node);
    }
}

/// Leaves out `examples` of a schema that are no list, as some write them like those of a media type: nothing is asked of a value by them, and
/// validators refuse the whole schema.
fn without_other_examples(node: &mut Node) {
    if let Some(object) = node.as_object_mut()
        && object.get("examples").is_some_and(|examples| examples.as_array().is_none())
    {
        object.shift_remove("examples");
    }
}
