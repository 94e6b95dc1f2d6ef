//! The log of the whole test run, searched line by line as it is written.
//!
//! Every test with a server of its own in this process takes part: a line that tells an email, a name or a token fails the test
//! that ends next.

use std::{
    io,
    sync::{Mutex, Once},
};

/// Of every value that the tests send, this is what tells it.
const TELLTALES: [&str; 5] = ["@example.com", "Ada", "Lovelace", "eyJ", "sesame"];

static LEAKS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Search;

impl io::Write for Search {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if TELLTALES.iter().any(|telltale| text.contains(telltale)) {
            LEAKS.lock().unwrap().push(text.into_owned());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs everything that the server says, for the search only.
pub fn search() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The client of the tests runs in this process too, and what it logs is not the server's.
        let server = "users_api=trace,openapi_server=trace,poem=trace,poem_openapi=trace";
        tracing_subscriber::fmt().with_env_filter(server).with_ansi(false).with_writer(|| Search).init();
    });
}

/// What was found so far.
pub fn leaks() -> Vec<String> {
    LEAKS.lock().unwrap().clone()
}
