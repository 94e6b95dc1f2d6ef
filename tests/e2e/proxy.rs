//! A TCP proxy between the server and its database, in the test's process, that misbehaves as a network and a machine can.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// How the proxy misbehaves, with every connection, old and new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not at all.
    None,
    /// Connections are closed at once.
    Refuse,
    /// Nothing passes in either direction; what was held back passes when the fault is over, late.
    Hang,
    /// After so many bytes from the server to the database both sides are cut off.
    CutRequest(usize),
    /// After so many bytes from the database to the server both sides are cut off: what was asked for has happened.
    CutReply(usize),
    /// The answers to this many writes are lost, each with its connection, and with the last one the fault is over.
    LoseWrites(usize),
    /// Each piece passes late.
    Slow(Duration),
}

/// A running proxy; it ends when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

struct State {
    fault: watch::Sender<Fault>,
    /// How many answers to writes were lost.
    lost: AtomicUsize,
    /// How many connections there are.
    open: watch::Sender<usize>,
}

impl State {
    /// Whether one more answer to a write is to be lost; counts it. Another connection may have lost the last one meanwhile.
    fn loses(&self) -> bool {
        let loses = self.fault.send_if_modified(|fault| {
            let Fault::LoseWrites(more) = *fault else { return false };
            *fault = if more > 1 { Fault::LoseWrites(more - 1) } else { Fault::None };
            true
        });
        self.lost.fetch_add(usize::from(loses), Ordering::Relaxed);
        loses
    }
}

impl Proxy {
    /// A proxy to this address.
    pub async fn to(database: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state =
            Arc::new(State { fault: watch::Sender::new(Fault::None), lost: AtomicUsize::new(0), open: watch::Sender::new(0) });
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (database, state) = (database.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    state.open.send_modify(|open| *open += 1);
                    connection(near, database, &state).await;
                    state.open.send_modify(|open| *open -= 1);
                });
            }
        });
        Self { address, state, accepting }
    }

    /// The proxy's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Misbehaves so from now on.
    pub fn set(&self, fault: Fault) {
        self.state.fault.send_replace(fault);
    }

    /// How many answers to writes were lost.
    pub fn lost(&self) -> usize {
        self.state.lost.load(Ordering::Relaxed)
    }

    /// How many connections there are.
    pub fn open(&self) -> usize {
        *self.state.open.borrow()
    }

    /// Waits until there is no connection.
    pub async fn left(&self) {
        // The sender is there as long as the proxy.
        self.state.open.subscribe().wait_for(|open| *open == 0).await.unwrap();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn connection(near: TcpStream, database: String, state: &State) {
    if *state.fault.borrow() == Fault::Refuse {
        return;
    }
    let Ok(far) = TcpStream::connect(database).await else { return };
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let writing = AtomicBool::new(false);
    let mut fault = state.fault.subscribe();
    // When one direction ends, so does the other: both halves are dropped.
    tokio::select! {
        () = requests(near_read, far_write, state, &writing) => {}
        () = replies(far_read, near_write, state, &writing) => {}
        _ = fault.wait_for(|fault| *fault == Fault::Refuse) => {}
    }
}

async fn requests(from: OwnedReadHalf, to: OwnedWriteHalf, state: &State, writing: &AtomicBool) {
    pump(from, to, state, |piece, fault, passed| {
        // A command's name is its first field: the type of its value, a string, and the name.
        let writes = [b"\x02insert\0", b"\x02update\0", b"\x02delete\0"];
        if piece.windows(8).any(|window| writes.iter().any(|write| window == *write)) {
            writing.store(true, Ordering::Relaxed);
        }
        match fault {
            Fault::CutRequest(bytes) => bytes.saturating_sub(passed),
            _ => usize::MAX,
        }
    })
    .await;
}

async fn replies(from: OwnedReadHalf, to: OwnedWriteHalf, state: &State, writing: &AtomicBool) {
    pump(from, to, state, |_, fault, passed| match fault {
        Fault::CutReply(bytes) => bytes.saturating_sub(passed),
        Fault::LoseWrites(_) if writing.load(Ordering::Relaxed) && state.loses() => 0,
        _ => usize::MAX,
    })
    .await;
}

/// Passes on what comes, until an end or a cut. `may_pass` says how many bytes of a piece are let through, given how many have been
/// since the fault was set.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State, may_pass: impl Fn(&[u8], Fault, usize) -> usize) {
    let mut changes = state.fault.subscribe();
    let mut passed = 0;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            changed = changes.changed() => {
                passed = 0;
                if changed.is_err() { return } else { continue }
            }
        };
        let Ok(read @ 1..) = read else { return };
        if changes.wait_for(|fault| *fault != Fault::Hang).await.is_err() {
            return;
        }
        let fault = *state.fault.borrow();
        if let Fault::Slow(pause) = fault {
            tokio::time::sleep(pause).await;
        }
        let whole = may_pass(&buffer[..read], fault, passed).min(read);
        passed += whole;
        if to.write_all(&buffer[..whole]).await.is_err() || whole < read {
            return;
        }
    }
}
