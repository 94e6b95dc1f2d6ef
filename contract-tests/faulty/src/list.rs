//! Lists of what is stored, asked for in the usual ways: filters, pages, and what leads to the next.

use serde_json::{Map, Value, json};

use crate::store::StoreFault;

/// How many items a list has where nobody says.
const USUAL: usize = 50;

/// Names of parameters and properties, without what conventions put between their words.
const SIZE: [&str; 12] = [
    "limit",
    "pagesize",
    "perpage",
    "size",
    "maxresults",
    "maxitems",
    "maxpagesize",
    "top",
    "first",
    "take",
    "pagelimit",
    "rows",
];
const OFFSET: [&str; 5] = ["offset", "skip", "start", "from", "pageoffset"];
const NUMBER: [&str; 4] = ["page", "pagenumber", "pageindex", "pageno"];
const CURSOR: [&str; 11] = [
    "cursor",
    "after",
    "startingafter",
    "pagetoken",
    "nexttoken",
    "nextcursor",
    "continuationtoken",
    "marker",
    "startafter",
    "pageafter",
    "pagecursor",
];
const NEXT: [&str; 8] =
    ["next", "nextcursor", "nextpagetoken", "nextpage", "nexttoken", "nextmarker", "continuationtoken", "nextcontinuationtoken"];

/// A page of a list, and what leads to the next where there is one.
pub struct Page {
    pub items: Vec<Value>,
    pub next: Option<String>,
}

fn plain(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a property leads to the next page.
pub fn is_next(name: &str) -> bool {
    NEXT.contains(&plain(name).as_str())
}

/// Whether a parameter says with which item a page begins.
pub fn is_position(name: &str) -> bool {
    OFFSET.contains(&plain(name).as_str()) || CURSOR.contains(&plain(name).as_str())
}

/// Whether a parameter is the number of a page.
pub fn is_number(name: &str) -> bool {
    NUMBER.contains(&plain(name).as_str())
}

/// The part of what is stored that these parameters ask for, where pages are counted from `base`.
pub fn page(mut all: Vec<Value>, parameters: &Map<String, Value>, base: usize, fault: Option<StoreFault>) -> Page {
    let given =
        |names: &[&str]| parameters.iter().find(|(name, _)| names.contains(&plain(name).as_str())).map(|(_, value)| value);
    let number = |names: &[&str]| given(names).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
    match fault {
        Some(StoreFault::NewestNotListed) => drop(all.pop()),
        Some(StoreFault::OldestNotListed) if !all.is_empty() => drop(all.remove(0)),
        Some(StoreFault::ListedTwice) => all.extend(all.first().cloned()),
        _ => {}
    }
    let filters =
        parameters.iter().filter(|(name, _)| ![&SIZE[..], &OFFSET, &NUMBER, &CURSOR].concat().contains(&plain(name).as_str()));
    let is_ignored =
        fault == Some(StoreFault::FilterIgnored) || fault == Some(StoreFault::FilterOfTheFirstPage) && given(&CURSOR).is_some();
    let mut filters: Vec<(&String, &Value)> = filters.filter(|_| !is_ignored).collect();
    if fault == Some(StoreFault::FiltersIgnored) {
        filters.sort_by_key(|(name, _)| *name);
        filters.truncate(1);
    }
    for (name, wanted) in filters {
        if fault == Some(StoreFault::FilterOfTheOldest) {
            all.truncate(2);
        }
        let is_wanted = |found: &Value| match fault {
            Some(StoreFault::FilterInverted) => text(found) != text(wanted),
            Some(StoreFault::FilterFindsNothing) => false,
            _ => text(found) == text(wanted),
        };
        all.retain(|item| item.get(name).is_none_or(is_wanted));
        if fault == Some(StoreFault::FilterLosesTheLast) {
            all.pop();
        }
    }
    let asked = number(&SIZE).filter(|_| fault != Some(StoreFault::LimitIgnored));
    let size = asked.map_or(USUAL, |size| size.saturating_add(usize::from(fault == Some(StoreFault::OneItemMore))));
    let from = match (number(&OFFSET), number(&NUMBER), given(&CURSOR).and_then(Value::as_str)) {
        (Some(offset), ..) => offset,
        (None, Some(number), _) => number.saturating_sub(base).saturating_mul(size),
        (None, None, Some(cursor)) => cursor.trim_start_matches('0').parse().unwrap_or(0),
        _ => 0,
    };
    let from = match fault {
        Some(StoreFault::PagesOverlap) => from.saturating_sub(1),
        Some(StoreFault::PagesSkip) if from > 0 => from.saturating_add(1),
        Some(StoreFault::LastPageFilled) => from.min(all.len().saturating_sub(size)),
        Some(StoreFault::CursorIgnored) => 0,
        _ => from,
    };
    if fault == Some(StoreFault::PagesReversed) && from > 0 {
        all.reverse();
    }
    let end = from.saturating_add(size);
    let next = match fault {
        Some(StoreFault::LastPageLost) if asked.is_some() => Some(end).filter(|end| end.saturating_add(size) < all.len()),
        Some(StoreFault::NextForever) => Some(if end < all.len() { end } else { 0 }),
        _ => Some(end).filter(|end| *end < all.len()),
    };
    let next = next.map(|end| format!("{end:016}"));
    Page { items: all.into_iter().skip(from).take(size).collect(), next }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| json!(value).to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_any_number_and_size_is_beyond_the_end() {
        let all = vec![json!(1), json!(2)];
        for (name, number, size) in [("page", u64::MAX, 3), ("offset", u64::MAX, u64::MAX), ("page", 2, u64::MAX)] {
            let parameters = json!({ name: number, "limit": size });
            let page = page(all.clone(), parameters.as_object().unwrap(), 1, None);
            assert!(page.items.is_empty() && page.next.is_none(), "{parameters}");
        }
    }
}
