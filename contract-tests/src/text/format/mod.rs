//! Texts for the keyword `format` (JSON Schema Validation 2020-12, section 7.3) and for OpenAPI's `byte`.
//!
//! The lists hold only what the validators boon and jsonschema both accept or both refuse; a few texts they are of two
//! minds about stand in [`DISAGREEMENTS`].

mod disagreements;
mod draw;
mod table;

use std::fmt;
use std::sync::OnceLock;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use proptest::prelude::RngExt;
use proptest::test_runner::TestRng;
use serde_json::{Value, json};

pub use self::disagreements::{DISAGREEMENTS, FormatDisagreement, FormatValidator};
use self::table::{FORMATS, Texts};
use super::{look_alikes, pick};

/// A format of strings: texts that have it, and near misses.
pub struct Format {
    name: &'static str,
    texts: Texts,
    draw: fn(&mut TestRng) -> String,
    plain: fn(&mut TestRng) -> String,
    schema: OnceLock<Option<(Schemas, SchemaIndex)>>,
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The format of a name, if it constrains strings. `password`, `binary` and the formats of numbers do not.
pub fn known(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// The formats there are.
pub fn all() -> &'static [Format] {
    &FORMATS
}

/// Formats of which boon refuses texts that are valid, so that damage could make one of those: only listed texts are used.
const MISJUDGED: [&str; 3] = ["idn-email", "regex", "uri-template"];

/// Draws until a damaged text turns out to be a fault.
const ATTEMPTS: usize = 16;

impl Format {
    /// The name, as the keyword `format` has it.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Valid texts at the edge of what the format allows.
    pub fn boundary(&self) -> &[String] {
        &self.texts.boundary
    }

    /// Near misses: invalid texts.
    pub fn negative(&self) -> &[String] {
        &self.texts.negative
    }

    /// A random valid text, often one on the boundary.
    pub fn random(&self, rng: &mut TestRng) -> String {
        if rng.random_bool(0.2) { pick(rng, self.boundary()).clone() } else { (self.draw)(rng) }
    }

    /// A valid text with so much after it that it has at least `length` code points, where the format has room for more.
    pub fn lengthened(&self, text: String, length: usize) -> String {
        let missing = length.saturating_sub(text.chars().count());
        let (at, more) = match self.name {
            _ if missing == 0 => return text,
            // In any part of an address, its last included, may stand a letter.
            "uri" | "uri-reference" | "iri" | "iri-reference" | "uri-template" | "regex" => (text.len(), "a".repeat(missing)),
            "json-pointer" | "relative-json-pointer" => (text.len(), format!("/{}", "a".repeat(missing - 1))),
            "byte" => (0, "AAAA".repeat(missing.div_ceil(4))),
            "idn-email" => (text.len(), labels(missing)),
            "time" => fraction(&text, "00:00:00".len(), missing),
            "date-time" => fraction(&text, "1970-01-01T00:00:00".len(), missing),
            "duration" => (text.find(|c: char| c.is_ascii_digit()).unwrap_or_default(), "0".repeat(missing)),
            _ => return text,
        };
        let mut longer = text.clone();
        longer.insert_str(at, &more);
        if self.accepts(&longer) { longer } else { text }
    }

    /// A random valid text as a person would type it, which servers take that are stricter than the format, too.
    pub fn plain(&self, rng: &mut TestRng) -> String {
        (self.plain)(rng)
    }

    /// A random invalid text: one of the list, or a valid one damaged in one place.
    pub fn fault(&self, rng: &mut TestRng) -> String {
        if MISJUDGED.contains(&self.name) {
            return pick(rng, self.negative()).clone();
        }
        let damaged = if rng.random_bool(0.5) {
            (0..ATTEMPTS).find_map(|_| {
                let valid = self.random(rng);
                let text = damage(rng, &valid);
                // In quotes and brackets boon refuses addresses that RFC 5321 has, and of longer ones validators are of two minds
                // (see DISAGREEMENTS).
                let doubtful = self.name == "email" && (text.contains(['"', '\\', '[', '<']) || text.len() > 254);
                Some(text).filter(|text| !doubtful && !self.accepts(text))
            })
        } else {
            None
        };
        damaged.unwrap_or_else(|| pick(rng, self.negative()).clone())
    }

    /// Whether a text has the format: by boon, but for what it overlooks in addresses, which is where making them shorter leads.
    pub fn accepts(&self, text: &str) -> bool {
        let overlooked = self.name == "email" && (text.starts_with('@') || text.ends_with('.'));
        !overlooked && self.boon_accepts(text)
    }

    fn boon_accepts(&self, text: &str) -> bool {
        let compiled = self.schema.get_or_init(|| compile(&schema(self.name)));
        compiled.as_ref().is_some_and(|(schemas, index)| schemas.validate(&Value::from(text), *index).is_ok())
    }
}

/// More of a host name, of this length, none of its labels too long.
fn labels(length: usize) -> String {
    (1..=length).map(|place| if length > 1 && place % 32 == 1 && place < length { '.' } else { 'a' }).collect()
}

/// Where a time has more digits of the fraction of its seconds, which end at `end`, and these (RFC 3339, section 5.6).
fn fraction(text: &str, end: usize, missing: usize) -> (usize, String) {
    match text.get(end..).is_some_and(|rest| rest.starts_with('.')) {
        true => (end + 1, "0".repeat(missing)),
        false => (end.min(text.len()), format!(".{}", "0".repeat(missing.max(2) - 1))),
    }
}

/// The schema of the strings of a format. OpenAPI's `byte` (version 3.0) is `contentEncoding` since version 3.1.
fn schema(name: &str) -> Value {
    if name == "byte" { json!({"contentEncoding": "base64"}) } else { json!({"format": name}) }
}

fn compile(schema: &Value) -> Option<(Schemas, SchemaIndex)> {
    const LOCATION: &str = "mem:///format.json";
    let mut compiler = Compiler::new();
    compiler.set_default_draft(Draft::V2020_12);
    compiler.enable_format_assertions();
    compiler.enable_content_assertions();
    compiler.add_resource(LOCATION, schema.clone()).ok()?;
    let mut schemas = Schemas::new();
    let index = compiler.compile(LOCATION, &mut schemas).ok()?;
    Some((schemas, index))
}

/// The text with one character removed, doubled, replaced or added.
fn damage(rng: &mut TestRng, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let stranger = *pick(rng, &[' ', '\n', '\0', '"', '\\', '{', '[', '^', '%', '-', '.', ':', '/', '+', 'é', '９', '\u{301}']);
    if letters.is_empty() {
        return stranger.to_string();
    }
    let place = rng.random_range(0..letters.len());
    match rng.random_range(0..8) {
        0 | 1 => {
            letters.remove(place);
        }
        2 => letters.insert(place, letters[place]),
        3 => letters[place] = stranger,
        4 => letters.insert(place, stranger),
        5 => letters[place] = *pick(rng, &[look_alikes(letters[place]), vec![stranger]].concat()),
        6 => letters.push(stranger),
        _ => letters.insert(0, stranger),
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::test_runner::RngAlgorithm;

    use super::*;

    fn jsonschema(name: &str) -> jsonschema::Validator {
        // `contentEncoding` is asserted up to draft 7 and an annotation since.
        let draft = if name == "byte" { jsonschema::Draft::Draft7 } else { jsonschema::Draft::Draft202012 };
        jsonschema::options().with_draft(draft).should_validate_formats(true).build(&schema(name)).unwrap()
    }

    fn rng() -> TestRng {
        TestRng::deterministic_rng(RngAlgorithm::ChaCha)
    }

    #[test]
    fn edges_and_randoms_are_accepted_by_both() {
        let mut wrong = Vec::new();
        for format in all() {
            let other = jsonschema(format.name());
            let mut rng = rng();
            let randoms = (0..2_000).flat_map(|_| [format.random(&mut rng), format.plain(&mut rng)]);
            for text in format.boundary().iter().cloned().chain(randoms) {
                let (boon, jsonschema) = (format.accepts(&text), other.is_valid(&Value::from(text.as_str())));
                if !boon || !jsonschema {
                    wrong.push(format!("{} {text:?}: boon {boon}, jsonschema {jsonschema}", format.name()));
                }
            }
        }
        assert!(wrong.is_empty(), "{} refused:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn texts_of_a_format_without_a_longest_one_are_lengthened() {
        let without =
            ["uri", "uri-reference", "json-pointer", "relative-json-pointer", "idn-email", "time", "date-time", "duration"];
        for format in without.map(|name| known(name).unwrap()) {
            let other = jsonschema(format.name());
            let mut rng = rng();
            let texts: Vec<String> = (0..100).map(|_| format.lengthened((format.draw)(&mut rng), 200)).collect();
            let right = texts.iter().filter(|text| text.chars().count() == 200 && other.is_valid(&json!(text)));
            assert!(right.count() > 50, "{}: {texts:?}", format.name());
        }
    }

    #[test]
    fn faults_are_refused_by_both() {
        let mut wrong = Vec::new();
        for format in all() {
            let other = jsonschema(format.name());
            for text in format.negative() {
                let boon = format.accepts(text);
                let jsonschema = other.is_valid(&Value::from(text.as_str()));
                if boon || jsonschema {
                    wrong.push(format!("{} {text:?}: boon {boon}, jsonschema {jsonschema}", format.name()));
                }
            }
        }
        assert!(wrong.is_empty(), "{} accepted:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn random_faults_are_refused_by_both_nearly_always() {
        for format in all() {
            let other = jsonschema(format.name());
            let mut rng = rng();
            let negative: Vec<_> = (0..500).map(|_| format.fault(&mut rng)).collect();
            assert!(negative.iter().all(|text| !format.accepts(text)), "{}: boon accepts a fault", format.name());
            let accepted: Vec<_> = negative.iter().filter(|text| other.is_valid(&Value::from(text.as_str()))).collect();
            assert!(accepted.len() <= 50, "{}: jsonschema accepts {accepted:?}", format.name());
        }
    }

    #[test]
    fn disagreements_are_as_stated() {
        let mut wrong = Vec::new();
        for case in DISAGREEMENTS {
            let boon = known(case.format).unwrap().boon_accepts(case.text);
            let jsonschema = jsonschema(case.format).is_valid(&Value::from(case.text));
            if (boon, jsonschema) != (case.accepted_by == FormatValidator::Boon, case.accepted_by == FormatValidator::Jsonschema)
            {
                wrong.push(format!("{} {:?}: boon {boon}, jsonschema {jsonschema}", case.format, case.text));
            }
            assert!(!case.why.is_empty());
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn an_address_has_something_before_its_at_sign_and_no_dot_at_its_end() {
        let email = known("email").unwrap();
        assert!(email.accepts("a@e"));
        for wrong in ["@e", "a@e."] {
            assert!(!email.accepts(wrong), "{wrong}");
        }
    }

    #[test]
    fn every_entry_of_the_file_is_a_format_and_every_format_has_one() {
        let named: HashSet<String> = table::read().into_keys().collect();
        assert_eq!(named, all().iter().map(|format| format.name().to_owned()).collect());
        for format in all() {
            assert!(!format.boundary().is_empty() && !format.negative().is_empty(), "{}", format.name());
        }
    }

    #[test]
    fn lists_hold_nothing_twice_and_the_obvious() {
        for format in all() {
            for list in [format.boundary(), format.negative()] {
                assert_eq!(list.iter().collect::<HashSet<_>>().len(), list.len(), "{}", format.name());
            }
            assert!(
                format.boundary().contains(&String::new()) ^ format.negative().contains(&String::new())
                    || format.name() == "uri-template",
                "{}",
                format.name()
            );
        }
    }

    #[test]
    fn randoms_are_diverse() {
        for format in all() {
            let mut rng = rng();
            let texts: HashSet<_> = (0..500).map(|_| format.random(&mut rng)).collect();
            let negative: HashSet<_> = (0..500).map(|_| format.fault(&mut rng)).collect();
            assert!(texts.len() > 150, "{}: {} texts", format.name(), texts.len());
            assert!(negative.len() > 50 || MISJUDGED.contains(&format.name()), "{}: {} negative", format.name(), negative.len());
        }
    }

    #[test]
    fn same_seed_same_texts() {
        for format in all() {
            let draw = || {
                let mut rng = rng();
                (0..20).map(|_| (format.random(&mut rng), format.fault(&mut rng))).collect::<Vec<_>>()
            };
            assert_eq!(draw(), draw(), "{}", format.name());
        }
    }

    #[test]
    fn formats_of_no_string_are_unknown() {
        for name in ["int32", "int64", "float", "double", "password", "binary", "", "EMAIL", "x"] {
            assert!(known(name).is_none(), "{name}");
        }
        assert_eq!(known("date-time").unwrap().name(), "date-time");
    }

    #[test]
    fn emails_reach_the_limits() {
        let longest = known("email").unwrap().boundary().iter().max_by_key(|text| text.len()).unwrap();
        assert_eq!(longest.len(), 254);
        assert_eq!(longest.find('@'), Some(64));
        assert_eq!(disagreements::EMAIL_OF_255.len(), 255);
    }
}
