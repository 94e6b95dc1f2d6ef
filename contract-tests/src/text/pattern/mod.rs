//! Texts for the keyword `pattern`: an ECMA-262 regular expression in Unicode mode that must match somewhere in the
//! string (JSON Schema Validation 2020-12, section 6.3.3).

mod ecma;
mod variants;

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use proptest::prelude::RngExt;
use proptest::test_runner::{RngAlgorithm, TestRng};
use regex::Regex;
use regex_syntax::hir::{Capture, Class, ClassUnicode, Hir, HirKind, Repetition};

use self::{
    ecma::{Translated, Translator},
    variants::{insertions_and_removals, misses, outside, replacements, variants},
};
use super::{nasty, pick, shuffle};

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

/// A regular expression as JSON Schema means it, with texts that match it and near misses. A copy costs nothing.
#[derive(Debug, Clone)]
pub struct Pattern {
    parsed: Arc<Parsed>,
    /// Whether matching texts were looked for in vain.
    in_vain: bool,
}

#[derive(Debug)]
struct Parsed {
    /// The pattern as the matcher has it.
    source: String,
    matcher: Matcher,
    /// The reading of validators that hand the pattern to a Rust engine with little change; where it differs from
    /// ECMA-262, texts on which the two disagree are never generated.
    loose: Option<Regex>,
    /// The pattern as a tree; of one with look-around or back-references a wider one.
    hir: Hir,
    /// What is made of the tree alone, each when it is asked for: see the functions of these names.
    boundary: OnceLock<Vec<String>>,
    misses: OnceLock<Vec<String>>,
    outside: OnceLock<Vec<char>>,
}

#[derive(Debug)]
enum Matcher {
    Automaton(Regex),
    /// For look-around and back-references.
    Search(Search),
}

#[derive(Debug)]
struct Search {
    regex: fancy_regex::Regex,
    /// What the look-arounds ask for.
    looks: Vec<Hir>,
    /// Matching texts, and texts that only the wider pattern matches.
    found: OnceLock<[Vec<String>; 2]>,
}

/// How often an unbounded repetition goes beyond its minimum, unless a minimal length demands more.
const STRETCH: usize = 8;
/// Draws until a text is given up.
const ATTEMPTS: usize = 64;
/// The most boundary texts, and variants of one part of a pattern.
const MAX_BOUNDARY: usize = 24;
/// The most negative texts.
pub(crate) const MAX_NEGATIVE: usize = 56;
/// The most of them that are wrong in one part of the pattern.
const MAX_MISSES: usize = 32;
/// Draws for a pattern that takes a search, and how many steps a match may take.
const SEARCHES: usize = 400;
const MAX_STEPS: usize = 100_000;
/// How often a part of a pattern may be repeated and counted: no engine holds more copies of any part.
const MAX_COUNTED: u32 = 1_000_000;
/// The longest text that an edge may spell out for the upper end of a repetition, in copies of what is repeated.
const MAX_COPIES: usize = 4_096;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// When it is no pattern, uses what neither engine has, or is too large.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let Translated { ecma, loose, fancy, looks, is_fancy } = Translator::new(pattern).run()?;
        let tree = |text: &str| regex_syntax::parse(text).map_err(|error| PatternError::Syntax { reason: error.to_string() });
        if is_fancy {
            let regex = fancy_regex::RegexBuilder::new(&fancy).backtrack_limit(MAX_STEPS).build();
            let regex = regex.map_err(|error| PatternError::Syntax { reason: error.to_string() })?;
            let looks = looks.iter().map(|look| tree(look)).collect::<Result<_, _>>()?;
            return Ok(Self::of(fancy, Matcher::Search(Search { regex, looks, found: OnceLock::new() }), None, tree(&ecma)?));
        }
        let hir = tree(&ecma)?;
        let compiled = |text: &str, hir: &Hir| endless(hir).map_or_else(|| compile(text), |hir| compile(&hir.to_string()));
        let matcher = Matcher::Automaton(compiled(&ecma, &hir)?);
        let loose = if loose == ecma { None } else { Some(compiled(&loose, &tree(&loose)?)?) };
        Ok(Self::of(ecma, matcher, loose, hir))
    }

    fn of(source: String, matcher: Matcher, loose: Option<Regex>, hir: Hir) -> Self {
        let (boundary, misses, outside) = Default::default();
        Self { parsed: Arc::new(Parsed { source, matcher, loose, hir, boundary, misses, outside }), in_vain: false }
    }

    /// A number of code points that no matching text has fewer of.
    pub(crate) fn shortest(&self) -> usize {
        Span::of(&self.parsed.hir, STRETCH).least
    }

    /// Whether the pattern matches somewhere in the text, by ECMA-262.
    pub fn is_match(&self, text: &str) -> bool {
        self.matches(text).unwrap_or(false)
    }

    /// Whether it matches; none where that takes too many steps to say.
    fn matches(&self, text: &str) -> Option<bool> {
        match &self.parsed.matcher {
            Matcher::Automaton(regex) => Some(regex.is_match(text)),
            Matcher::Search(search) => search.regex.is_match(text).ok(),
        }
    }

    /// The pattern in the syntax of its engine: the same text, the same language.
    pub(crate) fn source(&self) -> &str {
        &self.parsed.source
    }

    /// The pattern as a tree. Where it is not [exact](Self::is_exact), the tree matches more.
    pub(crate) fn hir(&self) -> &Hir {
        &self.parsed.hir
    }

    /// Whether the tree matches what the pattern matches.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self.parsed.matcher, Matcher::Automaton(_))
    }

    /// Whether the search for matching texts found none: what is put together by the tree does not match, such as `a^`.
    pub(crate) fn is_searched_in_vain(&self) -> bool {
        let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let mut drawn = || {
            let mut text = String::new();
            grow(&self.parsed.hir, STRETCH, STRETCH, &mut rng, &mut text)?;
            self.is_match(&text).then_some(())
        };
        // Most patterns match the first.
        let is_drawn = self.is_exact() && (0..ATTEMPTS).any(|_| drawn().is_some());
        !is_drawn && self.boundary().is_empty()
    }

    /// The pattern as one that is not searched again.
    pub(crate) fn searched_in_vain(self) -> Self {
        Self { in_vain: true, ..self }
    }

    /// Whether matching texts were looked for in vain, so that there are none to be drawn.
    pub(crate) const fn is_in_vain(&self) -> bool {
        self.in_vain
    }

    /// What a search found: matching texts, and texts that only the tree matches.
    fn found(&self) -> Option<&[Vec<String>; 2]> {
        let Matcher::Search(search) = &self.parsed.matcher else { return None };
        Some(search.found.get_or_init(|| {
            let bases = variants(&self.parsed.hir);
            let mut all = bases.clone();
            for look in search.looks.iter().flat_map(variants) {
                all.push(look.clone());
                all.extend(bases.iter().take(6).flat_map(|base| joined(base, &look)));
            }
            let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
            all.extend((0..SEARCHES).filter_map(|_| self.drawn(search, STRETCH, STRETCH, &mut rng)));
            let mut seen = HashSet::new();
            all.retain(|text| seen.insert(text.clone()));
            let (matching, others): (Vec<String>, Vec<String>) =
                all.into_iter().filter(|text| self.matches(text).is_some()).partition(|text| self.is_match(text));
            let wide = compile(&self.parsed.hir.to_string()).ok();
            let near = others.into_iter().filter(|text| wide.as_ref().is_some_and(|wide| wide.is_match(text)));
            [matching.into_iter().take(MAX_BOUNDARY).collect(), near.take(MAX_MISSES / 2).collect()]
        }))
    }

    /// A random text of the tree, mostly with one in it that some look-around asks for.
    fn drawn(&self, search: &Search, target: usize, stretch: usize, rng: &mut TestRng) -> Option<String> {
        let mut text = String::new();
        grow(&self.parsed.hir, target, stretch, rng, &mut text)?;
        for look in &search.looks {
            if rng.random_bool(0.7) {
                let mut wanted = String::new();
                grow(look, rng.random_range(0..=STRETCH), STRETCH, rng, &mut wanted)?;
                text = pick::<String>(rng, &joined(&text, &wanted)).clone();
            }
        }
        Some(text)
    }

    /// Whether all readings of the pattern say that the text matches (`true`) or does not (`false`).
    fn all_say(&self, text: &str, matches: bool) -> bool {
        self.matches(text) == Some(matches) && self.parsed.loose.as_ref().is_none_or(|loose| loose.is_match(text) == matches)
    }

    /// Matching texts on the boundary, at most 24: the shortest, each alternative, the ends of each class of characters,
    /// least and most of each repetition, and something around where the pattern is not anchored.
    pub fn boundary(&self) -> &[String] {
        self.parsed.boundary.get_or_init(|| self.edges())
    }

    fn edges(&self) -> Vec<String> {
        let mut boundary = self.found().map_or_else(|| variants(&self.parsed.hir), |[matching, _]| matching.clone());
        boundary.truncate(MAX_BOUNDARY - 4);
        if let Some(plain) = boundary.first().cloned() {
            boundary.extend([format!("{plain}\n"), format!(" {plain}"), format!("é{plain}😀"), format!("{plain}{plain}")]);
        }
        let mut seen = HashSet::new();
        boundary.retain(|text| self.all_say(text, true) && seen.insert(text.clone()));
        boundary
    }

    /// A random matching text of `min` to `max` code points (both included), or `None` when none was found. Where the
    /// pattern is not anchored, there may be other text around the match.
    pub fn random(&self, rng: &mut TestRng, min: usize, max: Option<usize>) -> Option<String> {
        if self.in_vain {
            return None;
        }
        let usual = Span::of(&self.parsed.hir, STRETCH);
        // A repetition can always be made long enough by itself.
        let stretch = if usual.most < min { min } else { STRETCH };
        let span = Span::of(&self.parsed.hir, stretch);
        let most = max.map_or(span.most, |max| max.min(span.most));
        let least = min.clamp(span.least, most.max(span.least));
        let fits = |text: &str| {
            let length = text.chars().count();
            length >= min && max.is_none_or(|max| length <= max) && self.all_say(text, true)
        };
        if self.found().is_some_and(|[matching, _]| matching.is_empty()) {
            return None; // Searched for once, and in vain.
        }
        let searched = || self.found()?[0].iter().find(|text| fits(text)).cloned();
        let drawn = (0..ATTEMPTS).find_map(|_| {
            let target = match rng.random_range(0..10) {
                0 | 1 => least,
                2 => most.max(least),
                3 => rng.random_range(least..=most.max(least)),
                _ => rng.random_range(least..=most.clamp(least, least.saturating_add(2 * STRETCH))),
            };
            let text = match &self.parsed.matcher {
                Matcher::Search(search) => self.drawn(search, target, stretch, rng)?,
                Matcher::Automaton(_) => {
                    let mut text = String::new();
                    grow(&self.parsed.hir, target, stretch, rng, &mut text)?;
                    text
                }
            };
            let padded = pad(rng, &text, min, max);
            padded.filter(|text| fits(text)).or_else(|| Some(text).filter(|text| fits(text)))
        });
        drawn.or_else(searched)
    }

    /// Texts that are wrong in one part of the pattern and do not match, at most 32; those first that are as long as a match.
    pub(crate) fn misses(&self) -> &[String] {
        self.parsed.misses.get_or_init(|| self.near_misses())
    }

    fn near_misses(&self) -> Vec<String> {
        let mut misses = misses(&self.parsed.hir);
        misses.retain(|text| self.all_say(text, false));
        let span = Span::of(&self.parsed.hir, STRETCH);
        misses.sort_by_key(|text| span.distance(text.chars().count()));
        // What only a look-around or a back-reference refuses comes first.
        let near = self.found().map(|[_, near]| near.clone()).unwrap_or_default();
        near.into_iter().chain(misses).collect()
    }

    /// Near misses: texts that do not match, at most 56, made from matching ones by a single change. First come those that
    /// are wrong in one part of the pattern, then a character of each usual kind at either end and a text that is one longer or
    /// shorter, then others. All have `min` to `max` code points (both included) if any can.
    pub fn negative(&self, rng: &mut TestRng, min: usize, max: Option<usize>) -> Vec<String> {
        let within = |text: &str| {
            let length = text.chars().count();
            length >= min && max.is_none_or(|max| length <= max)
        };
        let mut bases: Vec<String> = (0..4).filter_map(|_| self.random(rng, min, max)).collect();
        bases.extend(self.boundary().iter().filter(|text| within(text)).take(4).cloned());
        let outside = self.parsed.outside.get_or_init(|| outside(&self.parsed.hir));

        let mut same = Vec::new();
        let mut other = vec![String::new()];
        for base in &bases {
            same.extend(replacements(rng, base, outside));
            other.extend(insertions_and_removals(rng, base, outside));
        }
        let length = bases.first().map_or(min, |base| base.chars().count());
        for length in [length, min, 1] {
            other.extend("\n -a0é\0".chars().map(|c| c.to_string().repeat(length)));
        }
        shuffle(rng, &mut same);
        // Those that depend on nothing drawn come first, so that each has a number of its own.
        let mut first = self.misses().to_vec();
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
        let room = (MAX_NEGATIVE - other.len().min(MAX_NEGATIVE / 4)).saturating_sub(first.len());
        same.truncate(room);
        first.extend(same);
        first.extend(other);
        first.truncate(MAX_NEGATIVE);
        first
    }
}

/// The one text with the other in it: at either end, instead of it, or over as many characters.
fn joined(base: &str, wanted: &str) -> Vec<String> {
    let (chars, over) = (base.chars().collect::<Vec<_>>(), wanted.chars().count());
    let mut all = vec![format!("{wanted}{base}"), format!("{base}{wanted}"), wanted.to_owned()];
    if let Some(room) = chars.len().checked_sub(over) {
        for begin in [0, room / 2, room] {
            all.push(chars[..begin].iter().copied().chain(wanted.chars()).chain(chars[begin + over..].iter().copied()).collect());
        }
    }
    all
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

/// The same without the upper ends of repetitions that are beyond what an engine can hold, such as `.{1,2097152}`; none where there are
/// none. No text that is shorter can tell.
fn endless(hir: &Hir) -> Option<Hir> {
    match hir.kind() {
        HirKind::Repetition(own) => {
            let is_beyond = own.max.is_some_and(|max| max > MAX_COUNTED);
            let sub = endless(&own.sub);
            let max = own.max.filter(|_| !is_beyond);
            (is_beyond || sub.is_some())
                .then(|| Hir::repetition(Repetition { max, sub: sub.map_or_else(|| own.sub.clone(), Box::new), ..own.clone() }))
        }
        HirKind::Capture(own) => endless(&own.sub).map(|sub| Hir::capture(Capture { sub: Box::new(sub), ..own.clone() })),
        HirKind::Concat(parts) => endless_parts(parts).map(Hir::concat),
        HirKind::Alternation(parts) => endless_parts(parts).map(Hir::alternation),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => None,
    }
}

fn endless_parts(parts: &[Hir]) -> Option<Vec<Hir>> {
    let changed: Vec<Option<Hir>> = parts.iter().map(endless).collect();
    let any = changed.iter().any(Option::is_some);
    any.then(|| changed.into_iter().zip(parts).map(|(new, old)| new.unwrap_or_else(|| old.clone())).collect())
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

/// Where characters have been for decades. What a property such as `\p{L}` takes in beyond these depends on the version of Unicode that
/// a server knows: a letter of this year is none for it.
const LONG_KNOWN: [(char, char); 9] = [
    ('\0', '\u{24F}'),
    ('\u{3A3}', '\u{3CE}'),
    ('\u{400}', '\u{481}'),
    ('\u{5D0}', '\u{5EA}'),
    ('\u{621}', '\u{63A}'),
    ('\u{905}', '\u{939}'),
    ('\u{3041}', '\u{3094}'),
    ('\u{4E00}', '\u{9FA5}'),
    ('\u{AC00}', '\u{D7A3}'),
];
/// A class with more ranges than this is a property of Unicode.
const PROPERTY: usize = 64;

/// The ranges of a class; of a property of Unicode those that every server knows.
fn known_ranges(class: &ClassUnicode) -> Vec<(char, char)> {
    let all: Vec<(char, char)> = class.iter().map(|range| (range.start(), range.end())).collect();
    if all.len() <= PROPERTY {
        return all;
    }
    let within = |&(first, last): &(char, char)| LONG_KNOWN.map(|(from, to)| (first.max(from), last.min(to)));
    let known: Vec<(char, char)> = all.iter().flat_map(within).filter(|(first, last)| first <= last).collect();
    if known.is_empty() { all } else { known }
}

/// A random member of a class, often the end of a range or one that is awkward.
fn member(rng: &mut TestRng, class: &ClassUnicode) -> Option<char> {
    let ranges = known_ranges(class);
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

#[cfg(test)]
mod tests;
