//! What the collective can stop at once, for a while.

use crate::{
    most_blocks, pallet::InstantOf, CallName, Config, Configuration, Error, Event, LastHalt, Pallet, Pause, Pauses,
    Span, WeightInfo,
};
use core::str::from_utf8;
use frame_support::{
    ensure,
    pallet_prelude::{DispatchResult, Weight},
    traits::{GetCallMetadata, SafeMode, SafeModeError, TransactionPause},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::Saturating;

impl<T: Config> Pallet<T> {
    /// Whether the runtime has this call. A pause of a misspelt one would stop nothing, and nobody would notice.
    fn exists(call: &CallName) -> bool {
        let (Ok(pallet), Ok(name)) = (from_utf8(&call.0), from_utf8(&call.1)) else { return false };
        <T as Config>::RuntimeCall::get_module_names().contains(&pallet)
            && <T as Config>::RuntimeCall::get_call_names(pallet).contains(&name)
    }

    /// Whether `call` can be paused now.
    pub(crate) fn check_pause(call: &CallName) -> Result<(), Error<T>> {
        ensure!(Self::exists(call), Error::<T>::NoSuchCall);
        ensure!(!T::SafeMode::is_entered(), Error::<T>::AlreadyHalted);
        // ADR 0016: after a halt everything works for as long, or pauses and halts in turn would stop a call for good.
        Self::check_cooled()?;
        let now = Self::now();
        let pauses = Pauses::<T>::get();
        if let Some(last) = pauses.iter().find(|p| p.call == *call) {
            ensure!(last.over, Error::<T>::AlreadyPaused);
            ensure!(last.span.cooled().has_come(&now), Error::<T>::PauseCooldown);
        }
        ensure!(T::Pauses::can_pause(call.clone()), Error::<T>::Protected);
        let kept = pauses.iter().filter(|p| Self::is_kept(p, &now)).count();
        ensure!(kept < Self::max_pauses(), Error::<T>::TooManyPauses);
        Ok(())
    }

    /// Whether everything can be halted now.
    pub(crate) fn check_halt() -> Result<(), Error<T>> {
        ensure!(!T::SafeMode::is_entered(), Error::<T>::AlreadyHalted);
        Self::check_cooled()
    }

    fn check_cooled() -> Result<(), Error<T>> {
        let now = Self::now();
        let cooled = LastHalt::<T>::get().is_none_or(|halt| halt.cooled().has_come(&now));
        ensure!(cooled, Error::<T>::HaltCooldown);
        Ok(())
    }

    fn max_pauses() -> usize {
        usize::try_from(crate::MAX_PAUSES).unwrap_or(usize::MAX)
    }

    /// Whether an entry still says something.
    fn is_kept(pause: &Pause<BlockNumberFor<T>>, now: &InstantOf<T>) -> bool {
        !pause.over || !pause.span.cooled().has_come(now)
    }

    /// See [`Pallet::pause`].
    pub(crate) fn do_pause(call: CallName) -> DispatchResult {
        Self::check_pause(&call)?;
        let since = Self::now();
        let until = since.after(Configuration::<T>::get().pause_ms);
        Pauses::<T>::try_mutate(|pauses| {
            pauses.retain(|p| Self::is_kept(p, &since));
            let pause = Pause { call: call.clone(), span: Span { since, until }, over: false };
            pauses.try_push(pause).map_err(|_| Error::<T>::TooManyPauses)
        })?;
        T::Pauses::pause(call.clone()).map_err(|_| Error::<T>::Protected)?;
        Self::deposit_event(Event::Paused { call, until });
        Ok(())
    }

    /// See [`Pallet::resume`].
    pub(crate) fn do_resume(call: CallName) -> DispatchResult {
        let now = Self::now();
        Pauses::<T>::try_mutate(|pauses| -> DispatchResult {
            let pause = pauses.iter_mut().find(|p| p.call == call && !p.over).ok_or(Error::<T>::NotPaused)?;
            Self::end(pause, now);
            Ok(())
        })
    }

    /// The call works again from now on.
    fn end(pause: &mut Pause<BlockNumberFor<T>>, now: InstantOf<T>) {
        pause.over = true;
        pause.span.until = now;
        // Fails only if root resumed the call behind our back, or a new runtime protects it: it works in either case.
        let _ = T::Pauses::unpause(pause.call.clone());
        Self::deposit_event(Event::Resumed { call: pause.call.clone() });
    }

    /// End what is due, at the beginning of a block. At most [`MAX_PAUSES`](crate::MAX_PAUSES) of them.
    pub(crate) fn end_pauses(now: InstantOf<T>) -> Weight {
        let mut pauses = Pauses::<T>::get();
        let mut ended = 0u32;
        for pause in pauses.iter_mut().filter(|p| !p.over && p.span.until.has_come(&now)) {
            Self::end(pause, now);
            ended.saturating_inc();
        }
        let entries = pauses.len();
        pauses.retain(|p| Self::is_kept(p, &now));
        if ended == 0 && pauses.len() == entries {
            return T::WeightInfo::end_pauses(0);
        }
        Pauses::<T>::put(pauses);
        T::WeightInfo::end_pauses(ended.max(1))
    }

    /// See [`Pallet::halt`].
    pub(crate) fn do_halt() -> DispatchResult {
        Self::check_halt()?;
        let since = Self::now();
        let halt_ms = Configuration::<T>::get().halt_ms;
        let until = since.after(halt_ms);
        Self::enter(halt_ms).map_err(|_| Error::<T>::AlreadyHalted)?;
        LastHalt::<T>::put(Span { since, until });
        Self::deposit_event(Event::Halted { until });
        Ok(())
    }

    /// Enter safe mode for as many blocks as can be made meanwhile. It knows no time: this pallet ends it when it is over.
    fn enter(ms: u64) -> Result<(), SafeModeError> {
        // Safe mode counts the last block in.
        T::SafeMode::enter(most_blocks(ms).saturating_sub(1).into())
    }

    /// Halt everything for so long, or for so much longer: what a runtime does whose migration failed. Nobody decided it,
    /// so nothing has to cool down afterwards.
    pub fn halt_for(ms: u64) {
        let until = Self::now().after(ms);
        if Self::enter(ms).is_err() {
            // Halted already. Nothing is lost if this fails: the calls that are left open are safe or root's.
            let _ = T::SafeMode::extend(most_blocks(ms).into());
        }
        LastHalt::<T>::put(Span { since: until, until });
        Self::deposit_event(Event::Halted { until });
    }

    /// See [`Pallet::unhalt`].
    pub(crate) fn do_unhalt() -> DispatchResult {
        T::SafeMode::exit().map_err(|_| Error::<T>::NotHalted)?;
        let now = Self::now();
        LastHalt::<T>::mutate(|halt| {
            if let Some(halt) = halt {
                // Where it was not decided, it begins and ends at once.
                let since = if halt.since.has_come(&now) { halt.since } else { now };
                *halt = Span { since, until: now };
            }
        });
        Self::deposit_event(Event::Unhalted);
        Ok(())
    }

    /// End a halt that is over, at the beginning of a block.
    pub(crate) fn end_halt(now: InstantOf<T>) -> Weight {
        let over = T::SafeMode::is_entered() && LastHalt::<T>::get().is_some_and(|halt| halt.until.has_come(&now));
        if over && T::SafeMode::exit().is_ok() {
            LastHalt::<T>::mutate(|halt| {
                if let Some(halt) = halt {
                    // What was stopped longer, because no block was made, cools longer.
                    halt.until = now;
                }
            });
            Self::deposit_event(Event::Unhalted);
            return T::WeightInfo::end_halt(1);
        }
        T::WeightInfo::end_halt(0)
    }

    /// When the halt ends, if there is one now.
    pub(crate) fn halt_ends() -> Option<InstantOf<T>> {
        T::SafeMode::is_entered().then(LastHalt::<T>::get).flatten().map(|halt| halt.until)
    }
}
