//! The text of a file, its lines and what to show of them.

use std::path::PathBuf;

/// Longest excerpt, in characters: a minified document is one line.
const EXCERPT: usize = 120;

/// How many bytes are counted together.
const BLOCK: usize = 4096;

/// How many characters begin in a part of a text in UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named or found.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// The text of a file.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub path: PathBuf,
    pub text: String,
    /// The offset at which each line begins.
    lines: Vec<u32>,
    /// How many characters there are before each block of bytes, so that a column far into a line is found at once.
    before: Vec<usize>,
}

impl Source {
    /// `text` is shorter than 4 GB; the limit on files is below it.
    pub fn new(path: PathBuf, mut text: String) -> Self {
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let breaks = text.bytes().zip(1_u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
        let lines = std::iter::once(0).chain(breaks).collect();
        let mut before = vec![0];
        for block in text.as_bytes().chunks(BLOCK) {
            before.push(before[before.len() - 1] + characters(block));
        }
        Self { path, text, lines, before }
    }

    pub fn place(&self, offset: u32) -> Place {
        let line = self.line(offset);
        let column = self.characters_before(offset) - self.characters_before(self.lines[line - 1]) + 1;
        Place { file: self.path.clone(), line, column }
    }

    fn characters_before(&self, offset: u32) -> usize {
        let offset = (offset as usize).min(self.text.len());
        let block = offset / BLOCK;
        self.before[block] + characters(&self.text.as_bytes()[block * BLOCK..offset])
    }

    /// A line without what surrounds it, from 1.
    pub fn text_of(&self, line: usize) -> Option<&str> {
        let start = *self.lines.get(line.checked_sub(1)?)? as usize;
        let end = self.lines.get(line).map_or(self.text.len(), |next| *next as usize);
        self.text.get(start..end).map(str::trim)
    }

    /// The line around `offset`; of a very long one the part from there on.
    pub fn excerpt(&self, offset: u32) -> String {
        let line = self.text_of(self.line(offset)).unwrap_or_default();
        if line.chars().nth(EXCERPT).is_none() {
            return line.to_owned();
        }
        let from = self.text.get(offset as usize..).unwrap_or_default().lines().next().unwrap_or_default();
        let shown: String = from.chars().take(EXCERPT).collect();
        if shown.len() < from.len() { format!("{shown}…") } else { shown }
    }

    /// The line that holds `offset`, from 1.
    fn line(&self, offset: u32) -> usize {
        self.lines.partition_point(|start| *start <= offset).max(1)
    }
}
