// Generated from the document, and rewritten as long as nobody edits it (seal b83d7bd378592b14).
//! The types of the document.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    #[serde(rename = "cat")]
    Cat,
    #[serde(rename = "dog")]
    Dog,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewPet {
    pub name: String,
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<NewPetOwner>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewPetOwner {
    pub name: String,
    #[serde(rename = "e-mail", default, skip_serializing_if = "Option::is_none")]
    pub e_mail: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pet {
    pub name: String,
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<NewPetOwner>,
    /// In answers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parents: Option<Vec<Pet>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotePetBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
