//! A process that ends with the one that started it, however that ends.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// Runs the command and stops it when standard input ends, as it does with the process at its other end.
const LEASH: &str = r#"exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ cat <&3; kill "$server"; } >/dev/null 2>&1 &
exec 3<&-
wait "$server""#;

/// A running server with its folder.
pub struct Process {
    child: Child,
    folder: TempDir,
}

impl Process {
    /// Starts what `command` makes of an empty folder.
    pub fn start(program: &Path, arguments: impl FnOnce(&Path) -> Vec<String>) -> Result<Self, String> {
        let folder = TempDir::new().map_err(|error| format!("no temporary folder: {error}"))?;
        let log = std::fs::File::create(folder.path().join("log")).map_err(|error| format!("no log: {error}"))?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data).map_err(|error| format!("no folder: {error}"))?;
        let child = Command::new("sh")
            .args(["-c", LEASH, "leash"])
            .arg(program)
            .args(arguments(&data))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        Ok(Self { child, folder })
    }

    /// The first line that it prints.
    pub fn first_line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        if let Some(output) = self.child.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(|error| error.to_string())?;
        }
        if line.is_empty() { Err(self.ended()) } else { Ok(line.trim_end().to_owned()) }
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// What it said before it ended.
    pub fn ended(&mut self) -> String {
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        format!("it ended with {status}: {}", log.lines().last().unwrap_or("it said nothing"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take()); // It lets go of the leash; what it held ends, and the folder can go.
        let _ = self.child.wait();
    }
}
