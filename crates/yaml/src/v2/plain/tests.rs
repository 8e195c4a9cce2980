use super::super::{Decoded, decode_at, decode_the_long_way};
use crate::input::Input;
use crate::lines::Builder;

/// Reads a text both ways; returns true if the short way read it.
fn compare(text: &str) -> bool {
    let input = Input::new(text.as_bytes()).expect("it is small");
    if input.bad.is_some() || input.two_marks {
        return false;
    }
    let mut lines = Builder::default();
    let Some(value) = super::read(&input.text, Some(&mut lines)) else {
        return false;
    };
    let alone = super::read(&input.text, None).expect("it was read before");
    assert_eq!(alone.to_json(), value.to_json(), "{text:?}");
    let long = decode_the_long_way(&input, 3).unwrap_or_else(|e| panic!("{e}: {text:?}"));
    let Decoded {
        value: wanted,
        lines: wanted_lines,
        duplicates,
    } = long;
    assert_eq!(value.to_json(), wanted.to_json(), "{text:?}");
    assert!(value == wanted, "{text:?}");
    assert!(duplicates.is_empty(), "{text:?}");
    assert_eq!(lines.build(4), wanted_lines, "{text:?}");
    true
}

#[test]
fn what_is_usual_is_read_the_short_way() {
    let texts = [
        "",
        "# nothing\n",
        "a: 1\n",
        "---\na: 1",
        "a:\n  b: x y\n  c: # none\n  d: ~\ne:\n- 1\n- b: 2\n  c: [a, 'b c', 3]\n-\n- - x\n  - y\n",
        "a: {b: c, d: [], e: {}}\n# c\nf: \"x\\ty\" # c\n'g h': 'it''s'\n",
        "a: |\n  x\n   y\n\n  z\n\nb: >-\n\n  x\n  y\n   z\n\n  w\nc: |+\n  x\n\n\nd: |",
        "a: some words\n  and more\n\n  of them # c\nb: 1e3\n  # c\nc: 2020-01-01\n",
        "a: 'x \n  y\n\n\n  z'\nb: \"\n  x\\ty \n  z \" # c\nc: d\n",
        "a:\n  {}\nb:\n  - \n   x\n   y\n  -\n    'z'\nc:\n # c\n  [a]\n",
        "- a\n- b: c\n  d:\n  - e\n  f: -1\n",
        "url: http://x:80/#y\ncmd: --flag=a\nk8s.io/a: b\nnull_: y\n",
    ];
    for text in texts {
        assert!(compare(text), "{text:?}");
        for end in 0..text.len() {
            compare(&text[..end]);
        }
    }
}

#[test]
fn what_is_unusual_is_read_the_long_way() {
    for text in [
        "a: &x 1",
        "a: *x",
        "a: !!str 1",
        "\ta: 1",
        "a: 1\r\n",
        "on: 1",
        "1: 2",
        "<<: {}",
        "a: 1\na: 2",
        "? a",
        "a",
        "a: b: c",
        "a: b\n c: d",
        "a: |2\n   x",
        "{a: b}",
        "a: [b\n  ]",
        "%YAML 1.1\n---\na: 1",
        "a: 1\n---\nb: 2",
        "a: .nan",
        "a: \u{85}",
        "a:\n  - b\n c: d",
    ] {
        assert!(!compare(text), "{text:?}");
    }
}

/// A generator that needs no seed from outside.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % n
    }
}

/// Lines that mostly follow from each other.
fn text(random: &mut Random) -> String {
    const HEADS: [&str; 16] = [
        "a:", "b: ", "c: ", "d: ", "- ", "- ", "-", "- - ", "e : ", "\"f\": ", "'g': ", "h#i: ",
        "- a: ", "# c", "", "j:k: ",
    ];
    const TAILS: [&str; 44] = [
        "",
        "x",
        "x y",
        "1",
        "1.50",
        "-1",
        "0x1F",
        "yes",
        "~",
        "null",
        "2020-01-01",
        "12:30",
        "'x'",
        "\"x\"",
        "'it''s'",
        "\"a\\nb\"",
        "'a",
        "b'",
        "\"a",
        "b\"",
        "\"a\\x41\"",
        "[]",
        "{}",
        "[a, b]",
        "{a: b}",
        "{a: [1, {b: 'c'}]}",
        "[a,]",
        "[a, , b]",
        "|",
        "|-",
        "|+",
        ">",
        ">-",
        ">+",
        "x # c",
        "x#c",
        "# c",
        "a: b",
        "a:b",
        "-",
        "?",
        ": x",
        "&x y",
        "a\u{e9}",
    ];
    let mut out = String::new();
    let mut indent: usize = 0;
    for _ in 0..random.below(9) {
        match random.below(8) {
            0 | 1 => indent += [1, 2, 2, 4][random.below(4)],
            2 => indent = indent.saturating_sub([1, 2, 2, 4][random.below(4)]),
            3 => indent = 0,
            _ => {}
        }
        out.push_str(&" ".repeat(indent));
        if random.below(8) > 0 {
            out.push_str(HEADS[random.below(HEADS.len())]);
        }
        out.push_str(TAILS[random.below(TAILS.len())]);
        out.push_str(["\n", "\n", "\n", "\n", " \n", "\n\n", "\n   \n", ""][random.below(8)]);
    }
    out
}

#[test]
fn both_ways_read_the_same() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut short = 0;
    for _ in 0..200_000 {
        short += usize::from(compare(&text(&mut random)));
    }
    assert!(short > 20_000, "only {short} were read the short way");
}

#[test]
fn recorded_documents_are_read_the_same() {
    let Ok(shared) = std::env::var("WINDLASS_SHARED") else {
        eprintln!("skipped: WINDLASS_SHARED is not set");
        return;
    };
    let path = format!("{shared}/conformance/go/yaml-read.jsonl");
    let cases = std::fs::read_to_string(path).expect("the cases");
    for line in cases.lines() {
        let case = value::Value::parse(line.as_bytes()).expect("a case is JSON");
        compare(case.str_at(&["yaml"]));
    }
}

#[test]
fn lines_count_from_the_start_of_the_file() {
    let read = decode_at(b"a:\n- b: 1\n", 10).expect("it is YAML");
    assert_eq!(read.lines.at("/a/0/b"), Some(12));
}
