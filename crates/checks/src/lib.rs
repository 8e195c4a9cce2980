//! Health checks and actions that users bring along: Lua scripts from `argocd-cm`, unchanged, and
//! Flux's CEL expressions ([`Expressions`]).
//!
//! [`Checks`] holds what a config map customises and answers for any object: one that is being
//! deleted is on its way, then the user's script decides, then the built-in rules of [`health`].
//!
//! Scripts can't hang, fill the memory, or see anything but the object: they run with a limit on
//! steps and on bytes, without files, environment, or a clock that wasn't handed in.
//!
//! ```
//! use value::json;
//! let cm = json!({"data": {"resource.customizations.health.example.com_Widget":
//!     "hs = {status = 'Progressing'}\nif obj.ready then hs.status = 'Healthy' end\nreturn hs"}});
//! let checks = checks::Checks::from_argocd_cm(&cm);
//! let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget", "ready": true});
//! assert_eq!(checks.health(&widget).unwrap().status, health::HealthStatus::Healthy);
//! ```

mod actions;
mod cel;
mod customization;
mod lua;

pub use crate::actions::Actions;
pub use crate::cel::{ExpressionError, Expressions};

use customization::Customizations;
use health::{Health, HealthStatus};
use value::Value;

/// The health checks of a config map.
#[derive(Debug, Default)]
pub struct Checks {
    customizations: Customizations,
    machines: lua::Machines,
    /// What in the config map can't be used, in sentences.
    pub problems: Vec<String>,
}

impl Checks {
    /// Reads the health checks of the config map `argocd-cm`.
    ///
    /// What can't be read is a problem of its own and doesn't stop the rest.
    #[must_use]
    pub fn from_argocd_cm(config_map: &Value) -> Self {
        let mut problems = Vec::new();
        let customizations = Customizations::read(config_map, &mut problems);
        let machines = lua::Machines::default();
        for (key, script) in customizations.scripts() {
            if let Err(error) = machines.check(script) {
                problems.push(format!("health check for {key}: {error}"));
            }
        }
        Self {
            customizations,
            machines,
            problems,
        }
    }

    /// Lets scripts read the time in seconds since 1970; without, `os.time()` is an error.
    #[must_use]
    pub fn with_clock(mut self, seconds: fn() -> i64) -> Self {
        self.machines.set_clock(seconds);
        self
    }

    /// Returns an object's health; nothing if nobody has a rule for its kind.
    #[must_use]
    pub fn health(&self, object: &Value) -> Option<Health> {
        if health::is_being_deleted(object) {
            return health::of(object);
        }
        self.by_rules(object)
    }

    /// Returns what the checks say about an object, even one that is being deleted.
    #[must_use]
    pub fn by_rules(&self, object: &Value) -> Option<Health> {
        let Some(script) = self.customizations.script_for(object) else {
            return health::by_rules(object);
        };
        match self.machines.run(script, object) {
            Ok(health) => health,
            Err(error) => Some(Health::new(HealthStatus::Unknown, error.to_string())),
        }
    }

    /// Returns true if the config map brings no check.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.customizations.is_empty()
    }
}

#[cfg(test)]
mod tests;
