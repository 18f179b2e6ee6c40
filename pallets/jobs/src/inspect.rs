//! What others may ask: jobs with their money, slots with their services, and all that is needed to recompute a draw or a
//! payout.

use crate::{blame::Trial, pallet::*, types::*, MAX_LISTED};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use ratio1_primitives::{
    api::{Assignment, AssignmentState},
    economics::price::Price,
    jobs::{draw, Drawn, Gpu, JobRequest, Reputation, SlotRef, Tier},
    kyc::EntityId,
    traits::{AvailabilityProvider, ClockInspect, Draws, LicenseInspect, NodeRegistry, PriceInspect},
    AccountId, Balance, EpochIndex, JobId, LicenseId,
};
use scale_info::TypeInfo;
use sp_runtime::DispatchError;

/// Slots of a job by where they stand. Slots that are closed are none of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SlotCounts {
    /// A node is looked for.
    pub drawing: u16,
    /// A node may accept.
    pub offered: u16,
    /// A node serves.
    pub running: u16,
    /// Ended, and not paid out completely.
    pub ended: u16,
}

/// A job with its money.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct JobInfo {
    /// Which.
    pub id: JobId,
    /// The job as it is stored.
    pub job: Job<AccountId>,
    /// What was asked for, until it is closed.
    pub request: Option<JobRequest>,
    /// What a node of it costs per epoch now, in base units: each price of a slot that has not ended, once, from the
    /// lowest.
    pub prices: Vec<Balance>,
    /// Base units on hold.
    pub held: Balance,
    /// Base units paid or burned.
    pub spent: Balance,
    /// Base units that a cancel would return at once. What epochs earn that run or are not closed comes off the rest.
    pub refundable: Balance,
    /// Its slots that are not closed.
    pub counts: SlotCounts,
}

/// Epochs of a service that are released together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct PeriodInfo {
    /// Which, from zero.
    pub index: u32,
    /// Base units earned, less what was rejected.
    pub accrued: Balance,
    /// Epochs of it that are closed and accounted for.
    pub settled: u32,
    /// Epochs of it that were rejected.
    pub rejected: u32,
}

/// One node that serves, or served, a slot.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ServiceInfo {
    /// Its place in ballots.
    pub index: u32,
    /// Whose node.
    pub license: LicenseId,
    /// Who is paid.
    pub payee: AccountId,
    /// The moment of its acceptance, in Unix milliseconds.
    pub accepted: u64,
    /// The epoch of its acceptance.
    pub first: EpochIndex,
    /// The first epoch in which it serves no more, as things stand.
    pub ends: EpochIndex,
    /// When it ended, if it did.
    pub left: Option<ServiceEnd>,
    /// Base units earned, not rejected and not released.
    pub accrued: Balance,
    /// The bytes it is judged by.
    pub recent: Vec<(EpochIndex, u8)>,
    /// Its periods that are not released.
    pub periods: Vec<PeriodInfo>,
}

/// A slot of a job that is not closed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SlotInfo {
    /// Which.
    pub slot: SlotRef,
    /// Where it stands.
    pub state: SlotState,
    /// The license it is offered to, or that serves it.
    pub license: Option<LicenseId>,
    /// The owner of that license.
    pub owner: Option<AccountId>,
    /// Base units on hold for it.
    pub held: Balance,
    /// The epoch of its first acceptance.
    pub started: Option<EpochIndex>,
    /// The first epoch after it; before its first acceptance, counted from that.
    pub ends: EpochIndex,
    /// What it costs, in order.
    pub terms: Vec<Term>,
    /// How it came by its node.
    pub drawn: Option<Drawn>,
    /// Draws it has in hand, for when its node must be replaced,
    pub draws: u8,
    /// and base units that each of them costs.
    pub draw_fee: Balance,
    /// Licenses that had it, and are not drawn for it again.
    pub tried: Vec<Tried>,
    /// Whether it was served well, and whose outcomes wait for that.
    pub trial: Trial,
    /// Its services that are not paid out completely, oldest first.
    pub services: Vec<ServiceInfo>,
}

/// What a job would cost now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct QuoteInfo {
    /// Base units per node and epoch.
    pub price: Balance,
    /// Base units burned for each draw of a node's: one when it is asked for, one whenever it must be replaced.
    pub fee: Balance,
    /// Base units held per node for replacing it. What is not used comes back.
    pub draws: Balance,
    /// Dollars per R1, as [`ratio1_primitives::economics::price`] counts them.
    pub rate: Price,
}

/// Why a slot has the node it has, recomputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct DrawInfo {
    /// How it was drawn.
    pub drawn: Drawn,
    /// Positions in a pass of that draw.
    pub positions: u64,
    /// The license at the position, from the seed alone.
    pub found: Option<LicenseId>,
    /// Whether that is the license that was drawn.
    pub matches: bool,
    /// The license's coin in that pass. It fell below the reputation of the moment.
    pub coin: u16,
    /// Its reputation now.
    pub reputation: Reputation,
}

/// What one service of a slot earned in one epoch: `price * active_ms / epoch_ms * byte / 255`, rounded down once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct EarningInfo {
    /// Whose node.
    pub license: LicenseId,
    /// The service's place in ballots.
    pub index: u32,
    /// Its finalised byte. `None` if the epoch is not finalised, has lapsed, or is too old to be known; or if those who measured
    /// it cannot have known the service.
    pub byte: Option<u8>,
    /// The byte from which it counted as available, while that is known.
    pub threshold: Option<u8>,
    /// The slot's price in that epoch, in base units.
    pub price: Balance,
    /// Milliseconds of the epoch from its acceptance to its end.
    pub active_ms: u64,
    /// Milliseconds of an epoch.
    pub epoch_ms: u64,
    /// Base units earned by that. Zero without a byte.
    pub amount: Balance,
    /// Whether the epoch is accounted for.
    pub settled: bool,
    /// Whether the requester rejected it: then the amount is burned, and not paid.
    pub rejected: bool,
    /// Whether its period is released.
    pub released: bool,
}

impl Slot {
    /// What it costs in `epoch`, or, as long as no node has accepted it, in its first.
    pub(crate) fn price_or_first(&self, epoch: EpochIndex) -> Balance {
        match self.started {
            Some(_) => self.price(epoch),
            None => self.terms.first().map_or(0, |term| term.price),
        }
    }
}

impl<T: Config> Pallet<T> {
    /// A job with its money.
    pub(crate) fn job_info(id: JobId) -> Option<JobInfo> {
        let job = Jobs::<T>::get(id)?;
        let mut counts = SlotCounts::default();
        let mut prices: Vec<Balance> = Vec::new();
        let mut refundable: Balance = 0;
        let cancellable = job.cancelled.is_none();
        for slot in Slots::<T>::iter_prefix_values(id) {
            let count = match slot.state {
                SlotState::Drawing { .. } => &mut counts.drawing,
                SlotState::Offered { .. } => &mut counts.offered,
                SlotState::Running { .. } => &mut counts.running,
                SlotState::Ended(_) => &mut counts.ended,
            };
            *count = count.saturating_add(1);
            if matches!(slot.state, SlotState::Ended(_)) {
                continue;
            }
            prices.push(slot.price_or_first(Self::current()));
            if cancellable {
                refundable = refundable.saturating_add(Self::refund_of(job.entity, &slot));
            }
        }
        prices.sort_unstable();
        prices.dedup();
        let (held, spent) = (job.ledger.held(), job.ledger.paid.saturating_add(job.ledger.burned));
        Some(JobInfo { id, job, request: Requests::<T>::get(id), prices, held, spent, refundable, counts })
    }

    /// What a cancel of its job would return of a slot's money at once.
    fn refund_of(entity: EntityId, slot: &Slot) -> Balance {
        let current = Self::current();
        let future = slot.cost_from(current.plus(1));
        let fee = slot.price_or_first(current).min(future);
        let (fee, stays) = match slot.state {
            SlotState::Drawing { draw } if !T::Draws::is_seeded(entity, draw) => (0, !slot.services.is_empty()),
            SlotState::Drawing { .. } | SlotState::Offered { .. } => (fee, !slot.services.is_empty()),
            SlotState::Running { .. } => (fee, true),
            SlotState::Ended(_) => return 0,
        };
        // A slot that owes no service anything is closed with the cancel.
        let returned = if stays { future.saturating_add(slot.draw_money()) } else { slot.held };
        returned.saturating_sub(fee)
    }

    /// The jobs of an account, from the first with a number of at least `from`.
    pub(crate) fn owned(owner: &AccountId, from: JobId) -> Vec<JobInfo> {
        let keys = match from.0.checked_sub(1) {
            // After the one before it, whether or not that is the owner's.
            Some(before) => {
                let key = JobsOf::<T>::hashed_key_for(owner, before.to_be_bytes());
                JobsOf::<T>::iter_key_prefix_from(owner, key)
            }
            None => JobsOf::<T>::iter_key_prefix(owner),
        };
        keys.take(MAX_LISTED).map(|key| JobId(u64::from_be_bytes(key))).filter_map(Self::job_info).collect()
    }

    /// A slot: its node, its money, its services.
    pub(crate) fn slot_info(id: SlotRef) -> Option<SlotInfo> {
        let slot = Slots::<T>::get(id.job, id.slot)?;
        let license = match slot.state {
            SlotState::Offered { license, .. } => Some(license),
            SlotState::Running { index } => Services::<T>::get(index).map(|service| service.license),
            SlotState::Drawing { .. } | SlotState::Ended(_) => None,
        };
        let info = |index: &u32| Services::<T>::get(index).map(|service| Self::service_info(*index, service));
        Some(SlotInfo {
            slot: id,
            license,
            owner: license.and_then(T::Licenses::owner),
            held: slot.held,
            started: slot.started,
            ends: slot.ends(),
            services: slot.services.iter().filter_map(info).collect(),
            state: slot.state,
            terms: slot.terms.into_inner(),
            drawn: slot.drawn,
            draws: slot.draws,
            draw_fee: slot.draw_fee,
            tried: slot.tried.into_inner(),
            trial: slot.trial,
        })
    }

    fn service_info(index: u32, service: Service<AccountId>) -> ServiceInfo {
        let info = |period: &Period| PeriodInfo {
            index: period.index,
            accrued: period.accrued,
            settled: period.settled.count_ones(),
            rejected: period.rejected.count_ones(),
        };
        ServiceInfo {
            index,
            license: service.license,
            accepted: service.accepted,
            first: service.first,
            ends: service.ends,
            left: service.left,
            accrued: service.periods.iter().fold(0, |sum, period| sum.saturating_add(period.accrued)),
            periods: service.periods.iter().map(info).collect(),
            payee: service.payee,
            recent: service.recent.into_inner(),
        }
    }

    /// The slots a license is offered or serves, in order.
    pub(crate) fn assignments(license: LicenseId) -> Vec<Assignment> {
        let mut slots: Vec<SlotRef> = Assigned::<T>::iter_key_prefix(license).take(MAX_LISTED).collect();
        slots.sort_unstable();
        slots.into_iter().filter_map(Self::assignment).collect()
    }

    fn assignment(id: SlotRef) -> Option<Assignment> {
        let state = match Slots::<T>::get(id.job, id.slot)?.state {
            SlotState::Offered { at, until, .. } => {
                let left = until.saturating_sub(Polled::<T>::get());
                AssignmentState::Offered { at, left }
            }
            SlotState::Running { index } => {
                let Service { accepted, ends, .. } = Services::<T>::get(index)?;
                AssignmentState::Serving { index, accepted, ends }
            }
            SlotState::Drawing { .. } | SlotState::Ended(_) => return None,
        };
        Some(Assignment { slot: id, state, request: Requests::<T>::get(id.job)? })
    }

    /// What a node costs per epoch now, and the fees of its draws.
    pub(crate) fn quote_info(tier: Tier, gpu: Option<Gpu>) -> Result<QuoteInfo, DispatchError> {
        let price = Self::price_now(tier, gpu)?;
        let rate = T::Price::rate().map_err(Error::<T>::from)?;
        let fee = Settings::<T>::get().creation_fee();
        Ok(QuoteInfo { price, fee, draws: fee.saturating_mul(SPARE_DRAWS.into()), rate })
    }

    /// The draw of a slot, recomputed.
    pub(crate) fn draw_info(id: SlotRef) -> Option<DrawInfo> {
        let drawn = Slots::<T>::get(id.job, id.slot)?.drawn?;
        let order = draw::Permutation::new(drawn.seed, drawn.licenses);
        let include = Requests::<T>::get(id.job)?.selectors.include;
        let found = draw::found(&order, drawn.included.then_some(&include), drawn.position);
        Some(DrawInfo {
            drawn,
            positions: order.positions(),
            found,
            matches: found == Some(drawn.license),
            coin: draw::coin(drawn.seed, drawn.pass, drawn.license),
            reputation: T::NodeRegistry::reputation(drawn.license),
        })
    }

    /// What the services of a slot earned in `epoch`: those that are not paid out completely.
    pub(crate) fn earning_infos(id: SlotRef, epoch: EpochIndex) -> Vec<EarningInfo> {
        let Some(slot) = Slots::<T>::get(id.job, id.slot) else { return Vec::new() };
        let info = |index: &u32| {
            let service = Services::<T>::get(index).filter(|service| service.is_in(epoch))?;
            Some(Self::earning_info(*index, &service, &slot, epoch))
        };
        slot.services.iter().filter_map(info).collect()
    }

    fn earning_info(index: u32, service: &Service<AccountId>, slot: &Slot, epoch: EpochIndex) -> EarningInfo {
        let byte = Self::service_byte(service, epoch, index);
        let (number, bit) = service.period_of(epoch);
        let released = number < service.released;
        let period = service.periods.iter().find(|period| period.index == number);
        EarningInfo {
            license: service.license,
            index,
            byte,
            threshold: T::Availability::threshold(epoch),
            price: slot.price(epoch),
            active_ms: Self::active_ms(service, epoch),
            epoch_ms: T::Epochs::clock().map_or(0, |clock| clock.epoch_ms),
            amount: byte.map_or(0, |byte| Self::earning(service, slot, epoch, byte)),
            settled: service.is_settled(epoch),
            rejected: period.is_some_and(|period| period.rejected & bit != 0),
            released,
        }
    }
}
