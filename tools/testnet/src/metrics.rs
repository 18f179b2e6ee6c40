//! A node's Prometheus metrics.

use crate::{Error, Result};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// The longest a scrape may take.
const LIMIT: Duration = Duration::from_secs(5);
/// The largest answer read, in bytes.
const MAX_ANSWER: u64 = 8 * 1024 * 1024;

/// One scrape.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Vec<Sample>);

#[derive(Clone, Debug, PartialEq)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Metrics {
    /// Read the metrics served on `port` of the loopback interface.
    pub async fn scrape(port: u16) -> Result<Self> {
        let what = format!("read metrics on port {port}");
        let answer = timeout(LIMIT, fetch(port)).await;
        let answer = answer.unwrap_or_else(|late| Err(late.into())).map_err(Error::io(what))?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("HTTP/1.") && head.contains(" 200 ") => Ok(Self::parse(body)),
            _ => Err(Error::Answer {
                what: format!("the metrics port {port}"),
                detail: answer.lines().next().unwrap_or("nothing").into(),
            }),
        }
    }

    /// Understand the text format; lines that are none of it are passed over.
    pub fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(sample).collect())
    }

    /// The sum of all samples of `name` that carry every one of `labels`; zero if there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let carries = |s: &Sample| labels.iter().all(|(k, v)| s.labels.iter().any(|(a, b)| a == k && b == v));
        self.0.iter().filter(|s| s.name == name && carries(s)).map(|s| s.value).sum()
    }
}

async fn fetch(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    // HTTP/1.0: the answer is not chunked and ends with the connection.
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn sample(line: &str) -> Option<Sample> {
    if line.starts_with('#') {
        return None;
    }
    let (key, value) = line.trim().rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let Some((name, labels)) = key.split_once('{') else {
        return Some(Sample { name: key.into(), labels: Vec::new(), value });
    };
    let labels = labels.strip_suffix('}')?.split(',').filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        Some((key.trim().into(), value.trim_matches('"').into()))
    });
    Some(Sample { name: name.into(), labels: labels.collect(), value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_summed_by_label() {
        let text =
            "# TYPE a counter\na{chain=\"x\",reason=\"late\"} 3\na{chain=\"x\",reason=\"future\"} 4\nb 1.5\n\njunk";
        let metrics = Metrics::parse(text);
        assert_eq!(metrics.sum("a", &[]), 7.0);
        assert_eq!(metrics.sum("a", &[("reason", "late"), ("chain", "x")]), 3.0);
        assert_eq!(metrics.sum("a", &[("reason", "none")]), 0.0);
        assert_eq!(metrics.sum("b", &[]), 1.5);
        assert_eq!(metrics.sum("c", &[]), 0.0);
    }
}
