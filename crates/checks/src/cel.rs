//! Flux's `healthCheckExprs`: health checks as CEL expressions on the object.
//!
//! An object whose status is of an older generation is on its way. Otherwise `inProgress`,
//! `failed` and `current` are asked in that order; if none holds, it is on its way too.

use cel::objects::{Key, Map};
use cel::{Context, Env, IdedExpr, Program};
use health::{Health, HealthStatus};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use value::Value;

/// An expression's text: the parser's stack grows with it.
const EXPRESSION_BYTES_MAX: usize = 4 << 10;
/// Steps of the loops that macros make, at most.
const ITERATIONS_MAX: usize = 1_000_000;
/// The stack that parsing and evaluating may take.
const STACK_BYTES: usize = 32 << 20;

/// Why an expression can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// `current` is missing.
    #[error("expression Current not specified")]
    NoCurrent,
    /// One can't be read.
    #[error("failed to parse the expression {which}: {reason}")]
    Unreadable {
        /// Which of the three.
        which: &'static str,
        /// Why.
        reason: String,
    },
}

/// The expressions of a `Kustomization` or `HelmRelease`.
#[derive(Debug, Default)]
pub struct Expressions(Vec<Entry>);

/// The expressions for a group's kinds, or one of them.
#[derive(Debug)]
struct Entry {
    group: String,
    /// Empty for all kinds of the group.
    kind: String,
    in_progress: Option<Expression>,
    failed: Option<Expression>,
    current: Expression,
}

#[derive(Debug)]
struct Expression {
    source: String,
    program: Program,
    /// How deep its loops nest.
    loops: u32,
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Runs something on a stack that is large enough for any expression.
fn with_stack<T>(run: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_BYTES / 2, STACK_BYTES, run)
}

fn library() -> &'static Arc<Env> {
    static LIBRARY: OnceLock<Arc<Env>> = OnceLock::new();
    LIBRARY.get_or_init(|| Arc::new(Env::stdlib().with_optional_support(true)))
}

impl Expressions {
    /// Reads the list `healthCheckExprs`.
    ///
    /// # Errors
    /// Fails if an expression can't be read, or an entry has no `current`.
    pub fn parse(list: &Value) -> Result<Self, ExpressionError> {
        let entries = list.as_array().unwrap_or_default().iter().map(|entry| {
            let optional = |name: &str, which| match entry.str_at(&[name]) {
                "" => Ok(None),
                source => Expression::parse(source, which).map(Some),
            };
            Ok(Entry {
                group: group_of(entry.str_at(&["apiVersion"])).to_owned(),
                kind: entry.str_at(&["kind"]).to_owned(),
                in_progress: optional("inProgress", "InProgress")?,
                failed: optional("failed", "Failed")?,
                current: optional("current", "Current")?.ok_or(ExpressionError::NoCurrent)?,
            })
        });
        entries.collect::<Result<_, _>>().map(Self)
    }

    /// Returns an object's health by the expressions for it: those for its kind, or else those for
    /// its group; nothing if there are none. One that fails makes it unknown.
    #[must_use]
    pub fn health(&self, object: &Value) -> Option<Health> {
        let group = group_of(object.str_at(&["apiVersion"]));
        let kind = object.str_at(&["kind"]);
        let of = |kind: &str| self.0.iter().find(|e| e.group == group && e.kind == kind);
        let entry = of(kind).or_else(|| of(""))?;
        Some(entry.health(object))
    }
}

impl Entry {
    fn health(&self, object: &Value) -> Health {
        let generation = |path: [&str; 2]| object.i64_at(&path);
        let observed = generation(["status", "observedGeneration"]);
        let present = generation(["metadata", "generation"]);
        if observed.is_some() && present.is_some() && observed != present {
            return Health::plain(HealthStatus::Progressing);
        }
        let mut context = Context::with_env(Arc::clone(library()));
        for (name, member) in object.as_object().into_iter().flat_map(value::Object::iter) {
            context.add_variable_from_value(name.as_str(), convert(member));
        }
        let longest = longest(object);
        let asked = [
            (self.in_progress.as_ref(), HealthStatus::Progressing),
            (self.failed.as_ref(), HealthStatus::Degraded),
            (Some(&self.current), HealthStatus::Healthy),
        ];
        for (expression, status) in asked {
            match expression.map(|e| e.holds(&context, longest)) {
                Some(Ok(true)) => return Health::plain(status),
                Some(Err(why)) => return Health::new(HealthStatus::Unknown, why),
                Some(Ok(false)) | None => {}
            }
        }
        Health::plain(HealthStatus::Progressing)
    }
}

impl Expression {
    fn parse(source: &str, which: &'static str) -> Result<Self, ExpressionError> {
        let unreadable = |reason: String| ExpressionError::Unreadable { which, reason };
        if source.len() > EXPRESSION_BYTES_MAX {
            return Err(unreadable("it is too long".to_owned()));
        }
        let program = with_stack(|| library().compile(source));
        let program = program.map_err(|error| unreadable(error.to_string()))?;
        let loops = with_stack(|| loops(program.expression()));
        Ok(Self {
            source: source.to_owned(),
            program,
            loops,
        })
    }

    /// Evaluates the expression on an object whose longest list has so many elements.
    fn holds(&self, context: &Context<'_, '_>, longest: usize) -> Result<bool, String> {
        let source = &self.source;
        if longest
            .checked_pow(self.loops)
            .is_none_or(|steps| steps > ITERATIONS_MAX)
        {
            return Err(format!(
                "the CEL expression '{source}' takes too many steps"
            ));
        }
        match with_stack(|| self.program.execute(context)) {
            Ok(cel::Value::Bool(holds)) => Ok(holds),
            Ok(_) => Err(format!(
                "failed to evaluate CEL expression as boolean: '{source}'"
            )),
            Err(error) => Err(format!(
                "failed to evaluate the CEL expression '{source}': {error}"
            )),
        }
    }
}

/// Returns how deep loops nest in an expression.
fn loops(of: &IdedExpr) -> u32 {
    use cel::common::ast::{EntryExpr, Expr, IdedEntryExpr};
    let entries = |entries: &[IdedEntryExpr]| {
        let of_each = entries.iter().map(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => loops(&entry.key).max(loops(&entry.value)),
            EntryExpr::StructField(field) => loops(&field.value),
        });
        of_each.max().unwrap_or(0)
    };
    let most = |all: &mut dyn Iterator<Item = &IdedExpr>| all.map(loops).max().unwrap_or(0);
    match &of.expr {
        Expr::Comprehension(c) => {
            let range = loops(&c.iter_range);
            let inner = [&c.accu_init, &c.loop_cond, &c.loop_step, &c.result];
            range.max(1 + most(&mut inner.into_iter()))
        }
        Expr::Call(call) => most(&mut call.target.as_deref().into_iter().chain(&call.args)),
        Expr::List(list) => most(&mut list.elements.iter()),
        Expr::Select(select) => loops(&select.operand),
        Expr::Map(map) => entries(&map.entries),
        Expr::Struct(made) => entries(&made.entries),
        _ => 0,
    }
}

/// Returns the length of the longest list, map or text in a value.
fn longest(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(longest).fold(items.len(), usize::max),
        Value::Object(members) => members
            .values()
            .map(longest)
            .fold(members.len(), usize::max),
        _ => 1,
    }
}

fn convert(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(flag) => cel::Value::Bool(*flag),
        Value::Int(whole) => cel::Value::Int(*whole),
        Value::UInt(whole) => cel::Value::UInt(*whole),
        Value::Float(number) => cel::Value::Float(*number),
        Value::String(text) => cel::Value::String(Arc::new(text.to_string())),
        Value::Array(items) => cel::Value::List(Arc::new(items.iter().map(convert).collect())),
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| {
                let name = Arc::new(name.as_str().to_owned());
                (Key::String(name), convert(member))
            });
            cel::Value::Map(Map {
                map: Arc::new(members.collect::<HashMap<_, _>>()),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ExpressionError, Expressions};
    use health::{Health, HealthStatus};
    use value::{Value, json};

    fn secret(conditions: Value) -> Value {
        json!({"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"generation": 2},
            "status": {"observedGeneration": 2, "conditions": conditions}})
    }

    fn expressions(list: &Value) -> Expressions {
        Expressions::parse(list).expect("good expressions")
    }

    #[test]
    fn expressions_are_asked_in_order() {
        let synced = expressions(&json!([{
            "apiVersion": "bitnami.com/v9", "kind": "SealedSecret",
            "failed": "status.conditions.filter(e, e.type == 'Synced').all(e, e.status == 'False')",
            "current": "status.conditions.filter(e, e.type == 'Synced').all(e, e.status == 'True')",
            "inProgress": "!has(status.conditions) || size(status.conditions) == 0",
        }]));
        let status = |object: &Value| synced.health(object).map(|h| h.status);
        let condition = |status: &str| json!([{"type": "Synced", "status": status}]);
        assert_eq!(status(&secret(json!([]))), Some(HealthStatus::Progressing));
        assert_eq!(
            status(&secret(condition("True"))),
            Some(HealthStatus::Healthy)
        );
        assert_eq!(
            status(&secret(condition("False"))),
            Some(HealthStatus::Degraded)
        );
        assert_eq!(
            status(&secret(condition("Unknown"))),
            Some(HealthStatus::Progressing)
        );
        let mut behind = secret(condition("True"));
        behind.set_at(&["metadata", "generation"], 3);
        assert_eq!(status(&behind), Some(HealthStatus::Progressing));
        let other = json!({"apiVersion": "v1", "kind": "Secret"});
        assert_eq!(synced.health(&other), None);
    }

    #[test]
    fn a_kind_beats_its_group() {
        let list = expressions(&json!([
            {"apiVersion": "bitnami.com/v1", "current": "false"},
            {"apiVersion": "bitnami.com/v1", "kind": "SealedSecret", "current": "true"},
        ]));
        let health = |object: &Value| list.health(object);
        assert_eq!(
            health(&secret(json!([]))),
            Some(Health::plain(HealthStatus::Healthy))
        );
        let other = json!({"apiVersion": "bitnami.com/v1", "kind": "Other"});
        assert_eq!(
            health(&other),
            Some(Health::plain(HealthStatus::Progressing))
        );
    }

    #[test]
    fn times_and_durations() {
        let object = json!({
            "apiVersion": "a/v1", "kind": "Backup",
            "spec": {"every": "1h30m", "grace": "90s"},
            "status": {
                "began": "2026-03-01T10:00:00Z", "ended": "2026-03-01T12:30:00+01:00", "no": "soon",
            },
        });
        let ask = |current: &str| {
            let list = expressions(&json!([{"apiVersion": "a/v1", "current": current}]));
            list.health(&object).expect("an answer")
        };
        for holds in [
            "timestamp(status.ended) - timestamp(status.began) == duration(spec.every)",
            "timestamp(status.ended) - timestamp(status.began) > duration(spec.grace)",
            "timestamp(status.began) + duration('90m') == timestamp(status.ended)",
            "timestamp(status.ended) - duration('1h') > timestamp(status.began)",
            "timestamp(status.began) < timestamp(status.ended)",
            "timestamp(status.began).getFullYear() == 2026",
            "timestamp(status.began).getMonth() == 2",
            "timestamp(status.began).getDayOfMonth() == 0",
            "timestamp(status.began).getDate() == 1",
            "timestamp(status.began).getDayOfWeek() == 0",
            "timestamp(status.began).getHours() == 10",
            "timestamp(status.began).getHours('Europe/Berlin') == 11",
            "timestamp(status.began).getHours('+05:30') == 15",
            "timestamp(status.ended).getMinutes() == 30",
            "duration('1h30m').getMinutes() == 90",
            "duration('90s').getSeconds() == 90",
            "duration('1.5h') == duration('5400s')",
            "duration('-1h') < duration('0s')",
            "duration('250ms').getMilliseconds() == 250",
            "has(status.ended) && timestamp(status.ended) > timestamp('2026-01-01T00:00:00Z')",
        ] {
            assert_eq!(ask(holds), Health::plain(HealthStatus::Healthy), "{holds}");
        }
        for fails in [
            "timestamp(status.no) > timestamp(status.began)",
            "duration(status.no) > duration('1s')",
            "timestamp(status.began)",
            "timestamp('9999-12-31T23:59:59Z') + duration('2540400h') > timestamp(status.began)",
            "duration('2540400h') + duration('2540400h') > duration('1s')",
            "timestamp('0001-01-01T00:00:00Z') - duration('2540400h') < timestamp(status.began)",
            "timestamp(status.began).getHours('No/Where') == 1",
            "duration('99999999999999999999h') > duration('1s')",
        ] {
            let health = ask(fails);
            assert_eq!(health.status, HealthStatus::Unknown, "{fails}: {health:?}");
        }
    }

    #[test]
    fn what_fails_is_unknown() {
        for current in [
            "status.nothing == 1",
            "size(status.conditions)",
            "nothing",
            "1 / 0 == 1",
        ] {
            let list = expressions(&json!([{"apiVersion": "bitnami.com/v1", "current": current}]));
            let health = list.health(&secret(json!([]))).expect("an answer");
            assert_eq!(health.status, HealthStatus::Unknown, "{current}");
            assert!(
                health.message.contains("CEL expression"),
                "{}",
                health.message
            );
        }
    }

    #[test]
    fn what_can_not_be_read() {
        let parse = |entry: Value| Expressions::parse(&json!([entry])).map(|_| ());
        assert_eq!(
            parse(json!({"apiVersion": "a/v1"})),
            Err(ExpressionError::NoCurrent)
        );
        for bad in [
            "a ==".to_owned(),
            "a".repeat(5_000),
            "(".repeat(4_000),
            format!("{}a{}", "(".repeat(2_000), ")".repeat(1_999)),
        ] {
            assert!(parse(json!({"apiVersion": "a/v1", "current": bad})).is_err());
        }
    }

    #[test]
    fn expressions_end() {
        let many = Value::Array((0..2_000).map(|i| json!({"type": i})).collect());
        let nested = "status.conditions.all(a, status.conditions.all(b, status.conditions.all(c, a == b || b == c || true)))";
        let list = expressions(&json!([{"apiVersion": "bitnami.com/v1", "current": nested}]));
        let health = list.health(&secret(many)).expect("an answer");
        assert_eq!(health.status, HealthStatus::Unknown);
        assert!(health.message.ends_with("takes too many steps"));
        for deep in [
            format!("{}true{}", "(".repeat(1_500), ")".repeat(1_500)),
            format!("{}true", "!".repeat(3_000)),
            format!("true{}", " || true".repeat(500)),
        ] {
            if let Ok(list) =
                Expressions::parse(&json!([{"apiVersion": "bitnami.com/v1", "current": deep}]))
            {
                assert!(list.health(&secret(json!([]))).is_some());
            }
        }
    }
}
