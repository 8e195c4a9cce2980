//! What an application changes in a kustomization, as Argo CD does it with `kustomize edit`.

use crate::error::{Result, mistake};
use crate::kustomization::{Image, Kustomization, Label, Pairs, Patch, Replica};
use crate::load::Loader;

/// The `kustomize` fields of an application's source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// What goes before names.
    pub name_prefix: String,
    /// What goes behind names.
    pub name_suffix: String,
    /// Images, as `name:tag`, `name@digest` or `old=new:tag`.
    pub images: Vec<String>,
    /// Numbers of replicas.
    pub replicas: Vec<Replica>,
    /// Labels for everything.
    pub common_labels: Pairs,
    /// Labels win over those of the kustomization.
    pub force_common_labels: bool,
    /// Labels don't go to selectors.
    pub label_without_selector: bool,
    /// Labels that don't go to selectors go to templates.
    pub label_include_templates: bool,
    /// Annotations for everything.
    pub common_annotations: Pairs,
    /// Annotations win over those of the kustomization.
    pub force_common_annotations: bool,
    /// The namespace of everything.
    pub namespace: String,
    /// More patches.
    pub patches: Vec<Patch>,
    /// More components.
    pub components: Vec<String>,
    /// Components that don't exist are left out.
    pub ignore_missing_components: bool,
}

impl Overrides {
    /// Returns true if nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn apply(
        &self,
        kustomization: &mut Kustomization,
        loader: &Loader<'_>,
    ) -> Result<()> {
        let k = kustomization;
        for (own, new) in [
            (&mut k.name_prefix, &self.name_prefix),
            (&mut k.name_suffix, &self.name_suffix),
            (&mut k.namespace, &self.namespace),
        ] {
            if !new.is_empty() {
                own.clone_from(new);
            }
        }
        for image in &self.images {
            set_image(&mut k.images, parse_image(image)?);
        }
        if !self.images.is_empty() {
            k.images.sort_by(|a, b| a.name.cmp(&b.name));
        }
        for replica in &self.replicas {
            match k.replicas.iter_mut().find(|own| own.name == replica.name) {
                Some(own) => own.count = replica.count,
                None => k.replicas.push(replica.clone()),
            }
        }
        if !self.common_labels.is_empty() {
            let pairs = if self.label_without_selector {
                self.labels(&mut k.labels)
            } else {
                &mut k.common_labels
            };
            add(
                pairs,
                &self.common_labels,
                self.force_common_labels,
                "label",
            )?;
        }
        let annotations = &mut k.common_annotations;
        add(
            annotations,
            &self.common_annotations,
            self.force_common_annotations,
            "annotation",
        )?;
        k.patches.extend(self.patches.iter().cloned());
        for component in &self.components {
            let is_missing = self.ignore_missing_components && !loader.has_folder(component)?;
            if !is_missing && !k.components.contains(component) {
                k.components.push(component.clone());
            }
        }
        Ok(())
    }

    /// Returns the labels without selectors.
    fn labels<'k>(&self, labels: &'k mut Vec<Label>) -> &'k mut Pairs {
        let templates = self.label_include_templates;
        let fits = |l: &Label| !l.include_selectors && l.include_templates == templates;
        let i = labels.iter().position(fits).unwrap_or_else(|| {
            labels.push(Label {
                include_templates: templates,
                ..Label::default()
            });
            labels.len() - 1
        });
        &mut labels[i].pairs
    }
}

fn add(own: &mut Pairs, new: &Pairs, force: bool, what: &str) -> Result<()> {
    for (name, text) in new {
        if !force && own.contains_key(name) {
            return Err(mistake!(
                "{what} {name} already in kustomization file. Use --force to override."
            ));
        }
        own.insert(name.clone(), text.clone());
    }
    Ok(())
}

/// What stands for the value that the kustomization has already.
const SAME: &str = "*";

fn set_image(images: &mut Vec<Image>, mut new: Image) {
    let old = images
        .iter()
        .find(|own| own.name == new.name)
        .cloned()
        .unwrap_or_default();
    for (new, old) in [
        (&mut new.new_name, old.new_name),
        (&mut new.new_tag, old.new_tag),
        (&mut new.digest, old.digest),
    ] {
        if new == SAME {
            *new = old;
        }
    }
    match images.iter_mut().find(|own| own.name == new.name) {
        Some(own) => *own = new,
        None => images.push(new),
    }
}

fn parse_image(text: &str) -> Result<Image> {
    let (name, rest) = match text.split_once('=') {
        Some((name, rest)) => (Some(name), rest),
        None => (None, text),
    };
    let (found, tag, digest) = crate::transform::split_image(rest);
    if found == text {
        return Err(mistake!(
            "invalid format of image, use one of the following options:\n- <image>=<newimage>:<newtag>\n\
             - <image>=<newimage>@<digest>\n- <image>=<newimage>\n- <image>:<newtag>\n- <image>@<digest>"
        ));
    }
    Ok(Image {
        name: name.unwrap_or(found).to_owned(),
        new_name: name.map_or_else(String::new, |_| found.to_owned()),
        new_tag: tag.to_owned(),
        digest: digest.to_owned(),
        tag_suffix: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::parse_image;

    #[test]
    fn images_are_read_as_the_command_line_does() {
        let read = |text| {
            let i = parse_image(text).expect("it can be read");
            (i.name, i.new_name, i.new_tag, i.digest)
        };
        let of = |a: &str, b: &str, c: &str, d: &str| {
            (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned())
        };
        assert_eq!(read("nginx:1.2"), of("nginx", "", "1.2", ""));
        assert_eq!(read("a=h:80/b:1"), of("a", "h:80/b", "1", ""));
        assert_eq!(read("a=b"), of("a", "b", "", ""));
        assert_eq!(read("a@sha256:x"), of("a", "", "", "sha256:x"));
        assert_eq!(read("a=*:2"), of("a", "*", "2", ""));
        assert_eq!(read("a:1@sha256:x"), of("a", "", "1", "sha256:x"));
        assert!(parse_image("a").is_err());
    }
}
