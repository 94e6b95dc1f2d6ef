//! Every exchange of a run, as an HTTP archive: HAR 1.2, which browsers and proxies read.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::{
    openapi::request::{Request, Response},
    report::Secrets,
};

/// A file that grows with each exchange, so that a long run needs no memory for it.
pub(crate) struct Har {
    file: Mutex<Writing>,
    /// What is not written.
    secrets: Vec<String>,
    /// Whether most of a secret is as good as all of it.
    near: bool,
}

struct Writing {
    file: BufWriter<File>,
    count: usize,
    /// The first thing that went wrong.
    error: Option<io::Error>,
}

impl Har {
    /// Begins a file.
    pub fn create(path: &Path, secrets: Vec<String>, near: bool) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        let creator = json!({ "name": "contract-tests", "version": env!("CARGO_PKG_VERSION") });
        write!(file, "{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"entries\":[")?;
        Ok(Self { file: Mutex::new(Writing { file, count: 0, error: None }), secrets, near })
    }

    /// Adds an exchange.
    pub fn add(
        &self,
        url: &str,
        (request, authorization): (&Request, &[String]),
        answer: Result<&Response, &str>,
        begin: DateTime<Utc>,
    ) {
        let milliseconds = (Utc::now() - begin).num_microseconds().unwrap_or_default() as f64 / 1000.0;
        let mut entry = json!({
            "startedDateTime": begin.to_rfc3339_opts(SecondsFormat::Millis, true),
            "time": milliseconds,
            "request": sent(url, request, authorization),
            "response": received(answer),
            "cache": {},
            "timings": { "send": 0, "wait": milliseconds, "receive": 0 },
        });
        self.hide(&mut entry);
        let mut writing = self.writing();
        let between = if writing.count > 0 { "," } else { "" };
        writing.count += 1;
        let written = write!(writing.file, "{between}\n{entry}");
        writing.note(written);
    }

    /// Ends the file.
    pub fn end(&self) -> io::Result<()> {
        let mut writing = self.writing();
        let written = write!(writing.file, "\n]}}}}\n").and_then(|()| writing.file.flush());
        writing.note(written);
        writing.error.take().map_or(Ok(()), Err)
    }

    /// Hides the secrets in each text of a value, also where JSON writes their characters otherwise.
    fn hide(&self, value: &mut Value) {
        let secrets = Secrets::new(self.secrets.iter(), self.near);
        match value {
            Value::String(text) => *text = secrets.hidden(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item)),
            Value::Object(object) => object.values_mut().for_each(|value| self.hide(value)),
            _ => {}
        }
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writing {
    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.error.get_or_insert(error);
        }
    }
}

fn sent(url: &str, request: &Request, authorization: &[String]) -> Value {
    let own = authorization.iter().map(|value| json!({ "name": "authorization", "value": value }));
    let headers: Vec<Value> = own.chain(request.headers.iter().map(pair)).collect();
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('&').filter(|part| !part.is_empty()).map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        json!({ "name": name, "value": value })
    });
    let mut all = json!({
        "method": request.method,
        "url": request.url(url),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "queryString": query.collect::<Vec<_>>(),
        "headersSize": -1,
        "bodySize": request.body.as_ref().map_or(0, Vec::len),
    });
    if let Some(body) = &request.body {
        let media_type = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        all["postData"] = match std::str::from_utf8(body) {
            Ok(text) => json!({ "mimeType": media_type.map_or("", |(_, value)| value), "text": text }),
            // HAR has no field for how the text of a request is encoded.
            Err(_) => {
                json!({ "mimeType": media_type.map_or("", |(_, value)| value), "text": STANDARD.encode(body), "comment": "base64" })
            }
        };
    }
    all
}

fn received(answer: Result<&Response, &str>) -> Value {
    let mut all = json!({
        "status": answer.map_or(0, |response| response.status),
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": answer.map_or_else(|_| Vec::new(), |response| response.headers.iter().map(pair).collect()),
        "content": { "size": 0, "mimeType": "" },
        "redirectURL": answer.ok().and_then(|response| response.header("location")).unwrap_or_default(),
        "headersSize": -1,
        "bodySize": answer.map_or(-1, |response| i64::try_from(response.body.len()).unwrap_or(-1)),
    });
    match answer {
        Ok(response) => {
            let media_type = response.header("content-type").unwrap_or_default();
            all["content"] = match std::str::from_utf8(&response.body) {
                Ok(text) => json!({ "size": response.body.len(), "mimeType": media_type, "text": text }),
                Err(_) => {
                    let text = STANDARD.encode(&response.body);
                    json!({ "size": response.body.len(), "mimeType": media_type, "text": text, "encoding": "base64" })
                }
            };
        }
        Err(cause) => all["comment"] = json!(cause),
    }
    all
}

fn pair((name, value): &(String, String)) -> Value {
    json!({ "name": name, "value": value })
}
