//! The command: what it prints, what it writes, and how it ends.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use faulty_server::{Edit, Effect, Fault, Faulty, Group};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
};

/// Documents that ask for no token, with a body and without.
const NOTES: &str = r"openapi: 3.1.0
info: { title: Notes, version: 1.0.0 }
paths:
  /notes:
    post:
      operationId: addNote
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [title]
              additionalProperties: false
              properties:
                title: { type: string, minLength: 3 }
                stars: { type: integer, minimum: 0, maximum: 5 }
      responses:
        '201': { description: Added. }
        '400': { description: Not valid. }
        '415': { description: Not JSON. }
";

const SEARCH: &str = r"openapi: 3.1.0
info: { title: Search, version: 1.0.0 }
paths:
  /notes:
    get:
      operationId: findNotes
      parameters:
        - { name: words, in: query, required: true, schema: { type: string, minLength: 3 } }
        - { name: stars, in: query, schema: { type: integer, minimum: 0, maximum: 5 } }
      responses:
        '200': { description: Found. }
        '400': { description: Not valid. }
  /authors:
    get:
      operationId: listAuthors
      responses:
        '200': { description: All. }
";

const WORDS: &str = "/paths/~1notes/get/parameters/0/schema/minLength";

const TITLE: &str = "/paths/~1notes/post/requestBody/content/application~1json/schema/properties/title/minLength";

/// A document that asks for one.
const USERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml");

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_saphyr::from_str(&fs::read_to_string(USERS).unwrap()).unwrap());

/// Every case that breaks the body of a note.
const FAULTS: &str = "addNote:negative:/paths/~1notes/post/requestBody/content";

/// A server does not know this rule.
fn without(rule: &'static str) -> Option<Fault> {
    Some(Fault { name: "without", group: Group::Validation, at: rule, effect: Effect::Schema(vec![Edit::Remove(rule)]) })
}

/// How a command ended.
struct Ended {
    status: i32,
    out: String,
    error: String,
}

/// A folder to run the command in, with `notes.yaml` and `search.yaml`.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("notes.yaml"), NOTES).unwrap();
        fs::write(folder.path().join("search.yaml"), SEARCH).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Runs contract-tests.
    async fn run<'a>(&self, flags: impl IntoIterator<Item = &'a str>) -> Ended {
        self.ended(Command::new(env!("CARGO_BIN_EXE_contract-tests")).args(flags).env_remove("CONTRACT_TOKEN")).await
    }

    async fn ended(&self, command: &mut Command) -> Ended {
        let output = command.current_dir(self.0.path()).output().await.unwrap();
        let [out, error] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        Ended { status: output.status.code().unwrap(), out, error }
    }

    /// Runs a line of a shell in which `contract-tests` is the command.
    async fn shell(&self, line: &str) -> Ended {
        let bin = Path::new(env!("CARGO_BIN_EXE_contract-tests")).parent().unwrap().display().to_string();
        let path = format!("{bin}:{}", std::env::var("PATH").unwrap());
        self.ended(Command::new("sh").args(["-c", line]).env("PATH", path).env("TOKEN", "<token>")).await
    }
}

async fn serve(document: &str, fault: Option<Fault>) -> Faulty {
    Faulty::start(&serde_saphyr::from_str(document).unwrap(), fault).await.unwrap()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace()
}

/// Without what differs from run to run, or with each change of what is generated.
fn stable(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, stable) in [
        (r"127\.0\.0\.1:\d+", "<address>"),
        (r"[\d,]+ cases, [\d,]+ requests, [\d.]+ s, [\d,]+ cases a second", "<cases>, <requests>, <time>, <rate>"),
        (r"(boundary|negative|random|protocol|state) [\d,]+", "$1 <n>"),
        (r"\d+ (failures|cases)\)", "<n> $1)"),
        (r"\(os error \d+\)", "(os error)"),
    ] {
        text = regex::Regex::new(pattern).unwrap().replace_all(&text, stable).into_owned();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_promises_end_with_0_and_a_short_report() {
    let (server, folder) = (serve(SEARCH, None).await, Folder::new());
    let ended = folder.run([server.url.as_str(), "--spec", "search.yaml", "--seed", "1", "--cases", "50"]).await;
    insta::assert_snapshot!(stable(&ended.out));
    assert_eq!((ended.status, ended.error.as_str()), (0, ""));
    assert!(!ended.out.contains('\u{1b}'));
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 2, "nothing is written that was not asked for");

    let ended = folder.run([server.url.as_str(), "--spec", "search.yaml", "--seed", "1", "--cases", "50", "-v"]).await;
    assert!(ended.out.contains("place") && ended.out.contains("minLength"), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_promise_ends_with_1_and_says_how_to_see_it_again() {
    let (server, folder) = (serve(NOTES, without(TITLE)).await, Folder::new());
    let flags =
        ["--spec", "notes.yaml", "--seed", "1", "--cases", "50", "--concurrency", "1", "--only", FAULTS, "--json", "report.json"];
    let ended = folder.run([server.url.as_str()].into_iter().chain(flags)).await;
    insta::assert_snapshot!(stable(&ended.out));
    assert_eq!((ended.status, ended.error.as_str()), (1, ""));
    assert!(!ended.out.contains('\u{1b}'));

    let first = &folder.json("report.json")["failures"][0];
    let rerun = first["rerun"].as_str().unwrap();
    assert!(ended.out.contains(rerun), "the report for people has the same command");
    let again = folder.shell(&format!("{rerun} --json again.json")).await;
    assert_eq!(again.status, 1, "{}", again.error);
    let again = folder.json("again.json");
    assert_eq!([&again["failures"][0]["what"], &again["failures"][0]["request"]], [&first["what"], &first["request"]]);
    assert_eq!(again["cases"], json!(1));

    // In the place of curl, what it would be given.
    let curl = folder.shell(&format!("curl() {{ printf '%s|' \"$@\"; }}; {}", first["curl"].as_str().unwrap())).await;
    assert!(curl.out.starts_with(&format!("-i|-X|POST|{}/notes|", server.url)), "{}", curl.out);
    assert!(curl.out.contains(&format!("|--data-binary|{}|", first["request"].as_str().unwrap())), "{}", curl.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_take_place_ends_with_2_and_a_hint() {
    let (server, folder) = (serve(NOTES, None).await, Folder::new());
    let mut users = DOCUMENT.clone(); // With one operation: what is said does not depend on which others there are.
    users["paths"] = json!({ "/users": { "get": users["paths"]["/users"]["get"] } });
    fs::write(folder.path("users.yaml"), users.to_string()).unwrap();
    fs::write(folder.path("text.yaml"), "just: a text\n").unwrap();
    fs::write(folder.path("empty.yaml"), "{openapi: 3.1.0, info: {title: x, version: x}, paths: {/x: {}}}\n").unwrap();
    let url = server.url.as_str();
    let mut told = String::new();
    for (what, flags) in [
        ("unreachable", "http://127.0.0.1:1 --spec notes.yaml"),
        ("not a URL", "localhost --spec notes.yaml"),
        ("no file", "URL"),
        ("not OpenAPI", "URL --spec text.yaml"),
        ("nothing to test", "URL --spec empty.yaml"),
        ("no token", "URL --spec users.yaml"),
        ("not a token", "URL --spec users.yaml --token Βearer"),
        ("no signing key", "URL --spec users.yaml --signing-key none.pem --kid k --issuer i --audience a"),
        ("not a signing key", "URL --spec users.yaml --signing-key users.yaml --kid k --issuer i --audience a"),
        ("no such case", "URL --spec notes.yaml --only nothing"),
        ("a file that cannot be written", "URL --spec notes.yaml --cases 1 --json none/report.json"),
        ("a file that has no failures", "URL --spec notes.yaml --cases 1 --failures notes.yaml"),
    ] {
        let ended = folder.run(words(flags).map(|word| if word == "URL" { url } else { word })).await;
        assert_eq!(ended.status, 2, "{what}: {}", ended.error);
        told += &format!("{what}\n{}\n", ended.error);
    }
    insta::assert_snapshot!(stable(&told));
    for contradiction in [
        "URL --token x --signing-key k.pem --kid k --issuer i --audience a",
        "URL --kid k",
        "URL --signing-key k.pem --kid k",
        "URL --timeout 5",
        "URL --concurrency 0",
        "",
    ] {
        let ended = folder.run(words(contradiction).map(|word| if word == "URL" { url } else { word })).await;
        assert_eq!((ended.status, ended.out.as_str()), (2, ""), "{contradiction}");
        assert!(ended.error.starts_with("error: ") && ended.error.contains("--help"), "{contradiction}: {}", ended.error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_command_with_an_apostrophe_reruns_the_case() {
    let document = NOTES.replace("title:", "o'clock:").replace("[title]", "[o'clock]");
    const RULE: &str = "/paths/~1notes/post/requestBody/content/application~1json/schema/properties/o'clock/minLength";
    let (server, folder) = (serve(&document, without(RULE)).await, Folder::new());
    fs::write(folder.path("notes.yaml"), &document).unwrap();
    let flags = ["--spec", "notes.yaml", "--seed", "1", "--cases", "0", "--only", FAULTS, "--json", "report.json"];
    assert_eq!(folder.run([server.url.as_str()].into_iter().chain(flags)).await.status, 1);
    let first = folder.json("report.json")["failures"][0].clone();
    assert!(first["case"].as_str().unwrap().contains("o'clock"), "{first:#}");
    let again = folder.shell(&format!("{} --json again.json", first["rerun"].as_str().unwrap())).await;
    assert_eq!(again.status, 1, "{}", again.error);
    assert_eq!(folder.json("again.json")["failures"][0]["case"], first["case"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_failures_at_the_same_time_are_counted_together() {
    let (server, folder) = (serve(NOTES, without(TITLE)).await, Folder::new());
    let mut counts = Vec::new();
    for concurrency in ["1", "8"] {
        let flags =
            ["--spec", "notes.yaml", "--seed", "1", "--cases", "200", "--concurrency", concurrency, "--json", "report.json"];
        assert_eq!(folder.run([server.url.as_str()].into_iter().chain(flags)).await.status, 1);
        counts.push(folder.json("report.json")["failures"][0]["count"].clone());
    }
    assert_eq!(counts[0], counts[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_agree_with_each_other() {
    let (server, folder) = (serve(NOTES, without(TITLE)).await, Folder::new());
    let flags = "--spec notes.yaml --junit report.xml --json report.json --only";
    let ended = folder.run([server.url.as_str()].into_iter().chain(words(flags)).chain([FAULTS])).await;
    assert_eq!(ended.status, 1, "{}", ended.error);

    let json = folder.json("report.json");
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let parts = ["", "/coverage", "/operations/0", "/operations/0/constraints/0", "/failures/0"];
    let fields: Vec<String> = parts.iter().map(|part| format!("{part}: {}", keys(json.pointer(part).unwrap()))).collect();
    insta::assert_snapshot!(fields.join("\n"));
    assert_eq!(json["passed"], json!(false));
    assert!(ended.out.contains(&format!("seed {}.", json["seed"])), "{}", ended.out);

    let junit = quick_junit::Report::deserialize_from_str(&folder.read("report.xml")).unwrap();
    let constraints = usize::try_from(json["coverage"]["constraints"].as_u64().unwrap()).unwrap();
    let [suite] = junit.test_suites.as_slice() else { panic!("a suite for the operation") };
    assert_eq!((suite.name.as_str(), suite.tests, junit.tests), ("addNote", constraints + 5, constraints + 5));
    let failed = suite.test_cases.iter().filter_map(|case| match &case.status {
        quick_junit::TestCaseStatus::NonSuccess { message, description, .. } => Some((case, message, description)),
        _ => None,
    });
    let failed: Vec<_> = failed.collect();
    assert_eq!((failed.len(), junit.failures, suite.failures), (1, 1, 1));
    let (case, message, description) = &failed[0];
    assert_eq!(case.name.as_str(), format!("minLength of /title ({TITLE})"));
    assert_eq!(message.as_ref().unwrap().as_str(), json["failures"][0]["what"].as_str().unwrap());
    for line in description.as_ref().unwrap().lines().skip(1) {
        assert!(ended.out.contains(line), "{line} is not in the report for people");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_seed_each_run_has_another() {
    let (server, folder) = (serve(NOTES, None).await, Folder::new());
    let mut seeds = Vec::new();
    for _ in 0..2 {
        folder.run([server.url.as_str()].into_iter().chain(words("--spec notes.yaml --cases 1 --json report.json"))).await;
        seeds.push(folder.json("report.json")["seed"].as_u64().unwrap());
    }
    assert_ne!(seeds[0], seeds[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_cases_are_kept_on_request_until_they_are_mended() {
    let folder = Folder::new();
    let flags = "--spec search.yaml --seed 1 --cases 0 --failures kept.json --json report.json";
    let server = serve(SEARCH, without(WORDS)).await;
    for _ in 0..2 {
        let ended = folder.run([server.url.as_str()].into_iter().chain(words(flags))).await;
        assert_eq!(ended.status, 1, "{}", ended.error);
        assert!(folder.path("kept.json").exists());
    }
    let report = folder.json("report.json");
    let first = &report["failures"][0];
    assert_eq!(first["case"], json!("findNotes:saved:0"), "the second run tries it first");
    assert_eq!(folder.shell(first["rerun"].as_str().unwrap()).await.status, 1);

    let server = serve(SEARCH, None).await;
    let ended = folder.run([server.url.as_str()].into_iter().chain(words(flags))).await;
    assert_eq!(ended.status, 0, "{}", ended.out);
    assert!(!folder.path("kept.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_signing_key_bad_tokens_are_tried() {
    let (server, folder) = (Faulty::start(&DOCUMENT, None).await.unwrap(), Folder::new());
    let (pem, kid, issuer, audience) = Faulty::signing_key();
    fs::write(folder.path("key.pem"), pem).unwrap();
    let flags = ["--signing-key", "key.pem", "--kid", &kid, "--issuer", &issuer, "--audience", &audience];
    let only = ["--spec", USERS, "--only", "createUser:authentication:wrong-", "--json", "report.json"];
    // The environment may have a token all the same.
    let ended = folder
        .ended(
            Command::new(env!("CARGO_BIN_EXE_contract-tests"))
                .arg(&server.url)
                .args(flags)
                .args(only)
                .env("CONTRACT_TOKEN", "another"),
        )
        .await;
    assert_eq!(ended.status, 0, "{}{}", ended.out, ended.error);
    assert_eq!(folder.json("report.json")["cases"], json!(2), "issuer and audience");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_never_shown() {
    let folder = Folder::new();
    let url = echo().await;
    let token = Faulty::token(&json!({"scope": "write:users"}));
    let flags = ["--spec", USERS, "--cases", "5", "--junit", "report.xml", "--json", "report.json", "--failures", "kept.json"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_contract-tests"));
    let ended = folder.ended(command.arg(&url).args(flags).env("CONTRACT_TOKEN", &token)).await;
    assert_eq!(ended.status, 1, "{}", ended.error);
    let files = ["report.xml", "report.json", "kept.json"].map(|name| folder.read(name));
    for (name, text) in
        ["stdout", "stderr", "JUnit", "JSON", "kept"].iter().zip([&ended.out, &ended.error].into_iter().chain(&files))
    {
        let (begin, end) = token.split_at(token.len() / 2);
        assert!(!text.contains(begin) && !text.contains(&end[1..]), "{name}: {text}");
    }
    assert!(files[1].contains("you sent Bearer $TOKEN"), "the server's answer is shown but for the token");

    let help = folder
        .ended(Command::new(env!("CARGO_BIN_EXE_contract-tests")).args(["run", "--help"]).env("CONTRACT_TOKEN", &token))
        .await;
    assert!(help.out.contains("CONTRACT_TOKEN") && !help.out.contains(&token), "{}", help.out);
    let wrong = folder.run([url.as_str(), "--spec", USERS, "--token", "secret ", "--kid", "k"]).await;
    assert!(wrong.status == 2 && !wrong.error.contains("secret"), "{}", wrong.error);
}

/// The schema of the JSON report, as it is published.
const SCHEMA: &str = include_str!("../../docs/report.schema.json");

/// Closes each object of a schema that lists its properties, so that a property which nobody described is found.
fn close(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut()
        && object.contains_key("properties")
        && object.get("type") == Some(&json!("object"))
    {
        object.entry("additionalProperties").or_insert(json!(false));
    }
    match schema {
        Value::Object(object) => object.values_mut().for_each(close),
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_schema_describes_each_field_of_a_report() {
    let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    close(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let folder = Folder::new();
    let (kept, broken) = (serve(SEARCH, None).await, serve(NOTES, without(TITLE)).await);
    for (server, flags) in [
        (&kept, "--spec search.yaml --cases 5"),
        (&kept, "--spec search.yaml --max-time 1ms"),
        (&broken, "--spec notes.yaml --cases 5"),
    ] {
        folder.run([server.url.as_str(), "--json", "report.json"].into_iter().chain(words(flags))).await;
        let report = folder.json("report.json");
        let errors: Vec<String> =
            validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut other = folder.json("report.json");
    other["failures"][0]["undescribed"] = json!(1);
    assert!(!validator.is_valid(&other), "what is not described is noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_exchange_is_kept_on_request_without_its_secrets() {
    let (folder, url) = (Folder::new(), echo().await);
    let token = Faulty::token(&json!({"scope": "write:users"}));
    let mut command = Command::new(env!("CARGO_BIN_EXE_contract-tests"));
    let flags = ["--spec", USERS, "--cases", "2", "--har", "all.har", "--json", "report.json", "--exclude", "createUser"];
    let ended = folder
        .ended(command.arg(&url).args(flags).args(["--header", "x-tenant: very-secret"]).env("CONTRACT_TOKEN", &token))
        .await;
    assert_eq!(ended.status, 1, "{}", ended.error);
    let text = folder.read("all.har");
    let (begin, end) = token.split_at(token.len() / 2);
    assert!(!text.contains(begin) && !text.contains(&end[1..]) && !text.contains("very-secret"));
    let har: Value = serde_json::from_str(&text).unwrap();
    let entries = har["log"]["entries"].as_array().unwrap();
    let sent = usize::try_from(folder.json("report.json")["requests"].as_u64().unwrap()).unwrap();
    assert!(har["log"]["version"] == "1.2" && entries.len() >= sent && sent > 10, "{} {sent}", entries.len());
    let answered = entries.iter().find(|entry| entry["response"]["content"]["text"] == json!("you sent Bearer $TOKEN")).unwrap();
    assert_eq!((&answered["response"]["status"], &answered["request"]["httpVersion"]), (&json!(200), &json!("HTTP/1.1")));
    let wrong = folder.run([url.as_str(), "--spec", "search.yaml", "--har", "none/all.har"]).await;
    assert!(wrong.status == 2 && wrong.error.contains("none/all.har") && wrong.error.contains("--har"), "{}", wrong.error);
}

/// A document in which an id is needed that nobody tells.
const SHELVES: &str = r"openapi: 3.1.0
info: { title: Shelves, version: 1.0.0 }
paths:
  /shelves/{shelf}:
    parameters: [{ name: shelf, in: path, required: true, schema: { type: string, maxLength: 8 } }]
    get:
      operationId: seeShelf
      responses: { '200': { description: It. }, '400': { description: Not valid. } }
    delete:
      operationId: burnShelf
      responses: { '204': { description: Burnt. }, '400': { description: Not valid. } }
";

/// The paths of the requests of a method that an archive has.
fn asked(har: &Value, method: &str) -> Vec<String> {
    let entries = har["log"]["entries"].as_array().unwrap().iter().map(|entry| &entry["request"]);
    let path = |request: &Value| request["url"].as_str().unwrap().splitn(4, '/').last().unwrap().to_owned();
    entries.filter(|request| request["method"] == method).map(path).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_nobody_tells_come_from_the_command_line_or_a_file() {
    let (server, folder) = (serve(SHELVES, None).await, Folder::new());
    fs::write(folder.path("shelves.yaml"), SHELVES).unwrap();
    fs::write(folder.path("seed.yaml"), "shelf: [north, 42]\n").unwrap();
    let (url, flags) = (server.url.as_str(), "--spec shelves.yaml --cases 5 --har all.har");
    folder.run([url, "--set", "shelf=south"].into_iter().chain(words(flags))).await;
    let seen = asked(&folder.json("all.har"), "GET");
    assert!(seen.contains(&"shelves/south".to_owned()), "{seen:?}");
    folder.run([url, "--seed-data", "seed.yaml"].into_iter().chain(words(flags))).await;
    let har = folder.json("all.har");
    let seen = asked(&har, "GET");
    assert!(["shelves/north", "shelves/42"].iter().all(|path| seen.iter().any(|seen| seen == path)), "{seen:?}");
    assert!(!asked(&har, "DELETE").iter().any(|path| path == "shelves/north"), "what is given is not deleted");
    for (text, said) in [("shelf: {a: b}", "shelf has a value"), ("- shelf", "seed.yaml"), ("shelf: []", "shelf has a value")] {
        fs::write(folder.path("seed.yaml"), text).unwrap();
        let ended = folder.run([url, "--seed-data", "seed.yaml", "--spec", "shelves.yaml"]).await;
        assert!(ended.status == 2 && ended.error.contains(said) && ended.error.contains("hint: "), "{text}: {}", ended.error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_excluded_operation_and_what_changes_something_are_left_alone() {
    let (server, folder) = (serve(SHELVES, None).await, Folder::new());
    fs::write(folder.path("shelves.yaml"), SHELVES).unwrap();
    for flags in ["--exclude burnShelf", "--read-only"] {
        let rest = "--spec shelves.yaml --cases 5 --har all.har --json report.json";
        let ended = folder.run([server.url.as_str()].into_iter().chain(words(flags)).chain(words(rest))).await;
        assert!(ended.error.is_empty(), "{}", ended.error);
        let deleted = asked(&folder.json("all.har"), "DELETE");
        assert!(deleted.iter().all(|path| path.contains("undocumented")), "{flags}: {deleted:?}");
        let untested: Vec<Value> = folder.json("report.json")["operations"].as_array().unwrap().clone();
        let why = untested.iter().find(|operation| operation["id"] == "burnShelf").unwrap()["untested"].clone();
        assert!(why.is_string(), "{flags}: {why}");
    }
    let ended = folder.run([server.url.as_str(), "--spec", "shelves.yaml", "--exclude", "nothing"]).await;
    assert!(ended.status == 2 && ended.error.contains("no operation is called"), "{}", ended.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_needs_an_id_is_told_and_nothing_is_sent() {
    let folder = Folder::new();
    fs::write(folder.path("shelves.yaml"), SHELVES).unwrap();
    let ended = folder.run(["http://127.0.0.1:1", "--spec", "shelves.yaml", "--explain-state"]).await;
    assert_eq!((ended.status, ended.error.as_str()), (0, ""));
    assert!(ended.out.contains("seeShelf (GET /shelves/{shelf}) needs shelf\n  from nobody: --set"), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_covered_or_wrong_in_the_document_may_end_a_run() {
    let folder = Folder::new();
    let gap = NOTES.replace("application/json:", "application/xml: { schema: { type: string } }\n          application/json:");
    fs::write(folder.path("gap.yaml"), &gap).unwrap();
    fs::write(folder.path("wrong.yaml"), NOTES.replace("minLength: 3", "minLength: three")).unwrap();
    let server = serve(NOTES, None).await;
    let url = server.url.as_str();
    let status = async |flags: &str| folder.run([url, "--cases", "5"].into_iter().chain(words(flags))).await;
    assert_eq!(status("--spec notes.yaml --require-coverage").await.status, 0);
    assert_eq!(status("--spec gap.yaml").await.status, 0);
    assert_eq!(status("--spec gap.yaml --require-coverage").await.status, 1);
    assert_ne!(status("--spec wrong.yaml").await.status, 2);
    let strict = status("--spec wrong.yaml --strict-document").await;
    assert!(strict.status == 2 && strict.error.contains("wrong.yaml:") && strict.error.contains("minLength"), "{}", strict.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reports_for_browsers_and_code_scanning_have_the_findings() {
    let (server, folder) = (serve(NOTES, without(TITLE)).await, Folder::new());
    let flags = "--spec notes.yaml --cases 5 --html report.html --sarif report.sarif --json report.json";
    assert_eq!(folder.run([server.url.as_str()].into_iter().chain(words(flags))).await.status, 1);
    let first = folder.json("report.json")["failures"][0].clone();
    let page = folder.read("report.html");
    assert!(page.starts_with("<!doctype html>") && page.contains(first["what"].as_str().unwrap()), "{page}");
    let sarif = folder.json("report.sarif");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((&sarif["version"], &result["ruleId"]), (&json!("2.1.0"), &first["rule"]));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!((&place["artifactLocation"]["uri"], &place["region"]["startLine"]), (&json!("notes.yaml"), &first["line"]));
    for (flag, name) in [("--html", "none/report.html"), ("--sarif", "none/report.sarif")] {
        let ended = folder.run([server.url.as_str(), "--spec", "notes.yaml", "--cases", "1", flag, name]).await;
        assert!(ended.status == 2 && ended.error.contains(name) && ended.error.contains(flag), "{}", ended.error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_of_another_caller_that_is_wrong_is_not_repeated() {
    let folder = Folder::new();
    for wrong in ["my-secret", "basic=my-secret", "api-key=my-secret", "header=my-secret", "token="] {
        let ended = folder.run(["http://127.0.0.1:1", "--spec", "notes.yaml", "--other", wrong]).await;
        assert!(ended.status == 2 && ended.error.contains("expected token=TOKEN"), "{wrong}: {}", ended.error);
    }
    let server = serve(NOTES, None).await;
    let ended = folder.run([server.url.as_str(), "--spec", "notes.yaml", "--other", "token=x"]).await;
    assert!(ended.status == 2 && ended.error.contains("no operation takes the credentials"), "{}", ended.error);
}

/// A server that says 200 to everything, and what `Authorization` was.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = vec![0; 64 * 1024];
                let mut length = 0;
                while !bytes[..length].windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut bytes[length..]).await {
                        Ok(more) if more > 0 => length += more,
                        _ => return,
                    }
                }
                let head = String::from_utf8_lossy(&bytes[..length]).into_owned();
                let sent = head.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or_default();
                let body = format!("you sent {sent}");
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all((head + &body).as_bytes()).await;
                // Reads what is left, so that the connection is closed in order.
                while matches!(stream.read(&mut bytes).await, Ok(more) if more > 0) {}
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn fail_fast_ends_a_run_with_the_first_error_that_is_not_accepted() {
    let folder = Folder::new();
    let broken = serve(NOTES, without(TITLE)).await;
    let run = async |flags: &str| {
        let flags = format!("--spec notes.yaml --cases 50 --seed 1 --json report.json {flags}");
        let output = folder.run([broken.url.as_str()].into_iter().chain(words(&flags))).await;
        (output.status, folder.json("report.json"))
    };
    let (_, whole) = run("").await;
    let (status, first) = run("--fail-fast").await;
    assert_eq!((status, &first["stopped"]), (1, &json!("fail-fast")));
    assert!(first["requests"].as_u64() < whole["requests"].as_u64(), "{first}");
    let rules: std::collections::BTreeSet<String> =
        whole["failures"].as_array().unwrap().iter().map(|failure| failure["rule"].as_str().unwrap().to_owned()).collect();
    let allowed: String = rules.iter().map(|rule| format!(" --allow {rule}")).collect();
    let (status, all) = run(&format!("--fail-fast{allowed}")).await;
    assert_eq!((status, &all["stopped"]), (0, &json!(null)), "what is allowed ends nothing: {rules:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_judged_nothing_is_no_success() {
    let folder = Folder::new();
    let kept = serve(SEARCH, None).await;
    let ended =
        folder.run([kept.url.as_str()].into_iter().chain(words("--spec search.yaml --max-time 1ns --json report.json"))).await;
    assert_eq!(ended.status, 2, "{}", ended.out);
    assert!(ended.error.contains("before anything was judged") && ended.error.contains("hint: "), "{}", ended.error);
    assert_eq!(folder.json("report.json")["stopped"], "max-time");
}
