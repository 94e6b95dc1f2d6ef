//! Documents of other kinds than ours: each is served as it promises, and the engine accuses that server of nothing.
//!
//! A document is a few lines here. What a whole document must show stands in `documents/`.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use contract_tests::{
    Document,
    survey::{Options, Surveyed, survey},
};

/// What is said about a server that keeps the promises of these paths.
async fn surveyed(paths: &str) -> Surveyed {
    let document = format!("openapi: 3.0.3\ninfo: {{title: Some, version: '1'}}\npaths:\n{paths}");
    survey(Document::parse("some.yaml", document).unwrap(), &Options::default()).await.unwrap()
}

/// The same, where all of it can be tested.
async fn whole(paths: &str) -> Surveyed {
    let surveyed = surveyed(paths).await;
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.succeeded, surveyed.untested), (surveyed.operations, 0), "{surveyed}");
    assert_eq!(surveyed.met, surveyed.constraints, "{surveyed}");
    surveyed
}

/// A path that is read, and what is found there.
fn read(path: &str, schema: &str) -> String {
    format!(
        "  {path}: {{get: {{responses: {{'200': {{description: Some., content: {{application/json: {{schema: {schema}}}}}}}}}}}}}\n"
    )
}

#[tokio::test]
async fn a_segment_has_a_name_and_an_ending_or_several_names() {
    whole(
        "
  /stories/{id}.json:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get: {responses: {'200': {description: One.}, '400': {description: No.}, '404': {description: None.}}}
  /{section}.{format}:
    parameters:
      - {name: section, in: path, required: true, schema: {type: string}}
      - {name: format, in: path, required: true, schema: {enum: [json, xml]}}
    get: {responses: {'200': {description: Some.}, '400': {description: No.}, '404': {description: None.}}}
",
    )
    .await;
}

#[tokio::test]
async fn a_get_may_have_a_body() {
    whole(
        "
  /quotes:
    get:
      requestBody: {required: true, content: {application/json: {schema: {type: array, items: {type: object}}}}}
      responses: {'200': {description: Some.}, '400': {description: No.}, '415': {description: No.}}
",
    )
    .await;
}

#[tokio::test]
async fn an_object_that_is_dissolved_into_parameters_has_one_of_its_names() {
    let deep = "{type: object, properties: {count: {type: integer}}}";
    whole(&format!(
        "
  /found:
    get:
      parameters:
        - name: filter
          in: query
          required: true
          schema: {{type: object, properties: {{name: {{type: string}}, size: {{type: number}}, deep: {{type: object, properties: {{it: {deep}}}}}}}}}
      responses: {{'200': {{description: Some.}}, '400': {{description: No.}}}}
"
    ))
    .await;
}

#[tokio::test]
async fn an_operation_without_a_documented_success_is_a_gap_in_its_document() {
    let surveyed = surveyed(
        "
  /files/{name}:
    parameters: [{name: name, in: path, required: true, schema: {type: string}}]
    delete: {responses: {'404': {description: None.}, '410': {description: Gone.}}}
",
    )
    .await;
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.succeeded, surveyed.unsaid.len()), (0, 1), "{surveyed}");
}

#[tokio::test]
async fn an_answer_is_one_of_two_kinds_that_only_a_wrong_property_tells_apart() {
    let months = "{properties: {months: {type: array, items: {properties: {month: {type: integer}}}}}}";
    let weeks = "{properties: {weeks: {type: array, items: {properties: {week: {type: integer}}}}}}";
    whole(&read("/data", &format!("{{oneOf: [{months}, {weeks}]}}"))).await;
}

#[tokio::test]
async fn a_path_may_have_a_query_of_its_own() {
    whole(
        "
  /services?do=list:
    get:
      parameters: [{name: limit, in: query, schema: {type: integer}}]
      responses: {'200': {description: Some.}, '400': {description: No.}}
  /services?do=stop:
    post: {responses: {'204': {description: Stopped.}}}
",
    )
    .await;
}

#[tokio::test]
async fn a_text_in_a_query_is_as_long_as_every_server_reads() {
    let surveyed = surveyed(
        "
  /spoken:
    get:
      parameters: [{name: text, in: query, required: true, schema: {type: string, maxLength: 100000}}]
      responses: {'200': {description: Some.}, '400': {description: No.}}
",
    )
    .await;
    assert!(surveyed.is_good(), "{surveyed}");
}

#[tokio::test]
async fn json_has_parameters_and_answers_have_what_is_described_nowhere() {
    whole(
        "
  /batch:
    get:
      responses:
        '200':
          description: Some.
          content:
            application/json;charset=UTF-8:
              schema: {type: object, required: [name, all], properties: {all: {type: object, minProperties: 2, additionalProperties: {type: integer}}}}
  /code:
    get:
      responses:
        '200':
          description: Some.
          content: {application/json; charset=utf-8: {schema: {type: string, pattern: '^[\\da-z]{26}$'}}}
",
    )
    .await;
}

#[tokio::test]
async fn a_slash_at_the_end_names_the_same_resource() {
    let item = "{type: object, required: [id], properties: {id: {type: string}, name: {type: string}}}";
    whole(&format!(
        "
  /extractors:
    post:
      requestBody: {{required: true, content: {{application/json: {{schema: {{type: object, properties: {{name: {{type: string}}}}}}}}}}}}
      responses: {{'201': {{description: Made., content: {{application/json: {{schema: {item}}}}}}}, '400': {{description: No.}}, '415': {{description: No.}}}}
  /extractors/{{id}}:
    parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
    get: {{responses: {{'200': {{description: One., content: {{application/json: {{schema: {item}}}}}}}, '404': {{description: None.}}}}}}
  /extractors/{{id}}/:
    parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
    delete: {{responses: {{'204': {{description: Gone.}}, '404': {{description: None.}}}}}}
"
    ))
    .await;
}

/// A document with these security schemes and this requirement.
fn secured(requirement: &str, parameters: &str) -> Document {
    let document = format!(
        "
openapi: 3.0.3
info: {{title: Some, version: '1'}}
security: [{requirement}]
paths:
  /games:
    get:
      parameters: [{parameters}]
      responses: {{'200': {{description: Some.}}, '401': {{description: No.}}}}
components:
  securitySchemes:
    implicit: {{type: oauth2, flows: {{implicit: {{authorizationUrl: 'https://a.example', scopes: {{games: Games.}}}}}}}}
    code: {{type: oauth2, flows: {{authorizationCode: {{authorizationUrl: 'https://a.example', tokenUrl: 'https://a.example', scopes: {{games: Games.}}}}}}}}
    key: {{type: apiKey, in: query, name: key}}
"
    );
    Document::parse("some.yaml", document).unwrap()
}

#[tokio::test]
async fn two_schemes_that_want_a_token_get_one() {
    let surveyed = survey(secured("{implicit: [games], code: [games]}", ""), &Options::default()).await.unwrap();
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.succeeded, surveyed.untested), (1, 0), "{surveyed}");
}

#[tokio::test]
async fn a_parameter_that_is_the_api_key_is_sent_once() {
    let document = secured("{key: []}", "{name: key, in: query, required: true, schema: {type: string}}");
    let surveyed = survey(document, &Options::default()).await.unwrap();
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.succeeded, surveyed.untested), (1, 0), "{surveyed}");
    assert!(surveyed.uncovered.contains_key("the parameter is the API key, and sent as that"), "{surveyed}");
}

#[tokio::test]
async fn what_is_deleted_is_gone_also_behind_a_slash() {
    let item = "{type: object, required: [id], properties: {id: {type: string}, name: {type: string}}}";
    whole(&format!(
            "
  /pages/:
    post:
      requestBody: {{required: true, content: {{application/json: {{schema: {{type: object, properties: {{name: {{type: string}}}}}}}}}}}}
      responses: {{'201': {{description: Made., content: {{application/json: {{schema: {item}}}}}}}, '400': {{description: No.}}, '415': {{description: No.}}}}
  /pages/{{id}}/:
    parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
    get: {{responses: {{'200': {{description: One., content: {{application/json: {{schema: {item}}}}}}}, '404': {{description: None.}}}}}}
    delete: {{responses: {{'204': {{description: Gone.}}, '404': {{description: None.}}}}}}
"
    ))
    .await;
}

#[tokio::test]
async fn an_all_of_may_be_a_text_or_a_number() {
    let kind = "{description: Its kind., allOf: [{type: string, enum: [saver, spender]}]}";
    let size = "{allOf: [{allOf: [{type: integer}]}, {minimum: 3}]}";
    whole(&read("/accounts", &format!("{{type: object, required: [kind, size], properties: {{kind: {kind}, size: {size}}}}}")))
        .await;
}

#[tokio::test]
async fn a_body_has_a_media_type_with_parameters() {
    whole(
        "
  /runs:
    post:
      requestBody: {content: {application/json; charset=utf-8: {schema: {type: object, properties: {size: {type: integer}}}}}}
      responses: {'204': {description: Done.}, '400': {description: No.}, '415': {description: No.}}
",
    )
    .await;
}

#[tokio::test]
async fn what_is_made_below_a_resource_has_an_id_of_its_own() {
    whole(
        "
  /users/{id}/categories:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    post:
      requestBody: {required: true, content: {application/json: {schema: {type: object, properties: {name: {type: string}}}}}}
      responses:
        '201': {description: Made., content: {application/json: {schema: {type: object, properties: {id: {type: integer}, name: {type: string}}}}}}
        '400': {description: No.}
        '415': {description: No.}
",
    )
    .await;
}

#[tokio::test]
async fn a_parameter_is_not_shown_where_it_is_write_only() {
    whole(
        "
  /me:
    post:
      parameters: [{name: password, in: query, schema: {type: string}}]
      responses:
        '200': {description: Set., content: {application/json: {schema: {type: object, properties: {password: {type: string, writeOnly: true}}}}}}
        '400': {description: No.}
",
    )
    .await;
}

#[tokio::test]
async fn a_query_of_a_path_has_its_parameters() {
    whole(
        "
  /alerts?lat={lat}&lon={lon}:
    get:
      parameters:
        - {name: lat, in: path, required: true, schema: {type: number}}
        - {name: lon, in: path, required: true, schema: {type: number}}
        - {name: key, in: query, required: true, schema: {type: string}}
      responses: {'200': {description: Some.}, '400': {description: No.}}
",
    )
    .await;
}

#[tokio::test]
async fn who_shows_nothing_is_not_let_in_by_a_scheme_of_another_layer() {
    let document = secured("{key: []}, {mutual: []}", "").json.to_string();
    let with_mutual = document.replacen("\"securitySchemes\":{", "\"securitySchemes\":{\"mutual\":{\"type\":\"mutualTLS\"},", 1);
    assert_ne!(document, with_mutual);
    let surveyed = survey(Document::parse("some.json", with_mutual).unwrap(), &Options::default()).await.unwrap();
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.succeeded, surveyed.untested), (1, 0), "{surveyed}");
}
