//! Fields that a kind doesn't have, as the API server tells of them.

use value::Value;

/// What the server says of each, after its path.
const SAYS: &str = ": field not declared in schema";

/// Takes off an object the fields that the server's answer to an apply calls unknown. Returns their
/// paths; none if the answer is about something else as well.
pub(super) fn leave_out(object: &mut Value, answer: &str) -> Vec<String> {
    let mut left_out = Vec::new();
    for part in answer.split(SAYS) {
        // A path begins after white space, and ends where the server's words do.
        let path = part.rsplit(char::is_whitespace).next().unwrap_or_default();
        if path.starts_with('.') && remove(object, path) {
            left_out.push(path.to_owned());
        }
    }
    match answer.matches(SAYS).count() == left_out.len() {
        true => left_out,
        false => Vec::new(),
    }
}

/// Removes what a path like `.spec.containers[name="web"].nope` leads to. Returns true if it was
/// there.
fn remove(object: &mut Value, path: &str) -> bool {
    let Some((parent, field)) = path.rsplit_once('.') else {
        return false;
    };
    let mut at = object;
    let mut rest = parent;
    while !rest.is_empty() {
        let next = match rest.strip_prefix('.') {
            Some(after) => {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, after) = after.split_at(end);
                rest = after;
                at.get_mut(name)
            }
            None => {
                let Some((item, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']'))
                else {
                    return false;
                };
                rest = after;
                item_mut(at, item)
            }
        };
        let Some(next) = next else { return false };
        at = next;
    }
    at.as_object_mut()
        .is_some_and(|o| o.remove(field).is_some())
}

/// Returns the item of a list that `name="web",port=80` or `3` means.
fn item_mut<'v>(list: &'v mut Value, item: &str) -> Option<&'v mut Value> {
    let Value::Array(items) = list else {
        return None;
    };
    if let Ok(index) = item.parse::<usize>() {
        return items.get_mut(index);
    }
    let is_meant = |value: &Value| {
        item.split(',').all(|part| {
            part.split_once('=').is_some_and(|(name, wanted)| {
                value.get(name).is_some_and(|v| v.to_json() == wanted)
            })
        })
    };
    items.iter_mut().find(|value| is_meant(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn fields_are_found_by_the_server_s_paths() {
        let mut object = json!({"nope": 1, "spec": {"template": {"spec": {"containers": [
            {"name": "a"}, {"name": "web", "imagee": "x", "image": "y"},
        ]}}}});
        let answer = "failed to create typed patch object (ns/a; apps/v1, Kind=Deployment): errors:\n  \
                      .nope: field not declared in schema\n  \
                      .spec.template.spec.containers[name=\"web\"].imagee: field not declared in schema";
        let left_out = leave_out(&mut object, answer);
        assert_eq!(left_out.len(), 2, "{left_out:?}");
        assert_eq!(
            object.to_json(),
            r#"{"spec":{"template":{"spec":{"containers":[{"name":"a"},{"image":"y","name":"web"}]}}}}"#
        );
    }

    #[test]
    fn other_answers_leave_the_object_alone() {
        let before = json!({"a": {"b": 1}});
        let mut object = before.clone();
        for answer in ["", "a.b is invalid", ".x.y: field not declared in schema"] {
            assert!(leave_out(&mut object, answer).is_empty(), "{answer}");
        }
        assert_eq!(object, before);
    }
}
