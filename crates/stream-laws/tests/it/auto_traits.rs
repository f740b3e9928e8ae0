//! Auto traits and `Debug` of the public types.

use stream_laws::{
    BrokenLaw, Case, CaseError, CountingWaker, Law, Ledger, NestedSource, Report, ResultSource,
    Script, ScriptedFuture, Source, SourceHandle, Task, Token,
};

#[test]
fn public_types_are_send_and_sync() {
    fn shared<T: Send + Sync + Unpin + 'static>() {}
    shared::<Token>();
    shared::<Source>();
    shared::<ResultSource>();
    shared::<ScriptedFuture>();
    shared::<NestedSource<Source>>();
    shared::<NestedSource<ScriptedFuture>>();
    shared::<SourceHandle>();
    shared::<Ledger>();
    shared::<CountingWaker>();
    shared::<Task<Source>>();
    shared::<(BrokenLaw, Case, CaseError, Law, Report, Script)>();
}

#[test]
fn debug_shows_script_position() {
    let (source, handle) = Source::new("o-|".parse().expect("a script"));
    let text = format!("{handle:?}");
    assert_eq!(
        text,
        "SourceHandle { script: Script(o-|), position: 0, ended: false, dropped: false, polls: 0, \
         .. }"
    );
    assert_eq!(format!("{source:?}"), format!("Source {{ handle: {text} }}"));
    let task = Task::new(source);
    assert_eq!(format!("{task:?}"), "Task { polls: 0, is_woken: false, is_dropped: false, .. }");
}
