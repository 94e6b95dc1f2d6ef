//! The engine finds every named fault of a faulty server, each with a failure that names the cause, and accuses a faultless
//! server of nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod faults;
mod users;

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, Mutex},
};

use contract_tests::{Document, Failure, Signer, Store, StoreFuture, Suite, rules::RULES};
use faulty_server::{Fault, Faulty};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use self::faults::faults;

/// The document with one operation, `POST /users`, which every fault is about.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document: Value = serde_saphyr::from_str(include_str!("../../openapi.yaml")).unwrap();
    let create = document["paths"]["/users"]["post"].take();
    document["paths"] = serde_json::json!({ "/users": { "post": create } });
    document
});

/// Faults that no test by the document can find, and why.
const BEYOND: [(&str, &str); 4] = [
    ("industry is required of the retired", "employmentStatus is an open string: nobody can guess which value is treated apart"),
    ("422 instead of 400", "422 is documented too, for a key with another body: only its description says which refusal has it"),
    ("OPTIONS is answered", "RFC 9110, section 9.3.7, lets a server answer OPTIONS"),
    ("the key's name is not looked at", "RFC 7515, section 4.1.4, calls it a hint: a server may try its other keys"),
];

/// Where a fault shows that is not where it was made: at the schema that a property refers to, at the rule that speaks of it.
const REFERRED: [(&str, &str); 2] = [
    ("/components/schemas/CreateUser/properties/taxResidency", "/components/schemas/TaxResidency"),
    ("/components/schemas/EmploymentInfo/required", "/components/schemas/EmploymentInfo/then/required"),
];

/// Rules that no server of this document can break; `rules.rs`, `lifecycle.rs`, `callers.rs` and `sequences.rs` have a server for each.
const ELSEWHERE: [&str; 22] = [
    "change-not-shown",
    "created-not-found",
    "deleted-found",
    "deleted-listed",
    "etag",
    "filter",
    "foreign-change",
    "foreign-read",
    "found-differs",
    "location",
    "no-answer",
    "not-listed",
    "other-changed",
    "other-scope",
    "paging",
    "precondition",
    "put-twice",
    "undocumented-body",
    "undocumented-http-status",
    "undocumented-path",
    "undocumented-query",
    "empty-parameter",
];

struct Stored(Arc<faulty_server::Store>);

impl Store for Stored {
    fn snapshot(&self) -> StoreFuture<'_> {
        Box::pin(std::future::ready(self.0.snapshot()))
    }
}

fn suite(signer: &Signer, seed: u64, cases: usize) -> Suite {
    let suite = Suite::new(Document::parse("openapi.json", DOCUMENT.to_string()).unwrap()).signer(signer.clone());
    suite.judge(users::judge).seed(seed).cases(cases).all_methods(true).assert_formats(true)
}

fn signer() -> Signer {
    let (pem, kid, issuer, audience) = Faulty::signing_key();
    Signer::new(&pem, &kid, &issuer, &audience).unwrap()
}

/// The words of which one must be in a failure that names this rule.
fn words(rule: &str) -> &'static [&'static str] {
    match rule {
        "duplicate-property" => &["a property twice"],
        "trailing-bytes" => &["something after the value", "two values"],
        "byte-order-mark" => &["a byte order mark"],
        "invalid-utf8" => &["UTF-8"],
        "truncated-body" => &["is cut short", "ends in the middle"],
        "invalid-json" => {
            &["comma", "comment", "control character", "surrogate", "NaN", "does not have", "another notation", "not JSON"]
        }
        "empty-body" => &["empty body", "no body"],
        "deep-nesting" => &["nested"],
        "content-type" => &["media type"],
        "charset" => &["charset"],
        "content-encoding" => &["content coding"],
        "method" => &["the method"],
        "allow" => &["Allow"],
        "head" => &["HEAD"],
        "options" => &["OPTIONS"],
        "body-limit" => &["oversized", "rejected with 413"],
        "chunked-body" => &["chunked"],
        "no-token" => &["no token"],
        // A server that fails on every bad token is one entry, which shows one of them.
        "garbage-token" => &["garbage", "the server fails (500) on a token"],
        "expired" => &["expire", "expiry"],
        "not-yet-valid" => &["not yet valid", "nbf"],
        "issuer" => &["issuer"],
        "audience" => &["audience"],
        "algorithm" => &["alg ", "HS256"],
        "signature" => &["signature", "signed by another key", "crit"],
        "embedded-key" => &["in its own header"],
        "scope" => &["scope"],
        "scheme" => &["scheme", "Authorization headers"],
        "challenge" => &["challenge", "WWW-Authenticate"],
        "unique" => &["the same value"],
        "conflict" => &["rejected for unique", "rejected with 409"],
        "refused-changes-nothing" => &["changed what is stored", "a rejected request"],
        "stored" => &["stored", "did not create exactly one resource"],
        "id" => &["same id"],
        "no-server-error" => &["the server fails", "no answer"],
        _ => &[],
    }
}

fn names(failure: &Failure, at: &str) -> bool {
    if at.starts_with('/') {
        let below =
            |one: &str, other: &str| one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']));
        // A condition is enforced by what it leads to.
        let consequence = at.split_once("/if").map(|(schema, _)| format!("{schema}/then"));
        return below(&failure.promise, at)
            || below(at, &failure.promise)
            || consequence.is_some_and(|then| below(&failure.promise, &then))
            || REFERRED.iter().any(|(from, to)| at == *from && below(&failure.promise, to));
    }
    words(at).iter().any(|word| failure.what.contains(word))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faultless_server_is_accused_of_nothing_whatever_the_seed() {
    let signer = signer();
    for seed in 1..=100 {
        let server = Faulty::start(&DOCUMENT, None).await.unwrap();
        let mut suite = suite(&signer, seed, 100);
        if seed == 1 {
            suite = suite.store(Stored(server.store()));
        }
        let report = suite.run(&server.url).await.unwrap();
        assert!(report.is_clean(), "seed {seed}: {:#?}", report.failures);
        assert_eq!(report.coverage(), (79, 79), "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_found_and_named() {
    let signer = signer();
    let only = std::env::var("FAULT").ok();
    let tried: Vec<Fault> =
        faults().into_iter().filter(|fault| only.as_ref().is_none_or(|only| fault.name.contains(only.as_str()))).collect();
    let count = tried.len();
    let broken: Mutex<BTreeSet<&str>> = Mutex::default();
    // Planned once: only a suite that looks into the store is made for its server. A run ends with the failure that names its fault.
    let shared = suite(&signer, 1, 300);
    let missed: Vec<String> = stream::iter(tried)
        .map(|fault| {
            let (signer, shared, broken) = (&signer, &shared, &broken);
            async move {
                let (name, at) = (fault.name, fault.at);
                let server = Faulty::start(&DOCUMENT, Some(fault)).await.unwrap();
                let is_last = |failure: &Failure| names(failure, at);
                let report = if matches!(at, "stored" | "refused-changes-nothing") {
                    suite(signer, 1, 300).store(Stored(server.store())).run_until(&server.url, is_last).await.unwrap()
                } else {
                    shared.run_until(&server.url, is_last).await.unwrap()
                };
                broken.lock().unwrap().extend(report.failures.iter().map(|failure| failure.rule));
                let named = report.failures.iter().flat_map(Failure::each).any(|failure| names(failure, at));
                let beyond = BEYOND.iter().any(|(beyond, _)| *beyond == name);
                let shown: Vec<String> =
                    report.failures.iter().map(|f| format!("\n    {} | {}", f.promise, f.what)).take(5).collect();
                (named == beyond).then(|| format!("{name} ({at}), {} failures{}", report.failures.len(), shown.concat()))
            }
        })
        .buffered(4)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(
        missed.is_empty(),
        "{} of {count} faults are not found, or found against the odds:\n{}",
        missed.len(),
        missed.join("\n")
    );
    let broken = broken.into_inner().unwrap();
    let without: Vec<&str> =
        RULES.iter().map(|rule| rule.name).filter(|name| !broken.contains(name) && !ELSEWHERE.contains(name)).collect();
    assert!(only.is_some() || without.is_empty(), "no fault breaks {without:?}");
}
