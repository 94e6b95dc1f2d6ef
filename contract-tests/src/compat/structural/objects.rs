//! How the keywords of objects differ, among them those that say together what a property is satisfied to.

use std::collections::BTreeSet;

use crate::Document;
use serde_json::Value;

use super::{
    keywords::{self, Effect},
    schema::{ChangeLocation, Decided, Schemas},
    view::View,
};
use crate::compat::change::{Class, Direction};

impl<'a> Schemas<'a> {
    pub(super) fn required(&mut self, old: &View<'a>, new: &View<'a>) {
        let names = |document: &Document, view: &View<'_>, mark: &str| {
            let names: BTreeSet<String> = view.texts("required").into_iter().map(str::to_owned).collect();
            let marked = |name: &String| View::of(document, &view.member("properties", name)).is(mark);
            names.into_iter().filter(|name| !marked(name)).collect::<BTreeSet<_>>()
        };
        let mark = self.direction.mark();
        let (before, after) = (names(self.old, old, mark), names(self.new, new, mark));
        for name in after.difference(&before) {
            let place = ChangeLocation { item: Some(name.clone()), ..ChangeLocation::keyword(old, new, "required") };
            self.differ(&place, Effect::Narrower, &format!("asks for {name:?} now"));
        }
        for name in before.difference(&after) {
            let place = ChangeLocation { item: Some(name.clone()), gone: true, ..ChangeLocation::keyword(old, new, "required") };
            self.differ(&place, Effect::Wider, &format!("no longer asks for {name:?}"));
        }
    }

    pub(super) fn properties(&mut self, old: &View<'a>, new: &View<'a>) {
        let (before, after): (BTreeSet<&str>, BTreeSet<&str>) =
            (old.names("properties").collect(), new.names("properties").collect());
        for name in before.union(&after) {
            let (here, there) = (old.member("properties", name), new.member("properties", name));
            match (before.contains(name), after.contains(name)) {
                (true, true) => self.compare_values(&here, &there),
                (false, _) => self.appeared(name, old, &there),
                (true, false) => self.vanished(name, &here, old, new),
            }
        }
    }

    fn appeared(&mut self, name: &str, old: &View<'a>, new: &str) {
        let other = others(old, name);
        let place = ChangeLocation { old: other.clone(), new: new.to_owned(), gone: false, item: Some(name.to_owned()) };
        let (before, after) = (View::of(self.old, &other), View::of(self.new, new));
        if before.always() && !after.always() && !after.never && self.keeps_to_the_described(old) {
            let sentence = match self.direction {
                Direction::Request => "is new; nobody had it who kept to the old document",
                Direction::Response => "is new; nobody looks for it who keeps to the old document",
            };
            return self.add(&place, Class::Safe, sentence, Decided::Document);
        }
        if before.never && !after.never {
            self.differ(&place, Effect::Wider, "is a new property of a closed object");
        } else if before.always() && after.never {
            self.differ(&place, Effect::Narrower, "is no longer allowed");
        } else if before.always() && !after.always() {
            self.differ(&place, Effect::Narrower, "has rules now; any value was allowed before");
        } else if before.always() {
            self.add(&place, Class::Documentation, "is described now; any value was and is allowed", Decided::Document);
        } else {
            self.compare(&other, new);
        }
    }

    fn vanished(&mut self, name: &str, old: &str, around: &View<'a>, new: &View<'a>) {
        let other = others(new, name);
        let place = ChangeLocation { old: old.to_owned(), new: other.clone(), gone: true, item: Some(name.to_owned()) };
        let (before, after) = (View::of(self.old, old), View::of(self.new, &other));
        if self.direction == Direction::Response && after.always() && self.keeps_to_the_described(new) {
            // That a property may be missing now which was required is told of `required`.
            let was_required = around.texts("required").contains(&name) && !new.texts("required").contains(&name);
            let (class, what) = if was_required || self.is_described(name) || before.is(self.direction.mark()) {
                (Class::Safe, "is no longer described here")
            } else {
                (Class::Responses, "is no longer described, and no longer sent: who reads it finds it no more")
            };
            return self.add(&place, class, what, Decided::Document);
        }
        if self.direction == Direction::Request && after.always() && self.keeps_to_the_described(new) {
            let what = match self.is_described(name) {
                true => "is no longer described here",
                false => "is no longer described; who sends it still is not refused",
            };
            return self.add(&place, Class::Safe, what, Decided::Document);
        }
        if after.never && !before.never {
            self.differ(&place, Effect::Narrower, "is removed from a closed object");
        } else if after.always() && !before.always() {
            self.differ(&place, Effect::Wider, "is no longer described, and any value is allowed");
        } else if after.always() {
            self.add(&place, Class::Documentation, "is no longer described; any value was and is allowed", Decided::Document);
        } else {
            self.compare(old, &other);
        }
    }

    /// The properties of a part of the value that is a part no longer, where nothing else describes them.
    pub(super) fn part_vanished(&mut self, part: &str, place: &ChangeLocation) {
        if self.direction != Direction::Response || !self.keeps_to_the_described(&View::of(self.new, &self.value)) {
            return;
        }
        let view = View::of(self.old, part);
        let required = view.texts("required");
        for name in view.names("properties").filter(|name| !required.contains(name)) {
            let old = view.member("properties", name);
            if !self.is_described(name) && !View::of(self.old, &old).is(self.direction.mark()) {
                let place = ChangeLocation { old, new: place.new.clone(), gone: true, item: Some(name.to_owned()) };
                let what = "is no longer described, and no longer sent: who reads it finds it no more";
                self.add(&place, Class::Responses, what, Decided::Document);
            }
        }
        view.all_of.iter().for_each(|inner| self.part_vanished(inner, place));
    }

    pub(super) fn pattern_properties(&mut self, old: &View<'a>, new: &View<'a>) {
        let keyword = "patternProperties";
        let (before, after): (BTreeSet<&str>, BTreeSet<&str>) = (old.names(keyword).collect(), new.names(keyword).collect());
        for name in before.union(&after) {
            let (here, there) = (old.member(keyword, name), new.member(keyword, name));
            let place = ChangeLocation { old: here.clone(), new: there.clone(), gone: !after.contains(name), item: None };
            let rest = |document, view: &View<'_>| {
                let rest = View::of(document, &view.at("additionalProperties"));
                (rest.never, rest.always())
            };
            match (before.contains(name), after.contains(name)) {
                (true, true) => self.compare(&here, &there),
                (false, _) => self.differ(
                    &ChangeLocation { old: old.at("additionalProperties"), ..place },
                    match rest(self.old, old) {
                        (true, _) => Effect::Wider,
                        (_, true) => Effect::Narrower,
                        _ => Effect::Other,
                    },
                    "is new",
                ),
                (true, false) => self.differ(
                    &ChangeLocation { new: new.at("additionalProperties"), ..place },
                    match rest(self.new, new) {
                        (true, _) => Effect::Narrower,
                        (_, true) => Effect::Wider,
                        _ => Effect::Other,
                    },
                    "is gone",
                ),
            }
        }
    }

    pub(super) fn dependent_required(&mut self, old: &View<'a>, new: &View<'a>) {
        let keyword = "dependentRequired";
        let pairs = |view: &View<'a>| -> BTreeSet<(&'a str, &'a str)> {
            let object = view.get(keyword).and_then(Value::as_object).into_iter().flatten();
            object
                .flat_map(|(when, names)| {
                    names.as_array().into_iter().flatten().filter_map(move |name| Some((when.as_str(), name.as_str()?)))
                })
                .collect()
        };
        let (before, after) = (pairs(old), pairs(new));
        let place = |when: &str, then: &str, gone: bool| ChangeLocation {
            old: old.member(keyword, when),
            new: new.member(keyword, when),
            gone,
            item: Some(then.to_owned()),
        };
        for (when, then) in after.difference(&before) {
            self.differ(&place(when, then, false), Effect::Narrower, &format!("asks for {then:?} now where {when:?} is"));
        }
        for (when, then) in before.difference(&after) {
            self.differ(&place(when, then, true), Effect::Wider, &format!("no longer asks for {then:?} where {when:?} is"));
        }
    }
}

/// The schema that a property has that is not named: of a pattern, or of all others.
fn others(view: &View<'_>, name: &str) -> String {
    let mut patterns = view.names("patternProperties");
    let pattern = patterns.find(|pattern| keywords::matches(pattern, name));
    match pattern {
        Some(pattern) => view.member("patternProperties", pattern),
        None if view.get("additionalProperties").is_none() && view.get("unevaluatedProperties").is_some() => {
            view.at("unevaluatedProperties")
        }
        None => view.at("additionalProperties"),
    }
}
