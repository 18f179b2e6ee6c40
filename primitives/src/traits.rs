//! The seams between the pallets. No pallet names another one's `Config`; the runtime ties the knot.

use crate::{
    ballot::{Page, Seat},
    economics::{pools::Pool, price::Price},
    jobs::{
        market::{Opening, Wanted},
        Capacity, Client, Drawn, NodeProfile, Outcome, Reputation,
    },
    kyc::{Attestation, EntityId},
    license::Grant,
    refusal::{AdmissionRefusal, KycRefusal, PriceRefusal},
    width::as_usize,
    Balance, BlockNumber, ClockParams, EpochIndex, License, LicenseClass, LicenseId, NodeId, PAGE_SIZE,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::{DispatchError, DispatchResult};
use sp_weights::{Weight, WeightMeter};

/// Which epoch runs, and what is still open. Implemented by `pallet-availability`.
pub trait EpochInspect {
    /// The running epoch.
    fn current() -> EpochIndex;
    /// Whether `epoch` can no longer credit anything: finalised, lapsed or void.
    fn is_closed(epoch: EpochIndex) -> bool;
    /// The oldest epoch not closed; the running one if all earlier ones are.
    fn oldest_open() -> EpochIndex;
    /// The epochs that ended and are not closed, oldest first: at most `MAX_OPEN` of them, so 32.
    fn open_epochs() -> Vec<EpochIndex>;
}

/// When epochs begin. Implemented by `pallet-availability`.
pub trait ClockInspect {
    /// The clock, fixed at block 1. `None` before it.
    fn clock() -> Option<ClockParams>;
}

/// Who is attested. Implemented by `pallet-kyc`.
pub trait KycInspect<AccountId> {
    /// Whether `who` may begin something now: attested, not expired, not revoked, country permitted. No grace.
    fn admits(who: &AccountId) -> Result<Attestation, KycRefusal>;
    /// Whether what `who` began may go on in `epoch`, which is the running one: as `admits`, with the grace and delays of
    /// docs/protocol/identity.md#good-standing.
    fn standing(who: &AccountId, epoch: EpochIndex) -> Result<Attestation, KycRefusal>;
}

/// Deeds and links. Implemented by `pallet-licenses`.
pub trait LicenseInspect<AccountId> {
    /// How many deeds were ever issued. Ids below it exist, ids from it on do not.
    fn count() -> u32;
    /// A deed's state.
    fn license(id: LicenseId) -> Option<License>;
    /// Whose it is.
    fn owner(id: LicenseId) -> Option<AccountId>;
    /// The license a node is linked to.
    fn license_of(node: &NodeId) -> Option<LicenseId>;
    /// Which licenses of `page` were linked when `epoch` ended (now, for the running epoch). `None` where that is no
    /// longer known, which can only be for an epoch that is closed.
    fn linked(page: u32, epoch: EpochIndex) -> Option<PageMask>;
    /// Whether the node may beat and work: linked, its owner in good standing.
    fn admission(node: &NodeId) -> Result<LicenseId, AdmissionRefusal>;
    /// What a Master deed was assigned. `None` for the other classes.
    fn grant(id: LicenseId) -> Option<Grant>;
    /// The Master deeds of a page of licenses with their grants.
    fn masters(page: u32) -> Vec<(LicenseId, Grant)>;
    /// How many Master deeds a page has.
    fn master_count(page: u32) -> u32;
    /// What all Master deeds were assigned together.
    fn assigned() -> Balance;
}

/// Issuing Node Deeds to who bought them. Implemented by `pallet-licenses`.
pub trait IssueDeeds<AccountId> {
    /// How many Node Deeds were issued.
    fn node_deeds() -> u32;
    /// Issue `units` Node Deeds to `owner`, whose admission the caller has checked; the first of their ids, which
    /// follow each other. Must run inside a storage layer, as calls do.
    fn issue_node_deeds(owner: &AccountId, units: u32) -> Result<LicenseId, DispatchError>;
}

/// Oracles. Implemented by `pallet-oracles`.
pub trait OracleInspect<AccountId> {
    /// The active validators that vote, in validator order.
    fn active() -> Vec<Seat<AccountId>>;
    /// Removed or disabled now: no part in freezing.
    fn is_barred(oracle: &AccountId) -> bool;
    /// Whether this license's node is admitted as an oracle or still in the current or queued set.
    fn is_bound(license: LicenseId) -> bool;
}

/// Who runs an oracle, for those who need to know no more. Implemented by `pallet-oracles`.
pub trait IsOracle<AccountId> {
    /// Whether `who` owns an oracle: admitted, or still in the current or queued set.
    fn is_oracle(who: &AccountId) -> bool;
}

/// Finalised availability. Implemented by `pallet-availability`.
pub trait AvailabilityProvider {
    /// The finalised byte of `license` in `epoch`, while it is kept.
    fn byte(epoch: EpochIndex, license: LicenseId) -> Option<u8>;
    /// The newest finalised epoch.
    fn last_finalised() -> Option<EpochIndex>;
    /// The byte from which a node, or a service, counted as available in `epoch`, while that is known.
    fn threshold(epoch: EpochIndex) -> Option<u8>;
    /// The height known to be final by the oracles that measured `epoch`: the lower median of what the ballots that
    /// counted say. A service accepted later cannot have been measured. `None` while the epoch is not finalised, or
    /// where governance chose its bytes.
    fn known(epoch: EpochIndex) -> Option<BlockNumber>;
    /// The finalised bytes of a page of services in `epoch`, while they are kept.
    fn service_page(epoch: EpochIndex, page: u32) -> Option<Page>;
}

/// Services that oracles measure. Implemented by `pallet-jobs`.
pub trait ServiceInspect {
    /// One more than the greatest index of a service: the length of the service pages of a ballot. Never shrinks.
    fn services() -> u32;
}

/// What nodes offer and how they stand. Implemented by `pallet-nodes`.
pub trait NodeRegistry {
    /// What `node`, linked to `license`, had declared in block `at` or before. `None` if nothing, or if that is no
    /// longer known.
    fn offer(license: LicenseId, node: &NodeId, at: BlockNumber) -> Option<NodeProfile>;
    /// Whether `need` fits into what is declared now and not reserved, and a slot more into what a node can run.
    fn has_room(license: LicenseId, need: &Capacity) -> bool;
    /// Whether it is left out of draws, for having let an offer lapse.
    fn is_barred(license: LicenseId) -> bool;
    /// Its reputation.
    fn reputation(license: LicenseId) -> Reputation;
    /// Reserve `need` for one slot. Fails if it does not fit.
    fn reserve(license: LicenseId, need: &Capacity) -> DispatchResult;
    /// Free what was reserved for one slot.
    fn free(license: LicenseId, need: &Capacity);
    /// Leave it out of draws for [`BARRED_EPOCHS`](crate::jobs::BARRED_EPOCHS).
    fn bar(license: LicenseId);
    /// Move its reputation.
    fn note(license: LicenseId, outcome: Outcome);
}

/// The slots a license is bound by. Implemented by `pallet-jobs`.
pub trait JobSlots {
    /// Slots offered to it or served by it.
    fn slots(license: LicenseId) -> u32;
    /// Whether there is any: one read where there are many slots.
    fn is_working(license: LicenseId) -> bool {
        Self::slots(license) > 0
    }
    /// Take all its slots away, at once: they are drawn again, what it earned is paid.
    fn evict(license: LicenseId);
    /// The most that `evict` costs.
    fn evict_weight() -> Weight;
    /// Enough oracles say that its node is silent: the slots it serves move at once, as one failure. Those it is only
    /// offered stay.
    fn absent(license: LicenseId);
    /// The most that `absent` costs.
    fn absent_weight() -> Weight;
}

impl JobSlots for () {
    fn slots(_: LicenseId) -> u32 {
        0
    }
    fn evict(_: LicenseId) {}
    fn evict_weight() -> Weight {
        Weight::zero()
    }
    fn absent(_: LicenseId) {}
    fn absent_weight() -> Weight {
        Weight::zero()
    }
}

/// Looking for nodes, in an order that nobody could foresee. Implemented by `pallet-draws`, for the markets.
pub trait Draws {
    /// Open a draw; its number.
    fn open(opening: Opening) -> Result<u64, DispatchError>;
    /// Look no more for a node for a slot.
    fn leave(entity: EntityId, draw: u64, slot: u16);
    /// Whether somebody may know a draw's seed.
    fn is_seeded(entity: EntityId, draw: u64) -> bool;
    /// Whether a draw looks for a node for this slot.
    fn looks_for(entity: EntityId, draw: u64, client: Client, slot: u16) -> bool;
    /// Slots for which nodes are looked for on behalf of an entity.
    fn looked_for(entity: EntityId) -> u32;
    /// Let draws look for nodes as far as the meter goes, each turn at most `probes` positions long. Called once in each
    /// block that is polled, whose number among those is `polled`: draws give up by it.
    fn step(polled: u32, probes: u32, meter: &mut WeightMeter);
    /// What the meter of a block must have room for, or some draw would never go on.
    fn largest_step() -> Weight;
}

/// Who has nodes drawn. Implemented by `pallet-jobs`, for `pallet-draws`. Every call is about a slot of one client.
pub trait Market {
    /// What a draw for this slot asks of whom it comes upon. `None` if there is no such client.
    fn wanted(client: Client, slot: u16) -> Option<Wanted>;
    /// The licenses that are offered, or serve, the client's first `slots` slots.
    fn serving(client: Client, slots: u16) -> Vec<LicenseId>;
    /// On whose behalf, and by which draw, a node is looked for for this slot. `None` if none is.
    fn awaits(client: Client, slot: u16) -> Option<(EntityId, u64)>;
    /// Somebody was found, who has room for `need`. If this fails the draw goes on to the next.
    fn offer(client: Client, slot: u16, drawn: Drawn, need: &Capacity) -> DispatchResult;
    /// The most that `offer` costs.
    fn offer_weight() -> Weight;
    /// Nobody was found in time.
    fn give_up(client: Client, slot: u16) -> DispatchResult;
    /// The most that `give_up` costs, with the end of the draw.
    fn give_up_weight() -> Weight;
}

/// What nobody but a block's author can foresee. Implemented by the runtime on BABE.
pub trait BlockRandomness {
    /// The VRF output of the block before this one. Zeros if it had none.
    fn of_last_block() -> [u8; 32];
}

/// Told how epochs end. The runtime hands it on to rewards and price; each call stays within the weight named for it.
pub trait OnEpochEnd {
    /// Page `page` of licenses is final. Called once per epoch and page.
    fn on_page(epoch: EpochIndex, page: u32, bytes: &[u8]);
    /// The most that `on_page` costs for this page.
    fn page_weight(page: u32) -> Weight;
    /// All pages of the epoch are final, those of services too.
    fn on_finalised(epoch: EpochIndex);
    /// The most that `on_finalised` costs.
    fn finalised_weight() -> Weight;
    /// The epoch is final, and this is the lower median of the R1/USD prices in its eligible ballots.
    fn on_price(epoch: EpochIndex, median: Price);
    /// The most that `on_price` costs.
    fn price_weight() -> Weight;
    /// The epochs `first..=last` are closed without result: they lapsed, or no block was made in them.
    fn on_lapsed(first: EpochIndex, last: EpochIndex);
    /// The most that `on_lapsed` costs.
    fn lapse_weight() -> Weight;
}

impl OnEpochEnd for () {
    fn on_page(_: EpochIndex, _: u32, _: &[u8]) {}
    fn page_weight(_: u32) -> Weight {
        Weight::zero()
    }
    fn on_finalised(_: EpochIndex) {}
    fn finalised_weight() -> Weight {
        Weight::zero()
    }
    fn on_price(_: EpochIndex, _: Price) {}
    fn price_weight() -> Weight {
        Weight::zero()
    }
    fn on_lapsed(_: EpochIndex, _: EpochIndex) {}
    fn lapse_weight() -> Weight {
        Weight::zero()
    }
}

/// The R1/USD rate. Implemented by `pallet-price`.
pub trait PriceInspect {
    /// The rate that holds now.
    fn rate() -> Result<Price, PriceRefusal>;
    /// The lower of the last two rates, if the last one holds: what deeds are sold at.
    fn lower_rate() -> Result<Price, PriceRefusal>;
}

/// Where the pools keep their R1. Implemented by `pallet-pools`.
pub trait Pools<AccountId> {
    /// Whose account a pool's R1 comes to. `None` if the genesis named nobody.
    fn account(pool: Pool) -> Option<AccountId>;
    /// `amount` has come to the pool's account: put it under the pool's rules.
    fn deposited(pool: Pool, amount: Balance) -> DispatchResult;
}

/// Settling a license: minting to its owner, at once, everything finalised. Implemented by `pallet-rewards`.
pub trait SettleRewards {
    /// Mint what is claimable; nothing claimable is no error.
    fn settle(license: LicenseId) -> DispatchResult;
}

/// The deed as a token, for `pallet-licenses` on `pallet-nfts`: moved by our own calls only.
pub trait DeedToken<AccountId> {
    /// Create the one collection, owned and administered by the licenses pallet. At genesis only.
    fn create_collection() -> Result<(), DispatchError>;
    /// Issue `id` to `owner`.
    fn issue(id: LicenseId, owner: &AccountId) -> DispatchResult;
    /// Whose it is.
    fn owner(id: LicenseId) -> Option<AccountId>;
    /// Move it. The caller holds the permit for this item.
    fn transfer(id: LicenseId, to: &AccountId) -> DispatchResult;
}

/// One bit for each license of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct PageMask(pub [u8; as_usize(PAGE_SIZE) / 8]);

/// The bit of the license at `offset`, within its byte.
const fn bit_of(offset: u32) -> u8 {
    1u8.rotate_left(offset % 8)
}

impl Default for PageMask {
    fn default() -> Self {
        Self([0; as_usize(PAGE_SIZE) / 8])
    }
}

impl PageMask {
    /// The bit of the license at `offset` in the page.
    pub fn get(&self, offset: u32) -> bool {
        self.0.get(as_usize(offset) / 8).is_some_and(|byte| byte & bit_of(offset) != 0)
    }

    /// Set or clear the bit at `offset`; past the page it does nothing.
    pub fn set(&mut self, offset: u32, on: bool) {
        if let Some(byte) = self.0.get_mut(as_usize(offset) / 8) {
            let bit = bit_of(offset);
            if on {
                *byte |= bit
            } else {
                *byte &= !bit
            }
        }
    }
}

/// Base units ever minted and burned. Implemented by `pallet-rewards`, told by whoever burns.
pub trait SupplyLedger {
    /// `amount` of R1 left issuance for good.
    fn note_burned(amount: Balance);
    /// Ever minted for licenses of `class`.
    fn minted(class: LicenseClass) -> Balance;
}
