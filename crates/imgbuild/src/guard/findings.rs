//! The findings about all platforms, each once, and their forms for people and machines.

use std::fmt;

use serde::Serialize;

use super::{Allowance, Finding, Id, Severity, allow, sarif};

/// What the guards found, the worst first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Puts the same finding about several platforms together, and marks what is let pass.
    #[must_use]
    pub fn new(all: impl IntoIterator<Item = Finding>, allowances: &[Allowance]) -> Self {
        let mut findings: Vec<Finding> = Vec::new();
        for finding in all {
            let same = |known: &&mut Finding| {
                (known.id, known.severity, &known.place, &known.reason, known.line)
                    == (finding.id, finding.severity, &finding.place, &finding.reason, finding.line)
            };
            match findings.iter_mut().find(same) {
                Some(known) => {
                    known
                        .platforms
                        .extend(finding.platforms.into_iter().filter(|platform| !known.platforms.contains(platform)).collect::<Vec<_>>());
                }
                None => findings.push(finding),
            }
        }
        allow::apply(&mut findings, allowances);
        findings.sort_by(|one, other| key(one).cmp(&key(other)));
        Self(findings)
    }

    /// Each finding.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that keep the image from being sent.
    pub fn refusing(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(|finding| finding.refuses())
    }

    /// Whether one of them keeps the image from being sent.
    #[must_use]
    pub fn refuse(&self) -> bool {
        self.refusing().next().is_some()
    }

    /// Those that refuse, on one line.
    #[must_use]
    pub fn refusal(&self) -> String {
        let shown = self.refusing().map(|finding| format!("{} at `{}`: {}", finding.id, finding.place, finding.reason));
        shown.collect::<Vec<_>>().join("; ")
    }

    /// The fix of the first that refuses, and the way to let it pass.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let first = self.refusing().next()?;
        if first.id == Id::LayerPath {
            return Some(first.fix.clone());
        }
        Some(format!("{}; what is right as it is passes with `--allow {}=REASON`", first.fix, first.id))
    }

    /// As SARIF 2.1.0, which CI systems show beside the sources.
    #[must_use]
    pub fn to_sarif(&self) -> serde_json::Value {
        sarif::log(&self.0)
    }

    /// Adds findings that were made later.
    #[must_use]
    pub fn and(self, more: impl IntoIterator<Item = Finding>, allowances: &[Allowance]) -> Self {
        Self::new(self.0.into_iter().chain(more), allowances)
    }
}

fn key(finding: &Finding) -> (bool, Severity, super::Id, &str) {
    (finding.allowed.is_some(), finding.severity, finding.id, &finding.place)
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, finding) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(formatter)?;
            }
            write!(formatter, "{finding}")?;
        }
        Ok(())
    }
}
