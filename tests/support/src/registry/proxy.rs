//! A forward proxy: CONNECT tunnels and absolute-form requests, with Basic credentials where asked.
//!
//! Names can be given addresses, so that a test may speak of `registry.example` and reach a registry on
//! loopback; every other target is connected to as it is named.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::header::{HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use http::{Method, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::access_log::AccessLog;
use super::fault::Fault;
use super::reply;
use super::server::Server;
use super::site::Application;

/// A running forward proxy; dropping it ends it.
pub struct Proxy {
    server: Server,
}

/// What a proxy shall be like; [`ProxyBuilder::start`] makes it run.
#[derive(Debug, Clone, Default)]
pub struct ProxyBuilder {
    forwarding: Forwarding,
    faults: Vec<Fault>,
}

#[derive(Debug, Clone, Default)]
struct Forwarding {
    credentials: Option<(String, String)>,
    addresses: HashMap<String, SocketAddr>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Proxy {
    /// Settings to start from: everybody may use it.
    #[must_use]
    pub fn builder() -> ProxyBuilder {
        ProxyBuilder::default()
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The URL with credentials in it, as `HTTPS_PROXY` takes them.
    #[must_use]
    pub fn url_with(&self, user: &str, password: &str) -> String {
        format!("http://{user}:{password}@{}", self.server.address())
    }

    /// What it was asked: the path of an entry is `host:port` for a tunnel and otherwise a whole URL.
    #[must_use]
    pub fn log(&self) -> &AccessLog {
        &self.server.site.log
    }

    /// Adds a fault, from now on.
    pub fn inject(&self, fault: Fault) {
        self.server.site.script.add(fault);
    }
}

impl ProxyBuilder {
    /// Answers 407 to requests without these credentials.
    #[must_use]
    pub fn basic(mut self, user: &str, password: &str) -> Self {
        self.forwarding.credentials = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Connects to `address` when `authority` (`host:port`) is asked for.
    #[must_use]
    pub fn resolve(mut self, authority: &str, address: SocketAddr) -> Self {
        self.forwarding.addresses.insert(authority.to_owned(), address);
        self
    }

    /// Adds a fault.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Starts the proxy on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When loopback cannot be listened on.
    #[must_use]
    pub fn start(self) -> Proxy {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(address, Arc::new(self.forwarding), None)
            .unwrap_or_else(|error| panic!("the test proxy does not start: {error}"));
        for fault in self.faults {
            server.site.script.add(fault);
        }
        Proxy { server }
    }
}

impl Application for Forwarding {
    fn answer<'a>(&'a self, request: Request, _scheme: &'a str) -> BoxFuture<'a, Response> {
        self.respond(request).boxed()
    }

    fn logged(&self, uri: &Uri) -> String {
        uri.to_string()
    }
}

impl Forwarding {
    async fn respond(&self, request: Request) -> Response {
        if !self.admits(&request) {
            super::uploads::drain(request.into_body()).await;
            let mut response = reply::content(
                StatusCode::PROXY_AUTHENTICATION_REQUIRED,
                "text/html",
                "<html><body>proxy authentication required</body></html>\n",
            );
            reply::set(&mut response, PROXY_AUTHENTICATE, "Basic realm=\"proxy\"");
            return response;
        }
        let forwarded = if request.method() == Method::CONNECT { self.tunnel(request).await } else { self.forward(request).await };
        forwarded
            .unwrap_or_else(|error| reply::content(StatusCode::BAD_GATEWAY, "text/plain", format!("cannot reach the target: {error}\n")))
    }

    fn admits(&self, request: &Request) -> bool {
        let Some((user, password)) = &self.credentials else { return true };
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        request.headers().get(PROXY_AUTHORIZATION).is_some_and(|value| *value == *format!("Basic {encoded}"))
    }

    async fn connect(&self, authority: &str) -> io::Result<TcpStream> {
        match self.addresses.get(authority) {
            Some(address) => TcpStream::connect(address).await,
            None => TcpStream::connect(authority).await,
        }
    }

    async fn tunnel(&self, request: Request) -> io::Result<Response> {
        let mut target = self.connect(&request.uri().to_string()).await?;
        tokio::spawn(async move {
            if let Ok(upgraded) = hyper::upgrade::on(request).await {
                // A tunnel ends when either side does; whose fault it was is not the proxy's business.
                let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(upgraded), &mut target).await;
            }
        });
        Ok(Response::new(Body::empty()))
    }

    async fn forward(&self, request: Request) -> io::Result<Response> {
        let (mut parts, body) = request.into_parts();
        let Some(authority) = parts.uri.authority().cloned() else {
            return Ok(reply::content(StatusCode::BAD_REQUEST, "text/plain", "this is a proxy\n"));
        };
        let target = self.connect(&format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80))).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(target)).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        parts.uri = path.parse().map_err(io::Error::other)?;
        parts.headers.remove(PROXY_AUTHORIZATION);
        parts.headers.insert(HOST, reply::header_value(authority.as_str()));
        let response = sender.send_request(Request::from_parts(parts, body)).await.map_err(io::Error::other)?;
        Ok(response.map(Body::new))
    }
}
