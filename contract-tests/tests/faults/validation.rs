//! The request's schema, and the list of violations.

use faulty_server::{Edit, Effect, Fault, Group, Violation};
use serde_json::{Map, Value, json};

use super::{at, fault};

pub fn faults() -> Vec<Fault> {
    [bounds(), texts(), presence(), shapes(), conditions(), conversions(), reports()].concat()
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
