//! The root file system of a small JDK base: merged `/usr` as in Debian, `java` behind Debian's alternatives, what a
//! reader of the JDK's version looks at. Its `java` really runs; nothing else does.

use serde_json::json;

use super::{Layer, PlatformImage, platform::MODIFIED};
use crate::elf::{self, RunnableMachine, SharedObject};

const JAVA_HOME: &str = "usr/lib/jvm/java-17-fixture";
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
app:x:1000:1000:app:/home/app:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
";
const GROUP: &str = "root:x:0:\ndaemon:x:1:\napp:x:1000:\nnogroup:x:65534:\n";

impl PlatformImage {
    /// A JDK of `version` (such as `17.0.12`) for `linux/amd64` or `linux/arm64/v8`. `machine` is what its ELF files
    /// say; it need not be the platform's.
    #[must_use]
    pub fn java(platform: &str, machine: RunnableMachine, version: &str) -> Self {
        Self::new(platform)
            .layer(system_layer(machine))
            .layer(jdk_layer(machine, version))
            .setting("Env", json!([PATH, "LANG=C.UTF-8", format!("JAVA_HOME=/{JAVA_HOME}")]))
            .setting("Cmd", json!(["jshell"]))
            .setting("WorkingDir", json!("/"))
    }
}

/// What a distribution brings: `/bin`, `/lib` and `/var/run` are symbolic links, `/tmp` is sticky.
fn system_layer(machine: RunnableMachine) -> Layer {
    let machine = machine.machine();
    let libraries = format!("usr/lib/{}", machine.triplet());
    let libc = SharedObject::new(machine).soname("libc.so.6").export("printf").build();
    let loader = SharedObject::new(machine).export("_dl_start").build();
    Layer::new()
        .symlink("bin", "usr/bin")
        .symlink("lib", "usr/lib")
        .symlink("lib64", "usr/lib64")
        .symlink("sbin", "usr/sbin")
        .symlink("var/run", "/run")
        .directory("home/app", 0o750)
        .owned(1000, 1000)
        .directory("root", 0o700)
        .directory("run", 0o755)
        .directory("tmp", 0o1777)
        .directory("usr/sbin", 0o755)
        .file("etc/passwd", 0o644, PASSWD.as_bytes())
        .file("etc/group", 0o644, GROUP.as_bytes())
        .file("etc/shadow", 0o640, b"root:*:20089:0:99999:7:::\n")
        .owned(0, 42)
        .file("etc/os-release", 0o644, b"ID=fixture\nPRETTY_NAME=\"A fixture of imgbuild\"\n")
        .file(&format!("{libraries}/libc.so.6"), 0o755, &libc)
        .file(&usr_merged(machine.glibc_loader()), 0o755, &loader)
        .with_parents()
        .modified(MODIFIED)
}

/// What the JDK brings.
fn jdk_layer(machine: RunnableMachine, version: &str) -> Layer {
    let release = format!(
        "IMPLEMENTOR=\"imgbuild\"\nJAVA_VERSION=\"{version}\"\nOS_ARCH=\"{}\"\nOS_NAME=\"Linux\"\n",
        if machine == RunnableMachine::Amd64 { "x86_64" } else { "aarch64" }
    );
    let jvm = SharedObject::new(machine.machine()).soname("libjvm.so").export("JNI_CreateJavaVM").needed("libc.so.6");
    Layer::new()
        .file(&format!("{JAVA_HOME}/bin/java"), 0o755, &elf::java(machine, &format!("{version}-fixture")))
        .file(&format!("{JAVA_HOME}/lib/server/libjvm.so"), 0o644, &jvm.build())
        .file(&format!("{JAVA_HOME}/release"), 0o644, release.as_bytes())
        .symlink("usr/lib/jvm/default-java", "java-17-fixture")
        .symlink("etc/alternatives/java", &format!("/{JAVA_HOME}/bin/java"))
        .symlink("usr/bin/java", "/etc/alternatives/java")
        .with_parents()
        .modified(MODIFIED)
}

/// Where a path of `/lib` or `/lib64` lies when those are links into `/usr`.
fn usr_merged(path: &str) -> String {
    format!("usr{path}")
}
