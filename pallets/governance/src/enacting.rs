//! Decided, public, enacted.

use crate::{
    pallet::InstantOf, BoundedCallOf, Call, Config, Enactment, Error, Event, Instant, NextId, Pallet, Pending, Timer,
    Timers, WeightInfo, MAX_PENDING,
};
use alloc::borrow::Cow;
use codec::{DecodeLimit, Encode};
use frame_support::{
    dispatch::{DispatchResultWithPostInfo, GetDispatchInfo, PostDispatchInfo},
    ensure,
    pallet_prelude::{DispatchResult, Weight},
    storage::with_storage_layer,
    traits::{
        schedule::{v3::Named, v3::TaskName, DispatchTime, HIGHEST_PRIORITY},
        Bounded, Get, QueryPreimage, StorePreimage, Time,
    },
    MAX_EXTRINSIC_DEPTH,
};
use frame_system::RawOrigin;
use sp_runtime::{
    traits::{Dispatchable, Zero},
    DispatchError, Saturating,
};

impl<T: Config> Pallet<T> {
    /// The block that is being made.
    pub(crate) fn now() -> InstantOf<T> {
        Instant { ms: T::Time::now(), block: frame_system::Pallet::<T>::block_number() }
    }

    /// The task's name at the scheduler.
    pub(crate) fn task(id: u32) -> TaskName {
        (b"governance", id).using_encoded(sp_io::hashing::blake2_256)
    }

    /// The call behind `call`, and its length. Nested no deeper than a transaction's call may be, so that decoding it
    /// at the beginning of a block cannot exhaust the stack.
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
        ensure!(Pending::<T>::count() < MAX_PENDING, Error::<T>::TooManyPending);
        let (opened, length) = Self::open(&call)?;
        let call_weight = opened.get_dispatch_info().call_weight;
        let own = T::WeightInfo::enact(length);
        ensure!(own.saturating_add(call_weight).all_lte(T::MaxWeight::get()), Error::<T>::TooHeavy);
        // Room to grow: until it is enacted an upgrade may bring other weights.
        let call_weight = call_weight.saturating_mul(2).min(T::MaxWeight::get().saturating_sub(own));

        let id = NextId::<T>::get();
        NextId::<T>::put(id.checked_add(1).ok_or(Error::<T>::NoIdLeft)?);
        let decided = Self::now();
        let due = decided.after(crate::Configuration::<T>::get().delay_ms);

        // Requested, so that nobody can withdraw what the public is to read.
        T::Preimages::hold(&call);
        Timers::<T>::try_append(Timer { id, due }).map_err(|()| Error::<T>::TooManyPending)?;
        Self::deposit_event(Event::Scheduled { id, call: call.clone(), hash: call.hash(), length, due });
        Pending::<T>::insert(id, Enactment { call, call_weight, length, decided, due });
        Ok(())
    }

    /// Hand to the scheduler what is due, at the beginning of a block. What it has no room for is offered again in the
    /// next one.
    pub(crate) fn hand_over(now: InstantOf<T>) -> Weight {
        let mut timers = Timers::<T>::get();
        if !timers.iter().any(|timer| timer.due.has_come(&now)) {
            return T::WeightInfo::hand_over(0);
        }
        let mut tried = 0u32;
        timers.retain(|timer| {
            if !timer.due.has_come(&now) {
                return true;
            }
            tried.saturating_inc();
            with_storage_layer(|| Self::hand(timer.id)).is_err()
        });
        Timers::<T>::put(timers);
        T::WeightInfo::hand_over(tried)
    }

    /// Let the scheduler enact it at the beginning of the next block.
    fn hand(id: u32) -> DispatchResult {
        let Enactment { call_weight, length, .. } = Pending::<T>::get(id).ok_or(Error::<T>::UnknownEnactment)?;
        let enact = <T as Config>::RuntimeCall::from(Call::<T>::enact { id, call_weight, length });
        let task = T::Preimages::bound(enact)?;
        let next = DispatchTime::After(Zero::zero());
        T::Scheduler::schedule_named(Self::task(id), next, None, HIGHEST_PRIORITY, RawOrigin::Root.into(), task)?;
        Ok(())
    }

    /// See [`Pallet::cancel`].
    pub(crate) fn do_cancel(id: u32) -> DispatchResult {
        let enactment = Pending::<T>::take(id).ok_or(Error::<T>::UnknownEnactment)?;
        T::Preimages::drop(&enactment.call);
        Timers::<T>::mutate(|timers| timers.retain(|timer| timer.id != id));
        // It may not have the task yet, and it forgets the name of one that it postponed or gave up. Such a task finds
        // nothing to enact.
        let _ = T::Scheduler::cancel_named(Self::task(id));
        Self::deposit_event(Event::Cancelled { id, hash: enactment.call.hash() });
        Ok(())
    }

    /// See [`Pallet::enact`].
    pub(crate) fn do_enact(id: u32, call_weight: Weight, length: u32) -> DispatchResultWithPostInfo {
        let enactment = Pending::<T>::get(id).ok_or(Error::<T>::UnknownEnactment)?;
        // ADR 0016: the delay is the protection, whoever calls.
        ensure!(enactment.due.has_come(&Self::now()), Error::<T>::TooEarly);
        ensure!(enactment.call.len().is_some_and(|l| l <= length), Error::<T>::WitnessTooLow);
        Pending::<T>::remove(id);
        Timers::<T>::mutate(|timers| timers.retain(|timer| timer.id != id));

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
