//! From a finding to a failure in the report.

use super::{
    failures::Cause,
    run::{FailureFilter, Run},
    saved::SavedCase,
};
use crate::{
    cases::{Case, Credentials, Expect},
    judge::Finding,
    openapi::{
        curl,
        request::{Response, Target},
    },
    report::{Failure, Secrets, Stopped},
    shell::quote,
};

/// How much of an answer a report shows, in characters.
const SHOWN: usize = 2_000;

/// How long a line of the document is that is still read, in characters.
const LINE: usize = 200;

impl Run<'_> {
    /// Records a finding without a search for a smaller request.
    pub(super) fn fail(&self, target: &Target, case: &Case, finding: &Finding, answer: Result<&Response, &String>) {
        self.fail_with(target, case, finding, answer, None);
    }

    /// Records a finding that these commands lead to, where one request alone does not.
    pub(super) fn fail_with(
        &self,
        target: &Target,
        case: &Case,
        finding: &Finding,
        answer: Result<&Response, &String>,
        script: Option<String>,
    ) {
        let counts = self.filter.is_none_or(|FailureFilter(is_wanted)| is_wanted(&finding.promise));
        if !counts {
            return;
        }
        if let Some(cause) = self.failures.count(&target.operation.id, finding, answer.ok().map(|answer| &*answer.body)) {
            self.record(target, case, (finding, &finding.what, cause), answer, script);
        }
    }

    /// Reports a failure whose cause is new, and what the report says of it, with the commands that lead to it where one request alone
    /// does not.
    pub(super) fn record(
        &self,
        target: &Target,
        case: &Case,
        (finding, what, cause): (&Finding, &str, Cause),
        answer: Result<&Response, &String>,
        script: Option<String>,
    ) {
        let document = self.document();
        let line = document.line(&finding.promise);
        let excerpt = line.and_then(|line| document.text_of(line)).filter(|text| text.chars().count() <= LINE);
        // A line that has more than what it is about tells nothing: the value does.
        let value = || document.json.pointer(&finding.promise).map(|value| value.to_string().chars().take(LINE).collect());
        let (line, text) = match excerpt {
            Some(text) => (line, Some(text)),
            None => (None, value()),
        };
        let grant = self.grant(&target.operation, &case.credentials);
        let (authorization, sent) = (&grant.authorization, grant.apply(case.request.clone()));
        let shown = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).ok()?;
            Some(text.chars().take(SHOWN).collect::<String>())
        };
        let mut failure = Failure {
            operation: target.operation.id.clone(),
            name: format!("{} {}", target.operation.method, target.operation.path),
            also: Vec::new(),
            more: Vec::new(),
            place: match &case.expect {
                Expect::Refusal(broken) => broken.first().map(|broken| broken.place.clone()),
                _ => None,
            },
            rule: finding.rule.name,
            level: finding.rule.level,
            group: case.group,
            promise: finding.promise.clone(),
            line,
            text,
            what: what.to_owned(),
            detail: match answer {
                Err(cause) if finding.detail.is_empty() => cause.clone(),
                _ => finding.detail.clone(),
            },
            count: 1,
            case: case.id.clone(),
            title: case.title.clone(),
            curl: script.unwrap_or_else(|| {
                let is_good = case.credentials == Credentials::Good;
                let client = if case.credentials == Credentials::Other { &self.client_of_other } else { self.client() };
                curl::command(client.url(), &sent, authorization, is_good, client.header_names())
            }),
            request: case.request.body.as_deref().and_then(shown),
            status: answer.ok().map(|response| response.status),
            answer: answer.ok().and_then(|response| shown(&response.body)),
            rerun: format!("--seed {} --cases {} --only {}", self.suite.seed, self.suite.cases, quote(&case.id)),
        };
        // A token that the server must accept is a secret, however it is written.
        let accepted =
            authorization.iter().filter(|_| case.expect == Expect::Success).filter_map(|value| value.split(' ').nth(1));
        let accepted: Vec<String> = accepted.map(str::to_owned).collect();
        let secrets = Secrets::new(self.secrets().chain(&accepted), self.suite.keyring.signer.is_none());
        secrets.and(self.other_secrets()).hide_in(&mut failure);
        let instance = case.instance.as_ref().filter(|_| case.group.is_generated());
        let saved = instance.map(|instance| SavedCase {
            operation: target.operation.id.clone(),
            what: finding.what.clone(),
            instance: instance.clone(),
        });
        let is_last = self.is_last.is_some_and(|is_last| is_last(&failure));
        self.failures.report(cause, failure, saved);
        if is_last {
            self.stop(Stopped::FailFast);
        }
    }
}
