//! Structured merge and diff: schemas, field sets, managedFields, apply, compare, prune.
