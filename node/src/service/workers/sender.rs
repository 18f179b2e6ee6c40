//! The sender of this node's beats.

use super::deps::Deps;
use crate::{adapters::services::ServicesFile, service::crew::Crew};
use ratio1_heartbeat::{run_sender, SenderDeps};
use ratio1_ports::{NoServices, Services, SystemClock};
use ratio1_primitives::heartbeat::SignedHeartbeat;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Send beats; `own` is where they go on an oracle's own node.
pub fn join(crew: &mut Crew, deps: &Arc<Deps>, own: Option<mpsc::Sender<SignedHeartbeat>>) {
    let (deps, services) = (deps.clone(), services(deps));
    crew.add("sender", move |stop| run_sender(sender_deps(&deps, own.clone(), services.clone()), stop.wait()));
}

/// What runs on this node; without a file it reports no services. One for as long as the node runs, so that a worker that
/// is started again does not log anew what is known of the file.
fn services(deps: &Deps) -> Arc<dyn Services> {
    match &deps.flags.service_states {
        Some(path) => {
            let max_age = deps.flags.service_states_max_age();
            Arc::new(ServicesFile::new(path.clone(), max_age, Arc::new(SystemClock)))
        }
        None => Arc::new(NoServices),
    }
}

fn sender_deps(deps: &Deps, own: Option<mpsc::Sender<SignedHeartbeat>>, services: Arc<dyn Services>) -> SenderDeps {
    SenderDeps {
        chain: deps.chain.clone(),
        keys: Arc::new(deps.keys.clone()),
        transport: deps.transport.clone(),
        clock: Arc::new(SystemClock),
        telemetry: deps.node.metrics.clone(),
        hardware: deps.machine.clone(),
        services,
        own,
    }
}
