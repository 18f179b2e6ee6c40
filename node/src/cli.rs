//! The command line.

use crate::{chain_spec, flags::NodeFlags, key_command::KeyCmd};
use clap::{builder::ArgPredicate, Parser};
use sc_cli::{ChainSpec, RunCmd, SubstrateCli};

/// Places for peers that come to a full node for blocks: such nodes are the way in for everybody else
/// (`docs/operate/network.md`).
const IN_PEERS: &str = "4000";
/// Places for peers that come to a validator for blocks: with the 9 000 connections of edges that an oracle may hold,
/// this is what the network layer carries.
const VALIDATOR_IN_PEERS: &str = "1000";
/// Places for peers that come to an edge node for blocks. It has better things to do, but what can be dialled helps.
const EDGE_IN_PEERS: &str = "16";
/// Peers that a validator or full node looks for.
const OUT_PEERS: &str = "8";
/// Peers that an edge node looks for: as each takes a place of somebody, no more than it takes to follow the chain.
const EDGE_OUT_PEERS: &str = "4";

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

    #[clap(flatten)]
    pub flags: NodeFlags,
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

    /// Delete the chain's database, and what an oracle counted and voted on that chain.
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
        chain_spec::load_spec(id)
    }

    /// As the SDK sets it up, with defaults that fit this network. What is given explicitly wins.
    fn setup_command(command: clap::Command) -> clap::Command {
        // A flag that is not given is there too, and false.
        let given = ArgPredicate::Equals("true".into());
        let places = [("edge", given.clone(), EDGE_IN_PEERS), ("validator", given.clone(), VALIDATOR_IN_PEERS)];
        let in_peers = |arg: clap::Arg| arg.default_value(IN_PEERS).default_value_ifs(places);
        let out_peers = |arg: clap::Arg| arg.default_value(OUT_PEERS).default_value_if("edge", given, EDGE_OUT_PEERS);
        command
            .name(Self::executable_name())
            .version(format!("{}\n", Self::impl_version()))
            .author(Self::author())
            .about(Self::description())
            .long_about(Self::description())
            .after_help(format!("Support: {}", Self::support_url()))
            .propagate_version(true)
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
            .mut_arg("in_peers", in_peers)
            .mut_arg("out_peers", out_peers)
            .mut_arg("rpc_methods", |arg| arg.default_value("safe"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::OPERATOR_RPC_PORT;
    use std::path::PathBuf;

    fn parse(arguments: &str) -> clap::error::Result<Cli> {
        Cli::try_from_iter(std::iter::once("ratio1-node").chain(arguments.split_whitespace()))
    }

    #[test]
    fn edge_node_is_no_validator_and_may_be_a_development_account() {
        assert!(parse("--edge --validator").is_err());
        assert!(parse("--edge --dev").is_err());
        assert!(parse("--edge --eve --chain local").is_ok_and(|cli| cli.flags.edge));
        assert!(parse("--dev --tmp").is_ok_and(|cli| !cli.flags.edge));
    }

    #[test]
    fn price_file_is_for_validators() {
        assert!(parse("--validator").is_ok_and(|cli| cli.flags.r1_usd_file.is_none()));
        let price = |cli: Cli| cli.flags.r1_usd_file == Some(PathBuf::from("price"));
        assert!(parse("--alice --chain local --r1-usd-file price").is_ok_and(price));
        assert!(parse("--edge --r1-usd-file price").is_err());
        assert!(parse("--validator --r1-usd-file").is_err());
    }

    #[test]
    fn service_states_are_for_edge_nodes() {
        assert!(parse("--edge").is_ok_and(|cli| cli.flags.service_states.is_none()));
        let states = |cli: Cli| cli.flags.service_states == Some(PathBuf::from("states"));
        assert!(parse("--edge --eve --chain local --service-states states").is_ok_and(states));
        assert!(parse("--validator --service-states states").is_err());
        assert!(parse("--dev --service-states states").is_err());
        assert!(parse("--alice --chain local --service-states states").is_err());
        assert!(parse("--service-states states").is_err());
        assert!(parse("--edge --service-states").is_err());
        let age = |arguments: &str| parse(arguments).map(|cli| cli.flags.service_states_max_age);
        assert_eq!(age("--edge --service-states states").ok(), Some(60));
        assert_eq!(age("--edge --service-states states --service-states-max-age 0").ok(), Some(0));
        assert!(age("--edge --service-states-max-age 5").is_err());
    }

    #[test]
    fn places_for_peers_follow_the_role_unless_they_are_given() {
        let places = |arguments: &str| {
            let network = parse(arguments).expect("known arguments").run.network_params;
            (network.in_peers, network.out_peers)
        };
        assert_eq!(places("--validator"), (1_000, 8));
        assert_eq!(places("--chain local"), (4_000, 8));
        assert_eq!(places("--edge"), (16, 4));
        assert_eq!(places("--edge --in-peers 2 --out-peers 3"), (2, 3));
        assert_eq!(places("--validator --in-peers 2"), (2, 8));
    }

    #[test]
    fn unsafe_methods_are_off_on_the_ordinary_listener_unless_they_are_asked_for() {
        let methods = |arguments: &str| parse(arguments).expect("known arguments").run.rpc_params.rpc_methods;
        assert!(matches!(methods("--edge"), sc_cli::RpcMethods::Safe));
        assert!(matches!(methods("--validator"), sc_cli::RpcMethods::Safe));
        assert!(matches!(methods("--dev --rpc-methods auto"), sc_cli::RpcMethods::Auto));
        assert!(matches!(methods("--rpc-methods unsafe"), sc_cli::RpcMethods::Unsafe));
        assert!(parse("--edge").is_ok_and(|cli| cli.flags.operator_rpc_port == OPERATOR_RPC_PORT));
        assert!(parse("--edge --vote-without-record").is_err());
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
