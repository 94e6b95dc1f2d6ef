//! A document of 10 MB and 10,000 operations. In release: `cargo test --release -p openapi-document --test size -- --ignored --nocapture`.

use std::{fmt::Write, fs, time::Instant};

use openapi_document::{Document, METHODS};

/// A document with so many operations, each with a schema of its own; 3.0, so that every schema is converted.
fn generated(operations: usize) -> String {
    let mut paths = String::from("openapi: 3.0.3\ninfo:\n  title: generated\n  version: '1'\npaths:\n");
    let mut schemas = String::from("components:\n  schemas:\n");
    for number in 0..operations {
        let method = METHODS[number % 5];
        if number % 5 == 0 {
            let _ = writeln!(paths, "  /resources{number}/{{id}}:");
        }
        let _ = write!(
            paths,
            "    {method}:
      operationId: operation{number}
      description: The operation with the number {number}, which is described at some length, as people do.
      parameters:
        - name: id
          in: path
          required: true
          schema:
            type: string
            format: uuid
        - {{name: limit, in: query, schema: {{type: integer, minimum: 0, exclusiveMinimum: true, default: 10}}}}
      requestBody:
        content:
          application/json:
            schema:
              $ref: '#/components/schemas/Resource{number}'
      responses:
        '200':
          description: 'what was asked for'
          content:
            application/json:
              schema: {{type: array, items: {{$ref: '#/components/schemas/Resource{number}'}}}}
        404:
          description: nothing there
"
        );
        let _ = write!(
            schemas,
            "    Resource{number}:
      type: object
      required: [id, name]
      properties:
        id: {{type: string, format: uuid, readOnly: true}}
        name: {{type: string, minLength: 1, maxLength: 100, nullable: true, example: a name}}
        parent:
          $ref: '#/components/schemas/Resource{}'
        state:
          type: string
          enum: [new, active, closed]
",
            (number + 1) % operations
        );
    }
    paths + &schemas
}

#[test]
#[ignore = "it measures; run it by hand"]
fn ten_thousand_operations() {
    let folder = tempfile::tempdir().unwrap();
    let text = generated(10_000);
    let (yaml, json, minified) =
        (folder.path().join("api.yaml"), folder.path().join("api.json"), folder.path().join("minified.json"));
    fs::write(&yaml, &text).unwrap();
    let value = Document::parse("api.yaml", text.as_str()).unwrap().into_json();
    fs::write(&json, serde_json::to_string_pretty(&value).unwrap()).unwrap();
    fs::write(&minified, value.to_string()).unwrap();
    drop((text, value));
    for (name, path) in [("YAML", yaml), ("JSON", json), ("minified JSON", minified)] {
        let start = Instant::now();
        let document = Document::load(&path).unwrap();
        let taken = start.elapsed().as_secs_f64();
        assert_eq!(document.operations().count(), 10_000);
        assert_eq!(document.defects(), []);
        println!("{name}: {} bytes, 10000 operations, {taken:.2} s", fs::metadata(path).unwrap().len());
    }
    if let Some(peak) = fs::read_to_string("/proc/self/status").unwrap_or_default().lines().find(|line| line.starts_with("VmHWM"))
    {
        println!("most memory at once: {}", peak.split_whitespace().skip(1).collect::<Vec<_>>().join(" "));
    }
}

#[test]
fn a_generated_document_loads() {
    assert_eq!(Document::parse("api.yaml", generated(50)).unwrap().operations().count(), 50);
}
