//! Path templates in the words of poem's router.

/// The pattern for a path template. Parameters are numbered: what they are called is the contract's matter, and two templates that
/// differ in names only are one route.
pub(crate) fn pattern(template: &str) -> String {
    let segments = template.split('/').enumerate().map(|(index, segment)| {
        let is_parameter = segment.starts_with('{') && segment.find('}') == Some(segment.len() - 1);
        if is_parameter {
            format!(":p{index}")
        } else if segment.contains(['{', ':', '*', '<', '>']) {
            expression(segment)
        } else {
            segment.to_owned()
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// A segment with parameters and text, as a regular expression between `<` and `>`.
fn expression(segment: &str) -> String {
    let mut expression = String::from("<^");
    let mut in_parameter = false;
    for letter in segment.chars() {
        match letter {
            '{' if !in_parameter => {
                in_parameter = true;
                expression.push_str("[^/]+");
            }
            '}' if in_parameter => in_parameter = false,
            _ if in_parameter => {}
            letter if letter.is_ascii_alphanumeric() => expression.push(letter),
            letter => expression.push_str(&format!("\\x{{{:x}}}", u32::from(letter))),
        }
    }
    expression.push('>');
    expression
}
