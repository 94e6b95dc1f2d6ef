//! A module and its operations in `src/api/mod.rs`, where both have a place that nobody can mistake.

/// The file with the module and its type; none where it has no such place.
pub fn registered(text: &str, module: &str, operations: &str) -> Option<String> {
    let declaration = format!("pub mod {module};");
    let entry = format!("    {module}::{operations},");
    let mut lines: Vec<&str> = text.lines().collect();
    let begin = lines.iter().position(|line| *line == "resources! {")?;
    let end = begin + lines[begin..].iter().position(|line| *line == "}")?;
    lines.insert(end, &entry);
    let first = lines.iter().position(|line| is_module(line))?;
    let count = lines[first..].iter().take_while(|line| is_module(line)).count();
    let before = lines[first..first + count].iter().filter(|line| **line < declaration.as_str()).count();
    lines.insert(first + before, &declaration);
    Some(lines.join("\n") + "\n")
}

fn is_module(line: &str) -> bool {
    line.starts_with("pub mod ") && line.ends_with(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_goes_where_its_name_belongs_and_its_type_to_the_end() {
        let text = "//! API.\n\npub mod exports;\npub mod users;\n\nresources! {\n    exports::Exports,\n    users::Users,\n}\n\nfn a() {}\n";
        let expected = text
            .replace("pub mod users;", "pub mod notes;\npub mod users;")
            .replace("users::Users,\n", "users::Users,\n    notes::Notes,\n");
        assert_eq!(registered(text, "notes", "Notes").unwrap(), expected);
    }

    #[test]
    fn a_file_without_the_places_is_left_alone() {
        for text in ["pub mod users;\n", "resources! {\n    users::Users,\n}\n", "pub mod users;\nresources! { users::Users, }\n"]
        {
            assert_eq!(registered(text, "notes", "Notes"), None, "{text}");
        }
    }
}
