//! How long a store takes, for Prometheus.

use std::{path::Path, sync::Arc, time::Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, histogram::Histogram},
    registry::Registry,
};

use super::{StoreError, UserQuery, UserStore};
use crate::user::User;

/// The upper bounds of the histogram, in seconds.
const BOUNDS: [f64; 12] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0];

/// A store that says in `store_operation_duration_seconds` how long each operation took, and whether the store was there for it.
pub struct Timed {
    store: Arc<dyn UserStore>,
    seconds: Family<Of, Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    operation: &'static str,
    /// `done`, also where the answer is no, or `unavailable`.
    outcome: &'static str,
}

impl Timed {
    /// Adds to `figures` what there is to say of `store`.
    pub fn new(store: Arc<dyn UserStore>, figures: &mut Registry) -> Self {
        store.register(figures);
        let seconds = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> Histogram);
        figures.register("store_operation_duration_seconds", "How long the store took", seconds.clone());
        Self { store, seconds }
    }

    async fn time<T>(
        &self,
        operation: &'static str,
        asked: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let begin = Instant::now();
        let answer = asked.await;
        let outcome = if matches!(answer, Err(StoreError::Unavailable(_))) { "unavailable" } else { "done" };
        self.seconds.get_or_create(&Of { operation, outcome }).observe(begin.elapsed().as_secs_f64());
        answer
    }
}

#[async_trait]
impl UserStore for Timed {
    async fn insert(&self, user: User) -> Result<User, StoreError> {
        self.time("insert", self.store.insert(user)).await
    }

    async fn find(&self, id: &str) -> Result<Option<User>, StoreError> {
        self.time("find", self.store.find(id)).await
    }

    async fn replace(&self, current: &User, next: User) -> Result<User, StoreError> {
        self.time("replace", self.store.replace(current, next)).await
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        self.time("delete", self.store.delete(id)).await
    }

    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StoreError> {
        self.time("list", self.store.list(query)).await
    }

    async fn forget_requests(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        self.time("forget_requests", self.store.forget_requests(before)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.time("ping", self.store.ping()).await
    }

    async fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        self.time("backup", self.store.backup(to)).await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
