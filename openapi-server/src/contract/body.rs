//! From bytes on the wire to a JSON value: size, time and strict syntax.

use std::{fmt, time::Duration};

use futures_util::StreamExt;
use poem::{Body, Request, http::header::EXPECT};
use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use crate::problem::{Code, Problem, Violation};

/// The body of a request that the contract has parsed and validated; it travels in the request's extensions.
#[derive(Clone)]
pub struct ValidBody(Value);

impl ValidBody {
    pub(super) fn new(value: Value) -> Self {
        Self(value)
    }

    /// The body of this request as a handler's type.
    ///
    /// # Errors
    ///
    /// 500 when the handler was reached without the contract, or when the type does not take what the document allows.
    ///
    /// ```
    /// use openapi_server::ValidBody;
    /// use poem::{Request, Result, handler};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Greeting {
    ///     name: String,
    /// }
    ///
    /// #[handler]
    /// fn greet(request: &Request) -> Result<String> {
    ///     let Greeting { name } = ValidBody::read(request)?;
    ///     Ok(format!("Hello, {name}."))
    /// }
    /// ```
    pub fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
        let Self(value) =
            request.data::<Self>().ok_or_else(|| Problem::internal("a handler was reached without a validated body"))?;
        T::deserialize(value).map_err(|error| {
            // serde's message may quote the value, so only the kind of failure is kept.
            Problem::internal(format!("a valid body does not fit its Rust type: {:?}", error.classify()))
        })
    }
}

/// How much of the body of a refused request is read and thrown away, so that the caller, who may read only after having sent
/// everything, gets the refusal and not a broken connection.
const DRAIN: usize = 1024 * 1024;

/// How long that may take.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Checks the length that a request announces, before any of its body is read.
///
/// # Errors
///
/// 413 beyond `limit` bytes.
pub(super) fn check_length(announced: Option<u64>, limit: usize) -> Result<(), Problem> {
    let fits = announced.is_none_or(|length| usize::try_from(length).is_ok_and(|length| length <= limit));
    if fits { Ok(()) } else { Err(too_large(limit)) }
}

/// Reads the body.
///
/// # Errors
///
/// 413 beyond `limit` bytes, 408 after `timeout`, 400 when it breaks off.
pub(super) async fn read(body: Body, announced: Option<u64>, limit: usize, timeout: Duration) -> Result<Vec<u8>, Problem> {
    let mut stream = body.into_bytes_stream();
    let mut bytes = Vec::with_capacity(announced.map_or(0, |length| usize::try_from(length).unwrap_or(limit).min(limit)));
    let mut total = 0usize;
    let reading = async {
        while let Some(chunk) = stream.next().await {
            let chunk = chunk
                .map_err(|error| Problem::new(Code::BadRequest).message("The body broke off.").with_cause(error.to_string()))?;
            total = total.saturating_add(chunk.len());
            if total <= limit {
                bytes.extend_from_slice(&chunk);
            } else if total > limit + DRAIN {
                break;
            }
        }
        Ok(())
    };
    let outcome = tokio::time::timeout(timeout, reading).await;
    if total > limit {
        return Err(too_large(limit));
    }
    outcome.map_err(|_| Problem::new(Code::RequestTimeout))??;
    Ok(bytes)
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::PayloadTooLarge).message(format!("The body must not be larger than {limit} bytes."))
}

/// Reads what is left of a refused request in the background, while the refusal is sent and after it. The refusal does not wait for
/// it, and neither does the next request for the place of this one.
pub(super) fn drain_after(request: &mut Request, timeout: Duration) {
    if request.headers().contains_key(EXPECT) {
        return; // The caller waits to be asked for the body (RFC 9110, section 10.1.1), and reading would ask for it.
    }
    tokio::spawn(drain(request.take_body(), timeout.min(DRAIN_TIMEOUT)));
}

async fn drain(body: Body, timeout: Duration) {
    let mut stream = body.into_bytes_stream();
    let mut left = DRAIN;
    let draining = async {
        while let Some(Ok(chunk)) = stream.next().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    let _ = tokio::time::timeout(timeout, draining).await; // If that was not all of it, the connection is closed.
}

/// Parses JSON strictly (RFC 8259): UTF-8, one value and nothing after it, no property twice, bounded depth (serde_json's 128).
///
/// # Errors
///
/// 400 with the line and column.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = Strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| {
        // serde_json's messages name the kind of error and its place, never the text.
        let violation = Violation { pointer: String::new(), rule: "syntax".to_owned(), message: error.to_string() };
        Problem::new(Code::BadRequest).message("The body is not valid JSON.").errors(vec![violation])
    })
}

/// Builds a [`Value`], refusing a property that occurs twice: which of the two a reader takes is undefined (RFC 8259, section 4).
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Strict)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a property occurs twice in an object"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use futures_util::stream;
    use serde_json::json;

    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        let problem = parse(bytes).unwrap_err();
        let response = serde_json::to_value(problem.details()).unwrap();
        assert_eq!(response["errors"][0]["rule"], "syntax");
        response["errors"][0]["message"].as_str().unwrap().to_owned()
    }

    /// A body of 8 MiB in chunks of 64 KiB, and how many of them were taken.
    fn large() -> (Body, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let chunks = stream::repeat_with(move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok::<_, io::Error>(vec![b' '; 64 * 1024])
        });
        (Body::from_bytes_stream(chunks.take(128)), taken)
    }

    #[tokio::test]
    async fn of_a_refused_body_one_mebibyte_is_read_and_no_more() {
        let timeout = Duration::from_secs(60);
        let (body, taken) = large();
        let problem = read(body, None, 0, timeout).await.unwrap_err();
        assert_eq!((problem.details().code, taken.load(Ordering::Relaxed)), (Code::PayloadTooLarge, 17));
        let (body, taken) = large();
        drain(body, timeout).await;
        assert_eq!(taken.load(Ordering::Relaxed), 17);
    }

    #[test]
    fn json_is_read_as_it_is() {
        let text = r#" {"a": [1, -2, 0.5, true, null, "x\u00e9"], "": {}} "#;
        assert_eq!(parse(text.as_bytes()).unwrap(), json!({"a": [1, -2, 0.5, true, null, "xé"], "": {}}));
    }

    #[test]
    fn what_is_not_strict_json_is_refused_with_its_place() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        let cases: [(&[u8], &str); 9] = [
            (b"", "EOF"),
            (b"{\"a\":1", "EOF"),
            (b"{} {}", "trailing characters at line 1 column 4"),
            (b"\xEF\xBB\xBF{}", "expected value at line 1 column 1"),
            (b"\"\xFF\"", "invalid unicode code point"),
            (b"{\"a\":1,\"a\":1}", "a property occurs twice in an object at line 1"),
            (br#"{"o":{"a":1,"\u0061":2}}"#, "a property occurs twice in an object"),
            (b"1e999", "number out of range"),
            (deep.as_bytes(), "recursion limit exceeded"),
        ];
        for (bytes, expected) in cases {
            let message = refusal(bytes);
            assert!(message.contains(expected), "{message:?} does not contain {expected:?}");
        }
    }

    #[test]
    fn a_refusal_repeats_nothing_of_the_body() {
        for body in [r#"{"secret":1,"secret":2}"#, "secret", r#"{"a":secret}"#, "\"\u{1}secret\""] {
            assert!(!refusal(body.as_bytes()).contains("secret"));
        }
    }
}
