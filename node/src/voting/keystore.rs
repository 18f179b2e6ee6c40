//! A keystore that has no key until the node votes.
//!
//! GRANDPA asks at the beginning of each round whether it holds a key of a voter, and votes in that round if it does.

use super::stage::{Stage, StageWatch};
use sp_core::{crypto::KeyTypeId, ecdsa, ed25519, sr25519};
use sp_keystore::{Error, Keystore, KeystorePtr};

/// The keystore behind it, shown once the node votes.
pub struct Withheld {
    keystore: KeystorePtr,
    voting: StageWatch,
}

impl Withheld {
    /// Withhold `keystore` until `voting` says that the node votes.
    pub fn new(keystore: KeystorePtr, voting: StageWatch) -> Self {
        Self { keystore, voting }
    }

    fn shown(&self) -> Option<&KeystorePtr> {
        (self.voting.stage() == Stage::Voting).then_some(&self.keystore)
    }
}

/// GRANDPA reads and signs by Ed25519; it makes no keys.
impl Keystore for Withheld {
    fn has_keys(&self, public_keys: &[(Vec<u8>, KeyTypeId)]) -> bool {
        self.shown().is_some_and(|keystore| keystore.has_keys(public_keys))
    }

    fn keys(&self, key_type: KeyTypeId) -> Result<Vec<Vec<u8>>, Error> {
        self.shown().map_or(Ok(Vec::new()), |keystore| keystore.keys(key_type))
    }

    fn ed25519_public_keys(&self, key_type: KeyTypeId) -> Vec<ed25519::Public> {
        self.shown().map_or_else(Vec::new, |keystore| keystore.ed25519_public_keys(key_type))
    }

    fn ed25519_sign(
        &self,
        key_type: KeyTypeId,
        public: &ed25519::Public,
        message: &[u8],
    ) -> Result<Option<ed25519::Signature>, Error> {
        self.shown().map_or(Ok(None), |keystore| keystore.ed25519_sign(key_type, public, message))
    }

    fn ed25519_generate_new(&self, _: KeyTypeId, _: Option<&str>) -> Result<ed25519::Public, Error> {
        Err(Error::Unavailable)
    }

    fn sr25519_public_keys(&self, _: KeyTypeId) -> Vec<sr25519::Public> {
        Vec::new()
    }

    fn sr25519_generate_new(&self, _: KeyTypeId, _: Option<&str>) -> Result<sr25519::Public, Error> {
        Err(Error::Unavailable)
    }

    fn sr25519_sign(&self, _: KeyTypeId, _: &sr25519::Public, _: &[u8]) -> Result<Option<sr25519::Signature>, Error> {
        Ok(None)
    }

    fn sr25519_vrf_sign(
        &self,
        _: KeyTypeId,
        _: &sr25519::Public,
        _: &sr25519::vrf::VrfSignData,
    ) -> Result<Option<sr25519::vrf::VrfSignature>, Error> {
        Ok(None)
    }

    fn sr25519_vrf_pre_output(
        &self,
        _: KeyTypeId,
        _: &sr25519::Public,
        _: &sr25519::vrf::VrfInput,
    ) -> Result<Option<sr25519::vrf::VrfPreOutput>, Error> {
        Ok(None)
    }

    fn ecdsa_public_keys(&self, _: KeyTypeId) -> Vec<ecdsa::Public> {
        Vec::new()
    }

    fn ecdsa_generate_new(&self, _: KeyTypeId, _: Option<&str>) -> Result<ecdsa::Public, Error> {
        Err(Error::Unavailable)
    }

    fn ecdsa_sign(&self, _: KeyTypeId, _: &ecdsa::Public, _: &[u8]) -> Result<Option<ecdsa::Signature>, Error> {
        Ok(None)
    }

    fn ecdsa_sign_prehashed(
        &self,
        _: KeyTypeId,
        _: &ecdsa::Public,
        _: &[u8; 32],
    ) -> Result<Option<ecdsa::Signature>, Error> {
        Ok(None)
    }

    fn insert(&self, _: KeyTypeId, _: &str, _: &[u8]) -> Result<(), ()> {
        Err(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sc_keystore::LocalKeystore;
    use sp_core::crypto::key_types::GRANDPA;
    use std::sync::Arc;

    #[test]
    fn keys_are_shown_when_the_node_votes_and_not_before() {
        let keystore = LocalKeystore::in_memory();
        let key = keystore.ed25519_generate_new(GRANDPA, Some("//Dave")).expect("a seed");
        let voting = StageWatch::new(Stage::Listening);
        let withheld = Withheld::new(Arc::new(keystore), voting.clone());
        let asked = [(key.0.to_vec(), GRANDPA)];
        assert!(!withheld.has_keys(&asked));
        assert!(withheld.ed25519_public_keys(GRANDPA).is_empty());
        assert!(withheld.ed25519_sign(GRANDPA, &key, b"vote").is_ok_and(|signature| signature.is_none()));
        voting.set(Stage::Voting);
        assert!(withheld.has_keys(&asked));
        assert!(withheld.ed25519_sign(GRANDPA, &key, b"vote").is_ok_and(|signature| signature.is_some()));
    }
}
