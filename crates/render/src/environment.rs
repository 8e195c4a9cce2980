//! The build environment: variables that an application's own fields may name.

/// Variables that are put into the fields of an application's source, as Argo CD does it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: Vec<(String, String)>,
    /// The names of other sources; `None` if the application has but one.
    references: Option<Vec<String>>,
}

/// What the build variables are about.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuildContext<'a> {
    /// The application.
    pub app: &'a str,
    /// The namespace of what it deploys.
    pub namespace: &'a str,
    /// Its project.
    pub project: &'a str,
    /// The commit, or the chart's version.
    pub revision: &'a str,
    /// Where the source is.
    pub repo_url: &'a str,
    /// The folder in it.
    pub path: &'a str,
    /// What it tracks.
    pub target_revision: &'a str,
    /// The cluster's version, like `1.36.3`.
    pub kube_version: &'a str,
}

impl Environment {
    /// Returns Argo CD's build variables.
    #[must_use]
    pub fn of(context: &BuildContext<'_>) -> Self {
        let short: String = context.revision.chars().take(7).collect();
        let short_8: String = context.revision.chars().take(8).collect();
        let variables = [
            ("ARGOCD_APP_NAME", context.app),
            ("ARGOCD_APP_NAMESPACE", context.namespace),
            ("ARGOCD_APP_PROJECT_NAME", context.project),
            ("ARGOCD_APP_REVISION", context.revision),
            ("ARGOCD_APP_REVISION_SHORT", &short),
            ("ARGOCD_APP_REVISION_SHORT_8", &short_8),
            ("ARGOCD_APP_SOURCE_PATH", context.path),
            ("ARGOCD_APP_SOURCE_REPO_URL", context.repo_url),
            ("ARGOCD_APP_SOURCE_TARGET_REVISION", context.target_revision),
            ("KUBE_VERSION", context.kube_version),
        ];
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            variables: variables.into_iter().map(own).collect(),
            references: None,
        }
    }

    /// Adds the names of the sources of an application that has several: its files of values may be
    /// `$name/path`.
    #[must_use]
    pub fn with_references(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.references = Some(names.into_iter().collect());
        self
    }

    /// Puts the variables into the name of a file. The name of another source stays in front.
    ///
    /// # Errors
    /// Fails, in Argo CD's words, if the name begins with a dollar and no source has that name.
    pub fn file(&self, name: &str) -> Result<String, String> {
        let Some(names) = self.references.as_ref().filter(|_| name.starts_with('$')) else {
            return Ok(self.substitute(name));
        };
        let (variable, path) = name.split_once('/').unwrap_or((name, ""));
        if names.iter().any(|known| *known == variable[1..]) {
            return Ok(format!("{variable}/{}", self.substitute(path)));
        }
        if names.is_empty() {
            return Err(format!(
                "source referenced {variable:?}, but no source has a 'ref' field defined"
            ));
        }
        let known: Vec<String> = names.iter().map(|n| format!("${n}")).collect();
        Err(format!(
            "source referenced {variable:?}, which is not one of the available sources ({})",
            known.join(", ")
        ))
    }

    fn get(&self, name: &str) -> &str {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Puts the variables in for `$NAME` and `${NAME}`; `$$` is a dollar, and what isn't known is
    /// nothing. The rules are those of Go's `os.Expand`.
    #[must_use]
    pub fn substitute(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            if after.is_empty() {
                out.push('$');
                return out;
            }
            let (name, used) = variable(after);
            match name {
                "$" => out.push('$'),
                // No name follows: the dollar stays. After bad syntax, it goes with what was bad.
                "" if used == 0 => out.push('$'),
                name => out.push_str(self.get(name)),
            }
            rest = &after[used..];
        }
        out.push_str(rest);
        out
    }
}

/// Returns the name at the beginning of what follows a dollar, and how much of that it takes.
fn variable(text: &str) -> (&str, usize) {
    let bytes = text.as_bytes();
    let is_special = |b: u8| b"*#$@!?-0123456789".contains(&b);
    if bytes[0] == b'{' {
        if bytes.len() > 2 && is_special(bytes[1]) && bytes[2] == b'}' {
            return (&text[1..2], 3);
        }
        return match text.find('}') {
            Some(1) => ("", 2),
            Some(end) => (&text[1..end], end + 1),
            None => ("", 1),
        };
    }
    if is_special(bytes[0]) {
        return (&text[..1], 1);
    }
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let end = bytes.iter().take_while(|b| is_part(b)).count();
    (&text[..end], end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_source_keeps_the_source_s_name() {
        let build = BuildContext {
            app: "shop",
            ..BuildContext::default()
        };
        let one = Environment::of(&build);
        assert_eq!(one.file("$values/a.yaml").as_deref(), Ok("/a.yaml"));
        let several = one.with_references(["values".to_owned()]);
        let file = |name: &str| several.file(name);
        assert_eq!(
            file("$values/$ARGOCD_APP_NAME.yaml").as_deref(),
            Ok("$values/shop.yaml")
        );
        assert_eq!(file("env/$ARGOCD_APP_NAME").as_deref(), Ok("env/shop"));
        let error = file("$ARGOCD_APP_NAME/a.yaml").expect_err("it is no source");
        assert!(error.contains("available sources ($values)"), "{error}");
    }

    #[test]
    fn variables_are_put_in_as_go_expands_them() {
        let environment = Environment::of(&BuildContext {
            app: "shop",
            revision: "0123456789abcdef",
            ..BuildContext::default()
        });
        for (text, expanded) in [
            ("$ARGOCD_APP_NAME-x", "shop-x"),
            ("a${ARGOCD_APP_NAME}b", "ashopb"),
            ("$ARGOCD_APP_REVISION_SHORT", "0123456"),
            ("${ARGOCD_APP_REVISION_SHORT_8}", "01234567"),
            ("$$HOME", "$HOME"),
            ("[$UNKNOWN]", "[]"),
            ("1 $ 2", "1 $ 2"),
            ("end$", "end$"),
            ("${}x", "x"),
            ("${open", "open"),
            ("$1x", "x"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(environment.substitute(text), expanded, "{text}");
        }
    }
}
