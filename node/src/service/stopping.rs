//! A clean stop.
//!
//! When the node stops, the SDK tells all tasks at once and then takes away what they work with. A task that sees the
//! second before the first ends by itself, and the SDK calls that the failure of an essential task.

use futures::{
    channel::oneshot,
    future::{BoxFuture, FutureExt},
};
use sc_service::SpawnEssentialTaskHandle;
use sp_core::traits::SpawnEssentialNamed;
use std::{future::Future, time::Duration};

/// How long a task that came to an end waits to be told that the node stops. If it is not told it did fail.
const NOTICE: Duration = Duration::from_secs(2);

/// `task`, and then a moment in which the node may turn out to be stopping.
pub async fn until_stopped(task: impl Future<Output = ()>) {
    task.await;
    // No timer of the runtime's: that may be what is taken away, and would panic.
    let (over, waiting) = oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(NOTICE);
        let _ = over.send(());
    });
    let _ = waiting.await;
}

/// Spawns essential tasks that give the node this moment.
#[derive(Clone)]
pub struct Spawner(pub SpawnEssentialTaskHandle);

impl SpawnEssentialNamed for Spawner {
    fn spawn_essential_blocking(
        &self,
        name: &'static str,
        group: Option<&'static str>,
        future: BoxFuture<'static, ()>,
    ) {
        self.0.spawn_blocking(name, group, until_stopped(future).boxed());
    }

    fn spawn_essential(&self, name: &'static str, group: Option<&'static str>, future: BoxFuture<'static, ()>) {
        self.0.spawn(name, group, until_stopped(future).boxed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sc_service::TaskManager;

    #[test]
    fn task_that_ends_waits_when_the_runtime_is_gone() {
        let began = std::time::Instant::now();
        futures::executor::block_on(until_stopped(async {}));
        assert!(began.elapsed() >= NOTICE);
    }

    #[test]
    fn essential_task_that_ends_is_a_failure_only_when_the_node_does_not_stop() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let mut node = TaskManager::new(runtime.handle().clone(), None).expect("no registry is asked");
        Spawner(node.spawn_essential_handle()).spawn_essential("ends", None, async {}.boxed());
        runtime.block_on(async {
            let at_once = tokio::time::timeout(NOTICE / 2, node.future()).await;
            assert!(at_once.is_err(), "it waits for the node to stop");
            let failed = tokio::time::timeout(NOTICE * 10, node.future()).await.expect("it does not wait for ever");
            assert!(failed.is_err());
        });
    }
}
