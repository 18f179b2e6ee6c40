//! Acceptance by the node that was drawn and by no other, and what oracles measure of it.

use super::{refused, Case, Served, CUSTOMER, EPOCHS, LATER, OPERATOR, PRICE, SOON};
use crate::support::{chain::view, hold, step, Outcome};
use codec::Encode;
use pallet_jobs::{EarningInfo, EarningsViewFunction, Error as JobError, Event};
use ratio1_primitives::{
    api::NodeCall,
    jobs::{price, ServiceTerm, SlotRef},
    keys::accept_payload,
    Balance, EpochIndex,
};
use ratio1_runtime::Runtime;
use ratio1_testnet::{facts::Check, launch, story::ALWAYS_ON, wait::wait_for, Error};
use serde_json::{json, Value};
use sp_core::Pair;

/// [`super::asking::spec`] as text.
const SPEC: &str = "bafkreiaha4dqobyha4dqobyha4dqobyha4dqobyha4dqobyha4dqobyha4";

impl Case {
    /// The offer of block `offered` is accepted.
    pub async fn accept(&mut self, slot: SlotRef, offered: u32) -> Outcome<Served> {
        step("the node that was drawn accepts, others cannot");
        self.offer_is_shown(slot, offered).await?;
        self.others_can_not_accept(slot, offered).await?;
        let name = json!({"job": slot.job, "slot": slot.slot});
        let early = self.ask("r1_resign", name.clone()).await;
        refused("resigning what is not accepted", early, 7001, None)?;
        let foreign = self.ask("r1_accept", json!({"job": slot.job, "slot": 9})).await;
        refused("accepting a slot that is not offered", foreign, 7001, None)?;

        launch::replace(&self.states, &format!("{} {} running\n", slot.job, slot.slot))?;
        self.ask("r1_accept", name.clone()).await?;
        let again = self.ask("r1_accept", name.clone()).await;
        hold(Check::new("it cannot be accepted twice", again.is_err(), format!("{again:?}")))?;
        let served = self.accepted(slot).await?;
        let late = self.ask("r1_accept", name).await;
        refused("accepting what is served", late, 7001, None)?;
        Ok(served)
    }

    async fn offer_is_shown(&self, slot: SlotRef, offered: u32) -> Outcome {
        let mut shown = self.work("eve's node to see the offer", |work| work.into_iter().next()).await?;
        let left = shown.as_object_mut().and_then(|item| item.remove("blocksLeft"));
        let expected = json!({
            "job": slot.job, "slot": slot.slot, "state": "offered", "offeredAt": offered, "tier": "micro", "gpu": null,
            "spec": SPEC, "specBytes": 512, "nodes": 1, "epochs": EPOCHS, "restart": "always",
        });
        let right = shown == expected && left.as_ref().and_then(Value::as_u64).is_some_and(|left| left <= 20);
        hold(Check::new("r1_work shows the offer", right, format!("{left:?} blocks left, {shown}")))
    }

    /// An acceptance that another node signed, for the drawn license and for its own.
    async fn others_can_not_accept(&self, slot: SlotRef, offered: u32) -> Outcome {
        let genesis = self.client.genesis().await?;
        let code = JobError::<Runtime>::BadSignature.encode();
        let reason = format!("Custom error: {}", code[0]);
        for license in [OPERATOR.license(), CUSTOMER.license()] {
            let signature = CUSTOMER.node_pair().sign(&accept_payload(genesis, license, slot, offered));
            let call = NodeCall::Accept { slot, signature };
            let at = self.client.best().await?.hash;
            let extrinsic = self.client.call_raw(at, "WorkerApi_node_extrinsic", call).await?;
            let sent = self.client.submit(&extrinsic).await;
            let what = format!("an acceptance for license {license} that ferdie's node signed");
            refused(&what, sent, 1010, Some(&reason))?;
        }
        Ok(())
    }

    /// What the chain and the node make of the acceptance.
    async fn accepted(&mut self, slot: SlotRef) -> Outcome<Served> {
        let found = self.event("the acceptance", SOON, |event| match event {
            Event::Accepted { slot: accepted, license, payee, index, ends } if *accepted == slot => {
                Some((*license, payee.clone(), *index, *ends))
            }
            _ => None,
        });
        let (block, (license, payee, index, ends)) = found.await?;
        let first = self.client.clock(block.hash).await?.current;
        let right = (license, &payee, ends) == (OPERATOR.license(), &OPERATOR.owner(), first.plus(EPOCHS));
        let detail = format!("index {index} from epoch {first} to the beginning of {ends}, in block {}", block.number);
        hold(Check::new("eve's node serves, her account is paid", right, detail))?;

        let serving = |work: Vec<Value>| work.into_iter().find(|item| item["state"] == "serving");
        let shown = self.work("eve's node to see the acceptance", serving).await?;
        let accepted = shown["accepted"].as_u64().ok_or("an acceptance has a moment")?;
        let right = (&shown["index"], &shown["ends"]) == (&json!(index), &json!(ends.0));
        hold(Check::new("r1_work shows the service", right, shown.to_string()))?;

        let terms: Vec<ServiceTerm> = self.client.call(block.hash, "WorkerApi_services", 0u32).await?;
        let right = terms.iter().any(|term| {
            let what = (term.index, term.slot, term.license, term.until);
            what == (index, slot, license, None) && term.from >= accepted
        });
        hold(Check::new("oracles are told what to measure", right, format!("{terms:?}")))?;
        Ok(Served { index, accepted, first })
    }

    /// The bytes of both epochs and what they earn. Returns their sum.
    pub async fn measure(&self, slot: SlotRef, service: &Served) -> Outcome<Balance> {
        let mut sum = 0;
        for epoch in [service.first, service.first.plus(1)] {
            let info = self.earning(slot, epoch).await?;
            step(&format!("epoch {epoch} of the service is settled"));
            let (begin, whole) = (self.clock.epoch_start(epoch), self.clock.epoch_ms);
            let active = begin + whole - service.accepted.max(begin);
            let right = (info.license, info.index) == (OPERATOR.license(), service.index)
                && (info.price, info.active_ms, info.epoch_ms) == (PRICE, active, whole)
                && info.byte.map(|byte| price::earned(PRICE, active, whole, byte)) == Some(info.amount)
                && !info.rejected
                && !info.released;
            hold(Check::new("what it earns is price, time and byte", right, format!("{info:?}")))?;
            let running = info.byte.is_some_and(|byte| ALWAYS_ON.contains(&byte));
            let what = format!("the service's byte in epoch {epoch} is that of one that ran");
            hold(Check::new(what, running, format!("{:?}, {active} of {whole} ms", info.byte)))?;
            sum += info.amount;
        }
        Ok(sum)
    }

    /// What an epoch earned, once it is accounted for.
    async fn earning(&self, slot: SlotRef, epoch: EpochIndex) -> Outcome<EarningInfo> {
        let settled = wait_for(format!("epoch {epoch} of the job to be settled"), LATER, || async {
            let at = self.client.finalised().await?.hash;
            let infos = view(&self.client, at, EarningsViewFunction::<Runtime>::new(slot, epoch)).await?;
            Ok::<_, Error>(infos.into_iter().find(|info| info.settled))
        });
        Ok(settled.await?)
    }
}
