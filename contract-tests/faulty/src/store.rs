//! What the server keeps, in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;

/// A fault in what the server stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// Unique values may occur twice.
    NotUnique,
    /// Unique values are compared with letter case.
    CaseSensitive,
    /// A unique value is looked up and inserted without a lock.
    CheckThenInsert,
    /// Emails that differ in their `+tag` conflict.
    PlusTagIgnored,
    /// Emails that differ in their domain conflict.
    LocalPartOnly,
    /// The value at this place of the body is unique, too.
    AlsoUnique(&'static str),
    /// A request that conflicts is stored.
    ConflictStored,
    /// A rejected request is stored.
    RefusedStored,
    /// A rejected request takes its unique value.
    RefusedTakesTheValue,
    /// An unauthenticated request is stored.
    UnauthenticatedStored,
    /// Nothing is stored.
    NotStored,
    /// Every resource is stored twice.
    StoredTwice,
    /// Text is stored in lower case.
    StoredLowerCase,
    /// These properties are not stored.
    StoredWithout(&'static [&'static str]),
    /// Every resource has the same id.
    SameId,
    /// Ids repeat.
    IdReused,
    /// A new resource replaces the first one.
    OverwritesTheFirst,
    /// A deleted resource stays.
    NotDeleted,
    /// A changed resource stays as it was.
    NotChanged,
    /// The newest resource is not in the list.
    NewestNotListed,
    /// The first resource is twice in the list.
    ListedTwice,
    /// A deleted resource stays in the list.
    DeletedListed,
    /// What is sent for one resource is said of all in its collection.
    ChangesAll,
    /// With a resource the one before it in its collection is deleted, too.
    DeletesTwo,
    /// A refused change is carried out.
    RefusedChanges,
    /// A list that is sent again is added to the one that is there.
    PutAdds,
    /// Deleting what is deleted fails.
    DeleteAgainFails,
    /// `ETag` is always the same.
    SameEtag,
    /// `If-None-Match` is ignored.
    IfNoneMatchIgnored,
    /// `If-Match` is ignored.
    IfMatchIgnored,
    /// The size of a page is ignored.
    LimitIgnored,
    /// Each page begins with the last item of the one before.
    PagesOverlap,
    /// Between two pages an item is left out.
    PagesSkip,
    /// Filters are ignored.
    FilterIgnored,
    /// What matches a filter is listed but for the last.
    FilterLosesTheLast,
    /// The oldest resource is not in the list.
    OldestNotListed,
    /// Nothing leads to the last page.
    LastPageLost,
    /// The last page is filled up with what the page before it has.
    LastPageFilled,
    /// Pages but the first have the opposite order.
    PagesReversed,
    /// A page has one item more than was asked for.
    OneItemMore,
    /// A cursor leads to the first page.
    CursorIgnored,
    /// The last page leads to the first.
    NextForever,
    /// A filter lists what does not match.
    FilterInverted,
    /// A filter lists nothing.
    FilterFindsNothing,
    /// A filter looks at the oldest two resources only.
    FilterOfTheOldest,
    /// Of several filters only one counts.
    FiltersIgnored,
    /// Pages but the first have no filter.
    FilterOfTheFirstPage,
    /// A list shows each resource as it was created.
    ListedAsCreated,
    /// A list stays as it is until something is created.
    ListCached,
    /// What was deleted is there again once something is created.
    DeletedComesBack,
    /// With a resource all of its collection are deleted.
    DeletesAll,
    /// Another resource of the collection is deleted instead.
    DeletesAnother,
    /// A deleted resource is only not listed any more.
    DeleteHides,
    /// A `PUT` keeps what it does not have.
    PutMerges,
    /// A `PUT` adds another resource of the same id.
    PutInserts,
    /// A change is one of another resource of the collection.
    ChangesAnother,
    /// A change gives another id.
    ChangesId,
    /// A change sets the time of creation to that of a variable that nobody has set.
    ChangesCreation,
    /// A `PUT` that is sent again removes all but texts.
    PutAgainEmpties,
    /// A `PUT` that is sent again fails.
    PutAgainFails,
    /// A change whose precondition does not hold is refused, and carried out.
    StaleChanges,
    /// A deletion whose precondition does not hold is refused, and carried out.
    StaleDeletes,
    /// No `ETag` is the current one for `If-Match`.
    IfMatchNeverHolds,
    /// `If-Match` is ignored by `DELETE`.
    IfMatchIgnoredByDelete,
    /// Every `ETag` is the current one for `If-None-Match`.
    NotModifiedAlways,
    /// A `PATCH` removes what it does not have.
    PatchReplaces,
    /// `null` in a merge patch is ignored.
    PatchNullIgnored,
    /// A `PATCH` is answered, and not stored.
    PatchNotStored,
    /// What is sent for a new resource is said of all in its collection.
    CreationChangesAll,
    /// A collection has place for two.
    KeepsTwo,
    /// Whatever resource is asked for, the newest of its collection is shown.
    ShowsTheNewest,
    /// The newest resource is not found.
    NewestNotFound,
}

/// A value that no two resources may share: where it is in the body, and its text.
pub type Claim = (String, String);

/// The resources, each with its path, in the order of their creation.
#[derive(Default)]
pub struct Store(Mutex<Resources>);

#[derive(Default)]
struct Resources {
    items: Vec<(String, Value)>,
    /// What was sent for each of them, which an answer need not show.
    sent: HashMap<String, Value>,
    /// The paths of those that were deleted.
    gone: HashSet<String>,
    /// Those themselves.
    graves: Vec<(String, Value)>,
    /// What each was created as.
    created: HashMap<String, Value>,
    /// The paths of those that are not listed.
    hidden: HashSet<String>,
    /// Lists by what asked for them.
    lists: HashMap<String, Value>,
    taken: HashSet<Claim>,
}

impl Store {
    /// How many resources are stored.
    pub fn count(&self) -> usize {
        self.resources().items.len()
    }

    /// Every resource, in the order of creation.
    pub fn snapshot(&self) -> Vec<Value> {
        self.resources().items.iter().map(|(_, value)| value.clone()).collect()
    }

    /// The resource at this path.
    pub(super) fn find(&self, path: &str) -> Option<Value> {
        self.resources().items.iter().find(|(known, _)| known == path).map(|(_, value)| value.clone())
    }

    /// Takes all the values, or none and tells where those are that are taken.
    pub(super) async fn claim(&self, claims: &[Claim], fault: Option<StoreFault>) -> Vec<String> {
        let claims: Vec<Claim> = claims.iter().map(|(at, text)| (at.clone(), normal(text, fault))).collect();
        let conflicts = |resources: &Resources| -> Vec<String> {
            claims.iter().filter(|claim| resources.taken.contains(*claim)).map(|(at, _)| at.clone()).collect()
        };
        if fault == Some(StoreFault::NotUnique) {
            return Vec::new();
        }
        if fault == Some(StoreFault::CheckThenInsert) {
            let found = conflicts(&self.resources());
            tokio::time::sleep(Duration::from_millis(20)).await; // Others look in the meantime.
            self.resources().taken.extend(claims);
            return found;
        }
        let mut resources = self.resources();
        let found = conflicts(&resources);
        if found.is_empty() {
            resources.taken.extend(claims);
        }
        found
    }

    /// The resource at this path, with what was sent for it.
    pub(super) fn known(&self, path: &str) -> Option<Value> {
        let stored = self.find(path)?;
        let sent = self.resources().sent.get(path).and_then(Value::as_object).cloned();
        match (stored, sent) {
            (Value::Object(stored), Some(sent)) => Some(sent.into_iter().chain(stored).collect()),
            (stored, _) => Some(stored),
        }
    }

    /// The paths of the resources right below this path, in the order of creation.
    pub(super) fn below(&self, path: &str) -> Vec<String> {
        let resources = self.resources();
        let listed = |known: &&String| is_below(known, path) && !resources.hidden.contains(*known);
        let mut paths: Vec<String> = resources.items.iter().map(|(known, _)| known).filter(listed).cloned().collect();
        paths.dedup();
        paths
    }

    /// The newest resource right below this path.
    pub(super) fn newest(&self, path: &str) -> Option<String> {
        self.below(path).pop()
    }

    /// A resource right below this path beside the one that is named.
    pub(super) fn beside(&self, path: &str) -> Option<String> {
        self.below(path.rsplit_once('/')?.0).into_iter().rfind(|other| other != path)
    }

    /// What the resource at this path was created as.
    pub(super) fn created(&self, path: &str) -> Option<Value> {
        self.resources().created.get(path).cloned()
    }

    /// Takes a resource out of the lists.
    pub(super) fn hide(&self, path: &str) {
        self.resources().hidden.insert(path.to_owned());
    }

    /// Puts back what was deleted.
    pub(super) fn revive(&self) {
        let mut resources = self.resources();
        let graves = std::mem::take(&mut resources.graves);
        graves.iter().for_each(|(path, _)| {
            resources.gone.remove(path);
        });
        resources.items.extend(graves);
    }

    /// The list that was answered before to the same request; this one is from now on.
    pub(super) fn cached(&self, asked: &str, list: Value) -> Value {
        self.resources().lists.entry(asked.to_owned()).or_insert(list).clone()
    }

    /// Forgets the lists that were answered.
    pub(super) fn forget_lists(&self) {
        self.resources().lists.clear();
    }

    /// The deleted resources right below this path.
    pub(super) fn graves(&self, path: &str) -> Vec<Value> {
        self.resources().graves.iter().filter(|(known, _)| is_below(known, path)).map(|(_, value)| value.clone()).collect()
    }

    /// Whether the resource at this path was deleted.
    pub(super) fn is_gone(&self, path: &str) -> bool {
        self.resources().gone.contains(path)
    }

    /// Keeps what was sent for the resource at this path.
    pub(super) fn note(&self, path: &str, sent: Value) {
        self.resources().sent.insert(path.to_owned(), sent);
    }

    /// Stores a resource at its path, in the place of one that is there.
    pub(super) fn put(&self, path: String, value: Value) {
        let mut resources = self.resources();
        resources.gone.remove(&path);
        match resources.items.iter_mut().find(|(known, _)| *known == path) {
            Some((_, old)) => *old = value,
            None => resources.items.push((path, value)),
        }
    }

    /// Stores a resource whatever is at its path.
    pub(super) fn push(&self, path: String, value: Value) {
        let mut resources = self.resources();
        resources.gone.remove(&path);
        resources.created.insert(path.clone(), value.clone());
        resources.items.push((path, value));
    }

    /// Removes what is at this path, if anything.
    pub(super) fn remove(&self, path: &str) {
        let mut resources = self.resources();
        let (taken, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut resources.items).into_iter().partition(|(known, _)| known == path);
        (resources.items, resources.graves) = (left, [std::mem::take(&mut resources.graves), taken].concat());
        resources.sent.remove(path);
        resources.gone.insert(path.to_owned());
    }

    fn resources(&self) -> MutexGuard<'_, Resources> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_below(known: &str, path: &str) -> bool {
    let below = known.strip_prefix(path.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
    below.is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
}

/// The form in which two equal values are equal.
fn normal(text: &str, fault: Option<StoreFault>) -> String {
    match fault {
        Some(StoreFault::CaseSensitive) => text.to_owned(),
        Some(StoreFault::PlusTagIgnored) => {
            let (local, domain) = text.split_once('@').unwrap_or((text, ""));
            format!("{}@{domain}", local.split('+').next().unwrap_or_default()).to_lowercase()
        }
        Some(StoreFault::LocalPartOnly) => text.split('@').next().unwrap_or_default().to_lowercase(),
        _ => text.to_lowercase(),
    }
}
