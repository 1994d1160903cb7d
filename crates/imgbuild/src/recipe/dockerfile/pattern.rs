//! Patterns of paths: those of COPY, one name for one name, and those of .dockerignore, where `**` is any number of them.

/// A pattern, its parts between `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `**`
    Any,
    Name(Vec<Piece>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Letter(char),
    /// `?`
    One,
    /// `*`
    Many,
    /// `[a-z]`, or `[^a-z]` for any other letter.
    Set {
        except: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Pattern {
    /// Reads a pattern of relative paths.
    ///
    /// # Errors
    /// When a `[` is not closed or a `\` stands at the end.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split('/').filter(|part| !matches!(*part, "" | "."));
        let parts = parts.map(|part| if part == "**" { Ok(Part::Any) } else { name(part).map(Part::Name) });
        parts.collect::<Result<_, _>>().map(Self)
    }

    /// Whether the whole path is meant.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        matches_parts(&self.0, &names)
    }

    /// The path, where the pattern is nothing but one.
    #[must_use]
    pub fn literal(&self) -> Option<String> {
        let name = |part: &Part| match part {
            Part::Any => None,
            Part::Name(pieces) => pieces.iter().map(|piece| if let Piece::Letter(letter) = piece { Some(*letter) } else { None }).collect(),
        };
        self.0.iter().map(name).collect::<Option<Vec<String>>>().map(|names| names.join("/"))
    }
}

fn name(part: &str) -> Result<Vec<Piece>, String> {
    let bad = || format!("`{part}` is no pattern: a `[` is not closed, or a `\\` stands at the end");
    let mut pieces = Vec::new();
    let mut letters = part.chars().peekable();
    while let Some(letter) = letters.next() {
        pieces.push(match letter {
            '?' => Piece::One,
            '*' if pieces.last() == Some(&Piece::Many) => continue,
            '*' => Piece::Many,
            '\\' => Piece::Letter(letters.next().ok_or_else(bad)?),
            '[' => {
                let except = letters.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                loop {
                    let first = match letters.next().ok_or_else(bad)? {
                        ']' if !ranges.is_empty() => break,
                        '\\' => letters.next().ok_or_else(bad)?,
                        other => other,
                    };
                    let last = if letters.next_if_eq(&'-').is_some() {
                        match letters.next().ok_or_else(bad)? {
                            '\\' => letters.next().ok_or_else(bad)?,
                            other => other,
                        }
                    } else {
                        first
                    };
                    ranges.push((first, last));
                }
                Piece::Set { except, ranges }
            }
            other => Piece::Letter(other),
        });
    }
    Ok(pieces)
}

fn matches_parts(parts: &[Part], names: &[&str]) -> bool {
    matched(
        parts,
        names,
        |part, name| match part {
            Part::Any => true,
            Part::Name(pieces) => matched(
                pieces,
                &name.chars().collect::<Vec<_>>(),
                |piece, letter| matches_piece(piece, *letter),
                |piece| *piece == Piece::Many,
            ),
        },
        |part| *part == Part::Any,
    )
}

fn matches_piece(piece: &Piece, letter: char) -> bool {
    match piece {
        Piece::Letter(wanted) => *wanted == letter,
        Piece::One | Piece::Many => true,
        Piece::Set { except, ranges } => ranges.iter().any(|(first, last)| (*first..=*last).contains(&letter)) != *except,
    }
}

/// Matches from left to right; at a mismatch the last repeating part takes one more. No input takes more than the product
/// of both lengths.
fn matched<P, T>(pattern: &[P], text: &[T], one: impl Fn(&P, &T) -> bool, repeats: impl Fn(&P) -> bool) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while position < text.len() {
        match pattern.get(at) {
            Some(part) if repeats(part) => {
                back = Some((at, position));
                at += 1;
            }
            Some(part) if one(part, &text[position]) => {
                at += 1;
                position += 1;
            }
            _ => match &mut back {
                Some((star, taken)) => {
                    *taken += 1;
                    (at, position) = (*star + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_go_does() {
        let table = [
            ("*.jar", "a.jar", true),
            ("*.jar", "b/a.jar", false),
            ("build/libs/*.jar", "build/libs/KOIN_API_V2.jar", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
            ("[]a]", "]", true),
            ("*a*b*", "xxayyb", true),
            ("*a*b*", "xxbyya", false),
            ("**/x", "x", true),
            ("**/x", "a/b/x", true),
            ("a/**", "a/b/c", true),
            ("a/**/c", "a/c", true),
            ("a/**/c", "a/b/d", false),
            ("./a//b/", "a/b", true),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(path), expected, "{pattern} {path}");
        }
        for bad in ["[a", "a\\", "[", "[a-"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Pattern::parse(r"a/\*b").unwrap().literal().as_deref(), Some("a/*b"));
        assert_eq!(Pattern::parse("a/*").unwrap().literal(), None);
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = Pattern::parse(&"*a".repeat(30)).unwrap();
        assert!(!pattern.matches(&format!("{}b", "a".repeat(5000))));
    }
}
