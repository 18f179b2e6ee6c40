use super::*;
use crate::jobs::SEED_BLOCKS;
use proptest::prelude::*;
use std::{collections::BTreeSet, vec::Vec};

/// Chi-square beyond which a correct draw lands once in a million times, by degrees of freedom.
fn limit(freedom: usize) -> f64 {
    match freedom {
        1 => 23.93,
        2 => 27.64,
        4 => 33.38,
        8 => 42.71,
        39 => 96.14,
        99 => 180.80,
        999 => 1_226.06,
        _ => unreachable!("{freedom}"),
    }
}

/// Chi-square of counts against the chances of each. Fails if a chance is too small for it to mean something.
fn chi_square(counts: &[u32], chances: &[f64]) -> f64 {
    let total = f64::from(counts.iter().sum::<u32>());
    counts
        .iter()
        .zip(chances)
        .map(|(count, chance)| {
            let expected = total * chance;
            assert!(expected > 20.0, "{expected} expected");
            (f64::from(*count) - expected).powi(2) / expected
        })
        .sum()
}

fn seed_number(n: u32) -> Hash {
    sp_io::hashing::blake2_256(&n.encode()).into()
}

/// The license that a draw ends with. Those without a reputation are not eligible.
fn drawn(seed: Hash, licenses: &[Option<u16>]) -> Option<usize> {
    let order = Permutation::new(seed, licenses.len() as u32);
    for pass in 0..1_000 {
        for license in (0..order.positions()).filter_map(|position| order.at(position)) {
            let index = license.0 as usize;
            if licenses[index].is_some_and(|reputation| is_taken(seed, pass, license, Reputation(reputation))) {
                return Some(index);
            }
        }
    }
    None
}

/// How often each license is drawn, over so many seeds; only those that are eligible.
fn counts(seeds: u32, licenses: &[Option<u16>]) -> Vec<u32> {
    let mut counts = vec![0; licenses.len()];
    for n in 0..seeds {
        counts[drawn(seed_number(n), licenses).expect("somebody is eligible")] += 1;
    }
    let (eligible, others): (Vec<_>, Vec<_>) = counts.iter().zip(licenses).partition(|(_, license)| license.is_some());
    assert!(others.iter().all(|(count, _)| **count == 0));
    eligible.into_iter().map(|(count, _)| *count).collect()
}

/// What sequential rejection implies: in an order without preference license k comes upon a draw at a uniform moment t of
/// a pass, and is drawn if it is taken and nobody before it was, so with the chance
/// `p_k * integral over t in 0..1 of product over i != k of (1 - p_i * t)`; a pass that takes nobody says nothing about
/// the order, and the next is like it.
fn chances(reputations: &[u16]) -> Vec<f64> {
    const STEPS: u32 = 20_000;
    let p: Vec<f64> = reputations.iter().map(|reputation| f64::from(*reputation) / 1_000.0).collect();
    let none: f64 = p.iter().map(|p| 1.0 - p).product();
    let integral = |k: usize| -> f64 {
        // Simpson's rule.
        let value = |step: u32| -> f64 {
            let t = f64::from(step) / f64::from(STEPS);
            p.iter().enumerate().filter(|(i, _)| *i != k).map(|(_, p)| 1.0 - p * t).product()
        };
        let weight = |step: u32| if step == 0 || step == STEPS { 1.0 } else { f64::from(2 + 2 * (step % 2)) };
        (0..=STEPS).map(|step| weight(step) * value(step)).sum::<f64>() / f64::from(3 * STEPS)
    };
    (0..p.len()).map(|k| p[k] * integral(k) / (1.0 - none)).collect()
}

/// The same, by going through all orders.
fn enumerated(reputations: &[u16]) -> Vec<f64> {
    fn walk(p: &[f64], gone: &mut Vec<usize>, weight: f64, sums: &mut [f64]) {
        let left: Vec<_> = (0..p.len()).filter(|i| !gone.contains(i)).collect();
        for i in &left {
            let weight = weight / left.len() as f64;
            sums[*i] += weight * p[*i];
            gone.push(*i);
            walk(p, gone, weight * (1.0 - p[*i]), sums);
            gone.pop();
        }
    }
    let p: Vec<f64> = reputations.iter().map(|reputation| f64::from(*reputation) / 1_000.0).collect();
    let mut sums = vec![0.0; p.len()];
    walk(&p, &mut Vec::new(), 1.0, &mut sums);
    let some: f64 = sums.iter().sum();
    sums.iter().map(|sum| sum / some).collect()
}

/// All licenses in the order of their positions.
fn order(seed: Hash, licenses: u32) -> Vec<u32> {
    let order = Permutation::new(seed, licenses);
    (0..order.positions()).filter_map(|position| order.at(position)).map(|license| license.0).collect()
}

#[test]
fn every_license_has_one_position_whatever_their_number() {
    for licenses in [0, 1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 1_000, 1_024, 1_025, 65_536, 65_537, 100_000] {
        let mut order = order(seed_number(licenses), licenses);
        order.sort_unstable();
        assert!(order.into_iter().eq(0..licenses), "{licenses}");
    }
}

#[test]
fn positions_are_hardly_more_than_the_licenses() {
    for licenses in (1..70_000).chain([(1 << 30) - 1, 1 << 30, (1 << 30) + 1, u32::MAX - 1, u32::MAX]) {
        let positions = Permutation::new(Hash::zero(), licenses).positions();
        let skipped = positions.checked_sub(licenses.into()).unwrap_or_else(|| panic!("{licenses}: {positions}"));
        assert!(skipped * skipped <= u64::from(licenses), "{licenses}: {positions}");
    }
    assert_eq!(Permutation::new(Hash::zero(), 0).positions(), 1);
}

#[test]
fn nothing_is_at_a_position_when_it_is_beyond_the_last() {
    for licenses in [0, 1, 4, 5, 100_000, u32::MAX] {
        let order = Permutation::new(seed_number(1), licenses);
        for position in [order.positions(), order.positions() + 1, 1 << 32, 1 << 48, u64::MAX] {
            assert_eq!(order.at(position), None, "{licenses}: {position}");
        }
    }
}

#[test]
fn every_entry_of_an_include_list_has_one_position_whatever_its_length() {
    for length in 0..=16u32 {
        // Numbers far beyond the length of the list.
        let list: Vec<LicenseId> = (0..length).map(|n| LicenseId(n * 1_000_003)).collect();
        let order = Permutation::new(seed_number(length), length);
        assert!(order.positions() <= 20, "{length}: a pass is one block's work");
        let at = |position| found(&order, Some(&list), position);
        let mut all: Vec<_> = (0..order.positions()).filter_map(at).collect();
        assert!(length < 4 || all != list, "{length}: it is an order of its own");
        all.sort_unstable();
        assert_eq!(all, list);
        assert_eq!(found(&order, Some(&list), order.positions()), None);
    }
    // A list that is shorter than the order was made for.
    let order = Permutation::new(seed_number(1), 16);
    let some = (0..order.positions()).filter_map(|position| found(&order, Some(&[LicenseId(9)]), position));
    assert_eq!(some.collect::<Vec<_>>(), [LicenseId(9)]);
}

#[test]
fn orders_differ_when_seeds_do() {
    let orders: BTreeSet<_> = (0..100).map(|n| order(seed_number(n), 50)).collect();
    assert_eq!(orders.len(), 100);
    // In one bit of any byte.
    let seed = seed_number(0);
    for byte in 0..32 {
        let mut other = seed;
        other.0[byte] ^= 1;
        assert_ne!(order(seed, 50), order(other, 50), "byte {byte}");
    }
    assert_eq!(order(seed, 50), order(seed, 50));
}

#[test]
fn every_license_comes_first_as_often_when_they_are_few() {
    // Numbers at which the domain is much larger, or one license is alone in its part of it: the hardest for the network.
    for licenses in [3u32, 5, 9] {
        let counts = counts(150_000, &vec![Some(Reputation::MOST); licenses as usize]);
        let chi_square = chi_square(&counts, &vec![1.0 / f64::from(licenses); licenses as usize]);
        assert!(chi_square < limit(counts.len() - 1), "{licenses}: {chi_square} {counts:?}");
    }
}

#[test]
fn draws_are_uniform_when_reputations_are_equal() {
    for reputation in [300, 1_000] {
        let counts = counts(20_000, &[Some(reputation); 100]);
        let chi_square = chi_square(&counts, &[0.01; 100]);
        assert!(chi_square < limit(99), "{reputation}: {chi_square}");
    }
}

#[test]
fn draws_are_uniform_among_the_eligible_when_they_are_few_of_many() {
    let licenses: Vec<_> = (0..60).map(|n| [0, 1, 8, 9, 59].contains(&n).then_some(Reputation::MOST)).collect();
    let counts = counts(20_000, &licenses);
    let chi_square = chi_square(&counts, &[0.2; 5]);
    assert!(chi_square < limit(4), "{chi_square} {counts:?}");
}

#[test]
fn integral_of_the_chances_agrees_with_all_orders() {
    for reputations in
        [&[1_000, 500][..], &[1_000, 500, 500], &[10, 20, 30, 1_000], &[500; 5], &[1, 999, 500, 3, 700, 80]]
    {
        let (integral, exact) = (chances(reputations), enumerated(reputations));
        assert!((integral.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(integral.iter().zip(&exact).all(|(a, b)| (a - b).abs() < 1e-9), "{integral:?} {exact:?}");
    }
    // By hand: the better one is first, or second behind one that was not taken.
    assert_eq!(enumerated(&[1_000, 500]), [0.75, 0.25]);
}

#[test]
fn draws_follow_reputation_as_rejection_implies_when_it_is_1000_against_500() {
    for reputations in [&[1_000, 500][..], &[1_000, 500, 500], &[500, 1_000, 500, 1_000, 500]] {
        let licenses: Vec<_> = reputations.iter().copied().map(Some).collect();
        let (counts, exact) = (counts(100_000, &licenses), enumerated(reputations));
        let chi_square = chi_square(&counts, &exact);
        assert!(chi_square < limit(counts.len() - 1), "{reputations:?}: {chi_square} {counts:?} {exact:?}");
    }
}

#[test]
fn draws_follow_reputation_as_rejection_implies_when_licenses_are_many() {
    // 100 to 1000; every fifth license is not eligible.
    let licenses: Vec<_> = (0..50u16).map(|n| (n % 5 != 2).then_some(100 + 900 * n / 49)).collect();
    let reputations: Vec<_> = licenses.iter().copied().flatten().collect();
    assert_eq!((reputations.first(), reputations.last(), reputations.len()), (Some(&100), Some(&1_000), 40));
    let (counts, chances) = (counts(20_000, &licenses), chances(&reputations));
    let chi_square = chi_square(&counts, &chances);
    assert!(chi_square < limit(39), "{chi_square}: {counts:?}");
}

#[test]
fn later_passes_draw_too_when_reputations_are_low() {
    // Most passes over these take nobody.
    let reputations = [60, 120, 180];
    let counts = counts(20_000, &reputations.map(Some));
    let chi_square = chi_square(&counts, &enumerated(&reputations));
    assert!(chi_square < limit(2), "{chi_square} {counts:?}");
}

#[test]
fn license_is_never_taken_when_its_reputation_is_zero_and_always_when_it_is_full() {
    for n in 0..10_000 {
        assert!(!is_taken(seed_number(n), n, LicenseId(n), Reputation(0)));
        assert!(is_taken(seed_number(n), n, LicenseId(n), Reputation(Reputation::MOST)));
    }
}

#[test]
fn license_is_taken_when_its_coin_is_below_its_reputation() {
    let seed = seed_number(0);
    for license in (0..1_000).map(LicenseId) {
        let coin = coin(seed, 0, license);
        assert!(!is_taken(seed, 0, license, Reputation(coin)) && is_taken(seed, 0, license, Reputation(coin + 1)));
    }
}

#[test]
fn coins_are_uniform_over_seeds_licenses_and_passes() {
    let throws: [fn(u32) -> u16; 3] = [
        |n| coin(seed_number(n), 0, LicenseId(0)),
        |n| coin(Hash::zero(), 0, LicenseId(n)),
        |n| coin(Hash::zero(), n, LicenseId(0)),
    ];
    for (about, throw) in ["seeds", "licenses", "passes"].into_iter().zip(throws) {
        let mut counts = [0u32; 1_000];
        (0..100_000).for_each(|n| counts[usize::from(throw(n))] += 1);
        let chi_square = chi_square(&counts, &[0.001; 1_000]);
        assert!(chi_square < limit(999), "{about}: {chi_square}");
    }
}

#[test]
fn seeds_depend_on_every_bit_of_every_output_and_on_the_draw() {
    const OUTPUTS: [[u8; 32]; SEED_BLOCKS as usize] = [[1; 32], [2; 32], [3; 32], [4; 32]];
    let mut seeds = BTreeSet::from([seed(&OUTPUTS, 0)]);
    for (output, bit) in (0..OUTPUTS.len()).flat_map(|output| (0..256).map(move |bit| (output, bit))) {
        let mut other = OUTPUTS;
        other[output][bit / 8] ^= 1 << (bit % 8);
        assert!(seeds.insert(seed(&other, 0)), "bit {bit} of output {output}");
    }
    for draw in (0..64).map(|bit| 1u64 << bit) {
        assert!(seeds.insert(seed(&OUTPUTS, draw)), "{draw}");
    }
    let mut swapped = OUTPUTS;
    swapped.swap(0, 1);
    assert!(seeds.insert(seed(&swapped, 0)));
    assert_eq!(seed(&OUTPUTS, 0), seed(&OUTPUTS, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_is_a_bijection(bytes: [u8; 32], licenses in 0..3_000u32) {
        let mut order = order(bytes.into(), licenses);
        order.sort_unstable();
        prop_assert!(order.into_iter().eq(0..licenses));
    }

    #[test]
    fn what_is_at_a_position_is_a_license(bytes: [u8; 32], licenses: u32, position: u64) {
        let order = Permutation::new(bytes.into(), licenses);
        prop_assert!(order.positions() >= u64::from(licenses).max(1));
        for position in [position, position % order.positions()] {
            prop_assert!(order.at(position).is_none_or(|license| license.0 < licenses));
        }
    }

    #[test]
    fn coins_are_below_the_greatest_reputation(bytes: [u8; 32], pass: u32, license: u32) {
        prop_assert!(coin(bytes.into(), pass, LicenseId(license)) < Reputation::MOST);
    }
}
