//! Lists, page by page, as the document says how: by a cursor, an offset, a number, or a link to the next page.

use serde_json::{Value, json};

use super::{
    cast::{Cast, named},
    play::Player,
};
use crate::{
    cases::Case,
    openapi::{
        operation::{Parameter, ParameterLocation},
        request::{Request, Response, Target},
        resources::plain,
    },
    suite::{
        alike::alike,
        location::own_path,
        look::{json, required},
        resources::items,
        run::Run,
    },
};

/// How many pages of a list are read.
const MAX_PAGES: usize = 40;
/// The sizes of pages that are asked for.
const SIZES: [u64; 6] = [2, 3, 5, 10, 20, 50];

/// Names of parameters, without what conventions put between their words.
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
/// Those that mean something else where there is no next page to ask for.
const MANIFOLD: [&str; 5] = ["size", "top", "first", "take", "rows"];
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
const OFFSET: [&str; 5] = ["offset", "skip", "start", "from", "pageoffset"];
const NUMBER: [&str; 4] = ["page", "pagenumber", "pageindex", "pageno"];
/// Names of properties that lead to the next page.
const NEXT: [&str; 12] = [
    "next",
    "nextcursor",
    "nextpagetoken",
    "nextlink",
    "nextpage",
    "nexttoken",
    "nextpageurl",
    "nextmarker",
    "nexturl",
    "continuationtoken",
    "nextcontinuationtoken",
    "odatanextlink",
];
/// Objects that such properties may be in.
const AROUND: [&str; 7] = ["meta", "metadata", "links", "paging", "pagination", "page", "pageinfo"];

/// How the next page is asked for.
#[derive(Clone, Copy)]
enum Position<'a> {
    Cursor(&'a Parameter),
    Offset(&'a Parameter),
    Number(&'a Parameter),
}

/// A list with all its pages.
pub(super) struct Walk {
    pub items: Vec<Value>,
    /// Whether it certainly has the end.
    pub complete: bool,
    /// The length of the longest page.
    pub longest: usize,
    /// The last page.
    pub case: Case,
    pub answer: Response,
}

/// What a list operation can be asked.
pub(super) struct Lister<'a> {
    run: &'a Run<'a>,
    pub target: &'a Target,
    /// The request without anything that is optional.
    plain: Value,
    position: Option<Position<'a>>,
    size: Option<&'a Parameter>,
    id: String,
}

impl<'a> Lister<'a> {
    /// The list that resources of a kind are in; none where it can be had with more than the path only.
    pub fn new(run: &'a Run<'a>, cast: &Cast<'a>, values: &[Value], id: &str) -> Option<Self> {
        let part = cast.list.as_ref()?;
        let target = part.target;
        if target.operation.parameters.iter().any(|it| it.required && it.place != ParameterLocation::Path) {
            return None;
        }
        let instance = named(run, target, &required(part)?, &values[..values.len() - 1])?;
        let mut this = Self { run, target, plain: instance, position: None, size: None, id: id.to_owned() };
        let query = || target.operation.parameters.iter().filter(|parameter| parameter.place == ParameterLocation::Query);
        let called = |names: &[&str]| query().find(|parameter| names.contains(&plain(&parameter.name).as_str()));
        let counting = |names: &[&str]| called(names).filter(|parameter| this.is_counting(parameter));
        let position = called(&CURSOR).map(Position::Cursor);
        let from_nothing = |parameter: &&Parameter| this.schema(parameter).is_some_and(|schema| schema["minimum"] != json!(1));
        let position = position.or_else(|| counting(&OFFSET).filter(from_nothing).map(Position::Offset));
        let (position, size) = (position.or_else(|| counting(&NUMBER).map(Position::Number)), counting(&SIZE));
        let size = size.filter(|size| position.is_some() || !MANIFOLD.contains(&plain(&size.name).as_str()));
        (this.position, this.size) = (position, size);
        Some(this)
    }

    fn schema(&self, parameter: &Parameter) -> Option<&Value> {
        self.run.document().resolve(&parameter.schema).map(|(_, schema)| schema)
    }

    fn is_counting(&self, parameter: &Parameter) -> bool {
        self.schema(parameter).is_some_and(|schema| match &schema["type"] {
            Value::String(kind) => kind == "integer" || kind == "number",
            Value::Array(kinds) => kinds.iter().any(|kind| kind == "integer"),
            _ => {
                let branches = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
                branches.into_iter().any(|branch| branch["type"] == "integer")
            }
        })
    }

    fn is_about_pages(&self, parameter: &Parameter) -> bool {
        let name = plain(&parameter.name);
        [SIZE.as_slice(), &CURSOR, &OFFSET, &NUMBER].iter().any(|names| names.contains(&name.as_str()))
    }

    /// Whether something may be left out of the list that nobody has asked to.
    pub fn may_hide(&self) -> bool {
        let others = self.target.operation.parameters.iter();
        let mut others =
            others.filter(|parameter| parameter.place == ParameterLocation::Query && !self.is_about_pages(parameter));
        others.any(|parameter| {
            self.schema(parameter).is_some_and(|schema| schema.get("default").is_some_and(|value| !value.is_null()))
        })
    }

    /// Whether the list can be filtered.
    pub fn has_filters(&self) -> bool {
        let mut all = self.target.operation.parameters.iter();
        all.any(|parameter| parameter.place == ParameterLocation::Query && !self.is_about_pages(parameter))
    }

    /// What such a list can be filtered by, with the values that this resource has.
    pub fn filters(&self, shown: &Value) -> Vec<(&'a Parameter, Value)> {
        let query = self.target.operation.parameters.iter();
        let query = query.filter(|parameter| parameter.place == ParameterLocation::Query && !self.is_about_pages(parameter));
        let properties: Vec<(&String, &Value)> = shown.as_object().into_iter().flatten().collect();
        query
            .filter_map(|parameter| {
                let value = properties.iter().find(|(name, _)| **name == parameter.name)?.1;
                let is_plain = match value {
                    // What is only letters and digits stands for itself in any language of filters.
                    Value::String(text) => {
                        let is_word = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | '@');
                        (1..=64).contains(&text.len()) && text.chars().all(is_word)
                    }
                    Value::Number(number) => number.is_i64() || number.is_u64(),
                    Value::Bool(_) => true,
                    _ => false,
                };
                (is_plain && self.asked(&[(parameter, value.clone())]).is_some()).then(|| (parameter, value.clone()))
            })
            .collect()
    }

    /// A size for pages of which a list of so many has several.
    pub fn size_for(&self, count: usize) -> Option<u64> {
        let size = self.size?;
        let fits =
            |wanted: &&u64| (**wanted as usize) * (MAX_PAGES - 2) > count && self.asked(&[(size, json!(wanted))]).is_some();
        SIZES.iter().filter(|wanted| (**wanted as usize) < count).find(fits).copied()
    }

    /// Whether one page leads to the next.
    pub fn has_pages(&self) -> bool {
        self.position.is_some()
    }

    pub fn size_name(&self) -> &str {
        self.size.map_or("", |size| size.name.as_str())
    }

    /// The request with these parameters; none where the document does not allow it.
    fn asked(&self, parameters: &[(&Parameter, Value)]) -> Option<Value> {
        let mut instance = self.plain.clone();
        for (parameter, value) in parameters {
            let place = instance.as_object_mut()?.entry(parameter.place.name()).or_insert_with(|| json!({}));
            place.as_object_mut()?.insert(parameter.name.clone(), value.clone());
        }
        let instance = self.target.as_received(instance)?;
        self.target.schema.evaluate(&instance).broken.is_empty().then_some(instance)
    }

    fn case(&self, request: Request) -> Case {
        Case::of_request(self.target, self.id.clone(), "a list", request)
    }

    /// The whole list, with filters and in pages of this size where asked to. None where it is not to be had.
    pub async fn walk(&self, player: &mut Player<'a>, filters: &[(&Parameter, Value)], size: Option<u64>) -> Option<Walk> {
        let fixed: Vec<(&Parameter, Value)> =
            filters.iter().cloned().chain(self.size.zip(size).map(|(parameter, size)| (parameter, json!(size)))).collect();
        let mut request = self.target.encode(&self.asked(&fixed)?);
        let mut all: Vec<Value> = Vec::new();
        let (mut longest, mut was_led, mut number) = (0, false, 0);
        let mut last: Vec<Value> = Vec::new();
        // Who does not say which page may get the whole list.
        if let Some(Position::Number(parameter)) = self.position {
            number = self.first_number(player, parameter, &fixed).await?;
            request = self.target.encode(&self.asked(&[fixed.as_slice(), &[(parameter, json!(number))]].concat())?);
        }
        for pages in 1..=MAX_PAGES {
            let case = self.case(request);
            let answer = player.ask(self.target, &case).await.ok().filter(|answer| answer.status == 200)?;
            let body = json(&answer)?;
            let page = listed(&body)?;
            longest = longest.max(page.len());
            // Many a server shows its last page to who asks for one behind it.
            let is_again = pages > 1 && page.iter().copied().eq(&last);
            if !is_again || was_led {
                last = page.iter().map(|item| (*item).clone()).collect();
                all.extend(last.iter().cloned());
            }
            let more = |parameter: &'a Parameter, value: Value| {
                let instance = self.asked(&[fixed.as_slice(), &[(parameter, value)]].concat())?;
                Some(self.target.encode(&instance))
            };
            let next = next(&answer, &body);
            was_led |= next.is_some() || has_next(&body);
            let following = match (next, self.position) {
                (Some(Next::Path(at)), _) => Following::Page(Some(Request {
                    target: own_path(self.run.client().url(), &case.request, &at)?,
                    ..case.request.clone()
                })),
                (Some(Next::Token(token)), Some(Position::Cursor(cursor))) => Following::Page(more(cursor, token)),
                (Some(Next::Token(token)), Some(Position::Number(parameter))) => Following::Page(more(parameter, token)),
                (None, _) if was_led => Following::End,
                (_, Some(Position::Offset(_) | Position::Number(_))) if page.is_empty() || is_again => Following::End,
                (_, Some(Position::Offset(offset))) => Following::Page(more(offset, json!(all.len()))),
                (_, Some(Position::Number(parameter))) => {
                    number += 1;
                    Following::Page(more(parameter, json!(number)))
                }
                _ => Following::Unknown,
            };
            let complete = match following {
                Following::Page(Some(next)) if pages < MAX_PAGES => {
                    request = next;
                    continue;
                }
                Following::Page(_) => false,
                Following::End => true,
                Following::Unknown => match size {
                    Some(size) => (page.len() as u64) < size,
                    None => !may_be_cut(all.len()),
                },
            };
            return Some(Walk { items: all, complete, longest, case, answer });
        }
        None
    }

    /// The number of the first page: what the document says, or else the number that leads to the same.
    async fn first_number(
        &self,
        player: &mut Player<'a>,
        parameter: &'a Parameter,
        fixed: &[(&Parameter, Value)],
    ) -> Option<u64> {
        let schema = self.schema(parameter)?;
        let said = [schema.get("default"), schema.get("minimum")].into_iter().flatten().find_map(Value::as_u64);
        if let Some(said) = said {
            return Some(said);
        }
        let first = self.page(player, fixed).await?;
        for number in [1, 0] {
            if self.page(player, &[fixed, &[(parameter, json!(number))]].concat()).await? == first {
                return Some(number);
            }
        }
        None
    }

    /// The items of the page that these parameters ask for.
    async fn page(&self, player: &mut Player<'a>, parameters: &[(&Parameter, Value)]) -> Option<Vec<Value>> {
        let case = self.case(self.target.encode(&self.asked(parameters)?));
        let answer = player.ask(self.target, &case).await.ok().filter(|answer| answer.status == 200)?;
        let body = json(&answer)?;
        listed(&body).map(|items| items.into_iter().cloned().collect())
    }
}

/// What comes after a page.
enum Following {
    /// The next page; none where no request for it can be made.
    Page(Option<Request>),
    End,
    Unknown,
}

/// What leads to the next page.
enum Next {
    Path(String),
    Token(Value),
}

/// Whether the filter's value is what an item has, or in it: many a filter looks for a part.
pub(super) fn matches(wanted: &Value, found: &Value) -> bool {
    match found {
        Value::Array(items) => items.iter().any(|item| matches(wanted, item)),
        Value::String(text) => {
            let part = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
            alike(wanted, found) || text.to_lowercase().contains(&part.to_lowercase())
        }
        found => alike(wanted, found),
    }
}

/// The items of a page; none where it is no list.
fn listed(body: &Value) -> Option<Vec<&Value>> {
    let found = items(body);
    let is_list = body.is_array() || found.first().is_none_or(|first| !std::ptr::eq(*first, body));
    is_list.then_some(found)
}

/// The next page as a `Link` (RFC 8288) or a property says.
fn next(answer: &Response, body: &Value) -> Option<Next> {
    let links = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("link")).map(|(_, value)| value);
    for link in links.flat_map(|value| value.split(',')) {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next =
            parameters.split(';').any(|part| matches!(part.trim().replace('"', "").to_lowercase().as_str(), "rel=next"));
        if is_next {
            return Some(Next::Path(target.to_owned()));
        }
    }
    properties(body).find_map(|(_, value)| match value {
        Value::String(text) if text.starts_with("http") || text.starts_with(['/', '?']) => Some(Next::Path(text.clone())),
        Value::String(text) if !text.is_empty() => Some(Next::Token(value.clone())),
        Value::Number(_) => Some(Next::Token(value.clone())),
        _ => None,
    })
}

/// Whether a page has a place for what leads to the next.
fn has_next(body: &Value) -> bool {
    properties(body).next().is_some()
}

fn properties(body: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let own = body.as_object().into_iter().flatten();
    let around = own.clone().filter(|(name, _)| AROUND.contains(&plain(name).as_str()));
    let inner = around.filter_map(|(_, value)| value.as_object()).flatten();
    own.chain(inner).filter(|(name, _)| NEXT.contains(&plain(name).as_str()))
}

/// Whether a list of this length may be the first page of a longer one: the sizes of pages are round numbers.
fn may_be_cut(length: usize) -> bool {
    length >= 10 && (length.is_multiple_of(5) || length.is_power_of_two() || length.is_multiple_of(12))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(headers: &[(&str, &str)], body: &Value) -> Option<String> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        match next(&Response { status: 200, headers, body: Vec::new() }, body)? {
            Next::Path(path) => Some(path),
            Next::Token(token) => Some(token.to_string()),
        }
    }

    #[test]
    fn the_next_page_is_where_a_header_or_a_property_says() {
        let link = [("link", r#"</a?page=1>; rel="prev", </a?page=3>; rel="next""#)];
        assert_eq!(led(&link, &json!([])).as_deref(), Some("/a?page=3"));
        assert_eq!(led(&[], &json!({"items": [], "nextCursor": "abc"})).as_deref(), Some("\"abc\""));
        assert_eq!(led(&[], &json!({"data": [], "links": {"next": "/a?x"}})).as_deref(), Some("/a?x"));
        for last in [json!({"nextCursor": null}), json!({"nextCursor": ""}), json!([{"next": "a"}])] {
            assert_eq!(led(&[], &last), None, "{last}");
        }
    }

    #[test]
    fn a_round_number_may_be_a_page() {
        assert!([10, 20, 25, 32, 50, 100].into_iter().all(may_be_cut));
        assert!(![0, 3, 9, 13, 101].into_iter().any(may_be_cut));
    }

    #[test]
    fn a_filter_may_look_for_a_part_or_among_several() {
        assert!(matches(&json!("ada"), &json!("Ada Lovelace")) && matches(&json!("a"), &json!(["b", "a"])));
        assert!(!matches(&json!("ada"), &json!("Eve")) && !matches(&json!(1), &json!(2)));
    }
}
