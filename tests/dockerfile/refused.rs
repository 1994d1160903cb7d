//! What cannot be copied: an error that says what to do, and nothing half written.

use imgbuild::jar::Layout;
use imgbuild_testkit::fixtures;

use crate::bench::{Bench, MISSION};

async fn error_of(bench: &Bench, layout: Option<Layout>) -> (String, String) {
    let mut settings = bench.settings(&fixtures::path("base"));
    settings.layout = layout;
    let error = bench.build_with(settings).await.unwrap_err();
    assert!(!bench.path("image").exists(), "{error}");
    (error.to_string(), error.hint().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_what_is_not_there() {
    let table = [
        ("COPY none.jar /app/", "there is no `none.jar`"),
        ("COPY *.nothing /app/", "there is no `*.nothing`"),
        ("COPY left.out /app/", "`.dockerignore` leaves it out"),
        ("COPY ../Dockerfile /app/", "out of the context"),
        ("COPY *.txt /app/one", "end the destination with `/`"),
        ("COPY a.txt /", ""),
        ("ADD a.tar /app/", "ADD unpacks"),
        ("COPY out/passwd /app/", "leads out of the context"),
    ];
    for (step, says) in table {
        let bench = Bench::new(&format!("FROM x\n{step}\n"));
        for name in ["a.txt", "b.txt", "left.out"] {
            bench.write(&format!("context/{name}"), name);
        }
        bench.write("context/a.tar", imgbuild_testkit::archive::write(&[]));
        bench.write("context/a.tar", [&[0; 257][..], b"ustar\x0000"].concat());
        bench.write("context/.dockerignore", "left.out\n");
        std::os::unix::fs::symlink("/etc", bench.path("context/out")).unwrap();
        if says.is_empty() {
            assert_eq!(bench.build().await.unwrap().platforms[0].layers[2].tree.paths(), ["a.txt"]);
            continue;
        }
        let (message, _) = error_of(&bench, None).await;
        assert!(message.contains("line 2") && message.contains(says), "{step}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn layouts_that_the_file_cannot_have() {
    let in_root = MISSION.replace("WORKDIR /app\n", "").replace("app.jar\n", "/app.jar\n").replace(" config/", " /config/");
    let two = MISSION.replace("ENTRYPOINT", "COPY build/libs/KOIN_API_V2.jar other.jar\nENTRYPOINT");
    let none = MISSION.replace("COPY build/libs/KOIN_API_V2.jar app.jar\n", "");
    for (text, layout, says) in [
        (in_root.as_str(), Layout::Extracted, "lies in `/`"),
        (&two, Layout::Extracted, "`/app/app.jar` and `/app/other.jar`"),
        (&none, Layout::Extracted, "no COPY is of one executable JAR"),
        (MISSION, Layout::Exploded, "another ENTRYPOINT"),
    ] {
        let (message, hint) = error_of(&Bench::new(text), Some(layout)).await;
        assert!(message.contains(says), "{text}: {message}");
        assert!(hint.contains("byte for byte"), "{hint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_is_none() {
    let bench = Bench::new(MISSION);
    let settings = bench.settings(&fixtures::path("base"));
    std::fs::remove_dir_all(bench.context()).unwrap();
    let error = bench.build_with(settings.clone()).await.unwrap_err();
    assert!(error.to_string().contains("context"), "{error}");
    std::fs::write(bench.context(), "a file").unwrap();
    let error = bench.build_with(settings).await.unwrap_err();
    assert!(error.hint().unwrap().contains("the folder that COPY takes files from"), "{error:?}");
}
