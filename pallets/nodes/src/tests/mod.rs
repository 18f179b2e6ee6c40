//! Declarations, reservations, reputations, and all of them in any order.

mod declaring;
mod model;
mod reputation;
mod working;

use crate::{mock::*, Declared, Error, Event, Reservation};
use frame_support::{assert_noop, assert_ok};
use ratio1_primitives::{
    jobs::{Capacity, Gpu, NodeProfile, Outcome, Reputation},
    traits::NodeRegistry,
    EpochIndex, LicenseId,
};
use sp_runtime::DispatchError;

type E = Error<Test>;

/// A Node Deed, linked to node 2.
const DEED: LicenseId = LicenseId(2);
