//! Every rule of the document has its accepting and its refusing side, at the boundary.

use serde_json::{Value, json};
use users_api::store::Inspect;

use crate::app::{App, complete};

/// Sets what `pointer` names, or removes it when there is no value.
fn change(user: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = user.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(object), Some(value)) => drop(object.insert(name.to_owned(), value)),
        (Value::Object(object), None) => drop(object.remove(name).unwrap()),
        (Value::Array(items), Some(value)) => items[name.parse::<usize>().unwrap()] = value,
        (other, _) => panic!("{other} has no {name}"),
    }
}

/// Valid users, each changed at one place, are accepted.
async fn accepts(cases: impl IntoIterator<Item = (&str, Option<Value>)>) {
    let app = App::start().await;
    for (index, (pointer, value)) in cases.into_iter().enumerate() {
        let mut user = complete(&format!("user{index}@example.com"));
        change(&mut user, pointer, value.clone());
        let answer = app.create(&user).await;
        assert_eq!(answer.status, 201, "{pointer} = {value:?}: {:#}", answer.body);
    }
}

/// Valid users, each changed at one place, are refused with exactly this rule at exactly that place.
async fn refuses(cases: impl IntoIterator<Item = (&str, Option<Value>, &str)>) {
    let app = App::start().await;
    for (pointer, value, rule) in cases {
        let mut user = complete("user@example.com");
        change(&mut user, pointer, value.clone());
        let answer = app.create(&user).await;
        assert_eq!(answer.status, 400, "{pointer} = {value:?}");
        answer.assert_refused(&[&format!("{pointer} {rule}")]);
    }
    assert_eq!(app.store.count().await.unwrap(), 0);
}

#[tokio::test]
async fn names_have_1_to_100_characters_of_any_script() {
    let accepted = ["x".to_owned(), "x".repeat(100), "é".repeat(100), "語".repeat(100), "😀".repeat(100), "\0".to_owned()];
    let refused = [String::new(), "x".repeat(101), "é".repeat(101), "😀".repeat(101)];
    for pointer in ["/firstName", "/lastName"] {
        accepts(accepted.iter().map(|name| (pointer, Some(json!(name))))).await;
        refuses(refused.iter().map(|name| {
            let rule = if name.is_empty() { "minLength" } else { "maxLength" };
            (pointer, Some(json!(name)), rule)
        }))
        .await;
    }
}

#[tokio::test]
async fn free_strings_of_nested_objects_are_not_empty() {
    let pointers = [
        "/address/line1",
        "/address/line2",
        "/address/city",
        "/address/postalCode",
        "/taxResidency/proofType",
        "/taxResidency/value",
        "/employmentInfo/incomeRangeId",
        "/employmentInfo/employmentStatus",
        "/employmentInfo/industry",
        "/employmentInfo/sourcesOfWealth/0",
    ];
    accepts(pointers.map(|pointer| (pointer, Some(json!("語"))))).await;
    refuses(pointers.map(|pointer| (pointer, Some(json!("")), "minLength"))).await;
}

#[tokio::test]
async fn countries_are_two_capital_letters() {
    for pointer in ["/residencyCountry", "/nationality", "/address/countryCode", "/taxResidency/countryCode"] {
        accepts(["GR", "ZZ", "AA"].map(|country| (pointer, Some(json!(country))))).await;
        let wrong = ["", "G", "GRC", "gr", "Gr", "G1", " GR", "GR ", "GR\n", "ΓΡ", "ＧＲ"];
        refuses(wrong.map(|country| (pointer, Some(json!(country)), "pattern"))).await;
    }
}

#[tokio::test]
async fn an_email_is_an_email() {
    accepts(
        ["a@b.co", "first.last+tag@sub.example.com", "\"quoted local\"@example.com", "x@localhost"]
            .map(|e| ("/email", Some(json!(e)))),
    )
    .await;
    let wrong = ["", "plain", "@example.com", "a@", "a b@example.com", "a@@example.com", "a@exa mple.com", ".a@example.com"];
    refuses(wrong.map(|email| ("/email", Some(json!(email)), "format"))).await;
}

#[tokio::test]
async fn a_date_of_birth_is_a_day_of_the_calendar() {
    let days = ["0001-01-01", "1990-05-15", "2000-02-29", "2024-02-29", "9999-12-31"];
    accepts(days.map(|day| ("/dateOfBirth", Some(json!(day))))).await;
    let wrong = [
        "",
        "1990-5-15",
        "15-05-1990",
        "1990/05/15",
        "1990-05-15T00:00:00Z",
        "1900-02-29",
        "2023-02-29",
        "1990-13-01",
        "1990-00-10",
        "1990-04-31",
        " 1990-05-15",
    ];
    refuses(wrong.map(|day| ("/dateOfBirth", Some(json!(day)), "format"))).await;
}

#[tokio::test]
async fn a_language_is_english_or_greek() {
    accepts(["en", "el"].map(|language| ("/language", Some(json!(language))))).await;
    refuses(["", "EN", "de", "en "].map(|language| ("/language", Some(json!(language)), "enum"))).await;
}

#[tokio::test]
async fn sources_of_wealth_are_at_least_one() {
    let pointer = "/employmentInfo/sourcesOfWealth";
    accepts([(pointer, Some(json!(["Salary"]))), (pointer, Some(json!(vec!["Salary"; 50])))]).await;
    refuses([(pointer, Some(json!([])), "minItems")]).await;
}

#[tokio::test]
async fn optional_properties_may_be_absent() {
    accepts(["/language", "/address", "/taxResidency", "/nationality", "/employmentInfo", "/address/line2"].map(|p| (p, None)))
        .await;
}

#[tokio::test]
async fn required_properties_may_not_be_absent() {
    let pointers = [
        "/email",
        "/firstName",
        "/lastName",
        "/dateOfBirth",
        "/residencyCountry",
        "/address/line1",
        "/address/city",
        "/address/postalCode",
        "/address/countryCode",
        "/taxResidency/countryCode",
        "/taxResidency/proofType",
        "/taxResidency/value",
        "/employmentInfo/incomeRangeId",
        "/employmentInfo/employmentStatus",
        "/employmentInfo/sourcesOfWealth",
    ];
    refuses(pointers.map(|pointer| (pointer, None, "required"))).await;
}

#[tokio::test]
async fn industry_is_required_for_those_who_work() {
    let app = App::start().await;
    for (index, status) in ["FullTime", "PartTime", "SelfEmployed", "Unemployed", "Retired", "fulltime"].into_iter().enumerate() {
        let mut user = complete(&format!("with{index}@example.com"));
        change(&mut user, "/employmentInfo/employmentStatus", Some(json!(status)));
        app.create(&user).await.assert_created();

        change(&mut user, "/email", Some(json!(format!("without{index}@example.com"))));
        change(&mut user, "/employmentInfo/industry", None);
        let answer = app.create(&user).await;
        if index < 3 {
            answer.assert_refused(&["/employmentInfo/industry required"]);
        } else {
            answer.assert_created();
        }
    }
}

#[tokio::test]
async fn objects_are_closed_and_pointers_are_escaped() {
    refuses(
        ["/x", "/Email", "/address/line3", "/taxResidency/x", "/employmentInfo/x", "/a~1b~0c", "/__proto__"]
            .map(|pointer| (pointer, Some(json!(1)), "additionalProperties"))
            .into_iter()
            .filter(|(pointer, ..)| !pointer.contains('~')),
    )
    .await;
    let app = App::start().await;
    let mut user = complete("user@example.com");
    user["a/b~c"] = json!("x");
    app.create(&user).await.assert_refused(&["/a~1b~0c additionalProperties"]);
}

#[tokio::test]
async fn nothing_is_converted_and_null_is_not_absent() {
    let strings = [
        "/email",
        "/firstName",
        "/residencyCountry",
        "/dateOfBirth",
        "/nationality",
        "/address/city",
        "/employmentInfo/industry",
    ];
    for wrong in [json!(5), json!(true), json!(null), json!(["x"]), json!({})] {
        refuses(strings.map(|pointer| (pointer, Some(wrong.clone()), "type"))).await;
        if !wrong.is_object() {
            refuses(["/address", "/taxResidency", "/employmentInfo"].map(|pointer| (pointer, Some(wrong.clone()), "type"))).await;
        }
    }
    refuses([("/employmentInfo/sourcesOfWealth", Some(json!("Salary")), "type")]).await;
    for body in ["null", "5", "\"x\"", "[]"] {
        let app = App::start().await;
        crate::app::send(app.post().body(body)).await.assert_refused(&[" type"]);
    }
}

#[tokio::test]
async fn a_wrong_language_type_breaks_type_and_enum() {
    let app = App::start().await;
    let mut user = complete("user@example.com");
    user["language"] = json!(null);
    app.create(&user).await.assert_refused(&["/language enum", "/language type"]);
}

#[tokio::test]
async fn all_violations_are_reported_at_once_without_repeating_a_value() {
    let app = App::start().await;
    app.create(&json!({})).await.assert_refused(&[
        "/email required",
        "/firstName required",
        "/lastName required",
        "/dateOfBirth required",
        "/residencyCountry required",
    ]);

    let mut user = complete("sesame email");
    user["firstName"] = json!("");
    user["dateOfBirth"] = json!("sesame day");
    user["residencyCountry"] = json!("sesame country");
    user["sesame"] = json!("sesame");
    user["employmentInfo"].as_object_mut().unwrap().remove("industry");
    let answer = app.create(&user).await;
    answer.assert_problem(400, "BAD_REQUEST");
    answer.assert_refused(&[
        "/dateOfBirth format",
        "/email format",
        "/employmentInfo/industry required",
        "/firstName minLength",
        "/residencyCountry pattern",
        "/sesame additionalProperties",
    ]);
    for error in answer.body["errors"].as_array().unwrap() {
        assert!(!error["message"].as_str().unwrap().contains("sesame"), "{error}");
    }
}
