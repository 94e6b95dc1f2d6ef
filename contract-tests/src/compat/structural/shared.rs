//! Schemas of two documents, each pair of which is compared once, whatever refers to it.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use super::{
    Structure, Undocumented,
    keywords::Heirs,
    schema::{Found, SchemaPair, Schemas, Sent},
};
use crate::{
    Document,
    compat::change::{Change, Class, Direction, Part},
};

/// What was found where two schemas were compared, with the numbers of the pairs inside of them.
enum Entry {
    Change(Change),
    Inside(usize),
    Replaced(usize, Change, Class),
}

impl Entry {
    /// Where a change is, and what.
    fn told(&self) -> Option<(&str, &str)> {
        match self {
            Self::Change(change) => Some((&change.pointer, &change.sentence)),
            Self::Inside(_) | Self::Replaced(..) => None,
        }
    }

    /// The schemas to compare for it; none where something differs here.
    fn inside(&self) -> Option<usize> {
        match self {
            Self::Inside(pair) | Self::Replaced(pair, ..) => Some(*pair),
            Self::Change(_) => None,
        }
    }

    /// The schemas of which one takes the place of the other.
    fn replaced(&self) -> Option<usize> {
        match self {
            Self::Replaced(pair, ..) => Some(*pair),
            Self::Change(_) | Self::Inside(_) => None,
        }
    }
}

/// All pairs of schemas that were compared.
pub struct Shared<'a> {
    documents: (&'a Document, &'a Document),
    heirs: (Heirs, Heirs),
    undocumented: Undocumented,
    numbers: HashMap<Rc<SchemaPair>, usize>,
    pairs: Vec<Rc<SchemaPair>>,
    found: Vec<Option<Rc<[Entry]>>>,
    /// Whether nothing differs in a pair, nor in any that it leads to, as far as that was asked.
    equal: HashMap<usize, bool>,
}

impl<'a> Shared<'a> {
    pub fn new(old: &'a Document, new: &'a Document, undocumented: Undocumented) -> Self {
        let heirs = (Heirs::in_document(old), Heirs::in_document(new));
        Self {
            documents: (old, new),
            heirs,
            undocumented,
            numbers: HashMap::new(),
            pairs: Vec::new(),
            found: Vec::new(),
            equal: HashMap::new(),
        }
    }

    /// Adds what differs between two schemas of a part of an operation, and everything inside of them: each pair of schemas once.
    pub fn compare(
        &mut self,
        (operation, part): (&str, Part),
        direction: Direction,
        schemas: [&str; 2],
        structure: &mut Structure,
    ) {
        let root = self.number(SchemaPair::of_value(self.documents, Sent::of(&part, direction), schemas));
        let mut seen = HashSet::new();
        let reached = self.reached(root, &mut seen);
        let entries = || reached.iter().map(|(found, index)| &found[*index]);
        let told: HashSet<(&str, &str)> = entries().filter_map(Entry::told).collect();
        let apart: HashSet<usize> = entries().filter_map(Entry::replaced).collect();
        for (found, index) in &reached {
            let (change, class) = match &found[*index] {
                Entry::Change(change) => (change, change.class),
                Entry::Replaced(pair, change, class) => {
                    let is_equal = self.is_equal(*pair);
                    match if is_equal { None } else { self.differs(*pair, seen.clone(), (&told, &apart)) } {
                        Some(true) => (change, *class),
                        None if self.pairs[*pair].stays() => continue,
                        Some(false) | None => (change, change.class),
                    }
                }
                Entry::Inside(_) => continue,
            };
            let change = Change { operation: operation.to_owned(), part: part.clone(), class, ..change.clone() };
            structure.changes.push(change);
        }
        structure.sizes.entry(operation.to_owned()).or_default().push((part, seen.len()));
    }

    /// Whether anything breaks somebody in a pair of schemas, but for the pairs that are compared anyway, what is told of them, and what
    /// is told apart by itself; none where nothing differs.
    fn differs(
        &mut self,
        pair: usize,
        mut compared: HashSet<usize>,
        (told, apart): (&HashSet<(&str, &str)>, &HashSet<usize>),
    ) -> Option<bool> {
        let mut pending = vec![pair];
        let mut breaks = None;
        while let Some(pair) = pending.pop() {
            for (found, index) in self.reached(pair, &mut compared) {
                match &found[index] {
                    entry @ Entry::Change(change) if entry.told().is_none_or(|it| !told.contains(&it)) => {
                        breaks = Some(breaks == Some(true) || change.class.breaks());
                    }
                    Entry::Replaced(pair, ..) if !apart.contains(pair) => pending.push(*pair),
                    Entry::Change(_) | Entry::Inside(_) | Entry::Replaced(..) => {}
                }
            }
        }
        breaks
    }

    /// Whether nothing differs in a pair of schemas, nor in any that it leads to.
    fn is_equal(&mut self, root: usize) -> bool {
        let mut seen = HashSet::from([root]);
        let mut pending = vec![root];
        while let Some(pair) = pending.pop() {
            let inside = match self.equal.get(&pair) {
                Some(true) => continue,
                Some(false) => None,
                None => self.found(pair).iter().map(Entry::inside).collect::<Option<Vec<usize>>>(),
            };
            let Some(inside) = inside else {
                self.equal.insert(root, false);
                return false;
            };
            pending.extend(inside.into_iter().filter(|pair| seen.insert(*pair)));
        }
        self.equal.extend(seen.into_iter().map(|pair| (pair, true)));
        true
    }

    /// Everything that is found in a pair, and in those inside that were not seen, in the order in which it is told.
    fn reached(&mut self, root: usize, seen: &mut HashSet<usize>) -> Vec<(Rc<[Entry]>, usize)> {
        let mut reached = Vec::new();
        let mut under_way = Vec::new();
        if seen.insert(root) {
            under_way.push((self.found(root), 0));
        }
        while let Some((found, next)) = under_way.last_mut() {
            let index = *next;
            *next += 1;
            match found.get(index) {
                None => _ = under_way.pop(),
                Some(Entry::Inside(pair)) if seen.insert(*pair) => {
                    let found = self.found(*pair);
                    under_way.push((found, 0));
                }
                Some(Entry::Inside(_)) => {}
                Some(_) => reached.push((Rc::clone(found), index)),
            }
        }
        reached
    }

    fn number(&mut self, pair: SchemaPair) -> usize {
        if let Some(number) = self.numbers.get(&pair) {
            return *number;
        }
        let (number, pair) = (self.pairs.len(), Rc::new(pair));
        self.numbers.insert(Rc::clone(&pair), number);
        self.pairs.push(pair);
        self.found.push(None);
        number
    }

    fn found(&mut self, pair: usize) -> Rc<[Entry]> {
        if let Some(found) = &self.found[pair] {
            return Rc::clone(found);
        }
        let found = Schemas::found(self.documents, &self.heirs, self.undocumented, &self.pairs[pair]);
        let entries = found.into_iter().map(|found| match found {
            Found::Change(change) => Entry::Change(change),
            Found::Inside(pair) => Entry::Inside(self.number(pair)),
            Found::Replaced(pair, change, class) => Entry::Replaced(self.number(pair), change, class),
        });
        let entries: Rc<[Entry]> = entries.collect();
        self.found[pair] = Some(Rc::clone(&entries));
        entries
    }
}
