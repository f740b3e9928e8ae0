//! A snapshot as events of the crate `tracing`.

use ::tracing::info;

use crate::inspect::snapshot::Snapshot;

impl Snapshot {
    /// Emits one `tracing` event for each row with a live handle. Requires the feature `tracing`.
    ///
    /// The level is `INFO`, the target `aiter::inspect`, and the message `list` or `stream`. The
    /// fields have the names of the fields of [`ListRow`](crate::inspect::ListRow) and
    /// [`StreamRow`](crate::inspect::StreamRow). What is not known is left out. Times are in
    /// milliseconds: `oldest_ms` and `idle_ms`.
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, push_list};
    ///
    /// let (registry, (pusher, _cursor)) = (Registry::new(), push_list::<u32>());
    /// let _pusher = registry.list("jobs", pusher);
    /// // At the program's own intervals. Without a subscriber, this does nothing.
    /// registry.snapshot().emit_events();
    /// ```
    pub fn emit_events(&self) {
        for row in self.lists.iter().filter(|row| row.live > 0) {
            info!(
                target: "aiter::inspect",
                name = &*row.name,
                live = row.live,
                pushed = row.pushed,
                refused = row.refused,
                retained = row.retained,
                used = row.used,
                capacity = row.capacity,
                pushers = row.pushers,
                cursors = row.cursors,
                waiting = row.waiting,
                stopped = row.stopped,
                oldest_ms = row.oldest.map(|age| age.as_millis() as u64),
                "list"
            );
        }
        for row in self.streams.iter().filter(|row| row.live > 0) {
            info!(
                target: "aiter::inspect",
                name = &*row.name,
                live = row.live,
                polls = row.polls,
                taken = row.taken,
                missed = row.missed,
                lag = row.lag,
                depth = row.depth,
                waiting = row.waiting,
                ended = row.ended,
                oldest_ms = row.oldest.map(|age| age.as_millis() as u64),
                idle_ms = row.idle.map(|idle| idle.as_millis() as u64),
                "stream"
            );
        }
    }
}
