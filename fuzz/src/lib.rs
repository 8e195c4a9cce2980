//! Hostile input for everything that reads what users write.
//!
//! Each target is a function of bytes. With the feature `libfuzzer`, `cargo fuzz` runs it; without, it
//! is a program that mutates known inputs for a while: no coverage, but any compiler will do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Names a function as what is fuzzed.
#[macro_export]
macro_rules! target {
    (|$text:ident| $body:block) => {
        fn run($text: &[u8]) $body

        #[cfg(feature = "libfuzzer")]
        libfuzzer_sys::fuzz_target!(|text: &[u8]| run(text));

        #[cfg(not(feature = "libfuzzer"))]
        fn main() {
            $crate::drive(run);
        }
    };
}

/// Longest input.
const BYTES_MAX: usize = 4096;
/// What takes longer is shown, and what takes much longer ends the run.
const SLOW: Duration = Duration::from_secs(1);
const HANGS: Duration = Duration::from_secs(30);

/// What inputs begin from, if nothing else is at hand.
const SEEDS: [&str; 15] = [
    "a: &x {b: [1, 2.5, ~]}\nc: *x\n<<: *x\n",
    "a: |2-\n   x\n  y\n\nb: >+\n  z\n\n'c d': \"e\\u00e9\\n\"\n? f\n: !!binary aGk=\n",
    "- a\n- - b\n  - c: 0x1F\n-\n---\n...\n%YAML 1.1\n---\nx: 2020-01-01\n",
    "a: 'multi\n  line\n\n  text'\nb: plain\n  more # c\nc: [x, {y: z}]\n",
    "{{ range $i, $v := .Values.a.b }}{{ $i }}={{ $v | quote }}{{ else }}none{{ end }}",
    "{{- define \"x\" -}}{{ include \"y\" . | nindent 2 }}{{- end }}{{ template \"x\" $ }}",
    "{{ with $x := dict \"a\" (list 1 2) }}{{ toYaml $x | indent 4 }}{{ end }}{{ printf \"%08.3f %v\" 1.5 . }}",
    "{{ tpl .Values.s . }}{{ regexReplaceAll \"(a)(b)\" .Values.s \"$2$1\" }}{{ semverCompare \">=1.2-0\" \"1.3\" }}",
    "apiVersion: v2\nname: c\nversion: 1.0.0\n\0a: {b: 1}\n\0kind: A\nx: {{ .Values.a.b }}\n\0{\"type\": \"object\", \"properties\": {\"a\": {\"minimum\": 1}}}\0apiVersion: v2\nname: sub\nversion: 1.0.0\n",
    "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: sub, version: 1.x, condition: sub.on, alias: s, import-values: [data]}\n\0sub: {on: true}\n\0kind: A\n\0{}\0name: sub\nversion: 1.2.3\n",
    "resources: [a.yaml, ../base]\nnamePrefix: x-\nimages: [{name: web, newTag: '2'}]\npatches: [{path: p.yaml}]\n",
    "configMapGenerator: [{name: c, literals: [a=b]}]\nreplacements: [{source: {kind: ConfigMap}, targets: [{select: {kind: Deployment}, fieldPaths: [spec.x]}]}]\n",
    "p, role:a, applications, *, */{a,b}[!c]?*, allow\ng, \"alice\", role:a\np, alice, ^log(s|x), get, .*, deny\n\0alice\0shop/web",
    "- op: replace\n  path: /spec/template/spec/containers/0/image\n  value: web:2\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers: [{name: web, $patch: delete}]\n",
];

/// Pieces that mean something to somebody.
const WORDS: [&str; 56] = [
    "{{",
    "}}",
    "{{-",
    "-}}",
    "{{ end }}",
    "{{ else }}",
    "{{ if ",
    "{{ range ",
    "{{ define \"x\" }}",
    "include \"x\" .",
    "tpl ",
    "toYaml ",
    "fromYaml ",
    "dict ",
    "list ",
    "set $ \"a\" $",
    "$x := ",
    ".Values",
    ".a.b",
    " | ",
    "(",
    ")",
    "\"",
    "`",
    "/*",
    "*/",
    "nil",
    "until 9",
    "repeat 9 ",
    "1e999",
    "0x",
    "-1",
    "9223372036854775808",
    "\n",
    "\n  ",
    "\n- ",
    ": ",
    "- ",
    "&x ",
    "*x",
    "<<: *x",
    "|-\n",
    ">+\n",
    "!!int ",
    "%YAML",
    "---\n",
    "\t",
    "\r\n",
    "\0",
    "\u{FEFF}",
    "\u{2028}",
    "\u{85}",
    "[",
    "{",
    "#",
    "$patch: replace",
];

/// A generator that needs nothing from outside.
pub struct Random(u64);

impl Random {
    /// Returns a generator.
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    /// Returns a number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n.max(1)
    }

    /// Returns one of some.
    pub fn of<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }
}

fn mutated(random: &mut Random, pool: &[Vec<u8>]) -> Vec<u8> {
    let mut text = random.of(pool).clone();
    for _ in 0..=random.below(6) {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(20)).min(text.len());
        match random.below(7) {
            0 if at < text.len() => text[at] ^= 1 << random.below(8),
            1 => drop(text.drain(at..end)),
            2 => {
                let piece = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                text.splice(to..to, piece);
            }
            3 => {
                let other = random.of(pool);
                let from = random.below(other.len() + 1);
                let piece = other[from..(from + random.below(60)).min(other.len())].to_vec();
                text.splice(at..at, piece);
            }
            4 => text.truncate(at),
            _ => {
                let word = random.of(&WORDS).bytes();
                text.splice(at..at, word);
            }
        }
    }
    text.truncate(BYTES_MAX);
    text
}

/// Returns what the recorded cases are made of, if they are at hand.
fn recorded(pool: &mut Vec<Vec<u8>>) {
    let Ok(shared) = std::env::var("WINDLASS_SHARED") else {
        return;
    };
    for (file, fields) in [
        ("templates", ["template", "values"]),
        ("yaml-read", ["yaml", ""]),
    ] {
        let path = format!("{shared}/conformance/go/{file}.jsonl");
        let cases = std::fs::read_to_string(path).unwrap_or_default();
        for case in cases
            .lines()
            .filter_map(|line| value::Value::parse(line.as_bytes()).ok())
        {
            let texts = fields.iter().map(|field| case.str_at(&[field]));
            let texts = texts.filter(|text| !text.is_empty() && text.len() < BYTES_MAX);
            pool.extend(texts.map(|text| text.as_bytes().to_vec()));
        }
    }
}

/// Runs a target for some seconds: `TARGET [SECONDS [SEED]]`. Files named behind that are run once.
pub fn drive(run: fn(&[u8])) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: u64| -> u64 {
        arguments
            .get(i)
            .and_then(|a| a.parse().ok())
            .unwrap_or(default)
    };
    for file in arguments.iter().skip(2) {
        run(&std::fs::read(file).expect("the file can be read"));
    }
    if arguments.len() > 2 {
        return;
    }
    let (seconds, seed) = (number(0, 60), number(1, 1));
    let mut pool: Vec<Vec<u8>> = SEEDS.iter().map(|s| s.as_bytes().to_vec()).collect();
    recorded(&mut pool);
    let mut random = Random::new(seed);
    let begin = Instant::now();
    let started = Arc::new(AtomicU64::new(0));
    let current = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (watched, input) = (Arc::clone(&started), Arc::clone(&current));
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let since = begin.elapsed().as_millis() as u64 - watched.load(Ordering::Relaxed);
            if Duration::from_millis(since) > HANGS {
                keep("hang", &input.lock().expect("nobody panics with it"));
                std::process::exit(1);
            }
        }
    });
    let (mut count, mut panics, mut slow) = (0_u64, 0_u64, 0_u64);
    while begin.elapsed() < Duration::from_secs(seconds) {
        let text = mutated(&mut random, &pool);
        current
            .lock()
            .expect("nobody panics with it")
            .clone_from(&text);
        started.store(begin.elapsed().as_millis() as u64, Ordering::Relaxed);
        let start = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| run(&text))).is_err() {
            panics += 1;
            keep("panic", &text);
        }
        if start.elapsed() > SLOW {
            slow += 1;
            keep("slow", &text);
        }
        count += 1;
    }
    println!("{count} inputs, {panics} panics, {slow} slow");
    std::process::exit(i32::from(panics > 0));
}

fn keep(what: &str, text: &[u8]) {
    let digest = text.iter().fold(0xCBF2_9CE4_8422_2325_u64, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01B3)
    });
    std::fs::create_dir_all("artifacts").ok();
    let path = format!("artifacts/{what}-{digest:016x}");
    std::fs::write(&path, text).ok();
    println!(
        "{path}: {:?}",
        String::from_utf8_lossy(&text[..text.len().min(200)])
    );
}
