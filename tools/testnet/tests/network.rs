//! Networks of real node processes under real clocks: measured and paid, given jobs, attacked, restarted, killed,
//! stalled, switched off.
//!
//! Needs the node: `RATIO1_NODE`, or `ratio1-node` built with the same profile. Takes about half an hour; a full disk
//! is tested as root only.

mod support;

use ratio1_primitives::{
    api::EpochState,
    clock::availability_byte,
    economics::price::USD,
    heartbeat::{BeatRefusal, HEARTBEAT_VERSION, MAX_BEAT_BYTES},
    EpochIndex, Hash, LicenseId,
};
use ratio1_testnet::{
    client::Head,
    facts::{Check, EpochFacts, Receipt, Snapshot},
    metrics::Metrics,
    story::{byte_within, now_ms, settled, Output, Plan, Story, ALWAYS_ON, STOPPED},
    wait::{progress, wait_for},
    Client, Error, Network, Who,
};
use sp_core::{ed25519, Pair};
use std::collections::BTreeMap;
use support::{
    attacker::{beat, signed, Attacker},
    chain::Log,
    clock::{self, Clock},
    examples::examples_work,
    hardship::{
        all_take_part, ballot_is_whole, nobody_equivocated, oracles_reach_each_other, Disk, FEW_PLACES, FULL, STRANGERS,
    },
    hold, hold_all,
    jobs::{job_is_served_and_paid, Preparation},
    on_a_network,
    raids::false_relays_bring_nothing,
    stalls,
    stalls::SILENT,
    step,
    waiting::{closed, finality_resumes, finality_stalls, until, LIVENESS_LIMIT},
    Outcome,
};

#[test]
#[ignore = "minutes of real processes and real clocks: scripts/test network"]
fn network_measures_pays_and_harms_nobody() {
    on_a_network("a network measures its nodes, pays them, is not fooled, and stalls without harm", |network| {
        Box::pin(async move {
            network.forget_finality_key(SILENT).await?;
            network.start_all().await?;
            settles_and_pays(network).await?;
            // A job takes several epochs; beside it, the network is attacked.
            let job = Preparation::on(network).await?;
            tokio::try_join!(resists_attacks_while_an_oracle_restarts(network), job_is_served_and_paid(job))?;
            audited(network).await?;
            let mut case = stalls::Case::begin(network).await?;
            stalls::stall_of_finality_costs_nobody_anything(network, &mut case).await?;
            stalls::outage_of_the_whole_network_costs_nobody_anything(network, &mut case).await?;
            examples_work(network).await?;
            audited(network).await
        })
    });
}

#[test]
#[ignore = "minutes of real processes and real clocks: scripts/test network"]
fn network_survives_oracles_that_die_fill_up_and_forget() {
    on_a_network("a network survives dead oracles, a full disk and a lost database", |network| {
        Box::pin(async move {
            for oracle in Who::ORACLES {
                network.set_args(oracle, &FEW_PLACES);
            }
            let disk = Disk::under_the_counts_of(network, Who::Dave)?;
            let clock = Clock::of_the_node(network)?;
            network.start_all().await?;
            let strangers = network.start_strangers(STRANGERS).await?;
            let plan = Plan::make(&network.client(Who::Alice).await?, 0).await?;
            counts_through_a_full_disk_and_a_wrong_clock(network, plan, disk.as_ref(), &clock).await?;
            settles_with_one_oracle_dead(network, plan).await?;
            stalls_with_two_dead_and_resumes(network, plan).await?;
            oracles_reach_each_other(network, &strangers).await
        })
    });
}

/// The demonstration, asserted.
async fn settles_and_pays(network: &mut Network) -> Outcome {
    step("the demonstration: three epochs, one node away for half of one");
    let mut output = Output::new(true);
    let outcome = Story::begin(network, &mut output, 0).await?.run().await?;
    output.verdict(&outcome);
    hold_all(outcome.checks)?;
    // The preset's rate was administered; by now the oracles' own, from the files the launcher keeps, has replaced it.
    let client = network.client(Who::Alice).await?;
    let rate = client.rate(client.finalised().await?.hash).await?;
    hold(Check::new("the oracles post the R1/USD rate", rate == Some((USD / 4, true)), format!("{rate:?}")))
}

/// What the chain holds, computed again at the end.
async fn audited(network: &Network) -> Outcome {
    step("the books at the end");
    hold_all(Snapshot::read(&network.client(Who::Alice).await?, EpochIndex(0)).await?.audit())
}

/// One epoch in which an edge node is off, a peer sends beats in its name, and an oracle is killed and comes back.
async fn resists_attacks_while_an_oracle_restarts(network: &mut Network) -> Outcome {
    step("an epoch under attack, in which an oracle is killed and started again");
    let client = network.client(Who::Alice).await?;
    network.terminate(STOPPED).await?;
    let clock = Plan::make(&client, 0).await?.clock;
    let epoch = clock.epoch_at(now_ms()).plus(1);
    let (begin, length) = (clock.epoch_start(epoch), clock.epoch_ms);
    until(begin + length / 10).await?;

    let accepted = attack(network, &client, epoch).await?;

    step("dave is killed in mid-epoch and started again");
    until(begin + length / 2).await?;
    let killed = now_ms();
    network.kill(Who::Dave);
    network.start(Who::Dave).await?;
    let away = (now_ms() - killed) as f64 / length as f64;

    let facts = closed(&client, epoch).await?;
    false_relays_bring_nothing(network, &client, STOPPED).await?;
    network.start(STOPPED).await?;
    hold(Check::new("the epoch settles", facts.is_finalised(), format!("{:?}", facts.info.state)))?;
    let expected = facts.info.frozen.as_ref().map_or(1, |frozen| frozen.params.expected);
    score_is_worth(&facts, availability_byte(accepted, expected))?;
    counts_survived(&facts, away)
}

/// Every trick against three oracles; the answer and the metric must name it. Returns how many genuine beats counted.
async fn attack(network: &mut Network, client: &Client, epoch: EpochIndex) -> Outcome<u32> {
    let genesis = client.genesis().await?;
    let mut attacker = Attacker::new(network, genesis)?;
    for oracle in [Who::Alice, Who::Bob, Who::Charlie] {
        let before = network.metrics(oracle).await?;
        let mut least = BTreeMap::<BeatRefusal, u32>::new();
        for index in 0..TRICKS {
            // Made anew each time: a beat is fresh for three intervals only.
            let trick = tricks(client, genesis, epoch).await?.into_iter().nth(index).ok_or("no such trick")?;
            let unread = trick.bytes.len() > MAX_BEAT_BYTES * 2;
            let ack = attacker.send(oracle, trick.bytes).await?;
            // What is far too large is not even read: then there is no answer and nothing to count.
            let right = ack == Some(Err(trick.refusal)) || (ack.is_none() && unread);
            hold(Check::new(format!("{oracle} refuses a beat {}", trick.name), right, format!("{ack:?}")))?;
            *least.entry(trick.refusal).or_default() += u32::from(!unread);
        }
        let after = network.metrics(oracle).await?;
        for (refusal, least) in least {
            let dropped = |m: &Metrics| m.sum("ratio1_beats_dropped_total", &[("reason", refusal.label())]);
            let counted = dropped(&after) - dropped(&before);
            let what = format!("{oracle} counts what it drops as {}", refusal.label());
            hold(Check::new(what, counted >= f64::from(least), format!("{counted}, {least} of them from here")))?;
        }
    }
    replay(&mut attacker, client, genesis, epoch).await
}

/// One genuine beat counts once, whenever and wherever it is sent again.
async fn replay(attacker: &mut Attacker, client: &Client, genesis: Hash, epoch: EpochIndex) -> Outcome<u32> {
    let (slot, head) = (slot_now(client, epoch).await?, client.finalised().await?);
    let genuine = signed(beat(STOPPED.license(), epoch, slot, head), genesis, &STOPPED.node_pair());
    let first = attacker.send(Who::Alice, genuine.clone()).await?;
    hold(Check::new("a genuine beat counts", first == Some(Ok(())), format!("{first:?}")))?;
    let again = attacker.send(Who::Alice, genuine.clone()).await?;
    let duplicate = again == Some(Err(BeatRefusal::Duplicate));
    hold(Check::new("the same beat does not count again", duplicate, format!("{again:?}")))?;
    wait_for("the beat to be late", LIVENESS_LIMIT, || async {
        Ok::<_, Error>((slot_of(client, epoch).await? > slot + 4).then_some(()))
    })
    .await?;
    for oracle in [Who::Alice, Who::Bob, Who::Charlie] {
        let late = attacker.send(oracle, genuine.clone()).await?;
        let right = late == Some(Err(BeatRefusal::Late));
        hold(Check::new(format!("{oracle} refuses the same beat later"), right, format!("{late:?}")))?;
    }
    Ok(1)
}

/// How many tricks there are.
const TRICKS: usize = 13;

/// A beat that must not count, and the reason it must be refused for.
struct Trick {
    name: &'static str,
    bytes: Vec<u8>,
    refusal: BeatRefusal,
}

/// Everything that must not count, made for this moment.
async fn tricks(client: &Client, genesis: Hash, epoch: EpochIndex) -> Outcome<[Trick; TRICKS]> {
    let (slot, head) = (slot_now(client, epoch).await?, client.finalised().await?);
    let (victim, key, stranger) = (STOPPED.license(), STOPPED.node_pair(), ed25519::Pair::generate().0);
    let by_victim = |beat| signed(beat, genesis, &key);
    let genuine = || beat(victim, epoch, slot, head);
    let made_up = Head { hash: Hash::repeat_byte(0xab), ..head };
    let oldest = Head { hash: genesis, number: 0, parent: Hash::zero() };
    let unlicensed = beat(LicenseId(999), epoch, slot, head);
    let mut newer = genuine();
    newer.version = HEARTBEAT_VERSION + 1;
    let garbage = [vec![HEARTBEAT_VERSION], vec![0xff; 100]].concat();
    let padded = |len: usize| {
        let mut bytes = by_victim(genuine());
        bytes.resize(len, 0);
        bytes
    };
    use BeatRefusal::*;
    let trick = |name, bytes, refusal| Trick { name, bytes, refusal };
    Ok([
        trick("of a node without license", signed(unlicensed, genesis, &stranger), Unlicensed),
        trick("forged with another key", signed(genuine(), genesis, &stranger), Signature),
        trick("signed for another chain", signed(genuine(), Hash::repeat_byte(1), &key), Signature),
        trick("pre-signed with a made-up block", by_victim(beat(victim, epoch, slot, made_up)), UnknownBlock),
        trick("that quotes the genesis block", by_victim(beat(victim, epoch, slot, oldest)), StaleBlock),
        trick("for a slot ten seconds ahead", by_victim(beat(victim, epoch, slot + 20, head)), Future),
        trick("five intervals late", by_victim(beat(victim, epoch, slot.saturating_sub(5), head)), Late),
        trick("for the epoch before", by_victim(beat(victim, epoch.minus(1), slot, head)), Epoch),
        trick("for the next epoch", by_victim(beat(victim, epoch.plus(1), 0, head)), Epoch),
        trick("of an unknown version", by_victim(newer), Version),
        trick("that is no beat", garbage, Malformed),
        trick("that is too large", padded(MAX_BEAT_BYTES + 16), Malformed),
        trick("of one mebibyte", padded(1024 * 1024), Malformed),
    ])
}

/// The node that was off has the byte of the beats that counted, from everybody.
fn score_is_worth(facts: &EpochFacts, worth: u8) -> Outcome {
    let reported: Vec<_> = Who::ORACLES.iter().map(|oracle| facts.reported(*oracle, STOPPED)).collect();
    let right = reported.iter().flatten().all(|byte| *byte <= worth) && reported.iter().flatten().count() > 0;
    let what = format!("no oracle gives {STOPPED} more than its one genuine beat is worth, {worth}");
    hold(Check::new(what, right, format!("{reported:?}")))?;
    let byte = facts.byte(STOPPED);
    hold(Check::new("the attack raised no score", byte.is_some_and(|b| b <= worth), format!("{byte:?}")))
}

/// The oracle killed in mid-epoch reports what the others do, less the part of the epoch it was away for and a quarter
/// for the edges to find it again. Without its counts it would miss the half before it was killed too.
fn counts_survived(facts: &EpochFacts, away: f64) -> Outcome {
    let reported = |oracle| facts.reported(oracle, Who::Eve);
    let least = Who::ORACLES.iter().filter(|who| **who != Who::Dave).filter_map(|who| reported(*who)).min();
    let dave = reported(Who::Dave);
    let missed = 64.0 + away * f64::from(u8::MAX);
    let close = dave.zip(least).is_some_and(|(dave, least)| f64::from(dave) + missed >= f64::from(least));
    let detail =
        format!("dave {dave:?}, the least of the others {least:?}, away for {:.0} % of the epoch", away * 100.0);
    hold(Check::new("the restarted oracle kept its counts", close, detail))
}

/// An oracle whose disk is full for a third of an epoch keeps what it counts until it can write it; a node whose clock is
/// wrong meanwhile loses the beats of that time and no other.
async fn counts_through_a_full_disk_and_a_wrong_clock(
    network: &mut Network,
    plan: Plan,
    disk: Option<&Disk>,
    clock: &Clock,
) -> Outcome {
    let epoch = plan.first;
    until(plan.clock.epoch_start(epoch) + plan.clock.epoch_ms / 10).await?;
    let full = async {
        match disk {
            Some(disk) => disk.is_full_for(FULL).await,
            None => Ok(()),
        }
    };
    tokio::try_join!(full, clock.is_set_ahead_and_back(network))?;
    network.check()?;
    let facts = closed(&network.client(Who::Alice).await?, epoch).await?;
    hold(Check::new("the epoch settles", facts.is_finalised(), format!("{:?}", facts.info.state)))?;
    let byte = facts.byte(clock::WRONG);
    let right = byte.is_some_and(|byte| byte >= clock::LEAST);
    hold(Check::new("a wrong clock costs no more than its own time", right, format!("{byte:?}")))?;
    match disk {
        Some(_) => ballot_is_whole(&facts, Who::Dave),
        None => Ok(()),
    }
}

async fn settles_with_one_oracle_dead(network: &mut Network, plan: Plan) -> Outcome {
    step("one oracle of four is killed before the epoch begins");
    network.kill(Who::Dave);
    let client = network.client(Who::Alice).await?;
    let epoch = plan.clock.epoch_at(now_ms()).plus(1);
    let facts = closed(&client, epoch).await?;
    let snapshot = Snapshot::read(&client, EpochIndex(0)).await?;
    hold(settled(&snapshot, epoch, epoch))?;
    hold(Check::new(
        "the dead oracle was not eligible",
        !facts.eligible(Who::Dave),
        format!("{:?}", facts.info.ballots),
    ))?;
    for who in Who::EDGES {
        hold(byte_within(&snapshot, epoch, who, ALWAYS_ON))?;
    }
    Ok(())
}

async fn stalls_with_two_dead_and_resumes(network: &mut Network, plan: Plan) -> Outcome {
    step("a second oracle is killed in mid-epoch");
    // Not late in the epoch: it must lack so much of it that its ballot could not count even when it returns.
    let (running, length) = (plan.clock.epoch_at(now_ms()), plan.clock.epoch_ms);
    if now_ms() > plan.clock.epoch_start(running) + length * 2 / 3 {
        until(plan.clock.epoch_start(running.plus(1)) + length / 6).await?;
    }
    network.kill(Who::Charlie);
    let client = network.client(Who::Alice).await?;
    let epoch = plan.clock.epoch_at(now_ms());
    progress(format!("  epoch {epoch} lacks two oracles"));
    let stalled_at = finality_stalls(&client).await?;
    until(plan.clock.epoch_start(epoch.plus(1)) + length / 10).await?;

    step("both are started again, charlie on an empty disk with nothing but its keys");
    let mut log = Log::from(client.clone(), stalled_at.number.saturating_add(1));
    // It voted in the round that hangs, and has lost what it voted.
    network.run_on(Who::Charlie, &["purge-chain", "-y"]).await?;
    network.start_together(&[Who::Charlie, Who::Dave]).await?;
    let back = plan.clock.epoch_at(now_ms());
    let head = finality_resumes(&client).await?;
    let detail = format!("stalled at {}, now {}", stalled_at.number, head.number);
    hold(Check::new("finality resumes", head.number > stalled_at.number, detail))?;

    step("the epoch without a quorum stays without result, the next whole one settles");
    let facts = closed(&client, epoch).await?;
    let unresolved = matches!(facts.info.state, EpochState::Unresolved(_));
    hold(Check::new("the epoch is unresolved", unresolved, format!("{:?}", facts.info.state)))?;
    let bytes: Vec<_> = Who::ALL.iter().filter_map(|who| facts.byte(*who)).collect();
    hold(Check::new("it has no bytes", bytes.is_empty(), format!("{bytes:?}")))?;
    let whole = back.plus(1);
    all_take_part(&closed(&client, whole).await?, whole)?;
    nobody_equivocated(&mut log).await?;
    nothing_minted_without_result(&client, whole).await
}

/// The next whole epoch settles; credits and R1 are those of the settled epochs alone.
async fn nothing_minted_without_result(client: &Client, settled_again: EpochIndex) -> Outcome {
    let snapshot = Snapshot::read(client, EpochIndex(0)).await?;
    hold(settled(&snapshot, settled_again, settled_again))?;
    hold_all(snapshot.audit())?;
    for who in Who::EDGES {
        let block = client.claim(who.license()).await?;
        hold(Receipt::read(client, who, block).await?.check())?;
    }
    hold_all(Snapshot::read(client, EpochIndex(0)).await?.audit())
}

/// The heartbeat slot that runs; the epoch must still run.
async fn slot_now(client: &Client, epoch: EpochIndex) -> Outcome<u32> {
    let slot = slot_of(client, epoch).await?;
    if slot == u32::MAX {
        return Err("the attack outlasted its epoch".into());
    }
    Ok(slot)
}

/// The heartbeat slot that runs; past the epoch `u32::MAX`.
async fn slot_of(client: &Client, epoch: EpochIndex) -> Result<u32, Error> {
    let info = client.clock(client.finalised().await?.hash).await?;
    Ok(info.clock.and_then(|clock| clock.slot_at(epoch, now_ms(), &info.params)).unwrap_or(u32::MAX))
}
