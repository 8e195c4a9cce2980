//! What must hold for any input.

use proptest::prelude::*;
use value::{Object, Value};

/// Text that looks like YAML often enough to get past the first token.
fn yamlish() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b: ",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "\t",
        " ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "? ",
        "&x ",
        "*x",
        "!!int ",
        "!!binary ",
        "!",
        "|",
        ">",
        "|2-",
        ">+",
        "'",
        "\"",
        "\\",
        "\\u12",
        "#",
        " #c",
        "---",
        "...",
        "--- ",
        "%YAML 1.1",
        "%TAG ! x",
        "<<: ",
        "0x1F",
        "1e3",
        "~",
        "null",
        "\u{FEFF}",
        "\u{85}",
        "\u{2028}",
        "é",
        "\r\n",
        "<<: [*x, *x]",
        "12:30",
        "2020-01-01",
        "{{ x }}",
        "\u{1F600}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn any_value() -> impl Strategy<Value = Value> {
    // Controls other than these can't be written by the reference either.
    let text = prop_oneof![
        "[ -~\\n]{0,20}",
        "\\PC{0,8}",
        yamlish().prop_map(|s| s.replace('\u{85}', "")),
        prop::sample::select(vec![
            "yes", "0755", "1_000", ".5", "=", "<<", "y", "1:20", "", " a", "a ", "\ta"
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<u64>().prop_map(Value::from),
        (-1e15_f64..1e15).prop_map(|f| Value::from(f + 0.5)),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((text.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().collect::<Object>().into()),
        ]
    })
}

fn read_everything(text: &[u8]) {
    let _ = yaml::v2::to_value(text);
    let _ = yaml::v2::to_value_strict(text);
    let _ = yaml::manifests(text);
    let documents = yaml::v3::documents(text).unwrap_or_default();
    let _: Vec<_> = documents.iter().map(yaml::v3::Node::to_value).collect();
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_everything(&bytes);
    }

    #[test]
    fn no_text_makes_it_panic(text in yamlish()) {
        read_everything(text.as_bytes());
        read_everything(format!("a:\n- {text}\nb: {{{text}").as_bytes());
    }

    #[test]
    fn what_is_written_reads_back(value in any_value()) {
        let text = yaml::to_yaml(&value);
        let back = yaml::v2::to_value_strict(text.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        prop_assert!(back.equivalent(&value), "{value}\n{text}\n{back}");
    }

    #[test]
    fn manifests_and_v2_agree_on_a_document(value in any_value()) {
        let text = yaml::to_yaml(&value);
        let documents = yaml::manifests(text.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        prop_assert_eq!(documents.len(), 1);
        prop_assert!(documents[0].value.equivalent(&value));
    }
}
