//! Problem details (RFC 9457): the one shape of every error that leaves the server.

mod components;

use std::fmt;

use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
#[cfg(feature = "poem-openapi")]
use poem_openapi::{
    Enum, Object,
    payload::Payload,
    registry::{MetaSchemaRef, Registry},
    types::Type,
};
use serde::{Deserialize, Serialize};

pub use self::components::{Examples, components};

/// The media type of problem details (RFC 9457, section 3).
const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, in one word that a program can compare. The set is closed.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "poem-openapi", derive(Enum), oai(rename = "ProblemCode", rename_all = "SCREAMING_SNAKE_CASE"))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// 400
    BadRequest,
    /// 401
    Unauthorized,
    /// 403
    Forbidden,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 408
    RequestTimeout,
    /// 409
    Conflict,
    /// 412
    PreconditionFailed,
    /// 413
    PayloadTooLarge,
    /// 415
    UnsupportedMediaType,
    /// 422
    UnprocessableEntity,
    /// 429
    TooManyRequests,
    /// 500
    InternalError,
    /// 501
    NotImplemented,
    /// 503
    ServiceUnavailable,
}

impl Code {
    /// Every code.
    pub const ALL: [Code; 15] = [
        Code::BadRequest,
        Code::Unauthorized,
        Code::Forbidden,
        Code::NotFound,
        Code::MethodNotAllowed,
        Code::RequestTimeout,
        Code::Conflict,
        Code::PreconditionFailed,
        Code::PayloadTooLarge,
        Code::UnsupportedMediaType,
        Code::UnprocessableEntity,
        Code::TooManyRequests,
        Code::InternalError,
        Code::NotImplemented,
        Code::ServiceUnavailable,
    ];

    /// The status that goes with this code: one for each.
    pub fn status(self) -> StatusCode {
        match self {
            Code::BadRequest => StatusCode::BAD_REQUEST,
            Code::Unauthorized => StatusCode::UNAUTHORIZED,
            Code::Forbidden => StatusCode::FORBIDDEN,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Code::Conflict => StatusCode::CONFLICT,
            Code::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Code::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::UnprocessableEntity => StatusCode::UNPROCESSABLE_ENTITY,
            Code::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Code::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Code::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Code::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The name of this code's response in the document's components.
    pub fn component(self) -> &'static str {
        match self {
            Code::BadRequest => "BadRequest",
            Code::Unauthorized => "Unauthorized",
            Code::Forbidden => "Forbidden",
            Code::NotFound => "NotFound",
            Code::MethodNotAllowed => "MethodNotAllowed",
            Code::RequestTimeout => "RequestTimeout",
            Code::Conflict => "Conflict",
            Code::PreconditionFailed => "PreconditionFailed",
            Code::PayloadTooLarge => "PayloadTooLarge",
            Code::UnsupportedMediaType => "UnsupportedMediaType",
            Code::UnprocessableEntity => "UnprocessableEntity",
            Code::TooManyRequests => "TooManyRequests",
            Code::InternalError => "InternalError",
            Code::NotImplemented => "NotImplemented",
            Code::ServiceUnavailable => "ServiceUnavailable",
        }
    }

    /// The headers that a response with this code always has beside `x-request-id`, with their names in the document's components.
    fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Code::Unauthorized | Code::Forbidden => &[("WWW-Authenticate", "WwwAuthenticate")],
            Code::MethodNotAllowed => &[("Allow", "Allow")],
            Code::TooManyRequests => {
                &[("Retry-After", "RetryAfter"), ("RateLimit", "RateLimit"), ("RateLimit-Policy", "RateLimitPolicy")]
            }
            Code::ServiceUnavailable => &[("Retry-After", "RetryAfter")],
            _ => &[],
        }
    }

    /// The message for a caller where nothing more particular is known; also the example in the document.
    pub fn message(self) -> &'static str {
        match self {
            Code::BadRequest => "The request breaks the rules of the API; each is listed in errors.",
            Code::Unauthorized => "A valid access token is needed: send it as `Authorization: Bearer <token>`.",
            Code::Forbidden => "The access token lacks a scope that this operation needs.",
            Code::NotFound => "There is nothing at this path.",
            Code::MethodNotAllowed => "This path does not support this method; see the Allow header.",
            Code::RequestTimeout => "The request took too long to arrive.",
            Code::Conflict => "The request conflicts with what is stored; each conflict is listed in errors.",
            Code::PreconditionFailed => "The resource is not in the state that If-Match names; read it again.",
            Code::PayloadTooLarge => "The body is larger than this server accepts.",
            Code::UnsupportedMediaType => "The body has a media type that this operation does not accept.",
            Code::UnprocessableEntity => {
                "The request is understood and not carried out; what stands against it is listed in errors."
            }
            Code::TooManyRequests => "Too many requests with this access token; wait as long as Retry-After says.",
            Code::InternalError => "Something went wrong on the server; quote the x-request-id when you report it.",
            Code::NotImplemented => "This operation is not written yet.",
            Code::ServiceUnavailable => "The server cannot answer now; try again after as long as Retry-After says.",
        }
    }
}

/// An error: problem details as in RFC 9457, with `code` and `message` as extensions.
#[derive(Serialize, Deserialize, Debug, Clone)]
#[cfg_attr(feature = "poem-openapi", derive(Object), oai(rename = "Problem", skip_serializing_if_is_none))]
pub struct ProblemDetails {
    /// The kind of problem. `about:blank` says that the status alone tells it (RFC 9457, section 4.2.1).
    #[cfg_attr(feature = "poem-openapi", oai(rename = "type"))]
    #[serde(rename = "type")]
    pub kind: String,
    /// The name of the status.
    pub title: String,
    /// The HTTP status, once more.
    #[cfg_attr(feature = "poem-openapi", oai(validator(minimum(value = "400"), maximum(value = "599"))))]
    pub status: u16,
    /// What went wrong, in one word that a program can compare.
    pub code: Code,
    /// What went wrong and what to do about it, for a person. Never repeats a submitted value.
    pub message: String,
    /// Every violation found in the request; present where a body was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<Violation>>,
}

/// One broken rule.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "poem-openapi", derive(Object))]
pub struct Violation {
    /// JSON Pointer (RFC 6901) to the offending value; for a missing or unknown property, to that property.
    pub pointer: String,
    /// The rule that is broken: the keyword of the schema (`required`, `maxLength` …), `unique` for a value that is taken,
    /// `syntax` for a body that is not JSON.
    pub rule: String,
    /// What the rule asks for. Never repeats the submitted value.
    pub message: String,
}

impl ProblemDetails {
    /// The details for `code` with its general message.
    pub fn new(code: Code) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: code.status().canonical_reason().unwrap_or_default().to_owned(),
            status: code.status().as_u16(),
            code,
            message: code.message().to_owned(),
            errors: None,
        }
    }
}

/// An error on its way out: what the caller is told, and the cause that only the log is told.
#[derive(Debug, Clone)]
pub struct Problem {
    details: Box<ProblemDetails>,
    media_type: HeaderValue,
    /// The body in the form that the document has; none for the details as they are.
    body: Option<Vec<u8>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
}

impl Problem {
    /// The problem with this code and its general message.
    pub fn new(code: Code) -> Self {
        let media_type = HeaderValue::from_static(MEDIA_TYPE);
        Self { details: Box::new(ProblemDetails::new(code)), media_type, body: None, headers: Vec::new(), cause: None }
    }

    /// 500: the server's own fault. The caller learns nothing of the cause.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::new(Code::InternalError).with_cause(cause)
    }

    /// 503 with `Retry-After` in seconds (RFC 9110, section 10.2.3).
    pub fn unavailable(retry_after: u64, cause: impl Into<String>) -> Self {
        Self::new(Code::ServiceUnavailable).header(header::RETRY_AFTER, retry_after.into()).with_cause(cause)
    }

    /// The problem that an error of the framework or of a handler stands for. What the framework says is not passed on: it may
    /// quote the request.
    pub fn from_error(error: poem::Error) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(problem) => return problem,
            Err(error) => error,
        };
        let status = error.status();
        match Code::ALL.into_iter().find(|code| code.status() == status) {
            Some(code) if status.is_client_error() => Self::new(code),
            _ => Self::internal(format!("the framework answered {status}")),
        }
    }

    /// Replaces the message for the caller.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.details.message = message.into();
        self
    }

    /// Lists what is wrong with the body.
    pub fn errors(mut self, errors: Vec<Violation>) -> Self {
        self.details.errors = Some(errors);
        self
    }

    /// The same with the code, the status and the title of another kind.
    pub(crate) fn with_code(mut self, code: Code) -> Self {
        let ProblemDetails { title, status, .. } = ProblemDetails::new(code);
        *self.details = ProblemDetails { title, status, code, ..*self.details };
        self
    }

    /// The same as another kind of JSON.
    pub(crate) fn with_media_type(mut self, media_type: HeaderValue) -> Self {
        self.media_type = media_type;
        self
    }

    /// The same in another form, which says what the details do.
    pub(crate) fn with_body(mut self, media_type: HeaderValue, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self.with_media_type(media_type)
    }

    /// Adds a response header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Notes the cause for the log. It must hold no personal data and no secret.
    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Status, headers and body of the answer.
    pub fn into_parts(self) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, self.media_type)]);
        headers.extend(self.headers);
        // Strings and numbers always serialise.
        let body = self.body.unwrap_or_else(|| serde_json::to_vec(&self.details).unwrap_or_default());
        (self.details.code.status(), headers, body)
    }

    /// What the caller is told.
    pub fn details(&self) -> &ProblemDetails {
        &self.details
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.details.status, self.details.title)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.details.code.status()
    }

    fn as_response(&self) -> Response {
        self.clone().into_response()
    }
}

/// What the log says about an error response; it travels in the response's extensions to the line that records the request.
#[derive(Clone)]
pub struct LogNote {
    /// The code sent.
    pub code: Code,
    /// The rules broken, without pointers: a pointer may hold a name that the caller made up.
    pub rules: Vec<String>,
    /// The cause, where there is more to say than the code does.
    pub cause: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let note = LogNote {
            code: self.details.code,
            rules: self.details.errors.iter().flatten().map(|violation| violation.rule.clone()).collect(),
            cause: self.cause.clone(),
        };
        let (status, headers, body) = self.into_parts();
        let mut response = Response::builder().status(status).body(body);
        *response.headers_mut() = headers;
        response.extensions_mut().insert(note);
        response
    }
}

#[cfg(feature = "poem-openapi")]
impl Payload for Problem {
    const CONTENT_TYPE: &'static str = MEDIA_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        ProblemDetails::schema_ref()
    }

    fn register(registry: &mut Registry) {
        ProblemDetails::register(registry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_framework_refuses_is_the_callers_problem_and_what_it_cannot_do_is_ours() {
        let problem = |status| Problem::from_error(poem::Error::from_status(status));
        assert_eq!(problem(StatusCode::NOT_FOUND).details.code, Code::NotFound);
        for status in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::INTERNAL_SERVER_ERROR, StatusCode::IM_A_TEAPOT] {
            let problem = problem(status);
            assert_eq!(problem.details.code, Code::InternalError, "{status}");
            assert_eq!(problem.cause, Some(format!("the framework answered {status}")));
        }
    }

    #[test]
    fn a_problem_comes_through_the_framework_as_it_is() {
        let error = poem::Error::from(Problem::new(Code::Conflict).message("Taken."));
        assert_eq!(error.status(), StatusCode::CONFLICT);
        assert_eq!(error.to_string(), "409 Conflict");
        let problem = Problem::from_error(error);
        assert_eq!((problem.details.code, problem.details.message.as_str()), (Code::Conflict, "Taken."));
    }
}
