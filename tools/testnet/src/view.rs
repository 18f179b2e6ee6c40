//! The demonstration's tables.

use crate::{
    cast::Who,
    facts::{r1, EpochFacts, Receipt, Snapshot},
};
use comfy_table::{presets::UTF8_FULL_CONDENSED, Cell, CellAlignment, Table};
use ratio1_primitives::{
    api::{EpochState, SeatInfo},
    ballot::Phase,
    EpochIndex,
};
use std::io::{IsTerminal, Write};

/// The line that changes with every block.
pub fn status(snapshot: &Snapshot, into_epoch_s: u64) -> String {
    format!(
        "block {} (finalised {})   epoch {} runs, {into_epoch_s} s in   issuance {} R1",
        snapshot.best,
        snapshot.at.number,
        snapshot.current,
        r1(snapshot.issuance),
    )
}

/// Epochs from `first`, the newest last, and what the deeds have earned.
pub fn tables(snapshot: &Snapshot, first: EpochIndex) -> String {
    let shown = snapshot.epochs.iter().filter(|facts| facts.info.epoch >= first);
    let mut out: String = shown.map(|facts| epoch(snapshot, facts)).collect();
    if out.is_empty() {
        out = format!("epoch {}: running; the first ballots are cast when an epoch ends\n", snapshot.current);
    }
    out
}

/// An epoch: for every node what every oracle says, what is final, and what the node's deed has earned by now.
fn epoch(snapshot: &Snapshot, facts: &EpochFacts) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    let fixed = ["median", ">= threshold", "credits", "R1 minted"];
    let names = Who::ORACLES.iter().map(|who| who.name());
    table.set_header(["node"].into_iter().chain(names).chain(fixed));
    for who in Who::ALL {
        table.add_row(node_row(snapshot, facts, who));
    }
    table.add_row(seat_row("coverage", facts, |seat| seat.coverage.map(|c| c.to_string())));
    table.add_row(seat_row("eligible", facts, |seat| {
        let closed = !matches!(facts.info.state, EpochState::Voting(_));
        closed.then(|| if seat.eligible { "yes" } else { "no" }.into())
    }));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("epoch {}: {}\n{table}\n", facts.info.epoch, state(&facts.info.state))
}

fn node_row(snapshot: &Snapshot, facts: &EpochFacts, who: Who) -> Vec<Cell> {
    let payout = facts.payout(who);
    let kind = if who.is_oracle() { "oracle" } else { "edge" };
    let mut row = vec![Cell::new(format!("{who} ({kind}, license {})", who.license()))];
    row.extend(Who::ORACLES.iter().map(|oracle| Cell::new(or_dash(facts.reported(*oracle, who)))));
    row.push(Cell::new(or_dash(payout.and_then(|p| p.byte))));
    row.push(Cell::new(match payout.and_then(|p| p.available) {
        Some(true) => "yes",
        Some(false) => "no",
        None => "-",
    }));
    let license = snapshot.license(who);
    row.push(Cell::new(or_dash(license.map(|l| l.credits))));
    row.push(Cell::new(or_dash(license.map(|l| r1(l.minted)))));
    row
}

fn seat_row(name: &str, facts: &EpochFacts, show: impl Fn(&SeatInfo) -> Option<String>) -> Vec<Cell> {
    let seat = |who: &Who| facts.info.ballots.iter().find(|seat| seat.seat.oracle == who.owner());
    let cells = Who::ORACLES.iter().map(|who| Cell::new(or_dash(seat(who).and_then(&show))));
    std::iter::once(Cell::new(name)).chain(cells).collect()
}

/// Where an epoch stands, in words.
pub fn state(state: &EpochState) -> String {
    match state {
        EpochState::Future => "not begun".into(),
        EpochState::Running => "running".into(),
        EpochState::Voting(Phase::Commit) => "voting, oracles commit to their ballots".into(),
        EpochState::Voting(Phase::Reveal) => "voting, oracles reveal their ballots".into(),
        EpochState::Voting(Phase::Settling) => "the chain computes medians".into(),
        EpochState::Voting(Phase::Unresolved) => "no quorum".into(),
        EpochState::Unresolved(s) => {
            format!("unresolved: {} eligible ballots of {} needed, {} complete", s.eligible, s.quorum, s.complete)
        }
        EpochState::Finalised => "finalised".into(),
        EpochState::Lapsed => "lapsed".into(),
        EpochState::Void => "void, never voted on".into(),
    }
}

/// A claim in one line.
pub fn receipt(receipt: &Receipt) -> String {
    format!(
        "block {}: claim of license {} minted {} R1 to {}, no fee",
        receipt.block.number,
        receipt.after.id,
        r1(receipt.paid()),
        receipt.who
    )
}

fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".into(), |v| v.to_string())
}

/// The screen: on a terminal the same place again and again, elsewhere only what changed.
pub struct Screen {
    live: bool,
    last: String,
    notes: Vec<String>,
}

impl Default for Screen {
    fn default() -> Self {
        Self { live: std::io::stdout().is_terminal(), last: String::new(), notes: Vec::new() }
    }
}

impl Screen {
    /// Show `tables`, under the line that changes all the time.
    pub fn draw(&mut self, status: &str, tables: &str) {
        let mut out = std::io::stdout().lock();
        if self.live {
            let notes = self.notes.join("\n");
            let _ = write!(out, "\x1b[H\x1b[2J{status}\n\n{tables}\n{notes}\n");
            let _ = out.flush();
        } else if self.last != tables {
            let _ = writeln!(out, "{status}\n{tables}");
            self.last = tables.into();
        }
    }

    /// Something happened.
    pub fn note(&mut self, line: String) {
        if !self.live {
            println!("* {line}");
        }
        self.notes.push(line);
    }
}
