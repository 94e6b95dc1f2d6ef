//! A copy of this project to change and to build, with the dependencies that this project has built already.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The contract-test engine, which knows no API: that of this project serves the copy, too.
const ENGINE: &str = env!("CARGO_BIN_EXE_contract-tests");

/// The copy, in a Git repository of its own whose `origin/main` is the project as it was.
pub struct Project {
    root: PathBuf,
    target: PathBuf,
}

/// What a command printed, standard output first.
pub struct Output {
    pub succeeded: bool,
    pub text: String,
}

impl Project {
    /// Copies what Git knows or would add. What has not changed since the last time keeps its date, so that it is not built again.
    pub fn copy() -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contributing");
        let copy = Self { root: place.join("project"), target: place.join("target") };
        let mut listing = Command::new("git");
        listing.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(source);
        let listing = listing.output().unwrap();
        assert!(listing.status.success(), "no list of files: {}", String::from_utf8_lossy(&listing.stderr));
        let listing = String::from_utf8(listing.stdout).unwrap();
        let files: BTreeSet<PathBuf> =
            listing.split_terminator('\0').map(PathBuf::from).filter(|file| source.join(file).exists()).collect();
        for stale in below(&copy.root).iter().filter(|file| !files.contains(file.strip_prefix(&copy.root).unwrap())) {
            fs::remove_file(stale).unwrap();
        }
        for file in &files {
            let (from, to) = (fs::read(source.join(file)).unwrap(), copy.root.join(file));
            if fs::read(&to).ok().as_ref() != Some(&from) {
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::write(to, from).unwrap();
            }
        }
        copy.share_dependencies(Path::new(ENGINE).parent().unwrap());
        copy.sh("git init --quiet && git add --all
             git -c user.name=test -c user.email=test@example.com -c commit.gpgsign=false commit --quiet --message 'As it was'
             git update-ref refs/remotes/origin/main HEAD");
        copy
    }

    /// Gives the copy what was built of the crates from elsewhere. Cargo replaces what it compiles and writes into its own records, so
    /// the former are links and the latter copies.
    fn share_dependencies(&self, built: &Path) {
        let to = self.target.join("debug");
        let manifests = below(&self.root).into_iter().filter(|file| file.ends_with("Cargo.toml"));
        let members: BTreeSet<String> = manifests
            .map(|manifest| fs::read_to_string(manifest).unwrap())
            .filter_map(|manifest| Some(manifest.split_once("\nname = \"")?.1.split_once('"')?.0.replace('-', "_")))
            .collect();
        let is_ours = |name: &str| name.rsplit_once('-').is_none_or(|(name, _)| members.contains(&name.replace('-', "_")));
        for library in names(&built.join("deps")) {
            let target = to.join("deps").join(&library);
            if library.strip_prefix("lib").is_some_and(|name| !is_ours(name)) && !target.exists() {
                fs::create_dir_all(to.join("deps")).unwrap();
                fs::hard_link(built.join("deps").join(&library), target).unwrap();
            }
        }
        for kind in ["build", ".fingerprint"] {
            for unit in names(&built.join(kind)).into_iter().filter(|name| !is_ours(name)) {
                let from = built.join(kind).join(&unit);
                for file in below(&from) {
                    let target = to.join(kind).join(&unit).join(file.strip_prefix(&from).unwrap());
                    if !target.exists() {
                        fs::create_dir_all(target.parent().unwrap()).unwrap();
                        fs::copy(&file, &target).unwrap();
                        let modified = fs::metadata(&file).unwrap().modified().unwrap();
                        fs::File::options().append(true).open(&target).unwrap().set_modified(modified).unwrap();
                    }
                }
            }
        }
    }

    /// A file of the copy.
    pub fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    /// Replaces a text that is there exactly once.
    #[track_caller]
    pub fn replace(&self, file: &str, old: &str, new: &str) {
        let text = self.read(file);
        assert_eq!(text.matches(old).count(), 1, "{old:?} in {file}");
        self.write(file, &text.replace(old, new));
    }

    /// Runs commands in the copy, as they stand but for the engine, which is not built again.
    pub fn run(&self, script: &str) -> Output {
        let output = self.shell(script).output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        Output { succeeded: output.status.success(), text }
    }

    /// Runs commands that must succeed, and gives what they print.
    #[track_caller]
    pub fn sh(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(output.succeeded, "{script}\n{}", output.text);
        output.text
    }

    /// Starts a server with this command, and waits for its address.
    pub fn serve(&self, command: &str) -> Served {
        // The server replaces the shell, and cargo the server: what is killed is the server.
        self.sh("cargo build --quiet --package users-api");
        let server = self.target.join("debug/users-api");
        let mut command = self.shell(&command.replacen("cargo run --", &format!("exec '{}'", server.display()), 1));
        let mut child = command.env("PORT", "0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let url = first.trim_end().split_once(" on ").map(|(_, url)| url.to_owned());
        let served = Served { child, url: url.unwrap_or_default() };
        assert_ne!(served.url, "", "the server does not start: {first}");
        served
    }

    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-euc", &script.replace("cargo run -p contract-tests --", &format!("'{ENGINE}'"))]).current_dir(&self.root);
        shell.env("CARGO_TARGET_DIR", &self.target).env("CARGO_NET_OFFLINE", "true").stdin(Stdio::null());
        shell
    }
}

/// A server of the copy; it ends with this value.
pub struct Served {
    child: Child,
    pub url: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        // Both fail only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is in a folder; nothing where there is none.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The files in a folder and below.
fn below(folder: &Path) -> Vec<PathBuf> {
    let paths = names(folder).into_iter().map(|name| folder.join(name));
    paths.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}
