//! What charts cost: one as `helm create` makes it, and folders that are given:
//! `cargo bench -p helm --bench template [-- CHART...]`. Where `helm` is installed, it says how much
//! longer `helm template` takes as a process.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark measures time, and another program's"
)]

mod starter;

use gotemplate::Options;
use helm::engine::{Cache, Capabilities, Context, Release, render};
use helm::manifests::manifests;
use helm::template::{Parts, Request, template};
use helm::values::{coalesce, process_dependencies};
use helm::{Chart, Compat, schema};
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tree::{MemTree, Recording};
use value::{Value, json};

/// What the product allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long one figure is measured.
const MEASURED: Duration = Duration::from_millis(1500);
/// How often the other program is run.
const PROCESSES: usize = 10;

/// Returns the time that all threads of this process had a processor; nothing where that isn't known.
fn processor_time() -> Option<Duration> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the name, which may hold anything, the eleventh and twelfth are the user's and the
    // system's.
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<f64> = fields.split(' ').filter_map(|f| f.parse().ok()).collect();
    let ticks = fields.get(10)? + fields.get(11)?;
    Some(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
}

/// Measures the fastest of many runs, the median, and the processor time of one: on a busy machine,
/// only that says what the code costs.
fn measure(mut run: impl FnMut()) -> (Duration, Duration, Duration) {
    let before = processor_time();
    let begin = Instant::now();
    let mut all = Vec::new();
    while begin.elapsed() < MEASURED || all.len() < 5 {
        let start = Instant::now();
        run();
        all.push(start.elapsed());
    }
    all.sort_unstable();
    let spent = processor_time()
        .zip(before)
        .map(|(after, before)| after - before);
    let runs = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let spent = spent.unwrap_or_default() / runs;
    (all[0], all[all.len() / 2], spent)
}

/// Returns what must stand in a figure's name for it to be measured: `--only=TEXT`.
fn only() -> String {
    let mut arguments = std::env::args();
    let found = arguments.find_map(|a| a.strip_prefix("--only=").map(str::to_owned));
    found.unwrap_or_default()
}

fn report(what: &str, run: impl FnMut()) -> Duration {
    if !what.contains(&only()) {
        return Duration::ZERO;
    }
    let (best, median, spent) = measure(run);
    let [best_us, median_us, spent_us] = [best, median, spent].map(|d| d.as_secs_f64() * 1e6);
    println!(
        "  {what:<52} {best_us:>10.1} us, median {median_us:>10.1} us, processor {spent_us:>10.1} us"
    );
    best
}

/// What is asked of every chart.
struct Asked {
    release: Release,
    capabilities: Capabilities,
    options: Options,
}

impl Asked {
    fn request<'r>(&'r self, cache: Option<&'r Cache>) -> Request<'r> {
        Request {
            release: &self.release,
            capabilities: &self.capabilities,
            parts: Parts {
                crds: false,
                hooks: true,
                tests: true,
            },
            skip_schema: false,
            options: &self.options,
            cache,
            lookup: None,
            trace: false,
            compat: Compat::V4,
        }
    }

    fn whole(&self, tree: &MemTree, given: &Value, cache: Option<&Cache>) -> usize {
        let files = Recording::new(tree);
        let chart = match cache {
            Some(cache) => Chart::from_folder_cached(&files, "", cache).map(Arc::unwrap_or_clone),
            None => Chart::from_folder(&files, ""),
        };
        let chart = chart.expect("it is a chart");
        let output = template(chart, given, &self.request(cache)).expect("it renders");
        output.manifests.len()
    }
}

fn chart(name: &str, tree: &MemTree, asked: &Asked) -> Duration {
    println!("{name}");
    let none = Value::object();
    let cold = report("cold: load, values, templates, manifests", || {
        black_box(asked.whole(tree, &none, None));
    });
    let cache = Cache::new();
    let mut replicas = 0;
    report("other values, chart and templates known", || {
        replicas += 1;
        let given = json!({"replicaCount": replicas, "nameOverride": format!("n{replicas}")});
        black_box(asked.whole(tree, &given, Some(&cache)));
    });
    let files = Recording::new(tree);
    let loaded = Chart::from_folder(&files, "").expect("it is a chart");
    template(loaded, &none, &asked.request(None)).expect("it renders");
    let reads = files.into_read_set();
    report("unchanged: looking at what was read", || {
        assert!(reads.is_current(tree).expect("the tree is in memory"));
    });
    stages(tree, asked);
    cold
}

/// Measures the parts of the whole.
fn stages(tree: &MemTree, asked: &Asked) {
    let load = || Chart::from_folder(&Recording::new(tree), "").expect("it is a chart");
    report("of which: loading", || {
        black_box(load());
    });
    let none = Value::object();
    let loaded = load();
    report(
        "of which: values and schema, with a copy of the chart",
        || {
            let mut chart = loaded.clone();
            process_dependencies(&mut chart, &none).expect("they can be had");
            let values = coalesce(&chart, &none).expect("they fit");
            schema::validate(&chart, &values).expect("they are valid");
        },
    );
    let mut chart = loaded;
    process_dependencies(&mut chart, &none).expect("they can be had");
    let values = coalesce(&chart, &none).expect("they fit");
    let context = |cache| Context {
        release: &asked.release,
        capabilities: &asked.capabilities,
        options: &asked.options,
        cache,
        lookup: None,
        trace: false,
        compat: Compat::V4,
    };
    report("of which: parsing and executing", || {
        black_box(render(&chart, &values, context(None)).expect("it renders"));
    });
    let cache = Cache::new();
    report("of which: executing what was parsed before", || {
        black_box(render(&chart, &values, context(Some(&cache))).expect("it renders"));
    });
    let rendered = render(&chart, &values, context(None)).expect("it renders");
    report("of which: reading the manifests", || {
        black_box(manifests(&rendered.files).expect("they are YAML"));
    });
}

/// Returns the files of a folder.
fn folder(root: &Path, from: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != ".git" {
            folder(root, &path, files);
        } else if let (Ok(bytes), Ok(inside)) = (std::fs::read(&path), path.strip_prefix(root)) {
            files.push((inside.to_string_lossy().into_owned(), bytes));
        }
    }
}

/// Measures `helm template` as a process; nothing if there is no `helm`.
fn process(chart: &Path) -> Option<Duration> {
    let once = || {
        let start = Instant::now();
        let status = Command::new("helm")
            .args(["template", "rel"])
            .arg(chart)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        (start.elapsed(), status.is_ok_and(|s| s.success()))
    };
    once().1.then(|| {
        let mut all: Vec<_> = (0..PROCESSES).map(|_| once().0).collect();
        all.sort_unstable();
        all[0]
    })
}

fn compare(cold: Duration, chart: &Path) {
    if cold.is_zero() {
        return;
    }
    match process(chart) {
        Some(theirs) => println!(
            "  `helm template` as a process: {:.1} ms, {:.0} times as long",
            theirs.as_secs_f64() * 1e3,
            theirs.as_secs_f64() / cold.as_secs_f64()
        ),
        None => println!("  `helm template` can't be run here"),
    }
}

fn main() {
    let asked = Asked {
        release: Release {
            name: "rel".to_owned(),
            namespace: "default".to_owned(),
            revision: 1,
            is_upgrade: false,
        },
        capabilities: Capabilities::default(),
        options: Options::default(),
    };
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let cold = chart(
        "a chart as `helm create` makes it",
        &MemTree::new(starter::FILES),
        &asked,
    );
    let made = std::env::temp_dir().join(format!("windlass-bench-{}", std::process::id()));
    for (name, text) in starter::FILES {
        let path = made.join(name);
        let folder = path.parent().unwrap_or(&made);
        std::fs::create_dir_all(folder).expect("a folder for the chart");
        std::fs::write(&path, text).expect("a file of the chart");
    }
    compare(cold, &made);
    std::fs::remove_dir_all(&made).ok();
    for path in &arguments {
        let mut files = Vec::new();
        let root = Path::new(path);
        folder(root, root, &mut files);
        let cold = chart(path, &MemTree::new(files), &asked);
        compare(cold, root);
    }
}
