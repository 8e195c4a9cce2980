//! What was answered survives, however the process ends.

use controlplane::registry::{ListOptions, Target, WriteOptions};
use controlplane::{ControlPlane, Options, Storage, Token};
use value::{Value, json};

use crate::client::Client;

fn options(folder: &std::path::Path) -> Options {
    Options {
        storage: Storage::Dir(folder.to_owned()),
        tokens: vec![Token::admin("secret")],
        ..Options::default()
    }
}

#[tokio::test]
async fn a_restart_reads_everything_back_and_revisions_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let plane = ControlPlane::start(options(folder.path())).await.expect("it starts");
    let kind = plane.registry().kind("", "v1", "configmaps").expect("a kind");
    let all = Target::collection(&kind, "default");
    let write = WriteOptions::system("test");
    for name in ["a", "b", "c"] {
        let object = json!({"metadata": {"name": name}, "data": {"k": name}});
        plane.registry().create(&all, object, &write).await.expect("it is made");
    }
    let gone = Target::object(&kind, "default", "b");
    plane.registry().delete(&gone, &Default::default()).await.expect("it is deleted");
    let revision = plane.registry().revision();
    plane.shutdown().await;

    let plane = ControlPlane::start(options(folder.path())).await.expect("it starts again");
    let listing = plane.registry().list(&all, &ListOptions::default()).await.expect("a list");
    let names: Vec<&str> = listing.objects.iter().map(|o| o.name()).collect();
    assert_eq!(names, ["a", "c"]);
    assert!(plane.registry().revision() >= revision, "revisions never go back");

    // What happened before is gone: who watches from there starts anew.
    let mut client = Client::new(plane.addr(), "secret");
    let path = format!("/api/v1/namespaces/default/configmaps?watch=1&resourceVersion={}", revision - 2);
    let answer = client.send("GET", &path, &[], None).await;
    assert_eq!(answer.code, 410);
    let status = Value::parse(&answer.body).expect("a status");
    assert_eq!(status.str_at(&["reason"]), "Expired");
    plane.shutdown().await;
}
