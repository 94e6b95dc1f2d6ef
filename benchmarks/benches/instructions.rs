//! Instructions by callgrind. Each count has a limit, a tenth above what was counted last: a growth beyond it fails, and is either mended or
//! said in the commit that raises the limit.

#![allow(missing_docs, reason = "each name says what is counted")]

use std::hint::black_box;

use benchmarks::{Body, Exchange, Token};
use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use openapi_server::Document;

/// The most that may be counted.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

#[library_benchmark(config = at_most(1))]
#[bench::example(Body::of_anything())]
fn parsed(body: Body) -> bool {
    black_box(body.admitted())
}

#[library_benchmark(config = at_most(1))]
#[bench::example(Body::valid())]
fn parsed_and_checked(body: Body) -> bool {
    black_box(body.admitted())
}

#[library_benchmark(config = at_most(1))]
#[bench::six_violations(Body::invalid())]
fn refused(body: Body) -> bool {
    black_box(body.admitted())
}

#[library_benchmark(config = at_most(1))]
#[bench::rs256(Token::new())]
fn token(token: Token) -> bool {
    black_box(token.verified())
}

#[library_benchmark(config = at_most(1))]
#[bench::rs256(Token::seen())]
fn token_seen(token: Token) -> bool {
    black_box(token.verified())
}

#[library_benchmark(config = at_most(1))]
#[bench::created(Exchange::created())]
fn whole_request(exchange: Exchange) -> u16 {
    black_box(exchange.answered())
}

#[library_benchmark(config = at_most(1))]
#[bench::six_violations(Exchange::refused())]
fn whole_refusal(exchange: Exchange) -> u16 {
    black_box(exchange.answered())
}

#[library_benchmark(config = at_most(1))]
#[bench::operations(benchmarks::document(75))]
fn contract_of_75(document: Document) -> usize {
    black_box(benchmarks::compiled(&document))
}

#[library_benchmark(config = at_most(1))]
#[bench::operations(benchmarks::document(300))]
fn contract_of_300(document: Document) -> usize {
    black_box(benchmarks::compiled(&document))
}

#[library_benchmark(config = at_most(1))]
#[bench::openapi_yaml()]
fn plan() -> usize {
    black_box(benchmarks::planned())
}

library_benchmark_group!(
    name = instructions,
    benchmarks = [
        parsed,
        parsed_and_checked,
        refused,
        token,
        token_seen,
        whole_request,
        whole_refusal,
        contract_of_75,
        contract_of_300,
        plan,
    ]
);
main!(library_benchmark_groups = instructions);
