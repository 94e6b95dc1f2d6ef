//! Cases about HTTP and JSON: what is not in the schema, and still promised by the document or by the RFCs.

use serde_json::{Map, Value};

use crate::{
    cases::{Case, Credentials, EMPTY_BODY, Expect, Group, refusals},
    openapi::{
        document::Document,
        form::Writing,
        operation::{METHODS, takes_in, with_each, without_query},
        request::{Request, Target},
    },
    pointer::{escape, replace},
    rules::{self, Rule},
};

/// What a run may assume about the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assumptions {
    /// The size of a body that is refused where the document has the status 413.
    pub oversized: usize,
    /// Whether methods that change things are sent to paths without an id that do not have them: what they changed would be live.
    pub all_methods: bool,
    /// Whether nothing is sent that may change something.
    pub read_only: bool,
    /// Whether bodies may be read as leniently as the RFCs let a server: a byte order mark, a property twice, an unknown coding.
    pub lenient: bool,
}

/// The cases for one operation; `valid` makes a new valid request.
pub(crate) fn cases(
    document: &Document,
    target: &Target,
    assumptions: Assumptions,
    mut valid: impl FnMut() -> Option<(Request, Value)>,
) -> Vec<Case> {
    let mut all = Vec::new();
    let operation = &target.operation;
    let mut add = |name: &str, promise: &str, change: Change<'_>, keeps: bool, expect: Expect, rule: &'static Rule| {
        let Some((mut request, instance)) = valid() else { return };
        // A valid request may have no body, where none can be made: then there is nothing to spoil.
        if request.body.is_none() && operation.body.as_ref().is_some_and(|body| body.pointer == promise) {
            return;
        }
        change(&mut request, &instance);
        all.push(Case {
            id: format!("{}:protocol:{}", target.name(), name.replace(' ', "-")),
            group: Group::Protocol,
            title: name.to_owned(),
            promise: promise.to_owned(),
            request,
            instance: keeps.then_some(instance),
            credentials: Credentials::Good,
            expect,
            rule,
        });
    };
    methods(document, target, assumptions, &mut add);
    elsewhere(document, target, &mut add);
    if !target.takes_any_query() {
        add(
            "a query that is not documented",
            &operation.pointer,
            &mut |request, _| {
                let more = if request.target.contains('?') { "&" } else { "?" };
                request.target.push_str(&format!("{more}undocumented=1"));
            },
            true,
            Expect::Success,
            &rules::UNDOCUMENTED_QUERY,
        );
    }
    if let Some(body) = operation.body.as_ref().filter(|_| target.media_type.is_some()) {
        if target.writing() == Writing::Json {
            bodies(target, &body.pointer, body.required, assumptions, &mut add);
        } else if body.required {
            // Without a body there is no media type to judge: 415 is as right as 400.
            let statuses: Vec<u16> = refusals(operation, false).into_iter().chain([415]).collect();
            add(
                "no body and no media type",
                &body.pointer,
                &mut |request, _| {
                    request.body = None;
                    request.headers.retain(|(name, _)| name != "content-type");
                },
                false,
                Expect::Status(statuses),
                &rules::INVALID_ACCEPTED,
            );
        }
        media_types(document, target, &body.pointer, assumptions, &mut add);
    }
    all
}

/// Changes a valid request, which is given as one instance, too.
type Change<'a> = &'a mut dyn FnMut(&mut Request, &Value);

/// Adds a case: its name, promise, change, whether it is still the instance, what is expected, and the rule.
type Add<'a> = dyn FnMut(&str, &str, Change<'_>, bool, Expect, &'static Rule) + 'a;

fn methods(document: &Document, target: &Target, assumptions: Assumptions, add: &mut Add<'_>) {
    let operation = &target.operation;
    let item = operation.path_item();
    let documented = |method: &str| document.json.pointer(&format!("{item}/{}", method.to_lowercase())).is_some();
    // The first operation of the path speaks for it.
    let first = METHODS.into_iter().find(|method| documented(method));
    if first != Some(operation.method.to_lowercase().as_str()) {
        return;
    }
    // Below a template an id may be looked up, or found to be wrong, before the method is.
    let refused = match (operation.path.contains('{'), operation.responses.contains_key("405")) {
        (true, _) => vec![405, 404, 501, 400, 401, 403, 410, 422],
        // A method that the server does not know at all is answered with 501 (RFC 9110, section 15.6.2).
        (false, true) => vec![405, 501],
        (false, false) => vec![405, 404, 501, 401, 403],
    };
    let with_ids = operation.path.contains('{');
    // What `/pets/{id}` has, `/pets/new` may have as well.
    let by_another = |method: &str| {
        templates(document).any(|(template, item)| {
            template != operation.path && fits(template, &operation.path) && item.get(method.to_lowercase()).is_some()
        })
    };
    for method in ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND"] {
        let has = |method: &str| documented(method) || by_another(method);
        if has(method) || (method == "HEAD" && has("GET")) {
            continue;
        }
        let changes = matches!(method, "PUT" | "POST" | "DELETE" | "PATCH");
        if changes && (assumptions.read_only || !with_ids && !assumptions.all_methods) {
            continue;
        }
        let expect = match method {
            // A server may always say what it can (RFC 9110, section 9.3.7), or take it for a preflight of CORS, which this is not.
            "OPTIONS" => Expect::Status([200, 204, 400].iter().chain(&refused).copied().collect()),
            _ => Expect::Status(refused.clone()),
        };
        let name = format!("the method {method}, which is not documented");
        add(
            &name,
            item,
            &mut |request, _| {
                request.method = method.to_owned();
                if changes && with_ids {
                    request.target = of_nothing(&operation.path);
                }
                if matches!(method, "GET" | "HEAD" | "OPTIONS" | "DELETE") {
                    request.body = None;
                    request.headers.retain(|(name, _)| name != "content-type");
                }
            },
            false,
            expect,
            &rules::UNDOCUMENTED_METHOD,
        );
    }
}

/// The paths of a document, with what it says about each.
fn templates(document: &Document) -> impl Iterator<Item = (&str, &Value)> {
    document.json["paths"].as_object().into_iter().flatten().map(|(template, item)| (template.as_str(), item))
}

/// Whether a path is one that the template stands for.
fn fits(template: &str, path: &str) -> bool {
    let segments = |path| -> Vec<&str> { without_query(path).split('/').collect() };
    let (template, path) = (segments(template), segments(path));
    template.len() == path.len() && template.iter().zip(&path).all(|(one, other)| one.starts_with('{') || one == other)
}

/// The path with ids that nothing has.
fn of_nothing(path: &str) -> String {
    with_each(path, "undocumented-3c8f6a1e9d2b4f70")
}

/// Without a parameter in its path, or a query of its own, an operation has 404 only for the paths beside its own.
fn elsewhere(document: &Document, target: &Target, add: &mut Add<'_>) {
    let operation = &target.operation;
    if operation.path.contains(['{', '?']) || !operation.responses.contains_key("404") {
        return;
    }
    let documented = |path: &str| templates(document).any(|(template, _)| fits(template, path));
    let beside = [format!("{}-undocumented", operation.path), format!("{}/un/documented", operation.path)];
    let Some(path) = beside.into_iter().find(|path| !documented(path)) else { return };
    let promise = format!("{}/responses/404", operation.pointer);
    add(
        "a path that is not documented",
        &promise,
        &mut |request, _| request.target.clone_from(&path),
        false,
        Expect::Status(vec![404]),
        &rules::UNDOCUMENTED_PATH,
    );
}

/// A change of a body's text.
type BodyChange = fn(&str) -> Vec<u8>;

/// A body that few readers get to the end of, though it is JSON.
const NESTED: &str = "arrays nested 25,000 deep";
/// A text with a character that has to be written in another way.
const CONTROL: &str = "a control character in a string";
/// Media types that a body is not of.
const OTHERS: [&str; 5] =
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "application/octet-stream", "multipart/form-data"];
const NO_MEDIA_TYPE: &str = "a media type that is none";
const LONGER: &str = "a media type with a longer name";

/// Bodies that no JSON reader can read.
const UNREADABLE: [(&str, BodyChange); 9] = [
    ("a body that is not JSON", |_| b"this is not JSON".to_vec()),
    ("a body in another notation", |_| b"<xml/>".to_vec()),
    ("a body that is cut short", |body| body.as_bytes()[..body.len() - 1].to_vec()),
    ("a body that ends in the middle", |body| body.as_bytes()[..body.len() / 2].to_vec()),
    ("two values in the body", |body| format!("{body}{body}").into_bytes()),
    ("something after the value", |body| format!("{body} x").into_bytes()),
    ("a body of nothing but spaces", |_| b"   ".to_vec()),
    (NESTED, |_| format!("{}{}", "[".repeat(25_000), "]".repeat(25_000)).into_bytes()),
    ("a string that never ends", |_| format!("\"{}", "a".repeat(5_000)).into_bytes()),
];

/// Bodies that are only almost JSON. RFC 8259, section 9, lets a parser accept extensions.
const EXTENDED: [(&str, BodyChange); 3] = [
    ("a comment in the body", |body| format!("/* comment */{body}").into_bytes()),
    ("numbers that JSON does not have", |_| b"NaN".to_vec()),
    ("a trailing comma", |body| format!("{},{}", &body[..body.len() - 1], &body[body.len() - 1..]).into_bytes()),
];

/// Whether a case with this title has a body that a reader of JSON gives up on, wherever in it that is.
pub(crate) fn is_no_json(title: &str) -> bool {
    let all = UNREADABLE.iter().chain(&EXTENDED).map(|(name, _)| *name).chain([CONTROL]);
    all.filter(|name| *name != NESTED).any(|name| name == title)
}

/// Whether a case with this title has a body of a media type that is not documented.
pub(crate) fn is_of_another_media_type(title: &str) -> bool {
    OTHERS.iter().any(|other| title.strip_prefix("the media type ") == Some(other))
        || ["no media type", NO_MEDIA_TYPE, LONGER].contains(&title)
}

/// Bodies that RFC 8259 lets a reader take or refuse.
const DOUBTFUL: [(&str, BodyChange); 4] = [
    ("a byte order mark", |body| format!("\u{feff}{body}").into_bytes()),
    ("a property twice", |body| twice(body, false)),
    ("a property twice with another value", |body| twice(body, true)),
    ("a property twice in a nested object", nested_twice),
];

/// Bytes that no text in JSON may have.
const SPOILS: [(&str, &[u8], &Rule); 4] = [
    ("invalid UTF-8", &[0xFF], &rules::MALFORMED_ACCEPTED),
    ("an overlong UTF-8 sequence", &[0xC0, 0xAF], &rules::MALFORMED_ACCEPTED),
    ("half a surrogate pair", b"\\ud800", &rules::LENIENT_JSON),
    (CONTROL, &[0x01], &rules::LENIENT_JSON),
];

fn bodies(target: &Target, promise: &str, required: bool, assumptions: Assumptions, add: &mut Add<'_>) {
    let operation = &target.operation;
    let text = |request: &mut Request| {
        let body = request.body.take().and_then(|body| String::from_utf8(body).ok()).unwrap_or_default();
        // What is cut out of a number or a word may be another one.
        if body.starts_with(['{', '[']) { body } else { format!("{{\"a\":{body}}}") }
    };
    let doubtful = if assumptions.lenient { Expect::Documented } else { Expect::Unreadable };
    let each = (UNREADABLE.iter().map(|case| (case, Expect::Unreadable, &rules::MALFORMED_ACCEPTED)))
        .chain(EXTENDED.iter().map(|case| (case, Expect::Unreadable, &rules::LENIENT_JSON)))
        .chain(DOUBTFUL.iter().map(|case| (case, doubtful.clone(), &rules::LENIENT_JSON)));
    for ((name, change), expect, rule) in each {
        add(name, promise, &mut |request, _| request.body = Some(change(&text(request))), false, expect, rule);
    }
    for (name, bytes, rule) in SPOILS {
        add(
            name,
            promise,
            &mut |request, instance| {
                request.body = Some(spoilt(target, instance, bytes).unwrap_or_else(|| [b"\"", bytes, b"\""].concat()));
            },
            false,
            Expect::Unreadable,
            rule,
        );
    }
    let padded = |request: &mut Request, before: &str, after: &str| {
        request.body = request.body.take().map(|body| [before.as_bytes(), body.as_slice(), after.as_bytes()].concat());
    };
    let variant = &rules::HTTP_VARIANT_REFUSED;
    add(
        "spaces around the value",
        promise,
        &mut |request, _| padded(request, " \t\r\n", "\r\n "),
        true,
        Expect::Success,
        variant,
    );
    if operation.responses.contains_key("413") {
        let spaces = " ".repeat(assumptions.oversized);
        add(
            "an oversized body",
            promise,
            &mut |request, _| padded(request, "", &spaces),
            false,
            Expect::Status(vec![413]),
            &rules::BODY_LIMIT,
        );
    }
    add("a chunked body", promise, &mut |request, _| request.chunked = true, true, Expect::Success, variant);
    let missing = &rules::INVALID_ACCEPTED;
    if required {
        // Without a body there is no media type to judge: 415 is as right as 400.
        let statuses: Vec<u16> = refusals(operation, false).into_iter().chain([415]).collect();
        add("no body", promise, &mut |request, _| request.body = None, false, Expect::Status(statuses.clone()), missing);
        add(EMPTY_BODY, promise, &mut |request, _| request.body = Some(Vec::new()), false, Expect::Unreadable, missing);
        add(
            "no body and no media type",
            promise,
            &mut |request, _| {
                request.body = None;
                request.headers.retain(|(name, _)| name != "content-type");
            },
            false,
            Expect::Status(statuses),
            missing,
        );
    }
}

fn media_types(document: &Document, target: &Target, promise: &str, assumptions: Assumptions, add: &mut Add<'_>) {
    let operation = &target.operation;
    let Some(media_type) = target.sent.clone() else { return };
    let documented = operation.responses.contains_key("415");
    let refused = || Expect::Status(if documented { vec![415] } else { vec![415, 400, 406, 422] });
    if !assumptions.lenient {
        add(
            "a content coding that nobody knows",
            promise,
            &mut |request, _| {
                request.headers.push(("content-encoding".to_owned(), "x-unknown".to_owned()));
            },
            false,
            refused(),
            &rules::CONTENT_CODING,
        );
    }
    let mut with = |name: &str, value: Option<String>, keeps: bool, expect: Expect| {
        add(
            name,
            promise,
            &mut |request, _| {
                request.headers.retain(|(name, _)| name != "content-type");
                request.headers.extend(value.clone().map(|value| ("content-type".to_owned(), value)));
            },
            keeps,
            expect.clone(),
            if expect == Expect::Success { &rules::HTTP_VARIANT_REFUSED } else { &rules::UNDOCUMENTED_MEDIA_TYPE },
        );
    };
    with("no media type", None, false, refused());
    // What is documented beside it is no other media type.
    let content = document.resolve(promise).and_then(|(_, body)| body.get("content")?.as_object());
    let documented = |other: &str| content.into_iter().flat_map(Map::keys).any(|known| takes_in(known, other));
    for other in OTHERS {
        if !documented(other) {
            with(&format!("the media type {other}"), Some(other.to_owned()), false, refused());
        }
    }
    if target.writing() != Writing::Json {
        return;
    }
    // One that names its charset gets no second one.
    let names_charset = |parameter: &&str| parameter.trim().to_ascii_lowercase().starts_with("charset=");
    let media_type = media_type.split(';').filter(|part| !names_charset(part)).collect::<Vec<_>>().join(";");
    if !documented("json") {
        with(NO_MEDIA_TYPE, Some("json".to_owned()), false, refused());
    }
    if !documented(&format!("{media_type}x")) {
        with(LONGER, Some(format!("{media_type}x")), false, refused());
    }
    with("a charset that is not UTF-8", Some(format!("{media_type}; charset=utf-16")), false, refused());
    with("the charset UTF-8", Some(format!("{media_type}; charset=utf-8")), true, Expect::Success);
    with("the charset UTF-8 in quotes and capitals", Some(format!("{media_type};charset=\"UTF-8\"")), true, Expect::Success);
    // The values of its parameters may be other ones in capitals.
    let (kind, parameters) = media_type.split_at(media_type.find(';').unwrap_or(media_type.len()));
    let in_capitals = kind.to_uppercase() + parameters;
    with("the media type in capitals", Some(in_capitals), true, Expect::Success);
}

/// A character that no generator makes, to find a place in the serialised body again.
const MARK: char = '\u{F8FF}';

/// The body with these bytes at the beginning of a text that may begin with anything, so that nothing else is wrong with it.
fn spoilt(target: &Target, instance: &Value, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut places = Vec::new();
    texts(instance.get("body")?, "/body".to_owned(), &mut places);
    places.into_iter().find_map(|place| {
        let mut marked = instance.clone();
        let text = instance.pointer(&place)?.as_str()?;
        replace(&mut marked, &place, Value::String(format!("{MARK}{text}")));
        if !target.schema.evaluate(&marked).broken.is_empty() {
            return None;
        }
        let body = marked.get("body")?.to_string();
        let (before, after) = body.split_once(MARK)?;
        Some([before.as_bytes(), bytes, after.as_bytes()].concat())
    })
}

/// The places of every text in a value.
pub(crate) fn texts(value: &Value, place: String, all: &mut Vec<String>) {
    match value {
        Value::String(_) => all.push(place),
        Value::Object(object) => {
            object.iter().for_each(|(name, value)| texts(value, format!("{place}/{}", escape(name)), all));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| texts(item, format!("{place}/{index}"), all));
        }
        _ => {}
    }
}

/// Repeats the first property of the body's object.
fn twice(body: &str, other_value: bool) -> Vec<u8> {
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(body) else {
        return br#"{"a":1,"a":1}"#.to_vec();
    };
    let Some((name, value)) = object.iter().next() else { return br#"{"a":1,"a":1}"#.to_vec() };
    let first = match value {
        Value::String(text) if other_value => Value::String(format!("x{text}")),
        value => value.clone(),
    };
    body.replacen('{', &format!("{{{}:{first},", Value::String(name.clone())), 1).into_bytes()
}

/// Repeats the first property of the first object inside, or else of the body.
fn nested_twice(body: &str) -> Vec<u8> {
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(body) else { return twice(body, false) };
    for (name, value) in &object {
        if let Value::Object(inner) = value
            && !inner.is_empty()
            && let Ok(doubled) = String::from_utf8(twice(&value.to_string(), false))
        {
            let from = format!("{}:{value}", Value::String(name.clone()));
            let to = format!("{}:{doubled}", Value::String(name.clone()));
            return body.replacen(&from, &to, 1).into_bytes();
        }
    }
    twice(body, false)
}
