//! The verdict: what the rules say and what the instances show, together.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};

use chrono::{NaiveDate, Utc};
use clap::ValueEnum;
use openapi_document::pointer::from_reference;
use serde_json::Value;

use crate::{Document, DocumentError, LocatedViolation, REQUESTS, pointer::is_within};

use super::{
    change::{Change, Class, Direction, Ground, Part},
    same::is_same,
    structural::{self, Pair, Structure, What, followed, subject},
    witness::{self, Changes, Inquiry, Sides},
};

/// What shows that a change breaks somebody, or that it does not.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// The document itself says it.
    Document,
    /// An instance that was described and is not any more, or the other way round.
    Witness(Value),
    /// There is neither an instance nor a proof.
    NotFound,
    /// It is proven that nobody is broken.
    Harmless,
}

/// A difference with the verdict about it.
#[derive(Debug, Clone, PartialEq)]
pub struct CompatFinding {
    /// The operation; empty where it is none's.
    pub operation: String,
    /// Where in the operation.
    pub parts: Vec<Part>,
    /// Where in the new document (JSON Pointer), or in the old one for what is gone.
    pub pointer: String,
    /// Whether it is gone, so that the pointer is the old document's.
    pub gone: bool,
    /// Whom it breaks, or seems to.
    pub class: Class,
    /// What it is.
    pub sentence: String,
    /// Whether the same sentence about another place tells of the same edit.
    pub repeats: bool,
    /// What shows it.
    pub evidence: Evidence,
    /// Whether a rule names it, and not only an instance shows it.
    pub foreseen: bool,
    /// A command that sends the witness.
    pub curl: Option<String>,
    /// The reason for which it is accepted.
    pub allowed: Option<String>,
}

impl CompatFinding {
    /// Whether somebody is broken, and that is not accepted.
    pub fn breaks(&self) -> bool {
        self.class.breaks() && self.evidence != Evidence::Harmless && self.allowed.is_none()
    }
}

/// Whether there may be properties that a document does not describe, in an object that it leaves open without saying so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Undocumented {
    /// Nobody sends them: clients and servers keep to what is described, so that an optional property that is new breaks nobody
    #[default]
    Refused,
    /// Somebody may: JSON Schema allows them, so that an optional property that is new may have had any value before
    Allowed,
}

/// How two documents are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The seed of the search for instances: the same seed gives the same answer.
    pub seed: u64,
    /// What may be in objects beside what is described.
    pub undocumented: Undocumented,
    /// The day on which what is deprecated may be gone, if its `x-sunset` is before it.
    pub today: NaiveDate,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, undocumented: Undocumented::default(), today: Utc::now().date_naive() }
    }
}

/// Everything that differs between two documents.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// The findings; breaking ones first.
    pub findings: Vec<CompatFinding>,
    /// Parts in which no rule and no instance shows a break, and nothing proves that there is none.
    pub unproven: Vec<(String, Part)>,
}

impl Comparison {
    /// The findings that break somebody.
    pub fn breaking(&self) -> impl Iterator<Item = &CompatFinding> {
        self.findings.iter().filter(|finding| finding.breaks())
    }
}

/// Compares two documents; the same for the same options.
///
/// # Errors
///
/// [`DocumentError`].
pub fn compare(old: &Document, new: &Document, options: &Options) -> Result<Comparison, DocumentError> {
    let alike = structural::as_new_writes(old, new);
    compare_within(alike.as_ref().unwrap_or(old), new, options, COMPILING)
}

fn compare_within(old: &Document, new: &Document, options: &Options, work: usize) -> Result<Comparison, DocumentError> {
    let structure = structural::compare(old, new, options)?;
    let mut here: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, change) in structure.changes.iter().enumerate() {
        here.entry(&change.operation).or_default().push(index);
    }
    let mut judge = Comparer {
        old,
        new,
        options,
        structure: &structure,
        here,
        budget: Cell::new(BUDGET),
        parts_left: 0,
        compiling: work,
        shown: HashMap::new(),
        known: BTreeMap::new(),
        findings: Vec::new(),
        places: HashMap::new(),
        unproven: structure.unproven.clone(),
    };
    judge.run();
    let mut findings = judge.findings;
    findings.sort_by_key(|finding| (!finding.breaks(), finding.class));
    Ok(Comparison { findings, unproven: judge.unproven })
}

/// Schemas that are asked about: which way values go, whether they are headers, and where both stand.
type SchemaPair = (Direction, bool, String, String);

struct Comparer<'a> {
    old: &'a Document,
    new: &'a Document,
    options: &'a Options,
    structure: &'a Structure,
    /// The changes of each operation.
    here: BTreeMap<&'a str, Vec<usize>>,

    /// How many steps the generator may take, and for how many parts.
    budget: Cell<i64>,
    parts_left: usize,
    /// How much work may be done to make schemas ready to be asked about.
    compiling: usize,
    /// What an instance has shown, of whichever operation: the change and the instance.
    shown: HashMap<(Direction, String, String), Evidence>,
    /// Shared schemas are asked about once.
    known: BTreeMap<SchemaPair, Option<Rc<(Sides, Inquiry)>>>,
    findings: Vec<CompatFinding>,
    /// Where the finding about a change of an operation is.
    places: HashMap<(String, String, Class, String), usize>,
    unproven: Vec<(String, Part)>,
}

impl<'a> Comparer<'a> {
    fn run(&mut self) {
        let changes = &self.structure.changes;
        let mut evidence: Vec<Option<(Evidence, Option<String>)>> = vec![None; changes.len()];
        self.parts_left = self.structure.pairs.iter().filter(|pair| !self.changes_in(pair).is_empty()).count();
        for pair in &self.structure.pairs {
            self.pair(pair, &mut evidence);
        }
        for (change, evidence) in changes.iter().zip(evidence) {
            let (evidence, curl) = match (&change.ground, evidence) {
                _ if !change.class.breaks() => (Evidence::Document, None),
                (Ground::Schema { .. }, Some(found)) => found,
                (Ground::Schema { .. }, None) => (Evidence::NotFound, None),
                (Ground::AnyRequest, _) => self.any_request(change),
                (Ground::Example(example), _) => (Evidence::Witness(example.clone()), None),
                (Ground::Document, _) => (Evidence::Document, None),
            };
            self.find(change, evidence, true, curl);
        }
    }

    /// Finds what shows the changes in one part of an operation, and what no change explains.
    fn pair(&mut self, pair: &Pair, evidence: &mut [Option<(Evidence, Option<String>)>]) {
        let here = self.changes_in(pair);
        if here.is_empty() {
            return;
        }
        // What only people read need not be proven harmless.
        if here.iter().all(|(_, change)| !change.class.breaks()) && is_same(self.old, self.new, &pair.what) {
            return;
        }
        let breaking: Vec<&(usize, &Change)> = here.iter().filter(|(_, change)| change.class.breaks()).collect();
        // Of a schema that the validator cannot read, such as one with look-ahead in a pattern, only the structure is known.
        let Some(known) = self.inquire(pair, &breaking) else {
            return self.as_elsewhere(pair, &breaking, evidence);
        };
        let (sides, inquiry) = &*known;
        let explaining: Vec<Vec<usize>> =
            inquiry.witnesses.iter().map(|witness| self.explaining(pair, sides.direction, witness, &breaking)).collect();
        let unexplained: Vec<&witness::Witness> =
            inquiry.witnesses.iter().zip(&explaining).filter(|(_, by)| by.is_empty()).map(|(witness, _)| witness).collect();
        let (unforeseen, doubtful) = self.valid_to_the_letter(pair, unexplained);
        // What else is refused where a doubtful one was, nobody has asked.
        let is_proven = inquiry.proven && doubtful.is_empty();
        for (index, change) in &breaking {
            let Ground::Schema { .. } = &change.ground else { continue };
            let shown = inquiry.witnesses.iter().zip(&explaining).find(|(_, explaining)| explaining.contains(index));
            let found = match shown {
                Some((witness, _)) => {
                    let (evidence, curl) = self.shown(sides, witness);
                    self.shown.entry(shown_change(sides.direction, change)).or_insert_with(|| evidence.clone());
                    (evidence, curl)
                }
                None if is_proven && !self.is_unasked(sides.direction, change, inquiry) => (Evidence::Harmless, None),
                None => (Evidence::NotFound, None),
            };
            let known = &mut evidence[*index];
            if known.as_ref().is_none_or(|(known, _)| strength(&found.0) > strength(known)) {
                *known = Some(found);
            }
        }
        unforeseen.iter().for_each(|witness| self.unforeseen(pair, sides, witness));
        if breaking.is_empty() && unforeseen.is_empty() && !is_proven {
            self.unproven.push((pair.operation.clone(), pair.part.clone()));
        }
    }

    /// Which of these witnesses are valid to the letter where they are promised, and which are not. An object that is closed, as people
    /// mean it, may be left with one alternative of a `oneOf` where to the letter it has several.
    fn valid_to_the_letter<'w>(
        &self,
        pair: &Pair,
        witnesses: Vec<&'w witness::Witness>,
    ) -> (Vec<&'w witness::Witness>, Vec<&'w witness::Witness>) {
        if witnesses.is_empty() || self.options.undocumented == Undocumented::Allowed {
            return (witnesses, Vec::new());
        }
        let sides = Sides::of(self.old, self.new, pair, Undocumented::Allowed);
        let is_valid =
            |witness: &&witness::Witness| sides.as_ref().is_ok_and(|sides| sides.narrow.violations(&witness.instance).is_empty());
        witnesses.into_iter().partition(is_valid)
    }

    /// Whether a change is in a rule that was left out with all that is in it.
    fn is_unasked(&self, direction: Direction, change: &Change, inquiry: &Inquiry) -> bool {
        let is_in = |rule: &String, at: &str| is_within(at, rule) || leads(self.refusing(direction), rule, at);
        change.refusing(direction).is_some_and(|(at, _)| inquiry.unasked.iter().any(|rule| is_in(rule, at)))
    }

    fn refusing(&self, direction: Direction) -> &'a Document {
        refusing(self.old, self.new, direction)
    }

    /// Which changes explain why a witness is refused: those that alone keep it from an alternative; or those at the rules that it breaks;
    /// or where there are none, those in the alternatives of which it satisfies none, and those that lead to what it breaks by
    /// references.
    fn explaining(
        &mut self,
        pair: &Pair,
        direction: Direction,
        witness: &witness::Witness,
        breaking: &[&(usize, &'a Change)],
    ) -> Vec<usize> {
        let refusing = self.refusing(direction);
        let at = |violations: &[LocatedViolation], explains: &dyn Fn(&Change, &LocatedViolation) -> bool| -> Vec<usize> {
            let explaining = breaking.iter().filter(|(_, change)| violations.iter().any(|violation| explains(change, violation)));
            explaining.map(|(index, _)| *index).collect()
        };
        let anywhere = |change: &Change, violation: &LocatedViolation| explains(change, direction, violation);
        // What has changed inside of an alternative need not be why it is refused.
        let outside = |change: &Change, violation: &LocatedViolation| {
            let around = |(refusing, _): (&str, _)| is_within(&violation.pointer, refusing);
            if witness::has_alternatives(violation) {
                change.refusing(direction).is_some_and(around)
            } else {
                anywhere(change, violation)
            }
        };
        let changed = at(&witness.changed, &anywhere);
        if !changed.is_empty() || breaking.is_empty() {
            return changed;
        }
        let direct = at(&witness.violations, &outside);
        if !direct.is_empty() || witness.ambiguous {
            return direct;
        }
        let size: usize = self.sizes_in(pair).sum();
        let mut may_ask = || {
            let left = self.compiling.checked_sub(size * size);
            self.compiling = left.unwrap_or(0);
            left.is_some()
        };
        let inside = witness::inside(refusing, direction, &witness.instance, &witness.violations, &mut may_ask);
        let of_alternatives = at(&inside, &anywhere);
        if !of_alternatives.is_empty() {
            return of_alternatives;
        }
        let leads_there = |change: &Change, violation: &LocatedViolation| {
            change.refusing(direction).is_some_and(|(from, _)| leads(refusing, from, &violation.pointer))
        };
        let leading = at(&witness.violations, &leads_there);
        if leading.is_empty() { at(&witness.violations, &anywhere) } else { leading }
    }

    /// Where nothing can be asked, a change that an instance has shown to break another part is taken to break this one.
    fn as_elsewhere(&mut self, pair: &Pair, breaking: &[&(usize, &Change)], evidence: &mut [Option<(Evidence, Option<String>)>]) {
        let direction = match pair.what {
            What::Requests(..) | What::RequestBodies(..) => Direction::Request,
            What::Bodies(..) | What::Headers(..) => Direction::Response,
        };
        for (index, change) in breaking {
            let found = self.shown.get(&shown_change(direction, change)).cloned().unwrap_or(Evidence::NotFound);
            evidence[*index].get_or_insert((found, None));
        }
        if breaking.is_empty() {
            self.unproven.push((pair.operation.clone(), pair.part.clone()));
        }
    }

    /// What differs in a part, with its place among all changes.
    fn changes_in(&self, pair: &Pair) -> Vec<(usize, &'a Change)> {
        let structure = self.structure;
        let here = self.here.get(pair.operation.as_str()).into_iter().flatten();
        let here = here.map(|index| (*index, &structure.changes[*index]));
        here.filter(|(_, change)| change.part.is_in(&pair.part)).collect()
    }

    /// How many schemas are in a part.
    fn sizes_in(&self, pair: &Pair) -> impl Iterator<Item = usize> + use<'a> {
        let (sizes, part) = (self.structure.sizes.get(&pair.operation), pair.part.clone());
        sizes.into_iter().flatten().filter(move |(one, _)| one.is_in(&part)).map(|(_, size)| *size)
    }

    /// What is known about a part; none where a schema in it cannot be read, or where it would take too long.
    fn inquire(&mut self, pair: &Pair, breaking: &[&(usize, &Change)]) -> Option<Rc<(Sides, Inquiry)>> {
        let (old, new, options) = (self.old, self.new, self.options);
        // What one part does not need is left for the others.
        let own = self.budget.get() / self.parts_left.max(1).cast_signed() as i64;
        self.parts_left = self.parts_left.saturating_sub(1);
        let budget = Cell::new(own);
        let size: usize = self.sizes_in(pair).sum();
        let (total, compiling) = (&self.budget, &mut self.compiling);
        let mut inquire = || {
            *compiling = compiling.checked_sub(size * size).filter(|_| size <= MOST_SCHEMAS)?;
            let sides = Sides::of(old, new, pair, options.undocumented).ok()?;
            let refusing = refusing(old, new, sides.direction);
            let mut inside = |value: &Value, violation: &LocatedViolation| {
                *compiling = compiling.checked_sub(size * size)?;
                Some(witness::alternatives(refusing, sides.direction, value, violation))
            };
            let explain =
                |violation: &LocatedViolation| breaking.iter().any(|(_, change)| explains(change, sides.direction, violation));
            let changes = &mut Changes { inside: &mut inside, explain: &explain };
            let inquiry = sides.inquire(options.seed, &budget, changes);
            total.set(total.get() - (own - budget.get()));
            Some(Rc::new((sides, inquiry)))
        };
        let (direction, one, other) = match &pair.what {
            What::Requests(..) => return inquire(),
            What::RequestBodies(one, other) => (Direction::Request, one, other),
            What::Bodies(one, other) | What::Headers(one, other) => (Direction::Response, one, other),
        };
        let is_header = matches!(pair.what, What::Headers(..));
        let key = (direction, is_header, followed(old, one), followed(new, other));
        self.known.entry(key).or_insert_with(inquire).clone()
    }

    fn unforeseen(&mut self, pair: &Pair, sides: &Sides, witness: &witness::Witness) {
        let Some(violation) = witness.violations.first() else { return };
        let operation = self.structure.operations.get(&pair.operation).map(|operation| operation.pointer.clone());
        let ours = violation.pointer.starts_with(REQUESTS);
        let refusing = self.refusing(sides.direction);
        let what = match sides.direction {
            Direction::Request => "rejects what was valid",
            Direction::Response => "did not allow what is valid now",
        };
        let change = Change {
            operation: pair.operation.clone(),
            part: pair.part.clone(),
            pointer: if ours { operation.unwrap_or_default() } else { violation.pointer.clone() },
            gone: !ours && sides.direction == Direction::Response,
            class: sides.direction.broken(),
            sentence: format!("{} {what}, and no rule predicted it", subject(refusing, &violation.pointer)),
            repeats: false,
            ground: Ground::Document,
        };
        let (evidence, curl) = self.shown(sides, witness);
        self.find(&change, evidence, false, curl);
    }

    fn any_request(&self, change: &Change) -> (Evidence, Option<String>) {
        let request = self.structure.operations.get(&change.operation).and_then(|operation| {
            let media_type = match &change.part {
                Part::Request(media_type) => Some(media_type.as_str()),
                _ => operation.media_types().next(),
            };
            let requests = self.old.requests(operation, media_type).ok()?;
            let request = witness::any(&requests, self.options.seed)?;
            let curl = requests.curl(&self.url(), &request);
            Some((Evidence::Witness(witness::shown(&request)), curl))
        });
        request.unwrap_or((Evidence::Document, None))
    }

    /// A witness as it is reported.
    fn shown(&self, sides: &Sides, witness: &witness::Witness) -> (Evidence, Option<String>) {
        let curl = sides.narrow.curl(&self.url(), &witness.instance);
        let instance = match curl {
            Some(_) => witness::shown(&witness.instance),
            None => witness.instance.clone(),
        };
        (Evidence::Witness(instance), curl)
    }

    /// The server that the new document names first, where it is a whole address.
    fn url(&self) -> String {
        let server = self.new.json.pointer("/servers/0/url").and_then(Value::as_str);
        let whole = server.filter(|url| url.starts_with("http") && !url.contains('{'));
        whole.unwrap_or("http://127.0.0.1:3000").trim_end_matches('/').to_owned()
    }

    /// Adds a finding, to the one about the same change in other parts where there is one.
    fn find(&mut self, change: &Change, evidence: Evidence, foreseen: bool, curl: Option<String>) {
        let key = (change.operation.clone(), change.pointer.clone(), change.class, change.sentence.clone());
        let place = *self.places.entry(key).or_insert(self.findings.len());
        match self.findings.get_mut(place) {
            Some(finding) => {
                if !finding.parts.contains(&change.part) {
                    finding.parts.push(change.part.clone());
                }
                if strength(&evidence) > strength(&finding.evidence) {
                    (finding.evidence, finding.curl) = (evidence, curl);
                }
            }
            None => self.findings.push(CompatFinding {
                operation: change.operation.clone(),
                parts: vec![change.part.clone()],
                pointer: change.pointer.clone(),
                gone: change.gone,
                class: change.class,
                sentence: change.sentence.clone(),
                repeats: change.repeats,
                evidence,
                foreseen,
                curl,
                allowed: None,
            }),
        }
    }
}

/// The document whose rules refuse what shows a break.
fn refusing<'d>(old: &'d Document, new: &'d Document, direction: Direction) -> &'d Document {
    match direction {
        Direction::Request => new,
        Direction::Response => old,
    }
}

/// How a change is found again in another part.
fn shown_change(direction: Direction, change: &Change) -> (Direction, String, String) {
    (direction, change.pointer.clone(), change.sentence.clone())
}

/// How much work is done in one comparison to make schemas ready to be asked about: some seconds. The validator takes time with the
/// square of how many there are, and where each resource leads to all others that is the whole document for each part.
const COMPILING: usize = 150_000_000;
/// How many schemas a part may have that is asked about.
const MOST_SCHEMAS: usize = 2_000;

/// How many steps the generator takes in one comparison to find what shows a break: a few seconds.
const BUDGET: i64 = 6_000_000;

/// Of two the stronger counts: harmless is what is harmless everywhere.
pub(super) fn strength(evidence: &Evidence) -> u8 {
    match evidence {
        Evidence::Harmless => 0,
        Evidence::Document => 1,
        Evidence::NotFound => 2,
        Evidence::Witness(_) => 3,
    }
}

/// Whether a change is why a rule is broken.
fn explains(change: &Change, direction: Direction, violation: &LocatedViolation) -> bool {
    match change.refusing(direction) {
        Some((refusing, Some(item))) if violation.pointer == refusing => *item == witness::last(&violation.place),
        Some((refusing, _)) => is_within(&violation.pointer, refusing) || is_within(refusing, &violation.pointer),
        None => false,
    }
}

/// Whether what stands at a place leads to another one by references.
fn leads(document: &Document, from: &str, to: &str) -> bool {
    let mut seen = HashSet::new();
    let mut pending = vec![from.to_owned()];
    while let Some(place) = pending.pop() {
        if is_within(to, &place) {
            return true;
        }
        if let Some(node) = document.json.pointer(&place).filter(|_| !seen.contains(&place)) {
            references(node, &mut pending);
            seen.insert(place);
        }
    }
    false
}

/// Where the references in a node lead.
fn references(node: &Value, found: &mut Vec<String>) {
    match node {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str).and_then(from_reference));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_shown_of_one_part_is_taken_to_be_so_of_others_where_asking_takes_too_long() {
        let document = |longest: usize, most: usize| {
            let read = |name: &str| {
                let content = json!({ "application/json": { "schema": { "type": "array", "items": { "$ref": name } } } });
                json!({ "responses": { "200": { "description": "Here.", "content": content } } })
            };
            let json = json!({
                "openapi": "3.1.0",
                "info": { "title": "Tags", "version": "1" },
                "paths": {
                    "/a": { "get": read("#/components/schemas/Tag") },
                    "/b": { "get": read("#/components/schemas/Tag") },
                    "/c": { "get": read("#/components/schemas/Count") },
                },
                "components": { "schemas": {
                    "Tag": { "type": "string", "maxLength": longest },
                    "Count": { "type": "integer", "maximum": most },
                } },
            });
            Document::parse("tags.json", json.to_string()).unwrap()
        };
        let evidence = |most: usize| {
            let found = compare_within(&document(10, 10), &document(20, 20), &Options::default(), most).unwrap();
            let mut evidence: Vec<(String, bool)> = found
                .breaking()
                .map(|finding| (finding.operation.clone(), matches!(finding.evidence, Evidence::Witness(_))))
                .collect();
            evidence.sort();
            evidence.into_iter().map(|(_, shown)| shown).collect::<Vec<_>>()
        };
        assert_eq!(evidence(COMPILING), [true, true, true]);
        assert_eq!(evidence(4), [true, true, false], "the second is as the first, and nothing is shown of the third");
    }
}
