//! The issuer's public keys (RFC 7517): which of a set can verify a token, each pinned to its one algorithm.

use std::{collections::HashMap, sync::Arc};

use aws_lc_rs::{
    rsa::PublicKeyComponents,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256},
};
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse, ThumbprintHash},
};
use serde_json::Value;

/// Why there is no key set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The address of the key set cannot be used. The address is not repeated: it may hold a password.
    #[error("the address of the issuer's key set is not an http or https URL")]
    Address,
    /// The issuer's key set cannot be fetched.
    #[error("the key set at {url} cannot be fetched: {cause}")]
    Fetch {
        /// Where it was looked for, without credentials and query.
        url: String,
        /// What went wrong.
        cause: String,
    },
    /// What was fetched is not a key set.
    #[error("the document at {url} is not a key set (RFC 7517)")]
    NotAKeySet {
        /// Where it came from, without credentials and query.
        url: String,
    },
    /// No key in the set can verify a token.
    #[error("no key in the set can verify a token{}", ignored.iter().map(|key| format!("; {key}")).collect::<String>())]
    NoUsableKey {
        /// Why each key of the set is ignored.
        ignored: Vec<String>,
    },
}

/// The keys that can verify a token, by `kid`.
///
/// Keys that share a `kid` are all kept, because RFC 7517, section 4.5, allows that; a token is then tried with each that has its
/// algorithm.
#[derive(Debug, Clone)]
pub struct KeySet {
    keys: HashMap<String, Vec<Arc<Key>>>,
    ignored: Vec<String>,
}

/// A public key and what it is good for.
#[derive(Debug)]
pub struct Key {
    /// The one algorithm that it verifies.
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
    /// Names the key itself (RFC 7638), whatever its `kid`.
    thumbprint: String,
}

impl KeySet {
    /// The algorithm of RSA keys, the local issuer's among them.
    pub const ALGORITHM: Algorithm = Algorithm::RS256;

    /// Takes the usable keys of a set. Members that are malformed or of no use here are ignored (RFC 7517, section 5).
    ///
    /// # Errors
    ///
    /// [`KeyError::NoUsableKey`] when none is left.
    pub fn new(set: &Value) -> Result<Self, KeyError> {
        let mut keys: HashMap<String, Vec<Arc<Key>>> = HashMap::new();
        let mut ignored = Vec::new();
        for (position, member) in set["keys"].as_array().into_iter().flatten().enumerate() {
            match usable(member) {
                Ok((kid, key)) => {
                    let same = keys.entry(kid).or_default();
                    if same.iter().all(|other| other.thumbprint != key.thumbprint) {
                        same.push(Arc::new(key));
                    }
                }
                Err(reason) => ignored.push(format!("key {}: {reason}", position + 1)),
            }
        }
        if keys.is_empty() { Err(KeyError::NoUsableKey { ignored }) } else { Ok(Self { keys, ignored }) }
    }

    /// The keys that a token names; at least one, where there are any.
    pub fn get(&self, kid: &str) -> Option<&[Arc<Key>]> {
        self.keys.get(kid).map(Vec::as_slice)
    }

    /// Whether this very key is in the set.
    pub(super) fn contains(&self, key: &Key) -> bool {
        self.keys.values().flatten().any(|other| other.thumbprint == key.thumbprint)
    }

    /// Which keys of the set are not used, and why.
    pub(super) fn ignored(&self) -> &[String] {
        &self.ignored
    }
}

/// The key and its `kid`, or why it is ignored.
fn usable(member: &Value) -> Result<(String, Key), &'static str> {
    let jwk: Jwk = serde_json::from_value(member.clone()).map_err(|_| "it is not a JWK")?;
    if member.get("d").is_some() {
        return Err("it is a private key, which everybody can read");
    }
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return Err("its use is not sig");
    }
    if jwk.common.key_operations.as_ref().is_some_and(|operations| !operations.contains(&KeyOperations::Verify)) {
        return Err("its key_ops do not have verify");
    }
    let (algorithm, decoding) = verifying(&jwk)?;
    if jwk.common.key_algorithm.is_some_and(|named| named != KeyAlgorithm::from(algorithm)) {
        return Err("its alg is not supported for this type of key");
    }
    let kid = jwk.common.key_id.clone().ok_or("it has no kid")?;
    let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| MALFORMED)?;
    Ok((kid, Key { algorithm, decoding, thumbprint }))
}

const MALFORMED: &str = "its public key is malformed";

/// The type of a key decides its algorithm: RS256, ES256, ES384 or EdDSA.
fn verifying(jwk: &Jwk) -> Result<(Algorithm, DecodingKey), &'static str> {
    let decoding = DecodingKey::from_jwk(jwk).map_err(|_| "its type is not RSA, EC or OKP, or it is malformed")?;
    let algorithm = match (&jwk.algorithm, decoding.kind()) {
        (AlgorithmParameters::RSA(_), DecodingKeyKind::RsaModulusExponent { n, e }) => {
            PublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).map_err(|_| MALFORMED)?;
            // aws-lc looks at these only when a signature is verified, and then does not say why it is not.
            if !(2048..=8192).contains(&bits(n)) {
                return Err("its modulus does not have 2048 to 8192 bits");
            }
            if !(2..=64).contains(&bits(e)) || e.last().is_none_or(|last| last % 2 == 0) {
                return Err("its exponent is not an odd number above 1");
            }
            KeySet::ALGORITHM
        }
        (AlgorithmParameters::EllipticCurve(key), DecodingKeyKind::SecretOrDer(point)) => {
            let (algorithm, parsed) = match key.curve {
                EllipticCurve::P256 => (Algorithm::ES256, ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)),
                EllipticCurve::P384 => (Algorithm::ES384, ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point)),
                _ => return Err("its curve is not P-256 or P-384"),
            };
            parsed.map_err(|_| MALFORMED)?;
            algorithm
        }
        (AlgorithmParameters::OctetKeyPair(key), DecodingKeyKind::SecretOrDer(point)) => {
            if key.curve != EllipticCurve::Ed25519 {
                return Err("its curve is not Ed25519");
            }
            ParsedPublicKey::new(&ED25519, point).map_err(|_| MALFORMED)?;
            Algorithm::EdDSA
        }
        _ => return Err("it is not a public key"),
    };
    Ok((algorithm, decoding))
}

/// How many bits a big-endian number has.
fn bits(number: &[u8]) -> usize {
    let significant = number.iter().position(|byte| *byte != 0).map_or(&[][..], |first| &number[first..]);
    significant.len() * 8 - significant.first().map_or(0, |byte| byte.leading_zeros() as usize)
}
