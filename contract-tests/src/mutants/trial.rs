//! Mutants, each served and tested.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    Document, Signer, Suite,
    pointer::is_within,
    suite::{Reach, Search},
};
use faulty_server::Faulty;
use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{
    Mutant, MutantsError, mutants,
    places::Places,
    proof::{Proof, Proofs, Sight},
};

/// How it is tested.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed of the engine.
    pub seed: u64,
    /// Random requests for each operation, tried where nothing else has found anything.
    pub cases: usize,
    /// Only cases whose ID starts with this prefix.
    pub only: Option<String>,
    /// Only each mutant whose number is a multiple of this.
    pub every: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, cases: 200, only: None, every: 1 }
    }
}

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "verdict")]
pub enum MutantVerdict {
    /// A failure points at it.
    Killed {
        /// Where the failure points.
        promise: String,
        /// What is broken.
        what: String,
    },
    /// No failure points at it.
    Survived,
    /// Nobody can see it.
    Equivalent {
        /// By which proof.
        proof: Proof,
    },
    /// The engine says by itself that it does not test this.
    Uncovered {
        /// Why.
        reason: String,
    },
    /// It is no document that can be served.
    Refused {
        /// What the server says.
        cause: String,
    },
}

/// A mutant, and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Tried {
    /// The mutant.
    #[serde(flatten)]
    pub mutant: Mutant,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: MutantVerdict,
    /// The line of the document, from 1.
    pub line: Option<usize>,
}

/// A document, and what became of its mutants.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentOutcome {
    /// The document's name.
    pub document: String,
    /// Each mutant.
    pub mutants: Vec<Tried>,
}

/// A document, made ready.
struct Subject {
    document: Document,
    places: Places,
    suite: Suite,
    /// The server of the document itself.
    faithful: Faulty,
    mutants: Vec<Mutant>,
    /// What the engine says that it does not test: pointers with reasons.
    uncovered: Vec<(String, String)>,
    /// The operations of which it tests nothing at all.
    untried: Vec<(String, String)>,
}

/// Tests every mutant of these documents, on every core; `progress` is told how many are done, and of how many.
///
/// # Errors
///
/// [`MutantsError`].
pub fn test(
    documents: Vec<Document>,
    options: &Options,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<DocumentOutcome>, MutantsError> {
    let subjects = each(documents, |runtime, document| runtime.block_on(Subject::prepare(document, options)));
    let subjects = subjects.into_iter().collect::<Result<Vec<_>, _>>()?;
    let proofs: Vec<Proofs> =
        subjects.iter().map(|subject| Proofs::new(&subject.document.json, &subject.places, options.seed)).collect();
    let all: Vec<(usize, Mutant)> = subjects
        .iter()
        .enumerate()
        .flat_map(|(index, subject)| subject.mutants.iter().map(move |mutant| (index, mutant.clone())))
        .collect();
    let (done, total) = (AtomicUsize::new(0), all.len());
    let tried = each(all, |runtime, (index, mutant)| {
        let verdict = runtime.block_on(subjects[index].verdict(&mutant, &proofs[index]));
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        verdict.map(|verdict| {
            let line =
                matches!(verdict, MutantVerdict::Survived).then(|| subjects[index].document.line(&mutant.pointer)).flatten();
            (index, Tried { mutant, verdict, line })
        })
    });
    let mut outcomes: Vec<DocumentOutcome> =
        subjects.iter().map(|subject| DocumentOutcome { document: subject.document.name.clone(), mutants: Vec::new() }).collect();
    for result in tried {
        let (index, tried) = result?;
        outcomes[index].mutants.push(tried);
    }
    Ok(outcomes)
}

/// A suite for a server that is made from the document: with everything that such a server lets callers in for.
///
/// # Errors
///
/// [`SuiteError`](crate::SuiteError).
pub(crate) fn for_faithful(document: Document) -> Result<Suite, crate::SuiteError> {
    let (pem, kid, issuer, audience) = Faulty::signing_key();
    let schemes = document.json.pointer("/components/securitySchemes").and_then(Value::as_object);
    let keys: Vec<String> = schemes.into_iter().flat_map(|schemes| schemes.keys()).cloned().collect();
    let suite = Suite::new(document).signer(Signer::new(&pem, &kid, &issuer, &audience)?).basic(faulty_server::BASIC);
    Ok(keys.into_iter().fold(suite, |suite, name| suite.api_key(name, faulty_server::API_KEY)).all_methods(true))
}

impl Subject {
    async fn prepare(document: Document, options: &Options) -> Result<Self, MutantsError> {
        let name = document.name.clone();
        let serve = |source: faulty_server::StartError| MutantsError::Serve { name: name.clone(), source };
        let answered = faulty_server::answered(&document.json).map_err(|error| serve(error.into()))?;
        let places = Places::of(&document.json, answered);
        let mut suite = for_faithful(document.clone())?.seed(options.seed).cases(options.cases).assert_formats(true);
        if let Some(only) = &options.only {
            suite = suite.only(only);
        }
        // A server that keeps every promise must be accused of nothing, or a kill would prove nothing.
        let faithful = Faulty::start(&document.json, None).await.map_err(serve)?;
        let report = suite.run(&faithful.url).await?;
        if let Some(failure) = report.failures.first() {
            return Err(MutantsError::FalseFailure { name, what: failure.what.clone(), promise: failure.promise.clone() });
        }
        let defects = report.defects.iter().map(|defect| (defect.pointer.clone(), defect.reason.clone()));
        let (mut uncovered, mut untried) = (defects.collect::<Vec<_>>(), Vec::new());
        for operation in &report.operations {
            let told = operation.uncovered.iter().chain(&operation.unbreakable);
            uncovered.extend(told.map(|gap| (gap.pointer.clone(), gap.reason.clone())));
            if operation.cases.is_empty() && options.only.is_none() {
                // Without a body that it can make the engine tries nothing of the whole operation.
                let of =
                    |gap: &crate::Uncovered| Some((gap.pointer.split_once("/requestBody")?.0.to_owned(), gap.reason.clone()));
                untried.extend(operation.uncovered.iter().filter_map(of));
            }
        }
        let mutants = mutants(&document.json, &places).into_iter().step_by(options.every.max(1)).collect();
        Ok(Self { document, places, suite, faithful, mutants, uncovered, untried })
    }

    async fn verdict(&self, mutant: &Mutant, proofs: &Proofs<'_>) -> Result<MutantVerdict, MutantsError> {
        if let Some(reason) = reason(&self.untried, &mutant.pointer) {
            return Ok(MutantVerdict::Uncovered { reason });
        }
        let served = mutant.of(&self.document.json);
        let aimed = match proofs.sight(mutant, &served) {
            Sight::None(proof) => return Ok(MutantVerdict::Equivalent { proof }),
            Sight::Aimed(document) => Some(document),
            Sight::Open => {
                if let Some(verdict) = self.shown(mutant, &served, Reach::Near).await? {
                    return Ok(verdict);
                }
                // To try all that there is takes longer than a proof.
                if let Some(proof) = proofs.same(mutant, &served) {
                    return Ok(MutantVerdict::Equivalent { proof });
                }
                if let Some(verdict) = self.shown(mutant, &served, Reach::Far).await? {
                    return Ok(verdict);
                }
                // No request shows it; an answer may that must conform to the same rule.
                match proofs.in_answers(mutant, &served) {
                    Sight::Aimed(document) => Some(document),
                    _ => None,
                }
            }
        };
        if let Some(document) = aimed
            && let Some(verdict) = self.shown(mutant, &document, Reach::Far).await?
        {
            return Ok(verdict);
        }
        Ok(match reason(&self.uncovered, &mutant.pointer) {
            Some(reason) => MutantVerdict::Uncovered { reason },
            None => MutantVerdict::Survived,
        })
    }

    /// What becomes of a mutant that is served so, if anything does.
    async fn shown(&self, mutant: &Mutant, served: &Value, reach: Reach) -> Result<Option<MutantVerdict>, MutantsError> {
        let server = match self.faithful.beside(served).await {
            Ok(server) => server,
            Err(error) => return Ok(Some(MutantVerdict::Refused { cause: error.to_string() })),
        };
        let (wanted, operations) = (|promise: &str| mutant.names.include(promise), self.places.operations_of(mutant));
        let search = Search { wanted: &wanted, operations: &operations, reach };
        let failure = self.suite.search(&server.url, search).await?;
        Ok(failure.map(|failure| MutantVerdict::Killed { promise: failure.promise, what: failure.what }))
    }
}

/// Why what stands at this pointer is not tested.
fn reason(gaps: &[(String, String)], pointer: &str) -> Option<String> {
    gaps.iter().find(|(at, _)| is_within(pointer, at)).map(|(_, reason)| reason.clone())
}

/// Does this for each, on every core, each with a runtime of its own: server and engine of a mutant share a thread.
fn each<I: Send, T: Send>(items: Vec<I>, job: impl Fn(&Runtime, I) -> T + Sync) -> Vec<T> {
    let count = items.len();
    let queue = Mutex::new(items.into_iter().enumerate());
    let results: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count));
    let work = || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        loop {
            let Some((index, item)) = queue.lock().unwrap_or_else(PoisonError::into_inner).next() else { return };
            let result = job(&runtime, item);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
