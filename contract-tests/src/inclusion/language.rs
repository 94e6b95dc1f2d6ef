//! Regular languages: a text of a length that is in all of these and in none of those.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

use regex_automata::{
    Input,
    dfa::{Automaton, StartKind, dense},
    nfa::thompson::{self, WhichCaptures},
    util::primitives::StateID,
};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// A language that a text is in, or is not in.
pub(super) struct Language {
    /// What identifies it.
    pub key: String,
    pub hir: Hir,
    pub satisfied: bool,
}

type Dfa = dense::DFA<Vec<u32>>;

/// The most memory of an automaton, and where it must be made at once.
const MAX_BYTES: usize = 4 << 20;
const FEW_BYTES: usize = 256 << 10;
/// The most states of the product of all automata.
const MAX_STATES: usize = 5_000;
/// The most steps through it.
const MAX_STEPS: usize = 400_000;

/// What is known of languages.
pub(super) struct Languages {
    automata: HashMap<String, Option<Rc<Dfa>>>,
    known: HashMap<String, Found>,
    /// The most memory of an automaton.
    most: usize,
}

impl Default for Languages {
    fn default() -> Self {
        Self { automata: HashMap::new(), known: HashMap::new(), most: MAX_BYTES }
    }
}

/// What a search for a text came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// A shortest one.
    Text(String),
    /// It is proven that there is none.
    Nothing,
    /// It takes too much to say.
    Unknown,
}

impl Languages {
    /// Those that take hardly any time: what is large is not known.
    pub fn small() -> Self {
        Self { most: FEW_BYTES, ..Self::default() }
    }

    /// A text of `low` to `high` code points that is as these languages say.
    pub fn find(&mut self, mut all: Vec<Language>, low: usize, high: Option<usize>) -> Found {
        all.sort_by(|a, b| (&a.key, a.satisfied).cmp(&(&b.key, b.satisfied)));
        all.dedup_by(|a, b| a.key == b.key && a.satisfied == b.satisfied);
        if all.windows(2).any(|pair| pair[0].key == pair[1].key) {
            return Found::Nothing; // The same one, in and out.
        }
        let keys: Vec<(&str, bool)> = all.iter().map(|language| (language.key.as_str(), language.satisfied)).collect();
        let query = format!("{low} {high:?} {keys:?}");
        if let Some(known) = self.known.get(&query) {
            return known.clone();
        }
        let found = self.search(&all, low, high).unwrap_or(Found::Unknown);
        self.known.insert(query, found.clone());
        found
    }

    /// None where it takes too much to say.
    fn search(&mut self, all: &[Language], low: usize, high: Option<usize>) -> Option<Found> {
        let parts =
            all.iter().map(|language| Some((self.automaton(language)?, language.satisfied))).collect::<Option<Vec<_>>>()?;
        let mut product = Product { parts, alphabet: alphabet(all)?, states: Vec::new(), numbers: HashMap::new() };
        let start = product.start()?;
        // For each length the states that can be reached, each with where from and by which character.
        let mut layers: Vec<Layer> = vec![start.into_iter().map(|state| (state, (state, '\0'))).collect()];
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut steps = 0;
        for length in 0_usize.. {
            let layer = &mut layers[length];
            if length >= low {
                // A text that came here sooner had more room left.
                layer.retain(|state, _| seen.insert(*state));
                if let Some(state) = layer.keys().copied().find(|state| product.accepts(*state)) {
                    return Some(Found::Text(spelled(&layers, state)));
                }
            }
            if layer.is_empty() || high == Some(length) {
                break;
            }
            let mut next = Layer::new();
            for state in layer.keys() {
                for (successor, c) in product.successors(*state)? {
                    steps += 1;
                    next.entry(successor).or_insert((*state, c));
                }
            }
            if steps > MAX_STEPS {
                return None;
            }
            layers.push(next);
        }
        Some(Found::Nothing)
    }

    fn automaton(&mut self, language: &Language) -> Option<Rc<Dfa>> {
        if let Some(known) = self.automata.get(&language.key) {
            return known.clone();
        }
        let config = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            .accelerate(false)
            .dfa_size_limit(Some(self.most))
            .determinize_size_limit(Some(self.most));
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(self.most)))
            .build_from_hir(&language.hir);
        let automaton = nfa.ok().and_then(|nfa| dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()).map(Rc::new);
        self.automata.insert(language.key.clone(), automaton.clone());
        automaton
    }
}

type Layer = BTreeMap<usize, (usize, char)>;

/// The text that leads through the layers to a state of the last one.
fn spelled(layers: &[Layer], mut state: usize) -> String {
    let mut text = Vec::new();
    for layer in layers.iter().skip(1).rev() {
        let Some((before, c)) = layer.get(&state) else { break };
        text.push(*c);
        state = *before;
    }
    text.into_iter().rev().collect()
}

/// One character for each set of characters that all the languages treat alike; none where they look at more than that.
fn alphabet(all: &[Language]) -> Option<Vec<char>> {
    let mut sets = Vec::new();
    for language in all {
        if !collect(&language.hir, &mut sets) {
            return None;
        }
    }
    // A surrogate is no character.
    let mut ends = BTreeSet::from([0, 0xD800, 0xE000, 0x11_0000]);
    for (from, to) in sets.iter().flatten() {
        ends.extend([*from, to + 1]);
    }
    let has = |set: &Vec<(u32, u32)>, c: u32| {
        let at = set.partition_point(|(_, to)| *to < c);
        set.get(at).is_some_and(|(from, _)| *from <= c)
    };
    let mut kinds: BTreeMap<Vec<bool>, char> = BTreeMap::new();
    // Plain ones first.
    let plain = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(' '..='~');
    for c in plain.chain(ends.into_iter().filter_map(char::from_u32)) {
        kinds.entry(sets.iter().map(|set| has(set, u32::from(c))).collect()).or_insert(c);
    }
    Some(kinds.into_values().collect())
}

/// The sets of characters in a pattern, each as sorted ranges; false where it looks at characters in another way.
fn collect(hir: &Hir, sets: &mut Vec<Vec<(u32, u32)>>) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(Look::Start | Look::End) => true,
        HirKind::Look(Look::WordAscii | Look::WordAsciiNegate) => {
            let word = [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
            sets.push(word.map(|(from, to)| (u32::from(from), u32::from(to))).to_vec());
            true
        }
        HirKind::Look(_) | HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => {
                sets.extend(text.chars().map(|c| vec![(u32::from(c), u32::from(c))]));
                true
            }
            Err(_) => false,
        },
        HirKind::Class(Class::Unicode(class)) => {
            sets.push(class.iter().map(|range| (u32::from(range.start()), u32::from(range.end()))).collect());
            true
        }
        HirKind::Repetition(repetition) => collect(&repetition.sub, sets),
        HirKind::Capture(capture) => collect(&capture.sub, sets),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(|part| collect(part, sets)),
    }
}

/// All automata at once, as far as they have been walked.
struct Product {
    parts: Vec<(Rc<Dfa>, bool)>,
    alphabet: Vec<char>,
    states: Vec<(State, Option<Successors>)>,
    numbers: HashMap<State, usize>,
}

/// The state of each automaton; none where it has matched, which nothing that follows can undo.
type State = Vec<Option<StateID>>;

/// Where one more character leads, each with such a character.
type Successors = Vec<(usize, char)>;

impl Product {
    /// The first state, where there is one that can lead to anything.
    fn start(&mut self) -> Option<Option<usize>> {
        let starts =
            self.parts.iter().map(|(dfa, _)| dfa.start_state_forward(&Input::new("")).ok()).collect::<Option<Vec<_>>>()?;
        let state =
            self.parts.iter().zip(starts).map(|((dfa, _), state)| (!dfa.is_match_state(state)).then_some(state)).collect();
        self.number(state)
    }

    /// The number of a state. The inner option is none where the state can lead to nothing, the outer where there are too many.
    fn number(&mut self, state: State) -> Option<Option<usize>> {
        let hopeless = self.parts.iter().zip(&state).any(|((dfa, satisfied), state)| match state {
            None => !satisfied,
            Some(state) => *satisfied && dfa.is_dead_state(*state),
        });
        if hopeless {
            return Some(None);
        }
        if let Some(number) = self.numbers.get(&state) {
            return Some(Some(*number));
        }
        if self.states.len() >= MAX_STATES {
            return None;
        }
        self.states.push((state.clone(), None));
        self.numbers.insert(state, self.states.len() - 1);
        Some(Some(self.states.len() - 1))
    }

    fn accepts(&self, number: usize) -> bool {
        let (state, _) = &self.states[number];
        self.parts.iter().zip(state).all(|((dfa, satisfied), state)| {
            let matches = state.is_none_or(|state| dfa.is_match_state(dfa.next_eoi_state(state)));
            matches == *satisfied
        })
    }

    /// Where one more character can lead, each with such a character.
    fn successors(&mut self, number: usize) -> Option<Successors> {
        if let Some(known) = &self.states[number].1 {
            return Some(known.clone());
        }
        let mut successors = BTreeMap::new();
        for c in self.alphabet.clone() {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).bytes();
            let (state, _) = &self.states[number];
            let next = self.parts.iter().zip(state).map(|((dfa, _), state)| {
                bytes.clone().try_fold((*state)?, |state, byte| {
                    let next = dfa.next_state(state, byte);
                    (!dfa.is_match_state(next)).then_some(next)
                })
            });
            let next = next.collect();
            if let Some(next) = self.number(next)? {
                successors.entry(next).or_insert(c);
            }
        }
        let successors: Successors = successors.into_iter().collect();
        self.states[number].1 = Some(successors.clone());
        Some(successors)
    }
}
