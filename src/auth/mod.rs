//! x
/// x
#[derive(Clone)]
pub struct Caller;
