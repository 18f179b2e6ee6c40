//! Who takes part in the `local` preset.

use ratio1_primitives::{keys::pair::VotePair, AccountId, LicenseId, NodeId};
use sp_core::{ed25519, Pair};
use sp_keyring::Sr25519Keyring;

/// A node of the preset, named for its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Oracle.
    Alice,
    /// Oracle.
    Bob,
    /// Oracle.
    Charlie,
    /// Oracle.
    Dave,
    /// Edge node.
    Eve,
    /// Edge node.
    Ferdie,
}

impl Who {
    /// All of them, in order of their licenses.
    pub const ALL: [Self; 6] = [Self::Alice, Self::Bob, Self::Charlie, Self::Dave, Self::Eve, Self::Ferdie];
    /// The validators.
    pub const ORACLES: [Self; 4] = [Self::Alice, Self::Bob, Self::Charlie, Self::Dave];
    /// The nodes that earn with a Node Deed.
    pub const EDGES: [Self; 2] = [Self::Eve, Self::Ferdie];

    /// In lower case: the node's name, its flag, its folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alice => "alice",
            Self::Bob => "bob",
            Self::Charlie => "charlie",
            Self::Dave => "dave",
            Self::Eve => "eve",
            Self::Ferdie => "ferdie",
        }
    }

    /// Whether it is a validator.
    pub fn is_oracle(self) -> bool {
        Self::ORACLES.contains(&self)
    }

    /// The deed its node is linked to at genesis. License 0 is the Genesis deed, linked to none.
    pub const fn license(self) -> LicenseId {
        LicenseId(self as u32 + 1)
    }

    /// The secret of its development keys.
    pub fn uri(self) -> String {
        let keyring: &'static str = self.keyring().into();
        format!("//{keyring}")
    }

    /// The deed's owner.
    pub fn owner(self) -> AccountId {
        self.keyring().to_account_id()
    }

    /// The key that signs the node's heartbeats.
    pub fn node_pair(self) -> ed25519::Pair {
        ed25519::Pair::from_string(&self.uri(), None).expect("a derivation path without password is a valid secret")
    }

    /// The key that signs an oracle's votes and its batches of beats.
    pub fn vote_pair(self) -> VotePair {
        VotePair::from_string(&self.uri(), None).expect("a derivation path without password is a valid secret")
    }

    /// The node's identity.
    pub fn node_id(self) -> NodeId {
        self.node_pair().public().into()
    }

    /// Whose account it is, if it is one of the cast.
    pub fn from_owner(owner: &AccountId) -> Option<Self> {
        Self::ALL.into_iter().find(|who| who.owner() == *owner)
    }

    fn keyring(self) -> Sr25519Keyring {
        match self {
            Self::Alice => Sr25519Keyring::Alice,
            Self::Bob => Sr25519Keyring::Bob,
            Self::Charlie => Sr25519Keyring::Charlie,
            Self::Dave => Sr25519Keyring::Dave,
            Self::Eve => Sr25519Keyring::Eve,
            Self::Ferdie => Sr25519Keyring::Ferdie,
        }
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licenses_follow_the_genesis_deed() {
        let ids: Vec<_> = Who::ALL.iter().map(|who| who.license().0).collect();
        assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn owners_are_found_again() {
        for who in Who::ALL {
            assert_eq!(Who::from_owner(&who.owner()), Some(who));
        }
        assert_eq!(Who::from_owner(&Sr25519Keyring::One.to_account_id()), None);
    }
}
