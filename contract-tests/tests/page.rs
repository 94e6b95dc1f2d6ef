//! The page of a report as a person meets it, in a real browser: a headless Chromium, where the machine has one.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use contract_tests::{Document, Suite};
use faulty_server::{Effect, Fault, Faulty, Group, Reply};
use serde_json::{Value, json};

/// Counts what is seen, before and after somebody takes the errors away and opens a warning. It is added to the page for the test only.
const VISITOR: &str = r#"<script>
const seen = selector => [...document.querySelectorAll(selector)].filter(found => found.checkVisibility()).length;
const found = { errors: seen("details.error"), warnings: seen("details.warning"), requests: seen("details.error pre") };
document.querySelector("label[for=errors]").click();
Object.assign(found, { errorsLeft: seen("details.error"), warningsLeft: seen("details.warning"), closed: seen("details.warning pre") });
document.querySelector("details.warning summary").click();
found.opened = seen("details.warning pre");
found.wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
document.title = JSON.stringify(found);
</script>"#;

/// The Chromium of this machine. Where there is none the test is skipped, unless `REQUIRE_CHROMIUM` says that there must be one.
fn chromium() -> Option<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = env::split_paths(&folders).flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.is_file());
    assert!(found.is_some() || env::var_os("REQUIRE_CHROMIUM").is_none(), "REQUIRE_CHROMIUM is set and there is no Chromium");
    found
}

/// The page as the browser has it in the end, and what it complained about.
fn visit(chromium: &Path, page: &Path, profile: &Path) -> (String, String) {
    let mut command = Command::new(chromium);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr", "--dump-dom"]);
    command.arg("--window-size=900,900").arg(format!("--user-data-dir={}", profile.display()));
    let ended = command.arg(format!("file://{}", page.display())).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(ended.stdout), text(ended.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_opens_by_itself_and_shows_what_was_found() {
    fn break_it(_: &faulty_server::Seen, reply: &mut Reply) {
        if (200..300).contains(&reply.status) {
            *reply = Reply::broken();
        }
    }
    let Some(chromium) = chromium() else {
        // Past the test harness, which hides what a passing test prints.
        let notice = "SKIPPED: the page of a report is not opened in a browser; install Chromium to do so\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), notice.as_bytes());
        return;
    };
    let document = Document::parse("shapes.yaml", include_str!("documents/shapes.yaml")).unwrap();
    let fault = Fault { name: "", group: Group::Responses, at: "", effect: Effect::Reply(break_it) };
    let server = Faulty::start(&document.json, Some(fault)).await.unwrap();
    let mut report = Suite::new(document).cases(5).run(&server.url).await.unwrap();
    let mut warning = report.failures[0].clone();
    warning.level = contract_tests::rules::Level::Warning;
    report.failures.push(warning);
    let page = report.html();
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("page.html");
    fs::write(&at, page.replace("</body>", &format!("{VISITOR}</body>"))).unwrap();
    let (dom, complaints) = visit(&chromium, &at, &folder.path().join("profile"));
    assert!(!complaints.contains("CONSOLE"), "{complaints}");
    let title = dom.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| title).unwrap();
    let seen: Value = serde_json::from_str(&title.replace("&quot;", "\"")).unwrap();
    let errors = report.failures.iter().filter(|failure| failure.level == contract_tests::rules::Level::Error).count();
    assert!(errors > 0 && seen["requests"].as_u64().unwrap() >= 2, "{seen}");
    assert_eq!([&seen["errors"], &seen["errorsLeft"]], [&json!(errors), &json!(0)], "{seen}");
    assert!(seen["warnings"].as_u64().unwrap() > 0 && seen["warnings"] == seen["warningsLeft"], "{seen}");
    assert!(seen["closed"] == 0 && seen["opened"].as_u64().unwrap() > 0, "{seen}");
    assert_eq!(seen["wide"], false, "the page is wider than the window: {seen}");
}
