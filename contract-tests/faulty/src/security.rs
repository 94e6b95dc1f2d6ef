//! What an operation asks a caller for: every scheme of OpenAPI 3.1, section 4.8.27. Bearer tokens are looked at in `auth`.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{HeaderMap, Uri, header::AUTHORIZATION};
use serde_json::Value;

use crate::{
    auth::{self, AuthFault, Denied},
    parameter::{cookies, pairs},
};

/// The user and password that the server accepts, as `USER:PASSWORD`.
pub const BASIC: &str = "user:password";
/// The API key that the server accepts, whatever it is called.
pub const API_KEY: &str = "the-api-key";

/// Who may call an operation: one of the alternatives is enough.
pub enum Security {
    /// A bearer token with all scopes of one of them.
    Bearer(Vec<Vec<String>>),
    /// All credentials of one of them; none of an empty one.
    Mixed(Vec<Vec<Credential>>),
}

/// A part of what a caller must show.
pub enum Credential {
    Bearer(Vec<String>),
    Basic,
    Key {
        place: String,
        name: String,
    },
    /// Whatever comes with this scheme of HTTP.
    Other(String),
    /// Nothing that a request shows.
    Elsewhere,
}

impl Security {
    /// The security requirements of an operation; none where there are none.
    pub fn of(requirements: &[Value], schemes: &dyn Fn(&str) -> Value) -> Option<Self> {
        let all: Vec<Vec<Credential>> = requirements
            .iter()
            .filter_map(Value::as_object)
            .map(|one| with_one_token(one.iter().map(|(name, scopes)| Credential::of(&schemes(name), scopes))))
            .collect();
        if all.is_empty() {
            return None;
        }
        // Nobody shows here what is shown elsewhere: it admits callers only where it is all that there is.
        let is_elsewhere = |one: &Vec<Credential>| one.iter().any(|credential| matches!(credential, Credential::Elsewhere));
        let all = if all.iter().all(is_elsewhere) { all } else { all.into_iter().filter(|one| !is_elsewhere(one)).collect() };
        let scopes = |one: &Vec<Credential>| match one.as_slice() {
            [Credential::Bearer(scopes)] => Some(scopes.clone()),
            _ => None,
        };
        let only_bearer = all.iter().map(scopes).collect::<Option<_>>();
        Some(only_bearer.map_or(Self::Mixed(all), Self::Bearer))
    }

    /// Whether a token can lack a scope.
    pub fn is_scoped(&self) -> bool {
        match self {
            Self::Bearer(alternatives) => alternatives.iter().all(|scopes| !scopes.is_empty()),
            Self::Mixed(_) => false,
        }
    }

    /// Admits who shows what is asked for.
    pub fn admit(&self, headers: &HeaderMap, uri: &Uri, fault: Option<AuthFault>) -> Result<(), Denied> {
        let alternatives = match self {
            Self::Bearer(alternatives) => return auth::admit(headers, alternatives, fault),
            Self::Mixed(alternatives) => alternatives,
        };
        let mut denied = None;
        for alternative in alternatives {
            match alternative.iter().try_for_each(|credential| credential.check(headers, uri, fault)) {
                Ok(()) => return Ok(()),
                Err(reason) => drop(denied.get_or_insert(reason)),
            }
        }
        denied.map_or(Ok(()), Err)
    }
}

/// All credentials of an alternative. There is one `Authorization` header, so that one token has the scopes of all schemes that want one.
fn with_one_token(all: impl Iterator<Item = Credential>) -> Vec<Credential> {
    let (mut scopes, mut others) = (None::<Vec<String>>, Vec::new());
    for credential in all {
        match credential {
            Credential::Bearer(more) => scopes.get_or_insert_default().extend(more),
            other => others.push(other),
        }
    }
    scopes.map(Credential::Bearer).into_iter().chain(others).collect()
}

impl Credential {
    fn of(scheme: &Value, scopes: &Value) -> Self {
        let text = |name: &str| scheme.get(name).and_then(Value::as_str).unwrap_or_default();
        let scopes = || scopes.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        match (text("type"), text("scheme").to_lowercase().as_str()) {
            ("http", "basic") => Self::Basic,
            ("apiKey", _) => Self::Key { place: text("in").to_owned(), name: text("name").to_owned() },
            ("mutualTLS", _) => Self::Elsewhere,
            ("http", other) if other != "bearer" => Self::Other(other.to_owned()),
            _ => Self::Bearer(scopes()),
        }
    }

    fn check(&self, headers: &HeaderMap, uri: &Uri, fault: Option<AuthFault>) -> Result<(), Denied> {
        let shown = match self {
            Self::Bearer(scopes) => return auth::admit(headers, std::slice::from_ref(scopes), fault),
            Self::Elsewhere => true,
            Self::Other(scheme) => {
                let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
                value.split_once(' ').is_some_and(|(known, _)| known.eq_ignore_ascii_case(scheme))
            }
            Self::Basic => {
                let value = headers
                    .get(AUTHORIZATION)
                    .and_then(|value| value.to_str().ok())
                    .and_then(|value| value.strip_prefix("Basic "));
                value.and_then(|value| STANDARD.decode(value).ok()).is_some_and(|pair| pair == BASIC.as_bytes())
            }
            Self::Key { place, name } => match place.as_str() {
                "query" => {
                    pairs(uri.query().unwrap_or_default()).into_iter().any(|(known, value)| known == *name && value == API_KEY)
                }
                "cookie" => cookies(headers).any(|(known, value)| known == name && value == API_KEY),
                _ => headers.get(name).is_some_and(|value| value == API_KEY),
            },
        };
        let challenge = match self {
            Self::Basic => "Basic realm=\"api\"",
            Self::Other(scheme) => scheme,
            _ => "ApiKey",
        };
        if shown { Ok(()) } else { Err(Denied { status: 401, challenge: challenge.to_owned() }) }
    }
}
