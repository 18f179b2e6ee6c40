//! What takes too long for every check, or must be tried many times: `scripts/soak`.

use super::{
    chain::Log,
    hardship::{all_take_part, ballot_is_whole, nobody_equivocated, Disk},
    hold, on_a_network,
    stalls::SILENT,
    step,
    waiting::{closed, finality_resumes, finality_stalls, until},
    Outcome,
};
use ratio1_testnet::{
    facts::Check,
    story::{now_ms, Plan},
    wait::{progress, wait_for},
    Client, Error, Network, Who,
};
use std::time::{Duration, Instant};

/// Longer than it takes until authors wait the most they ever do.
const LONG_STALL: Duration = Duration::from_secs(40 * 60);
/// The longest that a block may take to be followed by another however long finality has stalled: four slots, and as
/// many that nobody can claim.
const SLOWEST: Duration = Duration::from_secs(24);
/// How often an oracle loses its database while a round hangs.
const WIPES: u32 = 20;
/// How often all nodes lose power at once.
const POWER_CUTS: u32 = 10;
/// How long a disk stays full.
const LONG_FULL: Duration = Duration::from_secs(300);

#[test]
#[ignore = "three quarters of an hour: scripts/soak"]
fn blocks_go_on_within_four_slots_when_finality_stalls_for_long() {
    on_a_network("soak: finality stalls for forty minutes", |network| {
        Box::pin(async move {
            network.forget_finality_key(SILENT).await?;
            network.start_all().await?;
            Plan::make(&network.client(Who::Alice).await?, 0).await?;
            network.kill(Who::Dave);
            network.forget_finality_key(Who::Dave).await?;
            network.start(Who::Dave).await?;
            let client = network.client(Who::Alice).await?;
            finality_stalls(&client).await?;
            blocks_go_on(&client).await?;
            step("dave is started with all its keys");
            network.kill(Who::Dave);
            network.remember_finality_key(Who::Dave);
            network.start(Who::Dave).await?;
            finality_resumes(&client).await.map(drop)
        })
    });
}

async fn blocks_go_on(client: &Client) -> Outcome {
    let (begin, mut slowest) = (Instant::now(), Duration::ZERO);
    let mut number = client.best().await?.number;
    while begin.elapsed() < LONG_STALL {
        let asked = Instant::now();
        let next = wait_for(format!("block {}", number + 1), SLOWEST * 4, || async {
            let best = client.best().await?.number;
            Ok::<_, Error>((best > number).then_some(best))
        });
        number = next.await?;
        slowest = slowest.max(asked.elapsed());
    }
    let detail = format!("block {number}, the slowest after {} s", slowest.as_secs());
    hold(Check::new("blocks go on however long finality stalls", slowest <= SLOWEST, detail))
}

#[test]
#[ignore = "half an hour: scripts/soak"]
fn oracle_never_equivocates_when_its_database_is_lost_again_and_again() {
    on_a_network("soak: a lost database, twenty times", |network| {
        Box::pin(async move {
            network.start_all().await?;
            let client = network.client(Who::Alice).await?;
            Plan::make(&client, 0).await?;
            let mut log = Log::from(client.clone(), 1);
            for wipe in 1..=WIPES {
                step(&format!("wipe {wipe} of {WIPES}"));
                // Two at once: the round in which they voted hangs.
                network.kill(Who::Charlie);
                network.kill(Who::Dave);
                finality_stalls(&client).await?;
                network.run_on(Who::Dave, &["purge-chain", "-y"]).await?;
                network.start_together(&[Who::Charlie, Who::Dave]).await?;
                finality_resumes(&client).await?;
                nobody_equivocated(&mut log).await?;
            }
            Ok(())
        })
    });
}

#[test]
#[ignore = "a quarter of an hour: scripts/soak"]
fn network_comes_back_when_all_nodes_lose_power_at_once() {
    on_a_network("soak: all nodes lose power, ten times", |network| {
        Box::pin(async move {
            network.start_all().await?;
            let mut log = Log::from(network.client(Who::Alice).await?, 1);
            for cut in 1..=POWER_CUTS {
                Plan::make(&network.client(Who::Alice).await?, 0).await?;
                step(&format!("power cut {cut} of {POWER_CUTS}"));
                Who::ALL.into_iter().for_each(|who| network.kill(who));
                network.start_together(&Who::ALL).await?;
                let client = network.client(Who::Alice).await?;
                finality_resumes(&client).await?;
                log.reconnect(client);
                nobody_equivocated(&mut log).await?;
            }
            whole_epoch(network).await
        })
    });
}

#[test]
#[ignore = "ten minutes: scripts/soak"]
fn oracle_counts_again_by_itself_when_its_disk_was_full_for_long() {
    on_a_network("soak: a disk is full for five minutes", |network| {
        Box::pin(async move {
            let disk = Disk::under_the_counts_of(network, Who::Dave)?.ok_or("needs root")?;
            network.start_all().await?;
            Plan::make(&network.client(Who::Alice).await?, 0).await?;
            disk.is_full_for(LONG_FULL).await?;
            network.check()?;
            let epoch = whole_epoch(network).await;
            progress("  dave's disk had room in all of it");
            epoch
        })
    });
}

/// In the next whole epoch every oracle takes part.
async fn whole_epoch(network: &Network) -> Outcome {
    let client = network.client(Who::Alice).await?;
    let clock = Plan::make(&client, 0).await?.clock;
    let epoch = clock.epoch_at(now_ms()).plus(1);
    until(clock.epoch_start(epoch)).await?;
    let facts = closed(&client, epoch).await?;
    ballot_is_whole(&facts, Who::Dave)?;
    all_take_part(&facts, epoch)
}
