//! Declarations, reservations and links in any order, against a model that keeps a list of slots.

use super::*;
use crate::{Reserved, MAX_SLOTS_PER_NODE};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Declare(NodeProfile),
    Reserve(Capacity),
    /// One of the slots there are.
    Free(prop::sample::Index),
    Epoch,
    /// Another node is linked, if there are no slots.
    Relink(u8),
}

fn any_capacity() -> impl Strategy<Value = Capacity> {
    (0..6u32, 0..6u32, 0..6u32, 0..3u32).prop_map(|(cpu, memory, disk, gpus)| capacity(cpu, memory, disk, gpus))
}

fn any_profile() -> impl Strategy<Value = NodeProfile> {
    (any_capacity(), 0..4usize, 0..3usize).prop_map(|(small, class, tags)| {
        // Room for several slots, some of the time for one more than a node can run.
        let scale = |value: u32| value * 4;
        let capacity =
            capacity(scale(small.cpu_milli), scale(small.memory_mib), scale(small.disk_gib), scale(small.gpus));
        profile(capacity, (small.gpus > 0).then(|| Gpu::ALL[class]), &["a", "b"][..tags])
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => any_profile().prop_map(Step::Declare),
        4 => any_capacity().prop_map(Step::Reserve),
        // Nothing at all fits until the slots are used up.
        2 => Just(Step::Reserve(Capacity::default())),
        2 => any::<prop::sample::Index>().prop_map(Step::Free),
        2 => Just(Step::Epoch),
        1 => (2..5u8).prop_map(Step::Relink),
    ]
}

/// What a license should look like.
#[derive(Default)]
struct Model {
    declared: Option<NodeProfile>,
    by: u8,
    declared_in: Option<u32>,
    sequence: u32,
    slots: Vec<Capacity>,
}

impl Model {
    fn used(&self) -> Capacity {
        self.slots.iter().fold(Capacity::default(), |sum, need| sum.plus(need).unwrap())
    }

    fn has_room(&self, need: &Capacity) -> bool {
        let fits = self.declared.as_ref().is_some_and(|p| p.capacity.covers(&self.used().plus(need).unwrap()));
        fits && self.slots.len() < MAX_SLOTS_PER_NODE as usize
    }

    fn may_declare(&self, profile: &NodeProfile, by: u8) -> bool {
        let later = self.declared_in.is_none_or(|epoch| epoch < Current::get());
        let keeps = profile.capacity.covers(&self.used())
            && (self.used().gpus == 0 || self.declared.as_ref().is_some_and(|old| old.gpu == profile.gpu));
        let new = self.by != by || self.declared.as_ref() != Some(profile);
        later && keeps && new
    }
}

fn apply(model: &mut Model, linked: &mut u8, step: Step) {
    match step {
        Step::Declare(profile) => {
            let may = model.may_declare(&profile, *linked);
            assert_eq!(declare(DEED, &profile).is_ok(), may, "{profile:?}");
            if may {
                model.declared = Some(profile);
                model.by = *linked;
                model.declared_in = Some(Current::get());
                model.sequence += 1;
            }
        }
        Step::Reserve(need) => {
            let room = model.has_room(&need);
            assert_eq!(Nodes::has_room(DEED, &need), room);
            assert_eq!(Nodes::reserve(DEED, &need).is_ok(), room);
            if room {
                model.slots.push(need);
            }
        }
        Step::Free(which) => {
            if !model.slots.is_empty() {
                let need = model.slots.swap_remove(which.index(model.slots.len()));
                Nodes::free(DEED, &need);
            }
        }
        Step::Epoch => epochs(1),
        Step::Relink(to) => {
            // As the licenses pallet does: a license with slots is not unlinked. It reserves again only for a node that
            // declared, which jobs ask `offer`.
            if model.slots.is_empty() && model.by == *linked {
                *linked = to;
                Deeds::link(DEED, Some(node(to)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn reservations_fit_the_declaration_in_any_order(steps in prop::collection::vec(any_step(), 0..80)) {
        new_test_ext().execute_with(|| {
            // No other deed's node is in the way of relinking.
            [3, 4].into_iter().for_each(|id| Deeds::link(LicenseId(id), None));
            let (mut model, mut linked) = (Model { by: 2, ..Model::default() }, 2);
            for step in steps {
                // Jobs reserve only for the linked node's own declaration.
                if matches!(step, Step::Reserve(_)) && Nodes::offer(DEED, &node(linked), u32::MAX).is_none() {
                    continue;
                }
                apply(&mut model, &mut linked, step);
                check();
                let info = Nodes::node_info(DEED);
                assert_eq!(info.reservation.used, model.used());
                assert_eq!(info.reservation.slots as usize, model.slots.len());
                assert_eq!(Reserved::<Test>::contains_key(DEED), !model.slots.is_empty());
                assert_eq!(info.declared.map(|declared| declared.profile), model.declared);
                assert_eq!(crate::Sequence::<Test>::get(DEED), model.sequence);
                let declared = model.declared.clone().unwrap_or_default().capacity;
                assert_eq!(info.free.plus(&info.reservation.used), Some(declared));
            }
        });
    }
}
