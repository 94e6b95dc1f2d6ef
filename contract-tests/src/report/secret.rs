//! Keeps access tokens out of what is printed and stored.

use super::Failure;

/// Tokens that no report shows.
pub(crate) struct Secrets<'a> {
    tokens: Vec<(&'a String, &'static str)>,
    /// Whether a token with one wrong character is as good as the token: it is, unless it was made for this run.
    near: bool,
}

impl<'a> Secrets<'a> {
    /// These tokens; with `near` also most of one.
    pub fn new(tokens: impl Iterator<Item = &'a String>, near: bool) -> Self {
        Self { tokens: named(tokens, "TOKEN").collect(), near }
    }

    /// Those of another caller, too.
    pub fn and(mut self, tokens: impl Iterator<Item = &'a String>) -> Self {
        self.tokens.extend(named(tokens, "OTHER_TOKEN"));
        self
    }

    /// A text without them.
    pub fn hidden(&self, text: &str) -> String {
        self.replaced(text, |range| format!("${range}"))
    }

    /// Hides them wherever a server or a case may have put them.
    pub fn hide_in(&self, failure: &mut Failure) {
        failure.curl = self.replaced(&failure.curl, |range| format!("'\"${range}\"'"));
        let hide = |text: &mut String| *text = self.hidden(text);
        let Failure { what, detail, request, answer, .. } = failure;
        [what, detail].into_iter().chain(request).chain(answer).for_each(hide);
    }

    /// The text with each token, and with each of its halves, as a variable of the shell.
    fn replaced(&self, text: &str, variable: impl Fn(&str) -> String) -> String {
        self.tokens.iter().fold(text.to_owned(), |text, (token, name)| {
            let text = replaced(&text, token, &variable(name));
            let middle = token.len() / 2;
            match (token.get(..middle), token.get(middle + 1..)) {
                (Some(begin), Some(end)) if self.near && end.len() >= 8 => text
                    .replace(begin, &variable(&format!("{{{name}:0:{middle}}}")))
                    .replace(end, &variable(&format!("{{{name}:{}}}", middle + 1))),
                _ => text,
            }
        })
    }
}

/// A token that is shorter is in ordinary words, too: it counts only where it stands alone.
const PLAIN: usize = 8;

/// The text with something else in place of a token.
fn replaced(text: &str, token: &str, with: &str) -> String {
    let is_apart = |next: Option<char>| token.len() >= PLAIN || next.is_none_or(|next| !next.is_alphanumeric());
    let mut all = String::with_capacity(text.len());
    let mut rest = 0;
    for (at, _) in text.match_indices(token) {
        let (before, after) = (&text[..at], &text[at + token.len()..]);
        if is_apart(before.chars().next_back()) && is_apart(after.chars().next()) {
            all.extend([&text[rest..at], with]);
            rest = at + token.len();
        }
    }
    all + &text[rest..]
}

/// The tokens that there are, with the variable that stands for each.
fn named<'a>(
    tokens: impl Iterator<Item = &'a String>,
    variable: &'static str,
) -> impl Iterator<Item = (&'a String, &'static str)> {
    tokens.filter(|token| !token.is_empty()).map(move |token| (token, variable))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "header.payload.signature";

    fn hidden(curl: &str, answer: &str, near: bool) -> (String, String) {
        let token = TOKEN.to_owned();
        let mut failure = Failure { curl: curl.to_owned(), answer: Some(answer.to_owned()), ..super::super::tests::failure(1) };
        Secrets::new([&token].into_iter(), near).hide_in(&mut failure);
        (failure.curl, failure.answer.unwrap())
    }

    #[test]
    fn a_token_becomes_a_variable_that_the_shell_puts_in() {
        let (curl, answer) = hidden(&format!("-H 'Authorization: bEARER {TOKEN}'"), &format!("you sent {TOKEN}!"), true);
        assert_eq!(curl, "-H 'Authorization: bEARER '\"$TOKEN\"''");
        assert_eq!(answer, "you sent $TOKEN!");
    }

    #[test]
    fn a_short_token_is_no_part_of_a_word() {
        assert_eq!(
            replaced("test: 'test' or a latest tests, test", "test", "$TOKEN"),
            "$TOKEN: '$TOKEN' or a latest tests, $TOKEN"
        );
        assert_eq!(replaced("xsecrets-of-mine", "secrets-of-mine", "$TOKEN"), "x$TOKEN");
    }

    #[test]
    fn a_token_with_one_wrong_character_does_not_give_it_away() {
        let changed = TOKEN.replacen("load", "loXd", 1);
        assert_eq!(&TOKEN[..12], &changed[..12]);
        let (curl, answer) = hidden(&format!("-H 'Authorization: Bearer {changed}'"), &changed, true);
        assert_eq!(curl, "-H 'Authorization: Bearer '\"${TOKEN:0:12}\"'X'\"${TOKEN:13}\"''");
        assert_eq!(answer, "${TOKEN:0:12}X${TOKEN:13}");
        let (curl, _) = hidden(&changed, "", false);
        assert_eq!(curl, changed);
    }
}
