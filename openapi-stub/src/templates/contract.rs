//! Whether the server keeps the promises of its document.

use std::{error::Error, future};

use contract_tests::{Document, Suite, rules::Level};

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
    let suite = Suite::new(document).cases(100);
    let suite = match {crate}::security::token()? {
        Some(token) => suite.token(token),
        None => suite,
    };
    let report = suite.run(&url).await?;
    // A handler that is not written yet answers 501; what must be refused is refused before it. Once all are written, leave the last
    // condition out.
    let mut broken = report.failures.iter().filter(|failure| failure.level == Level::Error && failure.status != Some(501));
    assert!(broken.next().is_none(), "{report}");
    println!("{report}");
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
