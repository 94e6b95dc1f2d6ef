//! What each construct of OpenAPI becomes.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod support;

use support::files;

/// The items of a generated file after its imports.
fn file(text: &str, path: &str) -> String {
    files(text).into_iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}")).content
}

/// The types for these schemas.
fn types(schemas: &str) -> String {
    let text =
        format!("openapi: 3.1.0\ninfo: {{ title: T, version: '1' }}\npaths: {{}}\ncomponents: {{ schemas: {{ {schemas} }} }}\n");
    file(&text, "src/types.rs")
}

/// The handlers for one operation, with these fields.
fn handlers(operation: &str) -> String {
    handlers_of("openapi: 3.1.0", operation)
}

fn handlers_of(version: &str, operation: &str) -> String {
    let text = format!(
        "{version}\ninfo: {{ title: T, version: '1' }}\npaths: {{ /things: {{ post: {{ operationId: act, {operation} }} }} }}\n"
    );
    file(&text, "src/api/things.rs")
}

fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn numbers_have_the_size_of_their_format() {
    let text = types(
        "N: { type: object, required: [a, b, c, d, e], properties: { a: { type: integer }, b: { type: integer, format: int32 }, \
         c: { type: number }, d: { type: number, format: float }, e: { type: string, format: date-time } } }",
    );
    assert_contains(&text, &["pub a: i64", "pub b: i32", "pub c: f64", "pub d: f32", "pub e: String"]);
}

#[test]
fn what_is_not_required_is_an_option() {
    let text = types("N: { type: object, required: [a], properties: { a: { type: string }, b: { type: string } } }");
    let optional = "#[serde(default, skip_serializing_if = \"Option::is_none\")]\n    pub b: Option<String>";
    assert_contains(&text, &["{\n    pub a: String", optional]);
}

#[test]
fn inline_schemas_are_called_by_where_they_stand() {
    let text = types(
        "User: { type: object, required: [address, tags], properties: { address: { type: object, properties: { zip: { type: string } } }, \
         tags: { type: array, items: { type: string, enum: [a, b] } } } }",
    );
    assert_contains(
        &text,
        &["pub address: UserAddress", "pub struct UserAddress", "pub tags: Vec<UserTagsItem>", "pub enum UserTagsItem"],
    );
}

#[test]
fn a_name_that_another_schema_has_is_not_taken() {
    let text = types(
        "User: { type: object, required: [address], properties: { address: { type: object, properties: { zip: { type: string } } } } }, \
         UserAddress: { type: integer }",
    );
    assert_contains(&text, &["pub address: UserAddress2", "pub type UserAddress = i64;"]);
}

#[test]
fn descriptions_are_doc_comments_and_no_tests() {
    let text = types(r#"N: { type: string, deprecated: true, description: "One.\n\n    two\n```\nthree\n\u202e\r\n" }"#);
    assert_contains(
        &text,
        &["/// One.\n///\n/// two\n/// ```text\n/// three\n///\n/// ```\n///\n/// Deprecated.\npub type N = String;"],
    );
}

#[test]
fn an_object_with_unlisted_properties_keeps_them() {
    let text = types(
        "Map: { type: object, additionalProperties: { type: integer } }, Free: { type: object }, \
         Both: { type: object, required: [a], properties: { a: { type: string } }, additionalProperties: { type: boolean } }",
    );
    let map = "pub type Map = std::collections::BTreeMap<String, i64>;";
    let both = "#[serde(flatten)]\n    pub additional: std::collections::BTreeMap<String, bool>";
    assert_contains(&text, &[map, "pub type Free = serde_json::Map<String, serde_json::Value>;", both]);
}

#[test]
fn all_of_one_reference_is_what_it_refers_to() {
    let text = types(
        "A: { type: object, properties: { a: { type: string } } }, B: { description: The same., allOf: [{ $ref: '#/components/schemas/A' }] }, \
         C: { type: object, required: [a], properties: { a: { allOf: [{ $ref: '#/components/schemas/A' }, { description: Mine. }] } } }",
    );
    assert_contains(&text, &["/// The same.\npub type B = A;", "pub a: A,"]);
}

#[test]
fn a_body_that_may_be_absent_is_an_option() {
    let body = |required: &str| {
        let content = "{ application/json: { schema: { type: array, items: { type: string } } } }";
        handlers(&format!("requestBody: {{ {required} content: {content} }}, responses: {{ '204': {{ description: Done. }} }}"))
    };
    assert_contains(&body("required: true,"), &["Body(_body): Body<Vec<String>>"]);
    assert_contains(&body(""), &["Body(_body): Body<Option<Vec<String>>>"]);
}

#[test]
fn the_only_success_is_in_the_type_of_the_answer() {
    let json = "content: { application/json: { schema: { type: string } } }";
    let one = handlers(&format!("responses: {{ '201': {{ description: D, {json} }}, '400': {{ description: Bad }} }}"));
    assert_contains(
        &one,
        &["/// - 201: `String`: D\n/// - 400: Bad\n", "Result<Answer<201, String>>", "Err(not_written(\"act\"))"],
    );
    assert_contains(&handlers("responses: { '204': { description: D } }"), &["Result<Empty<204>>"]);
    let two = handlers(&format!("responses: {{ '200': {{ description: D, {json} }}, '202': {{ description: Later }} }}"));
    assert_contains(&two, &["Result<Response>"]);
    assert_contains(&handlers("responses: { '200': { description: D, content: { image/png: {} } } }"), &["Result<Response>"]);
}

#[test]
fn other_versions_are_read_too() {
    let swagger = "parameters: [{ name: body, in: body, required: true, schema: { type: integer } }], responses: { '204': { description: D } }";
    assert_contains(&handlers_of("swagger: '2.0'\nconsumes: [application/json]", swagger), &["Body(_body): Body<i64>"]);
    let nullable = "requestBody: { required: true, content: { application/json: { schema: { type: integer, nullable: true } } } }, \
                    responses: { '204': { description: D } }";
    assert_contains(&handlers_of("openapi: 3.0.3", nullable), &["Body(_body): Body<Option<i64>>"]);
}

#[test]
fn an_operation_without_a_name_is_called_by_its_path() {
    let text =
        "openapi: 3.1.0\ninfo: { title: T, version: '1' }\npaths:\n  /api/v2/users/{id}/notes:\n    get: { responses: {} }\n";
    assert_contains(
        &file(text, "src/api/users.rs"),
        &["pub async fn get_api_v2_users_by_id_notes()", "GET /api/v2/users/{id}/notes"],
    );
}

#[test]
fn each_security_scheme_is_named() {
    let of = |schemes: &str| {
        file(
            &format!(
                "openapi: 3.1.0\ninfo: {{ title: T, version: '1' }}\npaths: {{}}\ncomponents: {{ securitySchemes: {{ {schemes} }} }}\n"
            ),
            "src/security.rs",
        )
    };
    assert_contains(&of("key: { type: apiKey, in: header, name: X }"), &["//! - `key`: apikey", "Ok(server)"]);
    assert_contains(&of("token: { type: http, scheme: bearer }"), &["//! - `token`: http bearer", "LocalIssuer::open"]);
}

#[test]
fn null_as_an_alternative_is_an_option_and_no_type() {
    let text = types(
        "A: { type: object, properties: { a: { type: string } } }, \
         B: { type: object, required: [a, b], properties: { a: { anyOf: [{ $ref: '#/components/schemas/A' }, { type: 'null' }] }, \
         b: { anyOf: [{ type: array, items: { type: integer } }, { type: 'null' }] } } }",
    );
    assert_contains(&text, &["pub a: Option<A>,", "pub b: Option<Vec<i64>>,"]);
    assert_eq!(text.matches("pub type").count() + text.matches("pub struct").count(), 2, "{text}");
}

#[test]
fn a_parameter_that_the_path_has_no_place_for_is_left_out() {
    let text = "
openapi: 3.1.0
info: { title: T, version: '1' }
paths:
  /: { get: { operationId: start, parameters: [{ $ref: '#/components/parameters/path' }], responses: {} } }
  /{path}: { get: { operationId: show, parameters: [{ $ref: '#/components/parameters/path' }], responses: {} } }
components: { parameters: { path: { name: path, in: path, required: true, schema: { type: string } } } }
";
    let parameters = file(text, "src/parameters.rs");
    assert!(parameters.contains("pub struct Show") && !parameters.contains("pub struct Start"), "{parameters}");
}
