//! The built-in types: the table in the repository is what its generator writes.

use crate::shared;
use merge::schema::{Format, builtin_from_openapi};
use merge::{Duplicates, Schema, Typed, builtin};
use value::json;

#[test]
fn the_table_is_up_to_date() {
    let Some(document) = shared::json("kubernetes/openapi.json") else {
        return;
    };
    let schema = builtin_from_openapi(document).expect("an OpenAPI document");
    let table = include_str!("../../src/builtin.schema");
    assert!(
        schema.to_table() == table,
        "run `cargo run -p merge --example schemagen > crates/merge/src/builtin.schema`"
    );
}

#[test]
fn a_table_is_read_as_it_was_written() {
    let table = include_str!("../../src/builtin.schema");
    let schema = Schema::from_table(table).expect("the table is well-formed");
    assert_eq!(schema.to_table(), table);
}

#[test]
fn a_deployment_has_the_paths_that_the_server_records() {
    let schema = builtin();
    let of = schema.type_of("apps/v1", "Deployment").expect("a built-in");
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"a": "b"}},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"spec": {"containers": [{
                "name": "web", "args": ["-v"], "ports": [{"containerPort": 80}],
                "resources": {"limits": {"cpu": 1}},
            }]}},
        },
    });
    let typed = Typed::new(schema, of, &deployment);
    assert_eq!(typed.validate(Duplicates::Refuse), Ok(()));
    assert_eq!(
        typed.field_set().expect("a valid object").to_fields_v1(),
        json!({
            "f:apiVersion": {}, "f:kind": {}, "f:metadata": {"f:name": {}, "f:labels": {"f:a": {}}},
            "f:spec": {
                "f:selector": {},
                "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
                    ".": {}, "f:name": {}, "f:args": {},
                    "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {
                        ".": {}, "f:containerPort": {},
                    }},
                    "f:resources": {"f:limits": {"f:cpu": {}}},
                }}}},
            },
        })
    );
}

#[test]
fn formats_are_known() {
    let schema = builtin();
    let format = |api_version: &str, kind: &str, path: &[&str]| {
        let mut of = schema.type_of(api_version, kind).expect("a built-in");
        for name in path {
            let atom = schema.atom(of);
            of = match (&atom.map, &atom.list) {
                (Some(map), _) => map.member(name).expect("a member"),
                (_, Some(list)) => list.element,
                _ => panic!("{name} is below a scalar"),
            };
        }
        schema.atom(of).format
    };
    let container = ["spec", "containers", "", "resources", "limits", "cpu"];
    assert_eq!(format("v1", "Pod", &container), Format::Quantity);
    assert_eq!(
        format("v1", "Service", &["spec", "ports", "", "targetPort"]),
        Format::IntOrString
    );
    assert_eq!(format("v1", "Secret", &["data", "password"]), Format::Bytes);
    assert_eq!(
        format("v1", "Pod", &["metadata", "creationTimestamp"]),
        Format::Time
    );
    assert_eq!(
        format("coordination.k8s.io/v1", "Lease", &["spec", "renewTime"]),
        Format::MicroTime
    );
}

#[test]
fn a_custom_resource_definition_is_a_schema() {
    let crd = json!({"spec": {
        "group": "example.com", "names": {"kind": "Widget"},
        "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {
            "type": "object",
            "properties": {"spec": {"type": "object", "properties": {
                "parts": {
                    "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
                    "items": {"type": "object", "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}},
                },
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            }}},
        }}}],
    }});
    let schema = Schema::from_crd(&crd).expect("a valid definition");
    let of = schema
        .type_of("example.com/v1", "Widget")
        .expect("its kind");
    let widget = json!({
        "apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"},
        "spec": {"parts": [{"id": "a", "n": 1}], "free": {"x": {"y": 1}}},
    });
    let typed = Typed::new(&schema, of, &widget);
    assert_eq!(
        typed
            .field_set()
            .map(|set| set.to_fields_v1().get("f:spec").cloned()),
        Ok(Some(json!({
            "f:parts": {"k:{\"id\":\"a\"}": {".": {}, "f:id": {}, "f:n": {}}},
            "f:free": {"f:x": {".": {}, "f:y": {}}},
        })))
    );
    let wrong = json!({"spec": {"what": 1}});
    let error = Typed::new(&schema, of, &wrong).validate(Duplicates::Refuse);
    assert_eq!(
        error.map_err(|e| e.to_string()),
        Err(".spec.what: field not declared in schema".to_owned())
    );
}

#[test]
fn documents_of_version_3_are_read_too() {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let document = json!({"openapi": "3.0.0", "components": {"schemas": {
        "io.k8s.api.apps.v1.Thing": {
            "type": "object",
            "x-kubernetes-group-version-kind": [{"group": "apps", "version": "v1", "kind": "Thing"}],
            "properties": {
                "metadata": {
                    "allOf": [reference("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")],
                    "default": {},
                },
                "selector": {
                    "allOf": [reference("io.k8s.api.apps.v1.Selector")],
                    "x-kubernetes-map-type": "atomic",
                },
                "ports": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["port", "protocol"],
                    "items": {"allOf": [reference("io.k8s.api.apps.v1.Port")], "default": {}},
                },
            },
        },
        "io.k8s.api.apps.v1.Selector": {"type": "object", "properties": {"app": {"type": "string"}}},
        "io.k8s.api.apps.v1.Port": {"type": "object", "properties": {
            "port": {"type": "integer", "format": "int32", "default": 0},
            "protocol": {"type": "string", "default": "TCP"},
        }},
        "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {
            "type": "object", "properties": {"name": {"type": "string"}},
        },
    }}});
    let schema = Schema::from_openapi(&document).expect("a valid document");
    let of = schema.type_of("apps/v1", "Thing").expect("its kind");
    let thing = json!({
        "metadata": {"name": "t"}, "selector": {"app": "a"}, "ports": [{"port": 80}],
    });
    let set = Typed::new(&schema, of, &thing)
        .field_set()
        .expect("a valid object");
    assert_eq!(
        set.to_fields_v1(),
        json!({
            "f:metadata": {"f:name": {}},
            "f:selector": {},
            "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}},
        })
    );
    let empty = schema.empty_object("apps/v1", "Thing");
    assert_eq!(
        empty,
        json!({"apiVersion": "apps/v1", "kind": "Thing", "metadata": {}})
    );
}
