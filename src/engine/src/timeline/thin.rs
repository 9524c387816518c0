//! Choice of the moment to remove: recent ones stay dense, older ones thin out, and the beginning of a run,
//! where a picture changes most, is spaced by the logarithm of its steps.

use super::Moment;

/// Number of newest moments that always stay.
const FRESH: usize = 12;
/// Seconds added to a moment's age, so that spacing in the last minute is coarse.
const GRACE: f64 = 20.0;

/// Index of the moment whose removal leaves the smallest gap; `None` if all must stay: the ends of a run,
/// pinned moments, the newest.
pub fn least_missed(moments: &[Moment]) -> Option<usize> {
    let now = moments.last()?.at;
    let last = moments.len().saturating_sub(FRESH);
    let gap = |index: usize| {
        let (before, this, after) = (&moments[index - 1], &moments[index], &moments[index + 1]);
        if this.pinned || before.run != this.run || after.run != this.run {
            return f64::INFINITY;
        }
        let in_time = (after.at - before.at).max(0.0) / (now - this.at + GRACE);
        let log = |step: u32| f64::from(step + 1).ln();
        let in_steps = log(after.step) - log(before.step);
        // A change of settings is worth more than the moments between two changes.
        let worth = if this.changed || after.changed { 4.0 } else { 1.0 };
        in_time.max(in_steps) * worth
    };
    (1..last)
        .map(|index| (index, gap(index)))
        .filter(|(_, gap)| gap.is_finite())
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(index, _)| index)
        // A timeline of only run boundaries and pins must be bounded too.
        .or_else(|| (0..last).find(|&index| !moments[index].pinned))
}
