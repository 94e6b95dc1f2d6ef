//! The key set of an issuer, kept up to date while the server runs.
//!
//! One task fetches the set: at the start, ahead of its expiry, and at once when a token names a key that is not in it. Requests
//! only look at what that task last found, or wait for the fetch that is under way.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::gauge::ConstGauge,
    registry::Registry,
};
use tokio::{
    sync::{Notify, Semaphore, watch},
    task::AbortHandle,
    time::{Instant, sleep_until},
};

use super::{
    fetch::{Fetched, KeySetUrl, client},
    keys::{KeyError, KeySet},
};

/// How long after an unknown `kid` led to a fetch another one may, whatever came of it: made-up names must not become load on the
/// issuer.
const COOL_DOWN: Duration = Duration::from_secs(30);

/// How long a set is used when its issuer does not say.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The bounds on what the issuer says: neither a fetch for each request, nor a withdrawn key accepted for days.
const MIN_LIFETIME: Duration = Duration::from_secs(60);
const MAX_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How many requests may wait for a fetch. Each of them is one that runs, and a slow issuer must not take all of those.
const MAX_WAITING: usize = 128;

/// How soon a failed fetch is tried again; twice as long after each further failure, up to the cool-down.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// How one fetch is made.
type Fetch = Box<dyn Fn() -> BoxFuture<'static, Result<Fetched, KeyError>> + Send + Sync>;

/// The issuer's key set as it is now.
pub struct KeySource {
    shared: Arc<Shared>,
    task: AbortHandle,
}

struct Shared {
    state: watch::Sender<State>,
    /// Ends the waiting of the task that fetches.
    wanted: Notify,
    waiting: Semaphore,
    max_stale: Duration,
}

/// What the fetches have found so far.
struct State {
    keys: Option<Arc<KeySet>>,
    /// When `keys` were fetched.
    fetched: Instant,
    /// Why the last fetch failed; none when it did not.
    failure: Option<KeyError>,
    failures: u32,
    /// How many fetches have ended.
    ended: u64,
    under_way: bool,
    /// When an unknown `kid` may lead to a fetch again.
    cool: Instant,
    /// When the next fetch is due.
    due: Instant,
}

/// Why a key is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// The issuer's current set does not have it.
    Unknown,
    /// The issuer's current set is not known.
    Unavailable {
        /// When it may be, in seconds from now.
        retry_after: u64,
        /// Why it is not.
        cause: String,
    },
}

impl KeySource {
    /// Begins to fetch the set from `url`. While the issuer cannot be reached, the last set is used for `max_stale` after it was
    /// fetched. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when no HTTP client can be made. That the issuer is away is not an error: it is asked again.
    pub(super) fn start(url: KeySetUrl, max_stale: Duration) -> Result<Self, KeyError> {
        let client = client()?;
        let fetch: Fetch = Box::new(move || {
            let (client, url) = (client.clone(), url.clone());
            Box::pin(async move { url.fetch(&client).await })
        });
        Ok(Self::keep(fetch, max_stale))
    }

    fn keep(fetch: Fetch, max_stale: Duration) -> Self {
        let now = Instant::now();
        let state = State {
            keys: None,
            fetched: now,
            failure: None,
            failures: 0,
            ended: 0,
            under_way: true, // The first fetch begins at once.
            cool: now,
            due: now,
        };
        let (state, waiting) = (watch::Sender::new(state), Semaphore::new(MAX_WAITING));
        let shared = Arc::new(Shared { state, wanted: Notify::new(), waiting, max_stale });
        let task = tokio::spawn(Arc::clone(&shared).run(fetch)).abort_handle();
        Self { shared, task }
    }

    /// The current set, when it has this key. When it does not, the set is fetched anew, once for all who wait for it.
    pub(super) async fn with_key(&self, kid: &str) -> Result<Arc<KeySet>, Missing> {
        if let Ok(keys) = self.shared.look_up(kid) {
            return Ok(keys);
        }
        if let Some(ended) = self.shared.ask() {
            let Ok(_place) = self.shared.waiting.try_acquire() else {
                let cause = "too many requests wait for the issuer's key set".to_owned();
                return Err(Missing::Unavailable { retry_after: 1, cause });
            };
            // It ends only with an error when the sender is gone, and `self` has it.
            let _ = self.shared.state.subscribe().wait_for(|state| state.ended > ended).await;
        }
        self.shared.look_up(kid)
    }

    /// The current set, whatever it has.
    pub(super) fn current(&self) -> Option<Arc<KeySet>> {
        let state = self.shared.state.borrow();
        state.keys.clone().filter(|_| state.fetched.elapsed() <= self.shared.max_stale)
    }

    /// Adds how old the set is.
    pub(super) fn register(&self, figures: &mut Registry) {
        figures.register_collector(Box::new(Arc::clone(&self.shared)));
    }

    /// Whether tokens can be judged now; an error is the reason.
    pub(super) fn ready(&self) -> Result<(), String> {
        match self.current() {
            Some(_) => Ok(()),
            None => Err(self.shared.state.borrow().cause()),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Collector for Shared {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let age = {
            let state = self.state.borrow();
            state.keys.as_ref().map(|_| state.fetched.elapsed().as_secs_f64())
        };
        let Some(age) = age else { return Ok(()) };
        let age = ConstGauge::new(age);
        let help = "Time since the issuer's key set was fetched";
        age.encode(encoder.encode_descriptor("key_set_age_seconds", help, None, age.metric_type())?)
    }
}

impl Drop for KeySource {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Fetches for ever.
    async fn run(self: Arc<Self>, fetch: Fetch) {
        loop {
            let outcome = fetch().await;
            report(&self.state.borrow(), &outcome);
            self.state.send_modify(|state| state.record(outcome));
            loop {
                let due = self.state.borrow().due;
                tokio::select! {
                    () = sleep_until(due) => break,
                    () = self.wanted.notified() => if self.state.borrow().under_way { break },
                }
            }
            self.state.send_modify(|state| state.under_way = true);
        }
    }

    fn look_up(&self, kid: &str) -> Result<Arc<KeySet>, Missing> {
        let state = self.state.borrow();
        let fresh = state.fetched.elapsed() <= self.max_stale;
        match &state.keys {
            Some(keys) if fresh && keys.get(kid).is_some() => Ok(Arc::clone(keys)),
            // What the issuer has not said cannot be held against the token.
            Some(_) if fresh && state.failure.is_none() => Err(Missing::Unknown),
            _ => {
                let wait = state.due.saturating_duration_since(Instant::now());
                Err(Missing::Unavailable { retry_after: wait.as_secs() + 1, cause: state.cause() })
            }
        }
    }

    /// Asks for a fetch; how many had ended before, when there is one to wait for.
    fn ask(&self) -> Option<u64> {
        let mut ended = None;
        self.state.send_if_modified(|state| {
            let now = Instant::now();
            if state.under_way {
                ended = Some(state.ended);
            } else if state.cool <= now {
                ended = Some(state.ended);
                state.under_way = true;
                state.cool = now + COOL_DOWN;
                self.wanted.notify_one();
            }
            false // Nobody waits for this.
        });
        ended
    }
}

impl State {
    fn record(&mut self, outcome: Result<Fetched, KeyError>) {
        let now = Instant::now();
        self.under_way = false;
        self.ended += 1;
        match outcome {
            Ok(Fetched { keys, lifetime }) => {
                let lifetime = lifetime.unwrap_or(DEFAULT_LIFETIME).clamp(MIN_LIFETIME, MAX_LIFETIME);
                self.due = now + lifetime * 4 / 5; // Ahead of its expiry, so that there is time for another try.
                self.keys = Some(Arc::new(keys));
                self.fetched = now;
                self.failure = None;
                self.failures = 0;
            }
            Err(error) => {
                if matches!(error, KeyError::NoUsableKey { .. }) {
                    self.keys = None; // Not an outage: the issuer has withdrawn them.
                }
                self.due = now + (FIRST_RETRY * 2u32.saturating_pow(self.failures.min(10))).min(COOL_DOWN);
                self.cool = now + COOL_DOWN;
                self.failure = Some(error);
                self.failures += 1;
            }
        }
    }

    fn cause(&self) -> String {
        self.failure.as_ref().map_or_else(|| "the issuer's key set has not been fetched yet".to_owned(), ToString::to_string)
    }
}

/// Tells the log what is new: a failure, the end of failures, keys that are ignored.
fn report(before: &State, outcome: &Result<Fetched, KeyError>) {
    match outcome {
        Err(error) if before.failure.as_ref() != Some(error) => {
            tracing::warn!(%error, "the issuer's key set is not available; trying again");
        }
        Err(_) => {}
        Ok(Fetched { keys, .. }) => {
            if before.failure.is_some() || before.keys.is_none() {
                tracing::info!("the issuer's key set is available");
            }
            if before.keys.as_ref().is_none_or(|known| known.ignored() != keys.ignored()) {
                for key in keys.ignored() {
                    tracing::warn!(key, "a key of the issuer is ignored");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    use futures_util::{FutureExt, future::join_all};
    use serde_json::json;
    use tokio::time::advance;

    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    /// An issuer whose answers a test sets, and which counts how often it is asked.
    struct Issuer {
        answer: Mutex<Result<Fetched, KeyError>>,
        fetches: AtomicUsize,
    }

    fn set(kids: &[&str]) -> KeySet {
        // The public key of RFC 8037, appendix A.2.
        let key = |kid: &&str| json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        KeySet::new(&json!({ "keys": kids.iter().map(key).collect::<Vec<_>>() })).unwrap()
    }

    fn away() -> Result<Fetched, KeyError> {
        Err(KeyError::Fetch { url: "https://issuer.example/".to_owned(), cause: "it is away".to_owned() })
    }

    impl Issuer {
        fn start(answer: Result<Fetched, KeyError>) -> (Arc<Self>, KeySource) {
            let issuer = Arc::new(Self { answer: Mutex::new(answer), fetches: AtomicUsize::new(0) });
            let asked = Arc::clone(&issuer);
            let fetch: Fetch = Box::new(move || {
                asked.fetches.fetch_add(1, Ordering::SeqCst);
                let answer = asked.answer.lock().unwrap().clone();
                Box::pin(async move { answer })
            });
            (issuer, KeySource::keep(fetch, HOUR))
        }

        fn with(kids: &[&str]) -> (Arc<Self>, KeySource) {
            Self::start(Ok(Fetched { keys: set(kids), lifetime: None }))
        }

        fn publish(&self, kids: &[&str], lifetime: Option<Duration>) {
            *self.answer.lock().unwrap() = Ok(Fetched { keys: set(kids), lifetime });
        }

        fn leave(&self) {
            *self.answer.lock().unwrap() = away();
        }

        fn fetches(&self) -> usize {
            self.fetches.load(Ordering::SeqCst)
        }
    }

    /// Lets time pass, and what is due then happen.
    async fn pass(time: Duration) {
        advance(time).await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn is_unavailable(outcome: &Result<Arc<KeySet>, Missing>) -> bool {
        matches!(outcome, Err(Missing::Unavailable { .. }))
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_kid_leads_to_one_fetch_for_all_and_the_next_after_the_cool_down() {
        let (issuer, source) = Issuer::with(&["a"]);
        source.with_key("a").await.unwrap();
        issuer.publish(&["b"], None);
        let found = join_all((0..100).map(|_| source.with_key("b"))).await;
        assert!(found.iter().all(Result::is_ok));
        assert_eq!(issuer.fetches(), 2);

        issuer.publish(&["c"], None);
        assert_eq!(source.with_key("c").await.unwrap_err(), Missing::Unknown);
        pass(COOL_DOWN - seconds(1)).await;
        assert_eq!(source.with_key("c").await.unwrap_err(), Missing::Unknown);
        assert_eq!(issuer.fetches(), 2);
        pass(seconds(1)).await;
        source.with_key("c").await.unwrap();
        assert_eq!(source.with_key("b").await.unwrap_err(), Missing::Unknown, "it was withdrawn");
        assert_eq!(issuer.fetches(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_counts_as_an_attempt() {
        let (issuer, source) = Issuer::with(&["a"]);
        source.with_key("a").await.unwrap();
        issuer.leave();
        for _ in 0..50 {
            assert!(is_unavailable(&source.with_key("b").await));
        }
        assert_eq!(issuer.fetches(), 2);
        source.with_key("a").await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_set_is_fetched_ahead_of_its_expiry_within_bounds() {
        for (said, due) in [(None, 240), (Some(600), 480), (Some(0), 48), (Some(10 * 24 * 3600), 2880)] {
            let (issuer, source) = Issuer::start(Ok(Fetched { keys: set(&["a"]), lifetime: said.map(seconds) }));
            source.with_key("a").await.unwrap();
            pass(seconds(due - 1)).await;
            assert_eq!(issuer.fetches(), 1, "{said:?}");
            pass(seconds(1)).await;
            assert_eq!(issuer.fetches(), 2, "{said:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_survived_with_the_last_set_for_as_long_as_is_set() {
        let (issuer, source) = Issuer::with(&["a"]);
        source.with_key("a").await.unwrap();
        issuer.leave();
        for _ in 0..59 {
            pass(seconds(60)).await;
            source.with_key("a").await.unwrap();
            source.ready().unwrap();
        }
        pass(seconds(61)).await;
        assert!(is_unavailable(&source.with_key("a").await));
        assert!(source.ready().unwrap_err().contains("it is away"));
        assert!(issuer.fetches() < 130, "about two a minute: {}", issuer.fetches());
        issuer.publish(&["a"], None);
        pass(COOL_DOWN).await;
        source.with_key("a").await.unwrap();
        source.ready().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_age_of_the_set_is_told_while_there_is_one() {
        let (issuer, source) = Issuer::start(away());
        let mut figures = Registry::default();
        source.register(&mut figures);
        let age = || {
            let mut text = String::new();
            prometheus_client::encoding::text::encode(&mut text, &figures).unwrap();
            let line = text.lines().find(|line| line.starts_with("key_set_age_seconds "));
            line.map(|line| line.split(' ').nth(1).unwrap().parse::<f64>().unwrap())
        };
        pass(seconds(0)).await;
        assert_eq!(age(), None);
        issuer.publish(&["a"], None);
        pass(seconds(1)).await;
        assert_eq!(age(), Some(0.0));
        issuer.leave();
        pass(seconds(300)).await;
        assert_eq!(age(), Some(300.0), "a failed fetch is not the last one");
    }

    #[tokio::test(start_paused = true)]
    async fn a_start_without_the_issuer_is_made_good_as_soon_as_it_is_there() {
        let (issuer, source) = Issuer::start(away());
        let Err(Missing::Unavailable { retry_after, cause }) = source.with_key("a").await else { panic!("judged") };
        assert_eq!((retry_after, cause.contains("it is away")), (2, true));
        assert!(source.ready().is_err());
        pass(seconds(1)).await;
        assert!(is_unavailable(&source.with_key("a").await));
        assert_eq!(issuer.fetches(), 2, "callers do not hurry it");
        issuer.publish(&["a"], None);
        pass(seconds(2)).await;
        source.with_key("a").await.unwrap();
        source.ready().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_issuer_that_withdraws_all_its_keys_has_none() {
        let (issuer, source) = Issuer::with(&["a"]);
        source.with_key("a").await.unwrap();
        *issuer.answer.lock().unwrap() = Err(KeyError::NoUsableKey { ignored: Vec::new() });
        pass(DEFAULT_LIFETIME).await;
        assert!(is_unavailable(&source.with_key("a").await), "not 401 for everybody");
        assert!(source.ready().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_issuer_does_not_hold_up_more_than_some() {
        let source = KeySource::keep(Box::new(|| Box::pin(std::future::pending())), HOUR);
        let mut waiting: Vec<_> = (0..MAX_WAITING).map(|_| Box::pin(source.with_key("a"))).collect();
        assert!(waiting.iter_mut().all(|request| request.now_or_never().is_none()));
        assert!(is_unavailable(&source.with_key("a").now_or_never().unwrap()));
    }
}
