//! What `/images/load` answers: lines of JSON, in which an error may come after the status 200.

use imgbuild::Digest;
use imgbuild::blob::Blob;
use imgbuild::event::{Direction, Event, Events};
use serde_json::Value;

use super::Error;
use crate::engine;

/// The longest line.
const MAX_LINE_BYTES: usize = 256 << 10;

/// The layers that are loaded, to tell of their progress.
pub(super) struct Progress<'a> {
    pub(super) layers: Vec<(&'a Digest, &'a Blob)>,
    pub(super) events: &'a Events,
}

impl Progress<'_> {
    /// Reads the answer to its end.
    pub(super) async fn follow(&self, mut answer: reqwest::Response) -> Result<(), Error> {
        let mut rest = Vec::new();
        loop {
            let piece = answer.chunk().await.map_err(|error| engine::broken("POST /images/load", &error))?;
            let Some(piece) = piece else { return self.line(&rest) };
            rest.extend_from_slice(&piece);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                self.line(&line)?;
            }
            if rest.len() > MAX_LINE_BYTES {
                let reason = format!("a line of it is longer than {MAX_LINE_BYTES} bytes");
                return Err(engine::Error::Answer { request: "POST /images/load".to_owned(), reason }.into());
            }
        }
    }

    fn line(&self, line: &[u8]) -> Result<(), Error> {
        // What is no JSON says nothing that is needed.
        let Ok(said) = serde_json::from_slice::<Value>(line) else { return Ok(()) };
        if let Some(reason) = said["errorDetail"]["message"].as_str().or_else(|| said["error"].as_str()) {
            return Err(Error::Refused(reason.to_owned()));
        }
        let (Some(id), Some(done)) = (said["id"].as_str(), said["progressDetail"]["current"].as_u64()) else { return Ok(()) };
        let layer = self.layers.iter().find(|(diff_id, _)| !id.is_empty() && diff_id.hex().starts_with(id));
        if let Some((_, blob)) = layer {
            let (digest, size) = (blob.digest().clone(), said["progressDetail"]["total"].as_u64().unwrap_or_else(|| blob.size()));
            self.events.emit(&Event::TransferProgress { digest, direction: Direction::Upload, done, size });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_inside_a_good_answer_is_found() {
        let progress = Progress { layers: Vec::new(), events: &Events::default() };
        let line = br#"{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}"#;
        assert!(matches!(progress.line(line), Err(Error::Refused(reason)) if reason.contains("space")));
        assert!(progress.line(b"{\"stream\":\"Loaded image: a:1\\n\"}\r\n").is_ok());
        assert!(progress.line(b"not json").is_ok());
    }
}
