//! Whether the machine has what is declared.

use ratio1_primitives::{heartbeat::Resources, jobs::Capacity};

/// MiB in a GiB.
const MIB_PER_GIB: u64 = 1024;

/// A figure that a declaration exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{declared} {what} are more than this node sees: {seen}. Declare at most that, or give the node more; in a container \
     or service its limits count"
)]
pub struct TooMuch {
    /// What, with its unit.
    pub what: &'static str,
    /// What is declared.
    pub declared: u64,
    /// What is seen.
    pub seen: u64,
}

/// Whether a machine of which `seen` is seen has what is declared. What cannot be seen is not held against anybody, but
/// for GPUs: a node that sees none has none to give.
pub fn check_capacity(seen: &Resources, declared: &Capacity) -> Result<(), TooMuch> {
    let Resources { cpu_milli, memory_mib, disk_mib, gpu } = seen;
    let Capacity { cpu_milli: cpus, memory_mib: memory, disk_gib: disk, gpus } = declared;
    let known = |seen: u64| (seen > 0).then_some(seen);
    let figures = [
        ("thousandths of a vCPU", u64::from(*cpus), known(cpu_milli.total)),
        ("MiB of memory", u64::from(*memory), known(memory_mib.total)),
        ("GiB of disk", u64::from(*disk), known(disk_mib.total).map(|mib| mib / MIB_PER_GIB)),
        ("GPUs", u64::from(*gpus), Some(gpu.total)),
    ];
    let exceeded = figures.into_iter().find_map(|(what, declared, seen)| {
        let seen = seen.filter(|seen| declared > *seen)?;
        Some(TooMuch { what, declared, seen })
    });
    exceeded.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::heartbeat::Amount;

    fn of(total: u64) -> Amount {
        Amount { total, free: 0 }
    }

    #[test]
    fn declaration_is_refused_when_the_machine_has_less() {
        let seen = Resources { cpu_milli: of(4_000), memory_mib: of(512), disk_mib: of(2_047), gpu: of(0) };
        let fits = Capacity { cpu_milli: 4_000, memory_mib: 512, disk_gib: 1, gpus: 0 };
        let check = |declared: Capacity| check_capacity(&seen, &declared);
        assert_eq!(check(fits), Ok(()));
        let too_much = |what, declared, seen| Err(TooMuch { what, declared, seen });
        let cpus = check(Capacity { cpu_milli: 1_024_000, ..fits });
        assert_eq!(cpus, too_much("thousandths of a vCPU", 1_024_000, 4_000));
        assert_eq!(check(Capacity { memory_mib: 513, ..fits }), too_much("MiB of memory", 513, 512));
        assert_eq!(check(Capacity { disk_gib: 2, ..fits }), too_much("GiB of disk", 2, 1));
        assert_eq!(check(Capacity { gpus: 1, ..fits }), too_much("GPUs", 1, 0));
        let said = check(Capacity { disk_gib: 2, ..fits }).unwrap_err().to_string();
        assert!(said.starts_with("2 GiB of disk are more than this node sees: 1. Declare at most"), "{said}");
    }

    #[test]
    fn declaration_is_taken_where_nothing_is_seen_but_for_gpus() {
        let declared = Capacity { cpu_milli: u32::MAX, memory_mib: u32::MAX, disk_gib: u32::MAX, gpus: 0 };
        assert_eq!(check_capacity(&Resources::default(), &declared), Ok(()));
        assert!(check_capacity(&Resources::default(), &Capacity { gpus: 1, ..declared }).is_err());
    }
}
