//! GitHub on the wire, for demos, tests and rehearsals. Uses nothing else of this crate.
