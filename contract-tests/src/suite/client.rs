//! Sends requests.

use std::{
    io::{self, Read},
    sync::Arc,
    time::Duration,
};

use chrono::Utc;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::har::Har;
use crate::openapi::request::{Request, Response};

/// Why a server did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL is not one.
    #[error("{0:?} is not the URL of a server: expected http://host:port or https://host")]
    Url(String),
    /// The client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(String),
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct SendError {
    /// In words.
    pub text: String,
    /// Whether the server takes no connections.
    pub is_refused: bool,
    /// Whether it has taken this request, and broke the connection: that may have ended it.
    pub is_broken_off: bool,
}

impl From<reqwest::Error> for SendError {
    fn from(error: reqwest::Error) -> Self {
        Self { text: chain(&error), is_refused: error.is_connect(), is_broken_off: false }
    }
}

/// Sends requests to one server.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    /// One that uses no connection twice.
    fresh: reqwest::Client,
    base: String,
    /// Sent with every request.
    headers: Vec<(String, String)>,
    /// Where exchanges are kept, where somebody asked for them.
    har: Option<Arc<Har>>,
}

impl Client {
    pub fn new(url: &str, timeout: Duration, headers: &[(String, String)]) -> Result<Self, ClientError> {
        let base = url.trim_end_matches('/').to_owned();
        let parsed = reqwest::Url::parse(&base).map_err(|_| ClientError::Url(url.to_owned()))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
            return Err(ClientError::Url(url.to_owned()));
        }
        let client = |kept: usize| {
            let mut http = reqwest::Client::builder();
            if parsed.scheme() == "http" {
                http = http.tls_certs_only([]); // What is not used need not be read: the certificates of the system take 3 ms.
            }
            let http = http
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .http1_only()
                .timeout(timeout)
                .tcp_nodelay(true)
                .pool_max_idle_per_host(kept);
            http.build().map_err(|error| ClientError::Setup(error.to_string()))
        };
        Ok(Self { http: client(usize::MAX)?, fresh: client(0)?, base, headers: headers.to_vec(), har: None })
    }

    /// The same with other headers in every request.
    pub fn with_headers(&self, headers: Vec<(String, String)>) -> Self {
        Self { headers, ..self.clone() }
    }

    /// The same with a record of every exchange.
    pub fn recorded(self, har: Arc<Har>) -> Self {
        Self { har: Some(har), ..self }
    }

    /// The names of the headers that every request has.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| name.as_str())
    }

    /// Ends the record; tells what went wrong with it.
    pub fn end(&self) -> io::Result<()> {
        self.har.as_ref().map_or(Ok(()), |har| har.end())
    }

    /// The server's URL.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: &Request, authorization: &[String]) -> Result<Response, SendError> {
        let begin = Utc::now();
        let answer = self.answer(request, authorization).await;
        if let Some(har) = &self.har {
            har.add(&self.base, (request, authorization), answer.as_ref().map_err(|error| error.text.as_str()), begin);
        }
        answer
    }

    async fn answer(&self, request: &Request, authorization: &[String]) -> Result<Response, SendError> {
        // A connection that the server closed while it was idle is not the server's fault: one more try, on a new one.
        match self.once(&self.http, request, authorization).await {
            Err(error) if error.is_request() && !error.is_timeout() => {
                let again = self.once(&self.fresh, request, authorization).await;
                again.map_err(|again| SendError { is_broken_off: !error.is_connect(), ..again.into() })
            }
            other => Ok(other?),
        }
    }

    async fn once(
        &self,
        http: &reqwest::Client,
        request: &Request,
        authorization: &[String],
    ) -> Result<Response, reqwest::Error> {
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).unwrap_or(reqwest::Method::POST);
        let mut builder = http.request(method, request.url(&self.base));
        for value in authorization {
            builder = builder.header("authorization", value);
        }
        for (name, value) in self.headers.iter().chain(&request.headers) {
            builder = builder.header(name, value);
        }
        if let Some(body) = &request.body {
            builder = if request.chunked {
                let chunks: Vec<Result<Vec<u8>, std::io::Error>> = body.chunks(7).map(|chunk| Ok(chunk.to_vec())).collect();
                // Said outright: the body of a GET is left out otherwise.
                builder
                    .header("transfer-encoding", "chunked")
                    .body(reqwest::Body::wrap_stream(futures_util::stream::iter(chunks)))
            } else {
                builder.body(body.clone())
            };
        }
        let mut response = builder.send().await?;
        let status = response.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let mut answer = Response { status, headers, body: Vec::new() };
        if answer.header("content-type").is_some_and(is_endless) {
            let end = tokio::time::Instant::now() + STREAMED;
            while let Ok(chunk) = tokio::time::timeout_at(end, response.chunk()).await {
                let Some(chunk) = chunk?.filter(|_| answer.body.len() < MAX_STREAMED) else { break };
                answer.body.extend_from_slice(&chunk);
            }
        } else {
            answer.body = response.bytes().await?.to_vec();
        }
        Ok(match decoded(&answer) {
            Some(body) => Response { body, ..answer },
            None => answer,
        })
    }
}

/// How long a stream is read that may never end.
const STREAMED: Duration = Duration::from_millis(500);

/// How much of such a stream is read, in bytes.
const MAX_STREAMED: usize = 1 << 20;

/// Whether what has this media type goes on as long as somebody listens.
fn is_endless(media_type: &str) -> bool {
    ["text/event-stream", "multipart/x-mixed-replace"].iter().any(|known| media_type.to_ascii_lowercase().starts_with(known))
}

/// How long a body may be without its coding, in bytes.
const MAX_DECODED: u64 = 64 << 20;

/// The body without its content coding. Who does not say which codings are welcome takes any (RFC 9110, section 12.5.3). None where
/// there is no coding, one that is not known, or a body that is not in it or too long: that is then judged as it came.
fn decoded(answer: &Response) -> Option<Vec<u8>> {
    let body = answer.body.as_slice();
    match answer.header("content-encoding")?.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => whole(MultiGzDecoder::new(body)),
        // Some send it without the frame of zlib (RFC 9110, section 8.4.1.2).
        "deflate" => whole(ZlibDecoder::new(body)).or_else(|| whole(DeflateDecoder::new(body))),
        _ => None,
    }
}

/// What a decoder has, where there is no error before its end.
fn whole(decoder: impl Read) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let length = decoder.take(MAX_DECODED + 1).read_to_end(&mut decoded).ok()?;
    (length as u64 <= MAX_DECODED).then_some(decoded)
}

/// An error with its causes: reqwest's own text stops at "error sending request".
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder},
    };

    use super::*;

    #[test]
    fn a_body_is_read_without_its_coding() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"[1]").unwrap();
        let answer = |coding: &str, body: &[u8]| Response {
            headers: vec![("content-encoding".to_owned(), coding.to_owned())],
            body: body.to_vec(),
            ..Response::default()
        };
        let body = encoder.finish().unwrap();
        assert_eq!(decoded(&answer("GZIP", &body)).as_deref(), Some(&b"[1]"[..]));
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"[2]").unwrap();
        assert_eq!(decoded(&answer("deflate", &encoder.finish().unwrap())).as_deref(), Some(&b"[2]"[..]));
        assert_eq!(decoded(&answer("br", &body)), None);
        assert_eq!(decoded(&answer("gzip", b"[1]")), None, "not in its coding");
    }
}
