//! The client against the twin over HTTP.
