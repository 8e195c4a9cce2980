//! YAML of both dialects: an error or a value, and what is written reads back the same.

#![cfg_attr(feature = "libfuzzer", no_main)]

fuzz::target!(|text| {
    let _documents = yaml::v3::documents(text);
    let _manifests = yaml::manifests(text);
    if let Ok(value) = yaml::v2::to_value(text) {
        let written = yaml::to_yaml(&value);
        let again = yaml::v2::to_value(written.as_bytes()).expect("it was written by us");
        assert!(again.equivalent(&value), "{written}");
    }
});
