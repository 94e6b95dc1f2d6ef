//! Names of the document as names of Rust: valid, conventional, and each used once.

use std::collections::HashSet;

use heck::{ToKebabCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span};
use unicode_ident::{is_xid_continue, is_xid_start};

/// Strict and reserved keywords of edition 2024.
const KEYWORDS: [&str; 53] = [
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "_",
];

/// Those that are no names even with `r#`.
const NEVER_RAW: [&str; 5] = ["Self", "crate", "self", "super", "_"];

/// What generated code says without a path; a type of this name would take its place.
const RESERVED_TYPES: [&str; 15] = [
    "Box",
    "Deserialize",
    "Deserializer",
    "Err",
    "From",
    "None",
    "Ok",
    "Option",
    "Result",
    "Self",
    "Serialize",
    "Some",
    "String",
    "TryFrom",
    "Vec",
];

/// A name for a type: `user-address` is `UserAddress`.
pub fn of_type(text: &str) -> String {
    let name = kept(&text.to_upper_camel_case());
    if name.is_empty() || RESERVED_TYPES.contains(&name.as_str()) || !name.starts_with(is_xid_start) {
        return format!("Type{name}");
    }
    name
}

/// A name for a variant of an enumeration: `in-progress` is `InProgress`, and `-name` is `MinusName`.
pub fn of_variant(text: &str) -> String {
    let text = text.trim();
    let (sign, rest) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(rest), _) => ("Minus", rest),
        (_, Some(rest)) => ("Plus", rest),
        _ => ("", text),
    };
    let name = format!("{sign}{}", kept(&rest.to_upper_camel_case()));
    match name.as_str() {
        "" if text.is_empty() => "Empty".to_owned(),
        "Self" => "SelfValue".to_owned(),
        name if name.starts_with(is_xid_start) => name.to_owned(),
        name => format!("Value{name}"),
    }
}

/// A name for a field, a function or a module: `firstName` is `first_name`. It may be a keyword, see [`ident`].
pub fn of_value(text: &str) -> String {
    let name = kept(&text.to_snake_case());
    // Some capitals have no small letter, and rustc warns about them.
    let name: String = name.chars().filter(|letter| !letter.is_uppercase()).collect();
    match name.chars().next() {
        None => "unnamed".to_owned(),
        // Already here, so that whoever compares it with the text sees that they differ.
        Some(_) if NEVER_RAW.contains(&&*name) => format!("{name}_"),
        Some(first) if is_xid_start(first) => name,
        Some(_) => format!("_{name}"),
    }
}

/// A name for a package; what the package depends on, and what cargo forbids, is not taken.
pub fn of_package(text: &str) -> String {
    let name: String = text.to_kebab_case().chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
    let name = name.trim_matches('-');
    let taken = ["contract-tests", "core", "openapi-server", "poem", "reqwest", "serde", "serde-json", "std", "test", "tokio"];
    match name {
        "" => "api".to_owned(),
        name if !name.starts_with(|first: char| first.is_ascii_alphabetic()) => format!("api-{name}"),
        name if taken.contains(&name) || KEYWORDS.contains(&name) => format!("{name}-api"),
        name => name.to_owned(),
    }
}

fn kept(name: &str) -> String {
    name.chars().filter(|letter| is_xid_continue(*letter)).collect()
}

/// The identifier of this name, raw where it is a keyword.
pub fn ident(name: &str) -> Ident {
    match name {
        name if NEVER_RAW.contains(&name) => Ident::new(&format!("{name}_"), Span::call_site()),
        name if KEYWORDS.contains(&name) => Ident::new_raw(name, Span::call_site()),
        name => Ident::new(name, Span::call_site()),
    }
}

/// The name, or another one where it is a keyword: for files and functions.
pub fn never_keyword(name: String) -> String {
    if KEYWORDS.contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// Names that are taken.
#[derive(Debug, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// These names are taken.
    pub fn taken(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// The name itself, or with the first free number after `separator`.
    pub fn unique(&mut self, name: String, separator: &str) -> String {
        let mut free = name.clone();
        let mut number = 2;
        let separator = if name.ends_with('_') { "" } else { separator };
        while !self.0.insert(free.clone()) {
            free = format!("{name}{separator}{number}");
            number += 1;
        }
        free
    }

    /// Whether nothing has this name.
    pub fn is_free(&self, name: &str) -> bool {
        !self.0.contains(name)
    }
}
