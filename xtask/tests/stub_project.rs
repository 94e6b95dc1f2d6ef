//! `cargo xtask stub --new` as it is called: what it writes, prints and refuses.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

const DOCUMENT: &str = "
openapi: 3.1.0
info: { title: Books, version: '1' }
paths:
  /books:
    get: { operationId: listBooks, tags: [books], responses: { '204': { description: None. } } }
";

fn stub(project: &Path, spec: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("stub").arg("--new").arg(project).arg("--spec").arg(spec).args(more).output().unwrap()
}

/// A folder with a document in it.
fn folder(document: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("books.yaml"), document).unwrap();
    folder
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What goes wrong, on standard error.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_project_is_named_after_its_folder_and_uses_this_library() {
    let folder = folder(DOCUMENT);
    let (project, spec) = (folder.path().join("my_books"), folder.path().join("books.yaml"));
    let output = printed(&stub(&project, &spec, &[]));
    assert!(output.contains("new       src/api/books.rs\n"), "{output}");
    let manifest = fs::read_to_string(project.join("Cargo.toml")).unwrap();
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    assert!(manifest.contains("name = \"my-books\"") && manifest.contains(&*library.to_string_lossy()), "{manifest}");
    assert_eq!(fs::read_to_string(project.join("openapi.yaml")).unwrap(), DOCUMENT);
    assert_eq!(printed(&stub(&project, &spec, &[])), "nothing to write: the project is up to date\n");
}

#[test]
fn a_dry_run_prints_what_is_written_and_writes_nothing() {
    let folder = folder(DOCUMENT);
    let (project, spec) = (folder.path().join("books"), folder.path().join("books.yaml"));
    let dry = printed(&stub(&project, &spec, &["--dry-run"]));
    assert!(!project.exists());
    let next = format!("next: `cargo run` in {}, whose README.md says the rest\n", project.display());
    assert_eq!(printed(&stub(&project, &spec, &[])), dry + &next);
}

#[test]
fn the_library_may_be_a_repository() {
    let folder = folder(DOCUMENT);
    let project = folder.path().join("books");
    printed(&stub(&project, &folder.path().join("books.yaml"), &["--library", "https://example.com/library.git"]));
    let manifest = fs::read_to_string(project.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("openapi-server = { git = \"https://example.com/library.git\" }"), "{manifest}");
}

#[test]
fn a_document_of_several_files_is_bundled() {
    let folder = folder(&format!("{DOCUMENT}  /authors: {{ $ref: authors.yaml }}\n"));
    fs::write(
        folder.path().join("authors.yaml"),
        "get: { operationId: listAuthors, responses: { '204': { description: None. } } }",
    )
    .unwrap();
    let project = folder.path().join("books");
    printed(&stub(&project, &folder.path().join("books.yaml"), &[]));
    let bundled = fs::read_to_string(project.join("openapi.json")).unwrap();
    assert!(bundled.contains("listAuthors") && !bundled.contains("authors.yaml"), "{bundled}");
    assert!(fs::read_to_string(project.join("src/document.rs")).unwrap().contains("../openapi.json"));
}

#[test]
fn what_is_wrong_is_said_with_a_hint() {
    let folder = folder("title: no document");
    let (project, spec) = (folder.path().join("books"), folder.path().join("books.yaml"));
    let output = refused(&stub(&project, &spec, &[]));
    assert!(output.contains("is not an OpenAPI document") && output.contains("hint: --spec takes"), "{output}");
    fs::write(&spec, DOCUMENT).unwrap();
    let output = refused(&stub(&project, &spec, &["--library", &folder.path().to_string_lossy()]));
    assert!(output.contains("has no folder openapi-server\nhint: --library takes"), "{output}");
    assert!(!project.exists());
}
