//! What was found, for people, for GitHub Actions and for programs.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
};

use crate::Document;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::{
    allow::Idle,
    change::{Class, Part},
    verdict::{Comparison, CompatFinding, Evidence, strength},
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
    /// Markdown for a comment on a pull request
    Markdown,
    /// Markdown with everything that changed, by operation
    Changelog,
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
    /// Whether the text lists what is proven harmless, too.
    pub verbose: bool,
}

/// One change, with all operations that it is a change of.
struct Entry<'a> {
    /// The finding of the operation for which there is the strongest evidence.
    finding: &'a CompatFinding,
    operations: Vec<&'a str>,
    parts: Vec<&'a Part>,
    /// Where it was made: the pointers, and whether each is the old document's.
    places: Vec<(&'a str, bool)>,
}

/// How many parts are named about which nothing is known.
const MOST_UNPROVEN: usize = 10;
/// How many operations are named.
const NAMED: usize = 5;

impl Entry<'_> {
    /// The operations: all, or the first few with the number of the others.
    fn operations(&self) -> String {
        let named = self.operations.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        match self.operations.len() {
            1 => named,
            count if count <= NAMED => format!("affects {count} operations: {named}"),
            count => format!("affects {count} operations: {named} and {} more", count - NAMED),
        }
    }

    fn parts(&self) -> String {
        let named = self.parts.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join("; ");
        match self.parts.len().saturating_sub(NAMED) {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }

    /// Whose change it is: of operations, and of which parts.
    fn place(&self) -> String {
        if self.operations == [""] { "the document".to_owned() } else { format!("{}: {}", self.operations(), self.parts()) }
    }

    /// The first place, and how many more there are.
    fn at(&self) -> String {
        let more = match self.places.len() - 1 {
            0 => String::new(),
            1 => " and one more place".to_owned(),
            more => format!(" and {more} more places"),
        };
        format!("{}{more}", at((&self.finding.pointer, self.finding.gone)))
    }
}

/// What a finding comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
            Self::Harmless => "looks breaking, proven harmless",
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
            Format::Markdown => self.markdown(),
            Format::Changelog => self.changelog(),
        }
    }

    /// One entry for each change, in the order of the findings.
    fn entries(&self) -> Vec<(CompatVerdict, Entry<'_>)> {
        let mut places = HashMap::new();
        let mut entries: Vec<(CompatVerdict, Entry<'_>)> = Vec::new();
        for finding in &self.comparison.findings {
            let verdict = CompatVerdict::of(finding);
            let at = (finding.pointer.as_str(), finding.gone);
            let key = (verdict, Some(at).filter(|_| !finding.repeats), finding.class, &finding.sentence, &finding.allowed);
            let place = *places.entry(key).or_insert(entries.len());
            match entries.get_mut(place) {
                Some((_, entry)) => {
                    if strength(&finding.evidence) > strength(&entry.finding.evidence) {
                        entry.finding = finding;
                    }
                    if !entry.operations.contains(&finding.operation.as_str()) {
                        entry.operations.push(&finding.operation);
                    }
                    let more: Vec<&Part> = finding.parts.iter().filter(|part| !entry.parts.contains(part)).collect();
                    entry.parts.extend(more);
                    if finding.repeats && !entry.places.contains(&at) {
                        entry.places.push(at);
                    }
                }
                None => {
                    let (operations, parts) = (vec![finding.operation.as_str()], finding.parts.iter().collect());
                    entries.push((verdict, Entry { finding, operations, parts, places: vec![at] }));
                }
            }
        }
        entries
    }

    fn with(&self, wanted: CompatVerdict) -> Vec<Entry<'_>> {
        self.entries().into_iter().filter(|(verdict, _)| *verdict == wanted).map(|(_, entry)| entry).collect()
    }

    fn line(&self, finding: &CompatFinding) -> Option<usize> {
        self.new.line(&finding.pointer)
    }

    /// `3 breaking, 1 safe`; or that nothing is different.
    fn summary(&self) -> String {
        let counts = CompatVerdict::ALL.into_iter().map(|verdict| (verdict, self.with(verdict).len()));
        let counts: Vec<String> =
            counts.filter(|(_, count)| *count > 0).map(|(verdict, count)| format!("{count} {}", verdict.name())).collect();
        if counts.is_empty() { "no difference".to_owned() } else { counts.join(", ") }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (index, entry) in self.with(CompatVerdict::Breaking).iter().enumerate() {
            let _ = writeln!(text, "{}. {}: {}", index + 1, entry.finding.class, entry.finding.sentence);
            for (name, content) in self.details(entry) {
                for (number, line) in content.lines().enumerate() {
                    let _ = writeln!(text, "   {:<10}{line}", if number == 0 { name } else { "" });
                }
            }
            text.push('\n');
        }
        for verdict in [CompatVerdict::Allowed, CompatVerdict::Harmless, CompatVerdict::Safe, CompatVerdict::Documentation] {
            let entries = self.with(verdict);
            if entries.is_empty() {
                continue;
            }
            if verdict == CompatVerdict::Harmless && !self.verbose {
                let _ = writeln!(text, "{}: {} (--verbose lists them)\n", verdict.name(), entries.len());
                continue;
            }
            let _ = writeln!(text, "{}:", verdict.name());
            for entry in &entries {
                let finding = entry.finding;
                let reason = finding.allowed.iter().map(|reason| format!(" (allowed: {reason})")).collect::<String>();
                let _ = writeln!(text, "  {} ({})\n    {}{reason}", entry.at(), entry.place(), finding.sentence);
            }
            text.push('\n');
        }
        let unproven = &self.comparison.unproven;
        let why = "no rule and no example shows a break, but there is no proof either";
        if unproven.len() > MOST_UNPROVEN && !self.verbose {
            let _ = writeln!(text, "note: {} parts: {why} (--verbose lists them)", unproven.len());
        } else {
            unproven.iter().for_each(|(operation, part)| _ = writeln!(text, "note: {operation}, {part}: {why}"));
        }
        for idle in &self.idle {
            let _ = writeln!(text, "warning: {}: {idle}", self.allow.as_deref().unwrap_or_default());
        }
        let _ = writeln!(text, "{} against {}: {}.", self.new.name, self.old.name, self.summary());
        if self.comparison.breaking().next().is_some() {
            text.push_str("hint: keep the old behaviour beside the new one, or accept a break in a file for --allow\n");
        }
        text
    }

    fn details(&self, entry: &Entry<'_>) -> Vec<(&'static str, String)> {
        let finding = entry.finding;
        let mut details = vec![("where", entry.place())];
        let line = self.line(finding).map(|line| (line, self.new.text_of(line).unwrap_or_default()));
        let line = line.map(|(line, text)| format!("\n{}:{line}: {text}", self.new.name)).unwrap_or_default();
        let here = if self.verbose { at((&finding.pointer, finding.gone)) } else { entry.at() };
        let others = entry.places.iter().filter(|place| self.verbose && **place != (&finding.pointer, finding.gone));
        let others: String = others.map(|place| format!("\n{}", at(*place))).collect();
        details.push(("at", format!("{here}{}{others}", if finding.gone { String::new() } else { line })));
        match &finding.evidence {
            Evidence::Witness(witness) => {
                details.push(("witness", format!("{}\n{witness:#}", self.meaning(finding))));
            }
            Evidence::NotFound => details.push(("witness", "not found, but there is no proof that there is none".to_owned())),
            Evidence::Document | Evidence::Harmless => {}
        }
        details.extend(finding.curl.iter().map(|curl| ("curl", curl.clone())));
        details
    }

    /// What a witness says.
    fn meaning(&self, finding: &CompatFinding) -> &'static str {
        match finding.class {
            Class::Requests => "this request was valid before:",
            _ => "a client of the old document does not expect this response:",
        }
    }

    fn markdown(&self) -> String {
        let breaking = self.with(CompatVerdict::Breaking);
        let heading = if breaking.is_empty() { "No breaking change" } else { "Breaking changes" };
        let mut text = format!("## {heading} in {}\n\n", code(&self.new.name));
        let _ = writeln!(text, "Against {}: {}.\n", code(&self.old.name), self.summary());
        for (index, entry) in breaking.iter().enumerate() {
            let finding = entry.finding;
            let _ = writeln!(text, "{}. **{}**: {}  ", index + 1, finding.class, prose(&finding.sentence));
            let line = self.line(finding).filter(|_| !finding.gone).map(|line| format!(", line {line}")).unwrap_or_default();
            let _ = writeln!(text, "   {}  ", prose(&entry.place()));
            let _ = writeln!(text, "   {}{line}", code(&entry.at()));
            if let Evidence::Witness(witness) = &finding.evidence {
                let shown = format!("{witness:#}");
                let fence = if shown.contains("```") { "~~~~" } else { "```" };
                let indented = shown.lines().map(|line| format!("   {line}\n")).collect::<String>();
                let _ = writeln!(text, "\n   {}\n\n   {fence}json\n{indented}   {fence}", self.meaning(finding));
            }
            text.push('\n');
        }
        for verdict in [CompatVerdict::Allowed, CompatVerdict::Harmless, CompatVerdict::Safe, CompatVerdict::Documentation] {
            let entries = self.with(verdict);
            if entries.is_empty() {
                continue;
            }
            let _ = writeln!(text, "<details><summary>{}: {}</summary>\n", verdict.name(), entries.len());
            for entry in &entries {
                let reason =
                    entry.finding.allowed.iter().map(|reason| format!(" (allowed: {})", prose(reason))).collect::<String>();
                let _ = writeln!(text, "- {}{reason} ({})", prose(&entry.finding.sentence), prose(&entry.place()));
            }
            text.push_str("\n</details>\n\n");
        }
        text
    }

    /// Every change under the operations that it is a change of, breaking ones first.
    fn changelog(&self) -> String {
        let mut sections: BTreeMap<String, Vec<(CompatVerdict, String)>> = BTreeMap::new();
        for (verdict, entry) in self.entries() {
            let section = match entry.operations.as_slice() {
                [""] => "The API".to_owned(),
                [one] => (*one).to_owned(),
                _ => entry.operations(),
            };
            sections.entry(section).or_default().push((verdict, prose(&entry.finding.sentence)));
        }
        let mut text = format!("# Changes from {} to {}\n", code(&self.old.name), code(&self.new.name));
        if sections.is_empty() {
            text.push_str("\nNo difference.\n");
        }
        for (section, mut changes) in sections {
            changes.sort_by_key(|(verdict, _)| *verdict as u8);
            let _ = writeln!(text, "\n## {}\n", prose(&section));
            for (verdict, sentence) in changes {
                let mark = match verdict {
                    CompatVerdict::Breaking | CompatVerdict::Allowed => "**Breaking.** ",
                    CompatVerdict::Harmless | CompatVerdict::Safe | CompatVerdict::Documentation => "",
                };
                let _ = writeln!(text, "- {mark}{sentence}");
            }
        }
        text
    }

    fn github(&self) -> String {
        let mut text = String::new();
        for (verdict, entry) in &self.entries() {
            let finding = entry.finding;
            let (command, title) = match verdict {
                CompatVerdict::Breaking => ("error", finding.class.to_string()),
                CompatVerdict::Allowed | CompatVerdict::Harmless => ("notice", verdict.name().to_owned()),
                CompatVerdict::Safe | CompatVerdict::Documentation => continue,
            };
            let mut message = format!("{}\n{} ({})", finding.sentence, entry.at(), entry.place());
            match &finding.evidence {
                Evidence::Witness(witness) => {
                    let _ = write!(message, "\n{}\n{witness:#}", self.meaning(finding));
                }
                Evidence::NotFound => message.push_str("\nno witness was found, but there is no proof that there is none"),
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
        let entries = self.entries();
        let entry = |(verdict, entry): &(CompatVerdict, Entry<'_>)| {
            let finding = entry.finding;
            let (evidence, witness) = match &finding.evidence {
                Evidence::Document => ("document", None),
                Evidence::Witness(witness) => ("witness", Some(witness)),
                Evidence::NotFound => ("no witness found", None),
                Evidence::Harmless => ("proof", None),
            };
            json!({
                "verdict": verdict.name(),
                "class": finding.class,
                "operation": finding.operation,
                "operations": entry.operations,
                "parts": entry.parts.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "pointer": finding.pointer,
                "document": if finding.gone { "old" } else { "new" },
                "line": self.line(finding),
                "places": entry.places.iter().map(|(pointer, gone)| json!({
                    "pointer": pointer,
                    "document": if *gone { "old" } else { "new" },
                })).collect::<Vec<_>>(),
                "sentence": finding.sentence,
                "evidence": evidence,
                "witness": witness,
                "foreseen": finding.foreseen,
                "allowed": finding.allowed,
            })
        };
        let breaking = self.with(CompatVerdict::Breaking).len();
        json!({
            "base": self.old.name,
            "file": self.new.name,
            "compatible": breaking == 0,
            "breaking": breaking,
            "findings": entries.iter().map(entry).collect::<Vec<_>>(),
            "unproven": self.comparison.unproven.iter().map(|(operation, part)| format!("{operation}, {part}")).collect::<Vec<_>>(),
            "warnings": self.idle.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}

/// The text between backticks, which nothing in Markdown can end.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// A sentence whose words in backticks stay code, and whose other characters mean nothing to Markdown.
fn prose(text: &str) -> String {
    let escape = |text: &str| text.replace('<', "&lt;").replace('|', "\\|").replace('*', "\\*").replace('_', "\\_");
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { escape(part) } else { code(part) }).collect()
}

/// The pointer, and whose it is where it is not the new document's.
fn at((pointer, gone): (&str, bool)) -> String {
    let old = if gone { " of the old document" } else { "" };
    format!("{pointer}{old}")
}

/// The text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
