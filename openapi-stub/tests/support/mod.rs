//! What the tests share.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{fs, path::Path};

use openapi_document::Document;
use openapi_stub::{File, Library, Settings, project};

/// The project for this text.
pub fn files(text: &str) -> Vec<File> {
    files_of("api", text)
}

fn files_of(package: &str, text: &str) -> Vec<File> {
    let document = Document::parse("openapi.yaml", text).unwrap();
    let settings = Settings { package: package.to_owned(), library: Library::Path("/library".to_owned()) };
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
        assert_file(&tests.join(name).join(source), &file.content);
    }
}

/// The same for a whole project: what it is made of, not how it is shipped.
#[allow(dead_code, reason = "not every test has such a folder")]
pub fn assert_project(name: &str) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let text = fs::read_to_string(tests.join(format!("documents/{name}.yaml"))).unwrap();
    let sources = files_of(name, &text).into_iter().filter(|file| file.path.ends_with(".rs") || file.path.ends_with(".yaml"));
    for file in sources.filter(|file| file.path != "src/main.rs") {
        assert_file(&tests.join(name).join(&file.path), &file.content);
    }
}

fn assert_file(path: &Path, content: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let found = fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    assert_eq!(found, content, "{} is not what is generated: UPDATE=1 writes it", path.display());
}
