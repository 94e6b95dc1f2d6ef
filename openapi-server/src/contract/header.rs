//! Headers of answers and of parts of bodies, held to the document.

use http::HeaderMap;

use super::{
    parameters::header_value,
    read::{HeaderRule, Text},
    shape::Prefer,
    violations::{is_valid, violations},
};

/// A header that breaks the document.
pub(super) struct Broken<'r> {
    pub name: &'r str,
    /// The rule that is broken.
    pub rule: String,
    /// What is wrong, after the name of the header.
    pub what: String,
}

/// What is wrong with the headers that have a rule.
pub(super) fn broken<'r>(rules: &'r [HeaderRule], headers: &HeaderMap) -> Vec<Broken<'r>> {
    rules.iter().flat_map(|rule| one(rule, headers)).collect()
}

fn one<'r>(header: &'r HeaderRule, headers: &HeaderMap) -> Vec<Broken<'r>> {
    let name = header.name.as_str();
    let broken = |rule: &str, what: &str| Broken { name, rule: rule.to_owned(), what: what.to_owned() };
    let texts: Result<Vec<&str>, _> = headers.get_all(&header.name).iter().map(|value| value.to_str()).collect();
    let text = match texts {
        Err(_) => return vec![broken("type", "is not text")],
        Ok(texts) if texts.is_empty() && header.required => return vec![broken("required", "is missing")],
        Ok(texts) if texts.is_empty() => return Vec::new(),
        Ok(texts) => texts.join(","),
    };
    let read = |prefer| header_value(&header.text, name, &text, prefer);
    let Some(value) = read(Prefer::Literal) else {
        return vec![broken("type", "has the wrong format")];
    };
    let wrong = violations(&header.validator, &value, "");
    let ambiguous = matches!(&header.text, Text::Styled(_, shape) if shape.is_ambiguous());
    if ambiguous && read(Prefer::Text).is_some_and(|value| is_valid(&header.validator, &value)) {
        return Vec::new();
    }
    wrong.into_iter().map(|violation| broken(&violation.rule, &format!("breaks {}", violation.rule))).collect()
}
