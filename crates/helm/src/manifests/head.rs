//! What Helm reads of a manifest: a few fields, of fixed types.

use value::Value;

/// Checks the types of what Helm reads; gives back what is wrong in Go's words. Scalars become text
/// wherever text is wanted, and `null` fits everywhere.
pub(super) fn check(object: &Value) -> Result<(), String> {
    if object.is_null() {
        return Ok(());
    }
    if !object.is_object() {
        let got = kind(object);
        return Err(wrong(got, "value of type util.SimpleHead"));
    }
    text(object.get("apiVersion"), "SimpleHead.apiVersion")?;
    text(object.get("kind"), "SimpleHead.kind")?;
    let metadata = match object.get("metadata") {
        None | Some(Value::Null) => return Ok(()),
        Some(metadata) if metadata.is_object() => metadata,
        Some(other) => {
            return Err(wrong(
                kind(other),
                r#"struct field SimpleHead.metadata of type struct { Name string "json:\"name\""; Annotations map[string]string "json:\"annotations\"" }"#,
            ));
        }
    };
    match metadata.get("annotations") {
        None | Some(Value::Null) => {}
        Some(Value::Object(annotations)) => {
            for (_, annotation) in annotations.iter() {
                text(Some(annotation), ".metadata.annotations")?;
            }
        }
        Some(other) => {
            return Err(wrong(
                kind(other),
                "struct field .metadata.annotations of type map[string]string",
            ));
        }
    }
    text(metadata.get("name"), ".metadata.name")
}

fn text(value: Option<&Value>, field: &str) -> Result<(), String> {
    match value {
        Some(value @ (Value::Array(_) | Value::Object(_))) => Err(wrong(
            kind(value),
            &format!("struct field {field} of type string"),
        )),
        _ => Ok(()),
    }
}

fn wrong(got: &str, wanted: &str) -> String {
    format!("json: cannot unmarshal {got} into Go {wanted}")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        _ => "number",
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn fields_have_types() {
        let wrong = |text: &str| {
            let object = yaml::v2::to_value(text.as_bytes()).expect("it is YAML");
            check(&object).err().unwrap_or_default()
        };
        for fine in ["null", "kind: 1", "metadata: null", "metadata: {name: 1.5}"] {
            assert_eq!(wrong(fine), "", "{fine}");
        }
        assert_eq!(wrong("metadata: {annotations: {a: true, b: null}}"), "");
        assert_eq!(
            wrong("hello"),
            "json: cannot unmarshal string into Go value of type util.SimpleHead"
        );
        assert_eq!(
            wrong("kind: [a]\nmetadata: b"),
            "json: cannot unmarshal array into Go struct field SimpleHead.kind of type string"
        );
        assert_eq!(
            wrong("metadata: {name: [], annotations: {a: {b: c}}}"),
            "json: cannot unmarshal object into Go struct field .metadata.annotations of type string"
        );
        assert!(wrong("metadata: a").contains("field SimpleHead.metadata of type struct { Name"));
    }
}
