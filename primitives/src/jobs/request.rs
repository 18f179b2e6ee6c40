//! What a requester asks for.

use super::{node::Tags, region::Region, Capacity, Gpu, Tier};
use crate::{
    kyc::{Country, EntityKind},
    LicenseId,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};

/// Entries a list of selectors can have.
pub const MAX_SELECTED: u32 = 16;
/// The largest specification, in bytes.
pub const MAX_SPEC_BYTES: u32 = 1024 * 1024;
/// The longest path of a health check.
pub const MAX_PATH: u32 = 128;

/// A word by which nodes are told apart: 1 to 32 of `a-z`, `0-9` and `-`.
pub type Tag = BoundedVec<u8, ConstU32<32>>;

/// Whether a tag is well formed.
pub fn is_tag(tag: &[u8]) -> bool {
    (1..=Tag::bound()).contains(&tag.len())
        && tag.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

/// A content identifier as IPFS makes them: version 1, `raw` or `dag-pb`, sha2-256; in binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Cid(pub [u8; 36]);

impl Cid {
    /// Version 1, a codec, sha2-256, 32 bytes of digest.
    pub fn new(dag_pb: bool, digest: [u8; 32]) -> Self {
        let mut cid = [0u8; 36];
        let (head, tail) = cid.split_at_mut(4);
        head.copy_from_slice(&[1, if dag_pb { 0x70 } else { 0x55 }, 0x12, 0x20]);
        tail.copy_from_slice(&digest);
        Self(cid)
    }

    /// Whether it is one of the kind the network stores.
    pub fn is_well_formed(&self) -> bool {
        matches!(self.0, [1, 0x55 | 0x70, 0x12, 0x20, ..])
    }
}

/// What is done when a container ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Restart {
    /// It is started again, whatever it returned.
    Always,
    /// It is started again if it failed.
    OnFailure,
    /// It stays ended.
    Never,
}

/// A public health check: an HTTP GET that answers 2xx while the service is well.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct HealthCheck {
    /// The container's port.
    pub port: u16,
    /// The path, beginning with a slash.
    pub path: BoundedVec<u8, ConstU32<MAX_PATH>>,
}

/// Which nodes may serve. An empty list asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Selectors {
    /// Countries of which the operator's attested one must be.
    pub countries: BoundedVec<Country, ConstU32<MAX_SELECTED>>,
    /// Countries of which it must not be.
    pub not_countries: BoundedVec<Country, ConstU32<MAX_SELECTED>>,
    /// Regions of which the operator's country must be in one.
    pub regions: BoundedVec<Region, ConstU32<8>>,
    /// Only operators attested as companies (KYB).
    pub companies_only: bool,
    /// Tags the node must declare, all of them.
    pub tags: Tags,
    /// Tags it must not declare, any of them.
    pub not_tags: Tags,
    /// Licenses of which it must be. Service on such slots moves no reputation.
    pub include: BoundedVec<LicenseId, ConstU32<MAX_SELECTED>>,
    /// Licenses of which it must not be.
    pub exclude: BoundedVec<LicenseId, ConstU32<MAX_SELECTED>>,
}

impl Selectors {
    /// Whether the operator's attested country and kind, the license and the declared tags satisfy them.
    pub fn admit(&self, license: LicenseId, country: Country, kind: EntityKind, tags: &[Tag]) -> bool {
        let any = |list: &[Country]| list.contains(&country);
        (self.countries.is_empty() || any(&self.countries))
            && !any(&self.not_countries)
            && (self.regions.is_empty() || Region::of(country).is_some_and(|region| self.regions.contains(&region)))
            && (!self.companies_only || kind == EntityKind::Company)
            && self.tags.iter().all(|tag| tags.contains(tag))
            && !self.not_tags.iter().any(|tag| tags.contains(tag))
            && (self.include.is_empty() || self.include.contains(&license))
            && !self.exclude.contains(&license)
    }
}

/// What is to be run, on how many nodes, for how long.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct JobRequest {
    /// What each node gives.
    pub tier: Tier,
    /// A GPU for each node.
    pub gpu: Option<Gpu>,
    /// On how many nodes.
    pub nodes: u16,
    /// For how many epochs, each node counted from its own acceptance.
    pub epochs: u32,
    /// The specification of the container: where it is,
    pub spec: Cid,
    /// and how large, in bytes.
    pub spec_bytes: u32,
    /// Which nodes may serve.
    pub selectors: Selectors,
    /// What is done when the container ends.
    pub restart: Restart,
    /// Whether several nodes of one entity may serve.
    pub same_entity: bool,
    /// How oracles can see that it is well.
    pub health: Option<HealthCheck>,
}

impl JobRequest {
    /// What a node must have free.
    pub fn need(&self) -> Capacity {
        Capacity { gpus: u32::from(self.gpu.is_some()), ..self.tier.capacity() }
    }
}

#[cfg(test)]
mod tests;
