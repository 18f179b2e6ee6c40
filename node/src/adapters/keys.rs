//! The keystore as the workers use it.

use ratio1_heartbeat::ports::Keys;
use ratio1_primitives::{
    keys::{NODE_KEY_TYPE, VOTE_KEY_TYPE},
    NodeId, NodeSignature, VoteId, VoteSignature,
};
use sp_core::{crypto::ByteArray, ed25519};
use sp_keystore::KeystorePtr;

/// Node key and vote keys of one keystore. Keys that are added while the node runs are found.
#[derive(Clone)]
pub struct KeystoreAdapter(pub KeystorePtr);

impl KeystoreAdapter {
    /// All node keys; a node has one, more is a mistake that [`crate::dauth`] names.
    pub fn node_keys(&self) -> Vec<ed25519::Public> {
        self.0.ed25519_public_keys(NODE_KEY_TYPE)
    }

    /// The one node key. With several there is no telling which is meant, so there is none.
    fn node_key(&self) -> Option<ed25519::Public> {
        match self.node_keys().as_slice() {
            [key] => Some(*key),
            _ => None,
        }
    }
}

impl Keys for KeystoreAdapter {
    fn node(&self) -> Option<NodeId> {
        self.node_key().map(NodeId::from)
    }

    fn sign_as_node(&self, payload: &[u8]) -> Option<NodeSignature> {
        self.0.ed25519_sign(NODE_KEY_TYPE, &self.node_key()?, payload).ok().flatten()
    }

    fn vote_keys(&self) -> Vec<VoteId> {
        self.0.ed25519_public_keys(VOTE_KEY_TYPE).into_iter().map(VoteId::from).collect()
    }

    fn sign_vote(&self, key: &VoteId, payload: &[u8]) -> Option<VoteSignature> {
        let public = ed25519::Public::from_slice(key.as_slice()).ok()?;
        self.0.ed25519_sign(VOTE_KEY_TYPE, &public, payload).ok().flatten().map(VoteSignature::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::keys::verify_node;
    use sp_keystore::Keystore;
    use std::sync::Arc;

    #[test]
    fn node_signs_only_with_its_one_key() {
        let store = Arc::new(sc_keystore::LocalKeystore::in_memory());
        let keys = KeystoreAdapter(store.clone());
        assert_eq!(keys.node(), None);
        assert_eq!(keys.sign_as_node(b"payload"), None);

        store.ed25519_generate_new(NODE_KEY_TYPE, Some("//Alice")).expect("a seed");
        let node = keys.node().expect("one key");
        let signature = keys.sign_as_node(b"payload").expect("it signs");
        assert!(verify_node(&node, b"payload", &signature));
        assert!(!verify_node(&node, b"other", &signature));

        store.ed25519_generate_new(NODE_KEY_TYPE, Some("//Bob")).expect("a seed");
        assert_eq!(keys.node(), None);
    }

    #[test]
    fn vote_is_signed_by_the_key_that_is_asked_for() {
        use sp_application_crypto::RuntimeAppPublic;
        let store = Arc::new(sc_keystore::LocalKeystore::in_memory());
        let keys = KeystoreAdapter(store.clone());
        store.ed25519_generate_new(VOTE_KEY_TYPE, Some("//Alice")).expect("a seed");
        store.ed25519_generate_new(VOTE_KEY_TYPE, Some("//Bob")).expect("a seed");
        let all = keys.vote_keys();
        assert_eq!(all.len(), 2);
        for key in &all {
            assert!(key.verify(&b"vote", &keys.sign_vote(key, b"vote").expect("it is there")));
        }
    }
}
