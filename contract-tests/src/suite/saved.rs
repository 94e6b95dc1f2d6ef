//! Failing cases, saved in a file so that the next run tries them first.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request that showed a broken promise.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SavedCase {
    /// The operation.
    pub operation: String,
    /// What was broken, for people.
    pub what: String,
    /// The request as one instance.
    pub instance: Value,
}

/// The cases in the file; none where there is no file.
pub(crate) fn read(path: &Path) -> Result<Vec<SavedCase>, String> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| format!("not a list of saved failures: {error}")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// Replaces the file; removes it where there is nothing to keep.
pub(crate) fn write(path: &Path, kept: &[SavedCase]) -> Result<(), String> {
    if kept.is_empty() {
        return match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        };
    }
    let text = serde_json::to_string_pretty(kept).map_err(|error| error.to_string())?;
    fs::write(path, text + "\n").map_err(|error| error.to_string())
}
