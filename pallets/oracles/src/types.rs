//! What the pallet stores, and what it needs of the session pallet beyond `SessionInterface`.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::{ConstU32, DisabledValidators};
use ratio1_primitives::{ballot::MAX_ORACLES, kyc::EntityId, EpochIndex, LicenseId};
use scale_info::TypeInfo;
use sp_runtime::{traits::Convert, BoundedVec, KeyTypeId, Perbill};
use sp_staking::SessionIndex;

/// Bytes a proof of key ownership can have: one signature for each session key, with room to grow.
pub const MAX_PROOF: u32 = 512;

/// The proof that somebody holds the private halves of session keys: the SCALE encoded tuple of the keys' signatures
/// over the owner's account, as `impl_opaque_keys` generates it.
pub type KeyProof = BoundedVec<u8, ConstU32<MAX_PROOF>>;

/// A set of oracles, in validator order.
pub type OracleSet<AccountId> = BoundedVec<OracleRecord<AccountId>, ConstU32<MAX_ORACLES>>;

/// Oracles to disable again at each session start. Those admitted, active and queued: three sets at most.
pub type Marks<AccountId> = BoundedVec<Mark<AccountId>, ConstU32<{ MAX_ORACLES * 3 }>>;

/// One admitted oracle.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct OracleRecord<AccountId> {
    /// The validator: the owner of the license.
    pub oracle: AccountId,
    /// The license its node is linked to.
    pub license: LicenseId,
    /// Who runs it, as attested at admission. Kept here, since an attestation can lapse while the oracle serves.
    pub entity: EntityId,
    /// The session that ran when it was admitted.
    pub since: SessionIndex,
}

/// Why an oracle was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum RemovalReason {
    /// Governance removed it.
    Governance,
    /// It was proven to have equivocated.
    Offence,
}

/// A removal. It lasts: neither the license nor the account becomes an oracle again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Removal {
    /// The license that was the oracle's.
    pub license: LicenseId,
    /// Why.
    pub reason: RemovalReason,
    /// The epoch that ran.
    pub epoch: EpochIndex,
    /// The session that ran.
    pub session: SessionIndex,
}

/// An offender.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Mark<AccountId> {
    /// Who.
    pub oracle: AccountId,
    /// The gravest of its offences.
    pub severity: Perbill,
}

/// What `pallet_session::SessionInterface` does not tell.
pub trait SessionInspect<AccountId, Keys> {
    /// The running session.
    fn current_index() -> SessionIndex;
    /// The keys `who` registered last, active or not.
    fn registered(who: &AccountId) -> Option<Keys>;
    /// Who registered a key.
    fn key_owner(id: KeyTypeId, key: &[u8]) -> Option<AccountId>;
    /// The set of the next session with its keys.
    fn queued() -> Vec<(AccountId, Keys)>;
    /// Whether `who` is an active validator and disabled now.
    fn is_disabled(who: &AccountId) -> bool;
}

impl<R> SessionInspect<R::AccountId, R::Keys> for pallet_session::Pallet<R>
where
    R: pallet_session::Config<ValidatorId = <R as frame_system::Config>::AccountId>,
{
    fn current_index() -> SessionIndex {
        Self::current_index()
    }

    fn registered(who: &R::AccountId) -> Option<R::Keys> {
        Self::load_keys(who)
    }

    fn key_owner(id: KeyTypeId, key: &[u8]) -> Option<R::AccountId> {
        Self::key_owner(id, key)
    }

    fn queued() -> Vec<(R::AccountId, R::Keys)> {
        Self::queued_keys()
    }

    fn is_disabled(who: &R::AccountId) -> bool {
        Self::validator_id_to_index(who).is_some_and(<Self as DisabledValidators>::is_disabled)
    }
}

/// `FullIdentificationOf` for `pallet_session::historical`: there is no stake behind a validator, so an identification
/// says nothing but that the validator exists.
pub struct Unidentified;

impl<AccountId> Convert<AccountId, Option<()>> for Unidentified {
    fn convert(_: AccountId) -> Option<()> {
        Some(())
    }
}

/// What benchmarks need of the neighbours.
#[cfg(feature = "runtime-benchmarks")]
pub trait BenchmarkHelper<AccountId, Keys> {
    /// The `n`-th candidate: a linked, unbanned license and its owner, attested as an entity of its own.
    fn candidate(n: u32) -> (AccountId, LicenseId);
    /// The `n`-th set of session keys, and the proof that `owner` holds them.
    fn keys(owner: &AccountId, n: u32) -> (Keys, KeyProof);
}
