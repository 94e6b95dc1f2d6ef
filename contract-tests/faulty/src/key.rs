//! The issuer of the tokens that the server accepts. Its key is made at first use, so none lies in the repository.

#![expect(clippy::unwrap_used, reason = "a key that the library has just made can be written, read and used by it")]

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::Value;

pub const KID: &str = "throwaway-test-key";
pub const ISSUER: &str = "https://issuer.example.com/";
pub const AUDIENCE: &str = "https://api.example.com";

pub static KEY: LazyLock<Key> = LazyLock::new(Key::generate);

pub struct Key {
    pub private_pem: String,
    pub public: DecodingKey,
    /// The public key in every form that somebody may take for a shared secret.
    pub public_forms: Vec<Vec<u8>>,
}

impl Key {
    /// A token with this header and these claims.
    pub fn sign(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &EncodingKey::from_rsa_pem(self.private_pem.as_bytes()).unwrap()).unwrap()
    }

    fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let pkcs1 = pair.public_key().as_ref();
        let private_pem = pem("PRIVATE KEY", private.as_ref());
        let mut jwk =
            Jwk::from_encoding_key(&EncodingKey::from_rsa_pem(private_pem.as_bytes()).unwrap(), Algorithm::RS256).unwrap();
        let public = DecodingKey::from_jwk(&jwk).unwrap();
        let bare_jwk = serde_json::to_vec(&jwk).unwrap();
        jwk.common.key_id = Some(KID.to_owned());
        let pems = [pem("PUBLIC KEY", spki.as_ref()), pem("RSA PUBLIC KEY", pkcs1)];
        let trimmed = pems.iter().map(|pem| pem.trim_end().as_bytes().to_vec());
        let others = [spki.as_ref().to_vec(), pkcs1.to_vec(), bare_jwk, serde_json::to_vec(&jwk).unwrap()];
        let public_forms = pems.iter().map(|pem| pem.as_bytes().to_vec()).chain(trimmed).chain(others).collect();
        Self { private_pem, public, public_forms }
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| format!("{}\n", String::from_utf8_lossy(line)));
    format!("-----BEGIN {label}-----\n{}-----END {label}-----\n", lines.collect::<String>())
}
