//! The rules: each has a page that says the same, and a server that breaks it: here, or among the faults of `bites.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{collections::BTreeSet, fs, path::Path};

use contract_tests::{Document, Suite, rules::RULES};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules");
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    for rule in RULES {
        let page = fs::read_to_string(folder.join(format!("{}.md", rule.name))).unwrap();
        let rows = [format!("| level | {} |", rule.level.name()), format!("| source | {} |", rule.source)];
        for part in rows.iter().map(String::as_str).chain([rule.name, rule.summary, "Example: "]) {
            assert!(page.contains(part), "{}: {part}", rule.name);
        }
        let row = format!("| [{0}]({0}.md) | {1} | {2} |", rule.name, rule.level.name(), rule.summary);
        assert!(index.contains(&row), "{row}");
    }
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    assert_eq!(fs::read_dir(folder).unwrap().count(), RULES.len() + 1);
}

/// A request as the servers below see it.
struct Seen<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
}

impl Seen<'_> {
    /// Whether `limit`, an integer from 1, is as documented.
    fn is_valid(&self) -> bool {
        let limit = self.query.split('&').find_map(|pair| pair.strip_prefix("limit="));
        limit.is_none_or(|limit| limit.parse::<i128>().is_ok_and(|limit| limit >= 1))
    }
}

const LIST: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]";
const EMPTY: &str = "content-length: 0\r\nconnection: close\r\n\r\n";

/// What a server answers; nothing where it hangs up.
type Answer = fn(&Seen<'_>) -> Option<String>;

fn status(line: &str) -> String {
    format!("HTTP/1.1 {line}\r\n{EMPTY}")
}

/// A server of `/things` that keeps to the document.
fn right(seen: &Seen<'_>) -> Option<String> {
    Some(match (seen.path, seen.method) {
        ("/things", "GET") if seen.is_valid() => LIST.to_owned(),
        ("/things", "HEAD") if seen.is_valid() => LIST.trim_end_matches("[]").to_owned(),
        ("/things", "GET" | "HEAD") => status("400 Bad Request"),
        ("/things", "POST") => format!(
            "HTTP/1.1 201 Created\r\nlocation: /things/1\r\ncontent-type: application/json\r\ncontent-length: 8\r\nconnection: close\r\n\r\n{}",
            r#"{"id":1}"#
        ),
        ("/things/1", "GET") => format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\nconnection: close\r\n\r\n{}",
            r#"{"id":1}"#
        ),
        ("/things" | "/things/1", _) => format!("HTTP/1.1 405 Method Not Allowed\r\nallow: GET, HEAD, POST\r\n{EMPTY}"),
        _ => status("404 Not Found"),
    })
}

/// Rules that the faults of the faulty server do not break, each with a server that does.
const BROKEN: [(&str, Answer); 6] = [
    ("no-answer", |seen| seen.is_valid().then(|| right(seen)).flatten()),
    ("undocumented-http-status", |seen| if seen.is_valid() { right(seen) } else { Some(status("406 Not Acceptable")) }),
    ("undocumented-body", |seen| {
        let answer = right(seen)?;
        let with_body =
            answer.replace("content-length: 0\r\nconnection: close\r\n\r\n", "content-length: 2\r\nconnection: close\r\n\r\nno");
        Some(if answer.starts_with("HTTP/1.1 400") { with_body } else { answer })
    }),
    ("undocumented-path", |seen| if seen.path.contains("undocumented") { Some(LIST.to_owned()) } else { right(seen) }),
    (
        "undocumented-query",
        |seen| {
            if seen.query.contains("undocumented") { Some(status("400 Bad Request")) } else { right(seen) }
        },
    ),
    ("location", |seen| if seen.path == "/things/1" { Some(status("404 Not Found")) } else { right(seen) }),
];

const DOCUMENT: &str = "
openapi: 3.1.0
info: {title: Things, version: '1'}
paths:
  /things:
    get:
      operationId: listThings
      parameters: [{name: limit, in: query, schema: {type: integer, minimum: 1}}]
      responses:
        '200': {description: All., content: {application/json: {schema: {type: array}}}}
        '400': {description: Not so.}
        '404': {description: Not here.}
        '405': {description: Not so.}
    post:
      operationId: createThing
      responses:
        '201': {description: Made., content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
        '404': {description: Not here.}
        '405': {description: Not so.}
  /things/{id}:
    get:
      operationId: getThing
      parameters: [{name: id, in: path, required: true, schema: {type: integer}, example: 1}]
      responses:
        '200': {description: It., content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
        '404': {description: Not here.}
        '405': {description: Not so.}
components:
  schemas:
    Thing: {type: object, required: [id], properties: {id: {type: integer}}}
";

/// The names of the rules that a server breaks.
async fn broken(answer: Answer) -> BTreeSet<&'static str> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut bytes = [0; 4096];
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut bytes).await {
                        Ok(read @ 1..) => head.extend_from_slice(&bytes[..read]),
                        _ => return,
                    }
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let mut words = head.split(' ');
                let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                let (path, query) = target.split_once('?').unwrap_or((target, ""));
                if let Some(text) = answer(&Seen { method, path, query }) {
                    let _ = stream.write_all(text.as_bytes()).await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    let suite = Suite::new(Document::parse("things.yaml", DOCUMENT.to_owned()).unwrap()).cases(20);
    let report = suite.run(&url).await.unwrap();
    serving.abort();
    report.failures.iter().map(|failure| failure.rule).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_breaks_a_rule_is_found_out() {
    let of_right = broken(right).await;
    for (rule, answer) in BROKEN {
        assert!(!of_right.contains(rule), "{rule}: {of_right:?}");
        let of_wrong = broken(answer).await;
        assert!(of_wrong.contains(rule), "{rule}: {of_wrong:?}");
    }
}
