//! The files that ship the server agree with it and with one another. No container engine is needed.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use clap::{Args, Parser};
use serde_json::Value;
use users_api::config::Config;

const DOCKERFILE: &str = include_str!("../Dockerfile");
const COMPOSE: &str = include_str!("../compose.yaml");
const KUBERNETES: &str = include_str!("../deploy/kubernetes.yaml");

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

/// The server of compose.yaml.
fn api() -> Value {
    serde_saphyr::from_str::<Value>(COMPOSE).unwrap()["services"]["api"].take()
}

/// The object of this kind in the manifest.
fn manifest(kind: &str) -> Value {
    let objects = KUBERNETES.split("\n---\n").map(|text| serde_saphyr::from_str::<Value>(text).unwrap());
    objects.into_iter().find(|object| object["kind"] == kind).unwrap()
}

fn pod() -> Value {
    manifest("Deployment")["spec"]["template"]["spec"].take()
}

/// What follows this instruction in the last stage of the Dockerfile, wherever it stands there.
fn instructions(name: &str) -> Vec<&str> {
    let last = DOCKERFILE.rsplit("\nFROM ").next().unwrap();
    last.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).collect()
}

/// The variables of the image.
fn image() -> BTreeMap<String, String> {
    let pairs = instructions("ENV").into_iter().flat_map(|line| line.split(' ')).map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The variables of each way to run the image, those of the image included. What is filled in later has a value that would do.
fn environments() -> [BTreeMap<String, String>; 3] {
    let later = |name: &str| match name {
        "AUTH_ISSUER" => "https://issuer.example/".to_owned(),
        "DATABASE_URL" => "mongodb://db.example/users".to_owned(),
        _ => "users-api".to_owned(),
    };
    let given = |name: &str, value: &Value| match value.as_str() {
        Some(text) if !text.starts_with('$') => text.to_owned(),
        _ => later(name),
    };
    let api = api();
    let compose = api["environment"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), given(name, value)));
    let pod = pod();
    let kubernetes = pod["containers"][0]["env"].as_array().unwrap().iter().map(|entry| {
        let name = entry["name"].as_str().unwrap();
        (name.to_owned(), given(name, &entry["value"]))
    });
    [image(), image().into_iter().chain(compose).collect(), image().into_iter().chain(kubernetes).collect()]
}

/// The settings that the server makes of these variables.
fn settings(environment: &BTreeMap<String, String>) -> Config {
    let command = Config::augment_args(clap::Command::new("users-api"));
    let flag = |name: &String| {
        let known = command.get_arguments().find(|argument| argument.get_env().is_some_and(|own| own == name.as_str()));
        format!("--{}", known.unwrap_or_else(|| panic!("the server has no {name}")).get_long().unwrap())
    };
    let flags = environment.iter().flat_map(|(name, value)| [flag(name), value.clone()]);
    Flags::try_parse_from([String::from("users-api")].into_iter().chain(flags)).unwrap_or_else(|error| panic!("{error}")).config
}

#[test]
fn every_variable_is_a_setting_with_a_value_that_the_server_takes() {
    for environment in environments() {
        let config = settings(&environment);
        assert!(config.listen.host.is_unspecified(), "others could not reach it");
        config.store_url().unwrap();
    }
}

#[test]
fn behind_a_proxy_one_address_may_have_all_connections() {
    for environment in &environments()[1..] {
        assert_eq!(settings(environment).max_connections_per_address, 0);
    }
}

#[test]
fn one_port_is_meant_everywhere() {
    let port = settings(&image()).listen.port.to_string();
    assert_eq!(instructions("EXPOSE"), [port.as_str()]);
    let published = api()["ports"][0].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    assert_eq!(published, port);
    let pod = pod();
    let own = &pod["containers"][0]["ports"][0];
    assert_eq!(own["containerPort"].to_string(), port);
    for asked in [
        &pod["containers"][0]["livenessProbe"]["httpGet"]["port"],
        &pod["containers"][0]["readinessProbe"]["httpGet"]["port"],
        &manifest("Service")["spec"]["ports"][0]["targetPort"],
    ] {
        assert_eq!(*asked, own["name"]);
    }
}

#[test]
fn the_server_runs_without_rights() {
    let user = instructions("USER").join(" ");
    let (user, group) = user.split_once(':').unwrap();
    assert!(user.parse::<u32>().is_ok_and(|user| user > 0), "{user}");
    let pod = pod();
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["runAsUser"].to_string(), user);
    assert_eq!(pod["securityContext"]["runAsGroup"].to_string(), group);
    let rights = &pod["containers"][0]["securityContext"];
    assert_eq!((&rights["allowPrivilegeEscalation"], &rights["readOnlyRootFilesystem"]), (&false.into(), &true.into()));
    assert_eq!(rights["capabilities"]["drop"][0], "ALL");
    let api = api();
    assert_eq!((&api["read_only"], &api["cap_drop"][0]), (&true.into(), &"ALL".into()));
}

#[test]
fn the_probes_are_routes_and_the_health_check_a_command_of_the_server() {
    let routes = include_str!("../openapi-server/src/health.rs");
    for probe in ["livenessProbe", "readinessProbe"] {
        let path = pod()["containers"][0][probe]["httpGet"]["path"].as_str().unwrap().to_owned();
        assert!(routes.contains(&format!(".at(\"{path}\"")), "{path}");
    }
    let check = instructions("HEALTHCHECK").join(" ");
    let words: Vec<String> = serde_json::from_str(check.split_once("CMD ").unwrap().1).unwrap();
    let program: Vec<String> = serde_json::from_str(instructions("ENTRYPOINT")[0]).unwrap();
    assert_eq!(words[..1], program, "the image has no other program");
    let known = Command::new(env!("CARGO_BIN_EXE_users-api")).args(&words[1..]).arg("--help").output().unwrap();
    assert!(known.status.success(), "{words:?}: {}", String::from_utf8_lossy(&known.stderr));
}

#[test]
fn a_server_may_finish_what_is_under_way() {
    for (environment, given) in environments()[1..].iter().zip([
        humantime::parse_duration(api()["stop_grace_period"].as_str().unwrap()).unwrap().as_secs(),
        pod()["terminationGracePeriodSeconds"].as_u64().unwrap()
            - pod()["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap(),
    ]) {
        assert!(given > settings(environment).shutdown_timeout.as_secs(), "killed after {given} s");
    }
}

#[test]
fn everything_in_kubernetes_means_the_same_pods() {
    let labels = &manifest("Deployment")["spec"]["template"]["metadata"]["labels"];
    let service = &manifest("Service")["spec"]["selector"];
    let selectors = ["Deployment", "PodDisruptionBudget"].map(|kind| manifest(kind)["spec"]["selector"]["matchLabels"].take());
    assert!(selectors.iter().chain([service]).all(|selector| selector == labels), "{labels}");
    let budget = manifest("PodDisruptionBudget")["spec"]["minAvailable"].as_u64().unwrap();
    assert!(budget < manifest("Deployment")["spec"]["replicas"].as_u64().unwrap(), "no node could be drained");
}

#[test]
fn the_image_leaves_out_what_it_is_not_built_from() {
    let ignored: BTreeSet<&str> = include_str!("../.dockerignore").lines().collect();
    assert!([".git", "target", "data"].iter().all(|folder| ignored.contains(folder)), "{ignored:?}");
    let members = include_str!("../Cargo.toml").lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
    let members: Vec<&str> = serde_json::from_str(members).unwrap();
    for member in members.iter().chain(&["src", "openapi.yaml", "build.rs", "Cargo.lock"]) {
        assert!(!ignored.contains(member), "{member} is needed");
    }
}
