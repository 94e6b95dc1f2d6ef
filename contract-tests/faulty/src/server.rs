//! A request on its way from bytes to the answer, and the places where a fault interferes.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, Response, StatusCode, body::Incoming, http::request};
use serde_json::{Map, Value, json};

use crate::{
    answer::{MADE, Maker, Style},
    auth::{AuthFault, Denied},
    document::{Answer, Body, Document, Header, Media, ServedOperation, Unservable},
    exchange::{Content, Reply, Seen, distance, essence, is_json, takes_in},
    fault::{Effect, Fault},
    list,
    parameter::{Text, encode, from_text, pairs},
    parsing,
    store::{Claim, Store, StoreFault},
    view::Compiled,
    violation::{Violation, violations},
};

/// The largest body, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// The same where the document does not say what too large a body is answered with: more than a valid one has.
const UNDOCUMENTED_LIMIT: usize = 512 * 1024;

/// How much of a refused body is read, so that the caller gets the refusal and not a broken connection.
const DRAIN: usize = 1024 * 1024;

/// Bodies whose values are texts.
const FORMS: [&str; 2] = ["application/x-www-form-urlencoded", "multipart/form-data"];

pub struct Server {
    document: Document,
    effect: Option<Effect>,
    pub store: Arc<Store>,
    serial: AtomicU64,
}

/// The answers of a document that the server can give, whatever it is asked.
pub fn answered(document: &Value) -> Result<BTreeSet<String>, Unservable> {
    Ok(Document::compile(document, document, &Compiled::default())?.answered())
}

impl Server {
    pub fn new(document: &Value, fault: Option<Fault>, known: &Compiled) -> Result<Self, Unservable> {
        let mut requests = document.clone();
        let effect = fault.map(|fault| fault.effect);
        if let Some(Effect::Schema(edits)) = &effect {
            edits.iter().for_each(|edit| edit.apply(&mut requests));
        }
        let document = Document::compile(&requests, document, known)?;
        Ok(Self { document, effect, store: Arc::default(), serial: AtomicU64::new(1) })
    }

    pub async fn handle(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (mut head, incoming) = request.into_parts();
        if let Some(Effect::Head(change)) = &self.effect {
            change(&mut head);
        }
        let chunked = head.headers.contains_key("transfer-encoding");
        let (bytes, length) = read(incoming).await;
        let (method, path) = (head.method.as_str().to_owned(), head.uri.path().to_owned());
        let mut seen = Seen { method, path, chunked, bytes, length, body: None };
        let mut reply = self.answer(&head, &mut seen).await;
        if let Some(Effect::Reply(change)) = &self.effect {
            change(&seen, &mut reply);
        }
        for (name, value) in std::mem::take(&mut reply.wanted) {
            match value {
                Some(value) => drop(reply.headers.insert(name, value)),
                None => drop(reply.headers.remove(&name)),
            }
        }
        let mut response = Response::builder().status(reply.status);
        for (name, value) in &reply.headers {
            response = response.header(name, value);
        }
        let body = match reply.body {
            Content::None => Vec::new(),
            Content::Json(value) => value.to_string().into_bytes(),
            Content::Bytes(bytes) => bytes,
        };
        Ok(response.body(Full::new(body.into())).unwrap_or_else(|_| {
            // A status or header that HTTP does not have.
            let mut failed = Response::default();
            *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            failed
        }))
    }

    async fn answer(&self, head: &request::Parts, seen: &mut Seen) -> Reply {
        let turn = Turn { server: self, head, now: now(), serial: self.serial.fetch_add(1, Ordering::Relaxed) };
        let routes = self.document.routes(&head.uri);
        let Some((first, _)) = routes.first() else {
            return turn.problem(self.document.beside(&seen.path, &seen.method), 404, &[]);
        };
        // Two templates may differ in nothing but the names in them.
        let found = routes.iter().find_map(|(route, values)| {
            Some((route.operations.iter().find(|operation| operation.method == seen.method)?, values))
        });
        let Some((operation, path_values)) = found else {
            let mut reply = turn.problem(first.operations.first(), 405, &[]);
            let allowed: Vec<String> = routes.iter().map(|(route, _)| route.allow()).filter(|allow| !allow.is_empty()).collect();
            reply.headers.insert("allow".to_owned(), allowed.join(", "));
            return reply;
        };
        turn.operate(operation, path_values, seen).await
    }

    /// Its document's schemas.
    pub fn compiled(&self) -> &Compiled {
        &self.document.compiled
    }

    fn store_fault(&self) -> Option<StoreFault> {
        match self.effect {
            Some(Effect::Store(fault)) => Some(fault),
            _ => None,
        }
    }
}

/// One request for the server.
struct Turn<'a> {
    server: &'a Server,
    head: &'a request::Parts,
    now: String,
    serial: u64,
}

impl Turn<'_> {
    async fn operate(&self, operation: &ServedOperation, path_values: &Map<String, Value>, seen: &mut Seen) -> Reply {
        let fault = if let Some(Effect::Auth(fault)) = self.server.effect { Some(fault) } else { None };
        let security = operation.security.as_ref();
        let mut denied = security.and_then(|security| security.admit(&self.head.headers, &self.head.uri, fault).err());
        if let Some(denied) = denied.take_if(|_| fault != Some(AuthFault::CheckedLast)) {
            return self.deny(operation, denied, seen);
        }
        let query = self.head.uri.query().unwrap_or_default();
        let (mut parameters, mut broken) = operation.parameters(path_values, query, &self.head.headers);
        if let Some(body) = &operation.body {
            match self.read(operation, body, seen) {
                Ok(more) => broken.extend(more),
                Err((400, violation)) => return self.problem(Some(operation), operation.refusal(), &[violation]),
                Err((status, _)) => return self.problem(Some(operation), status, &[]),
            }
        }
        for (name, value) in path_values {
            parameters.entry(name).or_insert_with(|| value.clone());
        }
        if broken.is_empty() {
            broken.extend(self.unfit(operation, &parameters, seen));
        }
        if !broken.is_empty() {
            if let Some(Effect::Errors(change)) = &self.server.effect {
                change(seen.body.as_ref().unwrap_or(&Value::Null), &mut broken);
            }
            self.refused(operation, seen, &broken).await;
            return self.problem(Some(operation), operation.refusal(), &broken);
        }
        if let Some(denied) = denied {
            return self.deny(operation, denied, seen);
        }
        let taken = self
            .server
            .store
            .claim(&claims(operation, seen.body.as_ref(), self.server.store_fault()), self.server.store_fault())
            .await;
        if !taken.is_empty() {
            if self.server.store_fault() == Some(StoreFault::ConflictStored) {
                self.keep(seen.body.clone().unwrap_or_default());
            }
            let message = "must not be taken already".to_owned();
            let violation =
                |pointer: &String| Violation { pointer: pointer.clone(), rule: "unique".to_owned(), message: message.clone() };
            return self.problem(Some(operation), 409, &taken.iter().map(violation).collect::<Vec<_>>());
        }
        if let Some(refused) = self.precondition(operation) {
            let is_carried_out = match self.server.store_fault() {
                Some(StoreFault::StaleChanges) => matches!(operation.method.as_str(), "PUT" | "PATCH"),
                Some(StoreFault::StaleDeletes) => operation.method == "DELETE",
                _ => false,
            };
            if is_carried_out {
                self.succeed(operation, &parameters, seen);
            }
            return refused;
        }
        if operation.method == "DELETE"
            && self.server.store_fault() == Some(StoreFault::DeleteAgainFails)
            && self.server.store.is_gone(self.path())
        {
            return Reply::broken();
        }
        // Only a path that ends with an id leads to nothing once that is deleted.
        let is_lost = || {
            let newest = self.path().rsplit_once('/').and_then(|(above, _)| self.server.store.newest(above));
            self.server.store_fault() == Some(StoreFault::NewestNotFound) && newest.as_deref() == Some(self.path())
        };
        if operation.method == "GET" && operation.names_one && (self.server.store.is_gone(self.path()) || is_lost()) {
            return self.problem(Some(operation), 404, &[]);
        }
        // What is made below a resource has an id of its own.
        if operation.method == "POST" && !operation.names_one {
            parameters.shift_remove("id");
        }
        self.succeed(operation, &parameters, seen)
    }

    /// What names the state of the resource at a path.
    fn etag(&self, path: &str) -> String {
        if self.server.store_fault() == Some(StoreFault::SameEtag) {
            return "\"0\"".to_owned();
        }
        let mut hasher = DefaultHasher::new();
        (path, self.server.store.known(path).unwrap_or_default().to_string()).hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }

    /// The path of the resource, which is the same one with a slash or the name of a format at the end: what is made at `/posts.json` is
    /// found at `/posts/7.json`.
    fn path(&self) -> &str {
        let path = self.head.uri.path();
        let plain = ["/", ".json", ".xml"].iter().find_map(|end| path.strip_suffix(end));
        plain.filter(|path| !path.is_empty()).unwrap_or(path)
    }

    /// The refusal of a request whose documented precondition does not hold (RFC 9110, section 13.1).
    fn precondition(&self, operation: &ServedOperation) -> Option<Reply> {
        let given = |name: &str| self.head.headers.get(name).and_then(|value| value.to_str().ok());
        let (path, fault) = (self.path(), self.server.store_fault());
        let documented = |status: &str| operation.answers.contains_key(status);
        if operation.method == "GET" && documented("304") && fault != Some(StoreFault::IfNoneMatchIgnored) {
            let own = self.etag(path);
            let same = |tag: &str| tag.trim().trim_start_matches("W/") == own || fault == Some(StoreFault::NotModifiedAlways);
            if self.server.store.find(path).is_some() && given("if-none-match")?.split(',').any(same) {
                let mut reply = self.reply(operation.answer(304), 304, "");
                reply.headers.insert("etag".to_owned(), own);
                return Some(reply);
            }
        }
        let changes = matches!(operation.method.as_str(), "PUT" | "PATCH" | "DELETE");
        let is_ignored = fault == Some(StoreFault::IfMatchIgnored)
            || fault == Some(StoreFault::IfMatchIgnoredByDelete) && operation.method == "DELETE";
        if changes && documented("412") && !is_ignored && self.server.store.find(path).is_some() {
            let wanted = given("if-match")?;
            let holds = wanted == self.etag(path) && fault != Some(StoreFault::IfMatchNeverHolds);
            return (wanted.trim() != "*" && !holds).then(|| self.problem(Some(operation), 412, &[]));
        }
        None
    }

    /// A body with the list of what is stored below this path; none where nothing is, or it cannot be told by this schema.
    fn listed(&self, operation: &ServedOperation, media: &Media, parameters: &Map<String, Value>) -> Option<Value> {
        let list = operation.list.as_ref()?;
        let (path, store, fault) = (self.path(), &self.server.store, self.server.store_fault());
        let shown = |path: &String| match fault {
            Some(StoreFault::ListedAsCreated) => store.created(path),
            _ => store.known(path),
        };
        // What is made at `/worker` is listed at `/workers`.
        let one = path.strip_suffix("ies").map(|stem| format!("{stem}y")).or_else(|| Some(path.strip_suffix('s')?.to_owned()));
        let below = store.below(path).into_iter().chain(one.into_iter().flat_map(|one| store.below(&one)));
        let mut stored: Vec<Value> = below.filter_map(|at| shown(&at)).collect();
        if fault == Some(StoreFault::DeletedListed) {
            stored.extend(store.graves(path));
        }
        if stored.is_empty() && store.graves(path).is_empty() {
            return None;
        }
        let query = |name: &String| operation.parameters.iter().find(|known| known.place == "query" && known.name == *name);
        let asked =
            parameters.iter().filter(|(name, _)| query(name).is_some()).map(|(name, value)| (name.clone(), value.clone()));
        let number = operation.parameters.iter().find(|known| known.place == "query" && list::is_number(&known.name));
        let base = usize::from(number.is_some_and(|number| !number.validator.is_valid(&json!(0))));
        let page = list::page(stored, &asked.collect(), base, fault);
        let items: Option<Vec<Value>> = page.items.iter().map(|item| self.maker().shown(&list.item, item, &Map::new())).collect();
        let Some(property) = &list.property else { return Some(json!(items?)).filter(|body| media.validator.is_valid(body)) };
        let mut body = self.maker().body(media, None, &Map::new())?;
        let object = body.as_object_mut()?;
        object.insert(property.clone(), json!(items?));
        if let Some(name) = &list.next {
            object.shift_remove(name);
            object.extend(page.next.as_ref().map(|next| (name.clone(), json!(next))));
        }
        // What leads to the next page may have to be a URL.
        let mut linked = body.clone();
        if let (Some(name), Some(next), Some(object)) = (&list.next, &page.next, linked.as_object_mut()) {
            object.extend(self.next_url(operation, next).map(|url| (name.clone(), json!(url))));
        }
        let mut last = body.clone();
        if let (Some(name), Some(object)) = (&list.next, last.as_object_mut()) {
            object.entry(name.clone()).or_insert(Value::Null);
        }
        [body, linked, last].into_iter().find(|body| media.validator.is_valid(body))
    }

    /// Where the next page is, which begins at this position; none where no parameter of the operation says so.
    fn next_url(&self, operation: &ServedOperation, position: &str) -> Option<String> {
        let name = &operation.parameters.iter().find(|known| known.place == "query" && list::is_position(&known.name))?.name;
        let host = self.head.headers.get("host")?.to_str().ok()?;
        let position = position.trim_start_matches('0');
        let same = pairs(self.head.uri.query().unwrap_or_default()).into_iter().filter(|(other, _)| other != name);
        let query = same.chain([(name.clone(), position.to_owned())]);
        let query: Vec<String> = query.map(|(name, value)| format!("{}={}", encode(&name), encode(&value))).collect();
        Some(format!("http://{host}{}?{}", self.head.uri.path(), query.join("&")))
    }

    fn deny(&self, operation: &ServedOperation, denied: Denied, seen: &Seen) -> Reply {
        if self.server.store_fault() == Some(StoreFault::UnauthenticatedStored) {
            self.keep(serde_json::from_slice(&seen.bytes).unwrap_or_default());
        }
        let mut reply = self.problem(Some(operation), denied.status, &[]);
        reply.headers.insert("www-authenticate".to_owned(), denied.challenge);
        reply
    }

    /// Every violation in the body, which is then in `seen`. An error is the status, with the violation where it is one.
    fn read(&self, operation: &ServedOperation, body: &Body, seen: &mut Seen) -> Result<Vec<Violation>, (u16, Violation)> {
        let violation = |rule: &str, message: String| Violation { pointer: String::new(), rule: rule.to_owned(), message };
        let announced = seen.chunked || self.head.headers.get("content-length").is_some_and(|length| length != "0");
        if !body.required && !announced {
            return Ok(Vec::new());
        }
        let (media, sent) = self.media(body).ok_or_else(|| (415, violation("", String::new())))?;
        let unlimited = matches!(self.server.effect, Some(Effect::Unlimited));
        let limit = if operation.answer(413).is_some() { LIMIT } else { UNDOCUMENTED_LIMIT };
        if seen.length > limit && !unlimited {
            return Err((413, violation("", String::new())));
        }
        let syntax = |message| (400, violation("syntax", message));
        let value = if is_json(&sent) {
            match self.server.effect {
                Some(Effect::Parse(parse)) => parse(&seen.bytes).map_err(syntax)?,
                _ => parsing::strict(&seen.bytes).map_err(syntax)?,
            }
        } else {
            let is_text = sent.starts_with("text/") || FORMS.contains(&sent.as_str());
            let text = match std::str::from_utf8(&seen.bytes) {
                Err(error) if is_text => return Err(syntax(error.to_string())),
                _ => &String::from_utf8_lossy(&seen.bytes),
            };
            match sent.as_str() {
                "application/x-www-form-urlencoded" => form(media, pairs(text)),
                "multipart/form-data" => {
                    let head = self.head.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
                    let boundary = head.split_once("boundary=").map(|(_, boundary)| boundary.trim_matches('"'));
                    let boundary = boundary.ok_or_else(|| syntax("there is no boundary".to_owned()))?;
                    form(media, parts(text, boundary).ok_or_else(|| syntax("a part is malformed".to_owned()))?)
                }
                _ => json!(text),
            }
        };
        let value = if let Some(Effect::Converted(change)) = self.server.effect { change(&value) } else { value };
        let shown = if let Some(Effect::Shown(change)) = self.server.effect { change(&value) } else { value.clone() };
        seen.body = Some(value);
        Ok(violations(&media.validator, &shown, ""))
    }

    /// What the document says about the body's media type, and this. A charset other than UTF-8 or a content coding has no meaning here.
    fn media<'a>(&self, body: &'a Body) -> Option<(&'a Media, String)> {
        let mut types = self.head.headers.get_all("content-type").iter();
        let (Some(one), None) = (types.next(), types.next()) else { return None };
        let text = one.to_str().ok()?.to_lowercase();
        let mut parts = text.split(';').map(str::trim);
        let sent = parts.next()?;
        let charset = parts.find_map(|part| part.strip_prefix("charset=")).unwrap_or("utf-8").trim_matches('"');
        let coded = self.head.headers.get_all("content-encoding").iter().any(|coding| coding != "identity");
        let known = body.media.iter().filter(|media| takes_in(essence(&media.name), sent) && charset == "utf-8" && !coded);
        Some((known.min_by_key(|media| distance(&media.name, &text))?, sent.to_owned()))
    }

    fn succeed(&self, operation: &ServedOperation, parameters: &Map<String, Value>, seen: &mut Seen) -> Reply {
        let status = operation.success();
        let path = self.path();
        let mut reply = self.reply(operation.answer(status), status, "");
        let media = operation.answer(status).and_then(|answer| answer.media.first());
        let fault = self.server.store_fault();
        let newest = || self.server.store.newest(path.rsplit_once('/')?.0);
        let shown = newest().filter(|_| fault == Some(StoreFault::ShowsTheNewest) && operation.names_one);
        let shown = shown.as_deref().unwrap_or(path);
        let partly = self.partly_changed(operation, seen.body.as_ref());
        let stored = || partly.clone().or_else(|| self.server.store.known(shown).filter(|_| operation.method == "GET"));
        let patched = media
            .filter(|media| self.is_merge_patch() && media.wanted.is_none())
            .and_then(|media| Some((media, self.patched(media, seen.body.as_ref(), parameters)?)));
        let made = match patched {
            // What the result must be is checked already, where the document says it apart from the answer.
            Some((media, patched)) if self.result(operation).is_some() || media.validator.is_valid(&patched) => {
                Some(Some(patched))
            }
            // The patch is valid, and what it makes of the resource is not: something that is required is removed or missing.
            Some(_) if !seen.body.as_ref().is_some_and(is_flat) => {
                return self.problem(Some(operation), operation.refusal(), &[]);
            }
            _ => media.map(|media| match self.listed(operation, media, parameters).or_else(stored) {
                Some(listed) if operation.list.is_some() && media.validator.is_valid(&listed) => Some(match fault {
                    Some(StoreFault::ListCached) => self.server.store.cached(&self.head.uri.to_string(), listed),
                    _ => listed,
                }),
                Some(stored) => self.maker().shown(media, &stored, parameters),
                None => self.maker().body(media, seen.body.as_ref(), parameters),
            }),
        };
        if made == Some(None) {
            return Reply::broken();
        }
        let mut made = made.flatten();
        let changes = matches!(operation.method.as_str(), "PUT" | "PATCH");
        if let (Some(made), Some(media)) = (&mut made, media.filter(|media| changes && media.wanted.is_none())) {
            let named = self.with_identity(made.clone(), seen.body.as_ref(), false);
            if media.validator.is_valid(&named) {
                *made = named;
            }
        }
        let at = |id: &str| format!("{}/{}", path.trim_end_matches('/'), encode(id));
        let id = made.as_ref().and_then(|made| identity(made, operation.item.as_deref()));
        let id =
            id.or_else(|| self.ids().into_iter().find(|id| self.may_be_at(&at(id)))).unwrap_or_else(|| self.serial.to_string());
        let location = at(&id);
        if let Some(header) = reply.headers.get_mut("location") {
            let rules = operation.answer(status).into_iter().flat_map(|answer| &answer.headers);
            let rule = rules.into_iter().find(|header| header.name.eq_ignore_ascii_case("location"));
            // One that may not be the whole path may be a URL, or its end.
            let host = self.head.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
            let ends = location.match_indices('/').skip(1).map(|(at, _)| location[at..].to_owned());
            let mut all = [location.clone(), format!("http://{host}{location}")].into_iter().chain(ends);
            if let Some(valid) = all.find(|one| rule.is_none_or(|rule| rule.validator.is_valid(&json!(one)))) {
                *header = valid;
            }
        }
        if let (Some(media), Some(made)) = (media, &made) {
            reply.fill(media, made.clone());
        }
        let sent = partly.or_else(|| seen.body.clone());
        // Where the answer to a change is a list of all there are, the resource is still what was sent.
        let is_other = |made: &Value| changes && made.is_array() && sent.as_ref().is_some_and(Value::is_object);
        let resource = made
            .filter(|made| !is_other(made))
            .unwrap_or_else(|| self.with_identity(sent.clone().unwrap_or_default(), seen.body.as_ref(), true));
        let Some(resource) = self.mangled(resource, operation, seen.body.as_ref()) else { return Reply::broken() };
        match operation.method.as_str() {
            "POST" => {
                self.note(&location, sent);
                self.create(location.clone(), resource);
                if fault == Some(StoreFault::CreationChangesAll) {
                    self.spread(&location, seen.body.as_ref());
                }
            }
            "PATCH" if fault == Some(StoreFault::PatchNotStored) => {}
            "PUT" | "PATCH" if fault != Some(StoreFault::NotChanged) => {
                self.note(path, sent);
                self.change(path, resource, seen.body.as_ref());
            }
            "DELETE" if fault != Some(StoreFault::NotDeleted) => self.delete(path),
            _ => {}
        }
        let of_one = if operation.method == "POST" { location.as_str() } else { path };
        if let Some(etag) = reply.headers.get_mut("etag") {
            let own = self.etag(of_one);
            let is_valid = |header: &&Header| header.name.eq_ignore_ascii_case("etag") && header.validator.is_valid(&json!(own));
            if operation.answer(status).is_some_and(|answer| answer.headers.iter().any(|header| is_valid(&header))) {
                *etag = own;
            }
        }
        reply
    }

    /// What a fault makes of a resource that is to be stored; none where it fails.
    fn mangled(&self, mut resource: Value, operation: &ServedOperation, sent: Option<&Value>) -> Option<Value> {
        let before = self.server.store.find(self.path());
        let (old, new) = (before.as_ref().and_then(Value::as_object), resource.as_object_mut());
        let (Some(fault), Some(old), Some(new)) = (self.server.store_fault(), old, new) else { return Some(resource) };
        let sent = sent.and_then(Value::as_object);
        let has = |name: &str| sent.is_some_and(|sent| sent.contains_key(name));
        let is_again = || sent.is_some_and(|sent| sent.iter().all(|(name, value)| old.get(name) == Some(value)));
        match (operation.method.as_str(), fault) {
            ("PUT", StoreFault::PutAdds) => return Some(self.added(resource)),
            ("PUT", StoreFault::PutMerges) => {
                let kept = old.iter().filter(|(name, _)| !has(name));
                new.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
            }
            ("PUT", StoreFault::PutAgainEmpties) if is_again() => new.retain(|_, value| value.is_string()),
            ("PUT", StoreFault::PutAgainFails) if is_again() => return None,
            ("PATCH", StoreFault::PatchReplaces) => new.retain(|name, _| has(name) || MADE.contains(&name.as_str())),
            ("PATCH", StoreFault::PatchNullIgnored) => {
                let nulls = sent.into_iter().flatten().filter(|(_, value)| value.is_null());
                let kept = nulls.filter_map(|(name, _)| Some((name.clone(), old.get(name)?.clone())));
                new.extend(kept);
            }
            ("PUT" | "PATCH", StoreFault::ChangesId) => {
                let id = self.maker().serial;
                new.entry("id").and_modify(|old| *old = if old.is_string() { json!(format!("{id:024x}")) } else { json!(id) });
            }
            ("PUT" | "PATCH", StoreFault::ChangesCreation) => {
                new.entry("createdAt").and_modify(|time| *time = json!("0001-01-01T00:00:00Z"));
            }
            _ => {}
        }
        Some(resource)
    }

    /// Changes the resource at this path.
    fn change(&self, path: &str, resource: Value, sent: Option<&Value>) {
        let (store, fault) = (&self.server.store, self.server.store_fault());
        let other = store.beside(path).filter(|_| fault == Some(StoreFault::ChangesAnother));
        store.put(other.unwrap_or_else(|| path.to_owned()), resource.clone());
        match fault {
            Some(StoreFault::ChangesAll) => self.spread(path, sent),
            Some(StoreFault::PutInserts) => store.push(path.to_owned(), resource),
            _ => {}
        }
    }

    /// Deletes the resource at this path.
    fn delete(&self, path: &str) {
        let (store, fault) = (&self.server.store, self.server.store_fault());
        let other = store.beside(path);
        match (fault, other) {
            (Some(StoreFault::DeleteHides), _) => return store.hide(path),
            (Some(StoreFault::DeletesAnother), Some(other)) => return store.remove(&other),
            (Some(StoreFault::DeletesTwo), Some(other)) => store.remove(&other),
            (Some(StoreFault::DeletesAll), Some(_)) => {
                let collection = path.rsplit_once('/').map_or("", |(above, _)| above);
                store.below(collection).iter().for_each(|other| store.remove(other));
            }
            _ => {}
        }
        store.remove(path);
    }

    /// A resource whose lists are added to those that are there, where they are the same.
    fn added(&self, mut resource: Value) -> Value {
        let before = self.server.store.find(self.path());
        for (name, value) in resource.as_object_mut().into_iter().flatten() {
            let old = before.as_ref().and_then(|before| before.get(name)).and_then(Value::as_array);
            if let (Some(new), Some(old)) = (value.as_array_mut(), old)
                && new == old
            {
                new.extend(old.iter().cloned());
            }
        }
        resource
    }

    /// Says of all resources beside the one at this path what was sent for it.
    fn spread(&self, path: &str, sent: Option<&Value>) {
        let Some((collection, _)) = path.rsplit_once('/') else { return };
        for other in self.server.store.below(collection) {
            let Some(mut resource) = self.server.store.find(&other) else { continue };
            if let (Some(resource), Some(Value::Object(sent))) = (resource.as_object_mut(), sent) {
                resource.extend(sent.clone());
            }
            self.server.store.put(other, resource);
        }
    }

    /// A resource with what the one at this path has of what the server makes and nobody has sent; also where it has no such property itself, if `all`.
    fn with_identity(&self, mut resource: Value, sent: Option<&Value>, all: bool) -> Value {
        let stored = self.server.store.find(self.path());
        let made =
            stored.as_ref().and_then(Value::as_object).into_iter().flatten().filter(|(name, _)| MADE.contains(&name.as_str()));
        if let Some(resource) = resource.as_object_mut() {
            for (name, value) in made.filter(|(name, _)| *name != "updatedAt" && sent.is_none_or(|sent| sent.get(name).is_none()))
            {
                if all || resource.contains_key(name) {
                    resource.insert(name.clone(), value.clone());
                }
            }
        }
        resource
    }

    /// Keeps what was sent for a resource, unless a fault decides what is kept.
    fn note(&self, path: &str, sent: Option<Value>) {
        if let (None, Some(body)) = (self.server.store_fault(), sent) {
            self.server.store.note(path, body);
        }
    }

    /// The resource of this path with what a `PATCH` that is no merge patch sends of it.
    fn partly_changed(&self, operation: &ServedOperation, sent: Option<&Value>) -> Option<Value> {
        let sent = sent?.as_object().filter(|_| operation.method == "PATCH" && !self.is_merge_patch())?;
        let mut whole = self.server.store.known(self.path())?;
        whole.as_object_mut()?.extend(sent.clone());
        Some(whole)
    }

    fn is_merge_patch(&self) -> bool {
        let media_type = self.head.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        media_type.to_lowercase().starts_with("application/merge-patch+json")
    }

    /// The resource of this path with the changes of a merge patch (RFC 7396); any resource where none is stored.
    fn patched(&self, media: &Media, patch: Option<&Value>, parameters: &Map<String, Value>) -> Option<Value> {
        let stored = self.server.store.find(self.path());
        let mut resource = stored.or_else(|| self.maker().body(media, None, parameters))?;
        json_patch::merge(&mut resource, patch?);
        Some(resource)
    }

    /// What `x-result` says beside the schema of the body.
    fn result<'a>(&self, operation: &'a ServedOperation) -> Option<&'a jsonschema::Validator> {
        operation.body.as_ref().and_then(|body| self.media(body)?.0.result.as_deref())
    }

    /// What the resource of this path would break of `x-result`, with the changes of a merge patch.
    fn unfit(&self, operation: &ServedOperation, parameters: &Map<String, Value>, seen: &Seen) -> Vec<Violation> {
        let answer = operation.answer(operation.success()).and_then(|answer| answer.media.first());
        let (Some(result), Some(answer)) = (self.result(operation), answer) else { return Vec::new() };
        let resource = self.patched(answer, seen.body.as_ref(), parameters);
        resource.map(|resource| violations(result, &resource, "")).unwrap_or_default()
    }

    /// What a new resource may be called, in several forms.
    fn ids(&self) -> [String; 4] {
        let serial = self.serial;
        [serial.to_string(), format!("{serial:010}"), format!("{serial:024x}"), format!("00000000-0000-4000-8000-{serial:012x}")]
    }

    /// Whether a resource may have this path, by what the document says of the parameters in it.
    fn may_be_at(&self, path: &str) -> bool {
        let Ok(uri) = path.parse() else { return false };
        let routes = self.server.document.routes(&uri);
        routes.first().is_none_or(|(route, values)| {
            let broken = route.operations.first().map(|one| one.parameters(values, "", &HeaderMap::new()).1).unwrap_or_default();
            !broken.iter().any(|broken| broken.pointer.starts_with("/path/"))
        })
    }

    fn create(&self, location: String, mut resource: Value) {
        let store = &self.server.store;
        match self.server.store_fault() {
            Some(StoreFault::NotStored) => return store.remove(&location),
            Some(StoreFault::StoredTwice) => store.push(location.clone(), resource.clone()),
            Some(StoreFault::StoredLowerCase) => lower_case(&mut resource),
            Some(StoreFault::ListCached) => store.forget_lists(),
            Some(StoreFault::DeletedComesBack) => store.revive(),
            Some(StoreFault::KeepsTwo) => {
                if let [oldest, _, ..] = store.below(self.path()).as_slice() {
                    store.remove(oldest);
                }
            }
            Some(StoreFault::StoredWithout(properties)) => {
                if let Some(object) = resource.as_object_mut() {
                    object.retain(|name, _| !properties.contains(&name.as_str()));
                }
            }
            Some(StoreFault::OverwritesTheFirst) if store.count() > 0 => {
                let first = store.snapshot().swap_remove(0);
                let path = self.path();
                store.remove(&format!("{path}/{}", first["id"].as_str().unwrap_or_default()));
            }
            _ => {}
        }
        // Where the client chooses the id, the same one is the same resource.
        if self.server.effect.is_none() && store.find(&location).is_some() {
            return store.put(location, resource);
        }
        store.push(location, resource);
    }

    /// What a server does with a refused request that should do nothing.
    async fn refused(&self, operation: &ServedOperation, seen: &Seen, broken: &[Violation]) {
        match (self.server.store_fault(), &seen.body) {
            (Some(StoreFault::RefusedStored), Some(body)) => self.keep(body.clone()),
            (Some(StoreFault::RefusedChanges), Some(Value::Object(body))) => {
                let path = self.path();
                if let Some(mut resource) = self.server.store.find(path) {
                    let is_valid = |name: &String| {
                        let at = format!("/{name}");
                        !broken.iter().any(|broken| broken.pointer == at || broken.pointer.starts_with(&format!("{at}/")))
                    };
                    let valid = body.iter().filter(|(name, _)| is_valid(name)).map(|(name, value)| (name.clone(), value.clone()));
                    resource.as_object_mut().into_iter().for_each(|resource| resource.extend(valid.clone()));
                    self.server.store.put(path.to_owned(), resource);
                }
            }
            (Some(StoreFault::RefusedTakesTheValue), body) => {
                self.server.store.claim(&claims(operation, body.as_ref(), None), None).await;
            }
            _ => {}
        }
    }

    fn keep(&self, value: Value) {
        self.server.store.push(format!("{}/{}", self.path(), self.serial), value);
    }

    fn maker(&self) -> Maker<'_> {
        let serial = match self.server.store_fault() {
            Some(StoreFault::SameId) => 0,
            Some(StoreFault::IdReused) => self.serial % 8,
            _ => self.serial,
        };
        Maker { root: &self.server.document.answers, now: &self.now, serial, style: Style::default() }
    }

    /// An answer with its documented headers and no body yet.
    fn reply(&self, answer: Option<&Answer>, status: u16, allow: &str) -> Reply {
        let (mut headers, mut wanted) = (BTreeMap::new(), Vec::new());
        for header in answer.into_iter().flat_map(|answer| &answer.headers) {
            let name = header.name.to_lowercase();
            if OF_THE_MESSAGE.contains(&name.as_str()) {
                continue;
            }
            wanted.extend(header.wanted.as_ref().map(|text| (name.clone(), text.as_str().map(str::to_owned))));
            let value = match name.as_str() {
                "x-request-id" => self.request_id(&header.validator),
                "retry-after" => "1".to_owned(),
                "allow" => allow.to_owned(),
                "www-authenticate" => "Bearer".to_owned(),
                _ => {
                    let made = self.maker().value(&header.name, &header.schema, 1);
                    made.as_str().filter(|_| !header.is_json).map_or_else(|| made.to_string(), str::to_owned)
                }
            };
            headers.insert(name, value);
        }
        Reply { status, headers, wanted, body: Content::None }
    }

    fn request_id(&self, validator: &jsonschema::Validator) -> String {
        let given = self.head.headers.get("x-request-id").and_then(|id| id.to_str().ok());
        let sane = given.filter(|id| validator.is_valid(&json!(id)));
        sane.map_or_else(|| self.maker().uuid(), str::to_owned)
    }

    /// An error in the shape that the document has for it.
    fn problem(&self, operation: Option<&ServedOperation>, status: u16, broken: &[Violation]) -> Reply {
        let answer = operation.and_then(|operation| operation.answer(status));
        let mut reply = self.reply(answer, status, "");
        let Some(media) = answer.and_then(|answer| answer.media.first()) else { return reply };
        let title = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
        let word = match status {
            500 => "INTERNAL_ERROR".to_owned(),
            _ => title.to_uppercase().replace([' ', '-'], "_"),
        };
        let errors: Vec<Value> = broken
            .iter()
            .map(|Violation { pointer, rule, message }| json!({"pointer": pointer, "rule": rule, "message": message}))
            .collect();
        let mut facts = json!({
            "type": "about:blank", "title": title, "status": status, "code": word, "message": format!("{title}."),
            "detail": format!("{title}."), "error": word
        });
        if !errors.is_empty() {
            facts["errors"] = json!(errors);
        }
        match self.maker().body(media, Some(&facts), &Map::new()) {
            Some(body) => reply.fill(media, body),
            None => return Reply::broken(),
        }
        reply
    }
}

/// What a resource is called in its path: by the property with the name that the path has, or else by an id.
fn identity(resource: &Value, name: Option<&str>) -> Option<String> {
    let plain = |name: &str| name.replace(['-', '_'], "").to_lowercase();
    let named =
        |wanted: &str| resource.as_object()?.iter().find(|(name, _)| plain(name) == plain(wanted)).map(|(_, value)| value);
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let own = name.into_iter().chain(["id", "uuid", "guid"]).find_map(|name| text(named(name)?));
    own.or_else(|| identity(resource.get("data").filter(|data| data.is_object())?, name))
}

/// Whether a merge patch removes nothing and merges no object.
fn is_flat(patch: &Value) -> bool {
    patch.as_object().is_some_and(|patch| patch.values().all(|value| !value.is_null() && !value.is_object()))
}

/// Headers that say how the answer itself is sent, so that hyper writes them (RFC 9110, section 8; RFC 9112).
const OF_THE_MESSAGE: [&str; 5] = ["connection", "content-encoding", "content-length", "trailer", "transfer-encoding"];

/// Reads the body: its beginning, up to what any fault may need, and its length.
async fn read(mut incoming: Incoming) -> (Vec<u8>, usize) {
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(Ok(frame)) = incoming.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length > LIMIT + DRAIN {
            break;
        }
        bytes.extend_from_slice(&data);
    }
    (bytes, length)
}

/// The fields of a form as the object that they stand for.
fn form(media: &Media, fields: Vec<(String, String)>) -> Value {
    let mut object = Map::new();
    for (name, text) in fields {
        let inner = name.split_once('[').and_then(|(outer, rest)| Some((media.deep.get(outer)?, outer, rest.strip_suffix(']')?)));
        if let Some((known, outer, inner)) = inner {
            let value = known.get(inner).map_or_else(|| json!(text), |kind| kind.value(&text));
            // A text that has the name of the object before it is something else.
            if let Value::Object(properties) = object.entry(outer).or_insert_with(|| json!({})) {
                properties.insert(inner.to_owned(), value);
            }
            continue;
        }
        let kind = media.texts.get(&name);
        if let (Some((between, known)), Some(Text::One(types) | Text::List(types))) = (media.joined.get(&name), kind) {
            let mut parts = text.split(*between);
            let is_list = matches!(kind, Some(Text::List(_)));
            let value = match (is_list, types.contains("object")) {
                (true, _) => parts.map(|part| from_text(part, types)).collect(),
                (false, true) => {
                    let pairs = std::iter::from_fn(|| Some((parts.next()?, parts.next()?)));
                    let value = |name: &str, text: &str| known.get(name).map_or_else(|| json!(text), |kind| kind.value(text));
                    json!(pairs.map(|(name, text)| (name.to_owned(), value(name, text))).collect::<Map<_, _>>())
                }
                (false, false) => from_text(&text, types),
            };
            object.insert(name, value);
            continue;
        }
        let value = match kind {
            // What is an object is sent as JSON.
            Some(Text::One(types) | Text::List(types)) if types.contains("object") => {
                serde_json::from_str(&text).unwrap_or_else(|_| json!(text))
            }
            Some(kind) => kind.value(&text),
            None => json!(text),
        };
        match (object.get_mut(&name), kind) {
            (Some(Value::Array(items)), _) => items.push(value),
            (Some(first), _) => *first = json!([first.take(), value]),
            (None, Some(Text::List(..))) => drop(object.insert(name, json!([value]))),
            (None, _) => drop(object.insert(name, value)),
        }
    }
    json!(object)
}

/// Names and values of the parts of `multipart/form-data` (RFC 7578); none where one is malformed.
fn parts(text: &str, boundary: &str) -> Option<Vec<(String, String)>> {
    let whole = format!("\r\n{text}");
    let (between, end) = (format!("\r\n--{boundary}"), "--");
    let mut pieces = whole.split(between.as_str()).skip(1);
    let mut fields = Vec::new();
    loop {
        let piece = pieces.next()?;
        if piece.starts_with(end) {
            return Some(fields);
        }
        let (head, value) = piece.strip_prefix("\r\n")?.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("name=\"")?;
        fields.push((name.split_once('"')?.0.to_owned(), value.to_owned()));
    }
}

/// The values in the body that no two resources share.
fn claims(operation: &ServedOperation, body: Option<&Value>, fault: Option<StoreFault>) -> Vec<Claim> {
    let another = if let Some(StoreFault::AlsoUnique(pointer)) = fault { Some(pointer.to_owned()) } else { None };
    let pointers = operation.unique.iter().chain(&another);
    let found = pointers.filter_map(|at| Some((at.clone(), body?.pointer(at)?.clone())));
    found.map(|(at, value)| (at, value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
}

fn lower_case(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.to_lowercase(),
        Value::Array(items) => items.iter_mut().for_each(lower_case),
        Value::Object(object) => object.values_mut().for_each(lower_case),
        _ => {}
    }
}

fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
