//! What earlier requests have to do with later ones: a server that confuses its resources is found out, with the steps that lead there.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod serving;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use contract_tests::{Document, Failure, Report, Suite};
use faulty_server::{Effect, Fault, Faulty, Group, Reply, Seen, StoreFault};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::process::Command;

use self::serving::{Asked, Told, told};

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: {title: Shops, version: '1'}
paths:
  /shops:
    get:
      operationId: listShops
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
        - PAGES
        - {name: title, in: query, schema: {type: string}}
        - {name: kind, in: query, schema: {$ref: '#/components/schemas/Kind'}}
      responses:
        '200': {description: The shops., content: {application/json: {schema: {$ref: '#/components/schemas/Shops'}}}}
        '400': {description: Not so.}
    post:
      operationId: openShop
      requestBody: {$ref: '#/components/requestBodies/Shop'}
      responses:
        '201': {description: It is open., content: {application/json: {schema: {$ref: '#/components/schemas/Shop'}}}}
        '400': {description: Not so.}
        '415': {description: Not so.}
  /shops/{shopId}:
    parameters: [{name: shopId, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getShop
      responses:
        '200':
          description: The shop.
          headers: {ETag: {required: true, schema: {type: string, pattern: '^"[0-9a-f]+"$'}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Shop'}}}
        '304': {description: It is as it was.}
        '404': {description: There is none.}
    put:
      operationId: changeShop
      requestBody: {$ref: '#/components/requestBodies/Shop'}
      responses:
        '204': {description: Changed.}
        '400': {description: Not so.}
        '404': {description: There is none.}
        '412': {description: It has changed.}
        '415': {description: Not so.}
    patch:
      operationId: alterShop
      requestBody:
        required: true
        content:
          application/merge-patch+json:
            schema:
              type: object
              additionalProperties: false
              properties:
                title: {$ref: '#/components/schemas/NewShop/properties/title'}
                rent: {type: [number, 'null'], minimum: 0}
                note: {type: [string, 'null'], minLength: 1, maxLength: 60}
      responses:
        '200': {description: Changed., content: {application/json: {schema: {$ref: '#/components/schemas/Shop'}}}}
        '400': {description: Not so.}
        '404': {description: There is none.}
        '412': {description: It has changed.}
        '415': {description: Not so.}
    delete:
      operationId: closeShop
      responses:
        '204': {description: Closed.}
        '404': {description: There is none.}
        '412': {description: It has changed.}
components:
  requestBodies:
    Shop:
      required: true
      content: {application/json: {schema: {$ref: '#/components/schemas/NewShop'}}}
  schemas:
    NewShop:
      type: object
      required: [title]
      additionalProperties: false
      properties:
        title: {type: string, pattern: '^[A-Z][a-z]{3,30}$'}
        kind: {$ref: '#/components/schemas/Kind'}
        rent: {type: number, minimum: 0}
        note: {type: string, minLength: 1, maxLength: 60}
        tags: {type: array, items: {type: string, minLength: 1}, maxItems: 4}
    Kind: {type: string, enum: [corner, market]}
    Shop:
      type: object
      required: [id]
      properties:
        id: {type: string, readOnly: true}
        createdAt: {type: string, format: date-time, readOnly: true}
        title: {type: string, pattern: '^[A-Z][a-z]{3,30}$'}
        kind: {$ref: '#/components/schemas/Kind'}
        rent: {type: number, minimum: 0}
        note: {type: string, minLength: 1, maxLength: 60}
        tags: {type: array, items: {type: string, minLength: 1}, maxItems: 4}
    Shops: LIST
"##;

/// The ways to ask for the next page: the parameter, and the schema of the list.
const PAGES: [(&str, &str, &str); 4] = [
    ("an offset", "{name: offset, in: query, schema: {type: integer, minimum: 0}}", PLAIN),
    ("a number", "{name: page, in: query, schema: {type: integer, minimum: 1}}", PLAIN),
    ("a number that nobody says the first of", "{name: page, in: query, schema: {type: integer}}", PLAIN),
    (
        "a cursor",
        "{name: cursor, in: query, schema: {type: string, pattern: '^[0-9]{16}$'}}",
        "{type: object, required: [items], properties: {items: {type: array, items: {$ref: '#/components/schemas/Shop'}}, nextCursor: {type: string}}}",
    ),
];

const PLAIN: &str = "{type: array, items: {$ref: '#/components/schemas/Shop'}}";

/// Named faults of what a server stores, each with the rule that it breaks and the operation that is to blame.
const FAULTS: [(&str, StoreFault, &str, &str); 61] = [
    ("the newest is not listed", StoreFault::NewestNotListed, "not-listed", "listShops"),
    ("one is listed twice", StoreFault::ListedTwice, "paging", "listShops"),
    ("a deleted one is listed", StoreFault::DeletedListed, "deleted-listed", "listShops"),
    ("a change is one of all", StoreFault::ChangesAll, "other-changed", "changeShop"),
    ("a deletion takes another one", StoreFault::DeletesTwo, "other-changed", "closeShop"),
    ("a refused change is carried out", StoreFault::RefusedChanges, "refusal-changes-state", "changeShop"),
    ("a list is added to the list that is there", StoreFault::PutAdds, "put-twice", "changeShop"),
    ("deleting what is deleted fails", StoreFault::DeleteAgainFails, "server-error", "closeShop"),
    ("the ETag never changes", StoreFault::SameEtag, "etag", "changeShop"),
    ("If-None-Match is ignored", StoreFault::IfNoneMatchIgnored, "precondition", "getShop"),
    ("If-Match is ignored", StoreFault::IfMatchIgnored, "precondition", "changeShop"),
    ("the size of a page is ignored", StoreFault::LimitIgnored, "paging", "listShops"),
    ("pages overlap", StoreFault::PagesOverlap, "paging", "listShops"),
    ("between pages one is left out", StoreFault::PagesSkip, "paging", "listShops"),
    ("a filter is ignored", StoreFault::FilterIgnored, "filter", "listShops"),
    ("a filter loses the last", StoreFault::FilterLosesTheLast, "filter", "listShops"),
    ("a new one takes the place of the first", StoreFault::OverwritesTheFirst, "other-changed", "openShop"),
    ("a deleted one stays", StoreFault::NotDeleted, "deleted-found", "closeShop"),
    ("a new one is not stored", StoreFault::NotStored, "created-not-found", "openShop"),
    ("the newest is not found", StoreFault::NewestNotFound, "created-not-found", "openShop"),
    ("a new one is stored without its tags", StoreFault::StoredWithout(&["rent", "note", "tags"]), "found-differs", "openShop"),
    ("every new one has the same id", StoreFault::SameId, "duplicate-id", "openShop"),
    ("ids are used again", StoreFault::IdReused, "duplicate-id", "openShop"),
    ("a creation is a change of all", StoreFault::CreationChangesAll, "other-changed", "openShop"),
    ("there is place for two", StoreFault::KeepsTwo, "other-changed", "openShop"),
    ("the newest is shown for each", StoreFault::ShowsTheNewest, "other-changed", "openShop"),
    ("the oldest is not listed", StoreFault::OldestNotListed, "not-listed", "listShops"),
    ("all are listed as they were created", StoreFault::ListedAsCreated, "change-not-shown", "listShops"),
    ("a list stays until something is created", StoreFault::ListCached, "deleted-listed", "listShops"),
    ("nothing leads to the last page", StoreFault::LastPageLost, "paging", "listShops"),
    ("the last page is filled up", StoreFault::LastPageFilled, "paging", "listShops"),
    ("pages have opposite orders", StoreFault::PagesReversed, "paging", "listShops"),
    ("a page has one more", StoreFault::OneItemMore, "paging", "listShops"),
    ("a cursor is ignored", StoreFault::CursorIgnored, "paging", "listShops"),
    ("the last page leads to the first", StoreFault::NextForever, "paging", "listShops"),
    ("a filter lists what does not match", StoreFault::FilterInverted, "filter", "listShops"),
    ("a filter finds nothing", StoreFault::FilterFindsNothing, "filter", "listShops"),
    ("a filter looks at the oldest only", StoreFault::FilterOfTheOldest, "filter", "listShops"),
    ("of two filters one is ignored", StoreFault::FiltersIgnored, "filter", "listShops"),
    ("a filter is one of the first page", StoreFault::FilterOfTheFirstPage, "filter", "listShops"),
    ("a deleted one comes back", StoreFault::DeletedComesBack, "deleted-found", "getShop"),
    ("a deletion takes all", StoreFault::DeletesAll, "other-changed", "closeShop"),
    ("a deletion takes another one instead", StoreFault::DeletesAnother, "deleted-found", "closeShop"),
    ("a deleted one is only not listed", StoreFault::DeleteHides, "deleted-found", "closeShop"),
    ("a change is not stored", StoreFault::NotChanged, "change-not-shown", "changeShop"),
    ("a change is one of another", StoreFault::ChangesAnother, "change-not-shown", "changeShop"),
    ("a change gives another id", StoreFault::ChangesId, "other-changed", "changeShop"),
    ("a change resets the time of creation", StoreFault::ChangesCreation, "timestamps", "changeShop"),
    ("a PUT merges", StoreFault::PutMerges, "change-not-shown", "changeShop"),
    ("a PUT inserts", StoreFault::PutInserts, "paging", "listShops"),
    ("a PUT again empties", StoreFault::PutAgainEmpties, "put-twice", "changeShop"),
    ("a PUT again fails", StoreFault::PutAgainFails, "server-error", "changeShop"),
    ("a PATCH removes the rest", StoreFault::PatchReplaces, "other-changed", "alterShop"),
    ("a PATCH ignores null", StoreFault::PatchNullIgnored, "change-not-shown", "alterShop"),
    ("a PATCH is not stored", StoreFault::PatchNotStored, "change-not-shown", "alterShop"),
    ("a PATCH is one of all", StoreFault::ChangesAll, "other-changed", "alterShop"),
    ("a change that gets 412 is carried out", StoreFault::StaleChanges, "refusal-changes-state", "changeShop"),
    ("a deletion that gets 412 is carried out", StoreFault::StaleDeletes, "refusal-changes-state", "closeShop"),
    ("the current ETag does not match", StoreFault::IfMatchNeverHolds, "precondition", "changeShop"),
    ("a deletion ignores If-Match", StoreFault::IfMatchIgnoredByDelete, "precondition", "closeShop"),
    ("an old ETag gets 304", StoreFault::NotModifiedAlways, "precondition", "getShop"),
];

fn document(pages: usize) -> Document {
    let (_, parameter, list) = PAGES[pages];
    Document::parse("shops.yaml", DOCUMENT.replace("PAGES", parameter).replace("LIST", list)).unwrap()
}

async fn serve(document: &Document, effect: Option<Effect>) -> Faulty {
    let fault = effect.map(|effect| Fault { name: "", group: Group::State, at: "", effect });
    Faulty::start(&document.json, fault).await.unwrap()
}

async fn report(pages: usize, effect: Option<Effect>, seed: u64) -> Report {
    let document = document(pages);
    let server = serve(&document, effect).await;
    Suite::new(document).cases(5).seed(seed).run(&server.url).await.unwrap()
}

fn shown(report: &Report) -> Vec<String> {
    let each = report.failures.iter();
    each.map(|failure| format!("{} {}: {} ({})\n{}", failure.rule, failure.operation, failure.what, failure.detail, failure.curl))
        .collect()
}

/// The number of seeds; `SEEDS=100` takes more.
fn seeds() -> u64 {
    std::env::var("SEEDS").map_or(3, |seeds| seeds.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_keeps_what_it_is_told_is_accused_of_nothing() {
    for seed in 1..=seeds() {
        for (pages, (name, ..)) in PAGES.iter().enumerate() {
            let report = report(pages, None, seed).await;
            assert!(report.failures.is_empty(), "seed {seed}, {name}: {:#?}", shown(&report));
            assert!(report.operations.iter().all(|operation| operation.succeeded()), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_what_is_stored_is_found_and_named() {
    let only = std::env::var("FAULT").ok();
    let tried = FAULTS.into_iter().filter(|(name, ..)| only.as_ref().is_none_or(|only| name.contains(only.as_str())));
    let missed: Vec<String> = stream::iter(tried)
        .map(|(name, fault, rule, operation)| async move {
            let is_it = |failure: &Failure| failure.rule == rule && failure.operation == operation;
            let document = document(3);
            let server = serve(&document, Some(Effect::Store(fault))).await;
            let report = Suite::new(document).cases(5).run_until(&server.url, is_it).await.unwrap();
            (!report.failures.iter().any(is_it)).then(|| format!("{name}: {:#?}", shown(&report)))
        })
        .buffered(6) // Most of the time they wait for a server that may take a moment.
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_walked_in_whatever_way_the_document_has() {
    for (pages, (name, ..)) in PAGES.iter().enumerate() {
        let report = report(pages, Some(Effect::Store(StoreFault::PagesSkip)), 1).await;
        let rules: BTreeSet<&str> = report.failures.iter().map(|failure| failure.rule).collect();
        assert!(rules.contains("paging"), "{name}: {:#?}", shown(&report));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sequence_is_short_and_its_commands_run_one_after_the_other() {
    let document = document(3);
    let server = serve(&document, Some(Effect::Store(StoreFault::ChangesAll))).await;
    let report = Suite::new(document).cases(5).run(&server.url).await.unwrap();
    let failure = report.failures.iter().find(|failure| failure.rule == "other-changed").unwrap();
    assert_eq!(
        failure.curl.matches("curl ").count(),
        4,
        "two are created, one is changed, and the other is looked at: {}",
        failure.curl
    );
    let Ok(ended) =
        Command::new("bash").args(["-c", &format!("command -v curl jq >/dev/null || exit 9\n{}", failure.curl)]).output().await
    else {
        return;
    };
    if ended.status.code() == Some(9) {
        return; // Not every machine has both.
    }
    let out = String::from_utf8(ended.stdout).unwrap();
    let changed: Value = serde_json::from_str(failure.request.as_ref().unwrap()).unwrap();
    let last: Value = serde_json::from_str(out.rsplit("\r\n\r\n").next().unwrap()).unwrap();
    assert_eq!(last["title"], changed["title"], "the last answer shows it: {out}");
}

const LABELS: &str = r"
openapi: 3.1.0
info: {title: Labels, version: '1'}
paths:
  /labels/{label}:
    parameters: [{name: label, in: path, required: true, schema: {type: string, pattern: '^[a-z0-9]{1,30}$'}}]
    get: {operationId: getLabel, responses: {'200': {$ref: '#/components/responses/Label'}, '404': {description: None.}}}
    put:
      operationId: putLabel
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Label'}}}}
      responses: {'200': {$ref: '#/components/responses/Label'}, '400': {description: Not so.}}
    delete: {operationId: dropLabel, responses: {'204': {description: Gone.}, '404': {description: None.}}}
components:
  schemas: {Label: {type: object, required: [colour], properties: {colour: {type: string, minLength: 1}}}}
  responses: {Label: {description: It., content: {application/json: {schema: {$ref: '#/components/schemas/Label'}}}}}
";

/// Labels by the names that clients choose; with the fault, what is said of one is said of all.
fn label(labels: &mut BTreeMap<String, Value>, asked: &Asked, fault: bool) -> Told {
    let label = |status: u16, body: &Value| Some((status, "content-type: application/json\r\n".to_owned(), body.to_string()));
    let Some(name) = asked.target.strip_prefix("/labels/").filter(|name| !name.contains('?')) else { return told(404, "") };
    match (asked.method.as_str(), labels.get(name)) {
        ("PUT", _) => {
            let body = serde_json::from_slice::<Value>(&asked.body).ok();
            let Some(body) = body.filter(|body| body["colour"].as_str().is_some_and(|text| !text.is_empty())) else {
                return told(400, "");
            };
            if fault {
                labels.values_mut().for_each(|known| *known = body.clone());
            }
            labels.insert(name.to_owned(), body.clone());
            label(200, &body)
        }
        ("GET", Some(found)) => label(200, found),
        ("DELETE", Some(_)) => labels.remove(name).and(told(204, "")),
        _ => told(404, ""),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clients_name_themselves_has_sequences_too() {
    for fault in [false, true] {
        let labels = Mutex::new(BTreeMap::new());
        let served = serving::serve(move |asked| label(&mut labels.lock().unwrap(), asked, fault)).await;
        let suite = Suite::new(Document::parse("labels.yaml", LABELS).unwrap()).lenient(true).cases(5);
        let report = suite.run(&served.url).await.unwrap();
        let found: Vec<&Failure> = report.failures.iter().filter(|failure| RULES.contains(&failure.rule)).collect();
        let rules: Vec<&str> = found.iter().map(|failure| failure.rule).collect();
        assert_eq!(rules, if fault { vec!["other-changed"] } else { vec![] }, "{:#?}", shown(&report));
        let [first] = found.as_slice() else { continue };
        assert_eq!((first.curl.matches("ID").count(), first.curl.matches("curl ").count()), (5, 3), "{}", first.curl);
    }
}

/// Whether the request asks for one shop.
fn is_look(seen: &Seen) -> bool {
    seen.method == "GET" && seen.path.starts_with("/shops/")
}

/// What a server does to each of its answers.
type Habit = fn(&Seen, &mut Reply);

/// What a careful server may do, and nobody can call wrong.
const INNOCENT: [(&str, Habit); 4] = [
    ("values are written in another way", |seen, reply| {
        if let Some(title) = reply.object().filter(|_| is_look(seen)).and_then(|shop| shop.get_mut("title")) {
            *title = json!(format!(" {} ", title.as_str().unwrap_or_default().to_uppercase()));
        }
    }),
    ("a list that shows nothing of what is there has a filter of its own", |seen, reply| {
        if seen.method == "GET" && seen.path == "/shops" && reply.status == 200 {
            reply.object().unwrap().insert("items".to_owned(), json!([]));
        }
    }),
    ("what is deleted is marked as such and listed", |seen, reply| {
        if is_look(seen) && reply.status == 404 {
            *reply = Reply::broken();
            reply.status = 200;
            *reply.object().unwrap() = json!({"id": "x", "tags": ["deleted"]}).as_object().unwrap().clone();
            reply.headers.insert("content-type".to_owned(), "application/json".to_owned());
            reply.headers.insert("etag".to_owned(), "\"0\"".to_owned());
        }
    }),
    ("something is promised for later", |seen, reply| {
        if matches!(seen.method.as_str(), "POST" | "PUT" | "DELETE") && (200..300).contains(&reply.status) {
            reply.status = 202;
        }
    }),
];

/// The rules that only a sequence can tell.
const RULES: [&str; 8] =
    ["deleted-listed", "etag", "filter", "not-listed", "other-changed", "paging", "precondition", "put-twice"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_promised_is_not_missed() {
    for (name, effect) in INNOCENT {
        let report = report(3, Some(Effect::Reply(effect)), 1).await;
        let about: Vec<&Failure> = report.failures.iter().filter(|failure| RULES.contains(&failure.rule)).collect();
        assert!(about.is_empty(), "{name}: {:#?}", shown(&report));
    }
}

/// A `PUT` whose document has only some properties says nothing about the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_of_some_properties_may_keep_the_others() {
    let all = "operationId: changeShop\n      requestBody: {$ref: '#/components/requestBodies/Shop'}";
    let some = "operationId: changeShop\n      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Title'}}}}";
    let title = "    Title: {type: object, required: [title], additionalProperties: false, properties: {title: {$ref: '#/components/schemas/NewShop/properties/title'}}}\n    Kind: ";
    let text =
        DOCUMENT.replace("PAGES", PAGES[3].1).replace("LIST", PAGES[3].2).replace(all, some).replacen("    Kind: ", title, 1);
    let document = Document::parse("shops.yaml", text).unwrap();
    let server = serve(&document, Some(Effect::Store(StoreFault::PutMerges))).await;
    let report = Suite::new(document).cases(5).run(&server.url).await.unwrap();
    let kept: Vec<&Failure> = report.failures.iter().filter(|failure| failure.rule == "change-not-shown").collect();
    assert!(kept.is_empty() && report.operations.iter().all(|operation| operation.succeeded()), "{:#?}", shown(&report));
}
