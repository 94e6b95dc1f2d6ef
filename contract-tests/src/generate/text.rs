//! Text: by format, by pattern, by length, or free.

use proptest::prelude::RngExt;
use serde_json::Value;

use super::{Generator, MAX_STEPS, Shape, Wish};
use crate::text::nasty;

/// How often text is drawn until all rules are met.
const TRIES: usize = 24;
/// Longer text than this is not generated.
const MAX_LENGTH: usize = 200_000;

/// Texts from this length on are long.
const LONG: usize = 100;
/// What it takes, in steps, to find no text for a pattern.
const HOPELESS: u64 = 500;

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
        if min > MAX_LENGTH || max.is_some_and(|max| max < min) {
            return None;
        }
        if max.is_some_and(|max| shape.patterns.iter().any(|pattern| pattern.shortest() > max)) {
            return None;
        }
        for attempt in 0..TRIES {
            let text = self.drawn(shape, min, max, alphabet.filter(|_| attempt == 0), attempt)?;
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
        None
    }

    fn drawn(
        &mut self,
        shape: &Shape,
        min: usize,
        max: Option<usize>,
        alphabet: Option<nasty::Alphabet>,
        attempt: usize,
    ) -> Option<String> {
        let wished = match shape.wish {
            Some(Wish::Text(index)) => Some(index + attempt),
            _ => None,
        };
        if let Some(pattern) = shape.no_patterns.first() {
            let negative = pattern.negative(&mut self.rng, min, max);
            self.step(20 + min as u64 + length(&negative) / 12);
            let own: Vec<String> = if negative.is_empty() { vec![nasty::text(&mut self.rng, min, max)] } else { negative };
            return match wished {
                Some(index) => own.get(index % own.len()).cloned(),
                None => self.pick(&own).cloned(),
            };
        }
        if let Some(format) = shape.no_formats.first() {
            let fault = match wished {
                Some(index) => format.negative()[index % format.negative().len()].clone(),
                None => format.fault(&mut self.rng),
            };
            // A pattern may ask for no more than a beginning: the fault comes behind it.
            let begins = shape.patterns.first().filter(|_| attempt % 2 == 1 && !fault.is_empty());
            let beginning = begins.and_then(|pattern| pattern.random(&mut self.rng, min, max)).unwrap_or_default();
            return Some(beginning + &fault);
        }
        if let Some(alphabet) = alphabet {
            return Some(nasty::exactly(min, alphabet));
        }
        if let Some(format) = shape.formats.first() {
            return Some(match wished {
                Some(index) if attempt == 0 => format.boundary().get(index)?.clone(),
                _ => format.random(&mut self.rng),
            });
        }
        if !shape.patterns.is_empty() {
            let pattern = shape.patterns[attempt % shape.patterns.len()].clone();
            if let Some(index) = wished.filter(|_| attempt == 0) {
                let boundary = pattern.boundary();
                self.step(50 + length(&boundary) / 4);
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
        Some(if self.plain { self.plain_text(min, max) } else { nasty::text(&mut self.rng, min, max) })
    }

    /// Words as a person would type them.
    fn plain_text(&mut self, min: usize, max: Option<usize>) -> String {
        const WORDS: [&str; 8] = ["alpha", "Bravo", "charlie 3", "Delta", "echo", "Foxtrot", "golf", "Hôtel"];
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
