//! The command line.

use crate::{chain_spec, keys::KeyCmd};
use clap::Parser;
use sc_cli::{ChainSpec, RunCmd, SubstrateCli};
use std::path::PathBuf;

/// Ratio1 node.
///
/// Without `--validator` it is a full node. With `--validator` it makes blocks, and counts and votes on availability
/// when the chain admitted it as an oracle. With `--edge` it sends heartbeats for the license linked to its node key.
#[derive(Debug, Parser)]
pub struct Cli {
    /// What to do instead of running a node.
    #[command(subcommand)]
    pub subcommand: Option<Subcommand>,

    #[clap(flatten)]
    pub run: RunCmd,

    /// Run as an edge node: send the heartbeats of the license linked to this node's key, make no blocks.
    ///
    /// Together with a development account such as `--ferdie` it takes that account's node key and name, nothing else.
    #[arg(long, conflicts_with_all = ["validator", "dev"])]
    pub edge: bool,

    /// For validators: the file from which ballots take the price of one R1 in USD.
    ///
    /// It holds one decimal number, for example 0.25, with at most 18 decimals, between 0.0001 and 10000. A tool of your
    /// own choice keeps it fresh; it should write another file and rename it, so that no half of a number is ever read.
    /// The file is read whenever a ballot is built, shortly after each epoch. If it is missing, is no such number, or
    /// was not modified for longer than one epoch, the ballot names no price, which costs it nothing, and the log says
    /// why.
    #[arg(long, value_name = "PATH", conflicts_with = "edge")]
    pub r1_usd_file: Option<PathBuf>,

    /// For edge nodes: the file from which heartbeats take the states of the services that run on this node.
    ///
    /// Each line is `<job> <slot> running` or `<job> <slot> down`, for example `17 0 running`; what follows a `#` is a
    /// remark. Whatever supervises the containers keeps it true; it should write another file and rename it, so that no
    /// half of a list is ever read. The file is read for each heartbeat, and believed however old it is: a supervisor that
    /// stops should say so. If it is missing, or a line is wrong, heartbeats report no service, as if none ran, and the log
    /// says why. A heartbeat can report 64 services.
    // What is required is waived when something given conflicts with it, so that is named too.
    #[arg(long, value_name = "PATH", requires = "edge", conflicts_with_all = ["validator", "dev"])]
    pub service_states: Option<PathBuf>,
}

/// Everything but running.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Node keys, link proofs, session keys, and the SDK's key tools.
    #[command(subcommand)]
    Key(KeyCmd),

    /// Print a chain specification with the node's own address as boot node.
    BuildSpec(sc_cli::BuildSpecCmd),

    /// Print a chain specification.
    ExportChainSpec(sc_cli::ExportChainSpecCmd),

    /// Execute a stored block again.
    CheckBlock(sc_cli::CheckBlockCmd),

    /// Write blocks to a file.
    ExportBlocks(sc_cli::ExportBlocksCmd),

    /// Read blocks from a file.
    ImportBlocks(sc_cli::ImportBlocksCmd),

    /// Delete the chain's database.
    PurgeChain(sc_cli::PurgeChainCmd),

    /// Take back blocks that are not final.
    Revert(sc_cli::RevertCmd),

    /// Print the database's best and finalised block.
    ChainInfo(sc_cli::ChainInfoCmd),
}

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        "Ratio1 Node".into()
    }

    fn impl_version() -> String {
        env!("CARGO_PKG_VERSION").into()
    }

    fn description() -> String {
        "Full node, oracle and edge node of the Ratio1 network".into()
    }

    fn author() -> String {
        env!("CARGO_PKG_AUTHORS").into()
    }

    fn support_url() -> String {
        concat!(env!("CARGO_PKG_REPOSITORY"), "/issues").into()
    }

    fn copyright_start_year() -> i32 {
        2026
    }

    fn load_spec(&self, id: &str) -> Result<Box<dyn ChainSpec>, String> {
        chain_spec::load(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str) -> clap::error::Result<Cli> {
        Cli::try_from_iter(std::iter::once("ratio1-node").chain(arguments.split_whitespace()))
    }

    #[test]
    fn edge_node_is_no_validator_and_may_be_a_development_account() {
        assert!(parse("--edge --validator").is_err());
        assert!(parse("--edge --dev").is_err());
        assert!(parse("--edge --eve --chain local").is_ok_and(|cli| cli.edge));
        assert!(parse("--dev --tmp").is_ok_and(|cli| !cli.edge));
    }

    #[test]
    fn price_file_is_for_validators() {
        assert!(parse("--validator").is_ok_and(|cli| cli.r1_usd_file.is_none()));
        let price = |cli: Cli| cli.r1_usd_file == Some(PathBuf::from("price"));
        assert!(parse("--alice --chain local --r1-usd-file price").is_ok_and(price));
        assert!(parse("--edge --r1-usd-file price").is_err());
        assert!(parse("--validator --r1-usd-file").is_err());
    }

    #[test]
    fn service_states_are_for_edge_nodes() {
        assert!(parse("--edge").is_ok_and(|cli| cli.service_states.is_none()));
        let states = |cli: Cli| cli.service_states == Some(PathBuf::from("states"));
        assert!(parse("--edge --eve --chain local --service-states states").is_ok_and(states));
        assert!(parse("--validator --service-states states").is_err());
        assert!(parse("--dev --service-states states").is_err());
        assert!(parse("--alice --chain local --service-states states").is_err());
        assert!(parse("--service-states states").is_err());
        assert!(parse("--edge --service-states").is_err());
    }

    #[test]
    fn commands_that_test_networks_call_are_known() {
        assert!(parse("build-spec --chain local --disable-default-bootnode --raw").is_ok());
        assert!(parse("export-chain-spec --chain local --raw").is_ok());
        assert!(parse("key generate-node --chain local --base-path x").is_ok());
        assert!(parse("key show-node --chain local --base-path x").is_ok());
        assert!(parse("key insert --chain local --key-type r1nd --scheme ed25519 --suri //Eve").is_ok());
        let owner = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        assert!(parse(&format!("key session --owner {owner}")).is_ok());
        assert!(parse(&format!("key link-proof --license 3 --owner {owner} --nonce 0")).is_ok());
        assert!(parse("key link-proof --license 3 --owner nobody --nonce 0").is_err());
    }
}
