//! The one transaction extension of our own.

use crate::*;
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::dispatch::{DispatchClass, DispatchInfo};
use frame_system::RawOrigin;
use scale_info::TypeInfo;
use sp_runtime::{
    impl_tx_ext_default,
    traits::{DispatchInfoOf, Implication, TransactionExtension, ValidateResult},
    transaction_validity::{InvalidTransaction, TransactionSource, ValidTransaction},
};

/// Keeps the operational class for the oracles' votes.
///
/// A quarter of every block is theirs, and operational transactions go before all others. Anybody could sign a call of
/// that class, let it fail, and crowd the votes out for its fee: so no signed transaction may be operational, except by
/// the sudo key where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct OperationalIsForVotes;

impl TransactionExtension<RuntimeCall> for OperationalIsForVotes {
    const IDENTIFIER: &'static str = "OperationalIsForVotes";
    type Implicit = ();
    type Val = ();
    type Pre = ();

    fn weight(&self, _: &RuntimeCall) -> frame_support::weights::Weight {
        // One read, of an operational transaction by a signer only.
        <Runtime as frame_system::Config>::DbWeight::get().reads(1)
    }

    fn validate(
        &self,
        origin: RuntimeOrigin,
        _: &RuntimeCall,
        info: &DispatchInfoOf<RuntimeCall>,
        _: usize,
        _: (),
        _: &impl Implication,
        _: TransactionSource,
    ) -> ValidateResult<(), RuntimeCall> {
        if is_crowding(&origin, info) {
            return Err(InvalidTransaction::Call.into());
        }
        Ok((ValidTransaction::default(), (), origin))
    }

    impl_tx_ext_default!(RuntimeCall; prepare);
}

fn is_crowding(origin: &RuntimeOrigin, info: &DispatchInfo) -> bool {
    use frame_support::traits::OriginTrait;
    match origin.as_system_ref() {
        Some(RawOrigin::Signed(who)) if info.class == DispatchClass::Operational => {
            pallet_sudo::Key::<Runtime>::get().as_ref() != Some(who)
        }
        _ => false,
    }
}
