//! Numbers within bounds, on a grid where there is one.

use proptest::prelude::RngExt;
use serde_json::{Number, Value};

use super::{Generator, Shape, Wish};
use crate::schema::number::{compare, is_integer, is_multiple, multiple_at_or_above, shift};

const TRIES: usize = 24;

impl Generator<'_> {
    /// An integer or, where `integer` is false, a number with a fraction.
    pub(super) fn number(&mut self, shape: &Shape, integer: bool) -> Option<Value> {
        if let Some(Wish::Number(number)) = &shape.wish {
            // Where there is a grid, its next points on either side are meant as well.
            let step = shape.multiples.first();
            let above = step.and_then(|step| multiple_at_or_above(number, step));
            let below = step.zip(above.as_ref()).and_then(|(step, above)| shift(above, step, -1));
            let mut near = [Some(number.clone()), above, below].into_iter().flatten();
            let found = near.find(|number| fits(number, shape)).map(Value::Number);
            self.futile = found.is_none();
            return found;
        }
        for attempt in 0..TRIES {
            let Some(drawn) = self.drawn_number(shape, integer, attempt) else { continue };
            if is_integer(&drawn) == integer && fits(&drawn, shape) {
                return Some(Value::Number(drawn));
            }
        }
        None
    }

    fn drawn_number(&mut self, shape: &Shape, integer: bool, attempt: usize) -> Option<Number> {
        let step = shape.multiples.first().cloned();
        let unit = if integer { Number::from(1) } else { Number::from_f64(0.25)? };
        let stride = step.clone().unwrap_or(unit);
        // What has no bound on one side may be as large there as programs can hold, or larger.
        let is_open = shape.minimum.is_none() || shape.maximum.is_none();
        if is_open && !self.plain && step.is_none() && self.rng.random_ratio(1, 3) {
            return self.extreme(integer);
        }
        let base = match (&shape.minimum, &shape.maximum) {
            (None, None) => {
                let reach = if attempt < 4 { 100 } else { 1_000_000 };
                let count = self.rng.random_range(-reach..=reach);
                return shift(&Number::from(0), &stride, count);
            }
            (Some((low, _)), Some((high, _))) => {
                let (from, to) = (low.as_f64()?, high.as_f64()?);
                match self.rng.random_range(0..4) {
                    0 => low.clone(),
                    1 => high.clone(),
                    _ if to - from > 4.0 && integer => Number::from(self.rng.random_range(from..to).trunc() as i64),
                    _ => Number::from_f64((self.rng.random_range(from..=to.max(from)) * 10_000.0).round() / 10_000.0)?,
                }
            }
            (Some((low, _)), None) => low.clone(),
            (None, Some((high, _))) => high.clone(),
        };
        let aligned = match &step {
            Some(step) => multiple_at_or_above(&base, step)?,
            None if integer => multiple_at_or_above(&base, &Number::from(1))?,
            None => base,
        };
        let direction = match (&shape.minimum, &shape.maximum) {
            (Some(_), None) => 1,
            (None, Some(_)) => -1,
            _ => 0,
        };
        let far = self.rng.random_range(0..=if attempt < 4 { 3 } else { 50 });
        shift(&aligned, &stride, if direction == 0 { self.rng.random_range(-1..=1) } else { direction * far })
    }

    /// Numbers at the limits of what programs hold.
    fn extreme(&mut self, integer: bool) -> Option<Number> {
        const SAFE: i64 = (1 << 53) - 1;
        if integer {
            let all = [0, -1, 1, SAFE, -SAFE, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX, i64::MIN];
            return self.pick(&all).copied().map(Number::from);
        }
        let all = [0.1, -0.5, 1e-9, 1.5e300, -2.5e-300, 0.30000000000000004, 123_456.789];
        self.pick(&all).copied().and_then(Number::from_f64)
    }
}

fn fits(number: &Number, shape: &Shape) -> bool {
    let above = shape.minimum.as_ref().is_none_or(|(bound, exclusive)| {
        let order = compare(number, bound);
        order.is_gt() || (!exclusive && order.is_eq())
    });
    let below = shape.maximum.as_ref().is_none_or(|(bound, exclusive)| {
        let order = compare(number, bound);
        order.is_lt() || (!exclusive && order.is_eq())
    });
    above
        && below
        && (shape.broken || shape.number_types.iter().all(|of_type| of_type.has(number)))
        && shape.multiples.iter().all(|step| is_multiple(number, step))
        && shape.no_multiples.iter().all(|step| !is_multiple(number, step))
}
