//! Bad input: told with a reason and a way on, the exit code that fits, and nothing half written.

use std::fs;

use imgbuild_testkit::home::files_in;
use imgbuild_testkit::registry::Registry;

use crate::{DOCKERFILE, base, home};

#[test]
fn a_destination_that_takes_nothing_is_named() {
    let home = home();
    fs::create_dir(home.path("occupied")).unwrap();
    home.write("occupied/thesis.tex", "");
    for (to, parts) in [
        ("oci-archive:/dev/full", ["/dev/full", "hint: free space on that disk"]),
        ("docker-archive:/dev/full:koin/api:1", ["/dev/full", "hint: free space on that disk"]),
        ("oci-archive:/proc/none/image.tar", ["/proc/none", "because: "]),
        ("oci:occupied", ["is not empty", "hint: name a folder that is empty"]),
        ("oci:app.jar", ["app.jar", "because: "]),
        ("oci-archive:occupied", ["it is a folder", "because: "]),
    ] {
        let ended = home.run(["copy", &base(), to]);
        let said = ended.refused(1);
        assert!(parts.iter().all(|part| said.contains(part)), "{to}: {said}");
        let kind = to.split(':').next().unwrap();
        let place = to.split(':').nth(1).unwrap();
        let built = home.run(["build", "app.jar", "--base", &base(), "-o", &format!("type={kind},dest={place}"), "-t", "koin/api:1"]);
        assert!(built.refused(1).contains(parts[0]), "{to}: {}", built.stderr);
    }
    let unknown = home.run(["build", "app.jar", "--base", &base(), "-o", "type=registry,dest=x"]);
    assert!(unknown.refused(2).contains("there is no type `registry`"), "{}", unknown.stderr);
    assert_eq!(files_in(&home.path("occupied")), ["thesis.tex"]);
    let left = files_in(home.folder()).into_iter().filter(|name| name.starts_with(".imgbuild")).count();
    assert_eq!((left, home.temporary_files()), (0, Vec::<String>::new()));
}

#[test]
fn an_archive_that_is_no_whole_one_is_no_source() {
    let home = home();
    let _ = home.run(["copy", &base(), "docker-archive:whole.tar:koin/jdk:17"]).result();
    let whole = fs::read(home.path("whole.tar")).unwrap();
    home.write("short.tar", &whole[..whole.len() / 2]);
    home.write("text.tar", "no tar at all\n".repeat(300));
    let registry = Registry::start();
    for (file, reason) in [("short.tar", "cut short"), ("text.tar", "no tar"), ("none.tar", "none.tar")] {
        for arguments in [
            vec!["copy".to_owned(), format!("docker-archive:{file}"), registry.reference("koin/jdk", "17")],
            vec!["inspect".to_owned(), format!("oci-archive:{file}")],
            vec![
                "build".to_owned(),
                "app.jar".to_owned(),
                format!("--base=oci-archive:{file}"),
                "-o".to_owned(),
                "type=oci,dest=out".to_owned(),
            ],
        ] {
            let ended = home.run(&arguments);
            let said = ended.refused(1);
            assert!(said.contains(reason) && said.contains(file), "{arguments:?}: {said}");
            assert!(file == "none.tar" || said.contains("hint: make the archive again"), "{arguments:?}: {said}");
        }
    }
    assert!(registry.manifests("koin/jdk").is_empty() && registry.blobs("koin/jdk").is_empty() && !home.path("out").exists());
}

#[test]
fn a_dockerfile_that_cannot_be_followed_is_refused_with_its_line() {
    let home = home();
    for (from, to, line, reason) in [
        ("ENTRYPOINT [\"java\"", "EXPOSE http [\"java\"", 5, "is no port"),
        ("COPY *.jar app.jar", "RUN ./gradlew bootJar", 3, "hint: do it before the build"),
        ("COPY *.jar app.jar", "COPY *.jar", 3, "COPY"),
        ("WORKDIR /app", "WROKDIR /app", 2, "WROKDIR"),
        ("COPY *.jar app.jar", "FROM scratch", 3, "hint: "),
        ("FROM amazoncorretto:17", "", 2, "FROM"),
    ] {
        home.write("Dockerfile", DOCKERFILE.replacen(from, to, 1));
        let ended = home.run(["build", ".", "--base", &base(), "-o", "type=oci,dest=out"]);
        let said = ended.refused(2);
        assert!(said.contains(&format!("line {line}")) && said.contains(reason), "{to}: {said}");
        assert!(!home.path("out").exists());
    }
}

#[test]
fn a_foreign_image_is_not_rebased() {
    let (home, registry) = (home(), Registry::start());
    let jdk = registry.reference("library/jdk", "17");
    let _ = home.run(["copy", &base(), &jdk]).result();
    let before = registry.manifests("library/jdk");
    let ended = home.run(["rebase", &jdk, "--base", &base()]);
    let said = ended.refused(1);
    assert!(said.contains("no image that imgbuild built") && said.contains("hint: "), "{said}");
    assert_eq!(registry.manifests("library/jdk"), before);
}

#[test]
fn a_service_that_is_named_twice_is_refused_with_its_line() {
    let home = home();
    home.write("imgbuild.yaml", "services:\n  api: {jar: app.jar}\n  api: {jar: app.jar}\n");
    let ended = home.run(["build", "-o", "type=oci,dest=out"]);
    let said = ended.refused(2);
    assert!(said.contains("imgbuild.yaml`, line 3") && said.contains("`api` is there twice"), "{said}");
}
