//! Compatibility: whether a client of the old document can live with the new one.
//!
//! Two ways check each other. The *structure* is compared keyword by keyword, by rules that know which way values go; and the
//! engine is asked whether every request that the old document allows is allowed by the new one, and every answer of the new one
//! by the old: it gives a proof, or an instance.

pub mod allow;
pub mod base;
pub mod change;
pub mod report;
pub mod structural;
pub mod verdict;
mod witness;
