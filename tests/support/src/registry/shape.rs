//! Bodies that count their bytes and misbehave at chosen offsets.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::unfold;

use super::wire::Wire;

// A reset throws away what the kernel has not delivered; on loopback a moment is enough for it to arrive.
pub(super) const DELIVERY: Duration = Duration::from_millis(30);

// Small enough that an offset is met before a later piece is in the socket.
const PIECE: usize = 64 * 1024;

/// Where and how a body misbehaves; the default only counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub(super) reset_at: Option<u64>,
    pub(super) truncate_at: Option<u64>,
    pub(super) stall_at: Option<(u64, Duration)>,
    pub(super) trickle: Option<(usize, Duration)>,
    pub(super) corrupt_at: Option<u64>,
}

struct Flow {
    source: BodyDataStream,
    waiting: Bytes,
    passed: u64,
    shape: Shape,
    wire: Wire,
    count: Arc<AtomicU64>,
}

impl Shape {
    /// The body in this shape; every byte that passes is added to `count`.
    pub(super) fn apply(self, body: Body, wire: Wire, count: Arc<AtomicU64>) -> Body {
        let source = body.into_data_stream();
        let flow = Flow { source, waiting: Bytes::new(), passed: 0, shape: self, wire, count };
        Body::from_stream(unfold(Some(flow), |flow| async {
            let mut flow = flow?;
            let piece = flow.next().await?;
            let flow = piece.is_ok().then_some(flow);
            Some((piece, flow))
        }))
    }
}

impl Flow {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.shape.reset_at == Some(self.passed) {
            tokio::time::sleep(DELIVERY).await;
            self.wire.reset_forever().await;
        }
        if self.shape.truncate_at == Some(self.passed) {
            tokio::time::sleep(DELIVERY).await;
            return Some(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some((at, pause)) = self.shape.stall_at
            && at == self.passed
        {
            self.shape.stall_at = None;
            tokio::time::sleep(pause).await;
        }
        while self.waiting.is_empty() {
            match self.source.next().await? {
                Ok(piece) => self.waiting = piece,
                Err(error) => return Some(Err(io::Error::other(error))),
            }
        }
        if let Some((_, pause)) = self.shape.trickle {
            tokio::time::sleep(pause).await;
        }
        let piece = self.waiting.split_to(self.piece_length());
        let piece = self.corrupted(piece);
        self.passed += piece.len() as u64;
        self.count.fetch_add(piece.len() as u64, Ordering::SeqCst);
        Some(Ok(piece))
    }

    /// As much as may pass before the next offset at which something happens.
    fn piece_length(&self) -> usize {
        let stops = [self.shape.reset_at, self.shape.truncate_at, self.shape.stall_at.map(|(at, _)| at)];
        let next_stop = stops.into_iter().flatten().filter(|at| *at > self.passed).min();
        let room = next_stop.map_or(PIECE, |at| usize::try_from(at - self.passed).unwrap_or(PIECE));
        let trickle = self.shape.trickle.map_or(PIECE, |(bytes, _)| bytes.max(1));
        self.waiting.len().min(room).min(trickle).min(PIECE)
    }

    fn corrupted(&self, piece: Bytes) -> Bytes {
        let offset = self.shape.corrupt_at.and_then(|at| at.checked_sub(self.passed));
        match offset.and_then(|offset| usize::try_from(offset).ok()) {
            Some(offset) if offset < piece.len() => {
                let mut bytes = piece.to_vec();
                bytes[offset] ^= 1;
                bytes.into()
            }
            _ => piece,
        }
    }
}
