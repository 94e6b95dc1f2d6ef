//! An issuer that is not ours: npm's `oauth2-mock-server`, through the client-credentials flow, an outage and a change of its keys.

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use openapi_server::auth::{KeySetUrl, Rejection, Verifier};
use reqwest::Client;
use serde_json::Value;

use crate::key::AUDIENCE;

const PACKAGE: &str = "oauth2-mock-server@8.2.3";

/// The issuer's program, installed; none where that cannot be.
fn installed() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("oauth2-mock-server");
    let program = folder.join("node_modules/oauth2-mock-server/dist/oauth2-mock-server.mjs");
    if !program.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"]).arg(&folder).arg(PACKAGE);
        npm.stdout(Stdio::null()).stderr(Stdio::null()).status().ok().filter(std::process::ExitStatus::success)?;
    }
    Some(program)
}

/// A running issuer; it ends with this value. Its output stays open, or it would end when it prints something.
struct Process {
    child: Child,
    _output: BufReader<ChildStdout>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the issuer on this port, with a new key, and waits until it listens.
fn start(program: &PathBuf, port: u16) -> Process {
    let mut node = Command::new("node");
    node.arg(program).args(["-a", "127.0.0.1", "-p", &port.to_string()]);
    let mut child = node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let listens = output.by_ref().lines().map_while(Result::ok).any(|line| line.contains("listening"));
    let process = Process { child, _output: output };
    assert!(listens, "it did not start");
    process
}

/// An access token, as a client gets it.
async fn access_token(issuer: &str) -> String {
    let form = [("grant_type", "client_credentials"), ("scope", "read:things"), ("aud", AUDIENCE)];
    let body = form.map(|(name, value)| format!("{name}={}", value.replace(':', "%3A").replace('/', "%2F"))).join("&");
    let request = Client::new().post(format!("{issuer}/token")).header("content-type", "application/x-www-form-urlencoded");
    let answer: Value = request.basic_auth("client", Some("secret")).body(body).send().await.unwrap().json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_third_partys_tokens_are_accepted_through_an_outage_and_a_change_of_keys() {
    let Some(program) = installed() else {
        eprintln!("skipped: npm cannot install {PACKAGE} here");
        return;
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("http://127.0.0.1:{port}");
    let process = start(&program, port);
    let configuration = format!("{address}/.well-known/openid-configuration");
    let configuration: Value = Client::new().get(configuration).send().await.unwrap().json().await.unwrap();
    let issuer = configuration["issuer"].as_str().unwrap();
    let url = KeySetUrl::parse(configuration["jwks_uri"].as_str().unwrap()).unwrap();
    let verifier = Verifier::of_issuer(issuer, AUDIENCE, url, Duration::from_secs(3600)).unwrap();

    let old = access_token(&address).await;
    let caller = verifier.verify(&old).await.unwrap();
    assert!(caller.missing(&["read:things".to_owned()]).is_empty());

    drop(process);
    verifier.verify(&old).await.unwrap();

    let _process = start(&program, port);
    let new = access_token(&address).await;
    verifier.verify(&new).await.unwrap();
    assert_eq!(verifier.verify(&old).await.unwrap_err(), Rejection::UnknownKey);
}
