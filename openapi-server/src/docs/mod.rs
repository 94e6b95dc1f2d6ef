//! The documentation: Swagger UI from the vendored files, the document, and a local token for trying it out.

mod asset;

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use poem::{
    IntoResponse, Request, Response, Result, Route,
    endpoint::make_sync,
    get,
    http::{
        StatusCode,
        header::{self, HeaderName},
    },
    web::Redirect,
};
use quick_cache::sync::Cache;

use self::asset::Asset;
use crate::{
    Document,
    problem::{Code, Problem},
};

/// What the page may load and do: only what comes from this server.
///
/// Swagger UI cannot do without two exceptions: it sets `style` attributes from JavaScript (`'unsafe-inline'` for styles only),
/// and its style sheet has icons as `data:` images.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Gives an access token for the page; an error is the reason, for the log.
pub type TokenSource = Box<dyn Fn() -> std::result::Result<String, String> + Send + Sync>;

/// Adds the documentation of `document` to the routes. With a source of tokens the page is authorised from the start; it must be
/// one that anybody on this machine may use.
///
/// ```
/// use openapi_server::{Document, docs};
/// use poem::{Endpoint, Request, Route};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let document = Document::parse(r#"{ "openapi": "3.1.0", "info": { "title": "Status", "version": "1" }, "paths": {} }"#)?;
/// let routes = docs::mount(Route::new(), &document, None);
/// let ask = |path| routes.get_response(Request::builder().uri_str(path).finish());
/// assert_eq!(ask("/docs/").await.content_type(), Some("text/html"));
/// assert_eq!(ask("/openapi.json").await.into_body().into_json::<serde_json::Value>().await?, *document.value());
/// # Ok(())
/// # }
/// ```
pub fn mount(routes: Route, document: &Document, tokens: Option<TokenSource>) -> Route {
    let yaml = Asset::new("application/yaml", document.text().to_owned());
    let json = Asset::new("application/json", document.value().to_string());
    let initializer = Asset::new("text/javascript", include_str!("swagger-initializer.js"));
    let files = Files::new();
    // Relative, as all addresses of the page are: a proxy may put a path before them. The redirect of the root then needs an address with a
    // slash at its end: `/api/` leads to `/api/docs/`, and `/api` to `/docs/`.
    routes
        .at("/", get(make_sync(|_| Redirect::temporary("docs/"))))
        .at("/docs", get(make_sync(|_| Redirect::temporary("docs/"))))
        .at("/docs/token", get(make_sync(move |request| token(&request, tokens.as_ref()))))
        .at("/docs/swagger-initializer.js", get(make_sync(move |request| initializer.answer(&request))))
        .at("/docs/*file", get(make_sync(move |request| files.answer(&request))))
        .at("/openapi.yaml", get(make_sync(move |request| yaml.answer(&request))))
        .at("/openapi.json", get(make_sync(move |request| json.answer(&request))))
}

/// The files of Swagger UI, each from when it is first asked for.
struct Files {
    config: Arc<utoipa_swagger_ui::Config<'static>>,
    known: Cache<String, Arc<Asset>>,
}

impl Files {
    fn new() -> Self {
        // Swagger UI has a dozen files.
        Self { config: Arc::new(utoipa_swagger_ui::Config::from("/openapi.json")), known: Cache::new(32) }
    }

    fn answer(&self, request: &Request) -> Result<Response> {
        let path = request.raw_path_param("file").unwrap_or_default();
        Ok(self.known.get_or_insert_with(path, || self.find(path))?.answer(request))
    }

    fn find(&self, path: &str) -> Result<Arc<Asset>> {
        match utoipa_swagger_ui::serve(path, Arc::clone(&self.config)) {
            // The files are part of the binary.
            Ok(Some(file)) => Ok(Arc::new(match file.bytes {
                Cow::Borrowed(bytes) => Asset::new(file.content_type, Bytes::from_static(bytes)),
                Cow::Owned(bytes) => Asset::new(file.content_type, bytes),
            })),
            Ok(None) => Err(Problem::new(Code::NotFound).into()),
            Err(error) => Err(Problem::internal(error.to_string()).into()),
        }
    }
}

/// A token for the page; 204 where it is given none.
///
/// Other pages in the same browser must not get it: it is not readable across origins (no CORS headers, and `Sec-Fetch-Site`
/// where the browser sends it), and a name that was made to point at this machine (DNS rebinding) is not a loopback name.
fn token(request: &Request, tokens: Option<&TokenSource>) -> Result<Response> {
    let Some(tokens) = tokens else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let same_origin = request.header("sec-fetch-site").is_none_or(|site| site == "same-origin");
    if !same_origin || !request.header(header::HOST).is_some_and(is_loopback) {
        return Err(Problem::new(Code::NotFound).into());
    }
    let token = tokens().map_err(Problem::internal)?;
    Ok(Response::builder()
        .content_type("text/plain")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin")
        .body(token))
}

/// Whether a `Host` header names this machine itself.
fn is_loopback(host: &str) -> bool {
    let name =
        host.strip_suffix(|c: char| c.is_ascii_digit()).map_or(host, |_| host.rsplit_once(':').map_or(host, |(name, _)| name));
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_loopback() {
        for host in ["localhost", "localhost:3000", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:3000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["", "evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example:3000", "[::2]:3000"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
