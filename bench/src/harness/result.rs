use super::item::Tally;
use super::role::Role;

/// Times of one contestant, per unit.
#[derive(Clone, Debug)]
pub(crate) struct EntryResult {
    /// Name.
    pub(crate) name: String,
    /// Part that it plays.
    pub(crate) role: Role,
    /// Nanoseconds per unit, round by round.
    pub(crate) nanos: Vec<f64>,
    /// Expected and received, if the two ever differed.
    pub(crate) lost: Option<(Tally, Tally)>,
}

impl EntryResult {
    /// Returns the median round, or the mean of the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        quantile(self.nanos.clone(), 0.5)
    }

    /// Returns the fastest round.
    pub(crate) fn min(&self) -> f64 {
        quantile(self.nanos.clone(), 0.0)
    }

    /// Returns the slowest round.
    pub(crate) fn max(&self) -> f64 {
        quantile(self.nanos.clone(), 1.0)
    }

    /// Returns the median of the ratios to `other`, round by round.
    ///
    /// If a round is slow for both, the ratio of that round does not show it. The ratio of the
    /// medians would.
    pub(crate) fn ratio(&self, other: &Self) -> f64 {
        quantile(self.ratios(other), 0.5)
    }

    /// Returns the quartiles of these ratios, or `None` if there are fewer than four rounds.
    pub(crate) fn spread(&self, other: &Self) -> Option<(f64, f64)> {
        let ratios = self.ratios(other);
        (ratios.len() > 3).then(|| (quantile(ratios.clone(), 0.25), quantile(ratios, 0.75)))
    }

    fn ratios(&self, other: &Self) -> Vec<f64> {
        self.nanos.iter().zip(&other.nanos).map(|(ours, theirs)| ours / theirs).collect()
    }
}

/// Returns the quantile `share` of the values, interpolated linearly.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = share * (values.len() - 1) as f64;
    let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// Position of a group on a curve.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// Name of the horizontal axis.
    pub(crate) axis: String,
    /// Value on that axis.
    pub(crate) x: f64,
}

/// Times of a group.
#[derive(Clone, Debug)]
pub(crate) struct GroupResult {
    /// Name.
    pub(crate) name: String,
    /// Name of a unit.
    pub(crate) unit: String,
    /// Position on a curve.
    pub(crate) place: Option<Place>,
    /// Contestants, in the order in which they were added.
    pub(crate) entries: Vec<EntryResult>,
}

impl GroupResult {
    /// Adds the rounds of another run. If its contestants differ, adds nothing and returns `false`.
    pub(crate) fn add(&mut self, other: &Self) -> bool {
        let names = |group: &Self| {
            group.entries.iter().map(|entry| (entry.name.clone(), entry.role)).collect::<Vec<_>>()
        };
        if names(self) != names(other) {
            return false;
        }
        for (entry, more) in self.entries.iter_mut().zip(&other.entries) {
            entry.nanos.extend_from_slice(&more.nanos);
            entry.lost = entry.lost.or(more.lost);
        }
        true
    }

    /// Returns the peer with the smallest median.
    pub(crate) fn best_peer(&self) -> Option<&EntryResult> {
        self.entries
            .iter()
            .filter(|entry| entry.role == Role::Peer)
            .min_by(|a, b| a.median().total_cmp(&b.median()))
    }

    /// Returns the name of the scenario: the name of the group up to the first slash.
    pub(crate) fn scenario(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Returns the contestant of that name.
    pub(crate) fn entry(&self, name: &str) -> Option<&EntryResult> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratio_is_median_over_rounds() {
        let entry = |nanos: &[f64]| EntryResult {
            name: String::new(),
            role: Role::Aiter,
            nanos: nanos.into(),
            lost: None,
        };
        // The same rounds were slow for both.
        let (ours, theirs) =
            (entry(&[10.0, 50.0, 12.0, 60.0, 11.0]), entry(&[10.0, 50.0, 10.0, 40.0, 10.0]));
        let (low, high) = ours.spread(&theirs).unwrap();
        assert!((low - 1.0).abs() < 1e-9 && (high - 1.2).abs() < 1e-9, "{low} {high}");
        let ratio = ours.ratio(&theirs);
        assert!((ratio - 1.1).abs() < 1e-9, "{ratio}");
        assert_eq!(entry(&[1.0]).spread(&theirs), None);
    }

    #[test]
    fn median_of_even_count_is_mean_of_middle() {
        let entry = EntryResult {
            name: String::new(),
            role: Role::Peer,
            nanos: vec![1.0, 2.0, 4.0, 9.0],
            lost: None,
        };
        assert_eq!(entry.median(), 3.0);
    }
}
