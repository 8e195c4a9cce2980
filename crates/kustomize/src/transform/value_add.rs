//! A value put into fields, or into a part of a path there.

use super::namespace;
use crate::decode::records;
use crate::error::{Error, Result, mistake};
use crate::fieldspec::split_path;
use crate::kustomization::Selector;
use crate::load::Loader;
use crate::node::{self, wrong_kind};
use crate::set::{Select, Set};
use yaml::v3::Node;

records! {
    /// Its settings.
    pub(crate) struct ValueAddArgs {
        /// The value; the folder's name if empty.
        value: String = "value",
        /// The fields.
        targets: Vec<ValueTarget> = "targets",
        /// The file of more of them.
        target_file_path: String = "targetFilePath",
    }

    /// A field.
    pub(crate) struct ValueTarget {
        /// Of these objects; of all without.
        selector: Option<Selector> = "selector",
        /// Where.
        field_path: String = "fieldPath",
        /// Which part of a path in it; the whole if 0.
        file_path_position: i64 = "filePathPosition",
    }

    /// A file of fields.
    pub(crate) struct ValueTargets {
        /// The fields.
        targets: Vec<ValueTarget> = "targets",
    }
}

pub(crate) struct ValueAdd {
    value: String,
    targets: Vec<(Option<Select>, ValueTarget)>,
}

impl ValueAdd {
    pub(crate) fn new(args: ValueAddArgs, loader: &Loader<'_>) -> Result<Self> {
        let mut value = args.value.trim().to_owned();
        if value.is_empty() {
            loader
                .root
                .rsplit('/')
                .next()
                .unwrap_or("")
                .clone_into(&mut value);
        }
        let mut targets = args.targets;
        if !args.target_file_path.is_empty() {
            let file = loader.load(&args.target_file_path)?;
            let more: ValueTargets = crate::kustomization::records_of(&file.bytes)?;
            targets.extend(more.targets);
        }
        if targets.is_empty() {
            return Err(Error::new("must specify at least one target"));
        }
        let targets = targets.into_iter().map(|target| {
            if target.field_path.is_empty() {
                return Err(Error::new("fieldPath cannot be empty"));
            }
            if target.file_path_position < 0 {
                return Err(mistake!(
                    "value of FilePathPosition ({}) cannot be negative",
                    target.file_path_position
                ));
            }
            let select = target.selector.as_ref().map(Select::new).transpose()?;
            Ok((select, target))
        });
        Ok(Self {
            value,
            targets: targets.collect::<Result<_>>()?,
        })
    }

    pub(super) fn run(&self, set: &mut Set) -> Result<()> {
        for (select, target) in &self.targets {
            let selected = match select {
                Some(select) => select.select(set),
                None => (0..set.len()).collect(),
            };
            for i in selected {
                if target.field_path == "metadata/namespace" {
                    namespace::set_own(&mut set[i], &self.value)?;
                    continue;
                }
                let mut field = set[i].node_mut();
                let names = split_path(&target.field_path, "/");
                node::check_path(names.len())?;
                for (i, name) in names.iter().enumerate() {
                    let is_last = i + 1 == names.len();
                    field = node::member_or(field, name, || match is_last {
                        true => Node::plain("", 0),
                        false => Node::mapping(Vec::new(), 0),
                    })?;
                }
                if !field.is_scalar() {
                    return Err(wrong_kind("ScalarNode", field));
                }
                let new = match usize::try_from(target.file_path_position) {
                    Ok(position) if position > 0 => {
                        insert_part(field.as_text().unwrap_or(""), position - 1, &self.value)
                    }
                    _ => self.value.clone(),
                };
                node::overwrite(field, &new, 0)?;
            }
        }
        Ok(())
    }
}

/// Puts a part into a path.
fn insert_part(path: &str, position: usize, part: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    let joined = parts.join("/");
    if is_absolute {
        format!("/{joined}")
    } else {
        joined
    }
}
