//! Which access tokens are accepted: the local issuer's, and those of an issuer with a key set.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp, jwk::Jwk};
use openapi_server::auth::LocalIssuerError;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use users_api::{
    auth::{Issuer, LocalIssuer},
    server::ServerError,
    store::{Inspect, MemoryStore},
};

use crate::{
    app::{Answer, App, config, minimal, send},
    issuer::{AUDIENCE, RealIssuer},
};

async fn present(app: &App, token: &str) -> Answer {
    let user = minimal(&format!("user{}@example.com", app.store.count().await.unwrap()));
    send(app.request(Method::POST, "/users").bearer_auth(token).json(&user)).await
}

#[tokio::test]
async fn a_real_issuers_tokens_are_accepted_for_what_they_grant() {
    let issuer = RealIssuer::start().await;
    let app = App::with(|config| config.issuer = issuer.settings()).await;
    let now = get_current_timestamp();
    let accepted = [
        json!({}),
        json!({"aud": [AUDIENCE, "https://example.com/userinfo"]}),
        json!({"scope": "read:users write:users openid"}),
        json!({"scope": null, "permissions": ["write:users"]}),
        json!({"nbf": now + 3, "exp": now + 60}),
        json!({"exp": now - 3}),
        json!({"sub": null}),
    ];
    for changes in accepted {
        let answer = present(&app, &issuer.sign(changes.clone())).await;
        assert_eq!(answer.status, 201, "{changes}: {:#}", answer.body);
    }

    let forbidden = [
        json!({"scope": null}),
        json!({"scope": ""}),
        json!({"scope": "write:user"}),
        json!({"scope": "write:users2 xwrite:users"}),
        json!({"scope": "WRITE:USERS"}),
        json!({"scope": "write:users,read:users"}),
        json!({"scope": ["write:users"]}),
        json!({"scope": null, "permissions": "write:users"}),
        json!({"scope": null, "scp": ["write:users"]}),
    ];
    for changes in forbidden {
        let answer = present(&app, &issuer.sign(changes.clone())).await;
        assert_eq!(answer.status, 403, "{changes}: {:#}", answer.body);
        assert!(answer.header("www-authenticate").contains("insufficient_scope"));
    }

    let refused = [
        json!({"iss": "https://evil.example/"}),
        json!({"iss": issuer.url.trim_end_matches('/')}),
        json!({"iss": null}),
        json!({"aud": "https://other.example.com"}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"exp": now - 30}),
        json!({"exp": null}),
        json!({"exp": "tomorrow"}),
        json!({"nbf": now + 30}),
    ];
    for changes in refused {
        let answer = present(&app, &issuer.sign(changes.clone())).await;
        assert_eq!(answer.status, 401, "{changes}: {:#}", answer.body);
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
}

#[tokio::test]
async fn the_algorithm_and_the_key_are_the_issuers_and_never_the_tokens() {
    let issuer = RealIssuer::start().await;
    let app = App::with(|config| config.issuer = issuer.settings()).await;
    let good = issuer.sign(json!({}));
    let public = Jwk::from_encoding_key(&issuer.key, Algorithm::RS256).unwrap();
    let claims = issuer.claims(json!({}));
    let header = |algorithm| Header { kid: Some("key-1".to_owned()), ..Header::new(algorithm) };
    let stranger = RealIssuer::start().await;
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    // {"alg":"none","kid":"key-1"}
    let none = format!("eyJhbGciOiJub25lIiwia2lkIjoia2V5LTEifQ.{payload}.");
    let tokens = [
        String::new(),
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        none,
        encode(&header(Algorithm::HS256), &claims, &EncodingKey::from_secret(serde_json::to_string(&public).unwrap().as_bytes()))
            .unwrap(),
        encode(&header(Algorithm::RS512), &claims, &issuer.key).unwrap(),
        encode(&Header { kid: None, ..header(Algorithm::RS256) }, &claims, &issuer.key).unwrap(),
        encode(&Header { kid: Some("key-2".to_owned()), ..header(Algorithm::RS256) }, &claims, &issuer.key).unwrap(),
        encode(&Header { crit: Some(vec!["b64".to_owned()]), ..header(Algorithm::RS256) }, &claims, &issuer.key).unwrap(),
        encode(&header(Algorithm::RS256), &claims, &stranger.key).unwrap(),
        encode(&Header { jwk: Some(public), ..header(Algorithm::RS256) }, &claims, &stranger.key).unwrap(),
        encode(
            &Header { jku: Some(format!("{}.well-known/jwks.json", stranger.url)), ..header(Algorithm::RS256) },
            &claims,
            &stranger.key,
        )
        .unwrap(),
        format!("{head}.{payload}.{}", &signature[..signature.len() - 4]),
        format!("{head}.{}.{signature}", stranger.sign(json!({})).split('.').nth(1).unwrap()),
        format!("{good}x"),
        format!("{good} {good}"),
    ];
    assert_eq!(present(&app, &good).await.status, 201);
    for token in tokens {
        let answer = present(&app, &token).await;
        answer.assert_problem(401, "UNAUTHORIZED");
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"", "{token}");
    }
    assert_eq!(app.store.count().await.unwrap(), 1);
}

#[tokio::test]
async fn the_scheme_is_bearer_in_any_case_and_once() {
    let app = App::start().await;
    let token = app.token("write:users");
    let present =
        |value: String| send(app.request(Method::POST, "/users").header("authorization", value).json(&minimal("a@example.com")));
    assert_eq!(present(format!("bEARER {token}")).await.status, 201);
    for (value, challenge) in [
        (format!("Basic {token}"), "Bearer"),
        (format!("Bearer{token}"), "Bearer"),
        (token.clone(), "Bearer"),
        ("Bearer".to_owned(), "Bearer error=\"invalid_token\""),
        ("Bearer  ".to_owned(), "Bearer error=\"invalid_token\""),
    ] {
        let answer = present(value.clone()).await;
        answer.assert_problem(401, "UNAUTHORIZED");
        assert_eq!(answer.header("www-authenticate"), challenge, "{value}");
    }
    let twice = app.request(Method::POST, "/users").bearer_auth(&token).bearer_auth(&token).json(&minimal("b@example.com"));
    send(twice).await.assert_problem(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_real_issuer_does_not_accept_local_tokens() {
    let issuer = RealIssuer::start().await;
    let app = App::with(|config| config.issuer = issuer.settings()).await;
    let folder = TempDir::new().unwrap();
    let token = LocalIssuer::open(folder.path()).unwrap().token("write:users", std::time::Duration::from_secs(60)).unwrap();
    assert_eq!(present(&app, &token).await.status, 401);
    assert_eq!(send(app.request(Method::GET, "/docs/token")).await.status, 204, "and gives none away");
}

#[tokio::test]
async fn without_the_issuers_keys_the_server_starts_and_is_not_ready() {
    let issuer = RealIssuer::start().await;
    let away = Issuer { issuer: Some("http://127.0.0.1:1/".to_owned()), ..issuer.settings() };
    let app = App::with(|config| config.issuer = away).await;
    let answer = present(&app, &issuer.sign(json!({}))).await;
    answer.assert_problem(503, "SERVICE_UNAVAILABLE");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    send(app.request(Method::GET, "/readyz")).await.assert_problem(503, "SERVICE_UNAVAILABLE");
    assert_eq!(send(app.request(Method::GET, "/healthz")).await.status, 200);
}

#[tokio::test]
async fn an_address_of_the_key_set_that_is_none_is_refused_and_not_repeated() {
    let data = TempDir::new().unwrap();
    let mut config = config(&data);
    config.issuer = Issuer {
        issuer: Some("https://issuer.example/".to_owned()),
        audience: Some(AUDIENCE.to_owned()),
        jwks_url: Some("scott:tiger@issuer.example".to_owned()),
        ..Issuer::default()
    };
    let error = users_api::server::Server::bind_with(&config, Arc::new(MemoryStore::default())).await.err().unwrap();
    assert!(matches!(error, ServerError::Keys(_)) && !error.to_string().contains("tiger"), "{error}");
    assert!(error.hint().contains("AUTH_JWKS_URL"));
}

#[tokio::test]
async fn the_local_issuer_stays_on_loopback() {
    let data = TempDir::new().unwrap();
    let mut config = config(&data);
    config.listen.host = [0, 0, 0, 0].into();
    let error = users_api::server::Server::bind_with(&config, Arc::new(MemoryStore::default())).await.err().unwrap();
    assert!(matches!(error, ServerError::LocalIssuer(LocalIssuerError::NotLoopback(_))), "{error}");
    assert!(error.hint().contains("AUTH_ISSUER and AUTH_AUDIENCE"));
}
