//! The inputs in `fuzz/seeds`, one by one, through what the fuzz targets check: those that they begin with, and what they have found.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a check that fails ends with a panic")]

use std::{collections::BTreeSet, fs, path::Path};

#[path = "../fuzz/src/lib.rs"]
mod targets;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Checks each input of a target, and each of its beginnings of a length that is a power of two.
fn replay(target: &str, check: fn(&[u8])) {
    let mut inputs = 0;
    for entry in fs::read_dir(folder().join("seeds").join(target)).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display()); // Shown when it fails.
        let input = fs::read(path).unwrap();
        check(&input);
        let lengths = (0..).map(|power| 1 << power).take_while(|length| *length < input.len());
        lengths.for_each(|length| check(&input[..length]));
        inputs += 1;
    }
    assert!(inputs >= 5, "only {inputs} inputs");
}

#[test]
fn the_contract_judges_the_kept_bodies_as_another_validator_does() {
    replay("body", targets::body::check);
}

#[test]
fn of_the_kept_tokens_only_what_the_key_has_signed_is_accepted() {
    replay("token", targets::token::check);
}

#[test]
fn the_kept_documents_are_read_within_bounds_and_read_again_alike() {
    replay("document", targets::document::check);
}

#[test]
fn each_target_has_its_seeds_and_its_line() {
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let targets: BTreeSet<_> = manifest.split("[[bin]]\nname = \"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let seeds = fs::read_dir(folder().join("seeds")).unwrap();
    let seeds: BTreeSet<_> = seeds.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(seeds.iter().map(String::as_str).eq(targets.iter().copied()), "{seeds:?} and {targets:?}");
    for target in targets {
        let file = folder().join("fuzz_targets").join(format!("{target}.rs"));
        assert!(fs::read_to_string(file).unwrap().contains(&format!("fuzz::{target}::check(data)")));
        assert!(folder().join("dictionaries").join(format!("{target}.dict")).exists());
    }
    let page = include_str!("../CONTRIBUTING.md");
    let named = page.split("cargo +nightly fuzz run ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(seeds.contains(named), "CONTRIBUTING.md runs {named}");
}
