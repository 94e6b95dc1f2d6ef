//! A client that sends exactly what it is told to, one request for each connection.

#![expect(clippy::unwrap_used, reason = "an answer that is none ends the test that asked")]

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What came back.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub text: String,
    /// The body, where it is JSON, else null.
    pub body: Value,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, text) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned()));
        let body = serde_json::from_str(text).unwrap_or(Value::Null);
        Self { status, headers: headers.collect(), body, text: text.to_owned() }
    }

    /// `pointer rule` of each violation.
    pub fn broken(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors.map(|error| format!("{} {}", error["pointer"].as_str().unwrap(), error["rule"].as_str().unwrap())).collect()
    }
}

/// Sends a request to the server at `url` and reads until it closes the connection.
pub async fn send(url: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8], chunked: bool) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let body = if chunked {
        head += "transfer-encoding: chunked\r\n\r\n";
        [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
    } else {
        head += &format!("content-length: {}\r\n\r\n", body.len());
        body.to_vec()
    };
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    Answer::read(&bytes)
}
