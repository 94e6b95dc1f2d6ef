//! Whose access tokens this API accepts.

use std::{ops::Deref, path::Path, sync::Arc, time::Duration};

use clap::Args;
use openapi_server::{
    Builder,
    auth::{KeyError, KeySetUrl, LocalIssuerError, Verifier},
};

use crate::duration::duration;

/// Whose access tokens are accepted. Without it the server is its own local issuer, on loopback only. Not `Debug`: the address of the
/// key set may hold a password.
#[derive(Args, Clone)]
pub struct Issuer {
    /// The issuer, exactly as its tokens name it in `iss`, such as `https://example.eu.auth0.com/`.
    #[arg(long = "auth-issuer", env = "AUTH_ISSUER", value_name = "URL", requires = "audience")]
    pub issuer: Option<String>,

    /// This API's name in the tokens' `aud`.
    #[arg(long = "auth-audience", env = "AUTH_AUDIENCE", value_name = "NAME", requires = "issuer")]
    pub audience: Option<String>,

    /// The issuer's key set (default: `<issuer>/.well-known/jwks.json`).
    #[arg(long = "auth-jwks-url", env = "AUTH_JWKS_URL", value_name = "URL", requires = "issuer", hide_env_values = true)]
    pub jwks_url: Option<String>,

    /// How long the last key set is used while the issuer cannot be reached.
    #[arg(long = "auth-keys-max-age", env = "AUTH_KEYS_MAX_AGE", value_name = "DURATION", default_value = "24h", value_parser = duration)]
    pub keys_max_age: Duration,
}

impl Default for Issuer {
    fn default() -> Self {
        Self { issuer: None, audience: None, jwks_url: None, keys_max_age: Duration::from_secs(24 * 60 * 60) }
    }
}

impl Issuer {
    /// A verifier of the issuer's tokens, which keeps its key set up to date; none where the server is its own issuer. It does not wait
    /// for the issuer: until that can be reached, tokens cannot be judged.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn verifier(&self) -> Result<Option<Verifier>, KeyError> {
        let (Some(issuer), Some(audience)) = (&self.issuer, &self.audience) else { return Ok(None) };
        let default = || format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'));
        let url = KeySetUrl::parse(&self.jwks_url.clone().unwrap_or_else(default))?;
        Verifier::of_issuer(issuer, audience, url, self.keys_max_age).map(Some)
    }
}

/// The server as its own issuer, under the names of this API.
#[derive(Clone)]
pub struct LocalIssuer(Arc<openapi_server::auth::LocalIssuer>);

impl LocalIssuer {
    /// The `iss` of its tokens.
    pub const ISSUER: &str = "urn:users-api:local-issuer";
    /// The `aud` of its tokens.
    pub const AUDIENCE: &str = "users-api";
    /// The key's file in the data folder.
    pub const FILE: &str = openapi_server::auth::LocalIssuer::FILE;

    /// Reads the key from the data folder. Folder and key are created if missing.
    ///
    /// # Errors
    ///
    /// [`LocalIssuerError`].
    pub fn open(data_dir: &Path) -> Result<Self, LocalIssuerError> {
        openapi_server::auth::LocalIssuer::open(data_dir, Self::ISSUER, Self::AUDIENCE).map(|issuer| Self(Arc::new(issuer)))
    }

    /// Makes `server` accept its tokens.
    pub(crate) fn serve_on(&self, server: Builder) -> Builder {
        server.local_issuer(Arc::clone(&self.0))
    }
}

impl Deref for LocalIssuer {
    type Target = openapi_server::auth::LocalIssuer;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
