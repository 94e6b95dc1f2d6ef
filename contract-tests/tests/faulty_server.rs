//! The faulty server itself: without a fault it keeps the promises of `POST /users`, and every fault can be seen from outside.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod faults;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, LazyLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use faulty_server::{
    Edit, Effect, Faulty, Group,
    client::{self, Answer},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp, jwk::Jwk};
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinSet};

use self::faults::faults;

/// The rules that are not in the document, with what each promises.
const RULES: [(&str, &str); 36] = [
    // Protocol.
    ("duplicate-property", "a body with a property twice is refused"),
    ("trailing-bytes", "bytes after the JSON value are refused"),
    ("byte-order-mark", "a byte order mark is refused"),
    ("invalid-utf8", "a body that is not UTF-8 is refused"),
    ("truncated-body", "a body that ends early is refused as syntax"),
    ("invalid-json", "what is only almost JSON is refused as syntax"),
    ("empty-body", "an empty body is refused"),
    ("deep-nesting", "deep nesting is refused and breaks nothing"),
    ("content-type", "only the documented media types are accepted, in any case and with parameters"),
    ("charset", "UTF-8 may be named, and no other charset is accepted"),
    ("content-encoding", "a coded body is refused"),
    ("method", "another method than documented is answered 405"),
    ("allow", "405 names the documented methods"),
    ("head", "HEAD is answered as the document says"),
    ("options", "OPTIONS is answered as the document says"),
    ("body-limit", "an oversized body is rejected with 413 and one below the limit is not"),
    ("chunked-body", "a chunked body is as good as another"),
    // Authentication.
    ("no-token", "without a token the answer is 401"),
    ("garbage-token", "what is no token is refused"),
    ("expired", "an expired token is refused"),
    ("not-yet-valid", "a token whose time has not come is refused"),
    ("issuer", "another issuer's token is refused"),
    ("audience", "a token for another API is refused"),
    ("key-id", "a token that names an unknown key is refused"),
    ("algorithm", "the token does not choose the algorithm"),
    ("signature", "a token that was changed is refused"),
    ("embedded-key", "the token does not bring its own key"),
    ("scope", "the documented scope is needed, exactly"),
    ("scheme", "the scheme is Bearer in any case, given once"),
    ("challenge", "401 and 403 carry the challenge of RFC 6750"),
    // State.
    ("unique", "a unique value is taken once, in any case and whoever races"),
    ("conflict", "only an equal value conflicts"),
    ("refused-changes-nothing", "a refused request leaves no trace"),
    ("stored", "what was created is stored once, as it was sent"),
    ("id", "every resource has an id of its own"),
    // Responses.
    ("no-server-error", "no request is answered with 5xx"),
];

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/users/create-user.yaml");
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// A user with everything that a user can have.
fn complete(email: &str) -> Value {
    json!({
        "email": email, "firstName": "Ada", "lastName": "Lovelace", "dateOfBirth": "1990-05-15", "residencyCountry": "GR",
        "language": "en", "nationality": "CY",
        "address": {"line1": "12 Ermou", "line2": "Third floor", "city": "Athens", "postalCode": "105 63", "countryCode": "GR"},
        "taxResidency": {"countryCode": "GR", "proofType": "TIN", "value": "123456789"},
        "employmentInfo": {
            "incomeRangeId": "20k-50k", "employmentStatus": "FullTime", "sourcesOfWealth": ["Salary", "Inheritance"],
            "industry": "Education"
        }
    })
}

/// The user without what `pointer` names, or with another value there.
fn changed(mut user: Value, pointer: &str, value: Option<Value>) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = user.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Array(items), Some(value)) => items[name.parse::<usize>().unwrap()] = value,
        (Value::Object(object), Some(value)) => drop(object.insert(name.replace("~1", "/"), value)),
        (parent, _) => drop(parent.as_object_mut().unwrap().remove(name)),
    }
    user
}

/// A token with the scope of the document, but for the changes.
fn token(changes: Value) -> String {
    Faulty::token(&scoped(changes))
}

fn claims(changes: Value) -> Value {
    Faulty::claims(&scoped(changes))
}

fn scoped(mut changes: Value) -> Value {
    changes.as_object_mut().unwrap().entry("scope").or_insert(json!("write:users"));
    changes
}

/// A request, and how it is to be answered.
#[derive(Clone)]
struct Case {
    name: String,
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    chunked: bool,
    status: u16,
    /// `pointer rule` of each violation.
    broken: Vec<String>,
}

impl Case {
    fn new(name: impl Into<String>, token: &str, body: impl Into<Vec<u8>>, status: u16) -> Self {
        let headers = vec![("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
        let (method, path, chunked) = ("POST", "/users", false);
        Self { name: name.into(), method, path, headers, body: body.into(), chunked, status, broken: Vec::new() }
    }

    fn breaking(mut self, broken: &[&str]) -> Self {
        self.broken = broken.iter().map(|one| (*one).to_owned()).collect();
        self
    }

    fn header(mut self, name: &'static str, value: Option<&str>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.extend(value.map(|value| (name, value.to_owned())));
        self
    }

    async fn send(&self, url: &str) -> Answer {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        client::send(url, self.method, self.path, &headers, &self.body, self.chunked).await
    }
}

/// The answer without what differs from run to run while it is as it should be.
fn normal(mut answer: Answer, ids: &mut HashSet<String>) -> String {
    answer.headers.remove("date");
    answer.headers.remove("content-length");
    let sane = |id: &String| (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if let Some(id) = answer.headers.get_mut("x-request-id").filter(|id| sane(id)) {
        *id = "<sane>".to_owned();
    }
    let Some(id) = answer.body["id"].as_str().map(str::to_owned) else {
        return format!(
            "{} {:?} {}{}",
            answer.status,
            answer.headers,
            answer.body,
            if answer.body.is_null() { &answer.text } else { "" }
        );
    };
    let hex = id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    answer.body["id"] = json!(if hex { if ids.insert(id.clone()) { "<new>" } else { "<again>" } } else { "<malformed>" });
    if let Some(location) = answer.headers.get_mut("location") {
        *location = location.replace(&id, "<id>");
    }
    let [created, updated] = ["createdAt", "updatedAt"].map(|name| answer.body[name].clone());
    let time = created.as_str().and_then(|text| chrono::DateTime::parse_from_rfc3339(text).ok());
    if time.is_some_and(|time| (chrono::Utc::now() - time.to_utc()).num_minutes() == 0) {
        answer.body["createdAt"] = json!("<now>");
        if created == updated {
            answer.body["updatedAt"] = json!("<now>");
        }
    }
    format!("{} {:?} {}", answer.status, answer.headers, answer.body)
}

/// Requests of all kinds, in an order in which they can be sent to one server.
fn cases() -> Vec<Case> {
    let good = token(json!({}));
    [first(&good), accepted(&good), refused(&good), protocol(&good), tokens(), conflicts(&good)].concat()
}

/// Those that have to do with what a fault has to do with.
fn cases_for(group: Group) -> Vec<Case> {
    let good = token(json!({}));
    match group {
        Group::Validation => [first(&good), accepted(&good), refused(&good)].concat(),
        Group::Protocol => [first(&good), protocol(&good)].concat(),
        Group::Authentication => tokens(),
        Group::State => [first(&good), conflicts(&good), refused(&good), tokens(), accepted(&good)].concat(),
        Group::Responses => [first(&good), accepted(&good), refused(&good), conflicts(&good)].concat(),
    }
}

fn first(good: &str) -> Vec<Case> {
    let users = [minimal("minimal@example.com"), complete("complete@example.com")];
    users.into_iter().map(|user| Case::new("first", good, user.to_string(), 201)).collect()
}

fn minimal(email: &str) -> Value {
    let mut user = complete(email);
    user.as_object_mut()
        .unwrap()
        .retain(|name, _| ["email", "firstName", "lastName", "dateOfBirth", "residencyCountry"].contains(&name.as_str()));
    user
}

fn accepted(good: &str) -> Vec<Case> {
    let some = |value: &str| Some(json!(value));
    let changes = [
        ("/firstName", some("x")),
        ("/firstName", some("é")),
        ("/firstName", some(&"é".repeat(100))),
        ("/firstName", some(&"😀".repeat(100))),
        ("/firstName", some("\0")),
        ("/firstName", some(" ")),
        ("/firstName", some("  Ada  ")),
        ("/firstName", some("O'Neil \\ \u{202e}")),
        ("/lastName", some("y")),
        ("/lastName", some(&"語".repeat(100))),
        ("/residencyCountry", some("ZZ")),
        ("/nationality", some("US")),
        ("/dateOfBirth", some("0001-01-01")),
        ("/dateOfBirth", some("2024-02-29")),
        ("/language", some("el")),
        ("/language", None),
        ("/address", None),
        ("/taxResidency", None),
        ("/nationality", None),
        ("/employmentInfo", None),
        ("/address/line2", None),
        ("/address/line1", some(&"long ".repeat(1000))),
        ("/address/city", some(&"c".repeat(60))),
        ("/address/postalCode", some("1")),
        ("/taxResidency/proofType", some("Passport")),
        ("/employmentInfo/employmentStatus", some("Retired")),
        ("/employmentInfo/sourcesOfWealth", Some(json!(["Salary"]))),
        ("/employmentInfo/sourcesOfWealth", Some(json!(["Salary", "Salary", "Gift"]))),
    ];
    let mut cases: Vec<Case> = changes
        .into_iter()
        .enumerate()
        .map(|(index, (pointer, value))| {
            let user = changed(complete(&format!("accepted{index}@example.com")), pointer, value.clone());
            Case::new(format!("accepted {pointer} {value:?}"), good, user.to_string(), 201)
        })
        .collect();
    for (index, status) in ["Unemployed", "Retired", "fulltime"].into_iter().enumerate() {
        let user = changed(complete(&format!("idle{index}@example.com")), "/employmentInfo/employmentStatus", some(status));
        let user = changed(user, "/employmentInfo/industry", None);
        cases.push(Case::new(format!("no industry for {status}"), good, user.to_string(), 201));
    }
    for email in ["Capital@Example.com", "a+tag@example.com", "\"quoted local\"@example.com", "x@localhost"] {
        cases.push(Case::new(email, good, complete(email).to_string(), 201));
    }
    cases
}

fn refused(good: &str) -> Vec<Case> {
    let some = |value: &str| Some(json!(value));
    let mut changes = vec![
        ("/email", some("plain"), "format"),
        ("/email", some("a b@example.com"), "format"),
        ("/email", Some(json!(5)), "type"),
        ("/firstName", some(""), "minLength"),
        ("/firstName", some(&"x".repeat(101)), "maxLength"),
        ("/firstName", some(&"e\u{301}".repeat(51)), "maxLength"),
        ("/firstName", some(&"x".repeat(300)), "maxLength"),
        ("/lastName", some(""), "minLength"),
        ("/lastName", some(&"😀".repeat(101)), "maxLength"),
        ("/lastName", some(&"x".repeat(300)), "maxLength"),
        ("/dateOfBirth", some("tomorrow"), "format"),
        ("/dateOfBirth", some("2023-02-29"), "format"),
        ("/dateOfBirth", some("1990-05-15T00:00:00Z"), "format"),
        ("/dateOfBirth", Some(json!(19900515)), "type"),
        ("/address", Some(json!(null)), "type"),
        ("/address/line2", Some(json!(null)), "type"),
        ("/employmentInfo/industry", Some(json!(null)), "type"),
        ("/employmentInfo/sourcesOfWealth", Some(json!([])), "minItems"),
        ("/employmentInfo/sourcesOfWealth", some("Salary"), "type"),
        ("/employmentInfo/sourcesOfWealth", Some(json!(null)), "type"),
        ("/employmentInfo/sourcesOfWealth/0", some(""), "minLength"),
        ("/employmentInfo/sourcesOfWealth/0", Some(json!(7)), "type"),
        ("/language", some("de"), "enum"),
        ("/language", some("EN"), "enum"),
        ("/language", some("en-GB"), "enum"),
    ];
    for pointer in ["/residencyCountry", "/nationality", "/address/countryCode", "/taxResidency/countryCode"] {
        let wrong = ["", "G", "GRC", "gr", "G1", " GR", "GR ", "GR\n", "ΓΡ", "xGR", "GRx", "G_"];
        changes.extend(wrong.map(|country| (pointer, some(country), "pattern")));
    }
    for pointer in ["/firstName", "/nationality", "/address/city", "/employmentInfo/industry"] {
        changes.extend([json!(5), json!(true), json!(null), json!(["x"])].map(|value| (pointer, Some(value), "type")));
    }
    let nested = ["line1", "line2", "city", "postalCode"].map(|name| format!("/address/{name}"));
    let tax = ["proofType", "value"].map(|name| format!("/taxResidency/{name}"));
    let employment = ["incomeRangeId", "employmentStatus", "industry"].map(|name| format!("/employmentInfo/{name}"));
    let all: Vec<String> = nested.into_iter().chain(tax).chain(employment).collect();
    changes.extend(all.iter().map(|pointer| (pointer.as_str(), some(""), "minLength")));
    let required = [
        "/email",
        "/firstName",
        "/lastName",
        "/dateOfBirth",
        "/residencyCountry",
        "/address/line1",
        "/address/city",
        "/address/postalCode",
        "/address/countryCode",
        "/taxResidency/countryCode",
        "/taxResidency/proofType",
        "/taxResidency/value",
        "/employmentInfo/incomeRangeId",
        "/employmentInfo/employmentStatus",
        "/employmentInfo/sourcesOfWealth",
        "/employmentInfo/industry",
    ];
    changes.extend(required.map(|pointer| (pointer, None, "required")));
    let unknown = ["/x", "/__proto__", "/address/x", "/taxResidency/x", "/employmentInfo/x"];
    changes.extend(unknown.map(|pointer| (pointer, some("x"), "additionalProperties")));
    changes.extend(unknown.map(|pointer| (pointer, Some(json!(1)), "additionalProperties")));

    let mut cases: Vec<Case> = changes
        .into_iter()
        .map(|(pointer, value, rule)| {
            let user = changed(complete("refused@example.com"), pointer, value.clone());
            let broken = format!("{pointer} {rule}");
            Case::new(format!("refused {pointer} {value:?}"), good, user.to_string(), 400).breaking(&[&broken])
        })
        .collect();
    for status in ["PartTime", "SelfEmployed"] {
        let user = changed(complete("refused@example.com"), "/employmentInfo/employmentStatus", some(status));
        let user = changed(user, "/employmentInfo/industry", None);
        let broken = ["/employmentInfo/industry required"];
        cases.push(Case::new(format!("no industry for {status}"), good, user.to_string(), 400).breaking(&broken));
    }
    for body in ["null", "5", "\"x\"", "[]"] {
        cases.push(Case::new(body, good, body, 400).breaking(&[" type"]));
    }
    let two = changed(changed(complete("refused@example.com"), "/firstName", some("")), "/lastName", some(""));
    cases.push(Case::new("two at once", good, two.to_string(), 400).breaking(&["/firstName minLength", "/lastName minLength"]));
    cases.push(Case::new("after a refusal", good, complete("refused@example.com").to_string(), 201));
    cases
}

fn protocol(good: &str) -> Vec<Case> {
    let user = |name: &str| complete(&format!("{name}@example.com")).to_string();
    let syntax = |name: &str, body: Vec<u8>| Case::new(name, good, body, 400).breaking(&[" syntax"]);
    let typed = |media_type: Option<&str>, status: u16| {
        let name = media_type.unwrap_or("none").replace(|one: char| !one.is_ascii_alphanumeric(), ".");
        Case::new(format!("of type {media_type:?}"), good, user(&name.replace("..", ".")), status)
            .header("content-type", media_type)
    };
    let text = user("syntax");
    let mut cases = vec![
        syntax("empty", Vec::new()),
        syntax("truncated", text[..text.len() - 1].into()),
        syntax("twice a property", text.replacen('{', "{\"email\":\"other@example.com\",", 1).into()),
        syntax("trailing", format!("{text} x").into()),
        syntax("with a mark", format!("\u{feff}{text}").into()),
        syntax("not UTF-8", text.bytes().map(|byte| if byte == b'A' { 0xff } else { byte }).collect()),
        syntax("comma at the end", text.replace("}}", "},}").into()),
        syntax("control character", text.replace("Ada", "A\u{1}a").into()),
        syntax("deep", ("[".repeat(500) + &"]".repeat(500)).into()),
        typed(Some("Application/JSON"), 201),
        typed(Some("application/json; charset=utf-8"), 201),
        typed(Some("application/json; charset=utf-16"), 415),
        typed(Some("application/problem+json"), 415),
        typed(Some("text/plain"), 415),
        typed(Some("application/xml"), 415),
        typed(None, 415),
        Case::new("coded", good, user("coded"), 415).header("content-encoding", Some("gzip")),
        Case::new("of the limit", good, user("limit") + &" ".repeat(64 * 1024 - user("limit").len()), 201),
        Case::new("beyond the limit", good, user("beyond") + &" ".repeat(64 * 1024), 413),
        Case { path: "/nothing", ..Case::new("another path", good, user("path"), 404) },
        Case { chunked: true, ..Case::new("chunked", good, user("chunked"), 201) },
    ];
    for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"] {
        cases.push(Case { method, ..Case::new(method, good, user(method), 405) });
    }
    cases
}

fn tokens() -> Vec<Case> {
    let (pem, kid, issuer, _) = Faulty::signing_key();
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    let good = token(json!({}));
    let now = get_current_timestamp();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let [head, payload, signature]: [&str; 3] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let user = |name: &str| complete(&format!("token-{name}@example.com")).to_string();
    let case = |name: &str, token: String, status: u16| Case::new(name, &token, user(&name.replace(' ', "-")), status);

    // A stranger's key; the digits of RSA keys are only in this process, and another key is one that is made for it.
    let stranger = stranger();
    let own = Jwk::from_encoding_key(&stranger, Algorithm::RS256).unwrap();
    let with = |header: Header, key: &EncodingKey| encode(&header, &claims(json!({})), key).unwrap();
    let header = || Header { kid: Some(kid.clone()), ..Header::new(Algorithm::RS256) };
    let public = Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap();
    let secret = EncodingKey::from_secret(serde_json::to_string(&public).unwrap().as_bytes());

    let mut cases = vec![
        case("other scopes too", token(json!({"scope": "read:users write:users"})), 201),
        case("permissions", token(json!({"scope": null, "permissions": ["write:users"]})), 201),
        case("two audiences", token(json!({"aud": ["https://other.example.com", "https://api.example.com"]})), 201),
        case("bad", "garbage".to_owned(), 401),
        case("expired", token(json!({"exp": now - 100})), 401),
        case("no expiry", token(json!({"exp": null})), 401),
        case("too early", token(json!({"nbf": now + 100})), 401),
        case("issuer", token(json!({"iss": "https://evil.example.com/"})), 401),
        case("issuer alike", token(json!({"iss": format!("{issuer}evil")})), 401),
        case("audience", token(json!({"aud": "https://other.example.com"})), 401),
        case("kid", with(Header { kid: Some("other".to_owned()), ..header() }, &key), 401),
        case("none", format!("{}.{payload}.", part(json!({"alg": "none", "kid": kid}))), 401),
        case("secret", with(Header { alg: Algorithm::HS256, ..header() }, &secret), 401),
        case("stranger", with(header(), &stranger), 401),
        case("embedded", with(Header { jwk: Some(own), ..header() }, &stranger), 401),
        case("critical", with(Header { crit: Some(vec!["b64".to_owned()]), ..header() }, &key), 401),
        case("tampered", format!("{head}.{}.{signature}", part(claims(json!({"sub": "admin"})))), 401),
        case("no scope", token(json!({"scope": null})), 403),
        case("longer scope", token(json!({"scope": "write:users:all"})), 403),
        case("scope within", token(json!({"scope": "xwrite:users"})), 403),
        case("scope in capitals", token(json!({"scope": "WRITE:USERS"})), 403),
        case("scope as a list", token(json!({"scope": ["write:users"]})), 403),
        case("scope in scp", token(json!({"scope": null, "scp": ["write:users"]})), 403),
        case("scope with commas", token(json!({"scope": "write:users,read:users"})), 403),
        case("no token", String::new(), 401).header("authorization", None),
        case("small scheme", String::new(), 201).header("authorization", Some(&format!("bEARER {good}"))),
        case("other scheme", String::new(), 401).header("authorization", Some(&format!("Token {good}"))),
    ];
    let mut twice = case("two headers", good.clone(), 401);
    twice.headers.push(("authorization", "Bearer garbage".to_owned()));
    cases.push(twice);
    cases.push(Case::new("no token and nothing valid", "", "{}", 401).header("authorization", None));
    cases
}

/// A key that is not the issuer's.
fn stranger() -> EncodingKey {
    use aws_lc_rs::{
        encoding::{AsDer, Pkcs8V1Der},
        rsa::{KeyPair, KeySize},
    };
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    EncodingKey::from_rsa_pem(format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n").as_bytes()).unwrap()
}

fn conflicts(good: &str) -> Vec<Case> {
    let case = |name: &str, email: &str, status: u16| {
        let broken: &[&str] = if status == 409 { &["/email unique"] } else { &[] };
        Case::new(name, good, complete(email).to_string(), status).breaking(broken)
    };
    vec![
        case("the same email", "complete@example.com", 409),
        case("the same in capitals", "COMPLETE@example.com", 409),
        case("the same with a tag", "complete+tag@example.com", 201),
        case("the same at another host", "complete@example.org", 201),
    ]
}

/// All that can be seen of a server, one answer after the other.
struct Observation {
    server: Faulty,
    ids: HashSet<String>,
}

impl Observation {
    async fn of(fault: Option<faulty_server::Fault>) -> Self {
        Self { server: Faulty::start(&DOCUMENT, fault).await.unwrap(), ids: HashSet::new() }
    }

    async fn answer(&mut self, case: &Case) -> String {
        let answer = case.send(&self.server.url).await;
        format!("{} → {}, {} stored", case.name, normal(answer, &mut self.ids), self.server.store().count())
    }

    /// How many of four who want the same email at the same instant get it.
    async fn race(&self, good: &str) -> usize {
        let case = Case::new("race", good, complete("race@example.com").to_string(), 201);
        let racing: Vec<_> = (0..4)
            .map(|_| {
                let (case, url) = (case.clone(), self.server.url.clone());
                tokio::spawn(async move { case.send(&url).await.status })
            })
            .collect();
        let mut created = 0;
        for one in racing {
            created += usize::from(one.await.unwrap() == 201);
        }
        created
    }

    /// What is stored, but for what every run makes anew.
    fn stored(&self) -> Vec<Value> {
        let mut all = self.server.store().snapshot();
        for user in all.iter_mut().filter_map(Value::as_object_mut) {
            user.retain(|name, _| !["id", "createdAt", "updatedAt"].contains(&name.as_str()));
        }
        all
    }
}

#[tokio::test]
async fn without_a_fault_every_promise_is_kept() {
    let mut seen = Observation::of(None).await;
    let mut created = 0;
    for case in cases() {
        let answer = case.send(&seen.server.url).await;
        assert_eq!(answer.status, case.status, "{}: {}", case.name, answer.text);
        let broken: BTreeSet<String> = answer.broken().into_iter().collect();
        assert_eq!(broken, case.broken.iter().cloned().collect(), "{}", case.name);
        assert!(!answer.headers["x-request-id"].is_empty(), "{}", case.name);
        match case.status {
            201 => {
                created += 1;
                let sent: Value = serde_json::from_slice(&case.body).unwrap();
                for (name, value) in sent.as_object().unwrap() {
                    match name.as_str() {
                        "nationality" => assert_eq!(answer.body["nationalities"], json!([value]), "{}", case.name),
                        name => assert_eq!(answer.body[name], *value, "{}", case.name),
                    }
                }
                let id = answer.body["id"].as_str().unwrap();
                assert_eq!(answer.headers["location"], format!("/users/{id}"));
                assert!(seen.ids.insert(id.to_owned()));
                assert_eq!(seen.server.store().snapshot().last(), Some(&answer.body));
            }
            401 if case.name.starts_with("no token") || case.name == "other scheme" => {
                assert_eq!(answer.headers["www-authenticate"], "Bearer");
            }
            401 => assert_eq!(answer.headers["www-authenticate"], "Bearer error=\"invalid_token\"", "{}", case.name),
            403 => {
                let challenge = "Bearer error=\"insufficient_scope\", scope=\"write:users\"";
                assert_eq!(answer.headers["www-authenticate"], challenge, "{}", case.name);
            }
            405 => assert_eq!(answer.headers["allow"], "POST", "{}", case.name),
            _ => {}
        }
        assert_eq!(seen.server.store().count(), created, "{}", case.name);
        if case.method != "HEAD" && case.status >= 400 {
            assert_eq!(answer.headers["content-type"], "application/problem+json");
            assert_eq!(answer.body["status"], case.status);
        }
    }
    assert_eq!(seen.race(&token(json!({}))).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_can_be_seen() {
    for group in [Group::Validation, Group::Protocol, Group::Authentication, Group::State, Group::Responses] {
        let battery = Arc::new(Battery::new(cases_for(group)).await);
        // A server without a fault is among them: it must look like the other.
        let mut servers = vec![None];
        servers.extend(faults().into_iter().filter(|fault| fault.group == group).map(Some));
        let mut looks = JoinSet::new();
        for fault in servers {
            let battery = Arc::clone(&battery);
            looks
                .spawn(async move { if battery.sees(fault.clone()).await { None } else { Some(fault.map(|fault| fault.name)) } });
        }
        let unseen: Vec<_> = looks.join_all().await.into_iter().flatten().collect();
        assert_eq!(unseen, [None], "{group:?}");
    }
}

/// Requests, with what a server without a fault answers and stores.
struct Battery {
    cases: Vec<Case>,
    expected: Vec<String>,
    stored: Vec<Value>,
    good: String,
}

impl Battery {
    async fn new(cases: Vec<Case>) -> Self {
        let mut sound = Observation::of(None).await;
        let mut expected = Vec::new();
        for case in &cases {
            expected.push(sound.answer(case).await);
        }
        Self { cases, expected, stored: sound.stored(), good: token(json!({})) }
    }

    /// Whether a server with the fault answers or stores anything else.
    async fn sees(&self, fault: Option<faulty_server::Fault>) -> bool {
        let mut faulty = Observation::of(fault).await;
        for (case, expected) in self.cases.iter().zip(&self.expected) {
            if faulty.answer(case).await != *expected {
                return true;
            }
        }
        faulty.stored() != self.stored || faulty.race(&self.good).await != 1
    }
}

#[test]
fn faults_are_well_formed() {
    let document = &*DOCUMENT;
    let mut names = HashSet::new();
    let mut groups = BTreeMap::new();
    for fault in faults() {
        assert!(names.insert(fault.name), "{} is there twice", fault.name);
        *groups.entry(fault.group).or_insert(0) += 1;
        let known = RULES.iter().any(|(rule, _)| *rule == fault.at) || document.pointer(fault.at).is_some();
        assert!(known, "{}: nothing is at {}", fault.name, fault.at);
        if let Effect::Schema(edits) = &fault.effect {
            let mut edited = document.clone();
            for edit in edits {
                let before = edited.clone();
                edit.apply(&mut edited);
                assert!(edited != before, "{}: {edit:?} changes nothing", fault.name);
            }
        }
    }
    let least =
        [(Group::Validation, 45), (Group::Protocol, 14), (Group::Authentication, 14), (Group::State, 8), (Group::Responses, 16)];
    for (group, least) in least {
        assert!(groups[&group] >= least, "{groups:?}");
    }
    assert!(names.len() >= 95);
    println!("{} faults: {groups:?}", names.len());
}

#[tokio::test]
async fn a_server_stops_when_it_is_dropped() {
    let server = Faulty::start(&DOCUMENT, None).await.unwrap();
    let address = server.url.trim_start_matches("http://").to_owned();
    assert!(TcpStream::connect(&address).await.is_ok());
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(&address).await.is_err());
}

#[test]
fn an_edit_reaches_into_lists() {
    let mut document = json!({"required": ["a", "b"], "x": 1});
    for edit in [Edit::With("/required", json!("c")), Edit::Without("/required", json!("a")), Edit::Remove("/x")] {
        edit.apply(&mut document);
    }
    assert_eq!(document, json!({"required": ["b", "c"]}));
}
