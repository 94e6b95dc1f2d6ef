//! Operations that succeed only after others: what they need is made first.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod serving;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use contract_tests::{Document, Stopped, Suite};
use serde_json::{Value, json};

use self::serving::{Asked, Told, serve, told};

const DOCUMENT: &str = r"openapi: 3.1.0
info: { title: Things, version: 1.0.0 }
paths:
  /things:
    post:
      operationId: make
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [name, tags], properties: { name: { type: string, minLength: 1 }, tags: { type: array, items: { type: string } } } } } } }
      responses: { '201': { description: Made., content: { application/json: { schema: { $ref: '#/components/schemas/Thing' } } } }, '400': { description: No. }, '409': { description: Taken. } }
  /things/name/{name}:
    parameters: [{ name: name, in: path, required: true, schema: { type: string } }]
    get: { operationId: read, responses: { '200': { description: One., content: { application/json: { schema: { $ref: '#/components/schemas/Thing' } } } }, '404': { description: None. } } }
  /things/{id}/note:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get: { operationId: readNote, responses: { '204': { description: There. }, '404': { description: None. }, '400': { description: No. } } }
    put: { operationId: putNote, responses: { '204': { description: There. }, '404': { description: None. }, '400': { description: No. } } }
  /things/{id}/dates:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    post:
      operationId: addDates
      requestBody: { required: true, content: { application/json: { schema: { type: array, items: { type: object } } } } }
      responses: { '201': { description: Made., content: { application/json: { schema: { type: array, items: { type: object, required: [id], properties: { id: { type: integer } } } } } } }, '404': { description: None. }, '400': { description: No. } }
  /things/{id}/dates/{date_id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: integer } }
      - { name: date_id, in: path, required: true, schema: { type: integer } }
    delete: { operationId: dropDate, responses: { '204': { description: Gone. }, '404': { description: None. }, '400': { description: No. } } }
components:
  schemas:
    Thing: { type: object, required: [id, name, tags], properties: { id: { type: integer }, name: { type: string }, tags: { type: array, items: { type: string } } } }
";

#[derive(Default)]
struct State {
    /// The names by id.
    things: BTreeMap<u64, String>,
    notes: Vec<u64>,
    dates: Vec<(u64, u64)>,
    count: u64,
}

fn answer(state: &mut State, asked: &Asked) -> Option<Told> {
    let text = |body: &Value, status: u16| Some((status, "content-type: application/json\r\n".to_owned(), body.to_string()));
    let path = percent_encoding::percent_decode_str(asked.target.split('?').next()?).decode_utf8().ok()?.into_owned();
    let body = || serde_json::from_slice::<Value>(&asked.body).ok();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let thing = |state: &State, id: &str| id.parse().ok().filter(|id| state.things.contains_key(id));
    let found = match (asked.method.as_str(), segments.as_slice()) {
        ("POST", ["things"]) => {
            let sent = body()?;
            let name = sent["name"].as_str().filter(|name| !name.is_empty() && !name.contains('/'))?.to_owned();
            sent["tags"].as_array()?.iter().all(Value::is_string).then_some(())?;
            state.count += 1;
            state.things.insert(state.count, name.clone());
            return Some(text(&json!({ "id": state.count, "name": name, "tags": sent["tags"] }), 201));
        }
        ("GET", ["things", "name", name]) => {
            let found = state.things.iter().find(|(_, known)| known == name);
            return Some(
                found.map_or_else(|| told(404, ""), |(id, name)| text(&json!({ "id": id, "name": name, "tags": ["a"] }), 200)),
            );
        }
        ("GET", ["things", id, "note"]) => thing(state, id).is_some_and(|id| state.notes.contains(&id)),
        ("PUT", ["things", id, "note"]) => thing(state, id).map(|id| state.notes.push(id)).is_some(),
        ("POST", ["things", id, "dates"]) => {
            let items = body()?.as_array()?.iter().map(|item| item.is_object().then_some(())).collect::<Option<Vec<()>>>()?;
            let Some(id) = thing(state, id) else { return Some(told(404, "")) };
            let first = state.count + 1;
            state.count += items.len() as u64;
            let made = first..first + items.len() as u64;
            state.dates.extend(made.clone().map(|date| (id, date)));
            return Some(text(&made.map(|date| json!({ "id": date })).collect(), 201));
        }
        ("DELETE", ["things", id, "dates", date]) => {
            let (id, date) = (id.parse().ok()?, date.parse().ok()?);
            let before = state.dates.len();
            state.dates.retain(|known| *known != (id, date));
            state.dates.len() < before
        }
        _ => return Some(told(405, "")),
    };
    Some(told(if found { 204 } else { 404 }, ""))
}

/// A thing by its name, though it has a list of texts as well; a note that somebody has to put there first; a date that only a list with
/// something in it makes.
#[tokio::test]
async fn what_an_operation_needs_is_made_first() {
    let state = Arc::new(Mutex::new(State::default()));
    let server = serve(move |asked| answer(&mut state.lock().unwrap(), asked).unwrap_or_else(|| told(400, ""))).await;
    let suite = Suite::new(Document::parse("things.yaml", DOCUMENT).unwrap()).cases(20).lenient(true);
    let report = suite.run(&server.url).await.unwrap();
    let silent = report.operations.iter().filter(|operation| !operation.succeeded());
    let silent: Vec<&str> = silent.map(|operation| operation.id.as_str()).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

const SESSION: &str = r"openapi: 3.1.0
info: { title: Session, version: 1.0.0 }
security: [{ token: [] }]
paths:
  /auth/log-out:
    get: { operationId: logOut, responses: { '204': { description: Gone. }, '401': { description: Who? } } }
  /me:
    get: { operationId: me, responses: { '204': { description: You. }, '401': { description: Who? } } }
  /me/name:
    delete: { operationId: forget, responses: { '204': { description: Gone. }, '401': { description: Who? } } }
components: { securitySchemes: { token: { type: http, scheme: bearer } } }
";

/// What ends the session of the caller comes when nothing else needs it.
#[tokio::test]
async fn the_session_is_ended_last() {
    let (open, after) = (Arc::new(Mutex::new(true)), Arc::new(Mutex::new(0)));
    let counted = Arc::clone(&after);
    let server = serve(move |asked| {
        let mut open = open.lock().unwrap();
        let is_good = asked.authorization == "bearer secret";
        let path = asked.target.split('?').next().unwrap_or_default();
        let known = [("GET", "/auth/log-out"), ("GET", "/me"), ("DELETE", "/me/name")];
        if !known.contains(&(asked.method.as_str(), path)) {
            return told(405, "");
        }
        if !is_good || !*open {
            *counted.lock().unwrap() += usize::from(is_good && path != "/auth/log-out");
            return told(401, "");
        }
        *open = path != "/auth/log-out";
        told(204, "")
    })
    .await;
    let document = Document::parse("session.yaml", SESSION).unwrap();
    let report = Suite::new(document).cases(20).lenient(true).token("secret").run(&server.url).await.unwrap();
    let silent: Vec<&str> =
        report.operations.iter().filter(|operation| !operation.succeeded()).map(|operation| operation.id.as_str()).collect();
    assert!(silent.is_empty(), "{silent:?}");
    assert_eq!(*after.lock().unwrap(), 0, "operations were called after the session had ended");
}

const ASKING: &str = r"openapi: 3.1.0
info: { title: Asking, version: 1.0.0 }
paths:
  /indexes:
    post:
      operationId: make
      requestBody: { required: true, content: { application/json: { schema: { type: object, properties: { name: { type: string }, email: { type: string }, size: { type: integer } } } } } }
      responses: { '201': { description: Made., content: { application/json: { schema: { type: object } } } }, '400': { description: No. } }
  /indexes/{index}:
    get:
      operationId: read
      parameters: [{ name: index, in: path, required: true, schema: { type: string } }]
      responses: { '200': { description: One., content: { application/json: { schema: { type: object } } } }, '404': { description: None. } }
  /models: { get: { operationId: models, responses: { '200': { description: All., content: { application/json: { schema: { type: array, items: { type: object, required: [id], properties: { id: { type: string } } } } } } } } } }
  /models/{model}: { get: { operationId: model, parameters: [{ name: model, in: path, required: true, schema: { type: string } }], responses: { '204': { description: There. }, '404': { description: None. } } } }
  /answers:
    post:
      operationId: ask
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [model], properties: { model: { type: string } } } } } }
      responses: { '204': { description: Asked. }, '400': { description: No. } }
";

/// What is optional and asked for by name, and then by another one; an address that only its name says; the id in an object that wraps
/// another one; a text that names what there is.
#[tokio::test]
async fn what_a_refusal_asks_for_is_given() {
    let made: Arc<Mutex<Vec<String>>> = Arc::default();
    let server = serve(move |asked| {
        let mut made = made.lock().unwrap();
        let json = |status: u16, body: Value| Some((status, "content-type: application/json\r\n".to_owned(), body.to_string()));
        let refused = |why: &str| json(400, json!({ "message": why }));
        let path = asked.target.split('?').next().unwrap_or_default().to_owned();
        let path = percent_encoding::percent_decode_str(&path).decode_utf8_lossy().into_owned();
        let sent: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        match (asked.method.as_str(), path.split('/').skip(1).collect::<Vec<_>>().as_slice()) {
            ("POST", ["indexes"]) => match (&sent["name"], &sent["email"]) {
                (Value::String(name), Value::String(email)) if email.contains('@') && !name.is_empty() => {
                    let index = format!("i{}", made.len());
                    made.push(index);
                    json(201, json!({ "data": { "index": made.last(), "name": name } }))
                }
                (Value::String(_), _) => refused("index.email should be an address"),
                _ => refused("index.name should be not empty"),
            },
            ("GET", ["indexes", index]) if made.iter().any(|known| known == index) => json(200, json!({ "index": index })),
            ("GET", ["models"]) => json(200, json!([{ "id": "fake" }])),
            ("GET", ["models", "fake"]) => told(204, ""),
            ("POST", ["answers"]) if sent["model"] == "fake" => told(204, ""),
            ("POST", ["answers"]) => refused(&format!("unknown model {}", sent["model"].as_str().unwrap_or_default())),
            ("GET", ["indexes" | "models", _]) => told(404, ""),
            _ => told(405, ""),
        }
    })
    .await;
    let suite = Suite::new(Document::parse("asking.yaml", ASKING).unwrap()).cases(20).lenient(true);
    let report = suite.run(&server.url).await.unwrap();
    let silent = report.operations.iter().filter(|operation| !operation.succeeded());
    let silent: Vec<&str> = silent.map(|operation| operation.id.as_str()).collect();
    assert!(silent.is_empty(), "{silent:?}");
    let refused = report.failures.iter().filter(|failure| failure.rule == "valid-refused" && failure.operation == "make");
    assert_eq!(refused.count(), 1, "{report}");
}

const OTHERS: &str = r"openapi: 3.1.0
info: { title: Others, version: 1.0.0 }
security: [{ token: [] }]
paths:
  /clients:
    get: { operationId: list, responses: { '200': { description: All., content: { application/json: { schema: { type: array, items: { type: object, required: [id], properties: { id: { type: integer } } } } } } }, '401': { description: Who? } } }
    post: { operationId: make, responses: { '201': { description: Made., content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: integer } } } } } }, '401': { description: Who? } } }
  /clients/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    put:
      operationId: change
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [name], properties: { name: { type: string } } } } } }
      responses: { '200': { description: Changed., content: { application/json: { schema: { type: object, required: [at], properties: { at: { type: string } } } } } }, '400': { description: No. }, '404': { description: None. }, '401': { description: Who? } }
    delete: { operationId: drop, responses: { '204': { description: Gone. }, '404': { description: None. }, '401': { description: Who? } } }
components: { securitySchemes: { token: { type: http, scheme: bearer } } }
";

/// Whose name is shorter is somebody else's: a failing change that is made smaller keeps to what it names, and what it names was there.
#[tokio::test]
async fn what_was_there_before_is_not_deleted() {
    // The first one is the caller's own.
    let clients: Arc<Mutex<Vec<u64>>> = Arc::new(Mutex::new(vec![1]));
    let deleted: Arc<Mutex<Vec<u64>>> = Arc::default();
    let (count, gone) = (Mutex::new(205), Arc::clone(&deleted));
    let server = serve(move |asked| {
        let (mut clients, mut count) = (clients.lock().unwrap(), count.lock().unwrap());
        let json = |status: u16, body: Value| Some((status, "content-type: application/json\r\n".to_owned(), body.to_string()));
        if asked.authorization != "bearer secret" {
            return Some((401, "www-authenticate: Bearer\r\n".to_owned(), String::new()));
        }
        let path = asked.target.split('?').next().unwrap_or_default();
        let id = path.strip_prefix("/clients/").and_then(|id| id.parse::<u64>().ok());
        match (asked.method.as_str(), path, id) {
            ("GET", "/clients", _) => json(200, clients.iter().map(|id| json!({ "id": id })).collect()),
            ("POST", "/clients", _) => {
                *count += 1;
                clients.push(*count);
                json(201, json!({ "id": *count }))
            }
            ("PUT", _, Some(id)) if clients.contains(&id) => match serde_json::from_slice::<Value>(&asked.body) {
                Ok(sent) if sent["name"].is_string() => json(200, json!({ "at": 5 })),
                _ => told(400, ""),
            },
            ("DELETE", _, Some(id)) if clients.contains(&id) => {
                clients.retain(|known| *known != id);
                gone.lock().unwrap().push(id);
                told(204, "")
            }
            ("PUT" | "DELETE", ..) if path.starts_with("/clients/") => told(404, ""),
            _ => told(405, ""),
        }
    })
    .await;
    let suite = Suite::new(Document::parse("others.yaml", OTHERS).unwrap()).cases(40).lenient(true).token("secret");
    let report = suite.run(&server.url).await.unwrap();
    let deleted = deleted.lock().unwrap();
    assert!(!deleted.is_empty() && !deleted.contains(&1), "{deleted:?}");
    assert!(report.failures.iter().any(|failure| failure.what.contains("/at")), "the change fails each time");
}

/// A change that ends the caller's rights ends the run, and nothing that follows from it is told.
#[tokio::test]
async fn a_run_ends_with_the_credentials() {
    let document = r"openapi: 3.1.0
info: { title: Rights, version: 1.0.0 }
security: [{ token: [] }]
paths:
  /a: { get: { operationId: a, responses: { '204': { description: Yes. }, '401': { description: Who? }, '403': { description: No. } } } }
  /b: { post: { operationId: b, responses: { '204': { description: Yes. }, '401': { description: Who? }, '403': { description: No. } } } }
  /c: { delete: { operationId: c, parameters: [{ name: q, in: query, schema: { type: string } }], responses: { '204': { description: Yes. }, '401': { description: Who? }, '403': { description: No. } } } }
components: { securitySchemes: { token: { type: http, scheme: bearer } } }
";
    let open = Mutex::new(true);
    let server = serve(move |asked| {
        let mut open = open.lock().unwrap();
        match (asked.method.as_str(), asked.target.split('?').next().unwrap_or_default()) {
            ("GET", "/a") | ("POST", "/b") | ("DELETE", "/c") => {
                let is_good = asked.authorization == "bearer secret";
                let is_let_in = is_good && *open;
                *open &= !(is_good && asked.method == "POST");
                match (is_good, is_let_in) {
                    (_, true) => told(204, ""),
                    (true, false) => told(403, ""),
                    (false, false) => Some((401, "www-authenticate: Bearer\r\n".to_owned(), String::new())),
                }
            }
            _ => told(405, ""),
        }
    })
    .await;
    let suite = Suite::new(Document::parse("rights.yaml", document).unwrap()).cases(10).lenient(true).token("secret");
    let report = suite.run(&server.url).await.unwrap();
    let Some(Stopped::CredentialsGone { last }) = &report.stopped else { panic!("{:?}", report.stopped) };
    assert!(last.starts_with("POST /b "), "{last}");
    let refused = report.failures.iter().filter(|failure| failure.rule == "valid-refused");
    assert_eq!(refused.count(), 0, "{report}");
}

/// A value that is allowed and refused, and repeated in the refusal, is left out from then on; that it is refused is told.
#[tokio::test]
async fn what_a_refusal_repeats_is_left_out() {
    let document = r"openapi: 3.1.0
info: { title: Users, version: 1.0.0 }
paths:
  /users:
    post:
      operationId: make
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name, profile]
              properties:
                name: { type: string, minLength: 1 }
                profile: { type: object, required: [since], minProperties: 2, properties: { since: { type: string, minLength: 3 }, kind: { type: string, minLength: 3 }, note: { type: string, minLength: 3 } } }
              minProperties: 2
      responses: { '201': { description: Made. }, '400': { description: No. } }
";
    let made: Arc<Mutex<Vec<Value>>> = Arc::default();
    let with_both = Arc::new(Mutex::new(0));
    let (kept, count) = (Arc::clone(&made), Arc::clone(&with_both));
    let server = serve(move |asked| {
        if asked.method != "POST" || asked.target != "/users" {
            return told(405, "");
        }
        let Ok(sent) = serde_json::from_slice::<Value>(&asked.body) else { return told(400, "") };
        let is_text =
            |place: &str, least: usize| sent.pointer(place).and_then(Value::as_str).is_some_and(|it| it.chars().count() >= least);
        if !is_text("/name", 1) || !is_text("/profile/since", 3) {
            return told(400, "");
        }
        if sent["profile"].get("kind").is_some() && !is_text("/profile/kind", 3)
            || sent["profile"].as_object().map_or(0, |it| it.len()) < 2
        {
            return told(400, "");
        }
        if let Some(note) = sent["profile"].get("note") {
            let has_both = sent["profile"].get("kind").is_some();
            *count.lock().unwrap() += usize::from(has_both && !kept.lock().unwrap().is_empty());
            let body = json!({ "error": format!("no profile can be a {}", note.as_str().unwrap_or("?")) }).to_string();
            return Some((400, "content-type: application/json\r\n".to_owned(), body));
        }
        kept.lock().unwrap().push(sent);
        told(201, "")
    })
    .await;
    let suite = Suite::new(Document::parse("users.yaml", document).unwrap()).cases(60).lenient(true);
    let report = suite.run(&server.url).await.unwrap();
    assert!(report.operations[0].succeeded());
    let refused: Vec<&str> =
        report.failures.iter().filter(|failure| failure.rule == "valid-refused").map(|failure| failure.what.as_str()).collect();
    assert!(refused.contains(&"a valid request is rejected for its note"), "{report}");
    // It is left out of all that have something else and are not about it.
    let (made, with_both) = (made.lock().unwrap().len(), *with_both.lock().unwrap());
    assert!(made > with_both, "{made} without a note, {with_both} with both");
}

/// Nothing is deleted that might be somebody else's: neither by a name that people use, nor with all that is in something that was there.
#[tokio::test]
async fn nothing_is_deleted_that_was_not_made() {
    let document = r"openapi: 3.1.0
info: { title: Accounts, version: 1.0.0 }
paths:
  /accounts/{name}:
    parameters: [{ name: name, in: path, required: true, schema: { type: string } }]
    delete: { operationId: drop, parameters: [{ name: q, in: query, schema: { type: integer, minimum: 1 } }], responses: { '204': { description: Gone. }, '400': { description: No. } } }
  /folders:
    get: { operationId: list, responses: { '200': { description: All., content: { application/json: { schema: { type: array, items: { type: object, required: [id], properties: { id: { type: integer } } } } } } } } }
  /folders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get: { operationId: read, responses: { '200': { description: One., content: { application/json: { schema: { type: object } } } }, '404': { description: None. } } }
  /folders/{id}/clear:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    post: { operationId: clear, responses: { '204': { description: Gone. }, '404': { description: None. } } }
";
    let deleted: Arc<Mutex<Vec<String>>> = Arc::default();
    let gone = Arc::clone(&deleted);
    let server = serve(move |asked| {
        let json = |body: Value| Some((200, "content-type: application/json\r\n".to_owned(), body.to_string()));
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        match (asked.method.as_str(), path) {
            ("DELETE", path) if path.starts_with("/accounts/") => {
                if !query.is_empty() && query.strip_prefix("q=").and_then(|q| q.parse::<u64>().ok()).is_none_or(|q| q == 0) {
                    return told(400, "");
                }
                gone.lock().unwrap().push(path.trim_start_matches("/accounts/").to_lowercase());
                told(204, "")
            }
            ("GET", "/folders") => json(json!([{ "id": 77 }])),
            ("GET", "/folders/77") => json(json!({})),
            ("POST", "/folders/77/clear") => {
                gone.lock().unwrap().push("what is in folder 77".to_owned());
                told(204, "")
            }
            ("GET" | "POST", path) if path.starts_with("/folders/") => told(404, ""),
            _ => told(405, ""),
        }
    })
    .await;
    let suite = Suite::new(Document::parse("accounts.yaml", document).unwrap()).cases(60).lenient(true);
    suite.run(&server.url).await.unwrap();
    let deleted = deleted.lock().unwrap();
    let words = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo", "lima"];
    let others: Vec<&String> =
        deleted.iter().filter(|name| words.contains(&name.as_str()) || name.starts_with("what is in")).collect();
    assert!(deleted.len() > 20 && others.is_empty(), "{others:?} of {deleted:?}");
}

/// What takes away names only what the run has made, wherever it names it, or what nothing has; also where a careless server reads whole
/// numbers from fractions.
#[tokio::test]
async fn nothing_foreign_is_named_by_what_takes_away() {
    let document = r"openapi: 3.1.0
info: { title: Items, version: 1.0.0 }
paths:
  /items:
    get: { operationId: list, responses: { '200': { description: All., content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Item' } } } } } } }
    post: { operationId: make, responses: { '201': { description: Made., content: { application/json: { schema: { $ref: '#/components/schemas/Item' } } } } } }
    delete: { operationId: dropOne, parameters: [{ name: itemId, in: query, required: true, schema: { type: integer } }], responses: { '204': { description: Gone. }, '404': { description: None. }, '400': { description: No. } } }
  /items/{itemId}:
    parameters: [{ name: itemId, in: path, required: true, schema: { type: integer, minimum: 1 } }]
    get: { operationId: read, responses: { '200': { description: One., content: { application/json: { schema: { $ref: '#/components/schemas/Item' } } } }, '404': { description: None. }, '400': { description: No. } } }
    delete: { operationId: drop, responses: { '204': { description: Gone. }, '404': { description: None. }, '400': { description: No. } } }
  /items/search:
    post: { operationId: find, responses: { '200': { description: Some., content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Item' } } } } } } }
  /items/{itemId}/like:
    post: { operationId: like, parameters: [{ name: itemId, in: path, required: true, schema: { type: integer, minimum: 1 } }], responses: { '200': { description: It., content: { application/json: { schema: { $ref: '#/components/schemas/Item' } } } }, '404': { description: None. }, '400': { description: No. } } }
  /items/bulk-delete:
    post: { operationId: dropMany, requestBody: { required: true, content: { application/json: { schema: { type: object, required: [itemIds], properties: { itemIds: { type: array, minItems: 1, items: { type: integer } }, more: { type: array, items: { type: object, required: [id], properties: { id: { type: integer } } } } } } } } }, responses: { '204': { description: Gone. }, '400': { description: No. } } }
  /deleteItem:
    get: { operationId: dropByGet, parameters: [{ name: itemId, in: query, required: true, schema: { type: integer } }], responses: { '204': { description: Gone. }, '404': { description: None. }, '400': { description: No. } } }
components:
  schemas:
    Item: { type: object, required: [itemId], properties: { itemId: { type: integer } } }
";
    // The first ten are somebody else's.
    let items = Mutex::new((1..=10).collect::<BTreeSet<i64>>());
    let taken = Arc::new(Mutex::new(Vec::new()));
    let by = Arc::clone(&taken);
    let server = serve(move |asked| {
        let mut items = items.lock().unwrap();
        // As `parseInt` of JavaScript does.
        let whole = |text: &str| {
            let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
            digits.parse::<i64>().ok()
        };
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let mut gone = |id: Option<i64>| match id {
            Some(id) => {
                let what = if id > 10 { "own" } else { "foreign" };
                let there = if items.remove(&id) { "there" } else { "not there" };
                by.lock().unwrap().push(format!("{} {path}: {what}, {there}", asked.method));
                told(if there == "there" { 204 } else { 404 }, "")
            }
            None => told(400, ""),
        };
        match (asked.method.as_str(), path) {
            ("GET", "/items") | ("POST", "/items/search") => {
                let all: Vec<Value> = items.iter().map(|id| json!({ "itemId": id })).collect();
                Some((200, "content-type: application/json\r\n".to_owned(), json!(all).to_string()))
            }
            ("POST", "/items") => {
                let id = items.last().unwrap() + 1;
                items.insert(id);
                Some((201, "content-type: application/json\r\n".to_owned(), json!({ "itemId": id }).to_string()))
            }
            ("DELETE", "/items") | ("GET", "/deleteItem") => gone(query.strip_prefix("itemId=").and_then(whole)),
            ("POST", "/items/bulk-delete") => {
                let sent: Option<Value> = serde_json::from_slice(&asked.body).ok();
                let listed = |name: &str| sent.as_ref().and_then(|sent| sent[name].as_array()).cloned().unwrap_or_default();
                let more = listed("more").into_iter().map(|item| item["id"].clone());
                let ids: Vec<Value> = listed("itemIds").into_iter().chain(more).collect();
                ids.iter().filter_map(|id| whole(&id.to_string())).for_each(|id| drop(gone(Some(id))));
                told(if ids.is_empty() { 400 } else { 204 }, "")
            }
            ("DELETE", _) => gone(path.strip_prefix("/items/").and_then(whole)),
            ("GET" | "POST", _) => match path.strip_prefix("/items/").and_then(whole) {
                Some(id) if items.contains(&id) => {
                    Some((200, "content-type: application/json\r\n".to_owned(), json!({ "itemId": id }).to_string()))
                }
                Some(_) => told(404, ""),
                None => told(400, ""),
            },
            _ => told(405, ""),
        }
    })
    .await;
    let suite = || Suite::new(Document::parse("items.yaml", document).unwrap()).cases(60).lenient(true);
    let report = suite().run(&server.url).await.unwrap();
    let taken = taken.lock().unwrap().clone();
    let foreign: Vec<&String> = taken.iter().filter(|what| what.ends_with("foreign, there")).collect();
    assert!(foreign.is_empty(), "{foreign:?}\n{report}");
    for path in ["DELETE /items:", "POST /items/bulk-delete:", "GET /deleteItem:"] {
        assert!(taken.iter().any(|what| what.starts_with(path)), "{path} {taken:?}");
    }
    assert!(taken.iter().any(|what| what.starts_with("DELETE /items/") && what.ends_with("own, there")), "{taken:?}");
    // Who only reads calls nothing that changes something by its name.
    let report = suite().read_only(true).run(&server.url).await.unwrap();
    let by_get = report.operations.iter().find(|operation| operation.id == "dropByGet").unwrap();
    assert!(by_get.answered.is_empty() && by_get.untested.is_some());
}

/// What is made for one tenant is there for that one only.
#[tokio::test]
async fn all_requests_are_about_the_same_tenant() {
    let document = r"openapi: 3.1.0
info: { title: Bills, version: 1.0.0 }
paths:
  /bills:
    parameters: [{ name: tenant, in: query, required: true, schema: { type: string, pattern: '^[a-z]{2,6}$' } }]
    post: { operationId: make, responses: { '201': { description: Made., content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: integer } } } } } }, '400': { description: No. } } }
  /bills/{id}:
    parameters: [{ name: tenant, in: query, required: true, schema: { type: string, pattern: '^[a-z]{2,6}$' } }, { name: id, in: path, required: true, schema: { type: integer } }]
    get: { operationId: read, responses: { '200': { description: One., content: { application/json: { schema: { type: object } } } }, '404': { description: None. }, '400': { description: No. } } }
    delete: { operationId: drop, responses: { '204': { description: Gone. }, '404': { description: None. }, '400': { description: No. } } }
";
    let bills = Mutex::new(BTreeSet::<(String, u64)>::new());
    let server = serve(move |asked| {
        let mut bills = bills.lock().unwrap();
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let tenant = query.split('&').find_map(|pair| pair.strip_prefix("tenant=")).unwrap_or_default().to_owned();
        if !(2..=6).contains(&tenant.len()) || !tenant.chars().all(|c| c.is_ascii_lowercase()) {
            return told(400, "");
        }
        let json = |status: u16, id: u64| {
            Some((status, "content-type: application/json\r\n".to_owned(), json!({ "id": id }).to_string()))
        };
        let id = path.strip_prefix("/bills/").map(|id| id.parse::<u64>());
        match (asked.method.as_str(), id) {
            ("POST", None) => {
                let id = bills.iter().map(|(_, id)| id + 1).max().unwrap_or(1);
                bills.insert((tenant, id));
                json(201, id)
            }
            ("GET" | "DELETE", Some(Err(_))) => told(400, ""),
            ("GET", Some(Ok(id))) if bills.contains(&(tenant.clone(), id)) => json(200, id),
            ("DELETE", Some(Ok(id))) if bills.remove(&(tenant, id)) => told(204, ""),
            ("GET" | "DELETE", Some(_)) => told(404, ""),
            _ => told(405, ""),
        }
    })
    .await;
    let suite = Suite::new(Document::parse("bills.yaml", document).unwrap()).cases(60);
    let report = suite.run(&server.url).await.unwrap();
    let errors: Vec<_> = report.failures.iter().filter(|failure| failure.level == contract_tests::rules::Level::Error).collect();
    assert!(errors.is_empty() && report.operations.iter().all(|operation| operation.succeeded()), "{report}");
}

/// Who says with 400 that something is gone says the truth where another operation has taken it away; and what nobody can make is not
/// asked for again and again.
#[tokio::test]
async fn what_is_gone_is_missed_truly() {
    let document = r"openapi: 3.1.0
info: { title: Notes, version: 1.0.0 }
paths:
  /notes:
    post: { operationId: make, responses: { '201': { description: Made., content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: integer } } } } } } } }
  /notes/delete-old:
    post: { operationId: clear, responses: { '204': { description: Gone. } } }
  /notes/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer, minimum: 1 } }]
    get: { operationId: read, parameters: [{ name: q, in: query, schema: { type: boolean } }], responses: { '200': { description: One., content: { application/json: { schema: { type: object } } } }, '400': { description: No. } } }
    delete: { operationId: drop, responses: { '204': { description: Gone. }, '400': { description: No. } } }
  /tasks:
    post: { operationId: start, responses: { '201': { description: Started., content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: integer } } } } } }, '404': { description: No. } } }
  /tasks/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer, minimum: 1 } }]
    get: { operationId: readTask, responses: { '200': { description: One. }, '404': { description: None. } } }
    patch: { operationId: changeTask, responses: { '200': { description: One. }, '404': { description: None. } } }
    delete: { operationId: dropTask, responses: { '204': { description: Gone. }, '404': { description: None. } } }
";
    let started = Arc::new(Mutex::new(0));
    let (notes, count) = (Mutex::new(BTreeSet::<u64>::new()), Arc::clone(&started));
    let server = serve(move |asked| {
        let mut notes = notes.lock().unwrap();
        let json = |status: u16, body: Value| Some((status, "content-type: application/json\r\n".to_owned(), body.to_string()));
        let path = asked.target.split('?').next().unwrap_or_default();
        let id = path.strip_prefix("/notes/").and_then(|id| id.parse::<u64>().ok());
        match (asked.method.as_str(), path, id) {
            ("POST", "/notes", _) => {
                let id = notes.last().map_or(1, |last| last + 1);
                notes.insert(id);
                json(201, json!({ "id": id }))
            }
            ("POST", "/notes/delete-old", _) => {
                let last = notes.pop_last();
                notes.clear();
                notes.extend(last);
                told(204, "")
            }
            ("GET", _, Some(id)) if notes.contains(&id) => json(200, json!({})),
            ("DELETE", _, Some(id)) if notes.remove(&id) => told(204, ""),
            ("GET" | "DELETE", path, _) if path.starts_with("/notes/") => json(400, json!({ "error": "id not found" })),
            ("POST", "/tasks", _) => {
                *count.lock().unwrap() += 1;
                told(404, "")
            }
            (_, path, _) if path.starts_with("/tasks/") => told(404, ""),
            _ => told(405, ""),
        }
    })
    .await;
    let suite = Suite::new(Document::parse("notes.yaml", document).unwrap()).cases(60).lenient(true);
    let report = suite.run(&server.url).await.unwrap();
    let refused = report.failures.iter().filter(|failure| failure.rule == "valid-refused" && failure.name.contains("/notes"));
    assert_eq!(refused.count(), 0, "{report}");
    assert!(*started.lock().unwrap() < 60, "{}", started.lock().unwrap());
}

/// Who logs in shows the credentials in the body: that they are refused is documented, and says nothing against the server.
#[tokio::test]
async fn credentials_in_a_body_may_be_wrong() {
    let document = r"openapi: 3.1.0
info: { title: Login, version: 1.0.0 }
paths:
  /login:
    post:
      operationId: logIn
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [user, secret], properties: { user: { type: string }, secret: { type: string } } } } } }
      responses: { '200': { description: In. }, '400': { description: No. }, '401': { description: Wrong. } }
";
    let server = serve(|asked| {
        if asked.method != "POST" || asked.target != "/login" {
            return told(405, "");
        }
        let sent: Option<Value> = serde_json::from_slice(&asked.body).ok();
        match sent.filter(|sent| sent["user"].is_string() && sent["secret"].is_string()) {
            Some(_) => Some((401, "www-authenticate: Login\r\n".to_owned(), String::new())),
            None => told(400, ""),
        }
    })
    .await;
    let suite = Suite::new(Document::parse("login.yaml", document).unwrap()).cases(40).lenient(true);
    let report = suite.run(&server.url).await.unwrap();
    let refused: Vec<_> = report.failures.iter().filter(|failure| failure.rule == "valid-refused").collect();
    assert!(refused.is_empty(), "{report}");
    assert!(!report.operations[0].succeeded());
}

/// A list may be of everything, whatever its path says.
#[tokio::test]
async fn an_item_says_what_it_is_below() {
    let document = r"openapi: 3.1.0
info: { title: Runs, version: 1.0.0 }
paths:
  /projects:
    get: { operationId: projects, responses: { '200': { description: All., content: { application/json: { schema: { type: array, items: { type: object, properties: { project_id: { type: string } } } } } } } } }
  /projects/{project_id}/runs:
    parameters: [{ name: project_id, in: path, required: true, schema: { type: string } }]
    get: { operationId: runs, responses: { '200': { description: All., content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Run' } } } } } } }
  /projects/{project_id}/runs/{run_id}:
    parameters:
      - { name: project_id, in: path, required: true, schema: { type: string } }
      - { name: run_id, in: path, required: true, schema: { type: string } }
    get: { operationId: run, responses: { '200': { description: One., content: { application/json: { schema: { $ref: '#/components/schemas/Run' } } } }, '404': { description: None. } } }
components:
  schemas:
    Run: { type: object, required: [run_id, project_id], properties: { run_id: { type: string }, project_id: { type: string } } }
";
    let server = serve(|asked| {
        let json = |body: Value| Some((200, "content-type: application/json\r\n".to_owned(), body.to_string()));
        let run = json!({ "run_id": "hotel", "project_id": "busy" });
        match asked.target.split('?').next().unwrap() {
            _ if asked.method != "GET" => told(405, ""),
            "/projects" => json(json!([{ "project_id": "idle" }])),
            "/projects/busy/runs/hotel" => json(run),
            path if path.ends_with("/runs") => json(json!([run])),
            _ => told(404, ""),
        }
    })
    .await;
    let suite = Suite::new(Document::parse("runs.yaml", document).unwrap()).cases(20);
    let report = suite.run(&server.url).await.unwrap();
    let run = report.operations.iter().find(|operation| operation.id == "run").unwrap();
    assert!(run.answered.contains_key(&200), "{report}");
}

/// Who changes something changes what the run has made, where it can make something.
#[tokio::test]
async fn what_is_changed_is_the_runs_own() {
    let document = r"openapi: 3.1.0
info: { title: Notes, version: 1.0.0 }
paths:
  /notes:
    get: { operationId: list, responses: { '200': { description: All., content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Note' } } } } } } }
    post: { operationId: make, responses: { '201': { description: Made., content: { application/json: { schema: { $ref: '#/components/schemas/Note' } } } } } }
  /notes/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    patch: { operationId: change, requestBody: { required: true, content: { application/json: { schema: { type: object, properties: { text: { type: string } } } } } }, responses: { '200': { description: Changed. }, '404': { description: None. } } }
components:
  schemas:
    Note: { type: object, required: [id], properties: { id: { type: integer } } }
";
    let changed = Arc::new(Mutex::new(BTreeSet::new()));
    let (kept, made) = (Arc::clone(&changed), Mutex::new(10));
    let server = serve(move |asked| {
        let json = |status, body: Value| Some((status, "content-type: application/json\r\n".to_owned(), body.to_string()));
        match (asked.method.as_str(), asked.target.strip_prefix("/notes/")) {
            ("GET", None) => json(200, json!([{ "id": 1 }, { "id": 2 }])),
            ("POST", None) => {
                let mut made = made.lock().unwrap();
                *made += 1;
                json(201, json!({ "id": *made }))
            }
            ("PATCH", Some(id)) => match id.parse::<i64>().ok().filter(|id| (1..=*made.lock().unwrap()).contains(id)) {
                Some(id) => {
                    kept.lock().unwrap().insert(id);
                    told(200, "")
                }
                None => told(404, ""),
            },
            _ => told(405, ""),
        }
    })
    .await;
    // The list is tested before anything is changed, so that the other notes are known.
    let suite = Suite::new(Document::parse("notes.yaml", document).unwrap()).cases(20);
    let report = suite.run(&server.url).await.unwrap();
    let changed = changed.lock().unwrap();
    assert!(changed.iter().any(|id| *id > 10) && !changed.contains(&2), "{changed:?}\n{report}");
}

/// A request that breaks a rule may fail for something valid in it.
#[tokio::test]
async fn a_server_that_fails_on_something_valid_is_told_as_that() {
    let document = r"openapi: 3.1.0
info: { title: Notes, version: 1.0.0 }
paths:
  /notes:
    post:
      operationId: add
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [kind], properties: { kind: { enum: [short, long] }, size: { type: integer } } } } } }
      responses: { '201': { description: Made. }, '400': { description: No. } }
";
    let fails = |is_checked: bool| {
        serve(move |asked| {
            let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            match asked.method.as_str() {
                // Whatever the size is.
                "POST" if !is_checked && body["kind"] == "long" => told(500, ""),
                "POST" if body["size"].is_string() => told(500, ""),
                "POST" if body["kind"].is_string() && (body["size"].is_null() || body["size"].is_i64()) => told(201, ""),
                "POST" => told(400, ""),
                _ => told(405, ""),
            }
        })
    };
    let suite = || Suite::new(Document::parse("notes.yaml", document).unwrap()).cases(60);
    let failed = |report: &contract_tests::Report| -> Vec<String> {
        let failed = report.failures.iter().filter(|failure| failure.rule == "server-error");
        failed.flat_map(|failure| std::iter::once(failure).chain(&failure.more)).map(|failure| failure.title.clone()).collect()
    };
    let server = fails(true).await;
    let report = suite().run(&server.url).await.unwrap();
    assert_eq!(failed(&report), ["a request that breaks type of /size"], "{report}");
    let server = fails(false).await;
    let report = suite().run(&server.url).await.unwrap();
    let titles = failed(&report);
    assert!(titles.iter().any(|title| title == "a valid request"), "{titles:?}\n{report}");
    assert!(
        titles.iter().all(|title| ["a valid request", "a request that breaks type of /size"].contains(&title.as_str())),
        "{titles:?}"
    );
}

/// That something optional is not there says nothing of what the path names, and a list that a filter has emptied nothing of the list.
#[tokio::test]
async fn what_is_there_is_not_lost_for_a_filter() {
    let document = r"openapi: 3.1.0
info: { title: Flows, version: 1.0.0 }
paths:
  /code/{flow_id}:
    get:
      operationId: code
      parameters:
        - { name: flow_id, in: path, required: true, schema: { type: string } }
        - { name: version, in: query, schema: { type: integer } }
      responses: { '200': { description: It. }, '404': { description: None. } }
  /flows:
    get:
      operationId: flows
      parameters: [{ name: offset, in: query, schema: { type: integer, minimum: 0 } }, { name: named, in: query, schema: { type: string } }]
      responses: { '200': { description: All., content: { application/json: { schema: { type: array, items: { type: object, properties: { flow_id: { type: string } } } } } } } }
  /flows/{flow_id}:
    get:
      operationId: flow
      parameters: [{ name: flow_id, in: path, required: true, schema: { type: string } }]
      responses: { '200': { description: It. }, '404': { description: None. } }
";
    let server = serve(|asked| {
        let json = |body: Value| Some((200, "content-type: application/json\r\n".to_owned(), body.to_string()));
        match asked.target.split_once('?').unwrap_or((&asked.target, "")) {
            _ if asked.method != "GET" => told(405, ""),
            ("/flows", "") => json(json!([{ "flow_id": "the-only-one" }])),
            ("/flows", _) => json(json!([])),
            ("/code/the-only-one", "") | ("/flows/the-only-one", _) => told(200, ""),
            _ => told(404, ""),
        }
    })
    .await;
    let suite = Suite::new(Document::parse("flows.yaml", document).unwrap()).cases(60);
    let report = suite.run(&server.url).await.unwrap();
    let answered = |id: &str, status: u16| {
        let operation = report.operations.iter().find(|operation| operation.id == id).unwrap();
        operation.answered.get(&status).copied().unwrap_or_default()
    };
    assert!(answered("code", 404) > 3 && answered("flow", 200) > answered("flow", 404), "{report}");
}

/// A body that names the resource once more names the one of the path.
#[tokio::test]
async fn a_body_names_what_the_path_names() {
    let document = r"openapi: 3.1.0
info: { title: Variables, version: 1.0.0 }
paths:
  /variables:
    post: { operationId: make, requestBody: { $ref: '#/components/requestBodies/Variable' }, responses: { '201': { $ref: '#/components/responses/Variable' }, '400': { description: No. }, '409': { description: Taken. } } }
  /variables/{variable_key}:
    parameters: [{ name: variable_key, in: path, required: true, schema: { type: string } }]
    patch: { operationId: change, requestBody: { $ref: '#/components/requestBodies/Variable' }, responses: { '200': { $ref: '#/components/responses/Variable' }, '400': { description: No. }, '404': { description: None. } } }
components:
  requestBodies:
    Variable: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Variable' } } } }
  responses:
    Variable: { description: It., content: { application/json: { schema: { $ref: '#/components/schemas/Variable' } } } }
  schemas:
    Variable: { type: object, required: [key], properties: { key: { type: string, minLength: 1 }, value: { type: string } } }
";
    let keys = Mutex::new(BTreeSet::new());
    let server = serve(move |asked| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let key = body["key"].as_str().filter(|key| !key.is_empty() && (body["value"].is_null() || body["value"].is_string()));
        let mut keys = keys.lock().unwrap();
        let json = |status| Some((status, "content-type: application/json\r\n".to_owned(), body.to_string()));
        match (asked.method.as_str(), asked.target.strip_prefix("/variables/"), key) {
            ("POST", None, Some(key)) if keys.insert(key.to_owned()) => json(201),
            ("POST", None, Some(_)) => told(409, ""),
            ("PATCH", Some(named), Some(key)) if keys.contains(named) && key == named => json(200),
            ("PATCH", Some(named), Some(_)) if !keys.contains(named) => told(404, ""),
            ("POST" | "PATCH", ..) => told(400, "The key of the body is not that of the path."),
            _ => told(405, ""),
        }
    })
    .await;
    let suite = Suite::new(Document::parse("variables.yaml", document).unwrap()).cases(20);
    let report = suite.run(&server.url).await.unwrap();
    assert!(report.operations.iter().all(|operation| operation.succeeded()), "{report}");
}

/// What names nothing and takes everything is not called for each case.
#[tokio::test]
async fn what_takes_everything_is_hardly_called() {
    let document = r"openapi: 3.1.0
info: { title: Users, version: 1.0.0 }
paths:
  /users:
    get: { operationId: list, responses: { '200': { description: All. } } }
    delete: { operationId: deleteAll, responses: { '204': { description: Gone. } } }
  /purge:
    post: { operationId: purge, responses: { '204': { description: Gone. } } }
";
    let calls = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&calls);
    let server = serve(move |asked| match (asked.method.as_str(), asked.target.split('?').next().unwrap()) {
        ("GET", "/users") => told(200, ""),
        ("DELETE", "/users") | ("POST", "/purge") => {
            kept.lock().unwrap().push(asked.method.clone());
            told(204, "")
        }
        _ => told(405, ""),
    })
    .await;
    let suite = Suite::new(Document::parse("users.yaml", document).unwrap()).cases(60);
    let report = suite.run(&server.url).await.unwrap();
    assert!(report.operations.iter().all(|operation| operation.succeeded()), "{report}");
    let calls = calls.lock().unwrap();
    let called = |method: &str| calls.iter().filter(|call| *call == method).count();
    assert!((1..=2).contains(&called("POST")) && (1..=2).contains(&called("DELETE")), "{calls:?}\n{report}");
}
