//! A project that exists already: what is new in the document is added, and what a person has written stays.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod support;

use std::{collections::BTreeMap, fs, path::Path};

use openapi_stub::{Plan, Reason, Write};
use tempfile::TempDir;

const BEFORE: &str = "
openapi: 3.1.0
info: { title: Books, version: '1' }
paths:
  /books:
    get: { operationId: listBooks, tags: [books], responses: { '204': { description: None. } } }
    post: { operationId: addBook, tags: [books], responses: { '204': { description: Added. } } }
  /authors:
    get: { operationId: listAuthors, tags: [authors], responses: { '204': { description: None. } } }
components: { schemas: { Book: { type: object, properties: { title: { type: string } } } } }
";

const AFTER: &str = "
openapi: 3.1.0
info: { title: Books, version: '2' }
paths:
  /books:
    get: { operationId: listBooks, tags: [books], responses: { '204': { description: None. } } }
    post:
      operationId: addBook
      tags: [books]
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Book' } } } }
      responses: { '204': { description: Added. } }
    delete: { operationId: removeBooks, tags: [books], responses: { '204': { description: Removed. } } }
  /shops:
    get: { operationId: listShops, tags: [shops], responses: { '204': { description: None. } } }
components: { schemas: { Book: { type: object, properties: { title: { type: string }, pages: { type: integer } } } } }
";

/// Brings the folder up to date.
fn run(folder: &Path, text: &str) -> Plan {
    let plan = Plan::new(folder, &support::files(text)).unwrap();
    plan.apply(folder).unwrap();
    plan
}

fn project() -> TempDir {
    let folder = TempDir::new().unwrap();
    run(folder.path(), BEFORE);
    folder
}

fn edit(folder: &TempDir, path: &str, from: &str, to: &str) {
    let text = read(folder, path);
    assert!(text.contains(from), "{from:?} is not in {path}");
    fs::write(folder.path().join(path), text.replace(from, to)).unwrap();
}

fn read(folder: &TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join(path)).unwrap()
}

fn reasons(plan: &Plan) -> BTreeMap<&str, &Reason> {
    plan.writes.iter().map(|Write { path, reason, .. }| (path.as_str(), reason)).collect()
}

fn notes(plan: &Plan) -> Vec<String> {
    plan.notes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_second_run_changes_nothing() {
    let folder = project();
    let plan = run(folder.path(), BEFORE);
    assert_eq!((plan.writes, plan.notes), (vec![], vec![]));
}

#[test]
fn a_plan_that_is_not_applied_writes_nothing() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("project");
    assert!(!Plan::new(&target, &support::files(BEFORE)).unwrap().writes.is_empty());
    assert!(!target.exists());
}

#[test]
fn what_is_new_in_the_document_is_added() {
    let folder = project();
    let plan = run(folder.path(), AFTER);
    let extended = Reason::Extended(vec!["remove_books".to_owned()]);
    let expected = BTreeMap::from([
        (".openapi-stub", &Reason::Changed),
        ("openapi.yaml", &Reason::Changed),
        ("src/api/books.rs", &extended),
        ("src/api/mod.rs", &Reason::Changed),
        ("src/api/shops.rs", &Reason::New),
        ("src/types.rs", &Reason::Changed),
    ]);
    assert_eq!(reasons(&plan), expected);
    assert!(read(&folder, "src/types.rs").contains("pub pages"));
    assert_eq!(run(folder.path(), AFTER).writes, []);
}

#[test]
fn what_handlers_and_document_do_not_share_is_told() {
    let folder = project();
    let expected = [
        "differs   src/api/books.rs: add_book does not take Body<types::Book>",
        "gone      src/api/authors.rs: the document has no operation for list_authors there",
    ];
    assert_eq!(notes(&run(folder.path(), AFTER)), expected);
}

#[test]
fn written_handlers_stay_byte_for_byte() {
    let folder = project();
    edit(&folder, "src/api/books.rs", "Err(not_written(\"listBooks\"))", "Ok( Empty ) // Written.");
    let before = read(&folder, "src/api/books.rs");
    run(folder.path(), AFTER);
    let after = read(&folder, "src/api/books.rs");
    assert!(after.starts_with(&before) && after.ends_with("}\n"), "{after}");
    assert!(after[before.len()..].contains("pub async fn remove_books()"), "{after}");
}

#[test]
fn an_edited_file_stays_and_what_is_new_stands_beside_it() {
    let folder = project();
    edit(&folder, "src/types.rs", "pub title", "pub my_title");
    let edited = read(&folder, "src/types.rs");
    assert_eq!(run(folder.path(), BEFORE).writes, [], "there is nothing new to say");
    let plan = run(folder.path(), AFTER);
    assert_eq!(reasons(&plan).get("src/types.rs.new"), Some(&&Reason::Beside));
    assert_eq!(read(&folder, "src/types.rs"), edited);
    assert!(read(&folder, "src/types.rs.new").contains("pub pages"));
    assert_eq!(run(folder.path(), AFTER).writes, [], "it is told once");
}

#[test]
fn a_formatted_file_is_not_an_edited_one() {
    let folder = project();
    edit(&folder, "src/types.rs", "{", "\n{\n");
    assert_eq!(reasons(&run(folder.path(), AFTER)).get("src/types.rs"), Some(&&Reason::Changed));
}

#[test]
fn an_edited_document_is_not_overwritten() {
    let folder = project();
    edit(&folder, "openapi.yaml", "title: Books", "title: My books");
    assert_eq!(run(folder.path(), BEFORE).writes, []);
    assert_eq!(reasons(&run(folder.path(), AFTER)).get("openapi.yaml.new"), Some(&&Reason::Beside));
    assert!(read(&folder, "openapi.yaml").contains("My books"));
}

#[test]
fn the_projects_own_document_may_be_the_one_that_is_given() {
    let folder = project();
    fs::write(folder.path().join("openapi.yaml"), AFTER).unwrap();
    let plan = run(folder.path(), AFTER);
    assert!(!reasons(&plan).contains_key("openapi.yaml") && reasons(&plan).contains_key("src/types.rs"));
    assert_eq!(run(folder.path(), BEFORE).writes.iter().filter(|write| write.path == "openapi.yaml").count(), 1);
}

#[test]
fn handlers_that_are_no_rust_stay() {
    let folder = project();
    edit(&folder, "src/api/books.rs", "pub async fn", "pub async");
    let plan = run(folder.path(), AFTER);
    assert!(notes(&plan)[0].starts_with("unread    src/api/books.rs: "), "{:?}", plan.notes);
    assert_eq!(reasons(&plan).get("src/api/books.rs.new"), Some(&&Reason::Beside));
}

#[test]
fn what_belongs_to_the_project_is_never_written_again() {
    let folder = project();
    for path in
        ["Cargo.toml", "README.md", "Dockerfile", ".gitignore", "src/main.rs", "src/lib.rs", "src/answer.rs", "tests/contract.rs"]
    {
        fs::write(folder.path().join(path), "mine").unwrap();
    }
    run(folder.path(), AFTER);
    assert_eq!(read(&folder, "Cargo.toml"), "mine");
    assert_eq!(read(&folder, "src/lib.rs"), "mine");
    assert_eq!(read(&folder, "src/answer.rs"), "mine");
}
