//! Functions that jq's manual defines in jq. They are written so that paths can go through them.

use crate::ast::Function;
use crate::parse;
use std::collections::HashMap;
use std::sync::OnceLock;

const TEXT: &str = r#"
def map(f): [.[] | f];
def map_values(f): .[] |= f;
def add(f): [f] | add;
def in(xs): . as $key | xs | has($key);
def not: if . then false else true end;
def select(f): if f then . else empty end;

def recurse: recurse(.[]?);
def recurse(f): def down: ., (f | down); down;
def recurse(f; more): def down: ., (f | select(more) | down); down;
def walk(f):
  def up: if type == "array" then map(up) elif type == "object" then map_values(up) end | f;
  up;

def to_entries: [keys[] as $key | {key: $key, value: .[$key]}];
def from_entries:
  map({(.key // .Key // .name // .Name): if has("value") then .value else .Value end}) | add // {};
def with_entries(f): to_entries | map(f) | from_entries;

def while(more; update): def go: if more then ., (update | go) else empty end; go;
def until(done; update): def go: if done then . else update | go end; go;
def repeat(f): def go: f, go; go;
def range($end): _range(0; $end; 1);
def range($start; $end): _range($start; $end; 1);
def range($start; $end; $step): _range($start; $end; $step);

def min_by(f): _min_by(map([f]));
def max_by(f): _max_by(map([f]));
def sort_by(f): _sort_by(map([f]));
def group_by(f): _group_by(map([f]));
def unique_by(f): _unique_by(map([f]));

def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def finites: select(isfinite);
def normals: select(isnormal);
def strings: select(type == "string");
def nulls: select(. == null);
def values: select(. != null);
def scalars: select(type | . != "array" and . != "object");

def combinations:
  if length == 0 then [] else .[0][] as $head | [$head] + (.[1:] | combinations) end;
def combinations(n): [limit(n; repeat(.))] | combinations;

def first: .[0];
def first(f): label $out | f | ., break $out;
def last: .[-1];
def isempty(f): label $out | (f | false, break $out), true;
def all: all(.);
def all(f): all(.[]; f);
def all(f; holds): isempty(f | select(holds | not));
def any: any(.);
def any(f): any(.[]; f);
def any(f; holds): isempty(f | select(holds)) | not;

def limit($n; f):
  if $n > 0 then
    label $out
    | foreach f as $item ($n; . - 1; $item, if . <= 0 then break $out else empty end)
  elif $n == 0 then empty
  else error("limit doesn't support negative count") end;
def skip($n; f):
  if $n > 0 then foreach f as $item ($n; . - 1; if . < 0 then $item else empty end)
  elif $n == 0 then f
  else error("skip doesn't support negative count") end;
def nth($n): .[$n];
def nth($n; f):
  if $n >= 0 then first(skip($n; f)) else error("nth doesn't support negative index") end;

def del(f): delpaths([path(f)]);
def paths: path(..) | select(. != []);
def paths(f): path(.. | select(f)) | select(. != []);
def pick(f): . as $from | reduce path(f) as $path (null; setpath($path; $from | getpath($path)));
def tostream:
  path(def down: (.[]? | down), .; down) as $path
  | getpath($path)
  | reduce path(.[]?) as $below ([$path, .]; [$path + $below]);
def fromstream(f):
  foreach f as $event (
    null;
    if .done then null end
    | $event as [$path, $leaf]
    | if $event | length == 2
      then setpath(["value"] + $path; $leaf) | setpath(["done"]; $path | length == 0)
      else setpath(["done"]; $path | length == 1) end;
    if .done then .value else empty end);
def truncate_stream(f):
  . as $n | null | f | if .[0] | length > $n then .[0] |= .[$n:] else empty end;

def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%S%z") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def todate: todateiso8601;

def match($re): match($re; null);
def match($re; $flags): _match($re; $flags; false)[];
def test($re): test($re; null);
def test($re; $flags): _match($re; $flags; true);
def capture($re): capture($re; null);
def capture($re; $flags): match($re; $flags) | .captures | _captures;
def scan($re): scan($re; null);
def scan($re; $flags):
  match($re; $flags + "g") | if .captures == [] then .string else [.captures[].string] end;
def splits($re): splits($re; null);
def splits($re; $flags):
  .[foreach (match($re; $flags + "g"), null) as {$offset, $length}
    (null; {start: .next, end: $offset, next: $offset + $length})];
def split($re; $flags): [splits($re; $flags)];
def sub($re; text): sub($re; text; null);
def sub($re; text; $flags):
  reduce match($re; $flags) as {$offset, $length, $captures} ({of: ., made: []};
    reduce ($captures | _captures | text) as $new
      (.i = 0; .made[.i] += .of[.next:$offset] + $new | .i += 1)
    | .next = $offset + $length)
  | .made[] + .of[.next:] // .of;
def gsub($re; text): sub($re; text; "g");
def gsub($re; text; $flags): sub($re; text; $flags + "g");

def INDEX(f): INDEX(.[]; f);
def INDEX(rows; f): reduce rows as $row ({}; .[$row | f | tostring] = $row);
def JOIN($index; f): [.[] | [., $index[f]]];
def JOIN($index; rows; f): rows | [., $index[f]];
def JOIN($index; rows; f; join): rows | [., $index[f]] | join;
def IN(some): any(some == .; .);
def IN(f; some): any(f == some; .);
"#;

/// Functions by arity and name.
pub(crate) fn functions() -> &'static [HashMap<String, Function>] {
    static FUNCTIONS: OnceLock<Vec<HashMap<String, Function>>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let mut by_arity: Vec<HashMap<String, Function>> = Vec::new();
        for function in parse::definitions(TEXT).expect("the prelude is jq") {
            let arity = function.params.len();
            if by_arity.len() <= arity {
                by_arity.resize_with(arity + 1, HashMap::new);
            }
            by_arity[arity].insert(function.name.clone(), function);
        }
        by_arity
    })
}

pub(crate) fn function(name: &str, arity: usize) -> Option<&'static Function> {
    functions().get(arity)?.get(name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_name_in_the_prelude_is_defined() {
        for function in super::functions()
            .iter()
            .flat_map(|by_name| by_name.values())
        {
            crate::names::check_function(function).expect(&function.name);
        }
    }
}
