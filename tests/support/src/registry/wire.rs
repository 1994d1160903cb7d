//! One connection: what may be done to it from inside a request, and the socket that carries it out.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// A handle on a connection; clones are the same connection.
#[derive(Debug, Clone)]
pub(super) struct Wire(Arc<State>);

#[derive(Debug)]
struct State {
    number: u64,
    by_reset: AtomicBool,
    cut: Notify,
    going_away: Notify,
}

impl Wire {
    pub(super) fn new(number: u64) -> Self {
        Self(Arc::new(State { number, by_reset: AtomicBool::new(false), cut: Notify::new(), going_away: Notify::new() }))
    }

    /// Number of the connection, from 1.
    pub(super) fn number(&self) -> u64 {
        self.0.number
    }

    /// Ends the connection by a TCP reset as soon as its task runs again.
    pub(super) fn reset(&self) {
        self.0.by_reset.store(true, Ordering::SeqCst);
        self.0.cut.notify_one();
    }

    /// Resets and never comes back: the request that waits here goes with its connection.
    pub(super) async fn reset_forever(&self) {
        self.reset();
        std::future::pending::<()>().await;
    }

    /// Asks the connection to take no further requests.
    pub(super) fn go_away(&self) {
        self.0.going_away.notify_one();
    }

    pub(super) async fn is_cut(&self) {
        self.0.cut.notified().await;
    }

    pub(super) async fn is_going_away(&self) {
        self.0.going_away.notified().await;
    }
}

/// The TCP stream of a connection; dropped after [`Wire::reset`] it sends RST instead of FIN.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    wire: Wire,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, wire: Wire) -> Self {
        Self { stream, wire }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.wire.0.by_reset.load(Ordering::SeqCst) {
            // SO_LINGER of zero seconds; a socket that the peer has reset already refuses it, which is as good.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
