//! Each version of OpenAPI as 3.1.

use openapi_document::{DefectKind, Document, Loader};
use serde_json::{Value, json};

fn document(text: &str) -> Document {
    Document::parse("api.yaml", text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The schema of a document of 3.0 that is written so.
fn upgraded(schema: &Value) -> Value {
    let text = json!({"openapi": "3.0.3", "paths": {}, "components": {"schemas": {"A": schema, "B": {}}}}).to_string();
    document(&text).json()["components"]["schemas"]["A"].clone()
}

#[test]
fn schemas_of_3_0_become_those_of_3_1() {
    let table = [
        (json!({"type": "string", "nullable": true}), json!({"type": ["string", "null"]})),
        (json!({"type": "string", "nullable": false}), json!({"type": "string"})),
        // Without null in it the enum refuses null (OpenAPI 3.0.3, the clarification of `nullable`); that null may be meant is marked.
        (
            json!({"type": "string", "nullable": true, "enum": ["a"]}),
            json!({"type": ["string", "null"], "x-nullable": true, "enum": ["a"]}),
        ),
        (json!({"nullable": true, "enum": ["a", null]}), json!({"x-nullable": true, "enum": ["a", null]})),
        (
            json!({"nullable": true, "allOf": [{"$ref": "#/components/schemas/B"}]}),
            json!({"x-nullable": true, "allOf": [{"$ref": "#/components/schemas/B"}]}),
        ),
        (json!({"nullable": false, "allOf": [{}]}), json!({"allOf": [{}]})),
        (
            json!({"$ref": "#/components/schemas/B", "nullable": true, "description": "beside"}),
            json!({"$ref": "#/components/schemas/B", "x-nullable": true}),
        ),
        (
            json!({"minimum": 1, "exclusiveMinimum": true, "maximum": 2, "exclusiveMaximum": false}),
            json!({"exclusiveMinimum": 1, "maximum": 2}),
        ),
        (json!({"exclusiveMaximum": true}), json!({})),
        (json!({"exclusiveMaximum": 3}), json!({"exclusiveMaximum": 3})),
        (
            json!({"example": {"nullable": true, "$ref": "#/nowhere"}}),
            json!({"examples": [{"nullable": true, "$ref": "#/nowhere"}]}),
        ),
        (json!({"examples": {"a": {"value": 1}}}), json!({})),
        (json!({"examples": [1]}), json!({"examples": [1]})),
        (json!({"type": "string", "format": "byte"}), json!({"type": "string", "format": "byte", "contentEncoding": "base64"})),
        (
            json!({"type": "string", "format": "binary"}),
            json!({"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}),
        ),
        (
            json!({"items": {"type": "object", "additionalProperties": {"not": {"type": "string", "nullable": true}}}}),
            json!({"items": {"type": "object", "additionalProperties": {"not": {"type": ["string", "null"]}}}}),
        ),
    ];
    for (before, after) in table {
        assert_eq!(upgraded(&before), after, "{before}");
    }
}

#[test]
fn a_property_may_have_the_name_of_a_keyword_and_data_is_never_touched() {
    let names = [
        "nullable",
        "$ref",
        "example",
        "default",
        "enum",
        "discriminator",
        "exclusiveMinimum",
        "properties",
        "$id",
        "items",
        "x-a",
    ];
    let properties = |schema: Value| names.iter().map(|name| ((*name).to_owned(), schema.clone())).collect::<Value>();
    let data = json!({"type": "string", "nullable": true, "exclusiveMinimum": true, "$ref": "#/nowhere", "example": 1});
    let before = json!({
        "type": "object", "properties": properties(json!({"type": "string", "nullable": true})),
        "default": data, "enum": [data], "example": data, "x-data": data,
    });
    let after = json!({
        "type": "object", "properties": properties(json!({"type": ["string", "null"]})),
        "default": data, "enum": [data], "examples": [data], "x-data": data,
    });
    assert_eq!(upgraded(&before), after);
    let media =
        json!({"schema": {"nullable": true, "type": "string"}, "example": data, "examples": {"nullable": {"value": data}}});
    let text = json!({"openapi": "3.0.0", "paths": {"/nullable": {"get": {"responses": {"200": {"description": "", "content": {"a/b": media}}}}}}});
    let document = document(&text.to_string());
    let found = &document.json()["paths"]["/nullable"]["get"]["responses"]["200"]["content"]["a/b"];
    let media = json!({"schema": {"type": ["string", "null"]}, "example": data, "examples": {"nullable": {"value": data}}});
    assert_eq!(found, &media);
}

#[test]
fn what_3_0_becomes_keeps_its_place() {
    let document = document(
        "openapi: 3.0.0\ncomponents:\n  schemas:\n    A:\n      type: integer\n      minimum: 3\n      exclusiveMinimum: true\n      example: 4\n",
    );
    assert_eq!(document.json()["openapi"], "3.1.1");
    assert_eq!(document.place("/components/schemas/A/exclusiveMinimum").line, 6);
    assert_eq!(document.place("/components/schemas/A/examples/0").line, 8);
}

#[test]
fn a_document_of_3_1_is_as_it_was_written() {
    let written = json!({
        "openapi": "3.1.0",
        "info": {"title": "a", "version": "1"},
        "webhooks": {"a": {"post": {}}},
        "components": {
            "schemas": {
                "A": {"$ref": "#/components/schemas/B", "nullable": true, "description": "beside", "example": 1},
                "B": {"type": ["string", "null"], "exclusiveMinimum": 1, "$defs": {"x": true}, "properties": {"$ref": false}},
            },
            "pathItems": {"x": {"$ref": "#/webhooks/a"}},
        },
        "x-anything": [{"$ref": "nowhere.yaml"}],
    });
    assert_eq!(document(&written.to_string()).json(), &written);
}

#[test]
fn what_3_2_added_is_kept_and_named() {
    let document = document(
        "openapi: 3.2.0
$self: https://example.com/api.yaml
paths:
  /a:
    query: { parameters: [{ name: q, in: querystring, content: { a/b: { schema: { $ref: 'https://example.com/api.yaml#/components/schemas/A' } } } }] }
    additionalOperations: { LINK: { responses: { '200': { content: { application/jsonl: { itemSchema: { $ref: '#/components/schemas/A' } } } } } } }
components:
  schemas: { A: { type: string } }
  mediaTypes: { M: { schema: { type: string } } }
  responses: { R: { content: { a/b: { $ref: '#/components/mediaTypes/M' } } } }
",
    );
    let operations: Vec<_> = document.operations().map(|operation| (operation.method, operation.pointer)).collect();
    let expected = [("QUERY", "/paths/~1a/query"), ("LINK", "/paths/~1a/additionalOperations/LINK")];
    assert_eq!(operations, expected.map(|(method, pointer)| (method.to_owned(), pointer.to_owned())));
    assert_eq!(document.json()["components"]["responses"]["R"]["content"]["a/b"]["schema"]["type"], "string");
    let schema = document.json().pointer("/paths/~1a/query/parameters/0/content/a~1b/schema").unwrap();
    assert_eq!(schema, &json!({"$ref": "#/components/schemas/A"}));
    let newer: Vec<_> = document.defects().iter().map(|defect| (defect.kind, defect.pointer.as_str())).collect();
    let item = "/paths/~1a/additionalOperations/LINK/responses/200/content/application~1jsonl/itemSchema";
    assert_eq!(newer, [(DefectKind::Newer, "/paths/~1a/query/parameters/0/in"), (DefectKind::Newer, item)]);
}

#[test]
fn swagger_2_0_becomes_3_1() {
    let document = document(
        "swagger: '2.0'
info: { title: Pets, version: '1' }
host: example.com
basePath: /v1/
schemes: [https, http]
consumes: [application/json]
produces: [application/json]
security: [{ key: [] }]
paths:
  /pets/{id}:
    parameters:
      - { $ref: '#/parameters/Id' }
    get:
      parameters:
        - { name: tags, in: query, type: array, items: { type: string, minLength: 2 }, collectionFormat: multi, minItems: 1 }
        - { name: ids, in: query, type: array, items: { type: integer } }
        - { name: piped, in: query, type: array, items: { type: string }, collectionFormat: pipes }
        - { name: X-List, in: header, type: array, items: { type: string } }
        - { name: at, in: query, type: array, items: { type: string }, collectionFormat: tsv }
        - { name: X-At, in: header, type: array, items: { type: string }, collectionFormat: tsv }
      produces: [application/json, text/plain]
      responses:
        200:
          description: ok
          schema: { $ref: '#/definitions/Pet' }
          headers: { X-Rate: { type: integer, description: rate } }
          examples: { application/json: { name: a } }
        404: { $ref: '#/responses/NotFound' }
    put:
      parameters: [{ $ref: '#/parameters/Pet' }]
      responses: { 204: { description: none } }
    post:
      consumes: [multipart/form-data]
      parameters:
        - { name: photo, in: formData, type: file, required: true, description: a photo }
        - { name: names, in: formData, type: array, items: { type: string }, collectionFormat: ssv }
      responses: { default: { $ref: '#/responses/NotFound' } }
  /upload:
    post:
      schemes: [http]
      parameters: [{ name: field, in: formData, type: string, x-nullable: true }]
      responses: { 200: { description: file, schema: { type: file } } }
parameters:
  Id: { name: id, in: path, required: true, type: string, format: uuid }
  Pet: { name: pet, in: body, required: true, schema: { $ref: '#/definitions/Pet' } }
responses:
  NotFound: { description: none, schema: { $ref: '#/definitions/Error' } }
definitions:
  Pet:
    type: object
    discriminator: kind
    required: [kind]
    properties:
      kind: { type: string }
      owner: { $ref: '#/definitions/Error/properties/owner' }
      note: { type: string, x-nullable: true }
      odd: { $ref: '#/parameters/Pet/schema' }
  Error: { type: object, properties: { owner: { type: string } } }
securityDefinitions:
  key: { type: apiKey, in: header, name: X-Key }
  plain: { type: basic }
  oauth: { type: oauth2, flow: accessCode, authorizationUrl: 'https://a', tokenUrl: 'https://b', scopes: { read: reads } }
",
    );
    let json = document.json();
    let pet = json!({"$ref": "#/components/schemas/Pet"});
    assert_eq!(json["openapi"], "3.1.1");
    assert_eq!(document.version(), "2.0");
    assert_eq!(json["servers"], json!([{"url": "https://example.com/v1"}, {"url": "http://example.com/v1"}]));
    let item = &json["paths"]["/pets/{id}"];
    assert_eq!(item["parameters"], json!([{"$ref": "#/components/parameters/Id"}]));
    let array = |name: &str, place: &str, items: Value, style: &str, explode: bool| json!({"name": name, "in": place, "schema": {"type": "array", "items": items}, "style": style, "explode": explode});
    let text = json!({"type": "string"});
    let mut tags = array("tags", "query", json!({"type": "string", "minLength": 2}), "form", true);
    tags["schema"]["minItems"] = json!(1);
    let parameters = json!([
        tags,
        array("ids", "query", json!({"type": "integer"}), "form", false),
        array("piped", "query", text.clone(), "pipeDelimited", false),
        array("X-List", "header", text.clone(), "simple", false),
        array("at", "query", text.clone(), "tabDelimited", false),
        array("X-At", "header", text.clone(), "simple", false),
    ]);
    assert_eq!(item["get"]["parameters"], parameters);
    let ok = json!({
        "description": "ok",
        "headers": {"X-Rate": {"description": "rate", "schema": {"type": "integer"}}},
        "content": {"application/json": {"schema": pet, "example": {"name": "a"}}, "text/plain": {"schema": pet}},
    });
    assert_eq!(item["get"]["responses"]["200"], ok);
    let own = &item["get"]["responses"]["404"]["content"];
    assert_eq!(own["text/plain"]["schema"], json!({"$ref": "#/components/schemas/Error"}), "with the operation's media types");
    assert_eq!(item["put"]["requestBody"], json!({"$ref": "#/components/requestBodies/Pet"}));
    assert_eq!(item["put"].get("parameters"), None);
    let body = json!({"required": true, "content": {"application/json": {"schema": pet}}});
    assert_eq!(json["components"]["requestBodies"]["Pet"], body);
    let form = json!({
        "schema": {
            "type": "object",
            "properties": {
                "photo": {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream", "description": "a photo"},
                "names": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["photo"],
        },
        "encoding": {"names": {"style": "spaceDelimited", "explode": false}},
    });
    assert_eq!(item["post"]["requestBody"], json!({"content": {"multipart/form-data": form}, "required": true}));
    assert_eq!(item["post"]["responses"]["default"], json!({"$ref": "#/components/responses/NotFound"}));
    let upload = &json["paths"]["/upload"]["post"];
    assert_eq!(upload["servers"], json!([{"url": "http://example.com/v1"}]));
    let field = &upload["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]["field"];
    assert_eq!(field, &json!({"type": ["string", "null"]}));
    let file = &upload["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(file, &json!({"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}));
    assert_eq!(
        json["components"]["parameters"],
        json!({"Id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}})
    );
    let schemas = &json["components"]["schemas"];
    assert_eq!(schemas["Pet"]["discriminator"], json!({"propertyName": "kind"}));
    assert_eq!(schemas["Pet"]["properties"]["owner"], json!({"$ref": "#/components/schemas/Error/properties/owner"}));
    assert_eq!(schemas["Pet"]["properties"]["note"], json!({"type": ["string", "null"]}));
    let odd = document.resolve("/components/schemas/Pet/properties/odd").unwrap();
    assert_eq!(odd.0, "/components/schemas/Pet");
    let schemes = json!({
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "plain": {"type": "http", "scheme": "basic"},
        "oauth": {"type": "oauth2", "flows": {"authorizationCode": {"authorizationUrl": "https://a", "tokenUrl": "https://b", "scopes": {"read": "reads"}}}},
    });
    assert_eq!(json["components"]["securitySchemes"], schemes);
    for gone in [
        "swagger",
        "host",
        "basePath",
        "schemes",
        "consumes",
        "produces",
        "definitions",
        "parameters",
        "responses",
        "securityDefinitions",
    ] {
        assert_eq!(json.get(gone), None, "{gone}");
    }
    let [defect] = document.defects() else { panic!("{:?}", document.defects()) };
    assert_eq!((defect.kind, defect.place.line), (DefectKind::NotConverted, 20), "{defect}");
    assert_eq!(document.place("/components/schemas/Pet/properties/note").line, 56);
    assert_eq!(document.place("/paths/~1pets~1{id}/get/parameters/1/schema").line, 16);
}

#[test]
fn servers_of_2_0_may_lack_parts() {
    for (text, url) in [
        ("host: a.example", json!([{"url": "//a.example"}])),
        ("basePath: /v1", json!([{"url": "/v1"}])),
        ("host: a.example\nbasePath: /\nschemes: [https]", json!([{"url": "https://a.example"}])),
        ("schemes: [https]", Value::Null),
    ] {
        assert_eq!(document(&format!("swagger: '2.0'\npaths: {{}}\n{text}")).json()["servers"], url, "{text}");
    }
}

#[test]
fn the_conversion_of_2_0_copies_within_the_limit() {
    let properties: String = (0..100).map(|index| format!("p{index}: {{ type: string }}, ")).collect();
    let types: Vec<String> = (0..100).map(|index| format!("a/{index}")).collect();
    let text = format!(
        "swagger: '2.0'
consumes: [{}]
paths: {{ /a: {{ post: {{ parameters: [{{ name: b, in: body, schema: {{ properties: {{ {properties} }} }} }}] }} }} }}
",
        types.join(", ")
    );
    let error = Loader::new().max_copied(10_000).parse("api.yaml", &*text).unwrap_err().to_string();
    assert_eq!(error, "api.yaml: more than 10000 values copied by aliases and references");
    assert_eq!(Document::parse("api.yaml", text).unwrap().operations().count(), 1);
}
