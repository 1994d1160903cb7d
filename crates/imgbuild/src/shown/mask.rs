//! Words of commands without what looks secret in them.

use super::{HIDDEN, is_secret_name};

/// Options whose word is `USER:PASSWORD`, as curl and wget have them.
const USERS: [&str; 4] = ["u", "user", "U", "proxy-user"];
/// Words between `Authorization:` and what is secret (RFC 9110, 11.1).
const SCHEMES: [&str; 5] = ["bearer", "basic", "digest", "negotiate", "token"];

/// Leaves secrets out of words that follow each other: what comes behind `--password` is one, too.
#[derive(Debug, Default)]
pub struct Mask {
    next: Next,
}

/// What the next word is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Next {
    #[default]
    Any,
    Secret,
    User,
}

impl Mask {
    /// A whole argument, which may hold blanks. One that follows an option such as `--password` is hidden as a whole.
    pub fn argument(&mut self, argument: &str) -> String {
        match std::mem::take(&mut self.next) {
            Next::Secret => HIDDEN.to_owned(),
            next => {
                self.next = next;
                self.text(argument)
            }
        }
    }

    /// A text of words with blanks between them.
    pub fn text(&mut self, text: &str) -> String {
        text.split(' ').map(|word| self.word(word)).collect::<Vec<_>>().join(" ")
    }

    fn word(&mut self, word: &str) -> String {
        if word.is_empty() {
            return String::new();
        }
        let before = std::mem::replace(&mut self.next, follows(word));
        match before {
            Next::Secret if SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme)) => {
                self.next = Next::Secret;
                word.to_owned()
            }
            Next::Secret => {
                self.next = Next::Any;
                HIDDEN.to_owned()
            }
            Next::User if !word.contains("://") => {
                word.split_once(':').map_or_else(|| word.to_owned(), |(user, _)| format!("{user}:{HIDDEN}"))
            }
            Next::User | Next::Any => pair(word),
        }
    }
}

/// What a word says of the next one.
fn follows(word: &str) -> Next {
    let name = word.trim_start_matches(['\'', '"']);
    match name.split_once([':', '=']) {
        // A header, whose value is a word of its own.
        Some((name, "")) if word.ends_with(':') && is_secret_name(name) => Next::Secret,
        None if name.starts_with('-') && is_secret_name(name) => Next::Secret,
        None if name.starts_with('-') && USERS.contains(&name.trim_start_matches('-')) => Next::User,
        _ => Next::Any,
    }
}

/// A word that may be a name with its value, and that one too: `--header=token:x`.
fn pair(word: &str) -> String {
    let bare = word.trim_start_matches(['-', '\'', '"']);
    match bare.split_once([':', '=']) {
        Some((_, value)) if value.is_empty() || value.starts_with("//") => without_user(word),
        Some((name, value)) => {
            let shown = &word[..word.len() - value.len()];
            let is_glued = word.starts_with("-u") && !word.starts_with("-u=");
            match value.split_once(':') {
                _ if is_secret_name(name) || is_glued => format!("{shown}{HIDDEN}"),
                Some((user, rest)) if USERS.contains(&name) && !rest.starts_with("//") => format!("{shown}{user}:{HIDDEN}"),
                _ => format!("{shown}{}", pair(value)),
            }
        }
        None => word.to_owned(),
    }
}

/// A URL without what stands in front of its host.
fn without_user(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => format!("{scheme}://{HIDDEN}{}", &rest[at..]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_secret_is_left_out() {
        let table = [
            ("-Ddb.password=x", "-Ddb.password=***"),
            ("--spring.datasource.password=x --server.port=8080", "--spring.datasource.password=*** --server.port=8080"),
            ("--api-key x y", "--api-key *** y"),
            ("java -jar /app/app.jar", "java -jar /app/app.jar"),
            ("jdbc:postgresql://user:pw@db/x", "jdbc:postgresql://***@db/x"),
            ("-Durl=jdbc:postgresql://user:pw@db/x", "-Durl=jdbc:postgresql://***@db/x"),
            ("ENV TOKEN=abc PORT=1", "ENV TOKEN=*** PORT=1"),
            ("-Dmonkey=1", "-Dmonkey=1"),
            ("curl -u me:pw http://x/", "curl -u me:*** http://x/"),
            ("curl -ume:pw --user=me:pw --proxy-user me:pw x:80", "curl -ume:*** --user=me:*** --proxy-user me:*** x:80"),
            ("wget --header=token:x 'http://h:80/y'", "wget --header=token:*** 'http://h:80/y'"),
            ("curl -H 'Authorization: Bearer x' http://h/", "curl -H 'Authorization: Bearer *** http://h/"),
            ("curl -H Cookie:x -H Accept:text", "curl -H Cookie:*** -H Accept:text"),
            ("a  b", "a  b"),
        ];
        for (text, expected) in table {
            assert_eq!(Mask::default().text(text), expected);
        }
    }

    #[test]
    fn an_argument_behind_a_secret_option_is_hidden_with_its_blanks() {
        let mut mask = Mask::default();
        let words = ["--api-key", "a b c", "x", "-u", "me:pw", "-H", "Authorization: Bearer a", "end"];
        let shown = words.map(|word| mask.argument(word));
        assert_eq!(shown, ["--api-key", "***", "x", "-u", "me:***", "-H", "Authorization: Bearer ***", "end"]);
    }
}
