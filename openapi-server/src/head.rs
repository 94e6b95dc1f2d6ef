//! The head of a request: what hyper lets through and HTTP forbids.
//!
//! hyper answers itself what it cannot read at all, with a bare 400 or 431. It also drops `#` and what follows from a target before
//! anybody sees it.

use poem::{
    Request,
    http::{
        HeaderMap, Version,
        header::{HOST, TRANSFER_ENCODING},
        uri::Authority,
    },
};

use crate::problem::{Code, Problem};

/// Refuses a head that another server on the way may have read differently.
///
/// # Errors
///
/// 400 for a `Host` that is missing, repeated or malformed (RFC 9112, section 3.2), for a target with other than ASCII characters
/// (RFC 3986), and for a transfer coding other than one `chunked` (RFC 9112, section 6.1).
pub(crate) fn check(request: &Request) -> Result<(), Problem> {
    let problem = |message: &str| Err(Problem::new(Code::BadRequest).message(message));
    if !has_one_host(request.headers(), request.version()) {
        return problem("The request must have one Host header, with a host and perhaps a port.");
    }
    let target = request.uri();
    if !target.path().is_ascii() || !target.query().is_none_or(str::is_ascii) {
        return problem("The target must be ASCII; other characters are percent-encoded.");
    }
    if !is_plain_or_chunked(request.headers()) {
        return problem("The only transfer coding is chunked, once.");
    }
    Ok(())
}

fn has_one_host(headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => host.to_str().is_ok_and(is_host),
        (Some(_), Some(_)) => false,
    }
}

/// Whether this is `uri-host [ ":" port ]` (RFC 9110, section 7.2).
fn is_host(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let rest = text.strip_prefix(authority.host());
    let port = rest.map(|rest| rest.strip_prefix(':').unwrap_or(rest));
    !authority.host().is_empty() && port.is_some_and(|port| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_plain_or_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_host_and_perhaps_a_port() {
        for host in ["x", "localhost:3000", "127.0.0.1", "[::1]:80", "my_service:3000", "api.example.", "x:"] {
            assert!(is_host(host), "{host}");
        }
        for host in ["", ":80", "a b", "user@x", "x:80:80", "x:http", "x:123456", "http://x", "x/y", "x?y", "[::1", "x\\y"] {
            assert!(!is_host(host), "{host}");
        }
    }
}
