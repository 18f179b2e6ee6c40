//! Reads the files of weights that `scripts/weights` writes, and computes what they charge.
//!
//! Such a file has one form, that of frame-omni-bencher's template, a term on a line. Whatever is of another form is an
//! error: what is skipped would be charged and not be seen.

use super::Components;
use frame_support::weights::RuntimeDbWeight;
use std::collections::{BTreeMap, BTreeSet};

/// What stands before the weights in every file.
const HEAD: [&str; 7] = [
    "#![cfg_attr(rustfmt, rustfmt_skip)]",
    "#![allow(unused_parens)]",
    "#![allow(unused_imports)]",
    "#![allow(missing_docs)]",
    "use frame_support::{traits::Get, weights::Weight};",
    "use core::marker::PhantomData;",
    "pub struct WeightInfo<T>(PhantomData<T>);",
];

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("`{0}` is of no form that weights have")]
    Form(String),
    #[error("these are the weights of {0}, by the file's name of another pallet")]
    OtherPallet(String),
    #[error("`{0}` is not a component of this function")]
    Component(String),
    #[error("{0} was declared before")]
    Twice(String),
    #[error("{0} has no weight")]
    Empty(String),
    #[error("the file ends before its weights do")]
    End,
}

/// An amount, once or as often as a component says.
#[derive(Debug, PartialEq, Eq)]
struct Term {
    amount: u64,
    component: Option<String>,
}

/// The weight of a call or a hook step: picoseconds, reads and writes, each a sum of terms. The size of a proof, which our
/// chain does not charge, is left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Function {
    components: BTreeSet<String>,
    /// Begins with the term that does not depend on a component.
    compute: Vec<Term>,
    reads: Vec<Term>,
    writes: Vec<Term>,
}

/// What a function charges at certain components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Picoseconds without the database.
    pub compute: u64,
    /// Picoseconds for the database.
    pub database: u64,
    /// Reads of which the latter is.
    pub reads: u64,
    /// Writes of which the latter is.
    pub writes: u64,
}

impl Cost {
    /// The whole weight, in picoseconds.
    pub fn all(&self) -> u64 {
        self.compute.saturating_add(self.database)
    }
}

impl Function {
    /// What is charged at these components. None if the function depends on others.
    pub fn cost(&self, at: &Components, prices: RuntimeDbWeight) -> Option<Cost> {
        if !self.components.iter().eq(at.keys()) {
            return None;
        }
        let (reads, writes) = (sum(&self.reads, at)?, sum(&self.writes, at)?);
        let database = prices.reads_writes(reads, writes).ref_time();
        Some(Cost { compute: sum(&self.compute, at)?, database, reads, writes })
    }

    /// Take in one line of the sum.
    fn add(&mut self, line: &str) -> Result<(), Fault> {
        let begun = !self.compute.is_empty();
        let (part, amount, component) = match line.strip_prefix(".saturating_add(") {
            Some(rest) if begun => rest.strip_suffix(')').and_then(term),
            None if !begun => constant(line).map(|amount| (Part::Compute, amount, None)),
            _ => None,
        }
        .ok_or_else(|| Fault::Form(line.into()))?;
        if let Some(component) = component.filter(|c| !self.components.contains(*c)) {
            return Err(Fault::Component(component.into()));
        }
        let terms = match part {
            Part::Compute => &mut self.compute,
            Part::Reads => &mut self.reads,
            Part::Writes => &mut self.writes,
        };
        terms.push(Term { amount, component: component.map(Into::into) });
        Ok(())
    }
}

/// As the runtime adds it up: nothing overflows.
fn sum(terms: &[Term], at: &Components) -> Option<u64> {
    terms.iter().try_fold(0u64, |sum, term| {
        let times = match &term.component {
            Some(component) => u64::from(*at.get(component)?),
            None => 1,
        };
        Some(sum.saturating_add(term.amount.saturating_mul(times)))
    })
}

/// Of what a term is a number.
enum Part {
    Compute,
    Reads,
    Writes,
}

/// What is added, such as `T::DbWeight::get().reads((2_u64).saturating_mul(n.into()))`.
fn term(text: &str) -> Option<(Part, u64, Option<&str>)> {
    let Some(database) = text.strip_prefix("T::DbWeight::get().") else {
        let (text, component) = scaled(text)?;
        return Some((Part::Compute, constant(text)?, component));
    };
    let (of, count) = database.strip_suffix(')')?.split_once('(')?;
    let part = match of {
        "reads" => Part::Reads,
        "writes" => Part::Writes,
        _ => return None,
    };
    let (count, component) = scaled(count)?;
    let count = match component {
        Some(_) => count.strip_prefix('(')?.strip_suffix("_u64)")?,
        None => count,
    };
    Some((part, number(count)?, component))
}

/// `x` and `n` of `x.saturating_mul(n.into())`; `x` alone if nothing multiplies it.
fn scaled(text: &str) -> Option<(&str, Option<&str>)> {
    match text.split_once(".saturating_mul(") {
        Some((text, factor)) => Some((text, Some(factor.strip_suffix(".into())")?))),
        None => Some((text, None)),
    }
}

/// The picoseconds of `Weight::from_parts(picoseconds, bytes)`.
fn constant(text: &str) -> Option<u64> {
    let (time, proof) = text.strip_prefix("Weight::from_parts(")?.strip_suffix(')')?.split_once(", ")?;
    number(proof)?;
    number(time)
}

/// A number with or without `_` between its digits.
fn number(text: &str) -> Option<u64> {
    let known = text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '_');
    text.replace('_', "").parse().ok().filter(|_| known)
}

/// Name and components of `fn name(n: u32, _m: u32, ) -> Weight {`. A component with `_` is one that nothing depends on.
fn signature(line: &str) -> Option<(String, BTreeSet<String>)> {
    let (name, components) = line.strip_prefix("fn ")?.strip_suffix(") -> Weight {")?.split_once('(')?;
    let mut found = BTreeSet::new();
    for component in components.split(',').map(str::trim).filter(|component| !component.is_empty()) {
        let component = component.strip_suffix(": u32")?;
        found.insert(component.strip_prefix('_').unwrap_or(component).into());
    }
    Some((name.into(), found))
}

/// Where the parser is.
enum Place {
    Head,
    Pallet,
    Function(String, Function),
    Done,
}

/// The functions of a pallet's file of weights; or the number of the line that is wrong, and how.
pub fn parse(pallet: &str, text: &str) -> Result<BTreeMap<String, Function>, (usize, Fault)> {
    let (mut place, mut functions) = (Place::Head, BTreeMap::new());
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if !line.is_empty() && !line.starts_with("//") {
            place = step(place, line, pallet, &mut functions).map_err(|fault| (number, fault))?;
        }
    }
    match place {
        Place::Done => Ok(functions),
        _ => Err((text.lines().count(), Fault::End)),
    }
}

/// Take in one line that is not a comment.
fn step(place: Place, line: &str, pallet: &str, functions: &mut BTreeMap<String, Function>) -> Result<Place, Fault> {
    let unknown = || Fault::Form(line.into());
    match place {
        Place::Head if HEAD.contains(&line) => Ok(Place::Head),
        Place::Head => {
            let implemented = line.strip_prefix("impl<T: frame_system::Config> ");
            let implemented = implemented.and_then(|of| of.strip_suffix("::WeightInfo for WeightInfo<T> {"));
            match implemented.ok_or_else(unknown)? {
                of if of == pallet => Ok(Place::Pallet),
                of => Err(Fault::OtherPallet(of.into())),
            }
        }
        Place::Pallet if line == "}" => Ok(Place::Done),
        Place::Pallet => {
            let (name, components) = signature(line).ok_or_else(unknown)?;
            match functions.contains_key(&name) {
                true => Err(Fault::Twice(name)),
                false => Ok(Place::Function(name, Function { components, ..Default::default() })),
            }
        }
        Place::Function(name, function) if line == "}" => {
            if function.compute.is_empty() {
                return Err(Fault::Empty(name));
            }
            functions.insert(name, function);
            Ok(Place::Pallet)
        }
        Place::Function(name, mut function) => {
            function.add(line)?;
            Ok(Place::Function(name, function))
        }
        Place::Done => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICES: RuntimeDbWeight = RuntimeDbWeight { read: 8_000_000, write: 50_000_000 };

    const GOOD: &str = "
//! Autogenerated weights for `pallet_jobs`

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]

use frame_support::{traits::Get, weights::Weight};

/// Weight functions for `pallet_jobs`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> pallet_jobs::WeightInfo for WeightInfo<T> {
	/// Storage: `Jobs::Jobs` (r:1 w:1)
	/// The range of component `n` is `[1, 64]`.
	fn extend(n: u32, _m: u32, ) -> Weight {
		// Minimum execution time: 218_387_000 picoseconds.
		Weight::from_parts(236_110_000, 0)
			.saturating_add(Weight::from_parts(0, 4718))
			// Standard Error: 18_547_969
			.saturating_add(Weight::from_parts(743_254_479, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes((4_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 2990).saturating_mul(n.into()))
	}
	fn plain() -> Weight {
		Weight::from_parts(13_345_000, 0)
	}
}
";

    /// The fault of a file in which something stands for something else, and its line.
    fn fault(what: &str, replaced: &str) -> (usize, Fault) {
        assert!(GOOD.contains(what), "{what}");
        parse("pallet_jobs", &GOOD.replacen(what, replaced, 1)).unwrap_err()
    }

    fn at(components: &[(&str, u32)]) -> Components {
        components.iter().map(|(name, value)| (name.to_string(), *value)).collect()
    }

    #[test]
    fn a_good_file_is_read_and_charges_what_the_runtime_does() {
        let functions = parse("pallet_jobs", GOOD).unwrap();
        assert_eq!(functions.keys().collect::<Vec<_>>(), ["extend", "plain"]);
        let cost = functions["extend"].cost(&at(&[("m", 9), ("n", 64)]), PRICES).unwrap();
        let compute = 236_110_000 + 64 * 743_254_479;
        let (reads, writes) = (10 + 2 * 64, 3 + 4 * 64);
        let database = reads * 8_000_000 + writes * 50_000_000;
        assert_eq!(cost, Cost { compute, database, reads, writes });
        assert_eq!(cost.all(), compute + database);
        let plain = Cost { compute: 13_345_000, database: 0, reads: 0, writes: 0 };
        assert_eq!(functions["plain"].cost(&at(&[]), PRICES), Some(plain));
    }

    #[test]
    fn other_components_than_the_functions_have_no_cost() {
        let functions = parse("pallet_jobs", GOOD).unwrap();
        for components in [&[("n", 64)][..], &[("m", 1), ("n", 1), ("p", 1)], &[("n", 1), ("p", 1)], &[]] {
            assert_eq!(functions["extend"].cost(&at(components), PRICES), None, "{components:?}");
        }
        assert_eq!(functions["plain"].cost(&at(&[("n", 1)]), PRICES), None);
    }

    #[test]
    fn too_much_is_the_most_there_is() {
        let text = GOOD.replace("743_254_479", "18_446_744_073_709_551_615");
        let cost = parse("pallet_jobs", &text).unwrap()["extend"].cost(&at(&[("m", 1), ("n", 2)]), PRICES).unwrap();
        assert_eq!((cost.compute, cost.all()), (u64::MAX, u64::MAX));
    }

    #[test]
    fn an_unknown_form_is_an_error_with_its_line() {
        for (what, replaced) in [
            (".reads(10)", ".reads_writes(10, 1)"),
            (".reads(10)", ".reads(10).saturating_mul(n.into())"),
            (".reads(10)", ".reads(ten)"),
            (".reads(10)", ".reads(10)))"),
            (".saturating_add(T::DbWeight::get().reads(10))", "+ T::DbWeight::get().reads(10)"),
            ("T::DbWeight::get().reads(10)", "Weight::from_parts(1, 0).saturating_mul(n)"),
        ] {
            let (line, fault) = fault(what, replaced);
            assert!(line == 20 && matches!(fault, Fault::Form(_)), "{replaced}: {line}, {fault}");
        }
        for (what, replaced, line) in [
            ("#![allow(unused_parens)]", "use other::Weight;", 5),
            ("Weight::from_parts(236_110_000, 0)", "Weight::zero()", 16),
            ("Weight::from_parts(236_110_000, 0)", ".saturating_add(Weight::from_parts(1, 0))", 16),
            (".saturating_add(Weight::from_parts(0, 4718))", "Weight::from_parts(0, 4718)", 17),
            ("fn plain()", "fn plain(&self)", 26),
        ] {
            let (found, fault) = fault(what, replaced);
            assert!(found == line && matches!(fault, Fault::Form(_)), "{replaced}: {found}, {fault}");
        }
        let (line, fault) = parse("pallet_jobs", &format!("{GOOD}fn more() {{}}\n")).unwrap_err();
        assert_eq!((line, fault), (30, Fault::Form("fn more() {}".into())));
    }

    #[test]
    fn what_does_not_belong_together_is_an_error() {
        let component = |name: &str| Fault::Component(name.into());
        assert_eq!(fault("fn extend(n: u32, _m: u32, )", "fn extend()"), (19, component("n")));
        assert_eq!(fault("(2_u64).saturating_mul(n", "(2_u64).saturating_mul(k"), (21, component("k")));
        assert_eq!(fault("fn plain()", "fn extend()"), (26, Fault::Twice("extend".into())));
        assert_eq!(fault("\t\tWeight::from_parts(13_345_000, 0)\n", ""), (27, Fault::Empty("plain".into())));
        let other = Fault::OtherPallet("pallet_jobs".into());
        assert_eq!(parse("pallet_kyc", GOOD), Err((11, other)));
    }

    #[test]
    fn a_file_that_ends_early_is_an_error() {
        let end = GOOD.find("fn plain").unwrap();
        assert_eq!(parse("pallet_jobs", &GOOD[..end]), Err((26, Fault::End)));
        assert_eq!(parse("pallet_jobs", ""), Err((0, Fault::End)));
    }
}
