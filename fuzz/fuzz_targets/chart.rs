//! Charts of any files: cut at zero bytes into Chart.yaml, values and templates.

#![cfg_attr(feature = "libfuzzer", no_main)]

use helm::engine::{Capabilities, Release};
use helm::template::{Parts, Request, template};
use helm::{Chart, File};

const NAMES: [&str; 5] = [
    "Chart.yaml",
    "values.yaml",
    "templates/a.yaml",
    "values.schema.json",
    "charts/sub/Chart.yaml",
];

fuzz::target!(|text| {
    let files = text.split(|b| *b == 0).zip(NAMES);
    let files = files.map(|(data, name)| File {
        name: name.to_owned(),
        data: data.into(),
    });
    let Ok(chart) = Chart::from_files(files.collect()) else {
        return;
    };
    let release = Release {
        name: "r".to_owned(),
        namespace: "n".to_owned(),
        revision: 1,
        is_upgrade: false,
    };
    let options = gotemplate::Options::default();
    let request = Request {
        release: &release,
        capabilities: &Capabilities::default(),
        parts: Parts {
            crds: true,
            hooks: true,
            tests: true,
        },
        skip_schema: false,
        options: &options,
        cache: None,
        lookup: None,
        trace: false,
        compat: helm::Compat::V4,
    };
    let _output = template(chart, &value::Value::object(), &request);
});
