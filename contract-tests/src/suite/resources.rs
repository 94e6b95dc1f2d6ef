//! The resources that the server is known to have: ids come from its own answers, and go into the requests that need them.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;

use super::{foreign::names_ids, location::own_path};
use crate::{
    cases::{Case, Expect},
    generate::WORDS,
    openapi::{
        operation::{Operation, Parameter, ParameterLocation},
        request::{Request, Response, Target},
        resources::{KindId, Resources, Tells, is_cursor, is_listed_reference, is_plain_id, is_reference, may_refer, plain},
    },
    pointer::{escape, is_within, parent, replace},
    schema::{Node, Rule, Trace, Types},
    text::word,
};

/// How many resources of a kind are remembered.
const REMEMBERED: usize = 64;
/// How many items of a list are read.
const READ: usize = 20;
/// How many requests a run sends to get resources of one kind.
const MAX_ATTEMPTS: usize = 400;
/// How often a run puts in vain what the path of an operation names.
const MAX_PUTS: usize = 6;
/// How many refused requests are remembered.
const MAX_VAIN: usize = 10_000;
/// How often all operations are asked in vain.
const ROUNDS: usize = 3;

/// What a request does with the resource that it names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Use,
    /// It deletes something below it: only this run may have created it.
    DeleteIn,
    /// It deletes it: only this run may have created it, and no other request gets it.
    Take,
}

impl Purpose {
    /// Of a request that names a resource, and deletes something else at most.
    fn naming(operation: &Operation) -> Self {
        if operation.takes_away() { Self::DeleteIn } else { Self::Use }
    }
}

/// An answer, and its body where that is JSON.
pub(super) type Answer<'a> = (&'a Response, Option<&'a Value>);

/// What the server is known to have, by kind.
pub(crate) struct Known {
    pools: Mutex<Vec<Pool>>,
    /// Values that the caller gave, by the name of the parameter.
    given: HashMap<String, Vec<Value>>,
    /// Headers that the server refuses though the document allows them, in lower case.
    refused: Mutex<BTreeSet<String>>,
    /// How often what the path of an operation names was put in vain.
    put: Mutex<HashMap<String, usize>>,
    /// How often a kind has had its first resource.
    firsts: AtomicUsize,
    /// Requests that were refused when somebody needed what they make, and how often a kind had had its first resource then.
    vain: Mutex<HashMap<u64, usize>>,
    /// For each target by its name what refusals have taught of its requests.
    learnt: Mutex<HashMap<String, Learnt>>,
    /// The values of parameters that say where everything happens, by their places.
    context: Mutex<HashMap<String, Value>>,
    /// Which of them are next: the same for all names, since what belongs together stands at the same place.
    turn: AtomicUsize,
}

/// What the document does not say of the requests of a target.
#[derive(Default)]
struct Learnt {
    /// What the server asks for: places, and a value for each.
    needed: Vec<(String, Value)>,
    /// The places that name resources of a kind.
    naming: Vec<(String, KindId)>,
    /// The places of what is optional and refused.
    unwanted: Vec<String>,
}

#[derive(Default)]
struct Pool {
    /// The one that was used the longest time ago is the first.
    resources: VecDeque<Resource>,
    /// Those that are in requests that take them away, until they are answered.
    taken: Vec<Vec<Value>>,
    /// Those that the server has said that it has not.
    missed: VecDeque<Vec<Value>>,
    attempts: usize,
}

#[derive(Clone)]
struct Resource {
    /// The values of the parameters of its path.
    values: Vec<Value>,
    /// Whether this run has created it.
    own: bool,
}

impl Pool {
    /// Whether a resource has this id, whatever it is below; one that a request takes away was made by this run.
    fn has(&self, id: &Value, is_meant: impl Fn(&Resource) -> bool) -> bool {
        let is_it =
            |values: &[Value]| values.last().is_some_and(|last| same(std::slice::from_ref(last), std::slice::from_ref(id)));
        let is_taken = self.taken.iter().any(|values| is_it(values));
        is_taken || self.resources.iter().any(|known| is_meant(known) && is_it(&known.values))
    }
}

impl Known {
    pub fn new(resources: &Resources, given: HashMap<String, Vec<Value>>) -> Self {
        let pools = resources.kinds.iter().map(|_| Pool::default()).collect();
        Self {
            pools: Mutex::new(pools),
            given,
            refused: Mutex::default(),
            put: Mutex::default(),
            firsts: AtomicUsize::new(0),
            vain: Mutex::default(),
            learnt: Mutex::default(),
            context: Mutex::default(),
            turn: AtomicUsize::new(0),
        }
    }

    fn pools(&self) -> MutexGuard<'_, Vec<Pool>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learnt(&self) -> MutexGuard<'_, HashMap<String, Learnt>> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many resources of a kind may be used; for what takes them away only those count that this run has created.
    pub fn count(&self, kind: KindId, own: bool) -> usize {
        self.pools()[kind].resources.iter().filter(|resource| resource.own || !own).count()
    }

    /// The resources of a kind that this run has created.
    pub fn own(&self, kind: KindId) -> Vec<Vec<Value>> {
        self.pools()[kind].resources.iter().filter(|resource| resource.own).map(|resource| resource.values.clone()).collect()
    }

    /// Whether it was not tried often enough yet to put what the path of an operation names.
    pub fn may_put(&self, path: &str) -> bool {
        self.put.lock().unwrap_or_else(PoisonError::into_inner).get(path).is_none_or(|count| *count < MAX_PUTS)
    }

    /// Counts what was put in vain.
    pub fn put_in_vain(&self, path: &str) {
        *self.put.lock().unwrap_or_else(PoisonError::into_inner).entry(path.to_owned()).or_default() += 1;
    }

    /// Notes that it can be put.
    pub fn put_indeed(&self, path: &str) {
        self.put.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    }

    /// Counts an attempt to get one of a kind; false where there were too many.
    pub fn may_try(&self, kind: KindId) -> bool {
        let pool = &mut self.pools()[kind];
        pool.attempts += 1;
        pool.attempts <= MAX_ATTEMPTS
    }

    /// Notes that no operation has given one of this kind; after some such rounds nobody is asked any more.
    pub fn doubt(&self, kind: KindId) {
        self.pools()[kind].attempts += MAX_ATTEMPTS / ROUNDS;
    }

    fn has(&self, kind: KindId, values: &[Value]) -> bool {
        self.pools()[kind].resources.iter().any(|known| same(&known.values, values))
    }

    /// From now on no request has this header unless it must.
    pub fn refuse(&self, header: &str) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(header.to_lowercase());
    }

    fn is_refused(&self, header: &str) -> bool {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).contains(&header.to_lowercase())
    }

    /// From now on the requests of a target have these values, unless they are about whether they have.
    pub fn need(&self, target: &Target, values: Vec<(String, Value)>) {
        self.learnt().entry(target.name()).or_default().needed.extend(values);
    }

    /// From now on the requests of a target have nothing at these places, unless they are about it.
    pub fn leave_out(&self, target: &Target, places: Vec<String>) {
        self.learnt().entry(target.name()).or_default().unwanted.extend(places);
    }

    /// From now on the requests of a target have a resource of this kind at this place, unless they are about it.
    pub fn names(&self, target: &Target, place: String, kind: KindId) {
        self.learnt().entry(target.name()).or_default().naming.push((place, kind));
    }

    /// The instance with a resource that there is in place of each text that may name one by the name of its kind; with the places.
    pub fn with_called(&self, resources: &Resources, target: &Target, instance: &Value) -> Vec<(String, KindId, Value)> {
        let roots = ["query", "body"].into_iter();
        let texts = roots.flat_map(|root| {
            let object = instance.get(root).and_then(Value::as_object).into_iter().flatten();
            object.filter(|(_, value)| value.is_string()).map(move |(name, _)| (format!("/{root}/{}", escape(name)), name))
        });
        let told = resources.told(&target.operation);
        let called = texts.filter_map(|(place, name)| Some((place, resources.called(name)?)));
        let called = called.filter(|(_, kind)| told.iter().all(|(own, _)| own != kind));
        called
            .filter_map(|(place, kind)| {
                let id = self.pick(kind, Purpose::naming(&target.operation))?.into_iter().next_back()?;
                let mut named = instance.clone();
                put(&mut named, &place, Value::String(id.as_str().map_or_else(|| id.to_string(), str::to_owned)));
                Some((place, kind, named))
            })
            .collect()
    }

    /// The instance with what the server asks for, breaking the same; none where it has that, or is about it.
    fn with_needed(&self, target: &Target, instance: &Value, about: Option<&str>) -> Option<Value> {
        let needed = self.learnt().get(&target.name())?.needed.clone();
        // What is about the whole body has them, too.
        let is_missing = |place: &str| instance.pointer(place).is_none() && !about.is_some_and(|about| is_within(about, place));
        let missing: Vec<(String, Value)> = needed.into_iter().filter(|(place, _)| is_missing(place)).collect();
        let mut complete = instance.clone();
        missing.iter().for_each(|(place, value)| put(&mut complete, place, value.clone()));
        let complete = target.as_received(complete).filter(|_| !missing.is_empty())?;
        keeps(target, &complete, &target.schema.evaluate(instance)).then_some(complete)
    }

    /// The instance without what the server refuses, breaking the same; none where it has nothing of the kind, or is about it.
    fn without_unwanted(&self, target: &Target, instance: &Value, about: Option<&str>) -> Option<Value> {
        let unwanted = self.learnt().get(&target.name())?.unwanted.clone();
        let is_there = |place: &&String| instance.pointer(place).is_some() && !is_about(about, place);
        let before = target.schema.evaluate(instance);
        let less = unwanted
            .iter()
            .filter(is_there)
            .fold(instance.clone(), |less, place| without(target, &less, place, &before).unwrap_or(less));
        (less != *instance).then_some(less)
    }

    /// Whether a request of somebody who needs a resource was refused, and no kind has had its first resource since.
    pub fn is_in_vain(&self, request: &Request) -> bool {
        let vain = self.vain.lock().unwrap_or_else(PoisonError::into_inner);
        vain.get(&fingerprint(request)) == Some(&self.firsts.load(Ordering::Relaxed))
    }

    /// Notes that such a request was refused.
    pub fn note_in_vain(&self, request: &Request) {
        let mut vain = self.vain.lock().unwrap_or_else(PoisonError::into_inner);
        if vain.len() < MAX_VAIN {
            vain.insert(fingerprint(request), self.firsts.load(Ordering::Relaxed));
        }
    }

    /// The instance with the same values in all requests for what says where everything happens, such as a tenant: those that are given, or
    /// those of the first request that was accepted.
    pub fn in_context(&self, resources: &Resources, target: &Target, instance: &Value, about: Option<&str>) -> Value {
        let mut placed = instance.clone();
        for parameter in target.operation.parameters.iter().filter(|it| it.place != ParameterLocation::Path) {
            let place = parameter.at();
            if !resources.is_context(&place) || is_about(about, &place) || instance.pointer(&place).is_none() {
                continue;
            }
            let before = target.schema.evaluate(&placed);
            if before.broken.iter().any(|violation| is_about(Some(&violation.place), &place)) {
                continue;
            }
            let given = self.given.get(&parameter.name).and_then(|values| values.first());
            let accepted = || self.context().get(&place).cloned();
            let Some(value) = given.cloned().or_else(accepted) else { continue };
            let mut changed = placed.clone();
            put(&mut changed, &place, value);
            if keeps(target, &changed, &before) {
                placed = changed;
            }
        }
        placed
    }

    /// Keeps what an accepted request says of where everything happens.
    fn keep_context(&self, resources: &Resources, operation: &Operation, case: &Case) {
        let Some(instance) = case.instance.as_ref().filter(|_| case.expect == Expect::Success) else { return };
        for parameter in operation.parameters.iter().filter(|it| it.place != ParameterLocation::Path) {
            let place = parameter.at();
            if let Some(value) = instance.pointer(&place).filter(|_| resources.is_context(&place)) {
                self.context().entry(place).or_insert_with(|| value.clone());
            }
        }
    }

    fn context(&self) -> MutexGuard<'_, HashMap<String, Value>> {
        self.context.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets every resource of a kind that is below what these values name.
    pub fn clear(&self, kind: KindId, above: &[Value]) {
        self.pools()[kind].resources.retain(|known| !known.values.get(..above.len()).is_some_and(|values| same(values, above)));
    }

    /// Whether what the path of a request names is known to exist; true where it names nothing.
    pub fn names_live(&self, resources: &Resources, operation: &Operation, instance: &Value) -> bool {
        let Some((kind, names)) = resources.named(operation) else { return true };
        path_values(names, instance).is_some_and(|values| self.has(kind, &values))
    }

    /// Whether the run has made a resource of one of these kinds that has this id, whatever it is below.
    pub fn is_own(&self, kinds: &[KindId], id: &Value) -> bool {
        let pools = self.pools();
        kinds.iter().any(|kind| pools[*kind].has(id, |known| known.own))
    }

    /// Whether something is known to have this id.
    pub fn is_id(&self, id: &Value) -> bool {
        self.pools().iter().any(|pool| pool.has(id, |_| true))
    }

    fn add(&self, kind: KindId, values: Vec<Value>, own: bool) {
        let pool = &mut self.pools()[kind];
        if let Some(known) = pool.resources.iter_mut().find(|known| same(&known.values, &values)) {
            known.own |= own;
            return;
        }
        if pool.resources.len() == REMEMBERED {
            pool.resources.pop_front();
        }
        // Whoever gives one is asked again.
        pool.attempts = 0;
        if pool.resources.is_empty() {
            self.firsts.fetch_add(1, Ordering::Relaxed);
        }
        pool.resources.push_back(Resource { values, own });
    }

    /// One that was not used for the longest time, created by this run if there is such a one.
    fn pick(&self, kind: KindId, purpose: Purpose) -> Option<Vec<Value>> {
        let pool = &mut self.pools()[kind];
        let position = match pool.resources.iter().position(|resource| resource.own) {
            Some(own) => own,
            None if purpose != Purpose::Use || pool.resources.is_empty() => return None,
            None => 0,
        };
        let resource = pool.resources.remove(position)?;
        let values = resource.values.clone();
        if purpose == Purpose::Take {
            pool.taken.push(values.clone());
        } else {
            pool.resources.push_back(resource);
        }
        Some(values)
    }

    /// The same, or the one that it would be below of: its values are the first of those that the path has.
    fn pick_or_parent(&self, resources: &Resources, kind: KindId, purpose: Purpose) -> Option<Vec<Value>> {
        let mut parents = std::iter::successors(resources.kinds[kind].parent, |kind| resources.kinds[*kind].parent);
        let of_parent = if purpose == Purpose::Use { Purpose::Use } else { Purpose::DeleteIn };
        self.pick(kind, purpose).or_else(|| parents.find_map(|parent| self.pick(parent, of_parent)))
    }

    /// Whether a resource that was not known is one that this run has made, and not one that was there before: the server has said that it
    /// had none, or the name is one that the run has made up.
    fn is_made_up(&self, kind: KindId, values: &[Value]) -> bool {
        let has_word = |text: &str| WORDS.iter().any(|word| text.to_lowercase().contains(&word.to_lowercase()));
        let is_invented = |value: &Value| value.as_str().is_some_and(|text| has_word(text) || is_id(value));
        self.pools()[kind].missed.iter().any(|missed| same(missed, values)) || values.last().is_some_and(is_invented)
    }

    /// Gives back what a request has not taken away.
    fn give_back(&self, kind: KindId, values: &[Value]) {
        let pool = &mut self.pools()[kind];
        if let Some(position) = pool.taken.iter().position(|taken| same(taken, values)) {
            let values = pool.taken.swap_remove(position);
            pool.resources.push_back(Resource { values, own: true });
        }
    }

    /// Forgets a resource and what is below it.
    fn forget(&self, resources: &Resources, kind: KindId, values: &[Value]) {
        let mut pools = self.pools();
        for within in resources.within(kind) {
            let is_gone = |known: &[Value]| known.get(..values.len()).is_some_and(|known| same(known, values));
            pools[within].resources.retain(|resource| !is_gone(&resource.values));
            pools[within].taken.retain(|taken| !is_gone(taken));
        }
        let missed = &mut pools[kind].missed;
        if missed.len() == REMEMBERED {
            missed.pop_front();
        }
        missed.push_back(values.to_vec());
    }

    /// Forgets a resource that was deleted under its other paths: `/indexes/{index}` is what `/{index}/documents` are in.
    fn forget_elsewhere(&self, resources: &Resources, kind: KindId, values: &[Value]) {
        let mut pools = self.pools();
        if let ([_], [name]) = (values, resources.kinds[kind].names.as_slice())
            && !is_plain_id(name)
        {
            for (other, pool) in resources.kinds.iter().zip(pools.iter_mut()) {
                let is_it = |id: &Value| same(std::slice::from_ref(id), values);
                let is_gone = |known: &Resource| other.names.iter().zip(&known.values).any(|(own, id)| own == name && is_it(id));
                pool.resources.retain(|resource| !is_gone(resource));
            }
        }
    }

    /// The instance with values of resources that the server has. What it breaks stays the same, and so does the value in the path
    /// that the sample is `about`.
    pub fn place(&self, resources: &Resources, target: &Target, instance: &Value, about: Option<&str>) -> Value {
        let operation = &target.operation;
        let mut places: Vec<(String, Value)> = Vec::new();
        let is_taken = operation.method == "DELETE" && resources.is_itself(operation);
        let purpose = if is_taken { Purpose::Take } else { Purpose::naming(operation) };
        if let Some((kind, names)) = resources.named(operation)
            && names.iter().any(|name| !is_about(about, &format!("/path/{}", escape(name))))
            && let Some(values) = self.pick_or_parent(resources, kind, purpose)
        {
            // A body that names the resource as well names the same one.
            places.extend(name_in_body(resources, target, kind).zip(values.last().cloned()));
            let own = names.iter().zip(&values).map(|(name, value)| (format!("/path/{}", escape(name)), value.clone()));
            places.extend(own);
            // A member of a nested collection may be created elsewhere: `/heroes` creates the hero of `/teams/{teamId}/heroes/{heroId}`.
            for name in &names[values.len().min(names.len())..] {
                let of_parent = if purpose == Purpose::Use { Purpose::Use } else { Purpose::DeleteIn };
                let elsewhere =
                    resources.referred(name).filter(|other| *other != kind).or_else(|| resources.named_so(name, kind));
                let id = elsewhere.and_then(|other| self.pick(other, of_parent)?.into_iter().next_back());
                places.extend(id.map(|id| (format!("/path/{}", escape(name)), id)));
            }
        }
        // Where the path names nothing, these are what is taken away.
        let of_reference = if resources.named(operation).is_some() { Purpose::Use } else { Purpose::naming(operation) };
        for (place, kind) in references(resources, target, instance) {
            places.extend(self.pick(kind, of_reference).and_then(|values| Some((place, values.into_iter().next_back()?))));
        }
        let naming = self.learnt().get(&target.name()).map(|learnt| learnt.naming.clone()).unwrap_or_default();
        for (place, kind) in naming.into_iter().filter(|(place, _)| !is_about(about, place)) {
            let named = self.pick(kind, Purpose::naming(operation)).and_then(|values| values.into_iter().next_back());
            places.extend(named.map(|id| (place, id)));
        }
        let identifier = identifier_in_body(resources, target).filter(|(place, _)| !is_about(about, place));
        if let Some((place, kind)) = &identifier {
            // What a body names may be the caller itself; only what the run has made is changed so, where it can make one.
            let can_make = resources.kinds[*kind].producers.iter().any(|producer| !producer.ends_with("/get"));
            let purpose = if can_make { Purpose::DeleteIn } else { of_reference };
            places.extend(self.pick(*kind, purpose).and_then(|values| Some((place.clone(), values.into_iter().next_back()?))));
        }
        // What is given is somebody's, and is not deleted.
        let may_be_given = |parameter: &&Parameter| purpose == Purpose::Use || parameter.place != ParameterLocation::Path;
        let turn = if self.given.is_empty() { 0 } else { self.turn.fetch_add(1, Ordering::Relaxed) };
        for parameter in operation.parameters.iter().filter(may_be_given) {
            let values = self.given.get(&parameter.name).filter(|values| !values.is_empty());
            if let Some(value) = values.map(|values| &values[turn % values.len()]) {
                let place = parameter.at();
                places.retain(|(other, _)| *other != place);
                places.push((place, value.clone()));
            }
        }
        // What only refers to a resource is refused where there is none, so that only the path may lead to nothing.
        places.retain(|(place, _)| !place.starts_with("/path/") || !is_about(about, place));
        let unconditional = without_preconditions(target, instance, about);
        let instance = unconditional.as_ref().unwrap_or(instance);
        let accepted = without_headers(target, instance, |header| self.is_refused(&header.name));
        let instance = accepted.as_ref().unwrap_or(instance);
        let complete = self.with_needed(target, instance, about);
        let instance = complete.as_ref().unwrap_or(instance);
        let less = self.without_unwanted(target, instance, about);
        let instance = less.as_ref().unwrap_or(instance);
        let instance = &self.in_context(resources, target, instance, about);
        if places.is_empty() {
            return instance.clone();
        }
        let before = target.schema.evaluate(instance);
        let is_broken = |place: &str| before.broken.iter().any(|violation| is_about(Some(&violation.place), place));
        let mut placed = instance.clone();
        for (place, value) in places {
            let may_be_added = identifier.as_ref().is_some_and(|(own, _)| *own == place);
            if instance.pointer(&place).is_none() && !may_be_added || is_broken(&place) {
                continue;
            }
            let fitting = forms(value).into_iter().find_map(|value| {
                let mut changed = placed.clone();
                put(&mut changed, &place, value);
                let changed = target.as_received(changed)?;
                keeps(target, &changed, &before).then_some(changed)
            });
            placed = fitting.unwrap_or(placed);
        }
        placed
    }

    /// The values of the path that something of a kind is below: what the item itself says, as in the answer to `/projects/~/runs`, or those
    /// of the request.
    fn above(resources: &Resources, kind: KindId, path: &[Value], item: Option<&Value>) -> Option<Vec<Value>> {
        let kinds = std::iter::successors(resources.kinds[kind].parent, |kind| resources.kinds[*kind].parent);
        let above: Vec<KindId> = kinds.collect();
        let (_, names) = resources.kinds[kind].names.split_last()?;
        let value = |(index, name): (usize, &String)| {
            let sent = path.get(index);
            let parent = *above.iter().find(|parent| resources.kinds[**parent].names.len() == index + 1)?;
            resources.parent_of(item, name, parent).or(sent).cloned()
        };
        names.iter().enumerate().map(value).collect()
    }

    /// Learns from an answer which resources there are, and which are no more.
    pub fn learn(&self, resources: &Resources, operation: &Operation, case: &Case, (response, body): Answer<'_>, url: &str) {
        let instance = case.instance.as_ref();
        let named = resources.named(operation);
        let Some(path) = named.map_or(Some(Vec::new()), |(_, names)| path_values(names, instance?)) else { return };
        if let Some((kind, _)) = named.filter(|_| resources.is_itself(operation)) {
            match response.status {
                // What is optional in the query may be what is not there.
                404 | 410 if has_optional(operation, instance) => return,
                404 | 410 => return self.forget(resources, kind, &path),
                200..300 if operation.method == "DELETE" => {
                    self.forget(resources, kind, &path);
                    return self.forget_elsewhere(resources, kind, &path);
                }
                _ => self.give_back(kind, &path),
            }
        }
        if !(200..300).contains(&response.status) {
            return;
        }
        self.keep_context(resources, operation, case);
        // Whoever deletes a collection, and says nothing of which, has deleted what is in it.
        if operation.method == "DELETE" && !resources.is_itself(operation) && !instance.is_some_and(names_ids) {
            for kind in (0..resources.kinds.len()).filter(|kind| resources.is_in_collection(*kind, operation)) {
                resources.within(kind).for_each(|kind| self.clear(kind, &path));
            }
        }
        let created = response.status == 201 || operation.method == "POST";
        if let Some(location) = response.header("location").and_then(|location| own_path(url, &case.request, location)) {
            for kind in 0..resources.kinds.len() {
                if let Some(values) = resources.in_path(kind, &location) {
                    self.add(kind, values, created);
                }
            }
        }
        // What nobody lists or creates may be named by whom it belongs to.
        for kind in (0..resources.kinds.len()).filter(|kind| resources.kinds[*kind].producers.is_empty()) {
            let above =
                named.filter(|(named, _)| resources.kinds[kind].parent == Some(*named)).map_or(&[][..], |_| path.as_slice());
            if above.len() + 1 == resources.kinds[kind].names.len() {
                for id in body.into_iter().flat_map(|body| resources.mentioned(kind, body)).take(READ) {
                    self.add(kind, above.iter().chain([id]).cloned().collect(), false);
                }
            }
        }
        // What a request names was there before, and who logs in has had an account.
        let may_make = |id: &Value| {
            let sent = |root: &str| instance.and_then(|instance| instance.get(root)?.as_object());
            let mut named = ["path", "query"].into_iter().filter_map(sent).flat_map(|object| object.values());
            let is_it = |value: &Value| same(std::slice::from_ref(value), std::slice::from_ref(id));
            !operation.searches() && !operation.logs_in() && !named.any(is_it)
        };
        for (kind, tells) in resources.told(operation) {
            let with = |id: &Value, item: Option<&Value>| -> Option<Vec<Value>> {
                Some([Self::above(resources, *kind, &path, item)?, vec![id.clone()]].concat())
            };
            match tells {
                Tells::Names => {
                    // What was not there before is this run's own.
                    let is_given = named.is_some_and(|(_, names)| names.iter().any(|name| self.given.contains_key(name)));
                    let is_new =
                        operation.method == "PUT" && !is_given && !self.has(*kind, &path) && self.is_made_up(*kind, &path);
                    self.add(*kind, path.clone(), response.status == 201 || is_new);
                }
                // A list is of several that were created at once.
                Tells::Creates if !body.is_some_and(Value::is_array) => {
                    let identified = |object| Some((resources.identifier(*kind, object)?, object));
                    let told = body.and_then(|body| inner(body).find_map(identified));
                    // The client may have chosen the name.
                    let chosen = || identified(instance?.get("body")?);
                    if let Some(values) = told.or_else(chosen).and_then(|(id, object)| with(id, Some(object))) {
                        self.add(*kind, values, true);
                    }
                }
                Tells::Lists if body.and_then(by_id).is_some() => {
                    for id in body.and_then(by_id).into_iter().flatten().take(READ) {
                        if let Some(values) = with(&Value::String(id.clone()), None) {
                            self.add(*kind, values, false);
                        }
                    }
                }
                Tells::Creates | Tells::Lists | Tells::Shows => {
                    // One resource may have lists of its own.
                    let whole = body.filter(|body| *tells == Tells::Shows && body.is_object());
                    let whole = whole.and_then(|body| inner(body).find(|object| resources.identifier(*kind, object).is_some()));
                    let whole = whole.map(|object| vec![object]);
                    let is_one = whole.is_some() || response.status == 201;
                    let items = whole.or_else(|| body.map(items)).unwrap_or_default().into_iter().take(READ);
                    for (id, item) in items.filter_map(|item| Some((resources.identifier(*kind, item)?, item))) {
                        let Some(values) = with(id, Some(item)) else { continue };
                        // What is only shown may have been there before: a search, or an action on one that is.
                        let is_made = match tells {
                            Tells::Creates => created,
                            Tells::Shows => created && is_one && may_make(id) && !self.has(*kind, &values),
                            _ => false,
                        };
                        self.add(*kind, values, is_made);
                    }
                }
                Tells::Link(sources) => {
                    let names = &resources.kinds[*kind].names;
                    let value = |name: &String| expression(sources.get(name)?, instance, response, body);
                    if let Some(values) = names.iter().map(value).collect::<Option<Vec<Value>>>() {
                        let is_made = created && values.last().is_some_and(may_make) && !self.has(*kind, &values);
                        self.add(*kind, values, is_made);
                    }
                }
            }
        }
    }
}

/// The values that an instance has for these parameters of its path.
pub(super) fn path_values(names: &[String], instance: &Value) -> Option<Vec<Value>> {
    names.iter().map(|name| instance.get("path")?.get(name).cloned()).collect()
}

/// Whether a request has something in its query that need not be there.
fn has_optional(operation: &Operation, instance: Option<&Value>) -> bool {
    let mut optional = operation.parameters.iter().filter(|it| it.place == ParameterLocation::Query && !it.required);
    optional.any(|parameter| instance.and_then(|instance| instance.get("query")?.get(&parameter.name)).is_some())
}

/// Where the body names the resource that the operation changes, and its kind, if the path does not.
fn identifier_in_body(resources: &Resources, target: &Target) -> Option<(String, KindId)> {
    let kind = resources.in_body(&target.operation)?;
    identifier(resources, target, kind).map(|place| (place, kind))
}

/// Where the body of a change names the resource once more that is in the path.
fn name_in_body(resources: &Resources, target: &Target, kind: KindId) -> Option<String> {
    let changes = matches!(target.operation.method.as_str(), "PUT" | "PATCH") && resources.is_itself(&target.operation);
    changes.then(|| identifier(resources, target, kind)).flatten()
}

/// The instance in which the body names the resource as the path does: a fresh name in it would be another one.
pub(super) fn name_again(resources: &Resources, target: &Target, instance: Value, about: Option<&str>) -> Value {
    let named = resources
        .named(&target.operation)
        .and_then(|(kind, names)| Some((name_in_body(resources, target, kind)?, names.last()?)));
    let Some((place, name)) = named.filter(|(place, _)| !is_about(about, place)) else { return instance };
    let Some(value) = instance.pointer(&format!("/path/{}", escape(name))).cloned() else { return instance };
    if instance.pointer(&place).is_none_or(|known| *known == value) {
        return instance;
    }
    let mut same = instance.clone();
    put(&mut same, &place, value);
    if keeps(target, &same, &target.schema.evaluate(&instance)) { same } else { instance }
}

/// The place of the property of the body that identifies a resource of this kind.
fn identifier(resources: &Resources, target: &Target, kind: KindId) -> Option<String> {
    let names =
        |place: &str| is_reference(place).is_some_and(|name| place.starts_with("/body/") && resources.identifies(kind, name));
    target.schema.nodes.iter().find(|node| names(&node.place)).map(|node| node.place.clone())
}

/// Sets the value at a place, also that of a property which is not there.
pub(super) fn put(root: &mut Value, place: &str, value: Value) {
    if root.pointer(place).is_some() {
        replace(root, place, value);
    } else if let Some((parent, name)) = parent(place)
        && let Some(Value::Object(object)) = root.pointer_mut(parent)
    {
        object.insert(name.into_owned(), value);
    }
}

/// The instance without the member of an object at a place, where that breaks nothing else.
pub(super) fn without(target: &Target, instance: &Value, place: &str, before: &Trace) -> Option<Value> {
    let mut less = instance.clone();
    let (parent, name) = parent(place)?;
    less.pointer_mut(parent)?.as_object_mut()?.shift_remove(&*name)?;
    target.as_received(less).filter(|less| keeps(target, less, before))
}

/// What tells one request from another.
fn fingerprint(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&request.method, &request.target, &request.headers, &request.body).hash(&mut hasher);
    hasher.finish()
}

/// The places of an instance that refer to resources which the operation itself does not create or name.
fn references(resources: &Resources, target: &Target, instance: &Value) -> Vec<(String, KindId)> {
    let told = resources.told(&target.operation);
    let is_its_own =
        |kind: KindId| told.iter().any(|(own, tells)| *own == kind && matches!(tells, Tells::Creates | Tells::Names));
    let roots = ["query", "body"].into_iter();
    let properties = roots.flat_map(|root| {
        let object = instance.get(root).and_then(Value::as_object);
        object.into_iter().flatten().map(move |(name, value)| (format!("/{root}/{}", escape(name)), value))
    });
    let values = properties.flat_map(|(place, value)| match value {
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (format!("{place}/{index}"), item)).collect(),
        value => vec![(place, value)],
    });
    values
        .filter(|(_, value)| value.is_string() || value.is_number())
        .filter_map(|(place, value)| {
            let name = is_reference(&place).or_else(|| is_listed_reference(&place))?;
            let may_be_id = place.starts_with("/body/") || !is_about_the_list(name);
            // A text with the name of a kind may be anything; a number or a UUID is an id.
            let called = || resources.called(name).filter(|_| may_be_id && is_id(value));
            let kind = resources.referred(name).or_else(called)?;
            Some((place, kind))
        })
        .filter(|(_, kind)| !is_its_own(*kind))
        .collect()
}

/// Whether a request may refer to something else than what its path names.
pub(super) fn refers(instance: &Value) -> bool {
    ["query", "body"].into_iter().filter_map(|root| instance.get(root)).any(has_reference)
}

/// Whether a request says where a page begins: the server has never said so.
pub(super) fn has_cursor(instance: &Value) -> bool {
    let mut members = ["query", "body"].into_iter().filter_map(|root| Some((root, instance.get(root)?.as_object()?)));
    members.any(|(root, object)| {
        // A token in a body may be any.
        let is_one = |name: &str| is_cursor(name) || root == "query" && plain(name) == "token";
        object.iter().any(|(name, value)| is_one(name) && value.is_string())
    })
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(object) => {
            let is_reference = |(name, value): (&String, &Value)| may_refer(name) && !value.is_null() && !value.is_object();
            object.iter().any(is_reference) || object.values().any(has_reference)
        }
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}

/// Whether a value is an integer or a UUID, and so hardly a name for people.
fn is_id(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_str().is_some_and(word::is_uuid)
}

/// Whether a parameter of a query says which part of a list is wanted, though there may be resources that are called so.
fn is_about_the_list(name: &str) -> bool {
    const NAMES: [&str; 9] = ["count", "limit", "number", "offset", "order", "page", "size", "sort", "version"];
    NAMES.contains(&name.to_lowercase().as_str())
}

/// The kinds that the requests of an operation refer to, by the places where its schema has values.
pub(super) fn referred(resources: &Resources, target: &Target) -> Vec<KindId> {
    let told = resources.told(&target.operation);
    // As of values: a text may be anything.
    let may_be_id = |node: &Node| {
        let is_in_query = |name: &str| !is_about_the_list(name.rsplit('/').next().unwrap_or_default());
        let is_reference = node.place.strip_prefix("/query/").is_some_and(is_in_query) || node.place.starts_with("/body/");
        is_reference
            && node.own.iter().any(|rule| match &target.schema.constraints[*rule].rule {
                Rule::Type(types) => types.has(Types::INTEGER) && !types.has(Types::STRING.or(Types::FRACTION)),
                Rule::Format(format) => format.name() == "uuid",
                _ => false,
            })
    };
    let name = |place| is_reference(place).or_else(|| is_listed_reference(place));
    let names = target.schema.nodes.iter().filter_map(|node| Some((node, name(&node.place)?)));
    let kind = |(node, name)| resources.referred(name).or_else(|| resources.called(name).filter(|_| may_be_id(node)));
    let mut kinds: Vec<KindId> = names.filter_map(kind).collect();
    if let Some((kind, names)) = resources.named(&target.operation) {
        let elsewhere =
            |name: &String| resources.referred(name).filter(|other| *other != kind).or_else(|| resources.named_so(name, kind));
        kinds.extend(names.iter().filter_map(elsewhere));
    }
    kinds.retain(|kind| told.iter().all(|(own, tells)| own != kind || !matches!(tells, Tells::Creates | Tells::Names)));
    kinds.extend(identifier_in_body(resources, target).map(|(_, kind)| kind));
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// Headers that let a request succeed in some states of the resource only (RFC 9110, section 13.1).
const PRECONDITIONS: [&str; 4] = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

/// The instance without what would keep the server from what is asked for; none where there is nothing of the kind.
pub(super) fn without_preconditions(target: &Target, instance: &Value, about: Option<&str>) -> Option<Value> {
    without_headers(target, instance, |header| {
        let is_known = PRECONDITIONS.contains(&header.name.to_lowercase().as_str());
        is_known && !is_about(about, &format!("/header/{}", escape(&header.name)))
    })
}

/// The optional headers that an instance has.
pub(super) fn optional_headers<'t>(target: &'t Target, instance: &Value) -> impl Iterator<Item = &'t Parameter> {
    let optional = target.operation.parameters.iter().filter(|it| it.place == ParameterLocation::Header && !it.required);
    optional.filter(|header| instance.pointer(&format!("/header/{}", escape(&header.name))).is_some())
}

/// The instance without the optional headers of which this holds, breaking the same; none where there is nothing of the kind.
pub(super) fn without_headers(target: &Target, instance: &Value, unwanted: impl Fn(&Parameter) -> bool) -> Option<Value> {
    let unwanted = optional_headers(target, instance).filter(|header| unwanted(header));
    let names: Vec<&String> = unwanted.map(|header| &header.name).collect();
    if names.is_empty() {
        return None;
    }
    let mut without = instance.clone();
    let headers = without.get_mut("header")?.as_object_mut()?;
    names.into_iter().for_each(|name| drop(headers.shift_remove(name)));
    keeps(target, &without, &target.schema.evaluate(instance)).then_some(without)
}

/// Whether a place is the one that something is about, or around or in it.
pub(super) fn is_about(about: Option<&str>, place: &str) -> bool {
    about.is_some_and(|about| is_within(about, place) || is_within(place, about))
}

/// Whether an instance breaks the same rules as before, and both validators say so.
pub(super) fn keeps(target: &Target, instance: &Value, before: &Trace) -> bool {
    let trace = target.schema.evaluate(instance);
    trace.broken == before.broken && target.validator.agree(instance, &trace).is_ok()
}

/// A value as it came, as text, and as the number that a text spells.
pub(super) fn forms(value: Value) -> Vec<Value> {
    let other = match &value {
        Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_number),
        other => Some(Value::String(other.to_string())),
    };
    [value].into_iter().chain(other).collect()
}

/// Whether two lists of values are the same in a path.
fn same(one: &[Value], other: &[Value]) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| text(one) == text(other))
}

/// An object, and those that it wraps; also what an envelope in an envelope wraps, where there is nothing else.
fn inner(body: &Value) -> impl Iterator<Item = &Value> {
    fn wrapped(value: &Value) -> Vec<&Value> {
        let values = value.as_object().into_iter().flat_map(|object| object.values());
        values.filter(|value| value.is_object()).collect()
    }
    let first = wrapped(body);
    let second = match first.as_slice() {
        [only] if only.as_object().is_some_and(|object| object.len() == 1) => wrapped(only),
        _ => Vec::new(),
    };
    [body].into_iter().chain(first).chain(second)
}

/// The items of a list, of the list in an object, or the value itself. Of several lists the one with objects: a page of messages may name
/// all tags as well.
pub(super) fn items(body: &Value) -> Vec<&Value> {
    if let Some(items) = body.as_array() {
        return items.iter().collect();
    }
    let list = |value: &Value| value.as_object().is_some_and(|object| object.values().any(Value::is_array));
    let holder =
        if list(body) { Some(body) } else { body.as_object().and_then(|object| object.values().find(|value| list(value))) };
    let lists = || holder.and_then(Value::as_object).into_iter().flat_map(|object| object.values()).filter_map(Value::as_array);
    let items = lists().find(|items| items.iter().any(Value::is_object)).or_else(|| lists().next());
    items.map_or_else(|| vec![body], |items| items.iter().collect())
}

/// The keys of an object that has nothing but several objects of one kind, which are called by their ids.
fn by_id(body: &Value) -> Option<serde_json::map::Keys<'_>> {
    let all = body.as_object().filter(|all| all.len() > 1)?;
    let objects = all.values().map(Value::as_object).collect::<Option<Vec<_>>>()?;
    let first = objects.first()?;
    let is_shared = |name: &String| objects.iter().all(|object| object.contains_key(name));
    first.keys().any(is_shared).then(|| all.keys())
}

/// The value of a runtime expression (OpenAPI 3.1, section 4.8.20.3), or the constant.
fn expression(text: &str, instance: Option<&Value>, response: &Response, body: Option<&Value>) -> Option<Value> {
    let of = |whole: Option<&Value>, rest: &str| whole?.pointer(rest.strip_prefix('#')?).cloned();
    if let Some(rest) = text.strip_prefix("$response.body") {
        return of(body, rest);
    }
    if let Some(name) = text.strip_prefix("$response.header.") {
        return response.header(name).map(|value| Value::String(value.to_owned()));
    }
    if let Some(rest) = text.strip_prefix("$request.body") {
        return of(instance?.get("body"), rest);
    }
    if let Some((place, name)) = text.strip_prefix("$request.").and_then(|rest| rest.split_once('.')) {
        return instance?.get(place)?.get(name).cloned();
    }
    (!text.starts_with('$')).then(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_resources_of_a_page_are_its_objects() {
        let found = |body: &Value| items(body).into_iter().cloned().collect::<Vec<_>>();
        let message = json!({ "ID": "a" });
        assert_eq!(found(&json!({ "tags": ["x"], "start": 0, "messages": [message] })), std::slice::from_ref(&message));
        assert_eq!(found(&json!({ "page": { "next": [], "items": [message] } })), std::slice::from_ref(&message));
        assert_eq!(found(&json!({ "names": ["a", "b"] })), [json!("a"), json!("b")]);
        assert_eq!(found(&message), [message]);
    }

    #[test]
    fn a_list_may_be_an_object_of_objects_by_their_ids() {
        let found = |body: &Value| by_id(body).map(|keys| keys.cloned().collect::<Vec<_>>());
        let rates = json!({ "age": { "href": "/rate/age" }, "rent": { "href": "/rate/rent", "unit": "EUR" } });
        assert_eq!(found(&rates), Some(vec!["age".to_owned(), "rent".to_owned()]));
        assert_eq!(found(&json!({ "meta": { "total": 1 }, "links": { "next": "/" } })), None);
        assert_eq!(found(&json!({ "data": { "id": 1 } })), None);
    }
}
