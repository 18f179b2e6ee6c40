//! The Ratio1 node: full node, oracle (validator) and edge node in one binary.
//!
//! No protocol logic lives here. Consensus is the SDK's, the rules are the runtime's, what is sent and counted is
//! decided in `ratio1-heartbeat`, what is done about jobs in `ratio1-jobs-worker`; this crate is the command line, the
//! wiring, and the adapters in between.
//!
//! Its modules are a tree, from the roots up:
//!
//! - `client`, `callers`, `operator_rpc`: names that the others share.
//! - `protocols`, `chain_spec`, `voting`: what the network carries, how a chain begins, when a validator votes.
//! - `adapters`: the node's side of the workers' ports.
//! - `dauth`, `health`, `key_command`, `flags`: what is asked of the chain, what is wrong, what is typed.
//! - `rpc`, `service`: what is answered, and what runs.
//! - `cli`, `command`: from the command line to what is run.

// `sc_cli::Error` is what the SDK's commands return; it is large, and made once in the life of the process.
#![allow(clippy::result_large_err)]

mod adapters;
mod callers;
mod chain_spec;
mod cli;
mod client;
mod command;
mod dauth;
mod flags;
mod health;
mod key_command;
mod operator_rpc;
mod protocols;
mod rpc;
mod service;
mod voting;

use std::process::ExitCode;

fn main() -> ExitCode {
    match command::run_command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}
