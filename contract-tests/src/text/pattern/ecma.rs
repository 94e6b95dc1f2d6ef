//! From the syntax of ECMA-262 to that of the `regex` crate.

use std::{iter::Peekable, str::Chars};

use super::PatternError;

/// `\s` of ECMA-262: white space and line terminators.
const SPACE: &str = r"\t-\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";
/// `\s` of boon 0.6, which has only some of these.
const LOOSE_SPACE: &str = r"\t-\r \x{A0}\x{2003}\x{2029}\x{FEFF}";

/// A pattern in the syntax of the `regex` crate.
#[derive(Default)]
pub(super) struct Translated {
    /// By ECMA-262. Where there is look-around or a back-reference, a wider pattern without them.
    pub ecma: String,
    pub loose: String,
    /// In the syntax of the `fancy-regex` crate, which has these.
    pub fancy: String,
    /// What the look-arounds ask for.
    pub looks: Vec<String>,
    /// Whether it takes that crate to match it.
    pub is_fancy: bool,
}

impl Translated {
    fn push(&mut self, text: &str) {
        self.push_each(text, text);
    }

    fn push_each(&mut self, ecma: &str, loose: &str) {
        self.push_as(ecma, loose, ecma);
    }

    fn push_as(&mut self, ecma: &str, loose: &str, fancy: &str) {
        self.ecma.push_str(ecma);
        self.loose.push_str(loose);
        self.fancy.push_str(fancy);
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
pub(super) struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: Translated,
    /// Whether a quantifier may come next.
    quantifiable: bool,
    /// The groups that are open.
    open: Vec<Open>,
    /// Each group that captures: its name, and its text once it is closed.
    captures: Vec<(Option<String>, Option<String>)>,
}

/// An open group.
enum Open {
    Plain,
    /// With its number from 0 and where its text begins.
    Capture(usize, usize),
    /// Look-around, with the text before it.
    Look(String),
}

/// A text that a back-reference certainly stands for is no longer than this.
const MAX_REFERENCE: usize = 1_000;
/// `\b` and `\B` of ASCII, as look-around.
const BOUNDARY: &str = "(?:(?<=[0-9A-Z_a-z])(?![0-9A-Z_a-z])|(?<![0-9A-Z_a-z])(?=[0-9A-Z_a-z]))";
const NO_BOUNDARY: &str = "(?:(?<=[0-9A-Z_a-z])(?=[0-9A-Z_a-z])|(?<![0-9A-Z_a-z])(?![0-9A-Z_a-z]))";

impl<'a> Translator<'a> {
    pub fn new(pattern: &'a str) -> Self {
        Self {
            rest: pattern.chars().peekable(),
            out: Translated::default(),
            quantifiable: false,
            open: Vec::new(),
            captures: Vec::new(),
        }
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

    pub fn run(mut self) -> Result<Translated, PatternError> {
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
                ')' => self.close(),
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

    /// What follows an opening parenthesis. Only back-references need what is captured.
    fn group(&mut self) -> Result<(), PatternError> {
        if !self.eat('?') {
            self.capture(None);
            return Ok(());
        }
        for look in ["=", "!", "<=", "<!"] {
            if self.eat_all(look) {
                self.out.is_fancy = true;
                self.out.fancy.push_str("(?");
                self.out.fancy.push_str(look);
                self.open.push(Open::Look(std::mem::take(&mut self.out.ecma)));
                return Ok(());
            }
        }
        if self.eat('<') {
            let name: String = self.rest.by_ref().take_while(|&c| c != '>').collect();
            if name.is_empty() {
                return syntax("a group without a name");
            }
            self.capture(Some(name));
            return Ok(());
        }
        for modifiers in [":", "i:", "-i:"] {
            if self.eat_all(modifiers) {
                self.out.push(&format!("(?{modifiers}"));
                self.open.push(Open::Plain);
                return Ok(());
            }
        }
        match self.rest.peek() {
            Some('m' | 's' | '-' | 'i') => unsupported("a group with modifiers"),
            _ => syntax("an unknown kind of group"),
        }
    }

    fn capture(&mut self, name: Option<String>) {
        self.out.push_as("(?:", "(?:", "(");
        self.open.push(Open::Capture(self.captures.len(), self.out.ecma.len()));
        self.captures.push((name, None));
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Open::Look(before)) => {
                let look = std::mem::replace(&mut self.out.ecma, before);
                self.out.looks.push(look);
                self.out.push_as("(?:)", "(?:)", ")");
                return;
            }
            Some(Open::Capture(number, begin)) => {
                self.captures[number].1 = self.out.ecma.get(begin..).map(str::to_owned);
            }
            Some(Open::Plain) | None => {}
        }
        self.out.push(")");
    }

    /// A back-reference after its backslash: `1` or `k<name>`.
    fn back_reference(&mut self) -> Result<(), PatternError> {
        let number = if self.eat('k') {
            let named = self.eat('<');
            let name: String = self.rest.by_ref().take_while(|&c| c != '>').collect();
            let known = self.captures.iter().position(|(known, _)| known.as_deref() == Some(name.as_str()));
            match known.filter(|_| named) {
                Some(index) => index + 1,
                None => return syntax("a back-reference to no group"),
            }
        } else {
            let mut digits = String::new();
            while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            digits.parse().unwrap_or(usize::MAX)
        };
        self.out.is_fancy = true;
        // Any text that the group can match, or none: a group that was not met matches nothing.
        let text = self.captures.get(number.wrapping_sub(1)).and_then(|(_, text)| text.as_deref()).unwrap_or_default();
        let wider = if text.len() > MAX_REFERENCE { r"[\x{0}-\x{10FFFF}]*".to_owned() } else { format!("(?:{text})?") };
        self.out.push_as(&wider, "", &format!("\\{number}"));
        Ok(())
    }

    /// An escape outside of a class. Tells whether a quantifier may follow.
    fn escape(&mut self) -> Result<bool, PatternError> {
        match self.rest.peek() {
            // The boundaries of ECMA-262 know ASCII words only, those of Rust all of Unicode.
            Some('b') => self.out.push_as(r"(?-u:\b)", r"\b", BOUNDARY),
            Some('B') => self.out.push_as(r"(?-u:\B)", r"\B", NO_BOUNDARY),
            Some('1'..='9' | 'k') => {
                self.back_reference()?;
                return Ok(true);
            }
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
