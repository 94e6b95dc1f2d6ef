// Generated from the document, and rewritten as long as nobody edits it (seal 094d60978bc7f625).
//! The types of the document.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AskAllBody {
    pub name: String,
}
