//! Who asks.

use value::Value;

/// Somebody whose rights are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    name: Box<str>,
    groups: Box<[Box<str>]>,
    is_plain: bool,
}

impl Subject {
    /// A user who is logged in, with the groups that the token names.
    pub fn user<G: AsRef<str>>(name: &str, groups: impl IntoIterator<Item = G>) -> Self {
        Self {
            name: name.into(),
            groups: groups.into_iter().map(|g| g.as_ref().into()).collect(),
            is_plain: false,
        }
    }

    /// Reads the claims of a token: the user is `federated_claims.user_id` or `sub`, the groups are
    /// the values of the claims that the policy's scopes name.
    #[must_use]
    pub fn of_claims(claims: &Value, scopes: &[String]) -> Self {
        let mut groups: Vec<&str> = Vec::new();
        for scope in scopes {
            match claims.get(scope) {
                Some(Value::Array(list)) => groups.extend(list.iter().filter_map(Value::as_str)),
                Some(one) => groups.extend(one.as_str()),
                None => {}
            }
        }
        let name = match claims.str_at(&["federated_claims", "user_id"]) {
            "" => claims.str_at(&["sub"]),
            name => name,
        };
        Self::user(name, groups)
    }

    /// Nobody in particular, where anonymous access is allowed: has the default role alone.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::plain("")
    }

    /// A name of the policy itself, a role for example; projects' roles have no say.
    #[must_use]
    pub fn plain(name: &str) -> Self {
        Self {
            name: name.into(),
            groups: Box::default(),
            is_plain: true,
        }
    }

    /// Returns the user's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the user's groups.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &str> {
        self.groups.iter().map(|g| &**g)
    }

    pub(crate) const fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Returns the project of a token of a project's role, `proj:<project>:<role>`.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        project_and_role(&self.name).map(|(project, _)| project)
    }
}

/// Splits `proj:<project>:<role>`.
pub(crate) fn project_and_role(subject: &str) -> Option<(&str, &str)> {
    let (project, role) = subject.strip_prefix("proj:")?.split_once(':')?;
    (!role.contains(':')).then_some((project, role))
}
