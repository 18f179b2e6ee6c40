//! Scenarios and their lives as pictures.

use crate::life::{Life, Snapshot, EPOCHS, YEAR, YEARS};
use plotters::{
    chart::ChartBuilder,
    coord::Shift,
    drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea},
    element::{PathElement, Text},
    prelude::SVGBackend,
    series::{DashedLineSeries, LineSeries},
    style::{Color, FontStyle, FontTransform, IntoFont, RGBColor, ShapeStyle, BLACK, WHITE},
};
use ratio1_primitives::{
    economics::{curve, CAP, R1},
    Balance, EpochIndex,
};
use std::path::{Path, PathBuf};

/// Why there are no plots.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    #[error("{0}: {1}")]
    Write(PathBuf, #[source] std::io::Error),
    #[error("a plot could not be drawn: {0}")]
    Draw(#[from] DrawingAreaErrorKind<std::io::Error>),
}

const SIZE: (u32, u32) = (1_080, 560);
/// Right of the plot, for the names of the lines.
const LEGEND: u32 = 230;
const FONT: &str = "sans-serif";
/// Epochs from one point of a line to the next.
const STRIDE: usize = 10;

/// Told apart by people who see colours differently (Okabe and Ito).
const BLUE: RGBColor = RGBColor(0, 114, 178);
const ORANGE: RGBColor = RGBColor(230, 159, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);
const RED: RGBColor = RGBColor(213, 94, 0);
const PINK: RGBColor = RGBColor(204, 121, 167);
const SKY: RGBColor = RGBColor(86, 180, 233);
const GREY: RGBColor = RGBColor(120, 120, 120);

/// One line of a plot.
struct Line {
    name: String,
    colour: RGBColor,
    width: u32,
    dashed: bool,
    points: Vec<(f64, f64)>,
}

/// A plot: its texts, how far its axes go, and its lines.
struct Plot {
    title: String,
    x: &'static str,
    y: &'static str,
    x_most: f64,
    y_most: f64,
    x_labels: usize,
    y_labels: usize,
    lines: Vec<Line>,
}

/// Draw everything about `lives` into `directory`, which is made if it is not there.
pub fn write_all(directory: &Path, lives: &[Life]) -> Result<(), PlotError> {
    std::fs::create_dir_all(directory).map_err(|error| PlotError::Write(directory.into(), error))?;
    for (name, svg) in draw_all(lives)? {
        let path = directory.join(name);
        std::fs::write(&path, svg).map_err(|error| PlotError::Write(path, error))?;
    }
    Ok(())
}

/// All plots, by file name.
pub fn draw_all(lives: &[Life]) -> Result<Vec<(String, String)>, PlotError> {
    let mut plots: Vec<_> = lives.iter().map(|life| (format!("{}.svg", life.scenario.name), of_life(life))).collect();
    plots.push(("comparison-minted.svg".into(), comparison("Ever minted", lives, |s| s.minted)));
    plots.push(("comparison-burned.svg".into(), comparison("Ever burned", lives, |s| s.burned)));
    plots.push(("comparison-outstanding.svg".into(), comparison("Outstanding", lives, |s| s.outstanding)));
    plots.push(("s-curve.svg".into(), s_curve()));
    plots.into_iter().map(|(name, plot)| Ok((name, plot.draw()?))).collect()
}

/// For axes alone; amounts are counted in base units.
fn millions(amount: Balance) -> f64 {
    (amount / R1) as f64 / 1e6
}

fn years(epochs: u32) -> f64 {
    f64::from(epochs) / f64::from(YEAR)
}

/// What `of` says of a life, over the years. The last epoch is among the points.
fn points(life: &Life, of: impl Fn(&Snapshot) -> Balance) -> Vec<(f64, f64)> {
    let point = |s: &Snapshot| (years(s.epoch + 1), millions(of(s)));
    std::iter::once((0.0, 0.0)).chain(life.snapshots.iter().skip(STRIDE - 1).step_by(STRIDE).map(point)).collect()
}

/// The cap, over all years.
fn cap() -> Line {
    let cap = millions(CAP);
    Line {
        name: format!("cap: {cap:.1} million"),
        colour: GREY,
        width: 1,
        dashed: true,
        points: vec![(0.0, cap), (years(EPOCHS), cap)],
    }
}

fn of_life(life: &Life) -> Plot {
    let line = |name: &str, colour, width, of: fn(&Snapshot) -> Balance| Line {
        name: name.into(),
        colour,
        width,
        dashed: false,
        points: points(life, of),
    };
    Plot {
        title: format!("Scenario \"{}\": R1 minted, burned and outstanding", life.scenario.name),
        lines: vec![
            // The thin line over the broad one: where nothing is burned both are in the same place.
            line("outstanding", GREEN, 5, |s| s.outstanding),
            line("minted, all classes", BLACK, 2, |s| s.minted),
            line("minted by Node Deeds", BLUE, 2, |s| s.minted_node),
            line("minted by Genesis deed", ORANGE, 2, |s| s.minted_genesis),
            line("minted by Master deeds", PINK, 2, |s| s.minted_master),
            line("burned", RED, 2, |s| s.burned),
            cap(),
        ],
        ..over_years(180.0)
    }
}

fn comparison(what: &str, lives: &[Life], of: fn(&Snapshot) -> Balance) -> Plot {
    let colours = [SKY, BLACK, GREEN, RED, ORANGE, PINK];
    let mut lines: Vec<_> = lives
        .iter()
        .zip(colours.into_iter().cycle())
        .map(|(life, colour)| Line {
            name: life.scenario.name.into(),
            colour,
            width: 2,
            dashed: false,
            points: points(life, of),
        })
        .collect();
    let most = lines.iter().flat_map(|line| &line.points).fold(0.0f64, |most, point| most.max(point.1));
    // Where the cap is far above everything it would only press the lines down.
    let y_most = match most > 110.0 {
        true => {
            lines.push(cap());
            180.0
        }
        false => (most / 10.0).floor() * 10.0 + 10.0,
    };
    Plot { title: format!("{what}, all scenarios"), lines, ..over_years(y_most) }
}

/// Ten years, and millions of R1.
fn over_years(y_most: f64) -> Plot {
    Plot {
        title: String::new(),
        x: "years since the chain began",
        y: "million R1",
        x_most: years(EPOCHS),
        y_most,
        x_labels: YEARS as usize + 1,
        y_labels: 10,
        lines: Vec::new(),
    }
}

/// The release of Master deeds, for a grant before the end of the cliff and a later one.
fn s_curve() -> Plot {
    let months = 48;
    let line = |granted: u32, name: &str, colour| Line {
        name: name.into(),
        colour,
        width: 3,
        dashed: false,
        points: (0..=months * 30)
            .step_by(6)
            .map(|epoch| {
                let released = curve::released(curve::ONE, EpochIndex(granted), EpochIndex(epoch));
                (f64::from(epoch) / 30.0, released as f64 / curve::ONE as f64 * 100.0)
            })
            .collect(),
    };
    let mark = |month: f64, name: &str| Line {
        name: name.into(),
        colour: GREY,
        width: 1,
        dashed: true,
        points: vec![(month, 0.0), (month, 100.0)],
    };
    Plot {
        title: "Release of a Master deed".into(),
        x: "months of 30 epochs since the chain began",
        y: "percent released",
        x_most: f64::from(months),
        y_most: 100.0,
        x_labels: 17,
        y_labels: 10,
        lines: vec![
            line(0, "granted by month 7", BLUE),
            line(450, "granted in month 15", ORANGE),
            mark(7.0, "month 7: end of the cliff"),
            mark(22.0, "month 22: steepest"),
            mark(30.0, "month 30: all released"),
        ],
    }
}

impl Plot {
    /// As the text of an SVG file.
    fn draw(&self) -> Result<String, PlotError> {
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
            root.fill(&WHITE)?;
            let (chart, legend) = root.split_horizontally(SIZE.0 - LEGEND);
            self.draw_chart(&chart)?;
            self.draw_legend(&legend)?;
            root.present()?;
        }
        Ok(svg)
    }

    fn draw_chart(&self, area: &DrawingArea<SVGBackend, Shift>) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, (FONT, 26))
            .margin(14)
            .x_label_area_size(52)
            .y_label_area_size(72)
            .build_cartesian_2d(0.0..self.x_most, 0.0..self.y_most)?;
        chart
            .configure_mesh()
            .x_desc(self.x)
            .y_desc(self.y)
            .x_labels(self.x_labels)
            .y_labels(self.y_labels)
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| format!("{y:.0}"))
            .label_style((FONT, 18))
            .axis_desc_style((FONT, 20))
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.12))
            .draw()?;
        for line in &self.lines {
            let points = line.points.iter().copied();
            match line.dashed {
                true => chart.draw_series(DashedLineSeries::new(points, 6, 5, line.style()))?,
                false => chart.draw_series(LineSeries::new(points, line.style()))?,
            };
        }
        Ok(())
    }

    /// Beside the plot, so that it never hides a line.
    fn draw_legend(&self, area: &DrawingArea<SVGBackend, Shift>) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let mut y = 70;
        for line in &self.lines {
            let (left, right) = ((0, y), (28, y));
            match line.dashed {
                true => area.draw(&PathElement::new([left, (11, y)], line.style()))?,
                false => area.draw(&PathElement::new([left, right], line.style()))?,
            }
            if line.dashed {
                area.draw(&PathElement::new([(17, y), right], line.style()))?;
            }
            let font = (FONT, 18, FontStyle::Normal).into_font().transform(FontTransform::None);
            area.draw(&Text::new(line.name.clone(), (36, y - 8), font))?;
            y += 28;
        }
        Ok(())
    }
}

impl Line {
    fn style(&self) -> ShapeStyle {
        self.colour.stroke_width(self.width)
    }
}
