//! Secrets that the server knows: API keys, and passwords of Basic authentication.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use futures_util::future::BoxFuture;

use super::{Authenticator, Caller, Credential, Rejection};

/// Accepts a fixed set of secrets.
///
/// They are kept and looked up by their SHA-256 digests, so that the time of a lookup says nothing about a secret. That is for
/// secrets made by machines: a password that a person chose needs a slow hash, and an [`Authenticator`] that knows it.
///
/// ```
/// use openapi_server::auth::{Caller, Secrets};
///
/// let keys = Secrets::new().with("4f2c9e", Caller::new("reporting", []));
/// let users = Secrets::new().with("ada:hunter2", Caller::new("ada", [])); // Basic authentication: user, colon, password.
/// ```
#[derive(Default)]
pub struct Secrets {
    callers: HashMap<[u8; 32], Caller>,
}

impl Secrets {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts `secret` from `caller`.
    #[must_use]
    pub fn with(mut self, secret: &str, caller: Caller) -> Self {
        self.callers.insert(sha256(secret), caller);
        self
    }

    fn find(&self, credential: Credential<'_>) -> Result<Caller, Rejection> {
        let secret = match credential {
            Credential::Token(secret) | Credential::Key(secret) => sha256(secret),
            Credential::Basic { user, password } => sha256(&format!("{user}:{password}")),
            Credential::Headers(_) => return Err(Rejection::Malformed),
        };
        self.callers.get(&secret).cloned().ok_or_else(|| Rejection::Invalid("no such secret".to_owned()))
    }
}

fn sha256(secret: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    bytes
}

impl Authenticator for Secrets {
    fn authenticate<'a>(&'a self, credential: Credential<'a>) -> BoxFuture<'a, Result<Caller, Rejection>> {
        Box::pin(std::future::ready(self.find(credential)))
    }
}
