//! Who may call: the security requirements of an operation, and the credentials in a request.

use std::{borrow::Cow, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, COOKIE, WWW_AUTHENTICATE},
};
use openapi_document::pointer::join;
use serde_json::Value;

use super::{
    ContractError, Head,
    document::resolve,
    style::{Encoding, pairs},
};
use crate::{
    auth::{Authenticator, Authenticators, Caller, Credential, Rejection},
    problem::{Code, Problem},
};

/// Requirements that must all be met; none of them means that nobody has to say who calls.
pub(super) type Alternative = Vec<Requirement>;

/// One security scheme with the scopes that it must grant.
pub(super) struct Requirement {
    /// Its name in the document's components.
    pub scheme: String,
    /// Where the document asks for it.
    pub pointer: String,
    carrier: Carrier,
    pub scopes: Vec<String>,
    /// Set when the contract is compiled.
    pub authenticator: Option<Arc<dyn Authenticator>>,
}

/// What carries the credential.
enum Carrier {
    Bearer,
    Basic,
    Header(String),
    Query(String),
    Cookie(String),
    /// Something that only the authenticator knows.
    Other(HeaderValue),
}

/// The alternatives that the operation, or else the document, has; empty where the operation is open to all.
pub(super) fn read(document: &Value, at: &str) -> Result<Vec<Alternative>, ContractError> {
    let own = format!("{at}/security");
    let at = if document.pointer(&own).is_some() { own } else { "/security".to_owned() };
    let count = document.pointer(&at).and_then(Value::as_array).map_or(0, Vec::len);
    let alternative = |index: usize| {
        let at = format!("{at}/{index}");
        let requirement = document.pointer(&at).and_then(Value::as_object);
        let requirement =
            requirement.ok_or_else(|| ContractError::unsupported(&at, "something other than a security requirement"))?;
        requirement.iter().map(|(scheme, scopes)| one(document, &join(&at, scheme), scheme, scopes)).collect()
    };
    (0..count).map(alternative).collect()
}

fn one(document: &Value, at: &str, name: &str, scopes: &Value) -> Result<Requirement, ContractError> {
    let (scheme_at, scheme) = resolve(document, &join("/components/securitySchemes", name))?;
    let text = |field: &str| scheme.get(field).and_then(Value::as_str).unwrap_or_default();
    let carrier = match (text("type"), text("scheme").to_ascii_lowercase().as_str(), text("in")) {
        ("http", "bearer", _) | ("oauth2" | "openIdConnect", ..) => Carrier::Bearer,
        ("http", "basic", _) => Carrier::Basic,
        ("http", other, _) => {
            let challenge = HeaderValue::try_from(other);
            Carrier::Other(challenge.map_err(|_| ContractError::unsupported(&scheme_at, "an HTTP scheme of this name"))?)
        }
        ("mutualTLS", ..) => Carrier::Other(HeaderValue::from_static("Mutual")),
        ("apiKey", _, "header") => Carrier::Header(text("name").to_owned()),
        ("apiKey", _, "query") => Carrier::Query(text("name").to_owned()),
        ("apiKey", _, "cookie") => Carrier::Cookie(text("name").to_owned()),
        _ => return Err(ContractError::unsupported(&scheme_at, "a security scheme of this type")),
    };
    let scopes: Vec<String> = serde_json::from_value(scopes.clone())
        .map_err(|_| ContractError::unsupported(at, "something other than a list of scopes"))?;
    Ok(Requirement { scheme: name.to_owned(), pointer: at.to_owned(), carrier, scopes, authenticator: None })
}

impl Requirement {
    /// Finds who checks the credentials.
    pub fn connect(&mut self, authenticators: &Authenticators) -> Result<(), ContractError> {
        let found = authenticators.of(&self.scheme, matches!(self.carrier, Carrier::Bearer));
        self.authenticator = Some(Arc::clone(
            found.ok_or_else(|| ContractError::NoAuthenticator { scheme: self.scheme.clone(), pointer: self.pointer.clone() })?,
        ));
        Ok(())
    }

    /// What a refused caller is told to send (RFC 9110, section 11.6.1).
    fn challenge(&self) -> HeaderValue {
        match &self.carrier {
            Carrier::Bearer => HeaderValue::from_static("Bearer"),
            Carrier::Basic => HeaderValue::from_static("Basic realm=\"api\", charset=\"UTF-8\""),
            Carrier::Other(challenge) => challenge.clone(),
            Carrier::Header(_) | Carrier::Query(_) | Carrier::Cookie(_) => HeaderValue::from_static("ApiKey"),
        }
    }

    /// The caller whom the request names by this scheme, with the scopes; none where it names nobody.
    async fn caller(&self, head: &Head<'_>) -> Result<Option<Caller>, Problem> {
        let authenticator = self.authenticator.as_ref().ok_or_else(|| Problem::internal("there is no authenticator"))?;
        let result = match &self.carrier {
            Carrier::Bearer => match authorization(head.headers, "Bearer") {
                None => return Ok(None),
                Some(Err(_)) => Err(Rejection::Malformed),
                Some(Ok(token)) => authenticator.authenticate(Credential::Token(token)).await,
            },
            Carrier::Basic => match authorization(head.headers, "Basic").map(|text| text.ok().and_then(basic)) {
                None => return Ok(None),
                Some(None) => Err(Rejection::Malformed),
                Some(Some((user, password))) => {
                    authenticator.authenticate(Credential::Basic { user: &user, password: &password }).await
                }
            },
            Carrier::Header(name) => match head.headers.get(name.as_str()) {
                None => return Ok(None),
                Some(value) => match value.to_str() {
                    Ok(key) => authenticator.authenticate(Credential::Key(key)).await,
                    Err(_) => Err(Rejection::Malformed),
                },
            },
            Carrier::Query(name) => match value(&pairs(head.uri.query().unwrap_or_default()), name, Encoding::Form) {
                None => return Ok(None),
                Some(key) => authenticator.authenticate(Credential::Key(&key)).await,
            },
            Carrier::Cookie(name) => match value(&cookies(head.headers), name, Encoding::Percent) {
                None => return Ok(None),
                Some(key) => authenticator.authenticate(Credential::Key(&key)).await,
            },
            Carrier::Other(_) => authenticator.authenticate(Credential::Headers(head.headers)).await,
        };
        let caller = result.map_err(|rejection| self.refused(rejection))?;
        let missing = caller.missing(&self.scopes);
        if missing.is_empty() { Ok(Some(caller)) } else { Err(self.insufficient(&missing)) }
    }

    fn refused(&self, rejection: Rejection) -> Problem {
        if let Rejection::Unavailable { retry_after, cause } = rejection {
            return Problem::unavailable(retry_after, cause);
        }
        let problem = Problem::new(Code::Unauthorized).with_cause(rejection.to_string());
        match self.carrier {
            Carrier::Bearer => problem
                .message("The access token is not valid for this API: malformed, expired, or not issued for it. Get a new one.")
                .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\"")),
            _ => problem.message("The credentials are not valid for this API.").header(WWW_AUTHENTICATE, self.challenge()),
        }
    }

    /// RFC 6750, section 3.1.
    fn insufficient(&self, missing: &[&str]) -> Problem {
        let missing = missing.join(" ");
        // Scopes of the document: RFC 6749 allows no quote or backslash in them, and neither does a header value here.
        let challenge = match self.carrier {
            Carrier::Bearer => HeaderValue::try_from(format!("Bearer error=\"insufficient_scope\", scope=\"{missing}\""))
                .unwrap_or_else(|_| self.challenge()),
            _ => self.challenge(),
        };
        let what = if matches!(self.carrier, Carrier::Bearer) { "access token lacks" } else { "credentials lack" };
        Problem::new(Code::Forbidden).message(format!("The {what} the scope {missing}.")).header(WWW_AUTHENTICATE, challenge)
    }
}

/// The caller, by the first alternative that is met; none where nobody has to say who calls, and nobody did.
///
/// # Errors
///
/// 401 without a valid credential and 403 without the scopes, each with its challenges; 503 where a credential cannot be judged now.
pub(super) async fn authorise(alternatives: &[Alternative], head: &Head<'_>) -> Result<Option<Caller>, Problem> {
    let mut refusal: Option<Problem> = None;
    for alternative in alternatives.iter().filter(|alternative| !alternative.is_empty()) {
        match all(alternative, head).await {
            Ok(Some(caller)) => return Ok(Some(caller)),
            Ok(None) => {}
            Err(problem) if refusal.as_ref().is_none_or(|other| other.details().status < problem.details().status) => {
                refusal = Some(problem);
            }
            Err(_) => {}
        }
    }
    match refusal {
        Some(problem) => Err(problem),
        None if alternatives.is_empty() || alternatives.iter().any(Vec::is_empty) => Ok(None),
        None => Err(unnamed(alternatives)),
    }
}

/// The caller that all requirements name; the first one's where they name several.
async fn all(alternative: &Alternative, head: &Head<'_>) -> Result<Option<Caller>, Problem> {
    let mut caller = None;
    for requirement in alternative {
        match requirement.caller(head).await? {
            None => return Ok(None),
            Some(named) => drop(caller.get_or_insert(named)),
        }
    }
    Ok(caller)
}

/// 401 with a challenge for each scheme.
fn unnamed(alternatives: &[Alternative]) -> Problem {
    let mut challenges: Vec<HeaderValue> = Vec::new();
    for challenge in alternatives.iter().flatten().map(Requirement::challenge) {
        if !challenges.contains(&challenge) {
            challenges.push(challenge);
        }
    }
    let only_tokens = alternatives.iter().flatten().all(|requirement| matches!(requirement.carrier, Carrier::Bearer));
    let mut problem = Problem::new(Code::Unauthorized);
    if !only_tokens {
        let names: Vec<String> = alternatives
            .iter()
            .map(|alternative| {
                alternative.iter().map(|requirement| requirement.scheme.as_str()).collect::<Vec<_>>().join(" and ")
            })
            .collect();
        problem = problem.message(format!("Valid credentials are needed: {}.", names.join(", or ")));
    }
    challenges.into_iter().fold(problem, |problem, challenge| problem.header(WWW_AUTHENTICATE, challenge))
}

/// What the one `Authorization` header has after this scheme, whose name ignores case (RFC 9110, section 11.1); none where there is
/// no such header. Several headers, or one that is not text, are malformed.
fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<Result<&'a str, ()>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return Some(Err(()));
    }
    let (name, rest) = value.as_bytes().split_at_checked(scheme.len())?;
    if !name.eq_ignore_ascii_case(scheme.as_bytes()) || rest.first().is_some_and(|next| *next != b' ') {
        return None;
    }
    Some(std::str::from_utf8(rest).map(|text| text.trim_matches(' ')).map_err(|_| ()))
}

/// User and password (RFC 7617, section 2).
fn basic(text: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// The cookies of a request (RFC 6265, section 4.2.1), as they are encoded.
pub(super) fn cookies(headers: &HeaderMap) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let parts = lines.flat_map(|line| line.split(';')).map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(name, value)| (name.into(), value.into())).collect()
}

fn value(pairs: &[(Cow<'_, str>, Cow<'_, str>)], name: &str, encoding: Encoding) -> Option<String> {
    pairs.iter().find(|(other, _)| encoding.decode(other) == name).map(|(_, value)| encoding.decode(value).into_owned())
}
