//! Sequences of requests: resources of one kind are created, read, listed, changed and deleted in random order by several clients, against
//! a model that knows only what the document and HTTP promise.
//!
//! What a server fills in, writes in another way or changes by itself is no breach: the model takes what it finds after each change of its
//! own, and looks whether *other* requests change that. Nothing is told before it was looked at several times, and before the sequence has
//! failed again with nobody else about; then it is made as short as it can be. A sequence deletes what it has created.

mod cast;
mod list;
mod model;
mod play;
mod script;
mod step;

use std::sync::{Mutex, PoisonError};

use self::{
    cast::{Cast, creators},
    play::{Breach, Player},
    step::{Step, random, whole_life, without},
};
use super::run::Run;
use crate::openapi::resources::KindId;

/// For how many random cases of an operation there is a random sequence, and how many at most.
const CASES: usize = 200;
const MOST: usize = 6;

/// How often a sequence is tried with fewer steps.
const MAX_SHRINKS: usize = 60;

/// How many breaches of the first sequence are told.
const TOLD: usize = 8;

/// Of the time that a run may take, sequences have one of so many parts at first.
pub(super) const PARTS: usize = 4;

/// Tries sequences on each kind of resource that the run can create, in one of so many parts of the time that is left.
pub(super) async fn run(run: &Run<'_>, parts: usize) {
    let creators: Vec<_> = creators(run).collect();
    let count = creators.len();
    for (done, (kind, create)) in creators.into_iter().enumerate() {
        run.begin_share(parts * (count - done));
        let name = create.name();
        let id = |number: usize| format!("{name}:sequence:{number}");
        let count = 1 + (run.suite.cases / CASES).clamp(1, MOST);
        let wanted: Vec<usize> = (0..count).filter(|number| run.suite.is_selected(&id(*number))).collect();
        if wanted.is_empty() || run.is_over() {
            continue;
        }
        let Some(cast) = Cast::of(run, kind, create) else { continue };
        sequences(run, &cast, kind, &wanted, &id).await;
    }
}

async fn sequences(run: &Run<'_>, cast: &Cast<'_>, kind: KindId, wanted: &[usize], id: &(dyn Fn(usize) -> String + Sync)) {
    let name = &run.prepared.resources.kinds[kind].path;
    let steps = |number: usize| if number == 0 { whole_life() } else { random(run.suite.seed, name, number) };
    let Some((first, others)) = wanted.split_first() else { return };
    if !alone(run, cast, &id(*first), steps(*first)).await {
        return; // Nothing can be created.
    }
    let found = Mutex::new(Vec::new());
    run.for_each(others.iter().copied(), |number| {
        let (steps, id, found) = (steps(number), id(number), &found);
        async move {
            if run.is_done() {
                return;
            }
            run.is_selected(&id);
            let mut player = Player::new(run, cast, &id);
            let breach = player.play(&steps).await;
            player.clean_up().await;
            if let Some(breach) = breach {
                let steps = steps[..player.taken].to_vec();
                found.lock().unwrap_or_else(PoisonError::into_inner).push((id, steps, breach));
            }
            run.count_judged();
        }
    })
    .await;
    for (id, steps, breach) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        tell(run, cast, &id, &steps, breach).await;
    }
}

/// Plays a sequence with nobody else about, and again without what is known to be broken, until nothing more is found; false where it could
/// create nothing.
async fn alone(run: &Run<'_>, cast: &Cast<'_>, id: &str, mut steps: Vec<Step>) -> bool {
    run.is_selected(id);
    let mut created = false;
    for _ in 0..TOLD {
        let mut player = Player::new(run, cast, id);
        let breach = player.play(&steps).await;
        created |= player.has_items() || breach.is_some();
        player.clean_up().await;
        let Some(breach) = breach else { break };
        // What comes after the first breach may break something else.
        let Some(last) = tell(run, cast, id, &steps[..player.taken], breach).await else { break };
        steps.retain(|step| (step.action, step.item) != (last.action, last.item));
        if run.is_done() {
            break;
        }
    }
    run.count_judged();
    created
}

/// Reports a breach that is seen again, with the fewest steps; gives the step that shows it.
async fn tell(run: &Run<'_>, cast: &Cast<'_>, id: &str, steps: &[Step], breach: Breach<'_>) -> Option<Step> {
    let same = |other: &Breach<'_>| {
        (other.finding.rule, &other.finding.what) == (breach.finding.rule, &breach.finding.what)
            && other.target.operation.id == breach.target.operation.id
    };
    let mut best = None;
    let mut shortest = steps.to_vec();
    let mut tries = 0;
    let mut size = steps.len();
    loop {
        let candidates: Vec<Vec<Step>> = if best.is_none() { vec![shortest.clone()] } else { without(&shortest, size).collect() };
        let mut smaller = None;
        for candidate in candidates {
            if tries >= MAX_SHRINKS || best.is_some() && run.is_done() {
                break;
            }
            tries += 1;
            let mut player = Player::new(run, cast, id);
            let again = player.play(&candidate).await.filter(&same);
            player.clean_up().await;
            if let Some(again) = again {
                smaller = Some((candidate[..player.taken].to_vec(), again, player.exchanges));
                break;
            }
        }
        match smaller {
            Some((steps, again, exchanges)) => {
                shortest = steps;
                best = Some((again, exchanges));
                size = size.min(shortest.len() / 2).max(1);
            }
            // It is not seen again: somebody else may have done it.
            None if best.is_none() => return None,
            None if size == 1 || tries >= MAX_SHRINKS || run.is_done() => break,
            None => size = (size / 2).max(1),
        }
    }
    let (breach, exchanges) = best?;
    let script = script::script(run, &exchanges);
    run.fail_with(breach.target, &breach.case, &breach.finding, Ok(&breach.answer), Some(script));
    shortest.last().copied()
}
