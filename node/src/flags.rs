//! The node's own flags, besides the SDK's. They are handed on as they are, so that a flag is named where it is declared
//! and where it is used, and nowhere between.

use crate::adapters::services::MAX_AGE;
use std::{path::PathBuf, time::Duration};

/// Where the operator's own methods listen.
pub const OPERATOR_RPC_PORT: u16 = 9955;

/// What a node is told besides the SDK's configuration.
#[derive(Clone, Debug, clap::Args)]
pub struct NodeFlags {
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

impl NodeFlags {
    /// For how long the file of service states is believed; zero: for ever.
    pub fn service_states_max_age(&self) -> Duration {
        Duration::from_secs(self.service_states_max_age)
    }
}
