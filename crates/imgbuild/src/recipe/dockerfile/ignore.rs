//! `.dockerignore`: which files of the context a Dockerfile does not see.

use super::Pattern;

/// The patterns of a `.dockerignore`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    pattern: Pattern,
    /// `!`: what matches is seen after all.
    returns: bool,
}

impl Ignore {
    /// Reads the patterns.
    ///
    /// # Errors
    /// The number of the first line that is no pattern, and why.
    pub fn parse(text: &str) -> Result<Self, (u64, String)> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (returns, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim()));
            let pattern = Pattern::parse(&cleaned(pattern)).map_err(|reason| (number, reason))?;
            rules.push(Rule { pattern, returns });
        }
        Ok(Self(rules))
    }

    /// Whether a path of the context is left out. The last rule that matches the path, or a folder above it, decides.
    #[must_use]
    pub fn leaves_out(&self, path: &str) -> bool {
        let above = |path: &'_ str| path.match_indices('/').map(|(at, _)| path[..at].to_owned()).collect::<Vec<_>>();
        let folders = above(path);
        let meant = |rule: &&Rule| rule.pattern.matches(path) || folders.iter().any(|folder| rule.pattern.matches(folder));
        self.0.iter().rev().find(meant).is_some_and(|rule| !rule.returns)
    }

    /// Whether something below a folder that is left out may be seen after all.
    #[must_use]
    pub fn has_exceptions(&self) -> bool {
        self.0.iter().any(|rule| rule.returns)
    }
}

/// A pattern without `.` and `..`, as Go's `filepath.Clean` leaves it.
fn cleaned(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_matches_decides() {
        let ignore = Ignore::parse("# all but the JAR\n*\n!build/libs/*.jar\nbuild/libs/*-plain.jar\n").unwrap();
        for (path, expected) in [
            ("src", true),
            ("src/main/App.java", true),
            ("build/libs/app.jar", false),
            ("build/libs/app-plain.jar", true),
            ("build/other", true),
        ] {
            assert_eq!(ignore.leaves_out(path), expected, "{path}");
        }
        assert!(ignore.has_exceptions() && !Ignore::default().leaves_out("a"));
    }

    #[test]
    fn patterns_begin_at_the_context_and_hold_for_what_is_below() {
        let ignore = Ignore::parse("/.git\n**/*.class\n./a/../b\n").unwrap();
        for (path, expected) in [(".git/config", true), ("x/.git", false), ("p/q/A.class", true), ("b/c", true), ("a", false)] {
            assert_eq!(ignore.leaves_out(path), expected, "{path}");
        }
        assert_eq!(Ignore::parse("a\n[b\n").unwrap_err().0, 2);
    }
}
