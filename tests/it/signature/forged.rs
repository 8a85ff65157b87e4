//! The forge itself: reproducible, and in the form that other tools read.

use crate::forge::{Entry, SignerOptions, TestCa, sign_zip};

#[test]
fn same_input_gives_the_same_bytes() {
    let entries = [Entry::file("handler.py", "print('hi')\n"), Entry::directory("lib/")];
    assert_eq!(sign_zip(&entries, &SignerOptions::default()), sign_zip(&entries, &SignerOptions::default()));
    assert_ne!(TestCa::ours().root_der(), TestCa::foreign().root_der());
}
