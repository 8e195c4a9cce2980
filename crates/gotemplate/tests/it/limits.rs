//! Hostile templates end with an error that says why: no hang, no overflow of the stack.

use crate::sprig::render;
use gotemplate::{Dialect, Limits, Options, Value};

fn fails(text: &str, with: &str) {
    let options = Options {
        limits: Limits {
            steps_max: 3_000_000,
            string_bytes_max: 1 << 20,
            list_items_max: 100_000,
            ..Limits::default()
        },
        ..Options::default()
    };
    let got = render(
        Dialect::Helm,
        &options,
        text,
        &Value::map(Vec::<(&str, Value)>::new()),
    );
    match got {
        Err(e) if e.contains(with) => {}
        Err(e) => panic!("{text}: {}", &e[e.len().saturating_sub(300)..]),
        Ok(out) => panic!("{text}: {} bytes", out.len()),
    }
}

#[test]
fn templates_that_call_themselves() {
    let deep = "exceeded maximum template depth (100000)";
    fails(
        r#"{{ define "r" }}{{ template "r" . }}{{ end }}{{ template "r" . }}"#,
        deep,
    );
    let again = "rendering template has a nested reference name: r";
    fails(
        r#"{{ define "r" }}{{ include "r" . }}{{ end }}{{ include "r" . }}"#,
        again,
    );
    fails(
        r#"{{ $t := "{{ tpl . . }}" }}{{ tpl $t $t }}"#,
        "templates are nested deeper than 5000",
    );
}

#[test]
fn growing_without_end() {
    let large = "a string is larger than 1048576 bytes";
    for text in [
        r#"{{ repeat 1000000000 "x" }}"#,
        r#"{{ indent 2000000 "x" }}"#,
        r#"{{ replace "" (repeat 2000 "x") (repeat 2000 "y") }}"#,
        r#"{{ randAlphaNum 100000000 }}"#,
        r#"{{ $x := "x" }}{{ range until 30 }}{{ $x = print $x $x }}{{ end }}"#,
        r#"{{ $x := "x" }}{{ range until 30 }}{{ $x = printf "%s%s" $x $x }}{{ end }}"#,
        r#"{{ regexReplaceAll "" (repeat 2000 "x") (repeat 2000 "y") }}"#,
    ] {
        fails(text, "larger than 1048576 bytes");
    }
    fails(
        r#"{{ wrapWith 1 (repeat 2000 "-") (repeat 2000 "x") }}"#,
        large,
    );
    fails(
        "{{ until 1000000000 }}",
        "a list has more than 100000 elements",
    );
    fails(
        "{{ seq 1 9223372036854775806 }}",
        "a list has more than 100000 elements",
    );
    fails("{{ range 1000000000 }}{{ end }}", "steps");
    fails(
        r#"{{ range until 100000 }}{{ repeat 1000 "x" }}{{ end }}"#,
        "larger than 1048576 bytes",
    );
}

#[test]
fn values_inside_themselves() {
    let make = r#"{{ $d := dict }}{{ $_ := set $d "a" $d }}"#;
    let shows = |action: &str| format!("{make}{{{{ {action} }}}}");
    for (action, with) in [
        ("mustToJson $d", "encountered a cycle"),
        ("mustToYaml $d", "encountered a cycle"),
        ("deepCopy $d", "too deep"),
        ("merge $d (dict \"a\" $d)", ""),
    ] {
        let options = Options::default();
        let nothing = Value::map(Vec::<(&str, Value)>::new());
        let got = render(Dialect::Helm, &options, &shows(action), &nothing);
        if !with.is_empty() {
            assert!(
                got.as_ref().is_err_and(|e| e.contains(with)),
                "{action}: {got:?}"
            );
        }
    }
}

#[test]
fn deep_text() {
    let parens = format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000));
    fails(&parens, "max expression depth exceeded");
    let blocks = "{{ if true }}".repeat(100_000);
    fails(&blocks, "max expression depth exceeded");
    let nested = format!("{}{}", "{{ if true }}".repeat(900), "{{ end }}".repeat(900));
    assert_eq!(
        render(Dialect::Helm, &Options::default(), &nested, &Value::Nil).as_deref(),
        Ok("")
    );
    fails(
        &format!(
            "{{{{ fromJson {:?} | typeOf | fail }}}}",
            "[".repeat(100_000)
        ),
        "map",
    );
    fails(
        r#"{{ $x := list }}{{ range until 50000 }}{{ $x = list $x }}{{ end }}{{ $x | mustToJson }}"#,
        "encountered a cycle",
    );
    fails(
        r#"{{ mustRegexMatch (repeat 2000 "(") "x" }}"#,
        "expression nests too deeply",
    );
    fails(
        r#"{{ mustRegexMatch "((a{100}){100}){100}" "x" }}"#,
        "invalid repeat count",
    );
    fails(
        r#"{{ mustRegexMatch (repeat 600 "\\pL{500}") "x" }}"#,
        "expression too large",
    );
}

#[test]
fn the_same_seed_gives_the_same_text() {
    let text = r#"{{ randAlphaNum 20 }} {{ uuidv4 }} {{ randAlphaNum 20 }} {{ shuffle "abcdef" }}"#;
    let render = |seed: u8| {
        let options = Options {
            seed: gotemplate::Seed([seed; 32]),
            ..Options::default()
        };
        render(Dialect::Helm, &options, text, &Value::Nil).expect("it renders")
    };
    assert_eq!(render(1), render(1));
    assert_ne!(render(1), render(2));
    let all = render(1);
    let words: Vec<&str> = all.split(' ').collect();
    assert_ne!(words[0], words[2]);
}

#[test]
fn floats_with_more_digits_than_there_are() {
    let text = r#"{{ printf "%.100000f" 0.1 | len }} {{ printf "%.100000e" 0.1 | len }} {{ printf "%.99999g" 0.5 }} {{ printf "%.70000f" 1e-320 | trunc -3 }} {{ printf "%.70000U" 1 | len }} {{ printf "%.70000x" 1.0 | len }}"#;
    let got = render(Dialect::Helm, &Options::default(), text, &Value::Nil);
    assert_eq!(got.as_deref(), Ok("100002 100006 0.5 000 70002 70008"));
}

#[test]
fn toml_is_refused_in_its_own_words() {
    for (text, want) in [
        (
            "[]",
            "toml: line 1: unexpected end of table name (table names cannot be empty)",
        ),
        (
            "[a.]",
            "toml: line 1: unexpected end of table name (table names cannot be empty)",
        ),
        (
            "[.a]",
            "toml: line 1: unexpected table separator (table names cannot be empty)",
        ),
        (
            "[[a]\nx=1",
            "toml: line 2: expected end of table array name delimiter ']', but got '\\n' instead",
        ),
        (
            "[a",
            "toml: line 1: expected '.' or ']' to end table name, but got '\\x00' instead",
        ),
        (
            "= 1",
            "toml: line 1: unexpected '=': key name appears blank",
        ),
        (
            ".a = 1",
            "toml: line 1: unexpected '.': keys cannot start with a '.'",
        ),
        ("a. = 1", "toml: line 1: unexpected '='"),
        ("a..b = 1", "toml: line 1: unexpected '.'"),
        (
            "a",
            "toml: line 1: unexpected EOF; expected key separator '='",
        ),
        (
            "a b = 1",
            "toml: line 1: expected '.' or '=', but got 'b' instead",
        ),
        (
            "[a!b]",
            "toml: line 1: expected '.' or ']' to end table name, but got '!' instead",
        ),
        (
            "[[]]",
            "toml: line 1: unexpected end of table name (table names cannot be empty)",
        ),
        (
            "[[a.]]",
            "toml: line 1: unexpected end of table name (table names cannot be empty)",
        ),
    ] {
        let data = Value::map([("text", Value::from(text))]);
        let template = "{{ (fromToml .text).Error }}";
        let got = render(Dialect::Helm, &Options::default(), template, &data);
        assert_eq!(got.as_deref(), Ok(want), "{text}");
    }
}
