//! No code: `Cargo.toml` names the features of other crates that some part of this workspace needs.
