//! The scenes: what happens, told, and checked.

use super::{release, sample};
use crate::failure::{Failure, NO};
use crate::output::{say, short};
use crate::plane::Plane;
use cluster::Client;
use ledger::{AuditEntry, DriftRecord};
use std::time::{Duration, Instant};
use value::{Value, json};

/// How long one step of a scene may take.
const STEP_MAX: Duration = Duration::from_secs(20);
/// How often a scene looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// A running demo, looked at.
pub(crate) struct Show<'a> {
    plane: &'a Plane,
    begun: Instant,
}

/// Changes the number of replicas as `kubectl scale` does.
pub(crate) async fn scale(client: &Client, replicas: i64) -> Result<(), Failure> {
    let path = "/apis/apps/v1/namespaces/shop/deployments/web/scale?fieldManager=kubectl-scale";
    client
        .merge_patch(path, &json!({"spec": {"replicas": replicas}}))
        .await?;
    Ok(())
}

impl<'a> Show<'a> {
    pub(crate) fn new(plane: &'a Plane, begun: Instant) -> Self {
        Self { plane, begun }
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        Ok(self.plane.client.get(path).await?)
    }

    async fn application(&self, name: &str) -> Result<Value, Failure> {
        let path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";
        self.get(&format!("{path}/{name}")).await
    }

    async fn deployment(&self) -> Result<Value, Failure> {
        self.get("/apis/apps/v1/namespaces/shop/deployments/web")
            .await
    }

    async fn ledger(&self, plural: &str) -> Result<Vec<Value>, Failure> {
        let path = format!("/apis/windlass.dev/v1alpha1/namespaces/argocd/{plural}");
        Ok(self.get(&path).await?.array_at(&["items"]).to_vec())
    }

    /// Looks at the first sample's application until it is as described.
    async fn until(
        &self,
        what: &str,
        done: impl Fn(&Value) -> bool,
    ) -> Result<(Value, Duration), Failure> {
        self.until_app(sample::NAME, what, done).await
    }

    async fn until_app(
        &self,
        name: &str,
        what: &str,
        done: impl Fn(&Value) -> bool,
    ) -> Result<(Value, Duration), Failure> {
        let begun = Instant::now();
        loop {
            let app = self.application(name).await?;
            if done(&app) {
                return Ok((app, begun.elapsed()));
            }
            if begun.elapsed() > STEP_MAX {
                return Err(Failure::new(
                    NO,
                    format!(
                        "scene failed: {what} did not happen; status: {}",
                        summary(&app)
                    ),
                ));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Scene 1: Synced and Healthy from Git.
    pub(crate) async fn deployed(&self) -> Result<(), Failure> {
        let (app, _) = self.until("Synced and Healthy", fine).await?;
        say(&format!(
            "  app shop        Synced, Healthy at {} {:?}   {:.1}s",
            short(revision(&app)),
            "shop v1",
            self.begun.elapsed().as_secs_f64(),
        ));
        Ok(())
    }

    /// Scene 2: a change by hand is undone, with a name on it.
    pub(crate) async fn drift(&self) -> Result<(), Failure> {
        say("");
        say("# scene 2: change the cluster by hand, watch it heal with a name on it");
        scale(&self.plane.client, 9).await?;
        let begun = Instant::now();
        loop {
            let replicas = self.deployment().await?.i64_at(&["spec", "replicas"]);
            if replicas == Some(3) {
                break;
            }
            if begun.elapsed() > STEP_MAX {
                return Err(Failure::new(
                    NO,
                    "scene failed: replicas were not healed to 3",
                ));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let healed = begun.elapsed();
        self.until("Synced again", fine).await?;
        self.plane.flush().await;
        let records = self.ledger("driftrecords").await?;
        let Some((item, record)) = records
            .iter()
            .find_map(|r| Some((r, DriftRecord::from_value(r)?)))
        else {
            return Err(Failure::new(NO, "scene failed: the drift ledger is empty"));
        };
        let field = record.fields.first();
        let right =
            field.is_some_and(|f| f.path == "spec.replicas" && f.git == "3" && f.live == "9");
        if !right || item.str_at(&["outcome", "action"]) != "healed" {
            return Err(Failure::new(
                NO,
                format!("scene failed: the ledger says {}", item.to_json()),
            ));
        }
        if record.author.name != crate::connect::user() || record.author.grade.letter() != "V" {
            let author = &record.author;
            return Err(Failure::new(
                NO,
                format!("scene failed: the author is {author:?}"),
            ));
        }
        say(&format!(
            "  drift   {} ({}) via {}   {} spec.replicas 3 -> 9   healed to 3 in {:.2}s",
            record.author.name,
            record.author.grade.letter(),
            record.author.via,
            record.key,
            healed.as_secs_f64(),
        ));
        Ok(())
    }

    /// Scene 3: a commit that can't start is rolled back and held.
    pub(crate) async fn bad_commit(&self) -> Result<(), Failure> {
        say("");
        say("# scene 3: push a bad commit");
        let good = revision(&self.application(sample::NAME).await?).to_owned();
        let repository = self.repository()?;
        let bad = sample::bad(&repository)
            .map_err(|e| broken(&e))?
            .to_string();
        self.plane.repository_changed(sample::NAME);
        let applied = |app: &Value| {
            revision(app) == bad
                && app
                    .str_at(&["status", "health", "message"])
                    .contains("failing")
        };
        let (app, _) = self.until("the bad commit's deployment", applied).await?;
        say(&format!(
            "  {} \"shop v2\"   applied   {}",
            short(&bad),
            app.str_at(&["status", "health", "message"])
        ));
        let back = |app: &Value| {
            let conditions = app.array_at(&["status", "conditions"]);
            let held = conditions
                .iter()
                .any(|c| c.str_at(&["type"]) == "RevisionHeld");
            fine(app) && revision(app) == good && held
        };
        let (_, took) = self.until("the rollback", back).await?;
        let image = self.deployment().await?;
        let image = image
            .array_at(&["spec", "template", "spec", "containers"])
            .first()
            .map_or("", |c| c.str_at(&["image"]))
            .to_owned();
        if image != "web:1" {
            return Err(Failure::new(
                NO,
                format!("scene failed: the image is {image}"),
            ));
        }
        say(&format!(
            "  health gate failed after 5s -> rolled back to {} (Healthy after {:.1}s); {} is HELD",
            short(&good),
            took.as_secs_f64(),
            short(&bad),
        ));
        // A held revision isn't tried again, whatever is asked for.
        self.plane.repository_changed(sample::NAME);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let app = self.application(sample::NAME).await?;
        if revision(&app) != good {
            return Err(Failure::new(
                NO,
                "scene failed: the held revision was tried again",
            ));
        }
        Ok(())
    }

    /// Scene 4: a fix is deployed, and what Git no longer has is gone.
    pub(crate) async fn fix(&self) -> Result<(), Failure> {
        say("");
        say("# scene 4: push a fix");
        let repository = self.repository()?;
        let fixed = sample::fix(&repository)
            .map_err(|e| broken(&e))?
            .to_string();
        self.plane.repository_changed(sample::NAME);
        let done = |app: &Value| fine(app) && revision(app) == fixed;
        let (_, took) = self.until("the fix", done).await?;
        let banner = self.get("/api/v1/namespaces/shop/configmaps/banner").await;
        if banner.is_ok() {
            return Err(Failure::new(
                NO,
                "scene failed: ConfigMap/banner was not pruned",
            ));
        }
        say(&format!(
            "  app shop        Synced, Healthy at {} after {:.1}s; ConfigMap/banner pruned",
            short(&fixed),
            took.as_secs_f64(),
        ));
        Ok(())
    }

    /// The trail: everything that was done, with names.
    pub(crate) async fn trail(&self) -> Result<(), Failure> {
        self.plane.flush().await;
        let mut items = self.ledger("auditentries").await?;
        items.sort_by_key(|i| i.i64_at(&["spec", "number"]).unwrap_or(0));
        let entries = items.iter().filter_map(AuditEntry::from_value);
        let entries: Vec<AuditEntry> = entries.filter(|e| e.app == sample::NAME).collect();
        say("");
        for (i, entry) in entries.iter().enumerate().rev() {
            say(&format!(
                "  #{:<2} {:<9} {:<32} {} -> {}  {}",
                i + 1,
                entry.action,
                format!("{} ({})", entry.author.name, entry.author.via),
                short(&entry.from),
                short(&entry.to),
                entry.message
            ));
        }
        let actions: Vec<&str> = entries.iter().map(|e| e.action.as_str()).collect();
        let want = ["sync", "drift", "heal", "sync", "hold", "rollback", "sync"];
        if actions != want {
            return Err(Failure::new(
                NO,
                format!("scene failed: the trail is {actions:?}"),
            ));
        }
        Ok(())
    }

    /// Scene 5: a release is a commit to an overlay, its undoing a revert.
    pub(crate) async fn release(&self) -> Result<(), Failure> {
        say("");
        say("# scene 5: release myapp 1.1.0 to production, and revert it");
        self.until_app(release::APPLICATION, "Synced and Healthy", fine)
            .await?;
        let repository = self.plane.host.create(release::NAME);
        let repository = repository.map_err(|e| broken(&e))?;
        let [before, after] = release::VERSIONS;
        for version in [after, before] {
            let commit = release::release(&repository, version).map_err(|e| broken(&e))?;
            let commit = commit.to_string();
            self.plane.repository_changed(release::NAME);
            let done = |app: &Value| fine(app) && revision(app) == commit;
            let (_, took) = self
                .until_app(release::APPLICATION, "the release", done)
                .await?;
            let path = "/apis/apps/v1/namespaces/myapp-production/deployments/myapp";
            let live = self.get(path).await?;
            let containers = live.array_at(&["spec", "template", "spec", "containers"]);
            let image = containers.first().map_or("", |c| c.str_at(&["image"]));
            if image != format!("myapp:{version}") {
                let wrong = format!("scene failed: production runs {image}, not {version}");
                return Err(Failure::new(NO, wrong));
            }
            say(&format!(
                "  app {:<11} Synced, Healthy at {} after {:.1}s; runs {image}",
                release::APPLICATION,
                short(&commit),
                took.as_secs_f64(),
            ));
        }
        Ok(())
    }

    fn repository(&self) -> Result<githost::Repository, Failure> {
        self.plane.host.create(sample::NAME).map_err(|e| broken(&e))
    }

    /// Tells what happens until the demo is stopped.
    pub(crate) async fn narrate(&self) -> Result<u8, Failure> {
        let mut told = 0;
        loop {
            if let Ok(mut items) = self.ledger("auditentries").await {
                items.sort_by_key(|i| i.i64_at(&["spec", "number"]).unwrap_or(0));
                for item in &items {
                    let number = item.i64_at(&["spec", "number"]).unwrap_or(0);
                    if let (true, Some(e)) = (number > told, AuditEntry::from_value(item)) {
                        told = number;
                        say(&format!(
                            "  #{number:<2} {:<9} {} ({})  {}  {}",
                            e.action,
                            e.author.name,
                            e.author.via,
                            short(&e.to),
                            e.message
                        ));
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

fn broken(error: &githost::Error) -> Failure {
    Failure::new(NO, format!("scene failed: {error}"))
}

fn revision(app: &Value) -> &str {
    app.str_at(&["status", "sync", "revision"])
}

fn fine(app: &Value) -> bool {
    app.str_at(&["status", "sync", "status"]) == "Synced"
        && app.str_at(&["status", "health", "status"]) == "Healthy"
        && app.str_at(&["status", "operationState", "phase"]) == "Succeeded"
}

fn summary(app: &Value) -> String {
    let mut status = app.get("status").cloned().unwrap_or_default();
    status.remove_at(&["history"]);
    status.to_json()
}
