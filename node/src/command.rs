//! From the command line to what is run.

use crate::{
    cli::{Cli, Subcommand},
    service::{self, Options, Partial},
};
use ratio1_runtime::Block;
use sc_cli::{Result, RunCmd, SubstrateCli};

/// Parse the arguments and do what they say.
pub fn run() -> Result<()> {
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
            let Partial { client, task_manager, import_queue, .. } = service::partial(&config)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Some(Subcommand::ExportBlocks(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let Partial { client, task_manager, .. } = service::partial(&config)?;
            Ok((cmd.run(client, config.database), task_manager))
        }),
        Some(Subcommand::ImportBlocks(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let Partial { client, task_manager, import_queue, .. } = service::partial(&config)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Some(Subcommand::PurgeChain(cmd)) => cli.create_runner(cmd)?.sync_run(|config| cmd.run(config.database)),
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
    let options =
        Options { edge: cli.edge, r1_usd_file: cli.r1_usd_file.clone(), service_states: cli.service_states.clone() };
    let (run, account) = if options.edge { as_edge(&cli.run) } else { (cli.run.clone(), None) };
    let mut runner = cli.create_runner(&run)?;
    if account.is_some() {
        runner.config_mut().dev_key_seed = account;
    }
    runner.run_node_until_exit(|config| async move { service::start(config, options).map_err(sc_cli::Error::Service) })
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

fn revert(cli: &Cli, cmd: &sc_cli::RevertCmd) -> Result<()> {
    cli.create_runner(cmd)?.async_run(|config| {
        let Partial { client, task_manager, backend, .. } = service::partial(&config)?;
        let consensus = Box::new(|client: std::sync::Arc<service::FullClient>, backend, blocks| {
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
