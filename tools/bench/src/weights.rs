//! What each call and hook step of our pallets is charged, against what it takes in wasm.
//!
//! Declared is the weight that the runtime charges: by the files of [`DECLARED`], at the largest components that were
//! measured, with the runtime's own prices of the database. It was measured on the machine whose processor those files
//! name: what is compared with it here says whether it still holds, and holds on this machine.
//!
//! Measured is the median of what frame-omni-bencher took, on this machine: the execution of the compiled wasm upon a
//! database in memory, which is read through its trie, with nothing cached and every node read noted for a proof; and
//! the storage root that the bencher takes afterwards. It takes it when it has already put the changes into the trie, so
//! that there is nothing left to hash. Neither hashing what was written nor the disk is in what is measured: they are
//! what the declared reads and writes pay for. So `all` compares more with less, and `compute`, which leaves the
//! database's part of the weight out, and the storage root, compares like with like.

mod declared;
mod measured;

use crate::figures::{Figure, Outcome};
use declared::{Cost, Function};
use frame_support::weights::RuntimeDbWeight;
use measured::Measured;
use ratio1_runtime::Runtime;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

/// The files that `scripts/weights` writes, from the repository's root.
const DECLARED: &str = "runtime/src/weights";
/// Declared over measured where all is well.
const GOAL: RangeInclusive<f64> = 1.0..=3.0;
/// Declared computation over measured below which a call is charged too little, whatever else the machine did.
const LEAST_COMPUTE: f64 = 0.5;
/// Picoseconds, in which weights are, in a microsecond.
const PS_PER_US: f64 = 1e6;

/// What people have to know to read the table.
pub const NOTE: &str = "\
weights: declared is what is charged at a benchmark's largest components: runtime/src/weights, with the runtime's prices
of reads and writes. Measured is the median time on this machine in compiled wasm: execution on a database in memory,
read through its trie, nothing cached, a proof being noted; and the storage root that the bencher takes afterwards, when
nothing is left to hash. Not measured: the hashing of what was written, and any disk. `all` is the whole weight
against all that is measured; `compute` is the weight without the database against execution alone, like with like;
`database` is that part's share of the weight. The goal is 1 to 3; below 1 too little is charged; `compute` below 0.5
is a failure.";

/// A pallet's crate as Rust has it, and one of its functions or benchmarks.
type Name = (String, String);
/// The values of a benchmark's components.
type Components = BTreeMap<String, u32>;

/// Why weights could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error(
        "weights: cannot read {path}: {source}; run scripts/bench weights, which measures if it is given no folder"
    )]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "weights: {path} has no *.{extension}; run scripts/bench weights, which measures if it is given no folder"
    )]
    Nothing { path: PathBuf, extension: &'static str },
    #[error(
        "weights: {path}:{line}: {fault}; make the file anew with scripts/weights {pallet} or, if its template has \
         changed, teach tools/bench/src/weights/declared.rs the new form"
    )]
    Declared { path: PathBuf, line: usize, pallet: String, fault: declared::Fault },
    #[error("weights: {path}: {fault}; measure again with scripts/bench weights")]
    Measured { path: PathBuf, fault: measured::Fault },
}

/// Compare what is declared with what the bencher measured into `folder`. Fails if a weight is far too low, or if
/// something is declared and not measured, or measured and not declared.
pub fn run(folder: &Path) -> Result<Outcome, WeightsError> {
    let (mut functions, mut measurements) = (BTreeMap::new(), BTreeMap::new());
    // The other module of that folder is the list of these.
    for (pallet, path) in files(Path::new(DECLARED), "rs")?.into_iter().filter(|(stem, _)| stem != "mod") {
        let parsed = declared::parse(&pallet, &text(&path)?);
        let parsed =
            parsed.map_err(|(line, fault)| WeightsError::Declared { path, line, pallet: pallet.clone(), fault })?;
        functions.extend(parsed.into_iter().map(|(name, function)| ((pallet.clone(), name), function)));
    }
    for (pallet, path) in files(folder, "json")? {
        let parsed = measured::parse(&pallet, &text(&path)?);
        let parsed = parsed.map_err(|fault| WeightsError::Measured { path, fault })?;
        measurements.extend(parsed.into_iter().map(|(name, measured)| ((pallet.clone(), name), measured)));
    }
    Ok(compare(&functions, &measurements, <Runtime as frame_system::Config>::DbWeight::get()))
}

/// The files of a folder that end in `extension`, by name, each with its name less the ending. None is an error.
fn files(folder: &Path, extension: &'static str) -> Result<BTreeMap<String, PathBuf>, WeightsError> {
    let failed = |source| WeightsError::Read { path: folder.into(), source };
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|e| e == extension) {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            found.insert(stem.unwrap_or_default(), path);
        }
    }
    match found.is_empty() {
        true => Err(WeightsError::Nothing { path: folder.into(), extension }),
        false => Ok(found),
    }
}

fn text(path: &Path) -> Result<String, WeightsError> {
    fs::read_to_string(path).map_err(|source| WeightsError::Read { path: path.into(), source })
}

/// What was both declared and measured.
struct Row<'a> {
    name: &'a Name,
    cost: Cost,
    measured: &'a Measured,
}

impl Row<'_> {
    /// Such as `jobs::draw_step(p=64)`.
    fn label(&self) -> String {
        let (pallet, function) = self.name;
        let at: Vec<_> = self.measured.at.iter().map(|(component, value)| format!("{component}={value}")).collect();
        format!("{}::{function}({})", pallet.trim_start_matches("pallet_"), at.join(", "))
    }

    /// The whole weight against all that was measured.
    fn all(&self) -> Figure {
        against_measured(format!("weights/{}/all", self.label()), self.cost.all(), self.measured.all)
    }

    /// The weight without the database against execution alone.
    fn compute(&self) -> Figure {
        against_measured(format!("weights/{}/compute", self.label()), self.cost.compute, self.measured.compute)
    }

    /// The database's part of the weight.
    fn database(&self) -> Figure {
        let Cost { database, reads, writes, .. } = self.cost;
        let (name, against) = (format!("weights/{}/database", self.label()), format!("all: {reads} r, {writes} w"));
        // What is charged nothing at all has no such part.
        Figure::new(name, us(database), "us", against, us(self.cost.all().max(1)))
    }
}

/// A declared weight against a measured time in nanoseconds.
fn against_measured(name: String, declared: u64, measured: f64) -> Figure {
    let measured = measured / 1e3;
    Figure::new(name, us(declared), "us", format!("measured {measured:.1} us"), measured)
}

fn us(weight: u64) -> f64 {
    weight as f64 / PS_PER_US
}

/// Every function against its benchmark: first the whole weights, then those without the database, then the database's
/// shares, each from the lowest ratio to the highest; and how many of the first are as they should be.
fn compare(
    functions: &BTreeMap<Name, Function>,
    measurements: &BTreeMap<Name, Measured>,
    prices: RuntimeDbWeight,
) -> Outcome {
    let (mut outcome, mut rows) = (Outcome::default(), Vec::new());
    for name in functions.keys().chain(measurements.keys()).collect::<BTreeSet<_>>() {
        match pair(name, functions.get(name), measurements.get(name), prices) {
            Ok(row) => rows.push(row),
            Err(failure) => outcome.failures.push(failure),
        }
    }
    for row in &rows {
        let Figure { value, ratio, .. } = row.compute();
        outcome.require(ratio >= LEAST_COMPUTE, || {
            format!(
                "weights: {} is charged {value:.1} us of computation, {ratio:.2} of what it takes, less than \
                 {LEAST_COMPUTE}: measure it anew with scripts/weights {} on an idle machine, or mend what made it slower",
                row.label(),
                row.name.0
            )
        });
    }
    for figure in [Row::all, Row::compute, Row::database] {
        let mut figures: Vec<_> = rows.iter().map(figure).collect();
        figures.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
        outcome.figures.extend(figures);
    }
    let summary = summary(&outcome.figures[..rows.len()]);
    outcome.figures.extend(summary.into_iter().flatten());
    outcome
}

/// A function and its benchmark, or what is wrong with them.
fn pair<'a>(
    name: &'a Name,
    function: Option<&Function>,
    measured: Option<&'a Measured>,
    prices: RuntimeDbWeight,
) -> Result<Row<'a>, String> {
    let (pallet, benchmark) = name;
    let wrong = |what: &str| {
        format!("weights: {pallet}::{benchmark} {what} make {DECLARED}/{pallet}.rs anew with scripts/weights {pallet}")
    };
    let function = function.ok_or_else(|| wrong("was measured, but has no weight:"))?;
    let measured = measured
        .ok_or_else(|| wrong("has a weight, but was not measured; measure again, or, if its benchmark is gone,"))?;
    let cost = function.cost(&measured.at, prices).ok_or_else(|| {
        let has: Vec<_> = measured.at.keys().map(String::as_str).collect();
        wrong(&format!("has a weight by other components than its benchmark, which has [{}]:", has.join(", ")))
    })?;
    Ok(Row { name, cost, measured })
}

/// How many of these are within the goal, below and above it.
fn summary(figures: &[Figure]) -> Option<[Figure; 3]> {
    let of = figures.len();
    let count = |what: &str, holds: &dyn Fn(f64) -> bool| {
        let found = figures.iter().filter(|figure| holds(figure.ratio)).count();
        Figure::new(format!("weights/{what}"), found as f64, "benchmarks", format!("all {of}"), of as f64)
    };
    let (least, most) = (GOAL.start(), GOAL.end());
    (of > 0).then(|| {
        [
            count(&format!("below {least}: charged too little"), &|ratio| ratio < *least),
            count(&format!("from {least} to {most}"), &|ratio| GOAL.contains(&ratio)),
            count(&format!("above {most}"), &|ratio| ratio > *most),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICES: RuntimeDbWeight = RuntimeDbWeight { read: 8_000_000, write: 50_000_000 };

    fn name(function: &str) -> Name {
        ("pallet_jobs".into(), function.into())
    }

    /// A function of 100 us and a read, and one of 300 us.
    fn functions() -> BTreeMap<Name, Function> {
        let text = "\
            impl<T: frame_system::Config> pallet_jobs::WeightInfo for WeightInfo<T> {
                fn first() -> Weight {
                    Weight::from_parts(100_000_000, 0)
                        .saturating_add(T::DbWeight::get().reads(1))
                }
                fn second() -> Weight {
                    Weight::from_parts(300_000_000, 0)
                }
            }";
        let parsed = declared::parse("pallet_jobs", text).unwrap();
        parsed.into_iter().map(|(function, weight)| (name(&function), weight)).collect()
    }

    fn measured(us: f64) -> Measured {
        Measured { at: Components::new(), all: us * 1e3 + 500.0, compute: us * 1e3 }
    }

    #[test]
    fn figures_are_sorted_by_ratio_and_counted() {
        let measurements = [(name("first"), measured(99.5)), (name("second"), measured(50.0))].into();
        let outcome = compare(&functions(), &measurements, PRICES);
        assert_eq!(outcome.failures, Vec::<String>::new());
        let figures: Vec<_> = outcome.figures.iter().map(|f| (f.name.as_str(), f.value, f.against.as_str())).collect();
        let expected = [
            ("weights/jobs::first()/all", 108.0, "measured 100.0 us"),
            ("weights/jobs::second()/all", 300.0, "measured 50.5 us"),
            ("weights/jobs::first()/compute", 100.0, "measured 99.5 us"),
            ("weights/jobs::second()/compute", 300.0, "measured 50.0 us"),
            ("weights/jobs::second()/database", 0.0, "all: 0 r, 0 w"),
            ("weights/jobs::first()/database", 8.0, "all: 1 r, 0 w"),
            ("weights/below 1: charged too little", 0.0, "all 2"),
            ("weights/from 1 to 3", 1.0, "all 2"),
            ("weights/above 3", 1.0, "all 2"),
        ];
        assert_eq!(figures, expected);
        assert_eq!(outcome.figures[0].ratio, 1.08);
    }

    #[test]
    fn what_is_charged_less_than_half_of_its_computation_fails() {
        let measure = |us| compare(&functions(), &[(name("first"), measured(us))].into(), PRICES).failures;
        assert!(!measure(200.0).iter().any(|failure| failure.contains("first")));
        let failures = measure(201.0);
        assert!(failures.iter().any(|failure| failure.contains("jobs::first() is charged 100.0 us")), "{failures:?}");
    }

    #[test]
    fn what_is_only_declared_or_only_measured_or_has_other_components_fails() {
        let other = Measured { at: [("n".into(), 1)].into(), ..measured(100.0) };
        let measurements = [(name("first"), other), (name("third"), measured(1.0))].into();
        let outcome = compare(&functions(), &measurements, PRICES);
        let failures = outcome.failures.join("\n");
        assert_eq!(outcome.figures.len(), 0);
        assert!(
            failures.contains("pallet_jobs::first has a weight by other components than its benchmark, which has [n]")
        );
        assert!(failures.contains("pallet_jobs::second has a weight, but was not measured"));
        assert!(failures.contains("pallet_jobs::third was measured, but has no weight"));
    }

    #[test]
    fn every_checked_in_file_is_understood() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let files = files(&root.join(DECLARED), "rs").unwrap();
        for (pallet, path) in files.iter().filter(|(stem, _)| *stem != "mod") {
            let functions = declared::parse(pallet, &text(path).unwrap());
            assert!(functions.is_ok_and(|functions| !functions.is_empty()), "{}", path.display());
        }
        assert!(files.len() > 1);
    }
}
