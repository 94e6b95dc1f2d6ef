//! All that a document describes in one place, as one schema: whole requests, a header, a body. For those who compare documents.

use serde_json::{Value, json};

use crate::{
    inclusion::{Located, documented},
    openapi::{
        curl,
        document::{Document, DocumentError},
        operation::{Operation, ParameterLocation, is_json},
        request::{REQUESTS, Target, Undescribed, bundle},
    },
    schema::{ReferenceValidator, Schema, part},
};

/// All instances that a document describes in one place, with the schema that they are valid against.
pub struct Described {
    document: Value,
    pointer: String,
    kind: Kind,
}

enum Kind {
    /// A whole request, `{path, query, header, cookie, body}`.
    Request(Box<Target>),
    /// The value of a header field of a response, which is text on its way.
    Header(Schema, ReferenceValidator),
    /// A body.
    Body(Schema, ReferenceValidator),
}

/// A rule that an instance breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocatedViolation {
    /// Where the keyword stands in the document (JSON Pointer).
    pub pointer: String,
    /// Which item of a keyword that lists rules: the property of `required`.
    pub item: Option<String>,
    /// The value that breaks it (JSON Pointer); for a missing or unknown property, that property.
    pub place: String,
}

impl Document {
    /// The requests of an operation with this media type of its body, as the document describes them: with a value in every place
    /// of `{path, query, header, cookie}`, nothing undescribed in any of them, no text that is empty but in the query, and names of
    /// headers in lower case. Where the media type is none or not JSON, without their body.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Schema`].
    pub fn requests(&self, operation: &Operation, media_type: Option<&str>) -> Result<Described, DocumentError> {
        if operation.partial {
            let cause = "it has a parameter that is not modelled".to_owned();
            return Err(DocumentError::Schema { pointer: operation.pointer.clone(), cause });
        }
        let mut operation = operation.clone();
        for parameter in operation.parameters.iter_mut().filter(|parameter| parameter.place == ParameterLocation::Header) {
            parameter.name = parameter.name.to_lowercase();
        }
        let media_types = operation.body.as_ref().map(|body| body.media_types.as_slice()).unwrap_or_default();
        let body = media_types.iter().find(|(name, _)| is_json(name) && Some(name.as_str()) == media_type).cloned();
        let document = bundle(self, &operation, body.as_ref(), Undescribed::Refused);
        let target = Target::of(&document, &operation, body.as_ref())?;
        Ok(Described { document, pointer: REQUESTS.to_owned(), kind: Kind::Request(Box::new(target)) })
    }

    /// The bodies of a request that are valid against the schema at `pointer`, for media types other than JSON.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Schema`].
    pub fn request_bodies(&self, pointer: &str) -> Result<Described, DocumentError> {
        Self::described(self.in_requests(), pointer, Kind::Body)
    }

    /// The bodies of a response that are valid against the schema at `pointer`.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Schema`].
    pub fn response_bodies(&self, pointer: &str) -> Result<Described, DocumentError> {
        Self::described(self.in_answers(), pointer, Kind::Body)
    }

    /// The values of a header field of a response that are valid against the schema at `pointer`.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Schema`].
    pub fn response_headers(&self, pointer: &str) -> Result<Described, DocumentError> {
        Self::described(self.in_answers(), pointer, Kind::Header)
    }

    /// `document`: as this direction sees it.
    fn described(
        document: &Value,
        pointer: &str,
        kind: fn(Schema, ReferenceValidator) -> Kind,
    ) -> Result<Described, DocumentError> {
        let document = part(document, [pointer.to_owned()]);
        let schema = Schema::compile(&document, pointer);
        let validator = ReferenceValidator::compile(&document, pointer, &schema)
            .map_err(|cause| DocumentError::Schema { pointer: pointer.to_owned(), cause })?;
        Ok(Described { document, pointer: pointer.to_owned(), kind: kind(schema, validator) })
    }
}

impl Described {
    /// The schema in its document, which is the one it was made from and, for requests, their schema.
    pub fn located(&self) -> Located<'_> {
        Located { document: &self.document, pointer: &self.pointer }
    }

    /// The same without the properties that it does not describe, see [`documented`].
    pub fn documented(mut self) -> Self {
        documented::close(&mut self.document, &self.pointer);
        self
    }

    /// The instance as its receiver reads it, for whom text has no type; none where it cannot be sent.
    pub fn received(&self, instance: &Value) -> Option<Value> {
        match &self.kind {
            Kind::Request(target) => target.as_received(instance.clone()),
            Kind::Header(..) | Kind::Body(..) => Some(instance.clone()),
        }
    }

    /// What a received instance breaks; none where it is described.
    pub fn violations(&self, instance: &Value) -> Vec<LocatedViolation> {
        match &self.kind {
            Kind::Request(target) => match target.as_received(instance.clone()) {
                Some(instance) => violations(&target.schema, &target.validator, &instance),
                None => Vec::new(),
            },
            Kind::Body(schema, validator) => violations(schema, validator, instance),
            Kind::Header(schema, validator) => {
                // Text may stand for a number or a boolean: valid in either reading is valid.
                let text = instance.as_str().map_or_else(|| instance.to_string(), str::to_owned);
                let reading = serde_json::from_str::<Value>(&text).ok();
                let mut all: Vec<Vec<LocatedViolation>> = [Some(json!(text)), reading]
                    .into_iter()
                    .flatten()
                    .map(|value| violations(schema, validator, &value))
                    .collect();
                if all.iter().any(Vec::is_empty) { Vec::new() } else { all.pop().unwrap_or_default() }
            }
        }
    }

    /// The command that sends a request to `url`; none for what is no request, or cannot be sent.
    pub fn curl(&self, url: &str, instance: &Value) -> Option<String> {
        let Kind::Request(target) = &self.kind else { return None };
        let instance = target.as_received(instance.clone())?;
        let authorization = if target.operation.security.is_some() { vec!["Bearer ".to_owned()] } else { Vec::new() };
        Some(curl::command(url, &target.encode(&instance), &authorization, true, std::iter::empty()))
    }
}

/// Where the engine and boon do not agree that an instance is invalid, it breaks nothing for certain.
fn violations(schema: &Schema, validator: &ReferenceValidator, instance: &Value) -> Vec<LocatedViolation> {
    if validator.accepts(instance) {
        return Vec::new();
    }
    let trace = schema.evaluate(instance);
    let violation = |violation: crate::schema::Violation| {
        let constraint = &schema.constraints()[violation.constraint];
        LocatedViolation { pointer: constraint.pointer.clone(), item: constraint.item.clone(), place: violation.place }
    };
    trace.broken.into_iter().map(violation).collect()
}
