//! Which keys of a set are used, and what is said when there is none.

use std::sync::LazyLock;

use openapi_server::auth::{KeyError, KeySet, KeySetUrl, Rejection};
use serde_json::{Value, json};

use crate::{
    key::Key,
    server::{Headers, IssuerServer, set, verifier},
};

/// 256 KiB.
const LIMIT: usize = 262_144;

static RSA: LazyLock<Key> = LazyLock::new(|| Key::rsa("key-1"));

/// A key with changes to its members.
fn changed(key: &Key, changes: &Value) -> Value {
    let mut jwk = key.jwk();
    for (member, value) in changes.as_object().unwrap() {
        jwk[member] = value.clone();
    }
    jwk
}

fn taken(jwk: &Value) -> bool {
    KeySet::new(&json!({ "keys": [jwk] })).is_ok_and(|keys| keys.get("key-1").is_some())
}

#[test]
fn only_a_named_key_that_signs_with_rs256_is_taken() {
    for fit in [json!({}), json!({ "use": "sig" }), json!({ "alg": null }), json!({ "use": "sig", "alg": "RS256" })] {
        assert!(taken(&changed(&RSA, &fit)), "{fit}");
    }
    for unfit in [json!({ "use": "enc" }), json!({ "alg": "RS512" }), json!({ "kid": null }), json!({ "kid": "key-2" })] {
        assert!(!taken(&changed(&RSA, &unfit)), "{unfit}");
    }
}

#[test]
fn what_a_key_is_for_is_heeded() {
    for fit in [json!({ "key_ops": ["verify"] }), json!({ "key_ops": ["sign", "verify"], "use": "sig" })] {
        assert!(taken(&changed(&RSA, &fit)), "{fit}");
    }
    for unfit in [
        json!({ "key_ops": ["sign"] }),
        json!({ "key_ops": ["encrypt"] }),
        json!({ "key_ops": [] }),
        json!({ "key_ops": ["verify"], "use": "enc" }),
        json!({ "use": "tls" }),
        json!({ "alg": "PS256" }),
        json!({ "alg": "RSA-OAEP" }),
        json!({ "alg": "HS256" }),
        json!({ "d": "AQAB" }),
    ] {
        assert!(!taken(&changed(&RSA, &unfit)), "{unfit}");
    }
}

#[test]
fn each_type_of_key_has_its_one_algorithm_and_the_weak_and_the_malformed_have_none() {
    let (p256, p384, ed25519) = (Key::p256("key-1"), Key::p384("key-1"), Key::ed25519("key-1"));
    for key in [&*RSA, &p256, &p384, &ed25519] {
        assert!(taken(&key.jwk()) && taken(&changed(key, &json!({ "alg": null }))), "{:?}", key.algorithm);
    }
    let short = "r".repeat(171) + "k"; // 1024 bits.
    let unfit = [
        changed(&RSA, &json!({ "n": short })),
        changed(&RSA, &json!({ "n": "" })),
        changed(&RSA, &json!({ "n": "not base64!" })),
        changed(&RSA, &json!({ "e": "AQ" })), // 1: everybody could sign.
        changed(&RSA, &json!({ "e": "AA" })),
        changed(&RSA, &json!({ "e": "Ag" })),             // 2: even.
        changed(&p256, &json!({ "y": p256.jwk()["x"] })), // Not on the curve.
        changed(&p256, &json!({ "crv": "P-384" })),
        changed(&p256, &json!({ "crv": "secp256k1" })),
        changed(&p256, &json!({ "alg": "ES384" })),
        changed(&p384, &json!({ "alg": "ES256" })),
        changed(&p256, &json!({ "crv": "P-521" })),
        changed(&ed25519, &json!({ "x": "AAAA" })),
        changed(&ed25519, &json!({ "crv": "X25519" })),
        json!({ "kty": "oct", "kid": "key-1", "k": "c2VjcmV0" }),
        json!({ "kty": "XYZ", "kid": "key-1" }),
        json!({ "kid": "key-1" }),
        json!(null),
        json!("key-1"),
    ];
    for jwk in unfit {
        assert!(!taken(&jwk), "{jwk}");
    }
}

#[test]
fn a_malformed_member_does_not_spoil_the_set() {
    for malformed in
        [json!(null), json!({}), json!([]), json!({ "kty": "RSA", "kid": 5 }), json!({ "kty": "RSA", "kid": "x", "n": 1 })]
    {
        let keys = KeySet::new(&json!({ "keys": [malformed, RSA.jwk()] })).unwrap();
        assert!(keys.get("key-1").is_some(), "{malformed}");
    }
}

#[tokio::test]
async fn keys_that_share_a_kid_are_each_tried() {
    let keys = [Key::rsa("shared"), Key::rsa("shared"), Key::p256("shared")];
    let issuer = IssuerServer::start(&keys.each_ref()).await;
    let verifier = issuer.verifier();
    for key in &keys {
        verifier.verify(&key.token(json!({}), json!({}))).await.unwrap();
    }
    let stranger = Key::rsa("shared").token(json!({}), json!({}));
    assert!(matches!(verifier.verify(&stranger).await, Err(Rejection::Invalid(_))));
}

/// Why no token can be judged with the set at `url`.
async fn cause(url: &str) -> String {
    match verifier(url).verify(&RSA.token(json!({}), json!({}))).await {
        Err(Rejection::Unavailable { cause, retry_after }) => {
            assert!(retry_after > 0);
            cause
        }
        other => panic!("judged: {other:?}"),
    }
}

#[tokio::test]
async fn why_there_is_no_key_set_is_told_and_is_true() {
    let issuer = IssuerServer::start(&[]).await;
    let good = set(&[&RSA]);
    let huge = format!("{good}{}", " ".repeat(LIMIT + 1 - good.len()));
    let cases: [(u16, Headers, &str, &str); 10] = [
        (200, &[], &huge, "larger than 262144 bytes"),
        (200, &[("content-encoding", "gzip")], &good, "content coding"),
        (200, &[], "<html>", "not a key set"),
        (200, &[], "[]", "not a key set"),
        (200, &[], "{\"keys\": 1}", "not a key set"),
        (200, &[], "{\"keys\": []}", "no key in the set can verify a token"),
        (200, &[], "{\"keys\": [{\"kty\":\"oct\",\"k\":\"AA\",\"kid\":\"1\"}]}", "key 1: it is not a public key"),
        (301, &[("location", "/elsewhere")], "", "301 Moved Permanently, and redirects are not followed"),
        (404, &[], "", "404 Not Found"),
        (503, &[], "", "503 Service Unavailable"),
    ];
    for (status, headers, body, expected) in cases {
        issuer.answer(status, headers, body);
        let cause = cause(&issuer.url).await;
        assert!(cause.contains(expected), "{cause}");
    }
    issuer.answer(200, &[], &huge[..LIMIT]);
    issuer.verifier().verify(&RSA.token(json!({}), json!({}))).await.unwrap();
}

#[tokio::test]
async fn why_a_key_set_cannot_be_fetched_is_told_to_its_last_cause() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    drop(socket);
    let told = cause(&url).await;
    assert!(told.contains("refused") && told.matches(&url).count() == 1, "{told}");
}

#[tokio::test]
async fn no_message_has_the_password_of_the_address() {
    let issuer = IssuerServer::start(&[]).await;
    let secret = issuer.url.replace("http://", "http://scott:tiger@") + "?key=tiger";
    for status in [200, 302, 500] {
        issuer.answer(status, &[], "");
        assert!(!cause(&secret).await.contains("tiger"));
    }
    assert!(!cause("http://scott:tiger@127.0.0.1:1/?key=tiger").await.contains("tiger"));
    for unfit in ["", "issuer.example", "scott:tiger@issuer.example", "ftp://scott:tiger@issuer.example/", "http://scott:tiger@"]
    {
        let error = KeySetUrl::parse(unfit).err().unwrap();
        assert_eq!(error, KeyError::Address, "{unfit}");
        assert!(!error.to_string().contains("tiger"));
    }
}
