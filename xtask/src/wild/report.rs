//! What the tools found, as a table and as JSON.

use std::fmt;

use serde::Serialize;

/// The figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counts {
    /// How many operations there are.
    pub operations: usize,
    /// How many of them answered a documented 2xx.
    pub succeeded: usize,
    /// How many findings are errors.
    pub errors: usize,
    /// How many are warnings; none where the tool has one level.
    pub warnings: Option<usize>,
    /// How long it took.
    pub seconds: f64,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The figures.
    Counted(Counts),
    /// There is no report, for this reason.
    NoReport(String),
}

/// A run of a tool on a server.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The server.
    pub server: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The tool.
    pub tool: &'static str,
    /// What came of it.
    pub outcome: Outcome,
}

/// All of it.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The runs.
    pub rows: Vec<Row>,
    /// What was not tested, and why.
    pub skipped: Vec<String>,
}

impl Report {
    /// Whether every server was tested, and every run has a report.
    pub fn complete(&self) -> bool {
        self.skipped.is_empty() && self.rows.iter().all(|row| matches!(row.outcome, Outcome::Counted(_)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| server | version | tool | operations | with a documented 2xx | errors | warnings | seconds |")?;
        writeln!(f, "|---|---|---|---|---|---|---|---|")?;
        for Row { server, version, tool, outcome } in &self.rows {
            write!(f, "| {server} | {version} | {tool} ")?;
            match outcome {
                Outcome::Counted(Counts { operations, succeeded, errors, warnings, seconds }) => {
                    let warnings = warnings.map_or("–".to_owned(), |warnings| warnings.to_string());
                    writeln!(f, "| {operations} | {succeeded} | {errors} | {warnings} | {seconds:.0} |")?;
                }
                Outcome::NoReport(_) => writeln!(f, "| no report |  |  |  |  |")?,
            }
        }
        for Row { server, tool, outcome, .. } in &self.rows {
            if let Outcome::NoReport(reason) = outcome {
                writeln!(f, "No report: {tool} on {server}: {reason}")?;
            }
        }
        self.skipped.iter().try_for_each(|skipped| writeln!(f, "Skipped: {skipped}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(outcome: Outcome) -> Row {
        Row { server: "a", version: "1.0", tool: "a tool", outcome }
    }

    #[test]
    fn the_table_has_a_line_for_each_run_and_reasons_below() {
        let counts = Counts { operations: 3, succeeded: 2, errors: 1, warnings: Some(4), seconds: 9.6 };
        let one_level = Counts { warnings: None, ..counts.clone() };
        let rows = vec![
            row(Outcome::Counted(counts)),
            row(Outcome::Counted(one_level)),
            row(Outcome::NoReport("it did not end within 9 s".to_owned())),
        ];
        let text = Report { rows, skipped: vec!["b: npm cannot be started".to_owned()] }.to_string();
        let expected = "| a | 1.0 | a tool | 3 | 2 | 1 | 4 | 10 |\n| a | 1.0 | a tool | 3 | 2 | 1 | – | 10 |\n\
             | a | 1.0 | a tool | no report |  |  |  |  |\nNo report: a tool on a: it did not end within 9 s\n\
             Skipped: b: npm cannot be started\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn what_was_skipped_or_has_no_report_is_not_complete() {
        let counts = Counts { operations: 1, succeeded: 1, errors: 9, warnings: None, seconds: 1.0 };
        let report = Report { rows: vec![row(Outcome::Counted(counts))], skipped: Vec::new() };
        assert!(report.complete());
        assert!(!Report { skipped: vec!["b".to_owned()], ..report }.complete());
        assert!(!Report { rows: vec![row(Outcome::NoReport(String::new()))], skipped: Vec::new() }.complete());
    }
}
