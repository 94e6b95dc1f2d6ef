//! What it takes to judge an answer: nothing is served and nothing sent.

use std::time::SystemTime;

use serde_json::Value;

use crate::{Case, Document, Exchange, Group, Request, Response, Suite, SuiteError};

/// The answer to the plain valid request of an operation, before the judges that need nothing but the document.
pub struct Judging {
    suite: Suite,
    part: usize,
    case: Case,
    response: Response,
    sent: SystemTime,
    answered: SystemTime,
}

impl Judging {
    /// What an operation answers to its plain valid request.
    ///
    /// # Errors
    ///
    /// [`SuiteError`] where the document cannot be tested, or has no such operation of which a valid request can be made.
    pub fn of(document: Document, operation: &str, answer: impl FnOnce(&Request) -> Response) -> Result<Self, SuiteError> {
        let suite = Suite::new(document);
        let parts = suite.prepared()?.parts.iter().enumerate();
        let case = parts.filter(|(_, part)| part.operation.id == operation).find_map(|(index, part)| {
            let planned = part.plain()?;
            Some((index, Case::of_sample(planned.target, planned.baseline()?, Group::Boundary, 1)))
        });
        let (part, case) = case.ok_or_else(|| SuiteError::NoSuchOperation(operation.to_owned()))?;
        let sent = SystemTime::now();
        let response = answer(&case.request);
        Ok(Self { suite, part, case, response, sent, answered: SystemTime::now() })
    }

    /// How many promises the answer breaks.
    ///
    /// # Errors
    ///
    /// As for [`of`](Self::of).
    pub fn findings(&self) -> Result<usize, SuiteError> {
        let (prepared, response) = (self.suite.prepared()?, &self.response);
        let operation = &prepared.parts[self.part].operation;
        let body: Option<Value> = serde_json::from_slice(&response.body).ok();
        let violations = prepared.violations.read(operation, response, body.as_ref());
        let exchange = Exchange {
            operation,
            case: &self.case,
            response,
            body: body.as_ref(),
            violations: &violations,
            fresh: true,
            live: true,
            sent: self.sent,
            answered: self.answered,
        };
        Ok(prepared.judges.iter().map(|judge| judge.judge(&exchange).len()).sum())
    }
}
