//! A project for each real document, where the folder with them is there, compiles without a warning.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    env, fs, future,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use openapi_document::Document;
use openapi_server::{
    ContractError, Routes, Server, ServerError,
    auth::{LocalIssuer, Secrets},
};
use openapi_stub::{File, FileRole, Library, Plan, Settings, package_name, project};
use poem::{endpoint::make_sync, http::StatusCode};
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

/// The documents whose projects are started too; `START=1` starts them all, which takes longer.
const STARTED: [&str; 3] = ["museum.yaml", "petstore.yaml", "readme-train-travel.json"];

/// What all projects are built in, so that they share the dependencies.
fn target() -> PathBuf {
    env::var_os("STUB_TARGET").map_or(Path::new(env!("CARGO_TARGET_TMPDIR")).join("stubs"), PathBuf::from)
}

/// What cargo says about the project; empty where it has nothing to say.
fn cargo(folder: &Path, arguments: &[&str]) -> String {
    // The dependencies are those of this workspace, so that nothing is fetched.
    fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { said } else { format!("{said}cargo {} failed", arguments[0]) }
}

/// What is wrong with the project as a process of its own; empty where it serves its documentation.
async fn start(folder: &Path, package: &str) -> String {
    let said = cargo(folder, &["build"]);
    if !said.is_empty() {
        return said;
    }
    let program = target().join("debug").join(package);
    let mut process = Command::new(program)
        .arg("127.0.0.1:0")
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let answer = reqwest::get(url.trim()).await.and_then(reqwest::Response::error_for_status);
    process.kill().unwrap();
    let said = process.wait_with_output().unwrap().stderr;
    answer.map_or_else(|error| format!("{error}: {}", String::from_utf8_lossy(&said)), |_| String::new())
}

/// The documents, where there is a folder with them.
fn documents() -> Vec<PathBuf> {
    let corpus = env::var_os("CORPUS").map_or_else(|| workspace().join("../shared/corpus"), PathBuf::from);
    let Ok(entries) = fs::read_dir(&corpus) else {
        println!("skipped: there is no folder {}; CORPUS names another one", corpus.display());
        return Vec::new();
    };
    let is_document = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json" || extension == "yaml");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(is_document).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no document in {}", corpus.display());
    paths
}

/// The texts that a generated source hands to a function first.
fn handed_to(source: &str, function: &str) -> Vec<String> {
    let literals = source.split(function).skip(1).filter_map(|rest| rest.split('"').nth(1));
    // What is escaped in them is escaped in the same way in JSON.
    literals.map(|literal| serde_json::from_str(&format!("\"{literal}\"")).unwrap()).collect()
}

/// A server of the routes and credentials that the project has, with handlers that are all the same.
async fn bind(path: &Path, issuer: LocalIssuer) -> Result<Server, ServerError> {
    let files = files(path);
    let source = |path: &str| files.iter().find(|file| file.path == path).unwrap().content.as_str();
    let routes = handed_to(source("src/api/mod.rs"), ".at(")
        .into_iter()
        .fold(Routes::new(), |routes, template| routes.at(template, make_sync(|_| StatusCode::NOT_IMPLEMENTED)));
    let server = Server::new(openapi_server::Document::load(path)?).local_issuer(Arc::new(issuer));
    let schemes = handed_to(source("src/security.rs"), ".authenticator(").into_iter();
    let server = schemes.fold(server, |server, scheme| server.authenticator(scheme, Secrets::new()));
    server.bind("127.0.0.1:0".parse().unwrap(), routes).await
}

#[tokio::test]
#[ignore = "starts a server for each document in ../shared/corpus"]
async fn servers_of_real_documents_start_or_say_why_not() {
    let mut failed = Vec::new();
    for path in documents() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let folder = TempDir::new().unwrap();
        match bind(&path, LocalIssuer::open(folder.path(), "urn:test", "test").unwrap()).await {
            Ok(server) => {
                let url = format!("http://{}/docs/", server.address());
                tokio::spawn(server.run(future::pending()));
                let status = reqwest::get(url).await.unwrap().status();
                println!("{name}: starts, documentation {status}");
                failed.extend((status != 200).then_some(name));
            }
            Err(ServerError::Contract(
                error @ (ContractError::Route { .. } | ContractError::Unsupported { .. } | ContractError::Schema { .. }),
            )) => {
                println!("{name}: does not start: {error}");
            }
            Err(error) => failed.push(format!("{name}: {error}")),
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test]
#[ignore = "compiles a project for each document: ten minutes"]
async fn stubs_of_real_documents_compile_and_start() {
    let mut failed = Vec::new();
    for path in documents() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let folder = TempDir::new().unwrap();
        let files = files(&path);
        Plan::new(folder.path(), &files).unwrap().apply(folder.path()).unwrap();
        let again = Plan::new(folder.path(), &files).unwrap();
        assert!(again.writes.is_empty() && again.notes.is_empty(), "{name}: {again:?}");
        let began = Instant::now();
        let mut said = cargo(folder.path(), &["check", "--all-targets"]);
        let seconds = began.elapsed().as_secs_f64();
        let operations =
            files.iter().map(|file| if let FileRole::Handlers(functions) = &file.kind { functions.len() } else { 0 });
        let lines = files.iter().filter(|file| file.path.ends_with(".rs")).map(|file| file.content.lines().count());
        let (operations, lines): (usize, usize) = (operations.sum(), lines.sum());
        let mut verdict = if said.is_empty() { "compiles" } else { "does not compile" };
        if said.is_empty() && (STARTED.contains(&name.as_str()) || env::var_os("START").is_some()) {
            said = start(folder.path(), &package_name(&path.file_stem().unwrap().to_string_lossy())).await;
            verdict = if said.is_empty() { "compiles and starts" } else { "compiles and does not start" };
        }
        println!("{name}: {operations} operations, {lines} lines, {verdict}, {seconds:.1} s");
        if !said.is_empty() {
            failed.push(format!("{name}:\n{said}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
