//! The resource *labels*: words that a team puts users under.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use openapi_server::{InPath, Json};
use poem::Result;
use poem_openapi::{ApiResponse, Object, OpenApi, Tags};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Authorized, users::Scope};
use crate::store::UserStore;

/// The group that the operations are shown in.
#[derive(Tags)]
enum Tag {
    /// Words that a team puts users under.
    #[oai(rename = "labels")]
    Labels,
}

/// What a label looks like.
#[derive(Object, Serialize, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// What it says.
    #[oai(validator(min_length = 1, max_length = 40))]
    text: String,
    /// How urgent it is.
    #[oai(validator(minimum(value = "1"), maximum(value = "5")))]
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u8>,
}

/// The answer of `putLabel` that is its own.
#[derive(ApiResponse)]
pub enum PutLabelResponse {
    /// The label, as it is now.
    #[oai(status = 200)]
    Stored(Json<Label>),
}

/// The operations on labels.
pub struct Labels {
    stored: Mutex<BTreeMap<String, Label>>,
}

impl Labels {
    /// The operations.
    pub fn new(_: Arc<dyn UserStore>) -> Self {
        Self { stored: Mutex::default() }
    }
}

#[OpenApi(tag = "Tag::Labels")]
impl Labels {
    /// Create or replace a label
    ///
    /// Stores the label under this name, whatever was there before.
    #[oai(path = "/labels/:labelName", method = "put", operation_id = "putLabel")]
    async fn put_label(
        &self,
        #[oai(scope = "Scope::WriteUsers")] _caller: Authorized,
        /// The name of the label.
        #[oai(name = "labelName", validator(pattern = "^[a-z][a-z0-9-]{0,29}$"))]
        InPath(name): InPath<String>,
        Json(label): Json<Label>,
    ) -> Result<PutLabelResponse> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).insert(name, label.clone());
        Ok(PutLabelResponse::Stored(Json(label)))
    }
}

/// What the derived document lacks about labels.
pub fn refinements() -> Value {
    json!({
        "paths": { "/labels/{labelName}": { "put": {
            "parameters": { "labelName": { "example": "vip" } }, "requestBody": { "description": "The label." }
        } } },
        "components": { "schemas": { "Label": { "examples": [{ "text": "Very important", "priority": 1 }] } } }
    })
}
