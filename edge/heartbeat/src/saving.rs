//! Writes counts behind the worker's back, and keeps them in memory while the disk refuses.
//!
//! A full disk must cost nobody a beat: what was counted stays where it is, saving is tried again with back-off, the
//! operator is told, and a ballot is built from memory. Only a process that ends meanwhile loses what was not written.

use crate::{counts::EpochCounts, intake::Intake, store::StoreError, worker::OracleDeps};
use ratio1_ports::{Part, Trouble};
use ratio1_primitives::EpochIndex;
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait after a failure: at first, doubling to the second.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Ended epochs that wait to be written.
const MAX_UNSAVED: usize = 2;

/// Where saving stands.
#[derive(Default)]
pub struct Saving {
    /// When to try again, and how long was waited last.
    failing: Option<(Instant, Duration)>,
    /// Epochs that ended unwritten, the oldest first.
    unsaved: Vec<EpochCounts>,
    opened: bool,
}

impl Saving {
    /// Write what is dirty, unless the disk refused a moment ago.
    pub fn save_counts(&mut self, deps: &OracleDeps, intake: &mut Intake) {
        if self.failing.is_some_and(|(again, _)| Instant::now() < again) {
            return;
        }
        match self.write(deps, intake) {
            Ok(()) => {
                if self.failing.take().is_some() {
                    tracing::info!(target: "heartbeat", "counts are written again");
                }
                deps.telemetry.set_trouble(Part::Store, deps.store.trouble());
            }
            Err(error) => {
                let waited = self.failing.map_or(Duration::ZERO, |(_, waited)| waited);
                let wait = waited.saturating_mul(2).clamp(BACKOFF.0, BACKOFF.1);
                let now = Instant::now();
                self.failing = Some((now.checked_add(wait).unwrap_or(now), wait));
                tracing::warn!(target: "heartbeat", %error, ?wait, "counts cannot be written: they are kept in memory");
                let condition = format!("counts cannot be written and are kept in memory alone: {error}");
                let remedy = "make room on the disk, or mend its permissions, before this node is stopped";
                deps.telemetry.set_trouble(Part::Store, Some(Trouble::new(condition, remedy)));
            }
        }
    }

    /// Write everything, for the last time.
    pub fn save_rest(&mut self, deps: &OracleDeps, intake: &mut Intake) -> Result<(), StoreError> {
        self.write(deps, intake)
    }

    fn write(&mut self, deps: &OracleDeps, intake: &mut Intake) -> Result<(), StoreError> {
        while let Some(counts) = self.unsaved.first_mut() {
            deps.store.save(counts)?;
            self.unsaved.remove(0);
        }
        if self.opened && !intake.running().is_empty() {
            deps.store.save(intake.running_mut())?;
        }
        Ok(())
    }

    /// Write the epoch that ends, and have what is stored of the one that begins. An error only at the start of the worker,
    /// when what was counted before is at stake.
    pub fn turn_over(
        &mut self,
        deps: &OracleDeps,
        intake: &mut Intake,
        epoch: EpochIndex,
    ) -> Result<EpochCounts, StoreError> {
        if self.opened {
            self.failing = None;
            self.save_counts(deps, intake);
            if self.failing.is_some() && !intake.running().is_empty() {
                self.unsaved.push(intake.running().clone());
                let excess = self.unsaved.len().saturating_sub(MAX_UNSAVED);
                self.unsaved.drain(..excess);
            }
        }
        if let Some(place) = self.unsaved.iter().position(|counts| counts.epoch() == epoch) {
            return Ok(self.unsaved.remove(place));
        }
        let stored = match deps.store.load(epoch) {
            Err(error) if self.opened => {
                tracing::warn!(target: "heartbeat", %error, %epoch, "counts cannot be read: the epoch begins without them");
                None
            }
            stored => stored?,
        };
        self.opened = true;
        Ok(stored.unwrap_or_else(|| EpochCounts::new(epoch, *intake.params())))
    }
}
