//! Requests: which of them nobody could serve, whoever asks.

use super::*;
use crate::requesting::{has_room_for, validate, InvalidRequest};
use ratio1_primitives::jobs::{
    region::Region,
    request::{Cid, Restart, MAX_SPEC_BYTES},
    HealthCheck, Selectors, Tag,
};

fn request() -> JobRequest {
    JobRequest {
        tier: Tier::Entry,
        gpu: None,
        nodes: 2,
        epochs: 30,
        spec: Cid::new(false, [7; 32]),
        spec_bytes: 512,
        selectors: Selectors::default(),
        restart: Restart::Always,
        same_entity: false,
        health: None,
    }
}

fn refusal(change: impl FnOnce(&mut JobRequest)) -> Option<InvalidRequest> {
    let mut request = request();
    change(&mut request);
    validate(&request).err()
}

fn tag(word: &str) -> Tag {
    word.as_bytes().to_vec().try_into().unwrap()
}

fn list<V, const N: usize, B: TryFrom<Vec<V>>>(entries: [V; N]) -> B
where
    B::Error: core::fmt::Debug,
{
    Vec::from(entries).try_into().unwrap()
}

#[test]
fn request_is_valid_when_all_is_within_bounds() {
    assert_eq!(refusal(|_| ()), None);
    assert_eq!(refusal(|r| (r.nodes, r.epochs, r.spec_bytes) = (64, 1_080, MAX_SPEC_BYTES)), None);
    assert_eq!(refusal(|r| (r.nodes, r.epochs, r.spec_bytes) = (1, 1, 1)), None);
}

#[test]
fn request_is_refused_when_a_number_is_out_of_bounds() {
    assert_eq!(refusal(|r| r.nodes = 0), Some(InvalidRequest::Nodes));
    assert_eq!(refusal(|r| r.nodes = 65), Some(InvalidRequest::Nodes));
    assert_eq!(refusal(|r| r.epochs = 0), Some(InvalidRequest::Epochs));
    assert_eq!(refusal(|r| r.epochs = 1_081), Some(InvalidRequest::Epochs));
    assert_eq!(refusal(|r| r.spec_bytes = 0), Some(InvalidRequest::Spec));
    assert_eq!(refusal(|r| r.spec_bytes = MAX_SPEC_BYTES + 1), Some(InvalidRequest::Spec));
    assert_eq!(refusal(|r| r.spec.0[0] = 0), Some(InvalidRequest::Cid));
}

#[test]
fn request_names_the_first_fault_when_there_are_several() {
    let faults = |r: &mut JobRequest| {
        r.spec_bytes = 0;
        r.selectors.tags = list([tag("Upper")]);
        r.nodes = 0;
    };
    assert_eq!(refusal(faults), Some(InvalidRequest::Nodes));
}

#[test]
fn request_is_refused_when_a_selector_is_malformed() {
    for bad in ["", "Upper", "a b", "a_b"] {
        assert_eq!(refusal(|r| r.selectors.tags = list([tag(bad)])), Some(InvalidRequest::Tag), "{bad}");
        assert_eq!(refusal(|r| r.selectors.not_tags = list([tag(bad)])), Some(InvalidRequest::Tag), "{bad}");
    }
    assert_eq!(refusal(|r| r.selectors.countries = list([Country(*b"de")])), Some(InvalidRequest::Country));
    assert_eq!(refusal(|r| r.selectors.not_countries = list([Country(*b"D1")])), Some(InvalidRequest::Country));
}

#[test]
fn request_is_refused_when_a_list_repeats_itself() {
    let contradiction = Some(InvalidRequest::Contradiction);
    let (de, id) = (Country(*b"DE"), LicenseId(5));
    assert_eq!(refusal(|r| r.selectors.countries = list([de, de])), contradiction);
    assert_eq!(refusal(|r| r.selectors.not_countries = list([de, de])), contradiction);
    assert_eq!(refusal(|r| r.selectors.regions = list([Region::Asia, Region::Asia])), contradiction);
    assert_eq!(refusal(|r| r.selectors.tags = list([tag("ssd"), tag("ssd")])), contradiction);
    assert_eq!(refusal(|r| r.selectors.not_tags = list([tag("ssd"), tag("ssd")])), contradiction);
    assert_eq!(refusal(|r| r.selectors.include = list([id, LicenseId(6), id])), contradiction);
    assert_eq!(refusal(|r| r.selectors.exclude = list([id, id])), contradiction);
}

#[test]
fn request_is_refused_when_it_excludes_what_it_includes() {
    let contradiction = Some(InvalidRequest::Contradiction);
    let both = |change: fn(&mut Selectors)| refusal(|r| change(&mut r.selectors));
    let countries = |s: &mut Selectors| {
        s.countries = list([Country(*b"DE"), Country(*b"FR")]);
        s.not_countries = list([Country(*b"FR")]);
    };
    let tags = |s: &mut Selectors| (s.tags, s.not_tags) = (list([tag("ssd")]), list([tag("ssd")]));
    let licenses = |s: &mut Selectors| {
        s.include = list([LicenseId(1), LicenseId(2)]);
        s.exclude = list([LicenseId(2)]);
    };
    assert_eq!(both(countries), contradiction);
    assert_eq!(both(tags), contradiction);
    assert_eq!(both(licenses), contradiction);
    assert_eq!(both(|s| s.exclude = list([LicenseId(2)])), None);
}

#[test]
fn include_list_is_refused_when_it_is_shorter_than_the_nodes() {
    let with =
        |nodes| refusal(|r| (r.nodes, r.selectors.include) = (nodes, list([LicenseId(1), LicenseId(2), LicenseId(3)])));
    assert_eq!(with(3), None);
    assert_eq!(with(4), Some(InvalidRequest::Include));
}

#[test]
fn health_check_is_refused_when_it_is_no_line_of_a_request() {
    let with = |port, path: &str| {
        let path = path.as_bytes().to_vec().try_into().unwrap();
        refusal(|r| r.health = Some(HealthCheck { port, path }))
    };
    assert_eq!(with(80, "/"), None);
    assert_eq!(with(8_080, "/health?deep=1"), None);
    for (port, path) in [(0, "/"), (80, ""), (80, "health"), (80, "/a b"), (80, "/\r\nHost: x"), (80, "/\u{e9}")] {
        assert_eq!(with(port, path), Some(InvalidRequest::Health), "{port} {path:?}");
    }
}

fn slot(started: Option<u32>, until: u32) -> Slot {
    Slot {
        state: SlotState::Drawing { draw: 0 },
        held: 0,
        started: started.map(EpochIndex),
        terms: list([Term { until: EpochIndex(until), price: 1 }]),
        services: Default::default(),
        drawn: None,
        draws: 0,
        draw_fee: 0,
        tried: Default::default(),
        trial: Default::default(),
    }
}

#[test]
fn slot_is_extended_when_no_more_than_1080_epochs_lie_ahead() {
    let now = EpochIndex(500);
    assert!(has_room_for(&slot(None, 1_000), now, 80));
    assert!(!has_room_for(&slot(None, 1_000), now, 81));
    assert!(has_room_for(&slot(Some(400), 1_000), now, 580));
    assert!(!has_room_for(&slot(Some(400), 1_000), now, 581));
    assert!(!has_room_for(&slot(Some(400), 1_000), now, 0));
    assert!(!has_room_for(&slot(Some(400), 1_000), now, u32::MAX));
}
