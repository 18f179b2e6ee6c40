//! The transaction extensions of our own.

use crate::*;
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{
    dispatch::{DispatchClass, DispatchInfo},
    weights::Weight,
};
use frame_system::RawOrigin;
use scale_info::TypeInfo;
use sp_runtime::{
    impl_tx_ext_default,
    traits::{
        DispatchInfoOf, DispatchOriginOf, Implication, PostDispatchInfoOf, TransactionExtension,
        TransactionExtensionMetadata, ValidateResult,
    },
    transaction_validity::{
        InvalidTransaction, TransactionPriority, TransactionSource, TransactionValidityError, ValidTransaction,
    },
    DispatchResult,
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

    fn weight(&self, call: &RuntimeCall) -> Weight {
        // The sudo key, the council's members and what the block used so far: of an operational transaction by a signer
        // only. And the places for motions, which the collective's own weight of a proposal does not count.
        let motion = u64::from(matches!(call, RuntimeCall::Council(pallet_collective::Call::propose { .. })));
        <Runtime as frame_system::Config>::DbWeight::get().reads_writes(motion.saturating_add(3), motion)
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

/// What pays for a transaction, with a bound to the priority that this buys: half of what there is.
///
/// A tip of some 4e15 base units, 0.004 R1, already reaches the highest priority there is. Whoever could outbid a node's
/// acceptance for the length of an offer would have its license barred, and whoever could outbid votes would stop epochs; so
/// nothing that is paid for comes before either. From outside it is what it wraps.
#[derive(Clone, Eq, PartialEq, Encode, Decode, DecodeWithMemTracking)]
pub struct BelowNodes<S>(pub S);

/// The most that a tip buys.
pub const HIGHEST_PAID: TransactionPriority = TransactionPriority::MAX / 2;

impl<S: scale_info::StaticTypeInfo> TypeInfo for BelowNodes<S> {
    type Identity = S;

    fn type_info() -> scale_info::Type {
        S::type_info()
    }
}

impl<S: core::fmt::Debug> core::fmt::Debug for BelowNodes<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl<S: TransactionExtension<RuntimeCall>> TransactionExtension<RuntimeCall> for BelowNodes<S> {
    const IDENTIFIER: &'static str = S::IDENTIFIER;
    type Implicit = S::Implicit;
    type Val = S::Val;
    type Pre = S::Pre;

    fn metadata() -> alloc::vec::Vec<TransactionExtensionMetadata> {
        S::metadata()
    }

    fn implicit(&self) -> Result<S::Implicit, TransactionValidityError> {
        self.0.implicit()
    }

    fn weight(&self, call: &RuntimeCall) -> Weight {
        self.0.weight(call)
    }

    fn validate(
        &self,
        origin: DispatchOriginOf<RuntimeCall>,
        call: &RuntimeCall,
        info: &DispatchInfoOf<RuntimeCall>,
        len: usize,
        implicit: S::Implicit,
        implication: &impl Implication,
        source: TransactionSource,
    ) -> ValidateResult<S::Val, RuntimeCall> {
        let (mut valid, val, origin) = self.0.validate(origin, call, info, len, implicit, implication, source)?;
        valid.priority = valid.priority.min(HIGHEST_PAID);
        Ok((valid, val, origin))
    }

    fn prepare(
        self,
        val: S::Val,
        origin: &DispatchOriginOf<RuntimeCall>,
        call: &RuntimeCall,
        info: &DispatchInfoOf<RuntimeCall>,
        len: usize,
    ) -> Result<S::Pre, TransactionValidityError> {
        self.0.prepare(val, origin, call, info, len)
    }

    fn post_dispatch_details(
        pre: S::Pre,
        info: &DispatchInfoOf<RuntimeCall>,
        post_info: &PostDispatchInfoOf<RuntimeCall>,
        len: usize,
        result: &DispatchResult,
    ) -> Result<Weight, TransactionValidityError> {
        S::post_dispatch_details(pre, info, post_info, len, result)
    }
}

fn check_class(
    origin: &RuntimeOrigin,
    call: &RuntimeCall,
    info: &DispatchInfo,
    len: usize,
) -> Result<(), InvalidTransaction> {
    use frame_support::traits::OriginTrait;
    match origin.as_system_ref() {
        // ADR 0011: nobody crowds the votes out for a fee.
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
/// does not get there, whether it is free by its signer or by its own authorisation.
fn check_free(origin: &RuntimeOrigin, call: &RuntimeCall) -> Result<(), InvalidTransaction> {
    use frame_support::{
        dispatch::CheckIfFeeless,
        traits::{Contains, OriginTrait},
    };
    type Filter = <Runtime as frame_system::Config>::BaseCallFilter;
    let authorised = || matches!(origin.as_system_ref(), Some(RawOrigin::Authorized));
    match Filter::contains(call) || !(authorised() || call.is_feeless(origin)) {
        true => Ok(()),
        false => Err(InvalidTransaction::Call),
    }
}
