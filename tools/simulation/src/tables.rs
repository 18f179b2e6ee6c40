//! Scenarios and their lives as tables. They are Markdown, so that documents show exactly what the program printed.

use crate::{
    life::{Life, Snapshot, YEARS},
    scenario::{Jobs, Scenario, WHOLE},
};
use comfy_table::{presets::ASCII_MARKDOWN, CellAlignment, Table};
use ratio1_primitives::{
    economics::{price::USD, CAP, R1},
    Balance,
};

/// The years in which scenarios are compared.
const COMPARED: [u32; 4] = [1, 3, 5, 10];

/// Everything the program prints.
pub fn all(lives: &[Life]) -> String {
    let mut out = String::from("All amounts in million R1, rounded; a year is 365 epochs of a day.\n");
    for life in lives {
        let Scenario { name, about, .. } = life.scenario;
        out += &format!("\n## {name}\n\n{about}\n\n{}\n\n{}\n", assumptions(&life.scenario), years(life));
    }
    out + &format!("\n## Comparison\n\n{}\n\n{}\n", comparison(lives), pools(lives))
}

/// What `scenario` assumes, a line for each statement.
pub fn assumptions(scenario: &Scenario) -> Table {
    let Scenario { demand, nodes, genesis_byte, grants, rate, jobs, spending, claim_every, .. } = scenario;
    let thousand = |amount| thousandths(amount, R1 * 1_000);
    let about: [(&str, Vec<String>); 9] = [
        (
            "Node Deeds wanted",
            demand.iter().map(|d| format!("{} in epochs {} to {}", d.deeds, d.first, d.last)).collect(),
        ),
        (
            "availability of their nodes",
            nodes.iter().map(|n| format!("{} with byte {}", percent(n.parts), n.byte)).collect(),
        ),
        ("availability of the Genesis deed's node", vec![format!("byte {genesis_byte}")]),
        (
            "Master deeds granted",
            grants
                .iter()
                .map(|g| {
                    let each = thousand(g.assigned);
                    format!("{} of {each} thousand R1 in epoch {}, byte {}", g.deeds, g.epoch, g.byte)
                })
                .collect(),
        ),
        (
            "market price of one R1",
            rate.iter().map(|q| format!("{} USD in epoch {}", dollars(q.usd), q.epoch)).collect(),
        ),
        (
            "jobs, an assumption on demand",
            match jobs.load {
                0 => vec!["none".into()],
                load => vec![
                    format!("from epoch {}, in epoch {} for {} of", jobs.from, jobs.full, percent(load)),
                    format!("the nodes with byte {} or more;", Jobs::THRESHOLD),
                    format!("each at {} US cents an epoch", jobs.cents),
                ],
            },
        ),
        (
            "spent by the pools in an epoch",
            vec![
                format!("{} of liquidity", percent(spending.liquidity)),
                format!("{} of operations", percent(spending.operations)),
                format!("{} of the others once unlocked", percent(spending.unlocked)),
            ],
        ),
        ("offered to buyers in an epoch", vec![format!("{} of the R1 outside the pools", percent(spending.offered))]),
        (
            "deeds are claimed",
            match claim_every {
                1 => vec!["every epoch".into()],
                n => vec![format!("every {n} epochs")],
            },
        ),
    ];
    statements(about)
}

/// Each name before the first of its values.
fn statements<const N: usize>(about: [(&str, Vec<String>); N]) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(["assumption", "value"]);
    for (name, values) in about {
        for (value, name) in values.into_iter().zip(std::iter::once(name).chain(std::iter::repeat(""))) {
            table.add_row([name.into(), value]);
        }
    }
    table
}

/// A life year by year.
pub fn years(life: &Life) -> Table {
    let mut table = table(&[
        "year",
        "deeds sold",
        "USD per R1",
        "minted Genesis",
        "minted Master",
        "minted Node",
        "minted",
        "of cap",
        "burned sale",
        "burned jobs",
        "outstanding",
        "unclaimed",
    ]);
    for year in 1..=YEARS {
        let s = life.year(year);
        table.add_row([
            year.to_string(),
            s.sold.to_string(),
            dollars(s.rate),
            millions(s.minted_genesis),
            millions(s.minted_master),
            millions(s.minted_node),
            millions(s.minted),
            of_cap(s),
            millions(s.burned_sale),
            millions(s.burned_jobs),
            millions(s.outstanding),
            millions(s.unclaimed),
        ]);
    }
    table
}

/// All scenarios side by side in a few years.
pub fn comparison(lives: &[Life]) -> Table {
    let mut table =
        table(&["scenario", "year", "deeds sold", "wanted", "minted", "of cap", "burned", "outstanding", "unclaimed"]);
    for life in lives {
        for year in COMPARED {
            let s = life.year(year);
            table.add_row([
                life.scenario.name.into(),
                year.to_string(),
                s.sold.to_string(),
                s.wanted.to_string(),
                millions(s.minted),
                of_cap(s),
                millions(s.burned),
                millions(s.outstanding),
                millions(s.unclaimed),
            ]);
        }
    }
    align_left(&mut table);
    table
}

/// What each pool received in all years, and where all R1 is in the end.
pub fn pools(lives: &[Life]) -> Table {
    let mut table = table(&[
        "scenario",
        "to liquidity",
        "to operations",
        "to marketing",
        "to grants",
        "to social",
        "left in the pools",
        "outside the pools",
        "paid for deeds",
        "paid for jobs",
        "never minted by Masters",
    ]);
    for life in lives {
        let s = life.year(YEARS);
        let mut row = vec![life.scenario.name.to_string()];
        row.extend(s.received.iter().map(|pool| millions(pool.received)));
        row.push(millions(s.received.iter().map(|pool| pool.balance).sum()));
        row.extend([s.hands, s.paid_for_deeds, s.paid_for_jobs, s.forgone].map(millions));
        table.add_row(row);
    }
    align_left(&mut table);
    table
}

/// An empty table of numbers.
fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(header);
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The first column holds names.
fn align_left(table: &mut Table) {
    if let Some(column) = table.column_mut(0) {
        column.set_cell_alignment(CellAlignment::Left);
    }
}

/// `amount` in units of `unit`, three digits after the point, rounded to the nearest.
fn thousandths(amount: Balance, unit: Balance) -> String {
    let n = (amount + unit / 2_000) / (unit / 1_000);
    format!("{}.{:03}", n / 1_000, n % 1_000)
}

/// Millions of R1.
fn millions(amount: Balance) -> String {
    thousandths(amount, R1 * 1_000_000)
}

/// What was ever minted, of the cap. Rounded down: 100 % is not said of less.
fn of_cap(snapshot: &Snapshot) -> String {
    percent((snapshot.minted * WHOLE / CAP) as u32)
}

/// Hundredths of a percent.
fn percent(parts: u32) -> String {
    match parts % 100 {
        0 => format!("{} %", parts / 100),
        rest => format!("{}.{rest:02} %", parts / 100),
    }
}

/// A price, to the cent; below a dollar with two digits more where it has them.
fn dollars(usd: u128) -> String {
    let n = (usd + USD / 20_000) / (USD / 10_000);
    match n % 100 {
        0 => format!("{}.{:02}", n / 10_000, n / 100 % 100),
        _ => format!("{}.{:04}", n / 10_000, n % 10_000),
    }
}
