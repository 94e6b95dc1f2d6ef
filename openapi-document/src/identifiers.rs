//! `$id`, `$anchor` and `$dynamicAnchor` (JSON Schema 2020-12, section 8.2), and `$self` (OpenAPI 3.2, section 4.1.2.2): the
//! other names that references may use.

use std::{collections::HashMap, rc::Rc};

use url::Url;

use crate::{
    files::Base,
    model::{ChildName, Kind, Shape},
    node::{Content, LONGEST_POINTER, Node},
    pointer::unescape,
};

#[derive(Default)]
pub(crate) struct Identifiers {
    /// File and pointer of the schemas that have an `$id`.
    resources: HashMap<Url, (u32, String)>,
    /// By file, pointer of the schema with the `$id` around it, and name.
    anchors: HashMap<(u32, String, String), String>,
}

impl Identifiers {
    /// Notes the names in a file.
    pub fn index(&mut self, root: &Node, file: u32, url: &Url) {
        if let Some(own) = root.text("$self").and_then(|own| url.join(own).ok()) {
            self.resources.insert(own, (file, String::new()));
        }
        // In a file that is no OpenAPI document nobody knows yet what is what.
        let shape = crate::files::version(root).map(|_| Shape::One(Kind::Document));
        self.visit(root, shape, file, &mut String::new(), &Rc::new(url.clone()), "");
    }

    fn visit(&mut self, node: &Node, shape: Option<Shape>, file: u32, at: &mut String, url: &Rc<Url>, resource: &str) {
        if at.len() > LONGEST_POINTER {
            return;
        }
        let (mut url, mut resource) = (Rc::clone(url), resource.to_owned());
        if matches!(shape, None | Some(Shape::One(Kind::Schema))) {
            if let Some(id) = node.text("$id").and_then(|id| url.join(id.trim_end_matches('#')).ok()) {
                self.resources.insert(id.clone(), (file, at.clone()));
                (url, resource) = (Rc::new(id), at.clone());
            }
            for anchor in ["$anchor", "$dynamicAnchor"].iter().filter_map(|keyword| node.text(keyword)) {
                self.anchors.entry((file, resource.clone(), anchor.to_owned())).or_insert_with(|| at.clone());
            }
        }
        let mut below = |name: ChildName<'_>, child, shape| {
            let before = name.push(at);
            self.visit(child, shape, file, at, &url, &resource);
            at.truncate(before);
        };
        match (shape, &node.content) {
            (Some(shape), _) => shape.children(node).for_each(|(name, child, shape)| below(name, child, Some(shape))),
            (None, Content::Object(object)) => object.iter().for_each(|(key, child)| below(ChildName::Key(key), child, None)),
            (None, Content::Array(items)) => {
                items.iter().enumerate().for_each(|(index, child)| below(ChildName::Index(index), child, None));
            }
            _ => {}
        }
    }

    /// What references in the node at `pointer` are relative to.
    pub fn base(&self, mut base: Base, root: &Node, pointer: &str) -> Base {
        if self.resources.is_empty() {
            return base;
        }
        let mut node = root;
        for segment in pointer.split('/').skip(1) {
            base = self.enter(base, node);
            let Some(next) = node.step(&unescape(segment)) else { break };
            node = next;
        }
        base
    }

    /// The base inside of a schema, which may have an `$id`.
    pub fn enter(&self, base: Base, schema: &Node) -> Base {
        let id = schema.text("$id").and_then(|id| base.url.join(id.trim_end_matches('#')).ok());
        match id.and_then(|id| Some((self.resources.get(&id).filter(|(file, _)| *file == base.file)?, id))) {
            Some(((file, pointer), id)) => Base { file: *file, url: Rc::new(id), resource: pointer.as_str().into() },
            None => base,
        }
    }

    pub fn resource(&self, url: &Url) -> Option<(u32, String)> {
        self.resources.get(url).cloned()
    }

    /// The pointer of the schema with this anchor; also one outside of the schema with the `$id`, since many authors mean the file.
    pub fn anchor(&self, file: u32, resource: &str, name: &str) -> Option<String> {
        let of = |resource: &str| self.anchors.get(&(file, resource.to_owned(), name.to_owned()));
        of(resource).or_else(|| of("")).cloned()
    }
}
