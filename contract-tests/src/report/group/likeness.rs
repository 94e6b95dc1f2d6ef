//! What causes have in common that are one mistake of the server in all likelihood.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

use super::{
    cause,
    said::{exception, gist, is_crash, json, names_exception, normalised, query_of, says_more_than_its_status, texts, without},
    status,
};
use crate::{
    cases::{
        EMPTY_BODY, VALID, WITHOUT_BODY, authentication,
        protocol::{is_no_json, is_of_another_media_type},
    },
    generate::NAMES,
    report::{
        Failure, GONE,
        conversion::{is_converted, is_null, values, wanted_type},
    },
    rules::{self, Level},
    text::word,
};

/// What all failures together say about each.
pub(super) struct Known {
    /// The names that requests had.
    names: BTreeSet<String>,
    /// The operations, each with a place of its requests where anything is accepted.
    unchecked: BTreeSet<(String, String)>,
    /// The operations that let in who has no credentials.
    open: BTreeSet<String>,
    /// What is alike in the answers of so many operations that it is about the server and not about them.
    common: BTreeSet<Vec<String>>,
    /// Whether the server says of its failures what has failed: it does not say the same of all.
    explains: bool,
}

impl Known {
    pub(super) fn of(failures: &[Failure]) -> Self {
        let takes_anything = failures.iter().filter(|failure| {
            failure.rule == rules::INVALID_ACCEPTED.name && failure.promise.ends_with("/type") && !is_converted(failure)
        });
        let of = |failure: &Failure| Some((failure.operation.clone(), failure.place.clone()?));
        let unchecked = takes_anything.filter_map(of).filter(|(_, place)| parameter(place).is_none()).collect();
        let failed = failures.iter().filter(|failure| failure.rule == rules::SERVER_ERROR.name);
        let said: BTreeSet<String> = failed.map(normalised).filter(|said| says_more_than_its_status(said)).collect();
        let lets_in =
            |failure: &&Failure| failure.rule == rules::UNAUTHENTICATED_ACCEPTED.name && authentication::has_none(&failure.title);
        let open = failures.iter().filter(lets_in).flat_map(operations).cloned().collect();
        let mut alike: BTreeMap<Vec<String>, BTreeSet<&String>> = BTreeMap::new();
        for failure in failures {
            if let Some(key) = said_alike(failure) {
                alike.entry(key).or_default().extend(operations(failure));
            }
        }
        let common = alike.into_iter().filter(|(_, operations)| operations.len() >= MANY).map(|(key, _)| key).collect();
        Self { common, open, explains: said.len() > 1, names: failures.iter().flat_map(sent_names).collect(), unchecked }
    }
}

/// In how many operations a failure is the same before it is about the server: what it lacks for its work, or writes everywhere.
const MANY: usize = 4;

/// What a server says when it fails on a valid request, or the media type that it writes though another one is documented.
fn said_alike(failure: &Failure) -> Option<Vec<String>> {
    let said = || normalised(failure);
    let is_telling = |said: &String| says_more_than_its_status(said) && !is_crash(said);
    let key = match failure.rule {
        rule if rule == rules::SERVER_ERROR.name && failure.title.starts_with(VALID) => {
            vec!["lacks".to_owned(), status(failure), Some(said()).filter(is_telling)?]
        }
        rule if rule == rules::RESPONSE_MEDIA_TYPE.name => vec!["written".to_owned(), media_type(failure).to_owned()],
        _ => return None,
    };
    Some(key)
}

/// The media type that an answer has, without its parameters.
fn media_type(failure: &Failure) -> &str {
    failure.detail.split_once(';').map_or(failure.detail.as_str(), |(media_type, _)| media_type)
}

/// What two causes have in common that are one mistake in all likelihood: one of these is enough.
pub(super) fn likenesses(failure: &Failure, known: &Known) -> Vec<Vec<String>> {
    let alike = |parts: &[&str]| -> Vec<String> { [&[failure.rule], parts].concat().into_iter().map(str::to_owned).collect() };
    let said = || (status(failure), normalised(failure));
    let mut all = vec![likeness(failure, known)];
    if failure.rule == rules::RESPONSE_BODY.name {
        if failure.status.is_some_and(|status| status >= 400) {
            // A refusal that is written in another form breaks several rules of the documented one.
            let (status, said) = said();
            all.push(alike(&["refusal", &status, &said]));
        }
        // A schema that several operations share is broken once, wherever it is in their answers.
        if failure.promise.starts_with("/components/") {
            let name = failure.what.rsplit('/').next().unwrap_or_default();
            all.push(alike(&["shared", &failure.promise, name]));
        }
        // Whatever is not of its type at all breaks each part of its schema.
        if failure.promise.ends_with("/type") && failure.detail == "at " {
            all.extend(operations(failure).map(|operation| alike(&[operation, &status(failure), "type"])));
        }
        // One writer of times writes them all.
        if let (true, Some(format)) = (failure.promise.ends_with("/format"), format_of(failure)) {
            let place = failure.detail.strip_prefix("at ").unwrap_or_default();
            let written = values(failure.answer.as_deref(), place);
            all.extend(written.iter().filter_map(Value::as_str).map(|text| alike(&["written", format, &shape(text)])));
        }
    }
    if failure.rule == rules::VALID_REFUSED.name {
        let (status, said) = said();
        // So it is with the same words about a value that they repeat.
        if quotes_what_is_wrong(failure) {
            all.push(alike(&["quoted", &status, &said]));
        }
        // What operations share they refuse for the same reason, when they say the same.
        if failure.promise.starts_with("/components/") {
            all.push(alike(&["shared", &failure.promise, &status, &said]));
        }
        // So it is where nothing but one parameter of the same name was sent.
        if let ([name], None) = (queried(failure).as_slice(), &failure.request) {
            all.push(alike(&["parameter", name, &status, &said]));
        }
    }
    // A strict reader refuses whatever no schema describes, though an open object allows it.
    if failure.rule == rules::VALID_REFUSED.name && refuses_unknown_property(failure) {
        all.push(alike(&["an unknown property"]));
    }
    // A reader that does not expect what is no JSON fails on all of it, and on all of what has another media type.
    if failure.rule == rules::SERVER_ERROR.name && failure.case.contains(":protocol:") {
        let (status, said) = said();
        let readers = [("no json", is_no_json(&failure.title)), ("no media type", is_of_another_media_type(&failure.title))];
        all.extend(readers.iter().filter(|(_, is_it)| *is_it).map(|(reader, _)| alike(&[reader, &status, &said])));
    }
    if failure.rule == rules::SERVER_ERROR.name || failure.rule == rules::VALID_REFUSED.name {
        // One reader of parameters says the same of all of them; formats have readers of their own.
        let (status, said) = said();
        if let Some(name) = of_query(failure).filter(|_| refused_format(failure).is_none()) {
            let of_any = without(&said, &name);
            all.extend((of_any != said).then(|| alike(&["of the query", &status, &of_any])));
        }
    }
    if failure.rule == rules::SERVER_ERROR.name {
        let (status, said) = said();
        // What operations share fails in the same way for one reason.
        if failure.promise.starts_with("/components/") {
            all.push(alike(&["shared", &failure.promise, &failure.title, &status, &said]));
        }
        // So it is with what an operation says of whatever it is asked.
        let gist = gist(failure.answer.as_deref().unwrap_or_default());
        if known.explains && !is_crash(&gist) && says_more_than_its_status(&gist) {
            all.extend(operations(failure).map(|operation| alike(&[operation, "says", &status, &gist])));
        }
    }
    if failure.rule == rules::SERVER_ERROR.name && !failure.title.starts_with(VALID) {
        // One router refuses all methods that an operation does not have.
        if failure.title.ends_with(UNKNOWN_METHOD) {
            all.push(alike(&["no method", &status(failure)]));
        }
        // Who tells the caller what is wrong, but with 5xx, does so wherever that is wrong.
        let said = gist(failure.answer.as_deref().unwrap_or_default());
        if known.explains && !is_crash(&said) && says_more_than_its_status(&said) {
            all.push(alike(&["refuses", &status(failure), &said]));
        }
    }
    if failure.rule == rules::SERVER_ERROR.name {
        let (status, said) = said();
        // A reader that expects a body fails wherever there is none.
        if failure.title == WITHOUT_BODY || WITHOUT_ANY.contains(&failure.title.as_str()) {
            all.push(alike(&["no body", &status]));
        }
        // One check of credentials fails for all operations.
        if failure.case.contains(":authentication:") {
            all.push(alike(&["credentials", &status, &said]));
        }
    }
    all.extend(said_alike(failure).filter(|key| known.common.contains(key)));
    // A server that is busy is so for all that is asked of it.
    if failure.status == Some(503) {
        all.push(vec!["503".to_owned(), normalised(failure)]);
    }
    // What fails in the same way fails for one reason, whatever leads to it.
    if failure.rule == rules::SERVER_ERROR.name && known.explains {
        let (status, said) = said();
        let operations = operations(failure).filter(|_| says_more_than_its_status(&said));
        all.extend(operations.map(|operation| alike(&[operation, "fails", &status, &said])));
    }
    if failure.rule == rules::SERVER_ERROR.name {
        // Who does not expect null expects it nowhere.
        let nothing = failure.request.as_deref().is_some_and(|body| matches!(body.trim(), "" | "null"))
            || failure.place.as_deref().is_some_and(|place| is_null(failure.request.as_deref(), place));
        if let Some(exception) = exception(&normalised(failure)).filter(|_| nothing) {
            all.push(alike(&["null", &status(failure), &exception]));
        }
        // So it is with a server that fails where somebody else would say that something is not there.
        if word::says_missing(&normalised(failure)) {
            all.push(alike(&["missing", &status(failure)]));
        }
    }
    // What does not know a format does not know it in any operation, whatever has it is called.
    if failure.rule == rules::VALID_REFUSED.name
        && let Some((format, said)) = refused_format(failure)
    {
        all.push(alike(&["format", &status(failure), format, &said]));
    }
    // One reader of a type serves all parameters.
    if let (true, Some(place), Some(text)) = (failure.rule == rules::INVALID_ACCEPTED.name, &failure.place, &failure.text)
        && failure.promise.ends_with("/type")
        && parameter(place) == Some(place)
        && let (Some(wanted @ ("boolean" | "integer" | "number")), Some(within)) = (wanted_type(text), place.split('/').nth(1))
    {
        all.push(alike(&["a parameter", within, wanted]));
    }
    // Where anything is accepted, no other rule is checked either.
    if let (true, Some(place)) = (failure.rule == rules::INVALID_ACCEPTED.name, &failure.place)
        && known.unchecked.contains(&(failure.operation.clone(), place.clone()))
    {
        all.push(alike(&[&failure.operation, "anything", place]));
    }
    // Who lets in anybody lets in whoever has bad credentials.
    let lets_in = failure.case.contains(":authentication:") && failure.status.is_some_and(|status| status < 400);
    if lets_in && failure.level == Level::Error && operations(failure).all(|operation| known.open.contains(operation)) {
        all.push(vec!["anybody".to_owned()]);
    }
    // Who refuses bad credentials with another status does so whatever is bad about them, and who reads one of several, any of them.
    if failure.rule == rules::AUTHENTICATION_STATUS.name {
        all.push(alike(&[&failure.status.filter(|status| *status >= 400).map_or("let in".to_owned(), |it| it.to_string())]));
    }
    // A server that answers with another value than was sent does so wherever the value is of the same name.
    if failure.rule == rules::ECHO.name {
        all.push(alike(&["named", &failure.what]));
    }
    all
}

/// The operations that a failure is about.
pub(super) fn operations(failure: &Failure) -> impl Iterator<Item = &String> {
    std::iter::once(&failure.operation).chain(&failure.also)
}

/// A text with all digits and all letters written alike.
fn shape(text: &str) -> String {
    let alike = |letter: char| match letter {
        '0'..='9' => '0',
        letter if letter.is_alphabetic() => 'a',
        other => other,
    };
    text.chars().map(alike).collect()
}

/// The one of them that each failure has.
fn likeness(failure: &Failure, known: &Known) -> Vec<String> {
    let alike = |parts: &[&str]| -> Vec<String> { [&[failure.rule], parts].concat().into_iter().map(str::to_owned).collect() };
    let status = status(failure);
    let keyword = failure.promise.rsplit('/').find(|segment| segment.parse::<usize>().is_err()).unwrap_or_default();
    let is = |rules: &[&rules::Rule]| rules.iter().any(|known| known.name == failure.rule);
    if is(&[&rules::INVALID_ACCEPTED]) {
        // A parameter that is read without a check breaks all its rules.
        return match failure.place.as_deref().and_then(parameter) {
            // What several operations call the same they read the same way.
            Some(parameter) => alike(&[parameter]),
            // One reader of bodies serves all operations.
            None if is_converted(failure) => alike(&["", "", "converted"]),
            // It takes nothing for what is left out.
            None if keyword == "type"
                && failure.place.as_deref().is_some_and(|place| is_null(failure.request.as_deref(), place)) =>
            {
                alike(&["", "", "null"])
            }
            // It takes `$` for the end of a line, too, whatever the pattern.
            None if keyword == "pattern" && ends_with_line(failure) => alike(&["", "", "line"]),
            // It has one check for each format.
            None if keyword == "format" && broken_keyword(failure).is_none() => {
                alike(&["", "", "format", format_of(failure).unwrap_or(&failure.operation)])
            }
            // One reader of bodies accepts an empty body for all operations.
            None if failure.promise.ends_with("/requestBody/required") || WITHOUT_ANY.contains(&failure.title.as_str()) => {
                alike(&["", "", EMPTY_BODY])
            }
            // It ignores what it does not know, whatever the operation.
            None if keyword == "additionalProperties" => alike(&["", "", keyword]),
            // Each branch of a choice is broken where the choice is.
            None => alike(&[&failure.operation, "", broken_keyword(failure).unwrap_or(keyword)]),
        };
    }
    // One writer of errors serves all operations.
    if is(&[&rules::RESPONSE_MEDIA_TYPE]) && failure.status.is_some_and(|status| status >= 400) {
        return alike(&["an error", media_type(failure)]);
    }
    if is(&[&rules::RESPONSE_BODY]) {
        // What is refused is told in one place, whatever the operation and the status.
        if let Some((_, broken)) = failure.what.split_once(" breaks ").filter(|_| failure.status.is_some_and(|it| it >= 400)) {
            return alike(&["", "", broken]);
        }
        // One writer of bodies writes what is not there.
        if NULL_BREAKS.contains(&keyword)
            && failure.detail.strip_prefix("at ").is_some_and(|place| is_null(failure.answer.as_deref(), place))
        {
            return alike(&["", "", "null"]);
        }
        // What bounds a value is forgotten as a whole.
        let place = failure.what.rsplit_once(" at ").map(|(_, place)| place).filter(|_| BOUNDS.contains(&keyword));
        return alike(&[&failure.operation, &status, place.unwrap_or(keyword)]);
    }
    // One writer of errors gives what it refuses one status.
    if is(&[&rules::REFUSAL_STATUS]) && matches!(failure.status, Some(400 | 415 | 422)) {
        return alike(&[&status]);
    }
    if is(&[&rules::REFUSAL_STATUS]) {
        return alike(&[&failure.operation, &failure.what]);
    }
    // One request has ended the server; the others were under way.
    if is(&[&rules::NO_ANSWER]) && failure.what.ends_with(GONE) {
        return alike(&[GONE]);
    }
    // Who cannot read a value cannot read it in any operation.
    if is(&[&rules::NO_ANSWER]) && failure.place.is_some() {
        return alike(&[&failure.what]);
    }
    if is(&[&rules::SERVER_ERROR]) && names_exception(&normalised(failure)) {
        // What stands below the line with the exception is about this request.
        let said = normalised(failure);
        let mut lines = said.split(['\n', '\r']).flat_map(|line| line.split("\\n"));
        return alike(&[&status, lines.find(|line| names_exception(line)).unwrap_or_default()]);
    }
    if is(&[&rules::ECHO, &rules::FOUND_DIFFERS]) {
        return alike(&[&failure.operation]);
    }
    if is(&[&rules::VALID_REFUSED]) {
        let of = if failure.title == WITHOUT_BODY { WITHOUT_BODY } else { &failure.operation };
        // What is wrong with a value of the same name is the same in all operations.
        if failure.title != WITHOUT_BODY && names_what_is_wrong(failure, known) {
            return alike(&[&status, &normalised(failure)]);
        }
        // Tokens of one kind are asked for in one place, and what is left out of a server is left out at once.
        return if matches!(failure.status, Some(401 | 501)) { alike(&[&status]) } else { alike(&[of, &status]) };
    }
    // One reader of bodies serves all operations.
    if is(&[&rules::LENIENT_JSON, &rules::MALFORMED_ACCEPTED, &rules::UNDOCUMENTED_MEDIA_TYPE]) {
        return alike(&[]);
    }
    [vec!["one cause".to_owned()], cause(failure)].concat()
}

/// Whether a request breaks a rule with a text that ends with the end of a line.
fn ends_with_line(failure: &Failure) -> bool {
    let sent = values(failure.request.as_deref(), failure.place.as_deref().unwrap_or_default());
    sent.iter().any(|value| value.as_str().is_some_and(|text| text.ends_with('\n')))
}

/// The titles of what has no body.
const WITHOUT_ANY: [&str; 3] = [EMPTY_BODY, "no body", "no body and no media type"];

/// Keywords that null breaks where it is not allowed.
const NULL_BREAKS: [&str; 5] = ["anyOf", "const", "enum", "oneOf", "type"];

/// Keywords that bound a value.
const BOUNDS: [&str; 9] =
    ["enum", "exclusiveMaximum", "exclusiveMinimum", "format", "maxLength", "maximum", "minLength", "minimum", "pattern"];

/// The keyword that a request breaks as a whole, where the promise is one of its branches.
fn broken_keyword(failure: &Failure) -> Option<&str> {
    let (_, broken) = failure.what.split_once("a request that breaks ")?;
    broken.split(' ').next().filter(|keyword| matches!(*keyword, "anyOf" | "oneOf"))
}

/// The format of a date that a server refuses by its name, and what it says without both.
fn refused_format(failure: &Failure) -> Option<(&'static str, String)> {
    let said = failure.answer.as_deref()?;
    let sent = json(failure.request.as_deref());
    let of_body = sent.as_ref().and_then(Value::as_object).into_iter().flatten();
    let of_body = of_body.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let mut named = of_body
        .chain(query_of(&failure.curl))
        .filter(|(name, value)| said.contains(name.as_str()) && said.contains(value.as_str()));
    named.find_map(|(name, value)| {
        let format = match (DateTime::parse_from_rfc3339(&value), value.parse::<NaiveDate>()) {
            (Ok(_), _) => "date-time",
            (_, Ok(_)) => "date",
            _ => return None,
        };
        Some((format, without(&normalised(failure), &name)))
    })
}

/// The name of the format that a failure is about, as the document has it.
fn format_of(failure: &Failure) -> Option<&str> {
    let text = failure.text.as_deref()?;
    let text =
        text.split_once("format").map_or(text, |(_, rest)| rest).trim_start_matches(|letter: char| !letter.is_alphanumeric());
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '-').next().filter(|name| !name.is_empty())
}

/// What refusals call their own members, whatever was sent.
const OF_ANSWERS: [&str; 10] = ["code", "detail", "details", "error", "errors", "instance", "message", "status", "title", "type"];

/// Whether the server says which value it refuses, or misses: it names what this request had, or another one.
fn names_what_is_wrong(failure: &Failure, known: &Known) -> bool {
    let answer = failure.answer.as_deref().unwrap_or_default();
    let in_path = failure.name.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let texts = texts(failure.answer.as_deref());
    let is_word_of = |text: &str, name: &str| word::find(text, name).next().is_some();
    let is_named = |name: &str| {
        if OF_ANSWERS.contains(&name) { texts.iter().any(|text| is_word_of(text, name)) } else { is_word_of(answer, name) }
    };
    let is_missed = |name: &String| name.len() > 2 && texts.iter().any(|text| is_word_of(text, name));
    sent_names(failure).iter().map(String::as_str).chain(in_path).any(|name| name.len() > 2 && is_named(name))
        || known.names.iter().any(is_missed)
}

/// How refusals say that a property is not known.
const UNKNOWN: [&str; 9] = [
    "additional",
    "no such",
    "not allowed",
    "not known",
    "not permitted",
    "unexpected",
    "unknown",
    "unrecognised",
    "unrecognized",
];

/// Whether a refusal says of a property that the engine made up that it is not known.
fn refuses_unknown_property(failure: &Failure) -> bool {
    let answer = failure.answer.as_deref().unwrap_or_default();
    let said = answer.to_lowercase();
    let quotes = |name: &str| {
        [("\"", "\""), ("\"", "\\"), ("'", "'"), ("`", "`"), ("/", "\"")]
            .iter()
            .any(|(before, after)| answer.contains(&format!("{before}{name}{after}")))
    };
    let sent = json(failure.request.as_deref());
    let mut names = BTreeSet::new();
    collect_names(sent.as_ref(), &mut names);
    UNKNOWN.iter().any(|word| said.contains(word)) && NAMES.iter().any(|name| names.contains(name) && quotes(name))
}

/// The names of all properties of a value.
fn collect_names<'a>(value: Option<&'a Value>, all: &mut BTreeSet<&'a str>) {
    match value {
        Some(Value::Array(items)) => items.iter().for_each(|item| collect_names(Some(item), all)),
        Some(Value::Object(object)) => {
            all.extend(object.keys().map(String::as_str));
            object.values().for_each(|item| collect_names(Some(item), all));
        }
        _ => {}
    }
}

/// Whether the server repeats, in quotes, a text that was sent.
fn quotes_what_is_wrong(failure: &Failure) -> bool {
    let (mut sent, said) = (texts(failure.request.as_deref()), texts(failure.answer.as_deref()));
    sent.extend(query_of(&failure.curl).into_iter().map(|(_, value)| value));
    let is_quoted = |text: &String| {
        let quoted = ["'", "\"", "`"].map(|quote| format!("{quote}{text}{quote}"));
        said.iter().any(|said| quoted.iter().any(|quoted| said.contains(quoted)))
    };
    sent.iter().any(is_quoted)
}

/// How the titles of cases end whose method is none.
const UNKNOWN_METHOD: &str = ", which is not documented";

/// The names of what a request had: of its body where that is an object or a form, and of its query.
fn sent_names(failure: &Failure) -> Vec<String> {
    let sent = json(failure.request.as_deref());
    let form = failure.request.as_deref().filter(|_| sent.is_none()).unwrap_or_default();
    let of_form = form.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name.to_owned());
    let of_body = sent.as_ref().and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone());
    of_body.chain(of_form).chain(queried(failure)).collect()
}

/// The parameter of the query that a failure is about: the one that is broken, or the only one that was sent.
fn of_query(failure: &Failure) -> Option<String> {
    let broken = failure.place.as_deref().and_then(|place| place.strip_prefix("/query/")?.split('/').next());
    let mut sent = queried(failure);
    broken.map(str::to_owned).or_else(|| sent.pop().filter(|_| sent.is_empty() && failure.request.is_none()))
}

/// The names of the parameters in the query of a request.
fn queried(failure: &Failure) -> Vec<String> {
    query_of(&failure.curl).into_iter().map(|(name, _)| name).collect()
}

/// The parameter that a place is in.
fn parameter(place: &str) -> Option<&str> {
    let mut slashes = place.match_indices('/').map(|(at, _)| at);
    let _ = slashes.next()?;
    let name = slashes.next()?;
    let known = ["/path", "/query", "/header", "/cookie"].contains(&&place[..name]);
    known.then(|| &place[..slashes.next().unwrap_or(place.len())])
}
