//! How texts of others are shown to people: names out of images, histories, arguments.
//!
//! What would move a cursor, hide a part of a line or turn its direction is written out as an escape; what looks like a
//! secret is left out. The room refuses to judge anything else: a name may be as strange as it likes.

mod mask;
mod outline;

use std::fmt;

pub use mask::Mask;
pub use outline::{Outline, Tree};

/// A text of others, on one line and without anything that a terminal acts on. Letters of all scripts stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown<'a>(
    /// The text.
    pub &'a str,
);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.0.chars().try_for_each(|character| {
            if acts(character) { write!(formatter, "{}", character.escape_default()) } else { formatter.write_char(character) }
        })
    }
}

/// Control characters except the tab, line ends, and the marks that turn the direction of what follows (Unicode TR 36, 2.5).
fn acts(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// What stands for a value that is not shown.
pub const HIDDEN: &str = "***";

/// Words in the name of a value that should not be shown.
const SECRET_WORDS: [&str; 12] =
    ["password", "passwd", "pwd", "secret", "token", "credential", "apikey", "api_key", "private", "passphrase", "authorization", "cookie"];

/// Whether a value of this name should not be shown.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    SECRET_WORDS.iter().any(|word| name.contains(word)) || name.split('_').any(|part| matches!(part, "key" | "auth" | "pass"))
}

/// The text with the values left out whose names look secret: `-Ddb.password=x` is `-Ddb.password=***`, and so is what
/// follows such a name as a word of its own. Users and passwords of URLs are left out too.
#[must_use]
pub fn masked(text: &str) -> String {
    Mask::default().text(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_left() {
        let hostile = "a\x1b[2Jb\rc\u{202e}d\ne\u{9b}31m";
        assert_eq!(Shown(hostile).to_string(), r"a\u{1b}[2Jb\rc\u{202e}d\ne\u{9b}31m");
        assert_eq!(Shown("설정/über 'x' $y.yml").to_string(), "설정/über 'x' $y.yml");
    }
}
