use aiter::{LossyCursor, LossyPolicy, LossyPusher, PushError, bounded_lossy, prelude::*};

use crate::Reading;

/// The hub. The recorder receives every reading, and no dashboard delays a device.
///
/// A clone is a handle for one more device.
#[derive(Clone, Debug)]
pub struct Hub {
    recorder: BoundedPusher<Reading>,
    dashboards: LossyPusher<Reading>,
}

impl Hub {
    /// Makes a hub, and the cursor of its recorder. Devices wait while the recorder is `cap`
    /// readings behind. A dashboard that is further behind misses readings.
    pub fn new(cap: usize) -> (Self, BoundedCursor<Reading>) {
        let (recorder, readings) = bounded(cap);
        let (dashboards, _) = bounded_lossy(cap, LossyPolicy::DropOldest);
        (Self { recorder, dashboards }, readings)
    }

    /// Hands a reading to the recorder, and then to the dashboards.
    ///
    /// # Errors
    /// Returns the reading if the recorder is gone or the hub was stopped.
    pub async fn push(&self, reading: Reading) -> Result<(), PushError<Reading>> {
        self.recorder.push(reading).await?;
        // Without a dashboard, the reading comes back.
        let _ = self.dashboards.push(reading);
        Ok(())
    }

    /// Makes a dashboard, which sees the readings from now on.
    pub fn dashboard(&self) -> LossyCursor<Reading> {
        self.dashboards.subscribe()
    }

    /// Ends both lists behind the readings that were pushed before.
    pub fn stop(&self) {
        self.recorder.stop();
        self.dashboards.stop();
    }
}
