//! How many instructions the parts of a build take, counted by callgrind and compared with `benches/instructions.json`.
//!
//! Time says little on a machine that others use; instructions say the same everywhere. A part that takes more than the file says
//! fails, one that takes less asks for a new file: `IMGBUILD_INSTRUCTIONS=update cargo bench -p imgbuild --bench instructions`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking and tells what it found")]

mod input;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::sink;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use imgbuild::jar::{Bytes, Jar};
use imgbuild::layer::{Encoding, Files, Key, Outline, Stop, build};

/// Libraries of the JAR, and classes of each: 1.2 MB, since callgrind is fifty times slower than the processor.
const LIBRARIES: usize = 4;
const CLASSES: usize = 100;
/// How far a count may be off: threads that wait for each other do not wait equally often.
const TOLERANCE: f64 = 0.03;

/// What the parts work on.
struct Input {
    jar: Bytes,
    files: Files,
    classes: Jar,
}

/// A part by its name, how often it is done so that what is the machine's chance is small beside it, and what it does.
type Part = (&'static str, u64, fn(&Input));

const PARTS: [Part; 7] = [
    ("read a jar", 50, |input| drop(black_box(input::files(&input.jar)))),
    ("look into libraries", 50, |input| drop(black_box(input::survey(&input.classes)))),
    ("outline a layer", 2000, |input| drop(black_box(Outline::of(&input.files, Encoding::default())))),
    ("digest a layer", 2, |input| drop(black_box(Key::of(&input.files, Encoding::default(), &Stop::default()).unwrap()))),
    ("write a layer, none", 1, |input| write(&input.files, "none")),
    ("write a layer, gzip", 1, |input| write(&input.files, "gzip")),
    ("write a layer, zstd", 1, |input| write(&input.files, "zstd")),
];

fn write(files: &Files, encoding: &str) {
    black_box(build(files, encoding.parse().unwrap(), sink(), &Stop::default()).unwrap());
}

/// Does a part so often or not at all: the difference is what the part takes, whatever threads it starts.
fn work(name: &str, times: &str) {
    let jar = input::jar(LIBRARIES, CLASSES);
    let input = Input { files: input::files(&jar), jar, classes: input::jar_of_classes(LIBRARIES, CLASSES) };
    let (.., part) = PARTS.iter().find(|(known, ..)| *known == name).unwrap();
    for _ in 0..times.parse().unwrap() {
        part(&input);
    }
}

fn count(name: &str, times: u64) -> u64 {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe().unwrap());
    let output = valgrind.args(["--part", name, &times.to_string()]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")).unwrap().1;
    collected.trim().parse().unwrap()
}

/// What this machine's processor and the compiler make of it is not another's: the file says for which it holds.
fn place() -> String {
    let compiler = Command::new("rustc").arg("--version").output().unwrap();
    // Two processors may have one name; the numbers of their model and its steps tell them apart.
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let value = |name: &str| {
        let mut fields = processors.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.trim() == name).map_or("?", |(_, value)| value.trim())
    };
    let processor = ["model name", "model", "stepping"].map(value).join(" ");
    format!("{processor}, {}", String::from_utf8(compiler.stdout).unwrap().trim())
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/instructions.json")
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name, times] = arguments.as_slice()
        && flag == "--part"
    {
        work(name, times);
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: `valgrind` is not installed");
        let required = std::env::var_os("IMGBUILD_PEERS").is_some_and(|value| value == "required");
        return if required { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    let counted: BTreeMap<&str, u64> =
        PARTS.iter().map(|(name, times, _)| (*name, (count(name, *times) - count(name, 0)) / times)).collect();
    if std::env::var_os("IMGBUILD_INSTRUCTIONS").is_some_and(|value| value == "update") {
        let text = serde_json::to_string_pretty(&serde_json::json!({ "place": place(), "instructions": counted })).unwrap();
        std::fs::write(file(), text + "\n").unwrap();
        return ExitCode::SUCCESS;
    }
    compare(&counted)
}

fn compare(counted: &BTreeMap<&str, u64>) -> ExitCode {
    let wanted: serde_json::Value = serde_json::from_slice(&std::fs::read(file()).unwrap()).unwrap();
    if wanted["place"] != place() {
        println!("the file holds for {}, this is {}: nothing to compare", wanted["place"], place());
        return ExitCode::SUCCESS;
    }
    let mut code = ExitCode::SUCCESS;
    for (name, found) in counted {
        let wanted = wanted["instructions"][name].as_u64().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let ratio = *found as f64 / wanted as f64;
        let verdict = if ratio > 1.0 + TOLERANCE {
            code = ExitCode::FAILURE;
            "more than the file says"
        } else if ratio < 1.0 - TOLERANCE {
            "less than the file says: write a new one"
        } else {
            "as the file says"
        };
        println!("{name}: {found} instructions, {ratio:.3} times {wanted}: {verdict}");
    }
    code
}
