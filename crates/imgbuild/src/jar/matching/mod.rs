//! `--natives matching`: libraries for one platform, without the native code of others.
//!
//! What a library is for is told by its files. A library that depends on no platform stays in its layer; the others go
//! into a layer for their platform just above it, whichever platforms are built beside it, so that an image is the same
//! alone and in an index. The class path names every library everywhere: Java passes over one that is not there (JAR File
//! Specification, "Class-Path Attribute"). The application's own files stay as they are.

mod library;
mod need;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use self::library::Looked;
use self::need::{Need, needs};
use super::{Archive, Arrangement, Error, Layer, Placed, SpringBoot};
use crate::elf::Machine;
use crate::oci::Platform;

/// Whose native code an image holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Natives {
    /// That of every platform, as it lies in the libraries.
    #[default]
    All,
    /// That of its own platform.
    Matching,
}

impl fmt::Display for Natives {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::All => "all",
            Self::Matching => "matching",
        })
    }
}

impl FromStr for Natives {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::All, Self::Matching].into_iter().find(|natives| natives.to_string() == text);
        known.ok_or_else(|| format!("`{text}` says nothing about natives; write `all` or `matching`"))
    }
}

/// Takes the libraries' native code apart: `platforms` are Linux.
pub(super) fn split(arrangement: Arrangement, archive: &Archive, boot: &SpringBoot, platforms: &[Platform]) -> Result<Arrangement, Error> {
    let libraries = boot.libraries.iter().map(|library| Looked::into(archive, library)).collect::<Result<Vec<_>, _>>()?;
    let machines: Vec<(Option<Machine>, Vec<Platform>)> = by_machine(platforms);
    let needs: Vec<Vec<Need>> = machines.iter().map(|(machine, _)| needs(&libraries, *machine)).collect();

    let mut layers = Vec::with_capacity(arrangement.layers.len());
    for Layer { name, files, platforms } in arrangement.layers {
        // Which of the files are libraries that are not the same everywhere.
        let (mut shared, mut apart) = (Vec::new(), Vec::new());
        for file in files {
            let Some(number) = library::number(&libraries, &file.content) else {
                shared.push(file);
                continue;
            };
            match (library::is_apart(&libraries, number), needs.first()) {
                (true, _) | (_, None) => apart.push((file, number)),
                (false, Some(needs)) => shared.extend(needed(file, &libraries[number], &needs[number])),
            }
        }
        if !shared.is_empty() {
            layers.push(Layer { name: name.clone(), files: shared, platforms });
        }
        layers.extend(groups(&apart, &machines, &needs).into_iter().filter_map(|(platforms, needs)| {
            let files = apart.iter().filter_map(|(file, number)| needed(file.clone(), &libraries[*number], &needs[*number]));
            let files: Vec<Placed> = files.collect();
            (!files.is_empty()).then(|| Layer { name: format!("{name}-natives"), files, platforms })
        }));
    }
    let left_out = machines.iter().zip(&needs).flat_map(|((_, platforms), needs)| {
        let gone = libraries.iter().zip(needs).filter(|(_, need)| **need == Need::Nothing);
        let gone: BTreeSet<String> = gone.map(|(library, _)| library.name().to_owned()).collect();
        platforms.iter().map(move |platform| (platform.clone(), gone.clone()))
    });
    let kept = libraries.iter().filter_map(Looked::kept).collect();
    Ok(Arrangement { layers, left_out: left_out.collect(), kept, ..arrangement })
}

/// The platforms of each machine: variants of one load the same.
fn by_machine(platforms: &[Platform]) -> Vec<(Option<Machine>, Vec<Platform>)> {
    let mut machines: Vec<(Option<Machine>, Vec<Platform>)> = Vec::new();
    for platform in platforms {
        let machine = Machine::of(platform);
        match machines.iter_mut().find(|(known, _)| *known == machine) {
            Some((_, platforms)) => platforms.push(platform.clone()),
            None => machines.push((machine, vec![platform.clone()])),
        }
    }
    machines
}

/// Machines that need the same of these libraries, as one.
fn groups<'a>(
    apart: &[(Placed, usize)],
    machines: &[(Option<Machine>, Vec<Platform>)],
    needs: &'a [Vec<Need>],
) -> Vec<(Vec<Platform>, &'a [Need])> {
    let mut groups: Vec<(Vec<Platform>, &[Need])> = Vec::new();
    for ((_, platforms), needs) in machines.iter().zip(needs) {
        let same = |other: &[Need]| apart.iter().all(|(_, number)| other[*number] == needs[*number]);
        match groups.iter_mut().find(|(_, other)| same(other)) {
            Some((known, _)) => known.extend(platforms.iter().cloned()),
            None => groups.push((platforms.clone(), needs)),
        }
    }
    groups
}

/// The file with what is needed of it.
fn needed(file: Placed, library: &Looked, need: &Need) -> Option<Placed> {
    match need {
        Need::Whole => Some(file),
        Need::Without(foreign) => Some(Placed { content: library.without(foreign), ..file }),
        Need::Nothing => None,
    }
}
