//! Numbers as JSON Schema compares them: by value, exactly where they are integers or short decimals.

use std::cmp::Ordering;

use serde_json::Number;

/// A decimal number: `mantissa × 10^-scale`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    pub mantissa: i128,
    pub scale: u32,
}

/// Beyond this many digits numbers are compared as `f64`.
const MAX_DIGITS: usize = 30;

/// The number as a decimal, where that is exact.
pub(crate) fn decimal(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    let (base, exponent) = match text.split_once(['e', 'E']) {
        Some((base, exponent)) => (base, exponent.parse::<i32>().ok()?),
        None => (text.as_str(), 0),
    };
    let (whole, fraction) = base.split_once('.').unwrap_or((base, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    let scale = i32::try_from(fraction.len()).ok()? - exponent;
    if digits.len() + usize::try_from(scale.unsigned_abs()).ok()? > MAX_DIGITS {
        return None;
    }
    let mantissa: i128 = digits.parse().ok()?;
    match u32::try_from(scale) {
        Ok(scale) => Some(Decimal { mantissa, scale }),
        Err(_) => Some(Decimal { mantissa: mantissa.checked_mul(10i128.checked_pow(scale.unsigned_abs())?)?, scale: 0 }),
    }
}

fn aligned(a: Decimal, b: Decimal) -> Option<(i128, i128)> {
    let scale = a.scale.max(b.scale);
    let lift = |number: Decimal| number.mantissa.checked_mul(10i128.checked_pow(scale - number.scale)?);
    Some((lift(a)?, lift(b)?))
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// Compares two numbers by value.
pub fn compare(a: &Number, b: &Number) -> Ordering {
    match decimal(a).zip(decimal(b)).and_then(|(a, b)| aligned(a, b)) {
        Some((a, b)) => a.cmp(&b),
        None => float(a).partial_cmp(&float(b)).unwrap_or(Ordering::Equal),
    }
}

/// Whether a number is an integer by value: `1.0` is (JSON Schema 2020-12, core, section 4.2.3).
pub fn is_integer(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || float(number).fract() == 0.0
}

/// Whether `number` is an integer times `divisor`.
pub fn is_multiple(number: &Number, divisor: &Number) -> bool {
    match decimal(number).zip(decimal(divisor)).and_then(|(a, b)| aligned(a, b)) {
        Some((_, 0)) => false,
        Some((number, divisor)) => number % divisor == 0,
        None => {
            let quotient = float(number) / float(divisor);
            quotient.is_finite() && quotient.fract() == 0.0
        }
    }
}

/// `number + step × count`, exactly where that is possible; an integer where the result is one.
pub fn shift(number: &Number, step: &Number, count: i64) -> Option<Number> {
    let exact = || {
        let (number, step) = (decimal(number)?, decimal(step)?);
        let scale = number.scale.max(step.scale);
        let (number, step) = aligned(number, step)?;
        render(number.checked_add(step.checked_mul(i128::from(count))?)?, scale)
    };
    exact().or_else(|| Number::from_f64(float(number) + float(step) * count as f64))
}

/// The multiple of `divisor` next to `number` towards positive infinity (or `number` itself).
pub fn multiple_at_or_above(number: &Number, divisor: &Number) -> Option<Number> {
    let (number, divisor) = (decimal(number)?, decimal(divisor)?);
    let scale = number.scale.max(divisor.scale);
    let (number, divisor) = aligned(number, divisor)?;
    let divisor = divisor.checked_abs().filter(|divisor| *divisor > 0)?;
    let below = number.div_euclid(divisor).checked_mul(divisor)?;
    render(if below == number { below } else { below.checked_add(divisor)? }, scale)
}

fn render(mantissa: i128, scale: u32) -> Option<Number> {
    let unit = 10i128.checked_pow(scale)?;
    if mantissa % unit == 0 {
        let whole = mantissa / unit;
        return i64::try_from(whole)
            .map(Number::from)
            .or_else(|_| u64::try_from(whole).map(Number::from))
            .ok()
            .or_else(|| Number::from_f64(whole as f64));
    }
    let sign = if mantissa < 0 { "-" } else { "" };
    let (mantissa, unit) = (mantissa.unsigned_abs(), unit.unsigned_abs());
    let width = usize::try_from(scale).ok()?;
    format!("{sign}{}.{:0width$}", mantissa / unit, mantissa % unit).parse::<f64>().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_compare_by_value() {
        assert_eq!(compare(&number("1"), &number("1.0")), Ordering::Equal);
        assert_eq!(compare(&number("9007199254740993"), &number("9007199254740992")), Ordering::Greater);
        assert_eq!(compare(&number("1e300"), &number("2")), Ordering::Greater);
        assert_eq!(compare(&number("-0.1"), &number("0")), Ordering::Less);
        assert!(is_integer(&number("1.0")) && is_integer(&number("1e3")) && !is_integer(&number("1.5")));
    }

    #[test]
    fn multiples_of_decimals_are_exact() {
        assert!(is_multiple(&number("0.3"), &number("0.1")));
        assert!(is_multiple(&number("19.99"), &number("0.01")));
        assert!(!is_multiple(&number("0.35"), &number("0.1")));
        assert!(is_multiple(&number("0"), &number("7")));
        assert_eq!(multiple_at_or_above(&number("10"), &number("3")), Some(number("12")));
        assert_eq!(multiple_at_or_above(&number("-10"), &number("3")), Some(number("-9")));
        assert_eq!(shift(&number("0.1"), &number("0.1"), 2), Some(number("0.3")));
        assert_eq!(shift(&number("3"), &number("1"), -1), Some(number("2")));
    }
}
