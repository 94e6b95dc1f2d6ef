//! What `cargo xtask stub` writes into this project for operations that its document has and its code lacks.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod generated;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use proptest::{prelude::*, test_runner::Config};
use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::{
    spec,
    stub::{
        StubError,
        here::{self, Plan},
    },
};

/// The folder of this project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The document of this project with three operations more, changed at will.
fn document(change: impl FnOnce(&mut Value)) -> String {
    let mut document: Value = serde_saphyr::from_str(&spec::expected().unwrap()).unwrap();
    generated::add(&mut document, &serde_saphyr::from_str(include_str!("documents/notes.yaml")).unwrap());
    change(&mut document);
    spec::render(&document).unwrap()
}

fn plan(document: &str) -> Plan {
    Plan::new(&root(), document).unwrap()
}

/// What is said where something cannot be carried, with its hint.
fn refused(change: impl FnOnce(&mut Value)) -> String {
    match Plan::new(&root(), &document(change)) {
        Err(error @ StubError::NotCarried { .. }) => format!("{error}\nhint: {}", error.hint()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn three_operations_become_one_file_and_two_lines() {
    let plan = plan(&document(|_| {}));
    let paths: Vec<_> = plan.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!((paths.as_slice(), plan.notes.as_slice()), (["src/api/notes.rs", "src/api/mod.rs"].as_slice(), [].as_slice()));
    assert_eq!(
        plan.report(),
        "new       src/api/notes.rs: GET /notes (listNotes), POST /notes (createNote), DELETE /notes/{noteId} (deleteNote)\n\
         extended  src/api/mod.rs: pub mod notes; notes::Notes,\n"
    );
    let is_there = Command::new("rustfmt").arg("--version").output().is_ok_and(|output| output.status.success());
    if is_there {
        insta::assert_snapshot!(plan.changes[0].after);
    } else {
        println!("skipped: without rustfmt the file has another layout");
    }
}

#[test]
fn a_document_that_the_code_has_asks_for_nothing() {
    let plan = plan(&spec::expected().unwrap());
    assert!(plan.changes.is_empty() && plan.notes.is_empty(), "{}", plan.report());
    assert_eq!(plan.diff(), "nothing to write: the code has every operation of the document that can be written\n");
}

#[test]
fn what_is_shared_need_not_be_written_and_what_is_written_is_kept() {
    // Both the document as a person writes it and the one that `cargo xtask spec` makes of it lead to the same code.
    let short = plan(&document(|_| {}));
    let long = plan(&document(|document| {
        document["paths"]["/notes"]["get"]["responses"]["401"] = json!({ "$ref": "#/components/responses/Unauthorized" });
        document["paths"]["/notes"]["get"]["responses"]["200"]["headers"] =
            json!({ "x-request-id": { "$ref": "#/components/headers/RequestId" } });
    }));
    assert_eq!(short.changes[0].after, long.changes[0].after);
}

#[test]
fn what_the_lift_adds_anyway_is_in_no_refinement() {
    let plan = plan(&document(|document| {
        document["components"]["schemas"]["NoteKind"].as_object_mut().unwrap().remove("examples");
        // The shape of the problem and no example: it would be that of another status.
        document["components"]["responses"].as_object_mut().unwrap().remove("NoteNotFound");
        document["paths"]["/notes/{noteId}"]["delete"]["responses"]["404"] = json!({
            "description": "There is no note with this id.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
        });
    }));
    let (code, refinements) = plan.changes[0].after.split_once("pub fn refinements()").unwrap();
    assert!(code.contains("/// There is no note with this id.\n    #[oai(status = 404)]\n    NotFound(Problem),"), "{code}");
    for unsaid in ["404", "NoteKind", "about:blank"] {
        assert!(!refinements.contains(unsaid), "{unsaid}: {refinements}");
    }
}

#[test]
fn what_differs_in_code_of_a_person_is_printed() {
    let plan = plan(&document(|document| {
        document["components"]["schemas"]["CreateUser"]["properties"]["firstName"]["maxLength"] = json!(80);
        document["components"]["schemas"]["Lonely"] = json!({ "type": "string" });
    }));
    let first =
        "by hand   different: /components/schemas/CreateUser/properties/firstName/maxLength  (at: POST /users (createUser))";
    let lonely = "by hand   only in openapi.yaml: /components/schemas/Lonely  (at: no operation)";
    let mut notes = plan.notes.clone();
    notes.sort();
    assert_eq!(notes, [first, lonely]);
}

#[test]
fn an_operation_of_a_path_that_has_others_is_printed() {
    let plan = plan(&document(|document| {
        let mut delete = document["paths"]["/notes/{noteId}"]["delete"].clone();
        delete["operationId"] = json!("deleteAllUsers");
        delete["tags"] = json!(["users"]);
        delete.as_object_mut().unwrap().remove("parameters");
        document["paths"]["/users"]["delete"] = delete;
    }));
    let [note] = plan.notes.as_slice() else { panic!("{:?}", plan.notes) };
    let file = "by hand   src/api/users/mod.rs: it has other operations of this path, so add DELETE /users (deleteAllUsers):";
    assert!(note.starts_with(file), "{note}");
    assert!(note.contains("async fn delete_all_users(") && note.contains("pub enum DeleteAllUsersResponse"), "{note}");
    assert_eq!(plan.changes.len(), 2, "the others are written");
}

#[test]
fn an_operation_of_a_resource_that_has_a_file_gets_a_file_of_its_own() {
    let plan = plan(&document(|document| {
        document["paths"]["/notes/{noteId}"]["delete"]["tags"] = json!(["users"]);
    }));
    let paths: Vec<_> = plan.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["src/api/notes.rs", "src/api/delete_note.rs", "src/api/mod.rs"]);
    assert!(plan.changes[2].after.contains("    delete_note::DeleteNote,\n}\n"));
}

#[test]
fn what_cannot_be_carried_is_named() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 12] = [
        (|it| it["paths"]["/notes"]["get"]["tags"] = json!(["notes", "users"]), "/paths/~1notes/get/tags: is not one tag"),
        (|it| it["paths"]["/notes"]["get"]["operationId"] = Value::Null, "/paths/~1notes/get: has no operationId"),
        (|it| it["paths"]["/notes"]["parameters"] = json!([]), "/paths/~1notes/parameters: poem-openapi has only operations"),
        (
            |it| it["paths"]["/notes"]["get"]["security"] = json!([{ "bearerAuth": ["read:notes"] }]),
            "/paths/~1notes/get/security: the code has no scope read:notes",
        ),
        (
            |it| it["paths"]["/notes"]["get"]["parameters"][0]["in"] = json!("cookie"),
            "/paths/~1notes/get/parameters/0/in: a cookie",
        ),
        (
            |it| it["paths"]["/notes"]["post"]["requestBody"]["required"] = json!(false),
            "/paths/~1notes/post/requestBody: is not required",
        ),
        (
            |it| it["paths"]["/notes"]["post"]["requestBody"]["content"] = json!({ "text/plain": {} }),
            "/paths/~1notes/post/requestBody/content: is neither",
        ),
        (
            |it| it["paths"]["/notes"]["get"]["responses"]["default"] = json!({ "description": "Else." }),
            "/paths/~1notes/get/responses/default: is not one status",
        ),
        (
            |it| it["components"]["schemas"]["NoteKind"] = json!({ "type": "integer" }),
            "/components/schemas/NoteKind: poem-openapi has no type with a name for this",
        ),
        (
            |it| it["components"]["schemas"]["Note"]["properties"]["text"] = json!({ "type": "object", "properties": {} }),
            "/components/schemas/Note/properties/text: an object without a name",
        ),
        // A merge patch cannot set null.
        (
            |it| it["components"]["schemas"]["Note"]["properties"]["text"]["default"] = Value::Null,
            "/components/schemas/Note/properties/text/default: neither the types",
        ),
        (|it| it["tags"][1]["externalDocs"] = json!({ "url": "/" }), "/tags/1/externalDocs: a refinement cannot reach"),
    ];
    for (change, expected) in cases {
        let said = refused(change);
        assert!(said.starts_with(expected) && said.contains("\nhint: "), "{said}\nis not\n{expected}");
    }
}

/// A folder with the sources that the command reads and writes, and a document.
fn project(document: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in ["src/api/mod.rs", "src/api/users/mod.rs", "src/api/users/wire.rs"] {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(root().join(file), path).unwrap();
    }
    fs::write(folder.path().join("openapi.yaml"), document).unwrap();
    folder
}

#[test]
fn operations_of_other_documents_are_carried_or_named_with_the_place() {
    let own: Value = serde_saphyr::from_str(&spec::expected().unwrap()).unwrap();
    let (mut carried, mut named) = (0, 0);
    for (name, asked) in generated::adapted::operations() {
        let mut document = own.clone();
        generated::add(&mut document, &asked);
        match Plan::new(&root(), &spec::render(&document).unwrap()) {
            Ok(plan) => {
                assert_eq!((plan.changes.len(), plan.notes.as_slice()), (2, [].as_slice()), "{name}: {}", plan.report());
                carried += 1;
            }
            Err(StubError::NotCarried { pointer, .. }) => {
                assert!(document.pointer(&pointer).is_some(), "{name}: {pointer}");
                named += 1;
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }
    assert!(carried >= 10 && named >= 10, "{carried} are carried, {named} are not");
}

/// Whether they come back from the compiler is tested where a project is compiled anyway, beside CONTRIBUTING.md.
#[test]
fn generated_documents_are_carried() {
    let config = Config { cases: 40, max_shrink_iters: 100, failure_persistence: None, ..Config::default() };
    let own: Value = serde_saphyr::from_str(&spec::expected().unwrap()).unwrap();
    proptest!(config, |(asked in generated::documents(1))| {
        let mut document = own.clone();
        generated::add(&mut document, &asked);
        let plan = Plan::new(&root(), &spec::render(&document).unwrap()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(plan.notes.is_empty(), "{}", plan.report());
        prop_assert_eq!(plan.changes.len(), 2);
    });
}

#[test]
fn a_dry_run_shows_the_difference_and_writes_nothing() {
    let folder = project(&document(|_| {}));
    let spec = folder.path().join("openapi.yaml");
    let before = fs::read_to_string(folder.path().join("src/api/mod.rs")).unwrap();
    let shown = here::run(folder.path(), &spec, true).unwrap();
    assert!(shown.starts_with("--- /dev/null\n+++ src/api/notes.rs\n@@ -0,0 +1,"), "{shown}");
    assert!(shown.contains("--- src/api/mod.rs\n") && shown.contains("\n+pub mod notes;\n"), "{shown}");
    assert_eq!(fs::read_to_string(folder.path().join("src/api/mod.rs")).unwrap(), before);
    assert!(!folder.path().join("src/api/notes.rs").exists());
}

#[test]
fn a_file_that_is_there_is_never_written_over() {
    // The second run of a program that was built before the first one.
    let folder = project(&document(|_| {}));
    let spec = folder.path().join("openapi.yaml");
    here::run(folder.path(), &spec, false).unwrap();
    let [notes, modules] = ["src/api/notes.rs", "src/api/mod.rs"].map(|file| folder.path().join(file));
    let written = [&notes, &modules].map(|file| fs::read_to_string(file).unwrap());
    let error = here::run(folder.path(), &spec, false).unwrap_err();
    assert!(error.to_string().contains("src/api/notes.rs has this operation already"), "{error}");
    assert_eq!([&notes, &modules].map(|file| fs::read_to_string(file).unwrap()), written);
}

#[test]
fn what_is_no_yaml_or_no_rust_is_said_with_a_hint() {
    let folder = project("openapi: [");
    let spec = folder.path().join("openapi.yaml");
    let error = here::run(folder.path(), &spec, false).unwrap_err();
    assert!(matches!(error, StubError::NotYaml(_)) && error.hint().contains("spec --check"), "{error}");
    fs::write(&spec, document(|_| {})).unwrap();
    fs::write(folder.path().join("src/api/users/wire.rs"), "pub struct {").unwrap();
    let error = here::run(folder.path(), &spec, false).unwrap_err();
    assert!(matches!(error, StubError::NotRust { .. }) && error.to_string().contains("wire.rs"), "{error}");
}
