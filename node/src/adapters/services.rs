//! How this node's services are, from a file that whoever supervises the containers keeps true.
//!
//! For operators who run the containers of their jobs by hand, or with tools of their own. The node looks at no
//! container: it signs what the file says. What is signed and is not so costs the operator, since requesters reject it.
//!
//! A file that nobody writes any more says nothing about containers that may have ended since: it is believed only
//! while it is fresh. A line that is wrong costs its own slot and no other one's.

use super::watched_file::{FileFault, WatchedFile};
use ratio1_ports::{Services, Trouble, Wallclock};
use ratio1_primitives::{
    heartbeat::{Service, ServiceState},
    JobId,
};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// For how long the file is believed unless the operator says otherwise: a few heartbeats.
pub const MAX_AGE: Duration = Duration::from_secs(60);
/// The longest content: some hundred slots, with remarks.
const MAX_BYTES: usize = 16 * 1024;

/// What keeps the file fresh.
const IF_OLD: &str = "see that what supervises the containers runs and writes the file anew, also when nothing has \
                      changed; `--service-states-max-age` says how often it must";

/// Why a part of it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A line, counted from one, is no state.
    NoState(usize),
    /// A line says something else of a slot than an earlier one.
    Contradiction(usize),
    /// What follows after [`MAX_BYTES`] is not read.
    TooLong,
}

/// What is wrong with the file: nothing, when there is no reason and no fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Verdict {
    unusable: Option<FileFault>,
    faults: Vec<Fault>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoState(line) => {
                write!(f, "line {line} is not `<job> <slot> running` or `<job> <slot> down`, such as `17 0 running`")
            }
            Self::Contradiction(line) => {
                write!(f, "line {line} contradicts an earlier one, so its slot counts as down")
            }
            Self::TooLong => write!(f, "what follows after {MAX_BYTES} bytes is not read"),
        }
    }
}

impl Verdict {
    fn trouble(&self, path: &Path) -> Option<Trouble> {
        let path = path.display();
        if let Some(unusable) = &self.unusable {
            let condition =
                format!("heartbeats report no service, as if none ran: the states in {path} are not used, {unusable}");
            return Some(Trouble::new(condition, unusable.remedy(IF_OLD)));
        }
        let first = self.faults.first()?;
        let more = match self.faults.len() {
            1 => String::new(),
            all => format!(" (and {} more)", all.saturating_sub(1)),
        };
        Some(Trouble::new(format!("in {path} {first}{more}"), "correct the file; the other lines are used meanwhile"))
    }
}

/// The file of `--service-states`.
pub struct ServicesFile {
    file: WatchedFile<Verdict>,
    /// For how long it is believed; `None`: for ever.
    max_age: Option<Duration>,
}

impl ServicesFile {
    /// At `path`, believed while it is no older than `max_age`; zero: always.
    pub fn new(path: PathBuf, max_age: Duration, clock: Arc<dyn Wallclock>) -> Self {
        let max_age = (!max_age.is_zero()).then_some(max_age);
        Self { file: WatchedFile::new(path, MAX_BYTES, clock), max_age }
    }

    fn read(&self) -> (Vec<Service>, Verdict) {
        match self.file.read(self.max_age) {
            Ok(bytes) => {
                let (services, faults) = parse(&bytes);
                (services, Verdict { unusable: None, faults })
            }
            Err(unusable) => (Vec::new(), Verdict { unusable: Some(unusable), faults: Vec::new() }),
        }
    }

    /// Log what became of the file if it is something else than before; whether it was.
    fn log_news(&self, now: &Verdict) -> bool {
        if !self.file.is_news(now) {
            return false;
        }
        match now.trouble(self.file.path()) {
            None => {
                let path = self.file.path().display();
                tracing::info!(target: "heartbeat", %path, "heartbeats report the services of the states file");
            }
            Some(Trouble { condition, remedy }) => tracing::warn!(target: "heartbeat", "{condition}. Remedy: {remedy}"),
        }
        true
    }
}

impl Services for ServicesFile {
    /// It is read for each beat: it is small, and whatever changed in it counts from the next one.
    fn service_states(&self) -> Vec<Service> {
        let (services, verdict) = self.read();
        self.log_news(&verdict);
        services
    }

    fn trouble(&self) -> Option<Trouble> {
        self.file.last()?.trouble(self.file.path())
    }
}

/// A state in each line, but for remarks behind `#` and empty lines. What is wrong is left out, and told.
fn parse(bytes: &[u8]) -> (Vec<Service>, Vec<Fault>) {
    let mut faults = Vec::new();
    let whole = match bytes.get(..MAX_BYTES) {
        Some(most) if bytes.len() > MAX_BYTES => {
            faults.push(Fault::TooLong);
            // The last line may be cut.
            most.iter().rposition(|byte| *byte == b'\n').and_then(|end| most.get(..end)).unwrap_or_default()
        }
        _ => bytes,
    };
    let mut services = Vec::<Service>::new();
    for (number, line) in (1..).zip(whole.split(|byte| *byte == b'\n')) {
        let state = line.split(|byte| *byte == b'#').next().unwrap_or_default();
        let Some(state) = std::str::from_utf8(state).ok().map(str::trim) else {
            faults.push(Fault::NoState(number));
            continue;
        };
        if state.is_empty() {
            continue;
        }
        let Some(service) = parse_line(state) else {
            faults.push(Fault::NoState(number));
            continue;
        };
        match services.iter_mut().find(|other| other.job == service.job && other.slot == service.slot) {
            Some(other) if other.state != service.state => {
                other.state = ServiceState::Down;
                faults.push(Fault::Contradiction(number));
            }
            Some(_) => {}
            None => services.push(service),
        }
    }
    (services, faults)
}

fn parse_line(line: &str) -> Option<Service> {
    let mut words = line.split_whitespace();
    let (job, slot, state) = (number(words.next()?)?, number(words.next()?)?, words.next()?);
    let state = match state {
        "running" => ServiceState::Running,
        "down" => ServiceState::Down,
        _ => return None,
    };
    words.next().is_none().then_some(Service { job: JobId(job), slot: u16::try_from(slot).ok()?, state })
}

/// Digits alone: no sign.
fn number(word: &str) -> Option<u64> {
    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::watched_file::write_at;
    use ratio1_ports::testing::FakeClock;
    use ServiceState::{Down, Running};

    const NOW: u64 = 1_800_000_000_000;

    fn service(job: u64, slot: u16, state: ServiceState) -> Service {
        Service { job: JobId(job), slot, state }
    }

    #[test]
    fn states_are_read_line_by_line_without_remarks() {
        let text = "# job slot state\n\n17 0 running\n  17\t1   down # disk full\r\n18446744073709551615 65535 running";
        let states = [service(17, 0, Running), service(17, 1, Down), service(u64::MAX, u16::MAX, Running)];
        assert_eq!(parse(text.as_bytes()), (states.to_vec(), vec![]));
        for nothing in ["", "\n\n", "# nothing runs", "   # 1 0 running"] {
            assert_eq!(parse(nothing.as_bytes()), (vec![], vec![]), "{nothing:?}");
        }
    }

    #[test]
    fn other_lines_count_when_one_is_wrong() {
        for wrong in [
            &b"1"[..],
            b"1 0",
            b"1 0 up",
            b"1 0 Running",
            b"1 0 running now",
            b"1,0,running",
            b"-1 0 running",
            b"+1 0 running",
            b"1 65536 running",
            b"18446744073709551616 0 running",
            b"1 x running",
            b"running",
            b"1 0 runn\xffing",
        ] {
            let text = [b"# one\n5 0 running\n", wrong, b"\n6 0 down"].concat();
            let states = vec![service(5, 0, Running), service(6, 0, Down)];
            assert_eq!(parse(&text), (states, vec![Fault::NoState(3)]), "{wrong:?}");
        }
    }

    #[test]
    fn contradiction_costs_its_own_slot_only() {
        for (twice, state, faults) in [
            ("5 1 running", Running, vec![]),
            ("5 1 down", Down, vec![Fault::Contradiction(4)]),
            ("05 01 down", Down, vec![Fault::Contradiction(4)]),
            ("5 1 down\n5 1 running", Down, vec![Fault::Contradiction(4), Fault::Contradiction(5)]),
        ] {
            let text = format!("5 1 running\n5 0 running\n\n{twice}");
            let states = vec![service(5, 1, state), service(5, 0, Running)];
            assert_eq!(parse(text.as_bytes()), (states, faults), "{twice}");
        }
    }

    #[test]
    fn lines_that_fit_count_when_the_file_is_too_long() {
        let line = "1 0 running\n";
        let fits = format!("{line}{}", "#".repeat(MAX_BYTES - line.len()));
        assert_eq!(parse(fits.as_bytes()), (vec![service(1, 0, Running)], vec![]));
        let longer = format!("{line}{}\n2 0 running", " ".repeat(MAX_BYTES - line.len() - 4));
        assert_eq!(
            parse(longer.as_bytes()),
            (vec![service(1, 0, Running)], vec![Fault::TooLong]),
            "the cut line says nothing"
        );
    }

    #[test]
    fn services_do_not_run_when_the_file_is_older_than_it_may_be() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("states");
        let clock = Arc::new(FakeClock::default());
        let file = ServicesFile::new(path.clone(), MAX_AGE, clock.clone());
        let at = |now| {
            clock.set(now);
            (file.service_states().len(), file.trouble().is_some())
        };
        write_at(&path, b"1 0 running", NOW);
        assert_eq!((at(NOW), at(NOW + 60_000)), ((1, false), (1, false)));
        assert_eq!(at(NOW + 60_001), (0, true), "nobody writes it any more");
        assert_eq!(at(NOW - 60_001), (0, true), "it would be fresh for ever");
        write_at(&path, b"1 0 running", NOW + 60_001);
        assert_eq!(at(NOW + 60_001), (1, false), "the same again, written anew");

        let always = ServicesFile::new(path, Duration::ZERO, clock);
        assert_eq!(always.service_states(), [service(1, 0, Running)], "whatever its age");
    }

    #[test]
    fn change_counts_from_the_next_beat_and_is_logged_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("states");
        let clock = Arc::new(FakeClock::at(NOW));
        let file = ServicesFile::new(path.clone(), MAX_AGE, clock);
        let write = |content: &str| write_at(&path, content.as_bytes(), NOW);
        let look =
            || (file.log_news(&file.read().1), file.service_states(), file.trouble().map(|trouble| trouble.condition));
        let one = |slot| vec![service(1, slot, Running)];
        assert!(matches!((look(), look()), ((true, _, Some(_)), (false, _, Some(_)))), "missing");
        write("1 0 running");
        assert_eq!((look(), look()), ((true, one(0), None), (false, one(0), None)));
        // As long as before, and within the same moment.
        write("1 1 running");
        assert_eq!(look(), (false, one(1), None), "another state is no news");
        write("1 1 running\n1 2 ruining\n?");
        let (new, states, trouble) = look();
        assert_eq!((new, states), (true, one(1)));
        assert!(trouble.as_ref().is_some_and(|said| said.contains("line 2") && said.contains("1 more")), "{trouble:?}");
        assert!(!look().0);
        std::fs::remove_file(&path).expect("it was there");
        assert!(matches!(look(), (true, states, Some(_)) if states.is_empty()));
    }
}
