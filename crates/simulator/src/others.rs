//! Services with a load balancer, claims and ingresses: what others wait for.

use crate::Mode;
use crate::context::{CONTROLLER_MANAGER, Context, Result};
use controlplane::Object;
use value::json;

/// The address of every simulated load balancer.
const LOAD_BALANCER: &str = "127.0.0.1";

impl Context {
    pub(crate) async fn service(&self, service: &Object) -> Result<()> {
        let balanced = service.value.str_at(&["spec", "type"]) == "LoadBalancer";
        let has = !service.value.array_at(&["status", "loadBalancer", "ingress"]).is_empty();
        if !balanced || has || self.mode == Mode::Controllers {
            return Ok(());
        }
        let status = json!({"loadBalancer": {"ingress": [{"ip": LOAD_BALANCER, "ipMode": "VIP"}]}});
        self.set_status("services", service, CONTROLLER_MANAGER, status).await
    }

    pub(crate) async fn claim(&self, claim: &Object) -> Result<()> {
        if claim.value.str_at(&["status", "phase"]) == "Bound" {
            return Ok(());
        }
        let status = json!({
            "phase": "Bound",
            "accessModes": claim.value.array_at(&["spec", "accessModes"]).to_vec(),
            "capacity": claim
                .value
                .at(&["spec", "resources", "requests"])
                .cloned()
                .unwrap_or_default(),
        });
        self.set_status("persistentvolumeclaims", claim, CONTROLLER_MANAGER, status).await
    }

    pub(crate) async fn ingress(&self, ingress: &Object) -> Result<()> {
        if !ingress.value.array_at(&["status", "loadBalancer", "ingress"]).is_empty() {
            return Ok(());
        }
        let status = json!({"loadBalancer": {"ingress": [{"ip": LOAD_BALANCER}]}});
        self.set_status("ingresses", ingress, CONTROLLER_MANAGER, status).await
    }
}
