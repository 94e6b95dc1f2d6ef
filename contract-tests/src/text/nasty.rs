//! Free text that careless programs stumble over. Always well-formed Unicode, as every JSON string in UTF-8 is.

use proptest::prelude::RngExt;
use proptest::test_runner::TestRng;

use super::{draw, pick};

/// Pieces of text with a history of trouble: markup, queries, names with a meaning to some runtime, literals of JSON
/// as text, numbers as text, code points at the ends of their ranges, sequences that count as one character on screen.
const FRAGMENTS: &[&str] = &[
    "null",
    "undefined",
    "true",
    "false",
    "NaN",
    "Infinity",
    "-0",
    "0",
    "1e309",
    "9007199254740993",
    "0x1F",
    "1,000.5",
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "$where",
    "$ref",
    "#/",
    "~0~1",
    "../../etc/passwd",
    "C:\\Users\\",
    "%00",
    "%2F",
    "%s%n",
    "{{7*7}}",
    "${jndi}",
    "{}",
    "[]",
    "\"",
    "'",
    "\\",
    "\\u0000",
    "`",
    "<b>",
    "</script>",
    "<!--",
    "&amp;",
    "&#0;",
    "' OR '1'='1",
    "; DROP TABLE users; --",
    "*)(uid=*",
    "a\r\nSet-Cookie: b=c",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{1B}[31m",
    "\u{7F}",
    "\u{85}",
    " ",
    "  ",
    "\u{A0}",
    "\u{AD}",
    "\u{200B}",
    "\u{2028}",
    "\u{2029}",
    "\u{3000}",
    "\u{FEFF}",
    "\u{FFFD}",
    "\u{FFFE}",
    "\u{FFFF}",
    "\u{D7FF}",
    "\u{E000}",
    "\u{10000}",
    "\u{10FFFF}",
    "é",
    "e\u{301}",
    "Z\u{327}\u{310}\u{35B}",
    "\u{301}",
    "ﬁ",
    "ß",
    "ẞ",
    "İ",
    "ı",
    "ſ",
    "\u{212A}",
    "Ω",
    "ς",
    "ǆ",
    "日本語",
    "한국어",
    "\u{1112}\u{1161}\u{11AB}",
    "𠜎",
    "नि",
    "กำ",
    "مرحبا",
    "שלום",
    "\u{202E}abc\u{202C}",
    "\u{2066}a\u{2069}",
    "\u{200F}",
    "١٢٣",
    "１２３",
    "😀",
    "👨\u{200D}👩\u{200D}👧",
    "🏳\u{FE0F}\u{200D}🌈",
    "👍🏽",
    "🇨🇭",
    "1\u{FE0F}\u{20E3}",
    "\u{E0001}",
];

/// Runs of code points, first and last, that random characters come from: one per kind of trouble.
const RANGES: &[(char, char)] = &[
    (' ', '~'),
    ('\0', '\u{1F}'),
    ('\u{80}', 'ÿ'),
    ('Ͱ', 'Ͽ'),
    ('Ѐ', 'ӿ'),
    ('א', 'ת'),
    ('ء', 'ي'),
    ('\u{300}', '\u{36F}'),
    ('\u{2000}', '\u{206F}'),
    ('一', '鿿'),
    ('가', '힣'),
    ('\u{E000}', '\u{FFFF}'),
    ('😀', '🙏'),
    ('\u{10000}', '\u{10FFFF}'),
];

/// How far a text without an upper bound usually goes beyond its lower bound, in code points.
const USUAL_ROOM: usize = 64;

/// Free text of `min` to `max` code points (both included). Without `max` it has at most 64 more than `min`, rarely
/// several thousand.
pub fn text(rng: &mut TestRng, min: usize, max: Option<usize>) -> String {
    let length = length(rng, min, max);
    let plain = rng.random_bool(0.2);
    let mut text = String::new();
    let mut written = 0;
    while written < length {
        let piece = if plain { draw(rng, "abcdefghijklmnopqrstuvwxyz ABC019-_", 1, 16) } else { piece(rng) };
        for c in piece.chars().take(length - written) {
            text.push(c);
            written += 1;
        }
    }
    text
}

/// A length between the bounds: often one of them, mostly short.
fn length(rng: &mut TestRng, min: usize, max: Option<usize>) -> usize {
    let usual = min.saturating_add(USUAL_ROOM);
    match (rng.random_range(0..50), max) {
        (0, None) => min + rng.random_range(1_000..5_000),
        (1..10, _) => min,
        (10..16, Some(max)) if max <= min.saturating_add(4_096) => max.max(min),
        _ => rng.random_range(min..=max.map_or(usual, |max| max.clamp(min, usual))),
    }
}

/// A fragment, a few characters of one script, or a run of a single character.
fn piece(rng: &mut TestRng) -> String {
    match rng.random_range(0..10) {
        0..5 => (*pick(rng, FRAGMENTS)).to_owned(),
        5..8 => {
            let range = *pick(rng, RANGES);
            (0..rng.random_range(1..6)).map(|_| rng.random_range(range.0..=range.1)).collect()
        }
        8 => {
            let (first, last) = *pick(rng, RANGES);
            rng.random_range(first..=last).to_string().repeat(rng.random_range(2..24))
        }
        _ => draw(rng, "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 ", 1, 12),
    }
}

/// What a text of [`exactly`] some length consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// Letters and digits, one byte each in UTF-8.
    Ascii,
    /// Letters of two bytes each in UTF-8.
    TwoByte,
    /// Letters and emoji of four bytes each in UTF-8, two units each in UTF-16.
    FourByte,
    /// Letters each followed by marks that join them on screen: fewer characters to see than code points.
    Combining,
    /// Hebrew and Arabic letters.
    RightToLeft,
    /// Control characters, U+0000 first.
    Control,
}

impl Alphabet {
    /// All alphabets.
    pub const ALL: [Self; 6] = [Self::Ascii, Self::TwoByte, Self::FourByte, Self::Combining, Self::RightToLeft, Self::Control];

    const fn letters(self) -> &'static str {
        match self {
            Self::Ascii => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            Self::TwoByte => "äöüßéèñçøåαβγδжщю",
            Self::FourByte => "😀𠜎🚀𝒳🦀𐍈",
            Self::Combining => "e\u{301}a\u{308}\u{323}o\u{302}\u{327}\u{35B}",
            Self::RightToLeft => "אבגדהשלוםمرحبا",
            Self::Control => "\0\u{1}\u{7}\u{8}\t\n\u{B}\u{C}\r\u{1B}\u{1F}\u{7F}\u{85}\u{9F}",
        }
    }
}

/// A text of exactly `length` code points of an alphabet, always the same.
pub fn exactly(length: usize, alphabet: Alphabet) -> String {
    alphabet.letters().chars().cycle().take(length).collect()
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::RngAlgorithm;

    use super::*;

    #[test]
    fn keeps_the_bounds() {
        let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        for (min, max) in
            [(0, Some(0)), (1, Some(1)), (3, Some(7)), (0, Some(255)), (200, Some(10_000)), (5, None), (0, Some(usize::MAX))]
        {
            for _ in 0..500 {
                let length = text(&mut rng, min, max).chars().count();
                assert!(length >= min && length <= max.unwrap_or(min + 5_000), "{length} for {min}..={max:?}");
            }
        }
    }

    #[test]
    fn reaches_both_bounds_and_long_texts() {
        let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let lengths: Vec<_> = (0..500).map(|_| text(&mut rng, 2, Some(9)).chars().count()).collect();
        assert!((2..=9).all(|length| lengths.contains(&length)));
        assert!((0..500).any(|_| text(&mut rng, 0, None).chars().count() > 1_000));
    }

    #[test]
    fn mixes_all_kinds() {
        let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let all: String = (0..2_000).map(|_| text(&mut rng, 0, Some(64))).collect();
        for fragment in
            ["\0", "\n", "\"", "\\", "__proto__", "</script>", "\u{200D}", "\u{202E}", "\u{FFFF}", "\u{10FFFF}", "日本語"]
        {
            assert!(all.contains(fragment), "{fragment:?} never drawn");
        }
    }

    #[test]
    fn exact_texts_have_the_length_and_the_bytes() {
        for alphabet in Alphabet::ALL {
            for length in [0, 1, 2, 64, 255] {
                assert_eq!(exactly(length, alphabet).chars().count(), length);
            }
        }
        assert_eq!(exactly(10, Alphabet::Ascii).len(), 10);
        assert_eq!(exactly(40, Alphabet::TwoByte).len(), 80);
        assert_eq!(exactly(10, Alphabet::FourByte).len(), 40);
        assert!(exactly(30, Alphabet::Control).chars().all(char::is_control));
        assert!(exactly(30, Alphabet::RightToLeft).chars().all(|c| ('\u{590}'..'\u{700}').contains(&c)));
    }

    #[test]
    fn same_seed_same_text() {
        let draw = || {
            let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            (0..50).map(|_| text(&mut rng, 0, None)).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
    }
}
