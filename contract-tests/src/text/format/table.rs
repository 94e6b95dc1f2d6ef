//! The formats: the texts of each are in `texts.json`, and what draws others in `draw.rs`.

use std::{
    collections::HashMap,
    sync::{LazyLock, OnceLock},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::{prelude::RngExt, test_runner::TestRng};
use serde::Deserialize;

use super::{Format, draw::*};

/// The entry of a format in the file, but for its `source`, which is for who reads it.
#[derive(Default, Deserialize)]
pub(super) struct Texts {
    pub boundary: Vec<String>,
    pub negative: Vec<String>,
}

type Draw = fn(&mut TestRng) -> String;

/// Each format with what draws any text of it, and what draws one that a person would type.
const DRAWN: [(&str, Draw, Draw); 20] = [
    ("email", email, |rng| format!("{}@example.com", word(rng))),
    ("idn-email", idn_email, |rng| format!("{}@example.com", word(rng))),
    ("date", date, plain_date),
    ("date-time", date_time, |rng| format!("{}T{}", plain_date(rng), plain_time(rng))),
    ("time", time, plain_time),
    ("duration", duration, |rng| format!("P{}D", rng.random_range(1..100))),
    ("uuid", uuid, random_uuid),
    ("uri", uri, plain_url),
    ("uri-reference", uri_reference, plain_url),
    ("iri", iri, plain_url),
    ("iri-reference", iri_reference, plain_url),
    ("uri-template", uri_template, |rng| format!("{}/{{id}}", plain_url(rng))),
    ("ipv4", ipv4, |rng| format!("192.0.2.{}", rng.random_range(1..255))),
    ("ipv6", ipv6, |rng| format!("2001:db8::{:x}", rng.random_range(1..0xffff))),
    ("hostname", |rng| hostname(rng, 253), plain_host),
    ("idn-hostname", idn_hostname, plain_host),
    ("regex", regex, |rng| format!("^{}$", word(rng))),
    ("json-pointer", json_pointer, |rng| format!("/{}", word(rng))),
    ("relative-json-pointer", relative_json_pointer, |rng| format!("0/{}", word(rng))),
    ("byte", byte, |rng| BASE64_STANDARD.encode(word(rng))),
];

pub static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let mut texts = read();
    let format = |(name, draw, plain)| Format {
        name,
        draw,
        plain,
        texts: texts.remove(name).unwrap_or_default(),
        schema: OnceLock::new(),
    };
    DRAWN.into_iter().map(format).collect()
});

/// The file; nothing where it is broken, which a test would tell.
pub(super) fn read() -> HashMap<String, Texts> {
    serde_json::from_str(include_str!("texts.json")).unwrap_or_default()
}
