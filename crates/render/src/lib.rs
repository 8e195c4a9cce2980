//! An application's source to objects, with read set and provenance.
