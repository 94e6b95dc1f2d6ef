//! JSON Pointers (RFC 6901).

/// The text of one segment of a pointer (section 3).
pub(crate) fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}
