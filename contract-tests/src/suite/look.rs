//! A look at a resource: the `GET` of its path that succeeds without anything but the path.

use std::time::Duration;

use serde_json::Value;

use super::{
    Run,
    alike::is_nothing,
    foreign::unknown_like,
    prepared::{PlannedTarget, PreparedTarget},
    resources::{forms, path_values, without_preconditions},
};
use crate::{
    cases::{Case, Credentials},
    openapi::{
        operation::{Operation, ParameterLocation, is_json},
        request::{Request, Response, Target},
        resources::{KindId, Tells},
        shared::shared_in_parts,
    },
    pointer::{escape, replace},
};

/// How often, and after how long, a resource is looked at again: a server may take a moment to show what was done.
const LOOKS: usize = 4;
pub(super) const PAUSE: Duration = Duration::from_millis(250);

/// How a resource is looked at.
pub(super) struct Look<'a> {
    pub target: &'a Target,
    pub case: Case,
}

impl Run<'_> {
    /// The look at what a path names, where the document has a `GET` for it.
    pub(super) fn look_at_path(&self, path: &str) -> Option<Look<'_>> {
        let segments: Vec<&str> = path.split('?').next()?.split('/').collect();
        let fits = |part: &&PreparedTarget| {
            let template: Vec<&str> = part.operation.path.split('/').collect();
            part.operation.method == "GET"
                && part.operation.path.contains('{')
                && template.len() == segments.len()
                && template.iter().zip(&segments).all(|(one, other)| one.starts_with('{') || one == other)
        };
        let part = self.prepared.parts.iter().find(fits)?;
        let target = part.target().ok()?;
        // A Location says where, and not with which headers.
        let asks = target.operation.parameters.iter().any(|it| it.required && it.place == ParameterLocation::Header);
        let headers = if asks { target.encode(&self.required(&self.plain(part)?)?).headers } else { Vec::new() };
        let request = Request { method: "GET".to_owned(), target: path.to_owned(), headers, ..Request::default() };
        Some(looking(target, request))
    }

    /// The look at what a request names.
    pub(super) fn look_at_same(&self, operation: &Operation, case: &Case) -> Option<Look<'_>> {
        let (kind, names) = self.prepared.resources.named(operation)?;
        self.look_at(kind, &path_values(names, case.instance.as_ref()?)?)
    }

    /// The look at the resource of a kind that these values of its path name.
    pub(super) fn look_at(&self, kind: KindId, values: &[Value]) -> Option<Look<'_>> {
        let resources = &self.prepared.resources;
        let is_getter = |part: &&PreparedTarget| {
            let told = resources.told(&part.operation);
            part.operation.method == "GET" && told.contains(&(kind, Tells::Names))
        };
        let pointer = &self.prepared.parts.iter().find(is_getter)?.operation.pointer;
        let part = self.plain(self.part(pointer)?)?;
        let target = part.target;
        let mut instance = self.required(&part)?;
        let (_, names) = resources.named(&target.operation)?;
        for (name, value) in names.iter().zip(values) {
            instance = forms(value.clone()).into_iter().find_map(|value| {
                let mut placed = instance.clone();
                replace(&mut placed, &format!("/path/{}", escape(name)), value);
                let placed = target.as_received(placed)?;
                target.schema.evaluate(&placed).broken.is_empty().then_some(placed)
            })?;
        }
        Some(looking(target, target.encode(&instance)))
    }

    /// The plain instance without what is optional, in the part of the server that all requests are about.
    fn required(&self, part: &PlannedTarget<'_>) -> Option<Value> {
        Some(self.known.in_context(&self.prepared.resources, part.target, &required(part)?, None))
    }

    /// Whether the server would say the same of whatever it is asked for: it answers so for a name that nothing has, but for that name.
    pub(super) async fn says_so_of_anything(&self, operation: &Operation, case: &Case, found: &Response) -> bool {
        let Some((kind, names)) = self.prepared.resources.named(operation) else { return false };
        let Some(mut values) = case.instance.as_ref().and_then(|instance| path_values(names, instance)) else { return false };
        let Some(last) = values.last_mut() else { return false };
        let unknown = unknown_like(last);
        let asked = std::mem::replace(last, unknown.clone());
        let Some(look) = self.look_at(kind, &values) else { return false };
        let Ok(answer) = self.look(&look, |_| true).await else { return false };
        let written = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
        answer.status == found.status && text(&answer.body).replace(&written(&unknown), &written(&asked)) == text(&found.body)
    }

    /// Asks until the answer is as it should be, for a while.
    pub(super) async fn look(&self, look: &Look<'_>, is_right: impl Fn(&Response) -> bool) -> Result<Response, String> {
        let grant = self.grant(&look.target.operation, &Credentials::Good);
        let mut found = self.send(&look.case, look.target, &grant).await;
        for _ in 1..LOOKS {
            let busy = found.as_ref().ok().and_then(|found| self.wait_for(found));
            if found.as_ref().is_ok_and(&is_right) && busy.is_none() || self.is_over() {
                break;
            }
            tokio::time::sleep(busy.unwrap_or(PAUSE)).await;
            found = self.send(&look.case, look.target, &grant).await;
        }
        found
    }

    /// What a request sent of the properties that the resource shows by the same rules.
    pub(super) fn sent(&self, target: &Target, look: &Look<'_>, case: &Case) -> Vec<(String, Value)> {
        let body = case.instance.as_ref().and_then(|instance| instance.get("body"));
        let value = |name: String| Some((name.clone(), body?.get(&name)?.clone()));
        self.shared(target, look).into_iter().filter_map(|(name, _)| value(name)).collect()
    }

    /// Whether the resource may show such a value beside what is found, by the schema of the answer: one part of it may refuse what another
    /// describes.
    pub(super) fn may_show(&self, look: &Look<'_>, found: &Value, (name, value): (&str, &Value)) -> bool {
        let Some(schema) = shown(look) else { return true };
        let mut with = found.clone();
        if let Some(with) = with.as_object_mut() {
            with.insert(name.to_owned(), value.clone());
        }
        let conformance = &self.prepared.conformance;
        conformance.allows(schema, &with) || !conformance.allows(schema, found)
    }

    /// The same, but only texts and numbers that a server would hardly choose itself: without a default, `enum` or `const`.
    pub(super) fn said(&self, target: &Target, look: &Look<'_>, case: &Case) -> Vec<(String, Value)> {
        const USUAL: [&str; 3] = ["default", "enum", "const"];
        let shared = self.shared(target, look);
        let has_usual = |at: &str| {
            let nodes = [self.document().json.pointer(at), self.document().resolve(at).map(|(_, node)| node)];
            nodes.into_iter().flatten().any(|node| USUAL.iter().any(|keyword| node.get(keyword).is_some()))
        };
        let is_free = |name: &str| shared.iter().any(|(shared, at)| shared == name && !has_usual(at));
        let sent = self.sent(target, look, case).into_iter();
        sent.filter(|(name, value)| (value.is_string() || value.is_number()) && !is_nothing(value) && is_free(name)).collect()
    }

    /// The properties that requests and the resource have by the same rules, with the places of their schemas.
    pub(super) fn shared(&self, target: &Target, look: &Look<'_>) -> Vec<(String, String)> {
        let operation = &target.operation;
        let is_own = |name: &String| target.media_type.as_ref() == Some(name);
        let request = operation.body.iter().flat_map(|body| &body.media_types).find(|(name, _)| is_own(name));
        let (Some((_, request)), Some(shown)) = (request, shown(look)) else { return Vec::new() };
        // What a resource is called is the server's, whatever a request says.
        let resources = &self.prepared.resources;
        let kind = resources.named(&look.target.operation).map(|(kind, _)| kind);
        let is_name = |name: &str| kind.is_some_and(|kind| resources.identifies(kind, name));
        shared_in_parts(self.document(), request, shown).into_iter().filter(|(name, _)| !is_name(name)).collect()
    }
}

/// The schema of the resource in the answer to a look.
fn shown<'a>(look: &'a Look<'_>) -> Option<&'a String> {
    let successes = look.target.operation.responses.iter().filter(|(status, _)| status.starts_with('2')).map(|(_, spec)| spec);
    let of_json = successes.flat_map(|spec| &spec.media_types).filter(|(name, _)| is_json(name));
    of_json.filter_map(|(_, at)| at.as_ref()).next()
}

/// The plain instance without what is optional, which may choose what is shown.
pub(super) fn required(part: &PlannedTarget<'_>) -> Option<Value> {
    let target = part.target;
    let mut instance = part.baseline()?.instance.clone();
    for parameter in target.operation.parameters.iter().filter(|it| !it.required && it.place != ParameterLocation::Path) {
        if let Some(place) = instance.get_mut(parameter.place.name()).and_then(Value::as_object_mut) {
            place.shift_remove(&parameter.name);
        }
    }
    Some(without_preconditions(target, &instance, None).unwrap_or(instance))
}

/// The look that this request is.
fn looking(target: &Target, request: Request) -> Look<'_> {
    let case = Case::of_request(target, format!("{}:state:look", target.name()), "the resource", request);
    Look { target, case }
}

/// The body of a success.
pub(super) fn json(response: &Response) -> Option<Value> {
    let body = serde_json::from_slice(&response.body).ok()?;
    (200..300).contains(&response.status).then_some(body)
}
