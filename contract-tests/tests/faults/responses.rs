//! The response's status, headers and body.

use faulty_server::{Content, Effect, Fault, Group, Reply, Seen};
use serde_json::{Map, Value, json};

use super::{at, break_if, fault};

pub fn faults() -> Vec<Fault> {
    const CREATED: &str = "/paths/~1users/post/responses/201";
    const BODY: &str = "/paths/~1users/post/responses/201/content/application~1json";
    const LOCATION: &str = "/paths/~1users/post/responses/201/headers/Location";
    const REQUEST_ID: &str = "/components/headers/RequestId";
    const BAD_REQUEST: &str = "/components/responses/BadRequest/content/application~1problem+json";
    let reply = |name, at, change| fault(name, Group::Responses, at, Effect::Reply(change));
    vec![
        reply("200 instead of 201", CREATED, |_, reply| created(reply, |reply| reply.status = 200)),
        reply("202 instead of 201", CREATED, |_, reply| created(reply, |reply| reply.status = 202)),
        reply("422 instead of 400", "/paths/~1users/post/responses/400", |_, reply| {
            if reply.status == 400 {
                reply.status = 422;
            }
        }),
        reply("the body is said to be text", BODY, |_, reply| created(reply, |reply| said_to_be(reply, "text/plain"))),
        reply("the body is said to be nothing", BODY, |_, reply| {
            created(reply, |reply| drop(reply.headers.remove("content-type")))
        }),
        reply("a problem is said to be plain JSON", BAD_REQUEST, |_, reply| {
            if reply.status == 400 {
                said_to_be(reply, "application/json");
            }
        }),
        reply("the body is empty", BODY, |_, reply| created(reply, |reply| reply.body = Content::None)),
        reply("the body is not JSON", BODY, |_, reply| {
            created(reply, |reply| reply.body = Content::Bytes(b"<html>created</html>".to_vec()));
        }),
        reply("the body is cut", BODY, |_, reply| {
            created(reply, |reply| {
                if let Content::Json(value) = &reply.body {
                    let mut bytes = value.to_string().into_bytes();
                    bytes.truncate(bytes.len() / 2);
                    reply.body = Content::Bytes(bytes);
                }
            });
        }),
        reply("the body is in an envelope", at!("User"), |_, reply| {
            created(reply, |reply| {
                if let Content::Json(value) = &mut reply.body {
                    *value = json!({"data": value});
                }
            });
        }),
        reply("portfolios are missing", at!("User/required"), |_, reply| {
            user(reply, |user| drop(user.shift_remove("portfolios")))
        }),
        reply("the time of change is missing", at!("User/required"), |_, reply| {
            user(reply, |user| drop(user.shift_remove("updatedAt")))
        }),
        reply("the id is missing", at!("User/required"), |_, reply| user(reply, |user| drop(user.shift_remove("id")))),
        reply("the body says too much", at!("User/additionalProperties"), |_, reply| {
            user(reply, |user| put(user, "_id", json!("x")))
        }),
        reply("portfolios are null", at!("User/properties/portfolios/type"), |_, reply| {
            user(reply, |user| put(user, "portfolios", json!(null)));
        }),
        reply("the first name is a number", at!("User/properties/firstName/type"), |_, reply| {
            user(reply, |user| put(user, "firstName", json!(5)));
        }),
        reply("what is absent is null", at!("User/properties/nationalities/type"), |_, reply| {
            user(reply, |user| {
                for name in ["address", "taxResidency", "nationalities", "employmentInfo"] {
                    user.entry(name).or_insert(Value::Null);
                }
            });
        }),
        reply("the id is in upper case", at!("User/properties/id/pattern"), |_, reply| {
            text(reply, "id", |id| format!("A{}", &id[1..]))
        }),
        reply("the id is short", at!("User/properties/id/pattern"), |_, reply| text(reply, "id", |id| id[1..].to_owned())),
        reply("the id is a UUID", at!("User/properties/id/pattern"), |_, reply| {
            text(reply, "id", |_| "9e107d9d-372b-4826-81c5-42ca2e6ab1a4".to_owned());
        }),
        reply("times have no zone", at!("User/properties/createdAt/format"), |_, reply| {
            times(reply, |time| time.replace('Z', ""))
        }),
        reply("times have a space", at!("User/properties/createdAt/format"), |_, reply| {
            times(reply, |time| time.replace('T', " Z "))
        }),
        reply("times are numbers", at!("User/properties/createdAt/type"), |_, reply| {
            user(reply, |user| {
                put(user, "createdAt", json!(1_700_000_000));
                put(user, "updatedAt", json!(1_700_000_000));
            });
        }),
        reply("times are of 1970", at!("User/properties/createdAt"), |_, reply| {
            times(reply, |_| "1970-01-01T00:00:00Z".to_owned())
        }),
        reply("times are in the future", at!("User/properties/createdAt"), |_, reply| {
            times(reply, |time| format!("29{}", &time[2..]));
        }),
        reply("a new user has been changed since", at!("User/properties/updatedAt"), |_, reply| {
            text(reply, "updatedAt", |time| {
                let later = chrono::DateTime::parse_from_rfc3339(&time).map(|time| time + chrono::TimeDelta::seconds(2));
                later.map_or(time, |later| later.with_timezone(&chrono::Utc).to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
            });
        }),
        reply("the email is answered in lower case", at!("User/properties/email"), |_, reply| {
            text(reply, "email", |email| email.to_lowercase());
        }),
        reply("the first name is answered without white space around it", at!("User/properties/firstName"), |_, reply| {
            text(reply, "firstName", |name| if name.trim().is_empty() { name } else { name.trim().to_owned() });
        }),
        reply("the last name is answered up to 50 characters", at!("User/properties/lastName"), |_, reply| {
            text(reply, "lastName", |name| name.chars().take(50).collect());
        }),
        reply("the last name is answered in ASCII", at!("User/properties/lastName"), |_, reply| {
            text(reply, "lastName", |name| name.chars().map(|one| if one.is_ascii() { one } else { '?' }).collect());
        }),
        reply("the first name is answered in the wrong encoding", at!("User/properties/firstName"), |_, reply| {
            // Each byte of the UTF-8 is taken for a character of Latin 1.
            text(reply, "firstName", |name| if name.len() <= 100 { name.bytes().map(char::from).collect() } else { name });
        }),
        reply("the first name is answered with capitals", at!("User/properties/firstName"), |_, reply| {
            text(reply, "firstName", |name| name.to_uppercase().chars().take(100).collect());
        }),
        reply("first and last name are swapped", at!("User/properties/firstName"), |_, reply| {
            user(reply, |user| {
                let names = ["firstName", "lastName"].map(|name| user[name].clone());
                put(user, "lastName", names[0].clone());
                put(user, "firstName", names[1].clone());
            });
        }),
        reply("the day of birth is answered a day late", at!("User/properties/dateOfBirth"), |_, reply| {
            text(reply, "dateOfBirth", |day| {
                let next = day.parse::<chrono::NaiveDate>().ok().and_then(|day| day.succ_opt());
                next.map_or(day, |day| day.format("%Y-%m-%d").to_string())
            });
        }),
        reply("the language is not answered", at!("User/properties/language"), |_, reply| {
            user(reply, |user| drop(user.shift_remove("language")));
        }),
        reply("the address is not answered", at!("User/properties/address"), |_, reply| {
            user(reply, |user| drop(user.shift_remove("address")));
        }),
        reply("address line 2 is not answered", at!("Address/properties/line2"), |_, reply| {
            inside(reply, "address", |address| drop(address.shift_remove("line2")));
        }),
        reply("the industry is answered as another", at!("EmploymentInfo/properties/industry"), |_, reply| {
            inside(reply, "employmentInfo", |info| {
                if info.contains_key("industry") {
                    put(info, "industry", json!("Other"));
                }
            });
        }),
        reply("only the first source of wealth is answered", at!("EmploymentInfo/properties/sourcesOfWealth"), |_, reply| {
            inside(reply, "employmentInfo", |info| put(info, "sourcesOfWealth", json!([info["sourcesOfWealth"][0]])));
        }),
        reply("sources of wealth are answered in another order", at!("EmploymentInfo/properties/sourcesOfWealth"), |_, reply| {
            inside(reply, "employmentInfo", |info| {
                if let Some(Value::Array(sources)) = info.get_mut("sourcesOfWealth") {
                    sources.reverse();
                }
            });
        }),
        reply("the nationality is not among the nationalities", at!("User/properties/nationalities"), |_, reply| {
            user(reply, |user| {
                if user.contains_key("nationalities") {
                    put(user, "nationalities", json!([]));
                }
            });
        }),
        reply("nationalities are those of the residency", at!("User/properties/nationalities"), |_, reply| {
            user(reply, |user| put(user, "nationalities", json!([user["residencyCountry"]])));
        }),
        reply("Location is missing", LOCATION, |_, reply| drop(reply.headers.remove("location"))),
        reply("Location is no address", LOCATION, |_, reply| {
            if let Some(location) = reply.headers.get_mut("location") {
                *location = location.replace("/users/", "/users/<id> ");
            }
        }),
        reply("Location is another user's", LOCATION, |_, reply| {
            if let Some(location) = reply.headers.get_mut("location") {
                *location = "/users/000000000000000000000000".to_owned();
            }
        }),
        reply("the request id is missing", REQUEST_ID, |_, reply| drop(reply.headers.remove("x-request-id"))),
        reply("the request id is missing where a request is refused", REQUEST_ID, |_, reply| {
            if reply.status >= 400 {
                reply.headers.remove("x-request-id");
            }
        }),
        reply("the request id is malformed", REQUEST_ID, |_, reply| {
            reply.headers.insert("x-request-id".to_owned(), "request 5 {node 7}".to_owned());
        }),
        reply("a problem has no title", at!("Problem/required"), |_, reply| {
            refused(reply, |problem| drop(problem.shift_remove("title")))
        }),
        reply("a problem says too much", at!("Problem/additionalProperties"), |_, reply| {
            refused(reply, |problem| put(problem, "trace", json!("at line 5")));
        }),
        reply("a problem has an unknown code", at!("ProblemCode/enum"), |_, reply| {
            refused(reply, |problem| put(problem, "code", json!("VALIDATION_FAILED")));
        }),
        reply("a problem's status is a text", at!("Problem/properties/status/type"), |_, reply| {
            refused(reply, |problem| put(problem, "status", json!("400")));
        }),
        reply("a special character breaks the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 201 && any_text(seen, |text| text.contains(['\0', '\'', '\\', '\u{202e}'])), reply);
        }),
        reply("characters beyond the basic plane break the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 201 && any_text(seen, |text| text.chars().any(|one| one > '\u{ffff}')), reply);
        }),
        reply("a very long text breaks the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 201 && any_text(seen, |text| text.len() > 1000), reply);
        }),
        reply("the property __proto__ breaks the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 400 && String::from_utf8_lossy(&seen.bytes).contains("__proto__"), reply);
        }),
        reply("a body that is no object breaks the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 400 && seen.body.as_ref().is_some_and(|body| !body.is_object()), reply);
        }),
        reply("a user without the optional breaks the server", "no-server-error", |seen, reply| {
            break_if(reply.status == 201 && seen.body.as_ref().is_some_and(|body| body.get("employmentInfo").is_none()), reply);
        }),
    ]
}

fn created(reply: &mut Reply, change: impl Fn(&mut Reply)) {
    if reply.status == 201 {
        change(reply);
    }
}

/// Changes the user in an answer of success.
fn user(reply: &mut Reply, change: impl Fn(&mut Map<String, Value>)) {
    if reply.status == 201
        && let Some(user) = reply.object()
    {
        change(user);
    }
}

fn refused(reply: &mut Reply, change: impl Fn(&mut Map<String, Value>)) {
    if reply.status == 400
        && let Some(problem) = reply.object()
    {
        change(problem);
    }
}

fn inside(reply: &mut Reply, name: &str, change: impl Fn(&mut Map<String, Value>)) {
    user(reply, |user| {
        if let Some(Value::Object(object)) = user.get_mut(name) {
            change(object);
        }
    });
}

fn text(reply: &mut Reply, name: &str, change: impl Fn(String) -> String) {
    user(reply, |user| {
        if let Some(Value::String(text)) = user.get_mut(name) {
            *text = change(std::mem::take(text));
        }
    });
}

fn times(reply: &mut Reply, change: fn(String) -> String) {
    text(reply, "createdAt", change);
    text(reply, "updatedAt", change);
}

fn put(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.insert(name.to_owned(), value);
}

fn said_to_be(reply: &mut Reply, media_type: &str) {
    reply.headers.insert("content-type".to_owned(), media_type.to_owned());
}

fn any_text(seen: &Seen, test: fn(&str) -> bool) -> bool {
    fn any(value: &Value, test: fn(&str) -> bool) -> bool {
        match value {
            Value::String(text) => test(text),
            Value::Array(items) => items.iter().any(|item| any(item, test)),
            Value::Object(object) => object.values().any(|value| any(value, test)),
            _ => false,
        }
    }
    seen.body.as_ref().is_some_and(|body| any(body, test))
}
