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

/// How the program ends because of each error; what the user can do, they all know themselves.
macro_rules! explained {
    ($($($kind:ty)|+: $error:ident => $exit:expr;)+) => {$($(
        impl Explained for $kind {
            fn exit(&self) -> Exit {
                let $error = self;
                $exit
            }

            fn explain(&self) -> Option<String> {
                self.hint()
            }
        }
    )+)+};
}

explained! {
    registry::Error: error => registry_exit(Some(error));
    copy::Error | inspect::Error | source::Error | target::Error: error => registry_exit(error.registry());
    cache::Error | layout::Error: _error => Exit::FAILED;
    build::Error: error => match error.kind() {
        build::Kind::Failed | build::Kind::Cancelled => Exit::FAILED,
        build::Kind::Refused => Exit::REFUSED,
        build::Kind::NotAuthorised => Exit::NOT_AUTHORISED,
        build::Kind::Registry => Exit::REGISTRY,
    };
    recipe::Error: error => match error {
        recipe::Error::Read { .. } => Exit::FAILED,
        _ => Exit::USAGE,
    };
    rebase::Error: error => match error {
        rebase::Error::Refused(_) => Exit::REFUSED,
        other => registry_exit(other.registry()),
    };
    verify::Error: error => match error {
        verify::Error::Build(error) => error.exit(),
        other => registry_exit(other.registry()),
    };
    engine::Error: error => match error {
        engine::Error::Host { .. } | engine::Error::HostAndContext => Exit::USAGE,
        engine::Error::NoDaemon { .. } | engine::Error::Tls { .. } | engine::Error::Ssh { .. } | engine::Error::Network { .. } => Exit::REGISTRY,
        _ => Exit::FAILED,
    };
    prune::Error | save::Error: error => match error {
        Self::Engine(error) => error.exit(),
        _ => Exit::FAILED,
    };
    service::Error: error => match error {
        service::Error::Engine(error) => error.exit(),
        service::Error::Image { source, .. } => source.exit(),
        service::Error::NotPullable { .. } | service::Error::Credentials(_) => Exit::NOT_AUTHORISED,
        service::Error::Lost { .. } => Exit::REGISTRY,
        _ => Exit::FAILED,
    };
}
