//! The verifier of access tokens: it never panics, and accepts nothing that its key has not signed.

use std::{
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openapi_server::auth::{KeySet, Verifier};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

const ISSUER: &str = "https://issuer.example/";
const AUDIENCE: &str = "https://api.example";

static KEY: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().unwrap());
static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let x = URL_SAFE_NO_PAD.encode(KEY.public_key());
    let set = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x }] });
    Verifier::new(KeySet::new(&set).unwrap(), ISSUER, AUDIENCE)
});

/// An input begins with what is to be made of the rest:
///
/// - `s` signs it: a header, a line feed and the claims, each of any bytes;
/// - `f` signs it and changes one character of the token: two digits after the letter say which, and a character what to;
/// - else it is the token.
pub fn check(data: &[u8]) {
    match data.split_first() {
        Some((b's', rest)) => judge(&sign(rest)),
        Some((b'f', [high, low, new, rest @ ..])) => {
            let mut token = sign(rest).into_bytes();
            let at = usize::from(u16::from_be_bytes([*high, *low])) % token.len();
            token[at] = *new;
            judge(&String::from_utf8_lossy(&token));
        }
        _ => judge(&String::from_utf8_lossy(data)),
    }
}

fn sign(data: &[u8]) -> String {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (header, claims) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(KEY.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn judge(token: &str) {
    // The second time it may be remembered.
    for _ in 0..2 {
        if let Ok(caller) = RUNTIME.block_on(VERIFIER.verify(token)) {
            if let Err(why) = good(token) {
                panic!("accepted, though {why}: {token}");
            }
            let _ = caller.subject();
        }
    }
}

/// Why a token must not be accepted, from what it says and no other part of the verifier.
fn good(token: &str) -> Result<(), &'static str> {
    let (message, signature) = token.rsplit_once('.').ok_or("it has no signature")?;
    let (header, claims) = message.split_once('.').ok_or("it has no claims")?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "a part is not base64url");
    let read = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).map_err(|_| "a part is not JSON");
    let key = UnparsedPublicKey::new(&ED25519, KEY.public_key());
    key.verify(message.as_bytes(), &decode(signature)?).map_err(|_| "the key has not signed it")?;
    let (header, claims) = (read(header)?, read(claims)?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |now| now.as_secs_f64());
    let audience = |claim: &Value| claim == AUDIENCE || claim.as_array().is_some_and(|all| all.iter().any(|one| one == AUDIENCE));
    let rules = [
        (header["alg"] == "EdDSA", "its algorithm is not the key's"),
        (header["kid"] == "one", "it names another key"),
        (header.get("crit").is_none(), "it has extensions that must be understood"),
        (claims["iss"] == ISSUER, "it is of another issuer"),
        (audience(&claims["aud"]), "it is for another audience"),
        (claims["exp"].as_f64().is_some_and(|end| end > now - 10.0), "it has expired"),
        (claims.get("nbf").is_none_or(|begin| begin.as_f64().is_some_and(|begin| begin < now + 10.0)), "it is not valid yet"),
        (
            ["nonce", "at_hash", "c_hash", "events"].iter().all(|claim| claims.get(claim).is_none()) || is_access(&header),
            "it is an ID token",
        ),
    ];
    rules.into_iter().try_for_each(|(holds, why)| if holds { Ok(()) } else { Err(why) })
}

/// Whether the header says that it is an access token (RFC 9068).
fn is_access(header: &Value) -> bool {
    header["typ"].as_str().is_some_and(|kind| kind.to_ascii_lowercase().ends_with("at+jwt"))
}
