//! The domain type: a user, as stores keep it.
//!
//! The serialised form is what is on disk. It is apart from the wire types in [`crate::api::users`], so that a change of an answer is
//! no migration of data. A change here is one.

use bson::oid::ObjectId;
use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A language that the user can be addressed in.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English
    En,
    /// Greek
    El,
}

/// A postal address.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    /// Street and number.
    pub line1: String,
    /// Flat, floor or building.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// Town or city.
    pub city: String,
    /// Postal code, as the country writes it.
    pub postal_code: String,
    /// Country, as a two-letter ISO 3166-1 code.
    pub country_code: String,
}

/// Where the user pays tax, and the proof of it.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxResidency {
    /// Country, as a two-letter ISO 3166-1 code.
    pub country_code: String,
    /// What kind of proof `value` is.
    pub proof_type: String,
    /// The proof itself, such as a tax identification number.
    pub value: String,
}

/// How the user earns a living. `industry` is required for those who work: when `employmentStatus` is `FullTime`, `PartTime` or
/// `SelfEmployed`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmploymentInfo {
    /// Which band of yearly income the user is in.
    pub income_range_id: String,
    /// Whether and how the user is employed.
    pub employment_status: String,
    /// Where the user's wealth comes from.
    pub sources_of_wealth: Vec<String>,
    /// The industry that the user works in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
}

/// Something that a portfolio holds.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
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
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Portfolio {
    /// The portfolio's identifier: a MongoDB ObjectId.
    pub id: String,
    /// Currency, as a three-letter ISO 4217 code.
    pub currency: String,
    /// What the portfolio holds.
    pub holdings: Vec<Holding>,
    /// When the portfolio was created, in UTC.
    pub created_at: DateTime<Utc>,
    /// When the portfolio was last changed, in UTC.
    pub updated_at: DateTime<Utc>,
}

/// A user.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's identifier: a MongoDB ObjectId.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Date of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<NaiveDate>,
    /// Country of residence, as a two-letter ISO 3166-1 code.
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
    /// Names the last change, 24 hexadecimal digits; none for a user who is as created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// What a retry of the request that created the user is recognised by, as long as that is kept; none where it had no key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
}

/// What a retry of a request with an `Idempotency-Key` is recognised by: hashes alone.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Idempotency {
    /// The hash of caller and key: the same for every request with this key.
    pub key: String,
    /// The hash of caller, key and body: the same for retries of this request alone.
    pub request: String,
}

impl Idempotency {
    /// How long after the creation of its user it is kept.
    pub const KEPT: TimeDelta = TimeDelta::hours(24);
}

impl User {
    /// Names this state of this user: no other state of any user has the same name.
    pub fn version(&self) -> &str {
        self.revision.as_deref().unwrap_or(&self.id)
    }

    /// The user as a change at `now` leaves it: later than before, and with a version of its own. A time is cut to milliseconds,
    /// which is what is stored and sent. What retries are recognised by goes when it is too old.
    pub fn revised(mut self, now: DateTime<Utc>) -> Self {
        if !self.recognises_retries(now) {
            self.idempotency = None;
        }
        self.updated_at = now.trunc_subsecs(3).max(self.updated_at + TimeDelta::milliseconds(1));
        self.revision = Some(ObjectId::new().to_hex());
        self
    }

    /// Whether a retry of the request that created this user is still recognised at `now`.
    pub fn recognises_retries(&self, now: DateTime<Utc>) -> bool {
        self.idempotency.is_some() && now - self.created_at < Idempotency::KEPT
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A user with everything, as it has been stored since the first version.
    fn stored() -> Value {
        json!({
            "id": "64f0c51e7fb3fc001234a001", "email": "John.Doe@example.com",
            "portfolios": [{
                "id": "64f0c51e7fb3fc001234b001", "currency": "EUR",
                "holdings": [{ "isin": "US0378331005", "assetCommonId": "AAPL", "quantity": 2.5 }],
                "createdAt": "2024-10-03T10:30:00Z", "updatedAt": "2024-10-03T10:30:00Z"
            }],
            "createdAt": "2024-10-03T10:30:00.123Z", "updatedAt": "2024-10-03T10:30:00.123Z",
            "firstName": "John", "lastName": "Doe", "dateOfBirth": "1990-05-15", "residencyCountry": "GR", "language": "en",
            "address": {
                "line1": "12 Ermou", "line2": "Third floor", "city": "Athens", "postalCode": "105 63", "countryCode": "GR"
            },
            "taxResidency": { "countryCode": "GR", "proofType": "TIN", "value": "123456789" },
            "nationalities": ["GR"],
            "employmentInfo": {
                "incomeRangeId": "20k-50k", "employmentStatus": "FullTime", "sourcesOfWealth": ["Salary"], "industry": "Education"
            }
        })
    }

    #[test]
    fn what_is_on_disk_is_read_and_written_as_ever() {
        let user: User = serde_json::from_value(stored()).unwrap();
        assert_eq!(serde_json::to_string(&user).unwrap(), stored().to_string());
    }

    #[test]
    fn a_change_has_a_version_of_its_own_and_a_later_time() {
        let user: User = serde_json::from_value(stored()).unwrap();
        assert_eq!(user.version(), user.id);
        let earlier = user.updated_at - TimeDelta::days(1);
        let once = user.clone().revised(earlier);
        let twice = once.clone().revised(earlier);
        assert!(user.updated_at < once.updated_at && once.updated_at < twice.updated_at);
        assert!(user.version() != once.version() && once.version() != twice.version());
        assert_eq!(User { revision: None, updated_at: user.updated_at, ..twice }, user);
    }

    #[test]
    fn retries_are_recognised_for_a_day() {
        let idempotency = Some(Idempotency { key: "key".to_owned(), request: "request".to_owned() });
        let user = User { idempotency, ..serde_json::from_value(stored()).unwrap() };
        let a_day = user.created_at + TimeDelta::hours(24);
        let just_before = a_day - TimeDelta::milliseconds(1);
        assert!(user.recognises_retries(just_before) && !user.recognises_retries(a_day));
        assert!(!User { idempotency: None, ..user.clone() }.recognises_retries(just_before));
        assert_eq!(user.clone().revised(just_before).idempotency, user.idempotency);
        assert_eq!(user.revised(a_day).idempotency, None);
    }

    #[test]
    fn a_user_without_optional_properties_is_stored_without_them() {
        let mut minimal = stored();
        let optional = [
            "firstName",
            "lastName",
            "dateOfBirth",
            "residencyCountry",
            "language",
            "address",
            "taxResidency",
            "nationalities",
            "employmentInfo",
        ];
        for property in optional {
            minimal.as_object_mut().unwrap().shift_remove(property).unwrap();
        }
        let user: User = serde_json::from_value(minimal.clone()).unwrap();
        assert_eq!(serde_json::to_string(&user).unwrap(), minimal.to_string());
    }
}
