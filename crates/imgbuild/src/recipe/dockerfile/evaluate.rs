//! A Dockerfile, a platform and a base → the steps that make the image.

use std::collections::BTreeMap;

use super::instruction::{Command, CopyWords, Instruction};
use super::owner::StepOwner;
use super::scope::{Globals, Scope, unused};
use super::word::{self, Variables};
use super::{Dockerfile, Flaw, Numbered, refuse};
use crate::image::{Assumed, Config, Overlay, join_path};
use crate::oci::Platform;
use crate::recipe::{Assignment, Error, Owner, value};

/// A step's text is cut after this many letters where it names a layer.
const MAX_NAME: usize = 160;

/// What a Dockerfile does on one platform.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Steps {
    /// The files, in order.
    pub steps: Vec<Step>,
    /// The changes of the base's configuration.
    pub overlay: Overlay,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A step that changes files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// WORKDIR: a folder, made where it is missing.
    Folder {
        /// Its absolute path.
        path: String,
        /// Who owns it: USER.
        owner: StepOwner,
    },
    /// COPY or ADD.
    Copy(CopyStep),
}

/// COPY or ADD of files of the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyStep {
    /// The line of the instruction.
    pub line: u64,
    /// The instruction as it is written, for messages and the history.
    pub text: String,
    /// Patterns of files of the context.
    pub sources: Vec<String>,
    /// The absolute path in the image.
    pub destination: String,
    /// Whether the destination is a folder by the way it is written.
    pub into_folder: bool,
    /// Who owns the files.
    pub owner: StepOwner,
    /// The permission bits that were asked for.
    pub mode: Option<u32>,
    /// Whether local archives are to be unpacked, as ADD does.
    pub unpacks: bool,
}

impl Dockerfile {
    /// What the file does for `platform` on `base`.
    ///
    /// # Errors
    /// When a value is not valid, or with [`Error::NeedsBase`] when one depends on a base that is not given.
    pub fn evaluate(&self, build_args: &[Assignment], platform: &Platform, base: Option<&Config>) -> Result<Steps, Error> {
        self.run(build_args, platform, base).map_err(|flaw| flaw.at(&self.name()))
    }

    /// The image that FROM names for a platform, and its line.
    pub(super) fn base_of(&self, build_args: &[Assignment], platform: &Platform) -> Result<(u64, String), Error> {
        let read = || {
            let (mut globals, rest) = self.globals(build_args, platform)?;
            match rest.first() {
                Some(Numbered { line, instruction: Instruction::From { image, platform: wanted }, .. }) => {
                    let fail = |reason| Flaw::new(*line, reason);
                    if let Some(wanted) = wanted {
                        let wanted = word::expand(wanted, self.escape, &mut globals).map_err(fail)?;
                        if wanted.parse::<Platform>().is_ok_and(|wanted| wanted.matches(platform)) {
                            return Ok((*line, word::expand(image, self.escape, &mut globals).map_err(fail)?));
                        }
                        let reason = format!("`FROM --platform={wanted}` takes the base of one platform for the image of `{platform}`");
                        return Err(
                            fail(reason).hint("leave the flag out: each platform gets its own base, and `--platform` names the platforms")
                        );
                    }
                    Ok((*line, word::expand(image, self.escape, &mut globals).map_err(fail)?))
                }
                _ => Err(Flaw::new(1, "it has no `FROM`")),
            }
        };
        read().map_err(|flaw| flaw.at(&self.name()))
    }

    /// The ARGs before FROM, and the instructions from FROM on.
    fn globals<'a>(&'a self, build_args: &'a [Assignment], platform: &'a Platform) -> Result<(Globals<'a>, &'a [Numbered]), Flaw> {
        let mut globals = Globals { build_args, platform, values: BTreeMap::new() };
        for (position, one) in self.instructions.iter().enumerate() {
            let Instruction::Arg(arguments) = &one.instruction else { return Ok((globals, &self.instructions[position..])) };
            for (name, default) in arguments {
                let fail = |reason| Flaw::new(one.line, reason);
                let default = default.as_ref().map(|word| word::expand(word, self.escape, &mut globals)).transpose().map_err(fail)?;
                if let Some(value) = globals.declare(name, default).map_err(fail)? {
                    globals.values.insert(name.clone(), value);
                }
            }
        }
        Ok((globals, &[]))
    }

    fn run(&self, build_args: &[Assignment], platform: &Platform, base: Option<&Config>) -> Result<Steps, Flaw> {
        let (globals, instructions) = self.globals(build_args, platform)?;
        let scope = Scope { env: Vec::new(), args: BTreeMap::new(), base, assumed: Assumed::default(), needs_base: false };
        let mut stage = Stage {
            escape: self.escape,
            globals,
            scope,
            overlay: Overlay::default(),
            steps: Vec::new(),
            working_dir: None,
            warnings: Vec::new(),
        };
        for one in instructions {
            stage.step(one).map_err(|flaw| Flaw { needs_base: stage.scope.needs_base, ..flaw })?;
        }
        let declared = self.instructions.iter().filter_map(|one| match &one.instruction {
            Instruction::Arg(arguments) => Some(arguments.iter().map(|(name, _)| name.as_str())),
            _ => None,
        });
        for name in unused(build_args, &declared.flatten().collect::<Vec<_>>()) {
            stage.warnings.push(format!("the build argument `{name}` is used by no `ARG` of {}", self.name()));
        }
        let overlay = Overlay { env: stage.scope.env, assumed: stage.scope.assumed, ..stage.overlay };
        Ok(Steps { steps: stage.steps, overlay, warnings: stage.warnings })
    }
}

/// The one stage, while it is evaluated.
struct Stage<'a> {
    escape: char,
    globals: Globals<'a>,
    scope: Scope<'a>,
    overlay: Overlay,
    steps: Vec<Step>,
    /// The absolute working directory; `None` is the base's.
    working_dir: Option<String>,
    warnings: Vec<String>,
}

impl Stage<'_> {
    fn step(&mut self, one: &Numbered) -> Result<(), Flaw> {
        let line = one.line;
        self.apply(one).map_err(|failure| match failure {
            Failure::Reason(reason) => Flaw::new(line, reason),
            Failure::Flaw(flaw) => flaw,
        })
    }

    fn apply(&mut self, one: &Numbered) -> Result<(), Failure> {
        match &one.instruction {
            Instruction::From { .. } => {}
            Instruction::Arg(arguments) => {
                for (name, default) in arguments {
                    let default = default.as_ref().map(|word| self.expand(word)).transpose()?;
                    match self.globals.declare(name, default)? {
                        Some(value) => drop(self.scope.args.insert(name.clone(), value)),
                        None => drop(self.scope.args.remove(name)),
                    }
                }
            }
            Instruction::Env(pairs) => {
                // All values see the variables as they were before the instruction.
                for (name, value) in self.expand_pairs(pairs)? {
                    self.scope.set(name, value);
                }
            }
            Instruction::Label(pairs) => {
                for (name, value) in self.expand_pairs(pairs)? {
                    self.overlay.labels.retain(|(known, _)| *known != name);
                    self.overlay.labels.push((name, value));
                }
            }
            Instruction::Workdir(path) => self.workdir(path)?,
            Instruction::Copy(words) => {
                let step = self.copy(one, words)?;
                self.steps.push(Step::Copy(step));
            }
            Instruction::User(user) => self.overlay.user = Some(value::line("user", &self.expand(user)?)?),
            Instruction::Expose(words) => {
                let text = words.iter().map(|word| self.expand(word)).collect::<Result<Vec<_>, _>>()?.join(" ");
                for port in text.split_whitespace() {
                    let port = port.parse().map_err(Error::Image)?;
                    if !self.overlay.exposed_ports.contains(&port) {
                        self.overlay.exposed_ports.push(port);
                    }
                }
            }
            Instruction::Volume(words) => {
                for word in words {
                    let volume = value::volume(&self.expand(word)?)?;
                    if !self.overlay.volumes.contains(&volume) {
                        self.overlay.volumes.push(volume);
                    }
                }
            }
            Instruction::Entrypoint(command) => self.overlay.entrypoint = Some(self.command(one.line, command)?),
            Instruction::Cmd(command) => self.overlay.cmd = Some(self.command(one.line, command)?),
            Instruction::Healthcheck(check) => self.overlay.healthcheck = Some(check.clone().into_healthcheck()),
            Instruction::StopSignal(signal) => self.overlay.stop_signal = Some(value::stop_signal(&self.expand(signal)?)?),
            Instruction::Shell(words) => self.overlay.shell = Some(words.clone()),
        }
        Ok(())
    }

    fn expand(&mut self, word: &str) -> Result<String, String> {
        word::expand(word, self.escape, &mut self.scope as &mut dyn Variables)
    }

    fn expand_pairs(&mut self, pairs: &[(String, String)]) -> Result<Vec<(String, String)>, Failure> {
        let mut expanded = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            expanded.push(Assignment::new(&self.expand(name)?, &self.expand(value)?)?.into());
        }
        Ok(expanded)
    }

    /// A path from the working directory, which may be the base's.
    fn absolute(&mut self, path: &str) -> Result<String, String> {
        let folder = match &self.working_dir {
            _ if path.starts_with('/') => "/".to_owned(),
            Some(folder) => folder.clone(),
            None => {
                let folder = self.scope.base("a relative path")?.working_dir().to_owned();
                self.scope.assumed.working_dir = Some(folder.clone());
                folder
            }
        };
        Ok(join_path(&folder, path))
    }

    fn workdir(&mut self, path: &str) -> Result<(), Failure> {
        let path = value::line("working directory", &self.expand(path)?)?;
        let path = self.absolute(&path)?;
        let owner = self.overlay.user.as_deref().map_or(StepOwner::UserOfBase, StepOwner::of_user);
        self.steps.push(Step::Folder { path: path.clone(), owner });
        self.overlay.working_dir = Some(path.clone());
        self.working_dir = Some(path);
        Ok(())
    }

    fn command(&mut self, line: u64, command: &Command) -> Result<Vec<String>, Failure> {
        if command.is_broken_json() {
            self.warnings.push(format!("line {line}: the command begins with `[` but is no JSON array of strings, so a shell runs it"));
        }
        match command {
            Command::Exec(words) => Ok(words.clone()),
            Command::Shell(text) => {
                let mut words = match &self.overlay.shell {
                    Some(shell) => shell.clone(),
                    None => self.base_shell()?,
                };
                words.push(text.clone());
                Ok(words)
            }
        }
    }

    fn base_shell(&mut self) -> Result<Vec<String>, Failure> {
        let shell = self.scope.base("the shell of a command")?.shell();
        self.scope.assumed.shell = Some(shell.clone());
        Ok(shell)
    }

    fn copy(&mut self, one: &Numbered, words: &CopyWords) -> Result<CopyStep, Failure> {
        let owner = match &words.chown {
            Some(owner) => self.expand(owner)?.parse()?,
            None => StepOwner::Numbers(Owner::default()),
        };
        let mode = match &words.chmod {
            Some(mode) => Some(value::mode(&self.expand(mode)?)?),
            None => None,
        };
        let sources = words.sources.iter().map(|source| self.expand(source)).collect::<Result<Vec<_>, _>>()?;
        if sources.iter().any(|source| is_remote(source)) {
            return Err(Failure::Flaw(refuse::remote(one.line, words.name)));
        }
        let destination = self.expand(&words.destination)?;
        let into_folder = destination.is_empty() || destination.ends_with('/') || destination == "." || destination.ends_with("/.");
        if !into_folder && sources.len() > 1 {
            return Err(Failure::Reason(format!("`{}` of several sources needs a folder: end the destination with `/`", words.name)));
        }
        let destination = self.absolute(&destination)?;
        Ok(CopyStep {
            line: one.line,
            text: one.text.chars().take(MAX_NAME).collect(),
            sources,
            destination,
            into_folder,
            owner,
            mode,
            unpacks: words.name == "ADD",
        })
    }
}

fn is_remote(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    ["http://", "https://", "git://", "ssh://", "git@"].iter().any(|scheme| lower.starts_with(scheme))
}

/// A reason without its line, or a whole flaw.
enum Failure {
    Reason(String),
    Flaw(Flaw),
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Reason(reason)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Reason(error.to_string())
    }
}
