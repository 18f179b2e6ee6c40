//! The way from the network to the oracle worker that runs now.

use parking_lot::Mutex;
use ratio1_heartbeat::Handles;
use ratio1_primitives::heartbeat::{BeatRefusal, SignedHeartbeat};

/// Where the running oracle worker takes its messages. A worker that is started again opens new doors.
#[derive(Default)]
pub struct Doors {
    open: Mutex<Option<Handles>>,
}

impl Doors {
    /// From now on hand messages over here.
    pub fn open_to(&self, handles: Handles) {
        *self.open.lock() = Some(handles);
    }

    /// Hand over a beat of this very node; while no worker takes it, it is lost like any other.
    pub fn hand_over_own(&self, beat: SignedHeartbeat) {
        let Ok(handles) = self.handles() else { return };
        if handles.own.try_send(beat).is_err() {
            tracing::debug!(target: "ratio1", "the oracle worker took no beat of its own node");
        }
    }

    /// Where messages go now; refused as by an oracle that counts nothing while no worker runs.
    pub(super) fn handles(&self) -> Result<Handles, BeatRefusal> {
        self.open.lock().clone().ok_or(BeatRefusal::NotCounting)
    }
}
