//! What was answered survives, however the process ends.

use std::path::Path;

use controlplane::registry::{DeleteOptions, ListOptions, Target, WriteOptions};
use controlplane::{ControlPlane, Options, Registry, Storage, Token};
use value::{Value, json};

use crate::client::Client;

fn options(folder: &Path) -> Options {
    Options {
        storage: Storage::Dir(folder.to_owned()),
        tokens: vec![Token::admin("secret")],
        ..Options::default()
    }
}

#[tokio::test]
async fn a_restart_reads_everything_back_and_revisions_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let plane = ControlPlane::start(options(folder.path()))
        .await
        .expect("it starts");
    let kind = plane
        .registry()
        .kind("", "v1", "configmaps")
        .expect("a kind");
    let all = Target::collection(&kind, "default");
    let write = WriteOptions::system("test");
    for name in ["a", "b", "c"] {
        let object = json!({"metadata": {"name": name}, "data": {"k": name}});
        plane
            .registry()
            .create(&all, object, &write)
            .await
            .expect("it is made");
    }
    let gone = Target::object(&kind, "default", "b");
    plane
        .registry()
        .delete(&gone, &Default::default())
        .await
        .expect("it is deleted");
    let revision = plane.registry().revision();
    plane.shutdown().await;

    let plane = ControlPlane::start(options(folder.path()))
        .await
        .expect("it starts again");
    let listing = plane
        .registry()
        .list(&all, &ListOptions::default())
        .await
        .expect("a list");
    let names: Vec<&str> = listing.objects.iter().map(|o| o.name()).collect();
    assert_eq!(names, ["a", "c"]);
    assert!(
        plane.registry().revision() >= revision,
        "revisions never go back"
    );

    // What happened before is gone: who watches from there starts anew.
    let mut client = Client::new(plane.addr(), "secret");
    let path = format!(
        "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion={}",
        revision - 2
    );
    let answer = client.send("GET", &path, &[], None).await;
    assert_eq!(answer.code, 410);
    let status = Value::parse(&answer.body).expect("a status");
    assert_eq!(status.str_at(&["reason"]), "Expired");
    plane.shutdown().await;
}

const WRITERS: usize = 8;
const OBJECTS: usize = 25;

fn config_map(registry: &Registry, name: &str) -> Target {
    let kind = registry
        .kinds()
        .get("", "v1", "configmaps")
        .expect("a built-in kind");
    Target::object(&kind, "default", name)
}

async fn create(registry: &Registry, name: &str) -> Value {
    let value = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
        "data": {"name": name},
    });
    let target = config_map(registry, name);
    let options = WriteOptions::default();
    let done = registry
        .create(&target, value, &options)
        .await
        .expect("a new object");
    done.object.value.clone()
}

/// Writes from many tasks; every second object is changed once more. Returns what was answered.
async fn write(registry: &Registry) -> Vec<Value> {
    let writers = (0..WRITERS).map(|writer| {
        let registry = registry.clone();
        tokio::spawn(async move {
            let mut answers = Vec::new();
            for i in 0..OBJECTS {
                let name = format!("c{writer}-{i}");
                let mut answer = create(&registry, &name).await;
                if i % 2 == 0 {
                    answer.set_at(&["data", "changed"], "yes");
                    let target = config_map(&registry, &name);
                    let options = WriteOptions::default();
                    let done = registry.update(&target, answer, &options).await;
                    answer = done.expect("an object that is there").object.value.clone();
                }
                answers.push(answer);
            }
            answers
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut answers = Vec::new();
    for writer in writers {
        answers.extend(writer.await.expect("a writer"));
    }
    answers
}

/// What a killed process leaves: the files as they are, with nothing flushed or closed.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("a file");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answered_writes_outlive_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let left = tempfile::tempdir().expect("a folder");
    let killed = ControlPlane::start(options(folder.path()))
        .await
        .expect("it starts");
    let answers = write(killed.registry()).await;
    let gone = config_map(killed.registry(), "c0-1");
    killed
        .registry()
        .delete(&gone, &DeleteOptions::default())
        .await
        .expect("an object that is there");
    let revision = killed.registry().revision();
    copy(folder.path(), left.path());
    drop(killed);

    let plane = ControlPlane::start(options(left.path()))
        .await
        .expect("it starts again");
    let registry = plane.registry();
    for answer in &answers {
        let name = answer.str_at(&["metadata", "name"]);
        let found = registry.get(&config_map(registry, name)).await;
        if name == "c0-1" {
            assert_eq!(found.expect_err("it was deleted").code, 404);
        } else {
            assert_eq!(found.expect("an answered object").value, *answer);
        }
    }
    assert!(registry.revision() >= revision, "the revision went back");
    let next = create(registry, "next").await;
    let next: u64 = next
        .str_at(&["metadata", "resourceVersion"])
        .parse()
        .expect("a number");
    assert!(next > revision, "{next} came after {revision}");
    plane.shutdown().await;
}
