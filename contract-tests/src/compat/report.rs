//! What was found, for people, for GitHub Actions and for programs.

use std::{fmt::Write, iter};

use crate::Document;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::{
    allow::Idle,
    change::Class,
    verdict::{Comparison, CompatFinding, Evidence},
};

/// The output format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    #[default]
    Text,
    /// Annotations for GitHub Actions, on the lines of the new document
    Github,
    /// JSON for programs
    Json,
}

/// Two documents and how they differ.
pub struct CompatReport {
    /// The old document.
    pub old: Document,
    /// The new document.
    pub new: Document,
    /// How they differ.
    pub comparison: Comparison,
    /// Entries that allow nothing.
    pub idle: Vec<Idle>,
    /// The file with the entries.
    pub allow: Option<String>,
}

/// What a finding comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CompatVerdict {
    Breaking,
    Allowed,
    Harmless,
    Safe,
    Documentation,
}

impl CompatVerdict {
    const ALL: [Self; 5] = [Self::Breaking, Self::Allowed, Self::Harmless, Self::Safe, Self::Documentation];

    fn of(finding: &CompatFinding) -> Self {
        match finding.class {
            Class::Documentation => Self::Documentation,
            Class::Safe => Self::Safe,
            _ if finding.allowed.is_some() => Self::Allowed,
            _ if finding.evidence == Evidence::Harmless => Self::Harmless,
            _ => Self::Breaking,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Allowed => "breaking but allowed",
            Self::Harmless => "looked breaking, proven harmless",
            Self::Safe => "safe",
            Self::Documentation => "documentation only",
        }
    }
}

impl CompatReport {
    /// The report in this format.
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Text => self.text(),
            Format::Github => self.github(),
            Format::Json => format!("{:#}\n", self.json()),
        }
    }

    fn with(&self, verdict: CompatVerdict) -> impl Iterator<Item = &CompatFinding> {
        self.comparison.findings.iter().filter(move |finding| CompatVerdict::of(finding) == verdict)
    }

    fn line(&self, finding: &CompatFinding) -> Option<usize> {
        self.new.line(&finding.pointer)
    }

    /// `3 breaking, 1 safe`; or that nothing is different.
    fn summary(&self) -> String {
        let counts = CompatVerdict::ALL.into_iter().map(|verdict| (verdict, self.with(verdict).count()));
        let counts: Vec<String> =
            counts.filter(|(_, count)| *count > 0).map(|(verdict, count)| format!("{count} {}", verdict.name())).collect();
        if counts.is_empty() { "no difference".to_owned() } else { counts.join(", ") }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (index, finding) in self.with(CompatVerdict::Breaking).enumerate() {
            let _ = writeln!(text, "{}. {}: {}", index + 1, finding.class, finding.sentence);
            for (name, content) in self.details(finding) {
                for (number, line) in content.lines().enumerate() {
                    let _ = writeln!(text, "   {:<10}{line}", if number == 0 { name } else { "" });
                }
            }
            text.push('\n');
        }
        for verdict in [CompatVerdict::Allowed, CompatVerdict::Harmless, CompatVerdict::Safe, CompatVerdict::Documentation] {
            let mut findings = self.with(verdict).peekable();
            if findings.peek().is_none() {
                continue;
            }
            let _ = writeln!(text, "{}:", verdict.name());
            for finding in findings {
                let reason = finding.allowed.iter().map(|reason| format!(" (allowed: {reason})")).collect::<String>();
                let _ = writeln!(text, "  {}{}\n    {}{reason}", at(finding), place(finding), finding.sentence);
            }
            text.push('\n');
        }
        for (operation, part) in &self.comparison.unproven {
            let _ =
                writeln!(text, "note: {operation}, {part}: no rule and no instance shows a break, but there is no proof either");
        }
        for idle in &self.idle {
            let _ = writeln!(text, "warning: {}: {idle}", self.allow.as_deref().unwrap_or_default());
        }
        let _ = writeln!(text, "{} against {}: {}.", self.new.name, self.old.name, self.summary());
        if self.comparison.breaking().next().is_some() {
            text.push_str(
                "hint: keep what clients rely on beside what is new, or accept a break with its reason in a file for --allow\n",
            );
        }
        text
    }

    fn details(&self, finding: &CompatFinding) -> Vec<(&'static str, String)> {
        let parts = finding.parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let mut details = vec![("where", format!("{}: {parts}", finding.operation))];
        let line = self.line(finding).map(|line| (line, self.new.text_of(line).unwrap_or_default()));
        let line = line.map(|(line, text)| format!("\n{}:{line}: {text}", self.new.name)).unwrap_or_default();
        details.push(("at", format!("{}{}", at(finding), if finding.gone { String::new() } else { line })));
        match &finding.evidence {
            Evidence::Witness(witness) => {
                details.push(("witness", format!("{}\n{witness:#}", self.meaning(finding))));
            }
            Evidence::NotFound => details.push(("witness", "none was found, and no proof that there is none".to_owned())),
            Evidence::Document | Evidence::Harmless => {}
        }
        details.extend(finding.curl.iter().map(|curl| ("curl", curl.clone())));
        details
    }

    /// What a witness says.
    fn meaning(&self, finding: &CompatFinding) -> &'static str {
        match finding.class {
            Class::Requests => "this request worked until now:",
            _ => "an answer that a client of the old document does not expect:",
        }
    }

    fn github(&self) -> String {
        let mut text = String::new();
        for finding in self.comparison.findings.iter() {
            let verdict = CompatVerdict::of(finding);
            let (command, title) = match verdict {
                CompatVerdict::Breaking => ("error", finding.class.to_string()),
                CompatVerdict::Allowed | CompatVerdict::Harmless => ("notice", verdict.name().to_owned()),
                CompatVerdict::Safe | CompatVerdict::Documentation => continue,
            };
            let mut message = format!("{}\n{}{}", finding.sentence, at(finding), place(finding));
            match &finding.evidence {
                Evidence::Witness(witness) => {
                    let _ = write!(message, "\n{}\n{witness:#}", self.meaning(finding));
                }
                Evidence::NotFound => message.push_str("\nno witness was found, and no proof that there is none"),
                Evidence::Document | Evidence::Harmless => {}
            }
            message.extend(finding.allowed.iter().map(|reason| format!("\nallowed: {reason}")));
            let line = self.line(finding).map(|line| format!(",line={line}")).unwrap_or_default();
            let _ = writeln!(
                text,
                "::{command} file={}{line},title={}::{}",
                property(&self.new.name),
                property(&title),
                data(&message)
            );
        }
        for idle in &self.idle {
            let file = property(self.allow.as_deref().unwrap_or_default());
            let _ = writeln!(text, "::warning file={file}::{}", data(&idle.to_string()));
        }
        let _ = writeln!(text, "{} against {}: {}.", self.new.name, self.old.name, self.summary());
        text
    }

    fn json(&self) -> Value {
        let finding = |finding: &CompatFinding| {
            let (evidence, witness) = match &finding.evidence {
                Evidence::Document => ("document", None),
                Evidence::Witness(witness) => ("witness", Some(witness)),
                Evidence::NotFound => ("no witness found", None),
                Evidence::Harmless => ("proof", None),
            };
            json!({
                "verdict": CompatVerdict::of(finding).name(),
                "class": finding.class,
                "operation": finding.operation,
                "parts": finding.parts.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "pointer": finding.pointer,
                "document": if finding.gone { "old" } else { "new" },
                "line": self.line(finding),
                "sentence": finding.sentence,
                "evidence": evidence,
                "witness": witness,
                "foreseen": finding.foreseen,
                "allowed": finding.allowed,
            })
        };
        let breaking = self.comparison.breaking().count();
        json!({
            "base": self.old.name,
            "file": self.new.name,
            "compatible": breaking == 0,
            "breaking": breaking,
            "findings": self.comparison.findings.iter().map(finding).collect::<Vec<_>>(),
            "unproven": self.comparison.unproven.iter().map(|(operation, part)| format!("{operation}, {part}")).collect::<Vec<_>>(),
            "warnings": self.idle.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}

/// The pointer, and whose it is where it is not the new document's.
fn at(finding: &CompatFinding) -> String {
    let old = if finding.gone { " of the old document" } else { "" };
    format!("{}{old}", finding.pointer)
}

fn place(finding: &CompatFinding) -> String {
    let parts = iter::once(finding.operation.clone()).chain(finding.parts.iter().map(ToString::to_string));
    if finding.operation.is_empty() { String::new() } else { format!(" ({})", parts.collect::<Vec<_>>().join(", ")) }
}

/// The text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
