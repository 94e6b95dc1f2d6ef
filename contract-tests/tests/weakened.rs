//! Rules that a server holds only almost: a search of the engine finds each, and ends there.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{fs, path::Path};

use contract_tests::{Document, Signer, Suite};
use faulty_server::Faulty;
use serde_json::{Value, json};

const DEVICES: &str = "/paths/~1sites~1{siteIds}~1devices~1{kind}";
const DEVICE: &str = "/paths/~1sites~1{siteIds}~1devices~1{kind}/post/requestBody/content/application~1json/schema/properties";

async fn found(name: &str, at: &str, weakened: Value) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents").join(name);
    let (pem, kid, issuer, audience) = Faulty::signing_key();
    let suite = Suite::new(Document::read(&path).unwrap()).cases(0).signer(Signer::new(&pem, &kid, &issuer, &audience).unwrap());
    let mut served: Value = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    *served.pointer_mut(at).unwrap() = weakened;
    let server = Faulty::start(&served, None).await.unwrap();
    let failure = suite.find_failure(&server.url, |promise| promise == at).await.unwrap();
    failure.is_some_and(|failure| failure.promise == at && failure.what.contains("is accepted with 20"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_is_held_almost_is_found() {
    let cases = [
        // Beside optional parameters, in several places of a request.
        ("devices.yaml", format!("{DEVICES}/parameters/1/schema/enum"), json!(["sensor", "actuator", "sensorx"])),
        ("devices.yaml", format!("{DEVICES}/post/parameters/2/schema/type"), json!(["integer", "string"])),
        ("devices.yaml", format!("{DEVICE}/labels/additionalProperties/type"), json!(["string", "boolean"])),
        // A bound beside a grid.
        ("devices.yaml", format!("{DEVICE}/interval/maximum"), json!(3610)),
        ("orders.yaml", "/components/schemas/Line/properties/price/minimum".to_owned(), json!(-0.5)),
        // A value that no two resources share.
        ("devices.yaml", format!("{DEVICE}/serial/pattern"), json!("SN[0-9]{6}$")),
        ("devices.yaml", format!("{DEVICE}/serial/pattern"), json!("^SN[a0-9]{6}$")),
        // One part of a pattern.
        (
            "payments.yaml",
            "/components/schemas/Transfer/properties/iban/pattern".to_owned(),
            json!("^[A-Z]{2}[0-9]{2,3}[A-Z0-9]{11,30}$"),
        ),
        ("payments.yaml", "/components/schemas/Card/properties/expiry/pattern".to_owned(), json!("^(0[1-9]|1[a0-2])/[0-9]{2}$")),
        ("claims.yaml", "/paths/~1claims~1{id}/patch/parameters/1/schema/pattern".to_owned(), json!("^\"[A-Za-z0-9]+\"$")),
        // The same instance breaks the same rule of several branches.
        ("payments.yaml", "/components/schemas/Voucher/type".to_owned(), json!(["object", "null"])),
    ];
    let mut missed = Vec::new();
    for (name, at, weakened) in cases {
        if !found(name, &at, weakened.clone()).await {
            missed.push(format!("{name} {at}: {weakened}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_is_held_is_not_accused() {
    assert!(!found("devices.yaml", &format!("{DEVICE}/serial/pattern"), json!("^SN[0-9]{6}$")).await);
}
