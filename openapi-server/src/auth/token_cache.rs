//! Tokens that were verified not long ago, so that a caller's next request costs a hash and not a signature.

use std::{fmt, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::Counter, gauge::ConstGauge},
    registry::Registry,
};
use quick_cache::sync::Cache;

use super::{
    Caller,
    keys::{Key, KeySet},
};

/// How many tokens are remembered. With [`MAX_LENGTH`] it bounds the memory: what is kept of a token is smaller than the token.
const CAPACITY: usize = 8192;

/// The longest token that is remembered, in bytes.
const MAX_LENGTH: usize = 4096;

/// Verified tokens by their SHA-256, never the tokens themselves.
pub(super) struct TokenCache {
    tokens: Arc<Tokens>,
    hits: Counter,
    misses: Counter,
}

struct Tokens(Cache<[u8; 32], Verified>);

#[derive(Clone)]
struct Verified {
    caller: Caller,
    /// The token's `exp`, in seconds since 1970.
    expires: u64,
    key: Arc<Key>,
}

impl TokenCache {
    pub(super) fn new() -> Self {
        Self { tokens: Arc::new(Tokens(Cache::new(CAPACITY))), hits: Counter::default(), misses: Counter::default() }
    }

    /// Whose token this is, if it was verified, has not expired at `now`, and its key is still in `keys`.
    pub(super) fn get(&self, token: &str, keys: &KeySet, now: u64) -> Option<Caller> {
        let caller = self.look_up(token, keys, now);
        let counter = if caller.is_some() { &self.hits } else { &self.misses };
        counter.inc();
        caller
    }

    /// Adds how many there are, and how often a token was one of them.
    pub(super) fn register(&self, figures: &mut Registry) {
        figures.register("token_cache_hits", "Tokens that were remembered", self.hits.clone());
        figures.register("token_cache_misses", "Tokens that were not remembered", self.misses.clone());
        figures.register_collector(Box::new(Arc::clone(&self.tokens)));
    }

    fn look_up(&self, token: &str, keys: &KeySet, now: u64) -> Option<Caller> {
        let hash = hash(token)?;
        let verified = self.tokens.0.get(&hash)?;
        if now < verified.expires && keys.contains(&verified.key) {
            return Some(verified.caller);
        }
        self.tokens.0.remove(&hash);
        None
    }

    /// Remembers a token that `key` has verified.
    pub(super) fn insert(&self, token: &str, caller: Caller, expires: u64, key: Arc<Key>) {
        if let Some(hash) = hash(token) {
            self.tokens.0.insert(hash, Verified { caller, expires, key });
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Collector for Tokens {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let count = ConstGauge::new(self.0.len());
        let help = "Tokens that are remembered";
        count.encode(encoder.encode_descriptor("token_cache_tokens", help, None, count.metric_type())?)
    }
}

fn hash(token: &str) -> Option<[u8; 32]> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    digest(&SHA256, token.as_bytes()).as_ref().try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn set(x: &str) -> KeySet {
        KeySet::new(&json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x }] })).unwrap()
    }

    #[test]
    fn a_token_is_remembered_until_it_expires_or_its_key_leaves_the_set() {
        // The public keys of RFC 8032, section 7.1, tests 1 and 2.
        let keys = set("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        let same_kid = set("PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw");
        let cache = TokenCache::new();
        let insert = || {
            let key = Arc::clone(&keys.get("a").unwrap()[0]);
            cache.insert("token", Caller::new("client".to_owned(), BTreeSet::new()), 100, key);
        };
        insert();
        assert_eq!(cache.get("token", &keys, 99).unwrap().subject(), "client");
        assert!(cache.get("another", &keys, 99).is_none());
        assert!(cache.get("token", &keys, 100).is_none());
        assert!(cache.get("token", &keys, 99).is_none(), "it was dropped");
        insert();
        assert!(cache.get("token", &same_kid, 99).is_none(), "another key under the same name");
        assert!(cache.get("token", &keys, 99).is_none(), "it was dropped");
    }

    #[test]
    fn only_so_many_and_only_tokens_of_a_usual_length_are_remembered() {
        let keys = set("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        let cache = TokenCache::new();
        let insert = |token: &str| {
            let key = Arc::clone(&keys.get("a").unwrap()[0]);
            cache.insert(token, Caller::new(String::new(), BTreeSet::new()), 100, key);
        };
        insert(&"x".repeat(MAX_LENGTH + 1));
        assert_eq!(cache.tokens.0.len(), 0);
        for number in 0..2 * CAPACITY {
            insert(&number.to_string());
        }
        assert!(cache.tokens.0.len() <= CAPACITY);
    }
}
