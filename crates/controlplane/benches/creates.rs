//! How many objects a second the server makes for sixteen clients, in memory and on disk.
//!
//! `cargo bench -p controlplane`. The clients are part of the measurement.

use std::net::SocketAddr;
use std::time::Instant;

use controlplane::{ControlPlane, Options, Storage, Token};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const CLIENTS: usize = 16;
const CREATES_EACH: usize = 1_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    measure("in memory", Storage::Memory).await;
    let folder = tempfile::tempdir().expect("a folder");
    measure("on disk", Storage::Dir(folder.path().to_owned())).await;
}

async fn measure(name: &str, storage: Storage) {
    let options = Options { storage, tokens: vec![Token::admin("secret")], ..Options::default() };
    let plane = ControlPlane::start(options).await.expect("it starts");
    let started = Instant::now();
    let clients: Vec<_> = (0..CLIENTS).map(|i| tokio::spawn(create(plane.addr(), i))).collect();
    for client in clients {
        client.await.expect("a client ends well");
    }
    let seconds = started.elapsed().as_secs_f64();
    let rate = (CLIENTS * CREATES_EACH) as f64 / seconds;
    println!("{name}: {rate:.0} creates a second");
    plane.shutdown().await;
}

async fn create(address: SocketAddr, client: usize) {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(connection);
    for i in 0..CREATES_EACH {
        let body = format!(
            r#"{{"metadata":{{"name":"c{client}-{i}","labels":{{"app":"bench"}}}},"data":{{"key":"value"}}}}"#
        );
        let request = Request::post("/api/v1/namespaces/default/configmaps")
            .header("Host", "localhost")
            .header("Authorization", "Bearer secret")
            .header("Content-Type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .expect("a request");
        sender.ready().await.expect("the server answers");
        let response = sender.send_request(request).await.expect("the server answers");
        assert_eq!(response.status(), 201);
        response.into_body().collect().await.expect("a body");
    }
}
