use serde_json::json;

use super::*;
use crate::image::{Config, Healthcheck, Overlay};
use crate::recipe::{Owner, Recipe, Settings};

const MISSION: &str = "FROM amazoncorretto:17\nWORKDIR /app\nCOPY build/libs/KOIN_API_V2.jar app.jar\nCOPY application.yml config/\nENTRYPOINT [\"java\",\"-jar\",\"/app/app.jar\"]\n";

fn config(runtime: &serde_json::Value) -> Config {
    Config::parse(json!({"architecture": "amd64", "os": "linux", "config": runtime}).to_string().as_bytes()).unwrap()
}

fn arguments(pairs: &[&str]) -> Vec<Assignment> {
    pairs.iter().map(|pair| pair.parse().unwrap()).collect()
}

fn steps_on(text: &str, given: &[&str], base: &Config) -> Steps {
    Dockerfile::parse(text).unwrap().evaluate(&arguments(given), &Platform::LINUX_ARM64, Some(base)).unwrap()
}

fn overlay(text: &str) -> Overlay {
    let base = config(&json!({"Env": ["PATH=/bin", "JAVA_HOME=/jdk"], "WorkingDir": "/base"}));
    steps_on(&format!("FROM a\n{text}"), &[], &base).overlay
}

fn copies(steps: &Steps) -> Vec<&CopyStep> {
    steps.steps.iter().filter_map(|step| if let Step::Copy(copy) = step { Some(copy) } else { None }).collect()
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn the_missions_file_needs_no_base_and_no_platform() {
    let dockerfile = Dockerfile::parse(MISSION).unwrap();
    let [amd64, arm64] = [Platform::LINUX_AMD64, Platform::LINUX_ARM64].map(|platform| dockerfile.evaluate(&[], &platform, None).unwrap());
    assert_eq!(amd64, arm64);
    let found: Vec<_> = copies(&amd64).into_iter().map(|copy| (copy.line, copy.destination.as_str(), copy.into_folder)).collect();
    assert_eq!(found, [(3, "/app/app.jar", false), (4, "/app/config", true)]);
    assert_eq!(amd64.overlay.entrypoint, Some(words("java -jar /app/app.jar")));
    assert_eq!((amd64.overlay.working_dir.as_deref(), &amd64.overlay.cmd), (Some("/app"), &None));
    assert_eq!(dockerfile.base(&[], &[Platform::LINUX_AMD64]).unwrap().to_string(), "docker.io/library/amazoncorretto:17");
    assert!(amd64.overlay.assumed.is_nothing());
}

#[test]
fn variables_of_the_base_are_seen_and_remembered() {
    let found = overlay("ENV PATH=$PATH:$JAVA_HOME/x NEW=${NONE:-n} OLD=\"a b\"\nENV A=$OLD B=$A");
    let env: Vec<String> = found.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(env, ["PATH=/bin:/jdk/x", "NEW=n", "OLD=a b", "A=a b", "B="]);
    assert_eq!(found.assumed.env["PATH"].as_deref(), Some("/bin"));
    assert_eq!(found.assumed.env["NONE"], None);
    let other = config(&json!({"Env": ["PATH=/usr/bin", "JAVA_HOME=/jdk"]}));
    assert_eq!(found.assumed.differs_from(&other).as_deref(), Some("$PATH"));
    let error = Dockerfile::parse("FROM a\nENV A=$B").unwrap().evaluate(&[], &Platform::LINUX_AMD64, None).unwrap_err();
    assert!(matches!(error, Error::NeedsBase { line: 2, .. }), "{error:?}");
}

#[test]
fn arguments_have_dockers_scopes() {
    let text = "ARG TAG=17\nARG BASE=corretto:$TAG\nFROM $BASE\nARG TAG\nARG OTHER=o\nARG TARGETARCH\nENV A=$TAG-$OTHER-$TARGETARCH-$BASE-$TARGETOS";
    let dockerfile = Dockerfile::parse(text).unwrap();
    let base = |given: &[&str]| dockerfile.base(&arguments(given), &[Platform::LINUX_AMD64]).unwrap().to_string();
    assert_eq!((base(&[]).as_str(), base(&["TAG=21"]).as_str()), ("docker.io/library/corretto:17", "docker.io/library/corretto:21"));
    let env = |given: &[&str]| steps_on(text, given, &config(&json!({}))).overlay.env[0].1.clone();
    assert_eq!(env(&[]), "17-o-arm64--");
    assert_eq!(env(&["OTHER=x", "OTHER=y"]), "17-y-arm64--");
    let warned = steps_on(text, &["TGA=21", "HTTP_PROXY=x"], &config(&json!({}))).warnings;
    assert!(warned.len() == 1 && warned[0].contains("`TGA`"), "{warned:?}");
    let per_platform = Dockerfile::parse("FROM jdk-$TARGETARCH").unwrap();
    let both = per_platform.base(&[], &[Platform::LINUX_AMD64, Platform::LINUX_ARM64]).unwrap_err();
    assert!(both.to_string().contains("`jdk-amd64` for `linux/amd64`"), "{both}");
    assert!(per_platform.base(&[], &[Platform::LINUX_ARM64]).is_ok());
}

#[test]
fn what_changes_the_configuration() {
    let text = "USER 1000:1000\nEXPOSE 8080 9000-9001/udp\nVOLUME /data /logs\nSTOPSIGNAL SIGINT\nLABEL a=\"b c\" d=e\nLABEL a=f\nSHELL [\"/bin/bash\", \"-c\"]\nCMD exec java\nHEALTHCHECK --interval=5s --retries=3 CMD [\"true\"]";
    let found = overlay(text);
    assert_eq!(found.user.as_deref(), Some("1000:1000"));
    assert_eq!(found.exposed_ports.iter().map(ToString::to_string).collect::<Vec<_>>(), ["8080/tcp", "9000-9001/udp"]);
    assert_eq!((found.volumes, found.stop_signal), (vec!["/data".to_owned(), "/logs".to_owned()], Some("SIGINT".to_owned())));
    assert_eq!(found.labels, [("d".to_owned(), "e".to_owned()), ("a".to_owned(), "f".to_owned())]);
    assert_eq!(found.cmd, Some(vec!["/bin/bash".to_owned(), "-c".to_owned(), "exec java".to_owned()]));
    let command = vec!["CMD".to_owned(), "true".to_owned()];
    assert_eq!(found.healthcheck, Some(Healthcheck { test: command, interval: 5_000_000_000, retries: 3, ..Healthcheck::none() }));
    assert_eq!(overlay("CMD [\"a\"]\nENTRYPOINT [\"b\"]").cmd, Some(words("a")), "a CMD of this file stays, wherever it stands");
    assert_eq!(overlay("ENTRYPOINT java -jar x").entrypoint, Some(vec!["/bin/sh".to_owned(), "-c".to_owned(), "java -jar x".to_owned()]));
    assert_eq!(overlay("WORKDIR a\nWORKDIR ../b").working_dir.as_deref(), Some("/base/b"));
}

#[test]
fn copies_have_owners_modes_and_absolute_places() {
    let base = config(&json!({}));
    let steps = steps_on(
        "FROM a\nWORKDIR /srv\nARG N=app\nCOPY --chown=root:7 --chmod=0750 $N.jar lib/*.jar ./x/\nADD a .\nCOPY a /b/../c",
        &[],
        &base,
    );
    let [first, second, third] = copies(&steps)[..] else { panic!("{steps:?}") };
    assert_eq!(
        (&first.sources[..], first.destination.as_str(), first.into_folder),
        (&["app.jar".to_owned(), "lib/*.jar".to_owned()][..], "/srv/x", true)
    );
    assert_eq!((&first.owner, first.mode, first.unpacks), (&StepOwner::Numbers(Owner { uid: 0, gid: 7 }), Some(0o750), false));
    assert_eq!((second.destination.as_str(), second.into_folder, second.unpacks), ("/srv", true, true));
    assert_eq!((third.destination.as_str(), third.into_folder), ("/c", false));
}

#[test]
fn flaws_name_their_line() {
    let table = [
        ("", 1, "no `FROM`"),
        ("COPY a b\nFROM c", 1, "only `ARG` may stand before"),
        ("FROM a\nFROM b", 2, "second `FROM`"),
        ("FROM a\n\nRUN x", 3, "`RUN`"),
        ("FROM a\nENV A=\"x", 2, "not closed"),
        ("FROM a\nEXPOSE http", 2, "no port"),
        ("FROM a\nUSER a\nCOPY a b \\\n c", 3, "end the destination with `/`"),
        ("FROM a\nCOPY --chown=-app a b", 2, "numbers"),
        ("FROM a\nCOPY --chmod=u+x a b", 2, "octal"),
        ("FROM a\nADD https://a/b c", 2, "remote"),
        ("FROM a\nARG BUILDARCH\n", 2, "building machine"),
        ("FROM a\nVOLUME data", 2, "absolute"),
        ("FROM a\nHEALTHCHECK CMD", 2, "needs a command"),
    ];
    let base = config(&json!({}));
    for (text, line, says) in table {
        let found = Dockerfile::parse(text).and_then(|file| file.evaluate(&[], &Platform::LINUX_AMD64, Some(&base)));
        let Err(Error::Dockerfile { line: found, reason, .. }) = found else { panic!("{text}: {found:?}") };
        assert!(found == line && reason.contains(says), "{text}: line {found}: {reason}");
    }
    for from in ["scratch", "A B", "--platform=linux/s390x a", "UPPER"] {
        let found = Dockerfile::parse(&format!("FROM {from}")).and_then(|file| file.base(&[], &[Platform::LINUX_AMD64]));
        assert!(matches!(found, Err(Error::Dockerfile { line: 1, .. })), "{from}: {found:?}");
    }
}

#[test]
fn a_dockerfile_is_a_source_of_a_recipe() {
    let mut settings = Settings { dockerfile: Some(Dockerfile::parse(MISSION).unwrap()), ..Settings::default() };
    settings.configs = vec!["x.yml".parse().unwrap()];
    let recipe = Recipe::from_sources([settings.clone()]).unwrap();
    assert_eq!(recipe.configs[0].destination, "/app/config/x.yml");
    assert_eq!(recipe.base.to_string(), "docker.io/library/amazoncorretto:17");
    let flags = Settings { base: Some("oci:here".parse().unwrap()), ..Settings::default() };
    assert_eq!(Recipe::from_sources([settings, flags]).unwrap().base.to_string(), "oci:here");
    assert!(Dockerfile::is_named_so(Path::new("a/Dockerfile.dev")) && !Dockerfile::is_named_so(Path::new("imgbuild.yaml")));
}
