//! Writes `src/builtin.schema` from the OpenAPI document (version 2) of an API server.
//!
//! ```sh
//! WINDLASS_SHARED=... cargo run -p merge --example schemagen > crates/merge/src/builtin.schema
//! ```

use std::error::Error;
use std::io::Write as _;

fn main() -> Result<(), Box<dyn Error>> {
    let shared = std::env::var("WINDLASS_SHARED")?;
    let document = std::fs::read(format!("{shared}/conformance/kubernetes/openapi.json"))?;
    let schema = merge::schema::builtin_from_openapi(value::Value::parse(&document)?)?;
    std::io::stdout().write_all(schema.to_table().as_bytes())?;
    Ok(())
}
