//! The variables that are in scope at a line of a Dockerfile.

use std::collections::BTreeMap;

use super::word::Variables;
use crate::image::{Assumed, Config};
use crate::oci::Platform;
use crate::recipe::Assignment;

/// Build arguments that need no ARG (Dockerfile reference, "Predefined ARGs").
const PREDEFINED: [&str; 5] = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];

/// ARGs before FROM, which only FROM sees, and ARGs that name them again.
pub(super) struct Globals<'a> {
    pub(super) build_args: &'a [Assignment],
    pub(super) platform: &'a Platform,
    pub(super) values: BTreeMap<String, String>,
}

impl Globals<'_> {
    /// The value of an ARG: what the user says, else the default, else what was declared before FROM or comes by itself.
    pub(super) fn declare(&self, name: &str, default: Option<String>) -> Result<Option<String>, String> {
        let given = self.build_args.iter().rev().find(|given| given.name == name).map(|given| given.value.clone());
        match given.or(default) {
            Some(value) => Ok(Some(value)),
            None => match self.values.get(name) {
                Some(value) => Ok(Some(value.clone())),
                None => self.automatic(name),
            },
        }
    }

    fn automatic(&self, name: &str) -> Result<Option<String>, String> {
        let platform = self.platform;
        Ok(Some(match name {
            "TARGETPLATFORM" => platform.to_string(),
            "TARGETOS" => platform.os().to_owned(),
            "TARGETARCH" => platform.architecture().to_owned(),
            "TARGETVARIANT" => platform.variant().unwrap_or_default().to_owned(),
            "BUILDPLATFORM" | "BUILDOS" | "BUILDARCH" | "BUILDVARIANT" => {
                return Err(format!("`{name}` is that of the building machine; the same input must give the same image everywhere"));
            }
            _ => return Ok(None),
        }))
    }
}

impl Variables for Globals<'_> {
    fn value(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.values.get(name) {
            Some(value) => Ok(Some(value.clone())),
            None => self.automatic(name),
        }
    }
}

/// The variables after FROM. Where one of them is the base's, that is remembered: on another base it may be another.
pub(super) struct Scope<'a> {
    pub(super) env: Vec<(String, String)>,
    pub(super) args: BTreeMap<String, String>,
    pub(super) base: Option<&'a Config>,
    pub(super) assumed: Assumed,
    /// Whether a value was asked for that only the base knows.
    pub(super) needs_base: bool,
}

impl Scope<'_> {
    /// The base's configuration, where it is known.
    pub(super) fn base(&mut self, what: &str) -> Result<&Config, String> {
        if self.base.is_none() {
            self.needs_base = true;
        }
        self.base.ok_or_else(|| format!("{what} depends on the base image"))
    }

    pub(super) fn set(&mut self, name: String, value: String) {
        match self.env.iter_mut().find(|(known, _)| *known == name) {
            Some(pair) => pair.1 = value,
            None => self.env.push((name, value)),
        }
    }
}

impl Variables for Scope<'_> {
    /// ENV goes before ARG, the base's ENV too.
    fn value(&mut self, name: &str) -> Result<Option<String>, String> {
        if let Some((_, value)) = self.env.iter().find(|(known, _)| known == name) {
            return Ok(Some(value.clone()));
        }
        let inherited = self.base(&format!("`${name}`"))?.env(name).map(str::to_owned);
        self.assumed.env.insert(name.to_owned(), inherited.clone());
        Ok(inherited.or_else(|| self.args.get(name).cloned()))
    }
}

/// Build arguments that nothing in the file asks for.
pub(super) fn unused(build_args: &[Assignment], declared: &[&str]) -> Vec<String> {
    let known = |name: &str| declared.contains(&name) || PREDEFINED.iter().any(|known| known.eq_ignore_ascii_case(name));
    build_args.iter().map(|given| given.name.clone()).filter(|name| !known(name)).collect()
}
