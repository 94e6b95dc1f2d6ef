//! What it takes to plan a document: nothing is served and nothing sent.

use std::{
    fmt, fs,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{Document, Suite, SuiteError, report::seconds, report::terminal::quantity};

/// What the plans for a document came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Planning {
    /// The document.
    pub document: String,
    /// How many plans were made: for each operation one for each media type of its body.
    pub plans: usize,
    /// How many plans there was no time for.
    pub unmade: usize,
    /// How many rules requests can break.
    pub constraints: usize,
    /// How many instances are to be sent.
    pub samples: usize,
    /// How many rules were not planned to the end.
    pub unfinished: usize,
    /// How much work it was, counted the same on every machine.
    pub steps: u64,
    /// When the first plan was there, in seconds: the first request could be sent.
    pub first: f64,
    /// The longest time that one plan took, in seconds.
    pub longest: f64,
    /// How long all took, in seconds.
    pub seconds: f64,
    /// The most memory that the process has had so far, in MB, where the system tells it.
    pub peak: Option<u64>,
}

impl Planning {
    /// Makes the plans for a document, as long as there is time.
    ///
    /// # Errors
    ///
    /// [`SuiteError`] where the document cannot be tested.
    pub fn of(document: Document, seed: u64, max_time: Duration) -> Result<Self, SuiteError> {
        let begin = Instant::now();
        let mut planning = Self { document: document.name.clone(), ..Self::default() };
        let suite = Suite::new(document).seed(seed);
        for part in &suite.prepared()?.parts {
            let started = Instant::now();
            let is_over = || begin.elapsed() > max_time;
            if !is_over() && part.target().is_err() {
                continue;
            }
            let Some(planned) = (if is_over() { None } else { part.whole(&is_over) }) else {
                planning.unmade += 1;
                continue;
            };
            planning.longest = planning.longest.max(seconds(started.elapsed()));
            if planning.plans == 0 {
                planning.first = seconds(begin.elapsed());
            }
            planning.plans += 1;
            planning.constraints += planned.target.schema.constraints.iter().filter(|it| it.source.is_some()).count();
            planning.samples += planned.plan().samples.len();
            planning.unfinished += planned.plan().unfinished.len();
            planning.steps += planned.plan().steps;
        }
        planning.seconds = seconds(begin.elapsed());
        planning.peak = peak();
        Ok(planning)
    }
}

/// The most memory that this process has had, in MB.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes: u64 =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024)
}

impl fmt::Display for Planning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { document, plans, constraints, samples, unfinished, steps, first, longest, seconds, .. } = self;
        write!(f, "{document}: {} for {constraints} constraints", quantity(*plans, "plan", "plans"))?;
        write!(f, ", {}", quantity(*samples, "sample", "samples"))?;
        write!(f, ", {unfinished} constraints not to the end, {steps} steps")?;
        write!(f, ", {seconds} s, the first after {first} s, the longest {longest} s")?;
        if self.unmade > 0 {
            write!(f, ", no time for {}", quantity(self.unmade, "other", "others"))?;
        }
        match self.peak {
            Some(peak) => writeln!(f, ", {peak} MB"),
            None => writeln!(f),
        }
    }
}
