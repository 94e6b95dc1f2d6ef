//! What a caller authenticates with, and what each operation gets of it.

use crate::{
    cases::token::{Signer, TokenError},
    openapi::{
        form::percent,
        operation::{Operation, ParameterLocation, Requirement, Scheme},
        request::Request,
    },
};

/// Everything that the tests may authenticate with.
#[derive(Default)]
pub(super) struct Keyring {
    pub token: Option<String>,
    pub signer: Option<Signer>,
    /// User and password, as `Authorization: Basic` has them before Base64.
    pub basic: Option<String>,
    /// API keys by the name of their scheme, or of their parameter.
    pub api_keys: Vec<(String, String)>,
    /// Sent with every request.
    pub headers: Vec<(String, String)>,
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
                Scheme::ApiKey { place, name: parameter } => {
                    let own = self.api_keys.iter().find(|(known, _)| known == name || known.eq_ignore_ascii_case(parameter));
                    match own {
                        Some((_, key)) => grant.keys.push((*place, parameter.clone(), key.clone())),
                        None if *place == ParameterLocation::Header && sent(parameter) => {}
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

    /// The same with values that nobody was given.
    pub fn spoilt(mut self) -> Self {
        for value in &mut self.authorization {
            *value = if value.starts_with("Basic ") { basic("nobody:nothing") } else { "Bearer invalid".to_owned() };
        }
        self.keys.iter_mut().for_each(|(_, _, key)| "invalid".clone_into(key));
        Self { token: None, ..self }
    }

    fn bearer(&mut self, token: String) {
        self.authorization.push(format!("Bearer {token}"));
        self.token = Some(token);
    }
}

/// The credentials of RFC 7617.
fn basic(pair: &str) -> String {
    use base64::Engine as _;

    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}
