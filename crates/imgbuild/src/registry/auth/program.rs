//! Credential programs: `docker-credential-NAME` (docker-credential-helpers' protocol).

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::super::secret::Secret;
use super::super::veil::Veil;
use super::config_file::credential;
use super::credentials::{Credential, CredentialsError};

/// A program may ask its user to unlock something, but not forever.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Largest answer of a program.
const MAX_ANSWER_BYTES: u64 = 64 << 10;
/// What every program prints when it knows nothing of a registry.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// One credential program.
#[derive(Debug)]
pub(super) struct Program<'a> {
    name: String,
    source: &'a str,
    folder: Option<&'a Path>,
    limit: Duration,
}

impl<'a> Program<'a> {
    /// The program that `source` calls `name`, found in `folder` or in PATH.
    pub(super) fn new(name: &str, source: &'a str, folder: Option<&'a Path>) -> Result<Self, CredentialsError> {
        let harmless = !name.is_empty()
            && !name.contains("..")
            && !name.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '\\'));
        if !harmless {
            return Err(CredentialsError::ProgramName { source_name: source.to_owned(), name: name.to_owned() });
        }
        Ok(Self { name: format!("docker-credential-{name}"), source, folder, limit: TIME_LIMIT })
    }

    /// The credential of a registry; nothing where the program knows none.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Credential>, CredentialsError> {
        let (succeeded, answer, complaint) = self.run("get", key, key.to_owned()).await?;
        if !succeeded {
            if answer.contains(NOT_FOUND) || complaint.contains(NOT_FOUND) {
                return Ok(None);
            }
            return Err(self.failed(key, spoken(&answer, &complaint)));
        }
        let Ok(value) = serde_json::from_str::<Value>(&answer) else {
            return Err(self.failed(key, "its answer is no JSON".to_owned()));
        };
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        Ok(Some((text("Username"), text("Secret"))).filter(|(_, secret)| !secret.is_empty()).map(|(user, secret)| credential(user, secret)))
    }

    /// Keeps a user's password.
    pub(super) async fn store(&self, key: &str, user: &str, password: &Secret) -> Result<(), CredentialsError> {
        let input = json!({ "ServerURL": key, "Username": user, "Secret": password.reveal() }).to_string();
        // A program that fails may quote its input.
        let veil = Veil::default();
        veil.cover_credential(&Credential::Password { user: user.to_owned(), password: password.clone() });
        self.tell("store", key, input, &veil).await.map(drop)
    }

    /// Forgets a registry; says whether it was known.
    pub(super) async fn erase(&self, key: &str) -> Result<bool, CredentialsError> {
        self.tell("erase", key, key.to_owned(), &Veil::default()).await
    }

    async fn tell(&self, verb: &str, key: &str, input: String, veil: &Veil) -> Result<bool, CredentialsError> {
        let (succeeded, answer, complaint) = self.run(verb, key, input).await?;
        if succeeded || answer.contains(NOT_FOUND) || complaint.contains(NOT_FOUND) {
            return Ok(succeeded);
        }
        Err(self.failed(key, spoken(&veil.over(&answer), &veil.over(&complaint))))
    }

    async fn run(&self, verb: &str, key: &str, input: String) -> Result<(bool, String, String), CredentialsError> {
        let talk = async {
            let program = self.folder.map_or_else(|| self.name.clone().into(), |folder| folder.join(&self.name));
            let mut command = Command::new(program);
            command.arg(verb).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
            let mut child = command.spawn()?;
            // A program that ends without reading breaks the pipe; its exit says more than that.
            if let Some(mut stdin) = child.stdin.take() {
                let _ = stdin.write_all(input.as_bytes()).await;
            }
            let (mut answer, mut complaint) = (String::new(), String::new());
            let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
            let read_answer = async {
                if let Some(stdout) = &mut stdout {
                    stdout.take(MAX_ANSWER_BYTES).read_to_string(&mut answer).await?;
                }
                Ok::<_, std::io::Error>(())
            };
            let read_complaint = async {
                if let Some(stderr) = &mut stderr {
                    stderr.take(MAX_ANSWER_BYTES).read_to_string(&mut complaint).await?;
                }
                Ok::<_, std::io::Error>(())
            };
            tokio::try_join!(read_answer, read_complaint)?;
            let status = child.wait().await?;
            Ok::<_, std::io::Error>((status.success(), answer, complaint))
        };
        match tokio::time::timeout(self.limit, talk).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(self.failed(key, "there is no such program in PATH".to_owned()))
            }
            Ok(Err(error)) => Err(self.failed(key, error.to_string())),
            Err(_) => Err(self.failed(key, format!("it did not answer within {} s", self.limit.as_secs_f32()))),
        }
    }

    fn failed(&self, key: &str, reason: String) -> CredentialsError {
        CredentialsError::Program { program: self.name.clone(), registry: key.to_owned(), source_name: self.source.to_owned(), reason }
    }
}

/// What a failed program said, in one line. An answer in JSON could hold a secret.
fn spoken(answer: &str, complaint: &str) -> String {
    let line = |text: &str| {
        text.lines().map(str::trim).find(|line| !line.is_empty()).map(|line| line.chars().filter(|c| !c.is_control()).take(200).collect())
    };
    let said: Option<String> = line(answer).filter(|line: &String| !line.starts_with('{')).or_else(|| line(complaint));
    said.unwrap_or_else(|| "it said nothing".to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn folder_with(script: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker-credential-test");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    async fn get(script: &str) -> Result<Option<Credential>, CredentialsError> {
        let folder = folder_with(script);
        let mut program = Program::new("test", "credsStore", Some(folder.path())).unwrap();
        program.limit = Duration::from_secs(2);
        program.get("r.example").await
    }

    #[test]
    fn a_name_that_could_lead_elsewhere_is_refused() {
        for name in ["", "../x", "a/b", "a b", "a\tb", "a\nb", "..", "a\\b"] {
            assert!(matches!(Program::new(name, "credsStore", None), Err(CredentialsError::ProgramName { .. })), "{name:?}");
        }
    }

    #[tokio::test]
    async fn a_program_is_asked_for_the_registry_on_its_input() {
        let found = get(r#"[ "$1 $(cat)" = "get r.example" ] && echo '{"ServerURL":"x","Username":"u","Secret":"s"}'"#).await.unwrap();
        assert_eq!(found, Some(Credential::Password { user: "u".to_owned(), password: Secret::new("s") }));
        let token = get(r#"echo '{"Username":"<token>","Secret":"s"}'"#).await.unwrap();
        assert_eq!(token, Some(Credential::IdentityToken(Secret::new("s"))));
    }

    #[tokio::test]
    async fn only_its_own_words_mean_that_nothing_is_stored() {
        for script in
            ["echo 'credentials not found in native keychain'; exit 1", "echo 'credentials not found in native keychain' >&2; exit 1"]
        {
            assert_eq!(get(script).await.unwrap(), None, "{script}");
        }
        for (script, reason) in [
            ("echo 'the keychain is locked'; exit 1", "the keychain is locked"),
            ("echo '{\"Secret\":\"canary\"}'; exit 1", "it said nothing"),
            ("echo canary", "its answer is no JSON"),
            ("sleep 60", "it did not answer within 2 s"),
        ] {
            let error = get(script).await.unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("docker-credential-test") && !error.contains("canary"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_program_that_knew_nothing_has_forgotten_it() {
        for (script, known) in [
            (r#"[ "$1 $(cat)" = "erase r.example" ]"#, Ok(true)),
            ("echo 'credentials not found in native keychain'; exit 1", Ok(false)),
            ("echo 'credentials not found in native keychain' >&2; exit 1", Ok(false)),
            ("echo 'the keychain is locked' >&2; exit 1", Err("the keychain is locked")),
        ] {
            let folder = folder_with(script);
            let erased = Program::new("test", "credsStore", Some(folder.path())).unwrap().erase("r.example").await;
            match known {
                Ok(known) => assert_eq!(erased.unwrap(), known, "{script}"),
                Err(reason) => assert!(erased.unwrap_err().to_string().ends_with(reason), "{script}"),
            }
        }
    }

    #[test]
    fn one_line_of_what_a_program_said_is_shown_and_no_json() {
        for (answer, complaint, said) in [
            ("", " \n", "it said nothing"),
            ("\n  one \ntwo", "three", "one"),
            ("{\"Secret\":\"s\"}", "why", "why"),
            ("", "a\u{1b}[2Jb", "a[2Jb"),
        ] {
            assert_eq!(spoken(answer, complaint), said);
        }
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = Program::new("absent-here", "credsStore", None).unwrap().get("r.example").await.unwrap_err();
        assert!(error.to_string().ends_with("there is no such program in PATH"), "{error}");
        assert!(error.hint().unwrap().starts_with("install `docker-credential-absent-here`"));
        let folder = folder_with("");
        std::fs::set_permissions(folder.path().join("docker-credential-test"), std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = Program::new("test", "credsStore", Some(folder.path())).unwrap().get("r.example").await.unwrap_err();
        assert!(!error.to_string().contains("there is no such program"), "{error}");
        let error = Program::new("../x", "credsStore of the file", None).unwrap_err();
        assert_eq!(error.hint().unwrap(), "correct credsStore of the file");
    }
}
