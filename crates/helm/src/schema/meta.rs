//! What a schema itself must look like, by the draft that it names.

use value::{Value, json};

/// Drafts of JSON Schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Draft {
    D4,
    D6,
    D7,
    D2019,
    D2020,
}

impl Draft {
    fn of(schema: &Value) -> Self {
        let named = schema.get("$schema").and_then(Value::as_str).unwrap_or("");
        let drafts = [
            ("draft-04", Self::D4),
            ("draft-06", Self::D6),
            ("draft-07", Self::D7),
            ("2019-09", Self::D2019),
        ];
        let found = drafts.iter().find(|(name, _)| named.contains(name));
        found.map_or(Self::D2020, |(_, draft)| *draft)
    }

    const fn url(self) -> &'static str {
        match self {
            Self::D4 => "http://json-schema.org/draft-04/schema#",
            Self::D6 => "http://json-schema.org/draft-06/schema#",
            Self::D7 => "http://json-schema.org/draft-07/schema#",
            Self::D2019 => "https://json-schema.org/draft/2019-09/schema#",
            Self::D2020 => "https://json-schema.org/draft/2020-12/schema#",
        }
    }

    const fn has_vocabularies(self) -> bool {
        matches!(self, Self::D2019 | Self::D2020)
    }
}

/// Returns the schema for schemas of the draft that a schema names, and its address.
pub(super) fn of(schema: &Value) -> (Value, &'static str) {
    let draft = Draft::of(schema);
    (whole(draft), draft.url())
}

/// Keywords with what their values must be.
type Keywords = Vec<(&'static str, Value)>;

fn properties(keywords: Keywords) -> Value {
    json!({"properties": Value::Object(keywords.into_iter().collect())})
}

fn whole(draft: Draft) -> Value {
    if draft.has_vocabularies() {
        return json!({
            "type": ["object", "boolean"],
            "allOf": [
                properties(core()),
                properties(applicators(draft)),
                properties(validations(draft)),
                properties(notes(draft)),
                properties(vec![("format", string())]),
                properties(vec![
                    ("contentEncoding", string()),
                    ("contentMediaType", string()),
                    ("contentSchema", schema()),
                ]),
            ],
            "properties": {
                "definitions": schemas(),
                "dependencies": {
                    "type": "object",
                    "additionalProperties": {"anyOf": [schema(), strings(0)]},
                },
            },
        });
    }
    let mut all = applicators(draft);
    all.extend(validations(draft));
    all.extend(notes(draft));
    all.push(("$schema", string()));
    all.push(("definitions", schemas()));
    all.push(("format", string()));
    let mut whole = properties(all);
    let of = match draft {
        Draft::D4 => json!("object"),
        _ => json!(["object", "boolean"]),
    };
    whole.set_at(&["type"], of);
    if draft == Draft::D4 {
        let pairs = json!({"exclusiveMaximum": ["maximum"], "exclusiveMinimum": ["minimum"]});
        whole.set_at(&["dependencies"], pairs);
    }
    whole
}

fn schema() -> Value {
    json!({"$ref": "#"})
}

fn schemas() -> Value {
    json!({"type": "object", "additionalProperties": schema()})
}

fn list_of_schemas() -> Value {
    json!({"type": "array", "minItems": 1, "items": schema()})
}

fn string() -> Value {
    json!({"type": "string"})
}

fn boolean() -> Value {
    json!({"type": "boolean"})
}

fn number() -> Value {
    json!({"type": "number"})
}

fn strings(least: i64) -> Value {
    json!({"type": "array", "items": string(), "uniqueItems": true, "minItems": least})
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn regex() -> Value {
    json!({"type": "string", "format": "regex"})
}

fn core() -> Keywords {
    let text = [
        "$id",
        "$schema",
        "$ref",
        "$anchor",
        "$dynamicRef",
        "$comment",
    ];
    let mut all: Keywords = text.iter().map(|name| (*name, string())).collect();
    all.push(("$defs", schemas()));
    all
}

fn applicators(draft: Draft) -> Keywords {
    let one_or_more = || json!({"anyOf": [schema(), list_of_schemas()]});
    let one = match draft {
        Draft::D4 => json!({"anyOf": [boolean(), schema()]}),
        _ => schema(),
    };
    let mut patterns = schemas();
    if draft != Draft::D4 {
        patterns.set_at(&["propertyNames"], json!({"format": "regex"}));
    }
    let mut all = vec![
        ("additionalProperties", one.clone()),
        ("properties", schemas()),
        ("patternProperties", patterns),
        ("allOf", list_of_schemas()),
        ("anyOf", list_of_schemas()),
        ("oneOf", list_of_schemas()),
        ("not", schema()),
    ];
    match draft {
        Draft::D2020 => {
            all.push(("prefixItems", list_of_schemas()));
            all.push(("items", schema()));
        }
        _ => {
            all.push(("items", one_or_more()));
            all.push(("additionalItems", one));
        }
    }
    if draft != Draft::D4 {
        all.extend(["contains", "propertyNames"].map(|name| (name, schema())));
    }
    if !matches!(draft, Draft::D4 | Draft::D6) {
        all.extend(["if", "then", "else"].map(|name| (name, schema())));
    }
    if draft.has_vocabularies() {
        all.push(("dependentSchemas", schemas()));
        all.extend(["unevaluatedItems", "unevaluatedProperties"].map(|name| (name, schema())));
    } else {
        let least = i64::from(draft == Draft::D4);
        let rule = json!({"anyOf": [schema(), strings(least)]});
        all.push((
            "dependencies",
            json!({"type": "object", "additionalProperties": rule}),
        ));
    }
    all
}

fn validations(draft: Draft) -> Keywords {
    let word =
        json!({"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]});
    let words = json!({"type": "array", "items": &word, "minItems": 1, "uniqueItems": true});
    // Before vocabularies, these had a default of 0.
    let least = || match draft.has_vocabularies() {
        true => count(),
        false => json!({"allOf": [count(), {}]}),
    };
    let positive = match draft {
        Draft::D4 => json!({"type": "number", "minimum": 0, "exclusiveMinimum": true}),
        _ => json!({"type": "number", "exclusiveMinimum": 0}),
    };
    let limit = match draft {
        Draft::D4 => boolean(),
        _ => number(),
    };
    let values = match draft {
        Draft::D4 | Draft::D6 => json!({"type": "array", "minItems": 1, "uniqueItems": true}),
        _ => json!({"type": "array"}),
    };
    let mut all = vec![
        ("type", json!({"anyOf": [word, words]})),
        ("enum", values),
        ("multipleOf", positive),
        ("maximum", number()),
        ("exclusiveMaximum", limit.clone()),
        ("minimum", number()),
        ("exclusiveMinimum", limit),
        ("maxLength", count()),
        ("minLength", least()),
        ("pattern", regex()),
        ("maxItems", count()),
        ("minItems", least()),
        ("uniqueItems", boolean()),
        ("maxProperties", count()),
        ("minProperties", least()),
        ("required", strings(i64::from(draft == Draft::D4))),
    ];
    if draft.has_vocabularies() {
        all.extend(["maxContains", "minContains"].map(|name| (name, count())));
        let lists = json!({"type": "object", "additionalProperties": strings(0)});
        all.push(("dependentRequired", lists));
    }
    all
}

fn notes(draft: Draft) -> Keywords {
    let mut all = vec![("title", string()), ("description", string())];
    if draft != Draft::D4 {
        all.push(("examples", json!({"type": "array"})));
    }
    if matches!(draft, Draft::D7 | Draft::D2019 | Draft::D2020) {
        all.push(("readOnly", boolean()));
        all.push(("writeOnly", boolean()));
    }
    if draft.has_vocabularies() {
        all.push(("deprecated", boolean()));
    }
    all
}
