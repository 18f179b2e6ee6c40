//! The demonstration: a network that starts from zero issuance, measures its nodes and pays them, while one of them is
//! stopped for half an epoch.

use crate::{
    cast::Who,
    facts::{Check, Explanation, Receipt, Snapshot},
    view::{self, Screen},
    wait::{progress, wait_for},
    Client, Network, Result,
};
use ratio1_primitives::{api::EpochState, Balance, ClockParams, EpochIndex};
use serde_json::{json, Value};
use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::task::JoinSet;

/// The node that is stopped.
pub const STOPPED: Who = Who::Ferdie;
/// What its byte may be: half of 255, give or take its time to stop, and to start, which on a slow machine is most of
/// what is left of the epoch. That it came back the next epoch's byte shows.
pub const ABOUT_HALF: RangeInclusive<u8> = 60..=168;
/// The byte of a node that was there all the time is at least the preset's threshold.
pub const ALWAYS_ON: RangeInclusive<u8> = 230..=255;

/// Between two looks at the chain.
const TICK: Duration = Duration::from_millis(700);
/// The longest an epoch may take to settle after its end.
const SETTLE_LIMIT: Duration = Duration::from_secs(120);
/// The longest until the first block is finalised.
const FIRST_BLOCK_LIMIT: Duration = Duration::from_secs(120);

/// Which epoch is for what.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The chain's clock.
    pub clock: ClockParams,
    /// The first whole epoch: everybody is there.
    pub first: EpochIndex,
    /// [`STOPPED`] is away for half of it.
    pub half: EpochIndex,
    /// The last, with everybody again.
    pub last: EpochIndex,
}

impl Plan {
    /// Three epochs after the running one, and `more`.
    pub async fn make(client: &Client, more: u32) -> Result<Self> {
        let clock = wait_for("the first finalised block", FIRST_BLOCK_LIMIT, || async {
            let at = client.finalised().await?;
            let info = client.clock(at.hash).await?;
            Ok(info.clock.filter(|_| at.number > 0))
        });
        let clock = clock.await?;
        let first = clock.epoch_at(now_ms()).plus(1);
        Ok(Self { clock, first, half: first.plus(1), last: first.plus(2 + more) })
    }

    /// Unix milliseconds at a part of the epoch in which the node is stopped.
    fn half_epoch_moment(&self, part: (u64, u64)) -> u64 {
        self.clock.epoch_start(self.half).saturating_add(self.clock.epoch_ms.saturating_mul(part.0) / part.1)
    }

    /// Unix milliseconds after which nothing more is expected.
    fn end(&self) -> u64 {
        let limit = u64::try_from(SETTLE_LIMIT.as_millis()).unwrap_or(u64::MAX);
        self.clock.epoch_start(self.last.plus(1)).saturating_add(limit)
    }
}

/// Unix milliseconds.
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Where the demonstration is shown.
pub enum Output {
    /// Tables on stdout.
    Tables(Screen),
    /// One JSON object per line on stdout.
    Json(BTreeMap<u32, String>),
}

impl Output {
    /// Tables, or JSON lines.
    pub fn new(json: bool) -> Self {
        if json {
            Self::Json(BTreeMap::new())
        } else {
            Self::Tables(Screen::default())
        }
    }

    fn draw(&mut self, plan: &Plan, snapshot: &Snapshot) {
        match self {
            Self::Tables(screen) => {
                let into = now_ms().saturating_sub(plan.clock.epoch_start(snapshot.current)) / 1000;
                let from = plan.first.max(snapshot.current.minus(2));
                screen.draw(&view::status(snapshot, into), &view::tables(snapshot, from));
            }
            Self::Json(seen) => {
                for facts in &snapshot.epochs {
                    let state = view::state(&facts.info.state);
                    if seen.insert(facts.info.epoch.0, state.clone()).as_ref() != Some(&state) {
                        let bytes: BTreeMap<_, _> = Who::ALL.iter().map(|who| (who.name(), facts.byte(*who))).collect();
                        line(json!({"event": "epoch", "epoch": facts.info.epoch, "state": state, "bytes": bytes}));
                    }
                }
            }
        }
    }

    fn note(&mut self, text: String) {
        match self {
            Self::Tables(screen) => screen.note(text),
            Self::Json(_) => line(json!({"event": "note", "text": text})),
        }
    }

    fn claim(&mut self, receipt: &Receipt) {
        match self {
            Self::Tables(screen) => screen.note(view::receipt(receipt)),
            Self::Json(_) => line(json!({
                "event": "claim", "license": receipt.after.id, "block": receipt.block.number,
                "minted": receipt.paid().to_string(), "issuance": receipt.issuance.1.to_string(),
            })),
        }
    }

    /// The explanation and the verdict.
    pub fn verdict(&self, outcome: &Outcome) {
        let lines = outcome.explanation.as_ref().map(Explanation::lines).unwrap_or_default();
        match self {
            Self::Tables(_) => {
                println!();
                lines.iter().for_each(|text| println!("{text}"));
                println!();
                for check in &outcome.checks {
                    println!("  {}  {}: {}", if check.pass { "ok  " } else { "FAIL" }, check.what, check.detail);
                }
                println!("\n{}", if outcome.pass() { "PASS" } else { "FAIL" });
            }
            Self::Json(_) => {
                line(json!({"event": "explanation", "lines": lines}));
                line(json!({"event": "verdict", "pass": outcome.pass(), "checks": outcome.checks}));
            }
        }
    }
}

fn line(value: Value) {
    println!("{value}");
}

/// What the demonstration found.
pub struct Outcome {
    /// Everything that was to be shown.
    pub checks: Vec<Check>,
    /// One payout, explained.
    pub explanation: Option<Explanation>,
}

impl Outcome {
    /// Whether all of it holds.
    pub fn pass(&self) -> bool {
        self.checks.iter().all(|check| check.pass)
    }
}

/// Where [`STOPPED`] is in its absence.
#[derive(Clone, Copy, PartialEq)]
enum Absence {
    Ahead,
    Away,
    Over,
}

/// The running demonstration.
pub struct Story<'a> {
    network: &'a mut Network,
    output: &'a mut Output,
    client: Client,
    plan: Plan,
    absence: Absence,
    issuance_at_genesis: Balance,
    claimed: Option<EpochIndex>,
    claims: JoinSet<(EpochIndex, Result<Receipt>)>,
    receipts: Vec<(EpochIndex, Receipt)>,
    failures: Vec<String>,
}

impl<'a> Story<'a> {
    /// Look at a network that just started. `more` epochs than the three of the story are watched.
    pub async fn begin(network: &'a mut Network, output: &'a mut Output, more: u32) -> Result<Self> {
        let client = network.client(Who::Alice).await?;
        let plan = Plan::make(&client, more).await?;
        let issuance_at_genesis = client.issuance(client.genesis().await?).await?;
        progress(format!(
            "  epochs {} to {} are shown; {STOPPED} is stopped for half of epoch {}",
            plan.first, plan.last, plan.half
        ));
        Ok(Self {
            network,
            output,
            client,
            plan,
            absence: Absence::Ahead,
            issuance_at_genesis,
            claimed: None,
            claims: JoinSet::new(),
            receipts: Vec::new(),
            failures: Vec::new(),
        })
    }

    /// Which epochs it is about.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Run to the end and judge.
    pub async fn run(mut self) -> Result<Outcome> {
        loop {
            self.network.check()?;
            self.stop_and_start().await?;
            let snapshot = Snapshot::read(&self.client, EpochIndex(0)).await?;
            self.send_claims(&snapshot);
            self.collect_claims();
            self.output.draw(&self.plan, &snapshot);
            let done = self.claimed >= Some(self.plan.last) && self.claims.is_empty();
            if done || now_ms() > self.plan.end() {
                // Read once more: the last claims may be in a block after the one shown.
                let snapshot = Snapshot::read(&self.client, EpochIndex(0)).await?;
                self.output.draw(&self.plan, &snapshot);
                return Ok(self.judge(&snapshot));
            }
            tokio::time::sleep(TICK).await;
        }
    }

    async fn stop_and_start(&mut self) -> Result<()> {
        let now = now_ms();
        // A quarter in, and back before three quarters: the node needs a few seconds to start and to find its peers.
        if self.absence == Absence::Ahead && now >= self.plan.half_epoch_moment((1, 4)) {
            self.network.terminate(STOPPED).await?;
            self.absence = Absence::Away;
            self.output.note(format!("{STOPPED} stopped, a quarter into epoch {}", self.plan.half));
        }
        if self.absence == Absence::Away && now >= self.plan.half_epoch_moment((2, 3)) {
            self.network.spawn(STOPPED)?;
            self.absence = Absence::Over;
            self.output.note(format!("{STOPPED} started again, two thirds into epoch {}", self.plan.half));
        }
        Ok(())
    }

    /// Claim for every edge node once an epoch is final.
    fn send_claims(&mut self, snapshot: &Snapshot) {
        let newest = snapshot.epochs.iter().filter(|facts| facts.is_finalised()).map(|facts| facts.info.epoch).max();
        if newest <= self.claimed || !self.claims.is_empty() {
            return;
        }
        let Some(epoch) = newest else { return };
        self.claimed = newest;
        for who in Who::EDGES {
            if snapshot.license(who).is_some_and(|license| license.claimable > 0) {
                let client = self.client.clone();
                self.claims.spawn(async move {
                    let claim = async {
                        let block = client.claim(who.license()).await?;
                        Receipt::read(&client, who, block).await
                    };
                    (epoch, claim.await)
                });
            }
        }
    }

    fn collect_claims(&mut self) {
        while let Some(done) = self.claims.try_join_next() {
            match done {
                Ok((epoch, Ok(receipt))) => {
                    self.output.claim(&receipt);
                    self.receipts.push((epoch, receipt));
                }
                Ok((epoch, Err(error))) => self.failures.push(format!("after epoch {epoch}: {error}")),
                Err(error) => self.failures.push(error.to_string()),
            }
        }
    }

    fn judge(self, snapshot: &Snapshot) -> Outcome {
        let plan = self.plan;
        let mut checks = vec![
            Check::new(
                "issuance at genesis is zero",
                self.issuance_at_genesis == 0,
                self.issuance_at_genesis.to_string(),
            ),
            settled(snapshot, plan.first, plan.last),
        ];
        for epoch in (plan.first.0..=plan.last.0).map(EpochIndex) {
            for who in Who::ALL {
                let away = who == STOPPED && epoch == plan.half;
                checks.push(byte_within(snapshot, epoch, who, if away { ABOUT_HALF } else { ALWAYS_ON }));
            }
        }
        checks.extend(snapshot.audit());
        checks.push(Check::new("every claim got in", self.failures.is_empty(), self.failures.join("; ")));
        let paid = Who::EDGES.iter().all(|who| self.receipts.iter().any(|(_, receipt)| receipt.who == *who));
        checks.push(Check::new("both edge nodes' owners were paid", paid, format!("{} claims", self.receipts.len())));
        checks.extend(self.receipts.iter().map(|(_, receipt)| receipt.check()));
        let receipt = self.receipts.iter().find(|(epoch, receipt)| *epoch == plan.half && receipt.who == STOPPED);
        let payout = snapshot.epoch(plan.half).and_then(|facts| facts.payout(STOPPED));
        let explanation = receipt.zip(payout).map(|((_, receipt), payout)| Explanation {
            who: STOPPED,
            payout: payout.clone(),
            receipt: receipt.clone(),
        });
        let missing = || Check::new("one payout is explained", false, "no claim for the epoch in which it was stopped");
        checks.push(explanation.as_ref().map_or_else(missing, Explanation::check));
        Outcome { checks, explanation }
    }
}

/// Whether all epochs from `first` to `last` are finalised.
pub fn settled(snapshot: &Snapshot, first: EpochIndex, last: EpochIndex) -> Check {
    let state = |epoch| snapshot.epoch(EpochIndex(epoch)).map(|facts| facts.info.state.clone());
    let states: Vec<_> = (first.0..=last.0).map(|epoch| (epoch, state(epoch))).collect();
    let right = states.iter().all(|(_, state)| *state == Some(EpochState::Finalised));
    let word = |s: &Option<EpochState>| s.as_ref().map_or("not over".into(), view::state);
    let detail = states.iter().map(|(epoch, state)| format!("{epoch} {}", word(state))).collect::<Vec<_>>();
    Check::new(format!("epochs {first} to {last} settle"), right, detail.join(", "))
}

/// Whether the finalised byte of `who` in `epoch` lies in `range`.
pub fn byte_within(snapshot: &Snapshot, epoch: EpochIndex, who: Who, range: RangeInclusive<u8>) -> Check {
    let byte = snapshot.epoch(epoch).and_then(|facts| facts.byte(who));
    let detail = byte.map_or("no byte".into(), |b| format!("{b}"));
    let what = format!("{who}'s byte in epoch {epoch} is within {} and {}", range.start(), range.end());
    Check::new(what, byte.is_some_and(|b| range.contains(&b)), detail)
}
