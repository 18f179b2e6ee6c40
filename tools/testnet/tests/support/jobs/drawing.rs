//! The draw, from the VRF outputs on.

use super::{Case, OPERATOR, SOON};
use crate::support::{
    chain::{self, view},
    hold, step, Outcome,
};
use pallet_draws::Event as DrawEvent;
use pallet_jobs::{DrawOfViewFunction, Event};
use pallet_nodes::NodeInfoViewFunction;
use ratio1_primitives::{
    jobs::{draw, Client, Drawn, Reputation, SlotRef, SEED_BLOCKS},
    Hash,
};
use ratio1_runtime::{Runtime, RuntimeEvent};
use ratio1_testnet::facts::Check;

impl Case {
    /// Returns the block of the offer.
    pub async fn draw(&mut self, slot: SlotRef) -> Outcome<u32> {
        step("a node is drawn");
        let client = Client::Job(slot.job);
        let opened = self.log.find("the draw", SOON, |event: &RuntimeEvent| match event {
            RuntimeEvent::Draws(DrawEvent::DrawOpened {
                draw,
                client: other,
                licenses,
                included: false,
                bytes_of,
                ..
            }) if *other == client => Some((*draw, *licenses, *bytes_of)),
            _ => None,
        });
        let (opening, (draw, licenses, bytes_of)) = opened.await?;
        let offered = self.event("an offer", SOON, |event| match event {
            Event::Offered { slot: offered, drawn, .. } if *offered == slot => Some(*drawn),
            _ => None,
        });
        let (block, drawn) = offered.await?;

        let seed = draw::seed(&self.outputs_after(opening.number).await?, draw);
        let (at_first, at_last) = (self.reputation(opening.hash).await?, self.reputation(block.hash).await?);
        let places = walk(seed, licenses, at_first, at_last);
        let (opened, license) = (opening.number, OPERATOR.license());
        let right = places.iter().any(|(pass, position)| {
            let (pass, position) = (*pass, *position);
            drawn == Drawn { draw, opened, seed, licenses, included: false, bytes_of, pass, position, license }
        });
        let detail = format!("{drawn:?}; from {SEED_BLOCKS} VRF outputs: {seed:?}, pass and position {places:?}");
        hold(Check::new("the draw, computed again, finds the same node", right, detail))?;

        let info = view(&self.client, block.hash, DrawOfViewFunction::<Runtime>::new(slot)).await?;
        let right = info.is_some_and(|info| info.matches && info.drawn == drawn && info.coin < at_last.0);
        hold(Check::new("the chain tells how it was drawn", right, format!("{info:?}")))?;
        Ok(block.number)
    }

    /// The VRF outputs of the blocks after `opened` that make a seed.
    async fn outputs_after(&self, opened: u32) -> Outcome<[[u8; 32]; SEED_BLOCKS as usize]> {
        let mut outputs = [[0; 32]; SEED_BLOCKS as usize];
        for (number, output) in (opened + 1..).zip(&mut outputs) {
            let hash = self.client.block_hash(number).await?.ok_or("a block of the seed is missing")?;
            *output = chain::vrf_output(&self.client, hash).await?;
        }
        Ok(outputs)
    }

    async fn reputation(&self, at: Hash) -> Outcome<Reputation> {
        let question = NodeInfoViewFunction::<Runtime>::new(OPERATOR.license());
        Ok(view(&self.client, at, question).await?.reputation)
    }
}

/// Passes and position at which a draw may find the one license that is eligible. It is the first pass whose coin falls
/// below the license's reputation; if that rose while the draw looked, one in between can be too.
fn walk(seed: Hash, licenses: u32, at_first: Reputation, at_last: Reputation) -> Vec<(u32, u64)> {
    let only = OPERATOR.license();
    let order = draw::Permutation::new(seed, licenses);
    let position = (0..order.positions()).find(|position| order.at(*position) == Some(only));
    let taken = |pass: &u32, reputation| draw::is_taken(seed, *pass, only, reputation);
    let surely = (0..1_000).find(|pass| taken(pass, at_first)).unwrap_or(0);
    let possible = (0..=surely).filter(|pass| taken(pass, at_last));
    possible.filter_map(|pass| Some((pass, position?))).collect()
}
