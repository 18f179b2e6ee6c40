//! The keystore as the workers use it: unlocked once, then in memory.
//!
//! A keystore on disk reads a file and derives a key from its phrase for every signature, which takes milliseconds; an
//! oracle signs hundreds of relay batches in an interval. So node key and vote keys are unlocked when they are first
//! seen, and all signatures are made from memory. Which keys there are is looked up again every few seconds, by the
//! names of the files alone: a key that was added is unlocked then, and one whose file is gone is forgotten. A key that
//! does not unlock is tried again now and then, and why it does not is told ([`KeystoreAdapter::fault`]).
//!
//! Pairs live in memory for as long as their keys are used, as GRANDPA's and BABE's do while they sign. The SDK's pairs
//! clear nothing when they are dropped; no copy of phrase or seed is kept here.

use parking_lot::Mutex;
use ratio1_ports::{NoIdentity, NodeKeys, VoteKeys};
use ratio1_primitives::{
    keys::{
        pair::{NodePair, VotePair},
        verify_node, NodeKey, NODE_KEY_TYPE, VOTE_KEY_TYPE,
    },
    NodeId, NodeSignature, VoteId, VoteSignature,
};
use sc_keystore::LocalKeystore;
use sp_core::{crypto::ByteArray, ed25519, Pair};
use sp_keystore::Keystore;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// How often the names of the keys are looked up. Sessions are longer: a vote key that was added is found before it
/// counts.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How often keys that do not unlock are tried again.
const TRY_AGAIN: Duration = Duration::from_secs(60);
/// What a node signs to see whether it can. The rest of the world takes it for nothing.
const TEST_PAYLOAD: &[u8] = b"ratio1/self-test/v1";

/// A key as it is held: unlocked, or why it is not.
type Held<P> = Result<P, String>;

/// Node key and vote keys of one keystore.
#[derive(Clone)]
pub struct KeystoreAdapter {
    store: Arc<LocalKeystore>,
    held: Arc<Mutex<Keyring>>,
}

#[derive(Default)]
struct Keyring {
    looked: Option<Instant>,
    tried: Option<Instant>,
    nodes: BTreeMap<ed25519::Public, Held<NodePair>>,
    votes: BTreeMap<ed25519::Public, Held<VotePair>>,
}

impl KeystoreAdapter {
    /// Over a keystore.
    pub fn new(store: Arc<LocalKeystore>) -> Self {
        Self { store, held: Arc::default() }
    }

    /// Why the one node key does not sign; `None` if it does, or if there is none or several. It signs a test payload
    /// and verifies that, each time.
    pub fn fault(&self) -> Option<String> {
        self.fault_at(Instant::now())
    }

    fn fault_at(&self, now: Instant) -> Option<String> {
        self.with(now, |held| {
            let (public, pair) = held.node()?;
            match pair {
                Err(why) => Some(why.clone()),
                Ok(pair) => {
                    let signature = pair.sign(TEST_PAYLOAD).into();
                    (!verify_node(&NodeId::from(*public), TEST_PAYLOAD, &signature))
                        .then(|| "what it signs does not verify".into())
                }
            }
        })
    }

    fn sign_as_node_at(&self, now: Instant, payload: &[u8]) -> Option<NodeSignature> {
        self.with(now, |held| Some(held.node()?.1.as_ref().ok()?.sign(payload).into()))
    }

    fn sign_vote_at(&self, now: Instant, key: &VoteId, payload: &[u8]) -> Option<VoteSignature> {
        let public = ed25519::Public::from_slice(key.as_slice()).ok()?;
        self.with(now, |held| Some(held.votes.get(&public)?.as_ref().ok()?.sign(payload)))
    }

    /// Look up which keys there are, if that was long ago, and use them.
    fn with<T>(&self, now: Instant, use_them: impl FnOnce(&Keyring) -> T) -> T {
        let mut held = self.held.lock();
        let passed = |since: Option<Instant>, time| since.is_none_or(|at| now.saturating_duration_since(at) >= time);
        if passed(held.looked, LOOK_AGAIN) {
            held.looked = Some(now);
            let again = passed(held.tried, TRY_AGAIN);
            if again {
                held.tried = Some(now);
            }
            let Keyring { nodes, votes, .. } = &mut *held;
            refresh(nodes, self.store.ed25519_public_keys(NODE_KEY_TYPE), again, |public| {
                unlocked(self.store.key_pair(&NodeKey::from(*public)))
            });
            refresh(votes, self.store.ed25519_public_keys(VOTE_KEY_TYPE), again, |public| {
                unlocked(self.store.key_pair(&VoteId::from(*public)))
            });
        }
        use_them(&held)
    }
}

fn unlocked<P>(pair: sc_keystore::Result<Option<P>>) -> Held<P> {
    pair.map_err(|error| error.to_string())?.ok_or_else(|| "its file is gone".into())
}

/// Forget keys that are gone, and unlock those that are new; if it is time `again`, also those that did not unlock.
fn refresh<P>(
    held: &mut BTreeMap<ed25519::Public, Held<P>>,
    names: Vec<ed25519::Public>,
    again: bool,
    unlock: impl Fn(&ed25519::Public) -> Held<P>,
) {
    held.retain(|public, _| names.contains(public));
    for public in names {
        let before = match held.get(&public) {
            Some(Ok(_)) => continue,
            Some(Err(_)) if !again => continue,
            Some(Err(why)) => Some(why.clone()),
            None => None,
        };
        let pair = unlock(&public);
        if let Some(why) = pair.as_ref().err().filter(|why| before.as_ref() != Some(why)) {
            let key = hex::encode(public);
            tracing::warn!(target: "ratio1", key, why, "a key cannot be used: see its file and password");
        }
        held.insert(public, pair);
    }
}

impl Keyring {
    /// The one node key. With several there is no telling which is meant, so there is none.
    fn node(&self) -> Option<(&ed25519::Public, &Held<NodePair>)> {
        let mut all = self.nodes.iter();
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }
}

impl NodeKeys for KeystoreAdapter {
    fn identity(&self) -> Result<NodeId, NoIdentity> {
        self.with(Instant::now(), |held| match (held.node(), held.nodes.len()) {
            (Some((public, _)), _) => Ok(NodeId::from(*public)),
            (None, 0) => Err(NoIdentity::NoKey),
            (None, many) => Err(NoIdentity::ManyKeys(many)),
        })
    }

    fn sign_as_node(&self, payload: &[u8]) -> Option<NodeSignature> {
        self.sign_as_node_at(Instant::now(), payload)
    }
}

impl VoteKeys for KeystoreAdapter {
    fn vote_keys(&self) -> Vec<VoteId> {
        self.with(Instant::now(), |held| held.votes.keys().copied().map(VoteId::from).collect())
    }

    fn sign_vote(&self, key: &VoteId, payload: &[u8]) -> Option<VoteSignature> {
        self.sign_vote_at(Instant::now(), key, payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_application_crypto::RuntimeAppPublic;
    use sp_core::crypto::SecretString;
    use std::{fs, path::Path, str::FromStr};

    fn in_memory() -> (Arc<LocalKeystore>, KeystoreAdapter) {
        let store = Arc::new(LocalKeystore::in_memory());
        (store.clone(), KeystoreAdapter::new(store))
    }

    fn on_disk(path: &Path, password: Option<&str>) -> (Arc<LocalKeystore>, KeystoreAdapter) {
        let password = password.map(|text| SecretString::from_str(text).expect("a password"));
        let store = Arc::new(LocalKeystore::open(path, password).expect("a folder"));
        (store.clone(), KeystoreAdapter::new(store))
    }

    /// The files of a keystore.
    fn files(path: &Path) -> Vec<std::path::PathBuf> {
        fs::read_dir(path).expect("a folder").map(|entry| entry.expect("a file").path()).collect()
    }

    #[test]
    fn node_signs_only_with_its_one_key() {
        let (store, keys) = in_memory();
        let now = Instant::now();
        assert_eq!(keys.sign_as_node_at(now, b"payload"), None);

        store.ed25519_generate_new(NODE_KEY_TYPE, Some("//Alice")).expect("a seed");
        let later = now + LOOK_AGAIN;
        let signature = keys.sign_as_node_at(later, b"payload").expect("it signs");
        let node = keys.identity().expect("one key");
        assert!(verify_node(&node, b"payload", &signature));
        assert!(!verify_node(&node, b"other", &signature));

        store.ed25519_generate_new(NODE_KEY_TYPE, Some("//Bob")).expect("a seed");
        assert_eq!(keys.sign_as_node_at(later + LOOK_AGAIN, b"payload"), None);
        assert_eq!(keys.identity(), Err(NoIdentity::ManyKeys(2)));
    }

    #[test]
    fn vote_is_signed_by_the_key_that_is_asked_for() {
        let (store, keys) = in_memory();
        store.ed25519_generate_new(VOTE_KEY_TYPE, Some("//Alice")).expect("a seed");
        store.ed25519_generate_new(VOTE_KEY_TYPE, Some("//Bob")).expect("a seed");
        let all = keys.vote_keys();
        assert_eq!(all.len(), 2);
        for key in &all {
            assert!(key.verify(&b"vote", &keys.sign_vote(key, b"vote").expect("it is there")));
        }
    }

    #[test]
    fn ten_thousand_signatures_touch_no_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let (store, keys) = on_disk(dir.path(), None);
        store.ed25519_generate_new(NODE_KEY_TYPE, None).expect("a key");
        store.ed25519_generate_new(VOTE_KEY_TYPE, None).expect("a key");
        let now = Instant::now();
        let vote = keys.with(now, |held| held.votes.keys().next().copied().map(VoteId::from)).expect("a vote key");
        // What is gone cannot be read.
        files(dir.path()).iter().for_each(|file| fs::remove_file(file).expect("it was there"));
        for n in 0..10_000u32 {
            let payload = n.to_le_bytes();
            assert!(keys.sign_as_node_at(now, &payload).is_some());
            assert!(keys.sign_vote_at(now, &vote, &payload).is_some());
        }
        assert_eq!(
            keys.sign_as_node_at(now + LOOK_AGAIN, b"payload"),
            None,
            "a key that was taken away is not used on"
        );
    }

    #[test]
    fn key_is_found_when_it_was_rotated() {
        let dir = tempfile::tempdir().expect("a folder");
        let (store, keys) = on_disk(dir.path(), None);
        let now = Instant::now();
        let sign = |at, public: ed25519::Public| keys.sign_vote_at(at, &VoteId::from(public), b"vote").is_some();
        let old = store.ed25519_generate_new(VOTE_KEY_TYPE, None).expect("a key");
        assert!(sign(now, old));
        let new = store.ed25519_generate_new(VOTE_KEY_TYPE, None).expect("a key");
        assert!(!sign(now, new), "nobody looks for each signature");
        assert!(sign(now + LOOK_AGAIN, new) && sign(now + LOOK_AGAIN, old), "epochs frozen before need the old one");
    }

    #[test]
    fn fault_is_told_when_the_password_is_wrong_or_the_file_is_damaged() {
        let dir = tempfile::tempdir().expect("a folder");
        let (store, keys) = on_disk(dir.path(), Some("right"));
        store.ed25519_generate_new(NODE_KEY_TYPE, None).expect("a key");
        let now = Instant::now();
        assert_eq!(keys.fault_at(now), None);

        let (_, keys) = on_disk(dir.path(), None);
        assert!(keys.fault_at(now).is_some_and(|why| !why.is_empty()));
        assert_eq!(keys.sign_as_node_at(now, b"payload"), None);
        assert!(keys.identity().is_ok(), "who it is does not depend on the password");

        let (_, keys) = on_disk(dir.path(), Some("right"));
        let [file] = &files(dir.path())[..] else { panic!("one key") };
        let whole = fs::read(file).expect("a key file");
        fs::write(file, "\"no phrase").expect("written");
        assert!(keys.fault_at(now).is_some());
        fs::write(file, whole).expect("written");
        assert!(keys.fault_at(now + LOOK_AGAIN).is_some(), "not tried again each time");
        assert_eq!(keys.fault_at(now + TRY_AGAIN), None, "mended while the node runs");
    }

    #[test]
    fn fault_is_none_when_there_is_no_telling_whose_it_would_be() {
        let (store, keys) = in_memory();
        assert_eq!(keys.fault(), None);
        store.ed25519_generate_new(NODE_KEY_TYPE, Some("//Alice")).expect("a seed");
        store.ed25519_generate_new(NODE_KEY_TYPE, Some("//Bob")).expect("a seed");
        assert_eq!(keys.fault_at(Instant::now() + LOOK_AGAIN), None);
    }
}
