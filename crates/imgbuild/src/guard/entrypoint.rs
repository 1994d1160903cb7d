//! `entrypoint`: what the image starts, starts in and is judged by exists.

use super::command::{Started, started};
use super::{Finding, Id, Subject};
use crate::base::Facts;
use crate::base::facts::{Lookup, Node, Resolved};

/// Words that a shell knows itself (POSIX, 2.14 and usual extensions).
const BUILT_IN: [&str; 22] = [
    ".", ":", "[", "[[", "{", "(", "!", "cd", "command", "echo", "eval", "exec", "exit", "export", "false", "if", "printf", "set", "test",
    "true", "until", "while",
];

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(facts) = subject.facts else { return Vec::new() };
    let start = subject.start;
    let mut findings = Vec::new();
    match start.command.first() {
        _ if !subject.is_own_command => {}
        None => findings.push(Finding::error(
            Id::Entrypoint,
            "ENTRYPOINT",
            "the image has neither ENTRYPOINT nor CMD",
            "name one: `--entrypoint '[\"java\", \"-jar\", \"/app/app.jar\"]'`",
        )),
        Some(program) => {
            findings.extend(program_finding(subject, facts, program, "the entrypoint"));
            findings.extend(command_of_shell(&start.command).and_then(|word| program_finding(subject, facts, word, "the entrypoint")));
        }
    }
    if let Some(Started::Jar(jar)) = started(&start.command) {
        let path = absolute(subject, jar);
        if !jar.contains('$') && matches!(facts.resolve(&path), Lookup::Absent) {
            let reason = "the entrypoint starts this JAR, and neither the base nor the layers have it";
            findings.push(Finding::error(
                Id::Entrypoint,
                path,
                reason,
                format!("start `{}`, or leave `--entrypoint` out", subject.application),
            ));
        }
    }
    findings.extend(working_directory(subject, facts));
    if let Some(program) = start.health_command.first().filter(|_| subject.is_own_command) {
        findings.extend(program_finding(subject, facts, program, "the health check"));
        findings.extend(command_of_shell(&start.health_command).and_then(|word| program_finding(subject, facts, word, "the health check")));
    }
    if subject.is_own_command && !start.user.is_empty() && matches!(facts.user(&start.user), Lookup::Absent) {
        let reason = "the image runs as this user, and the base's /etc/passwd and /etc/group do not have it";
        let fix = "name a user that the base has, or numbers: `--user 1000:1000`";
        findings.push(Finding::error(Id::Entrypoint, format!("USER {}", start.user), reason, fix));
    }
    findings
}

fn program_finding(subject: &Subject<'_>, facts: &Facts, program: &str, who: &str) -> Option<Finding> {
    if !matches!(facts.find_executable(program, subject.start), Lookup::Absent) {
        return None;
    }
    let there = program.contains('/') && matches!(facts.resolve(&absolute(subject, program)), Lookup::Found(_));
    let reason = if there {
        format!("{who} starts it, and it is no file that may be executed")
    } else if program.contains('/') {
        format!("{who} starts it, and neither the base nor the layers have it")
    } else {
        let path: Vec<&str> = subject.start.folders().collect();
        format!("{who} starts it, and no folder of PATH ({}) has it, in the base or in the layers", path.join(":"))
    };
    let fix = match who {
        "the health check" => "use a program that the base has, another base, or `--no-healthcheck`".to_owned(),
        _ if there => format!("add it with its mode: `--add FILE:{}:0755`", absolute(subject, program)),
        _ => "use a base that has it, or another `--entrypoint`".to_owned(),
    };
    Some(Finding::error(Id::Entrypoint, program, reason, fix))
}

/// The program that a shell is told to start, where its command is plain enough to know.
fn command_of_shell(command: &[String]) -> Option<&str> {
    let [shell, option, line, ..] = command else { return None };
    let is_shell = matches!(shell.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash"));
    if !is_shell || !option.starts_with('-') || !option.ends_with('c') {
        return None;
    }
    let mut words = line.split_whitespace().skip_while(|word| *word == "exec");
    let word = words.next()?;
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'+' | b'['));
    (plain && !BUILT_IN.contains(&word)).then_some(word)
}

fn working_directory(subject: &Subject<'_>, facts: &Facts) -> Option<Finding> {
    let path = subject.working_dir();
    let reason = match facts.resolve(path) {
        Lookup::Found(Resolved { node: None | Some(Node::Folder(_)), .. }) | Lookup::Unknown => return None,
        Lookup::Found(_) => "the working directory is a file",
        Lookup::Absent => "neither the base nor the layers have the working directory",
    };
    Some(Finding::error(Id::Entrypoint, path, reason, "name a folder that is there with `--workdir`, such as `/app`"))
}

fn absolute(subject: &Subject<'_>, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", subject.working_dir().trim_end_matches('/')) }
}
