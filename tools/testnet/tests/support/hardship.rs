//! What a machine does to an oracle: its disk is full, its database is lost, strangers take the places for its peers.

use super::{chain::Log, hold, step, waiting::LIVENESS_LIMIT, Outcome};
use jsonrpsee::rpc_params;
use pallet_oracles::Event;
use ratio1_primitives::EpochIndex;
use ratio1_runtime::RuntimeEvent;
use ratio1_testnet::{
    facts::{Check, EpochFacts},
    wait::{progress, wait_for},
    Client, Error, Network, Who,
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// Places for peers that come to an oracle, and that it looks for: fewer than there are oracles.
pub const FEW_PLACES: [&str; 4] = ["--in-peers", "2", "--out-peers", "1"];
/// Full nodes that want the places.
pub const STRANGERS: usize = 4;
/// Blocks by which a node may be behind.
const BEHIND: u32 = 3;
/// Size of the disk that fills, in MiB: the counts of some epochs have room.
const DISK_MIB: u32 = 64;
/// How long it is full.
pub const FULL: Duration = Duration::from_secs(20);

/// Every oracle is connected with all others although strangers want its few places, and everybody follows the chain.
pub async fn oracles_reach_each_other(network: &Network, strangers: &[Client]) -> Outcome {
    step("oracles with few places, and strangers that want them");
    for oracle in Who::ORACLES {
        let operator = network.operator(oracle).await?;
        let fellows = Who::ORACLES.iter().filter(|who| **who != oracle);
        let fellows: BTreeSet<_> = fellows.map(|who| network.node(*who).peer_id().to_string()).collect();
        let peers = wait_for(format!("{oracle} to have all other oracles as peers"), LIVENESS_LIMIT, || async {
            let peers = peers(&operator).await?;
            Ok::<_, Error>(fellows.is_subset(&peers).then_some(peers))
        });
        let peers = peers.await?;
        let others = peers.difference(&fellows).count();
        // Two that came and one that it looked for.
        let what = format!("{oracle} has its fellows beside the few others it has places for");
        hold(Check::new(what, others <= 3, format!("{} peers, {others} of them others", peers.len())))?;
    }
    let best = network.client(Who::Alice).await?.best().await?.number;
    let mut followers = strangers.to_vec();
    for who in Who::EDGES {
        followers.push(network.client(who).await?);
    }
    for follower in followers {
        let head =
            wait_for(format!("a node without a place of its own to reach block {best}"), LIVENESS_LIMIT, || async {
                let head = follower.best().await?;
                Ok::<_, Error>((head.number + BEHIND >= best).then_some(head))
            });
        head.await?;
    }
    Ok(())
}

/// The peers of a node, by their network identities.
async fn peers(operator: &Client) -> Result<BTreeSet<String>, Error> {
    let peers: Vec<Value> = operator.rpc("system_peers", rpc_params![]).await?;
    Ok(peers.iter().filter_map(|peer| peer["peerId"].as_str().map(String::from)).collect())
}

/// A small disk, for as long as this lives.
pub struct Disk {
    dir: PathBuf,
}

impl Disk {
    /// Put one under the counts and ballots of an oracle that is not started yet. `None`, said loudly, for a user who
    /// may not mount.
    pub fn under_the_counts_of(network: &Network, who: Who) -> Outcome<Option<Self>> {
        let dir = network.node(who).base_path().join("chains/local/oracle");
        std::fs::create_dir_all(&dir)?;
        let size = format!("size={DISK_MIB}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&dir).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Ok(Some(Self { dir }));
        }
        progress(
            "  SKIPPED: a full disk on an oracle, since this user may not mount a small file system: run it as root",
        );
        Ok(None)
    }

    /// Fill it, and empty it again after a while.
    pub async fn is_full_for(&self, time: Duration) -> Outcome {
        let ballast = self.dir.join("ballast");
        let written = fill(&ballast)?;
        step(&format!("dave's disk is full: {} KiB of it are of no use", written / 1024));
        tokio::time::sleep(time).await;
        std::fs::remove_file(&ballast)?;
        step("dave's disk has room again");
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the node may still run.
        let _ = Command::new("umount").arg("--lazy").arg(&self.dir).status();
    }
}

/// Write until there is no room. Returns how much fitted.
fn fill(file: &Path) -> Outcome<u64> {
    let mut out = std::fs::File::create(file)?;
    let mut written = 0;
    for block in [vec![0; 64 * 1024], vec![0; 512]] {
        loop {
            match out.write(&block) {
                Ok(0) => break,
                Ok(some) => written += some as u64,
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(written)
}

/// The oracle whose disk was full reports nearly what the others do, and its ballot counts.
pub fn ballot_is_whole(facts: &EpochFacts, who: Who) -> Outcome {
    let what = format!("{who}'s ballot for epoch {} counts", facts.info.epoch);
    hold(Check::new(what, facts.eligible(who), format!("{:?}", facts.info.ballots)))?;
    let others = Who::ORACLES.iter().filter(|other| **other != who).filter_map(|o| facts.reported(*o, Who::Eve));
    let (own, least) = (facts.reported(who, Who::Eve), others.min());
    let close = own.zip(least).is_some_and(|(own, least)| own >= least.saturating_sub(16));
    hold(Check::new("it kept its counts", close, format!("{who} says {own:?} of eve, the others at least {least:?}")))
}

/// No oracle was accused, disabled or removed since the log's beginning.
pub async fn nobody_equivocated(log: &mut Log) -> Outcome {
    let accused = log.all(|event| match event {
        RuntimeEvent::Oracles(
            event @ (Event::OracleOffended { .. } | Event::OracleDisabled { .. } | Event::OracleRemoved { .. }),
        ) => Some(format!("{event:?}")),
        _ => None,
    });
    let accused = accused.await?;
    let detail: Vec<_> = accused.iter().map(|(head, what)| format!("block {}: {what}", head.number)).collect();
    hold(Check::new("nobody equivocated", detail.is_empty(), detail.join("; ")))
}

/// Both oracles that came back take part in an epoch that is whole.
pub fn all_take_part(facts: &EpochFacts, epoch: EpochIndex) -> Outcome {
    let missing: Vec<_> = Who::ORACLES.iter().filter(|who| !facts.eligible(**who)).map(|who| who.name()).collect();
    let what = format!("every oracle's ballot for epoch {epoch} counts");
    let detail = match missing.is_empty() {
        true => "all".into(),
        false => {
            let reported = |who: &Who| Who::ORACLES.map(|oracle| facts.reported(oracle, *who));
            let reports: Vec<_> = Who::ORACLES.iter().map(reported).collect();
            format!("missing: {missing:?} of {:?}; what each says of each: {reports:?}", facts.info.ballots)
        }
    };
    hold(Check::new(what, missing.is_empty(), detail))
}
