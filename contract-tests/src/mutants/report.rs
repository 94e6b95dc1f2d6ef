//! What became of the mutants, for people and for programs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write},
    time::Duration,
};

use serde_json::{Value, json};

use crate::report::seconds;

use super::{DocumentOutcome, MutantVerdict, Mutation, Tried};

/// The outcome for every document. Shown with `{}` it is text for people.
pub struct MutantsReport {
    outcomes: Vec<DocumentOutcome>,
    elapsed: Duration,
}

/// Killed, and those that there were to kill.
#[derive(Default, Clone, Copy)]
struct Score {
    killed: usize,
    total: usize,
}

impl Score {
    fn of<'a>(tried: impl IntoIterator<Item = &'a Tried>) -> Self {
        let mut score = Self::default();
        tried.into_iter().for_each(|tried| score.count(&tried.verdict));
        score
    }

    fn count(&mut self, verdict: &MutantVerdict) {
        match verdict {
            MutantVerdict::Killed { .. } => {
                self.killed += 1;
                self.total += 1;
            }
            MutantVerdict::Survived => self.total += 1,
            _ => {}
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.killed, self.total))
    }
}

impl MutantsReport {
    /// A report on these outcomes, reached in this time.
    pub fn new(outcomes: Vec<DocumentOutcome>, elapsed: Duration) -> Self {
        Self { outcomes, elapsed }
    }

    fn all(&self) -> impl Iterator<Item = (&DocumentOutcome, &Tried)> {
        self.outcomes.iter().flat_map(|outcome| outcome.mutants.iter().map(move |tried| (outcome, tried)))
    }

    /// Those that no failure pointed at.
    pub fn survivors(&self) -> impl Iterator<Item = (&str, &Tried)> {
        self.all()
            .filter(|(_, tried)| tried.verdict == MutantVerdict::Survived)
            .map(|(outcome, tried)| (outcome.document.as_str(), tried))
    }

    /// The report for programs.
    pub fn json(&self) -> Value {
        let score = Score::of(self.all().map(|(_, tried)| tried));
        json!({
            "killed": score.killed, "total": score.total, "elapsed": seconds(self.elapsed),
            "documents": self.outcomes
        })
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut scores: BTreeMap<(&str, Mutation), Score> = BTreeMap::new();
        for (_, tried) in self.all() {
            scores.entry((tried.mutant.keyword, tried.mutant.change)).or_default().count(&tried.verdict);
        }
        let scores: BTreeMap<_, _> = scores.into_iter().filter(|(_, score)| score.total > 0).collect();
        let keywords: BTreeSet<&str> = scores.keys().map(|(keyword, _)| *keyword).collect();
        let width = keywords.iter().map(|keyword| keyword.len()).max().unwrap_or(0);
        let mut line = format!("{:width$}", "");
        for change in Mutation::ALL {
            let _ = write!(line, "  {:>12}", change.to_string());
        }
        writeln!(f, "{}", line.trim_end())?;
        for keyword in keywords {
            let mut line = format!("{keyword:width$}");
            for change in Mutation::ALL {
                let score = scores.get(&(keyword, change)).map_or_else(String::new, ToString::to_string);
                let _ = write!(line, "  {score:>12}");
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// How many are apart from the count, by reason.
    fn apart(&self) -> BTreeMap<(&'static str, String), usize> {
        let mut apart = BTreeMap::new();
        for (_, tried) in self.all() {
            let reason = match &tried.verdict {
                MutantVerdict::Equivalent { proof } => ("equivalent (proven)", proof.to_string()),
                MutantVerdict::Uncovered { reason } => ("not covered by the contract tests", reason.clone()),
                MutantVerdict::Refused { cause } => ("not servable", cause.clone()),
                _ => continue,
            };
            *apart.entry(reason).or_default() += 1;
        }
        apart
    }
}

impl fmt::Display for MutantsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table(f)?;
        writeln!(f)?;
        for outcome in &self.outcomes {
            let score = Score::of(&outcome.mutants);
            writeln!(
                f,
                "{}: {} of {} killed, {} reported separately",
                outcome.document,
                score.killed,
                score.total,
                outcome.mutants.len() - score.total
            )?;
        }
        let apart = self.apart();
        if !apart.is_empty() {
            writeln!(f, "\nreported separately:")?;
        }
        for ((kind, reason), count) in apart {
            writeln!(f, "  {count} {kind}: {reason}")?;
        }
        let survivors: Vec<_> = self.survivors().collect();
        if !survivors.is_empty() {
            writeln!(f, "\nsurvivors: no failure points at them, and they are not proven equivalent")?;
        }
        for (document, Tried { mutant, line, .. }) in &survivors {
            let line = line.map_or_else(String::new, |line| format!(":{line}"));
            writeln!(f, "  {document}{line} {}\n    {} {}: {}", mutant.pointer, mutant.keyword, mutant.change, mutant.note)?;
        }
        let score = Score::of(self.all().map(|(_, tried)| tried));
        writeln!(f, "\n{} of {} mutants killed in {:.1} s", score.killed, score.total, self.elapsed.as_secs_f64())
    }
}
