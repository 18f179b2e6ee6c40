//! The deeds of a preset.

use crate::{Config, NodeLicense, Pallet};
use ratio1_primitives::{text, traits::DeedToken, AccountId, Balance, EpochIndex, LicenseClass, NodeId};
use serde::{Deserialize, Serialize};
use sp_runtime::DispatchError;

/// A deed that exists from the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisDeed<AccountId> {
    /// Its class.
    pub class: LicenseClass,
    /// Its first owner; a Master deed's must be attested by the preset, as the deed counts for that owner's entity.
    pub owner: AccountId,
    /// The node it is linked to from the beginning.
    #[serde(default)]
    pub node: Option<NodeId>,
    /// What a Master deed may mint in all, in base units; of the other classes the schedule says it. Written as text,
    /// since JSON readers lose digits of numbers this large.
    #[serde(default, with = "text")]
    pub assigned: Option<Balance>,
}

/// A preset that cannot be is refused when the chain is built.
fn fail(what: &str, error: DispatchError) -> ! {
    panic!("genesis: {what}: {error:?}")
}

impl<T: Config> Pallet<T> {
    /// Create the collection and issue the preset's deeds, each under the rules it would meet later.
    pub(crate) fn build_genesis(deeds: &[GenesisDeed<AccountId>]) {
        let start = EpochIndex(0);
        T::Token::create_collection().unwrap_or_else(|e| fail("the deed collection cannot be created", e));
        for deed in deeds {
            let issued = match (deed.class, deed.assigned) {
                (LicenseClass::Master, Some(assigned)) => Self::do_grant(&deed.owner, assigned, start),
                (LicenseClass::Master, None) => panic!("genesis: a Master deed needs `assigned`"),
                (_, Some(_)) => panic!("genesis: only Master deeds have `assigned`"),
                (class, None) => Self::do_issue(class, &deed.owner),
            };
            let id = issued.unwrap_or_else(|e| fail("a deed cannot be issued", e));
            if let Some(node) = deed.node {
                assert!(!NodeLicense::<T>::contains_key(node), "genesis: node {node} is linked twice");
                Self::set_link(id, node, start).unwrap_or_else(|e| fail("a node cannot be linked", e));
            }
        }
    }
}
