//! The bytes of a body: how many there may be, and how long they may take.

use std::{fmt, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, header::EXPECT};

use crate::problem::{Code, Problem};

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
pub(super) async fn read<S, E>(body: &mut S, announced: Option<u64>, limit: usize, timeout: Duration) -> Result<Vec<u8>, Problem>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: fmt::Display,
{
    let mut bytes = Vec::with_capacity(announced.map_or(0, |length| usize::try_from(length).unwrap_or(limit).min(limit)));
    let mut total = 0usize;
    let reading = async {
        while let Some(chunk) = body.next().await {
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
pub(crate) fn drain_after<S, E>(headers: &HeaderMap, body: S, timeout: Duration)
where
    S: Stream<Item = Result<Bytes, E>> + Unpin + Send + 'static,
    E: Send + 'static,
{
    if headers.contains_key(EXPECT) {
        return; // The caller waits to be asked for the body (RFC 9110, section 10.1.1), and reading would ask for it.
    }
    tokio::spawn(drain(body, timeout.min(DRAIN_TIMEOUT)));
}

async fn drain<E>(mut body: impl Stream<Item = Result<Bytes, E>> + Unpin, timeout: Duration) {
    let mut left = DRAIN;
    let draining = async {
        while let Some(Ok(chunk)) = body.next().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    let _ = tokio::time::timeout(timeout, draining).await; // If that was not all of it, the connection is closed.
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

    use super::*;
    use futures_util::stream;

    /// A body of 8 MiB in chunks of 64 KiB, and how many of them were taken.
    fn large() -> (impl Stream<Item = io::Result<Bytes>> + Unpin, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let chunks = stream::repeat_with(move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok::<_, io::Error>(Bytes::from(vec![b' '; 64 * 1024]))
        });
        (chunks.take(128), taken)
    }

    #[tokio::test]
    async fn of_a_refused_body_one_mebibyte_is_read_and_no_more() {
        let timeout = Duration::from_secs(60);
        let (mut body, taken) = large();
        let problem = read(&mut body, None, 0, timeout).await.unwrap_err();
        assert_eq!((problem.details().code, taken.load(Ordering::Relaxed)), (Code::PayloadTooLarge, 17));
        let (body, taken) = large();
        drain(body, timeout).await;
        assert_eq!(taken.load(Ordering::Relaxed), 17);
    }
}
