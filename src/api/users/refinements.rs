//! What the derived document lacks about users.

use openapi_server::entity_tag;
use serde_json::{Value, json};

use super::{NO_USER, idempotency};

/// What the derived document lacks about these types and operations, as a JSON Merge Patch (RFC 7386) on it.
pub fn refinements() -> Value {
    let nullable = |kind: &str| json!([kind, "null"]);
    let email = json!({ "format": "email", "x-unique": true });
    let countries = json!({ "items": { "pattern": "^[A-Z]{2}$" } });
    let cursor = json!("ZPDFHn-z_AASNKAB");
    let etag = json!({ "ETag": { "schema": { "pattern": "^\"[!#-~]*\"$" }, "example": entity_tag::strong("64f0c51e7fb3fc001234a001") } });
    let tags = json!({ "schema": { "pattern": entity_tag::PATTERN }, "example": entity_tag::strong("64f0c51e7fb3fc001234a001") });
    let user_id = json!({ "userId": { "example": "64f0c51e7fb3fc001234a001" } });
    let no_user = json!({ "$ref": "#/components/responses/UserNotFound", "description": null });
    let example = json!({
        "id": "64f0c51e7fb3fc001234a001", "email": "john.doe@example.com", "portfolios": [],
        "createdAt": "2024-10-03T10:30:00Z", "updatedAt": "2024-10-03T10:30:00Z",
        "firstName": "John", "lastName": "Doe", "dateOfBirth": "1990-05-15",
        "residencyCountry": "GR", "language": "en", "nationalities": ["GR"]
    });
    let working = json!(["FullTime", "PartTime", "SelfEmployed"]);
    json!({
        "components": {
        "responses": { "UserNotFound": {
            "description": NO_USER,
            "headers": { "x-request-id": { "$ref": "#/components/headers/RequestId" } },
            "content": { "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" }, "example": super::no_user().details()
            } }
        } },
        "schemas": {
            "Language": { "examples": ["en"] },
            "Address": { "examples": [{
                "line1": "12 Ermou", "line2": "Third floor", "city": "Athens", "postalCode": "105 63", "countryCode": "GR"
            }] },
            "TaxResidency": { "examples": [{ "countryCode": "GR", "proofType": "TIN", "value": "123456789" }] },
            "EmploymentInfo": {
                "properties": { "sourcesOfWealth": { "items": { "minLength": 1 } } },
                "if": { "required": ["employmentStatus"], "properties": { "employmentStatus": { "enum": working } } },
                "then": { "required": ["industry"] },
                "examples": [{
                    "incomeRangeId": "20k-50k", "employmentStatus": "FullTime",
                    "sourcesOfWealth": ["Salary"], "industry": "Education"
                }]
            },
            "CreateUser": {
                "properties": { "email": email },
                "examples": [{
                    "email": "john.doe@example.com", "firstName": "John", "lastName": "Doe", "dateOfBirth": "1990-05-15",
                    "residencyCountry": "GR", "language": "en", "nationality": "GR"
                }]
            },
            "UpdateUser": {
                "properties": {
                    "email": email,
                    "language": { "type": nullable("string"), "enum": ["en", "el", null] },
                    "nationalities": { "type": nullable("array"), "items": { "pattern": "^[A-Z]{2}$" } }
                },
                "examples": [{
                    "email": "john.smith@example.com", "firstName": "John", "lastName": "Smith", "dateOfBirth": "1990-05-15",
                    "residencyCountry": "CY", "language": null, "nationalities": ["GR", "CY"]
                }]
            },
            "UpdateAddress": {
                "type": nullable("object"), "properties": { "line2": { "type": nullable("string") } },
                "examples": [{
                    "line1": "4 Ledra", "line2": null, "city": "Nicosia", "postalCode": "1010", "countryCode": "CY"
                }]
            },
            "UpdateTaxResidency": {
                "type": nullable("object"), "examples": [{ "countryCode": "CY", "proofType": "TIN", "value": "00123456X" }]
            },
            "UpdateEmploymentInfo": {
                "type": nullable("object"),
                "properties": {
                    "sourcesOfWealth": { "items": { "minLength": 1 } }, "industry": { "type": nullable("string") }
                },
                "examples": [{
                    "incomeRangeId": "50k-100k", "employmentStatus": "Retired", "sourcesOfWealth": ["Pension"], "industry": null
                }]
            },
            "UserList": { "examples": [{ "items": [example], "nextCursor": cursor }] },
            "Holding": { "examples": [{ "isin": "US0378331005", "assetCommonId": "AAPL", "quantity": 2.5 }] },
            "Portfolio": { "examples": [{
                "id": "64f0c51e7fb3fc001234b001", "currency": "EUR", "holdings": [],
                "createdAt": "2024-10-03T10:30:00Z", "updatedAt": "2024-10-03T10:30:00Z"
            }] },
            "User": {
                "properties": {
                    "email": { "format": "email" },
                    "nationalities": countries
                },
                "examples": [example]
            }
        } },
        "paths": {
            "/users": {
                "post": {
                    // In the schema, since the documentation fills in an example beside it, and then all who try it send the same key.
                    "parameters": { "Idempotency-Key": { "schema": {
                        "pattern": idempotency::PATTERN, "examples": ["\"8e03978e-40d5-43dd-bc93-6894a57f9324\""]
                    } } },
                    "requestBody": { "description": "The user to create." },
                    "responses": { "201": { "headers": {
                        "ETag": etag["ETag"],
                        "Location": { "schema": { "format": "uri-reference" }, "example": "/users/64f0c51e7fb3fc001234a001" },
                        "Idempotent-Replayed": { "schema": { "const": true }, "example": true }
                    } } }
                },
                "get": { "parameters": {
                    "limit": { "example": 20 },
                    "cursor": { "example": cursor },
                    "email": { "schema": { "format": "email" }, "example": "john.doe@example.com" },
                    "residencyCountry": { "schema": countries, "example": ["GR", "CY"] }
                } }
            },
            "/users/{userId}": {
                "get": {
                    "parameters": merged(&user_id, "If-None-Match", &tags),
                    "responses": { "200": { "headers": etag }, "304": { "headers": etag }, "404": no_user }
                },
                "patch": {
                    "parameters": merged(&user_id, "If-Match", &tags),
                    "requestBody": {
                        "description": "The changes.",
                        "content": { "application/merge-patch+json": { "x-result": { "$ref": "#/components/schemas/User" } } }
                    },
                    "responses": { "200": { "headers": etag }, "404": no_user }
                },
                "delete": { "parameters": user_id, "responses": { "404": no_user } }
            }
        }
    })
}

/// These parameters and one more.
fn merged(parameters: &Value, name: &str, parameter: &Value) -> Value {
    let mut all = parameters.clone();
    all[name] = parameter.clone();
    all
}
