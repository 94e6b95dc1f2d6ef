//! Where a reference leads that an answer has.

use reqwest::Url;

use crate::openapi::request::Request;

/// What a reference is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A path below the URL of the server.
    Below(String),
    /// A URL beside it: the same host, without the prefix that all paths of the document have.
    Beside { url: Url, path: String },
}

/// Resolves a reference against the URL of the request (RFC 9110, section 10.2.2). None where it leads to another server.
pub(super) fn place(server: &str, request: &Request, reference: &str) -> Option<Place> {
    let asked = Url::parse(&request.url(server)).ok()?;
    let mut url = asked.join(reference).ok()?;
    if url.origin() != asked.origin() {
        return None;
    }
    url.set_fragment(None);
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("{}{query}", url.path());
    let server = Url::parse(server).ok()?;
    let below = path.strip_prefix(server.path().trim_end_matches('/')).filter(|path| path.starts_with('/'));
    Some(match below {
        Some(below) => Place::Below(below.to_owned()),
        None => Place::Beside { url, path },
    })
}

/// The path below the URL of the server, where a reference leads there.
pub(super) fn own_path(server: &str, request: &Request, reference: &str) -> Option<String> {
    match place(server, request, reference)? {
        Place::Below(path) => Some(path),
        Place::Beside { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_resolved_against_the_url_of_the_request() {
        let request = Request { target: "/pets?dry=1".to_owned(), ..Request::default() };
        let own = |reference: &str| own_path("http://h:1/api", &request, reference);
        for (reference, path) in [
            ("http://h:1/api/pets/7", "/pets/7"),
            ("http://h:1/api/pets/7#top", "/pets/7"),
            ("http://h:1/api/notes/../pets/7", "/pets/7"),
            ("/api/pets/7?full=1#top", "/pets/7?full=1"),
            ("pets/7", "/pets/7"),
            ("./pets/7", "/pets/7"),
            ("//h:1/api/pets/7", "/pets/7"),
            ("?page=2", "/pets?page=2"),
        ] {
            assert_eq!(own(reference).as_deref(), Some(path), "{reference}");
        }
        assert_eq!(own("http://other/api/pets/7"), None);
        let beside = place("http://h:1/api", &request, "/pets/7");
        assert!(matches!(beside, Some(Place::Beside { path, .. }) if path == "/pets/7"));
    }
}
