use crate::Checks;
use health::{Health, HealthStatus};
use value::{Value, json};

fn widget() -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "spec": {"n": 3, "names": ["a", "b"]}})
}

fn run(script: &str, open: bool) -> Option<Health> {
    let cm = json!({"data": {
        "resource.customizations.health.example.com_Widget": script,
        "resource.customizations.useOpenLibs.example.com_Widget": if open { "true" } else { "false" },
    }});
    Checks::from_argocd_cm(&cm).by_rules(&widget())
}

fn message(script: &str) -> String {
    run(script, true).map(|h| h.message).unwrap_or_default()
}

#[test]
fn scripts_say_how_objects_are() {
    let said = run(
        "return {status = 'Degraded', message = 'n is ' .. obj.spec.n}",
        false,
    );
    assert_eq!(said, Some(Health::new(HealthStatus::Degraded, "n is 3")));
    assert_eq!(run("return {}", false), None);
    assert_eq!(run("return nil", false), None);
    let invalid = Health::new(
        HealthStatus::Unknown,
        "Lua returned an invalid health status",
    );
    assert_eq!(run("return {status = 'Fine'}", false), Some(invalid));
    let wrong = Health::new(
        HealthStatus::Unknown,
        "expect table output from Lua script, not string",
    );
    assert_eq!(run("return 'Healthy'", false), Some(wrong));
}

#[test]
fn what_older_luas_have_is_there() {
    assert_eq!(
        message(
            "return {status='Healthy', message=table.getn(obj.spec.names) .. unpack({'x'}) .. math.mod(7, 4)}"
        ),
        "2x3"
    );
    assert_eq!(
        message(
            "local os = require('os')\nreturn {status='Healthy', message=tostring(os.time{year=2024, month=2, day=30, hour=0})}"
        ),
        "1709251200"
    );
    assert_eq!(
        message(
            "for i = 1, 3 do if i < 3 then goto continue end x = i\n::continue:: end return {status='Healthy', message=x}"
        ),
        ""
    );
}

#[test]
fn the_library_is_closed_unless_it_is_opened() {
    let script = "return {status = 'Healthy', message = tostring(string)}";
    assert_eq!(
        run(script, false).map(|h| h.message),
        Some("nil".to_owned())
    );
    for absent in [
        "io",
        "debug",
        "load",
        "loadstring",
        "dofile",
        "coroutine",
        "package",
        "collectgarbage",
    ] {
        let script = format!("return {{status = 'Healthy', message = tostring({absent})}}");
        assert_eq!(message(&script), "nil", "{absent}");
    }
    assert!(message("os.getenv('HOME')").contains("getenv"));
    assert!(message("return os.time()").contains("there is no clock here"));
}

#[test]
fn nothing_is_left_behind_for_the_next_run() {
    let cm = json!({"data": {
        "resource.customizations.health.example.com_Widget":
            "seen = (seen or 0) + 1\nstring.upper = (string.upper('a') == 'A') and string.upper\ntable.x = (table.x or 0) + 1\nobj.spec.n = obj.spec.n + 1\nreturn {status = 'Healthy', message = seen .. table.x .. obj.spec.n}",
        "resource.customizations.useOpenLibs.example.com_Widget": "true"}});
    let checks = Checks::from_argocd_cm(&cm);
    for _ in 0..3 {
        assert_eq!(
            checks.by_rules(&widget()),
            Some(Health::new(HealthStatus::Healthy, "114"))
        );
    }
}

#[test]
fn scripts_end() {
    for script in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "xpcall(function() while true do end end, function() while true do end end)",
        "repeat until false",
        "local function f() return f() end f()",
        "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = {} end",
        "string.rep('x', 1e9)",
        "string.rep('', 1e9) while true do end",
        "setmetatable({}, {__gc = function() while true do end end})",
    ] {
        let health = run(script, true).expect("an answer");
        assert_eq!(health.status, HealthStatus::Unknown, "{script}");
    }
}

#[test]
fn errors_name_the_line() {
    assert_eq!(
        message("\nreturn obj.status.phase"),
        "<string>:2: attempt to index field 'status' (a nil value)"
    );
}

#[test]
fn customisations_by_key_and_by_map() {
    let says = |status: &str| format!("return {{status = '{status}'}}");
    let cm = json!({"data": {
        "resource.customizations": "example.com/Widget:\n  health.lua: return {status = 'Degraded'}\n\"*.example.com/*\":\n  health.lua: |\n    return {status = string.upper('x') == 'X' and 'Suspended'}\n  health.lua.useOpenLibs: true\n",
        "resource.customizations.health.example.com_Widget": says("Missing"),
        "resource.customizations.health.Pod": says("Suspended"),
        "resource.customizations.health.a_b_c": says("Healthy"),
        "resource.customizations.useOpenLibs.x_Y": "maybe",
        "resource.customizations.health.broken_Thing": "return {",
    }});
    let checks = Checks::from_argocd_cm(&cm);
    let status = |api_version: &str, kind: &str| {
        let object = json!({"apiVersion": api_version, "kind": kind});
        checks.health(&object).map(|h| h.status)
    };
    assert_eq!(
        status("example.com/v1", "Widget"),
        Some(HealthStatus::Missing)
    );
    assert_eq!(
        status("a.example.com/v2", "Any"),
        Some(HealthStatus::Suspended)
    );
    assert_eq!(status("v1", "Pod"), Some(HealthStatus::Suspended));
    assert_eq!(status("v1", "Service"), Some(HealthStatus::Healthy));
    assert_eq!(status("v1", "ConfigMap"), None);
    assert_eq!(status("broken/v1", "Thing"), Some(HealthStatus::Unknown));
    assert_eq!(checks.problems.len(), 3, "{:?}", checks.problems);
}

#[test]
fn deletion_comes_first() {
    let mut object = widget();
    object.set_at(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z");
    let cm = json!({"data": {"resource.customizations.health.example.com_Widget": "return {status = 'Healthy'}"}});
    let checks = Checks::from_argocd_cm(&cm);
    let health = checks.health(&object).expect("a health");
    assert_eq!(
        health,
        Health::new(HealthStatus::Progressing, "Pending deletion")
    );
    assert_eq!(
        checks.by_rules(&object).map(|h| h.status),
        Some(HealthStatus::Healthy)
    );
}
