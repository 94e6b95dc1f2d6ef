//! CONTRIBUTING.md tells the truth, and a new operation takes nothing but its handler: in a copy of the project three operations are added,
//! two as the page says and one more, and each is then documented, enforced, compared, tested and mutation-tested. Stubs of three operations more,
//! and of generated ones, come back as the document that asked for them, and answer what it says of handlers that are not written yet.
//!
//! It is one test, since the copy is built once: a minute or two, most of it for the compiler and for the mutants.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

#[path = "../../../xtask/tests/generated/mod.rs"]
mod generated;
mod project;
mod stubs;
mod transcript;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use project::Project;

/// The operations that are added, each with its pointer and what it answers at best.
const ADDED: [(&str, &str, &str); 3] = [
    ("listLanguages", "/paths/~1languages/get", "200"),
    ("exportUsers", "/paths/~1exports/post", "202"),
    ("putLabel", "/paths/~1labels~1{labelName}/put", "200"),
];

#[tokio::test]
async fn three_operations_are_added_as_contributing_says() {
    let project = Project::copy();
    transcript::perform(&transcript::section("A new operation, code first"), &project);
    transcript::perform(&transcript::section("A new operation, document first"), &project);
    let [serve, test] = transcript::section("The whole check").try_into().unwrap();
    stubs::come_back_as_the_document(&project, serve.text).await;
    add_a_third(&project);

    let server = project.serve(serve.text);
    are_documented_and_enforced(&server.url).await;
    are_tested(&project, &test.text.replace("http://127.0.0.1:3000", &server.url));
    are_mutation_tested(&project);
}

/// A resource of its own with a body, whose handler this test brings along.
fn add_a_third(project: &Project) {
    project.write("src/api/labels.rs", include_str!("labels.rs"));
    project.replace("src/api/mod.rs", "\npub mod languages;\n", "\npub mod labels;\npub mod languages;\n");
    project.replace("src/api/mod.rs", "\n    languages::Languages,\n", "\n    labels::Labels,\n    languages::Languages,\n");
    let drift = project.run("cargo xtask spec --check");
    let missing = "only in the code: /paths/~1labels~1{labelName}  (at: PUT /labels/{labelName} (putLabel))";
    assert!(!drift.succeeded && drift.text.contains(missing), "{}", drift.text);
    project.sh("cargo xtask spec && cargo xtask spec --check");
    let touched = project.sh("git status --porcelain --untracked-files=all");
    let touched: BTreeSet<&str> = touched.lines().map(|line| line[3..].trim()).collect();
    let handlers = ["src/api/exports.rs", "src/api/labels.rs", "src/api/languages.rs"];
    assert_eq!(touched, handlers.into_iter().chain(["openapi.yaml", "src/api/mod.rs"]).collect());
    project.sh(&format!("! rustfmt --version || rustfmt --check --edition 2024 {}", handlers.join(" "))); // Where there is one.
}

async fn are_documented_and_enforced(url: &str) {
    let client = Client::new();
    let text = async |path: &str| client.get(format!("{url}{path}")).send().await.unwrap().text().await.unwrap();
    let document: Value = serde_saphyr::from_str(&text("/openapi.yaml").await).unwrap();
    for (id, pointer, success) in ADDED {
        let operation = document.pointer(pointer).unwrap_or_else(|| panic!("{id} is not documented"));
        assert_eq!((&operation["operationId"], operation["responses"].get(success).is_some()), (&json!(id), true));
    }
    let token = text("/docs/token").await;
    let send = async |method: Method, path: &str, token: &str, body: Option<Value>| {
        let mut request = client.request(method, format!("{url}{path}")).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, location) = (answer.status().as_u16(), answer.headers().contains_key("location"));
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
        let rules: Vec<_> = body["errors"].as_array().into_iter().flatten().map(|error| error["rule"].clone()).collect();
        (status, location, json!(rules))
    };
    let label = || Some(json!({ "text": "Very important" }));
    for (method, path, body) in
        [(Method::GET, "/languages", None), (Method::POST, "/exports", None), (Method::PUT, "/labels/vip", label())]
    {
        assert_eq!(send(method.clone(), path, "no token", body).await.0, 401, "{path}");
        assert_eq!(send(Method::TRACE, path, &token, None).await.0, 405, "{path}");
    }
    assert_eq!(send(Method::GET, "/languages?except=el&except=en", &token, None).await, (200, false, json!([])));
    assert_eq!(send(Method::GET, "/languages?except=el&except=de", &token, None).await, (400, false, json!(["enum"])));
    assert_eq!(send(Method::POST, "/exports", &token, None).await, (202, true, json!([])));
    assert_eq!(send(Method::PUT, "/labels/vip", &token, label()).await, (200, false, json!([])));
    assert_eq!(send(Method::PUT, "/labels/VIP", &token, label()).await, (400, false, json!(["pattern"])));
    let wrong = json!({ "text": "", "priority": 6, "color": "red" });
    let (status, _, rules) = send(Method::PUT, "/labels/vip", &token, Some(wrong)).await;
    let rules: BTreeSet<_> = rules.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!((status, rules), (400, BTreeSet::from(["additionalProperties", "maximum", "minLength"])));
}

/// The contract tests have cases for each operation, each answers its success, and every promise is kept.
fn are_tested(project: &Project, command: &str) {
    project.sh(&format!("{} --cases 100 --json report.json", command.trim_end()));
    let report: Value = serde_json::from_str(&project.read("report.json")).unwrap();
    assert_eq!(report["passed"], true);
    let operations: BTreeMap<_, _> =
        report["operations"].as_array().unwrap().iter().map(|operation| (operation["id"].as_str().unwrap(), operation)).collect();
    for (id, _, success) in ADDED {
        let operation = operations[id];
        for kind in ["boundary", "random", "protocol", "authentication"] {
            assert!(operation["cases"][kind].as_u64().is_some_and(|cases| cases > 0), "{id} has no cases: {kind}");
        }
        assert!(operation["answered"][success].as_u64().is_some_and(|answers| answers > 0), "{id} never answers {success}");
        assert_eq!((&operation["complete"], &operation["uncovered"]), (&json!(true), &json!([])), "{id}");
    }
}

/// Every rule of the three operations is changed, and the contract tests notice.
fn are_mutation_tested(project: &Project) {
    let mut document: Value = serde_saphyr::from_str(&project.read("openapi.yaml")).unwrap();
    document["paths"].as_object_mut().unwrap().retain(|path, _| !path.starts_with("/users"));
    assert_eq!(document["paths"].as_object().unwrap().len(), ADDED.len());
    fs::write(project.path("added.json"), document.to_string()).unwrap();
    let report: Value = serde_json::from_str(&project.sh("cargo run -p contract-tests -- mutants added.json --json")).unwrap();
    assert_eq!(report["killed"], report["total"]);
    let mutants = report["documents"][0]["mutants"].as_array().unwrap();
    let killed = mutants.iter().filter(|mutant| mutant["verdict"] == "killed");
    let killed: Vec<_> = killed.filter_map(|mutant| mutant["pointer"].as_str()).collect();
    for (id, pointer, _) in ADDED {
        assert!(killed.iter().any(|at| at.starts_with(pointer)), "no rule of {id} was changed: {killed:?}");
    }
}
