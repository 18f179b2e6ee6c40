//! Proof of AI as types and pure functions (docs/protocol/jobs.md#asking): what a job asks for ([`request`]), what it
//! costs and earns ([`price`]), who gets it ([`draw`]), how draws and markets talk ([`market`]), and what a node offers
//! and is worth ([`node`]).

pub mod draw;
pub mod market;
pub mod node;
pub mod price;
pub mod region;
pub mod request;

pub use market::{Client, Drawn, MAX_LOOKED_FOR};
pub use node::{Capacity, NodeProfile, Outcome, Reputation};
pub use price::{Gpu, Tier};
pub use request::{Cid, HealthCheck, JobRequest, Restart, Selectors, Tag};

use crate::{JobId, LicenseId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Nodes one job can have.
pub const MAX_NODES: u32 = 64;
/// Epochs a slot can be paid for in advance.
pub const MAX_EPOCHS: u32 = 1_080;
/// Service slots one node can run: no more than a heartbeat can report on, as
/// [`MAX_SERVICES_PER_BEAT`](crate::heartbeat::MAX_SERVICES_PER_BEAT) checks.
pub const MAX_SLOTS_PER_NODE: u32 = 64;
/// Service slots that can run at a time: as many pages of a ballot as 100 000 licenses take.
pub const MAX_SERVICES: u32 = 98 * crate::PAGE_SIZE;
/// Epochs after which what a slot earned is released.
pub const PERIOD: u32 = 30;
/// Epochs after a period in which the requester may still reject an epoch of it.
pub const REJECTION_EPOCHS: u32 = 2;
/// Epochs in which a node that let an offer lapse is not drawn.
pub const BARRED_EPOCHS: u32 = 3;
/// Blocks whose VRF outputs make the seed of a draw.
pub const SEED_BLOCKS: u32 = 4;

/// One place in a job.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SlotRef {
    /// The job.
    pub job: JobId,
    /// Which of its slots, from zero.
    pub slot: u16,
}

/// What oracles measure of one service: one node serving one slot, from acceptance to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ServiceTerm {
    /// Its place in the service pages of ballots. No other service has it until all epochs in which this one ran are
    /// closed.
    pub index: u32,
    /// The slot it serves.
    pub slot: SlotRef,
    /// Whose node serves it.
    pub license: LicenseId,
    /// Unix milliseconds from which beats are expected to report it: acceptance and the start allowance.
    pub from: u64,
    /// Unix milliseconds from which they no longer are; `None` while no end is known.
    pub until: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ballot, pages};

    #[test]
    fn bounds_are_those_of_the_protocol() {
        assert_eq!((PERIOD, REJECTION_EPOCHS, BARRED_EPOCHS, SEED_BLOCKS), (30, 2, 3, 4));
    }

    #[test]
    fn ballot_holds_every_license_and_every_service() {
        assert_eq!(pages(MAX_SERVICES), pages(100_000));
        assert!(pages(100_000) + pages(MAX_SERVICES) <= ballot::MAX_PAGES);
    }

    #[test]
    fn slot_number_holds_every_node_of_a_job() {
        assert!(u16::try_from(MAX_NODES).is_ok());
    }

    #[test]
    fn slots_are_ordered_by_job_first() {
        let slot = |job, slot| SlotRef { job: JobId(job), slot };
        assert!(slot(1, 9) < slot(2, 0) && slot(2, 0) < slot(2, 1));
    }
}
