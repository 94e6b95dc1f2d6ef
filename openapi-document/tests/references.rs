//! References within a document and over several files.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{fs, path::Path};

use openapi_document::{DefectKind, Document, LimitOf, LoadError, Loader, pointer};
use serde_json::{Value, json};

/// Writes the files, loads `api.yaml` and gives the folder back, which is gone with it.
fn load(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Document, LoadError>) {
    load_with(&Loader::new(), files)
}

fn load_with(loader: &Loader, files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Document, LoadError>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let document = loader.load(folder.path().join("api.yaml"));
    (folder, document)
}

fn bundled(files: &[(&str, &str)]) -> (tempfile::TempDir, Document) {
    let (folder, document) = load(files);
    let document = document.unwrap_or_else(|error| panic!("{error}"));
    check_references(&document, document.json());
    (folder, document)
}

/// Every reference leads somewhere in the document itself.
fn check_references(document: &Document, value: &Value) {
    match value {
        Value::Object(object) => {
            if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                let target = pointer::from_reference(reference).unwrap_or_else(|| panic!("{reference}"));
                assert!(document.resolve(&target).is_some(), "{reference}");
            }
            // The value of an example is data.
            let others = object.iter().filter(|(key, _)| *key != "value");
            others.for_each(|(_, value)| check_references(document, value));
        }
        Value::Array(items) => items.iter().for_each(|item| check_references(document, item)),
        _ => {}
    }
}

fn file_and_line(document: &Document, pointer: &str) -> (String, usize) {
    let place = document.place(pointer);
    (place.file.file_name().unwrap().to_string_lossy().into_owned(), place.line)
}

#[test]
fn an_id_holds_for_the_reference_beside_it() {
    let text = "
openapi: 3.1.0
info: { title: T, version: '1' }
paths: {}
components:
  schemas:
    Any: { $id: 'https://example.com/trees/any', type: object }
    Own: { $id: 'https://example.com/trees/own', $ref: any, maxProperties: 2 }
";
    let (_folder, document) = bundled(&[("api.yaml", text)]);
    let expected = json!({"$ref": "#/components/schemas/Any", "maxProperties": 2});
    assert_eq!(document.json().pointer("/components/schemas/Own"), Some(&expected));
}

#[test]
fn a_reference_with_braces_as_a_path_has_them_is_written_as_a_fragment_has_them() {
    let text = "openapi: 3.1.0
paths:
  /a/{id}: { get: { parameters: [{ name: id, in: path, required: true, schema: { type: string } }] } }
components: { schemas: { Id: { $ref: '#/paths/~1a~1{id}/get/parameters/0/schema' } } }
";
    let document = Document::parse("api.yaml", text).unwrap();
    let reference = &document.json()["components"]["schemas"]["Id"]["$ref"];
    assert_eq!(reference, "#/paths/~1a~1%7Bid%7D/get/parameters/0/schema");
    assert_eq!(document.resolve("/components/schemas/Id").unwrap().1["type"], "string");
}

#[test]
fn what_stands_in_other_files_is_bundled_under_its_section_with_its_place() {
    let (_folder, document) = bundled(&[
        (
            "api.yaml",
            "openapi: 3.1.0
paths:
  /pets/{id}:
    parameters: [{ $ref: 'shared/parts.yaml#/parameters/Id' }]
    get:
      responses:
        '200':
          description: ok
          headers: { X-Rate: { $ref: 'shared/parts.yaml#/headers/Rate' } }
          content: { application/json: { schema: { $ref: shared/Pet.yaml }, examples: { one: { $ref: 'shared/parts.yaml#/examples/one' } } } }
        default: { $ref: './shared/parts.yaml#/responses/Error' }
    put:
      requestBody: { $ref: 'shared/parts.yaml#/bodies/Pet' }
",
        ),
        (
            "shared/parts.yaml",
            "parameters:
  Id: { name: id, in: path, required: true, schema: { type: string } }
headers:
  Rate: { schema: { type: integer } }
examples:
  one: { value: { $ref: 'no reference' } }
responses:
  Error:
    description: an error
    content: { application/json: { schema: { $ref: '#/schemas/Error' } } }
bodies:
  Pet: { content: { application/json: { schema: { $ref: Pet.yaml } } } }
schemas:
  Error:
    type: object
    properties:
      causes: { type: array, items: { $ref: '#/schemas/Error' } }
",
        ),
        ("shared/Pet.yaml", "type: object\nproperties:\n  parent: { $ref: '#' }\n  name: { $ref: '#/$defs/Name' }\n$defs:\n  Name: { type: string }\n"),
    ]);
    let components = &document.json()["components"];
    assert_eq!(components["parameters"]["Id"]["name"], "id");
    assert_eq!(components["headers"]["Rate"]["schema"]["type"], "integer");
    assert_eq!(components["examples"]["one"], json!({"value": {"$ref": "no reference"}}));
    assert_eq!(components["schemas"]["Error"]["properties"]["causes"]["items"], json!({"$ref": "#/components/schemas/Error"}));
    assert_eq!(components["schemas"]["Pet"]["properties"]["parent"], json!({"$ref": "#/components/schemas/Pet"}));
    assert_eq!(components["schemas"]["Pet"]["properties"]["name"], json!({"$ref": "#/components/schemas/Pet/$defs/Name"}));
    assert_eq!(
        components["requestBodies"]["Pet"]["content"]["application/json"]["schema"],
        json!({"$ref": "#/components/schemas/Pet"})
    );
    assert_eq!(components["schemas"].as_object().unwrap().len(), 2);
    assert_eq!(file_and_line(&document, "/components/schemas/Error/properties/causes"), ("parts.yaml".to_owned(), 17));
    assert_eq!(document.excerpt("/components/responses/Error/description"), "description: an error");
    assert_eq!(file_and_line(&document, "/paths/~1pets~1{id}/get"), ("api.yaml".to_owned(), 5));
    assert_eq!(document.files().count(), 3);
    assert_eq!(document.defects(), []);
}

#[test]
fn a_component_that_is_only_a_reference_to_a_file_is_its_home() {
    let (_folder, document) = bundled(&[
        (
            "api.yaml",
            "openapi: 3.1.0
paths:
  /pets:
    get: { responses: { '200': { description: ok, content: { application/json: { schema: { $ref: pet.yaml } } } } } }
components:
  schemas:
    Pet: { $ref: pet.yaml }
",
        ),
        ("pet.yaml", "type: object\nproperties: { owner: { $ref: 'api.yaml#/components/schemas/Pet' } }\n"),
    ]);
    let schemas = json!({"Pet": {"type": "object", "properties": {"owner": {"$ref": "#/components/schemas/Pet"}}}});
    assert_eq!(document.json()["components"]["schemas"], schemas);
    let schema = &document.json()["paths"]["/pets"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema, &json!({"$ref": "#/components/schemas/Pet"}));
    assert_eq!(file_and_line(&document, "/components/schemas/Pet/properties"), ("pet.yaml".to_owned(), 2));
}

#[test]
fn names_never_collide() {
    let (_folder, document) = bundled(&[
        (
            "api.yaml",
            "openapi: 3.1.0
components:
  schemas:
    Pet: { properties: { a: { $ref: 'a.yaml#/Pet' }, b: { $ref: 'b.yaml#/Pet' }, c: { $ref: 'a.yaml#/strange~1name é' } } }
",
        ),
        ("a.yaml", "Pet: { const: a }\nstrange/name é: { const: c }\n"),
        ("b.yaml", "Pet: { const: b }\n"),
    ]);
    let properties = &document.json()["components"]["schemas"]["Pet"]["properties"];
    for name in ["a", "b", "c"] {
        let target = pointer::from_reference(properties[name]["$ref"].as_str().unwrap()).unwrap();
        assert_eq!(document.json().pointer(&target).unwrap()["const"], name);
    }
}

#[test]
fn path_items_take_the_place_of_their_reference() {
    let (_folder, document) = bundled(&[
        (
            "api.yaml",
            "openapi: 3.1.0
paths:
  /bar: { $ref: paths/bar.yaml }
  /baz: { $ref: paths/bar.yaml, description: beside, post: { operationId: own } }
  /local: { $ref: '#/components/pathItems/Local' }
components:
  pathItems: { Local: { get: { operationId: local } } }
",
        ),
        ("paths/bar.yaml", "get:\n  operationId: bar\n  responses: { '200': { $ref: '../responses.yaml#/Ok' } }\n"),
        ("responses.yaml", "Ok: { description: fine }\n"),
    ]);
    let paths = &document.json()["paths"];
    assert_eq!(paths["/bar"]["get"]["responses"]["200"], json!({"$ref": "#/components/responses/Ok"}));
    assert_eq!(paths["/baz"]["description"], "beside");
    let operations: Vec<String> =
        document.operations().map(|operation| format!("{} {}", operation.method, operation.path)).collect();
    assert_eq!(operations, ["GET /bar", "GET /baz", "POST /baz", "GET /local"]);
    assert_eq!(file_and_line(&document, "/paths/~1bar/get/operationId"), ("bar.yaml".to_owned(), 2));
    assert_eq!(document.defects(), [], "one operation in two places is not written twice");
}

#[test]
fn a_reference_where_none_may_stand_is_replaced_and_reported() {
    let (_folder, document) = bundled(&[
        ("api.yaml", "openapi: 3.0.3\npaths: { $ref: paths.yaml }\ncomponents:\n  schemas: { $ref: schemas.yaml }\n"),
        ("paths.yaml", "/a:\n  get: { $ref: 'operations.yaml#/getA' }\n"),
        (
            "operations.yaml",
            "getA: { responses: { '200': { description: ok, content: { a/b: { schema: { $ref: 'schemas.yaml#/A' } } } } } }\n",
        ),
        ("schemas.yaml", "A: { $ref: a.json }\n"),
        ("a.json", "{\"type\": \"string\", \"nullable\": true}"),
    ]);
    let schema = document.json().pointer("/paths/~1a/get/responses/200/content/a~1b/schema").unwrap();
    assert_eq!(
        document.resolve(&pointer::from_reference(schema["$ref"].as_str().unwrap()).unwrap()).unwrap().1["type"],
        json!(["string", "null"])
    );
    let kinds: Vec<_> = document.defects().iter().map(|defect| defect.kind).collect();
    assert_eq!(kinds, [DefectKind::MisplacedReference; 3]);
}

#[test]
fn files_in_a_circle_stay_references() {
    let (_folder, document) = bundled(&[
        ("api.yaml", "openapi: 3.1.0\ncomponents:\n  schemas:\n    Root: { properties: { a: { $ref: a.yaml } } }\n"),
        ("a.yaml", "properties: { b: { $ref: b.yaml }, root: { $ref: 'api.yaml#/components/schemas/Root' } }\n"),
        ("b.yaml", "properties: { a: { $ref: a.yaml } }\n"),
    ]);
    let schemas = &document.json()["components"]["schemas"];
    assert_eq!(schemas["b"]["properties"]["a"], json!({"$ref": "#/components/schemas/a"}));
    assert_eq!(schemas["a"]["properties"]["root"], json!({"$ref": "#/components/schemas/Root"}));
}

#[test]
fn identifiers_and_anchors_become_pointers() {
    let text = "openapi: 3.1.0
components:
  schemas:
    Pet:
      $id: https://example.com/schemas/pet
      properties:
        tag: { $ref: '#tag' }
        owner: { $ref: owner }
        name: { $ref: '#/$defs/Name' }
        top: { $ref: '#/components/schemas/Top' }
      $defs:
        Tag: { $anchor: tag, type: string }
        Name: { type: string }
    Owner: { $id: 'https://example.com/schemas/owner', type: object }
    Top: { $anchor: top, type: object }
    Other: { properties: { pet: { $ref: 'https://example.com/schemas/pet#tag' }, top: { $ref: '#top' }, $id: { type: string } } }
";
    let document = Document::parse("api.yaml", text).unwrap();
    check_references(&document, document.json());
    let schemas = &document.json()["components"]["schemas"];
    assert_eq!(
        schemas["Pet"],
        json!({
            "properties": {
                "tag": {"$ref": "#/components/schemas/Pet/$defs/Tag"},
                "owner": {"$ref": "#/components/schemas/Owner"},
                "name": {"$ref": "#/components/schemas/Pet/$defs/Name"},
                "top": {"$ref": "#/components/schemas/Top"},
            },
            "$defs": {"Tag": {"type": "string"}, "Name": {"type": "string"}},
        })
    );
    let other = json!({"pet": {"$ref": "#/components/schemas/Pet/$defs/Tag"}, "top": {"$ref": "#/components/schemas/Top"}, "$id": {"type": "string"}});
    assert_eq!(schemas["Other"]["properties"], other);
}

#[test]
fn a_dynamic_reference_with_one_target_is_a_reference() {
    let one = "openapi: 3.1.0
components:
  schemas:
    Tree: { $dynamicAnchor: node, properties: { children: { items: { $dynamicRef: '#node' } } } }
";
    let document = Document::parse("api.yaml", one).unwrap();
    let tree = json!({"properties": {"children": {"items": {"$ref": "#/components/schemas/Tree"}}}});
    assert_eq!(document.json()["components"]["schemas"]["Tree"], tree);
    let two = format!("{one}    Strict: {{ $dynamicAnchor: node, $ref: '#/components/schemas/Tree' }}\n");
    let document = Document::parse("api.yaml", two).unwrap();
    let schemas = &document.json()["components"]["schemas"];
    assert_eq!(schemas["Tree"], tree);
    assert_eq!(schemas["Strict"], json!({"$ref": "#/components/schemas/Tree-2"}));
    assert_eq!(schemas["Tree-2"]["properties"]["children"]["items"], json!({"$ref": "#/components/schemas/Strict"}));
    assert_eq!(document.defects(), []);
}

/// The template of OpenAPI 3.2, section 4.24.3.3, and two that use it; with an `$id` and without.
#[test]
fn a_template_is_copied_for_each_of_its_arguments() {
    let template = "openapi: 3.1.0
paths:
  /pages: { get: { responses: { '200': { description: one, content: { application/json: { schema: { $ref: '#/components/schemas/Pages' } } } } } } }
components:
  schemas:
    Page:
      $id: page
      properties: { items: { $ref: '#/$defs/list' }, next: { $ref: '#/components/schemas/Text' } }
      $defs: { list: { items: { $dynamicRef: '#item' } }, any: { $dynamicAnchor: item } }
    Numbers: { $id: numbers, $ref: page, $defs: { item: { $dynamicAnchor: item, type: number } } }
    Pages: { $id: pages, $ref: page, $defs: { item: { $dynamicAnchor: item, $ref: numbers } } }
    Again: { allOf: [{ $ref: '#/components/schemas/Numbers' }] }
    Text: { type: string }
";
    let local = template.replace(" $ref: page,", " $ref: '#/components/schemas/Page',");
    let local = local
        .replace("$ref: numbers }", "$ref: '#/components/schemas/Numbers' }")
        .replace("'#/$defs/list'", "'#/components/schemas/Page/$defs/list'");
    let without = ["      $id: page\n", "$id: numbers, ", "$id: pages, "].iter().fold(local, |text, id| text.replace(id, ""));
    for text in [template, &without] {
        let document = Document::parse("api.yaml", text).unwrap();
        assert_eq!(document.defects(), []);
        assert!(!document.json().to_string().contains("dynamic"), "{}", document.json());
        // What the items of this schema are, after all references.
        let items = |schema: &str| {
            let follow = |value: &Value| -> Value {
                let mut value = value.clone();
                while let Some(reference) = value["$ref"].as_str() {
                    value = document.resolve(&pointer::from_reference(reference).unwrap()).unwrap().1.clone();
                }
                value
            };
            let page = follow(&document.json()["components"]["schemas"][schema]);
            let list = follow(&page["properties"]["items"]);
            assert_eq!(page["properties"]["next"], json!({"$ref": "#/components/schemas/Text"}));
            (list["items"]["$ref"].as_str().unwrap().to_owned(), follow(&list["items"]))
        };
        assert_eq!(items("Page").0, "#/components/schemas/Page/$defs/any");
        assert_eq!(items("Numbers"), ("#/components/schemas/Numbers/$defs/item".to_owned(), json!({"type": "number"})));
        // The outermost one counts, also within the pages that the items are.
        let (outer, page) = items("Pages");
        assert_eq!(outer, "#/components/schemas/Pages/$defs/item");
        assert_eq!(page["properties"]["next"], json!({"$ref": "#/components/schemas/Text"}));
        assert_eq!(
            document.json()["components"]["schemas"]["Again"],
            json!({"allOf": [{"$ref": "#/components/schemas/Numbers"}]})
        );
    }
    let nobody = template.replace("$dynamicRef: '#item'", "$dynamicRef: '#items'");
    let document = Document::parse("api.yaml", nobody).unwrap();
    let [defect] = document.defects() else { panic!("{:?}", document.defects()) };
    assert_eq!((defect.kind, defect.place.line), (DefectKind::DynamicReference, 9));
}

/// Draft-07 schemas that are published on a server, but lie beside each other; Swagger 2.0 documents refer to such files, too.
#[test]
fn a_file_beside_a_schema_is_found_whatever_server_its_id_names() {
    for document in [
        "swagger: '2.0'\ndefinitions: { Any: { $ref: types/any.json } }",
        "openapi: 3.1.0\ncomponents: { schemas: { Any: { $ref: types/any.json } } }",
    ] {
        let (_folder, document) = bundled(&[
            ("api.yaml", document),
            ("types/any.json", r#"{"$id": "http://example.com/types/any.json", "oneOf": [{"$ref": "v1/one.json"}]}"#),
            (
                "types/v1/one.json",
                r##"{"$id": "http://example.com/v1.json", "items": {"$ref": "#/definitions/Text"}, "definitions": {"Text": {"type": "string"}}}"##,
            ),
        ]);
        let (_, one) = document.resolve("/components/schemas/Any/oneOf/0").unwrap();
        let items = pointer::from_reference(one["items"]["$ref"].as_str().unwrap()).unwrap();
        assert_eq!(document.resolve(&items).unwrap().1["type"], "string");
        assert_eq!(document.defects(), []);
    }
    let (_folder, document) = load(&[(
        "api.yaml",
        "openapi: 3.1.0\ncomponents: { schemas: { Any: { $id: 'http://example.com/any', items: { $ref: none.json } } } }",
    )]);
    // What is told is what the standard says.
    let Err(LoadError::Remote { url, .. }) = document else { panic!("{document:?}") };
    assert_eq!(url, "http://example.com/none.json");

    let (_folder, document) = load(&[
        (
            "api.yaml",
            "openapi: 3.1.0\ncomponents: { schemas: { Any: { $id: 'http://example.com/any', items: { $ref: one.json } } } }",
        ),
        ("one.json", "{"),
    ]);
    // A file that is there and cannot be read is what is wrong.
    let error = document.unwrap_err().to_string();
    assert!(error.contains("one.json:1"), "{error}");
}

/// A file that was bundled has its own schemas inside.
#[test]
fn a_resource_in_another_one_is_entered_by_its_own_way() {
    let document = Document::parse(
        "api.yaml",
        "openapi: 3.1.0
components:
  schemas:
    Outer:
      $dynamicAnchor: node
      properties: { own: { $ref: inner } }
      $defs: { inner: { $id: inner, $dynamicAnchor: node, properties: { next: { $dynamicRef: '#node' } } } }
    Other: { $ref: '#/components/schemas/Outer/$defs/inner' }
",
    )
    .unwrap();
    let schemas = &document.json()["components"]["schemas"];
    let next = |reference: &Value| {
        let at = pointer::from_reference(reference.as_str().unwrap()).unwrap();
        document.resolve(&at).unwrap().1["properties"]["next"]["$ref"].clone()
    };
    assert_eq!(next(&schemas["Outer"]["properties"]["own"]["$ref"]), "#/components/schemas/Outer");
    assert_ne!(next(&schemas["Other"]["$ref"]), "#/components/schemas/Outer");
    assert_eq!(document.defects(), []);
}

/// Each step doubles the ways.
#[test]
fn too_many_ways_are_refused() {
    let step = |number: usize| {
        let one = |letter: &str| {
            let next = format!("#/components/schemas/L{}", number + 1);
            format!("    {letter}{number}: {{ $ref: '{next}', $defs: {{ a: {{ $dynamicAnchor: a{number} }} }} }}\n")
        };
        let own = format!(
            "    L{number}: {{ anyOf: [{{ $ref: '#/components/schemas/X{number}' }}, {{ $ref: '#/components/schemas/Y{number}' }}] }}\n"
        );
        own + &one("X") + &one("Y")
    };
    let text: String = (0..30).map(step).collect();
    let uses: Vec<String> = (0..30).map(|number| format!("{{ $dynamicRef: '#a{number}' }}")).collect();
    let text = format!("openapi: 3.1.0\ncomponents:\n  schemas:\n{text}    L30: {{ allOf: [{}] }}\n", uses.join(", "));
    let Err(LoadError::Limit { of, .. }) = Document::parse("api.yaml", text) else { panic!("there is no end of it") };
    assert_eq!(of, LimitOf::Copied);
}

#[test]
fn a_dynamic_reference_is_relative_to_the_id_around_it() {
    let (_folder, document) = bundled(&[(
        "api.yaml",
        "openapi: 3.1.0
components:
  schemas:
    Tree:
      $id: https://example.com/tree
      $dynamicAnchor: node
      properties:
        whole: { $dynamicRef: leaf }
        named: { $dynamicRef: 'leaf#plain' }
        anchored: { $dynamicRef: 'leaf#only' }
        inside: { $dynamicRef: 'leaf#/$defs/Plain' }
        self: { $dynamicRef: '#' }
    Leaf:
      $id: https://example.com/leaf
      $dynamicAnchor: only
      $defs: { Plain: { $anchor: plain, type: integer } }
    # Of a name that only another schema has as a dynamic one.
    Other: { $id: https://example.com/other, $dynamicAnchor: plain }
",
    )]);
    let schemas = &document.json()["components"]["schemas"];
    assert_eq!(
        schemas["Tree"]["properties"],
        json!({
            "whole": {"$ref": "#/components/schemas/Leaf"},
            "named": {"$ref": "#/components/schemas/Leaf/$defs/Plain"},
            "anchored": {"$ref": "#/components/schemas/Leaf"},
            "inside": {"$ref": "#/components/schemas/Leaf/$defs/Plain"},
            "self": {"$ref": "#/components/schemas/Tree"},
        })
    );
    assert_eq!(document.defects(), []);
}

#[test]
fn a_dynamic_reference_leads_to_another_file() {
    let (_folder, document) = bundled(&[
        ("api.yaml", "openapi: 3.1.0\ncomponents: { schemas: { A: { properties: { b: { $dynamicRef: 'b.yaml#/B' } } } } }\n"),
        ("b.yaml", "B: { type: string }\n"),
    ]);
    let schemas = &document.json()["components"]["schemas"];
    assert_eq!(schemas["A"]["properties"]["b"], json!({"$ref": "#/components/schemas/B"}));
    assert_eq!(schemas["B"], json!({"type": "string"}));
}

#[test]
fn a_reference_to_nowhere_is_an_error_with_its_place_or_a_defect() {
    let table = [
        ("components: { schemas: { A: { $ref: '#/components/schemas/B' } } }", "there is nothing at \"/components/schemas/B\""),
        ("components: { schemas: { A: { $ref: missing.yaml } } }", "missing.yaml: No such file"),
        ("components: { schemas: { A: { $ref: 'broken.yaml#/A' } } }", "broken.yaml:1:"),
        ("components: { schemas: { A: { $ref: 'other.yaml#/B' } } }", "there is nothing at \"/B\""),
        ("components: { schemas: { A: { $ref: '#nowhere' } } }", "nothing has the `$anchor` \"nowhere\""),
        ("components: { schemas: { A: { $ref: 'urn:example:a' } } }", "no schema has the `$id` urn:example:a"),
        (
            "components: { schemas: { A: { $ref: 'https://example.com/a.yaml#/B' } } }",
            "leads to https://example.com/a.yaml: remote references are not fetched",
        ),
        ("components: { schemas: { A: { $ref: '#/components/schemas/A' } } }", "it leads in a circle"),
        ("components: { schemas: { A: { $ref: 'self.yaml#/a' } } }", "it leads in a circle"),
        ("components: { schemas: { A: { $ref: '#/components/schemas/A/properties/b' } } }", "references in a circle"),
        ("paths: { $ref: '#/paths' }", "it leads to what it stands in"),
        ("paths: { /a: { $ref: 'pathitem.yaml' } }", "cannot be resolved"),
        ("paths: { /a: { $ref: 'https://example.com/a.yaml' } }", "leads to https://example.com/a.yaml"),
    ];
    let others = [
        ("broken.yaml", "a: [\n"),
        ("other.yaml", "A: {}\n"),
        ("self.yaml", "a: { $ref: '#/b' }\nb: { $ref: '#/a' }\n"),
        ("pathitem.yaml", "$ref: pathitem.yaml\n"),
    ];
    for (line, cause) in table {
        let api = format!("openapi: 3.1.0\n{line}\n");
        let files: Vec<_> = std::iter::once(("api.yaml", api.as_str())).chain(others).collect();
        let (_folder, error) = load(&files);
        let error = error.err().unwrap_or_else(|| panic!("{line} was read"));
        assert!(error.to_string().contains(cause), "{line}: {error}");
        let (_folder, document) = load_with(&Loader::new().keep_unresolved(true), &files);
        let kind = match &error {
            LoadError::Reference { reference, .. } if reference.starts_with('#') => Some(DefectKind::Unresolved),
            LoadError::Remote { .. } if !line.starts_with("paths") => Some(DefectKind::Remote),
            _ => None,
        };
        let Some(kind) = kind else {
            let again = document.err().unwrap_or_else(|| panic!("{line} was read"));
            assert!(again.to_string().contains(cause), "{line}: {again}");
            continue;
        };
        let document = document.unwrap_or_else(|error| panic!("{line}: {error}"));
        let defect = document.defects().iter().find(|defect| defect.kind == kind);
        let defect = defect.unwrap_or_else(|| panic!("{line}: {:?}", document.defects()));
        assert!(defect.message.contains(cause), "{line}: {defect}");
    }
}

#[test]
fn remote_files_are_fetched_by_what_was_given_for_it() {
    let loader = Loader::new().fetch_with(|url| match url {
        "https://example.com/a.yaml" => Ok("B: { type: string, not: { $ref: 'b.json' } }".to_owned()),
        "https://example.com/b.json" => Ok("{\"const\": 1}".to_owned()),
        _ => Err("404".to_owned()),
    });
    let text = "openapi: 3.1.0\ncomponents: { schemas: { A: { $ref: 'https://example.com/a.yaml#/B' } } }";
    let document = loader.parse("api.yaml", text).unwrap();
    assert_eq!(document.json()["components"]["schemas"]["b"], json!({"const": 1}));
    assert_eq!(document.place("/components/schemas/b/const").file, Path::new("https://example.com/b.json"));
    let error = loader.parse("api.yaml", text.replace("a.yaml", "c.yaml")).unwrap_err().to_string();
    assert!(error.contains("https://example.com/c.yaml: 404"), "{error}");
}

#[test]
fn pointers_through_references_and_percent_encoding_are_followed() {
    let (_folder, document) = bundled(&[
        (
            "api.yaml",
            "openapi: 3.1.0
paths:
  /a/{id}:
    get: { responses: { '200': { description: ok, content: { application/json: { schema: { type: string } } } } } }
components:
  schemas:
    A: { $ref: 'a.yaml' }
    B: { $ref: '#/components/schemas/A/properties/deep' }
    C: { $ref: '#/paths/~1a~1%7Bid%7D/get/responses/200/content/application~1json/schema' }
",
        ),
        ("a.yaml", "properties: { deep: { const: 7 } }\n"),
    ]);
    assert_eq!(document.resolve("/components/schemas/B").unwrap().1["const"], 7);
    assert_eq!(document.resolve("/components/schemas/C").unwrap().1["type"], "string");
}

#[test]
fn places_that_the_model_does_not_know_are_read_when_they_are_referred_to() {
    let text = "openapi: 3.0.3
x-shared: { Name: { type: string, nullable: true }, Unused: { nullable: true } }
components: { schemas: { A: { $ref: '#/x-shared/Name' } } }
";
    let document = Document::parse("api.yaml", text).unwrap();
    assert_eq!(document.json()["x-shared"], json!({"Name": {"type": ["string", "null"]}, "Unused": {"nullable": true}}));
}

#[test]
fn the_mapping_of_a_discriminator_refers_to_schemas_too() {
    let (_folder, document) = bundled(&[
        (
            "api.yaml",
            "openapi: 3.1.0
components:
  schemas:
    Dog: {}
    Pet: { discriminator: { propertyName: kind, mapping: { dog: Dog, local: '#/components/schemas/Dog', cat: cat.yaml } } }
",
        ),
        ("cat.yaml", "type: object\n"),
    ]);
    let mapping = &document.json()["components"]["schemas"]["Pet"]["discriminator"]["mapping"];
    assert_eq!(mapping, &json!({"dog": "Dog", "local": "#/components/schemas/Dog", "cat": "#/components/schemas/cat"}));
    assert_eq!(document.json()["components"]["schemas"]["cat"]["type"], "object");
}

#[test]
fn files_are_limited_and_may_stand_above_the_document() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(folder.path().join("a.yaml"), "type: string\n").unwrap();
    fs::write(folder.path().join("deep/api.yaml"), "openapi: 3.1.0\ncomponents: { schemas: { A: { $ref: ../a.yaml } } }\n")
        .unwrap();
    let path = folder.path().join("deep/api.yaml");
    assert_eq!(Document::load(&path).unwrap().json()["components"]["schemas"]["A"]["type"], "string");
    let error = Loader::new().max_files(1).keep_unresolved(true).load(&path).unwrap_err().to_string();
    assert!(error.ends_with("a.yaml: more than 1 files"), "{error}");
    let error = Loader::new().max_copied(1).load(&path).unwrap_err().to_string();
    assert!(error.contains("more than 1 values copied"), "{error}");
}
