//! One accepted connection: TLS where asked, HTTP/1.1 or HTTP/2, until it ends or is cut.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::site::Site;
use super::tls::Acceptor;
use super::wire::{Socket, Wire};

/// Serves until the client leaves, an error, or a cut.
pub(super) async fn serve(stream: TcpStream, tls: Option<Acceptor>, site: Arc<Site>, wire: &Wire) {
    // Small answers must not wait for the peer's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let socket = Socket::new(stream, wire.clone());
    match tls {
        None => exchange(socket, "http", site, wire).await,
        Some(tls) => {
            let handshake = tokio::select! {
                handshake = tls.accept(socket) => handshake,
                () = wire.is_cut() => return,
            };
            if let Some(stream) = handshake {
                exchange(stream, "https", site, wire).await;
            }
        }
    }
}

async fn exchange<S>(stream: S, scheme: &'static str, site: Arc<Site>, wire: &Wire)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (site, wire) = (Arc::clone(&site), wire.clone());
        async move { Ok::<_, Infallible>(site.answer(request.map(Body::new), scheme, wire).await) }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    loop {
        tokio::select! {
            // How a connection ended shows in the client and in the log's statuses.
            _ = connection.as_mut() => return,
            () = wire.is_cut() => return,
            () = wire.is_going_away() => connection.as_mut().graceful_shutdown(),
        }
    }
}
