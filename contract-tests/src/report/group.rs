//! One entry for one cause: failures that a single mistake of the server explains are put together.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry},
};

use chrono::{DateTime, NaiveDate};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{
    Failure, GONE,
    conversion::{is_converted, is_null, values, wanted_type},
};
use crate::{
    cases::{
        EMPTY_BODY, WITHOUT_BODY, authentication,
        protocol::{is_no_json, is_of_another_media_type},
    },
    generate::NAMES,
    rules::{self, Level, RULES},
};

/// Puts together what has one cause, the worst first. Of each group the first failure is shown, with the count of all and the names
/// of the other operations. What one mistake explains in all likelihood is kept below the failure that most cases found.
pub(crate) fn group(failures: Vec<Failure>) -> Vec<Failure> {
    let mut causes: BTreeMap<Vec<String>, Failure> = BTreeMap::new();
    let failures = without_consequences(failures);
    // Who fails on valid requests fails on each variant of them.
    let on_valid = |failure: &&Failure| [":boundary:", ":random:"].iter().any(|group| failure.case.contains(group));
    let crashes: BTreeSet<Vec<String>> = failures.iter().filter(on_valid).filter_map(crash).collect();
    for failure in failures {
        let known = crash(&failure).filter(|crash| crashes.contains(crash));
        match causes.entry(known.unwrap_or_else(|| cause(&failure))) {
            Entry::Vacant(entry) => drop(entry.insert(failure)),
            Entry::Occupied(mut entry) => {
                let shown = entry.get_mut();
                shown.count += failure.count;
                for operation in std::iter::once(failure.operation).chain(failure.also) {
                    if operation != shown.operation && !shown.also.contains(&operation) {
                        shown.also.push(operation);
                    }
                }
            }
        }
    }
    let mut causes: Vec<Failure> = causes.into_values().collect();
    // No credentials say more than bad ones.
    causes.sort_by_key(|failure| (Reverse(failure.count), !authentication::has_none(&failure.title)));
    let known = Known::of(&causes);
    let mut groups: BTreeMap<usize, Failure> = BTreeMap::new();
    for (group, failure) in connected(causes.iter().map(|failure| likenesses(failure, &known))).into_iter().zip(causes) {
        match groups.entry(group) {
            Entry::Vacant(entry) => drop(entry.insert(failure)),
            Entry::Occupied(mut entry) => entry.get_mut().more.push(failure),
        }
    }
    let mut all: Vec<Failure> = groups.into_values().collect();
    all.sort_by_key(|failure| (failure.level, place(failure.rule), Reverse(failure.total())));
    all
}

/// For each item the number of its group: what has a key in common is in one group, and what has one in common with that.
fn connected(all: impl Iterator<Item = Vec<Vec<String>>>) -> Vec<usize> {
    let mut groups: Vec<usize> = Vec::new();
    let mut first: HashMap<Vec<String>, usize> = HashMap::new();
    for (index, keys) in all.enumerate() {
        groups.push(index);
        for key in keys {
            let (one, other) = (groups[*first.entry(key).or_insert(index)], groups[index]);
            groups.iter_mut().filter(|group| **group == one.max(other)).for_each(|group| *group = one.min(other));
        }
    }
    groups
}

/// Every failure by itself, the opposite of [`group`].
pub(crate) fn single(groups: Vec<Failure>) -> Vec<Failure> {
    let parted = groups.into_iter().flat_map(|mut failure| {
        let more = std::mem::take(&mut failure.more);
        std::iter::once(failure).chain(more)
    });
    parted.collect()
}

/// Without what follows from another failure, such as that who accepts what breaks a rule shows it in later answers.
fn without_consequences(mut failures: Vec<Failure>) -> Vec<Failure> {
    let accepted = failures.iter().filter(|failure| failure.rule == rules::INVALID_ACCEPTED.name);
    let accepted: BTreeSet<String> = accepted.map(|failure| failure.promise.clone()).collect();
    failures.retain(|failure| failure.rule != rules::RESPONSE_BODY.name || !accepted.contains(&failure.promise));
    // Who answers with what is there already says what that is, and not what was sent.
    let same: BTreeSet<String> =
        failures.iter().filter(|it| it.rule == rules::DUPLICATE_ID.name).map(|it| it.operation.clone()).collect();
    failures.retain(|failure| failure.rule != rules::ECHO.name || !same.contains(&failure.operation));
    // What was let in though it is wrong is shown later, and is taken when it is sent again.
    let kept: Vec<Failure> = failures.iter().filter(|failure| failure.rule == rules::INVALID_ACCEPTED.name).cloned().collect();
    failures.retain(|failure| !kept.iter().any(|accepted| is_shown_later(accepted, failure)));
    let is_taken = |failure: &Failure| failure.rule == rules::REFUSAL_STATUS.name && failure.status == Some(409);
    failures.retain(|failure| !is_taken(failure) || !accepted.contains(&failure.promise));
    // What one writer of errors writes wrongly it writes so of paths that are not there, too.
    let written: BTreeSet<String> =
        failures.iter().filter(|it| it.rule == rules::RESPONSE_BODY.name).map(|it| it.promise.clone()).collect();
    failures.retain(|failure| failure.rule != rules::UNDOCUMENTED_PATH.name || !written.contains(&failure.promise));
    failures
}

/// Whether an answer is wrong because a value of the same kind was accepted before, in the same property of a resource of the same
/// collection, or of one around or below it. What was just created has nothing of earlier requests.
fn is_shown_later(accepted: &Failure, shown: &Failure) -> bool {
    let property = |failure: &Failure| Some(failure.promise.rsplit_once("/properties/")?.1.to_owned());
    let (one, other) = (collection(accepted), collection(shown));
    let is_of_collection = one.starts_with(&other) || other.starts_with(&one);
    let place = shown.detail.strip_prefix("at ").unwrap_or_default();
    let of_kind = |value: &Value| std::mem::discriminant(value);
    let sent = || values(accepted.request.as_deref(), accepted.place.as_deref().unwrap_or_default());
    shown.rule == rules::RESPONSE_BODY.name
        && !shown.name.starts_with("POST ")
        && is_of_collection
        && property(accepted).is_some_and(|broken| property(shown) == Some(broken))
        && values(shown.answer.as_deref(), place).iter().any(|found| sent().iter().any(|sent| of_kind(sent) == of_kind(found)))
}

/// The path of an operation up to the resource that it names: `/orgs`, `{}` and `/repos` of `/orgs/{org}/repos/{repo}`.
fn collection(failure: &Failure) -> Vec<&str> {
    let path = failure.name.split_once('/').map_or("", |(_, path)| path);
    let mut segments: Vec<&str> = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect();
    while segments.last().is_some_and(|segment| ["", "{}"].contains(segment)) {
        segments.pop();
    }
    segments
}

/// Where a rule stands among all.
fn place(rule: &str) -> usize {
    RULES.iter().position(|known| known.name == rule).unwrap_or(RULES.len())
}

/// What two failures of a server have in common that have one cause: the operation, and what the server said.
fn crash(failure: &Failure) -> Option<Vec<String>> {
    let words = || vec![failure.rule.to_owned(), failure.operation.clone(), status(failure), normalised(failure)];
    (failure.rule == rules::SERVER_ERROR.name && failure.title != WITHOUT_BODY).then(words)
}

/// What two failures with one cause have in common.
fn cause(failure: &Failure) -> Vec<String> {
    let rule = failure.rule.to_owned();
    let words = |parts: &[&str]| [vec![rule.clone()], parts.iter().map(|part| (*part).to_owned()).collect()].concat();
    let status = status(failure);
    // What the server said tells one of its failures from another, whatever the request was.
    if failure.rule == rules::SERVER_ERROR.name || failure.rule == rules::VALID_REFUSED.name {
        // What is wrong with HTTP or JSON is so for every operation.
        if failure.case.contains(":protocol:") {
            return words(&[&failure.what, &status, &normalised(failure)]);
        }
        // Who wants a body always and does not say so leaves it out of every operation.
        if failure.title == WITHOUT_BODY {
            return words(&[WITHOUT_BODY, &status]);
        }
        // Who wants credentials that the document does not speak of, or is elsewhere, says the same to every operation.
        let of_whole = failure.rule == rules::VALID_REFUSED.name
            && failure.status.is_some_and(|status| !matches!(status, 400 | 409 | 422) && status < 500);
        let operation = if of_whole { "" } else { failure.operation.as_str() };
        return words(&[operation, &status, &normalised(failure)]);
    }
    // Nor is who is let in: one check of tokens serves them all.
    if failure.case.contains(":authentication:") {
        return words(&[&any_success(&failure.what)]);
    }
    if failure.rule == rules::NO_ANSWER.name {
        return words(&[&failure.operation, &normal(&without_url(&failure.detail))]);
    }
    // A schema that several operations share is broken once.
    if failure.promise.starts_with("/components/") {
        return words(&[&failure.promise, &normal(&failure.what)]);
    }
    let of_http = [
        &rules::UNDOCUMENTED_STATUS,
        &rules::UNDOCUMENTED_HTTP_STATUS,
        &rules::AUTHENTICATION_STATUS,
        &rules::REFUSAL_STATUS,
        &rules::CHALLENGE,
        &rules::UNDOCUMENTED_METHOD,
        &rules::ALLOW,
        &rules::UNDOCUMENTED_MEDIA_TYPE,
        &rules::CONTENT_CODING,
        &rules::LENIENT_JSON,
        &rules::MALFORMED_ACCEPTED,
        &rules::HTTP_VARIANT_REFUSED,
        &rules::UNDOCUMENTED_QUERY,
        &rules::UNDOCUMENTED_BODY,
    ];
    // How a server reads HTTP and JSON is one mistake in all of its operations.
    if of_http.iter().any(|known| known.name == failure.rule) {
        return words(&[&any_success(&failure.what)]);
    }
    words(&[&failure.operation, &failure.promise, &failure.what])
}

/// What all failures together say about each.
struct Known {
    /// The names that requests had.
    names: BTreeSet<String>,
    /// The operations, each with a place of its requests where anything is accepted.
    unchecked: BTreeSet<(String, String)>,
    /// The operations that let in who has no credentials.
    open: BTreeSet<String>,
    /// Whether the server says of its failures what has failed: it does not say the same of all.
    explains: bool,
}

impl Known {
    fn of(failures: &[Failure]) -> Self {
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
        Self { open, explains: said.len() > 1, names: failures.iter().flat_map(sent_names).collect(), unchecked }
    }
}

/// What two causes have in common that are one mistake in all likelihood: one of these is enough.
fn likenesses(failure: &Failure, known: &Known) -> Vec<Vec<String>> {
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
    if failure.rule == rules::SERVER_ERROR.name && !failure.title.starts_with(VALID) {
        // One router refuses all methods that an operation does not have.
        if failure.title.ends_with(UNKNOWN_METHOD) {
            all.push(alike(&["no method", &status(failure)]));
        }
        // Who tells the caller what is wrong, but with 5xx, does so wherever that is wrong.
        let said = gist(failure);
        if known.explains && !is_crash(&said) && says_more_than_its_status(&said) {
            all.push(alike(&["refuses", &status(failure), &said]));
        }
    }
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
        if says_missing(&normalised(failure)) {
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
fn operations(failure: &Failure) -> impl Iterator<Item = &String> {
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
        let (media_type, _) = failure.detail.split_once(';').unwrap_or((&failure.detail, ""));
        return alike(&["an error", media_type]);
    }
    if is(&[&rules::RESPONSE_BODY]) {
        // What is refused is told in one place, whatever the operation and the status.
        if let Some((_, broken)) = failure.what.split_once(" breaks ").filter(|_| failure.status.is_some_and(|it| it >= 400)) {
            return alike(&["", "", broken]);
        }
        // One writer of bodies writes what is not there.
        if keyword == "type" && failure.detail.strip_prefix("at ").is_some_and(|place| is_null(failure.answer.as_deref(), place))
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
        // What stands below the first line is about this request.
        let said = normalised(failure);
        return alike(&[&status, said.split(['\n', '\r']).next().unwrap_or_default().split("\\n").next().unwrap_or_default()]);
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

/// Keywords that bound a value.
const BOUNDS: [&str; 9] =
    ["enum", "exclusiveMaximum", "exclusiveMinimum", "format", "maxLength", "maximum", "minLength", "minimum", "pattern"];

/// The keyword that a request breaks as a whole, where the promise is one of its branches.
fn broken_keyword(failure: &Failure) -> Option<&str> {
    let (_, broken) = failure.what.split_once("a request that breaks ")?;
    broken.split(' ').next().filter(|keyword| matches!(*keyword, "anyOf" | "oneOf"))
}

/// What servers say of every failure, such as Werkzeug: “The server encountered an internal error and was unable to complete your
/// request.”
const OF_EVERY_FAILURE: &str = "admin administrator again and application complete condition contact either encountered error failed from has internal later occured occurred \
    overloaded please prevented processing request server something status that the there try unable unexpected was went wrong your";

/// Whether there is more in what a server said than what every failure is called.
fn says_more_than_its_status(said: &str) -> bool {
    let mut texts = Vec::new();
    match serde_json::from_str(said) {
        Ok(answer) => collect(Some(&answer), &mut texts),
        Err(_) => texts.push(said.to_owned()),
    }
    let words = texts.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphabetic()));
    let is_telling = |word: &&str| word.len() > 2 && !OF_EVERY_FAILURE.split(' ').any(|known| word.eq_ignore_ascii_case(known));
    words.filter(is_telling).count() > 1
}

/// Whether a server says which exception it failed with, such as `TypeError`: what has no name of its own may be anything.
fn names_exception(said: &str) -> bool {
    let mut words = said.split(|letter: char| !letter.is_alphanumeric());
    said.contains("Exception") || words.any(|word| word.strip_suffix("Error").is_some_and(|kind| !kind.is_empty()))
}

/// The name of the exception that a server says it failed with.
fn exception(said: &str) -> Option<String> {
    let mut words = said.split(|letter: char| !letter.is_alphanumeric());
    words
        .find(|word| ["Exception", "Error"].iter().any(|kind| word.len() > kind.len() && word.ends_with(kind)))
        .map(str::to_owned)
}

/// Whether a server says that what the request names is not there.
fn says_missing(said: &str) -> bool {
    let said = said.to_lowercase();
    let words = ["does not exist", "doesn't exist", "not found", "cannot find", "could not find", "no such ", "couldn't find"];
    words.iter().any(|word| said.contains(word)) || (said.contains("no ") && said.contains(" found"))
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
    let is_word_of = |text: &str, name: &str| without(text, name) != text;
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

/// How the titles of cases begin whose requests are valid, and end whose method is none.
const VALID: &str = "a valid request";
const UNKNOWN_METHOD: &str = ", which is not documented";

/// The first thing that a server said, without what is in quotes and behind a colon: what was wrong, whatever the operation.
fn gist(failure: &Failure) -> String {
    let said = texts(failure.answer.as_deref());
    let first = said.iter().find(|text| says_more_than_its_status(text)).map(String::as_str).unwrap_or_default();
    let first = first.split([';', '\n']).next().and_then(|first| first.split(": ").next()).unwrap_or_default();
    let unquoted = first.split(['\'', '"', '`']).step_by(2);
    normal(&unquoted.collect::<Vec<_>>().join("…"))
}

/// Whether a server says that it has met something that is not there, which may be anywhere.
fn is_crash(said: &str) -> bool {
    names_exception(said) || ["null", "undefined", "nil ", "NoneType"].iter().any(|nothing| said.contains(nothing))
}

/// The names of what a request had: of its body where that is an object or a form, and of its query.
fn sent_names(failure: &Failure) -> Vec<String> {
    let sent = json(failure.request.as_deref());
    let form = failure.request.as_deref().filter(|_| sent.is_none()).unwrap_or_default();
    let of_form = form.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name.to_owned());
    let of_body = sent.as_ref().and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone());
    of_body.chain(of_form).chain(queried(failure)).collect()
}

/// The names of the parameters in the query of a request.
fn queried(failure: &Failure) -> Vec<String> {
    query_of(&failure.curl).into_iter().map(|(name, _)| name).collect()
}

/// The status of the answer; nothing where there was none.
fn status(failure: &Failure) -> String {
    failure.status.map_or_else(String::new, |status| status.to_string())
}

/// The parameter that a place is in.
fn parameter(place: &str) -> Option<&str> {
    let mut slashes = place.match_indices('/').map(|(at, _)| at);
    let _ = slashes.next()?;
    let name = slashes.next()?;
    let known = ["/path", "/query", "/header", "/cookie"].contains(&&place[..name]);
    known.then(|| &place[..slashes.next().unwrap_or(place.len())])
}

/// A sentence with every status of success written alike.
fn any_success(what: &str) -> String {
    ["200", "201", "202", "204"].iter().fold(what.to_owned(), |what, status| what.replace(&format!("with {status}"), "with 2xx"))
}

/// What the server said, without what differs from request to request.
fn normalised(failure: &Failure) -> String {
    let mut said = failure.answer.clone().unwrap_or_default();
    let sent = json(failure.request.as_deref());
    let mut values = Vec::new();
    collect(sent.as_ref(), &mut values);
    values.extend(in_target(&failure.curl));
    values.extend(path_of(&failure.curl).map(str::to_owned));
    values.sort_by_key(|value| Reverse(value.len()));
    for value in values {
        said = without(&said, &value);
    }
    if query_of(&failure.curl).iter().any(|(_, value)| value.is_empty()) {
        said = said.replace("''", "'…'");
    }
    normal(&without_literals(&said))
}

/// What servers call the kinds of values, and how some write the simple ones: what was sent says which of them is there.
const KINDS: [&str; 16] = [
    "None", "True", "False", "array", "bool", "boolean", "dict", "float", "int", "integer", "list", "null", "number", "object",
    "str", "string",
];

/// What a server said, in which each value that it repeats in its own notation is written alike, and so is each name of the engine's own.
fn without_literals(said: &str) -> String {
    let words = |text: &str| NAMES.iter().chain(&KINDS).fold(without_brackets(text), |text, name| without(&text, name));
    match serde_json::from_str::<Value>(said) {
        Ok(mut answer @ (Value::Array(_) | Value::Object(_))) => {
            each_text(&mut answer, &words);
            answer.to_string()
        }
        // It may have been cut short, in the middle of what it repeats.
        _ => {
            let cuts = REPEATING.iter().filter_map(|name| said.find(&format!("\"{name}\":")));
            words(cuts.min().map_or(said, |at| &said[..at]))
        }
    }
}

/// Changes every text in a value.
fn each_text(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => {
            items.iter_mut().for_each(|item| each_text(item, change));
            items.sort_by_key(Value::to_string); // Some list what is wrong in any order.
        }
        Value::Object(object) => {
            object.retain(|name, _| !REPEATING.contains(&name.as_str()));
            object.values_mut().for_each(|item| each_text(item, change));
        }
        _ => {}
    }
}

/// What servers call the value that they have refused, when they repeat it.
const REPEATING: [&str; 8] =
    ["input", "received", "rejectedValue", "rejected_value", "requestBody", "request_body", "value", "actual"];

/// A text in which everything between brackets or braces that belong together is written alike.
fn without_brackets(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[']) {
        let mut depth = 0;
        let end = rest[at..].char_indices().find(|(_, letter)| {
            depth += match letter {
                '{' | '[' => 1,
                '}' | ']' => -1,
                _ => 0,
            };
            depth == 0
        });
        let Some((length, _)) = end else { break };
        kept.push_str(&rest[..at]);
        kept.push('…');
        rest = &rest[at + length + 1..];
    }
    kept + rest
}

/// A text with every occurrence of a value written alike that is not a part of a word.
fn without(text: &str, value: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        let borders = |neighbour: Option<char>, edge: Option<char>| {
            let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            !is_word(neighbour) || !is_word(edge)
        };
        let last = before.chars().next_back().or_else(|| kept.chars().next_back());
        let is_whole = borders(last, value.chars().next()) && borders(after.chars().next(), value.chars().next_back());
        kept.push_str(before);
        kept.push_str(if is_whole { "…" } else { value });
        rest = after;
    }
    kept + rest
}

/// A body, where it is JSON.
fn json(body: Option<&str>) -> Option<Value> {
    body.and_then(|body| serde_json::from_str(body).ok())
}

/// The texts of a body that is JSON, where they are long enough to be recognised.
fn texts(body: Option<&str>) -> Vec<String> {
    let mut all = Vec::new();
    collect(json(body).as_ref(), &mut all);
    all
}

/// The texts of a value that are long enough to be recognised.
fn collect(value: Option<&Value>, all: &mut Vec<String>) {
    match value {
        Some(Value::String(text)) if text.chars().count() > 3 => all.push(text.clone()),
        Some(Value::Array(items)) => items.iter().for_each(|item| collect(Some(item), all)),
        Some(Value::Object(object)) => object.values().for_each(|item| collect(Some(item), all)),
        _ => {}
    }
}

/// The names and values in the query of a command for curl, decoded.
fn query_of(curl: &str) -> Vec<(String, String)> {
    let query = curl.lines().next().and_then(|line| line.rsplit_once('?')).map_or("", |(_, query)| query);
    let pairs = query.trim_end_matches(['\\', ' ', '\'']).split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// The values in the query of a command for curl.
fn in_target(curl: &str) -> Vec<String> {
    query_of(curl).into_iter().map(|(_, value)| value).filter(|value| !value.is_empty()).collect()
}

/// The path of a command for curl, which some answers repeat.
fn path_of(curl: &str) -> Option<&str> {
    let (_, url) = curl.lines().next()?.split_once("://")?;
    let path = &url[url.find('/')?..];
    let end = path.find(['?', '\'', ' ', '"']).unwrap_or(path.len());
    Some(&path[..end]).filter(|path| path.len() > 1)
}

/// How much of an answer tells causes apart, in characters.
const TELLING: usize = 300;

/// Why there is no answer, without the URL that nothing answers.
fn without_url(cause: &str) -> String {
    let parts = cause.split_once(" for url (").and_then(|(before, rest)| Some((before, rest.split_once("): ")?.1)));
    parts.map_or_else(|| cause.to_owned(), |(before, after)| format!("{before}: {after}"))
}

/// A text with every run of digits, and of letters and digits that looks like an id, written alike.
fn normal(text: &str) -> String {
    let word = |word: &str| {
        let digits = word.bytes().any(|byte| byte.is_ascii_digit());
        if digits { "#".to_owned() } else { word.to_owned() }
    };
    let mut normal = String::new();
    let mut rest = text;
    while !rest.is_empty() && normal.len() < TELLING {
        let end = rest.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(rest.len());
        normal.push_str(&word(&rest[..end]));
        let next = rest[end..].chars().next().map_or(0, char::len_utf8);
        normal.push_str(&rest[end..end + next]);
        rest = &rest[end + next..];
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::failure;

    fn crash(operation: &str, what: &str, answer: &str) -> Failure {
        Failure {
            operation: operation.to_owned(),
            rule: "server-error",
            what: what.to_owned(),
            status: Some(500),
            answer: Some(answer.to_owned()),
            ..failure(1)
        }
    }

    /// How many entries these failures are.
    fn entries(failures: &[&Failure]) -> usize {
        group(failures.iter().copied().cloned().collect()).len()
    }

    #[test]
    fn who_refuses_with_500_and_says_why_is_one_entry_for_each_reason() {
        let told = |operation: &str, title: &str, message: &str| Failure {
            title: title.to_owned(),
            request: None,
            ..crash(operation, &format!("the server fails (500) on {title}"), &format!(r#"{{"message":"{message}"}}"#))
        };
        let negative = "a request that breaks type of the body";
        let parsed = told("a", negative, "JSON parse error: Cannot read a `List` from Object value");
        let parsed_elsewhere = told("b", "a trailing comma", "JSON parse error: Unexpected character");
        let missing = told("a", "an empty body", "Required request body is missing: void a.A.a(String)");
        assert_eq!(entries(&[&parsed, &parsed_elsewhere, &missing]), 2);
        let null = |operation| told(operation, negative, "Cannot invoke \\\"a()\\\" because \\\"b\\\" is null");
        assert_eq!(entries(&[&null("a"), &null("b"), &missing]), 3, "what is not there may be anything");
        let generic = |operation| {
            told(operation, negative, "The server encountered an internal error and was unable to complete your request.")
        };
        assert_eq!(entries(&[&generic("a"), &generic("b"), &missing]), 3, "that is said of anything");
        let valid = |operation| told(operation, "a valid request", "Required request body is missing: void a.A.a(String)");
        assert_eq!(entries(&[&valid("a"), &valid("b"), &parsed]), 3, "a valid request is not refused");
        let method = |operation, method| told(operation, &format!("the method {method}, which is not documented"), "");
        assert_eq!(entries(&[&method("a", "PUT"), &method("b", "HEAD")]), 1);
    }

    #[test]
    fn what_is_refused_with_the_same_words_about_a_value_is_one_entry() {
        let refused = |operation: &str, value: &str, said: &str| Failure {
            operation: operation.to_owned(),
            rule: "valid-refused",
            status: Some(400),
            request: Some(format!(r#"{{"urls":["{value}"]}}"#)),
            answer: Some(said.replace('_', value)),
            promise: format!("/{operation}"),
            ..failure(1)
        };
        let [one, other] =
            [("a", "golf"), ("b", "alpha")].map(|(operation, value)| refused(operation, value, "\"'_' is no URL.\""));
        assert_eq!(entries(&[&one, &other]), 1);
        let [one, other] = [("a", "golf"), ("b", "alpha")].map(|(operation, value)| refused(operation, value, "\"Not so.\""));
        assert_eq!(entries(&[&one, &other]), 2);
        let listed = |said: &str| refused("a", "golf", said);
        assert_eq!(entries(&[&listed(r#"{"all":["no name","no event"]}"#), &listed(r#"{"all":["no event","no name"]}"#)]), 1);
    }

    #[test]
    fn an_expression_that_takes_the_end_of_a_line_is_one_entry_for_all_patterns() {
        let accepted = |number: usize, value: &str| Failure {
            promise: format!("/components/schemas/Pet{number}/properties/p{number}/pattern"),
            operation: format!("create{number}"),
            request: Some(format!(r#"{{"p{number}":"{value}"}}"#)),
            ..failure(number)
        };
        assert_eq!(entries(&[&accepted(1, r"a\n"), &accepted(2, r"b\n")]), 1);
        assert_eq!(entries(&[&accepted(1, "a"), &accepted(2, "b")]), 2);
    }

    #[test]
    fn an_operation_that_does_not_answer_in_time_is_one_entry_whatever_it_is_asked() {
        let silent = |operation: &str, path: &str| Failure {
            operation: operation.to_owned(),
            rule: "no-answer",
            status: None,
            answer: None,
            place: None,
            what: format!("nothing answers {path}"),
            detail: format!("error sending request for url (http://127.0.0.1:1/{path}): operation timed out"),
            ..failure(1)
        };
        assert_eq!(entries(&[&silent("delay", "delay/a"), &silent("delay", "delay/%C3%A9"), &silent("drip", "drip")]), 2);
    }

    #[test]
    fn what_is_of_another_type_breaks_each_part_of_a_schema_and_is_one_entry() {
        let wrong = |operation: &str, part: usize| Failure {
            operation: operation.to_owned(),
            rule: "response-body",
            status: Some(200),
            promise: format!("/components/schemas/Watch/allOf/{part}/type"),
            what: "the body of 200 breaks type at ".to_owned(),
            detail: "at ".to_owned(),
            answer: Some("\"OK\"".to_owned()),
            ..failure(1)
        };
        // The first part is shared with another operation, and that is the one that is shown.
        assert_eq!(entries(&[&wrong("getTag", 0), &wrong("getWatch", 0), &wrong("getWatch", 1)]), 1);
        assert_eq!(entries(&[&wrong("getTag", 0), &wrong("getWatch", 1)]), 2);
    }

    #[test]
    fn a_crash_that_many_requests_lead_to_is_one_entry_and_another_crash_another() {
        let crashes = vec![
            crash("a", "the server fails on one", r#"{"error":"no row 17","id":"f00d5"}"#),
            crash("a", "the server fails on two", r#"{"error":"no row 18","id":"beef1"}"#),
            crash("a", "the server fails on three", r#"{"error":"division by zero"}"#),
            crash("b", "the server fails on one", r#"{"error":"no row 17"}"#),
        ];
        let counts: Vec<usize> = group(crashes).iter().map(|failure| failure.count).collect();
        assert_eq!(counts, [2, 1, 1]);
    }

    #[test]
    fn a_type_that_is_not_checked_in_two_parameters_is_one_entry() {
        let accepted = |name: &str, text: &str| Failure {
            operation: "a".to_owned(),
            rule: "invalid-accepted",
            promise: format!("/paths/~1a/get/parameters/{name}/schema/type"),
            place: Some(format!("/query/{name}")),
            text: Some(text.to_owned()),
            ..failure(1)
        };
        let all = vec![
            accepted("muted", "type: boolean"),
            accepted("active", "\"type\": \"boolean\""),
            accepted("limit", "type: integer"),
        ];
        assert_eq!(group(all).len(), 2);
    }

    #[test]
    fn a_strict_reader_that_refuses_what_no_schema_describes_is_one_entry() {
        let of = |operation: &str, request: &str, answer: &str| refused(operation, Some(request), answer);
        let all = vec![
            of("a", r#"{"size":{"名":[]}}"#, r#"{"detail":"Unrecognized field \"名\" (class Size)"}"#),
            of("b", r#"{"with space":1}"#, r#"{"detail":"Unrecognized field \"with space\" (class Color)"}"#),
            of("c", r#"{"extra":1,"unknown":2}"#, r#"{"detail":"the field 'color' is unknown"}"#),
        ];
        assert_eq!(group(all).len(), 2);
    }

    #[test]
    fn who_lets_in_anybody_has_one_entry_and_who_takes_bad_tokens_too() {
        let let_in = |operation: &str, title: &str| Failure {
            operation: operation.to_owned(),
            rule: "unauthenticated-accepted",
            level: Level::Error,
            case: format!("{operation}:authentication:x"),
            title: title.to_owned(),
            what: format!("{title} is accepted with 200"),
            status: Some(200),
            ..failure(1)
        };
        let all = vec![
            let_in("a", "invalid credentials"),
            let_in("b", "invalid credentials"),
            let_in("a", "no credentials"),
            let_in("b", "no credentials"),
        ];
        let groups = group(all.clone());
        assert_eq!(groups.iter().map(|it| (it.title.as_str(), it.more.len())).collect::<Vec<_>>(), [("no credentials", 1)]);
        assert_eq!(group([all, vec![let_in("c", "invalid credentials")]].concat()).len(), 2, "c takes bad ones only");
    }

    #[test]
    fn bad_credentials_that_are_refused_with_another_status_are_one_entry() {
        let refused = |title: &str, status: u16| Failure {
            operation: "a".to_owned(),
            rule: "authentication-status",
            case: "a:authentication:x".to_owned(),
            title: title.to_owned(),
            what: format!("{title} is answered with {status}"),
            status: Some(status),
            ..failure(1)
        };
        assert_eq!(group(vec![refused("garbage", 403), refused("a changed token", 403)]).len(), 1);
        assert_eq!(group(vec![refused("two headers", 200), refused("a good and a bad header", 204)]).len(), 1);
        assert_eq!(group(vec![refused("garbage", 403), refused("two headers", 200), refused("garbage", 400)]).len(), 3);
    }

    #[test]
    fn a_server_that_expects_no_null_and_nothing_missing_has_one_entry_for_each() {
        let failed = |operation: &str, request: &str, place: Option<&str>, answer: &str| Failure {
            operation: operation.to_owned(),
            rule: "server-error",
            status: Some(500),
            request: Some(request.to_owned()),
            place: place.map(str::to_owned),
            answer: Some(answer.to_owned()),
            ..failure(1)
        };
        let of_null = [
            failed("a", "null", None, r#"{"type":"NullPointerException","message":"A.first() of nothing"}"#),
            failed("b", " ", None, r#"{"type":"NullPointerException","message":"B.second() of nothing"}"#),
            failed("c", r#"{"d":null}"#, Some("/d"), r#"{"type":"NullPointerException","message":"C.third() of nothing"}"#),
        ];
        assert_eq!(group(of_null.to_vec()).len(), 1);
        let other = failed("d", r#"{"d":1}"#, Some("/d"), r#"{"type":"NullPointerException","message":"D.fourth() of nothing"}"#);
        assert_eq!(group([of_null.to_vec(), vec![other]].concat()).len(), 2);
        let missing = |operation: &str, words: &str| failed(operation, "{}", None, words);
        let all = vec![missing("a", "task T does not exist"), missing("b", "No job found"), missing("c", "the disk is full")];
        assert_eq!(group(all).len(), 2);
    }

    #[test]
    fn a_date_that_operations_refuse_is_one_entry_whatever_it_is_called() {
        let of = |operation: &str, name: &str, value: &str, words: &str| Failure {
            curl: format!("curl -i -X GET 'http://h/{operation}?{name}={value}' \\\n"),
            ..refused(operation, None, &words.replace('N', name).replace('V', &value.replace("%3A", ":")))
        };
        let (one, other, words) = ("2024-01-01T00%3A00%3A00Z", "2025-01-01T01%3A00%3A00Z", "cannot read V of N");
        assert_eq!(group(vec![of("a", "before", one, words), of("b", "after", other, words)]).len(), 1);
        assert_eq!(group(vec![of("a", "before", one, words), of("b", "after", "2025-01-01", words)]).len(), 2);
        assert_eq!(group(vec![of("a", "before", one, words), of("b", "after", other, "V is too early for N")]).len(), 2);
    }

    #[test]
    fn credentials_that_nobody_speaks_of_are_one_entry() {
        let refused = |operation: &str, status: u16, answer: &str| Failure {
            operation: operation.to_owned(),
            rule: "valid-refused",
            status: Some(status),
            answer: Some(answer.to_owned()),
            ..failure(1)
        };
        let all = vec![
            refused("a", 401, "log in"),
            refused("b", 401, "log in first"),
            refused("c", 404, "no"),
            refused("d", 404, "no"),
        ];
        assert_eq!(group(all).len(), 2);
        let other =
            Failure { promise: "/components/schemas/Pet/properties/name/minLength".to_owned(), ..refused("b", 400, "no") };
        assert_eq!(group(vec![refused("a", 400, "no"), other]).len(), 2, "what is wrong may be another thing");
        let shared = [refused("a", 400, "no"), refused("b", 400, "no"), refused("c", 400, "not this")];
        assert_eq!(group(shared.to_vec()).len(), 2, "what two operations share they refuse for one reason");
    }

    #[test]
    fn a_value_of_the_query_that_operations_quote_is_one_entry() {
        let of = |operation: &str, value: &str| Failure {
            curl: format!("curl -i 'http://h/{operation}?order_by={value}'"),
            ..refused(operation, None, &format!("cannot order by '{value}'"))
        };
        assert_eq!(group(vec![of("a", "golf"), of("b", "echo"), of("c", "")]).len(), 1);
        assert_eq!(group(vec![of("a", "golf"), refused("b", None, "cannot order by 'golf'")]).len(), 2);
    }

    #[test]
    fn a_value_that_two_operations_refuse_by_its_name_is_one_entry() {
        let refused = |operation: &str, answer: &str| Failure {
            operation: operation.to_owned(),
            rule: "valid-refused",
            status: Some(400),
            request: Some(r#"{"email":"a@b"}"#.to_owned()),
            answer: Some(answer.to_owned()),
            ..failure(1)
        };
        let named = r#"{"email":["Enter a valid address."]}"#;
        assert_eq!(group(vec![refused("a", named), refused("b", named)]).len(), 1);
        let form = Failure { request: Some("name=x&email=a%40b".to_owned()), ..refused("b", named) };
        assert_eq!(group(vec![refused("a", named), form]).len(), 1);
        assert_eq!(group(vec![refused("a", named), refused("b", r#"{"email":["Too long."]}"#)]).len(), 2);
    }

    fn refused(operation: &str, request: Option<&str>, answer: &str) -> Failure {
        Failure {
            operation: operation.to_owned(),
            promise: format!("/paths/~1pets/{operation}"),
            rule: "valid-refused",
            status: Some(400),
            request: request.map(str::to_owned),
            answer: Some(answer.to_owned()),
            ..failure(1)
        }
    }

    #[test]
    fn a_value_that_the_server_repeats_in_its_own_notation_is_recognised() {
        let with = |sent: &str, said: &str| {
            let answer = format!(r#"{{"message":"Unrecognized keys in mapping: \"{said}\"","name":"title"}}"#);
            refused("a", Some(sent), &answer)
        };
        let python = [
            with(r#"{"title":null,"b":null}"#, "{'b': None}"),
            with(r#"{"title":"","name2":-1.75}"#, "{'b': 83, 'name2': [-1.75]}"),
        ];
        assert_eq!(group(python.to_vec()).len(), 1);
        let text = |sent: &str, said: &str| refused("a", Some(sent), &format!("no cookies for {sent}: $.cookies{said}"));
        let kinds = [
            text(r#"{"cookies":{"UPPER":[0]}}"#, ".UPPER: array found, text expected"),
            text(r#"{"cookies":{"x-1":{"a":null}}}"#, ".x-1: object found, text expected"),
        ];
        assert_eq!(group(kinds.to_vec()).len(), 1);
        let other = text(r#"{"cookies":[]}"#, ": at least one expected");
        assert_eq!(group([kinds.as_slice(), &[other]].concat()).len(), 2);
    }

    #[test]
    fn a_reader_that_fails_on_what_is_no_json_is_one_entry() {
        let on = |title: &str| Failure {
            case: format!("a:protocol:{title}"),
            title: title.to_owned(),
            ..crash("a", &format!("the server fails (500) on {title}"), "Internal Server Error")
        };
        assert_eq!(group(vec![on("a trailing comma"), on("a body that is not JSON"), on("a body that is cut short")]).len(), 1);
        assert_eq!(group(vec![on("no media type"), on("the media type text/plain")]).len(), 1);
        let each = ["a trailing comma", "arrays nested 25,000 deep", "no media type", "a charset that is not UTF-8"];
        assert_eq!(group(each.map(on).to_vec()).len(), 4);
    }

    #[test]
    fn what_fails_in_the_same_way_fails_for_one_reason() {
        let on = |what: &str, said: &str| Failure {
            case: format!("a:protocol:{what}"),
            ..crash("a", &format!("the server fails (500) on {what}"), &format!(r#"{{"error":"Internal server error: {said}"}}"#))
        };
        let (none, deep) = ("'NoneType' object has no attribute 'args'", "maximum recursion depth exceeded");
        let all = [on("no body", none), on("no media type", none), on("text/plain", none), on("a deep body", deep)];
        assert_eq!(group(all.to_vec()).len(), 2);
        assert_eq!(group(all[..2].to_vec()).len(), 2, "perhaps it says so of everything");
        assert_eq!(group(vec![on("no body", ""), on("no media type", ""), on("a deep body", deep)]).len(), 3);
    }

    #[test]
    fn what_is_missed_by_its_name_is_one_entry_in_all_operations() {
        let missed = |operation: &str, what: &str| refused(operation, Some("{}"), &format!(r#"{{"message":"Provide {what}"}}"#));
        let all = vec![missed("a", "data"), missed("b", "data"), refused("c", Some(r#"{"data":0}"#), "no")];
        assert_eq!(group(all).len(), 2);
        assert_eq!(group(vec![missed("a", "data"), missed("b", "data")]).len(), 2, "nobody knows that this is a name");
    }

    #[test]
    fn a_parameter_that_operations_call_the_same_is_refused_for_one_reason() {
        let refused = |operation: &str, query: &str| Failure {
            curl: format!("curl -i -X GET 'http://127.0.0.1:1/{operation}?{query}'"),
            ..refused(operation, None, "bad matcher")
        };
        assert_eq!(group(vec![refused("a", "filter="), refused("b", "filter=")]).len(), 1);
        assert_eq!(group(vec![refused("a", "filter="), refused("b", "sort=")]).len(), 2);
        assert_eq!(group(vec![refused("a", "filter=&sort="), refused("b", "filter=&sort=")]).len(), 2);
    }

    #[test]
    fn where_anything_is_accepted_no_rule_is_checked() {
        let of = |place: &str, keyword: &str, sent: &str| Failure {
            promise: format!("/components/schemas/Pet/properties{place}/{keyword}"),
            place: Some(place.to_owned()),
            text: Some("type: string".to_owned()),
            request: Some(format!(r#"{{"{}":{sent}}}"#, &place[1..])),
            ..failure(1)
        };
        let unchecked = of("/path", "type", "[]");
        assert_eq!(group(vec![unchecked.clone(), of("/path", "pattern", "\"\"")]).len(), 1);
        assert_eq!(group(vec![unchecked, of("/method", "pattern", "\"\"")]).len(), 2);
        assert_eq!(group(vec![of("/path", "type", "7"), of("/path", "pattern", "\"\"")]).len(), 2, "a number is converted");
    }

    #[test]
    fn one_writer_of_times_writes_them_all() {
        let of = |operation: &str, property: &str, time: &str| Failure {
            rule: "response-body",
            operation: operation.to_owned(),
            status: Some(200),
            promise: format!("/components/schemas/{operation}/properties/{property}/format"),
            what: format!("the body of 200 breaks format at /{property}"),
            detail: format!("at /{property}"),
            text: Some("format: date-time".to_owned()),
            answer: Some(format!(r#"{{"{property}":"{time}"}}"#)),
            ..failure(1)
        };
        let all = vec![of("a", "made", "2026-11-29T23:20:14+0000"), of("b", "changed", "1970-01-01T00:00:00+0000")];
        assert_eq!(group(all).len(), 1);
        assert_eq!(group(vec![of("a", "made", "2026-11-29T23:20:14+0000"), of("b", "changed", "never")]).len(), 2);
    }

    #[test]
    fn a_schema_that_answers_share_is_broken_once() {
        let of = |operation: &str, place: &str| Failure {
            rule: "response-body",
            operation: operation.to_owned(),
            status: Some(200),
            promise: "/components/schemas/Group/required".to_owned(),
            what: format!("the body of 200 breaks required at {place}"),
            ..failure(1)
        };
        assert_eq!(group(vec![of("post", "/by"), of("list", "/groups/*/by")]).len(), 1);
        assert_eq!(group(vec![of("post", "/by"), of("list", "/groups/*/id")]).len(), 2);
    }

    #[test]
    fn a_value_that_all_operations_answer_otherwise_is_one_entry() {
        let of = |operation: &str, name: &str| Failure {
            rule: "echo",
            operation: operation.to_owned(),
            promise: format!("/paths/~1{operation}/{name}"),
            what: format!("the response has another {name} than the request"),
            ..failure(1)
        };
        assert_eq!(group(vec![of("a", "write"), of("b", "write")]).len(), 1);
        assert_eq!(group(vec![of("a", "write"), of("b", "name")]).len(), 2);
    }

    #[test]
    fn another_status_for_what_is_refused_is_one_entry() {
        let of = |operation: &str, status: u16| Failure {
            rule: "refusal-status",
            operation: operation.to_owned(),
            status: Some(status),
            promise: format!("/paths/~1{operation}/post"),
            what: format!("what {operation} may not have is rejected with {status} instead of 400"),
            ..failure(1)
        };
        assert_eq!(group(vec![of("a", 422), of("b", 422)]).len(), 1);
        assert_eq!(group(vec![of("a", 422), of("b", 409), of("c", 409)]).len(), 3);
    }

    #[test]
    fn a_parameter_of_the_path_that_operations_refuse_by_its_name_is_one_entry() {
        let refused = |operation: &str, answer: &str| Failure {
            operation: operation.to_owned(),
            name: format!("{operation} /pets/{{petId}}"),
            promise: format!("/paths/~1pets~1{{petId}}/{operation}"),
            rule: "valid-refused",
            status: Some(400),
            request: None,
            answer: Some(answer.to_owned()),
            ..failure(1)
        };
        let named = r#"{"path":["petId"],"message":"Invalid UUID"}"#;
        assert_eq!(group(vec![refused("get", named), refused("delete", named)]).len(), 1);
        assert_eq!(group(vec![refused("get", "Invalid UUID"), refused("delete", "Invalid UUID")]).len(), 2);
    }

    #[test]
    fn a_name_that_refusals_have_themselves_counts_in_their_words() {
        let refused = |operation: &str, answer: &str| Failure {
            operation: operation.to_owned(),
            promise: format!("/paths/~1todos/{operation}"),
            rule: "valid-refused",
            status: Some(422),
            request: Some(r#"{"title":""}"#.to_owned()),
            answer: Some(answer.to_owned()),
            ..failure(1)
        };
        let named = r#"{"message":"`title` can't be blank"}"#;
        assert_eq!(group(vec![refused("post", named), refused("put", named)]).len(), 1);
        let unnamed = r#"{"title":"Bad Request"}"#;
        assert_eq!(group(vec![refused("post", unnamed), refused("put", unnamed)]).len(), 2);
    }

    #[test]
    fn an_answer_that_repeats_the_path_of_the_request_says_the_same() {
        let fails = |path: &str| Failure {
            case: format!("{path}:protocol:multipart"),
            curl: format!("curl -i -X POST http://127.0.0.1:80{path} \\\n  --data-binary '{{}}'"),
            ..crash(path, "the server fails (500) on a form", &format!(r#"{{"error":"Internal Server Error","path":"{path}"}}"#))
        };
        assert_eq!(group(vec![fails("/books"), fails("/books/7/reviews")]).len(), 1);
    }

    #[test]
    fn a_format_that_is_checked_wrongly_is_one_entry_in_all_operations() {
        let of = |schema: &str, property: &str, format: &str| Failure {
            operation: schema.to_owned(),
            promise: format!("/components/schemas/{schema}/properties/{property}/format"),
            place: Some(format!("/{property}")),
            text: Some(format!("{{ type: string, format: {format}, maxLength: 9 }}")),
            what: format!("a request that breaks format of /{property} is accepted with 201"),
            ..failure(1)
        };
        let one = [of("New", "email", "email"), of("Patch", "email", "email")];
        assert_eq!(group(one.to_vec()).len(), 1);
        assert_eq!(group([one.as_slice(), &[of("New", "born", "date"), of("New", "at", "date-time")]].concat()).len(), 3);
    }

    #[test]
    fn null_that_is_taken_for_what_is_left_out_is_one_entry() {
        let of = |schema: &str, property: &str, value: &str| Failure {
            operation: schema.to_owned(),
            promise: format!("/components/schemas/{schema}/properties/{property}/type"),
            place: Some(format!("/{property}")),
            text: Some("type: array".to_owned()),
            request: Some(format!(r#"{{"{property}":{value}}}"#)),
            ..failure(1)
        };
        assert_eq!(group(vec![of("New", "tags", "null"), of("Patch", "notes", "null")]).len(), 1);
        assert_eq!(group(vec![of("New", "tags", "null"), of("Patch", "notes", "{}")]).len(), 2);
        let written = |failure: Failure, answer: &str| Failure {
            rule: "response-body",
            detail: format!("at {}", failure.place.clone().unwrap()),
            place: None,
            status: Some(201),
            answer: Some(answer.to_owned()),
            ..failure
        };
        let (tags, notes) = (of("Tag", "tags", "[]"), of("Note", "notes", "[]"));
        let both = |answer: &str| vec![written(tags.clone(), answer), written(notes.clone(), answer)];
        assert_eq!(group(both(r#"{"tags":null,"notes":null}"#)).len(), 1);
        assert_eq!(group(both(r#"{"tags":1,"notes":null}"#)).len(), 2);
    }

    #[test]
    fn a_refusal_in_another_form_is_one_entry_whatever_it_lacks() {
        let of = |what: &str, answer: &str| Failure {
            rule: "response-body",
            promise: format!("/components/schemas/Problem/{what}"),
            what: format!("the body of 405 breaks {what}"),
            status: Some(405),
            answer: Some(answer.to_owned()),
            ..failure(1)
        };
        let (one, other) = (r#"{"detail":"no"}"#, r#"{"reason":"no such thing"}"#);
        assert_eq!(group(vec![of("required at /code", one), of("additionalProperties at /*", one)]).len(), 1);
        assert_eq!(group(vec![of("required at /code", one), of("additionalProperties at /*", other)]).len(), 2);
    }

    #[test]
    fn what_was_accepted_and_is_shown_later_is_told_once() {
        let accepted = Failure {
            name: "PATCH /pets/{id}".to_owned(),
            promise: "/components/schemas/PatchPet/properties/tags/type".to_owned(),
            place: Some("/tags".to_owned()),
            request: Some(r#"{"tags":null}"#.to_owned()),
            ..failure(1)
        };
        let shown = |name: &str, answer: &str| Failure {
            rule: "response-body",
            name: name.to_owned(),
            promise: "/components/schemas/Pet/properties/tags/type".to_owned(),
            detail: "at /tags".to_owned(),
            answer: Some(answer.to_owned()),
            ..failure(1)
        };
        let with = |shown: Failure| group(vec![accepted.clone(), shown]).len();
        assert_eq!(with(shown("GET /pets/{id}", r#"{"tags":null}"#)), 1);
        assert_eq!(with(shown("GET /pets/{id}", r#"{"tags":7}"#)), 2, "that is of another kind");
        assert_eq!(with(shown("POST /pets", r#"{"tags":null}"#)), 2, "that was just created");
        assert_eq!(with(shown("GET /owners/{id}", r#"{"tags":null}"#)), 2, "that is another collection");
        let below = |name: &str| Failure { name: name.to_owned(), ..accepted.clone() };
        let after = |name: &str, other: &str| group(vec![below(name), shown(other, r#"{"tags":null}"#)]).len();
        assert_eq!(after("PATCH /api/v1/pets/{id}", "GET /api/v1/pets"), 1);
        assert_eq!(after("PATCH /api/v1/pets/{id}", "GET /api/v1/owners/{id}"), 2, "what all paths begin with is no collection");
        assert_eq!(after("PUT /orgs/{org}/pets/{id}", "GET /orgs/{name}/pets/{pet}"), 1);
        assert_eq!(after("PUT /orgs/{org}/pets/{id}", "GET /orgs/{org}/members"), 2);
    }

    #[test]
    fn the_same_exception_in_two_operations_is_one_entry() {
        let of = |operation: &str, said: &str| crash(operation, "the server fails on one", said);
        let pointer = "java.lang.NullPointerException: x is null";
        assert_eq!(group(vec![of("a", pointer), of("b", pointer)]).len(), 1);
        assert_eq!(group(vec![of("a", pointer), of("b", "java.lang.NumberFormatException")]).len(), 2);
        assert_eq!(group(vec![of("a", "<h1>TypeError: no answer</h1>"), of("b", "<h1>TypeError: no answer</h1>")]).len(), 1);
        assert_eq!(group(vec![of("a", "Internal Server Error"), of("b", "Internal Server Error")]).len(), 2);
        let in_query =
            |table: &str| format!(r#"{{"detail":"DataException: no such OFFSET; statement:\nSELECT * FROM {table}"}}"#);
        assert_eq!(group(vec![of("a", &in_query("pets")), of("b", &in_query("owners"))]).len(), 1);
    }

    #[test]
    fn each_branch_of_a_choice_is_broken_where_the_choice_is() {
        let of = |promise: &str, what: &str| Failure {
            promise: format!("/components/schemas/Pet/properties/born/anyOf{promise}"),
            what: what.to_owned(),
            place: Some("/born".to_owned()),
            request: Some(r#"{"born":"2024-01-01T00:00:00"}"#.to_owned()),
            ..failure(1)
        };
        let what = "a request that breaks anyOf of /born is accepted with 201";
        assert_eq!(group(vec![of("", what), of("/0/format", what)]).len(), 1);
    }

    #[test]
    fn a_value_whose_bounds_are_forgotten_is_one_entry() {
        let of = |keyword: &str, place: &str| Failure {
            rule: "response-body",
            status: Some(200),
            promise: format!("/components/schemas/Pet/properties{place}/{keyword}"),
            what: format!("the body of 200 breaks {keyword} at {place}"),
            ..failure(1)
        };
        let all = vec![of("minLength", "/title"), of("maxLength", "/title"), of("minLength", "/note"), of("type", "/title")];
        assert_eq!(group(all).len(), 3);
    }

    #[test]
    fn what_every_operation_does_wrong_is_one_entry_that_names_them() {
        let of = |operation: &str| Failure {
            operation: operation.to_owned(),
            rule: "undocumented-http-status",
            level: Level::Warning,
            promise: format!("/paths/~1{operation}/get/responses"),
            what: "the status 401 is not documented".to_owned(),
            ..failure(1)
        };
        let all = group(vec![of("a"), of("b"), of("c"), crash("a", "the server fails", "")]);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].rule, all[1].also.as_slice()), ("server-error", ["b".to_owned(), "c".to_owned()].as_slice()));
    }

    #[test]
    fn a_body_that_no_operation_can_read_is_one_entry() {
        let crash = |operation: &str| Failure {
            case: format!("{operation}:protocol:half-a-surrogate-pair"),
            ..crash(operation, "the server fails (500) on half a surrogate pair", "Internal Server Error")
        };
        assert_eq!(group(vec![crash("a"), crash("b")]).len(), 1);
        let anyway = Failure { case: "a:random:1".to_owned(), ..crash("a") };
        assert_eq!(group(vec![crash("a"), anyway]).len(), 1, "it fails on other bodies as well");
    }

    #[test]
    fn refusals_that_all_say_the_same_wrong_are_one_entry() {
        let of = |operation: &str, status: u16| Failure {
            rule: "response-body",
            operation: operation.to_owned(),
            status: Some(status),
            promise: format!("/paths/~1{operation}/post/responses/{status}/schema/properties/reason/type"),
            what: format!("the body of {status} breaks type at /reason"),
            ..failure(1)
        };
        assert_eq!(group(vec![of("a", 400), of("b", 400), of("b", 404)]).len(), 1);
        assert_eq!(group(vec![of("a", 200), of("b", 200)]).len(), 2);
    }

    #[test]
    fn a_number_that_was_sent_is_recognised_in_an_answer_and_not_inside_of_another() {
        let beyond = |offset: u32| Failure {
            curl: format!("curl -i -X GET 'http://127.0.0.1:80/pets?offset={offset}'"),
            ..crash("a", "the server fails (500) on a valid request", &format!("Error 500: fromIndex({offset}) > toIndex(3)"))
        };
        assert_eq!(group(vec![beyond(5), beyond(81), beyond(0)]).len(), 1);
    }

    #[test]
    fn who_fails_on_the_plain_request_fails_on_each_variant_of_it() {
        let on = |case: &str, what: &str| Failure {
            case: format!("a:{case}"),
            ..crash("a", &format!("the server fails (500) on {what}"), "Internal Server Error")
        };
        let broken =
            group(vec![on("boundary:baseline:2", "a valid request"), on("protocol:a-byte-order-mark", "a byte order mark")]);
        assert_eq!(broken.len(), 1);
        let one = group(vec![on("negative:type:8", "null"), on("protocol:a-byte-order-mark", "a byte order mark")]);
        assert_eq!(one.len(), 2, "of a request that is accepted each variant is a case by itself");
    }

    #[test]
    fn one_writer_of_errors_serves_all_operations() {
        let of = |operation: &str, status: u16, detail: &str| Failure {
            operation: operation.to_owned(),
            rule: "response-media-type",
            promise: format!("/paths/~1{operation}/get/responses/{status}"),
            status: Some(status),
            what: format!("the media type of {status} is {detail}"),
            detail: detail.to_owned(),
            ..failure(1)
        };
        let errors = [of("a", 400, "text/plain"), of("b", 404, "text/plain; charset=utf-8")];
        assert_eq!(group(errors.to_vec()).len(), 1);
        let others = [of("a", 400, "text/html"), of("a", 200, "text/plain"), of("b", 200, "text/plain")];
        assert_eq!(group([errors.as_slice(), &others].concat()).len(), 4);
    }

    #[test]
    fn two_rules_of_a_document_are_two_entries() {
        let other = Failure { promise: "/components/schemas/Pet/required".to_owned(), ..failure(2) };
        assert_eq!(group(vec![failure(1), other, failure(1)]).len(), 2);
    }

    #[test]
    fn one_keyword_that_nobody_checks_is_one_entry_with_all_its_places() {
        let all = group(vec![failure(1), failure(2), failure(2), failure(3)]);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].count, all[0].total(), all[0].more.len()), (2, 4, 2));
        assert!(all[0].what.contains("/p2"), "{}", all[0].what);
        assert_eq!(single(all).len(), 3);
    }

    #[test]
    fn a_parameter_that_nobody_checks_is_one_entry() {
        let of = |place: &str, keyword: &str| Failure {
            place: Some(place.to_owned()),
            promise: format!("/paths/~1pets/get{place}/{keyword}"),
            ..failure(1)
        };
        let other = Failure { operation: "getPets".to_owned(), ..of("/query/limit", "type") };
        let all = group(vec![of("/query/limit", "minimum"), of("/query/limit", "type"), of("/query/offset", "type"), other]);
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn what_is_alike_keeps_its_own_operations() {
        let lenient = |operation: &str, what: &str| Failure {
            rule: "lenient-json",
            operation: operation.to_owned(),
            promise: String::new(),
            what: what.to_owned(),
            ..failure(1)
        };
        let all = group(vec![lenient("a", "a comment"), lenient("a", "a comment"), lenient("b", "a byte order mark")]);
        assert_eq!((all.len(), all[0].also.len(), all[0].others()), (1, 0, vec!["b"]));
    }

    #[test]
    fn what_follows_from_an_accepted_request_is_not_told_again() {
        let shown = Failure {
            rule: "response-body",
            what: "the body of 200 breaks minLength at /p1".to_owned(),
            operation: "getPet".to_owned(),
            ..failure(1)
        };
        let all = group(vec![failure(1), shown.clone(), Failure { promise: failure(2).promise, ..shown }]);
        let rules: Vec<&str> = all.iter().map(|failure| failure.rule).collect();
        assert_eq!(rules, ["invalid-accepted", "response-body"]);
    }
}
