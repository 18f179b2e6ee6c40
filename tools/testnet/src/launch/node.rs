//! One node process: what it is told, how it starts and ends.

use crate::{cast::Who, Error, Result};
use sc_network_types::ed25519::Keypair;
use std::{
    fs::OpenOptions,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Where a node listens, all on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Peers.
    pub p2p: u16,
    /// JSON-RPC over WebSocket and HTTP.
    pub rpc: u16,
    /// The same, for the operator alone: of nodes that have a part in the chain.
    pub operator: u16,
    /// Prometheus.
    pub metrics: u16,
}

/// One node: what it needs to start, again and again, with the same identity and data.
pub struct Node {
    name: String,
    /// `None`: a full node that nobody knows.
    who: Option<Who>,
    ports: Ports,
    key: String,
    peer: String,
    dir: PathBuf,
    log: PathBuf,
    /// An oracle's price file.
    price: Option<PathBuf>,
    /// An edge node's file of service states.
    states: Option<PathBuf>,
    /// Arguments beside those that every node of its kind has.
    more: Vec<String>,
    /// Variables of its environment, beside what it inherits.
    environment: Vec<(&'static str, String)>,
    /// It has the keys that are in its keystore, instead of all of its development account.
    from_keystore: bool,
    child: Option<Child>,
}

impl Node {
    /// The node of `who` with files in `dir`.
    pub(super) fn of(who: Who, ports: Ports, dir: &Path) -> Self {
        let price = who.is_oracle().then(|| dir.join(format!("{who}.r1-usd")));
        let states = (!who.is_oracle()).then(|| dir.join(format!("{who}.services")));
        Self { who: Some(who), price, states, ..Self::stranger(who.name().into(), ports, dir) }
    }

    /// A full node with files in `dir`, that has no part in the chain.
    pub(super) fn stranger(name: String, ports: Ports, dir: &Path) -> Self {
        // Fresh network identities: a network left over from before that uses the same ports is not mistaken for this
        // one.
        let pair = Keypair::generate();
        Self {
            who: None,
            ports,
            key: hex::encode(pair.secret().to_bytes()),
            peer: pair.public().to_peer_id().to_base58(),
            dir: dir.join(&name),
            log: dir.join(format!("{name}.log")),
            price: None,
            states: None,
            more: Vec::new(),
            environment: Vec::new(),
            from_keystore: false,
            child: None,
            name,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose it is, if it has a part in the chain.
    pub fn who(&self) -> Option<Who> {
        self.who
    }

    /// The folder of its database and keys.
    pub fn base_path(&self) -> &Path {
        &self.dir
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Whether its process runs, as far as is known.
    pub fn is_started(&self) -> bool {
        self.child.is_some()
    }

    /// An oracle's price file.
    pub(super) fn price(&self) -> Option<&Path> {
        self.price.as_deref()
    }

    /// Give it these arguments beside its own whenever it starts from now on.
    pub(super) fn set_more(&mut self, more: &[&str]) {
        self.more = more.iter().map(ToString::to_string).collect();
    }

    /// Give it these variables whenever it starts from now on.
    pub(super) fn set_environment(&mut self, variables: Vec<(&'static str, String)>) {
        self.environment = variables;
    }

    /// Have it take its keys from its keystore alone, or from its development account.
    pub(super) fn set_from_keystore(&mut self, from_keystore: bool) {
        self.from_keystore = from_keystore;
    }

    /// Keep its database and keys there from its next start on.
    pub(super) fn set_base_path(&mut self, dir: &Path) {
        self.dir = dir.into();
    }

    /// The process, which is then no longer this node's to end.
    pub(super) fn take_child(&mut self) -> Option<Child> {
        self.child.take()
    }

    /// Where it listens.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Its network identity in base58.
    pub fn peer_id(&self) -> &str {
        &self.peer
    }

    /// Its address for peers.
    pub fn address(&self) -> String {
        format!("/ip4/127.0.0.1/tcp/{}/p2p/{}", self.ports.p2p, self.peer)
    }

    /// Its RPC endpoint.
    pub fn ws(&self) -> String {
        format!("ws://127.0.0.1:{}", self.ports.rpc)
    }

    /// Its operator's RPC endpoint, which answers unsafe methods too.
    pub fn operator_ws(&self) -> String {
        format!("ws://127.0.0.1:{}", self.ports.operator)
    }

    /// The file from which an edge node reports how its services are.
    pub fn service_states(&self) -> Option<&Path> {
        self.states.as_deref()
    }

    pub(super) fn args(&self, bootnodes: &[String]) -> Vec<String> {
        let own = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut args = own(&["--chain", "local", "--no-telemetry", "--no-mdns", "--state-pruning", "archive"]);
        if let Some(who) = self.who {
            args.push(if self.from_keystore { format!("--name={who}") } else { format!("--{who}") });
            args.push(if who.is_oracle() { "--validator" } else { "--edge" }.into());
            args.extend(["--operator-rpc-port".into(), self.ports.operator.to_string()]);
        }
        args.extend(["--base-path".into(), self.dir.display().to_string()]);
        args.extend(["--listen-addr".into(), format!("/ip4/127.0.0.1/tcp/{}", self.ports.p2p)]);
        args.extend(["--rpc-port".into(), self.ports.rpc.to_string()]);
        args.extend(["--prometheus-port".into(), self.ports.metrics.to_string()]);
        args.extend(["--node-key".into(), self.key.clone()]);
        if let Some(price) = &self.price {
            args.extend(["--r1-usd-file".into(), price.display().to_string()]);
        }
        if let Some(states) = &self.states {
            args.extend(["--service-states".into(), states.display().to_string()]);
        }
        args.extend(self.more.iter().cloned());
        args.push("--bootnodes".into());
        args.extend(bootnodes.iter().filter(|address| **address != self.address()).cloned());
        args
    }

    pub(super) fn spawn(&mut self, binary: &Path, bootnodes: &[String]) -> Result<()> {
        let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path);
        let log = open(&self.log).map_err(Error::io(format!("open the log {}", self.log.display())))?;
        let err = log.try_clone().map_err(Error::io("share the log"))?;
        let child = tethered(binary)
            .args(self.args(bootnodes))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(err)
            // A group of its own: Ctrl-C reaches this program alone, which then ends the nodes in order.
            .process_group(0)
            .spawn()
            .map_err(Error::io(format!("start {}", binary.display())))?;
        self.child = Some(child);
        Ok(())
    }

    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(super) fn check(&mut self) -> Result<()> {
        let Some(child) = &mut self.child else { return Ok(()) };
        match child.try_wait().map_err(Error::io(format!("look after {}", self.name)))? {
            None => Ok(()),
            Some(status) => {
                self.child = None;
                Err(Error::Exited { name: self.name.clone(), status, log: self.log.clone() })
            }
        }
    }
}

/// A command that the kernel ends with this program, where `setpriv` exists.
pub(super) fn tethered(binary: &Path) -> Command {
    let probe = Command::new("setpriv").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if probe.is_ok_and(|status| status.success()) {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(binary);
        return command;
    }
    Command::new(binary)
}
