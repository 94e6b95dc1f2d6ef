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
    assert_eq!(surveyed.unmet, Vec::<String>::new(), "{surveyed}");
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

/// Lists and objects in one text of a form, with what their style puts between the parts.
#[tokio::test]
async fn a_style_without_explode_makes_one_text_of_a_list_and_of_an_object() {
    let object = "{type: object, required: [a], properties: {a: {type: integer, minimum: 1}, b: {type: string, maxLength: 3}}}";
    let schema = format!(
        "{{type: object, required: [o], properties: {{o: {object}, l: {{type: array, maxItems: 3, items: {{type: string}}}}}}}}"
    );
    let path = |media_type: &str, style: &str| {
        let encoding = format!("{{style: {style}, explode: false}}");
        format!(
            "  /{}-{style}: {{post: {{requestBody: {{required: true, content: {{{media_type}: {{schema: {schema}, encoding: {{o: {encoding}, l: {encoding}}}}}}}}}, responses: {{'204': {{description: Done.}}, '400': {{description: No.}}, '415': {{description: No.}}}}}}}}\n",
            media_type.replace('/', "-")
        )
    };
    for style in ["form", "spaceDelimited", "pipeDelimited"] {
        whole(&path("application/x-www-form-urlencoded", style)).await;
        let document =
            format!("openapi: 3.1.0\ninfo: {{title: Some, version: '1'}}\npaths:\n{}", path("multipart/form-data", style));
        let surveyed = survey(Document::parse("some.yaml", document).unwrap(), &Options::default()).await.unwrap();
        assert!(surveyed.is_good() && surveyed.unmet.is_empty(), "{surveyed}");
    }
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

/// Generators of documents write classes that know their heirs so: to the letter such a schema has no end.
#[tokio::test]
async fn a_base_lists_its_heirs_and_each_is_composed_of_it() {
    whole(
        "
  /shapes:
    post:
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Shape'}}}}
      responses:
        '201': {description: Made., content: {application/json: {schema: {$ref: '#/components/schemas/Shape'}}}}
        '400': {description: No.}
        '415': {description: No.}
components:
  schemas:
    Shape:
      required: [kind]
      properties: {kind: {type: string}}
      discriminator: {propertyName: kind, mapping: {circle: '#/components/schemas/Circle', square: '#/components/schemas/Square'}}
      oneOf: [{$ref: '#/components/schemas/Circle'}, {$ref: '#/components/schemas/Square'}]
    Circle: {allOf: [{$ref: '#/components/schemas/Shape'}, {type: object, required: [radius], properties: {kind: {enum: [circle]}, radius: {type: number}}}]}
    Square: {allOf: [{$ref: '#/components/schemas/Shape'}, {type: object, required: [side], properties: {kind: {enum: [square]}, side: {type: number}}}]}
",
    )
    .await;
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
    password: {{type: http, scheme: basic}}
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
async fn another_scheme_is_none_that_lets_in() {
    let surveyed = survey(secured("{code: [games]}, {password: []}", ""), &Options::default()).await.unwrap();
    assert!(surveyed.is_good(), "{surveyed}");
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
async fn what_is_made_is_looked_for_with_the_headers_that_are_asked_for() {
    whole(
        "
  /jobs:
    post:
      requestBody: {required: true, content: {application/json: {schema: {type: object}}}}
      responses:
        '201': {description: Made., headers: {Location: {schema: {type: string}}}}
        '400': {description: No.}
        '415': {description: No.}
  /jobs/{id}:
    get:
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: X-Trace, in: header, required: true, schema: {type: string}}
      responses:
        '200': {description: One., content: {application/json: {schema: {type: object}}}}
        '400': {description: No.}
        '404': {description: None.}
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

#[tokio::test]
async fn a_body_is_bytes_or_a_small_file_or_of_a_range() {
    let answers = "{'204': {description: Kept.}, '400': {description: No.}, '415': {description: No.}}";
    let put = |path: &str, content: &str| {
        format!("  {path}: {{put: {{requestBody: {{required: true, content: {{{content}}}}}, responses: {answers}}}}}\n")
    };
    let object = "{schema: {type: object, required: [a], properties: {a: {type: integer}}}}";
    let paths = [
        put("/chunks", "application/octet-stream: {schema: {type: string, format: binary, minLength: 3, maxLength: 10}}"),
        put("/blobs", "application/octet-stream: {}"),
        put("/pictures", "image/png: {schema: {type: string, format: binary}}"),
        put("/pages", "application/pdf: {}, image/*: {}"),
        put("/tables", "text/csv: {schema: {type: string, pattern: '^a,b'}}"),
        put("/any", &format!("'*/*': {object}")),
        put("/patches", &format!("application/*+json: {object}, text/json: {object}")),
    ];
    whole(&paths.concat()).await;
}

#[tokio::test]
async fn several_parts_of_a_schema_describe_one_property() {
    let first = "{required: [kind, at, size, list], properties: {kind: {type: string}, at: {type: object, required: [x], properties: {x: {type: integer}}}, size: {type: integer, minimum: 1}, list: {type: array}}}";
    let second = "{properties: {kind: {enum: [a, b]}, at: {required: [y], properties: {y: {type: string, minLength: 2}}}, size: {minimum: 7}, list: {minItems: 1, items: {type: boolean}}}}";
    whole(&read("/things", &format!("{{allOf: [{first}, {second}]}}"))).await;
    // What one of several branches says comes after what holds in any case.
    let either = "{anyOf: [{properties: {kind: {type: integer}}}, {properties: {other: {type: string}}}]}";
    whole(&read("/others", &format!("{{allOf: [{either}, {{required: [kind], properties: {{kind: {{enum: [a]}}}}}}]}}"))).await;
}

#[tokio::test]
async fn a_resource_is_called_what_its_path_calls_it() {
    let server = "{type: object, required: [serverId, name], properties: {serverId: {type: string}, name: {type: string}, id: {type: integer}}}";
    let content = format!("{{application/json: {{schema: {server}}}}}");
    whole(&format!(
        "
  /servers/:
    post:
      requestBody: {{required: true, content: {content}}}
      responses: {{'200': {{description: Made., content: {content}}}, '400': {{description: No.}}, '415': {{description: No.}}}}
  /servers/{{server_id}}/:
    parameters: [{{name: server_id, in: path, required: true, schema: {{type: string}}}}]
    get: {{responses: {{'200': {{description: One., content: {content}}}, '404': {{description: None.}}}}}}
"
    ))
    .await;
}

#[tokio::test]
async fn a_list_of_swagger_has_tabs_between_its_items() {
    let document = "
swagger: '2.0'
info: {title: Some, version: '1'}
paths:
  /found:
    get:
      parameters: [{name: at, in: query, required: true, type: array, minItems: 2, items: {type: integer}, collectionFormat: tsv}]
      responses: {'200': {description: Some.}, '400': {description: No.}}
";
    let surveyed = survey(Document::parse("some.yaml", document).unwrap(), &Options::default()).await.unwrap();
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.succeeded, surveyed.met, surveyed.defects), (1, surveyed.constraints, 0), "{surveyed}");
}

#[tokio::test]
async fn a_form_is_an_object() {
    let list = "{schema: {type: array, items: {type: integer}}}";
    let content = format!("{{application/json: {list}, multipart/form-data: {list}}}");
    let surveyed = surveyed(&format!(
        "
  /deleted:
    post:
      requestBody: {{required: true, content: {content}}}
      responses: {{'204': {{description: Done.}}, '400': {{description: No.}}, '415': {{description: No.}}}}
"
    ))
    .await;
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.succeeded, surveyed.untested, surveyed.uncovered.len()), (1, 0, 1), "{surveyed}");
    assert_eq!(surveyed.met, surveyed.constraints, "{surveyed}");
}

#[tokio::test]
async fn an_object_in_a_form_has_fields_with_brackets() {
    let address =
        "{type: object, required: [city], properties: {city: {type: string, minLength: 2}, floor: {type: integer, maximum: 99}}}";
    let schema =
        format!("{{type: object, required: [name, address], properties: {{name: {{type: string}}, address: {address}}}}}");
    whole(&format!(
        "
  /charges:
    post:
      requestBody: {{required: true, content: {{application/x-www-form-urlencoded: {{schema: {schema}, encoding: {{address: {{style: deepObject, explode: true}}}}}}}}}}
      responses: {{'204': {{description: Done.}}, '400': {{description: No.}}, '415': {{description: No.}}}}
"
    ))
    .await;
}

#[tokio::test]
async fn an_object_in_a_form_is_json_unless_it_has_a_style() {
    let address = "{type: object, required: [city], properties: {city: {type: string, minLength: 2}, at: {type: object, properties: {floor: {type: integer, maximum: 99}}}}}";
    let path = |name: &str, encoding: &str| {
        format!(
            "  /{name}: {{post: {{requestBody: {{required: true, content: {{application/x-www-form-urlencoded: {{schema: {{type: object, required: [address], properties: {{name: {{type: string}}, address: {address}}}}}{encoding}}}}}}}, responses: {{'204': {{description: Done.}}, '400': {{description: No.}}, '415': {{description: No.}}}}}}}}\n"
        )
    };
    let json = path("charges", "") + &path("named", ", encoding: {address: {contentType: application/json}}");
    assert!(!whole(&json).await.uncovered.keys().any(|reason| reason.contains("an object")));
    // As properties that stand for themselves, of which nobody knows what they belong to.
    let surveyed = surveyed(&path("styled", ", encoding: {address: {style: form, explode: true}}")).await;
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!(surveyed.untested, 1, "{surveyed}");
}

#[tokio::test]
async fn a_patch_that_is_no_merge_patch_keeps_what_it_leaves_out() {
    let room = "{type: object, required: [id, name], properties: {id: {type: string}, name: {type: string}, size: {type: integer}, note: {type: string, nullable: true}}}";
    let change =
        "{type: object, properties: {name: {type: string}, size: {type: integer}, note: {type: string, nullable: true}}}";
    let content = |schema: &str| format!("{{application/json: {{schema: {schema}}}}}");
    let one = format!("{{description: One., content: {}}}", content(room));
    let refused = "'400': {description: No.}, '404': {description: None.}, '415': {description: No.}";
    let made = "{type: object, required: [name], properties: {name: {type: string}, size: {type: integer}, note: {type: string, nullable: true}}}";
    whole(&format!(
        "
  /rooms:
    post:
      requestBody: {{required: true, content: {}}}
      responses: {{'201': {one}, {refused}}}
  /rooms/{{id}}:
    parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
    get: {{responses: {{'200': {one}, '404': {{description: None.}}}}}}
    patch:
      requestBody: {{required: true, content: {}}}
      responses: {{'200': {one}, {refused}}}
",
        content(made),
        content(change)
    ))
    .await;
}

#[tokio::test]
async fn what_is_made_at_one_path_is_listed_at_its_plural() {
    let worker = "{type: object, required: [id, name], properties: {id: {type: string}, name: {type: string}}}";
    let made = "{type: object, required: [name], properties: {name: {type: string}}}";
    whole(&format!(
        "
  /worker:
    post:
      requestBody: {{required: true, content: {{application/json: {{schema: {made}}}}}}}
      responses: {{'201': {{description: Made., content: {{application/json: {{schema: {worker}}}}}}}, '400': {{description: No.}}, '415': {{description: No.}}}}
  /workers:
    get: {{responses: {{'200': {{description: All., content: {{application/json: {{schema: {{type: array, items: {worker}}}}}}}}}}}}}
  /worker/{{id}}:
    parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
    delete: {{responses: {{'204': {{description: Gone.}}, '404': {{description: None.}}}}}}
"
    ))
    .await;
}

#[tokio::test]
async fn a_path_parameter_that_the_path_has_not_is_not_sent() {
    let surveyed = surveyed(
        "
  /:
    get:
      parameters: [{name: path, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: Some.}}
",
    )
    .await;
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.succeeded, surveyed.uncovered.len()), (1, 1), "{surveyed}");
}

#[tokio::test]
async fn where_no_body_can_be_made_none_is_spoilt() {
    let surveyed = surveyed(
        "
  /names:
    post:
      requestBody: {content: {application/json: {schema: {type: object, required: [name], properties: {name: {type: string, pattern: '/^[a-z]+$/'}}}}}}
      responses: {'200': {description: Some.}, '400': {description: No.}, '415': {description: No.}}
",
    )
    .await;
    assert!(surveyed.is_good(), "{surveyed}");
}

#[tokio::test]
async fn a_text_is_never_null_and_may_be_all_that_is_asked_for() {
    let optional = |rules: &str| format!("{{anyOf: [{{type: string{rules}}}, {{type: 'null'}}]}}");
    let (any, some) = (optional(""), optional(", pattern: '^password$'"));
    let document = format!(
        "
openapi: 3.1.0
info: {{title: Some, version: '1'}}
paths:
  /tokens:
    post:
      parameters:
        - {{name: state, in: query, schema: {any}}}
        - {{name: kind, in: query, schema: {some}}}
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema: {{type: object, required: [name], properties: {{name: {{type: string}}, grant: {some}, client: {any}}}}}
      responses: {{'204': {{description: Made.}}, '400': {{description: No.}}, '415': {{description: No.}}}}
"
    );
    let surveyed = survey(Document::parse("some.yaml", document).unwrap(), &Options::default()).await.unwrap();
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!(surveyed.unmet, Vec::<String>::new(), "{surveyed}");
}

#[tokio::test]
async fn where_no_alternative_holds_nothing_evaluates_its_properties() {
    let card = "{properties: {object: {const: card}, name: {type: string}, cvc: {type: integer}, year: {type: integer}, country: {type: string}}, required: [name]}";
    let bank = "{properties: {object: {const: bank}, name: {type: string}, code: {type: string, maxLength: 9}, country: {type: string}}, required: [name, code]}";
    let source = format!("{{type: object, unevaluatedProperties: false, anyOf: [{card}, {bank}]}}");
    let document = format!(
        "
openapi: 3.1.0
info: {{title: Some, version: '1'}}
paths:
  /payments:
    post:
      requestBody: {{required: true, content: {{application/json: {{schema: {{type: object, required: [source], properties: {{source: {source}}}}}}}}}}}
      responses: {{'204': {{description: Made.}}, '400': {{description: No.}}, '415': {{description: No.}}}}
"
    );
    let surveyed = survey(Document::parse("some.yaml", document).unwrap(), &Options::default()).await.unwrap();
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!(surveyed.unmet, Vec::<String>::new(), "{surveyed}");
}

/// An operation that takes a body of this schema.
fn takes(path: &str, schema: &str) -> String {
    let answers = "{'204': {description: Done.}, '400': {description: No.}, '415': {description: No.}}";
    format!(
        "  {path}: {{post: {{requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}, responses: {answers}}}}}\n"
    )
}

#[tokio::test]
async fn an_alternative_without_another_is_broken_like_any_other() {
    let only = "{type: object, required: [v], properties: {v: {type: string, enum: ['1']}, size: {type: integer, minimum: 0}}}";
    let settings = format!("{{type: object, properties: {{one: {{oneOf: [{only}]}}, any: {{allOf: [{{anyOf: [{only}]}}]}}}}}}");
    whole(&takes("/settings", &settings)).await;
}

#[tokio::test]
async fn a_type_that_is_asked_for_three_times_is_broken_three_times() {
    let ticket = "{type: object, required: [kind], properties: {kind: {type: string}}}";
    let all = format!("{{type: object, allOf: [{{type: object, properties: {{email: {{type: string}}}}}}, {ticket}]}}");
    let inside = format!("{{type: object, required: [ticket], properties: {{ticket: {all}}}}}");
    whole(&(takes("/tickets", &all) + &takes("/orders", &inside))).await;
}

#[tokio::test]
async fn a_length_is_broken_together_with_a_format_and_a_pattern() {
    let id = "{type: string, format: uuid, minLength: 36, maxLength: 36, pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'}";
    whole(&takes("/values", &format!("{{type: object, required: [id], properties: {{id: {id}}}}}"))).await;
}

#[tokio::test]
async fn a_rule_that_nothing_can_break_is_none() {
    let schema = "{type: object, required: [name, list, code], properties: {name: {type: string, minLength: 0, uniqueItems: true}, list: {type: array, minItems: 0, items: {}}, code: {type: integer, maxLength: 4}}}";
    let path = "
  /keys/{key}:
    delete:
      parameters: [{name: key, in: path, required: true, schema: {type: string, minLength: 1}}]
      responses: {'204': {description: Done.}, '400': {description: No.}, '404': {description: None.}}
  /doors/{door}:
    delete:
      parameters: [{name: door, in: path, required: true, schema: {$ref: '#/paths/~1keys~1{key}/delete/parameters/0/schema'}}]
      responses: {'204': {description: Done.}, '400': {description: No.}, '404': {description: None.}}
";
    whole(&(takes("/names", schema) + path)).await;
}

#[tokio::test]
async fn what_leads_only_to_values_of_another_type_is_no_rule() {
    let some = "{key: {type: string, maxLength: 3}}";
    let list = format!("{{type: array, items: {{type: integer}}, properties: {some}}}");
    let object = format!("{{type: object, items: {{type: object, required: [key], properties: {some}}}, properties: {some}}}");
    whole(&(takes("/lists", &list) + &takes("/objects", &object))).await;
}

#[tokio::test]
async fn what_contradicts_itself_is_tested_as_it_is_meant() {
    let paths = "
  /verses/{verse}:
    get:
      parameters:
        - {name: verse, in: path, required: true, schema: {type: string, enum: [1, 2]}}
        - {name: kinds, in: query, schema: {type: array, items: {type: string}, enum: [short, long]}}
      responses:
        '200': {description: One.}
        '400': {description: No.}
";
    assert_eq!(whole(paths).await.defects, 2);
}

#[tokio::test]
async fn what_no_value_can_be_is_a_defect_of_the_document() {
    let pin = "{type: string, pattern: '/^[0-9]{6}$/'}";
    let short = "{type: string, pattern: '^[0-9]{6}$', maxLength: 5}";
    let object = |required: &str, pin: &str| {
        format!(
            "{{type: object, required: [{required}], properties: {{name: {{type: string}}, pin: {pin}, more: {{type: object, required: [pin], properties: {{pin: {pin}, size: {{type: integer}}}}}}}}}}"
        )
    };
    let paths = takes("/names", &object("name", pin)) + &takes("/pins", &object("pin", short));
    let surveyed = surveyed(&paths).await;
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.succeeded, surveyed.untested), (1, 1), "{surveyed}");
    assert_eq!((surveyed.met, surveyed.uncovered.len()), (surveyed.constraints, 0), "{surveyed} {:?}", surveyed.unmet);
    assert_eq!(surveyed.defects, 4, "{surveyed}");
}

#[tokio::test]
async fn a_path_that_is_another_one_too_is_not_asked_for() {
    let one = "{'200': {description: One.}, '400': {description: No.}, '404': {description: None.}}";
    whole(&format!(
        "
  /pulls/{{index}}:
    patch:
      parameters: [{{name: index, in: path, required: true, schema: {{type: integer}}}}]
      responses: {one}
  /pulls/{{index}}.{{kind}}:
    get:
      parameters:
        - {{name: index, in: path, required: true, schema: {{type: integer}}}}
        - {{name: kind, in: path, required: true, schema: {{enum: [diff, patch]}}}}
      responses: {one}
  /sizes/{{size}}:
    get:
      parameters: [{{name: size, in: path, required: true, schema: {{enum: [small, all]}}}}]
      responses: {one}
  /sizes/all: {{delete: {{responses: {{'204': {{description: Gone.}}}}}}}}
"
    ))
    .await;
}

#[tokio::test]
async fn a_text_of_a_format_is_longer_than_allowed() {
    let schema = "{type: object, required: [url, email], properties: {url: {type: string, format: uri, maxLength: 2000}, email: {type: string, format: email, maxLength: 200}}}";
    whole(&takes("/feeds", schema)).await;
}

#[tokio::test]
async fn two_paths_differ_in_the_names_of_their_parameters_alone() {
    let id = |name: &str| format!("[{{name: {name}, in: path, required: true, schema: {{type: integer}}}}]");
    whole(&format!(
        "
  /dashboards/{{id_or_slug}}:
    get: {{parameters: {}, responses: {{'200': {{description: One.}}, '400': {{description: No.}}, '404': {{description: None.}}}}}}
  /dashboards/{{pk}}:
    delete: {{parameters: {}, responses: {{'204': {{description: Gone.}}, '400': {{description: No.}}, '404': {{description: None.}}}}}}
",
        id("id_or_slug"),
        id("pk")
    ))
    .await;
}

#[tokio::test]
async fn a_field_of_a_form_has_the_name_that_the_document_gives_it() {
    let schema = "{type: object, required: [Note.Sound], properties: {Note.Sound: {type: boolean}, 'tags[]': {type: array, minItems: 2, items: {type: string}}}}";
    whole(&format!(
        "  /notes: {{post: {{requestBody: {{required: true, content: {{application/x-www-form-urlencoded: {{schema: {schema}}}}}}}, responses: {{'204': {{description: Done.}}, '400': {{description: No.}}, '415': {{description: No.}}}}}}}}\n"
    ))
    .await;
}

#[tokio::test]
async fn a_discriminator_does_not_make_valid_what_two_alternatives_allow() {
    let rule = |own: &str, required: &str| {
        format!("{{type: object, required: [type{required}], properties: {{type: {{type: string}}, {own}: {{type: integer}}}}}}")
    };
    let document = format!(
        "
openapi: 3.1.0
info: {{title: Some, version: '1'}}
paths:
{}
components:
  schemas:
    Rule:
      oneOf: [{{$ref: '#/components/schemas/Allow'}}, {{$ref: '#/components/schemas/Deny'}}]
      discriminator: {{propertyName: type, mapping: {{allow: '#/components/schemas/Allow', deny: '#/components/schemas/Deny'}}}}
    Allow: {}
    Deny: {}
",
        takes("/rules", "{$ref: '#/components/schemas/Rule'}"),
        rule("capacity", ", capacity"),
        rule("reason", "")
    );
    let surveyed = survey(Document::parse("some.yaml", document).unwrap(), &Options::default()).await.unwrap();
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!(surveyed.succeeded, 1, "{surveyed}");
}

#[tokio::test]
async fn an_answer_is_one_of_two_kinds_that_something_inside_tells_apart() {
    let cell = "{type: object, properties: {id: {type: string}, x: {type: integer}}}";
    let with = format!(
        "{{allOf: [{cell}, {{properties: {{view: {{type: object, required: [kind], properties: {{kind: {{type: string}}}}}}}}}}]}}"
    );
    let board =
        |cell: &str| format!("{{type: object, properties: {{name: {{type: string}}, cells: {{type: array, items: {cell}}}}}}}");
    whole(&read("/board", &format!("{{oneOf: [{}, {}]}}", board(cell), board(&with)))).await;
}

#[tokio::test]
async fn the_next_page_is_a_url() {
    let port = "{type: object, required: [name], properties: {id: {type: integer, readOnly: true}, name: {type: string, maxLength: 50}}}";
    let content = |schema: &str| format!("{{application/json: {{schema: {schema}}}}}");
    let page = format!(
        "{{type: object, required: [count, results], properties: {{count: {{type: integer}}, next: {{type: string, format: uri, nullable: true}}, results: {{type: array, items: {port}}}}}}}"
    );
    whole(&format!(
        "
  /ports/:
    get:
      parameters:
        - {{name: name, in: query, schema: {{type: string}}}}
        - {{name: limit, in: query, schema: {{type: integer, minimum: 1}}}}
        - {{name: offset, in: query, schema: {{type: integer, minimum: 0}}}}
      responses: {{'200': {{description: Some., content: {}}}, '400': {{description: No.}}}}
    post:
      requestBody: {{required: true, content: {}}}
      responses: {{'201': {{description: Made., content: {}}}, '400': {{description: No.}}, '415': {{description: No.}}}}
",
        content(&page),
        content(port),
        content(port)
    ))
    .await;
}

#[tokio::test]
async fn an_object_in_a_text_is_not_written() {
    let schema = "{type: object, required: [name], properties: {name: {type: string}, on: {type: boolean}}}";
    let answers = "{'204': {description: Done.}, '400': {description: No.}, '415': {description: No.}}";
    let surveyed = surveyed(&format!(
        "  /options: {{patch: {{requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}, text/plain: {{schema: {schema}}}}}}}, responses: {answers}}}}}\n"
    ))
    .await;
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.succeeded, surveyed.untested, surveyed.met), (1, 0, surveyed.constraints), "{surveyed}");
    assert!(surveyed.uncovered.contains_key("a body of a media type that the engine cannot write"), "{surveyed}");
}

#[tokio::test]
async fn a_token_with_another_scope_has_not_the_one_that_is_asked_for() {
    for requirement in ["{code: [profile]}", "{code: [openid, profile]}", "{code: [READ]}", "{code: [é]}"] {
        let surveyed = survey(secured(requirement, ""), &Options::default()).await.unwrap();
        assert!(surveyed.is_good(), "{surveyed}");
        assert_eq!((surveyed.succeeded, surveyed.untested), (1, 0), "{surveyed}");
    }
}

#[tokio::test]
async fn a_scheme_that_nobody_here_knows_lets_nobody_in() {
    let document = secured("{digest: []}", "").json.to_string();
    let scheme = "\"securitySchemes\":{\"digest\":{\"type\":\"http\",\"scheme\":\"digest\"},";
    let with_digest = document.replacen("\"securitySchemes\":{", scheme, 1);
    assert_ne!(document, with_digest);
    let surveyed = survey(Document::parse("some.json", with_digest).unwrap(), &Options::default()).await.unwrap();
    assert!(surveyed.refused.is_some_and(|reason| reason.contains("digest")));
}

#[tokio::test]
async fn each_version_of_a_media_type_has_its_schema() {
    let content = |suffix: &str| {
        let of = |version: u8, name: &str| {
            format!(
                "'application/json;version={version}{suffix}': {{schema: {{type: object, required: [{name}], properties: {{{name}: {{type: integer}}}}, additionalProperties: false}}}}"
            )
        };
        format!("{{{}, {}}}", of(1, "old"), of(2, "new"))
    };
    whole(&format!(
        "
  /books:
    post:
      requestBody: {{required: true, content: {}}}
      responses: {{'204': {{description: Done.}}, '400': {{description: No.}}, '415': {{description: No.}}}}
  /book: {{get: {{responses: {{'200': {{description: One., content: {}}}}}}}}}
  /latest:
    get:
      responses:
        '200':
          description: One.
          content:
            application/json;version=2: {{schema: {{type: object, required: [new], properties: {{new: {{type: integer}}}}}}}}
            application/json;version=1: {{schema: {{type: object, required: [old], properties: {{old: {{type: integer}}}}}}}}
            application/json;version=3: {{schema: {{type: array, items: {{type: integer}}}}}}
",
        content("; charset=utf-8"),
        content("")
    ))
    .await;
}

#[tokio::test]
async fn a_header_is_json_or_leads_to_where_it_may() {
    let made = |path: &str, schema: &str| {
        format!(
            "  {path}: {{post: {{responses: {{'201': {{description: Made., headers: {{Location: {{required: true, schema: {schema}}}}}}}}}}}}}\n"
        )
    };
    whole(&format!(
        "
  /counts: {{get: {{responses: {{'200': {{description: Some., headers: {{X-Count: {{required: true, content: {{application/json: {{schema: {{type: object, required: [of], properties: {{of: {{type: string}}}}}}}}}}}}, X-Name: {{required: true, content: {{application/json: {{schema: {{type: string}}}}}}}}}}}}}}}}}}
{}{}",
        made("/api/v1/points/", "{type: string, pattern: '^/points/[0-9]+$'}"),
        made("/lines", "{type: string, format: uri}")
    ))
    .await;
}

#[tokio::test]
async fn a_list_in_a_form_has_objects_that_are_json() {
    let item = "{type: object, required: [name], properties: {name: {type: string, minLength: 2}, size: {type: integer}}}";
    let schema = format!(
        "{{type: object, required: [items], properties: {{title: {{type: string}}, items: {{type: array, minItems: 2, items: {item}}}}}}}"
    );
    let path = |media_type: &str| {
        format!(
            "  /{}: {{post: {{requestBody: {{required: true, content: {{{media_type}: {{schema: {schema}}}}}}}, responses: {{'204': {{description: Done.}}, '400': {{description: No.}}, '415': {{description: No.}}}}}}}}\n",
            media_type.replace('/', "-")
        )
    };
    whole(&(path("multipart/form-data") + &path("application/x-www-form-urlencoded"))).await;
}

#[tokio::test]
async fn a_list_in_one_text_has_no_empty_item() {
    let parameter = |name: &str, place: &str, required: bool, more: &str| {
        format!(
            "{{name: {name}, in: {place}, required: {required}, {more}schema: {{type: array, minItems: 2, items: {{type: string, minLength: 1}}}}}}"
        )
    };
    let surveyed = whole(&format!(
        "  /all/{{p}}: {{get: {{parameters: [{}, {}, {}, {}], responses: {{'200': {{description: Some.}}, '400': {{description: No.}}, '404': {{description: No.}}}}}}}}\n",
        parameter("p", "path", true, ""),
        parameter("spread", "query", false, ""),
        parameter("joined", "query", false, "explode: false, "),
        parameter("X-List", "header", false, "")
    ))
    .await;
    // The one that has a name for each item.
    assert_eq!(surveyed.constraints, surveyed.met, "{surveyed}");
}

#[tokio::test]
async fn a_list_that_may_be_null_is_a_list_in_a_parameter() {
    let list = "{type: array, minItems: 2, items: {type: integer, minimum: 1}}";
    let parameter = format!("{{name: ids, in: query, schema: {{anyOf: [{list}, {{type: 'null'}}]}}}}");
    let surveyed = whole(&format!(
        "  /all: {{get: {{parameters: [{parameter}], responses: {{'200': {{description: Some.}}, '400': {{description: No.}}}}}}}}\n"
    ))
    .await;
    let unmet: Vec<&String> =
        surveyed.unmet.iter().filter(|rule| rule.contains("minimum") || rule.contains("minItems")).collect();
    assert!(unmet.is_empty() && surveyed.met >= 3, "{surveyed} {unmet:?}");
}

#[tokio::test]
async fn a_text_of_a_format_without_a_longest_one_is_too_long() {
    let formats = ["date-time", "time", "duration", "json-pointer", "relative-json-pointer", "idn-email", "uri", "email"];
    let property = |format: &&str| format!("{format}: {{type: string, format: {format}, maxLength: 60}}");
    let properties: Vec<String> = formats.iter().map(property).collect();
    whole(&takes("/texts", &format!("{{type: object, properties: {{{}}}}}", properties.join(", ")))).await;
}

#[tokio::test]
async fn what_is_made_where_a_format_is_named_is_found_where_it_is_named_too() {
    let post = "{type: object, required: [id, raw], properties: {id: {type: integer}, raw: {type: string}}}";
    let answer = format!("{{description: One., content: {{application/json: {{schema: {post}}}}}}}");
    let no = "'400': {description: No.}, '404': {description: No.}, '415': {description: No.}";
    whole(&format!(
        "
  /posts.json:
    post:
      requestBody: {{required: true, content: {{application/json: {{schema: {{type: object, required: [raw], properties: {{raw: {{type: string}}}}}}}}}}}}
      responses: {{'200': {answer}, {no}}}
  /posts/{{id}}.json:
    get: {{parameters: [{{name: id, in: path, required: true, schema: {{type: integer}}}}], responses: {{'200': {answer}, {no}}}}}
"
    ))
    .await;
}

#[tokio::test]
async fn what_is_left_of_an_alternative_may_be_another() {
    for requirement in ["{key: [], code: [games]}, {implicit: [games]}", "{key: [], code: [games]}, {key: []}"] {
        let surveyed = survey(secured(requirement, ""), &Options::default()).await.unwrap();
        assert!(surveyed.is_good(), "{surveyed}");
        assert_eq!((surveyed.succeeded, surveyed.untested), (1, 0), "{surveyed}");
    }
}

#[tokio::test]
async fn a_brace_in_a_pattern_may_stand_for_itself() {
    whole(&takes("/ids", "{type: object, properties: {id: {type: string, pattern: '^(?:{[0-9a-f]{4}}|[0-9a-f]{4})$'}}}")).await;
}

#[tokio::test]
async fn not_modified_answers_nobody_who_asks_without_a_condition() {
    let paths = "  /cached: {get: {responses: {'304': {description: You have it.}}}}\n";
    let surveyed = surveyed(paths).await;
    assert!(surveyed.is_good(), "{surveyed}");
}

/// What the query of a path has of its own: a name that a parameter describes, and a value that is fixed.
#[tokio::test]
async fn a_path_may_have_a_query() {
    let text = "{name: q, in: query, required: true, schema: {type: string, minLength: 1}}";
    let view = "{name: view, in: query, schema: {enum: [status, log]}}";
    let answers = "responses: {'200': {description: Some.}, '400': {description: No.}, '404': {description: None.}}";
    whole(&format!(
        "
  /found?q={{q}}: {{get: {{parameters: [{text}], {answers}}}}}
  /builds?view=status: {{get: {{parameters: [{view}], {answers}}}}}
  /builds?view=log: {{get: {{{answers}}}, post: {{{answers}}}}}
  /builds: {{get: {{{answers}}}}}
"
    ))
    .await;
}

/// Objects whose properties are parameters of the query: one that is called like another parameter is that, and where no property has a
/// name, any name may be one.
#[tokio::test]
async fn a_property_in_the_query_is_not_another_parameter() {
    let answers = "responses: {'200': {description: Some.}, '400': {description: No.}}";
    whole(&format!(
        "
  /a:
    get:
      parameters:
        - {{name: kind, in: query, required: true, schema: {{enum: [sales, purchase]}}}}
        - {{name: part, in: query, required: true, schema: {{type: object, properties: {{kind: {{enum: [cash]}}, sum: {{type: integer}}}}}}}}
      {answers}
  /b:
    get:
      parameters:
        - {{name: page, in: query, schema: {{type: integer, minimum: 0}}}}
        - {{name: all, in: query, required: true, schema: {{type: object, additionalProperties: {{type: string, minLength: 1}}}}}}
      {answers}
"
    ))
    .await;
}

/// A key that no header can have: nobody can call the operation, and nobody is blamed for it.
#[tokio::test]
async fn a_header_with_an_impossible_name_is_told() {
    let document = "
openapi: 3.0.3
info: {title: Some, version: '1'}
paths:
  /a: {get: {security: [{key: []}], responses: {'200': {description: Some.}}}}
  /b: {get: {responses: {'200': {description: Some.}}}}
components: {securitySchemes: {key: {type: apiKey, in: header, name: The API key}}}
";
    let surveyed = survey(Document::parse("some.yaml", document).unwrap(), &Options::default()).await.unwrap();
    assert_eq!((surveyed.untested, surveyed.findings.len()), (1, 0), "{surveyed}");
    let reason = surveyed.reasons.keys().next().unwrap();
    assert_eq!(reason, "the security scheme key has a name that HTTP does not allow, \"The API key\"");
}

/// Two paths that differ in the names in braces only are one: it is tested once.
#[tokio::test]
async fn a_path_with_other_names_is_the_same_path() {
    let path = |name: &str, limit: u8| {
        let parameter = format!("{{name: {name}, in: path, required: true, schema: {{type: string, maxLength: {limit}}}}}");
        format!(
            "  /a/{{{name}}}: {{get: {{parameters: [{parameter}], responses: {{'200': {{description: One.}}, '400': {{description: No.}}}}}}}}\n"
        )
    };
    let surveyed = surveyed(&[path("id", 9), path("key", 5)].concat()).await;
    assert_eq!((surveyed.untested, surveyed.findings.len()), (1, 0), "{surveyed}");
    assert!(surveyed.reasons.contains_key("its path is that of /a/{id}, which is tested"), "{surveyed}");
}

/// A part of a schema that takes only objects in further properties: what another part describes can never be shown, and is not missed.
#[tokio::test]
async fn what_the_answer_may_not_have_is_not_missed() {
    let reference = |name: &str| format!("{{$ref: '#/components/schemas/{name}'}}");
    let body = |name: &str| format!("content: {{application/json: {{schema: {}}}}}", reference(name));
    let document = format!(
        "
openapi: 3.0.3
info: {{title: Some, version: '1'}}
paths:
  /a/{{id}}:
    parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
    get: {{responses: {{'200': {{description: One., {}}}}}}}
    patch:
      requestBody: {{required: true, {}}}
      responses: {{'204': {{description: Changed.}}, '400': {{description: No.}}}}
components:
  schemas:
    Base: {{type: object, required: [kind], properties: {{kind: {{type: string}}}}, additionalProperties: {{type: object}}}}
    Change: {{type: object, required: [name], properties: {{name: {{type: string, maxLength: 9}}}}}}
    Whole: {{allOf: [{}], type: object, properties: {{name: {{type: string, maxLength: 9}}}}}}
",
        body("Whole"),
        body("Change"),
        reference("Base")
    );
    let surveyed = survey(Document::parse("some.yaml", document).unwrap(), &Options::default()).await.unwrap();
    assert!(surveyed.is_good() && surveyed.untested == 0, "{surveyed}");
}

/// A resource without an id in the answer, below a path whose parameter asks for more than a number, or with its id inside `data`.
#[tokio::test]
async fn the_location_and_the_id_lead_to_what_was_created() {
    let thing = "{type: object, required: [name], properties: {name: {type: string, maxLength: 9}}}";
    let content = |schema: &str| format!("content: {{application/json: {{schema: {schema}}}}}");
    let location = "headers: {Location: {required: true, schema: {type: string}}}";
    let wrapped = "{type: object, required: [data], properties: {data: {type: object, required: [id, name], properties: {id: {type: string}, name: {type: string, maxLength: 9}}}}}";
    let text = |name: &str, rules: &str| {
        format!("parameters: [{{name: {name}, in: path, required: true, schema: {{type: string{rules}}}}}]")
    };
    whole(&format!(
        "
  /a:
    post:
      requestBody: {{required: true, {thing}}}
      responses: {{'201': {{description: Made., {location}, {thing}}}, '400': {{description: No.}}}}
  /a/{{key}}:
    {key}
    get: {{responses: {{'200': {{description: One., {thing}}}, '400': {{description: No.}}}}}}
  /b:
    post:
      requestBody: {{required: true, {wrapped}}}
      responses: {{'201': {{description: Made., {wrapped}}}, '400': {{description: No.}}}}
  /b/{{id}}:
    {id}
    get: {{responses: {{'200': {{description: One., {wrapped}}}, '400': {{description: No.}}}}}}
",
        thing = content(thing),
        wrapped = content(wrapped),
        key = text("key", ", minLength: 10, maxLength: 10"),
        id = text("id", ", minLength: 1"),
    ))
    .await;
}

/// Some copy into the document whatever a server has once sent.
#[tokio::test]
async fn headers_about_the_message_are_those_of_the_message() {
    let header = |name: &str, example: &str| format!("{name}: {{schema: {{type: string, example: '{example}'}}}}");
    let headers = [header("Content-Length", "357"), header("Transfer-Encoding", "chunked"), header("Content-Encoding", "br")];
    let text = "content: {text/plain: {schema: {type: string}}}";
    whole(&format!(
        "  /a: {{get: {{responses: {{'200': {{description: Some., headers: {{{}}}, {text}}}}}}}}}\n",
        headers.join(", ")
    ))
    .await;
}

/// A collection whose path ends with a name, since it is that of one team.
#[tokio::test]
async fn a_list_may_have_a_name_at_its_end() {
    let one = "{type: object, required: [id, name], properties: {id: {type: string, readOnly: true}, name: {type: string, maxLength: 9}}}";
    let content = |schema: &str| format!("content: {{application/json: {{schema: {schema}}}}}");
    let name = |name: &str| format!("{{name: {name}, in: path, required: true, schema: {{type: string}}}}");
    whole(&format!(
        "
  /parts/{{team}}:
    parameters: [{team}]
    post: {{requestBody: {{required: true, {one}}}, responses: {{'201': {{description: Made., {one}}}, '400': {{description: No.}}}}}}
    get: {{responses: {{'200': {{description: All., {all}}}}}}}
  /parts/{{team}}/{{id}}:
    parameters: [{team}, {id}]
    get: {{responses: {{'200': {{description: One., {one}}}, '404': {{description: None.}}}}}}
    delete: {{responses: {{'204': {{description: Gone.}}, '404': {{description: None.}}}}}}
",
        one = content(one),
        all = content(&format!("{{type: array, items: {one}}}")),
        team = name("team"),
        id = name("id"),
    ))
    .await;
}
