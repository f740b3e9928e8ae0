//! The laws that a case breaks, and the attribution of findings to laws.

use alloc::vec::Vec;

use super::{Laws, broken_law::BrokenLaw};
use crate::{
    case::{Case, Move, shrink::shrink},
    driver::{Finding, Run},
    law::Law,
    relation::Relation,
    source::factory::SourceFactory,
};

/// A finding and the case that shows it.
#[derive(Clone)]
pub(super) struct CaseFinding {
    pub(super) case: Case,
    pub(super) finding: Finding,
}

impl CaseFinding {
    pub(super) fn broken(self, seed: u64) -> BrokenLaw {
        let Self { case, finding: Finding { law, step, message, .. } } = self;
        BrokenLaw { law, seed, case, step, message }
    }
}

impl Laws {
    /// Returns the stated relation.
    ///
    /// # Panics
    /// Panics if no relation was stated.
    #[track_caller]
    pub(super) fn relation(&self) -> Relation {
        self.relation.unwrap_or_else(|| {
            panic!(
                "{}: state the relation of the items with `expect`; `Relation::Any` checks none",
                self.name
            )
        })
    }

    /// Returns the laws that a case breaks, each once.
    pub(super) fn examine(&self, case: &Case, relation: Relation) -> Vec<CaseFinding> {
        let mut all = Vec::<CaseFinding>::new();
        for finding in self.run_case(case, relation) {
            let found = self.attribute(case.clone(), finding, relation);
            let law = found.finding.law;
            let excepted = self.excepted.iter().any(|(excepted, _)| *excepted == law);
            if !excepted && all.iter().all(|known| known.finding.law != law) {
                all.push(found);
            }
        }
        all
    }

    fn run_case(&self, case: &Case, relation: Relation) -> Vec<Finding> {
        let factory = SourceFactory::new(case);
        let parts = (self.build)(&factory);
        Run::new(factory, parts, self.promises, relation).run(case.moves())
    }

    /// Attributes a finding to the law that explains it.
    ///
    /// - A hang or a leak breaks L6 if it disappears without the panics of the case.
    /// - A hang breaks L8 if it disappears without the drops.
    /// - A hang or a lost item breaks L11 if it disappears without the abandoned tasks. A lost item
    ///   does not count for [`Relation::Subsequence`].
    fn attribute(&self, case: Case, finding: Finding, relation: Relation) -> CaseFinding {
        let law = finding.law;
        let still = |milder: &Case| {
            self.run_case(milder, relation).into_iter().find(|found| found.law == law)
        };
        let milder = case.without_panics();
        if matches!(law, Law::L2 | Law::L5) && !milder.is_empty() {
            return match milder.into_iter().find_map(|milder| Some((still(&milder)?, milder))) {
                Some((finding, milder)) => self.attribute(milder, finding, relation),
                None => CaseFinding { case, finding: Finding { law: Law::L6, ..finding } },
            };
        }
        let without_drops = case.without_moves(|step| matches!(step, Move::Drop(_)));
        if let (Law::L2, Some(milder)) = (law, without_drops) {
            return match still(&milder) {
                Some(finding) => self.attribute(milder, finding, relation),
                None => CaseFinding { case, finding: Finding { law: Law::L8, ..finding } },
            };
        }
        let stalled = match law {
            Law::L2 | Law::L3 => true,
            Law::Items => !matches!(relation, Relation::Subsequence),
            _ => false,
        };
        let without_abandons = case.without_moves(|step| matches!(step, Move::Abandon(_)));
        if let (true, Some(milder)) = (stalled, without_abandons) {
            return match still(&milder) {
                Some(finding) => CaseFinding { case: milder, finding },
                None => CaseFinding { case, finding: Finding { law: Law::L11, ..finding } },
            };
        }
        CaseFinding { case, finding }
    }

    pub(super) fn shrink(&self, seed: u64, found: CaseFinding, relation: Relation) -> BrokenLaw {
        let law = found.finding.law;
        let find = |case: &Case| {
            self.examine(case, relation).into_iter().find(|new| new.finding.law == law)
        };
        let sources = self.generator.sources;
        let case = shrink(found.case.clone(), sources, |case| find(case).is_some());
        // A finding that depends on chance may not be reproducible.
        find(&case).unwrap_or(found).broken(seed)
    }
}
