//! Pairs of schemas, each as a request and as an answer in both directions.

use contract_tests::compat::{
    change::Class,
    verdict::{CompatFinding, Evidence, compare},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{document, literal};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    name: String,
    narrow: Option<Value>,
    wide: Option<Value>,
    one: Option<Value>,
    other: Option<Value>,
    is: Option<String>,
    #[serde(default)]
    schemas: Map<String, Value>,
    at: Option<Vec<String>>,
    #[serde(default)]
    unforeseen: Vec<String>,
    #[serde(default)]
    harmless: bool,
    #[serde(default)]
    unproven: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Request,
    Response,
}

impl Pair {
    /// Both schemas, with their names.
    fn schemas(&self) -> [(&'static str, &Value); 2] {
        match (&self.narrow, &self.wide, &self.one, &self.other) {
            (Some(narrow), Some(wide), None, None) => [("narrow", narrow), ("wide", wide)],
            (None, None, Some(one), Some(other)) => [("one", one), ("other", other)],
            _ => panic!("{}: either narrow and wide, or one and other", self.name),
        }
    }

    fn breaks(&self, direction: Direction, from: &str) -> bool {
        match self.is.as_deref() {
            Some("equal") => false,
            Some("different") => true,
            None => (from == "wide") == (direction == Direction::Request),
            Some(other) => panic!("{}: {other}", self.name),
        }
    }

    /// A document with one of the schemas as the body of a request or an answer.
    fn document(&self, name: &str, schema: &Value, direction: Direction) -> Value {
        let mut operation = json!({ "operationId": "put", "responses": { "200": { "description": "Done." } } });
        let content = json!({ "application/json": { "schema": schema } });
        match direction {
            Direction::Request => operation["requestBody"] = json!({ "required": true, "content": content }),
            Direction::Response => operation["responses"]["200"]["content"] = content,
        }
        json!({
            "openapi": "3.1.0",
            "info": { "title": name, "version": "1" },
            "paths": { "/things": { "put": operation } },
            "components": { "schemas": self.schemas },
        })
    }

    /// Compares in one direction; says what is wrong with the verdict.
    fn check(&self, direction: Direction, from: (&str, &Value), to: (&str, &Value), harmless: &mut bool) -> Result<(), String> {
        let [old, new] = [from, to].map(|(name, schema)| self.document("things", schema, direction).tap(name));
        let (before, after) = (document("old", &old), document("new", &new));
        let comparison = compare(&before, &after, &literal()).map_err(|error| error.to_string())?;
        *harmless |= comparison.findings.iter().any(|finding| finding.evidence == Evidence::Harmless);
        let breaking: Vec<&CompatFinding> = comparison.breaking().collect();
        let told = || breaking.iter().map(|finding| format!("\n  {finding:?}")).collect::<String>();
        if !self.breaks(direction, from.0) {
            return if breaking.is_empty() { Ok(()) } else { Err(format!("nothing breaks, but{}", told())) };
        }
        let class = if direction == Direction::Request { Class::Requests } else { Class::Responses };
        if breaking.is_empty() || breaking.iter().any(|finding| finding.class != class) {
            return Err(format!("it is {class}, but{}", told()));
        }
        let word = if direction == Direction::Request { "request" } else { "response" };
        let foreseen = !self.unforeseen.contains(&format!("{word} {} {}", from.0, to.0));
        if breaking.iter().any(|finding| finding.foreseen != foreseen) {
            return Err(format!("a rule {} it, but{}", if foreseen { "foresees" } else { "does not foresee" }, told()));
        }
        let keyword = format!("/{}", self.name.split_once(':').map_or("", |(keyword, _)| keyword));
        let ends = self.at.clone().unwrap_or_else(|| vec![keyword]);
        if foreseen
            && !breaking.iter().any(|finding| ends.iter().any(|end| finding.pointer.replace("~1", "/").ends_with(end.as_str())))
        {
            return Err(format!("it is at {ends:?}, but{}", told()));
        }
        let mut witnesses = breaking.iter().filter_map(|finding| match &finding.evidence {
            Evidence::Witness(witness) => Some(witness),
            _ => None,
        });
        if self.unproven {
            return Ok(());
        }
        let Some(witness) = witnesses.next() else { return Err(format!("there is a witness, but{}", told())) };
        // Another validator than those of the engine has the last word.
        let (body, described, refused) = match direction {
            Direction::Request => (witness.get("body").unwrap_or(&Value::Null), from.1, to.1),
            Direction::Response => (witness, to.1, from.1),
        };
        match (self.accepts(described, body), self.accepts(refused, body)) {
            (true, false) => Ok(()),
            verdicts => Err(format!("{body} is described and refused: {verdicts:?}")),
        }
    }

    fn accepts(&self, schema: &Value, instance: &Value) -> bool {
        let whole = json!({ "allOf": [schema], "components": { "schemas": self.schemas } });
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        options.build(&whole).unwrap().is_valid(instance)
    }
}

trait Tap {
    fn tap(self, title: &str) -> Value;
}

impl Tap for Value {
    /// The document with this title, so that there is always a difference.
    fn tap(mut self, title: &str) -> Value {
        self["info"]["title"] = json!(title);
        self
    }
}

fn collection() -> Vec<Pair> {
    serde_saphyr::from_str(include_str!("schemas.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_pair_of_schemas_has_the_expected_verdict_in_both_directions() {
    let pairs = collection();
    assert!(pairs.len() >= 100, "{}", pairs.len());
    let mut wrong = Vec::new();
    for pair in &pairs {
        let [one, other] = pair.schemas();
        let mut harmless = false;
        for direction in [Direction::Request, Direction::Response] {
            for (from, to) in [(one, other), (other, one)] {
                if let Err(what) = pair.check(direction, from, to, &mut harmless) {
                    let way = if direction == Direction::Request { "request" } else { "response" };
                    wrong.push(format!("{}, {way} {} → {}: {what}", pair.name, from.0, to.0));
                }
            }
        }
        if pair.harmless != harmless {
            wrong.push(format!("{}: proven harmless is {harmless}", pair.name));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the structure must look at: each keyword that asks something of a value is in a pair.
#[test]
fn every_keyword_is_in_a_pair() {
    let keywords = [
        "type",
        "enum",
        "const",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "items",
        "prefixItems",
        "contains",
        "minContains",
        "maxContains",
        "uniqueItems",
        "minItems",
        "maxItems",
        "required",
        "properties",
        "additionalProperties",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedProperties",
        "unevaluatedItems",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "$ref",
    ];
    let pairs = collection();
    let names: Vec<&str> = pairs.iter().filter_map(|pair| Some(pair.name.split_once(':')?.0)).collect();
    let missing: Vec<_> = keywords.iter().filter(|keyword| !names.contains(keyword)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
