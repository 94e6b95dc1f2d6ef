//! What a merge patch makes of a resource: a server that forgets to look at the result is found out, and so is each rule about it that is
//! changed.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use contract_tests::{
    Document, Failure, Report, Suite,
    mutants::{self, MutantVerdict, Options, Proof},
};
use faulty_server::{Edit, Effect, Fault, Faulty, Group};
use serde_json::json;

const DOCUMENT: &str = "
openapi: 3.1.0
info: {title: People, version: '1'}
paths:
  /people:
    post:
      operationId: addPerson
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/NewPerson'}}}}
      responses:
        '201': {description: Added., content: {application/json: {schema: {$ref: '#/components/schemas/Person'}}}}
        '400': {$ref: '#/components/responses/Refused'}
        '415': {description: Not so.}
  /people/{personId}:
    parameters: [{name: personId, in: path, required: true, schema: {type: string, pattern: '^[0-9a-f]{24}$'}}]
    get:
      operationId: getPerson
      parameters: [{name: If-None-Match, in: header, schema: {type: string, maxLength: 20}}]
      responses:
        '200': {description: The person., content: {application/json: {schema: {$ref: '#/components/schemas/Person'}}}}
        '304': {description: As you know.}
        '400': {$ref: '#/components/responses/Refused'}
        '404': {description: There is none.}
    patch:
      operationId: changePerson
      requestBody:
        required: true
        content:
          application/merge-patch+json:
            schema: {$ref: '#/components/schemas/ChangePerson'}
            x-result: {$ref: '#/components/schemas/Person'}
      responses:
        '200': {description: Changed., content: {application/json: {schema: {$ref: '#/components/schemas/Person'}}}}
        '400': {$ref: '#/components/responses/Refused'}
        '404': {description: There is none.}
        '415': {description: Not so.}
components:
  responses:
    Refused: {description: Not so., content: {application/json: {schema: {$ref: '#/components/schemas/Refusal'}}}}
  schemas:
    Refusal:
      type: object
      properties:
        errors:
          type: array
          items: {type: object, required: [pointer, rule], properties: {pointer: {type: string}, rule: {type: string}}}
    NewPerson:
      type: object
      required: [name]
      additionalProperties: false
      properties: {name: {type: string, minLength: 1, maxLength: 9}, job: {$ref: '#/components/schemas/Job'}}
    Person:
      type: object
      required: [id, name]
      additionalProperties: false
      properties:
        id: {type: string, pattern: '^[0-9a-f]{24}$'}
        name: {type: string, minLength: 1, maxLength: 9}
        job: {$ref: '#/components/schemas/Job'}
        friends: {type: array, items: {type: string, maxLength: 9}}
    Job:
      type: object
      required: [status]
      additionalProperties: false
      properties: {status: {type: string, minLength: 1}, industry: {type: string, minLength: 1}}
      if: {required: [status], properties: {status: {const: working}}}
      then: {required: [industry]}
    ChangePerson:
      type: object
      additionalProperties: false
      properties: {name: {type: string, minLength: 1, maxLength: 9}, job: {$ref: '#/components/schemas/ChangeJob'}}
    ChangeJob:
      type: [object, 'null']
      additionalProperties: false
      properties: {status: {type: string, minLength: 1}, industry: {type: [string, 'null'], minLength: 1}}
";

const BODY: &str = "/paths/~1people~1{personId}/patch/requestBody/content/application~1merge-patch+json";

fn document() -> Document {
    Document::parse("people.yaml", DOCUMENT).unwrap()
}

async fn report(effect: Option<Effect>) -> Report {
    let fault = effect.map(|effect| Fault { name: "", group: Group::State, at: "", effect });
    let server = Faulty::start(&document().json, fault).await.unwrap();
    Suite::new(document()).cases(20).run(&server.url).await.unwrap()
}

#[tokio::test]
async fn a_server_that_holds_the_result_to_its_schema_is_accused_of_nothing() {
    let report = report(None).await;
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
    assert!(report.operations.iter().all(|operation| operation.succeeded()));
}

#[tokio::test]
async fn a_patch_whose_result_breaks_a_rule_of_two_properties_is_refused() {
    const RESULT: &str = "/paths/~1people~1{personId}/patch/requestBody/content/application~1merge-patch+json/x-result";
    let failures = report(Some(Effect::Schema(vec![Edit::Set(RESULT, json!({}))]))).await.failures;
    let accepted = failures.iter().flat_map(Failure::each).filter(|failure| failure.rule == "invalid-accepted");
    let promises: Vec<&str> = accepted.map(|failure| failure.promise.as_str()).collect();
    for promise in ["/components/schemas/Job/then/required", "/components/schemas/Job/required"] {
        assert!(promises.contains(&promise), "{promise} is not in {promises:?}");
    }
}

#[test]
fn each_changed_rule_of_a_patch_or_its_result_is_seen_or_cannot_be() {
    let outcome = mutants::test(vec![document()], &Options::default(), &|_, _| {}).unwrap().remove(0);
    let verdict = |pointer: &str, note: &str| {
        let mut mutants = outcome.mutants.iter();
        let found = mutants.find(|tried| tried.mutant.pointer == pointer && tried.mutant.note.contains(note));
        &found.unwrap_or_else(|| panic!("no mutant at {pointer}: {note}")).verdict
    };
    let survivors: Vec<_> = outcome.mutants.iter().filter(|tried| tried.verdict == MutantVerdict::Survived).collect();
    assert!(survivors.is_empty(), "{survivors:#?}");
    let killed = |verdict: &MutantVerdict| matches!(verdict, MutantVerdict::Killed { .. });
    // What the result may not have, a patch may not put there; only null is no part of a result.
    let hidden = MutantVerdict::Equivalent { proof: Proof::Result };
    assert_eq!(verdict("/components/schemas/ChangePerson/properties/name/maxLength", "9 → 10"), &hidden);
    assert_eq!(verdict("/components/schemas/ChangePerson/properties/name/type", "null"), &hidden);
    assert!(killed(verdict("/components/schemas/ChangeJob/additionalProperties", "false")));
    assert!(killed(verdict(&format!("{BODY}/x-result/$ref"), "Person")));
    // No patch reaches the friends, and none removes the name.
    let narrower = MutantVerdict::Equivalent { proof: Proof::Narrower };
    assert_eq!(verdict("/components/schemas/Person/properties/friends/items/maxLength", "9 → 8"), &narrower);
    assert!(killed(verdict("/components/schemas/Person/properties/name/maxLength", "9 → 8")));
}
