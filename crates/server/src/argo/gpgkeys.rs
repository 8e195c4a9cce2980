//! OpenPGP keys that commits may be signed with, in the ConfigMap where Argo CD keeps them.

use super::certificates::write;
use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use crate::session::list;
use rbac::{Resource, action};
use signatures::{OpenPgpKey, openpgp_keys};
use std::collections::BTreeMap;
use std::sync::Arc;
use value::{Object, Value, json};

const KEYS: &str = "argocd-gpg-keys-cm";

/// Returns the keys that there are, by their ids.
async fn known(desk: &Desk) -> BTreeMap<String, OpenPgpKey> {
    let path = format!("/api/v1/namespaces/{}/configmaps/{KEYS}", desk.namespace());
    let map = desk.kept(&path).await;
    let data = map.as_ref().and_then(|m| m.get("data")?.as_object());
    let texts = data.into_iter().flat_map(Object::iter);
    let mut found = BTreeMap::new();
    for (id, text) in texts {
        let read = openpgp_keys(text.as_str().unwrap_or_default()).unwrap_or_default();
        let key = read
            .into_iter()
            .find(|key| key.id.eq_ignore_ascii_case(id.as_str()));
        found.extend(key.map(|key| (key.id.clone(), key)));
    }
    found
}

fn shown(key: &OpenPgpKey) -> Value {
    json!({
        "keyID": key.id.as_str(), "fingerprint": key.fingerprint.as_str(),
        "owner": key.owner.as_str(), "trust": "unknown", "subType": key.algorithm.as_str(),
    })
}

fn whole(key: &OpenPgpKey) -> Value {
    let mut it = shown(key);
    it.set_at(&["keyData"], key.armored.as_str());
    it
}

/// Returns the short form of a key's id or fingerprint; `None` if it is neither.
fn short_id(id: &str) -> Option<String> {
    let is_id = id.len() >= 16 && id.bytes().all(|b| b.is_ascii_hexdigit());
    is_id.then(|| id[id.len() - 16..].to_uppercase())
}

/// `GET /api/v1/gpgkeys`
pub(crate) async fn all(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    call.caller.permit(Resource::GpgKeys, action::GET, "")?;
    let wanted = call.param("keyID");
    let keys = known(&desk).await;
    let keys = keys
        .values()
        .filter(|key| wanted.is_empty() || Some(&key.id) == short_id(wanted).as_ref());
    Ok(list(keys.map(shown).collect()).into())
}

/// `GET /api/v1/gpgkeys/{keyID}`
pub(crate) async fn get(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    call.caller.permit(Resource::GpgKeys, action::GET, "")?;
    let id = call.capture(0);
    let id = short_id(id).ok_or_else(|| Refusal::invalid(format!("{id:?} is no key's id")))?;
    let keys = known(&desk).await;
    let key = keys.get(&id);
    let missing = || Refusal::not_found(format!("no such key: {id}"));
    Ok(whole(key.ok_or_else(missing)?).into())
}

/// `POST /api/v1/gpgkeys`
pub(crate) async fn create(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let permit = call.caller.permit(Resource::GpgKeys, action::CREATE, "")?;
    let body = call.json()?;
    let text = body.str_at(&["keyData"]).trim().to_owned();
    if text.is_empty() {
        return Err(Refusal::invalid("submitted key data is empty"));
    }
    if text.contains("PRIVATE KEY BLOCK") {
        return Err(Refusal::invalid("a private key is for its owner alone")
            .hint("gpg --armor --export, without --export-secret-keys"));
    }
    let given = tokio::task::spawn_blocking(move || openpgp_keys(&text)).await?;
    let given = given.map_err(|e| Refusal::invalid(e.to_string()))?;
    let known = known(&desk).await;
    let (skipped, made): (Vec<&OpenPgpKey>, Vec<&OpenPgpKey>) =
        given.iter().partition(|key| known.contains_key(&key.id));
    if !made.is_empty() {
        let pairs = made
            .iter()
            .map(|key| (key.id.as_str(), key.armored.as_str()));
        let mut data = Object::new();
        for (id, armored) in pairs {
            data.insert(id, armored);
        }
        write(&desk, &permit, KEYS, data.into()).await?;
    }
    for key in &made {
        let message = format!("the key {} of {} was added", key.id, key.owner);
        desk.audit(&call.caller, "", "gpgkey", message);
    }
    let created: Vec<Value> = made.into_iter().map(whole).collect();
    let mut answer = json!({"created": list(created)});
    if !skipped.is_empty() {
        let ids = skipped.iter().map(|key| key.id.as_str());
        answer.set_at(&["skipped"], ids.collect::<Value>());
    }
    Ok(answer.into())
}

/// `DELETE /api/v1/gpgkeys`
pub(crate) async fn delete(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let permit = call.caller.permit(Resource::GpgKeys, action::DELETE, "")?;
    let id = call.param("keyID");
    let known = known(&desk).await;
    let key = short_id(id).and_then(|id| known.get(&id));
    let missing = || Refusal::not_found(format!("no such key configured: {id}"));
    let key = key.ok_or_else(missing)?;
    let mut data = Object::new();
    data.insert(key.id.as_str(), Value::Null);
    write(&desk, &permit, KEYS, data.into()).await?;
    let message = format!("the key {} of {} was taken out", key.id, key.owner);
    desk.audit(&call.caller, "", "gpgkey", message);
    Ok(json!({}).into())
}
