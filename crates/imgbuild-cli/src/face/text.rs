//! Text from outside as a terminal may have it: registries and JARs must not move the cursor or hide what was said.

use std::fmt::Write as _;

use imgbuild::shown::Shown;

/// The text without control characters; line breaks stay, and further lines are indented by `indent` blanks.
pub(super) fn printable(text: &str, indent: usize) -> String {
    let mut shown = String::with_capacity(text.len());
    for (number, line) in text.trim_end().lines().enumerate() {
        if number > 0 {
            shown.push('\n');
            // A line that is indented already was laid out by its author.
            let missing = if line.starts_with(' ') { 0 } else { indent };
            shown.extend(std::iter::repeat_n(' ', missing));
        }
        // Writing to a `String` cannot fail.
        let _ = write!(shown, "{}", Shown(line));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_lines_are_indented() {
        assert_eq!(printable("a\u{1b}[31mb\rc\tд", 2), "a\\u{1b}[31mb\\rc\tд");
        assert_eq!(printable("first\nsecond\n    third\n", 6), "first\n      second\n    third");
    }
}
