use core::mem;

use super::{Case, Move, SizeHint, Step};

/// Maximum number of smaller cases that are tried.
const MAX_TRIES: usize = 400;

/// Removes steps and moves from `case` for as long as `is_broken` accepts the smaller case.
///
/// The first `sources` scripts are kept, but may become empty.
pub(crate) fn shrink(
    mut case: Case,
    sources: usize,
    mut is_broken: impl FnMut(&Case) -> bool,
) -> Case {
    let mut tries = 0;
    let mut accept = |case: &mut Case, smaller: Case| {
        tries += 1;
        let better = tries <= MAX_TRIES && is_broken(&smaller);
        if better {
            *case = smaller;
        }
        better
    };
    loop {
        let before = case.clone();
        for n in (0..case.moves().len()).rev() {
            let mut smaller = case.clone();
            smaller.moves_mut().remove(n);
            accept(&mut case, smaller);
        }
        for script in (0..case.scripts().len()).rev() {
            let mut end = case.scripts()[script].steps().len();
            // Halves are removed first, then single steps, from the back.
            while end > 0 {
                let mut smaller = case.clone();
                let steps = smaller.scripts_mut()[script].steps_mut();
                let half = end / 2;
                steps.drain(half..end);
                if accept(&mut case, smaller) {
                    end = half;
                    continue;
                }
                let mut smaller = case.clone();
                smaller.scripts_mut()[script].steps_mut().remove(end - 1);
                accept(&mut case, smaller);
                end -= 1;
            }
            let last = script >= sources && script + 1 == case.scripts().len();
            if last && case.scripts()[script].steps().is_empty() {
                let mut smaller = case.clone();
                smaller.scripts_mut().pop();
                accept(&mut case, smaller);
            }
        }
        if case.hint() != SizeHint::Exact {
            let smaller = case.clone().with_size_hint(SizeHint::Exact);
            accept(&mut case, smaller);
        }
        for n in 0..case.moves().len() {
            let mut smaller = case.clone();
            let plain = match smaller.moves()[n] {
                Move::PollWithNewWaker(task) => Move::Poll(task),
                Move::Poll(_) | Move::Wake(_) => Move::Turn,
                other => other,
            };
            if mem::replace(&mut smaller.moves_mut()[n], plain) != plain {
                accept(&mut case, smaller);
            }
            for lower in 0..case.moves_mut()[n].index_mut().map_or(0, |index| *index) {
                let mut smaller = case.clone();
                smaller.moves_mut()[n].index_mut().into_iter().for_each(|index| *index = lower);
                if accept(&mut case, smaller) {
                    break;
                }
            }
        }
        for script in 0..case.scripts().len() {
            for n in 0..case.scripts()[script].steps().len() {
                if case.scripts()[script].steps()[n] == Step::SelfWake {
                    let mut smaller = case.clone();
                    smaller.scripts_mut()[script].steps_mut()[n] = Step::Pending;
                    accept(&mut case, smaller);
                }
            }
        }
        if case == before {
            return case;
        }
    }
}
