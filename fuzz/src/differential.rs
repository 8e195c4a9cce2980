//! Generated templates, rendered by us and by Helm's own engine (`oracle/main.go` says how to build it):
//! `cargo run --release --no-default-features --bin differential -- ORACLE [SECONDS [SEED]]`.
//!
//! Output must be the same to the byte, and so must the texts of errors.

use fuzz::Random;
use gotemplate::{Dialect, Options};
use helm::engine::{Capabilities, Context, Release, render};
use helm::{Chart, Compat, File};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use value::Value;

/// What templates see.
const VALUES: &str = r#"{"a":{"b":[1,"x",null,true,2.5],"c":{"d":"deep"},"e":{}},"s":"some text","t":"  Ünï côde\n","n":3,"f":1.5,"big":12345678901,"nul":null,"yes":true,"no":false,"empty":"","list":["b","a","c"],"nums":[3,1,2],"json":"{\"k\":[1,2]}","yaml":"k: [1, two]\n","ver":"1.2.3-rc.1+b","url":"https://u:p@h:80/p?q=1#f","maps":[{"k":"v"},{"k":2}],"tpl":"{{ .Values.n }}"}"#;
const NAME: &str = "c/templates/t.yaml";
/// Templates that go to the other engine at a time.
const BATCH: usize = 200;
/// Differences that are shown.
const SHOWN: usize = 40;

/// Functions whose answers depend on more than their arguments, or on the order of Go's maps.
const LEFT_OUT: [&str; 47] = [
    "now",
    "date",
    "dateInZone",
    "date_in_zone",
    "ago",
    "htmlDate",
    "htmlDateInZone",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randNumeric",
    "randBytes",
    "randInt",
    "shuffle",
    "uuidv4",
    "genCA",
    "genCAWithKey",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "bcrypt",
    "htpasswd",
    "encryptAES",
    "decryptAES",
    "derivePassword",
    "buildCustomCert",
    "keys",
    "values",
    "lookup",
    "getHostByName",
    "env",
    "expandenv",
    "dateModify",
    "date_modify",
    "must_date_modify",
    "mustDateModify",
    "toDate",
    "mustToDate",
    "durationRound",
    "unixEpoch",
    "call",
    "osBase",
    "osDir",
    "osExt",
    "osClean",
];

struct Generator<'r> {
    random: &'r mut Random,
    functions: Vec<&'static str>,
    /// How many arguments functions want, as far as errors have told.
    wanted: HashMap<String, usize>,
}

impl Generator<'_> {
    fn field(&mut self) -> String {
        const FIELDS: [&str; 30] = [
            ".Values.a",
            ".Values.a.b",
            ".Values.a.c",
            ".Values.a.c.d",
            ".Values.a.e",
            ".Values.s",
            ".Values.t",
            ".Values.n",
            ".Values.f",
            ".Values.big",
            ".Values.nul",
            ".Values.yes",
            ".Values.no",
            ".Values.empty",
            ".Values.list",
            ".Values.nums",
            ".Values.json",
            ".Values.yaml",
            ".Values.ver",
            ".Values.url",
            ".Values.maps",
            ".Values.none",
            ".Values.none.deep",
            ".Values.tpl",
            ".Release.Name",
            ".Chart.Name",
            ".Chart.Version",
            "$.Values.s",
            ".Values.a.b.c",
            "(.Values.none).deep",
        ];
        (*self.random.of(&FIELDS)).to_owned()
    }

    fn literal(&mut self) -> String {
        const LITERALS: [&str; 34] = [
            "0",
            "1",
            "2",
            "3",
            "-1",
            "10",
            "1.5",
            "-0.5",
            "1e3",
            "0x1F",
            "'a'",
            "true",
            "false",
            "nil",
            "\"\"",
            "\"a\"",
            "\"some text\"",
            "\"b\"",
            "\"k\"",
            "\"%v\"",
            "\"%d %s\"",
            "\"%5.2f|%-5s|%q\"",
            "\"a,b,c\"",
            "\",\"",
            "\"[a-z]+\"",
            "\"(\"",
            "\"1.2.3\"",
            "\">=1.0-0\"",
            "\"2h30m\"",
            "\"{\\\"x\\\": 1}\"",
            "\"x: 1\"",
            "`raw`",
            "\"Ünï\"",
            "\"c\"",
        ];
        (*self.random.of(&LITERALS)).to_owned()
    }

    fn expression(&mut self, depth: usize) -> String {
        match self.random.below(if depth > 3 { 6 } else { 12 }) {
            0..3 => self.literal(),
            3..6 => self.field(),
            6 => format!("(list {})", self.arguments(3, depth + 1)),
            7 => format!(
                "(dict \"k\" {} \"l\" {})",
                self.expression(depth + 1),
                self.expression(depth + 1)
            ),
            _ => format!("({})", self.pipeline(depth + 1)),
        }
    }

    fn arguments(&mut self, max: usize, depth: usize) -> String {
        let count = self.random.below(max + 1);
        let all: Vec<String> = (0..count).map(|_| self.expression(depth)).collect();
        all.join(" ")
    }

    fn call(&mut self, depth: usize) -> String {
        let name = *self.random.of(&self.functions.clone());
        let text = match self.wanted.get(name).copied() {
            Some(count) if self.random.below(10) > 0 => {
                let all: Vec<String> = (0..count).map(|_| self.expression(depth)).collect();
                format!("{name} {}", all.join(" "))
            }
            // Mostly as many arguments as most functions take.
            _ => {
                let max = [1, 2, 2, 3][self.random.below(4)];
                format!("{name} {}", self.arguments(max, depth))
            }
        };
        text.trim_end().to_owned()
    }

    /// Learns from `wrong number of args for NAME: want N got M`.
    fn learn(&mut self, error: &str) {
        let told = error.split_once("wrong number of args for ");
        let Some((name, wanted)) = told.and_then(|(_, rest)| rest.split_once(": want ")) else {
            return;
        };
        let wanted = wanted.trim_start_matches("at least ");
        let digits: String = wanted.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(count) = digits.parse() {
            self.wanted.insert(name.to_owned(), count);
        }
    }

    fn pipeline(&mut self, depth: usize) -> String {
        let mut text = match self.random.below(4) {
            0 => self.expression(depth),
            _ => self.call(depth),
        };
        for _ in 0..[0, 0, 1, 1, 2][self.random.below(5)] {
            // The last argument comes through the pipe.
            let call = self.call(depth + 1);
            text.push_str(" | ");
            text.push_str(call.rsplit_once(' ').map_or(call.as_str(), |(start, end)| {
                if end.ends_with([')', '"']) {
                    &call
                } else {
                    start
                }
            }));
        }
        text
    }

    fn template(&mut self) -> String {
        let pipe = self.pipeline(0);
        match self.random.below(12) {
            0 => format!("{{{{ if {pipe} }}}}y{{{{ else }}}}n{{{{ end }}}}"),
            1 => format!("{{{{ with {pipe} }}}}{{{{ . | toJson }}}}{{{{ else }}}}n{{{{ end }}}}"),
            2 => format!(
                "{{{{ range $i, $v := {pipe} }}}}{{{{ $i }}}}={{{{ $v | toJson }}}};{{{{ else }}}}n{{{{ end }}}}"
            ),
            3 => format!("{{{{ $x := {pipe} }}}}{{{{ typeOf $x }}}} {{{{ $x }}}}"),
            4 => format!("{{{{ toJson ({pipe}) }}}}"),
            5 => format!("{{{{ toYaml ({pipe}) }}}}"),
            6 => format!(
                "{{{{ define \"t\" }}}}{{{{ . }}}}|{{{{ end }}}}{{{{ include \"t\" ({pipe}) | nindent 2 }}}}"
            ),
            7 => format!("{{{{- printf \"%v %T\" ({pipe}) ({pipe}) -}}}}"),
            _ => format!("{{{{ {pipe} }}}}"),
        }
    }
}

fn ours(template: &str, values: &Value) -> Result<String, String> {
    let file = |name: &str, text: &str| File {
        name: name.to_owned(),
        data: text.as_bytes().into(),
    };
    let chart = Chart::from_files(vec![
        file("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.2.3\n"),
        file("templates/t.yaml", template),
    ])
    .map_err(|e| e.to_string())?;
    let values = helm::values::coalesce(&chart, values).map_err(|e| e.to_string())?;
    let context = Context {
        release: &Release {
            name: "rel".to_owned(),
            namespace: "ns".to_owned(),
            revision: 1,
            is_upgrade: false,
        },
        capabilities: &Capabilities::default(),
        options: &Options::default(),
        cache: None,
        lookup: None,
        trace: false,
        compat: Compat::V4,
    };
    let mut rendered = render(&chart, &values, context).map_err(|e| e.to_string())?;
    let text = rendered.files.remove(NAME).unwrap_or_default();
    Ok(as_go_encodes(&text))
}

/// Returns text with U+FFFD for each byte that is no UTF-8.
fn as_go_encodes(text: &[u8]) -> String {
    let mut out = String::new();
    for chunk in text.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| '\u{FFFD}'));
    }
    out
}

/// Helm's own engine.
struct Oracle {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Oracle {
    fn start(path: &str) -> Self {
        let mut process = Command::new(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the oracle can be run");
        let input = process.stdin.take().expect("it is piped");
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut oracle = Self {
            process,
            input,
            output,
        };
        writeln!(oracle.input, "{VALUES}").expect("the oracle listens");
        oracle
    }

    /// Asks for all; they are few and short enough for the pipe. Whoever has ended doesn't listen.
    fn ask(&mut self, templates: &[String]) {
        for template in templates {
            let line = Value::from(template.as_str()).to_json();
            writeln!(self.input, "{line}").ok();
        }
        self.input.flush().ok();
    }

    /// Returns the next answer; nothing if there is no one any more.
    fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line).unwrap_or(0);
        (read > 0).then_some(line)
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let oracle = arguments.first().expect("the path of the oracle");
    let number = |i: usize, default: u64| -> u64 {
        arguments
            .get(i)
            .and_then(|a| a.parse().ok())
            .unwrap_or(default)
    };
    let (seconds, seed) = (number(1, 60), number(2, 1));
    let mut process = Oracle::start(oracle);
    let mut values = Value::parse(VALUES.as_bytes()).expect("it is JSON");
    helm::values::to_floats(&mut values);
    let mut random = Random::new(seed);
    let mut functions = Dialect::Helm.names();
    functions.retain(|name| !LEFT_OUT.contains(name));
    let mut generator = Generator {
        random: &mut random,
        functions,
        wanted: HashMap::new(),
    };
    let begin = Instant::now();
    let (mut count, mut fine, mut different, mut only_one, mut words) = (0, 0, 0, 0, 0);
    let mut ended = 0;
    while begin.elapsed() < Duration::from_secs(seconds) {
        let templates: Vec<String> = (0..BATCH).map(|_| generator.template()).collect();
        process.ask(&templates);
        for (i, template) in templates.iter().enumerate() {
            let Some(line) = process.answer() else {
                // A value that holds itself is the end of Go's stack.
                ended += 1;
                process = Oracle::start(oracle);
                process.ask(&templates[i + 1..]);
                continue;
            };
            let answer = Value::parse(line.as_bytes()).expect("it answers in JSON");
            let theirs = match answer.get("error") {
                Some(error) => Err(error.as_str().unwrap_or_default().to_owned()),
                None => Ok(answer.str_at(&["out"]).to_owned()),
            };
            let ours = ours(template, &values);
            if let Err(error) = &ours {
                generator.learn(error);
            }
            count += 1;
            let kind = match (&ours, &theirs) {
                (a, b) if a == b => {
                    fine += usize::from(a.is_ok());
                    continue;
                }
                (Ok(_), Ok(_)) => &mut different,
                (Err(_), Err(_)) => &mut words,
                _ => &mut only_one,
            };
            *kind += 1;
            if *kind <= SHOWN {
                println!("{template}\n  ours   {ours:?}\n  theirs {theirs:?}");
            }
        }
    }
    println!(
        "{count} templates, {fine} rendered and equal; {different} different, {only_one} that only one \
         renders, {words} errors with other words; {ended} ended the oracle"
    );
}
