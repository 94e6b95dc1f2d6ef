//! The types of users, as the document shows them, and their way to and from the stored type.

use bson::oid::ObjectId;
use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};

use crate::user;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Where the user lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Where the user pays tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_residency: Option<TaxResidency>,
    /// Citizenship, as a two-letter ISO 3166-1 code.
    #[oai(validator(pattern = "^[A-Z]{2}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nationality: Option<String>,
    /// How the user earns a living.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employment_info: Option<EmploymentInfo>,
}

/// What to change of an address. What is not named stays as it is; a user who has no address must be given a whole one.
#[derive(Object, Debug)]
#[oai(rename_all = "camelCase")]
pub struct UpdateAddress {
    /// Street and number.
    #[oai(validator(min_length = 1))]
    pub line1: Option<String>,
    /// Flat, floor or building; `null` removes it.
    #[oai(validator(min_length = 1))]
    pub line2: Option<String>,
    /// Town or city.
    #[oai(validator(min_length = 1))]
    pub city: Option<String>,
    /// Postal code, as the country writes it.
    #[oai(validator(min_length = 1))]
    pub postal_code: Option<String>,
    /// Country, as a two-letter ISO 3166-1 code.
    #[oai(validator(pattern = "^[A-Z]{2}$"))]
    pub country_code: Option<String>,
}

/// What to change of where the user pays tax. What is not named stays as it is; a user who has none must be given a whole one.
#[derive(Object, Debug)]
#[oai(rename_all = "camelCase")]
pub struct UpdateTaxResidency {
    /// Country, as a two-letter ISO 3166-1 code.
    #[oai(validator(pattern = "^[A-Z]{2}$"))]
    pub country_code: Option<String>,
    /// What kind of proof `value` is.
    #[oai(validator(min_length = 1))]
    pub proof_type: Option<String>,
    /// The proof itself, such as a tax identification number.
    #[oai(validator(min_length = 1))]
    pub value: Option<String>,
}

/// What to change of how the user earns a living. What is not named stays as it is; a user who has none must be given a whole one. The
/// result must have an `industry` when its `employmentStatus` is `FullTime`, `PartTime` or `SelfEmployed`.
#[derive(Object, Debug)]
#[oai(rename_all = "camelCase")]
pub struct UpdateEmploymentInfo {
    /// Which band of yearly income the user is in.
    #[oai(validator(min_length = 1))]
    pub income_range_id: Option<String>,
    /// Whether and how the user is employed.
    #[oai(validator(min_length = 1))]
    pub employment_status: Option<String>,
    /// Where the user's wealth comes from: the whole list.
    #[oai(validator(min_items = 1))]
    pub sources_of_wealth: Option<Vec<String>>,
    /// The industry that the user works in; `null` removes it.
    #[oai(validator(min_length = 1))]
    pub industry: Option<String>,
}

/// What to change of a user, as a JSON Merge Patch (RFC 7396): what is not named stays as it is, and `null` removes what may be absent.
#[derive(Object, Debug)]
#[oai(rename_all = "camelCase")]
pub struct UpdateUser {
    /// Email address. No two users share one, whatever the letter case.
    pub email: Option<String>,
    /// Given name.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub first_name: Option<String>,
    /// Family name.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub last_name: Option<String>,
    /// Date of birth.
    pub date_of_birth: Option<NaiveDate>,
    /// Country of residence, as a two-letter ISO 3166-1 code.
    #[oai(validator(pattern = "^[A-Z]{2}$"))]
    pub residency_country: Option<String>,
    /// The language to address the user in: `en` (English) or `el` (Greek); `null` removes it.
    pub language: Option<String>,
    /// Where the user lives; `null` removes it.
    pub address: Option<UpdateAddress>,
    /// Where the user pays tax; `null` removes it.
    pub tax_residency: Option<UpdateTaxResidency>,
    /// The user's citizenships, each a two-letter ISO 3166-1 code: the whole list; `null` removes it.
    #[oai(validator(min_items = 1))]
    pub nationalities: Option<Vec<String>>,
    /// How the user earns a living; `null` removes it.
    pub employment_info: Option<UpdateEmploymentInfo>,
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

/// A user.
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

/// Some users, in the order of their ids.
#[derive(Object, Serialize, Debug)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
#[serde(rename_all = "camelCase")]
pub struct UserList {
    /// The users.
    pub items: Vec<User>,
    /// Where the next page begins: the value of `cursor` for it. Absent on the last page.
    #[oai(validator(pattern = "^[A-Za-z0-9_-]{16}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl CreateUser {
    /// The user that this request creates. The time is cut to milliseconds, which is what is stored and sent.
    pub fn into_user(self, id: ObjectId, now: DateTime<Utc>) -> user::User {
        let now = now.trunc_subsecs(3);
        user::User {
            id: id.to_hex(),
            email: self.email,
            portfolios: Vec::new(),
            created_at: now,
            updated_at: now,
            first_name: Some(self.first_name),
            last_name: Some(self.last_name),
            date_of_birth: Some(self.date_of_birth),
            residency_country: Some(self.residency_country),
            language: self.language.map(Into::into),
            address: self.address.map(Into::into),
            tax_residency: self.tax_residency.map(Into::into),
            nationalities: self.nationality.map(|nationality| vec![nationality]),
            employment_info: self.employment_info.map(Into::into),
            revision: None,
            idempotency: None,
        }
    }
}

impl User {
    /// The stored user with these properties for those that a request can change.
    pub fn onto(self, stored: user::User) -> user::User {
        user::User {
            email: self.email,
            first_name: self.first_name,
            last_name: self.last_name,
            date_of_birth: self.date_of_birth,
            residency_country: self.residency_country,
            language: self.language.map(Into::into),
            address: self.address.map(Into::into),
            tax_residency: self.tax_residency.map(Into::into),
            nationalities: self.nationalities,
            employment_info: self.employment_info.map(Into::into),
            ..stored
        }
    }
}

impl From<user::User> for User {
    fn from(user: user::User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            portfolios: user.portfolios.into_iter().map(Into::into).collect(),
            created_at: user.created_at,
            updated_at: user.updated_at,
            first_name: user.first_name,
            last_name: user.last_name,
            date_of_birth: user.date_of_birth,
            residency_country: user.residency_country,
            language: user.language.map(Into::into),
            address: user.address.map(Into::into),
            tax_residency: user.tax_residency.map(Into::into),
            nationalities: user.nationalities,
            employment_info: user.employment_info.map(Into::into),
        }
    }
}

impl From<user::Portfolio> for Portfolio {
    fn from(portfolio: user::Portfolio) -> Self {
        Self {
            id: portfolio.id,
            currency: portfolio.currency,
            holdings: portfolio.holdings.into_iter().map(Into::into).collect(),
            created_at: portfolio.created_at,
            updated_at: portfolio.updated_at,
        }
    }
}

/// Converts between a wire type and the stored type of the same name, whose fields are the same today.
macro_rules! convert {
    ($name:ident { $($field:ident),* }) => {
        impl From<$name> for user::$name {
            fn from($name { $($field),* }: $name) -> Self {
                Self { $($field),* }
            }
        }

        impl From<user::$name> for $name {
            fn from(user::$name { $($field),* }: user::$name) -> Self {
                Self { $($field),* }
            }
        }
    };
}

convert!(Address { line1, line2, city, postal_code, country_code });
convert!(TaxResidency { country_code, proof_type, value });
convert!(EmploymentInfo { income_range_id, employment_status, sources_of_wealth, industry });
convert!(Holding { isin, asset_common_id, quantity });

impl From<Language> for user::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::El => Self::El,
        }
    }
}

impl From<user::Language> for Language {
    fn from(language: user::Language) -> Self {
        match language {
            user::Language::En => Self::En,
            user::Language::El => Self::El,
        }
    }
}
