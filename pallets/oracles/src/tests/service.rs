//! Rotation, removal, and the checks of the invariants.

use super::*;

// Rotation

#[test]
fn vote_key_changes_with_the_session_when_keys_are_rotated() {
    run(4, 1, || {
        rotate();
        assert_eq!(System::consumers(&2), 1);
        let changes = SetChanges::get();
        assert_ok!(register(2, 50));
        // The session pallet returns what it took for genesis keys.
        assert_eq!(System::consumers(&2), 0);
        assert_eq!(Oracles::active()[2].vote_key, vote_key(2));
        rotate();
        assert_eq!(Oracles::active()[2].vote_key, vote_key(2));
        rotate();
        assert_eq!(Oracles::active()[2].vote_key, vote_key(50));
        assert_eq!(Authorities::get(), [0, 1, 50, 3]);
        assert_eq!(SetChanges::get(), changes + 1);
    });
}

#[test]
fn set_does_not_change_when_nothing_happened() {
    run(4, 1, || {
        // The genesis pallet returns the set for sessions 0 and 1; none is new after.
        (0..6).for_each(|_| rotate());
        assert_eq!(SetChanges::get(), 0);
        // Keys of somebody who is no oracle are no change either.
        assert_ok!(register(7, 7));
        (0..3).for_each(|_| rotate());
        assert_eq!(SetChanges::get(), 0);
    });
}

#[test]
fn equivocation_of_a_rotated_key_is_provable_when_its_session_is_over() {
    run(4, 1, || {
        assert_ok!(register(2, 50));
        rotate();
        rotate();
        let key = (VOTE_KEY_TYPE, vote_key(50).to_raw_vec());
        let proof = historical::Pallet::<Test>::prove(key.clone()).expect("active");
        rotate();
        assert_eq!(historical::Pallet::<Test>::check_proof(key, proof), Some((2, ())));
    });
}

#[test]
fn history_is_pruned_when_it_is_older_than_its_depth() {
    run(4, 1, || {
        (0..DEPTH + 5).for_each(|_| rotate());
        let now = Session::current_index();
        assert_eq!(historical::StoredRange::<Test>::get(), Some((now - DEPTH, now + 2)));
        assert_eq!(Historical::historical_root(now - DEPTH - 1), None);
        assert!(Historical::historical_root(now - DEPTH).is_some());
    });
}

// Removal

#[test]
fn removed_oracle_is_bound_until_it_is_in_neither_set() {
    run(5, 4, || {
        rotate();
        assert_ok!(remove(1));
        let event = Event::OracleRemoved { oracle: 1, license: LicenseId(1), reason: RemovalReason::Governance };
        assert_eq!(last_event(), event);
        // Barred at once, though it still serves.
        assert!(Oracles::is_barred(&1));
        assert!(queued().contains(&1) && active().contains(&1) && bound(1));
        rotate();
        assert!(!queued().contains(&1) && active().contains(&1) && bound(1));
        assert!(disabled().is_empty());
        rotate();
        assert_eq!(active(), [0, 2, 3, 4]);
        assert!(!bound(1));
    });
}

#[test]
fn queued_oracle_is_bound_when_it_is_removed_before_it_was_active() {
    run(4, 4, || {
        join(7);
        rotate();
        assert_ok!(remove(7));
        rotate();
        assert!(active().contains(&7) && bound(7));
        rotate();
        assert!(!active().contains(&7) && !bound(7));
        // Removed before it was even planned.
        join(8);
        assert_ok!(remove(8));
        assert!(!bound(8));
        rotate();
        assert_eq!(queued(), [0, 1, 2, 3]);
    });
}

#[test]
fn removed_oracle_stays_removed_over_sessions() {
    run(5, 4, || {
        assert_ok!(remove(1));
        for _ in 0..4 {
            assert_noop!(admit(1), Error::<Test>::RemovedForGood);
            assert_noop!(register(1, 60), Error::<Test>::RemovedForGood);
            rotate();
        }
        // Neither its account with another license ...
        Deeds::give(LicenseId(8), &1u64);
        assert_noop!(admit(8), Error::<Test>::RemovedForGood);
        // ... nor its license with another owner.
        Deeds::give(LicenseId(1), &9u64);
        assert_noop!(admit(1), Error::<Test>::RemovedForGood);
        let removal = Removed::<Test>::get(1).expect("removed");
        assert_eq!((removal.license, removal.session), (LicenseId(1), 0));
    });
}

#[test]
fn removal_is_refused_when_the_set_is_at_its_minimum() {
    run(5, 4, || {
        assert_noop!(remove(9), Error::<Test>::NotOracle);
        assert_ok!(remove(4));
        assert_noop!(remove(4), Error::<Test>::NotOracle);
        assert_noop!(remove(3), Error::<Test>::AtMinimum);
        join(7);
        assert_ok!(remove(3));
        assert_eq!(admitted(), [0, 1, 2, 7]);
    });
}

#[test]
fn minimum_is_refused_when_it_is_zero_or_above_the_set() {
    run(4, 4, || {
        for minimum in [0, 5, MAX_ORACLES, u32::MAX] {
            assert_noop!(Oracles::set_minimum(root(), minimum), Error::<Test>::MinimumOutOfBounds);
        }
        assert_ok!(Oracles::set_minimum(root(), 1));
        assert_eq!(last_event(), Event::MinimumSet { minimum: 1 });
        for license in 1..4 {
            assert_ok!(remove(license));
        }
        assert_noop!(remove(0), Error::<Test>::AtMinimum);
        rotate();
        rotate();
        assert_eq!(active(), [0]);
        assert_eq!(Minimum::<Test>::get(), 1);
    });
}

// Invariants

#[test]
fn broken_invariants_are_found() {
    let broken = |damage: fn()| {
        ext(4, 4).execute_with(|| {
            damage();
            Pallet::<Test>::do_try_state().expect_err("must be found")
        })
    };
    let other = DispatchError::Other;
    assert_eq!(broken(|| Minimum::<Test>::put(5)), other("fewer oracles than the minimum"));
    assert_eq!(broken(|| deed(1, |deed| deed.link = None)), other("the license of an oracle is not linked"));
    assert_eq!(broken(|| deed(1, |deed| deed.banned = true)), other("the license of an oracle is banned"));
    assert_eq!(broken(crate::Voters::<Test>::kill), other("the voters are not the validators"));
    assert_eq!(broken(crate::Queued::<Test>::kill), other("the queued sets differ"));
    let shrink = || {
        crate::Oracles::<Test>::mutate(|set| set.pop());
        Minimum::<Test>::put(1);
    };
    assert_eq!(broken(shrink), other("queued, but not admitted when it was planned"));
    let mark = || {
        let mark = crate::Mark { oracle: 1, severity: Perbill::one() };
        Marked::<Test>::put(crate::Marks::truncate_from(vec![mark]));
    };
    assert_eq!(broken(mark), other("an offender is at work below the limit"));
}

#[test]
fn encoded_account_is_what_the_proof_signs() {
    // The convention of `pallet_session::set_keys`, so that `author_rotateKeysWithOwner` makes proofs that we accept.
    run(4, 1, || {
        let (keys, proof) = keys(7, 7);
        assert!(sp_runtime::traits::OpaqueKeys::ownership_proof_is_valid(&keys, &7u64.encode(), &proof));
    });
}
