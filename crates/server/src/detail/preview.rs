//! What an application would deploy, before it is made or changed.

use super::{object_line, plan, render, text};
use crate::access::Desk;
use crate::argo::change;
use crate::call::{Answer, Call};
use crate::masks::Mask;
use crate::refusal::Refusal;
use crate::wire;
use engine::ask;
use std::sync::Arc;
use value::{Value, json};

/// Objects whose text is sent; of the rest the plan has the names.
const TEXTS_MAX: usize = 100;

/// `POST /api/v1/preview`
pub(crate) async fn preview(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = change::draft(&desk, &call)?;
    let mut answer = plan::of(&app, &ask::Sync::default()).await?;
    let target = render(&app, "").await?;
    let mask = Mask::new();
    let objects = target.objects.iter().take(TEXTS_MAX).map(|desired| {
        json!({
            "ref": wire::reference(&desired.key),
            "text": text(Some(desired.value.as_ref().clone()), &mask),
            "origin": object_line(&app, &target, desired),
        })
    });
    let objects: Value = objects.collect();
    answer.set_at(&["objects"], objects);
    answer.set_at(&["total"], target.objects.len());
    Ok(answer.into())
}
