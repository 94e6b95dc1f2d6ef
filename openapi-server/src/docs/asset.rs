//! A file of the documentation: compressed once, with an entity tag for each representation.

use std::{io::Write, sync::OnceLock};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use poem::{
    Request, Response,
    http::{
        HeaderMap, StatusCode,
        header::{self, HeaderName},
    },
};

use super::CONTENT_SECURITY_POLICY;
use crate::entity_tag;

/// What a path of the documentation is answered with.
pub struct Asset {
    content_type: String,
    plain: Representation,
    /// Made when it is first asked for; none where compression makes it no smaller.
    gzip: OnceLock<Option<Representation>>,
}

/// Two representations of a resource must not have the same strong tag (RFC 9110, section 8.8.3.3).
struct Representation {
    body: Bytes,
    tag: String,
}

impl Representation {
    fn new(body: Bytes) -> Self {
        let version = digest(&SHA256, &body).as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        Self { body, tag: entity_tag::strong(&version) }
    }

    fn gzip(&self) -> Option<Self> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.body).ok()?;
        let body = encoder.finish().ok()?;
        (body.len() < self.body.len()).then(|| Self::new(Bytes::from(body)))
    }
}

impl Asset {
    /// A file with this media type.
    pub fn new(content_type: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { content_type: content_type.into(), plain: Representation::new(body.into()), gzip: OnceLock::new() }
    }

    /// The file, compressed for who accepts that, or 304 for who has it already. The body is shared by all answers: a copy for
    /// each would be held for as long as a client is slow to read it.
    pub fn answer(&self, request: &Request) -> Response {
        let accepted = list(request.headers(), header::ACCEPT_ENCODING).filter(|list| accepts_gzip(list));
        let gzip = accepted.and_then(|_| self.gzip.get_or_init(|| self.plain.gzip()).as_ref());
        let Representation { body, tag } = gzip.unwrap_or(&self.plain);
        let response = Response::builder()
            .header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::REFERRER_POLICY, "no-referrer")
            .header(header::CACHE_CONTROL, "no-cache")
            .header(header::VARY, "accept-encoding")
            .header(header::ETAG, tag);
        if list(request.headers(), header::IF_NONE_MATCH).is_some_and(|list| entity_tag::matches_weakly(&list, tag)) {
            return response.status(StatusCode::NOT_MODIFIED).finish();
        }
        let response = if gzip.is_some() { response.header(header::CONTENT_ENCODING, "gzip") } else { response };
        response.content_type(&self.content_type).body(body.clone())
    }
}

/// A list that may be spread over several fields (RFC 9110, section 5.3).
fn list(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let fields: Vec<&str> = headers.get_all(name).iter().filter_map(|field| field.to_str().ok()).collect();
    (!fields.is_empty()).then(|| fields.join(","))
}

/// Whether gzip is named, or everything is, with a weight above zero (RFC 9110, section 12.5.3).
fn accepts_gzip(list: &str) -> bool {
    let weight = |coding: &str| {
        list.split(',').find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            is_named.then(|| weight.map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0)))
        })
    };
    weight("gzip").or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn ask(asset: &Asset, headers: &[(HeaderName, &str)]) -> Response {
        let request = headers.iter().fold(Request::builder(), |request, (name, value)| request.header(name, *value));
        asset.answer(&request.finish())
    }

    fn text() -> Asset {
        Asset::new("text/css", "a { color: red }\n".repeat(100))
    }

    #[test]
    fn gzip_is_accepted_by_name_or_by_star_and_refused_by_weight() {
        for list in ["gzip", "GZIP", "br, gzip", "gzip;q=0.5", "gzip ; Q=1", "*", "br;q=0, *;q=0.1"] {
            assert!(accepts_gzip(list), "{list}");
        }
        for list in ["", "br", "identity", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "xgzip", "gzip;q=x"] {
            assert!(!accepts_gzip(list), "{list}");
        }
    }

    #[tokio::test]
    async fn each_representation_has_its_own_tag_and_the_same_content() {
        let asset = text();
        let plain = ask(&asset, &[]);
        let gzip = ask(&asset, &[(header::ACCEPT_ENCODING, "br"), (header::ACCEPT_ENCODING, "gzip")]);
        assert_eq!(plain.header(header::CONTENT_ENCODING), None);
        assert_eq!(gzip.header(header::CONTENT_ENCODING), Some("gzip"));
        assert_ne!(plain.header(header::ETAG), gzip.header(header::ETAG));
        for answer in [&plain, &gzip] {
            assert_eq!(answer.header(header::VARY), Some("accept-encoding"));
            assert_eq!(answer.content_type(), Some("text/css"));
        }
        let (plain, gzip) = (plain.into_body().into_vec().await.unwrap(), gzip.into_body().into_vec().await.unwrap());
        let mut unpacked = Vec::new();
        GzDecoder::new(&gzip[..]).read_to_end(&mut unpacked).unwrap();
        assert!(gzip.len() < plain.len());
        assert_eq!(unpacked, plain);
    }

    #[tokio::test]
    async fn who_has_a_representation_is_not_sent_it_again() {
        let asset = text();
        for accepted in ["gzip", "identity"] {
            let tag = ask(&asset, &[(header::ACCEPT_ENCODING, accepted)]).header(header::ETAG).unwrap().to_owned();
            let again = ask(&asset, &[(header::ACCEPT_ENCODING, accepted), (header::IF_NONE_MATCH, &tag)]);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(again.header(header::ETAG), Some(tag.as_str()));
            assert!(again.into_body().into_vec().await.unwrap().is_empty());
            let other = ask(&asset, &[(header::ACCEPT_ENCODING, accepted), (header::IF_NONE_MATCH, "\"another\"")]);
            assert_eq!(other.status(), StatusCode::OK);
        }
    }

    #[test]
    fn what_compression_makes_no_smaller_is_sent_as_it_is() {
        let answer = ask(&Asset::new("image/png", "x"), &[(header::ACCEPT_ENCODING, "gzip")]);
        assert_eq!(answer.header(header::CONTENT_ENCODING), None);
    }
}
