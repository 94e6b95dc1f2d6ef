//! A MongoDB server to test against, whatever the machine has.
