//! Resources for the requests that need some: where the server is known to have none, an operation that creates or lists them is called.

use std::{future::Future, pin::Pin, sync::PoisonError};

use super::{
    Run,
    foreign::{foreign, with_unknown_id},
    prepared::{PlannedTarget, PreparedTarget},
    resources::{is_about, name_again},
};
use crate::{
    cases::{Case, Group},
    openapi::{
        operation::Operation,
        request::Target,
        resources::{KindId, Tells},
    },
    plan::Sample,
};

/// How many plain requests of an operation are tried.
const TRIES: usize = 8;
/// How many operations are called for a kind of resource.
const PRODUCERS: usize = 4;
/// How deep resources are created below others.
const MAX_DEPTH: usize = 4;

impl Run<'_> {
    /// The instance of a sample with values for this server at this time: resources that it has, and unique values that it has not.
    pub(super) fn filled(&self, target: &Target, sample: &Sample) -> serde_json::Value {
        let about = sample.constraint.map(|id| target.schema.constraints[id].place.as_str()).filter(|place| !place.is_empty());
        let mut placed = self.known.place(&self.prepared.resources, target, &sample.instance, about);
        let mut unique = sample.unique.clone();
        // What the run has not made is not taken away: it is looked for under a name that nothing has.
        for place in foreign(&self.known, &self.prepared.resources, &target.operation, &placed) {
            if let Some(unknown) = with_unknown_id(&self.known, target, &placed, &place) {
                placed = unknown;
            } else if !is_about(about, &place) {
                unique.insert(place);
            }
        }
        let fresh = self.fresh().freshen(target, &placed, &unique);
        name_again(&self.prepared.resources, target, fresh, about)
    }

    /// The case for a sample of the plan.
    pub(super) fn case(&self, part: &PlannedTarget<'_>, index: usize) -> Case {
        self.case_of(part.target, part.sample(index), part.group(index), part.number(index))
    }

    fn case_of(&self, target: &Target, sample: &Sample, group: Group, number: usize) -> Case {
        let own = Sample { instance: self.filled(target, sample), ..sample.clone() };
        Case::of_sample(target, &own, group, number)
    }

    /// Remembers a request that was accepted, for those who need what it makes: a server may refuse most of what the document allows.
    pub(super) fn accept(&self, part: &PlannedTarget<'_>, index: usize) {
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.entry(part.target.name()).or_insert_with(|| part.sample(index).clone());
    }

    /// A sample of a target whose request was accepted.
    pub(super) fn accepted_by(&self, target: &Target) -> Option<Sample> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).get(&target.name()).cloned()
    }

    /// Sees to it that the server has a resource of each kind that requests of this operation name, refer to or list.
    pub(super) async fn provide(&self, part: &PlannedTarget<'_>) {
        let resources = &self.prepared.resources;
        let operation = &part.target.operation;
        if let Some((kind, _)) = resources.named(operation) {
            self.provide_kind(kind, operation.takes_away(), 1, 0).await;
            if let Some(parent) = resources.kinds[kind].parent.filter(|_| self.known.count(kind, false) == 0) {
                self.provide_kind(parent, false, 1, 0).await;
            }
        }
        let listed = resources.told(operation).iter().filter(|(_, tells)| *tells == Tells::Lists).map(|(kind, _)| kind);
        let in_body = resources.in_body(operation);
        for kind in part.referred.iter().chain(listed) {
            self.provide_kind(*kind, in_body == Some(*kind), 1, 0).await;
        }
    }

    /// Sees to it that as many requests of this operation can each name a resource of their own; false where they cannot.
    pub(super) async fn provide_distinct(&self, target: &Target, wanted: usize) -> bool {
        let Some((kind, _)) = self.prepared.resources.named(&target.operation) else { return false };
        self.provide_kind(kind, true, wanted, 0).await;
        self.known.count(kind, true) >= wanted
    }

    /// Sees to it that there is a resource of this kind that this run has created, where it can create one.
    pub(super) async fn provide_own(&self, kind: KindId) {
        self.provide_kind(kind, true, 1, 0).await;
    }

    /// Whether a request of this operation takes away the resource that it names.
    pub(super) fn takes(&self, operation: &Operation) -> bool {
        operation.method == "DELETE" && self.prepared.resources.is_itself(operation)
    }

    fn provide_kind(
        &self,
        kind: KindId,
        own: bool,
        wanted: usize,
        depth: usize,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let resources = &self.prepared.resources;
            if depth > MAX_DEPTH || self.known.count(kind, own) >= wanted {
                return;
            }
            let creators = resources.kinds[kind].producers.iter().flat_map(|pointer| self.parts(pointer));
            let mut creators: Vec<&PreparedTarget> = creators.filter(|part| !own || part.operation.method != "GET").collect();
            // However many there are, a list is read.
            if let Some(list) = creators.iter().position(|part| part.operation.method == "GET").filter(|list| *list >= PRODUCERS)
            {
                creators.swap(PRODUCERS - 1, list);
            }
            for part in creators.into_iter().take(PRODUCERS) {
                if self.is_over() || depth > 0 && self.is_done() || !self.known.may_try(kind) {
                    return;
                }
                let above = resources.named(&part.operation).map(|(above, _)| above);
                let above = above.and_then(|above| if above == kind { resources.kinds[kind].parent } else { Some(above) });
                for needed in above.iter().chain(part.referred()).filter(|needed| **needed != kind) {
                    self.provide_kind(*needed, false, 1, depth + 1).await;
                }
                let mut count = self.known.count(kind, own);
                loop {
                    self.call(part, kind).await;
                    let more = self.known.count(kind, own);
                    if more >= wanted {
                        return;
                    }
                    if more <= count {
                        break;
                    }
                    count = more;
                }
            }
            self.known.doubt(kind);
        })
    }

    /// Calls an operation until it succeeds.
    async fn call(&self, part: &PreparedTarget, kind: KindId) {
        let Some(part) = self.plain(part) else { return };
        let accepted = self.accepted_by(part.target);
        let accepted = accepted.iter().map(|sample| (None, self.case_of(part.target, sample, Group::Boundary, 0)));
        let mut plain = part.plain(TRIES);
        let is_list = part.target.operation.method == "GET";
        if is_list {
            // Of a list every filter may leave nothing.
            plain.sort_by_key(|index| {
                part.sample(*index).instance.get("query").and_then(|query| query.as_object()).map_or(0, |it| it.len())
            });
        }
        let plain = plain.into_iter().map(|index| (Some(index), self.case(&part, index)));
        let cases: Box<dyn Iterator<Item = _> + Send> =
            if is_list { Box::new(plain.chain(accepted)) } else { Box::new(accepted.chain(plain)) };
        for (index, case) in cases {
            // A list of nothing creates nothing.
            if case.instance.as_ref().and_then(|instance| instance.get("body")?.as_array()).is_some_and(Vec::is_empty) {
                continue;
            }
            if self.known.is_in_vain(&case.request) {
                continue;
            }
            let outcome = self.probe(part.target, &case).await;
            let status = outcome.answer.as_ref().map_or(0, |response| response.status);
            let taken = status == 409 && !self.fresh().knows(part.target);
            let is_refused = matches!(status, 400 | 409 | 422) && part.target.operation.method != "GET";
            let succeeds = (200..300).contains(&status)
                || is_refused && self.learn_needed(&part, &case, &outcome).await
                || is_refused && self.learn_unwanted(&part, &case, &outcome).await
                || taken && self.learn_fresh(&part, &case).await;
            if let Some(index) = index.filter(|_| succeeds) {
                self.accept(&part, index);
            }
            if !succeeds && matches!(status, 400 | 404 | 409 | 410 | 422) {
                self.known.note_in_vain(&case.request);
            }
            // A list of nothing gives nothing.
            if succeeds && is_list && self.known.count(kind, false) == 0 {
                continue;
            }
            // Another request of the same caller fares no better.
            let hopeless = matches!(status, 401 | 403 | 405 | 429 | 500..);
            if succeeds || hopeless || self.is_done() || !self.known.may_try(kind) {
                return;
            }
        }
    }

    /// Puts what the path of a refused request names, where there is an operation for that; false where it is not there now either.
    pub(super) async fn put_there(&self, operation: &Operation, case: &Case) -> bool {
        let Some(path) = case.instance.as_ref().and_then(|instance| instance.get("path")) else { return false };
        let puts =
            self.prepared.parts.iter().filter(|part| part.operation.method == "PUT" && part.operation.path == operation.path);
        let may_put = operation.method != "PUT" && self.known.may_put(&operation.path);
        for put in puts.filter(|_| may_put).filter_map(|put| self.plain(put)) {
            for index in put.plain(TRIES) {
                let mut instance = self.filled(put.target, put.sample(index));
                if let Some(own) = instance.get_mut("path") {
                    own.clone_from(path);
                }
                let case = Case::of_instance(put.target, case.id.clone(), "what is looked for", instance);
                let status = self.probe(put.target, &case).await.answer.map_or(0, |response| response.status);
                if (200..300).contains(&status) {
                    return true;
                }
                if matches!(status, 401 | 403 | 404 | 405 | 429 | 500..) || self.is_done() {
                    break;
                }
            }
            self.known.put_in_vain(&operation.path);
        }
        false
    }

    /// The part of an operation that can be authenticated.
    pub(super) fn part(&self, pointer: &str) -> Option<&PreparedTarget> {
        self.parts(pointer).next()
    }

    /// The parts of an operation that can be authenticated, one for each media type of its body.
    fn parts(&self, pointer: &str) -> impl Iterator<Item = &PreparedTarget> {
        let parts = self.prepared.parts.iter().filter(move |part| part.operation.pointer == pointer);
        parts.filter(|part| self.grants.get(&part.operation.id).is_none_or(Result::is_ok))
    }
}
