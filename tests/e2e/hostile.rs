//! Strings that have broken other programs: everything is answered as documented, and the server goes on.

use std::collections::BTreeMap;

use naughty_strings::BLNS;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, complete, minimal, send};

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
        if let Ok(value) = reqwest::header::HeaderValue::from_bytes(text.as_bytes()) {
            let header = send(app.request(Method::GET, "/users").header("authorization", &value)).await;
            header.assert_problem(401, "UNAUTHORIZED");
            let id = send(get("/users".to_owned()).header("x-request-id", &value)).await;
            assert_eq!(id.status, 200, "x-request-id {text:?}");
        }
    }
}
