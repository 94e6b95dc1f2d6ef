//! Cases about tokens and scopes, for operations that ask for a bearer token: each with the status and the challenge that RFC 6750,
//! section 3, demands.

use crate::{
    cases::{
        Case, Credentials, Expect, Group,
        token::{Signer, TokenError},
    },
    openapi::{
        operation::{Scheme, Security},
        request::{Request, Target},
    },
    rules,
};

/// What the case is called whose token grants everything but what the operation asks for.
const OTHER_SCOPES: &str = "the scopes of all other operations";

/// The cases for one operation; `others` are the scopes that only other operations ask for, and `valid` makes a new valid request.
pub(crate) fn cases(
    target: &Target,
    security: &Security,
    others: &[String],
    signer: Option<&Signer>,
    token: Option<&str>,
    mut valid: impl FnMut() -> Option<(Request, serde_json::Value)>,
) -> Result<Vec<Case>, TokenError> {
    let mut all: Vec<Case> = Vec::new();
    let mut add = |name: &str, values: Vec<String>, expect: Expect| {
        let Some((request, instance)) = valid() else { return };
        all.push(Case {
            id: format!("{}:authentication:{}", target.name(), name.replace(' ', "-")),
            group: Group::Authentication,
            title: format!("a token: {name}"),
            promise: security.pointer.clone(),
            request,
            instance: Some(instance),
            credentials: Credentials::Raw(values),
            rule: match &expect {
                Expect::Success => &rules::VALID_REFUSED,
                // Among several there is a good one.
                Expect::Status(_) if name.contains("header") => &rules::AUTHENTICATION_STATUS,
                _ if name == OTHER_SCOPES => &rules::OTHER_SCOPE,
                _ => &rules::UNAUTHENTICATED_ACCEPTED,
            },
            expect,
        });
    };
    let refused = |error| Expect::Challenge { status: 401, error };
    let invalid = || refused(Some("invalid_token"));
    add(NO_TOKEN, vec![], refused(None));
    add("an empty Authorization", vec![String::new()], refused(None));
    // Where another alternative is a password, these might be right.
    let is_known = security.requirements.iter().flatten().any(|requirement| requirement.scheme == Scheme::Basic);
    let other = if is_known { "Unknown" } else { "Basic" };
    add("another scheme", vec![format!("{other} dXNlcjpwYXNzd29yZA==")], refused(None));
    add("garbage", vec!["Bearer garbage".to_owned()], invalid());
    add("three parts of garbage", vec!["Bearer a.b.c".to_owned()], invalid());
    // RFC 6750 does not say whether this is a request without a token or with a bad one.
    add("no token after Bearer", vec!["Bearer".to_owned()], Expect::Status(vec![400, 401]));
    if let Some(good) = token {
        add("the name of the scheme in other letter case", vec![format!("bEARER {good}")], Expect::Success);
        add("a token without its scheme", vec![good.to_owned()], refused(None));
        add("another scheme with a good token", vec![format!("Token {good}")], refused(None));
        add(
            "two Authorization headers",
            vec![format!("Bearer {good}"), format!("Bearer {good}")],
            Expect::Status(vec![400, 401]),
        );
        add(
            "a good and a bad header",
            vec![format!("Bearer {good}"), "Bearer garbage".to_owned()],
            Expect::Status(vec![400, 401]),
        );
        add("something after the token", vec![format!("Bearer {good}x")], invalid());
        if signer.is_none() {
            let middle = good.len() / 2;
            let other = if good.as_bytes().get(middle) == Some(&b'A') { "B" } else { "A" };
            if good.is_char_boundary(middle) && good.is_char_boundary(middle + 1) {
                add("a changed token", vec![format!("Bearer {}{other}{}", &good[..middle], &good[middle + 1..])], invalid());
            }
        }
    }
    if let Some(signer) = signer {
        for (name, token) in signer.good_variants(&security.scopes)? {
            add(name, vec![format!("Bearer {token}")], Expect::Success);
        }
        for scopes in &security.alternatives {
            add("the scopes of another alternative", vec![format!("Bearer {}", signer.good(scopes)?)], Expect::Success);
        }
        // Where another alternative asks for no scope, none can be lacking.
        let any_scope = security.alternatives.iter().any(Vec::is_empty);
        for bad in signer.bad(&security.scopes)?.into_iter().filter(|bad| !bad.lacks_scope || !any_scope) {
            let expect =
                if bad.lacks_scope { Expect::Challenge { status: 403, error: Some("insufficient_scope") } } else { invalid() };
            add(bad.name, vec![format!("Bearer {}", bad.token)], expect);
        }
        let is_enough = |scopes: &Vec<String>| scopes.iter().all(|scope| others.contains(scope));
        if !others.is_empty() && !is_enough(&security.scopes) && !security.alternatives.iter().any(is_enough) {
            let expect = Expect::Challenge { status: 403, error: Some("insufficient_scope") };
            add(OTHER_SCOPES, vec![format!("Bearer {}", signer.good(others)?)], expect);
        }
    }
    Ok(all)
}

const NO_TOKEN: &str = "no token";
const NO_CREDENTIALS: &str = "no credentials";

/// Whether a case with this title has no credentials at all: a server that lets it in lets anybody in.
pub(crate) fn has_none(title: &str) -> bool {
    title == NO_CREDENTIALS || title.strip_prefix("a token: ") == Some(NO_TOKEN)
}

/// The cases for one operation that is not called with a bearer token alone. No RFC demands a challenge or a status of them: what
/// counts is that nobody gets in without all the credentials.
pub(crate) fn without_bearer(
    target: &Target,
    security: &Security,
    parts: usize,
    is_open: bool,
    mut valid: impl FnMut() -> Option<(Request, serde_json::Value)>,
) -> Vec<Case> {
    let mut all =
        vec![(NO_CREDENTIALS.to_owned(), Credentials::Raw(Vec::new())), ("invalid credentials".to_owned(), Credentials::Invalid)];
    if parts > 1 {
        all.extend(
            (0..parts).map(|part| (format!("credentials without part {} of {parts}", part + 1), Credentials::Without(part))),
        );
    }
    if is_open {
        all.truncate(1); // There are none to spoil.
    } else if parts == 0 {
        all.clear(); // The caller sends them by other means.
    }
    let case = |(name, credentials): (String, Credentials)| {
        let (request, instance) = valid()?;
        Some(Case {
            id: format!("{}:authentication:{}", target.name(), name.replace(' ', "-")),
            group: Group::Authentication,
            title: name,
            promise: security.pointer.clone(),
            request,
            instance: Some(instance),
            credentials,
            rule: &rules::UNAUTHENTICATED_ACCEPTED,
            expect: Expect::NotAccepted,
        })
    };
    all.into_iter().filter_map(case).collect()
}
