//! The library's errors: how the program ends because of each, and what the user can do.

use std::error::Error;

use imgbuild::{build, cache, copy, inspect, layout, rebase, recipe, registry, source, target, verify};
use imgbuild_docker::{engine, prune, save, service};

use super::Exit;

/// An error of a library that knows what the user can do.
pub(super) trait Explained: Error {
    /// How the program ends because of it.
    fn exit(&self) -> Exit;

    /// What the user can do.
    fn explain(&self) -> Option<String>;
}

/// The exit code of a failure whose part in a registry is known.
fn registry_exit(error: Option<&registry::Error>) -> Exit {
    match error.map(registry::Error::kind) {
        None | Some(registry::Kind::Input) => Exit::FAILED,
        Some(registry::Kind::NotAuthorised) => Exit::NOT_AUTHORISED,
        Some(_) => Exit::REGISTRY,
    }
}

impl Explained for build::Error {
    fn exit(&self) -> Exit {
        match self.kind() {
            build::Kind::Failed | build::Kind::Cancelled => Exit::FAILED,
            build::Kind::Refused => Exit::REFUSED,
            build::Kind::NotAuthorised => Exit::NOT_AUTHORISED,
            build::Kind::Registry => Exit::REGISTRY,
        }
    }

    fn explain(&self) -> Option<String> {
        self.hint()
    }
}

impl Explained for recipe::Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Read { .. } => Exit::FAILED,
            _ => Exit::USAGE,
        }
    }

    fn explain(&self) -> Option<String> {
        self.hint()
    }
}

/// Errors that have a hint and may have a registry's part in them.
macro_rules! explained {
    ($($error:ty),+) => {$(
        impl Explained for $error {
            fn exit(&self) -> Exit {
                registry_exit(self.registry())
            }

            fn explain(&self) -> Option<String> {
                self.hint()
            }
        }
    )+};
}

explained!(copy::Error, inspect::Error, source::Error, target::Error);

impl Explained for rebase::Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Refused(_) => Exit::REFUSED,
            other => registry_exit(other.registry()),
        }
    }

    fn explain(&self) -> Option<String> {
        self.hint()
    }
}

impl Explained for engine::Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Host { .. } | Self::HostAndContext => Exit::USAGE,
            Self::NoDaemon { .. } | Self::Tls { .. } | Self::Ssh { .. } | Self::Network { .. } => Exit::REGISTRY,
            _ => Exit::FAILED,
        }
    }

    fn explain(&self) -> Option<String> {
        self.hint()
    }
}

impl Explained for service::Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Engine(error) => error.exit(),
            Self::Image { source, .. } => source.exit(),
            Self::NotPullable { .. } | Self::Credentials(_) => Exit::NOT_AUTHORISED,
            Self::Lost { .. } => Exit::REGISTRY,
            _ => Exit::FAILED,
        }
    }

    fn explain(&self) -> Option<String> {
        self.hint()
    }
}

impl Explained for prune::Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Engine(error) => error.exit(),
            _ => Exit::FAILED,
        }
    }

    fn explain(&self) -> Option<String> {
        self.hint()
    }
}

impl Explained for save::Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Engine(error) => error.exit(),
            _ => Exit::FAILED,
        }
    }

    fn explain(&self) -> Option<String> {
        self.hint()
    }
}

impl Explained for verify::Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Build(error) => error.exit(),
            other => registry_exit(other.registry()),
        }
    }

    fn explain(&self) -> Option<String> {
        self.hint()
    }
}

impl Explained for registry::Error {
    fn exit(&self) -> Exit {
        registry_exit(Some(self))
    }

    fn explain(&self) -> Option<String> {
        self.hint()
    }
}

impl Explained for cache::Error {
    fn exit(&self) -> Exit {
        Exit::FAILED
    }

    fn explain(&self) -> Option<String> {
        self.hint()
    }
}

impl Explained for layout::Error {
    fn exit(&self) -> Exit {
        Exit::FAILED
    }

    fn explain(&self) -> Option<String> {
        self.hint()
    }
}
