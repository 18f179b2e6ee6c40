//! The end: what was earned is released, the rest returned, and nothing stays behind.

use super::{asking::Asked, Case, Money, Served, DRAWS, HELD, LATER, OPERATOR, SOON};
use crate::support::{chain::view, hold, step, Outcome};
use pallet_jobs::{Closing, Event, JobViewFunction, Leaving};
use pallet_nodes::NodeInfoViewFunction;
use ratio1_primitives::{
    jobs::{price, ServiceTerm, SlotRef},
    Balance, Hash,
};
use ratio1_runtime::Runtime;
use ratio1_testnet::{
    client::Head,
    facts::{r1, Check},
};

impl Case {
    /// The service ends, what it earned is released, the job closes. Returns the block of the release.
    pub async fn release(&mut self, slot: SlotRef, service: &Served, earned: Balance) -> Outcome<Head> {
        let left = self.event("the service to end", LATER, |event| match event {
            Event::ServiceEnded { slot: left, why, last, .. } if *left == slot => Some((*why, *last)),
            _ => None,
        });
        let (_, left) = left.await?;
        let right = left == (Leaving::Ended, service.first.plus(1));
        hold(Check::new("the service ended with its last epoch", right, format!("{left:?}")))?;

        let released = self.event("the release", LATER, |event| match event {
            Event::Released { slot: released, gross, burned, paid, payee, .. } if *released == slot => {
                Some(((*gross, *burned, *paid), payee.clone()))
            }
            _ => None,
        });
        let (block, (amounts, payee)) = released.await?;
        step("the job is paid and closed");
        let (burned, paid) = price::split(earned);
        let right = amounts == (earned, burned, paid) && payee == OPERATOR.owner();
        let detail = format!("{amounts:?} base units for {payee} in block {}", block.number);
        hold(Check::new("15 % of what it earned is burned, the rest is eve's", right, detail))?;

        let closed = self.event("the job to close", SOON, |event| match event {
            Event::JobClosed { job, closing, ledger } if *job == slot.job => Some((*closing, *ledger)),
            _ => None,
        });
        let (closing_block, (closing, ledger)) = closed.await?;
        let right = (closing_block, closing, ledger.held()) == (block, Closing::Served, 0)
            && (ledger.deposited, ledger.paid, ledger.burned) == (HELD, paid, burned)
            && ledger.returned == HELD - earned;
        hold(Check::new("what was deposited is what was paid, burned and returned", right, format!("{ledger:?}")))?;
        Ok(block)
    }

    /// Everybody's money agrees to the base unit: over the block of the release, and over the whole job.
    pub async fn account(&self, block: Head, earned: Balance, asked: Asked) -> Outcome {
        let (burned, paid) = price::split(earned);
        let (before, after) = Money::around(&self.client, block).await?;
        // What was held for further draws went back as the slot ended.
        let price = HELD - DRAWS;
        let right = after.operator == before.operator + paid
            && after.customer == (before.customer.0 + price - earned, before.customer.1 - price)
            && after.burned_since(&before, burned);
        let detail = format!("{before:?} before block {}, {after:?} after it", block.number);
        hold(Check::new("the block of the release moved just that", right, detail))?;

        let first = &self.before;
        let right = after.operator == first.operator + paid
            && first.of_customer() == after.of_customer() + earned + asked.cost
            && after.customer.1 == first.customer.1
            && after.burned_since(first, asked.burned + burned);
        let spent = first.of_customer().saturating_sub(after.of_customer());
        let detail = format!(
            "ferdie's owner has {} R1 less, {} R1 of them fees; eve's {} R1 more; {} R1 are burned",
            r1(spent),
            r1(asked.cost),
            r1(paid),
            r1(asked.burned + burned)
        );
        hold(Check::new("every base unit of the job is accounted for", right, detail))
    }

    /// Oracles measure nothing more, nothing is reserved, the node has no work.
    pub async fn nothing_is_left(&self, slot: SlotRef, at: Hash) -> Outcome {
        let terms: Vec<ServiceTerm> = self.client.call(at, "WorkerApi_services", 0u32).await?;
        let node = view(&self.client, at, NodeInfoViewFunction::<Runtime>::new(OPERATOR.license())).await?;
        let job = view(&self.client, at, JobViewFunction::<Runtime>::new(slot.job)).await?;
        let right = terms.is_empty()
            && node.reservation == Default::default()
            && job.as_ref().is_some_and(|job| job.request.is_none() && job.held == 0);
        hold(Check::new("nothing is left of it", right, format!("{terms:?}, {:?}, {job:?}", node.reservation)))?;
        self.work("eve's node to have no work", |work| work.is_empty().then_some(())).await
    }
}
