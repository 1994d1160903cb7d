//! `docker build` of the same Dockerfile: the configuration is equal field by field, and so are the files.

use std::collections::BTreeMap;
use std::path::Path;

use imgbuild::registry::Client;
use imgbuild::{Copy, Location, Platform, target};
use imgbuild_testkit::archive::{self, Kind};
use imgbuild_testkit::peers::{self, Engine, Unpacked};
use imgbuild_testkit::{fixtures, peer};
use serde_json::Value;

use crate::bench::{Bench, MISSION};

/// What a Dockerfile decides in a configuration.
const FIELDS: [&str; 11] =
    ["Entrypoint", "Cmd", "WorkingDir", "Env", "User", "ExposedPorts", "Volumes", "Labels", "StopSignal", "Healthcheck", "Shell"];

const VARIANT: &str = r#"ARG JAVA=17
FROM amazoncorretto:${JAVA}
ARG NAME=KOIN_API_V2
ENV JAVA_OPTS="-Xmx256m -Dname=${NAME}" \
    EMPTY=${NOTHING:-none}
ENV PATH=/opt/koin/bin:$PATH OLD_FORM=x
ENV LEGACY a b   c
LABEL name="koin api" version=2
EXPOSE 8080 9090/udp
VOLUME ["/data"]
WORKDIR /srv
WORKDIR koin
COPY --chown=1000:1000 build/libs/*.jar app.jar
COPY conf /srv/koin/conf/
ADD application.yml config/
USER 1000:1000
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=1.5s --retries=2 CMD java -version || exit 1
CMD ["--first", "two words"]
ENTRYPOINT exec java $JAVA_OPTS -jar app.jar
"#;

const ONLY_CMD: &str = "FROM amazoncorretto:17\nSHELL [\"/bin/bash\", \"-c\"]\nCMD java -version\nCOPY application.yml /etc/koin.yml\n";

/// Empty and missing are one for Docker, and our record is ours.
fn normal(value: Option<&Value>) -> Value {
    match value {
        Some(Value::Object(map)) => {
            let map: serde_json::Map<String, Value> = map.clone().into_iter().filter(|(key, _)| key != "dev.imgbuild.record").collect();
            if map.is_empty() { Value::Null } else { map.into() }
        }
        Some(Value::Array(list)) if list.is_empty() => Value::Null,
        Some(Value::String(text)) if text.is_empty() => Value::Null,
        other => other.cloned().unwrap_or_default(),
    }
}

/// Mode, owner and content.
type File = (u32, u64, u64, Option<Vec<u8>>);

/// The files of a folder of an image by their path.
fn files(engine: &Engine, image: &str, folder: &str) -> BTreeMap<String, File> {
    let container = engine.run(["create", image, "unused"]);
    let output = engine.command().args(["cp", &format!("{}:{folder}", container.trim()), "-"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let members = archive::members(&output.stdout).unwrap();
    let content = |kind: Kind| if let Kind::File(bytes) = kind { Some(bytes) } else { None };
    members.into_iter().map(|member| (member.path, (member.mode, member.uid, member.gid, content(member.kind)))).collect()
}

fn load(engine: &Engine, archive: &Location) {
    let Location::Archive { file, .. } = archive else { panic!("no archive") };
    engine.run(["load".as_ref(), "--input".as_ref(), file.as_os_str()]);
}

/// Gives the engine the base of one platform under the name that the Dockerfiles use.
async fn load_base(engine: &Engine, bench: &Bench, base: &Path, platform: &Platform) {
    let from: Location = format!("oci:{}:17", base.display()).parse().unwrap();
    let archive = format!("docker-archive:{}:docker.io/library/amazoncorretto:17", bench.path("base.tar").display()).parse().unwrap();
    let copy = Copy::new(from, target::at(&archive).unwrap()).registry(Client::default()).platform(platform.clone());
    copy.run().await.unwrap();
    load(engine, &archive);
}

#[tokio::test(flavor = "multi_thread")]
async fn gives_the_image_of_docker_build_for_both_platforms() {
    let Some(base) = peers::base() else { return };
    let Some(engine) = Engine::start() else { return };
    for platform in ["linux/amd64", "linux/arm64"].map(|platform| platform.parse::<Platform>().unwrap()) {
        for (number, (text, folder)) in [(MISSION, "/app"), (VARIANT, "/srv/koin"), (ONLY_CMD, "/etc/koin.yml")].into_iter().enumerate() {
            let bench = Bench::new(text);
            bench.write("context/conf/a.properties", "a=b\n");
            bench.write("context/conf/deep/c.properties", "c=d\n");
            if number == 0 {
                load_base(&engine, &bench, &base, &platform).await;
            }
            let theirs = format!("theirs-{}:{number}", platform.architecture());
            let mut command = engine.command();
            command.env("DOCKER_BUILDKIT", "0").args(["build", "--platform", &platform.to_string(), "--tag", &theirs]);
            let built = command.arg(bench.context()).output().unwrap();
            assert!(built.status.success(), "{}", peer::text(&built));

            let ours = format!("ours-{}:{number}", platform.architecture());
            let archive: Location = format!("docker-archive:{}:{ours}", bench.path("ours.tar").display()).parse().unwrap();
            let mut settings = bench.settings(&base);
            settings.platforms = Some(vec![platform.clone()]);
            bench.build_to(settings, &archive).await.unwrap();
            load(&engine, &archive);

            let inspect =
                |image: &str| -> Value { serde_json::from_str(&engine.run(["inspect", "--format", "{{json .}}", image])).unwrap() };
            let (theirs_image, ours_image) = (inspect(&theirs), inspect(&ours));
            for field in ["Os", "Architecture", "Variant"] {
                assert_eq!(normal(ours_image.get(field)), normal(theirs_image.get(field)), "{field} of\n{text}");
            }
            for field in FIELDS {
                let of = |image: &Value| normal(image["Config"].get(field));
                assert_eq!(of(&ours_image), of(&theirs_image), "{field} of\n{text}");
            }
            assert_eq!(files(&engine, &ours, folder), files(&engine, &theirs, folder), "{folder} of\n{text}");
        }
    }
}

/// The mission's file, its archive replaced by this one, as an image in the layout `image` with both platforms.
async fn built_with(jar: &Path, base: &Path) -> Bench {
    let bench = Bench::new(MISSION);
    bench.write("context/build/libs/KOIN_API_V2.jar", std::fs::read(jar).unwrap());
    bench.build_to(bench.settings(base), &image(&bench)).await.unwrap();
    bench
}

fn image(bench: &Bench) -> Location {
    format!("oci:{}:1", bench.path("image").display()).parse().unwrap()
}

#[cfg(target_arch = "x86_64")]
#[tokio::test(flavor = "multi_thread")]
async fn what_the_missions_file_gives_runs_and_answers() {
    let (Some(base), Some(jar), Some(engine)) = (peers::base(), peers::jar("app.jar"), Engine::start()) else { return };
    let bench = built_with(&jar, &base).await;
    let archive: Location = format!("docker-archive:{}:koin/api:1", bench.path("image.tar").display()).parse().unwrap();
    Copy::new(image(&bench), target::at(&archive).unwrap()).registry(Client::default()).run().await.unwrap();
    load(&engine, &archive);
    assert_eq!(engine.answer("koin/api:1"), "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_missions_file_gives_for_arm64_runs_emulated() {
    let Some(base) = peers::base() else { return };
    let bench = built_with(&fixtures::path("app.jar"), &base).await;
    let Some(unpacked) = Unpacked::from(&format!("oci:{}:1", bench.path("image").display()), "arm64", None) else { return };
    let Some(mut java) = unpacked.command("/usr/bin/java", "/app") else { return };
    let said = java.args(["-jar", "/app/app.jar"]).output().unwrap();
    assert!(said.status.success() && String::from_utf8_lossy(&said.stdout).contains("hello"), "{}", peer::text(&said));
}
