//! What a benchmark reports.

use comfy_table::{presets::UTF8_HORIZONTAL_ONLY, CellAlignment, Table};
use serde::Serialize;
use std::time::{Duration, Instant};

/// One measured value and what it was measured against.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What the ratio compares it with, measured in the same run.
    pub against: String,
    /// `value` over the value of `against`.
    pub ratio: f64,
}

impl Figure {
    /// `value` compared with `base`, the value of what is called `against`.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str, against: impl Into<String>, base: f64) -> Self {
        Self { name: name.into(), value, unit, against: against.into(), ratio: value / base }
    }

    /// As one line of JSON.
    pub fn json(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// As a table for people.
    pub fn table(figures: &[Self]) -> Table {
        let mut table = Table::new();
        table.load_preset(UTF8_HORIZONTAL_ONLY).set_header(["benchmark", "value", "unit", "against", "ratio"]);
        for f in figures {
            table.add_row([
                f.name.clone(),
                number(f.value),
                f.unit.into(),
                f.against.clone(),
                format!("{:.3}", f.ratio),
            ]);
        }
        for column in [1, 4] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

/// Whole numbers as such, small ones with three digits after the point.
fn number(value: f64) -> String {
    match value.fract() == 0.0 || value >= 10_000.0 {
        true => format!("{value:.0}"),
        false => format!("{value:.3}"),
    }
}

/// Figures, and which of them broke their bounds.
#[derive(Default)]
pub struct Outcome {
    /// What was measured.
    pub figures: Vec<Figure>,
    /// Bounds that were broken, in words.
    pub failures: Vec<String>,
}

impl Outcome {
    /// Add another benchmark's.
    pub fn extend(&mut self, other: Self) {
        self.figures.extend(other.figures);
        self.failures.extend(other.failures);
    }

    /// Fail unless `holds`.
    pub fn require(&mut self, holds: bool, failure: impl FnOnce() -> String) {
        if !holds {
            self.failures.push(failure());
        }
    }
}

/// How long `work` takes.
pub fn time<R>(work: impl FnOnce() -> R) -> (Duration, R) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}
