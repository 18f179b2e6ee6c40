//! The key commands: the node's identity, the proof that links it to a license, and session keys for an oracle.
//!
//! All work on the keystore alone, also while the node runs. What a script needs goes to standard output, one value
//! per line; explanations go to standard error.

use crate::chain_spec;
use codec::Encode;
use ratio1_primitives::{
    keys::{link_payload, NODE_KEY_TYPE},
    AccountId, Hash, LicenseId, NodeId,
};
use sc_cli::{ChainSpec, Error, KeySubcommand, KeystoreParams, Result, SharedParams, SubstrateCli};
use sc_keystore::LocalKeystore;
use sc_service::config::{BasePath, KeystoreConfig};
use sp_core::crypto::Ss58Codec;
use sp_keystore::{Keystore, KeystoreExt};
use std::{path::PathBuf, sync::Arc};

/// `ratio1-node key ..`
#[derive(Debug, clap::Subcommand)]
pub enum KeyCmd {
    /// Make the node's identity key in its keystore and print its NodeId. Never overwrites one.
    GenerateNode(StoreParams),

    /// Print the NodeId of the identity key in the keystore.
    ShowNode(StoreParams),

    /// Sign, as this node, that it wants to be linked to a license; the owner submits the proof with `licenses.link`.
    LinkProof(LinkProofCmd),

    /// Make session keys in the keystore and print them with the proof that they are the owner's to register.
    Session(SessionCmd),

    #[command(flatten)]
    Sdk(KeySubcommand),
}

impl KeyCmd {
    /// Run it.
    pub fn run<C: SubstrateCli>(&self, cli: &C) -> Result<()> {
        match self {
            Self::GenerateNode(store) => generate_node(&store.open_keystore(cli)?.1),
            Self::ShowNode(store) => show_node(&store.open_keystore(cli)?.1),
            Self::LinkProof(cmd) => cmd.run(cli),
            Self::Session(cmd) => cmd.run(cli),
            Self::Sdk(cmd) => cmd.run(cli),
        }
    }
}

/// Which keystore.
#[derive(Debug, Clone, clap::Args)]
pub struct StoreParams {
    #[clap(flatten)]
    shared: SharedParams,

    #[clap(flatten)]
    keystore: KeystoreParams,
}

impl StoreParams {
    /// Open the keystore that a node run with the same `--chain`, `--base-path` and `--keystore-path` uses.
    fn open_keystore<C: SubstrateCli>(&self, cli: &C) -> Result<(Box<dyn ChainSpec>, LocalKeystore)> {
        if self.shared.is_dev() && self.shared.base_path.is_none() && self.keystore.keystore_path.is_none() {
            return Err(Error::Input("--dev keeps nothing: give --base-path or --keystore-path as well".into()));
        }
        let spec = cli.load_spec(&self.shared.chain_id(self.shared.is_dev()))?;
        let base = self.shared.base_path()?.unwrap_or_else(|| BasePath::from_project("", "", &C::executable_name()));
        let (path, password): (PathBuf, _) = match self.keystore.keystore_config(&base.config_dir(spec.id()))? {
            KeystoreConfig::Path { path, password } => (path, password),
            KeystoreConfig::InMemory => return Err(Error::Input("an in-memory keystore holds no keys".into())),
        };
        // Which it is follows from three arguments and their defaults, and a key in another is a key not found.
        eprintln!("Keystore: {}", path.display());
        Ok((spec, LocalKeystore::open(path, password).map_err(|e| Error::Application(Box::new(e)))?))
    }
}

/// The one node key of a keystore.
fn node_key(keystore: &LocalKeystore) -> Result<sp_core::ed25519::Public> {
    let keys = keystore.ed25519_public_keys(NODE_KEY_TYPE);
    match keys.as_slice() {
        [key] => Ok(*key),
        [] => Err(Error::Input("the keystore has no node key: make one with `key generate-node`".into())),
        more => Err(Error::Input(format!(
            "the keystore has {} node keys; a node has one identity: move the files of the others, named {}.., away",
            more.len(),
            hex::encode(NODE_KEY_TYPE.0),
        ))),
    }
}

fn generate_node(keystore: &LocalKeystore) -> Result<()> {
    if let Some(key) = keystore.ed25519_public_keys(NODE_KEY_TYPE).first() {
        return Err(Error::Input(format!(
            "the keystore already has the node key {}: it is kept. A license linked to a lost key must be unlinked by its owner",
            NodeId::from(*key),
        )));
    }
    let key = keystore.ed25519_generate_new(NODE_KEY_TYPE, None).map_err(|_| Error::KeystoreOperation)?;
    println!("{}", NodeId::from(key));
    eprintln!("Next: `key link-proof`, which the license's owner submits with `licenses.link`.");
    Ok(())
}

fn show_node(keystore: &LocalKeystore) -> Result<()> {
    println!("{}", NodeId::from(node_key(keystore)?));
    Ok(())
}

/// `key link-proof`
#[derive(Debug, Clone, clap::Args)]
pub struct LinkProofCmd {
    /// The license to be linked to.
    #[arg(long, value_name = "N")]
    license: u32,

    /// The account that owns the license: an SS58 address, or 0x and 64 hexadecimal digits.
    #[arg(long, value_name = "SS58", value_parser = parse_account)]
    owner: AccountId,

    /// The license's link nonce, as the chain has it now.
    #[arg(long, value_name = "N")]
    nonce: u32,

    /// Hash of the chain's genesis block. Without it, it is computed from the specification that --chain names.
    #[arg(long, value_name = "HASH")]
    genesis: Option<Hash>,

    #[clap(flatten)]
    store: StoreParams,
}

impl LinkProofCmd {
    fn run<C: SubstrateCli>(&self, cli: &C) -> Result<()> {
        let (spec, keystore) = self.store.open_keystore(cli)?;
        let genesis = match self.genesis {
            Some(hash) => hash,
            None => chain_spec::genesis_hash(spec.as_ref()).map_err(Error::Input)?,
        };
        let key = node_key(&keystore)?;
        let payload = link_payload(genesis, LicenseId(self.license), &self.owner, self.nonce);
        let signature = keystore
            .ed25519_sign(NODE_KEY_TYPE, &key, &payload)
            .map_err(|_| Error::KeystoreOperation)?
            .ok_or(Error::KeystoreOperation)?;
        eprintln!(
            "Node {} agrees to be linked to license {} of {} on chain {genesis:?}, link nonce {}.",
            NodeId::from(key),
            self.license,
            self.owner.to_ss58check(),
            self.nonce,
        );
        println!("0x{}", hex::encode(signature.encode()));
        Ok(())
    }
}

/// `key session`
#[derive(Debug, Clone, clap::Args)]
pub struct SessionCmd {
    /// The account that owns the oracle's license and registers the keys: SS58, or 0x and 64 hexadecimal digits.
    #[arg(long, value_name = "SS58", value_parser = parse_account)]
    owner: AccountId,

    #[clap(flatten)]
    store: StoreParams,
}

impl SessionCmd {
    fn run<C: SubstrateCli>(&self, cli: &C) -> Result<()> {
        let (_, keystore) = self.store.open_keystore(cli)?;
        let (keys, proof) = generate_session_keys(&self.owner, Arc::new(keystore));
        println!("keys: 0x{}", hex::encode(keys));
        println!("proof: 0x{}", hex::encode(proof));
        eprintln!("Register both with the owner's `oracles.register_keys`.");
        Ok(())
    }
}

/// New session keys in `keystore` with the proof that `owner` may register them: what the runtime API
/// `SessionKeys_generate_session_keys` does, run natively, so that no chain state and no running node is needed.
fn generate_session_keys(owner: &AccountId, keystore: Arc<LocalKeystore>) -> (Vec<u8>, Vec<u8>) {
    // The name says test; it is the SDK's way to give host functions an environment outside of a runtime call.
    let mut environment = sp_io::TestExternalities::default();
    environment.register_extension(KeystoreExt::from(keystore as sp_keystore::KeystorePtr));
    environment.execute_with(|| {
        let generated = ratio1_runtime::SessionKeys::generate(&owner.encode(), None);
        (generated.keys.encode(), generated.proof.encode())
    })
}

/// An account from an SS58 address or from hexadecimal digits.
fn parse_account(text: &str) -> std::result::Result<AccountId, String> {
    if let Some(digits) = text.strip_prefix("0x") {
        let bytes = hex::decode(digits).map_err(|e| e.to_string())?;
        return <[u8; 32]>::try_from(bytes).map(AccountId::from).map_err(|_| "an account has 32 bytes".into());
    }
    AccountId::from_ss58check(text).map_err(|e| format!("not an SS58 address: {e:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_runtime::traits::OpaqueKeys;

    #[test]
    fn session_keys_are_owned_when_generated_for_the_owner() {
        let (owner, other) = (AccountId::from([7; 32]), AccountId::from([8; 32]));
        let (keys, proof) = generate_session_keys(&owner, Arc::new(LocalKeystore::in_memory()));
        let keys =
            <ratio1_runtime::SessionKeys as codec::Decode>::decode(&mut &keys[..]).expect("what was just encoded");
        assert!(keys.ownership_proof_is_valid(&owner.encode(), &proof));
        assert!(!keys.ownership_proof_is_valid(&other.encode(), &proof));
    }

    #[test]
    fn node_key_is_kept_when_one_exists() {
        let keystore = LocalKeystore::in_memory();
        assert!(node_key(&keystore).is_err());
        generate_node(&keystore).expect("an empty keystore takes a key");
        let key = node_key(&keystore).expect("it was just made");
        assert!(generate_node(&keystore).is_err());
        assert_eq!(node_key(&keystore).ok(), Some(key));
    }

    #[test]
    fn accounts_are_read_in_both_notations() {
        let account = AccountId::from([9; 32]);
        assert_eq!(parse_account(&account.to_ss58check()), Ok(account.clone()));
        assert_eq!(parse_account(&format!("0x{}", hex::encode([9; 32]))), Ok(account));
        assert!(parse_account("0x00").is_err());
        assert!(parse_account("nobody").is_err());
    }
}
