//! The first line of a generated file, which tells whether somebody has edited the rest.

const BEFORE: &str = "// Generated from the document, and rewritten as long as nobody edits it (seal ";
const AFTER: &str = ").\n";

/// A number for the text. What rustfmt changes does not count: space, commas and braces.
pub(crate) fn number(text: &str) -> u64 {
    // FNV-1a: the same in every version of Rust, and nobody attacks it.
    let letters = text.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, ',' | '{' | '}'));
    letters.fold(0xcbf2_9ce4_8422_2325, |number, letter| (number ^ u64::from(letter)).wrapping_mul(0x100_0000_01b3))
}

/// The text under its seal.
pub(crate) fn sealed(text: &str) -> String {
    format!("{BEFORE}{:016x}{AFTER}{text}", number(text))
}

/// The number that a file was sealed with, and whether that is the number of what is in it.
pub(crate) fn read(file: &str) -> Option<(u64, bool)> {
    let (number, text) = file.strip_prefix(BEFORE)?.split_once(')')?;
    let number = u64::from_str_radix(number, 16).ok()?;
    let text = text.split_once('\n').map_or("", |(_, text)| text);
    Some((number, number == self::number(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_breaks_the_seal_and_formatting_does_not() {
        let file = sealed("pub struct Pet { pub name: String }\n");
        assert_eq!(read(&file).map(|(_, whole)| whole), Some(true));
        let formatted = file.replace("{ pub name: String }", "{\r\n    pub name: String,\r\n}");
        assert_eq!(read(&formatted), read(&file));
        assert_eq!(read(&file.replace("name", "title")).map(|(_, whole)| whole), Some(false));
        assert_eq!(read("pub struct Pet;"), None);
    }
}
