//! Who may pass: bearer token → scopes (RFC 6750, RFC 7519), and the ways to be too lenient or too strict about it.

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

/// What is wrong with the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    NoCheck,
    AnyToken,
    Expired,
    NotYetValid,
    NoExpiry,
    AnyIssuer,
    IssuerPrefix,
    AnyAudience,
    UnknownKey,
    AlgorithmNone,
    PublicKeyAsSecret,
    NoSignature,
    EmbeddedKey,
    CriticalIgnored,
    AnyScope,
    ScopePrefix,
    ScopeSubstring,
    ScopeAnyCase,
    ScopeArray,
    ScopeOtherClaim,
    ScopeCommas,
    FirstScopeOnly,
    SchemeCase,
    AnyScheme,
    FirstHeader,
}

/// A refusal: the status and the challenge.
pub struct Denied {
    pub status: u16,
    pub challenge: String,
}

/// Lets pass who has the scopes of one of the alternatives.
pub fn admit(headers: &HeaderMap, alternatives: &[Vec<String>], slip: Option<Slip>) -> Result<(), Denied> {
    if alternatives.iter().any(Vec::is_empty) && !headers.contains_key(AUTHORIZATION) && alternatives.len() > 1 {
        return Ok(());
    }
    if slip == Some(Slip::NoCheck) {
        return Ok(());
    }
    let token = bearer(headers, slip)?;
    if slip == Some(Slip::AnyToken) {
        return Ok(());
    }
    let claims = verify(token, slip).filter(|claims| in_force(claims, slip)).ok_or_else(invalid)?;
    let missing = |needed: &&Vec<String>| !needed.iter().all(|scope| granted(&claims, scope, slip));
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

fn bearer(headers: &HeaderMap, slip: Option<Slip>) -> Result<&str, Denied> {
    let values: Vec<&HeaderValue> = headers.get_all(AUTHORIZATION).iter().collect();
    let value = values.first().ok_or_else(no_token)?;
    if values.len() > 1 && slip != Some(Slip::FirstHeader) {
        return Err(invalid());
    }
    let value = value.to_str().map_err(|_| invalid())?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let known = match slip {
        Some(Slip::SchemeCase) => scheme == "Bearer",
        Some(Slip::AnyScheme) => true,
        _ => scheme.eq_ignore_ascii_case("Bearer"),
    };
    if known { Ok(token.trim_matches(' ')) } else { Err(no_token()) }
}

/// The claims of a token that the issuer signed.
fn verify(token: &str, slip: Option<Slip>) -> Option<Value> {
    let mut parts = token.split('.');
    let (header, payload) = (part(parts.next()?)?, parts.next()?);
    parts.next()?;
    if parts.next().is_some() || (header.get("crit").is_some() && slip != Some(Slip::CriticalIgnored)) {
        return None;
    }
    let algorithm = header.get("alg")?.as_str()?;
    match (slip, algorithm) {
        (Some(Slip::AlgorithmNone), other) if other.eq_ignore_ascii_case("none") => return part(payload),
        (Some(Slip::PublicKeyAsSecret), "HS256") => {
            let mut secrets = KEY.public_forms.iter().map(|form| DecodingKey::from_secret(form));
            return secrets.find_map(|secret| signed(token, &secret, Algorithm::HS256));
        }
        (_, "RS256") => {}
        _ => return None,
    }
    if let (Some(Slip::EmbeddedKey), Some(jwk)) = (slip, header.get("jwk")) {
        let key = DecodingKey::from_jwk(&serde_json::from_value(jwk.clone()).ok()?).ok()?;
        return signed(token, &key, Algorithm::RS256);
    }
    if header.get("kid").and_then(Value::as_str) != Some(KID) && slip != Some(Slip::UnknownKey) {
        return None;
    }
    if slip == Some(Slip::NoSignature) { part(payload) } else { signed(token, &KEY.public, Algorithm::RS256) }
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
fn in_force(claims: &Value, slip: Option<Slip>) -> bool {
    let now = get_current_timestamp() as f64;
    let expiry = match claims.get("exp") {
        None => slip == Some(Slip::NoExpiry),
        Some(time) => time.as_f64().is_some_and(|time| time + LEEWAY > now || slip == Some(Slip::Expired)),
    };
    let begun = match claims.get("nbf") {
        None => true,
        Some(time) => time.as_f64().is_some_and(|time| time - LEEWAY <= now || slip == Some(Slip::NotYetValid)),
    };
    let issuer = match (slip, claims.get("iss").and_then(Value::as_str)) {
        (Some(Slip::AnyIssuer), _) => true,
        (Some(Slip::IssuerPrefix), Some(issuer)) => issuer.starts_with(ISSUER.trim_end_matches('/')),
        (_, issuer) => issuer == Some(ISSUER),
    };
    let audience = match claims.get("aud") {
        _ if slip == Some(Slip::AnyAudience) => true,
        Some(Value::Array(audiences)) => audiences.iter().any(|audience| audience == AUDIENCE),
        audience => audience.and_then(Value::as_str) == Some(AUDIENCE),
    };
    expiry && begun && issuer && audience
}

/// Whether the token grants the scope: by `scope`, space-separated (RFC 8693, section 4.2), or by the array `permissions`.
fn granted(claims: &Value, needed: &str, slip: Option<Slip>) -> bool {
    let scope = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    let mut all: Vec<&str> = scope.split(' ').filter(|scope| !scope.is_empty()).collect();
    let array = |claim: &str| claims.get(claim).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    all.extend(array("permissions"));
    match slip {
        Some(Slip::AnyScope) => return true,
        Some(Slip::ScopeArray) => all.extend(array("scope")),
        Some(Slip::ScopeOtherClaim) => {
            for claim in ["scp", "scopes", "roles"] {
                all.extend(array(claim));
                all.extend(claims.get(claim).and_then(Value::as_str).into_iter().flat_map(|scopes| scopes.split(' ')));
            }
        }
        Some(Slip::ScopeCommas) => all.extend(scope.split(',')),
        Some(Slip::FirstScopeOnly) => all.truncate(1),
        _ => {}
    }
    all.into_iter().any(|scope| match slip {
        // A longer scope, as from comparing with `startsWith`, or a shorter one, as from comparing up to the colon.
        Some(Slip::ScopePrefix) => scope.starts_with(needed) || needed.starts_with(scope),
        Some(Slip::ScopeSubstring) => scope.contains(needed),
        Some(Slip::ScopeAnyCase) => scope.eq_ignore_ascii_case(needed),
        _ => scope == needed,
    })
}
