//! Random sequences of calls keep the invariants, and the history of links tells what a naive record tells.

use super::{ban, call, link, transfer, unlink, Call};
use crate::{mock::*, LinkRevision, LinkedPages};
use alloc::collections::BTreeMap;
use proptest::prelude::*;
use ratio1_primitives::{
    traits::{DeedToken, EpochInspect, LicenseInspect, PageMask},
    EpochIndex, License, LicenseClass, LicenseId,
};

const DEEDS: u32 = 6;
const PRICE: ratio1_primitives::Balance = 7;

#[derive(Clone, Debug)]
enum Step {
    /// Link a license to a node, by its owner.
    Link(u32, u8),
    Unlink(u32),
    Transfer(u32, u8),
    Ban(u32),
    Unban(u32),
    /// Governance approves that a Master deed moves to an account, or withdraws that.
    Approve(u32, Option<u8>),
    /// List a license, by its owner, for anyone or one account.
    List(u32, Option<u8>),
    Cancel(u32),
    Buy(u32, u8),
    Bind(u32, bool),
    /// So many epochs end.
    Advance(u32),
    /// So many open epochs are closed.
    Close(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let deed = || 0..DEEDS;
    prop_oneof![
        6 => (deed(), 1u8..5).prop_map(|(id, n)| Step::Link(id, n)),
        4 => deed().prop_map(Step::Unlink),
        3 => (deed(), 1u8..=ACCOUNTS).prop_map(|(id, to)| Step::Transfer(id, to)),
        1 => deed().prop_map(Step::Ban),
        1 => deed().prop_map(Step::Unban),
        1 => (deed(), proptest::option::of(1u8..=ACCOUNTS)).prop_map(|(id, to)| Step::Approve(id, to)),
        3 => (deed(), proptest::option::of(1u8..=ACCOUNTS)).prop_map(|(id, to)| Step::List(id, to)),
        1 => deed().prop_map(Step::Cancel),
        3 => (deed(), 1u8..=ACCOUNTS).prop_map(|(id, by)| Step::Buy(id, by)),
        1 => (deed(), any::<bool>()).prop_map(|(id, on)| Step::Bind(id, on)),
        4 => (1u32..3).prop_map(Step::Advance),
        3 => (1u32..4).prop_map(Step::Close),
    ]
}

type State = Vec<(Option<License>, Option<ratio1_primitives::AccountId>)>;

fn state() -> State {
    (0..DEEDS).map(LicenseId).map(|id| (Licenses::license(id), Deeds::owner(id))).collect()
}

fn mask_now() -> PageMask {
    let mut mask = PageMask::default();
    for id in (0..DEEDS).map(LicenseId) {
        mask.set(id.0, Licenses::license(id).is_some_and(|deed| deed.link.is_some()));
    }
    mask
}

fn apply(step: Step, ended: &mut BTreeMap<u32, PageMask>) {
    let owner = |id| Deeds::owner(LicenseId(id)).expect("every deed has an owner");
    // Refusals are part of the game.
    let _ = match step {
        Step::Link(id, n) => link(n, LicenseId(id), &owner(id)),
        Step::Unlink(id) => unlink(LicenseId(id), &owner(id)),
        Step::Transfer(id, to) => transfer(LicenseId(id), &owner(id), &account(to)),
        Step::Ban(id) => frame_support::storage::with_storage_layer(|| ban(LicenseId(id))),
        Step::Unban(id) => Licenses::unban(RuntimeOrigin::root(), LicenseId(id)),
        Step::Approve(id, to) => {
            Licenses::approve_master_transfer(RuntimeOrigin::root(), LicenseId(id), to.map(account))
        }
        Step::List(id, to) => {
            call(&owner(id), Call::list { license: LicenseId(id), price: PRICE, to: to.map(account) })
        }
        Step::Cancel(id) => call(&owner(id), Call::cancel_listing { license: LicenseId(id) }),
        Step::Buy(id, by) => call(&account(by), Call::buy { license: LicenseId(id), max_price: PRICE }),
        Step::Bind(id, on) => {
            let linked = Licenses::license(LicenseId(id)).is_some_and(|deed| deed.link.is_some());
            Bound::mutate(
                |bound| if on && linked { bound.insert(LicenseId(id)) } else { bound.remove(&LicenseId(id)) },
            );
            Ok(())
        }
        Step::Advance(by) => {
            for _ in 0..by {
                ended.insert(Current::get(), mask_now());
                Epochs::end();
            }
            Ok(())
        }
        Step::Close(by) => {
            let oldest = || Open::get().first().copied();
            (0..by).filter_map(|_| oldest()).for_each(Epochs::close);
            Ok(())
        }
    };
}

/// The history answers for every open epoch, and for closed ones as far back as it reaches.
fn check_history(ended: &BTreeMap<u32, PageMask>) {
    let versions = LinkedPages::<Test>::get(0);
    let reach = versions.first().map_or(0, |oldest| oldest.since.0).min(Epochs::oldest_open().0);
    for (epoch, mask) in ended.range(reach..) {
        assert_eq!(Licenses::linked(0, EpochIndex(*epoch)), Some(*mask), "epoch {epoch}");
    }
    assert_eq!(Licenses::linked(0, EpochIndex(Current::get())), Some(mask_now()));
}

/// Whoever moved a deed had been paid for it just before, and a bound license neither moves nor is unlinked.
fn check_change(before: &State, after: &State, settled: usize) {
    for (id, (was, is)) in before.iter().zip(after).enumerate() {
        let id = LicenseId(id as u32);
        if was.1 != is.1 {
            let from = was.1.clone().expect("had an owner");
            assert_eq!(Settled::get().get(settled..), Some(&[(id, from)][..]), "a deed moved unsettled");
            assert!(was
                .0
                .is_some_and(|deed| deed.class != LicenseClass::Genesis && !deed.banned && deed.link.is_none()));
        }
        let unlinked = was.0.is_some_and(|w| w.link.is_some()) && is.0.is_some_and(|i| i.link.is_none());
        assert!(!((unlinked || was.1 != is.1) && Bound::get().contains(&id)), "a bound license came loose");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn invariants_and_history_hold_when_calls_come_at_random(steps in proptest::collection::vec(step(), 1..250)) {
        let mut deeds = deeds();
        deeds.extend([deed(LicenseClass::Node, bob()), deed(LicenseClass::Node, account(3))]);
        deeds[4].node = Some(node(4));
        ext(deeds).execute_with(|| {
            let mut ended = BTreeMap::new();
            for step in steps {
                let (before, revision, settled) = (state(), LinkRevision::<Test>::get(0), Settled::get().len());
                apply(step, &mut ended);
                let after = state();
                let changed = before != after;
                let revised = revision != LinkRevision::<Test>::get(0);
                assert_eq!(changed, revised, "a revision for every change, and no other");
                check_change(&before, &after, settled);
                check_history(&ended);
                Licenses::do_try_state().expect("invariants hold");
            }
        });
    }
}
