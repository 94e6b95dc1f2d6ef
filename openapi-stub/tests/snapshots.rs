//! Whole stubs, as far as the document decides what is in them.

mod support;

fn stub(text: &str) -> String {
    let files = support::files(text);
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let mut stub = format!("{}\n", paths.join("\n"));
    for file in &files {
        let is_same = [
            "answer.rs",
            "body.rs",
            "prelude.rs",
            "main.rs",
            "contract.rs",
            "document.rs",
            "lib.rs",
            "ignore",
            "openapi.yaml",
            "Dockerfile",
            "README.md",
        ];
        if !is_same.iter().any(|end| file.path.ends_with(end)) {
            stub.push_str(&format!("\n==> {}\n{}", file.path, file.content));
        }
    }
    stub
}

/// Shows the stub without the document that it was made from: that stands in the test.
fn assert_stub(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, stub(text)) });
}

#[test]
fn a_service_without_parameters() {
    assert_stub(
        "a_service_without_parameters",
        "
openapi: 3.1.0
info: { title: Status, version: '1' }
paths:
  /status:
    get:
      operationId: getStatus
      responses: { '200': { description: Fine., content: { application/json: { schema: { const: fine } } } } }
",
    );
}

#[test]
fn events_of_two_kinds() {
    assert_stub(
        "events_of_two_kinds",
        "
openapi: 3.0.3
info: { title: Events, version: '1' }
paths:
  /events:
    get:
      tags: [Event log]
      operationId: listEvents
      parameters: [{ name: since, in: query, schema: { type: string, format: date-time } }]
      responses:
        '200': { description: The events., content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Event' } } } } }
components:
  schemas:
    Event:
      oneOf: [{ $ref: '#/components/schemas/Created' }, { $ref: '#/components/schemas/Removed' }]
      discriminator: { propertyName: kind, mapping: { created: '#/components/schemas/Created', removed: '#/components/schemas/Removed' } }
    Created: { type: object, required: [kind], properties: { kind: { type: string }, note: { type: string, nullable: true } } }
    Removed: { type: object, required: [kind], properties: { kind: { type: string } } }
",
    );
}

#[test]
fn a_swagger_document_with_a_form() {
    assert_stub(
        "a_swagger_document_with_a_form",
        "
swagger: '2.0'
info: { title: Upload, version: '1' }
paths:
  /folders/{folder}/files:
    post:
      operationId: upload
      consumes: [multipart/form-data]
      parameters:
        - { name: folder, in: path, required: true, type: integer, format: int64 }
        - { name: file, in: formData, required: true, type: file }
      responses: { '204': { description: Stored. } }
securityDefinitions: { key: { type: apiKey, in: header, name: X-Key } }
security: [{ key: [] }]
",
    );
}
