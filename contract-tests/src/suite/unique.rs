//! Cases about what earlier requests have to do with later ones: unique values.

use futures_util::future::join_all;
use serde_json::Value;

use crate::{
    cases::{Case, Expect},
    judge::Finding,
    openapi::request::Target,
    plan::Sample,
    pointer::replace,
    rules,
    suite::run::Run,
};

/// How many clients race for one value.
const RACERS: usize = 16;

/// Tries every case; gives how many were judged.
pub(crate) async fn run(run: &Run<'_>, target: &Target, baseline: &Sample) -> usize {
    let mut judged = 0;
    let distinct = baseline.unique.is_empty() || !changes_a_resource(target) || run.provide_distinct(target, RACERS + 1).await;
    for place in baseline.unique.iter().filter(|_| distinct) {
        let unique = Unique { run, target, baseline, place };
        judged += usize::from(unique.again("the same value again", str::to_owned, unique.taken()).await);
        judged += usize::from(unique.again("the same value in capitals", str::to_uppercase, unique.taken()).await);
        judged += usize::from(unique.again("the same value in mixed letter case", mixed_case, unique.taken()).await);
        judged += usize::from(unique.again("the same name at another host", at_another_host, Expect::Success).await);
        judged += usize::from(unique.refused_first().await);
        judged += usize::from(unique.race().await);
        judged += usize::from(unique.race_in_any_case().await);
    }
    judged
}

struct Unique<'a> {
    run: &'a Run<'a>,
    target: &'a Target,
    baseline: &'a Sample,
    place: &'a str,
}

impl Unique<'_> {
    fn case(&self, name: &str, instance: Value, expect: Expect) -> Case {
        let rule = if expect == Expect::Success { &rules::VALID_REFUSED } else { &rules::DUPLICATE_ACCEPTED };
        Case { promise: self.promise(), expect, rule, ..Case::of_instance(self.target, self.id(name), name, instance) }
    }

    fn id(&self, name: &str) -> String {
        format!("{}:state:{}:{}", self.target.name(), self.place, name.replace(' ', "-"))
    }

    /// Where the document says that the value is unique.
    fn promise(&self) -> String {
        let nodes = &self.target.schema.nodes;
        let node =
            nodes.iter().find(|node| node.unique && node.place == *self.place).or_else(|| nodes.iter().find(|node| node.unique));
        node.map_or_else(|| self.target.operation.pointer.clone(), |node| format!("{}/x-unique", node.pointer))
    }

    fn pointer(&self) -> String {
        self.place.strip_prefix("/body").unwrap_or(self.place).to_owned()
    }

    fn taken(&self) -> Expect {
        Expect::Taken(self.pointer())
    }

    /// A valid instance whose value nobody has used.
    fn fresh(&self) -> Value {
        self.run.filled(self.target, self.baseline)
    }

    /// Another valid instance with the value of `instance`, changed.
    fn with_value_of(&self, instance: &Value, change: impl Fn(&str) -> String) -> Option<Value> {
        let own = instance.pointer(self.place)?.as_str()?;
        let value = change(own);
        // A name in Punycode is one in capitals, too (RFC 5890, section 2.3.2.1), which many a check of addresses does not know.
        if value != own && own.contains("xn--") {
            return None;
        }
        let mut other = self.fresh();
        replace(&mut other, self.place, Value::String(value));
        let trace = self.target.schema.evaluate(&other);
        let is_valid = trace.broken.is_empty() && self.target.validator.agree(&other, &trace).is_ok();
        is_valid.then_some(other)
    }

    /// A request, and another one whose value is that of the first, changed.
    async fn again(&self, name: &str, change: impl Fn(&str) -> String, expect: Expect) -> bool {
        let instance = self.fresh();
        let Some(other) = self.with_value_of(&instance, change).filter(|_| self.run.is_selected(&self.id(name))) else {
            return false;
        };
        // The same value cannot succeed again.
        if expect == Expect::Success && other.pointer(self.place) == instance.pointer(self.place) {
            return false;
        }
        // Of one resource the value is its own.
        if changes_a_resource(self.target) && instance.get("path") == other.get("path") {
            return false;
        }
        let first = self.case(&format!("a first request before {name}"), instance, Expect::Success);
        let outcome = self.run.attempt(self.target, &first).await;
        if outcome.findings.is_empty() {
            self.run.judge_case(self.target, &self.case(name, other, expect)).await;
        } else {
            self.run.count_judged();
            for finding in &outcome.findings {
                self.run.fail(self.target, &first, finding, outcome.answer.as_ref());
            }
        }
        true
    }

    /// A refused request does not take the value.
    async fn refused_first(&self) -> bool {
        let name = "the value of a rejected request";
        let instance = self.fresh();
        let mut refused = instance.clone();
        // Without one of its required properties it is refused, whatever else it says.
        let required = refused.get("body").and_then(Value::as_object).and_then(|body| {
            body.keys().find(|name| {
                let mut smaller = instance.clone();
                if let Some(body) = smaller.get_mut("body").and_then(Value::as_object_mut) {
                    body.shift_remove(*name);
                }
                let keeps_value = smaller.pointer(self.place).is_some();
                keeps_value && !self.target.schema.evaluate(&smaller).broken.is_empty()
            })
        });
        let Some(required) = required.cloned().filter(|_| self.run.is_selected(&self.id(name))) else { return false };
        if let Some(body) = refused.get_mut("body").and_then(Value::as_object_mut) {
            body.shift_remove(&required);
        }
        let broken = self.target.schema.evaluate(&refused).broken;
        let first = self.case(name, refused, crate::cases::expectation(&self.target.schema, &broken));
        let outcome = self.run.attempt(self.target, &first).await;
        if outcome.answer.is_ok_and(|response| response.status >= 400) {
            self.run.judge_case(self.target, &self.case(name, instance, Expect::Success)).await;
        } else {
            self.run.count_judged(); // That it was accepted is found by other cases.
        }
        true
    }

    async fn race(&self) -> bool {
        let name = "the same value from many clients at the same time";
        let instance = self.fresh();
        let racers: Option<Vec<Value>> = (0..RACERS).map(|_| self.racer(&instance)).collect();
        match racers {
            Some(racers) => self.raced(name, racers).await,
            None => false,
        }
    }

    /// The same values in another request, for another resource where it names one.
    fn racer(&self, instance: &Value) -> Option<Value> {
        let changes = changes_a_resource(self.target);
        let again = || self.run.fresh().renamed(self.target, instance);
        if changes { self.with_value_of(instance, str::to_owned) } else { Some(again()) }
    }

    async fn race_in_any_case(&self) -> bool {
        let name = "the same value in any letter case from many clients at the same time";
        let instance = self.fresh();
        let cases: [fn(&str) -> String; 3] = [str::to_owned, str::to_uppercase, mixed_case];
        let racers: Option<Vec<Value>> = (0..RACERS).map(|number| self.with_value_of(&instance, cases[number % 3])).collect();
        match racers {
            Some(racers) => self.raced(name, racers).await,
            None => false,
        }
    }

    async fn raced(&self, name: &str, racers: Vec<Value>) -> bool {
        if !self.run.is_selected(&self.id(name)) {
            return false;
        }
        let cases: Vec<Case> = racers.into_iter().map(|instance| self.case(name, instance, self.taken())).collect();
        let outcomes = join_all(cases.iter().map(|case| self.run.attempt(self.target, case))).await;
        let created = outcomes.iter().filter(|outcome| outcome.answer.as_ref().is_ok_and(|answer| answer.status < 300)).count();
        if created != 1 {
            let finding =
                Finding::of(&rules::DUPLICATE_ACCEPTED, self.promise(), format!("{name}: not exactly one request succeeds"))
                    .with(format!("{created} of {RACERS} were accepted"));
            if let (Some(case), Some(outcome)) = (cases.first(), outcomes.first()) {
                self.run.fail(self.target, case, &finding, outcome.answer.as_ref());
            }
        }
        for (case, outcome) in cases.iter().zip(&outcomes) {
            // The winner breaks the expectation that the value is taken; the losers must not.
            if outcome.answer.as_ref().is_ok_and(|answer| answer.status < 300) {
                continue;
            }
            for finding in &outcome.findings {
                self.run.fail(self.target, case, finding, outcome.answer.as_ref());
            }
        }
        self.run.count_judged();
        true
    }
}

/// Whether a request says what the resource that its path names is to be, so that a value that it repeats is that resource's own.
fn changes_a_resource(target: &Target) -> bool {
    target.operation.path.contains('{') && matches!(target.operation.method.as_str(), "PUT" | "PATCH")
}

/// Another address with the same local part; what is no address stays as it is.
fn at_another_host(text: &str) -> String {
    let host = |domain: &str| if domain.ends_with("example.org") { "example.net" } else { "example.org" };
    text.rsplit_once('@').map_or_else(|| text.to_owned(), |(local, domain)| format!("{local}@{}", host(domain)))
}

fn mixed_case(text: &str) -> String {
    text.chars()
        .enumerate()
        .map(|(index, c)| if index % 2 == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect()
}
