use super::*;
use crate::{
    economics::{price::BOUNDS, R1},
    jobs::{MAX_EPOCHS, MAX_NODES},
};
use proptest::prelude::*;
use sp_core::U256;

/// docs/protocol/jobs.md#tiers-and-prices: vCPU / GiB of memory / GiB of disk, and dollars per node and epoch.
const TIERS: &str = "micro .25/.5/2 0.10 · lite .5/1/4 0.166666 · entry 1/2/8 0.375 · low-1 2/4/16 0.75 · \
    low-2 2/8/32 1.00 · med-1 3/12/48 1.916666 · med-2 6/14/56 2.916666 · high-1 8/22/88 3.75 · \
    high-2 12/30/120 5.333333 · ultra-1 16/62/248 8.333333 · ultra-2 22/124/496 12.50";
/// And what a GPU adds to it.
const GPUS: &str = "entry 1.20, med 2.40, high 4.80, ultra 30.00";

/// A decimal number in units of its last of so many decimals.
fn decimal(text: &str, decimals: usize) -> u128 {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{rest:0<decimals$}").parse().expect("digits")
}

/// `price * active / epoch * byte / 255`, in numbers that hold all of it.
fn exactly(price: Balance, active: u64, epoch: u64, byte: u8) -> Balance {
    let whole = U256::from(epoch) * U256::from(255);
    (U256::from(price) * U256::from(active) * U256::from(byte) / whole).as_u128()
}

/// Amounts of all magnitudes.
fn amount() -> impl Strategy<Value = Balance> {
    prop_oneof![0..1_000u128, 0..1_000_000 * R1, any::<u128>(), Just(u128::MAX)]
}

#[test]
fn tiers_are_those_of_the_protocol() {
    let rows: Vec<_> = TIERS.split('·').collect();
    assert_eq!(rows.len(), Tier::ALL.len());
    for (tier, row) in Tier::ALL.into_iter().zip(rows) {
        let [name, resources, usd] = row.split_whitespace().collect::<Vec<_>>().try_into().expect("three columns");
        let [cpu, memory, disk] = resources.split('/').collect::<Vec<_>>().try_into().expect("three resources");
        assert_eq!(format!("{tier:?}").to_lowercase(), name.replace('-', ""));
        let Capacity { cpu_milli, memory_mib, disk_gib, gpus } = tier.capacity();
        assert_eq!(u128::from(cpu_milli), decimal(cpu, 3), "{name}");
        assert_eq!(u128::from(memory_mib) * 1_000, decimal(memory, 3) * 1_024, "{name}");
        assert_eq!((u128::from(disk_gib), gpus), (decimal(disk, 0), 0), "{name}");
        assert_eq!(tier.usd(), decimal(usd, 18), "{name}");
    }
}

#[test]
fn gpus_cost_what_the_protocol_says() {
    let rows: Vec<_> = GPUS.split(", ").collect();
    assert_eq!(rows.len(), Gpu::ALL.len());
    for (gpu, row) in Gpu::ALL.into_iter().zip(rows) {
        let (name, usd) = row.split_once(' ').expect("two columns");
        assert_eq!(format!("{gpu:?}").to_lowercase(), name);
        assert_eq!(gpu.usd(), decimal(usd, 18), "{name}");
    }
}

#[test]
fn larger_tiers_and_gpus_cost_more_and_need_no_less() {
    for (tier, next) in Tier::ALL.into_iter().zip(Tier::ALL.into_iter().skip(1)) {
        assert!(tier < next && tier.usd() < next.usd(), "{tier:?}");
        assert!(next.capacity().covers(&tier.capacity()) && !tier.capacity().covers(&next.capacity()), "{tier:?}");
    }
    assert!(Gpu::ALL.into_iter().zip(Gpu::ALL.into_iter().skip(1)).all(|(gpu, next)| gpu < next));
    assert!(Gpu::ALL.into_iter().zip(Gpu::ALL.into_iter().skip(1)).all(|(gpu, next)| gpu.usd() < next.usd()));
}

#[test]
fn node_price_is_that_of_tier_and_gpu_together_rounded_up_once() {
    assert_eq!(node_price(Tier::Micro, None, USD), Some(R1 / 10));
    assert_eq!(node_price(Tier::Micro, Some(Gpu::Entry), USD), Some(R1 / 10 * 13));
    assert_eq!(node_price(Tier::Ultra2, Some(Gpu::Ultra), USD / 4), Some(170 * R1));
    assert_eq!(node_price(Tier::Micro, None, 3 * USD), Some(33_333_333_333_333_334));
    // 1.3 / 1.3: each part alone does not come out even, both together do.
    assert_eq!(node_price(Tier::Micro, Some(Gpu::Entry), USD / 10 * 13), Some(R1));
}

#[test]
fn node_price_is_none_when_there_is_no_rate() {
    assert!(Tier::ALL.into_iter().all(|tier| node_price(tier, None, 0).is_none()));
    assert_eq!(node_price(Tier::Ultra2, Some(Gpu::Ultra), 0), None);
}

#[test]
fn greatest_job_can_be_counted_at_every_sane_rate() {
    for tier in Tier::ALL {
        for gpu in Gpu::ALL.map(Some).into_iter().chain([None]) {
            for rate in [BOUNDS.0, USD, BOUNDS.1] {
                let each = node_price(tier, gpu, rate).expect("a sane rate");
                let slots = Balance::from(MAX_NODES) * Balance::from(MAX_EPOCHS);
                assert!(each > 0 && each.checked_mul(slots).is_some(), "{tier:?} {gpu:?} {rate}");
            }
        }
    }
}

#[test]
fn service_earns_all_of_the_price_when_it_ran_all_the_epoch() {
    for price in [0, 1, 254, 255, 256, R1, R1 + 1, u128::MAX - 1, u128::MAX] {
        for epoch in [1, 60_000, 3_600_000, 86_400_000, u64::MAX] {
            assert_eq!(earned(price, epoch, epoch, 255), price);
            assert_eq!(earned(price, 0, epoch, 255), 0);
            assert_eq!(earned(price, epoch, epoch, 0), 0);
        }
    }
}

#[test]
fn service_earns_its_share_rounded_down_once() {
    assert_eq!(earned(255, 30_000, 60_000, 255), 127);
    assert_eq!(earned(255, 30_000, 60_000, 250), 125);
    // 1000 / 3 * 3 / 5, not 333 * 3 / 5.
    assert_eq!(earned(1_000, 20_000, 60_000, 153), 200);
    assert_eq!(earned(1, 59_999, 60_000, 255), 0);
    assert_eq!(earned(1, 60_000, 60_000, 254), 0);
}

#[test]
fn service_earns_no_more_than_the_price_when_it_ran_longer_than_the_epoch() {
    assert_eq!(earned(R1, 60_001, 60_000, 255), R1);
    assert_eq!(earned(R1, u64::MAX, 60_000, 255), R1);
    assert_eq!(earned(R1, u64::MAX, 1, 51), R1 / 5);
}

#[test]
fn service_earns_nothing_when_the_epoch_has_no_length() {
    assert_eq!(earned(R1, 0, 0, 255), 0);
    assert_eq!(earned(u128::MAX, u64::MAX, 0, 255), 0);
}

#[test]
fn earnings_do_not_overflow_for_the_greatest_values() {
    let (active, epoch) = (u64::MAX - 1, u64::MAX);
    assert_eq!(earned(u128::MAX, active, epoch, 255), exactly(u128::MAX, active, epoch, 255));
    assert_eq!(earned(u128::MAX, active, epoch, 254), exactly(u128::MAX, active, epoch, 254));
    assert_eq!(earned(u128::MAX, 1, epoch, 1), exactly(u128::MAX, 1, epoch, 1));
}

#[test]
fn burned_share_is_fifteen_percent_rounded_down() {
    assert_eq!(split(0), (0, 0));
    assert_eq!(split(1), (0, 1));
    assert_eq!(split(6), (0, 6));
    assert_eq!(split(7), (1, 6));
    assert_eq!(split(99), (14, 85));
    assert_eq!(split(100), (15, 85));
    assert_eq!(split(R1), (R1 / 100 * 15, R1 / 100 * 85));
    let (burned, paid) = split(u128::MAX);
    assert_eq!(U256::from(burned), U256::from(u128::MAX) * U256::from(15) / U256::from(100));
    assert_eq!(burned.checked_add(paid), Some(u128::MAX));
}

proptest! {
    #[test]
    fn node_price_is_the_least_that_pays_for_the_dollars(
        tier in prop::sample::select(&Tier::ALL[..]),
        gpu in prop::option::of(prop::sample::select(&Gpu::ALL[..])),
        rate in BOUNDS.0..=BOUNDS.1,
    ) {
        let usd = U256::from(tier.usd() + gpu.map_or(0, Gpu::usd)) * U256::from(R1);
        let price = node_price(tier, gpu, rate).expect("a sane rate");
        prop_assert!(U256::from(price) * U256::from(rate) >= usd);
        prop_assert!(U256::from(price - 1) * U256::from(rate) < usd);
    }

    #[test]
    fn node_price_never_panics(tier in prop::sample::select(&Tier::ALL[..]), rate: u128) {
        prop_assert_eq!(node_price(tier, Some(Gpu::Ultra), rate).is_some(), rate != 0);
    }

    #[test]
    fn earned_is_the_exact_share_rounded_down(price in amount(), active: u64, epoch in 1u64.., byte: u8) {
        prop_assert_eq!(earned(price, active, epoch, byte), exactly(price, active.min(epoch), epoch, byte));
        let active = active % epoch;
        prop_assert_eq!(earned(price, active, epoch, byte), exactly(price, active, epoch, byte));
    }

    #[test]
    fn earned_is_never_above_the_price(price in amount(), active: u64, epoch: u64, byte: u8) {
        prop_assert!(earned(price, active, epoch, byte) <= price);
    }

    #[test]
    fn earned_rises_with_price_time_and_byte_and_falls_with_the_epochs_length(
        price in amount(),
        epoch in 1..=86_400_000u64,
        active in 0..=86_400_000u64,
        byte: u8,
        more in (amount(), 0..=86_400_000u64, any::<u8>()),
    ) {
        let all = earned(price, active, epoch, byte);
        prop_assert!(all <= earned(price.saturating_add(more.0), active, epoch, byte));
        prop_assert!(all <= earned(price, active + more.1, epoch, byte));
        prop_assert!(all <= earned(price, active, epoch, byte.saturating_add(more.2)));
        // An epoch that is longer than what was served.
        prop_assert!(earned(price, active, epoch.max(active) + more.1, byte) <= all.max(earned(price, active, active, byte)));
    }

    #[test]
    fn disjoint_windows_of_an_epoch_never_earn_more_than_its_price(
        price in amount(),
        windows in prop::collection::vec((0..=86_400_000u64, any::<u8>()), 1..8),
        idle in 0..=86_400_000u64,
    ) {
        // A slot that moved: each service of it earns its part.
        let epoch = windows.iter().map(|(active, _)| active).sum::<u64>() + idle;
        prop_assume!(epoch > 0);
        let sum = windows.iter().try_fold(0u128, |sum, (active, byte)| {
            sum.checked_add(earned(price, *active, epoch, *byte))
        });
        prop_assert!(sum.is_some_and(|sum| sum <= price));
        // Nothing is lost but less than one base unit for each window.
        let whole = windows.iter().map(|(active, _)| active).sum::<u64>();
        let parts: u128 = windows.iter().map(|(active, _)| earned(price, *active, epoch, 255)).sum();
        let whole = earned(price, whole, epoch, 255);
        prop_assert!(parts <= whole && whole - parts < windows.len() as u128);
    }

    #[test]
    fn parts_add_up_for_any_earning(gross in amount()) {
        let (burned, paid) = split(gross);
        prop_assert_eq!(burned.checked_add(paid), Some(gross));
        prop_assert_eq!(U256::from(burned), U256::from(gross) * U256::from(15) / U256::from(100));
    }
}
