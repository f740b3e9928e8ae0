//! The text of a case parses back to the case.

use proptest::{collection::vec, prelude::*};
use stream_laws::{Case, Move, Script, SizeHint, Step};

fn script() -> impl Strategy<Value = Script> {
    let steps = &[Step::Ready, Step::Pending, Step::SelfWake, Step::Error, Step::Panic][..];
    vec(prop::sample::select(steps), 0..6).prop_map(Script::new)
}

fn hint() -> impl Strategy<Value = SizeHint> {
    prop::sample::select(&[SizeHint::Exact, SizeHint::Unknown, SizeHint::Loose, SizeHint::Wide][..])
}

fn step() -> impl Strategy<Value = Move> {
    let n = any::<usize>;
    prop_oneof![
        n().prop_map(Move::Poll),
        n().prop_map(Move::PollWithNewWaker),
        n().prop_map(Move::Wake),
        Just(Move::Turn),
        n().prop_map(Move::SideEffect),
        n().prop_map(Move::Drop),
        n().prop_map(Move::Abandon),
        Just(Move::DropAll),
    ]
}

proptest! {
    #[test]
    fn printed_case_parses_back(
        scripts in vec(script(), 0..4),
        hint in hint(),
        moves in vec(step(), 0..6),
    ) {
        let case = Case::new(scripts).with_size_hint(hint).with_moves(moves);
        prop_assert_eq!(case.to_string().parse(), Ok(case));
    }

    #[test]
    fn parsed_text_prints_the_same(text in "[o`|~: ,()a-z0-9-]{0,40}") {
        if let Ok(case) = text.parse::<Case>() {
            prop_assert_eq!(case.to_string().parse(), Ok(case));
        }
    }
}
