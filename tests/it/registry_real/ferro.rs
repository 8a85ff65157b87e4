//! `ferro-oci-server` in this process, on a loopback port.

use std::net::SocketAddr;

use ferro_oci_server::{Config, build_app};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// A running registry that lets everybody in and knows the referrers API. It stops with its value.
pub struct Ferro {
    runtime: Option<Runtime>,
    address: SocketAddr,
}

impl Ferro {
    /// Starts one that is empty and keeps everything in memory.
    pub fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let config = Config { listen: "127.0.0.1:0".into(), storage_dir: None };
        let app = build_app(config.blob_store().expect("a store in memory"));
        let listener = runtime.block_on(TcpListener::bind(&config.listen)).expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { runtime: Some(runtime), address }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Ferro {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
