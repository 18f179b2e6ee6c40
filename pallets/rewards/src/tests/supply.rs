//! What exists of R1, and what is still to come.

use super::*;

const MND: LicenseId = LicenseId(1);

#[test]
fn supply_names_cap_granted_minted_and_unclaimed_when_asked_by_class() {
    with_deeds(|| {
        let class = |cap, granted| ClassSupply { cap, granted, ..Default::default() };
        let mut expected = Supply {
            genesis: class(economics::GENESIS_SHARE, economics::GENESIS_SHARE),
            master: class(economics::MASTER_SHARE, ASSIGNED),
            node: class(NODE_SHARE, 3 * NODE_ENTITLEMENT),
            burned: 0,
            outstanding: 0,
        };
        assert_eq!(Rewards::supply(), expected);

        finalise(660, &[255; 4]);
        let master = economics::curve::release(ASSIGNED, EpochIndex(0), EpochIndex(660), EpochIndex(660));
        let (genesis, node) = (economics::GENESIS_SHARE / 365, NODE_ENTITLEMENT / 1_080);
        expected.genesis.unclaimed = genesis;
        expected.master.unclaimed = master;
        expected.node.unclaimed = 2 * node;
        assert_eq!(Rewards::supply(), expected);

        // A ban changes nothing: what was earned thaws.
        Deeds::ban(LicenseId(3), true);
        for id in 0..5 {
            assert_ok!(<Rewards as SettleRewards>::settle(LicenseId(id)));
        }
        burn(2, 1_000);
        (expected.genesis.unclaimed, expected.genesis.minted) = (0, genesis);
        (expected.master.unclaimed, expected.master.minted) = (0, master);
        (expected.node.unclaimed, expected.node.minted) = (node, node);
        (expected.burned, expected.outstanding) = (1_000, genesis + master + node - 1_000);
        assert_eq!(Rewards::supply(), expected);
        assert_eq!(<Rewards as SupplyLedger>::minted(LicenseClass::Node), node);
    });
}

#[test]
fn burned_credit_is_counted_when_nobody_takes_it() {
    with_deeds(|| {
        finalise(1, &[0, 0, 255]);
        assert_ok!(claim(ND));
        let before = balance(2);
        burn(2, 1_000);
        System::assert_has_event(Event::Burned { amount: 1_000, total: 1_000 }.into());
        burn(2, 0);
        assert_eq!(Rewards::supply().burned, 1_000);
        assert_eq!(Balances::total_issuance(), before - 1_000);
    });
}

#[test]
fn try_state_fails_when_r1_appears_vanishes_or_is_paid_twice() {
    let broken = |harm: fn()| {
        new_test_ext().execute_with(|| {
            issue_deeds();
            finalise(1, &[255; 5]);
            assert_ok!(claim(ND));
            check();
            harm();
            assert!(Rewards::do_try_state().is_err());
        })
    };
    broken(|| {
        assert_ok!(Balances::mint_into(&account(2), 1));
    });
    broken(|| Burned::<Test>::put(1));
    broken(|| Minted::<Test>::mutate(LicenseClass::Node, |m| *m += 1));
    broken(|| Minted::<Test>::insert(LicenseClass::Master, economics::MASTER_SHARE + 1));
    broken(|| Paid::<Test>::insert(ND, 256));
    broken(|| Paid::<Test>::insert(LicenseId(5), 0));
    broken(|| Earned::<Test>::mutate(LicenseClass::Node, |e| *e += 1));
    broken(|| Earned::<Test>::insert(LicenseClass::Master, 1));
    broken(|| Masters::<Test>::mutate(MND, |m| m.paid = 1));
    broken(|| Masters::<Test>::mutate(MND, |m| m.carried = ASSIGNED + 1));
    broken(|| Masters::<Test>::insert(ND, MasterLedger::default()));
    broken(|| Deeds::grant(MND, economics::MASTER_SHARE + 1, 0));
    broken(|| Credits::<Test>::mutate(0, |c| c[2] = MAX + 1));
    broken(|| Credits::<Test>::mutate(0, |c| c[0] = 93_076));
    broken(|| Credits::<Test>::mutate(0, |c| c.try_push(0).expect("there is room")));
    broken(|| Credits::<Test>::insert(1, CreditsPage::try_from(vec![0]).expect("it is short")));
}
