//! Servers that do not keep to their documents in ways that touch every operation: each is told once, and the rest is tested all the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod serving;

use std::sync::{Arc, Mutex};

use chrono::Datelike;
use contract_tests::{Document, Report, Suite, SuiteError, rules::Level};
use faulty_server::{Effect, Fault, Faulty, Reply, Seen};
use serde_json::Value;

use self::serving::{Asked, Told, serve, told};

/// Notes, with the lines that a test adds to each operation and to the document.
fn document(each: &str, whole: &str) -> Document {
    let operation = |id: &str, answer: &str| {
        format!("{{ operationId: {id}, {each} responses: {{ {answer}, '404': {{ description: None. }} }} }}")
    };
    let text = format!(
        "openapi: 3.1.0\ninfo: {{ title: Notes, version: 1.0.0 }}\n{whole}\npaths:\n  /notes:\n    get: {}\n  /notes/count:\n    get: {}\n  /notes/clear:\n    post: {}\n  /health:\n    get: {}\n",
        operation("listNotes", "'200': { description: All. }"),
        operation("countNotes", "'200': { description: How many. }"),
        operation("clearNotes", "'204': { description: Gone. }"),
        operation("health", "'200': { description: Well. }, '503': { description: Not well. }"),
    );
    Document::parse("notes.yaml", text).unwrap()
}

/// What the server says where it lets a request in.
fn answer(asked: &Asked) -> Told {
    match (asked.method.as_str(), asked.target.split('?').next().unwrap()) {
        ("GET", "/notes" | "/notes/count") => told(200, ""),
        ("GET", "/health") => told(503, ""),
        ("POST", "/notes/clear") => told(204, ""),
        (_, "/notes" | "/notes/count" | "/notes/clear" | "/health") => told(405, ""),
        _ => told(404, ""),
    }
}

async fn tested(suite: Suite, answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Result<Report, SuiteError> {
    let served = serve(answer).await;
    suite.cases(20).run(&served.url).await
}

/// The broken promises by their rules.
fn errors(report: &Report) -> Vec<&'static str> {
    report.failures.iter().filter(|failure| failure.level == Level::Error).map(|failure| failure.rule).collect()
}

/// The operations that did not succeed.
fn silent(report: &Report) -> Vec<&str> {
    report.operations.iter().filter(|operation| !operation.succeeded()).map(|operation| operation.id.as_str()).collect()
}

const BEARER: &str = "security: [{ bearer: [] }]\ncomponents: { securitySchemes: { bearer: { type: http, scheme: bearer } } }";

#[tokio::test]
async fn what_is_out_of_order_and_documented_as_such_has_not_failed() {
    let report = tested(Suite::new(document("", "")), answer).await.unwrap();
    assert_eq!((errors(&report), silent(&report)), (vec![], vec!["health"]), "{report}");
}

#[tokio::test]
async fn a_header_that_is_refused_is_told_once_and_left_out() {
    let header = "parameters: [{ name: X-Api-Key, in: header, schema: { type: string, minLength: 1 } }],";
    let report =
        tested(Suite::new(document(header, "")), |asked| if asked.key.is_empty() { answer(asked) } else { told(400, "not so") })
            .await
            .unwrap();
    let refused = report.failures.iter().filter(|failure| failure.rule == "valid-refused");
    let what: Vec<&str> = refused.map(|failure| failure.what.as_str()).collect();
    assert_eq!(what, ["a valid request is rejected for its header X-Api-Key"], "{report}");
    assert_eq!(silent(&report), ["health"], "{report}");
}

#[tokio::test]
async fn a_server_that_lets_anybody_in_is_tested_without_credentials() {
    let report = tested(Suite::new(document("", BEARER)), answer).await.unwrap();
    assert_eq!((errors(&report), silent(&report)), (vec!["unauthenticated-accepted"], vec!["health"]), "{report}");
    let refused = tested(Suite::new(document("", BEARER)), |_| told(401, "who are you?")).await;
    assert!(matches!(refused, Err(SuiteError::NoCredentials { .. })));
}

#[tokio::test]
async fn credentials_that_no_document_asks_for_are_sent_where_they_are_given() {
    let guarded = |asked: &Asked| if asked.authorization == "bearer secret" { answer(asked) } else { told(401, "who are you?") };
    let report = tested(Suite::new(document("", "")).token("secret"), guarded).await.unwrap();
    assert_eq!((errors(&report), silent(&report)), (vec![], vec!["health"]), "{report}");
    let query = "parameters: [{ name: about, in: query, schema: { type: string } }],";
    let report = tested(Suite::new(document(query, "")), guarded).await.unwrap();
    let refused: Vec<_> = report.failures.iter().filter(|failure| failure.rule == "valid-refused").collect();
    assert_eq!((refused.len(), refused[0].also.len()), (1, 3), "what every operation wants is one entry: {report}");
}

const BASIC: &str = "security: [{ basic: [] }]\ncomponents: { securitySchemes: { basic: { type: http, scheme: basic } } }";

#[tokio::test]
async fn a_user_with_a_wrong_password_is_tried_once() {
    let tried = Arc::new(Mutex::new(0));
    let count = Arc::clone(&tried);
    // `user:` and `user:secret` in Base64, in small letters.
    let guarded = move |asked: &Asked, is_careless: bool| {
        let is_user = asked.authorization.starts_with("basic dxnlcjp");
        let is_right = asked.authorization == "basic dxnlcjpzzwnyzxq=";
        *count.lock().unwrap() += u32::from(is_user && !is_right);
        if is_right || is_careless && is_user { answer(asked) } else { told(401, "") }
    };
    let suite = || Suite::new(document("", BASIC)).basic("user:secret");
    let careful = guarded.clone();
    let report = tested(suite(), move |asked| careful(asked, false)).await.unwrap();
    assert_eq!((errors(&report), *tried.lock().unwrap()), (vec![], 1), "{report}");
    let report = tested(suite(), move |asked| guarded(asked, true)).await.unwrap();
    let wrong = report.failures.iter().find(|failure| failure.title == "the right user with a wrong password");
    assert_eq!(wrong.unwrap().rule, "unauthenticated-accepted", "{report}");
    // Nothing of the right password is told with it: Base64 has a part for each three letters.
    assert!(!report.to_string().contains("c2Vj") && !report.to_string().contains("NyZX"), "{report}");
}

#[tokio::test]
async fn credentials_are_sent_to_operations_that_ask_for_them_though_the_document_does_not_say_so() {
    let secured = document("", BEARER).json.clone();
    let mut text = secured;
    text.as_object_mut().unwrap().remove("security");
    text["paths"]["/notes"]["get"]["security"] = serde_json::json!([{ "bearer": [] }]);
    let open = || Document::parse("notes.json", text.to_string()).unwrap();
    let guarded = |asked: &Asked| if asked.authorization == "bearer secret" { answer(asked) } else { told(401, "who are you?") };
    let report = tested(Suite::new(open()).token("secret"), guarded).await.unwrap();
    assert_eq!(silent(&report), ["health"], "{report}");
    let told = report.failures.iter().find(|failure| failure.title.contains("without credentials")).expect("it is told");
    assert_eq!((told.rule, told.status), ("valid-refused", Some(401)), "{report}");
    // Where nobody has to show anything, nothing is shown.
    let shown = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&shown);
    let careless = move |asked: &Asked| {
        if asked.target.starts_with("/notes/count") {
            kept.lock().unwrap().push(asked.authorization.clone());
        }
        answer(asked)
    };
    tested(Suite::new(open()).token("secret"), careless).await.unwrap();
    let shown = shown.lock().unwrap();
    assert!(!shown.is_empty() && shown.iter().all(String::is_empty), "{shown:?}");
}

#[tokio::test]
async fn a_list_is_read_when_something_is_in_it() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let text = r"openapi: 3.1.0
info: { title: Messages, version: 1.0.0 }
paths:
  /messages:
    get: { operationId: list, responses: { '200': { description: All., content: { application/json: { schema: { type: array } } } } } }
  /send:
    post: { operationId: send, responses: { '204': { description: Sent. } } }
";
    tested(Suite::new(Document::parse("messages.yaml", text).unwrap()), move |asked| {
        kept.lock().unwrap().push(format!("{} {}", asked.method, asked.target));
        match asked.method.as_str() {
            "GET" => Some((200, "content-type: application/json\r\n".to_owned(), "[]".to_owned())),
            _ => told(204, ""),
        }
    })
    .await
    .unwrap();
    let seen = seen.lock().unwrap();
    // The first request asks whether anybody answers.
    let first = |wanted: &str| seen.iter().skip(1).position(|request| request == wanted).unwrap();
    assert!(first("POST /send") < first("GET /messages"), "{seen:?}");
}

#[tokio::test]
async fn what_takes_away_more_than_one_comes_last() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    tested(Suite::new(document("", "")), move |asked| {
        kept.lock().unwrap().push(format!("{} {}", asked.method, asked.target));
        answer(asked)
    })
    .await
    .unwrap();
    let seen = seen.lock().unwrap();
    let first = |wanted: &str| seen.iter().position(|request| request == wanted).unwrap();
    assert!(first("POST /notes/clear") > first("GET /health"), "{seen:?}");
}

const LIBRARY: &str = "
openapi: 3.1.0
info: { title: Library, version: 1.0.0 }
paths:
  /authors:
    post: { operationId: addAuthor, responses: { '201': { description: Added., content: { application/json: { schema: { $ref: '#/components/schemas/Author' } } } } } }
  /authors/{id}:
    get:
      operationId: getAuthor
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      responses: { '200': { description: It., content: { application/json: { schema: { $ref: '#/components/schemas/Author' } } } }, '404': { description: None. } }
  /books:
    get:
      operationId: listBooks
      parameters: [{ name: author, in: query, schema: { type: integer } }, { name: title, in: query, schema: { type: string } }]
      responses: { '200': { description: Some. }, '400': { description: Not so. } }
  /lending/stop:
    post: { operationId: stop, responses: { '204': { description: Stopped. }, '400': { description: Not so. } } }
components:
  schemas: { Author: { type: object, required: [id], properties: { id: { type: integer } } } }
";

/// A filter wants an author that there is, a long target is nobody's business here, and what has stopped cannot be stopped.
fn library(state: &mut (i64, bool), asked: &Asked) -> Told {
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    let author = |id: i64, status| Some((status, "content-type: application/json\r\n".to_owned(), format!(r#"{{"id":{id}}}"#)));
    let known = |text: &str| text.parse::<i64>().ok().filter(|id| (1..=state.0).contains(id));
    if asked.target.len() > 2_000 {
        return Some((414, "content-type: text/html\r\n".to_owned(), "<h1>Too long</h1>".to_owned()));
    }
    match (asked.method.as_str(), path) {
        ("POST", "/authors") => {
            state.0 += 1;
            author(state.0, 201)
        }
        ("GET", "/books") => {
            let mut wanted = query.split('&').filter_map(|pair| pair.strip_prefix("author="));
            told(if wanted.all(|text| known(text).is_some()) { 200 } else { 400 }, "")
        }
        ("POST", "/lending/stop") => {
            state.1 = !state.1;
            told(if state.1 { 204 } else { 400 }, "")
        }
        (_, "/authors" | "/books" | "/lending/stop") => told(405, ""),
        ("GET", path) => match path.strip_prefix("/authors/").and_then(known) {
            Some(id) => author(id, 200),
            None => told(404, ""),
        },
        _ => told(405, ""),
    }
}

#[tokio::test]
async fn what_a_request_is_refused_for_may_be_the_state_of_the_server() {
    let state = Mutex::new((0, false));
    let suite = Suite::new(Document::parse("library.yaml", LIBRARY).unwrap());
    let report = tested(suite, move |asked| library(&mut state.lock().unwrap(), asked)).await.unwrap();
    assert_eq!((errors(&report), silent(&report)), (vec![], vec![]), "{report}");
}

const PRICES: &str = "
openapi: 3.1.0
info: { title: Prices, version: 1.0.0 }
paths:
  /prices:
    post:
      operationId: setPrice
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Price' } } } }
      responses: { '201': { description: Set., content: { application/json: { schema: { $ref: '#/components/schemas/Price' } } } }, '400': { description: Not so. }, '415': { description: Not so. } }
components:
  schemas:
    Price:
      type: object
      additionalProperties: false
      properties:
        amount: { type: string, DECIMAL pattern: '^[0-9]{1,6}(\\.[0-9]{1,2})?$' }
        until: { type: string, TIME maxLength: 40 }
        marks: { type: array, items: { type: string } }
        by: { type: string, MAIL maxLength: 60 }
";

/// Each value as this server writes it: an amount with cents, a time in UTC, each mark once, and the domain of an address in small letters.
fn rewritten(_: &Seen, reply: &mut Reply) {
    let Some(price) = reply.object() else { return };
    if let Some(Value::String(amount)) = price.get_mut("amount") {
        let (whole, cents) = amount.split_once('.').unwrap_or((amount, ""));
        *amount = format!("{whole:0>6}.{cents:0<2}");
    }
    if let Some(Value::String(until)) = price.get_mut("until")
        && let Ok(time) = chrono::DateTime::parse_from_rfc3339(until)
        && (1..9999).contains(&time.year())
    // Not every time is in a year of four digits in UTC.
    {
        *until = time.to_utc().to_rfc3339();
    }
    if let Some(Value::String(by)) = price.get_mut("by")
        && let Some((local, domain)) = by.rsplit_once('@')
    {
        *by = format!("{local}@{}", domain.to_lowercase());
    }
    if let Some(Value::Array(marks)) = price.get_mut("marks") {
        let mut seen = Vec::new();
        marks.retain(|mark| {
            !seen.contains(mark) && {
                seen.push(mark.clone());
                true
            }
        });
    }
}

#[tokio::test]
async fn a_value_that_is_written_in_another_way_is_the_same() {
    for (formats, is_told) in [(["format: decimal,", "format: date-time,"], false), (["", "format: date-time,"], true)] {
        let text = PRICES.replace("DECIMAL", formats[0]).replace("TIME", formats[1]).replace("MAIL", "format: email,");
        let document = Document::parse("prices.yaml", text).unwrap();
        let fault = Fault { name: "", group: faulty_server::Group::Responses, at: "", effect: Effect::Reply(rewritten) };
        let server = Faulty::start(&document.json, Some(fault)).await.unwrap();
        let report = Suite::new(document).cases(100).run(&server.url).await.unwrap();
        assert_eq!(errors(&report).contains(&"echo"), is_told, "{report}");
    }
}

const PEOPLE: &str = "
openapi: 3.1.0
info: { title: People, version: 1.0.0 }
paths:
  /people:
    post:
      operationId: addPerson
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/New' } } } }
      responses: { '201': { description: Added., content: { application/json: { schema: { $ref: '#/components/schemas/Person' } } } }, '400': { description: Not so. } }
  /people/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get: { operationId: getPerson, responses: { '200': { description: Them. }, '400': { description: Not so. }, '404': { description: None. } } }
    delete: { operationId: dropPerson, responses: { '204': { description: Gone. }, '400': { description: Not so. }, '404': { description: None. } } }
components:
  schemas:
    New:
      type: object
      required: [email, site, born, key]
      properties: { email: { type: string, format: email }, site: { type: string, format: uri }, born: { type: string, format: date }, key: { type: string, format: uuid } }
    Person: { type: object, required: [id], properties: { id: { type: integer } } }
";

/// People with an address, a page, a birthday and a key as most have them.
fn people(known: &mut Vec<bool>, asked: &Asked) -> Told {
    let id = |path: &str| path.strip_prefix("/people/")?.parse::<usize>().ok();
    let path = asked.target.split('?').next().unwrap();
    match (asked.method.as_str(), path, id(path)) {
        ("POST", "/people", _) => {
            let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            let is = |name: &str, begins: &str, contains: &str| {
                let text = body[name].as_str().unwrap_or_default();
                text.starts_with(begins) && text.contains(contains) && text.len() < 60 && !text.contains(['"', '[', '%', ' '])
            };
            let [email, site] = [is("email", "", ".com"), is("site", "http", ".com/")];
            let born = body["born"].as_str().is_some_and(|born| ("1900".."2100").contains(&born));
            let key = body["key"].as_str().is_some_and(|key| key.get(14..15) == Some("4"));
            if !(email && site && born && key) {
                return told(400, "");
            }
            known.push(true);
            Some((201, "content-type: application/json\r\n".to_owned(), format!(r#"{{"id":{}}}"#, known.len())))
        }
        ("GET" | "DELETE", _, Some(id)) if id > 0 && known.get(id - 1) == Some(&true) => {
            known[id - 1] = asked.method == "GET";
            told(if asked.method == "GET" { 200 } else { 204 }, "")
        }
        (_, "/people", _) => told(405, ""),
        (_, path, _) if path.starts_with("/people/") => told(404, ""),
        _ => told(404, ""),
    }
}

#[tokio::test]
async fn who_is_stricter_than_a_format_gets_texts_that_everybody_takes() {
    let known = Mutex::new(Vec::new());
    let suite = Suite::new(Document::parse("people.yaml", PEOPLE).unwrap());
    let report = tested(suite, move |asked| people(&mut known.lock().unwrap(), asked)).await.unwrap();
    assert_eq!(silent(&report), Vec::<&str>::new(), "{report}");
    let deletions = &report.operations.iter().find(|operation| operation.id == "dropPerson").unwrap().answered;
    assert!(deletions[&204] > 10, "each deletion has a person of its own: {deletions:?}");
}

const REMOTE: &str = "
openapi: 3.1.0
info: { title: Remote, version: 1.0.0 }
paths:
  /things/{thing}:
    get:
      operationId: getThing
      parameters: [{ $ref: 'https://example.com/common.yaml#/components/parameters/thing' }, { name: q, in: query, schema: { type: integer } }]
      responses: { '200': { $ref: 'https://example.com/common.yaml#/components/responses/Thing' }, '400': { description: Not so. }, default: { description: No. } }
";

#[tokio::test]
async fn what_is_described_in_the_network_costs_no_more_than_itself() {
    let document = Document::parse("remote.yaml", REMOTE).unwrap();
    assert_eq!(document.defects().filter(|defect| defect.message.contains("remote references are not fetched")).count(), 2);
    let report = tested(Suite::new(document), |asked| {
        let query = asked.target.split_once("q=").map_or("1", |(_, query)| query);
        let is_good = asked.method == "GET" && asked.target.starts_with("/things/") && query.parse::<i64>().is_ok();
        let status = if is_good { 200 } else { 400 };
        Some((status, "content-type: application/vnd.thing\r\n".to_owned(), if is_good { "{}" } else { "" }.to_owned()))
    })
    .await
    .unwrap();
    assert_eq!((errors(&report), silent(&report)), (vec![], vec![]), "{report}");
}

const SHAPES: &str = "
openapi: 3.1.0
info: { title: Shapes, version: 1.0.0 }
paths:
  /shapes:
    post:
      operationId: addShape
      requestBody: { required: true, content: { application/geo+json: { schema: SCHEMA } } }
      responses: { '201': { description: Added. }, '400': { description: Not so. }, '415': { description: Not so. } }
";

#[tokio::test]
async fn what_nobody_describes_may_be_refused() {
    for (schema, wanted) in [("{}", vec![]), ("{ type: object }", vec!["valid-refused"])] {
        let document = Document::parse("shapes.yaml", SHAPES.replace("SCHEMA", schema)).unwrap();
        let report = tested(Suite::new(document), |asked| {
            let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            told(
                match (asked.method.as_str(), asked.target.as_str()) {
                    ("POST", "/shapes") if body["type"] == "Point" => 201,
                    ("POST", "/shapes") => 400,
                    (_, "/shapes") => 405,
                    _ => 404,
                },
                "",
            )
        })
        .await
        .unwrap();
        assert_eq!((errors(&report), silent(&report)), (wanted, vec!["addShape"]), "{report}");
    }
}

const ADDRESSES: &str = "
openapi: 3.1.0
info: { title: Addresses, version: 1.0.0 }
paths:
  /addresses:
    post:
      operationId: addAddress
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [email], properties: { email: { type: string, format: email } } } } } }
      responses: { '201': { description: Added. }, '400': { description: Not so. }, '415': { description: Not so. } }
";

/// Refuses what many libraries do not take for an address: of a domain without a dot, a literal, or with quotes.
fn strict(seen: &Seen, reply: &mut Reply) {
    let email = seen.body.as_ref().and_then(|body| body.get("email")?.as_str()).and_then(|email| email.rsplit_once('@'));
    let is_taken = |(local, domain): (&str, &str)| !local.contains('"') && domain.contains('.') && !domain.contains('[');
    if reply.status == 201 && !email.is_some_and(is_taken) {
        reply.status = 400;
    }
}

#[tokio::test]
async fn an_address_that_many_libraries_refuse_may_be_refused() {
    let document = Document::parse("addresses.yaml", ADDRESSES).unwrap();
    let fault = Fault { name: "", group: faulty_server::Group::Responses, at: "", effect: Effect::Reply(strict) };
    let server = Faulty::start(&document.json, Some(fault)).await.unwrap();
    let report = Suite::new(document).cases(200).run(&server.url).await.unwrap();
    assert_eq!(errors(&report), Vec::<&str>::new(), "{report}");
}

const SHELVES: &str = "
openapi: 3.1.0
info: { title: Shelves, version: 1.0.0 }
paths:
  /authors:
    post: { operationId: addAuthor, responses: { '201': { description: Added., content: { application/json: { schema: { $ref: '#/components/schemas/Author' } } } } } }
  /authors/{id}:
    get:
      operationId: getAuthor
      parameters: [{ name: id, in: path, required: true, schema: { type: string, format: uuid } }]
      responses: { '200': { description: It. }, '404': { description: None. }, '422': { description: Not so. } }
  /books:
    post:
      operationId: addBook
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Book' } } } }
      responses: { '204': { description: Added. }, '422': { description: Not so. } }
components:
  schemas:
    Author: { type: object, required: [id], properties: { id: { type: string, format: uuid } } }
    Book: { type: object, required: [author_ids], properties: { author_ids: { type: array, minItems: 1, items: { type: string, format: uuid } }, editor_id: { type: integer } } }
";

#[tokio::test]
async fn a_list_of_references_names_what_there_is_and_who_misses_something_refuses_no_valid_request() {
    let count = Mutex::new(0u32);
    let document = Document::parse("shelves.yaml", SHELVES).unwrap();
    let report = tested(Suite::new(document), move |asked| {
        let mut count = count.lock().unwrap();
        let path = asked.target.split('?').next().unwrap();
        let id = |number: u32| format!("00000000-0000-4000-8000-{number:012}");
        let is_known = |wanted: &str| (1..=*count).any(|number| id(number) == wanted);
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        match (asked.method.as_str(), path, path.strip_prefix("/authors/")) {
            ("POST", "/authors", _) => {
                *count += 1;
                Some((201, "content-type: application/json\r\n".to_owned(), format!(r#"{{"id":"{}"}}"#, id(*count))))
            }
            ("POST", "/books", _) => {
                let authors = body["author_ids"].as_array().filter(|authors| !authors.is_empty());
                let are_known = authors.is_some_and(|all| all.iter().all(|id| id.as_str().is_some_and(is_known)));
                // Nobody is known as an editor.
                let is_known = are_known && body.get("editor_id").is_none();
                told(if is_known { 204 } else { 422 }, "There is no such person.")
            }
            ("GET", _, Some(id)) => told(if is_known(id) { 200 } else { 404 }, ""),
            (_, "/authors" | "/books", _) => told(405, ""),
            _ => told(404, ""),
        }
    })
    .await
    .unwrap();
    assert_eq!(silent(&report), Vec::<&str>::new(), "{report}");
    let refused = report.failures.iter().filter(|failure| failure.rule == "valid-refused");
    assert_eq!(refused.count(), 0, "{report}");
}

#[tokio::test]
async fn what_succeeds_only_for_the_sake_of_another_operation_has_succeeded() {
    let document = SHELVES.split("  /books:").next().unwrap();
    let schemas = SHELVES.split_once("components:").unwrap().1;
    let document = Document::parse("shelves.yaml", format!("{document}components:{schemas}")).unwrap();
    let count = Mutex::new(0);
    let report = tested(Suite::new(document), move |asked| {
        let path = asked.target.split('?').next().unwrap();
        let added = r#"{"id":"00000000-0000-4000-8000-000000000001"}"#;
        let json = "content-type: application/json\r\n".to_owned();
        match (asked.method.as_str(), path) {
            ("POST", "/authors") => {
                let mut count = count.lock().unwrap();
                *count += 1;
                if *count > LATE { Some((201, json, added.to_owned())) } else { told(403, "") }
            }
            ("GET", "/authors/00000000-0000-4000-8000-000000000001") => told(200, ""),
            (_, "/authors") => told(405, ""),
            _ => told(404, ""),
        }
    })
    .await
    .unwrap();
    assert_eq!(silent(&report), Vec::<&str>::new(), "{report}");
}

/// How many requests come before the operation itself was tested.
const LATE: usize = 4;
