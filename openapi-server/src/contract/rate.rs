//! How often one caller may call, and what it is told about that (draft-ietf-httpapi-ratelimit-headers).

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use http::{HeaderMap, HeaderName, HeaderValue, header::RETRY_AFTER};

use crate::problem::{Code, Problem};

/// After how many requests callers who have been quiet are forgotten, so that the table does not grow for ever.
const SWEEP: u32 = 10_000;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

pub(super) struct RateLimit {
    limiter: RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>,
    since_sweep: AtomicU32,
    policy: HeaderValue,
}

/// What a caller has left of its rate.
pub(crate) struct RateLimitStatus {
    policy: HeaderValue,
    limit: HeaderValue,
}

impl RateLimit {
    pub fn new(per_second: NonZeroU32) -> Self {
        let limiter = RateLimiter::keyed(Quota::per_second(per_second)).with_middleware();
        Self { limiter, since_sweep: AtomicU32::new(0), policy: value(format!("\"caller\";q={per_second};w=1")) }
    }

    /// What is left for this caller; 429 with `Retry-After` when it has used up the rate.
    pub fn admit(&self, subject: &str) -> Result<RateLimitStatus, Problem> {
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) >= SWEEP {
            self.since_sweep.store(0, Ordering::Relaxed);
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(&subject.to_owned()) {
            Ok(state) => Ok(self.standing(state.remaining_burst_capacity(), 1)),
            Err(refusal) => {
                let wait = refusal.wait_time_from(self.limiter.clock().now());
                // Whole seconds (RFC 9110, section 10.2.3), rounded up.
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                let problem = Problem::new(Code::TooManyRequests).header(RETRY_AFTER, seconds.into());
                Err(self.standing(0, seconds).add_to(problem))
            }
        }
    }

    fn standing(&self, left: u32, seconds: u64) -> RateLimitStatus {
        RateLimitStatus { policy: self.policy.clone(), limit: value(format!("\"caller\";r={left};t={seconds}")) }
    }
}

impl RateLimitStatus {
    /// Adds it to the headers of an answer.
    pub fn insert_into(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, self.limit);
        headers.insert(POLICY, self.policy);
    }

    /// The problem with it.
    pub fn add_to(self, problem: Problem) -> Problem {
        problem.header(LIMIT, self.limit).header(POLICY, self.policy)
    }
}

/// The text, which has printable ASCII alone, as a value.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use poem::{IntoResponse, Response};

    use super::*;

    fn told(headers: &HeaderMap) -> [&str; 2] {
        [LIMIT, POLICY].map(|name| headers[name].to_str().unwrap())
    }

    #[test]
    fn who_has_used_up_the_rate_is_told_when_to_come_back() {
        let limit = RateLimit::new(NonZeroU32::MIN);
        let refused = (0..1000).find_map(|_| limit.admit("ada").err()).unwrap();
        assert!(limit.admit("bob").is_ok());
        let refused: Response = refused.into_response();
        // Less than a second is left, which is one when it is rounded up.
        assert_eq!((refused.status().as_u16(), &refused.headers()[RETRY_AFTER]), (429, &1.into()));
        assert_eq!(told(refused.headers()), ["\"caller\";r=0;t=1", "\"caller\";q=1;w=1"]);
    }

    #[test]
    fn who_has_something_left_is_told_how_much() {
        let limit = RateLimit::new(NonZeroU32::new(3).unwrap());
        let mut headers = HeaderMap::new();
        limit.admit("ada").ok().unwrap().insert_into(&mut headers);
        assert_eq!(told(&headers), ["\"caller\";r=2;t=1", "\"caller\";q=3;w=1"]);
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
