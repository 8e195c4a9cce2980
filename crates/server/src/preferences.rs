//! What people keep: favourites and views of their own, and views that all share.
//!
//! A `ConfigMap` for each person and one for what is shared, in the control namespace. Nothing
//! here gives a right to anything: a view is a query, and a favourite a name.

use crate::access::{Caller, Desk, rbac_name};
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use rbac::{Resource, action};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use value::{Value, json};

/// Applications that somebody can have as favourites.
const FAVOURITES_MAX: usize = 500;
/// Views that somebody can keep, or all can share.
const VIEWS_MAX: usize = 100;
/// Bytes of a name.
const NAME_MAX: usize = 320;
/// Bytes of a view's query.
const SEARCH_MAX: usize = 2_000;
/// Where the shared views are.
const SHARED: &str = "windlass-views";
const KIND: &str = "windlass.dev/preferences";

/// `GET /api/v1/preferences`
pub(crate) async fn get(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let own = match own(&call.caller) {
        Some(name) => kept(&desk, &name).await?,
        None => Value::object(),
    };
    let shared = kept(&desk, SHARED).await?;
    let list = |of: &Value, name: &str| Value::Array(of.array_at(&[name]).to_vec());
    Ok(json!({
        "favourites": list(&own, "favourites"),
        "views": list(&own, "views"),
        "shared": list(&shared, "views"),
        "mayShare": sharing(&desk, &call.caller).is_ok(),
        "kept": call.caller.identity.is_some(),
    })
    .into())
}

/// `PUT /api/v1/preferences`: what is given is kept, the rest stays.
pub(crate) async fn put(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    if let Some(shared) = body.get("shared") {
        sharing(&desk, &call.caller)?;
        let views = views(shared)?;
        keep(&desk, SHARED, json!({"views": views})).await?;
        desk.audit(
            &call.caller,
            "",
            "settings",
            "the shared views were changed".to_owned(),
        );
    }
    let (favourites, own_views) = (body.get("favourites"), body.get("views"));
    if favourites.is_some() || own_views.is_some() {
        let name = own(&call.caller).ok_or_else(Refusal::unauthenticated)?;
        let mut all = kept(&desk, &name).await?;
        if let Some(given) = favourites {
            all.set_at(&["favourites"], names(given)?);
        }
        if let Some(given) = own_views {
            all.set_at(&["views"], views(given)?);
        }
        keep(&desk, &name, all).await?;
    }
    get(desk, call).await
}

/// Returns the name of what somebody keeps; `None` for nobody in particular.
fn own(caller: &Caller) -> Option<String> {
    let identity = caller.identity.as_ref()?;
    let digest = Sha256::digest(identity.subject.as_bytes());
    let hex: String = digest[..16].iter().map(|b| format!("{b:02x}")).collect();
    Some(format!("windlass-preferences-{hex}"))
}

/// Who may change any application may say what all see in their menus.
fn sharing(desk: &Desk, caller: &Caller) -> Result<rbac::Permit, Refusal> {
    let every = rbac_name("*", desk.namespace(), desk.namespace(), "*");
    caller.permit(Resource::Applications, action::UPDATE, &every)
}

fn path(desk: &Desk, name: &str) -> String {
    let slash = if name.is_empty() { "" } else { "/" };
    format!(
        "/api/v1/namespaces/{}/configmaps{slash}{name}",
        desk.namespace()
    )
}

async fn kept(desk: &Desk, name: &str) -> Result<Value, Refusal> {
    match desk.preferences_client().get(&path(desk, name)).await {
        Ok(found) => {
            let text = found.str_at(&["data", "preferences"]);
            // What somebody has broken by hand is as if it weren't there.
            Ok(Value::parse(text.as_bytes()).unwrap_or_else(|_| Value::object()))
        }
        Err(error) if error.code == 404 => Ok(Value::object()),
        Err(error) => Err(error.into()),
    }
}

async fn keep(desk: &Desk, name: &str, all: Value) -> Result<(), Refusal> {
    let data = json!({"preferences": all.to_json()});
    let client = desk.preferences_client();
    match client
        .merge_patch(&path(desk, name), &json!({"data": data.clone()}))
        .await
    {
        Err(error) if error.code == 404 => {
            let map = json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": desk.namespace(), "labels": {KIND: "true"}},
                "data": data,
            });
            client.create(&path(desk, ""), &map).await?;
        }
        answer => {
            answer?;
        }
    }
    Ok(())
}

fn list<'a>(given: &'a Value, what: &str, max: usize) -> Result<&'a [Value], Refusal> {
    let list = given
        .as_array()
        .ok_or_else(|| Refusal::invalid(format!("{what} is not a list")))?;
    if list.len() > max {
        return Err(Refusal::invalid(format!(
            "{what} has more than {max} entries"
        )));
    }
    Ok(list)
}

fn text<'a>(value: &'a Value, what: &str, max: usize) -> Result<&'a str, Refusal> {
    match value.as_str() {
        Some(text) if !text.is_empty() && text.len() <= max => Ok(text),
        _ => Err(Refusal::invalid(format!(
            "{what} is no text of 1 to {max} bytes"
        ))),
    }
}

fn names(given: &Value) -> Result<Value, Refusal> {
    let list = list(given, "favourites", FAVOURITES_MAX)?.iter();
    list.map(|name| Ok(Value::from(text(name, "a favourite", NAME_MAX)?)))
        .collect()
}

fn views(given: &Value) -> Result<Value, Refusal> {
    let list = list(given, "views", VIEWS_MAX)?.iter();
    list.map(|view| {
        let part = |name: &str| view.get(name).unwrap_or(&Value::Null);
        let search = text(part("search"), "a view's search", SEARCH_MAX)?;
        if !search.starts_with('?') {
            return Err(Refusal::invalid(
                "a view's search begins with a question mark",
            ));
        }
        Ok(json!({"name": text(part("name"), "a view's name", NAME_MAX)?, "search": search}))
    })
    .collect()
}
