//! Strings: those that hold a `format`, those that match a `pattern`, those that are merely awkward, and near misses.
//!
//! Everything drawn here depends on the given random source alone: the same seed gives the same text.

pub mod format;
pub mod nasty;
pub mod pattern;
pub mod word;

use proptest::prelude::RngExt;
use proptest::test_runner::TestRng;

/// One item of a non-empty list.
fn pick<'a, T>(rng: &mut TestRng, items: &'a [T]) -> &'a T {
    &items[rng.random_range(0..items.len())]
}

/// Between `min` and `max` characters (both included) of a non-empty alphabet.
fn draw(rng: &mut TestRng, alphabet: &str, min: usize, max: usize) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    (0..rng.random_range(min..=max)).map(|_| *pick(rng, &letters)).collect()
}

/// Puts the items into a random order.
fn shuffle<T>(rng: &mut TestRng, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, rng.random_range(0..=last));
    }
}

/// The code points just below and just above `c`; surrogates are skipped.
fn neighbours(c: char) -> impl Iterator<Item = char> {
    let below = ('\0'..c).next_back();
    let above = (c..=char::MAX).nth(1);
    below.into_iter().chain(above)
}

/// Characters that look like `c`, or are `c` to a careless reader, and yet are others: the other letter case, the
/// full-width form, the same shape or value in another script.
fn look_alikes(c: char) -> Vec<char> {
    let other_case = c.to_uppercase().chain(c.to_lowercase());
    let full_width = matches!(c, '!'..='~').then(|| char::from_u32(u32::from(c) + 0xFEE0)).flatten();
    let foreign: &[char] = match c {
        '0'..='9' => &['\u{660}', '\u{6F0}', '\u{966}'],
        _ => &[],
    };
    // The other scripts' digits stand in the order of their values.
    let digits = foreign.iter().filter_map(|zero| char::from_u32(u32::from(*zero) + c.to_digit(10)?));
    let shape: &[char] = match c {
        'a' => &['а', 'α'],
        'c' => &['с'],
        'e' => &['е', 'é'],
        'i' => &['і', 'ı', 'İ'],
        'k' => &['\u{212A}'],
        'o' => &['о', 'ο', 'ö'],
        'p' => &['р'],
        's' => &['ſ', 'ѕ'],
        'x' => &['х', '×'],
        'A' => &['А', 'Α', 'Å'],
        'B' => &['В', 'Β', 'ß'],
        'E' => &['Е', 'Ε'],
        'I' => &['І', 'İ', 'ı'],
        'K' => &['\u{212A}', 'К'],
        'O' => &['О', 'Ο'],
        '-' => &['\u{2010}', '\u{2011}', '\u{2212}', '–'],
        '.' => &['。', '\u{2024}', ','],
        '/' => &['\u{2044}', '\\'],
        ':' => &['\u{2236}', ';'],
        '@' => &['\u{FE6B}'],
        ' ' => &['\u{A0}', '\t'],
        _ => &[],
    };
    other_case.chain(full_width).chain(digits).chain(shape.iter().copied()).filter(|&other| other != c).collect()
}
