//! Fetching an issuer's key set over HTTP.

use std::{fmt, time::Duration};

use poem::web::headers::{CacheControl, HeaderMapExt};
use reqwest::{
    Client, Response, Url,
    header::{AGE, CONTENT_ENCODING},
    redirect::Policy,
};

use super::keys::{KeyError, KeySet};

/// How much of a key set is read at most, in bytes.
const MAX_KEY_SET: usize = 256 * 1024;

/// How long one fetch may take in all.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A key set, and how long its issuer lets it be used (`Cache-Control`, RFC 9111, section 5.2.2.1), where it says so.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The set.
    pub keys: KeySet,
    /// `max-age` less `Age`.
    pub lifetime: Option<Duration>,
}

/// Where an issuer publishes its key set. Shown without credentials and query, which may be secrets.
#[derive(Clone)]
pub struct KeySetUrl(Url);

impl KeySetUrl {
    /// Reads the URL.
    ///
    /// # Errors
    ///
    /// [`KeyError::Address`].
    pub fn parse(url: &str) -> Result<Self, KeyError> {
        let url = url.parse::<Url>().map_err(|_| KeyError::Address)?;
        if matches!(url.scheme(), "http" | "https") { Ok(Self(url)) } else { Err(KeyError::Address) }
    }

    /// Fetches the set, once. Redirects are not followed: the keys come from where the operator says, or not at all.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub(super) async fn fetch(&self, client: &Client) -> Result<Fetched, KeyError> {
        let failed = |cause: String| KeyError::Fetch { url: self.to_string(), cause };
        let mut response = client.get(self.0.clone()).send().await.map_err(|error| failed(chain(error)))?;
        if let Some(cause) = refusal(&response) {
            return Err(failed(cause));
        }
        let lifetime = lifetime(&response);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(chain(error)))? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_KEY_SET {
                return Err(failed(format!("it is larger than {MAX_KEY_SET} bytes")));
            }
        }
        let not_a_key_set = || KeyError::NotAKeySet { url: self.to_string() };
        let set: serde_json::Value = serde_json::from_slice(&body).map_err(|_| not_a_key_set())?;
        if !set["keys"].is_array() {
            return Err(not_a_key_set());
        }
        Ok(Fetched { keys: KeySet::new(&set)?, lifetime })
    }
}

impl fmt::Display for KeySetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.origin().ascii_serialization(), self.0.path())
    }
}

/// A client for [`KeySetUrl::fetch`].
pub(super) fn client() -> Result<Client, KeyError> {
    // It fails only where the system has no usable TLS roots or resolver.
    Client::builder()
        .timeout(TIMEOUT)
        .redirect(Policy::none())
        .build()
        .map_err(|error| KeyError::Fetch { url: "any address".to_owned(), cause: chain(error) })
}

fn refusal(response: &Response) -> Option<String> {
    let status = response.status();
    if status.is_redirection() {
        return Some(format!("it answers {status}, and redirects are not followed; give the address that it redirects to"));
    }
    if status != reqwest::StatusCode::OK {
        return Some(format!("it answers {status}"));
    }
    let coding = response.headers().get(CONTENT_ENCODING)?;
    (!coding.as_bytes().eq_ignore_ascii_case(b"identity"))
        .then(|| "it has a content coding, such as gzip, which was not asked for".to_owned())
}

fn lifetime(response: &Response) -> Option<Duration> {
    let max_age = response.headers().typed_get::<CacheControl>()?.max_age()?;
    let age = response.headers().get(AGE).and_then(|age| age.to_str().ok()?.parse().ok()).unwrap_or(0);
    Some(max_age.saturating_sub(Duration::from_secs(age)))
}

/// An error with its causes and without its URL: reqwest's own text stops at "error sending request".
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
