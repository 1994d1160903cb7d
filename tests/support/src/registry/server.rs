//! A server on its own thread: it listens on loopback, and ends, drops its connections or restarts when told.
//!
//! It brings its own runtime, so that synchronous tests and tests that start the binary can use it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

use super::access_log::AccessLog;
use super::connection;
use super::script::Script;
use super::site::{Application, Site};
use super::tls::Acceptor;
use super::wire::Wire;

/// A running server; dropping it ends it.
pub(super) struct Server {
    address: SocketAddr,
    pub(super) site: Arc<Site>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    generation: watch::Receiver<u64>,
    secure: bool,
}

impl Server {
    /// Listens on `address` (port 0 picks one) and answers with `application`.
    pub(super) fn start(address: SocketAddr, application: Arc<dyn Application>, tls: Option<Acceptor>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (restart, restarts) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let (generations, generation) = watch::channel(0);
        let site = Arc::new(Site { log: AccessLog::new(), script: Script::default(), application, restart });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let secure = tls.is_some();
        let accepting = Accepting { site: Arc::clone(&site), tls, address, connections: 0 };
        let thread = std::thread::Builder::new().name(format!("testkit {address}")).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accepting.run(listener, restarts, generations) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Self { address, site, stop: Some(stop), thread: Some(thread), generation, secure })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, with TLS `https://localhost:PORT`.
    pub(super) fn url(&self) -> String {
        if self.secure { format!("https://localhost:{}", self.address.port()) } else { format!("http://{}", self.address) }
    }

    /// Resets every connection; nobody can connect for `down`. Returns when the connections are gone.
    pub(super) fn restart(&self, down: Duration) {
        let before = *self.generation.borrow();
        self.site.application.restarted();
        if self.site.restart.send(down).is_err() {
            return;
        }
        while *self.generation.borrow() == before && self.generation.has_changed().is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A thread that has ended already needs no telling.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The accept loop's own state.
struct Accepting {
    site: Arc<Site>,
    tls: Option<Acceptor>,
    address: SocketAddr,
    connections: u64,
}

impl Accepting {
    async fn run(
        mut self,
        listener: std::net::TcpListener,
        mut restarts: mpsc::UnboundedReceiver<Duration>,
        generations: watch::Sender<u64>,
    ) {
        let Ok(mut listener) = TcpListener::from_std(listener) else { return };
        let mut tasks = tokio::task::JoinSet::new();
        let mut wires: Vec<std::sync::Weak<Wire>> = Vec::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    self.connections += 1;
                    let wire = Arc::new(Wire::new(self.connections));
                    wires.retain(|wire| wire.strong_count() > 0);
                    wires.push(Arc::downgrade(&wire));
                    let (site, tls) = (Arc::clone(&self.site), self.tls.clone());
                    tasks.spawn(async move { connection::serve(stream, tls, site, &wire).await });
                }
                Some(_) = tasks.join_next() => {}
                Some(down) = restarts.recv() => {
                    for wire in wires.drain(..).filter_map(|wire| wire.upgrade()) {
                        wire.reset();
                    }
                    while tasks.join_next().await.is_some() {}
                    generations.send_modify(|generation| *generation += 1);
                    if !down.is_zero() {
                        drop(listener);
                        tokio::time::sleep(down).await;
                        listener = rebind(self.address).await;
                    }
                }
            }
        }
    }
}

/// The same port again; somebody else may hold it for a moment.
async fn rebind(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}
