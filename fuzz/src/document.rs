//! The reading of OpenAPI documents: it never panics, and what comes of a text is bounded by its length and the loader's limits.

use openapi_document::{Document, LoadError, Loader};
use serde_json::Value;

/// Between the files of an input. The first one is the document; others are what references to `http://x/1`, `http://x/2` … lead to.
const NEXT: &str = "\n%%%\n";

const MAX_BYTES: u64 = 1 << 20;
const MAX_DEPTH: usize = 100;
const MAX_FILES: u64 = 8;
const MAX_COPIED: usize = 10_000;
const MAX_DEFECTS: usize = 1_000;

/// Reads the input as a document, and what came of it once more.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for keep_unresolved in [false, true] {
        if let Ok(document) = read(&text, keep_unresolved) {
            check_document(&document, text.len(), keep_unresolved);
        }
    }
}

fn read(text: &str, keep_unresolved: bool) -> Result<Document, LoadError> {
    let mut parts = text.split(NEXT).map(str::to_owned);
    let root = parts.next().unwrap_or_default();
    let others: Vec<String> = parts.collect();
    let fetch = move |url: &str| {
        let number = url.strip_prefix("http://x/").and_then(|number| number.parse::<usize>().ok());
        let part = number.and_then(|number| others.get(number.checked_sub(1)?));
        part.cloned().ok_or_else(|| "there is no such file".to_owned())
    };
    // No file is relative to a folder that does not exist.
    loader(keep_unresolved).fetch_with(fetch).parse("/nowhere/api.yaml", root)
}

fn loader(keep_unresolved: bool) -> Loader {
    let loader = Loader::new().max_bytes(MAX_BYTES).max_depth(MAX_DEPTH).max_files(MAX_FILES);
    loader.max_copied(MAX_COPIED).max_defects(MAX_DEFECTS).keep_unresolved(keep_unresolved)
}

fn check_document(document: &Document, length: usize, keep_unresolved: bool) {
    // Each value is written somewhere, or copied. A conversion may wrap it, and aliases are counted for each file.
    let values = count(document.json());
    assert!(values <= 10 * length + (MAX_FILES as usize + 1) * MAX_COPIED, "{length} bytes became {values} values");
    assert!(document.defects().len() <= MAX_DEFECTS);
    for defect in document.defects() {
        assert!(defect.place.line > 0 && !defect.message.is_empty(), "{defect:?}");
    }
    for operation in document.operations() {
        let pointer = operation.pointer;
        assert!(document.json().pointer(&pointer).is_some(), "{pointer}");
        assert!(document.place(&pointer).line > 0, "{pointer}");
    }
    if document.defects().is_empty() {
        let again = loader(keep_unresolved).parse("/nowhere/api.json", document.json().to_string());
        let again = again.unwrap_or_else(|error| panic!("what was read cannot be read again: {error}: {}", document.json()));
        assert_eq!(again.json(), document.json(), "what was read is read in another way");
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>(),
        Value::Object(members) => members.values().map(count).sum::<usize>(),
        _ => 0,
    }
}
