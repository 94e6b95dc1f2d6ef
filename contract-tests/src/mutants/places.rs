//! Where a document has schemas: in which requests and answers they count, and where a failure about one can point.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    openapi::operation::{METHODS, is_json},
    pointer::{escape, is_within},
    schema::children,
};
use serde_json::Value;

use super::Mutant;

/// On which side of an exchange a schema counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// In the body of a request.
    Body,
    /// In a parameter, which is sent as text.
    Parameter,
    /// In an answer that the server can give.
    Answer,
    /// In an answer that no request leads to.
    Unanswered,
    /// In a resource that a merge patch has changed.
    Result,
}

/// A schema that something sent must conform to as a whole.
#[derive(Debug, Clone)]
pub struct Surface {
    pub side: Side,
    /// The operations that it is part of.
    pub operations: Vec<String>,
    /// What the schema belongs to: a parameter, a header, or a media type of a body.
    pub holder: String,
    /// Where the schema stands.
    pub schema: String,
}

impl Surface {
    /// Whether what is sent is text: in a parameter or header, in a form, in a body that is not JSON.
    pub fn is_text(&self) -> bool {
        self.holder.rsplit_once("/content/").is_none_or(|(_, media_type)| !is_json(&media_type.replace("~1", "/")))
    }
}

/// A schema of the document.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// The surfaces that it is part of, by index.
    pub surfaces: BTreeSet<usize>,
    /// Schemas that apply to the same value.
    pub here: BTreeSet<String>,
    /// Choices and conditions that it is part of.
    pub gates: BTreeSet<String>,
    /// What these lead to.
    pub leads: BTreeSet<String>,
}

impl Site {
    fn absorb(&mut self, surface: usize, from: &Self) -> bool {
        let before = (self.surfaces.len(), self.here.len(), self.gates.len(), self.leads.len());
        self.surfaces.insert(surface);
        self.here.extend(from.here.iter().cloned());
        self.gates.extend(from.gates.iter().cloned());
        self.leads.extend(from.leads.iter().cloned());
        before != (self.surfaces.len(), self.here.len(), self.gates.len(), self.leads.len())
    }
}

/// An operation: the path item and the method.
pub struct OperationPlace {
    pub item: String,
    pub method: &'static str,
}

impl OperationPlace {
    pub fn pointer(&self) -> String {
        format!("{}/{}", self.item, self.method)
    }
}

/// Every place of a document.
pub struct Places {
    pub operations: Vec<OperationPlace>,
    pub surfaces: Vec<Surface>,
    /// By pointer.
    pub sites: BTreeMap<String, Site>,
    /// The responses that the server can answer with.
    pub answered: BTreeSet<String>,
    /// The operations whose refusals list violations.
    listing: BTreeSet<String>,
}

impl Places {
    /// The places of a document whose server can answer with these responses.
    pub fn of(document: &Value, answered: BTreeSet<String>) -> Self {
        let (operations, surfaces, sites, listing) = (Vec::new(), Vec::new(), BTreeMap::new(), BTreeSet::new());
        let mut places = Self { operations, surfaces, sites, answered, listing };
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            let item_at = format!("/paths/{}", escape(path));
            for method in METHODS.into_iter().filter(|method| item.get(method).is_some()) {
                places.operation(document, OperationPlace { item: item_at.clone(), method });
            }
        }
        for index in 0..places.surfaces.len() {
            let schema = places.surfaces[index].schema.clone();
            places.visit(document, index, &schema, &Site::default());
        }
        places
    }

    fn operation(&mut self, document: &Value, operation: OperationPlace) {
        let at = operation.pointer();
        for list in [format!("{}/parameters", operation.item), format!("{at}/parameters")] {
            for index in 0..document.pointer(&list).and_then(Value::as_array).map_or(0, Vec::len) {
                self.surface(document, Side::Parameter, &at, resolve(document, &format!("{list}/{index}")));
            }
        }
        let content = |at: &str| {
            keys(document, &format!("{at}/content")).map(|name| format!("{at}/content/{}", escape(&name))).collect::<Vec<_>>()
        };
        for holder in content(&resolve(document, &format!("{at}/requestBody"))) {
            self.surface_at(document, Side::Result, &at, (holder.clone(), "x-result"));
            self.surface(document, Side::Body, &at, holder);
        }
        for status in keys(document, &format!("{at}/responses")) {
            let named = format!("{at}/responses/{}", escape(&status));
            let side = if self.answered.contains(&named) { Side::Answer } else { Side::Unanswered };
            let response = resolve(document, &named);
            for name in keys(document, &format!("{response}/headers")) {
                self.surface(document, side, &at, resolve(document, &format!("{response}/headers/{}", escape(&name))));
            }
            for holder in content(&response) {
                if lists_violations(document, &format!("{holder}/schema")) {
                    self.listing.insert(at.clone());
                }
                self.surface(document, side, &at, holder);
            }
        }
        self.operations.push(operation);
    }

    fn surface(&mut self, document: &Value, side: Side, operation: &str, holder: String) {
        self.surface_at(document, side, operation, (holder, "schema"));
    }

    fn surface_at(&mut self, document: &Value, side: Side, operation: &str, (holder, keyword): (String, &str)) {
        let schema = format!("{holder}/{keyword}");
        if document.pointer(&schema).is_none() {
            return;
        }
        let operation = operation.to_owned();
        match self.surfaces.iter_mut().find(|known| known.schema == schema) {
            Some(known) => {
                known.operations.push(operation);
                if side == Side::Answer {
                    known.side = side;
                }
            }
            None => self.surfaces.push(Surface { side, operations: vec![operation], holder, schema }),
        }
    }

    fn visit(&mut self, document: &Value, surface: usize, at: &str, from: &Site) {
        let Some(schema) = document.pointer(at) else { return };
        if !self.sites.entry(at.to_owned()).or_default().absorb(surface, from) {
            return;
        }
        for (keyword, child) in children(schema, at) {
            let mut site = from.clone();
            let own = |keyword: &str| format!("{at}/{keyword}");
            match keyword {
                "not" => drop(site.gates.insert(own("not"))),
                "anyOf" | "oneOf" => drop(site.gates.insert(own(keyword))),
                "contains" => site.gates.extend(["contains", "minContains", "maxContains"].map(own)),
                "if" => site.leads.extend(["if", "then", "else"].map(own)),
                // What follows from conditions on the same value is named alike.
                "then" | "else" => site.leads.extend(["then", "else"].map(own)),
                "propertyNames" => drop(site.gates.insert(own("propertyNames"))),
                _ => {}
            }
            if matches!(keyword, "prefixItems" | "items") && schema.get("prefixItems").is_some() {
                site.leads.extend(["prefixItems", "items"].map(own)); // A failure speaks of any item.
            }
            if ["$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "contains"].contains(&keyword)
            {
                let left_over = ["unevaluatedProperties", "unevaluatedItems"].into_iter().filter(|it| schema.get(it).is_some());
                site.leads.extend(left_over.map(own));
                site.here.insert(at.to_owned());
            } else {
                site.here.clear();
            }
            self.visit(document, surface, &child, &site);
        }
    }

    /// Whether a schema is only of values that are sent as text.
    pub fn is_text(&self, site: &Site) -> bool {
        site.surfaces.iter().all(|index| self.surfaces[*index].is_text())
    }

    /// The operations that a schema is part of whose refusals list no violations: they say no more than which request was refused.
    pub fn silent_operations_of(&self, site: &Site) -> Vec<String> {
        let all = site.surfaces.iter().flat_map(|index| &self.surfaces[*index].operations);
        all.filter(|operation| self.is_silent(operation)).cloned().collect()
    }

    /// Whether the refusals of an operation list no violations.
    pub fn is_silent(&self, operation: &str) -> bool {
        !self.listing.contains(operation)
    }

    /// The schemas of the patches that make a resource of which this schema is part.
    pub fn patches_of(&self, site: &Site) -> impl Iterator<Item = &String> {
        let results = site.surfaces.iter().map(|index| &self.surfaces[*index]).filter(|surface| surface.side == Side::Result);
        let patch = |result: &Surface| self.surfaces.iter().position(|it| it.side == Side::Body && it.holder == result.holder);
        let patches: BTreeSet<usize> = results.filter_map(patch).collect();
        self.sites.iter().filter(move |(_, site)| !site.surfaces.is_disjoint(&patches)).map(|(at, _)| at)
    }

    /// The schemas that are part of the result of a patch, whose schema is at `at`.
    pub fn within_result(&self, at: &str) -> Vec<String> {
        let result = self.surfaces.iter().position(|surface| surface.side == Side::Result && surface.schema == at);
        let is_part = |site: &Site| result.is_some_and(|result| site.surfaces.contains(&result));
        self.sites.iter().filter(|(_, site)| is_part(site)).map(|(at, _)| at.clone()).collect()
    }

    /// The operations that a mutant is about; none where it is about all of them alike.
    pub fn operations_of(&self, mutant: &Mutant) -> Vec<String> {
        let site = self.sites.get(&mutant.edit.0);
        let surfaces = site.into_iter().flat_map(|site| &site.surfaces).map(|index| &self.surfaces[*index]);
        let of_schema = surfaces.flat_map(|surface| surface.operations.iter().cloned());
        let pointers = self.operations.iter().map(OperationPlace::pointer);
        of_schema.chain(pointers.filter(|operation| is_within(&mutant.pointer, operation))).collect()
    }

    /// On which sides a schema counts.
    pub fn sides(&self, site: &Site) -> Vec<Side> {
        site.surfaces.iter().map(|index| self.surfaces[*index].side).collect()
    }
}

/// Where a pointer leads to, by however many references.
pub fn resolve(document: &Value, at: &str) -> String {
    let mut at = at.to_owned();
    // A reference that leads back to itself is no place.
    for _ in 0..32 {
        match document.pointer(&at).and_then(|node| node.get("$ref")?.as_str()?.strip_prefix('#')) {
            Some(target) => at = target.to_owned(),
            None => break,
        }
    }
    at
}

/// Whether a body with this schema has a list of violations, as the engine reads them: each with `pointer` and `rule`.
fn lists_violations(document: &Value, schema: &str) -> bool {
    let properties = format!("{}/properties", resolve(document, schema));
    keys(document, &properties).any(|name| {
        let items = resolve(document, &format!("{}/items", resolve(document, &format!("{properties}/{}", escape(&name)))));
        ["pointer", "rule"].iter().all(|name| document.pointer(&format!("{items}/properties/{name}")).is_some())
    })
}

/// Whether a parameter, a header or a body must be there.
pub fn is_required(document: &Value, at: &str) -> bool {
    document.pointer(at).is_some_and(|node| node["required"] == true)
}

/// The response that an answer must conform to whose status is not documented by itself: that of its range, or `default`.
pub fn rest(document: &Value, response: &str) -> Option<String> {
    let (all, status) = response.rsplit_once('/')?;
    let rest = |name: String| Some(format!("{all}/{name}")).filter(|at| at != response && document.pointer(at).is_some());
    rest(format!("{}XX", status.get(..1)?)).or_else(|| rest("default".to_owned()))
}

/// The names in the object at a pointer.
pub fn keys(document: &Value, at: &str) -> impl Iterator<Item = String> {
    let object = document.pointer(at).and_then(Value::as_object);
    object.into_iter().flat_map(|object| object.keys().cloned()).collect::<Vec<_>>().into_iter()
}
