//! The references of the result: each leads somewhere in it, and none in a circle.

use std::collections::{HashMap, HashSet};

use crate::{
    error::{DefectKind, LoadError},
    files::{Files, Finding, MAX_HOPS},
    model::{Kind, Shape, reference, visit, visit_mut},
    node::{At, Content, Node},
    pointer::{from_reference, to_reference},
};

/// Checks the references of the result, and makes `$dynamicRef` a `$ref` where there is one place that it can lead to.
pub(crate) fn settle(root: &mut Node, files: &mut Files<'_>, keep_unresolved: bool) -> Result<(), LoadError> {
    if files.sources.iter().any(|source| source.text.contains("$dynamic")) {
        dynamic(root, files);
    }
    let reported: HashSet<At> = files.findings.iter().map(|finding| finding.at).collect();
    let mut troubles: HashMap<&str, Option<&str>> = HashMap::new();
    let mut found = Vec::new();
    visit(root, Shape::One(Kind::Document), &mut String::new(), &mut |node, shape, _| {
        let Some(written) = node.get("$ref").filter(|_| !matches!(shape, Shape::List(_))) else { return };
        let Some(text) = written.as_str().filter(|text| text.starts_with('#')) else { return };
        if let Some(cause) = *troubles.entry(text).or_insert_with(|| trouble(root, text))
            && !reported.contains(&written.at)
        {
            found.push((written.at, text, cause));
        }
    });
    for (at, text, cause) in found {
        if !keep_unresolved {
            let place = files.place(at);
            return Err(LoadError::Reference { place, reference: text.to_owned(), cause: cause.to_owned() });
        }
        let message = format!("the reference {text:?} cannot be resolved: {cause}");
        files.findings.push(Finding { kind: DefectKind::Unresolved, at, message });
    }
    Ok(())
}

/// Why a local reference leads nowhere, if it does.
fn trouble(root: &Node, written: &str) -> Option<&'static str> {
    let mut written = written;
    for _ in 0..MAX_HOPS {
        let target = from_reference(written).and_then(|pointer| root.pointer(&pointer));
        let Some(target) = target else { return Some("there is nothing") };
        match reference(target) {
            Some(next) => written = next,
            None => return None,
        }
    }
    Some("it leads in a circle")
}

/// A dynamic reference leads to the outermost schema on the way to it that has the anchor (JSON Schema 2020-12, section 8.2.3.2): with
/// one such schema in the document there is no choice.
fn dynamic(root: &mut Node, files: &mut Files<'_>) {
    let mut anchors: HashMap<String, Vec<(At, String)>> = HashMap::new();
    visit(root, Shape::One(Kind::Document), &mut String::new(), &mut |node, shape, pointer| {
        if let (Shape::One(Kind::Schema), Some(name)) = (shape, node.text("$dynamicAnchor")) {
            let known = anchors.entry(name.to_owned()).or_default();
            if known.iter().all(|(at, _)| *at != node.at) {
                known.push((node.at, pointer.to_owned()));
            }
        }
    });
    let mut several = HashSet::new();
    visit_mut(root, Shape::One(Kind::Document), &mut |node, shape| {
        let Some(object) = node.as_object_mut().filter(|_| shape == Shape::One(Kind::Schema)) else { return };
        let Some(written) = object.get("$dynamicRef") else { return };
        let (at, text) = (written.at, written.as_str().unwrap_or_default());
        let name = text.rsplit_once('#').map_or(text, |(_, name)| name);
        let target = match anchors.get(name).map(Vec::as_slice) {
            Some([(_, pointer)]) => to_reference(pointer),
            _ if name.is_empty() || name.starts_with('/') => text.to_owned(),
            known => {
                let message = match known {
                    Some(_) => {
                        several.insert(name.to_owned());
                        format!("`$dynamicRef` {text:?} has several targets; which one counts depends on the way that leads here")
                    }
                    None => format!("no schema has the `$dynamicAnchor` {name:?}"),
                };
                files.findings.push(Finding { kind: DefectKind::DynamicReference, at, message });
                return;
            }
        };
        object.shift_remove("$dynamicRef");
        let target = Node::new(at, Content::String(target));
        if object.contains_key("$ref") {
            let all = object.entry("allOf".to_owned()).or_insert_with(|| Node::array(at, Vec::new()));
            if let Content::Array(all) = &mut all.content {
                all.push(Node::object(at, [("$ref", target)]));
            }
        } else {
            object.insert("$ref".to_owned(), target);
        }
    });
    visit_mut(root, Shape::One(Kind::Document), &mut |node, shape| {
        if let (Shape::One(Kind::Schema), Some(object)) = (shape, node.as_object_mut())
            && object.get("$dynamicAnchor").and_then(Node::as_str).is_some_and(|name| !several.contains(name))
        {
            object.shift_remove("$dynamicAnchor");
        }
    });
}
