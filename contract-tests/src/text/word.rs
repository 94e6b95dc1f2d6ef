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

/// The words of a name, in small letters: `bulk` and `delete` of `bulkDelete` or `bulk-delete`.
pub fn of_name(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || letter.is_uppercase() && was_small {
            words.push(String::new());
        }
        was_small = letter.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a text has the form of a UUID (RFC 9562, section 4).
pub fn is_uuid(text: &str) -> bool {
    const LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq(LENGTHS) && parts.concat().chars().all(|letter| letter.is_ascii_hexdigit())
}

/// Whether a text says that something is not there: “No mapping found”, “no such thing”, “does not exist”.
pub fn says_missing(said: &str) -> bool {
    const WORDS: [&str; 8] = [
        "not found",
        "no such",
        "not exist",
        "n't exist",
        "cannot find",
        "could not find",
        "couldn't find",
        "invalid foreign key",
    ];
    let said = said.to_lowercase();
    let mut clauses = said.split(['.', ',', ';', ':', '\n']).filter_map(|clause| {
        let at = find(clause, "no").next()?;
        clause.get(at..)
    });
    WORDS.iter().any(|words| said.contains(words))
        || clauses.any(|clause| clause.contains(" exists") || clause.contains(" found"))
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

    #[test]
    fn a_name_has_words() {
        assert_eq!(of_name("bulkDelete_all-URLs"), ["bulk", "delete", "all", "urls"]);
        assert_eq!(of_name("__"), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_said_in_many_ways() {
        for said in
            ["Not Found", "There is no such thing", "No mapping found for /a", "it doesn't exist", "no, and no key exists"]
        {
            assert!(says_missing(said), "{said}");
        }
        for said in ["no. It exists", "found", "the name exists already"] {
            assert!(!says_missing(said), "{said}");
        }
    }
}
