//! The round trip of `cargo xtask stub`: the document says more, the stub is written and compiled, and the document that the code stands for
//! then is the one that asked for it. Called before they are written, the handlers answer the 501 that the document has for them.

use std::{collections::BTreeSet, env};

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngSeed, TestRunner},
};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{generated, project::Project};

/// The command as it was built last; `cargo xtask` would build it again, since the document is part of it.
const XTASK: &str = "\"$CARGO_TARGET_DIR/debug/xtask\"";

/// Three operations, those of other documents that are carried, and generated resources: the same ones in each run, unless `STUB_SEED` is
/// another number.
fn asked(project: &Project, own: &Value) -> Value {
    let mut asked: Value = serde_saphyr::from_str(include_str!("../../../xtask/tests/documents/notes.yaml")).unwrap();
    let operations = generated::adapted::operations();
    let all = operations.len();
    let carried = operations.into_iter().filter(|(_, more)| {
        let mut document = own.clone();
        generated::add(&mut document, more);
        project.write("openapi.yaml", &serde_saphyr::to_string(&document).unwrap());
        project.run(&format!("{XTASK} stub --dry-run")).succeeded
    });
    let carried: Vec<_> = carried.collect();
    assert!(carried.len() >= 10, "{} of {all}", carried.len());
    carried.iter().for_each(|(_, more)| generated::add(&mut asked, more));
    let seed = env::var("STUB_SEED").map_or(0, |seed| seed.parse().unwrap());
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() });
    generated::add(&mut asked, &generated::documents(8).new_tree(&mut runner).unwrap().current());
    asked
}

/// Adds operations of different shapes to the document, and their stubs to the code; and takes both away again.
pub async fn come_back_as_the_document(project: &Project, serve: &str) {
    let [openapi, modules] = ["openapi.yaml", "src/api/mod.rs"].map(|file| (file, project.read(file)));
    let mut document: Value = serde_saphyr::from_str(&openapi.1).unwrap();
    let asked = asked(project, &document);
    generated::add(&mut document, &asked);
    project.write("openapi.yaml", &serde_saphyr::to_string(&document).unwrap());

    let written = project.sh(&format!("{XTASK} stub"));
    let files: Vec<&str> =
        written.lines().filter_map(|line| line.strip_prefix("new       ")?.split_once(": ")).map(|(file, _)| file).collect();
    let tags: Vec<_> = asked["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(files, tags.iter().map(|tag| format!("src/api/{tag}.rs")).collect::<Vec<_>>(), "{written}");
    let files = files.join(" ");
    project.sh(&format!("! rustfmt --version || rustfmt --check --edition 2024 {files}")); // Where there is one.

    // This compiles it. What only the document has, or has otherwise, would be lost when the document is written from the code.
    let built = project.run("cargo xtask spec");
    assert!(built.succeeded && !built.text.contains("warning"), "{}", built.text);
    let code: Value = serde_saphyr::from_str(&project.read("openapi.yaml")).unwrap();
    for pointer in ["/paths", "/components/schemas", "/components/responses"] {
        assert_carried(asked.pointer(pointer).unwrap(), code.pointer(pointer).unwrap(), pointer, true);
    }
    let tags = code["tags"].as_array().unwrap();
    assert!(asked["tags"].as_array().unwrap().iter().all(|tag| tags.contains(tag)), "{tags:?}");
    assert_eq!(project.sh(&format!("{XTASK} spec --check")), "openapi.yaml: fresh\n");

    answer_that_they_are_not_written(&project.serve(serve).url, &code).await;

    let state = "git status --porcelain && cat openapi.yaml src/api/*.rs";
    let before = project.sh(state);
    let again = project.sh(&format!("{XTASK} stub"));
    assert!(again.starts_with("nothing to write"), "{again}");
    assert_eq!(project.sh(state), before);

    for (file, text) in [openapi, modules] {
        project.write(file, &text);
    }
    project.sh(&format!("rm {files}"));
}

/// Every stub is routed and held to its document like any operation, and what it answers is documented: the server checks its own answers.
async fn answer_that_they_are_not_written(url: &str, document: &Value) {
    let client = Client::new();
    let token = client.get(format!("{url}/docs/token")).send().await.unwrap().text().await.unwrap();
    let send = async |method: &Method, path: &str, body: Option<&Value>, token: &str| {
        let mut request = client.request(method.clone(), format!("{url}{path}")).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let media_type = answer.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), media_type.unwrap_or_default(), answer.json::<Value>().await.unwrap_or_default())
    };
    let note = document["components"]["schemas"]["CreateNote"]["examples"][0].clone();
    let stubs = [
        ("listNotes", Method::GET, "/notes", "/notes".to_owned(), None),
        ("createNote", Method::POST, "/notes", "/notes".to_owned(), Some(&note)),
        ("deleteNote", Method::DELETE, "/notes/{noteId}", "/notes/64f0c51e7fb3fc001234c001".to_owned(), None),
    ];
    for (id, method, template, path, body) in stubs {
        let documented = &document["paths"][template][method.as_str().to_lowercase()]["responses"]["501"]["$ref"];
        let documented =
            documented.as_str().and_then(|at| document.pointer(&at[1..])).unwrap_or_else(|| panic!("{id} has no 501"));
        let mut expected = documented["content"]["application/problem+json"]["example"].clone();
        expected["message"] = json!(format!("{id} is not written yet."));
        let answer = send(&method, &path, body, &token).await;
        assert_eq!(answer, (501, "application/problem+json".to_owned(), expected), "{id}");
        assert_eq!(send(&method, &path, body, "no token").await.0, 401, "{id}");
    }
    let mut wrong = note.clone();
    wrong["text"] = json!("");
    let (status, _, refused) = send(&Method::POST, "/notes", Some(&wrong), &token).await;
    assert_eq!((status, &refused["errors"][0]["rule"]), (400, &json!("minLength")), "{refused}");
}

/// Nothing is lost and nothing is added but what need not be written. The names around what was asked for may have others beside them.
fn assert_carried(asked: &Value, code: &Value, pointer: &str, has_others: bool) {
    match (asked, code) {
        (Value::Object(asked), Value::Object(code)) => {
            for (key, value) in asked {
                let at = format!("{pointer}/{}", key.replace('/', "~1"));
                assert_carried(value, code.get(key).unwrap_or_else(|| panic!("{at} is lost")), &at, false);
            }
            for (key, value) in code.iter().filter(|(key, _)| !has_others && !asked.contains_key(*key)) {
                let is_shared = match key.as_str() {
                    "example" | "examples" => true,
                    "required" => *value == json!(false),
                    "headers" => value.as_object().unwrap().keys().eq(["x-request-id"]),
                    "x-request-id" => true,
                    status => {
                        status.parse::<u16>().is_ok() && value["$ref"].as_str().is_some_and(|at| at.contains("/responses/"))
                    }
                };
                assert!(is_shared, "{pointer}/{key} is new: {value}");
            }
        }
        (Value::Array(asked), Value::Array(code)) if pointer.ends_with("/required") => {
            let [asked, code] = [asked, code].map(|names| names.iter().map(Value::as_str).collect::<BTreeSet<_>>());
            assert_eq!(asked, code, "{pointer}");
        }
        (Value::Array(asked), Value::Array(code)) if asked.len() == code.len() => {
            for (index, (asked, code)) in asked.iter().zip(code).enumerate() {
                assert_carried(asked, code, &format!("{pointer}/{index}"), false);
            }
        }
        _ => assert_eq!(asked, code, "{pointer}"),
    }
}
