//! The tests that span the crates live in `it/`; here is only what must not compile.
//!
//! Each refused program stands beside one that differs in nothing but the item and compiles, so
//! that it cannot come to be refused for another reason.

/// A list of `Rc`s stays on its thread: neither of its ends is `Send`.
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
pub mod a_list_of_rcs_is_not_send {}

/// A `MutexGuard` is `Sync` and must not leave its thread: nor may a list of them.
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
pub mod a_list_of_guards_is_not_send {}

/// Forks clone from a shared reference, each on its own thread: that asks for `T: Sync`.
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
/// As a plain queue such a list goes from thread to thread:
///
/// ```
/// let (pusher, mut cursor) = aiter::push_list();
/// std::thread::spawn(move || pusher.push(std::cell::Cell::new(5))).join().unwrap().unwrap();
/// std::thread::spawn(move || assert_eq!(cursor.try_next().unwrap().get(), 5)).join().unwrap();
/// ```
pub mod a_fork_needs_sync_items {}

/// Forks clone: that asks for `T: Clone`, and reading alone does not.
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
pub mod a_fork_needs_items_that_clone {}

/// What `available_iter` shows stays where it is while it is looked at.
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

/// A sole pusher is the only one as long as it lives.
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
/// let mut sole = pusher.unique().unwrap();
/// let other = pusher.clone();
/// sole.push(1).unwrap();
/// other.push(2).unwrap();
/// ```
pub mod a_sole_pusher_is_alone {}

/// A read of many borrows its cursor and its buffer until it is done.
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
pub mod a_read_of_many_borrows_its_buffer {}

/// A stream that does not work ahead has no `for_each_progress`; the error says to call `preload`.
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

/// The README of the repository: its programs compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
