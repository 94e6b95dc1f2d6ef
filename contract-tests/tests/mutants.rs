//! Mutants: what is changed, what becomes of it, and what the command says about it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use contract_tests::Document;
use contract_tests::mutants::{DocumentOutcome, MutantVerdict, MutantsReport, Mutation, Options, Proof, test};
use tempfile::TempDir;

/// A little of everything that can be changed.
const SMALL: &str = r"openapi: 3.1.0
info: { title: Pets, version: 1.0.0 }
paths:
  /pets:
    post:
      operationId: addPet
      security: [{ bearer: [write:pets] }]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties:
                name: { type: string, minLength: 2, pattern: '^[a-z]+$' }
                kind: { enum: [cat, dog] }
                age: { type: integer, minimum: 0 }
              additionalProperties: false
              if: { required: [kind], properties: { kind: { const: dog } } }
              then: { required: [age] }
      responses:
        '201':
          description: The pet.
          headers: { Location: { required: true, schema: { type: string } } }
          content: { application/json: { schema: { type: object, required: [name], properties: { name: { type: string } } } } }
        '400': { description: No pet. }
        '401': { description: Who are you? }
        '403': { description: Not you. }
        '405': { description: Not so. }
        '503': { description: Not now. }
        '413': { description: Too large. }
        '415': { description: Not JSON. }
components:
  securitySchemes:
    bearer: { type: http, scheme: bearer }
";

/// With a rule of a request, a rule of an answer that stays kept, and an answer that no request leads to.
const TINY: &str = r"openapi: 3.1.0
info: { title: Tags, version: 1.0.0 }
paths:
  /tags:
    post:
      operationId: addTag
      requestBody:
        required: true
        content: { application/json: { schema: { type: string, maxLength: 2 } } }
      responses:
        '201':
          description: The tag.
          content: { application/json: { schema: { type: string, maxLength: 9 } } }
        '400': { description: No tag. }
        '503': { description: Not now. }
";

fn tried(name: &str, text: &str, options: &Options) -> DocumentOutcome {
    let document = Document::parse(name, text).unwrap();
    test(vec![document], options, &|_, _| {}).unwrap().remove(0)
}

fn survivors(outcome: &DocumentOutcome) -> Vec<String> {
    let survived = outcome.mutants.iter().filter(|tried| tried.verdict == MutantVerdict::Survived);
    survived
        .map(|tried| format!("{} {} {}: {}", tried.mutant.pointer, tried.mutant.keyword, tried.mutant.change, tried.mutant.note))
        .collect()
}

fn mutants(arguments: &[&str], file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contract-tests")).arg("mutants").args(arguments).arg(file).output().unwrap()
}

#[test]
fn every_mutant_of_the_contract_is_killed_or_cannot_be_seen_by_proof() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/users/create-user.yaml")).unwrap();
    let outcome = tried("openapi.yaml", &text, &Options::default());
    assert_eq!(survivors(&outcome), Vec::<String>::new());
    let killed = outcome.mutants.iter().filter(|tried| matches!(tried.verdict, MutantVerdict::Killed { .. })).count();
    assert!(killed > 500, "{killed}");
    for tried in &outcome.mutants {
        assert!(matches!(tried.verdict, MutantVerdict::Killed { .. } | MutantVerdict::Equivalent { .. }), "{tried:?}");
    }
}

#[test]
fn mutants_of_documents_of_other_shapes_are_killed() {
    for name in ["calendar", "flags", "folders", "legacy-pets", "notes", "search"] {
        let path = format!("{}/tests/documents/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        // All of them are tried by .ci/run.
        let outcome = tried(name, &fs::read_to_string(path).unwrap(), &Options { every: 5, ..Options::default() });
        assert_eq!(survivors(&outcome), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_report_leads_to_each_survivor_and_says_what_is_apart() {
    // What is broken by the body is not tried, so that what it allows more is not seen.
    let options = Options { only: Some("addTag:boundary".to_owned()), cases: 0, ..Options::default() };
    let report = MutantsReport::new(vec![tried("tags.yaml", TINY, &options)], Duration::ZERO);
    insta::assert_snapshot!("report", report.to_string());
    insta::assert_snapshot!("report_json", format!("{:#}", report.json()));
}

#[test]
fn help_explains_the_command() {
    let output = Command::new(env!("CARGO_BIN_EXE_contract-tests")).args(["mutants", "--help"]).output().unwrap();
    assert!(output.status.success());
    insta::assert_snapshot!("help", String::from_utf8(output.stdout).unwrap());
}

#[test]
fn each_rule_of_a_small_document_is_changed_in_every_way() {
    let outcome = tried("pets.yaml", SMALL, &Options::default());
    let all: BTreeSet<String> = outcome
        .mutants
        .iter()
        .map(|tried| {
            format!("{} {}: {} | {}", tried.mutant.keyword, tried.mutant.change, tried.mutant.pointer, tried.mutant.note)
        })
        .collect();
    insta::assert_snapshot!(all.into_iter().collect::<Vec<_>>().join("\n"));
    assert_eq!(survivors(&outcome), Vec::<String>::new());
}

#[test]
fn a_status_beside_its_range_an_empty_text_and_a_header_that_is_silent_are_judged_by_what_can_be_sent() {
    const RANGES: &str = r"openapi: 3.1.0
info: { title: Ranges, version: 1.0.0 }
paths:
  /things/{key}:
    parameters:
    - { name: key, in: path, required: true, schema: { type: string, pattern: '^[a-z]+$' }, example: a }
    - { name: q, in: query, schema: { type: string, pattern: '^[a-z]+$' } }
    put:
      operationId: putThing
      requestBody:
        required: true
        content: { application/json: { schema: { type: integer } } }
      responses:
        '200':
          description: The thing.
          headers: { Location: { schema: { type: string, format: uri-reference } } }
          content: { application/json: { schema: { $ref: '#/components/schemas/Thing' } } }
        2XX:
          description: Something else.
          content: { application/json: { schema: { type: object } } }
        '400': { $ref: '#/components/responses/Bad' }
        4XX: { $ref: '#/components/responses/Refused' }
components:
  schemas:
    Thing: { type: object, required: [id], properties: { id: { type: string } } }
  responses:
    Bad:
      description: No thing.
      content: { application/json: { schema: { type: object, required: [code] } } }
    Refused:
      description: Refused.
      content: { application/json: { schema: { type: object, required: [code], properties: { code: { type: string } } } } }
";
    let outcome = tried("ranges.yaml", RANGES, &Options::default());
    let verdict = |end: &str, note: &str| {
        let mut mutants = outcome.mutants.iter();
        &mutants.find(|tried| tried.mutant.pointer.ends_with(end) && tried.mutant.note.ends_with(note)).unwrap().verdict
    };
    let killed = |verdict: &MutantVerdict| matches!(verdict, MutantVerdict::Killed { .. });
    // The range of 400 promises more than it does, that of 200 less.
    assert_eq!(verdict("/responses/400", "400"), &MutantVerdict::Equivalent { proof: Proof::Narrower });
    assert!(killed(verdict("/responses/200", "200")), "{outcome:?}");
    // In the path there is no empty text; in the query there is.
    assert_eq!(verdict("/parameters/0/schema/pattern", "{0,}$\""), &MutantVerdict::Equivalent { proof: Proof::Same });
    assert!(killed(verdict("/parameters/1/schema/pattern", "{0,}$\"")), "{outcome:?}");
    // A number would be a reference too.
    assert!(killed(verdict("/headers/Location", "Location")), "{outcome:?}");
}

#[test]
fn of_two_statuses_for_a_refusal_the_other_is_as_good_where_it_says_the_same() {
    let first = |refusals: &str| {
        let text = TINY.replace("        '400': { description: No tag. }\n", refusals);
        let outcome = tried("tags.yaml", &text, &Options::default());
        let is_first = |tried: &&contract_tests::mutants::Tried| {
            tried.mutant.change == Mutation::Dropped && tried.mutant.pointer.ends_with("/responses/400")
        };
        outcome.mutants.iter().find(is_first).unwrap().verdict.clone()
    };
    let refusals = |first: &str, second: &str| {
        let answer = |status, required| {
            format!(
                "        '{status}': {{ description: No tag., content: {{ application/json: {{ schema: {{ type: object, required: [{required}], properties: {{ code: {{ type: string }} }} }} }} }} }}\n"
            )
        };
        answer(400, first) + &answer(422, second) + "        '415': { description: Not JSON. }\n"
    };
    let alike = MutantVerdict::Equivalent { proof: Proof::Alike };
    assert_eq!(first(&refusals("code", "code")), alike);
    // More than what was promised is as good, less is not.
    assert_eq!(first(&refusals("", "code")), alike);
    assert_ne!(first(&refusals("code", "")), alike);
    // Where only one is documented it is the one that must be sent.
    assert!(matches!(first(&refusals("code", "code").replace("'422'", "'409'")), MutantVerdict::Killed { .. }));
}

#[test]
fn what_the_suite_does_not_try_survives() {
    let options = Options { only: Some("addPet:authentication".to_owned()), cases: 0, ..Options::default() };
    let outcome = tried("pets.yaml", SMALL, &options);
    let survived = |keyword: &str, change: Mutation| {
        outcome.mutants.iter().any(|tried| {
            tried.mutant.keyword == keyword && tried.mutant.change == change && tried.verdict == MutantVerdict::Survived
        })
    };
    assert!(
        survived("minLength", Mutation::Weakened) && survived("enum", Mutation::Weakened) && survived("if", Mutation::Inverted)
    );
    assert!(!survived("security", Mutation::Dropped) && !survived("scopes", Mutation::Dropped));
}

#[test]
fn a_survivor_is_1_and_named_with_its_place() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("pets.yaml");
    fs::write(&path, SMALL).unwrap();
    let output = mutants(&["--only", "addPet:authentication"], &path);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stderr.is_empty(), "no progress where nobody looks");
    let place = "/paths/~1pets/post/requestBody/content/application~1json/schema/properties/name/minLength";
    assert!(said.contains(&format!("pets.yaml:16 {place}\n    minLength weakened: 2 → 1")), "{said}");
}

#[test]
fn none_is_0_and_json_has_every_mutant() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("pets.yaml");
    fs::write(&path, SMALL).unwrap();
    let output = mutants(&["--json"], &path);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["killed"], report["total"]);
    let mutants = report["documents"][0]["mutants"].as_array().unwrap();
    let weaker = mutants.iter().find(|mutant| mutant["keyword"] == "minLength" && mutant["change"] == "weakened").unwrap();
    assert_eq!(weaker["verdict"], "killed");
    assert!(weaker["promise"].as_str().unwrap().ends_with("/name/minLength"));
    let unanswered = mutants.iter().find(|mutant| mutant["pointer"].as_str().unwrap().ends_with("/responses/503")).unwrap();
    assert_eq!((&unanswered["verdict"], &unanswered["proof"]), (&"equivalent".into(), &"unanswered".into()));
}

#[test]
fn what_cannot_run_is_2_with_a_hint() {
    let folder = TempDir::new().unwrap();
    let missing = mutants(&[], &folder.path().join("missing.yaml"));
    let said = String::from_utf8(missing.stderr).unwrap();
    assert_eq!(missing.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: ") && said.contains("missing.yaml") && said.contains("hint: "), "{said}");
    let path = folder.path().join("list.yaml");
    fs::write(&path, "- no document").unwrap();
    let said = mutants(&[], &path);
    let (status, said) = (said.status.code(), String::from_utf8(said.stderr).unwrap());
    assert_eq!(status, Some(2), "{said}");
    assert!(said.starts_with("error: ") && said.contains("list.yaml") && said.contains("hint: "), "{said}");
}
