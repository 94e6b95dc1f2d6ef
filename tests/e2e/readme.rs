//! README.md tells the truth: its commands are run, its examples compared, its tables and links checked.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use clap::Args;
use serde_json::{Value, json};
use tempfile::TempDir;
use users_api::config::Config;

use crate::{
    app::{App, send},
    process::Process,
};

const README: &str = include_str!("../../README.md");

/// The fenced blocks of README, as language and text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let fenced = README.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

/// Runs a block of README as it stands, but with the binary under test for `cargo run`, and this server's address for the usual one.
fn run(block: &str, server: &Process, data: &Path) -> Output {
    let script = block
        .replace("cargo run --quiet --", concat!("'", env!("CARGO_BIN_EXE_users-api"), "'"))
        .replace("http://127.0.0.1:3000", &server.url);
    Command::new("sh").args(["-euc", &script]).env("DATA_DIR", data).output().unwrap()
}

/// Status line, headers, body.
fn parts(answer: &str) -> (String, Vec<String>, Value) {
    let answer = answer.replace("\r\n", "\n");
    let (head, body) = answer.split_once("\n\n").unwrap_or((&answer, ""));
    let mut lines = head.lines().map(str::to_owned);
    let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() };
    (lines.next().unwrap(), lines.collect(), body)
}

/// Makes equal what is different each time.
fn settle((status, mut headers, mut body): (String, Vec<String>, Value)) -> (String, Vec<String>, Value) {
    if let Some(id) = body.get("id").and_then(Value::as_str).map(str::to_owned) {
        headers.iter_mut().for_each(|header| *header = header.replace(&id, "{id}"));
        body["id"] = json!("{id}");
        for time in ["createdAt", "updatedAt"] {
            chrono::DateTime::parse_from_rfc3339(body[time].as_str().unwrap()).unwrap();
            body[time] = json!("{time}");
        }
    }
    (status, headers, body)
}

#[tokio::test]
async fn the_examples_give_what_is_shown() {
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &[]);
    let blocks = blocks();
    let mut shown = Vec::new();
    let (mut token, mut location) = ("", String::new());
    for pair in blocks.windows(2) {
        let [(_, command), ("http", expected)] = pair else { continue };
        // The first example gets the token, and the later ones use it.
        token = command.lines().find(|line| line.starts_with("TOKEN=")).unwrap_or(token);
        let output = run(&format!("{token}\n{location}\n{command}"), &server, data.path());
        assert!(output.status.success(), "{command}{}", String::from_utf8_lossy(&output.stderr));
        if command.contains("LOCATION=") {
            // The later examples speak of the same user, also when no list finds it any more.
            let user: Value =
                serde_json::from_str(String::from_utf8_lossy(&output.stdout).split("\r\n\r\n").nth(1).unwrap()).unwrap();
            location = format!("LOCATION=/users/{}", user["id"].as_str().unwrap());
        }
        let (status, headers, body) = settle(parts(&String::from_utf8(output.stdout).unwrap()));
        let (expected_status, expected_headers, expected_body) = settle(parts(expected));
        assert_eq!(status.trim_end(), expected_status);
        assert_eq!(serde_json::to_string_pretty(&body).unwrap(), serde_json::to_string_pretty(&expected_body).unwrap());
        for header in expected_headers {
            assert!(headers.contains(&header), "{header} is not in {headers:?}");
        }
        shown.push(status.split(' ').nth(1).unwrap().to_owned());
    }
    assert_eq!(shown, ["201", "409", "400", "401", "201", "200", "204", "404"]);
}

#[tokio::test]
async fn the_command_that_the_server_prints_creates_a_user_and_then_conflicts() {
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &[]);
    let url = server.url.clone();
    server.signal("TERM");
    let welcome = server.ended().stdout;
    let command = &welcome[welcome.find("curl ").unwrap()..];
    let command = &command[..command.find("\n\n").unwrap()];
    assert!(command.contains(&url), "{command}");

    let again = Process::start(data.path(), &[]);
    for status in ["201", "409"] {
        let output = run(&command.replace(&url, &again.url), &again, data.path());
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test]
async fn every_command_is_run_by_a_test_or_by_ci() {
    let ci = include_str!("../../.ci/run");
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &[]);
    for (language, block) in blocks() {
        match block.trim_end() {
            _ if language == "http" || language == "text" => {} // What a command prints.
            _ if language == "rust" => {}                       // Code of another project.
            _ if language == "yaml" => {}                       // The same commands, for another CI.
            "cargo run" => {}                                   // Every test with a process of its own.
            "cargo test --workspace" => assert!(ci.contains("\npart cargo test --workspace ")),
            "cargo xtask spec" => assert!(ci.contains("\npart cargo xtask spec --check\n")),
            command if command.starts_with("cargo xtask stub ") => {
                let tests = include_str!("../../xtask/tests/stub_project.rs");
                let mut flags = command.split(' ').filter(|word| word.starts_with("--"));
                assert!(flags.all(|flag| tests.contains(&format!("{flag:?}"))), "{command}");
            }
            _ if block.contains("curl ") => {} // Above.
            _ if block.contains("openapi-typescript") => assert!(ci.contains("\npart tests/clients/check\n")),
            // There is no Docker engine everywhere; what the second line does is tested in mongo.rs.
            command if command.starts_with("docker run ") => {
                let url = command.lines().nth(1).and_then(|line| line.split(['=', ' ']).nth(1)).unwrap();
                assert!(url.parse::<users_api::store::StoreUrl>().is_ok(), "{command}");
            }
            command if command.contains("-p contract-tests") => assert!(ci.contains("target/debug/contract-tests ")),
            other => {
                let output = run(other, &server, data.path());
                assert!(output.status.success(), "{other}: {}", String::from_utf8_lossy(&output.stderr));
                assert_eq!(String::from_utf8(output.stdout).unwrap().split('.').count(), 3, "not a token");
            }
        }
    }
}

/// The table of settings, as `--help` has them.
fn settings() -> String {
    let mut table = String::from("| flag | variable | default | |\n|---|---|---|---|\n");
    for argument in Config::augment_args(clap::Command::new("users-api")).get_arguments() {
        let help = argument.get_help().unwrap().to_string();
        let (meaning, default) = match help.trim_end_matches(')').split_once(" (default: ") {
            Some((meaning, default)) => (meaning, default.trim_matches('`').to_owned()),
            None => (help.as_str(), argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect()),
        };
        let default = match default.as_str() {
            "" | "false" => String::new(),
            "no limit" => "no limit".to_owned(),
            value => format!("`{value}`"),
        };
        let variable = argument.get_env().unwrap().to_string_lossy();
        table += &format!("| `--{}` | `{variable}` | {default} | {meaning} |\n", argument.get_long().unwrap());
    }
    table
}

#[test]
fn the_table_of_settings_is_that_of_the_help() {
    let settings = settings();
    let page = include_str!("../../docs/configuration.md");
    assert!(page.contains(&settings), "docs/configuration.md should have this table:\n{settings}");
}

#[tokio::test]
async fn the_operational_routes_are_those_of_the_server() {
    let app = App::start().await;
    let rows = README.lines().filter(|line| line.starts_with("| `GET /"));
    let listed: Vec<&str> =
        rows.flat_map(|row| row.split("`GET /").skip(1)).map(|rest| rest.split('`').next().unwrap()).collect();
    for route in &listed {
        let answer = send(app.request(reqwest::Method::GET, &format!("/{route}"))).await;
        assert_eq!(answer.status, 200, "/{route}");
    }
    let sources = [include_str!("../../openapi-server/src/health.rs"), include_str!("../../openapi-server/src/docs/mod.rs")];
    for route in sources.iter().flat_map(|source| source.split(".at(\"/").skip(1)).map(|rest| rest.split('"').next().unwrap()) {
        // The files of Swagger UI are listed as their folder; the two that lead there, beside it.
        let known = listed.contains(&route) || ["", "docs", "docs/*file", "docs/swagger-initializer.js"].contains(&route);
        assert!(known, "/{route} is not listed in README.md");
    }
}

/// What a link to a heading is called.
fn slug(heading: &str) -> String {
    heading.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-")
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let scaling = read("docs/scaling.md").replace("](../", "](");
    for text in [README, &read("ARCHITECTURE.md"), &read("CONTRIBUTING.md"), &scaling] {
        for target in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let exists = match target.strip_prefix('#') {
                Some(anchor) => text.lines().any(|line| line.starts_with("## ") && slug(line) == anchor),
                None => target.starts_with("https://") || root.join(target).exists(),
            };
            assert!(exists, "{target} does not exist");
        }
    }
}
