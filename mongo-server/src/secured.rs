//! A server that only speaks TLS, with a certificate of its own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Held, Machine, NoServer, Passed, Way, apart, ferretdb, without};

/// A FerretDB that only speaks TLS, for `127.0.0.1`; it ends when this is dropped.
pub struct Secured {
    uri: String,
    certificate: PathBuf,
    held: Option<Held>,
}

impl Secured {
    /// Starts it, with its certificate in this folder. None where it cannot be built, as [`MongoServer::shared`](crate::MongoServer::shared) has it.
    ///
    /// # Panics
    ///
    /// Where it cannot be built and `REQUIRE_MONGO` is set.
    pub fn start(folder: &Path) -> Option<Self> {
        let certificate = folder.join("certificate.pem");
        let started = write(&certificate, &folder.join("key.pem"))
            .and_then(|()| apart(|| ferretdb::start(&Machine::this(), Some((&certificate, &folder.join("key.pem"))))));
        match started {
            Ok((uri, held)) => Some(Self { uri, certificate, held }),
            Err(why) => without(&NoServer { passed: vec![Passed { way: Way::FerretDb, why }] }),
        }
    }

    /// Its URI, which says nothing of the certificate.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The certificate to trust (PEM file).
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        let held = self.held.take();
        apart(|| drop(held));
    }
}

fn write(certificate: &Path, key: &Path) -> Result<(), String> {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).map_err(|error| error.to_string())?;
    fs::write(certificate, made.cert.pem())
        .and_then(|()| fs::write(key, made.signing_key.serialize_pem()))
        .map_err(|error| error.to_string())
}
