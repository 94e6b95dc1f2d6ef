//! Random valid texts of each format.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::{prelude::RngExt, test_runner::TestRng};

use crate::text::{draw, pick};

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

pub fn hostname(rng: &mut TestRng, limit: usize) -> String {
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

pub fn idn_hostname(rng: &mut TestRng) -> String {
    dotted(rng, 4, |rng| idn_label(rng, 10))
}

pub fn email(rng: &mut TestRng) -> String {
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

pub fn idn_email(rng: &mut TestRng) -> String {
    // Some validators count the 64 characters of a local part in Punycode, which takes up to five for one of Hangul.
    let local = dotted(rng, 2, |rng| idn_label(rng, 5));
    let domain = dotted(rng, 3, |rng| idn_label(rng, 10));
    format!("{local}@{domain}")
}

pub fn date(rng: &mut TestRng) -> String {
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

pub fn time(rng: &mut TestRng) -> String {
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

pub fn date_time(rng: &mut TestRng) -> String {
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

pub fn duration(rng: &mut TestRng) -> String {
    match rng.random_range(0..6) {
        0 => format!("P{}W", number(rng)),
        1 | 2 => format!("P{}", units(rng, ['Y', 'M', 'D'])),
        3 => format!("PT{}", units(rng, ['H', 'M', 'S'])),
        _ => format!("P{}T{}", units(rng, ['Y', 'M', 'D']), units(rng, ['H', 'M', 'S'])),
    }
}

pub fn uuid(rng: &mut TestRng) -> String {
    let uuid = [8, 4, 4, 4, 12].map(|length| draw(rng, HEX, length, length)).join("-");
    if rng.random_bool(0.2) { uuid.to_uppercase() } else { uuid }
}

pub fn ipv4(rng: &mut TestRng) -> String {
    let mut byte =
        || if rng.random_bool(0.3) { *pick(rng, &[0, 1, 9, 10, 99, 100, 127, 199, 200, 249, 255]) } else { rng.random() };
    Ipv4Addr::new(byte(), byte(), byte(), byte()).to_string()
}

pub fn ipv6(rng: &mut TestRng) -> String {
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

pub fn uri(rng: &mut TestRng) -> String {
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

pub fn uri_reference(rng: &mut TestRng) -> String {
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

pub fn iri(rng: &mut TestRng) -> String {
    let letters = iri_chars();
    if rng.random_bool(0.2) {
        return format!("{}:{}", pick(rng, &["urn", "mailto", "tag", "a"]), draw(rng, &letters, 1, 12));
    }
    format!("{}:{}{}{}", pick(rng, &["http", "https", "ftp"]), iri_authority(rng), path(rng, &letters), tail(rng, &letters))
}

pub fn iri_reference(rng: &mut TestRng) -> String {
    let letters = iri_chars();
    match rng.random_range(0..4) {
        0 => iri(rng),
        1 => iri_authority(rng) + &path(rng, &letters) + &tail(rng, &letters),
        2 => draw(rng, &letters, 1, 8) + &path(rng, &letters) + &tail(rng, &letters),
        _ => tail(rng, &letters),
    }
}

pub fn uri_template(rng: &mut TestRng) -> String {
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

pub fn regex(rng: &mut TestRng) -> String {
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

pub fn json_pointer(rng: &mut TestRng) -> String {
    (0..rng.random_range(0..5))
        .map(|_| {
            let token = crate::text::nasty::text(rng, 0, Some(8));
            format!("/{}", token.replace('~', "~0").replace('/', "~1"))
        })
        .collect()
}

pub fn relative_json_pointer(rng: &mut TestRng) -> String {
    let up = number(rng);
    if rng.random_bool(0.3) { format!("{up}#") } else { format!("{up}{}", json_pointer(rng)) }
}

/// Whole groups of four, then perhaps a padded one whose unused bits are zero.
pub fn byte(rng: &mut TestRng) -> String {
    let alphabet = format!("{ALPHANUMERIC}+/");
    let whole = 4 * rng.random_range(0..12);
    let text = draw(rng, &alphabet, whole, whole);
    match rng.random_range(0..3) {
        0 => text,
        1 => text + &draw(rng, &alphabet, 1, 1) + &draw(rng, "AQgw", 1, 1) + "==",
        _ => text + &draw(rng, &alphabet, 2, 2) + &draw(rng, "AEIMQUYcgkosw048", 1, 1) + "=",
    }
}

/// A short word with a number, so that two are hardly the same.
pub fn word(rng: &mut TestRng) -> String {
    draw(rng, "abcdefghijklmnopqrstuvwxyz", 3, 8) + &rng.random_range(1..1_000).to_string()
}

pub fn plain_date(rng: &mut TestRng) -> String {
    format!("{}-{:02}-{:02}", rng.random_range(1970..2038), rng.random_range(1..=12), rng.random_range(1..=28))
}

pub fn plain_time(rng: &mut TestRng) -> String {
    format!("{:02}:{:02}:{:02}Z", rng.random_range(0..24), rng.random_range(0..60), rng.random_range(0..60))
}

/// A UUID of version 4 (RFC 9562, section 5.4): some servers take no others.
pub fn random_uuid(rng: &mut TestRng) -> String {
    let mut hex = |length| draw(rng, HEX, length, length);
    let parts = [hex(8), hex(4), format!("4{}", hex(3)), format!("a{}", hex(3)), hex(12)];
    parts.join("-")
}

pub fn plain_host(rng: &mut TestRng) -> String {
    format!("{}.example.com", word(rng))
}

pub fn plain_url(rng: &mut TestRng) -> String {
    format!("https://example.com/{}", word(rng))
}
