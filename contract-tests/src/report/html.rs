//! The report as one page of HTML that needs nothing else: no script, no other file.

use std::fmt::Write;

use super::{Failure, OperationReport, Report, terminal::quantity};
use crate::{cases::Group, rules::Level};

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --odd: #b26a00; --good: #2e7d32; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: #8881; padding: .6rem; max-height: 20rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
details { border: 1px solid var(--line); border-radius: 6px; padding: .4rem .8rem; margin: .5rem 0; } summary { cursor: pointer; }
.error { color: var(--bad); } .warning { color: var(--odd); } .good { color: var(--good); } code { overflow-wrap: anywhere; }
#errors:not(:checked) ~ details.error, #warnings:not(:checked) ~ details.warning { display: none; }
details.error, details.warning { color: inherit; }
";

impl Report {
    /// The report as a page of HTML: the verdict, each operation with what was tried, and each finding with its request and answer.
    pub fn html(&self) -> String {
        let mut page = String::new();
        let title = format!("Contract tests: {}", text(&self.document));
        let _ = write!(
            page,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, \
             initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        );
        self.verdict(&mut page);
        self.findings(&mut page);
        self.operations_table(&mut page);
        self.gaps_list(&mut page);
        page.push_str("</body>\n</html>\n");
        page
    }

    fn verdict(&self, page: &mut String) {
        let (errors, warnings) = (self.count(Level::Error), self.count(Level::Warning));
        let (class, verdict) = match (errors, warnings) {
            (0, 0) => ("good", "No promise is broken".to_owned()),
            (0, warnings) => ("warning", format!("No promise is broken, {}", quantity(warnings, "warning", "warnings"))),
            (errors, warnings) => (
                "error",
                format!(
                    "{} broken, {}",
                    quantity(errors, "promise is", "promises are"),
                    quantity(warnings, "warning", "warnings")
                ),
            ),
        };
        let (all, succeeded) = self.succeeded();
        let (constraints, met) = self.coverage();
        let _ = writeln!(
            page,
            "<p><strong class=\"{class}\">{verdict}.</strong> {succeeded} of {} answered a documented success; {met} of {constraints} \
             constraints were tested from both sides; {}, {} against <code>{}</code> in {:.1} s, seed {}.</p>",
            quantity(all, "operation", "operations"),
            quantity(self.cases, "case", "cases"),
            quantity(self.requests, "request", "requests"),
            text(&self.url),
            self.elapsed.as_secs_f64(),
            self.seed
        );
        if let Some(stopped) = &self.stopped {
            let _ = writeln!(page, "<p class=\"warning\">The run ended early: {}.</p>", text(&stopped.to_string()));
        }
    }

    fn findings(&self, page: &mut String) {
        if self.failures.is_empty() {
            return;
        }
        page.push_str("<section>\n<h2>Findings</h2>\n");
        for level in [Level::Error, Level::Warning] {
            let name = level.name();
            let _ = writeln!(
                page,
                "<input type=\"checkbox\" id=\"{name}s\" checked> <label for=\"{name}s\">{}</label>",
                quantity(self.count(level), name, &format!("{name}s"))
            );
        }
        for failure in &self.failures {
            failure.html(page);
        }
        page.push_str("</section>\n");
    }

    fn operations_table(&self, page: &mut String) {
        page.push_str("<h2>Operations</h2>\n<div class=\"wide\">\n<table>\n<thead><tr><th>operation</th><th class=\"number\">constraints</th>");
        for group in Group::ALL {
            let _ = write!(page, "<th class=\"number\">{group}</th>");
        }
        page.push_str("<th>answers</th></tr></thead>\n<tbody>\n");
        for operation in &self.operations {
            operation.html(page);
        }
        page.push_str("</tbody>\n</table>\n</div>\n");
    }

    fn gaps_list(&self, page: &mut String) {
        let mut lines: Vec<String> = Vec::new();
        for (operation, why) in self.untested() {
            lines.push(format!("<li>{}: {}</li>", text(&operation.name), text(why)));
        }
        for operation in &self.operations {
            for gap in &operation.uncovered {
                lines.push(format!(
                    "<li>{}: <code>{}</code>: {}</li>",
                    text(&operation.name),
                    text(&gap.pointer),
                    text(&gap.reason)
                ));
            }
        }
        for defect in &self.defects {
            lines.push(format!("<li>the document: <code>{}</code>: {}</li>", text(&defect.pointer), text(&defect.reason)));
        }
        if !lines.is_empty() {
            let _ = write!(
                page,
                "<h2>Not covered</h2>\n<details><summary>{}</summary>\n<ul>\n{}\n</ul>\n</details>\n",
                quantity(lines.len(), "gap", "gaps"),
                lines.join("\n")
            );
        }
    }
}

impl Failure {
    fn html(&self, page: &mut String) {
        let class = self.level.name();
        let open = if self.level == Level::Error { " open" } else { "" };
        let _ = writeln!(
            page,
            "<details class=\"{class}\"{open}><summary><span class=\"{class}\">{class}</span> {}: {} <small>[{}] ({})</small></summary>",
            text(&self.name),
            text(&self.what),
            self.rule,
            quantity(self.total(), "case", "cases")
        );
        if !self.more.is_empty() {
            let more: String = self.more.iter().map(|other| format!("<li>{}</li>", text(&other.what))).collect();
            let _ = writeln!(page, "<div>Likewise<ul>{more}</ul></div>");
        }
        let others = self.others();
        if !others.is_empty() {
            let _ = writeln!(page, "<p>Also: {}</p>", text(&others.join(", ")));
        }
        if !self.promise.is_empty() {
            let line = self.line.map(|line| format!(", line {line}")).unwrap_or_default();
            let shown = self.text.as_ref().map(|shown| format!(": <code>{}</code>", text(shown))).unwrap_or_default();
            let _ = writeln!(page, "<p>Promise: <code>{}</code>{line}{shown}</p>", text(&self.promise));
        }
        let status = self.status.map(|status| status.to_string()).unwrap_or_else(|| self.detail.clone());
        let parts = [("Request", self.request.clone()), ("Answer", Some(status)), ("", self.answer.clone())];
        for (name, content) in parts {
            let Some(content) = content.filter(|content| !content.is_empty()) else { continue };
            let _ = writeln!(page, "<div>{name}<pre>{}</pre></div>", text(&content));
        }
        let _ = write!(
            page,
            "<div>Send it again<pre>{}</pre></div>\n<div>Test it again<pre>{}</pre></div>\n</details>\n",
            text(&self.curl),
            text(&self.rerun)
        );
    }
}

impl OperationReport {
    fn html(&self, page: &mut String) {
        let (constraints, met) = self.coverage();
        let class = if self.succeeded() { "good" } else { "warning" };
        let _ =
            write!(page, "<tr><td class=\"{class}\">{}</td><td class=\"number\">{met} of {constraints}</td>", text(&self.name));
        for group in Group::ALL {
            let _ = write!(page, "<td class=\"number\">{}</td>", self.cases.get(&group).copied().unwrap_or_default());
        }
        let answers: Vec<String> = self.answered.iter().map(|(status, count)| format!("{status}\u{a0}×\u{a0}{count}")).collect();
        let _ = writeln!(page, "<td>{}</td></tr>", answers.join(", "));
    }
}

/// A text as HTML shows it.
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // What would change how the rest is shown, or cannot be shown at all.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => escaped.push('\u{fffd}'),
            character if character.is_control() && character != '\n' && character != '\t' => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use crate::report::tests::{failure, report};

    #[test]
    fn what_a_server_says_is_never_markup() {
        let hostile = crate::Failure { answer: Some("<script>alert(1)</script>\u{202e}".to_owned()), ..failure(1) };
        let page = report(Vec::new(), vec![hostile]).html();
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}") && !page.contains("<script"), "{page}");
    }

    #[test]
    fn a_page_needs_no_other_file() {
        let page = report(Vec::new(), vec![failure(1)]).html();
        assert!(!page.contains("src=") && !page.contains("<link") && page.ends_with("</html>\n"));
    }
}
