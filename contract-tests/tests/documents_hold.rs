//! The engine on documents of many shapes, each served as it promises: no false alarm, and every constraint met.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::fs;

use contract_tests::{Document, Signer, Suite};
use faulty_server::Faulty;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_keeps_its_promises_is_accused_of_nothing() {
    let (pem, kid, issuer, audience) = Faulty::signing_key();
    let signer = Signer::new(&pem, &kid, &issuer, &audience).unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documents");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 14);
    let mut wrong = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = Document::read(&path).unwrap();
        let server = Faulty::start(&serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap(), None).await.unwrap();
        let report = Suite::new(document).signer(signer.clone()).cases(200).run(&server.url).await.unwrap();
        for failure in &report.failures {
            wrong.push(format!(
                "{name}: {} {} | {} | {} | {:?} {:?} {:?}",
                failure.count, failure.case, failure.what, failure.detail, failure.request, failure.status, failure.answer
            ));
        }
        for operation in &report.operations {
            for constraint in operation.constraints.iter().filter(|constraint| !constraint.kept || !constraint.broken) {
                wrong.push(format!("{name}: {}: {} is not met from both sides: {constraint:?}", operation.id, constraint.key));
            }
            println!("{name} {} {:?} {:?}", operation.id, operation.uncovered, operation.disagreements);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
