//! Making a value smaller, one step at a time, the way proptest does it: on whole JSON values.

use std::ops::Range;

use proptest::strategy::ValueTree;
use serde_json::Value;

use crate::pointer::{escape, replace};

/// A value and its smaller variants. After [`ValueTree::simplify`] or [`ValueTree::complicate`] the caller looks at
/// [`ValueTree::current`] and says by the next call whether it still shows the failure.
#[derive(Debug, Clone)]
pub(crate) struct Shrink {
    /// The smallest value that showed the failure.
    best: Value,
    tried: Value,
    /// Every place of `best`, in document order.
    places: Vec<String>,
    /// The one that is being made smaller, and the next way to do it.
    place: usize,
    step: usize,
}

impl Shrink {
    pub fn new(value: Value) -> Self {
        Self { tried: value.clone(), places: places(&value), best: value, place: 0, step: 0 }
    }

    fn advance(&mut self) -> bool {
        while let Some(pointer) = self.places.get(self.place) {
            let Some(value) = self.best.pointer(pointer) else { return false };
            match simpler(value, self.step) {
                Some(smaller) => {
                    self.step += 1;
                    if smaller != *value {
                        self.tried = self.best.clone();
                        replace(&mut self.tried, pointer, smaller);
                        return true;
                    }
                }
                None => {
                    self.place += 1;
                    self.step = 0;
                }
            }
        }
        self.tried = self.best.clone();
        false
    }
}

impl ValueTree for Shrink {
    type Value = Value;

    fn current(&self) -> Value {
        self.tried.clone()
    }

    fn simplify(&mut self) -> bool {
        if self.tried != self.best {
            self.best = self.tried.clone();
            self.places = places(&self.best);
            self.step = 0;
        }
        self.advance()
    }

    fn complicate(&mut self) -> bool {
        self.advance()
    }
}

fn places(value: &Value) -> Vec<String> {
    let mut all = Vec::new();
    collect(value, String::new(), &mut all);
    all
}

fn collect(value: &Value, pointer: String, all: &mut Vec<String>) {
    all.push(pointer.clone());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| collect(item, format!("{pointer}/{index}"), all));
        }
        Value::Object(object) => {
            object.iter().for_each(|(name, item)| collect(item, format!("{pointer}/{}", escape(name)), all));
        }
        _ => {}
    }
}

/// Of this many properties or items half are taken out first.
const MANY: usize = 8;

/// Which of so many parts are taken out in this step: of many first the later half, then the earlier one; then each by itself.
fn taken_out(count: usize, step: usize) -> Option<Range<usize>> {
    let single = match (count < MANY, step) {
        (false, 0) => return Some(count / 2..count),
        (false, 1) => return Some(0..count / 2),
        (false, step) => step - 2,
        (true, step) => step,
    };
    (single < count).then(|| single..single + 1)
}

/// The simplification with this number, the boldest first; none when there are no more.
fn simpler(value: &Value, step: usize) -> Option<Value> {
    match value {
        Value::Object(object) => {
            let gone = taken_out(object.len(), step)?;
            let kept = object.iter().enumerate().filter(|(index, _)| !gone.contains(index));
            Some(kept.map(|(_, (name, value))| (name.clone(), value.clone())).collect())
        }
        Value::Array(items) => {
            let gone = taken_out(items.len(), step)?;
            Some(items[..gone.start].iter().chain(&items[gone.end..]).cloned().collect())
        }
        Value::String(text) => simpler_text(text, step).map(Value::String),
        Value::Number(number) => {
            let whole = number.as_i64()?;
            let smaller = [0, whole / 2, whole - whole.signum()];
            smaller.get(step).copied().map(Value::from)
        }
        Value::Bool(true) if step == 0 => Some(Value::Bool(false)),
        _ => None,
    }
}

/// Single characters are taken out of texts up to this long.
const SHORT: usize = 40;

fn simpler_text(text: &str, step: usize) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let count = chars.len();
    let without = |from: usize, to: usize| chars[..from].iter().chain(&chars[to..]).collect::<String>();
    match step {
        0 => Some(without(count / 2, count)),
        1 => Some(without(0, count / 2)),
        2 => Some(without(count / 4, count / 2)),
        3 => Some(chars.iter().map(|c| if c.is_ascii_graphic() { *c } else { 'a' }).collect()),
        _ if step - 4 < count.min(SHORT) => Some(without(step - 4, step - 3)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn smallest(value: Value, mut fails: impl FnMut(&Value) -> bool) -> Value {
        let mut tree = Shrink::new(value);
        let mut best = tree.current();
        let mut more = tree.simplify();
        while more {
            if fails(&tree.current()) {
                best = tree.current();
                more = tree.simplify();
            } else {
                more = tree.complicate();
            }
        }
        best
    }

    #[test]
    fn what_does_not_matter_goes() {
        let value = json!({"a": "long text here", "b": {"c": [1, 2, 700], "d": true}});
        assert_eq!(smallest(value.clone(), |_| true), json!({}));
        assert_eq!(
            smallest(value.clone(), |value| value.pointer("/b/c/0").is_some_and(|n| n.as_i64() > Some(0))),
            json!({"b": {"c": [1]}})
        );
        let many: Value = (0..100).collect();
        let mut tries = 0;
        let is_there = |value: &Value| {
            tries += 1;
            value.as_array().is_some_and(|items| items.contains(&json!(70)))
        };
        assert_eq!(smallest(many, is_there), json!([70]));
        assert!(tries < 30, "{tries}");
        assert_eq!(smallest(value, |value| value["a"].as_str().is_some_and(|text| text.contains('x'))), json!({"a": "x"}));
    }
}
