//! How many cases a second the engine judges against the users API with its memory store, both on this machine:
//! `cargo bench -p contract-tests`.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot set itself up fails")]

use std::sync::Arc;

use clap::Parser;
use contract_tests::{Document, Signer, Suite};
use users_api::{auth::LocalIssuer, config::Config, server::Server, store::MemoryStore};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

#[tokio::main]
async fn main() {
    let data = tempfile::TempDir::new().unwrap();
    let flags = ["users-api", "--port", "0", "--data-dir"].map(Into::into);
    let config = Flags::parse_from(flags.into_iter().chain([data.path().as_os_str().to_owned()])).config;
    let server = Server::bind_with(&config, Arc::new(MemoryStore::default())).await.unwrap();
    let url = format!("http://{}", server.address());
    let kid = server.local_issuer().unwrap().kid().to_owned();
    tokio::spawn(server.run(std::future::pending()));
    let pem = std::fs::read_to_string(data.path().join(LocalIssuer::FILE)).unwrap();
    let signer = Signer::new(&pem, &kid, LocalIssuer::ISSUER, LocalIssuer::AUDIENCE).unwrap();
    let document = Document::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml").as_ref()).unwrap();
    let report = Suite::new(document).signer(signer).cases(20_000).run(&url).await.unwrap();
    println!("{report}");
}
