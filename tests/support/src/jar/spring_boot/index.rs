//! The two indexes of a Boot archive, in the YAML subset that its plugins write.

use std::fmt::Write as _;

/// `classpath.idx`: the libraries in the order of the class path.
pub(super) fn classpath(libraries: &[String]) -> String {
    libraries.iter().fold(String::new(), |mut text, path| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "- \"{path}\"");
        text
    })
}

/// `layers.idx` with the plugins' four usual layers; `root` is `BOOT-INF/` or `WEB-INF/`.
pub(super) fn layers(root: &str, libraries: &[String], has_classpath_index: bool) -> String {
    let (snapshots, released): (Vec<_>, Vec<_>) = libraries.iter().cloned().partition(|path| path.contains("SNAPSHOT"));
    let mut application = vec![format!("{root}classes/")];
    if has_classpath_index {
        application.push(format!("{root}classpath.idx"));
    }
    application.extend([format!("{root}layers.idx"), "META-INF/".into()]);
    let layers = [
        ("dependencies", released),
        ("spring-boot-loader", vec!["org/".into()]),
        ("snapshot-dependencies", snapshots),
        ("application", application),
    ];
    let mut text = String::new();
    for (name, paths) in layers {
        let _ = writeln!(text, "- \"{name}\":");
        for path in paths {
            let _ = writeln!(text, "  - \"{path}\"");
        }
    }
    text
}
