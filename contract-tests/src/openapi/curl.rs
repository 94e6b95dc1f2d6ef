//! A request as a command for a shell.

use super::request::Request;
use crate::shell::quote;

/// The command that sends the request again. A good token is not shown: it is `$TOKEN`. Nor are the values of the headers with these names
/// that every request has: that of `X-Key` is `$X_KEY`.
pub(crate) fn command<'a>(
    url: &str,
    request: &Request,
    authorization: &[String],
    good: bool,
    given: impl Iterator<Item = &'a str>,
) -> String {
    let mut words = vec![format!("curl -i -X {} {}", request.method, quote(&request.url(url)))];
    for value in authorization {
        words.push(if good && value.starts_with("Bearer ") {
            "-H \"Authorization: Bearer $TOKEN\"".to_owned()
        } else {
            format!("-H {}", quote(&format!("Authorization: {value}")))
        });
    }
    words.extend(given.map(|name| format!("-H \"{name}: ${}\"", name.to_uppercase().replace('-', "_"))));
    for (name, value) in &request.headers {
        words.push(format!("-H {}", quote(&format!("{name}: {value}"))));
    }
    if request.chunked {
        words.push("-H 'Transfer-Encoding: chunked'".to_owned());
    }
    if let Some(body) = &request.body {
        words.push(match std::str::from_utf8(body) {
            Ok(text) if text.len() > 20_000 => format!("--data-binary '…' # {} bytes", text.len()),
            Ok(text) if !text.contains('\0') => format!("--data-binary {}", quote(text)),
            _ => {
                let bytes: String = body.iter().take(2_000).map(|byte| format!("\\x{byte:02x}")).collect();
                format!("--data-binary @<(printf '{bytes}')")
            }
        });
    }
    words.join(" \\\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_token_is_not_shown_and_quotes_are_kept() {
        let request = Request {
            method: "POST".to_owned(),
            target: "/users".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: Some(br#"{"name":"O'Hara"}"#.to_vec()),
            chunked: false,
        };
        let command = command("http://127.0.0.1:3000", &request, &["Bearer secret".to_owned()], true, ["X-Key"].into_iter());
        assert_eq!(
            command,
            "curl -i -X POST http://127.0.0.1:3000/users \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  \
             -H \"X-Key: $X_KEY\" \\\n  -H 'content-type: application/json' \\\n  --data-binary \"{\\\"name\\\":\\\"O'Hara\\\"}\""
        );
    }
}
