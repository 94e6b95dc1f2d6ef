//! Descriptions as doc comments: none of them breaks the code, and no example in them becomes a test.

use proc_macro2::TokenStream;
use quote::quote;

/// The attributes for these lines of text.
pub fn attributes(lines: &[String]) -> TokenStream {
    let lines = lines.iter().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}

/// A description as lines of Markdown.
///
/// Outside of fences lines begin at the margin and have single spaces, so that rustdoc takes none for code and runs it as a test; what
/// is in fences it is told to leave alone.
pub fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut in_fence = false;
    for line in text.lines() {
        let line: String = line.chars().filter(|letter| *letter == '\t' || is_harmless(*letter)).collect();
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            in_fence = !in_fence;
            lines.push(if in_fence { "```text" } else { "```" }.to_owned());
        } else if in_fence {
            lines.push(line.trim_end().replace('\t', "    "));
        } else {
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            lines.push(line.replace("```", "`").replace("~~~", "~"));
        }
    }
    if in_fence {
        lines.push("```".to_owned());
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.drain(..blank);
    lines
}

/// The description in one line.
pub fn line(text: &str) -> String {
    lines(text).into_iter().filter(|line| !line.is_empty() && !line.starts_with("```")).collect::<Vec<_>>().join(" ")
}

/// Adds a paragraph.
pub fn paragraph(lines: &mut Vec<String>, more: Vec<String>) {
    if !lines.is_empty() && !more.is_empty() {
        lines.push(String::new());
    }
    lines.extend(more);
}

/// Controls break comments, and rustc refuses letters that turn the direction of a line.
fn is_harmless(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}
