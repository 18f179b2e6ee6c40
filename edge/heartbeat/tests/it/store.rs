use crate::fakes::*;
use ratio1_heartbeat::{counts::EpochCounts, finality::Seen, store::ChainId, Store, StoreError};
use ratio1_primitives::{
    ballot::{Ballot, Summary},
    clock::Gaps,
    jobs::{ServiceTerm, SlotRef},
    EpochIndex, Hash, JobId, LicenseId, NodeId,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

fn ballot(epoch: u32, salt: u8) -> Ballot {
    Ballot::new(Summary { epoch: EpochIndex(epoch), salt: [salt; 32], ..Default::default() }, &[1; 3_000], &[]).unwrap()
}

#[test]
fn counts_survive_when_the_store_is_reopened() {
    let dir = tempfile::tempdir().unwrap();
    let mut counts = EpochCounts::new(EpochIndex(1), PARAMS);
    {
        let store = Store::open(dir.path(), CHAIN).unwrap();
        (0..60).for_each(|slot| assert!(counts.count(LicenseId(5), slot)));
        counts.cover(3);
        store.save(&mut counts).unwrap();
        assert!(counts.count(LicenseId(3_000), 59));
        store.save(&mut counts).unwrap();
        let mut other = EpochCounts::new(EpochIndex(2), PARAMS);
        other.count(LicenseId(5), 100);
        store.save(&mut other).unwrap();
    }
    let store = Store::open(dir.path(), CHAIN).unwrap();
    let again = store.load(EpochIndex(1)).unwrap().unwrap();
    assert_eq!(again.bytes(4_000, 112, &Gaps::default()), counts.bytes(4_000, 112, &Gaps::default()));
    assert_eq!(again.coverage(), counts.coverage());
    assert_eq!(again.beats_root(4_000), counts.beats_root(4_000));
    assert!(store.load(EpochIndex(3)).unwrap().is_none());
}

#[test]
fn service_counts_survive_when_the_store_is_reopened() {
    let dir = tempfile::tempdir().unwrap();
    let mut counts = EpochCounts::new(EpochIndex(1), PARAMS);
    {
        let store = Store::open(dir.path(), CHAIN).unwrap();
        for slot in 0..60 {
            counts.count(LicenseId(5), slot);
            counts.count_service(5, slot);
            counts.count_service(3_000, slot);
        }
        store.save(&mut counts).unwrap();
        counts.clear_service(3_000, 7);
        counts.count_service(4, 7);
        store.save(&mut counts).unwrap();
    }
    let store = Store::open(dir.path(), CHAIN).unwrap();
    let again = store.load(EpochIndex(1)).unwrap().unwrap();
    for index in 0..4_000 {
        assert_eq!(again.service(index), counts.service(index), "{index}");
    }
    assert_eq!(again.service(3_000).unwrap().count(), 59);
    assert_eq!(
        again.bytes(4_000, 112, &Gaps::default()),
        counts.bytes(4_000, 112, &Gaps::default()),
        "licenses are apart from services"
    );
    assert_eq!(again.beats_root(4_000), counts.beats_root(4_000));
    assert_eq!(store.prune(|_| false).unwrap(), 1);
    assert!(store.load(EpochIndex(1)).unwrap().is_none());
}

/// Files and folders in a folder, but for what belongs to a store in use.
fn aside(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut aside: Vec<_> = names.filter(|name| name.contains(".aside-")).collect();
    aside.sort();
    aside
}

/// A store with sixty beats of epoch 1, and a ballot of epoch 0.
fn filled(path: &Path, chain: ChainId) -> EpochCounts {
    let store = Store::open(path, chain).unwrap();
    let mut counts = EpochCounts::new(EpochIndex(1), PARAMS);
    for slot in 0..60 {
        counts.count(LicenseId(5), slot);
        counts.count_service(7, slot);
        counts.cover(slot);
    }
    store.save(&mut counts).unwrap();
    store.replace_ballot(ballot(0, 1)).unwrap();
    counts
}

#[test]
fn counts_are_set_aside_when_the_chain_was_started_anew_from_the_same_genesis() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("oracle");
    filled(&path, CHAIN);
    let anew = ChainId { moment: CHAIN.moment + 1, ..CHAIN };
    let store = Store::open(&path, anew).unwrap();
    assert!(store.load(EpochIndex(1)).unwrap().is_none() && store.ballot(EpochIndex(0)).unwrap().is_none());
    assert_eq!(aside(dir.path()), ["oracle.aside-1"]);
    let trouble = store.trouble().unwrap();
    assert!(trouble.condition.contains("oracle.aside-1") && !trouble.remedy.is_empty(), "{trouble:?}");
    // What was set aside is still whole.
    let before = Store::open(&dir.path().join("oracle.aside-1"), CHAIN).unwrap();
    assert_eq!(before.load(EpochIndex(1)).unwrap().unwrap().accepted(LicenseId(5)), 60);

    drop(store);
    let store = Store::open(&path, anew).unwrap();
    assert_eq!((store.trouble(), aside(dir.path())), (None, vec!["oracle.aside-1".to_string()]), "said once");
}

#[test]
fn what_is_set_aside_is_bounded_when_chains_change_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("oracle");
    for moment in 0..5 {
        filled(&path, ChainId { moment, ..CHAIN });
    }
    assert_eq!(aside(dir.path()), ["oracle.aside-3", "oracle.aside-4"]);
    filled(&path, ChainId { genesis: Hash::zero(), ..CHAIN });
    assert_eq!(aside(dir.path()), ["oracle.aside-4", "oracle.aside-5"]);
}

#[test]
fn counts_are_set_aside_when_another_version_wrote_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("oracle");
    fs::create_dir_all(path.join("counts")).unwrap();
    fs::write(path.join("counts/metadata"), "version=8").unwrap();
    let store = Store::open(&path, CHAIN).unwrap();
    assert_eq!(aside(dir.path()), ["oracle.aside-1"]);
    assert!(store.trouble().unwrap().condition.contains("another version"));
}

/// All files in a folder and below.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push(path),
        }
    }
    all.sort();
    all
}

#[test]
fn counting_resumes_when_any_file_of_the_store_is_damaged() {
    let root = tempfile::tempdir().unwrap();
    filled(&root.path().join("0/oracle"), CHAIN);
    let all = files(&root.path().join("0/oracle"));
    assert_eq!(all.len(), 6, "{all:?}");
    let damages: [fn(&mut Vec<u8>); 5] = [
        |bytes| bytes.truncate(100),
        |bytes| bytes.clear(),
        |bytes| bytes.iter_mut().for_each(|byte| *byte ^= 0xff),
        |bytes| bytes[7] ^= 1,
        |bytes| bytes.extend([0x55; 3_000]),
    ];
    for (which, of) in all.iter().enumerate() {
        for (how, damage) in damages.iter().enumerate() {
            let case = format!("{} {how}", of.display());
            let path = root.path().join(format!("{which}-{how}/oracle"));
            let counts = filled(&path, CHAIN);
            let file = path.join(of.strip_prefix(root.path().join("0/oracle")).unwrap());
            let mut bytes = fs::read(&file).unwrap();
            damage(&mut bytes);
            fs::write(&file, &bytes).unwrap();

            // Twice: what is met once is not met again.
            for _ in 0..2 {
                let store = Store::open(&path, CHAIN).unwrap();
                let again = store.load(EpochIndex(1)).unwrap();
                let mut again = again.unwrap_or_else(|| EpochCounts::new(EpochIndex(1), PARAMS));
                // Nothing that was not counted appears.
                for slot in 0..120 {
                    assert!(!again.is_counted(LicenseId(5), slot) || counts.is_counted(LicenseId(5), slot), "{case}");
                    assert!(!again.coverage().get(slot) || counts.coverage().get(slot), "{case}");
                }
                store.ballot(EpochIndex(0)).unwrap();
                again.count(LicenseId(6), 70);
                store.save(&mut again).unwrap();
                assert!(store.load(EpochIndex(1)).unwrap().unwrap().is_counted(LicenseId(6), 70), "{case}");
            }
        }
    }
}

#[test]
fn one_damaged_record_costs_what_it_held_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), CHAIN);
    let file = dir.path().join("counts/1/licenses-0-500");
    let mut bytes = fs::read(&file).unwrap();
    bytes[20 * 136 + 50] ^= 4;
    fs::write(&file, bytes).unwrap();
    let store = Store::open(dir.path(), CHAIN).unwrap();
    let counts = store.load(EpochIndex(1)).unwrap().unwrap();
    assert_eq!((counts.accepted(LicenseId(5)), counts.is_counted(LicenseId(5), 20)), (59, false));
    assert_eq!(counts.service(7).unwrap().count(), 60);
    assert!(store.trouble().unwrap().condition.starts_with("1 records"));
}

#[test]
fn counts_of_other_slots_mean_nothing_when_an_epoch_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), CHAIN);
    let store = Store::open(dir.path(), CHAIN).unwrap();
    let mut counts = store.load(EpochIndex(1)).unwrap().unwrap();
    counts.set_params(ratio1_primitives::EpochParams { beat_ms: 1_000, slots: 60, ..PARAMS });
    counts.count(LicenseId(6), 3);
    store.save(&mut counts).unwrap();
    let again = store.load(EpochIndex(1)).unwrap().unwrap();
    assert_eq!((again.accepted(LicenseId(5)), again.accepted(LicenseId(6)), again.coverage().count()), (0, 1, 0));
    assert_eq!(again.params().beat_ms, 1_000);
}

#[test]
fn ballot_is_replaced_on_demand_until_its_commit_may_be_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), CHAIN).unwrap();
    store.replace_ballot(ballot(1, 1)).unwrap();
    assert_eq!(store.replace_ballot(ballot(1, 2)).unwrap(), ballot(1, 2));
    assert!(!store.is_submitted(EpochIndex(1)).unwrap());
    store.mark_submitted(EpochIndex(1)).unwrap();
    drop(store);
    let store = Store::open(dir.path(), CHAIN).unwrap();
    assert!(store.is_submitted(EpochIndex(1)).unwrap());
    assert_eq!(store.replace_ballot(ballot(1, 3)).unwrap(), ballot(1, 2));
    assert_eq!(store.prune(|_| false).unwrap(), 2);
    assert!(!store.is_submitted(EpochIndex(1)).unwrap());
}

#[test]
fn damaged_ballot_is_set_aside_unless_its_commit_may_be_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), CHAIN).unwrap();
    let path = dir.path().join("ballots/1.ballot");
    for submitted in [false, true] {
        store.replace_ballot(ballot(1, 1)).unwrap();
        if submitted {
            store.mark_submitted(EpochIndex(1)).unwrap();
        }
        let mut bytes = fs::read(&path).unwrap();
        bytes[100] ^= 1;
        fs::write(&path, bytes).unwrap();
        if submitted {
            assert!(matches!(store.ballot(EpochIndex(1)), Err(StoreError::Corrupt { .. })));
            assert!(matches!(store.replace_ballot(ballot(1, 2)), Err(StoreError::Corrupt { .. })), "no second commit");
        } else {
            assert_eq!(store.ballot(EpochIndex(1)).unwrap(), None);
            assert_eq!(aside(&dir.path().join("ballots")), ["1.ballot.aside-1"]);
        }
    }
}

#[test]
fn old_epochs_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), CHAIN).unwrap();
    for epoch in 1..=5 {
        let mut counts = EpochCounts::new(EpochIndex(epoch), PARAMS);
        (0..10).for_each(|slot| assert!(counts.count(LicenseId(5), slot)));
        store.save(&mut counts).unwrap();
        store.replace_ballot(ballot(epoch, 1)).unwrap();
    }
    let keep = |epoch: EpochIndex| epoch.0 == 2 || epoch.0 >= 5;
    assert_eq!(store.prune(keep).unwrap(), 3 * 2);
    assert_eq!(store.prune(keep).unwrap(), 0);
    for epoch in 1..=5 {
        let kept = keep(EpochIndex(epoch));
        assert_eq!(store.load(EpochIndex(epoch)).unwrap().is_some(), kept);
        assert_eq!(store.ballot(EpochIndex(epoch)).unwrap().is_some(), kept);
    }
}

#[test]
fn what_counts_mean_survives_when_the_store_is_reopened() {
    let dir = tempfile::tempdir().unwrap();
    let slot = SlotRef { job: JobId(1), slot: 0 };
    let term = |index| ServiceTerm { index, slot, license: LicenseId(5), from: 70, until: None };
    let mut counts = EpochCounts::new(EpochIndex(1), PARAMS);
    {
        let store = Store::open(dir.path(), CHAIN).unwrap();
        counts.assign(LicenseId(5), NodeId([5; 32]));
        counts.assign(LicenseId(3_000), NodeId([6; 32]));
        store.save(&mut counts).unwrap();
        counts.assign(LicenseId(5), NodeId([7; 32]));
        counts.know(&term(2), 90);
        counts.know(&term(2_000), 70);
        counts.see(Seen { height: 40, at: 99 });
        store.save(&mut counts).unwrap();
    }
    let store = Store::open(dir.path(), CHAIN).unwrap();
    let again = store.load(EpochIndex(1)).unwrap().unwrap();
    assert_eq!([5, 3_000, 6].map(|id| again.node(LicenseId(id))), [Some(NodeId([7; 32])), Some(NodeId([6; 32])), None]);
    assert_eq!([2, 2_000, 3].map(|index| again.known(&term(index))), [Some(90), Some(70), None]);
    assert_eq!(again.seen(), Some(Seen { height: 40, at: 99 }));
}
