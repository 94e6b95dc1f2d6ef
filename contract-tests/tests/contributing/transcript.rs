//! The transcripts of CONTRIBUTING.md: fenced blocks, each of which says what is done or what is printed then.

use crate::project::Project;

/// A fenced block: what it is, for which file, and its text.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    pub language: &'static str,
    file: &'static str,
    pub text: &'static str,
}

/// The blocks under this heading.
pub fn section(heading: &str) -> Vec<Block> {
    let page = include_str!("../../../CONTRIBUTING.md");
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap());
    blocks
        .map(|(info, text)| {
            let (language, file) = info.split_once(' ').unwrap_or((info, ""));
            Block { language, file, text }
        })
        .collect()
}

/// Does what the blocks say, in their order, and compares what is printed.
pub fn perform(blocks: &[Block], project: &Project) {
    let mut printed = String::new();
    for (index, block) in blocks.iter().enumerate() {
        match (block.language, block.file) {
            ("rust", file) => project.write(file, block.text),
            // At the end of `paths`.
            ("yaml", file) => project.replace(file, "\ncomponents:\n", &format!("\n{}components:\n", block.text)),
            ("diff", file) => apply(block.text, file, project),
            ("sh", _) => {
                let output = project.run(block.text);
                let fails = blocks.get(index + 1).is_some_and(|next| next.language == "text" && next.text.contains("\nhint: "));
                assert_eq!(output.succeeded, !fails, "{}\n{}", block.text, output.text);
                printed = output.text;
            }
            ("text", _) => compare(&printed, block.text),
            _ => panic!("CONTRIBUTING.md has a block that nobody performs: {block:?}"),
        }
    }
}

/// Puts each run of lines with `+` in the place of the lines with `-` before it.
fn apply(diff: &str, file: &str, project: &Project) {
    let (mut old, mut new) = (String::new(), String::new());
    for line in diff.lines().chain(["-"]) {
        if line.starts_with('-') && !new.is_empty() {
            project.replace(file, &format!("\n{old}"), &format!("\n{new}"));
            (old, new) = Default::default();
        }
        let side = if line.starts_with('-') { &mut old } else { &mut new };
        *side += &format!("{}\n", &line[1..]);
    }
}

/// The lines are printed, in this order; `…` stands for others.
fn compare(printed: &str, shown: &str) {
    let lines: Vec<_> = printed.lines().map(str::trim_end).collect();
    let printed = format!("\n{}\n", lines.join("\n"));
    let mut rest = printed.as_str();
    for part in shown.split("…\n").map(|part| format!("\n{part}")) {
        let at = rest.find(&part).unwrap_or_else(|| panic!("this is not printed, or not there:{part}\nbut{printed}"));
        rest = &rest[at + part.len() - 1..];
    }
}
