//! Texts that match a pattern in each way, and texts that miss it in one part.

use std::collections::HashSet;

use proptest::{prelude::RngExt, test_runner::TestRng};
use regex_syntax::hir::{ClassUnicode, Hir, HirKind};

use super::{FAVOURITES, KINDS, MAX_BOUNDARY, MAX_COPIES, MAX_MISSES, STRETCH, contains, counts, known_ranges, unicode};
use crate::text::{look_alikes, neighbours, pick};

/// Texts that a part matches: a short plain one first, then others that differ from it in one place each.
pub(super) fn variants(hir: &Hir) -> Vec<String> {
    let mut variants = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![String::new()],
        HirKind::Literal(literal) => vec![String::from_utf8_lossy(&literal.0).into_owned()],
        HirKind::Class(class) => unicode(class).into_iter().flat_map(members).map(String::from).collect(),
        HirKind::Capture(capture) => self::variants(&capture.sub),
        HirKind::Repetition(repetition) => {
            let (least, most) = counts(repetition, STRETCH);
            let sub = self::variants(&repetition.sub);
            let plain = sub.first().cloned().unwrap_or_default();
            let mut all = Vec::new();
            // What matches nothing can be repeated no times only.
            if least == 0 || !sub.is_empty() {
                all.push(plain.repeat(least));
            }
            if !sub.is_empty() {
                let once = least.max(1).min(most);
                all.push(plain.repeat(once));
                all.push(plain.repeat(most.min(least.saturating_add(MAX_COPIES))));
                all.extend(sub.iter().skip(1).map(|variant| variant.repeat(once)));
            }
            all
        }
        HirKind::Concat(parts) => {
            let parts: Vec<_> = parts.iter().map(self::variants).collect();
            let with = |place: usize, variant: usize| -> Option<String> {
                let chosen = |part: usize| if part == place { variant } else { 0 };
                parts.iter().enumerate().map(|(part, texts)| texts.get(chosen(part)).map(String::as_str)).collect()
            };
            let longest = parts.iter().map(Vec::len).max().unwrap_or(0);
            // One variant of each part in turn, so that a long list of one part does not crowd out the others.
            let turns = (1..longest).flat_map(|variant| (0..parts.len()).map(move |place| (place, variant)));
            let own = turns.filter(|&(place, variant)| variant < parts[place].len());
            with(0, 0).into_iter().chain(own.filter_map(|(place, variant)| with(place, variant))).collect()
        }
        HirKind::Alternation(branches) => {
            let branches: Vec<_> = branches.iter().map(self::variants).collect();
            let longest = branches.iter().map(Vec::len).max().unwrap_or(0);
            (0..longest).flat_map(|turn| branches.iter().filter_map(move |texts| texts.get(turn).cloned())).collect()
        }
    };
    let mut seen = HashSet::new();
    variants.retain(|text| seen.insert(text.clone()));
    variants.truncate(MAX_BOUNDARY);
    variants
}

/// Texts in which one part is not as the pattern has it and the others are plain: a character before the beginning or after the
/// end, one of another kind or next to a class, one repetition fewer or more. The first of each part comes before the second of any,
/// however deep it stands: a group with many parts is not tried in its first ones only.
pub(super) fn misses(hir: &Hir) -> Vec<String> {
    ranked(hir).into_iter().map(|(_, miss)| miss).collect()
}

/// A miss, and how many others of the same part come before it.
type Ranked = (usize, String);

fn ranked(hir: &Hir) -> Vec<Ranked> {
    let first_to_last = |texts: Vec<String>| texts.into_iter().enumerate().collect();
    let mut misses: Vec<Ranked> = match hir.kind() {
        HirKind::Empty => Vec::new(),
        HirKind::Look(_) => first_to_last(['a', '0', ' '].map(String::from).to_vec()),
        HirKind::Literal(literal) => {
            let text = String::from_utf8_lossy(&literal.0).into_owned();
            let shorter = text.chars().skip(1).collect();
            first_to_last(vec![shorter, text.to_lowercase(), text.to_uppercase()])
        }
        HirKind::Class(class) => first_to_last(unicode(class).into_iter().flat_map(strangers).map(String::from).collect()),
        HirKind::Capture(capture) => ranked(&capture.sub),
        HirKind::Repetition(repetition) => {
            let (least, most) = counts(repetition, STRETCH);
            let plain = variants(&repetition.sub).into_iter().next().unwrap_or_default();
            let mut all: Vec<Ranked> = least.checked_sub(1).map(|fewer| (0, plain.repeat(fewer))).into_iter().collect();
            if repetition.max.is_some() && most <= MAX_COPIES {
                all.push((0, plain.repeat(most + 1)));
            }
            let rest = plain.repeat(least.max(1) - 1);
            all.extend(ranked(&repetition.sub).into_iter().map(|(rank, miss)| (rank, miss + &rest)));
            all
        }
        HirKind::Concat(parts) => {
            let right: Vec<_> = parts.iter().map(variants).collect();
            let plain: Vec<&str> = right.iter().map(|texts| texts.first().map_or("", String::as_str)).collect();
            // What is too much for one part may be the beginning of the next one, unless that has as much as it can take.
            let full: Vec<&str> = right
                .iter()
                .map(|texts| texts.iter().max_by_key(|text| text.chars().count()).map_or("", String::as_str))
                .collect();
            let with =
                |others: &[&str], place: usize, miss: &str| others[..place].concat() + miss + &others[place + 1..].concat();
            let mut all = Vec::new();
            for (place, part) in parts.iter().enumerate() {
                for (rank, miss) in ranked(part) {
                    all.push((rank, with(&plain, place, &miss)));
                    if rank < 2 {
                        all.push((rank + 1, with(&full, place, &miss)));
                    }
                }
            }
            all
        }
        HirKind::Alternation(branches) => branches.iter().flat_map(ranked).collect(),
    };
    misses.sort_by_key(|(rank, _)| *rank);
    let mut seen = HashSet::new();
    misses.retain(|(_, text)| seen.insert(text.clone()));
    misses.truncate(MAX_MISSES);
    misses
}

/// Characters that are not in a class: those of other kinds, and those next to its ranges.
fn strangers(class: &ClassUnicode) -> Vec<char> {
    let ends = class.iter().take(8).flat_map(|range| neighbours(range.start()).chain(neighbours(range.end())));
    KINDS.into_iter().chain(ends).filter(|&c| !contains(class, c)).collect()
}

/// A few members of a class: a plain one, its ends, one of each size in UTF-8.
fn members(class: &ClassUnicode) -> Vec<char> {
    let ranges = known_ranges(class);
    let (Some((first, _)), Some((_, last))) = (ranges.first(), ranges.last()) else { return Vec::new() };
    let mut favourites = FAVOURITES.into_iter().filter(|&c| contains(class, c));
    let plain = favourites.next().unwrap_or(*first);
    let multi_byte = (2..=4).filter_map(|size| FAVOURITES.into_iter().find(|c| c.len_utf8() == size && contains(class, *c)));
    let ends = ranges.iter().take(8).flat_map(|(first, last)| [*first, *last]);
    let mut members = vec![plain, *first, *last];
    members.extend(multi_byte);
    members.extend(ends);
    let mut seen = HashSet::new();
    members.retain(|&c| seen.insert(c));
    members
}

/// Characters next to a range of some class of the pattern, and not in that class.
pub(super) fn outside(hir: &Hir) -> Vec<char> {
    match hir.kind() {
        HirKind::Class(class) => unicode(class).map_or_else(Vec::new, strangers),
        HirKind::Capture(capture) => outside(&capture.sub),
        HirKind::Repetition(repetition) => outside(&repetition.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().flat_map(outside).collect(),
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) => Vec::new(),
    }
}

/// The text with one character replaced by another: at the first, the last and a random place.
pub(super) fn replacements(rng: &mut TestRng, base: &str, outside: &[char]) -> Vec<String> {
    let letters: Vec<char> = base.chars().collect();
    if letters.is_empty() {
        return Vec::new();
    }
    let places = HashSet::from([0, letters.len() - 1, rng.random_range(0..letters.len())]);
    let mut places: Vec<_> = places.into_iter().collect();
    places.sort_unstable();
    let mut texts = Vec::new();
    for place in places {
        let mut others: Vec<char> = neighbours(letters[place]).chain(look_alikes(letters[place])).collect();
        others.extend([' ', '\n', '\0', '_', '\u{301}']);
        if !outside.is_empty() {
            others.extend((0..4).map(|_| *pick(rng, outside)));
        }
        texts.extend(others.into_iter().map(|other| {
            let mut changed = letters.clone();
            changed[place] = other;
            changed.into_iter().collect()
        }));
    }
    texts
}

/// The text with something added at an end, or one character removed or doubled.
pub(super) fn insertions_and_removals(rng: &mut TestRng, base: &str, outside: &[char]) -> Vec<String> {
    let letters: Vec<char> = base.chars().collect();
    let mut texts = vec![format!("{base}\n"), format!(" {base}"), format!("{base} "), format!("\n{base}")];
    if let Some(last) = letters.len().checked_sub(1) {
        for place in [last, 0, rng.random_range(0..letters.len())] {
            let mut shorter = letters.clone();
            let removed = shorter.remove(place);
            texts.push(shorter.into_iter().collect());
            let mut longer = letters.clone();
            longer.insert(place, removed);
            texts.push(longer.into_iter().collect());
        }
    }
    if !outside.is_empty() {
        let place = rng.random_range(0..=letters.len());
        let mut longer = letters;
        longer.insert(place, *pick(rng, outside));
        texts.push(longer.into_iter().collect());
    }
    texts.extend([format!("{base}a"), format!("{base}0"), format!("0{base}"), format!("{base}{base}")]);
    texts
}
