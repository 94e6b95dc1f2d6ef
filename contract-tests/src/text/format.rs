//! Texts for the keyword `format` (JSON Schema Validation 2020-12, section 7.3) and for OpenAPI's `byte`.
//!
//! The lists hold only what the validators boon and jsonschema both accept or both refuse; a few texts they are of two
//! minds about stand in [`DISAGREEMENTS`].

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use proptest::prelude::RngExt;
use proptest::test_runner::TestRng;
use serde_json::{Value, json};

use super::{draw, look_alikes, pick};

/// A format of strings: texts that have it, and near misses.
pub struct Format {
    name: &'static str,
    edges: &'static [&'static str],
    faults: &'static [&'static str],
    draw: fn(&mut TestRng) -> String,
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

/// Formats of which boon refuses texts that are valid, so that damage could make one of those: only listed faults are used.
const MISJUDGED: [&str; 3] = ["idn-email", "regex", "uri-template"];

/// Draws until a damaged text turns out to be a fault.
const ATTEMPTS: usize = 16;

impl Format {
    /// The name, as the keyword `format` has it.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Valid texts at the edge of what the format allows.
    pub const fn edges(&self) -> &'static [&'static str] {
        self.edges
    }

    /// Near misses: invalid texts.
    pub const fn faults(&self) -> &'static [&'static str] {
        self.faults
    }

    /// A random valid text, often one of the edges.
    pub fn random(&self, rng: &mut TestRng) -> String {
        if rng.random_bool(0.2) { (*pick(rng, self.edges)).to_owned() } else { (self.draw)(rng) }
    }

    /// A random invalid text: one of the list, or a valid one damaged in one place.
    pub fn fault(&self, rng: &mut TestRng) -> String {
        if MISJUDGED.contains(&self.name) {
            return (*pick(rng, self.faults)).to_owned();
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
        damaged.unwrap_or_else(|| (*pick(rng, self.faults)).to_owned())
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

/// A validator of JSON Schema, as far as formats go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// The crate `boon`, version 0.6.
    Boon,
    /// The crate `jsonschema`, version 0.61, with its feature `idna`; without it knows neither idn-email nor idn-hostname.
    Jsonschema,
}

/// A text that one validator accepts and the other refuses.
#[derive(Debug, Clone, Copy)]
pub struct Disagreement {
    /// The name of the format.
    pub format: &'static str,
    /// What they disagree about.
    pub text: &'static str,
    /// The only one that accepts it.
    pub accepted_by: Judge,
    /// Who is right, and what the other overlooks.
    pub why: &'static str,
}

const fn disagreement(format: &'static str, text: &'static str, accepted_by: Judge, why: &'static str) -> Disagreement {
    Disagreement { format, text, accepted_by, why }
}

/// Texts the validators disagree about, one for each reason. None like them are among the edges and faults.
pub const DISAGREEMENTS: &[Disagreement] = {
    use Judge::{Boon, Jsonschema};
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

macro_rules! letters_61 {
    () => {
        "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"
    };
}

macro_rules! letters_63 {
    () => {
        concat!(letters_61!(), "z0")
    };
}

macro_rules! letters_64 {
    () => {
        concat!(letters_63!(), "1")
    };
}

/// 64 characters, the sign, and a domain of 190: one more than a path may have.
const EMAIL_OF_255: &str = concat!(letters_64!(), "@", letters_63!(), ".", letters_63!(), ".", letters_61!(), "z");

const fn format(
    name: &'static str,
    draw: fn(&mut TestRng) -> String,
    edges: &'static [&'static str],
    faults: &'static [&'static str],
) -> Format {
    Format { name, edges, faults, draw, schema: OnceLock::new() }
}

static FORMATS: [Format; 20] = [
    // RFC 5321, section 4.1.2
    format(
        "email",
        email,
        &[
            "a@b",
            "a@example.com",
            "A@EXAMPLE.COM",
            "1@2.example",
            "0@1",
            "first.last@example.com",
            "a.b.c.d.e@example.com",
            "user+tag@example.com",
            "!#$%&'*+-/=?^_`{|}~@example.com",
            "-@example.com",
            "_@example.com",
            "'@example.com",
            "a@a.b.c.d.e.f.g.h.example",
            "a@a-b.example",
            "a@1.2.3.4",
            "a@xn--bcher-kva.example",
            "\"\"@example.com",
            "\"a b\"@example.com",
            "\"a@b\"@example.com",
            "\"a..b\"@example.com",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "a@[IPv6:2001:db8::ff]",
            concat!(letters_64!(), "@example.com"),
            concat!("a@", letters_63!(), ".example"),
            concat!(letters_64!(), "@", letters_63!(), ".", letters_63!(), ".", letters_61!()),
        ],
        &[
            "",
            "plain",
            "@",
            "a@",
            "example.com",
            "a@@example.com",
            "a@b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            "a b@example.com",
            " a@example.com",
            "a@example.com ",
            "a@example.com\n",
            "a\n@example.com",
            "a\0@example.com",
            "a,b@example.com",
            "a;b@example.com",
            "a:b@example.com",
            "(a)@example.com",
            "a(comment)b@example.com",
            "<a@example.com>",
            "a[b@example.com",
            "a\\b@example.com",
            "a\"b@example.com",
            "\"a@example.com",
            "\"a\"b@example.com",
            "é@example.com",
            "ａ@example.com",
            "a@.example.com",
            "a@example..com",
            "a@exam ple.com",
            "a@exam_ple.com",
            "a@-example.com",
            "a@example-.com",
            "a@example.com,b@example.com",
            "a@example.com/",
            "a@ex!ample.com",
            "a@bücher.example",
            "a＠example.com",
            "a@[127.0.0.256]",
            "a@[127.0.0.1",
            "a@[IPv6:::g]",
            "a@[]",
            "mailto:a@",
            concat!(letters_64!(), "2@example.com"),
            concat!("a@", letters_64!(), ".example"),
        ],
    ),
    // RFC 6531, section 3.3
    format(
        "idn-email",
        idn_email,
        &[
            "a@b",
            "a@example.com",
            "1@2.example",
            "first.last@example.com",
            "a-b@example.com",
            "é@example.com",
            "用户@例え.jp",
            "пользователь@пример.рф",
            "θσερ@εχαμπλε.ψομ",
            "실례@실례.테스트",
            "ß@faß.example",
            "a@bücher.example",
            "a@xn--bcher-kva.example",
            concat!(letters_63!(), "@example.com"),
        ],
        &[
            "",
            "plain",
            "@",
            "a@",
            "@example.com",
            "用户",
            "例え.jp",
            "a@@example.com",
            ".a@example.com",
            "a..b@example.com",
            "a b@example.com",
            " a@example.com",
            "a@example.com ",
            "a@example.com\n",
            "用 户@例え.jp",
            "用户@例え..jp",
            "用户@-例え.jp",
            "用户@例え-.jp",
            "用户@.jp",
            "用户@例 え.jp",
            "用户@例_え.jp",
            concat!(letters_64!(), "2@example.com"),
            concat!("a@", letters_64!(), ".example"),
        ],
    ),
    // RFC 3339, section 5.6: full-date
    format(
        "date",
        date,
        &[
            "0000-01-01",
            "0001-01-01",
            "0004-02-29",
            "1582-10-10",
            "1600-02-29",
            "1899-12-31",
            "1900-02-28",
            "1900-03-01",
            "1969-12-31",
            "1970-01-01",
            "2000-02-29",
            "2023-02-28",
            "2024-01-31",
            "2024-02-29",
            "2024-03-31",
            "2024-04-30",
            "2024-06-30",
            "2024-09-30",
            "2024-11-30",
            "2024-12-31",
            "2038-01-19",
            "2100-02-28",
            "9999-12-31",
        ],
        &[
            "",
            "plain",
            "today",
            "2023-02-29",
            "1900-02-29",
            "2100-02-29",
            "2024-02-30",
            "2024-13-01",
            "2024-00-10",
            "2024-01-00",
            "2024-01-32",
            "2024-04-31",
            "2024-06-31",
            "2024-09-31",
            "2024-11-31",
            "2024-1-1",
            "2024-01-1",
            "2024-1-01",
            "24-01-01",
            "02024-01-01",
            "12024-01-01",
            "-2024-01-01",
            "+2024-01-01",
            "20240101",
            "2024-001",
            "2024-W01-1",
            "2024-01",
            "2024",
            "2024/01/01",
            "2024.01.01",
            "01-01-2024",
            "01/01/2024",
            "2024-01-01T00:00:00Z",
            "2024-01-01Z",
            "2024-01-01 ",
            " 2024-01-01",
            "2024-01-01\n",
            "2024-01-0a",
            "2024-0x-01",
            "2024‐01‐01",
            "２０２４-０１-０１",
            "٢٠٢٤-٠١-٠١",
            "2024-0١-01",
            "1704067200",
        ],
    ),
    // RFC 3339, section 5.6: date-time
    format(
        "date-time",
        date_time,
        &[
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00Z",
            "2000-02-29T12:00:00Z",
            "2024-02-29T23:59:59Z",
            "2024-01-01T00:00:00z",
            "2024-01-01t00:00:00Z",
            "2024-01-01t00:00:00z",
            "2024-01-01T00:00:00+00:00",
            "2024-01-01T00:00:00-00:00",
            "2024-01-01T00:00:00+14:00",
            "2024-01-01T00:00:00-12:00",
            "2024-01-01T00:00:00+05:45",
            "2024-01-01T00:00:00+23:59",
            "2024-01-01T00:00:00-23:59",
            "2024-01-01T00:00:00.0Z",
            "2024-01-01T00:00:00.1Z",
            "2024-01-01T00:00:00.999Z",
            "2024-01-01T23:59:59.999999Z",
            "2024-01-01T23:59:59.999999999Z",
            "2024-01-01T00:00:00.123456789012345678901234567890Z",
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:60.5Z",
            "2017-01-01T00:59:60+01:00",
            "2016-12-31T15:59:60-08:00",
            "2038-01-19T03:14:08Z",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59.999999999-23:59",
            "0000-01-01T00:00:00+23:59",
        ],
        &[
            "",
            "plain",
            "now",
            "2024-01-01",
            "00:00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00Z",
            "2024-01-01T00Z",
            "2024-01-01 00:00:00Z",
            "2024-01-01_00:00:00Z",
            "2024-01-01T",
            "2024-01-01T00:00:00 Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T23:60:00Z",
            "2024-01-01T23:59:61Z",
            "2024-01-01T12:59:60Z",
            "2024-01-01T00:00:60Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-04-31T00:00:00Z",
            "2024-1-1T00:00:00Z",
            "2024-01-01T0:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00,5Z",
            "2024-01-01T00:00:00.5",
            "2024-01-01T00:00:00+1:00",
            "2024-01-01T00:00:00+01",
            "2024-01-01T00:00:00+0100",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00+00:60",
            "2024-01-01T00:00:00−01:00",
            "2024-01-01T00:00:00ZZ",
            "2024-01-01T00:00:00UTC",
            "2024-01-01T00:00:00Z[UTC]",
            "2024-01-01T00:00:00Z+00:00",
            " 2024-01-01T00:00:00Z",
            "2024-01-01T00:00:00Z ",
            "2024-01-01T00:00:00Z\n",
            "20240101T000000Z",
            "12024-01-01T00:00:00Z",
            "2024-W01-1T00:00:00Z",
            "Mon, 01 Jan 2024 00:00:00 GMT",
            "1704067200",
            "２０２４-01-01T00:00:00Z",
            "2024-01-01T0٠:00:00Z",
        ],
    ),
    // RFC 3339, section 5.6: full-time
    format(
        "time",
        time,
        &[
            "00:00:00Z",
            "00:00:00z",
            "23:59:59Z",
            "12:00:00+00:00",
            "12:00:00-00:00",
            "12:00:00+14:00",
            "12:00:00+23:59",
            "12:00:00-23:59",
            "00:00:00.0Z",
            "23:59:59.999Z",
            "23:59:59.999999999Z",
            "12:00:00.123456789012345678901234567890+05:45",
            "23:59:60Z",
            "23:59:60.999Z",
            "15:59:60-08:00",
            "00:29:60+00:30",
        ],
        &[
            "",
            "plain",
            "noon",
            "12:00:00",
            "12:00Z",
            "12Z",
            "120000Z",
            "24:00:00Z",
            "12:60:00Z",
            "12:00:61Z",
            "12:00:60Z",
            "22:59:60Z",
            "23:59:60+01:00",
            "1:00:00Z",
            "12:0:00Z",
            "12:00:0Z",
            "012:00:00Z",
            "12:00:00.Z",
            "12:00:00,5Z",
            "12:00:00+1:00",
            "12:00:00+01",
            "12:00:00+0100",
            "12:00:00+24:00",
            "12:00:00+00:60",
            "12:00:00 Z",
            " 12:00:00Z",
            "12:00:00Z ",
            "12:00:00Z\n",
            "12:00:00 PM",
            "-12:00:00Z",
            "T12:00:00Z",
            "12-00-00Z",
            "12：00：00Z",
            "١٢:00:00Z",
            "2024-01-01T12:00:00Z",
        ],
    ),
    // RFC 3339, appendix A: duration
    format(
        "duration",
        duration,
        &[
            "P0D",
            "PT0S",
            "P1Y",
            "P1M",
            "P1D",
            "P1W",
            "P0W",
            "PT1H",
            "PT1M",
            "PT1S",
            "P1Y2M",
            "P1Y2M3D",
            "P1M2D",
            "PT1H2M",
            "PT1H2M3S",
            "PT1M2S",
            "P1Y2M3DT4H5M6S",
            "P1DT12H",
            "P1YT1S",
            "PT36H",
            "P52W",
            "P00001D",
            "P9999Y12M31DT23H59M59S",
            "PT99999999999999999999S",
        ],
        &[
            "",
            "plain",
            "P",
            "PT",
            "T",
            "1D",
            "P1",
            "1",
            "PD",
            "P1DT",
            "P1YT",
            "P-1D",
            "-P1D",
            "+P1D",
            "P1.5D",
            "PT1.5S",
            "PT1,5S",
            "P1H",
            "P1S",
            "PT1D",
            "PT1Y",
            "P1D1Y",
            "P1M1Y",
            "PT1S1M",
            "PT1M1H",
            "P1Y1Y",
            "P1Y1W",
            "P1W1D",
            "P1WT1H",
            "PT1W",
            "P1T1H",
            "PT1HT1M",
            "P 1D",
            " P1D",
            "P1D ",
            "P1D\n",
            "p1d",
            "P1d",
            "PT1h",
            "1 day",
            "01:00:00",
            "3600",
            "P１D",
            "P١D",
            "P1Y2M3D4H",
        ],
    ),
    // RFC 9562, section 4 (once RFC 4122)
    format(
        "uuid",
        uuid,
        &[
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
            "f81D4fae-7dEc-41d0-A765-00a0C91e6bF6",
            "01890a5d-ac96-774b-bcce-b302099a8057",
            "00000000-0000-4000-8000-000000000000",
            "12345678-1234-0234-1234-123456789012",
            "12345678-1234-f234-e234-123456789012",
        ],
        &[
            "",
            "plain",
            "0",
            "f81d4fae7dec11d0a76500a0c91e6bf6",
            "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}",
            "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf60",
            "f81d4fae-7dec-11d0-a765",
            "f81d4fa-e7dec-11d0-a765-00a0c91e6bf6",
            "f81d4fae-7dec-11d0-a76500a0c91e6bf6",
            "f81d4fae-7dec-11d0-a765-00a0-c91e6bf",
            "f81d4fae-7dec-11d0-a765--0a0c91e6bf6",
            "-f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6-",
            "g81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bfé",
            "f81d4fae_7dec_11d0_a765_00a0c91e6bf6",
            "f81d4fae 7dec 11d0 a765 00a0c91e6bf6",
            " f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6 ",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6\n",
            "f81d4fae‐7dec‐11d0‐a765‐00a0c91e6bf6",
            "f８1d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "0x1d4fae-7dec-11d0-a765-00a0c91e6bf6",
        ],
    ),
    // RFC 3986, section 3
    format(
        "uri",
        uri,
        &[
            "a:",
            "a:b",
            "a://",
            "http://a",
            "http://example.com",
            "HTTP://EXAMPLE.COM/",
            "https://user:pass@example.com:8443/a/b;c=d/e?f=g&h#i",
            "http://example.com?",
            "http://example.com#",
            "http://example.com/?#",
            "http://example.com/a?b?c/d#e?f/g",
            "http://example.com:/",
            "http://example.com:0/",
            "http://example.com:65535/",
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://[2001:db8::ff]:8080/",
            "http://[v1.a:b]/",
            "http://example.com/%00%2F%20%e2%82%AC",
            "http://example.com/-._~!$&'()*+,;=:@",
            "http://-._~!$&'()*+,;=/",
            "http://example.com//a//b//",
            "http://example.com/../.",
            "file:///etc/passwd",
            "mailto:a@example.com",
            "urn:isbn:0451450523",
            "tel:+1-816-555-1212",
            "data:,a",
            "news:comp.infosystems",
            "a1+-.:b",
            "javascript:alert(1)",
        ],
        &[
            "",
            "plain",
            "example.com",
            "//example.com/a",
            "/a/b",
            "a/b",
            "?a",
            "#a",
            "://example.com",
            ":a",
            "1http://example.com",
            "+a:b",
            "ht_tp://example.com",
            "ht tp://example.com",
            " http://example.com",
            "http://example.com ",
            "http://example.com\n",
            "http://exam ple.com/",
            "http://example.com/a b",
            "http://example.com/?a b",
            "http://example.com/#a b",
            "http://example.com/#a#b",
            "http://example.com/%",
            "http://example.com/%2",
            "http://example.com/%zz",
            "http://example.com/%2G",
            "http://example.com/\"a\"",
            "http://example.com/<a>",
            "http://example.com/a\\b",
            "http:\\\\example.com",
            "http://example.com/^",
            "http://example.com/`",
            "http://example.com/{a}",
            "http://example.com/a|b",
            "http://example.com/[a]",
            "http://example.com:80a/",
            "http://example.com:-1/",
            "http://a@b@example.com/",
            "http://[::1/",
            "http://::1]/",
            "http://[::g]/",
            "http://[1::2::3]/",
            "http://[]/",
            "http://bücher.example/",
            "http://example.com/é",
            "http://example.com/\0",
            "ｈttp://example.com/",
        ],
    ),
    // RFC 3986, section 4.1
    format(
        "uri-reference",
        uri_reference,
        &[
            "",
            "a",
            "/",
            "//",
            "///",
            "//example.com/a",
            "/a/b",
            "a/b",
            "./a:b",
            "a/b:c",
            "..",
            "../../a",
            "?",
            "#",
            "?a=b&c=d",
            "#a",
            "?#",
            "*",
            "%41",
            "a@b",
            "-._~!$&'()*+,;=@",
            "http://[::1]/",
            "http://example.com/a?b#c",
            "urn:isbn:0451450523",
        ],
        &[
            " ",
            "a b",
            " a",
            "a ",
            "a\n",
            ":a",
            "1a:b",
            "://a",
            "%",
            "%4",
            "%4g",
            "a#b#c",
            "a\\b",
            "\\\\host\\share",
            "\"a\"",
            "<a>",
            "{a}",
            "a|b",
            "a^b",
            "`a`",
            "[a]",
            "/[a]",
            "//[::1",
            "//[::g]/",
            "//a:b/",
            "//a@b@c/",
            "é",
            "/日本",
            "?é",
            "#é",
            "a\0",
            "http://exam ple.com/",
        ],
    ),
    // RFC 3987, section 2.2
    format(
        "iri",
        iri,
        &[
            "a:b",
            "http://example.com",
            "http://example.com/é",
            "http://例え.jp/パス?ク=エ#リ",
            "http://bücher.example/",
            "http://пример.рф/путь",
            "http://user@example.com:8080/a;b=c?d#e",
            "http://example.com:65535/",
            "http://127.0.0.1/ü",
            "http://[::1]/日本",
            "http://example.com/%E2%82%AC/€",
            "http://example.com/😀",
            "mailto:ü@example.com",
            "urn:isbn:0451450523",
            "file:///é",
            "data:,é",
        ],
        &[
            "",
            "plain",
            "é",
            "example.com",
            "//例え.jp/a",
            "/a/é",
            "?é",
            "#é",
            "://例え.jp",
            "1http://例え.jp",
            "http://exam ple.com/",
            "http://例 え.jp/",
            "http://a<b/",
            "http://[::1/é",
            "http://[::g]/é",
            "http://[1::2::3]/",
            "http://%zz/",
            "http://例え.jp:80a/",
            "http://例え.jp:-1/",
            "é:b",
        ],
    ),
    // RFC 3987, section 2.2
    format(
        "iri-reference",
        iri_reference,
        &[
            "",
            "a",
            "é",
            "日本",
            "/é/ü",
            "//例え.jp/パス",
            "../é",
            "?é=ü",
            "#é",
            "?",
            "#",
            "./é:b",
            "%C3%A9",
            "😀",
            "http://例え.jp/パス?ク=エ#リ",
            "mailto:ü@example.com",
            "http://[::1]/日本",
        ],
        &[
            "\\",
            "a\\b",
            "é\\ü",
            "\\\\例え\\共有",
            "http://exam ple.com/",
            "http://例 え.jp/é",
            "//例 え.jp/",
            "http://[::1/é",
            "//[::1/é",
            "//[::g]/é",
            "//例え.jp:80a/",
            "//%zz/",
            "http://a<b/",
            "//a<b/",
            "//[1::2::3]/é",
        ],
    ),
    // RFC 6570
    format(
        "uri-template",
        uri_template,
        &[
            "",
            "a",
            "/",
            "{a}",
            "{a}{b}",
            "{a,b}",
            "{a:1}",
            "{a:9999}",
            "{a*}",
            "{a,b:3,c*}",
            "{+a}",
            "{.a}",
            "{;a}",
            "{&a}",
            "{a.b_c}",
            "{_}",
            "{0}",
            "/users/{id}",
            "/users/{id}/posts/{post}",
            "/{a}-{b}.{c}",
            "http://example.com/{+path}/here",
            "http://example.com/users/{id}?q={q}#f",
            "/é/{a}",
            "%41/{a}",
        ],
        &[
            "{",
            "}",
            "{a",
            "a}",
            "/{a",
            "/a}",
            "{{a}}",
            "{a{b}}",
            "{a}}",
            "{{a}",
            "/a}{b",
            "/{a}/{b",
            "/users/{id}/posts/{post",
            "}{",
            "{a}{",
            "\\",
            "a\\b",
            "{a}\\",
            "http://example.com/{a",
            "http://exam ple.com/{a}",
            "{a}/}",
        ],
    ),
    // RFC 2673, section 3.2: dotted-quad
    format(
        "ipv4",
        ipv4,
        &[
            "0.0.0.0",
            "0.0.0.1",
            "1.1.1.1",
            "9.10.99.100",
            "10.0.0.0",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.0.1",
            "199.200.249.250",
            "224.0.0.1",
            "255.255.255.254",
            "255.255.255.255",
        ],
        &[
            "",
            "plain",
            "localhost",
            "256.0.0.1",
            "1.256.1.1",
            "1.1.1.256",
            "999.1.1.1",
            "1.1.1.1000",
            "1.2.3",
            "1.2",
            "1",
            "1.2.3.4.5",
            "1.2.3.",
            ".1.2.3",
            "1..2.3",
            "1.2.3.4.",
            "01.1.1.1",
            "1.1.1.00",
            "001.002.003.004",
            "-1.1.1.1",
            "+1.1.1.1",
            "1.1.1.a",
            "0x7f.0.0.1",
            "2130706433",
            "1,2,3,4",
            "1 .2.3.4",
            " 1.2.3.4",
            "1.2.3.4 ",
            "1.2.3.4\n",
            "1.2.3.4/24",
            "1.2.3.4:80",
            "[1.2.3.4]",
            "::1",
            "::ffff:1.2.3.4",
            "１.2.3.4",
            "1.2.3.٤",
            "1。2。3。4",
        ],
    ),
    // RFC 4291, section 2.2
    format(
        "ipv6",
        ipv6,
        &[
            "::",
            "::1",
            "1::",
            "::ffff",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1::8",
            "1:2::7:8",
            "2001:db8::ff00:42:8329",
            "2001:0db8:0000:0000:0000:ff00:0042:8329",
            "2001:DB8::FF00:42:8329",
            "fe80::1",
            "ff02::1",
            "::1.2.3.4",
            "::ffff:192.168.0.1",
            "64:ff9b::255.255.255.255",
            "1:2:3:4:5:6:1.2.3.4",
            "0:0:0:0:0:0:0:0",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ],
        &[
            "",
            "plain",
            ":",
            ":::",
            "1",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4::5:6:7:8",
            "1::2::3",
            ":1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:",
            "12345::",
            "::12345",
            "::00001",
            "::g",
            "::-1",
            "::1.2.3",
            "::1.2.3.256",
            "::1.2.3.4.5",
            "::01.2.3.4",
            "1.2.3.4::",
            "1:2:3:4:5:6:7:1.2.3.4",
            "127.0.0.1",
            "[::1]",
            "::1%eth0",
            "fe80::1%1",
            "::1/128",
            "[::1]:80",
            " ::1",
            "::1 ",
            "::1\n",
            ": :1",
            "::１",
            "：：1",
            "1-2-3-4-5-6-7-8",
        ],
    ),
    // RFC 1123, section 2.1
    format(
        "hostname",
        |rng| hostname(rng, 253),
        &[
            "a",
            "A",
            "0",
            "localhost",
            "example.com",
            "EXAMPLE.COM",
            "a-b.example",
            "a--b.c",
            "1.2.3.4",
            "123",
            "3com.example",
            "a.b.c.d.e.f.g.h.i.j",
            "xn--bcher-kva.example",
            "xn--4gbwdl.xn--wgbh1c",
            letters_63!(),
            concat!(letters_63!(), ".", letters_63!()),
            concat!(letters_63!(), ".", letters_63!(), ".", letters_63!(), ".", letters_61!()),
        ],
        &[
            "",
            ".",
            " ",
            "..",
            "a..b",
            ".a",
            "a..",
            "-",
            "-a",
            "a-",
            "a.-b",
            "a-.b",
            "a.b-",
            "a_b",
            "_a.example",
            "a b",
            " a",
            "a ",
            "a\n",
            "a\0",
            "a,b",
            "a/b",
            "a:80",
            "a@b",
            "*.example",
            "http://example.com",
            "[::1]",
            "::1",
            "a%20b",
            "bücher.example",
            "例え.jp",
            "ａ.example",
            "a。example",
            "a\u{AD}b",
            concat!(letters_64!(), ".example"),
            letters_64!(),
            concat!(letters_63!(), ".", letters_63!(), ".", letters_63!(), ".", letters_61!(), "z"),
        ],
    ),
    // RFC 5890, section 2.3.2.3
    format(
        "idn-hostname",
        idn_hostname,
        &[
            "a",
            "0",
            "localhost",
            "example.com",
            "bücher.example",
            "faß.example",
            "例え.jp",
            "例え.テスト",
            "пример.рф",
            "παράδειγμα.δοκιμή",
            "실례.테스트",
            "उदाहरण.परीक्षा",
            "مثال.إختبار",
            "דוגמה.טעסט",
            "l·l",
            "xn--bcher-kva.example",
            "a-b.é-è",
            letters_63!(),
        ],
        &[
            "",
            ".",
            "..",
            "é..b",
            ".é",
            "-é",
            "é-",
            "é.-b",
            "é_b",
            "é b",
            " é",
            "é ",
            "é\n",
            "é/b",
            "é:80",
            "é@b",
            "*.é",
            "http://é",
            "ab--é",
            "xn--X",
            "\u{301}a",
            "a\u{640}b",
            "a·b",
            "\u{302E}a",
            "\u{3031}a",
            "٠۰",
            "\u{2488}com",
            concat!(letters_64!(), ".é"),
            "ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
        ],
    ),
    // ECMA-262, section 22.2.1, with the flag u
    format(
        "regex",
        regex,
        &[
            "",
            "a",
            "^$",
            ".",
            ".*",
            "^.*$",
            "a|b",
            "|",
            "()",
            "(a)(b)",
            "(?:a|b)+",
            "(?<name>a)",
            "[a-z]",
            "[^a-z]",
            "[-a]",
            "[a-]",
            r"[\]]",
            r"[\d\w\s]",
            r"\d+\D\w\W\s\S",
            r"\bword\b",
            "a?b*c+",
            "a??b*?c+?",
            "a{0}",
            "a{2}",
            "a{2,}",
            "a{2,5}",
            r"\.\*\+\?\(\)\[\]\{\}\^\$\|\\\/",
            r"\n\r\t\f\v",
            r"\cA",
            r"\x41\u0041\u{1F600}",
            r"\p{L}\P{Lu}",
            r"^[A-Z]{2}\d{2}[A-Z0-9]{1,30}$",
            "é日本😀",
        ],
        &[
            "(",
            ")",
            "[",
            "(a",
            "a)",
            "[a",
            "(()",
            "*",
            "+",
            "?",
            "a|*",
            "(*)",
            "{1}",
            "a{2,1}",
            "[b-a]",
            r"\",
            r"a\",
            r"\a",
            r"\c1",
            r"\x4",
            r"\u{110000}",
            r"\u{}",
            r"\p{",
            r"\k<a>",
            r"\1",
            "(?",
            "(?<",
            "(?<>a)",
            "(?<a",
            "(?z)a",
            "(?<a>b)(?<a>c)",
            r"[\",
            "^(a$",
            "^[A-Z$",
        ],
    ),
    // RFC 6901, section 3
    format(
        "json-pointer",
        json_pointer,
        &[
            "",
            "/",
            "//",
            "/a",
            "/a/b",
            "/0",
            "/-",
            "/a/",
            "/~0",
            "/~1",
            "/~01",
            "/~10",
            "/a~1b",
            "/m~0n",
            "/c%d",
            "/e^f",
            "/g|h",
            "/i\\j",
            "/k\"l",
            "/ ",
            "/é/日本/😀",
            "/\0",
            "/\n",
            "/foo/-1",
            "/#",
            "/__proto__",
        ],
        &[
            "plain", "a", "#", "#/", "#/a", " ", " /a", "a/b", "0", "-", "~", "~0", "~1a", "/~", "/~2", "/a~", "/~~", "/~a",
            "/a/~", "/~/a", "/a/~3/b", "./a", "$.a", "\n", "é", "／a",
        ],
    ),
    // draft-bhutton-relative-json-pointer-00, section 3
    format(
        "relative-json-pointer",
        relative_json_pointer,
        &[
            "0",
            "1",
            "9",
            "10",
            "0#",
            "1#",
            "120#",
            "0/",
            "0/a",
            "1/a/b",
            "2/~0~1",
            "0//",
            "0/ ",
            "1/é/日本",
            "99999999999999999999",
            "0/-",
            "10/0",
        ],
        &[
            "", "plain", "a", "/", "/a", "#", "-1", "-1/a", "+1", "01", "00", "01/a", "00#", "0a", "1a", "0##", "1#/a", "0# ",
            " 0", "0 ", "0\n", "0.5", "0~", "1~0", "0/~", "0/~2", "1/a~", "٠", "１", "0,1", "1e1/a",
        ],
    ),
    // RFC 4648, section 4
    format(
        "byte",
        byte,
        &[
            "",
            "AA==",
            "/w==",
            "AAA=",
            "//8=",
            "AAAA",
            "////",
            "++++",
            "QQ==",
            "QUI=",
            "QUJD",
            "QUJDRA==",
            "+/+/",
            "AAECAwQFBgcICQoLDA0ODw==",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        ],
        &[
            "plain", "=", "==", "====", "A", "AA", "AAA", "A===", "AA=", "AAA==", "AAAA=", "AAAA====", "A=A=", "=AAA", "QR==",
            "QUJ=", "//9=", "-_-_", "__8=", " AAAA", "AAAA ", "AA AA", "AAAA\n", "AA\r\nAA", "AA$A", "AA.A", "ＡAAA", "é",
            "%41%41",
        ],
    ),
];

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ALPHANUMERIC: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HEX: &str = "0123456789abcdef";
/// `atext` of RFC 5322, section 3.2.3.
const ATEXT: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~";
/// `unreserved` and `sub-delims` of RFC 3986, section 2.
const PATH_CHARS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=";

/// Small letters of scripts written from the left, of which any sequence is a label of a host (RFC 5892: `PVALID`).
const SCRIPTS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "äöüßéèêëñçøåæœłőž",
    "αβγδεζηθικλμνξοπρσςτυφχψω",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "日本語中文字漢例東京",
    "あいうえおかきくけこアイウエオカキクケコ",
    "가나다라마바사아자차카타파하한국",
];

/// Up to `max` labels with a dot between each two.
fn dotted(rng: &mut TestRng, max: usize, mut label: impl FnMut(&mut TestRng) -> String) -> String {
    (0..rng.random_range(1..=max)).map(|_| label(rng)).collect::<Vec<_>>().join(".")
}

/// A label of RFC 1123 with at most one hyphen, inside: two of them could stand where RFC 5891 reserves them.
fn label(rng: &mut TestRng, max: usize) -> String {
    let length = if rng.random_bool(0.1) { max } else { rng.random_range(1..=max.min(12)) };
    let mut label = draw(rng, ALPHANUMERIC, length, length);
    if length > 2 && rng.random_bool(0.2) {
        let place = rng.random_range(1..length - 1);
        label.replace_range(place..=place, "-");
    }
    label
}

fn hostname(rng: &mut TestRng, limit: usize) -> String {
    let mut host = dotted(rng, 5, |rng| label(rng, 63));
    while host.len() > limit {
        match host.split_once('.') {
            Some((_, rest)) => host = rest.to_owned(),
            None => host.truncate(limit.max(1)),
        }
    }
    host
}

fn idn_label(rng: &mut TestRng, max: usize) -> String {
    let script = pick(rng, SCRIPTS);
    draw(rng, script, 1, max)
}

fn idn_hostname(rng: &mut TestRng) -> String {
    dotted(rng, 4, |rng| idn_label(rng, 10))
}

fn email(rng: &mut TestRng) -> String {
    let local = match rng.random_range(0..12) {
        0 => draw(rng, ATEXT, 64, 64),
        1 => format!("\"{}\"", draw(rng, "abc ABC.,;:@>()[]", 0, 62)),
        _ => dotted(rng, 3, |rng| draw(rng, ATEXT, 1, 20)),
    };
    let domain = match rng.random_range(0..16) {
        0 => format!("[{}]", ipv4(rng)),
        1 => format!("[IPv6:{}]", ipv6(rng)),
        // 254 characters at most, 64 and the sign before the domain.
        _ => hostname(rng, 254 - 64 - 1),
    };
    format!("{local}@{domain}")
}

fn idn_email(rng: &mut TestRng) -> String {
    // Some validators count the 64 characters of a local part in Punycode, which takes up to five for one of Hangul.
    let local = dotted(rng, 2, |rng| idn_label(rng, 5));
    let domain = dotted(rng, 3, |rng| idn_label(rng, 10));
    format!("{local}@{domain}")
}

fn date(rng: &mut TestRng) -> String {
    let year = match rng.random_range(0..4) {
        0 => rng.random_range(0..=9999),
        1 => *pick(rng, &[0, 1, 4, 1600, 1900, 1970, 2000, 2024, 2100, 9999]),
        _ => rng.random_range(1900..2100),
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month = rng.random_range(1..=12);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let day = if rng.random_bool(0.2) { last } else { rng.random_range(1..=last) };
    format!("{year:04}-{month:02}-{day:02}")
}

fn time(rng: &mut TestRng) -> String {
    let fraction = if rng.random_bool(0.4) { format!(".{}", draw(rng, "0123456789", 1, 12)) } else { String::new() };
    if rng.random_bool(0.05) {
        return format!("23:59:60{fraction}Z");
    }
    let (hour, minute, second) = (rng.random_range(0..24), rng.random_range(0..60), rng.random_range(0..60));
    let offset = match rng.random_range(0..6) {
        0..3 => "Z".to_owned(),
        3 => "z".to_owned(),
        4 => format!("{}{:02}:{:02}", pick(rng, &['+', '-']), rng.random_range(0..24), rng.random_range(0..60)),
        _ => format!("{}{:02}:{:02}", pick(rng, &['+', '-']), rng.random_range(0..15), pick(rng, &[0, 30, 45])),
    };
    format!("{hour:02}:{minute:02}:{second:02}{fraction}{offset}")
}

fn date_time(rng: &mut TestRng) -> String {
    let t = if rng.random_bool(0.1) { 't' } else { 'T' };
    format!("{}{t}{}", date(rng), time(rng))
}

/// Some consecutive units with a number each: RFC 3339 lets none be skipped between two.
fn units(rng: &mut TestRng, units: [char; 3]) -> String {
    let first = rng.random_range(0..3);
    let last = rng.random_range(first..3);
    units[first..=last].iter().map(|unit| format!("{}{unit}", number(rng))).collect()
}

fn number(rng: &mut TestRng) -> u32 {
    let most = *pick(rng, &[0, 1, 12, 60, 1_000, u32::MAX]);
    rng.random_range(0..=most)
}

fn duration(rng: &mut TestRng) -> String {
    match rng.random_range(0..6) {
        0 => format!("P{}W", number(rng)),
        1 | 2 => format!("P{}", units(rng, ['Y', 'M', 'D'])),
        3 => format!("PT{}", units(rng, ['H', 'M', 'S'])),
        _ => format!("P{}T{}", units(rng, ['Y', 'M', 'D']), units(rng, ['H', 'M', 'S'])),
    }
}

fn uuid(rng: &mut TestRng) -> String {
    let uuid = [8, 4, 4, 4, 12].map(|length| draw(rng, HEX, length, length)).join("-");
    if rng.random_bool(0.2) { uuid.to_uppercase() } else { uuid }
}

fn ipv4(rng: &mut TestRng) -> String {
    let mut byte =
        || if rng.random_bool(0.3) { *pick(rng, &[0, 1, 9, 10, 99, 100, 127, 199, 200, 249, 255]) } else { rng.random() };
    Ipv4Addr::new(byte(), byte(), byte(), byte()).to_string()
}

fn ipv6(rng: &mut TestRng) -> String {
    let mut groups = [0u16; 8];
    for group in &mut groups {
        if rng.random_bool(0.6) {
            *group = rng.random();
        }
    }
    let address = Ipv6Addr::from(groups);
    match rng.random_range(0..4) {
        0 => groups.map(|group| format!("{group:04x}")).join(":"),
        1 => address.to_string().to_uppercase().replace("::FFFF:", "::ffff:"),
        2 => format!("::ffff:{}", ipv4(rng)),
        _ => address.to_string(),
    }
}

/// `/`-separated segments of characters of a path, each perhaps with an escaped one.
fn path(rng: &mut TestRng, alphabet: &str) -> String {
    (0..rng.random_range(0..4))
        .map(|_| {
            let escaped =
                if rng.random_bool(0.2) { format!("%{}", draw(rng, "0123456789ABCDEFabcdef", 2, 2)) } else { String::new() };
            format!("/{}{escaped}", draw(rng, alphabet, 0, 8))
        })
        .collect()
}

/// Perhaps a query, perhaps a fragment.
fn tail(rng: &mut TestRng, alphabet: &str) -> String {
    let query = if rng.random_bool(0.4) { format!("?{}", draw(rng, &format!("{alphabet}/?:@"), 0, 10)) } else { String::new() };
    let fragment = if rng.random_bool(0.2) { format!("#{}", draw(rng, &format!("{alphabet}/?:@"), 0, 6)) } else { String::new() };
    query + &fragment
}

fn uri(rng: &mut TestRng) -> String {
    let scheme = match rng.random_range(0..4) {
        0 => draw(rng, LETTERS, 1, 1) + &draw(rng, &format!("{ALPHANUMERIC}+-."), 0, 6),
        _ => (*pick(rng, &["http", "https", "HTTP", "ftp", "urn", "ws", "file"])).to_owned(),
    };
    if rng.random_bool(0.2) {
        return format!("{scheme}:{}{}", draw(rng, &format!("{PATH_CHARS}:@"), 0, 12), tail(rng, PATH_CHARS));
    }
    format!("{scheme}:{}{}{}", authority(rng), path(rng, PATH_CHARS), tail(rng, PATH_CHARS))
}

fn authority(rng: &mut TestRng) -> String {
    let user = if rng.random_bool(0.2) { format!("{}@", draw(rng, &format!("{PATH_CHARS}:"), 0, 8)) } else { String::new() };
    let host = match rng.random_range(0..8) {
        0 => ipv4(rng),
        1 => format!("[{}]", ipv6(rng)),
        2 => draw(rng, PATH_CHARS, 0, 8),
        _ => hostname(rng, 253),
    };
    let port = if rng.random_bool(0.2) { format!(":{}", draw(rng, "0123456789", 0, 5)) } else { String::new() };
    format!("//{user}{host}{port}")
}

fn uri_reference(rng: &mut TestRng) -> String {
    match rng.random_range(0..5) {
        0 => uri(rng),
        1 => authority(rng) + &path(rng, PATH_CHARS) + &tail(rng, PATH_CHARS),
        // A leading `//` would make the first segment a host.
        2 => format!("/.{}{}", path(rng, PATH_CHARS), tail(rng, PATH_CHARS)),
        3 => draw(rng, PATH_CHARS, 0, 8) + &path(rng, PATH_CHARS) + &tail(rng, PATH_CHARS),
        _ => tail(rng, PATH_CHARS),
    }
}

/// Characters of a path of an IRI: those of a URI and others of each size in UTF-8.
fn iri_chars() -> String {
    format!("{ALPHANUMERIC}-._~éüßжω日本語한가😀𠜎")
}

/// A host and perhaps a port that RFC 3987 and the URL standard of WHATWG both take. The latter reads a host that ends
/// in a number as an IPv4 address, hence the letters at the end.
fn iri_authority(rng: &mut TestRng) -> String {
    let host = format!("{}.{}", idn_hostname(rng), pick(rng, &["example", "jp", "рф", "テスト"]));
    let port = if rng.random_bool(0.2) { format!(":{}", rng.random_range(0..=u16::MAX)) } else { String::new() };
    format!("//{host}{port}")
}

fn iri(rng: &mut TestRng) -> String {
    let letters = iri_chars();
    if rng.random_bool(0.2) {
        return format!("{}:{}", pick(rng, &["urn", "mailto", "tag", "a"]), draw(rng, &letters, 1, 12));
    }
    format!("{}:{}{}{}", pick(rng, &["http", "https", "ftp"]), iri_authority(rng), path(rng, &letters), tail(rng, &letters))
}

fn iri_reference(rng: &mut TestRng) -> String {
    let letters = iri_chars();
    match rng.random_range(0..4) {
        0 => iri(rng),
        1 => iri_authority(rng) + &path(rng, &letters) + &tail(rng, &letters),
        2 => draw(rng, &letters, 1, 8) + &path(rng, &letters) + &tail(rng, &letters),
        _ => tail(rng, &letters),
    }
}

fn uri_template(rng: &mut TestRng) -> String {
    let pieces = rng.random_range(0..6);
    (0..pieces)
        .map(|_| match rng.random_range(0..4) {
            0 => "/".to_owned() + &draw(rng, "abcXYZ019-_.~", 1, 6),
            1 => "/é".to_owned(),
            // The operators / ? # are left out: see the disagreements.
            _ => format!("/{{{}{}}}", pick(rng, &["", "", "", "+", ".", ";", "&"]), variables(rng)),
        })
        .collect()
}

/// Variables of an expression of RFC 6570, section 2.3.
fn variables(rng: &mut TestRng) -> String {
    (0..rng.random_range(1..3))
        .map(|_| {
            let name = draw(rng, "abcXYZ019_", 1, 6);
            match rng.random_range(0..4) {
                0 => format!("{name}:{}", rng.random_range(1..10_000)),
                1 => name + "*",
                2 => format!("{name}.{name}"),
                _ => name,
            }
        })
        .collect::<Vec<_>>()
        .join(",")
}

fn regex(rng: &mut TestRng) -> String {
    let body = alternatives(rng, 2);
    match rng.random_range(0..3) {
        0 => body,
        1 => format!("^{body}"),
        _ => format!("^(?:{body})$"),
    }
}

/// Alternatives of quantified atoms, with groups nested at most `depth` deep.
fn alternatives(rng: &mut TestRng, depth: usize) -> String {
    let mut sequence = |_| {
        (0..rng.random_range(1..4))
            .map(|_| {
                let atom = match rng.random_range(0..6) {
                    0 if depth > 0 => format!("({}{})", pick(rng, &["", "?:"]), alternatives(rng, depth - 1)),
                    0..3 => draw(rng, ALPHANUMERIC, 1, 1),
                    _ => (*pick(
                        rng,
                        &[".", r"\d", r"\W", r"\s", "[a-z]", "[^0-9_]", r"[\w.-]", r"\p{L}", r"\.", r"\u00e9", "é", "😀"],
                    ))
                    .to_owned(),
                };
                atom + *pick(rng, &["", "", "", "?", "*", "+", "+?", "{2}", "{1,}", "{0,3}"])
            })
            .collect::<String>()
    };
    let count = 1 + usize::from(depth > 0);
    (0..count).map(&mut sequence).collect::<Vec<_>>().join("|")
}

fn json_pointer(rng: &mut TestRng) -> String {
    (0..rng.random_range(0..5))
        .map(|_| {
            let token = super::nasty::text(rng, 0, Some(8));
            format!("/{}", token.replace('~', "~0").replace('/', "~1"))
        })
        .collect()
}

fn relative_json_pointer(rng: &mut TestRng) -> String {
    let up = number(rng);
    if rng.random_bool(0.3) { format!("{up}#") } else { format!("{up}{}", json_pointer(rng)) }
}

/// Whole groups of four, then perhaps a padded one whose unused bits are zero.
fn byte(rng: &mut TestRng) -> String {
    let alphabet = format!("{ALPHANUMERIC}+/");
    let whole = 4 * rng.random_range(0..12);
    let text = draw(rng, &alphabet, whole, whole);
    match rng.random_range(0..3) {
        0 => text,
        1 => text + &draw(rng, &alphabet, 1, 1) + &draw(rng, "AQgw", 1, 1) + "==",
        _ => text + &draw(rng, &alphabet, 2, 2) + &draw(rng, "AEIMQUYcgkosw048", 1, 1) + "=",
    }
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
            let randoms = (0..2_000).map(|_| format.random(&mut rng));
            for text in format.edges().iter().map(|text| (*text).to_owned()).chain(randoms) {
                let (boon, jsonschema) = (format.accepts(&text), other.is_valid(&Value::from(text.as_str())));
                if !boon || !jsonschema {
                    wrong.push(format!("{} {text:?}: boon {boon}, jsonschema {jsonschema}", format.name()));
                }
            }
        }
        assert!(wrong.is_empty(), "{} refused:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn faults_are_refused_by_both() {
        let mut wrong = Vec::new();
        for format in all() {
            let other = jsonschema(format.name());
            for &text in format.faults() {
                let boon = format.accepts(text);
                let jsonschema = other.is_valid(&Value::from(text));
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
            let faults: Vec<_> = (0..500).map(|_| format.fault(&mut rng)).collect();
            assert!(faults.iter().all(|text| !format.accepts(text)), "{}: boon accepts a fault", format.name());
            let accepted: Vec<_> = faults.iter().filter(|text| other.is_valid(&Value::from(text.as_str()))).collect();
            assert!(accepted.len() <= 50, "{}: jsonschema accepts {accepted:?}", format.name());
        }
    }

    #[test]
    fn disagreements_are_as_stated() {
        let mut wrong = Vec::new();
        for case in DISAGREEMENTS {
            let boon = known(case.format).unwrap().boon_accepts(case.text);
            let jsonschema = jsonschema(case.format).is_valid(&Value::from(case.text));
            if (boon, jsonschema) != (case.accepted_by == Judge::Boon, case.accepted_by == Judge::Jsonschema) {
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
    fn lists_hold_nothing_twice_and_the_obvious() {
        for format in all() {
            for list in [format.edges(), format.faults()] {
                assert_eq!(list.iter().collect::<HashSet<_>>().len(), list.len(), "{}", format.name());
            }
            assert!(
                format.edges().contains(&"") ^ format.faults().contains(&"") || format.name() == "uri-template",
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
            let faults: HashSet<_> = (0..500).map(|_| format.fault(&mut rng)).collect();
            assert!(texts.len() > 150, "{}: {} texts", format.name(), texts.len());
            assert!(faults.len() > 50 || MISJUDGED.contains(&format.name()), "{}: {} faults", format.name(), faults.len());
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
        let longest = known("email").unwrap().edges().iter().max_by_key(|text| text.len()).unwrap();
        assert_eq!(longest.len(), 254);
        assert_eq!(longest.find('@'), Some(64));
        assert_eq!(EMAIL_OF_255.len(), 255);
    }
}
