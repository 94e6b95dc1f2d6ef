//! YAML and JSON as people write them, and where it stands.

use openapi_document::{DefectKind, Document, LimitOf, LoadError, Loader};
use serde_json::{Value, json};

/// The value under `x-value` of a document with this text.
fn value(text: &str) -> Value {
    document(text).json()["x-value"].clone()
}

fn document(text: &str) -> Document {
    Document::parse("api.yaml", format!("openapi: 3.1.0\n{text}")).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn yaml_is_read_by_the_core_schema() {
    let table = [
        ("x-value: [on, no, yes, off, y, NO]", json!(["on", "no", "yes", "off", "y", "NO"])),
        ("x-value: [true, False, TRUE, 'true']", json!([true, false, true, "true"])),
        ("x-value: [null, ~, '', Null]", json!([null, null, "", null])),
        ("x-value:", Value::Null),
        (
            "x-value: [2024-01-01, 2001-12-14t21:59:43.10-05:00, 12:30:45]",
            json!(["2024-01-01", "2001-12-14t21:59:43.10-05:00", "12:30:45"]),
        ),
        ("x-value: [0, -1, +2, 012, 0o17, 0x1F]", json!([0, -1, 2, 12, 15, 31])),
        ("x-value: [9223372036854775807, 18446744073709551615, -9223372036854775808]", json!([i64::MAX, u64::MAX, i64::MIN])),
        ("x-value: [1.5, .5, 1., 1e3, -0.07]", json!([1.5, 0.5, 1.0, 1e3, -0.07])),
        ("x-value: [1.2.3, 1_000, .inf, .nan, 1e999, +-1]", json!(["1.2.3", "1_000", ".inf", ".nan", "1e999", "+-1"])),
        ("x-value: [!!str 1, !!int '2', !own text]", json!(["1", 2, "text"])),
        (
            "x-value: {200: a, null: b, 1.0: c, on: d, 404 : e}",
            json!({"200": "a", "null": "b", "1.0": "c", "on": "d", "404": "e"}),
        ),
        ("x-value: |\n  a\n  b\n", json!("a\nb\n")),
        ("x-value: >-\n  a\n  b\n", json!("a b")),
        ("x-value: {\"a\":1,\"b\":[]}", json!({"a": 1, "b": []})),
        ("x-a: &a {k: 1}\nx-value: [*a, *a]", json!([{"k": 1}, {"k": 1}])),
        ("x-a: &a {k: 1, l: 2}\nx-value:\n  <<: *a\n  l: 3", json!({"l": 3, "k": 1})),
        ("x-a: &a {k: 1}\nx-b: &b {k: 2, l: 2}\nx-value: {<<: [*a, *b], m: 3}", json!({"m": 3, "k": 1, "l": 2})),
        ("x-value: {'<<': 1}", json!({"<<": 1})),
        ("x-a: &k name\nx-value: {*k : 1}", json!({"name": 1})),
    ];
    for (text, expected) in table {
        assert_eq!(value(text), expected, "{text}");
        assert_eq!(value(&text.replace('\n', "\r\n")).to_string().replace("\\r", ""), expected.to_string(), "CRLF: {text}");
    }
}

#[test]
fn json_is_read_as_serde_json_reads_it() {
    let text = "\u{feff}{\r\n\t\"openapi\": \"3.1.0\",\n\t\"x\": [1, -2.5e3, 18446744073709551615, \"\\u00e9\\ud83d\\ude00\\/\", \"é\", true, false, null, {}, [], \"\\\\\"]}";
    let document = Document::parse("api.json", text).unwrap();
    assert_eq!(document.json(), &serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')).unwrap());
    assert_eq!(document.place("/x").to_string(), "api.json:3:2");
    assert_eq!(document.value_place("/x/5").to_string(), "api.json:3:70");
}

#[test]
fn faulty_json_is_an_error_with_its_place() {
    let table = [
        ("{\"openapi\": \"3.1.0\", \"a\": }", "api.json:1:27"),
        ("{\"openapi\": \"3.1.0\"\n \"a\": 1}", "api.json:2:2"),
        ("{\"openapi\": \"3.1.0\",\n \"a\": 01}", "api.json:2:7"),
        ("{\"openapi\": \"3.1.0\",\n \"a\": \"\\x\"}", "api.json:2:7"),
        ("{\"openapi\": \"3.1.0\"} {", "api.json:1:22"),
    ];
    for (text, place) in table {
        match Document::parse("api.json", text) {
            Err(LoadError::Syntax { place: found, .. }) => assert_eq!(found.to_string(), place, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn json_with_the_freedoms_of_yaml_is_yaml() {
    let document = Document::parse("api", "{openapi: 3.1.0, # the version\n x-value: [a,],}").unwrap();
    assert_eq!(document.json()["x-value"], json!(["a"]));
}

#[test]
fn faulty_yaml_is_an_error_with_its_place() {
    let table = [
        ("a: [1", "api.yaml:"),
        ("a: *nowhere", "api.yaml:2:"),
        ("a: &a [*a]", "api.yaml:2:"),
        ("? [1, 2]\n: a", "api.yaml:2:3"),
        ("<<: 1", "api.yaml:2:5"),
        ("---\na: 1\n---\nb: 1", "api.yaml:"),
        ("\ta: 1", "api.yaml:"),
    ];
    for (text, place) in table {
        match Document::parse("api.yaml", format!("openapi: 3.1.0\n{text}")) {
            Err(error @ LoadError::Syntax { .. }) => assert!(error.to_string().starts_with(place), "{text}: {error}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn a_key_twice_is_a_defect_and_the_last_counts() {
    for text in [
        "openapi: 3.1.0\ninfo:\n  title: a\n  title: b\n",
        "{\"openapi\": \"3.1.0\",\n\"info\": {\n\"title\": \"a\",\n\"title\": \"b\"}}",
    ] {
        let document = Document::parse("api", text).unwrap();
        assert_eq!(document.json()["info"]["title"], "b");
        let [defect] = document.defects() else { panic!("{:?}", document.defects()) };
        assert_eq!((defect.kind, defect.pointer.as_str(), defect.place.line), (DefectKind::DuplicateKey, "/info/title", 4));
        assert!(defect.message.contains("line 3"), "{defect}");
    }
}

#[test]
fn a_minified_document_gives_a_short_excerpt() {
    let many: Vec<String> = (0..1000).map(|index| format!("\"x-{index}\":{{\"type\":\"string\"}}")).collect();
    let document = Document::parse("api.json", format!("{{\"openapi\":\"3.1.0\",{}}}", many.join(","))).unwrap();
    let excerpt = document.excerpt("/x-500/type");
    assert!(excerpt.starts_with("\"type\":\"string\"},\"x-501\""), "{excerpt}");
    assert!(excerpt.chars().count() <= 121, "{excerpt}");
    assert_eq!(document.place("/x-500/type").line, 1);
}

#[test]
fn columns_count_characters_however_long_the_line_is() {
    let text = format!("{{\"openapi\": \"3.1.0\", \"x-é\": \"{}\", \"x-end\": 1}}", "é€a".repeat(5000));
    let column = text.split("\"x-end").next().unwrap().chars().count() + 1;
    assert_eq!(Document::parse("api.json", text).unwrap().place("/x-end").column, column);
}

#[test]
fn an_alias_stands_where_its_anchor_is() {
    let document = document("x-a: &a\n  k: 1\nx-value: *a\n");
    assert_eq!(document.place("/x-value/k").line, 3);
    assert_eq!(document.place("/x-value").line, 4);
}

#[test]
fn limits_stop_hostile_documents_and_name_the_limit() {
    let mut laughs = "openapi: 3.1.0\na0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let deep =
        |open: &str, close: &str| format!("{{\"openapi\": \"3.1.0\", \"x\": {}{}}}", open.repeat(100_000), close.repeat(100_000));
    let block = (0..3000).fold("openapi: 3.1.0\nx:\n".to_owned(), |text, level| text + &" ".repeat(level + 1) + "a:\n");
    let table = [
        ("laughs", laughs, "more than 2000000 values copied"),
        ("arrays", deep("[", "]"), "more than 200 levels of nesting"),
        ("objects", deep("{\"a\":", "}"), "more than 200 levels of nesting"),
        ("block", block, "more than 200 levels of nesting"),
        ("bytes", format!("openapi: 3.1.0\nx: {}", "a".repeat(2000)), "more than 1000 bytes"),
    ];
    for (name, text, message) in table {
        let loader = if name == "bytes" { Loader::new().max_bytes(1000) } else { Loader::new() };
        let error = loader.parse("api.yaml", text).err().unwrap_or_else(|| panic!("{name} was read"));
        assert!(error.to_string().contains(message), "{name}: {error}");
    }
}

#[test]
fn what_is_no_openapi_document_says_so() {
    for (text, message) in [
        ("a: 1", "neither `openapi` nor `swagger`"),
        ("openapi: 4.0.0", "its version is 4.0.0"),
        ("swagger: '1.2'", "its version is 1.2"),
        ("", "neither `openapi` nor `swagger`"),
        ("just text", "neither `openapi` nor `swagger`"),
    ] {
        let error = Document::parse("api.yaml", text).unwrap_err().to_string();
        assert!(error.starts_with("api.yaml is not an OpenAPI document") && error.contains(message), "{text}: {error}");
    }
    for (text, version) in [("openapi: 3.0", "3.0"), ("swagger: 2.0", "2.0"), ("openapi: '3.1.1'", "3.1.1")] {
        assert_eq!(Document::parse("api.yaml", text).unwrap().version(), version);
    }
}

#[cfg(unix)]
#[test]
fn references_lead_to_regular_files_only() {
    let folder = tempfile::TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // A device without an end, a folder, and a pipe that nobody writes to: reading that one would never come to an end.
    for path in ["/dev/zero".as_ref(), folder.path(), &pipe] {
        let text = format!("openapi: 3.1.0\npaths: {{ $ref: {} }}\n", path.display());
        let error = Document::parse("/tmp/api.yaml", text).unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }
}

/// As a shell passes on what a command prints: `--spec <(command)`.
#[cfg(unix)]
#[test]
fn a_document_is_read_from_a_pipe_and_within_the_limit() {
    let folder = tempfile::TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, "openapi: 3.1.0\n").unwrap()
    });
    assert_eq!(Document::load(&pipe).unwrap().version(), "3.1.0");
    writer.join().unwrap();
    let error = Loader::new().max_bytes(1 << 20).load("/dev/zero").unwrap_err();
    assert!(matches!(error, LoadError::Limit { of: LimitOf::Bytes, .. }), "{error}");
}
