//! The resource *users*: its types, as the document shows them, and its operations.

use std::sync::Arc;

use bson::oid::ObjectId;
use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use poem::Result;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Authorized, Json, Scope, Tag,
    problem::{Code, Problem, Violation},
};
use crate::store::{StoreError, UserStore};

/// A language that the user can be addressed in.
#[derive(Enum, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English
    En,
    /// Greek
    El,
}

/// A postal address.
#[derive(Object, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    /// Street and number.
    #[oai(validator(min_length = 1))]
    pub line1: String,
    /// Flat, floor or building.
    #[oai(validator(min_length = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// Town or city.
    #[oai(validator(min_length = 1))]
    pub city: String,
    /// Postal code, as the country writes it.
    #[oai(validator(min_length = 1))]
    pub postal_code: String,
    /// Country, as a two-letter ISO 3166-1 code.
    #[oai(validator(pattern = "^[A-Z]{2}$"))]
    pub country_code: String,
}

/// Where the user pays tax, and the proof of it.
#[derive(Object, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxResidency {
    /// Country, as a two-letter ISO 3166-1 code.
    #[oai(validator(pattern = "^[A-Z]{2}$"))]
    pub country_code: String,
    /// What kind of proof `value` is.
    #[oai(validator(min_length = 1))]
    pub proof_type: String,
    /// The proof itself, such as a tax identification number.
    #[oai(validator(min_length = 1))]
    pub value: String,
}

/// How the user earns a living. `industry` is required for those who work: when `employmentStatus` is `FullTime`, `PartTime` or
/// `SelfEmployed`.
#[derive(Object, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmploymentInfo {
    /// Which band of yearly income the user is in.
    #[oai(validator(min_length = 1))]
    pub income_range_id: String,
    /// Whether and how the user is employed.
    #[oai(validator(min_length = 1))]
    pub employment_status: String,
    /// Where the user's wealth comes from.
    #[oai(validator(min_items = 1))]
    pub sources_of_wealth: Vec<String>,
    /// The industry that the user works in.
    #[oai(validator(min_length = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
}

/// A person to become a user.
#[derive(Object, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateUser {
    /// Email address. No two users share one, whatever the letter case.
    pub email: String,
    /// Given name.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub first_name: String,
    /// Family name.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub last_name: String,
    /// Date of birth.
    pub date_of_birth: NaiveDate,
    /// Country of residence, as a two-letter ISO 3166-1 code.
    #[oai(validator(pattern = "^[A-Z]{2}$"))]
    pub residency_country: String,
    /// The language to address the user in: `en` (English) or `el` (Greek).
    pub language: Option<Language>,
    /// Where the user lives.
    pub address: Option<Address>,
    /// Where the user pays tax.
    pub tax_residency: Option<TaxResidency>,
    /// Citizenship, as a two-letter ISO 3166-1 code.
    #[oai(validator(pattern = "^[A-Z]{2}$"))]
    pub nationality: Option<String>,
    /// How the user earns a living.
    pub employment_info: Option<EmploymentInfo>,
}

/// Something that a portfolio holds.
#[derive(Object, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct Holding {
    /// International Securities Identification Number (ISO 6166).
    pub isin: String,
    /// The asset's identifier in this service.
    pub asset_common_id: String,
    /// How many units are held.
    pub quantity: f64,
}

/// A portfolio with its holdings.
#[derive(Object, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct Portfolio {
    /// The portfolio's identifier: a MongoDB ObjectId.
    #[oai(validator(pattern = "^[a-f0-9]{24}$"))]
    pub id: String,
    /// Currency, as a three-letter ISO 4217 code.
    #[oai(validator(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
    /// What the portfolio holds.
    pub holdings: Vec<Holding>,
    /// When the portfolio was created, in UTC.
    pub created_at: DateTime<Utc>,
    /// When the portfolio was last changed, in UTC.
    pub updated_at: DateTime<Utc>,
}

/// A user, as created.
#[derive(Object, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's identifier: a MongoDB ObjectId.
    #[oai(validator(pattern = "^[a-f0-9]{24}$"))]
    pub id: String,
    /// Email address, as it was sent.
    pub email: String,
    /// The user's portfolios with their holdings; a new user has none.
    pub portfolios: Vec<Portfolio>,
    /// When the user was created, in UTC, to the millisecond.
    pub created_at: DateTime<Utc>,
    /// When the user was last changed, in UTC, to the millisecond; on creation the same as `createdAt`.
    pub updated_at: DateTime<Utc>,
    /// Given name.
    #[oai(validator(min_length = 1, max_length = 100))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[oai(validator(min_length = 1, max_length = 100))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Date of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<NaiveDate>,
    /// Country of residence, as a two-letter ISO 3166-1 code.
    #[oai(validator(pattern = "^[A-Z]{2}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residency_country: Option<String>,
    /// The language to address the user in: `en` (English) or `el` (Greek).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Where the user lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Where the user pays tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_residency: Option<TaxResidency>,
    /// The user's citizenships, each a two-letter ISO 3166-1 code; on creation the one of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nationalities: Option<Vec<String>>,
    /// How the user earns a living.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employment_info: Option<EmploymentInfo>,
}

impl User {
    /// The user that a valid request creates, with an id of its own and the time cut to what is stored and sent: milliseconds.
    pub fn create(new: CreateUser, id: ObjectId, now: DateTime<Utc>) -> Self {
        let now = now.trunc_subsecs(3);
        Self {
            id: id.to_hex(),
            email: new.email,
            portfolios: Vec::new(),
            created_at: now,
            updated_at: now,
            first_name: Some(new.first_name),
            last_name: Some(new.last_name),
            date_of_birth: Some(new.date_of_birth),
            residency_country: Some(new.residency_country),
            language: new.language,
            address: new.address,
            tax_residency: new.tax_residency,
            nationalities: new.nationality.map(|nationality| vec![nationality]),
            employment_info: new.employment_info,
        }
    }
}

/// The answers of `createUser` that are its own; those that every operation shares are added to the document from one place.
#[derive(ApiResponse)]
#[expect(clippy::large_enum_variant, reason = "there is one per request, and it is returned at once")]
pub enum CreateUserResponse {
    /// The user was created and is durably stored.
    #[oai(status = 201)]
    Created(
        Json<User>,
        /// Where the new user is.
        #[oai(header = "Location")]
        String,
    ),
    /// Another user has this email address, in this or another letter case.
    #[oai(status = 409)]
    EmailTaken(Problem),
}

/// The operations on users.
pub struct Users {
    store: Arc<dyn UserStore>,
}

impl Users {
    /// The operations, on this store.
    pub fn new(store: Arc<dyn UserStore>) -> Self {
        Self { store }
    }
}

#[OpenApi(tag = "Tag::Users")]
impl Users {
    /// Create a user
    ///
    /// Creates a user who has no portfolios yet. The email address must not belong to another user, whatever the letter case. The
    /// answer comes after the user is durably stored.
    #[oai(path = "/users", method = "post", operation_id = "createUser")]
    async fn create_user(
        &self,
        #[oai(scope = "Scope::WriteUsers")] _caller: Authorized,
        Json(new): Json<CreateUser>,
    ) -> Result<CreateUserResponse> {
        let user = User::create(new, ObjectId::new(), Utc::now());
        match self.store.insert(user).await {
            Ok(user) => {
                let location = format!("/users/{}", user.id);
                Ok(CreateUserResponse::Created(Json(user), location))
            }
            Err(StoreError::EmailTaken) => Ok(CreateUserResponse::EmailTaken(email_taken())),
            Err(error) => Err(Problem::unavailable(1, error.to_string()).into()),
        }
    }
}

fn email_taken() -> Problem {
    Problem::new(Code::Conflict).errors(vec![Violation {
        pointer: "/email".to_owned(),
        rule: "unique".to_owned(),
        message: "must not belong to another user".to_owned(),
    }])
}

/// What the derived document lacks about these types and operations, as a JSON Merge Patch (RFC 7386) on it.
pub fn refinements() -> Value {
    let working = json!(["FullTime", "PartTime", "SelfEmployed"]);
    json!({
        "components": { "schemas": {
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
                "properties": { "email": { "format": "email", "x-unique": true } },
                "examples": [{
                    "email": "john.doe@example.com", "firstName": "John", "lastName": "Doe", "dateOfBirth": "1990-05-15",
                    "residencyCountry": "GR", "language": "en", "nationality": "GR"
                }]
            },
            "Holding": { "examples": [{ "isin": "US0378331005", "assetCommonId": "AAPL", "quantity": 2.5 }] },
            "Portfolio": { "examples": [{
                "id": "64f0c51e7fb3fc001234b001", "currency": "EUR", "holdings": [],
                "createdAt": "2024-10-03T10:30:00Z", "updatedAt": "2024-10-03T10:30:00Z"
            }] },
            "User": {
                "properties": {
                    "email": { "format": "email" },
                    "nationalities": { "items": { "pattern": "^[A-Z]{2}$" } }
                },
                "examples": [{
                    "id": "64f0c51e7fb3fc001234a001", "email": "john.doe@example.com", "portfolios": [],
                    "createdAt": "2024-10-03T10:30:00Z", "updatedAt": "2024-10-03T10:30:00Z",
                    "firstName": "John", "lastName": "Doe", "dateOfBirth": "1990-05-15",
                    "residencyCountry": "GR", "language": "en", "nationalities": ["GR"]
                }]
            }
        } },
        "paths": { "/users": { "post": {
            "requestBody": { "description": "The user to create." },
            "responses": { "201": { "headers": { "Location": {
                "schema": { "format": "uri-reference" }, "example": "/users/64f0c51e7fb3fc001234a001"
            } } } }
        } } }
    })
}
