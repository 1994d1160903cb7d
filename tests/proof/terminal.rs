//! A terminal for a program to write to.

use std::process::Command;

use imgbuild_testkit::peer;

/// Runs the program of the arguments on a terminal, and prints what that shows.
const PYTHON: &str = r"
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
shown = b''
try:
    while more := os.read(terminal, 65536):
        shown += more
except OSError:
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) not in (0, 6))
";

/// What a terminal shows of a command, with the line ends of a text.
pub(crate) fn on_terminal(command: &Command) -> Option<String> {
    let mut python = peer::find("python3")?;
    python.args(["-c", PYTHON]).arg(command.get_program()).args(command.get_args());
    python.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => python.env(name, value),
            None => python.env_remove(name),
        };
    }
    Some(peer::output(python.env("TERM", "xterm").env_remove("CI")).replace("\r\n", "\n"))
}
