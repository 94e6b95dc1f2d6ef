//! Fresh values where the document marks them `x-unique`, and where a request has a key of its own.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::Value;

use crate::{
    generate::rng,
    openapi::{operation::ParameterLocation, request::Target},
    pointer::{escape, replace},
    schema::{Rule, any_item},
    text::word,
};

/// Makes values that no earlier request of this or another run has used.
pub(crate) struct Fresh {
    /// Differs from run to run.
    nonce: String,
    next: AtomicU64,
    /// Values that were given out, in lower case: those that a pattern leaves little room for may come again.
    used: Mutex<HashSet<String>>,
    /// For each target by its name the places that the document does not mark, and that led to a conflict.
    learnt: Mutex<HashMap<String, BTreeSet<String>>>,
}

/// The header that names a request.
pub(crate) const KEY: &str = "Idempotency-Key";

/// How many texts are drawn where a pattern or format says what a unique value looks like.
const DRAWS: u64 = 20;

impl Fresh {
    pub fn new(nonce: u64) -> Self {
        Self { nonce: base36(nonce % 36u64.pow(5)), next: AtomicU64::new(0), used: Mutex::default(), learnt: Mutex::default() }
    }

    /// Short and of letters and digits only, lower case.
    fn token(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("u{}{}", self.nonce, base36(number + 36))
    }

    /// The instance with fresh values at its unique places. What it breaks stays the same; a value that cannot be changed without
    /// changing that stays as it is, and so does one that breaks a rule itself: it is refused and taken by nobody.
    pub fn freshen(&self, target: &Target, instance: &Value, unique: &BTreeSet<String>) -> Value {
        let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner).get(&target.name()).cloned().unwrap_or_default();
        self.replaced(target, instance, &(unique | &learnt))
    }

    /// The instance as another request: with a key of its own, where it has one.
    pub fn renamed(&self, target: &Target, instance: &Value) -> Value {
        self.replaced(target, instance, &BTreeSet::new())
    }

    fn replaced(&self, target: &Target, instance: &Value, unique: &BTreeSet<String>) -> Value {
        let keys: BTreeSet<String> = keys(target).collect();
        let unique = unique | &keys;
        if unique.is_empty() {
            return instance.clone();
        }
        let broken = target.schema.evaluate(instance).broken;
        let mut fresh = instance.clone();
        let faulty = |place: &str| broken.iter().any(|violation| violation.place == place);
        for place in unique.into_iter().filter(|place| !faulty(place)) {
            let Some(Value::String(text)) = instance.pointer(&place) else { continue };
            let token = self.token();
            let is_key = keys.contains(&place);
            let candidates = if is_key { key_candidates(text, &token) } else { candidates(text, &token) };
            // In quotes it is the same key.
            let known_as = |text: &str| if is_key { unquoted(text).to_lowercase() } else { text.to_lowercase() };
            for candidate in candidates.into_iter().chain(drawn(target, &place, text, &token)) {
                let unused = !self.used().contains(&known_as(&candidate));
                if !unused {
                    continue;
                }
                let mut changed = fresh.clone();
                replace(&mut changed, &place, Value::String(candidate));
                let trace = target.schema.evaluate(&changed);
                if trace.broken == broken && target.validator.agree(&changed, &trace).is_ok() {
                    if let Some(Value::String(value)) = changed.pointer(&place) {
                        self.used().insert(known_as(value));
                    }
                    fresh = changed;
                    break;
                }
            }
        }
        fresh
    }
}

impl Fresh {
    /// From now on the values at this place are fresh.
    pub fn learn(&self, target: &Target, place: String) {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner).entry(target.name()).or_default().insert(place);
    }

    /// Whether it is known which values must be new.
    pub fn knows(&self, target: &Target) -> bool {
        let marked = target.schema.nodes.iter().any(|node| node.unique);
        marked || self.learnt.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&target.name())
    }

    fn used(&self) -> MutexGuard<'_, HashSet<String>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a request has a key that its retries are recognised by (draft-ietf-httpapi-idempotency-key-header): another request with it is
/// no other request.
fn keys(target: &Target) -> impl Iterator<Item = String> {
    let headers = target.operation.parameters.iter().filter(|parameter| parameter.place == ParameterLocation::Header);
    let keys = headers.filter(|parameter| parameter.name.eq_ignore_ascii_case(KEY));
    keys.map(|parameter| format!("/header/{}", escape(&parameter.name)))
}

/// Texts by the pattern or format that the schema has for the place.
fn drawn(target: &Target, place: &str, text: &str, token: &str) -> impl Iterator<Item = String> {
    let (length, place) = (text.chars().count(), any_item(place));
    let here = target.schema.constraints.iter().filter(move |constraint| constraint.place == place);
    here.flat_map(move |constraint| {
        (0..DRAWS).filter_map(move |draw| {
            let mut rng = rng(draw, &[token]);
            match &constraint.rule {
                Rule::Pattern(pattern) => {
                    pattern.random(&mut rng, length, Some(length)).or_else(|| pattern.random(&mut rng, 0, None))
                }
                Rule::Format(format) => Some(format.random(&mut rng)),
                _ => None,
            }
        })
    })
}

/// The text with the token in it: of the same length where possible, the shape of an email kept.
fn candidates(text: &str, token: &str) -> Vec<String> {
    let mut all = Vec::new();
    let in_place = |text: &str| -> Option<String> {
        let chars: Vec<char> = text.chars().collect();
        let keep = chars.len().checked_sub(token.len())?;
        Some(chars[..keep].iter().collect::<String>() + token)
    };
    if let Some((local, domain)) = text.rsplit_once('@') {
        all.extend(in_place(local).map(|local| format!("{local}@{domain}")));
        if let Some(inner) = local.strip_prefix('"').and_then(|local| local.strip_suffix('"')) {
            all.extend(in_place(inner).map(|inner| format!("\"{inner}\"@{domain}")));
            all.push(format!("\"{inner}{token}\"@{domain}"));
        }
        all.push(format!("{token}@{domain}"));
        all.push(format!("{token}@example.com"));
    }
    // Whatever the document says of it.
    all.extend(word::is_uuid(text).then(|| another_uuid(text, token)));
    all.extend(in_place(text));
    all.push(format!("{text}{token}"));
    all.push(format!("{token}{text}"));
    all.push(token.to_owned());
    all
}

/// The UUID with the last digits replaced by those of the token, in hexadecimal.
fn another_uuid(text: &str, token: &str) -> String {
    let digits: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    let digits = &digits[digits.len().saturating_sub(12)..];
    format!("{}{digits}", &text[..text.len() - digits.len()])
}

/// A key of fewer characters has no room for a token: an earlier run may have sent it.
const SHORT_KEY: usize = 8;

/// Whether this key is so short that an earlier run may have sent it.
pub(crate) fn may_be_known(key: &str) -> bool {
    unquoted(key).chars().count() < SHORT_KEY
}

/// The key with the token in it, in the same quotes; a short one is also tried as it is.
fn key_candidates(key: &str, token: &str) -> Vec<String> {
    let (quote, inner) = if key.starts_with('"') { ("\"", unquoted(key)) } else { ("", key) };
    let chars: Vec<char> = inner.chars().collect();
    let in_place = chars.len().checked_sub(token.len()).map(|keep| chars[..keep].iter().collect::<String>() + token);
    let all = in_place.into_iter().chain([format!("{inner}{token}"), format!("{token}{inner}"), token.to_owned()]);
    let as_it_is = may_be_known(key).then(|| key.to_owned());
    as_it_is.into_iter().chain(all.map(|key| format!("{quote}{key}{quote}"))).collect()
}

/// The content of a string of a structured field (RFC 9651, section 3.3.3).
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize]));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_stays_one() {
        let fresh = candidates("12fb14bb-600e-4bfa-bd8d-be7f10011001", "x7q2");
        assert_eq!(fresh[0], "12fb14bb-600e-4bfa-bd8d-be7f78377132");
        assert!(word::is_uuid(&fresh[0]) && !word::is_uuid("12fb14bb-600e-4bfa-bd8d-be7furb7g1rc"));
    }
}
