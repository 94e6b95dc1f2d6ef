//! The directions between the crates, and the features that they select: read from the workspace and from its sources.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What `cargo` prints.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).arg("--locked").current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The crates of this workspace that `name` links, directly or not. Dependencies of tests do not count.
fn linked(name: &str) -> BTreeSet<String> {
    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let mut linked = BTreeSet::new();
    let mut unread = vec![name.to_owned()];
    while let Some(name) = unread.pop() {
        let package = packages.iter().find(|package| package["name"] == name).unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            let is_member = dependency["path"].is_string();
            if is_member && dependency["kind"] != "dev" && linked.insert(dependency["name"].as_str().unwrap().to_owned()) {
                unread.push(dependency["name"].as_str().unwrap().to_owned());
            }
        }
    }
    linked
}

/// The Rust files in `folder` and below, with their text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!files.is_empty(), "no sources");
    files
}

#[test]
fn the_server_library_knows_no_api() {
    assert!(!linked("openapi-server").contains("users-api"));
    for (file, text) in sources("openapi-server/src") {
        for word in ["write:users", "/email", "users_api"] {
            assert!(!text.contains(word), "{} says {word}", file.display());
        }
    }
}

#[test]
fn the_engine_links_no_server() {
    let linked = linked("contract-tests");
    assert!(!linked.contains("openapi-server") && !linked.contains("users-api"), "{linked:?}");
}

#[test]
fn the_document_loader_links_no_other_crate() {
    assert_eq!(linked("openapi-document"), BTreeSet::new());
}

#[test]
fn handlers_do_not_reach_into_the_contract() {
    for (file, text) in sources("src/api") {
        let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for path in code.split("openapi_server::").skip(1).map(|rest| rest.split(';').next().unwrap()) {
            assert!(!path.contains("contract::") && !path.starts_with("contract"), "{}: {path}", file.display());
        }
    }
}

/// The Markdown files for people, with their text.
fn pages() -> Vec<(PathBuf, String)> {
    let listed = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let in_docs = listed.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let at_root = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root().join(name));
    at_root.into_iter().chain(in_docs).map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// What stands between backticks in a page, its code blocks aside.
fn quoted(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.lines()).flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn the_files_that_the_pages_name_exist() {
    let mut named = 0;
    for (page, text) in pages() {
        // docs/engine.md says where its paths begin.
        let begins = ["", "contract-tests", "contract-tests/src"].map(|folder| root().join(folder));
        let is_engine = page.ends_with("docs/engine.md");
        for path in quoted(&text) {
            let is_path = path.contains('/') && (path.ends_with('/') || path.ends_with(".rs") || path.ends_with(".yaml"));
            if is_path && !path.starts_with('/') && !path.contains([' ', ':', '<', '{', '*']) {
                let exists = begins.iter().take(if is_engine { 3 } else { 1 }).any(|folder| folder.join(path).exists());
                assert!(exists, "{} names {path}", page.display());
                named += 1;
            }
        }
    }
    assert!(named > 40, "only {named} files are named");
}

#[test]
fn the_tests_that_the_pages_name_exist() {
    let code: Vec<String> = ["src", "tests", "openapi-server", "openapi-document", "contract-tests", "xtask"]
        .into_iter()
        .flat_map(sources)
        .map(|(_, text)| text)
        .collect();
    let mut named = 0;
    for (page, text) in pages() {
        for name in quoted(&text) {
            let is_sentence = name.matches('_').count() >= 2
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if is_sentence {
                assert!(code.iter().any(|text| text.contains(&format!("fn {name}("))), "{} names {name}", page.display());
                named += 1;
            }
        }
    }
    assert!(named > 70, "only {named} tests are named");
}

/// The crates from elsewhere that a build with these arguments compiles, with the features of each: a crate for the build itself
/// may have others than the same crate in the program.
fn features(selection: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let tree = cargo(&[&["tree", "--prefix", "none", "--format", "{p}|{f}"], selection].concat());
    let mut features = BTreeMap::<_, BTreeSet<_>>::new();
    for (package, selected) in tree.lines().filter_map(|line| line.split_once('|')).filter(|(package, _)| !package.contains('/'))
    {
        let selected = selected.trim_end_matches(" (*)").to_owned();
        features.entry(package.trim_end_matches(" (proc-macro)").to_owned()).or_default().insert(selected);
    }
    features
}

#[test]
fn run_and_test_build_the_same_dependencies() {
    let all = features(&["--workspace", "--edges", "normal,build,dev"]);
    for (dependency, selected) in features(&["--package", "users-api", "--edges", "normal,build"]) {
        assert!(
            selected.is_subset(&all[&dependency]),
            "users-api builds {dependency} with {selected:?}, the workspace with {:?}: name the features in workspace-features",
            all[&dependency]
        );
    }
}
