//! Bearer tokens and scopes (RFC 6750, RFC 7519), and the ways to be too lenient or too strict about them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, HeaderValue},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, get_current_timestamp};
use serde_json::Value;

use crate::key::{AUDIENCE, ISSUER, KEY, KID};

/// How far the issuer's clock and ours may differ, in seconds.
const LEEWAY: f64 = 5.0;

/// A fault in the check of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFault {
    /// Nobody is checked.
    NoCheck,
    /// Any token is accepted.
    AnyToken,
    /// Expired tokens are accepted.
    Expired,
    /// `nbf` is ignored.
    NotYetValid,
    /// Tokens without `exp` are accepted.
    NoExpiry,
    /// `iss` is ignored.
    AnyIssuer,
    /// An issuer with the right beginning is accepted.
    IssuerPrefix,
    /// `aud` is ignored.
    AnyAudience,
    /// `kid` is ignored.
    UnknownKey,
    /// The algorithm `none` is accepted.
    AlgorithmNone,
    /// HS256 with the public key as the secret is accepted.
    PublicKeyAsSecret,
    /// The signature is ignored.
    NoSignature,
    /// A key in the header is trusted.
    EmbeddedKey,
    /// `crit` is ignored.
    CriticalIgnored,
    /// Scopes are ignored.
    AnyScope,
    /// A scope with the same beginning is accepted.
    ScopePrefix,
    /// A scope that contains the needed one is accepted.
    ScopeSubstring,
    /// Scopes are compared without letter case.
    ScopeAnyCase,
    /// `scope` may be a list.
    ScopeArray,
    /// Scopes may be in other claims.
    ScopeOtherClaim,
    /// Scopes may be separated by commas.
    ScopeCommas,
    /// Only the first scope counts.
    FirstScopeOnly,
    /// The scheme must be written `Bearer`.
    SchemeCase,
    /// Any scheme is accepted.
    AnyScheme,
    /// Of several `Authorization` headers the first counts.
    FirstHeader,
    /// This scope is enough everywhere.
    ScopeForAll(&'static str),
    /// The request is validated before the caller is known.
    CheckedLast,
}

/// A refusal: the status and the challenge.
pub struct Denied {
    pub status: u16,
    pub challenge: String,
}

/// Admits a caller that has the scopes of one of the alternatives.
pub fn admit(headers: &HeaderMap, alternatives: &[Vec<String>], fault: Option<AuthFault>) -> Result<(), Denied> {
    if fault == Some(AuthFault::NoCheck) {
        return Ok(());
    }
    let token = bearer(headers, fault)?;
    if fault == Some(AuthFault::AnyToken) {
        return Ok(());
    }
    let claims = verify(token, fault).filter(|claims| in_force(claims, fault)).ok_or_else(invalid)?;
    if let Some(AuthFault::ScopeForAll(scope)) = fault
        && granted(&claims, scope, None)
    {
        return Ok(());
    }
    let missing = |needed: &&Vec<String>| !needed.iter().all(|scope| granted(&claims, scope, fault));
    let refused: Vec<_> = alternatives.iter().filter(missing).collect();
    match refused.as_slice() {
        [first, ..] if refused.len() == alternatives.len() => {
            Err(Denied { status: 403, challenge: format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", first.join(" ")) })
        }
        _ => Ok(()),
    }
}

fn no_token() -> Denied {
    Denied { status: 401, challenge: "Bearer".to_owned() }
}

fn invalid() -> Denied {
    Denied { status: 401, challenge: "Bearer error=\"invalid_token\"".to_owned() }
}

fn bearer(headers: &HeaderMap, fault: Option<AuthFault>) -> Result<&str, Denied> {
    let values: Vec<&HeaderValue> = headers.get_all(AUTHORIZATION).iter().collect();
    let value = values.first().ok_or_else(no_token)?;
    if values.len() > 1 && fault != Some(AuthFault::FirstHeader) {
        return Err(invalid());
    }
    let value = value.to_str().map_err(|_| invalid())?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let known = match fault {
        Some(AuthFault::SchemeCase) => scheme == "Bearer",
        Some(AuthFault::AnyScheme) => true,
        _ => scheme.eq_ignore_ascii_case("Bearer"),
    };
    if known { Ok(token.trim_matches(' ')) } else { Err(no_token()) }
}

/// The claims of a token that the issuer signed.
fn verify(token: &str, fault: Option<AuthFault>) -> Option<Value> {
    let mut parts = token.split('.');
    let (header, payload) = (part(parts.next()?)?, parts.next()?);
    parts.next()?;
    if parts.next().is_some() || (header.get("crit").is_some() && fault != Some(AuthFault::CriticalIgnored)) {
        return None;
    }
    let algorithm = header.get("alg")?.as_str()?;
    match (fault, algorithm) {
        (Some(AuthFault::AlgorithmNone), other) if other.eq_ignore_ascii_case("none") => return part(payload),
        (Some(AuthFault::PublicKeyAsSecret), "HS256") => {
            let mut secrets = KEY.public_forms.iter().map(|form| DecodingKey::from_secret(form));
            return secrets.find_map(|secret| signed(token, &secret, Algorithm::HS256));
        }
        (_, "RS256") => {}
        _ => return None,
    }
    if let (Some(AuthFault::EmbeddedKey), Some(jwk)) = (fault, header.get("jwk")) {
        let key = DecodingKey::from_jwk(&serde_json::from_value(jwk.clone()).ok()?).ok()?;
        return signed(token, &key, Algorithm::RS256);
    }
    if header.get("kid").and_then(Value::as_str) != Some(KID) && fault != Some(AuthFault::UnknownKey) {
        return None;
    }
    if fault == Some(AuthFault::NoSignature) { part(payload) } else { signed(token, &KEY.public, Algorithm::RS256) }
}

fn part(text: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// The claims when the signature is right; what they say is not looked at here.
fn signed(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Option<Value> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    decode::<Value>(token, key, &validation).ok().map(|data| data.claims)
}

/// Whether the token is from the issuer, for this API, and for now.
fn in_force(claims: &Value, fault: Option<AuthFault>) -> bool {
    let now = get_current_timestamp() as f64;
    let expiry = match claims.get("exp") {
        None => fault == Some(AuthFault::NoExpiry),
        Some(time) => time.as_f64().is_some_and(|time| time + LEEWAY > now || fault == Some(AuthFault::Expired)),
    };
    let begun = match claims.get("nbf") {
        None => true,
        Some(time) => time.as_f64().is_some_and(|time| time - LEEWAY <= now || fault == Some(AuthFault::NotYetValid)),
    };
    let issuer = match (fault, claims.get("iss").and_then(Value::as_str)) {
        (Some(AuthFault::AnyIssuer), _) => true,
        (Some(AuthFault::IssuerPrefix), Some(issuer)) => issuer.starts_with(ISSUER.trim_end_matches('/')),
        (_, issuer) => issuer == Some(ISSUER),
    };
    let audience = match claims.get("aud") {
        _ if fault == Some(AuthFault::AnyAudience) => true,
        Some(Value::Array(audiences)) => audiences.iter().any(|audience| audience == AUDIENCE),
        audience => audience.and_then(Value::as_str) == Some(AUDIENCE),
    };
    expiry && begun && issuer && audience
}

/// Whether the token grants the scope: by `scope`, space-separated (RFC 8693, section 4.2), or by the array `permissions`.
fn granted(claims: &Value, needed: &str, fault: Option<AuthFault>) -> bool {
    let scope = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    let mut all: Vec<&str> = scope.split(' ').filter(|scope| !scope.is_empty()).collect();
    let array = |claim: &str| claims.get(claim).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    all.extend(array("permissions"));
    match fault {
        Some(AuthFault::AnyScope) => return true,
        Some(AuthFault::ScopeArray) => all.extend(array("scope")),
        Some(AuthFault::ScopeOtherClaim) => {
            for claim in ["scp", "scopes", "roles"] {
                all.extend(array(claim));
                all.extend(claims.get(claim).and_then(Value::as_str).into_iter().flat_map(|scopes| scopes.split(' ')));
            }
        }
        Some(AuthFault::ScopeCommas) => all.extend(scope.split(',')),
        Some(AuthFault::FirstScopeOnly) => all.truncate(1),
        _ => {}
    }
    all.into_iter().any(|scope| match fault {
        // A longer scope, as from comparing with `startsWith`, or a shorter one, as from comparing up to the colon.
        Some(AuthFault::ScopePrefix) => scope.starts_with(needed) || needed.starts_with(scope),
        Some(AuthFault::ScopeSubstring) => scope.contains(needed),
        Some(AuthFault::ScopeAnyCase) => scope.eq_ignore_ascii_case(needed),
        _ => scope == needed,
    })
}
