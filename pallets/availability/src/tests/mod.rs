mod absence;
mod lifecycle;
mod outages;
mod price;
mod property;
mod pruning;
mod refusals;
mod resolution;
mod services;
mod settlement;

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use ratio1_primitives::{
    api::EpochState,
    ballot::{Phase, RevealedPages, Vote},
    traits::EpochInspect,
    EpochIndex, LicenseId,
};

type E = Error<Test>;

/// Short for an epoch's index.
fn e(n: u32) -> EpochIndex {
    EpochIndex(n)
}

/// What is voted about where there are licenses and no services.
fn voted(licenses: u32) -> crate::hooks::Voted {
    crate::hooks::Voted { licenses, services: 0 }
}

fn state(epoch: u32) -> EpochState {
    Availability::epoch_state(e(epoch))
}

/// The results handed on for an epoch, pages joined.
fn credited(epoch: u32) -> Vec<u8> {
    HandedOn::get().into_iter().filter(|(of, _, _)| *of == e(epoch)).flat_map(|(_, _, bytes)| bytes).collect()
}
