//! Derived facts: what the runtime API answers, computed from the pallets' state.

use crate::*;
use alloc::{vec, vec::Vec};
use frame_support::traits::tokens::nonfungibles_v2::InspectEnumerable as _;
use frame_system::offchain::CreateAuthorizedTransaction;
use ratio1_primitives::{
    api::{ClassSupply, LicenseInfo, NodeCall, NodeInfo, PayoutInfo, SignedAbsence, SignedVote, SupplyInfo},
    ballot::{Seat, Vote},
    economics, pages,
    refusal::AdmissionRefusal,
    traits::{AvailabilityProvider, EpochInspect, LicenseInspect, OracleInspect},
    EpochIndex, LicenseClass, LicenseId, NodeId, PAGE_SIZE,
};

/// Licenses one call of `licenses_of` returns.
pub const MAX_OWNED: usize = 100;
/// Epochs of a node's history one call returns.
const MAX_RECENT: u32 = 30;

/// Whether a node may beat and work.
pub fn admission(node: &NodeId) -> Result<LicenseId, AdmissionRefusal> {
    <Licenses as LicenseInspect<AccountId>>::admission(node)
}

/// A number for each page of licenses that changes with its links.
pub fn link_revisions() -> Vec<u32> {
    (0..pages(count())).map(pallet_licenses::LinkRevision::<Runtime>::get).collect()
}

/// The admitted nodes of one page of licenses.
pub fn admitted(page: u32) -> Vec<(LicenseId, NodeId)> {
    let first = page.saturating_mul(PAGE_SIZE);
    let last = first.saturating_add(PAGE_SIZE).min(count());
    (first..last)
        .map(LicenseId)
        .filter_map(|id| Some((id, <Licenses as LicenseInspect<AccountId>>::license(id)?.link?.node)))
        .filter(|(_, node)| admission(node).is_ok())
        .collect()
}

/// The current oracles.
pub fn oracles() -> Vec<Seat<AccountId>> {
    <Oracles as OracleInspect<AccountId>>::active()
}

/// The key under which an oracle publishes its addresses now: that of the running session, not one it registered for a
/// later one.
pub fn discovery_key(oracle: &AccountId) -> Option<sp_core::sr25519::Public> {
    let index = Session::validators().iter().position(|validator| validator == oracle)?;
    AuthorityDiscovery::current_authorities().get(index).cloned().map(Into::into)
}

/// A node's own call as a transaction.
pub fn node_extrinsic(call: NodeCall) -> UncheckedExtrinsic {
    match call {
        NodeCall::Declare { license, sequence, profile, signature } => {
            authorized(pallet_nodes::Call::<Runtime>::declare { license, sequence, profile, signature })
        }
        NodeCall::Accept { slot, signature } => authorized(pallet_jobs::Call::<Runtime>::accept { slot, signature }),
        NodeCall::Resign { slot, signature } => authorized(pallet_jobs::Call::<Runtime>::resign { slot, signature }),
    }
}

/// A vote as a transaction.
pub fn vote_extrinsic(signed: SignedVote) -> UncheckedExtrinsic {
    let SignedVote { epoch, seat, retry, vote, signature } = signed;
    authorized(match vote {
        Vote::Commit(hash) => pallet_availability::Call::commit { epoch, seat, hash, retry, signature },
        Vote::Header(header) => pallet_availability::Call::reveal_header { epoch, seat, header, retry, signature },
        Vote::Pages { first, pages } => {
            pallet_availability::Call::reveal_pages { epoch, seat, first, pages, retry, signature }
        }
    })
}

/// A report of absence as a transaction.
pub fn absence_extrinsic(report: SignedAbsence) -> UncheckedExtrinsic {
    let SignedAbsence { voter, absence, signature } = report;
    authorized(pallet_availability::Call::<Runtime>::report_absence { voter, absence, signature })
}

/// A claim as a transaction. A pool refuses for half an hour what was in a block before, so every block's claim has
/// bytes of its own: nobody's nonce is checked, it carries the height.
pub fn claim_extrinsic(license: LicenseId) -> UncheckedExtrinsic {
    let call = pallet_rewards::Call::claim { license };
    UncheckedExtrinsic::new_transaction(call.into(), configs::tx_extension(System::block_number(), 0))
}

fn authorized<C>(call: C) -> UncheckedExtrinsic
where
    RuntimeCall: From<C>,
{
    <Runtime as CreateAuthorizedTransaction<C>>::create_authorized_transaction(call.into())
}

fn count() -> u32 {
    <Licenses as LicenseInspect<AccountId>>::count()
}

/// A license with its emission.
pub fn license(id: LicenseId) -> Option<LicenseInfo> {
    let license = <Licenses as LicenseInspect<AccountId>>::license(id)?;
    let emission = Rewards::emission(id);
    Some(LicenseInfo {
        id,
        class: license.class,
        owner: <Licenses as LicenseInspect<AccountId>>::owner(id),
        node: license.link.map(|l| l.node),
        linked_since: license.link.map(|l| l.since),
        link_nonce: license.link_nonce,
        banned: license.banned,
        oracle: <Oracles as OracleInspect<AccountId>>::is_bound(id),
        credits: emission.credits,
        entitlement: emission.assigned,
        minted: emission.minted,
        claimable: emission.claimable,
        residual: emission.residual,
    })
}

/// The licenses of an owner, from the id `from` on, at most [`MAX_OWNED`]. The token pallet keeps them by hash, so all
/// ids of the owner are read and ordered: work in proportion to what this one owner has, and no transaction does it.
pub fn licenses_of(owner: &AccountId, from: LicenseId) -> Vec<LicenseInfo> {
    let mut ids: Vec<u32> = Nfts::owned_in_collection(&configs::DEEDS, owner).filter(|id| *id >= from.0).collect();
    ids.sort_unstable();
    ids.into_iter().take(MAX_OWNED).filter_map(|id| license(LicenseId(id))).collect()
}

/// A node.
pub fn node(node: &NodeId) -> NodeInfo {
    let id = <Licenses as LicenseInspect<AccountId>>::license_of(node);
    let current = <Availability as EpochInspect>::current();
    let recent = id.map_or_else(Vec::new, |id| {
        (1..=MAX_RECENT)
            .map(|back| current.minus(back))
            .take_while(|e| e.0 > 0)
            .filter_map(|e| Some((e, <Availability as AvailabilityProvider>::byte(e, id)?)))
            .collect()
    });
    NodeInfo { admission: admission(node), license: id.and_then(license), recent }
}

/// Why a license was paid what it was.
pub fn payout(epoch: EpochIndex, id: LicenseId) -> Option<PayoutInfo> {
    let class = <Licenses as LicenseInspect<AccountId>>::license(id)?.class;
    let info = Availability::epoch_info(epoch);
    let frozen = info.frozen?;
    if id.0 >= frozen.licenses {
        return None;
    }
    let byte = <Availability as AvailabilityProvider>::byte(epoch, id);
    let linked = <Licenses as LicenseInspect<AccountId>>::linked(id.page(), epoch).map(|mask| mask.get(id.offset()));
    let worth = match byte {
        Some(a) if linked != Some(false) => worth(class, epoch, id, a),
        _ => 0,
    };
    Some(PayoutInfo {
        epoch,
        license: id,
        class,
        linked,
        reported: Availability::reported(epoch, id),
        byte,
        lost_slots: frozen.gaps.within(0, frozen.params.slots),
        available: byte.map(|a| a >= frozen.params.threshold),
        worth,
    })
}

/// What byte `a` of `epoch` is worth to a license.
fn worth(class: LicenseClass, epoch: EpochIndex, id: LicenseId, a: u8) -> Balance {
    match (economics::schedule(class), <Licenses as LicenseInspect<AccountId>>::grant(id)) {
        (Some((entitlement, max)), _) => {
            entitlement.saturating_mul(Balance::from(a)).checked_div(Balance::from(max)).unwrap_or(0)
        }
        (None, Some(grant)) => {
            economics::earned(economics::curve::release(grant.assigned, grant.granted, epoch, epoch), a)
        }
        (None, None) => 0,
    }
}

/// Supply by class.
pub fn supply() -> SupplyInfo {
    let supply = Rewards::supply();
    let class = |class, supply: pallet_rewards::ClassSupply| ClassSupply {
        class,
        share: supply.cap,
        issued: pallet_licenses::Issued::<Runtime>::get(class),
        granted: supply.granted,
        minted: supply.minted,
        unclaimed: supply.unclaimed,
    };
    SupplyInfo {
        classes: vec![
            class(LicenseClass::Genesis, supply.genesis),
            class(LicenseClass::Master, supply.master),
            class(LicenseClass::Node, supply.node),
        ],
        burned: supply.burned,
        outstanding: supply.outstanding,
    }
}
