//! A template of any text: text or an error, within the limits.

#![cfg_attr(feature = "libfuzzer", no_main)]

use gotemplate::{Dialect, Limits, Options, Session, Templates, Value, parse};

fuzz::target!(|text| {
    let Ok(parsed) = parse("c/templates/a.yaml", text, Dialect::Helm) else {
        return;
    };
    let mut templates = Templates::new();
    templates.add(&parsed);
    let options = Options {
        limits: Limits {
            steps_max: 100_000,
            ..Limits::default()
        },
        ..Options::default()
    };
    let data = value::json!({"Values": {"a": {"b": [1, "x", null, true]}, "s": "text"}});
    let mut session = Session::new(Dialect::Helm, &options);
    let _written = session.execute(&templates, "c/templates/a.yaml", &Value::from_tree(&data));
});
