//! A single server becomes a replica set, which retryable writes and majority write concern ask for.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use mongodb::{
    Client,
    bson::{Document, doc},
    options::ClientOptions,
};

/// The replica set's name.
pub const NAME: &str = "rs0";

/// How long a server may take until it serves.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one question may take, after which there is a look at whether the server still runs.
const QUESTION: Duration = Duration::from_millis(500);

/// Whether the server behind this URI answers.
pub fn answers(uri: &str) -> Result<(), String> {
    run(async { ask(uri, Duration::from_secs(5), doc! { "ping": 1 }).await.map(drop).map_err(|error| error.kind.to_string()) })?
}

/// Makes a replica set of the server at `port`, which knows itself as `127.0.0.1:own_port`, and waits until it takes writes.
/// Gives up when `ended` says so.
pub fn initiate(port: u16, own_port: u16, mut ended: impl FnMut() -> bool) -> Result<String, String> {
    let uri = format!("mongodb://127.0.0.1:{port}/?directConnection=true");
    let begin = Instant::now();
    let members = vec![doc! { "_id": 0, "host": format!("127.0.0.1:{own_port}") }];
    let command = doc! { "replSetInitiate": { "_id": NAME, "members": members } };
    run(async {
        let mut initiated = false;
        let mut last = "nothing answers".to_owned();
        while !ended() && begin.elapsed() < PATIENCE {
            if !initiated {
                match ask(&uri, QUESTION, command.clone()).await {
                    Ok(_) => initiated = true,
                    Err(error) => {
                        last = error.kind.to_string();
                        if matches!(*error.kind, mongodb::error::ErrorKind::Command(_)) {
                            return Err(last);
                        }
                    }
                }
            } else if ask(&uri, QUESTION, doc! { "hello": 1 })
                .await
                .is_ok_and(|hello| hello.get_bool("isWritablePrimary").is_ok_and(|primary| primary))
            {
                return Ok(uri);
            } else {
                last = "it does not become primary".to_owned();
                tokio::time::sleep(Duration::from_millis(50)).await; // It answers at once, and the election takes its time.
            }
        }
        Err(last)
    })?
}

async fn ask(uri: &str, timeout: Duration, command: Document) -> mongodb::error::Result<Document> {
    let mut options = ClientOptions::parse(uri).await?;
    options.server_selection_timeout = Some(timeout);
    options.connect_timeout = Some(timeout);
    Client::with_options(options)?.database("admin").run_command(command).await
}

/// Runs a future on a runtime of its own.
pub fn run<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    Ok(runtime.block_on(future))
}
