//! The Genesis deed mines into the pools.

use super::*;
use economics::{minted, pools::split, GENESIS_SHARE};

const GND: LicenseId = LicenseId(0);

#[test]
#[should_panic(expected = "no pre-mine")]
fn genesis_is_refused_when_it_issues_r1() {
    let balances = pallet_balances::GenesisConfig { balances: vec![(account(2), 1)], ..Default::default() };
    let _ = RuntimeGenesisConfig { balances, ..Default::default() }.build_storage();
}

#[test]
fn genesis_claim_fills_the_five_pools_and_gives_the_owner_nothing() {
    with_deeds(|| {
        finalise(1, &[255]);
        let worth = minted(LicenseClass::Genesis, 255);
        assert_eq!(worth, GENESIS_SHARE / 365);
        assert_eq!(Rewards::claimable(GND), worth);
        assert_ok!(claim(GND));
        let parts = split(worth);
        System::assert_last_event(Event::GenesisClaimed { license: GND, amount: worth, parts, credits: 255 }.into());
        assert_eq!(vaults(), parts.map(|(_, part)| part));
        assert_eq!(deposits(), parts.map(|(_, part)| part));
        assert_eq!((balance(0), Balances::total_issuance()), (0, worth));
        let emission = Emission {
            credits: 255,
            assigned: GENESIS_SHARE,
            minted: worth,
            residual: GENESIS_SHARE - worth,
            ..Default::default()
        };
        assert_eq!(Rewards::emission(GND), emission);
        assert_noop!(claim(GND), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn genesis_claim_is_refused_without_effect_when_a_pool_has_no_account() {
    with_deeds(|| {
        finalise(1, &[255]);
        for pool in Pool::ALL {
            name_pools(Some(pool));
            assert_noop!(claim(GND), Error::<Test>::NoPool);
            assert_eq!(Rewards::can_claim(GND), Err(Error::<Test>::NoPool.into()));
            // The deed's node can be unlinked all the same: what it earned waits.
            assert_ok!(<Rewards as SettleRewards>::settle(GND));
        }
        assert_eq!((Balances::total_issuance(), deposits()), (0, [0; 5]));
        name_pools(None);
        assert_ok!(claim(GND));
    });
}

#[test]
fn genesis_claim_changes_nothing_when_the_last_pool_refuses_what_comes() {
    with_deeds(|| {
        finalise(1, &[255]);
        Refusing::set(Some(Pool::Social));
        // No transaction around it, as if another pallet had called.
        assert!(<Rewards as SettleRewards>::settle(GND).is_err());
        assert_eq!(Balances::total_issuance(), 0);
        assert_eq!(Minted::<Test>::get(LicenseClass::Genesis), 0);
        assert_eq!(Paid::<Test>::get(GND), 0);
    });
}

#[test]
fn pools_hold_the_whole_share_when_365_epochs_are_credited() {
    with_deeds(|| {
        for epoch in 0..400 {
            finalise(epoch, &[255]);
            if epoch % 13 == 0 {
                assert_ok!(<Rewards as SettleRewards>::settle(GND));
            }
        }
        assert_ok!(<Rewards as SettleRewards>::settle(GND));
        assert_eq!(vaults(), split(GENESIS_SHARE).map(|(_, part)| part));
        assert_eq!(vaults().iter().sum::<Balance>(), GENESIS_SHARE);
        assert_noop!(claim(GND), Error::<Test>::NothingToClaim);
        assert_eq!(Rewards::emission(GND).residual, 0);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pools_get_the_same_however_claims_are_split(
        life in proptest::collection::vec((any::<u8>(), any::<bool>()), 1..500),
    ) {
        with_deeds(|| {
            for (epoch, (byte, claims)) in (0u32..).zip(&life) {
                finalise(epoch, &[*byte]);
                if *claims {
                    assert_ok!(<Rewards as SettleRewards>::settle(GND));
                    let so_far = split(minted(LicenseClass::Genesis, Rewards::credits(GND)));
                    assert_eq!(vaults(), so_far.map(|(_, part)| part));
                }
            }
            assert_ok!(<Rewards as SettleRewards>::settle(GND));
            let all = split(minted(LicenseClass::Genesis, Rewards::credits(GND)));
            assert_eq!(vaults(), all.map(|(_, part)| part));
            assert_eq!(deposits(), vaults());
        });
    }
}
