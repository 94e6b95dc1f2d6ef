//! The engine on documents of many shapes, each served as it promises: no false alarm, and every constraint met.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{collections::BTreeSet, fs};

use contract_tests::{Document, Failure, Signer, Suite};
use faulty_server::Faulty;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_keeps_its_promises_is_accused_of_nothing() {
    let (pem, kid, issuer, audience) = Faulty::signing_key();
    let signer = Signer::new(&pem, &kid, &issuer, &audience).unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documents");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 14);
    let mut wrong = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = Document::read(&path).unwrap();
        let server = Faulty::start(&serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap(), None).await.unwrap();
        let report = Suite::new(document)
            .signer(signer.clone())
            .cases(200)
            .all_methods(true)
            .assert_formats(true)
            .run(&server.url)
            .await
            .unwrap();
        for failure in &report.failures {
            wrong.push(format!(
                "{name}: {} {} | {} | {} | {:?} {:?} {:?}",
                failure.count, failure.case, failure.what, failure.detail, failure.request, failure.status, failure.answer
            ));
        }
        for operation in &report.operations {
            for constraint in operation.constraints.iter().filter(|constraint| !constraint.satisfied || !constraint.violated) {
                wrong.push(format!("{name}: {}: {} is not tested from both sides: {constraint:?}", operation.id, constraint.key));
            }
            println!("{name} {} {:?} {:?}", operation.id, operation.uncovered, operation.disagreements);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A document of the version whose one operation takes an `Account` of these schemas and answers it.
fn accounts(version: &str, schemas: &str) -> String {
    const OPERATION: &str = "\
info: {title: Accounts, version: 1.0.0}
paths:
  /accounts:
    post:
      operationId: openAccount
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Account'}}}}
      responses:
        '201': {description: The account., content: {application/json: {schema: {$ref: '#/components/schemas/Account'}}}}
        '400': {description: Not so.}
        '404': {description: Not here.}
        '405': {description: Not by this method.}
        '413': {description: Too much.}
        '415': {description: Not JSON.}
components:
  schemas:";
    format!("openapi: {version}\n{OPERATION}{schemas}")
}

/// One schema for both sides, as many have it: each requires what only the other one has.
const ONE_SCHEMA: &str = "
    Account:
      type: object
      required: [id, name, password]
      properties:
        id: {type: integer, minimum: 1, readOnly: true}
        name: {type: string, minLength: 1}
        password: {type: string, minLength: 8, writeOnly: true}
      additionalProperties: false
";

#[tokio::test]
async fn an_answer_without_what_is_write_only_is_right_and_one_with_it_is_not() {
    let document = accounts("3.1.0", ONE_SCHEMA);
    let accused = async |served: &str| {
        let server = Faulty::start(&serde_saphyr::from_str(served).unwrap(), None).await.unwrap();
        let report =
            Suite::new(Document::parse("accounts.yaml", document.as_str()).unwrap()).cases(0).run(&server.url).await.unwrap();
        report.failures.iter().flat_map(Failure::each).map(|failure| failure.promise.clone()).collect::<BTreeSet<_>>()
    };
    assert_eq!(accused(&document).await, BTreeSet::new());
    let told = accused(&document.replace(", writeOnly: true", "")).await;
    assert_eq!(told, BTreeSet::from(["/components/schemas/Account/properties/password/writeOnly".to_owned()]));
}

/// `required` and the marks in different schemas: parts of an `allOf`, behind references, beside an `allOf`, in nested objects, items
/// and alternatives.
const MARKS_ELSEWHERE: &str = "
    Id: {type: integer, minimum: 1, readOnly: true}
    Secret:
      type: object
      properties:
        password: {type: string, minLength: 8, writeOnly: true}
    Entity:
      type: object
      properties:
        id: {$ref: '#/components/schemas/Id'}
    Account:
      allOf:
      - $ref: '#/components/schemas/Entity'
      - $ref: '#/components/schemas/Secret'
      - type: object
        required: [id, name, password, owner]
        properties:
          id: {type: integer, maximum: 1000000}
          name: {type: string, minLength: 1}
          owner:
            required: [id, name]
            allOf:
            - $ref: '#/components/schemas/Entity'
            - type: object
              properties:
                name: {type: string, minLength: 1}
          books:
            type: array
            maxItems: 3
            items:
              allOf:
              - $ref: '#/components/schemas/Entity'
              - required: [id, title]
                type: object
                properties: {title: {type: string, minLength: 1}}
          tag:
            oneOf:
            - allOf: [{$ref: '#/components/schemas/Entity'}, {type: object, required: [id, kind], properties: {kind: {type: string, enum: [one]}}}]
            - {type: object, required: [kind], properties: {kind: {type: string, enum: [other]}}}
";

#[tokio::test]
async fn a_mark_counts_whichever_schema_requires_the_property() {
    let document = accounts("3.0.3", MARKS_ELSEWHERE);
    let accused = async |served: &str| {
        let server = Faulty::start(&serde_saphyr::from_str(served).unwrap(), None).await.unwrap();
        let suite = Suite::new(Document::parse("accounts.yaml", document.as_str()).unwrap()).cases(50);
        let report = suite.run(&server.url).await.unwrap();
        let operation = &report.operations[0];
        for constraint in operation.constraints.iter().filter(|constraint| constraint.breakable != "never") {
            assert!(constraint.satisfied && constraint.violated, "not tested from both sides: {constraint:?}");
        }
        report.failures
    };
    let failures = accused(&document).await;
    assert!(failures.is_empty(), "{failures:#?}");
    let failures = accused(&document.replace(", readOnly: true", "")).await;
    assert!(failures.iter().any(|failure| failure.rule == "valid-refused"), "{failures:#?}");
    let failures = accused(&document.replace(", writeOnly: true", "")).await;
    let told = "/components/schemas/Secret/properties/password/writeOnly";
    assert!(failures.iter().any(|failure| failure.promise == told), "{failures:#?}");
}

/// Patterns that take a search, one that is none, and keywords with values that they cannot have.
const PATTERNS: &str = r#"
openapi: 3.1.0
info: {title: Accounts, version: 1.0.0}
paths:
  /accounts:
    post:
      operationId: openAccount
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [password, slug]
              properties:
                password: {type: string, pattern: '^(?=.*[A-Z])(?=.*\d).{8,20}$'}
                slug: {type: string, pattern: '^(?!admin$)[a-z]{3,8}$'}
                quoted: {type: string, pattern: '^(["''])[a-z]+\1$'}
                rare: {type: string, pattern: '^(?=a)b$'}
                count: {type: integer, minimum: 1}
              additionalProperties: false
      responses:
        '201': {description: The account.}
        '400': {description: Not so.}
        '404': {description: Not here.}
        '405': {description: Not by this method.}
        '413': {description: Too much.}
        '415': {description: Not JSON.}
"#;

#[tokio::test]
async fn a_pattern_that_takes_a_search_is_tested_and_a_defect_costs_only_itself() {
    let broken = PATTERNS.replace("minimum: 1}", "minimum: 1, maximum: '9', default: many, required: true}").replace(
        "additionalProperties: false",
        "additionalProperties: false\n              minProperties: '1'\n              not: {required: [a], pattern: '('}",
    );
    let accused = async |served: &str| {
        let server = Faulty::start(&serde_saphyr::from_str(served).unwrap(), None).await.unwrap();
        Suite::new(Document::parse("accounts.yaml", broken.as_str()).unwrap()).cases(50).run(&server.url).await.unwrap()
    };
    let report = accused(PATTERNS).await;
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
    let operation = &report.operations[0];
    assert_eq!(operation.untested, None);
    let tested = |end: &str| operation.constraints.iter().any(|one| one.key.ends_with(end) && one.satisfied && one.violated);
    for end in ["password/pattern", "slug/pattern", "quoted/pattern", "count/minimum"] {
        assert!(tested(end), "{end}: {:#?}", operation.constraints);
    }
    assert!(operation.uncovered.iter().any(|gap| gap.pointer.ends_with("rare/pattern")), "{:?}", operation.uncovered);
    let told: BTreeSet<&str> =
        report.defects.iter().filter_map(|defect| defect.pointer.rsplit_once("/schema/").map(|(_, end)| end)).collect();
    let wrong =
        ["properties/count/maximum", "properties/count/default", "properties/count/required", "minProperties", "not/pattern"];
    assert_eq!(told, BTreeSet::from(wrong));
    for (rule, weaker) in [("(?=.*\\d)", ""), ("(?!admin$)", ""), ("\\1$", "[\"'']$")] {
        let failures = accused(&PATTERNS.replace(rule, weaker)).await.failures;
        assert!(failures.iter().any(|failure| failure.promise.ends_with("/pattern")), "{rule}: {failures:#?}");
    }
}

/// The same values as a form, in parts, as JSON and as a text.
const FORMS: &str = r#"
openapi: 3.1.0
info: {title: Signs, version: 1.0.0}
paths:
  /signs:
    post:
      operationId: addSign
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/Sign'}}
          multipart/form-data:
            schema:
              allOf:
              - {$ref: '#/components/schemas/Sign'}
              - type: object
                required: [image]
                properties:
                  image: {type: string, format: binary, minLength: 1}
                  place: {type: object, required: [x], properties: {x: {type: integer, minimum: 0}}}
          application/json: {schema: {$ref: '#/components/schemas/Sign'}}
      responses: {'201': {description: Added.}, '400': {description: Not so.}, '405': {description: No.}, '413': {description: Much.}, '415': {description: What.}}
  /notes:
    post:
      operationId: addNote
      requestBody:
        required: true
        content: {text/plain: {schema: {type: string, minLength: 2, maxLength: 40}}}
      responses: {'201': {description: Added.}, '400': {description: Not so.}, '405': {description: No.}, '413': {description: Much.}, '415': {description: What.}}
components:
  schemas:
    Sign:
      type: object
      required: [name, count]
      properties:
        name: {type: string, minLength: 1, maxLength: 20}
        count: {type: integer, minimum: 1, maximum: 99}
        lit: {type: boolean}
        kind: {type: string, enum: [big, small]}
        tags: {type: array, maxItems: 3, items: {type: string, minLength: 2}}
"#;

#[tokio::test]
async fn forms_and_texts_are_written_and_broken() {
    let accused = async |served: &str| {
        let server = Faulty::start(&serde_saphyr::from_str(served).unwrap(), None).await.unwrap();
        Suite::new(Document::parse("signs.yaml", FORMS).unwrap()).cases(50).run(&server.url).await.unwrap()
    };
    let report = accused(FORMS).await;
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
    assert_eq!(report.operations.len(), 4);
    for operation in &report.operations {
        assert_eq!(operation.untested, None, "{}", operation.id);
        for constraint in operation.constraints.iter().filter(|constraint| constraint.breakable != "never") {
            assert!(constraint.satisfied && constraint.violated, "{}: {constraint:?}", operation.id);
        }
    }
    for (rule, weaker, at, of) in [
        ("maximum: 99", "maximum: 100", "count/maximum", "form-urlencoded"),
        ("count: {type: integer,", "count: {", "count/type", "multipart"),
        ("lit: {type: boolean}", "lit: {}", "lit/type", "form-urlencoded"),
        ("maxItems: 3", "maxItems: 4", "tags/maxItems", "multipart"),
        ("required: [image]", "required: []", "required", "multipart"),
        ("minimum: 0", "minimum: -1", "x/minimum", "multipart"),
        ("maxLength: 40", "maxLength: 41", "maxLength", "addNote"),
    ] {
        let failures = accused(&FORMS.replace(rule, weaker)).await.failures;
        let found = failures.iter().any(|failure| failure.promise.contains(at));
        assert!(found, "{rule} {of}: {failures:#?}");
    }
}

/// What documents of others have that is easily served wrongly.
const UNUSUAL: &str = "
openapi: 3.1.0
info: {title: Unusual, version: '1'}
paths:
  /objects:
    get:
      parameters:
        - {name: page, in: query, schema: {$ref: '#/components/schemas/Page'}}
        - {name: filter, in: query, style: deepObject, schema: {$ref: '#/components/schemas/Filter'}}
      responses: {'200': {description: Found.}, '400': {description: Not so.}}
  /paths/{label}/{matrix}/{list}:
    get:
      parameters:
        - {name: label, in: path, required: true, style: label, schema: {type: integer}}
        - {name: matrix, in: path, required: true, style: matrix, schema: {$ref: '#/components/schemas/Filter'}}
        - {name: list, in: path, required: true, schema: {type: array, minItems: 1, items: {type: integer}}}
      responses: {'200': {description: Found.}, '400': {description: Not so.}, '404': {description: Nothing there.}}
  /silent:
    get: {}
  /elsewhere:
    get: {responses: {'302': {description: Look elsewhere.}}}
  /empty:
    get: {responses: {'200': {description: Anything., content: {application/json: {}}}}}
  /wrong-examples:
    get:
      responses:
        '200':
          description: Its example is text.
          content:
            application/json:
              schema: {type: object, required: [size], properties: {size: {type: integer, example: '7'}}}
  /overlaps:
    get:
      responses:
        '200':
          description: It is of one kind only.
          content:
            application/json:
              schema:
                oneOf:
                  - {type: object, properties: {name: {type: string}}}
                  - {type: object, properties: {progress: {type: object}}}
  /events:
    get:
      responses:
        '200':
          description: An event.
          content:
            application/json:
              schema:
                oneOf:
                  - {type: object, required: [data], properties: {event: {const: made}, data: {type: object}}}
                  - {type: object, required: [data], properties: {event: {const: gone}, data: {type: object}}}
  /lists:
    get:
      responses:
        '200':
          description: A list of one kind.
          content:
            application/json:
              schema: {oneOf: [{type: array, items: {type: integer}}, {type: array, items: {type: string}}]}
  /rooms/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    patch:
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              properties: {name: {type: [string, 'null']}, topic: {type: [string, 'null']}}
      responses:
        '200':
          description: The room.
          content:
            application/json:
              schema:
                type: object
                required: [name]
                properties: {name: {type: string}, topic: {type: [string, 'null']}}
        '400': {description: Not so.}
        '404': {description: There is none.}
        '415': {description: Not so.}
  /payments:
    post:
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Payment'}}}}
      responses:
        '201': {description: Paid., content: {application/json: {schema: {$ref: '#/components/schemas/Payment'}}}}
        '400': {description: Not so.}
        '415': {description: Not so.}
  /accounts:
    post:
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [id], properties: {id: {type: integer}, createdAt: {type: string}}}}}
      responses:
        '201':
          description: Made.
          content:
            application/json:
              schema:
                type: object
                properties: {id: {type: integer}, createdAt: {type: string, example: '2020-01-01T00:00:00Z', readOnly: true}}
        '400': {description: Not so.}
        '415': {description: Not so.}
components:
  schemas:
    Page: {type: object, properties: {limit: {type: integer, minimum: 1}, exact: {type: boolean}}}
    Filter: {type: object, required: [size], properties: {size: {type: integer}, name: {type: string}}}
    Payment:
      type: object
      required: [source]
      properties:
        source:
          unevaluatedProperties: false
          anyOf:
            - {type: object, required: [number], properties: {number: {type: string}, code: {type: integer, writeOnly: true}}}
            - {type: object, required: [bank], properties: {bank: {type: string}}}
";

#[tokio::test]
async fn what_is_unusual_is_served_as_it_is_documented() {
    let document = Document::parse("unusual.yaml", UNUSUAL).unwrap();
    let surveyed = contract_tests::survey::survey(document, &contract_tests::survey::Options::default()).await.unwrap();
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.succeeded, surveyed.untested), (surveyed.operations, 0), "{surveyed}");
    assert_eq!(surveyed.uncovered.keys().collect::<Vec<_>>(), ["no answer is documented"], "{surveyed}");
}

#[tokio::test]
async fn a_pattern_in_slashes_is_a_defect_and_costs_no_time() {
    let property = "{type: string, pattern: '/^[0-9]{6}$/'}";
    let document = format!(
        "{{openapi: 3.1.0, info: {{title: Pins, version: '1'}}, paths: {{/pins: {{post: {{requestBody: {{content: {{application/json: \
         {{schema: {{type: object, properties: {{pin: {property}}}}}}}}}}}, responses: {{'200': {{description: So.}}, '400': {{description: \
         Not so.}}}}}}}}}}}}"
    );
    let document = Document::parse("pins.yaml", document).unwrap();
    let surveyed = contract_tests::survey::survey(document, &contract_tests::survey::Options::default()).await.unwrap();
    assert!(surveyed.is_good(), "{surveyed}");
    assert_eq!((surveyed.defects, surveyed.met, surveyed.uncovered.len()), (1, surveyed.constraints, 0), "{surveyed}");
}
