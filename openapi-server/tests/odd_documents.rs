//! Documents with features that few documents have: right requests get through, and wrong ones get every violation.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::sync::Arc;

use openapi_server::{
    Document,
    contract::{Contract, Limits},
};
use poem::{Endpoint, IntoResponse, Request};
use serde_json::Value;

const ODD: &str = r##"
openapi: 3.0.3
info: { title: Odd, version: "1" }
servers: [{ url: "https://x.example/api/v1" }]
paths:
  /a/{x}.{y}:
    get:
      parameters:
        - { name: x, in: path, required: true, schema: { type: integer } }
        - { name: y, in: path, required: true, schema: { type: string, enum: [json, xml] } }
      responses: { default: { description: all } }
  /label/{l}/matrix/{m}:
    get:
      parameters:
        - { name: l, in: path, required: true, style: label, explode: true, schema: { type: array, items: { type: integer } } }
        - { name: m, in: path, required: true, style: matrix, explode: true, schema: { type: object, required: [a], properties: { a: { type: integer }, b: { type: string } }, additionalProperties: false } }
      responses: { default: { description: all } }
  /cookie:
    get:
      parameters:
        - { name: ids, in: cookie, style: form, explode: true, schema: { type: array, maxItems: 2, items: { type: integer } } }
        - { name: prefs, in: cookie, style: form, explode: false, schema: { type: object, properties: { a: { type: integer } } } }
      responses: { default: { description: all } }
  /deep:
    get:
      parameters:
        - { name: f, in: query, style: deepObject, explode: true, schema: { type: object, additionalProperties: false, required: [n], properties: { n: { type: integer }, tags: { type: array, items: { type: string, minLength: 2 } }, in: { type: object, properties: { z: { type: boolean } } } } } }
      responses: { default: { description: all } }
  /nullable:
    post:
      requestBody:
        required: true
        content: { application/json: { schema: { type: object, properties: { p: { nullable: true, allOf: [{ $ref: "#/components/schemas/Pet" }] }, q: { type: string, nullable: true, enum: [a, b] }, r: { $ref: "#/components/schemas/Node" }, s: { type: string, pattern: "^(?=.*[0-9])(?!x).+$" } } } } }
      responses: { default: { description: all } }
  /media:
    post:
      requestBody:
        required: true
        content:
          application/json;v=1: { schema: { type: object, required: [one] } }
          application/json;v=2: { schema: { type: object, required: [two] } }
      responses: { default: { description: all } }
  /multi:
    post:
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema: { type: object, required: [meta, file], properties: { meta: { type: object, required: [k], properties: { k: { type: integer } } }, file: { type: string, format: binary, maxLength: 4 } } }
            encoding:
              meta: { contentType: application/json }
              file: { contentType: "image/png, text/plain", headers: { X-Sum: { required: true, schema: { type: integer } } } }
      responses: { default: { description: all } }
components:
  schemas:
    Pet:
      oneOf: [{ $ref: "#/components/schemas/Cat" }, { $ref: "#/components/schemas/Dog" }]
      discriminator: { propertyName: kind, mapping: { kitty: "#/components/schemas/Cat", Dog: Dog } }
    Cat: { type: object, required: [kind, lives], properties: { kind: { type: string }, lives: { type: integer } } }
    Dog: { type: object, required: [kind, bark], properties: { kind: { type: string }, bark: { type: boolean } } }
    Node: { type: object, required: [v], properties: { v: { type: integer }, next: { $ref: "#/components/schemas/Node" } }, additionalProperties: false }
"##;

/// Status, and the pointer and rule of each violation.
async fn ask(method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> (u16, Vec<String>) {
    let contract = Contract::compile(&Document::parse(ODD).unwrap(), None, Limits::default()).unwrap();
    let endpoint = Arc::new(contract).enforce(poem::endpoint::make_sync(|_| ""));
    let request = Request::builder().method(method.parse().unwrap()).uri(uri.parse().unwrap());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = endpoint.call(request.header("content-length", body.len().to_string()).body(body.to_owned())).await;
    let response = response.map_or_else(|error| error.into_response(), IntoResponse::into_response);
    let status = response.status().as_u16();
    let problem: Value = serde_json::from_str(&response.into_body().into_string().await.unwrap()).unwrap_or_default();
    let errors = problem["errors"].as_array().into_iter().flatten();
    (status, errors.map(|error| format!("{} {}", error["pointer"].as_str().unwrap(), error["rule"].as_str().unwrap())).collect())
}

#[tokio::test]
async fn parameters_of_every_style_are_read_and_refused() {
    let cases: [(&str, &str, u16, &[&str]); 19] = [
        ("/a/1.json", "", 200, &[]),
        ("/a/x.pdf", "", 400, &["/path/x type", "/path/y enum"]),
        ("/a/1", "", 404, &[]),
        ("/api/v1/a/1.json", "", 404, &[]),
        ("/label/.1.2/matrix/;a=1;b=x", "", 200, &[]),
        ("/label/.1.x/matrix/;b=x", "", 400, &["/path/l/1 type", "/path/m/a required"]),
        ("/label/1/matrix/;a=1", "", 400, &["/path/l type"]),
        ("/label/.1/matrix/;a=1;c=1", "", 400, &["/path/m/c additionalProperties"]),
        ("/cookie", "ids=1; ids=2", 200, &[]),
        ("/cookie", "ids=1; ids=2; ids=3", 400, &["/cookie/ids maxItems"]),
        ("/cookie", "prefs=a,1", 200, &[]),
        ("/cookie", "prefs=a,x", 400, &["/cookie/prefs/a type"]),
        ("/deep?f[n]=1&f[tags]=ab&f[tags]=cd", "", 200, &[]),
        ("/deep?f[n]=1&f[tags][0]=ab&f[in][z]=true", "", 200, &[]),
        ("/deep?f%5Bn%5D=1", "", 200, &[]),
        (
            "/deep?f[n]=x&f[in][z]=maybe&f[tags]=a&f[more]=1",
            "",
            400,
            &["/query/f/n type", "/query/f/in/z type", "/query/f/tags/0 minLength", "/query/f/more additionalProperties"],
        ),
        ("/deep?f[tags]=ab", "", 400, &["/query/f/n required"]),
        ("/deep?f[n]=1&f[n]=2", "", 400, &["/query/f type"]),
        ("/deep?f[n]=1.0", "", 200, &[]),
    ];
    for (uri, cookie, status, broken) in cases {
        let headers = if cookie.is_empty() { vec![] } else { vec![("cookie", cookie)] };
        let expected = (status, broken.iter().map(|&broken| broken.to_owned()).collect());
        assert_eq!(ask("GET", uri, &headers, "").await, expected, "{uri} {cookie}");
    }
}

#[tokio::test]
async fn bodies_of_intricate_schemas_and_media_types_are_read_and_refused() {
    let json = "application/json";
    let cases: [(&str, &str, &str, u16, &[&str]); 8] = [
        ("/nullable", json, r#"{"p":{"kind":"kitty","lives":9},"q":"a","s":"a1"}"#, 200, &[]),
        (
            "/nullable",
            json,
            r#"{"p":{"kind":"kitty"},"q":"c","s":"x1","r":{"v":1,"next":{"v":"2","w":1}}}"#,
            400,
            &["/p oneOf", "/q enum", "/s pattern", "/r/next/v type", "/r/next/w additionalProperties"],
        ),
        // OpenAPI 3.0.3: `nullable` is about the `type` beside it, and null must be in the `enum` too.
        ("/nullable", json, r#"{"p":null,"q":null}"#, 400, &["/p oneOf", "/q enum"]),
        ("/nullable", json, r#"{"p":{"kind":"kitty","lives":9,"bark":true}}"#, 400, &["/p oneOf"]),
        ("/media", "application/json; v=1", r#"{"one":1}"#, 200, &[]),
        ("/media", "application/json; v=2", r#"{"one":1}"#, 400, &["/two required"]),
        ("/media", "application/json; v=\"2\"", r#"{"two":1}"#, 200, &[]),
        ("/media", json, r#"{"one":1}"#, 415, &[]),
    ];
    for (uri, media_type, body, status, broken) in cases {
        let expected = (status, broken.iter().map(|&broken| broken.to_owned()).collect());
        assert_eq!(ask("POST", uri, &[("content-type", media_type)], body).await, expected, "{uri} {body}");
    }
}

/// A body of two parts: JSON with its media type, and a file with further header lines.
fn parts(meta: (&str, &str), file: (&str, &str), headers: &str) -> String {
    format!(
        "--B\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: {}\r\n\r\n{}\r\n\
         --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\nContent-Type: {}\r\n{headers}\r\n{}\r\n--B--\r\n",
        meta.1, meta.0, file.1, file.0
    )
}

#[tokio::test]
async fn each_part_of_a_body_is_encoded_and_has_the_headers_that_the_document_says() {
    let (json, png, sum) = ("application/json", "image/png", "X-Sum: 1\r\n");
    let meta = (r#"{"k":1}"#, json);
    let cases: [(String, u16, &[&str]); 5] = [
        (parts(meta, ("abcd", png), sum), 200, &[]),
        (parts(meta, ("abcd", png), ""), 400, &["/file required"]),
        (parts(meta, ("abcd", png), "X-Sum: x\r\n"), 400, &["/file type"]),
        (parts((r#"{"k":"x"}"#, json), ("abcde", png), sum), 400, &["/meta/k type", "/file maxLength"]),
        (parts((r#"{"k":1}"#, "text/plain"), ("abcd", "image/gif"), sum), 400, &["/meta contentType", "/file contentType"]),
    ];
    for (body, status, broken) in cases {
        let expected = (status, broken.iter().map(|&broken| broken.to_owned()).collect());
        let headers = [("content-type", "multipart/form-data; boundary=B")];
        assert_eq!(ask("POST", "/multi", &headers, &body).await, expected, "{body}");
    }
}

#[test]
fn headers_of_parts_mean_something_where_a_body_has_parts() {
    for (media_type, is_read) in [("multipart/form-data", true), ("*/*", true), ("application/x-www-form-urlencoded", false)] {
        let encoding = serde_json::json!({ "name": { "headers": { "no name": { "schema": { "type": "string" } } } } });
        let schema = serde_json::json!({ "type": "object", "properties": { "name": { "type": "string" } } });
        let document = serde_json::json!({
            "openapi": "3.1.0",
            "info": { "title": "Form", "version": "1" },
            "paths": { "/form": { "post": {
                "requestBody": { "content": { media_type: { "schema": schema, "encoding": encoding } } },
                "responses": { "204": { "description": "Kept." } }
            } } }
        });
        let compiled = Contract::compile(&Document::parse(document.to_string()).unwrap(), None, Limits::default());
        assert_eq!(compiled.is_err(), is_read, "{media_type}");
    }
}
