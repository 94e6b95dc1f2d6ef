//! Where a page of a list begins: the id of the last user before it, in a form that nobody is tempted to make up.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bson::oid::ObjectId;
use openapi_server::problem::Problem;

/// The cursor of the page that comes after this id: 16 characters.
pub fn after(id: &str) -> Result<String, Problem> {
    let id = ObjectId::parse_str(id).map_err(|_| Problem::internal("a stored id is no ObjectId"))?;
    Ok(URL_SAFE_NO_PAD.encode(id.bytes()))
}

/// The id that a cursor stands for. Every text that the document's pattern allows is one: 16 characters are 12 bytes.
pub fn read(cursor: &str) -> Result<String, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| <[u8; 12]>::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| Problem::internal("a valid cursor cannot be read"))?;
    Ok(ObjectId::from_bytes(bytes).to_hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_stands_for_its_id() {
        for id in ["000000000000000000000000", "64f0c51e7fb3fc001234a001", "ffffffffffffffffffffffff"] {
            let cursor = after(id).unwrap();
            assert_eq!((cursor.len(), read(&cursor).unwrap().as_str()), (16, id));
        }
    }
}
