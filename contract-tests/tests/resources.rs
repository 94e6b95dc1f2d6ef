//! Requests name resources that the server has: ids come from its own answers.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod serving;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use contract_tests::{Document, Report, Suite, SuiteError};
use serde_json::{Value, json};

use self::serving::{Asked, Told, serve, told};

const SHOP: &str = r"openapi: 3.1.0
info: { title: Shops, version: 1.0.0 }
paths:
  /shops/{shop}:
    parameters: [{ name: shop, in: path, required: true, schema: { type: integer } }]
    delete: { operationId: closeShop, responses: { '204': { description: Gone. }, '404': { description: None. }, '400': { description: '' } } }
    get: { operationId: getShop, responses: { '200': { $ref: '#/components/responses/Shop' }, '404': { description: None. }, '400': { description: '' } } }
    patch:
      operationId: changeShop
      requestBody: { required: true, content: { application/merge-patch+json: { schema: { $ref: '#/components/schemas/Change' } } } }
      responses: { '200': { $ref: '#/components/responses/Shop' }, '404': { description: None. }, '400': { description: '' }, '415': { description: '' } }
  /shops:
    post:
      operationId: openShop
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/NewShop' } } } }
      responses: { '201': { $ref: '#/components/responses/Shop' }, '400': { description: '' }, '415': { description: '' } }
    get: { operationId: listShops, responses: { '200': { description: '', content: { application/json: { schema: { type: object, required: [shops], properties: { shops: { type: array, items: { $ref: '#/components/schemas/Shop' } } } } } } } } }
  /shops/{shop}/shelves/{label}:
    parameters:
      - { name: shop, in: path, required: true, schema: { type: integer } }
      - { name: label, in: path, required: true, schema: { type: string, pattern: '^[a-z]{3,8}$' } }
    put: { operationId: putShelf, responses: { '201': { description: New. }, '204': { description: There. }, '404': { description: None. }, '400': { description: '' } } }
    get: { operationId: getShelf, responses: { '204': { description: There. }, '404': { description: None. }, '400': { description: '' } } }
  /shops/{shop}/stock:
    delete:
      operationId: emptyShop
      parameters: [{ name: shop, in: path, required: true, schema: { type: integer } }]
      responses: { '204': { description: Empty. }, '404': { description: None. }, '400': { description: '' } }
  /visits:
    post:
      operationId: visit
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [shop_id], properties: { shop_id: { type: integer } } } } } }
      responses: { '204': { description: '' }, '404': { description: No shop. }, '400': { description: '' }, '415': { description: '' } }
components:
  schemas:
    NewShop: { type: object, required: [title], additionalProperties: false, properties: { title: { type: string, minLength: 1 }, from: { type: integer }, to: { type: integer } }, dependentRequired: { from: [to], to: [from] } }
    Shop: { type: object, required: [number], properties: { number: { type: integer } }, dependentRequired: { from: [to], to: [from] } }
    Change: { type: object, additionalProperties: false, properties: { title: { type: string, minLength: 1 }, from: { type: [integer, 'null'] }, to: { type: [integer, 'null'] } } }
  responses:
    Shop: { description: The shop., content: { application/json: { schema: { $ref: '#/components/schemas/Shop' } } } }
";

/// The shops by their number, and the labels of their shelves.
#[derive(Default)]
struct State {
    shops: BTreeMap<u64, Value>,
    shelves: Vec<(u64, String)>,
    /// Methods and paths, in their order.
    seen: Vec<String>,
}

type Shops = Arc<Mutex<State>>;

fn json_of(asked: &Asked, wanted: &str) -> Result<Value, u16> {
    let media_type: String = asked.media_type.to_lowercase().replace([' ', '"'], "");
    if media_type != wanted && media_type != format!("{wanted};charset=utf-8") {
        return Err(415);
    }
    let doubled = String::from_utf8_lossy(&asked.body).matches("\"title\"").count() > 1;
    serde_json::from_slice(&asked.body).map_err(|_| 400).and_then(|value| if doubled { Err(400) } else { Ok(value) })
}

fn valid(document: &Value, name: &str, value: &Value) -> Result<(), u16> {
    let schema = json!({"$ref": format!("#/components/schemas/{name}"), "components": document["components"]});
    if jsonschema::is_valid(&schema, value) { Ok(()) } else { Err(400) }
}

fn answer(state: &mut State, document: &Value, asked: &Asked, next: u64) -> Result<Told, u16> {
    let path = asked.target.split('?').next().unwrap().to_owned();
    state.seen.push(format!("{} {path}", asked.method));
    let number = |text: &str| text.parse::<i64>().map_err(|_| 400u16);
    let shop = |state: &State, text: &str| {
        let found = u64::try_from(number(text)?).ok().filter(|number| state.shops.contains_key(number));
        found.ok_or(404u16)
    };
    let body = |status: u16, value: &Value| Some((status, "content-type: application/json\r\n".to_owned(), value.to_string()));
    match (asked.method.as_str(), path.split('/').skip(1).collect::<Vec<_>>().as_slice()) {
        ("POST", ["shops"]) => {
            let mut new = json_of(asked, "application/json")?;
            valid(document, "NewShop", &new)?;
            new["number"] = json!(next);
            state.shops.insert(next, new.clone());
            Ok(body(201, &new))
        }
        ("GET", ["shops"]) => Ok(body(200, &json!({ "shops": state.shops.values().collect::<Vec<_>>() }))),
        ("GET", ["shops", id]) => shop(state, id).map(|id| body(200, &state.shops[&id])),
        ("DELETE", ["shops", id]) => {
            let id = shop(state, id)?;
            state.shops.remove(&id);
            Ok(told(204, ""))
        }
        ("PATCH", ["shops", id]) => {
            number(id)?;
            let change = json_of(asked, "application/merge-patch+json")?;
            valid(document, "Change", &change)?;
            let id = shop(state, id)?;
            let mut changed = state.shops[&id].clone();
            json_patch::merge(&mut changed, &change);
            valid(document, "Shop", &changed)?;
            state.shops.insert(id, changed.clone());
            Ok(body(200, &changed))
        }
        ("DELETE", ["shops", id, "stock"]) => shop(state, id).map(|_| told(204, "")),
        (method @ ("PUT" | "GET"), ["shops", id, "shelves", label]) => {
            number(id)?;
            if !(3..=8).contains(&label.len()) || !label.bytes().all(|byte| byte.is_ascii_lowercase()) {
                return Err(400);
            }
            let shelf = (shop(state, id)?, (*label).to_owned());
            let there = state.shelves.contains(&shelf);
            match (method, there) {
                ("GET", false) => Err(404),
                (_, true) => Ok(told(204, "")),
                (_, false) => {
                    state.shelves.push(shelf);
                    Ok(told(201, ""))
                }
            }
        }
        ("POST", ["visits"]) => {
            let visit = json_of(asked, "application/json")?;
            let id =
                visit.get("shop_id").filter(|id| id.is_i64() || id.is_u64() || id.as_f64().is_some_and(|id| id.fract() == 0.0));
            let id = id.ok_or(400u16)?.as_f64().unwrap();
            if state.shops.contains_key(&(id as u64)) { Ok(told(204, "")) } else { Err(404) }
        }
        _ => Ok(Some((405, "allow: GET, POST, PUT, PATCH, DELETE\r\n".to_owned(), String::new()))),
    }
}

/// Serves shops of which one is there from the beginning.
async fn shops(spoil: impl Fn(&State, &Asked) -> Option<Told> + Send + Sync + 'static) -> (serving::Served, Shops) {
    let document = Document::parse("shops.yaml", SHOP).unwrap().json;
    let state = Shops::default();
    state.lock().unwrap().shops.insert(7, json!({"number": 7, "title": "The first"}));
    let kept = Arc::clone(&state);
    let next = std::sync::atomic::AtomicU64::new(1_000);
    let server = serve(move |asked| {
        let mut state = kept.lock().unwrap();
        if let Some(spoilt) = spoil(&state, asked) {
            return spoilt;
        }
        let next = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        answer(&mut state, &document, asked, next).unwrap_or_else(|status| told(status, ""))
    })
    .await;
    (server, state)
}

fn suite() -> Suite {
    Suite::new(Document::parse("shops.yaml", SHOP).unwrap()).cases(40).lenient(true)
}

fn titles(report: &Report) -> Vec<String> {
    report
        .failures
        .iter()
        .filter(|failure| failure.level == contract_tests::rules::Level::Error)
        .map(|failure| failure.what.clone())
        .collect()
}

#[tokio::test]
async fn every_operation_succeeds_on_resources_that_the_run_has_made() {
    let (server, state) = shops(|_, _| None).await;
    let report = suite().run(&server.url).await.unwrap();
    let failed: Vec<&str> =
        report.operations.iter().filter(|operation| !operation.succeeded()).map(|operation| operation.id.as_str()).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(titles(&report), Vec::<String>::new());
    let state = state.lock().unwrap();
    assert!(state.shops.contains_key(&7), "what the run has not made is not deleted");
    assert!(!state.seen.contains(&"DELETE /shops/7/stock".to_owned()), "nor is anything below it");
    let own = |seen: &&String| {
        seen.strip_prefix("DELETE /shops/").and_then(|id| id.parse().ok()).is_some_and(|id: u64| (1_000..1_000_000).contains(&id))
    };
    let deleted = state.seen.iter().filter(own).count();
    assert!(deleted > 5, "each valid request deletes a shop of its own, and there were {deleted}");
}

#[tokio::test]
async fn a_fault_that_only_a_resource_shows_is_found() {
    let crash = |state: &State, asked: &Asked| {
        let there = asked.target.strip_prefix("/shops/").and_then(|id| state.shops.get(&id.parse().ok()?));
        (asked.method == "DELETE" && there.is_some()).then(|| told(500, ""))
    };
    let (server, _) = shops(crash).await;
    let report = suite().run(&server.url).await.unwrap();
    let found: Vec<&str> =
        report.failures.iter().filter(|failure| failure.status == Some(500)).map(|it| it.operation.as_str()).collect();
    assert_eq!(found, ["closeShop"]);
}

#[tokio::test]
async fn a_patch_is_refused_for_its_result_only() {
    // A title is refused whatever becomes of the shop.
    let refuse = |_: &State, asked: &Asked| {
        let title = serde_json::from_slice::<Value>(&asked.body).is_ok_and(|body| body.get("title").is_some());
        (asked.method == "PATCH" && title).then(|| told(400, ""))
    };
    let (server, _) = shops(refuse).await;
    let report = suite().only("changeShop").run(&server.url).await.unwrap();
    assert!(titles(&report).iter().any(|what| what.contains("is rejected with 400")), "{:?}", titles(&report));
}

#[tokio::test]
async fn what_is_excluded_is_never_called() {
    let (server, state) = shops(|_, _| None).await;
    let report = suite().exclude("closeShop").exclude("POST /visits").run(&server.url).await.unwrap();
    let untested: Vec<&str> = report.untested().map(|(operation, _)| operation.id.as_str()).collect();
    assert_eq!(untested, ["closeShop", "visit"]);
    let seen = state.lock().unwrap().seen.clone();
    let is_excluded =
        |seen: &String| seen.starts_with("POST /visits") || seen.starts_with("DELETE /shops/1") && !seen.ends_with("/stock");
    assert!(!seen.iter().any(is_excluded), "{seen:?}");
    let error = suite().exclude("nothing").run(&server.url).await.unwrap_err();
    assert!(matches!(error, SuiteError::NoSuchOperation(_)), "{error}");
}

#[tokio::test]
async fn a_run_that_only_reads_changes_nothing() {
    let (server, state) = shops(|_, _| None).await;
    let report = suite().read_only(true).run(&server.url).await.unwrap();
    let state = state.lock().unwrap();
    let changing: Vec<&String> = state
        .seen
        .iter()
        .filter(|seen| ["POST", "PUT", "PATCH", "DELETE"].iter().any(|method| seen.starts_with(method)))
        .collect();
    assert!(changing.is_empty(), "{changing:?}");
    let get = report.operations.iter().find(|operation| operation.id == "getShop").unwrap();
    assert!(get.succeeded(), "the list has named a shop");
}

#[tokio::test]
async fn a_value_that_is_given_is_used() {
    let (server, state) = shops(|_, _| None).await;
    suite().set("shop", "7").only("getShelf").run(&server.url).await.unwrap();
    let seen = state.lock().unwrap().seen.clone();
    assert!(seen.iter().any(|seen| seen.starts_with("GET /shops/7/shelves/")), "{seen:?}");
}

#[tokio::test]
async fn a_resource_that_is_given_is_not_deleted() {
    let (server, state) = shops(|_, _| None).await;
    suite().set("shop", "7").run(&server.url).await.unwrap();
    assert!(state.lock().unwrap().shops.contains_key(&7));
}

#[test]
fn who_gives_ids_is_explained() {
    let explained = suite().explain_state().unwrap();
    assert!(explained.contains("getShop (GET /shops/{shop}) needs shop\n  from openShop (POST /shops)\n"), "{explained}");
    assert!(explained.contains("getShelf (GET /shops/{shop}/shelves/{label}) needs shop, label\n  from putShelf"), "{explained}");
    let explained = Suite::new(Document::parse("library.yaml", LIBRARY).unwrap()).explain_state().unwrap();
    let refers = "addBook (POST /books) refers to /authors/{author_id}\n  from addAuthor (POST /authors)\n";
    assert!(explained.contains(refers), "{explained}");
    let bare = "{ openapi: 3.1.0, info: { title: Bare, version: 1.0.0 }, paths: { /a: { get: { responses: {} } } } }";
    let explained = Suite::new(Document::parse("bare.yaml", bare).unwrap()).explain_state().unwrap();
    assert_eq!(explained, "no path names a resource, and no request refers to one\n");
}

#[tokio::test]
async fn a_survey_accuses_no_server_that_keeps_its_promises() {
    let document = Document::parse("shops.yaml", SHOP).unwrap();
    let surveyed = contract_tests::survey::survey(document, &contract_tests::survey::Options::default()).await.unwrap();
    assert!(surveyed.complete && surveyed.refused.is_none() && surveyed.constraints > 10, "{surveyed}");
    assert_eq!(surveyed.findings.iter().filter(|finding| !finding.starts_with("warning: ")).count(), 0, "{surveyed}");
}

#[test]
fn plans_are_made_without_a_server_as_long_as_there_is_time() {
    let plan = |seconds| {
        let document = Document::parse("shops.yaml", SHOP).unwrap();
        contract_tests::survey::Planning::of(document, 1, std::time::Duration::from_secs(seconds)).unwrap()
    };
    let (all, none) = (plan(60), plan(0));
    assert!(all.plans > 3 && all.unmade == 0 && all.samples > all.constraints && all.steps > 0, "{all}");
    assert_eq!((none.plans, none.unmade), (0, all.plans), "{none}");
}

const PETS: &str = r"openapi: 3.0.3
info: { title: Pets, version: 1.0.0 }
paths:
  /pets:
    post:
      operationId: addPet
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } } }
      responses: { '200': { $ref: '#/components/responses/Pet' }, '400': { description: '' }, '415': { description: '' } }
    put:
      operationId: replacePet
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } } }
      responses: { '200': { $ref: '#/components/responses/Pet' }, '404': { description: None. }, '400': { description: '' }, '415': { description: '' } }
  /pets/{petId}:
    get:
      operationId: getPet
      parameters: [{ name: petId, in: path, required: true, schema: { type: integer } }]
      responses: { '200': { $ref: '#/components/responses/Pet' }, '404': { description: None. }, '400': { description: '' } }
components:
  schemas:
    Pet: { type: object, required: [title], additionalProperties: false, properties: { id: { type: integer }, title: { type: string }, tags: { type: array, items: { $ref: '#/components/schemas/Tag' } } } }
    Tag: { type: object, properties: { label: { type: string } } }
  responses:
    Pet: { description: The pet., content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } } }
";

/// Serves pets whose tags are as `keep` says.
async fn pets(keep: fn(&Value) -> Value) -> serving::Served {
    let schemas = Document::parse("pets.yaml", PETS).unwrap().json;
    let pets = Mutex::new(BTreeMap::<String, Value>::new());
    serve(move |asked| {
        let mut pets = pets.lock().unwrap();
        let pet = || {
            let mut pet = json_of(asked, "application/json")?;
            valid(&schemas, "Pet", &pet)?;
            pet.get_mut("tags").and_then(Value::as_array_mut).into_iter().flatten().for_each(|tag| *tag = keep(tag));
            Ok::<Value, u16>(pet)
        };
        let shown = |pet: &Value| Some((200, "content-type: application/json\r\n".to_owned(), pet.to_string()));
        let path = asked.target.split('?').next().unwrap();
        let answered = match (asked.method.as_str(), path.strip_prefix("/pets/")) {
            ("POST", None) => pet().map(|mut pet| {
                pet["id"] = json!(pets.len() + 1_000); // Whatever the request says.
                pets.insert(pet["id"].to_string(), pet.clone());
                shown(&pet)
            }),
            ("PUT", None) => pet().and_then(|pet| {
                let known = pets.get_mut(&pet["id"].to_string()).ok_or(404u16)?;
                *known = pet.clone();
                Ok(shown(&pet))
            }),
            ("GET", Some(id)) if id.parse::<i64>().is_ok() => pets.get(id).map(shown).ok_or(404),
            ("GET", Some(_)) => Err(400),
            _ => Ok(Some((405, "allow: GET, POST, PUT\r\n".to_owned(), String::new()))),
        };
        answered.unwrap_or_else(|status| told(status, ""))
    })
    .await
}

/// Of a tag only what is documented, and something that nobody sent.
fn typed(tag: &Value) -> Value {
    let mut kept = json!({ "rank": 1 });
    tag.get("label").into_iter().for_each(|label| kept["label"] = label.clone());
    kept
}

async fn pets_report(keep: fn(&Value) -> Value) -> Report {
    let server = pets(keep).await;
    Suite::new(Document::parse("pets.yaml", PETS).unwrap()).cases(40).lenient(true).run(&server.url).await.unwrap()
}

#[tokio::test]
async fn an_answer_need_not_have_what_is_only_allowed() {
    assert_eq!(titles(&pets_report(typed).await), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_says_what_was_sent_deep_inside_too() {
    let report = pets_report(|tag| json!({ "label": tag.get("label").map(|_| "other") })).await;
    let found = titles(&report);
    assert!(found.contains(&"the response has another label than the request".to_owned()), "{found:?}");
}

#[tokio::test]
async fn an_id_in_the_body_names_what_a_put_replaces() {
    let report = pets_report(typed).await;
    let failed: Vec<&str> =
        report.operations.iter().filter(|operation| !operation.succeeded()).map(|operation| operation.id.as_str()).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(titles(&report), Vec::<String>::new(), "{report}");
}

const LIBRARY: &str = r"openapi: 3.1.0
info: { title: Library, version: 1.0.0 }
paths:
  /authors:
    post:
      operationId: addAuthor
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/NewAuthor' } } } }
      responses: { '201': { $ref: '#/components/responses/Author' }, '400': { description: Not so. }, '415': { description: Not so. } }
  /authors/{author_id}:
    get:
      operationId: getAuthor
      parameters: [{ name: author_id, in: path, required: true, schema: { type: integer } }]
      responses: { '200': { $ref: '#/components/responses/Author' }, '404': { description: None. }, '400': { description: Not so. } }
  /books:
    post:
      operationId: addBook
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/NewBook' } } } }
      responses: { '201': { $ref: '#/components/responses/Book' }, '400': { description: Not so. }, '415': { description: Not so. } }
  /books/{book_id}/authors/{author_id}:
    put:
      operationId: putAuthor
      parameters:
        - { name: book_id, in: path, required: true, schema: { type: integer } }
        - { name: author_id, in: path, required: true, schema: { type: integer } }
      responses: { '200': { $ref: '#/components/responses/Author' }, '404': { description: None. }, '400': { description: Not so. } }
  /books/{book_id}/authors:
    get:
      operationId: listAuthors
      parameters: [{ name: book_id, in: path, required: true, schema: { type: integer } }]
      responses:
        '200': { description: All., content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Author' } } } } }
        '404': { description: None. }
        '400': { description: Not so. }
components:
  schemas:
    NewAuthor: { type: object, required: [email, name], properties: { email: { type: string, format: email }, name: { type: string } } }
    Author: { type: object, required: [id], properties: { id: { type: integer } } }
    NewBook: { type: object, required: [author], properties: { author: { type: integer } } }
    Book: { type: object, required: [id], properties: { id: { type: integer } } }
  responses:
    Author: { description: It., content: { application/json: { schema: { $ref: '#/components/schemas/Author' } } } }
    Book: { description: It., content: { application/json: { schema: { $ref: '#/components/schemas/Book' } } } }
";

/// The emails of the authors, and how many books there are.
#[derive(Default)]
struct Library {
    authors: Vec<String>,
    books: usize,
}

/// A library that has one status for all refusals: also for an email that another author has, and for a book of nobody.
fn library(library: &mut Library, document: &Value, asked: &Asked) -> Result<Told, u16> {
    let path = asked.target.split('?').next().unwrap().to_owned();
    let made =
        |status: u16, id: usize| Some((status, "content-type: application/json\r\n".to_owned(), json!({ "id": id }).to_string()));
    let one_of = |count: usize, text: &str| {
        let id = text.parse::<i64>().map_err(|_| 400u16)?;
        usize::try_from(id).ok().filter(|id| (1..=count).contains(id)).ok_or(404u16)
    };
    match (asked.method.as_str(), path.split('/').skip(1).collect::<Vec<_>>().as_slice()) {
        ("POST", ["authors"]) => {
            let new = json_of(asked, "application/json")?;
            valid(document, "NewAuthor", &new)?;
            let email = new["email"].as_str().unwrap().to_lowercase();
            if library.authors.contains(&email) || !email.contains('@') {
                return Err(400);
            }
            library.authors.push(email);
            Ok(made(201, library.authors.len()))
        }
        ("POST", ["books"]) => {
            let new = json_of(asked, "application/json")?;
            valid(document, "NewBook", &new)?;
            one_of(library.authors.len(), &new["author"].to_string()).map_err(|_| 400u16)?;
            library.books += 1;
            Ok(made(201, library.books))
        }
        ("GET", ["authors", id]) => one_of(library.authors.len(), id).map(|id| made(200, id)),
        ("PUT", ["books", book, "authors", author]) => {
            let ids = (one_of(library.books, book), one_of(library.authors.len(), author));
            match ids {
                (Err(400), _) | (_, Err(400)) => Err(400),
                (book, author) => book.and(author).map(|id| made(200, id)),
            }
        }
        ("GET", ["books", id, "authors"]) => {
            one_of(library.books, id).map(|_| Some((200, "content-type: application/json\r\n".to_owned(), "[]".to_owned())))
        }
        _ => Err(if asked.method == "GET" { 404 } else { 405 }),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_or_refers_to_nothing_is_not_called_refused() {
    let document = Document::parse("library.yaml", LIBRARY).unwrap();
    let (json, state) = (document.json.clone(), Mutex::new(Library::default()));
    let served =
        serve(move |asked| library(&mut state.lock().unwrap(), &json, asked).unwrap_or_else(|status| told(status, ""))).await;
    let report = Suite::new(document).cases(20).run(&served.url).await.unwrap();
    let refused: Vec<_> = report.failures.iter().filter(|failure| failure.rule.ends_with("-refused")).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let without: Vec<&str> = report.operations.iter().filter(|it| !it.succeeded()).map(|it| it.id.as_str()).collect();
    assert!(without.is_empty(), "{without:?}");
}
