//! Credential → caller with scopes. The credential is the caller's only claim.
//!
//! Access tokens that are JWTs are checked here ([`Verifier`]; RFC 6750, RFC 7519), and secrets that are known to the server
//! ([`Secrets`]). Whoever knows other credentials implements [`Authenticator`].

mod fetch;
mod key_source;
mod keys;
mod local;
mod secrets;
mod token_cache;
mod verifier;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use http::HeaderMap;
use prometheus_client::registry::Registry;

pub use self::{
    fetch::KeySetUrl,
    keys::{KeyError, KeySet},
    local::{LocalIssuer, LocalIssuerError},
    secrets::Secrets,
    verifier::{Rejection, Verifier},
};
/// Who calls, as an accepted credential says.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Grant>);

#[derive(Debug)]
struct Grant {
    subject: String,
    scopes: BTreeSet<String>,
}

impl Caller {
    /// A caller with these scopes.
    pub fn new(subject: impl Into<String>, scopes: impl IntoIterator<Item = String>) -> Self {
        Self(Arc::new(Grant { subject: subject.into(), scopes: scopes.into_iter().collect() }))
    }

    /// The user or client that the credential was issued to, such as the token's `sub`; empty where it says none.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Those of `needed` that the credential does not grant. Scopes compare exactly (RFC 6749, section 3.3).
    pub fn missing<'a>(&self, needed: &'a [String]) -> Vec<&'a str> {
        needed.iter().map(String::as_str).filter(|scope| !self.0.scopes.contains(*scope)).collect()
    }
}

/// What a caller sends to say who it is, as the security scheme of the document has it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Credential<'a> {
    /// The token of `Authorization: Bearer` (RFC 6750, section 2.1): schemes `http` with `bearer`, `oauth2`, `openIdConnect`.
    Token(&'a str),
    /// `Authorization: Basic` (RFC 7617): `http` with `basic`.
    Basic {
        /// The user's name.
        user: &'a str,
        /// The password.
        password: &'a str,
    },
    /// The value of a header, of a parameter of the query, or of a cookie: `apiKey`.
    Key(&'a str),
    /// All headers: for `mutualTLS`, where a proxy says who it was, and `http` with another scheme.
    Headers(&'a HeaderMap),
}

/// Checks credentials of one security scheme.
///
/// ```
/// use futures_util::{FutureExt, future::BoxFuture};
/// use openapi_server::auth::{Authenticator, Caller, Credential, Rejection};
///
/// /// Accepts the sessions of somebody else's table.
/// struct Sessions;
///
/// impl Authenticator for Sessions {
///     fn authenticate<'a>(&'a self, credential: Credential<'a>) -> BoxFuture<'a, Result<Caller, Rejection>> {
///         async move {
///             match credential {
///                 Credential::Key("c2Vzc2lvbg") => Ok(Caller::new("ada", ["read:books".to_owned()])),
///                 _ => Err(Rejection::Invalid("no such session".to_owned())),
///             }
///         }
///         .boxed()
///     }
/// }
/// ```
pub trait Authenticator: Send + Sync {
    /// The caller whose credential this is. Whether it has the scopes of an operation is not asked here.
    ///
    /// # Errors
    ///
    /// [`Rejection`]: an invalid credential is answered with 401, one that cannot be judged now with 503.
    fn authenticate<'a>(&'a self, credential: Credential<'a>) -> BoxFuture<'a, Result<Caller, Rejection>>;

    /// Whether credentials can be judged now.
    ///
    /// # Errors
    ///
    /// The reason why not, for the log.
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    /// Adds figures of its own, for Prometheus. Those of tokens without a scheme of their own are served.
    fn register(&self, _figures: &mut Registry) {}
}

impl Authenticator for Verifier {
    fn authenticate<'a>(&'a self, credential: Credential<'a>) -> BoxFuture<'a, Result<Caller, Rejection>> {
        Box::pin(async move {
            match credential {
                Credential::Token(token) => self.verify(token).await,
                _ => Err(Rejection::Malformed),
            }
        })
    }

    fn ready(&self) -> Result<(), String> {
        Verifier::ready(self)
    }

    fn register(&self, figures: &mut Registry) {
        Verifier::register(self, figures);
    }
}

/// Who checks the credentials of each security scheme.
///
/// ```
/// use openapi_server::auth::{Authenticators, Caller, Secrets};
///
/// let keys = Secrets::new().with("4f2c9e", Caller::new("reporting", ["read:books".to_owned()]));
/// let authenticators = Authenticators::default().scheme("api_key", keys);
/// ```
#[derive(Default, Clone)]
pub struct Authenticators {
    tokens: Option<Arc<dyn Authenticator>>,
    schemes: HashMap<String, Arc<dyn Authenticator>>,
}

impl Authenticators {
    /// Who checks the tokens of all schemes that have them and no authenticator of their own.
    #[must_use]
    pub fn tokens(mut self, authenticator: impl Authenticator + 'static) -> Self {
        self.tokens = Some(Arc::new(authenticator));
        self
    }

    /// Who checks the credentials of the security scheme with this name in the document's components.
    #[must_use]
    pub fn scheme(mut self, name: impl Into<String>, authenticator: impl Authenticator + 'static) -> Self {
        self.schemes.insert(name.into(), Arc::new(authenticator));
        self
    }

    /// The authenticator of a scheme; `tokens` says whether its credentials are tokens.
    pub(crate) fn of(&self, scheme: &str, tokens: bool) -> Option<&Arc<dyn Authenticator>> {
        self.schemes.get(scheme).or_else(|| self.tokens.as_ref().filter(|_| tokens))
    }

    /// Adds the figures of who checks tokens. Another verifier would have figures of the same names.
    pub(crate) fn register(&self, figures: &mut Registry) {
        if let Some(tokens) = &self.tokens {
            tokens.register(figures);
        }
    }

    /// Whether all of them can judge credentials now.
    pub(crate) fn ready(&self) -> Result<(), String> {
        self.schemes.values().chain(&self.tokens).try_for_each(|authenticator| authenticator.ready())
    }
}

impl From<Verifier> for Authenticators {
    fn from(verifier: Verifier) -> Self {
        Self::default().tokens(verifier)
    }
}

impl From<Option<Verifier>> for Authenticators {
    fn from(verifier: Option<Verifier>) -> Self {
        verifier.map_or_else(Self::default, Self::from)
    }
}
