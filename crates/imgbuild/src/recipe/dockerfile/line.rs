//! The text of a Dockerfile → its logical lines: directives read, comments gone, continuations joined.

use super::Flaw;

/// The characters that `# escape=` may name.
const ESCAPES: [char; 2] = ['\\', '`'];

/// A logical line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it starts, counted from 1.
    pub(super) number: u64,
    /// Its text, continuations joined.
    pub(super) text: String,
}

/// The lines of a text, and its escape character.
pub(super) fn lines(text: &str) -> Result<(Vec<Line>, char), Flaw> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let escape = escape(text)?;
    let mut lines = Vec::new();
    let mut open: Option<Line> = None;
    for (number, physical) in (1..).zip(text.lines()) {
        if physical.trim_start().starts_with('#') {
            continue;
        }
        let (piece, goes_on) = continued(physical, escape);
        match &mut open {
            // An empty line within a continuation does not end it, as Docker has it.
            _ if piece.trim().is_empty() && !goes_on => continue,
            Some(line) => line.text.push_str(piece),
            None => open = Some(Line { number, text: piece.trim_start().to_owned() }),
        }
        if !goes_on {
            lines.extend(open.take());
        }
    }
    lines.extend(open);
    lines.retain(|line| !line.text.trim().is_empty());
    Ok((lines, escape))
}

/// A physical line without its continuation mark, and whether it had one. A doubled mark is none.
fn continued(line: &str, escape: char) -> (&str, bool) {
    match line.trim_end_matches([' ', '\t']).strip_suffix(escape) {
        Some(rest) if !rest.ends_with(escape) => (rest, true),
        _ => (line, false),
    }
}

/// Reads the directives, which stand before everything else. `syntax` and `check` ask for other builders and are passed over.
fn escape(text: &str) -> Result<char, Flaw> {
    let mut escape = None;
    for (number, line) in (1..).zip(text.lines()) {
        let directive = line.trim_start().strip_prefix('#').and_then(|rest| rest.split_once('='));
        let Some((name, value)) = directive.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim())) else { break };
        match name.as_str() {
            "syntax" | "check" => {}
            "escape" if escape.is_some() => return Err(Flaw::new(number, "the directive `escape` is there twice")),
            "escape" => {
                let found = ESCAPES.into_iter().find(|known| value.chars().eq([*known]));
                escape = Some(found.ok_or_else(|| Flaw::new(number, r"`escape` may be `\` or a backtick"))?);
            }
            _ => break,
        }
    }
    Ok(escape.unwrap_or('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(u64, String)> {
        lines(text).unwrap().0.into_iter().map(|line| (line.number, line.text)).collect()
    }

    #[test]
    fn continuations_are_joined_and_comments_within_them_are_gone() {
        let text = "\u{feff}# a comment\n\nFROM a\n  ENV A=1 \\ \n# between\n\n   B=2\nCMD a\\\\\nUSER x";
        let expected = [(3, "FROM a"), (4, "ENV A=1    B=2"), (8, "CMD a\\\\"), (9, "USER x")];
        assert_eq!(texts(text), expected.map(|(number, text)| (number, text.to_owned())));
        assert_eq!(texts("ENV A=1 \\"), [(1, "ENV A=1 ".to_owned())]);
        assert_eq!(texts("FROM a\r\nUSER x\r\n").len(), 2);
    }

    #[test]
    fn the_escape_directive_changes_what_continues_a_line() {
        let (lines, escape) = lines("# syntax=docker/dockerfile:1\n# Escape = `\nCOPY a `\n C:\\").unwrap();
        assert_eq!((lines[0].text.as_str(), escape), ("COPY a  C:\\", '`'));
        assert_eq!(texts("# just words\n# escape=`\nCOPY a `")[0].1, "COPY a `");
        for bad in ["# escape=x\nFROM a", "# escape=`\n# escape=`\nFROM a"] {
            assert!(super::lines(bad).is_err(), "{bad}");
        }
    }
}
