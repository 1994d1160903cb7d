//! Names of JARs that differ in the machine alone: `netty-tcnative-…-linux-x86_64.jar` and `…-linux-aarch_64.jar`.

/// Words of which classifiers for machines are made.
const WORDS: [&str; 46] = [
    "linux",
    "linux32",
    "linux64",
    "osx",
    "osx64",
    "macos",
    "macosx",
    "mac",
    "darwin",
    "windows",
    "windows64",
    "win",
    "win32",
    "win64",
    "android",
    "freebsd",
    "x86",
    "x64",
    "i386",
    "i686",
    "amd64",
    "arm",
    "arm32",
    "arm64",
    "armhf",
    "armv6",
    "armv7",
    "aarch",
    "aarch64",
    "ppc64",
    "ppc64le",
    "ppcle",
    "s390",
    "s390x",
    "riscv",
    "riscv64",
    "loongarch64",
    "mips64el",
    "musl",
    "gnu",
    "glibc",
    "natives",
    "fedora",
    "universal",
    "intel",
    "silicon",
];

/// The path of a JAR without the classifier of a machine and without `.jar`.
pub(crate) fn artifact(path: &str) -> &str {
    let mut rest = path.strip_suffix(".jar").unwrap_or(path);
    while let Some((before, last)) = rest.rsplit_once('-') {
        // `x86_64`, `linux.x86_64`, `arm32v7`.
        let mut words = last.split(['_', '.']).peekable();
        let first = words.peek().copied().unwrap_or_default();
        let is_classifier =
            WORDS.contains(&first) && words.all(|word| WORDS.contains(&word) || matches!(word, "64" | "32" | "v6" | "v7" | "v8"));
        if !is_classifier {
            break;
        }
        rest = before;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classifiers_of_machines_are_taken_off() {
        let table = [
            ("lib/netty-tcnative-boringssl-static-2.0.75.Final-linux-x86_64.jar", "lib/netty-tcnative-boringssl-static-2.0.75.Final"),
            ("lib/netty-transport-native-epoll-4.1.132.Final-linux-aarch_64.jar", "lib/netty-transport-native-epoll-4.1.132.Final"),
            ("javafx-graphics-21-linux.jar", "javafx-graphics-21"),
            ("javafx-graphics-21-linux-aarch64.jar", "javafx-graphics-21"),
            ("rocksdbjni-9.7.3-linux64-musl.jar", "rocksdbjni-9.7.3"),
            ("rocksdbjni-9.7.3.jar", "rocksdbjni-9.7.3"),
            ("openblas-0.3.26-1.5.10-linux-arm64.jar", "openblas-0.3.26-1.5.10"),
            ("windows-tool-1.0.jar", "windows-tool-1.0"),
            ("a-64.jar", "a-64"),
            ("lib/linux", "lib/linux"),
        ];
        for (path, expected) in table {
            assert_eq!(artifact(path), expected);
        }
    }
}
