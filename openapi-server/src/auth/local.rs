//! The server as its own issuer, so that it can be tried without an account anywhere. Loopback only.

use std::{
    fs,
    io::{self, Write},
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use jsonwebtoken::{
    EncodingKey, Header, encode, get_current_timestamp,
    jwk::{Jwk, ThumbprintHash},
};
use serde_json::json;
use tempfile::NamedTempFile;

use super::{KeyError, KeySet, Verifier};

/// Why there is no local issuer.
#[derive(Debug, thiserror::Error)]
pub enum LocalIssuerError {
    /// The key file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The key file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others can write the key file, and so decide whose tokens are accepted.
    #[error("{0} can be written by others than its owner")]
    Writable(PathBuf),
    /// The key file holds no RSA key.
    #[error("{0} is not an RSA private key in PEM form")]
    NotAKey(PathBuf),
    /// The local issuer gives a token to anybody on this machine, so other machines must not reach the server.
    #[error("the local issuer is for this machine only, and {0} is reachable from others")]
    NotLoopback(IpAddr),
    /// A key or token cannot be made.
    #[error("cannot make a key or token: {0}")]
    Crypto(String),
}

/// Signs tokens with a key of its own, kept in the data folder.
///
/// ```
/// use std::time::Duration;
///
/// use openapi_server::auth::LocalIssuer;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let data_dir = folder.path();
/// let issuer = LocalIssuer::open(data_dir, "urn:things:local-issuer", "things")?;
/// let token = issuer.token("read:things", Duration::from_secs(600))?;
/// let caller = issuer.verifier()?.verify(&token).await?;
/// assert_eq!(caller.missing(&["read:things".to_owned(), "write:things".to_owned()]), ["write:things"]);
/// # Ok(())
/// # }
/// ```
pub struct LocalIssuer {
    issuer: String,
    audience: String,
    key: EncodingKey,
    jwk: Jwk,
    kid: String,
}

impl LocalIssuer {
    /// The key's file in the data folder.
    pub const FILE: &str = "local-issuer.pem";

    /// Reads the key from the data folder. Folder and key are created if missing; only the owner can read the key. The tokens name
    /// `issuer` in `iss` and `audience` in `aud`.
    ///
    /// # Errors
    ///
    /// [`LocalIssuerError`].
    pub fn open(data_dir: &Path, issuer: &str, audience: &str) -> Result<Self, LocalIssuerError> {
        let path = data_dir.join(Self::FILE);
        let file = |source| LocalIssuerError::File { path: path.clone(), source };
        private_folder(data_dir).map_err(file)?;
        if !path.try_exists().map_err(file)? {
            let pem = generate()?;
            create_private(&path, pem.as_bytes()).map_err(file)?;
        }
        refuse_writable(&path)?;
        let pem = fs::read(&path).map_err(file)?;
        let key = EncodingKey::from_rsa_pem(&pem).map_err(|_| LocalIssuerError::NotAKey(path.clone()))?;
        let mut jwk = Jwk::from_encoding_key(&key, KeySet::ALGORITHM).map_err(|_| LocalIssuerError::NotAKey(path.clone()))?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(crypto)?;
        jwk.common.key_id = Some(kid.clone());
        Ok(Self { issuer: issuer.to_owned(), audience: audience.to_owned(), key, jwk, kid })
    }

    /// A token that grants `scope` (space-separated) for `lifetime` from now.
    ///
    /// # Errors
    ///
    /// [`LocalIssuerError::Crypto`].
    pub fn token(&self, scope: &str, lifetime: Duration) -> Result<String, LocalIssuerError> {
        let now = get_current_timestamp();
        let claims = json!({
            "iss": self.issuer, "aud": self.audience, "sub": "local-developer",
            "iat": now, "exp": now.saturating_add(lifetime.as_secs()), "scope": scope,
        });
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(KeySet::ALGORITHM) };
        encode(&header, &claims, &self.key).map_err(crypto)
    }

    /// Accepts this issuer's tokens.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoUsableKey`].
    pub fn verifier(&self) -> Result<Verifier, KeyError> {
        let keys = KeySet::new(&json!({ "keys": [self.jwk] }))?;
        Ok(Verifier::new(keys, &self.issuer, &self.audience))
    }

    /// Refuses an address that other machines can reach: the issuer gives a token to anybody who can ask.
    ///
    /// # Errors
    ///
    /// [`LocalIssuerError::NotLoopback`].
    pub fn check_address(address: IpAddr) -> Result<(), LocalIssuerError> {
        if address.is_loopback() { Ok(()) } else { Err(LocalIssuerError::NotLoopback(address)) }
    }

    /// The id of its key (`kid`).
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

fn generate() -> Result<String, LocalIssuerError> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(crypto)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(crypto)?;
    Ok(pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref())))
}

/// Makes the folder, if missing, for the owner only.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn refuse_writable(path: &Path) -> Result<(), LocalIssuerError> {
    #[cfg(unix)]
    {
        let metadata = fs::metadata(path).map_err(|source| LocalIssuerError::File { path: path.to_owned(), source })?;
        if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o022 != 0 {
            return Err(LocalIssuerError::Writable(path.to_owned()));
        }
    }
    Ok(())
}

/// Writes the file whole or not at all, for the owner only; one that another process made first stays.
fn create_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => Err(failed.error),
        _ => Ok(()),
    }
}

fn crypto(error: impl ToString) -> LocalIssuerError {
    LocalIssuerError::Crypto(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Rejection;

    fn open(folder: &Path) -> Result<LocalIssuer, LocalIssuerError> {
        LocalIssuer::open(folder, "urn:test:local-issuer", "test")
    }

    #[tokio::test]
    async fn the_key_is_made_once_for_the_owner_only_and_its_tokens_are_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path()).unwrap();
        let again = open(folder.path()).unwrap();
        assert_eq!(first.kid(), again.kid());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(LocalIssuer::FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let token = first.token("write:things", Duration::from_secs(60)).unwrap();
        let caller = again.verifier().unwrap().verify(&token).await.unwrap();
        assert_eq!(caller.missing(&["write:things".to_owned(), "read:things".to_owned()]), ["read:things"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn the_key_of_another_process_stays_and_what_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LocalIssuer::FILE);
        fs::write(&path, "first").unwrap();
        create_private(&path, b"second").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        // No file system has such a name, so that only the temporary file can be made.
        let unnameable = folder.path().join(format!("key.{}", "x".repeat(1000)));
        assert!(create_private(&unnameable, b"second").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[tokio::test]
    async fn another_issuers_token_names_an_unknown_key() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let stranger = open(one.path()).unwrap().token("write:things", Duration::from_secs(60)).unwrap();
        let verifier = open(two.path()).unwrap().verifier().unwrap();
        assert_eq!(verifier.verify(&stranger).await.unwrap_err(), Rejection::UnknownKey);
    }

    #[test]
    fn a_file_that_is_no_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(LocalIssuer::FILE), "not a key").unwrap();
        let Err(LocalIssuerError::NotAKey(path)) = open(folder.path()) else { panic!("accepted") };
        assert!(path.ends_with(LocalIssuer::FILE));
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_for_the_owner_only_and_a_key_that_others_can_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        open(&data).unwrap();
        assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
        for (mode, accepted) in [(0o600, true), (0o644, true), (0o620, false), (0o602, false)] {
            fs::set_permissions(data.join(LocalIssuer::FILE), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(open(&data).is_ok(), accepted, "{mode:o}");
        }
    }
}
