//! Whole words in what a server says.

/// Where a text has a word, as offsets in bytes: `name` in `no name given`, not in `username` or `user_name`. A word that begins or
/// ends with something else than a letter, a digit or `_` is whole there whatever stands beside it.
pub fn find<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let joins = |one: Option<char>, other: Option<char>| {
        let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        is_letter(one) && is_letter(other)
    };
    let (first, last) = (word.chars().next(), word.chars().next_back());
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        !word.is_empty() && !joins(text[..*at].chars().next_back(), first) && !joins(last, text[at + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_whole() {
        let found = |text, word| find(text, word).collect::<Vec<_>>();
        assert_eq!(found("name, username, user_name and name", "name"), [0, 30]);
        assert_eq!(found("is-5 not 55 or -5", "-5"), [2, 15]);
        assert_eq!(found("anything", ""), [0; 0]);
    }
}
