//! The report for code scanning: SARIF 2.1.0 (OASIS), with each finding on the line of the document that makes the promise.

use serde_json::{Value, json};

use super::{Failure, Report, terminal::quantity};
use crate::rules::{Level, RULES};

impl Report {
    /// The report as SARIF 2.1.0. `uri` is the document's path, relative to the root of the repository.
    pub fn sarif(&self, uri: &str) -> Value {
        let rules = RULES.iter().map(|rule| {
            json!({
                "id": rule.name,
                "shortDescription": { "text": rule.summary },
                "fullDescription": { "text": format!("{} Source: {}.", rule.summary, rule.source) },
                "defaultConfiguration": { "level": level(rule.level) },
            })
        });
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "contract-tests",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules.collect::<Vec<_>>(),
                } },
                "results": self.failures.iter().flat_map(Failure::each).map(|failure| result(failure, uri)).collect::<Vec<_>>(),
            }],
        })
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

fn result(failure: &Failure, uri: &str) -> Value {
    let text = format!("{}: {} ({})", failure.name, failure.what, quantity(failure.count, "case", "cases"));
    let also = if failure.also.is_empty() { String::new() } else { format!("\nAlso: {}", failure.also.join(", ")) };
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri },
            // A promise of an RFC has no line of its own.
            "region": { "startLine": failure.line.unwrap_or(1) },
        },
    });
    if !failure.promise.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": failure.promise }]);
    }
    json!({
        "ruleId": failure.rule,
        "level": level(failure.level),
        "message": { "text": format!("{text}{also}\n\n{}", failure.curl) },
        "locations": [location],
        // The same finding of another run is the same alert, whatever the seed.
        "partialFingerprints": { "finding/v1": format!("{}|{}|{}|{}", failure.rule, failure.operation, failure.promise, failure.what) },
    })
}

#[cfg(test)]
mod tests {
    use crate::report::tests::{failure, report};

    #[test]
    fn each_finding_is_on_its_line_and_names_a_rule() {
        let report = report(Vec::new(), vec![failure(1)]);
        let sarif = report.sarif("api/openapi.yaml");
        let run = &sarif["runs"][0];
        let result = &run["results"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result:#}");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "api/openapi.yaml");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        assert_eq!(sarif["version"], "2.1.0");
    }
}
