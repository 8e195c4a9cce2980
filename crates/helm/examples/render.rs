//! Renders a chart in a folder and prints what `helm template` prints:
//! `cargo run --release -p helm --example render -- CHART [RELEASE NAMESPACE] [-f VALUES..] [--compat 3]`.

#![expect(clippy::print_stdout, reason = "an example talks to who runs it")]

use gotemplate::Options;
use helm::engine::{Capabilities, Release};
use helm::ignore::Rules;
use helm::template::{Parts, Request, stream, template};
use helm::values::{merge, read_documents_as};
use helm::{Chart, Compat, File};
use std::path::Path;
use value::Value;

/// What the product allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

fn files(root: &Path, inside: &str, rules: &Rules, found: &mut Vec<File>) -> Result<(), Failure> {
    let mut entries: Vec<_> = std::fs::read_dir(root.join(inside))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = tree::join(inside, &entry.file_name().to_string_lossy());
        let is_folder = entry.path().is_dir();
        if rules.ignores(&name, is_folder) {
            continue;
        }
        if is_folder {
            files(root, &name, rules, found)?;
        } else {
            let data = std::fs::read(entry.path())?.into();
            found.push(File { name, data });
        }
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let mut names = Vec::new();
    let mut values = Vec::new();
    let mut compat = Compat::V4;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-f" | "--values" => values.push(arguments.next().ok_or("which values?")?),
            "--compat" if arguments.next().as_deref() == Some("3") => compat = Compat::V3,
            "--compat" => {}
            _ => names.push(argument),
        }
    }
    let name = |i: usize, default: &str| names.get(i).map_or(default, |n| n).to_owned();
    let root = name(0, ".");
    let root = Path::new(&root);
    let rules = match std::fs::read_to_string(root.join(".helmignore")) {
        Ok(text) => Rules::parse(&text)?,
        Err(_) => Rules::default(),
    };
    let mut found = Vec::new();
    files(root, "", &rules, &mut found)?;
    let mut given = Value::object();
    for path in values {
        merge(
            &mut given,
            read_documents_as(&std::fs::read(path)?, compat)?,
        );
    }
    let request = Request {
        release: &Release {
            name: name(1, "release-name"),
            namespace: name(2, "default"),
            revision: 1,
            is_upgrade: false,
        },
        capabilities: &Capabilities::default(),
        parts: Parts {
            crds: true,
            hooks: true,
            tests: true,
        },
        skip_schema: false,
        options: &Options::default(),
        cache: None,
        lookup: None,
        trace: false,
        compat,
    };
    let output = template(Chart::from_files(found)?, &given, &request)?;
    print!("{}", stream(&output.manifests));
    Ok(())
}
