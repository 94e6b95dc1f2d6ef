//! What the tests share.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{fs, path::Path};

use openapi_document::Document;
use openapi_stub::{File, Library, Settings, project};

/// The project for this text.
pub fn files(text: &str) -> Vec<File> {
    let document = Document::parse("openapi.yaml", text).unwrap();
    let settings = Settings { package: "api".to_owned(), library: Library::Path("/library".to_owned()) };
    project(&document, text, &settings).unwrap()
}

/// Compares the sources in a folder of tests with the project for a document; with `UPDATE=1` it writes them.
#[allow(dead_code, reason = "not every test has such a folder")]
pub fn assert_written(name: &str) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let text = fs::read_to_string(tests.join(format!("documents/{name}.yaml"))).unwrap();
    for file in files(&text) {
        let Some(source) = file.path.strip_prefix("src/").filter(|path| !["document.rs", "lib.rs", "main.rs"].contains(path))
        else {
            continue;
        };
        let path = tests.join(name).join(source);
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &file.content).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        assert_eq!(found, file.content, "{} is not what is generated: UPDATE=1 writes it", path.display());
    }
}
