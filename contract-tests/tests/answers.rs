//! What HTTP and OpenAPI leave open about an answer is no fault, and what they do not is one, on servers that answer one thing.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use contract_tests::{Document, Failure, Report, Suite};

use serving::{Asked, Told, serve, told};

mod serving;

/// The rules that are broken by a server that answers so.
async fn broken(document: &str, answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> BTreeSet<String> {
    let report = run(document, answer).await;
    // These servers take any method.
    let rules = report.failures.iter().map(|failure| failure.rule.to_owned());
    rules.filter(|rule| rule != "undocumented-method").collect()
}

async fn run(document: &str, answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Report {
    let document = Document::parse("answers.yaml", document).unwrap();
    Suite::new(document).cases(40).run(&serve(answer).await.url).await.unwrap()
}

/// One operation with these responses.
fn one(method: &str, responses: &str) -> String {
    format!("openapi: 3.1.0\ninfo: {{title: One, version: '1'}}\npaths:\n  /one:\n    {method}:\n      responses: {responses}\n")
}

fn with(status: u16, headers: &str, text: &str) -> Told {
    Some((status, headers.to_owned(), text.to_owned()))
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn no_content_has_no_media_type_whatever_is_documented() {
    let document = one("get", "{'204': {description: Nothing., content: {application/json: {schema: {type: object}}}}}");
    assert_eq!(broken(&document, |_| told(204, "")).await, BTreeSet::new());
    let document = document.replace("'204'", "'200'");
    assert_eq!(broken(&document, |_| told(200, "")).await, BTreeSet::from(["response-media-type".to_owned()]));
}

#[tokio::test]
async fn a_304_without_a_condition_is_an_error() {
    let document = one("get", "{'200': {description: Some.}, '304': {description: As you know.}}");
    let failures = run(&document, |_| told(304, "")).await.failures;
    let named = |failure: &&Failure| failure.what == "304 answers a request without a condition";
    assert_eq!(failures.iter().find(named).unwrap().promise, "/paths/~1one/get/responses");
}

#[tokio::test]
async fn json_is_read_where_a_range_of_media_types_is_documented() {
    for range in ["'*/*'", "application/*"] {
        let document =
            one("get", &format!("{{'200': {{description: Some., content: {{{range}: {{schema: {{type: array}}}}}}}}}}"));
        assert_eq!(broken(&document, |_| with(200, JSON, "[]")).await, BTreeSet::new(), "{range}");
        assert_eq!(broken(&document, |_| with(200, JSON, "{}")).await, BTreeSet::from(["response-body".to_owned()]), "{range}");
    }
    let document = one(
        "get",
        "{'200': {description: Some., content: {'*/*': {schema: {type: string}}, application/json: {schema: {type: array}}}}}",
    );
    assert_eq!(broken(&document, |_| with(200, JSON, "[]")).await, BTreeSet::new(), "the particular type counts");
}

#[tokio::test]
async fn lists_and_objects_in_headers_are_read() {
    let document = one(
        "get",
        "{'200': {description: Some., headers: {X-List: {schema: {type: array, items: {type: integer}}}, \
         X-Pairs: {schema: {type: object, required: [a], properties: {a: {type: integer}, b: {type: string}}}}, \
         X-Named: {explode: true, schema: {type: object, required: [a], properties: {a: {type: boolean}}}}}}}",
    );
    let headers = "x-list: 1, 2,3\r\nx-pairs: a,1,b,x\r\nx-named: a=true\r\n";
    assert_eq!(broken(&document, move |_| with(200, headers, "")).await, BTreeSet::new());
    for (right, wrong) in [("1, 2", "1, x"), ("a,1", "a,x"), ("a=true", "a=1")] {
        let headers = headers.replace(right, wrong);
        let found = broken(&document, move |_| with(200, &headers, "")).await;
        assert_eq!(found, BTreeSet::from(["response-header".to_owned()]), "{wrong}");
    }
}

#[tokio::test]
async fn a_header_whose_content_is_json_is_read_as_json() {
    let document = one(
        "get",
        "{'200': {description: Some., headers: {X-Meta: {content: {application/json: \
         {schema: {type: object, required: [n], properties: {n: {type: integer}}}}}}}}}",
    );
    for (header, right) in [("{\"n\": 1}", true), ("{\"n\": \"1\"}", false), ("n,1", false), ("{", false)] {
        let found = broken(&document, move |_| with(200, &format!("x-meta: {header}\r\n"), "")).await;
        let wanted = if right { BTreeSet::new() } else { BTreeSet::from(["response-header".to_owned()]) };
        assert_eq!(found, wanted, "{header}");
    }
}

#[tokio::test]
async fn a_range_of_statuses_says_nothing_of_other_methods() {
    let error = "{description: No., content: {application/json: {schema: {type: object, required: [error]}}}}";
    let document = one("get", &format!("{{'200': {{description: Some.}}, 4XX: {error}}}"));
    let answer = |asked: &Asked| match asked.method.as_str() {
        "GET" | "HEAD" => told(200, ""),
        _ => with(405, &format!("{JSON}allow: GET, HEAD\r\n"), "{}"),
    };
    assert_eq!(broken(&document, answer).await, BTreeSet::new());
    let document = document.replace("4XX", "'405'");
    assert_eq!(broken(&document, answer).await, BTreeSet::from(["response-body".to_owned()]));
}

#[tokio::test]
async fn a_parameter_may_be_empty_where_the_document_says_so() {
    let document = one("get", "{'200': {description: Some.}, '400': {description: No.}}").replace(
        "      responses",
        "      parameters: [{name: n, in: query, allowEmptyValue: true, schema: {type: integer}}]\n      responses",
    );
    let answer = |asked: &Asked| {
        let value = asked.target.split_once("n=").map_or("", |(_, value)| value.split('&').next().unwrap_or_default());
        let number = value.replace("%2B", "+").parse::<f64>();
        let refused = !value.is_empty() && !number.is_ok_and(|number| number.fract() == 0.0);
        told(if refused { 400 } else { 200 }, "")
    };
    assert_eq!(broken(&document, answer).await, BTreeSet::new());
    let document = document.replace("allowEmptyValue: true, ", "");
    assert_eq!(broken(&document, answer).await, BTreeSet::from(["empty-parameter".to_owned()]));
}

#[tokio::test]
async fn a_header_is_one_parameter_in_any_letter_case() {
    let document = one("get", "{'200': {description: Some.}, '400': {description: No.}}").replace(
        "    get:\n",
        "    parameters: [{name: x-page, in: header, required: true, schema: {type: string}}]\n    get:\n      parameters: [{name: \
         X-Page, in: header, schema: {type: integer}}]\n",
    );
    let document = Document::parse("answers.yaml", document.as_str()).unwrap();
    let served = serve(|_| told(200, "")).await;
    let report = Suite::new(document).cases(0).run(&served.url).await.unwrap();
    let known: Vec<&str> = report.operations[0].constraints.iter().map(|constraint| constraint.key.as_str()).collect();
    assert!(!known.iter().any(|key| key.contains("/paths/~1one/parameters")), "the operation's own counts: {known:?}");
}

/// Operations of OpenAPI 3.2, and one on a server of its own.
const OPERATIONS: &str = "
openapi: 3.2.0
info: {title: Books, version: '1'}
servers: [{url: 'https://books.example/v1'}]
paths:
  /books:
    query:
      operationId: search
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [q]}}}}
      responses: {'200': {description: Found.}, '400': {description: No.}, '415': {description: No.}}
    additionalOperations:
      PURGE: {operationId: purge, responses: {'204': {description: Gone.}}}
  /files:
    servers: [{url: 'https://books.example/v1/{part}', variables: {part: {default: stored}}}]
    get: {operationId: files, responses: {'200': {description: Some.}}}
  /elsewhere:
    get: {operationId: elsewhere, servers: [{url: 'https://books.example/v2'}], responses: {'200': {description: Some.}}}
";

#[tokio::test]
async fn operations_of_every_method_and_server_are_tested_or_named() {
    let answer = |asked: &Asked| match (asked.method.as_str(), asked.target.split('?').next().unwrap_or_default()) {
        ("QUERY", "/books") => told(if asked.body.starts_with(b"{\"q\"") { 200 } else { 400 }, ""),
        ("PURGE", "/books") => told(204, ""),
        ("GET", "/stored/files") => told(200, ""),
        (_, "/books" | "/stored/files") => with(405, "allow: QUERY, PURGE, GET\r\n", ""),
        _ => told(404, ""),
    };
    let report = run(OPERATIONS, answer).await;
    let tested =
        |id: &str| report.operations.iter().find(|operation| operation.id == id).map(|operation| operation.untested.clone());
    assert_eq!(tested("search"), Some(None));
    assert_eq!(tested("purge"), Some(None));
    assert_eq!(tested("files"), Some(None));
    let why = tested("elsewhere").unwrap().unwrap();
    assert!(why.contains("its own server is at /v2, which is not below /v1"), "{why}");
    let purging = run(OPERATIONS, move |asked| if asked.method == "PURGE" { told(200, "") } else { answer(asked) }).await;
    assert!(purging.failures.iter().any(|failure| failure.rule == "undocumented-status"), "{:#?}", purging.failures);
}

/// A choice that is told by the names of schemas.
const CHOICE: &str = "
openapi: 3.0.3
info: {title: Pets, version: '1'}
paths:
  /pets:
    post:
      operationId: addPet
      requestBody:
        required: true
        content:
          application/json:
            schema:
              oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]
              discriminator: {propertyName: kind}
      responses: {'201': {description: Added.}, '400': {description: No.}, '415': {description: No.}}
components:
  schemas:
    Cat: {type: object, required: [kind, lives], properties: {kind: {type: string}, lives: {type: integer}}, additionalProperties: false}
    Dog: {type: object, required: [kind, bark], properties: {kind: {type: string}, bark: {type: string}}, additionalProperties: false}
";

#[tokio::test]
async fn a_valid_request_names_the_schema_that_a_discriminator_asks_for() {
    let strict = |asked: &Asked| {
        let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let only =
            |name: &str| body.as_object().is_some_and(|body| body.keys().all(|key| ["kind", name].contains(&key.as_str())));
        let right = match body["kind"].as_str() {
            Some("Cat") => body["lives"].as_f64().is_some_and(|number| number.fract() == 0.0) && only("lives"),
            Some("Dog") => body["bark"].is_string() && only("bark"),
            _ => false,
        };
        told(if right { 201 } else { 400 }, "")
    };
    let report = run(CHOICE, strict).await;
    let refused: Vec<_> = report.failures.iter().filter(|failure| failure.rule == "valid-refused").collect();
    assert!(refused.is_empty(), "{refused:#?}");
    assert_eq!(report.operations[0].untested, None);
}

/// A discriminator changes nothing about which values are valid: who does not read by it takes any name.
#[tokio::test]
async fn nobody_is_blamed_who_does_not_read_by_a_discriminator() {
    let loose = |asked: &Asked| {
        let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let is = |name: &str, right: bool| {
            right && body.as_object().is_some_and(|body| body.keys().all(|key| ["kind", name].contains(&key.as_str())))
        };
        let is_cat = is("lives", body["lives"].as_f64().is_some_and(|number| number.fract() == 0.0));
        let right = body["kind"].is_string() && (is_cat || is("bark", body["bark"].is_string()));
        told(if right { 201 } else { 400 }, "")
    };
    let report = run(CHOICE, loose).await;
    let accepted: Vec<_> = report.failures.iter().filter(|failure| failure.rule == "invalid-accepted").collect();
    assert!(accepted.is_empty(), "{accepted:#?}");
}

/// Of alternatives that describe the same, `oneOf` allows nothing to the letter, and who reads by the discriminator takes what names one.
#[tokio::test]
async fn alternatives_that_only_a_discriminator_tells_apart_are_tested_and_may_be_refused() {
    let alike = CHOICE
        .replace(
            "lives], properties: {kind: {type: string}, lives: {type: integer}}",
            "age], properties: {kind: {type: string}, age: {type: integer}}",
        )
        .replace(
            "bark], properties: {kind: {type: string}, bark: {type: string}}",
            "age], properties: {kind: {type: string}, age: {type: integer}}",
        );
    let by_kind = |asked: &Asked| {
        let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let known = body.as_object().is_some_and(|body| body.keys().all(|key| ["kind", "age"].contains(&key.as_str())));
        let right = known && matches!(body["kind"].as_str(), Some("Cat" | "Dog"));
        told(if right && body["age"].as_f64().is_some_and(|number| number.fract() == 0.0) { 201 } else { 400 }, "")
    };
    let blamed = |report: &Report| {
        let of_values = |rule: &str| ["valid-refused", "invalid-accepted"].contains(&rule);
        report.failures.iter().filter(|failure| of_values(failure.rule)).map(|failure| failure.what.clone()).collect::<Vec<_>>()
    };
    let report = run(&alike, by_kind).await;
    assert_eq!(blamed(&report), [""; 0]);
    assert_eq!(report.operations[0].untested, None);
    let to_the_letter = run(&alike, |_: &Asked| told(400, "")).await;
    assert_eq!(blamed(&to_the_letter), [""; 0]);
    assert!(to_the_letter.operations[0].untested.is_some());
}

/// An answer that fits two alternatives, of which it names one, is what everybody writes who has a discriminator.
#[tokio::test]
async fn an_answer_that_names_its_alternative_is_right_though_it_fits_another() {
    let pet = "{description: A pet., content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}";
    let schema = "{type: object, required: [kind, name], properties: {kind: {type: string}, name: {type: string}}}";
    let document = one("get", &format!("{{'200': {pet}}}"))
        + &format!("components: {{schemas: {{Cat: {schema}, Dog: {schema}, Pet: {{")
        + "oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: kind}}}}\n";
    let judged = |body: &'static str| {
        let document = document.clone();
        async move { broken(&document, move |_| with(200, JSON, body)).await }
    };
    assert_eq!(judged(r#"{"kind":"Cat","name":"Tom"}"#).await, BTreeSet::new());
    for wrong in [r#"{"kind":"Bird","name":"Tom"}"#, r#"{"kind":"Cat"}"#, r#"{"kind":"Cat","name":7}"#] {
        assert_eq!(judged(wrong).await, BTreeSet::from(["response-body".to_owned()]), "{wrong}");
    }
}

/// `nullable` without a `type`, beside a reference and with an `enum` that has no null: to the letter null is refused, and many mean it.
const NULLABLE: &str = "
openapi: 3.0.3
info: {title: Pets, version: '1'}
paths:
  /pets:
    post:
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses:
        '201': {description: Made., content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
        '400': {description: No.}
components:
  schemas:
    Owner: {type: object, required: [id], properties: {id: {type: integer}}}
    Pet:
      type: object
      required: [name, owner, keeper, size]
      properties:
        name: {type: string}
        owner: {nullable: true, allOf: [{$ref: '#/components/schemas/Owner'}]}
        keeper: {$ref: '#/components/schemas/Owner', nullable: true}
        size: {type: string, nullable: true, enum: [big, small]}
";

#[tokio::test]
async fn null_where_nullable_is_not_to_the_letter_is_nobodys_fault() {
    let takes = |null: bool| {
        move |asked: &Asked| {
            let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            let is_id = |id: &serde_json::Value| id.as_f64().is_some_and(|id| id.fract() == 0.0);
            let is_owner = |value: &serde_json::Value| value.is_object() && is_id(&value["id"]);
            let or_null = |name: &str, is: bool| is || null && body.get(name).is_some_and(serde_json::Value::is_null);
            let people = ["owner", "keeper"].iter().all(|name| or_null(name, is_owner(&body[*name])));
            let right = people && or_null("size", ["big", "small"].contains(&body["size"].as_str().unwrap_or_default()));
            told(if right && body["name"].is_string() { 201 } else { 400 }, "")
        }
    };
    for null in [true, false] {
        let report = run(NULLABLE, takes(null)).await;
        let of_values = |failure: &&Failure| ["valid-refused", "invalid-accepted"].contains(&failure.rule);
        let blamed: Vec<_> = report.failures.iter().filter(of_values).collect();
        assert!(blamed.is_empty() && report.operations[0].untested.is_none(), "{blamed:#?}");
    }
    let read = NULLABLE.replace("post:", "get:").replace("'201'", "'200'");
    let read: String = read.lines().filter(|line| !line.contains("requestBody")).map(|line| format!("{line}\n")).collect();
    let says = async |body: &'static str| {
        let report = run(&read, move |_| with(200, JSON, body)).await;
        let of_bodies = |failure: &&Failure| failure.rule == "response-body";
        report.failures.iter().filter(of_bodies).map(|failure| failure.promise.clone()).collect::<Vec<_>>()
    };
    assert_eq!(says(r#"{"name":"Rex","owner":null,"keeper":null,"size":null}"#).await, [""; 0]);
    let name = "/components/schemas/Pet/properties/name/type";
    assert_eq!(says(r#"{"name":null,"owner":null,"keeper":null,"size":null}"#).await, [name]);
}

/// A resource may be locked, whatever is sent; nobody is told so who has not documented it.
#[tokio::test]
async fn a_documented_status_about_the_state_of_things_is_no_refusal() {
    let body = "requestBody: {content: {application/json: {schema: {type: object, properties: {name: {type: string}}}}}}";
    let document = one("post", "{'201': {description: Made.}, '400': {description: No.}, '423': {description: Locked.}}");
    let document = document.replace("post:\n", &format!("post:\n      {body}\n"));
    let locks = |asked: &Asked| {
        let body: Option<serde_json::Value> = serde_json::from_slice(&asked.body).ok();
        let name = body.as_ref().map(|body| body.get("name").cloned().unwrap_or_default());
        match name {
            _ if asked.body.is_empty() => told(201, ""),
            Some(serde_json::Value::String(name)) if !name.is_empty() => told(423, ""),
            Some(serde_json::Value::String(_) | serde_json::Value::Null)
                if body.as_ref().is_some_and(serde_json::Value::is_object) =>
            {
                told(201, "")
            }
            _ => told(400, ""),
        }
    };
    let refused = async |document: &str| {
        let report = run(document, locks).await;
        report.failures.iter().filter(|failure| failure.rule == "valid-refused").count()
    };
    assert_eq!(refused(&document).await, 0);
    assert_eq!(refused(&document.replace("'423'", "'424'")).await, 1);
}

/// What others depend on is kept, and the document has a status for that.
#[tokio::test]
async fn a_documented_conflict_of_a_deletion_is_no_refusal() {
    const DOCUMENT: &str = "
openapi: 3.1.0
info: {title: Things, version: '1'}
paths:
  /things:
    post:
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [name], properties: {name: {type: string}}}}}}
      responses:
        '201': {description: Made., content: {application/json: {schema: {type: object, required: [id], properties: {id: {type: integer}}}}}}
        '409': {description: Taken.}
  /things/{id}:
    delete:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}, {name: why, in: query, schema: {enum: [a, b]}}]
      responses: {'204': {description: Gone.}, '400': {description: No.}, '404': {description: None.}, '409': {description: In use.}}
";
    let refused = async |document: &str| {
        let made = std::sync::Mutex::new(BTreeSet::new());
        let report = run(document, move |asked: &Asked| match (asked.method.as_str(), asked.target.split_once("?why=")) {
            ("POST", _) => {
                let mut made = made.lock().unwrap();
                if made.insert(asked.body.clone()) {
                    with(201, JSON, &format!("{{\"id\":{}}}", made.len()))
                } else {
                    told(409, "")
                }
            }
            ("DELETE", Some((_, "b"))) => told(409, ""),
            ("DELETE", _) => told(204, ""),
            _ => told(405, ""),
        });
        report.await.failures.iter().filter(|failure| failure.rule == "valid-refused").count()
    };
    assert_eq!(refused(DOCUMENT).await, 0);
    assert_eq!(refused(&DOCUMENT.replace("'409'", "'410'")).await, 1);
}

/// Two ways to be let in.
const WAYS: &str = "
openapi: 3.1.0
info: {title: Ways, version: '1'}
paths:
  /way:
    get:
      operationId: way
      security: [{key: []}, {token: []}]
      responses: {'200': {description: In.}, '401': {description: Out.}}
components:
  securitySchemes:
    key: {type: apiKey, in: query, name: key}
    token: {type: http, scheme: bearer}
";

#[tokio::test]
async fn every_alternative_that_there_are_credentials_for_lets_in() {
    let told_of = async |lets_in: fn(&Asked) -> bool| {
        let answer = move |asked: &Asked| told(if lets_in(asked) { 200 } else { 401 }, "");
        let document = Document::parse("answers.yaml", WAYS).unwrap();
        let suite = Suite::new(document).cases(0).api_key("key", "right").token("good");
        let report = suite.run(&serve(answer).await.url).await.unwrap();
        report
            .failures
            .iter()
            .map(|failure| failure.rule.to_owned())
            .filter(|rule| rule == "valid-refused")
            .collect::<BTreeSet<_>>()
    };
    let by_key = told_of(|asked| asked.target.contains("key=right")).await;
    assert_eq!(by_key, BTreeSet::from(["valid-refused".to_owned()]));
}

/// A file that must be of a kind, and a list that is written in one.
const ENCODED: &str = "
openapi: 3.1.0
info: {title: Images, version: '1'}
paths:
  /images:
    post:
      operationId: addImage
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema:
              type: object
              required: [image]
              properties: {image: {type: string, format: binary}, tags: {type: array, items: {type: string, minLength: 1}}}
            encoding: {image: {contentType: 'image/*, text/plain'}}
      responses: {'201': {description: Added.}, '400': {description: No.}, '415': {description: No.}}
  /tags:
    post:
      operationId: addTags
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema: {type: object, required: [tags], properties: {tags: {type: array, minItems: 1, items: {type: integer}}}}
            encoding: {tags: {explode: false}}
      responses: {'201': {description: Added.}, '400': {description: No.}, '415': {description: No.}}
";

#[tokio::test]
async fn a_form_is_written_as_its_encoding_says_or_not_sent() {
    let answer = |asked: &Asked| {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        let right = match asked.target.as_str() {
            "/images" => body.contains("name=\"image\"") && body.contains("Content-Type: image/png"),
            _ => body.matches("tags=").count() == 1,
        };
        told(if right { 201 } else { 400 }, "")
    };
    let report = run(ENCODED, answer).await;
    let refused: Vec<_> = report.failures.iter().filter(|failure| failure.rule == "valid-refused").collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[tokio::test]
async fn what_http_cannot_send_is_left_out_and_named() {
    let document = one("get", "{'200': {description: Some.}, '400': {description: No.}}").replace(
        "      responses",
        "      parameters: [{name: X Odd, in: header, schema: {type: string}}, {name: n, in: query, schema: {type: integer}}]\n      responses",
    );
    let report = run(&document, |_| told(200, "")).await;
    assert!(!report.failures.iter().any(|failure| failure.rule == "no-answer"), "{:#?}", report.failures);
    let uncovered: Vec<&str> = report.operations[0].uncovered.iter().map(|gap| gap.reason.as_str()).collect();
    assert_eq!(uncovered, ["a name that HTTP does not allow"]);
    let document = one("get", "{'200': {description: Some.}}")
        .replace("  /one:", "  /one:\n    get: {responses: {'200': {description: Some.}}}\n  two:");
    let report = run(&document, |_| told(200, "")).await;
    let two = report.operations.iter().find(|operation| operation.id == "GET two").unwrap();
    assert!(two.untested.as_ref().unwrap().contains("does not begin with a slash"));
}

/// One operation with a limit of requests.
const LIMITED: &str = "openapi: 3.1.0\ninfo: {title: One, version: '1'}\npaths:\n  /one:\n    get:\n      \
                       parameters: [{name: n, in: query, schema: {type: integer, minimum: 0}}]\n      \
                       responses: {'200': {description: Some.}, '400': {description: No.}, '429': {description: Later.}}\n";

/// Too many requests says nothing of the one that it answers, and some servers do not say when to come back.
#[tokio::test]
async fn a_limit_of_requests_is_no_refusal_of_this_one() {
    let asked = AtomicUsize::new(0);
    let answer = move |request: &Asked| {
        if asked.fetch_add(1, Ordering::Relaxed) % 8 > 3 {
            return told(429, "");
        }
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let mut given = query.split('&').filter_map(|pair| pair.strip_prefix("n="));
        let is_right = given.all(|n| n.parse::<f64>().is_ok_and(|n| n >= 0.0 && n.fract() == 0.0));
        told(if is_right { 200 } else { 400 }, "")
    };
    assert_eq!(broken(LIMITED, answer).await, BTreeSet::new());
}

#[tokio::test]
async fn what_is_answered_with_too_many_requests_is_not_counted_as_tested() {
    let asked = AtomicUsize::new(0);
    let answer = move |_: &Asked| told(if asked.fetch_add(1, Ordering::Relaxed) < 3 { 200 } else { 429 }, "");
    let report = run(LIMITED, answer).await;
    let (all, met) = report.coverage();
    assert!(met < all && !report.is_covered(), "{met} of {all}: {report}");
}

#[tokio::test]
async fn half_a_surrogate_pair_is_json_though_nobody_can_read_it() {
    let document = one("get", "{'200': {description: Some., content: {application/json: {schema: {type: string}}}}}");
    for half in [r#""\ud800""#, r#""\uD800""#] {
        assert_eq!(broken(&document, move |_| with(200, JSON, half)).await, BTreeSet::new());
    }
    for no_json in [r#""\ud800"#, r#""\ud8""#, "x"] {
        assert_eq!(broken(&document, move |_| with(200, JSON, no_json)).await, BTreeSet::from(["response-body".to_owned()]));
    }
}

#[tokio::test]
async fn where_nothing_is_there_and_the_url_lacks_the_base_path_the_run_tells_nothing_but_that() {
    let document = one("get", "{'200': {description: Some.}, '404': {description: None.}}") + "servers: [{url: /v2}]\n";
    let answer = |asked: &Asked| told(if asked.target.starts_with("/v2/") { 200 } else { 404 }, "");
    let server = serve(answer).await;
    let suite = || Suite::new(Document::parse("answers.yaml", document.clone()).unwrap()).cases(5);
    let error = suite().run(&server.url).await.unwrap_err().to_string();
    assert!(error.ends_with(&format!("is the URL {}/v2?", server.url)), "{error}");
    assert!(suite().run(&format!("{}/v2", server.url)).await.unwrap().operations[0].succeeded());
}

#[tokio::test]
async fn a_location_is_resolved_against_the_url_of_the_request() {
    let document = r"openapi: 3.1.0
info: { title: Pets, version: '1' }
servers: [{ url: /v2 }]
paths:
  /pets:
    post: { responses: { '201': { description: Made., headers: { Location: { schema: { type: string } } } } } }
  /pets/{id}:
    get: { parameters: [{ name: id, in: path, required: true, schema: { type: integer } }], responses: { '200': { description: One. }, '404': { description: None. } } }
";
    let broken = async |location: &'static str| {
        let answer = move |asked: &Asked| match (asked.method.as_str(), asked.target.as_str()) {
            ("POST", "/v2/pets") => with(201, &format!("location: {location}\r\n"), ""),
            ("GET", "/v2/pets/7") => told(200, ""),
            ("GET" | "POST", _) => told(404, ""),
            _ => told(405, ""),
        };
        let server = serve(answer).await;
        let suite = Suite::new(Document::parse("pets.yaml", document).unwrap()).cases(5).lenient(true);
        let failures = suite.run(&format!("{}/v2", server.url)).await.unwrap().failures;
        let at_location = failures.into_iter().filter(|failure| failure.rule == "location");
        at_location.map(|failure| failure.detail).collect::<Vec<_>>()
    };
    for right in ["/v2/pets/7", "pets/7"] {
        assert_eq!(broken(right).await, [""; 0]);
    }
    // The prefix is forgotten.
    let failures = broken("/pets/7").await;
    assert!(matches!(failures.as_slice(), [detail] if detail.ends_with("/pets/7 answers 404")), "{failures:?}");
}

#[tokio::test]
async fn lines_of_one_header_are_a_list_and_cookies_are_not() {
    let document = one(
        "get",
        "{'200': {description: Some., headers: {X-Tags: {required: true, schema: {type: array, minItems: 2, items: {type: string}}}, \
         Set-Cookie: {schema: {type: string, pattern: '^session='}}}}}",
    );
    let two = "x-tags: a\r\nx-tags: b\r\nset-cookie: theme=dark\r\nset-cookie: session=1\r\n";
    assert_eq!(broken(&document, move |_| with(200, two, "")).await, BTreeSet::new());
    let wrong = "x-tags: a\r\nset-cookie: theme=dark\r\n";
    let failures = run(&document, move |_| with(200, wrong, "")).await.failures;
    assert_eq!(failures.iter().filter(|failure| failure.rule == "response-header").count(), 2);
}

#[tokio::test]
async fn who_asks_for_a_part_of_an_answer_gets_that_part() {
    let document = |parameter: &str| {
        format!(
            "openapi: 3.1.0
info: {{title: One, version: '1'}}
paths:
  /one:
    post:
      parameters: [{{ name: {parameter}, in: query, required: false, schema: {{ type: string }} }}]
      requestBody: {{ required: true, content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/One' }} }} }} }}
      responses: {{ '200': {{ description: It., content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/One' }} }} }} }} }}
components: {{ schemas: {{ One: {{ type: object, required: [text, more], properties: {{ text: {{ type: string }}, more: {{ type: [string, 'null'] }} }} }} }} }}
"
        )
    };
    let partial = |asked: &Asked| {
        let mut body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        if !body["text"].is_string() || !(body["more"].is_string() || body["more"].is_null()) {
            return told(400, "");
        }
        // What is null is given a value, and what is not asked for is not shown.
        if body["more"].is_null() {
            body["more"] = "by default".into();
        }
        if asked.target.contains('?') {
            body["text"] = "".into();
        }
        with(200, JSON, &body.to_string())
    };
    assert!(!broken(&document("update_mask"), partial).await.contains("echo"));
    assert!(broken(&document("colour"), partial).await.contains("echo"));
}

#[tokio::test]
async fn who_is_sent_elsewhere_is_not_served() {
    let document = "openapi: 3.1.0
info: {title: One, version: '1'}
paths:
  /one:
    get:
      parameters: [{ name: count, in: query, required: true, schema: { type: integer } }]
      responses: { '200': { description: It. }, '302': { description: To the login. }, '400': { description: No. } }
";
    let careful = |asked: &Asked| match asked.target.split_once("count=") {
        Some((_, count)) if count.parse::<i64>().is_ok() => told(200, ""),
        _ => with(302, "location: /login\r\n", ""),
    };
    assert!(!broken(document, careful).await.contains("invalid-accepted"));
    assert!(broken(document, |_| told(200, "")).await.contains("invalid-accepted"));
}

#[tokio::test]
async fn a_body_that_openapi_3_0_has_servers_ignore_may_be_ignored() {
    let document = |version: &str| {
        format!(
            "openapi: {version}
info: {{title: One, version: '1'}}
paths:
  /one:
    get:
      requestBody: {{ content: {{ application/json: {{ schema: {{ type: object, properties: {{ text: {{ type: string }} }} }} }} }} }}
      responses: {{ '200': {{ description: It. }}, '400': {{ description: No. }} }}
"
        )
    };
    assert_eq!(broken(&document("3.0.3"), |_| told(200, "")).await, BTreeSet::new());
    assert!(broken(&document("3.1.0"), |_| told(200, "")).await.contains("invalid-accepted"));
}

#[tokio::test]
async fn a_number_may_be_larger_than_a_double() {
    let document = one("get", "{'200': {description: Some., content: {application/json: {}}}}");
    assert_eq!(broken(&document, |_| with(200, JSON, r#"{"v":1e400}"#)).await, BTreeSet::new());
    assert!(broken(&document, |_| with(200, JSON, r#"{"v":}"#)).await.contains("response-body"));
}

#[tokio::test]
async fn an_id_that_was_deleted_may_be_given_again() {
    let document = "openapi: 3.1.0
info: {title: Notes, version: '1'}
paths:
  /notes:
    post: { responses: { '201': { description: Made., content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: integer } } } } } } } }
  /notes/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get: { responses: { '200': { description: It. }, '400': { description: No. }, '404': { description: None. } } }
    delete: { responses: { '204': { description: Gone. }, '400': { description: No. }, '404': { description: None. } } }
";
    let notes = |is_careless: bool| {
        let there = std::sync::Mutex::new(BTreeSet::<i64>::new());
        move |asked: &Asked| {
            let mut there = there.lock().unwrap();
            let named = asked.target.strip_prefix("/notes/").map(str::parse::<i64>);
            match (asked.method.as_str(), named) {
                ("POST", None) if asked.target == "/notes" => {
                    let free = (1..).find(|id| !there.contains(id)).unwrap();
                    let id = if is_careless { 1 } else { free };
                    there.insert(id);
                    with(201, JSON, &format!(r#"{{"id":{id}}}"#))
                }
                ("GET", Some(Ok(id))) => told(if there.contains(&id) { 200 } else { 404 }, ""),
                ("DELETE", Some(Ok(id))) => told(if there.remove(&id) { 204 } else { 404 }, ""),
                ("GET" | "DELETE", Some(Err(_))) => told(400, ""),
                _ => told(405, ""),
            }
        }
    };
    assert!(!broken(document, notes(false)).await.contains("duplicate-id"));
    assert!(broken(document, notes(true)).await.contains("duplicate-id"));
}

#[tokio::test]
async fn dialects_differ_about_what_ends_a_line() {
    let document = "openapi: 3.1.0
info: {title: One, version: '1'}
paths:
  /one:
    post:
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [text], properties: { text: { type: string, pattern: '^.{2,6}$' } } } } } }
      responses: { '204': { description: Taken. }, '400': { description: No. }, '415': { description: No. } }
";
    let fits = |asked: &Asked, length: std::ops::RangeInclusive<usize>| {
        let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let text = body["text"].as_str().filter(|text| length.contains(&text.chars().count()) && !text.contains('\n'));
        told(if text.is_some() { 204 } else { 400 }, "")
    };
    assert!(!broken(document, move |asked| fits(asked, 2..=6)).await.contains("invalid-accepted"));
    assert!(broken(document, move |asked| fits(asked, 2..=7)).await.contains("invalid-accepted"));
}
