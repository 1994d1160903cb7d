//! What a Dockerfile may ask for that imgbuild does not do: the reason, and what to do instead.

use super::Flaw;

/// Instructions that are taken.
pub(super) const KNOWN: [&str; 16] = [
    "FROM",
    "ARG",
    "ENV",
    "LABEL",
    "WORKDIR",
    "COPY",
    "ADD",
    "USER",
    "EXPOSE",
    "VOLUME",
    "ENTRYPOINT",
    "CMD",
    "HEALTHCHECK",
    "STOPSIGNAL",
    "SHELL",
    "RUN",
];

/// The refusal of an instruction that is not taken as a whole.
pub(super) fn instruction(line: u64, name: &str) -> Flaw {
    let (reason, hint) = match name {
        "RUN" => (
            "`RUN` starts a program in the image, and imgbuild starts none: that would need a daemon, and emulation for each other platform".to_owned(),
            "do it before the build and COPY the result, or take a base image in which it is done",
        ),
        "ONBUILD" => (
            "`ONBUILD` leaves steps for other builds, which imgbuild would not run".to_owned(),
            "write the steps into the Dockerfiles that need them",
        ),
        "MAINTAINER" => ("`MAINTAINER` is deprecated and not taken".to_owned(), "write `LABEL org.opencontainers.image.authors=…`"),
        other => {
            let lower = KNOWN.map(str::to_ascii_lowercase);
            let known: Vec<&str> = lower.iter().map(String::as_str).collect();
            let meant = crate::recipe::nearest(other, &known).map(|near| format!("; did you mean `{}`?", near.to_ascii_uppercase()));
            let name: String = other.chars().take(40).collect();
            return Flaw::new(line, format!("`{name}` is no instruction{}", meant.unwrap_or_default()));
        }
    };
    Flaw::new(line, reason).hint(hint)
}

/// The refusal of a second stage.
pub(super) fn stage(line: u64) -> Flaw {
    Flaw::new(line, "a second `FROM` begins another stage, and imgbuild builds one: the last, from a base image and files")
        .hint("build the files before, with Gradle or Maven, and COPY them from the context in a Dockerfile of one stage")
}

/// The refusal of a flag of COPY or ADD.
pub(super) fn copy_flag(line: u64, instruction: &str, flag: &str) -> Flaw {
    match flag {
        "from" => Flaw::new(line, format!("`{instruction} --from` takes files out of another stage or image"))
            .hint("put the files into the context before the build and COPY them from there"),
        "checksum" | "keep-git-dir" => remote(line, instruction),
        other => Flaw::new(line, format!("`{instruction} --{other}` is not taken")).hint("`--chown`, `--chmod` and `--link` are"),
    }
}

/// The refusal of a source that is not in the context.
pub(super) fn remote(line: u64, instruction: &str) -> Flaw {
    Flaw::new(line, format!("`{instruction}` of a remote source: what it gives may change from day to day"))
        .hint("download it before the build, check its digest, and COPY the file")
}

/// The refusal of a here-document.
pub(super) fn here_document(line: u64, instruction: &str) -> Flaw {
    Flaw::new(line, format!("`{instruction} <<` writes a file that stands in the Dockerfile"))
        .hint("put the text into a file of the context and COPY it")
}
