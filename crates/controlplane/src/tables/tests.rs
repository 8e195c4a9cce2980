use value::{Value, json};

use super::{Include, format::human_duration, scale, table};
use crate::kinds::{KindSet, Kinds};

fn cells(group: &str, version: &str, plural: &str, object: Value) -> (Vec<String>, Vec<Value>) {
    let kind = Kinds::new(KindSet::Windlass)
        .get(group, version, plural)
        .expect("a known kind");
    let now = "2026-01-01T01:00:00Z".parse().expect("a time");
    let table = table(&kind, "v1", &[object], Include::None, now);
    let columns = table.array_at(&["columnDefinitions"]).iter();
    let columns = columns.map(|c| c.str_at(&["name"]).to_owned()).collect();
    (
        columns,
        table.array_at(&["rows"])[0].array_at(&["cells"]).to_vec(),
    )
}

#[test]
fn ages_lose_precision_as_they_grow() {
    let (minute, hour, day) = (60, 3_600, 86_400);
    let ages = [
        (-2, "<invalid>"),
        (-1, "0s"),
        (119, "119s"),
        (2 * minute, "2m"),
        (9 * minute + 59, "9m59s"),
        (179 * minute, "179m"),
        (3 * hour + 4 * minute, "3h4m"),
        (47 * hour, "47h"),
        (2 * day + hour, "2d1h"),
        (8 * day + hour, "8d"),
        (2 * 365 * day + day, "2y1d"),
        (9 * 365 * day, "9y"),
    ];
    for (seconds, age) in ages {
        assert_eq!(human_duration(seconds), age);
    }
}

#[test]
fn every_built_in_kind_has_as_many_cells_as_columns() {
    for kind in Kinds::new(KindSet::Windlass).all() {
        let object = json!({"metadata": {"name": "a"}});
        let (columns, cells) = cells(&kind.group, &kind.version, &kind.plural, object);
        assert_eq!(columns.len(), cells.len(), "{}", kind.qualified_kind());
    }
}

#[test]
fn both_versions_of_an_autoscaler_show_the_same() {
    let meta = json!({"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"});
    let target = json!({"kind": "Deployment", "name": "web"});
    let v1 = json!({"metadata": &meta, "spec": {
        "scaleTargetRef": &target, "maxReplicas": 3, "targetCPUUtilizationPercentage": 50,
    }});
    let metric = json!({"type": "Resource", "resource": {
        "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}
    }});
    let v2 = json!({"metadata": &meta, "spec": {
        "scaleTargetRef": &target, "maxReplicas": 3, "metrics": [metric],
    }});
    let (_, v1) = cells("autoscaling", "v1", "horizontalpodautoscalers", v1);
    let (_, v2) = cells("autoscaling", "v2", "horizontalpodautoscalers", v2);
    assert_eq!(v1, v2);
    assert_eq!(v1[2], Value::from("cpu: <unknown>/50%"));
    assert_eq!(v1[6], Value::from("60m"));
}

#[test]
fn custom_resources_show_what_is_there() {
    let app = json!({"metadata": {"name": "web"}, "spec": {"project": "default"},
        "status": {"sync": {"status": "Synced"}}});
    let (columns, cells) = cells("argoproj.io", "v1alpha1", "applications", app);
    assert_eq!(
        columns,
        [
            "Name",
            "Sync Status",
            "Health Status",
            "Revision",
            "Project"
        ]
    );
    assert_eq!(
        Value::Array(cells).to_json(),
        r#"["web","Synced",null,null,"default"]"#
    );
}

#[test]
fn a_scale_names_no_object() {
    let object = json!({"metadata": {"name": "a"}, "spec": {"replicas": 2}, "status": {}});
    let now = jiff::Timestamp::UNIX_EPOCH;
    let table = scale("v1", &[object], Include::None, now);
    assert_eq!(
        table.array_at(&["columnDefinitions"])[0].str_at(&["format"]),
        ""
    );
    let cells = &table.array_at(&["rows"])[0].array_at(&["cells"])[..3];
    assert_eq!(Value::Array(cells.to_vec()).to_json(), r#"["a",2,0]"#);
}
