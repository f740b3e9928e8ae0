//! The auto traits of the public types are part of what they promise.

use stream_laws::{
    Broken, Case, CaseError, Control, CountingWaker, Law, Ledger, Outer, Report, Results, Script,
    Source, Task, Token, Work,
};

#[test]
fn what_adapters_hold_can_go_to_other_threads() {
    fn shared<T: Send + Sync + Unpin + 'static>() {}
    shared::<Token>();
    shared::<Source>();
    shared::<Results>();
    shared::<Work>();
    shared::<Outer<Source>>();
    shared::<Outer<Work>>();
    shared::<Control>();
    shared::<Ledger>();
    shared::<CountingWaker>();
    shared::<Task<Source>>();
    shared::<(Broken, Case, CaseError, Law, Report, Script)>();
}

#[test]
fn debug_shows_where_a_script_stands() {
    let (source, control) = Source::new("o-|".parse().expect("a script"));
    let text = format!("{control:?}");
    assert_eq!(
        text,
        "Control { script: Script(o-|), at: 0, ended: false, dropped: false, polls: 0, .. }"
    );
    assert_eq!(format!("{source:?}"), format!("Source {{ control: {text} }}"));
    let task = Task::new(source);
    assert_eq!(format!("{task:?}"), "Task { polls: 0, is_woken: false, is_dropped: false, .. }");
}
