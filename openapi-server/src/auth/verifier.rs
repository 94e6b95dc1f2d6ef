//! Which access tokens are accepted.

use std::{collections::BTreeSet, str::FromStr, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Validation, decode, get_current_timestamp};
use prometheus_client::registry::Registry;
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::Value;

use super::{
    Caller,
    fetch::KeySetUrl,
    key_source::{KeySource, Missing},
    keys::{Key, KeyError, KeySet},
    token_cache::TokenCache,
};

/// How far the issuer's clock and ours may differ, in seconds.
const LEEWAY: u64 = 5;

/// Verifies access tokens of one issuer for one audience.
///
/// Accepted are tokens whose `typ` is `at+jwt` (RFC 9068), and those whose `typ` is `JWT` or absent unless their claims are those of
/// an ID token or a logout token: `nonce`, `at_hash`, `c_hash`, `events`, `token_use: id` or `typ: ID`. Any other `typ` is refused.
/// The key must be one of the issuer's own set; what a token says about where its key is (`jku`, `x5u`, `jwk`, `x5c`) is not read.
///
/// ```
/// use openapi_server::auth::{KeySet, Rejection, Verifier};
/// use serde_json::json;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The public key of RFC 8037, appendix A.2. `Verifier::of_issuer` fetches the keys of an issuer, and keeps them up to date.
/// let keys = KeySet::new(&json!({ "keys": [
///     { "kty": "OKP", "crv": "Ed25519", "kid": "one", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }
/// ] }))?;
/// let verifier = Verifier::new(keys, "https://issuer.example/", "things");
/// // {"alg":"EdDSA","kid":"two"}.{}. and no signature.
/// assert_eq!(verifier.verify("eyJhbGciOiJFZERTQSIsImtpZCI6InR3byJ9.e30.").await.unwrap_err(), Rejection::UnknownKey);
/// assert_eq!(verifier.verify("sesame").await.unwrap_err(), Rejection::Malformed);
/// # Ok(())
/// # }
/// ```
pub struct Verifier {
    source: Source,
    issuer: String,
    audience: String,
    cache: TokenCache,
}

/// Where the keys come from.
enum Source {
    Fixed(Arc<KeySet>),
    Issuer(KeySource),
}

/// Why a token is not accepted. For the log; the caller only learns whether it is invalid or cannot be judged now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is not a JWT, or its header asks for something that is not supported.
    #[error("not a supported JWT")]
    Malformed,
    /// It is a JWT for something else, such as an ID token.
    #[error("not an access token")]
    NotAnAccessToken,
    /// It names no key, or one that the issuer does not have.
    #[error("no such key")]
    UnknownKey,
    /// Signature, algorithm, issuer, audience or time is wrong.
    #[error("{0}")]
    Invalid(String),
    /// It cannot be judged: the issuer's keys are not known at the moment.
    #[error("{cause}")]
    Unavailable {
        /// When they may be, in seconds from now.
        retry_after: u64,
        /// Why they are not.
        cause: String,
    },
}

/// What is read of a token's header (RFC 7515, section 4.1). A member that occurs twice is an error.
#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// What is read of a token's payload. A claim that occurs twice is an error.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iss: Value,
    #[serde(default)]
    exp: Value,
    #[serde(default)]
    sub: Value,
    #[serde(default)]
    scope: Value,
    #[serde(default)]
    permissions: Value,
    #[serde(default)]
    typ: Value,
    #[serde(default)]
    token_use: Value,
    #[serde(default, deserialize_with = "present")]
    nonce: bool,
    #[serde(default, deserialize_with = "present")]
    at_hash: bool,
    #[serde(default, deserialize_with = "present")]
    c_hash: bool,
    #[serde(default, deserialize_with = "present")]
    events: bool,
}

impl Verifier {
    /// Accepts what `issuer` signed with one of `keys` for `audience`.
    pub fn new(keys: KeySet, issuer: &str, audience: &str) -> Self {
        Self::of(Source::Fixed(Arc::new(keys)), issuer, audience)
    }

    /// Accepts what `issuer` signed for `audience` with a key of the set at `url`, which is fetched in the background and kept up to
    /// date. While the issuer cannot be reached, its last set is used for `max_stale` after it was fetched; without a set no token
    /// can be judged. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when no HTTP client can be made.
    pub fn of_issuer(issuer: &str, audience: &str, url: KeySetUrl, max_stale: Duration) -> Result<Self, KeyError> {
        Ok(Self::of(Source::Issuer(KeySource::start(url, max_stale)?), issuer, audience))
    }

    fn of(source: Source, issuer: &str, audience: &str) -> Self {
        Self { source, issuer: issuer.to_owned(), audience: audience.to_owned(), cache: TokenCache::new() }
    }

    /// Whether tokens can be judged now.
    ///
    /// # Errors
    ///
    /// The reason why not, without secrets.
    pub fn ready(&self) -> Result<(), String> {
        match &self.source {
            Source::Fixed(_) => Ok(()),
            Source::Issuer(source) => source.ready(),
        }
    }

    /// Adds the figures of the remembered tokens and of the key set.
    pub(super) fn register(&self, figures: &mut Registry) {
        self.cache.register(figures);
        if let Source::Issuer(source) = &self.source {
            source.register(figures);
        }
    }

    /// Who calls with this token.
    ///
    /// # Errors
    ///
    /// [`Rejection`].
    pub async fn verify(&self, token: &str) -> Result<Caller, Rejection> {
        let remembered = self.current().and_then(|keys| self.cache.get(token, &keys, get_current_timestamp()));
        if let Some(caller) = remembered {
            return Ok(caller);
        }
        let (head, access) = read(token)?;
        let algorithm = Algorithm::from_str(&head.alg).map_err(|_| Rejection::Malformed)?;
        if !access {
            return Err(Rejection::NotAnAccessToken);
        }
        let kid = head.kid.ok_or(Rejection::UnknownKey)?;
        let keys = self.with_key(&kid).await?;
        let mut rejection = Rejection::Invalid("InvalidAlgorithm".to_owned());
        for key in keys.get(&kid).into_iter().flatten().filter(|key| key.algorithm == algorithm) {
            match self.verify_with(key, token) {
                Ok((caller, expires)) => {
                    self.cache.insert(token, caller.clone(), expires, Arc::clone(key));
                    return Ok(caller);
                }
                Err(why) => rejection = why,
            }
        }
        Err(rejection)
    }

    /// The caller, and when the token expires.
    fn verify_with(&self, key: &Key, token: &str) -> Result<(Caller, u64), Rejection> {
        let mut validation = Validation::new(key.algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // The kind of error only: it names the claim, never its value.
        let claims = decode::<Claims>(token, &key.decoding, &validation)
            .map_err(|error| Rejection::Invalid(format!("{:?}", error.kind())))?
            .claims;
        if claims.iss != self.issuer.as_str() {
            return Err(Rejection::Invalid("InvalidIssuer".to_owned())); // jsonwebtoken takes an array that has it, too.
        }
        let subject = claims.sub.as_str().unwrap_or_default().to_owned();
        Ok((Caller::new(subject, granted(&claims.scope, &claims.permissions)), seconds(&claims.exp)))
    }

    fn current(&self) -> Option<Arc<KeySet>> {
        match &self.source {
            Source::Fixed(keys) => Some(Arc::clone(keys)),
            Source::Issuer(source) => source.current(),
        }
    }

    async fn with_key(&self, kid: &str) -> Result<Arc<KeySet>, Rejection> {
        match &self.source {
            Source::Fixed(keys) if keys.get(kid).is_some() => Ok(Arc::clone(keys)),
            Source::Fixed(_) => Err(Rejection::UnknownKey),
            Source::Issuer(source) => source.with_key(kid).await.map_err(|missing| match missing {
                Missing::Unknown => Rejection::UnknownKey,
                Missing::Unavailable { retry_after, cause } => Rejection::Unavailable { retry_after, cause },
            }),
        }
    }
}

/// The header, and whether header and claims are those of an access token. Nothing of it is verified yet.
fn read(token: &str) -> Result<(Head, bool), Rejection> {
    let malformed = |_| Rejection::Malformed;
    let mut parts = token.split('.');
    let (Some(head), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(Rejection::Malformed);
    };
    let head: Head = serde_json::from_str(&text(head)?).map_err(malformed)?;
    if head.crit {
        return Err(Rejection::Malformed); // Extensions that must be understood, and none is (RFC 7515, section 4.1.11).
    }
    let claims: Claims = serde_json::from_str(&text(payload)?).map_err(malformed)?;
    let access = match head.typ.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("at+jwt" | "application/at+jwt") => true,
        Some("jwt" | "application/jwt") | None => !claims.of_another_kind(),
        Some(_) => false,
    };
    Ok((head, access))
}

/// A part of a token as text: base64url (RFC 7515, section 2) of UTF-8.
fn text(part: &str) -> Result<String, Rejection> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Rejection::Malformed)?;
    String::from_utf8(bytes).map_err(|_| Rejection::Malformed)
}

impl Claims {
    /// Whether these are claims of an ID token (OpenID Connect Core, section 2; `token_use` is Cognito's, `typ` Keycloak's) or of a
    /// logout token (OpenID Connect Back-Channel Logout, section 2.4).
    fn of_another_kind(&self) -> bool {
        self.nonce || self.at_hash || self.c_hash || self.events || self.token_use == "id" || self.typ == "ID"
    }
}

/// Whether a member is there at all, also as `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// A time as `exp` gives it, which may have a fraction (RFC 7519, section 2).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates, and an earlier end is harmless")]
fn seconds(time: &Value) -> u64 {
    time.as_u64().or_else(|| time.as_f64().map(|time| time as u64)).unwrap_or(0)
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
