//! What the user lets pass, and why: `ID=REASON`, or `native-library:JAR=REASON` for one library alone.

use std::fmt;
use std::str::FromStr;

use super::{Finding, Id};

/// A finding that is let pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    id: Id,
    /// The library that it is limited to, as its file is called, with or without version and `.jar`.
    library: Option<String>,
    reason: String,
}

impl Allowance {
    /// Lets every finding of a guard pass.
    #[must_use]
    pub fn new(id: Id, reason: impl Into<String>) -> Self {
        Self { id, library: None, reason: reason.into() }
    }

    fn covers(&self, finding: &Finding) -> bool {
        self.id == finding.id && self.library.as_ref().is_none_or(|library| is_called(&finding.place, library))
    }
}

/// Marks the findings that are let pass.
pub(super) fn apply(findings: &mut [Finding], allowances: &[Allowance]) {
    for finding in findings {
        if let Some(allowance) = allowances.iter().find(|allowance| allowance.covers(finding)) {
            finding.allowed = Some(allowance.reason.clone());
        }
    }
}

/// Whether the library at a path is called so: `rocksdbjni-9.7.3.jar`, or `rocksdbjni`.
fn is_called(path: &str, library: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    let versioned = |rest: &str| rest.strip_prefix('-').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    path == library || file == library || file.strip_prefix(library).is_some_and(|rest| rest == ".jar" || versioned(rest))
}

impl FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (what, reason) = text.split_once('=').ok_or("write `ID=REASON`: why may it pass?")?;
        let (id, library) = what.split_once(':').map_or((what, None), |(id, library)| (id, Some(library)));
        let id: Id = id.trim().parse()?;
        if reason.trim().is_empty() || reason.contains(['\n', '\r']) {
            return Err(format!("`{id}` needs a reason, on one line: `{id}=REASON`"));
        }
        if id == Id::LayerPath {
            return Err(format!("`{id}` cannot be let pass: choose another destination"));
        }
        if library.is_some() && id != Id::NativeLibrary {
            return Err(format!("only `{}` can be limited to a library", Id::NativeLibrary));
        }
        if library.is_some_and(|library| library.trim().is_empty()) {
            return Err(format!("the library is empty: write `{id}:JAR=REASON`"));
        }
        Ok(Self { id, library: library.map(|library| library.trim().to_owned()), reason: reason.trim().to_owned() })
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.id)?;
        self.library.iter().try_for_each(|library| write!(formatter, ":{library}"))?;
        write!(formatter, "={}", self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_names_its_guard_and_a_reason() {
        for text in ["class-version=never loaded", "native-library:rocksdbjni=not used on arm64", "stale-static=a=b"] {
            assert_eq!(text.parse::<Allowance>().unwrap().to_string(), text);
        }
        for text in ["", "class-version", "class-version=", "class-version= ", "nothing=x", "class-version:a.jar=x", "native-library:=x"] {
            assert!(text.parse::<Allowance>().is_err(), "{text}");
        }
        assert!("klass=x".parse::<Allowance>().unwrap_err().contains("`class-version`"));
    }

    #[test]
    fn one_for_a_library_covers_that_library_alone() {
        let finding = |place: &str| Finding::error(Id::NativeLibrary, place, "", "");
        let mut findings = [
            finding("BOOT-INF/lib/rocksdbjni-9.7.3.jar"),
            finding("BOOT-INF/lib/rocksdbjni-tools-1.jar"),
            Finding::error(Id::ClassVersion, "BOOT-INF/lib/rocksdbjni-9.7.3.jar", "", ""),
        ];
        apply(&mut findings, &["native-library:rocksdbjni=unused".parse().unwrap()]);
        assert_eq!(findings.iter().map(Finding::refuses).collect::<Vec<_>>(), [false, true, true]);
        apply(&mut findings, &["native-library=unused".parse().unwrap()]);
        assert_eq!(findings.iter().map(Finding::refuses).collect::<Vec<_>>(), [false, false, true]);
    }
}
