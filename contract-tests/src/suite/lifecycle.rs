//! Whether resources are what the answers said: what was created is found as it was sent, what was changed shows it, and what was deleted
//! is gone.

use serde_json::Value;

use super::{
    Run,
    alike::alike,
    location::{Place, place},
    look::{Look, json},
    prepared::PlannedTarget,
    resources::path_values,
};
use crate::{
    cases::{Case, Expect},
    judge::Finding,
    openapi::{
        request::{Response, Target},
        resources::{IDENTIFIERS, KindId, Tells},
    },
    plan::Sample,
    pointer::escape,
    rules::{self, Rule},
    schema::equal,
};

/// How many valid requests are looked through for one that changes something.
const TRIES: usize = 8;

/// Tries what the operation does with a resource; gives how many cases were judged.
pub(crate) async fn run(run: &Run<'_>, part: &PlannedTarget<'_>, baseline: &Sample) -> usize {
    let operation = &part.target.operation;
    let is_itself = run.prepared.resources.is_itself(operation);
    let lifecycle = Lifecycle { run, part, target: part.target };
    let judged = match operation.method.as_str() {
        "POST" => lifecycle.created(baseline).await,
        "PUT" | "PATCH" if is_itself && !is_list_of_changes(part.target) => lifecycle.changed().await,
        "DELETE" if is_itself => lifecycle.deleted().await,
        _ => None,
    };
    judged.map_or(0, |()| {
        run.count_judged();
        1
    })
}

/// Whether a body says step by step what to change (RFC 6902).
fn is_list_of_changes(target: &Target) -> bool {
    target.media_type.as_deref().is_some_and(|name| name.contains("json-patch"))
}

/// One part of the run.
struct Lifecycle<'a> {
    run: &'a Run<'a>,
    part: &'a PlannedTarget<'a>,
    target: &'a Target,
}

impl Lifecycle<'_> {
    /// What was created is where `Location` or its id says, as it was sent. None where there is nothing to judge.
    async fn created(&self, baseline: &Sample) -> Option<()> {
        let resources = &self.run.prepared.resources;
        let told = resources.told(&self.target.operation).iter();
        let kind = told.filter(|(_, tells)| matches!(tells, Tells::Creates | Tells::Link(_))).map(|(kind, _)| *kind).next();
        let has_getter =
            self.run.prepared.parts.iter().any(|part| part.operation.method == "GET" && part.operation.path.contains('{'));
        let case = self.case("created", "a created resource", self.run.filled(self.target, baseline), &rules::VALID_REFUSED);
        if !has_getter || !self.run.is_selected(&case.id) {
            return None;
        }
        let outcome = self.run.attempt(self.target, &case).await;
        for finding in &outcome.findings {
            self.run.fail(self.target, &case, finding, outcome.answer.as_ref());
        }
        let created = outcome.answer.ok().filter(|created| (200..300).contains(&created.status) && created.status != 202)?;
        let location = created.header("location").filter(|_| created.status == 201);
        let at_location = match location.and_then(|location| place(self.run.client().url(), &case.request, location)) {
            Some(Place::Below(path)) => self.run.look_at_path(&path),
            // The prefix may be forgotten, where what is left has the form of a path.
            Some(Place::Beside { url, path }) => self.run.look_at_path(&path).map(|mut look| {
                look.case.request.target = url.into();
                look
            }),
            None => None,
        };
        let (look, rule) = match at_location {
            Some(look) => (look, &rules::LOCATION),
            None => (self.named(kind?, &case, &created)?, &rules::CREATED_NOT_FOUND),
        };
        let found = self.run.look(&look, |found| !matches!(found.status, 404 | 410)).await;
        if let Some(finding) = self.about_created(rule, &look, &case, (&created, &found)) {
            self.run.fail(self.target, &case, &finding, found.as_ref());
        }
        Some(())
    }

    fn about_created(
        &self,
        rule: &'static Rule,
        look: &Look<'_>,
        case: &Case,
        (created, found): (&Response, &Result<Response, String>),
    ) -> Option<Finding> {
        let pointer = &self.target.operation.pointer;
        let asked = &look.case.request.target;
        let found = match found {
            Err(cause) if *rule == rules::LOCATION => {
                return Some(Finding::of(rule, pointer, "nothing answers at the Location").with(cause.clone()));
            }
            Err(_) => return None,
            // It has no time, which says nothing of the resource.
            Ok(found) if matches!(found.status, 429 | 503) => return None,
            Ok(found) => found,
        };
        let lost = |what: &str| Some(Finding::of(rule, pointer, what).with(format!("GET {asked} answers {}", found.status)));
        if *rule == rules::LOCATION {
            // A documented redirect leads there.
            let is_redirect =
                (300..400).contains(&found.status) && look.target.operation.responses.contains_key(&found.status.to_string());
            if is_redirect {
                return None;
            }
            if found.status != 200 {
                return lost("the Location of a created resource does not lead to it");
            }
            if let Some(name) = differs(case, created, found) {
                let what = format!("the resource at Location has another {name} than the 201");
                return Some(Finding::of(rule, pointer, what));
            }
        } else if matches!(found.status, 404 | 410) {
            // Only a 201 says that it is there now.
            return if created.status == 201 { lost("a created resource is not found") } else { None };
        }
        let names = self.lost(look, case, created, &json(found)?);
        (!names.is_empty()).then(|| {
            Finding::of(&rules::FOUND_DIFFERS, pointer, "a created resource is not found as it was sent").with(names.join(", "))
        })
    }

    /// What was changed shows it.
    async fn changed(&self) -> Option<()> {
        let id = self.id("changed");
        if !self.run.is_selected(&id) {
            return None;
        }
        for index in self.part.plain(TRIES) {
            if self.run.is_done() {
                return None;
            }
            self.run.provide(self.part).await;
            let instance = self.run.filled(self.target, self.part.sample(index));
            let case = self.case("changed", "a change of a resource", instance, &rules::VALID_REFUSED);
            let look = self.run.look_at_same(&self.target.operation, &case)?;
            let before = json(self.run.look(&look, |_| true).await.as_ref().ok()?)?;
            // Only what is not so already can be seen to change.
            let sent = self.run.sent(self.target, &look, &case);
            let is_change = |(name, sent): &(String, Value)| {
                !alike(sent, &before[name.as_str()]) && self.run.may_show(&look, &before, (name, sent))
            };
            let changes: Vec<_> = sent.into_iter().filter(is_change).collect();
            if changes.is_empty() {
                continue;
            }
            let outcome = self.run.attempt(self.target, &case).await;
            let Some(changed) = outcome.answer.ok().filter(|it| (200..300).contains(&it.status) && it.status != 202) else {
                continue;
            };
            let stays = |found: &Value| changes.iter().all(|(name, _)| equal(&before[name.as_str()], &found[name.as_str()]));
            let found = self.run.look(&look, |found| json(found).is_none_or(|found| !stays(&found))).await;
            let now = json(found.as_ref().ok()?)?;
            let pointer = &self.target.operation.pointer;
            let finding = if stays(&now) {
                let names: Vec<&str> = changes.iter().map(|(name, _)| name.as_str()).collect();
                let what = "an accepted change does not show in the resource";
                Some(Finding::of(&rules::CHANGE_NOT_SHOWN, pointer, what).with(names.join(", ")))
            } else {
                let names = self.lost(&look, &case, &changed, &now);
                let what = "a changed resource is not found as it was sent";
                (!names.is_empty()).then(|| Finding::of(&rules::FOUND_DIFFERS, pointer, what).with(names.join(", ")))
            };
            if let Some(finding) = finding {
                self.run.fail(self.target, &case, &finding, found.as_ref());
            }
            return Some(());
        }
        None
    }

    /// What was deleted is gone.
    async fn deleted(&self) -> Option<()> {
        let (kind, _) = self.run.prepared.resources.named(&self.target.operation)?;
        if !self.run.is_selected(&self.id("deleted")) {
            return None;
        }
        self.run.provide(self.part).await;
        if self.run.known.count(kind, true) == 0 {
            return None; // Only what is the run's own is deleted.
        }
        let instance = self.run.filled(self.target, self.part.baseline()?);
        let case = self.case("deleted", "the deletion of a resource", instance, &rules::VALID_REFUSED);
        let look = self.run.look_at_same(&self.target.operation, &case)?;
        let before = self.run.look(&look, |_| true).await.ok().filter(|found| (200..300).contains(&found.status))?;
        let outcome = self.run.attempt(self.target, &case).await;
        outcome.answer.ok().filter(|deleted| (200..300).contains(&deleted.status) && deleted.status != 202)?;
        let is_same = |found: &Response| (200..300).contains(&found.status) && found.body == before.body;
        let found = self.run.look(&look, |found| !is_same(found)).await;
        if let Ok(response) = found.as_ref()
            && is_same(response)
            && !self.run.says_so_of_anything(&self.target.operation, &case, response).await
        {
            let what = "a deleted resource is still found";
            let asked = format!("GET {} answers {}", look.case.request.target, response.status);
            let finding = Finding::of(&rules::DELETED_FOUND, &self.target.operation.pointer, what).with(asked);
            self.run.fail(self.target, &case, &finding, found.as_ref());
        }
        Some(())
    }

    fn id(&self, name: &str) -> String {
        format!("{}:state:{name}", self.target.name())
    }

    fn case(&self, name: &str, title: &str, instance: Value, rule: &'static Rule) -> Case {
        Case { expect: Expect::Success, rule, ..Case::of_instance(self.target, self.id(name), title, instance) }
    }

    /// The look at what the answer to a creation identifies.
    fn named(&self, kind: KindId, case: &Case, created: &Response) -> Option<Look<'_>> {
        let resources = &self.run.prepared.resources;
        let body = json(created)?;
        let id = [Some(&body), body.get("data")].into_iter().flatten().find_map(|body| resources.own_identifier(kind, body))?;
        let above = match resources.named(&self.target.operation) {
            Some((_, names)) => path_values(names, case.instance.as_ref()?)?,
            None => Vec::new(),
        };
        let mut values = above.get(..resources.kinds[kind].names.len() - 1)?.to_vec();
        values.push(id.clone());
        self.run.look_at(kind, &values)
    }

    /// The names of the properties that are found otherwise than they were sent, but for those about which the answer to the request said
    /// so itself.
    fn lost(&self, look: &Look<'_>, case: &Case, answer: &Response, found: &Value) -> Vec<String> {
        let answer = json(answer).unwrap_or_default();
        let is_said = |name: &str, sent: &Value| answer.get(name).is_some_and(|said| !alike(sent, said));
        let sent = self.run.sent(self.target, look, case).into_iter();
        let may_show = |name: &str, sent: &Value| self.run.may_show(look, found, (name, sent));
        let lost =
            sent.filter(|(name, sent)| !alike(sent, &found[name.as_str()]) && !is_said(name, sent) && may_show(name, sent));
        if found.is_object() { lost.map(|(name, _)| name).collect() } else { Vec::new() }
    }
}

/// The first property that was sent, or is an identifier, and that both have with different values: what else a resource has may have
/// changed in between, such as its state.
fn differs(case: &Case, created: &Response, found: &Response) -> Option<String> {
    let (created, found) = (json(created)?, json(found)?);
    let sent = case.instance.as_ref().and_then(|instance| instance.get("body"));
    let is_kept = |name: &str| IDENTIFIERS.contains(&name) || sent.is_some_and(|sent| sent.get(name).is_some());
    let differing = created
        .as_object()?
        .iter()
        .find(|(name, value)| is_kept(name) && found.get(name.as_str()).is_some_and(|other| !alike(value, other)));
    differing.map(|(name, _)| escape(name))
}
