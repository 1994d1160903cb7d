//! What a program shows on a terminal: it runs below a real one, and its bytes are drawn as a terminal draws them.

use std::process::Command;

use serde::Deserialize;

use crate::peer;

/// Runs the words behind COLUMNS on a terminal of that width, and prints a list of JSON strings: what came at once, a byte each
/// character. Then the exit code.
const RECORDER: &str = r#"
import fcntl, json, os, pty, select, struct, sys, termios
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
pieces, piece, ended = [], b"", False
while not ended:
    if select.select([terminal], [], [], 0.03)[0]:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            more = b""
        piece += more
        ended = not more
    elif piece:
        pieces.append(piece.decode("latin-1"))
        piece = b""
pieces.append(piece.decode("latin-1"))
json.dump({"pieces": pieces, "code": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}, sys.stdout)
"#;

/// What a terminal showed while a program ran.
#[derive(Debug)]
pub struct Recording {
    /// The exit code of the program.
    pub code: i32,
    /// What was to be read each time that the program paused, the last time after its end. Lines that were scrolled away are there.
    pub frames: Vec<Vec<String>>,
}

#[derive(Deserialize)]
struct Recorded {
    pieces: Vec<String>,
    code: i32,
}

impl Recording {
    /// Runs a command on a terminal of so many columns; a skip where python3 is not installed.
    ///
    /// # Panics
    /// Where the command cannot be started, or writes what a [`Screen`] does not know.
    #[must_use]
    pub fn of(command: &Command, columns: usize) -> Option<Self> {
        let mut python = peer::find("python3")?;
        python.args(["-c", RECORDER, &columns.to_string()]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => python.env(name, value),
                None => python.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            python.current_dir(folder);
        }
        let recorded: Recorded = serde_json::from_str(&peer::output(&mut python)).unwrap_or_else(|error| panic!("recorder: {error}"));
        let mut screen = Screen::new(columns);
        let mut bytes = Vec::new();
        let frames = recorded.pieces.iter().map(|piece| {
            bytes.extend(piece.chars().filter_map(|byte| u8::try_from(u32::from(byte)).ok()));
            let whole = std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
            let rest = bytes.split_off(whole);
            screen.write(&String::from_utf8_lossy(&bytes));
            bytes = rest;
            screen.lines()
        });
        Some(Self { frames: frames.collect(), code: recorded.code })
    }
}

/// A terminal without an end: it knows what programs that draw bars use, and refuses the rest.
#[derive(Debug)]
pub struct Screen {
    columns: usize,
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    /// An empty one.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self { columns, rows: vec![Vec::new()], row: 0, column: 0 }
    }

    /// Draws text and obeys what is in it.
    ///
    /// # Panics
    /// On a control sequence that it does not know.
    pub fn write(&mut self, text: &str) {
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '\r' => self.column = 0,
                '\n' => self.down(),
                '\u{1b}' => {
                    assert_eq!(characters.next(), Some('['), "an unknown escape in {text:?}");
                    let mut number = String::new();
                    let end = characters.by_ref().find(|next| {
                        let is_end = next.is_ascii_alphabetic();
                        number.extend(Some(*next).filter(|_| !is_end));
                        is_end
                    });
                    self.obey(end.unwrap_or_default(), &number);
                }
                character if character.is_control() => panic!("an unknown control character {character:?} in {text:?}"),
                character => self.put(character),
            }
        }
    }

    /// What is to be read, without blanks at the ends of lines and empty lines at the end.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect();
        lines.truncate(lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1));
        lines
    }

    fn put(&mut self, character: char) {
        // A full line goes on in the next one, but only when there is something to go on with.
        if self.column == self.columns {
            self.column = 0;
            self.down();
        }
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + 1), ' ');
        row[self.column] = character;
        self.column += 1;
    }

    fn down(&mut self) {
        self.row += 1;
        self.rows.resize(self.rows.len().max(self.row + 1), Vec::new());
    }

    fn obey(&mut self, what: char, number: &str) {
        let count = || number.parse::<usize>().unwrap_or(1);
        match (what, number) {
            ('A', _) => self.row = self.row.saturating_sub(count()),
            ('B', _) => (0..count()).for_each(|_| self.down()),
            ('C', _) => self.column = (self.column + count()).min(self.columns - 1),
            ('D', _) => self.column = self.column.saturating_sub(count()),
            ('G', _) => self.column = count() - 1,
            ('K', "" | "0") => self.rows[self.row].truncate(self.column),
            ('K', "2") => self.rows[self.row].clear(),
            ('J', "" | "0") => {
                self.rows[self.row].truncate(self.column);
                self.rows.truncate(self.row + 1);
            }
            // Colours, and whether the cursor is shown.
            ('m', _) | ('h' | 'l', "?25") => {}
            _ => panic!("an unknown control sequence: {number}{what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_draws_over_what_is_there_and_breaks_long_lines() {
        let mut screen = Screen::new(4);
        screen.write("one\r\ntwo\r\n\u{1b}[2A\r\u{1b}[2Kthree\r\u{1b}[1B\u{1b}[Kx");
        assert_eq!(screen.lines(), ["thre", "ewo", "x"]);
        screen.write("\u{1b}[2A\r\u{1b}[J");
        assert_eq!(screen.lines(), Vec::<String>::new());
    }
}
