//! The issuer's public keys (RFC 7517), each pinned to its one algorithm.

use std::{collections::HashMap, time::Duration};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};

/// How much of a key set is read at most, in bytes.
const MAX_KEY_SET: usize = 256 * 1024;

/// Why there is no key set.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The issuer's key set cannot be fetched.
    #[error("the key set at {url} cannot be fetched: {cause}")]
    Fetch {
        /// Where it was looked for.
        url: String,
        /// What went wrong.
        cause: String,
    },
    /// What was fetched is not a key set.
    #[error("the document at {url} is not a key set (RFC 7517)")]
    NotAKeySet {
        /// Where it came from.
        url: String,
    },
    /// No key in the set can verify a token.
    #[error("no key in the set is an RSA signature key with a kid, for RS256")]
    NoUsableKey,
}

/// The keys that can verify an RS256 token, by `kid`.
#[derive(Clone)]
pub struct KeySet(HashMap<String, DecodingKey>);

impl KeySet {
    /// The algorithm that every key of a set is pinned to; a token never chooses.
    pub const ALGORITHM: Algorithm = Algorithm::RS256;

    /// Takes the usable keys of a set; others (encryption, other algorithms, no `kid`) are left out.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoUsableKey`] when none is left.
    pub fn new(set: &JwkSet) -> Result<Self, KeyError> {
        let keys: HashMap<_, _> = set.keys.iter().filter_map(usable).collect();
        if keys.is_empty() { Err(KeyError::NoUsableKey) } else { Ok(Self(keys)) }
    }

    /// Fetches the set from the issuer, once.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub async fn fetch(url: &str) -> Result<Self, KeyError> {
        let failed = |error: reqwest::Error| KeyError::Fetch { url: url.to_owned(), cause: chain(&error.without_url()) };
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(failed)?;
        let mut response = client.get(url).send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_KEY_SET {
                return Err(KeyError::NotAKeySet { url: url.to_owned() });
            }
        }
        let set = serde_json::from_slice(&body).map_err(|_| KeyError::NotAKeySet { url: url.to_owned() })?;
        Self::new(&set)
    }

    /// The key that a token names.
    pub fn get(&self, kid: &str) -> Option<&DecodingKey> {
        self.0.get(kid)
    }
}

fn usable(key: &Jwk) -> Option<(String, DecodingKey)> {
    let AlgorithmParameters::RSA(_) = key.algorithm else { return None };
    let signs = key.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let rs256 = key.common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::RS256);
    if !signs || !rs256 {
        return None;
    }
    Some((key.common.key_id.clone()?, DecodingKey::from_jwk(key).ok()?))
}

/// An error with its causes: reqwest's own text stops at "error sending request".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jsonwebtoken::EncodingKey;
    use poem::{
        Server,
        endpoint::make_sync,
        listener::{Acceptor, Listener, TcpListener},
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::auth::LocalIssuer;

    /// 256 KiB.
    const LIMIT: usize = 262_144;

    /// A key that can verify a token, as an issuer publishes it.
    static KEY: LazyLock<Value> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        LocalIssuer::open(folder.path(), "urn:test:local-issuer", "test").unwrap();
        let pem = std::fs::read(folder.path().join(LocalIssuer::FILE)).unwrap();
        let key = Jwk::from_encoding_key(&EncodingKey::from_rsa_pem(&pem).unwrap(), KeySet::ALGORITHM).unwrap();
        let mut key = json!(key);
        key["kid"] = json!("key-1");
        key
    });

    #[test]
    fn only_a_named_key_that_signs_with_rs256_is_taken() {
        let taken = |changes: Value| {
            let mut key = KEY.clone();
            for (member, value) in changes.as_object().unwrap() {
                key[member] = value.clone();
            }
            KeySet::new(&serde_json::from_value(json!({ "keys": [key] })).unwrap()).is_ok_and(|keys| keys.get("key-1").is_some())
        };
        for fit in [json!({}), json!({ "use": "sig" }), json!({ "alg": null }), json!({ "use": "sig", "alg": "RS256" })] {
            assert!(taken(fit.clone()), "{fit}");
        }
        for unfit in [json!({ "use": "enc" }), json!({ "alg": "RS512" }), json!({ "kid": null }), json!({ "kid": "key-2" })] {
            assert!(!taken(unfit.clone()), "{unfit}");
        }
    }

    #[tokio::test]
    async fn a_key_set_is_read_up_to_its_limit() {
        let set = json!({ "keys": [KEY.clone()] }).to_string();
        let padded = |length: usize| format!("{set}{}", " ".repeat(length - set.len()));
        let (fits, exceeds) = (serve(padded(LIMIT)).await, serve(padded(LIMIT + 1)).await);
        assert!(KeySet::fetch(&fits).await.unwrap().get("key-1").is_some());
        assert!(matches!(KeySet::fetch(&exceeds).await, Err(KeyError::NotAKeySet { url }) if url == exceeds));
    }

    #[tokio::test]
    async fn why_a_key_set_cannot_be_fetched_is_told_to_its_last_cause() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", socket.local_addr().unwrap());
        drop(socket);
        let told = KeySet::fetch(&url).await.err().unwrap().to_string();
        assert!(told.contains("refused") && told.matches(&url).count() == 1, "{told}");
    }

    /// Where this body is served.
    async fn serve(body: String) -> String {
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let url = format!("http://{}/", acceptor.local_addr()[0].as_socket_addr().unwrap());
        tokio::spawn(Server::new_with_acceptor(acceptor).run(make_sync(move |_| body.clone())));
        url
    }
}
