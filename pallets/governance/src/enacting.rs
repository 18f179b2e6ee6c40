//! Decided, public, enacted.

use crate::{BoundedCallOf, Call, Config, Enactment, Error, Event, Pallet, Parameters, WeightInfo, MAX_PENDING};
use alloc::borrow::Cow;
use codec::{DecodeLimit, Encode};
use frame_support::{
    dispatch::{DispatchResultWithPostInfo, GetDispatchInfo, PostDispatchInfo},
    ensure,
    pallet_prelude::{DispatchResult, Weight},
    traits::{
        schedule::{v3::Named, v3::TaskName, DispatchTime, HIGHEST_PRIORITY},
        Bounded, Get, QueryPreimage, StorePreimage,
    },
    MAX_EXTRINSIC_DEPTH,
};
use frame_system::RawOrigin;
use sp_runtime::{
    traits::{Dispatchable, Saturating},
    DispatchError,
};

impl<T: Config> Pallet<T> {
    /// The task's name at the scheduler.
    pub(crate) fn task(id: u32) -> TaskName {
        (b"governance", id).using_encoded(sp_io::hashing::blake2_256)
    }

    /// The call behind `call`, and its length. Nested no deeper than a transaction's call may be, so that decoding it
    /// at the beginning of a block can not exhaust the stack.
    fn open(call: &BoundedCallOf<T>) -> Result<(<T as Config>::RuntimeCall, u32), Error<T>> {
        let bytes: Cow<[u8]> = match call {
            Bounded::Inline(bytes) => Cow::Borrowed(bytes.as_slice()),
            Bounded::Lookup { hash, len } => T::Preimages::fetch(hash, Some(*len)).map_err(|_| Error::<T>::NotNoted)?,
            Bounded::Legacy { .. } => return Err(Error::<T>::NotNoted),
        };
        let length = u32::try_from(bytes.len()).map_err(|_| Error::<T>::Malformed)?;
        let call = DecodeLimit::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut bytes.as_ref())
            .map_err(|_| Error::<T>::Malformed)?;
        Ok((call, length))
    }

    /// See [`Pallet::schedule`].
    pub(crate) fn do_schedule(call: BoundedCallOf<T>) -> DispatchResult {
        ensure!(crate::Pending::<T>::count() < MAX_PENDING, Error::<T>::TooManyPending);
        let (opened, length) = Self::open(&call)?;
        let call_weight = opened.get_dispatch_info().call_weight;
        let own = T::WeightInfo::enact(length);
        ensure!(own.saturating_add(call_weight).all_lte(T::MaxWeight::get()), Error::<T>::TooHeavy);
        // Room to grow: until it is enacted an upgrade may bring other weights.
        let call_weight = call_weight.saturating_mul(2).min(T::MaxWeight::get().saturating_sub(own));

        let id = crate::NextId::<T>::get();
        crate::NextId::<T>::put(id.checked_add(1).ok_or(Error::<T>::NoIdLeft)?);
        let Parameters { delay_blocks, .. } = crate::Configuration::<T>::get();
        let decided = frame_system::Pallet::<T>::block_number();
        let at = decided.saturating_add(delay_blocks.into());

        // Requested, so that nobody can withdraw what the public is to read.
        T::Preimages::hold(&call);
        let enact = <T as Config>::RuntimeCall::from(Call::<T>::enact { id, call_weight, length });
        let task = T::Preimages::bound(enact)?;
        T::Scheduler::schedule_named(
            Self::task(id),
            DispatchTime::At(at),
            None,
            HIGHEST_PRIORITY,
            RawOrigin::Root.into(),
            task,
        )?;
        Self::deposit_event(Event::Scheduled { id, call: call.clone(), hash: call.hash(), length, at });
        crate::Pending::<T>::insert(id, Enactment { call, at, decided });
        Ok(())
    }

    /// See [`Pallet::cancel`].
    pub(crate) fn do_cancel(id: u32) -> DispatchResult {
        let enactment = crate::Pending::<T>::take(id).ok_or(Error::<T>::UnknownEnactment)?;
        T::Preimages::drop(&enactment.call);
        // The scheduler forgets the name of a task that it postponed or gave up. Such a task finds nothing to enact.
        let _ = T::Scheduler::cancel_named(Self::task(id));
        Self::deposit_event(Event::Cancelled { id, hash: enactment.call.hash() });
        Ok(())
    }

    /// See [`Pallet::enact`].
    pub(crate) fn do_enact(id: u32, call_weight: Weight, length: u32) -> DispatchResultWithPostInfo {
        let enactment = crate::Pending::<T>::get(id).ok_or(Error::<T>::UnknownEnactment)?;
        let now = frame_system::Pallet::<T>::block_number();
        ensure!(now >= enactment.at, Error::<T>::TooEarly);
        ensure!(enactment.call.len().is_some_and(|l| l <= length), Error::<T>::WitnessTooLow);
        crate::Pending::<T>::remove(id);

        let opened = Self::open(&enactment.call);
        T::Preimages::drop(&enactment.call);
        let (result, used) = match opened {
            Ok((call, _)) => Self::dispatch(call, call_weight),
            Err(e) => (Err(e.into()), Weight::zero()),
        };
        Self::deposit_event(Event::Enacted { id, hash: enactment.call.hash(), result });
        Ok(PostDispatchInfo {
            actual_weight: Some(T::WeightInfo::enact(length).saturating_add(used)),
            pays_fee: Default::default(),
        })
    }

    /// Dispatch as root, and what it cost: never more than `limit`.
    fn dispatch(call: <T as Config>::RuntimeCall, limit: Weight) -> (Result<(), DispatchError>, Weight) {
        let weight = call.get_dispatch_info().call_weight;
        // A runtime upgrade since then may have made the call heavier.
        if weight.any_gt(limit) {
            return (Err(Error::<T>::TooHeavy.into()), Weight::zero());
        }
        let (result, post) = match call.dispatch(RawOrigin::Root.into()) {
            Ok(post) => (Ok(()), post),
            Err(e) => (Err(e.error), e.post_info),
        };
        // Setting the code claims the whole block, more than was announced.
        (result, post.actual_weight.unwrap_or(weight).min(weight))
    }
}
