//! The faults that the server can have with the document of `POST /users`.

#![expect(clippy::unwrap_used, reason = "faults name places of that document, and a test applies every one")]

use hyper::{header::HeaderValue, http::request};
use serde_json::{Map, Value, json};

use crate::{
    document::Violation,
    door::Slip,
    parsing,
    server::{Content, Reply, Seen},
    store::Lapse,
};

/// What a fault has to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The request's schema, and the list of what breaks it.
    Validation,
    /// HTTP and JSON, beyond the schema.
    Protocol,
    /// Token and scopes.
    Authentication,
    /// What is stored.
    State,
    /// The answer's status, headers and body.
    Responses,
}

/// A named fault.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Its name, in words.
    pub name: &'static str,
    /// What it has to do with.
    pub group: Group,
    /// What a failure that this fault causes must point at: a JSON Pointer into the document, or one of [`RULES`].
    pub at: &'static str,
    /// Where and how it interferes.
    pub effect: Effect,
}

/// The rules that are not in the document, with what each promises.
pub const RULES: [(&str, &str); 36] = [
    // Protocol.
    ("duplicate-property", "a body with a property twice is refused"),
    ("trailing-bytes", "bytes after the JSON value are refused"),
    ("byte-order-mark", "a byte order mark is refused"),
    ("invalid-utf8", "a body that is not UTF-8 is refused"),
    ("truncated-body", "a body that ends early is refused as syntax"),
    ("invalid-json", "what is only almost JSON is refused as syntax"),
    ("empty-body", "an empty body is refused"),
    ("deep-nesting", "deep nesting is refused and breaks nothing"),
    ("content-type", "only the documented media types are accepted, in any case and with parameters"),
    ("charset", "UTF-8 may be named, and no other charset is accepted"),
    ("content-encoding", "a coded body is refused"),
    ("method", "another method than documented is answered 405"),
    ("allow", "405 names the documented methods"),
    ("head", "HEAD is answered as the document says"),
    ("options", "OPTIONS is answered as the document says"),
    ("body-limit", "an oversized body is refused with 413 and one below the limit is not"),
    ("chunked-body", "a chunked body is as good as another"),
    // Authentication.
    ("no-token", "without a token the answer is 401"),
    ("garbage-token", "what is no token is refused"),
    ("expired", "an expired token is refused"),
    ("not-yet-valid", "a token whose time has not come is refused"),
    ("issuer", "another issuer's token is refused"),
    ("audience", "a token for another API is refused"),
    ("key-id", "a token that names an unknown key is refused"),
    ("algorithm", "the token does not choose the algorithm"),
    ("signature", "a token that was changed is refused"),
    ("embedded-key", "the token does not bring its own key"),
    ("scope", "the documented scope is needed, exactly"),
    ("scheme", "the scheme is Bearer in any case, given once"),
    ("challenge", "401 and 403 carry the challenge of RFC 6750"),
    // State.
    ("unique", "a unique value is taken once, in any case and whoever races"),
    ("conflict", "only an equal value conflicts"),
    ("refused-changes-nothing", "a refused request leaves no trace"),
    ("stored", "what was created is stored once, as it was sent"),
    ("id", "every resource has an id of its own"),
    // Responses.
    ("no-server-error", "no request is answered with 5xx"),
];

/// Where and how a fault interferes.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Requests are held to another schema.
    Schema(Vec<Edit>),
    /// The head of the request is read otherwise.
    Head(fn(&mut request::Parts)),
    /// The body is parsed otherwise.
    Parse(fn(&[u8]) -> Result<Value, String>),
    /// The validator is shown another value.
    Shown(fn(&Value) -> Value),
    /// The value is converted before it is validated, and stays so.
    Converted(fn(&Value) -> Value),
    /// The list of violations, of this body, is changed.
    Errors(fn(&Value, &mut Vec<Violation>)),
    /// The check of the token.
    Door(Slip),
    /// The store.
    Store(Lapse),
    /// There is no limit to the body.
    Unlimited,
    /// The answer is changed.
    Reply(fn(&Seen, &mut Reply)),
}

/// A change of the document, at a JSON Pointer.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Puts a value there, also where nothing was.
    Set(&'static str, Value),
    /// Takes away what is there.
    Remove(&'static str),
    /// Takes a value out of the list there.
    Without(&'static str, Value),
    /// Adds a value to the list there.
    With(&'static str, Value),
}

impl Edit {
    /// Changes the document.
    pub fn apply(&self, document: &mut Value) {
        let (Self::Set(at, _) | Self::Remove(at) | Self::Without(at, _) | Self::With(at, _)) = self;
        let (parent, name) = at.rsplit_once('/').unwrap();
        let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {parent}")).as_object_mut().unwrap();
        let list = |parent: &mut Map<String, Value>| parent[name].as_array().unwrap().clone();
        match self {
            Self::Set(_, value) => drop(parent.insert(name.to_owned(), value.clone())),
            Self::Remove(_) => drop(parent.shift_remove(name).unwrap_or_else(|| panic!("nothing at {at}"))),
            Self::Without(_, value) => {
                let left = list(parent).into_iter().filter(|other| other != value).collect();
                parent.insert(name.to_owned(), left);
            }
            Self::With(_, value) => {
                let more = list(parent).into_iter().chain([value.clone()]).collect();
                parent.insert(name.to_owned(), more);
            }
        }
    }
}

/// Every fault, for the document of `POST /users`.
pub fn faults() -> Vec<Fault> {
    let groups = [bounds(), texts(), presence(), shapes(), conditions(), conversions(), reports()];
    groups.into_iter().flatten().chain(protocol()).chain(authentication()).chain(state()).chain(responses()).collect()
}

/// A place in the schemas of the document.
macro_rules! at {
    ($path:literal) => {
        concat!("/components/schemas/", $path)
    };
}

fn fault(name: &'static str, group: Group, at: &'static str, effect: Effect) -> Fault {
    Fault { name, group, at, effect }
}

fn edits<const N: usize>(name: &'static str, at: &'static str, edits: [Edit; N]) -> Fault {
    fault(name, Group::Validation, at, Effect::Schema(edits.into()))
}

/// Another value for a keyword.
fn set(name: &'static str, at: &'static str, value: Value) -> Fault {
    edits(name, at, [Edit::Set(at, value)])
}

/// No such keyword.
fn dropped(name: &'static str, at: &'static str) -> Fault {
    edits(name, at, [Edit::Remove(at)])
}

/// A keyword that the document does not have; a failure can only point at the schema that it was added to.
fn invented(name: &'static str, at: &'static str, keyword: &'static str, value: Value) -> Fault {
    edits(name, at, [Edit::Set(keyword, value)])
}

/// A property that need not be there.
fn optional(name: &'static str, at: &'static str, property: &str) -> Fault {
    edits(name, at, [Edit::Without(at, json!(property))])
}

/// A property that must be there.
fn demanded(name: &'static str, at: &'static str, property: &str) -> Fault {
    edits(name, at, [Edit::With(at, json!(property))])
}

/// Lengths and numbers of items, one off or gone.
fn bounds() -> Vec<Fault> {
    vec![
        dropped("first name may be empty", at!("CreateUser/properties/firstName/minLength")),
        set("first name needs two characters", at!("CreateUser/properties/firstName/minLength"), json!(2)),
        dropped("first name has no longest length", at!("CreateUser/properties/firstName/maxLength")),
        set("first name has at most 99 characters", at!("CreateUser/properties/firstName/maxLength"), json!(99)),
        set("first name has at most 101 characters", at!("CreateUser/properties/firstName/maxLength"), json!(101)),
        dropped("last name may be empty", at!("CreateUser/properties/lastName/minLength")),
        set("last name needs two characters", at!("CreateUser/properties/lastName/minLength"), json!(2)),
        dropped("last name has no longest length", at!("CreateUser/properties/lastName/maxLength")),
        set("last name has at most 99 characters", at!("CreateUser/properties/lastName/maxLength"), json!(99)),
        set("last name has at most 255 characters", at!("CreateUser/properties/lastName/maxLength"), json!(255)),
        dropped("address line 1 may be empty", at!("Address/properties/line1/minLength")),
        dropped("address line 2 may be empty", at!("Address/properties/line2/minLength")),
        dropped("city may be empty", at!("Address/properties/city/minLength")),
        dropped("postal code may be empty", at!("Address/properties/postalCode/minLength")),
        set("postal code needs four characters", at!("Address/properties/postalCode/minLength"), json!(4)),
        dropped("proof type may be empty", at!("TaxResidency/properties/proofType/minLength")),
        dropped("proof value may be empty", at!("TaxResidency/properties/value/minLength")),
        dropped("income range may be empty", at!("EmploymentInfo/properties/incomeRangeId/minLength")),
        dropped("employment status may be empty", at!("EmploymentInfo/properties/employmentStatus/minLength")),
        dropped("industry may be empty", at!("EmploymentInfo/properties/industry/minLength")),
        dropped("source of wealth may be empty", at!("EmploymentInfo/properties/sourcesOfWealth/items/minLength")),
        dropped("there may be no source of wealth", at!("EmploymentInfo/properties/sourcesOfWealth/minItems")),
        set("there must be two sources of wealth", at!("EmploymentInfo/properties/sourcesOfWealth/minItems"), json!(2)),
        invented(
            "there is at most one source of wealth",
            at!("EmploymentInfo/properties/sourcesOfWealth"),
            at!("EmploymentInfo/properties/sourcesOfWealth/maxItems"),
            json!(1),
        ),
        invented(
            "city has at most 50 characters",
            at!("Address/properties/city"),
            at!("Address/properties/city/maxLength"),
            json!(50),
        ),
    ]
}

/// Patterns, formats and sets of values, wider or narrower.
fn texts() -> Vec<Fault> {
    const COUNTRY: &str = at!("CreateUser/properties/residencyCountry/pattern");
    const EMAIL: &str = at!("CreateUser/properties/email/format");
    const DAY: &str = at!("CreateUser/properties/dateOfBirth/format");
    const LANGUAGE: &str = at!("Language/enum");
    vec![
        dropped("country is any text", COUNTRY),
        set("country pattern is not anchored", COUNTRY, json!("[A-Z]{2}")),
        set("country pattern is anchored at the start only", COUNTRY, json!("^[A-Z]{2}")),
        set("country pattern is anchored at the end only", COUNTRY, json!("[A-Z]{2}$")),
        set("country may be in lower case", COUNTRY, json!("^[A-Za-z]{2}$")),
        set("country may have digits", COUNTRY, json!("^[A-Z0-9]{2}$")),
        set("country may have any word characters", COUNTRY, json!(r"^\w{2}$")),
        set("country may have three letters", COUNTRY, json!("^[A-Z]{2,3}$")),
        set("country may have one letter", COUNTRY, json!("^[A-Z]{1,2}$")),
        set("country must have three letters", COUNTRY, json!("^[A-Z]{3}$")),
        set("country may be in another alphabet", COUNTRY, json!(r"^\p{Lu}{2}$")),
        set("country may end with a line break", COUNTRY, json!("^[A-Z]{2}\\n?$")),
        set("country is one of a list", COUNTRY, json!("^(GR|CY|US|GB|DE|FR)$")),
        dropped("nationality is any text", at!("CreateUser/properties/nationality/pattern")),
        set("nationality may be in lower case", at!("CreateUser/properties/nationality/pattern"), json!("^[A-Za-z]{2}$")),
        dropped("country of the address is any text", at!("Address/properties/countryCode/pattern")),
        set(
            "country of the address may have three letters",
            at!("Address/properties/countryCode/pattern"),
            json!("^[A-Z]{2,3}$"),
        ),
        dropped("country of tax is any text", at!("TaxResidency/properties/countryCode/pattern")),
        set("country of tax pattern is not anchored", at!("TaxResidency/properties/countryCode/pattern"), json!("[A-Z]{2}")),
        dropped("email is any text", EMAIL),
        edits(
            "email is anything around an at sign",
            EMAIL,
            [Edit::Remove(EMAIL), Edit::Set(at!("CreateUser/properties/email/pattern"), json!("@"))],
        ),
        invented(
            "email must be in lower case",
            at!("CreateUser/properties/email"),
            at!("CreateUser/properties/email/pattern"),
            json!("^[^A-Z]*$"),
        ),
        dropped("date of birth is any text", DAY),
        edits(
            "date of birth need not be in the calendar",
            DAY,
            [Edit::Remove(DAY), Edit::Set(at!("CreateUser/properties/dateOfBirth/pattern"), json!(r"^\d{4}-\d{2}-\d{2}$"))],
        ),
        edits(
            "date of birth may be a date-time",
            DAY,
            [
                Edit::Remove(DAY),
                Edit::Set(at!("CreateUser/properties/dateOfBirth/anyOf"), json!([{"format": "date"}, {"format": "date-time"}])),
            ],
        ),
        invented(
            "date of birth is after 1900",
            at!("CreateUser/properties/dateOfBirth"),
            at!("CreateUser/properties/dateOfBirth/pattern"),
            json!("^(19|20)"),
        ),
        invented(
            "nobody is born on a leap day",
            at!("CreateUser/properties/dateOfBirth"),
            at!("CreateUser/properties/dateOfBirth/not"),
            json!({"pattern": "-02-29$"}),
        ),
        edits("language may not be Greek", LANGUAGE, [Edit::Without(LANGUAGE, json!("el"))]),
        edits("language may be German", LANGUAGE, [Edit::With(LANGUAGE, json!("de"))]),
        dropped("language is any text", LANGUAGE),
        edits(
            "language may be in any case",
            LANGUAGE,
            [Edit::Remove(LANGUAGE), Edit::Set(at!("Language/pattern"), json!("^([eE][nN]|[eE][lL])$"))],
        ),
        edits(
            "language begins as a known one",
            LANGUAGE,
            [Edit::Remove(LANGUAGE), Edit::Set(at!("Language/pattern"), json!("^(en|el)"))],
        ),
        invented(
            "employment status is one of a list",
            at!("EmploymentInfo/properties/employmentStatus"),
            at!("EmploymentInfo/properties/employmentStatus/enum"),
            json!(["FullTime", "PartTime", "SelfEmployed"]),
        ),
        invented(
            "proof type is one of a list",
            at!("TaxResidency/properties/proofType"),
            at!("TaxResidency/properties/proofType/enum"),
            json!(["TIN", "SSN"]),
        ),
    ]
}

/// Properties that need not be there, and others that must.
fn presence() -> Vec<Fault> {
    vec![
        optional("email is optional", at!("CreateUser/required"), "email"),
        optional("first name is optional", at!("CreateUser/required"), "firstName"),
        optional("last name is optional", at!("CreateUser/required"), "lastName"),
        optional("date of birth is optional", at!("CreateUser/required"), "dateOfBirth"),
        optional("residency is optional", at!("CreateUser/required"), "residencyCountry"),
        optional("address line 1 is optional", at!("Address/required"), "line1"),
        optional("city is optional", at!("Address/required"), "city"),
        optional("postal code is optional", at!("Address/required"), "postalCode"),
        optional("country of the address is optional", at!("Address/required"), "countryCode"),
        optional("country of tax is optional", at!("TaxResidency/required"), "countryCode"),
        optional("proof type is optional", at!("TaxResidency/required"), "proofType"),
        optional("proof value is optional", at!("TaxResidency/required"), "value"),
        optional("income range is optional", at!("EmploymentInfo/required"), "incomeRangeId"),
        optional("employment status is optional", at!("EmploymentInfo/required"), "employmentStatus"),
        optional("sources of wealth are optional", at!("EmploymentInfo/required"), "sourcesOfWealth"),
        demanded("language is required", at!("CreateUser/required"), "language"),
        demanded("nationality is required", at!("CreateUser/required"), "nationality"),
        demanded("address is required", at!("CreateUser/required"), "address"),
        demanded("tax residency is required", at!("CreateUser/required"), "taxResidency"),
        demanded("employment is required", at!("CreateUser/required"), "employmentInfo"),
        demanded("address line 2 is required", at!("Address/required"), "line2"),
        demanded("industry is always required", at!("EmploymentInfo/required"), "industry"),
    ]
}

/// Types and objects: open, unchecked, null.
fn shapes() -> Vec<Fault> {
    let nullable = |name, at: &'static str, kind: &str| edits(name, at, [Edit::Set(at, json!([kind, "null"]))]);
    vec![
        dropped("the user is open", at!("CreateUser/additionalProperties")),
        dropped("the address is open", at!("Address/additionalProperties")),
        dropped("the tax residency is open", at!("TaxResidency/additionalProperties")),
        dropped("the employment is open", at!("EmploymentInfo/additionalProperties")),
        set("unknown properties of the user may be strings", at!("CreateUser/additionalProperties"), json!({"type": "string"})),
        dropped("the user may be of any type", at!("CreateUser/type")),
        dropped("first name may be of any type", at!("CreateUser/properties/firstName/type")),
        dropped("date of birth may be of any type", at!("CreateUser/properties/dateOfBirth/type")),
        dropped("city may be of any type", at!("Address/properties/city/type")),
        dropped("source of wealth may be of any type", at!("EmploymentInfo/properties/sourcesOfWealth/items/type")),
        nullable("first name may be null", at!("CreateUser/properties/firstName/type"), "string"),
        nullable("nationality may be null", at!("CreateUser/properties/nationality/type"), "string"),
        nullable("address may be null", at!("Address/type"), "object"),
        nullable("address line 2 may be null", at!("Address/properties/line2/type"), "string"),
        nullable("industry may be null", at!("EmploymentInfo/properties/industry/type"), "string"),
        nullable("sources of wealth may be null", at!("EmploymentInfo/properties/sourcesOfWealth/type"), "array"),
        set(
            "one source of wealth need not be a list",
            at!("EmploymentInfo/properties/sourcesOfWealth/type"),
            json!(["array", "string"]),
        ),
        edits(
            "tax residency is not looked into",
            at!("CreateUser/properties/taxResidency"),
            [Edit::Set(at!("CreateUser/properties/taxResidency"), json!({"type": "object"}))],
        ),
        dropped("sources of wealth are not looked at", at!("EmploymentInfo/properties/sourcesOfWealth/items")),
    ]
}

/// When industry is required.
fn conditions() -> Vec<Fault> {
    const IF: &str = at!("EmploymentInfo/if");
    const THEN: &str = at!("EmploymentInfo/then");
    const STATUSES: &str = at!("EmploymentInfo/if/properties/employmentStatus/enum");
    let without = |name, status: &str| edits(name, STATUSES, [Edit::Without(STATUSES, json!(status))]);
    vec![
        edits("industry is never required", THEN, [Edit::Remove(THEN)]),
        without("industry is not required of full-timers", "FullTime"),
        without("industry is not required of part-timers", "PartTime"),
        without("industry is not required of the self-employed", "SelfEmployed"),
        edits("industry is required of the retired", STATUSES, [Edit::With(STATUSES, json!("Retired"))]),
        edits(
            "industry is required in any case of the status",
            STATUSES,
            [
                Edit::Remove(STATUSES),
                Edit::Set(
                    at!("EmploymentInfo/if/properties/employmentStatus/pattern"),
                    json!("^([Ff]ull[Tt]ime|[Pp]art[Tt]ime|[Ss]elf[Ee]mployed)$"),
                ),
            ],
        ),
        edits("industry is required whatever the status", IF, [Edit::Set(IF, json!(true))]),
        edits(
            "industry is required of the others",
            IF,
            [Edit::Remove(THEN), Edit::Set(at!("EmploymentInfo/else"), json!({"required": ["industry"]}))],
        ),
        edits(
            "industry is forbidden to the others",
            at!("EmploymentInfo/properties/industry"),
            [Edit::Set(at!("EmploymentInfo/else"), json!({"properties": {"industry": false}}))],
        ),
    ]
}

/// Values that are changed before they are looked at.
fn conversions() -> Vec<Fault> {
    let shown = |name, at, change| fault(name, Group::Validation, at, Effect::Shown(change));
    let converted = |name, at, change| fault(name, Group::Validation, at, Effect::Converted(change));
    vec![
        converted("numbers are made strings", at!("CreateUser/properties/firstName/type"), |value| {
            each(value, &|value| if value.is_number() { json!(value.to_string()) } else { value })
        }),
        converted("booleans are made strings", at!("CreateUser/properties/firstName/type"), |value| {
            each(value, &|value| if value.is_boolean() { json!(value.to_string()) } else { value })
        }),
        converted("null is taken for absent", at!("CreateUser/properties/nationality/type"), |value| {
            each(value, &|value| match value {
                Value::Object(object) => object.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into(),
                value => value,
            })
        }),
        converted("null is taken for a text", at!("EmploymentInfo/properties/industry/type"), |value| {
            each(value, &|value| if value.is_null() { json!("none") } else { value })
        }),
        converted("a list of one is taken for its item", at!("CreateUser/properties/firstName/type"), |value| {
            each(value, &|value| match value {
                Value::Object(object) => {
                    let single = |(name, value): (String, Value)| match value {
                        Value::Array(mut items) if items.len() == 1 && name != "sourcesOfWealth" => (name, items.remove(0)),
                        value => (name, value),
                    };
                    object.into_iter().map(single).collect::<Map<_, _>>().into()
                }
                value => value,
            })
        }),
        converted("an item is taken for a list of one", at!("EmploymentInfo/properties/sourcesOfWealth/type"), |value| {
            let mut value = value.clone();
            if let Some(sources) = value.pointer_mut("/employmentInfo/sourcesOfWealth").filter(|sources| sources.is_string()) {
                *sources = json!([sources]);
            }
            value
        }),
        shown(
            "values are looked at without the white space around them",
            at!("CreateUser/properties/residencyCountry/pattern"),
            |v| strings(v, &|text| text.trim().to_owned()),
        ),
        shown("blank names count as empty", at!("CreateUser/properties/firstName/minLength"), |value| {
            strings(value, &|text| if text.trim().is_empty() { String::new() } else { text.to_owned() })
        }),
        shown("countries are looked at in upper case", at!("CreateUser/properties/residencyCountry/pattern"), |value| {
            strings(value, &|text| {
                if text.len() == 2 && text != "en" && text != "el" { text.to_uppercase() } else { text.to_owned() }
            })
        }),
        shown("lengths count bytes", at!("CreateUser/properties/firstName/maxLength"), |value| {
            strings(value, &|text| spread(text, char::len_utf8))
        }),
        shown("lengths count UTF-16 units", at!("CreateUser/properties/firstName/maxLength"), |value| {
            strings(value, &|text| spread(text, char::len_utf16))
        }),
        shown("lengths do not count combining marks", at!("CreateUser/properties/firstName"), |value| {
            strings(value, &|text| text.chars().filter(|one| !('\u{300}'..='\u{36f}').contains(one)).collect())
        }),
        shown("texts end at a NUL", at!("CreateUser/properties/firstName/minLength"), |value| {
            strings(value, &|text| text.split('\0').next().unwrap_or_default().to_owned())
        }),
    ]
}

/// Changes a value and everything in it, from the inside out.
fn each(value: &Value, change: &impl Fn(Value) -> Value) -> Value {
    change(match value {
        Value::Array(items) => items.iter().map(|item| each(item, change)).collect(),
        Value::Object(object) => {
            object.iter().map(|(name, value)| (name.clone(), each(value, change))).collect::<Map<_, _>>().into()
        }
        value => value.clone(),
    })
}

fn strings(value: &Value, change: &impl Fn(&str) -> String) -> Value {
    each(value, &|value| value.as_str().map(|text| json!(change(text))).unwrap_or(value))
}

/// The text with as many letters for each character beyond ASCII as its encoding has units.
fn spread(text: &str, units: fn(char) -> usize) -> String {
    text.chars().map(|one| if one.is_ascii() { one.to_string() } else { "x".repeat(units(one)) }).collect()
}

/// Wrong reports of what is broken.
fn reports() -> Vec<Fault> {
    const ERRORS: &str = at!("Problem/properties/errors");
    const POINTER: &str = at!("Violation/properties/pointer");
    const RULE: &str = at!("Violation/properties/rule");
    const MESSAGE: &str = at!("Violation/properties/message");
    let errors = |name, at, change| fault(name, Group::Validation, at, Effect::Errors(change));
    vec![
        errors("only the first violation is reported", ERRORS, |_, broken| broken.truncate(1)),
        errors("no violation is reported", ERRORS, |_, broken| broken.clear()),
        errors("a violation is reported that is none", at!("Language"), |_, broken| {
            broken.push(violation("/language", "enum", "is wrong"))
        }),
        errors("every violation is reported as of the whole body", POINTER, |_, broken| {
            broken.iter_mut().for_each(|one| one.pointer.clear());
        }),
        errors("a missing property is reported as of its object", POINTER, |_, broken| {
            for one in broken.iter_mut().filter(|one| one.rule == "required") {
                one.pointer.truncate(one.pointer.rfind('/').unwrap_or(0));
            }
        }),
        errors("an unknown property is reported as of its object", POINTER, |_, broken| {
            for one in broken.iter_mut().filter(|one| one.rule == "additionalProperties") {
                one.pointer.truncate(one.pointer.rfind('/').unwrap_or(0));
            }
        }),
        errors("pointers are without the object that the property is in", POINTER, |_, broken| {
            broken.iter_mut().for_each(|one| one.pointer = format!("/{}", one.pointer.rsplit('/').next().unwrap_or_default()));
        }),
        errors("pointers are paths with dots", POINTER, |_, broken| {
            broken.iter_mut().for_each(|one| one.pointer = one.pointer.trim_start_matches('/').replace('/', "."));
        }),
        errors("an item is reported as of its list", POINTER, |_, broken| {
            for one in broken {
                one.pointer
                    .truncate(one.pointer.trim_end_matches(|last: char| last.is_ascii_digit()).trim_end_matches('/').len());
            }
        }),
        errors("every rule is reported as invalid", RULE, |_, broken| {
            broken.iter_mut().for_each(|one| one.rule = "invalid".to_owned());
        }),
        errors("too long is reported as too short", RULE, |_, broken| {
            for one in broken.iter_mut().filter(|one| one.rule == "maxLength") {
                one.rule = "minLength".to_owned();
            }
        }),
        errors("a wrong format is reported as a pattern", RULE, |_, broken| {
            for one in broken.iter_mut().filter(|one| one.rule == "format") {
                one.rule = "pattern".to_owned();
            }
        }),
        errors("messages repeat the value", MESSAGE, |body, broken| {
            for one in broken {
                let value =
                    body.pointer(&one.pointer).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                one.message = format!("{}, not {}", one.message, value.unwrap_or_default());
            }
        }),
    ]
}

fn violation(pointer: &str, rule: &str, message: &str) -> Violation {
    Violation { pointer: pointer.to_owned(), rule: rule.to_owned(), message: message.to_owned() }
}

fn protocol() -> Vec<Fault> {
    let of = |name, at, effect| fault(name, Group::Protocol, at, effect);
    let parse = |name, at, parse| of(name, at, Effect::Parse(parse));
    let head = |name, at, change| of(name, at, Effect::Head(change));
    let reply = |name, at, change| of(name, at, Effect::Reply(change));
    vec![
        parse("of a property that is there twice the last one counts", "duplicate-property", parsing::last_wins),
        parse("what comes after the value is ignored", "trailing-bytes", parsing::first_value),
        parse("a byte order mark is skipped", "byte-order-mark", |bytes| {
            parsing::strict(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes))
        }),
        parse("invalid UTF-8 is replaced", "invalid-utf8", |bytes| parsing::strict(String::from_utf8_lossy(bytes).as_bytes())),
        parse("a body that ends early is completed", "truncated-body", |bytes| {
            let ends = ["", "}", "\"}", "]}", "}}", "\"}}", "\"]}", "]}}", "\"]}}"];
            let mut completed = ends.iter().map(|end| parsing::strict(&[bytes, end.as_bytes()].concat()));
            completed.find(Result::is_ok).unwrap_or_else(|| parsing::strict(bytes))
        }),
        parse("a broken body is taken for an empty object", "truncated-body", |bytes| {
            Ok(parsing::strict(bytes).unwrap_or_else(|_| json!({})))
        }),
        parse("an empty body is taken for an empty object", "empty-body", |bytes| {
            if bytes.is_empty() { Ok(json!({})) } else { parsing::strict(bytes) }
        }),
        parse("a comma may be at the end", "invalid-json", |bytes| {
            parsing::strict(bytes)
                .or_else(|_| parsing::strict(String::from_utf8_lossy(bytes).replace(",}", "}").replace(",]", "]").as_bytes()))
        }),
        parse("a text may have bare control characters", "invalid-json", |bytes| {
            let escaped: String = String::from_utf8_lossy(bytes)
                .chars()
                .map(|one| if one < ' ' { format!("\\u{:04x}", u32::from(one)) } else { one.to_string() })
                .collect();
            parsing::strict(bytes).or_else(|error| parsing::strict(escaped.as_bytes()).map_err(|_| error))
        }),
        head("the media type is not looked at", "content-type", |head| content_type(head, "application/json")),
        head("the media type may be missing", "content-type", |head| {
            if !head.headers.contains_key("content-type") {
                content_type(head, "application/json");
            }
        }),
        head("every media type with json in its name is accepted", "content-type", |head| {
            if of_type(head, |text| text.contains("json")) {
                content_type(head, "application/json");
            }
        }),
        head("plain text is accepted", "content-type", |head| {
            if of_type(head, |text| text.starts_with("text/plain")) {
                content_type(head, "application/json");
            }
        }),
        head("the media type must be in lower case", "content-type", |head| {
            if of_type(head, |text| text.contains(char::is_uppercase) && !text.contains("charset")) {
                content_type(head, "text/plain");
            }
        }),
        head("the media type may have no parameters", "charset", |head| {
            if of_type(head, |text| text.contains(';')) {
                content_type(head, "text/plain");
            }
        }),
        head("any charset is accepted", "charset", |head| {
            if of_type(head, |text| text.to_lowercase().starts_with("application/json")) {
                content_type(head, "application/json");
            }
        }),
        head("the content coding is not looked at", "content-encoding", |head| drop(head.headers.remove("content-encoding"))),
        reply("a wrong method is 404", "method", |_, reply| {
            if reply.status == 405 {
                reply.status = 404;
                reply.headers.remove("allow");
                tell(reply, "NOT_FOUND");
            }
        }),
        reply("405 is without Allow", "allow", |_, reply| drop(reply.headers.remove("allow"))),
        reply("Allow names a method that there is not", "allow", |_, reply| {
            if let Some(allow) = reply.headers.get_mut("allow") {
                *allow = "GET, POST".to_owned();
            }
        }),
        reply("GET is answered", "method", |seen, reply| accept(seen, reply, "GET")),
        reply("PUT is answered", "method", |seen, reply| accept(seen, reply, "PUT")),
        reply("DELETE is answered", "method", |seen, reply| accept(seen, reply, "DELETE")),
        head("PATCH is taken for POST", "method", |head| {
            if head.method == hyper::Method::PATCH {
                head.method = hyper::Method::POST;
            }
        }),
        reply("HEAD breaks the server", "head", |seen, reply| break_if(seen.method == "HEAD", reply)),
        reply("HEAD is answered", "head", |seen, reply| accept(seen, reply, "HEAD")),
        reply("OPTIONS breaks the server", "options", |seen, reply| break_if(seen.method == "OPTIONS", reply)),
        reply("OPTIONS is answered", "options", |seen, reply| accept(seen, reply, "OPTIONS")),
        of("there is no limit to the body", "body-limit", Effect::Unlimited),
        reply("a body of more than 1 KiB is too large", "body-limit", |seen, reply| {
            if seen.length > 1024 && reply.status < 400 {
                *reply = problem(413, "PAYLOAD_TOO_LARGE");
            }
        }),
        reply("an oversized body breaks the server", "body-limit", |_, reply| break_if(reply.status == 413, reply)),
        reply("an oversized body is a bad request", "body-limit", |_, reply| {
            if reply.status == 413 {
                *reply = problem(400, "BAD_REQUEST");
            }
        }),
        reply("a chunked body is refused", "chunked-body", |seen, reply| {
            if seen.chunked {
                *reply = problem(400, "BAD_REQUEST");
            }
        }),
        reply("a chunked body is lost", "chunked-body", |seen, reply| break_if(seen.chunked, reply)),
        reply("deep nesting breaks the server", "deep-nesting", |seen, reply| {
            break_if(nested(&seen.bytes), reply);
        }),
        reply("an empty body breaks the server", "empty-body", |seen, reply| {
            break_if(seen.length == 0 && seen.method == "POST" && reply.status == 400, reply);
        }),
        reply("invalid UTF-8 breaks the server", "invalid-utf8", |seen, reply| {
            break_if(reply.status == 400 && std::str::from_utf8(&seen.bytes).is_err(), reply);
        }),
        reply("a wrong media type is a bad request", "content-type", |_, reply| {
            if reply.status == 415 {
                *reply = problem(400, "BAD_REQUEST");
            }
        }),
    ]
}

/// Whether JSON is nested so deeply that a careless parser runs out of stack.
fn nested(bytes: &[u8]) -> bool {
    let depths = bytes.iter().scan(0i32, |depth, byte| {
        *depth += i32::from(matches!(byte, b'[' | b'{')) - i32::from(matches!(byte, b']' | b'}'));
        Some(*depth)
    });
    depths.max().unwrap_or(0) > 100
}

fn content_type(head: &mut request::Parts, value: &'static str) {
    head.headers.insert("content-type", HeaderValue::from_static(value));
}

fn of_type(head: &request::Parts, test: fn(&str) -> bool) -> bool {
    head.headers.get("content-type").and_then(|value| value.to_str().ok()).is_some_and(test)
}

fn break_if(condition: bool, reply: &mut Reply) {
    if condition {
        *reply = Reply::broken();
    }
}

/// Answers a method that the document does not have.
fn accept(seen: &Seen, reply: &mut Reply, method: &str) {
    if seen.method == method && reply.status == 405 {
        reply.status = 200;
        reply.headers.remove("allow");
        reply.headers.insert("content-type".to_owned(), "application/json".to_owned());
        reply.body = Content::Json(json!([]));
    }
}

/// Sets the problem's code and the status in it.
fn tell(reply: &mut Reply, code: &str) {
    let status = reply.status;
    if let Some(body) = reply.object() {
        body.insert("code".to_owned(), json!(code));
        body.insert("status".to_owned(), json!(status));
        body.shift_remove("errors");
    }
}

fn problem(status: u16, code: &str) -> Reply {
    let mut reply = Reply { status, ..Reply::broken() };
    tell(&mut reply, code);
    reply
}

fn authentication() -> Vec<Fault> {
    let door = |name, at, slip| fault(name, Group::Authentication, at, Effect::Door(slip));
    let reply = |name, at, change| fault(name, Group::Authentication, at, Effect::Reply(change));
    vec![
        door("nobody is checked", "no-token", Slip::NoCheck),
        door("any token will do", "garbage-token", Slip::AnyToken),
        door("expired tokens are accepted", "expired", Slip::Expired),
        door("tokens without expiry are accepted", "expired", Slip::NoExpiry),
        door("tokens whose time has not come are accepted", "not-yet-valid", Slip::NotYetValid),
        door("any issuer will do", "issuer", Slip::AnyIssuer),
        door("an issuer that begins alike will do", "issuer", Slip::IssuerPrefix),
        door("any audience will do", "audience", Slip::AnyAudience),
        door("the key's name is not looked at", "key-id", Slip::UnknownKey),
        door("the algorithm none is accepted", "algorithm", Slip::AlgorithmNone),
        door("the public key is taken for a secret", "algorithm", Slip::PublicKeyAsSecret),
        door("the signature is not checked", "signature", Slip::NoSignature),
        door("a key in the token is trusted", "embedded-key", Slip::EmbeddedKey),
        door("extensions that must be understood are ignored", "signature", Slip::CriticalIgnored),
        door("the scope is not looked at", "scope", Slip::AnyScope),
        door("a scope that begins alike will do", "scope", Slip::ScopePrefix),
        door("a scope that contains the needed one will do", "scope", Slip::ScopeSubstring),
        door("the scope may be in any case", "scope", Slip::ScopeAnyCase),
        door("scopes may be a list", "scope", Slip::ScopeArray),
        door("scopes may be in other claims", "scope", Slip::ScopeOtherClaim),
        door("scopes may have commas between them", "scope", Slip::ScopeCommas),
        door("only the first scope counts", "scope", Slip::FirstScopeOnly),
        door("the scheme must be written Bearer", "scheme", Slip::SchemeCase),
        door("any scheme will do", "scheme", Slip::AnyScheme),
        door("of two Authorization headers the first counts", "scheme", Slip::FirstHeader),
        reply("401 is answered as 403", "no-token", |_, reply| restate(reply, 401, 403, "FORBIDDEN")),
        reply("403 is answered as 401", "scope", |_, reply| restate(reply, 403, 401, "UNAUTHORIZED")),
        reply("403 is answered as 404", "scope", |_, reply| restate(reply, 403, 404, "NOT_FOUND")),
        reply("an invalid token is a bad request", "garbage-token", |_, reply| {
            if challenge(reply).is_some_and(|challenge| challenge.contains("invalid_token")) {
                restate(reply, 401, 400, "BAD_REQUEST");
            }
        }),
        reply("a malformed token breaks the server", "garbage-token", |_, reply| {
            break_if(challenge(reply).is_some_and(|challenge| challenge.contains("invalid_token")), reply);
        }),
        reply("401 is without a challenge", "challenge", |_, reply| {
            if reply.status == 401 {
                reply.headers.remove("www-authenticate");
            }
        }),
        reply("403 is without a challenge", "challenge", |_, reply| {
            if reply.status == 403 {
                reply.headers.remove("www-authenticate");
            }
        }),
        reply("the challenge is for another scheme", "challenge", |_, reply| {
            rewrite(reply, |challenge| challenge.replace("Bearer", "Basic"));
        }),
        reply("the challenge of an invalid token has no error", "challenge", |_, reply| {
            if reply.status == 401 {
                rewrite(reply, |_| "Bearer".to_owned());
            }
        }),
        reply("the challenge without a token has an error", "challenge", |_, reply| {
            rewrite(
                reply,
                |challenge| if challenge == "Bearer" { "Bearer error=\"invalid_token\"".to_owned() } else { challenge },
            );
        }),
        reply("the challenge has the wrong error", "challenge", |_, reply| {
            rewrite(reply, |challenge| {
                challenge.replace("invalid_token", "invalid_request").replace("insufficient_scope", "invalid_token")
            });
        }),
    ]
}

fn challenge(reply: &Reply) -> Option<&String> {
    reply.headers.get("www-authenticate")
}

fn rewrite(reply: &mut Reply, change: fn(String) -> String) {
    if let Some(challenge) = reply.headers.get_mut("www-authenticate") {
        *challenge = change(std::mem::take(challenge));
    }
}

fn restate(reply: &mut Reply, from: u16, to: u16, code: &str) {
    if reply.status == from {
        reply.status = to;
        tell(reply, code);
    }
}

fn state() -> Vec<Fault> {
    let store = |name, at, lapse| fault(name, Group::State, at, Effect::Store(lapse));
    const UNIQUE: &str = at!("CreateUser/properties/email/x-unique");
    vec![
        store("an email may be taken twice", UNIQUE, Lapse::NotUnique),
        store("an email may be taken in another case", UNIQUE, Lapse::CaseSensitive),
        store("an email may be taken by two at once", UNIQUE, Lapse::CheckThenInsert),
        store("an email conflicts with one that has another tag", "conflict", Lapse::PlusTagIgnored),
        store("an email conflicts with one at another host", "conflict", Lapse::LocalPartOnly),
        store("a first name conflicts too", "conflict", Lapse::FirstNameToo),
        store("a conflicting user is stored", "refused-changes-nothing", Lapse::ConflictStored),
        store("a refused user is stored", "refused-changes-nothing", Lapse::RefusedStored),
        store("a refused user takes the email", "refused-changes-nothing", Lapse::RefusedTakesTheValue),
        store("an unauthenticated user is stored", "refused-changes-nothing", Lapse::UnauthenticatedStored),
        store("a user is not stored", "stored", Lapse::NotStored),
        store("a user is stored twice", "stored", Lapse::StoredTwice),
        store("a user is stored in lower case", "stored", Lapse::StoredLowerCase),
        store("a user is stored without what is optional", "stored", Lapse::StoredWithoutOptional),
        store("a new user takes the place of the first", "stored", Lapse::OverwritesTheFirst),
        store("every user has the same id", "id", Lapse::SameId),
        store("ids are used again", "id", Lapse::IdReused),
        fault(
            "a conflict is a bad request",
            Group::State,
            UNIQUE,
            Effect::Reply(|_, reply| restate(reply, 409, 400, "BAD_REQUEST")),
        ),
        fault(
            "a conflict does not say where",
            Group::State,
            UNIQUE,
            Effect::Reply(|_, reply| {
                if reply.status == 409 {
                    tell(reply, "CONFLICT");
                }
            }),
        ),
    ]
}

fn responses() -> Vec<Fault> {
    const CREATED: &str = "/paths/~1users/post/responses/201";
    const BODY: &str = "/paths/~1users/post/responses/201/content/application~1json";
    const LOCATION: &str = "/paths/~1users/post/responses/201/headers/Location";
    const REQUEST_ID: &str = "/components/headers/RequestId";
    const BAD_REQUEST: &str = "/components/responses/BadRequest/content/application~1problem+json";
    let reply = |name, at, change| fault(name, Group::Responses, at, Effect::Reply(change));
    vec![
        reply("200 instead of 201", CREATED, |_, reply| created(reply, |reply| reply.status = 200)),
        reply("202 instead of 201", CREATED, |_, reply| created(reply, |reply| reply.status = 202)),
        reply("422 instead of 400", "/paths/~1users/post/responses/400", |_, reply| {
            if reply.status == 400 {
                reply.status = 422;
            }
        }),
        reply("the body is said to be text", BODY, |_, reply| created(reply, |reply| said_to_be(reply, "text/plain"))),
        reply("the body is said to be nothing", BODY, |_, reply| {
            created(reply, |reply| drop(reply.headers.remove("content-type")))
        }),
        reply("a problem is said to be plain JSON", BAD_REQUEST, |_, reply| {
            if reply.status == 400 {
                said_to_be(reply, "application/json");
            }
        }),
        reply("the body is empty", BODY, |_, reply| created(reply, |reply| reply.body = Content::None)),
        reply("the body is not JSON", BODY, |_, reply| {
            created(reply, |reply| reply.body = Content::Bytes(b"<html>created</html>".to_vec()));
        }),
        reply("the body is cut", BODY, |_, reply| {
            created(reply, |reply| {
                if let Content::Json(value) = &reply.body {
                    let mut bytes = value.to_string().into_bytes();
                    bytes.truncate(bytes.len() / 2);
                    reply.body = Content::Bytes(bytes);
                }
            });
        }),
        reply("the body is in an envelope", at!("User"), |_, reply| {
            created(reply, |reply| {
                if let Content::Json(value) = &mut reply.body {
                    *value = json!({"data": value});
                }
            });
        }),
        reply("portfolios are missing", at!("User/required"), |_, reply| {
            user(reply, |user| drop(user.shift_remove("portfolios")))
        }),
        reply("the time of change is missing", at!("User/required"), |_, reply| {
            user(reply, |user| drop(user.shift_remove("updatedAt")))
        }),
        reply("the id is missing", at!("User/required"), |_, reply| user(reply, |user| drop(user.shift_remove("id")))),
        reply("the body says too much", at!("User/additionalProperties"), |_, reply| {
            user(reply, |user| put(user, "_id", json!("x")))
        }),
        reply("portfolios are null", at!("User/properties/portfolios/type"), |_, reply| {
            user(reply, |user| put(user, "portfolios", json!(null)));
        }),
        reply("the first name is a number", at!("User/properties/firstName/type"), |_, reply| {
            user(reply, |user| put(user, "firstName", json!(5)));
        }),
        reply("what is absent is null", at!("User/properties/nationalities/type"), |_, reply| {
            user(reply, |user| {
                for name in ["address", "taxResidency", "nationalities", "employmentInfo"] {
                    user.entry(name).or_insert(Value::Null);
                }
            });
        }),
        reply("the id is in upper case", at!("User/properties/id/pattern"), |_, reply| {
            text(reply, "id", |id| format!("A{}", &id[1..]))
        }),
        reply("the id is short", at!("User/properties/id/pattern"), |_, reply| text(reply, "id", |id| id[1..].to_owned())),
        reply("the id is a UUID", at!("User/properties/id/pattern"), |_, reply| {
            text(reply, "id", |_| "9e107d9d-372b-4826-81c5-42ca2e6ab1a4".to_owned());
        }),
        reply("times have no zone", at!("User/properties/createdAt/format"), |_, reply| {
            times(reply, |time| time.replace('Z', ""))
        }),
        reply("times have a space", at!("User/properties/createdAt/format"), |_, reply| {
            times(reply, |time| time.replace('T', " Z "))
        }),
        reply("times are numbers", at!("User/properties/createdAt/type"), |_, reply| {
            user(reply, |user| {
                put(user, "createdAt", json!(1_700_000_000));
                put(user, "updatedAt", json!(1_700_000_000));
            });
        }),
        reply("times are of 1970", at!("User/properties/createdAt"), |_, reply| {
            times(reply, |_| "1970-01-01T00:00:00Z".to_owned())
        }),
        reply("times are in the future", at!("User/properties/createdAt"), |_, reply| {
            times(reply, |time| format!("29{}", &time[2..]));
        }),
        reply("a new user has been changed since", at!("User/properties/updatedAt"), |_, reply| {
            text(reply, "updatedAt", |time| {
                let later = chrono::DateTime::parse_from_rfc3339(&time).map(|time| time + chrono::TimeDelta::seconds(2));
                later.map_or(time, |later| later.with_timezone(&chrono::Utc).to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
            });
        }),
        reply("the email is answered in lower case", at!("User/properties/email"), |_, reply| {
            text(reply, "email", |email| email.to_lowercase());
        }),
        reply("the first name is answered without white space around it", at!("User/properties/firstName"), |_, reply| {
            text(reply, "firstName", |name| if name.trim().is_empty() { name } else { name.trim().to_owned() });
        }),
        reply("the last name is answered up to 50 characters", at!("User/properties/lastName"), |_, reply| {
            text(reply, "lastName", |name| name.chars().take(50).collect());
        }),
        reply("the last name is answered in ASCII", at!("User/properties/lastName"), |_, reply| {
            text(reply, "lastName", |name| name.chars().map(|one| if one.is_ascii() { one } else { '?' }).collect());
        }),
        reply("the first name is answered in the wrong encoding", at!("User/properties/firstName"), |_, reply| {
            // Each byte of the UTF-8 is taken for a character of Latin 1.
            text(reply, "firstName", |name| if name.len() <= 100 { name.bytes().map(char::from).collect() } else { name });
        }),
        reply("the first name is answered with capitals", at!("User/properties/firstName"), |_, reply| {
            text(reply, "firstName", |name| name.to_uppercase().chars().take(100).collect());
        }),
        reply("first and last name are swapped", at!("User/properties/firstName"), |_, reply| {
            user(reply, |user| {
                let names = ["firstName", "lastName"].map(|name| user[name].clone());
                put(user, "lastName", names[0].clone());
                put(user, "firstName", names[1].clone());
            });
        }),
        reply("the day of birth is answered a day late", at!("User/properties/dateOfBirth"), |_, reply| {
            text(reply, "dateOfBirth", |day| {
                let next = day.parse::<chrono::NaiveDate>().ok().and_then(|day| day.succ_opt());
                next.map_or(day, |day| day.format("%Y-%m-%d").to_string())
            });
        }),
        reply("the language is not answered", at!("User/properties/language"), |_, reply| {
            user(reply, |user| drop(user.shift_remove("language")));
        }),
        reply("the address is not answered", at!("User/properties/address"), |_, reply| {
            user(reply, |user| drop(user.shift_remove("address")));
        }),
        reply("address line 2 is not answered", at!("Address/properties/line2"), |_, reply| {
            inside(reply, "address", |address| drop(address.shift_remove("line2")));
        }),
        reply("the industry is answered as another", at!("EmploymentInfo/properties/industry"), |_, reply| {
            inside(reply, "employmentInfo", |info| {
                if info.contains_key("industry") {
                    put(info, "industry", json!("Other"));
                }
            });
        }),
        reply("only the first source of wealth is answered", at!("EmploymentInfo/properties/sourcesOfWealth"), |_, reply| {
            inside(reply, "employmentInfo", |info| put(info, "sourcesOfWealth", json!([info["sourcesOfWealth"][0]])));
        }),
        reply("sources of wealth are answered in another order", at!("EmploymentInfo/properties/sourcesOfWealth"), |_, reply| {
            inside(reply, "employmentInfo", |info| {
                if let Some(Value::Array(sources)) = info.get_mut("sourcesOfWealth") {
                    sources.reverse();
                }
            });
        }),
        reply("the nationality is not among the nationalities", at!("User/properties/nationalities"), |_, reply| {
            user(reply, |user| {
                if user.contains_key("nationalities") {
                    put(user, "nationalities", json!([]));
                }
            });
        }),
        reply("nationalities are those of the residency", at!("User/properties/nationalities"), |_, reply| {
            user(reply, |user| put(user, "nationalities", json!([user["residencyCountry"]])));
        }),
        reply("Location is missing", LOCATION, |_, reply| drop(reply.headers.remove("location"))),
        reply("Location is no address", LOCATION, |_, reply| {
            if let Some(location) = reply.headers.get_mut("location") {
                *location = location.replace("/users/", "/users/<id> ");
            }
        }),
        reply("Location is another user's", LOCATION, |_, reply| {
            if let Some(location) = reply.headers.get_mut("location") {
                *location = "/users/000000000000000000000000".to_owned();
            }
        }),
        reply("the request id is missing", REQUEST_ID, |_, reply| drop(reply.headers.remove("x-request-id"))),
        reply("the request id is missing where a request is refused", REQUEST_ID, |_, reply| {
            if reply.status >= 400 {
                reply.headers.remove("x-request-id");
            }
        }),
        reply("the request id is malformed", REQUEST_ID, |_, reply| {
            reply.headers.insert("x-request-id".to_owned(), "request 5 {node 7}".to_owned());
        }),
        reply("a problem has no title", at!("Problem/required"), |_, reply| {
            refused(reply, |problem| drop(problem.shift_remove("title")))
        }),
        reply("a problem says too much", at!("Problem/additionalProperties"), |_, reply| {
            refused(reply, |problem| put(problem, "trace", json!("at line 5")));
        }),
        reply("a problem has an unknown code", at!("ProblemCode/enum"), |_, reply| {
            refused(reply, |problem| put(problem, "code", json!("VALIDATION_FAILED")));
        }),
        reply("a problem's status is a text", at!("Problem/properties/status/type"), |_, reply| {
            refused(reply, |problem| put(problem, "status", json!("400")));
        }),
        reply("a special character breaks the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 201 && any_text(seen, |text| text.contains(['\0', '\'', '\\', '\u{202e}'])), reply);
        }),
        reply("characters beyond the basic plane break the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 201 && any_text(seen, |text| text.chars().any(|one| one > '\u{ffff}')), reply);
        }),
        reply("a very long text breaks the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 201 && any_text(seen, |text| text.len() > 1000), reply);
        }),
        reply("the property __proto__ breaks the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 400 && String::from_utf8_lossy(&seen.bytes).contains("__proto__"), reply);
        }),
        reply("a body that is no object breaks the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 400 && seen.body.as_ref().is_some_and(|body| !body.is_object()), reply);
        }),
        reply("a user without the optional breaks the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 201 && seen.body.as_ref().is_some_and(|body| body.get("employmentInfo").is_none()), reply);
        }),
    ]
}

fn created(reply: &mut Reply, change: impl Fn(&mut Reply)) {
    if reply.status == 201 {
        change(reply);
    }
}

/// Changes the user in an answer of success.
fn user(reply: &mut Reply, change: impl Fn(&mut Map<String, Value>)) {
    if reply.status == 201
        && let Some(user) = reply.object()
    {
        change(user);
    }
}

fn refused(reply: &mut Reply, change: impl Fn(&mut Map<String, Value>)) {
    if reply.status == 400
        && let Some(problem) = reply.object()
    {
        change(problem);
    }
}

fn inside(reply: &mut Reply, name: &str, change: impl Fn(&mut Map<String, Value>)) {
    user(reply, |user| {
        if let Some(Value::Object(object)) = user.get_mut(name) {
            change(object);
        }
    });
}

fn text(reply: &mut Reply, name: &str, change: impl Fn(String) -> String) {
    user(reply, |user| {
        if let Some(Value::String(text)) = user.get_mut(name) {
            *text = change(std::mem::take(text));
        }
    });
}

fn times(reply: &mut Reply, change: fn(String) -> String) {
    text(reply, "createdAt", change);
    text(reply, "updatedAt", change);
}

fn put(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.insert(name.to_owned(), value);
}

fn said_to_be(reply: &mut Reply, media_type: &str) {
    reply.headers.insert("content-type".to_owned(), media_type.to_owned());
}

fn any_text(seen: &Seen, test: fn(&str) -> bool) -> bool {
    fn any(value: &Value, test: fn(&str) -> bool) -> bool {
        match value {
            Value::String(text) => test(text),
            Value::Array(items) => items.iter().any(|item| any(item, test)),
            Value::Object(object) => object.values().any(|value| any(value, test)),
            _ => false,
        }
    }
    seen.body.as_ref().is_some_and(|body| any(body, test))
}
