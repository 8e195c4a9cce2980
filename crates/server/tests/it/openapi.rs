//! The document that is committed is the one of the table.

#[test]
fn the_committed_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let mut wanted = serde_json::to_string_pretty(&server::routes::document()).unwrap();
    wanted.push('\n');
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == wanted,
        "docs/openapi.json is not that of the routes: UPDATE_GOLDEN=1 cargo test -p server openapi"
    );
}
