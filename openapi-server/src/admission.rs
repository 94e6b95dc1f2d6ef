//! How many requests run at a time, and how many may wait for their turn.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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

/// For how long after a refusal more of them are expected: the queue has a place now and then while far more want it.
const RECENT: Duration = Duration::from_millis(100);

/// A limit on the requests that run, with a short queue in front of it.
pub(crate) struct Admission {
    running: Semaphore,
    queue: Semaphore,
    refusals: Refusals,
}

/// The refusals so far.
#[derive(Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<Refused>>);

#[derive(Default)]
struct Refused {
    /// Those that the log does not have yet.
    unlogged: u64,
    logged: Option<Instant>,
    last: Option<Instant>,
}

impl Admission {
    /// Lets `running` requests run and `queued` wait.
    pub(crate) fn new(running: usize, queued: usize) -> Self {
        Self { running: Semaphore::new(running), queue: Semaphore::new(queued), refusals: Refusals::default() }
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
            self.refusals.count();
        }
        waited
    }

    /// The refusals, for whoever lets requests in.
    pub(crate) fn refusals(&self) -> Refusals {
        self.refusals.clone()
    }
}

impl Refusals {
    /// Whether a request was refused within the last 100 ms, so that another would probably be refused too.
    pub(crate) fn are_recent(&self) -> bool {
        self.lock().last.is_some_and(|last| last.elapsed() < RECENT)
    }

    fn count(&self) {
        // Others must not wait for the lock while the line is written.
        if let Some(refused) = self.count_unlogged() {
            tracing::warn!(refused, "too many requests are in progress");
        }
    }

    /// Counts a refusal; gives how many the log lacks, where it is time to tell.
    fn count_unlogged(&self) -> Option<u64> {
        let mut refused = self.lock();
        let now = Instant::now();
        refused.last = Some(now);
        refused.unlogged += 1;
        let is_due = refused.logged.is_none_or(|logged| now - logged >= REPORT_EVERY);
        is_due.then(|| {
            refused.logged = Some(now);
            std::mem::take(&mut refused.unlogged)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Refused> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert!(admission.refusals().are_recent());
        drop(running);
        assert!(waiting.await.is_some());
        tokio::time::sleep(RECENT).await;
        assert!(!admission.refusals().are_recent(), "it is over");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let admission = Admission::new(0, 1);
        let begin = Instant::now();
        assert!(admission.turn().await.is_none());
        assert_eq!(begin.elapsed().as_secs(), PATIENCE.as_secs());
    }
}
