//! Exit codes: what a script can tell from how the program ended.

use std::process::ExitCode;

use imgbuild_docker::service::Verdict;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit(u8);

impl Exit {
    /// What was asked for is done.
    pub(crate) const DONE: Self = Self(0);
    /// It failed: input, disk, or anything that is neither of the others.
    pub(crate) const FAILED: Self = Self(1);
    /// What was asked for makes no sense.
    pub(crate) const USAGE: Self = Self(2);
    /// A guard refused.
    pub(crate) const REFUSED: Self = Self(3);
    /// Credentials are missing, wrong or not sufficient.
    pub(crate) const NOT_AUTHORISED: Self = Self(4);
    /// A registry or the network failed.
    pub(crate) const REGISTRY: Self = Self(5);
    /// Two things differ, or one is behind the other.
    pub(crate) const DIFFERENT: Self = Self(6);
    /// Ended by SIGHUP, as shells count.
    pub(crate) const HANGUP: Self = Self(129);
    /// Ended by SIGINT, as shells count.
    pub(crate) const INTERRUPTED: Self = Self(130);
    /// Ended by SIGTERM, as shells count.
    pub(crate) const TERMINATED: Self = Self(143);

    /// What a rollout came to: 0, or from 10 on (see `imgbuild service update --help`).
    pub(crate) const fn rollout(verdict: Verdict) -> Self {
        Self(verdict.exit_code())
    }

    /// The number.
    pub(crate) const fn code(self) -> u8 {
        self.0
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
