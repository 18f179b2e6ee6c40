//! What a node offers, and what a customer asks for.

use super::{refused, Case, Money, CUSTOMER, DRAWS, EPOCHS, FEE, HELD, OPERATOR, PRICE, SOON};
use crate::support::{
    chain::{self, view},
    hold, step, Outcome,
};
use pallet_jobs::{CanRequestViewFunction, Error, Event, QuoteViewFunction};
use pallet_transaction_payment::Event::TransactionFeePaid;
use ratio1_primitives::{
    jobs::{Cid, JobRequest, Restart, Selectors, SlotRef, Tier},
    Balance,
};
use ratio1_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use ratio1_testnet::facts::{r1, Check};
use serde_json::{json, Value};

/// What a request costs its owner besides the job.
#[derive(Clone, Copy)]
pub struct Asked {
    /// The fee of the draw, and the transaction's.
    pub cost: Balance,
    /// What is burned of it; the rest is the block's author's.
    pub burned: Balance,
}

/// The specification of the container; nobody fetches it here.
pub fn spec() -> Cid {
    Cid::new(false, [7; 32])
}

impl Case {
    /// The operator's node declares just what a Micro node takes, after a few things that it cannot have.
    pub async fn declare(&mut self) -> Outcome {
        step("eve's node declares what it has for jobs");
        let micro = Tier::Micro.capacity();
        let offer = |cpu: u32, tags: Value| json!({"cpuMilli": cpu, "memoryMib": micro.memory_mib, "diskGib": micro.disk_gib, "tags": tags});
        let too_much = self.ask("r1_declare", offer(2_000_000, json!([]))).await;
        refused("declaring more than the machine has", too_much, 7004, None)?;
        let shouted = self.ask("r1_declare", offer(micro.cpu_milli, json!(["SSD"]))).await;
        refused("declaring a tag in capitals", shouted, 7002, Some("BadTags"))?;
        let long = self.ask("r1_declare", offer(micro.cpu_milli, json!(["x".repeat(33)]))).await;
        refused("declaring a tag that is too long", long, -32602, None)?;

        let hash = self.ask("r1_declare", offer(micro.cpu_milli, json!(["ssd", "eu"]))).await?;
        let declared = self.log.find("the declaration", SOON, |event| match event {
            RuntimeEvent::Nodes(pallet_nodes::Event::Declared { license, profile, .. }) => {
                Some((*license, profile.clone()))
            }
            _ => None,
        });
        let (block, (license, profile)) = declared.await?;
        let tags: Vec<_> = profile.tags.iter().map(|tag| String::from_utf8_lossy(tag).into_owned()).collect();
        let right = license == OPERATOR.license() && profile.capacity == micro && tags == ["eu", "ssd"];
        let detail = format!("transaction {hash} in block {}: {profile:?}", block.number);
        hold(Check::new("the declaration is on chain, its tags sorted", right, detail))
    }

    /// Returns the slot, and what asking cost besides the job.
    pub async fn request(&mut self) -> Outcome<(SlotRef, Asked)> {
        step("ferdie's owner asks for a Micro node for two epochs");
        let at = self.client.finalised().await?.hash;
        let quote = view(&self.client, at, QuoteViewFunction::<Runtime>::new(Tier::Micro, None)).await?;
        let right = quote.as_ref().is_ok_and(|quote| (quote.price, quote.fee, quote.draws) == (PRICE, FEE, DRAWS));
        hold(Check::new(
            "a Micro node costs 0.1 USD an epoch in R1, and sixteen more draws are held",
            right,
            format!("{quote:?}"),
        ))?;

        let exclude = vec![CUSTOMER.license()].try_into().map_err(|_| "one fits")?;
        let request = JobRequest {
            tier: Tier::Micro,
            gpu: None,
            nodes: 1,
            epochs: EPOCHS,
            spec: spec(),
            spec_bytes: 512,
            selectors: Selectors { exclude, ..Default::default() },
            restart: Restart::Always,
            same_entity: false,
            health: None,
        };
        let dear = CanRequestViewFunction::<Runtime>::new(CUSTOMER.owner(), request.clone(), PRICE - 1);
        let answer = view(&self.client, at, dear).await?;
        let right = answer == Err(Error::<Runtime>::PriceAboveMaximum.into());
        hold(Check::new("a request that may cost less is refused", right, format!("{answer:?}")))?;

        let call = pallet_jobs::Call::request { request: Box::new(request), max_price: PRICE };
        let block = chain::send(&self.client, CUSTOMER, "request of a job", RuntimeCall::Jobs(call)).await?;
        let requested = self.event("the request", SOON, |event| match event {
            Event::Requested { job, owner, price, held, fee, .. } if *owner == CUSTOMER.owner() => {
                Some((*job, (*price, *held, *fee)))
            }
            _ => None,
        });
        let (found, (job, terms)) = requested.await?;
        let paid = self.log.find("the transaction's fee", SOON, |event| match event {
            RuntimeEvent::TransactionPayment(TransactionFeePaid { who, actual_fee, .. })
                if *who == CUSTOMER.owner() =>
            {
                Some(*actual_fee)
            }
            _ => None,
        });
        let (_, paid) = paid.await?;
        let (before, after) = Money::around(&self.client, block).await?;
        let right = found == block
            && terms == (PRICE, HELD, FEE)
            && after.customer.1 == before.customer.1 + HELD
            && before.of_customer() == after.of_customer() + FEE + paid
            && after.burned_since(&before, FEE + paid / 2);
        let detail = format!("{} R1 on hold, {} R1 burned, of the transaction's {} half", r1(HELD), r1(FEE), r1(paid));
        hold(Check::new("the job's price is on hold, its fee and half of the transaction's burned", right, detail))?;
        Ok((SlotRef { job, slot: 0 }, Asked { cost: FEE + paid, burned: FEE + paid / 2 }))
    }
}
