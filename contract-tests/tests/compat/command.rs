//! The command: which documents it reads, its exit status, its errors.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

const OLD: &str = include_str!("old.yaml");

fn compat(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contract-tests")).arg("compat").args(arguments).current_dir(folder).output().unwrap()
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
        .args(arguments)
        .current_dir(folder)
        .env_remove("GIT_DIR")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A repository with the old document in `api/`, committed as `before`, and without any in `empty`.
fn repository() -> TempDir {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    git(path, &["init", "--quiet"]);
    git(path, &["commit", "--quiet", "--allow-empty", "--message", "Nothing"]);
    git(path, &["tag", "empty"]);
    fs::create_dir(path.join("api")).unwrap();
    fs::write(path.join("api/openapi.yaml"), OLD).unwrap();
    git(path, &["add", "."]);
    git(path, &["commit", "--quiet", "--message", "The document"]);
    git(path, &["tag", "before"]);
    folder
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn two_files_are_compared_as_a_base_and_a_file_are() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    fs::write(path.join("old.yaml"), OLD).unwrap();
    fs::write(path.join("new.yaml"), OLD.replace("maxLength: 20", "maxLength: 10")).unwrap();
    let named = compat(path, &["--base", "old.yaml", "--file", "new.yaml"]);
    let placed = compat(path, &["old.yaml", "new.yaml"]);
    assert_eq!((placed.status.code(), said(&placed.stdout)), (Some(1), said(&named.stdout)));
    for wrong in [&["old.yaml"][..], &["old.yaml", "new.yaml", "--base", "old.yaml"], &[]] {
        let output = compat(path, wrong);
        assert!(output.status.code() == Some(2) && said(&output.stderr).contains("[OLD] [NEW]"), "{}", said(&output.stderr));
    }
}

#[test]
fn a_commit_or_a_file_is_the_base() {
    let folder = repository();
    let path = folder.path();
    fs::write(path.join("old.yaml"), OLD).unwrap();
    fs::write(path.join("api/openapi.yaml"), OLD.replace("maxLength: 20", "maxLength: 10")).unwrap();
    for (base, name) in [("before", "before:openapi.yaml"), ("HEAD", "HEAD:openapi.yaml"), ("old.yaml", "old.yaml")] {
        let output = compat(path, &["--base", base, "--file", "api/openapi.yaml"]);
        let text = said(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{text}{}", said(&output.stderr));
        assert!(text.contains(&format!("api/openapi.yaml against {name}: 1 breaking.")), "{text}");
        assert!(text.contains("api/openapi.yaml:4") && text.contains("createOrder"), "{text}");
        assert!(output.stderr.is_empty());
    }
    // From the folder of the document, and from outside of the repository, it is the same file of the same commit.
    let file = path.join("api/openapi.yaml");
    for folder in [path.join("api"), std::env::temp_dir()] {
        let output = compat(&folder, &["--base", "before", "--file", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output.stderr));
    }
}

#[test]
fn what_is_compatible_is_0() {
    let folder = repository();
    let output = compat(folder.path(), &["--base", "before", "--file", "api/openapi.yaml"]);
    assert_eq!(
        (output.status.code(), said(&output.stdout).as_str()),
        (Some(0), "api/openapi.yaml against before:openapi.yaml: no difference.\n")
    );
    fs::write(folder.path().join("api/openapi.yaml"), OLD.replace("maxLength: 20", "maxLength: 30")).unwrap();
    let output = compat(folder.path(), &["--base", "before", "--file", "api/openapi.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stdout));
}

#[test]
fn what_is_allowed_is_0() {
    let folder = repository();
    let path = folder.path();
    fs::write(path.join("api/openapi.yaml"), OLD.replace("maxLength: 20", "maxLength: 10")).unwrap();
    let entry = |expires: &str| {
        format!(
            "- pointer: /components/schemas/NewOrder/properties/article/maxLength\n  operation: createOrder\n  reason: Agreed.\n  \
             expires: {expires}\n"
        )
    };
    let arguments = ["--base", "before", "--file", "api/openapi.yaml", "--allow", "breaks.yaml"];
    fs::write(path.join("breaks.yaml"), entry("9999-12-31")).unwrap();
    let output = compat(path, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stdout));
    assert!(said(&output.stdout).contains("breaking but allowed"), "{}", said(&output.stdout));
    fs::write(path.join("breaks.yaml"), entry("2026-01-01")).unwrap();
    let output = compat(path, &arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output.stdout).contains("warning: breaks.yaml: the entry for"), "{}", said(&output.stdout));
}

#[test]
fn the_formats_are_for_their_readers() {
    let folder = repository();
    fs::write(folder.path().join("api/openapi.yaml"), OLD.replace("maxLength: 20", "maxLength: 10")).unwrap();
    let with = |format| compat(folder.path(), &["--base", "before", "--file", "api/openapi.yaml", "--format", format]);
    let github = with("github");
    assert_eq!(github.status.code(), Some(1));
    let line = OLD.lines().position(|line| line.contains("maxLength: 20")).unwrap() + 1;
    let annotation = format!("::error file=api/openapi.yaml,line={line},title=breaking for requests::");
    assert!(said(&github.stdout).starts_with(&annotation), "{}", said(&github.stdout));
    let json: Value = serde_json::from_slice(&with("json").stdout).unwrap();
    assert_eq!((&json["breaking"], &json["findings"][0]["line"]), (&1.into(), &line.into()), "{json:#}");
}

#[test]
fn what_cannot_run_is_2_and_says_what_helps() {
    let folder = repository();
    let path = folder.path();
    fs::write(path.join("no.yaml"), "openapi: 2.0\n").unwrap();
    fs::write(path.join("breaks.yaml"), "- pointer: /paths\n").unwrap();
    let elsewhere = "openapi: 3.1.0\ninfo: {title: A, version: '1'}\npaths: {/a: {$ref: paths/a.yaml}}\n";
    fs::write(path.join("elsewhere.yaml"), elsewhere).unwrap();
    let file = "api/openapi.yaml";
    for (arguments, error, hint) in [
        (vec!["--base", "origin/main", "--file", file], "origin/main is neither a file nor a revision", "git fetch origin main"),
        (vec!["--base=--output=x", "--file", file], "--output=x is neither a file nor a revision", "git fetch"),
        (vec!["--base", "empty", "--file", file], "empty has no openapi.yaml", "a new document breaks nobody"),
        (vec!["--base", "no.yaml", "--file", file], "no.yaml is not an OpenAPI document: its version is 2.0", "OpenAPI"),
        (vec!["--base", "before", "--file", "missing.yaml"], "missing.yaml: No such file", "--file names the new document"),
        (vec!["--base", "before", "--file", "no.yaml"], "no.yaml is not an OpenAPI", "--file names the new document"),
        (vec!["--base", "elsewhere.yaml", "--file", file], "paths/a.yaml", "all the files that the document refers to"),
        (vec!["--base", file, "--file", "elsewhere.yaml"], "paths/a.yaml", "all the files that the document refers to"),
        (
            vec!["--base", "before", "--file", file, "--allow", "missing.yaml"],
            "missing.yaml: No such file",
            "operation: createUser",
        ),
        (vec!["--base", "before", "--file", file, "--allow", "breaks.yaml"], "breaks.yaml: ", "expires: 2027-01-31"),
    ] {
        let output = compat(path, &arguments);
        let text = said(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.starts_with("error: ") && text.contains(error), "{arguments:?}: {text}");
        assert!(text.lines().any(|line| line.starts_with("hint: ") && line.contains(hint)), "{arguments:?}: {text}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(compat(path, &[]).status.code(), Some(2), "without a base");
}

#[test]
fn help_says_what_it_is_for() {
    let folder = TempDir::new().unwrap();
    let output = compat(folder.path(), &["--help"]);
    let text = said(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    for word in [
        "report whom the changes break",
        "--base",
        "--allow",
        "--format",
        "Exit status: 0 compatible, 1 breaking, 2 the comparison",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
