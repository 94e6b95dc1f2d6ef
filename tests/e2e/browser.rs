//! The documentation as a person meets it, in a real browser: a headless Chromium, where the machine has one.

use std::{
    env,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chromiumoxide::{
    Browser, BrowserConfig, Page,
    cdp::{
        browser_protocol::{log::EventEntryAdded, network::EventRequestWillBeSent},
        js_protocol::runtime::EventExceptionThrown,
    },
    listeners::EventStream,
    page::ScreenshotParams,
};
use openapi_server::listener::{self, ConnectionLimits};
use poem::{EndpointExt, endpoint::ToDynEndpoint};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use users_api::store::Inspect;

use crate::{app::App, issuer::RealIssuer};

/// How long a condition on the page may take to come true. Far more than it ever takes: it only ends a test that fails.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The Chromium of this machine. Where there is none the tests are skipped, unless `REQUIRE_CHROMIUM` says that there must be one.
fn chromium() -> Option<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = env::split_paths(&folders).flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.is_file());
    if found.is_none() {
        assert!(env::var_os("REQUIRE_CHROMIUM").is_none(), "REQUIRE_CHROMIUM is set and there is no Chromium on the PATH");
        // Past the test harness, which hides what a passing test prints.
        let notice = "SKIPPED: the documentation is not tested in a browser; install Chromium to do so\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), notice.as_bytes());
    }
    found
}

/// A browser with one page, and what happened on that page.
struct Visit {
    browser: Browser,
    page: Page,
    /// The addresses that the page asked for.
    requests: Seen,
    /// What the browser complained about: scripts that failed, resources that it did not load or that a policy forbade.
    complaints: Seen,
    _profile: TempDir,
}

type Seen = Arc<Mutex<Vec<String>>>;

impl Visit {
    async fn start(chromium: &Path) -> Self {
        let profile = TempDir::new().unwrap();
        let flags = [
            "disable-gpu",
            "disable-quic",
            "no-first-run",
            "disable-background-networking",
            "disable-component-update",
            "disable-sync",
        ];
        let config = BrowserConfig::builder()
            .chrome_executable(chromium)
            .user_data_dir(profile.path())
            .no_sandbox() // Chromium has none for root, whom CI runs as.
            .args(flags)
            .window_size(1280, 1600)
            .viewport(None)
            .launch_timeout(TIMEOUT)
            .build()
            .unwrap();
        let (browser, mut events) = Browser::launch(config).await.unwrap();
        tokio::spawn(async move { while events.next().await.is_some() {} });
        let page = browser.new_page("about:blank").await.unwrap();
        let (requests, complaints) = (Seen::default(), Seen::default());
        collect(page.event_listener().await.unwrap(), &requests, |event: &EventRequestWillBeSent| event.request.url.clone());
        collect(page.event_listener().await.unwrap(), &complaints, |event: &EventEntryAdded| {
            format!("{:?} {}", event.entry.source, event.entry.text)
        });
        collect(page.event_listener().await.unwrap(), &complaints, |event: &EventExceptionThrown| {
            event.exception_details.text.clone()
        });
        page.enable_log().await.unwrap();
        Self { browser, page, requests, complaints, _profile: profile }
    }

    /// Evaluates JavaScript until it gives something other than `null` or `false`.
    async fn wait(&self, script: &str) -> Value {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            // While a page is being left, there is nothing to evaluate in.
            let value = self.page.evaluate(script).await.ok().and_then(|result| result.value().cloned());
            match value {
                None | Some(Value::Null | Value::Bool(false)) => {}
                Some(value) => return value,
            }
            assert!(Instant::now() < deadline, "{script} did not come true; the page shows\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(20)).await; // Between two looks, to leave the processor to the browser.
        }
    }

    async fn text(&self) -> String {
        let text = self.page.evaluate("document.body.innerText").await.unwrap();
        text.value().map_or_else(String::new, |text| text.as_str().unwrap_or_default().to_owned())
    }

    /// Clicks on what a CSS selector finds, once it is there.
    async fn click(&self, selector: &str) {
        self.wait(&format!("document.querySelector({}) !== null", json!(selector))).await;
        let element = self.page.find_element(selector).await.unwrap();
        element.scroll_into_view().await.unwrap().click().await.unwrap();
    }

    /// Executes the operation and gives the status that the page then shows.
    async fn execute(&self, status: u16) {
        self.click("button.execute").await;
        self.wait(&format!(
            "document.querySelector('.live-responses-table .response .response-col_status')?.innerText.trim().startsWith('{status}')"
        ))
        .await;
    }

    /// The page, as an image for people, in the folder of build results.
    async fn keep_screenshot(&self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let scroll = "document.querySelector('.live-responses-table').scrollIntoView({ block: 'center' })";
        self.page.evaluate(scroll).await.unwrap();
        self.page.save_screenshot(ScreenshotParams::builder().build(), folder.join(name)).await.unwrap();
    }

    /// Ends the visit; nothing may have been asked of others, and the browser may have complained about nothing but `expected`.
    async fn end(mut self, url: &str, expected: &[&str]) {
        for asked in self.requests.lock().unwrap().iter() {
            assert!(asked.starts_with(&format!("{url}/")) || asked.starts_with("data:"), "the page asked for {asked}");
        }
        for complaint in self.complaints.lock().unwrap().iter() {
            assert!(expected.iter().any(|text| complaint.contains(text)), "{complaint}");
        }
        self.browser.close().await.unwrap();
        self.browser.wait().await.unwrap();
    }
}

fn collect<E: chromiumoxide::cdp::IntoEventKind + Unpin + Send + Sync + 'static>(
    mut events: EventStream<E>,
    seen: &Seen,
    tell: fn(&E) -> String,
) {
    let seen = Arc::clone(seen);
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            seen.lock().unwrap().push(tell(&event));
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_creates_a_user_from_the_documentation() {
    let Some(chromium) = chromium() else { return };
    let app = App::start().await;
    let visit = Visit::start(&chromium).await;
    visit.page.goto(format!("{}/", app.url)).await.unwrap();
    // With the local issuer the page is authorised without a click: the padlock is closed.
    visit.wait("document.querySelector('.authorize.locked, .authorization__btn.locked, .auth-wrapper .locked') !== null").await;
    visit.click("#operations-users-createUser .opblock-summary-control").await;
    visit.click("#operations-users-createUser .try-out__btn").await;
    visit.execute(201).await;
    visit.keep_screenshot("docs-201.png").await;
    let shown = visit.text().await;
    assert!(shown.contains("john.doe@example.com") && shown.contains("location: /users/"), "{shown}");
    assert_eq!(app.store.count().await.unwrap(), 1);

    visit.execute(409).await;
    visit.keep_screenshot("docs-409.png").await;
    let shown = visit.text().await;
    assert!(shown.contains("\"pointer\": \"/email\"") && shown.contains("\"rule\": \"unique\""), "{shown}");
    assert_eq!(app.store.count().await.unwrap(), 1);
    visit.end(&app.url, &["409 (Conflict)"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_real_issuer_a_token_is_entered_once_and_survives_a_reload() {
    let Some(chromium) = chromium() else { return };
    let issuer = RealIssuer::start().await;
    let app = App::with(|config| config.issuer = issuer.settings()).await;
    let visit = Visit::start(&chromium).await;
    visit.page.goto(format!("{}/docs/", app.url)).await.unwrap();
    visit.click("#operations-users-createUser .opblock-summary-control").await;
    visit.click("#operations-users-createUser .try-out__btn").await;
    visit.execute(401).await;

    visit.click(".scheme-container .authorize").await;
    visit.click(".modal-ux input").await;
    let field = visit.page.find_element(".modal-ux input").await.unwrap();
    field.type_str(issuer.sign(json!({}))).await.unwrap();
    visit.click(".modal-ux button.authorize[type=submit]").await;
    visit.click(".modal-ux .btn-done").await;

    visit.page.reload().await.unwrap(); // The address names the operation, so that it is open again.
    visit.click("#operations-users-createUser .try-out__btn").await;
    visit.execute(201).await;
    visit.end(&app.url, &["401 (Unauthorized)"]).await;
}

/// A reverse proxy: what `server` serves, below a path.
async fn proxy(server: String) -> String {
    let forward = poem::endpoint::make(move |mut request: poem::Request| {
        let url = format!("{server}{}", request.uri());
        async move {
            let body = request.take_body().into_vec().await?;
            let asked = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
            let asked = asked.request(request.method().clone(), url).headers(request.headers().clone()).body(body);
            let answer = asked.send().await.unwrap();
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut response = poem::Response::builder().status(status).body(answer.bytes().await.unwrap());
            response.headers_mut().extend(headers);
            Ok::<_, poem::Error>(response)
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/some/where", listener.local_addr().unwrap());
    let routes = poem::Route::new().nest("/some/where", forward);
    let application = Arc::new(ToDynEndpoint(routes.map_to_response()));
    tokio::spawn(listener::serve(listener, application, ConnectionLimits::default(), std::future::pending()));
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_works_below_a_path_that_a_proxy_puts_before_it() {
    let Some(chromium) = chromium() else { return };
    let app = App::start().await;
    let url = proxy(app.url.clone()).await;
    let visit = Visit::start(&chromium).await;
    visit.page.goto(format!("{url}/")).await.unwrap();
    visit.wait("document.querySelector('.authorize.locked, .authorization__btn.locked, .auth-wrapper .locked') !== null").await;
    visit.click("#operations-users-createUser .opblock-summary-control").await;
    visit.click("#operations-users-createUser .try-out__btn").await;
    visit.execute(201).await;
    assert_eq!(app.store.count().await.unwrap(), 1);
    visit.end(&url, &[]).await;
}
