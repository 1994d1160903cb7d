//! Which layout a JAR gets when none was asked for.

use super::super::{Archive, Error, Manifest, Shape, SpringBoot};
use super::extracted::{extract, left_out};
use super::{Layout, Refusal};

/// A layout, and why it is not `extracted` where it could be expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The layout.
    pub layout: Layout,
    /// The reason, for the user.
    pub reason: Option<String>,
}

/// Behind a Class-Path, older versions find nothing for patterns such as `classpath*:**/*.xml`.
const SPRING_CORE: (u32, u32) = (6, 2);

/// `packaged` for JARs that are not Spring Boot's; else `extracted` where it behaves as the fat JAR does.
pub(in super::super) fn choose(archive: &Archive, manifest: Option<&Manifest>, shape: &Shape) -> Result<Choice, Error> {
    let (Shape::SpringBoot(boot), Some(manifest)) = (shape, manifest) else {
        return Ok(Choice { layout: Layout::Packaged, reason: None });
    };
    let reason = match obstacle(archive, boot) {
        Some(reason) => Some(reason),
        None => match extract(archive, manifest, boot, "app.jar") {
            Ok(_) => None,
            Err(Refusal::Because(reason)) => Some(reason),
            Err(Refusal::Broken(error)) => return Err(error),
        },
    };
    Ok(match reason {
        None => Choice { layout: Layout::Extracted, reason: None },
        Some(reason) => Choice { layout: Layout::Exploded, reason: Some(reason) },
    })
}

fn obstacle(archive: &Archive, boot: &SpringBoot) -> Option<String> {
    let launcher = boot.launcher.rsplit('.').next().unwrap_or_default();
    if !matches!(launcher, "JarLauncher" | "WarLauncher") {
        return Some(format!("its launcher is `{}`, not JarLauncher or WarLauncher", boot.launcher));
    }
    match boot.spring_core {
        None => return Some("the version of spring-core is not to be found".to_owned()),
        Some(found) if found < SPRING_CORE => {
            let (major, minor) = found;
            return Some(format!("spring-core {major}.{minor} does not search libraries behind a Class-Path; 6.2 does"));
        }
        Some(_) => {}
    }
    if let Some(signature) = boot.signatures.first() {
        return Some(format!("it is signed (`{signature}`), and a changed JAR would not start"));
    }
    left_out(archive, boot).next().map(|file| format!("`{file}` is neither below `{}` nor a library", boot.classes))
}
