use crate::prelude::*;

/// `GET /poem`
///
/// - 204: Moved.
#[handler]
pub async fn move_() -> Result<Empty<204>> {
    Err(not_written("move"))
}

/// `HEAD /poem`
///
/// - 204: Moved.
#[handler]
pub async fn move_2() -> Result<Empty<204>> {
    Err(not_written("Move"))
}
