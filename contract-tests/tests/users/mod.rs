//! What no document can say about `POST /users`, as a judge: an example of how to teach the engine one's own API.

use contract_tests::{Exchange, Expect, Finding, equal};
use serde_json::{Value, json};

/// The judge. A 201 says everything that was sent, and what the server adds is as the API's documentation says in words.
pub fn judge(exchange: &Exchange<'_>) -> Vec<Finding> {
    match (&exchange.case.expect, exchange.response.status, exchange.case.instance.as_ref(), exchange.body) {
        (Expect::Success, 201, Some(sent), Some(user)) if exchange.operation.id == "createUser" => {
            created(exchange, &sent["body"], user)
        }
        (Expect::Refusal(_), 400, Some(sent), Some(problem)) => refused(&sent["body"], problem),
        _ => Vec::new(),
    }
}

fn created(exchange: &Exchange<'_>, sent: &Value, user: &Value) -> Vec<Finding> {
    let schema = "/components/schemas/User/properties";
    let mut findings = Vec::new();
    for (name, value) in sent.as_object().into_iter().flatten() {
        // One citizenship is sent, a list is answered.
        let (name, value) =
            if name == "nationality" { ("nationalities", json!([value])) } else { (name.as_str(), value.clone()) };
        if !user.get(name).is_some_and(|answered| equal(answered, &value)) {
            findings.push(Finding::new(format!("{schema}/{name}"), format!("the answer does not say the {name} that was sent")));
        }
    }
    for name in user.as_object().into_iter().flatten().map(|(name, _)| name.as_str()) {
        let made = ["id", "portfolios", "createdAt", "updatedAt"].contains(&name);
        let sent_as = if name == "nationalities" { "nationality" } else { name };
        if !made && sent.get(sent_as).is_none() {
            findings.push(Finding::new(format!("{schema}/{name}"), format!("the answer says a {name} that was not sent")));
        }
    }
    if user["portfolios"] != json!([]) {
        findings.push(Finding::new(format!("{schema}/portfolios"), "a new user has portfolios"));
    }
    if user["createdAt"] != user["updatedAt"] {
        findings.push(Finding::new(format!("{schema}/updatedAt"), "a new user has been changed since it was created"));
    }
    let location = exchange.response.header("location").unwrap_or_default();
    if location != format!("/users/{}", user["id"].as_str().unwrap_or_default()) {
        let at = "/paths/~1users/post/responses/201/headers/Location";
        findings.push(Finding::new(at, "Location is not that of the new user").with(location));
    }
    findings
}

/// Shorter values may stand in any message by chance.
const TELLING: usize = 12;

/// A message never repeats a submitted value.
fn refused(sent: &Value, problem: &Value) -> Vec<Finding> {
    let mut messages: Vec<&str> =
        problem["errors"].as_array().into_iter().flatten().filter_map(|e| e["message"].as_str()).collect();
    messages.extend(problem["message"].as_str());
    let mut values = Vec::new();
    texts(sent, &mut values);
    let repeats = messages.iter().any(|message| values.iter().any(|value| value.len() >= TELLING && message.contains(value)));
    let at = "/components/schemas/Violation/properties/message";
    if repeats { vec![Finding::new(at, "a message repeats a submitted value")] } else { Vec::new() }
}

fn texts<'a>(value: &'a Value, all: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => all.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, all)),
        Value::Object(object) => object.values().for_each(|item| texts(item, all)),
        _ => {}
    }
}
