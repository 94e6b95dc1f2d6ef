//! The HTTP methods of OpenAPI and the operations of a document.

use serde_json::{Map, Value};

use crate::{Document, pointer::join};

/// The fields of a path item that hold operations: those of OpenAPI 3.1, and `query` of 3.2. Others stand in
/// `additionalOperations` under their own names (OpenAPI 3.2, section 4.9.1).
pub const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// An operation of a document.
#[derive(Debug, Clone)]
pub struct Operation<'d> {
    /// The path template; the name of the webhook for those of [`Document::webhooks`].
    pub path: &'d str,
    /// The HTTP method: in capitals, or as `additionalOperations` writes it, since methods are case-sensitive.
    pub method: String,
    /// Where it stands in [`Document::json`].
    pub pointer: String,
    /// Where its path item stands, after references: the parameters there are the operation's, too.
    pub path_item: String,
    /// The operation.
    pub json: &'d Map<String, Value>,
}

impl Document {
    /// The operations in `paths`, in the order of the document, with those of OpenAPI 3.2: `query` and `additionalOperations`.
    ///
    /// ```
    /// # fn main() -> Result<(), openapi_document::LoadError> {
    /// let document = openapi_document::Document::parse("api.yaml", "
    /// openapi: 3.2.0
    /// info: { title: Books, version: '1' }
    /// paths:
    ///   /books:
    ///     get: {}
    ///     additionalOperations: { COPY: {} }
    /// ")?;
    /// let operations: Vec<String> = document.operations().map(|operation| operation.pointer).collect();
    /// assert_eq!(operations, ["/paths/~1books/get", "/paths/~1books/additionalOperations/COPY"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        self.operations_in("paths").filter(|operation| !operation.path.starts_with("x-"))
    }

    /// The operations in `webhooks`, which the API calls.
    pub fn webhooks(&self) -> impl Iterator<Item = Operation<'_>> {
        self.operations_in("webhooks")
    }

    fn operations_in(&self, field: &str) -> impl Iterator<Item = Operation<'_>> {
        let items = self.json().get(field).and_then(Value::as_object).into_iter().flatten();
        let at = format!("/{field}");
        items.flat_map(move |(path, _)| self.operations_of(path, &join(&at, path)))
    }

    fn operations_of<'d>(&'d self, path: &'d str, item: &str) -> Vec<Operation<'d>> {
        let Some((path_item, item)) = self.resolve(item) else { return Vec::new() };
        let mut operations = Vec::new();
        for (key, value) in item.as_object().into_iter().flatten() {
            let mut add = |method: String, pointer, json: &'d Value| {
                if let Some(json) = json.as_object() {
                    operations.push(Operation { path, method, pointer, path_item: path_item.clone(), json });
                }
            };
            let pointer = join(&path_item, key);
            if METHODS.contains(&key.as_str()) {
                add(key.to_uppercase(), pointer, value);
            } else if key == "additionalOperations" {
                for (method, value) in value.as_object().into_iter().flatten() {
                    add(method.clone(), join(&pointer, method), value);
                }
            }
        }
        operations
    }
}
