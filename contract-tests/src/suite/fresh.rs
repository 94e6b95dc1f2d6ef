//! Fresh values where the document marks them `x-unique`.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::Value;

use crate::{
    generate::rng,
    openapi::request::Target,
    pointer::replace,
    schema::{Rule, any_item},
};

/// Makes values that no earlier request of this or another run has used.
pub(crate) struct Fresh {
    /// Differs from run to run.
    nonce: String,
    next: AtomicU64,
    /// Values that were given out, in lower case: those that a pattern leaves little room for may come again.
    used: Mutex<HashSet<String>>,
}

/// How many texts are drawn where a pattern or format says what a unique value looks like.
const DRAWS: u64 = 20;

impl Fresh {
    pub fn new(nonce: u64) -> Self {
        Self { nonce: base36(nonce % 36u64.pow(5)), next: AtomicU64::new(0), used: Mutex::default() }
    }

    /// Short and of letters and digits only, lower case.
    fn token(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("u{}{}", self.nonce, base36(number + 36))
    }

    /// The instance with fresh values at its unique places. What it breaks stays the same; a value that cannot be changed without
    /// changing that stays as it is, and so does one that breaks a rule itself: it is refused and taken by nobody.
    pub fn freshen(&self, target: &Target, instance: &Value, unique: &BTreeSet<String>) -> Value {
        if unique.is_empty() {
            return instance.clone();
        }
        let broken = target.schema.evaluate(instance).broken;
        let mut fresh = instance.clone();
        let faulty = |place: &String| broken.iter().any(|violation| violation.place == *place);
        for place in unique.iter().filter(|place| !faulty(place)) {
            let Some(Value::String(text)) = instance.pointer(place) else { continue };
            let token = self.token();
            for candidate in candidates(text, &token).into_iter().chain(drawn(target, place, text, &token)) {
                let unused = !self.used().contains(&candidate.to_lowercase());
                if !unused {
                    continue;
                }
                let mut changed = fresh.clone();
                replace(&mut changed, place, Value::String(candidate));
                let trace = target.schema.evaluate(&changed);
                if trace.broken == broken && target.validator.agree(&changed, &trace).is_ok() {
                    if let Some(Value::String(value)) = changed.pointer(place) {
                        self.used().insert(value.to_lowercase());
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
    fn used(&self) -> MutexGuard<'_, HashSet<String>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    all.extend(in_place(text));
    all.push(format!("{text}{token}"));
    all.push(format!("{token}{text}"));
    all.push(token.to_owned());
    all
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
