//! HTTP and JSON, beyond the schema.

use faulty_server::{Content, Effect, Fault, Group, Reply, Seen, parsing};
use hyper::{header::HeaderValue, http::request};
use serde_json::json;

use super::{break_if, fault, problem, tell};

pub fn faults() -> Vec<Fault> {
    let of = |name, at, effect| fault(name, Group::Protocol, at, effect);
    let parse = |name, at, parse| of(name, at, Effect::Parse(parse));
    let head = |name, at, change| of(name, at, Effect::Head(change));
    let reply = |name, at, change| of(name, at, Effect::Reply(change));
    vec![
        parse("of a property that is there twice the last one counts", "duplicate-property", parsing::last_wins),
        parse("what comes after the value is ignored", "trailing-bytes", parsing::first_value),
        parse("a byte order mark is skipped", "byte-order-mark", |bytes| {
            parsing::strict(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes))
        }),
        parse("invalid UTF-8 is replaced", "invalid-utf8", |bytes| parsing::strict(String::from_utf8_lossy(bytes).as_bytes())),
        parse("a body that ends early is completed", "truncated-body", |bytes| {
            let ends = ["", "}", "\"}", "]}", "}}", "\"}}", "\"]}", "]}}", "\"]}}"];
            let mut completed = ends.iter().map(|end| parsing::strict(&[bytes, end.as_bytes()].concat()));
            completed.find(Result::is_ok).unwrap_or_else(|| parsing::strict(bytes))
        }),
        parse("a broken body is taken for an empty object", "truncated-body", |bytes| {
            Ok(parsing::strict(bytes).unwrap_or_else(|_| json!({})))
        }),
        parse("an empty body is taken for an empty object", "empty-body", |bytes| {
            if bytes.is_empty() { Ok(json!({})) } else { parsing::strict(bytes) }
        }),
        parse("a comma may be at the end", "invalid-json", |bytes| {
            parsing::strict(bytes)
                .or_else(|_| parsing::strict(String::from_utf8_lossy(bytes).replace(",}", "}").replace(",]", "]").as_bytes()))
        }),
        parse("a text may have bare control characters", "invalid-json", |bytes| {
            let escaped: String = String::from_utf8_lossy(bytes)
                .chars()
                .map(|one| if one < ' ' { format!("\\u{:04x}", u32::from(one)) } else { one.to_string() })
                .collect();
            parsing::strict(bytes).or_else(|error| parsing::strict(escaped.as_bytes()).map_err(|_| error))
        }),
        head("the media type is not looked at", "content-type", |head| content_type(head, "application/json")),
        head("the media type may be missing", "content-type", |head| {
            if !head.headers.contains_key("content-type") {
                content_type(head, "application/json");
            }
        }),
        head("every media type with json in its name is accepted", "content-type", |head| {
            if of_type(head, |text| text.contains("json")) {
                content_type(head, "application/json");
            }
        }),
        head("plain text is accepted", "content-type", |head| {
            if of_type(head, |text| text.starts_with("text/plain")) {
                content_type(head, "application/json");
            }
        }),
        head("the media type must be in lower case", "content-type", |head| {
            if of_type(head, |text| text.contains(char::is_uppercase) && !text.contains("charset")) {
                content_type(head, "text/plain");
            }
        }),
        head("the media type may have no parameters", "charset", |head| {
            if of_type(head, |text| text.contains(';')) {
                content_type(head, "text/plain");
            }
        }),
        head("any charset is accepted", "charset", |head| {
            if of_type(head, |text| text.to_lowercase().starts_with("application/json")) {
                content_type(head, "application/json");
            }
        }),
        head("the content coding is not looked at", "content-encoding", |head| drop(head.headers.remove("content-encoding"))),
        reply("a wrong method is 404", "method", |_, reply| {
            if reply.status == 405 {
                reply.status = 404;
                reply.headers.remove("allow");
                tell(reply, "NOT_FOUND");
            }
        }),
        reply("405 is without Allow", "allow", |_, reply| drop(reply.headers.remove("allow"))),
        reply("Allow names a method that there is not", "allow", |_, reply| {
            if let Some(allow) = reply.headers.get_mut("allow") {
                *allow = "GET, POST".to_owned();
            }
        }),
        reply("GET is answered", "method", |seen, reply| accept(seen, reply, "GET")),
        reply("PUT is answered", "method", |seen, reply| accept(seen, reply, "PUT")),
        reply("DELETE is answered", "method", |seen, reply| accept(seen, reply, "DELETE")),
        head("PATCH is taken for POST", "method", |head| {
            if head.method == hyper::Method::PATCH {
                head.method = hyper::Method::POST;
            }
        }),
        reply("HEAD breaks the server", "head", |seen, reply| break_if(seen.method == "HEAD", reply)),
        reply("HEAD is answered", "head", |seen, reply| accept(seen, reply, "HEAD")),
        reply("OPTIONS breaks the server", "options", |seen, reply| break_if(seen.method == "OPTIONS", reply)),
        reply("OPTIONS is answered", "options", |seen, reply| accept(seen, reply, "OPTIONS")),
        of("there is no limit to the body", "body-limit", Effect::Unlimited),
        reply("a body of more than 1 KiB is too large", "body-limit", |seen, reply| {
            if seen.length > 1024 && reply.status < 400 {
                *reply = problem(413, "PAYLOAD_TOO_LARGE");
            }
        }),
        reply("an oversized body breaks the server", "body-limit", |_, reply| break_if(reply.status == 413, reply)),
        reply("an oversized body is a bad request", "body-limit", |_, reply| {
            if reply.status == 413 {
                *reply = problem(400, "BAD_REQUEST");
            }
        }),
        reply("a chunked body is refused", "chunked-body", |seen, reply| {
            if seen.chunked {
                *reply = problem(400, "BAD_REQUEST");
            }
        }),
        reply("a chunked body is lost", "chunked-body", |seen, reply| break_if(seen.chunked, reply)),
        reply("deep nesting breaks the server", "deep-nesting", |seen, reply| {
            break_if(nested(&seen.bytes), reply);
        }),
        reply("an empty body breaks the server", "empty-body", |seen, reply| {
            break_if(seen.length == 0 && seen.method == "POST" && reply.status == 400, reply);
        }),
        reply("invalid UTF-8 breaks the server", "invalid-utf8", |seen, reply| {
            break_if(reply.status == 400 && std::str::from_utf8(&seen.bytes).is_err(), reply);
        }),
        reply("a wrong media type is a bad request", "content-type", |_, reply| {
            if reply.status == 415 {
                *reply = problem(400, "BAD_REQUEST");
            }
        }),
    ]
}

/// Whether JSON is nested so deeply that a careless parser runs out of stack.
fn nested(bytes: &[u8]) -> bool {
    let depths = bytes.iter().scan(0i32, |depth, byte| {
        *depth += i32::from(matches!(byte, b'[' | b'{')) - i32::from(matches!(byte, b']' | b'}'));
        Some(*depth)
    });
    depths.max().unwrap_or(0) > 100
}

fn content_type(head: &mut request::Parts, value: &'static str) {
    head.headers.insert("content-type", HeaderValue::from_static(value));
}

fn of_type(head: &request::Parts, test: fn(&str) -> bool) -> bool {
    head.headers.get("content-type").and_then(|value| value.to_str().ok()).is_some_and(test)
}

/// Answers a method that the document does not have.
fn accept(seen: &Seen, reply: &mut Reply, method: &str) {
    if seen.method == method && reply.status == 405 {
        reply.status = 200;
        reply.headers.remove("allow");
        reply.headers.insert("content-type".to_owned(), "application/json".to_owned());
        reply.body = Content::Json(json!([]));
    }
}
