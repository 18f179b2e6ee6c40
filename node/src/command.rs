//! From the command line to what is run.

use crate::{
    cli::{Cli, Subcommand},
    client::FullClient,
    operator_rpc::OperatorRpc,
    service::{self, Options, Partial},
};
use ratio1_runtime::Block;
use sc_cli::{PurgeChainCmd, Result, RpcMethods, RunCmd, SubstrateCli};
use sc_network::Multiaddr;
use sc_service::config::Configuration;
use std::{net::Ipv4Addr, path::Path};

/// The port for peers, as the SDK has it.
const P2P_PORT: u16 = 30_333;

/// Parse the arguments and do what they say.
pub fn run_command() -> Result<()> {
    let cli = Cli::from_args();
    match &cli.subcommand {
        None => run_node(&cli),
        Some(Subcommand::Key(cmd)) => {
            keep_private();
            cmd.run(&cli)
        }
        Some(Subcommand::BuildSpec(cmd)) => {
            cli.create_runner(cmd)?.sync_run(|config| cmd.run(config.chain_spec, config.network))
        }
        Some(Subcommand::ExportChainSpec(cmd)) => cmd.run(cli.load_spec(&cmd.chain)?),
        Some(Subcommand::CheckBlock(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let (Partial { client, task_manager, .. }, import_queue) = service::partial(&config)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Some(Subcommand::ExportBlocks(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let (Partial { client, task_manager, .. }, _) = service::partial(&config)?;
            Ok((cmd.run(client, config.database), task_manager))
        }),
        Some(Subcommand::ImportBlocks(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let (Partial { client, task_manager, .. }, import_queue) = service::partial(&config)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Some(Subcommand::PurgeChain(cmd)) => cli.create_runner(cmd)?.sync_run(|config| purge(cmd, config)),
        Some(Subcommand::Revert(cmd)) => revert(&cli, cmd),
        Some(Subcommand::ChainInfo(cmd)) => cli.create_runner(cmd)?.sync_run(|config| cmd.run::<Block>(&config)),
    }
}

/// From now on this process makes files and folders that only its user can read: keys, counts and ballots are among
/// them, and the SDK's `generate-node-key` sets no mode.
fn keep_private() {
    use rustix::fs::Mode;
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

fn run_node(cli: &Cli) -> Result<()> {
    keep_private();
    let (mut run, account) = if cli.flags.edge { as_edge(&cli.run) } else { (cli.run.clone(), None) };
    listen_on_tcp(&mut run);
    let mut runner = cli.create_runner(&run)?;
    if account.is_some() {
        runner.config_mut().dev_key_seed = account;
    }
    let operator_rpc = operator_rpc(cli, runner.config_mut());
    let options = Options { flags: cli.flags.clone(), operator_rpc };
    runner.run_node_until_exit(
        |config| async move { service::start_node(config, options).map_err(sc_cli::Error::Service) },
    )
}

/// The arguments of an edge node, and the seed of its development account if it is one.
///
/// To the SDK such an account implies `--validator`, and so a network key that must exist. An edge
/// node is no validator, so of the account only name and seed are left.
fn as_edge(run: &RunCmd) -> (RunCmd, Option<String>) {
    let mut edge = run.clone();
    let Some(account) = run.get_keyring() else { return (edge, None) };
    edge.name.get_or_insert_with(|| account.to_string());
    let RunCmd { alice, bob, charlie, dave, eve, ferdie, one, two, .. } = &mut edge;
    for chosen in [alice, bob, charlie, dave, eve, ferdie, one, two] {
        *chosen = false;
    }
    (edge, Some(format!("//{account}")))
}

/// Listen on TCP and nothing else, as validators do anyway. Left alone the SDK has every other node speak WebSocket on
/// its TCP port, which no plain address reaches, and WebRTC on UDP.
fn listen_on_tcp(run: &mut RunCmd) {
    let params = &mut run.network_params;
    if params.listen_addr.is_empty() && !params.force_enable_webrtc {
        let port = params.port.unwrap_or(P2P_PORT);
        let all = [Multiaddr::from(std::net::Ipv6Addr::UNSPECIFIED), Multiaddr::from(Ipv4Addr::UNSPECIFIED)];
        let tcp = |address: Multiaddr| address.with(sc_network::multiaddr::Protocol::Tcp(port));
        params.listen_addr = all.into_iter().map(tcp).collect();
    }
}

/// Where the methods listen that only the operator may call: nowhere on a node that has none of its own.
fn operator_rpc(cli: &Cli, config: &mut Configuration) -> OperatorRpc {
    let acts = cli.flags.edge || config.role.is_authority();
    let port = cli.flags.operator_rpc_port;
    if !acts || port == 0 || !matches!(cli.run.rpc_params.rpc_methods, RpcMethods::Safe) {
        return OperatorRpc::None;
    }
    OperatorRpc::listen_on(port, config)
}

/// Delete the database, and with it what an oracle counted and voted: the next chain in this place may have the same
/// genesis, and must not begin with beats of this one.
fn purge(cmd: &PurgeChainCmd, config: Configuration) -> Result<()> {
    let database = config.database.path().map(Path::to_path_buf);
    cmd.run(config.database)?;
    // Who is asked and answers no keeps both.
    if database.is_some_and(|path| path.exists()) {
        return Ok(());
    }
    remove_counts(&config.data_path.join(service::ORACLE_FOLDER))
}

fn remove_counts(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Ok(()) => println!("{folder:?} removed."),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn revert(cli: &Cli, cmd: &sc_cli::RevertCmd) -> Result<()> {
    cli.create_runner(cmd)?.async_run(|config| {
        let (Partial { client, task_manager, backend, .. }, _) = service::partial(&config)?;
        let consensus = Box::new(|client: std::sync::Arc<FullClient>, backend, blocks| {
            sc_consensus_babe::revert(client.clone(), backend, blocks)?;
            sc_consensus_grandpa::revert(client, blocks)?;
            Ok(())
        });
        Ok((cmd.run(client, backend, Some(consensus)), task_manager))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sc_cli::CliConfiguration;

    fn run(arguments: &str) -> RunCmd {
        let arguments = std::iter::once("ratio1-node").chain(arguments.split_whitespace());
        Cli::try_from_iter(arguments).expect("known arguments").run
    }

    #[test]
    fn node_listens_on_plain_tcp_whatever_its_role_unless_it_is_told_otherwise() {
        let listens = |arguments: &str| {
            let mut run = run(arguments);
            listen_on_tcp(&mut run);
            run.network_params.listen_addr.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(listens("--edge"), ["/ip6/::/tcp/30333", "/ip4/0.0.0.0/tcp/30333"]);
        assert_eq!(listens("--edge"), listens("--validator"));
        assert_eq!(listens("--port 40100"), ["/ip6/::/tcp/40100", "/ip4/0.0.0.0/tcp/40100"]);
        assert_eq!(listens("--listen-addr /ip4/127.0.0.1/tcp/7/ws"), ["/ip4/127.0.0.1/tcp/7/ws"]);
        assert!(listens("--force-enable-webrtc").is_empty(), "the SDK's own defaults");
    }

    #[test]
    fn counts_are_removed_with_their_chain() {
        let data = tempfile::tempdir().expect("a folder");
        let folder = data.path().join(service::ORACLE_FOLDER);
        std::fs::create_dir_all(folder.join("inner")).expect("a folder in it");
        std::fs::write(folder.join("inner/counts"), "beats").expect("a file in it");
        remove_counts(&folder).expect("removed");
        assert!(!folder.exists());
        remove_counts(&folder).expect("it is no mistake if there was none");
    }

    #[test]
    fn edge_node_is_no_authority_when_it_is_a_development_account() {
        let cli = <Cli as clap::Parser>::try_parse_from(["ratio1-node", "--edge", "--eve"]).expect("known arguments");
        assert!(cli.run.role(false).is_ok_and(|role| role.is_authority()));
        let (run, account) = as_edge(&cli.run);
        assert!(run.role(false).is_ok_and(|role| !role.is_authority()));
        assert_eq!(account, cli.run.dev_key_seed(false).expect("the account's seed"));
        assert_eq!(run.node_name().ok(), cli.run.node_name().ok());
    }
}
