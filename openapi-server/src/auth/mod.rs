//! Bearer token → caller with scopes. The token is the caller's only claim (RFC 6750, RFC 7519).

mod fetch;
mod keys;
mod local;
mod remembered;
mod source;
mod verifier;

use std::{collections::BTreeSet, sync::Arc};

use poem::http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};

pub use self::{
    fetch::KeySetUrl,
    keys::{KeyError, KeySet},
    local::{LocalIssuer, LocalIssuerError},
    verifier::{Rejection, Verifier},
};
use crate::problem::{Code, Problem};

/// Who calls, as an accepted token says.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Grant>);

#[derive(Debug)]
struct Grant {
    subject: String,
    scopes: BTreeSet<String>,
}

impl Caller {
    fn new(subject: String, scopes: BTreeSet<String>) -> Self {
        Self(Arc::new(Grant { subject, scopes }))
    }

    /// The token's `sub`: the user or client that it was issued to; empty where the token has none.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Those of `needed` that the token does not grant. Scopes compare exactly (RFC 6749, section 3.3).
    pub fn missing<'a>(&self, needed: &'a [String]) -> Vec<&'a str> {
        needed.iter().map(String::as_str).filter(|scope| !self.0.scopes.contains(*scope)).collect()
    }
}

impl Verifier {
    /// The caller of a request, with every scope of `needed`.
    ///
    /// # Errors
    ///
    /// 401 without a valid token and 403 without the scopes, each with the challenge of RFC 6750, section 3; 503 while the issuer's keys
    /// are not known.
    pub async fn authorise(&self, headers: &HeaderMap, needed: &[String]) -> Result<Caller, Problem> {
        let token = bearer_token(headers)?;
        let caller = self.verify(token).await.map_err(|rejection| match rejection {
            Rejection::Unavailable { retry_after, cause } => Problem::unavailable(retry_after, cause),
            refused => invalid_token(refused.to_string()),
        })?;
        let missing = caller.missing(needed);
        if !missing.is_empty() {
            // Scopes of the document: RFC 6749 allows no quote or backslash in them, and neither does a header value here.
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", missing.join(" "));
            return Err(Problem::new(Code::Forbidden)
                .message(format!("The access token lacks the scope {}.", missing.join(" ")))
                .header(WWW_AUTHENTICATE, HeaderValue::try_from(challenge).unwrap_or(BARE_CHALLENGE)));
        }
        Ok(caller)
    }
}

const BARE_CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer");

/// The token of the one `Authorization: Bearer` header (RFC 6750, section 2.1). The scheme's name ignores case (RFC 9110,
/// section 11.1).
fn bearer_token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let no_token = || Problem::new(Code::Unauthorized).header(WWW_AUTHENTICATE, BARE_CHALLENGE);
    let value = values.next().ok_or_else(no_token)?;
    if values.next().is_some() {
        return Err(invalid_token("more than one Authorization header"));
    }
    let (scheme, token) = value.as_bytes().split_at_checked("Bearer".len()).ok_or_else(no_token)?;
    if !scheme.eq_ignore_ascii_case(b"Bearer") || token.first().is_some_and(|next| *next != b' ') {
        return Err(no_token());
    }
    std::str::from_utf8(token).map(|token| token.trim_matches(' ')).map_err(|_| invalid_token("not a supported JWT"))
}

fn invalid_token(cause: impl Into<String>) -> Problem {
    Problem::new(Code::Unauthorized)
        .message("The access token is not valid for this API: malformed, expired, or not issued for it. Get a new one.")
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))
        .with_cause(cause)
}
