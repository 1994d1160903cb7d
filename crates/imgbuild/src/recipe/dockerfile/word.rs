//! Words of an instruction: where they end, and what their quotes and variables stand for.
//!
//! The rules are those of Docker's own expansion: `$NAME`, `${NAME}` and the forms with `-`, `+` and `?`. Other forms of a
//! shell are refused, not passed through.

use std::iter::Peekable;
use std::str::Chars;

/// What gives variables their values.
pub(super) trait Variables {
    /// The value, if it is set.
    ///
    /// # Errors
    /// When the value cannot be known.
    fn value(&mut self, name: &str) -> Result<Option<String>, String>;
}

/// Splits at white space that is not within quotes. Quotes and escapes stay.
pub(super) fn split(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match quote {
            None if letter.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if matches!(letter, '\'' | '"') => quote = Some(letter),
            Some(open) if letter == open => quote = None,
            _ => {}
        }
        word.push(letter);
        if letter == escape && quote != Some('\'') {
            word.extend(letters.next());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The word without its quotes, its variables replaced.
///
/// # Errors
/// When a quote or a brace is not closed, or a variable has a form that is not known.
pub(super) fn expand(word: &str, escape: char, variables: &mut dyn Variables) -> Result<String, String> {
    Expansion { letters: word.chars().peekable(), escape, variables }.until(None)
}

struct Expansion<'a> {
    letters: Peekable<Chars<'a>>,
    escape: char,
    variables: &'a mut dyn Variables,
}

impl Expansion<'_> {
    /// Expands up to `end`, which is consumed.
    fn until(&mut self, end: Option<char>) -> Result<String, String> {
        let mut result = String::new();
        while let Some(letter) = self.letters.next() {
            match letter {
                _ if Some(letter) == end => return Ok(result),
                '\'' => self.single_quoted(&mut result)?,
                '"' => self.double_quoted(&mut result)?,
                '$' => result.push_str(&self.variable()?),
                _ if letter == self.escape => result.extend(self.letters.next()),
                _ => result.push(letter),
            }
        }
        match end {
            None => Ok(result),
            Some(end) => Err(format!("a `{end}` is missing")),
        }
    }

    fn single_quoted(&mut self, result: &mut String) -> Result<(), String> {
        for letter in self.letters.by_ref() {
            if letter == '\'' {
                return Ok(());
            }
            result.push(letter);
        }
        Err("a `'` is not closed".to_owned())
    }

    fn double_quoted(&mut self, result: &mut String) -> Result<(), String> {
        while let Some(letter) = self.letters.next() {
            match letter {
                '"' => return Ok(()),
                '$' => result.push_str(&self.variable()?),
                _ if letter == self.escape => match self.letters.next() {
                    Some(next) if next == '"' || next == '$' || next == self.escape => result.push(next),
                    Some(next) => result.extend([letter, next]),
                    None => break,
                },
                _ => result.push(letter),
            }
        }
        Err("a `\"` is not closed".to_owned())
    }

    /// What follows a `$`.
    fn variable(&mut self) -> Result<String, String> {
        if self.letters.next_if_eq(&'{').is_none() {
            let name = self.name();
            return if name.is_empty() { Ok("$".to_owned()) } else { Ok(self.variables.value(&name)?.unwrap_or_default()) };
        }
        let name = self.name();
        if name.is_empty() {
            return Err("`${` is followed by no name".to_owned());
        }
        let value = self.variables.value(&name)?;
        let counts_empty = |value: &Option<String>, colon: bool| value.as_ref().is_some_and(|text| !colon || !text.is_empty());
        let colon = self.letters.next_if_eq(&':').is_some();
        let is_set = counts_empty(&value, colon);
        match self.letters.next() {
            Some('}') if !colon => Ok(value.unwrap_or_default()),
            Some('-') => {
                let other = self.until(Some('}'))?;
                Ok(value.filter(|_| is_set).unwrap_or(other))
            }
            Some('+') => {
                let other = self.until(Some('}'))?;
                Ok(if is_set { other } else { String::new() })
            }
            Some('?') => {
                let message = self.until(Some('}'))?;
                value
                    .filter(|_| is_set)
                    .ok_or_else(|| if message.is_empty() { format!("`{name}` is not set") } else { format!("`{name}`: {message}") })
            }
            None => Err("a `}` is missing".to_owned()),
            Some(_) => Err(format!("`${{{name}…}}` has a form that is not known; `:-`, `:+` and `:?` are")),
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        let fits = |letter: &char, first: bool| *letter == '_' || letter.is_ascii_alphabetic() || (!first && letter.is_ascii_digit());
        while let Some(letter) = self.letters.next_if(|letter| fits(letter, name.is_empty())) {
            name.push(letter);
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Variables for Fixed {
        fn value(&mut self, name: &str) -> Result<Option<String>, String> {
            Ok(match name {
                "A" => Some("one".to_owned()),
                "EMPTY" => Some(String::new()),
                _ => None,
            })
        }
    }

    #[test]
    fn expands_as_docker_does() {
        let table = [
            ("a$A-b", "aone-b"),
            ("${A}b", "oneb"),
            ("'$A'", "$A"),
            ("\"$A b\"", "one b"),
            (r"\$A", "$A"),
            (r#""\$A \n \"""#, r#"$A \n ""#),
            ("$", "$"),
            ("a$/b", "a$/b"),
            ("$NONE", ""),
            ("${NONE:-x$A}", "xone"),
            ("${EMPTY:-x}", "x"),
            ("${EMPTY-x}", ""),
            ("${A:-x}", "one"),
            ("${A:+x}", "x"),
            ("${EMPTY:+x}", ""),
            ("${EMPTY+x}", "x"),
            ("${NONE+x}", ""),
            ("${A:?missing}", "one"),
            ("${NONE:-'a}b'}", "a}b"),
        ];
        for (word, expected) in table {
            assert_eq!(expand(word, '\\', &mut Fixed).as_deref(), Ok(expected), "{word}");
        }
        for bad in ["'a", "\"a", "${A", "${A:-x", "${}", "${A/b/c}", "${A:x}", "${NONE:?say it}", "${NONE?}"] {
            assert!(expand(bad, '\\', &mut Fixed).is_err(), "{bad}");
        }
        assert_eq!(expand("C:\\a`$A", '`', &mut Fixed).as_deref(), Ok("C:\\a$A"));
    }

    #[test]
    fn splits_outside_of_quotes() {
        assert_eq!(split(r#" a="b c"  d\ e 'f  g' "#, '\\'), [r#"a="b c""#, r"d\ e", "'f  g'"]);
        assert!(split("  ", '\\').is_empty());
    }
}
