//! Whether what was created now says so.

use std::{sync::Arc, time::SystemTime};

use serde_json::Value;

use super::{Exchange, Finding, Judge};
use crate::{openapi::document::Document, openapi::operation::is_json, pointer::escape, rules};

/// How far the server's clock and ours may differ, in seconds.
const CLOCKS: u64 = 300;

/// Properties that hold the time of creation or, as long as nothing has changed, the same time again.
const NAMES: [&str; 4] = ["createdat", "created_at", "updatedat", "updated_at"];

pub(super) struct Timestamps(Arc<Document>);

impl Timestamps {
    pub fn of(document: &Arc<Document>) -> Self {
        Self(Arc::clone(document))
    }

    /// Where the document describes the property of this answer.
    fn source(&self, exchange: &Exchange<'_>, name: &str) -> String {
        let spec = exchange.operation.response(exchange.response.status).map(|(_, spec)| spec);
        let schemas = spec.into_iter().flat_map(|spec| &spec.media_types).filter(|(name, _)| is_json(name));
        let mut at = schemas.filter_map(|(_, schema)| self.0.resolve(schema.as_ref()?)).map(|(at, _)| at);
        at.next().map_or_else(|| exchange.operation.pointer.clone(), |at| format!("{at}/properties/{}", escape(name)))
    }
}

impl Judge for Timestamps {
    fn judge(&self, exchange: &Exchange<'_>) -> Vec<Finding> {
        if exchange.operation.method != "POST" || exchange.response.status != 201 {
            return Vec::new();
        }
        let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let window = seconds(exchange.sent).saturating_sub(CLOCKS)..=seconds(exchange.answered) + CLOCKS;
        let object = exchange.body.and_then(Value::as_object).into_iter().flatten();
        let sent = exchange.case.instance.as_ref().and_then(|instance| instance.get("body"));
        object
            // Who imports says when it was.
            .filter(|(name, _)| sent.is_none_or(|sent| sent.get(name.as_str()).is_none()))
            .filter(|(name, _)| NAMES.contains(&name.to_lowercase().as_str()))
            .filter_map(|(name, value)| Some((name, chrono::DateTime::parse_from_rfc3339(value.as_str()?).ok()?)))
            .filter(|(_, time)| u64::try_from(time.timestamp()).map_or(true, |time| !window.contains(&time)))
            .map(|(name, time)| {
                let what = format!("{name} is not the time of creation");
                Finding::of(&rules::TIMESTAMPS, self.source(exchange, name), what).with(time.to_rfc3339())
            })
            .collect()
    }
}
