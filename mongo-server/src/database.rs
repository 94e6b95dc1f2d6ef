//! A database of its own for each test.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use mongodb::Client;

use crate::{MongoServer, apart, replica_set};

/// An empty database on the shared server; it is dropped with this.
pub struct Database {
    server: Arc<MongoServer>,
    name: String,
}

impl Database {
    /// A new database; none where this machine has no server ([`MongoServer::shared`]).
    pub fn fresh() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = MongoServer::shared()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
        let name = format!("test_{now:x}_{:x}_{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        Some(Self { server, name })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's URI with this database.
    pub fn uri(&self) -> String {
        with_database(self.server.uri(), &self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped = async {
            let client = Client::with_uri_str(self.server.uri()).await?;
            client.database(&self.name).drop().await
        };
        // Where it cannot be dropped the server is gone, and the database with it.
        let _ = apart(|| replica_set::run(dropped));
    }
}

/// The URI with this database in place of its own, which is still the one that knows the user.
fn with_database(uri: &str, name: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("mongodb", uri));
    let (before, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, own) = before.split_once('/').unwrap_or((before, ""));
    let mut options: Vec<String> = options.split('&').filter(|option| !option.is_empty()).map(str::to_owned).collect();
    if hosts.contains('@') && !options.iter().any(|option| option.to_lowercase().starts_with("authsource=")) {
        options.push(format!("authSource={}", if own.is_empty() { "admin" } else { own }));
    }
    let options = if options.is_empty() { String::new() } else { format!("?{}", options.join("&")) };
    format!("{scheme}://{hosts}/{name}{options}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_takes_its_place_in_any_uri() {
        for (uri, expected) in [
            ("mongodb://h:1", "mongodb://h:1/x"),
            ("mongodb://h:1/", "mongodb://h:1/x"),
            ("mongodb://u:p@h:1,i:2/old?replicaSet=rs0&w=1", "mongodb://u:p@h:1,i:2/x?replicaSet=rs0&w=1&authSource=old"),
            ("mongodb://u:p@h", "mongodb://u:p@h/x?authSource=admin"),
            ("mongodb://u:p@h/old?authSource=$external", "mongodb://u:p@h/x?authSource=$external"),
            ("mongodb+srv://h/?tls=true", "mongodb+srv://h/x?tls=true"),
            ("mongodb://h?tls=true", "mongodb://h/x?tls=true"),
        ] {
            assert_eq!(with_database(uri, "x"), expected, "{uri}");
        }
    }
}
