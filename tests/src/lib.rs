//! Programs that must not compile. The tests that span several crates are in `it/`.
//!
//! Each rejected program has a counterpart that compiles and differs only in the tested property.
//! The counterpart shows that the program is not rejected for another reason.

/// The handles of a list of `Rc`s are not `Send`.
///
/// ```
/// fn send(_: impl Send) {}
/// let (pusher, cursor) = aiter::push_list::<Box<u8>>();
/// send(pusher);
/// send(cursor);
/// ```
///
/// ```compile_fail,E0277
/// fn send(_: impl Send) {}
/// let (pusher, _cursor) = aiter::push_list::<std::rc::Rc<u8>>();
/// send(pusher);
/// ```
///
/// ```compile_fail,E0277
/// fn send(_: impl Send) {}
/// let (_pusher, cursor) = aiter::push_list::<std::rc::Rc<u8>>();
/// send(cursor);
/// ```
///
/// ```compile_fail,E0277
/// fn send(_: impl Send) {}
/// let (_pusher, cursor) = aiter::push_list::<std::rc::Rc<u8>>();
/// send(cursor.share());
/// ```
///
/// ```compile_fail,E0277
/// let (pusher, cursor) = aiter::push_list::<std::rc::Rc<u8>>();
/// std::thread::spawn(move || drop(pusher));
/// ```
pub mod list_of_rcs_is_not_send {}

/// A `MutexGuard` is `Sync` but not `Send`, so the handles of a list of guards are neither.
///
/// ```
/// fn send(_: impl Send) {}
/// let mutex = std::sync::Mutex::new(1);
/// let (pusher, _cursor) = aiter::push_list();
/// pusher.push(&mutex).unwrap();
/// send(pusher);
/// ```
///
/// ```compile_fail,E0277
/// fn send(_: impl Send) {}
/// let mutex = std::sync::Mutex::new(1);
/// let (pusher, _cursor) = aiter::push_list();
/// pusher.push(mutex.lock().unwrap()).unwrap();
/// send(pusher);
/// ```
///
/// ```compile_fail,E0277
/// fn sync(_: impl Sync) {}
/// let mutex = std::sync::Mutex::new(1);
/// let (pusher, cursor) = aiter::push_list();
/// pusher.push(mutex.lock().unwrap()).unwrap();
/// sync(cursor);
/// ```
pub mod list_of_guards_is_not_send {}

/// Forks on several threads clone items through shared references, so `fork` requires `T: Sync`.
///
/// ```
/// let (_pusher, cursor) = aiter::push_list::<u8>();
/// cursor.fork();
/// ```
///
/// ```compile_fail,E0277
/// let (_pusher, cursor) = aiter::push_list::<std::cell::Cell<u8>>();
/// cursor.fork();
/// ```
///
/// ```compile_fail,E0277
/// let (pusher, _cursor) = aiter::push_list::<std::cell::Cell<u8>>();
/// pusher.subscribe();
/// ```
///
/// ```compile_fail,E0277
/// let (_pusher, cursor) = aiter::push_list::<std::cell::Cell<u8>>();
/// std::thread::scope(|scope| {
///     scope.spawn(|| cursor.available_iter().count());
/// });
/// ```
///
/// With a single cursor, the handles of the same list can be sent to other threads:
///
/// ```
/// let (pusher, mut cursor) = aiter::push_list();
/// std::thread::spawn(move || pusher.push(std::cell::Cell::new(5))).join().unwrap().unwrap();
/// std::thread::spawn(move || assert_eq!(cursor.try_next().unwrap().get(), 5)).join().unwrap();
/// ```
pub mod fork_needs_sync_items {}

/// Forks clone items, so `fork` requires `T: Clone`. Reads of a single cursor do not.
///
/// ```
/// struct Unique;
/// let (pusher, mut cursor) = aiter::push_list();
/// pusher.push(Unique).unwrap();
/// assert!(cursor.try_next().is_ok());
/// cursor.share();
/// ```
///
/// ```compile_fail,E0277
/// struct Unique;
/// let (_pusher, cursor) = aiter::push_list::<Unique>();
/// cursor.fork();
/// ```
///
/// ```compile_fail,E0277
/// struct Unique;
/// let (pusher, _cursor) = aiter::push_list::<Unique>();
/// pusher.subscribe();
/// ```
pub mod fork_needs_clone_items {}

/// Items of `available_iter` are borrowed from the cursor, so it cannot read or be dropped.
///
/// ```
/// let (_pusher, mut cursor) = aiter::push_list::<u8>();
/// let first = cursor.available_iter().next().copied();
/// let _ = cursor.try_next();
/// drop(first);
/// ```
///
/// ```compile_fail,E0502
/// let (_pusher, mut cursor) = aiter::push_list::<u8>();
/// let first = cursor.available_iter().next();
/// let _ = cursor.try_next();
/// drop(first);
/// ```
///
/// ```compile_fail,E0505
/// let (_pusher, cursor) = aiter::push_list::<u8>();
/// let first = cursor.available_iter().next();
/// drop(cursor);
/// drop(first);
/// ```
pub mod available_items_are_borrowed {}

/// While a `UniquePusher` is alive, the pusher cannot be cloned.
///
/// ```
/// let (mut pusher, _cursor) = aiter::push_list();
/// pusher.unique().unwrap().push(1).unwrap();
/// let other = pusher.clone();
/// other.push(2).unwrap();
/// ```
///
/// ```compile_fail,E0502
/// let (mut pusher, _cursor) = aiter::push_list();
/// let mut unique = pusher.unique().unwrap();
/// let other = pusher.clone();
/// unique.push(1).unwrap();
/// other.push(2).unwrap();
/// ```
pub mod unique_pusher_excludes_clones {}

/// The future of `next_many` borrows its cursor and its buffer until it is dropped.
///
/// ```
/// let (_pusher, mut cursor) = aiter::push_list::<u8>();
/// let mut buf = Vec::new();
/// drop(cursor.next_many(&mut buf, 8));
/// buf.clear();
/// ```
///
/// ```compile_fail,E0499
/// let (_pusher, mut cursor) = aiter::push_list::<u8>();
/// let mut buf = Vec::new();
/// let read = cursor.next_many(&mut buf, 8);
/// buf.clear();
/// drop(read);
/// ```
pub mod next_many_borrows_its_buffer {}

/// `for_each_progress` requires a stream with `Progress`. The error message suggests `preload`.
///
/// ```
/// use aiter::AiterExt;
/// drop(aiter::iter_to_aiter(0..9).preload(1).for_each_progress(async |_| ()));
/// ```
///
/// ```compile_fail,E0277
/// use aiter::AiterExt;
/// drop(aiter::iter_to_aiter(0..9).for_each_progress(async |_| ()));
/// ```
pub mod progress_needs_preload {}

/// The README of the repository, whose programs must compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
