//! The documented example gives the documented response.

use serde_json::{Value, json};
use users_api::{
    api,
    store::{Inspect, UserStore},
};

use crate::app::{App, complete, minimal, send};

#[tokio::test]
async fn the_documented_request_gives_the_documented_response() {
    let app = App::start().await;
    let document = api::document().unwrap().value().clone();
    let operation = &document["paths"]["/users"]["post"];
    let request = &operation["requestBody"]["content"]["application/json"]["example"];
    let documented = &operation["responses"]["201"]["content"]["application/json"]["example"];

    let answer = app.create(request).await;
    answer.assert_created();

    // What the server decides differs; everything else is the same, and in the same order.
    let mut found = answer.body.clone();
    assert_eq!(found["createdAt"], found["updatedAt"]);
    assert_eq!(answer.header("location"), format!("/users/{}", found["id"].as_str().unwrap()));
    for decided in ["id", "createdAt", "updatedAt"] {
        found[decided] = documented[decided].clone();
    }
    assert_eq!(found.to_string(), documented.to_string());
}

#[tokio::test]
async fn the_response_and_the_store_hold_what_was_sent() {
    let app = App::start().await;
    for request in [minimal("min@example.com"), complete("max@example.com")] {
        let answer = app.create(&request).await;
        answer.assert_created();
        let mut expected = request.clone();
        let object = expected.as_object_mut().unwrap();
        if let Some(nationality) = object.remove("nationality") {
            object.insert("nationalities".to_owned(), json!([nationality]));
        }
        for (property, value) in object {
            assert_eq!(&answer.body[property], value, "{property}");
        }
        assert_eq!(answer.body["portfolios"], json!([]));
        let stored = app.store.find(answer.body["id"].as_str().unwrap()).await.unwrap().unwrap();
        assert_eq!(serde_json::to_value(stored).unwrap(), answer.body);
    }
}

#[tokio::test]
async fn times_are_utc_to_the_millisecond_at_most() {
    let app = App::start().await;
    let before = chrono::Utc::now().timestamp_millis();
    let answer = app.create(&minimal("a@example.com")).await;
    let after = chrono::Utc::now().timestamp_millis();
    let text = answer.body["createdAt"].as_str().unwrap();
    assert!(text.ends_with('Z') && text.len() <= "2024-10-03T10:30:00.000Z".len(), "{text}");
    let created = chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
    assert!((before..=after).contains(&created));
}

#[tokio::test]
async fn an_email_has_one_user_in_any_letter_case() {
    let app = App::start().await;
    let first = app.create(&minimal("John.Doe@Example.com")).await;
    first.assert_created();
    assert_eq!(first.body["email"], "John.Doe@Example.com", "returned as it was sent");
    for again in ["John.Doe@Example.com", "john.doe@example.com", "JOHN.DOE@EXAMPLE.COM"] {
        let answer = app.create(&minimal(again)).await;
        answer.assert_problem(409, "CONFLICT");
        answer.assert_refused(&["/email unique"]);
    }
    app.create(&minimal("john.doe2@example.com")).await.assert_created();
    assert_eq!(app.store.count().await.unwrap(), 2);
}

#[tokio::test]
async fn a_refused_request_changes_nothing() {
    let app = App::start().await;
    app.create(&minimal("a@example.com")).await.assert_created();
    let before = app.store.snapshot().await.unwrap();
    let bodies: [Value; 3] = [json!({}), minimal("not an email"), minimal("A@example.com")];
    for body in bodies {
        assert!(app.create(&body).await.status >= 400);
    }
    assert_eq!(send(app.post().body("{")).await.status, 400);
    assert_eq!(app.store.snapshot().await.unwrap(), before);
}
