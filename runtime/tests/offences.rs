//! A real equivocation, reported to the real runtime: the offender is disabled at once and removed for good.

use crate::common::{Shape, Sim};
use codec::{Decode, Encode};
use frame_support::{assert_ok, traits::KeyOwnerProofSystem};
use ratio1_primitives::{traits::OracleInspect, AccountId, Hash, LicenseId};
use ratio1_runtime::{facts, Grandpa, Header, Historical, Oracles, RuntimeCall, Session, UncheckedExtrinsic};
use sp_consensus_babe::{
    digests::{PreDigest, SecondaryPlainPreDigest},
    AuthorityPair, EquivocationProof, BABE_ENGINE_ID,
};
use sp_consensus_grandpa::{AuthorityPair as GrandpaPair, AuthoritySignature as GrandpaSignature};
use sp_core::Pair;
use sp_runtime::{generic::DigestItem, traits::Header as _};

/// A header of slot 9 by the first authority, sealed with its key.
fn sealed(author: &AuthorityPair, state: u8) -> Header {
    let mut header = Header::new(9, Default::default(), [state; 32].into(), Default::default(), Default::default());
    let pre = PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: 0, slot: 9.into() });
    header.digest_mut().push(DigestItem::PreRuntime(BABE_ENGINE_ID, pre.encode()));
    let seal = author.sign(header.hash().as_ref());
    header.digest_mut().push(DigestItem::Seal(BABE_ENGINE_ID, seal.encode()));
    header
}

fn report(sim: &mut Sim, author: &AuthorityPair) -> UncheckedExtrinsic {
    let proof = EquivocationProof {
        offender: author.public(),
        slot: 9.into(),
        first_header: sealed(author, 1),
        second_header: sealed(author, 2),
    };
    let key_owner_proof = sim
        .ext
        .execute_with(|| Historical::prove((sp_consensus_babe::KEY_TYPE, author.public())))
        .expect("the offender is an authority");
    let call = pallet_babe::Call::report_equivocation_unsigned { equivocation_proof: Box::new(proof), key_owner_proof };
    UncheckedExtrinsic::new_bare(RuntimeCall::from(call))
}

#[test]
fn an_oracle_that_equivocates_is_disabled_at_once_and_never_returns() {
    let mut sim = Sim::new(Shape::default());
    let offender: AccountId = sim.oracles[0].id();
    let author = AuthorityPair::from_string("//Oracle0", None).unwrap();
    assert_eq!(sim.ext.execute_with(Session::disabled_validators), Vec::<u32>::new());

    let reported = report(&mut sim, &author);
    assert_ok!(sim.include(reported).unwrap());
    assert_eq!(sim.ext.execute_with(Session::disabled_validators), [0]);
    assert!(sim.ext.execute_with(|| <Oracles as OracleInspect<AccountId>>::is_barred(&offender)));

    // Reported again: nothing more happens.
    let again = report(&mut sim, &author);
    assert!(sim.include(again).is_err());

    // Two rotations later it is no validator, and nobody can admit it.
    for _ in 0..3 * sim.shape.session_blocks {
        sim.block(vec![]);
    }
    assert!(!sim.ext.execute_with(Session::validators).contains(&offender));
    assert_eq!(sim.ext.execute_with(facts::oracles).len(), 3);
    let admit = RuntimeCall::from(pallet_oracles::Call::admit { license: LicenseId(1) });
    assert!(sim.as_root(admit).is_err());
}

/// A vote of GRANDPA's first phase for some block, with its signature.
fn prevote(voter: &GrandpaPair, set: u64, target: u8) -> ((Hash, u32), GrandpaSignature) {
    let vote = (Hash::repeat_byte(target), 7u32);
    // Prevotes are the first of GRANDPA's messages.
    let payload = sp_consensus_grandpa::localized_payload(ROUND, set, &(0u8, vote));
    (vote, voter.sign(&payload))
}

/// Of the round in which GRANDPA's votes are made here.
const ROUND: u64 = 3;

/// A report that `offender` voted twice in one round, once by each of the voters' keys.
fn finality_report(
    sim: &mut Sim,
    offender: &GrandpaPair,
    by: [&GrandpaPair; 2],
    targets: [u8; 2],
) -> UncheckedExtrinsic {
    let set = sim.ext.execute_with(Grandpa::current_set_id);
    let [first, second] = [0, 1].map(|i| prevote(by[i], set, targets[i]));
    // The proof's own encoding: set, prevotes, round, voter, both votes.
    let bytes = (set, 0u8, ROUND, offender.public(), first, second).encode();
    let proof = sp_consensus_grandpa::EquivocationProof::<Hash, u32>::decode(&mut &bytes[..]).expect("a proof");
    let key_owner_proof = sim
        .ext
        .execute_with(|| Historical::prove((sp_consensus_grandpa::KEY_TYPE, offender.public())))
        .expect("the offender is an authority");
    let call =
        pallet_grandpa::Call::report_equivocation_unsigned { equivocation_proof: Box::new(proof), key_owner_proof };
    UncheckedExtrinsic::new_bare(RuntimeCall::from(call))
}

#[test]
fn an_oracle_that_votes_twice_for_finality_is_disabled_at_once_and_never_returns() {
    let mut sim = Sim::new(Shape::default());
    let (offender, other) = (sim.oracles[1].clone(), sim.oracles[2].clone());
    let (key, foreign) = (&offender.grandpa, &other.grandpa);

    // Not both votes are its own, or both are the same: nobody is harmed.
    for (by, targets) in [([key, foreign], [1, 2]), ([key, key], [1, 1])] {
        let forged = finality_report(&mut sim, key, by, targets);
        let result = sim.include(forged);
        assert!(result.is_err() || result.is_ok_and(|r| r.is_err()));
    }
    assert!(sim.ext.execute_with(Session::disabled_validators).is_empty());

    let reported = finality_report(&mut sim, key, [key, key], [1, 2]);
    assert_ok!(sim.include(reported).unwrap());
    assert_eq!(sim.ext.execute_with(Session::disabled_validators), [1]);
    assert!(sim.ext.execute_with(|| <Oracles as OracleInspect<AccountId>>::is_barred(&offender.id())));
    let again = finality_report(&mut sim, key, [key, key], [1, 2]);
    assert!(sim.include(again).is_err());

    for _ in 0..3 * sim.shape.session_blocks {
        sim.block(vec![]);
    }
    assert!(!sim.ext.execute_with(Session::validators).contains(&offender.id()));
    let authorities = sim.ext.execute_with(Grandpa::grandpa_authorities);
    assert_eq!(authorities.len(), 3);
    assert!(authorities.iter().all(|(authority, _)| *authority != key.public()));
    let admit = RuntimeCall::from(pallet_oracles::Call::admit { license: LicenseId(2) });
    assert!(sim.as_root(admit).is_err());
}

#[test]
fn a_forged_report_harms_nobody() {
    let mut sim = Sim::new(Shape::default());
    let stranger = AuthorityPair::from_string("//Stranger", None).unwrap();
    let author = AuthorityPair::from_string("//Oracle0", None).unwrap();
    let proof = EquivocationProof {
        offender: author.public(),
        slot: 9.into(),
        first_header: sealed(&stranger, 1),
        second_header: sealed(&stranger, 2),
    };
    let key_owner_proof = sim
        .ext
        .execute_with(|| Historical::prove((sp_consensus_babe::KEY_TYPE, author.public())))
        .expect("an authority");
    let call = pallet_babe::Call::report_equivocation_unsigned { equivocation_proof: Box::new(proof), key_owner_proof };
    let result = sim.include(UncheckedExtrinsic::new_bare(RuntimeCall::from(call)));
    assert!(result.is_err() || result.is_ok_and(|r| r.is_err()));
    assert!(sim.ext.execute_with(Session::disabled_validators).is_empty());
}
