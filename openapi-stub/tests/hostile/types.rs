// Generated from the document, and rewritten as long as nobody edits it (seal 65e7a07e03ff0334).
//! The types of the document.

use serde::{Deserialize, Deserializer, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TypeOption {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    #[serde(rename = "self", default, skip_serializing_if = "Option::is_none")]
    pub self_: Option<bool>,
    #[serde(rename = "Self", default, skip_serializing_if = "Option::is_none")]
    pub self_2: Option<String>,
    #[serde(rename = "2fa", default, skip_serializing_if = "Option::is_none")]
    pub _2fa: Option<bool>,
    #[serde(rename = "", default, skip_serializing_if = "Option::is_none")]
    pub unnamed: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TypeResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<TypeOption>,
}

pub type UserName = String;

/// Another one.
pub type UserName2 = String;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Type2fast {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct 名前 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub 名: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub größe: Option<i64>,
    #[serde(rename = "Größe", default, skip_serializing_if = "Option::is_none")]
    pub größe_2: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clashes {
    #[serde(rename = "userName", default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    #[serde(rename = "user_name", default, skip_serializing_if = "Option::is_none")]
    pub user_name_2: Option<String>,
    #[serde(rename = "user-name", default, skip_serializing_if = "Option::is_none")]
    pub user_name_3: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional: Option<String>,
    /// What is not listed.
    #[serde(flatten)]
    pub additional_2: std::collections::BTreeMap<String, i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "-name")]
    MinusName,
    #[serde(rename = "Name")]
    Name2,
    #[serde(rename = "")]
    Empty,
    #[serde(rename = "*")]
    Value,
    #[serde(rename = "self")]
    SelfValue,
    #[serde(rename = "two words")]
    TwoWords,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Session {
    #[serde(rename = "a\"b")]
    AB,
    #[serde(rename = "c\\d")]
    CD,
    #[serde(rename = "é")]
    É,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub enum Level {
    Value0,
    Value1,
    Minus1,
}

impl TryFrom<i64> for Level {
    type Error = String;
    fn try_from(number: i64) -> Result<Self, Self::Error> {
        match number {
            0 => Ok(Self::Value0),
            1 => Ok(Self::Value1),
            -1 => Ok(Self::Minus1),
            _ => Err(format!("{number} is none of the values")),
        }
    }
}

impl From<Level> for i64 {
    fn from(value: Level) -> Self {
        match value {
            Level::Value0 => 0,
            Level::Value1 => 1,
            Level::Minus1 => -1,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Box<Tree>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<Tree>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct List(pub Vec<List>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pong: Option<Box<Pong>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pong {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ping: Option<Box<PingAlias>>,
}

pub type PingAlias = Ping;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dictionary(pub std::collections::BTreeMap<String, Dictionary>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Expression {
    Object(Box<ExpressionObject>),
    Number(f64),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpressionObject {
    pub sum: Box<Expression>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Box<Chain>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cat {
    pub kind: String,
    pub lives: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dog {
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Pet {
    Cat(Cat),
    Dog(Dog),
}

impl<'de> Deserialize<'de> for Pet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let read = match value["kind"].as_str() {
            Some("Dog") => serde_json::from_value(value).map(Self::Dog),
            Some("cat") => serde_json::from_value(value).map(Self::Cat),
            Some("tom") => serde_json::from_value(value).map(Self::Cat),
            _ => return Err(serde::de::Error::custom("kind names no variant")),
        };
        read.map_err(serde::de::Error::custom)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Shape {
    Circle(ShapeCircle),
    Square(ShapeSquare),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShapeCircle {
    pub radius: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShapeSquare {
    pub side: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Event {
    Removed(EventRemoved),
    Object(EventObject),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventObject {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<EventObjectType>,
    pub at: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventObjectType {
    #[serde(rename = "created")]
    Created,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRemoved {
    pub r#type: EventRemovedType,
    pub at: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventRemovedType {
    #[serde(rename = "removed")]
    Removed,
}

/// Any JSON: One of several shapes, and nothing in a value says which.
pub type Uncertain = serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UncertainObject {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UncertainObject2 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<String>,
}

pub type Maybe = Option<Tree>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Boolean(bool),
    Integer(i64),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    #[serde(rename = "red")]
    Red,
    #[serde(rename = "green")]
    Green,
    #[serde(rename = "blue")]
    Blue,
    #[serde(rename = "dark blue")]
    DarkBlue,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Either {
    Object(EitherObject),
    Object2(EitherObject2),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EitherObject {
    pub id: String,
    pub by: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EitherObject2 {
    pub id: String,
    pub count: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnlyRequired {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Base {
    pub kind: String,
    /// In answers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// What is not listed.
    #[serde(flatten)]
    pub additional: std::collections::BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Derived {
    pub kind: DerivedKind,
    /// In answers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DerivedKind {
    #[serde(rename = "derived")]
    Derived,
}

/// Ends with a backslash \
pub type Described = Tree;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub d: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nullable {
    pub a: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<String>,
    pub c: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub d: Option<Pong>,
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub e: serde_json::Value,
}

/// Any JSON: Each place of the list has a schema of its own.
pub type Pair = Vec<serde_json::Value>;

pub type Anything = serde_json::Value;

pub type Never = serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Mixed {
    Integer(MixedInteger),
    Text(MixedText),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub enum MixedInteger {
    Value1,
}

impl TryFrom<i64> for MixedInteger {
    type Error = String;
    fn try_from(number: i64) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::Value1),
            _ => Err(format!("{number} is none of the values")),
        }
    }
}

impl From<MixedInteger> for i64 {
    fn from(value: MixedInteger) -> Self {
        match value {
            MixedInteger::Value1 => 1,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MixedText {
    #[serde(rename = "two")]
    Two,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inner {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<InnerAddress>,
    #[serde(rename = "sameAddress", default, skip_serializing_if = "Option::is_none")]
    pub same_address: Option<InnerAddress>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InnerAddress {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PostTypesByNameFilter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PostTypesByNameBody {
    pub file: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PostTypesByNameAnswer201 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
}
