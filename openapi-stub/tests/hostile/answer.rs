//! What handlers answer.

use std::{error::Error, fmt};

use poem::{IntoResponse, Response, error::ResponseError, http::StatusCode};
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

/// The handler of this operation is not written yet.
#[derive(Debug, Clone, Copy)]
pub struct NotWritten(pub &'static str);

impl fmt::Display for NotWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not written yet.", self.0)
    }
}

impl Error for NotWritten {}

impl ResponseError for NotWritten {
    fn status(&self) -> StatusCode {
        StatusCode::NOT_IMPLEMENTED
    }
}

impl IntoResponse for NotWritten {
    fn into_response(self) -> Response {
        let problem = serde_json::json!({
            "type": "about:blank", "title": "Not Implemented", "status": 501, "detail": self.to_string(),
        });
        Response::builder()
            .status(StatusCode::NOT_IMPLEMENTED)
            .content_type("application/problem+json")
            .body(problem.to_string())
    }
}

/// The error of a handler that is not written yet.
pub fn not_written(operation: &'static str) -> poem::Error {
    NotWritten(operation).into()
}
