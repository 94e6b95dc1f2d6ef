//! Entity tags (RFC 9110, section 8.8.3) and the lists of them in `If-Match` and `If-None-Match`.

/// What `If-Match` and `If-None-Match` look like (RFC 9110, sections 13.1.1 and 13.1.2), as a pattern for the document.
pub const PATTERN: &str = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#;

/// The strong entity tag for this version of a resource, which has no quote in it.
pub fn strong(version: &str) -> String {
    format!("\"{version}\"")
}

/// Whether a list names this strong tag by the strong comparison, as for `If-Match`: a weak tag names nothing.
pub fn matches_strongly(list: &str, tag: &str) -> bool {
    list == "*" || tags(list).any(|(is_weak, listed)| !is_weak && listed == tag)
}

/// Whether a list names this tag by the weak comparison, as for `If-None-Match`.
pub fn matches_weakly(list: &str, tag: &str) -> bool {
    list == "*" || tags(list).any(|(_, listed)| listed == tag)
}

/// The tags of a list, with their quotes, and whether each is weak. A tag may hold commas.
fn tags(list: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let (before, from) = rest.split_at(rest.find('"')?);
        let end = from.get(1..)?.find('"')? + 2;
        let (tag, after) = from.split_at(end);
        rest = after;
        Some((before.ends_with("W/"), tag))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_its_tags_and_a_weak_one_only_weakly() {
        let tag = strong("a");
        for list in ["*", r#""a""#, r#""x", "a""#, r#""x,", "a" , "y""#] {
            assert!(matches_strongly(list, &tag) && matches_weakly(list, &tag), "{list}");
        }
        for list in [r#"W/"a""#, r#""x",W/"a""#] {
            assert!(!matches_strongly(list, &tag) && matches_weakly(list, &tag), "{list}");
        }
        for list in [r#""""#, r#""b""#, r#""A""#, r#""x,a""#, r#"W/"b", "aa""#] {
            assert!(!matches_strongly(list, &tag) && !matches_weakly(list, &tag), "{list}");
        }
    }

    #[test]
    fn the_pattern_takes_lists_and_nothing_else() {
        let validator = jsonschema::validator_for(&serde_json::json!({ "pattern": PATTERN })).unwrap();
        for list in ["*", r#""""#, r#""a""#, r#"W/"a""#, r#""a", W/"b" ,"c,d""#] {
            assert!(validator.is_valid(&list.into()), "{list}");
        }
        for list in ["", "a", "**", r#""a"#, r#""a" "b""#, r#""a","#, r#"w/"a""#, r#""a b""#, "\"a\"\n"] {
            assert!(!validator.is_valid(&list.into()), "{list}");
        }
    }
}
