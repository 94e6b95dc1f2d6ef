//! What an OpenAPI document says about problems.

use serde_json::{Value, json};

use super::{Code, ProblemDetails, Violation};

/// Violations that are typical of an API, for its document to show.
pub struct Examples {
    /// What a refused body can break; the first one is also the example of a violation.
    pub bad_request: Vec<Violation>,
    /// What can stand against storing what was sent.
    pub conflict: Vec<Violation>,
    /// Why what was sent is understood and not done.
    pub unprocessable: Vec<Violation>,
}

impl Examples {
    /// The details for this code, as the document and its reader see them.
    fn details(&self, code: Code) -> Value {
        let mut details = json!(ProblemDetails::new(code));
        match code {
            Code::BadRequest => details["errors"] = json!(self.bad_request),
            Code::Conflict => details["errors"] = json!(self.conflict),
            Code::UnprocessableEntity => details["errors"] = json!(self.unprocessable),
            _ => {}
        }
        details
    }
}

/// The components of a document that describe problems: the responses and headers that operations share, each response named after
/// its code, and the examples. It is a JSON Merge Patch (RFC 7386) on a document with the schemas `Problem`, `ProblemCode` and
/// `Violation`.
pub fn components(examples: &Examples) -> Value {
    let request_id = json!({ "$ref": "#/components/headers/RequestId" });
    let mut responses = json!({});
    for code in Code::ALL {
        let mut response = json!({
            "description": code.message(),
            "headers": { "x-request-id": request_id },
            "content": { "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" }, "example": examples.details(code)
            } }
        });
        for (header, component) in code.headers() {
            response["headers"][*header] = json!({ "$ref": format!("#/components/headers/{component}") });
        }
        responses[code.component()] = response;
    }
    json!({ "components": {
        "responses": responses,
        "headers": {
            "RequestId": {
                "description": "Names the request in the server's log. Taken from the request's own `x-request-id` where that is up to \
                    64 letters, digits, dots, hyphens and underscores, else made by the server.",
                "required": true, "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
                "example": "0b9de8c3-5d4c-4f0a-8f43-6d2f2b6c3a51"
            },
            "WwwAuthenticate": {
                "description": "The challenge (RFC 6750, section 3): bare when no token was sent, else with the `error`.",
                "required": true, "schema": { "type": "string", "pattern": "^Bearer( |$)" },
                "example": "Bearer error=\"invalid_token\""
            },
            "Allow": {
                "description": "The methods that this path supports.",
                "required": true, "schema": { "type": "string", "minLength": 1 }, "example": "POST"
            },
            "RetryAfter": {
                "description": "How long to wait before trying again, in seconds.",
                "required": true, "schema": { "type": "integer", "minimum": 0 }, "example": 1
            },
            "RateLimit": {
                "description": "How many requests the caller has left for so many seconds (draft-ietf-httpapi-ratelimit-headers). Where \
                    there is a limit, it comes with every answer to a request that counts.",
                "required": true, "schema": { "type": "string", "pattern": "^\"caller\";r=[0-9]+;t=[0-9]+$" },
                "example": "\"caller\";r=0;t=1"
            },
            "RateLimitPolicy": {
                "description": "How many requests a caller has in a window of so many seconds (draft-ietf-httpapi-ratelimit-headers). It \
                    comes together with RateLimit.",
                "required": true, "schema": { "type": "string", "pattern": "^\"caller\";q=[0-9]+;w=[0-9]+$" },
                "example": "\"caller\";q=100;w=1"
            }
        },
        "schemas": {
            "ProblemCode": { "examples": [Code::BadRequest] },
            "Problem": {
                "properties": { "type": { "format": "uri-reference" } },
                "examples": [examples.details(Code::BadRequest)]
            },
            "Violation": {
                "properties": { "pointer": { "format": "json-pointer" } },
                "examples": examples.bad_request.get(..1)
            }
        }
    } })
}
