//! What the machine has, read from `/proc` and the file system. Informative: what a node is paid for is what it
//! declares on chain. What can not be read is reported as zero.

use ratio1_heartbeat::ports::Hardware;
use ratio1_primitives::heartbeat::{Amount, Resources};
use std::path::{Path, PathBuf};

const MIB: u64 = 1024 * 1024;

/// The machine under this process. On systems without `/proc` only CPUs and disk are known.
#[derive(Clone, Debug)]
pub struct Machine {
    /// A path on the disk that counts: where the node keeps its data.
    data: PathBuf,
}

impl Machine {
    /// With the disk that holds `data`.
    pub fn new(data: PathBuf) -> Self {
        Self { data }
    }
}

impl Hardware for Machine {
    fn resources(&self) -> Resources {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Resources {
            cpu_milli: cpu(&read("/proc/loadavg")),
            memory_mib: memory(&read("/proc/meminfo")),
            disk_mib: disk(&self.data),
            gpu: gpus(),
        }
    }
}

/// Thousandths of CPUs: those that this process may use, less the load of the last minute.
fn cpu(loadavg: &str) -> Amount {
    let count = std::thread::available_parallelism().map_or(0, |n| u64::try_from(n.get()).unwrap_or(u64::MAX));
    let total = count.saturating_mul(1_000);
    Amount { total, free: total.saturating_sub(load_milli(loadavg)) }
}

/// The first figure of `/proc/loadavg` in thousandths; it has two decimals.
fn load_milli(loadavg: &str) -> u64 {
    let first = loadavg.split_whitespace().next().unwrap_or_default();
    let (whole, part) = first.split_once('.').unwrap_or((first, "0"));
    let part: u64 = part.parse().unwrap_or(0);
    whole.parse().unwrap_or(0u64).saturating_mul(1_000).saturating_add(part.saturating_mul(10))
}

/// `MemTotal` and `MemAvailable`, which `/proc/meminfo` gives in KiB.
fn memory(meminfo: &str) -> Amount {
    let field = |name: &str| -> u64 {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
    };
    Amount { total: field("MemTotal"), free: field("MemAvailable") }
}

/// Size of the file system, and what of it users other than root may still fill.
fn disk(path: &Path) -> Amount {
    let Ok(stat) = rustix::fs::statvfs(path) else { return Amount::default() };
    let mib = |blocks: u64| blocks.saturating_mul(stat.f_frsize) / MIB;
    Amount { total: mib(stat.f_blocks), free: mib(stat.f_bavail) }
}

/// GPUs that NVIDIA's driver lists; no other kind is looked for. As nothing hands GPUs out yet, all are free.
fn gpus() -> Amount {
    let count = std::fs::read_dir("/proc/driver/nvidia/gpus").map_or(0, |entries| entries.flatten().count());
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    Amount { total: count, free: count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_the_kernel_writes_them() {
        assert_eq!(load_milli("1.25 0.90 0.50 2/345 6789\n"), 1_250);
        assert_eq!(load_milli(""), 0);
        let meminfo = "MemTotal:       2048000 kB\nMemFree:         1000 kB\nMemAvailable:    1024000 kB\n";
        assert_eq!(memory(meminfo), Amount { total: 2_000, free: 1_000 });
        assert_eq!(memory("nonsense"), Amount::default());
    }

    #[test]
    fn disk_is_known_where_the_path_exists_and_zero_elsewhere() {
        assert!(disk(Path::new("/")).total > 0);
        assert_eq!(disk(Path::new("/no/such/path")), Amount::default());
    }
}
