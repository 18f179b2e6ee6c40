//! What the chain says, and whether it is right: everything here is read from chain data alone and computed again.

use crate::{cast::Who, client::Head, Client, Result};
use ratio1_primitives::{
    apbft,
    api::{EpochInfo, EpochState, LicenseInfo, PayoutInfo, SupplyInfo},
    economics, Balance, EpochIndex, Hash,
};
use serde::Serialize;

/// One finding of a demonstration or test.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What should hold.
    pub what: String,
    /// Whether it does.
    pub pass: bool,
    /// The figures.
    pub detail: String,
}

impl Check {
    /// `what` holds if `pass`, as `detail` shows.
    pub fn new(what: impl Into<String>, pass: bool, detail: impl Into<String>) -> Self {
        Self { what: what.into(), pass, detail: detail.into() }
    }
}

/// An epoch with what each license was given in it.
#[derive(Clone, Debug)]
pub struct EpochFacts {
    /// The epoch.
    pub info: EpochInfo,
    /// In order of [`Who::ALL`].
    pub payouts: Vec<(Who, Option<PayoutInfo>)>,
}

impl EpochFacts {
    /// Read `epoch` at block `at`.
    pub async fn read(client: &Client, at: Hash, epoch: EpochIndex) -> Result<Self> {
        let info = client.epoch(at, epoch).await?;
        let mut payouts = Vec::new();
        for who in Who::ALL {
            payouts.push((who, client.payout(at, epoch, who.license()).await?));
        }
        Ok(Self { info, payouts })
    }

    /// The finalised byte of a node.
    pub fn byte(&self, who: Who) -> Option<u8> {
        self.payout(who)?.byte
    }

    /// What `oracle` reported about `who`'s node.
    pub fn reported(&self, oracle: Who, who: Who) -> Option<u8> {
        let reported = &self.payout(who)?.reported;
        reported.iter().find(|(account, ..)| *account == oracle.owner()).map(|(_, byte, _)| *byte)
    }

    /// Whether `oracle`'s ballot was counted.
    pub fn eligible(&self, oracle: Who) -> bool {
        self.info.ballots.iter().any(|seat| seat.seat.oracle == oracle.owner() && seat.eligible)
    }

    /// A node's payout, if the chain has one.
    pub fn payout(&self, who: Who) -> Option<&PayoutInfo> {
        self.payouts.iter().find(|(w, _)| *w == who)?.1.as_ref()
    }

    /// Whether the bytes are final.
    pub fn is_finalised(&self) -> bool {
        self.info.state == EpochState::Finalised
    }
}

/// The whole at one block.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The finalised block it was read at.
    pub at: Head,
    /// The best block's height.
    pub best: u32,
    /// The running epoch.
    pub current: EpochIndex,
    /// The epochs before it, oldest first.
    pub epochs: Vec<EpochFacts>,
    /// Deeds of the cast, in order of [`Who::ALL`].
    pub licenses: Vec<LicenseInfo>,
    /// Supply by class.
    pub supply: SupplyInfo,
    /// Total issuance by the balances pallet.
    pub issuance: Balance,
}

impl Snapshot {
    /// Read the finalised state, with epochs from `first` on.
    pub async fn read(client: &Client, first: EpochIndex) -> Result<Self> {
        let at = client.finalised().await?;
        let best = client.best().await?.number;
        let current = client.clock(at.hash).await?.current;
        let mut epochs = Vec::new();
        for epoch in first.0..current.0 {
            epochs.push(EpochFacts::read(client, at.hash, EpochIndex(epoch)).await?);
        }
        let mut licenses = Vec::new();
        for who in Who::ALL {
            licenses.push(client.license(at.hash, who.license()).await?);
        }
        let supply = client.supply(at.hash).await?;
        let issuance = client.issuance(at.hash).await?;
        Ok(Self { at, best, current, epochs, licenses, supply, issuance })
    }

    /// An epoch, if it is over and was read.
    pub fn epoch(&self, epoch: EpochIndex) -> Option<&EpochFacts> {
        self.epochs.iter().find(|facts| facts.info.epoch == epoch)
    }

    /// The deed of one of the cast.
    pub fn license(&self, who: Who) -> Option<&LicenseInfo> {
        self.licenses.iter().find(|license| license.id == who.license())
    }

    /// Everything computed again that can be: medians, credits, what they mint, issuance. Holds at any block, if the
    /// snapshot was read from the first epoch on.
    pub fn audit(&self) -> Vec<Check> {
        vec![self.audit_medians(), self.audit_credits(), self.audit_minted(), self.audit_issuance()]
    }

    fn audit_medians(&self) -> Check {
        let mut count = 0;
        let mut wrong = Vec::new();
        for facts in self.epochs.iter().filter(|facts| facts.is_finalised()) {
            for (who, payout) in &facts.payouts {
                let Some(payout) = payout else { continue };
                count += 1;
                if payout.byte != median(payout).1 {
                    wrong.push(format!("epoch {} {who}: {:?}", facts.info.epoch, payout));
                }
            }
        }
        let detail = if wrong.is_empty() { format!("{count} bytes recomputed") } else { wrong.join("; ") };
        Check::new("every byte is the lower median of the eligible ballots", wrong.is_empty() && count > 0, detail)
    }

    fn audit_credits(&self) -> Check {
        let finalised: Vec<_> = self.epochs.iter().filter(|facts| facts.is_finalised()).collect();
        let detail: Vec<_> = Who::EDGES
            .iter()
            .filter_map(|who| {
                let bytes: Vec<_> = finalised.iter().map(|facts| u32::from(facts.byte(*who).unwrap_or(0))).collect();
                Some((who, self.license(*who)?.credits, bytes))
            })
            .collect();
        let right = detail.len() == Who::EDGES.len() && detail.iter().all(|(_, c, b)| *c == b.iter().sum::<u32>());
        let detail = detail.iter().map(|(who, c, b)| format!("{who}: {c} = sum of {b:?}")).collect::<Vec<_>>();
        Check::new("credits are the sum of the finalised bytes", right, detail.join("; "))
    }

    fn audit_minted(&self) -> Check {
        let wrong: Vec<_> = self
            .licenses
            .iter()
            .filter(|l| l.minted.saturating_add(l.claimable) != economics::minted(l.class, l.credits))
            .map(|l| format!("license {}: {} credits, {} minted, {} claimable", l.id, l.credits, l.minted, l.claimable))
            .collect();
        let detail = if wrong.is_empty() { "minted + claimable = N * c / 275400".into() } else { wrong.join("; ") };
        Check::new("what is minted follows the formula", wrong.is_empty(), detail)
    }

    fn audit_issuance(&self) -> Check {
        let licenses: Balance = self.licenses.iter().map(|license| license.minted).sum();
        let classes: Balance = self.supply.classes.iter().map(|class| class.minted).sum();
        let right = self.issuance == self.supply.outstanding
            && self.supply.outstanding.saturating_add(self.supply.burned) == classes
            && classes == licenses;
        let detail = format!("issuance {} R1, minted for licenses {} R1", r1(self.issuance), r1(licenses));
        Check::new("issuance is what was minted less what was burned", right, detail)
    }
}

/// The eligible bytes in order and their lower median.
pub fn median(payout: &PayoutInfo) -> (Vec<u8>, Option<u8>) {
    let mut bytes: Vec<_> = payout.reported.iter().filter(|(_, _, eligible)| *eligible).map(|(_, b, _)| *b).collect();
    bytes.sort_unstable();
    // On a copy: it reorders what it is given, and the list is shown in order.
    let value = apbft::lower_median(&mut bytes.clone());
    (bytes, value)
}

/// A claim as the chain shows it: the state before and after the block that holds it.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Whose deed.
    pub who: Who,
    /// The block.
    pub block: Head,
    /// The deed before.
    pub before: LicenseInfo,
    /// The deed after.
    pub after: LicenseInfo,
    /// The owner's balance before and after.
    pub balance: (Balance, Balance),
    /// Issuance before and after; another claim may share the block.
    pub issuance: (Balance, Balance),
}

impl Receipt {
    /// Read the claim of `who` from `block`.
    pub async fn read(client: &Client, who: Who, block: Head) -> Result<Self> {
        let owner = who.owner();
        let (was, is) = (block.parent, block.hash);
        Ok(Self {
            who,
            block,
            before: client.license(was, who.license()).await?,
            after: client.license(is, who.license()).await?,
            balance: (client.balance(was, &owner).await?, client.balance(is, &owner).await?),
            issuance: (client.issuance(was).await?, client.issuance(is).await?),
        })
    }

    /// Base units this claim minted.
    pub fn paid(&self) -> Balance {
        self.after.minted.saturating_sub(self.before.minted)
    }

    /// Whether the claim paid what the formula says, to the owner, out of new issuance.
    pub fn check(&self) -> Check {
        // What was minted before follows from the credits paid for (`Rewards.Paid`), and the API tells it with the rest.
        let due = economics::minted(self.after.class, self.after.credits).saturating_sub(self.before.minted);
        let gained = self.balance.1.saturating_sub(self.balance.0);
        let issued = self.issuance.1.saturating_sub(self.issuance.0);
        let paid = self.paid();
        let right = paid == due && paid == gained && issued >= paid && paid > 0;
        let detail = format!("{} R1 minted, {} R1 due, balance +{} R1", r1(paid), r1(due), r1(gained));
        Check::new(
            format!("the claim of license {} in block {} pays the formula", self.after.id, self.block.number),
            right,
            detail,
        )
    }
}

/// One payout, told from chain data alone.
pub struct Explanation {
    /// Whose node.
    pub who: Who,
    /// Why this byte.
    pub payout: PayoutInfo,
    /// What it paid.
    pub receipt: Receipt,
}

impl Explanation {
    /// The story in lines, every number with its origin.
    pub fn lines(&self) -> Vec<String> {
        let (p, r) = (&self.payout, &self.receipt);
        let (sorted, value) = median(p);
        let reported = p.reported.iter().map(|(account, byte, eligible)| {
            let name = Who::from_owner(account).map_or_else(|| account.to_string(), |who| who.to_string());
            format!("{name} {byte}{}", if *eligible { "" } else { " (not eligible)" })
        });
        let reported: Vec<_> = reported.collect();
        let (c0, c1) = (self.credits_paid(), r.after.credits);
        let class_max = economics::NODE_EPOCHS * economics::CREDITS_PER_EPOCH;
        vec![
            format!("Why was {}'s deed (license {}) paid in block {}?", self.who, p.license, r.block.number),
            format!("  1. In epoch {} each oracle counted the node's heartbeats and voted a byte:", p.epoch),
            format!("       {}", reported.join("   ")),
            format!(
                "  2. Sorted, the eligible ones are {sorted:?}; the lower median is number {}:",
                sorted.len().div_ceil(2)
            ),
            format!("       a = {}", value.map_or("none".into(), |v| v.to_string())),
            format!("  3. The deed had been paid for {c0} byte credits; with this epoch it has {c1}."),
            format!(
                "  4. minted(c) = N * min(c, {class_max}) / {class_max} with N = {} R1:",
                r1(economics::NODE_ENTITLEMENT)
            ),
            format!(
                "       minted({c1}) - minted({c0}) = {} - {}",
                r1(economics::minted(p.class, c1)),
                r1(economics::minted(p.class, c0))
            ),
            format!("       = {} R1", r1(economics::payable(p.class, c0, c1))),
            format!("  5. Block {:?}", r.block.hash),
            format!("       minted {} R1 and changed the owner's balance {} ->", r1(r.paid()), r1(r.balance.0)),
            format!("       {} R1, by {} R1.", r1(r.balance.1), r1(r.balance.1.saturating_sub(r.balance.0))),
        ]
    }

    /// The explanation's numbers agree with each other.
    pub fn check(&self) -> Check {
        let (p, r) = (&self.payout, &self.receipt);
        let (_, value) = median(p);
        let credits = u32::from(p.byte.unwrap_or(0));
        let right = p.linked == Some(true)
            && p.byte.is_some()
            && p.byte == value
            && self.credits_paid().checked_add(credits) == Some(r.after.credits)
            && economics::payable(p.class, self.credits_paid(), r.after.credits) == r.paid()
            && r.balance.1.saturating_sub(r.balance.0) == r.paid();
        Check::new(
            format!("the payout of license {} for epoch {} is explained to the base unit", p.license, p.epoch),
            right,
            format!("{} base units for {credits} of 255", r.paid()),
        )
    }

    /// Credits the deed had been paid for, computed from what it had minted: an opinion beside `Rewards.Paid`.
    fn credits_paid(&self) -> u32 {
        let (class, minted) = (self.payout.class, self.receipt.before.minted);
        (0..=self.receipt.after.credits).rev().find(|c| economics::minted(class, *c) <= minted).unwrap_or(0)
    }
}

/// Base units as R1, all 18 decimals but trailing zeros.
pub fn r1(amount: Balance) -> String {
    let text = format!("{}.{:018}", amount / economics::R1, amount % economics::R1);
    text.trim_end_matches('0').trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::{LicenseClass, LicenseId};

    #[test]
    fn amounts_are_written_in_full() {
        assert_eq!(r1(0), "0");
        assert_eq!(r1(1), "0.000000000000000001");
        assert_eq!(r1(3 * economics::R1 / 2), "1.5");
        assert_eq!(r1(economics::NODE_ENTITLEMENT), "1575.188843457943925233");
    }

    fn payout(byte: u8) -> PayoutInfo {
        let report = |who: Who, byte, eligible| (who.owner(), byte, eligible);
        PayoutInfo {
            epoch: EpochIndex(2),
            license: LicenseId(6),
            class: LicenseClass::Node,
            linked: Some(true),
            reported: vec![
                report(Who::Alice, 130, true),
                report(Who::Bob, 0, false),
                report(Who::Charlie, 128, true),
                report(Who::Dave, 129, true),
            ],
            byte: Some(byte),
            available: Some(false),
            lost_slots: 0,
            worth: 0,
        }
    }

    fn license(credits: u32, paid: u32) -> LicenseInfo {
        LicenseInfo {
            id: LicenseId(6),
            class: LicenseClass::Node,
            owner: Some(Who::Ferdie.owner()),
            node: Some(Who::Ferdie.node_id()),
            linked_since: Some(EpochIndex(0)),
            link_nonce: 0,
            banned: false,
            oracle: false,
            credits,
            entitlement: economics::NODE_ENTITLEMENT,
            minted: economics::minted(LicenseClass::Node, paid),
            claimable: economics::payable(LicenseClass::Node, paid, credits),
            residual: 0,
        }
    }

    /// A claim of an epoch's 129 credits by a deed that had been paid for 255.
    fn receipt() -> Receipt {
        let block = Head { hash: Hash::repeat_byte(2), number: 2, parent: Hash::repeat_byte(1) };
        let (before, after) = (license(255 + 129, 255), license(255 + 129, 255 + 129));
        let amounts = (before.minted, after.minted);
        Receipt { who: Who::Ferdie, block, before, after, balance: amounts, issuance: amounts }
    }

    #[test]
    fn median_passes_over_ballots_that_are_not_eligible() {
        assert_eq!(median(&payout(129)), (vec![128, 129, 130], Some(129)));
    }

    #[test]
    fn claim_is_right_only_if_the_owner_gets_what_the_formula_says() {
        assert!(receipt().check().pass);
        let kept_back = Receipt { balance: (0, 1), ..receipt() };
        assert!(!kept_back.check().pass);
        let too_much = Receipt { after: license(255 + 129, 255 + 130), ..receipt() };
        assert!(!too_much.check().pass);
        let nothing = Receipt { after: receipt().before, balance: (7, 7), ..receipt() };
        assert!(!nothing.check().pass);
    }

    #[test]
    fn explanation_holds_only_for_the_median_that_was_paid() {
        let explain = |payout| Explanation { who: Who::Ferdie, payout, receipt: receipt() };
        let right = explain(payout(129));
        assert!(right.check().pass);
        assert!(right.lines().iter().any(|line| line.contains("minted(384) - minted(255)")));
        assert!(!explain(payout(130)).check().pass, "not the median");
        assert!(!explain(PayoutInfo { linked: Some(false), ..payout(129) }).check().pass, "not linked");
    }
}
