//! The order of the objects.

use crate::config::{KindRanks, RANKS};
use crate::error::{Error, Result, mistake};
use crate::id::Id;
use crate::kustomization::SortOptions;
use crate::set::Set;
use std::cmp::Ordering;

/// Puts the objects in the order that a kustomization asks for.
pub(crate) fn sort(set: &mut Set, options: &SortOptions) -> Result<()> {
    match (options.order.as_str(), &options.legacy_sort_options) {
        ("fifo", None) => Ok(()),
        ("fifo", Some(_)) => Err(Error::new(
            "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', \
             not 'legacy'",
        )),
        ("legacy", None) => {
            legacy(set);
            Ok(())
        }
        ("legacy", Some(own)) => {
            sort_by(set, &KindRanks::new(&own.order_first, &own.order_last));
            Ok(())
        }
        (other, _) => Err(mistake!(
            "the field 'sortOptions.order' must be one of [fifo, legacy], not {other:?}"
        )),
    }
}

/// Puts the objects in the order of the command line.
pub(crate) fn legacy(set: &mut Set) {
    sort_by(set, &RANKS);
}

fn sort_by(set: &mut Set, ranks: &KindRanks) {
    let mut keyed: Vec<_> = std::mem::take(set)
        .into_iter()
        .map(|resource| {
            let id = resource.id();
            let rank = ranks.of(&id.gvk.kind);
            let (gvk, text) = (id.gvk.sort_text(), id_text(&id));
            (rank, gvk, text, id, resource)
        })
        .collect();
    keyed.sort_by(|a, b| {
        if a.3.gvk == b.3.gvk {
            return a.2.cmp(&b.2);
        }
        a.0.cmp(&b.0).then_with(|| {
            let namespaces = a.3.gvk.kind == "Namespace" && b.3.gvk.kind == "Namespace";
            let order = a.1.cmp(&b.1);
            // The core one comes first.
            if namespaces && (a.3.gvk.group.is_empty() || b.3.gvk.group.is_empty()) {
                Ordering::reverse(order)
            } else {
                order
            }
        })
    });
    set.extend(keyed.into_iter().map(|(.., resource)| resource));
}

fn id_text(id: &Id) -> String {
    let or = |text: &str, other: &str| {
        if text.is_empty() {
            other.to_owned()
        } else {
            text.to_owned()
        }
    };
    format!(
        "{}|{}|{}",
        id.gvk,
        or(&id.namespace, "~X"),
        or(&id.name, "~N")
    )
}
