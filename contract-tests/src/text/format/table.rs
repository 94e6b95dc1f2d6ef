//! The formats: the texts of each are in `texts.json`, and what draws others in `draw.rs`.

use std::{
    collections::HashMap,
    sync::{LazyLock, OnceLock},
};

use proptest::test_runner::TestRng;
use serde::Deserialize;

use super::{Format, draw::*};

/// The entry of a format in the file, but for its `source`, which is for who reads it.
#[derive(Default, Deserialize)]
pub(super) struct Texts {
    pub boundary: Vec<String>,
    pub negative: Vec<String>,
}

type Draw = fn(&mut TestRng) -> String;

const DRAWN: [(&str, Draw); 20] = [
    ("email", email),
    ("idn-email", idn_email),
    ("date", date),
    ("date-time", date_time),
    ("time", time),
    ("duration", duration),
    ("uuid", uuid),
    ("uri", uri),
    ("uri-reference", uri_reference),
    ("iri", iri),
    ("iri-reference", iri_reference),
    ("uri-template", uri_template),
    ("ipv4", ipv4),
    ("ipv6", ipv6),
    ("hostname", |rng| hostname(rng, 253)),
    ("idn-hostname", idn_hostname),
    ("regex", regex),
    ("json-pointer", json_pointer),
    ("relative-json-pointer", relative_json_pointer),
    ("byte", byte),
];

pub static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let mut texts = read();
    let format = |(name, draw)| Format { name, draw, texts: texts.remove(name).unwrap_or_default(), schema: OnceLock::new() };
    DRAWN.into_iter().map(format).collect()
});

/// The file; nothing where it is broken, which a test would tell.
pub(super) fn read() -> HashMap<String, Texts> {
    serde_json::from_str(include_str!("texts.json")).unwrap_or_default()
}
