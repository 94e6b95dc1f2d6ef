//! What is wrong in a document, with its place; each row has one fault, and no document without a fault has a defect.

use openapi_document::{DefectKind, Document, Loader};

#[test]
fn each_fault_is_reported_where_it_is_and_the_rest_is_usable() {
    use DefectKind::{DefaultType, DuplicateOperationId, EnumType, KeywordType, PathParameter, UnknownType, Unresolved};
    let schema = |schema: &str| format!("openapi: 3.0.3\npaths: {{}}\ncomponents:\n  schemas:\n    A: {schema}\n");
    let paths = |paths: &str| format!("openapi: 3.1.0\npaths:\n{paths}");
    let table = [
        (schema("{ type: any }"), UnknownType, "/components/schemas/A/type", 5),
        (schema("{ type: file }"), UnknownType, "/components/schemas/A/type", 5),
        (schema("{ type: 3 }"), KeywordType, "/components/schemas/A/type", 5),
        (schema("{ minLength: '3' }"), KeywordType, "/components/schemas/A/minLength", 5),
        (schema("{ minLength: -1 }"), KeywordType, "/components/schemas/A/minLength", 5),
        (schema("{ multipleOf: 0 }"), KeywordType, "/components/schemas/A/multipleOf", 5),
        (schema("{ enum: a }"), KeywordType, "/components/schemas/A/enum", 5),
        (schema("{ nullable: maybe }"), KeywordType, "/components/schemas/A/nullable", 5),
        (schema("{ allOf: {} }"), KeywordType, "/components/schemas/A/allOf", 5),
        (
            schema("{ properties: { a: { type: string, required: true } } }"),
            KeywordType,
            "/components/schemas/A/properties/a/required",
            5,
        ),
        (schema("{ properties: { a: text } }"), KeywordType, "/components/schemas/A/properties/a", 5),
        (schema("{ items: [{ type: string }] }"), KeywordType, "/components/schemas/A/items", 5),
        (schema("{ type: boolean, default: 'true' }"), DefaultType, "/components/schemas/A/default", 5),
        (schema("{ type: integer, default: 1.5 }"), DefaultType, "/components/schemas/A/default", 5),
        (schema("{ type: string, nullable: true, enum: [1, 2, null] }"), EnumType, "/components/schemas/A/enum", 5),
        (schema("{ type: array, items: { type: string }, enum: [a, b] }"), EnumType, "/components/schemas/A/enum", 5),
        (paths("  /a/{id}:\n    get: {}\n"), PathParameter, "/paths/~1a~1{id}/get", 4),
        (
            paths("  /a:\n    get:\n      parameters: [{ name: id, in: path, required: true, schema: {} }]\n"),
            PathParameter,
            "/paths/~1a/get/parameters/0",
            5,
        ),
        (
            paths("  /a:\n    parameters: [{ name: id, in: path, required: true, schema: {} }]\n"),
            PathParameter,
            "/paths/~1a/parameters/0",
            4,
        ),
        (
            paths("  /a:\n    get: { operationId: x }\n    put: { operationId: x }\n"),
            DuplicateOperationId,
            "/paths/~1a/put/operationId",
            5,
        ),
        (paths("  /a:\n    get: { security: [{ missing: [] }] }\n"), Unresolved, "/paths/~1a/get/security/0/missing", 4),
    ];
    for (text, kind, pointer, line) in table {
        let document = Document::parse("api.yaml", &*text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found: Vec<_> =
            document.defects().iter().map(|defect| (defect.kind, defect.pointer.as_str(), defect.place.line)).collect();
        assert_eq!(found, [(kind, pointer, line)], "{text}");
    }
}

#[test]
fn what_is_right_has_no_defect() {
    let text = "openapi: 3.1.0
security: [{ key: [] }, {}]
paths:
  /a/{id}/{name}:
    parameters: [{ $ref: '#/components/parameters/Id' }]
    get: { operationId: a, parameters: [{ name: name, in: path, required: true, schema: true }] }
  /b: { $ref: '#/components/pathItems/B' }
components:
  parameters: { Id: { name: id, in: path, required: true, schema: { type: integer, default: 1.0, minimum: 1e0 } } }
  pathItems: { B: { get: { operationId: b } } }
  securitySchemes: { key: { type: apiKey, in: header, name: X-Key } }
  schemas:
    A:
      type: [object, 'null']
      default: null
      minProperties: 1.0
      properties: { type: { type: string }, required: true, enum: {}, default: { type: number, default: 1 } }
      enum: [{ minLength: '3', type: any }]
";
    assert_eq!(Document::parse("api.yaml", text).unwrap().defects(), []);
}

#[test]
fn patterns_are_checked_by_the_engine_that_matches_them() {
    let loader =
        Loader::new().check_patterns_with(|pattern| if pattern.contains("(?=") { Err("look-ahead".to_owned()) } else { Ok(()) });
    let text = "openapi: 3.1.0
components:
  schemas:
    A: { pattern: '^(?=a)' }
    B: { patternProperties: { '^(?=a)': true, '^b': true }, properties: { pattern: { const: '(?=' } } }
";
    let document = loader.parse("api.yaml", text).unwrap();
    let found: Vec<_> = document.defects().iter().map(|defect| (defect.kind, defect.place.line)).collect();
    assert_eq!(found, [(DefectKind::Pattern, 4), (DefectKind::Pattern, 5)]);
}
