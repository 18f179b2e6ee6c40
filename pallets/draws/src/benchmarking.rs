//! What keeping outputs and every step of a turn costs at its worst. What markets do is measured by them.
//!
//! State is written directly, as large as it can be; the market is asked to set itself up, with its nodes.

use crate::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::{weights::WeightMeter, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use ratio1_primitives::{
    jobs::{
        draw::{seed, Permutation},
        Client, Reputation, MAX_NODES,
    },
    kyc::EntityId,
    traits::EpochInspect,
    LicenseId,
};

/// What benchmarks need from the market and its neighbours.
pub trait BenchmarkHelper {
    /// Let there be a client whose request has every list full, and one more slot than `others`: those are served, each by a
    /// license of its own that is not among the first `licenses`; the last waits for `draw`. On whose behalf, the client, and
    /// that slot. Let the epoch before the running one be finalised, with bytes of 255 for the first `licenses` licenses,
    /// and as many oracles as there can be.
    fn client(draw: u64, others: u32, licenses: u32) -> Result<(EntityId, Client, u16), BenchmarkError>;
    /// Let `license` be one that could serve it, with this reputation: something of its node is reserved.
    fn candidate(license: LicenseId, reputation: Reputation) -> Result<(), BenchmarkError>;
}

/// The block.
const BLOCK: u32 = 1_000;
/// Blocks polled.
const POLLED: u32 = 900;
/// Licenses of a draw: all positions of its permutation are licenses, on 64 pages.
const LICENSES: u32 = 1 << 16;
/// What the seed is made of.
const OUTPUTS: VrfOutputs = [[1; 32]; 4];

/// A draw for the last slot of a client, on whose first `p` positions are nodes that could serve it and are not taken.
/// All its other slots are served.
fn search<T: Config>(others: u32, p: u32) -> Result<(EntityId, Draw), BenchmarkError> {
    let id = NextDraw::<T>::mutate(|next| core::mem::replace(next, next.saturating_add(1)));
    let (entity, client, slot) = T::BenchmarkHelper::client(id, others, LICENSES)?;
    frame_system::Pallet::<T>::set_block_number(BlockNumberFor::<T>::from(BLOCK));
    let opened = BLOCK.saturating_sub(10);
    OpenedAt::<T>::insert(opened, 1);
    Seeds::<T>::insert(opened, OUTPUTS);
    let draw = Draw {
        client,
        slots: BoundedVec::truncate_from(vec![slot]),
        opened,
        licenses: LICENSES,
        included: false,
        bytes_of: T::Epochs::current().minus(1),
        seed: None,
        pass: 0,
        position: 0,
        until: POLLED.saturating_add(5),
    };
    Turns::<T>::insert(entity, Looking { draws: 1, slots: 1, last: id });
    LastTurn::<T>::put(entity);
    Draws::<T>::insert(entity, id, &draw);
    // As the draw itself will do, which is measured with it.
    let order = Permutation::new(seed(&OUTPUTS, id), LICENSES);
    for position in 0..p {
        let license = order.at(position.into()).ok_or("every position is a license")?;
        T::BenchmarkHelper::candidate(license, Reputation(0))?;
    }
    Ok((entity, draw))
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn note_output() {
        let opened = BLOCK.saturating_sub(5);
        OpenedAt::<T>::insert(opened, 1);
        #[block]
        {
            Pallet::<T>::note_output(BLOCK);
        }
        assert!(Seeds::<T>::contains_key(opened));
    }

    /// Everybody could serve, and nobody is taken.
    #[benchmark]
    fn turn(p: Linear<0, 64>) -> Result<(), BenchmarkError> {
        let (entity, draw) = search::<T>(0, p)?;
        let mut meter = WeightMeter::new();
        #[block]
        {
            Pallet::<T>::step_draws(POLLED, p, &mut meter);
        }
        let after = Draws::<T>::get(entity, 0);
        assert!(after.is_some_and(|after| after.position == u64::from(p) && after.slots == draw.slots));
        Ok(())
    }

    /// A license that is on no list, however long they are.
    #[benchmark]
    fn skip() -> Result<(), BenchmarkError> {
        let (_, mut draw) = search::<T>(MAX_NODES - 1, 0)?;
        draw.seed = Some([1; 32].into());
        let order = draw.permutation().ok_or("a seed")?;
        let mut search = Pallet::<T>::search(0, &draw).map_err(|_| "a search")?;
        search.own = Some(Pallet::<T>::own(&search));
        let found;
        #[block]
        {
            found = search.license_at(&draw, &order);
        }
        assert!(found.is_some());
        Ok(())
    }

    /// All slots but the last are served.
    #[benchmark]
    fn own(n: Linear<1, MAX_NODES>) -> Result<(), BenchmarkError> {
        let (_, draw) = search::<T>(n - 1, 0)?;
        let search = Pallet::<T>::search(0, &draw).map_err(|_| "a search")?;
        let found;
        #[block]
        {
            found = Pallet::<T>::own(&search);
        }
        assert_eq!(u32::try_from(found.licenses.len()), Ok(n - 1));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(0), crate::mock::Test);
}
