//! What each call and the hook cost at their worst.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

use super::*;
use alloc::{borrow::Cow, format, vec};
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{
    dispatch::GetDispatchInfo,
    traits::{Bounded, EnsureOrigin, GetCallMetadata, SafeMode, StorePreimage, TransactionPause},
    weights::Weight,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};

/// The longest preimage that fits into a transaction with room to spare.
const LONGEST: u32 = 3 * 1024 * 1024;
/// What the scheduler certainly has room for in one block.
const MAX_HANDED: u32 = 40;

/// A call that is looked up, of about `l` bytes.
fn noted<T: Config>(l: u32) -> BoundedCallOf<T> {
    let remark = vec![7; usize::try_from(l).unwrap_or_default()];
    let call = <T as Config>::RuntimeCall::from(frame_system::Call::<T>::remark { remark }).encode();
    let len = u32::try_from(call.len()).unwrap_or_default();
    let hash = T::Preimages::note(Cow::Owned(call)).expect("a preimage fits");
    Bounded::Lookup { hash, len }
}

/// A call the runtime lets be paused.
fn pausable<T: Config>() -> CallName {
    let names = <T as Config>::RuntimeCall::get_module_names().iter().flat_map(|pallet| {
        <T as Config>::RuntimeCall::get_call_names(pallet).iter().map(|call| (name(pallet), name(call)))
    });
    names.into_iter().find(|n| T::Pauses::can_pause(n.clone())).expect("not everything is protected")
}

fn name(text: &str) -> Name {
    Name::truncate_from(text.as_bytes().to_vec())
}

/// A call of a long name, paused since ever or cooling down.
fn entry<T: Config>(n: u32, over: bool) -> Pause<BlockNumberFor<T>> {
    let now = Pallet::<T>::now();
    let long = |text: alloc::string::String| Name::truncate_from(format!("{text:_<64}").into_bytes());
    let call = (long(format!("pallet{n}")), long(format!("call{n}")));
    let until = if over { now.after(300_000) } else { now };
    Pause { call, span: Span { since: now, until }, over }
}

fn entries<T: Config>(count: u32, over: bool) -> PausesOf<T> {
    PausesOf::<T>::truncate_from((0..count).map(|n| entry::<T>(n, over)).collect())
}

/// Let everything that was decided be due now.
fn make_due<T: Config>() {
    let now = Pallet::<T>::now();
    Pending::<T>::translate_values(|enactment: EnactmentOf<T>| Some(Enactment { due: now, ..enactment }));
    Timers::<T>::mutate(|timers| timers.iter_mut().for_each(|timer| timer.due = now));
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn schedule(l: Linear<128, LONGEST>) -> Result<(), BenchmarkError> {
        let origin = T::DecideOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let call = noted::<T>(l);
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, call);
        assert_eq!(Pending::<T>::count(), 1);
        Ok(())
    }

    #[benchmark]
    fn cancel() -> Result<(), BenchmarkError> {
        let origin = T::UndoOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        Pallet::<T>::do_schedule(noted::<T>(128))?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, 0);
        assert_eq!(Pending::<T>::count(), 0);
        Ok(())
    }

    #[benchmark]
    fn enact(l: Linear<128, LONGEST>) -> Result<(), BenchmarkError> {
        let call = noted::<T>(l);
        let length = call.len().unwrap_or_default();
        Pallet::<T>::do_schedule(call)?;
        make_due::<T>();
        let remark = frame_system::Call::<T>::remark { remark: vec![7; usize::try_from(l).unwrap_or_default()] };
        let weight: Weight = <T as Config>::RuntimeCall::from(remark).get_dispatch_info().call_weight;
        #[extrinsic_call]
        _(RawOrigin::Root, 0, weight, length);
        assert_eq!(Pending::<T>::count(), 0);
        Ok(())
    }

    #[benchmark]
    fn pause() -> Result<(), BenchmarkError> {
        let origin = T::DecideOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        Pauses::<T>::put(entries::<T>(MAX_PAUSES.saturating_sub(1), true));
        let (pallet, call) = pausable::<T>();
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, pallet, call);
        assert_eq!(Pallet::<T>::paused().len(), 1);
        Ok(())
    }

    #[benchmark]
    fn resume() -> Result<(), BenchmarkError> {
        let origin = T::UndoOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        Pauses::<T>::put(entries::<T>(MAX_PAUSES.saturating_sub(1), true));
        let (pallet, call) = pausable::<T>();
        Pallet::<T>::do_pause((pallet.clone(), call.clone()))?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, pallet, call);
        assert_eq!(Pallet::<T>::paused().len(), 0);
        Ok(())
    }

    #[benchmark]
    fn halt() -> Result<(), BenchmarkError> {
        let origin = T::DecideOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin);
        assert!(T::SafeMode::is_entered());
        Ok(())
    }

    #[benchmark]
    fn unhalt() -> Result<(), BenchmarkError> {
        let origin = T::UndoOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        Pallet::<T>::do_halt()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin);
        assert!(!T::SafeMode::is_entered());
        Ok(())
    }

    #[benchmark]
    fn set_parameters() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let parameters = Parameters { delay_ms: MOST_DELAY_MS, pause_ms: 3_000, halt_ms: 3_000 };
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, parameters);
        assert_eq!(Configuration::<T>::get(), parameters);
        Ok(())
    }

    #[benchmark]
    fn end_pauses(n: Linear<0, MAX_PAUSES>) {
        let now = Pallet::<T>::now();
        let pauses = entries::<T>(n, false);
        for Pause { call, .. } in &pauses {
            let _ = T::Pauses::pause(call.clone());
        }
        Pauses::<T>::put(pauses);
        #[block]
        {
            Pallet::<T>::end_pauses(now);
        }
        assert!(Pallet::<T>::paused().is_empty());
    }

    #[benchmark]
    fn end_halt(n: Linear<0, 1>) {
        if n > 0 {
            Pallet::<T>::halt_for(0);
        }
        let now = Pallet::<T>::now();
        #[block]
        {
            Pallet::<T>::end_halt(now);
        }
        assert!(!T::SafeMode::is_entered());
    }

    #[benchmark]
    fn hand_over(n: Linear<0, MAX_HANDED>) -> Result<(), BenchmarkError> {
        for i in 0..n {
            Pallet::<T>::do_schedule(noted::<T>(i.saturating_add(128)))?;
        }
        make_due::<T>();
        let now = Pallet::<T>::now();
        #[block]
        {
            Pallet::<T>::hand_over(now);
        }
        assert!(Timers::<T>::get().is_empty());
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ExtBuilder::default().build(), crate::mock::Test);
}
