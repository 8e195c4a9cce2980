//! Argo CD's streams: applications as they change, one JSON document a line.

use super::resources;
use crate::access::Desk;
use crate::apps::{fits, mask, projects, selector, shown};
use crate::board::{News, Read, Row};
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use bytes::Bytes;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::mpsc;
use value::{Value, json};

/// Messages that wait for one reader.
const WAITING_MAX: usize = 64;

fn piece(result: &Value) -> Bytes {
    let mut bytes = json!({"result": result.clone()}).to_vec();
    bytes.push(b'\n');
    bytes.into()
}

/// `GET /api/v1/stream/applications`
pub(crate) async fn applications(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    // What makes no sense is said before the stream begins.
    selector(&call)?;
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        // An error means that the reader is gone.
        let _gone = Watch::new(desk, call, sender).run().await;
    });
    Ok(Answer::stream("application/json", receiver))
}

struct Gone;

struct Watch {
    desk: Arc<Desk>,
    call: Call,
    sender: mpsc::Sender<Bytes>,
    /// What the reader was told of.
    known: HashSet<(Box<str>, Box<str>)>,
}

impl Watch {
    fn new(desk: Arc<Desk>, call: Call, sender: mpsc::Sender<Bytes>) -> Self {
        Self {
            desk,
            call,
            sender,
            known: HashSet::new(),
        }
    }

    async fn run(mut self) -> Result<(), Gone> {
        let mut news = self.desk.board.listen();
        let mut at = self.desk.board.seq();
        // A number of ours goes on from there; anything else begins with all, as in Argo CD.
        match self.call.param("resourceVersion").parse() {
            Ok(from) if matches!(self.desk.board.since(from), Read::Entries(_)) => at = from,
            _ => self.all().await?,
        }
        loop {
            news.borrow_and_update();
            match self.desk.board.since(at) {
                Read::Lost(seq) => {
                    at = seq;
                    self.all().await?;
                }
                Read::Entries(entries) => {
                    for (seq, news) in entries {
                        if let News::Rows(rows) = &*news {
                            for row in &rows.changed {
                                self.changed(row).await?;
                            }
                            for row in &rows.removed {
                                self.gone(row).await?;
                            }
                        }
                        at = seq;
                    }
                }
            }
            tokio::select! {
                changed = news.changed() => changed.map_err(|_| Gone)?,
                () = self.sender.closed() => return Ok(()),
            }
        }
    }

    async fn all(&mut self) -> Result<(), Gone> {
        for row in self.desk.board.visible(&self.call.caller) {
            self.changed(&row).await?;
        }
        Ok(())
    }

    fn is_wanted(&self, row: &Row) -> bool {
        let is = |name: &str, own: &str| {
            self.call.param(name).is_empty() || self.call.param(name) == own
        };
        let projects = projects(&self.call);
        is("name", &row.name)
            && is("appNamespace", &row.ns)
            && (projects.is_empty() || projects.contains(&*row.project))
    }

    async fn changed(&mut self, row: &Row) -> Result<(), Gone> {
        if !self.is_wanted(row) {
            return Ok(());
        }
        let Ok(app) = self
            .desk
            .app_named(&self.call.caller, &row.ns, &row.name, "")
        else {
            return Ok(());
        };
        let selector = selector(&self.call).unwrap_or_default();
        if !fits(&app.value, &self.call, selector.as_ref()) {
            return Ok(());
        }
        let is_new = self.known.insert((row.ns.clone(), row.name.clone()));
        let kind = if is_new { "ADDED" } else { "MODIFIED" };
        let mut result = json!({"type": kind, "application": shown(app.value)});
        mask(&mut result, &self.fields());
        self.send(&result).await
    }

    /// Returns the mask, in which the kind of change is always kept.
    fn fields(&self) -> String {
        match self.call.param("fields").trim() {
            "" => String::new(),
            fields if fields.starts_with('-') => {
                let fields = fields.trim_start_matches('-').split(',');
                let fields: Vec<&str> = fields
                    .map(|f| f.trim().trim_start_matches("result."))
                    .collect();
                format!("-{}", fields.join(","))
            }
            fields => {
                let fields = fields.split(',');
                let fields: Vec<&str> = fields
                    .map(|f| f.trim().trim_start_matches("result."))
                    .collect();
                format!("type,{}", fields.join(","))
            }
        }
    }

    async fn gone(&mut self, row: &Row) -> Result<(), Gone> {
        if !self.known.remove(&(row.ns.clone(), row.name.clone())) {
            return Ok(());
        }
        let result = json!({"type": "DELETED", "application": {
            "metadata": {"name": &*row.name, "namespace": &*row.ns},
            "spec": {"project": &*row.project},
        }});
        self.send(&result).await
    }

    async fn send(&self, result: &Value) -> Result<(), Gone> {
        self.sender.send(piece(result)).await.map_err(|_| Gone)
    }
}

/// `GET /api/v1/stream/applications/{app}/resource-tree`
pub(crate) async fn resource_tree(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    desk.app(&call)?;
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        let mut news = desk.board.listen();
        let mut at = desk.board.seq();
        let mut is_due = true;
        loop {
            news.borrow_and_update();
            match desk.board.since(at) {
                Read::Lost(seq) => (at, is_due) = (seq, true),
                Read::Entries(entries) => {
                    for (seq, news) in entries {
                        let is_it = |row: &Row| *row.name == *call.capture(0);
                        is_due |= matches!(&*news, News::App(row) if is_it(row));
                        at = seq;
                    }
                }
            }
            if std::mem::take(&mut is_due) {
                let Ok(app) = desk.app(&call) else { return };
                let tree = resources::tree_of(&app, &call);
                if sender.send(piece(&tree)).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                changed = news.changed() => if changed.is_err() { return },
                () = sender.closed() => return,
            }
        }
    });
    Ok(Answer::stream("application/json", receiver))
}
