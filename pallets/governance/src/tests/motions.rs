//! A place for every member's motions.

use super::*;
use crate::{Error, MAX_MOTIONS};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::testing::H256;

#[test]
fn place_is_refused_when_a_member_has_as_many_motions_as_it_may() {
    run(|| {
        let mut open: Vec<H256> = vec![];
        let mut motion = |n: u8| {
            open.push(H256::repeat_byte(n));
            open.clone()
        };
        for n in 0..MAX_MOTIONS as u8 {
            assert_ok!(Governance::take_place(&1, &motion(n)));
        }
        let more = motion(9);
        assert_noop!(Governance::take_place(&1, &more), Error::<Test>::TooManyMotions);
        // Another has its own places.
        assert_ok!(Governance::take_place(&2, &more));
        // One of the first is closed.
        assert_ok!(Governance::take_place(&1, &[more.clone(), vec![H256::repeat_byte(10)]].concat()[1..]));
    });
}
