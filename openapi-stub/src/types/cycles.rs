//! Types that contain themselves: an alias cannot, and what has a size only behind a `Box`.

use std::collections::HashSet;

use super::{Item, Shape, Type};

/// Makes each type one that Rust can build.
pub(super) fn settle(items: &mut [Item]) {
    wrap_aliases(items);
    let targets: Vec<Vec<usize>> = items.iter().map(|item| contained(&item.shape)).collect();
    for id in 0..items.len() {
        let circles: HashSet<usize> = targets[id].iter().copied().filter(|target| reaches(&targets, *target, id)).collect();
        let boxed = |kind: &mut Type| boxed(kind, &circles);
        match &mut items[id].shape {
            Shape::Alias(_) | Shape::Texts(_) | Shape::Integers(_) => {}
            Shape::Wrapper(kind) => boxed(kind),
            Shape::Struct { fields, .. } => fields.iter_mut().for_each(|field| boxed(&mut field.kind)),
            Shape::Union { variants, .. } => variants.iter_mut().for_each(|variant| boxed(&mut variant.kind)),
        }
    }
}

/// An alias that leads to itself becomes a type of its own; one that is nothing but itself is any value.
fn wrap_aliases(items: &mut [Item]) {
    for id in 0..items.len() {
        let Shape::Alias(kind) = &items[id].shape else { continue };
        let mut seen = HashSet::new();
        let mut unread = named(kind);
        while let Some(next) = unread.pop() {
            if let Shape::Alias(kind) = &items[next].shape
                && seen.insert(next)
            {
                unread.extend(named(kind));
            }
        }
        if !seen.contains(&id) {
            continue;
        }
        let is_itself = expanded(items, &Type::Named(id)) == Type::Named(id);
        let Item { shape, .. } = &mut items[id];
        if let Shape::Alias(kind) = shape {
            *shape = if is_itself {
                Shape::Alias(Type::Any(Some("The document says only that it is itself.")))
            } else {
                Shape::Wrapper(kind.clone())
            };
        }
    }
}

/// What an alias stands for; itself where that is a circle.
pub(super) fn expanded(items: &[Item], kind: &Type) -> Type {
    let mut expanded = kind;
    for _ in 0..=items.len() {
        match expanded {
            Type::Named(id) => match &items[*id].shape {
                Shape::Alias(next) => expanded = next,
                _ => return expanded.clone(),
            },
            other => return other.clone(),
        }
    }
    kind.clone()
}

/// The types that are named in a type.
fn named(kind: &Type) -> Vec<usize> {
    match kind {
        Type::Named(id) => vec![*id],
        Type::Option(inner) | Type::Vec(inner) | Type::Map(inner) | Type::Box(inner) => named(inner),
        Type::Any(_) | Type::Plain(_) => Vec::new(),
    }
}

/// The types whose values stand in a value of this one, and not behind a pointer.
fn contained(shape: &Shape) -> Vec<usize> {
    let inline = |kind: &Type| match kind {
        Type::Named(id) => Some(*id),
        Type::Option(inner) => match inner.as_ref() {
            Type::Named(id) => Some(*id),
            _ => None,
        },
        _ => None,
    };
    match shape {
        Shape::Alias(kind) | Shape::Wrapper(kind) => inline(kind).into_iter().collect(),
        Shape::Struct { fields, .. } => fields.iter().filter_map(|field| inline(&field.kind)).collect(),
        Shape::Union { variants, .. } => variants.iter().filter_map(|variant| inline(&variant.kind)).collect(),
        Shape::Texts(_) | Shape::Integers(_) => Vec::new(),
    }
}

fn reaches(targets: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = HashSet::new();
    let mut unread = vec![from];
    while let Some(next) = unread.pop() {
        if next == to {
            return true;
        }
        if seen.insert(next) {
            unread.extend(&targets[next]);
        }
    }
    false
}

fn boxed(kind: &mut Type, circles: &HashSet<usize>) {
    match kind {
        Type::Named(id) if circles.contains(id) => *kind = Type::Box(Box::new(kind.clone())),
        Type::Option(inner) => boxed(inner, circles),
        _ => {}
    }
}
