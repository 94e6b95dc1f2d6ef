//! A package gets into a folder of its own, once for each version.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Skipped,
    servers::{DocumentSource, Package, Server},
};

/// What is there of a package.
#[derive(Debug)]
pub struct Installed {
    /// Its folder.
    pub folder: PathBuf,
    /// Where its sources are; the same folder where nothing is built.
    pub sources: PathBuf,
}

/// Installs the package of a server below `cache`, where it is not there yet.
pub fn install(server: &Server, cache: &Path) -> Result<Installed, Skipped> {
    let folder = cache.join(format!("{}-{}", server.name, server.version));
    let complete = folder.join("installed");
    if !complete.is_file() {
        // What an interrupted installation has left is no package.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        fetch(server, &folder)?;
        fs::write(&complete, "")?;
    }
    let sources = match server.package {
        Package::Go { module, .. } => sources(module, server.version)?,
        Package::Npm(_) | Package::Maven(_) | Package::MavenArchive(_) | Package::Pip(_) => folder.clone(),
    };
    Ok(Installed { folder, sources })
}

fn fetch(server: &Server, folder: &Path) -> Result<(), Skipped> {
    let version = server.version;
    let mut command = match server.package {
        Package::Npm(name) => {
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(folder).arg(format!("{name}@{version}"));
            npm
        }
        Package::Maven(artifact) => {
            let mut copy = maven("copy", artifact, version, folder);
            copy.arg("-Dmdep.stripVersion=true");
            copy
        }
        Package::MavenArchive(artifact) => maven("unpack", artifact, version, folder),
        Package::Pip(name) => {
            output(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
            let mut pip = Command::new(folder.join("bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).arg(format!("{name}=={version}"));
            pip
        }
        Package::Go { module, package } => {
            let mut go = Command::new("go");
            go.env("GOBIN", folder).arg("install").arg(format!("{module}{package}@v{version}"));
            go
        }
    };
    output(&mut command).map(drop)
}

/// The command that fetches an artifact; it stands for `group:name:type` and needs the version in between.
fn maven(goal: &str, artifact: &str, version: &str, folder: &Path) -> Command {
    let mut parts: Vec<&str> = artifact.split(':').collect();
    parts.insert(2, version);
    let mut maven = Command::new("mvn");
    maven.args(["--quiet", "--batch-mode"]);
    maven.arg(format!("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:{goal}"));
    maven.arg(format!("-Dartifact={}", parts.join(":"))).arg(format!("-DoutputDirectory={}", folder.display()));
    // Else it notes beside the working directory what it has unpacked.
    maven.arg(format!("-DmarkersDirectory={}", folder.join("markers").display())).current_dir(folder);
    maven
}

/// Where Go keeps the sources of a module.
fn sources(module: &str, version: &str) -> Result<PathBuf, Skipped> {
    let said = output(Command::new("go").args(["mod", "download", "-json"]).arg(format!("{module}@v{version}")))?;
    let said: serde_json::Value = serde_json::from_slice(&said).map_err(|error| Skipped(format!("go mod download: {error}")))?;
    said["Dir"].as_str().map(PathBuf::from).ok_or_else(|| Skipped("go does not say where the module is".to_owned()))
}

/// The document of a server that it does not serve itself.
pub fn document(server: &Server, installed: &Installed, root: &Path) -> Result<Option<Vec<u8>>, Skipped> {
    Ok(match server.document {
        DocumentSource::Served(_) => None,
        DocumentSource::File(path) => Some(fs::read(installed.sources.join(path))?),
        DocumentSource::Own(path) => Some(fs::read(root.join(path))?),
        DocumentSource::Packed { archive, file } => {
            Some(output(Command::new("unzip").arg("-p").arg(installed.folder.join(archive)).arg(file))?)
        }
    })
}

/// What a command prints; where it fails, its last line is the reason.
fn output(command: &mut Command) -> Result<Vec<u8>, Skipped> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| Skipped(format!("{program} cannot be started: {error}")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let last =
        said.lines().map(str::trim).rfind(|line| !line.is_empty() && *line != "[ERROR]").unwrap_or("it said nothing").to_owned();
    Err(Skipped(format!("{program} failed: {last}")))
}
