//! Process control: real nodes on loopback, each with a folder, a log and ports of its own. Of our own, since
//! zombienet's SDK brings 159 crates that the node does not have (ADR 0006).
//!
//! A [`Network`] owns its processes: dropped, be it at the end, by an error, a panic or Ctrl-C (see
//! [`crate::wait::unless_interrupted`]), it kills and reaps them. Where the system has `setpriv`, the kernel ends the
//! nodes even when this program itself is killed.
//!
//! Each oracle is given a price file and each edge node a file of service states, which says that nothing runs until
//! somebody writes it. This program keeps both fresh for as long as the network lives, as the tools of an operator
//! would.

use crate::{
    cast::Who,
    client::Client,
    metrics::Metrics,
    wait::{progress, wait_for},
    Error, Result,
};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime},
};
use tempfile::TempDir;

mod node;

pub use node::{Node, Ports};

/// The longest a node may take until its RPC answers.
const START_LIMIT: Duration = Duration::from_secs(180);
/// The longest a node may take to end when asked politely.
const STOP_LIMIT: Duration = Duration::from_secs(15);
/// The longest a command on a stopped node's data may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// What the oracles' files say an R1 costs, in USD.
pub const R1_USD: &str = "0.25";
/// How often files are made fresh: an oracle trusts a price for one epoch, which is a minute on the local network, and
/// an edge node what is said of its services for less.
const FRESH_EVERY: Duration = Duration::from_secs(2);

/// Keeps files fresh until it is dropped, as the tools of an operator would: writes the price files again and again,
/// and touches the files of service states, whose content is whatever was written last.
struct Tools {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Tools {
    /// For these files, which are there when this returns.
    fn start(prices: Vec<PathBuf>, states: Vec<PathBuf>) -> Result<Self> {
        let write = |file: &PathBuf| replace(file, R1_USD);
        prices.iter().try_for_each(write).map_err(Error::io("write the price files"))?;
        let empty = |file: &PathBuf| replace(file, "");
        states.iter().try_for_each(empty).map_err(Error::io("write the files of service states"))?;
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(FRESH_EVERY) == Err(RecvTimeoutError::Timeout) {
                // One that cannot be written gets old, and its node says so; the others are no less written for it.
                prices.iter().for_each(|file| drop(write(file)));
                let touch = |file: &PathBuf| std::fs::File::open(file)?.set_modified(SystemTime::now());
                states.iter().for_each(|file| drop(touch(file)));
            }
        });
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Tools {
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
    _tools: Tools,
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
        let nodes: Vec<_> = cast.iter().zip(ports).map(|(who, ports)| Node::of(*who, ports, dir.path())).collect();
        let bootnodes = nodes.iter().filter(|node| node.who().is_some_and(Who::is_oracle)).map(Node::address).collect();
        let prices = nodes.iter().filter_map(Node::price).map(PathBuf::from).collect();
        let states = nodes.iter().filter_map(Node::service_states).map(PathBuf::from).collect();
        let tools = Tools::start(prices, states)?;
        Ok(Self { binary: binary.into(), nodes, bootnodes, _tools: tools, dir: Some(dir) })
    }

    /// Start every node and wait until all answer.
    pub async fn start_all(&mut self) -> Result<()> {
        self.start_together(&self.cast()).await
    }

    /// Start some nodes at once and wait until all of them answer.
    pub async fn start_together(&mut self, some: &[Who]) -> Result<()> {
        for who in some {
            self.spawn(*who)?;
        }
        for who in some {
            self.ready(who.name()).await?;
        }
        Ok(())
    }

    /// Start `count` full nodes that have no part in the chain and that nobody knows, and wait until all answer.
    /// Returns connections to them.
    pub async fn start_strangers(&mut self, count: usize) -> Result<Vec<Client>> {
        let dir = self.dir.as_ref().map(|dir| dir.path().to_path_buf()).unwrap_or_default();
        let (binary, bootnodes) = (self.binary.clone(), self.bootnodes.clone());
        let mut names = Vec::new();
        for (number, ports) in free_ports(count)?.into_iter().enumerate() {
            let mut node = Node::stranger(format!("stranger-{number}"), ports, &dir);
            node.spawn(&binary, &bootnodes)?;
            progress(format!("  {} started, {}", node.name(), node.ws()));
            names.push(node.name().to_string());
            self.nodes.push(node);
        }
        let mut clients = Vec::new();
        for name in names {
            clients.push(self.ready(&name).await?);
        }
        Ok(clients)
    }

    /// Start one node, with the data it may have from before, and wait until it answers.
    pub async fn start(&mut self, who: Who) -> Result<()> {
        self.spawn(who)?;
        self.ready(who.name()).await.map(drop)
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
        self.terminate_together(&[who]).await
    }

    /// As [`Self::terminate`], of some nodes at once.
    pub async fn terminate_together(&mut self, some: &[Who]) -> Result<()> {
        let mut ending = Vec::new();
        for who in some {
            let Some(child) = self.node_mut(*who).take_child() else { continue };
            // No safe call for a signal in the standard library; the shell has it everywhere.
            let ask = format!("kill -TERM {}", child.id());
            Command::new("sh").args(["-c", &ask]).status().map_err(Error::io("run sh"))?;
            ending.push((*who, child));
        }
        let begin = Instant::now();
        for (who, mut child) in ending {
            while child.try_wait().map_err(Error::io(format!("look after {who}")))?.is_none() {
                if begin.elapsed() > STOP_LIMIT {
                    progress(format!("  {who} does not end when asked: killing it"));
                    child.kill().map_err(Error::io(format!("kill {who}")))?;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            progress(format!("  {who} stopped"));
        }
        Ok(())
    }

    /// Give a node these arguments beside its own whenever it starts from now on.
    pub fn set_args(&mut self, who: Who, more: &[&str]) {
        self.node_mut(who).set_more(more);
    }

    /// Give a node these variables of its environment whenever it starts from now on.
    pub fn set_environment(&mut self, who: Who, variables: Vec<(&'static str, String)>) {
        self.node_mut(who).set_environment(variables);
    }

    /// Put the keys of an oracle's development account into its keystore, but for that of GRANDPA, and have it use
    /// these from its next start on: it makes blocks, counts and votes on availability, and only follows finality.
    pub async fn forget_finality_key(&mut self, who: Who) -> Result<()> {
        for (kind, scheme) in [("babe", "sr25519"), ("audi", "sr25519"), ("r1vt", "ed25519"), ("r1nd", "ed25519")] {
            let uri = who.uri();
            self.run_on(who, &["key", "insert", "--key-type", kind, "--scheme", scheme, "--suri", &uri]).await?;
        }
        self.node_mut(who).set_from_keystore(true);
        Ok(())
    }

    /// Have an oracle use all keys of its development account again from its next start on.
    pub fn remember_finality_key(&mut self, who: Who) {
        self.node_mut(who).set_from_keystore(false);
    }

    /// Keep a node's database and keys in `dir` from its next start on.
    pub fn set_base_path(&mut self, who: Who, dir: &Path) {
        self.node_mut(who).set_base_path(dir);
    }

    /// Run a command of the binary on the data of a node that is stopped, such as `purge-chain -y`.
    pub async fn run_on(&self, who: Who, command: &[&str]) -> Result<()> {
        let what = format!("run {} for {who}", command.join(" "));
        let mut program = tokio::process::Command::new(&self.binary);
        program.args(command).args(["--chain", "local", "--base-path"]).arg(self.node(who).base_path());
        program.stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(COMMAND_LIMIT, program.output()).await;
        let output =
            output.map_err(|_| Error::Deadline { what: what.clone(), limit: COMMAND_LIMIT, last: String::new() })?;
        let output = output.map_err(Error::io(what.clone()))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(Error::Answer { what, detail: String::from_utf8_lossy(&output.stderr).into_owned() }),
        }
    }

    /// A connection to a node's RPC.
    pub async fn client(&self, who: Who) -> Result<Client> {
        let url = self.node(who).ws();
        wait_for(format!("{who}'s RPC"), START_LIMIT, || async { Client::connect(&url).await.map(Some) }).await
    }

    /// A connection to the RPC of a node's operator.
    pub async fn operator(&self, who: Who) -> Result<Client> {
        let url = self.node(who).operator_ws();
        wait_for(format!("the RPC of {who}'s operator"), START_LIMIT, || async {
            Client::connect(&url).await.map(Some)
        })
        .await
    }

    /// A node's metrics now.
    pub async fn metrics(&self, who: Who) -> Result<Metrics> {
        Metrics::scrape(self.node(who).ports().metrics).await
    }

    /// Fails if a node that should run has ended.
    pub fn check(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(Node::check)
    }

    /// The node of `who`. Panics if it is not part of this network, which is a mistake of the caller.
    pub fn node(&self, who: Who) -> &Node {
        self.nodes
            .iter()
            .find(|node| node.who() == Some(who))
            .expect("asked for a node that is not part of the network")
    }

    /// Who is part of this network.
    pub fn cast(&self) -> Vec<Who> {
        self.nodes.iter().filter_map(Node::who).collect()
    }

    /// The last lines of every node's log.
    pub fn log_tails(&self, lines: usize) -> String {
        let tail = |node: &Node| {
            let text = std::fs::read(node.log()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let text = text.unwrap_or_else(|error| error.to_string());
            let last: Vec<_> = text.lines().rev().take(lines).collect();
            let last: Vec<_> = last.into_iter().rev().collect();
            format!("--- {} ({})\n{}\n", node.name(), node.log().display(), last.join("\n"))
        };
        self.nodes.iter().map(tail).collect()
    }

    /// Leave folders and logs in place when the network ends, and say where.
    pub fn keep_files(&mut self) -> Option<PathBuf> {
        self.dir.take().map(TempDir::keep)
    }

    /// Wait until the node called `name` answers. Returns a connection to it.
    async fn ready(&mut self, name: &str) -> Result<Client> {
        let url = self.nodes.iter().find(|node| node.name() == name).map(Node::ws).unwrap_or_default();
        let begin = Instant::now();
        loop {
            self.check()?;
            // Shorter waits than the whole limit, so that a node that ends meanwhile is noticed.
            let attempt = wait_for(format!("{name} to answer"), Duration::from_secs(3), || async {
                let client = Client::connect(&url).await?;
                client.genesis().await?;
                Ok(Some(client))
            });
            match attempt.await {
                Ok(client) => return Ok(client),
                Err(Error::Deadline { .. }) if begin.elapsed() < START_LIMIT => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn node_mut(&mut self, who: Who) -> &mut Node {
        let node = self.nodes.iter_mut().find(|node| node.who() == Some(who));
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

/// Ports nobody uses. All are held until all are found, so that none is found twice.
fn free_ports(nodes: usize) -> Result<Vec<Ports>> {
    let bind = || TcpListener::bind(("127.0.0.1", 0)).map_err(Error::io("find a free port"));
    let held = (0..nodes * 4).map(|_| bind()).collect::<Result<Vec<_>>>()?;
    let port = |socket: &TcpListener| socket.local_addr().map(|a| a.port()).map_err(Error::io("read a port"));
    let ports = held.iter().map(port).collect::<Result<Vec<_>>>()?;
    Ok(ports.chunks_exact(4).map(|p| Ports { p2p: p[0], rpc: p[1], operator: p[2], metrics: p[3] }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_all_different() {
        let mut ports: Vec<_> =
            free_ports(6).unwrap().iter().flat_map(|p| [p.p2p, p.rpc, p.operator, p.metrics]).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 24);
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

    #[tokio::test]
    async fn states_stay_fresh_with_the_content_that_was_written_last() {
        let program = std::env::current_exe().unwrap();
        let network = Network::new(&program, &[Who::Eve]).unwrap();
        let states = network.node(Who::Eve).service_states().unwrap();
        replace(states, "17 0 running\n").unwrap();
        std::fs::File::open(states).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let fresh = wait_for("the file to be touched", Duration::from_secs(60), || async {
            let modified =
                std::fs::metadata(states).and_then(|data| data.modified()).map_err(Error::io("look at it"))?;
            Ok((modified > SystemTime::UNIX_EPOCH).then_some(()))
        });
        fresh.await.unwrap();
        assert_eq!(std::fs::read_to_string(states).unwrap(), "17 0 running\n");
    }

    #[test]
    fn node_has_the_keys_of_its_account_unless_it_takes_those_of_its_keystore() {
        let program = std::env::current_exe().unwrap();
        let mut network = Network::new(&program, &Who::ALL).unwrap();
        let words = |network: &Network| network.node(Who::Dave).args(&[]);
        assert!(words(&network).contains(&"--dave".into()));
        network.node_mut(Who::Dave).set_from_keystore(true);
        assert!(!words(&network).contains(&"--dave".into()));
        assert!(words(&network).contains(&"--validator".into()));
        network.remember_finality_key(Who::Dave);
        assert!(words(&network).contains(&"--dave".into()));
    }

    #[test]
    fn stranger_has_no_part_in_the_chain() {
        let ports = free_ports(1).unwrap()[0];
        let args = Node::stranger("stranger-0".into(), ports, Path::new("/nonexistent")).args(&["a".into()]);
        assert!(!args.iter().any(|arg| arg == "--edge" || arg == "--validator" || arg.contains("operator")));
        assert_eq!(args.last().map(String::as_str), Some("a"));
    }
}
