//! An operation as a handler that is not written yet, with the enumeration of its answers and what poem-openapi will derive of both.

use openapi_document::pointer::join;
use openapi_server::problem::Code;
use openapi_stub::{
    docs,
    names::{self, Names, ident},
};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::{Value, json};

use super::{
    StubError,
    existing::Existing,
    missing::Operation,
    not_carried,
    types::{Types, comment, described, description, read_back},
};
use crate::lift;

const BY_HAND: &str = "write this operation by hand; CONTRIBUTING.md shows how";

/// What is written for an operation.
pub struct Handler {
    /// The enumeration of its answers.
    pub answers: TokenStream,
    /// The method.
    pub method: TokenStream,
    /// What poem-openapi derives.
    pub derived: Value,
}

/// What the method is given.
#[derive(Default)]
struct Inputs {
    arguments: Vec<TokenStream>,
    /// The names of those that the handler will use.
    names: Vec<Ident>,
}

/// The name of an operation, which its handler is called after.
pub fn id<'d>(operation: &Operation<'d>) -> Result<&'d str, StubError> {
    let hint = "write one: the handler and the function of each client are called after it";
    operation.json["operationId"].as_str().ok_or_else(|| not_carried(&operation.pointer, "has no operationId", hint))
}

/// The only tag of an operation, which its file is called after.
pub fn tag<'d>(operation: &Operation<'d>) -> Result<&'d str, StubError> {
    match operation.json["tags"].as_array().map(Vec::as_slice) {
        Some([Value::String(tag)]) => Ok(tag),
        _ => Err(not_carried(
            &join(&operation.pointer, "tags"),
            "is not one tag",
            "write one: the handler goes into the file of its tag",
        )),
    }
}

/// The handler of an operation.
pub fn handler(operation: &Operation<'_>, types: &mut Types<'_>, existing: &Existing) -> Result<Handler, StubError> {
    let id = id(operation)?;
    let mut derived = json!({ "tags": operation.json["tags"], "operationId": id, "responses": {} });
    let docs = summary(operation, &mut derived);
    let mut inputs = Inputs::default();
    caller(operation, types, existing, &mut inputs, &mut derived)?;
    parameters(operation, types, &mut inputs, &mut derived)?;
    body(operation, types, &mut inputs, &mut derived)?;
    let answers_name = format_ident!("{}Response", names::of_type(id));
    let answers = answers(operation, types, &answers_name, &mut derived)?;

    let path = route(operation)?;
    let (method, function) = (operation.method, ident(&names::of_value(id)));
    let Inputs { arguments, names } = inputs;
    let unused = match names.as_slice() {
        [] => None,
        [name] => Some(quote!(let _ = #name;)),
        names => Some(quote!(let _ = (#(#names),*);)),
    };
    // Clippy counts `self` too.
    let many = (arguments.len() >= 7).then(|| quote!(#[allow(clippy::too_many_arguments, reason = "the document has so many")]));
    for path in ["poem::Result", "openapi_server::problem::Problem", "openapi_server::problem::Code"] {
        types.import(path);
    }
    let message = format!("{id} is not written yet.");
    let method = quote! {
        #docs
        #many
        #[oai(path = #path, method = #method, operation_id = #id)]
        async fn #function(&self, #(#arguments),*) -> Result<#answers_name> {
            #unused
            Ok(#answers_name::NotWritten(Problem::new(Code::NotImplemented).message(#message)))
        }
    };
    Ok(Handler { answers, method, derived })
}

/// The comment: the first paragraph is the summary.
fn summary(operation: &Operation<'_>, derived: &mut Value) -> TokenStream {
    let mut lines = comment(operation.json["summary"].as_str().unwrap_or_default());
    docs::paragraph(&mut lines, description(operation.json));
    let text = read_back(&lines);
    match text.split_once("\n\n") {
        Some((summary, description)) => {
            derived["summary"] = json!(summary);
            derived["description"] = json!(description);
        }
        None if !text.is_empty() => derived["summary"] = json!(text),
        None => {}
    }
    docs::attributes(&lines)
}

/// The path as poem writes it: `/users/{userId}` is `/users/:userId`.
fn route(operation: &Operation<'_>) -> Result<String, StubError> {
    let segments =
        operation.path.split('/').map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if !name.contains(['{', '}']) => Some(format!(":{name}")),
            _ => (!segment.contains(['{', '}', ':', '*', '<'])).then(|| segment.to_owned()),
        });
    let segments: Option<Vec<_>> = segments.collect();
    let why = "a parameter is a whole segment of a path, or the path is none for poem-openapi";
    segments.map(|segments| segments.join("/")).ok_or_else(|| not_carried(&join("/paths", operation.path), why, BY_HAND))
}

/// Who may call it.
fn caller(
    operation: &Operation<'_>,
    types: &mut Types<'_>,
    existing: &Existing,
    inputs: &mut Inputs,
    derived: &mut Value,
) -> Result<(), StubError> {
    let Some(security) = operation.json.get("security") else { return Ok(()) };
    let pointer = join(&operation.pointer, "security");
    let requirement = security.as_array().and_then(|all| match all.as_slice() {
        [only] => only.as_object().filter(|schemes| schemes.len() == 1)?.get("bearerAuth")?.as_array(),
        _ => None,
    });
    let Some(scopes) = requirement else {
        let hint = "write `security: [{ bearerAuth: [\"…\"] }]`, or leave it out where everybody may call it";
        return Err(not_carried(&pointer, "is not one requirement of bearerAuth", hint));
    };
    let mut attributes = Vec::new();
    for scope in scopes.iter().filter_map(Value::as_str) {
        let Some((path, variant)) = existing.scopes.get(scope) else {
            let hint = "add it to the enumeration of scopes, `Scope` in src/api/users/mod.rs";
            return Err(not_carried(&pointer, format!("the code has no scope {scope}"), hint));
        };
        types.uses.insert(path.clone());
        let scope = format!("{}::{variant}", path.last().map_or("", String::as_str));
        attributes.push(quote!(scope = #scope));
    }
    types.import("super::Authorized");
    let attribute = (!attributes.is_empty()).then(|| quote!(#[oai(#(#attributes),*)]));
    inputs.arguments.push(quote!(#attribute _caller: Authorized));
    derived["security"] = json!([{ "bearerAuth": scopes }]);
    Ok(())
}

fn parameters(
    operation: &Operation<'_>,
    types: &mut Types<'_>,
    inputs: &mut Inputs,
    derived: &mut Value,
) -> Result<(), StubError> {
    let mut taken = Names::taken(&["_caller", "body", "self"]);
    let mut list = Vec::new();
    for (index, parameter) in operation.json["parameters"].as_array().into_iter().flatten().enumerate() {
        let pointer = format!("{}/parameters/{index}", operation.pointer);
        let text = |name: &str| parameter.get(name).and_then(Value::as_str);
        let (Some(name), Some(place), true) = (text("name"), text("in"), parameter.get("schema").is_some()) else {
            let why = "is a reference, or has no schema: poem-openapi has only parameters with one, each in its operation";
            return Err(not_carried(&pointer, why, "write it out in the operation"));
        };
        let extractor = match place {
            "path" => "InPath",
            "query" => "InQuery",
            "header" => "InHeader",
            _ => {
                return Err(not_carried(&join(&pointer, "in"), format!("a {place} has no extractor in openapi-server"), BY_HAND));
            }
        };
        types.import(&format!("openapi_server::{extractor}"));
        let typed = types.at(&join(&pointer, "schema"))?;
        let is_required = parameter.get("required") == Some(&Value::Bool(true));
        let field = taken.unique(names::of_value(name), "_");
        let attribute = typed.attribute((field != name).then(|| quote!(name = #name)));
        let (field, extractor, kind) = (ident(&field), ident(extractor), typed.optional(!is_required));
        let lines = description(parameter);
        let docs = docs::attributes(&lines);
        inputs.arguments.push(quote!(#docs #attribute #extractor(#field): #extractor<#kind>));
        inputs.names.push(field);
        let required = is_required && !typed.nullable;
        list.push(described(json!({ "name": name, "schema": typed.derived, "in": place, "required": required }), &lines));
    }
    if !list.is_empty() {
        derived["parameters"] = json!(list);
    }
    Ok(())
}

fn body(operation: &Operation<'_>, types: &mut Types<'_>, inputs: &mut Inputs, derived: &mut Value) -> Result<(), StubError> {
    let Some(body) = operation.json.get("requestBody") else { return Ok(()) };
    let pointer = join(&operation.pointer, "requestBody");
    if body.get("required") != Some(&Value::Bool(true)) {
        return Err(not_carried(
            &pointer,
            "is not required: a handler has a body or none",
            "write `required: true`, or leave it out",
        ));
    }
    let content: Vec<_> = body["content"].as_object().into_iter().flatten().map(|(media_type, _)| media_type.as_str()).collect();
    let [media_type @ ("application/json" | "application/merge-patch+json")] = content.as_slice() else {
        let why = "is neither application/json alone nor application/merge-patch+json alone";
        return Err(not_carried(&join(&pointer, "content"), why, BY_HAND));
    };
    let typed = types.at(&format!("{}/schema", join(&join(&pointer, "content"), media_type)))?;
    let kind = typed.optional(false);
    inputs.arguments.push(if *media_type == "application/json" {
        types.import("openapi_server::Json");
        quote!(Json(body): Json<#kind>)
    } else {
        types.import("openapi_server::MergePatch");
        quote!(body: MergePatch<#kind>)
    });
    inputs.names.push(ident("body"));
    derived["requestBody"] = json!({ "content": { *media_type: { "schema": typed.without_rules() } }, "required": true });
    Ok(())
}

/// The answers that are the operation's own.
fn answers(
    operation: &Operation<'_>,
    types: &mut Types<'_>,
    name: &Ident,
    derived: &mut Value,
) -> Result<TokenStream, StubError> {
    let shared = shared(operation);
    let (mut variants, mut has_body) = (Vec::new(), false);
    for (status, response) in operation.json["responses"].as_object().into_iter().flatten() {
        if shared.get(status) == Some(response) {
            continue;
        }
        let pointer = join(&join(&operation.pointer, "responses"), status);
        let Some(number) = status.parse::<u16>().ok().filter(|number| (200..600).contains(number)) else {
            return Err(not_carried(&pointer, "is not one status", "name each status that the operation answers"));
        };
        let Some((resolved, at)) = types.resolved(&pointer) else {
            return Err(not_carried(&pointer, "refers to nothing", "write the component that it refers to"));
        };
        let lines = description(if response.get("description").is_some() { response } else { resolved });
        let code = Code::ALL.into_iter().find(|code| code.status().as_u16() == number);
        let mut fields = Vec::new();
        let mut own = json!({});
        if code.is_some() {
            fields.push(quote!(Problem));
        } else {
            let content = resolved.get("content").and_then(Value::as_object);
            match content.map(|content| content.keys().map(String::as_str).collect::<Vec<_>>()).as_deref() {
                None | Some([]) => {}
                Some(["application/json"]) => {
                    let typed = types.at(&format!("{at}/content/application~1json/schema"))?;
                    let kind = typed.optional(false);
                    types.import("openapi_server::Json");
                    fields.push(quote!(Json<#kind>));
                    has_body = true;
                    own["content"] = json!({ "application/json": { "schema": typed.without_rules() } });
                }
                Some(_) => return Err(not_carried(&join(&at, "content"), "is not application/json alone", BY_HAND)),
            }
            headers(&at, resolved, types, &mut fields, &mut own)?;
        }
        let variant =
            code.map_or_else(|| variant(number), |code| ident(if number == 501 { "NotWritten" } else { code.component() }));
        let docs = docs::attributes(&lines);
        let fields = (!fields.is_empty()).then(|| quote!((#(#fields),*)));
        let number = Literal::u16_unsuffixed(number);
        variants.push(quote!(#docs #[oai(status = #number)] #variant #fields));
        derived["responses"][status] = described(own, &lines);
    }
    if derived["responses"].get("501").is_none() {
        let text = Code::NotImplemented.message();
        let docs = docs::attributes(&[text.to_owned()]);
        variants.push(quote!(#docs #[oai(status = 501)] NotWritten(Problem)));
        derived["responses"]["501"] = json!({ "description": text });
    }
    types.import("poem_openapi::ApiResponse");
    let large = has_body
        .then(|| quote!(#[allow(clippy::large_enum_variant, reason = "there is one per request, and it is returned at once")]));
    let docs = docs::attributes(&[format!("The answers of `{}` that are its own.", id(operation)?.replace('`', ""))]);
    Ok(quote!(#docs #[derive(ApiResponse)] #large pub enum #name { #(#variants,)* }))
}

/// The headers that are the response's own, each a field of its variant.
fn headers(
    at: &str,
    response: &Value,
    types: &mut Types<'_>,
    fields: &mut Vec<TokenStream>,
    derived: &mut Value,
) -> Result<(), StubError> {
    for (name, _) in response["headers"].as_object().into_iter().flatten().filter(|(name, _)| *name != "x-request-id") {
        let pointer = join(&join(at, "headers"), name);
        let Some((header, place)) = types.resolved(&pointer).filter(|(header, _)| header.get("schema").is_some()) else {
            return Err(not_carried(&pointer, "has no schema", "write one: poem-openapi has only headers with a schema"));
        };
        let typed = types.at(&join(&place, "schema"))?;
        if !["string", "integer", "number", "boolean"].iter().any(|kind| typed.derived["type"] == *kind) {
            return Err(not_carried(&pointer, "is neither a text nor a number nor true or false", BY_HAND));
        }
        // A date has no header in poem-openapi; a text has its rules in the refinements.
        let (kind, schema) = match typed.derived.get("format") {
            Some(_) => (quote!(String), json!({ "type": "string" })),
            None => (typed.kind.clone(), json!({ "type": typed.derived["type"] })),
        };
        let is_required = header.get("required") == Some(&Value::Bool(true));
        let kind = if is_required { kind } else { quote!(Option<#kind>) };
        let lines = description(header);
        let docs = docs::attributes(&lines);
        fields.push(quote!(#docs #[oai(header = #name)] #kind));
        let mut own = described(json!({ "schema": schema }), &lines);
        if is_required {
            own["required"] = json!(true);
        }
        derived["headers"][name.to_uppercase()] = own;
    }
    Ok(())
}

/// The responses that the lift adds to this operation.
fn shared(operation: &Operation<'_>) -> Value {
    let mut bare = operation.json.clone();
    bare["responses"] = json!({});
    let mut document = json!({ "paths": { operation.path: { operation.method: bare } } });
    lift::complete(&mut document);
    document["paths"][operation.path][operation.method]["responses"].take()
}

/// A name for a success.
fn variant(status: u16) -> Ident {
    match status {
        200 => ident("Success"),
        201 => ident("Created"),
        202 => ident("Accepted"),
        204 => ident("NoContent"),
        304 => ident("NotModified"),
        other => format_ident!("Status{other}"),
    }
}
