//! Drifts, planted on either side, are found, shown and named; and the exit status says which kind of trouble it is.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use users_api::api;
use xtask::{
    drift, generators,
    lift::lift,
    spec::{self, Verdict},
};

/// The text of the document with these operations only, and with what they refer to: whoever adds another one changes no report here.
fn text(mut document: Value) -> String {
    const OPERATIONS: [&str; 6] = ["createUser", "listUsers", "getUser", "updateUser", "deleteUser", "ping"];
    let is_kept = |operation: &Value| operation["operationId"].as_str().is_some_and(|id| OPERATIONS.contains(&id));
    let paths = document["paths"].as_object_mut().unwrap();
    paths.values_mut().for_each(|item| item.as_object_mut().unwrap().retain(|_, operation| is_kept(operation)));
    paths.retain(|_, item| item.as_object().is_some_and(|item| !item.is_empty()));
    document["tags"].as_array_mut().unwrap().retain(|tag| tag["name"].as_str().unwrap().starts_with("users"));
    let mut before = Value::Null;
    while before != document {
        before = document.clone();
        let text = before.to_string();
        for (section, components) in document["components"].as_object_mut().unwrap() {
            let is_used = |name: &str| section == "securitySchemes" || text.contains(&format!("#/components/{section}/{name}\""));
            components.as_object_mut().unwrap().retain(|name, _| is_used(name));
        }
    }
    spec::render(&document).unwrap()
}

/// The report on a committed document that differs from the code's by a hand's edit.
fn edited(edit: impl FnOnce(&str) -> String) -> String {
    let expected = text(serde_saphyr::from_str(&spec::expected().unwrap()).unwrap());
    let found = edit(&expected);
    assert_ne!(found, expected, "the edit changes nothing");
    drift::report(&found, &expected)
}

fn replaced(from: &str, to: &str) -> String {
    edited(|document| {
        assert!(document.contains(from), "{from:?} is not in the document");
        document.replacen(from, to, 1)
    })
}

/// The report on code that has changed while the document has not.
fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut derived = api::derived_document().unwrap();
    let before = derived.clone();
    change(&mut derived);
    assert_ne!(derived, before, "the change changes nothing");
    let [found, expected] = [before, derived].map(|derived| text(lift(derived, &api::refinements())));
    drift::report(&found, &expected)
}

#[test]
fn a_changed_type() {
    let property = "/components/schemas/CreateUser/properties/firstName";
    insta::assert_snapshot!(changed(|derived| derived.pointer_mut(property).unwrap()["maxLength"] = json!(80)));
}

#[test]
fn a_new_required_property() {
    insta::assert_snapshot!(changed(|derived| {
        let address = derived.pointer_mut("/components/schemas/Address").unwrap();
        address["properties"]["region"] = json!({ "type": "string", "description": "Region or state." });
        address["required"].as_array_mut().unwrap().push(json!("region"));
    }));
}

#[test]
fn a_new_scope() {
    insta::assert_snapshot!(changed(|derived| {
        let security = derived.pointer_mut("/paths/~1users/post/security/0/bearerAuth").unwrap();
        *security = json!(["write:users", "admin"]);
    }));
}

#[test]
fn a_new_tag_and_a_new_parameter_move_no_other() {
    let report = changed(|derived| {
        derived["tags"].as_array_mut().unwrap().insert(0, json!({ "name": "users-of-old", "description": "First." }));
        let parameters = derived.pointer_mut("/paths/~1users/get/parameters").unwrap().as_array_mut().unwrap();
        parameters.insert(0, json!({ "name": "first", "in": "query", "schema": { "type": "string" } }));
    });
    let places: Vec<_> = report.lines().skip(2).take_while(|line| !line.is_empty()).collect();
    let list = "/paths/~1users/get/parameters/first  (at: GET /users (listUsers))";
    assert_eq!(places, ["  only in the code: /tags/users-of-old  (at: no operation)", &format!("  only in the code: {list}")]);
}

#[test]
fn a_problem_that_is_written_out_is_no_difference() {
    let expected: Value = serde_saphyr::from_str(&spec::expected().unwrap()).unwrap();
    let mut found = expected.clone();
    let response = found.pointer_mut("/paths/~1users/post/responses/409").unwrap();
    let content = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    *response = json!({ "description": response["description"], "content": content });
    assert_eq!(drift::differences(&found, &expected).len(), 0);
    found["paths"]["/users"]["post"]["responses"]["409"]["description"] = json!("Taken.");
    assert_eq!(drift::differences(&found, &expected).len(), 1);
}

#[test]
fn a_new_operation() {
    insta::assert_snapshot!(changed(|derived| {
        derived["paths"]["/ping"] =
            json!({ "get": { "operationId": "ping", "responses": { "204": { "description": "Here." } } } });
    }));
}

#[test]
fn a_removed_rule() {
    let country = "          description: Country, as a two-letter ISO 3166-1 code.\n";
    insta::assert_snapshot!(replaced(&format!("{country}          pattern: ^[A-Z]{{2}}$\n"), country));
}

#[test]
fn a_removed_property() {
    let line2 = "        line2:\n          type: string\n          description: Flat, floor or building.\n          minLength: 1\n          \
                 examples:\n          - Third floor\n";
    insta::assert_snapshot!(replaced(line2, ""));
}

#[test]
fn a_changed_bound() {
    insta::assert_snapshot!(replaced("maxLength: 100", "maxLength: 255"));
}

#[test]
fn a_changed_description() {
    insta::assert_snapshot!(replaced("description: Given name.", "description: First name."));
}

#[test]
fn a_changed_shared_response() {
    insta::assert_snapshot!(replaced("minimum: 0", "minimum: 1"));
}

#[test]
fn a_comment() {
    insta::assert_snapshot!(replaced("components:\n", "# What the operations share.\ncomponents:\n"));
}

#[test]
fn no_yaml() {
    insta::assert_snapshot!(replaced("openapi: ", "\topenapi: "));
}

fn xtask(arguments: &[&str], file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).arg("--file").arg(file).output().unwrap()
}

fn file(folder: &TempDir, content: &str) -> PathBuf {
    let path = folder.path().join("openapi.yaml");
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn the_committed_document_is_fresh() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.yaml");
    if let Verdict::Drift(report) = spec::check(&committed).unwrap() {
        panic!("{report}");
    }
}

#[test]
fn fresh_is_0_and_says_so() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, &spec::expected().unwrap());
    let output = xtask(&["spec", "--check"], &path);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    assert_eq!(output.stdout, b"openapi.yaml: fresh\n");
}

#[test]
fn drift_is_1_with_the_report_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let expected = spec::expected().unwrap();
    let edited = expected.replacen("maxLength: 100", "maxLength: 255", 1);
    let path = file(&folder, &edited);
    let output = xtask(&["spec", "--check"], &path);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), drift::report(&edited, &expected));
    assert_eq!(fs::read_to_string(&path).unwrap(), edited);

    // What the report says mends it.
    assert_eq!(xtask(&["spec"], &path).status.code(), Some(0));
    assert_eq!(xtask(&["spec", "--check"], &path).status.code(), Some(0));
}

#[test]
fn generators_of_clients_understand_the_document() {
    let document: Value = serde_saphyr::from_str(&spec::expected().unwrap()).unwrap();
    assert_eq!(generators::obstacles(&document), []);
}

#[test]
fn a_checkout_with_crlf_is_fresh_and_its_drift_is_still_found() {
    let folder = TempDir::new().unwrap();
    let crlf = spec::expected().unwrap().replace('\n', "\r\n");
    assert_eq!(spec::check(&file(&folder, &crlf)).unwrap(), Verdict::Fresh);
    let edited = crlf.replacen("maxLength: 100", "maxLength: 99", 1);
    let Verdict::Drift(report) = spec::check(&file(&folder, &edited)).unwrap() else { panic!("the drift is not found") };
    assert!(report.contains("-          maxLength: 99") && !report.contains('\r'), "{report}");
}

#[test]
fn what_cannot_run_is_2() {
    let folder = TempDir::new().unwrap();
    let missing = xtask(&["spec", "--check"], &folder.path().join("missing.yaml"));
    let said = String::from_utf8(missing.stderr).unwrap();
    assert_eq!(missing.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: ") && said.contains("missing.yaml") && said.contains("hint: `cargo xtask spec`"), "{said}");
    assert_eq!(xtask(&["spec"], &folder.path().join("no/such/folder.yaml")).status.code(), Some(2));
    assert_eq!(xtask(&["spek"], &folder.path().join("openapi.yaml")).status.code(), Some(2));
}

#[test]
fn writing_makes_a_missing_document() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("openapi.yaml");
    assert_eq!(xtask(&["spec"], &path).stdout, b"openapi.yaml: written\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), spec::expected().unwrap());
    assert_eq!(xtask(&["spec"], &path).stdout, b"openapi.yaml: fresh, unchanged\n");
}

#[test]
fn the_lift_gives_the_same_every_time_and_changes_nothing_the_second_time() {
    let once = lift(api::derived_document().unwrap(), &api::refinements());
    let again = lift(api::derived_document().unwrap(), &api::refinements());
    let twice = lift(once.clone(), &api::refinements());
    let once = spec::render(&once).unwrap();
    for other in [again, twice] {
        let other = spec::render(&other).unwrap();
        assert!(once == other, "{}", drift::report(&once, &other));
    }
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let document = lift(api::derived_document().unwrap(), &api::refinements());
    let read: Value = serde_saphyr::from_str(&spec::render(&document).unwrap()).unwrap();
    assert_eq!(read, document);
}
