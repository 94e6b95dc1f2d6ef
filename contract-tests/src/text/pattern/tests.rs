use boon::{Compiler, SchemaIndex, Schemas};
use proptest::test_runner::RngAlgorithm;
use serde_json::{Value, json};

use super::*;

/// Patterns that some text does not match.
const PATTERNS: &[&str] = &[
    "a",
    "abc",
    "^a",
    "a$",
    "^$",
    "^a$",
    "^abc$",
    "[0-9]",
    "[^0-9]",
    "^[0-9]+$",
    "^[^0-9]+$",
    r"^\d+$",
    r"\D",
    r"^\w+$",
    r"^\W$",
    r"^\s$",
    r"^\S+$",
    r"^\S+@\S+$",
    r"^\S(.*\S)?$",
    "^.{1,64}$",
    ".",
    "^.*$",
    ".+",
    "^(?:a|b)+$",
    "^(a|bc|def)$",
    "^a|b$",
    "^(?:x|^y|z$)",
    "^(active|inactive|deleted)$",
    "^[A-Z]{2}$",
    "^[a-z0-9]+(?:-[a-z0-9]+)*$",
    "^[a-zA-Z_$][a-zA-Z0-9_$]*$",
    r"^\+[1-9]\d{1,14}$",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^(\d{3}-)?\d{3}-\d{4}$",
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$",
    "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$",
    "^#(?:[0-9a-fA-F]{3}){1,2}$",
    "^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
    r"^https?:\/\/[^\s/]+",
    r"^\p{L}+$",
    r"^\p{Lu}\p{Ll}*$",
    r"^\P{L}$",
    r"^\p{Script=Greek}+$",
    r"^[\p{L}\p{M}' -]{1,50}$",
    r"\bword\b",
    r"^\u0041\x42\t\cA$",
    r"^\u{1F600}+$",
    "^[é-ü]{2,3}$",
    "^日本語?$",
    r"^[\w.+-]+@[\w-]+\.[\w.-]+$",
    r"^[\\\]\[^-]+$",
    r"^(?<year>\d{4})(?<month>0[1-9]|1[0-2])$",
    "^(ab)*$",
    "^(?:ab){2,3}c?$",
    "^a{3,}$",
    "^a{0,5}b+?$",
    "^[^<>]*$",
    r"^[^\x00-\x1F\x7F]*$",
    "^/(?:[^/]+/)*$",
    "^x{100}$",
    "^(?i:abc)[0-9]$",
    "@",
    "^(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})$",
    r"^[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$",
    "^[A-Za-z]+ [A-Za-z]+$",
    "foo|bar|baz",
];

const MATCH_ALL: &[&str] = &["", ".*", "a*", "^", "$", "a|", r"[\s\S]*", "()", "x{0}", "^(?:)"];

fn rng() -> TestRng {
    TestRng::deterministic_rng(RngAlgorithm::ChaCha)
}

/// The two validators, each with the schema of a pattern.
struct Both {
    schemas: Schemas,
    index: SchemaIndex,
    other: jsonschema::Validator,
}

impl Both {
    fn new(pattern: &str) -> Self {
        let schema = json!({"type": "string", "pattern": pattern});
        let mut compiler = Compiler::new();
        compiler.add_resource("mem:///a.json", schema.clone()).unwrap();
        let mut schemas = Schemas::new();
        let index = compiler.compile("mem:///a.json", &mut schemas).unwrap();
        Self { schemas, index, other: jsonschema::options().build(&schema).unwrap() }
    }

    fn say(&self, text: &str) -> (bool, bool) {
        let value = Value::from(text);
        (self.schemas.validate(&value, self.index).is_ok(), self.other.is_valid(&value))
    }
}

#[test]
fn matches_are_accepted_and_faults_refused_by_both() {
    let mut wrong = Vec::new();
    for source in PATTERNS {
        let pattern = Pattern::parse(source).unwrap();
        let both = Both::new(source);
        let mut rng = rng();
        let boundary = pattern.boundary();
        assert!(!boundary.is_empty() && boundary.len() <= MAX_BOUNDARY, "{source}: {} boundary", boundary.len());
        let randoms: Vec<_> = (0..100).map(|_| pattern.random(&mut rng, 0, None).expect(source)).collect();
        for text in boundary.iter().chain(&randoms) {
            if !pattern.is_match(text) || both.say(text) != (true, true) {
                wrong.push(format!("{source} should match {text:?}: {:?}", both.say(text)));
            }
        }
        for _ in 0..10 {
            let negative = pattern.negative(&mut rng, 0, None);
            assert!(!negative.is_empty() && negative.len() <= MAX_NEGATIVE, "{source}: {} negative", negative.len());
            for text in negative {
                if pattern.is_match(&text) || both.say(&text) != (false, false) {
                    wrong.push(format!("{source} should not match {text:?}: {:?}", both.say(&text)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn patterns_that_match_everything_have_no_faults() {
    for source in MATCH_ALL {
        let pattern = Pattern::parse(source).unwrap();
        assert_eq!(pattern.negative(&mut rng(), 0, None), [""; 0], "{source}");
        assert!(!pattern.boundary().is_empty(), "{source}");
        let both = Both::new(source);
        let mut rng = rng();
        for _ in 0..50 {
            assert_eq!(both.say(&pattern.random(&mut rng, 0, Some(20)).unwrap()), (true, true), "{source}");
        }
    }
}

#[test]
fn patterns_that_match_nothing_have_no_texts() {
    for source in ["[]", "a^b", "$a", "^[]+$"] {
        let pattern = Pattern::parse(source).unwrap();
        assert_eq!(pattern.boundary(), [""; 0], "{source}");
        assert_eq!(pattern.random(&mut rng(), 0, None), None, "{source}");
        assert!(!pattern.negative(&mut rng(), 0, None).is_empty(), "{source}");
    }
}

#[test]
fn lengths_are_within_the_bounds() {
    let cases = [
        ("^[A-Z]{2}$", 2, Some(2)),
        ("^[a-z]*$", 7, Some(7)),
        ("^[a-z]+$", 100, Some(120)),
        ("^[a-z]+$", 3_000, None),
        ("^(ab)+$", 10, Some(11)),
        (r"^\d+\.\d+$", 3, Some(3)),
        (r"^\S+@\S+$", 254, Some(254)),
        ("^(a{1,3}|b{10})$", 10, Some(10)),
        ("^(?:[a-z]{2,4} ){2,8}$", 30, Some(33)),
        ("^.*$", 50, Some(50)),
        ("[0-9]", 20, Some(20)),
        ("[0-9]", 1, Some(1)),
        ("^a", 5, Some(9)),
        ("", 5, Some(9)),
        (r"^\p{L}{1,50}$", 50, Some(50)),
        (r"\bfoo\b", 3, Some(40)),
    ];
    for (source, min, max) in cases {
        let pattern = Pattern::parse(source).unwrap();
        let mut rng = rng();
        for _ in 0..50 {
            let text = pattern.random(&mut rng, min, max).expect(source);
            let length = text.chars().count();
            assert!(length >= min && max.is_none_or(|max| length <= max), "{source}: {text:?}");
            assert!(pattern.is_match(&text), "{source}: {text:?}");
        }
        for text in pattern.negative(&mut rng, min, max) {
            let length = text.chars().count();
            assert!(length >= min && max.is_none_or(|max| length <= max), "{source}: fault {text:?}");
        }
    }
    assert_eq!(Pattern::parse("^[A-Z]{2}$").unwrap().random(&mut rng(), 3, None), None);
    assert_eq!(Pattern::parse("^(ab)*$").unwrap().random(&mut rng(), 3, Some(3)), None);
    assert_eq!(Pattern::parse("abc").unwrap().random(&mut rng(), 0, Some(2)), None);
}

#[test]
fn edges_reach_the_ends() {
    let boundary = |source: &str| Pattern::parse(source).unwrap().boundary().to_vec();
    let has = |source: &str, texts: &[&str]| {
        let boundary = boundary(source);
        for text in texts {
            assert!(boundary.iter().any(|edge| edge == text), "{source} lacks {text:?}: {boundary:?}");
        }
    };
    has("^(active|inactive|deleted)$", &["active", "inactive", "deleted"]);
    has("^[b-y]$", &["b", "y"]);
    has("^a{2,5}$", &["aa", "aaaaa"]);
    has("^a*$", &["", "a", "aaaaaaaa"]);
    has("^(?:cat|dog)?x$", &["x", "catx", "dogx"]);
    has("^[^@]$", &["a", "\0", "\u{10FFFF}", "é", "中", "😀"]);
    has("^a|b$", &["a", "b"]);
    assert_eq!(boundary("^x{100}$"), ["x".repeat(100)]);
    assert!(boundary("^.{1,1000}$").iter().any(|edge| edge.chars().count() == 1_000));
    assert!(boundary("b").iter().any(|edge| edge != "b" && edge.contains('b')));
}

#[test]
fn faults_are_near() {
    let negative = |source: &str| {
        let pattern = Pattern::parse(source).unwrap();
        let mut rng = rng();
        (0..40).flat_map(|_| pattern.negative(&mut rng, 0, None)).collect::<HashSet<_>>()
    };
    let state = negative("^active$");
    for text in ["active\n", " active", "active ", "activ", "Active", "аctive", "ａctive", ""] {
        assert!(state.contains(text), "no {text:?} in {state:?}");
    }
    assert!(negative("^[b-y]$").is_superset(&HashSet::from(["a".to_owned(), "z".to_owned()])));
    let first = Pattern::parse(r"^\d{4}$").unwrap().negative(&mut rng(), 0, None);
    assert_eq!(first[0].chars().count(), 4, "{first:?}");
    let fixed = Pattern::parse(r"^\d{4}$").unwrap().negative(&mut rng(), 4, Some(4));
    assert!(fixed.len() > 8 && fixed.iter().all(|text| text.chars().count() == 4), "{fixed:?}");
}

#[test]
fn faults_are_wrong_in_each_part() {
    let cases: [(&str, &[&str]); 8] = [
        ("^[A-Z]{2}[0-9]{1,4}$", &["A0", "AAA0", "AA", "AA00000", "aA0", "AAa", "aAA0", "AA0a"]),
        ("^(0[1-9]|1[0-2])/[0-9]{2}$", &["0a/00", "1a/00", "a01/00", "01/0", "01/000"]),
        (r"^\+[0-9]{7,15}$", &["+000000", "+0000000000000000", "a+0000000"]),
        ("^\"[a-z0-9]+\"$", &["\"\"", "\"A\"", "a\"a\"", "\"a\"a"]),
        (r"^[a-z]+(\.[a-z]+)*$", &["", "A", "0"]),
        // Repetitions inside of repeated groups.
        ("^(a{2}b{1,3},)+$", &["ab,", "aaab,", "aa,", "aabbbb,"]),
        ("^x(-(y{2,3}z?){2})*$", &["x-yyy", "x-yyzzyy"]),
        (r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#, &[r#"W/W/"""#, r#""",W/W/"""#, "a*"]),
    ];
    for (source, texts) in cases {
        let negative = Pattern::parse(source).unwrap().negative(&mut rng(), 0, None);
        for text in texts {
            assert!(negative.iter().any(|fault| fault == text), "{source} lacks {text:?}: {negative:?}");
        }
    }
}

#[test]
fn randoms_are_diverse() {
    for source in [r"^\S+@\S+$", "^[a-z0-9]+(?:-[a-z0-9]+)*$", "[0-9]", r"^\p{L}+$", "^.{1,64}$"] {
        let pattern = Pattern::parse(source).unwrap();
        let mut rng = rng();
        let texts: HashSet<_> = (0..200).filter_map(|_| pattern.random(&mut rng, 0, None)).collect();
        assert!(texts.len() > 80, "{source}: {}", texts.len());
    }
}

#[test]
fn same_seed_same_texts() {
    for source in PATTERNS {
        let pattern = Pattern::parse(source).unwrap();
        let draw = || {
            let mut rng = rng();
            (pattern.random(&mut rng, 0, Some(40)), pattern.negative(&mut rng, 0, None), pattern.boundary().to_vec())
        };
        assert_eq!(draw(), draw(), "{source}");
    }
}

#[test]
fn reads_patterns_by_ecma_262() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        (r"^\d$", &["0", "9"], &["٠", "９", ""]),
        (r"^\w$", &["a", "_", "0"], &["é", "-", "\u{17F}"]),
        (r"^\s$", &[" ", "\u{A0}", "\u{FEFF}", "\u{2028}", "\u{2003}", "\u{2002}", "\u{3000}"], &["\u{85}", "\u{200B}", "a"]),
        (r"^[\S]$", &["\u{85}", "a"], &["\u{2002}", " "]),
        (r"\bé", &["aé"], &["é", " é"]),
        (r"a\B", &["ab"], &["a", "aé"]),
        ("^.$", &["a", "\u{85}", "😀"], &["\n", "\r", "\u{2028}", "\u{2029}", "ab"]),
        ("a$", &["a", "\na"], &["a\n"]),
        ("^a", &["a\n"], &["\na"]),
        (r"^a\/b$", &["a/b"], &[r"a\/b"]),
        (r"^\cJ\0$", &["\n\0"], &["J0"]),
        (r"^\x41\u0042\u{43}$", &["ABC"], &["abc"]),
        (r"^\uD83D\uDE00$", &["😀"], &["😁"]),
        (r"^[\uD83D\uDE00-\uD83D\uDE02]$", &["😁"], &["😃"]),
        ("^[^]$", &["a", "\n", "😀"], &["", "ab"]),
        (r"^[\b]$", &["\u{8}"], &["b"]),
        ("^[a[b]$", &["a", "[", "b"], &["]"]),
        ("^[a&&b]$", &["a", "&", "b"], &["c"]),
        ("^[a-c--]$", &["b", "-"], &["d"]),
        ("^[a~~b]$", &["~"], &["c"]),
        (r"^[\w-.]$", &["a", "-", "."], &["+"]),
        (r"^[+--]$", &["+", ",", "-"], &["."]),
        ("^a{,2}$", &["a{,2}"], &["a", "aa"]),
        ("^{}]$", &["{}]"], &[""]),
        ("^a #b$", &["a #b"], &["a"]),
        (r"^\-\@\é\ $", &["-@é "], &[""]),
        (r"^(?<n>a)(?<m>b)$", &["ab"], &["a"]),
        (r"^(?i:a)b$", &["Ab", "ab"], &["aB"]),
    ];
    for (source, yes, no) in cases {
        let pattern = Pattern::parse(source).unwrap();
        for text in *yes {
            assert!(pattern.is_match(text), "{source} should match {text:?}");
        }
        for text in *no {
            assert!(!pattern.is_match(text), "{source} should not match {text:?}");
        }
    }
}

#[test]
fn look_around_and_back_references_are_searched_for() {
    let cases = [
        (r"^(?=.*[A-Z])(?=.*\d)(?=.*[^\w\s]).{8,}$", "Passw0rd!", "password1!"),
        (r"^(?!admin$)[a-z]{3,8}$", "admins", "admin"),
        (r"^(?!.*--)[a-z][a-z-]*[a-z]$", "a-b", "a--b"),
        (r"^(?!-)[a-z0-9-]{1,63}(?<!-)$", "a-b", "ab-"),
        (r"^(['\x22])[a-z]+\1$", "'a'", "'a\""),
        (r"^(?<half>[a-f0-9]{2}):\k<half>$", "a0:a0", "a0:a1"),
        (r"^(?=\d{5}$|[A-Z]{2}$)\w+$", "12345", "1234"),
        (r"^(?:(?!\bno\b).)+$", "nothing", "a no b"),
    ];
    for (source, yes, no) in cases {
        let pattern = Pattern::parse(source).unwrap();
        assert!(pattern.is_match(yes) && !pattern.is_match(no) && !pattern.is_exact(), "{source}");
        let boundary = pattern.boundary();
        assert!(boundary.len() >= 2 && boundary.iter().all(|text| pattern.is_match(text)), "{source} {boundary:?}");
        let wide = Regex::new(&pattern.hir().to_string()).unwrap();
        let near = pattern.misses().iter().filter(|text| wide.is_match(text)).count();
        assert!(near > 0, "{source}: no text that only the look-around refuses");
        let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let made = (0..20).filter_map(|_| pattern.random(&mut rng, 0, Some(20))).collect::<Vec<_>>();
        assert!(made.len() >= 15 && made.iter().all(|text| pattern.is_match(text)), "{source} {made:?}");
    }
    assert!(Pattern::parse(r"^(?=a)b$").unwrap().is_searched_in_vain());
}

#[test]
fn names_what_it_cannot_do() {
    for source in [r"\uD800", "(?s:.)"] {
        assert!(matches!(Pattern::parse(source), Err(PatternError::Unsupported { .. })), "{source}");
    }
    let no_patterns = [
        "(",
        ")",
        "[",
        "[a",
        "*",
        "a**",
        "^*",
        "(?:+)",
        "a{2,1}",
        "[b-a]",
        r"\",
        r"\a",
        r"\x4",
        r"\u{110000}",
        r"\c1",
        r"\p{Nope}",
        "(?<>a)",
        r"(a)\2",
        r"(a)\k<n>",
        "(?z)",
    ];
    for source in no_patterns {
        assert!(matches!(Pattern::parse(source), Err(PatternError::Syntax { .. })), "{source}");
    }
    assert_eq!(Pattern::parse(r"^(?:\p{L}{1000}){1000}$").unwrap_err(), PatternError::TooLarge);
}

#[test]
fn a_repetition_beyond_all_texts_has_no_end() {
    let pattern = Pattern::parse("^(a|(?:.{2,2097152}b)?){3}$").unwrap();
    assert!(pattern.is_match("aaa") && pattern.is_match("xxbab"));
    assert!(!pattern.is_match("xbaa") && !pattern.is_match("aaaa"));
    assert!(pattern.source().contains("2097152"), "what is proven of it is proven of the whole");
}
