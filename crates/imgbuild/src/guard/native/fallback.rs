//! Libraries that go on without their native code, with where that is said.

/// What a library does without its native code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fallback {
    /// A part of the JAR's name or of the native file's name that tells the library.
    part: &'static str,
    /// What it uses instead.
    pub(super) instead: &'static str,
    /// Where its authors say so.
    pub(super) source: &'static str,
}

/// Natives inside shaded JARs keep their names, so that these are found in them too.
const KNOWN: &[Fallback] = &[
    Fallback {
        part: "netty_transport_native_epoll",
        instead: "Java's NIO instead of epoll",
        source: "https://netty.io/wiki/native-transports.html",
    },
    Fallback {
        part: "netty_transport_native_io_uring",
        instead: "Java's NIO instead of io_uring",
        source: "https://netty.io/wiki/native-transports.html",
    },
    Fallback {
        part: "netty_tcnative",
        instead: "the JDK's TLS instead of OpenSSL's",
        source: "https://netty.io/wiki/forked-tomcat-native.html",
    },
    Fallback {
        part: "netty_quiche",
        instead: "no QUIC, which is asked for by `Quic.isAvailable()`",
        source: "https://github.com/netty/netty-incubator-codec-quic",
    },
    Fallback {
        part: "liblz4-java",
        instead: "its own Java code, which `LZ4Factory.fastestInstance()` chooses",
        source: "https://github.com/lz4/lz4-java#implementations",
    },
    Fallback { part: "jansi", instead: "text without colours", source: "https://github.com/fusesource/jansi" },
    Fallback { part: "jlinenative", instead: "a terminal without native calls", source: "https://jline.org/docs/terminal" },
];

/// What is known of a native file of a JAR.
pub(super) fn of(jar: &str, native: &str) -> Option<Fallback> {
    let jar = jar.rsplit('/').next().unwrap_or_default();
    let file = native.rsplit('/').next().unwrap_or_default();
    KNOWN.iter().find(|known| file.contains(known.part) || jar.starts_with(known.part)).copied()
}
