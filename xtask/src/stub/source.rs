//! The text of a file with handlers: imports, types, answers, operations, refinements.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use openapi_stub::{docs, names::ident};
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::{StubError, layout};

/// What a file is written from.
pub struct Source {
    /// The tag, with its description where the document has one.
    pub tag: (String, Option<String>),
    /// The type that has the operations.
    pub name: String,
    /// What is imported.
    pub uses: BTreeSet<Vec<String>>,
    /// The types of schemas.
    pub types: Vec<TokenStream>,
    /// The enumerations of answers.
    pub answers: Vec<TokenStream>,
    /// The methods.
    pub methods: Vec<TokenStream>,
    /// What poem-openapi cannot say.
    pub refinements: Value,
}

impl Source {
    /// The whole file, as rustfmt leaves it where there is one.
    ///
    /// # Errors
    ///
    /// [`StubError::Generated`].
    pub fn file(mut self, root: &Path) -> Result<String, StubError> {
        let paths = [
            "std::sync::Arc",
            "crate::store::UserStore",
            "poem_openapi::OpenApi",
            "poem_openapi::Tags",
            "serde_json::Value",
            "serde_json::json",
        ];
        self.uses.extend(paths.map(|path| path.split("::").map(str::to_owned).collect()));
        let (tag, name) = (&self.tag.0, ident(&self.name));
        let variant = ident(&openapi_stub::names::of_variant(tag));
        let tag_docs = docs::attributes(&super::types::comment(self.tag.1.as_deref().unwrap_or_default()));
        let group = items([quote! {
            #[doc = " The group that the operations are shown in."]
            #[derive(Tags)]
            enum Tag { #tag_docs #[oai(rename = #tag)] #variant }
        }])?;
        let operations = format!(" The operations on {}.", docs::line(tag));
        let structure = items([
            quote!(#[doc = #operations] pub struct #name;),
            quote! {
                impl #name {
                    #[doc = " The operations."]
                    pub fn new(_: Arc<dyn UserStore>) -> Self {
                        Self
                    }
                }
            },
        ])?;
        let parts = [
            format!("//! The resource *{}*.\n\n{}", docs::line(tag).replace('*', ""), uses(&self.uses)),
            group,
            items(self.types)?,
            items(self.answers)?,
            structure,
            format!("#[OpenApi(tag = \"Tag::{variant}\")]\nimpl {name} {{\n{}}}\n", methods(&self.methods)?),
            format!(
                "/// What the derived document lacks.\npub fn refinements() -> Value {{\n    json!({})\n}}\n",
                layout::json(&self.refinements, 4)
            ),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Ok(formatted(parts.join("\n"), root))
    }

    /// The parts that belong into a file that there is already.
    ///
    /// # Errors
    ///
    /// [`StubError::Generated`].
    pub fn parts(self) -> Result<String, StubError> {
        let parts = [
            uses(&self.uses),
            items(self.types)?,
            items(self.answers)?,
            methods(&self.methods)?,
            format!("json!({})\n", layout::json(&self.refinements, 0)),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Ok(parts.join("\n"))
    }
}

/// Items of Rust as text, with an empty line between them.
fn items(items: impl IntoIterator<Item = TokenStream>) -> Result<String, StubError> {
    let mut texts = Vec::new();
    for tokens in items {
        let file = syn::parse2::<syn::File>(tokens.clone());
        let file = file.map_err(|error| StubError::Generated { cause: error.to_string(), code: tokens.to_string() })?;
        texts.push(prettyplease::unparse(&file));
    }
    Ok(texts.join("\n"))
}

/// Methods, indented, with an empty line between them.
fn methods(methods: &[TokenStream]) -> Result<String, StubError> {
    let text = items(methods.iter().cloned())?;
    Ok(text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect())
}

/// The paths as `use` items: first of the standard library, then of other crates, then of this one.
fn uses(paths: &BTreeSet<Vec<String>>) -> String {
    let mut groups: [BTreeMap<&str, Vec<&[String]>>; 3] = Default::default();
    for path in paths {
        let Some((root, rest)) = path.split_first() else { continue };
        let group = match root.as_str() {
            "std" => 0,
            "super" | "crate" => 2,
            _ => 1,
        };
        groups[group].entry(root).or_default().push(rest);
    }
    let group = |roots: &BTreeMap<&str, Vec<&[String]>>| -> String {
        let mut roots: Vec<_> = roots.iter().collect();
        roots.sort_by_key(|(root, _)| **root == "crate"); // rustfmt puts `super` first.
        roots.into_iter().map(|(root, paths)| format!("use {root}::{};\n", tree(paths))).collect()
    };
    let groups: Vec<String> = groups.iter().filter(|roots| !roots.is_empty()).map(group).collect();
    groups.join("\n")
}

/// What follows a common beginning: one name, or several in braces.
fn tree(paths: &[&[String]]) -> String {
    let mut children: BTreeMap<&str, Vec<&[String]>> = BTreeMap::new();
    for path in paths {
        if let Some((first, rest)) = path.split_first() {
            children.entry(first).or_default().push(rest);
        }
    }
    let parts: Vec<String> = children
        .iter()
        .map(|(name, rest)| {
            let rest: Vec<&[String]> = rest.iter().filter(|rest| !rest.is_empty()).copied().collect();
            if rest.is_empty() { (*name).to_owned() } else { format!("{name}::{}", tree(&rest)) }
        })
        .collect();
    match parts.as_slice() {
        [one] => one.clone(),
        many => format!("{{{}}}", many.join(", ")),
    }
}

/// The text as rustfmt leaves it; as it is where there is no rustfmt.
fn formatted(text: String, root: &Path) -> String {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", "2024", "--emit", "stdout", "--config-path"]).arg(root);
    let child = rustfmt.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let output = child.and_then(|mut child| {
        if let Some(mut input) = child.stdin.take() {
            input.write_all(text.as_bytes())?;
        }
        child.wait_with_output()
    });
    match output.map(|output| (output.status.success(), String::from_utf8(output.stdout))) {
        Ok((true, Ok(formatted))) => formatted,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_with_one_beginning_are_one() {
        let paths = ["super::users::Scope", "std::sync::Arc", "super::Authorized", "poem::Result", "crate::store::UserStore"];
        let paths = paths.map(|path| path.split("::").map(str::to_owned).collect());
        let expected =
            "use std::sync::Arc;\n\nuse poem::Result;\n\nuse super::{Authorized, users::Scope};\nuse crate::store::UserStore;\n";
        assert_eq!(uses(&BTreeSet::from(paths)), expected);
    }
}
