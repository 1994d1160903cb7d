//! Java's properties files, as `java.util.Properties.load` reads them.

/// Names and values in the order of the file. Of two with one name the later counts.
#[must_use]
pub(super) fn parse(text: &str) -> Vec<(String, String)> {
    logical_lines(text).iter().filter_map(|line| pair(line)).collect()
}

/// Lines without comments and blank ones; a line that ends in an odd number of `\` goes on in the next.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Option<String> = None;
    for line in text.split(['\n', '\r']) {
        let line = line.trim_start_matches([' ', '\t', '\u{c}']);
        if open.is_none() && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        let goes_on = line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let part = if goes_on { &line[..line.len() - 1] } else { line };
        let whole = open.take().unwrap_or_default() + part;
        if goes_on { open = Some(whole) } else { lines.push(whole) }
    }
    lines.extend(open);
    lines
}

fn pair(line: &str) -> Option<(String, String)> {
    let mut escaped = false;
    let end = line.find(|character: char| {
        let ends = !escaped && matches!(character, '=' | ':' | ' ' | '\t' | '\u{c}');
        escaped = character == '\\' && !escaped;
        ends
    });
    let (name, rest) = line.split_at(end.unwrap_or(line.len()));
    let blank = [' ', '\t', '\u{c}'];
    let rest = rest.trim_start_matches(blank);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(blank);
    (!name.is_empty()).then(|| (unescaped(name), unescaped(value)))
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let digits: String = characters.by_ref().take(4).collect();
                out.push(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_java_reads_them() {
        let text = "# no\n! no\na=1\nb : 2\n  c 3\nd\\ e\\=f=4\ng=one,\\\n   two\nh\n\\u0041=\\u0042\\n\r\na=5";
        let expected = [("a", "1"), ("b", "2"), ("c", "3"), ("d e=f", "4"), ("g", "one,two"), ("h", ""), ("A", "B\n"), ("a", "5")];
        let found = parse(text);
        assert_eq!(found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
        assert_eq!(parse("x=1\\"), [("x".to_owned(), "1".to_owned())]);
    }
}
