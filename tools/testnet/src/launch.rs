//! Process control: real nodes on loopback, each with a folder, a log and ports of its own.
//!
//! A [`Network`] owns its processes: dropped, be it at the end, by an error, a panic or Ctrl-C (see
//! [`crate::wait::unless_interrupted`]), it kills and reaps them. Where the system has `setpriv`, the kernel ends the
//! nodes even when this program itself is killed.
//!
//! Each oracle is given a price file, which this program keeps fresh for as long as the network lives, as the tool of an
//! operator would; each edge node a file of service states, which says that nothing runs until somebody writes it.

use crate::{
    cast::Who,
    client::Client,
    metrics::Metrics,
    wait::{progress, wait_for},
    Error, Result,
};
use sc_network_types::ed25519::Keypair;
use std::{
    fs::OpenOptions,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The longest a node may take until its RPC answers.
const START_LIMIT: Duration = Duration::from_secs(180);
/// The longest a node may take to end when asked politely.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// What the oracles' files say an R1 costs, in USD.
pub const R1_USD: &str = "0.25";
/// How often they are written anew: an oracle trusts a file for one epoch, which is a minute on the local network.
const PRICE_EVERY: Duration = Duration::from_secs(10);

/// Where a node listens, all on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Peers.
    pub p2p: u16,
    /// JSON-RPC over WebSocket and HTTP.
    pub rpc: u16,
    /// Prometheus.
    pub metrics: u16,
}

/// One node: what it needs to start, again and again, with the same identity and data.
pub struct Node {
    who: Who,
    ports: Ports,
    key: String,
    peer: String,
    dir: PathBuf,
    log: PathBuf,
    /// An oracle's price file.
    price: Option<PathBuf>,
    /// An edge node's file of service states.
    states: Option<PathBuf>,
    child: Option<Child>,
}

impl Node {
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

    /// The file from which an edge node reports how its services are.
    pub fn service_states(&self) -> Option<&Path> {
        self.states.as_deref()
    }

    fn args(&self, bootnodes: &[String]) -> Vec<String> {
        let own = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut args = own(&["--chain", "local", "--no-telemetry", "--no-mdns", "--state-pruning", "archive"]);
        args.push(format!("--{}", self.who));
        args.push(if self.who.is_oracle() { "--validator" } else { "--edge" }.into());
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
        args.push("--bootnodes".into());
        args.extend(bootnodes.iter().filter(|address| **address != self.address()).cloned());
        args
    }

    fn spawn(&mut self, binary: &Path, bootnodes: &[String]) -> Result<()> {
        let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path);
        let log = open(&self.log).map_err(Error::io(format!("open the log {}", self.log.display())))?;
        let err = log.try_clone().map_err(Error::io("share the log"))?;
        let child = tethered(binary)
            .args(self.args(bootnodes))
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

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn check(&mut self) -> Result<()> {
        let Some(child) = &mut self.child else { return Ok(()) };
        match child.try_wait().map_err(Error::io(format!("look after {}", self.who)))? {
            None => Ok(()),
            Some(status) => {
                self.child = None;
                Err(Error::Exited { name: self.who.name(), status, log: self.log.clone() })
            }
        }
    }
}

/// Writes the price files, now and then again, until it is dropped.
struct PriceTool {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl PriceTool {
    /// For these files, which are there when this returns.
    fn start(files: Vec<PathBuf>) -> Result<Self> {
        let write = |file: &PathBuf| replace(file, R1_USD);
        files.iter().try_for_each(write).map_err(Error::io("write the price files"))?;
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(PRICE_EVERY) == Err(RecvTimeoutError::Timeout) {
                // One that can not be written gets old, and the oracle says so.
                let _ = files.iter().try_for_each(write);
            }
        });
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for PriceTool {
    fn drop(&mut self) {
        // The thread must not write any more when the folder goes.
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Give `file` new content by another file, renamed: no node reads half of it.
pub fn replace(file: &Path, content: &str) -> std::io::Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, content)?;
    std::fs::rename(new, file)
}

/// A network of nodes of one binary, in a folder of its own.
pub struct Network {
    binary: PathBuf,
    nodes: Vec<Node>,
    bootnodes: Vec<String>,
    // Before the folder: it is dropped first.
    _prices: PriceTool,
    dir: Option<TempDir>,
}

impl Network {
    /// Prepare a network of `cast`: folders, identities, free ports, price files. Starts no node.
    pub fn new(binary: &Path, cast: &[Who]) -> Result<Self> {
        if !binary.is_file() {
            return Err(Error::BinaryMissing(binary.into()));
        }
        let dir = tempfile::Builder::new().prefix("ratio1-testnet-").tempdir();
        let dir = dir.map_err(Error::io("make a temporary folder"))?;
        let ports = free_ports(cast.len())?;
        let nodes: Vec<_> = cast.iter().zip(ports).map(|(who, ports)| prepare(*who, ports, dir.path())).collect();
        for states in nodes.iter().filter_map(Node::service_states) {
            replace(states, "").map_err(Error::io("write the files of service states"))?;
        }
        let bootnodes = nodes.iter().filter(|node| node.who.is_oracle()).map(Node::address).collect();
        let prices = PriceTool::start(nodes.iter().filter_map(|node| node.price.clone()).collect())?;
        Ok(Self { binary: binary.into(), nodes, bootnodes, _prices: prices, dir: Some(dir) })
    }

    /// Start every node and wait until all answer.
    pub async fn start_all(&mut self) -> Result<()> {
        for who in self.cast() {
            self.spawn(who)?;
        }
        for who in self.cast() {
            self.ready(who).await?;
        }
        Ok(())
    }

    /// Start one node, with the data it may have from before, and wait until it answers.
    pub async fn start(&mut self, who: Who) -> Result<()> {
        self.spawn(who)?;
        self.ready(who).await
    }

    /// Start one node without waiting for it.
    pub fn spawn(&mut self, who: Who) -> Result<()> {
        let (binary, bootnodes) = (self.binary.clone(), self.bootnodes.clone());
        let node = self.node_mut(who);
        node.kill();
        node.spawn(&binary, &bootnodes)?;
        progress(format!("  {who} started, {}", node.ws()));
        Ok(())
    }

    /// End one node at once (SIGKILL).
    pub fn kill(&mut self, who: Who) {
        self.node_mut(who).kill();
        progress(format!("  {who} killed"));
    }

    /// Ask one node to end (SIGTERM) and wait until it has; one that does not is killed.
    pub async fn terminate(&mut self, who: Who) -> Result<()> {
        let node = self.node_mut(who);
        if let Some(mut child) = node.child.take() {
            // No safe call for a signal in the standard library; the shell has it everywhere.
            let ask = format!("kill -TERM {}", child.id());
            Command::new("sh").args(["-c", &ask]).status().map_err(Error::io("run sh"))?;
            let begin = Instant::now();
            while child.try_wait().map_err(Error::io(format!("look after {who}")))?.is_none() {
                if begin.elapsed() > STOP_LIMIT {
                    progress(format!("  {who} does not end when asked: killing it"));
                    child.kill().map_err(Error::io(format!("kill {who}")))?;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        progress(format!("  {who} stopped"));
        Ok(())
    }

    /// A connection to a node's RPC.
    pub async fn client(&self, who: Who) -> Result<Client> {
        let url = self.node(who).ws();
        wait_for(format!("{who}'s RPC"), START_LIMIT, || async { Client::connect(&url).await.map(Some) }).await
    }

    /// A node's metrics now.
    pub async fn metrics(&self, who: Who) -> Result<Metrics> {
        Metrics::scrape(self.node(who).ports.metrics).await
    }

    /// Fails if a node that should run has ended.
    pub fn check(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(Node::check)
    }

    /// The node of `who`. Panics if it is not part of this network, which is a mistake of the caller.
    pub fn node(&self, who: Who) -> &Node {
        self.nodes.iter().find(|node| node.who == who).expect("asked for a node that is not part of the network")
    }

    /// Who is part of this network.
    pub fn cast(&self) -> Vec<Who> {
        self.nodes.iter().map(|node| node.who).collect()
    }

    /// The last lines of every node's log.
    pub fn log_tails(&self, lines: usize) -> String {
        let tail = |node: &Node| {
            let text = std::fs::read(&node.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let text = text.unwrap_or_else(|error| error.to_string());
            let last: Vec<_> = text.lines().rev().take(lines).collect();
            let last: Vec<_> = last.into_iter().rev().collect();
            format!("--- {} ({})\n{}\n", node.who, node.log.display(), last.join("\n"))
        };
        self.nodes.iter().map(tail).collect()
    }

    /// Leave folders and logs in place when the network ends, and say where.
    pub fn keep_files(&mut self) -> Option<PathBuf> {
        self.dir.take().map(TempDir::keep)
    }

    async fn ready(&mut self, who: Who) -> Result<()> {
        let url = self.node(who).ws();
        let begin = Instant::now();
        loop {
            self.check()?;
            // Shorter waits than the whole limit, so that a node that ends meanwhile is noticed.
            let attempt = wait_for(format!("{who} to answer"), Duration::from_secs(3), || async {
                Client::connect(&url).await?.genesis().await.map(Some)
            });
            match attempt.await {
                Ok(_) => return Ok(()),
                Err(Error::Deadline { .. }) if begin.elapsed() < START_LIMIT => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn node_mut(&mut self, who: Who) -> &mut Node {
        let node = self.nodes.iter_mut().find(|node| node.who == who);
        node.expect("asked for a node that is not part of the network")
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(Node::kill);
    }
}

/// The binary to test: `RATIO1_NODE`, or `ratio1-node` next to this program or in the folder above it (test programs
/// are in `deps`).
pub fn default_binary() -> PathBuf {
    if let Some(path) = std::env::var_os("RATIO1_NODE") {
        return path.into();
    }
    let program = std::env::current_exe().unwrap_or_default();
    let near: Vec<_> = program.ancestors().skip(1).take(2).map(|dir| dir.join("ratio1-node")).collect();
    let found = near.iter().find(|path| path.is_file()).or(near.first());
    found.cloned().unwrap_or_else(|| "ratio1-node".into())
}

fn prepare(who: Who, ports: Ports, dir: &Path) -> Node {
    // Fresh network identities: a network left over from before that uses the same ports is not mistaken for this one.
    let pair = Keypair::generate();
    Node {
        who,
        ports,
        key: hex::encode(pair.secret().to_bytes()),
        peer: pair.public().to_peer_id().to_base58(),
        dir: dir.join(who.name()),
        log: dir.join(format!("{who}.log")),
        price: who.is_oracle().then(|| dir.join(format!("{who}.r1-usd"))),
        states: (!who.is_oracle()).then(|| dir.join(format!("{who}.services"))),
        child: None,
    }
}

/// Ports nobody uses. All are held until all are found, so that none is found twice.
fn free_ports(nodes: usize) -> Result<Vec<Ports>> {
    let bind = || TcpListener::bind(("127.0.0.1", 0)).map_err(Error::io("find a free port"));
    let held = (0..nodes * 3).map(|_| bind()).collect::<Result<Vec<_>>>()?;
    let port = |socket: &TcpListener| socket.local_addr().map(|a| a.port()).map_err(Error::io("read a port"));
    let ports = held.iter().map(port).collect::<Result<Vec<_>>>()?;
    Ok(ports.chunks_exact(3).map(|p| Ports { p2p: p[0], rpc: p[1], metrics: p[2] }).collect())
}

/// A command that the kernel ends with this program, where `setpriv` exists.
fn tethered(binary: &Path) -> Command {
    let probe = Command::new("setpriv").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if probe.is_ok_and(|status| status.success()) {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(binary);
        return command;
    }
    Command::new(binary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_all_different() {
        let mut ports: Vec<_> = free_ports(6).unwrap().iter().flat_map(|p| [p.p2p, p.rpc, p.metrics]).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 18);
    }

    #[test]
    fn network_is_refused_when_there_is_no_binary() {
        let refused = Network::new(Path::new("/nonexistent/ratio1-node"), &Who::ALL);
        assert!(matches!(refused, Err(Error::BinaryMissing(_))));
    }

    #[test]
    fn oracles_are_everybodys_bootnodes_but_not_their_own() {
        let program = std::env::current_exe().unwrap();
        let network = Network::new(&program, &Who::ALL).unwrap();
        let addresses = |who| network.node(who).args(&network.bootnodes).iter().filter(|a| a.contains("/p2p/")).count();
        assert_eq!(addresses(Who::Alice), 3);
        assert_eq!(addresses(Who::Eve), 4);
    }

    #[test]
    fn oracles_are_given_a_price_and_edges_a_states_file_that_are_gone_with_the_network() {
        let program = std::env::current_exe().unwrap();
        let network = Network::new(&program, &Who::ALL).unwrap();
        let mut files = Vec::new();
        for who in Who::ALL {
            let args = network.node(who).args(&network.bootnodes);
            let file = args.iter().skip_while(|arg| *arg != "--r1-usd-file").nth(1).map(PathBuf::from);
            assert_eq!(file.is_some(), who.is_oracle());
            files.extend(file);
            let states = args.iter().skip_while(|arg| *arg != "--service-states").nth(1).map(PathBuf::from);
            assert_eq!(states.is_some(), !who.is_oracle());
            assert!(states.is_none_or(|states| std::fs::read_to_string(states).unwrap().is_empty()));
        }
        assert!(files.iter().all(|file| std::fs::read_to_string(file).unwrap() == R1_USD));
        drop(network);
        assert!(!files.iter().any(|file| file.exists() || file.parent().is_some_and(Path::exists)));
    }
}
