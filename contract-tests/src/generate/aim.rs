//! What an instance is generated for: to be at the edge of a constraint, or to break it, each in several ways.

use serde_json::{Number, Value, json};

use super::text::MAX_LENGTH;
use crate::{
    schema::{Constraint, ConstraintId, NodeId, Rule, Types, number},
    text::{nasty::Alphabet, pattern::MAX_NEGATIVE},
};

/// A constraint that the generator leads to, and what to do there.
#[derive(Debug, Clone)]
pub(crate) struct Aim {
    pub constraint: ConstraintId,
    pub goal: Goal,
    /// In which of the ways that [`boundary_wishes`] or [`negative_wishes`] lists; none leaves it to the generator.
    pub wish: Option<Wish>,
    /// A node to be passed on the way, where several lead to the constraint.
    pub through: Option<NodeId>,
}

impl Aim {
    pub fn new(constraint: ConstraintId, goal: Goal, wish: Option<Wish>) -> Self {
        Self { constraint, goal, wish, through: None }
    }
}

/// What to do with the constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Satisfy it, as told by the wish.
    Satisfy,
    /// Violate it.
    Violate,
}

/// One way to be at an edge or beyond it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wish {
    /// Exactly this value.
    Value(Value),
    /// Text of this many code points.
    Length(usize, Alphabet),
    /// This number.
    Number(Number),
    /// This many items or properties.
    Size(usize),
    /// A value of one of these types.
    Types(Types),
    /// The branch with this index.
    Branch(usize),
    /// Two branches at a time.
    Two,
    /// The first (holding) or the second side of a choice.
    Side(bool),
    /// A property of this name, with a value that this node takes, where one is given.
    Name(String, Option<NodeId>),
    /// A property of this name that is null: what a careless server takes for one that is not there.
    Null(&'static str),
    /// The text of a pattern or format with this index.
    Text(usize),
}

impl Wish {
    /// The types that can grant it.
    pub fn types(&self) -> Option<Types> {
        match self {
            Self::Length(..) | Self::Text(_) => Some(Types::STRING),
            Self::Number(_) => Some(Types::NUMBER),
            Self::Types(types) => Some(*types),
            _ => None,
        }
    }
}

const ALPHABETS: [Alphabet; 3] = [Alphabet::Ascii, Alphabet::TwoByte, Alphabet::FourByte];

/// The ways to keep a constraint right at its edge.
pub(crate) fn boundary_wishes(constraint: &Constraint, branches: usize) -> Vec<Wish> {
    let lengths = |at: usize, inside: Option<usize>| {
        let mut all: Vec<Wish> = ALPHABETS.into_iter().map(|alphabet| Wish::Length(at, alphabet)).collect();
        all.push(Wish::Length(at, Alphabet::Combining));
        all.extend(inside.map(|inside| Wish::Length(inside, Alphabet::Ascii)));
        all
    };
    let near = |bound: &Number, direction: i64, exclusive: bool| {
        let one = Number::from(1);
        let tenth = Number::from_f64(0.1).unwrap_or_else(|| one.clone());
        let mut all = if exclusive { vec![] } else { vec![Wish::Number(bound.clone())] };
        all.extend(number::shift(bound, &one, direction).map(Wish::Number));
        all.extend(number::shift(bound, &tenth, direction).map(Wish::Number));
        all
    };
    match &constraint.rule {
        Rule::Type(types) => {
            let mut all: Vec<Wish> = types.iter().map(Wish::Types).collect();
            if types.has(Types::BOOLEAN) {
                all.extend([Wish::Value(json!(true)), Wish::Value(json!(false))]);
            }
            all
        }
        Rule::Enum(members) => members.iter().cloned().map(Wish::Value).collect(),
        Rule::Const(value) => vec![Wish::Value(value.clone())],
        Rule::MinLength(min) => {
            let mut all = lengths(*min, Some(min.saturating_add(1)));
            // Blanks and control characters count like any other.
            all.push(Wish::Length(*min, Alphabet::Control));
            if *min <= MAX_LENGTH {
                all.extend([" ", "\0", "\u{301}"].map(|blank| Wish::Value(json!(blank.repeat(*min)))));
            }
            all
        }
        Rule::MaxLength(max) => lengths(*max, max.checked_sub(1)),
        Rule::Pattern(pattern) => (0..pattern.boundary().len()).map(Wish::Text).collect(),
        Rule::Format(format) => (0..format.boundary().len()).map(Wish::Text).collect(),
        Rule::Minimum(bound) => near(bound, 1, false),
        Rule::Maximum(bound) => near(bound, -1, false),
        Rule::ExclusiveMinimum(bound) => near(bound, 1, true),
        Rule::ExclusiveMaximum(bound) => near(bound, -1, true),
        Rule::MultipleOf(step) => [0, 1, -1, 3, 1000]
            .into_iter()
            .filter_map(|count| number::shift(&Number::from(0), step, count))
            .map(Wish::Number)
            .collect(),
        Rule::MinItems(min) | Rule::MinProperties(min) => vec![Wish::Size(*min), Wish::Size(min.saturating_add(1))],
        Rule::MaxItems(max) | Rule::MaxProperties(max) => {
            [Some(*max), max.checked_sub(1)].into_iter().flatten().map(Wish::Size).collect()
        }
        Rule::UniqueItems => vec![Wish::Size(2), Wish::Size(3), Wish::Size(1)],
        Rule::MinContains(min) => vec![Wish::Size(*min), Wish::Size(min.saturating_add(1))],
        Rule::MaxContains(max) => [Some(*max), max.checked_sub(1)].into_iter().flatten().map(Wish::Size).collect(),
        Rule::Contains => vec![Wish::Size(1), Wish::Size(2)],
        Rule::AnyOf | Rule::OneOf => (0..branches).map(Wish::Branch).collect(),
        Rule::Condition | Rule::Optional(_) => vec![Wish::Side(true), Wish::Side(false)],
        Rule::DependentRequired { .. } => vec![Wish::Side(true), Wish::Side(false)],
        Rule::Required(_) | Rule::Never | Rule::Not => vec![],
    }
}

/// The ways to break a constraint, the nearest first.
pub(crate) fn negative_wishes(constraint: &Constraint, branches: usize, known: &[(String, Option<NodeId>)]) -> Vec<Wish> {
    let lengths = |at: usize, far: Option<usize>| {
        let mut all: Vec<Wish> = ALPHABETS.into_iter().map(|alphabet| Wish::Length(at, alphabet)).collect();
        all.extend(far.map(|far| Wish::Length(far, Alphabet::Ascii)));
        all
    };
    let beyond = |bound: &Number, direction: i64, exclusive: bool| {
        let one = Number::from(1);
        let tenth = Number::from_f64(0.1).unwrap_or_else(|| one.clone());
        let mut all = if exclusive { vec![Wish::Number(bound.clone())] } else { vec![] };
        all.extend(number::shift(bound, &one, direction).map(Wish::Number));
        all.extend(number::shift(bound, &tenth, direction).map(Wish::Number));
        all.extend(number::shift(bound, &Number::from(1_000_000), direction).map(Wish::Number));
        // Next to a huge number is only a number of its own size.
        let huge = bound.as_f64().filter(|bound| bound.abs() >= 1e15).map(|bound| bound + direction as f64 * bound.abs());
        all.extend(huge.and_then(Number::from_f64).map(Wish::Number));
        all
    };
    match &constraint.rule {
        Rule::Type(types) => {
            let mut all: Vec<Wish> = Types::ALL.without(*types).iter().map(Wish::Types).collect();
            if !types.has(Types::ARRAY) {
                // A careless server takes the item for the value.
                all.push(Wish::Value(json!(["alpha"])));
            }
            // Or reads what a text spells.
            if types.has(Types::INTEGER) && !types.has(Types::STRING) {
                all.push(Wish::Value(json!("1")));
            }
            if types.has(Types::BOOLEAN) && !types.has(Types::STRING) {
                all.push(Wish::Value(json!("true")));
            }
            all
        }
        Rule::Enum(members) => outside(members),
        Rule::Const(value) => outside(std::slice::from_ref(value)),
        Rule::MinLength(0) | Rule::MinItems(0) | Rule::MinProperties(0) => vec![],
        Rule::MinLength(1) => vec![Wish::Length(0, Alphabet::Ascii)],
        Rule::MinLength(min) => lengths(min - 1, Some(0)),
        Rule::MaxLength(max) => {
            lengths(max.saturating_add(1), Some(max.saturating_mul(2).saturating_add(50).min(20_000).max(max.saturating_add(1))))
        }
        Rule::Pattern(_) => (0..MAX_NEGATIVE).map(Wish::Text).collect(),
        Rule::Format(format) => (0..format.negative().len()).map(Wish::Text).collect(),
        Rule::Minimum(bound) => beyond(bound, -1, false),
        Rule::Maximum(bound) => beyond(bound, 1, false),
        Rule::ExclusiveMinimum(bound) => beyond(bound, -1, true),
        Rule::ExclusiveMaximum(bound) => beyond(bound, 1, true),
        Rule::MultipleOf(step) => {
            let half = step.as_f64().map(|step| step / 2.0).filter(|half| half.is_finite() && *half != 0.0);
            let mut all: Vec<Wish> = Vec::new();
            for count in [1, 3, -1] {
                let base = number::shift(&Number::from(0), step, count);
                all.extend(base.as_ref().and_then(|base| number::shift(base, &Number::from(1), 1)).map(Wish::Number));
                let half = half.and_then(Number::from_f64);
                all.extend(base.zip(half).and_then(|(base, half)| number::shift(&base, &half, 1)).map(Wish::Number));
            }
            all
        }
        Rule::MinItems(min) | Rule::MinProperties(min) => {
            let mut all = vec![Wish::Size(min - 1)];
            if *min > 1 {
                all.push(Wish::Size(0));
            }
            all
        }
        Rule::MaxItems(max) | Rule::MaxProperties(max) => {
            vec![Wish::Size(max.saturating_add(1)), Wish::Size(max.saturating_add(5))]
        }
        Rule::UniqueItems => vec![Wish::Size(2), Wish::Size(3)],
        Rule::Contains => vec![Wish::Size(0)],
        Rule::MinContains(min) => vec![Wish::Size(min - 1)],
        Rule::MaxContains(max) => vec![Wish::Size(max.saturating_add(1))],
        Rule::Required(_) | Rule::DependentRequired { .. } | Rule::Not => vec![Wish::Side(false)],
        Rule::AnyOf => (0..branches).map(Wish::Branch).collect(),
        Rule::OneOf => (0..branches).map(Wish::Branch).chain([Wish::Two]).collect(),
        Rule::Never => misspelt(known),
        Rule::Condition | Rule::Optional(_) => vec![],
    }
}

/// Values next to the members of a set and not in it.
fn outside(members: &[Value]) -> Vec<Wish> {
    let mut all: Vec<Value> = Vec::new();
    for member in members {
        match member {
            Value::String(text) => {
                let other_case = if text.to_uppercase() == *text { text.to_lowercase() } else { text.to_uppercase() };
                all.push(json!(other_case));
                all.push(json!(format!("{text}x")));
                all.push(json!(format!(" {text}")));
                all.push(json!(text.chars().skip(1).collect::<String>()));
                if text.len() == 2 && text.chars().all(|c| c.is_ascii_lowercase()) {
                    // A language most likely: the others that a server may have let in.
                    all.extend(
                        ["de", "fr", "es", "it", "pt", "nl", "ru", "zh", "ja", "en", "el"].map(|language| json!(language)),
                    );
                }
            }
            Value::Number(number) => {
                all.extend(number::shift(number, &Number::from(1), 1).map(Value::Number));
                all.extend(number::shift(number, &Number::from(1), -1).map(Value::Number));
                all.push(json!(number.to_string()));
            }
            Value::Bool(value) => all.push(json!(!value)),
            Value::Array(items) => all.push(Value::Array(items.iter().cloned().chain([Value::Null]).collect())),
            Value::Object(object) => {
                let mut more = object.clone();
                more.insert("more".to_owned(), Value::Null);
                all.push(Value::Object(more));
            }
            Value::Null => all.push(json!(false)),
        }
    }
    all.extend([json!(""), json!("other"), json!(0), Value::Null, json!({}), json!([])]);
    let mut fresh: Vec<Value> = Vec::new();
    for value in all {
        if !members.iter().any(|member| crate::schema::equal(member, &value)) && !fresh.contains(&value) {
            fresh.push(value);
        }
    }
    fresh.into_iter().map(Wish::Value).collect()
}

/// Names that a caller might send by mistake or malice where no further property is allowed.
fn misspelt(known: &[(String, Option<NodeId>)]) -> Vec<Wish> {
    let mut all = ["unknown", "__proto__", ""].map(|name| (name.to_owned(), None)).to_vec();
    for (name, node) in known.iter().take(4) {
        let mut chars = name.chars();
        let other_case = match chars.next() {
            Some(first) if first.is_lowercase() => first.to_uppercase().chain(chars).collect(),
            _ => name.to_lowercase(),
        };
        all.extend([other_case, format!("{name} "), format!("{name}s")].map(|slip| (slip, *node)));
    }
    all.retain(|(slip, _)| known.iter().all(|(name, _)| name != slip));
    let null = known.iter().all(|(name, _)| name != "unknown").then_some(Wish::Null("unknown"));
    all.into_iter().map(|(name, like)| Wish::Name(name, like)).chain(null).collect()
}
