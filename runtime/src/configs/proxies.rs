//! What a proxy may do for its principal, call by call.
//!
//! The narrow types are lists of what is allowed: a call that is new is out of their reach until somebody has thought
//! about it, which `tests/accounts/proxies.rs` makes somebody do.

use crate::*;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::{Contains, GetCallMetadata, InstanceFilter};
use scale_info::TypeInfo;

/// What a proxy may do for its principal.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ProxyType {
    /// Everything.
    #[default]
    Any,
    /// What moves neither R1 nor deeds: running nodes, keeping one's own proxies, a registrar's duties. It can cost the
    /// principal fees, and deposits, which stay the principal's.
    NonTransfer,
    /// Linking and unlinking nodes, and registering session keys: what running a node takes.
    NodeOperation,
    /// Asking for jobs, extending, cancelling and rejecting them: spends R1, but on jobs alone, whose owner is the
    /// principal.
    JobManagement,
}

/// The calls of [`ProxyType::NodeOperation`], by pallet.
const NODE_OPERATION: &[(&str, &[&str])] = &[
    ("Licenses", &["link", "unlink"]),
    ("Oracles", &["register_keys"]),
    // What they carry is asked about itself.
    ("Utility", &["batch", "batch_all", "force_batch"]),
];

/// The calls of [`ProxyType::JobManagement`].
const JOB_MANAGEMENT: &[(&str, &[&str])] = &[
    ("Jobs", &["request", "extend", "add_nodes", "cancel", "reject"]),
    ("Utility", &["batch", "batch_all", "force_batch"]),
];

/// The calls of [`ProxyType::NonTransfer`], besides those of [`ProxyType::NodeOperation`]. Not among them: whatever speaks
/// for another account (`Multisig`, `Proxy.proxy`, and `Proxy.announce`, which lets anybody carry out what was
/// announced), since it does so without this filter; and `Jobs.cancel`, which costs up to an epoch's price of each slot,
/// half of it paid to the nodes.
const NON_TRANSFER: &[(&str, &[&str])] = &[
    ("System", &["remark", "remark_with_event"]),
    ("Kyc", &["attest", "revoke"]),
    ("Licenses", &["cancel_listing"]),
    ("Proxy", &["add_proxy", "remove_proxy", "remove_announcement", "reject_announcement"]),
];

fn lists(list: &[(&str, &[&str])], pallet: &str, call: &str) -> bool {
    list.iter().any(|(name, calls)| *name == pallet && calls.contains(&call))
}

impl ProxyType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Any, Self::NonTransfer, Self::NodeOperation, Self::JobManagement];

    /// Whether a proxy of this type may make `call` of `pallet`.
    pub fn allows(&self, pallet: &str, call: &str) -> bool {
        match self {
            Self::Any => true,
            Self::NonTransfer => lists(NODE_OPERATION, pallet, call) || lists(NON_TRANSFER, pallet, call),
            Self::NodeOperation => lists(NODE_OPERATION, pallet, call),
            Self::JobManagement => lists(JOB_MANAGEMENT, pallet, call),
        }
    }
}

impl InstanceFilter<RuntimeCall> for ProxyType {
    fn filter(&self, call: &RuntimeCall) -> bool {
        let metadata = call.get_call_metadata();
        self.allows(metadata.pallet_name, metadata.function_name)
    }

    fn is_superset(&self, other: &Self) -> bool {
        match (self, other) {
            (a, b) if a == b => true,
            (Self::Any, _) => true,
            (Self::NonTransfer, Self::NodeOperation) => true,
            _ => false,
        }
    }
}

/// No account without a key whose only proxy is a narrow one: what came to it could never leave, since no narrow type
/// may pay out, and none may appoint a wider one. Make it of type [`ProxyType::Any`], add the narrow proxy, and keep the
/// first.
pub struct NoTraps;

impl Contains<RuntimeCall> for NoTraps {
    fn contains(call: &RuntimeCall) -> bool {
        !matches!(
            call,
            RuntimeCall::Proxy(pallet_proxy::Call::create_pure { proxy_type, .. }) if *proxy_type != ProxyType::Any
        )
    }
}
