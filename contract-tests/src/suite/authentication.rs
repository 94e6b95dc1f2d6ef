//! The cases about credentials.

use std::collections::BTreeSet;

use super::{SuiteError, credentials::Grant, prepared::PlannedTarget, run::Run};
use crate::{
    cases::{Case, Credentials, Expect, Group, authentication},
    openapi::operation::{Operation, Security},
    rules,
};

impl Run<'_> {
    pub fn authentication_cases(&self, part: &PlannedTarget<'_>) -> Result<Vec<Case>, SuiteError> {
        let target = &part.target;
        let Some(security) = target.operation.security.as_ref() else {
            let asks_nothing = self.without_credentials(part).filter(|case| self.suite.is_selected(&case.id));
            return Ok(asks_nothing.into_iter().collect());
        };
        let good = self.grant(&target.operation, &Credentials::Good);
        if good.parts() == 0 && !good.open {
            return Ok(Vec::new()); // The caller sends them by other means, with every request.
        }
        let mut cases = if security.bearer && !good.open {
            let (signer, token) = (self.suite.keyring.signer.as_ref(), good.token.as_deref());
            authentication::cases(target, security, &self.other_scopes(security), signer, token, || self.valid(part))?
        } else {
            authentication::without_bearer(target, security, good.parts(), good.open, || self.valid(part))
        };
        // What is left without a part may be another alternative.
        let is_enough =
            |case: &Case| matches!(case.credentials, Credentials::Without(part) if good.clone().without(part).meets(security));
        cases.retain(|case| !is_enough(case));
        cases.extend(self.alternatives(part, &good));
        cases.extend(self.wrong_password(part));
        cases.extend(self.invalid_without_token(part).filter(|_| !good.open));
        cases.retain(|case| self.suite.is_selected(&case.id));
        Ok(cases)
    }

    /// A valid request of an operation for which the document asks for no credentials, and the server does.
    fn without_credentials(&self, part: &PlannedTarget<'_>) -> Option<Case> {
        let operation = &part.target.operation;
        let is_documented = self.prepared.operations.iter().any(|operation| operation.security.is_some());
        if !is_documented || self.grant(operation, &Credentials::Good).parts() == 0 {
            return None;
        }
        let own = format!("{}/security", operation.pointer);
        let (request, instance) = self.valid(part)?;
        Some(Case {
            id: format!("{}:authentication:none", part.target.name()),
            group: Group::Authentication,
            title: "a valid request without credentials, of which the document says nothing".to_owned(),
            promise: self.document().json.pointer(&own).map_or_else(|| operation.pointer.clone(), |_| own),
            request,
            instance: Some(instance),
            credentials: Credentials::Raw(Vec::new()),
            rule: &rules::VALID_REFUSED,
            expect: Expect::Success,
        })
    }

    /// A valid request for each further way to be let in that there are credentials for.
    fn alternatives(&self, part: &PlannedTarget<'_>, good: &Grant) -> Vec<Case> {
        let Some(security) = &part.target.operation.security else { return Vec::new() };
        let case = |index: usize| {
            let (request, instance) = self.valid(part)?;
            Some(Case {
                id: format!("{}:authentication:alternative-{}", part.target.name(), index + 2),
                group: Group::Authentication,
                title: "the credentials of another alternative".to_owned(),
                promise: security.pointer.clone(),
                request,
                instance: Some(instance),
                credentials: Credentials::Alternative(index),
                rule: &rules::VALID_REFUSED,
                expect: Expect::Success,
            })
        };
        (0..good.others.len()).filter_map(case).collect()
    }

    /// A user that there is, with another password: once in a run, as many a server locks an account after a few.
    fn wrong_password(&self, part: &PlannedTarget<'_>) -> Option<Case> {
        let security = part.target.operation.security.as_ref()?;
        let is_basic = |operation: &Operation| {
            let grant = self.grant(operation, &Credentials::Good);
            operation.security.is_some() && !grant.open && grant.authorization.iter().any(|value| value.starts_with("Basic "))
        };
        let first = self.prepared.parts.iter().find(|part| part.target().is_ok() && is_basic(&part.operation))?;
        if self.suite.keyring.basic.is_none() || first.name() != part.target.name() {
            return None;
        }
        let (request, instance) = self.valid(part)?;
        Some(Case {
            id: format!("{}:authentication:wrong-password", part.target.name()),
            group: Group::Authentication,
            title: "the right user with a wrong password".to_owned(),
            promise: security.pointer.clone(),
            request,
            instance: Some(instance),
            credentials: Credentials::WrongPassword,
            rule: &rules::UNAUTHENTICATED_ACCEPTED,
            expect: Expect::NotAccepted,
        })
    }

    /// The scopes of the same scheme that other operations ask for and this one does not.
    fn other_scopes(&self, security: &Security) -> Vec<String> {
        let all = self.prepared.operations.iter().filter_map(|operation| operation.security.as_ref());
        let all = all.flat_map(|security| security.requirements.iter().flatten());
        let schemes: BTreeSet<&String> = security.requirements.iter().flatten().map(|requirement| &requirement.name).collect();
        let scopes = all.filter(|requirement| schemes.contains(&requirement.name)).flat_map(|requirement| &requirement.scopes);
        let others: BTreeSet<&String> = scopes.filter(|scope| !security.scopes.contains(scope)).collect();
        others.into_iter().cloned().collect()
    }

    /// Who may not call an operation is not told what is wrong with the request.
    fn invalid_without_token(&self, part: &PlannedTarget<'_>) -> Option<Case> {
        let security = part.target.operation.security.as_ref()?;
        let index = part.plan().samples.iter().position(|sample| !sample.broken.is_empty())?;
        Some(Case {
            id: format!("{}:authentication:no-token-with-an-invalid-request", part.target.name()),
            group: Group::Authentication,
            title: "a token: no token with an invalid request".to_owned(),
            promise: security.pointer.clone(),
            credentials: Credentials::Raw(Vec::new()),
            // Only of bearer tokens an RFC says which status and challenge their absence has.
            expect: match security.bearer {
                true => Expect::Challenge { status: 401, error: None },
                false => Expect::Status(vec![401, 403]),
            },
            rule: if security.bearer { &rules::UNAUTHENTICATED_ACCEPTED } else { &rules::AUTHENTICATION_STATUS },
            ..self.case(part, index)
        })
    }
}
