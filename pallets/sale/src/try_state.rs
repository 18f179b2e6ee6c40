//! The invariants of the module page, checked on storage.

use crate::{revenue, Config, Pallet, Sold, Spent};
use frame_support::ensure;
use ratio1_primitives::{
    economics::{price::Usd, sale::entity_limit, NODE_COUNT},
    kyc::EntityKind,
    traits::IssueDeeds,
};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check every invariant.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let sold = Sold::<T>::get();
        ensure!(sold <= NODE_COUNT, "more deeds were sold than there are");
        ensure!(sold <= T::Deeds::node_deeds(), "a deed was sold and not issued");
        // An entity's kind is the registrars' to correct; no kind may spend more than a company.
        let most = entity_limit(EntityKind::Company);
        let mut sum: Usd = 0;
        for spent in Spent::<T>::iter_values() {
            ensure!(spent > 0 && spent <= most, "an entity spent too much, or nothing");
            sum = sum.saturating_add(spent);
        }
        ensure!(sum == revenue(sold), "what was spent is not what the deeds sold cost");
        Ok(())
    }
}
