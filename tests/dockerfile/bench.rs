//! A context with a Dockerfile, and builds of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use imgbuild::build::Error;
use imgbuild::recipe::{Dockerfile, Settings};
use imgbuild::registry::Client;
use imgbuild::{Build, Location, Recipe, target};
use imgbuild_testkit::base::Base;
use imgbuild_testkit::fixtures;
use imgbuild_testkit::validate::{Report, Validator};

/// The Dockerfile of a project that builds one JAR with Gradle.
pub(crate) const MISSION: &str = r#"FROM amazoncorretto:17
WORKDIR /app
COPY build/libs/KOIN_API_V2.jar app.jar
COPY application.yml config/
ENTRYPOINT ["java","-jar","/app/app.jar"]
"#;

pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
}

impl Bench {
    /// The mission's files beside `dockerfile`.
    pub(crate) fn new(dockerfile: &str) -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        bench.write("context/Dockerfile", dockerfile);
        bench.write("context/application.yml", "greeting:\n  text: hello\n");
        bench.write("context/build/libs/KOIN_API_V2.jar", fs::read(fixtures::path("app.jar")).unwrap());
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn context(&self) -> PathBuf {
        self.path("context")
    }

    /// Writes a file whose mode does not depend on this machine's umask.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut folder = path.parent().unwrap();
        while folder != self.folder.path() {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
            folder = folder.parent().unwrap();
        }
    }

    pub(crate) fn settings(&self, base: &Path) -> Settings {
        let mut settings = Settings::default();
        settings.dockerfile = Some(Dockerfile::read(self.context().join("Dockerfile")).unwrap());
        settings.base = Some(format!("oci:{}:17", base.display()).parse().unwrap());
        settings
    }

    /// Builds on the checked-in base into the layout `image`.
    pub(crate) async fn build(&self) -> Result<Report, Error> {
        self.build_with(self.settings(&fixtures::path("base"))).await
    }

    pub(crate) async fn build_with(&self, settings: Settings) -> Result<Report, Error> {
        let to: Location = format!("oci:{}:1", self.path("image").display()).parse().unwrap();
        self.build_to(settings, &to).await?;
        let report = Validator::new(2).check_layout(&self.path("image"), "1");
        Ok(report)
    }

    /// The same on another base, which is written into the layout `base`.
    pub(crate) fn on(&self, base: &Base) -> Settings {
        base.build().write_layout(&self.path("base"), "17").unwrap();
        self.settings(&self.path("base"))
    }

    pub(crate) async fn build_to(&self, settings: Settings, to: &Location) -> Result<imgbuild::Report, Error> {
        let recipe = Recipe::from_sources([settings])?;
        Build::new(recipe, self.context()).registry(Client::default()).target(target::at(to).unwrap()).run().await
    }
}
