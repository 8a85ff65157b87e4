//! Archives within archives, made here.
