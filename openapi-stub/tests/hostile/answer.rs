//! What handlers answer.

use openapi_server::problem::{Code, Problem};
use poem::{IntoResponse, Response, http::StatusCode};
use serde::Serialize;

/// JSON with this status.
#[derive(Debug, Clone)]
pub struct Answer<const STATUS: u16, T>(pub T);

impl<const STATUS: u16, T: Serialize + Send> IntoResponse for Answer<STATUS, T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(json) => Response::builder().status(status(STATUS)).content_type("application/json").body(json),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

/// Nothing but this status.
#[derive(Debug, Clone, Copy)]
pub struct Empty<const STATUS: u16>;

impl<const STATUS: u16> IntoResponse for Empty<STATUS> {
    fn into_response(self) -> Response {
        status(STATUS).into_response()
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The error of a handler that is not written yet.
pub fn not_written(operation: &'static str) -> poem::Error {
    Problem::new(Code::NotImplemented).message(format!("{operation} is not written yet.")).into()
}
