//! Source lines, limits and places of mistakes.

use yaml::ErrorKind;

const STREAM: &str = "\
# a comment
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
---
apiVersion: v1
kind: ConfigMap
metadata: &m
  labels:
    app: web
data:
  text: |
    one
    two
  list: [1,
    2]
  <<: *m
";

#[test]
fn every_part_knows_its_line_in_the_file() {
    let documents = yaml::manifests(STREAM.as_bytes()).expect("it is well formed");
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0].line, 2);
    assert_eq!(documents[0].lines.at("/metadata/name"), Some(5));
    let lines = &documents[1].lines;
    assert_eq!(documents[1].line, 7);
    for (pointer, line) in [
        ("", 7),
        ("/metadata", 9),
        ("/metadata/labels/app", 11),
        ("/data/text", 13),
        ("/data/list", 16),
        ("/data/list/0", 16),
        ("/data/list/1", 17),
        ("/data/labels/app", 11),
    ] {
        assert_eq!(lines.at(pointer), Some(line), "{pointer}");
    }
    assert_eq!(lines.at("/data/none"), None);
    assert_eq!(lines.near("/data/text/none"), Some(13));
}

#[test]
fn json_streams_have_lines_too() {
    let text =
        "{\n \"a\": {\"b\\u0041\": 1},\n \"c\": [\n  true, \"x\"\n ]\n}\n{\"d\":\n1, \"d\": 2}\n";
    let documents = yaml::manifests(text.as_bytes()).expect("it is well formed");
    assert_eq!(documents.len(), 2);
    assert_eq!(
        documents[0].value.to_json(),
        r#"{"a":{"bA":1},"c":[true,"x"]}"#
    );
    for (pointer, line) in [("", 1), ("/a", 2), ("/a/bA", 2), ("/c", 3), ("/c/1", 4)] {
        assert_eq!(documents[0].lines.at(pointer), Some(line), "{pointer}");
    }
    assert_eq!(documents[1].line, 7);
    assert_eq!(documents[1].lines.at("/d"), Some(8));
    assert_eq!(documents[1].duplicates.len(), 1);
    assert_eq!(documents[1].duplicates[0].line, 8);
}

#[test]
fn json_may_be_followed_by_yaml() {
    let documents = yaml::manifests(b"{\"a\": 1}\n---\nb: 2\n").expect("it is well formed");
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1].lines.at("/b"), Some(3));
}

#[test]
fn duplicate_keys_are_listed_with_their_place() {
    let text = "a: 1\n---\nx: &x {k: 1}\nb:\n  c: 1\n  'c': 2\nd:\n  k: 1\n  <<: *x\n  k: 2\n";
    let documents = yaml::manifests(text.as_bytes()).expect("it is well formed");
    let found: Vec<_> = documents[1]
        .duplicates
        .iter()
        .map(|d| (d.line, d.column, d.key.as_str(), d.merged))
        .collect();
    assert_eq!(
        found,
        [
            (6, 3, "\"c\"", false),
            (3, 8, "\"k\"", true),
            (10, 3, "\"k\"", false)
        ]
    );
}

#[test]
fn mistakes_have_a_place_in_the_file() {
    let error =
        yaml::manifests(b"a: 1\n---\nb:\n  c: [1, 2\nd: 3\n").expect_err("it is not closed");
    assert_eq!(error.line(), Some(5));
    assert_eq!(error.kind(), ErrorKind::Parse);
    let error = yaml::manifests(b"a: 1\n---\nb:\n\tc: 1\n").expect_err("tabs can't indent");
    assert_eq!((error.line(), error.column()), (Some(4), Some(1)));
    let error = yaml::manifests(b"a: 1\n--- x\n").expect_err("nothing may follow");
    assert_eq!(error.line(), Some(2));
}

#[test]
fn laughs_depth_and_self_reference_are_bounded() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let before = format!("*a{}", i - 1);
        let list = [before.as_str(); 9].join(", ");
        bomb += &format!("a{i}: &a{i} [{list}]\n");
    }
    let error = yaml::v2::to_value(bomb.as_bytes()).expect_err("it is a bomb");
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_eq!(error.message(), "document contains excessive aliasing");
    assert_eq!(
        yaml::v3::documents(bomb.as_bytes())
            .expect_err("it is a bomb")
            .kind(),
        ErrorKind::Limit
    );

    let big = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1 << 20),
        "*a, ".repeat(90)
    );
    let error = yaml::v2::to_value(big.as_bytes()).expect_err("it copies 90 MB");
    assert_eq!(error.kind(), ErrorKind::Limit);

    for deep in ["[".repeat(5000), "- ".repeat(5000), "{a: ".repeat(5000)] {
        let error = yaml::v2::to_value(deep.as_bytes()).expect_err("it is deep");
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    }
    let mut chain = "a0: &a0 [x]\n".to_owned();
    for i in 1..5000 {
        chain += &format!("a{i}: &a{i} [*a{}]\n", i - 1);
    }
    assert!(yaml::v2::to_value(chain.as_bytes()).is_err());

    let error = yaml::v2::to_value(b"a: &a [*a]").expect_err("it contains itself");
    assert_eq!(error.kind(), ErrorKind::Alias);
    assert!(yaml::v3::documents(b"a: &a [*a]").is_err());
    assert!(yaml::v3::documents(b"a: &a {b: 1, <<: *a}").is_err());
}
