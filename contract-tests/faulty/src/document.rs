//! An OpenAPI document, compiled: routes, and for each operation what a request is held to and what it is answered with.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hyper::Uri;
use jsonschema::Validator;
use serde_json::{Map, Value};

use crate::{
    compile::route,
    parameter::{Parameter, Text},
    security::Security,
    template::Template,
    view::{Compiled, View, escape},
};

/// Why a document cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document cannot be served: {0}")]
pub struct Unservable(pub(crate) String);

pub struct Document {
    pub routes: Vec<Route>,
    /// The document as its answers see it, for making them.
    pub answers: Value,
    /// Its schemas.
    pub compiled: Compiled,
}

pub struct Route {
    pub template: Template,
    pub operations: Vec<ServedOperation>,
}

pub struct ServedOperation {
    /// Where it stands in the document.
    pub pointer: String,
    pub method: String,
    /// Whether its path ends with a parameter, and so names a resource: also with a slash or an ending after it.
    pub names_one: bool,
    /// What the path of one resource below its own calls that.
    pub item: Option<String>,
    /// None where the operation is open to all.
    pub security: Option<Security>,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// By status (`201`), range (`4XX`) or `default`.
    pub answers: BTreeMap<String, Answer>,
    /// Where in the body values are that no two resources share.
    pub unique: Vec<String>,
    /// The list in the answer, where it is one of a collection.
    pub list: Option<List>,
}

/// The list in the body of an answer.
pub struct List {
    /// The property that it is in; none where it is the body itself.
    pub property: Option<String>,
    /// The property that leads to the next page.
    pub next: Option<String>,
    /// What an item is made by.
    pub item: Media,
}

pub struct Body {
    pub required: bool,
    pub media: Vec<Media>,
}

pub struct Media {
    pub name: String,
    pub schema: Value,
    /// The resolved schemas of the properties, for what is sent as text.
    pub texts: BTreeMap<String, Text>,
    /// Those of an object in a form of which each property is a field of its own, `name[property]`.
    pub deep: BTreeMap<String, BTreeMap<String, Text>>,
    /// The same of what is one text in a form, and what is between its parts.
    pub joined: BTreeMap<String, (char, BTreeMap<String, Text>)>,
    pub validator: Arc<Validator>,
    /// `x-result`: what a resource must satisfy once this body has changed it.
    pub result: Option<Arc<Validator>>,
    pub example: Option<Value>,
    /// `x-answer`: what to answer with, wherever the schema allows it.
    pub wanted: Option<Value>,
}

pub struct Answer {
    pub headers: Vec<Header>,
    pub media: Vec<Media>,
}

pub struct Header {
    pub name: String,
    /// `x-answer`: its text, or null for none.
    pub wanted: Option<Value>,
    pub schema: Value,
    /// Whether its text is JSON, as its `content` says.
    pub is_json: bool,
    pub validator: Arc<Validator>,
}

impl Document {
    /// Compiles what `requests` says about requests and `answers` about answers: the same document, but for a fault.
    pub fn compile(requests: &Value, answers: &Value, known: &Compiled) -> Result<Self, Unservable> {
        let requests = View::new(requests, "readOnly", known);
        let answers = View::new(answers, "writeOnly", known);
        let paths = requests.root["paths"].as_object().into_iter().flat_map(Map::keys);
        let mut routes = paths.map(|path| route(&requests, &answers, path)).collect::<Result<Vec<Route>, _>>()?;
        routes.sort_by_key(|route| route.template.rank());
        let root = answers.root.clone();
        let compiled = requests.compiled().into_iter().chain(answers.compiled()).collect();
        Ok(Self { routes, answers: root, compiled })
    }

    /// The answers that can be given, by their pointers.
    pub fn answered(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for route in &self.routes {
            for (index, operation) in route.operations.iter().enumerate() {
                let statuses = operation.statuses(index == 0, route.template.fixed().is_some());
                let keys = statuses.into_iter().filter_map(|status| operation.answer_key(status));
                all.extend(keys.map(|key| format!("{}/responses/{}", operation.pointer, escape(key))));
            }
        }
        all
    }

    /// The operation that speaks for a path that the document does not have: the one with this method of the path that it begins
    /// with, or else the first of all.
    pub fn beside(&self, path: &str, method: &str) -> Option<&ServedOperation> {
        let routes = self.routes.iter().filter_map(|route| Some((route, route.template.fixed()?)));
        let nearest = routes.filter(|(_, fixed)| path.starts_with(fixed)).max_by_key(|(_, fixed)| fixed.len());
        let own = nearest.and_then(|(route, _)| route.operations.iter().find(|operation| operation.method == method));
        own.or_else(|| self.routes.iter().flat_map(|route| &route.operations).next())
    }

    /// The routes that a path may be one of, the most particular first, each with the path's values for the names in its template.
    pub fn routes(&self, uri: &Uri) -> Vec<(&Route, Map<String, Value>)> {
        self.routes.iter().filter_map(|route| Some((route, route.template.values(uri)?))).collect()
    }
}

impl Route {
    /// The value of `Allow`.
    pub fn allow(&self) -> String {
        self.operations.iter().map(|operation| operation.method.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl ServedOperation {
    /// What the document says about answers with this status.
    pub fn answer(&self, status: u16) -> Option<&Answer> {
        self.answers.get(self.answer_key(status)?)
    }

    /// The statuses that it can be answered with; the first operation of its path also speaks for other methods, and each that
    /// says what 404 is for the paths beside its own.
    pub fn statuses(&self, of_path: bool, beside: bool) -> Vec<u16> {
        let asks = self.body.is_some() || !self.parameters.is_empty();
        [
            (true, self.success()),
            (asks, self.refusal()),
            (self.security.is_some(), 401),
            (self.security.as_ref().is_some_and(Security::is_scoped), 403),
            (beside && self.answers.contains_key("404"), 404),
            (of_path, 405),
            (!self.unique.is_empty(), 409),
            (self.body.is_some(), 413),
            (self.body.is_some(), 415),
        ]
        .into_iter()
        .filter_map(|(can, status)| can.then_some(status))
        .collect()
    }

    /// The key in the document of the answer with this status.
    pub fn answer_key(&self, status: u16) -> Option<&String> {
        let keys = [status.to_string(), format!("{}XX", status / 100), "default".to_owned()];
        keys.iter().find_map(|key| self.answers.get_key_value(key)).map(|(key, _)| key)
    }

    /// The status of success.
    pub fn success(&self) -> u16 {
        // 304 answers only who has asked under a condition.
        let first = |class: char| self.answers.keys().find(|status| status.starts_with(class) && *status != "304");
        first('2').or_else(|| first('3')).and_then(|status| status.replace("XX", "00").parse().ok()).unwrap_or(200)
    }

    /// The status for a request that breaks a rule: 422 only where the document prefers it.
    pub fn refusal(&self) -> u16 {
        if self.answers.contains_key("422") && !self.answers.contains_key("400") { 422 } else { 400 }
    }
}
