//! On which lines the values of a YAML text are.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

#[derive(Default)]
pub struct Tree(Vec<(String, Spanned<Tree>)>);

pub fn find(tree: &Spanned<Tree>, segments: &[String]) -> Option<usize> {
    let here = usize::try_from(tree.referenced.line()).ok();
    let Some((first, rest)) = segments.split_first() else { return here };
    match tree.value.0.iter().find(|(name, _)| name == first) {
        Some((_, child)) => find(child, rest),
        None => here,
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TreeVisitor;
        impl<'de> Visitor<'de> for TreeVisitor {
            type Value = Tree;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("YAML")
            }
            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
                Ok(Tree::default())
            }
            fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
                Ok(Tree::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
                Ok(Tree::default())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
                Ok(Tree::default())
            }
            fn visit_str<E>(self, _: &str) -> Result<Tree, E> {
                Ok(Tree::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
                let mut children = Vec::new();
                while let Some(item) = items.next_element()? {
                    children.push((children.len().to_string(), item));
                }
                Ok(Tree(children))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
                let mut children = Vec::new();
                while let Some(name) = entries.next_key::<String>()? {
                    children.push((name, entries.next_value()?));
                }
                Ok(Tree(children))
            }
        }
        deserializer.deserialize_any(TreeVisitor)
    }
}
