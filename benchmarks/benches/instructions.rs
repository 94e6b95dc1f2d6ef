//! Instructions by callgrind. Each count has a limit, a tenth above what was counted last: a growth beyond it fails, and is either mended or
//! said in the commit that raises the limit.

#![allow(missing_docs, reason = "each name says what is counted")]

use std::hint::black_box;

use benchmarks::{Body, Copies, Exchange, Token};
use contract_tests::survey::Judging;
use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use openapi_server::{ContractError, Document, contract::Contract};

/// The most that may be counted.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

// What is handed in is handed back, so that its end is not counted.

#[library_benchmark(config = at_most(22_500))]
#[bench::example(Body::of_anything())]
fn parsed(body: Body) -> Body {
    assert!(black_box(body.admitted()));
    body
}

#[library_benchmark(config = at_most(32_800))]
#[bench::example(Body::valid())]
fn parsed_and_checked(body: Body) -> Body {
    assert!(black_box(body.admitted()));
    body
}

#[library_benchmark(config = at_most(95_400))]
#[bench::six_violations(Body::invalid())]
fn refused(body: Body) -> Body {
    assert!(!black_box(body.admitted()));
    body
}

#[library_benchmark(config = at_most(455_000))]
#[bench::rs256(Token::new())]
fn token(token: Token) -> Token {
    assert!(black_box(token.verified()));
    token
}

#[library_benchmark(config = at_most(25_400))]
#[bench::rs256(Token::seen())]
fn token_seen(token: Token) -> Token {
    assert!(black_box(token.verified()));
    token
}

#[library_benchmark(config = at_most(128_000))]
#[bench::created(Exchange::created())]
fn whole_request(exchange: Exchange) -> Exchange {
    assert_eq!(black_box(exchange.answered()), 201);
    exchange
}

#[library_benchmark(config = at_most(177_000))]
#[bench::six_violations(Exchange::refused())]
fn whole_refusal(exchange: Exchange) -> Exchange {
    assert_eq!(black_box(exchange.answered()), 400);
    exchange
}

#[library_benchmark(config = at_most(109_000_000))]
#[bench::operations(benchmarks::document(75))]
fn contract_of_75(document: Document) -> (Document, Result<Contract, ContractError>) {
    let contract = benchmarks::compiled(&document);
    (document, contract)
}

#[library_benchmark(config = at_most(423_000_000))]
#[bench::operations(benchmarks::document(300))]
fn contract_of_300(document: Document) -> (Document, Result<Contract, ContractError>) {
    let contract = benchmarks::compiled(&document);
    (document, contract)
}

#[library_benchmark(config = at_most(6_210_000_000))]
#[bench::openapi_yaml()]
fn plan() -> usize {
    black_box(benchmarks::planned())
}

#[library_benchmark(config = at_most(297_000))]
#[bench::created(benchmarks::judging())]
fn judged(judging: Judging) -> Judging {
    assert_eq!(black_box(judging.findings()).ok(), Some(0));
    judging
}

#[library_benchmark(config = at_most(3_700_000_000))]
#[bench::operations(Copies::new(75))]
fn comparison_of_75(copies: Copies) -> Copies {
    assert_ne!(black_box(copies.breaks()), 0);
    copies
}

#[library_benchmark(config = at_most(14_700_000_000))]
#[bench::operations(Copies::new(300))]
fn comparison_of_300(copies: Copies) -> Copies {
    assert_ne!(black_box(copies.breaks()), 0);
    copies
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
        judged,
        comparison_of_75,
        comparison_of_300,
    ]
);
main!(library_benchmark_groups = instructions);
