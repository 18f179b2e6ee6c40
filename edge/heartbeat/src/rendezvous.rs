//! Which oracles a node sends to: rendezvous hashing, anew every epoch.
//!
//! Three of them, however many there are: an oracle has room for a bounded number of connections, and one honest
//! receiver is enough for a beat to reach every oracle. An oracle that counts a beat and does not relay it looks to the
//! node like one that does, so the node asks others whether its beats arrive ([`crate::probe`]) and leaves receivers
//! whose beats do not. And the epoch is part of the hash, so that nobody has the same receivers for long, whoever they
//! are.

use codec::Encode;
use ratio1_primitives::{ballot::Seat, AccountId, EpochIndex, LicenseId};

/// To how many oracles each beat is sent.
// ADR 0026: not more with more oracles, for each of them has room for a bounded number of connections.
pub const REPLICAS: usize = 3;

/// To how many of `n` oracles each beat is sent: [`REPLICAS`], and never more than there are.
pub fn replicas(n: usize) -> usize {
    REPLICAS.min(n)
}

/// The seats in the order in which the node of `license` tries them in `epoch`, as indices into `seats`. Every node has
/// an order of its own, and another in each epoch; when an oracle leaves, only nodes that sent to it choose anew, and
/// they move to their next.
pub fn rendezvous(epoch: EpochIndex, license: LicenseId, seats: &[Seat<AccountId>]) -> Vec<usize> {
    // ADR 0013: the epoch is hashed too, so that nobody keeps faulty receivers.
    let weigh = |(index, seat): (usize, &Seat<AccountId>)| {
        (sp_crypto_hashing::blake2_128(&(b"ratio1/rendezvous/v2", epoch, license, &seat.oracle).encode()), index)
    };
    let mut weights: Vec<_> = seats.iter().enumerate().map(weigh).collect();
    weights.sort_unstable_by(|a, b| b.cmp(a));
    weights.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::crypto::ByteArray;

    fn seats(oracles: &[u8]) -> Vec<Seat<AccountId>> {
        let seat = |n: &u8| Seat {
            oracle: AccountId::new([*n; 32]),
            license: LicenseId(u32::from(*n)),
            vote_key: ratio1_primitives::VoteId::from_slice(&[*n; 32]).unwrap(),
        };
        oracles.iter().map(seat).collect()
    }

    fn order(epoch: u32, license: u32, oracles: &[u8]) -> Vec<u8> {
        let seats = seats(oracles);
        rendezvous(EpochIndex(epoch), LicenseId(license), &seats).into_iter().map(|i| oracles[i]).collect()
    }

    proptest::proptest! {
        #[test]
        fn removing_an_oracle_moves_only_those_who_sent_to_it(epoch: u32, license: u32, n in 1u8..40, gone in 0u8..40) {
            let all: Vec<u8> = (0..n).collect();
            let rest: Vec<u8> = all.iter().copied().filter(|o| *o != gone).collect();
            let expected: Vec<u8> = order(epoch, license, &all).into_iter().filter(|o| *o != gone).collect();
            proptest::prop_assert_eq!(order(epoch, license, &rest), expected);
        }

        #[test]
        fn the_order_of_the_set_does_not_matter(epoch: u32, license: u32, n in 1u8..40) {
            let all: Vec<u8> = (0..n).collect();
            let reversed: Vec<u8> = all.iter().rev().copied().collect();
            proptest::prop_assert_eq!(order(epoch, license, &all), order(epoch, license, &reversed));
        }
    }

    #[test]
    fn load_is_spread_over_the_oracles() {
        let all: Vec<u8> = (0..10).collect();
        let mut load = [0u32; 10];
        for license in 0..10_000 {
            order(7, license, &all).into_iter().take(3).for_each(|o| load[usize::from(o)] += 1);
        }
        assert!(load.iter().all(|l| (2_700..3_300).contains(l)), "{load:?}");
    }

    #[test]
    fn a_node_has_other_oracles_every_epoch() {
        let all: Vec<u8> = (0..30).collect();
        let mut load = [0u32; 30];
        for epoch in 0..1_000 {
            order(epoch, 5, &all).into_iter().take(replicas(30)).for_each(|o| load[usize::from(o)] += 1);
        }
        assert!(load.iter().all(|l| (60..140).contains(l)), "{load:?}");
    }

    #[test]
    fn replicas_are_three_when_the_set_is_large() {
        let expected = [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (7, 3), (10, 3), (100, 3)];
        assert!(expected.iter().all(|(n, r)| replicas(*n) == *r));
    }

    #[test]
    fn connections_of_an_oracle_fit_when_all_deeds_beat_to_a_hundred_oracles() {
        let all: Vec<u8> = (0..100).collect();
        let mut load = [0u32; 100];
        // A tenth of the Node Deeds: the load grows in proportion.
        for license in 0..4_622 {
            order(7, license, &all).into_iter().take(replicas(100)).for_each(|o| load[usize::from(o)] += 1);
        }
        assert!(load.iter().all(|l| l * 10 < 2_500), "{load:?}");
    }
}
