//! One entry for one cause: failures that a single mistake of the server explains are put together.

mod consequence;
mod likeness;
mod said;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry},
};

use super::{Failure, GONE};
use crate::{
    cases::{VALID, WITHOUT_BODY, authentication},
    rules::{self, RULES},
};
use consequence::without_consequences;
use likeness::{Known, likenesses};
pub(crate) use said::gist;
use said::{normal, normalised};

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
    // Likewise a valid request says more than another one.
    let is_valid = |failure: &Failure| failure.title.starts_with(VALID);
    causes.sort_by_key(|failure| (Reverse(failure.count), !authentication::has_none(&failure.title), !is_valid(failure)));
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
    // Which of the requests under way has ended the server nobody knows: each of them is kept.
    if failure.rule == rules::NO_ANSWER.name && failure.what.ends_with(GONE) {
        return words(&[&failure.operation, &failure.case, failure.curl.as_str()]);
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

/// The status of the answer; nothing where there was none.
fn status(failure: &Failure) -> String {
    failure.status.map_or_else(String::new, |status| status.to_string())
}

/// A sentence with every status of success written alike.
fn any_success(what: &str) -> String {
    ["200", "201", "202", "204"].iter().fold(what.to_owned(), |what, status| what.replace(&format!("with {status}"), "with 2xx"))
}

/// Why there is no answer, without the URL that nothing answers.
fn without_url(cause: &str) -> String {
    let parts = cause.split_once(" for url (").and_then(|(before, rest)| Some((before, rest.split_once("): ")?.1)));
    parts.map_or_else(|| cause.to_owned(), |(before, after)| format!("{before}: {after}"))
}
