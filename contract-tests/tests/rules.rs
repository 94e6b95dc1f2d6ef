//! The rules: each has a page that says the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{collections::BTreeSet, fs, path::Path};

use contract_tests::rules::RULES;

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules");
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    for rule in RULES {
        let page = fs::read_to_string(folder.join(format!("{}.md", rule.name))).unwrap();
        let rows = [format!("| level | {} |", rule.level.name()), format!("| source | {} |", rule.source)];
        for part in rows.iter().map(String::as_str).chain([rule.name, rule.summary, "Example: "]) {
            assert!(page.contains(part), "{}: {part}", rule.name);
        }
        let row = format!("| [{0}]({0}.md) | {1} | {2} |", rule.name, rule.level.name(), rule.summary);
        assert!(index.contains(&row), "{row}");
    }
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    assert_eq!(fs::read_dir(folder).unwrap().count(), RULES.len() + 1);
}
