//! What the machine has for this process, read from `/proc`, control groups and the file system. A beat tells it for
//! information: what a node is paid for is what it declares on chain, but it cannot declare more than is seen here.
//!
//! Memory and CPU are those of the machine or of the narrowest control group around the process, version 1 or 2: in a
//! container the machine's own figures are not what the node can give.

use ratio1_ports::Hardware;
use ratio1_primitives::heartbeat::{Amount, Resources};
use std::path::{Path, PathBuf};

const MIB: u64 = 1024 * 1024;

/// The machine under this process. On systems without `/proc` only CPUs and disk are known; what cannot be read is
/// zero.
#[derive(Clone, Debug)]
pub struct Machine {
    /// A path on the disk that counts: where the node keeps its data.
    data: PathBuf,
    /// Where the kernel shows itself: `/`, but for tests.
    root: PathBuf,
}

impl Machine {
    /// With the disk that holds `data`.
    pub fn new(data: PathBuf) -> Self {
        Self { data, root: "/".into() }
    }

    fn read(&self, path: impl AsRef<Path>) -> String {
        let path = path.as_ref();
        let below = path.strip_prefix("/").unwrap_or(path);
        std::fs::read_to_string(self.root.join(below)).unwrap_or_default()
    }

    /// Thousandths of CPUs: those that this process may run on and the quota of its groups, less the load of the last
    /// minute.
    fn cpu(&self, groups: &Groups) -> Amount {
        let allowed = self.read("/proc/self/status");
        let allowed = allowed.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).map_or(0, cpus);
        let allowed = match allowed {
            0 => std::thread::available_parallelism().map_or(0, |n| u64::try_from(n.get()).unwrap_or(u64::MAX)),
            allowed => allowed,
        };
        let total = allowed.saturating_mul(1_000);
        let total = self.cpu_quota(groups).map_or(total, |quota| total.min(quota));
        Amount { total, free: total.saturating_sub(load_milli(&self.read("/proc/loadavg"))) }
    }

    /// The least quota of a group around this process, in thousandths of a CPU.
    fn cpu_quota(&self, groups: &Groups) -> Option<u64> {
        let milli = |quota: u64, period: u64| quota.saturating_mul(1_000).checked_div(period);
        let unified = groups.unified.iter().filter_map(|group| {
            let limit = self.read(group.join("cpu.max"));
            let (quota, period) = limit.trim().split_once(' ')?;
            milli(quota.parse().ok()?, period.parse().ok()?)
        });
        let classic = groups.cpu.iter().filter_map(|group| {
            // No quota is -1, which is no number here.
            let figure = |name| self.read(group.join(name)).trim().parse::<u64>().ok();
            milli(figure("cpu.cfs_quota_us")?, figure("cpu.cfs_period_us")?)
        });
        unified.chain(classic).min()
    }

    /// MiB of memory: the machine's, or what the groups around this process leave of it.
    fn memory(&self, groups: &Groups) -> Amount {
        let mut memory = meminfo(&self.read("/proc/meminfo"));
        let unified = groups.unified.iter().map(|group| (group, "memory.max", "memory.current"));
        let classic = groups.memory.iter().map(|group| (group, "memory.limit_in_bytes", "memory.usage_in_bytes"));
        for (group, limit, used) in unified.chain(classic) {
            let figure = |name| self.read(group.join(name)).trim().parse::<u64>().ok();
            let Some(limit) = figure(limit) else { continue };
            let free = limit.saturating_sub(figure(used).unwrap_or(0)) / MIB;
            memory.total = if memory.total == 0 { limit / MIB } else { memory.total.min(limit / MIB) };
            memory.free = memory.free.min(free);
        }
        memory
    }

    /// GPUs that NVIDIA's driver lists; no other kind is looked for. As nothing hands GPUs out yet, all are free.
    fn gpus(&self) -> Amount {
        let list = self.root.join("proc/driver/nvidia/gpus");
        let count = std::fs::read_dir(list).map_or(0, |entries| entries.flatten().count());
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        Amount { total: count, free: count }
    }
}

impl Hardware for Machine {
    fn resources(&self) -> Resources {
        let groups = Groups::of(&self.read("/proc/self/cgroup"));
        Resources {
            cpu_milli: self.cpu(&groups),
            memory_mib: self.memory(&groups),
            disk_mib: disk(&self.data),
            gpu: self.gpus(),
        }
    }
}

/// The folders of the control groups around a process, from its own up to the root.
#[derive(Debug, Default, PartialEq, Eq)]
struct Groups {
    /// Version 2.
    unified: Vec<PathBuf>,
    /// Version 1, by controller.
    cpu: Vec<PathBuf>,
    memory: Vec<PathBuf>,
}

impl Groups {
    /// From `/proc/self/cgroup`: a line for each hierarchy, `number:controllers:path`. Inside a container the path may
    /// be one of the machine's, which is not there: then the root is, and it is the container's own.
    fn of(text: &str) -> Self {
        let mut groups = Self::default();
        for line in text.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
            let up_from = |root: &str| {
                let folders = Path::new(path).ancestors().map(|path| path.strip_prefix("/").unwrap_or(path));
                folders.map(|path| Path::new(root).join(path)).collect::<Vec<_>>()
            };
            if controllers.is_empty() {
                groups.unified = up_from("/sys/fs/cgroup");
            }
            for controller in controllers.split(',') {
                match controller {
                    "cpu" => groups.cpu = up_from("/sys/fs/cgroup/cpu"),
                    "memory" => groups.memory = up_from("/sys/fs/cgroup/memory"),
                    _ => {}
                }
            }
        }
        groups
    }
}

/// How many CPUs a list such as `0-3,8` names.
fn cpus(list: &str) -> u64 {
    let range = |range: &str| -> Option<u64> {
        let (first, last) = range.trim().split_once('-').unwrap_or((range.trim(), range.trim()));
        last.parse::<u64>().ok()?.checked_sub(first.parse().ok()?)?.checked_add(1)
    };
    list.split(',').filter_map(range).fold(0, u64::saturating_add)
}

/// The first figure of `/proc/loadavg` in thousandths; it has two decimals.
fn load_milli(loadavg: &str) -> u64 {
    let first = loadavg.split_whitespace().next().unwrap_or_default();
    let (whole, part) = first.split_once('.').unwrap_or((first, "0"));
    let part: u64 = part.parse().unwrap_or(0);
    whole.parse().unwrap_or(0u64).saturating_mul(1_000).saturating_add(part.saturating_mul(10))
}

/// `MemTotal` and `MemAvailable`, which `/proc/meminfo` gives in KiB.
fn meminfo(meminfo: &str) -> Amount {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine of four CPUs and 2 000 MiB, with these files besides.
    fn machine(dir: &Path, files: &[(&str, &str)]) -> Machine {
        let usual = [
            ("proc/self/status", "Name:\tnode\nCpus_allowed_list:\t0-2,5\n"),
            ("proc/loadavg", "1.25 0.90 0.50 2/345 6789\n"),
            ("proc/meminfo", "MemTotal:       2048000 kB\nMemFree:         1000 kB\nMemAvailable:    1024000 kB\n"),
        ];
        for (path, content) in usual.iter().chain(files) {
            let path = dir.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("written");
            std::fs::write(path, content).expect("written");
        }
        Machine { data: "/".into(), root: dir.into() }
    }

    fn seen(files: &[(&str, &str)]) -> (Amount, Amount) {
        let dir = tempfile::tempdir().expect("a folder");
        let Resources { cpu_milli, memory_mib, .. } = machine(dir.path(), files).resources();
        (cpu_milli, memory_mib)
    }

    #[test]
    fn figures_are_read_as_the_kernel_writes_them() {
        let whole = (Amount { total: 4_000, free: 2_750 }, Amount { total: 2_000, free: 1_000 });
        assert_eq!(seen(&[]), whole);
        assert_eq!(load_milli(""), 0);
        assert_eq!(meminfo("nonsense"), Amount::default());
        assert_eq!(["", "0", "0-1", "0-3,8,10-11", "x-y"].map(cpus), [0, 1, 2, 7, 0]);
    }

    #[test]
    fn limits_of_control_groups_count_when_they_are_narrower() {
        let narrow = (Amount { total: 1_500, free: 250 }, Amount { total: 512, free: 412 });
        let second = [
            ("proc/self/cgroup", "0::/user.slice/node.service\n"),
            ("sys/fs/cgroup/user.slice/node.service/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/user.slice/node.service/memory.max", "536870912\n"),
            ("sys/fs/cgroup/user.slice/node.service/memory.current", "104857600\n"),
            // The group around it counts too.
            ("sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/user.slice/memory.max", "max\n"),
        ];
        assert_eq!(seen(&second), narrow);
        let first = [
            ("proc/self/cgroup", "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n"),
            // Inside the container its own group is the root.
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "75000\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "50000\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "104857600\n"),
        ];
        assert_eq!(seen(&first), narrow);
        let unlimited = [
            ("proc/self/cgroup", "2:memory:/\n1:cpu:/\n0::/\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(seen(&unlimited), seen(&[]));
    }

    #[test]
    fn disk_is_known_where_the_path_exists_and_zero_elsewhere() {
        assert!(disk(Path::new("/")).total > 0);
        assert_eq!(disk(Path::new("/no/such/path")), Amount::default());
    }
}
