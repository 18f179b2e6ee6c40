//! Reads what frame-omni-bencher measured.

use super::Components;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is wrong with a file of measurements.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("this is not what frame-omni-bencher writes: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it holds a measurement of {0}, by its name of another pallet")]
    OtherPallet(String),
    #[error("{0} was measured twice")]
    Twice(String),
    #[error("{0} was not measured once")]
    Nothing(String),
    #[error("{0} took no time at its largest components, by a clock that stood still")]
    NoTime(String),
}

/// All measurements of a benchmark. The bencher counts reads and writes apart from these, which it takes without counting.
#[derive(Deserialize)]
struct Batch {
    pallet: String,
    benchmark: String,
    time_results: Vec<Sample>,
}

/// One measurement, in nanoseconds.
#[derive(Deserialize)]
struct Sample {
    components: Vec<(String, u32)>,
    extrinsic_time: u64,
    storage_root_time: u64,
}

/// What a benchmark took at its largest components: medians, in nanoseconds.
#[derive(Debug, PartialEq)]
pub struct Measured {
    /// The components.
    pub at: Components,
    /// Execution and the storage root that the bencher takes afterwards.
    pub all: f64,
    /// Execution alone.
    pub compute: f64,
}

/// The benchmarks of a pallet, from what the bencher wrote.
pub fn parse(pallet: &str, text: &str) -> Result<BTreeMap<String, Measured>, Fault> {
    let mut found = BTreeMap::new();
    for batch in serde_json::from_str::<Vec<Batch>>(text)? {
        if batch.pallet != pallet {
            return Err(Fault::OtherPallet(batch.pallet));
        }
        let measured = largest(&batch)?;
        if found.insert(batch.benchmark.clone(), measured).is_some() {
            return Err(Fault::Twice(batch.benchmark));
        }
    }
    Ok(found)
}

/// What was measured where the sum of the components is largest. The bencher leaves all of them at their largest but one,
/// which it moves: the largest of all is among what it measures, but for what it loses where it rounds its steps.
fn largest(batch: &Batch) -> Result<Measured, Fault> {
    let size = |sample: &Sample| sample.components.iter().map(|(_, value)| u64::from(*value)).sum::<u64>();
    let largest = batch.time_results.iter().max_by_key(|sample| (size(sample), &sample.components));
    let at = &largest.ok_or_else(|| Fault::Nothing(batch.benchmark.clone()))?.components;
    let of = |time: fn(&Sample) -> u64| {
        median(batch.time_results.iter().filter(|sample| sample.components == *at).map(time).collect())
    };
    let compute = of(|sample| sample.extrinsic_time);
    if compute == 0.0 {
        return Err(Fault::NoTime(batch.benchmark.clone()));
    }
    let all = of(|sample| sample.extrinsic_time.saturating_add(sample.storage_root_time));
    Ok(Measured { at: at.iter().cloned().collect(), all, compute })
}

/// The middle one, or between the middle two. Of nothing, nothing.
fn median(mut values: Vec<u64>) -> f64 {
    values.sort_unstable();
    let middle = |index: usize| values.get(index).map_or(0.0, |value| *value as f64);
    match values.len() {
        0 => 0.0,
        len => (middle((len - 1) / 2) + middle(len / 2)) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{json, Value};

    fn sample(components: Value, extrinsic_time: u64, storage_root_time: u64) -> Value {
        json!({
            "components": components, "extrinsic_time": extrinsic_time, "storage_root_time": storage_root_time,
            "reads": 0, "repeat_reads": 0, "writes": 0, "repeat_writes": 0, "proof_size": 12,
        })
    }

    fn batch(benchmark: &str, time_results: Vec<Value>) -> Value {
        json!({
            "pallet": "pallet_jobs", "instance": "Jobs", "benchmark": benchmark,
            "time_results": time_results, "db_results": [],
        })
    }

    fn parsed(batches: Vec<Value>) -> Result<BTreeMap<String, Measured>, Fault> {
        parse("pallet_jobs", &json!(batches).to_string())
    }

    #[test]
    fn the_median_at_the_largest_components_counts() {
        let largest = json!([["m", 5], ["n", 64]]);
        let samples = vec![
            sample(json!([["m", 0], ["n", 64]]), 1, 1),
            sample(largest.clone(), 300, 10),
            sample(largest.clone(), 100, 900),
            sample(json!([["m", 5], ["n", 1]]), 1, 1),
            sample(largest.clone(), 200, 20),
        ];
        let found = parsed(vec![batch("extend", samples), batch("plain", vec![sample(json!([]), 7, 1)])]).unwrap();
        let at = [("m".into(), 5), ("n".into(), 64)].into();
        assert_eq!(found["extend"], Measured { at, all: 310.0, compute: 200.0 });
        assert_eq!(found["plain"], Measured { at: Components::new(), all: 8.0, compute: 7.0 });
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_two() {
        assert_eq!([median(vec![4, 1, 2, 9]), median(vec![3]), median(vec![])], [3.0, 3.0, 0.0]);
    }

    #[test]
    fn the_last_step_may_be_rounded_down() {
        // Neither is at its largest in both.
        let samples = vec![sample(json!([["m", 99], ["n", 63]]), 5, 0), sample(json!([["m", 98], ["n", 64]]), 6, 0)];
        let found = parsed(vec![batch("extend", samples)]).unwrap();
        assert_eq!(found["extend"].at, [("m".into(), 99), ("n".into(), 63)].into());
    }

    #[test]
    fn what_is_not_a_measurement_is_an_error() {
        let one = || vec![sample(json!([]), 7, 1)];
        assert!(matches!(parse("pallet_jobs", "[{}]"), Err(Fault::Json(_))));
        assert!(matches!(parsed(vec![batch("extend", vec![])]), Err(Fault::Nothing(name)) if name == "extend"));
        assert!(matches!(parsed(vec![batch("a", one()), batch("a", one())]), Err(Fault::Twice(name)) if name == "a"));
        let still = vec![sample(json!([]), 0, 1)];
        assert!(matches!(parsed(vec![batch("a", still)]), Err(Fault::NoTime(name)) if name == "a"));
        let other = json!([batch("a", one())]).to_string();
        assert!(matches!(parse("pallet_kyc", &other), Err(Fault::OtherPallet(name)) if name == "pallet_jobs"));
    }
}
