//! How many requests run at a time, and how many may wait for their turn.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout},
};

/// How long a request may wait for its turn. Longer, and the answer would come when nobody wants it any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the log tells how many were refused: a line for each would cost more than the refusal.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// A limit on the requests that run, with a short queue in front of it.
pub(crate) struct Admission {
    running: Semaphore,
    queue: Semaphore,
    refused: AtomicU64,
    reported: Mutex<Option<Instant>>,
}

impl Admission {
    /// Lets `running` requests run and `queued` wait.
    pub(crate) fn new(running: usize, queued: usize) -> Self {
        Self {
            running: Semaphore::new(running),
            queue: Semaphore::new(queued),
            refused: AtomicU64::new(0),
            reported: Mutex::new(None),
        }
    }

    /// A turn, first come, first served; none when the queue is full, or when none came in time.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(turn) = self.running.try_acquire() {
            return Some(turn);
        }
        let waited = match self.queue.try_acquire() {
            Ok(_place) => timeout(PATIENCE, self.running.acquire()).await.ok().and_then(Result::ok),
            Err(_) => None,
        };
        if waited.is_none() {
            self.count_refusal();
        }
        waited
    }

    fn count_refusal(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY) {
            *reported = Some(Instant::now());
            let refused = self.refused.swap(0, Ordering::Relaxed);
            tracing::warn!(refused, "too many requests are in progress");
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_waits_for_its_turn_and_the_next_is_refused_at_once() {
        let admission = Admission::new(1, 1);
        let running = admission.turn().await.unwrap();
        let mut waiting = Box::pin(admission.turn());
        assert!(waiting.as_mut().now_or_never().is_none(), "it waits");
        assert!(admission.turn().now_or_never().unwrap().is_none(), "the queue is full");
        drop(running);
        assert!(waiting.await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let admission = Admission::new(0, 1);
        let begin = Instant::now();
        assert!(admission.turn().await.is_none());
        assert_eq!(begin.elapsed().as_secs(), PATIENCE.as_secs());
    }
}
