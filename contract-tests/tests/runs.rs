//! How a run goes: what counts against a baseline, what is not sent to live data, and how it ends early.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod serving;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use contract_tests::{Document, Report, Stopped, Suite, rules::Level};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

use self::serving::{Asked, Told, serve, serve_again, told};

const PETS: &str = r"openapi: 3.1.0
info: { title: Pets, version: 1.0.0 }
paths:
  /pets:
    post:
      operationId: addPet
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties:
                name: { type: string, minLength: 3, maxLength: 40 }
      responses:
        '201': { description: Added. }
        '400': { description: Not valid. }
        '409': { description: Taken. }
        '415': { description: Not JSON. }
  /pets/{id}:
    get:
      operationId: readPet
      parameters:
        - { name: id, in: path, required: true, schema: { type: integer, minimum: 1 } }
      responses:
        '200': { description: A pet. }
        '400': { description: Not valid. }
        '404': { description: No such pet. }
";

/// The name of a pet, where the request is one that adds a pet and keeps the rules.
fn name(asked: &Asked) -> Result<String, u16> {
    let media_type: String = asked.media_type.to_lowercase().split_whitespace().collect();
    if !["application/json", "application/json;charset=utf-8", "application/json;charset=\"utf-8\""]
        .contains(&media_type.as_str())
    {
        return Err(415);
    }
    let pet: Value = serde_json::from_slice(&asked.body).map_err(|_| 400u16)?;
    let name = pet.get("name").and_then(Value::as_str).ok_or(400u16)?;
    if (3..=40).contains(&name.chars().count()) { Ok(name.to_owned()) } else { Err(400) }
}

fn pets(asked: &Asked, add: impl Fn(&str) -> Told, read: impl Fn(i64) -> Told) -> Told {
    let path = asked.target.split('?').next().unwrap();
    match (asked.method.as_str(), path, path.strip_prefix("/pets/")) {
        ("POST", "/pets", _) => match name(asked) {
            Ok(name) => add(&name),
            Err(status) => told(status, ""),
        },
        ("GET", _, Some(id)) => match id.parse::<i64>() {
            Ok(id) if id > 0 => read(id),
            _ => told(400, ""),
        },
        (_, "/pets", _) => Some((405, "allow: POST\r\n".to_owned(), String::new())),
        _ => Some((405, "allow: GET\r\n".to_owned(), String::new())),
    }
}

fn suite() -> Suite {
    Suite::new(Document::parse("pets.yaml", PETS).unwrap()).lenient(true).cases(50)
}

async fn tested(answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Report {
    let served = serve(answer).await;
    suite().run(&served.url).await.unwrap()
}

/// The broken promises: rule and operation.
fn found(report: &Report) -> Vec<(&str, &str)> {
    let errors = report.failures.iter().filter(|failure| failure.level == Level::Error);
    errors.map(|failure| (failure.rule, failure.operation.as_str())).collect()
}

#[tokio::test]
async fn ids_that_do_not_exist_are_nobodys_fault_and_are_reported() {
    let report = tested(|asked| pets(asked, |_| told(201, ""), |_| told(404, r#"{"message": "no such pet"}"#))).await;
    assert_eq!(found(&report), [], "{report}");
    let untested: Vec<_> = report.untested().map(|(operation, why)| (operation.id.as_str(), why)).collect();
    assert_eq!(untested, [("readPet", "the server answers 404: \"no such pet\"")]);
    assert!(
        report.to_string().contains("success; without one:\n  - GET /pets/{id}: only what must be refused was tried"),
        "{report}"
    );
}

#[tokio::test]
async fn what_is_invalid_must_be_refused_even_where_nothing_valid_is_accepted() {
    let report = tested(|asked| {
        pets(asked, |_| told(201, ""), |_| told(404, ""))
            .map(|(status, headers, text)| if asked.target == "/pets/0" { (200, headers, text) } else { (status, headers, text) })
    })
    .await;
    assert_eq!(found(&report), [("invalid-accepted", "readPet")], "{report}");
}

/// Tags that one operation renames and another deletes; nobody creates them.
const TAGS: &str = r"openapi: 3.1.0
info: { title: Tags, version: 1.0.0 }
paths:
  /tags/{tag}:
    parameters: [{ name: tag, in: path, required: true, schema: { type: string } }]
    put: { operationId: renameTag, responses: { '200': { description: Renamed. }, '400': { description: Refused. } } }
    delete: { operationId: deleteTag, responses: { '200': { description: Gone. }, '400': { description: Refused. } } }
";

async fn deleting_is_refused_with(text: &'static str) -> Report {
    let served = serve(move |asked| match asked.method.as_str() {
        "PUT" => told(200, "ok"),
        "DELETE" => told(400, text),
        _ => Some((405, "allow: PUT, DELETE\r\n".to_owned(), String::new())),
    })
    .await;
    Suite::new(Document::parse("tags.yaml", TAGS).unwrap()).lenient(true).cases(5).run(&served.url).await.unwrap()
}

#[tokio::test]
async fn what_is_not_there_may_be_said_with_any_status() {
    let report = deleting_is_refused_with("tag not found").await;
    assert!(!found(&report).contains(&("valid-refused", "deleteTag")), "{report}");
    let report = deleting_is_refused_with("tags are for ever").await;
    assert!(found(&report).contains(&("valid-refused", "deleteTag")), "{report}");
}

#[tokio::test]
async fn an_operation_that_refuses_everything_is_one_finding() {
    let report = tested(|asked| pets(asked, |_| told(400, "no"), |_| told(200, ""))).await;
    assert_eq!(found(&report), [("valid-refused", "addPet")], "{report}");
}

#[tokio::test]
async fn a_name_that_must_be_new_is_learnt_from_the_conflict() {
    let taken = Arc::new(Mutex::new(HashSet::new()));
    let add = move |name: &str| if taken.lock().unwrap().insert(name.to_owned()) { told(201, "") } else { told(409, "taken") };
    let served = serve(move |asked| pets(asked, &add, |_| told(200, ""))).await;
    for _ in 0..2 {
        let report = suite().run(&served.url).await.unwrap();
        assert_eq!((found(&report), report.untested().count()), (vec![], 0), "{report}");
        let answered = &report.operations.iter().find(|operation| operation.id == "addPet").unwrap().answered;
        assert!(answered[&201] > answered.get(&409).copied().unwrap_or_default(), "{answered:?}");
    }
}

#[tokio::test]
async fn each_request_has_an_idempotency_key_of_its_own() {
    let parameter = "parameters: [{ name: Idempotency-Key, in: header, schema: { type: string, maxLength: 40 } }]";
    let text = PETS.replace("operationId: addPet", &format!("operationId: addPet\n      {parameter}"));
    let text = text.replace("'409': { description: Taken. }", "'422': { description: Another body had this key. }");
    let bodies = Arc::new(Mutex::new(HashMap::<String, Vec<u8>>::new()));
    let (seen, reused) = (Arc::clone(&bodies), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&reused);
    let served = serve(move |asked| {
        let key = asked.idempotency_key.trim_matches('"');
        let add = |_: &str| {
            if asked.idempotency_key.chars().count() > 40 {
                return told(400, "");
            }
            let first = seen.lock().unwrap().entry(key.to_owned()).or_insert_with(|| asked.body.clone()).clone();
            if key.is_empty() || first == asked.body {
                return told(201, "");
            }
            counted.fetch_add(1, Ordering::Relaxed);
            told(422, "")
        };
        pets(asked, add, |_| told(200, ""))
    })
    .await;
    // The second run does not know what the first one has sent.
    for run in 0..2 {
        let suite = Suite::new(Document::parse("pets.yaml", text.clone()).unwrap()).lenient(true).cases(300);
        let report = suite.run(&served.url).await.unwrap();
        assert_eq!(found(&report), [], "{report}");
        assert!(run > 0 || reused.load(Ordering::Relaxed) == 0, "a key was sent twice");
    }
    let longest = bodies.lock().unwrap().keys().map(|key| key.chars().count()).max();
    assert_eq!(longest, Some(40), "the boundary is sent");
}

#[tokio::test]
async fn nothing_that_is_there_is_changed_by_a_method_that_is_not_documented() {
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let kept = Arc::clone(&seen);
    let report = tested(move |asked| {
        if matches!(asked.method.as_str(), "DELETE" | "PUT" | "PATCH") {
            kept.lock().unwrap().insert(asked.target.clone());
        }
        pets(asked, |_| told(201, ""), |_| told(200, ""))
    })
    .await;
    assert_eq!(found(&report), [], "{report}");
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty() && seen.iter().all(|target| target.contains("undocumented-")), "{seen:?}");
}

#[tokio::test]
async fn a_location_that_leads_to_nothing_is_found() {
    let at = "location: /pets/7\r\n".to_owned();
    let report = tested(move |asked| {
        pets(asked, |_| Some((201, at.clone(), String::new())), |id| told(if id == 7 { 404 } else { 200 }, ""))
    })
    .await;
    assert_eq!(found(&report), [("location", "addPet")], "{report}");
}

#[tokio::test]
async fn a_run_whose_server_is_gone_reports_what_it_found_and_the_last_request() {
    let count = AtomicUsize::new(0);
    let gone = Arc::new(Mutex::new(None::<Arc<AtomicBool>>));
    let known = Arc::clone(&gone);
    let served = serve(move |asked| {
        if count.fetch_add(1, Ordering::Relaxed) >= 20 {
            known.lock().unwrap().as_ref().unwrap().store(true, Ordering::Relaxed);
            return None;
        }
        pets(asked, |_| told(500, "oh no"), |_| told(200, ""))
    })
    .await;
    *gone.lock().unwrap() = Some(Arc::clone(&served.gone));
    let report = suite().run(&served.url).await.unwrap();
    assert!(matches!(&report.stopped, Some(Stopped::ServerGone { last }) if last.contains("/pets")), "{:?}", report.stopped);
    assert!(report.failures.iter().any(|failure| failure.rule == "server-error"), "{report}");
    assert!(report.operations.iter().any(|operation| !operation.complete), "{report}");
}

/// A server of pets that goes when it is to read one, or else to add one with a name of two letters, and comes back after this time.
async fn mortal(back: Option<Duration>, dies_of_reading: bool) -> String {
    let gone = Arc::new(Mutex::new(None::<Arc<AtomicBool>>));
    let known = Arc::clone(&gone);
    let count = AtomicUsize::new(0);
    let served = serve_again(back, move |asked| {
        let sent: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let has_two_letters = sent["name"].as_str().is_some_and(|name| name.chars().count() == 2);
        let is_deadly = if dies_of_reading { asked.target.starts_with("/pets/") } else { has_two_letters };
        if is_deadly {
            known.lock().unwrap().as_ref().unwrap().store(true, Ordering::Relaxed);
            return None;
        }
        let added = |number: usize| Some((201, format!("location: /pets/{number}\r\n"), String::new()));
        pets(asked, |_| added(1 + count.fetch_add(1, Ordering::Relaxed)), |_| told(200, ""))
    })
    .await;
    *gone.lock().unwrap() = Some(Arc::clone(&served.gone));
    served.url
}

#[tokio::test]
async fn a_request_that_ends_the_server_is_found_once() {
    let report = suite().run(&mortal(None, true).await).await.unwrap();
    assert!(matches!(report.stopped, Some(Stopped::ServerGone { .. })), "{report}");
    let [failure] = report.failures.as_slice() else { panic!("one entry: {report}") };
    assert_eq!(failure.rule, "no-answer", "{report}");
    assert!(failure.what.ends_with("and the server is gone"), "{report}");
    assert!(failure.curl.contains("/pets/"), "{report}");
}

#[tokio::test]
async fn a_run_goes_on_with_a_server_that_is_started_again_and_blames_the_request_that_ends_it() {
    let served = mortal(Some(Duration::from_millis(50)), false).await;
    let report = suite().concurrency(1).run(&served).await.unwrap();
    assert_eq!(report.stopped, None, "{report}");
    let ended: Vec<_> = report.failures.iter().filter(|failure| failure.rule == "no-answer").collect();
    assert!(matches!(ended.as_slice(), [failure] if failure.operation == "addPet"), "{report}");
    assert!(report.operations.iter().all(|operation| operation.complete), "{report}");
}

#[tokio::test]
async fn a_run_that_is_interrupted_or_out_of_time_says_what_was_not_reached() {
    let served = serve(|asked| pets(asked, |_| told(201, ""), |_| told(200, ""))).await;
    let interrupted = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&interrupted);
    let suite_until = suite().interrupt(interrupted).progress(move |progress| set.store(progress.done >= 5, Ordering::Relaxed));
    let report = suite_until.run(&served.url).await.unwrap();
    assert_eq!(report.stopped, Some(Stopped::Interrupted));
    assert!(report.cases >= 5 && report.operations.iter().all(|operation| !operation.complete), "{report}");
    let report = suite().max_time(Duration::ZERO).run(&served.url).await.unwrap();
    assert_eq!((report.stopped, report.cases), (Some(Stopped::MaxTime), 0));
}

#[tokio::test]
async fn a_run_ends_with_the_failure_that_is_to_end_it() {
    let served = serve(|asked| pets(asked, |_| told(500, "oh no"), |_| told(404, ""))).await;
    let whole = suite().run(&served.url).await.unwrap();
    let report = suite().run_until(&served.url, |failure| failure.rule == "server-error").await.unwrap();
    assert_eq!(report.stopped, Some(Stopped::FailFast));
    assert!(report.failures.iter().any(|failure| failure.rule == "server-error") && report.requests < whole.requests, "{report}");
    let report = suite().run_until(&served.url, |failure| failure.rule == "no-such-rule").await.unwrap();
    assert_eq!((report.stopped, report.failures.len()), (None, whole.failures.len()), "no other failure ends it");
}

/// A document with this many operations that only read.
fn readers(count: usize) -> String {
    let operation = |number: usize| format!("  /r{number}:\n    get: {{ responses: {{ '200': {{ description: Read. }} }} }}\n");
    let paths: String = (0..count).map(operation).collect();
    format!("openapi: 3.1.0\ninfo: {{ title: Readers, version: 1.0.0 }}\npaths:\n{paths}")
}

/// Answers what these paths are asked with 200, and nothing else at all.
async fn reluctant(is_answered: impl Fn(&str) -> bool + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let is_answered = Arc::new(is_answered);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let is_answered = Arc::clone(&is_answered);
            tokio::spawn(async move {
                let mut lines = BufReader::new(stream).lines();
                let mut asked = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if asked.is_empty() {
                        asked.clone_from(&line);
                    }
                    if line.is_empty() {
                        if !is_answered(&std::mem::take(&mut asked)) {
                            std::future::pending::<()>().await;
                        }
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                        lines.get_mut().write_all(answer).await.unwrap();
                    }
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn a_request_that_hangs_ends_with_the_time_of_the_run_and_is_no_failure() {
    let url = reluctant(|asked| asked.starts_with("OPTIONS")).await;
    let suite = Suite::new(Document::parse("readers.yaml", readers(3)).unwrap()).timeout(Duration::from_secs(300));
    let report = suite.max_time(Duration::from_millis(200)).run(&url).await.unwrap();
    assert_eq!((report.stopped.as_ref(), report.failures.len()), (Some(&Stopped::MaxTime), 0), "{report}");
    assert!(report.elapsed < Duration::from_secs(100), "{report}");
}

#[tokio::test]
async fn an_operation_that_is_cut_short_gets_the_time_that_others_leave() {
    // The first operation answers nobody before the last one was asked.
    let is_open = AtomicBool::new(false);
    let url = reluctant(move |asked| {
        is_open.fetch_or(asked.starts_with("GET /r5"), Ordering::Relaxed);
        !asked.starts_with("GET /r0") || is_open.load(Ordering::Relaxed)
    })
    .await;
    let suite = Suite::new(Document::parse("readers.yaml", readers(6)).unwrap()).timeout(Duration::from_secs(300)).cases(5);
    let report = suite.max_time(Duration::from_secs(12)).run(&url).await.unwrap();
    assert_eq!(report.stopped, None, "{report}");
    assert!(report.operations.iter().all(|operation| operation.complete && operation.succeeded()), "{report}");
}

#[tokio::test]
async fn a_request_that_is_not_answered_in_time_is_a_failure_though_others_were_tested_meanwhile() {
    let url = reluctant(|asked| !asked.starts_with("GET /r0")).await;
    let suite = Suite::new(Document::parse("readers.yaml", readers(3)).unwrap()).timeout(Duration::from_secs(2)).cases(5);
    let report = suite.max_time(Duration::from_secs(6)).run(&url).await.unwrap();
    let silent: Vec<&str> = report.failures.iter().filter(|it| it.rule == "no-answer").map(|it| it.operation.as_str()).collect();
    assert_eq!(silent, ["GET /r0"], "{report}");
    assert!(
        report.operations.iter().filter(|operation| operation.id != "GET /r0").all(|operation| operation.succeeded()),
        "{report}"
    );
}
