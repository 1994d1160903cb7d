//! Lines that lie below each other: a tree on a terminal, indented text in a pipe.

use std::fmt;

/// Lines with their depth. What is put in must be [`Shown`](super::Shown) already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline(Vec<(usize, String)>);

impl Outline {
    /// No lines.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line.
    pub fn add(&mut self, depth: usize, line: impl Into<String>) {
        self.0.push((depth, line.into()));
    }

    /// The lines with strokes that show what lies below what.
    #[must_use]
    pub const fn tree(&self) -> Tree<'_> {
        Tree(self)
    }

    /// Whether a line of `depth` comes after `at`, before one that is less deep.
    fn goes_on(&self, at: usize, depth: usize) -> bool {
        self.0[at + 1..].iter().take_while(|(other, _)| *other >= depth).any(|(other, _)| *other == depth)
    }
}

/// Two spaces for each level.
impl fmt::Display for Outline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(depth, line)| writeln!(formatter, "{:1$}{line}", "", depth * 2))
    }
}

/// An outline drawn as a tree.
#[derive(Debug, Clone, Copy)]
pub struct Tree<'a>(&'a Outline);

impl fmt::Display for Tree<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (depth, line)) in self.0.0.iter().enumerate() {
            for level in 1..*depth {
                formatter.write_str(if self.0.goes_on(at, level) { "│  " } else { "   " })?;
            }
            if *depth > 0 {
                formatter.write_str(if self.0.goes_on(at, *depth) { "├─ " } else { "└─ " })?;
            }
            writeln!(formatter, "{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_end_with_the_last_line_of_a_level() {
        let mut outline = Outline::new();
        for (depth, line) in [(0, "image"), (1, "amd64"), (2, "layer"), (3, "jar"), (2, "user"), (1, "arm64"), (2, "layer")] {
            outline.add(depth, line);
        }
        let tree = "image\n├─ amd64\n│  ├─ layer\n│  │  └─ jar\n│  └─ user\n└─ arm64\n   └─ layer\n";
        assert_eq!(outline.tree().to_string(), tree);
        assert_eq!(outline.to_string(), "image\n  amd64\n    layer\n      jar\n    user\n  arm64\n    layer\n");
    }
}
