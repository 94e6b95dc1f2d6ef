//! The rules: each has a page that says the same, and a server that breaks it: here, in `answers.rs`, or among the faults of
//! `bites.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod serving;

use std::{collections::BTreeSet, fs, path::Path};

use contract_tests::{Document, Suite, rules::RULES};

use self::serving::{Asked, Told, serve, told};

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

const JSON: &str = "content-type: application/json\r\n";

/// Path and query of a request.
fn parts(asked: &Asked) -> (&str, &str) {
    asked.target.split_once('?').unwrap_or((&asked.target, ""))
}

/// Whether `limit`, an integer from 1, is as documented.
fn is_valid(asked: &Asked) -> bool {
    let limit = parts(asked).1.split('&').find_map(|pair| pair.strip_prefix("limit="));
    limit.is_none_or(|limit| limit.parse::<i128>().is_ok_and(|limit| limit >= 1))
}

fn list() -> Told {
    Some((200, JSON.to_owned(), "[]".to_owned()))
}

/// A server of `/things` that keeps to the document.
fn right(asked: &Asked) -> Told {
    let thing = r#"{"id":1}"#.to_owned();
    match (parts(asked).0, asked.method.as_str()) {
        ("/things", "GET" | "HEAD") => {
            if is_valid(asked) {
                list()
            } else {
                told(400, "")
            }
        }
        ("/things", "POST") => Some((201, format!("location: /things/1\r\n{JSON}"), thing)),
        ("/things/1", "GET") => Some((200, JSON.to_owned(), thing)),
        ("/things" | "/things/1", _) => Some((405, "allow: GET, HEAD, POST\r\n".to_owned(), String::new())),
        _ => told(404, ""),
    }
}

/// What a server answers to a request.
type Answer = fn(&Asked) -> Told;

/// Rules that the faults of the faulty server do not break, each with a server that does.
const BROKEN: [(&str, Answer); 7] = [
    ("no-answer", |asked| if is_valid(asked) { right(asked) } else { None }),
    ("undocumented-http-status", |asked| if is_valid(asked) { right(asked) } else { told(406, "") }),
    ("undocumented-body", |asked| if is_valid(asked) { right(asked) } else { told(400, "no") }),
    ("undocumented-path", |asked| if parts(asked).0.contains("undocumented") { list() } else { right(asked) }),
    ("undocumented-query", |asked| if parts(asked).1.contains("undocumented") { told(400, "") } else { right(asked) }),
    ("allow", |asked| match asked.method.as_str() {
        "OPTIONS" => Some((204, "allow: OPTIONS\r\n".to_owned(), String::new())),
        _ => right(asked),
    }),
    ("location", |asked| if parts(asked).0 == "/things/1" { told(404, "") } else { right(asked) }),
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
    let served = serve(answer).await;
    let suite = Suite::new(Document::parse("things.yaml", DOCUMENT.to_owned()).unwrap()).cases(20);
    let report = suite.run(&served.url).await.unwrap();
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
