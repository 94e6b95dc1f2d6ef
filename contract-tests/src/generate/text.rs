//! Text: by format, by pattern, by length, or free.

use proptest::prelude::RngExt;
use serde_json::Value;

use super::{Generator, MAX_STEPS, Shape, Wish};
use crate::{
    schema::Rule,
    text::{nasty, pattern::Pattern},
};

/// How often text is drawn until all rules are met.
const TRIES: usize = 24;
/// Longer text than this is not generated.
pub(super) const MAX_LENGTH: usize = 200_000;

/// Texts from this length on are long.
const LONG: usize = 100;
/// What it takes, in steps, to find no text for a pattern.
const HOPELESS: u64 = 500;
/// What it takes, in steps, to make texts that do not match a pattern, and one that does not have a format.
const NEGATIVE: u64 = 200;
const FAULT: u64 = 10;
/// What it takes, in steps, to draw a text of a format.
const DRAW: u64 = 5;
/// What it takes, in steps, to ask for a proof; most are known already.
const PROOF: u64 = 100;

/// What plain texts are made of.
pub(crate) const WORDS: [&str; 8] = ["alpha", "Bravo", "charlie 3", "Delta", "echo", "Foxtrot", "golf", "Hôtel"];

fn length(texts: &[String]) -> u64 {
    texts.iter().map(|text| text.len() as u64).sum()
}

impl Generator<'_> {
    pub(super) fn text(&mut self, shape: &Shape) -> Option<Value> {
        let (mut min, mut max) = (shape.min_length, shape.max_length);
        let mut alphabet = None;
        if let Some(Wish::Length(length, wished)) = shape.wish {
            (min, max, alphabet) = (length, Some(length), Some(wished));
        }
        let is_too_short = |max| max < min || shape.patterns.iter().any(|pattern| pattern.shortest() > max);
        if min > MAX_LENGTH || max.is_some_and(is_too_short) || shape.patterns.iter().any(Pattern::is_in_vain) {
            self.futile = true;
            return None;
        }
        let wrong = self.wrong(shape, min, max);
        for attempt in 0..TRIES {
            let Some(text) = self.drawn(shape, min, max, alphabet.filter(|_| attempt == 0), attempt, &wrong) else { break };
            let length = text.chars().count();
            self.step(1 + length as u64 / 16);
            if self.is_spent() {
                return None;
            }
            let fits = length >= min
                && max.is_none_or(|max| length <= max)
                && shape.patterns.iter().all(|pattern| pattern.is_match(&text))
                && shape.formats.iter().all(|format| format.accepts(&text))
                && shape.no_patterns.iter().all(|pattern| !pattern.is_match(&text))
                && shape.no_formats.iter().all(|format| !format.accepts(&text));
            if fits {
                return Some(Value::String(text));
            }
        }
        self.futile = self.is_proven_futile(shape, min, max);
        None
    }

    /// Texts that do not match the pattern that is to be broken.
    fn wrong(&mut self, shape: &Shape, min: usize, max: Option<usize>) -> Vec<String> {
        let Some(pattern) = shape.no_patterns.first() else { return Vec::new() };
        let mut wrong = pattern.negative(&mut self.rng, min, max);
        self.step(NEGATIVE + min as u64 + length(&wrong) / 12);
        if wrong.is_empty() {
            wrong.push(nasty::text(&mut self.rng, min, max));
        }
        wrong
    }

    /// Whether it is proven that no text keeps what is to be kept and breaks the rest.
    fn is_proven_futile(&mut self, shape: &Shape, min: usize, max: Option<usize>) -> bool {
        let Some(texts) = &mut self.texts else { return false };
        let patterns = |patterns: &[Pattern], kept| patterns.iter().map(move |it| (Rule::Pattern(it.clone()), kept)).collect();
        let mut rules: Vec<(Rule, bool)> = patterns(&shape.patterns, true);
        rules.extend::<Vec<_>>(patterns(&shape.no_patterns, false));
        rules.extend(shape.formats.iter().map(|format| (Rule::Format(format), true)));
        rules.extend(shape.no_formats.iter().map(|format| (Rule::Format(format), false)));
        rules.push((Rule::MinLength(min), true));
        rules.extend(max.map(|max| (Rule::MaxLength(max), true)));
        let proven = texts.are_none(&rules);
        self.step(PROOF);
        proven
    }

    fn drawn(
        &mut self,
        shape: &Shape,
        min: usize,
        max: Option<usize>,
        alphabet: Option<nasty::Alphabet>,
        attempt: usize,
        wrong: &[String],
    ) -> Option<String> {
        let wished = match shape.wish {
            Some(Wish::Text(index)) => Some(index + attempt),
            _ => None,
        };
        if !wrong.is_empty() {
            return match wished {
                Some(index) => wrong.get(index % wrong.len()).cloned(),
                None => self.pick(wrong).cloned(),
            };
        }
        if let Some(format) = shape.no_formats.first() {
            self.step(FAULT);
            let fault = match wished {
                Some(index) => format.negative()[index % format.negative().len()].clone(),
                None => format.fault(&mut self.rng),
            };
            // A pattern may ask for no more than a beginning: the fault comes behind it.
            let begins = shape.patterns.first().filter(|_| attempt % 2 == 1 && !fault.is_empty());
            let beginning = begins.and_then(|pattern| pattern.random(&mut self.rng, min, max)).unwrap_or_default();
            let text = beginning + &fault;
            let missing = min.saturating_sub(text.chars().count());
            return Some(text + &"a".repeat(missing));
        }
        if let Some(alphabet) = alphabet {
            return Some(nasty::exactly(min, alphabet));
        }
        if let Some(format) = shape.formats.first() {
            self.step(DRAW + min as u64 / 16);
            return Some(match wished {
                Some(index) if attempt == 0 => format.boundary().get(index)?.clone(),
                // Other rules may want another text.
                None if self.plain && attempt < TRIES / 3 => format.plain(&mut self.rng),
                _ if attempt % 2 == 1 => format.lengthened(format.random(&mut self.rng), min),
                _ => format.random(&mut self.rng),
            });
        }
        if !shape.patterns.is_empty() {
            let pattern = shape.patterns[attempt % shape.patterns.len()].clone();
            if let Some(index) = wished.filter(|_| attempt == 0) {
                let boundary = pattern.boundary();
                self.step(50 + length(boundary) / 4);
                return boundary.get(index).cloned();
            }
            // That there is none is found out by drawing many; where these are long, once.
            let key = (pattern.source().to_owned(), min, max);
            if min > LONG && self.hopeless.contains(&key) {
                return None;
            }
            let text = pattern.random(&mut self.rng, min, max);
            match &text {
                Some(text) => self.step(10 + text.len() as u64),
                None => {
                    self.step((HOPELESS * (1 + min as u64 / 16)).min(MAX_STEPS));
                    self.hopeless.insert(key);
                }
            }
            return text;
        }
        if !self.plain {
            return Some(nasty::text(&mut self.rng, min, max));
        }
        let text = self.plain_text(min, max);
        Some(self.as_called(shape, &text).filter(|text| (min..=max.unwrap_or(usize::MAX)).contains(&text.len())).unwrap_or(text))
    }

    /// The text as an address, where it is called one and nothing else is said of it.
    fn as_called(&self, shape: &Shape, text: &str) -> Option<String> {
        let place = &self.schema.nodes[*shape.nodes.first()?].place;
        let name = place.rsplit('/').next()?.to_lowercase();
        let letters = || text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
        name.ends_with("email").then(|| format!("{}@example.com", letters()))
    }

    /// [`WORDS`], as a person would type them.
    fn plain_text(&mut self, min: usize, max: Option<usize>) -> String {
        let mut text = String::new();
        while text.is_empty() || text.chars().count() < min {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(WORDS[self.rng.random_range(0..WORDS.len())]);
        }
        let longest = max.unwrap_or(usize::MAX).min(min.max(24));
        text.chars().take(longest).collect()
    }
}
