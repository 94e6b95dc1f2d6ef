//! The plain valid request of an operation. Its variants say something only where it is accepted: what is wrong with a server that
//! refuses every request of an operation, for an id that it does not know or a caller that it does not trust, is not theirs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    foreign::with_unknown_id,
    prepared::{PlannedTarget, PreparedTarget},
    resources::{keeps, optional_headers, put, without, without_headers},
    run::Run,
    send::CaseOutcome,
    words::{is_named, repeats, says_missing, says_taken},
};
use crate::{
    cases::{Case, protocol::texts},
    judge::{Finding, status::is_of_login},
    openapi::{
        operation::Operation,
        request::{Response, Target},
        resources::{KindId, Tells, may_refer},
    },
    pointer::escape,
    report::Secrets,
    rules,
    text::word,
};

/// How many plain requests are tried.
const TRIES: usize = 8;

/// How many are tried where the time of the operation is up.
const FEW: usize = 3;

/// How often a server may ask for one more thing that is optional.
const MAX_NEEDED: usize = 4;

/// How many characters of an answer a reason quotes.
const QUOTED: usize = 120;

impl Run<'_> {
    /// Looks for a valid request that is accepted, and gives the number of its sample.
    ///
    /// # Errors
    ///
    /// Why there is none; the first refusal is a finding where nothing but the server can be blamed for it.
    pub(super) async fn baseline(&self, part: &PlannedTarget<'_>) -> Result<usize, String> {
        let mut first: Option<(Case, CaseOutcome)> = None;
        let mut tried = 0;
        for index in part.plain(TRIES) {
            self.provide(part).await;
            let case = self.case(part, index);
            let outcome = self.attempt(part.target, &case).await;
            let status = outcome.answer.as_ref().map_or(0, |response| response.status);
            if (200..400).contains(&status) {
                if !self.fresh().knows(part.target) && !is_idempotent(&case.request.method) {
                    let again = self.probe(part.target, &self.renamed(part.target, &case)).await;
                    if is_taken(&again) {
                        self.learn_fresh(part, &case).await;
                    }
                }
                return Ok(index);
            }
            if matches!(status, 400 | 422)
                && (self.learn_refused(part, &case, &outcome).await || self.learn_needed(part, &case, &outcome).await)
            {
                return Ok(index);
            }
            if matches!(status, 400 | 404 | 422) && self.learn_naming(part, &case, &outcome).await {
                return Ok(index);
            }
            // Whatever it accepts in the end.
            if first.is_some() {
                self.note_failure(part.target, &case, &outcome);
            } else {
                for finding in outcome.findings.iter().filter(|finding| *finding.rule == rules::SERVER_ERROR) {
                    if self.suite.is_selected(&case.id) {
                        self.found(part.target, &case, finding, &outcome).await;
                    }
                }
            }
            // Of what the path names there may be none before somebody puts it there.
            if matches!(status, 404 | 410) && first.is_none() && self.put_there(&part.target.operation, &case).await {
                let again = self.probe(part.target, &case).await;
                if again.answer.is_ok_and(|response| (200..300).contains(&response.status)) {
                    return Ok(index);
                }
            }
            // What is gone at once is gone with all of its kind: another operation may clear them away.
            if matches!(status, 404 | 410)
                && first.is_some()
                && let Some((kind, _)) = self.prepared.resources.named(&part.target.operation)
                && self.prepared.resources.is_itself(&part.target.operation)
            {
                self.known.clear(kind, &[]);
            }
            // Only some conflicts are about a name.
            if status == 409 && self.learn_unwanted(part, &case, &outcome).await {
                return Ok(index);
            }
            if status == 409 && !self.fresh().knows(part.target) && self.learn_fresh(part, &case).await {
                return Ok(index);
            }
            // Another request may have taken it already.
            let may_be_taken = (tried == 0 || outcome.answer.as_ref().is_ok_and(says_taken))
                && matches!(status, 400 | 422)
                && part.target.operation.method == "POST";
            if may_be_taken && !self.fresh().knows(part.target) && self.learn_taken(part, &case).await {
                return Ok(index);
            }
            if matches!(status, 400 | 422) && self.learn_unwanted(part, &case, &outcome).await {
                return Ok(index);
            }
            first.get_or_insert((case, outcome));
            tried += 1;
            // An operation that does not answer in time does not get that of the others.
            if self.is_over() || self.is_done() && (tried >= FEW || status == 0) {
                break;
            }
        }
        let Some((case, outcome)) = first else {
            let cause = part.target.schema.contradictions.first();
            let cause = cause.map(|gap| format!(": {}: {}", gap.pointer, gap.reason)).unwrap_or_default();
            return Err(format!("no valid request can be made{cause}"));
        };
        let reason = match &outcome.answer {
            Err(cause) => format!("there is no answer: {cause}"),
            Ok(response) => said(response),
        };
        let reason = Secrets::new(self.secrets(), false).hidden(&reason);
        if self.suite.is_selected(&case.id) {
            let trusted = self.suite.keyring.signer.is_some() || part.target.operation.security.is_none();
            let operation = &part.target.operation;
            let response = outcome.answer.as_ref().ok();
            let status = response.map(|response| response.status);
            // Without a live resource the path has an id that was made up, and where there is nothing to say nothing can be wrong with it.
            let is_blind = !self.has_live(operation) || says_nothing(operation);
            let blamed = response.is_some_and(|response| !is_excused(operation, response, trusted)) && !is_blind;
            // A good token that is refused is about the tokens, whatever the request was.
            let security = operation.security.as_ref().filter(|_| matches!(status, Some(401 | 403)));
            let mut refused = false;
            for finding in outcome.findings.iter().filter(|finding| *finding.rule != rules::SERVER_ERROR) {
                let mut finding = finding.clone();
                if *finding.rule == rules::VALID_REFUSED {
                    if !blamed || std::mem::replace(&mut refused, true) {
                        continue;
                    }
                    if let Some(security) = security {
                        finding.promise.clone_from(&security.pointer);
                    }
                }
                self.found(part.target, &case, &finding, &outcome).await;
            }
        }
        Err(reason)
    }

    /// Whether what the path names is known to exist.
    fn has_live(&self, operation: &Operation) -> bool {
        let named = self.prepared.resources.named(operation);
        named.map_or(!operation.path.contains('{'), |(kind, _)| self.known.count(kind, false) > 0)
    }

    /// Looks for an optional header for which the request is refused: without it it is accepted. It is told once, and no request has it from
    /// now on.
    async fn learn_refused(&self, part: &PlannedTarget<'_>, case: &Case, outcome: &CaseOutcome) -> bool {
        let Some(instance) = &case.instance else { return false };
        for header in optional_headers(part.target, instance) {
            let Some(bare) = without_headers(part.target, instance, |it| it.name == header.name) else { continue };
            let bare = Case { request: part.target.encode(&bare), instance: Some(bare), ..case.clone() };
            let again = self.probe(part.target, &bare).await;
            if again.answer.is_ok_and(|answer| (200..300).contains(&answer.status)) {
                self.known.refuse(&header.name);
                for finding in outcome.findings.iter().filter(|finding| *finding.rule == rules::VALID_REFUSED) {
                    let what = format!("a valid request is rejected for its header {}", header.name);
                    let finding = Finding { promise: header.pointer.clone(), what, ..finding.clone() };
                    self.fail(part.target, case, &finding, outcome.answer.as_ref());
                }
                return true;
            }
        }
        false
    }

    /// Looks for a text that is to name a resource, and is called like its kind: with one that there is the request is accepted.
    async fn learn_naming(&self, part: &PlannedTarget<'_>, case: &Case, outcome: &CaseOutcome) -> bool {
        let (Some(instance), Ok(refused)) = (&case.instance, &outcome.answer) else { return false };
        let said = String::from_utf8_lossy(&refused.body).to_lowercase();
        let is_unknown =
            refused.status == 404 || says_missing(refused) || ["invalid ", "unknown "].iter().any(|word| said.contains(word));
        if !repeats(refused, instance) || !is_unknown {
            return false;
        }
        for (place, kind, named) in self.known.with_called(&self.prepared.resources, part.target, instance) {
            let Some(named) = part.target.as_received(named) else { continue };
            if !keeps(part.target, &named, &part.target.schema.evaluate(instance)) {
                continue;
            }
            let tried = Case { request: part.target.encode(&named), instance: Some(named), ..case.clone() };
            if self.probe(part.target, &tried).await.answer.is_ok_and(|answer| (200..300).contains(&answer.status)) {
                self.known.names(part.target, place, kind);
                return true;
            }
        }
        false
    }

    /// Looks for what is optional and left out, and is asked for by its name in the refusal: with it the request is accepted. It is told
    /// once, and each request has it from now on.
    pub(super) async fn learn_needed(&self, part: &PlannedTarget<'_>, case: &Case, outcome: &CaseOutcome) -> bool {
        let target = part.target;
        let (Some(instance), Ok(refused)) = (&case.instance, &outcome.answer) else { return false };
        if says_taken(refused) || case.request.method == "DELETE" {
            return false;
        }
        let (mut instance, mut said) = (instance.clone(), String::from_utf8_lossy(&refused.body).into_owned());
        let mut needed: Vec<(String, Value)> = Vec::new();
        for _ in 0..MAX_NEEDED {
            let missing: Vec<(String, Value)> = left_out(part, &instance).filter(|(place, _)| is_named(place, &said)).collect();
            let mut complete = instance.clone();
            missing.iter().for_each(|(place, value)| put(&mut complete, place, value.clone()));
            let complete = target.as_received(complete).filter(|_| !missing.is_empty());
            let Some(complete) = complete.filter(|it| keeps(target, it, &target.schema.evaluate(&instance))) else {
                return false;
            };
            needed.extend(missing);
            let places: BTreeSet<String> = needed.iter().map(|(place, _)| place.clone()).collect();
            let mut tried = Case { request: target.encode(&complete), instance: Some(complete.clone()), ..case.clone() };
            let mut answer = self.probe(target, &tried).await.answer;
            if answer.as_ref().is_ok_and(says_taken) {
                let fresh = self.fresh().freshen(target, &complete, &places);
                tried = Case { request: target.encode(&fresh), instance: Some(fresh), ..case.clone() };
                answer = self.probe(target, &tried).await.answer;
            }
            match answer {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    let names: Vec<&str> = places.iter().filter_map(|place| place.rsplit('/').next()).collect();
                    let what = format!(
                        "a valid request is rejected without {}, which the document does not require",
                        names.join(" and ")
                    );
                    self.known.need(target, needed);
                    for finding in outcome.findings.iter().filter(|finding| *finding.rule == rules::VALID_REFUSED) {
                        self.fail(target, case, &Finding { what: what.clone(), ..finding.clone() }, outcome.answer.as_ref());
                    }
                    // As it is new there, somebody may have it the next time.
                    if !self.fresh().knows(target) && !is_idempotent(&case.request.method) {
                        let again = self.probe(target, &self.renamed(target, &tried)).await;
                        if is_taken(&again) {
                            self.learn_fresh(part, &tried).await;
                        }
                    }
                    return true;
                }
                Ok(answer) if matches!(answer.status, 400 | 422) => {
                    (instance, said) = (complete, String::from_utf8_lossy(&answer.body).into_owned());
                }
                _ => return false,
            }
        }
        false
    }

    /// Looks for what is optional and is named in a refusal, or repeated in it: without that the request is accepted. It is told once,
    /// and no request has it from now on that is not about it.
    pub(super) async fn learn_unwanted(&self, part: &PlannedTarget<'_>, case: &Case, outcome: &CaseOutcome) -> bool {
        let target = part.target;
        let (Some(instance), Ok(refused)) = (&case.instance, &outcome.answer) else { return false };
        if says_taken(refused) || case.request.method == "DELETE" {
            return false;
        }
        let (mut instance, mut said) = (instance.clone(), String::from_utf8_lossy(&refused.body).into_owned());
        let mut unwanted: Vec<String> = Vec::new();
        for _ in 0..MAX_NEEDED {
            let before = target.schema.evaluate(&instance);
            let mut less = instance.clone();
            for place in blamed(&instance, &said) {
                if let Some(smaller) = without(target, &less, &place, &before) {
                    less = smaller;
                    unwanted.push(place);
                }
            }
            if less == instance {
                return false;
            }
            let tried = Case { request: target.encode(&less), instance: Some(less.clone()), ..case.clone() };
            match self.probe(target, &tried).await.answer {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    let names: Vec<&str> = unwanted.iter().filter_map(|place| place.rsplit('/').next()).collect();
                    let what = format!("a valid request is rejected for its {}", names.join(" and "));
                    // What may refer to something may be missing.
                    let may_be_missing = names.iter().any(|name| may_refer(name));
                    let told = outcome.findings.iter().filter(|finding| *finding.rule == rules::VALID_REFUSED && !may_be_missing);
                    for finding in told {
                        self.fail(target, case, &Finding { what: what.clone(), ..finding.clone() }, outcome.answer.as_ref());
                    }
                    self.known.leave_out(target, unwanted);
                    return true;
                }
                Ok(answer) if matches!(answer.status, 400 | 409 | 422) => {
                    (instance, said) = (less, String::from_utf8_lossy(&answer.body).into_owned());
                }
                _ => return false,
            }
        }
        false
    }

    /// Sends a request for the sake of another one. What is wrong with the answer whatever was sent is told.
    pub(super) async fn probe(&self, target: &Target, case: &Case) -> CaseOutcome {
        let outcome = self.attempt(target, case).await;
        self.note_failure(target, case, &outcome);
        outcome
    }

    /// Asks for something that is not there, where the document says what is answered to that.
    pub(super) async fn miss(&self, part: &PlannedTarget<'_>) {
        let operation = &part.target.operation;
        let named = self.prepared.resources.named(operation).filter(|_| operation.method == "GET");
        let Some((_, names)) = named.filter(|_| ["404", "4XX"].iter().any(|status| operation.responses.contains_key(*status)))
        else {
            return;
        };
        let (Some(sample), Some(last)) = (part.baseline(), names.last()) else { return };
        let id = format!("{}:state:unknown", part.target.name());
        if !self.is_selected(&id) {
            return;
        }
        let place = format!("/path/{}", escape(last));
        let instance = self.filled(part.target, sample);
        let unknown = match instance.pointer(&place) {
            Some(Value::String(_)) => Some(self.fresh().freshen(part.target, &instance, &BTreeSet::from([place]))),
            _ => with_unknown_id(&self.known, part.target, &instance, &place),
        };
        let Some(unknown) = unknown.filter(|unknown| *unknown != instance) else { return };
        self.probe(part.target, &Case::of_instance(part.target, id, "a resource that does not exist", unknown)).await;
    }

    /// The case as another request with the same values, in the plain form.
    pub(super) fn renamed(&self, target: &Target, case: &Case) -> Case {
        let instance = case.instance.as_ref().map(|instance| self.fresh().renamed(target, instance));
        let request = instance.as_ref().map_or_else(|| case.request.clone(), |instance| target.encode(instance));
        Case { request, instance, ..case.clone() }
    }

    /// Finds the value that must be unique: with another one the request is accepted. If several must be, all are replaced.
    pub(super) async fn learn_fresh(&self, part: &PlannedTarget<'_>, case: &Case) -> bool {
        let found = self.with_fresh_values(part.target, case).await;
        if let Some((places, _)) = &found {
            self.learn_places(part.target, places);
        }
        found.is_some()
    }

    /// The same for refusals that may have another reason: a value counts only if repeating the request is refused.
    async fn learn_taken(&self, part: &PlannedTarget<'_>, case: &Case) -> bool {
        let Some((places, fresh)) = self.with_fresh_values(part.target, case).await else { return false };
        let again = self.probe(part.target, &self.renamed(part.target, &fresh)).await;
        let is_unique = is_taken(&again);
        if is_unique {
            self.learn_places(part.target, &places);
        }
        is_unique
    }

    /// The places whose values must be new for the request to be accepted, and such a request.
    async fn with_fresh_values(&self, target: &Target, case: &Case) -> Option<(BTreeSet<String>, Case)> {
        let instance = case.instance.as_ref()?;
        let mut places = Vec::new();
        texts(instance, String::new(), &mut places);
        let all: BTreeSet<String> = places.iter().cloned().collect();
        for places in places.into_iter().map(|place| BTreeSet::from([place])).chain([all]) {
            let fresh = self.fresh().freshen(target, instance, &places);
            if fresh == *instance {
                continue;
            }
            let case = Case { request: target.encode(&fresh), instance: Some(fresh), ..case.clone() };
            let outcome = self.probe(target, &case).await;
            if outcome.answer.is_ok_and(|response| (200..300).contains(&response.status)) {
                return Some((places, case));
            }
        }
        None
    }

    /// What must be new in the creation of a resource must be new in its changes, too.
    fn learn_places(&self, target: &Target, places: &BTreeSet<String>) {
        let resources = &self.prepared.resources;
        let created: Vec<KindId> = resources
            .told(&target.operation)
            .iter()
            .filter(|(_, tells)| *tells == Tells::Creates)
            .map(|(kind, _)| *kind)
            .collect();
        let names_it = |other: &&PreparedTarget| {
            let told = resources.told(&other.operation);
            told.iter().any(|(kind, tells)| *tells == Tells::Names && created.contains(kind))
        };
        let changes = self.prepared.parts.iter().filter(names_it).filter_map(|other| other.target().ok());
        for target in changes.chain([target]) {
            places.iter().for_each(|place| self.fresh().learn(target, place.clone()));
        }
    }
}

/// What valid requests have in their query and in objects of their body that this one has left out, with a value that is not empty.
fn left_out<'a>(part: &'a PlannedTarget<'_>, instance: &'a Value) -> impl Iterator<Item = (String, Value)> + 'a {
    let samples = part.plan().samples.iter().filter(|sample| sample.broken.is_empty());
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for sample in samples {
        for root in ["query", "body"] {
            if let Some(value) = sample.instance.get(root) {
                beside(value, instance.get(root), &format!("/{root}"), &mut found);
            }
        }
    }
    found.into_iter()
}

/// Where a request has what an answer names or repeats.
fn blamed(instance: &Value, said: &str) -> Vec<String> {
    let mut places = Vec::new();
    texts(instance, String::new(), &mut places);
    let members = ["query", "header", "body"].into_iter().flat_map(|root| {
        let object = instance.get(root).and_then(Value::as_object);
        object.into_iter().flatten().map(move |(name, _)| format!("/{root}/{}", escape(name)))
    });
    let is_repeated = |place: &String| {
        let text = instance.pointer(place).and_then(Value::as_str).unwrap_or_default();
        text.trim().chars().count() > 2 && word::find(said, text).next().is_some()
    };
    let repeated = places.iter().filter(|place| !place.starts_with("/path/") && is_repeated(place)).cloned();
    let mut blamed: Vec<String> = repeated.collect();
    blamed.extend(members.filter(|place| is_named(place, said)));
    blamed.sort();
    blamed.dedup();
    blamed
}

/// What an object has, and those in it, that another one has not.
fn beside(value: &Value, other: Option<&Value>, at: &str, found: &mut BTreeMap<String, Value>) {
    let (Some(object), Some(other)) = (value.as_object(), other.and_then(Value::as_object)) else { return };
    for (name, value) in object {
        let place = format!("{at}/{}", escape(name));
        match other.get(name) {
            Some(known) => beside(value, Some(known), &place, found),
            None if says_something(value) => {
                // The plainest text is hardly the first one.
                let is_plain = |value: &Value| value.as_str().is_none_or(|text| text.is_ascii() && text.trim() == text);
                let known = found.entry(place).or_insert_with(|| value.clone());
                if !is_plain(known) && is_plain(value) {
                    known.clone_from(value);
                }
            }
            None => {}
        }
    }
}

/// Whether a value is more than an empty one. A switch may be named in a refusal because it is not to be used without thought.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) => text.trim().chars().count() > 2,
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
        Value::Number(_) => true,
    }
}

/// Whether the requests of an operation have neither parameters nor a body.
fn says_nothing(operation: &Operation) -> bool {
    operation.parameters.is_empty() && operation.body.is_none()
}

/// Whether a refusal of a valid request may have a cause that the document does not speak of.
fn is_excused(operation: &Operation, response: &Response, trusted: bool) -> bool {
    match response.status {
        401 | 403 => !trusted || is_of_login(operation, response.status),
        // It may want a parameter that nobody has seen.
        400 | 422 if operation.lacks_reference() => true,
        404 | 410 => operation.path.contains('{') || operation.responses.contains_key(&response.status.to_string()),
        409 | 429 => true,
        // Some have one status for everything.
        400 | 422 => operation.path.contains('{') && says_missing(response),
        _ => false,
    }
}

/// Whether a request may be sent twice by definition (RFC 9110, section 9.2.2).
fn is_idempotent(method: &str) -> bool {
    !matches!(method, "POST" | "PATCH")
}

/// Whether a request that was accepted before is refused now: what it says is taken. Some frameworks have one status for all refusals.
fn is_taken(outcome: &CaseOutcome) -> bool {
    outcome.answer.as_ref().is_ok_and(|response| matches!(response.status, 400 | 409 | 422))
}

/// The status, and what the server says about it.
fn said(response: &Response) -> String {
    let body: Option<Value> = serde_json::from_slice(&response.body).ok();
    let told = ["message", "detail", "error", "title", "error_description"]
        .into_iter()
        .find_map(|name| body.as_ref()?.get(name).filter(|value| !value.is_object()).map(|value| value.to_string()));
    let text = told.or_else(|| String::from_utf8(response.body.clone()).ok()).unwrap_or_default();
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(QUOTED).collect();
    if text.is_empty() {
        format!("the server answers {}", response.status)
    } else {
        format!("the server answers {}: {text}", response.status)
    }
}
