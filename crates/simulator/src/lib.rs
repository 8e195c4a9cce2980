//! Workload controllers and a simulated kubelet for the embedded control plane.
