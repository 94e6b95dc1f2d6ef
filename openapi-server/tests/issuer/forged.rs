//! Tokens that must not be accepted, one for each way that is known to have worked somewhere.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto, get_current_timestamp};
use openapi_server::auth::{KeySet, Rejection, Verifier};
use serde_json::{Value, json};

use crate::key::{AUDIENCE, ISSUER, Key, good_claims};

/// The issuer's keys, and a stranger's under the same names.
struct Cast {
    rsa: Key,
    p256: Key,
    p384: Key,
    ed25519: Key,
    stranger: Key,
    strange_curve: Key,
}

impl Cast {
    fn new() -> Self {
        Self {
            rsa: Key::rsa("rsa"),
            p256: Key::p256("p256"),
            p384: Key::p384("p384"),
            ed25519: Key::ed25519("ed25519"),
            stranger: Key::rsa("rsa"),
            strange_curve: Key::p256("p256"),
        }
    }

    fn verifier(&self) -> Verifier {
        let keys = json!({ "keys": [self.rsa.jwk(), self.p256.jwk(), self.p384.jwk(), self.ed25519.jwk()] });
        Verifier::new(KeySet::new(&keys).unwrap(), ISSUER, AUDIENCE)
    }
}

fn encode(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

/// Signed by nobody.
fn unsigned(header: Value, signature: &str) -> String {
    format!("{}.{}.{signature}", encode(header.to_string()), encode(good_claims().to_string()))
}

/// Signed with an HMAC whose secret is something public.
fn hmac(kid: &str, secret: &[u8]) -> String {
    let message = format!(
        "{}.{}",
        encode(json!({ "alg": "HS256", "kid": kid, "typ": "JWT" }).to_string()),
        encode(good_claims().to_string())
    );
    let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

/// What nobody has signed, or not with a key of the issuer, or not as that key signs.
fn by_signature(cast: &Cast) -> Vec<(&'static str, String)> {
    let Cast { rsa, p256, p384, ed25519, stranger, strange_curve } = cast;
    let good = rsa.token(json!({}), json!({}));
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let wider = encode(json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": u32::MAX, "scope": "admin" }).to_string());
    let zero = |length: usize| encode(vec![0u8; length]);
    let as_text = |value: Value| value.to_string().into_bytes();
    let modulus = URL_SAFE_NO_PAD.decode(rsa.jwk()["n"].as_str().unwrap()).unwrap();
    vec![
        ("alg none", unsigned(json!({ "alg": "none", "kid": "rsa" }), "")),
        ("alg None", unsigned(json!({ "alg": "None", "kid": "rsa" }), "")),
        ("alg NONE and a signature", unsigned(json!({ "alg": "NONE", "kid": "rsa" }), signature)),
        ("alg empty", unsigned(json!({ "alg": "", "kid": "rsa" }), signature)),
        ("alg null", unsigned(json!({ "alg": null, "kid": "rsa" }), signature)),
        ("no alg", unsigned(json!({ "kid": "rsa" }), signature)),
        ("alg as an array", unsigned(json!({ "alg": ["RS256"], "kid": "rsa" }), signature)),
        ("alg in lower case", rsa.token(json!({ "alg": "rs256" }), json!({}))),
        ("no signature", format!("{head}.{payload}.")),
        ("no signature and no dot", format!("{head}.{payload}")),
        ("a signature cut short", format!("{head}.{payload}.{}", &signature[..signature.len() - 4])),
        ("a signature of zeros", format!("{head}.{payload}.{}", zero(256))),
        ("a signature with padding", format!("{head}.{payload}.{signature}==")),
        ("a signature with a line end", format!("{head}.{payload}.{signature}\n")),
        ("a signature with a character more", format!("{good}x")),
        ("another payload", format!("{head}.{wider}.{signature}")),
        ("another header", format!("{}.{payload}.{signature}", encode(json!({ "alg": "RS256", "kid": "rsa" }).to_string()))),
        ("four parts", format!("{good}.{signature}")),
        ("five parts, as encrypted tokens have", format!("{head}..{payload}.{signature}.{signature}")),
        ("an encrypted token's header", rsa.token(json!({ "alg": "RSA-OAEP", "enc": "A256GCM" }), json!({}))),
        ("HMAC with the modulus", hmac("rsa", &modulus)),
        ("HMAC with the JWK", hmac("rsa", &as_text(rsa.jwk()))),
        ("HMAC with an empty secret", hmac("rsa", b"")),
        ("HMAC with the point of the curve", hmac("p256", p256.jwk()["x"].as_str().unwrap().as_bytes())),
        (
            "HMAC with the point of Ed25519",
            hmac("ed25519", &URL_SAFE_NO_PAD.decode(ed25519.jwk()["x"].as_str().unwrap()).unwrap()),
        ),
        ("a stranger's key under the issuer's kid", stranger.token(json!({}), json!({}))),
        ("a stranger's curve under the issuer's kid", strange_curve.token(json!({}), json!({}))),
        ("the stranger's key in jwk", stranger.token(json!({ "jwk": stranger.jwk() }), json!({}))),
        ("the stranger's key in jwk, without kid", stranger.token(json!({ "jwk": stranger.jwk(), "kid": "-" }), json!({}))),
        ("jku", stranger.token(json!({ "jku": "https://evil.example/jwks.json" }), json!({}))),
        ("jku of the issuer's host", stranger.token(json!({ "jku": format!("{ISSUER}@evil.example/") }), json!({}))),
        ("x5u", stranger.token(json!({ "x5u": "https://evil.example/cert.pem" }), json!({}))),
        ("x5c", stranger.token(json!({ "x5c": ["MIIB"] }), json!({}))),
        ("an unknown kid", rsa.token(json!({ "kid": "other" }), json!({}))),
        ("no kid", rsa.token(json!({ "kid": "-" }), json!({}))),
        ("an empty kid", rsa.token(json!({ "kid": "" }), json!({}))),
        ("a kid that is a path", rsa.token(json!({ "kid": "../../dev/null" }), json!({}))),
        ("a kid that is SQL", rsa.token(json!({ "kid": "rsa' OR '1'='1" }), json!({}))),
        ("a kid with a NUL", rsa.token(json!({ "kid": "rsa\0" }), json!({}))),
        ("a kid in another case", rsa.token(json!({ "kid": "RSA" }), json!({}))),
        ("a kid that is a number", rsa.token(json!({ "kid": 1 }), json!({}))),
        (
            "RS384 with an RS256 key",
            rsa.sign_with(Algorithm::RS384, &as_text(json!({ "alg": "RS384", "kid": "rsa" })), &as_text(good_claims())),
        ),
        (
            "RS512 with an RS256 key",
            rsa.sign_with(Algorithm::RS512, &as_text(json!({ "alg": "RS512", "kid": "rsa" })), &as_text(good_claims())),
        ),
        (
            "PS256 with an RS256 key",
            rsa.sign_with(Algorithm::PS256, &as_text(json!({ "alg": "PS256", "kid": "rsa" })), &as_text(good_claims())),
        ),
        ("RS256 said, PS256 signed", rsa.sign_with(Algorithm::PS256, &as_text(rsa.header()), &as_text(good_claims()))),
        ("ES256 said of an RSA key", rsa.token(json!({ "alg": "ES256" }), json!({}))),
        ("RS256 said of an EC key", p256.token(json!({ "alg": "RS256" }), json!({}))),
        ("ES256 said of a P-384 key", p384.token(json!({ "alg": "ES256" }), json!({}))),
        ("EdDSA said of a P-256 key", p256.token(json!({ "alg": "EdDSA" }), json!({}))),
        ("r and s of zero", format!("{}.{payload}.{}", encode(p256.header().to_string()), zero(64))),
        ("r and s of zero, P-384", format!("{}.{payload}.{}", encode(p384.header().to_string()), zero(96))),
        ("an Ed25519 signature of zeros", format!("{}.{payload}.{}", encode(ed25519.header().to_string()), zero(64))),
    ]
}

/// What the issuer has signed, and not as an access token for this API at this time, or not as JSON Web Tokens are written.
fn by_content(cast: &Cast) -> Vec<(&'static str, String)> {
    let rsa = &cast.rsa;
    let now = get_current_timestamp();
    let claims = |changes: Value| rsa.token(json!({}), changes);
    let header = |changes: Value| rsa.token(changes, json!({}));
    let bytes = |header: &[u8], payload: &[u8]| rsa.sign_with(Algorithm::RS256, header, payload);
    let (good_header, good_payload) = (rsa.header().to_string(), good_claims().to_string());
    let (good_header, good_payload) = (good_header.as_bytes(), good_payload.as_bytes());
    let not_utf8 = [&good_payload[..good_payload.len() - 1], b",\"x\":\"\xff\"}"].concat();
    let head_not_utf8 = [&good_header[..good_header.len() - 1], b",\"x\":\"\xff\"}"].concat();
    let twice = |member: &str, bytes: &[u8]| [b"{", member.as_bytes(), b",", &bytes[1..]].concat();
    vec![
        ("another issuer", claims(json!({ "iss": "https://evil.example/" }))),
        ("the issuer without its slash", claims(json!({ "iss": ISSUER.trim_end_matches('/') }))),
        ("iss as an array", claims(json!({ "iss": [ISSUER] }))),
        ("iss as an array of several", claims(json!({ "iss": ["https://evil.example/", ISSUER] }))),
        ("iss null", claims(json!({ "iss": null }))),
        ("no iss", claims(json!({ "iss": "-" }))),
        ("iss twice", bytes(good_header, &twice("\"iss\":\"https://evil.example/\"", good_payload))),
        ("another audience", claims(json!({ "aud": "https://other.example" }))),
        ("other audiences", claims(json!({ "aud": ["https://other.example", "https://api.example/"] }))),
        ("an empty audience", claims(json!({ "aud": [] }))),
        ("aud as an object", claims(json!({ "aud": { "https://api.example": true } }))),
        ("aud with a number beside it", claims(json!({ "aud": [AUDIENCE, 1] }))),
        ("no aud", claims(json!({ "aud": "-" }))),
        ("expired", claims(json!({ "exp": now - 60 }))),
        ("expired in 1970", claims(json!({ "exp": 0 }))),
        ("exp negative", claims(json!({ "exp": -1 }))),
        ("exp as text", claims(json!({ "exp": (now + 600).to_string() }))),
        ("exp null", claims(json!({ "exp": null }))),
        ("no exp", claims(json!({ "exp": "-" }))),
        ("exp twice", bytes(good_header, &twice("\"exp\":1", good_payload))),
        ("exp beyond all numbers", bytes(good_header, &twice("\"exp\":1e999", good_payload))),
        ("not valid yet", claims(json!({ "nbf": now + 60 }))),
        ("nbf as text", claims(json!({ "nbf": "now" }))),
        ("crit", header(json!({ "crit": ["exp"], "exp": 1 }))),
        ("crit empty", header(json!({ "crit": [] }))),
        ("crit null", header(json!({ "crit": null }))),
        ("crit with b64", header(json!({ "crit": ["b64"], "b64": false }))),
        ("alg twice", bytes(&twice("\"alg\":\"none\"", good_header), good_payload)),
        ("kid twice", bytes(&twice("\"kid\":\"p256\"", good_header), good_payload)),
        ("an ID token by typ", header(json!({ "typ": "id+jwt" }))),
        ("a logout token by typ", header(json!({ "typ": "logout+jwt" }))),
        ("a DPoP proof", header(json!({ "typ": "dpop+jwt" }))),
        ("a security event", header(json!({ "typ": "secevent+jwt" }))),
        ("typ as a number", header(json!({ "typ": 1 }))),
        ("an ID token by nonce", claims(json!({ "nonce": "n-0S6_WzA2Mj" }))),
        ("an ID token by at_hash", claims(json!({ "at_hash": "77QmUPtjPfzWtF2AnpK9RQ" }))),
        ("an ID token by c_hash", claims(json!({ "c_hash": "LDktKdoQak3Pk0cnXxCltA" }))),
        ("an ID token of Cognito", claims(json!({ "token_use": "id" }))),
        ("an ID token of Keycloak", claims(json!({ "typ": "ID" }))),
        ("a logout token by events", claims(json!({ "events": {} }))),
        ("a payload that is not UTF-8", bytes(good_header, &not_utf8)),
        ("a header that is not UTF-8", bytes(&head_not_utf8, good_payload)),
        ("a payload with a byte order mark", bytes(good_header, &[b"\xef\xbb\xbf", good_payload].concat())),
        ("a payload that is an array", bytes(good_header, b"[]")),
        ("a payload that is text", bytes(good_header, b"\"client\"")),
        ("an empty payload", bytes(good_header, b"")),
        ("a payload and more", bytes(good_header, &[good_payload, b"{}"].concat())),
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        (
            "JSON serialisation",
            json!({ "protected": encode(good_header), "payload": encode(good_payload), "signature": "" }).to_string(),
        ),
    ]
}

#[tokio::test]
async fn no_forged_token_is_accepted() {
    let cast = Cast::new();
    let verifier = cast.verifier();
    for key in [&cast.rsa, &cast.p256, &cast.p384, &cast.ed25519] {
        verifier.verify(&key.token(json!({}), json!({}))).await.unwrap(); // What is forged below is right but for one thing.
    }
    let mut forged = by_signature(&cast);
    forged.extend(by_content(&cast));
    assert!(forged.len() >= 100, "{}", forged.len());
    for (what, token) in forged {
        for attempt in ["first", "again"] {
            match verifier.verify(&token).await {
                Err(Rejection::Unavailable { .. }) => panic!("{what}, {attempt}: cannot be judged"),
                Err(_) => {}
                Ok(_) => panic!("{what}, {attempt}: accepted"),
            }
        }
    }
}

#[tokio::test]
async fn access_tokens_of_the_usual_issuers_are_accepted() {
    let cast = Cast::new();
    let verifier = cast.verifier();
    let now = get_current_timestamp();
    let accepted = [
        ("RFC 9068", json!({ "typ": "at+jwt" }), json!({ "client_id": "s6BhdRkqt3", "jti": "dbe39bf3a3ba4238a513f51d6e1691c4" })),
        ("RFC 9068, with its whole type", json!({ "typ": "application/AT+JWT" }), json!({})),
        ("RFC 9068 says so itself", json!({ "typ": "at+jwt" }), json!({ "nonce": "n-0S6_WzA2Mj" })),
        ("without typ", json!({ "typ": "-" }), json!({})),
        (
            "Auth0",
            json!({}),
            json!({ "aud": [AUDIENCE, "https://example.eu.auth0.com/userinfo"], "azp": "client", "permissions": ["a"] }),
        ),
        ("Auth0 client credentials", json!({}), json!({ "gty": "client-credentials", "azp": "client" })),
        ("Cognito", json!({}), json!({ "token_use": "access" })),
        ("Keycloak", json!({}), json!({ "typ": "Bearer", "sid": "s", "acr": "1" })),
        ("a time with a fraction", json!({}), json!({ "exp": now as f64 + 60.5 })),
        ("headers that are not read", json!({ "x5t": "abc", "cty": "x", "b64": true }), json!({})),
    ];
    for (what, header, claims) in accepted {
        let verified = verifier.verify(&cast.rsa.token(header, claims)).await;
        assert!(verified.is_ok(), "{what}: {}", verified.unwrap_err());
    }
}
