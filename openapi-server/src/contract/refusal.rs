//! Refusals in the form that the document defines.
//!
//! A refusal is problem details where the document says nothing about the status, or where its schema accepts them and names no property
//! that they lack. Where it has another schema, a value of that schema is made at start-up, and what a refusal says is put into the
//! properties that by their names are meant for it:
//!
//! - the message for a person: `message`, `detail`, `error_description`, `errorMessage`, `error_message`, `description`, `reason`, `msg`,
//!   `text`; also `title` and `error`, which have the name of the status where one of the others is beside them
//! - the status: `status`, `statusCode`, `status_code` and `code`, as a number or as text
//! - the word for a program: `code`, `errorCode`, `error_code` and `type`
//! - each violation: the items of a list that is called like a message, `errors`, `details`, `violations` or `issues`; in an item, where it
//!   is: `pointer`, `path`, `field`, `property`, `param` and `loc`, and what is broken: `type`, `rule` and `code`
//!
//! Whatever of it the schema does not allow is left out, or shortened to the first violations. A document that has nothing but a text gets
//! the message.

use std::sync::Arc;

use http::HeaderValue;
use jsonschema::Validator;
use serde_json::{Value, json};

use openapi_document::pointer::join;

use super::least;
use crate::problem::{Code, ProblemDetails, Violation};

/// What is put where there is a message; the last two are names of the status too.
const MESSAGES: [&str; 11] = [
    "message",
    "detail",
    "error_description",
    "errorMessage",
    "error_message",
    "description",
    "reason",
    "msg",
    "text",
    "title",
    "error",
];
const TITLES: [&str; 2] = ["title", "error"];
const LISTS: [&str; 4] = ["errors", "details", "violations", "issues"];
const STATUSES: [&str; 4] = ["status", "statusCode", "status_code", "code"];
const CODES: [&str; 4] = ["code", "errorCode", "error_code", "type"];
const POINTERS: [&str; 6] = ["pointer", "path", "field", "property", "param", "loc"];
const RULES: [&str; 3] = ["type", "rule", "code"];

/// How many violations a single text names.
const NAMED: usize = 10;

/// How the refusals with one code are written.
#[derive(Clone)]
pub(super) enum Form {
    /// As problem details, in this media type or their own.
    Problem(Option<HeaderValue>),
    /// As the message alone.
    Text,
    /// As the document's schema asks.
    Other(HeaderValue, Arc<Template>),
}

/// A value with places for what a refusal says.
pub(super) struct Template {
    shape: Shape,
    validator: Arc<Validator>,
}

#[derive(Clone)]
struct Shape {
    value: Value,
    places: Vec<(String, Place)>,
}

/// What is put into a place.
#[derive(Clone)]
enum Place {
    Message,
    Title,
    Status,
    StatusText,
    Code,
    Pointer,
    /// The pointer as a list.
    Segments,
    Rule,
    /// An item for each violation.
    Each(Shape),
}

/// Refusals with this code as they are typically, with violations and without.
fn samples(code: Code) -> Vec<ProblemDetails> {
    let plain = ProblemDetails::new(code);
    let violation = |pointer: &str| Violation { pointer: pointer.into(), rule: "required".into(), message: "is required".into() };
    let errors = Some(vec![violation("/name"), violation("/query/limit")]);
    match code {
        Code::BadRequest | Code::UnprocessableEntity | Code::Conflict => vec![ProblemDetails { errors, ..plain.clone() }, plain],
        _ => vec![plain],
    }
}

/// Whether problem details with this code satisfy the schema.
pub(super) fn takes_problems(validator: &Validator, code: Code) -> bool {
    samples(code).iter().all(|sample| validator.is_valid(&json!(sample)))
}

/// Whether the message alone satisfies the schema of a text.
pub(super) fn takes_text(validator: &Validator, code: Code) -> bool {
    samples(code).iter().all(|sample| validator.is_valid(&json!(message(sample))))
}

impl Template {
    /// A template for the schema at `pointer`; none where no value is found that it allows. `examples` are tried last: what they say
    /// besides is about another request.
    pub fn new(document: &Value, pointer: &str, validator: &Arc<Validator>, code: Code, examples: &[&Value]) -> Option<Self> {
        let word = code_word(code);
        let wanted = |name: &str| [&MESSAGES[..], &LISTS, &STATUSES, &POINTERS].into_iter().any(|names| names.contains(&name));
        let least = least::candidates(document, pointer, wanted, &word);
        let least = least.into_iter().chain(examples.iter().map(|example| (*example).clone()));
        let templates = least.filter(|value| validator.is_valid(value)).map(|value| Self::of(value, validator, code));
        let templates: Vec<Self> = templates.collect();
        let best = templates.iter().position(|template| template.shape.has_message()).unwrap_or(0);
        templates.into_iter().nth(best)
    }

    /// The value with all places that the schema allows to be filled.
    fn of(value: Value, validator: &Arc<Validator>, code: Code) -> Self {
        let mut found = Vec::new();
        find(&value, "", "", false, &mut found);
        let mut this = Self { shape: Shape { value, places: Vec::new() }, validator: Arc::clone(validator) };
        let samples = samples(code);
        for (pointer, place) in found {
            let Place::Each(item) = place else {
                this.keep(pointer, place, &samples);
                continue;
            };
            // The places of an item are tried one by one too.
            let Shape { value, places } = item;
            let item = Shape { value, places: Vec::new() };
            let index = this.shape.places.len();
            this.shape.places.push((pointer, Place::Each(item)));
            for inner in places {
                let kept = this.shape.clone();
                if let Some((_, Place::Each(item))) = this.shape.places.get_mut(index) {
                    item.places.push(inner);
                }
                if !this.fits(&samples) {
                    this.shape = kept;
                }
            }
            if !this.fits(&samples) {
                this.shape.places.truncate(index);
            }
        }
        if !this.shape.has_message() && this.shape.value.is_object() {
            // An object that may have anything says what is wrong, too.
            let kept = this.shape.clone();
            this.shape.value["message"] = json!("-"); // An empty text is allowed less often.
            if !this.validator.is_valid(&this.shape.value) || !this.keep("/message".to_owned(), Place::Message, &samples) {
                this.shape = kept;
            }
        }
        this
    }

    /// Adds a place if the samples fit then.
    fn keep(&mut self, pointer: String, place: Place, samples: &[ProblemDetails]) -> bool {
        self.shape.places.push((pointer, place));
        let fits = self.fits(samples);
        if !fits {
            self.shape.places.pop();
        }
        fits
    }

    fn fits(&self, samples: &[ProblemDetails]) -> bool {
        samples.iter().all(|sample| self.filled(sample).is_some())
    }

    /// The value with everything that a refusal says; none where the schema does not allow that.
    fn filled(&self, details: &ProblemDetails) -> Option<Value> {
        self.ways().into_iter().map(|always| self.shape.fill(details, None, always)).find(|value| self.validator.is_valid(value))
    }

    /// The value with each thing that the schema allows; of several violations perhaps only the first, or none.
    fn filled_in_part(&self, details: &ProblemDetails) -> Value {
        let mut value = self.shape.value.clone();
        let shorter = [usize::MAX, NAMED, 1, 0].map(|count| first(details, count));
        for place in &self.shape.places {
            let tries = shorter.iter().flat_map(|details| self.ways().map(|always| (details, always)));
            let put = |(details, always)| {
                let mut filled = value.clone();
                self.shape.put(&mut filled, place, details, None, always);
                filled
            };
            let filled = tries.map(put).find(|filled| self.validator.is_valid(filled));
            value = filled.unwrap_or(value);
        }
        value
    }

    /// Whether a list has an item where there is nothing to list: not at first, if the message stands elsewhere.
    fn ways(&self) -> [bool; 2] {
        let outside = self.shape.places.iter().any(|(_, place)| matches!(place, Place::Message));
        [!outside, true]
    }

    /// Whether problem details have all that it has. A schema that requires nothing is satisfied by them, and its readers are not.
    pub fn is_like_problems(&self, code: Code) -> bool {
        let details = json!(samples(code).first());
        self.shape.value.as_object().is_none_or(|object| object.keys().all(|name| details.get(name).is_some()))
    }

    /// What a refusal is answered with: always something that the schema allows.
    pub fn write(&self, details: &ProblemDetails) -> Value {
        self.filled(details).unwrap_or_else(|| self.filled_in_part(details))
    }
}

impl Shape {
    fn has_message(&self) -> bool {
        self.places.iter().any(|(_, place)| match place {
            Place::Message => true,
            Place::Each(item) => item.has_message(),
            _ => false,
        })
    }

    /// The value with what this refusal says; of one violation in an item of a list.
    fn fill(&self, details: &ProblemDetails, violation: Option<&Violation>, always: bool) -> Value {
        let mut value = self.value.clone();
        for place in &self.places {
            self.put(&mut value, place, details, violation, always);
        }
        value
    }

    /// Fills one place.
    fn put(
        &self,
        value: &mut Value,
        (pointer, place): &(String, Place),
        details: &ProblemDetails,
        violation: Option<&Violation>,
        always: bool,
    ) {
        let says_where = self.places.iter().any(|(_, place)| matches!(place, Place::Pointer | Place::Segments));
        let said = match (place, violation) {
            (Place::Message, Some(violation)) if says_where => json!(violation.message),
            (Place::Message, Some(violation)) => json!(named(violation)),
            (Place::Message, None) => json!(message(details)),
            (Place::Title, _) => json!(details.title),
            (Place::Status, _) => json!(details.status),
            (Place::StatusText, _) => json!(details.status.to_string()),
            (Place::Code, _) => json!(code_word(details.code)),
            (Place::Pointer, _) => json!(violation.map_or("", |violation| &violation.pointer)),
            (Place::Segments, _) => {
                let segments = violation.map_or("", |violation| &violation.pointer).split('/').skip(1);
                segments.map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect()
            }
            (Place::Rule, Some(violation)) => json!(violation.rule),
            (Place::Rule, None) => json!(code_word(details.code)),
            (Place::Each(item), Some(violation)) => json!([item.fill(details, Some(violation), always)]),
            (Place::Each(item), None) => match details.errors.as_deref() {
                Some(errors) if !errors.is_empty() => {
                    errors.iter().map(|violation| item.fill(details, Some(violation), always)).collect()
                }
                _ if always => json!([item.fill(details, None, always)]),
                _ => json!([]),
            },
        };
        if let Some(place) = value.pointer_mut(pointer) {
            *place = said;
        }
    }
}

/// Finds the places in a value, those of lists with the places in their first item.
fn find(value: &Value, at: &str, name: &str, in_item: bool, places: &mut Vec<(String, Place)>) {
    let mut put = |place: Place| places.push((at.to_owned(), place));
    let is = |names: &[&str]| names.contains(&name);
    match value {
        Value::Object(object) => {
            let says = |name: &&str| !TITLES.contains(name) && object.get(*name).is_some_and(Value::is_string);
            let says = MESSAGES.iter().any(says);
            for (name, inner) in object {
                let at = join(at, name);
                if says && inner.is_string() && TITLES.contains(&name.as_str()) {
                    places.push((at, Place::Title));
                } else {
                    find(inner, &at, name, in_item, places);
                }
            }
        }
        Value::Array(items) => match items.first() {
            _ if in_item && is(&POINTERS) => put(Place::Segments),
            Some(item) if name.is_empty() || is(&MESSAGES) || is(&LISTS) => {
                let mut inner = Vec::new();
                if item.is_string() {
                    inner.push((String::new(), Place::Message))
                } else {
                    find(item, "", "", true, &mut inner)
                }
                put(Place::Each(Shape { value: item.clone(), places: inner }));
            }
            _ => {}
        },
        Value::String(_) if is(&MESSAGES) || name.is_empty() && at.is_empty() => put(Place::Message),
        Value::String(_) if in_item && is(&POINTERS) => put(Place::Pointer),
        Value::String(_) if in_item && is(&RULES) => put(Place::Rule),
        Value::String(text) if is(&STATUSES) && text.parse::<u16>().is_ok() => put(Place::StatusText),
        // A URI, such as `about:blank`, keeps its value; the schema sees to that of an `enum`.
        Value::String(text) if is(&CODES) && !text.contains(':') => put(Place::Code),
        Value::String(_) if is(&STATUSES) => put(Place::StatusText),
        Value::Number(_) if is(&STATUSES) => put(Place::Status),
        _ => {}
    }
}

/// A refusal with its first violations only.
fn first(details: &ProblemDetails, count: usize) -> ProblemDetails {
    let errors = details.errors.as_ref().map(|errors| errors.iter().take(count).cloned().collect());
    ProblemDetails { errors, ..details.clone() }
}

/// The message in one text: with the violations, where there are any.
pub(super) fn message(details: &ProblemDetails) -> String {
    let errors = details.errors.as_deref().unwrap_or_default();
    if errors.is_empty() {
        return details.message.clone();
    }
    let mut text = errors.iter().take(NAMED).map(named).collect::<Vec<_>>().join("; ");
    if errors.len() > NAMED {
        text += &format!("; and {} more", errors.len() - NAMED);
    }
    text
}

fn named(violation: &Violation) -> String {
    let pointer = if violation.pointer.is_empty() { "The body:" } else { &violation.pointer };
    format!("{pointer} {}", violation.message)
}

/// A code as it is written in problem details.
fn code_word(code: Code) -> String {
    json!(code).as_str().unwrap_or_default().to_owned()
}
