//! A project for each real document, where the folder with them is there, compiles without a warning.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use openapi_document::Document;
use openapi_stub::{File, Kind, Library, Plan, Settings, package_name, project};
use tempfile::TempDir;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The project for the document in a file.
fn files(path: &Path) -> Vec<File> {
    let document = Document::load(path).unwrap();
    let settings = Settings {
        package: package_name(&path.file_stem().unwrap().to_string_lossy()),
        library: Library::Path(workspace().to_string_lossy().into_owned()),
    };
    project(&document, &fs::read_to_string(path).unwrap(), &settings).unwrap()
}

/// What cargo says about the project; empty where it has nothing to say.
fn check(folder: &Path) -> String {
    // The dependencies are those of this workspace, so that nothing is fetched, and all projects share them.
    fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["check", "--all-targets", "--offline", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", env::var("STUB_TARGET").unwrap_or(concat!(env!("CARGO_TARGET_TMPDIR"), "/stubs").to_owned()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { said } else { format!("{said}cargo check failed") }
}

#[test]
#[ignore = "compiles a project for each document: ten minutes"]
fn stubs_of_real_documents_compile() {
    let corpus = env::var_os("CORPUS").map_or_else(|| workspace().join("../shared/corpus"), PathBuf::from);
    let Ok(entries) = fs::read_dir(&corpus) else {
        println!("skipped: there is no folder {}; CORPUS names another one", corpus.display());
        return;
    };
    let is_document = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json" || extension == "yaml");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(is_document).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no document in {}", corpus.display());
    let mut failed = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let folder = TempDir::new().unwrap();
        let files = files(&path);
        Plan::new(folder.path(), &files).unwrap().apply(folder.path()).unwrap();
        let again = Plan::new(folder.path(), &files).unwrap();
        assert!(again.writes.is_empty() && again.notes.is_empty(), "{name}: {again:?}");
        let began = Instant::now();
        let said = check(folder.path());
        let operations = files.iter().map(|file| if let Kind::Handlers(functions) = &file.kind { functions.len() } else { 0 });
        let lines = files.iter().filter(|file| file.path.ends_with(".rs")).map(|file| file.content.lines().count());
        let (operations, lines): (usize, usize) = (operations.sum(), lines.sum());
        let verdict = if said.is_empty() { "compiles" } else { "fails" };
        println!("{name}: {operations} operations, {lines} lines, {verdict}, {:.1} s", began.elapsed().as_secs_f64());
        if !said.is_empty() {
            failed.push(format!("{name}:\n{said}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
