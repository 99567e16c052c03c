//! A loopback HTTP server for the Runtime API and the services.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Result;

/// An answer with its whole body.
pub type Answer = Response<Full<Bytes>>;

/// Serves `handler` on a free loopback port until the handle is aborted.
pub async fn serve<S, F, H>(state: S, handler: H) -> Result<(SocketAddr, JoinHandle<()>)>
where
    S: Clone + Send + 'static,
    F: Future<Output = Answer> + Send,
    H: Fn(S, Request<Incoming>) -> F + Copy + Send + Sync + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Nagle's algorithm would add delays that no network has.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            let state = state.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let answer = handler(state.clone(), request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                // A connection ends in an error when its process is stopped.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Ok((address, task))
}

/// An answer of a status and a body of a content type.
pub fn answer(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    if let Ok(value) = content_type.parse() {
        answer.headers_mut().insert("content-type", value);
    }
    answer
}
