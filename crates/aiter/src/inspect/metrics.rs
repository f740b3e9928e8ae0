//! A snapshot as metrics of the crate `metrics`.

use core::time::Duration;

use ::metrics::{counter, gauge};

use crate::inspect::snapshot::Snapshot;

impl Snapshot {
    /// Records all rows with the recorder of the crate `metrics`. Requires the feature `metrics`.
    ///
    /// The label `name` has the name of the row. Totals are counters, which are set to their
    /// absolute values. So take snapshots of one registry for one recorder, and record each of them
    /// once, in order. What is not known is not recorded. Rows without a live handle are recorded
    /// as well, so their gauges return to 0.
    ///
    /// | counter | gauge |
    /// |---|---|
    /// | `aiter_list_pushed_total` | `aiter_list_live` |
    /// | `aiter_list_refused_total` | `aiter_list_retained` |
    /// | | `aiter_list_used` |
    /// | | `aiter_list_capacity` |
    /// | | `aiter_list_pushers` |
    /// | | `aiter_list_cursors` |
    /// | | `aiter_list_waiting` |
    /// | | `aiter_list_oldest_seconds` |
    /// | `aiter_stream_polls_total` | `aiter_stream_live` |
    /// | `aiter_stream_taken_total` | `aiter_stream_lag` |
    /// | `aiter_stream_missed_total` | `aiter_stream_depth` |
    /// | | `aiter_stream_waiting` |
    /// | | `aiter_stream_oldest_seconds` |
    /// | | `aiter_stream_idle_seconds` |
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, push_list};
    ///
    /// let (registry, (pusher, _cursor)) = (Registry::new(), push_list::<u32>());
    /// let _pusher = registry.list("jobs", pusher);
    /// // At the program's own intervals. Without a recorder, this does nothing.
    /// registry.snapshot().record_metrics();
    /// ```
    pub fn record_metrics(&self) {
        for row in &self.lists {
            let name = || row.name.clone();
            counter!("aiter_list_pushed_total", "name" => name()).absolute(row.pushed);
            counter!("aiter_list_refused_total", "name" => name()).absolute(row.refused);
            gauge!("aiter_list_live", "name" => name()).set(row.live as f64);
            gauge!("aiter_list_retained", "name" => name()).set(row.retained as f64);
            gauge!("aiter_list_pushers", "name" => name()).set(row.pushers as f64);
            gauge!("aiter_list_cursors", "name" => name()).set(row.cursors as f64);
            gauge!("aiter_list_waiting", "name" => name()).set(row.waiting as f64);
            gauge!("aiter_list_oldest_seconds", "name" => name()).set(seconds(row.oldest));
            if let Some(used) = row.used {
                gauge!("aiter_list_used", "name" => name()).set(used as f64);
            }
            if let Some(capacity) = row.capacity {
                gauge!("aiter_list_capacity", "name" => name()).set(capacity as f64);
            }
        }
        for row in &self.streams {
            let name = || row.name.clone();
            counter!("aiter_stream_polls_total", "name" => name()).absolute(row.polls);
            counter!("aiter_stream_taken_total", "name" => name()).absolute(row.taken);
            counter!("aiter_stream_missed_total", "name" => name()).absolute(row.missed);
            gauge!("aiter_stream_live", "name" => name()).set(row.live as f64);
            gauge!("aiter_stream_depth", "name" => name()).set(row.depth as f64);
            gauge!("aiter_stream_waiting", "name" => name()).set(row.waiting as f64);
            gauge!("aiter_stream_oldest_seconds", "name" => name()).set(seconds(row.oldest));
            gauge!("aiter_stream_idle_seconds", "name" => name()).set(seconds(row.idle));
            if let Some(lag) = row.lag {
                gauge!("aiter_stream_lag", "name" => name()).set(lag as f64);
            }
        }
    }
}

fn seconds(time: Option<Duration>) -> f64 {
    time.unwrap_or_default().as_secs_f64()
}
