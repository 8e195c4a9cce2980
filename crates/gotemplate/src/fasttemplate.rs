//! The older template language of ApplicationSets: `{{name}}` and nothing else.

use crate::strconv::quote;

/// Puts parameters in: `value` returns the text of one, and nothing for what is none, which then
/// stays as it is written. Spaces around a name don't count.
///
/// # Errors
/// Fails for a `{{` without a `}}`.
///
/// ```
/// let text = gotemplate::fasttemplate("a-{{ x }}-{{y}}", |name| (name == "x").then(|| "1".into()));
/// assert_eq!(text.unwrap(), "a-1-{{y}}");
/// ```
pub fn fasttemplate(
    template: &str,
    value: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((tag, after)) = tail.split_once("}}") else {
            let (template, tail) = (quote(template.as_bytes()), quote(tail.as_bytes()));
            return Err(format!(
                "invalid template: Cannot find end tag=\"}}}}\" in the template={template} starting from {tail}"
            ));
        };
        let name = tag.trim_matches([' ', '\t']);
        match value(name).filter(|_| !name.is_empty()) {
            Some(text) => out.push_str(&text),
            None => {
                out.push_str("{{");
                out.push_str(tag);
                out.push_str("}}");
            }
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
