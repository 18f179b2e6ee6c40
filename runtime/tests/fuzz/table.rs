//! What became of the calls.

use codec::Decode;
use frame_support::traits::GetCallMetadata;
use ratio1_runtime::{Runtime, RuntimeCall, RuntimeError};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    ApplyExtrinsicResult, DispatchError,
};
use std::{collections::BTreeMap, fmt};

/// How often each call ended in which way.
#[derive(Clone, Default)]
pub struct Table(BTreeMap<String, BTreeMap<String, u64>>);

/// What a call that succeeds is counted under.
const OK: &str = "Ok";

/// `Pallet.call`.
pub fn name(call: &RuntimeCall) -> String {
    let metadata = call.get_call_metadata();
    format!("{}.{}", metadata.pallet_name, metadata.function_name)
}

impl Table {
    pub fn count(&mut self, call: &str, outcome: String) {
        *self.0.entry(call.into()).or_default().entry(outcome).or_default() += 1;
    }

    pub fn merge(&mut self, other: &Self) {
        for (call, outcomes) in &other.0 {
            for (outcome, n) in outcomes {
                *self.0.entry(call.clone()).or_default().entry(outcome.clone()).or_default() += n;
            }
        }
    }

    /// How often `call` ended with `outcome`.
    pub fn of(&self, call: &str, outcome: &str) -> u64 {
        self.0.get(call).and_then(|outcomes| outcomes.get(outcome)).copied().unwrap_or(0)
    }

    /// How often `call` succeeded.
    pub fn successes(&self, call: &str) -> u64 {
        self.of(call, OK)
    }

    /// How often calls ended with `outcome`, whatever it carries, by themselves or inside another.
    pub fn reached(&self, outcome: &str) -> u64 {
        let is_it =
            |name: &str| name.strip_prefix(outcome).is_some_and(|rest| rest.is_empty() || rest.starts_with('('));
        let hit = |(name, n): (&String, &u64)| is_it(name.trim_start_matches("> ")).then_some(*n);
        self.0.values().flatten().filter_map(hit).sum()
    }

    pub fn total(&self) -> u64 {
        self.0.values().flat_map(|outcomes| outcomes.values()).sum()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let oks: u64 = self.0.keys().map(|call| self.successes(call)).sum();
        writeln!(f, "{} calls, {:.1} % Ok", self.total(), 100.0 * oks as f64 / self.total().max(1) as f64)?;
        writeln!(f, "{:34} {:>7} {:>6}  errors", "call", "times", "Ok %")?;
        for (call, outcomes) in &self.0 {
            let times: u64 = outcomes.values().sum();
            let share = 100.0 * self.successes(call) as f64 / times.max(1) as f64;
            let mut errors: Vec<_> = outcomes.iter().filter(|(outcome, _)| *outcome != OK).collect();
            errors.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
            // An error of the call's own pallet goes without the pallet's name.
            let own = format!("{}.", call.split('.').next().unwrap_or_default());
            let errors: Vec<_> = errors.iter().map(|(e, n)| format!("{} {n}", e.replace(&own, ""))).collect();
            writeln!(f, "{call:34} {times:>7} {share:>6.1}  {}", errors.join(", "))?;
        }
        Ok(())
    }
}

/// The outcome's name: `Ok`, `Pallet.Error`, `Invalid.Payment`, or `> Pallet.Error` for a call that succeeded but
/// carried one that did not.
pub fn outcome(call: &RuntimeCall, result: &ApplyExtrinsicResult, inner: Option<DispatchError>) -> String {
    match (result, inner) {
        (Ok(Ok(())), None) => OK.into(),
        (Ok(Ok(())), Some(error)) => format!("> {}", error_name(&error)),
        (Ok(Err(error)), _) => error_name(error),
        (Err(error), _) => refusal_name(call, error),
    }
}

/// `Pallet.Error`, also of an error that was stored and lost its words.
pub fn error_name(error: &DispatchError) -> String {
    match RuntimeError::from_dispatch_error(*error) {
        Some(error) => {
            let name = format!("{error:?}").replacen('(', ".", 1);
            name.strip_suffix(')').unwrap_or(&name).into()
        }
        None => format!("{error:?}"),
    }
}

/// A refusal of authorised calls carries the index of their pallet's error.
fn refusal_name(call: &RuntimeCall, error: &TransactionValidityError) -> String {
    let TransactionValidityError::Invalid(error) = error else { return format!("{error:?}") };
    match (call, error) {
        (RuntimeCall::Rewards(_), InvalidTransaction::Custom(n)) => {
            format!("Rewards.{:?}", pallet_rewards::Error::<Runtime>::decode(&mut &[*n][..]).unwrap())
        }
        (RuntimeCall::Availability(_), InvalidTransaction::Custom(n)) => {
            format!("Availability.{:?}", pallet_availability::Error::<Runtime>::decode(&mut &[*n][..]).unwrap())
        }
        (RuntimeCall::Nodes(_), InvalidTransaction::Custom(n)) => {
            format!("Nodes.{:?}", pallet_nodes::Error::<Runtime>::decode(&mut &[*n][..]).unwrap())
        }
        (RuntimeCall::Jobs(_), InvalidTransaction::Custom(n)) => {
            format!("Jobs.{:?}", pallet_jobs::Error::<Runtime>::decode(&mut &[*n][..]).unwrap())
        }
        _ => format!("Invalid.{error:?}"),
    }
}
