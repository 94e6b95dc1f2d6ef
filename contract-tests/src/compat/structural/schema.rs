//! How two schemas differ: which keywords allow fewer values now, and which more.

use std::collections::BTreeSet;

use crate::{Document, openapi::operation::essence, text::format};
use serde_json::Value;

use super::{
    Undocumented,
    keywords::{self, Effect, Heirs},
    view::{View, followed},
};
use crate::compat::change::{Change, Class, Direction, Ground, Part};

/// How what a schema allows bears on what the whole allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Bearing {
    /// The more it allows, the more is allowed.
    Same,
    /// The more it allows, the fewer is allowed: `not`.
    Opposite,
    /// Either: `if`.
    Either,
}

/// Keywords that are compared together with another one, or that only name places.
const ELSEWHERE: [&str; 12] = [
    "$defs",
    "definitions",
    "$id",
    "$schema",
    "$anchor",
    "allOf",
    "const",
    "enum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minContains",
    "maxContains",
];

/// How values are sent that schemas describe, as far as it bears on what a difference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sent {
    /// Which way they go.
    pub direction: Direction,
    /// They are written as text, without quotes: parameters and headers.
    as_text: bool,
    /// They are written as XML, so that the names of elements count.
    as_xml: bool,
}

impl Sent {
    /// The values of a part.
    pub fn of(part: &Part, direction: Direction) -> Self {
        let as_xml = match part {
            Part::Body(_, media_type) | Part::Request(media_type) => {
                let essence = essence(media_type);
                essence.ends_with("/xml") || essence.ends_with("+xml")
            }
            _ => false,
        };
        Self { direction, as_text: matches!(part, Part::Requests | Part::Header(..)), as_xml }
    }
}

/// Schemas of two documents that are compared, and what the answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SchemaPair {
    sent: Sent,
    bearing: Bearing,
    /// Where both stand, after following references.
    old: String,
    new: String,
    /// Where the rule is broken of which the schemas are a part, when it is none of their own: the schema with the `if`.
    anchor: Option<(String, String)>,
    /// Where the schema begins in the new document whose part this one is; none where it is the schema of a value itself.
    value: Option<String>,
}

impl SchemaPair {
    /// The schemas of a value: a body, a parameter, a header.
    pub fn of_value((old, new): (&Document, &Document), sent: Sent, [here, there]: [&str; 2]) -> Self {
        let (old, new) = (followed(old, here), followed(new, there));
        Self { sent, bearing: Bearing::Same, old, new, anchor: None, value: None }
    }

    /// Whether both stand at the same place.
    pub fn stays(&self) -> bool {
        self.old == self.new
    }
}

/// What is found where two schemas are compared, in the order in which it is told.
pub enum Found {
    /// A difference, of no operation yet.
    Change(Change),
    /// Two schemas inside of them.
    Inside(SchemaPair),
    /// Schemas of which one takes the place of the other, with the difference that this is if they differ in what breaks nobody,
    /// and the class of it if they do not.
    Replaced(SchemaPair, Change, Class),
}

/// Compares two schemas of two documents, without those inside of them.
pub struct Schemas<'a> {
    pub old: &'a Document,
    pub new: &'a Document,
    pub direction: Direction,
    /// Of both documents.
    heirs: &'a (Heirs, Heirs),
    found: Vec<Found>,
    undocumented: Undocumented,
    sent: Sent,
    bearing: Bearing,
    anchor: Option<(String, String)>,
    /// Where the schema begins in the new document whose parts are compared: that of one value, with all that applies to it.
    pub(super) value: String,
}

impl<'a> Schemas<'a> {
    /// What differs between the schemas of a pair.
    pub fn found(
        (old, new): (&'a Document, &'a Document),
        heirs: &'a (Heirs, Heirs),
        undocumented: Undocumented,
        pair: &SchemaPair,
    ) -> Vec<Found> {
        let mut schemas = Self {
            old,
            new,
            heirs,
            direction: pair.sent.direction,
            found: Vec::new(),
            undocumented,
            sent: pair.sent,
            bearing: pair.bearing,
            anchor: pair.anchor.clone(),
            value: pair.value.clone().unwrap_or_else(|| pair.new.clone()),
        };
        schemas.run(&View::of(old, &pair.old), &View::of(new, &pair.new));
        schemas.found
    }

    /// Has the schemas compared of a value of its own: a property, an item.
    pub(super) fn compare_values(&mut self, old: &str, new: &str) {
        let pair = self.pair(old, new);
        self.found.push(Found::Inside(SchemaPair { value: None, ..pair }));
    }

    /// Has the schemas at these pointers compared; where there is none, everything is allowed.
    pub fn compare(&mut self, old: &str, new: &str) {
        let pair = self.pair(old, new);
        self.found.push(Found::Inside(pair));
    }

    fn pair(&self, old: &str, new: &str) -> SchemaPair {
        SchemaPair {
            sent: self.sent,
            bearing: self.bearing,
            old: followed(self.old, old),
            new: followed(self.new, new),
            anchor: self.anchor.clone(),
            value: Some(self.value.clone()),
        }
    }

    /// Whether the new document describes a property of this name anywhere in what applies to the value.
    pub(super) fn is_described(&self, name: &str) -> bool {
        describes(self.new, &self.value, name, 0)
    }

    fn run(&mut self, old: &View<'a>, new: &View<'a>) {
        match (old.never, new.never) {
            (true, true) => return,
            (true, false) => {
                return self.differ(&ChangeLocation::of(&old.pointer, &new.pointer), Effect::Wider, "is no longer `false`");
            }
            (false, true) => {
                return self.differ(&ChangeLocation::of(&old.pointer, &new.pointer), Effect::Narrower, "is `false` now");
            }
            (false, false) => {}
        }
        let mark = self.direction.mark();
        if old.is(mark) && new.is(mark) {
            return; // Nobody sends it.
        }
        if let Some((before, after)) = old.parts_beside(new) {
            let describing = |view: &View<'a>| view.keywords().filter(|keyword| *keyword != "allOf").collect::<Vec<_>>();
            let wrapping = if before.len() == 1 && before[0] == old.pointer { describing(new) } else { describing(old) };
            wrapping.into_iter().for_each(|keyword| self.keyword(keyword, old, new));
            return self.members("allOf", &before, &after, Effect::Narrower, &ChangeLocation::keyword(old, new, "allOf"));
        }
        if let Some((keyword, before, after)) = old.alternatives_beside(new) {
            let listing = if old.get(keyword).is_some() { old } else { new };
            let beside: Vec<&str> = listing.keywords().filter(|beside| *beside != keyword).collect();
            beside.into_iter().for_each(|beside| self.keyword(beside, old, new));
            let at = |view: &View<'a>| if view.get(keyword).is_some() { view.at(keyword) } else { view.pointer.clone() };
            return self.members(keyword, &before, &after, Effect::Wider, &ChangeLocation::of(&at(old), &at(new)));
        }
        // Of values that are all of another type now nothing else is to be told.
        let are_apart = keywords::are_apart(old.get("type"), new.get("type"), self.sent.as_text);
        if self.bearing == Bearing::Same && are_apart && !self.are_lists_of_texts(old, new) {
            return self.keyword("type", old, new);
        }
        let all: BTreeSet<&str> = old.keywords().chain(new.keywords()).filter(|keyword| !ELSEWHERE.contains(keyword)).collect();
        self.values(old, new);
        for keyword in all {
            self.keyword(keyword, old, new);
        }
        for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
            if let Some(([before, after], effect, what)) = keywords::bound(old, new, bound, exclusive) {
                let place =
                    ChangeLocation { gone: new.get(after).is_none(), ..ChangeLocation::of(&old.at(before), &new.at(after)) };
                self.differ(&place, effect, &what);
            }
        }
        self.members("allOf", &old.all_of, &new.all_of, Effect::Narrower, &ChangeLocation::keyword(old, new, "allOf"));
    }

    fn keyword(&mut self, keyword: &str, old: &View<'a>, new: &View<'a>) {
        let place = || ChangeLocation::keyword(old, new, keyword);
        let (before, after) = (old.get(keyword), new.get(keyword));
        match keyword {
            "minimum" | "maximum" => {}
            "type" if self.are_lists_of_texts(old, new) => {}
            "type" if self.sent.as_text => {
                if let Some((effect, what)) = keywords::text_type(before, after) {
                    self.differ(&place(), effect, &what);
                }
            }
            "type" | "multipleOf" | "pattern" | "uniqueItems" | "minLength" | "minItems" | "minProperties" | "maxLength"
            | "maxItems" | "maxProperties" => {
                if let Some((effect, what)) = keywords::plain(keyword, before, after) {
                    self.differ(&place(), effect, &what);
                }
            }
            "format" => self.format(&place(), before, after),
            "required" => self.required(old, new),
            "properties" => self.properties(old, new),
            "patternProperties" => self.pattern_properties(old, new),
            "items" | "prefixItems" => self.items(keyword, old, new),
            "additionalProperties" | "propertyNames" | "unevaluatedProperties" | "unevaluatedItems" => {
                self.compare_values(&old.at(keyword), &new.at(keyword));
            }
            "dependentSchemas" => {
                let names: BTreeSet<&str> = old.names(keyword).chain(new.names(keyword)).collect();
                names.iter().for_each(|name| self.compare(&old.member(keyword, name), &new.member(keyword, name)));
            }
            "dependentRequired" => self.dependent_required(old, new),
            "anyOf" | "oneOf" => self.alternatives(keyword, old, new),
            "not" => self.not(old, new),
            "if" => self.condition(old, new),
            "then" | "else" => {}
            "$ref" | "$dynamicRef" if before != after => {
                self.differ(&place(), Effect::Other, "leads elsewhere, and is not followed");
            }
            "contains" => self.contains(old, new),
            "x-unique" => self.unique(old, new),
            "discriminator" => self.discriminator(old, new),
            "readOnly" | "writeOnly" => self.mark(keyword, old, new),
            "xml" if before != after && self.sent.as_xml => {
                self.add(&place(), self.direction.broken(), "is different: the value is written differently", Decided::Document);
            }
            _ if before != after => {
                let what =
                    if keyword == "default" { "has changed: an absent value may mean something else" } else { "is different" };
                self.add(&place(), Class::Documentation, what, Decided::Document);
            }
            _ => {}
        }
    }

    /// `enum` and `const`: which values are listed.
    fn values(&mut self, old: &View<'_>, new: &View<'_>) {
        let [before, after] = self.listed(old, new);
        let keyword = |view: &View<'_>| if view.get("const").is_some() { "const" } else { "enum" };
        let place = ChangeLocation { old: old.at(keyword(old)), new: new.at(keyword(new)), gone: after.is_none(), item: None };
        if let Some((effect, what)) = keywords::enumeration(before.as_deref(), after.as_deref()) {
            self.differ(&place, effect, &what);
        }
    }

    fn format(&mut self, place: &ChangeLocation, before: Option<&Value>, after: Option<&Value>) {
        let asserts = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(|name| format::known(name).is_some());
        let show = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), ToString::to_string);
        let what = format!("is {}, was {}", show(after), show(before));
        match (asserts(before), asserts(after)) {
            _ if before == after => {}
            (false, false) if self.holds_less(before, after) => {
                let what = format!("{what}: a number of the one type need not fit into the other");
                self.add(place, self.direction.broken(), &what, Decided::Document);
            }
            (false, false) => {
                self.add(place, Class::Documentation, &format!("{what}: neither asks anything of a value"), Decided::Document);
            }
            (false, true) => self.differ(place, Effect::Narrower, &what),
            (true, false) => self.differ(place, Effect::Wider, &what),
            (true, true) => self.differ(place, Effect::Other, &what),
        }
    }

    /// Whether a receiver that was made for one type of numbers gets what only the other can hold.
    fn holds_less(&self, before: Option<&Value>, after: Option<&Value>) -> bool {
        let held = |value: Option<&Value>| value.and_then(Value::as_str).and_then(keywords::held);
        let (Some(before), Some(after)) = (held(before), held(after)) else { return false };
        let (sent, read) = match self.direction {
            Direction::Request => (before, after),
            Direction::Response => (after, before),
        };
        sent.0 < read.0 || sent.1 > read.1
    }

    /// The values that both list; for a value that is sent as text, the texts. Null is none.
    fn listed(&self, old: &View<'_>, new: &View<'_>) -> [Option<Vec<Value>>; 2] {
        let values = [old, new].map(keywords::values);
        if !self.sent.as_text {
            return values;
        }
        let is_listed = values.iter().any(Option::is_some);
        let text = |value: Value| match value {
            Value::Null => None,
            Value::Number(_) | Value::Bool(_) => Some(Value::String(value.to_string())),
            value => Some(value),
        };
        let [before, after] = values.map(|values| values.map(|values| values.into_iter().filter_map(text).collect::<Vec<_>>()));
        // A boolean is one of two texts.
        let either = |view: &View<'_>| {
            let is_boolean =
                is_listed && keywords::types(view.get("type")).iter().all(|name| matches!(*name, "boolean" | "null"));
            is_boolean.then(|| vec![Value::from("true"), Value::from("false")])
        };
        [before.or_else(|| either(old)), after.or_else(|| either(new))]
    }

    /// Whether both list the texts that are sent, which says more than the types of what these stand for.
    fn are_lists_of_texts(&self, old: &View<'_>, new: &View<'_>) -> bool {
        self.sent.as_text && self.listed(old, new).iter().all(Option::is_some)
    }

    /// Both keywords together: what is the rule for an item is found by its index.
    fn items(&mut self, keyword: &str, old: &View<'a>, new: &View<'a>) {
        if keyword == "items" && (old.get("prefixItems").is_some() || new.get("prefixItems").is_some()) {
            return;
        }
        let count = |view: &View<'_>| view.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
        let at = |view: &View<'_>, index: usize| {
            if index < count(view) { view.member("prefixItems", index) } else { view.at("items") }
        };
        for index in 0..count(old).max(count(new)) {
            self.compare_values(&at(old, index), &at(new, index));
        }
        self.compare_values(&old.at("items"), &new.at("items"));
    }

    fn alternatives(&mut self, keyword: &str, old: &View<'a>, new: &View<'a>) {
        let members = |view: &View<'_>| -> Vec<String> {
            let count = view.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
            (0..count).map(|index| view.member(keyword, index)).collect()
        };
        let place = ChangeLocation::keyword(old, new, keyword);
        match (old.get(keyword).is_some(), new.get(keyword).is_some()) {
            (false, _) => self.differ(&place, Effect::Narrower, "is new"),
            (_, false) => self.differ(&place, Effect::Wider, "is gone"),
            (true, true) => self.members(keyword, &members(old), &members(new), Effect::Wider, &place),
        }
    }

    /// Compares lists of schemas, where a further member allows more or less than before.
    fn members(&mut self, keyword: &str, old: &[String], new: &[String], further: Effect, place: &ChangeLocation) {
        let (pairs, before, after) = keywords::pairs(self.old, self.new, old, new);
        let ends = keyword != "allOf";
        for (one, other) in pairs {
            self.compare(&one, &other);
        }
        for new in after {
            // A rule that is new is broken where it stands; an alternative that is new was missing in the list.
            let place = ChangeLocation { old: place.old.clone(), new, gone: false, item: None };
            self.differ(&place, further, if ends { "is a new alternative" } else { "is a new part" });
        }
        for old in before {
            if !ends {
                self.part_vanished(&old, place);
            }
            let place = ChangeLocation { old, new: place.new.clone(), gone: true, item: None };
            self.differ(&place, further.opposite(), if ends { "is an alternative no longer" } else { "is a part no longer" });
        }
    }

    fn not(&mut self, old: &View<'a>, new: &View<'a>) {
        let place = ChangeLocation::keyword(old, new, "not");
        match (old.get("not").is_some(), new.get("not").is_some()) {
            (false, _) => self.differ(&place, Effect::Narrower, "is new"),
            (_, false) => self.differ(&place, Effect::Wider, "is gone"),
            (true, true) => {
                let inside = match self.bearing {
                    Bearing::Same => Bearing::Opposite,
                    Bearing::Opposite => Bearing::Same,
                    Bearing::Either => Bearing::Either,
                };
                self.inside(inside, (old.at("not"), new.at("not")), &old.at("not"), &new.at("not"));
            }
        }
    }

    fn condition(&mut self, old: &View<'a>, new: &View<'a>) {
        let has = |view: &View<'_>, side| view.get("if").is_some() && view.get(side).is_some();
        let sides = ["then", "else"];
        for side in sides {
            let place = ChangeLocation::keyword(old, new, side);
            match (has(old, side), has(new, side)) {
                (true, true) => self.compare(&old.at(side), &new.at(side)),
                (false, true) => self.differ(&place, Effect::Narrower, "is new"),
                (true, false) => self.differ(&place, Effect::Wider, "is gone"),
                (false, false) => {}
            }
        }
        if sides.iter().any(|side| has(old, side) && has(new, side)) {
            self.inside(Bearing::Either, (old.pointer.clone(), new.pointer.clone()), &old.at("if"), &new.at("if"));
        }
    }

    fn contains(&mut self, old: &View<'a>, new: &View<'a>) {
        let place = ChangeLocation::keyword(old, new, "contains");
        match (old.get("contains").is_some(), new.get("contains").is_some()) {
            (false, _) => self.differ(&place, Effect::Narrower, "is new"),
            (_, false) => self.differ(&place, Effect::Wider, "is gone"),
            (true, true) => {
                for (keyword, effect, what) in keywords::contains_bounds(old, new) {
                    // What is 1 by default is broken where `contains` is.
                    let at = |view: &View<'_>| view.at(if view.get(keyword).is_some() { keyword } else { "contains" });
                    let gone = old.get(keyword).is_some() && new.get(keyword).is_none();
                    self.differ(&ChangeLocation { gone, ..ChangeLocation::of(&at(old), &at(new)) }, effect, &what);
                }
                let bounded = |view: &View<'_>| {
                    (view.get("minContains").and_then(Value::as_f64) != Some(0.0), view.get("maxContains").is_some())
                };
                let (at_least, at_most) = (bounded(old).0 || bounded(new).0, bounded(old).1 || bounded(new).1);
                let inside = match (self.bearing, at_least, at_most) {
                    (bearing, true, false) => bearing,
                    (Bearing::Same, false, true) => Bearing::Opposite,
                    (Bearing::Opposite, false, true) => Bearing::Same,
                    (_, false, false) => return,
                    _ => Bearing::Either,
                };
                self.inside(inside, (old.pointer.clone(), new.pointer.clone()), &old.at("contains"), &new.at("contains"));
            }
        }
    }

    /// Compares schemas whose values bear on the whole in another way, and whose rules are broken at `anchor`.
    fn inside(&mut self, bearing: Bearing, anchor: (String, String), old: &str, new: &str) {
        let outer = (self.bearing, self.anchor.clone());
        self.bearing = bearing;
        self.anchor.get_or_insert(anchor);
        self.compare(old, new);
        (self.bearing, self.anchor) = outer;
    }

    fn unique(&mut self, old: &View<'a>, new: &View<'a>) {
        let place = ChangeLocation::keyword(old, new, "x-unique");
        match (old.is("x-unique"), new.is("x-unique"), self.direction) {
            (false, true, Direction::Request) => {
                self.add(&place, Class::Requests, "is new: a value that another resource has is rejected", Decided::Document);
            }
            (true, false, Direction::Request) => {
                self.add(&place, Class::Safe, "is gone: another resource may have the same value", Decided::Document);
            }
            (one, other, Direction::Response) if one != other => {
                self.add(&place, Class::Documentation, "is different; one answer cannot show it", Decided::Document);
            }
            _ => {}
        }
    }

    /// Which values stand for which schemas. They do not change what is valid (OpenAPI 3.1.1, section 4.8.25), but a reader that was
    /// generated from the document finds the schema by them.
    fn discriminator(&mut self, old: &View<'a>, new: &View<'a>) {
        let keyword = "discriminator";
        let place = ChangeLocation::keyword(old, new, keyword);
        let (Some(before), Some(after)) = (old.get(keyword), new.get(keyword)) else {
            return self.add(&place, Class::Documentation, "is different", Decided::Document);
        };
        let name = |value: &'a Value| value.get("propertyName").and_then(Value::as_str).unwrap_or_default();
        let (was, is) = (name(before), name(after));
        if was != is {
            let what = format!("looks at {is:?} now, and at {was:?} before");
            return self.add(&place, self.direction.broken(), &what, Decided::Document);
        }
        let heirs = self.heirs;
        let before = keywords::told_apart(&heirs.0, old, before);
        let after = keywords::told_apart(&heirs.1, new, after);
        for (value, schema) in &before {
            match after.get(value) {
                // Nothing else leads to who is composed of this one.
                Some(other) if other == schema && heirs.0.of(old).any(|heir| heir == schema) => {
                    let what = format!("leads to {}, which is different", keywords::name(schema));
                    let pair = SchemaPair { value: None, ..self.pair(schema, other) };
                    let change = self.change(&place, Class::Documentation, &what, Decided::Document);
                    self.found.push(Found::Replaced(pair, change, self.direction.broken()));
                }
                Some(other) if other == schema => {}
                Some(other) => {
                    let what = format!(
                        "takes {is} {value:?} for {} now, and for {} before",
                        keywords::name(other),
                        keywords::name(schema)
                    );
                    let pair = self.pair(schema, other);
                    let change = self.change(&place, Class::Documentation, &what, Decided::Document);
                    self.found.push(Found::Replaced(pair, change, self.direction.broken()));
                }
                None => {
                    let class = if self.direction == Direction::Request { Class::Requests } else { Class::Safe };
                    let what = format!("no longer knows {is} {value:?}, which was {}", keywords::name(schema));
                    self.add(&place, class, &what, Decided::Document);
                }
            }
        }
        for (value, schema) in after.iter().filter(|(value, _)| !before.contains_key(*value)) {
            let class = if self.direction == Direction::Response { Class::Responses } else { Class::Safe };
            let what = format!("has the new {is} {value:?}, which is {}", keywords::name(schema));
            self.add(&place, class, &what, Decided::Document);
        }
    }

    /// Whether a property that this object does not describe is one that nobody sends: it describes others, does not say that there
    /// may be more, and stands where values are asked for.
    pub(super) fn keeps_to_the_described(&self, view: &View<'_>) -> bool {
        let speaks = ["additionalProperties", "unevaluatedProperties"].iter().any(|keyword| view.get(keyword).is_some());
        self.undocumented == Undocumented::Refused
            && self.bearing == Bearing::Same
            && !speaks
            && (view.names("properties").next().is_some() || !view.all_of.is_empty())
    }

    fn mark(&mut self, keyword: &str, old: &View<'a>, new: &View<'a>) {
        let place = ChangeLocation::keyword(old, new, keyword);
        let concerned = keyword == self.direction.mark();
        let verb = if keyword == "readOnly" { "sent by clients" } else { "sent to clients" };
        match (old.is(keyword), new.is(keyword)) {
            (false, true) if concerned => {
                self.add(
                    &place,
                    self.direction.broken(),
                    &format!("is new: the value must no longer be {verb}"),
                    Decided::Document,
                );
            }
            (true, false) if concerned => {
                self.add(&place, Class::Safe, &format!("is gone: the value may be {verb}"), Decided::Document)
            }
            (one, other) if one != other => self.add(&place, Class::Documentation, "is different", Decided::Document),
            _ => {}
        }
    }

    /// Adds what has an effect on which values are allowed.
    pub(super) fn differ(&mut self, place: &ChangeLocation, effect: Effect, what: &str) {
        let effect = match self.bearing {
            Bearing::Same => effect,
            Bearing::Opposite => effect.opposite(),
            Bearing::Either => Effect::Other,
        };
        let class = match (effect, self.direction) {
            (Effect::Other, direction) => direction.broken(),
            (Effect::Narrower, Direction::Request) => Class::Requests,
            (Effect::Wider, Direction::Response) => Class::Responses,
            _ => Class::Safe,
        };
        let consequence = match effect {
            Effect::Narrower => "fewer values are allowed",
            Effect::Wider => "more values are allowed",
            Effect::Other => "other values are allowed",
        };
        self.add(place, class, &format!("{what}: {consequence}"), Decided::Schema);
    }

    pub(super) fn add(&mut self, place: &ChangeLocation, class: Class, what: &str, decided: Decided) {
        let change = self.change(place, class, what, decided);
        self.found.push(Found::Change(change));
    }

    fn change(&self, place: &ChangeLocation, class: Class, what: &str, decided: Decided) -> Change {
        let pointer = if place.gone { &place.old } else { &place.new };
        let ground = match (decided, &self.anchor) {
            (Decided::Document, _) => Ground::Document,
            (Decided::Schema, Some((old, new))) => Ground::Schema { old: old.clone(), new: new.clone(), item: None },
            (Decided::Schema, None) => {
                Ground::Schema { old: place.old.clone(), new: place.new.clone(), item: place.item.clone() }
            }
        };
        let document = if place.gone { self.old } else { self.new };
        let sentence = format!("{} {what}", keywords::subject(document, pointer));
        Change { ground, ..Change::of_document("", pointer.clone(), place.gone, class, sentence) }
    }
}

/// Whether a schema has a property of this name, by itself or through what it is composed of.
fn describes(document: &Document, pointer: &str, name: &str, depth: usize) -> bool {
    let view = View::of(document, pointer);
    let lists = ["anyOf", "oneOf"].into_iter().flat_map(|keyword| {
        let count = view.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
        (0..count).map(|index| view.member(keyword, index)).collect::<Vec<_>>()
    });
    let single = ["if", "then", "else"].into_iter().filter(|keyword| view.get(keyword).is_some()).map(|keyword| view.at(keyword));
    let named = view.names("dependentSchemas").map(|name| view.member("dependentSchemas", name));
    view.names("properties").any(|known| known == name)
        || depth < MAX_DEPTH
            && view
                .all_of
                .iter()
                .cloned()
                .chain(lists)
                .chain(single)
                .chain(named)
                .any(|part| describes(document, &part, name, depth + 1))
}

/// How deep compositions of schemas are looked through.
const MAX_DEPTH: usize = 8;

/// What decides about a change.
pub(super) enum Decided {
    Schema,
    Document,
}

/// Where a change is, in both documents.
pub(super) struct ChangeLocation {
    pub old: String,
    pub new: String,
    pub gone: bool,
    pub item: Option<String>,
}

impl ChangeLocation {
    fn of(old: &str, new: &str) -> Self {
        Self { old: old.to_owned(), new: new.to_owned(), gone: false, item: None }
    }

    pub fn keyword(old: &View<'_>, new: &View<'_>, keyword: &str) -> Self {
        Self { old: old.at(keyword), new: new.at(keyword), gone: new.get(keyword).is_none(), item: None }
    }
}
