//! An issuer that is not the server itself, with its key set at the usual place.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp, jwk::Jwk};
use poem::{
    EndpointExt, Route, Server, get, handler,
    listener::{Acceptor, Listener, TcpListener},
    web::{Data, Json},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use users_api::auth::{Issuer, LocalIssuer};

/// This API's name in the tokens.
pub const AUDIENCE: &str = "https://api.example.com";

/// An issuer with one key, as a server on this machine.
pub struct RealIssuer {
    pub url: String,
    pub key: EncodingKey,
}

#[handler]
fn key_set(Data(keys): Data<&Arc<Value>>) -> Json<Value> {
    Json(Value::clone(keys))
}

impl RealIssuer {
    pub async fn start() -> Self {
        Self::with_keys([]).await
    }

    /// One that publishes these keys, too.
    pub async fn with_keys(others: impl IntoIterator<Item = Value>) -> Self {
        // The local issuer's key file is an easy way to an RSA key.
        let folder = TempDir::new().unwrap();
        LocalIssuer::open(folder.path()).unwrap();
        let key = EncodingKey::from_rsa_pem(&std::fs::read(folder.path().join(LocalIssuer::FILE)).unwrap()).unwrap();
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap();
        jwk.common.key_id = Some("key-1".to_owned());
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let url = format!("http://{}/", acceptor.local_addr()[0].as_socket_addr().unwrap());
        let keys: Vec<Value> = others.into_iter().chain([json!(jwk)]).collect();
        let keys = Arc::new(json!({ "keys": keys }));
        tokio::spawn(Server::new_with_acceptor(acceptor).run(Route::new().at("/.well-known/jwks.json", get(key_set.data(keys)))));
        Self { url, key }
    }

    /// What a server is told of this issuer.
    pub fn settings(&self) -> Issuer {
        Issuer { issuer: Some(self.url.clone()), audience: Some(AUDIENCE.to_owned()), ..Issuer::default() }
    }

    /// Valid claims, with changes: `null` removes one.
    pub fn claims(&self, changes: Value) -> Value {
        let now = get_current_timestamp();
        let mut claims = json!({
            "iss": self.url, "aud": AUDIENCE, "sub": "client@clients", "iat": now, "exp": now + 60, "scope": "write:users"
        });
        for (claim, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(claim)),
                value => claims[claim] = value.clone(),
            }
        }
        claims
    }

    /// A token with these claims.
    pub fn sign(&self, changes: Value) -> String {
        let header = Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::RS256) };
        encode(&header, &self.claims(changes), &self.key).unwrap()
    }
}
