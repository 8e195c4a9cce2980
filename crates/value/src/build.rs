//! Making values: conversions and the [`json!`](crate::json) macro.

use crate::{Object, Value};

/// Builds a [`Value`] from JSON syntax; expressions in value position are converted with
/// `Value::from`.
///
/// ```
/// let replicas = 3;
/// let v = value::json!({"spec": {"replicas": replicas, "paused": false, "args": ["-v", 1]}});
/// assert_eq!(v.to_json(), r#"{"spec":{"args":["-v",1],"paused":false,"replicas":3}}"#);
/// ```
#[macro_export]
macro_rules! json {
    (null) => { $crate::Value::Null };
    ({ $($body:tt)* }) => {{
        #[allow(unused_mut, clippy::allow_attributes)]
        let mut object = $crate::Object::new();
        $crate::json_members!(object; $($body)*);
        $crate::Value::Object(object)
    }};
    ([ $($body:tt)* ]) => {{
        #[allow(unused_mut, clippy::allow_attributes)]
        let mut array = ::std::vec::Vec::<$crate::Value>::from([]);
        $crate::json_elements!(array; $($body)*);
        $crate::Value::Array(array)
    }};
    ($value:expr) => { $crate::Value::from($value) };
}

/// Helper of [`json!`].
#[doc(hidden)]
#[macro_export]
macro_rules! json_members {
    ($o:ident;) => {};
    ($o:ident; $k:tt : null $(, $($rest:tt)*)?) => {
        $o.insert($k, $crate::Value::Null); $($crate::json_members!($o; $($rest)*);)?
    };
    ($o:ident; $k:tt : { $($v:tt)* } $(, $($rest:tt)*)?) => {
        $o.insert($k, $crate::json!({ $($v)* })); $($crate::json_members!($o; $($rest)*);)?
    };
    ($o:ident; $k:tt : [ $($v:tt)* ] $(, $($rest:tt)*)?) => {
        $o.insert($k, $crate::json!([ $($v)* ])); $($crate::json_members!($o; $($rest)*);)?
    };
    ($o:ident; $k:tt : $v:expr $(, $($rest:tt)*)?) => {
        $o.insert($k, $crate::Value::from($v)); $($crate::json_members!($o; $($rest)*);)?
    };
}

/// Helper of [`json!`].
#[doc(hidden)]
#[macro_export]
macro_rules! json_elements {
    ($a:ident;) => {};
    ($a:ident; null $(, $($rest:tt)*)?) => {
        $a.push($crate::Value::Null); $($crate::json_elements!($a; $($rest)*);)?
    };
    ($a:ident; { $($v:tt)* } $(, $($rest:tt)*)?) => {
        $a.push($crate::json!({ $($v)* })); $($crate::json_elements!($a; $($rest)*);)?
    };
    ($a:ident; [ $($v:tt)* ] $(, $($rest:tt)*)?) => {
        $a.push($crate::json!([ $($v)* ])); $($crate::json_elements!($a; $($rest)*);)?
    };
    ($a:ident; $v:expr $(, $($rest:tt)*)?) => {
        $a.push($crate::Value::from($v)); $($crate::json_elements!($a; $($rest)*);)?
    };
}

impl From<&Self> for Value {
    fn from(v: &Self) -> Self {
        v.clone()
    }
}
impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::String(s.into())
    }
}
impl From<&String> for Value {
    fn from(s: &String) -> Self {
        Self::String(s.as_str().into())
    }
}
impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::String(s.into_boxed_str())
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<i32> for Value {
    fn from(i: i32) -> Self {
        Self::Int(i.into())
    }
}
impl From<u32> for Value {
    fn from(i: u32) -> Self {
        Self::Int(i.into())
    }
}
impl From<u16> for Value {
    fn from(i: u16) -> Self {
        Self::Int(i.into())
    }
}
impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Self::Int(i)
    }
}
impl From<u64> for Value {
    fn from(u: u64) -> Self {
        i64::try_from(u).map_or(Self::UInt(u), Self::Int)
    }
}
impl From<usize> for Value {
    fn from(u: usize) -> Self {
        Self::from(u as u64)
    }
}
impl From<f64> for Value {
    /// A float that JSON can't hold (NaN, infinity) becomes `null`, as in most encoders.
    fn from(f: f64) -> Self {
        if f.is_finite() {
            Self::Float(f)
        } else {
            Self::Null
        }
    }
}
impl From<Object> for Value {
    fn from(o: Object) -> Self {
        Self::Object(o)
    }
}
impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(v: Vec<T>) -> Self {
        Self::Array(v.into_iter().map(Into::into).collect())
    }
}
impl<T: Into<Self>> From<Option<T>> for Value {
    /// `None` becomes `null`.
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Into::into)
    }
}
impl<T: Into<Self>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}
