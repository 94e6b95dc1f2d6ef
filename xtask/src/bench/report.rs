//! What was measured, as a table and as JSON.

use std::fmt;

use serde::Serialize;

/// What one run of a row came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// Requests per second.
    pub rate: f64,
    /// Half of the answers came sooner, in microseconds.
    pub p50: f64,
    /// Of a hundred answers 99 came sooner.
    pub p99: f64,
    /// Time of the processors that the server took for a request, in microseconds.
    pub cpu: f64,
    /// The most memory that the server has had, in kB.
    pub peak: f64,
}

/// A figure, and what part of the ceiling's it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The median of all runs.
    pub value: f64,
    /// The median of its ratio to the ceiling measured in the same round.
    pub ratio: f64,
}

/// One row: medians over all rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// What it is called.
    pub name: &'static str,
    /// Requests per second.
    pub rate: Figure,
    /// How far the rounds lie apart: the difference of the highest and the lowest rate, as a part of the median.
    pub spread: f64,
    /// Half of the answers came sooner, in microseconds.
    pub p50: Figure,
    /// Of a hundred answers 99 came sooner.
    pub p99: Figure,
    /// Time of the processors that the server took for a request, in microseconds.
    pub cpu: Figure,
    /// The most memory that the server has had, in kB.
    pub peak: Figure,
}

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The processors, as the system calls them, and how many.
    pub machine: String,
    /// The profile that the programs were built in.
    pub profile: String,
    /// How many rounds there were.
    pub rounds: usize,
    /// How many seconds each run took.
    pub seconds: u64,
    /// How often in a second a user can be written to the disk, one after the other, by a bare program.
    pub writes: f64,
    /// The rows, the ceiling first.
    pub rows: Vec<Measured>,
    /// What was left out, and why.
    pub skipped: Vec<String>,
}

impl Measured {
    /// The medians of some runs; `ceiling` has those of the same rounds.
    pub fn of(name: &'static str, runs: &[Run], ceiling: &[Run]) -> Self {
        let figure = |of: fn(&Run) -> f64| Figure {
            value: median(runs.iter().map(of)),
            ratio: median(runs.iter().zip(ceiling).map(|(run, ceiling)| of(run) / of(ceiling))),
        };
        let rates = || runs.iter().map(|run| run.rate);
        let spread = rates().fold(f64::MIN, f64::max) - rates().fold(f64::MAX, f64::min);
        let rate = figure(|run| run.rate);
        Self {
            name,
            rate,
            spread: spread / rate.value,
            p50: figure(|run| run.p50),
            p99: figure(|run| run.p99),
            cpu: figure(|run| run.cpu),
            peak: figure(|run| run.peak),
        }
    }
}

/// The one in the middle, or between the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { machine, profile, rounds, seconds, writes, .. } = self;
        writeln!(
            f,
            "{machine}; built in {profile}; {rounds} × {seconds} s; in brackets the ratio to the ceiling of the same round\n"
        )?;
        writeln!(f, "| | requests/s | spread | p50 | p99 | CPU per request | peak memory |")?;
        writeln!(f, "|---|---|---|---|---|---|---|")?;
        for row in &self.rows {
            let Measured { name, rate, spread, p50, p99, cpu, peak } = row;
            write!(f, "| {name} | {} ({:.2}) | {:.0} % ", thousands(rate.value), rate.ratio, spread * 100.0)?;
            write!(f, "| {} ms ({:.1}) | {} ms ({:.1}) ", millis(p50.value), p50.ratio, millis(p99.value), p99.ratio)?;
            writeln!(f, "| {:.0} µs ({:.1}) | {:.0} MB ({:.1}) |", cpu.value, cpu.ratio, peak.value / 1024.0, peak.ratio)?;
        }
        writeln!(f, "\nA bare program writes a user to the disk {} times a second, one after the other.", thousands(*writes))?;
        self.skipped.iter().try_for_each(|skipped| writeln!(f, "Left out: {skipped}"))
    }
}

fn millis(micros: f64) -> String {
    format!("{:.2}", micros / 1000.0)
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_medians_and_ratios_to_the_same_round() {
        let run = |rate| Run { rate, p50: 1.0, p99: 2.0, cpu: 50.0, peak: 1000.0 };
        let ceiling = [run(1000.0), run(2000.0), run(4000.0)];
        let measured = Measured::of("a", &[run(500.0), run(1000.0), run(1000.0)], &ceiling);
        assert_eq!(measured.rate, Figure { value: 1000.0, ratio: 0.5 });
        assert!((measured.spread - 0.5).abs() < 1e-9);
        assert_eq!(measured.cpu, Figure { value: 50.0, ratio: 1.0 });
    }

    #[test]
    fn the_table_is_one_of_markdown() {
        let run = Run { rate: 12_345.6, p50: 1_234.0, p99: 2_000.0, cpu: 61.4, peak: 20_480.0 };
        let rows = vec![Measured::of("201, memory", &[run], &[run])];
        let machine = "2 × a processor".to_owned();
        let profile = "release".to_owned();
        let report = Report { machine, profile, rounds: 1, seconds: 3, writes: 1_500.0, rows, skipped: vec!["x: y".to_owned()] };
        let text = report.to_string();
        let row = "| 201, memory | 12,346 (1.00) | 0 % | 1.23 ms (1.0) | 2.00 ms (1.0) | 61 µs (1.0) | 20 MB (1.0) |";
        assert!(text.contains(row) && text.contains("1,500 times") && text.ends_with("Left out: x: y\n"), "{text}");
    }
}
