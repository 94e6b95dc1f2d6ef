//! What becomes of a resource: a server that loses, keeps or forgets what it should not is found out, by the name of the rule.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::collections::BTreeSet;

use contract_tests::{Document, Report, Suite};
use faulty_server::{Effect, Fault, Faulty, Group, Reply, Seen, StoreFault};
use serde_json::{Value, json};

const DOCUMENT: &str = "
openapi: 3.1.0
info: {title: Shops, version: '1'}
paths:
  /shops:
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
        '200': {description: The shop., content: {application/json: {schema: {$ref: '#/components/schemas/Shop'}}}}
        '404': {description: There is none.}
    put:
      operationId: changeShop
      requestBody: {$ref: '#/components/requestBodies/Shop'}
      responses:
        '204': {description: Changed.}
        '400': {description: Not so.}
        '404': {description: There is none.}
        '415': {description: Not so.}
    delete:
      operationId: closeShop
      responses:
        '204': {description: Closed.}
        '404': {description: There is none.}
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
        title: {type: string, minLength: 1, maxLength: 40}
        rent: {type: number, minimum: 0}
        tags: {type: array, items: {type: string}, maxItems: 4}
    Shop:
      type: object
      required: [id]
      properties:
        id: {type: string, readOnly: true}
        title: {type: string, minLength: 1, maxLength: 40}
        rent: {type: number, minimum: 0}
        tags: {type: array, items: {type: string}, maxItems: 4}
";

/// The rules about the life of a resource.
const RULES: [&str; 4] = ["created-not-found", "deleted-found", "found-differs", "change-not-shown"];

async fn report(effect: Option<Effect>) -> Report {
    let document = Document::parse("shops.yaml", DOCUMENT).unwrap();
    let fault = effect.map(|effect| Fault { name: "", group: Group::State, at: "", effect });
    let server = Faulty::start(&document.json, fault).await.unwrap();
    Suite::new(document).cases(5).run(&server.url).await.unwrap()
}

/// Of the rules about the life of a resource those that are broken, each with the operation.
async fn broken(effect: Option<Effect>) -> BTreeSet<(&'static str, String)> {
    let failures = report(effect).await.failures;
    let about = failures.into_iter().filter(|failure| RULES.contains(&failure.rule));
    about.map(|failure| (failure.rule, failure.operation)).collect()
}

fn only(rule: &'static str, operation: &str) -> BTreeSet<(&'static str, String)> {
    BTreeSet::from([(rule, operation.to_owned())])
}

#[tokio::test]
async fn a_server_that_keeps_what_it_is_told_is_accused_of_nothing() {
    let report = report(None).await;
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
    assert!(report.operations.iter().all(|operation| operation.succeeded()));
}

#[tokio::test]
async fn a_created_resource_that_is_not_found_is_an_error() {
    assert_eq!(broken(Some(Effect::Store(StoreFault::NotStored))).await, only("created-not-found", "openShop"));
}

#[tokio::test]
async fn a_deleted_resource_that_is_found_is_an_error() {
    assert_eq!(broken(Some(Effect::Store(StoreFault::NotDeleted))).await, only("deleted-found", "closeShop"));
}

#[tokio::test]
async fn a_change_that_does_not_show_is_a_warning() {
    assert_eq!(broken(Some(Effect::Store(StoreFault::NotChanged))).await, only("change-not-shown", "changeShop"));
}

#[tokio::test]
async fn what_is_not_found_as_it_was_sent_is_one_warning() {
    let report = report(Some(Effect::Store(StoreFault::StoredWithout(&["rent", "tags"])))).await;
    let found: Vec<_> = report.failures.iter().map(|failure| (failure.rule, failure.operation.as_str())).collect();
    assert_eq!(found, [("found-differs", "openShop")]);
    assert_eq!(report.failures[0].detail, "rent, tags");
}

/// Whether the request asks for one shop.
fn is_look(seen: &Seen) -> bool {
    seen.method == "GET" && seen.path.starts_with("/shops/")
}

#[tokio::test]
async fn what_is_only_written_in_another_way_is_the_same() {
    fn shout(seen: &Seen, reply: &mut Reply) {
        if let Some(title) = reply.object().filter(|_| is_look(seen)).and_then(|shop| shop.get_mut("title")) {
            *title = json!(title.as_str().unwrap_or_default().to_uppercase());
        }
    }
    assert_eq!(broken(Some(Effect::Reply(shout))).await, BTreeSet::new());
}

#[tokio::test]
async fn what_is_promised_for_later_is_not_missed() {
    fn later(seen: &Seen, reply: &mut Reply) {
        match (seen.method.as_str(), reply.status) {
            ("POST" | "PUT" | "DELETE", 200..300) => reply.status = 202,
            _ if is_look(seen) && reply.status == 200 => {
                *reply.object().unwrap() = [("id".to_owned(), Value::from("x"))].into_iter().collect()
            }
            _ => {}
        }
    }
    assert_eq!(broken(Some(Effect::Reply(later))).await, BTreeSet::new());
}

#[tokio::test]
async fn what_is_marked_as_deleted_may_still_be_found() {
    fn mark(seen: &Seen, reply: &mut Reply) {
        if is_look(seen) && reply.status == 404 {
            *reply = Reply::broken();
            reply.status = 200;
            *reply.object().unwrap() = json!({"id": "x", "deleted": true}).as_object().unwrap().clone();
            reply.headers.insert("content-type".to_owned(), "application/json".to_owned());
        }
    }
    assert_eq!(broken(Some(Effect::Reply(mark))).await, BTreeSet::new());
}
