//! Whether a genesis makes sense as a whole, told in words. The pallets refuse what they can see themselves, by a panic
//! that a node reports as a trap; what follows comes before them, and says who or what is missing.

use crate::{configs::MAX_MEMBERS, *};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec,
};
use pallet_licenses::GenesisDeed;
use ratio1_primitives::{LicenseClass, NodeId};
use sp_core::crypto::Ss58Codec;

/// Why a chain must not start like this.
pub type Contradiction = String;

/// Check a genesis, as JSON.
pub fn check_json(config: &[u8]) -> Result<(), Contradiction> {
    let genesis = serde_json::from_slice(config).map_err(|error| format!("the genesis cannot be read: {error}"))?;
    check(&genesis)
}

/// Check a genesis. One without deeds is a preset that waits for its ceremony; all others must be complete.
pub fn check(genesis: &RuntimeGenesisConfig) -> Result<(), Contradiction> {
    check_issuance(genesis)?;
    check_council(genesis)?;
    check_signers(genesis)?;
    check_deeds(genesis)?;
    check_oracles(genesis)?;
    match genesis.licenses.licenses.is_empty() {
        true => Ok(()),
        false => check_completeness(genesis),
    }
}

/// Fails with the message unless the condition holds.
macro_rules! demand {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(format!($($message)+));
        }
    };
}

fn check_issuance(genesis: &RuntimeGenesisConfig) -> Result<(), Contradiction> {
    let rich = genesis.balances.balances.iter().find(|(_, amount)| *amount > 0);
    demand!(
        rich.is_none(),
        "no R1 exists at genesis, but balances gives some to {}",
        rich.map_or_else(String::new, |(who, _)| name(who))
    );
    Ok(())
}

/// An account as people write it: its `Display` is native only, and this runs in wasm.
fn name(who: &AccountId) -> String {
    who.to_ss58check()
}

fn attested(genesis: &RuntimeGenesisConfig) -> BTreeSet<&AccountId> {
    genesis.kyc.attestations.iter().map(|(who, ..)| who).collect()
}

fn check_council(genesis: &RuntimeGenesisConfig) -> Result<(), Contradiction> {
    let mut seen = BTreeSet::new();
    for member in &genesis.council.members {
        demand!(seen.insert(member), "council.members lists {} twice", name(member));
    }
    let most = usize::try_from(MAX_MEMBERS).unwrap_or(usize::MAX);
    demand!(seen.len() <= most, "council.members has {} members, and at most {most} fit", seen.len());
    Ok(())
}

/// Who is to act before there is any R1 needs a provider reference: its first transaction would be refused.
fn check_signers(genesis: &RuntimeGenesisConfig) -> Result<(), Contradiction> {
    let known: BTreeSet<_> = attested(genesis).into_iter().chain(&genesis.kyc.providers).collect();
    let pools = &genesis.pools;
    let wallets: BTreeSet<_> = [&pools.liquidity, &pools.operations, &pools.foundation].into_iter().flatten().collect();
    let groups = [
        ("council.members", genesis.council.members.iter().collect()),
        ("kyc.registrars", genesis.kyc.registrars.iter().collect()),
        ("sudo.key", genesis.sudo.key.iter().collect::<vec::Vec<_>>()),
    ];
    for (group, accounts) in groups {
        for who in accounts {
            let can_sign = known.contains(who) || wallets.contains(who);
            demand!(
                can_sign,
                "{group}: {} could never sign a transaction; attest it in kyc.attestations or list it in kyc.providers",
                name(who)
            );
        }
    }
    Ok(())
}

fn check_deeds(genesis: &RuntimeGenesisConfig) -> Result<(), Contradiction> {
    let (attested, mut nodes) = (attested(genesis), BTreeMap::<NodeId, usize>::new());
    let prohibited: BTreeSet<_> = genesis.kyc.prohibited.iter().collect();
    for (who, _, _, country, expires) in &genesis.kyc.attestations {
        demand!(
            !prohibited.contains(country),
            "kyc.attestations: {} is from a country that kyc.prohibited lists",
            name(who)
        );
        demand!(*expires > 0, "kyc.attestations: the attestation of {} has expired when the chain begins", name(who));
    }
    for (id, GenesisDeed { class, owner, node, assigned }) in genesis.licenses.licenses.iter().enumerate() {
        let first = id == 0;
        demand!(
            first == (*class == LicenseClass::Genesis),
            "licenses: the Genesis deed is deed 0, and no other is one"
        );
        demand!(
            (*class == LicenseClass::Master) == assigned.is_some(),
            "licenses: deed {id}: a Master deed names what it is `assigned`, and no other deed does"
        );
        demand!(attested.contains(owner), "licenses: {} owns deed {id} and is not in kyc.attestations", name(owner));
        if let Some(other) = node.and_then(|node| nodes.insert(node, id)) {
            return Err(format!("licenses: deeds {other} and {id} are linked to the same node"));
        }
    }
    Ok(())
}

fn check_oracles(genesis: &RuntimeGenesisConfig) -> Result<(), Contradiction> {
    let (mut owners, deeds) = (BTreeSet::new(), &genesis.licenses.licenses);
    let keys: BTreeSet<_> = genesis.session.keys.iter().map(|(who, ..)| who).collect();
    for (oracle, license) in &genesis.oracles.oracles {
        let owner = name(oracle);
        let deed = usize::try_from(*license).ok().and_then(|index| deeds.get(index));
        let Some(deed) = deed else { return Err(format!("oracles: there is no deed {license}")) };
        let holder = name(&deed.owner);
        demand!(deed.owner == *oracle, "oracles: deed {license} belongs to {holder}, not to {owner}");
        demand!(deed.node.is_some(), "oracles: deed {license} of {owner} is linked to no node");
        demand!(owners.insert(oracle), "oracles: {owner} is listed twice");
        demand!(keys.contains(oracle), "oracles: {owner} has no session keys; add them to session.keys");
    }
    for who in keys {
        demand!(
            owners.contains(who),
            "session.keys: {} is no oracle; list it in oracles, or remove its keys",
            name(who)
        );
    }
    let (minimum, oracles) = (genesis.oracles.minimum, owners.len());
    let within = usize::try_from(minimum).is_ok_and(|minimum| minimum <= oracles && (minimum > 0 || oracles == 0));
    demand!(within, "oracles: a minimum of {minimum} with {oracles} oracles");
    Ok(())
}

/// What a chain needs that is to go on by itself.
fn check_completeness(genesis: &RuntimeGenesisConfig) -> Result<(), Contradiction> {
    let pools = &genesis.pools;
    let wallets =
        [("liquidity", &pools.liquidity), ("operations", &pools.operations), ("foundation", &pools.foundation)];
    for (name, account) in wallets {
        demand!(account.is_some(), "pools.{name}: no account is named, so the Genesis deed could claim nothing");
    }
    demand!(!genesis.oracles.oracles.is_empty(), "oracles: there are none, so nobody would make a block");
    demand!(!genesis.kyc.registrars.is_empty(), "kyc.registrars: there are none, so nobody else could ever take part");
    let governed = !genesis.council.members.is_empty() || genesis.sudo.key.is_some();
    demand!(governed, "council.members: there are none, and no sudo.key, so nobody could govern");
    Ok(())
}
