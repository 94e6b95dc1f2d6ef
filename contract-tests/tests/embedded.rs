//! How another project runs the engine in a test of its own, with a judge of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use contract_tests::{Document, Exchange, Finding, Suite};
use faulty_server::Faulty;

const DOCUMENT: &str = include_str!("documents/notes.yaml");

/// Their server; here one that keeps its promises.
async fn start_my_server() -> Faulty {
    Faulty::start(&serde_saphyr::from_str(DOCUMENT).unwrap(), None).await.unwrap()
}

#[tokio::test]
async fn my_api_keeps_its_promises() {
    let server = start_my_server().await;
    let document = Document::parse("notes.yaml", DOCUMENT).unwrap();
    let never_slow = |exchange: &Exchange<'_>| match exchange.answered.duration_since(exchange.sent) {
        Ok(taken) if taken.as_secs() >= 5 => vec![Finding::new(&exchange.operation.pointer, "it takes more than five seconds")],
        _ => Vec::new(),
    };
    let report = Suite::new(document).judge(never_slow).cases(100).run(&server.url).await.unwrap();
    assert!(report.passed(), "{report}");
}

#[tokio::test]
async fn a_judge_of_ones_own_is_heard() {
    let server = start_my_server().await;
    let strict = |exchange: &Exchange<'_>| vec![Finding::new(&exchange.operation.pointer, "I do not like it")];
    let document = Document::parse("notes.yaml", DOCUMENT).unwrap();
    let report = Suite::new(document).judge(strict).cases(0).run(&server.url).await.unwrap();
    assert!(!report.passed() && report.failures.iter().all(|failure| failure.what == "I do not like it"), "{report}");
}
