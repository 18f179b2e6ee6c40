//! Batches that a peer of no standing sends as if it were a relay, and those of an oracle that lies.

use super::{
    attacker::{beat, signed, Attacker},
    hold, step,
    waiting::LIVENESS_LIMIT,
    Outcome,
};
use codec::{Decode, Encode};
use ratio1_primitives::{
    heartbeat::{BeatRefusal, RelayBatch, SignedHeartbeat, MAX_BATCH_BYTES},
    keys::pair::VotePair,
    EpochIndex, Hash,
};
use ratio1_testnet::{
    client::Head, facts::Check, metrics::Metrics, story::now_ms, wait::wait_for, Client, Error, Network, Who,
};
use sp_core::{ed25519, Pair};
use std::time::Duration;

/// The oracle whose vote key the attacker has.
const LIAR: Who = Who::Dave;

/// A batch, and what becomes of it.
struct Raid {
    name: &'static str,
    bytes: Vec<u8>,
    fate: Fate,
}

/// What becomes of a batch, as the metrics tell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Not even read.
    Unread,
    /// Dropped as a whole.
    Dropped(BeatRefusal),
    /// Taken, and its one beat dropped.
    BeatDropped(BeatRefusal),
}

impl Fate {
    /// How often oracles have had it.
    fn seen(self, metrics: &Metrics) -> f64 {
        let (name, why) = match self {
            Self::Unread => return 0.0,
            Self::Dropped(why) => ("ratio1_relay_batches_dropped_total", why),
            Self::BeatDropped(why) => ("ratio1_beats_dropped_total", why),
        };
        metrics.sum(name, &[("reason", why.label())])
    }
}

/// Nothing that comes as a batch counts that should not, and each is dropped for its reason.
pub async fn false_relays_bring_nothing(network: &Network, client: &Client, victim: Who) -> Outcome {
    step("false batches on the wire");
    let genesis = client.genesis().await?;
    for oracle in [Who::Alice, Who::Bob, Who::Charlie] {
        for index in 0..RAIDS {
            let raid = raids(client, genesis, oracle, victim).await?.into_iter().nth(index).ok_or("no such raid")?;
            let before = raid.fate.seen(&network.metrics(oracle).await?);
            // A name of its own for each: an offence costs the peer that commits it.
            let ack = Attacker::new(network, genesis)?.relay(oracle, raid.bytes).await?;
            let right = match raid.fate {
                Fate::Unread => ack.is_none(),
                _ => ack == Some(Ok(())),
            };
            hold(Check::new(format!("{oracle} is sent a batch {}", raid.name), right, format!("{ack:?}")))?;
            if raid.fate != Fate::Unread {
                let what = format!("{oracle} to drop what is {}", raid.name);
                wait_for(&what, LIVENESS_LIMIT, || async {
                    let after = network.metrics(oracle).await?;
                    Ok::<_, Error>((raid.fate.seen(&after) > before).then_some(()))
                })
                .await?;
            }
        }
    }
    Ok(())
}

/// Beat slots that must be left of an epoch for a beat to arrive in it.
const MARGIN: u32 = 8;

/// How many raids there are.
const RAIDS: usize = 8;

/// Every kind of false batch, made for this moment and this oracle.
async fn raids(client: &Client, genesis: Hash, to: Who, victim: Who) -> Outcome<[Raid; RAIDS]> {
    let (epoch, slot, head) = moment(client).await?;
    let forger = ed25519::Pair::generate().0;
    let forged = signed(beat(victim.license(), epoch, slot, head), genesis, &forger);
    let forged = SignedHeartbeat::decode(&mut &forged[..])?;
    let (liar, stranger) = (LIAR.vote_pair(), VotePair::generate().0);
    let now = now_ms();
    let batch = |by: &VotePair, named: &VotePair, to: Who, sent_at, chain, beats: &[SignedHeartbeat]| {
        let (relay, to) = (named.public(), to.vote_pair().public());
        let signature = by.sign(&RelayBatch::payload(chain, &relay, &to, sent_at, beats));
        let beats = beats.to_vec().try_into().unwrap_or_default();
        RelayBatch { relay, to, sent_at, beats, signature }.encode()
    };
    let other = if to == Who::Alice { Who::Bob } else { Who::Alice };
    let unknown = Fate::Dropped(BeatRefusal::UnknownRelay);
    let raid = |name, bytes, fate| Raid { name, bytes, fate };
    Ok([
        raid("that is none", vec![0xff; 200], Fate::Dropped(BeatRefusal::Malformed)),
        raid("of somebody who is no oracle", batch(&stranger, &stranger, to, now, genesis, &[]), unknown),
        raid("in the name of an oracle, forged", batch(&stranger, &liar, to, now, genesis, &[]), unknown),
        raid("that an oracle signed for another", batch(&liar, &liar, other, now, genesis, &[]), unknown),
        raid("of an hour ago", batch(&liar, &liar, to, now.saturating_sub(3_600_000), genesis, &[]), unknown),
        raid("of another chain", batch(&liar, &liar, to, now, Hash::repeat_byte(1), &[]), unknown),
        raid(
            "in which an oracle vouches for a forged beat",
            batch(&liar, &liar, to, now, genesis, &[forged]),
            Fate::BeatDropped(BeatRefusal::Signature),
        ),
        raid("that is too large", vec![0; MAX_BATCH_BYTES + 1_024], Fate::Unread),
    ])
}

/// The running epoch, its slot, and what a beat may quote: a block that is final for everybody, and not so late in the
/// epoch that it is over when the beat arrives.
async fn moment(client: &Client) -> Outcome<(EpochIndex, u32, Head)> {
    let info = client.clock(client.finalised().await?.hash).await?;
    let clock = info.clock.ok_or("the clock has not begun")?;
    loop {
        let now = now_ms();
        let epoch = clock.epoch_at(now);
        match clock.slot_at(epoch, now, &info.params) {
            Some(slot) if slot.saturating_add(MARGIN) < info.params.slots => {
                let head = client.finalised().await?;
                let quoted = Head { number: head.number.saturating_sub(1), hash: head.parent, ..head };
                return Ok((epoch, slot, quoted));
            }
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}
