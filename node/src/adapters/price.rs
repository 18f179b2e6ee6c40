//! What an R1 costs, from a file that the operator's own tool keeps fresh.
//!
//! A node asks nobody on the internet what an R1 costs: which markets to look at, and how, is the operator's choice and
//! may change any day. The tool writes one decimal number; an oracle votes for it only while it is sure of it.

use super::watched_file::{FileFault, WatchedFile};
use ratio1_heartbeat::ports::PriceFeed;
use ratio1_ports::Wallclock;
use ratio1_primitives::economics::price::{is_sane, Price};
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

/// The longest content: no price needs as many digits.
const MAX_BYTES: usize = 128;
/// What keeps the file fresh: it must be written anew within each epoch.
const IF_OLD: &str = "see that the tool that writes it runs, at least once in an epoch";
/// Decimals of a price.
const DECIMALS: usize = 18;

/// Why the file names no price.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unusable {
    /// It says nothing, or is older than an epoch.
    File(FileFault),
    /// It is no decimal number, or one with more than 18 decimals.
    NoNumber,
    /// It is a number, but an R1 cannot be said to cost that.
    OutOfBounds,
    /// The length of an epoch is not known yet.
    NoClock,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(fault) => write!(f, "{fault}: {}", fault.remedy(IF_OLD)),
            Self::NoNumber => write!(f, "it must hold one number such as 0.25, with at most 18 decimals"),
            Self::OutOfBounds => write!(f, "the number must lie between 0.0001 and 10000 USD"),
            Self::NoClock => write!(f, "the length of an epoch is not known yet"),
        }
    }
}

/// The file of `--r1-usd-file`.
pub struct PriceFile {
    /// What was found last: `None` inside if the file was good.
    file: WatchedFile<Option<Unusable>>,
    /// Milliseconds of an epoch, once the chain knows.
    epoch_ms: Box<dyn Fn() -> Option<u64> + Send + Sync>,
}

impl PriceFile {
    /// At `path`; `epoch_ms` gives the length of an epoch.
    pub fn new(
        path: PathBuf,
        clock: Arc<dyn Wallclock>,
        epoch_ms: impl Fn() -> Option<u64> + Send + Sync + 'static,
    ) -> Self {
        Self { file: WatchedFile::new(path, MAX_BYTES, clock), epoch_ms: Box::new(epoch_ms) }
    }

    /// The price in the file, if it is sane and was modified within an epoch of now.
    fn read(&self) -> Result<Price, Unusable> {
        // ADR 0015: a ballot without a price costs nobody anything, one with a wrong price does.
        let epoch = Duration::from_millis((self.epoch_ms)().ok_or(Unusable::NoClock)?);
        let bytes = self.file.read(Some(epoch)).map_err(Unusable::File)?;
        if bytes.len() > MAX_BYTES {
            return Err(Unusable::NoNumber);
        }
        let text = String::from_utf8(bytes).map_err(|_| Unusable::NoNumber)?;
        let price = parse(text.trim()).ok_or(Unusable::NoNumber)?;
        is_sane(price).then_some(price).ok_or(Unusable::OutOfBounds)
    }

    /// Log what became of the file if it is something else than before; whether it was.
    fn log_news(&self, outcome: &Result<Price, Unusable>) -> bool {
        let now = outcome.as_ref().err().cloned();
        if !self.file.is_news(&now) {
            return false;
        }
        let path = self.file.path().display();
        match &now {
            None => tracing::info!(target: "ballots", %path, "ballots name the price of the R1/USD file"),
            Some(reason) => {
                tracing::warn!(target: "ballots", %path, %reason, "ballots name no price: the R1/USD file is not used")
            }
        }
        true
    }
}

impl PriceFeed for PriceFile {
    fn price(&self) -> Option<Price> {
        let outcome = self.read();
        self.log_news(&outcome);
        outcome.ok()
    }
}

/// A decimal number of USD, exactly: digits, and after a point at most 18 more. `None` for anything else.
fn parse(text: &str) -> Option<Price> {
    let (whole, part) = match text.split_once('.') {
        Some((whole, part)) => (whole, part),
        None => (text, "0"),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || part.len() > DECIMALS {
        return None;
    }
    // The digits of the number of base units.
    format!("{whole}{part:0<DECIMALS$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::watched_file::write_at;
    use ratio1_ports::testing::FakeClock;
    use ratio1_primitives::economics::price::{BOUNDS, USD};
    use std::path::Path;

    const EPOCH_MS: u64 = 60_000;
    const NOW: u64 = 1_800_000_000_000;

    /// What is found at `path` at a time.
    fn read(path: &Path, now: u64, epoch_ms: u64) -> Result<Price, Unusable> {
        PriceFile::new(path.into(), Arc::new(FakeClock::at(now)), move || Some(epoch_ms)).read()
    }

    fn old(epoch_ms: u64) -> Unusable {
        Unusable::File(FileFault::Old(Duration::from_millis(epoch_ms)))
    }

    #[test]
    fn number_is_read_exactly_when_it_is_decimal() {
        for (text, price) in [
            ("0.25", USD / 4),
            ("1", USD),
            ("0001.50", USD + USD / 2),
            ("0.000000000000000001", 1),
            ("9999.999999999999999999", 10_000 * USD - 1),
            ("0.1", USD / 10),
            ("0.123456789012345678", 123_456_789_012_345_678),
            ("340282366920938463463.374607431768211455", u128::MAX),
        ] {
            assert_eq!(parse(text), Some(price), "{text}");
        }
    }

    #[test]
    fn text_is_no_number_when_it_is_anything_else() {
        let too_large = "340282366920938463463.374607431768211456";
        let too_fine = "0.1234567890123456789";
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "0,25", "1.2.3", "$1", "1 USD", "0x10", "NaN", "inf", "1 2",
            "1_000", "١", too_large, too_fine,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn file_is_used_when_it_is_fresh_and_sane() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("price");
        for content in ["0.25", "0.25\n", "  0.25\r\n"] {
            write_at(&path, content.as_bytes(), NOW);
            assert_eq!(read(&path, NOW, EPOCH_MS), Ok(USD / 4), "{content:?}");
        }
        for (content, price) in [("0.0001", BOUNDS.0), ("10000", BOUNDS.1)] {
            write_at(&path, content.as_bytes(), NOW);
            assert_eq!(read(&path, NOW, EPOCH_MS), Ok(price));
        }
    }

    #[test]
    fn file_is_not_used_when_its_content_is_no_sane_number() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("price");
        let long = [b'1'; 4_096];
        let padded = format!("0.25{:500}1", "").into_bytes();
        for (content, why) in [
            (&b""[..], Unusable::NoNumber),
            (&b"cheap"[..], Unusable::NoNumber),
            (&b"0.25\n0.26"[..], Unusable::NoNumber),
            (&[0xff, 0xfe][..], Unusable::NoNumber),
            (&long[..], Unusable::NoNumber),
            (&padded[..], Unusable::NoNumber),
            (&b"0"[..], Unusable::OutOfBounds),
            (&b"0.00009"[..], Unusable::OutOfBounds),
            (&b"10000.000000000000000001"[..], Unusable::OutOfBounds),
        ] {
            write_at(&path, content, NOW);
            assert_eq!(read(&path, NOW, EPOCH_MS), Err(why), "{content:?}");
        }
    }

    #[test]
    fn file_is_not_used_when_it_was_not_modified_within_an_epoch() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("price");
        write_at(&path, b"0.25", NOW);
        assert_eq!(read(&path, NOW + EPOCH_MS, EPOCH_MS), Ok(USD / 4));
        assert_eq!(read(&path, NOW + EPOCH_MS + 1, EPOCH_MS), Err(old(EPOCH_MS)));
        // A time that has not come would keep it fresh for ever.
        assert_eq!(read(&path, NOW - EPOCH_MS - 1, EPOCH_MS), Err(old(EPOCH_MS)));
        assert_eq!(read(&path, NOW + EPOCH_MS + 1, 2 * EPOCH_MS), Ok(USD / 4));
    }

    #[test]
    fn reason_is_logged_once_per_change() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("price");
        let clock = Arc::new(FakeClock::at(NOW));
        let feed = PriceFile::new(path.clone(), clock.clone(), || Some(EPOCH_MS));
        let look = || {
            let outcome = feed.read();
            (feed.log_news(&outcome), outcome.ok())
        };
        assert_eq!((look(), look()), ((true, None), (false, None)), "missing");
        write_at(&path, b"0.25", NOW);
        assert_eq!((look(), look()), ((true, Some(USD / 4)), (false, Some(USD / 4))));
        write_at(&path, b"0.5", NOW);
        assert_eq!(look(), (false, Some(USD / 2)), "another price is no news");
        clock.set(NOW + EPOCH_MS + 1);
        assert_eq!((look(), look()), ((true, None), (false, None)), "old");
        write_at(&path, b"?", NOW + EPOCH_MS);
        assert_eq!((look(), look()), ((true, None), (false, None)), "another reason");
        assert_eq!(feed.price(), None);
    }

    #[test]
    fn file_is_not_used_when_the_chain_has_no_clock_yet() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("price");
        write_at(&path, b"0.25", NOW);
        let clock = Arc::new(FakeClock::at(NOW));
        assert_eq!(PriceFile::new(path.clone(), clock.clone(), || None).price(), None);
        assert_eq!(PriceFile::new(path, clock, || Some(EPOCH_MS)).price(), Some(USD / 4));
    }
}
