//! Users in MongoDB, for when one machine is outgrown: any number of servers share one database.
//!
//! One document for each user, in the collection `users`: `_id` is the user's id, the fields are named as in the API, times are
//! BSON dates, and [`KEY`] holds the normalised email, whose unique index alone decides who has an email. Each change is one write
//! of one document: no transaction. An insertion reads nothing beforehand. A replacement is a compare-and-set on [`REVISION`], which
//! names the last change.
//!
//! # When the outcome is not known
//!
//! A connection can break after the insertion was sent. The id is made here, so sending the *same* document again is harmless:
//! if the first one arrived, the second clashes with it, and the store finds its own id at the email. What is said to be stored
//! was acknowledged by a majority of the replica set and is in its journals. Where the time runs out first the answer is
//! [`StoreError::Unavailable`]; the user may exist then, and never twice.
//!
//! A replacement is sent again with the same conditions. If the first one arrived, the second matches nothing, and the store finds the
//! revision that it made itself: the change is stored once. Where it finds another one, the change was made and changed again, or never
//! made: nobody can tell, and the answer is [`StoreError::Unavailable`]. To try again would undo what came after the change.
//!
//! A retry of a request with an `Idempotency-Key` is recognised by [`KEYED`], a field of the user that the request created: it is
//! written and deleted with the user, and a unique index has each key once. Where that was made by hand and is not unique, as on a sharded
//! collection, the key is looked up before each insertion. What is found is confirmed by a majority before anybody hears of it. A TTL
//! index would delete the user as well, so that the field is removed by an update of the old ones, from time to time, and before
//! its key is given to somebody else.
//!
//! A deletion is sent again, too. The store has seen the user before; if it is gone at the second try, it is deleted, whoever did it.
//!
//! # What differs between servers
//!
//! Nothing is decided by the text of an error and, but for 11000, nothing by its code: servers differ, so the store looks. A server without
//! transactions, such as the stand-in of the tests (FerretDB), is enough; it reads the whole collection to find an email, where
//! MongoDB looks into the index.
//!
//! The driver's futures are never dropped half-way, because it does not bear that: they run in tasks, as many as there are connections, and
//! what waits for one is given up when its time is over.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bson::{Bson, Document, doc, oid::ObjectId};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::TryStreamExt;
use mongodb::{
    Client, Collection, IndexModel,
    error::{Error, ErrorKind, WriteFailure},
    event::{EventHandler, cmap::CmapEvent},
    options::{Acknowledgment, ClientOptions, IndexOptions, ReadPreference, SelectionCriteria, WriteConcern},
};
use tokio::sync::Semaphore;

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use super::{Inspect, MongoSettings, MongoUri, StoreError, UserQuery, UserStore, normalise_email};
use crate::user::{Idempotency, User};

/// The database, where the URI names none; and the collection.
const USERS: &str = "users";
/// The field of the normalised email.
const KEY: &str = "normalisedEmail";
/// The unique index on it, which is also the shard key of a sharded collection.
pub const INDEX: &str = "normalisedEmail_unique";
/// The field that names the last change; a document that is as inserted does not have it.
const REVISION: &str = "revision";
/// The index that the users of a country are listed by, in the order of their ids.
const COUNTRY_INDEX: &str = "residencyCountry_id";
/// The field that retries of the creating request are recognised by, and the key in it; a user who was created without one does not
/// have it.
const IDEMPOTENCY: &str = "idempotency";
const KEYED: &str = "idempotency.key";
/// The unique index on it, of those who have it.
const KEY_INDEX: &str = "idempotencyKey";
/// The times of a user and of each portfolio.
const TIMES: [&str; 2] = ["createdAt", "updatedAt"];

/// How often a write is sent whose answer got lost.
const TRIES: usize = 3;
/// How often the driver looks at a server that answered last time; one that did not is looked at twice a second.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// The server refuses a write that breaks a unique index.
const DUPLICATE_KEY: i32 = 11000;

/// The store behind `mongodb://…`.
pub struct MongoStore {
    client: Client,
    users: Collection<Document>,
    timeout: Duration,
    /// One for each connection: what waits for one is not the driver's yet, and can be given up.
    permits: Arc<Semaphore>,
    /// Whether an index decides who has a key.
    keys_are_unique: bool,
    closed: AtomicBool,
    pool: Pool,
}

/// The connections of the driver.
#[derive(Clone, Default)]
struct Pool {
    open: Gauge,
    in_use: Gauge,
    created: Counter,
    refused: Counter,
}

impl Pool {
    fn count(&self, event: &CmapEvent) {
        match event {
            CmapEvent::ConnectionCreated(_) => {
                self.open.inc();
                self.created.inc();
            }
            CmapEvent::ConnectionClosed(_) => _ = self.open.dec(),
            CmapEvent::ConnectionCheckedOut(_) => _ = self.in_use.inc(),
            CmapEvent::ConnectionCheckedIn(_) => _ = self.in_use.dec(),
            CmapEvent::ConnectionCheckoutFailed(_) => _ = self.refused.inc(),
            _ => {}
        }
    }
}

impl MongoStore {
    /// Connects, and ensures the indexes. Any number of processes may do so at a time.
    ///
    /// # Errors
    ///
    /// [`StoreError::MongoUri`], [`StoreError::Index`] when what is stored stands against the index, and
    /// [`StoreError::Unavailable`].
    pub async fn connect(uri: &MongoUri, settings: &MongoSettings) -> Result<Self, StoreError> {
        let timeout = settings.timeout;
        let mut options = ClientOptions::parse(uri.as_str()).await.map_err(unusable)?;
        options.app_name.get_or_insert_with(|| env!("CARGO_PKG_NAME").to_owned());
        options.server_selection_timeout = Some(timeout);
        options.connect_timeout = Some(timeout);
        options.heartbeat_freq = Some(HEARTBEAT);
        options.max_pool_size = Some(settings.pool_size.get());
        options.retry_writes = Some(true);
        options.retry_reads = Some(true);
        // Who has an email is asked where it was decided.
        options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        options.read_concern = None;
        options.write_concern =
            Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(timeout).build());
        let pool = Pool::default();
        let counted = pool.clone();
        options.cmap_event_handler = Some(EventHandler::callback(move |event| counted.count(&event)));
        let client = Client::with_options(options).map_err(unusable)?;
        let users = client.default_database().unwrap_or_else(|| client.database(USERS)).collection(USERS);
        let permits = Arc::new(Semaphore::new(settings.pool_size.get() as usize));
        let store = Self { client, users, timeout, permits, keys_are_unique: true, closed: AtomicBool::new(false), pool };
        let keys_are_unique = store.ensure_indexes().await?;
        Ok(Self { keys_are_unique, ..store })
    }

    /// Makes the indexes that are missing, and says whether that of the keys is unique.
    async fn ensure_indexes(&self) -> Result<bool, StoreError> {
        let users = self.users.clone();
        self.within(async move {
            for (name, index) in [(INDEX, by_email()), (COUNTRY_INDEX, by_country()), (KEY_INDEX, by_key())] {
                let Err(error) = users.create_index(index.clone()).await else { continue };
                if name == KEY_INDEX && like(&users, &index).await.is_some() {
                    continue; // Made by hand: a sharded collection cannot have it as a unique one.
                }
                return Err(match index_conflict(&users, &index, &error).await {
                    Some(why) => StoreError::Index { index: name, why },
                    None => unavailable(error),
                });
            }
            let keys = like(&users, &by_key()).await.and_then(|index| index.options?.unique);
            Ok(keys == Some(true))
        })
        .await
    }

    /// Waits for what is asked of the server as long as the time-out allows.
    ///
    /// Once begun it runs in a task that is never broken off, because the driver does not bear that; one that hangs ends when the
    /// driver's heartbeat finds the server gone.
    async fn within<T: Send + 'static>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable("the MongoDB store is closed".to_owned()));
        }
        let answer = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await;
            let task = tokio::spawn(async move {
                let answer = asked.await;
                drop(permit);
                answer
            });
            task.await
        };
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(StoreError::Unavailable("MongoDB: the task failed".to_owned())),
            Err(_) => Err(StoreError::Unavailable(format!("MongoDB: no answer within {:?}", self.timeout))),
        }
    }
}

#[async_trait]
impl UserStore for MongoStore {
    async fn insert(&self, user: User) -> Result<User, StoreError> {
        let (users, deadline) = (self.users.clone(), Instant::now() + self.timeout);
        self.within(insert(users, user, self.keys_are_unique, deadline)).await
    }

    async fn find(&self, id: &str) -> Result<Option<User>, StoreError> {
        let Ok(id) = ObjectId::parse_str(id) else { return Ok(None) };
        let users = self.users.clone();
        self.within(async move {
            let found = users.find_one(doc! { "_id": id }).await.map_err(unavailable)?;
            found.map(decode).transpose()
        })
        .await
    }

    async fn replace(&self, current: &User, next: User) -> Result<User, StoreError> {
        let (users, current, deadline) = (self.users.clone(), current.clone(), Instant::now() + self.timeout);
        self.within(async move { replace(&users, &current, next, deadline).await }).await
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        let Ok(id) = ObjectId::parse_str(id) else { return Ok(false) };
        let (users, deadline) = (self.users.clone(), Instant::now() + self.timeout);
        self.within(async move { delete(&users, id, deadline).await }).await
    }

    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StoreError> {
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        if limit == 0 {
            return Ok(Vec::new()); // To MongoDB it means no limit.
        }
        let (users, filter) = (self.users.clone(), filter(query)?);
        self.within(async move {
            let cursor = users.find(filter).sort(doc! { "_id": 1 }).limit(limit).await.map_err(unavailable)?;
            let documents: Vec<Document> = cursor.try_collect().await.map_err(unavailable)?;
            documents.into_iter().map(decode).collect()
        })
        .await
    }

    async fn forget_requests(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        let before = bson::DateTime::from_millis(before.timestamp_millis());
        let (users, old) = (self.users.clone(), doc! { KEYED: { "$gt": "" }, "createdAt": { "$lt": before } });
        self.within(
            async move { users.update_many(old, doc! { "$unset": { IDEMPOTENCY: "" } }).await.map(drop).map_err(unavailable) },
        )
        .await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let database = self.client.database("admin");
        self.within(async move { database.run_command(doc! { "ping": 1 }).await.map(drop).map_err(unavailable) }).await
    }

    fn register(&self, figures: &mut Registry) {
        let pool = &self.pool;
        figures.register("mongodb_connections", "Connections to MongoDB that are open", pool.open.clone());
        figures.register("mongodb_connections_in_use", "Connections to MongoDB that are in use", pool.in_use.clone());
        figures.register("mongodb_connections_created", "Connections to MongoDB that were made", pool.created.clone());
        figures.register("mongodb_connections_refused", "Operations that got no connection to MongoDB", pool.refused.clone());
    }

    async fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.client.clone().shutdown().immediate(true).await;
        }
    }
}

#[async_trait]
impl Inspect for MongoStore {
    async fn count(&self) -> Result<u64, StoreError> {
        let users = self.users.clone();
        self.within(async move { users.count_documents(doc! {}).await.map_err(unavailable) }).await
    }

    async fn snapshot(&self) -> Result<Vec<User>, StoreError> {
        let users = self.users.clone();
        self.within(async move {
            let cursor = users.find(doc! {}).sort(doc! { "_id": 1 }).await.map_err(unavailable)?;
            let documents: Vec<Document> = cursor.try_collect().await.map_err(unavailable)?;
            documents.into_iter().map(decode).collect()
        })
        .await
    }
}

fn by_email() -> IndexModel {
    let options = IndexOptions::builder().unique(true).name(INDEX.to_owned()).build();
    IndexModel::builder().keys(doc! { KEY: 1 }).options(options).build()
}

fn by_country() -> IndexModel {
    let options = IndexOptions::builder().name(COUNTRY_INDEX.to_owned()).build();
    IndexModel::builder().keys(doc! { "residencyCountry": 1, "_id": 1 }).options(options).build()
}

fn by_key() -> IndexModel {
    let options = IndexOptions::builder().unique(true).sparse(true).name(KEY_INDEX.to_owned()).build();
    IndexModel::builder().keys(doc! { KEYED: 1 }).options(options).build()
}

/// The index of this name on these fields, whatever else it is like.
async fn like(users: &Collection<Document>, ours: &IndexModel) -> Option<IndexModel> {
    let name = |index: &IndexModel| index.options.as_ref().and_then(|options| options.name.clone());
    let all: Vec<IndexModel> = users.list_indexes().await.ok()?.try_collect().await.ok()?;
    all.into_iter().find(|index| index.keys == ours.keys && name(index) == name(ours))
}

/// What stands against the index that the server refused to make. Found by looking, since servers differ in code and words.
async fn index_conflict(users: &Collection<Document>, ours: &IndexModel, error: &Error) -> Option<&'static str> {
    code(error)?; // Else nobody answered, and nobody would now.
    let (name, is_unique) = ours.options.as_ref().map(|options| (options.name.as_deref(), options.unique == Some(true)))?;
    let mut indexes = users.list_indexes().await.ok()?;
    while let Ok(Some(index)) = indexes.try_next().await {
        let options = index.options.unwrap_or_default();
        let is_named_so = options.name.as_deref() == name;
        let is_on_them = index.keys == ours.keys;
        let is_ours = is_named_so && is_on_them && (options.unique == Some(true)) == is_unique;
        if (is_named_so || is_on_them) && !is_ours {
            return Some("the collection has another index of that name or on that field");
        }
    }
    if !is_unique {
        return None;
    }
    let twice =
        [doc! { "$group": { "_id": format!("${KEY}"), "users": { "$sum": 1 } } }, doc! { "$match": { "users": { "$gt": 1 } } }];
    let found = users.aggregate(twice).await.ok()?.try_next().await.ok()?;
    found.map(|_| "two stored users have the same email")
}

/// Inserts until the outcome is known or the time is over.
async fn insert(
    users: Collection<Document>,
    mut user: User,
    keys_are_unique: bool,
    deadline: Instant,
) -> Result<User, StoreError> {
    let mut tries = 0;
    loop {
        if !keys_are_unique && let Some(first) = with_key_of(&users, &user).await? {
            return Err(StoreError::KeyUsed(Box::new(first)));
        }
        let document = encode(&user)?;
        let (id, key) = (document.get("_id").cloned(), document.get(KEY).cloned());
        tries += 1;
        let error = match users.insert_one(document).await {
            Ok(_) => return Ok(user),
            Err(error) => error,
        };
        let again = tries < TRIES && Instant::now() < deadline;
        if code(&error) != Some(DUPLICATE_KEY) {
            if again && is_lost(&error) {
                continue;
            }
            return Err(unavailable(error));
        }
        let of_email = users.find_one(doc! { KEY: key.clone() }).projection(doc! { "_id": 1 });
        match of_email.await.map_err(unavailable)?.map(|holder| holder.get("_id").cloned()) {
            Some(holder) if holder == id => {
                // An earlier try arrived. Writing what is there already waits until a majority has it.
                let own = users.update_one(doc! { "_id": id, KEY: key.clone() }, doc! { "$set": { KEY: key } });
                if own.await.map_err(unavailable)?.matched_count == 1 {
                    return Ok(user);
                }
            }
            holder => match (with_key_of(&users, &user).await?, holder) {
                (Some(first), _) => return Err(StoreError::KeyUsed(Box::new(first))),
                (None, Some(_)) => return Err(StoreError::EmailTaken),
                (None, None) => user.id = ObjectId::new().to_hex(), // Both are free, so it was the id that clashed.
            },
        }
        if !again {
            return Err(unavailable(error));
        }
    }
}

/// Another user that was created with the key that this one is to be created with, and that a majority has.
async fn with_key_of(users: &Collection<Document>, user: &User) -> Result<Option<User>, StoreError> {
    let Some(Idempotency { key, .. }) = &user.idempotency else { return Ok(None) };
    let Some(found) = users.find_one(doc! { KEYED: key }).await.map_err(unavailable)? else { return Ok(None) };
    let as_found = doc! { "_id": found.get("_id"), KEY: found.get(KEY), KEYED: key };
    let first = decode(found)?;
    if first.id == user.id {
        return Ok(None); // An earlier try.
    }
    if !first.recognises_retries(user.created_at) {
        users.update_one(as_found, doc! { "$unset": { IDEMPOTENCY: "" } }).await.map_err(unavailable)?;
        return Ok(None);
    }
    // Writing what is there already waits until a majority has it.
    let own = users.update_one(as_found, doc! { "$set": { KEYED: key } }).await.map_err(unavailable)?;
    Ok((own.matched_count == 1).then_some(first))
}

/// Replaces until the outcome is known or the time is over.
async fn replace(users: &Collection<Document>, current: &User, next: User, deadline: Instant) -> Result<User, StoreError> {
    let document = encode(&next)?;
    let (id, key) = (document.get("_id").cloned(), document.get(KEY).cloned());
    let revision = current.revision.as_ref().map_or_else(|| doc! { "$exists": false }.into(), |own| Bson::from(own.clone()));
    // The email is of no consequence here, but that a sharded collection is sharded by it.
    let as_read = doc! { "_id": id.clone(), KEY: normalise_email(&current.email), REVISION: revision };
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match users.replace_one(as_read.clone(), document.clone()).await {
            Ok(done) if done.matched_count == 1 => return Ok(next),
            Ok(_) if is_made(users, &document).await? => return Ok(next),
            Ok(_) if tries == 1 => return Err(StoreError::Changed),
            Ok(_) => return Err(StoreError::Unavailable("MongoDB: a change was lost, or changed again".to_owned())),
            Err(error) => error,
        };
        let again = tries < TRIES && Instant::now() < deadline;
        if code(&error).is_some() {
            let of_email = users.find_one(doc! { KEY: key.clone() }).projection(doc! { "_id": 1 });
            let holder = of_email.await.map_err(unavailable)?.and_then(|holder| holder.get("_id").cloned());
            if holder.is_some() && holder != id {
                return Err(StoreError::EmailTaken);
            }
        }
        let is_freed = code(&error) == Some(DUPLICATE_KEY); // Since then.
        if !again || !(is_freed || is_lost(&error)) {
            return Err(unavailable(error));
        }
    }
}

/// Whether this document is the one stored, because an earlier try arrived.
async fn is_made(users: &Collection<Document>, document: &Document) -> Result<bool, StoreError> {
    let own = doc! { "_id": document.get("_id"), KEY: document.get(KEY), REVISION: document.get(REVISION) };
    // Writing what is there already waits until a majority has it.
    let again = doc! { "$set": { REVISION: document.get(REVISION) } };
    Ok(users.update_one(own, again).await.map_err(unavailable)?.matched_count == 1)
}

/// Deletes until the outcome is known or the time is over.
async fn delete(users: &Collection<Document>, id: ObjectId, deadline: Instant) -> Result<bool, StoreError> {
    let found = users.find_one(doc! { "_id": id }).projection(doc! { "_id": 1 }).await.map_err(unavailable)?;
    if found.is_none() {
        return Ok(false);
    }
    let mut tries = 0;
    loop {
        tries += 1;
        match users.delete_one(doc! { "_id": id }).await {
            Ok(done) => return Ok(done.deleted_count == 1 || tries > 1),
            Err(error) if tries < TRIES && Instant::now() < deadline && is_lost(&error) => {}
            Err(error) => return Err(unavailable(error)),
        }
    }
}

/// The filter for a query.
fn filter(query: UserQuery) -> Result<Document, StoreError> {
    let mut filter = Document::new();
    if let Some(email) = query.email {
        filter.insert(KEY, normalise_email(&email));
    }
    if !query.residency_countries.is_empty() {
        filter.insert("residencyCountry", doc! { "$in": Vec::from_iter(query.residency_countries) });
    }
    if let Some(after) = query.after {
        let after =
            ObjectId::parse_str(after).map_err(|_| StoreError::Unavailable("a list begins after what is no id".to_owned()))?;
        filter.insert("_id", doc! { "$gt": after });
    }
    Ok(filter)
}

/// Whether the answer was lost, so that nobody knows whether the write arrived.
fn is_lost(error: &Error) -> bool {
    matches!(*error.kind, ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. })
        || error.contains_label(mongodb::error::RETRYABLE_WRITE_ERROR)
}

/// The server's code for what went wrong.
fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        ErrorKind::Write(WriteFailure::WriteError(write)) => Some(write.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => Some(concern.code),
        _ => None,
    }
}

/// Why a connection string cannot be used. The driver's error may quote it.
fn unusable(error: Error) -> StoreError {
    match &*error.kind {
        ErrorKind::DnsResolve { .. } | ErrorKind::InvalidTlsConfig { .. } => unavailable(error),
        _ => StoreError::MongoUri,
    }
}

/// What goes to the log. A server's own text is left out: it may quote what was written.
fn unavailable(error: Error) -> StoreError {
    let cause = match (&*error.kind, code(&error)) {
        (_, Some(code)) => format!("the server answered with code {code}"),
        (ErrorKind::Io(io), _) => format!("the connection failed: {}", io.kind()),
        (ErrorKind::ConnectionPoolCleared { .. }, _) => "the connection failed for another request".to_owned(),
        (ErrorKind::ServerSelection { message, .. }, _) => message.clone(),
        (ErrorKind::Authentication { .. }, _) => "the server refuses the credentials of the URI".to_owned(),
        (ErrorKind::DnsResolve { .. }, _) => "the host of the URI is not known".to_owned(),
        (ErrorKind::InvalidTlsConfig { .. }, _) => "the TLS files of the URI cannot be used".to_owned(),
        (kind, _) => {
            let kind = format!("{kind:?}"); // Its name alone.
            format!("{} error", kind.split([' ', '(', '{']).next().unwrap_or("another"))
        }
    };
    StoreError::Unavailable(format!("MongoDB: {cause}"))
}

/// The document of a user.
fn encode(user: &User) -> Result<Document, StoreError> {
    let wrong = |what: &str| StoreError::Unavailable(format!("a user cannot be written as BSON: {what}"));
    let mut fields = bson::serialize_to_document(user).map_err(|_| wrong("its fields"))?;
    fields.remove("id");
    for_each_times(&mut fields, &|time| match time {
        Bson::String(text) => {
            let time: DateTime<Utc> = text.parse().map_err(|_| wrong("a time"))?;
            Ok(Bson::DateTime(bson::DateTime::from_millis(time.timestamp_millis())))
        }
        _ => Err(wrong("a time")),
    })?;
    let id = ObjectId::parse_str(&user.id).map_err(|_| wrong("its id"))?;
    let mut document = doc! { "_id": id, KEY: normalise_email(&user.email) };
    document.extend(fields);
    Ok(document)
}

/// The user of a document.
fn decode(mut document: Document) -> Result<User, StoreError> {
    let wrong = |what: &str| StoreError::Unavailable(format!("a stored user is unreadable: {what}"));
    let id = document.get_object_id("_id").map_err(|_| wrong("its _id"))?.to_hex();
    document.insert("id", id);
    for_each_times(&mut document, &|time| match time {
        Bson::DateTime(time) => {
            let time = DateTime::from_timestamp_millis(time.timestamp_millis()).ok_or_else(|| wrong("a time"))?;
            Ok(Bson::String(time.to_rfc3339_opts(SecondsFormat::Millis, true)))
        }
        _ => Err(wrong("a time")),
    })?;
    bson::deserialize_from_document(document).map_err(|_| wrong("its fields"))
}

/// Replaces the times of a user and of its portfolios.
fn for_each_times(user: &mut Document, replace: &dyn Fn(&Bson) -> Result<Bson, StoreError>) -> Result<(), StoreError> {
    for time in TIMES {
        if let Some(time) = user.get_mut(time) {
            *time = replace(time)?;
        }
    }
    if let Ok(portfolios) = user.get_array_mut("portfolios") {
        for portfolio in portfolios.iter_mut().filter_map(Bson::as_document_mut) {
            for_each_times(portfolio, replace)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use mongo_server::Database;

    /// How a server refuses with this code: the command, the write, or the write concern.
    fn refusals(code: i32) -> [Error; 3] {
        let refusal = doc! { "code": code };
        [
            ErrorKind::Command(bson::deserialize_from_document(refusal.clone()).unwrap()),
            ErrorKind::Write(WriteFailure::WriteError(bson::deserialize_from_document(refusal.clone()).unwrap())),
            ErrorKind::Write(WriteFailure::WriteConcernError(bson::deserialize_from_document(refusal).unwrap())),
        ]
        .map(Error::from)
    }

    #[test]
    fn a_refusal_has_the_servers_code_and_is_no_lost_answer() {
        for refusal in refusals(13) {
            assert_eq!((code(&refusal), is_lost(&refusal)), (Some(13), false), "{refusal}");
        }
    }

    #[test]
    fn a_broken_connection_has_no_code_and_its_answer_is_lost() {
        let broken = Error::from(io::Error::from(io::ErrorKind::ConnectionReset));
        assert_eq!((code(&broken), is_lost(&broken)), (None, true));
    }

    #[tokio::test]
    async fn a_file_that_the_uri_names_in_vain_is_not_a_fault_of_the_uri() {
        let settings = MongoSettings { timeout: Duration::from_secs(10), pool_size: std::num::NonZeroU32::MIN };
        let refused = async |options: &str| {
            let uri = MongoUri::new(&format!("mongodb://127.0.0.1:1/?{options}")).unwrap();
            MongoStore::connect(&uri, &settings).await.err().unwrap()
        };
        let missing = refused("tls=true&tlsCAFile=/dev/null/none").await;
        assert!(matches!(&missing, StoreError::Unavailable(why) if why.contains("TLS files")), "{missing:?}");
        assert!(matches!(refused("authMechanism=nonsense").await, StoreError::MongoUri));
    }

    #[test]
    fn the_times_of_a_user_and_of_its_portfolios_are_dates() {
        let mut document =
            doc! { "email": "a@example.com", "createdAt": 1, "updatedAt": 2, "portfolios": [{ "createdAt": 3 }, { "id": 4 }] };
        for_each_times(&mut document, &|time| Ok(Bson::String(format!("time {time}")))).unwrap();
        let expected = doc! {
            "email": "a@example.com", "createdAt": "time 1", "updatedAt": "time 2",
            "portfolios": [{ "createdAt": "time 3" }, { "id": 4 }]
        };
        assert_eq!(document, expected);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_index_of_our_name_that_is_not_ours_is_an_index_conflict() {
        let Some(database) = Database::fresh() else { return };
        let client = Client::with_uri_str(database.uri()).await.unwrap();
        let users = client.default_database().unwrap().collection::<Document>(USERS);
        let make = async |field: &str, unique: bool| {
            let options = IndexOptions::builder().name(INDEX.to_owned()).unique(unique).build();
            users.create_index(IndexModel::builder().keys(doc! { field: 1 }).options(options).build()).await.unwrap();
        };
        let [refusal, ..] = refusals(86);
        make(KEY, true).await;
        assert_eq!(index_conflict(&users, &by_email(), &refusal).await, None);
        for (field, unique) in [(KEY, false), ("lastName", true)] {
            users.drop_index(INDEX).await.unwrap();
            make(field, unique).await;
            assert!(
                index_conflict(&users, &by_email(), &refusal).await.is_some_and(|why| why.contains("another index")),
                "{field} {unique}"
            );
        }
    }
}
