//! The files of a document, each read once; and what the references in them lead to.

use std::{
    collections::HashMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    rc::Rc,
};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::{
    Loader,
    error::{DefectKind, LimitOf, LoadError},
    identifiers::Identifiers,
    model::reference,
    node::{At, Content, Node},
    parse::{self, Bounds, Fault, Repeated},
    pointer::{to_reference, unescape},
    source::{Place, Source},
};

/// How the objects of a file are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    V20,
    V30,
    /// 3.1 and 3.2.
    V31,
}

/// A file and what was read of it.
pub(crate) struct File {
    pub url: Url,
    pub dialect: Dialect,
    pub root: Rc<Node>,
}

/// What references are relative to.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub file: u32,
    pub url: Rc<Url>,
    /// The pointer, in the file, of the schema whose `$id` set the URL; empty for the file itself.
    pub resource: Rc<str>,
}

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub file: u32,
    pub pointer: String,
}

/// Why a reference leads nowhere.
pub(crate) enum Trouble {
    Nowhere(String),
    Remote(String),
    /// A limit was passed.
    Fatal(LoadError),
}

/// Something wrong, before it is known where in the result it stands.
pub(crate) struct Finding {
    pub kind: DefectKind,
    pub at: At,
    pub message: String,
}

pub(crate) struct Files<'l> {
    loader: &'l Loader,
    pub files: Vec<File>,
    pub sources: Vec<Source>,
    known: HashMap<Url, u32>,
    /// Those that could not be read, and why: each is tried once.
    broken: HashMap<Url, String>,
    pub identifiers: Identifiers,
    bytes: u64,
    /// References that are being followed, one within another.
    hops: usize,
    pub findings: Vec<Finding>,
}

impl<'l> Files<'l> {
    pub fn new(loader: &'l Loader) -> Self {
        Self {
            loader,
            files: Vec::new(),
            sources: Vec::new(),
            known: HashMap::new(),
            broken: HashMap::new(),
            identifiers: Identifiers::default(),
            bytes: 0,
            hops: 0,
            findings: Vec::new(),
        }
    }

    /// Reads the document itself: whatever the caller names, a pipe too.
    pub fn read(&mut self, path: &Path) -> Result<String, LoadError> {
        self.read_opened(path, fs::File::open(path))
    }

    /// Reads a file that a reference names. Whoever wrote the document chose it, so only a regular file will do.
    fn read_referenced(&mut self, path: &Path) -> Result<String, LoadError> {
        self.read_opened(path, open_regular(path))
    }

    fn read_opened(&mut self, path: &Path, opened: io::Result<fs::File>) -> Result<String, LoadError> {
        let error = |source: io::Error| LoadError::File { path: path.to_owned(), source };
        let left = self.loader.max_bytes - self.bytes;
        let mut bytes = Vec::new();
        opened.and_then(|file| file.take(left.saturating_add(1)).read_to_end(&mut bytes)).map_err(error)?;
        if bytes.len() as u64 > left {
            return Err(self.too_many(path, LimitOf::Bytes));
        }
        String::from_utf8(bytes).map_err(|_| LoadError::NotUtf8 { path: path.to_owned() })
    }

    /// Adds a file that was read; `from` is the dialect of what refers to it, if anything does.
    pub fn add(&mut self, path: PathBuf, url: Url, text: String, from: Option<Dialect>) -> Result<u32, LoadError> {
        self.bytes += text.len() as u64;
        if self.bytes > self.loader.max_bytes {
            return Err(self.too_many(&path, LimitOf::Bytes));
        }
        if self.files.len() as u64 >= self.loader.max_files {
            return Err(self.too_many(&path, LimitOf::Files));
        }
        let file = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let source = Source::new(path, text);
        let bounds = Bounds { depth: self.loader.max_depth, copied: self.loader.max_copied };
        let named_json = source.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let parsed = parse::parse(&source.text, named_json, file, bounds).map_err(|fault| match fault {
            Fault::Syntax { offset, cause } => LoadError::Syntax { place: source.place(offset), cause },
            Fault::TooDeep => self.too_many(&source.path, LimitOf::Depth),
            Fault::TooManyCopies => self.too_many(&source.path, LimitOf::Copied),
        })?;
        for Repeated { key, at, before } in parsed.repeated {
            let line = source.place(before.key).line;
            let message = format!("the key {key:?} is on line {line} already; the last one counts");
            self.findings.push(Finding { kind: DefectKind::DuplicateKey, at, message });
        }
        let dialect = match (version(&parsed.root), from) {
            (Some(version), _) => dialect(&parsed.root, &version).ok_or_else(|| LoadError::NotOpenApi {
                path: source.path.clone(),
                cause: format!("its version is {version}; 2.0, 3.0, 3.1 and 3.2 are known"),
            })?,
            (None, Some(from)) => from,
            (None, None) => {
                let cause = "it has neither `openapi` nor `swagger` with a version".to_owned();
                return Err(LoadError::NotOpenApi { path: source.path, cause });
            }
        };
        if ["$id", "$anchor", "$dynamicAnchor", "$self"].iter().any(|keyword| source.text.contains(keyword)) {
            self.identifiers.index(&parsed.root, file, &url);
        }
        self.known.insert(url.clone(), file);
        self.files.push(File { url, dialect, root: Rc::new(parsed.root) });
        self.sources.push(source);
        Ok(file)
    }

    /// What references in a node are relative to.
    pub fn base(&self, target: &Target) -> Base {
        let file = &self.files[target.file as usize];
        let base = Base { file: target.file, url: Rc::new(file.url.clone()), resource: "".into() };
        self.identifiers.base(base, &file.root, &target.pointer)
    }

    pub fn node(&self, target: &Target) -> Option<&Node> {
        self.files[target.file as usize].root.pointer(&target.pointer)
    }

    pub fn place(&self, at: At) -> Place {
        self.sources[at.file as usize].place(at.key)
    }

    pub fn too_many(&self, path: &Path, of: LimitOf) -> LoadError {
        let limit = match of {
            LimitOf::Bytes => self.loader.max_bytes,
            LimitOf::Depth => self.loader.max_depth as u64,
            LimitOf::Files => self.loader.max_files,
            LimitOf::Copied => self.loader.max_copied as u64,
            LimitOf::Defects => self.loader.max_defects as u64,
        };
        LoadError::Limit { path: path.to_owned(), of, limit }
    }

    /// What a reference leads to. References on the way there are followed, too.
    pub fn resolve(&mut self, reference: &str, base: &Base) -> Result<Target, Trouble> {
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let (file, resource) = if address.is_empty() {
            (base.file, base.resource.to_string())
        } else {
            let url = base.url.join(address).map_err(|error| Trouble::Nowhere(error.to_string()))?;
            match self.identifiers.resource(&url) {
                Some(found) => found,
                None => (self.open_near(&url, address, base)?, String::new()),
            }
        };
        let fragment = percent_decode_str(fragment).decode_utf8_lossy();
        if !fragment.is_empty() && !fragment.starts_with('/') {
            let found = self.identifiers.anchor(file, &resource, &fragment);
            let nowhere = || Trouble::Nowhere(format!("nothing has the `$anchor` {fragment:?}"));
            return found.map(|pointer| Target { file, pointer }).ok_or_else(nowhere);
        }
        // By the standard a pointer begins at the schema that has the `$id`; most authors mean the file.
        let within = Target { file, pointer: format!("{resource}{fragment}") };
        let whole = Target { file, pointer: fragment.into_owned() };
        let found = if self.node(&within).is_some() { within } else { whole };
        if self.node(&found).is_some() {
            return Ok(found);
        }
        if self.hops == MAX_HOPS {
            return Err(Trouble::Nowhere("references in a circle".to_owned()));
        }
        self.hops += 1;
        let found = self.through(&found);
        self.hops -= 1;
        found
    }

    /// The target of a pointer that leads through references, which no pointer does by the standard, but many documents have.
    fn through(&mut self, target: &Target) -> Result<Target, Trouble> {
        let root = Rc::clone(&self.files[target.file as usize].root);
        let (mut node, mut end) = (root.as_ref(), 0);
        for segment in target.pointer.split('/').skip(1) {
            let Some(next) = node.step(&unescape(segment)) else { break };
            end += 1 + segment.len();
            node = next;
        }
        let (reached, rest) = target.pointer.split_at(end);
        let Some(reference) = reference(node) else {
            let file = self.sources[target.file as usize].path.display();
            return Err(Trouble::Nowhere(format!("there is nothing at {:?} in {file}", target.pointer)));
        };
        let base = self.base(&Target { file: target.file, pointer: reached.to_owned() });
        let next = self.resolve(reference, &base)?;
        self.resolve(&to_reference(&format!("{}{rest}", next.pointer)), &Base { file: next.file, resource: "".into(), ..base })
    }

    /// The file at a URL, or else at the address relative to the file that refers to it. Relative to an `$id` a reference means the
    /// former by the standard, but many schemas have an `$id` on a server and lie beside the files that they refer to.
    fn open_near(&mut self, url: &Url, address: &str, base: &Base) -> Result<u32, Trouble> {
        let File { url: own, dialect, .. } = &self.files[base.file as usize];
        let (beside, dialect) = (own.join(address).ok().filter(|beside| beside != url), *dialect);
        let trouble = match self.open(url, dialect) {
            Err(trouble @ (Trouble::Remote(_) | Trouble::Nowhere(_))) => trouble,
            opened => return opened,
        };
        let Some(beside) = beside else { return Err(trouble) };
        // What is there and cannot be read is what is wrong.
        let is_there = beside.to_file_path().is_ok_and(|path| path.is_file());
        match self.open(&beside, dialect) {
            Err(Trouble::Nowhere(_) | Trouble::Remote(_)) if !is_there => Err(trouble),
            decided => decided,
        }
    }

    /// The file at a URL, read when it was not yet.
    fn open(&mut self, url: &Url, from: Dialect) -> Result<u32, Trouble> {
        if let Some(file) = self.known.get(url) {
            return Ok(*file);
        }
        if let Some(cause) = self.broken.get(url) {
            return Err(Trouble::Nowhere(cause.clone()));
        }
        let (path, text) = match url.scheme() {
            "file" => {
                let path = url.to_file_path().map_err(|()| Trouble::Nowhere(format!("{url} is no path of a file")))?;
                let text = self.read_referenced(&path);
                (shorter(path), text)
            }
            "http" | "https" => {
                let fetch = self.loader.fetch.clone().ok_or_else(|| Trouble::Remote(url.to_string()))?;
                let path = PathBuf::from(url.as_str());
                let text =
                    fetch(url.as_str()).map_err(|error| LoadError::File { path: path.clone(), source: io::Error::other(error) });
                (path, text)
            }
            _ => return Err(Trouble::Nowhere(format!("no schema has the `$id` {url}"))),
        };
        match text.and_then(|text| self.add(path, url.clone(), text, Some(from))) {
            Ok(file) => Ok(file),
            Err(limit @ LoadError::Limit { .. }) => Err(Trouble::Fatal(limit)),
            Err(error) => {
                self.broken.insert(url.clone(), error.to_string());
                Err(Trouble::Nowhere(error.to_string()))
            }
        }
    }
}

/// Opens a regular file. A pipe would keep the reader waiting for somebody who writes, and a device may have no end.
fn open_regular(path: &Path) -> io::Result<fs::File> {
    // Before it is opened: that of a pipe waits already.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file, and nothing else is read"));
    }
    fs::File::open(path)
}

/// How many references may follow one another: more is a circle.
pub(crate) const MAX_HOPS: usize = 32;

/// The path relative to the current folder, where it is below it: what people call the file.
fn shorter(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().ok();
    match here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)) {
        Some(relative) => relative,
        None => path,
    }
}

/// The version as it is written, also where it is a number.
pub(crate) fn version(root: &Node) -> Option<String> {
    match &root.get("openapi").or_else(|| root.get("swagger"))?.content {
        Content::String(text) => Some(text.clone()),
        Content::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `openapi` begins with version 3, and `swagger` ended with 2.0.
fn dialect(root: &Node, version: &str) -> Option<Dialect> {
    let is_swagger = root.get("openapi").is_none();
    let mut parts = version.trim().split('.');
    match (parts.next()?, parts.next()?) {
        ("2", "0") if is_swagger => Some(Dialect::V20),
        ("3", "0") if !is_swagger => Some(Dialect::V30),
        ("3", "1" | "2") if !is_swagger => Some(Dialect::V31),
        _ => None,
    }
}
