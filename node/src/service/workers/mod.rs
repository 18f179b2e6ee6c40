//! The workers that a node's role needs, each in a file: it takes what it needs from [`Deps`], and joins the crew.
//!
//! A new worker is a file here with its `join`, a line in [`spawn_workers`], its flags in [`crate::flags`], and, if it
//! answers over RPC, a field in [`crate::rpc::OwnDeps`].

mod deps;
mod oracle;
mod sender;

pub use deps::Deps;
pub use oracle::{OracleParts, ORACLE_FOLDER};

use super::crew::Crew;
use crate::health::Inspector;
use ratio1_ports::NodeRole;
use sc_service::{error::Error, TaskManager};
use std::sync::Arc;

/// Start the workers that the node's role needs; `oracle` is what only a validator's need. They end with the task
/// manager.
pub fn spawn_workers(
    task_manager: &mut TaskManager,
    deps: Deps,
    inspector: Arc<Inspector>,
    oracle: Option<OracleParts>,
) -> Result<(), Error> {
    let deps = Arc::new(deps);
    let mut crew = Crew::new(deps.node.metrics.clone())?;
    join_dauth(&mut crew, &deps);
    crew.add("health", move |stop| stop.or(inspector.clone().run()));
    let own_beats = oracle.map(|parts| oracle::join(&mut crew, &deps, parts));
    if deps.node.role != NodeRole::Full {
        sender::join(&mut crew, &deps, own_beats);
    }
    task_manager.keep_alive(crew);
    Ok(())
}

fn join_dauth(crew: &mut Crew, deps: &Arc<Deps>) {
    let deps = deps.clone();
    crew.add("dauth", move |stop| {
        let (node, chain, keys) = (deps.node.clone(), deps.chain.clone(), deps.keys.clone());
        stop.or(node.standing.run(chain, keys, node.metrics, node.role))
    });
}
