//! Texts about which validators of formats disagree.

/// A validator of JSON Schema, as far as formats go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatValidator {
    /// The crate `boon`, version 0.6.
    Boon,
    /// The crate `jsonschema`, version 0.61, with its feature `idna`; without it knows neither idn-email nor idn-hostname.
    Jsonschema,
}

/// A text that one validator accepts and the other refuses.
#[derive(Debug, Clone, Copy)]
pub struct FormatDisagreement {
    /// The name of the format.
    pub format: &'static str,
    /// What they disagree about.
    pub text: &'static str,
    /// The only one that accepts it.
    pub accepted_by: FormatValidator,
    /// Who is right, and what the other overlooks.
    pub why: &'static str,
}

/// 64 characters, the sign, and a domain of 190: one more than a path may have.
pub(super) const EMAIL_OF_255: &str = concat!(
    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01@",
    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0.",
    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0.",
    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz",
);

const fn disagreement(
    format: &'static str,
    text: &'static str,
    accepted_by: FormatValidator,
    why: &'static str,
) -> FormatDisagreement {
    FormatDisagreement { format, text, accepted_by, why }
}

/// Texts the validators disagree about, one for each reason. None like them are generated.
pub const DISAGREEMENTS: &[FormatDisagreement] = {
    use FormatValidator::{Boon, Jsonschema};
    &[
        disagreement("email", "@example.com", Boon, "boon overlooks an empty local part; RFC 5321 wants one character"),
        disagreement("email", "a@example.com.", Boon, "boon takes the root's dot, which the domain of RFC 5321 has not"),
        disagreement("email", "a@ab--c.example", Boon, "jsonschema reserves -- in third place, by RFC 5891"),
        disagreement("email", "\"é\"@example.com", Boon, "boon lets anything into quotes; RFC 5321 only ASCII"),
        disagreement("email", r#""a\"b"@example.com"#, Jsonschema, "boon knows no quoted pairs; RFC 5321 has them"),
        disagreement("email", "A <a@example.com>", Jsonschema, "a display name is RFC 5322's, not RFC 5321's"),
        disagreement("email", "\"a <\"@example.com", Boon, "jsonschema takes the quoted ` <` for the end of a display name"),
        disagreement("email", "a@[ipv6:::1]", Jsonschema, "tags of address literals have no letter case in RFC 5321"),
        disagreement("email", EMAIL_OF_255, Jsonschema, "only boon has the 254 of a path, RFC 5321 section 4.5.3.1.3"),
        disagreement("idn-email", "a+b@example.com", Jsonschema, "boon holds local parts to the rules of hosts; RFC 6531 not"),
        disagreement("date", "+024-01-01", Boon, "boon takes a sign for a digit"),
        disagreement("date", "2024-01-+1", Boon, "boon takes a sign for a digit"),
        disagreement("date-time", "2024-+1-01T00:00:00Z", Boon, "boon takes a sign for a digit"),
        disagreement("time", "00:00:+0Z", Boon, "boon takes a sign for a digit"),
        disagreement("time", "00:00:00+01:+1", Boon, "boon takes a sign for a digit"),
        disagreement("duration", "P1Y1D", Boon, "RFC 3339, appendix A: no days after years without months"),
        disagreement("duration", "PT1H1S", Boon, "RFC 3339, appendix A: no seconds after hours without minutes"),
        disagreement("hostname", "example.com.", Boon, "boon takes the root's dot; RFC 1123 has none"),
        disagreement("hostname", "ab--c.example", Boon, "jsonschema reserves -- in third place, by RFC 5891"),
        disagreement("hostname", "xn--X", Boon, "boon does not decode Punycode"),
        disagreement("iri", "http://example.com/a b", Boon, "boon reads by WHATWG's URL, which encodes; RFC 3987 has no spaces"),
        disagreement("iri", "http://", Jsonschema, "an empty host is one by RFC 3987, but not by WHATWG's URL"),
        disagreement("iri", "http://example.com:65536/", Jsonschema, "a port is any digits in RFC 3987, 16 bits in WHATWG's URL"),
        disagreement("iri-reference", "a b", Boon, "boon reads by WHATWG's URL, which encodes; RFC 3987 has no spaces"),
        disagreement("iri-reference", "1a:b", Boon, "RFC 3987: no colon in the first segment of a relative path"),
        disagreement("iri-reference", "http://a:65536/", Jsonschema, "a port is any digits in RFC 3987, 16 bits in WHATWG's URL"),
        disagreement("uri-template", "{}", Boon, "boon counts braces; RFC 6570 wants a name in them"),
        disagreement("uri-template", "a b", Boon, "boon counts braces; RFC 6570 has no spaces"),
        disagreement("uri-template", "?a={b", Boon, "boon counts braces of the path only"),
        disagreement("uri-template", "{/a}", Jsonschema, "boon takes the operator for the end of a segment"),
        disagreement("uri-template", "{?a}", Jsonschema, "boon takes the operator for the start of the query"),
        disagreement("uri-template", "{#a}", Jsonschema, "boon takes the operator for the start of the fragment"),
        disagreement("regex", "(?=a)", Jsonschema, "boon's engine has no look-around; ECMA-262 has"),
        disagreement("regex", r"(a)\1", Jsonschema, "boon's engine has no back-references; ECMA-262 has"),
        disagreement("regex", "[^]", Jsonschema, "boon wants a member in each class; ECMA-262 not"),
        disagreement("regex", "a**", Boon, "boon takes the quantified for an atom; ECMA-262 not"),
        disagreement("regex", "]", Boon, "a lone bracket is itself only without the flag u"),
        disagreement("regex", "(?P<n>a)", Boon, "a group of Rust's and Python's"),
        disagreement("byte", "AA==AA==", Jsonschema, "padding ends the text by RFC 4648; jsonschema reads on after it"),
        disagreement("regex", r"\pL", Boon, "a property without braces is Rust's"),
    ]
};
