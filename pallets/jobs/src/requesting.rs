//! Asking for a job, and for more of it: what is refused and why, what is held, what is drawn.

use crate::{pallet::*, slot_account::SlotAccount, types::*};
use alloc::{boxed::Box, vec::Vec};
use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
    BoundedVec,
};
use ratio1_primitives::{
    jobs::{
        price::node_price,
        request::{is_tag, MAX_SPEC_BYTES},
        Gpu, HealthCheck, JobRequest, Selectors, SlotRef, Tier, MAX_EPOCHS, MAX_LOOKED_FOR, MAX_NODES,
    },
    kyc::EntityId,
    traits::{Draws, KycInspect, PriceInspect, SupplyLedger},
    AccountId, Balance, EpochIndex, JobId,
};
use sp_runtime::{DispatchError, DispatchResult};

ratio1_pallet_support::impl_from_kyc_refusal!(Error);
ratio1_pallet_support::impl_from_price_refusal!(Error);

/// Slots that would be added to a job.
pub(crate) struct Order {
    /// On whose behalf.
    pub(crate) entity: EntityId,
    /// Per node and epoch.
    pub(crate) price: Balance,
    /// For one node and all its epochs, and for its draws in hand.
    pub(crate) each: Balance,
    /// For all nodes.
    pub(crate) held: Balance,
    /// What a draw of one node costs.
    pub(crate) draw_fee: Balance,
    /// Burned for the first draws of all.
    pub(crate) fee: Balance,
}

/// Epochs that would be added to slots of a job.
pub(crate) struct Extension {
    /// Per node and epoch.
    price: Balance,
    /// For one node and all its epochs.
    each: Balance,
    /// For all nodes, and for the draws that they have used.
    held: Balance,
    /// Which.
    slots: Vec<u16>,
}

/// Why a request can be nobody's, whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvalidRequest {
    Nodes,
    Epochs,
    Cid,
    Spec,
    Tag,
    Country,
    Contradiction,
    Include,
    Health,
}

impl<T> From<InvalidRequest> for Error<T> {
    fn from(invalid: InvalidRequest) -> Self {
        match invalid {
            InvalidRequest::Nodes => Self::NodesOutOfBounds,
            InvalidRequest::Epochs => Self::EpochsOutOfBounds,
            InvalidRequest::Cid => Self::BadCid,
            InvalidRequest::Spec => Self::SpecOutOfBounds,
            InvalidRequest::Tag => Self::BadTag,
            InvalidRequest::Country => Self::BadCountry,
            InvalidRequest::Contradiction => Self::ContradictorySelectors,
            InvalidRequest::Include => Self::TooFewIncluded,
            InvalidRequest::Health => Self::BadHealthCheck,
        }
    }
}

fn has_twice<V: PartialEq>(list: &[V]) -> bool {
    list.iter().enumerate().any(|(at, value)| list.iter().skip(at.saturating_add(1)).any(|other| other == value))
}

fn overlap<V: PartialEq>(one: &[V], other: &[V]) -> bool {
    one.iter().any(|value| other.contains(value))
}

/// Whether no node could ever satisfy the lists, or one says the same twice.
fn are_contradictory(selectors: &Selectors) -> bool {
    let Selectors { countries, not_countries, regions, tags, not_tags, include, exclude, .. } = selectors;
    has_twice(countries)
        || has_twice(not_countries)
        || has_twice(regions)
        || has_twice(tags)
        || has_twice(not_tags)
        || has_twice(include)
        || has_twice(exclude)
        || overlap(countries, not_countries)
        || overlap(tags, not_tags)
        || overlap(include, exclude)
}

/// Whether `nodes` different licenses can be found on the include list.
fn are_enough(selectors: &Selectors, nodes: u32) -> bool {
    let included = u32::try_from(selectors.include.len()).unwrap_or(u32::MAX);
    included == 0 || nodes <= included
}

/// What oracles put into an HTTP request must be one line of it.
fn is_sound(check: &HealthCheck) -> bool {
    check.port != 0 && check.path.first() == Some(&b'/') && check.path.iter().all(u8::is_ascii_graphic)
}

/// Whether a request is one that anybody may make.
pub(crate) fn validate(request: &JobRequest) -> Result<(), InvalidRequest> {
    let JobRequest { nodes, epochs, spec, spec_bytes, selectors, health, .. } = request;
    let nodes = u32::from(*nodes);
    ensure!((1..=MAX_NODES).contains(&nodes), InvalidRequest::Nodes);
    ensure!((1..=MAX_EPOCHS).contains(epochs), InvalidRequest::Epochs);
    ensure!(spec.is_well_formed(), InvalidRequest::Cid);
    ensure!((1..=MAX_SPEC_BYTES).contains(spec_bytes), InvalidRequest::Spec);
    ensure!(selectors.tags.iter().chain(&selectors.not_tags).all(|tag| is_tag(tag)), InvalidRequest::Tag);
    let mut countries = selectors.countries.iter().chain(&selectors.not_countries);
    ensure!(countries.all(|country| country.is_well_formed()), InvalidRequest::Country);
    ensure!(!are_contradictory(selectors), InvalidRequest::Contradiction);
    ensure!(are_enough(selectors, nodes), InvalidRequest::Include);
    ensure!(health.as_ref().is_none_or(is_sound), InvalidRequest::Health);
    Ok(())
}

/// Whether a slot can be paid for `epochs` epochs more than it is.
pub(crate) fn has_room_for(slot: &Slot, current: EpochIndex, epochs: u32) -> bool {
    let begin = slot.started.map_or(EpochIndex(0), |_| current);
    let ahead = slot.ends().0.saturating_sub(begin.0);
    epochs > 0 && ahead.checked_add(epochs).is_some_and(|all| all <= MAX_EPOCHS)
}

/// What it takes to fill up the draws of a slot.
fn used_draws(slot: &Slot) -> Balance {
    slot.draw_fee.saturating_mul(SPARE_DRAWS.saturating_sub(slot.draws).into())
}

impl<T: Config> Pallet<T> {
    /// What a node costs per epoch now. A rate at which it costs nothing that can be counted is none.
    pub(crate) fn price_now(tier: Tier, gpu: Option<Gpu>) -> Result<Balance, Error<T>> {
        let rate = T::Price::rate().map_err(Error::<T>::from)?;
        node_price(tier, gpu, rate).ok_or(Error::<T>::RateMissing)
    }

    /// On whose behalf `owner` may ask.
    fn admitted(owner: &AccountId) -> Result<EntityId, Error<T>> {
        Ok(T::Kyc::admits(owner).map_err(Error::<T>::from)?.entity)
    }

    /// What a node costs per epoch now, if that is not above `max_price`.
    fn price_within(request: &JobRequest, max_price: Balance) -> Result<Balance, Error<T>> {
        let price = Self::price_now(request.tier, request.gpu)?;
        ensure!(price <= max_price, Error::<T>::PriceAboveMaximum);
        Ok(price)
    }

    /// Whether `owner` has so much to spend.
    fn can_pay(owner: &AccountId, amount: Option<Balance>) -> Result<(), Error<T>> {
        // The account may be emptied: its attestation keeps it alive.
        let funds = T::Currency::reducible_balance(owner, Preservation::Expendable, Fortitude::Polite);
        ensure!(amount.is_some_and(|amount| amount <= funds), Error::<T>::InsufficientFunds);
        Ok(())
    }

    /// What `nodes` nodes cost for `epochs` epochs at `price`, if nodes may be looked for so many more slots of `entity`,
    /// and `owner` can pay.
    fn order(owner: &AccountId, entity: EntityId, price: Balance, nodes: u16, epochs: u32) -> Result<Order, Error<T>> {
        // ADR 0024: slots are bounded, not jobs, whichever call asks for them.
        let looked_for = T::Draws::looked_for(entity).saturating_add(nodes.into());
        ensure!(looked_for <= MAX_LOOKED_FOR, Error::<T>::TooManyLookedFor);
        let draw_fee = Settings::<T>::get().creation_fee();
        let count = Balance::from(nodes);
        let (fee, draws) = (draw_fee.saturating_mul(count), draw_fee.saturating_mul(SPARE_DRAWS.into()));
        let each = price.checked_mul(epochs.into()).and_then(|epochs| epochs.checked_add(draws));
        let each = each.ok_or(Error::<T>::InsufficientFunds)?;
        let held = each.checked_mul(count).ok_or(Error::<T>::InsufficientFunds)?;
        Self::can_pay(owner, held.checked_add(fee))?;
        Ok(Order { entity, price, each, held, draw_fee, fee })
    }

    /// Whether `request` would succeed, and what it would cost.
    pub(crate) fn check_request(
        owner: &AccountId,
        request: &JobRequest,
        max_price: Balance,
    ) -> Result<Order, DispatchError> {
        validate(request).map_err(Error::<T>::from)?;
        let entity = Self::admitted(owner)?;
        let price = Self::price_within(request, max_price)?;
        Ok(Self::order(owner, entity, price, request.nodes, request.epochs)?)
    }

    /// Ask for a job.
    pub(crate) fn do_request(owner: AccountId, request: JobRequest, max_price: Balance) -> DispatchResult {
        let order = Self::check_request(&owner, &request, max_price)?;
        Self::burn_fee(&owner, order.fee)?;
        let id = JobId(NextJob::<T>::get());
        NextJob::<T>::put(id.0.checked_add(1).ok_or(Error::<T>::Corrupted(Inconsistency::OutOfNumbers))?);
        let job = Job {
            owner: owner.clone(),
            entity: order.entity,
            state: JobState::Requested,
            requested: Self::block(),
            cancelled: None,
            slots: 0,
            live: 0,
            running: 0,
            open: 0,
            served: false,
            ledger: Ledger::default(),
        };
        JobsOf::<T>::insert(&owner, id.0.to_be_bytes(), ());
        Requests::<T>::insert(id, &request);
        let (nodes, epochs) = (request.nodes, request.epochs);
        let Order { price, held, fee, .. } = order;
        let request = Box::new(request);
        Self::deposit_event(Event::Requested { job: id, owner, request, price, held, fee });
        Self::add_slots(id, job, nodes, epochs, order)
    }

    fn burn_fee(owner: &AccountId, fee: Balance) -> DispatchResult {
        T::Currency::burn_from(owner, fee, Preservation::Expendable, Precision::Exact, Fortitude::Polite)?;
        T::Supply::note_burned(fee);
        Ok(())
    }

    /// Add `nodes` slots to a job and draw their nodes, all in one draw. Their epochs count from each slot's first
    /// acceptance.
    fn add_slots(id: JobId, mut job: Job<AccountId>, nodes: u16, epochs: u32, order: Order) -> DispatchResult {
        let end = job.slots.checked_add(nodes).ok_or(Error::<T>::Corrupted(Inconsistency::OutOfNumbers))?;
        let slots: Vec<u16> = (job.slots..end).collect();
        let drawn =
            BoundedVec::try_from(slots.clone()).map_err(|_| Error::<T>::Corrupted(Inconsistency::OutOfNumbers))?;
        let state = SlotState::Drawing { draw: Self::open_draw(id, job.entity, drawn, 0)? };
        let term = Term { until: EpochIndex(epochs), price: order.price };
        for number in slots {
            let slot = Slot {
                state,
                held: 0,
                started: None,
                terms: BoundedVec::truncate_from(alloc::vec![term]),
                services: Default::default(),
                drawn: None,
                draws: SPARE_DRAWS,
                draw_fee: order.draw_fee,
                tried: Default::default(),
                trial: Default::default(),
            };
            let mut account = SlotAccount::<T>::new(SlotRef { job: id, slot: number }, job, slot);
            account.hold(order.each)?;
            account.set_state(state);
            job = account.job.clone();
            account.store();
        }
        Ok(())
    }

    /// A job of `owner` that can be had more of, with what was asked for.
    fn extensible(owner: &AccountId, id: JobId) -> Result<(Job<AccountId>, JobRequest), Error<T>> {
        let job = Self::job_of(owner, id)?;
        ensure!(job.live > 0, Error::<T>::JobEnded);
        ensure!(job.cancelled.is_none(), Error::<T>::AlreadyCancelled);
        let request = Requests::<T>::get(id).ok_or(Error::<T>::Corrupted(Inconsistency::NoRequest))?;
        Ok((job, request))
    }

    /// Whether `extend` would succeed, and what it would cost. A slot whose epochs are over, and which only waits to be
    /// ended, has ended.
    pub(crate) fn check_extend(
        owner: &AccountId,
        id: JobId,
        epochs: u32,
        max_price: Balance,
    ) -> Result<Extension, Error<T>> {
        let (job, request) = Self::extensible(owner, id)?;
        let current = Self::current();
        let all = (0..job.slots).filter_map(|number| Some((number, Slots::<T>::get(id, number)?)));
        let lives = |slot: &Slot| !matches!(slot.state, SlotState::Ended(_)) && !Self::is_over(slot);
        let slots: Vec<(u16, Slot)> = all.filter(|(_, slot)| lives(slot)).collect();
        ensure!(!slots.is_empty(), Error::<T>::JobEnded);
        ensure!(slots.iter().all(|(_, slot)| has_room_for(slot, current, epochs)), Error::<T>::EpochsOutOfBounds);
        let mut extended = slots.iter().map(|(_, slot)| slot.clone());
        Self::admitted(owner)?;
        let price = Self::price_within(&request, max_price)?;
        ensure!(extended.all(|mut slot| slot.append(epochs, price)), Error::<T>::TooManyTerms);
        let each = price.checked_mul(epochs.into()).ok_or(Error::<T>::InsufficientFunds)?;
        let cost = |slot: &Slot| each.checked_add(used_draws(slot));
        let held = slots.iter().try_fold(0, |sum: Balance, (_, slot)| sum.checked_add(cost(slot)?));
        Self::can_pay(owner, held)?;
        let held = held.ok_or(Error::<T>::InsufficientFunds)?;
        Ok(Extension { price, each, held, slots: slots.into_iter().map(|(number, _)| number).collect() })
    }

    /// Add epochs to every slot that has not ended.
    pub(crate) fn do_extend(owner: AccountId, id: JobId, epochs: u32, max_price: Balance) -> DispatchResult {
        let Extension { price, each, held, slots } = Self::check_extend(&owner, id, epochs, max_price)?;
        for number in slots {
            Self::extend_slot(SlotRef { job: id, slot: number }, epochs, price, each)?;
        }
        Self::deposit_event(Event::Extended { job: id, epochs, price, held });
        Ok(())
    }

    fn extend_slot(id: SlotRef, epochs: u32, price: Balance, cost: Balance) -> DispatchResult {
        let mut account = SlotAccount::<T>::load(id)?;
        ensure!(account.slot.append(epochs, price), Error::<T>::TooManyTerms);
        account.hold(cost.saturating_add(used_draws(&account.slot)))?;
        account.slot.draws = SPARE_DRAWS;
        if let SlotState::Running { index } = account.slot.state {
            let mut service = Services::<T>::get(index).ok_or(Error::<T>::Corrupted(Inconsistency::NoService))?;
            if !service.leaving {
                Agenda::<T>::remove(service.ends, index);
                service.ends = account.slot.ends();
                Self::schedule(index, service.ends);
                Services::<T>::insert(index, service);
            }
        }
        account.store();
        Ok(())
    }

    /// Whether `add_nodes` would succeed, and what it would cost.
    pub(crate) fn check_add_nodes(
        owner: &AccountId,
        id: JobId,
        nodes: u16,
        epochs: u32,
        max_price: Balance,
    ) -> Result<(Job<AccountId>, Order), Error<T>> {
        let (job, request) = Self::extensible(owner, id)?;
        ensure!(job.served, Error::<T>::NotServedYet);
        let all = u32::from(job.slots).saturating_add(nodes.into());
        ensure!(nodes > 0 && all <= MAX_NODES, Error::<T>::NodesOutOfBounds);
        ensure!((1..=MAX_EPOCHS).contains(&epochs), Error::<T>::EpochsOutOfBounds);
        let live = u32::from(job.live).saturating_add(nodes.into());
        ensure!(are_enough(&request.selectors, live), Error::<T>::TooFewIncluded);
        Self::admitted(owner)?;
        let price = Self::price_within(&request, max_price)?;
        // They count for the entity that asked for the job, whatever entity its owner is of now.
        let order = Self::order(owner, job.entity, price, nodes, epochs)?;
        Ok((job, order))
    }

    /// Add slots to a job. They are drawn and paid for like those of the request, and have epochs of their own.
    pub(crate) fn do_add_nodes(
        owner: AccountId,
        id: JobId,
        nodes: u16,
        epochs: u32,
        max_price: Balance,
    ) -> DispatchResult {
        let (job, order) = Self::check_add_nodes(&owner, id, nodes, epochs, max_price)?;
        Self::burn_fee(&owner, order.fee)?;
        let Order { price, held, fee, .. } = order;
        Self::deposit_event(Event::NodesAdded { job: id, first: job.slots, nodes, epochs, price, held, fee });
        Self::add_slots(id, job, nodes, epochs, order)
    }
}
