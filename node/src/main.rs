//! The Ratio1 node: full node, oracle (validator) and edge node in one binary.
//!
//! No protocol logic lives here. Consensus is the SDK's, the rules are the runtime's, what is sent and counted is
//! decided in `ratio1-heartbeat`; this crate is the command line, the wiring, and the adapters in between.

// `sc_cli::Error` is what the SDK's commands return; it is large, and made once in the life of the process.
#![allow(clippy::result_large_err)]

mod adapters;
mod callers;
mod chain_spec;
mod cli;
mod command;
mod dauth;
mod health;
mod keys;
mod network;
mod rpc;
mod service;
mod work;

use std::process::ExitCode;

fn main() -> ExitCode {
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}
