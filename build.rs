//! Names the commit in the version: `USERS_API_COMMIT` where it is set, as in an image, else what git says, else none.

use std::{env, process::Command};

fn main() {
    println!("cargo:rerun-if-env-changed=USERS_API_COMMIT");
    // Written at each commit and checkout; where there is no such file, this is run again each time, which is quick.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo:rerun-if-changed={}", log.trim());
    }
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let given = env::var("USERS_API_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given.or_else(commit).map(|commit| format!(" ({commit})")).unwrap_or_default();
    println!("cargo:rustc-env=USERS_API_VERSION={version}{commit}");
}

/// The commit of this repository; none where this folder is only somewhere in another one.
fn commit() -> Option<String> {
    let said = git(&["rev-parse", "--show-prefix", "--short=12", "HEAD"])?;
    said.strip_prefix('\n').map(|commit| commit.trim().to_owned())
}

/// What git prints; none where there is no git, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
