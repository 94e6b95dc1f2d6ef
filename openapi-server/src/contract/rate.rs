//! How often one caller may call.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock};
use poem::http::header::RETRY_AFTER;

use crate::problem::{Code, Problem};

/// After how many requests callers who have been quiet are forgotten, so that the table does not grow for ever.
const SWEEP: u32 = 10_000;

pub(super) struct RateLimit {
    limiter: DefaultKeyedRateLimiter<String>,
    since_sweep: AtomicU32,
}

impl RateLimit {
    pub fn new(per_second: NonZeroU32) -> Self {
        Self { limiter: DefaultKeyedRateLimiter::keyed(Quota::per_second(per_second)), since_sweep: AtomicU32::new(0) }
    }

    /// 429 with `Retry-After` when this caller has used up the rate.
    pub fn admit(&self, subject: &str) -> Result<(), Problem> {
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) >= SWEEP {
            self.since_sweep.store(0, Ordering::Relaxed);
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&subject.to_owned()).map_err(|refusal| {
            let wait = refusal.wait_time_from(self.limiter.clock().now());
            // Whole seconds (RFC 9110, section 10.2.3), rounded up.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Problem::new(Code::TooManyRequests).header(RETRY_AFTER, seconds.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use poem::{IntoResponse, Response};

    use super::*;

    #[test]
    fn who_has_used_up_the_rate_is_told_when_to_come_back() {
        let limit = RateLimit::new(NonZeroU32::MIN);
        let refused = (0..1000).find_map(|_| limit.admit("ada").err()).unwrap();
        assert!(limit.admit("bob").is_ok());
        let refused: Response = refused.into_response();
        // Less than a second is left, which is one when it is rounded up.
        assert_eq!((refused.status().as_u16(), &refused.headers()[RETRY_AFTER]), (429, &1.into()));
    }

    #[test]
    fn callers_who_have_been_quiet_are_forgotten() {
        // A call is made up for after a nanosecond.
        let limit = RateLimit::new(NonZeroU32::new(1_000_000_000).unwrap());
        for caller in 0..SWEEP {
            assert!(limit.admit(&caller.to_string()).is_ok());
        }
        assert_eq!(limit.limiter.len(), SWEEP as usize);
        assert!(limit.admit("one more").is_ok());
        assert!(limit.limiter.len() < 100, "{}", limit.limiter.len());
    }
}
