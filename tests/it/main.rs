//! The one integration test binary: its modules mirror `src/`. One binary links once; thirty would link thirty times.

mod architecture;
mod docs;
mod real_layers;
mod run;
