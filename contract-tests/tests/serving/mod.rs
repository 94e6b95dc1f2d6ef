//! A server that answers as a function says.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Method, target, some headers and body of a request.
pub struct Asked {
    pub method: String,
    pub target: String,
    #[allow(dead_code, reason = "not every test looks at it")]
    pub media_type: String,
    #[allow(dead_code, reason = "not every test has keys")]
    pub idempotency_key: String,
    /// Who sends it, as its `x-api-key` says.
    #[allow(dead_code, reason = "not every test has several callers")]
    pub key: String,
    /// Its `authorization`, in lower case.
    #[allow(dead_code, reason = "not every test has a token")]
    pub authorization: String,
    #[allow(dead_code, reason = "not every test reads bodies")]
    pub body: Vec<u8>,
}

/// A status, further header lines, and a body; none closes the connection.
pub type Told = Option<(u16, String, String)>;

/// A server that answers as a function says, until it says nothing more.
pub struct Served {
    pub url: String,
    #[allow(dead_code, reason = "not every test ends its server")]
    pub gone: Arc<AtomicBool>,
}

pub async fn serve(answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Served {
    serve_again(None, answer).await
}

/// The same; when it is gone, it comes back after this time.
pub async fn serve_again(back: Option<Duration>, answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Served {
    let mut listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let gone = Arc::new(AtomicBool::new(false));
    let (answer, ended) = (Arc::new(answer), Arc::clone(&gone));
    tokio::spawn(async move {
        loop {
            let accepted = tokio::time::timeout(MOMENT, listener.accept()).await;
            if ended.load(Ordering::Relaxed) {
                drop(listener); // Nobody is let in any more.
                let Some(back) = back else { return };
                tokio::time::sleep(back).await;
                ended.store(false, Ordering::Relaxed);
                listener = TcpListener::bind(address).await.unwrap();
            } else if let Ok(Ok((stream, _))) = accepted {
                let (answer, ended) = (Arc::clone(&answer), Arc::clone(&ended));
                tokio::spawn(async move { connection(stream, &*answer, &ended).await });
            }
        }
    });
    Served { url: format!("http://{address}"), gone }
}

/// How often a server looks whether it is to go.
const MOMENT: Duration = Duration::from_millis(5);

async fn connection(stream: TcpStream, answer: &(dyn Fn(&Asked) -> Told + Send + Sync), ended: &AtomicBool) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if ended.load(Ordering::Relaxed) || stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let header = |name: &str| lines.iter().find_map(|line| line.to_lowercase().strip_prefix(name).map(str::to_owned));
        let mut body = vec![0; header("content-length: ").map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.ok()?;
        if header("transfer-encoding: ").is_some() {
            body = chunks(&mut stream).await?;
        }
        let mut first = lines[0].split(' ').map(str::to_owned);
        let (method, target) = (first.next()?, first.next()?);
        let [media_type, key, idempotency_key, authorization] =
            ["content-type: ", "x-api-key: ", "idempotency-key: ", "authorization: "]
                .map(|name| header(name).unwrap_or_default());
        let asked = Asked { method, target, media_type, key, idempotency_key, authorization, body };
        let told = answer(&asked);
        if ended.load(Ordering::Relaxed) {
            tokio::time::sleep(4 * MOMENT).await; // Its connections are closed after the door.
        }
        let (status, headers, text) = told?;
        let length = text.len();
        let body = if asked.method == "HEAD" { String::new() } else { text };
        let head = format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {length}\r\n\r\n");
        stream.write_all((head + &body).as_bytes()).await.ok()?;
    }
}

async fn chunks(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        stream.read_line(&mut size).await.ok()?;
        let mut chunk = vec![0; usize::from_str_radix(size.trim(), 16).ok()? + 2];
        stream.read_exact(&mut chunk).await.ok()?;
        if chunk.len() == 2 {
            return Some(body);
        }
        body.extend(&chunk[..chunk.len() - 2]);
    }
}

pub fn told(status: u16, text: &str) -> Told {
    Some((status, String::new(), text.to_owned()))
}
