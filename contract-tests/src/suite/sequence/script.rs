//! A sequence as commands for a shell that run one after the other: ids come from the answers, not from the run that found them.

use std::collections::BTreeMap;

use crate::{
    cases::Case,
    openapi::{
        curl,
        request::{Request, Target},
    },
    shell::quote,
    suite::run::Run,
};

/// A request of a sequence.
pub(super) struct Exchange {
    operation: String,
    case: Case,
    /// The resource that its path names.
    item: Option<usize>,
    creates: Option<(usize, Source)>,
    /// The `ETag` of the answer.
    tag: Option<String>,
}

/// Where an answer says what was created.
pub(super) enum Source {
    /// The last segment of `Location`.
    Location,
    /// A property of the body, as `jq` names it.
    Body(String),
    /// Nowhere: the request names it.
    Request,
}

impl Exchange {
    pub fn new(target: &Target, case: &Case, item: Option<usize>) -> Self {
        Self { operation: target.operation.id.clone(), case: case.clone(), item, creates: None, tag: None }
    }

    pub fn creating(self, item: usize, source: Source) -> Self {
        Self { creates: Some((item, source)), ..self }
    }

    pub fn tagged(self, tag: Option<String>) -> Self {
        Self { tag, ..self }
    }

    /// Whether it only looks.
    fn is_look(&self) -> bool {
        self.case.request.method == "GET"
    }
}

/// The commands for these requests. Of those that only look the last counts, and those whose `ETag` is used.
pub(super) fn script(run: &Run<'_>, exchanges: &[Exchange]) -> String {
    let used = |tag: &String| exchanges.iter().any(|exchange| conditions(&exchange.case.request).any(|value| value == tag));
    let mut tags: BTreeMap<&String, String> = BTreeMap::new();
    let mut lines = Vec::new();
    for (index, exchange) in exchanges.iter().enumerate() {
        let own_tag = exchange.tag.as_ref().filter(|tag| used(tag) && !tags.contains_key(tag));
        if exchange.is_look() && index + 1 < exchanges.len() && own_tag.is_none() {
            continue;
        }
        let (request, authorization) = authenticated(run, exchange);
        let mut command = curl::command(run.client().url(), &request, &authorization, true, run.client().header_names());
        let url = request.url(run.client().url());
        if let Some(item) = exchange.item {
            let (before, after) = around_last(&url);
            let variable = format!("\"{}$ID{item}{}\"", escaped(before), escaped(after));
            command = command.replacen(&quote(&url), &variable, 1);
        }
        for (name, value) in &exchange.case.request.headers {
            if let Some(variable) = tags.get(value) {
                command = command.replacen(&quote(&format!("{name}: {value}")), &format!("\"{name}: ${variable}\""), 1);
            }
        }
        lines.push(match (&exchange.creates, own_tag) {
            (Some((item, Source::Location)), _) => {
                format!("ID{item}=$({command} -s | {})", header("[Ll]ocation", r".*/\([^/?]*\)"))
            }
            (Some((item, Source::Body(at))), _) => {
                format!("ID{item}=$({} -s | jq -r {})", command.replacen("curl -i ", "curl ", 1), quote(at))
            }
            (Some((item, Source::Request)), _) => {
                let (before, after) = around_last(&url);
                format!("ID{item}={}\n{command}", quote(&url[before.len()..url.len() - after.len()]))
            }
            (None, Some(tag)) => {
                let variable = format!("ETAG{}", tags.len() + 1);
                let line = format!("{variable}=$({command} -s | {})", header("[Ee][Tt]ag", r"\(.*\)"));
                tags.insert(tag, variable);
                line
            }
            (None, None) => command,
        });
    }
    lines.join("\n")
}

/// The request with what authenticates it.
fn authenticated(run: &Run<'_>, exchange: &Exchange) -> (Request, Vec<String>) {
    let operation = run.prepared.operations.iter().find(|operation| operation.id == exchange.operation);
    let grant = operation.map(|operation| run.grant(operation, &exchange.case.credentials)).unwrap_or_default();
    (grant.apply(exchange.case.request.clone()), grant.authorization)
}

/// The commands that read a header of an answer.
fn header(name: &str, value: &str) -> String {
    format!("tr -d '\\r' | sed -n 's|^{name}: *{value}.*|\\1|p'")
}

fn conditions(request: &Request) -> impl Iterator<Item = &String> {
    let headers = request.headers.iter().filter(|(name, _)| name.to_lowercase().starts_with("if-"));
    headers.map(|(_, value)| value)
}

/// What is before and after the last segment of the path of a URL.
fn around_last(url: &str) -> (&str, &str) {
    let path = url.split('?').next().unwrap_or(url);
    let at = path.rfind('/').map_or(path.len(), |slash| slash + 1);
    (&url[..at], &url[path.len()..])
}

/// A text between the double quotes of a shell.
fn escaped(text: &str) -> String {
    let special = |character: char| matches!(character, '"' | '$' | '`' | '\\');
    text.chars().flat_map(|character| special(character).then_some('\\').into_iter().chain([character])).collect()
}
