//! The one configuration of this pallet: bounded in code, from the preset's genesis, changed by governance.

use crate::Error;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ratio1_pallet_support::within;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// The least time between two blocks, in milliseconds: a slot.
pub const LEAST_BLOCK_MS: u64 = 3_000;
/// The shortest delay any network may have, in milliseconds.
pub const LEAST_DELAY_MS: u64 = 30_000;
/// The longest delay any network may have: 60 days. A longer one would be a chain that nobody can repair.
pub const MOST_DELAY_MS: u64 = 60 * 24 * 3_600 * 1_000;

/// How long things take, in milliseconds.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub struct Parameters {
    /// Between the collective's decision and its enactment. At least the network's minimum, at most [`MOST_DELAY_MS`].
    pub delay_ms: u64,
    /// How long a pause lasts. At least a slot, at most the delay.
    pub pause_ms: u64,
    /// How long a halt lasts. At least a slot, at most the delay.
    pub halt_ms: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { delay_ms: LEAST_DELAY_MS, pause_ms: 15_000, halt_ms: 15_000 }
    }
}

/// Which bound [`Parameters`] break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParametersRefusal {
    /// The delay is below the network's minimum or above [`MOST_DELAY_MS`].
    Delay,
    /// The pause is shorter than a slot or longer than the delay.
    Pause,
    /// The halt is shorter than a slot or longer than the delay.
    Halt,
}

impl Parameters {
    /// Whether every parameter is within its bounds, on a network with this minimum delay.
    pub fn validate(&self, minimum: u64) -> Result<(), ParametersRefusal> {
        if !within(self.delay_ms, (minimum.max(LEAST_DELAY_MS), MOST_DELAY_MS)) {
            return Err(ParametersRefusal::Delay);
        }
        if !within(self.pause_ms, (LEAST_BLOCK_MS, self.delay_ms)) {
            return Err(ParametersRefusal::Pause);
        }
        if !within(self.halt_ms, (LEAST_BLOCK_MS, self.delay_ms)) {
            return Err(ParametersRefusal::Halt);
        }
        Ok(())
    }
}

impl<T> From<ParametersRefusal> for Error<T> {
    fn from(refusal: ParametersRefusal) -> Self {
        match refusal {
            ParametersRefusal::Delay => Self::DelayOutOfBounds,
            ParametersRefusal::Pause => Self::PauseOutOfBounds,
            ParametersRefusal::Halt => Self::HaltOutOfBounds,
        }
    }
}
