//! Words of a POSIX shell.

use shlex::Quoter;

/// The text as one word; as it is where that means the same.
///
/// ```
/// assert_eq!(contract_tests::shell::quote("openapi.yaml"), "openapi.yaml");
/// assert_eq!(contract_tests::shell::quote("it's"), "\"it's\"");
/// ```
pub fn quote(text: &str) -> String {
    // Only NUL is an error, and it is allowed here: no shell takes it, in whatever quotes.
    Quoter::new().allow_nul(true).quote(text).map_or_else(|_| text.to_owned(), Into::into)
}
