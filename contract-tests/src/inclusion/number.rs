//! What is known of a number, and whether it leaves any: bounds and multiples, by exact decimals.

use std::cmp::Ordering;

use serde_json::Number;

use crate::schema::{
    Rule,
    number::{Decimal, compare, decimal},
};

/// As many candidates are tried one by one.
const MAX_CANDIDATES: i128 = 2_000;
/// Decimals with more places, or larger than this, are left to themselves.
const MAX_SCALE: u32 = 12;
const MAX_MANTISSA: i128 = 10_i128.pow(24);
/// With both limits nothing is larger than this, and two of it can be added.
const MAX: i128 = 10_i128.pow(36);

/// The numbers that are left. All in units of the smallest decimal place of any rule.
struct Range {
    /// One, in these units.
    unit: i128,
    low: Option<i128>,
    high: Option<i128>,
    low_excluded: bool,
    high_excluded: bool,
    /// What they are multiples of.
    step: Option<i128>,
    /// What they are no multiples of.
    never: Vec<i128>,
    excluded: Vec<i128>,
}

/// Whether no number, integer or not, is as these rules ask.
pub(super) fn contradictory(rules: &[(&Rule, bool)], integer: bool) -> bool {
    let lows = rules.iter().filter_map(|(rule, satisfied)| bound(rule, *satisfied, true));
    if lows
        .clone()
        .any(|low| rules.iter().filter_map(|(rule, satisfied)| bound(rule, *satisfied, false)).any(|high| apart(low, high)))
    {
        return true;
    }
    let understood = |number: &Number| {
        let decimal = decimal(number)?;
        (decimal.scale <= MAX_SCALE && decimal.mantissa.abs() <= MAX_MANTISSA).then_some(decimal)
    };
    let numbers: Vec<(&Rule, bool, Decimal)> = rules
        .iter()
        .flat_map(|(rule, satisfied)| numbers(rule).into_iter().map(move |number| (*rule, *satisfied, number)))
        .filter_map(|(rule, satisfied, number)| Some((rule, satisfied, understood(number)?)))
        .collect();
    let scale = numbers.iter().map(|(.., number)| number.scale).max().unwrap_or(0);
    let mut range = Range {
        unit: 10_i128.pow(scale),
        low: None,
        high: None,
        low_excluded: false,
        high_excluded: false,
        step: integer.then_some(10_i128.pow(scale)),
        never: Vec::new(),
        excluded: Vec::new(),
    };
    for (rule, satisfied, number) in numbers {
        let value = number.mantissa * 10_i128.pow(scale - number.scale);
        if let Some((_, excluded)) = bound(rule, satisfied, true) {
            range.at_least(value, excluded);
        }
        if let Some((_, excluded)) = bound(rule, satisfied, false) {
            range.at_most(value, excluded);
        }
        match (rule, satisfied) {
            (Rule::MultipleOf(_), true) => range.multiples(value),
            (Rule::MultipleOf(_), false) => range.never.push(value),
            (Rule::Enum(_) | Rule::Const(_), false) => range.excluded.push(value),
            _ => {}
        }
    }
    range.is_empty(integer)
}

/// The lower (or upper) bound that a rule sets, and whether it is excluded itself.
fn bound(rule: &Rule, satisfied: bool, lower: bool) -> Option<(&Number, bool)> {
    let (number, is_lower, excluded) = match rule {
        Rule::Minimum(number) => (number, true, false),
        Rule::ExclusiveMinimum(number) => (number, true, true),
        Rule::Maximum(number) => (number, false, false),
        Rule::ExclusiveMaximum(number) => (number, false, true),
        _ => return None,
    };
    // What is not at least this is less.
    (if satisfied { is_lower == lower } else { is_lower != lower }).then_some((number, excluded == satisfied))
}

/// Whether no number is between two bounds.
fn apart(low: (&Number, bool), high: (&Number, bool)) -> bool {
    match compare(low.0, high.0) {
        Ordering::Greater => true,
        Ordering::Equal => low.1 || high.1,
        Ordering::Less => false,
    }
}

/// The numbers of a rule.
fn numbers(rule: &Rule) -> Vec<&Number> {
    match rule {
        Rule::Minimum(number)
        | Rule::Maximum(number)
        | Rule::ExclusiveMinimum(number)
        | Rule::ExclusiveMaximum(number)
        | Rule::MultipleOf(number) => vec![number],
        Rule::Enum(members) => members.iter().filter_map(|member| member.as_number()).collect(),
        Rule::Const(value) => value.as_number().into_iter().collect(),
        _ => Vec::new(),
    }
}

impl Range {
    fn at_least(&mut self, value: i128, excluded: bool) {
        if self.low.is_none_or(|low| value > low || (value == low && excluded)) {
            (self.low, self.low_excluded) = (Some(value), excluded);
        }
    }

    fn at_most(&mut self, value: i128, excluded: bool) {
        if self.high.is_none_or(|high| value < high || (value == high && excluded)) {
            (self.high, self.high_excluded) = (Some(value), excluded);
        }
    }

    fn multiples(&mut self, divisor: i128) {
        // A step whose common multiple is out of reach is left out.
        match self.step {
            None => self.step = Some(divisor),
            Some(step) => self.step = least_common_multiple(step, divisor).filter(|step| *step <= MAX).or(Some(step)),
        }
    }

    fn is_empty(&self, integer: bool) -> bool {
        if let (Some(low), Some(high)) = (self.low, self.high) {
            if low > high || (low == high && (self.low_excluded || self.high_excluded)) {
                return true;
            }
            if low == high {
                return !self.allows(low, integer);
            }
        }
        let Some(step) = self.step.filter(|step| *step > 0) else { return false };
        if self.never.iter().any(|divisor| *divisor != 0 && step % divisor == 0) || (!integer && step % self.unit == 0) {
            return true;
        }
        let (Some(low), Some(high)) = (self.low, self.high) else { return false };
        let below = low.div_euclid(step) * step;
        let first = if below == low { low } else { below + step };
        if (high - first) / step > MAX_CANDIDATES {
            return false;
        }
        let mut candidate = first;
        while candidate <= high {
            let at_excluded_end = (candidate == low && self.low_excluded) || (candidate == high && self.high_excluded);
            if !at_excluded_end && self.allows(candidate, integer) {
                return false;
            }
            candidate += step;
        }
        true
    }

    fn allows(&self, value: i128, integer: bool) -> bool {
        (value % self.unit == 0) == integer
            && self.step.is_none_or(|step| step == 0 || value % step == 0)
            && self.never.iter().all(|divisor| *divisor == 0 || value % divisor != 0)
            && !self.excluded.contains(&value)
    }
}

fn least_common_multiple(a: i128, b: i128) -> Option<i128> {
    let (mut x, mut y) = (a.checked_abs()?, b.checked_abs()?);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    if x == 0 { None } else { (a / x).checked_mul(b)?.checked_abs() }
}
