//! What a caller authenticates with, and what each operation gets of it.

use std::str::FromStr;

use crate::{
    cases::token::{Signer, TokenError},
    openapi::{
        form::percent,
        operation::{Operation, ParameterLocation, Requirement, Scheme, Security, is_token},
        request::Request,
    },
};

/// Something that another caller authenticates with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A bearer token.
    Token(String),
    /// User and password, with a colon between them.
    Basic(String),
    /// The name of an API key's scheme or parameter, and the key.
    ApiKey(String, String),
    /// The name of a header, and its value.
    Header(String, String),
    /// Whom the tokens are about (`sub`) that the tests sign themselves.
    Subject(String),
}

impl FromStr for Credential {
    type Err = String;

    /// Reads `token=…`, `basic=USER:PASSWORD`, `api-key=NAME=KEY`, `header=NAME:VALUE` or `subject=NAME`.
    fn from_str(text: &str) -> Result<Self, String> {
        let pair = |text: &str, between: char| {
            let (name, value) = text.split_once(between).filter(|(name, value)| !name.is_empty() && !value.is_empty())?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        };
        let read = match text.split_once('=') {
            Some(("token", token)) if !token.is_empty() => Some(Self::Token(token.to_owned())),
            Some(("basic", given)) if pair(given, ':').is_some() => Some(Self::Basic(given.to_owned())),
            Some(("api-key", given)) => pair(given, '=').map(|(name, key)| Self::ApiKey(name, key)),
            Some(("header", given)) => pair(given, ':').map(|(name, value)| Self::Header(name, value)),
            Some(("subject", name)) if !name.is_empty() => Some(Self::Subject(name.to_owned())),
            _ => None,
        };
        let expected = "expected token=TOKEN, basic=USER:PASSWORD, api-key=NAME=KEY, header=NAME:VALUE or subject=NAME";
        read.ok_or_else(|| expected.to_owned())
    }
}

/// Everything that the tests may authenticate with.
#[derive(Default, Clone)]
pub(super) struct Keyring {
    pub token: Option<String>,
    pub signer: Option<Signer>,
    /// User and password, as `Authorization: Basic` has them before Base64.
    pub basic: Option<String>,
    /// API keys by the name of their scheme, or of their parameter.
    pub api_keys: Vec<(String, String)>,
    /// Sent with every request.
    pub headers: Vec<(String, String)>,
    /// Whom signed tokens are about, where it is not the usual one.
    pub subject: Option<String>,
}

/// What is added to the requests of one operation that are to be authenticated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Values of `Authorization`.
    pub authorization: Vec<String>,
    /// The bearer token among them.
    pub token: Option<String>,
    /// API keys: where, by which name, and the key.
    pub keys: Vec<(ParameterLocation, String, String)>,
    /// What is as good: the alternatives of the document that there are credentials for, too.
    pub others: Vec<Grant>,
    /// Whether nothing was given, and the server lets anybody in.
    pub open: bool,
}

impl Grant {
    /// The secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &String> {
        [self].into_iter().chain(&self.others).flat_map(|grant| {
            let others = grant.authorization.iter().filter(|value| !value.starts_with("Bearer "));
            grant.token.iter().chain(others).chain(grant.keys.iter().map(|(_, _, key)| key))
        })
    }

    /// The request with its API keys.
    pub fn apply(&self, mut request: Request) -> Request {
        for (place, name, key) in &self.keys {
            match place {
                ParameterLocation::Query => {
                    let more = if request.target.contains('?') { '&' } else { '?' };
                    request.target.push_str(&format!("{more}{}={}", percent(name), percent(key)));
                }
                ParameterLocation::Cookie => match request.headers.iter_mut().find(|(known, _)| known == "cookie") {
                    Some((_, cookies)) => cookies.push_str(&format!("; {name}={key}")),
                    None => request.headers.push(("cookie".to_owned(), format!("{name}={key}"))),
                },
                ParameterLocation::Header | ParameterLocation::Path => request.headers.push((name.clone(), key.clone())),
            }
        }
        request
    }
}

impl Keyring {
    /// What another caller has, and of the first caller what is nobody's own: the key that signs tokens, and the other headers.
    pub fn beside(&self, first: &Self) -> Self {
        let mut other = self.clone();
        let signer = first.signer.as_ref().zip(self.subject.as_ref());
        other.signer = signer.map(|(signer, subject)| signer.clone().about(subject));
        if !other.headers.is_empty() {
            let is_own = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
            other.headers.extend(first.headers.iter().filter(|(name, _)| !is_own(name)).cloned());
        }
        other
    }

    /// The values of headers that may be secret: what is shorter may stand in any text.
    pub fn secrets(&self) -> impl Iterator<Item = &String> {
        self.headers.iter().map(|(_, value)| value).filter(|value| value.len() >= 8)
    }

    /// What was given, for a document that speaks of no credentials at all.
    pub fn undocumented(&self) -> Grant {
        let mut grant = Grant::default();
        if let Some(token) = &self.token {
            grant.bearer(token.clone());
        } else if let Some(pair) = &self.basic {
            grant.authorization.push(basic(pair));
        }
        grant
    }

    /// What authenticates an operation: the first of its alternatives that there are credentials for; or what is missing.
    pub fn grant(&self, operation: &Operation) -> Result<Result<Grant, String>, TokenError> {
        let Some(security) = &operation.security else { return Ok(Ok(Grant::default())) };
        let (mut missing, mut first): (_, Option<Grant>) = (None, None);
        for requirements in &security.requirements {
            match (self.all(requirements)?, &mut first) {
                (Ok(grant), None) => first = Some(grant),
                // Another token is no other way; its scopes are a case of their own. One that the caller sends by himself cannot be
                // told from the first.
                (Ok(grant), Some(first)) if grant.parts() > 0 && !(grant.token.is_some() && first.token.is_some()) => {
                    first.others.push(grant);
                }
                (Ok(_), Some(_)) => {}
                (Err(lacking), _) => drop(missing.get_or_insert(lacking)),
            }
        }
        Ok(first.ok_or_else(|| missing.unwrap_or_default()))
    }

    fn all(&self, requirements: &[Requirement]) -> Result<Result<Grant, String>, TokenError> {
        let mut grant = Grant::default();
        for Requirement { name, scheme, scopes } in requirements {
            let sent = |wanted: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(wanted));
            match scheme {
                Scheme::Bearer => match (&self.signer, &self.token) {
                    (Some(signer), _) => grant.bearer(signer.good(scopes)?),
                    (None, Some(token)) => grant.bearer(token.clone()),
                    (None, None) if sent("authorization") => {}
                    (None, None) => return Ok(Err(format!("no token for the security scheme {name}: give --token"))),
                },
                Scheme::Basic => match &self.basic {
                    Some(pair) => grant.authorization.push(basic(pair)),
                    None if sent("authorization") => {}
                    None => return Ok(Err(format!("no password for the security scheme {name}: give --basic USER:PASSWORD"))),
                },
                Scheme::ApiKey { place, name: parameter } if *place != ParameterLocation::Query && !is_token(parameter) => {
                    return Ok(Err(format!("the security scheme {name} has a name that HTTP does not allow, {parameter:?}")));
                }
                Scheme::ApiKey { place, name: parameter } => {
                    let own = self.api_keys.iter().find(|(known, _)| known == name || known.eq_ignore_ascii_case(parameter));
                    match own {
                        Some((_, key)) => grant.keys.push((*place, parameter.clone(), key.clone())),
                        None if *place == ParameterLocation::Header && sent(parameter) => {}
                        // Swagger 2.0 has no other way to describe a token.
                        None if *place == ParameterLocation::Header
                            && parameter.eq_ignore_ascii_case("authorization")
                            && self.token.is_some() =>
                        {
                            self.token.iter().for_each(|token| grant.bearer(token.clone()));
                        }
                        None => return Ok(Err(format!("no key for the security scheme {name}: give --api-key {name}=KEY"))),
                    }
                }
                Scheme::MutualTls => {} // The connection has it or not; no request can tell.
                Scheme::Other if sent("authorization") => {}
                Scheme::Other => {
                    return Ok(Err(format!("no credentials for the security scheme {name}: give --header Authorization:VALUE")));
                }
            }
        }
        Ok(Ok(grant))
    }
}

impl Grant {
    /// How many parts it has.
    pub fn parts(&self) -> usize {
        self.authorization.len() + self.keys.len()
    }

    /// The same without one of its parts.
    pub fn without(mut self, part: usize) -> Self {
        match part.checked_sub(self.authorization.len()) {
            None => drop(self.authorization.remove(part)),
            Some(key) if key < self.keys.len() => drop(self.keys.remove(key)),
            Some(_) => {}
        }
        self
    }

    /// Whether its parts are those of one of the alternatives, whatever the scopes.
    pub fn meets(&self, security: &Security) -> bool {
        let authorizes = |with: &str| self.authorization.iter().any(|value| value.starts_with(with));
        let is_met = |requirement: &Requirement| match &requirement.scheme {
            Scheme::Bearer => authorizes("Bearer "),
            Scheme::Basic => authorizes("Basic "),
            Scheme::ApiKey { place, name } => self.keys.iter().any(|(known, key, _)| known == place && key == name),
            // Nobody can tell.
            Scheme::MutualTls | Scheme::Other => true,
        };
        security.requirements.iter().any(|all| all.iter().all(is_met))
    }

    /// The same with values that nobody was given.
    pub fn spoilt(mut self) -> Self {
        for value in &mut self.authorization {
            *value = if value.starts_with("Basic ") { basic("nobody:nothing") } else { "Bearer invalid".to_owned() };
        }
        self.keys.iter_mut().for_each(|(_, _, key)| "invalid".clone_into(key));
        Self { token: None, ..self }
    }

    /// The same with another password for the user of this pair, which has nothing of the right one: it is in the report.
    pub fn with_wrong_password(mut self, pair: Option<&str>) -> Self {
        let user = pair.and_then(|pair| pair.split_once(':')).map_or("nobody", |(user, _)| user);
        let wrong = basic(&format!("{user}:{WRONG_PASSWORD}"));
        self.authorization.iter_mut().filter(|value| value.starts_with("Basic ")).for_each(|value| value.clone_from(&wrong));
        self
    }

    fn bearer(&mut self, token: String) {
        self.authorization.push(format!("Bearer {token}"));
        self.token = Some(token);
    }
}

/// A password that nobody has.
const WRONG_PASSWORD: &str = "hardly-anyone's-password";

/// The credentials of RFC 7617.
fn basic(pair: &str) -> String {
    use base64::Engine as _;

    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}
