//! The program as its users run it: exit codes, messages, and the rules of the trust policy that live in the command line.

mod bad_input;
mod fleet;
mod gate;
mod honesty;
mod inspect;
mod joins;
mod live;
mod selection;
mod signature_sources;
mod template;
