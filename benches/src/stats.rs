//! Samples and their percentiles.

/// Durations in ms, kept sorted.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Sorts the samples.
    pub fn new(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }

    /// The value that `percent` of the samples do not exceed (nearest rank),
    /// 0 without samples.
    pub fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }

    /// The median.
    pub fn median(&self) -> f64 {
        self.percentile(50)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let samples = Samples::new((1..=100).rev().map(f64::from).collect());
        for (percent, expected) in [(1, 1.0), (50, 50.0), (99, 99.0), (100, 100.0)] {
            assert!((samples.percentile(percent) - expected).abs() < f64::EPSILON);
        }
        assert!((Samples::new(vec![7.0]).percentile(99) - 7.0).abs() < f64::EPSILON);
        assert!(Samples::default().median().abs() < f64::EPSILON);
    }
}
