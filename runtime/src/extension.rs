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

/// Keeps the operational class for the oracles' votes, and what is free from being wasted.
///
/// A quarter of every block is theirs, and operational transactions go before all others. Anybody could sign a call of
/// that class, let it fail, and crowd the votes out for its fee: so no signed transaction may be operational, except by
/// the sudo key where there is one, and a council member's own business, in a small share of the block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct OperationalIsForVotes;

impl TransactionExtension<RuntimeCall> for OperationalIsForVotes {
    const IDENTIFIER: &'static str = "OperationalIsForVotes";
    type Implicit = ();
    type Val = ();
    type Pre = ();

    fn weight(&self, _: &RuntimeCall) -> frame_support::weights::Weight {
        // The sudo key, the council's members and what the block used so far: of an operational transaction by a signer
        // only.
        <Runtime as frame_system::Config>::DbWeight::get().reads(3)
    }

    fn validate(
        &self,
        origin: RuntimeOrigin,
        call: &RuntimeCall,
        info: &DispatchInfoOf<RuntimeCall>,
        len: usize,
        _: (),
        _: &impl Implication,
        _: TransactionSource,
    ) -> ValidateResult<(), RuntimeCall> {
        check_class(&origin, call, info, len)?;
        check_free(&origin, call)?;
        Ok((ValidTransaction::default(), (), origin))
    }

    impl_tx_ext_default!(RuntimeCall; prepare);
}

fn check_class(
    origin: &RuntimeOrigin,
    call: &RuntimeCall,
    info: &DispatchInfo,
    len: usize,
) -> Result<(), InvalidTransaction> {
    use frame_support::traits::OriginTrait;
    match origin.as_system_ref() {
        Some(RawOrigin::Signed(who)) if info.class == DispatchClass::Operational => {
            if pallet_sudo::Key::<Runtime>::get().as_ref() == Some(who) {
                return Ok(());
            }
            configs::check_council_business(who, call, info, len)
        }
        _ => Ok(()),
    }
}

/// A call that would be free but is filtered (paused, halted) would fail in the block, for nothing, again and again: it
/// does not get there.
fn check_free(origin: &RuntimeOrigin, call: &RuntimeCall) -> Result<(), InvalidTransaction> {
    use frame_support::{dispatch::CheckIfFeeless, traits::Contains};
    type Filter = <Runtime as frame_system::Config>::BaseCallFilter;
    match Filter::contains(call) || !call.is_feeless(origin) {
        true => Ok(()),
        false => Err(InvalidTransaction::Call),
    }
}
