//! Why bars are missed.

/// Title of a bar, and the reason why it is missed.
pub(crate) const REASONS: [(&str, &str); 32] = [
    (
        "`push`, one thread",
        "A push takes two read-modify-writes: one claims, one publishes. With fewer, one producer \
         would wait for another. Kanal's push and pop each take one read-modify-write and one \
         store, behind a lock whose holder may be preempted. In bursts of one, each \
         read-modify-write also waits for the stores before it. With a million items queued, \
         blocks come from the allocator, and memory comes from the kernel.",
    ),
    (
        "64-byte items, one thread",
        "The same as for `push`, and the moves of the items. With a million items queued, half of \
         the time is the kernel's, which zeroes new pages for every contestant.",
    ),
    (
        "unique pusher, one thread",
        "One read-modify-write is left. It publishes, and it tells whether a cursor sleeps. \
         Without it, a wake-up would be lost or readers would have to spin. In bursts of one it \
         waits for the stores before it. In long bursts, a block is taken and given back for every \
         57 items.",
    ),
    (
        "`push_all` and `next_many`, one thread",
        "An item takes 27 instructions and a sixth of a read-modify-write. Most of them move it \
         from the caller's iterator into a buffer, then into the block, then into the caller's \
         vector. The iterator is user code, so it must not run between a claim and its \
         publication.",
    ),
    ("the same, against the peers' own runs", "The same as above."),
    ("unique pusher, against the peers' own runs", "The same as above, without the buffer."),
    (
        "a stream across two threads",
        "The second read-modify-write is on a line that the reader looks at. A unique pusher moves \
         the same lines with one read-modify-write, and reaches the bar.",
    ),
    (
        "several producers",
        "There are two cores. The scheduler chooses which two threads run at the same time, and \
         for how long. On cores of the Zen 3 kind the ratios were 0.61, 0.64 and 0.57.",
    ),
    (
        "shared consumers",
        "Both take the same four read-modify-writes. The ratio depends on how the takers sleep: \
         with a load beside it, it was 0.7 to 0.9, and on cores of the Zen 3 kind 1.2 to 1.9.",
    ),
    (
        "readers that all see everything",
        "Each item is cloned by a call through a pointer, so that a `Cursor<T>` that is never \
         forked needs no `T: Clone`. Such a call takes 1.1 ns even if it does nothing, and the bar \
         with 64 readers is at 0.9 ns. So one by one, the bar cannot be reached. In runs, one call \
         clones all items of a block.",
    ),
    (
        "the same, in runs",
        "The items are pushed one by one, with two read-modify-writes each. With one reader that \
         is nearly all of the time, with eight readers a third.",
    ),
    (
        "readers on a thread of their own",
        "The same as on one thread: with many readers the producer is done early.",
    ),
    (
        "these in runs",
        "It takes 0.8 ns to find an item, clone it into the vector and read it there. The backlog \
         is larger than the first cache.",
    ),
    (
        "join of streams that are ready",
        "The floor polls a `Vec` of the same streams in turn. It can neither sleep nor lose a \
         stream, and it is at the bar already. The join adds less than half of what the peer adds: \
         a look at which streams were woken, and the turns.",
    ),
    (
        "join of streams that are woken one by one",
        "An item takes five read-modify-writes, a quarter of its time: two for the wake-up, one to \
         take the stream from the ready queue, one before the stream sleeps, one before the task \
         sleeps. With fewer, a wake-up would be lost. With 10,000 streams the caches decide. \
         MergeBounded holds all streams, wakers and links in two blocks of memory, for a fixed \
         number of streams. In the join, streams come and go, so each has an allocation of its \
         own.",
    ),
    (
        "`map_par`, calls that are done at once",
        "Up to twice the window of calls may be done and not taken, so that calls go on while the \
         consumer works. So each result passes through a queue, which takes a third of the 124 \
         instructions. The peer has no such queue: it returns what it has just polled. The rest \
         builds, polls and drops the call in its place, with a waker of its own.",
    ),
    (
        "`map_par`, calls that wait once",
        "The calls alone, which the floor makes as well, take 0.57 of the peer's time. The bar \
         leaves a nanosecond for places, wakers, turns and the queue of results, which take 285 \
         instructions.",
    ),
    (
        "forks of a stream, one thread",
        "The floor reaches the bar, but it keeps all items and works in one task only. The rest of \
         the time is spent to drop items that all forks have read, to move the last clone out and \
         to wake sleeping forks. With two forks, each second delivery takes a turn at the source, \
         two read-modify-writes.",
    ),
    (
        "forks of a stream, two threads",
        "Each item takes a turn at the source, whose gate goes from core to core.",
    ),
    (
        "ping-pong across two threads, asleep",
        "A tie: the kernel puts two threads to sleep and wakes them.",
    ),
    (
        "ping-pong, spinning",
        "A poll that finds nothing registers a waker, so each push finds a sleeping cursor. The \
         two take seven read-modify-writes, on five cache lines that go from core to core: tail, \
         block, item, front of the wait queue, waiter. Any number of cursors of three kinds may \
         sleep, and a notifier may be interrupted at any point without delaying another party. The \
         peers keep one waker beside the items. If the machine runs both threads on one core, the \
         peers take 110 ns and the push list takes 300 to 800.",
    ),
    (
        "iterating over what is ready",
        "A loop over `pollster::block_on` is written for one stream: a poll and a branch. The \
         iterator also records the end and keeps its parker, which takes a quarter of a \
         nanosecond.",
    ),
    (
        "iterating, across threads",
        "A tie: the same waits for the same cache lines, or the same sleeps in the kernel.",
    ),
    (
        "`map_par_with`, a slow consumer, against its body alone",
        "With a window of 1, nothing hides the delay of a timer. The peers with tasks are as late.",
    ),
    (
        "resident memory kept by a drained burst",
        "The list goes on in its newest block, and glibc gives memory back from its end only. The \
         list itself keeps one block, 512 bytes, which `ci/budget.sh` counts.",
    ),
    (
        "bounded, fill and drain, 3 readers",
        "A read takes one read-modify-write more than in an unbounded list. It tells whether a \
         producer waits for this step. It takes 2 ns of 4.6 ns. `next_many` takes one for each \
         run.",
    ),
    (
        "the same, against kanal",
        "Kanal keeps its items in a ring behind a lock, so a reader frees room by the same step \
         that takes the item. Here the room is a word of its own, because readers fork and each \
         has a position. A push takes three read-modify-writes, and a read takes one.",
    ),
    (
        "bounded, tasks of one thread, room for 1",
        "A tie. Each push waits for its reader, and each item takes two wake-ups.",
    ),
    ("bounded, two threads, 16 readers, room for 1024", "A tie with the bar: 0.33 to 0.39."),
    ("bounded, fill and drain, 16 readers", "The same as with 3 readers."),
    (
        "bounded, a thread for each reader, room for 16",
        "Four threads share two cores. A woken cursor sleeps again after a few hundred \
         nanoseconds, so the kernel lets it preempt the producer on its core at each push: 13,000 \
         times in 20,000 pushes. A reader of async-broadcast takes more time, so the producer goes \
         on until the queue is full: 1,000 times. With a `block_on` that locks a mutex to wake, as \
         that of pollster 0.4 does, the ratio is 0.5 to 0.7.",
    ),
    ("bounded, a thread for each reader, room for 1024", "The same as with room for 16."),
];
