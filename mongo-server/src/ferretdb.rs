//! FerretDB v1, built from its Go module by the program in `ferretdb/`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::{Attempt, Machine, leash::Process, say};

/// Builds the server where it is not built, and starts it; to speak TLS only, with this certificate and its key (PEM files).
pub fn start(machine: &Machine, tls: Option<(&Path, &Path)>) -> Attempt {
    let program = build(machine)?;
    let mut process = Process::start(&program, |data| {
        let tls = tls.iter().flat_map(|(certificate, key)| {
            ["-certificate".to_owned(), certificate.display().to_string(), "-key".to_owned(), key.display().to_string()]
        });
        tls.chain([data.display().to_string()]).collect()
    })?;
    let uri = process.first_line()?;
    Ok((uri, Some(Box::new(process))))
}

/// The built server. Go's cache makes this cheap when it is fresh.
fn build(machine: &Machine) -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let go = machine.program("go").ok_or("there is no go on the PATH to build it with")?;
    BUILT.get_or_init(|| compile(&go)).clone()
}

fn compile(go: &Path) -> Result<PathBuf, String> {
    // Beside what cargo built: there is no variable that names this folder everywhere.
    let built = env::current_exe().map_err(|error| error.to_string())?;
    let target =
        built.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).ok_or("cargo did not build this program")?;
    let folder = target.join("mongo-server");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let program = folder.join("ferretdb");
    if !program.exists() {
        say("building FerretDB, a MongoDB server for tests, from its Go module: a minute or two, once");
    }
    let output = Command::new(go)
        .args(["build", "-trimpath", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/ferretdb"))
        .output()
        .map_err(|error| format!("{}: {error}", go.display()))?;
    if output.status.success() {
        return Ok(program);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("go build failed: {}", said.trim().lines().last().unwrap_or("it said nothing")))
}
