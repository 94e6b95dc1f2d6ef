//! Plays a sequence on the server, and finds the first step after which something is not as it was promised.

use std::{cmp::Reverse, collections::BTreeSet, slice};

use chrono::DateTime;
use serde_json::{Map, Value};

use super::{
    cast::{Cast, has_header, named},
    list::{Lister, Walk, matches},
    model::{Item, Model, Sent, State, is_strong, same_tag},
    script::{Exchange, Source},
    step::{Action, Step},
};
use crate::{
    cases::Case,
    judge::Finding,
    openapi::{
        operation::{Operation, Parameter, ParameterLocation},
        request::{Response, Target},
    },
    plan::Sample,
    pointer::{is_within, join},
    rules::{self, Rule},
    suite::{
        alike::{alike, is_nothing},
        location::own_path,
        look::{Look, PAUSE, json},
        prepared::PlannedTarget,
        resources::path_values,
        run::Run,
        send::CaseOutcome,
    },
};

/// How many requests are tried for one step.
const TRIES: usize = 4;
/// Of how many plain requests.
const PLAIN: usize = 8;
/// How many requests that break a rule are looked through for one that would change something.
const TURNS: usize = 24;
/// How often a list is looked at before it is said to be wrong: a server may take a moment.
const LOOKS: usize = 4;

/// What is not as it was promised, and the step that shows it.
pub(super) struct Breach<'a> {
    pub finding: Finding,
    pub target: &'a Target,
    pub case: Case,
    pub answer: Response,
}

/// One run of a sequence.
pub(super) struct Player<'a> {
    run: &'a Run<'a>,
    cast: &'a Cast<'a>,
    id: String,
    model: Model,
    pub exchanges: Vec<Exchange>,
    /// How many steps were taken.
    pub taken: usize,
}

impl<'a> Player<'a> {
    pub fn new(run: &'a Run<'a>, cast: &'a Cast<'a>, id: &str) -> Self {
        Self { run, cast, id: id.to_owned(), model: Model::new(), exchanges: Vec::new(), taken: 0 }
    }

    /// Whether anything was created.
    pub fn has_items(&self) -> bool {
        self.model.values().any(Item::is_present)
    }

    /// Takes each step in turn, up to the first after which something is wrong.
    pub async fn play(&mut self, steps: &[Step]) -> Option<Breach<'a>> {
        for step in steps {
            if self.run.is_over() {
                return None;
            }
            self.taken += 1;
            if let Some(breach) = self.step(step).await {
                return Some(breach);
            }
        }
        None
    }

    /// Deletes what the sequence has created, so that the next begins as this one did, and lists stay short.
    pub async fn clean_up(&mut self) {
        let Some(part) = self.cast.delete.as_ref() else { return };
        let Some(baseline) = part.baseline() else { return };
        for item in std::mem::take(&mut self.model).into_values().filter(|item| item.state != State::Gone) {
            let instance = baseline.instance.clone();
            if let Some(mut case) = self.case(part.target, "the deletion of a resource", instance, &item.values) {
                name_state(&mut case, part.target, &item);
                self.run.attempt(part.target, &case).await;
            }
        }
    }

    async fn step(&mut self, step: &Step) -> Option<Breach<'a>> {
        let cast = self.cast;
        if step.action == Action::Create {
            return self.create(step).await;
        }
        let item = self.model.get(&step.item)?.clone();
        if step.action == Action::Delete {
            return self.delete(step, &item).await;
        }
        if step.action == Action::Read && item.state == State::Gone {
            return self.still_gone(&item).await;
        }
        if !item.is_present() {
            return None;
        }
        match step.action {
            Action::Read => self.read(&item).await,
            Action::Unchanged => self.unchanged(&item).await,
            Action::Replace => self.change(step, cast.replace.as_ref()?, &item, Self::changing).await,
            Action::Patch => self.change(step, cast.patch.as_ref()?, &item, Self::changing).await,
            Action::Less => {
                let parts: Vec<&PlannedTarget<'a>> = [&cast.replace, &cast.patch].into_iter().flatten().collect();
                let part = parts.get(step.draw as usize % parts.len().max(1))?;
                self.change(step, part, &item, Self::removing).await
            }
            Action::Again => self.again(step, &item).await,
            Action::Refused => self.refused(step, &item).await,
            Action::Stale => match self.stale_change(step, &item).await {
                None => self.stale_deletion(step, &item).await,
                breach => breach,
            },
            Action::Current => self.current(step, &item).await,
            Action::List => self.list(&item).await,
            Action::Pages => self.pages(&item).await,
            Action::Filter => self.filter(step, &item).await,
            Action::Create | Action::Delete => None,
        }
    }

    fn case(&self, target: &Target, title: &str, instance: Value, values: &[Value]) -> Option<Case> {
        let instance = named(self.run, target, &instance, values)?;
        Some(Case::of_instance(target, self.id.clone(), title, instance))
    }

    async fn create(&mut self, step: &Step) -> Option<Breach<'a>> {
        let (run, part) = (self.run, &self.cast.create);
        let path = Some(part.target.operation.path.as_str()).filter(|_| self.cast.is_named_by_client());
        if path.is_some_and(|path| !run.known.may_put(path)) {
            return None;
        }
        run.provide(part).await;
        let plain = part.plain(PLAIN);
        for turn in 0..TRIES.min(plain.len()) {
            let case = self.creation(plain[(step.draw as usize + turn) % plain.len()]).await?;
            let outcome = run.attempt(part.target, &case).await;
            let answer = outcome.answer.ok()?;
            if answer.status == 409 && !run.fresh().knows(part.target) {
                run.learn_fresh(part, &case).await;
            }
            if !is_done(&answer) {
                path.into_iter().for_each(|path| run.known.put_in_vain(path));
                match answer.status {
                    401 | 403 | 405 | 429 | 500.. => return None,
                    _ => continue,
                }
            }
            path.into_iter().for_each(|path| run.known.put_indeed(path));
            let (values, source) = self.identity(&case, &answer)?;
            let named = self.cast.is_named_by_client().then_some(step.item);
            self.exchanges.push(Exchange::new(part.target, &case, named).creating(step.item, source));
            if let Some(known) = self.model.values_mut().find(|known| known.values == values) {
                known.state = State::Unclear; // Whose it is now is another rule's matter.
                return None;
            }
            self.model.insert(step.item, Item::new(values));
            self.settle(step.item, false).await;
            self.note(step.item, part.target, &case);
            let sent = self.sent(part.target, step.item, &case);
            let what = if self.cast.is_named_by_client() { "the change" } else { "the creation" };
            return self.others(step.item, &sent, part.target, &case, what).await;
        }
        None
    }

    /// A request that creates a resource; where the client chooses what it is called, under a name that nothing has.
    async fn creation(&self, index: usize) -> Option<Case> {
        let (run, part) = (self.run, &self.cast.create);
        let case = Case { id: self.id.clone(), ..run.case(part, index) };
        if !self.cast.is_named_by_client() {
            return Some(case);
        }
        let instance = case.instance?;
        let (_, names) = run.prepared.resources.named(&part.target.operation)?;
        let place = join("/path", names.last()?);
        let renamed = run.fresh().freshen(part.target, &instance, &BTreeSet::from([place.clone()]));
        let values = path_values(names, &renamed)?;
        let look = run.look_at(self.cast.kind, &values).filter(|_| renamed.pointer(&place) != instance.pointer(&place))?;
        run.look(&look, |_| true).await.ok().filter(|found| matches!(found.status, 404 | 410))?;
        self.case(part.target, "the creation of a resource", renamed, &values)
    }

    /// What names the resource that was created, and where the answer says so.
    fn identity(&self, case: &Case, created: &Response) -> Option<(Vec<Value>, Source)> {
        let (resources, kind) = (&self.run.prepared.resources, self.cast.kind);
        let above = match resources.named(&self.cast.create.target.operation) {
            Some((_, names)) => path_values(names, case.instance.as_ref()?)?,
            None => Vec::new(),
        };
        if self.cast.is_named_by_client() {
            return Some((above, Source::Request));
        }
        let location = created.header("location").and_then(|location| own_path(self.run.client().url(), &case.request, location));
        if let Some(values) = location.and_then(|path| resources.in_path(kind, &path)) {
            return Some((values, Source::Location));
        }
        let body = json(created)?;
        let inside = |wrapper: &str| body.get(wrapper).map(|body| (format!(".{wrapper}"), body));
        let (at, object) = [Some((String::new(), &body)), inside("data")]
            .into_iter()
            .flatten()
            .find(|(_, object)| resources.own_identifier(kind, object).is_some())?;
        let id = resources.own_identifier(kind, object)?;
        let (name, _) = object.as_object()?.iter().find(|(_, value)| std::ptr::eq(*value, id))?;
        let mut values = above.get(..resources.kinds[kind].names.len() - 1)?.to_vec();
        values.push(id.clone());
        Some((values, Source::Body(format!("{at}.{name:?}"))))
    }

    /// Looks at a resource until the answer is as it should be, for a while.
    async fn look(&mut self, item: usize, look: &Look<'a>, is_right: impl Fn(&Response) -> bool) -> Option<Response> {
        let found = self.run.look(look, is_right).await.ok()?;
        let tag = found.header("etag").map(str::to_owned);
        self.exchanges.push(Exchange::new(look.target, &look.case, Some(item)).tagged(tag));
        Some(found)
    }

    fn looked(&self, item: &Item) -> Option<Look<'a>> {
        self.run.look_at(self.cast.kind, &item.values)
    }

    fn number(&self, item: &Item) -> usize {
        self.model.iter().find(|(_, known)| known.values == item.values).map_or(0, |(number, _)| *number)
    }

    /// Notes how a resource is after a change of its own.
    async fn settle(&mut self, number: usize, wait: bool) -> Option<Response> {
        let item = self.model.get(&number)?.clone();
        let look = self.looked(&item)?;
        let is_new = |found: &Response| json(found).is_some_and(|found| !wait || found != item.shown);
        let found = self.look(number, &look, is_new).await;
        let known = self.model.get_mut(&number)?;
        let Some((response, shown)) = found.and_then(|found| json(&found).map(|shown| (found, shown))) else {
            known.state = State::Unclear;
            return None;
        };
        known.state = State::Present;
        let etag = response.header("etag").map(str::to_owned);
        if etag != known.etag {
            known.stale = known.etag.take().filter(|etag| is_strong(etag));
        }
        known.etag = etag;
        known.shown = shown;
        Some(response)
    }

    /// What the request sent of what the resource shows by the same rules.
    fn sent(&self, target: &Target, number: usize, case: &Case) -> Sent {
        let look = self.model.get(&number).and_then(|item| self.looked(item));
        look.map_or_else(Vec::new, |look| self.run.sent(target, &look, case))
    }

    /// Notes what a request has said of a resource that shows it: a `PUT` says all, a `PATCH` some of it.
    fn note(&mut self, number: usize, target: &Target, case: &Case) {
        let Some(item) = self.model.get(&number) else { return };
        let said = self.looked(item).map_or_else(Sent::new, |look| self.run.said(target, &look, case));
        let sent = case.instance.as_ref().and_then(|instance| instance.get("body")).cloned().unwrap_or_default();
        let Some(item) = self.model.get_mut(&number) else { return };
        item.set.retain(|(name, _)| target.operation.method == "PATCH" && sent.get(name).is_none());
        item.set.extend(said.into_iter().filter(|(name, value)| alike(value, &item.shown[name.as_str()])));
    }

    fn breach(
        &self,
        rule: &'static Rule,
        what: &str,
        detail: String,
        (target, case): (&'a Target, &Case),
        answer: Response,
    ) -> Option<Breach<'a>> {
        let finding = Finding::of(rule, &target.operation.pointer, what).with(detail);
        Some(Breach { finding, target, case: case.clone(), answer })
    }

    /// Sends a request about a resource. That the server fails is a breach.
    async fn attempt(&mut self, number: usize, target: &'a Target, case: &Case) -> Result<CaseOutcome, Breach<'a>> {
        let outcome = self.run.attempt(target, case).await;
        self.exchanges.push(Exchange::new(target, case, Some(number)));
        let failed = outcome.findings.iter().find(|finding| *finding.rule == rules::SERVER_ERROR);
        match (failed, &outcome.answer) {
            (Some(finding), Ok(answer)) => {
                Err(Breach { finding: finding.clone(), target, case: case.clone(), answer: answer.clone() })
            }
            _ => Ok(outcome),
        }
    }

    /// Sends the request of a list; for what is not about one resource.
    pub async fn ask(&mut self, target: &Target, case: &Case) -> Result<Response, String> {
        let grant = self.run.grant(&target.operation, &case.credentials);
        let answer = self.run.send(case, target, &grant).await;
        self.exchanges.push(Exchange::new(target, case, None));
        answer
    }

    /// Whether the others are as they were.
    async fn others(&mut self, number: usize, sent: &Sent, target: &'a Target, case: &Case, what: &str) -> Option<Breach<'a>> {
        let others: Vec<usize> = self.model.keys().copied().filter(|other| *other != number).collect();
        for other in others {
            let Some(item) = self.model.get(&other).filter(|item| item.is_present()).cloned() else { continue };
            let look = self.looked(&item)?;
            let found = self.look(other, &look, |found| item.harm(found, sent).is_none()).await?;
            if let Some(how) = item.harm(&found, sent) {
                let what = format!("{what} of one resource changes another");
                return self.breach(&rules::OTHER_CHANGED, &what, how, (target, case), found);
            }
        }
        None
    }

    /// A resource that nobody has touched is as it was.
    async fn read(&mut self, item: &Item) -> Option<Breach<'a>> {
        let number = self.number(item);
        let look = self.looked(item)?;
        let found = self.look(number, &look, |found| !matches!(found.status, 404 | 410)).await?;
        if matches!(found.status, 404 | 410) {
            let what = "a resource that was found before is not found any more";
            let detail = format!("GET {} answers {}", look.case.request.target, found.status);
            return self.breach(&rules::CREATED_NOT_FOUND, what, detail, (look.target, &look.case), found);
        }
        None
    }

    /// A resource that was deleted is not there again.
    async fn still_gone(&mut self, item: &Item) -> Option<Breach<'a>> {
        let number = self.number(item);
        let look = self.looked(item)?;
        let found = self.look(number, &look, |found| matches!(found.status, 404 | 410)).await?;
        // Another one may have taken its place.
        if json(&found).is_some_and(|now| alike(&item.shown, &now)) {
            let what = "a resource that was deleted is found again";
            let detail = format!("GET {} answers {}", look.case.request.target, found.status);
            return self.breach(&rules::DELETED_FOUND, what, detail, (look.target, &look.case), found);
        }
        None
    }

    /// `GET` with the current `ETag` is answered with 304, and with one that it had before with what there is.
    async fn unchanged(&mut self, item: &Item) -> Option<Breach<'a>> {
        let number = self.number(item);
        if !self.cast.is_conditional {
            return None;
        }
        self.settle(number, false).await?;
        let etag = self.model.get(&number)?.etag.clone()?;
        let mut look = self.looked(item)?;
        set_header(&mut look.case, "If-None-Match", &etag);
        let is_the_same = |found: &Response| found.status == 200 && found.header("etag").is_some_and(|now| same_tag(now, &etag));
        let found = self.look(number, &look, |found| !is_the_same(found)).await?;
        if is_the_same(&found) {
            let what = "a GET with the current ETag in If-None-Match is answered with 200 instead of 304";
            return self.breach(&rules::PRECONDITION, what, etag, (look.target, &look.case), found);
        }
        let stale = self.model.get(&number)?.stale.clone().filter(|stale| !same_tag(stale, &etag))?;
        let mut look = self.looked(item)?;
        set_header(&mut look.case, "If-None-Match", &stale);
        let found = self.look(number, &look, |found| found.status != 304).await?;
        if found.status == 304 {
            let what = "a GET with an old ETag in If-None-Match is answered with 304";
            return self.breach(&rules::PRECONDITION, what, stale, (look.target, &look.case), found);
        }
        None
    }

    /// Valid requests for a change: what they would change is not so already.
    fn changing(&self, part: &PlannedTarget<'a>, draw: u64, item: &Item, number: usize) -> Vec<(Case, Sent)> {
        let plain = part.plain(PLAIN);
        let mut samples: Vec<&Sample> =
            (0..plain.len()).map(|turn| part.sample(plain[(draw as usize + turn) % plain.len()])).collect();
        if draw == 0 {
            samples.extend(part.plan().samples.iter().filter(|sample| sample.broken.is_empty()));
            samples.sort_by_key(|sample| Reverse(richness(sample)));
        }
        let each = samples.into_iter().filter_map(|sample| {
            let instance = self.run.filled(part.target, sample);
            let mut case = self.case(part.target, "a change of a resource", instance, &item.values)?;
            name_state(&mut case, part.target, item);
            let sent = self.sent(part.target, number, &case);
            let changes = sent.iter().any(|(name, value)| !alike(value, &item.shown[name.as_str()]));
            changes.then_some((case, sent))
        });
        each.take(TRIES).collect()
    }

    /// Valid requests that take away something which a request has said: a `PUT` without it, or `null` in a `PATCH`.
    fn removing(&self, part: &PlannedTarget<'a>, _: u64, item: &Item, number: usize) -> Vec<(Case, Sent)> {
        let is_put = part.target.operation.method == "PUT";
        let own = self.settable(part.target, item);
        let removes = |sample: &&Sample| {
            let is_removed = |body: &Map<String, Value>, name: &str| match body.get(name) {
                None => is_put && own.contains(name),
                Some(value) => !is_put && value.is_null(),
            };
            let body = sample.instance.get("body").and_then(Value::as_object);
            sample.broken.is_empty() && body.is_some_and(|body| item.set.iter().any(|(name, _)| is_removed(body, name)))
        };
        let each = part.plan().samples.iter().filter(removes).filter_map(|sample| {
            let instance = self.run.filled(part.target, sample);
            let mut case = self.case(part.target, "a change that takes something away", instance, &item.values)?;
            name_state(&mut case, part.target, item);
            let sent = self.sent(part.target, number, &case);
            Some((case, sent))
        });
        each.take(TRIES).collect()
    }

    async fn change(
        &mut self,
        step: &Step,
        part: &PlannedTarget<'a>,
        item: &Item,
        cases: impl Fn(&Self, &PlannedTarget<'a>, u64, &Item, usize) -> Vec<(Case, Sent)>,
    ) -> Option<Breach<'a>> {
        let mut carried_out = None;
        for (case, sent) in cases(self, part, step.draw, item, step.item) {
            let outcome = match self.attempt(step.item, part.target, &case).await {
                Ok(outcome) => outcome,
                Err(breach) => return Some(breach),
            };
            let answer = outcome.answer.ok()?;
            if !(400..500).contains(&answer.status) {
                carried_out = Some((case, sent)).filter(|_| is_done(&answer));
                break;
            }
        }
        let (case, sent) = carried_out?;
        let found = self.settle(step.item, true).await?;
        let now = self.model.get_mut(&step.item)?;
        now.put = case.instance.clone().filter(|_| part.target.operation.method == "PUT");
        let is_changed = |name: &str, value: &Value| !alike(value, &item.shown[name]) && alike(value, &now.shown[name]);
        let changed = sent.iter().filter(|(name, value)| is_changed(name, value));
        let before: Sent = changed.map(|(name, _)| (name.clone(), item.shown[name.as_str()].clone())).collect();
        now.before.extend(before);
        self.note(step.item, part.target, &case);
        let mut now = self.model.get(&step.item)?.clone();
        if self.beyond(part.target, &case, item, &now.shown).is_some() {
            // A server may take a moment to carry out all of it.
            tokio::time::sleep(PAUSE).await;
            let found = self.settle(step.item, false).await?;
            now = self.model.get(&step.item)?.clone();
            if let Some((rule, what, name)) = self.beyond(part.target, &case, item, &now.shown) {
                return self.breach(rule, what, name, (part.target, &case), found);
            }
        }
        if let (Some(before), Some(after)) = (&item.etag, &now.etag)
            && before == after
            && is_strong(after)
            && sent.iter().any(|(name, _)| !alike(&item.shown[name.as_str()], &now.shown[name.as_str()]))
        {
            let what = "a changed resource has the ETag that it had before";
            return self.breach(&rules::ETAG, what, after.clone(), (part.target, &case), found);
        }
        self.others(step.item, &sent, part.target, &case, "the change").await
    }

    /// The properties that requests of an operation can set and the resource shows.
    fn settable(&self, target: &Target, item: &Item) -> BTreeSet<String> {
        let look = self.looked(item);
        look.map(|look| self.run.shared(target, &look).into_iter().map(|(name, _)| name).collect()).unwrap_or_default()
    }

    /// What a change has done beyond what it said, or has left of what it took away.
    fn beyond(&self, target: &Target, case: &Case, item: &Item, now: &Value) -> Option<(&'static Rule, &'static str, String)> {
        let resources = &self.run.prepared.resources;
        let body = case.instance.as_ref()?.get("body")?.as_object()?;
        if let (Some(before), Some(after)) =
            (resources.own_identifier(self.cast.kind, &item.shown), resources.own_identifier(self.cast.kind, now))
            && text(before) != text(after)
            && !body.values().any(|sent| text(sent) == text(after))
        {
            return Some((&rules::OTHER_CHANGED, "a change of a resource changes its id", text(after)));
        }
        let is_creation = |name: &str| matches!(name.to_lowercase().as_str(), "createdat" | "created_at");
        let moved = item.shown.as_object()?.iter().find(|(name, before)| {
            let is_time = |value: &Value| value.as_str().is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok());
            let after = &now[name.as_str()];
            is_creation(name) && !body.contains_key(*name) && is_time(before) && is_time(after) && !alike(before, after)
        });
        if let Some((name, _)) = moved {
            return Some((&rules::TIMESTAMPS, "a change of a resource changes the time of its creation", name.clone()));
        }
        if target.operation.method == "PUT" {
            let own = self.settable(target, item);
            let is_left_out = |name: &str| own.contains(name) && !body.contains_key(name);
            let what = "a PUT keeps a property that it leaves out";
            let kept = item.first_set(now, |name, set, _, now| is_left_out(name) && alike(set, now));
            return kept.map(|name| (&rules::CHANGE_NOT_SHOWN, what, name));
        }
        let what = "a PATCH removes a property that it leaves out";
        let lost = item.first_set(now, |name, _, _, now| !body.contains_key(name) && is_nothing(now));
        if let Some(name) = lost {
            return Some((&rules::OTHER_CHANGED, what, name));
        }
        if !target.media_type.as_deref().is_some_and(|name| name.contains("merge-patch")) {
            return None;
        }
        let what = "null in a merge patch does not remove the property";
        let left = item.first_set(now, |name, set, _, now| is_null(case, name) && alike(set, now));
        left.map(|name| (&rules::CHANGE_NOT_SHOWN, what, name))
    }

    /// The same `PUT` again leaves what it said.
    async fn again(&mut self, step: &Step, item: &Item) -> Option<Breach<'a>> {
        let part = self.cast.replace.as_ref()?;
        let put = item.put.clone()?;
        let case = self.case(part.target, "the same PUT again", put, &item.values)?;
        if requires_state(&part.target.operation) {
            return None;
        }
        let sent = self.sent(part.target, step.item, &case);
        let outcome = match self.attempt(step.item, part.target, &case).await {
            Ok(outcome) => outcome,
            Err(breach) => return Some(breach),
        };
        outcome.answer.ok().filter(is_done)?;
        let look = self.looked(item)?;
        let found = self.look(step.item, &look, |found| item.undone(found, &sent).is_none()).await?;
        if let Some(name) = item.undone(&found, &sent) {
            let what = "a PUT that is sent twice leaves another resource than once";
            return self.breach(&rules::PUT_TWICE, what, name, (part.target, &case), found);
        }
        self.settle(step.item, false).await;
        None
    }

    /// A change that is refused changes nothing.
    async fn refused(&mut self, step: &Step, item: &Item) -> Option<Breach<'a>> {
        let cast = self.cast;
        let parts: Vec<&PlannedTarget<'a>> = [&cast.replace, &cast.patch].into_iter().flatten().collect();
        let part = *parts.get(step.draw as usize % parts.len().max(1))?;
        let in_body = |sample: &&Sample| {
            let is_object = sample.instance.get("body").is_some_and(Value::is_object);
            is_object && !sample.broken.is_empty() && sample.broken.iter().all(|broken| broken.place.starts_with("/body/"))
        };
        let samples: Vec<&Sample> = part.plan().samples.iter().filter(in_body).collect();
        // What a request says beside what it breaks is what a server may keep of it.
        for turn in 0..TURNS.min(samples.len()) {
            let sample = samples[(step.draw as usize * 7 + turn) % samples.len()];
            let instance = self.run.filled(part.target, sample);
            let Some(case) = self.case(part.target, "a change that breaks a rule", instance, &item.values) else { continue };
            let sent = self.sent(part.target, step.item, &case);
            let is_broken = |name: &str| sample.broken.iter().any(|broken| is_within(&broken.place, &join("/body", name)));
            if !sent.iter().any(|(name, value)| !is_broken(name) && !alike(value, &item.shown[name.as_str()])) {
                continue;
            }
            let outcome = match self.attempt(step.item, part.target, &case).await {
                Ok(outcome) => outcome,
                Err(breach) => return Some(breach),
            };
            if !(400..500).contains(&outcome.answer.ok()?.status) {
                self.settle(step.item, false).await; // That it is accepted is another rule's matter.
                return None;
            }
            let look = self.looked(item)?;
            let found = self.look(step.item, &look, |found| item.harm(found, &sent).is_none()).await?;
            return match item.harm(&found, &sent) {
                Some(how) => {
                    let what = "a change that is refused changes the resource";
                    self.breach(&rules::REFUSAL_CHANGES_STATE, what, how, (part.target, &case), found)
                }
                None => None,
            };
        }
        None
    }

    /// The change that may depend on the `ETag`.
    fn conditional(&self) -> Option<&'a PlannedTarget<'a>> {
        let cast = self.cast;
        [&cast.replace, &cast.patch].into_iter().flatten().find(|part| is_conditional(part.target))
    }

    /// A change with an old `ETag` in `If-Match` is not carried out.
    async fn stale_change(&mut self, step: &Step, item: &Item) -> Option<Breach<'a>> {
        let part = self.conditional()?;
        let stale = item.stale.clone().filter(|stale| item.etag.as_ref() != Some(stale))?;
        let (mut case, sent) = self.changing(part, step.draw, item, step.item).into_iter().next()?;
        set_header(&mut case, "If-Match", &stale);
        self.stale(step, item, part.target, (case, sent), stale).await
    }

    /// Nor is a deletion.
    async fn stale_deletion(&mut self, step: &Step, item: &Item) -> Option<Breach<'a>> {
        let part = self.cast.delete.as_ref().filter(|part| is_conditional(part.target))?;
        let stale = item.stale.clone().filter(|stale| item.etag.as_ref() != Some(stale))?;
        let title = "the deletion of a resource as it was before";
        let mut case = self.case(part.target, title, part.baseline()?.instance.clone(), &item.values)?;
        set_header(&mut case, "If-Match", &stale);
        self.stale(step, item, part.target, (case, Sent::new()), stale).await
    }

    async fn stale(
        &mut self,
        step: &Step,
        item: &Item,
        target: &'a Target,
        (case, sent): (Case, Sent),
        stale: String,
    ) -> Option<Breach<'a>> {
        let outcome = match self.attempt(step.item, target, &case).await {
            Ok(outcome) => outcome,
            Err(breach) => return Some(breach),
        };
        let answer = outcome.answer.ok()?;
        let what = if target.operation.method == "DELETE" { "deletion" } else { "change" };
        if is_done(&answer) {
            let what = format!("a {what} with an old ETag in If-Match is carried out with {}", answer.status);
            return self.breach(&rules::PRECONDITION, &what, stale, (target, &case), answer);
        }
        if answer.status != 412 {
            return None;
        }
        let look = self.looked(item)?;
        let found = self.look(step.item, &look, |found| item.harm(found, &sent).is_none()).await?;
        let how = item.harm(&found, &sent)?;
        let what = format!("a {what} that is refused with 412 is carried out");
        self.breach(&rules::REFUSAL_CHANGES_STATE, &what, how, (target, &case), found)
    }

    /// A change with the current `ETag` in `If-Match` is not refused for that.
    async fn current(&mut self, step: &Step, item: &Item) -> Option<Breach<'a>> {
        let part = self.conditional()?;
        self.settle(step.item, false).await?;
        let etag = self.model.get(&step.item)?.etag.clone().filter(|etag| is_strong(etag))?;
        let (plain, _) = self.changing(part, step.draw, item, step.item).into_iter().next()?;
        let mut case = plain.clone();
        set_header(&mut case, "If-Match", &etag);
        let outcome = match self.attempt(step.item, part.target, &case).await {
            Ok(outcome) => outcome,
            Err(breach) => return Some(breach),
        };
        let answer = outcome.answer.ok()?;
        self.settle(step.item, is_done(&answer)).await?;
        let item = self.model.get_mut(&step.item)?;
        (item.put, item.set) = (None, Sent::new());
        if answer.status == 412 && item.etag.as_ref() == Some(&etag) {
            // Some have 412 for other reasons too: then the request is refused without the condition as well.
            if !requires_state(&part.target.operation) {
                let without = match self.attempt(step.item, part.target, &plain).await {
                    Ok(outcome) => outcome.answer.ok()?,
                    Err(breach) => return Some(breach),
                };
                self.settle(step.item, is_done(&without)).await?;
                if !is_done(&without) {
                    return None;
                }
            }
            let what = "a change with the current ETag in If-Match is refused with 412";
            return self.breach(&rules::PRECONDITION, what, etag, (part.target, &case), answer);
        }
        None
    }

    async fn delete(&mut self, step: &Step, item: &Item) -> Option<Breach<'a>> {
        let part = self.cast.delete.as_ref()?;
        let instance = part.baseline()?.instance.clone();
        let title = if item.is_present() { "the deletion of a resource" } else { "the deletion of a deleted resource" };
        let mut case = self.case(part.target, title, instance, &item.values)?;
        name_state(&mut case, part.target, item);
        let outcome = match self.attempt(step.item, part.target, &case).await {
            Ok(outcome) => outcome,
            Err(breach) => return Some(breach),
        };
        if !item.is_present() {
            return None;
        }
        outcome.answer.ok().filter(is_done)?;
        let look = self.looked(item)?;
        let found = self.look(step.item, &look, |found| matches!(found.status, 404 | 410)).await?;
        let gone = matches!(found.status, 404 | 410);
        self.model.get_mut(&step.item)?.state = if gone { State::Gone } else { State::Unclear };
        self.others(step.item, &Vec::new(), part.target, &case, "the deletion").await
    }

    fn lister(&self, item: &Item) -> Option<Lister<'a>> {
        Lister::new(self.run, self.cast, &item.values, &self.id)
    }

    /// How often a resource is in a list; none where the items of the list do not say which they are.
    fn count(&self, walk: &Walk, item: &Item) -> Option<usize> {
        let resources = &self.run.prepared.resources;
        let ids: Vec<&Value> = walk.items.iter().filter_map(|listed| resources.own_identifier(self.cast.kind, listed)).collect();
        let own = text(item.values.last()?);
        (ids.len() == walk.items.len()).then(|| ids.iter().filter(|id| text(id) == own).count())
    }

    /// A resource as a list shows it.
    fn own<'w>(&self, walk: &'w Walk, item: &Item) -> Option<&'w Value> {
        let own = text(item.values.last()?);
        let is_own = |listed: &&Value| {
            self.run.prepared.resources.own_identifier(self.cast.kind, listed).is_some_and(|id| text(id) == own)
        };
        walk.items.iter().find(is_own)
    }

    /// The resources that belong in the same list as this one.
    fn siblings(&self, item: &Item) -> Vec<Item> {
        let above = &item.values[..item.values.len() - 1];
        self.model.values().filter(|other| other.values.starts_with(above)).cloned().collect()
    }

    /// Looks at a list until nothing is wrong with it, for a while.
    async fn listed(
        &mut self,
        lister: &Lister<'a>,
        size: Option<u64>,
        wrong: impl Fn(&Self, &Walk) -> Option<(&'static Rule, String, String)>,
    ) -> Option<Breach<'a>> {
        for look in 1..=LOOKS {
            let walk = lister.walk(self, &[], size).await?;
            let (rule, what, detail) = wrong(self, &walk)?;
            if look == LOOKS || self.run.is_over() {
                return self.breach(rule, &what, detail, (lister.target, &walk.case), walk.answer);
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }

    /// What was created is listed, and what was deleted is not.
    async fn list(&mut self, item: &Item) -> Option<Breach<'a>> {
        let lister = self.lister(item)?;
        let siblings = self.siblings(item);
        let (hides, filters) = (lister.may_hide(), lister.has_filters());
        let breach = self
            .listed(&lister, None, |player, walk| {
                let counts: Option<Vec<usize>> = siblings.iter().map(|item| player.count(walk, item)).collect();
                let counts = counts?;
                let of = |state: State| siblings.iter().zip(&counts).filter(move |(item, _)| item.state == state);
                let shown = |item: &Item| item.values.iter().map(text).collect::<Vec<_>>().join("/");
                if let Some((item, _)) = of(State::Gone).find(|(_, count)| **count > 0) {
                    return Some((&rules::DELETED_LISTED, "a deleted resource is still in the list".to_owned(), shown(item)));
                }
                if let Some((item, _)) = of(State::Present).find(|(_, count)| **count > 1) {
                    return Some((&rules::PAGING, "a list has the same resource twice".to_owned(), shown(item)));
                }
                let mut outdated = of(State::Present).flat_map(|(item, _)| player.own(walk, item).map(move |own| (item, own)));
                if let Some(name) = outdated.find_map(|(item, listed)| item.outdated(listed)) {
                    let what = "a list shows a resource as it was before its change";
                    return Some((&rules::CHANGE_NOT_SHOWN, what.to_owned(), name.to_owned()));
                }
                // A list in which nothing is that was created may be another's; an empty one that nothing can filter is not.
                let is_theirs = of(State::Present).any(|(_, count)| *count > 0) || walk.items.is_empty() && !filters;
                let missing = of(State::Present).find(|(_, count)| **count == 0);
                let (item, _) = missing.filter(|_| walk.complete && is_theirs && !hides)?;
                Some((&rules::NOT_LISTED, "a created resource is not in the list".to_owned(), shown(item)))
            })
            .await;
        match breach {
            // It may have been deleted by somebody else.
            Some(breach) if *breach.finding.rule == rules::NOT_LISTED => {
                for item in &siblings {
                    if item.is_present() {
                        self.read(item).await.is_none().then_some(())?;
                    }
                }
                Some(breach)
            }
            other => other,
        }
    }

    /// Page by page each resource is visited once.
    async fn pages(&mut self, item: &Item) -> Option<Breach<'a>> {
        let lister = self.lister(item)?;
        let whole = lister.walk(self, &[], None).await.filter(|walk| walk.complete)?;
        let siblings: Vec<Item> =
            self.siblings(item).into_iter().filter(|item| item.is_present() && self.count(&whole, item) == Some(1)).collect();
        if siblings.len() < 2 {
            return None;
        }
        let size = lister.size_for(whole.items.len())?;
        let name = lister.size_name().to_owned();
        let has_pages = lister.has_pages();
        self.listed(&lister, Some(size), |player, walk| {
            if walk.longest as u64 > size {
                let what = format!("a page has more items than {name} says");
                return Some((&rules::PAGING, what, format!("{} instead of {size}", walk.longest)));
            }
            let shown = |item: &Item| item.values.iter().map(text).collect::<Vec<_>>().join("/");
            let found = |wanted: fn(usize) -> bool| siblings.iter().find(|item| player.count(walk, item).is_some_and(wanted));
            if let Some(item) = found(|count| count > 1) {
                return Some((&rules::PAGING, "the pages of a list have the same resource twice".to_owned(), shown(item)));
            }
            let item = found(|count| count == 0).filter(|_| walk.complete && has_pages)?;
            Some((&rules::PAGING, "the pages of a list leave a resource out".to_owned(), shown(item)))
        })
        .await
    }

    /// A list with a filter, or with several at once, has what matches, and nothing else, on each page.
    async fn filter(&mut self, step: &Step, item: &Item) -> Option<Breach<'a>> {
        let lister = self.lister(item)?;
        let filters = lister.filters(&item.shown);
        let one = filters.get(step.draw as usize % filters.len().max(1))?.clone();
        let whole = lister.walk(self, &[], None).await.filter(|walk| self.count(walk, item) == Some(1))?;
        let found = match self.filtered(&lister, slice::from_ref(&one), None, item, &whole).await? {
            Ok(found) => found,
            Err(breach) => return Some(breach),
        };
        if let Some(size) = lister.size_for(found).filter(|_| lister.has_pages())
            && let Err(breach) = self.filtered(&lister, slice::from_ref(&one), Some(size), item, &whole).await?
        {
            return Some(breach);
        }
        if filters.len() < 2 {
            return None;
        }
        self.filtered(&lister, &filters, None, item, &whole).await?.err()
    }

    /// Looks at a list with filters, in pages of this size where asked to, until nothing is wrong with it, for a while; gives how many
    /// match.
    async fn filtered(
        &mut self,
        lister: &Lister<'a>,
        filters: &[(&'a Parameter, Value)],
        size: Option<u64>,
        item: &Item,
        whole: &Walk,
    ) -> Option<Result<usize, Breach<'a>>> {
        let names: Vec<&str> = filters.iter().map(|(parameter, _)| parameter.name.as_str()).collect();
        let named = format!("{} {}", if names.len() == 1 { "the filter" } else { "the filters" }, names.join(" and "));
        for look in 1..=LOOKS {
            let walk = lister.walk(self, filters, size).await?;
            let mut others = filters.iter().flat_map(|(parameter, wanted)| {
                let found = walk.items.iter().filter_map(|item| item.get(&parameter.name));
                found.filter(|found| !found.is_null() && !matches(wanted, found)).map(move |found| (found, wanted))
            });
            let (what, detail) = match others.next() {
                Some((other, wanted)) => {
                    let what = format!("a list with {named} has an item that does not match");
                    (what, format!("{} instead of {}", text(other), text(wanted)))
                }
                None if whole.complete && walk.complete && self.count(&walk, item) == Some(0) => {
                    let wanted: Vec<String> = filters.iter().map(|(_, wanted)| text(wanted)).collect();
                    (format!("a list with {named} leaves out what matches"), wanted.join(", "))
                }
                None => return Some(Ok(walk.items.len())),
            };
            if look == LOOKS || self.run.is_over() {
                let breach = self.breach(&rules::FILTER, &what, detail, (lister.target, &walk.case), walk.answer);
                return breach.map(Err);
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }
}

/// Whether a request was carried out, and not only taken for later.
fn is_done(answer: &Response) -> bool {
    (200..300).contains(&answer.status) && answer.status != 202
}

/// How many properties of a body say something.
fn richness(sample: &Sample) -> usize {
    let body = sample.instance.get("body").and_then(Value::as_object);
    body.map_or(0, |body| body.values().filter(|value| !is_nothing(value)).count())
}

/// Whether a request removes a property with `null`.
fn is_null(case: &Case, name: &str) -> bool {
    case.instance.as_ref().and_then(|instance| instance.get("body")?.get(name)).is_some_and(Value::is_null)
}

/// Whether a change may name the state that it changes.
fn is_conditional(target: &Target) -> bool {
    has_header(&target.operation, "if-match", "412")
}

/// Whether a change must name the state that it changes.
fn requires_state(operation: &Operation) -> bool {
    let mut headers = operation.parameters.iter().filter(|parameter| parameter.place == ParameterLocation::Header);
    headers.any(|parameter| parameter.required && parameter.name.eq_ignore_ascii_case("if-match"))
}

/// Where a request must say which state of a resource it changes, that is the current one.
fn name_state(case: &mut Case, target: &Target, item: &Item) {
    if let Some(etag) = item.etag.as_ref().filter(|_| requires_state(&target.operation)) {
        set_header(case, "If-Match", etag);
    }
}

fn set_header(case: &mut Case, name: &str, value: &str) {
    case.request.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    case.request.headers.push((name.to_owned(), value.to_owned()));
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
