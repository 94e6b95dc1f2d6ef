//! The settings, and the way from files to one document.

use std::{
    collections::HashSet,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use url::Url;

use crate::{
    Document,
    bundle::{Bundle, Bundler},
    convert_20, defects, dynamic,
    error::{Defect, LimitOf, LoadError},
    files::{Dialect, Files, version},
    node::{Content, Copies},
    references,
};

/// Fetches the text at a URL, or says why it cannot.
pub type Fetch = dyn Fn(&str) -> Result<String, String> + Send + Sync;

/// Says why a pattern cannot be used, where it cannot.
pub type CheckPattern = dyn Fn(&str) -> Result<(), String> + Send + Sync;

/// Reads documents, with limits and options.
///
/// Files that a document refers to are read wherever they are, also above its folder: whoever may choose the document may read what
/// this process may read. What comes from the network is never followed unless [`fetch_with`](Self::fetch_with) is set.
///
/// ```
/// # fn main() -> Result<(), openapi_document::LoadError> {
/// let loader = openapi_document::Loader::new().max_bytes(1024).keep_unresolved(true);
/// let document = loader.parse("api.yaml", "
/// openapi: 3.1.0
/// info: { title: Books, version: '1' }
/// paths:
///   /books: { $ref: '#/components/pathItems/Books' }
/// ")?;
/// assert_eq!(document.defects()[0].place.line, 5);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Loader {
    pub(crate) max_bytes: u64,
    pub(crate) max_depth: usize,
    pub(crate) max_files: u64,
    pub(crate) max_copied: usize,
    pub(crate) max_defects: usize,
    keep_unresolved: bool,
    pub(crate) fetch: Option<Arc<Fetch>>,
    check_pattern: Option<Arc<CheckPattern>>,
}

impl Default for Loader {
    fn default() -> Self {
        Self {
            max_bytes: 100 << 20,
            max_depth: 200,
            max_files: 10_000,
            max_copied: 2_000_000,
            max_defects: 100_000,
            keep_unresolved: false,
            fetch: None,
            check_pattern: None,
        }
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader")
            .field("max_bytes", &self.max_bytes)
            .field("max_depth", &self.max_depth)
            .field("max_files", &self.max_files)
            .field("max_copied", &self.max_copied)
            .field("max_defects", &self.max_defects)
            .field("keep_unresolved", &self.keep_unresolved)
            .finish_non_exhaustive()
    }
}

impl Loader {
    /// A loader with the default limits, which fetches nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The most bytes that all files of a document may have together; 100 MiB unless set, and at most 2 GiB.
    #[must_use]
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes: max_bytes.min(2 << 30), ..self }
    }

    /// The most objects and arrays that may stand one within another; 200 unless set, and at most 500.
    #[must_use]
    pub fn max_depth(self, max_depth: usize) -> Self {
        Self { max_depth: max_depth.min(500), ..self }
    }

    /// The most files that a document may have; 10,000 unless set.
    #[must_use]
    pub fn max_files(self, max_files: u64) -> Self {
        Self { max_files, ..self }
    }

    /// The most values that YAML aliases may copy in a file, and in all what is bundled and converted; 2,000,000 unless set. It stops
    /// "billion laughs".
    #[must_use]
    pub fn max_copied(self, max_copied: usize) -> Self {
        Self { max_copied, ..self }
    }

    /// The most defects that a document may have; 100,000 unless set.
    #[must_use]
    pub fn max_defects(self, max_defects: usize) -> Self {
        Self { max_defects, ..self }
    }

    /// Makes a reference within a file that leads nowhere a [`Defect`] of the document, which is usable but there, instead of an error.
    /// So is one to the network that nothing was given to fetch with ([`DefectKind::Remote`](crate::DefectKind::Remote)). A reference to
    /// another file that leads nowhere is always an error, because a whole API may be missing there.
    #[must_use]
    pub fn keep_unresolved(self, keep_unresolved: bool) -> Self {
        Self { keep_unresolved, ..self }
    }

    /// Reads what references with `http` and `https` lead to with `fetch`, which is given the URL without its fragment, and should
    /// have limits of its own. Without it such a reference is [`LoadError::Remote`].
    #[must_use]
    pub fn fetch_with(self, fetch: impl Fn(&str) -> Result<String, String> + Send + Sync + 'static) -> Self {
        Self { fetch: Some(Arc::new(fetch)), ..self }
    }

    /// Checks each pattern of a schema, once, with the engine that will match it; what it refuses is a [`Defect`].
    #[must_use]
    pub fn check_patterns_with(self, check: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self { check_pattern: Some(Arc::new(check)), ..self }
    }

    /// Reads the document in a file, with the files that it refers to.
    ///
    /// # Errors
    ///
    /// [`LoadError`], which names the file and the line where there is one.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Document, LoadError> {
        let path = path.as_ref();
        let mut files = Files::new(self);
        let text = files.read(path)?;
        self.document(files, path, text)
    }

    /// Reads a document from text; its name is shown in errors, and references to other files are relative to it as a path.
    ///
    /// # Errors
    ///
    /// [`LoadError`], which names the file and the line where there is one.
    pub fn parse(&self, name: impl AsRef<Path>, text: impl Into<String>) -> Result<Document, LoadError> {
        self.document(Files::new(self), name.as_ref(), text.into())
    }

    fn document(&self, mut files: Files<'_>, path: &Path, text: String) -> Result<Document, LoadError> {
        let root = files.add(path.to_owned(), url_of(path)?, text, None)?;
        let file = &files.files[root as usize];
        let (version, dialect) = (version(&file.root).unwrap_or_default(), file.dialect);
        let mut copies = Copies::new(self.max_copied);
        let bundler = Bundler::new(&mut files, self.keep_unresolved, &mut copies, self.max_depth);
        let Bundle { root: mut json, identified } = bundler.bundle()?;
        if dialect == Dialect::V20 {
            convert_20::convert(&mut json, &mut copies, &mut files.findings);
        }
        if files.sources.iter().any(|source| source.text.contains("$dynamic")) {
            dynamic::resolve(&mut json, identified, &mut copies, &mut files.findings);
        }
        if copies.exhausted {
            return Err(files.too_many(path, LimitOf::Copied));
        }
        references::settle(&json, &mut files, self.keep_unresolved)?;
        files.findings.extend(defects::find(&json, self.check_pattern.as_deref()));
        if !version.trim().starts_with("3.1")
            && let Some(object) = json.as_object_mut()
            && let Some(written) = object.get_mut("openapi")
        {
            written.content = Content::String("3.1.1".to_owned());
        }
        if files.findings.len() > self.max_defects {
            return Err(files.too_many(path, LimitOf::Defects));
        }
        let (json, places) = json.into_json();
        let wanted: HashSet<_> = files.findings.iter().map(|finding| finding.at).collect();
        let pointers = places.pointers(&wanted);
        let defects = files.findings.iter().map(|finding| Defect {
            kind: finding.kind,
            pointer: pointers.get(&finding.at).cloned().unwrap_or_default(),
            place: files.place(finding.at),
            message: finding.message.clone(),
        });
        let defects = defects.collect();
        Ok(Document::new(json, version, places, files.sources, defects))
    }
}

fn url_of(path: &Path) -> Result<Url, LoadError> {
    let file = |source| LoadError::File { path: path.to_owned(), source };
    let absolute: PathBuf = std::path::absolute(path).map_err(file)?;
    Url::from_file_path(&absolute).map_err(|()| file(std::io::Error::other("it is no path of a file")))
}
