//! From the document's words about an operation to what its requests are held to and its answers are made of.

use std::collections::{BTreeMap, BTreeSet};

use hyper::header::HeaderName;
use serde_json::{Map, Value, json};

use crate::{
    document::{Answer, Body, Header, List, Media, Route, ServedOperation, Unservable},
    exchange::is_json,
    list::is_next,
    parameter::{Parameter, Text, is_exploded, separator},
    security::Security,
    template::Template,
    view::{View, escape, followed},
};

/// The route of a path of the document.
pub fn route(requests: &View, answers: &View, path: &str) -> Result<Route, Unservable> {
    let item_at = format!("/paths/{}", escape(path));
    let item = requests.at(&item_at)?;
    let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];
    let fixed = methods.into_iter().filter(|method| item.get(method).is_some());
    let fixed = fixed.map(|method| (format!("{item_at}/{method}"), method.to_uppercase()));
    let others = item.get("additionalOperations").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let others = others.map(|method| (format!("{item_at}/additionalOperations/{}", escape(method)), method.clone()));
    let template = Template::parse(path);
    let below = item_name(&requests.root, path);
    let operations = fixed.chain(others).map(|known| operation(requests, answers, (&item_at, below.clone()), &template, known));
    let operations = operations.collect::<Result<Vec<_>, _>>()?;
    let all = || operations.iter().flat_map(|operation: &ServedOperation| &operation.parameters);
    let template = template.without_pairs(|name| all().any(|parameter| parameter.place == "query" && parameter.name == name));
    Ok(Route { operations, template })
}

/// The name that a path with one segment more has for it.
fn item_name(root: &Value, path: &str) -> Option<String> {
    let segments = |path: &str| -> Vec<String> {
        let path = path.split('?').next().unwrap_or_default();
        path.trim_end_matches('/').split('/').map(str::to_owned).collect()
    };
    let own = segments(path);
    let is_same = |(one, other): (&String, &String)| one == other || one.starts_with('{') && other.starts_with('{');
    root["paths"].as_object().into_iter().flat_map(Map::keys).find_map(|other| {
        let other = segments(other);
        let (last, above) = other.split_last()?;
        let name = last.strip_prefix('{')?.strip_suffix('}').filter(|name| !name.contains(['{', '}']))?;
        (above.len() == own.len() && own.iter().zip(above).all(is_same)).then(|| name.to_owned())
    })
}

fn operation(
    requests: &View,
    answers: &View,
    (item_at, item): (&str, Option<String>),
    template: &Template,
    (at, method): (String, String),
) -> Result<ServedOperation, Unservable> {
    let node = requests.at(&at)?;
    let mut parameters: BTreeMap<(String, String), Parameter> = BTreeMap::new();
    // Those of the operation override those of the path.
    for list_at in [format!("{item_at}/parameters"), format!("{at}/parameters")] {
        let list = requests.root.pointer(&list_at).and_then(Value::as_array).into_iter().flatten();
        for index in 0..list.count() {
            let parameter = Parameter::compile(requests, &format!("{list_at}/{index}"))?;
            // What the document says about these three elsewhere counts (OpenAPI 3.1, section 4.8.12.2.1).
            let reserved = ["accept", "content-type", "authorization"].contains(&parameter.name.to_lowercase().as_str());
            let is_lost = parameter.place == "path" && !item_at.contains(&format!("{{{}}}", escape(&parameter.name)));
            let is_given = parameter.place == "query" && template.gives(&parameter.name);
            if (parameter.place != "header" || !reserved) && !is_lost && !is_given {
                let name = if parameter.place == "header" { parameter.name.to_lowercase() } else { parameter.name.clone() };
                parameters.insert((parameter.place.clone(), name), parameter);
            }
        }
    }
    let names: BTreeSet<(String, String)> = parameters.keys().cloned().collect();
    let body = match node.get("requestBody") {
        Some(_) => {
            let (at, node) = requests.resolve(&format!("{at}/requestBody"))?;
            Some(Body { required: node.get("required") == Some(&json!(true)), media: media(requests, &at)? })
        }
        None => None,
    };
    let may_list = method == "GET" && (item.is_some() || !template.names_one());
    let list = if may_list { list(answers, &at)? } else { None };
    // A path with a name at its end may be of what has others below: `/categories/{team}` beside `/categories/{team}/{category}`.
    let is_collection = item.is_some() && (method == "POST" || list.as_ref().is_some_and(|list| list.property.is_none()));
    let names_one = template.names_one() && !is_collection;
    let list = list.filter(|_| !names_one);
    let statuses = answers.root.pointer(&format!("{at}/responses")).and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let answers = statuses.map(|status| Ok((status.clone(), answer(answers, &format!("{at}/responses/{status}"))?)));
    let security = node.get("security").or_else(|| requests.root.get("security")).and_then(Value::as_array);
    let scheme = |name: &str| {
        let at = format!("/components/securitySchemes/{}", escape(name));
        requests.resolve(&at).map(|(_, scheme)| scheme.clone()).unwrap_or_default()
    };
    let security = security.and_then(|requirements| Security::of(requirements, &scheme));
    let mut unique = BTreeSet::new();
    for media in body.iter().flat_map(|body| &body.media) {
        find_unique(&requests.root, &media.schema, "", 0, &mut unique);
    }
    Ok(ServedOperation {
        pointer: at.clone(),
        method,
        names_one,
        item,
        security,
        parameters: parameters.into_values().map(|parameter| parameter.beside(&names)).collect(),
        body,
        answers: answers.collect::<Result<_, _>>()?,
        unique: unique.into_iter().collect(),
        list,
    })
}

/// The list that the first success of an operation has: the body, or a property of it.
fn list(answers: &View, at: &str) -> Result<Option<List>, Unservable> {
    let responses = answers.root.pointer(&format!("{at}/responses")).and_then(Value::as_object);
    let Some(success) = responses.into_iter().flat_map(Map::keys).find(|status| status.starts_with('2')) else { return Ok(None) };
    let (at, node) = answers.resolve(&format!("{at}/responses/{success}"))?;
    let content = node.get("content").and_then(Value::as_object).and_then(|content| content.iter().next());
    let Some((name, content)) = content else { return Ok(None) };
    if content.get("x-answer").is_some() || content.get("schema").is_none() {
        return Ok(None);
    }
    let (at, schema) = answers.resolve(&format!("{at}/content/{}/schema", escape(name)))?;
    let own = schema.get("items").map(|_| Ok((None, at.clone())));
    let names = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let mut listing = names.clone().map(|name| {
        let (at, property) = answers.resolve(&format!("{at}/properties/{}", escape(name)))?;
        Ok(property.get("items").map(|_| (Some(name.clone()), at)))
    });
    let found = match own {
        Some(own) => Some(own),
        None => listing.find_map(Result::transpose),
    };
    let Some((property, at)) = found.transpose()? else { return Ok(None) };
    let items = format!("{at}/items");
    let item = Media {
        name: String::new(),
        schema: answers.at(&items)?.clone(),
        texts: BTreeMap::new(),
        deep: BTreeMap::new(),
        joined: BTreeMap::new(),
        validator: answers.validator(&items)?,
        result: None,
        example: None,
        wanted: None,
    };
    Ok(Some(List { property, next: names.into_iter().find(|name| is_next(name)).cloned(), item }))
}

/// The properties that a schema names, also in the parts of an `allOf`.
pub fn find_properties<'a>(root: &'a Value, schema: &'a Value, depth: usize, found: &mut Vec<(&'a String, &'a Value)>) {
    let schema = followed(root, schema);
    found.extend(schema.get("properties").and_then(Value::as_object).into_iter().flatten());
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten().filter(|_| depth < 4) {
        find_properties(root, part, depth + 1, found);
    }
}

/// The types that a schema speaks of, also in its branches.
pub fn types(root: &Value, schema: &Value, depth: usize) -> BTreeSet<String> {
    let schema = followed(root, schema);
    let mut found: BTreeSet<String> = match schema.get("type") {
        Some(Value::String(one)) => [one.clone()].into(),
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    };
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
    if found.is_empty() {
        found.extend(listed.map(|value| type_name(value).to_owned()));
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let branches = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
        found.extend(branches.filter(|_| depth < 4).flat_map(|branch| types(root, branch, depth + 1)));
    }
    found
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn answer(view: &View, at: &str) -> Result<Answer, Unservable> {
    let (at, node) = view.resolve(at)?;
    let names = node.get("headers").and_then(Value::as_object).into_iter().flat_map(|headers| headers.keys());
    let headers = names.map(|name| {
        let (at, node) = view.resolve(&format!("{at}/headers/{}", escape(name)))?;
        name.parse::<HeaderName>().map_err(|_| Unservable(format!("{name:?} is not the name of a header")))?;
        let content = node.get("content").and_then(Value::as_object).and_then(|content| content.keys().next());
        let schema_at = match content {
            Some(media_type) => format!("{at}/content/{}/schema", escape(media_type)),
            None => format!("{at}/schema"),
        };
        let schema = view.root.pointer(&schema_at).cloned().unwrap_or_default();
        let (wanted, is_json) = (node.get("x-answer").cloned(), content.is_some_and(|media_type| is_json(media_type)));
        Ok(Header { name: name.clone(), wanted, schema, is_json, validator: view.validator(&schema_at)? })
    });
    Ok(Answer { headers: headers.collect::<Result<_, _>>()?, media: media(view, &at)? })
}

fn media(view: &View, at: &str) -> Result<Vec<Media>, Unservable> {
    let root = &view.root;
    let node = view.at(at)?;
    let contents = node.get("content").and_then(Value::as_object).into_iter().flatten();
    let compiled = contents.map(|(name, content)| {
        let content_at = format!("{at}/content/{}", escape(name));
        let schema = content.get("schema").cloned().unwrap_or(json!(true));
        let examples = content.get("examples").and_then(Value::as_object).and_then(|examples| examples.values().next());
        let mut properties = Vec::new();
        find_properties(root, &schema, 0, &mut properties);
        let is_deep = |name: &str| content["encoding"][name]["style"] == "deepObject";
        let deep = properties.iter().filter(|(name, _)| is_deep(name)).map(|(name, schema)| {
            let mut inner = Vec::new();
            find_properties(root, schema, 0, &mut inner);
            ((*name).clone(), inner.into_iter().map(|(name, schema)| (name.clone(), Text::of(root, schema))).collect())
        });
        let deep = deep.collect();
        let joined = properties.iter().filter_map(|(name, schema)| {
            let encoding = &content["encoding"][*name];
            let style = encoding["style"].as_str().unwrap_or("form");
            let between = separator(style, is_exploded(encoding, style))?;
            let mut inner = Vec::new();
            find_properties(root, schema, 0, &mut inner);
            let known = inner.into_iter().map(|(name, schema)| (name.clone(), Text::of(root, schema))).collect();
            Some(((*name).clone(), (between, known)))
        });
        let joined = joined.collect();
        Ok(Media {
            name: name.to_lowercase(),
            deep,
            joined,
            texts: properties.into_iter().map(|(name, schema)| (name.clone(), Text::of(root, schema))).collect(),
            validator: view.validator(&format!("{content_at}/schema"))?,
            result: content.get("x-result").map(|_| view.validator(&format!("{content_at}/x-result"))).transpose()?,
            wanted: content.get("x-answer").cloned(),
            example: content.get("example").or_else(|| examples.and_then(|example| example.get("value"))).cloned(),
            schema,
        })
    });
    compiled.collect()
}

fn find_unique(root: &Value, schema: &Value, at: &str, depth: usize, found: &mut BTreeSet<String>) {
    if depth > 8 {
        return; // A schema that contains itself.
    }
    if schema.get("x-unique") == Some(&json!(true)) {
        found.insert(at.to_owned());
    }
    let schema = followed(root, schema);
    if schema.get("x-unique") == Some(&json!(true)) {
        found.insert(at.to_owned());
    }
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        find_unique(root, property, &format!("{at}/{}", escape(name)), depth + 1, found);
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for branch in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            find_unique(root, branch, at, depth + 1, found);
        }
    }
}
