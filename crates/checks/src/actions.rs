//! Users' own actions: Lua of `argocd-cm`, beside the built-in ones.
//!
//! `resource.customizations.actions.<group>_<kind>` holds YAML: `discovery.lua` returns a table of the
//! actions that an object has, `definitions` are scripts that return the changed object, or a list of
//! `{operation, resource}`. With `mergeBuiltinActions` the built-in ones stay.

use crate::customization::{Script, kind_key, next_id};
use crate::lua::Machines;
use ::actions::{Action, ActionError, Change, Param};
use jiff::Timestamp;
use std::collections::BTreeMap;
use value::Value;

const PREFIX: &str = "resource.customizations.actions.";
const MAP: &str = "resource.customizations";

/// What can be done to objects, the users' own actions included.
#[derive(Debug, Default)]
pub struct Actions {
    custom: BTreeMap<String, Custom>,
    machines: Machines,
    /// What in the config map can't be used, in sentences.
    pub problems: Vec<String>,
}

/// The actions of a kind.
#[derive(Debug, Default)]
struct Custom {
    discovery: Script,
    definitions: Vec<(String, Script)>,
    merges_builtin: bool,
}

impl Custom {
    fn read(text: &str) -> Result<Self, String> {
        let whole = yaml::v2::to_value(text.as_bytes()).map_err(|e| e.to_string())?;
        let definition = |entry: &Value| {
            let source = entry.str_at(&["action.lua"]);
            (entry.str_at(&["name"]).to_owned(), script(source))
        };
        Ok(Self {
            discovery: script(whole.str_at(&["discovery.lua"])),
            definitions: whole
                .array_at(&["definitions"])
                .iter()
                .map(definition)
                .collect(),
            merges_builtin: (whole.get("mergeBuiltinActions"))
                .and_then(Value::as_bool)
                .unwrap_or_default(),
        })
    }
}

fn script(source: &str) -> Script {
    Script {
        source: source.to_owned(),
        open: false,
        id: next_id(),
    }
}

impl Actions {
    /// Reads the actions of the config map `argocd-cm`.
    ///
    /// What can't be read is a problem of its own and doesn't stop the rest.
    #[must_use]
    pub fn from_argocd_cm(config_map: &Value) -> Self {
        let mut this = Self::default();
        let data = config_map.get("data").and_then(Value::as_object);
        for (key, text) in data.into_iter().flat_map(value::Object::iter) {
            let text = text.as_str().unwrap_or_default();
            if key.as_str() == MAP {
                let map = yaml::v2::to_value(text.as_bytes()).unwrap_or_default();
                for (kind, entry) in map.as_object().into_iter().flat_map(value::Object::iter) {
                    this.add(kind.as_str().to_owned(), MAP, entry.str_at(&["actions"]));
                }
            } else if let Some(kind) = key.as_str().strip_prefix(PREFIX) {
                match kind_key(kind) {
                    Some(kind) => this.add(kind, key.as_str(), text),
                    None => this
                        .problems
                        .push(format!("{key}: a kind is written `group_Kind` or `Kind`")),
                }
            }
        }
        this
    }

    fn add(&mut self, kind: String, key: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let custom = match Custom::read(text) {
            Ok(custom) => custom,
            Err(error) => {
                self.problems.push(format!("{key}: {error}"));
                return;
            }
        };
        let scripts = custom.definitions.iter();
        let named = scripts.map(|(name, script)| (name.as_str(), script));
        for (name, script) in named.chain([("discovery.lua", &custom.discovery)]) {
            if let Err(error) = self.machines.check(script) {
                self.problems
                    .push(format!("action {name} of {kind}: {error}"));
            }
        }
        self.custom.insert(kind, custom);
    }

    /// Lets scripts read the time in seconds since 1970.
    #[must_use]
    pub fn with_clock(mut self, seconds: fn() -> i64) -> Self {
        self.machines.set_clock(seconds);
        self
    }

    fn custom_of(&self, object: &Value) -> Option<&Custom> {
        let kind = object.str_at(&["kind"]);
        match object.str_at(&["apiVersion"]).split_once('/') {
            Some((group, _)) => self.custom.get(&format!("{group}/{kind}")),
            None => self.custom.get(kind),
        }
    }

    /// Returns what can be done to an object, by name.
    ///
    /// # Errors
    /// Fails if the user's own script does.
    pub fn available(&self, object: &Value) -> Result<Vec<Action>, ActionError> {
        let Some(custom) = self.custom_of(object) else {
            return Ok(actions::available(object));
        };
        let found = self
            .machines
            .evaluate(&custom.discovery, object, &[])
            .map_err(|e| ActionError::Refused(format!("discovery.lua: {e}")))?;
        let own = found.as_object().into_iter().flat_map(value::Object::iter);
        let mut all: Vec<Action> = own.map(|(name, about)| action(name, about)).collect();
        if custom.merges_builtin {
            let builtin = ::actions::available(object).into_iter();
            let missing: Vec<Action> = builtin
                .filter(|b| all.iter().all(|own| own.name != b.name))
                .collect();
            all.extend(missing);
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Does something to an object.
    ///
    /// # Errors
    /// Fails if there is no such action, its script fails, or what it answers makes no sense.
    pub fn run(
        &self,
        object: &Value,
        action: &str,
        params: &[(String, String)],
        now: Timestamp,
    ) -> Result<Vec<Change>, ActionError> {
        let own = self.custom_of(object).and_then(|custom| {
            let found = custom.definitions.iter().find(|(name, _)| name == action);
            found.map(|(_, script)| script)
        });
        let Some(script) = own else {
            return ::actions::run(object, action, params, now);
        };
        let refused = |message: String| ActionError::Refused(format!("{action}: {message}"));
        let result = self
            .machines
            .evaluate(script, object, params)
            .map_err(|e| refused(e.to_string()))?;
        let Value::Array(list) = result else {
            return Ok(vec![Change::Patch(cleaned(result, object))]);
        };
        let change = |entry: Value| {
            let resource = entry.get("resource").cloned().unwrap_or_default();
            match entry.str_at(&["operation"]) {
                "create" => Ok(Change::Create(resource)),
                "patch" => Ok(Change::Patch(cleaned(resource, object))),
                other => Err(refused(format!(
                    "unsupported operation: {other}; there are `create` and `patch`"
                ))),
            }
        };
        list.into_iter().map(change).collect()
    }
}

fn action(name: &value::Key, about: &Value) -> Action {
    let param = |entry: &Value| Param {
        name: entry.str_at(&["name"]).to_owned(),
        default: entry.str_at(&["default"]).to_owned(),
    };
    Action {
        name: name.as_str().to_owned().into(),
        display_name: about.str_at(&["displayName"]).to_owned().into(),
        icon_class: about.str_at(&["iconClass"]).to_owned().into(),
        disabled: (about.get("disabled"))
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        params: about.array_at(&["params"]).iter().map(param).collect(),
    }
}

/// Gives back to empty lists what they were: Lua can't tell an empty object from an empty list.
fn cleaned(new: Value, old: &Value) -> Value {
    match (new, old) {
        (Value::Object(members), Value::Object(before)) => {
            let clean = |(name, member): (value::Key, Value)| match before.get(&name) {
                Some(before) => (name, cleaned(member, before)),
                None => (name, member),
            };
            Value::Object(members.into_iter().map(clean).collect())
        }
        (Value::Array(items), Value::Object(_)) if items.is_empty() => Value::object(),
        (Value::Array(items), Value::Array(before)) => {
            let clean = |(i, item): (usize, Value)| match before.get(i) {
                Some(before) => cleaned(item, before),
                None => item,
            };
            Value::Array(items.into_iter().enumerate().map(clean).collect())
        }
        (new, _) => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    const ACTIONS: &str = r#"
mergeBuiltinActions: true
discovery.lua: |
  local actions = {}
  actions["label"] = {["disabled"] = obj.metadata.labels ~= nil, ["displayName"] = "Label it"}
  actions["restart"] = {["iconClass"] = "own"}
  return actions
definitions:
- name: label
  action.lua: |
    obj.metadata.labels = {by = actionParams["by"]}
    return obj
- name: copy
  action.lua: |
    local new = {apiVersion = "v1", kind = "ConfigMap", metadata = {name = obj.metadata.name .. "-copy"}}
    return {{operation = "create", resource = new}, {operation = "patch", resource = obj}}
- name: broken
  action.lua: error("not today", 0)
"#;

    fn actions() -> Actions {
        let key = "resource.customizations.actions.apps_Deployment";
        let mut config_map = json!({"data": {}});
        config_map.set_at(&["data", key], ACTIONS);
        let actions = Actions::from_argocd_cm(&config_map);
        assert_eq!(actions.problems, [""; 0]);
        actions
    }

    fn deployment() -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"replicas": 2, "template": {"spec": {"containers": []}, "metadata": {}}}})
    }

    fn run(action: &str) -> Result<Vec<Change>, ActionError> {
        let params = [("by".to_owned(), "me".to_owned())];
        actions().run(&deployment(), action, &params, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn own_actions_stand_beside_the_built_in_ones() {
        let found = actions().available(&deployment()).expect("they are found");
        let names: Vec<&str> = found.iter().map(|a| &*a.name).collect();
        assert_eq!(names, ["label", "pause", "restart", "resume", "scale"]);
        assert_eq!(found[0].display_name, "Label it");
        assert_eq!(found[2].icon_class, "own");
    }

    #[test]
    fn a_script_changes_an_object_and_nothing_else_of_it() {
        let changes = run("label").expect("it is done");
        let mut wanted = deployment();
        wanted.set_at(&["metadata", "labels", "by"], "me");
        assert_eq!(changes, [Change::Patch(wanted)]);
        let changes = run("copy").expect("it is done");
        assert!(
            matches!(&changes[..], [Change::Create(_), Change::Patch(same)] if *same == deployment())
        );
        assert!(matches!(
            &run("restart").expect("it is built in")[..],
            [Change::Patch(_)]
        ));
    }

    #[test]
    fn what_a_script_does_wrong_is_said() {
        let error = run("broken").expect_err("it fails");
        assert_eq!(error.to_string(), "broken: not today");
        let key = "resource.customizations.actions.apps_Deployment";
        let mut config_map = json!({"data": {}});
        config_map.set_at(&["data", key], "discovery.lua: return {");
        let problems = Actions::from_argocd_cm(&config_map).problems;
        assert!(
            problems[0].starts_with("action discovery.lua of apps/Deployment: "),
            "{problems:?}"
        );
    }
}
