//! The parameters that tell the networks apart (docs/protocol/units-and-clock.md#one-runtime-four-presets).

use super::*;
use frame_support::build_struct_json_patch;
use ratio1_primitives::kyc::Country;
use sp_runtime::Percent;

/// Countries from which nobody may take part at genesis, by ISO 3166-1 alpha-2 code; governance keeps the list.
pub const PROHIBITED_COUNTRIES: [&[u8; 2]; 43] = [
    b"AF", b"BB", b"BY", b"BF", b"BI", b"KH", b"CM", b"KY", b"CF", b"CD", b"EG", b"GN", b"GW", b"HT", b"IR", b"IQ",
    b"JM", b"JO", b"KP", b"LB", b"LY", b"ML", b"MA", b"MZ", b"MM", b"NI", b"PK", b"PA", b"RU", b"SN", b"SO", b"SS",
    b"LK", b"SD", b"SY", b"TT", b"TN", b"UG", b"UA", b"VU", b"VE", b"YE", b"ZW",
];

/// Milliseconds in an hour.
const HOUR_MS: u64 = 3_600_000;

/// What differs between networks.
#[derive(Clone, Copy)]
pub struct Parameters {
    /// Milliseconds in an epoch.
    pub epoch_ms: u64,
    /// Milliseconds between two beats.
    pub beat_ms: u32,
    /// The byte from which a node counts as available.
    pub threshold: u8,
    /// Blocks in a session.
    pub session_blocks: u64,
    /// Blocks of the commit window, and the fewest of the reveal window.
    pub window_blocks: u32,
    /// Blocks behind the finalised head a beat may quote: how far ahead beats can be signed.
    pub max_quote_lag: u32,
    /// Milliseconds from the council's decision to its enactment; the fewest governance can ever set, and what it begins
    /// with.
    pub delay_ms: (u64, u64),
    /// Milliseconds after which a pause or a halt ends by itself.
    pub pause_ms: u64,
    /// Blocks in which an offer of a slot can be accepted, and after which a draw gives up.
    pub offer_blocks: (u32, u32),
    /// Milliseconds after its acceptance in which a service is not expected to run.
    pub start_allowance_ms: u32,
}

impl Parameters {
    /// One oracle on one machine.
    pub const DEVELOPMENT: Self = Self::LOCAL;
    /// Demonstrations and tests.
    pub const LOCAL: Self = Self {
        epoch_ms: 60_000,
        beat_ms: 500,
        threshold: 230,
        session_blocks: 10,
        window_blocks: 8,
        max_quote_lag: 8,
        delay_ms: (30_000, 60_000),
        pause_ms: 30_000,
        offer_blocks: (20, 40),
        start_allowance_ms: 15_000,
    };
    /// Hourly epochs.
    pub const TESTNET: Self = Self {
        epoch_ms: 3_600_000,
        beat_ms: 5_000,
        threshold: 250,
        session_blocks: 200,
        window_blocks: 40,
        max_quote_lag: 32,
        // An hour at least, six to begin with.
        delay_ms: (HOUR_MS, 6 * HOUR_MS),
        pause_ms: HOUR_MS,
        offer_blocks: (200, 1_200),
        start_allowance_ms: 300_000,
    };
    /// Daily epochs.
    pub const MAINNET: Self = Self {
        epoch_ms: 86_400_000,
        beat_ms: 10_000,
        threshold: 250,
        session_blocks: 1_200,
        window_blocks: 200,
        max_quote_lag: 32,
        // Three days at least, seven to begin with.
        delay_ms: (3 * 24 * HOUR_MS, 7 * 24 * HOUR_MS),
        pause_ms: 24 * HOUR_MS,
        offer_blocks: (1_200, 7_200),
        start_allowance_ms: 900_000,
    };

    /// The configuration of the availability pallet.
    pub fn availability(&self) -> pallet_availability::GenesisConfig<Runtime> {
        pallet_availability::GenesisConfig {
            epoch_ms: self.epoch_ms,
            genesis_moment: None,
            parameters: pallet_availability::Parameters {
                beat_ms: self.beat_ms,
                grace_slots: 8,
                threshold: self.threshold,
                max_quote_lag: self.max_quote_lag,
                commit_blocks: self.window_blocks,
                reveal_blocks_min: self.window_blocks,
                reopenings: 2,
                governance_delay: 2,
                settle_share: Percent::from_percent(25),
            },
            ..Default::default()
        }
    }

    /// The configuration of the jobs pallet.
    pub fn jobs(&self) -> pallet_jobs::GenesisConfig<Runtime> {
        pallet_jobs::GenesisConfig {
            parameters: pallet_jobs::Parameters {
                accept_blocks: self.offer_blocks.0,
                draw_blocks: self.offer_blocks.1,
                start_allowance_ms: self.start_allowance_ms,
                ..Default::default()
            },
            ..Default::default()
        }
    }

    /// The configuration of the governance pallet.
    pub fn governance(&self) -> pallet_governance::GenesisConfig<Runtime> {
        pallet_governance::GenesisConfig {
            minimum_delay: self.delay_ms.0,
            parameters: pallet_governance::Parameters {
                delay_ms: self.delay_ms.1,
                pause_ms: self.pause_ms,
                halt_ms: self.pause_ms,
            },
            ..Default::default()
        }
    }
}

/// The prohibited countries as the KYC pallet's genesis wants them.
pub fn prohibited() -> Vec<Country> {
    PROHIBITED_COUNTRIES.iter().map(|code| Country(**code)).collect()
}

/// A genesis with a network's parameters and nobody in it. The ceremony adds the oracles, and with them their minimum.
pub fn without_participants(p: Parameters) -> serde_json::Value {
    build_struct_json_patch!(RuntimeGenesisConfig {
        network: crate::network::GenesisConfig { session_blocks: p.session_blocks },
        babe: pallet_babe::GenesisConfig { epoch_config: BABE_EPOCH_CONFIG },
        kyc: pallet_kyc::GenesisConfig { prohibited: prohibited() },
        availability: p.availability(),
        jobs: p.jobs(),
        governance: p.governance(),
    })
}
