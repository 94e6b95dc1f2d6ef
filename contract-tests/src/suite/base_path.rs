//! A URL without the base path of the document's servers: everything is 404 then, and nothing that a run finds is about the server.

use serde_json::Value;

use crate::{openapi::servers, report::OperationReport};

/// The base path that the URL lacks, where no path that the document has is there.
pub(super) fn missing(document: &Value, url: &str, operations: &[OperationReport]) -> Option<String> {
    let mut statuses = operations.iter().flat_map(|operation| operation.answered.keys()).peekable();
    statuses.peek()?;
    if !statuses.all(|status| *status == 404) {
        return None;
    }
    let url = url.trim_end_matches('/');
    let bases = servers::of_document(document);
    let base = bases.iter().find(|base| !base.is_empty())?;
    (!bases.iter().any(|base| url.ends_with(base.as_str()))).then(|| base.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::report::tests::report;

    #[test]
    fn a_url_without_the_base_path_is_told_where_nothing_is_found() {
        let of = |server: &str, url: &str, statuses: &[u16]| {
            let mut operations = report(Vec::new(), Vec::new()).operations;
            operations[0].answered = statuses.iter().map(|status| (*status, 3)).collect::<BTreeMap<_, _>>();
            missing(&json!({ "servers": [{ "url": server }] }), url, &operations)
        };
        assert_eq!(of("https://api.example.com/v2/", "http://127.0.0.1:1/", &[404]).as_deref(), Some("/v2"));
        assert_eq!(of("https://api.example.com/v2", "http://127.0.0.1:1/v2", &[404]), None);
        assert_eq!(of("https://api.example.com/v2", "http://127.0.0.1:1", &[200, 404]), None);
        assert_eq!(of("https://api.example.com/v2", "http://127.0.0.1:1", &[]), None);
        assert_eq!(of("https://api.example.com", "http://127.0.0.1:1", &[404]), None);
    }
}
