//! Limits, and what the recorded cases don't cover.

use crate::{Error, Limits, Program};
use value::{Value, json};

fn run(program: &str, input: &Value) -> Result<Vec<Value>, Error> {
    Program::parse(program)?.run(input)
}

#[test]
fn programs_end() {
    for program in [
        "def f: f; f",
        "def f: f | f; f",
        "def f(g): f(g | g); f(.)",
        "[range(1e12)]",
        "repeat(1)",
        "reduce range(1e9) as $i (\"x\"; . + .)",
        "reduce range(1e9) as $i ([]; [.])",
        "reduce range(1e9) as $i ([0]; . + .)",
        "setpath([range(100000)]; 1)",
        "[limit(100000; repeat(1))]",
        "\"x\" * 1e9",
        "[.[1e9] = 1]",
        "last(range(1e12))",
        "until(false; .)",
        "[recurse([.])]",
        "\"\\(\"a\" * 1e7)\\(\"b\" * 1e7)\\(\"c\" * 1e7)\"",
    ] {
        let limits = Limits {
            steps: 100_000,
            ..Limits::default()
        };
        let program = Program::parse(program).expect(program).with_limits(limits);
        assert!(program.run(&Value::Null).is_err(), "{program:?}");
    }
}

#[test]
fn programs_that_nest_deeply_are_refused() {
    for (open, close) in [
        ("[", "]"),
        ("(", ")"),
        ("{a:", "}"),
        ("-", ""),
        (".[", "]"),
        ("if 1 then ", " end"),
    ] {
        let program = format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
        assert!(Program::parse(&program).is_err(), "{open}");
    }
    for program in [
        ".a".repeat(20_000),
        "1,".repeat(20_000),
        "1+".repeat(20_000),
        "1|".repeat(20_000),
    ] {
        assert!(Program::parse(&format!("{program}.")).is_err());
    }
    let long = Program::parse(&".a".repeat(900)).expect("long, but not too long");
    assert_eq!(long.run(&Value::Null), Ok(vec![Value::Null]));
}

#[test]
fn limits_can_be_set() {
    let program = Program::parse("[range(1000)] | length").expect("a program");
    assert_eq!(program.run(&Value::Null), Ok(vec![json!(1000)]));
    let few = Limits {
        steps: 100,
        ..Limits::default()
    };
    let stopped = program.with_limits(few).run(&Value::Null);
    assert_eq!(
        stopped,
        Err(Error::Limit("the program takes too many steps"))
    );
}

#[test]
fn the_first_result_is_enough() {
    let program = Program::parse("1, error(\"never\")").expect("a program");
    assert_eq!(program.first(&Value::Null), Ok(Some(json!(1))));
    assert!(program.run(&Value::Null).is_err());
}

#[test]
fn a_try_catches_what_fails_in_it_alone() {
    let null = Value::Null;
    assert_eq!(
        run("try ((1, 2) | (., error(\"in\"))) catch .", &null),
        Ok(vec![json!(1), json!("in")])
    );
    assert_eq!(
        run("(try 1 catch 2) | error(\"after\")", &null).map_err(|e| e.to_string()),
        Err("error: after".to_owned())
    );
    assert_eq!(
        run("try ((try 1 catch 2) | error(\"outer\")) catch .", &null),
        Ok(vec![json!("outer")])
    );
}

#[test]
fn programs_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Program>();
}
