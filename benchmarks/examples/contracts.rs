//! How long the contract of each document takes to compile: `contracts FILE…`.

use std::{env, time::Instant};

use openapi_server::Document;

fn main() {
    for path in env::args().skip(1) {
        let begin = Instant::now();
        let document = Document::load(&path);
        let read = begin.elapsed();
        match document.and_then(|document| benchmarks::compiled(&document)) {
            Ok(contract) => println!(
                "{path}: {} paths, read in {read:.3?}, compiled in {:.3?}",
                contract.paths().len(),
                begin.elapsed() - read
            ),
            Err(error) => println!("{path}: {error}"),
        }
    }
}
