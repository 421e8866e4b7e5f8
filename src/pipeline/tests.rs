//! What comes next of issues, in words.
