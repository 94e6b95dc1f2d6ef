//! Schemas of two documents, each pair of which is compared once, whatever refers to it.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use super::{
    Structure, Undocumented,
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

/// All pairs of schemas that were compared.
pub struct Shared<'a> {
    documents: (&'a Document, &'a Document),
    undocumented: Undocumented,
    numbers: HashMap<Rc<SchemaPair>, usize>,
    pairs: Vec<Rc<SchemaPair>>,
    found: Vec<Option<Rc<[Entry]>>>,
}

impl<'a> Shared<'a> {
    pub fn new(old: &'a Document, new: &'a Document, undocumented: Undocumented) -> Self {
        Self { documents: (old, new), undocumented, numbers: HashMap::new(), pairs: Vec::new(), found: Vec::new() }
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
        for (found, index) in self.reached(root, &mut seen) {
            let (change, class) = match &found[index] {
                Entry::Change(change) => (change, change.class),
                Entry::Replaced(pair, change, class) if self.breaks(*pair, seen.clone()) => (change, *class),
                Entry::Replaced(_, change, _) => (change, change.class),
                Entry::Inside(_) => continue,
            };
            let change = Change { operation: operation.to_owned(), part: part.clone(), class, ..change.clone() };
            structure.changes.push(change);
        }
        structure.sizes.entry(operation.to_owned()).or_default().push((part, seen.len()));
    }

    /// Whether anything breaks somebody in a pair of schemas, but for the pairs that are compared anyway.
    fn breaks(&mut self, pair: usize, mut compared: HashSet<usize>) -> bool {
        let mut pending = vec![pair];
        while let Some(pair) = pending.pop() {
            for (found, index) in self.reached(pair, &mut compared) {
                match &found[index] {
                    Entry::Change(change) if change.class.breaks() => return true,
                    Entry::Replaced(pair, ..) => pending.push(*pair),
                    Entry::Change(_) | Entry::Inside(_) => {}
                }
            }
        }
        false
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
        let found = Schemas::found(self.documents, self.undocumented, &self.pairs[pair]);
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
