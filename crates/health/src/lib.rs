//! Health of any Kubernetes object by Argo CD's rules.
