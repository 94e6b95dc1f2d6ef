//! Texts for the keyword `pattern`: an ECMA-262 regular expression in Unicode mode that must match somewhere in the
//! string (JSON Schema Validation 2020-12, section 6.3.3).

use std::collections::HashSet;
use std::iter::Peekable;
use std::str::Chars;

use proptest::prelude::RngExt;
use proptest::test_runner::TestRng;
use regex::Regex;
use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Repetition};

use super::{look_alikes, nasty, neighbours, pick, shuffle};

/// Why no texts can be made for a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is no regular expression of ECMA-262, nor one with the usual liberties (Annex B).
    #[error("not a regular expression: {reason}")]
    Syntax {
        /// What is wrong.
        reason: String,
    },
    /// It is valid, but uses something that neither the matcher nor the generator knows.
    #[error("{construct} is not supported")]
    Unsupported {
        /// What it uses.
        construct: &'static str,
    },
    /// Its repetitions need more memory than the matcher may take.
    #[error("too large to be compiled")]
    TooLarge,
}

/// A regular expression as JSON Schema means it, with texts that match it and near misses.
#[derive(Debug, Clone)]
pub struct Pattern {
    ecma: Regex,
    /// The reading of validators that hand the pattern to a Rust engine with little change; where it differs from
    /// ECMA-262, texts on which the two disagree are never generated.
    loose: Option<Regex>,
    hir: Hir,
}

/// How often an unbounded repetition goes beyond its minimum, unless a minimal length demands more.
const STRETCH: usize = 8;
/// Draws until a text is given up.
const ATTEMPTS: usize = 64;
/// The most edges, and variants of one part of a pattern.
const MAX_EDGES: usize = 24;
/// The most faults.
pub(crate) const MAX_FAULTS: usize = 56;
/// The most of them that are wrong in one part of the pattern.
const MAX_MISSES: usize = 32;
/// The longest text that an edge may spell out for the upper end of a repetition, in copies of what is repeated.
const MAX_COPIES: usize = 4_096;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// When it is no pattern, uses look-around, back-references or other things a finite automaton cannot do, or is
    /// too large.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let Translated { ecma, loose } = Translator::new(pattern).run()?;
        let loose = if loose == ecma { None } else { Some(compile(&loose)?) };
        let hir = regex_syntax::parse(&ecma).map_err(|error| PatternError::Syntax { reason: error.to_string() })?;
        Ok(Self { ecma: compile(&ecma)?, loose, hir })
    }

    /// Whether the pattern matches somewhere in the text, by ECMA-262.
    pub fn is_match(&self, text: &str) -> bool {
        self.ecma.is_match(text)
    }

    /// The pattern in the syntax of the `regex` crate: the same text, the same language.
    pub(crate) fn source(&self) -> &str {
        self.ecma.as_str()
    }

    /// The pattern as a tree.
    pub(crate) const fn hir(&self) -> &Hir {
        &self.hir
    }

    /// Whether all readings of the pattern say that the text matches (`true`) or does not (`false`).
    fn all_say(&self, text: &str, matches: bool) -> bool {
        self.ecma.is_match(text) == matches && self.loose.as_ref().is_none_or(|loose| loose.is_match(text) == matches)
    }

    /// Matching texts at the edges, at most 24: the shortest, each alternative, the ends of each class of characters,
    /// least and most of each repetition, and something around where the pattern is not anchored.
    pub fn edges(&self) -> Vec<String> {
        let mut edges = variants(&self.hir);
        edges.truncate(MAX_EDGES - 4);
        if let Some(plain) = edges.first().cloned() {
            edges.extend([format!("{plain}\n"), format!(" {plain}"), format!("é{plain}😀"), format!("{plain}{plain}")]);
        }
        let mut seen = HashSet::new();
        edges.retain(|text| self.all_say(text, true) && seen.insert(text.clone()));
        edges
    }

    /// A random matching text of `min` to `max` code points (both included), or `None` when none was found. Where the
    /// pattern is not anchored, there may be other text around the match.
    pub fn random(&self, rng: &mut TestRng, min: usize, max: Option<usize>) -> Option<String> {
        let usual = Span::of(&self.hir, STRETCH);
        // A repetition can always be made long enough by itself.
        let stretch = if usual.most < min { min } else { STRETCH };
        let span = Span::of(&self.hir, stretch);
        let most = max.map_or(span.most, |max| max.min(span.most));
        let least = min.clamp(span.least, most.max(span.least));
        let fits = |text: &str| {
            let length = text.chars().count();
            length >= min && max.is_none_or(|max| length <= max) && self.all_say(text, true)
        };
        (0..ATTEMPTS).find_map(|_| {
            let target = match rng.random_range(0..10) {
                0 | 1 => least,
                2 => most.max(least),
                3 => rng.random_range(least..=most.max(least)),
                _ => rng.random_range(least..=most.clamp(least, least.saturating_add(2 * STRETCH))),
            };
            let mut text = String::new();
            grow(&self.hir, target, stretch, rng, &mut text)?;
            let padded = pad(rng, &text, min, max);
            padded.filter(|text| fits(text)).or_else(|| Some(text).filter(|text| fits(text)))
        })
    }

    /// Texts that are wrong in one part of the pattern and do not match, at most 32; those first that are as long as a match.
    pub(crate) fn misses(&self) -> Vec<String> {
        let mut misses = misses(&self.hir);
        misses.retain(|text| self.all_say(text, false));
        let span = Span::of(&self.hir, STRETCH);
        misses.sort_by_key(|text| span.distance(text.chars().count()));
        misses
    }

    /// Near misses: texts that do not match, at most 56, made from matching ones by a single change. First come those that
    /// are wrong in one part of the pattern, then a character of each usual kind at either end and a text that is one longer or
    /// shorter, then others. All have `min` to `max` code points (both included) if any can.
    pub fn faults(&self, rng: &mut TestRng, min: usize, max: Option<usize>) -> Vec<String> {
        let within = |text: &str| {
            let length = text.chars().count();
            length >= min && max.is_none_or(|max| length <= max)
        };
        let mut bases: Vec<String> = (0..4).filter_map(|_| self.random(rng, min, max)).collect();
        bases.extend(self.edges().into_iter().filter(|text| within(text)).take(4));
        let outside = outside(&self.hir);

        let mut same = Vec::new();
        let mut other = vec![String::new()];
        for base in &bases {
            same.extend(replacements(rng, base, &outside));
            other.extend(insertions_and_removals(rng, base, &outside));
        }
        let length = bases.first().map_or(min, |base| base.chars().count());
        for length in [length, min, 1] {
            other.extend("\n -a0é\0".chars().map(|c| c.to_string().repeat(length)));
        }
        shuffle(rng, &mut same);
        // Those that depend on nothing drawn come first, so that each has a number of its own.
        let mut first = self.misses();
        first.extend(bases.first().into_iter().flat_map(|base| usual_slips(base)));

        let mut seen = HashSet::new();
        let mut fault = |text: &String| self.all_say(text, false) && seen.insert(text.clone());
        first.retain(&mut fault);
        same.retain(&mut fault);
        other.retain(&mut fault);
        if first.iter().chain(&same).chain(&other).any(|text| within(text)) {
            first.retain(|text| within(text));
            same.retain(|text| within(text));
            other.retain(|text| within(text));
        }
        // Some room is kept for changes of length, whichever list is the longer.
        let room = (MAX_FAULTS - other.len().min(MAX_FAULTS / 4)).saturating_sub(first.len());
        same.truncate(room);
        first.extend(same);
        first.extend(other);
        first.truncate(MAX_FAULTS);
        first
    }
}

/// A character of each usual kind.
const KINDS: [char; 7] = ['a', 'A', '0', '-', ' ', 'é', 'Ω'];

/// What a pattern that was widened by mistake most likely lets through: another kind of character at the beginning or the end,
/// one more, one fewer.
fn usual_slips(base: &str) -> Vec<String> {
    let chars: Vec<char> = base.chars().collect();
    let Some(last) = chars.len().checked_sub(1) else { return Vec::new() };
    let mut all = Vec::new();
    for kind in KINDS {
        for position in [last, 0] {
            let mut changed = chars.clone();
            changed[position] = kind;
            all.push(changed.iter().collect());
        }
    }
    all.push(format!("{base}{}", chars[last]));
    all.push(chars[..last].iter().collect());
    all.push(base.to_lowercase());
    all.push("Ω".repeat(chars.len()));
    all
}

fn compile(rust: &str) -> Result<Regex, PatternError> {
    Regex::new(rust).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
        error => PatternError::Syntax { reason: error.to_string() },
    })
}

/// The least and the most code points that a part of a pattern takes.
#[derive(Clone, Copy)]
struct Span {
    least: usize,
    most: usize,
}

impl Span {
    /// The span of a part whose unbounded repetitions go at most `stretch` times beyond their minimum.
    fn of(hir: &Hir, stretch: usize) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self { least: 0, most: 0 },
            HirKind::Literal(literal) => {
                let length = String::from_utf8_lossy(&literal.0).chars().count();
                Self { least: length, most: length }
            }
            HirKind::Class(_) => Self { least: 1, most: 1 },
            HirKind::Capture(capture) => Self::of(&capture.sub, stretch),
            HirKind::Repetition(repetition) => {
                let (least, most) = counts(repetition, stretch);
                let sub = Self::of(&repetition.sub, stretch);
                Self { least: sub.least.saturating_mul(least), most: sub.most.saturating_mul(most) }
            }
            HirKind::Concat(parts) => {
                parts.iter().map(|part| Self::of(part, stretch)).fold(Self { least: 0, most: 0 }, |sum, part| Self {
                    least: sum.least.saturating_add(part.least),
                    most: sum.most.saturating_add(part.most),
                })
            }
            HirKind::Alternation(branches) => {
                let spans = || branches.iter().map(|branch| Self::of(branch, stretch));
                Self {
                    least: spans().map(|span| span.least).min().unwrap_or(0),
                    most: spans().map(|span| span.most).max().unwrap_or(0),
                }
            }
        }
    }

    /// How far a length is from the span.
    const fn distance(self, length: usize) -> usize {
        self.least.saturating_sub(length) + length.saturating_sub(self.most)
    }
}

/// The least and the most rounds of a repetition.
fn counts(repetition: &Repetition, stretch: usize) -> (usize, usize) {
    let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let least = size(repetition.min);
    (least, repetition.max.map_or(least.saturating_add(stretch), size))
}

/// Appends a random text that a part matches, as near to `target` code points as the part allows. `None` when the part
/// matches nothing at all.
fn grow(hir: &Hir, target: usize, stretch: usize, rng: &mut TestRng, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(member(rng, unicode(class)?)?),
        HirKind::Capture(capture) => grow(&capture.sub, target, stretch, rng, text)?,
        HirKind::Concat(parts) => grow_all(&parts.iter().collect::<Vec<_>>(), target, stretch, rng, text)?,
        HirKind::Repetition(repetition) => {
            let (least, most) = counts(repetition, stretch);
            let sub = Span::of(&repetition.sub, stretch);
            // As few rounds as can be so long, and as many as can be so short.
            let fewest = target.div_ceil(sub.most.max(1)).clamp(least, most);
            let rounds = match target.checked_div(sub.least) {
                Some(fitting) => rng.random_range(fewest..=fitting.clamp(fewest, most)),
                None => rng.random_range(fewest..=most.min(fewest.saturating_add(STRETCH))),
            };
            grow_all(&vec![&*repetition.sub; rounds], target, stretch, rng, text)?;
        }
        HirKind::Alternation(branches) => {
            let distance = |branch: &Hir| Span::of(branch, stretch).distance(target);
            let nearest = branches.iter().map(distance).min()?;
            let fitting: Vec<_> = branches.iter().filter(|branch| distance(branch) == nearest).collect();
            grow(pick::<&Hir>(rng, &fitting), target, stretch, rng, text)?;
        }
    }
    Some(())
}

/// Appends one text for each part, with the `target` code points spread at random over those that can take more.
fn grow_all(parts: &[&Hir], target: usize, stretch: usize, rng: &mut TestRng, text: &mut String) -> Option<()> {
    let spans: Vec<_> = parts.iter().map(|part| Span::of(part, stretch)).collect();
    let mut shares: Vec<_> = spans.iter().map(|span| span.least).collect();
    let mut rest = target.saturating_sub(shares.iter().fold(0, |sum, share| sum.saturating_add(*share)));
    let mut open: Vec<usize> = (0..parts.len()).filter(|&part| spans[part].most > spans[part].least).collect();
    shuffle(rng, &mut open);
    while let Some(part) = open.pop().filter(|_| rest > 0) {
        // What the parts still to come cannot take, this one must.
        let later = open.iter().fold(0usize, |sum, &part| sum.saturating_add(spans[part].most - spans[part].least));
        let room = (spans[part].most - spans[part].least).min(rest);
        let share = rng.random_range(rest.saturating_sub(later).min(room)..=room);
        shares[part] += share;
        rest -= share;
    }
    parts.iter().zip(shares).try_for_each(|(part, share)| grow(part, share, stretch, rng, text))
}

/// The text with others around it: as much as it lacks to `min`, or now and then a little.
fn pad(rng: &mut TestRng, text: &str, min: usize, max: Option<usize>) -> Option<String> {
    let length = text.chars().count();
    let missing = min.saturating_sub(length);
    let room = max.map_or(usize::MAX, |max| max.saturating_sub(length));
    if missing > room || (missing == 0 && (room == 0 || !rng.random_bool(0.5))) {
        return None;
    }
    let added = if missing > 0 { missing } else { rng.random_range(1..=room.min(6)) };
    let before = rng.random_range(0..=added);
    let after = added - before;
    Some(nasty::text(rng, before, Some(before)) + text + &nasty::text(rng, after, Some(after)))
}

/// A class of code points; patterns in Unicode mode have no others.
const fn unicode(class: &Class) -> Option<&ClassUnicode> {
    match class {
        Class::Unicode(class) => Some(class),
        Class::Bytes(_) => None,
    }
}

fn contains(class: &ClassUnicode, c: char) -> bool {
    class.iter().any(|range| (range.start()..=range.end()).contains(&c))
}

/// Members wanted first where a class has them: the ordinary, then one of each size in UTF-8, then the awkward.
const FAVOURITES: [char; 22] = [
    'a',
    'A',
    '0',
    '-',
    ' ',
    'é',
    'ж',
    '中',
    '😀',
    '\u{301}',
    '\u{200D}',
    'ß',
    'İ',
    '\0',
    '\n',
    '"',
    '\\',
    '<',
    '\u{202E}',
    'א',
    '\u{FFFF}',
    '\u{10FFFF}',
];

/// A random member of a class, often the end of a range or one that is awkward.
fn member(rng: &mut TestRng, class: &ClassUnicode) -> Option<char> {
    let ranges: Vec<(char, char)> = class.iter().map(|range| (range.start(), range.end())).collect();
    if ranges.is_empty() {
        return None;
    }
    let (first, last) = *pick(rng, &ranges);
    let chosen = match rng.random_range(0..10) {
        0 => Some(first),
        1 => Some(last),
        2..6 => printable(rng, &ranges),
        6 | 7 => Some(*pick(rng, &FAVOURITES)).filter(|&c| contains(class, c)),
        _ => None,
    };
    Some(chosen.unwrap_or_else(|| rng.random_range(first..=last)))
}

/// A random printable ASCII character of the ranges.
fn printable(rng: &mut TestRng, ranges: &[(char, char)]) -> Option<char> {
    let ranges: Vec<_> = ranges.iter().map(|&(first, last)| (first.max(' '), last.min('~'))).filter(|(a, b)| a <= b).collect();
    let (first, last) = *(!ranges.is_empty()).then(|| pick(rng, &ranges))?;
    Some(rng.random_range(first..=last))
}

/// Texts that a part matches: a short plain one first, then others that differ from it in one place each.
fn variants(hir: &Hir) -> Vec<String> {
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
    variants.truncate(MAX_EDGES);
    variants
}

/// Texts in which one part is not as the pattern has it and the others are plain: a character before the beginning or after the
/// end, one of another kind or next to a class, one repetition fewer or more.
fn misses(hir: &Hir) -> Vec<String> {
    let mut misses = match hir.kind() {
        HirKind::Empty => Vec::new(),
        HirKind::Look(_) => ['a', '0', ' '].map(String::from).to_vec(),
        HirKind::Literal(literal) => {
            let text = String::from_utf8_lossy(&literal.0).into_owned();
            let shorter = text.chars().skip(1).collect();
            vec![shorter, text.to_lowercase(), text.to_uppercase()]
        }
        HirKind::Class(class) => unicode(class).into_iter().flat_map(strangers).map(String::from).collect(),
        HirKind::Capture(capture) => self::misses(&capture.sub),
        HirKind::Repetition(repetition) => {
            let (least, most) = counts(repetition, STRETCH);
            let plain = variants(&repetition.sub).into_iter().next().unwrap_or_default();
            let mut all: Vec<String> = least.checked_sub(1).map(|fewer| plain.repeat(fewer)).into_iter().collect();
            if repetition.max.is_some() && most <= MAX_COPIES {
                all.push(plain.repeat(most + 1));
            }
            let rest = plain.repeat(least.max(1) - 1);
            all.extend(self::misses(&repetition.sub).into_iter().map(|miss| miss + &rest));
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
            let wrong: Vec<_> = parts.iter().map(self::misses).collect();
            let with =
                |others: &[&str], place: usize, miss: &str| others[..place].concat() + miss + &others[place + 1..].concat();
            // One miss of each part in turn, as for the variants.
            let longest = wrong.iter().map(Vec::len).max().unwrap_or(0);
            let mut all = Vec::new();
            for turn in 0..longest {
                for (place, miss) in wrong.iter().enumerate().filter_map(|(place, misses)| Some((place, misses.get(turn)?))) {
                    all.push(with(&plain, place, miss));
                    if turn < 2 {
                        all.push(with(&full, place, miss));
                    }
                }
            }
            all
        }
        HirKind::Alternation(branches) => {
            let branches: Vec<_> = branches.iter().map(self::misses).collect();
            let longest = branches.iter().map(Vec::len).max().unwrap_or(0);
            (0..longest).flat_map(|turn| branches.iter().filter_map(move |texts| texts.get(turn).cloned())).collect()
        }
    };
    let mut seen = HashSet::new();
    misses.retain(|text| seen.insert(text.clone()));
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
    let ranges = class.ranges();
    let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else { return Vec::new() };
    let mut favourites = FAVOURITES.into_iter().filter(|&c| contains(class, c));
    let plain = favourites.next().unwrap_or(first.start());
    let multi_byte = (2..=4).filter_map(|size| FAVOURITES.into_iter().find(|c| c.len_utf8() == size && contains(class, *c)));
    let ends = ranges.iter().take(8).flat_map(|range| [range.start(), range.end()]);
    let mut members = vec![plain, first.start(), last.end()];
    members.extend(multi_byte);
    members.extend(ends);
    let mut seen = HashSet::new();
    members.retain(|&c| seen.insert(c));
    members
}

/// Characters next to a range of some class of the pattern, and not in that class.
fn outside(hir: &Hir) -> Vec<char> {
    match hir.kind() {
        HirKind::Class(class) => unicode(class).map_or_else(Vec::new, strangers),
        HirKind::Capture(capture) => outside(&capture.sub),
        HirKind::Repetition(repetition) => outside(&repetition.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().flat_map(outside).collect(),
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) => Vec::new(),
    }
}

/// The text with one character replaced by another: at the first, the last and a random place.
fn replacements(rng: &mut TestRng, base: &str, outside: &[char]) -> Vec<String> {
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
fn insertions_and_removals(rng: &mut TestRng, base: &str, outside: &[char]) -> Vec<String> {
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

/// `\s` of ECMA-262: white space and line terminators.
const SPACE: &str = r"\t-\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";
/// `\s` of boon 0.6, which has only some of these.
const LOOSE_SPACE: &str = r"\t-\r \x{A0}\x{2003}\x{2029}\x{FEFF}";

/// A pattern in the syntax of the `regex` crate.
#[derive(Default)]
struct Translated {
    ecma: String,
    loose: String,
}

impl Translated {
    fn push(&mut self, text: &str) {
        self.push_each(text, text);
    }

    fn push_each(&mut self, ecma: &str, loose: &str) {
        self.ecma.push_str(ecma);
        self.loose.push_str(loose);
    }

    fn push_char(&mut self, c: char) {
        self.push(&format!(r"\x{{{:X}}}", u32::from(c)));
    }
}

/// What an escape stands for, or one item of a class of characters.
enum Atom {
    Char(char),
    /// A class in brackets, by ECMA-262 and by the loose reading.
    Class(String, String),
}

impl Atom {
    fn class(members: &str, loose: &str, negated: bool) -> Self {
        let not = if negated { "^" } else { "" };
        Self::Class(format!("[{not}{members}]"), format!("[{not}{loose}]"))
    }

    fn write(&self, out: &mut Translated) {
        match self {
            Self::Char(c) => out.push_char(*c),
            Self::Class(ecma, loose) => out.push_each(ecma, loose),
        }
    }
}

fn syntax<T>(reason: &str) -> Result<T, PatternError> {
    Err(PatternError::Syntax { reason: reason.to_owned() })
}

const fn unsupported<T>(construct: &'static str) -> Result<T, PatternError> {
    Err(PatternError::Unsupported { construct })
}

/// Writes an ECMA-262 pattern in the syntax of the `regex` crate. Groups and counts of parentheses are left for that
/// crate to check; what the two read differently is written out.
struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: Translated,
    /// Whether a quantifier may come next.
    quantifiable: bool,
}

impl<'a> Translator<'a> {
    fn new(pattern: &'a str) -> Self {
        Self { rest: pattern.chars().peekable(), out: Translated::default(), quantifiable: false }
    }

    fn eat(&mut self, expected: char) -> bool {
        self.rest.next_if_eq(&expected).is_some()
    }

    /// Takes `expected` if it comes next as a whole.
    fn eat_all(&mut self, expected: &str) -> bool {
        let mut ahead = self.rest.clone();
        let found = expected.chars().all(|c| ahead.next() == Some(c));
        if found {
            self.rest = ahead;
        }
        found
    }

    fn run(mut self) -> Result<Translated, PatternError> {
        while let Some(c) = self.rest.next() {
            let mut quantifiable = true;
            match c {
                '\\' => quantifiable = self.escape()?,
                '[' => self.class()?,
                '.' => self.out.push_each(r"[^\n\r\x{2028}\x{2029}]", "."),
                '(' => {
                    self.group()?;
                    quantifiable = false;
                }
                ')' => self.out.push(")"),
                // Without flags, Rust has these at the very start and the very end only, as ECMA-262 has.
                '^' | '$' | '|' => {
                    self.out.push(c.encode_utf8(&mut [0; 4]));
                    quantifiable = false;
                }
                '*' | '+' | '?' => {
                    self.quantifier(c.encode_utf8(&mut [0; 4]))?;
                    quantifiable = false;
                }
                '{' => {
                    if let Some(counts) = self.counts() {
                        self.quantifier(&counts)?;
                        quantifiable = false;
                    } else {
                        // Annex B: a brace that opens no quantifier is itself.
                        self.out.push_char(c);
                    }
                }
                c => self.out.push_char(c),
            }
            self.quantifiable = quantifiable;
        }
        Ok(self.out)
    }

    fn quantifier(&mut self, quantifier: &str) -> Result<(), PatternError> {
        if !self.quantifiable {
            return syntax("nothing to repeat");
        }
        self.out.push(quantifier);
        if self.eat('?') {
            self.out.push("?");
        }
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}` after its opening brace.
    fn counts(&mut self) -> Option<String> {
        let mut ahead = self.rest.clone();
        let inner: String = ahead.by_ref().take_while(|&c| c != '}').collect();
        // `take_while` also ends with the pattern; then no brace closes.
        let closed = self.rest.clone().any(|c| c == '}');
        let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
        (closed && !least.is_empty() && digits(least) && digits(most)).then(|| {
            self.rest = ahead;
            format!("{{{inner}}}")
        })
    }

    /// What follows an opening parenthesis. Nothing is ever captured: there are no back-references to need it.
    fn group(&mut self) -> Result<(), PatternError> {
        if !self.eat('?') {
            self.out.push("(?:");
            return Ok(());
        }
        if self.eat_all("=") || self.eat_all("!") {
            return unsupported("look-ahead");
        }
        if self.eat_all("<=") || self.eat_all("<!") {
            return unsupported("look-behind");
        }
        if self.eat('<') {
            let name: String = self.rest.by_ref().take_while(|&c| c != '>').collect();
            if name.is_empty() {
                return syntax("a group without a name");
            }
            self.out.push("(?:");
            return Ok(());
        }
        for modifiers in [":", "i:", "-i:"] {
            if self.eat_all(modifiers) {
                self.out.push(&format!("(?{modifiers}"));
                return Ok(());
            }
        }
        match self.rest.peek() {
            Some('m' | 's' | '-' | 'i') => unsupported("a group with modifiers"),
            _ => syntax("an unknown kind of group"),
        }
    }

    /// An escape outside of a class. Tells whether a quantifier may follow.
    fn escape(&mut self) -> Result<bool, PatternError> {
        match self.rest.peek() {
            // The boundaries of ECMA-262 know ASCII words only, those of Rust all of Unicode.
            Some('b') => self.out.push_each(r"(?-u:\b)", r"\b"),
            Some('B') => self.out.push_each(r"(?-u:\B)", r"\B"),
            Some('1'..='9' | 'k') => return unsupported("a back-reference"),
            _ => {
                self.atom_escape()?.write(&mut self.out);
                return Ok(true);
            }
        }
        self.rest.next();
        Ok(false)
    }

    /// An escape that stands for a character or a class of them.
    fn atom_escape(&mut self) -> Result<Atom, PatternError> {
        let Some(c) = self.rest.next() else { return syntax("a backslash at the end") };
        Ok(match c {
            'd' | 'D' => Atom::class("0-9", "0-9", c == 'D'),
            'w' | 'W' => Atom::class("0-9A-Z_a-z", "0-9A-Z_a-z", c == 'W'),
            's' | 'S' => Atom::class(SPACE, LOOSE_SPACE, c == 'S'),
            'p' | 'P' => {
                if !self.eat('{') {
                    return syntax("a property without braces");
                }
                let property: String = self.rest.by_ref().take_while(|&c| c != '}').collect();
                let class = format!(r"\{c}{{{property}}}");
                Atom::Class(class.clone(), class)
            }
            'f' => Atom::Char('\u{C}'),
            'n' => Atom::Char('\n'),
            'r' => Atom::Char('\r'),
            't' => Atom::Char('\t'),
            'v' => Atom::Char('\u{B}'),
            '0' if !self.rest.peek().is_some_and(char::is_ascii_digit) => Atom::Char('\0'),
            'c' => match self.rest.next() {
                Some(letter) if letter.is_ascii_alphabetic() => Atom::Char(char::from(letter as u8 % 32)),
                _ => return syntax("a control escape without a letter"),
            },
            'x' => Atom::Char(self.scalar(2)?),
            'u' => Atom::Char(self.code_point()?),
            c if c.is_ascii_alphanumeric() => return syntax(&format!(r"the unknown escape \{c}")),
            c => Atom::Char(c),
        })
    }

    /// The number of exactly so many hexadecimal digits.
    fn hex(&mut self, digits: usize) -> Result<u32, PatternError> {
        (0..digits).try_fold(0, |value, _| match self.rest.next().and_then(|c| c.to_digit(16)) {
            Some(digit) => Ok(value * 16 + digit),
            None => syntax("an escape with too few hexadecimal digits"),
        })
    }

    fn scalar(&mut self, digits: usize) -> Result<char, PatternError> {
        let value = self.hex(digits)?;
        // Texts in UTF-8 hold no halves of surrogate pairs, so nothing could match.
        char::from_u32(value).map_or_else(|| unsupported("half of a surrogate pair"), Ok)
    }

    /// `\u{1F600}`, `\u00E9` or the two halves `\uD83D\uDE00`, after the `u`.
    fn code_point(&mut self) -> Result<char, PatternError> {
        if self.eat('{') {
            let digits: String = self.rest.by_ref().take_while(|&c| c != '}').collect();
            let value = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
            return value.map_or_else(|| syntax("an escape that is no code point"), Ok);
        }
        let after_u = self.rest.clone();
        let high = self.hex(4)?;
        if (0xD800..0xDC00).contains(&high) && self.eat_all(r"\u") {
            let low = self.hex(4)?;
            if (0xDC00..0xE000).contains(&low) {
                let value = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return char::from_u32(value).map_or_else(|| syntax("an escape that is no code point"), Ok);
            }
        }
        self.rest = after_u;
        self.scalar(4)
    }

    /// A class of characters after its opening bracket.
    fn class(&mut self) -> Result<(), PatternError> {
        let negated = self.eat('^');
        if self.eat(']') {
            self.out.push(if negated { r"[\x{0}-\x{10FFFF}]" } else { r"[^\x{0}-\x{10FFFF}]" });
            return Ok(());
        }
        self.out.push(if negated { "[^" } else { "[" });
        while !self.eat(']') {
            let item = self.class_atom()?;
            let mut ahead = self.rest.clone();
            let range = ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']');
            item.write(&mut self.out);
            if !range {
                continue;
            }
            self.rest.next();
            let end = self.class_atom()?;
            match (&item, &end) {
                (Atom::Char(first), Atom::Char(last)) if first > last => return syntax("a range out of order"),
                (Atom::Char(_), Atom::Char(_)) => self.out.push("-"),
                // Annex B: next to a class such as \w a hyphen is itself.
                _ => self.out.push_char('-'),
            }
            end.write(&mut self.out);
        }
        self.out.push("]");
        Ok(())
    }

    fn class_atom(&mut self) -> Result<Atom, PatternError> {
        match self.rest.next() {
            None => syntax("a class that is not closed"),
            Some('\\') if self.eat('b') => Ok(Atom::Char('\u{8}')),
            Some('\\') if self.eat('-') => Ok(Atom::Char('-')),
            Some('\\') => self.atom_escape(),
            Some(c) => Ok(Atom::Char(c)),
        }
    }
}

#[cfg(test)]
mod tests {
    use boon::{Compiler, SchemaIndex, Schemas};
    use proptest::test_runner::RngAlgorithm;
    use serde_json::{Value, json};

    use super::*;

    /// Patterns that some text does not match.
    const PATTERNS: &[&str] = &[
        "a",
        "abc",
        "^a",
        "a$",
        "^$",
        "^a$",
        "^abc$",
        "[0-9]",
        "[^0-9]",
        "^[0-9]+$",
        "^[^0-9]+$",
        r"^\d+$",
        r"\D",
        r"^\w+$",
        r"^\W$",
        r"^\s$",
        r"^\S+$",
        r"^\S+@\S+$",
        r"^\S(.*\S)?$",
        "^.{1,64}$",
        ".",
        "^.*$",
        ".+",
        "^(?:a|b)+$",
        "^(a|bc|def)$",
        "^a|b$",
        "^(?:x|^y|z$)",
        "^(active|inactive|deleted)$",
        "^[A-Z]{2}$",
        "^[a-z0-9]+(?:-[a-z0-9]+)*$",
        "^[a-zA-Z_$][a-zA-Z0-9_$]*$",
        r"^\+[1-9]\d{1,14}$",
        r"^\d{4}-\d{2}-\d{2}$",
        r"^(\d{3}-)?\d{3}-\d{4}$",
        r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$",
        "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$",
        "^#(?:[0-9a-fA-F]{3}){1,2}$",
        "^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        r"^https?:\/\/[^\s/]+",
        r"^\p{L}+$",
        r"^\p{Lu}\p{Ll}*$",
        r"^\P{L}$",
        r"^\p{Script=Greek}+$",
        r"^[\p{L}\p{M}' -]{1,50}$",
        r"\bword\b",
        r"^\u0041\x42\t\cA$",
        r"^\u{1F600}+$",
        "^[é-ü]{2,3}$",
        "^日本語?$",
        r"^[\w.+-]+@[\w-]+\.[\w.-]+$",
        r"^[\\\]\[^-]+$",
        r"^(?<year>\d{4})(?<month>0[1-9]|1[0-2])$",
        "^(ab)*$",
        "^(?:ab){2,3}c?$",
        "^a{3,}$",
        "^a{0,5}b+?$",
        "^[^<>]*$",
        r"^[^\x00-\x1F\x7F]*$",
        "^/(?:[^/]+/)*$",
        "^x{100}$",
        "^(?i:abc)[0-9]$",
        "@",
        "^(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})$",
        r"^[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$",
        "^[A-Za-z]+ [A-Za-z]+$",
        "foo|bar|baz",
    ];

    const MATCH_ALL: &[&str] = &["", ".*", "a*", "^", "$", "a|", r"[\s\S]*", "()", "x{0}", "^(?:)"];

    fn rng() -> TestRng {
        TestRng::deterministic_rng(RngAlgorithm::ChaCha)
    }

    /// The two validators, each with the schema of a pattern.
    struct Both {
        schemas: Schemas,
        index: SchemaIndex,
        other: jsonschema::Validator,
    }

    impl Both {
        fn new(pattern: &str) -> Self {
            let schema = json!({"type": "string", "pattern": pattern});
            let mut compiler = Compiler::new();
            compiler.add_resource("mem:///a.json", schema.clone()).unwrap();
            let mut schemas = Schemas::new();
            let index = compiler.compile("mem:///a.json", &mut schemas).unwrap();
            Self { schemas, index, other: jsonschema::options().build(&schema).unwrap() }
        }

        fn say(&self, text: &str) -> (bool, bool) {
            let value = Value::from(text);
            (self.schemas.validate(&value, self.index).is_ok(), self.other.is_valid(&value))
        }
    }

    #[test]
    fn matches_are_accepted_and_faults_refused_by_both() {
        let mut wrong = Vec::new();
        for source in PATTERNS {
            let pattern = Pattern::parse(source).unwrap();
            let both = Both::new(source);
            let mut rng = rng();
            let edges = pattern.edges();
            assert!(!edges.is_empty() && edges.len() <= MAX_EDGES, "{source}: {} edges", edges.len());
            let randoms: Vec<_> = (0..100).map(|_| pattern.random(&mut rng, 0, None).expect(source)).collect();
            for text in edges.iter().chain(&randoms) {
                if !pattern.is_match(text) || both.say(text) != (true, true) {
                    wrong.push(format!("{source} should match {text:?}: {:?}", both.say(text)));
                }
            }
            for _ in 0..10 {
                let faults = pattern.faults(&mut rng, 0, None);
                assert!(!faults.is_empty() && faults.len() <= MAX_FAULTS, "{source}: {} faults", faults.len());
                for text in faults {
                    if pattern.is_match(&text) || both.say(&text) != (false, false) {
                        wrong.push(format!("{source} should not match {text:?}: {:?}", both.say(&text)));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn patterns_that_match_everything_have_no_faults() {
        for source in MATCH_ALL {
            let pattern = Pattern::parse(source).unwrap();
            assert_eq!(pattern.faults(&mut rng(), 0, None), [""; 0], "{source}");
            assert!(!pattern.edges().is_empty(), "{source}");
            let both = Both::new(source);
            let mut rng = rng();
            for _ in 0..50 {
                assert_eq!(both.say(&pattern.random(&mut rng, 0, Some(20)).unwrap()), (true, true), "{source}");
            }
        }
    }

    #[test]
    fn patterns_that_match_nothing_have_no_texts() {
        for source in ["[]", "a^b", "$a", "^[]+$"] {
            let pattern = Pattern::parse(source).unwrap();
            assert_eq!(pattern.edges(), [""; 0], "{source}");
            assert_eq!(pattern.random(&mut rng(), 0, None), None, "{source}");
            assert!(!pattern.faults(&mut rng(), 0, None).is_empty(), "{source}");
        }
    }

    #[test]
    fn lengths_are_within_the_bounds() {
        let cases = [
            ("^[A-Z]{2}$", 2, Some(2)),
            ("^[a-z]*$", 7, Some(7)),
            ("^[a-z]+$", 100, Some(120)),
            ("^[a-z]+$", 3_000, None),
            ("^(ab)+$", 10, Some(11)),
            (r"^\d+\.\d+$", 3, Some(3)),
            (r"^\S+@\S+$", 254, Some(254)),
            ("^(a{1,3}|b{10})$", 10, Some(10)),
            ("^(?:[a-z]{2,4} ){2,8}$", 30, Some(33)),
            ("^.*$", 50, Some(50)),
            ("[0-9]", 20, Some(20)),
            ("[0-9]", 1, Some(1)),
            ("^a", 5, Some(9)),
            ("", 5, Some(9)),
            (r"^\p{L}{1,50}$", 50, Some(50)),
            (r"\bfoo\b", 3, Some(40)),
        ];
        for (source, min, max) in cases {
            let pattern = Pattern::parse(source).unwrap();
            let mut rng = rng();
            for _ in 0..50 {
                let text = pattern.random(&mut rng, min, max).expect(source);
                let length = text.chars().count();
                assert!(length >= min && max.is_none_or(|max| length <= max), "{source}: {text:?}");
                assert!(pattern.is_match(&text), "{source}: {text:?}");
            }
            for text in pattern.faults(&mut rng, min, max) {
                let length = text.chars().count();
                assert!(length >= min && max.is_none_or(|max| length <= max), "{source}: fault {text:?}");
            }
        }
        assert_eq!(Pattern::parse("^[A-Z]{2}$").unwrap().random(&mut rng(), 3, None), None);
        assert_eq!(Pattern::parse("^(ab)*$").unwrap().random(&mut rng(), 3, Some(3)), None);
        assert_eq!(Pattern::parse("abc").unwrap().random(&mut rng(), 0, Some(2)), None);
    }

    #[test]
    fn edges_reach_the_ends() {
        let edges = |source: &str| Pattern::parse(source).unwrap().edges();
        let has = |source: &str, texts: &[&str]| {
            let edges = edges(source);
            for text in texts {
                assert!(edges.iter().any(|edge| edge == text), "{source} lacks {text:?}: {edges:?}");
            }
        };
        has("^(active|inactive|deleted)$", &["active", "inactive", "deleted"]);
        has("^[b-y]$", &["b", "y"]);
        has("^a{2,5}$", &["aa", "aaaaa"]);
        has("^a*$", &["", "a", "aaaaaaaa"]);
        has("^(?:cat|dog)?x$", &["x", "catx", "dogx"]);
        has("^[^@]$", &["a", "\0", "\u{10FFFF}", "é", "中", "😀"]);
        has("^a|b$", &["a", "b"]);
        assert_eq!(edges("^x{100}$"), ["x".repeat(100)]);
        assert!(edges("^.{1,1000}$").iter().any(|edge| edge.chars().count() == 1_000));
        assert!(edges("b").iter().any(|edge| edge != "b" && edge.contains('b')));
    }

    #[test]
    fn faults_are_near() {
        let faults = |source: &str| {
            let pattern = Pattern::parse(source).unwrap();
            let mut rng = rng();
            (0..40).flat_map(|_| pattern.faults(&mut rng, 0, None)).collect::<HashSet<_>>()
        };
        let state = faults("^active$");
        for text in ["active\n", " active", "active ", "activ", "Active", "аctive", "ａctive", ""] {
            assert!(state.contains(text), "no {text:?} in {state:?}");
        }
        assert!(faults("^[b-y]$").is_superset(&HashSet::from(["a".to_owned(), "z".to_owned()])));
        let first = Pattern::parse(r"^\d{4}$").unwrap().faults(&mut rng(), 0, None);
        assert_eq!(first[0].chars().count(), 4, "{first:?}");
        let fixed = Pattern::parse(r"^\d{4}$").unwrap().faults(&mut rng(), 4, Some(4));
        assert!(fixed.len() > 8 && fixed.iter().all(|text| text.chars().count() == 4), "{fixed:?}");
    }

    #[test]
    fn faults_are_wrong_in_each_part() {
        let cases: [(&str, &[&str]); 5] = [
            ("^[A-Z]{2}[0-9]{1,4}$", &["A0", "AAA0", "AA", "AA00000", "aA0", "AAa", "aAA0", "AA0a"]),
            ("^(0[1-9]|1[0-2])/[0-9]{2}$", &["0a/00", "1a/00", "a01/00", "01/0", "01/000"]),
            (r"^\+[0-9]{7,15}$", &["+000000", "+0000000000000000", "a+0000000"]),
            ("^\"[a-z0-9]+\"$", &["\"\"", "\"A\"", "a\"a\"", "\"a\"a"]),
            (r"^[a-z]+(\.[a-z]+)*$", &["", "A", "0"]),
        ];
        for (source, texts) in cases {
            let faults = Pattern::parse(source).unwrap().faults(&mut rng(), 0, None);
            for text in texts {
                assert!(faults.iter().any(|fault| fault == text), "{source} lacks {text:?}: {faults:?}");
            }
        }
    }

    #[test]
    fn randoms_are_diverse() {
        for source in [r"^\S+@\S+$", "^[a-z0-9]+(?:-[a-z0-9]+)*$", "[0-9]", r"^\p{L}+$", "^.{1,64}$"] {
            let pattern = Pattern::parse(source).unwrap();
            let mut rng = rng();
            let texts: HashSet<_> = (0..200).filter_map(|_| pattern.random(&mut rng, 0, None)).collect();
            assert!(texts.len() > 80, "{source}: {}", texts.len());
        }
    }

    #[test]
    fn same_seed_same_texts() {
        for source in PATTERNS {
            let pattern = Pattern::parse(source).unwrap();
            let draw = || {
                let mut rng = rng();
                (pattern.random(&mut rng, 0, Some(40)), pattern.faults(&mut rng, 0, None), pattern.edges())
            };
            assert_eq!(draw(), draw(), "{source}");
        }
    }

    #[test]
    fn reads_patterns_by_ecma_262() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            (r"^\d$", &["0", "9"], &["٠", "９", ""]),
            (r"^\w$", &["a", "_", "0"], &["é", "-", "\u{17F}"]),
            (r"^\s$", &[" ", "\u{A0}", "\u{FEFF}", "\u{2028}", "\u{2003}", "\u{2002}", "\u{3000}"], &["\u{85}", "\u{200B}", "a"]),
            (r"^[\S]$", &["\u{85}", "a"], &["\u{2002}", " "]),
            (r"\bé", &["aé"], &["é", " é"]),
            (r"a\B", &["ab"], &["a", "aé"]),
            ("^.$", &["a", "\u{85}", "😀"], &["\n", "\r", "\u{2028}", "\u{2029}", "ab"]),
            ("a$", &["a", "\na"], &["a\n"]),
            ("^a", &["a\n"], &["\na"]),
            (r"^a\/b$", &["a/b"], &[r"a\/b"]),
            (r"^\cJ\0$", &["\n\0"], &["J0"]),
            (r"^\x41\u0042\u{43}$", &["ABC"], &["abc"]),
            (r"^\uD83D\uDE00$", &["😀"], &["😁"]),
            (r"^[\uD83D\uDE00-\uD83D\uDE02]$", &["😁"], &["😃"]),
            ("^[^]$", &["a", "\n", "😀"], &["", "ab"]),
            (r"^[\b]$", &["\u{8}"], &["b"]),
            ("^[a[b]$", &["a", "[", "b"], &["]"]),
            ("^[a&&b]$", &["a", "&", "b"], &["c"]),
            ("^[a-c--]$", &["b", "-"], &["d"]),
            ("^[a~~b]$", &["~"], &["c"]),
            (r"^[\w-.]$", &["a", "-", "."], &["+"]),
            (r"^[+--]$", &["+", ",", "-"], &["."]),
            ("^a{,2}$", &["a{,2}"], &["a", "aa"]),
            ("^{}]$", &["{}]"], &[""]),
            ("^a #b$", &["a #b"], &["a"]),
            (r"^\-\@\é\ $", &["-@é "], &[""]),
            (r"^(?<n>a)(?<m>b)$", &["ab"], &["a"]),
            (r"^(?i:a)b$", &["Ab", "ab"], &["aB"]),
        ];
        for (source, yes, no) in cases {
            let pattern = Pattern::parse(source).unwrap();
            for text in *yes {
                assert!(pattern.is_match(text), "{source} should match {text:?}");
            }
            for text in *no {
                assert!(!pattern.is_match(text), "{source} should not match {text:?}");
            }
        }
    }

    #[test]
    fn names_what_it_cannot_do() {
        for source in ["(?=a)", "(?!a)b", "(?<=a)b", "(?<!a)b", r"(a)\1", r"(?<n>a)\k<n>", r"\uD800", "(?s:.)"] {
            assert!(matches!(Pattern::parse(source), Err(PatternError::Unsupported { .. })), "{source}");
        }
        let no_patterns = [
            "(",
            ")",
            "[",
            "[a",
            "*",
            "a**",
            "^*",
            "(?:+)",
            "a{2,1}",
            "[b-a]",
            r"\",
            r"\a",
            r"\x4",
            r"\u{110000}",
            r"\c1",
            r"\p{Nope}",
            "(?<>a)",
            "(?z)",
        ];
        for source in no_patterns {
            assert!(matches!(Pattern::parse(source), Err(PatternError::Syntax { .. })), "{source}");
        }
        assert_eq!(Pattern::parse(r"^(?:\p{L}{1000}){1000}$").unwrap_err(), PatternError::TooLarge);
    }
}
