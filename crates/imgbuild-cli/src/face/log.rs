//! `-v`: what the library traces, on stderr among the progress. Its own records never hold secrets; other crates' are not shown.

use std::io;
use std::sync::Arc;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::progress::Progress;

/// Starts to show what is traced; once for the process.
pub(super) fn start(verbose: u8, progress: &Arc<dyn Progress>) {
    let level = match verbose {
        0 => return,
        1 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::new(format!("imgbuild={level},imgbuild_docker={level}"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_target(false);
    // A second subscriber would be refused; there is one process and one face.
    let _ = subscriber.with_writer(Lines(Arc::clone(progress))).try_init();
}

/// Takes whole records, as the subscriber writes them.
struct Lines(Arc<dyn Progress>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl io::Write for &Lines {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.0.log(String::from_utf8_lossy(record).trim_end());
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
