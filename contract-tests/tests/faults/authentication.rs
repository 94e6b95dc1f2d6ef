//! Tokens and scopes.

use faulty_server::{AuthFault, Effect, Fault, Group, Reply};

use super::{break_if, fault, restate};

pub fn faults() -> Vec<Fault> {
    let auth = |name, at, auth| fault(name, Group::Authentication, at, Effect::Auth(auth));
    let reply = |name, at, change| fault(name, Group::Authentication, at, Effect::Reply(change));
    vec![
        auth("nobody is checked", "no-token", AuthFault::NoCheck),
        auth("any token will do", "garbage-token", AuthFault::AnyToken),
        auth("expired tokens are accepted", "expired", AuthFault::Expired),
        auth("tokens without expiry are accepted", "expired", AuthFault::NoExpiry),
        auth("tokens whose time has not come are accepted", "not-yet-valid", AuthFault::NotYetValid),
        auth("any issuer will do", "issuer", AuthFault::AnyIssuer),
        auth("an issuer that begins alike will do", "issuer", AuthFault::IssuerPrefix),
        auth("any audience will do", "audience", AuthFault::AnyAudience),
        auth("the key's name is not looked at", "key-id", AuthFault::UnknownKey),
        auth("the algorithm none is accepted", "algorithm", AuthFault::AlgorithmNone),
        auth("the public key is taken for a secret", "algorithm", AuthFault::PublicKeyAsSecret),
        auth("the signature is not checked", "signature", AuthFault::NoSignature),
        auth("a key in the token is trusted", "embedded-key", AuthFault::EmbeddedKey),
        auth("extensions that must be understood are ignored", "signature", AuthFault::CriticalIgnored),
        auth("the scope is not looked at", "scope", AuthFault::AnyScope),
        auth("a scope that begins alike will do", "scope", AuthFault::ScopePrefix),
        auth("a scope that contains the needed one will do", "scope", AuthFault::ScopeSubstring),
        auth("the scope may be in any case", "scope", AuthFault::ScopeAnyCase),
        auth("scopes may be a list", "scope", AuthFault::ScopeArray),
        auth("scopes may be in other claims", "scope", AuthFault::ScopeOtherClaim),
        auth("scopes may have commas between them", "scope", AuthFault::ScopeCommas),
        auth("only the first scope counts", "scope", AuthFault::FirstScopeOnly),
        auth("the scheme must be written Bearer", "scheme", AuthFault::SchemeCase),
        auth("any scheme will do", "scheme", AuthFault::AnyScheme),
        auth("of two Authorization headers the first counts", "scheme", AuthFault::FirstHeader),
        auth("a request is validated before the caller is known", "no-token", AuthFault::CheckedLast),
        reply("401 is answered as 403", "no-token", |_, reply| restate(reply, 401, 403, "FORBIDDEN")),
        reply("403 is answered as 401", "scope", |_, reply| restate(reply, 403, 401, "UNAUTHORIZED")),
        reply("403 is answered as 404", "scope", |_, reply| restate(reply, 403, 404, "NOT_FOUND")),
        reply("an invalid token is a bad request", "garbage-token", |_, reply| {
            if challenge(reply).is_some_and(|challenge| challenge.contains("invalid_token")) {
                restate(reply, 401, 400, "BAD_REQUEST");
            }
        }),
        reply("a malformed token breaks the server", "garbage-token", |_, reply| {
            break_if(challenge(reply).is_some_and(|challenge| challenge.contains("invalid_token")), reply);
        }),
        reply("401 is without a challenge", "challenge", |_, reply| {
            if reply.status == 401 {
                reply.headers.remove("www-authenticate");
            }
        }),
        reply("403 is without a challenge", "challenge", |_, reply| {
            if reply.status == 403 {
                reply.headers.remove("www-authenticate");
            }
        }),
        reply("the challenge is for another scheme", "challenge", |_, reply| {
            rewrite(reply, |challenge| challenge.replace("Bearer", "Basic"));
        }),
        reply("the challenge of an invalid token has no error", "challenge", |_, reply| {
            if reply.status == 401 {
                rewrite(reply, |_| "Bearer".to_owned());
            }
        }),
        reply("the challenge without a token has an error", "challenge", |_, reply| {
            rewrite(
                reply,
                |challenge| if challenge == "Bearer" { "Bearer error=\"invalid_token\"".to_owned() } else { challenge },
            );
        }),
        reply("the challenge has the wrong error", "challenge", |_, reply| {
            rewrite(reply, |challenge| {
                challenge.replace("invalid_token", "invalid_request").replace("insufficient_scope", "invalid_token")
            });
        }),
    ]
}

fn challenge(reply: &Reply) -> Option<&String> {
    reply.headers.get("www-authenticate")
}

fn rewrite(reply: &mut Reply, change: fn(String) -> String) {
    if let Some(challenge) = reply.headers.get_mut("www-authenticate") {
        *challenge = change(std::mem::take(challenge));
    }
}
