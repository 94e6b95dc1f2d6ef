//! Which access tokens are accepted.

use std::collections::BTreeSet;

use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

use super::{Caller, KeySet};

/// How far the issuer's clock and ours may differ, in seconds.
const LEEWAY: u64 = 5;

/// Verifies access tokens of one issuer for one audience.
pub struct Verifier {
    keys: KeySet,
    validation: Validation,
}

/// Why a token is not accepted. For the log; the caller only learns that it is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is not a JWT, or its header asks for something that is not supported.
    #[error("not a supported JWT")]
    Malformed,
    /// It names no key, or one that the issuer does not have.
    #[error("no such key")]
    UnknownKey,
    /// Signature, algorithm, issuer, audience or time is wrong.
    #[error("{0}")]
    Invalid(String),
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: Value,
    #[serde(default)]
    scope: Value,
    #[serde(default)]
    permissions: Value,
}

impl Verifier {
    /// Accepts what `issuer` signed with one of `keys` for `audience`.
    pub fn new(keys: KeySet, issuer: &str, audience: &str) -> Self {
        let mut validation = Validation::new(KeySet::ALGORITHM);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        Self { keys, validation }
    }

    /// Who calls with this token.
    ///
    /// # Errors
    ///
    /// [`Rejection`].
    pub fn verify(&self, token: &str) -> Result<Caller, Rejection> {
        let header = decode_header(token).map_err(|_| Rejection::Malformed)?;
        if header.crit.is_some() {
            return Err(Rejection::Malformed); // Extensions that must be understood, and none is (RFC 7515, section 4.1.11).
        }
        let key = header.kid.and_then(|kid| self.keys.get(&kid)).ok_or(Rejection::UnknownKey)?;
        // The kind of error only: it names the claim, never its value.
        let claims = decode::<Claims>(token, key, &self.validation)
            .map_err(|error| Rejection::Invalid(format!("{:?}", error.kind())))?
            .claims;
        let subject = claims.sub.as_str().unwrap_or_default().to_owned();
        Ok(Caller::new(subject, granted(&claims.scope, &claims.permissions)))
    }
}

/// Scopes of the space-separated `scope` claim (RFC 8693, section 4.2) and of Auth0's `permissions` array. Another type of claim
/// grants nothing.
fn granted(scope: &Value, permissions: &Value) -> BTreeSet<String> {
    let scopes = scope.as_str().into_iter().flat_map(|scopes| scopes.split(' '));
    let permissions = permissions.as_array().into_iter().flatten().filter_map(Value::as_str);
    scopes.chain(permissions).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scopes_come_from_both_claims_and_only_in_their_own_type() {
        let all = granted(&json!("read:things write:things"), &json!(["admin"]));
        assert_eq!(all, ["admin", "read:things", "write:things"].map(str::to_owned).into());
        assert_eq!(granted(&json!(["write:things"]), &json!("write:things")), BTreeSet::new());
        assert_eq!(granted(&json!("  "), &json!([5, null])), BTreeSet::new());
    }
}
