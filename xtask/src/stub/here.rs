//! `cargo xtask stub` without `--new`: what the document of this project has and its code lacks, written as handlers to fill in.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

use openapi_document::pointer::{is_within, join, segments};
use openapi_server::problem::Code;
use openapi_stub::names::{never_keyword, of_type, of_value};
use serde_json::{Value, json};
use similar::TextDiff;
use users_api::api;

use super::{
    StubError,
    existing::Existing,
    missing::{self, Operation},
    not_carried, operation,
    refine::{nested, refinements},
    register::registered,
    source::Source,
    types::{Types, comment, read_back},
};
use crate::{drift, lift, spec::SpecError};

/// Where the resources are named.
const MODULES: &str = "src/api/mod.rs";

/// What will be written, and what a person has to do.
#[derive(Debug, Default)]
pub struct Plan {
    /// The files.
    pub changes: Vec<Change>,
    /// What cannot be written without touching what a person has written.
    pub notes: Vec<String>,
}

/// A file that will be written.
#[derive(Debug)]
pub struct Change {
    /// Where, from the root of the project.
    pub path: String,
    /// What is in it; nothing where there is none yet.
    pub before: String,
    /// What will be in it.
    pub after: String,
    /// What is new in it.
    pub what: String,
}

/// The operations of one file.
struct Group<'d> {
    tag: &'d str,
    operations: Vec<Operation<'d>>,
    /// The pointers of the components that the file brings along.
    components: Vec<String>,
    /// The file that has other operations of their path: poem-openapi wants all of them in one `impl`.
    beside: Option<PathBuf>,
}

impl Group<'_> {
    fn schemas(&self) -> Vec<String> {
        let name = |pointer: &String| pointer.strip_prefix("/components/schemas/").and_then(|_| segments(pointer).pop());
        self.components.iter().filter_map(name).collect()
    }

    /// Where in the document that stands which is written.
    fn places(&self) -> Vec<String> {
        self.operations.iter().map(|operation| &operation.pointer).chain(&self.components).cloned().collect()
    }

    fn names(&self) -> String {
        let name = |operation: &Operation<'_>| {
            let id = operation.json["operationId"].as_str().unwrap_or_default();
            format!("{} {} ({id})", operation.method.to_uppercase(), operation.path)
        };
        self.operations.iter().map(name).collect::<Vec<_>>().join(", ")
    }
}

/// Writes what is missing into the project at `root`, whose code this program was built from; gives the lines to print.
///
/// # Errors
///
/// [`StubError`].
pub fn run(root: &Path, document: &Path, dry_run: bool) -> Result<String, StubError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| StubError::File { path, source }
    };
    let text = fs::read_to_string(document).map_err(file(document))?;
    let plan = Plan::new(root, &text)?;
    if !dry_run {
        for change in &plan.changes {
            let path = root.join(&change.path);
            fs::write(&path, &change.after).map_err(file(&path))?;
        }
    }
    Ok(if dry_run { plan.diff() } else { plan.report() })
}

impl Plan {
    /// What to write so that the code has every operation of this document.
    ///
    /// # Errors
    ///
    /// [`StubError`].
    pub fn new(root: &Path, text: &str) -> Result<Self, StubError> {
        let document: Value = serde_saphyr::from_str(text).map_err(|error| StubError::NotYaml(error.to_string()))?;
        let derived = api::derived_document().map_err(SpecError::Derive)?;
        let code = lift::lift(derived.clone(), &api::refinements());
        let missing = missing::operations(&document, &code);
        let existing = Existing::read(root)?;
        let wanted = wanted(&document, &missing);
        let mut groups = groups(&document, &code, missing, &existing)?;
        let mut plan = Self::default();
        let modules = read(root, MODULES)?;
        let mut extended = modules.clone();
        let (mut derived, mut sources) = (derived, Vec::new());
        let mut types_so_far = existing.types.clone();
        for group in &mut groups {
            group.components.retain(|pointer| derived.pointer(pointer).is_none());
            let module = module_of(group, &existing)?;
            let source = source(group, &document, &existing, &mut types_so_far, &module, &mut derived)?;
            sources.push((module, source));
        }
        let places: Vec<String> = groups.iter().flat_map(Group::places).collect();
        let mut found: BTreeMap<String, Value> =
            refinements(&derived, &api::refinements(), &wanted, &places)?.into_iter().collect();
        for (group, (module, mut source)) in groups.iter().zip(sources) {
            for place in group.places() {
                if let Some(refinement) = found.remove(&place) {
                    insert(&mut source.refinements, nested(&place, refinement));
                }
            }
            let path = format!("src/api/{module}.rs");
            if let Some(beside) = &group.beside {
                let file = beside.display();
                let note = format!(
                    "by hand   {file}: it has other operations of this path, so add {}:\n\n{}",
                    group.names(),
                    source.parts()?
                );
                plan.notes.push(note);
                continue;
            }
            let name = source.name.clone();
            plan.changes.push(Change { path, before: String::new(), after: source.file(root)?, what: group.names() });
            match registered(&extended, &module, &name) {
                Some(text) => extended = text,
                None => plan
                    .notes
                    .push(format!("by hand   {MODULES}: add `pub mod {module};`, and `{module}::{name},` to the resources")),
            }
        }
        if extended != modules {
            let added: Vec<_> = extended.lines().filter(|line| !modules.lines().any(|old| old == *line)).map(str::trim).collect();
            let what = added.join(" ");
            plan.changes.push(Change { path: MODULES.to_owned(), before: modules, after: extended, what });
        }
        // What is left differs in code that a person has written.
        let tags = groups.iter().map(|group| join("/tags", group.tag));
        let written: Vec<String> = places.into_iter().chain(tags).collect();
        let is_written = |at: &str| written.iter().any(|place| is_within(at, place) || is_within(place, at));
        let left = drift::differences(&document, &code).into_iter();
        let left = left.filter(|difference| difference.what != drift::ONLY_IN_CODE && !is_written(&difference.pointer));
        plan.notes.extend(left.map(|difference| format!("by hand   {difference}")));
        Ok(plan)
    }

    /// What has been written, and what is left to do.
    pub fn report(&self) -> String {
        let mut lines: Vec<String> = self
            .changes
            .iter()
            .map(|change| {
                let kind = if change.before.is_empty() { "new     " } else { "extended" };
                format!("{kind}  {}: {}", change.path, change.what)
            })
            .collect();
        if lines.is_empty() {
            lines.push("nothing to write: the code has every operation of the document that can be written".to_owned());
        }
        lines.extend(self.notes.iter().cloned());
        lines.join("\n") + "\n"
    }

    /// What would be written.
    pub fn diff(&self) -> String {
        let mut text = String::new();
        for change in &self.changes {
            let diff = TextDiff::from_lines(&change.before, &change.after);
            let old = if change.before.is_empty() { "/dev/null" } else { &change.path };
            let _ = write!(text, "{}", diff.unified_diff().context_radius(3).header(old, &change.path));
        }
        for note in &self.notes {
            let _ = writeln!(text, "{note}");
        }
        if text.is_empty() { self.report() } else { text }
    }
}

/// The document with what need not be written, and with the answer of handlers that are not written yet.
fn wanted(document: &Value, missing: &[Operation<'_>]) -> Value {
    let mut wanted = document.clone();
    for operation in missing {
        if let Some(responses) = wanted.pointer_mut(&join(&operation.pointer, "responses")).and_then(Value::as_object_mut) {
            let code = Code::NotImplemented;
            let reference = format!("#/components/responses/{}", code.component());
            let answer = || json!({ "$ref": reference, "description": code.message() });
            responses.entry(code.status().as_str()).or_insert_with(answer);
        }
    }
    lift::complete(&mut wanted);
    wanted
}

/// The missing operations, those of each file together.
fn groups<'d>(
    document: &'d Value,
    code: &Value,
    missing: Vec<Operation<'d>>,
    existing: &Existing,
) -> Result<Vec<Group<'d>>, StubError> {
    let mut groups: Vec<Group<'d>> = Vec::new();
    for operation in missing {
        let item = &document["paths"][operation.path];
        if let Some(key) =
            ["$ref", "parameters", "servers", "summary", "description"].into_iter().find(|key| item.get(key).is_some())
        {
            let pointer = join(&join("/paths", operation.path), key);
            return Err(not_carried(
                &pointer,
                "poem-openapi has only operations at a path",
                "write it in each operation of the path",
            ));
        }
        if let Some(file) = existing.operations.get(operation::id(&operation)?) {
            let hint = "this program was built before it: run `cargo xtask stub`, which builds it again";
            return Err(not_carried(&operation.pointer, format!("{} has this operation already", file.display()), hint));
        }
        let tag = operation::tag(&operation)?;
        let beside = existing.paths.get(operation.path).cloned();
        let elsewhere = |group: &Group<'_>| group.tag != tag && group.operations.iter().any(|other| other.path == operation.path);
        if groups.iter().any(elsewhere) {
            let why = "another operation of this path has another tag, and all of a path are in one file";
            return Err(not_carried(&join(&operation.pointer, "tags"), why, "give all operations of the path one tag"));
        }
        let components = missing::components(operation.json, document, code);
        match groups.iter_mut().find(|group| group.tag == tag && group.beside == beside) {
            Some(group) => {
                let new = components.into_iter().filter(|pointer| !group.components.contains(pointer)).collect::<Vec<_>>();
                group.components.extend(new);
                group.operations.push(operation);
            }
            None => groups.push(Group { tag, operations: vec![operation], components, beside }),
        }
    }
    Ok(groups)
}

/// The module of a group: that of its tag, or where there is one already, that of its first operation.
fn module_of(group: &Group<'_>, existing: &Existing) -> Result<String, StubError> {
    let is_free = |module: &String| module != "mod" && !existing.modules.contains(module);
    let first = operation::id(&group.operations[0])?;
    let mut names = [group.tag, first].into_iter().map(|name| never_keyword(of_value(name)));
    let hint = "rename the file, or give the operation another operationId";
    names.find(is_free).ok_or_else(|| {
        not_carried(&join(&group.operations[0].pointer, "operationId"), "src/api has a file of this name already", hint)
    })
}

/// The source of a group; what poem-openapi will derive of it is added to the derived document.
fn source(
    group: &Group<'_>,
    document: &Value,
    existing: &Existing,
    known: &mut BTreeMap<String, Vec<String>>,
    module: &str,
    derived: &mut Value,
) -> Result<Source, StubError> {
    let schemas = group.schemas();
    let mut types = Types::new(document, known, &schemas);
    let (mut items, mut answers, mut methods) = (Vec::new(), Vec::new(), Vec::new());
    for operation in &group.operations {
        let handler = operation::handler(operation, &mut types, existing)?;
        answers.push(handler.answers);
        methods.push(handler.method);
        derived["paths"][operation.path][operation.method] = handler.derived;
    }
    // A schema that no type leads to is none that poem-openapi derives: its refinement is all of it.
    let mut written = 0;
    while let Some(schema) = types.asked_for.get(written).cloned() {
        let (item, json) = types.item(&schema)?;
        items.push(item);
        let name = types.name_of(&schema).unwrap_or_default().to_owned();
        known.insert(schema.clone(), vec!["super".to_owned(), module.to_owned(), name]);
        derived["components"]["schemas"][schema] = json;
        written += 1;
    }
    let description = tag(group, document, derived)?;
    let base = of_type(module);
    let is_taken =
        types.uses.iter().any(|path| path.last() == Some(&base)) || schemas.iter().any(|schema| of_type(schema) == base);
    let name = if is_taken { format!("{base}Operations") } else { base };
    let tag = (group.tag.to_owned(), description);
    Ok(Source { tag, name, uses: types.uses, types: items, answers, methods, refinements: json!({}) })
}

/// The description of the tag in the document; a tag that is new is added to the derived document.
fn tag(group: &Group<'_>, document: &Value, derived: &mut Value) -> Result<Option<String>, StubError> {
    let mut listed = document["tags"].as_array().into_iter().flatten().enumerate();
    let found = listed.find(|(_, tag)| tag["name"] == group.tag);
    if let Some((index, tag)) = found
        && let Some(key) = tag.as_object().and_then(|tag| tag.keys().find(|key| !["name", "description"].contains(&key.as_str())))
    {
        let pointer = join(&format!("/tags/{index}"), key);
        return Err(not_carried(&pointer, "a refinement cannot reach into the list of tags", "leave it out"));
    }
    let description = found.and_then(|(_, tag)| tag["description"].as_str()).map(str::to_owned);
    let Some(tags) = derived["tags"].as_array_mut() else { return Ok(description) };
    if tags.iter().all(|tag| tag["name"] != group.tag) {
        let mut tag = json!({ "name": group.tag });
        if let Some(description) = &description {
            tag["description"] = json!(read_back(&comment(description)));
        }
        tags.push(tag);
    }
    Ok(description)
}

/// Puts one object into another. Unlike a merge it keeps `null`, which a refinement needs.
fn insert(into: &mut Value, value: Value) {
    match (into, value) {
        (Value::Object(into), Value::Object(value)) => {
            for (key, value) in value {
                insert(into.entry(key).or_insert_with(|| json!({})), value);
            }
        }
        (into, value) => *into = value,
    }
}

fn read(root: &Path, path: &str) -> Result<String, StubError> {
    let path = root.join(path);
    fs::read_to_string(&path).map_err(|source| StubError::File { path, source })
}
