//! How this node's services are, from a file that whoever supervises the containers keeps true.
//!
//! For operators who run the containers of their jobs by hand, or with tools of their own. The node looks at no container:
//! it signs what the file says. What is signed and is not so costs the operator, since requesters reject it.

use parking_lot::Mutex;
use ratio1_heartbeat::ports::Services;
use ratio1_primitives::{
    heartbeat::{Service, ServiceState},
    JobId,
};
use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The longest content: some hundred slots, with remarks.
const MAX_BYTES: u64 = 16 * 1024;

/// Why the file says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unusable {
    /// It can not be read.
    Unreadable(io::ErrorKind),
    /// It is a folder, a pipe or a device.
    NoFile,
    /// It is longer than [`MAX_BYTES`].
    TooLong,
    /// It is no text in UTF-8.
    NoText,
    /// A line, counted from one, is no state.
    NoState(usize),
    /// A line is about a slot that an earlier one is about.
    Twice(usize),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "it can not be read ({why}): check the path and its permissions"),
            Self::NoFile => write!(f, "it is no file: name a file, no folder and no pipe"),
            Self::TooLong => write!(f, "it is longer than {MAX_BYTES} bytes: list only what is served now"),
            Self::NoText => write!(f, "it is no text in UTF-8"),
            Self::NoState(line) => {
                write!(f, "line {line} must be `<job> <slot> running` or `<job> <slot> down`, such as `17 0 running`")
            }
            Self::Twice(line) => write!(f, "line {line} names a slot that an earlier line names: list each slot once"),
        }
    }
}

/// The file of `--service-states`.
pub struct ServicesFile {
    path: PathBuf,
    /// What was logged last: `None` inside if the file was good.
    said: Mutex<Option<Option<Unusable>>>,
}

impl ServicesFile {
    /// At `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path, said: Mutex::new(None) }
    }

    /// Log what became of the file if it is something else than before; whether it was.
    fn say(&self, outcome: &Result<Vec<Service>, Unusable>) -> bool {
        let mut said = self.said.lock();
        let now = outcome.as_ref().err().cloned();
        if said.as_ref() == Some(&now) {
            return false;
        }
        let path = self.path.display();
        match &now {
            None => tracing::info!(target: "heartbeat", %path, "heartbeats report the services of the states file"),
            Some(reason) => tracing::warn!(
                target: "heartbeat", %path, %reason,
                "heartbeats report no service, as if none ran: the file of service states is not used"
            ),
        }
        *said = Some(now);
        true
    }
}

impl Services for ServicesFile {
    /// It is read for each beat: it is small, and whatever changed in it counts from the next one.
    fn states(&self) -> Vec<Service> {
        let outcome = read(&self.path);
        self.say(&outcome);
        outcome.unwrap_or_default()
    }
}

/// The states in the file at `path`.
fn read(path: &Path) -> Result<Vec<Service>, Unusable> {
    let unreadable = |error: io::Error| Unusable::Unreadable(error.kind());
    // Before it is opened: opening a pipe waits for somebody to write into it.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Unusable::NoFile);
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells that there is more.
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= MAX_BYTES) {
        parse(&String::from_utf8(bytes).map_err(|_| Unusable::NoText)?)
    } else {
        Err(Unusable::TooLong)
    }
}

/// A state in each line, but for remarks behind `#` and empty lines. All of it, or nothing.
fn parse(text: &str) -> Result<Vec<Service>, Unusable> {
    let mut services = Vec::<Service>::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split_once('#').map_or(line, |(state, _)| state).trim();
        if line.is_empty() {
            continue;
        }
        let service = parse_line(line).ok_or(Unusable::NoState(number))?;
        if services.iter().any(|other| other.job == service.job && other.slot == service.slot) {
            return Err(Unusable::Twice(number));
        }
        services.push(service);
    }
    Ok(services)
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
    use ServiceState::{Down, Running};

    fn service(job: u64, slot: u16, state: ServiceState) -> Service {
        Service { job: JobId(job), slot, state }
    }

    #[test]
    fn states_are_read_line_by_line_without_remarks() {
        let text = "# job slot state\n\n17 0 running\n  17\t1   down # disk full\r\n18446744073709551615 65535 running";
        let states = [service(17, 0, Running), service(17, 1, Down), service(u64::MAX, u16::MAX, Running)];
        assert_eq!(parse(text), Ok(states.to_vec()));
        for nothing in ["", "\n\n", "# nothing runs", "   # 1 0 running"] {
            assert_eq!(parse(nothing), Ok(vec![]), "{nothing:?}");
        }
    }

    #[test]
    fn nothing_is_read_when_a_line_is_wrong() {
        for wrong in [
            "1",
            "1 0",
            "1 0 up",
            "1 0 Running",
            "1 0 running now",
            "1,0,running",
            "-1 0 running",
            "+1 0 running",
            "1 65536 running",
            "18446744073709551616 0 running",
            "1 x running",
            "running",
        ] {
            assert_eq!(parse(&format!("# one\n5 0 running\n{wrong}\n6 0 down")), Err(Unusable::NoState(3)), "{wrong}");
        }
        for twice in ["5 1 running", "5 1 down", "05 01 down"] {
            assert_eq!(parse(&format!("5 1 running\n5 0 down\n\n{twice}")), Err(Unusable::Twice(4)), "{twice}");
        }
    }

    #[test]
    fn file_is_not_used_when_it_is_missing_too_long_or_no_text() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("states");
        assert_eq!(read(&path), Err(Unusable::Unreadable(io::ErrorKind::NotFound)));
        assert_eq!(read(dir.path()), Err(Unusable::NoFile));
        let fill = |len: usize| std::fs::write(&path, format!("1 0 running\n{}", "#".repeat(len))).expect("written");
        fill(16 * 1024 - 12);
        assert_eq!(read(&path), Ok(vec![service(1, 0, Running)]));
        fill(16 * 1024 - 11);
        assert_eq!(read(&path), Err(Unusable::TooLong));
        std::fs::write(&path, [b'#', 0xff, b'\n']).expect("written");
        assert_eq!(read(&path), Err(Unusable::NoText));
    }

    #[test]
    fn change_counts_from_the_next_beat_and_is_logged_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("states");
        let file = ServicesFile::new(path.clone());
        let write = |content: &str| std::fs::write(&path, content).expect("written");
        let look = || {
            let outcome = read(&file.path);
            (file.say(&outcome), file.states())
        };
        assert_eq!((look(), look()), ((true, vec![]), (false, vec![])), "missing");
        write("1 0 running");
        assert_eq!((look(), look()), ((true, vec![service(1, 0, Running)]), (false, vec![service(1, 0, Running)])));
        // As long as before, and within the same moment.
        write("1 1 running");
        assert_eq!(look(), (false, vec![service(1, 1, Running)]), "another state is no news");
        write("1 1 ruining");
        assert_eq!((look(), look()), ((true, vec![]), (false, vec![])));
        write("1 1 running\n1 1 down");
        assert_eq!(look(), (true, vec![]), "another reason");
        std::fs::remove_file(&path).expect("it was there");
        assert_eq!(look(), (true, vec![]));
    }
}
