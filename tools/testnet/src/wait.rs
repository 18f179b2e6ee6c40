//! Waiting for a condition with a deadline, in view of the person who waits.

use crate::{Error, Result};
use std::{
    future::Future,
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};
use tokio::signal::unix::{signal, SignalKind};

/// Between two looks at a condition.
const POLL: Duration = Duration::from_millis(300);
/// A condition that takes longer than this is announced.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tell the person at the terminal. To stderr directly, so that a test harness does not hold it back.
pub fn progress(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "{}", line.as_ref());
}

/// Ask `probe` until it answers something, at most for `limit`. Errors that may pass are tried again, and named if
/// they last.
pub async fn wait_for<T, P, F>(what: impl Into<String>, limit: Duration, mut probe: P) -> Result<T>
where
    P: FnMut() -> F,
    F: Future<Output = Result<Option<T>>>,
{
    let what = what.into();
    let begin = Instant::now();
    let mut note = Note::default();
    let mut last = String::new();
    loop {
        match tokio::time::timeout(limit.saturating_sub(begin.elapsed()) + POLL, probe()).await {
            Ok(Ok(Some(answer))) => {
                note.clear();
                return Ok(answer);
            }
            Ok(Ok(None)) => last.clear(),
            Ok(Err(error)) if error.is_transient() => last = format!("; the last attempt: {error}"),
            Ok(Err(error)) => {
                note.clear();
                return Err(error);
            }
            Err(_) => last = "; the last attempt got no answer".into(),
        }
        if begin.elapsed() >= limit {
            note.clear();
            return Err(Error::Deadline { what, limit, last });
        }
        note.show(&what, begin.elapsed());
        tokio::time::sleep(POLL).await;
    }
}

/// The line that says what is being waited for: rewritten on a terminal, written once elsewhere.
#[derive(Default)]
struct Note {
    shown: bool,
}

impl Note {
    fn show(&mut self, what: &str, since: Duration) {
        if since < PATIENCE {
            return;
        }
        let mut err = std::io::stderr();
        if err.is_terminal() {
            let _ = write!(err, "\r\x1b[2K  … waiting for {what} ({} s)", since.as_secs());
            let _ = err.flush();
        } else if !self.shown {
            let _ = writeln!(err, "  … waiting for {what}");
        }
        self.shown = true;
    }

    fn clear(&mut self) {
        let mut err = std::io::stderr();
        if std::mem::take(&mut self.shown) && err.is_terminal() {
            let _ = write!(err, "\r\x1b[2K");
            let _ = err.flush();
        }
    }
}

/// Ends with Ctrl-C, SIGTERM or SIGHUP.
pub async fn interruption() -> Result<()> {
    let listen = |kind| signal(kind).map_err(Error::io("listen for signals"));
    let (mut int, mut term, mut hup) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?);
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
        _ = hup.recv() => {}
    }
    Ok(())
}

/// Run `work` unless the person ends it first. Dropping what `work` holds stops its nodes.
pub async fn unless_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = work => done,
        signal = interruption() => signal.and(Err(Error::Interrupted)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_when_the_condition_holds() {
        let mut left = 2;
        let got = wait_for("a countdown", Duration::from_secs(5), || {
            left -= 1;
            let done = left == 0;
            async move { Ok(done.then_some(7)) }
        })
        .await;
        assert_eq!(got.ok(), Some(7));
    }

    #[tokio::test]
    async fn waiting_names_what_it_waited_for_when_the_deadline_passes() {
        let got: Result<()> = wait_for("rain", Duration::from_millis(1), || async { Ok(None) }).await;
        assert!(got.is_err_and(|e| e.to_string().contains("rain")));
    }

    #[tokio::test]
    async fn waiting_ends_at_once_when_the_error_is_for_good() {
        let got: Result<()> = wait_for("x", Duration::from_secs(60), || async { Err(Error::Interrupted) }).await;
        assert!(matches!(got, Err(Error::Interrupted)));
    }
}
