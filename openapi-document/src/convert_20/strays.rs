//! References of Swagger 2.0 to places that its conversion moves or takes apart: what they lead to is put where it keeps its form.

use super::{Content, Copies, HashMap, Kind, Node, Object, Shape, from_reference, reference, visit_mut};
use crate::{files::MAX_HOPS, model::visit};

/// Schemas are copied to `definitions`; parameters and answers to where the reference is.
pub(super) fn gather(root: &mut Node, copies: &mut Copies) {
    let mut names: HashMap<String, String> = HashMap::new();
    // Copies may refer further; a chain that is longer is found not to be resolved.
    for _ in 0..MAX_HOPS {
        let mut found: HashMap<String, (Kind, Node)> = HashMap::new();
        visit(root, Shape::One(Kind::Document), &mut String::new(), &mut |node, shape, _| {
            if let Some((pointer, kind)) = stray(node, shape)
                && !names.contains_key(&pointer)
                && let Some(target) = root.pointer(&pointer)
            {
                let target = copies.of(target);
                found.insert(pointer, (kind, target));
            }
        });
        if found.is_empty() {
            return;
        }
        let mut schemas: Vec<(String, Node)> = Vec::new();
        for (pointer, (kind, node)) in &found {
            if *kind == Kind::Schema {
                let name = free_name(root, &schemas, pointer);
                names.insert(pointer.clone(), name.clone());
                schemas.push((name, node.clone()));
            }
        }
        visit_mut(root, Shape::One(Kind::Document), &mut |node, shape| {
            let Some((pointer, kind)) = stray(node, shape) else { return };
            match names.get(&pointer) {
                Some(name) => {
                    if let Some(reference) = node.step_mut("$ref") {
                        reference.content = Content::String(format!("#/definitions/{name}"));
                    }
                }
                None => match found.get(&pointer) {
                    Some((Kind::Parameter | Kind::Response, target)) if kind != Kind::Schema => *node = copies.of(target),
                    _ => {}
                },
            }
        });
        let at = root.at;
        if let Some(object) = root.as_object_mut().filter(|_| !schemas.is_empty()) {
            let definitions =
                object.entry("definitions".to_owned()).or_insert_with(|| Node::new(at, Content::Object(Object::new())));
            if let Some(definitions) = definitions.as_object_mut() {
                definitions.extend(schemas);
            }
        }
    }
}

/// The pointer of a reference that does not lead to where its kind is kept.
fn stray(node: &Node, shape: Shape) -> Option<(String, Kind)> {
    let Shape::One(kind @ (Kind::Schema | Kind::Parameter | Kind::Response)) = shape else { return None };
    let pointer = from_reference(reference(node)?)?;
    let mut segments = pointer.split('/').skip(1);
    let (section, depth) = (segments.next().unwrap_or_default(), segments.count());
    let kept = match kind {
        Kind::Schema => section == "definitions" && depth > 0,
        Kind::Parameter => section == "parameters" && depth == 1,
        _ => section == "responses" && depth == 1,
    };
    (!kept).then_some((pointer, kind))
}

fn free_name(root: &Node, schemas: &[(String, Node)], pointer: &str) -> String {
    let plain: String = pointer.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
    let plain = plain.trim_matches('/').replace('/', "-");
    let taken = |name: &str| {
        root.get("definitions").is_some_and(|definitions| definitions.get(name).is_some())
            || schemas.iter().any(|(other, _)| other == name)
    };
    let mut name = plain.clone();
    let mut number = 2;
    while taken(&name) {
        name = format!("{plain}-{number}");
        number += 1;
    }
    name
}
