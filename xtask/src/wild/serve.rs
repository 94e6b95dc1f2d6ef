//! A server that runs: started, waited for, and ended with the value.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command},
    time::Duration,
};

use super::{
    Skipped,
    install::Installed,
    servers::{DocumentSource, Server},
};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long until it is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// A server in a process of its own, in a folder of its own: nothing of an earlier run is there.
pub struct Running {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Running {
    /// Starts a server; its log goes into the file `server.log` of `results`. `document` is where its document is, or will be.
    pub fn start(server: &Server, installed: &Installed, document: &Path, results: &Path) -> Result<Self, Skipped> {
        let folder = tempfile::tempdir()?;
        for (name, content) in server.files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
            fs::write(file, content)?;
        }
        let port = free_port()?;
        let filled = |text: &str| {
            let text = text.replace("{package}", &installed.folder.display().to_string()).replace("{port}", &port.to_string());
            text.replace("{document}", &document.display().to_string())
        };
        let words: Vec<String> = server.command.iter().map(|word| filled(word)).collect();
        let (program, arguments) = words.split_first().ok_or_else(|| Skipped("it has no command".to_owned()))?;
        let log = File::create(results.join("server.log"))?;
        let child = Command::new(program)
            .args(arguments)
            .envs(server.environment.iter().map(|(name, value)| (name, filled(value))))
            .current_dir(folder.path())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| Skipped(format!("{program} cannot be started: {error}")))?;
        Ok(Self { child, port, _folder: folder })
    }

    /// The URL that paths of the server are appended to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits until it answers; the document, where it serves that.
    pub async fn ready(&mut self, server: &Server) -> Result<Option<Vec<u8>>, Skipped> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().map_err(reason)?;
        let path = if let DocumentSource::Served(path) = server.document { Some(path) } else { None };
        let url = format!("{}{}", self.url(), path.unwrap_or("/"));
        let begin = tokio::time::Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(Skipped(format!("it ended before it answered: {status}")));
            }
            match client.get(&url).send().await {
                Ok(_) if path.is_none() => return Ok(None),
                Ok(answer) if answer.status().is_success() => return Ok(Some(answer.bytes().await.map_err(reason)?.into())),
                _ if begin.elapsed() > PATIENCE => return Err(Skipped(format!("it does not answer at {url}"))),
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn reason(error: reqwest::Error) -> Skipped {
    Skipped(error.to_string())
}

/// A port that nobody listens on now.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
