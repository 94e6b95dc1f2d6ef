//! Retries of requests: what an `Idempotency-Key` stands for (draft-ietf-httpapi-idempotency-key-header).

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openapi_server::problem::{Problem, Violation};
use serde::Serialize;

use crate::user::Idempotency;

/// A key, in double quotes as the draft writes it or bare as most clients do.
pub(super) const PATTERN: &str = r#"^("[A-Za-z0-9._~+/=:-]{1,255}"|[A-Za-z0-9._~+/=:-]{1,255})$"#;

/// What a retry of this request is recognised by. The key is in both hashes and nobody keeps it, so that nobody can try which body
/// a hash belongs to.
pub(super) fn of(operation: &str, caller: &str, header: &str, body: &impl Serialize) -> Result<Idempotency, Problem> {
    let key = header.trim_matches('"');
    let body = serde_json::to_vec(body).map_err(|_| Problem::internal("a body cannot be written again"))?;
    let parts = [operation.as_bytes(), caller.as_bytes(), key.as_bytes(), &body];
    Ok(Idempotency { key: hash(&parts[..3]), request: hash(&parts) })
}

/// SHA-256 of the parts, each with its length, so that nothing can move from one to the next.
fn hash(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    URL_SAFE_NO_PAD.encode(context.finish())
}

/// The keys of requests that this server is carrying out.
#[derive(Default)]
pub(super) struct UnderWay(Mutex<HashSet<String>>);

impl UnderWay {
    /// Takes the key, unless a request has it.
    pub fn claim(&self, key: &str) -> Option<Claim<'_>> {
        self.keys().insert(key.to_owned()).then(|| Claim { of: self, key: key.to_owned() })
    }

    fn keys(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key that one request has until this is dropped, also when the request is given up.
pub(super) struct Claim<'a> {
    of: &'a UnderWay,
    key: String,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.of.keys().remove(&self.key);
    }
}

/// The violation of a key whose request is still being carried out.
pub(super) fn under_way() -> Violation {
    violation("must not belong to a request that is still under way; try again")
}

/// The violation of a key that came with another body before.
pub(in crate::api) fn reused() -> Violation {
    violation("must not have been sent with another body")
}

fn violation(message: &str) -> Violation {
    Violation { pointer: "/header/Idempotency-Key".to_owned(), rule: "unique".to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_has_the_same_hashes_and_nothing_else_has() {
        let first = of("createUser", "ada", "\"k1\"", &"body").unwrap();
        assert_eq!(of("createUser", "ada", "k1", &"body").unwrap(), first, "bare, it is the same key");
        let another_body = of("createUser", "ada", "k1", &"other").unwrap();
        assert_eq!(another_body.key, first.key);
        assert_ne!(another_body.request, first.request);
        for (operation, caller, key) in [("createUser", "bob", "k1"), ("createUser", "adak", "1"), ("create", "Userada", "k1")] {
            let other = of(operation, caller, key, &"body").unwrap();
            assert!(other.key != first.key && other.request != first.request, "{operation} {caller} {key}");
        }
    }

    #[test]
    fn a_key_is_claimed_by_one_request_at_a_time() {
        let under_way = UnderWay::default();
        let claim = under_way.claim("k1");
        assert!(claim.is_some() && under_way.claim("k1").is_none() && under_way.claim("k2").is_some());
        drop(claim);
        assert!(under_way.claim("k1").is_some());
    }
}
