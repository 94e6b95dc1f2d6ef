//! What is known of a text, and whether it leaves any: lengths and patterns as regular languages, formats by name.

use std::sync::LazyLock;

use regex_syntax::hir::{Hir, Look};
use serde_json::Value;

use super::{
    facts::Facts,
    language::{Found, Language, Languages},
};
use crate::{schema::Rule, text::pattern::Pattern};

/// For some formats a pattern that all their texts match. It need not be the format: the wider, the less can be wrong.
const WITHIN: [(&str, &str); 8] = [
    // Digits are read by a parser of numbers in some validators, which takes a sign.
    ("date", r"^[0-9+]{4}-[0-9+]{2}-[0-9+]{2}$"),
    ("date-time", r"^[0-9+]{4}-[0-9+]{2}-[0-9+]{2}[Tt][0-9+]{2}:[0-9+]{2}:[0-9+]{2}(\.[0-9]+)?([Zz]|[+-].{1,8})$"),
    ("time", r"^[0-9+]{2}:[0-9+]{2}:[0-9+]{2}(\.[0-9]+)?([Zz]|[+-].{1,8})$"),
    ("uuid", r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"),
    ("ipv4", r"^[0-9.]{7,15}$"),
    // Two colons at the least, so that none is an IPv4 address.
    ("ipv6", r"^[0-9A-Fa-f.]{0,4}:[0-9A-Fa-f.]{0,4}:[0-9A-Fa-f:.]{0,39}$"),
    ("email", "@"),
    ("duration", "^P[0-9A-Z.]+$"),
];

static FORMATS: LazyLock<Vec<(&str, Hir)>> = LazyLock::new(|| {
    let parsed = |(name, pattern): (&'static str, &str)| Some((name, Pattern::parse(pattern).ok()?.hir().clone()));
    WITHIN.into_iter().filter_map(parsed).collect()
});

/// Whether no text is as these facts ask.
pub(super) fn contradictory(facts: &Facts<'_>, languages: &mut Languages) -> bool {
    find(facts, languages) == Found::Nothing
}

/// A text that is as these facts ask, as far as they are understood.
pub(super) fn find(facts: &Facts<'_>, languages: &mut Languages) -> Found {
    let (mut low, mut high) = (0, None::<usize>);
    let mut all: Vec<Language> = Vec::new();
    let mut patterns: Vec<(&Pattern, bool)> = facts.patterns.clone();
    let mut excluded: Vec<&str> = facts.excluded.clone();
    let mut formats: Vec<(&str, bool)> = Vec::new();
    for (rule, satisfied) in &facts.rules {
        let mut at_most = |max: usize| high = Some(high.map_or(max, |high| high.min(max)));
        match (rule, satisfied) {
            (Rule::MinLength(min), true) => low = low.max(*min),
            (Rule::MinLength(0), false) => return Found::Nothing,
            (Rule::MinLength(min), false) => at_most(min - 1),
            (Rule::MaxLength(max), true) => at_most(*max),
            (Rule::MaxLength(max), false) => low = low.max(max.saturating_add(1)),
            (Rule::Pattern(pattern), satisfied) => patterns.push((pattern, *satisfied)),
            (Rule::Format(format), satisfied) => formats.push((format.name(), *satisfied)),
            (Rule::Enum(members), false) => excluded.extend(members.iter().filter_map(Value::as_str)),
            (Rule::Const(value), false) => excluded.extend(value.as_str()),
            _ => {}
        }
    }
    // Of some patterns only a wider one is known, which says nothing about what they do not match.
    let against = |pattern: &Pattern| patterns.iter().any(|(other, satisfied)| *satisfied && other.source() == pattern.source());
    for (pattern, satisfied) in &patterns {
        if *satisfied || pattern.is_exact() {
            all.push(of_pattern(pattern, *satisfied));
        } else if against(pattern) {
            return Found::Nothing;
        }
    }
    if high.is_some_and(|high| low > high) || formats.iter().any(|(name, satisfied)| formats.contains(&(*name, !satisfied))) {
        return Found::Nothing;
    }
    for (name, within) in FORMATS.iter() {
        if formats.contains(&(*name, true)) {
            all.push(Language { key: format!("format {name}"), hir: within.clone(), satisfied: true });
        }
    }
    if !excluded.is_empty() && (!all.is_empty() || high.is_some()) {
        all.push(none_of(excluded));
    }
    if all.is_empty() { Found::Unknown } else { languages.find(all, low, high) }
}

fn of_pattern(pattern: &Pattern, satisfied: bool) -> Language {
    Language { key: pattern.source().to_owned(), hir: pattern.hir().clone(), satisfied }
}

fn none_of(mut texts: Vec<&str>) -> Language {
    texts.sort_unstable();
    texts.dedup();
    let literals = texts.iter().map(|text| Hir::literal(text.as_bytes())).collect();
    let whole = Hir::concat(vec![Hir::look(Look::Start), Hir::alternation(literals), Hir::look(Look::End)]);
    Language { key: format!("one of {texts:?}"), hir: whole, satisfied: false }
}
