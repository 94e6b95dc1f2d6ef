//! What `cargo xtask bench` measures everything against: a bare route of poem that reads the body and answers a fixed 201.

use std::io;

use poem::{
    EndpointExt, IntoResponse, Response, Route, Server, handler,
    http::StatusCode,
    listener::{Acceptor, Listener, TcpListener},
    post,
};

const ANSWER: &str = r#"{"id":"64f0c51e7fb3fc001234a001","email":"john.doe@example.com","portfolios":[],"createdAt":"2024-10-03T10:30:00.123Z","updatedAt":"2024-10-03T10:30:00.123Z","firstName":"John","lastName":"Doe","dateOfBirth":"1990-05-15","residencyCountry":"GR"}"#;

#[handler]
fn create(_body: Vec<u8>) -> Response {
    let headers = [("location", "/users/64f0c51e7fb3fc001234a001"), ("content-type", "application/json")];
    let answer = ANSWER.with_status(StatusCode::CREATED);
    headers.into_iter().fold(answer.into_response(), |mut answer, (name, value)| {
        answer.headers_mut().insert(name, poem::http::HeaderValue::from_static(value));
        answer
    })
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
    if let Some(address) = acceptor.local_addr().first().and_then(|address| address.as_socket_addr().copied()) {
        println!("http://{address}");
    }
    Server::new_with_acceptor(acceptor).run(Route::new().at("/users", post(create)).boxed()).await
}
