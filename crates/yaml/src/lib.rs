//! YAML as Go reads and writes it: events with source lines, the v2 and v3 scalar rules.
