//! A failure as the user reads it: what was being done to what, why it failed, and what to do.

use std::error::Error;
use std::fmt;

use super::text::printable;
use super::{Exit, Explained, UsageError};

/// Why a command failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    exit: Exit,
    /// What was being done, then the causes, outermost first.
    said: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    /// A failure in the words of `message`.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, said: vec![message.into()], hint: None }
    }

    /// What was asked for makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::USAGE, message)
    }

    /// A thread that ended without a result.
    pub(crate) fn ended(error: tokio::task::JoinError) -> Self {
        Self::new(Exit::FAILED, "a thread ended without a result").because(error)
    }

    /// Adds a cause and its own causes.
    pub(crate) fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.add(cause.into().as_ref());
        self
    }

    /// Says what the user can do.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// How the program ends.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// The same with another end.
    pub(crate) fn exiting(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// What was being done.
    pub(super) fn message(&self) -> &str {
        self.said.first().map(String::as_str).unwrap_or_default()
    }

    /// The causes, outermost first.
    pub(super) fn causes(&self) -> &[String] {
        self.said.get(1..).unwrap_or_default()
    }

    /// What the user can do.
    pub(super) fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Errors often repeat their cause, or are nothing but it: what was said already is left out.
    fn add(&mut self, error: &dyn Error) {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            if !self.said.iter().any(|said| said.contains(&text)) {
                self.said.push(text);
            }
            next = error.source();
        }
    }
}

impl<E: Explained> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut failure = Self { exit: error.exit(), said: Vec::new(), hint: error.explain() };
        failure.add(&error);
        failure
    }
}

impl From<Failure> for UsageError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// `error: … / because: … / hint: …`, without a line break at the end.
impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", printable(self.message(), "error: ".len()))?;
        for cause in self.causes() {
            write!(formatter, "\n  because: {}", printable(cause, "  because: ".len()))?;
        }
        self.hint.iter().try_for_each(|hint| write!(formatter, "\nhint: {}", printable(hint, "hint: ".len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot push `a`")]
    struct Outer(#[source] Middle);

    #[derive(Debug, thiserror::Error)]
    #[error("POST https://h/v2/: {0}")]
    struct Middle(#[source] std::io::Error);

    #[test]
    fn a_cause_is_said_once() {
        let failure = Failure::new(Exit::FAILED, "cannot build").because(Outer(Middle(std::io::Error::other("reset\nby peer"))));
        let failure = failure.hint("try again:\n      imgbuild build\nor later");
        assert_eq!(
            failure.to_string(),
            "error: cannot build\n  because: cannot push `a`\n  because: POST https://h/v2/: reset\n           by peer\n\
             hint: try again:\n      imgbuild build\n      or later"
        );
    }
}
