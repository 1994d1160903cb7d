//! `.properties` files, as `java.util.Properties` reads them.

use super::{Malformed, Setting};

/// The settings of a file.
pub(in super::super) fn parse(content: &[u8]) -> Result<Vec<Setting>, Malformed> {
    // Spring Boot reads UTF-8 where the bytes are that, and Latin-1 otherwise.
    let text = std::str::from_utf8(content).map_or_else(|_| content.iter().map(|&byte| char::from(byte)).collect(), str::to_owned);
    let mut settings = Vec::new();
    let mut lines = (1_u64..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = line.to_owned();
        while continues(&logical) {
            logical.pop();
            let Some((_, next)) = lines.next() else { break };
            logical.push_str(next.trim_start());
        }
        let (name, value) = split(&logical);
        let unescape = |text: &str| unescape(text).ok_or(Malformed { line: number, reason: "malformed \\uxxxx encoding".to_owned() });
        settings.push(Setting { name: unescape(name)?, value: unescape(value)?, line: Some(number) });
    }
    Ok(settings)
}

/// Whether an odd number of backslashes ends the line.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

/// Name and value: divided by the first `=`, `:` or white space that is not escaped.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|&(_, character)| {
        let ends = !escaped && matches!(character, '=' | ':' | ' ' | '\t' | '\u{c}');
        escaped = !escaped && character == '\\';
        ends
    });
    let Some((end, _)) = end else { return (line, "") };
    let rest = line[end..].trim_start_matches([' ', '\t', '\u{c}']);
    (&line[..end], rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches([' ', '\t', '\u{c}']))
}

fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('u') => {
                let digits: String = characters.by_ref().take(4).collect();
                let valid = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                let code = u32::from_str_radix(&digits, 16).ok().filter(|_| valid)?;
                // Half of a surrogate pair is a character to Java only.
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some(other) => out.push(other),
            None => {}
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_java_reads_them() {
        let text = "# comment\n! too\n\na=1\n b : 2\nc 3\nd\\=e=f\\\n    g\nh=\\u0041\\\\\nlast";
        let settings = parse(text.as_bytes()).unwrap();
        let pairs: Vec<(&str, &str, Option<u64>)> =
            settings.iter().map(|setting| (setting.name.as_str(), setting.value.as_str(), setting.line)).collect();
        let expected = [
            ("a", "1", Some(4)),
            ("b", "2", Some(5)),
            ("c", "3", Some(6)),
            ("d=e", "fg", Some(7)),
            ("h", "A\\", Some(9)),
            ("last", "", Some(10)),
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_broken_escape_is_named_with_its_line() {
        assert_eq!(parse(b"a=1\npath=C:\\users\\x\n").unwrap_err(), Malformed { line: 2, reason: "malformed \\uxxxx encoding".to_owned() });
    }
}
