//! Documents that others wrote, where they are at hand: each is enforced, or refused with a place and a reason.

#![expect(clippy::print_stderr, reason = "the test shows a table")]

use std::{fs, path::PathBuf, time::Instant};

use openapi_server::{
    Document,
    auth::{Authenticators, Secrets},
    contract::{Contract, ContractError, Limits},
};

/// The folder `CORPUS`, or `../shared/corpus` beside the workspace.
fn corpus() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    std::env::var_os("CORPUS").map(PathBuf::from).or(Some(beside)).filter(|folder| folder.is_dir())
}

#[test]
fn real_documents_are_enforced_or_refused_with_a_reason() {
    let Some(folder) = corpus() else {
        eprintln!("skipped: no documents at CORPUS or ../shared/corpus");
        return;
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "json" || kind == "yaml"));
    files.sort();
    for file in files {
        let began = Instant::now();
        let outcome = Document::load(&file).and_then(|document| {
            let schemes = document.value().pointer("/components/securitySchemes").and_then(|schemes| schemes.as_object());
            let names: Vec<String> = schemes.into_iter().flat_map(|schemes| schemes.keys().cloned()).collect();
            let authenticators = names.into_iter().fold(Authenticators::default(), |all, name| all.scheme(name, Secrets::new()));
            Contract::compile(&document, authenticators, Limits::default())
        });
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let seconds = began.elapsed().as_secs_f64();
        match outcome {
            Ok(contract) => {
                eprintln!("{name}: {} paths in {seconds:.2} s, declined {:?}", contract.paths().len(), contract.declined())
            }
            // A name or reference that leads nowhere, a schema that is none, two paths for the same requests: no server can keep that.
            Err(
                error @ (ContractError::Unreadable(_)
                | ContractError::Missing(_)
                | ContractError::Route { .. }
                | ContractError::Schema { .. }),
            ) => {
                eprintln!("{name}: refused: {error}");
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }
}
