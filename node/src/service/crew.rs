//! The crew of workers: what fails is logged, counted and started again with back-off.
//!
//! They run on an async runtime of their own. The SDK's panic hook ends the process when a panic happens on one of its
//! threads; on ours a panic only unwinds its task. So no worker, and no blocking call of one, can take consensus down.

use crate::adapters::metrics::Metrics;
use sc_service::error::Error;
use sp_panic_handler::AbortGuard;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    runtime::Runtime,
    sync::watch,
    task::{JoinError, JoinHandle},
    time::Instant,
};

/// Threads of the workers' runtime.
const THREADS: usize = 2;
/// Back-off between two starts of a worker: at first, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// A worker that ran this long begins its back-off anew.
const HEALTHY: Duration = Duration::from_secs(300);
/// When a node stops, its workers may end this long before they are told to.
const SETTLE: Duration = Duration::from_millis(500);
/// How long the workers have to write what is dirty when the node stops.
const STOPPING: Duration = Duration::from_secs(5);

/// Why a worker ended.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Resolves when the node stops.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Wait for it.
    pub async fn wait(mut self) {
        // An error means that the crew is gone: stop too.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// `work` until it is done or the node stops.
    pub async fn or(self, work: impl Future<Output = ()>) -> Result<(), Failure> {
        tokio::select! {
            _ = self.wait() => {},
            _ = work => {},
        }
        Ok(())
    }

    /// Whether the node stops within this time.
    async fn within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.clone().wait()).await.is_ok()
    }
}

/// Supervised tasks on a runtime of their own. Dropping it stops them.
pub struct Crew {
    runtime: Option<Runtime>,
    stop: watch::Sender<bool>,
    supervisors: Vec<JoinHandle<()>>,
    metrics: Arc<Metrics>,
}

impl Crew {
    /// With a runtime of its own.
    pub fn new(metrics: Arc<Metrics>) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("ratio1-worker")
            // Never dropped on purpose: it holds for as long as the thread lives.
            .on_thread_start(|| std::mem::forget(AbortGuard::never_abort()))
            .enable_all()
            .build()?;
        Ok(Self { runtime: Some(runtime), stop: watch::channel(false).0, supervisors: Vec::new(), metrics })
    }

    /// Run `start` again and again until the node stops.
    pub fn add<F, Fut, E>(&mut self, name: &'static str, start: F)
    where
        F: Fn(Stop) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display + Send + 'static,
    {
        let Some(runtime) = &self.runtime else { return };
        let supervisor = supervise(name, self.metrics.clone(), Stop(self.stop.subscribe()), start);
        self.supervisors.push(runtime.spawn(supervisor));
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let Some(runtime) = self.runtime.take() else { return };
        let supervisors = std::mem::take(&mut self.supervisors);
        // A thread of its own, as this may be called from async code, which must not block on a runtime.
        let stopping = std::thread::spawn(move || {
            let all = futures::future::join_all(supervisors);
            if runtime.block_on(async { tokio::time::timeout(STOPPING, all).await }).is_err() {
                tracing::warn!(target: "ratio1", "a worker did not stop in time");
            }
            runtime.shutdown_background();
        });
        let _ = stopping.join();
    }
}

async fn supervise<F, Fut, E>(name: &'static str, metrics: Arc<Metrics>, stop: Stop, start: F)
where
    F: Fn(Stop) -> Fut,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let (first, most) = BACKOFF;
    let mut delay = first;
    loop {
        let began = Instant::now();
        let mut worker = tokio::spawn(start(stop.clone()));
        let ended = tokio::select! {
            ended = &mut worker => ended,
            // A worker stops by itself; one that hangs is ended.
            _ = stop.clone().wait() => {
                if tokio::time::timeout(STOPPING / 2, &mut worker).await.is_err() {
                    worker.abort();
                }
                return;
            },
        };
        // What a worker needs may be gone a moment before the crew is told to stop.
        if stop.within(SETTLE).await {
            return;
        }
        if began.elapsed() >= HEALTHY {
            delay = first;
        }
        metrics.worker_restarted(name);
        tracing::error!(target: "ratio1", worker = name, ?delay, "worker ended and is started again: {}", why(ended));
        // Jitter, so that workers that failed together do not come back together.
        let wait = delay.mul_f64(0.75 + rand::random::<f64>() / 2.0);
        if stop.within(wait).await {
            return;
        }
        delay = delay.saturating_mul(2).min(most);
    }
}

fn why<E: std::fmt::Display>(ended: Result<Result<(), E>, JoinError>) -> String {
    match ended {
        Ok(Ok(())) => "it came to an end".into(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => format!("it panicked: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn worker_is_started_again_when_it_panics_and_stops_when_the_crew_is_dropped() {
        let starts = Arc::new(AtomicU32::new(0));
        let (done, is_done) = std::sync::mpsc::channel();
        let metrics = Arc::new(Metrics::new(None).expect("a registry of its own"));
        let mut crew = Crew::new(metrics).expect("a runtime");
        crew.add("test", {
            let starts = starts.clone();
            move |stop| {
                let (start, done) = (starts.fetch_add(1, Ordering::SeqCst), done.clone());
                async move {
                    assert!(start > 0, "the first start fails");
                    let _ = done.send("started");
                    stop.wait().await;
                    let _ = done.send("stopped");
                    Ok::<_, Failure>(())
                }
            }
        });
        let deadline = Duration::from_secs(20);
        assert_eq!(is_done.recv_timeout(deadline), Ok("started"));
        drop(crew);
        assert_eq!(is_done.recv_timeout(deadline), Ok("stopped"));
        assert_eq!(starts.load(Ordering::SeqCst), 2);
    }
}
