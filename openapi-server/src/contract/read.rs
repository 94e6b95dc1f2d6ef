//! Reads what the document says of each operation, and compiles it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use http::{HeaderName, HeaderValue, Method};
use jsonschema::Validator;
use mime::Mime;
use openapi_document::pointer::join;
use serde_json::{Value, json};

use super::{
    ContractError, Document,
    answer::answer,
    document::resolve,
    media::Range,
    refusal::{self, Form, Template},
    schemas::{Schemas, for_answers, for_requests},
    security::{self, Alternative},
    shape::Shape,
    style::{Encoding, Serialization, Style},
};
use crate::problem::Code;

/// What a request for this operation is held to, and what it is answered with.
pub(super) struct Operation {
    /// `operationId`, for the log; method and path where there is none.
    pub id: Arc<str>,
    /// Any of these lets a caller in; empty where the operation is open to all.
    pub security: Vec<Alternative>,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// By status (`201`), range (`4XX`) or `default`.
    pub responses: BTreeMap<String, Answer>,
    /// How a refusal with each code is written.
    pub refusals: Vec<(Code, Form)>,
}

impl Operation {
    /// Whether the contract itself refuses requests with this code.
    fn may_refuse(&self, code: Code) -> bool {
        match code {
            Code::BadRequest => self.body.is_some() || !self.parameters.is_empty(),
            // Rates are those of callers, and without the keys of their issuer nobody is one.
            Code::Unauthorized | Code::Forbidden | Code::TooManyRequests | Code::ServiceUnavailable => !self.security.is_empty(),
            Code::RequestTimeout | Code::PayloadTooLarge | Code::UnsupportedMediaType => self.body.is_some(),
            _ => false,
        }
    }
}

/// Where a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the path, where the template has its name.
    Path,
    /// In the query string.
    Query,
    /// In a header of that name.
    Header,
    /// In a cookie of that name.
    Cookie,
}

pub(super) struct Parameter {
    pub name: String,
    pub place: Place,
    pub required: bool,
    /// Whether an empty text is taken whatever the schema says.
    pub empty: bool,
    pub text: Text,
    pub validator: Arc<Validator>,
}

/// How a value is sent as text.
pub(super) enum Text {
    /// In a style.
    Styled(Serialization, Shape),
    /// As JSON (`content` with a JSON media type).
    Json,
}

pub(super) struct Body {
    pub required: bool,
    /// From the most particular media type to the widest range.
    pub contents: Vec<RequestContent>,
}

pub(super) struct RequestContent {
    pub range: Range,
    pub validator: Arc<Validator>,
    pub shape: Shape,
    /// How each property of a form, or part of a multipart body, is written where `encoding` says so.
    pub encodings: BTreeMap<String, PartEncoding>,
    /// What `x-result` says: the schema that a resource must satisfy after this body has changed it.
    pub result: Option<Arc<Validator>>,
}

/// An encoding object (OpenAPI 3.1, section 4.8.15).
pub(super) struct PartEncoding {
    pub content_types: Vec<Range>,
    pub style: Option<Serialization>,
    /// The headers of a part.
    pub headers: Vec<HeaderRule>,
}

pub(super) struct Answer {
    /// Where in the document.
    pub pointer: String,
    /// From the most particular media type to the widest range.
    pub contents: Vec<AnswerContent>,
    pub headers: Vec<HeaderRule>,
}

pub(super) struct AnswerContent {
    pub range: Range,
    pub validator: Arc<Validator>,
    /// Where in the document.
    pub pointer: String,
}

/// A header that the document has for an answer, or for a part of a body.
pub(super) struct HeaderRule {
    pub name: HeaderName,
    pub required: bool,
    pub text: Text,
    pub validator: Arc<Validator>,
}

/// A path template and its operations.
pub(super) type Path = (String, Vec<(Method, Operation)>);

/// What has been read of a document.
pub(super) struct Compiled {
    pub paths: Vec<Path>,
    pub declined: Vec<Declined>,
    /// Where the document has answers for refusals that none can be written as.
    pub unmet: Vec<String>,
}

/// A media type of a body that is documented beside others and cannot be checked; requests with it get 415.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declined {
    /// Where in the document.
    pub pointer: String,
    /// The media type.
    pub media_type: String,
}

/// Compiles every path of the document. What cannot be enforced is an error: nothing documented is left unchecked.
///
/// It reads the JSON as it is: a typed model of OpenAPI knows fewer documents and keywords than there are.
pub(super) fn compile(document: &Document) -> Result<Compiled, ContractError> {
    let (requests, answers) = (for_requests(document.value()), for_answers(document.value()));
    let (requests, answers) = (Schemas::new(&requests)?, Schemas::new(&answers)?);
    let reader = Reader { requests, answers, document: document.value(), templates: RefCell::default() };
    let (mut declined, mut unmet) = (Vec::new(), BTreeSet::new());
    let mut paths: Vec<Path> = Vec::new();
    for operation in document.loaded().operations() {
        let method = Method::from_bytes(operation.method.as_bytes())
            .map_err(|_| ContractError::unsupported(&operation.pointer, "a method of this name"))?;
        let id = format!("{method} {}", operation.path);
        let mut compiled = reader.operation(&operation.path_item, &operation.pointer, id, &mut declined, &mut unmet)?;
        // A parameter of the path that the template has no place for says nothing about any request.
        let has_place = |name: &str| operation.path.contains(&format!("{{{name}}}"));
        compiled.parameters.retain(|parameter| parameter.place != Place::Path || has_place(&parameter.name));
        match paths.last_mut() {
            Some((path, operations)) if path == operation.path => operations.push((method, compiled)),
            _ => paths.push((operation.path.to_owned(), vec![(method, compiled)])),
        }
    }
    Ok(Compiled { paths, declined, unmet: unmet.into_iter().collect() })
}

struct Reader<'d> {
    document: &'d Value,
    requests: Schemas<'d>,
    answers: Schemas<'d>,
    templates: RefCell<Templates>,
}

/// By schema, which the reader keeps in its place, code, and the content where it has examples of its own; none where there is no template.
type Templates = HashMap<(*const Validator, Code, Option<String>), Option<Arc<Template>>>;

impl Reader<'_> {
    fn operation(
        &self,
        item: &str,
        at: &str,
        name: String,
        declined: &mut Vec<Declined>,
        unmet: &mut BTreeSet<String>,
    ) -> Result<Operation, ContractError> {
        let node = |name: &str| self.document.pointer(&format!("{at}/{name}"));
        let id = node("operationId").and_then(Value::as_str).map_or_else(|| Arc::from(name), Arc::from);
        let mut parameters = self.parameters(&format!("{at}/parameters"))?;
        for shared in self.parameters(&format!("{item}/parameters"))? {
            // The operation's own parameter of this name takes its place (OpenAPI 3.1, section 4.8.10.1).
            if !parameters.iter().any(|own| own.name == shared.name && own.place == shared.place) {
                parameters.push(shared);
            }
        }
        let mut responses = BTreeMap::new();
        for status in self.keys(&format!("{at}/responses")).filter(|status| !status.starts_with("x-")) {
            responses.insert(status.to_uppercase(), self.answer(&format!("{at}/responses/{status}"))?);
        }
        let body = node("requestBody").map(|_| self.body(&format!("{at}/requestBody"), declined)).transpose()?;
        let security = security::read(self.document, at)?;
        let mut operation = Operation { id, security, parameters, body, responses, refusals: Vec::new() };
        operation.refusals = Code::ALL.into_iter().filter_map(|code| Some((code, self.form(&operation, code, unmet)?))).collect();
        Ok(operation)
    }

    /// How a refusal with this code is written; none where the document says nothing about it. What cannot be written in the form
    /// that the document defines is added to `unmet`.
    fn form(&self, operation: &Operation, code: Code, unmet: &mut BTreeSet<String>) -> Option<Form> {
        let answer = answer(&operation.responses, code.status()).filter(|answer| !answer.contents.is_empty())?;
        let problem_json: Mime = "application/problem+json".parse().ok()?;
        let takes = |content: &&AnswerContent| refusal::takes_problems(&content.validator, code);
        let readable = |content: &&AnswerContent| {
            takes(content) && self.template(content, code).is_none_or(|template| template.is_like_problems(code))
        };
        let problem = answer.contents.iter().find(|content| content.range.includes(&problem_json));
        // A range, such as `*/*`, is meant for something else where its schema is.
        let is_meant = |content: &&AnswerContent| content.range.essence() == problem_json.essence_str() || readable(content);
        if problem.filter(takes).as_ref().is_some_and(is_meant) {
            return Some(Form::Problem(None));
        }
        let media_type = |content: &AnswerContent| {
            let own = if content.range.is_json() { content.range.written() } else { mime::APPLICATION_JSON.as_ref() };
            HeaderValue::try_from(own).ok()
        };
        let json = || answer.contents.iter().filter(|content| content.range.is_json());
        let ranges = || answer.contents.iter().filter(|content| content.range.includes(&mime::APPLICATION_JSON));
        let written = json().find(readable).and_then(|content| Some(Form::Problem(Some(media_type(content)?))));
        let other = |content: &AnswerContent| Some(Form::Other(media_type(content)?, self.template(content, code)?));
        let text = || {
            let text = answer.contents.iter().find(|content| content.range.includes(&mime::TEXT_PLAIN));
            text.filter(|content| refusal::takes_text(&content.validator, code)).map(|_| Form::Text)
        };
        let form = written.or_else(|| json().find_map(other)).or_else(text).or_else(|| ranges().find_map(other));
        if form.is_none() && operation.may_refuse(code) {
            unmet.insert(answer.pointer.clone());
        }
        form
    }

    /// The template for refusals in this content. A schema has one for each code, and one for each content with examples.
    fn template(&self, content: &AnswerContent, code: Code) -> Option<Arc<Template>> {
        let document = self.answers.document();
        let at = &content.pointer;
        let schema = format!("{at}/schema");
        let example = [format!("{at}/example"), format!("{schema}/example"), format!("{schema}/examples/0")];
        let example = example.iter().filter_map(|at| document.pointer(at));
        let named = document.pointer(&format!("{at}/examples")).and_then(Value::as_object);
        let named = named.into_iter().flat_map(|examples| examples.values()).filter_map(|example| example.get("value"));
        let examples: Vec<&Value> = example.chain(named).collect();
        let key = (Arc::as_ptr(&content.validator), code, (!examples.is_empty()).then(|| at.clone()));
        if let Some(known) = self.templates.borrow().get(&key) {
            return known.clone();
        }
        let template = Template::new(document, &schema, &content.validator, code, &examples).map(Arc::new);
        self.templates.borrow_mut().insert(key, template.clone());
        template
    }

    fn keys(&self, at: &str) -> impl Iterator<Item = &str> {
        self.document.pointer(at).and_then(Value::as_object).into_iter().flat_map(|object| object.keys()).map(String::as_str)
    }

    fn parameters(&self, at: &str) -> Result<Vec<Parameter>, ContractError> {
        let count = self.document.pointer(at).and_then(Value::as_array).map_or(0, Vec::len);
        let all = (0..count).map(|index| self.parameter(&format!("{at}/{index}")));
        all.filter_map(Result::transpose).collect()
    }

    /// A parameter; none for headers that OpenAPI has other places for (3.1, section 4.8.12.2.1).
    fn parameter(&self, at: &str) -> Result<Option<Parameter>, ContractError> {
        let (at, node) = resolve(self.document, at)?;
        let text = |name: &str| node.get(name).and_then(Value::as_str);
        let place = match text("in") {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            Some("cookie") => Place::Cookie,
            _ => return Err(ContractError::unsupported(&at, "a parameter outside path, query, header and cookie")),
        };
        let name = text("name").ok_or_else(|| ContractError::Missing(format!("{at}/name")))?;
        if place == Place::Header && ["accept", "content-type", "authorization"].iter().any(|own| name.eq_ignore_ascii_case(own))
        {
            return Ok(None);
        }
        let (text, validator) = self.text(&self.requests, &at, node, place)?;
        Ok(Some(Parameter {
            name: name.to_owned(),
            place,
            required: node.get("required") == Some(&json!(true)) || place == Place::Path,
            empty: node.get("allowEmptyValue") == Some(&json!(true)),
            text,
            validator,
        }))
    }

    /// How the value of a parameter or header is written, and the validator for it.
    fn text(&self, schemas: &Schemas<'_>, at: &str, node: &Value, place: Place) -> Result<(Text, Arc<Validator>), ContractError> {
        if let Some(content) = node.get("content").and_then(Value::as_object) {
            let [name] = content.keys().collect::<Vec<_>>()[..] else {
                return Err(ContractError::unsupported(at, "content with more or less than one media type"));
            };
            let schema = format!("{}/schema", join(&format!("{at}/content"), name));
            let validator = schemas.validator(&schema)?;
            let range: Range = name.parse().map_err(|_| ContractError::unsupported(at, &format!("the media type {name}")))?;
            let text = if range.is_json() {
                Text::Json
            } else {
                Text::Styled(serialization(at, &json!({}), place)?, scalar(schemas, &schema, at)?)
            };
            return Ok((text, validator));
        }
        let schema = format!("{at}/schema");
        let validator = schemas.validator(&schema)?;
        let shape = Shape::of(schemas.document(), &schema);
        Ok((Text::Styled(serialization(at, node, place)?, shape), validator))
    }

    fn body(&self, at: &str, declined: &mut Vec<Declined>) -> Result<Body, ContractError> {
        let (at, node) = resolve(self.document, at)?;
        let (mut contents, mut refused) = (Vec::new(), Vec::new());
        for name in self.keys(&format!("{at}/content")) {
            let at = join(&format!("{at}/content"), name);
            let range: Range = name.parse().map_err(|_| ContractError::unsupported(&at, &format!("the media type {name}")))?;
            match self.content(&at, range)? {
                Some(content) => contents.push(content),
                None => refused.push(Declined { pointer: at, media_type: name.to_owned() }),
            }
        }
        match refused.first() {
            Some(first) if contents.is_empty() => {
                let what = format!("a request body of type {} that is not a text", first.media_type);
                return Err(ContractError::unsupported(&first.pointer, &what));
            }
            _ => declined.append(&mut refused),
        }
        contents.sort_by_key(|content| content.range.width());
        Ok(Body { required: node.get("required") == Some(&json!(true)), contents })
    }

    /// The content of a media type; none where it can be anything but a text, and there is no way to read more out of it.
    fn content(&self, at: &str, range: Range) -> Result<Option<RequestContent>, ContractError> {
        let schema = format!("{at}/schema");
        let shape = Shape::of(self.requests.document(), &schema);
        if !range.is_structured() && !shape.string && self.document.pointer(&schema).is_some() {
            return Ok(None);
        }
        let result_at = format!("{at}/x-result");
        let result = self.document.pointer(&result_at).map(|_| self.requests.validator(&result_at)).transpose()?;
        let mut encodings = BTreeMap::new();
        for name in self.keys(&format!("{at}/encoding")) {
            let at = join(&format!("{at}/encoding"), name);
            let node = self.document.pointer(&at).unwrap_or(&Value::Null);
            let types = node.get("contentType").and_then(Value::as_str).into_iter().flat_map(|types| types.split(','));
            let content_types = types
                .map(|name| name.trim().parse().map_err(|_| ContractError::unsupported(&at, &format!("the media type {name}"))))
                .collect::<Result<_, _>>()?;
            let styled = ["style", "explode", "allowReserved"].iter().any(|field| node.get(field).is_some());
            let style = styled.then(|| serialization(&at, node, Place::Query)).transpose()?;
            // Of other bodies they are ignored (OpenAPI 3.1, section 4.8.15.1).
            let headers = if range.has_parts() { self.headers(&self.requests, &at, node)? } else { Vec::new() };
            encodings.insert(name.to_owned(), PartEncoding { content_types, style, headers });
        }
        let validator = self.requests.validator(&schema)?;
        Ok(Some(RequestContent { range, validator, shape, encodings, result }))
    }

    /// The `headers` of the node at `at`.
    fn headers(&self, schemas: &Schemas<'_>, at: &str, node: &Value) -> Result<Vec<HeaderRule>, ContractError> {
        let mut headers = Vec::new();
        for name in node.get("headers").and_then(Value::as_object).into_iter().flat_map(|headers| headers.keys()) {
            if name.eq_ignore_ascii_case("content-type") {
                continue; // OpenAPI 3.1, section 4.8.17.1: it is ignored here.
            }
            let (at, header) = resolve(self.document, &join(&format!("{at}/headers"), name))?;
            let (text, validator) = self.text(schemas, &at, header, Place::Header)?;
            headers.push(HeaderRule {
                name: name.parse().map_err(|_| ContractError::unsupported(&at, "a header of this name"))?,
                required: header.get("required") == Some(&json!(true)),
                text,
                validator,
            });
        }
        Ok(headers)
    }

    fn answer(&self, at: &str) -> Result<Answer, ContractError> {
        let (at, node) = resolve(self.document, at)?;
        let headers = self.headers(&self.answers, &at, node)?;
        let mut contents = Vec::new();
        for name in self.keys(&format!("{at}/content")) {
            let at = join(&format!("{at}/content"), name);
            let range: Range = name.parse().map_err(|_| ContractError::unsupported(&at, &format!("the media type {name}")))?;
            let validator = self.answers.validator(&format!("{at}/schema"))?;
            contents.push(AnswerContent { range, validator, pointer: at });
        }
        contents.sort_by_key(|content| content.range.width());
        Ok(Answer { pointer: at, contents, headers })
    }
}

/// The style of a parameter, header or encoding object with its `explode`.
fn serialization(at: &str, node: &Value, place: Place) -> Result<Serialization, ContractError> {
    use Place::{Cookie, Header, Path, Query};

    let style = match (node.get("style").and_then(Value::as_str), place) {
        (None | Some("simple"), Path | Header) => Style::Simple,
        (None | Some("form"), Query | Cookie) => Style::Form,
        (Some("label"), Path) => Style::Label,
        (Some("matrix"), Path) => Style::Matrix,
        (Some("spaceDelimited"), Query) => Style::SpaceDelimited,
        (Some("pipeDelimited"), Query) => Style::PipeDelimited,
        (Some("deepObject"), Query) => Style::DeepObject,
        (Some(style), _) => return Err(ContractError::unsupported(at, &format!("the style {style} in this place"))),
    };
    let explode = node.get("explode").and_then(Value::as_bool).unwrap_or(matches!(style, Style::Form | Style::DeepObject));
    Ok(Serialization { style, explode, encoding: Encoding::of(place) })
}

/// The shape of a text that is one value.
fn scalar(schemas: &Schemas<'_>, schema: &str, at: &str) -> Result<Shape, ContractError> {
    let shape = Shape::of(schemas.document(), schema);
    if shape.is_scalar() { Ok(shape) } else { Err(ContractError::unsupported(at, "content that is not JSON and not one value")) }
}
