//! `-v`: what the library traces, on stderr among the progress. Its own records never hold secrets; other crates' are not shown.

use std::io;
use std::sync::Arc;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::progress::Progress;

/// Starts to show what is traced; once for the process.
pub(super) fn start(verbose: u8, progress: &Arc<dyn Progress>) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let ours = Targets::new().with_target("imgbuild", level).with_target("imgbuild_docker", level);
    let records = tracing_subscriber::fmt::layer().with_ansi(false).with_target(false).with_writer(Lines(Arc::clone(progress)));
    // A second subscriber would be refused; there is one process and one face.
    let _ = tracing_subscriber::registry().with(ours).with(records).try_init();
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
