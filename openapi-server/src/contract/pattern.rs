//! Patterns, matched within bounds, so that no text that a caller sends makes matching slow.
//!
//! A pattern without look-around and back-references is matched in linear time: fancy-regex hands it to the crate regex as a whole. Others
//! are matched by backtracking, whose steps can be exponential in the length of the text, and a body may have thousands of texts. So each
//! of them gets a few steps, and some of one value get more. What is not decided then is refused, whatever the schema makes of the
//! pattern, such as `not`.

use std::cell::Cell;

use jsonschema::{Keyword, PatternOptions, ValidationError, Validator, error::ValidationErrorKind as Kind, paths::Location};
use serde_json::{Map, Value, json};

/// How many steps backtracking may take for a text. Patterns that are used with reason take less, but for long texts.
pub(super) const FEW: usize = 1_000;

/// How many it may take for a text that needs more: some for each character of a long one.
const MANY: usize = 250_000;

/// How many texts of one value may need that.
const LONG: u32 = 8;

thread_local! {
    /// How many more texts of the value may take [`MANY`] steps.
    static LEFT: Cell<u32> = const { Cell::new(LONG) };
    /// Whether some match was given up.
    static GIVEN_UP: Cell<bool> = const { Cell::new(false) };
}

/// What came of judging a value, and whether some match was given up meanwhile: then it is no judgement.
pub(super) fn bounded<T>(judge: impl FnOnce() -> T) -> (T, bool) {
    LEFT.set(LONG);
    GIVEN_UP.set(false);
    let judgement = judge();
    (judgement, GIVEN_UP.get())
}

/// Whether a pattern of the document may need backtracking. It may say so of too many, which costs a little time.
pub(super) fn any_may_backtrack(node: &Value) -> bool {
    match node {
        Value::Object(object) => object.iter().any(|(name, inner)| match inner {
            Value::String(pattern) => name == "pattern" && may_backtrack(pattern),
            inner => any_may_backtrack(inner),
        }),
        Value::Array(items) => items.iter().any(any_may_backtrack),
        _ => false,
    }
}

/// Look-around, back-references, and what fancy-regex takes for a possessive quantifier.
fn may_backtrack(pattern: &str) -> bool {
    let mut escaped = false;
    let refers_back = pattern.chars().any(|one| {
        let found = escaped && (one == 'k' || one.is_ascii_digit());
        escaped = one == '\\' && !escaped;
        found
    });
    refers_back || ["(?=", "(?!", "(?<=", "(?<!", "++", "*+", "?+", "}+"].iter().any(|part| pattern.contains(part))
}

/// The keyword `pattern` of a document in which some may need backtracking.
pub(super) fn keyword<'s>(
    _: &'s Map<String, Value>,
    value: &'s Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'s>> {
    let text = value.as_str().unwrap_or_default().to_owned(); // What is no string is refused by the document's own schema.
    let with = |steps| {
        let options = jsonschema::options().with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(steps));
        options.build(&json!({ "pattern": value })).map_err(|_| ValidationError::schema("it cannot be compiled"))
    };
    let many = if may_backtrack(&text) { Some(with(MANY)?) } else { None };
    Ok(Box::new(Pattern { few: with(FEW)?, many, text }))
}

/// One pattern, by the number of steps that it may take.
struct Pattern {
    few: Validator,
    /// None where none are needed.
    many: Option<Validator>,
    text: String,
}

impl Pattern {
    /// Whether the pattern matches; none where that is given up.
    fn decide(&self, value: &Value) -> Option<bool> {
        let decided = decide(&self.few, value).or_else(|| {
            let left = LEFT.get().checked_sub(1)?;
            LEFT.set(left);
            decide(self.many.as_ref()?, value)
        });
        if decided.is_none() {
            GIVEN_UP.set(true);
        }
        decided
    }
}

fn decide(pattern: &Validator, value: &Value) -> Option<bool> {
    match pattern.validate(value).err().as_ref().map(ValidationError::kind) {
        None => Some(true),
        Some(Kind::Pattern { .. }) => Some(false),
        Some(_) => None,
    }
}

impl<'i> Keyword<'i> for Pattern {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        match self.decide(value) {
            Some(true) => Ok(()),
            Some(false) => Err(ValidationError::custom(format!("must match the pattern {}", self.text))),
            None => Err(ValidationError::custom(TOO_HARD)),
        }
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        self.decide(value) == Some(true)
    }
}

/// What is said about a text that is given up.
pub(super) const TOO_HARD: &str = "takes too many steps to match with a pattern of the document";

#[cfg(test)]
mod tests {
    use super::*;

    fn validator(schema: Value) -> Validator {
        jsonschema::options().with_keyword("pattern", keyword).build(&schema).unwrap()
    }

    #[test]
    fn so_many_texts_of_a_value_get_more_than_a_few_steps_and_a_value_that_follows_gets_as_many() {
        let texts = validator(json!({ "items": { "pattern": r"^(?:(?!-).)*$" } }));
        let value = |length: usize, count: usize| json!(vec!["a".repeat(length); count]);
        for (length, count, decided) in [
            (FEW / 2, 1000, true),
            (FEW * 2, LONG as usize, true),
            (FEW * 2, LONG as usize + 1, false),
            (FEW * 2, LONG as usize, true),
            (MANY * 2, 1, false),
        ] {
            let value = value(length, count);
            assert_eq!(bounded(|| texts.is_valid(&value)), (decided, !decided), "{count} of {length}");
        }
    }

    #[test]
    fn a_pattern_that_may_backtrack_is_known_wherever_it_stands() {
        for pattern in
            ["(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", r"(a)\1", r"(a)\\\1", r"(?<x>a)\k<x>", "a++", "a*+", "a{2}+", "a?+"]
        {
            assert!(any_may_backtrack(&json!([{ "x": { "pattern": pattern } }])), "{pattern}");
        }
        for pattern in ["^(a+)+$", r"^\d+(?:\.\d+)?$", r"a\\1", "a+?", "^[A-Z]{2}$"] {
            assert!(!any_may_backtrack(&json!([{ "x": { "pattern": pattern } }])), "{pattern}");
        }
    }
}
