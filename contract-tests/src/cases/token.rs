//! Access tokens, good and bad (RFC 7519, RFC 6750), for an API whose signing key the engine is given.

use std::collections::BTreeMap;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode, get_current_timestamp,
    jwk::{Jwk, ThumbprintHash},
};
use serde_json::{Value, json};

/// Why tokens cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The signing key is not one.
    #[error("the signing key is not an RSA private key in PEM form")]
    NotAKey,
    /// A key or token cannot be made.
    #[error("cannot make a key or token: {0}")]
    Crypto(String),
}

/// Makes tokens as the API's issuer does.
#[derive(Clone)]
pub struct Signer {
    key: EncodingKey,
    public: Jwk,
    public_pem: String,
    stranger: EncodingKey,
    stranger_public: Jwk,
    kid: String,
    issuer: String,
    audience: String,
    subject: String,
}

/// A token that must not be accepted, or not for this operation.
pub(crate) struct BadToken {
    pub name: &'static str,
    pub token: String,
    /// Whether it is a good token that does not grant enough: 403, not 401.
    pub lacks_scope: bool,
}

impl Signer {
    /// Signs RS256 tokens with this private key (PEM), named `kid`, as `issuer`, for `audience`.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    pub fn new(pem: &str, kid: &str, issuer: &str, audience: &str) -> Result<Self, TokenError> {
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| TokenError::NotAKey)?;
        let public = Jwk::from_encoding_key(&key, Algorithm::RS256).map_err(|_| TokenError::NotAKey)?;
        let der = pem::parse(pem).map_err(|_| TokenError::NotAKey)?;
        let pair = KeyPair::from_pkcs8(der.contents())
            .or_else(|_| KeyPair::from_der(der.contents()))
            .map_err(|_| TokenError::NotAKey)?;
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(crypto)?;
        let public_pem = pem::encode(&pem::Pem::new("PUBLIC KEY", spki.as_ref()));
        let other = KeyPair::generate(KeySize::Rsa2048).map_err(crypto)?;
        let other: Pkcs8V1Der<'_> = other.as_der().map_err(crypto)?;
        let other = pem::encode(&pem::Pem::new("PRIVATE KEY", other.as_ref()));
        let stranger = EncodingKey::from_rsa_pem(other.as_bytes()).map_err(crypto)?;
        let stranger_public = Jwk::from_encoding_key(&stranger, Algorithm::RS256).map_err(crypto)?;
        let (kid, issuer, audience) = (kid.to_owned(), issuer.to_owned(), audience.to_owned());
        let subject = "contract-tests".to_owned();
        Ok(Self { key, public, public_pem, stranger, stranger_public, kid, issuer, audience, subject })
    }

    /// The same for tokens about somebody else (`sub`).
    pub(crate) fn about(mut self, subject: &str) -> Self {
        subject.clone_into(&mut self.subject);
        self
    }

    /// The name that a key has where nobody gave it one: the SHA-256 thumbprint of its public part (RFC 7638).
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    pub fn thumbprint(pem: &str) -> Result<String, TokenError> {
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| TokenError::NotAKey)?;
        let public = Jwk::from_encoding_key(&key, Algorithm::RS256).map_err(|_| TokenError::NotAKey)?;
        public.thumbprint(ThumbprintHash::SHA256).map_err(crypto)
    }

    fn claims(&self, scopes: &[String]) -> BTreeMap<&'static str, Value> {
        let now = get_current_timestamp();
        BTreeMap::from([
            ("iss", json!(self.issuer)),
            ("aud", json!(self.audience)),
            ("sub", json!(self.subject)),
            ("iat", json!(now)),
            ("exp", json!(now + 3600)),
            ("scope", json!(scopes.join(" "))),
        ])
    }

    fn header(&self) -> Header {
        Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::RS256) }
    }

    /// A token that grants these scopes.
    ///
    /// # Errors
    ///
    /// [`TokenError::Crypto`].
    pub fn good(&self, scopes: &[String]) -> Result<String, TokenError> {
        encode(&self.header(), &self.claims(scopes), &self.key).map_err(crypto)
    }

    /// Other ways to write a good token that must be accepted too.
    pub(crate) fn good_variants(&self, scopes: &[String]) -> Result<Vec<(&'static str, String)>, TokenError> {
        let with = |claim: &'static str, value: Value| {
            let mut claims = self.claims(scopes);
            claims.insert(claim, value);
            encode(&self.header(), &claims, &self.key).map_err(crypto)
        };
        let more: Vec<String> = ["openid".to_owned()].iter().chain(scopes).chain(&["profile".to_owned()]).cloned().collect();
        Ok(vec![
            ("an audience in a list", with("aud", json!([self.audience, "https://example.com/other"]))?),
            ("scopes among others", with("scope", json!(more.join(" ")))?),
            ("a nbf that has passed", with("nbf", json!(get_current_timestamp() - 60))?),
        ])
    }

    /// Tokens that must be refused for an operation with these scopes.
    pub(crate) fn bad(&self, scopes: &[String]) -> Result<Vec<BadToken>, TokenError> {
        let now = get_current_timestamp();
        let mut all = Vec::new();
        let good = self.good(scopes)?;
        let [head, payload, signature] = parts(&good)?;
        let mut add = |name, token: String, lacks_scope| all.push(BadToken { name, token, lacks_scope });

        let changed = |claim: &'static str, value: Option<Value>| {
            let mut claims = self.claims(scopes);
            match value {
                Some(value) => drop(claims.insert(claim, value)),
                None => drop(claims.remove(claim)),
            }
            encode(&self.header(), &claims, &self.key).map_err(crypto)
        };
        add("expired", changed("exp", Some(json!(now - 3600)))?, false);
        add("without expiry", changed("exp", None)?, false);
        add("not yet valid", changed("nbf", Some(json!(now + 3600)))?, false);
        add("wrong issuer", changed("iss", Some(json!("https://issuer.invalid/")))?, false);
        add("issuer as a prefix", changed("iss", Some(json!(format!("{}x", self.issuer))))?, false);
        add("without issuer", changed("iss", None)?, false);
        add("wrong audience", changed("aud", Some(json!("https://other.invalid")))?, false);
        add("other audiences in a list", changed("aud", Some(json!(["https://other.invalid", "x"])))?, false);
        add("without audience", changed("aud", None)?, false);

        let signed = |header: Header, key: &EncodingKey| encode(&header, &self.claims(scopes), key).map_err(crypto);
        add("unknown kid", signed(Header { kid: Some("unknown".to_owned()), ..self.header() }, &self.stranger)?, false);
        add("signed by another key", signed(self.header(), &self.stranger)?, false);
        let embedded = Header { jwk: Some(self.stranger_public.clone()), ..self.header() };
        add("signed by a key in its own header (jwk)", signed(embedded, &self.stranger)?, false);
        let embedded = Header { jwk: Some(self.stranger_public.clone()), kid: None, ..self.header() };
        add("signed by a key in its own header (jwk), without kid", signed(embedded, &self.stranger)?, false);
        let referred = Header { jku: Some("http://127.0.0.1:9/keys.json".to_owned()), ..self.header() };
        add("signed by a key at an address in its own header (jku)", signed(referred, &self.stranger)?, false);
        let critical = Header { crit: Some(vec!["urn:example:extension".to_owned()]), ..self.header() };
        add("with an extension that must be understood (crit)", signed(critical, &self.key)?, false);
        for (name, secret) in [
            ("HS256 with the public key as secret", self.public_pem.clone()),
            ("HS256 with the public key as secret, as JSON", serde_json::to_string(&self.public).unwrap_or_default()),
        ] {
            let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::HS256) };
            add(name, signed(header, &EncodingKey::from_secret(secret.as_bytes()))?, false);
        }
        for (name, algorithm) in [("alg none", "none"), ("alg None", "None")] {
            let head = URL_SAFE_NO_PAD.encode(json!({ "alg": algorithm, "typ": "JWT", "kid": self.kid }).to_string());
            add(name, format!("{head}.{payload}."), false);
        }
        add(
            "alg none with a signature",
            {
                let head = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": "JWT", "kid": self.kid }).to_string());
                format!("{head}.{payload}.{signature}")
            },
            false,
        );

        let mut claims = self.claims(scopes);
        claims.insert("sub", json!("someone-else"));
        let tampered = URL_SAFE_NO_PAD.encode(json!(claims).to_string());
        add("tampered payload", format!("{head}.{tampered}.{signature}"), false);
        add("tampered signature", format!("{head}.{payload}.{}", tamper(&signature)), false);
        add("without signature", format!("{head}.{payload}."), false);
        add("truncated", good[..good.len() / 2].to_owned(), false);

        if !scopes.is_empty() {
            let granting = |scope: Value| changed("scope", Some(scope));
            let each = |change: &dyn Fn(&String) -> String| json!(scopes.iter().map(change).collect::<Vec<_>>().join(" "));
            add("without scopes", changed("scope", None)?, true);
            add("empty scope", granting(json!(""))?, true);
            let others = ["openid", "profile"].into_iter().filter(|other| scopes.iter().all(|scope| scope != other));
            add("another scope", granting(json!(others.collect::<Vec<_>>().join(" ")))?, true);
            add("scope with something after it", granting(each(&|scope| format!("{scope}x")))?, true);
            add("scope with something before it", granting(each(&|scope| format!("x{scope}")))?, true);
            let cut_short = |scope: &String| scope.chars().take(scope.chars().count().saturating_sub(1)).collect();
            add("scope cut short", granting(each(&cut_short))?, true);
            if scopes.iter().any(|scope| *scope != scope.to_uppercase()) {
                add("scope in capitals", granting(each(&|scope| scope.to_uppercase()))?, true);
            }
            add("scopes with commas", granting(json!(format!("{},openid", scopes.join(","))))?, true);
            add("scope as a list", granting(json!(scopes))?, true);
            add("scope as an object", granting(json!({ (scopes[0].clone()): true }))?, true);
            for claim in ["scopes", "scp"] {
                let mut claims = self.claims(&[]);
                claims.insert(claim, json!(scopes));
                add(
                    if claim == "scopes" { "scopes in the claim scopes" } else { "scopes in the claim scp" },
                    encode(&self.header(), &claims, &self.key).map_err(crypto)?,
                    true,
                );
            }
            add(
                "permissions as text",
                {
                    let mut claims = self.claims(&[]);
                    claims.insert("permissions", json!(scopes.join(" ")));
                    encode(&self.header(), &claims, &self.key).map_err(crypto)?
                },
                true,
            );
            if scopes.len() > 1 {
                add("all scopes but one", self.good(&scopes[1..])?, true);
            }
        }
        Ok(all)
    }
}

fn parts(token: &str) -> Result<[String; 3], TokenError> {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().map_err(|_| TokenError::Crypto("a token without three parts".to_owned()))
}

/// Changes a character in the middle, where every bit counts.
fn tamper(signature: &str) -> String {
    let middle = signature.len() / 2;
    let other = if signature.as_bytes().get(middle) == Some(&b'A') { "B" } else { "A" };
    format!("{}{other}{}", &signature[..middle], &signature[middle + 1..])
}

fn crypto(error: impl ToString) -> TokenError {
    TokenError::Crypto(error.to_string())
}
