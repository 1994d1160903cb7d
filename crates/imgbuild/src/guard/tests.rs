//! The table of guards: each finding by what causes it, and its absence by what does not.

use std::collections::BTreeSet;
use std::sync::Arc;

use imgbuild_testkit::classfile::{empty_class, main_class, module_info};
use imgbuild_testkit::elf::{Machine as Made, SharedObject};
use imgbuild_testkit::jar::{SpringBoot, library};

use super::*;
use crate::base::Facts;
use crate::base::facts::{File, Node, Permissions, Start, Tree};
use crate::elf::Elf;
use crate::jar::{Bytes, Jar};
use crate::oci::Platform;

/// An image that no guard objects to, to be changed.
struct Image {
    platform: Platform,
    tree: Tree,
    start: Start,
    env: Vec<(String, String)>,
    jar: Vec<u8>,
    configs: Vec<ConfigFile>,
    left_out: BTreeSet<String>,
    is_time_fixed: bool,
}

impl Image {
    fn of(jar: &SpringBoot) -> Self {
        Self::of_bytes(jar.build())
    }

    fn of_bytes(jar: Vec<u8>) -> Self {
        let mut image = Self {
            platform: Platform::LINUX_AMD64,
            tree: Tree::new(),
            start: Start {
                command: ["java", "-jar", "/app/app.jar"].map(str::to_owned).to_vec(),
                working_dir: "/app".to_owned(),
                ..Start::default()
            },
            env: Vec::new(),
            jar,
            configs: Vec::new(),
            left_out: BTreeSet::new(),
            is_time_fixed: false,
        };
        for folder in ["usr", "usr/bin", "usr/jdk", "usr/jdk/bin", "bin", "etc", "app", "app/config"] {
            image.tree.put(folder, Node::Folder(Permissions::root(0o755)));
        }
        image.put("app/app.jar", 0o644, 0);
        image.put("bin/sh", 0o755, 0);
        image.java(Made::Amd64, "17.0.12", "libc.so.6");
        image.text("etc/passwd", "app:x:1000:1000::/:/bin/sh\n");
        image
    }

    fn java(&mut self, machine: Made, version: &str, libc: &str) {
        let elf = Elf::parse(&SharedObject::new(machine).needed(libc).build()).map(Arc::new);
        self.tree.put("usr/jdk/bin/java", Node::File(File { elf, ..File::new(Permissions::root(0o755)) }));
        self.tree.put("usr/bin/java", Node::Symlink("/usr/jdk/bin/java".to_owned()));
        self.text("usr/jdk/release", &format!("JAVA_VERSION=\"{version}\"\n"));
    }

    fn text(&mut self, path: &str, text: &str) {
        self.tree.put(path, Node::File(File { text: Some(text.into()), ..File::new(Permissions::root(0o644)) }));
    }

    fn put(&mut self, path: &str, mode: u32, owner: u64) {
        self.tree.put(path, Node::File(File::new(Permissions { mode, uid: owner, gid: owner })));
    }

    fn config(mut self, destination: &str, content: &str) -> Self {
        self.put(destination.trim_start_matches('/'), 0o644, 0);
        let content = bytes::Bytes::from(content.as_bytes().to_vec());
        self.configs.push(ConfigFile { source: "local.yml".to_owned(), destination: destination.to_owned(), content });
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(mut self, line: &str) -> Self {
        self.start.command = line.split(' ').map(str::to_owned).collect();
        self
    }

    fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn findings(&self) -> Vec<Finding> {
        let jar = Jar::read("app.jar", Bytes::from(self.jar.clone())).unwrap();
        let evidence = Evidence::read(&jar, None).unwrap();
        let facts = Facts::new(self.tree.clone(), &self.start);
        check(&Subject {
            platform: &self.platform,
            facts: Some(&facts),
            start: &self.start,
            env: &self.env,
            evidence: Some(&evidence),
            application: "/app/app.jar",
            configs: &self.configs,
            left_out: &self.left_out,
            is_own_command: true,
            is_time_fixed: self.is_time_fixed,
        })
    }

    /// `severity id place` of each finding.
    fn found(&self) -> Vec<String> {
        self.findings().iter().map(|finding| format!("{} {} {}", finding.severity, finding.id, finding.place)).collect()
    }

    fn reason(&self) -> String {
        let findings = self.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        format!("{} — {}", findings[0].reason, findings[0].fix)
    }
}

fn boot() -> SpringBoot {
    SpringBoot::new("3.4.1")
}

fn image() -> Image {
    Image::of(&boot())
}

#[test]
fn a_sound_image_has_no_findings() {
    assert_eq!(image().found(), [""; 0]);
    let arm = image().change(|image| {
        image.platform = "linux/arm64/v8".parse().unwrap();
        image.java(Made::Arm64, "21", "libc.so.6");
    });
    assert_eq!(arm.found(), [""; 0]);
    let health =
        image().change(|image| image.start.health_command = vec!["/bin/sh".to_owned(), "-c".to_owned(), "test -f /tmp/up".to_owned()]);
    assert_eq!(health.found(), [""; 0]);
}

#[test]
fn a_java_for_another_machine_is_an_error() {
    let wrong = image().change(|image| image.platform = Platform::LINUX_ARM64);
    assert_eq!(wrong.found(), ["error base-architecture /usr/jdk/bin/java"]);
    assert!(wrong.reason().contains("x86_64") && wrong.reason().contains("exec format error"), "{}", wrong.reason());
}

fn native(machine: Made, name: &str) -> (String, Vec<u8>) {
    (format!("native/{name}"), SharedObject::jni(machine).build())
}

fn with_natives(libraries: &[(&str, &[(Made, &str)])]) -> Image {
    let mut jar = boot();
    for (name, natives) in libraries {
        let files: Vec<(String, Vec<u8>)> = natives.iter().map(|(machine, file)| native(*machine, file)).collect();
        let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
        jar = jar.library(name, &library("n", "1", &files));
    }
    Image::of(&jar)
}

#[test]
fn natives_for_other_machines_alone_are_an_error() {
    let image = with_natives(&[("rocksdbjni-9.7.3.jar", &[(Made::Arm64, "librocksdbjni-linux-aarch64.so"), (Made::S390x, "x.so")])]);
    assert_eq!(image.found(), ["error native-library BOOT-INF/lib/rocksdbjni-9.7.3.jar"]);
    let reason = image.reason();
    assert!(reason.contains("aarch64, s390x") && reason.contains("librocksdbjni-linux-aarch64.so"), "{reason}");
    assert!(reason.contains("--allow native-library:rocksdbjni-9.7.3.jar="), "{reason}");
}

#[test]
fn natives_for_several_machines_pass_in_one_jar_or_in_several() {
    assert_eq!(with_natives(&[("a-1.jar", &[(Made::Arm64, "a.so"), (Made::Amd64, "b.so")])]).found(), [""; 0]);
    let split = [("a-1-linux-x86_64.jar", &[(Made::Amd64, "a.so")][..]), ("a-1-linux-aarch_64.jar", &[(Made::Arm64, "a.so")][..])];
    assert_eq!(with_natives(&split).found(), [""; 0]);
    assert_eq!(with_natives(&split[1..]).found(), ["error native-library BOOT-INF/lib/a-1-linux-aarch_64.jar"]);
}

#[test]
fn libraries_that_go_on_without_natives_warn_with_a_source() {
    let image = with_natives(&[("netty-tcnative-2.jar", &[(Made::Arm64, "libnetty_tcnative_linux_aarch_64.so")])]);
    assert_eq!(image.found(), ["warning native-library BOOT-INF/lib/netty-tcnative-2.jar"]);
    assert!(image.reason().contains("https://netty.io/"), "{}", image.reason());
    let mixed = with_natives(&[("shaded-2.jar", &[(Made::Arm64, "libnetty_tcnative_linux_aarch_64.so"), (Made::Arm64, "other.so")])]);
    assert_eq!(mixed.found(), ["error native-library BOOT-INF/lib/shaded-2.jar"]);
}

#[test]
fn natives_for_the_other_c_library_are_an_error() {
    let musl =
        with_natives(&[("a-1.jar", &[(Made::Amd64, "a.so")])]).change(|image| image.java(Made::Amd64, "17", "libc.musl-x86_64.so.1"));
    assert_eq!(musl.found(), ["error native-library BOOT-INF/lib/a-1.jar"]);
    assert!(musl.reason().contains("linked to glibc, and the base has musl"), "{}", musl.reason());
    let files = [("a.so", SharedObject::new(Made::Amd64).build())];
    let free = Image::of(&boot().library("a-1.jar", &library("a", "1", &files)))
        .change(|image| image.java(Made::Amd64, "17", "libc.musl-x86_64.so.1"));
    assert_eq!(free.found(), [""; 0]);
}

#[test]
fn classes_for_a_newer_java_are_an_error() {
    let own = Image::of(&boot().file("a/New.class", &empty_class("a/New", 65)));
    assert_eq!(own.found(), ["error class-version a/New.class"]);
    assert!(own.reason().contains("needs Java 21, and the base has Java 17"), "{}", own.reason());
    let all = [("a/A.class", empty_class("a/A", 65)), ("a/B.class", empty_class("a/B", 65))];
    let some = [("a/A.class", empty_class("a/A", 65)), ("a/B.class", empty_class("a/B", 52))];
    let apart = [
        ("META-INF/versions/21/a/A.class", empty_class("a/A", 65)),
        ("module-info.class", module_info("a", 65)),
        ("a/B.class", empty_class("a/B", 52)),
    ];
    let with = |files: &[(&str, Vec<u8>)]| Image::of(&boot().library("a-1.jar", &library("a", "1", files))).found();
    assert_eq!(with(&all), ["error class-version BOOT-INF/lib/a-1.jar"]);
    assert_eq!(with(&some), ["warning class-version BOOT-INF/lib/a-1.jar"]);
    assert_eq!(with(&apart), [""; 0]);
    let newer =
        Image::of(&boot().file("a/New.class", &empty_class("a/New", 65))).change(|image| image.java(Made::Amd64, "21.0.4", "libc.so.6"));
    assert_eq!(newer.found(), [""; 0]);
}

#[test]
fn a_start_class_that_is_nowhere_is_an_error() {
    let gone = Image::of(&boot().start_class("com.example.Gone"));
    assert_eq!(gone.found(), ["error main-class com.example.Gone"]);
    let files = [("com/example/Gone.class", main_class("com/example/Gone", 61, "x"))];
    let in_library = Image::of(&boot().start_class("com.example.Gone").library("a-1.jar", &library("a", "1", &files)));
    assert_eq!(in_library.found(), [""; 0]);
    assert_eq!(Image::of(&boot().without_attribute("Start-Class")).found(), ["error main-class META-INF/MANIFEST.MF"]);
    assert_eq!(image().command("java -cp /app/app.jar:/app/lib/* com.example.Other").found(), ["error main-class com.example.Other"]);
    assert_eq!(image().command("java -cp /opt/x.jar com.example.Other").found(), [""; 0]);
    let exploded = image().command("java -cp /app org.springframework.boot.loader.launch.JarLauncher");
    assert_eq!(exploded.found(), [""; 0]);
}

#[test]
fn a_config_that_the_user_cannot_read_is_an_error() {
    let secret = |mode, owner| {
        image().config("/app/config/application.yml", "a: 1\n").change(|image| {
            image.put("app/config/application.yml", mode, owner);
            image.start.user = "app".to_owned();
        })
    };
    assert_eq!(secret(0o600, 0).found(), ["error unreadable-config /app/config/application.yml"]);
    assert!(secret(0o600, 0).reason().contains("--chown 1000:1000"), "{}", secret(0o600, 0).reason());
    assert_eq!(secret(0o600, 1000).found(), [""; 0]);
    assert_eq!(secret(0o644, 0).found(), [""; 0]);
    let behind = secret(0o644, 0).change(|image| image.tree.put("app/config", Node::Folder(Permissions::root(0o700))));
    assert!(behind.reason().contains("may not enter `/app/config` (0700)"), "{}", behind.reason());
}

#[test]
fn a_config_where_spring_does_not_look_is_an_error() {
    let at = |path: &str| image().config(path, "a: 1\n");
    for path in [
        "/app/application.yml",
        "/app/config/application.yaml",
        "/app/config/more/application.yml",
        "/etc/app/logback.xml",
        "/etc/app/other.yml",
    ] {
        assert_eq!(at(path).found(), [""; 0], "{path}");
    }
    for path in ["/etc/app/application.yml", "/app/conf/application.yml", "/app/config/a/b/application.yml"] {
        assert_eq!(at(path).found(), [format!("error unreadable-config {path}")], "{path}");
    }
    let elsewhere = || at("/etc/app/application.yml");
    for value in ["/etc/app/", "file:/etc/app/", "optional:file:///etc/app/application.yml", "file:/etc/*/", "${WHERE}"] {
        assert_eq!(elsewhere().env("SPRING_CONFIG_ADDITIONAL_LOCATION", value).found(), [""; 0], "{value}");
        assert_eq!(elsewhere().command(&format!("java -jar /app/app.jar --spring.config.location={value}")).found(), [""; 0], "{value}");
    }
    assert_eq!(at("/app/config/application.yml").env("SPRING_CONFIG_LOCATION", "file:/etc/app/").found().len(), 1);
    assert_eq!(elsewhere().env("SPRING_CONFIG_IMPORT", "optional:file:/etc/app/application.yml").found(), [""; 0]);
    assert_eq!(elsewhere().change(|image| image.start.working_dir = "/etc/app".to_owned()).found(), [""; 0]);
    assert_eq!(image().config("/etc/app/koin.yml", "a: 1\n").env("SPRING_CONFIG_NAME", "koin").found().len(), 1);
}

#[test]
fn a_profile_that_nothing_activates_is_an_error() {
    let profile = || image().config("/app/config/application-prod.yml", "a: 1\n");
    assert_eq!(profile().found(), ["error unreadable-config /app/config/application-prod.yml"]);
    assert!(profile().reason().contains("`--env SPRING_PROFILES_ACTIVE=prod`"), "{}", profile().reason());
    assert_eq!(profile().env("SPRING_PROFILES_ACTIVE", "dev,prod").found(), [""; 0]);
    assert_eq!(profile().command("java -Dspring.profiles.active=prod -jar /app/app.jar").found(), [""; 0]);
    let by_file = profile().config("/app/config/application.yml", "spring:\n  profiles:\n    active: prod\n");
    assert_eq!(by_file.found(), [""; 0]);
    let by_jar = Image::of(&boot().file("application.properties", b"spring.profiles.include=prod\n"));
    assert_eq!(by_jar.config("/app/config/application-prod.yml", "a: 1\n").found(), [""; 0]);
    let other = profile().env("SPRING_PROFILES_ACTIVE", "dev");
    assert!(other.reason().contains("SPRING_PROFILES_ACTIVE=dev,prod"), "{}", other.reason());
    assert_eq!(image().config("/app/config/application-default.yml", "a: 1\n").found(), [""; 0]);
}

#[test]
fn a_syntax_error_is_named_with_its_line_and_without_values() {
    let broken = image().config("/app/config/application.yml", "a: 1\nspring:\n  password: \"hunter2\n");
    let finding = &broken.findings()[0];
    assert_eq!((finding.id, finding.file.as_deref()), (Id::UnreadableConfig, Some("local.yml")));
    assert!(finding.line.is_some_and(|line| line >= 3) && !format!("{finding:?}").contains("hunter2"), "{finding:?}");
    assert_eq!(image().config("/app/config/more.properties", "a=\\u12\n").findings()[0].line, Some(1));
}

#[test]
fn static_resources_with_a_fixed_time_warn() {
    let fixed = || image().change(|image| image.is_time_fixed = true);
    assert_eq!(fixed().found(), ["warning stale-static BOOT-INF/classes/static/index.html"]);
    assert!(fixed().reason().contains("SPRING_WEB_RESOURCES_CACHE_USE_LAST_MODIFIED=false"), "{}", fixed().reason());
    assert_eq!(fixed().env("SPRING_WEB_RESOURCES_CACHE_USE_LAST_MODIFIED", "false").found(), [""; 0]);
    let without = Image::of(&SpringBoot::empty("3.4.1").file("com/example/demo/DemoApplication.class", &empty_class("x", 61)));
    assert_eq!(without.change(|image| image.is_time_fixed = true).found(), [""; 0]);
}

#[test]
fn what_is_started_has_to_be_there() {
    assert_eq!(image().command("/opt/start.sh").found(), ["error entrypoint /opt/start.sh"]);
    assert_eq!(image().command("nothing").found(), ["error entrypoint nothing"]);
    assert_eq!(image().command("java -jar /app/other.jar").found(), ["error entrypoint /app/other.jar"]);
    assert_eq!(image().command("java -jar app.jar").found(), [""; 0]);
    let script = image().command("/app/start.sh").change(|image| image.put("app/start.sh", 0o644, 0));
    assert!(script.reason().contains("may be executed") && script.reason().contains("0755"), "{}", script.reason());
    assert_eq!(image().change(|image| image.start.command.clear()).found(), ["error entrypoint ENTRYPOINT"]);
    assert_eq!(image().change(|image| image.start.working_dir = "/work".to_owned()).found(), ["error entrypoint /work"]);
    assert_eq!(image().change(|image| image.start.user = "nobody".to_owned()).found(), ["error entrypoint USER nobody"]);
    let health = image().change(|image| {
        image.start.health_command = ["/bin/sh", "-c", "curl -f http://localhost:8080/ || exit 1"].map(str::to_owned).to_vec();
    });
    assert_eq!(health.found(), ["error entrypoint curl"]);
    let no_java = image().change(|image| image.tree.remove("usr/bin/java"));
    assert_eq!(no_java.found(), ["error entrypoint java"]);
}

#[test]
fn without_facts_only_the_base_is_left_out() {
    let image = Image::of(&boot().start_class("com.example.Gone"));
    let jar = Jar::read("app.jar", Bytes::from(image.jar.clone())).unwrap();
    let evidence = Evidence::read(&jar, None).unwrap();
    let findings = check(&Subject {
        platform: &image.platform,
        facts: None,
        start: &image.start,
        env: &[],
        evidence: Some(&evidence),
        application: "/app/app.jar",
        configs: &[],
        left_out: &BTreeSet::new(),
        is_own_command: true,
        is_time_fixed: false,
    });
    assert_eq!(findings.iter().map(|finding| finding.id).collect::<Vec<_>>(), [Id::MainClass]);
}

#[test]
fn the_same_finding_about_two_platforms_is_one() {
    let of = |platform: Platform| {
        let mut image = Image::of(&boot().start_class("com.example.Gone"));
        image.platform = platform.clone();
        image.java(if platform == Platform::LINUX_AMD64 { Made::Amd64 } else { Made::Arm64 }, "17", "libc.so.6");
        image.findings()
    };
    let all = [of(Platform::LINUX_AMD64), of(Platform::LINUX_ARM64)].concat();
    let findings = Findings::new(all, &[]);
    assert_eq!(findings.iter().map(|finding| finding.platforms.len()).collect::<Vec<_>>(), [2]);
    assert!(findings.refuse() && findings.to_string().starts_with("error[main-class] `com.example.Gone` (linux/amd64, linux/arm64): "));
    let allowed = findings.and([], &["main-class=made at start".parse().unwrap()]);
    assert!(!allowed.refuse() && allowed.to_string().ends_with("allowed: made at start"), "{allowed}");
}
