//! The report as text for people.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::{ConstraintReport, Failure, OperationReport, Report, Stopped, is_wish};
use crate::rules::Level;

/// How [`Report::text`] looks. The default is short and without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Whether to use colour (ANSI escape sequences).
    pub colour: bool,
    /// Whether to show everything: each finding in full, and each constraint of each operation. Without it the report has a screenful.
    pub verbose: bool,
}

/// How much is shown of what may be long.
struct Limits {
    /// Lines of the failures that are shown in full, of which there is at least one.
    full: usize,
    /// Failures after those, in one line each.
    brief: usize,
    /// Items of any other list.
    listed: usize,
    /// Characters of a line in such a list.
    line: usize,
    /// Lines of a body.
    body_lines: usize,
    /// Characters of a body.
    body: usize,
    /// Characters of a command: one that is cut is worth nothing.
    command: usize,
}

/// A screenful.
const SHORT: Limits = Limits { full: 25, brief: 8, listed: 4, line: 150, body_lines: 6, body: 300, command: 1_000 };
/// With `--verbose`.
const LONG: Limits =
    Limits { full: usize::MAX, brief: usize::MAX, listed: 20, line: 400, body_lines: 40, body: 1_000, command: 5_000 };
/// How wide a column of a table is at most.
const WIDTH: usize = 44;

/// As wide as the names of facts.
const INDENT: &str = "             ";

const HEADING: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default();
const QUIET: Style = Style::new().dimmed();

impl Report {
    /// The report for people: what was tried, what of the document is covered, each broken promise, and a line that sums up.
    pub fn text(&self, layout: &Layout) -> String {
        let mut page = Page { layout: *layout, text: String::new() };
        // Writing to a String cannot fail.
        let _ = page.report(self);
        page.text
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&Layout::default()))
    }
}

impl Failure {
    /// What the document promises, what happened, and how to see it again, as text for people.
    pub fn text(&self, document: &str) -> String {
        let mut page = Page { layout: Layout { colour: false, verbose: true }, text: String::new() };
        let _ = page.facts(self, document);
        page.text
    }
}

/// Text that grows.
struct Page {
    layout: Layout,
    text: String,
}

impl Page {
    fn report(&mut self, report: &Report) -> fmt::Result {
        // Before everything else, because the findings do not speak of these; their list is at the end.
        let (wanted, untested) = report.not_testable();
        if untested > 0 {
            let all = quantity(wanted, "operation", "operations");
            // Some were not even tried, for want of credentials.
            let untried = |(operation, reason): (&OperationReport, &str)| operation.answered.is_empty() || is_wish(reason);
            let why = if report.untested().all(untried) {
                "; the end of the report says why."
            } else {
                ", because no valid request succeeds."
            };
            let line = format!("{} of {all} could not be tested{why}", number(untested));
            writeln!(self.text, "{}\n", self.paint(ODD, line))?;
        }
        self.failures(report)?;
        if self.layout.verbose {
            for operation in &report.operations {
                self.operation(operation, report.only.is_none())?;
            }
        }
        self.coverage(report)?;
        self.summary(report)
    }

    fn limits(&self) -> &'static Limits {
        if self.layout.verbose { &LONG } else { &SHORT }
    }

    fn paint(&self, style: Style, text: impl fmt::Display) -> String {
        if self.layout.colour { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    fn operation(&mut self, operation: &OperationReport, whole: bool) -> fmt::Result {
        let (all, met) = operation.coverage();
        writeln!(self.text, "{}  {}", self.paint(HEADING, visible(&operation.id)), visible(&operation.name))?;
        let cases: Vec<String> = operation.cases.iter().map(|(group, count)| format!("{group} {}", number(*count))).collect();
        let met = if whole { format!("{} of {} constraints; ", number(met), number(all)) } else { String::new() };
        writeln!(self.text, "  {met}cases: {}", if cases.is_empty() { "none".to_owned() } else { cases.join(", ") })?;
        if all > 0 {
            self.table(&operation.constraints)?;
        }
        writeln!(self.text)
    }

    /// Constraints × (boundary, negative, random), by place. A place stands in its first row only.
    fn table(&mut self, all: &[ConstraintReport]) -> fmt::Result {
        let mut rank = BTreeMap::new();
        for (index, constraint) in all.iter().enumerate() {
            rank.entry(constraint.place.as_str()).or_insert(index);
        }
        let mut shown: Vec<&ConstraintReport> = all.iter().collect();
        shown.sort_by_key(|constraint| rank.get(constraint.place.as_str()));
        let name = |constraint: &ConstraintReport| end(&visible(&constraint.name()));
        let place = |constraint: &ConstraintReport| end(&visible(&constraint.place));
        let widest = |texts: &dyn Fn(&ConstraintReport) -> String, heading: &str| {
            shown.iter().map(|constraint| texts(constraint).chars().count()).chain([heading.len()]).max().unwrap_or_default()
        };
        let (places, names) = (widest(&place, "place"), widest(&name, "constraint"));
        let heading = format!(
            "{:places$}  {:names$}  {:>8} {:>8} {:>6}  can be broken",
            "place", "constraint", "boundary", "negative", "random"
        );
        writeln!(self.text, "\n  {}", self.paint(QUIET, heading))?;
        let mut last = None;
        for constraint in &shown {
            let again = last.replace(&constraint.place) == Some(&constraint.place);
            let place = if again { String::new() } else { place(constraint) };
            let ConstraintReport { boundary, negative, random, .. } = constraint;
            let row = format!("{place:places$}  {:names$}  {boundary:>8} {negative:>8} {random:>6}", name(constraint));
            let how = match constraint.gap() {
                None => self.paint(QUIET, how(constraint, all)),
                Some(gap) => self.paint(ODD, gap),
            };
            writeln!(self.text, "  {row}  {how}")?;
        }
        Ok(())
    }

    fn coverage(&mut self, report: &Report) -> fmt::Result {
        if let Some(only) = &report.only {
            return writeln!(self.text, "Coverage is not measured: only cases whose ID starts with {} ran.", visible(only));
        }
        let (all, met) = report.coverage();
        let style = if met == all { GOOD } else { ODD };
        writeln!(
            self.text,
            "{}",
            self.paint(style, format!("{} of {} constraints tested from both sides", number(met), number(all)))
        )?;
        let several = report.operations.len() > 1;
        let of = |operation: &OperationReport| if several { format!("{}: ", visible(&operation.id)) } else { String::new() };
        let mut lists = [Vec::new(), Vec::new(), Vec::new()];
        for operation in &report.operations {
            let of = of(operation);
            let gaps = operation.constraints.iter().filter_map(|constraint| Some((constraint, constraint.gap()?)));
            let [unmet, uncovered, disagreements] = &mut lists;
            unmet.extend(gaps.map(|(constraint, gap)| {
                format!(
                    "{of}{} of {}: {gap} ({})",
                    visible(&constraint.name()),
                    visible(&constraint.place),
                    visible(&constraint.key)
                )
            }));
            uncovered
                .extend(operation.uncovered.iter().map(|gap| format!("{of}{}: {}", visible(&gap.pointer), visible(&gap.reason))));
            disagreements.extend(operation.disagreements.iter().map(|disagreement| format!("{of}{}", visible(disagreement))));
        }
        let [unmet, uncovered, disagreements] = &lists;
        let defects: Vec<String> =
            report.defects.iter().map(|defect| format!("{}: {}", visible(&defect.pointer), visible(&defect.reason))).collect();
        self.list("wrong in the document itself", &defects)?;
        self.list("not tested from both sides", unmet)?;
        self.list("not covered", uncovered)?;
        self.list("not sent, because the two validators disagree", disagreements)
    }

    /// A list of what is missing; on a screenful its length and one example.
    fn list(&mut self, heading: &str, lines: &[String]) -> fmt::Result {
        let Some(first) = lines.first() else { return Ok(()) };
        let heading = self.paint(HEADING, format!("{heading}: {}", number(lines.len())));
        let Limits { listed, line: length, .. } = *self.limits();
        if !self.layout.verbose {
            let such_as = if lines.len() == 1 { "" } else { "such as " };
            return writeln!(self.text, "  {heading}: {such_as}{}", cut(first, length));
        }
        writeln!(self.text, "  {heading}")?;
        for line in lines.iter().take(listed) {
            writeln!(self.text, "  - {}", cut(line, length))?;
        }
        self.rest(lines.len().saturating_sub(listed), "more: --json FILE lists them")
    }

    fn rest(&mut self, count: usize, what: &str) -> fmt::Result {
        if count == 0 { Ok(()) } else { writeln!(self.text, "  … and {} {what}", number(count)) }
    }

    /// The failures, the worst first: as many in full as there is room for, the others in one line each.
    fn failures(&mut self, report: &Report) -> fmt::Result {
        let limits = self.limits();
        let (mut full, mut lines) = (0, 0);
        for (index, failure) in report.failures.iter().enumerate() {
            let mut entry = Self { layout: self.layout, text: String::new() };
            let style = if failure.level == Level::Error { BAD } else { ODD };
            writeln!(entry.text, "{}", self.paint(style, heading(index, failure, usize::MAX)))?;
            entry.facts(failure, &report.document)?;
            lines += entry.text.lines().count();
            if index > 0 && lines > limits.full {
                break;
            }
            writeln!(self.text, "{}", entry.text)?;
            full += 1;
        }
        if report.failures.len() == full {
            return Ok(());
        }
        writeln!(self.text, "{}", self.paint(HEADING, "Further findings, in short:"))?;
        for (index, failure) in report.failures.iter().enumerate().skip(full).take(limits.brief) {
            writeln!(self.text, "{}", heading(index, failure, limits.line))?;
        }
        let more = report.failures.len().saturating_sub(full + limits.brief);
        self.rest(more, "more: --verbose shows them, --json FILE and --html FILE write them")?;
        writeln!(self.text)
    }

    /// What the document promises, what happened, and how to see it again.
    fn facts(&mut self, failure: &Failure, document: &str) -> fmt::Result {
        let limits = self.limits();
        let listed = limits.listed;
        let promise = match (failure.promise.is_empty(), failure.line, &failure.text) {
            (true, ..) => "of HTTP, not of the document".to_owned(),
            (false, Some(line), text) => {
                let text = text.as_deref().unwrap_or_default();
                format!("{}\n{document}:{line}: {}", failure.promise, cut(text, 200))
            }
            (false, None, Some(text)) => format!("{}\n{document}: {}", failure.promise, cut(text, 200)),
            (false, None, None) => failure.promise.clone(),
        };
        self.fact("promise", &visible(&promise))?;
        if !failure.what.contains(&failure.title) {
            self.fact("case", &visible(&failure.title))?;
        }
        if !failure.detail.is_empty() {
            self.fact("happened", &visible(&beginning(&failure.detail, limits)))?;
        }
        let others = failure.others();
        if !others.is_empty() {
            let also: Vec<String> = others.iter().take(listed).map(|operation| visible(operation)).collect();
            let more = others.len().saturating_sub(listed);
            let more = if more > 0 { format!(", and {} more", number(more)) } else { String::new() };
            self.fact("also in", &format!("{}{more}", also.join(", ")))?;
        }
        if !failure.more.is_empty() {
            let told = |other: &Failure| match other.operation == failure.operation {
                true => other.what.clone(),
                false => format!("{}: {}", other.name, other.what),
            };
            let more: Vec<String> = failure.more.iter().take(listed).map(|other| visible(&cut(&told(other), 200))).collect();
            let rest = failure.more.len().saturating_sub(listed);
            let rest = if rest > 0 { format!("\n… and {} more", number(rest)) } else { String::new() };
            self.fact("likewise", &format!("{}{rest}", more.join("\n")))?;
        }
        if let Some(request) = &failure.request {
            self.fact("request", &body(request, limits))?;
        }
        let answer = match (failure.status, failure.answer.as_deref()) {
            (None, _) => "none".to_owned(),
            (Some(status), Some("")) => format!("{status}, without a body"),
            (Some(status), None) => format!("{status}, with a body that is not text"),
            (Some(status), Some(text)) => format!("{status}\n{}", body(text, limits)),
        };
        self.fact("answer", &answer)?;
        self.command("curl", &failure.curl)?;
        self.command("rerun", &failure.rerun)
    }

    fn fact(&mut self, name: &str, text: &str) -> fmt::Result {
        let label = self.paint(QUIET, format!("{name:<8}"));
        writeln!(self.text, "   {label}  {}", text.replace('\n', &format!("\n{INDENT}")))
    }

    /// A command, exactly as it is to be copied, or not at all.
    fn command(&mut self, name: &str, command: &str) -> fmt::Result {
        let length = command.chars().count();
        if length > self.limits().command {
            let commands = command.matches("curl ").count();
            let what = if commands > 1 { format!("{} commands with ", number(commands)) } else { String::new() };
            let how = if length <= LONG.command { "--verbose shows, " } else { "" };
            let files = "--json FILE and --html FILE write";
            let it = if commands > 1 { "them" } else { "it" };
            let why = format!("not shown: {what}{}; {how}{files} {it}", quantity(length, "character", "characters"));
            return self.fact(name, &why);
        }
        if visible(command) != command {
            return self.fact(name, "not shown, because a terminal would not show all its characters; --json FILE writes it");
        }
        let label = self.paint(QUIET, format!("{name:<8}"));
        // Not every line break: one inside a body is part of it.
        writeln!(self.text, "   {label}  {}", command.replace(" \\\n  ", &format!(" \\\n{INDENT}  ")))
    }

    /// What the server was seen to do, in a few lines, and the verdict.
    fn summary(&mut self, report: &Report) -> fmt::Result {
        if report.only.is_none() {
            self.seen(report)?;
        }
        if report.accepted > 0 {
            writeln!(self.text, "{} accepted and not listed.", quantity(report.accepted, "finding is", "findings are"))?;
        }
        let seconds = report.elapsed.as_secs_f64();
        let rate = if seconds > 0.0 { report.cases as f64 / seconds } else { 0.0 };
        let (errors, warnings) = (report.count(Level::Error), report.count(Level::Warning));
        let warned = quantity(warnings, "warning", "warnings");
        let outcome = match (errors, warnings, &report.stopped) {
            (0, 0, _) if report.cases == 0 => self.paint(ODD, "Nothing was tested"),
            (0, 0, Some(_)) => self.paint(ODD, "No broken promise was found before the run was stopped"),
            (0, 0, None) if report.untested().next().is_some() => {
                self.paint(ODD, "No broken promise was found in what could be tested")
            }
            (0, 0, None) => self.paint(GOOD, "No promise is broken"),
            (0, _, _) => self.paint(ODD, format!("No promise is broken, {warned}")),
            _ => {
                let count: usize = report.failures.iter().map(Failure::total).sum();
                let promises = quantity(errors, "promise is", "promises are");
                let warned = if warnings > 0 { format!(", {warned}") } else { String::new() };
                self.paint(BAD, format!("{promises} broken{warned} ({})", quantity(count, "failure", "failures")))
            }
        };
        let (cases, requests) = (quantity(report.cases, "case", "cases"), quantity(report.requests, "request", "requests"));
        let rate = number(format!("{rate:.0}"));
        let gaps = match report.gaps() {
            0 => String::new(),
            gaps => format!(" {} in coverage.", quantity(gaps, "gap", "gaps")),
        };
        writeln!(self.text, "{outcome}.{gaps} {cases}, {requests}, {seconds:.1} s, {rate} cases a second, seed {}.", report.seed)
    }

    fn seen(&mut self, report: &Report) -> fmt::Result {
        let (all, succeeded) = report.succeeded();
        let style = if succeeded == all { GOOD } else { ODD };
        let end = if succeeded == all { "" } else { "; without one:" };
        let all = quantity(all, "operation", "operations");
        let line = format!("{} of {all} answered a documented success{end}", number(succeeded));
        writeln!(self.text, "{}", self.paint(style, line))?;
        self.silent(report)?;
        let unseen: Vec<String> = report
            .operations
            .iter()
            .filter_map(|operation| {
                let statuses: Vec<&str> = operation.unseen().collect();
                (!statuses.is_empty()).then(|| format!("{}: {}", visible(&operation.name), visible(&statuses.join(", "))))
            })
            .collect();
        self.list("documented statuses that no answer had", &unseen)?;
        self.stopped(report)
    }

    /// The operations without a documented success, and why.
    fn silent(&mut self, report: &Report) -> fmt::Result {
        let Limits { listed, line: length, .. } = *self.limits();
        let silent: Vec<&OperationReport> = report.each_operation().filter(|operation| !operation.succeeded()).collect();
        for operation in silent.iter().take(listed) {
            let why = match &operation.untested {
                Some(why) if operation.answered.is_empty() => format!("nothing was tried: {why}"),
                Some(why) => format!("only what must be refused was tried, because no valid request succeeds: {why}"),
                None if operation.answered.is_empty() => "it has not answered".to_owned(),
                None => {
                    let statuses: Vec<String> = operation.answered.keys().map(u16::to_string).collect();
                    format!("it answered {}", statuses.join(", "))
                }
            };
            writeln!(self.text, "  - {}: {}", visible(&operation.name), visible(&cut(&why, length)))?;
        }
        let hint = if self.layout.verbose { "more: --json FILE lists them" } else { "more: --verbose lists them" };
        self.rest(silent.len().saturating_sub(listed), hint)
    }

    /// Why not everything was tried, and what was not.
    fn stopped(&mut self, report: &Report) -> fmt::Result {
        if let Some(stopped) = &report.stopped {
            let missed: Vec<String> = report
                .operations
                .iter()
                .filter(|operation| !operation.complete)
                .map(|operation| visible(&operation.name))
                .collect();
            writeln!(self.text, "{}", self.paint(ODD, format!("Not everything was tried: {}.", visible(&stopped.to_string()))))?;
            if missed.is_empty() && *stopped == Stopped::MaxTime {
                writeln!(self.text, "  Each operation was tested to the end; the sequences of requests were not.")?;
            }
            self.list("operations that were not reached or not finished", &missed)?;
        }
        Ok(())
    }
}

/// The line above a finding: its rule, the operation, and what is wrong.
fn heading(index: usize, failure: &Failure, length: usize) -> String {
    let level = if failure.level == Level::Warning { "warning: " } else { "" };
    let also = match failure.others().len() {
        0 => String::new(),
        count => format!(", on {} more", quantity(count, "operation", "operations")),
    };
    let (name, what) = (visible(&failure.name), cut(&visible(&failure.what), length));
    let more = match failure.more.len() {
        0 => String::new(),
        count => format!(", and {} more like it", number(count)),
    };
    format!(
        "{}. {level}{name}: {what}{more} [{}] ({}{also})",
        index + 1,
        failure.rule,
        quantity(failure.total(), "case", "cases")
    )
}

/// How a constraint can be broken, in a few words.
fn how(constraint: &ConstraintReport, all: &[ConstraintReport]) -> String {
    let Some(others) = constraint.breakable.strip_prefix("together with ") else { return constraint.breakable.clone() };
    let others: Vec<&str> = others.split(", ").collect();
    match others.as_slice() {
        [one] => match all.iter().find(|other| other.key == *one) {
            Some(other) if other.place == constraint.place => format!("with {}", visible(&other.name())),
            Some(other) => format!("with {} of {}", visible(&other.name()), visible(&other.place)),
            None => format!("with {}", visible(one)),
        },
        several => format!("with {} others", several.len()),
    }
}

/// A body as it is best read: JSON on several lines where it is short.
fn body(text: &str, limits: &Limits) -> String {
    let essence = |text: &str| text.chars().filter(|character| !character.is_ascii_whitespace()).collect::<String>();
    let pretty = serde_json::from_str::<Value>(text).ok().filter(|value| {
        // A property twice, or a number that is written in an odd way, may be what it is all about.
        essence(&value.to_string()) == essence(text)
    });
    match pretty.map(|value| format!("{value:#}")) {
        Some(pretty) if pretty.chars().count() <= limits.body && pretty.lines().count() <= limits.body_lines => visible(&pretty),
        _ => visible(&beginning(text, limits)),
    }
}

/// The beginning of a text that has too many lines or characters.
fn beginning(text: &str, limits: &Limits) -> String {
    match text.match_indices('\n').nth(limits.body_lines.saturating_sub(1)) {
        Some((end, _)) if text[..end].chars().count() <= limits.body && end + 1 < text.len() => {
            format!("{}… ({} lines)", &text[..end], number(text.lines().count()))
        }
        _ => cut(text, limits.body),
    }
}

/// The beginning of a text that is longer than this many characters.
fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], number(text.chars().count())),
    }
}

/// The end of a text that is too wide for a column: that is where places differ.
fn end(text: &str) -> String {
    match text.chars().count() {
        count if count > WIDTH => format!("…{}", text.chars().skip(count + 1 - WIDTH).collect::<String>()),
        _ => text.to_owned(),
    }
}

/// The text with what a terminal would obey or not show as an escape: a server must not write to the screen.
fn visible(text: &str) -> String {
    let hidden = |character: char| match character {
        '\n' | '\t' => false,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => true,
        '\u{fffe}' | '\u{ffff}' => true, // Not allowed in XML.
        other => other.is_control(),
    };
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if hidden(character) { shown.extend(character.escape_unicode()) } else { shown.push(character) }
    }
    shown
}

pub(crate) fn quantity(count: impl ToString, one: &str, many: &str) -> String {
    let count = number(count);
    let noun = if count == "1" { one } else { many };
    format!("{count} {noun}")
}

/// A number with a comma between thousands.
fn number(count: impl ToString) -> String {
    let digits = count.to_string();
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|part| std::str::from_utf8(part).ok()).collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{constraint, failure, report},
        *,
    };
    use crate::schema::Uncovered;

    #[test]
    fn a_run_without_failures_is_short() {
        let report = report((1..=500).map(constraint).collect(), Vec::new());
        assert_eq!(
            report.to_string(),
            "500 of 500 constraints tested from both sides\n\
             1 of 1 operation answered a documented success\n\
             No promise is broken. 1,050 cases, 1,100 requests, 0.5 s, 2,100 cases a second, seed 1.\n"
        );
    }

    #[test]
    fn an_empty_run_and_one_without_constraints_can_be_told() {
        let mut empty = report(Vec::new(), Vec::new());
        let layout = Layout { colour: false, verbose: true };
        assert!(empty.text(&layout).contains("0 of 0 constraints; cases: boundary 20"), "{}", empty.text(&layout));
        empty.operations.clear();
        empty.elapsed = std::time::Duration::ZERO;
        assert!(empty.text(&layout).starts_with("0 of 0 constraints tested from both sides"), "{}", empty.text(&layout));
    }

    #[test]
    fn a_table_has_each_place_once_and_says_how_constraints_can_be_broken() {
        let of = |number: usize, keyword: &str, breakable: &str| ConstraintReport {
            key: format!("/p{number}/{keyword}"),
            keyword: keyword.to_owned(),
            breakable: breakable.to_owned(),
            ..constraint(number)
        };
        let required =
            |place: &str| ConstraintReport { item: Some("p1".to_owned()), place: place.to_owned(), ..of(1, "required", "alone") };
        let report = report(
            vec![
                required("/p1"),
                required("the body"),
                of(2, "type", "together with /p2/enum"),
                of(1, "type", "together with /p1/a, /p1/b"),
                of(2, "enum", "together with /p1/type"),
                ConstraintReport { violated: false, ..of(3, "not", "never") },
            ],
            Vec::new(),
        );
        let text = report.text(&Layout { colour: false, verbose: true });
        let table: Vec<&str> = text.lines().skip(3).take(7).collect();
        assert_eq!(
            table,
            [
                "  place     constraint   boundary negative random  can be broken",
                "  /p1       required            2        1      7  alone",
                "            type                2        1      7  with 2 others",
                "  the body  required p1         2        1      7  alone",
                "  /p2       type                2        1      7  with enum",
                "            enum                2        1      7  with type of /p1",
                "  /p3       not                 2        1      7  no request was found that violates it",
            ]
        );
    }

    #[test]
    fn a_body_is_cut_after_some_lines_and_after_some_characters() {
        let answer = |text: &str| report(Vec::new(), vec![Failure { answer: Some(text.to_owned()), ..failure(1) }]).to_string();
        let text = answer(&"a line\n".repeat(40));
        assert!(text.contains("a line… (40 lines)\n") && text.matches("a line").count() == SHORT.body_lines, "{text}");
        let text = answer(&"x".repeat(SHORT.body + 1));
        assert!(text.contains("x… (301 characters)\n"), "{text}");
        let short = "a line\n".repeat(SHORT.body_lines);
        assert!(!answer(&short).contains("… ("), "{}", answer(&short));
    }

    #[test]
    fn a_sequence_that_is_too_long_says_where_it_is() {
        let sequence = |count: usize| Failure { curl: "curl -i http://127.0.0.1:1/pets\n".repeat(count), ..failure(1) };
        let text = report(Vec::new(), vec![sequence(40)]).to_string();
        let told = "not shown: 40 commands with 1,280 characters; --verbose shows, --json FILE and --html FILE write them\n";
        assert!(text.contains(told), "{text}");
        let text = report(Vec::new(), vec![sequence(400)]).to_string();
        assert!(text.contains("12,800 characters; --json FILE and --html FILE write them\n"), "{text}");
    }

    #[test]
    fn what_was_not_tried_is_not_said_to_be_refused() {
        let mut report = report(Vec::new(), Vec::new());
        report.cases = 0;
        report.operations[0].answered.clear();
        report.operations[0].untested = Some("give --token".to_owned());
        let text = report.to_string();
        assert!(text.starts_with("1 of 1 operation could not be tested; the end of the report says why.\n"), "{text}");
        assert!(text.contains("POST /pets: nothing was tried: give --token\n"), "{text}");
        assert!(text.contains("\nNothing was tested."), "{text}");
    }

    #[test]
    fn a_place_that_is_too_wide_shows_its_end() {
        assert_eq!(end(&"x".repeat(WIDTH)), "x".repeat(WIDTH));
        let wide = end(&format!("{}/end", "x".repeat(WIDTH)));
        assert!(wide.starts_with("…x") && wide.ends_with("/end") && wide.chars().count() == WIDTH, "{wide}");
    }

    #[test]
    fn what_is_not_covered_is_said_with_the_reason() {
        let never = ConstraintReport { violated: false, breakable: "never".to_owned(), ..constraint(1) };
        let mut report = report(vec![never, constraint(2)], Vec::new());
        report.operations[0].uncovered = vec![Uncovered { pointer: "/a".to_owned(), reason: "why".to_owned() }];
        report.operations[0].disagreements = (0..25).map(|number| format!("no {number}")).collect();
        let text = report.text(&Layout { colour: false, verbose: true });
        for line in [
            "1 of 2 constraints tested from both sides",
            "- minLength of /p1: no request was found that violates it (/components/schemas/Pet/properties/p1/minLength)",
            "- /a: why",
            "disagree: 25",
            "- no 19",
            "… and 5 more",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(!text.contains("no 20"), "{text}");
        let short = report.to_string();
        assert!(short.contains("disagree: 25: such as no 0\n") && !short.contains("no 1\n"), "{short}");
    }

    #[test]
    fn a_part_of_a_run_is_not_accused_of_covering_a_part() {
        let mut report = report(vec![ConstraintReport { violated: false, ..constraint(1) }], Vec::new());
        report.only = Some("createPet:random".to_owned());
        let text = report.to_string();
        assert!(text.contains("only cases whose ID starts with createPet:random ran") && !text.contains("met from"), "{text}");
    }

    #[test]
    fn a_failure_says_what_is_promised_what_happened_and_how_to_see_it_again() {
        insta::assert_snapshot!(failure(1).text("pets.yaml"), @r#"
           promise   /components/schemas/Pet/properties/p1/minLength
                     pets.yaml:11: minLength: 1
           request   {
                       "p1": ""
                     }
           answer    201
                     {
                       "id": 1
                     }
           curl      curl -i -X POST 'http://127.0.0.1:1/pets' \
                       -H "Authorization: Bearer $TOKEN" \
                       --data-binary '{}'
           rerun     --seed 1 --cases 50 --only 'createPet:negative:/components/schemas/Pet/properties/p1/minLength:1'
        "#);
    }

    #[test]
    fn a_thousand_failures_read_like_ten() {
        let failures =
            (1..=30).map(|number| Failure { count: 1_000 / 30 + usize::from(number <= 10), ..failure(number) }).collect();
        let text = report((1..=30).map(constraint).collect(), failures).to_string();
        assert!(text.starts_with("1. POST /pets: "), "findings come first: {text}");
        assert!(
            text.contains(
                "\n9. POST /pets: a request that breaks minLength of /p9 is accepted with 201 [invalid-accepted] (34 cases)\n"
            ),
            "{text}"
        );
        assert!(text.ends_with(
            "30 promises are broken (1,000 failures). 1,050 cases, 1,100 requests, 0.5 s, 2,100 cases a second, seed 1.\n"
        ));
    }

    #[test]
    fn a_report_is_a_screenful_whatever_was_found() {
        let never = |number| ConstraintReport { violated: false, ..constraint(number) };
        let long = |number| Failure {
            request: Some(serde_json::json!({ "all": vec!["x".repeat(20); 200] }).to_string()),
            more: (1..=50).map(failure).collect(),
            also: (1..=50).map(|number| format!("other{number}")).collect(),
            curl: "y\n".repeat(600),
            ..failure(number)
        };
        let mut report = report((1..=300).map(never).collect(), (1..=1_000).map(long).collect());
        let silent = OperationReport {
            answered: BTreeMap::from([(404, 1)]),
            untested: Some("404: there is none".to_owned()),
            uncovered: vec![Uncovered { pointer: "/a".to_owned(), reason: "why".to_owned() }],
            disagreements: vec!["no".to_owned()],
            complete: false,
            ..report.operations[0].clone()
        };
        let silent = (1..=40).map(|number| OperationReport { id: number.to_string(), ..silent.clone() });
        report.operations = silent.collect();
        report.stopped = Some(super::super::Stopped::MaxTime);
        let text = report.to_string();
        assert!(text.lines().count() <= 50, "{} lines: {text}", text.lines().count());
        assert!(text.contains("… and 990 more") || text.contains("… and 991 more"), "{text}");
        assert!(text.contains("0 of 40 operations answered a documented success; without one:\n  - POST /pets: only"), "{text}");
        assert_eq!(report.text(&Layout { colour: false, verbose: true }).matches("   promise   ").count(), 1_000);
    }

    #[test]
    fn an_operation_without_a_success_says_what_it_answered_instead() {
        let mut report = report(Vec::new(), Vec::new());
        report.operations[0].answered = BTreeMap::from([(404, 3), (500, 1)]);
        assert!(report.to_string().contains("without one:\n  - POST /pets: it answered 404, 500\n"), "{report}");
        report.operations[0].answered.clear();
        assert!(report.to_string().contains("  - POST /pets: it has not answered\n"), "{report}");
    }

    #[test]
    fn a_server_cannot_write_to_the_screen_and_long_bodies_are_cut() {
        let long = Failure { answer: Some("x".repeat(2_000)), curl: "y".repeat(9_999), ..failure(1) };
        let text = long.text("pets.yaml");
        assert!(
            text.contains("x… (2,000 characters)")
                && text.contains("not shown: 9,999 characters; --json FILE and --html FILE write it"),
            "{text}"
        );
        let nasty =
            Failure { answer: Some("\u{1b}[2J\u{9b}\u{202e}\0".to_owned()), curl: "curl '\u{1b}[2J'".to_owned(), ..failure(1) };
        let text = nasty.text("pets.yaml");
        assert!(text.contains(r"\u{1b}[2J\u{9b}\u{202e}\u{0}") && text.contains("not shown"), "{text}");
        assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
    }

    #[test]
    fn a_body_that_is_odd_json_is_shown_as_it_is() {
        assert_eq!(body(r#"{"a":[1]}"#, &SHORT), "{\n  \"a\": [\n    1\n  ]\n}");
        assert_eq!(body(r#"{"a":1,"a":2}"#, &SHORT), r#"{"a":1,"a":2}"#);
        assert_eq!(body("1e2", &SHORT), "1e2");
        let long = serde_json::json!(vec![1; 8]).to_string();
        assert_eq!((body(&long, &SHORT), body(&long, &LONG).lines().count()), (long.clone(), 10));
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let report = report((1..=30).map(constraint).collect(), vec![failure(1)]);
        let coloured = report.text(&Layout { colour: true, verbose: true });
        assert!(coloured.contains("\u{1b}["));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), report.text(&Layout { colour: false, verbose: true }));
    }
}
