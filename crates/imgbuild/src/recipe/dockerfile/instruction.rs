//! A logical line → an instruction, its variables not yet replaced.

use super::line::Line;
use super::{Flaw, health, refuse, word};

/// An instruction as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Instruction {
    From { image: String, platform: Option<String> },
    Arg(Vec<(String, Option<String>)>),
    Env(Vec<(String, String)>),
    Label(Vec<(String, String)>),
    Workdir(String),
    Copy(CopyWords),
    User(String),
    Expose(Vec<String>),
    Volume(Vec<String>),
    Entrypoint(Command),
    Cmd(Command),
    Healthcheck(health::Check),
    StopSignal(String),
    Shell(Vec<String>),
}

/// A command in one of its two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// A JSON array of words.
    Exec(Vec<String>),
    /// A text for the shell.
    Shell(String),
}

/// COPY or ADD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CopyWords {
    /// `COPY` or `ADD`.
    pub(super) name: &'static str,
    pub(super) chown: Option<String>,
    pub(super) chmod: Option<String>,
    pub(super) sources: Vec<String>,
    pub(super) destination: String,
}

impl Command {
    /// Docker's rule: what is no JSON array of strings is a text for the shell.
    pub(super) fn read(text: &str) -> Self {
        json(text).map_or_else(|| Self::Shell(text.to_owned()), Self::Exec)
    }

    /// Whether it was probably meant to be a JSON array.
    pub(super) fn is_broken_json(&self) -> bool {
        matches!(self, Self::Shell(text) if text.starts_with('['))
    }
}

pub(super) fn json(text: &str) -> Option<Vec<String>> {
    text.starts_with('[').then(|| serde_json::from_str(text).ok()).flatten()
}

/// Reads a line.
pub(super) fn read(line: &Line, escape: char) -> Result<Instruction, Flaw> {
    let number = line.number;
    let text = line.text.trim();
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let name = name.to_ascii_uppercase();
    let (flags, rest) = flags(rest.trim(), escape);
    if !refuse::KNOWN.contains(&name.as_str()) || name == "RUN" {
        return Err(refuse::instruction(number, &name));
    }
    let fail = |reason: String| Flaw::new(number, reason);
    if rest.is_empty() {
        return Err(fail(format!("`{name}` needs an argument")));
    }
    let may_have = match name.as_str() {
        "FROM" => &["platform"][..],
        "COPY" | "ADD" => &["chown", "chmod", "link"],
        "HEALTHCHECK" => &health::FLAGS,
        _ => &[],
    };
    if let Some((flag, _)) = flags.iter().find(|(flag, _)| !may_have.contains(&flag.as_str())) {
        return Err(if matches!(name.as_str(), "COPY" | "ADD") {
            refuse::copy_flag(number, &name, flag)
        } else {
            fail(format!("`{name}` has no flag `--{flag}`"))
        });
    }
    let flag = |wanted: &str| flags.iter().rev().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    Ok(match name.as_str() {
        "FROM" => from(number, rest, flag("platform"))?,
        "ARG" => Instruction::Arg(word::split(rest, escape).iter().map(|word| assignment(word)).collect()),
        "ENV" => Instruction::Env(pairs(rest, escape).map_err(fail)?),
        "LABEL" => Instruction::Label(pairs(rest, escape).map_err(fail)?),
        "WORKDIR" => Instruction::Workdir(rest.to_owned()),
        "COPY" => Instruction::Copy(copy(number, "COPY", rest, flag("chown"), flag("chmod"))?),
        "ADD" => Instruction::Copy(copy(number, "ADD", rest, flag("chown"), flag("chmod"))?),
        "USER" => Instruction::User(rest.to_owned()),
        "EXPOSE" => Instruction::Expose(words(rest)),
        "VOLUME" => Instruction::Volume(json(rest).unwrap_or_else(|| words(rest))),
        "ENTRYPOINT" => Instruction::Entrypoint(Command::read(rest)),
        "CMD" => Instruction::Cmd(Command::read(rest)),
        "HEALTHCHECK" => Instruction::Healthcheck(health::read(rest, &flags).map_err(fail)?),
        "STOPSIGNAL" => Instruction::StopSignal(rest.to_owned()),
        _ => Instruction::Shell(
            json(rest)
                .filter(|words| !words.is_empty())
                .ok_or_else(|| fail(r#"`SHELL` needs a JSON array, such as `["/bin/sh", "-c"]`"#.to_owned()))?,
        ),
    })
}

/// The flags in front of the arguments, and the arguments.
fn flags(mut rest: &str, escape: char) -> (Vec<(String, String)>, &str) {
    let mut flags = Vec::new();
    while rest.starts_with("--") {
        let mut quote = None;
        let mut skipped = false;
        let ends = |letter: char| {
            if std::mem::take(&mut skipped) {
                return false;
            }
            match quote {
                _ if letter == escape => skipped = true,
                Some(open) if open == letter => quote = None,
                None if matches!(letter, '"' | '\'') => quote = Some(letter),
                None => return letter.is_whitespace(),
                Some(_) => {}
            }
            false
        };
        let end = rest.find(ends).unwrap_or(rest.len());
        let flag = rest[2..end].to_owned();
        rest = rest[end..].trim_start();
        if flag.is_empty() {
            break;
        }
        let (name, value) = flag.split_once('=').unwrap_or((&flag, ""));
        flags.push((name.to_owned(), value.to_owned()));
    }
    (flags, rest)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn assignment(word: &str) -> (String, Option<String>) {
    word.split_once('=').map_or_else(|| (word.to_owned(), None), |(name, value)| (name.to_owned(), Some(value.to_owned())))
}

/// `NAME=VALUE …`, or the old form `NAME VALUE`, whose value is the rest of the line.
fn pairs(text: &str, escape: char) -> Result<Vec<(String, String)>, String> {
    let words = word::split(text, escape);
    if words.first().is_some_and(|word| !word.contains('=')) {
        let (name, value) = text.split_once(char::is_whitespace).ok_or_else(|| format!("`{text}` has no value: write `NAME=VALUE`"))?;
        return Ok(vec![(name.to_owned(), value.trim_start().to_owned())]);
    }
    let pair = |word: &String| match assignment(word) {
        (name, Some(value)) if !name.is_empty() => Ok((name, value)),
        (name, _) => Err(format!("`{name}` has no value: write `NAME=VALUE`, with quotes around a value that has spaces")),
    };
    words.iter().map(pair).collect()
}

fn from(line: u64, rest: &str, platform: Option<String>) -> Result<Instruction, Flaw> {
    match words(rest).as_slice() {
        [image] => Ok(Instruction::From { image: image.clone(), platform }),
        [image, keyword, _] if keyword.eq_ignore_ascii_case("as") => Ok(Instruction::From { image: image.clone(), platform }),
        _ => Err(Flaw::new(line, "write `FROM IMAGE` or `FROM IMAGE AS NAME`")),
    }
}

fn copy(line: u64, name: &'static str, rest: &str, chown: Option<String>, chmod: Option<String>) -> Result<CopyWords, Flaw> {
    let mut sources = json(rest).unwrap_or_else(|| words(rest));
    if sources.iter().any(|word| word.starts_with("<<")) {
        return Err(refuse::here_document(line, name));
    }
    let destination = sources.pop().filter(|_| !sources.is_empty());
    let destination = destination.ok_or_else(|| Flaw::new(line, format!("`{name}` needs a source and a destination")))?;
    Ok(CopyWords { name, chown, chmod, sources, destination })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Instruction, Flaw> {
        read(&Line { number: 7, text: text.to_owned() }, '\\')
    }

    #[test]
    fn both_forms_of_what_has_two() {
        let exec = |words: &[&str]| Command::Exec(words.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(one("ENTRYPOINT [\"java\", \"-jar\"]"), Ok(Instruction::Entrypoint(exec(&["java", "-jar"]))));
        assert_eq!(one("cmd java -jar x"), Ok(Instruction::Cmd(Command::Shell("java -jar x".to_owned()))));
        assert!(matches!(one("CMD ['java']"), Ok(Instruction::Cmd(command)) if command.is_broken_json()));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(one("ENV A=1 B='2 3'"), Ok(Instruction::Env(vec![pair("A", "1"), pair("B", "'2 3'")])));
        assert_eq!(one("ENV A 1 2"), Ok(Instruction::Env(vec![pair("A", "1 2")])));
        assert!(one("ENV A").is_err() && one("ENV A=1 B").is_err() && one("LABEL").is_err());
        assert_eq!(one("FROM a AS b"), Ok(Instruction::From { image: "a".to_owned(), platform: None }));
        assert!(one("FROM a b").is_err() && one("SHELL sh -c").is_err());
    }

    #[test]
    fn copy_reads_its_flags_and_takes_names_with_spaces_as_json() {
        let Ok(Instruction::Copy(found)) = one(r#"COPY --chown="1:2" --link --chmod=640 ["a b", "c/"]"#) else { panic!("no COPY") };
        assert_eq!((found.sources, found.destination.as_str()), (vec!["a b".to_owned()], "c/"));
        assert_eq!((found.chown.as_deref(), found.chmod.as_deref()), (Some("\"1:2\""), Some("640")));
        assert!(one("COPY a").is_err() && one("ADD []").is_err());
    }

    #[test]
    fn what_is_not_done_is_refused_with_its_line_and_a_way_out() {
        for (text, says) in [
            ("RUN apt-get update", "RUN"),
            ("ONBUILD COPY a b", "ONBUILD"),
            ("MAINTAINER me", "MAINTAINER"),
            ("COPY --from=build /a /b", "--from"),
            ("COPY --parents a b", "--parents"),
            ("COPY <<EOF /a", "<<"),
            ("ADD --checksum=sha256:00 https://a/b /b", "remote"),
        ] {
            let flaw = one(text).unwrap_err();
            assert!(flaw.line == 7 && flaw.reason.contains(says) && flaw.hint.is_some(), "{text}: {flaw:?}");
        }
        assert!(one("ENTRYPONT [\"a\"]").unwrap_err().reason.contains("did you mean `ENTRYPOINT`?"));
        assert!(one("FROM --plattform=a b").unwrap_err().reason.contains("--plattform"));
    }
}
