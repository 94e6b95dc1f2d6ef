//! The references of the result: each leads somewhere in it, and none in a circle.

use std::collections::{HashMap, HashSet};

use crate::{
    error::{DefectKind, LoadError},
    files::{Files, Finding, MAX_HOPS},
    model::{Kind, Shape, reference, visit},
    node::{At, Node},
    pointer::from_reference,
};

/// Checks the references of the result.
pub(crate) fn settle(root: &Node, files: &mut Files<'_>, keep_unresolved: bool) -> Result<(), LoadError> {
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
