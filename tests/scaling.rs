//! How large a deployment on MongoDB has to be: the calculation behind the table of `docs/scaling.md`.
//!
//! `cargo test --test scaling -- --nocapture` prints the table; change an assumption here and see what it does.

use bson::{DateTime, doc, oid::ObjectId};

/// Assumption: so much smaller than BSON a document is in a data file (WiredTiger compresses blocks with snappy).
const COMPRESSION: f64 = 0.6;
/// Assumption: an index entry costs its key and so many bytes, and its pages are three quarters full after insertions in random order.
const INDEX_OVERHEAD: f64 = 12.0;
const INDEX_FILL: f64 = 0.75;
/// Assumption: each shard is a replica set of three that hold the data.
const MEMBERS: f64 = 3.0;
/// Assumption: on the busiest day one user in a hundred is new, and in its busiest hour three times as many as on average.
const NEW_A_DAY: f64 = 0.01;
const PEAK: f64 = 3.0;
/// Assumption: a member has 2 TB of disk and 32 GB of cache, half of which may be taken by the index of emails: insertions touch all of it.
const DISK: f64 = 2e12;
const CACHE: f64 = 16e9;
/// Assumption: a shard acknowledges so many insertions a second by a majority with journal, and one of them takes so long.
const INSERTIONS: f64 = 3_000.0;
const SECONDS_EACH: f64 = 0.010;
/// Assumption: a process creates so many users a second when the database is not what it waits for (two cores, RS256 checked).
const CREATIONS: f64 = 10_000.0;

/// A user with everything, as it is stored.
fn document_bytes() -> f64 {
    let now = DateTime::from_millis(0);
    let address =
        doc! { "line1": "12 Ermou", "line2": "Third floor", "city": "Athens", "postalCode": "105 63", "countryCode": "GR" };
    let user = doc! {
        "_id": ObjectId::new(), "normalisedEmail": "john.doe@example.com", "email": "john.doe@example.com", "portfolios": [],
        "createdAt": now, "updatedAt": now, "firstName": "John", "lastName": "Doe", "dateOfBirth": "1990-05-15",
        "residencyCountry": "GR", "language": "en", "address": address,
        "taxResidency": { "countryCode": "GR", "proofType": "TIN", "value": "123456789" }, "nationalities": ["GR"],
        "employmentInfo": {
            "incomeRangeId": "20k-50k", "employmentStatus": "FullTime", "sourcesOfWealth": ["Salary"], "industry": "Education"
        }
    };
    user.to_vec().map_or(f64::NAN, |bytes| bytes.len() as f64)
}

fn index_bytes(key: f64) -> f64 {
    (key + INDEX_OVERHEAD) / INDEX_FILL
}

fn table() -> String {
    let email_index = index_bytes("john.doe@example.com".len() as f64);
    let each = document_bytes() * COMPRESSION + index_bytes(12.0) + email_index;
    let mut table = String::from(
        "| users | stored once | on all members | index of emails | new users a second | shards | processes | connections each |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for power in 6..=9 {
        let users = 10f64.powi(power);
        let (stored, emails) = (users * each, users * email_index);
        let rate = users * NEW_A_DAY * PEAK / 86_400.0;
        let shards = (stored / DISK).max(emails / CACHE).max(rate / INSERTIONS).ceil();
        let processes = (rate / CREATIONS).ceil().max(2.0); // Two, so that one may fail.
        // Little's law: as many are under way as arrive in the time that one takes. At least one.
        let connections = (rate * SECONDS_EACH / processes).ceil();
        table += &format!(
            "| 10^{power} | {} | {} | {} | {} | {shards} | {processes} | {connections} |\n",
            bytes(stored),
            bytes(stored * MEMBERS),
            bytes(emails),
            rounded(rate),
        );
    }
    table
}

fn bytes(bytes: f64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let unit = (bytes.log10() / 3.0).floor().min(4.0);
    format!("{} {}", rounded(bytes / 1000f64.powf(unit)), units[unit as usize])
}

/// Two digits are as much as such a calculation is worth.
fn rounded(number: f64) -> String {
    let step = 10f64.powf(number.log10().floor() - 1.0);
    let number = (number / step).round() * step;
    if number < 10.0 { format!("{number:.1}") } else { format!("{number:.0}") }
}

#[test]
fn the_table_is_what_the_calculation_gives() {
    let table = table();
    println!("{table}");
    let page = include_str!("../docs/scaling.md");
    assert!(page.contains(&table), "docs/scaling.md should have this table:\n{table}");
    let size = format!("{:.0} bytes", document_bytes());
    assert!(page.contains(&size), "docs/scaling.md should say that a user takes {size}");
}
