//! Which instances to try for a schema: for each constraint the valid ones at its edge, and those that break it and nothing else.

mod budget;
pub(crate) mod instances;
pub(crate) mod patches;
pub(crate) mod random;

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use self::budget::Budget;
use crate::{
    generate::{Aim, Generator, Goal, MAX_STEPS, Richness, Wish, boundary_wishes, negative_wishes, rng, subject},
    inclusion::Texts,
    openapi::examples::overlay,
    schema::{
        Constraint, ConstraintId, Disagreement, Node, ReferenceValidator, Rule, Schema, Trace, Types, Uncovered, Violation,
    },
};

/// An instance whose standing is proven: the engine's evaluation and boon agree about it.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub instance: Value,
    /// The constraint that it was made for.
    pub constraint: Option<ConstraintId>,
    /// What it breaks; empty for a valid one.
    pub broken: BTreeSet<Violation>,
    /// Where its values are that no two resources share.
    pub unique: BTreeSet<String>,
}

/// How a constraint can be broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breakable {
    /// By an instance that breaks nothing else.
    Alone,
    /// Only together with these others.
    Together(Vec<ConstraintId>),
    /// It stands in a condition or alternative: it was reached from both sides, which need not refuse the request.
    Inside,
    /// It is a choice, reached from both sides.
    Choice,
    /// It is a choice of which another rule leaves one side only, or a rule that every request keeps.
    Settled,
    /// By no instance that the engine found.
    Never,
    /// By no instance that the engine found before it gave up: to try everything takes too long, or was not asked for.
    Unknown,
}

/// A plan for one schema.
#[derive(Default)]
pub(crate) struct Plan {
    pub samples: Vec<Sample>,
    /// Which of them are the document's own examples.
    pub examples: Vec<usize>,
    /// For each constraint how it can be broken.
    pub breakable: Vec<Breakable>,
    /// For each constraint whether a valid instance at its edge was found.
    pub satisfied: Vec<bool>,
    /// Instances that the engine and boon judged differently; they are not sent.
    pub disagreements: Vec<(Value, Disagreement)>,
    /// What was not planned to the end because it takes too long.
    pub unfinished: Vec<Uncovered>,
    /// How much work it took.
    pub steps: u64,
    /// Whether nobody stopped it before the end.
    pub whole: bool,
}

impl Plan {
    /// The plan of a schema for which nothing was tried.
    pub fn unmade(schema: &Schema) -> Self {
        let count = schema.constraints.len();
        Self { breakable: vec![Breakable::Unknown; count], satisfied: vec![false; count], ..Self::default() }
    }
}

/// How often one wish is tried.
const TRIES: usize = 6;
/// How often an instance is made until it can be sent: not every text fits into a header.
const SENDABLE: usize = 8;
/// How many ways into a condition, and how many rules under it, are combined.
const MAX_CONDITIONED: usize = 12;
/// How many rules are broken behind one reference.
const MAX_REFERRED: usize = 12;
/// Beyond this many disagreements only their number would grow.
const MAX_DISAGREEMENTS: usize = 20;

/// What an instance must pass on its way from the generator into a plan.
pub(crate) trait Admit {
    /// The instance as it will be received; none when it cannot be sent.
    fn received(&self, instance: Value) -> Option<Value>;

    /// Parts of instances that the document gives as examples.
    fn examples(&self) -> &[Value] {
        &[]
    }

    /// Whether some may take an invalid instance for a valid one.
    fn is_doubtful(&self, _instance: &Value) -> bool {
        false
    }
}

/// Any instance of a schema, as it is.
pub(crate) struct AsItIs;

impl Admit for AsItIs {
    fn received(&self, instance: Value) -> Option<Value> {
        Some(instance)
    }
}

impl Admit for crate::openapi::request::Target {
    fn received(&self, instance: Value) -> Option<Value> {
        self.as_received(instance)
    }

    fn examples(&self) -> &[Value] {
        &self.examples
    }

    fn is_doubtful(&self, instance: &Value) -> bool {
        self.is_doubtful(instance, false)
    }
}

pub(crate) struct Planner<'a> {
    pub schema: &'a Schema,
    pub validator: &'a ReferenceValidator,
    pub admit: &'a dyn Admit,
    pub seed: u64,
    pub plan: Plan,
    /// The samples made for each constraint, by their index.
    made_for: HashMap<Option<ConstraintId>, Vec<usize>>,
    /// For each constraint whether a valid sample satisfies it, and whether it fails in one.
    sides: Vec<[bool; 2]>,
    budget: Budget,
    /// What no generator has to try again.
    hopeless: BTreeSet<(String, usize, Option<usize>)>,
    /// What has been proven about texts.
    texts: Option<Texts>,
    /// Whether the last instance was not made because it cannot be: to try again is futile.
    futile: bool,
    stop: &'a dyn Fn() -> bool,
    /// Whether the rest of the plan is given up.
    stopped: bool,
}

impl<'a> Planner<'a> {
    /// The plan for `schema`, the same for the same seed.
    pub fn plan(schema: &'a Schema, validator: &'a ReferenceValidator, admit: &'a dyn Admit, seed: u64) -> Plan {
        Self::plan_until(schema, validator, admit, seed, &|| false)
    }

    /// The same, or what of it there is when `stop` says that no more is wanted: the plain valid instances, at the least.
    pub fn plan_until(
        schema: &'a Schema,
        validator: &'a ReferenceValidator,
        admit: &'a dyn Admit,
        seed: u64,
        stop: &'a dyn Fn() -> bool,
    ) -> Plan {
        let count = schema.constraints.len();
        let plan = Plan { breakable: vec![Breakable::Never; count], satisfied: vec![false; count], ..Plan::default() };
        let (made_for, sides, budget) = (HashMap::new(), vec![[false; 2]; count], Budget::of(schema));
        let mut planner = Self {
            schema,
            validator,
            admit,
            seed,
            plan,
            made_for,
            sides,
            budget,
            hopeless: BTreeSet::new(),
            texts: Some(Texts::default()),
            futile: false,
            stop: &|| false,
            stopped: false,
        };
        planner.baselines(stop);
        planner.examples();
        (planner.stop, planner.stopped) = (stop, stop());
        if planner.plan.samples.is_empty() {
            planner.budget.doubt();
        }
        for id in 0..count {
            if planner.stopped {
                break;
            }
            if let Some(source) = &schema.constraints[id].source {
                planner.budget.begin();
                let reserved = planner.budget.reserve();
                planner.boundary(id);
                planner.budget.release(reserved);
                planner.negative(id);
                if planner.budget.ran_out() {
                    planner.note_unfinished(source, "not every way to keep and to break this rule was tried");
                }
            }
        }
        planner.doubt_unfinished();
        planner.conditions();
        planner.references();
        planner.plan.steps = planner.budget.spent();
        planner.plan.whole = !planner.stopped;
        planner.plan
    }

    /// Of a rule that was not tried in every way nothing is claimed; rules with one pointer, such as the names in `required`, are told
    /// together.
    fn doubt_unfinished(&mut self) {
        let unfinished: BTreeSet<&str> = self.plan.unfinished.iter().map(|gap| gap.pointer.as_str()).collect();
        for (breakable, constraint) in self.plan.breakable.iter_mut().zip(&self.schema.constraints) {
            let is_told = constraint.source.as_deref().is_some_and(|source| unfinished.contains(source));
            if (is_told || self.stopped) && matches!(breakable, Breakable::Never | Breakable::Settled) {
                *breakable = Breakable::Unknown;
            }
        }
    }

    /// What several references lead to is broken behind each of them: a server may have forgotten one.
    fn references(&mut self) {
        let schema = self.schema;
        for through in 0..schema.nodes.len() {
            let node = &schema.nodes[through];
            let Some(target) = node.reference.filter(|_| schema.is_one_of_several(through)) else { continue };
            self.budget.begin();
            let sent = schema.rules(target).iter().copied().filter(|id| schema.constraints[*id].source.is_some());
            for fault in sent.take(MAX_REFERRED) {
                let words = ["reference", &schema.constraints[fault].key(), &schema.nodes[through].pointer];
                self.break_with(fault, &words, &[Aim { through: Some(through), ..Aim::new(fault, Goal::Violate, None) }]);
            }
            if self.budget.ran_out() {
                self.note_unfinished(&node.pointer, "not every rule was broken behind this reference");
            }
        }
    }

    /// A rule under a condition is broken for each way of meeting the condition: each member of its `enum`, each of its boundary values.
    fn conditions(&mut self) {
        let schema = self.schema;
        for node in &schema.nodes {
            let Some(condition) = &node.condition else { continue };
            self.budget.begin();
            let ways = schema.rules(condition.when);
            for (side, goal) in [(condition.then, Goal::Satisfy), (condition.otherwise, Goal::Violate)] {
                let Some(side) = side else { continue };
                let own = schema.rules(side).iter().copied().filter(|id| !schema.constraints[*id].conditional);
                let own: Vec<ConstraintId> = own.take(MAX_CONDITIONED).collect();
                for way in ways {
                    let constraint = &schema.constraints[*way];
                    let wishes = match goal {
                        Goal::Satisfy => boundary_wishes(constraint, 0),
                        Goal::Violate => negative_wishes(constraint, 0, &[]),
                    };
                    for (index, wish) in wishes.into_iter().take(MAX_CONDITIONED).enumerate() {
                        for fault in &own {
                            let words = ["condition", &schema.constraints[*fault].key(), &way.to_string(), &index.to_string()];
                            let met = Aim::new(*way, goal, Some(wish.clone()));
                            self.break_with(*fault, &words, &[met, Aim::new(*fault, Goal::Violate, None)]);
                        }
                    }
                }
            }
            if self.budget.ran_out() {
                self.note_unfinished(&node.pointer, "not every rule was broken in each way to meet this condition");
            }
        }
    }

    fn note_unfinished(&mut self, pointer: &str, what: &str) {
        let gap = Uncovered { pointer: pointer.to_owned(), reason: format!("{what}: that takes too long") };
        if self.plan.unfinished.last() != Some(&gap) {
            self.plan.unfinished.push(gap);
        }
    }

    /// Keeps one invalid instance that counts for this constraint, made with these aims; `words` tell its random choices from others.
    fn break_with(&mut self, fault: ConstraintId, words: &[&str], aims: &[Aim]) {
        for attempt in 0..TRIES / 2 {
            if self.is_over() {
                return;
            }
            let mut generator = self.generator(&[words, &[&attempt.to_string()]].concat(), richness(attempt));
            if let Some((instance, trace)) = self.made(&mut generator, aims)
                && self.counts(fault, &trace)
                && !trace.broken.is_empty()
            {
                self.keep(instance, trace, Some(fault));
                return;
            }
            if self.futile {
                return;
            }
        }
    }

    /// Whether nothing is left to be spent on the part under way.
    fn is_over(&mut self) -> bool {
        self.stopped || self.budget.allowance().is_none()
    }

    /// Whether to try again is futile: the instance cannot be made, or nothing is left to be spent on it.
    fn is_futile(&mut self) -> bool {
        self.futile || self.is_over()
    }

    fn generator(&self, words: &[&str], richness: Richness) -> Generator<'a> {
        Generator::new(self.schema, rng(self.seed, words), richness)
    }

    /// The smallest and the largest valid instance, and some between; where `stop` says that no more is wanted, the others take no time.
    fn baselines(&mut self, stop: &dyn Fn() -> bool) {
        self.budget.begin();
        for (index, richness) in [Richness::Sparse, Richness::Full, Richness::Random, Richness::Random].into_iter().enumerate() {
            if index > 0 && stop() {
                self.budget.hurry();
            }
            let mut generator = self.generator(&["baseline", &index.to_string()], richness);
            for _ in 0..TRIES {
                if let Some((instance, trace)) = self.made(&mut generator, &[])
                    && trace.broken.is_empty()
                {
                    self.note(&trace);
                    self.keep(instance, trace, None);
                    break;
                }
                if self.is_futile() {
                    break;
                }
            }
        }
    }

    /// The document's own examples, where they are valid; what they leave out is as in the smallest instance.
    fn examples(&mut self) {
        let smallest = self.plan.samples.first().map_or_else(|| Value::Object(Map::new()), |sample| sample.instance.clone());
        for examples in self.admit.examples() {
            let mut instance = smallest.clone();
            overlay(&mut instance, examples);
            let made = self.admit.received(instance).and_then(|instance| self.judged(instance));
            if let Some((instance, trace)) = made.filter(|(_, trace)| trace.broken.is_empty()) {
                self.note(&trace);
                let count = self.plan.samples.len();
                self.keep(instance, trace, None);
                self.plan.examples.extend(count..self.plan.samples.len());
            }
        }
    }

    /// An instance with this aim as it will be received.
    fn sendable(&mut self, generator: &mut Generator<'_>, aims: &[Aim]) -> Option<Value> {
        self.futile = false;
        for _ in 0..SENDABLE {
            // What cannot be made at all will not be made by trying again.
            self.stopped = self.stopped || (self.stop)();
            if self.stopped {
                return None;
            }
            generator.limit = self.budget.allowance()?.min(MAX_STEPS);
            std::mem::swap(&mut generator.hopeless, &mut self.hopeless);
            std::mem::swap(&mut generator.texts, &mut self.texts);
            let made = generator.instance(aims);
            std::mem::swap(&mut generator.hopeless, &mut self.hopeless);
            std::mem::swap(&mut generator.texts, &mut self.texts);
            self.futile = made.is_none() && generator.futile;
            self.budget.spend(generator.steps());
            if made.is_none() && generator.steps() >= generator.limit {
                self.budget.cut_short();
            }
            if let Some(instance) = self.admit.received(made?) {
                return Some(instance);
            }
        }
        None
    }

    /// An instance with this aim, judged alike by both.
    fn made(&mut self, generator: &mut Generator<'_>, aims: &[Aim]) -> Option<(Value, Trace)> {
        let instance = self.sendable(generator, aims)?;
        self.judged(instance)
    }

    /// The instance, if both judge it alike.
    fn judged(&mut self, instance: Value) -> Option<(Value, Trace)> {
        let Some(trace) = self.schema.evaluate_within(MAX_STEPS, &instance) else {
            self.budget.spend(MAX_STEPS);
            self.budget.cut_short();
            return None;
        };
        // boon goes the same way.
        self.budget.spend(2 * trace.steps);
        match self.validator.agree(&instance, &trace) {
            Ok(()) if !trace.broken.is_empty() && self.admit.is_doubtful(&instance) => None,
            Ok(()) => Some((instance, trace)),
            Err(disagreement) => {
                if self.plan.disagreements.len() < MAX_DISAGREEMENTS {
                    self.plan.disagreements.push((instance, disagreement));
                }
                None
            }
        }
    }

    fn keep(&mut self, instance: Value, trace: Trace, constraint: Option<ConstraintId>) {
        if trace.broken.is_empty() {
            for (id, [satisfied, failed]) in self.sides.iter_mut().enumerate() {
                *satisfied |= trace.satisfied[id];
                *failed |= trace.failed[id];
            }
        }
        // What is made for two constraints stands for each of them.
        let alike = self.made_for.entry(constraint).or_default();
        if alike.iter().all(|index| self.plan.samples[*index].instance != instance) {
            alike.push(self.plan.samples.len());
            self.plan.samples.push(Sample { instance, constraint, broken: trace.broken, unique: trace.unique });
        }
    }

    fn note(&mut self, trace: &Trace) {
        if trace.broken.is_empty() {
            self.plan.satisfied.iter_mut().zip(&trace.satisfied).for_each(|(kept, satisfied)| *kept |= satisfied);
        }
    }

    fn branches(&self, id: ConstraintId) -> usize {
        self.schema
            .nodes
            .iter()
            .flat_map(|node| node.any_of.iter().chain(&node.one_of))
            .find(|(own, _)| *own == id)
            .map_or(0, |(_, branches)| branches.len())
    }

    fn boundary(&mut self, id: ConstraintId) {
        let constraint = &self.schema.constraints[id];
        let mut wishes: Vec<Option<Wish>> = boundary_wishes(constraint, self.branches(id)).into_iter().map(Some).collect();
        if wishes.is_empty() {
            wishes.push(None);
        }
        for (index, wish) in wishes.into_iter().enumerate() {
            let wanted = |trace: &Trace| match (&constraint.rule, &wish) {
                (Rule::Condition | Rule::Optional(_), Some(Wish::Side(false))) => trace.failed[id],
                (Rule::Never, _) => true,
                _ => trace.satisfied[id],
            };
            for attempt in 0..TRIES {
                let words = ["edge", &constraint.key(), &index.to_string(), &attempt.to_string()];
                let mut generator = self.generator(&words, richness(attempt));
                let aim = Aim::new(id, Goal::Satisfy, wish.clone());
                // A choice needs no value of its own to lead to, and what is never there is kept by leaving it out.
                let aims: &[Aim] = if matches!(constraint.rule, Rule::Never) { &[] } else { &[aim] };
                let Some((instance, trace)) = self.made(&mut generator, aims) else {
                    if self.is_futile() {
                        break;
                    }
                    continue;
                };
                if trace.broken.is_empty() && wanted(&trace) {
                    self.note(&trace);
                    self.plan.satisfied[id] = true;
                    self.keep(instance, trace, Some(id));
                    break;
                }
            }
        }
    }

    fn negative(&mut self, id: ConstraintId) {
        let constraint = &self.schema.constraints[id];
        if constraint.always_kept {
            self.plan.breakable[id] = Breakable::Settled;
            return;
        }
        if constraint.is_choice() {
            self.plan.breakable[id] = if self.sides[id] == [true, true] { Breakable::Choice } else { Breakable::Settled };
            return;
        }
        let mut known: Vec<_> = Vec::new();
        if matches!(constraint.rule, Rule::Never) {
            let named = self.nodes_around(constraint).flat_map(|node| &node.properties);
            known.extend(named.map(|(name, node)| (name.clone(), Some(*node))));
        }
        let mut wishes = negative_wishes(constraint, self.branches(id), &known);
        if matches!(constraint.rule, Rule::Never) {
            wishes.extend(self.missed_names(constraint));
        }
        if self.is_never_alone(id) {
            return self.negative_together(id, &wishes);
        }
        // A wished value has its own way with the other rules of the place; one that is made keeps them.
        let made = matches!(constraint.rule, Rule::Enum(_) | Rule::Const(_)).then_some(None);
        for (index, wish) in wishes.iter().map(Some).chain(made).enumerate() {
            // The nearest ways are tried on two baselines, the rest on one.
            let wanted = if index < 3 { 2 } else { 1 };
            let mut found = 0;
            for attempt in 0..TRIES {
                let words = ["fault", &constraint.key(), &index.to_string(), &attempt.to_string()];
                let mut generator = self.generator(&words, richness(attempt));
                let aim = Aim::new(id, Goal::Violate, wish.cloned());
                if let Some((instance, trace)) = self.made(&mut generator, &[aim])
                    && self.counts(id, &trace)
                {
                    self.found(id, &trace);
                    self.keep(instance, trace, Some(id));
                    found += 1;
                    if found == wanted {
                        break;
                    }
                }
                if self.is_futile() {
                    break;
                }
            }
        }
        if self.plan.breakable[id] == Breakable::Never {
            self.negative_together(id, &wishes);
        }
    }

    /// Whether a value of another type is none of those that are listed beside it, so that both rules are broken at once.
    fn is_never_alone(&self, id: ConstraintId) -> bool {
        let Rule::Type(types) = self.schema.constraints[id].rule else { return false };
        let beside = self.schema.node_of(id).into_iter().flat_map(|node| &node.own);
        beside.map(|own| &self.schema.constraints[*own].rule).any(|rule| match rule {
            Rule::Enum(members) => members.iter().all(|member| types.has(Types::of(member))),
            Rule::Const(value) => types.has(Types::of(value)),
            _ => false,
        })
    }

    /// Whether the instance breaks this constraint and nothing else; inside a condition, whether it breaks it there and at most one
    /// rule outside.
    fn counts(&self, id: ConstraintId, trace: &Trace) -> bool {
        if self.schema.constraints[id].conditional { trace.failed[id] && self.breaks(trace) <= 1 } else { trace.breaks_only(id) }
    }

    /// How many rules an instance breaks, but for what nothing evaluates only because no alternative holds.
    fn breaks(&self, trace: &Trace) -> usize {
        let constraint = |violation: &Violation| &self.schema.constraints[violation.constraint];
        let fails = trace.broken.iter().any(|it| matches!(constraint(it).rule, Rule::AnyOf | Rule::OneOf));
        trace.broken.iter().filter(|it| !(fails && constraint(it).keyword.starts_with("unevaluated"))).count()
    }

    fn found(&mut self, id: ConstraintId, trace: &Trace) {
        let breakable = &mut self.plan.breakable[id];
        if trace.breaks_only(id) {
            *breakable = Breakable::Alone;
        } else if *breakable == Breakable::Never {
            *breakable = Breakable::Inside;
        }
    }

    /// Tries the constraint together with others at the same place, and takes the fewest.
    fn negative_together(&mut self, id: ConstraintId, wishes: &[Wish]) {
        let constraint = &self.schema.constraints[id];
        let mut others: Vec<ConstraintId> = (0..self.schema.constraints.len())
            .filter(|other| {
                let neighbour = &self.schema.constraints[*other];
                let missing = matches!(neighbour.rule, Rule::Required(_))
                    && neighbour.place.rsplit_once('/').is_some_and(|(object, _)| object == constraint.place);
                let near = missing || around(&neighbour.place, &constraint.place);
                let fits = neighbour.place != constraint.place || may_fail_at_once(&constraint.rule, &neighbour.rule);
                *other != id && near && fits && !neighbour.is_choice() && neighbour.source.is_some()
            })
            .collect();
        // Those of the same value first.
        others.sort_by_key(|other| self.schema.constraints[*other].place != constraint.place);
        let mut companies: Vec<Vec<ConstraintId>> = others.iter().map(|other| vec![*other]).collect();
        // What asks for the value itself is broken by leaving it out, and then nothing else is.
        let is_here = |other: &ConstraintId| {
            let other = &self.schema.constraints[*other];
            other.place == constraint.place && !matches!(other.rule, Rule::Required(_) | Rule::DependentRequired { .. })
        };
        let here: Vec<ConstraintId> = others.iter().copied().filter(is_here).collect();
        companies.push(here);
        companies.push(Vec::new());
        let mut best: Option<(Value, Trace)> = None;
        let mut found = (0, 0);
        let wishes: Vec<Option<Wish>> = wishes.iter().cloned().map(Some).chain([None]).collect();
        // It was not broken alone, so that with one other there are no fewer to be found.
        let fewest = if constraint.conditional { 1 } else { 2 };
        'search: for (index, company) in companies.iter().enumerate() {
            for (number, wish) in wishes.iter().enumerate() {
                for attempt in 0..2 {
                    if self.is_over() {
                        break 'search;
                    }
                    let made = self.broken_with(id, wish.as_ref(), (company, [index, number, attempt]));
                    let Some((instance, trace)) = made else {
                        if self.is_futile() {
                            break;
                        }
                        continue;
                    };
                    let better = best.as_ref().is_none_or(|(_, best)| trace.broken.len() < best.broken.len());
                    if trace.failed[id] && better {
                        let is_fewest = self.breaks(&trace) <= fewest;
                        best = Some((instance, trace));
                        found = (index, number);
                        if is_fewest {
                            break 'search;
                        }
                    }
                }
            }
        }
        if let Some((instance, trace)) = best {
            // A server may refuse one type and fail at another.
            let (company, number) = found;
            let broken = |trace: &Trace| trace.broken.iter().map(|it| it.constraint).collect::<BTreeSet<ConstraintId>>();
            let others =
                wishes.iter().enumerate().filter(|(other, wish)| matches!(wish, Some(Wish::Types(_))) && *other != number);
            for (number, wish) in others {
                let made = self.broken_with(id, wish.as_ref(), (&companies[company], [company, number, 0]));
                if let Some((other, its)) = made.filter(|(_, its)| its.failed[id] && broken(its) == broken(&trace)) {
                    self.keep(other, its, Some(id));
                }
            }
            let others: BTreeSet<ConstraintId> =
                trace.broken.iter().map(|violation| violation.constraint).filter(|other| *other != id).collect();
            self.plan.breakable[id] = match (others.is_empty(), trace.broken.is_empty()) {
                (true, true) => Breakable::Inside,
                (true, false) => Breakable::Alone,
                _ => Breakable::Together(others.into_iter().collect()),
            };
            self.keep(instance, trace, Some(id));
        }
    }

    /// An instance that is to break the constraint and all of its company.
    fn broken_with(
        &mut self,
        id: ConstraintId,
        wish: Option<&Wish>,
        (company, numbers): (&[ConstraintId], [usize; 3]),
    ) -> Option<(Value, Trace)> {
        let [index, number, attempt] = numbers.map(|number| number.to_string());
        let mut generator =
            self.generator(&["together", &self.schema.constraints[id].key(), &index, &number, &attempt], richness(numbers[2]));
        let aim = Aim::new(id, Goal::Violate, wish.cloned());
        let with = company.iter().map(|other| Aim::new(*other, Goal::Violate, None));
        let aims: Vec<Aim> = [aim].into_iter().chain(with).collect();
        self.made(&mut generator, &aims)
    }

    /// Names that just miss a pattern of `patternProperties` beside the place of a constraint.
    fn missed_names(&self, constraint: &Constraint) -> impl Iterator<Item = Wish> {
        let patterns = self.nodes_around(constraint).flat_map(|node| &node.pattern_properties);
        patterns.flat_map(|(pattern, node)| pattern.misses().iter().map(|name| Wish::Name(name.clone(), Some(*node))))
    }

    fn nodes_around(&self, constraint: &Constraint) -> impl Iterator<Item = &'a Node> {
        let parent = constraint.place.rsplit_once('/').map(|(parent, _)| parent.to_owned());
        self.schema.nodes.iter().filter(move |node| Some(&node.place) == parent.as_ref())
    }
}

/// Whether one value may break both rules: a rule about a type says nothing of values of others, and no text is too short and too long.
fn may_fail_at_once(rule: &Rule, other: &Rule) -> bool {
    match (rule, other) {
        (Rule::MinLength(_), Rule::MaxLength(_))
        | (Rule::MaxLength(_), Rule::MinLength(_))
        | (Rule::MinItems(_), Rule::MaxItems(_))
        | (Rule::MaxItems(_), Rule::MinItems(_))
        | (Rule::MinProperties(_), Rule::MaxProperties(_))
        | (Rule::MaxProperties(_), Rule::MinProperties(_)) => false,
        (Rule::Type(types), about) | (about, Rule::Type(types)) if subject(about) != Types::ALL => {
            subject(about).without(*types) != Types::NONE
        }
        _ => true,
    }
}

/// Whether a place is another one or around it; `*` stands for any segment.
fn around(outer: &str, inner: &str) -> bool {
    let mut inner = inner.split('/');
    outer.split('/').all(|one| inner.next().is_some_and(|other| one == other || one == "*" || other == "*"))
}

fn richness(attempt: usize) -> Richness {
    [Richness::Sparse, Richness::Full, Richness::Random][attempt % 3]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn planned(schema: &Value) -> (Schema, Plan) {
        let compiled = Schema::compile(schema, "");
        let validator = ReferenceValidator::compile(schema, "", &compiled).unwrap();
        let plan = Planner::plan(&compiled, &validator, &AsItIs, 1);
        (compiled, plan)
    }

    /// Wide and deep, and with rules that nothing can keep: the pattern ends before the length begins.
    fn exploding() -> Value {
        let branch = |number: usize| {
            let mut properties: serde_json::Map<String, Value> =
                (0..12).map(|name| (format!("p{name}"), json!({"$ref": "#/$defs/any"}))).collect();
            properties.insert("kind".to_owned(), json!({"const": number}));
            properties.insert("code".to_owned(), json!({"type": "string", "pattern": "^(ab){1,3}$", "minLength": 500}));
            json!({"type": "object", "properties": properties, "required": ["kind", "p0", "p1", "code"]})
        };
        let branches: Vec<Value> = (0..15).map(branch).collect();
        json!({
            "type": "object",
            "properties": {"any": {"$ref": "#/$defs/any"}, "other": {"$ref": "#/$defs/any"}, "name": {"type": "string", "maxLength": 5}},
            "required": ["name"],
            "$defs": {"any": {"anyOf": branches}},
        })
    }

    #[test]
    fn what_explodes_is_planned_within_the_budget_and_the_rest_is_told() {
        let (schema, plan) = planned(&exploding());
        let limit = Budget::of(&schema).limit();
        // The last instance of a part may take more than was left.
        assert!(plan.steps < limit + limit / 2, "{} of {limit} steps", plan.steps);
        assert!(!plan.unfinished.is_empty());
        for (constraint, breakable) in schema.constraints.iter().zip(&plan.breakable) {
            let told = plan.unfinished.iter().any(|gap| Some(&gap.pointer) == constraint.source.as_ref());
            assert!(!told || !matches!(breakable, Breakable::Never | Breakable::Settled), "{constraint} is {breakable:?}");
        }
        let name = schema.constraints.iter().position(|constraint| constraint.keyword == "maxLength").unwrap();
        assert_eq!(plan.breakable[name], Breakable::Alone, "a simple rule beside is planned as ever");
        let (_, again) = planned(&exploding());
        assert_eq!((again.steps, again.samples.len()), (plan.steps, plan.samples.len()), "the same for the same seed");
    }

    #[test]
    fn what_is_small_is_planned_to_the_end() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}, "required": ["n"]});
        let (_, plan) = planned(&schema);
        assert!(plan.unfinished.is_empty() && plan.steps < 20_000, "{} steps", plan.steps);
        let made: BTreeSet<String> = plan.samples.iter().map(|sample| sample.instance.to_string()).collect();
        for edge in [r#"{"n":9}"#, r#"{"n":10}"#, "{}", "null"] {
            assert!(made.contains(edge), "{edge} is not in {made:?}");
        }
    }

    #[test]
    fn a_pattern_that_is_longer_than_a_length_takes_no_search() {
        let schema = json!({"type": "object", "properties": {"name": {"type": "string", "minLength": 2, "pattern": "^[a-z]+$"}}});
        let (_, plan) = planned(&schema);
        assert!(plan.unfinished.is_empty() && plan.steps < 50_000, "{} steps, {:?}", plan.steps, plan.unfinished);
    }

    #[test]
    fn a_pattern_that_every_uuid_matches_is_planned_to_the_end() {
        let pattern = "[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}";
        let text = json!({"type": "string", "format": "uuid", "pattern": pattern, "minLength": 1});
        let (schema, plan) = planned(&json!({"type": "object", "properties": {"id": text}, "required": ["id"]}));
        assert!(plan.unfinished.is_empty() && plan.steps < 500_000, "{} steps, {:?}", plan.steps, plan.unfinished);
        let [pattern, format] =
            ["pattern", "format"].map(|keyword| schema.constraints.iter().position(|it| it.keyword == keyword).unwrap());
        assert_eq!(plan.breakable[pattern], Breakable::Together(vec![format]));
        assert_eq!(
            plan.breakable[format],
            Breakable::Alone,
            "the pattern asks for a UUID somewhere, the format for nothing else"
        );
    }

    #[test]
    fn a_format_is_broken_beside_a_pattern_for_the_beginning() {
        let place = json!({"type": "string", "format": "uri-reference", "pattern": "^/orders/"});
        let (schema, plan) = planned(&place);
        let format = schema.constraints.iter().position(|it| it.keyword == "format").unwrap();
        assert_eq!(plan.breakable[format], Breakable::Alone, "{:?} {}", plan.unfinished, plan.steps);
    }

    #[test]
    fn what_a_list_of_values_leaves_no_way_to_break_takes_no_search() {
        let colour = json!({"type": "string", "enum": ["red", "green"], "maxLength": 5});
        let (schema, plan) = planned(&json!({"type": "array", "items": {"properties": {"colour": colour}}, "minItems": 1}));
        assert!(plan.unfinished.is_empty() && plan.steps < 50_000, "{} steps, {:?}", plan.steps, plan.unfinished);
        let of = |keyword: &str, place: &str| {
            schema.constraints.iter().position(|it| it.keyword == keyword && it.place == place).unwrap()
        };
        let [listed, length] = ["enum", "maxLength"].map(|keyword| of(keyword, "/*/colour"));
        assert_eq!(plan.breakable[listed], Breakable::Alone);
        assert_eq!(plan.breakable[length], Breakable::Together(vec![listed]));
    }

    #[test]
    fn a_type_that_two_parts_ask_for_is_broken_with_each_other_type() {
        let parts = json!([{"type": "object", "properties": {"a": {"type": "string"}}}, {"type": "object"}]);
        let (_, plan) = planned(&json!({"type": "array", "items": {"allOf": parts}}));
        let broken = plan.samples.iter().filter(|sample| sample.broken.len() == 2);
        let broken = broken.flat_map(|sample| sample.instance.as_array()).flatten();
        let types: BTreeSet<u8> = broken.map(|item| Types::of(item).0).collect();
        let others = [json!(null), json!(1), json!("a"), json!([])];
        assert!(others.iter().all(|other| types.contains(&Types::of(other).0)), "{types:?}");
    }

    #[test]
    fn a_plan_that_is_given_up_has_the_plain_instances() {
        let schema = json!({"type": "string", "minLength": 3});
        let compiled = Schema::compile(&schema, "");
        let validator = ReferenceValidator::compile(&schema, "", &compiled).unwrap();
        let plan = Planner::plan_until(&compiled, &validator, &AsItIs, 1, &|| true);
        assert!(!plan.whole && !plan.samples.is_empty() && plan.samples.iter().all(|sample| sample.broken.is_empty()));
        assert!(plan.breakable.iter().all(|breakable| *breakable == Breakable::Unknown), "{:?}", plan.breakable);
    }
}
