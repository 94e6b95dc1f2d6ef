//! What the servers of a document put before its paths.

use serde_json::Value;

/// The URLs that a server has with each value of its variables, that with the defaults first (OpenAPI 3.1, section 4.8.6).
fn urls(server: &Value) -> Vec<String> {
    let mut urls: Vec<String> = server.get("url").and_then(Value::as_str).into_iter().map(str::to_owned).collect();
    for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
        let placeholder = format!("{{{name}}}");
        let values = variable.get("enum").and_then(Value::as_array).into_iter().flatten();
        let values: Vec<&str> = variable.get("default").into_iter().chain(values).filter_map(Value::as_str).collect();
        let values = if values.is_empty() { vec![""] } else { values };
        let many = urls.len() * values.len() > MAX_URLS;
        let values = if many { &values[..1] } else { &values };
        urls = values.iter().flat_map(|value| urls.iter().map(|url| url.replace(&placeholder, value))).collect();
    }
    urls
}

/// More URLs than this are not told apart.
const MAX_URLS: usize = 256;

/// The path of a URL, without the slash at its end. One that begins with `//` has a host, too (RFC 3986, section 4.2).
fn path(url: &str) -> String {
    let with_host = url.split_once("://").map(|(_, rest)| rest).or_else(|| url.strip_prefix("//"));
    let after_host = with_host.map_or(url, |rest| rest.find('/').map_or("", |at| &rest[at..]));
    let path = after_host.trim_matches('/');
    if path.is_empty() { String::new() } else { format!("/{path}") }
}

/// The paths of the servers in a list, where there is one with something in it.
fn paths(document: &Value, list: &str) -> Option<Vec<String>> {
    let mut all: Vec<String> = Vec::new();
    for path in document.pointer(list)?.as_array()?.iter().flat_map(urls).map(|url| path(&url)) {
        if !all.contains(&path) {
            all.push(path);
        }
    }
    (!all.is_empty()).then_some(all)
}

/// The paths of the servers of the whole document.
pub(crate) fn of_document(document: &Value) -> Vec<String> {
    paths(document, "/servers").unwrap_or_else(|| vec![String::new()])
}

/// The paths of the servers that an operation has of its own, or its path item.
pub(crate) fn own(document: &Value, item: &str, operation: &str) -> Option<Vec<String>> {
    paths(document, &format!("{operation}/servers")).or_else(|| paths(document, &format!("{item}/servers")))
}

/// What stands between the URL of the document's server and the path of an operation that has servers of its own, or its path item.
///
/// # Errors
///
/// Why it cannot be told: the URL that is tested stands for the servers of the document, and these are not below them.
pub(crate) fn below(document: &Value, item: &str, operation: &str) -> Result<String, String> {
    let own = own(document, item, operation);
    let (Some(own), of_document) = (own, of_document(document)) else { return Ok(String::new()) };
    let within = |own: &String, around: &String| {
        let rest = own.strip_prefix(around.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
    };
    let found = of_document.iter().find_map(|around| own.iter().find_map(|own| within(own, around)));
    found.ok_or_else(|| {
        let shown = |path: &String| if path.is_empty() { "/".to_owned() } else { path.clone() };
        format!("its own server is at {}, which is not below {}", shown(&own[0]), shown(&of_document[0]))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_operations_own_server_adds_is_found() {
        let with = |document: &[&str], own: Value| {
            let servers: Vec<Value> = document.iter().map(|url| json!({ "url": url })).collect();
            below(&json!({ "servers": servers, "item": { "get": { "servers": own } } }), "/item", "/item/get")
        };
        assert_eq!(with(&["https://a.example/v1"], json!([])), Ok(String::new()));
        assert_eq!(with(&["https://a.example/v1/"], json!([{ "url": "https://b.example/v1" }])), Ok(String::new()));
        assert_eq!(with(&[], json!([{ "url": "https://a.example/v2" }])), Ok("/v2".to_owned()));
        assert_eq!(with(&["//a.example"], json!([{ "url": "https://a.example" }])), Ok(String::new()));
        assert_eq!(with(&["https://a.example/v1"], json!([{ "url": "//a.example/v1/files" }])), Ok("/files".to_owned()));
        let variable = json!([{ "url": "/v1/{part}", "variables": { "part": { "default": "files" } } }]);
        assert_eq!(with(&["/v1"], variable), Ok("/files".to_owned()));
        let elsewhere = with(&["/v1"], json!([{ "url": "/v12" }])).unwrap_err();
        assert_eq!(elsewhere, "its own server is at /v12, which is not below /v1");
    }
}
