//! Whether the answer is what the document says about its status: media type, headers and body.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use openapi_document::marked;
use serde_json::{Value, json};

use super::{Exchange, Finding, Judge, is_too_long};
use crate::{
    cases::{Expect, Group},
    openapi::document::Document,
    openapi::operation::{Operation, ResponseSpec, is_json, takes_in},
    openapi::{discriminator, nullable},
    pointer::escape,
    rules::{self, Rule},
    schema::{Opinion, Schema, Shared, Trace, Uncovered, Violation},
};

/// Statuses that any server may give, whatever the operation.
const OF_HTTP: [u16; 17] = [401, 403, 405, 406, 408, 411, 412, 413, 414, 415, 416, 417, 421, 426, 429, 431, 451];

pub(crate) struct Conformance {
    /// The document as answers are held to it: what is `writeOnly` is not required, and must not be there, since it may be a secret.
    literal: Reading,
    /// How others read it: each alternative of a discriminator asks for its own name, or null is valid where it may be meant, or both.
    others: OnceLock<Vec<Reading>>,
    /// The schemas of properties that are `writeOnly`.
    write_only: HashSet<String>,
}

/// A document, and what others than the engine find of those of its schemas that were met, by their pointer. Where one cannot be compiled
/// it is not judged, and this is why.
struct Reading {
    document: Value,
    shared: Shared,
    opinions: Mutex<HashMap<String, Arc<Result<Opinion, String>>>>,
    /// The engine's own view of the schemas that an answer broke.
    broken: Mutex<HashMap<String, Arc<Schema>>>,
}

impl Reading {
    fn of(document: Value) -> Self {
        Self { document, shared: Shared::default(), opinions: Mutex::default(), broken: Mutex::default() }
    }

    fn opinion(&self, pointer: &str) -> Arc<Result<Opinion, String>> {
        let mut known = self.opinions.lock().unwrap_or_else(PoisonError::into_inner);
        let opinion = known.entry(pointer.to_owned());
        Arc::clone(opinion.or_insert_with(|| Arc::new(Opinion::compile(&self.document, pointer, &self.shared))))
    }

    fn accepts(&self, pointer: &str, value: &Value) -> bool {
        self.opinion(pointer).as_ref().as_ref().is_ok_and(|opinion| opinion.accepts(value))
    }

    fn schema(&self, pointer: &str) -> Arc<Schema> {
        let mut known = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if known.values().map(|schema| schema.nodes.len()).sum::<usize>() > KEPT {
            known.retain(|kept, _| kept == pointer);
        }
        Arc::clone(known.entry(pointer.to_owned()).or_insert_with(|| Arc::new(Schema::compile(&self.document, pointer))))
    }
}

/// How many nodes the schemas have at most that are kept because an answer broke them.
const KEPT: usize = 100_000;

impl Conformance {
    pub fn of(document: &Document) -> Self {
        let mut view = document.in_answers().clone();
        let marked = marked(&view, "writeOnly");
        let write_only: HashSet<String> =
            marked.iter().map(|(object, name)| format!("{object}/properties/{}", escape(name))).collect();
        for pointer in &write_only {
            if let Some(schema) = view.pointer_mut(pointer) {
                *schema = json!(false);
            }
        }
        Self { literal: Reading::of(view), others: OnceLock::new(), write_only }
    }

    /// The schemas of an operation's answers that cannot be used.
    pub fn unusable(&self, operation: &Operation) -> Vec<Uncovered> {
        let mut unusable: Vec<Uncovered> = Vec::new();
        for spec in operation.responses.values() {
            let may_be_json = |name: &str| is_json(name) || takes_in(name, "application/json");
            let bodies = spec.media_types.iter().filter(|(name, _)| may_be_json(name)).filter_map(|(_, schema)| schema.as_ref());
            for pointer in bodies.chain(spec.headers.iter().filter_map(|header| header.schema.as_ref())) {
                if let Err(cause) = self.literal.opinion(pointer).as_ref()
                    && !unusable.iter().any(|gap| gap.pointer == *pointer)
                {
                    unusable.push(Uncovered { pointer: pointer.clone(), reason: cause.clone() });
                }
            }
        }
        unusable
    }

    /// How others read the document. To the letter of `oneOf` a value that fits two alternatives is not valid, even where the name of the
    /// schema tells them apart; nor is null where `nullable` stands without a `type`.
    fn others(&self) -> &[Reading] {
        self.others.get_or_init(|| {
            let kept = discriminator::kept(&self.literal.document);
            let with_null = [Some(&self.literal.document), kept.as_ref()].into_iter().flatten().filter_map(nullable::allowed);
            let with_null: Vec<Value> = with_null.collect();
            kept.into_iter().chain(with_null).map(Reading::of).collect()
        })
    }

    /// Whether a value keeps the schema of an answer, as somebody reads it.
    pub fn allows(&self, pointer: &str, value: &Value) -> bool {
        self.literal.accepts(pointer, value) || self.others().iter().any(|other| other.accepts(pointer, value))
    }

    /// What a value breaks, as findings about the rules that are broken.
    fn check(&self, rule: &'static Rule, pointer: &str, value: &Value, what: &str) -> Vec<Finding> {
        let opinion = self.literal.opinion(pointer);
        let Ok(opinion) = opinion.as_ref() else { return Vec::new() };
        let mut evaluated: Option<(Arc<Schema>, Trace)> = None;
        let engine_refuses = || {
            let schema = self.literal.schema(pointer);
            let trace = schema.evaluate(value);
            !evaluated.insert((schema, trace)).1.broken.is_empty()
        };
        if !opinion.refuses(value, engine_refuses) || self.others().iter().any(|other| other.accepts(pointer, value)) {
            return Vec::new();
        }
        let Some((schema, trace)) = evaluated else { return Vec::new() };
        if trace.broken.is_empty() {
            return vec![Finding::of(rule, pointer, format!("{what} breaks its schema"))];
        }
        let of_type = |place: &str| {
            let is_type = |broken: &Violation| schema.constraints()[broken.constraint].keyword == "type";
            trace.broken.iter().any(|broken| broken.place == place && is_type(broken))
        };
        // What is of another type is none of the values either.
        let follows = |broken: &Violation| {
            matches!(schema.constraints()[broken.constraint].keyword, "enum" | "const") && of_type(&broken.place)
        };
        let mut broken: Vec<&Violation> = trace.broken.iter().filter(|violation| !follows(violation)).collect();
        // Where something else is wrong, null is not where others allow it.
        let is_null = |violation: &&Violation| value.pointer(&violation.place).is_some_and(Value::is_null);
        if broken.iter().any(is_null) {
            let of_others: Vec<Trace> = self.others().iter().map(|other| other.schema(pointer).evaluate(value)).collect();
            let spares = |trace: &Trace, place: &str| trace.broken.iter().all(|it| it.place != place);
            let is_spared = |it: &&Violation| is_null(it) && of_others.iter().any(|trace| spares(trace, &it.place));
            if !broken.iter().all(is_spared) {
                broken.retain(|it| !is_spared(it));
            }
        }
        broken
            .into_iter()
            .map(|violation| {
                let constraint = &schema.constraints()[violation.constraint];
                if self.write_only.contains(&constraint.pointer) {
                    let promise = format!("{}/writeOnly", constraint.pointer);
                    return Finding::of(rule, &promise, format!("{what} has a writeOnly property: {}", constraint.place));
                }
                let at = if constraint.place.is_empty() { String::new() } else { format!(" at {}", constraint.place) };
                Finding::of(rule, &constraint.pointer, format!("{what} breaks {}{at}", constraint.keyword))
                    .with(format!("at {}", violation.place))
            })
            .collect()
    }

    fn headers(&self, spec: &ResponseSpec, exchange: &Exchange<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let status = exchange.response.status;
        for header in &spec.headers {
            match exchange.response.header(&header.name) {
                None if header.required => {
                    let what = format!("{status} lacks the header {}", header.name);
                    findings.push(Finding::of(&rules::RESPONSE_HEADER, &header.pointer, what));
                }
                None => {}
                Some(first) => {
                    let Some(schema) = &header.schema else { continue };
                    let what = format!("the header {} of {status}", header.name);
                    let lines: Vec<&str> = exchange.response.values(&header.name).collect();
                    // Several lines are one list (RFC 9110, section 5.3), but for cookies.
                    let is_cookie = header.name.eq_ignore_ascii_case("set-cookie");
                    let text = if is_cookie { first.to_owned() } else { lines.join(", ") };
                    let text = text.as_str();
                    let readings = match (header.is_json, serde_json::from_str(text)) {
                        (false, _) if is_cookie => lines.iter().flat_map(|line| readings(line, header.explode)).collect(),
                        (false, _) => readings(text, header.explode),
                        (true, Ok(value)) => vec![value],
                        (true, Err(_)) => {
                            let what = format!("{what} is not JSON");
                            findings.push(Finding::of(&rules::RESPONSE_HEADER, &header.pointer, what).with(text));
                            continue;
                        }
                    };
                    let all: Vec<Vec<Finding>> =
                        readings.iter().map(|value| self.check(&rules::RESPONSE_HEADER, schema, value, &what)).collect();
                    if all.iter().all(|broken| !broken.is_empty()) {
                        // The reading that is of the right type says what is really broken.
                        let of_type = |broken: &&Vec<Finding>| broken.iter().any(|it| it.promise.ends_with("/type"));
                        let nearest = all.iter().find(|broken| !of_type(broken)).or(all.first());
                        findings.extend(nearest.into_iter().flatten().map(|finding| finding.clone().with(text)));
                    }
                }
            }
        }
        findings
    }

    fn body(&self, spec: &ResponseSpec, exchange: &Exchange<'_>) -> Vec<Finding> {
        let (response, status) = (exchange.response, exchange.response.status);
        let at = |rule, what: String| vec![Finding::of(rule, &spec.pointer, what)];
        // What is wrong in the answer to a request that should have been refused comes of that.
        let wanted = matches!(exchange.case.expect, Expect::Success | Expect::Documented | Expect::Taken(_));
        let follows = !wanted && status < 400;
        // What has no content has no media type either, whatever the document says of it (RFC 9110, section 6.4.1).
        let bodiless = matches!(status, 204 | 205 | 304) && response.body.is_empty();
        if exchange.case.request.method == "HEAD" || follows || bodiless || !spec.is_known {
            return Vec::new();
        }
        if spec.media_types.is_empty() {
            return if response.body.is_empty() {
                Vec::new()
            } else {
                at(&rules::UNDOCUMENTED_BODY, format!("{status} has an undocumented body"))
            };
        }
        let Some(media_type) = response.header("content-type") else {
            return at(&rules::RESPONSE_MEDIA_TYPE, format!("{status} has no media type"));
        };
        let Some((_, schema)) = spec.of_media_type(media_type) else {
            let what = format!("{status} has an undocumented media type");
            return vec![Finding::of(&rules::RESPONSE_MEDIA_TYPE, &spec.pointer, what).with(media_type)];
        };
        if !is_json(media_type) {
            return Vec::new();
        }
        match (exchange.body, schema) {
            // RFC 8259, section 8.2: what half a surrogate pair stands for is not predictable, and its grammar allows it all the same.
            (None, _) if has_half_a_pair(&response.body) => Vec::new(),
            // Nor is there a limit to a number but that of who reads it (section 6).
            (None, _) if has_a_larger_number(&response.body) => Vec::new(),
            (None, _) => at(&rules::RESPONSE_BODY, format!("the body of {status} is not JSON")),
            (Some(body), Some(schema)) => self.check(&rules::RESPONSE_BODY, schema, body, &format!("the body of {status}")),
            (Some(_), None) => Vec::new(),
        }
    }
}

/// Whether all that keeps a text from being read as JSON is a number that is too large for whoever reads it.
fn has_a_larger_number(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_err_and(|error| error.to_string().starts_with("number out of range"))
}

/// Whether all that keeps a text from being read as JSON is half a surrogate pair, which somebody has sent.
fn has_half_a_pair(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    // What is only skipped is not decoded.
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    is_json && serde_json::from_str::<Value>(text).is_err() && text.to_ascii_lowercase().contains("\\ud")
}

/// What the text of a header may stand for: itself, a number or a boolean, a list, an object (OpenAPI 3.1, section 4.8.12.3, the style
/// `simple`; RFC 9110, section 5.6.1, allows spaces around commas). Valid in any reading is valid.
fn readings(text: &str, explode: bool) -> Vec<Value> {
    let scalar = |text: &str| {
        let value = serde_json::from_str::<Value>(text).ok().filter(|value| !value.is_string());
        value.unwrap_or_else(|| json!(text))
    };
    let mut readings = vec![json!(text)];
    readings.extend(serde_json::from_str::<Value>(text).ok().filter(|value| !value.is_string()));
    let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    readings.push(items.iter().map(|item| json!(item)).collect());
    readings.push(items.iter().map(|item| scalar(item)).collect());
    let members: Option<Vec<(&str, &str)>> = if explode {
        items.iter().map(|item| item.split_once('=')).collect()
    } else {
        items.len().is_multiple_of(2).then(|| items.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
    };
    if let Some(members) = members {
        readings.push(Value::Object(members.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()));
        readings.push(Value::Object(members.iter().map(|(name, value)| ((*name).to_owned(), scalar(value))).collect()));
    }
    readings
}

/// Whether the document says how an operation refuses an invalid request.
fn covers_refusals(operation: &Operation) -> bool {
    operation.response(400).is_some() || operation.response(422).is_some()
}

impl Judge for Arc<Conformance> {
    fn judge(&self, exchange: &Exchange<'_>) -> Vec<Finding> {
        let (operation, status) = (exchange.operation, exchange.response.status);
        // What a path answers to a method that it does not have is not this operation's, but for the refusal of the method.
        if exchange.case.request.method != operation.method && !(status == 405 && operation.responses.contains_key("405")) {
            return Vec::new();
        }
        if is_too_long(exchange) {
            return Vec::new();
        }
        match operation.response(status) {
            Some((_, spec)) => {
                let mut findings = self.headers(spec, exchange);
                findings.extend(self.body(spec, exchange));
                if status == 304 && !exchange.case.is_conditional() {
                    let (pointer, what) =
                        (format!("{}/responses", operation.pointer), "304 answers a request without a condition");
                    findings.push(Finding::of(&rules::UNDOCUMENTED_STATUS, pointer, what).with("RFC 9110, section 15.4.5"));
                }
                // What the server says where it has nothing is described by the operation beside at best.
                if *exchange.case.rule == rules::UNDOCUMENTED_PATH {
                    findings.iter_mut().for_each(|finding| finding.rule = &rules::UNDOCUMENTED_PATH);
                }
                findings
            }
            // Who documents no answer promises none.
            None if operation.responses.is_empty() => Vec::new(),
            // Nor does the operation beside promise anything of a path that is not there.
            None if *exchange.case.rule == rules::UNDOCUMENTED_PATH => Vec::new(),
            None => {
                let pointer = format!("{}/responses", operation.pointer);
                let missing = status == 404 && operation.path.contains('{');
                let malformed = status == 400 && exchange.case.group == Group::Protocol;
                // A document is expected to cover known errors (OpenAPI 3.1, section 4.8.16); one that covers no refusal at all says
                // nothing about them.
                let unsaid = matches!(status, 400 | 404 | 422) && !covers_refusals(operation);
                let rule = if missing || malformed || unsaid || OF_HTTP.contains(&status) {
                    &rules::UNDOCUMENTED_HTTP_STATUS
                } else if status >= 500 {
                    return Vec::new(); // That the server fails is a finding of its own.
                } else {
                    &rules::UNDOCUMENTED_STATUS
                };
                vec![Finding::of(rule, pointer, format!("the status {status} is not documented"))]
            }
        }
    }
}
