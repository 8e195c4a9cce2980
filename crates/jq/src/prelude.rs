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
  reduce .[] as $entry ({};
    . + ($entry | {(.key // .Key // .name // .Name): (if has("value") then .value else .Value end)}));
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
  if length == 0 then []
  else .[0][] as $head | (.[1:] | combinations) as $tail | [$head] + $tail end;
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
    label $enough
    | foreach f as $item (0; . + 1; $item, if . >= $n then break $enough else empty end)
  elif $n == 0 then empty
  else error("limit doesn't support negative count") end;
def skip($n; f):
  if $n > 0 then foreach f as $item (0; . + 1; if . > $n then $item else empty end)
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
  def down($at):
    if (type == "array" or type == "object") and length > 0
    then keys as $keys | ($keys[] as $key | .[$key] | down($at + [$key])), [$at + [$keys[-1]]]
    else [$at, .] end;
  down([]);
def fromstream(f):
  {tree: null, done: false} as $none
  | foreach f as $event ($none;
      (if .done then $none else . end)
      | if $event | length == 2
        then setpath(["tree"] + $event[0]; $event[1]) | .done = ($event[0] | length == 0)
        else .done = ($event[0] | length == 1) end;
      if .done then .tree else empty end);
def truncate_stream(f):
  . as $n | null | f | select(.[0] | length > $n) | .[0] |= .[$n:];

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
  [0, (match($re; $flags + "g") | .offset, .offset + .length), null] as $cuts
  | range(0; $cuts | length; 2) as $i
  | .[$cuts[$i]:$cuts[$i + 1]];
def split($re; $flags): [splits($re; $flags)];
def sub($re; text): sub($re; text; null);
def sub($re; text; $flags):
  [match($re; $flags)] as $found
  | [$found[] | [.captures | _captures | text]] as $new
  | [0, ($found[] | .offset + .length)] as $from
  | ([$new[] | length] | max // 0) as $many
  | if $many == 0 then . else
      . as $whole
      | range($many) as $i
      | reduce (range($found | length) | select($new[.] | length > $i)) as $at (null;
          . + ($whole[$from[$at]:$found[$at].offset] + $new[$at][$i]))
      | . + $whole[$from[-1]:]
    end;
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
