//! Numbers.

use super::cast::{to_float, to_int};
use super::decimal::Decimal;
use super::{ANY, Called, FLOAT, Function, INT, STR, fixed, int_at, open, str_at};
use crate::error::Error;
use crate::exec::Exec;
use crate::fmt;
use crate::strconv;
use crate::value::{List, ListType, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("atoi", &[STR], |_, a| {
        Ok(Value::int(strconv::atoi(&str_at(a, 0))))
    }),
    fixed("int64", &[ANY], |_, a| Ok(Value::int64(to_int(&a[0])))),
    fixed("int", &[ANY], |_, a| Ok(Value::int(to_int(&a[0])))),
    fixed("float64", &[ANY], |_, a| Ok(to_float(&a[0]).into())),
    fixed("toDecimal", &[ANY], |_, a| {
        let text = fmt::text_of(&a[0]);
        Ok(Value::int64(strconv::parse_int(&text, 8).unwrap_or(0)))
    }),
    fixed("add1", &[ANY], |_, a| {
        Ok(Value::int64(to_int(&a[0]).wrapping_add(1)))
    }),
    open("add", &[], ANY, |_, a| {
        Ok(Value::int64(
            a.iter().map(to_int).fold(0, i64::wrapping_add),
        ))
    }),
    fixed("sub", &[ANY, ANY], |_, a| {
        Ok(Value::int64(to_int(&a[0]).wrapping_sub(to_int(&a[1]))))
    }),
    fixed("div", &[ANY, ANY], |_, a| divide(a, i64::wrapping_div)),
    fixed("mod", &[ANY, ANY], |_, a| divide(a, i64::wrapping_rem)),
    open("mul", &[ANY], ANY, |_, a| {
        Ok(Value::int64(
            a.iter().map(to_int).fold(1, i64::wrapping_mul),
        ))
    }),
    open("max", &[ANY], ANY, max),
    open("biggest", &[ANY], ANY, max),
    open("min", &[ANY], ANY, |_, a| {
        Ok(Value::int64(a.iter().map(to_int).min().unwrap_or(0)))
    }),
    open("maxf", &[ANY], ANY, |_, a| Ok(fold_floats(a, go_max))),
    open("minf", &[ANY], ANY, |_, a| Ok(fold_floats(a, go_min))),
    fixed("ceil", &[ANY], |_, a| Ok(to_float(&a[0]).ceil().into())),
    fixed("floor", &[ANY], |_, a| Ok(to_float(&a[0]).floor().into())),
    open("round", &[ANY, INT], FLOAT, round),
    fixed("add1f", &[ANY], |_, a| {
        let sum = Decimal::new(to_float(&a[0]))?.add(&Decimal::new(1.0)?);
        Ok(sum.to_float().into())
    }),
    open("addf", &[], ANY, |_, a| {
        decimals(Decimal::new(0.0)?, a, |x, y| Ok(x.add(y)))
    }),
    open("subf", &[ANY], ANY, |_, a| {
        decimals(Decimal::new(to_float(&a[0]))?, &a[1..], |x, y| Ok(x.sub(y)))
    }),
    open("mulf", &[ANY], ANY, |_, a| {
        decimals(Decimal::new(to_float(&a[0]))?, &a[1..], |x, y| Ok(x.mul(y)))
    }),
    open("divf", &[ANY], ANY, |_, a| {
        decimals(Decimal::new(to_float(&a[0]))?, &a[1..], Decimal::div)
    }),
    fixed("until", &[INT], |exec, a| {
        let count = int_at(a, 0);
        until_step(exec, 0, count, if count < 0 { -1 } else { 1 }).map(ints)
    }),
    fixed("untilStep", &[INT, INT, INT], |exec, a| {
        until_step(exec, int_at(a, 0), int_at(a, 1), int_at(a, 2)).map(ints)
    }),
    open("seq", &[], INT, seq),
    fixed("randInt", &[INT, INT], |exec, a| {
        let (min, max) = (int_at(a, 0), int_at(a, 1));
        let Some(span) = max.checked_sub(min).filter(|s| *s > 0) else {
            return Err("invalid argument to Intn".into());
        };
        let offset = exec.random("randInt").below(span.unsigned_abs());
        Ok(Value::int(min.wrapping_add_unsigned(offset)))
    }),
];

fn divide(a: &[Value], op: fn(i64, i64) -> i64) -> Called {
    match to_int(&a[1]) {
        0 => Err("runtime error: integer divide by zero".into()),
        divisor => Ok(Value::int64(op(to_int(&a[0]), divisor))),
    }
}

fn max(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    Ok(Value::int64(a.iter().map(to_int).max().unwrap_or(0)))
}

fn fold_floats(a: &[Value], op: fn(f64, f64) -> f64) -> Value {
    a.iter().map(to_float).reduce(op).unwrap_or_default().into()
}

/// `math.Max`: NaN wins unless there is an infinity, and 0 is above -0.
fn go_max(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a == 0.0 && b == 0.0 {
        if a.is_sign_negative() { b } else { a }
    } else {
        a.max(b)
    }
}

fn go_min(a: f64, b: f64) -> f64 {
    -go_max(-a, -b)
}

fn round(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let round_on = match a.get(2) {
        Some(Value::Float(f)) => *f,
        _ => 0.5,
    };
    let places = i32::try_from(int_at(a, 1)).unwrap_or(i32::MAX);
    let power = power_of_ten(places);
    let digit = power * to_float(&a[0]);
    let rounded = if digit.fract() >= round_on {
        digit.ceil()
    } else {
        digit.floor()
    };
    Ok((rounded / power).into())
}

/// `math.Pow(10, n)`, exact where a float is.
fn power_of_ten(n: i32) -> f64 {
    format!("1e{n}").parse().unwrap_or(f64::INFINITY)
}

fn decimals(
    start: Decimal,
    others: &[Value],
    op: fn(&Decimal, &Decimal) -> Result<Decimal, Error>,
) -> Called {
    let mut sum = start;
    for other in others {
        sum = op(&sum, &Decimal::new(to_float(other))?)?;
    }
    Ok(sum.to_float().into())
}

fn ints(items: Vec<i64>) -> Value {
    let items = items.into_iter().map(Value::int).collect();
    Value::List(List::new(ListType::INT, items))
}

fn until_step(
    exec: &mut Exec<'_, '_>,
    start: i64,
    stop: i64,
    step: i64,
) -> Result<Vec<i64>, Error> {
    let upward = start <= stop;
    if (upward && step <= 0) || (!upward && step >= 0) {
        return Ok(Vec::new());
    }
    let count = (i128::from(stop) - i128::from(start)).unsigned_abs();
    let count = count.div_ceil(u128::from(step.unsigned_abs()));
    let max = exec.list_items_max();
    let count = usize::try_from(count)
        .ok()
        .filter(|n| *n <= max)
        .ok_or_else(|| Error::new(format!("a list has more than {max} elements")))?;
    exec.charge(count)?;
    let mut items = Vec::with_capacity(count);
    let mut i = start;
    for _ in 0..count {
        items.push(i);
        i = i.wrapping_add(step);
    }
    Ok(items)
}

fn seq(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let n = |i| int_at(a, i);
    let (start, end, step) = match a.len() {
        1 => (1, n(0), if n(0) < 1 { -1 } else { 1 }),
        2 => (n(0), n(1), if n(1) < n(0) { -1 } else { 1 }),
        3 => {
            if n(2) < n(0) && n(1) > 0 {
                return Ok("".into());
            }
            (n(0), n(2), n(1))
        }
        _ => return Ok("".into()),
    };
    let increment = if end < start { -1 } else { 1 };
    let items = until_step(exec, start, end.wrapping_add(increment), step)?;
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    Ok(texts.join(" ").into())
}
