//! `ratio1-testnet`: start a local network of real nodes, for a demonstration or for hands-on use.

use clap::{Args, Parser, Subcommand};
use comfy_table::{presets::UTF8_FULL_CONDENSED, Table};
use ratio1_testnet::{
    launch::default_binary,
    story::{Output, Story},
    wait::{interruption, progress, unless_interrupted},
    Error, Network, Result, Who,
};
use serde_json::json;
use std::{path::PathBuf, process::ExitCode};

/// Minutes such a demonstration takes: the epoch in which the chain starts, three epochs, and the last one's ballots.
const STORY_MINUTES: u32 = 5;
/// Lines of each node's log shown when something fails.
const LOG_LINES: usize = 20;

#[derive(Parser)]
#[command(name = "ratio1-testnet", version, about = "Local networks of real ratio1-node processes")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Four oracles and two edge nodes from zero issuance: heartbeats, ballots, medians, R1. Ends with a verdict.
    Demo(Demo),
    /// Start the same network and keep it until Ctrl-C.
    Up(Up),
}

#[derive(Args)]
struct Demo {
    /// Keep the network for hands-on use after the verdict, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Print JSON lines instead of tables.
    #[arg(long)]
    json: bool,
    /// The node binary [default: ratio1-node next to this program, or RATIO1_NODE].
    #[arg(long, value_name = "PATH")]
    node: Option<PathBuf>,
    /// About how long to run; every minute above the shortest length shows another epoch.
    #[arg(long, value_name = "N", default_value_t = STORY_MINUTES, value_parser = clap::value_parser!(u32).range(5..=60))]
    minutes: u32,
}

#[derive(Args)]
struct Up {
    /// Print the endpoints as JSON.
    #[arg(long)]
    json: bool,
    /// The node binary [default: ratio1-node next to this program, or RATIO1_NODE].
    #[arg(long, value_name = "PATH")]
    node: Option<PathBuf>,
}

fn main() -> ExitCode {
    // One thread: the kernel ties the nodes to the thread that started them.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&Error::io("start the async runtime")(error)),
    };
    let done = runtime.block_on(unless_interrupted(async {
        match Cli::parse().command {
            Command::Demo(options) => demo(options).await,
            Command::Up(options) => up(options).await,
        }
    }));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> ExitCode {
    progress(format!("ratio1-testnet: {error}"));
    ExitCode::from(if matches!(error, Error::Interrupted) { 130 } else { 2 })
}

async fn demo(options: Demo) -> Result<bool> {
    progress(format!("Starting {} nodes; the demonstration takes about {} minutes", Who::ALL.len(), options.minutes));
    let mut network = Network::new(&options.node.unwrap_or_else(default_binary), &Who::ALL)?;
    let mut output = Output::new(options.json);
    let more = options.minutes.saturating_sub(STORY_MINUTES);
    let outcome = match tell(&mut network, &mut output, more).await {
        Ok(outcome) => outcome,
        Err(error) => return Err(with_logs(&mut network, error)),
    };
    output.verdict(&outcome);
    if !outcome.pass() {
        leave_logs(&mut network);
    }
    if options.keep {
        keep(&network, options.json).await?;
    }
    Ok(outcome.pass())
}

async fn tell(network: &mut Network, output: &mut Output, more: u32) -> Result<ratio1_testnet::story::Outcome> {
    network.start_all().await?;
    let story = Story::begin(network, output, more).await?;
    story.run().await
}

async fn up(options: Up) -> Result<bool> {
    let mut network = Network::new(&options.node.unwrap_or_else(default_binary), &Who::ALL)?;
    if let Err(error) = network.start_all().await {
        return Err(with_logs(&mut network, error));
    }
    keep(&network, options.json).await?;
    Ok(true)
}

/// Say how to reach the nodes and wait for Ctrl-C.
async fn keep(network: &Network, json: bool) -> Result<()> {
    if json {
        println!(
            "{}",
            json!({"event": "endpoints", "nodes": network.cast().iter().map(|who| {
            let node = network.node(*who);
            json!({
                "name": who.name(), "oracle": who.is_oracle(), "ws": node.ws(), "license": who.license(),
                "metrics": metrics_url(network, *who), "p2p": node.address(), "secret": who.uri(),
            })
        }).collect::<Vec<_>>()})
        );
    } else {
        print_endpoints(network);
    }
    interruption().await?;
    progress("Stopping the network");
    Ok(())
}

fn print_endpoints(network: &Network) {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["node", "role", "license", "RPC", "metrics", "secret"]);
    for who in network.cast() {
        let role = if who.is_oracle() { "oracle" } else { "edge" };
        let node = network.node(who);
        let (license, metrics) = (who.license().to_string(), metrics_url(network, who));
        table.add_row([who.name(), role, &license, &node.ws(), &metrics, &who.uri()]);
    }
    let port = network.node(Who::Alice).ports().rpc;
    println!("\n{table}");
    println!("Explorer:  https://polkadot.js.org/apps/?rpc=ws%3A%2F%2F127.0.0.1%3A{port}");
    println!("Secrets:   sr25519 accounts own the deeds, ed25519 keys of the same secret are the nodes' identities;");
    println!("           //Alice is sudo. They are public development keys.");
    println!("The network runs until Ctrl-C.");
}

fn metrics_url(network: &Network, who: Who) -> String {
    format!("http://127.0.0.1:{}/metrics", network.node(who).ports().metrics)
}

fn with_logs(network: &mut Network, error: Error) -> Error {
    leave_logs(network);
    error
}

fn leave_logs(network: &mut Network) {
    progress(network.log_tails(LOG_LINES));
    if let Some(dir) = network.keep_files() {
        progress(format!("Logs and data are left in {}", dir.display()));
    }
}
