//! What is checked of each input. The fuzz targets call it with inputs that cover new code, and `tests/fuzz_corpus.rs` with those that
//! are kept.

pub mod body;
pub mod document;
pub mod token;
