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
        "string.find(string.rep('a', 30000), '.-.-.-.-.-.-.-.-b')",
        "string.match(string.rep('a', 30000), 'a*a*a*a*a*a*a*b')",
        "string.gsub(string.rep('a', 3000), '.', string.rep('b', 3000))",
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

#[test]
fn patterns_are_luas() {
    for (expression, wanted) in [
        (
            "('2024-01-05T06:07:08Z'):match('(%d+)-(%d+)-(%d+)T')",
            "2024 01 05",
        ),
        ("('hello world'):find('o w')", "5 7"),
        ("('hello world'):find('l+')", "3 4"),
        ("('hello'):find('xyz')", "nil"),
        ("('a.b'):find('.', 1, true)", "2 2"),
        ("('hello'):find('l', -2)", "4 4"),
        ("('hello'):find('', 10)", "nil"),
        ("('hello'):find('')", "1 0"),
        ("('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "key value"),
        ("('  trim  '):match('^%s*(.-)%s*$')", "trim"),
        ("('f(a(b)c)d'):match('%b()')", "(a(b)c)"),
        ("('THE (quick) fox'):find('%((%a+)%)')", "5 11 quick"),
        ("('hello hello'):match('(h%a+) %1')", "hello"),
        ("('THE (quick) fox'):gsub('%f[%a]%a+', 'x')", "x (x) x 3"),
        ("('hello'):match('()ll()')", "3 5"),
        ("('abc'):gsub('', '-')", "-a-b-c- 4"),
        ("('hello world'):gsub('o', '0', 1)", "hell0 world 1"),
        ("('hello'):gsub('(l)(l)', '%2-%1%%%0')", "hel-l%llo 1"),
        (
            "('$name is $age'):gsub('%$(%w+)', {name='Ada', age=3})",
            "Ada is 3 2",
        ),
        (
            "('abc'):gsub('%w', function(c) if c ~= 'b' then return c:upper() end end)",
            "AbC 3",
        ),
        ("('^a'):gsub('^%^', '')", "a 1"),
        ("('a-b]c'):gsub('[%]%-]', '')", "abc 2"),
        ("('x1y2'):gsub('[^%d]', '')", "12 2"),
        ("('0x1F'):match('^0[xX](%x+)$')", "1F"),
        ("('a,b,,c'):gsub(',,', ',')", "a,b,c 1"),
        ("('colour color'):gsub('colou?r', 'c')", "c c 2"),
    ] {
        let script = format!(
            "local r = {{{expression}}}\nfor i = 1, #r do r[i] = tostring(r[i]) end\nlocal s = table.concat(r, ' ')\nif #r == 0 then s = 'nil' end\nreturn {{status = 'Healthy', message = s}}"
        );
        assert_eq!(message(&script), wanted, "{expression}");
    }
    let words = "local s = '' for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do s = s .. v .. k end return {status = 'Healthy', message = s}";
    assert_eq!(message(words), "1a2b");
    let places = "local s = '' for p in ('abc'):gmatch('()') do s = s .. p end return {status = 'Healthy', message = s}";
    assert_eq!(message(places), "1234");
    for bad in [
        "('a'):find('[a')",
        "('a'):find('%')",
        "('a'):find('(a')",
        "('a'):find('.)')",
        "('a'):find('%b')",
        "('a'):find('%f')",
        "('a'):find('%1')",
        "('a'):gsub('a', '%2')",
    ] {
        let health = run(bad, true).map(|h| h.status);
        assert_eq!(health, Some(HealthStatus::Unknown), "{bad}");
    }
}
