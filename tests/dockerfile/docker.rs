//! `docker build` of the same Dockerfile: the configuration is equal field by field, and so are the files.

use std::collections::BTreeMap;

use imgbuild::registry::Client;
use imgbuild::{Copy, Location, target};
use imgbuild_testkit::archive::{self, Kind};
use imgbuild_testkit::peer;
use imgbuild_testkit::peers::{self, Engine};
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

async fn load(engine: &Engine, archive: &Location, from: Option<&Location>) {
    if let Some(from) = from {
        let platform = "linux/amd64".parse().unwrap();
        Copy::new(from.clone(), target::at(archive).unwrap()).registry(Client::default()).platform(platform).run().await.unwrap();
    }
    let Location::Archive { file, .. } = archive else { panic!("no archive") };
    engine.run(["load".as_ref(), "--input".as_ref(), file.as_os_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn gives_the_image_of_docker_build() {
    let Some(base) = peers::base() else { return };
    let Some(engine) = Engine::start() else { return };
    for (number, (text, folder)) in [(MISSION, "/app"), (VARIANT, "/srv/koin"), (ONLY_CMD, "/etc/koin.yml")].into_iter().enumerate() {
        let bench = Bench::new(text);
        bench.write("context/conf/a.properties", "a=b\n");
        bench.write("context/conf/deep/c.properties", "c=d\n");
        let from: Location = format!("oci:{}:17", base.display()).parse().unwrap();
        if number == 0 {
            let archive = format!("docker-archive:{}:docker.io/library/amazoncorretto:17", bench.path("base.tar").display());
            load(&engine, &archive.parse().unwrap(), Some(&from)).await;
        }
        let theirs = format!("theirs:{number}");
        let built = engine.command().env("DOCKER_BUILDKIT", "0").args(["build", "--tag", &theirs]).arg(bench.context()).output().unwrap();
        assert!(built.status.success(), "{}", peer::text(&built));

        let ours = format!("ours:{number}");
        let archive: Location = format!("docker-archive:{}:{ours}", bench.path("ours.tar").display()).parse().unwrap();
        bench.build_to(bench.settings(&base), &archive).await.unwrap();
        load(&engine, &archive, None).await;

        let config =
            |image: &str| -> Value { serde_json::from_str(&engine.run(["inspect", "--format", "{{json .Config}}", image])).unwrap() };
        let (theirs_config, ours_config) = (config(&theirs), config(&ours));
        for field in FIELDS {
            assert_eq!(normal(ours_config.get(field)), normal(theirs_config.get(field)), "{field} of\n{text}");
        }
        assert_eq!(files(&engine, &ours, folder), files(&engine, &theirs, folder), "{folder} of\n{text}");
    }
}
