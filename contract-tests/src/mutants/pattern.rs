//! The changes of a regular expression: anchors, numbers of repetitions, classes, alternatives.

use regex_syntax::ast::{AssertionKind, Ast, ClassSet, ClassSetItem, RepetitionKind, RepetitionRange, Span, parse::Parser};

use super::Mutation::{self, Strengthened, Weakened};

/// Each with what it does to the rule. A pattern that the parser does not read has none.
pub fn changes(pattern: &str) -> Vec<(Mutation, String)> {
    let Ok(ast) = Parser::new().parse(pattern) else { return Vec::new() };
    let mut found = Vec::new();
    walk(&ast, &mut found);
    let mut all: Vec<(Mutation, String)> = Vec::new();
    for (change, span, text) in found {
        let changed = format!("{}{text}{}", &pattern[..span.start.offset], &pattern[span.end.offset..]);
        let fits = regex_syntax::parse(&changed).is_ok() && changed != pattern;
        if fits && all.iter().all(|(_, known)| *known != changed) {
            all.push((change, changed));
        }
    }
    all
}

type Found = Vec<(Mutation, Span, String)>;

fn walk(ast: &Ast, found: &mut Found) {
    match ast {
        Ast::Assertion(assertion) if matches!(assertion.kind, AssertionKind::StartLine | AssertionKind::EndLine) => {
            found.push((Weakened, assertion.span, String::new()));
        }
        Ast::Repetition(repetition) => {
            let span = repetition.op.span;
            let ranges = ranges(&repetition.op.kind);
            found.extend(ranges.into_iter().map(|(change, text)| (change, span, text)));
            walk(&repetition.ast, found);
        }
        Ast::Group(group) => walk(&group.ast, found),
        Ast::Concat(concat) => concat.asts.iter().for_each(|ast| walk(ast, found)),
        Ast::Alternation(alternation) => {
            for (index, branch) in alternation.asts.iter().enumerate() {
                // With the bar before it, or for the first one after it.
                let mut span = *branch.span();
                match index.checked_sub(1) {
                    Some(before) => span.start = alternation.asts[before].span().end,
                    None => span.end = alternation.asts[1].span().start,
                }
                found.push((Strengthened, span, String::new()));
                walk(branch, found);
            }
        }
        Ast::ClassBracketed(class) => {
            let ClassSet::Item(item) = &class.kind else { return };
            let first = match item {
                ClassSetItem::Union(union) => union.items.first(),
                item => Some(item),
            };
            let Some(first) = first else { return };
            let (fewer, more) = if class.negated { (Weakened, Strengthened) } else { (Strengthened, Weakened) };
            if let ClassSetItem::Range(range) = first
                && let Some(next) = char::from_u32(u32::from(range.start.c) + 1).filter(|next| *next <= range.end.c)
            {
                found.push((fewer, range.start.span, next.to_string()));
            } else if matches!(item, ClassSetItem::Union(_)) {
                found.push((fewer, *first.span(), String::new()));
            }
            // The letters in the other case, or the digits.
            let other = match first {
                ClassSetItem::Range(range) if range.start.c.is_ascii_lowercase() => "A-Z",
                ClassSetItem::Range(range) if range.start.c.is_ascii_uppercase() => "a-z",
                _ => "a",
            };
            found.push((more, Span::new(first.span().start, first.span().start), other.to_owned()));
        }
        _ => {}
    }
}

/// Once fewer and once more at either end.
fn ranges(kind: &RepetitionKind) -> Vec<(Mutation, String)> {
    let counted = |least: u32, most: Option<u32>| match most {
        Some(most) if most == least => format!("{{{least}}}"),
        Some(most) => format!("{{{least},{most}}}"),
        None => format!("{{{least},}}"),
    };
    let (least, most) = match kind {
        RepetitionKind::ZeroOrOne => (0, Some(1)),
        RepetitionKind::ZeroOrMore => (0, None),
        RepetitionKind::OneOrMore => (1, None),
        RepetitionKind::Range(RepetitionRange::Exactly(count)) => (*count, Some(*count)),
        RepetitionKind::Range(RepetitionRange::AtLeast(least)) => (*least, None),
        RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => (*least, Some(*most)),
    };
    let mut all = vec![];
    if let Some(fewer) = least.checked_sub(1) {
        all.push((Weakened, counted(fewer, most)));
    }
    if most.is_none_or(|most| least < most) {
        all.push((Strengthened, counted(least + 1, most)));
    }
    if let Some(most) = most {
        all.push((Weakened, counted(least, Some(most + 1))));
        if most > least {
            all.push((Strengthened, counted(least, Some(most - 1))));
        }
    }
    all
}
