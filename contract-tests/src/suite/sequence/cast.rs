//! The operations that the document has for one kind of resource.

use serde_json::Value;

use crate::{
    openapi::{
        operation::{Operation, ParameterLocation, is_json},
        request::Target,
        resources::{KindId, Tells},
    },
    pointer::{escape, join, replace},
    suite::{
        prepared::{PlannedTarget, PreparedTarget},
        resources::forms,
        run::Run,
    },
};

/// The operations for one kind.
pub(super) struct Cast<'a> {
    pub kind: KindId,
    pub create: PlannedTarget<'a>,
    pub replace: Option<PlannedTarget<'a>>,
    pub patch: Option<PlannedTarget<'a>>,
    pub delete: Option<PlannedTarget<'a>>,
    pub list: Option<PlannedTarget<'a>>,
    /// Whether a `GET` with the `ETag` that is there is documented.
    pub is_conditional: bool,
}

/// The kinds that an operation creates and a `GET` of their own shows, each with the part that creates it: a `POST` on the collection, else
/// a `PUT` of a name that the client chooses.
pub(super) fn creators<'a>(run: &Run<'a>) -> impl Iterator<Item = (KindId, &'a PreparedTarget)> {
    let prepared = run.prepared;
    (0..prepared.resources.kinds.len()).filter_map(move |kind| {
        part(run, kind, "GET", &Tells::Names)?;
        let create = part(run, kind, "POST", &Tells::Creates).or_else(|| part(run, kind, "PUT", &Tells::Names));
        Some((kind, create?))
    })
}

impl<'a> Cast<'a> {
    /// The operations for a kind that this part creates; none where nothing shows it.
    pub fn of(run: &Run<'a>, kind: KindId, create: &'a PreparedTarget) -> Option<Self> {
        let planned = |method: &str, tells: &Tells| part(run, kind, method, tells).and_then(|part| run.planned(part));
        let getter = part(run, kind, "GET", &Tells::Names)?;
        Some(Self {
            kind,
            create: run.planned(create)?,
            replace: planned("PUT", &Tells::Names),
            patch: planned("PATCH", &Tells::Names),
            delete: planned("DELETE", &Tells::Names),
            list: planned("GET", &Tells::Lists),
            is_conditional: has_header(&getter.operation, "if-none-match", "304"),
        })
    }
}

impl Cast<'_> {
    /// Whether the client chooses what a new resource is called.
    pub fn is_named_by_client(&self) -> bool {
        self.create.target.operation.method == "PUT"
    }
}

/// Whether a header of a request, or the status that it may lead to, is documented.
pub(super) fn has_header(operation: &Operation, header: &str, status: &str) -> bool {
    let mut headers = operation.parameters.iter().filter(|parameter| parameter.place == ParameterLocation::Header);
    operation.responses.contains_key(status) || headers.any(|parameter| parameter.name.eq_ignore_ascii_case(header))
}

/// The part of a method that tells this of the kind, with a body of JSON that is no list of changes, if it has one.
fn part<'a>(run: &Run<'a>, kind: KindId, method: &str, tells: &Tells) -> Option<&'a PreparedTarget> {
    let prepared = run.prepared;
    let fits = |part: &&PreparedTarget| {
        let is_whole = part.media_type().is_none_or(|name| is_json(name) && !name.contains("json-patch"));
        let granted = run.grants.get(&part.operation.id).is_none_or(Result::is_ok);
        let told = prepared.resources.told(&part.operation);
        part.operation.method == method && is_whole && granted && told.iter().any(|(own, how)| *own == kind && how == tells)
    };
    prepared.parts.iter().find(fits)
}

/// The instance with these values for the parameters of its path, in the order of the kind; what it breaks stays the same.
pub(super) fn named(run: &Run<'_>, target: &Target, instance: &Value, values: &[Value]) -> Option<Value> {
    let Some((_, names)) = run.prepared.resources.named(&target.operation) else {
        return values.is_empty().then(|| instance.clone());
    };
    let before = target.schema.evaluate(instance).broken;
    let mut instance = instance.clone();
    for (name, value) in names.iter().zip(values) {
        instance = forms(value.clone()).into_iter().find_map(|value| {
            let mut placed = instance.clone();
            replace(&mut placed, &format!("/path/{}", escape(name)), value);
            let placed = target.as_received(placed)?;
            (target.schema.evaluate(&placed).broken == before).then_some(placed)
        })?;
    }
    Some(with_own_id(run, target, instance, values))
}

/// The same with the resource's own id where the body has one.
fn with_own_id(run: &Run<'_>, target: &Target, instance: Value, values: &[Value]) -> Value {
    let resources = &run.prepared.resources;
    let (Some((kind, _)), Some(id), Some(body)) =
        (resources.named(&target.operation), values.last(), instance.get("body").and_then(Value::as_object))
    else {
        return instance;
    };
    let Some(name) = body.keys().find(|name| resources.identifies(kind, name)) else { return instance };
    let before = target.schema.evaluate(&instance).broken;
    let fitting = forms(id.clone()).into_iter().find_map(|id| {
        let mut placed = instance.clone();
        replace(&mut placed, &join("/body", name), id);
        (target.schema.evaluate(&placed).broken == before).then_some(placed)
    });
    fitting.unwrap_or(instance)
}
