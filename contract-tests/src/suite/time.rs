//! How long a run may take: its limit, the share of each operation, and what ends it early.

use std::{
    sync::{PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use super::run::Run;
use crate::report::Stopped;

/// A share of the time.
#[derive(Clone, Copy)]
pub(super) struct Share {
    /// When nothing more is to be planned, so that something is sent.
    planned: Instant,
    end: Instant,
}

impl Run<'_> {
    /// Whether nothing more is to be tried: what the run is for was found, or it was stopped.
    pub fn is_over(&self) -> bool {
        if self.filter.is_some() && self.failures.len() > 0 {
            return true;
        }
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if stopped.is_none() {
            let late = self.suite.max_time.is_some_and(|time| self.begin.elapsed() >= time);
            if self.suite.interrupt.as_ref().is_some_and(|interrupt| interrupt.load(Ordering::Relaxed)) {
                *stopped = Some(Stopped::Interrupted);
            } else if late {
                *stopped = Some(Stopped::MaxTime);
            }
        }
        stopped.is_some()
    }

    /// Ends the run early; the first reason counts.
    pub(super) fn stop(&self, why: Stopped) {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    /// How much of the time is left, where there is a limit.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.suite.max_time.map(|time| time.saturating_sub(self.begin.elapsed()))
    }

    /// Gives what is tested next its share of the time that is left: one of this many.
    pub(super) fn begin_share(&self, left: usize) -> Option<Duration> {
        let part = self.time_left().map(|rest| part_of(rest, left));
        let now = Instant::now();
        let share = part.map(|part| Share { planned: now + part / 2, end: now + part });
        *self.share.lock().unwrap_or_else(PoisonError::into_inner) = share;
        part
    }

    /// When a request that is sent now is given up: at the end of its share, or later as long as most of the time that is left stays for
    /// the others. There may be many that the server takes long for.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let at_most = Instant::now() + self.time_left()? / 8;
        Some(self.share().map_or(at_most, |share| share.end.max(at_most)))
    }

    /// Whether there is time to wait before a request is sent again.
    pub(super) fn may_wait(&self, wait: Duration) -> bool {
        self.deadline().is_none_or(|end| Instant::now() + wait < end)
    }

    fn share(&self) -> Option<Share> {
        *self.share.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing more is to be tried of what is being tested.
    pub(super) fn is_done(&self) -> bool {
        let late = self.share().is_some_and(|share| Instant::now() >= share.end);
        if late {
            self.cut.store(true, Ordering::Relaxed);
        }
        late || self.is_over()
    }

    /// Whether nothing more is to be planned of what is being tested.
    pub(super) fn is_planned(&self) -> bool {
        self.share().is_some_and(|share| Instant::now() >= share.planned) || self.is_over()
    }
}

/// One of this many parts of the time that is left.
pub(super) fn part_of(rest: Duration, parts: usize) -> Duration {
    rest / u32::try_from(parts).unwrap_or(u32::MAX).max(1)
}
