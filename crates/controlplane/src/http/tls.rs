//! Plain HTTP and TLS on one port: the first byte says which it is.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// The server's certificate, made when it starts.
pub(crate) struct Identity {
    pub(crate) pem: String,
    pub(crate) acceptor: TlsAcceptor,
}

impl Identity {
    /// Makes a certificate for this machine's own names, and those given.
    pub(crate) fn new(names: &[String]) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut subjects = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        subjects.extend(names.iter().filter(|n| !n.is_empty()).cloned());
        subjects.dedup();
        let made = rcgen::generate_simple_self_signed(subjects)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        let mut config = config;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            pem: made.cert.pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }
}

/// An accepted connection.
pub(crate) enum Accepted {
    /// Without encryption.
    Plain(TcpStream),
    /// With TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Finds out what a client speaks, and agrees on keys if it is TLS.
pub(crate) async fn accept(stream: TcpStream, acceptor: &TlsAcceptor) -> std::io::Result<Accepted> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    if first[0] == HANDSHAKE {
        Ok(Accepted::Tls(Box::new(acceptor.accept(stream).await?)))
    } else {
        Ok(Accepted::Plain(stream))
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_read(context, buffer),
            Self::Tls(s) => Pin::new(s).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_write(context, bytes),
            Self::Tls(s) => Pin::new(s).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_flush(context),
            Self::Tls(s) => Pin::new(s).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_shutdown(context),
            Self::Tls(s) => Pin::new(s).poll_shutdown(context),
        }
    }
}
