//! Reading, listing, changing and deleting users: each status of each operation.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::app::{Answer, App, complete, minimal, send};

const NOBODY: &str = "/users/64f0c51e7fb3fc001234a001";

fn request(app: &App, method: Method, path: &str) -> RequestBuilder {
    app.request(method, path).bearer_auth(app.token("read:users write:users"))
}

async fn get(app: &App, path: &str) -> Answer {
    send(request(app, Method::GET, path)).await
}

fn patching(app: &App, path: &str, patch: &Value) -> RequestBuilder {
    request(app, Method::PATCH, path).header("content-type", "application/merge-patch+json").body(patch.to_string())
}

async fn patch(app: &App, path: &str, changes: Value) -> Answer {
    send(patching(app, path, &changes)).await
}

async fn delete(app: &App, path: &str) -> Answer {
    send(request(app, Method::DELETE, path)).await
}

/// Creates a user; gives its path and what was answered.
async fn created(app: &App, user: &Value) -> (String, Answer) {
    let answer = app.create(user).await;
    answer.assert_created();
    (answer.header("location").to_owned(), answer)
}

#[tokio::test]
async fn location_leads_to_the_user_and_its_state_has_a_name() {
    let app = App::start().await;
    let (path, answer) = created(&app, &complete("ada@example.com")).await;
    let found = get(&app, &path).await;
    assert_eq!((found.status, &found.body), (200, &answer.body));
    assert_eq!(found.header("etag"), answer.header("etag"));
    let etag = found.header("etag");
    for known in [etag.to_owned(), format!("\"x\", W/{etag}"), "*".to_owned()] {
        let unchanged = send(request(&app, Method::GET, &path).header("if-none-match", &known)).await;
        assert_eq!((unchanged.status, unchanged.header("etag"), &unchanged.body), (304, etag, &Value::Null), "{known}");
    }
    assert_eq!(send(request(&app, Method::GET, &path).header("if-none-match", "\"x\"")).await.status, 200);
    send(request(&app, Method::GET, &path).header("if-none-match", "x")).await.assert_refused(&["/header/If-None-Match pattern"]);
}

#[tokio::test]
async fn a_missing_user_is_404_and_a_malformed_id_400() {
    let app = App::start().await;
    for answer in [get(&app, NOBODY).await, patch(&app, NOBODY, json!({})).await, delete(&app, NOBODY).await] {
        answer.assert_problem(404, "NOT_FOUND");
        assert_eq!(answer.body["message"], "There is no user with this id.");
    }
    for path in ["/users/x", "/users/64F0C51E7FB3FC001234A001"] {
        for answer in [get(&app, path).await, patch(&app, path, json!({})).await, delete(&app, path).await] {
            answer.assert_problem(400, "BAD_REQUEST");
            answer.assert_refused(&["/path/userId pattern"]);
        }
    }
}

#[tokio::test]
async fn each_operation_asks_for_its_own_scope() {
    let app = App::start().await;
    for (method, path, scope) in [
        (Method::GET, NOBODY, "write:users"),
        (Method::GET, "/users", "write:users"),
        (Method::PATCH, NOBODY, "read:users"),
        (Method::DELETE, NOBODY, "read:users"),
    ] {
        send(app.request(method.clone(), path)).await.assert_problem(401, "UNAUTHORIZED");
        send(app.request(method, path).bearer_auth(app.token(scope))).await.assert_problem(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_nothing_else() {
    let app = App::start().await;
    let (path, before) = created(&app, &complete("ada@example.com")).await;
    let changes = json!({
        "lastName": "King", "language": null, "address": { "line2": null, "city": "London" }, "nationalities": ["GB", "GR"]
    });
    let after = patch(&app, &path, changes).await;
    assert_eq!(after.status, 200, "{:#}", after.body);
    let mut expected = before.body.clone();
    expected["lastName"] = json!("King");
    expected["nationalities"] = json!(["GB", "GR"]);
    expected["address"]["city"] = json!("London");
    expected["address"].as_object_mut().unwrap().remove("line2");
    expected.as_object_mut().unwrap().remove("language");
    assert!(after.body["updatedAt"].as_str() > before.body["updatedAt"].as_str());
    expected["updatedAt"] = after.body["updatedAt"].clone();
    assert_eq!(after.body, expected);
    assert_ne!(after.header("etag"), before.header("etag"));
    let found = get(&app, &path).await;
    assert_eq!((&found.body, found.header("etag")), (&after.body, after.header("etag")));
}

#[tokio::test]
async fn a_patch_keeps_the_rules_of_its_body_and_of_its_result() {
    let app = App::start().await;
    let (path, before) = created(&app, &minimal("ada@example.com")).await;
    let employed = json!({ "incomeRangeId": "x", "employmentStatus": "FullTime", "sourcesOfWealth": ["Salary"] });
    let cases: [(Value, &[&str]); 8] = [
        (json!({ "email": null }), &["/email type"]),
        (json!({ "firstName": "" }), &["/firstName minLength"]),
        (json!({ "id": "64f0c51e7fb3fc001234a001" }), &["/id additionalProperties"]),
        (json!({ "address": { "countryCode": "gr" } }), &["/address/countryCode pattern"]),
        (json!([]), &[" type"]),
        (
            json!({ "address": { "city": "Athens" } }),
            &["/address/line1 required", "/address/postalCode required", "/address/countryCode required"],
        ),
        (json!({ "employmentInfo": employed }), &["/employmentInfo/industry required"]),
        (json!({ "nationalities": [] }), &["/nationalities minItems"]),
    ];
    for (changes, broken) in cases {
        let answer = patch(&app, &path, changes.clone()).await;
        answer.assert_problem(400, "BAD_REQUEST");
        answer.assert_refused(broken);
    }
    assert_eq!(get(&app, &path).await.body, before.body);
    let mut whole = employed;
    whole["industry"] = json!("Education");
    assert_eq!(patch(&app, &path, json!({ "employmentInfo": whole })).await.status, 200);
    let refused = patch(&app, &path, json!({ "employmentInfo": { "industry": null } })).await;
    refused.assert_refused(&["/employmentInfo/industry required"]);
    let retired = json!({ "employmentInfo": { "industry": null, "employmentStatus": "Retired" } });
    assert_eq!(patch(&app, &path, retired).await.status, 200);
    let as_json = patching(&app, &path, &json!({})).header("content-type", "application/json");
    send(as_json).await.assert_problem(415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn a_patch_is_refused_for_a_taken_email_and_for_another_state() {
    let app = App::start().await;
    let (path, before) = created(&app, &minimal("ada@example.com")).await;
    app.create(&minimal("bob@example.com")).await.assert_created();
    let taken = patch(&app, &path, json!({ "email": "BOB@example.com" })).await;
    taken.assert_problem(409, "CONFLICT");
    taken.assert_refused(&["/email unique"]);
    assert_eq!(patch(&app, &path, json!({ "email": "ADA@example.com" })).await.status, 200, "its own, in another letter case");
    let outdated = patching(&app, &path, &json!({ "lastName": "X" })).header("if-match", before.header("etag"));
    send(outdated).await.assert_problem(412, "PRECONDITION_FAILED");
    let etag = get(&app, &path).await.header("etag").to_owned();
    assert_eq!(send(patching(&app, &path, &json!({ "lastName": "X" })).header("if-match", &etag)).await.status, 200);
    assert_eq!(patch(&app, &path, json!({ "email": "eve@example.com" })).await.status, 200);
    app.create(&minimal("ada@example.com")).await.assert_created();
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_at_once_lose_nothing_that_only_one_touches() {
    let app = &App::start().await;
    let (path, _) = created(app, &minimal("ada@example.com")).await;
    let all = [
        json!({ "firstName": "one" }),
        json!({ "lastName": "two" }),
        json!({ "dateOfBirth": "2000-01-01" }),
        json!({ "residencyCountry": "CY" }),
        json!({ "language": "en" }),
        json!({ "nationalities": ["GR"] }),
    ];
    let answers = futures_util::future::join_all(all.iter().map(|changes| patch(app, &path, changes.clone()))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let found = get(app, &path).await.body;
    for (name, value) in all.iter().flat_map(|changes| changes.as_object().unwrap()) {
        assert_eq!(found[name], *value, "{name}");
    }
}

#[tokio::test]
async fn a_deleted_user_is_gone_and_its_email_free() {
    let app = App::start().await;
    let (path, _) = created(&app, &minimal("ada@example.com")).await;
    let deleted = delete(&app, &path).await;
    assert_eq!((deleted.status, &deleted.body), (204, &Value::Null));
    delete(&app, &path).await.assert_problem(404, "NOT_FOUND");
    get(&app, &path).await.assert_problem(404, "NOT_FOUND");
    app.create(&minimal("ada@example.com")).await.assert_created();
}

/// The emails of every page.
async fn walk(app: &App, query: &str) -> Vec<String> {
    let mut emails = Vec::new();
    let mut next = String::new();
    loop {
        // A cursor of the query is that of its first page.
        let query = if next.is_empty() { query } else { query.split("&cursor=").next().unwrap() };
        let page = get(app, &format!("/users?{query}{next}")).await;
        assert_eq!(page.status, 200, "{:#}", page.body);
        emails.extend(page.body["items"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_owned()));
        match page.body["nextCursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return emails,
        }
    }
}

#[tokio::test]
async fn pages_list_everybody_once_and_filters_are_combined() {
    let app = App::start().await;
    let mut all = Vec::new();
    for index in 0..25 {
        let mut user = minimal(&format!("user{index}@example.com"));
        user["residencyCountry"] = json!(["GR", "CY", "DE"][index % 3]);
        all.push(created(&app, &user).await.1.body);
    }
    let emails = |countries: &[&str]| -> Vec<String> {
        let mut of: Vec<&Value> =
            all.iter().filter(|user| countries.contains(&user["residencyCountry"].as_str().unwrap())).collect();
        of.sort_by_key(|user| user["id"].as_str().unwrap());
        of.iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect()
    };
    let everywhere = emails(&["GR", "CY", "DE"]);
    for limit in [1, 7, 25, 100] {
        assert_eq!(walk(&app, &format!("limit={limit}")).await, everywhere, "{limit}");
    }
    assert_eq!(get(&app, "/users").await.body["items"].as_array().unwrap().len(), 20);
    assert_eq!(walk(&app, "residencyCountry=GR&residencyCountry=DE&limit=3").await, emails(&["GR", "DE"]));
    assert_eq!(walk(&app, "residencyCountry=FR").await, Vec::<String>::new());
    assert_eq!(walk(&app, "email=USER3@example.com").await, ["user3@example.com"]);
    assert_eq!(walk(&app, "email=user3@example.com&residencyCountry=CY").await, Vec::<String>::new());
    for (query, broken) in [
        ("limit=0", "/query/limit minimum"),
        ("limit=101", "/query/limit maximum"),
        ("limit=x", "/query/limit type"),
        ("cursor=x", "/query/cursor pattern"),
        ("email=x", "/query/email format"),
        ("residencyCountry=gr", "/query/residencyCountry/0 pattern"),
    ] {
        get(&app, &format!("/users?{query}")).await.assert_refused(&[broken]);
    }
    assert_eq!(get(&app, "/users?limit=2e1").await.status, 200, "an integer, however it is written");
}

#[tokio::test]
async fn a_walk_holds_while_users_come_and_go() {
    let app = App::start().await;
    let mut paths = Vec::new();
    for index in 0..6 {
        paths.push(created(&app, &minimal(&format!("user{index}@example.com"))).await.0);
    }
    let first = get(&app, "/users?limit=2").await.body;
    let cursor = first["nextCursor"].as_str().unwrap().to_owned();
    let listed = first["items"][1]["id"].as_str().unwrap();
    assert_eq!(delete(&app, &format!("/users/{listed}")).await.status, 204); // The page before ends with it.
    app.create(&minimal("late@example.com")).await.assert_created();
    let rest = walk(&app, &format!("limit=2&cursor={cursor}")).await;
    assert!((4..=5).contains(&rest.len()), "{rest:?}");
    for user in first["items"].as_array().unwrap() {
        assert!(!rest.contains(&user["email"].as_str().unwrap().to_owned()));
    }
}
