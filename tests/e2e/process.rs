//! The real binary as a process of its own, so that it can be killed.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

use reqwest::{Client, Method, RequestBuilder};
use users_api::auth::LocalIssuer;

/// The binary, without the settings of the environment that the tests run in.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_users-api"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The binary as a user whom the modes of files bind; none where that cannot be had. Root is bound once it may not override them.
#[cfg(unix)]
pub fn bound() -> Option<Command> {
    let [program, arguments @ ..] = &bound_command()?[..] else { return None };
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).args(arguments);
    Some(command)
}

#[cfg(unix)]
fn bound_command() -> Option<Vec<&'static str>> {
    let server = env!("CARGO_BIN_EXE_users-api");
    let bound = vec!["/usr/bin/env", server];
    let freed = vec!["setpriv", "--bounding-set=-dac_override,-dac_read_search", server];
    [bound, freed].into_iter().find(|command| {
        let folder = tempfile::TempDir::new().unwrap();
        set_mode(folder.path(), 0o500);
        // The same as the server, but for what is run.
        let (program, arguments) = command[..command.len() - 1].split_first().unwrap();
        let made =
            Command::new(program).args(arguments).arg("touch").arg(folder.path().join("file")).stderr(Stdio::null()).status();
        set_mode(folder.path(), 0o700);
        made.is_ok_and(|status| !status.success()) && works(program, arguments)
    })
}

/// Whether a command can be run so at all.
#[cfg(unix)]
fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Sets the mode of a file or folder.
#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

/// What a server says that refuses to start.
///
/// One that starts all the same prints its address, which fails the test: it would not end.
pub fn refusal(command: &mut Command) -> String {
    let mut child = KillOnDrop(command.spawn().unwrap());
    let stderr = read(child.0.stderr.take().unwrap());
    let mut printed = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut printed).unwrap();
    assert_eq!(printed, "", "it prints what it should not");
    let (status, said) = (child.0.wait().unwrap(), stderr.join().unwrap());
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("error: ") && said.contains("\nhint: "), "{said}");
    said
}

/// A server in a process of its own; it dies with this value.
pub struct Process {
    pub url: String,
    pub client: Client,
    issuer: LocalIssuer,
    child: KillOnDrop,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

/// A process that does not outlive the test, also when the test fails.
pub struct KillOnDrop(pub Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // Both fail only where the process has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that has ended: its status, and all that it wrote after its address.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Process {
    /// Starts a server on a free port, with this data folder, and reads its address from what it prints.
    pub fn start(data: &Path, flags: &[&str]) -> Self {
        let mut command = binary();
        command.args(flags);
        Self::of(command, data)
    }

    /// Starts one with these variables of the environment.
    pub fn start_with_variables(data: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = binary();
        command.envs(variables.iter().copied());
        Self::of(command, data)
    }

    /// Starts one that can write no file beyond this many KiB, as on a full disk, until its limit is lifted.
    ///
    /// The modes of files bind it, where that can be had.
    #[cfg(unix)]
    pub fn start_on_small_disk(data: &Path, kibibytes: u32) -> Self {
        let mut command = Command::new("sh");
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // `-f` counts in units of 512 bytes; without the trap the limit would end the process.
        let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$0\" \"$@\"", 2 * kibibytes);
        command.args(["-c", &script]).args(bound_command().unwrap_or(vec![env!("CARGO_BIN_EXE_users-api")]));
        Self::of(command, data)
    }

    /// Lifts the limit; false where the system has no command for that.
    #[cfg(unix)]
    pub fn enlarge_disk(&self) -> bool {
        let pid = self.child.0.id().to_string();
        Command::new("prlimit").args(["--fsize=unlimited", "--pid", &pid]).status().is_ok_and(|status| status.success())
    }

    /// Starts one with this command.
    pub fn of(mut command: Command, data: &Path) -> Self {
        let mut child = command.args(["--port", "0", "--data-dir"]).arg(data).spawn().unwrap();
        let stderr = read(child.stderr.take().unwrap());
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        let Some((_, url)) = first.trim_end().split_once(" on ") else {
            panic!("no address in {first:?}; the server says {}", stderr.join().unwrap())
        };
        let issuer = LocalIssuer::open(data).unwrap();
        Self { url: url.to_owned(), client: Client::new(), issuer, child: KillOnDrop(child), stdout: read(stdout), stderr }
    }

    /// A token with this scope.
    pub fn token(&self, scope: &str) -> String {
        self.issuer.token(scope, Duration::from_secs(600)).unwrap()
    }

    /// `POST /users` with a good token and media type.
    pub fn post(&self) -> RequestBuilder {
        let request = self.client.request(Method::POST, format!("{}/users", self.url));
        request.bearer_auth(self.token("write:users")).header("content-type", "application/json")
    }

    /// Ends the process on the spot, as a crash does: SIGKILL cannot be caught.
    pub fn kill(mut self) -> Ended {
        self.child.0.kill().unwrap();
        self.ended()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.0.id())]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the process to end.
    pub fn ended(mut self) -> Ended {
        let status = self.child.0.wait().unwrap();
        Ended { status, stdout: self.stdout.join().unwrap(), stderr: self.stderr.join().unwrap() }
    }
}

/// Reads to the end on a thread, so that the process never waits for a reader.
fn read(mut source: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        source.read_to_string(&mut text).unwrap();
        text
    })
}
