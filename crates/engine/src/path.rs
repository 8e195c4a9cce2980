//! Paths of fields as people write them.

use value::{Value, pointer};

/// Returns the JSON pointer of a field of an object: `/spec/replicas` as it is, or
/// `spec.containers[name=web].image`, or as a difference has it,
/// `spec.ports[port=80,protocol="TCP"].name`; `None` if the text isn't a path, or names an item that
/// the object doesn't have.
#[must_use]
pub fn pointer_of(object: &Value, path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with('/') {
        return Some(path.to_owned());
    }
    let mut found = String::new();
    let mut rest = path.trim_start_matches('.');
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (inside, after) = inside.split_once(']')?;
            if inside.parse::<usize>().is_ok() {
                found.push('/');
                found.push_str(inside);
            } else if inside.contains('=') {
                let list = object.pointer(&found)?.as_array()?;
                let at = list.iter().position(|item| is_meant(item, inside))?;
                found.push_str(&format!("/{at}"));
            } else {
                // A name with dots: metadata.annotations[example.com/a].
                found.push('/');
                found.push_str(&pointer::escape(inside.trim_matches(['"', '\''])));
            }
            rest = after.strip_prefix('.').unwrap_or(after);
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            found.push('/');
            found.push_str(&pointer::escape(&rest[..end]));
            rest = &rest[end..];
            rest = rest.strip_prefix('.').unwrap_or(rest);
        }
    }
    Some(found)
}

/// Returns true if an item of a list has every one of `name="web",port=80`.
fn is_meant(item: &Value, keys: &str) -> bool {
    keys.split(',').all(|key| {
        let Some((name, wanted)) = key.split_once('=') else {
            return false;
        };
        let value = item.get(name.trim());
        value.is_some_and(|v| match v.as_str() {
            Some(text) => text == wanted.trim_matches(['"', '\'']),
            None => v.to_json() == wanted,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn items_are_found_by_their_keys() {
        let object = json!({"spec": {
            "containers": [{"name": "a"}, {"name": "web", "image": "x"}],
            "ports": [{"port": 80, "protocol": "UDP"}, {"port": 80, "protocol": "TCP"}],
        }});
        let of = |path| pointer_of(&object, path);
        let image = Some("/spec/containers/1/image".to_owned());
        assert_eq!(of("spec.containers[name=web].image"), image);
        assert_eq!(of("spec.containers[name=\"web\"].image"), image);
        assert_eq!(of("spec.containers[1].image"), image);
        let port = Some("/spec/ports/1".to_owned());
        assert_eq!(of("spec.ports[port=80,protocol=\"TCP\"]"), port);
        assert_eq!(of("spec.containers[name=other]"), None);
        assert_eq!(
            of("metadata.annotations[\"example.com/a\"]"),
            Some("/metadata/annotations/example.com~1a".into())
        );
    }
}
