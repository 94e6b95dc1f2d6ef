//! Signing keys, and tokens with whatever header and payload a test wants.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto, get_current_timestamp, jwk::Jwk};
use openapi_server::auth::LocalIssuer;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The `iss` of every good token.
pub const ISSUER: &str = "https://issuer.example/";
/// The `aud` of every good token.
pub const AUDIENCE: &str = "https://api.example";

/// A key of an issuer, or of somebody who would like to be one.
pub struct Key {
    pub kid: String,
    pub algorithm: Algorithm,
    pub signing: EncodingKey,
}

impl Key {
    /// An RSA key with 2048 bits.
    pub fn rsa(kid: &str) -> Self {
        // The local issuer's key file is an easy way to an RSA key.
        let folder = TempDir::new().unwrap();
        LocalIssuer::open(folder.path(), ISSUER, AUDIENCE).unwrap();
        let pem = std::fs::read(folder.path().join(LocalIssuer::FILE)).unwrap();
        Self::of(kid, Algorithm::RS256, EncodingKey::from_rsa_pem(&pem).unwrap())
    }

    pub fn p256(kid: &str) -> Self {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self::of(kid, Algorithm::ES256, EncodingKey::from_ec_der(key.as_ref()))
    }

    pub fn p384(kid: &str) -> Self {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self::of(kid, Algorithm::ES384, EncodingKey::from_ec_der(key.as_ref()))
    }

    pub fn ed25519(kid: &str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
        Self::of(kid, Algorithm::EdDSA, EncodingKey::from_ed_der(key.as_ref()))
    }

    fn of(kid: &str, algorithm: Algorithm, signing: EncodingKey) -> Self {
        Self { kid: kid.to_owned(), algorithm, signing }
    }

    /// As its issuer publishes it.
    pub fn jwk(&self) -> Value {
        let mut jwk = json!(Jwk::from_encoding_key(&self.signing, self.algorithm).unwrap());
        jwk["kid"] = json!(self.kid);
        jwk
    }

    /// The header of a good token.
    pub fn header(&self) -> Value {
        json!({ "alg": self.algorithm, "typ": "JWT", "kid": self.kid })
    }

    /// Signs any header and payload with any algorithm that the key can do.
    pub fn sign_with(&self, algorithm: Algorithm, header: &[u8], payload: &[u8]) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = crypto::sign(message.as_bytes(), &self.signing, algorithm).unwrap();
        format!("{message}.{signature}")
    }

    /// A good token with changes to its header and claims; `"-"` removes a member.
    pub fn token(&self, header: Value, claims: Value) -> String {
        let header = changed(self.header(), header).to_string();
        self.sign_with(self.algorithm, header.as_bytes(), changed(good_claims(), claims).to_string().as_bytes())
    }
}

/// The claims of a good token.
pub fn good_claims() -> Value {
    let now = get_current_timestamp();
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "client@clients", "iat": now, "exp": now + 600, "scope": "read:things" })
}

fn changed(mut object: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value == "-" {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}
