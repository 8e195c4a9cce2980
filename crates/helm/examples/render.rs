//! Renders a chart in a folder, as `helm template` does, or measures how long that takes:
//! `cargo run --release -p helm --example render -- CHART [VALUES..] [--times N]`.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example talks to who runs it, and measures"
)]

use gotemplate::Options;
use helm::engine::{Cache, Capabilities, Context, KubeVersion, Release, render};
use helm::ignore::Rules;
use helm::values::{coalesce, merge, process_dependencies, read_documents};
use helm::{Chart, Compat, File};
use std::path::Path;
use std::time::Instant;
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

fn once(files: &[File], given: &Value, cache: Option<&Cache>) -> Result<Value, Failure> {
    let mut chart = Chart::from_files(files.to_vec())?;
    process_dependencies(&mut chart, given)?;
    let values = coalesce(&chart, given)?;
    helm::schema::validate(&chart, &values)?;
    let release = Release {
        name: "rel".to_owned(),
        namespace: "ns".to_owned(),
        revision: 1,
        is_upgrade: false,
    };
    let capabilities = Capabilities {
        kube_version: KubeVersion::parse("v1.31.2")?,
        api_versions: vec!["v1".to_owned(), "apps/v1".to_owned()],
    };
    let options = Options::default();
    let context = Context {
        release: &release,
        capabilities: &capabilities,
        options: &options,
        cache,
        lookup: None,
        trace: false,
        compat: Compat::V4,
    };
    let rendered = render(&chart, &values, context)?;
    let files = rendered.files.into_iter();
    let files = files.map(|(name, text)| (name, String::from_utf8_lossy(&text).into_owned()));
    Ok(Value::Object(files.collect()))
}

fn main() -> Result<(), Failure> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut times = 0_u32;
    if let Some(at) = arguments.iter().position(|a| a == "--times") {
        times = arguments.get(at + 1).ok_or("how many times?")?.parse()?;
        arguments.drain(at..at + 2);
    }
    let (chart, values) = arguments.split_first().ok_or("which chart?")?;
    let root = Path::new(chart);
    let rules = match std::fs::read_to_string(root.join(".helmignore")) {
        Ok(text) => Rules::parse(&text)?,
        Err(_) => Rules::default(),
    };
    let mut found = Vec::new();
    files(root, "", &rules, &mut found)?;
    let mut given = Value::object();
    for path in values {
        merge(&mut given, read_documents(&std::fs::read(path)?)?);
    }
    if times == 0 {
        println!("{}", once(&found, &given, None)?.to_json());
        return Ok(());
    }
    for (what, cache) in [("cold", None), ("parsed before", Some(Cache::new()))] {
        once(&found, &given, cache.as_ref())?;
        let start = Instant::now();
        for _ in 0..times {
            once(&found, &given, cache.as_ref())?;
        }
        println!("{what}: {:?} a render", start.elapsed() / times);
    }
    Ok(())
}
