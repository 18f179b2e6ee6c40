//! What this pallet and draws ask each other: nodes are looked for for slots, and found, or not.

use crate::{pallet::*, slot_account::SlotAccount, types::*, WeightInfo};
use alloc::vec::Vec;
use frame_support::{ensure, weights::Weight};
use ratio1_primitives::{
    jobs::{
        market::{Opening, SlotNumbers, Wanted},
        Capacity, Client, Drawn, SlotRef,
    },
    kyc::EntityId,
    traits::{Draws, Market},
    width::as_u32,
    Balance, JobId, LicenseId,
};
use sp_runtime::{DispatchError, DispatchResult};

/// The slot of a client: every client is a job, as long as there is no other market (ADR 0030).
fn slot_ref(client: Client, slot: u16) -> SlotRef {
    let Client::Job(job) = client;
    SlotRef { job, slot }
}

impl<T: Config> Pallet<T> {
    /// Open a draw of nodes for `slots` of a job of `entity`; its number. `burned` of what is held was burned for it.
    pub(crate) fn open_draw(
        job: JobId,
        entity: EntityId,
        slots: SlotNumbers,
        burned: Balance,
    ) -> Result<u64, DispatchError> {
        let include = Requests::<T>::get(job).ok_or(Error::<T>::Corrupted(Inconsistency::NoRequest))?.selectors.include;
        let included = as_u32(include.len());
        let until = Polled::<T>::get().saturating_add(Settings::<T>::get().draw_blocks);
        T::Draws::open(Opening { client: Client::Job(job), entity, slots, included, until, burned })
    }

    /// Whether all epochs of a slot are over, so that nobody is to serve it any more.
    pub(crate) fn is_over(slot: &Slot) -> bool {
        slot.started.is_some() && slot.ends() <= Self::current()
    }
}

impl<T: Config> Market for Pallet<T> {
    fn wanted(client: Client, slot: u16) -> Option<Wanted> {
        let SlotRef { job, slot } = slot_ref(client, slot);
        let request = Requests::<T>::get(job)?;
        let slots = Jobs::<T>::get(job)?.slots;
        let tried = Slots::<T>::get(job, slot).map(|slot| slot.tried).unwrap_or_default();
        Some(Wanted {
            need: request.need(),
            gpu: request.gpu,
            same_entity: request.same_entity,
            selectors: request.selectors,
            slots,
            tried: tried.into_iter().map(|tried| tried.license).collect(),
        })
    }

    fn serving(client: Client, slots: u16) -> Vec<LicenseId> {
        let serving = |number| {
            let SlotRef { job, slot } = slot_ref(client, number);
            let slot = Slots::<T>::get(job, slot)?;
            let serves = matches!(slot.state, SlotState::Offered { .. } | SlotState::Running { .. });
            slot.drawn.filter(|_| serves).map(|drawn| drawn.license)
        };
        (0..slots).filter_map(serving).collect()
    }

    fn awaits(client: Client, slot: u16) -> Option<(EntityId, u64)> {
        let SlotRef { job, slot } = slot_ref(client, slot);
        match Slots::<T>::get(job, slot)?.state {
            SlotState::Drawing { draw } => Some((Jobs::<T>::get(job)?.entity, draw)),
            SlotState::Offered { .. } | SlotState::Running { .. } | SlotState::Ended(_) => None,
        }
    }

    /// Offer the slot to who was found for it, unless it needs no node any more.
    fn offer(client: Client, slot: u16, drawn: Drawn, need: &Capacity) -> DispatchResult {
        let mut account = SlotAccount::<T>::load(slot_ref(client, slot))?;
        ensure!(
            account.slot.state == SlotState::Drawing { draw: drawn.draw },
            Error::<T>::Corrupted(Inconsistency::NotDrawing)
        );
        match Self::is_over(&account.slot) {
            true => account.end(SlotEnd::Completed)?,
            false => Self::make_offer(&mut account, drawn, need)?,
        }
        account.store();
        Ok(())
    }

    fn offer_weight() -> Weight {
        T::WeightInfo::offer()
    }

    /// The slot ends. One that cannot be ended is left as it is, with its money.
    fn give_up(client: Client, slot: u16) -> DispatchResult {
        let mut account = SlotAccount::<T>::load(slot_ref(client, slot))?;
        let why = if Self::is_over(&account.slot) { SlotEnd::Completed } else { SlotEnd::NoCandidate };
        account.end(why)?;
        account.store();
        Ok(())
    }

    fn give_up_weight() -> Weight {
        T::WeightInfo::give_up()
    }
}
