//! A contract in front of the handlers of a framework.

mod poem;
mod tower;

pub use self::poem::{Enforced, Routes};
pub use self::tower::{BoxBody, ContractLayer, ContractService};
