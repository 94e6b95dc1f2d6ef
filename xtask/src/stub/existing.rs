//! What is written already in `src/api`: a type that has a name is used, never written again.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use quote::ToTokens;
use syn::{Attribute, Expr, ExprLit, ImplItem, Item, Lit, Token, token::Paren};

use super::StubError;

/// The types, scopes and modules that there are.
#[derive(Debug, Default)]
pub struct Existing {
    /// For each schema the path of its type, as a file in `src/api` writes it.
    pub types: BTreeMap<String, Vec<String>>,
    /// For each scope the path of its enumeration, and the variant.
    pub scopes: BTreeMap<String, (Vec<String>, String)>,
    /// The modules in `src/api`.
    pub modules: Vec<String>,
    /// For each path of an operation the file that has it, from the root of the project.
    pub paths: BTreeMap<String, PathBuf>,
    /// For each operation the file that has it.
    pub operations: BTreeMap<String, PathBuf>,
}

impl Existing {
    /// Reads `src/api` below `root`.
    ///
    /// # Errors
    ///
    /// [`StubError::File`] and [`StubError::NotRust`].
    pub fn read(root: &Path) -> Result<Self, StubError> {
        let mut existing = Self::default();
        for (component, name) in [("Problem", "ProblemDetails"), ("ProblemCode", "Code"), ("Violation", "Violation")] {
            let path = ["openapi_server", "problem", name].map(str::to_owned);
            existing.types.insert(component.to_owned(), path.to_vec());
        }
        let api = root.join("src/api");
        for (name, path) in entries(&api)? {
            let module = name.strip_suffix(".rs").unwrap_or(&name).to_owned();
            if path.is_dir() {
                for (_, file) in entries(&path)?.into_iter().filter(|(name, _)| name.ends_with(".rs")) {
                    existing.add(root, &file, &module)?;
                }
            } else if name.ends_with(".rs") && module != "mod" {
                existing.add(root, &path, &module)?;
            } else {
                continue;
            }
            existing.modules.push(module);
        }
        Ok(existing)
    }

    fn add(&mut self, root: &Path, path: &Path, module: &str) -> Result<(), StubError> {
        let text = fs::read_to_string(path).map_err(|source| StubError::File { path: path.to_owned(), source })?;
        let file =
            syn::parse_file(&text).map_err(|error| StubError::NotRust { path: path.to_owned(), cause: error.to_string() })?;
        let of = |name: &str| vec!["super".to_owned(), module.to_owned(), name.to_owned()];
        for item in &file.items {
            match item {
                Item::Struct(item) if derives(&item.attrs, &["Object"]) => {
                    let name = item.ident.to_string();
                    self.types.insert(text_of(&item.attrs, "rename").unwrap_or_else(|| name.clone()), of(&name));
                }
                Item::Enum(item) if derives(&item.attrs, &["Enum", "Union"]) => {
                    let name = item.ident.to_string();
                    self.types.insert(text_of(&item.attrs, "rename").unwrap_or_else(|| name.clone()), of(&name));
                }
                Item::Enum(item) if derives(&item.attrs, &["OAuthScopes"]) => {
                    for variant in &item.variants {
                        let name = variant.ident.to_string();
                        let scope = text_of(&variant.attrs, "rename").unwrap_or_else(|| name.clone());
                        self.scopes.insert(scope, (of(&item.ident.to_string()), name));
                    }
                }
                Item::Impl(item) => {
                    let file = path.strip_prefix(root).unwrap_or(path);
                    for method in
                        item.items.iter().filter_map(|item| if let ImplItem::Fn(method) = item { Some(method) } else { None })
                    {
                        self.paths.extend(text_of(&method.attrs, "path").map(|at| (template(&at), file.to_owned())));
                        self.operations.extend(text_of(&method.attrs, "operation_id").map(|id| (id, file.to_owned())));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The path of a handler as the document writes it: `/users/:userId` is `/users/{userId}`.
fn template(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.strip_prefix(':') {
        Some(name) => format!("{{{name}}}"),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, StubError> {
    let failed = |source| StubError::File { path: folder.to_owned(), source };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    entries.sort();
    Ok(entries)
}

fn derives(attributes: &[Attribute], names: &[&str]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("derive")).any(|attribute| {
        let tokens = attribute.to_token_stream().to_string();
        tokens.split(|letter: char| !letter.is_alphanumeric()).any(|word| names.contains(&word))
    })
}

/// The text that `#[oai(…)]` has for this name.
fn text_of(attributes: &[Attribute], name: &str) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("oai")) {
        // An attribute of another form has no such text.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.input.peek(Token![=]) {
                let value: Expr = meta.value()?.parse()?;
                if let (true, Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) = (meta.path.is_ident(name), value) {
                    found = Some(text.value());
                }
            } else if meta.input.peek(Paren) {
                let content;
                syn::parenthesized!(content in meta.input);
                content.parse::<proc_macro2::TokenStream>()?;
            }
            Ok(())
        });
    }
    found
}
