//! Whether the server keeps the promises of its document.

use std::{error::Error, future};

use contract_tests::{Document, Suite};

/// Starts the server on a free port.
async fn start() -> Result<String, Box<dyn Error + Send + Sync>> {
    let server = {crate}::bind("127.0.0.1:0".parse()?).await?;
    let url = format!("http://{}", server.address());
    tokio::spawn(server.run(future::pending()));
    Ok(url)
}

#[tokio::test]
async fn the_server_keeps_its_document() -> Result<(), Box<dyn Error + Send + Sync>> {
    let url = start().await?;
    let document = Document::parse("{document}", {crate}::DOCUMENT)?;
    let report = Suite::new(document).cases(100).run(&url).await?;
    // A handler that is not written yet answers 501. Remove this line, and whatever is found fails the test.
    let broken: Vec<_> = report.failures.iter().filter(|failure| failure.status != Some(501)).collect();
    assert!(broken.is_empty(), "{report}");
    Ok(())
}

#[tokio::test]
async fn what_the_document_does_not_have_is_not_found() -> Result<(), Box<dyn Error + Send + Sync>> {
    let url = start().await?;
    let answer = reqwest::get(format!("{url}/no-such-path-in-the-document")).await?;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    Ok(())
}
