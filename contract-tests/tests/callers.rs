//! Two callers: what one creates is hidden from the other, where the tests are told so, and a token is good for what its scopes say.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod serving;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use contract_tests::{Credential, Document, Signer, Suite};
use faulty_server::{AuthFault, Effect, Fault, Faulty, Group};
use serde_json::{Value, json};

use self::serving::{Asked, Told, serve, told};

const NOTES: &str = "
openapi: 3.1.0
info: {title: Notes, version: '1'}
security: [{key: []}]
paths:
  /notes:
    get:
      operationId: listNotes
      responses:
        '200': {description: All., content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Note'}}}}}
    post:
      operationId: addNote
      requestBody: {$ref: '#/components/requestBodies/Note'}
      responses:
        '201': {description: It., content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}
        '400': {description: Not so.}
  /notes/{noteId}:
    parameters: [{name: noteId, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: getNote
      responses:
        '200': {description: It., content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}
        '400': {description: Not so.}
        '404': {description: There is none.}
    put:
      operationId: changeNote
      requestBody: {$ref: '#/components/requestBodies/Note'}
      responses:
        '204': {description: Changed.}
        '400': {description: Not so.}
        '404': {description: There is none.}
    delete:
      operationId: deleteNote
      responses:
        '204': {description: Gone.}
        '400': {description: Not so.}
        '404': {description: There is none.}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: x-api-key}}
  requestBodies:
    Note: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/NewNote'}}}}
  schemas:
    NewNote: {type: object, required: [text], properties: {text: {type: string}}}
    Note: {type: object, required: [id], properties: {id: {type: integer}, text: {type: string}}}
";

/// Notes by their number, each with its owner.
type Notes = BTreeMap<u64, (String, Value)>;

/// What a server does not ask about the caller.
#[derive(Clone, Copy, PartialEq)]
enum Careless {
    No,
    OnRead,
    OnList,
    OnChange,
    OnDelete,
    /// It says that it has deleted what it does not find.
    PoliteOnDelete,
    /// It looks at the body before the caller is known.
    Validating,
}

fn answer(notes: &mut Notes, asked: &Asked, careless: Careless) -> Result<Told, u16> {
    let path = asked.target.split('?').next().unwrap();
    let text = || {
        let note: Value = serde_json::from_slice(&asked.body).map_err(|_| 400u16)?;
        if note.is_object() && note["text"].is_string() { Ok(note) } else { Err(400u16) }
    };
    let known = asked.key == "ada" || asked.key == "eve";
    if careless == Careless::Validating && !known && matches!(asked.method.as_str(), "POST" | "PUT") {
        text()?;
    }
    if !known {
        return Err(401);
    }
    let shown = |id: u64, note: &Value| json!({ "id": id, "text": note["text"] });
    let said = |status: u16, value: &Value| Some((status, "content-type: application/json\r\n".to_owned(), value.to_string()));
    let Some(id) = path.strip_prefix("/notes/") else {
        return match (asked.method.as_str(), path) {
            ("GET", "/notes") => {
                let own = notes.iter().filter(|(_, (owner, _))| *owner == asked.key || careless == Careless::OnList);
                Ok(said(200, &own.map(|(id, (_, note))| shown(*id, note)).collect()))
            }
            ("POST", "/notes") => {
                let (note, id) = (text()?, notes.keys().next_back().map_or(1, |last| last + 1));
                notes.insert(id, (asked.key.clone(), note.clone()));
                Ok(said(201, &shown(id, &note)))
            }
            _ => Err(405),
        };
    };
    let id = id.parse::<i64>().map_err(|_| 400u16)?;
    let new = if asked.method == "PUT" { Some(text()?) } else { None };
    let asks = match asked.method.as_str() {
        "GET" => careless != Careless::OnRead,
        "PUT" => careless != Careless::OnChange,
        "DELETE" => careless != Careless::OnDelete,
        _ => return Err(405),
    };
    let found = u64::try_from(id).ok().filter(|id| notes.get(id).is_some_and(|(owner, _)| *owner == asked.key || !asks));
    let id = match found {
        Some(id) => id,
        None if careless == Careless::PoliteOnDelete && asked.method == "DELETE" => return Ok(told(204, "")),
        None => return Err(404),
    };
    match (asked.method.as_str(), new) {
        ("GET", _) => Ok(said(200, &shown(id, &notes[&id].1))),
        (_, Some(new)) => {
            notes.get_mut(&id).unwrap().1 = new;
            Ok(told(204, ""))
        }
        _ => {
            notes.remove(&id);
            Ok(told(204, ""))
        }
    }
}

/// The rules about callers that such a server breaks, each with the operation.
async fn broken(careless: Careless, other: Option<&str>) -> BTreeSet<(&'static str, String)> {
    let notes = Mutex::new(Notes::new());
    let served =
        serve(move |asked| answer(&mut notes.lock().unwrap(), asked, careless).unwrap_or_else(|status| told(status, ""))).await;
    let mut suite = Suite::new(Document::parse("notes.yaml", NOTES).unwrap()).api_key("key", "ada").cases(5);
    if let Some(other) = other {
        suite = suite.other(Credential::ApiKey("key".to_owned(), other.to_owned()));
    }
    let report = suite.run(&served.url).await.unwrap();
    let about = ["foreign-read", "foreign-change", "authentication-status"];
    let failures = report.failures.into_iter().filter(|failure| about.contains(&failure.rule));
    failures.map(|failure| (failure.rule, failure.operation)).collect()
}

fn only(rule: &'static str, operation: &str) -> BTreeSet<(&'static str, String)> {
    BTreeSet::from([(rule, operation.to_owned())])
}

#[tokio::test]
async fn who_keeps_what_is_whose_is_accused_of_nothing() {
    for careless in [Careless::No, Careless::PoliteOnDelete] {
        assert_eq!(broken(careless, Some("eve")).await, BTreeSet::new());
    }
}

#[tokio::test]
async fn what_another_caller_gets_at_is_found() {
    assert_eq!(broken(Careless::OnRead, Some("eve")).await, only("foreign-read", "getNote"));
    assert_eq!(broken(Careless::OnList, Some("eve")).await, only("foreign-read", "listNotes"));
    assert_eq!(broken(Careless::OnChange, Some("eve")).await, only("foreign-change", "changeNote"));
    assert_eq!(broken(Careless::OnDelete, Some("eve")).await, only("foreign-change", "deleteNote"));
}

#[tokio::test]
async fn without_another_caller_nobody_says_whose_a_resource_is() {
    assert_eq!(broken(Careless::OnRead, None).await, BTreeSet::new());
}

#[tokio::test]
async fn a_body_is_looked_at_when_the_caller_is_known() {
    let found = broken(Careless::Validating, None).await;
    assert_eq!(found, only("authentication-status", "addNote"));
}

/// Two operations, each with a scope of its own.
const SCOPES: &str = "
openapi: 3.1.0
info: {title: Shop, version: '1'}
paths:
  /stock:
    get: {operationId: readStock, security: [{token: [read]}], responses: &responses {'200': {description: It.}, '401': {description: Who?}, '403': {description: No.}}}
  /orders:
    get: {operationId: readOrders, security: [{token: [orders]}], responses: *responses}
components:
  securitySchemes: {token: {type: http, scheme: bearer}}
";

#[tokio::test]
async fn the_scope_of_another_operation_is_not_enough() {
    let (pem, kid, issuer, audience) = Faulty::signing_key();
    let signer = Signer::new(&pem, &kid, &issuer, &audience).unwrap();
    for (fault, wanted) in [(None, vec![]), (Some(AuthFault::ScopeForAll("read")), vec![("other-scope", "readOrders")])] {
        let document = Document::parse("shop.yaml", SCOPES).unwrap();
        let fault = fault.map(|fault| Fault { name: "", group: Group::Authentication, at: "", effect: Effect::Auth(fault) });
        let server = Faulty::start(&document.json, fault).await.unwrap();
        let report = Suite::new(document).signer(signer.clone()).cases(5).run(&server.url).await.unwrap();
        let found: Vec<_> = report.failures.iter().map(|failure| (failure.rule, failure.operation.as_str())).collect();
        assert_eq!(found, wanted, "{report}");
    }
}
