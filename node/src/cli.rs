//! The command line.

use crate::{adapters::services::MAX_AGE, chain_spec, keys::KeyCmd};
use clap::{builder::ArgPredicate, Parser};
use sc_cli::{ChainSpec, RunCmd, SubstrateCli};
use std::path::PathBuf;

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
/// Where the operator's own methods listen.
pub const OPERATOR_RPC_PORT: u16 = 9955;

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
    /// It holds one decimal number, for example 0.25, with at most 18 decimals, between 0.0001 and 10000. A tool of
    /// your own choice keeps it fresh; it should write another file and rename it, so that no half of a number is ever
    /// read. The file is read whenever a ballot is built, shortly after each epoch. If it is missing, is no such
    /// number, or was not modified for longer than one epoch, the ballot names no price, which costs it nothing, and
    /// the log says why.
    #[arg(long, value_name = "PATH", conflicts_with = "edge")]
    pub r1_usd_file: Option<PathBuf>,

    /// For edge nodes: the file from which heartbeats take the states of the services that run on this node.
    ///
    /// Each line is `<job> <slot> running` or `<job> <slot> down`, for example `17 0 running`; what follows a `#` is a
    /// remark. Whatever supervises the containers keeps it true; it should write another file and rename it, so that no
    /// half of a list is ever read. The file is read for each heartbeat. If it is missing or old, heartbeats report no
    /// service, as if none ran; a line that is wrong costs its own slot. The log and `r1_status` say why. A heartbeat
    /// can report 64 services.
    // What is required is waived when something given conflicts with it, so that is named too.
    #[arg(long, value_name = "PATH", requires = "edge", conflicts_with_all = ["validator", "dev"])]
    pub service_states: Option<PathBuf>,

    /// For how many seconds after it was last modified the file of service states is believed; 0: for ever.
    ///
    /// Who does not write the file any more may not know any more: a supervisor writes it more often than this, changed
    /// or not.
    #[arg(long, value_name = "SECONDS", default_value_t = MAX_AGE.as_secs(), requires = "service_states")]
    pub service_states_max_age: u64,

    /// For validators and edge nodes: the port of the operator's own RPC listener, on loopback only; 0: none.
    ///
    /// It answers every method, also those that sign with the node's keys or change the node, and the ordinary listener
    /// does not: so whoever puts a proxy before that one hands out nothing by accident. Never put one before this. With
    /// `--rpc-methods unsafe` or `auto` the ordinary listener answers as it is told, and there is no second one.
    #[arg(long, value_name = "PORT", default_value_t = OPERATOR_RPC_PORT)]
    pub operator_rpc_port: u16,

    /// For validators: vote on finality at once although the database holds no record of this oracle's votes.
    ///
    /// A validator that starts on an empty database, or on one that never voted, first watches until a block made after
    /// its start is final: votes that it does not remember would be an equivocation if it cast others now, and cost the
    /// oracle for good. If so many oracles lost their databases at once that nothing becomes final without them, give
    /// this flag to those who are sure that their old machine cast no vote in the round that hangs.
    #[arg(long, conflicts_with = "edge")]
    pub vote_without_record: bool,
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
        chain_spec::load(id)
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
        let age = |arguments: &str| parse(arguments).map(|cli| cli.service_states_max_age);
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
        assert!(parse("--edge").is_ok_and(|cli| cli.operator_rpc_port == OPERATOR_RPC_PORT));
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
