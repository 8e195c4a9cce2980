use super::*;
use std::io::{BufReader, Cursor};

fn find_in(index: &str, chart: &str) -> Result<Found, Broken> {
    find(Cursor::new(index.as_bytes()), chart)
}

fn versions(index: &str, chart: &str) -> Vec<String> {
    match find_in(index, chart) {
        Ok(Found::Versions(listed)) => listed.iter().map(|l| l.version.to_string()).collect(),
        other => panic!("{chart}: {other:?}\n{index}"),
    }
}

const HELM: &str = r#"apiVersion: v1
entries:
  acs-engine:
  - apiVersion: v1
    description: |
      A text:
        web:
        - version: 9.9.9

      # no comment
    urls:
    - https://a/acs-1.tgz
    version: 0.1.0
  # a comment
  web:
  - annotations:
      artifacthub.io/changes: |
        - version: 7.0.0
          web: x
    dependencies:
    - name: db
      version: 8.x.x
    digest: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
    name: web
    urls:
    - https://a/web-2.tgz
    - web-2.tgz
    version: 2.0.0
  - name: web
    version: "1.10"
    urls: [web-1.tgz]
  webhook:
  - version: 3.0.0
generated: "2026-01-01T00:00:00Z"
"#;

#[test]
fn an_index_is_scanned_as_helm_writes_it() {
    let Found::Versions(listed) = find_in(HELM, "web").unwrap() else {
        panic!("web is there");
    };
    assert_eq!(listed.len(), 2);
    assert_eq!(&*listed[0].version, "2.0.0");
    assert_eq!(listed[0].digest, Some(Digest::of(b"abc")));
    assert_eq!(listed[0].urls.len(), 2);
    assert_eq!((&*listed[1].version, listed[1].digest), ("1.10", None));
    assert_eq!(versions(HELM, "acs-engine"), ["0.1.0"]);
    assert_eq!(versions(HELM, "webhook"), ["3.0.0"]);
    let windows = HELM.replace('\n', "\r\n");
    assert_eq!(versions(&windows, "web"), ["2.0.0", "1.10"]);
    let byte_order_mark = format!("\u{feff}{HELM}");
    assert_eq!(versions(&byte_order_mark, "web"), ["2.0.0", "1.10"]);
}

#[test]
fn every_way_of_writing_an_index_means_the_same() {
    let indexes = [
        // Lists further in than their keys.
        "entries:\n    web:\n        - version: 1.0.0\n        - name: web\n          version: 0.9.0\n",
        // Keys in quotes, a document marker, comments, the version of the format at the end.
        "---\n# by hand\n\"entries\": # all\n  'web': # ours\n\n  -   version: 1.0.0\n  - version: '0.9.0'\napiVersion: v1\n",
        // The dash on a line of its own.
        "entries:\n  web:\n  -\n    version: 1.0.0\n  -\n    version: 0.9.0\n",
        // JSON, on one line and on several, with another shape in front.
        r#"{"apiVersion":"v1","x":[{"entries":{"web":[]}},"}\"]"],"entries":{"db":[{"version":"3.0.0"}],"web":[{"version":"1.0.0"},{"version":"0.9.0","n":-1.5e3}]}}"#,
        " {\n \"entries\" : {\n \"w\\u0065b\" : [ { \"version\" : \"1.0.0\" } , {\"version\":\"0.9.0\"} ] } }",
        // Flow, aliases and another margin: no tool writes it, and it is read as a whole.
        "entries: {web: [{version: 1.0.0}, {version: 0.9.0}]}\n",
        "entries:\n  web: [{version: 1.0.0}, {version: 0.9.0}]\n",
        "entries:\n  db:\n  - &a {version: 1.0.0}\n  web:\n  - *a\n  - version: 0.9.0\n",
        "{entries: {web: [{version: 1.0.0}, {version: 0.9.0}]}}",
        "  apiVersion: v1\n  entries:\n    web:\n    - version: 1.0.0\n    - version: 0.9.0\n",
    ];
    for index in indexes {
        assert_eq!(versions(index, "web"), ["1.0.0", "0.9.0"], "{index}");
    }
}

#[test]
fn charts_that_are_not_there_are_told_from_empty_ones_and_from_garbage() {
    for (asked, near) in [
        ("webb", "web"),
        ("hook", "webhook"),
        ("acs-engin3", "acs-engine"),
    ] {
        let similar = vec![near.to_owned()];
        assert_eq!(find_in(HELM, asked).unwrap(), Found::Nothing { similar });
    }
    for empty in [
        "entries: {}\n",
        "entries:\n",
        "entries:\ngenerated: x\n",
        r#"{"entries":{}}"#,
        r#"{"entries":null}"#,
    ] {
        let found = find_in(empty, "web").unwrap();
        assert_eq!(found, Found::Nothing { similar: vec![] }, "{empty}");
    }
    for none in [
        "entries:\n  web: []\n  x:\n",
        "entries:\n  web:\n  x:\n",
        r#"{"entries":{"web":[]}}"#,
    ] {
        assert_eq!(versions(none, "web"), Vec::<String>::new(), "{none}");
    }
    for garbage in [
        "",
        "<html>\n<body>not found</body>",
        "{}",
        "{\"entries\":{\"web\":[{",
        "a: b\n",
        "entries:\n\tweb:\n",
    ] {
        assert!(find_in(garbage, "web").is_err(), "{garbage:?}");
    }
}

/// An index that is made while it is read, so that nobody has it as a whole.
struct Generated {
    charts: u32,
    next: u32,
    buffer: Cursor<Vec<u8>>,
    served: usize,
}

impl Generated {
    fn refill(&mut self) {
        let i = self.next;
        self.next += 1;
        if i > self.charts {
            return;
        }
        let mut text = String::new();
        if i == 0 {
            text.push_str("apiVersion: v1\nentries:\n");
        } else {
            text.push_str(&format!("  chart-{i:05}:\n"));
            for version in 0..20 {
                text.push_str(&format!(
                    "  - description: {}\n    urls:\n    - c-{i}-{version}.tgz\n    version: \
                     1.{version}.0\n",
                    "x".repeat(900)
                ));
            }
        }
        self.buffer = Cursor::new(text.into_bytes());
    }
}

impl std::io::Read for Generated {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        if self.buffer.position() == self.buffer.get_ref().len() as u64 {
            self.refill();
        }
        let n = self.buffer.read(to)?;
        self.served += n;
        Ok(n)
    }
}

impl Seek for Generated {
    fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
        panic!("an ordinary index is read once, from front to end");
    }
}

#[test]
fn a_large_index_is_never_held_as_a_whole() {
    // The lines of the whole index go through one small buffer ...
    let mut index = generated();
    let mut lines = block::Lines::new(&mut index);
    let (mut count, mut longest) = (0, 0);
    while let Some(line) = lines.next().unwrap() {
        (count, longest) = (count + 1, longest.max(line.text.len()));
    }
    assert!(
        count > 80_000 && longest < 1_024,
        "{count} lines, {longest} bytes"
    );
    assert!(lines.held_bytes() < 4_096, "{} bytes", lines.held_bytes());
    assert!(index.get_ref().served > 20_000_000);
    // ... and of the chart that is looked for, a few words a version are kept.
    let Found::Versions(listed) = find(generated(), "chart-01100").unwrap() else {
        panic!("it is there");
    };
    assert_eq!(listed.len(), 20);
    let kept = |l: &Listed| l.version.len() + l.urls.iter().map(|u| u.len()).sum::<usize>();
    assert!(listed.iter().map(kept).sum::<usize>() < 1_024);
}

fn generated() -> BufReader<Generated> {
    BufReader::new(Generated {
        charts: 1_100,
        next: 0,
        buffer: Cursor::default(),
        served: 0,
    })
}

#[test]
fn what_no_index_has_is_refused_and_what_is_skipped_may_be_anything() {
    let long = "x".repeat(ENTRY_BYTES_MAX + 1);
    let index = format!("entries:\n  db:\n  - description: {long}\n  web:\n  - version: 1.0.0\n");
    assert_eq!(versions(&index, "web"), ["1.0.0"]);
    let error = find_in(&index, "db").unwrap_err();
    assert!(matches!(error, Broken::Invalid(_)), "{error:?}");
    let deep = format!(
        r#"{{"entries":{{"db":{},"web":[{{"version":"1.0.0"}}]}}}}"#,
        "[".repeat(100_000) + &"]".repeat(100_000)
    );
    assert_eq!(versions(&deep, "web"), ["1.0.0"]);
    let json =
        format!(r#"{{"entries":{{"db":[{{"a":"{long}"}}],"web":[{{"version":"1.0.0"}}]}}}}"#);
    assert_eq!(versions(&json, "web"), ["1.0.0"]);
    assert!(find_in(&json, "db").is_err());
}
