//! Any JSON in a document of 3.1 comes out as it went in, wherever it stands as data.

use openapi_document::Document;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof!["nullable|example|enum|\\$ref|\\$id|x-a|<<|200|~1", "\\PC{0,6}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        let members = prop::collection::vec((name.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            members.prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn a_document_of_3_1_is_read_as_it_is(data in any_json()) {
        let schema = json!({"const": data, "enum": [data], "examples": [data], "x-data": data, "properties": {"example": {"const": data}}});
        let written = json!({"openapi": "3.1.0", "x-data": data, "components": {"schemas": {"A": schema}}});
        let pretty = serde_json::to_string_pretty(&written).unwrap();
        for text in [written.to_string(), pretty.replace('\n', "\r\n\t")] {
            let document = Document::parse("api.json", text).unwrap();
            prop_assert_eq!(document.json(), &written);
        }
    }
}
