//! The embedded Kubernetes API server: store, registry, discovery, watch.
