//! The files of a project.

use indexmap::IndexMap;
use openapi_document::Document;
use serde_json::Value;

use crate::{
    docs,
    operations::{self, Handler},
    source,
    types::Types,
};

/// Why there are no files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StubError {
    /// A mistake of this crate.
    #[error("what was generated is not Rust: {cause}: {code}")]
    Generated {
        /// What the parser says.
        cause: String,
        /// What was generated.
        code: String,
    },
    /// The bundled document cannot be written.
    #[error("the document cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// What is not in the document.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name of the package; [`package_name`](crate::package_name) makes one.
    pub package: String,
    /// Where the library is.
    pub library: Library,
}

/// Where `openapi-server` and `contract-tests` are.
#[derive(Debug, Clone)]
pub enum Library {
    /// In this folder.
    Path(String),
    /// In the git repository at this URL.
    Git(String),
}

/// A file of the project.
#[derive(Debug, Clone)]
pub struct File {
    /// Where it belongs in the project.
    pub path: String,
    /// What is in it, in a new project.
    pub content: String,
    /// What becomes of it in a project that exists.
    pub kind: FileRole,
}

/// What becomes of a file in a project that exists.
#[derive(Debug, Clone)]
pub enum FileRole {
    /// It belongs to whoever works on the project.
    Once,
    /// It is rewritten as long as nobody has edited it.
    Generated,
    /// The document: rewritten as long as nobody has edited it.
    Document,
    /// Handlers: those that are missing are added.
    Handlers(Vec<Function>),
}

/// A handler in a file.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its text.
    pub source: String,
}

/// The files of a server for this document. `text` is the document as it was written; where it has more files than one, they are
/// bundled.
///
/// # Errors
///
/// [`StubError`].
pub fn project(document: &Document, text: &str, settings: &Settings) -> Result<Vec<File>, StubError> {
    let mut types = Types::of(document);
    let handlers = operations::handlers(document, &mut types);
    let (name, text) = if document.files().count() > 1 {
        ("openapi.json", format!("{}\n", serde_json::to_string_pretty(document.json())?))
    } else if text.trim_start().starts_with('{') {
        ("openapi.json", text.to_owned())
    } else {
        ("openapi.yaml", text.to_owned())
    };
    let package = &settings.package;
    let fill = |template: &str| {
        let template = template.replace("{document}", name).replace("{crate}", &package.replace('-', "_"));
        template.replace("{package}", package)
    };
    let once = |path: &str, content: String| File { path: path.to_owned(), content, kind: FileRole::Once };
    let generated = |path: &str, content: String| File { path: path.to_owned(), content, kind: FileRole::Generated };
    let title = document.json().pointer("/info/title").and_then(Value::as_str).map(docs::line).unwrap_or_default();
    let title = if title.is_empty() { package.clone() } else { title };
    let (context, manifest, dockerfile) = of_library(&settings.library);
    let (security, has_secrets) = security(document.json());
    let contract =
        if has_secrets { include_str!("templates/contract_secrets.rs") } else { include_str!("templates/contract.rs") };
    let mut files = vec![
        once("Cargo.toml", fill(&manifest)),
        once("README.md", fill(include_str!("templates/readme.md")).replace("{title}", &title).replace("{context}", &context)),
        once("Dockerfile", fill(&dockerfile)),
        once(".gitignore", include_str!("templates/gitignore").to_owned()),
        once(".dockerignore", include_str!("templates/gitignore").replace('/', "")),
        File { path: name.to_owned(), content: text, kind: FileRole::Document },
        once("src/main.rs", fill(include_str!("templates/main.rs"))),
        once("src/lib.rs", fill(include_str!("templates/lib.rs"))),
        generated("src/document.rs", fill(include_str!("templates/document.rs"))),
        once("src/answer.rs", include_str!("templates/answer.rs").to_owned()),
        once("src/body.rs", include_str!("templates/body.rs").to_owned()),
        once("src/prelude.rs", include_str!("templates/prelude.rs").to_owned()),
        generated("src/security.rs", security),
        generated("src/parameters.rs", source::parameters(&handlers, &types)?),
        generated("src/api/mod.rs", source::router(&handlers)?),
        once("tests/contract.rs", fill(contract)),
    ];
    files.extend(of_handlers(&handlers, &mut types)?);
    // Last: nothing is met any more.
    files.push(generated("src/types.rs", source::types(&mut types)?));
    for file in &mut files {
        if matches!(file.kind, FileRole::Generated) {
            file.content = crate::seal::sealed(&file.content);
        }
    }
    Ok(files)
}

/// The files with handlers.
fn of_handlers(handlers: &[Handler], types: &mut Types<'_>) -> Result<Vec<File>, StubError> {
    let mut modules: IndexMap<&str, Vec<Function>> = IndexMap::new();
    for handler in handlers {
        let source = source::handler(handler, types)?;
        modules.entry(&handler.module).or_default().push(Function { name: handler.function.clone(), source });
    }
    let files = modules.into_iter().map(|(module, functions)| {
        let sources: Vec<&str> = functions.iter().map(|function| function.source.as_str()).collect();
        let content = format!("use crate::prelude::*;\n\n{}", sources.join("\n"));
        File { path: format!("src/api/{module}.rs"), content, kind: FileRole::Handlers(functions) }
    });
    Ok(files.collect())
}

/// The flag for Docker, `Cargo.toml` and the `Dockerfile`, with this library.
fn of_library(library: &Library) -> (String, String, String) {
    let (manifest, dockerfile) = (include_str!("templates/Cargo.toml.txt"), include_str!("templates/Dockerfile"));
    match library {
        Library::Path(path) => {
            let of = |name: &str| format!("{{ path = {:?} }}", format!("{path}/{name}"));
            let context = format!("--build-context library={path} ");
            let how = format!("docker build {context}-t {{package}} .");
            let copy = format!("# The library, where Cargo.toml expects it.\nCOPY --from=library --exclude=target . {path}\n");
            let manifest = manifest.replace("{server}", &of("openapi-server")).replace("{engine}", &of("contract-tests"));
            (context, manifest, dockerfile.replace("{how}", &how).replace("{library}", &copy))
        }
        Library::Git(url) => {
            let of = format!("{{ git = {url:?} }}");
            let manifest = manifest.replace("{server}", &of).replace("{engine}", &of);
            (String::new(), manifest, dockerfile.replace("{how}", "docker build -t {package} .").replace("{library}", ""))
        }
    }
}

/// `src/security.rs`: who may call. Tokens are those of a local issuer; of other credentials, which the second says whether
/// there are, none is accepted until somebody says which.
fn security(document: &Value) -> (String, bool) {
    let schemes = document.pointer("/components/securitySchemes").and_then(Value::as_object);
    let text = |scheme: &Value, name: &str| scheme.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let has_tokens = |scheme: &Value| match text(scheme, "type").as_str() {
        "http" => text(scheme, "scheme") == "bearer",
        kind => ["oauth2", "openidconnect"].contains(&kind),
    };
    let (mut listed, mut secrets, mut tokens) = (String::new(), String::new(), false);
    for (name, scheme) in schemes.into_iter().flatten() {
        let kind = [text(scheme, "type"), text(scheme, "scheme")].join(" ");
        listed.push_str(&format!("{}\n", docs::line(&format!("//! - `{}`: {}", name.replace('`', ""), kind.trim()))));
        if has_tokens(scheme) {
            tokens = true;
        } else {
            secrets.push_str(&format!("        .authenticator({}, Secrets::new())\n", proc_macro2::Literal::string(name)));
        }
    }
    if !listed.is_empty() {
        listed = format!("//!\n//! The document has these security schemes:\n//!\n{listed}");
    }
    let template = match (tokens, secrets.is_empty()) {
        (true, true) => include_str!("templates/security_tokens.rs"),
        (true, false) => include_str!("templates/security_both.rs"),
        (false, true) => include_str!("templates/security_none.rs"),
        (false, false) => include_str!("templates/security_secrets.rs"),
    };
    let code =
        template.replace("//! {schemes}\n", &listed).replace("        {secrets}\n    ;", &format!("{};", secrets.trim_end()));
    (code, !secrets.is_empty())
}
