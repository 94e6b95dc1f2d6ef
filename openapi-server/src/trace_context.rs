//! The trace that a request belongs to, as its caller names it (W3C Trace Context, section 3.2: `traceparent`).

use http::{HeaderMap, HeaderName};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The ids of a `traceparent` header, in lowercase hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceContext<'a> {
    /// The trace: 32 digits.
    pub trace: &'a str,
    /// The caller's span: 16 digits.
    pub parent: &'a str,
    /// Whether the caller records its span, and wants those below it recorded.
    pub sampled: bool,
}

impl<'a> TraceContext<'a> {
    /// What the request says; none where it says nothing, says it twice, or not as the specification has it.
    pub fn of(headers: &'a HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let (value, None) = (values.next()?.to_str().ok()?, values.next()) else { return None };
        let mut parts = value.splitn(5, '-');
        let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // A later version may add parts, which are not read.
        let whole = version != "ff" && (version != "00" || parts.next().is_none());
        let named = is_hex(version, 2) && is_id(trace, 32) && is_id(parent, 16) && is_hex(flags, 2);
        let sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
        (whole && named).then_some(Self { trace, parent, sampled })
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Zeros alone are no id.
fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    fn of(values: &[&str]) -> Option<(String, String, bool)> {
        let headers = values.iter().map(|value| (TRACEPARENT, HeaderValue::from_str(value).unwrap())).collect();
        TraceContext::of(&headers).map(|context| (context.trace.to_owned(), context.parent.to_owned(), context.sampled))
    }

    #[test]
    fn the_trace_is_read_as_the_specification_has_it() {
        let read = |sampled| Some((TRACE.to_owned(), PARENT.to_owned(), sampled));
        assert_eq!(of(&[&format!("00-{TRACE}-{PARENT}-01")]), read(true));
        assert_eq!(of(&[&format!("00-{TRACE}-{PARENT}-fe")]), read(false), "one flag is known");
        assert_eq!(of(&[&format!("cc-{TRACE}-{PARENT}-01-what-the-future-holds")]), read(true));
    }

    #[test]
    fn what_is_no_trace_is_none() {
        let good = format!("00-{TRACE}-{PARENT}-01");
        let bad = [
            String::new(),
            format!("{good}-more"),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{}-{PARENT}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{TRACE}0-{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-1"),
        ];
        for bad in bad {
            assert_eq!(of(&[&bad]), None, "{bad}");
        }
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[&good, &good]), None);
    }
}
