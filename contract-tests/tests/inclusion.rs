//! Which schema includes which: a table of pairs, and the collection of schemas against itself and its own mutants.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use contract_tests::{Inclusion, Located, inclusion, instances};
use serde_json::{Value, json};

fn included(narrow: &Value, wide: &Value) -> Inclusion {
    let whole = |document| Located { document, pointer: "" };
    inclusion(whole(narrow), whole(wide), 1).unwrap_or_else(|error| panic!("{narrow} or {wide}: {error}"))
}

fn word(inclusion: &Inclusion) -> &'static str {
    match inclusion {
        Inclusion::Proven => "proven",
        Inclusion::Refuted(_) => "refuted",
        Inclusion::Unknown => "unknown",
    }
}

#[test]
fn every_pair_of_the_table_is_decided_as_it_says() {
    let table: Vec<Value> = serde_saphyr::from_str(include_str!("inclusion.yaml")).unwrap();
    let mut wrong = Vec::new();
    for row in &table {
        let (one, other) = (&row["one"], &row["other"]);
        for (narrow, wide, expected) in [(one, other, &row["one in other"]), (other, one, &row["other in one"])] {
            let found = included(narrow, wide);
            if let Inclusion::Refuted(value) = &found {
                let say = [narrow, wide].map(|schema| Validators::new(schema).unwrap().say(value));
                assert_eq!(say, [[true, true], [false, false]], "{}: {value}", row["name"]);
            }
            if word(&found) != expected.as_str().unwrap() {
                wrong.push(format!("{}: {narrow} in {wide} should be {expected}, and is {found:?}", row["name"]));
            }
        }
    }
    println!("{} pairs", table.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_witness_is_as_small_as_can_be_also_in_texts_of_a_format() {
    let of = |most: u32| {
        json!({
            "type": "object",
            "required": ["email", "name"],
            "properties": { "email": { "format": "email", "type": "string" }, "name": { "type": "string", "maxLength": most } }
        })
    };
    let [narrow, wide] = [of(20), of(10)];
    for seed in 0..20 {
        let [one, other] = [&narrow, &wide].map(|document| Located { document, pointer: "" });
        let Ok(Inclusion::Refuted(witness)) = inclusion(one, other, seed) else { panic!("no witness with seed {seed}") };
        assert_eq!(witness["email"], "a@b", "seed {seed}");
        assert_eq!(witness["name"].as_str().unwrap().chars().count(), 11, "seed {seed}");
        assert_eq!(witness.as_object().unwrap().len(), 2, "seed {seed}");
    }
}

/// Every schema of the collection, with its name.
fn collection() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemas");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    let entries =
        paths.iter().flat_map(|path| serde_saphyr::from_str::<Vec<Value>>(&std::fs::read_to_string(path).unwrap()).unwrap());
    entries.map(|entry| (entry["name"].as_str().unwrap().to_owned(), entry["schema"].clone())).collect()
}

#[test]
fn every_schema_includes_itself() {
    let all = collection();
    let wrong: Vec<&String> =
        all.iter().filter(|(_, schema)| included(schema, schema) != Inclusion::Proven).map(|(name, _)| name).collect();
    assert!(wrong.is_empty(), "of {}: {wrong:?}", all.len());
}

/// The schema with one keyword changed, in every way that is tried.
fn mutants(schema: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for pointer in schemas_in(schema, String::new()) {
        let Some(Value::Object(keywords)) = schema.pointer(&pointer) else { continue };
        for (keyword, value) in keywords {
            for changed in changes(keyword, value) {
                let mut mutant = schema.clone();
                let Some(Value::Object(object)) = mutant.pointer_mut(&pointer) else { continue };
                object.shift_remove(keyword);
                if let Some((keyword, value)) = changed {
                    object.insert(keyword, value);
                }
                all.push(mutant);
            }
        }
    }
    all
}

/// Where the schemas are in a schema.
fn schemas_in(value: &Value, pointer: String) -> Vec<String> {
    const MAPS: [&str; 4] = ["properties", "patternProperties", "dependentSchemas", "$defs"];
    const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
    const DATA: [&str; 3] = ["enum", "const", "dependentRequired"];
    let escape = |name: &str| name.replace('~', "~0").replace('/', "~1");
    let mut all = vec![pointer.clone()];
    for (keyword, child) in value.as_object().into_iter().flatten().filter(|(keyword, _)| !DATA.contains(&keyword.as_str())) {
        let at = format!("{pointer}/{}", escape(keyword));
        match child {
            Value::Object(children) if MAPS.contains(&keyword.as_str()) => {
                all.extend(children.iter().flat_map(|(name, child)| schemas_in(child, format!("{at}/{}", escape(name)))));
            }
            Value::Array(children) if LISTS.contains(&keyword.as_str()) => {
                all.extend(children.iter().enumerate().flat_map(|(index, child)| schemas_in(child, format!("{at}/{index}"))));
            }
            Value::Object(_) => all.extend(schemas_in(child, at)),
            _ => {}
        }
    }
    all
}

/// What may stand in a keyword's stead; nothing where it is dropped.
fn changes(keyword: &str, value: &Value) -> Vec<Option<(String, Value)>> {
    let other = |value: Value| Some((keyword.to_owned(), value));
    let without = |items: &[Value], index: usize| {
        let mut fewer = items.to_vec();
        fewer.remove(index);
        other(Value::Array(fewer))
    };
    let mut all = match (keyword, value) {
        ("$ref" | "$defs" | "$anchor" | "then" | "else", _) => return Vec::new(),
        ("anyOf", _) => vec![Some(("oneOf".to_owned(), value.clone()))],
        ("oneOf", _) => vec![Some(("anyOf".to_owned(), value.clone()))],
        ("type", Value::String(kind)) => vec![other(json!([kind, "null"])), other(json!("number"))],
        ("const", _) => vec![other(json!("other"))],
        ("multipleOf", Value::Number(step)) => vec![other(json!(step.as_f64().unwrap() * 2.0))],
        (_, Value::Number(bound)) => match bound.as_u64() {
            Some(bound) => vec![other(json!(bound + 1)), other(json!(bound.saturating_sub(1)))],
            None => vec![other(json!(bound.as_f64().unwrap() + 0.5))],
        },
        ("pattern", Value::String(pattern)) => vec![other(json!(format!("{pattern}|^x")))],
        (_, Value::Bool(flag)) => vec![other(json!(!flag))],
        _ => Vec::new(),
    };
    if let (Value::Array(items), true) = (value, keyword != "type") {
        all.extend((0..items.len()).filter(|_| items.len() > 1).map(|index| without(items, index)));
    }
    all.push(None);
    all
}

/// Both validators for one schema.
struct Validators {
    boon: (boon::Schemas, boon::SchemaIndex),
    jsonschema: jsonschema::Validator,
}

impl Validators {
    fn new(schema: &Value) -> Option<Self> {
        let mut compiler = boon::Compiler::new();
        compiler.enable_format_assertions();
        compiler.add_resource("memory:schema", schema.clone()).ok()?;
        let mut schemas = boon::Schemas::new();
        let index = compiler.compile("memory:schema", &mut schemas).ok()?;
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        Some(Self { boon: (schemas, index), jsonschema: options.build(schema).ok()? })
    }

    fn say(&self, value: &Value) -> [bool; 2] {
        [self.boon.0.validate(value, self.boon.1).is_ok(), self.jsonschema.is_valid(value)]
    }
}

/// Every instance that the engine makes of a schema, valid or not.
fn pool(schema: &Value) -> Vec<Value> {
    let made = instances(schema, 7).unwrap();
    made.valid.into_iter().chain(made.invalid.into_iter().map(|(value, _)| value)).collect()
}

/// All mutants take minutes; each schema has its turn with this share of them.
const EVERY: usize = 12;

#[test]
fn no_proof_is_refuted_by_an_instance() {
    let (mut proven, mut refuted, mut unknown) = (0, Vec::new(), 0);
    let mut wrong = Vec::new();
    for (name, schema) in collection() {
        let own = (Validators::new(&schema).unwrap(), pool(&schema));
        let some = mutants(&schema).into_iter().skip(name.len() % EVERY).step_by(EVERY);
        for (index, mutant) in some.enumerate() {
            let Some(validators) = Validators::new(&mutant) else { continue };
            let mut mutant_pool = None;
            for (narrow, wide, validators) in
                [(&schema, &mutant, [&own.0, &validators]), (&mutant, &schema, [&validators, &own.0])]
            {
                match included(narrow, wide) {
                    Inclusion::Proven => {
                        proven += 1;
                        // To make instances is slow: those of every tenth mutant, and always those of the schema.
                        let more =
                            if index % 10 == 0 { mutant_pool.get_or_insert_with(|| pool(&mutant)).as_slice() } else { &[] };
                        let pool = own.1.iter().chain(more);
                        let against =
                            |value: &&Value| validators[0].say(value) == [true, true] && validators[1].say(value) != [true, true];
                        if let Some(value) = pool.into_iter().find(against) {
                            wrong.push(format!("{name}: {value} is against the proof of {narrow} in {wide}"));
                        }
                    }
                    Inclusion::Refuted(value) => {
                        refuted.push(value.to_string().len());
                        if validators.map(|validators| validators.say(&value)) != [[true, true], [false, false]] {
                            wrong.push(format!("{name}: {value} does not refute {narrow} in {wide}"));
                        }
                    }
                    Inclusion::Unknown => unknown += 1,
                }
            }
        }
    }
    refuted.sort_unstable();
    println!("{proven} proven, {} refuted (median length {}), {unknown} unknown", refuted.len(), refuted[refuted.len() / 2]);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let all = proven + refuted.len() + unknown;
    assert!(all > 600, "only {all} pairs were compared");
    assert!(unknown * 50 < all, "{unknown} of {all} are not decided");
}

/// This project's document: what a client may send and what it gets, against the same without one keyword.
#[test]
fn rules_of_a_real_document_are_decided() {
    let document: Value = serde_saphyr::from_str(include_str!("../../openapi.yaml")).unwrap();
    let pointer = "/components/schemas/CreateUser";
    let original = Located { document: &document, pointer };
    assert_eq!(inclusion(original, original, 1), Ok(Inclusion::Proven));
    let schema = document.pointer(pointer).unwrap();
    let mut found = [0, 0, 0];
    for mutant in mutants(schema) {
        let mut other = document.clone();
        *other.pointer_mut(pointer).unwrap() = mutant;
        let other = Located { document: &other, pointer };
        for (narrow, wide) in [(original, other), (other, original)] {
            match inclusion(narrow, wide, 1).unwrap() {
                Inclusion::Proven => found[0] += 1,
                Inclusion::Refuted(_) => found[1] += 1,
                Inclusion::Unknown => found[2] += 1,
            }
        }
    }
    let [proven, refuted, unknown] = found;
    println!("{proven} proven, {refuted} refuted, {unknown} unknown");
    assert!(proven > 0 && refuted > 0 && unknown == 0, "{unknown} are not decided");
}
