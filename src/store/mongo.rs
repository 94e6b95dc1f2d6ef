//! Users in MongoDB, for when one machine is outgrown: any number of servers share one database.
//!
//! One document for each user, in the collection `users`: `_id` is the user's id, the fields are named as in the API, times are
//! BSON dates, and [`KEY`] holds the normalised email, whose unique index alone decides who has an email. One insertion is one
//! write: no transaction, no reading beforehand.
//!
//! # When the outcome is not known
//!
//! A connection can break after the insertion was sent. The id is made here, so sending the *same* document again is harmless:
//! if the first one arrived, the second clashes with it, and the store finds its own id at the email. What is said to be stored
//! was acknowledged by a majority of the replica set and is in its journals. Where the time runs out first the answer is
//! [`StoreError::Unavailable`]; the user may exist then, and never twice.

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
    options::{Acknowledgment, ClientOptions, IndexOptions, ReadPreference, SelectionCriteria, WriteConcern},
};
use tokio::sync::Semaphore;

use super::{MongoSettings, MongoUri, StoreError, UserStore, normalise_email};
use crate::user::User;

/// The database, where the URI names none; and the collection.
const USERS: &str = "users";
/// The field of the normalised email.
const KEY: &str = "normalisedEmail";
/// The unique index on it, which is also the shard key of a sharded collection.
pub const INDEX: &str = "normalisedEmail_unique";
/// The times of a user and of each portfolio.
const TIMES: [&str; 2] = ["createdAt", "updatedAt"];

/// How often an insertion is sent whose answer got lost.
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
    closed: AtomicBool,
}

impl MongoStore {
    /// Connects, and ensures the index. Any number of processes may do so at a time.
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
        let client = Client::with_options(options).map_err(unusable)?;
        let users = client.default_database().unwrap_or_else(|| client.database(USERS)).collection(USERS);
        let permits = Arc::new(Semaphore::new(settings.pool_size.get() as usize));
        let store = Self { client, users, timeout, permits, closed: AtomicBool::new(false) };
        store.ensure_index().await?;
        Ok(store)
    }

    async fn ensure_index(&self) -> Result<(), StoreError> {
        let users = self.users.clone();
        self.within(async move {
            let options = IndexOptions::builder().unique(true).name(INDEX.to_owned()).build();
            let index = IndexModel::builder().keys(doc! { KEY: 1 }).options(options).build();
            let Err(error) = users.create_index(index).await else { return Ok(()) };
            match index_conflict(&users, &error).await {
                Some(why) => Err(StoreError::Index { index: INDEX, why }),
                None => Err(unavailable(error)),
            }
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
        self.within(insert(users, user, deadline)).await
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

    async fn ping(&self) -> Result<(), StoreError> {
        let database = self.client.database("admin");
        self.within(async move { database.run_command(doc! { "ping": 1 }).await.map(drop).map_err(unavailable) }).await
    }

    async fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.client.clone().shutdown().immediate(true).await;
        }
    }
}

/// What stands against the index that the server refused to make. Found by looking, since servers differ in code and words.
async fn index_conflict(users: &Collection<Document>, error: &Error) -> Option<&'static str> {
    code(error)?; // Else nobody answered, and nobody would now.
    let mut indexes = users.list_indexes().await.ok()?;
    while let Ok(Some(index)) = indexes.try_next().await {
        let options = index.options.unwrap_or_default();
        let is_named_so = options.name.as_deref() == Some(INDEX);
        let is_on_email = index.keys == doc! { KEY: 1 };
        let is_ours = is_named_so && is_on_email && options.unique == Some(true);
        if (is_named_so || is_on_email) && !is_ours {
            return Some("the collection has another index of that name or on that field");
        }
    }
    let twice =
        [doc! { "$group": { "_id": format!("${KEY}"), "users": { "$sum": 1 } } }, doc! { "$match": { "users": { "$gt": 1 } } }];
    let found = users.aggregate(twice).await.ok()?.try_next().await.ok()?;
    found.map(|_| "two stored users have the same email")
}

/// Inserts until the outcome is known or the time is over.
async fn insert(users: Collection<Document>, mut user: User, deadline: Instant) -> Result<User, StoreError> {
    let mut tries = 0;
    loop {
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
            Some(_) => return Err(StoreError::EmailTaken),
            None => user.id = ObjectId::new().to_hex(), // The email is free, so it was the id that clashed.
        }
        if !again {
            return Err(unavailable(error));
        }
    }
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
        assert_eq!(index_conflict(&users, &refusal).await, None);
        for (field, unique) in [(KEY, false), ("lastName", true)] {
            users.drop_index(INDEX).await.unwrap();
            make(field, unique).await;
            assert!(index_conflict(&users, &refusal).await.is_some_and(|why| why.contains("another index")), "{field} {unique}");
        }
    }
}
