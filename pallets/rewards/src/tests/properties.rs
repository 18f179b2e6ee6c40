//! The whole schedule, and random lives.

use super::*;

#[test]
fn half_availability_takes_exactly_twice_the_epochs() {
    with_deeds(|| {
        let mut complete = [None; 2];
        for epoch in 1..=2_200 {
            // 127 and 128 in turns: half of 255.
            let half = if epoch % 2 == 1 { 127 } else { 128 };
            finalise(epoch, &[0, 0, 255, half]);
            for (n, complete) in complete.iter_mut().enumerate() {
                let id = LicenseId(2 + n as u32);
                assert_ok!(<Rewards as SettleRewards>::settle(id));
                if complete.is_none() && Rewards::emission(id).residual == 0 {
                    *complete = Some(epoch);
                }
            }
        }
        assert_eq!(complete, [Some(1_080), Some(2_160)]);
        assert_eq!([2, 3].map(balance), [NODE_ENTITLEMENT; 2]);
    });
}

#[test]
fn entitlement_is_minted_exactly_when_all_epochs_are_credited() {
    with_deeds(|| {
        for epoch in 0..1_200 {
            finalise(epoch, &[0, 0, 253]);
            if epoch % 7 == 0 {
                assert_ok!(<Rewards as SettleRewards>::settle(ND));
            }
        }
        assert_eq!(balance(2), NODE_ENTITLEMENT);
        assert_noop!(claim(ND), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn whole_class_mints_its_share_to_the_last_deed_when_every_deed_is_complete() {
    new_test_ext().execute_with(|| {
        issue(LicenseClass::Genesis, Some(account(0)));
        for _ in 0..economics::NODE_COUNT {
            issue(LicenseClass::Node, Some(account(7)));
        }
        for page in 0..ratio1_primitives::pages(economics::NODE_COUNT + 1) {
            let first = page * PAGE_SIZE;
            let length = (economics::NODE_COUNT + 1 - first).min(PAGE_SIZE);
            let credits: Vec<u32> = (first..first + length).map(|id| max_credits(LicenseId(id))).collect();
            Credits::<Test>::insert(page, CreditsPage::try_from(credits).expect("a page"));
        }
        Earned::<Test>::insert(LicenseClass::Genesis, economics::GENESIS_SHARE);
        Earned::<Test>::insert(LicenseClass::Node, NODE_ENTITLEMENT * Balance::from(economics::NODE_COUNT));
        for id in 1..=economics::NODE_COUNT {
            assert_ok!(claim(LicenseId(id)));
        }
        // What is left of the share is the remainder of its division by the number of deeds.
        assert_eq!(NODE_SHARE - balance(7), NODE_SHARE % Balance::from(economics::NODE_COUNT));
        check();
    });
}

/// One step of a random life: an epoch with these bytes and links, or without result, a claim, a settlement, a ban or
/// a burn.
#[derive(Clone, Debug)]
enum Step {
    Lapse,
    Epoch([u8; 5], [bool; 5]),
    Claim(u32),
    Settle(u32),
    Ban(u32, bool),
    Burn(u8, Balance),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<[u8; 5]>(), any::<[bool; 5]>()).prop_map(|(bytes, links)| Step::Epoch(bytes, links)),
        1 => Just(Step::Lapse),
        2 => (0u32..6).prop_map(Step::Claim),
        2 => (0u32..5).prop_map(Step::Settle),
        1 => (2u32..5, any::<bool>()).prop_map(|(id, on)| Step::Ban(id, on)),
        1 => (2u8..5, 0..NODE_ENTITLEMENT / 100).prop_map(|(n, amount)| Step::Burn(n, amount)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn issuance_is_minted_less_burned_whatever_happens(steps in proptest::collection::vec(step(), 0..120)) {
        new_test_ext().execute_with(|| {
            issue_deeds();
            let mut expected = [0u32; 5];
            // From where Master deeds are released.
            for (epoch, step) in (640u32..).zip(steps) {
                match step {
                    Step::Lapse => Rewards::on_lapsed(EpochIndex(epoch), EpochIndex(epoch)),
                    Step::Epoch(bytes, links) => {
                        for (n, linked) in (0u32..).zip(links) {
                            Deeds::linked_in(epoch, LicenseId(n), linked);
                        }
                        finalise(epoch, &bytes);
                        for n in 0..5 {
                            expected[n] += u32::from(bytes[n]) * u32::from(links[n]);
                        }
                    },
                    Step::Claim(id) => {
                        let promised = Rewards::can_claim(LicenseId(id));
                        assert_eq!(promised, claim(LicenseId(id)));
                    },
                    Step::Settle(id) => {
                        assert_ok!(<Rewards as SettleRewards>::settle(LicenseId(id)));
                    },
                    Step::Ban(id, on) => Deeds::ban(LicenseId(id), on),
                    Step::Burn(n, amount) => burn(n, amount),
                }
                check();
            }
            let supply = Rewards::supply();
            let minted = supply.genesis.minted + supply.master.minted + supply.node.minted;
            assert_eq!(supply.outstanding, minted - supply.burned);
            for n in 0..5 {
                assert_eq!(Rewards::credits(LicenseId(n)), expected[n as usize]);
            }
        });
    }

    #[test]
    fn claims_pay_the_same_however_they_are_split(
        life in proptest::collection::vec((any::<u8>(), any::<bool>()), 1..200),
    ) {
        with_deeds(|| {
            for (epoch, (byte, claims)) in (0u32..).zip(&life) {
                // Deed 2 claims now and then, deed 3 once at the end, deed 4 each epoch.
                finalise(epoch, &[0, 0, *byte, *byte, *byte]);
                if *claims {
                    assert_ok!(<Rewards as SettleRewards>::settle(ND));
                }
                assert_ok!(<Rewards as SettleRewards>::settle(LicenseId(4)));
            }
            for id in 2..5 {
                assert_ok!(<Rewards as SettleRewards>::settle(LicenseId(id)));
            }
            let credits = life.iter().map(|(byte, _)| u32::from(*byte)).sum();
            assert_eq!([2, 3, 4].map(balance), [economics::minted(LicenseClass::Node, credits); 3]);
        });
    }
}
